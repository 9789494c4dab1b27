/*
 * Big-endian translation tables and data: SCTLR_ELx.EE chooses the order of stage 1's descriptors
 * and of that EL's data, SCTLR_EL2.EE also that of stage 2's descriptors, SCTLR_EL1.E0E EL0's data.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "mmu_vm.h"

#define VA 0x4000000000ul
#define VA_EL2 0x2000000000ul
#define IPA 0x80000000ul
#define PA (RAM + 0x8000000)
#define SCTLR_E0E (1ul << 24)
#define VALUE 0x0123456789abcdeful

PROBE(load_all,
      "ldr x1, [x0]\n\tldrh w2, [x0]\n\tldrb w3, [x0]\n\tadd x0, x1, x2, lsl #4\n\tadd x0, x0, x3");
/* everything that memory is used for between two changes of EE, without a stack */
PROBE(read_with_el2_ee,
      "mrs x2, sctlr_el2\n\torr x3, x2, #1 << 25\n\tmsr sctlr_el2, x3\n\tisb\n\t"
      "ldr x4, [x0]\n\tmsr sctlr_el2, x2\n\tisb\n\tmov x0, x4");
PROBE(read_with_el1_ee,
      "mrs x2, sctlr_el1\n\torr x3, x2, #1 << 25\n\tmsr sctlr_el1, x3\n\tisb\n\t"
      "ldr x4, [x0]\n\tmsr sctlr_el1, x2\n\tisb\n\tmov x0, x4");
PROBE(at_with_el2_ee,
      "mrs x2, sctlr_el2\n\torr x3, x2, #1 << 25\n\tmsr sctlr_el2, x3\n\tisb\n\t"
      "dsb sy\n\ttlbi alle1\n\tdsb sy\n\tisb\n\tat s12e1r, x0\n\tisb\n\tmrs x0, par_el1\n\t"
      "msr sctlr_el2, x2\n\tisb");

static u64 swap(u64 v)
{
	u64 r;

	asm("rev %0, %1" : "=r"(r) : "r"(v));
	return r;
}

/* Turns every descriptor below `root` (level `level`) around. */
static void swap_tables(u64 *root, unsigned level)
{
	for (unsigned i = 0; i < 512; i++) {
		if (level < 3 && (root[i] & 3) == 3)
			swap_tables((u64 *)(root[i] & 0xfffffffff000), level + 1);
		root[i] = swap(root[i]);
	}
}

static struct vm vm;

static void setup(void)
{
	pt_reset();
	vm_init(&vm, 1, 0);
	pt_map(vm.s1, 1, VA, IPA, 3, PT_S1_NORMAL | PT_EL0);
	pt_map(vm.s2, 1, IPA, PA, 3, PT_S2_NORMAL);
	*(volatile u64 *)PA = VALUE;
	tlbi_all();
}

/* EL1's tables big-endian: asked by AT, which needs no code in the regime. */
static void stage1_tables(void)
{
	setup();
	vm_enter(&vm);
	swap_tables(vm.s1, 1);
	tlbi_all();
	SET_BITS(sctlr_el1, SCTLR_EE);
	INSN("tlbi alle1\n\tdsb sy\n\tisb");
	asm volatile("at s12e1r, %0\n\tisb" : : "r"(VA + 0x678));
	EXPECT_EQ("big-endian stage 1", READ(par_el1) & 0xfffffffff001, PA);
	CLEAR_BITS(sctlr_el1, SCTLR_EE);
	tlbi_all();
	asm volatile("at s12e1r, %0\n\tisb" : : "r"(VA + 0x678));
	EXPECT_EQ("read in the wrong order", READ(par_el1) & 1, 1);
	vm_leave();
}

/* Stage 2's order is SCTLR_EL2.EE, whatever EL1 says. */
static void stage2_tables(void)
{
	u64 par;

	setup();
	vm_enter(&vm);
	swap_tables(vm.s2, 1);
	tlbi_all();
	par = RUN(SPSR_EL2, at_with_el2_ee, VA + 0x678);
	EXPECT_EQ("big-endian stage 2", par & 0xfffffffff001, PA);
	tlbi_all();
	asm volatile("at s12e1r, %0\n\tisb" : : "r"(VA + 0x678));
	EXPECT_EQ("read in the wrong order: stage 2 faults", READ(par_el1) & 0x201, 0x201);
	vm_leave();
}

/* EL2's own tables, with the MMU on while they are big-endian. */
static void el2_tables(void)
{
	u64 *root, got;

	setup();
	root = pt_new();
	pt_identity(root, 1, PT_S1_DEVICE | PT_EL0, PT_S1_NORMAL | PT_EL0);
	pt_map(root, 1, VA_EL2, PA, 3, PT_S1_NORMAL | PT_EL0);
	swap_tables(root, 1);
	WRITE(mair_el2, PT_MAIR);
	WRITE(tcr_el2, PT_TCR_EL2);
	WRITE(ttbr0_el2, root);
	tlbi_all();
	/* M and EE on, one load, both off again: no other data access in between */
	asm volatile(
		"mrs x2, sctlr_el2\n\tmov x3, #1\n\tmovk x3, #0x200, lsl #16\n\torr x3, x2, x3\n\t"
		"msr sctlr_el2, x3\n\tisb\n\tldr %0, [%1]\n\tmsr sctlr_el2, x2\n\tisb"
		: "=&r"(got)
		: "r"(VA_EL2)
		: "x2", "x3", "memory");
	EXPECT_EQ("data and tables", got, swap(VALUE));
	tlbi_all();
}

/* Data: which bytes a load of each size sees. */
static void data(void)
{
	u64 little = VALUE + ((VALUE & 0xffff) << 4) + (VALUE & 0xff);
	u64 big_value = swap(VALUE);
	u64 big = big_value + ((big_value >> 48) << 4) + (VALUE & 0xff);

	setup();
	vm_enter(&vm);
	EXPECT_EQ("EL0 little", RUN(SPSR_EL0, load_all, VA), little);
	SET_BITS(sctlr_el1, SCTLR_E0E);
	EXPECT_EQ("EL0 big", RUN(SPSR_EL0, load_all, VA), big);
	EXPECT_EQ("EL1 stays little", RUN(SPSR_EL1, load_all, VA), little);
	CLEAR_BITS(sctlr_el1, SCTLR_E0E);
	EXPECT_EQ("EL0 little again", RUN(SPSR_EL0, load_all, VA), little);
	/* stage 1 off: else its tables would be read in the wrong order, too */
	WRITE(sctlr_el1, SCTLR_EL1_OFF);
	EXPECT_EQ("EL1 big", RUN(SPSR_EL1, read_with_el1_ee, IPA), swap(VALUE));
	vm_leave();
	EXPECT_EQ("EL2 big", RUN(SPSR_EL2, read_with_el2_ee, PA), swap(VALUE));
	EXPECT_EQ("EL2 little", RUN(SPSR_EL2, mmu_ld64, PA), VALUE);
}

GUEST_TESTS(TEST(stage1_tables), TEST(stage2_tables), TEST(el2_tables), TEST(data));
