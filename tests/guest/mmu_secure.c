/*
 * Secure memory: EL3's regime with its faults, the NS and NSTable bits that choose the address
 * space, and secure RAM, which does not exist for Non-secure accesses. Boot EL is 3.
 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,secure=on -cpu neoverse-n1 -smp 1 */
#include "mmu_vm.h"

#define VA 0x4000000000ul
#define SECURE_RAM 0x0e000000ul
#define MAGIC 0x600dcafef00d0004ul
#define PT_NS (1ul << 5)
#define NSTABLE (1ul << 63)
#define SCR_NS 1ul

static u64 *root;

static void store(u64 *slot, u64 descriptor)
{
	*slot = descriptor;
	INSN("dsb sy\n\ttlbi alle3\n\tdsb sy\n\tisb");
}

/* EL3's tables: all identical, and one page at VA. */
static void setup(void)
{
	pt_reset();
	root = pt_new();
	pt_identity(root, 1, PT_S1_DEVICE | PT_EL0, PT_S1_NORMAL | PT_EL0);
	pt_map(root, 1, VA, SECURE_RAM, 3, PT_S1_NORMAL | PT_EL0);
	*(volatile u64 *)SECURE_RAM = MAGIC;
	WRITE(mair_el3, PT_MAIR);
	WRITE(tcr_el3, PT_TCR_EL2);
	WRITE(ttbr0_el3, root);
	INSN("dsb sy\n\ttlbi alle3\n\tdsb sy\n\tisb");
	WRITE(sctlr_el3, SCTLR_EL2_OFF | SCTLR_M | SCTLR_C | SCTLR_I);
}

static void done(void)
{
	WRITE(sctlr_el3, SCTLR_EL2_OFF);
}

static void expect_el3(const char *what, const void *probe, unsigned ec, unsigned iss)
{
	RUN(SPSR_EL3, probe, VA, MAGIC);
	EXPECT_FAULT(what, 3, VEC_SAME, ESR(ec, iss), probe, VA);
}

static void faults_at_el3(void)
{
	setup();
	for (unsigned level = 1; level <= 3; level++) {
		u64 *slot = pt_entry(root, 1, VA, level);
		u64 old = *slot;

		store(slot, 0);
		expect_el3("translation", mmu_ld64, EC_DABT, FSC_TRANS(level));
		store(slot, old);
		if (level < 3)
			continue;
		store(slot, old & ~PT_AF);
		expect_el3("access flag", mmu_ld64, EC_DABT, FSC_AF(3));
		store(slot, old | PT_RO);
		expect_el3("read-only", mmu_st64, EC_DABT, FSC_PERM(3) | ISS_WNR);
		store(slot, old | PT_UXN);
		expect_el3("XN", (const void *)VA, EC_IABT, FSC_PERM(3));
		store(slot, old | 1ul << 41);
		expect_el3("output beyond TCR_EL3.PS", mmu_ld64, EC_DABT, FSC_SIZE(3));
		store(slot, old);
	}
	EXPECT_EQ("and back", RUN(SPSR_EL3, mmu_ld64, VA), MAGIC);
	EXPECT_NO_EXC("and back");
	done();
}

/* NS in the leaf, NSTable in a table above it: the same address in the other space is not there. */
static void address_space(void)
{
	u64 *leaf, *table, old;

	setup();
	leaf = pt_entry(root, 1, VA, 3);
	table = pt_entry(root, 1, VA, 2);
	EXPECT_EQ("Secure", RUN(SPSR_EL3, mmu_ld64, VA), MAGIC);
	EXPECT_NO_EXC("Secure");
	old = *leaf;
	store(leaf, old | PT_NS);
	expect_el3("NS: external abort", mmu_ld64, EC_DABT, FSC_EXT);
	/* ordinary RAM is there in both spaces, and is the same */
	*(volatile u64 *)(RAM + 0x8000000) = MAGIC + 1;
	store(leaf, gt_leaf(12, 3, RAM + 0x8000000, PT_S1_NORMAL | PT_EL0 | PT_NS));
	EXPECT_EQ("RAM, Non-secure", RUN(SPSR_EL3, mmu_ld64, VA), MAGIC + 1);
	store(leaf, gt_leaf(12, 3, RAM + 0x8000000, PT_S1_NORMAL | PT_EL0));
	EXPECT_EQ("RAM, Secure", RUN(SPSR_EL3, mmu_ld64, VA), MAGIC + 1);
	store(leaf, old);
	store(table, *table | NSTABLE);
	expect_el3("NSTable: external abort", mmu_ld64, EC_DABT, FSC_EXT);
	store(table, *table & ~NSTABLE);
	EXPECT_EQ("Secure again", RUN(SPSR_EL3, mmu_ld64, VA), MAGIC);
	done();
}

/* Tables themselves in secure RAM, for Secure EL1; Non-secure EL1 cannot even read them. */
static void el1_of_both_states(void)
{
	u64 scr = READ(scr_el3);

	*(volatile u64 *)SECURE_RAM = MAGIC;
	RUN(SPSR_EL1, mmu_ld64, SECURE_RAM);
	EXPECT_EQ("Non-secure EL1: EC and FSC", guest_cpu()->exc[0].esr & 0xfc00003f,
		  (u64)EC_DABT << 26 | FSC_EXT);
	EXPECT_EQ("taken to", guest_cpu()->exc[0].el, 1);
	RUN(SPSR_EL1, mmu_st64, SECURE_RAM, 0);
	EXPECT_EQ("its memory is whole", *(volatile u64 *)SECURE_RAM, MAGIC);
	/* no HVC: see gic_secure.c */
	WRITE(scr_el3, scr & ~SCR_NS & ~(1ul << 8));
	EXPECT_EQ("Secure EL1", RUN(SPSR_EL1, mmu_ld64, SECURE_RAM), MAGIC);
	EXPECT_NO_EXC("Secure EL1");
	WRITE(scr_el3, scr);
}

/* The TLB keeps the two states of EL1&0 apart, without any TLBI. */
static void states_in_the_tlb(void)
{
	u64 scr = READ(scr_el3), *tables[2];

	pt_reset();
	for (unsigned ns = 0; ns <= 1; ns++) {
		tables[ns] = pt_new();
		pt_identity(tables[ns], 1, PT_S1_DEVICE, PT_S1_NORMAL);
		pt_map(tables[ns], 1, VA, RAM + 0x8000000 + ns * 0x1000, 3, PT_S1_NORMAL);
		*(volatile u64 *)(RAM + 0x8000000 + ns * 0x1000) = MAGIC + ns;
	}
	WRITE(mair_el1, PT_MAIR);
	WRITE(tcr_el1, PT_TCR_EL1);
	for (unsigned i = 0; i < 6; i++) {
		unsigned ns = i & 1;

		WRITE(scr_el3, ns ? scr : scr & ~SCR_NS & ~(1ul << 8));
		WRITE(ttbr0_el1, tables[ns]);
		WRITE(sctlr_el1, SCTLR_EL1_OFF | SCTLR_M | SCTLR_C | SCTLR_I);
		EXPECT_EQ(ns ? "Non-secure" : "Secure", RUN(SPSR_EL1, mmu_ld64, VA), MAGIC + ns);
		EXPECT_NO_EXC("read");
	}
	WRITE(scr_el3, scr);
	WRITE(sctlr_el1, SCTLR_EL1_OFF);
}

GUEST_TESTS(TEST(faults_at_el3), TEST(address_space), TEST(el1_of_both_states),
	    TEST(states_in_the_tlb));
