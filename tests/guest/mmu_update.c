/*
 * Hardware management of the access flag and of dirty state, at both stages (FEAT_HAFDBS), by
 * loads, stores, fetches, atomics and AT; and what stays a fault without it.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "mmu_vm.h"

#define VA 0x4000000000ul
#define IPA 0x80000000ul
#define PA (RAM + 0x8000000)
#define TCR_HA (1ul << 39)
#define TCR_HD (1ul << 40)
#define VTCR_HA (1ul << 21)
#define VTCR_HD (1ul << 22)
#define DBM (1ul << 51)

PROBE(compare_and_store, "ldxr x2, [x0]\n\tstxr w3, x1, [x0]");

static struct vm vm;
static u64 *s1_slot, *s2_slot;

static void setup(void)
{
	if (!vm.s1)
		vm_init(&vm, 4, 0);
	pt_map(vm.s1, 1, VA, IPA, 3, PT_S1_NORMAL);
	pt_map(vm.s2, 1, IPA, PA, 3, PT_S2_NORMAL);
	s1_slot = pt_entry(vm.s1, 1, VA, 3);
	s2_slot = pt_entry(vm.s2, 1, IPA, 3);
	*(volatile u32 *)PA = 0xd65f03c0;
	*(volatile u32 *)(PA + 4) = 0xd65f03c0;
}

static void enter(u64 tcr_bits, u64 vtcr_bits)
{
	vm_enter(&vm);
	WRITE(tcr_el1, vm.tcr | tcr_bits);
	WRITE(vtcr_el2, PT_VTCR | vtcr_bits);
	tlbi_all();
}

/* The test's subject is switched on by bits that a core without it ignores. */
static int has_hafdbs(void)
{
	return (READ(id_aa64mmfr1_el1) & 15) == 2;
}

static void flag_without_ha(void)
{
	setup();
	*s1_slot &= ~PT_AF;
	enter(0, 0);
	RUN(SPSR_EL1, mmu_ld64, VA);
	EXPECT_FAULT("stage 1", 1, VEC_SAME, ESR(EC_DABT, FSC_AF(3)), mmu_ld64, VA);
	RUN(SPSR_EL1, VA);
	EXPECT_FAULT("stage 1 fetch", 1, VEC_SAME, ESR(EC_IABT, FSC_AF(3)), VA, VA);
	EXPECT_EQ("descriptor untouched", *s1_slot & PT_AF, 0);
	/* an entry without access flag is not held by a TLB: no TLBI is needed */
	*s1_slot |= PT_AF;
	BARRIER();
	vm_read(VA);
	EXPECT_NO_EXC("flag set by software");
	*s2_slot &= ~PT_AF;
	tlbi_all();
	RUN(SPSR_EL1, mmu_ld64, VA);
	EXPECT_S2_FAULT("stage 2", ESR(EC_DABT_LOW, ISS_LD64 | FSC_AF(3)), mmu_ld64, VA, IPA);
	*s2_slot |= PT_AF;
	BARRIER();
	vm_read(VA);
	EXPECT_NO_EXC("stage-2 flag set by software");
	vm_leave();
}

static void flag_by_hardware(void)
{
	static const struct {
		const char *name;
		const void *probe;
	} rows[] = {
		{ "load", mmu_ld64 },
		{ "store", mmu_st64 },
		{ "exclusive", compare_and_store },
		{ "fetch", 0 },
	};

	if (!has_hafdbs())
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		setup();
		*s1_slot &= ~PT_AF;
		*s2_slot &= ~PT_AF;
		enter(TCR_HA, VTCR_HA);
		RUN(SPSR_EL1, rows[i].probe ? rows[i].probe : (const void *)VA, VA,
		    0xd65f03c0d65f03c0);
		EXPECT_NO_EXC(rows[i].name);
		EXPECT_EQ("stage-1 flag", *s1_slot, gt_leaf(12, 3, IPA, PT_S1_NORMAL));
		EXPECT_EQ("stage-2 flag", *s2_slot, gt_leaf(12, 3, PA, PT_S2_NORMAL));
	}
	/* one stage without HA */
	setup();
	*s1_slot &= ~PT_AF;
	*s2_slot &= ~PT_AF;
	enter(TCR_HA, 0);
	RUN(SPSR_EL1, mmu_ld64, VA);
	EXPECT_S2_FAULT("stage 2 has no HA", ESR(EC_DABT_LOW, ISS_LD64 | FSC_AF(3)), mmu_ld64, VA,
			IPA);
	EXPECT_EQ("stage-2 flag", *s2_slot & PT_AF, 0);
	vm_leave();
}

static void dirty_stage1(void)
{
	if (!has_hafdbs())
		return;
	setup();
	*s1_slot |= PT_RO | DBM;
	enter(TCR_HA, 0);
	RUN(SPSR_EL1, mmu_st64, VA, 1);
	EXPECT_FAULT("DBM without HD", 1, VEC_SAME, ESR(EC_DABT, ISS_WNR | FSC_PERM(3)), mmu_st64,
		     VA);
	enter(TCR_HA | TCR_HD, 0);
	vm_read(VA);
	EXPECT_NO_EXC("read");
	EXPECT_EQ("a read leaves it clean", *s1_slot & PT_RO, PT_RO);
	RUN(SPSR_EL1, mmu_st64, VA, 1);
	EXPECT_NO_EXC("write");
	EXPECT_EQ("a write makes it dirty", *s1_slot & (PT_RO | DBM), DBM);
	*s1_slot = (*s1_slot | PT_RO) & ~DBM;
	tlbi_all();
	RUN(SPSR_EL1, mmu_st64, VA, 1);
	EXPECT_FAULT("no DBM", 1, VEC_SAME, ESR(EC_DABT, ISS_WNR | FSC_PERM(3)), mmu_st64, VA);
	*s1_slot = gt_leaf(12, 3, IPA, (PT_S1_NORMAL & ~PT_AF) | PT_RO | DBM);
	tlbi_all();
	RUN(SPSR_EL1, mmu_st64, VA, 1);
	EXPECT_NO_EXC("write, no flag yet");
	EXPECT_EQ("both at once", *s1_slot, gt_leaf(12, 3, IPA, PT_S1_NORMAL | DBM));
	vm_leave();
}

static void dirty_stage2(void)
{
	if (!has_hafdbs())
		return;
	setup();
	*s2_slot = (*s2_slot & ~PT_S2_W) | DBM;
	enter(0, VTCR_HA | VTCR_HD);
	vm_read(VA);
	EXPECT_NO_EXC("read");
	EXPECT_EQ("a read leaves it clean", *s2_slot & PT_S2_W, 0);
	RUN(SPSR_EL1, mmu_st64, VA, 1);
	EXPECT_NO_EXC("write");
	EXPECT_EQ("a write makes it dirty", *s2_slot & PT_S2_W, PT_S2_W);
	*s2_slot &= ~PT_S2_W & ~DBM;
	tlbi_all();
	RUN(SPSR_EL1, mmu_st64, VA, 1);
	EXPECT_S2_FAULT("no DBM", ESR(EC_DABT_LOW, ISS_ST64 | FSC_PERM(3)), mmu_st64, VA, IPA);
	vm_leave();
}

/* Stage 1's update is a write to the table's page: stage 2 must allow it, or makes it dirty. */
static void update_through_stage2(void)
{
	u64 table, *slot;

	if (!has_hafdbs())
		return;
	setup();
	table = (u64)s1_slot & ~0xffful;
	pt_map(vm.s2, 1, 0xa0000000, table, 3, PT_S2_NORMAL);
	slot = pt_entry(vm.s2, 1, 0xa0000000, 3);
	*pt_entry(vm.s1, 1, VA, 2) = 0xa0000000 | 3;
	*s1_slot &= ~PT_AF;
	*slot = (*slot & ~PT_S2_W) | DBM;
	enter(TCR_HA, VTCR_HA | VTCR_HD);
	vm_read(VA);
	EXPECT_NO_EXC("flag update, table's page clean");
	EXPECT_EQ("flag", *s1_slot & PT_AF, PT_AF);
	EXPECT_EQ("table's page is dirty", *slot & PT_S2_W, PT_S2_W);
	*pt_entry(vm.s1, 1, VA, 2) = table | 3;
	vm_leave();
}

/* A faulting access changes nothing that needs not be: here, no dirty state. */
static void fault_leaves_clean(void)
{
	if (!has_hafdbs())
		return;
	setup();
	*s1_slot |= PT_RO | DBM;
	*s2_slot &= ~PT_S2_W;
	enter(TCR_HA | TCR_HD, VTCR_HA | VTCR_HD);
	RUN(SPSR_EL1, mmu_st64, VA, 1);
	EXPECT_S2_FAULT("stage 2 is read-only", ESR(EC_DABT_LOW, ISS_ST64 | FSC_PERM(3)), mmu_st64,
			VA, IPA);
	vm_leave();
	setup();
	*s1_slot |= PT_RO | DBM;
	enter(TCR_HA | TCR_HD, 0);
	RUN(SPSR_EL0, mmu_st64, VA, 1);
	EXPECT_FAULT("not EL0's", 1, VEC_LOWER, ESR(EC_DABT_LOW, ISS_WNR | FSC_PERM(3)), mmu_st64,
		     VA);
	EXPECT_EQ("stays clean", *s1_slot & PT_RO, PT_RO);
	vm_leave();
}

GUEST_TESTS(TEST(flag_without_ha), TEST(flag_by_hardware), TEST(dirty_stage1), TEST(dirty_stage2),
	    TEST(update_through_stage2), TEST(fault_leaves_clean));
