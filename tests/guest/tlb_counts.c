/*
 * What each structure of the TLB model makes, answers and loses, by page size and by ASID, in one function at EL1 of a VM: loads from a
 * 4 KiB page, 16 contiguous ones, a 2 MiB and a 1 GiB block, the page again with another ASID, then TLB maintenance. The code stands in a
 * 2 MiB block. The tables are those of 39-bit addresses (level 1 is the root).
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* The code, before and after VMALLE1IS. */
/* stats: pe0.el1.vm1.vmid1.l1i_miss 2 */
/* stats: pe0.el1.vm1.vmid1.l1i_fill.2M 2 */
/* stats: pe0.el1.vm1.vmid1.l1i_tlbi.2M 1 */
/* One load from the code's block, two from each of the others; with ASID 2 one, a global one, and one after VAE1. */
/* stats: pe0.el1.vm1.vmid1.d_lookup 12 */
/* stats: pe0.el1.vm1.vmid1.l1d_miss 7 */
/* stats: pe0.el1.vm1.vmid1.l1d_fill.4K 3 */
/* stats: pe0.el1.vm1.vmid1.l1d_fill.64K 1 */
/* stats: pe0.el1.vm1.vmid1.l1d_fill.2M 2 */
/* stats: pe0.el1.vm1.vmid1.l1d_fill.1G 1 */
/* stats: pe0.el1.vm1.vmid1.l1d_tlbi.4K 3 */
/* stats: pe0.el1.vm1.vmid1.l1d_tlbi.64K 1 */
/* stats: pe0.el1.vm1.vmid1.l1d_tlbi.2M 2 */
/* stats: pe0.el1.vm1.vmid1.l1d_tlbi.1G 1 */
/* The main TLB has the code's block already when it is loaded from. */
/* stats: pe0.el1.vm1.vmid1.main_lookup 9 */
/* stats: pe0.el1.vm1.vmid1.main_miss 8 */
/* stats: pe0.el1.vm1.vmid1.main_hit.2M 1 */
/* stats: pe0.el1.vm1.vmid1.main_fill.4K 3 */
/* stats: pe0.el1.vm1.vmid1.main_fill.64K 1 */
/* stats: pe0.el1.vm1.vmid1.main_fill.2M 3 */
/* stats: pe0.el1.vm1.vmid1.main_fill.1G 1 */
/* stats: pe0.el1.vm1.vmid1.main_tlbi.4K 3 */
/* stats: pe0.el1.vm1.vmid1.main_tlbi.64K 1 */
/* stats: pe0.el1.vm1.vmid1.main_tlbi.2M 2 */
/* stats: pe0.el1.vm1.vmid1.main_tlbi.1G 1 */
/* Level-2 tables translate 1 GiB, level-3 tables 2 MiB; the contiguous pages and the 2 MiB block find the former. */
/* stats: pe0.el1.vm1.vmid1.walk_lookup 8 */
/* stats: pe0.el1.vm1.vmid1.walk_miss 6 */
/* stats: pe0.el1.vm1.vmid1.walk_hit.1G 2 */
/* stats: pe0.el1.vm1.vmid1.walk_fill.1G 5 */
/* stats: pe0.el1.vm1.vmid1.walk_fill.2M 4 */
/* stats: pe0.el1.vm1.vmid1.walk_tlbi.1G 4 */
/* stats: pe0.el1.vm1.vmid1.walk_tlbi.2M 4 */
/* stats: pe0.el1.vm1.vmid1.walk_start.l1 6 */
/* stats: pe0.el1.vm1.vmid1.walk_start.l2 2 */
/* stats: pe0.el1.vm1.vmid1.walk_leaf.s1_l1.s2_l1 1 */
/* stats: pe0.el1.vm1.vmid1.walk_leaf.s1_l2.s2_l2 3 */
/* stats: pe0.el1.vm1.vmid1.walk_leaf.s1_l3.s2_l2 4 */
/* VAE1: the page in L1 and main, its two tables; ASIDE1: the page, the two tables, that of the contiguous pages, that of the code. */
/* stats: pe0.el1.vm1.vmid1.tlbi_op.va.local 1 */
/* stats: pe0.el1.vm1.vmid1.tlbi_op_dropped.va.local 4 */
/* stats: pe0.el1.vm1.vmid1.tlbi_op.asid.local 1 */
/* stats: pe0.el1.vm1.vmid1.tlbi_op_dropped.asid.local 6 */
/* stats: pe0.el1.vm1.vmid1.tlbi_op.vmall.sent 1 */
/* stats: pe0.el1.vm1.vmid1.tlbi_op_dropped.vmall.sent 13 */
/* stats: total.tlbi_va 1 */
/* stats: total.tlbi_va_dropped 4 */
/* stats: total.tlbi_asid 1 */
/* stats: total.tlbi_asid_dropped 6 */
/* stats: pe0.el1.vm1.vmid1.tlbi_vmall 1 */
/* stats: pe0.el1.vm1.vmid1.tlbi_vmall_dropped 13 */
/* stats: pe0.el1.vm1.vmid1.tlbi 3 */
/* stats: pe0.el1.vm1.vmid1.tlbi_dropped 23 */
/* stats: pe0.el1.vm1.vmid1.tlbi_from_l1i 1 */
/* stats: pe0.el1.vm1.vmid1.tlbi_from_l1d 7 */
/* stats: pe0.el1.vm1.vmid1.tlbi_from_main 7 */
/* stats: pe0.el1.vm1.vmid1.tlbi_from_walk 8 */
/* stats: pe0.el1.vm1.vmid1.loads 12 */
/* stats: pe0.el1.vm1.vmid1.i_walks 2 */
/* stats: pe0.el1.vm1.vmid1.d_walks 6 */
/* stats: pe0.el1.vm1.vmid1.i_lookup 23 */
/* stats: pe0.el1.vm1.vmid1.asid.1.d_lookup 9 */
/* stats: pe0.el1.vm1.vmid1.asid.1.l1d_miss 5 */
/* stats: pe0.el1.vm1.vmid1.asid.1.l1i_miss 1 */
/* stats: pe0.el1.vm1.vmid1.asid.1.main_miss 5 */
/* stats: pe0.el1.vm1.vmid1.asid.1.walk_miss 3 */
/* stats: pe0.el1.vm1.vmid1.asid.1.i_lookup 10 */
/* stats: pe0.el1.vm1.vmid1.asid.2.d_lookup 3 */
/* stats: pe0.el1.vm1.vmid1.asid.2.l1d_miss 2 */
/* stats: pe0.el1.vm1.vmid1.asid.2.l1i_miss 1 */
/* stats: pe0.el1.vm1.vmid1.asid.2.main_miss 3 */
/* stats: pe0.el1.vm1.vmid1.asid.2.walk_miss 3 */
/* stats: pe0.el1.vm1.vmid1.asid.2.tlbi_dropped 23 */
/* stats: pe0.el1.vm1.vmid1.asid.2.i_lookup 13 */
/* stats: vmid.1.d_lookup 12 */
/* stats: vmid.1.i_lookup 23 */
#include "mmu_vm.h"

#define PAGE_VA 0x4000000000ul
#define CONTIGUOUS_VA 0x4000200000ul
#define BLOCK_VA 0x4000400000ul
#define GIB_VA 0x6000000000ul
#define GIB_IPA 0x80000000ul
#define DATA (RAM + 0x8000000)
#define PT_CONTIGUOUS (1ul << 52)

/* x0 to x4: the four addresses and that of the code; x5 to x7: TTBR0_EL1 with ASID 2, operands of VAE1 and ASIDE1. */
PROBE(body,
      "ldr x9, [x4]\n\t"
      "ldr x9, [x0]\n\tldr x9, [x0]\n\tldr x9, [x1]\n\tldr x9, [x1]\n\t"
      "ldr x9, [x2]\n\tldr x9, [x2]\n\tldr x9, [x3]\n\tldr x9, [x3]\n\t"
      "msr ttbr0_el1, x5\n\tisb\n\t"
      "ldr x9, [x0]\n\tldr x9, [x1]\n\t"
      "tlbi vae1, x6\n\tdsb sy\n\tisb\n\tldr x9, [x0]\n\t"
      "tlbi aside1, x7\n\tdsb sy\n\t"
      "tlbi vmalle1is\n\tdsb sy\n\tisb\n\thvc #0");

/* Goes to body at EL1 with x4 to x7 set, too; the HVC ends the run. */
PROBE(enter,
      "adr x4, body\n\tldp x5, x6, [x1]\n\tldr x7, [x1, #16]\n\tmov x8, #0x3c5\n\tmsr spsr_el2, x8\n\tmsr elr_el2, x4\n\t"
      "ldp x2, x3, [x0, #16]\n\tldp x0, x1, [x0]\n\teret");

static void counts(void)
{
	static const u64 at[4] = { PAGE_VA, CONTIGUOUS_VA, BLOCK_VA, GIB_VA };
	u64 more[3];
	struct vm vm;

	pt_reset();
	vm_init(&vm, 1, 1);
	pt_map(vm.s1, 1, PAGE_VA, DATA, 3, PT_S1_NORMAL | PT_NG);
	for (unsigned i = 0; i < 16; i++)
		pt_map(vm.s1, 1, CONTIGUOUS_VA + i * 0x1000, DATA + 0x10000 + i * 0x1000, 3, PT_S1_NORMAL | PT_CONTIGUOUS);
	pt_map(vm.s1, 1, BLOCK_VA, DATA + 0x200000, 2, PT_S1_NORMAL);
	pt_map(vm.s1, 1, GIB_VA, GIB_IPA, 1, PT_S1_NORMAL);
	pt_map(vm.s2, 1, GIB_IPA, RAM, 1, PT_S2_NORMAL);
	more[0] = 2ul << 48 | (u64)vm.s1;
	more[1] = 2ul << 48 | PAGE_VA >> 12;
	more[2] = 1ul << 48;
	tlbi_all();
	vm_enter(&vm);
	RUN(SPSR_EL2, enter, at, more);
	EXPECT_EQ("the HVC came to EL2", guest_cpu()->exc[0].esr >> 26, 0x16);
	EXPECT_EQ("behind the last instruction", guest_cpu()->exc[0].elr, body + 23);
	vm_leave();
}

GUEST_TESTS(TEST(counts));
