/*
 * More VMs than the statistics name: the first 255 have rows of their own, what the others do is
 * counted in vm_rest. Their stage-2 tables are empty, so each leaves by its first fetch.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* stats: pe0.el1.vm1.vmid1.exceptions.IABT_LOW.to_el2 2 */
/* stats: pe0.el1.vm255.vmid255.exceptions.IABT_LOW.to_el2 2 */
/* stats: pe0.el1.vm_rest.exceptions.IABT_LOW.to_el2 90 */
#include "mmu_vm.h"

#define VMS 300u

static void many(void)
{
	unsigned faults = 0;

	gt_reset();
	WRITE(vtcr_el2, PT_VTCR);
	for (unsigned i = 0; i < 2 * VMS; i++) {
		u64 vm = i % VMS;

		WRITE(vttbr_el2, (vm + 1) << 48 | ((u64)gt_pool + vm * 0x1000));
		WRITE(hcr_el2, HCR_RW | HCR_VM);
		RUN(SPSR_EL1, mmu_ret);
		WRITE(hcr_el2, HCR_RW);
		faults += guest_cpu()->exc[0].esr == ESR(EC_IABT_LOW, FSC_TRANS(1));
	}
	EXPECT_EQ("translation faults at level 1", faults, 2 * VMS);
}

GUEST_TESTS(TEST(many));
