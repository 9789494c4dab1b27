/*
 * GICv2 as a VM at EL1 has it: stage 2 shows GICV where the board has GICC, virtual interrupts are
 * taken at EL1 and physical ones at EL2, priorities nest, a hypervisor moves a VM's state out and
 * in, and each CPU has its own.
 */
/* run: -M virt,gic-version=2,virtualization=on -cpu cortex-a57 -smp 2 */
/* run: -M virt,virtualization=on -cpu neoverse-n1 -smp 2 */
#include "gicv2_vm.h"

#define A 40u

PROBE(some_time, "mov x0, #0x1000\n1:\tsubs x0, x0, #1\n\tb.ne 1b");

/* Lets the VM run with everything open; where the first exception went: EL << 12 | vector. */
static u64 taken(void)
{
	RUN(SPSR_EL1 & ~(u64)SPSR_DAIF, some_time);
	return guest_cpu()->n_exc ? guest_cpu()->exc[0].el << 12 | guest_cpu()->exc[0].vec : 0;
}

#define AT_EL1(vector) (1u << 12 | (vector))
#define AT_EL2(vector) (2u << 12 | (vector))

static void own_interface(void)
{
	setup();
	ready(A, 0x40);
	GICC(CTLR) = CTLR_ENABLE0;
	set_bit(ISPENDR, A);
	GICH(LR(0)) = lr(50, 0x80, LR_PENDING);
	BARRIER();
	WRITE(hcr_el2, vm.hcr & ~(HCR_IMO | HCR_FMO)); /* or it would go to EL2 */
	EXPECT_EQ("physical", GICC(HPPIR), A);
	EXPECT_EQ("virtual", vm_get(HPPIR), 50);
	EXPECT_EQ("acknowledged by the VM", vm_get(IAR), 50);
	EXPECT_EQ("the physical one waits", GICC(HPPIR), A);
	vm_set(PMR, 0x58);
	EXPECT_EQ("the VM's mask", GICH(VMCR) >> 27, 0x58 >> 3);
	EXPECT_EQ("not the physical one", GICC(PMR) & 0xf8, 0xf8);
	vm_set(EOIR, 50);
	EXPECT_EQ("ended", GICH(LR(0)) >> 28 & 3, 0);
	vm_set(CTLR, CTLR_ENABLE0 | GICC_EOIMODE);
	vm_set(PMR, 0xff);
	GICH(LR(1)) = lr(51, 0x80, LR_PENDING);
	EXPECT_EQ("one more", vm_get(IAR), 51);
	vm_set(EOIR, 51);
	EXPECT_EQ("dropped", GICH(LR(1)) >> 28 & 3, 2);
	vm_set(DIR, 51);
	EXPECT_EQ("deactivated by the second page", GICH(LR(1)) >> 28 & 3, 0);
	EXPECT_EQ("take the physical one", take(), A);
	RUN(SPSR_EL1, ld32, 0x08000000ul);
	EXPECT_EQ("no distributor: EL2 emulates it", guest_cpu()->exc[0].el, 2);
	EXPECT_EQ("its page", guest_cpu()->exc[0].hpfar, 0x08000000ul >> 12 << 4);
	vm_leave();
}

static void virtual_interrupts(void)
{
	setup();
	EXPECT_EQ("nothing", taken(), 0);
	GICH(LR(0)) = lr(50, 0x80, LR_PENDING);
	BARRIER();
	EXPECT_EQ("vIRQ", taken(), AT_EL1(VEC_SAME + VEC_IRQ));
	RUN(SPSR_EL1, some_time);
	EXPECT_NO_EXC("masked");
	RUN(SPSR_EL2 & ~(u64)SPSR_DAIF, some_time);
	EXPECT_NO_EXC("not at EL2");
	vm_set(CTLR, CTLR_ENABLE0 | CTLR_FIQEN);
	EXPECT_EQ("vFIQ", taken(), AT_EL1(VEC_SAME + VEC_FIQ));
	vm_set(CTLR, CTLR_ENABLE0);
	vm_set(PMR, 0x80);
	EXPECT_EQ("priority masked", taken(), 0);
	vm_set(PMR, 0x88);
	EXPECT_EQ("and not", taken(), AT_EL1(VEC_SAME + VEC_IRQ));
	GICH(HCR) = 0;
	BARRIER();
	EXPECT_EQ("GICH_HCR.En", taken(), 0);
	GICH(HCR) = HCR_EN;
	WRITE(hcr_el2, vm.hcr & ~(HCR_IMO | HCR_FMO));
	EXPECT_EQ("without IMO", taken(), 0);
	WRITE(hcr_el2, vm.hcr);
	EXPECT_EQ("acknowledge", vm_get(IAR), 50);
	EXPECT_EQ("active only", taken(), 0);
	vm_set(EOIR, 50);
	vm_leave();
}

/* EL2 takes it, gives it to the VM and hears no more of it until the VM's end of interrupt. */
static void physical_interrupts(void)
{
	setup();
	ready(A, 0x80);
	GICC(CTLR) = CTLR_ENABLE0 | GICC_EOIMODE;
	for (unsigned round = 0; round < 2; round++) {
		set_bit(ISPENDR, A);
		EXPECT_EQ("IRQ to EL2", taken(), AT_EL2(VEC_LOWER + VEC_IRQ));
		EXPECT_EQ("acknowledge", GICC(IAR), A);
		GICC(EOIR) = A;
		set_bit(ISPENDR, A);
		GICH(LR(0)) = lr(70, 0x80, LR_PENDING) | LR_HW | LR_PHYS(A);
		set_group(A, 1); /* see gicv2_virt.c */
		BARRIER();
		EXPECT_EQ("active, so it does not come again", taken(), AT_EL1(VEC_SAME + VEC_IRQ));
		EXPECT_EQ("the VM's", vm_get(IAR), 70);
		EXPECT_EQ("still", taken(), 0);
		vm_set(EOIR, 70);
		set_group(A, 0);
		EXPECT_EQ("ended", get_bit(ISACTIVER, A), 0);
		EXPECT_EQ("which was pending comes", taken(), AT_EL2(VEC_LOWER + VEC_IRQ));
		EXPECT_EQ("acknowledge", GICC(IAR), A);
		GICC(EOIR) = A;
		GICC(DIR) = A;
	}
	vm_leave();
}

static void nesting(void)
{
	setup();
	GICH(LR(0)) = lr(50, 0x80, LR_PENDING);
	EXPECT_EQ("first", vm_get(IAR), 50);
	GICH(LR(1)) = lr(51, 0x80, LR_PENDING);
	BARRIER();
	EXPECT_EQ("the same priority waits", taken(), 0);
	GICH(LR(2)) = lr(52, 0x40, LR_PENDING);
	BARRIER();
	EXPECT_EQ("a higher one does not", taken(), AT_EL1(VEC_SAME + VEC_IRQ));
	EXPECT_EQ("which", vm_get(IAR), 52);
	EXPECT_EQ("running", vm_get(RPR), 0x40);
	EXPECT_EQ("both", GICH(APR), 1u << 16 | 1u << 8);
	vm_set(EOIR, 52);
	EXPECT_EQ("back", vm_get(RPR), 0x80);
	EXPECT_EQ("still waits", vm_get(IAR), SPURIOUS);
	vm_set(EOIR, 50);
	EXPECT_EQ("now", vm_get(IAR), 51);
	vm_set(EOIR, 51);
	EXPECT_EQ("idle", vm_get(RPR), 0xff);
	EXPECT_EQ("nothing active", GICH(APR), 0);
	vm_leave();
}

/* What a hypervisor does when another VM has its turn, in the middle of a handler. */
static void switching(void)
{
	u32 saved[4], apr, vmcr;

	setup();
	GICH(LR(0)) = lr(50, 0x80, LR_PENDING);
	GICH(LR(1)) = lr(51, 0xa0, LR_PENDING);
	EXPECT_EQ("in a handler", vm_get(IAR), 50);
	vm_set(PMR, 0xf0);
	GICH(LR(0)) |= LR_PENDING; /* it came again meanwhile */
	for (unsigned i = 0; i < 4; i++)
		saved[i] = GICH(LR(i));
	apr = GICH(APR);
	vmcr = GICH(VMCR);
	virtual_reset();
	EXPECT_EQ("the other VM is idle", vm_get(RPR), 0xff);
	GICH(LR(3)) = lr(60, 0xc0, LR_PENDING);
	EXPECT_EQ("and has its own", vm_get(IAR), 60);
	vm_set(EOIR, 60);
	for (unsigned i = 0; i < 4; i++)
		GICH(LR(i)) = saved[i];
	GICH(APR) = apr;
	GICH(VMCR) = vmcr;
	BARRIER();
	EXPECT_EQ("in the handler again", vm_get(RPR), 0x80);
	EXPECT_EQ("mask", vm_get(PMR), 0xf0);
	EXPECT_EQ("nothing preempts", vm_get(IAR), SPURIOUS);
	vm_set(EOIR, 50);
	EXPECT_EQ("once more", vm_get(IAR), 50);
	vm_set(EOIR, 50);
	EXPECT_EQ("the other", vm_get(IAR), 51);
	vm_set(EOIR, 51);
	EXPECT_EQ("all empty", GICH(ELRSR), 0xf);
	vm_leave();
}

static volatile u64 other_id, other_empty, other_done;

static void other(u64 unused)
{
	virtual_reset();
	other_empty = GICH(ELRSR);
	GICH(LR(0)) = lr(60, 0x80, LR_PENDING);
	other_id = GICV(IAR);
	BARRIER();
	other_done = 1;
	BARRIER();
}

static void banked(void)
{
	setup();
	vm_leave();
	GICH(LR(0)) = lr(50, 0x80, LR_PENDING);
	EXPECT("CPU 1 runs", guest_start_cpu(1, other, 0));
	while (!other_done)
		BARRIER();
	EXPECT_EQ("nothing there", other_empty, 0xf);
	EXPECT_EQ("its own", other_id, 60);
	EXPECT_EQ("ours is as it was", GICH(LR(0)), lr(50, 0x80, LR_PENDING));
	EXPECT_EQ("and comes", GICV(IAR), 50);
	GICH(HCR) = 0;
}

GUEST_TESTS(TEST(own_interface), TEST(virtual_interrupts), TEST(physical_interrupts), TEST(nesting),
	    TEST(switching), TEST(banked));
