/* virt_counts.c with GICv2: the interface is frames, an SGI has a sender. Each access of the VM is an entry and an exit. */
/* run: -M virt,gic-version=2,virtualization=on -cpu cortex-a57 -smp 2 */
/* run: -M virt,virtualization=on -cpu neoverse-n1 -smp 2 */
/* stats: pe0.vm1.entries 8 */
/* stats: pe0.vm1.virt.lrs_used.0 1 */
/* stats: pe0.vm1.virt.lrs_used.1 7 */
/* stats: pe0.vm1.virt.injected 3 */
/* stats: pe0.vm1.virt.injected_hw 1 */
/* stats: pe0.vm1.virt.injected_id.50 1 */
/* stats: pe0.vm1.virt.injected_id.3 1 */
/* stats: pe0.vm1.virt.injected_id.51 1 */
/* stats: pe0.vm1.virt.acked 3 */
/* stats: pe0.vm1.virt.acked_id.3 1 */
/* stats: pe0.vm1.virt.hw_ended 1 */
/* stats: pe0.vm1.virt.maintenance 1 */
/* stats: pe0.vm1.virt.maintenance_np 1 */
/* stats: pe0.virt.maintenance 1 */
/* stats: pe0.irq_acked.5 2 */
#include "gicv2_vm.h"

static void take_and_end(u32 iar)
{
	EXPECT_EQ("acknowledge", vm_get(IAR), iar);
	vm_set(EOIR, iar);
}

static void all(void)
{
	setup();
	vm_get(PMR);
	GICH(LR(0)) = lr(50, 0x80, LR_PENDING);
	vm_get(HPPIR);
	take_and_end(50);
	GICH(LR(1)) = lr(3, 0x80, LR_PENDING) | LR_CPU(1);
	GICH(HCR) = HCR_EN | 8; /* NPIE */
	take_and_end(3 | LR_CPU(1));
	GICH(HCR) = HCR_EN;
	GICH(LR(2)) = lr(51, 0x80, LR_PENDING) | LR_HW | LR_PHYS(27);
	take_and_end(51);
	vm_leave();
	GICD(ISENABLER) = 1u << 5;
	for (unsigned i = 0; i < 2; i++) {
		GICD(SGIR) = 2u << 24 | 5; /* to this CPU */
		BARRIER();
		EXPECT_EQ("SGI 5", GICC(IAR), 5);
		GICC(EOIR) = 5;
	}
}

GUEST_TESTS(TEST(all));
