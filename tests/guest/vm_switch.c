/*
 * Two VMs that take turns a thousand times and use the same addresses, which are different memory: each finds what it left there,
 * without any TLB maintenance in between. statistics.switch holds it against the counters of the fast TLB.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* stats: pe0.el1.vm1.vmid1.exceptions.HVC64.to_el2 1000 */
/* stats: pe0.el1.vm2.vmid2.exceptions.HVC64.to_el2 1000 */
#include "mmu_vm.h"

#define TURNS 1000u
#define WINDOW 0x80000000ul /* an IPA; 2 MiB of RAM for each VM */
#define MINE(vm) (RAM + 0x8000000 + (vm) * 0x200000ul)

/* Adds 1 to a word in each of four pages; the sum of the words in x0. */
PROBE(add_ones,
      "mov x2, #0\n\tmov x3, #4\n"
      "1:\tldr x4, [x0]\n\tadd x4, x4, #1\n\tstr x4, [x0]\n\tadd x2, x2, x4\n\tadd x0, x0, #0x1000\n\tsubs x3, x3, #1\n\tb.ne 1b\n\t"
      "mov x0, x2");

static void turns(void)
{
	u64 root[2], sum[2] = { 0 };
	unsigned wrong = 0;

	for (unsigned vm = 0; vm < 2; vm++) {
		u64 *table = pt_new();

		pt_identity(table, 1, PT_S2_DEVICE, PT_S2_NORMAL);
		pt_map(table, 1, WINDOW, MINE(vm), 2, PT_S2_NORMAL);
		root[vm] = (u64)table | (vm + 1ul) << 48;
		for (unsigned page = 0; page < 4; page++)
			*(u64 *)(MINE(vm) + page * 0x1000) = 1000000 * vm;
		sum[vm] = 4000000 * vm;
	}
	WRITE(vtcr_el2, PT_VTCR);
	tlbi_all();
	for (unsigned i = 0; i < 2 * TURNS; i++) {
		unsigned vm = i & 1;

		WRITE(vttbr_el2, root[vm]);
		WRITE(hcr_el2, HCR_RW | HCR_VM);
		sum[vm] += 4;
		wrong += RUN(SPSR_EL1, add_ones, WINDOW) != sum[vm];
	}
	WRITE(hcr_el2, HCR_RW);
	EXPECT_EQ("turns with a wrong sum", wrong, 0);
}

GUEST_TESTS(TEST(turns));
