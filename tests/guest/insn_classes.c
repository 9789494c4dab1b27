/* Instructions of each class that is counted, a known number of each, at EL1 of a VM; the last three stand behind an access that faults. */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* The FADD and the barrier behind the fault do not count, nor does the load that faults. */
/* stats: pe0.el1.vm1.vmid1.simd 7 */
/* stats: pe0.el1.vm1.vmid1.barriers 5 */
/* stats: pe0.el1.vm1.vmid1.system 6 */
/* stats: pe0.el1.vm1.vmid1.atomics 5 */
/* stats: pe0.el1.vm1.vmid1.load_exclusives 2 */
/* stats: pe0.el1.vm1.vmid1.store_exclusives 2 */
/* stats: pe0.el1.vm1.vmid1.branches 4 */
/* 2 of X, 1 of Q, and all atomics and exclusives */
/* stats: pe0.el1.vm1.vmid1.loads 12 */
/* stats: pe0.el1.vm1.vmid1.stores 4 */
/* Two more that are none of these, MOV and four SUBS; the fault ends the run. */
/* stats: pe0.el1.vm1.vmid1.insns 45 */
#include "mmu_vm.h"

#define NOWHERE 0x4000000000ul
#define NO_IPA 0x80000000ul /* stage 2 does not map it: the fault goes to EL2 */

PROBE(body,
      "ldxr w2, [x0]\n\tstxr w3, w2, [x0]\n\tldaxr x2, [x0]\n\tstlxr w3, x2, [x0]\n\tclrex\n\t"
      "ldadd x2, x3, [x0]\n\tldadd x2, x3, [x0]\n\tldadd x2, x3, [x0]\n\tswp x2, x3, [x0]\n\tcas x2, x3, [x0]\n\t"
      ".arch armv8.2-a+fp+simd\n\t"
      "fadd d0, d1, d2\n\tfadd d0, d1, d2\n\tfadd d0, d1, d2\n\tfadd d0, d1, d2\n\tadd v0.4s, v1.4s, v2.4s\n\tadd v0.4s, v1.4s, v2.4s\n\t"
      "fmov d0, x2\n\tstr q0, [x0]\n\tldr q0, [x0]\n\t"
      "dmb ish\n\tdmb ish\n\tdsb sy\n\tisb\n\t"
      "mrs x2, contextidr_el1\n\tmrs x2, contextidr_el1\n\tmrs x2, contextidr_el1\n\tmsr contextidr_el1, x2\n\tmsr contextidr_el1, x2\n\t"
      "dc cvac, x0\n\t"
      "str x2, [x0]\n\tstr x2, [x0]\n\tstr x2, [x0]\n\tldr x2, [x0]\n\tldr x2, [x0]\n\t"
      "nop\n\tnop\n\tmov x4, #4\n1:\tsubs x4, x4, #1\n\tb.ne 1b\n\t"
      "ldr x2, [x1]\n\tfadd d0, d1, d2\n\tdmb ish\n\thvc #0");

static u64 word[2] __attribute__((aligned(16)));

static void classes(void)
{
	struct vm vm;

	pt_reset();
	vm_init(&vm, 1, 1);
	pt_map(vm.s1, 1, NOWHERE, NO_IPA, 3, PT_S1_NORMAL);
	tlbi_all();
	WRITE(cpacr_el1, 3ul << 20);
	vm_enter(&vm);
	RUN(SPSR_EL1, body, word, NOWHERE);
	EXPECT_EQ("the load faulted", guest_cpu()->exc[0].esr >> 26, EC_DABT_LOW);
	vm_leave();
}

GUEST_TESTS(TEST(classes));
