/*
 * A hypervisor with a fault: it moves a page of its VM to other memory and forgets the TLBI, so that what the VM writes then goes to
 * the old place. docs/tutorials/missing-tlbi.md finds it with the monitor. The second test has the TLBI.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* ours-alone: how long QEMU's TLB keeps an entry is its own matter */
#include "mmu_vm.h"

#define VA 0x4000000000ul
#define IPA 0x80000000ul
#define OLD (RAM + 0x8000000ul)
#define NEW (RAM + 0x9000000ul)

static struct vm vm;

static u64 at(u64 pa)
{
	return *(volatile u64 *)pa;
}

/* Copies a page and maps it where the copy is. */
static __attribute__((noipa)) void move_page(u64 ipa, u64 from, u64 to)
{
	for (u64 i = 0; i < 0x1000; i += 8)
		*(volatile u64 *)(to + i) = at(from + i);
	*(volatile u64 *)pt_entry(vm.s2, 1, ipa, 3) = to | PT_S2_NORMAL | 3;
	INSN("dsb ish");
}

static __attribute__((noipa)) void invalidate(u64 ipa)
{
	asm volatile("tlbi ipas2e1is, %0\n\tdsb ish\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" : : "r"(ipa >> 12) : "memory");
}

/* The VM writes 1, its page moves, it writes 2; where that is then. */
static void write_and_move(int with_tlbi)
{
	pt_reset();
	vm_init(&vm, 3, 7);
	pt_map(vm.s1, 1, VA, IPA, 3, PT_S1_NORMAL | PT_NG);
	pt_map(vm.s2, 1, IPA, OLD, 3, PT_S2_NORMAL);
	tlbi_all();
	vm_enter(&vm);
	RUN(SPSR_EL1, mmu_st64, VA, 1);
	move_page(IPA, OLD, NEW);
	if (with_tlbi)
		invalidate(IPA);
	RUN(SPSR_EL1, mmu_st64, VA, 2);
	EXPECT_NO_EXC("the VM's writes");
	vm_leave();
}

static void without_tlbi(void)
{
	write_and_move(0);
	EXPECT_EQ("what the VM wrote last is not in its page", at(NEW), 1);
	EXPECT_EQ("but in the memory that was taken away", at(OLD), 2);
}

static void with_tlbi(void)
{
	write_and_move(1);
	EXPECT_EQ("what the VM wrote last is in its page", at(NEW), 2);
	EXPECT_EQ("and nowhere else", at(OLD), 1);
}

GUEST_TESTS(TEST(without_tlbi), TEST(with_tlbi));
