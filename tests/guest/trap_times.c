/*
 * How long each exception took until its return, of a VM whose vectors are so short that their cycles can be counted by hand: nested,
 * with one that is never returned from, an illegal return, and a return without an exception before it.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* At EL1: 3 SVC, 2 more in the handler of SVC #2, one that is left; 5 cycles each. */
/* stats: pe0.el1.vm1.vmid1.exceptions.SVC64.to_el1 6 */
/* stats: pe0.el1.vm1.vmid1.trap_cycles.SVC64.to_el1.count 5 */
/* stats: pe0.el1.vm1.vmid1.trap_cycles.SVC64.to_el1.sum 25 */
/* stats: pe0.el1.vm1.vmid1.trap_cycles.SVC64.to_el1.min 5 */
/* stats: pe0.el1.vm1.vmid1.trap_cycles.SVC64.to_el1.max 5 */
/* stats: pe0.el1.vm1.vmid1.trap_cycles.SVC64.to_el1.hist.4 5 */
/* stats: pe0.el1.vm1.vmid1.trap_cycles.ILL.to_el1.count 1 */
/* stats: pe0.el1.vm1.vmid1.trap_cycles.ILL.to_el1.sum 6 */
/* At EL0: twice SVC #2, 4 cycles, those of the nested one, and 3; SVC #4, 4 cycles, 4 until it was left, and 3; SVC #3 never returns. */
/* stats: pe0.el0.vm1.vmid1.exceptions.SVC64.to_el1 4 */
/* stats: pe0.el0.vm1.vmid1.trap_cycles.SVC64.to_el1.count 3 */
/* stats: pe0.el0.vm1.vmid1.trap_cycles.SVC64.to_el1.sum 35 */
/* stats: pe0.el0.vm1.vmid1.trap_cycles.SVC64.to_el1.min 11 */
/* stats: pe0.el0.vm1.vmid1.trap_cycles.SVC64.to_el1.max 12 */
/* stats: pe0.el0.vm1.vmid1.trap_cycles.SVC64.to_el1.hist.8 3 */
/* stats: pe0.el1.vm1.vmid1.erets_to_el1 6 */
/* stats: pe0.el1.vm1.vmid1.erets_to_el0 4 */
/* stats: pe0.el1.vm1.vmid1.erets_illegal 1 */
/* stats: pe0.el1.vm1.vmid1.erets_unmatched 1 */
/* stats: pe0.el1.vm1.vmid1.traps_unreturned 1 */
/* SVC #3 and the HVC that ends it all. */
/* stats: pe0.traps_open 2 */
/* stats: pe0.vm1.in_guest 0 */
/* stats: pe0.vm1.vcpu.0x2.entries 1 */
/* stats: pe0.vm1.vcpu.0x2.exits 1 */
/* stats: pe0.vm1.vcpu.0x2.guest_cycles.sum 85 */
/* stats: pe0.vm1.vcpu.0x2.guest_cycles.count 1 */
#include "mmu_vm.h"

PROBE(body,
      "adr x1, 4f\n\tmsr vbar_el1, x1\n\tisb\n\tmov x6, #0\n\tmov x7, #0\n\tmov x8, #0\n\t"
      "svc #1\n\tsvc #1\n\tsvc #1\n\t"
      "mov x7, #1\n\tmov x2, #0x3c9\n\tmsr spsr_el1, x2\n\tadr x2, 1f\n\tmsr elr_el1, x2\n\teret\n" /* to EL2: illegal */
      "1:\tmov x2, #0x3c0\n\tmsr spsr_el1, x2\n\tadr x2, 2f\n\tmsr elr_el1, x2\n\teret\n"
      "2:\tsvc #2\n\tsvc #2\n\tmov x8, #1\n\tsvc #4\n\tmov x6, #1\n\tsvc #3\n\t" /* at EL0 */
      ".balign 2048\n4:\n\t"
      ".org 4b + 0x200\n\tcbnz x7, 5f\n\tcbnz x8, 6f\n\tnop\n\tnop\n\teret\n"
      "5:\tmov x7, #0\n\tmrs x3, spsr_el1\n\tbic x3, x3, #0x100000\n\tmsr spsr_el1, x3\n\teret\n"
      "6:\tmov x8, #0\n\tb 7f\n\t"
      ".org 4b + 0x400\n\tcbnz x6, 8f\n\tmrs x4, elr_el1\n\tmrs x5, spsr_el1\n\tsvc #1\n"
      "7:\tmsr elr_el1, x4\n\tmsr spsr_el1, x5\n\teret\n"
      "8:\thvc #0\n\t.org 4b + 0x800");

static void times(void)
{
	u64 *root = pt_new();

	pt_identity(root, 1, PT_S2_DEVICE, PT_S2_NORMAL);
	WRITE(vtcr_el2, PT_VTCR);
	WRITE(vttbr_el2, 1ul << 48 | (u64)root);
	WRITE(vmpidr_el2, 0x80000002);
	WRITE(hcr_el2, HCR_RW | HCR_VM);
	tlbi_all();
	RUN(SPSR_EL1, body);
	EXPECT_EQ("the HVC came to EL2", guest_cpu()->exc[0].esr >> 26, 0x16);
	WRITE(hcr_el2, HCR_RW);
}

GUEST_TESTS(TEST(times));
