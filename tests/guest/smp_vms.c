/*
 * Two CPUs meet two VMs in different orders: a VM has the same number in the statistics of both.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 2 */
/* stats: pe0.el1.vm1.vmid7.exceptions.HVC64.to_el2 3 */
/* stats: pe0.el1.vm2.vmid5.exceptions.HVC64.to_el2 5 */
/* stats: pe1.el1.vm1.vmid7.exceptions.HVC64.to_el2 13 */
/* stats: pe1.el1.vm2.vmid5.exceptions.HVC64.to_el2 11 */
#include "mmu_vm.h"
#include "smp_common.h"

PROBE(call, "hvc #1");

static u64 *root[2];
static const u64 vmid[2] = { 7, 5 };

/* Enters VM `vm` as often; each time it leaves by one HVC. */
static void enter(unsigned vm, unsigned times)
{
	WRITE(vtcr_el2, PT_VTCR);
	WRITE(vttbr_el2, vmid[vm] << 48 | (u64)root[vm]);
	WRITE(hcr_el2, HCR_RW | HCR_VM);
	while (times--)
		RUN(SPSR_EL1, call);
	WRITE(hcr_el2, HCR_RW);
}

static void second_then_first(u64 unused)
{
	enter(1, 11);
	enter(0, 13);
}

static void orders(void)
{
	for (unsigned vm = 0; vm < 2; vm++) {
		root[vm] = pt_new();
		pt_identity(root[vm], 1, PT_S2_DEVICE, PT_S2_NORMAL);
	}
	smp_start(2);
	enter(0, 3);
	EXPECT_EXC("HVC", 2, VEC_LOWER, ESR(0x16, 1), call + 1);
	enter(1, 5);
	smp_call(1, second_then_first, 0);
	EXPECT_EQ("HVC on CPU 1", guest_cpus[1].exc[0].esr, ESR(0x16, 1));
}

GUEST_TESTS(TEST(orders));
