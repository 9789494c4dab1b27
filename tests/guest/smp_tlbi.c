/*
 * TLB maintenance across CPUs: what CPU 1 has in its TLB, and which TLBI of CPU 0 reaches it: the
 * inner-shareable forms, and the local ones of EL1 under HCR_EL2.FB. With STRICT also that the
 * local forms do not.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 2 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 2 */
#include "mmu_vm.h"
#include "smp_common.h"

#define VA 0x4000000000ul
#define VA_EL2 0x2000000000ul
#define IPA 0x80000000ul
#define OLD_PA (RAM + 0x8000000)
#define NEW_PA (RAM + 0x9000000)
#define BY_VA(va) (1ul << 48 | (va) >> 12)

#define FORM(name, op) PROBE(name, "dsb ishst\n\ttlbi " op "\n\tdsb ish\n\tisb")
FORM(vmalle1, "vmalle1");
FORM(vmalle1is, "vmalle1is");
FORM(aside1, "aside1, x0");
FORM(aside1is, "aside1is, x0");
FORM(vae1, "vae1, x0");
FORM(vae1is, "vae1is, x0");
FORM(vaae1, "vaae1, x0");
FORM(vaae1is, "vaae1is, x0");
FORM(vale1, "vale1, x0");
FORM(vale1is, "vale1is, x0");
FORM(vaale1, "vaale1, x0");
FORM(vaale1is, "vaale1is, x0");
FORM(vmalls12e1, "vmalls12e1");
FORM(vmalls12e1is, "vmalls12e1is");
FORM(alle1, "alle1");
FORM(alle1is, "alle1is");
FORM(alle2is, "alle2is");
FORM(vae2is, "vae2is, x0");
FORM(vale2is, "vale2is, x0");
FORM(vae2, "vae2, x0");
PROBE(s2_both, "dsb ishst\n\ttlbi ipas2e1is, x0\n\tdsb ish\n\ttlbi vmalle1is\n\tdsb ish\n\tisb");

static struct vm vm;
static u64 *el2_root;
static volatile u64 got;

static void read_in_vm(u64 unused)
{
	vm_enter(&vm);
	got = vm_read(VA);
	vm_leave();
}

static void read_at_el2(u64 unused)
{
	WRITE(mair_el2, PT_MAIR);
	WRITE(tcr_el2, PT_TCR_EL2);
	WRITE(ttbr0_el2, el2_root);
	WRITE(sctlr_el2, SCTLR_EL2_OFF | SCTLR_M | SCTLR_C | SCTLR_I);
	got = *(volatile u64 *)VA_EL2;
	WRITE(sctlr_el2, SCTLR_EL2_OFF);
}

static void drop_all(u64 unused)
{
	tlbi_all();
}

static void setup(void)
{
	pt_reset();
	vm_init(&vm, 1, 1);
	pt_map(vm.s1, 1, VA, IPA, 3, PT_S1_NORMAL | PT_NG);
	pt_map(vm.s2, 1, IPA, OLD_PA, 3, PT_S2_NORMAL);
	pt_map(vm.s2, 1, IPA + 0x1000, NEW_PA, 3, PT_S2_NORMAL);
	el2_root = pt_new();
	pt_identity(el2_root, 1, PT_S1_DEVICE | PT_EL0, PT_S1_NORMAL | PT_EL0);
	pt_map(el2_root, 1, VA_EL2, OLD_PA, 3, PT_S1_NORMAL | PT_EL0);
	*(volatile u64 *)OLD_PA = OLD_PA;
	*(volatile u64 *)NEW_PA = NEW_PA;
	smp_start(2);
}

/* CPU 1 has read through `slot`; CPU 0 changes it and invalidates; what does CPU 1 read now? */
static void one(const char *name, u64 *slot, u64 new, void (*read)(u64), unsigned el, u64 hcr,
		const void *tlbi, u64 operand, int reaches)
{
	u64 old = *slot;

	smp_call(1, drop_all, 0);
	smp_call(1, read, 0);
	EXPECT_EQ("before", got, OLD_PA);
	*slot = new;
	BARRIER();
	if (STRICT) {
		smp_call(1, read, 0);
		EXPECT_EQ("no TLBI yet", got, OLD_PA);
	}
	vm.hcr = HCR_RW | HCR_VM | hcr;
	vm_enter(&vm);
	RUN(SPSR_OF_EL(el), tlbi, operand);
	EXPECT_NO_EXC(name);
	vm_leave();
	vm.hcr = HCR_RW | HCR_VM;
	smp_call(1, read, 0);
	if (reaches || STRICT)
		EXPECT_EQ(name, got, reaches ? NEW_PA : OLD_PA);
	*slot = old;
	BARRIER();
}

static void stage1(void)
{
	static const struct {
		const char *name;
		const void *local, *shareable;
		u64 operand;
		u8 el1;
	} rows[] = {
		{ "VMALLE1", vmalle1, vmalle1is, 0, 1 },
		{ "ASIDE1", aside1, aside1is, 1ul << 48, 1 },
		{ "VAE1", vae1, vae1is, BY_VA(VA), 1 },
		{ "VAAE1", vaae1, vaae1is, BY_VA(VA), 1 },
		{ "VALE1", vale1, vale1is, BY_VA(VA), 1 },
		{ "VAALE1", vaale1, vaale1is, BY_VA(VA), 1 },
		{ "VMALLS12E1", vmalls12e1, vmalls12e1is, 0, 0 },
		{ "ALLE1", alle1, alle1is, 0, 0 },
	};

	setup();
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 *slot = pt_entry(vm.s1, 1, VA, 3),
		    new = (IPA + 0x1000) | PT_S1_NORMAL | PT_NG | 3;
		const char *name = rows[i].name;
		u64 operand = rows[i].operand;

		one(name, slot, new, read_in_vm, 2, 0, rows[i].shareable, operand, 1);
		one(name, slot, new, read_in_vm, 2, 0, rows[i].local, operand, 0);
		if (!rows[i].el1)
			continue;
		one(name, slot, new, read_in_vm, 1, 0, rows[i].shareable, operand, 1);
		one(name, slot, new, read_in_vm, 1, 0, rows[i].local, operand, 0);
		one("local at EL1 with FB", slot, new, read_in_vm, 1, HCR_FB, rows[i].local,
		    operand, 1);
		one("local at EL2 with FB", slot, new, read_in_vm, 2, HCR_FB, rows[i].local,
		    operand, 0);
	}
}

static void stage2(void)
{
	setup();
	one("IPAS2E1IS and VMALLE1IS", pt_entry(vm.s2, 1, IPA, 3), NEW_PA | PT_S2_NORMAL | 3,
	    read_in_vm, 2, 0, s2_both, IPA >> 12, 1);
	one("VMALLS12E1IS", pt_entry(vm.s2, 1, IPA, 3), NEW_PA | PT_S2_NORMAL | 3, read_in_vm, 2, 0,
	    vmalls12e1is, 0, 1);
}

static void el2(void)
{
	u64 *slot, new = NEW_PA | PT_S1_NORMAL | PT_EL0 | 3;

	setup();
	slot = pt_entry(el2_root, 1, VA_EL2, 3);
	one("ALLE2IS", slot, new, read_at_el2, 2, 0, alle2is, 0, 1);
	one("VAE2IS", slot, new, read_at_el2, 2, 0, vae2is, VA_EL2 >> 12, 1);
	one("VALE2IS", slot, new, read_at_el2, 2, 0, vale2is, VA_EL2 >> 12, 1);
	one("VAE2", slot, new, read_at_el2, 2, 0, vae2, VA_EL2 >> 12, 0);
}

/*
 * CPU 1 runs in the mapping, all the time, while CPU 0 takes it away: after the DSB no access of
 * CPU 1 uses the old page.
 */
static volatile u64 passes;

static enum guest_action count_fault(struct exc *e)
{
	return GUEST_HOME;
}

PROBE(store_until_fault, "1:\tldr x2, [x0]\n\tadd x2, x2, #1\n\tstr x2, [x0]\n\tb 1b");

static void run_in_page(u64 unused)
{
	guest_cpu()->handler = count_fault;
	vm_enter(&vm);
	passes = 1;
	RUN(SPSR_EL1, store_until_fault, VA);
	vm_leave();
	guest_cpu()->handler = 0;
}

static void page_taken_away(void)
{
	volatile u64 *page = (volatile u64 *)OLD_PA;

	setup();
	for (unsigned round = 0; round < 20; round++) {
		u64 *slot = pt_entry(vm.s1, 1, VA, 3), old = *slot, seen;

		passes = 0;
		*page = 0;
		smp_post(1, run_in_page, 0);
		while (*page < 100)
			;
		*slot = 0;
		vm_enter(&vm);
		RUN(SPSR_EL2, vae1is, BY_VA(VA));
		vm_leave();
		seen = *page;
		for (unsigned i = 0; i < 1000; i++)
			INSN("nop");
		EXPECT_EQ("no store after the TLBI", *page, seen);
		smp_wait(1);
		EXPECT_EQ("CPU 1 faulted", guest_cpus[1].exc[0].esr & ~0x40ul,
			  ESR(EC_DABT, FSC_TRANS(3)));
		*slot = old;
		BARRIER();
	}
}

GUEST_TESTS(TEST(stage1), TEST(stage2), TEST(el2), TEST(page_taken_away));
