/*
 * Exits of a VM whose hypervisor is two instructions long, so that each takes 2 cycles; more causes than have rows; and an end of the
 * run inside the VM.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* 3 HVC #7 with W0 = 5, then HVC #0 with W0 from 0 to 1029: 1031 causes, 7 without a row. */
/* stats: pe0.vm1.entries 1034 */
/* stats: pe0.vm1.exits 1033 */
/* stats: pe0.vm1.in_guest 1 */
/* stats: pe0.vm1.exit_cycles.HVC64.count 1033 */
/* stats: pe0.vm1.exit_cycles.HVC64.sum 2066 */
/* stats: pe0.vm1.exit_cycles.HVC64.min 2 */
/* stats: pe0.vm1.exit_cycles.HVC64.max 2 */
/* stats: pe0.vm1.exit_causes.HVC64.imm_0x7.0x5.count 3 */
/* stats: pe0.vm1.exit_causes.HVC64.imm_0x7.0x5.sum 6 */
/* stats: pe0.vm1.exit_causes.HVC64.0x3.count 1 */
/* stats: pe0.vm1.exit_causes.HVC64.0x3.sum 2 */
/* stats: pe0.vm1.exit_causes_rest 7 */
/* One MOV and an HVC, twice an HVC, MOV and HVC; then 1029 times ADD, CMP, B.NE and HVC. */
/* stats: pe0.vm1.guest_cycles.count 1033 */
/* stats: pe0.vm1.guest_cycles.sum 4122 */
/* stats: pe0.el1.vm1.vmid1.trap_cycles.HVC64.to_el2.sum 2066 */
/* stats: pe0.traps_open 0 */
/* stats: semihosting.calls 1 */
#include "mmu_vm.h"

/* the semihosting call that ends the program: block of reason and status */
PROBE(vm_body,
      "mov x0, #5\n\thvc #7\n\thvc #7\n\thvc #7\n\t"
      "mov x0, #0\n1:\thvc #0\n\tadd x0, x0, #1\n\tcmp x0, #1030\n\tb.ne 1b\n\t"
      "mov w0, #0x18\n\tadr x1, 2f\n\thlt #0xf000\n\tb .\n\t.balign 8\n2:\t.quad 0x20026, 0");
PROBE(vectors_of_two, ".balign 2048\n3:\t.org 3b + 0x400\n\tnop\n\teret\n\t.org 3b + 0x800");

static void inside(void)
{
	u64 *root = pt_new();

	pt_identity(root, 1, PT_S2_DEVICE, PT_S2_NORMAL);
	WRITE(vtcr_el2, PT_VTCR);
	WRITE(vttbr_el2, 1ul << 48 | (u64)root);
	WRITE(hcr_el2, HCR_RW | HCR_VM);
	tlbi_all();
	guest_puts("PASS 0 checks: it ends inside\n");
	WRITE(vbar_el2, ((u64)vectors_of_two + 2047) & ~2047ul);
	WRITE(spsr_el2, SPSR_EL1);
	WRITE(elr_el2, vm_body);
	INSN("eret");
}

GUEST_TESTS(TEST(inside));
