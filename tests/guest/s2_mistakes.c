/*
 * What goes wrong with a first stage-2 table: an access flag that was forgotten, a page that is writable in stage 1 alone, a table of the
 * VM that stage 2 does not map, a start level that does not fit the size of the input. docs/tutorials/stage2-fault.md finds each.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "mmu_vm.h"

#define VA 0x4000000000ul
#define IPA 0x80000000ul
#define NOWHERE 0x90000000ul
#define PAGE (RAM + 0x8000000ul)
#define VTCR_SL0 (3ul << 6)

static struct vm vm;

static void setup(u64 s2_attrs)
{
	pt_reset();
	vm_init(&vm, 3, 7);
	pt_map(vm.s1, 1, VA, IPA, 3, PT_S1_NORMAL | PT_NG);
	pt_map(vm.s2, 1, IPA, PAGE, 3, s2_attrs);
	tlbi_all();
	vm_enter(&vm);
}

static void no_access_flag(void)
{
	setup(PT_S2_NORMAL & ~PT_AF);
	vm_read(VA);
	EXPECT_S2_FAULT("a read without access flag", ESR(EC_DABT_LOW, ISS_LD64 | FSC_AF(3)), mmu_ld64, VA, IPA);
	vm_leave();
}

static void read_only(void)
{
	setup(PT_S2_NORMAL & ~PT_S2_W);
	vm_read(VA);
	EXPECT_NO_EXC("a read");
	RUN(SPSR_EL1, mmu_st64, VA, 1);
	mmu_check_fault(__FILE__, __LINE__, "a write", 2, VEC_LOWER, ESR(EC_DABT_LOW, ISS_ST64 | FSC_PERM(3)), (u64)mmu_st64, VA);
	vm_leave();
}

/* The VM's table of level 3 is at an IPA that is nowhere. */
static void table_not_mapped(void)
{
	setup(PT_S2_NORMAL);
	*pt_entry(vm.s1, 1, VA, 2) = NOWHERE | 3;
	tlbi_all();
	vm_read(VA);
	EXPECT_S2_FAULT("the walk", ESR(EC_DABT_LOW, ISS_S1PTW | FSC_TRANS(2)), mmu_ld64, VA, NOWHERE);
	vm_leave();
}

/* 39 bits of input begin at level 1, not at level 0. */
static void wrong_start_level(void)
{
	setup(PT_S2_NORMAL);
	WRITE(vtcr_el2, (PT_VTCR & ~VTCR_SL0) | 2ul << 6);
	RUN(SPSR_EL1, mmu_ret);
	EXPECT_EQ("exceptions", guest_cpu()->n_exc, 1);
	EXPECT_EQ("a fetch that faults at level 0", guest_cpu()->exc->esr, ESR(EC_IABT_LOW, ISS_S1PTW | FSC_TRANS(0)));
	vm_leave();
}

GUEST_TESTS(TEST(no_access_flag), TEST(read_only), TEST(table_not_mapped), TEST(wrong_start_level));
