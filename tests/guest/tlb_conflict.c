/*
 * Two TLB entries for one address, which only a guest that breaks the rules can make: a page and
 * the block that replaced it, an ASID's page and the global one. Trapline's older entry
 * answers.
 */
/* ours-alone: QEMU keeps one entry for an address */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
#include "mmu_vm.h"

#define VA 0x4000000000ul
#define OLD_PA (RAM + 0x8000000)
#define NEW_PA (RAM + 0x9000000)

PROBE(tlbi_vae1, "dsb sy\n\ttlbi vae1, x0\n\tdsb sy\n\tisb");

static struct vm vm;

static void setup(void)
{
	pt_reset();
	vm_init(&vm, 1, 1);
	for (u64 i = 0; i < 4; i++) {
		*(volatile u64 *)(OLD_PA + i * 0x1000) = OLD_PA + i;
		*(volatile u64 *)(NEW_PA + i * 0x1000) = NEW_PA + i;
	}
	tlbi_all();
}

static void enter_asid(u64 asid)
{
	vm.asid = asid;
	vm_enter(&vm);
}

static void expect_older(const char *what, u64 va, u64 older)
{
#ifdef CONFLICT_ABORTS
	vm_read(va);
	EXPECT_EXC(what, 1, VEC_SAME, ESR(EC_DABT, 0x30), mmu_ld64);
#else
	EXPECT_EQ(what, vm_read(va), older);
	EXPECT_NO_EXC(what);
#endif
}

static void page_and_block(void)
{
	setup();
	pt_map(vm.s1, 1, VA + 0x1000, OLD_PA + 0x1000, 3, PT_S1_NORMAL);
	enter_asid(1);
	EXPECT_EQ("page", vm_read(VA + 0x1000), OLD_PA + 1);
	*pt_entry(vm.s1, 1, VA, 2) = gt_leaf(12, 2, NEW_PA, PT_S1_NORMAL);
	BARRIER();
	/* only the walk cache must go: the page's own entry is another */
	RUN(SPSR_EL1, tlbi_vae1, 1ul << 48 | (VA + 0x2000) >> 12);
	EXPECT_EQ("block, another page of it", vm_read(VA + 0x2000), NEW_PA + 2);
	expect_older("both", VA + 0x1000, OLD_PA + 1);
	INSN("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb");
	EXPECT_EQ("after TLBI", vm_read(VA + 0x1000), NEW_PA + 1);
	vm_leave();
}

static void asid_and_global(void)
{
	setup();
	pt_map(vm.s1, 1, VA, OLD_PA, 3, PT_S1_NORMAL | PT_NG);
	enter_asid(1);
	EXPECT_EQ("ASID 1", vm_read(VA), OLD_PA);
	pt_map(vm.s1, 1, VA, NEW_PA, 3, PT_S1_NORMAL);
	enter_asid(2);
	EXPECT_EQ("global", vm_read(VA), NEW_PA);
	enter_asid(1);
	expect_older("both", VA, OLD_PA);
	enter_asid(3);
	EXPECT_EQ("global alone", vm_read(VA), NEW_PA);
	vm_leave();
}

GUEST_TESTS(TEST(page_and_block), TEST(asid_and_global));
