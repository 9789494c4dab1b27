/*
 * Alignment: SCTLR_ELx.A, SCTLR_EL1 of EL0, exclusives, and (STRICT: QEMU 7.2 does not look) Device
 * memory, which stage 1, stage 2 or a switched-off MMU makes.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "mmu_vm.h"

#define VA 0x4000000000ul
#define PA (RAM + 0x8000000)
#define SCTLR_A 2ul

PROBE(load_exclusive, "ldxr x0, [x0]");
PROBE(load_acquire, "ldar x0, [x0]");
PROBE(store_pair, "stp xzr, xzr, [x0]");
PROBE(load_half, "ldrh w0, [x0]");
PROBE(zero_line, "dc zva, x0");
PROBE(clean_line, "dc civac, x0");

static struct vm vm;

static void setup(u64 s1, u64 s2)
{
	pt_reset();
	vm_init(&vm, 1, 0);
	pt_map(vm.s1, 1, VA, PA, 3, s1);
	pt_map(vm.s1, 1, VA + 0x1000, PA + 0x1000, 3, s1);
	pt_map(vm.s2, 1, PA, PA, 3, s2);
	pt_map(vm.s2, 1, PA + 0x1000, PA + 0x1000, 3, s2);
	vm_enter(&vm);
	tlbi_all();
}

static void alignment_check_bit(void)
{
	setup(PT_S1_NORMAL | PT_EL0, PT_S2_NORMAL);
	vm_read(VA + 1);
	EXPECT_NO_EXC("A is off");
	RUN(SPSR_EL1, store_pair, VA + 0xff9);
	EXPECT_NO_EXC("A is off, across pages");
	SET_BITS(sctlr_el1, SCTLR_A);
	vm_read(VA + 1);
	EXPECT_FAULT("EL1", 1, VEC_SAME, ESR(EC_DABT, FSC_ALIGN), mmu_ld64, VA + 1);
	RUN(SPSR_EL0, load_half, VA + 0x7ff);
	EXPECT_FAULT("EL0", 1, VEC_LOWER, ESR(EC_DABT_LOW, FSC_ALIGN), load_half, VA + 0x7ff);
	RUN(SPSR_EL1, store_pair, VA + 8);
	EXPECT_NO_EXC("a pair is aligned to its elements");
	RUN(SPSR_EL1, store_pair, VA + 4);
	EXPECT_FAULT("pair", 1, VEC_SAME, ESR(EC_DABT, FSC_ALIGN | ISS_WNR), store_pair, VA + 4);
	RUN(SPSR_EL1, mmu_ld8, VA + 3);
	EXPECT_NO_EXC("bytes");
	RUN(SPSR_EL1, clean_line, VA + 3);
	EXPECT_NO_EXC("cache maintenance");
	/* alignment comes before translation */
	vm_read(VA + 0x2001);
	EXPECT_FAULT("unmapped and unaligned", 1, VEC_SAME, ESR(EC_DABT, FSC_ALIGN), mmu_ld64,
		     VA + 0x2001);
	vm_leave();
}

static void exclusive_and_ordered(void)
{
	setup(PT_S1_NORMAL | PT_EL0, PT_S2_NORMAL);
	RUN(SPSR_EL1, load_exclusive, VA + 4);
	EXPECT_FAULT("LDXR", 1, VEC_SAME, ESR(EC_DABT, FSC_ALIGN), load_exclusive, VA + 4);
	RUN(SPSR_EL1, load_acquire, VA + 1);
	EXPECT_FAULT("LDAR", 1, VEC_SAME, ESR(EC_DABT, FSC_ALIGN), load_acquire, VA + 1);
	vm_leave();
}

static void device_by_stage1(void)
{
	if (!STRICT)
		return;
	setup(PT_S1_DEVICE, PT_S2_NORMAL);
	vm_read(VA + 8);
	EXPECT_NO_EXC("aligned");
	vm_read(VA + 1);
	EXPECT_FAULT("unaligned", 1, VEC_SAME, ESR(EC_DABT, FSC_ALIGN), mmu_ld64, VA + 1);
	RUN(SPSR_EL1, mmu_st64, VA + 4, 0);
	EXPECT_FAULT("unaligned store", 1, VEC_SAME, ESR(EC_DABT, FSC_ALIGN | ISS_WNR), mmu_st64,
		     VA + 4);
	RUN(SPSR_EL1, zero_line, VA);
	EXPECT_FAULT("DC ZVA", 1, VEC_SAME, ESR(EC_DABT, FSC_ALIGN | ISS_WNR), zero_line, VA);
	vm_leave();
}

/* A switched-off stage 1 is Device too, unless HCR_EL2.DC. */
static void stage1_off(void)
{
	setup(PT_S1_NORMAL, PT_S2_NORMAL);
	WRITE(sctlr_el1, SCTLR_EL1_OFF);
	vm_read(PA + 8);
	EXPECT_NO_EXC("aligned");
	if (STRICT) {
		vm_read(PA + 1);
		EXPECT_FAULT("unaligned", 1, VEC_SAME, ESR(EC_DABT, FSC_ALIGN), mmu_ld64, PA + 1);
	}
	WRITE(hcr_el2, vm.hcr | HCR_DC);
	tlbi_all();
	vm_read(PA + 1);
	EXPECT_NO_EXC("DC makes it Normal");
	vm_leave();
	WRITE(hcr_el2, HCR_RW | HCR_DC); /* DC alone behaves as VM, too; with what VTTBR has */
	tlbi_all();
	vm_read(PA + 1);
	EXPECT_NO_EXC("DC without VM");
	vm_leave();
	if (STRICT) {
		RUN(SPSR_EL2, mmu_ld64, PA + 1);
		EXPECT_FAULT("EL2, MMU off", 2, VEC_SAME, ESR(EC_DABT, FSC_ALIGN), mmu_ld64,
			     PA + 1);
	}
}

/* Normal at stage 1, Device at stage 2. Newer manuals report it to EL2, older ones leave it open.
 */
static void device_by_stage2(void)
{
	struct exc *e = guest_cpu()->exc;

	if (!STRICT)
		return;
	setup(PT_S1_NORMAL, PT_S2_DEVICE);
	vm_read(VA + 8);
	EXPECT_NO_EXC("aligned");
	vm_read(VA + 1);
	EXPECT_EQ("one exception", guest_cpu()->n_exc, 1);
	EXPECT_EQ("EC and FSC", e->esr & 0xfe00003f,
		  ESR(e->el == 2 ? EC_DABT_LOW : EC_DABT, FSC_ALIGN));
	EXPECT_EQ("FAR", e->far, VA + 1);
	vm_leave();
}

GUEST_TESTS(TEST(alignment_check_bit), TEST(exclusive_and_ordered), TEST(device_by_stage1),
	    TEST(stage1_off), TEST(device_by_stage2));
