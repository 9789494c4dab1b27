/*
 * GICv2's virtualization extensions: list registers, the virtual CPU interface as a VM sees it, the
 * maintenance interrupt. The VM's accesses are made from EL2: the frame does not ask who it is.
 */
/* run: -M virt,gic-version=2,virtualization=on -cpu cortex-a57 -smp 1 */
#ifndef STRICT
#define STRICT 0
#endif
#include "gicv2.h"

#define A 40u
#define MAINTENANCE 25u

enum { HCR_EN = 1, HCR_UIE = 2, HCR_NPIE = 8 };

static void setup(void)
{
	gicv2_init();
	GICH(HCR) = 0;
	for (unsigned i = 0; i < 4; i++)
		GICH(LR(i)) = 0;
	GICH(APR) = 0;
	GICH(VMCR) = 0;
	GICH(HCR) = HCR_EN;
	GICV(CTLR) = 1;
	GICV(PMR) = 0xff;
	BARRIER();
}

static u32 lr(u32 id, u32 prio, u32 state)
{
	return state | LR_PRIO(prio) | id;
}

static u32 vtake(void)
{
	u32 id = GICV(IAR);

	if (id != SPURIOUS)
		GICV(EOIR) = id;
	return id;
}

static void registers(void)
{
	setup();
	EXPECT_EQ("4 list registers, 5 bits", GICH(VTR), 0x90000003);
	EXPECT_EQ("all empty", GICH(ELRSR), 0xf);
	EXPECT_EQ("GICV_CTLR is in VMCR", GICH(VMCR) & 0x21f, 1);
	EXPECT_EQ("GICV_PMR too", GICH(VMCR) >> 27, 0x1f);
	GICV(BPR) = 4;
	GICV(ABPR) = 5;
	EXPECT_EQ("and the binary points", GICH(VMCR) >> 18 & 0x3f, 4 << 3 | 5);
	GICH(VMCR) = 0x10u << 27 | 0x203;
	EXPECT_EQ("back to GICV_PMR", GICV(PMR), 0x80);
	EXPECT_EQ("back to GICV_CTLR", GICV(CTLR), 0x203);
	EXPECT_EQ("least BPR", GICV(BPR), 2);
	EXPECT_EQ("least ABPR", GICV(ABPR), 3);
}

static void states(void)
{
	setup();
	GICH(LR(0)) = lr(50, 0xa0, LR_PENDING);
	GICH(LR(1)) = lr(51, 0x40, LR_PENDING);
	EXPECT_EQ("two in use", GICH(ELRSR), 0xc);
	EXPECT_EQ("highest", GICV(HPPIR), 51);
	EXPECT_EQ("acknowledge", GICV(IAR), 51);
	EXPECT_EQ("active", GICH(LR(1)), lr(51, 0x40, LR_ACTIVE));
	EXPECT_EQ("running", GICV(RPR), 0x40);
	EXPECT_EQ("active priorities", GICH(APR), 1u << 8);
	EXPECT_EQ("not preempted", GICV(IAR), SPURIOUS);
	GICV(EOIR) = 51;
	EXPECT_EQ("empty", GICH(LR(1)) >> 28 & 3, 0);
	EXPECT_EQ("the other", vtake(), 50);
	EXPECT_EQ("none", vtake(), SPURIOUS);
	EXPECT_EQ("all empty", GICH(ELRSR), 0xf);
	GICH(LR(2)) = lr(52, 0x80, LR_PENDING);
	GICV(PMR) = 0x80;
	EXPECT_EQ("masked", GICV(IAR), SPURIOUS);
	GICV(PMR) = 0x88;
	GICH(HCR) = 0;
	EXPECT_EQ("interface off", GICV(IAR), SPURIOUS);
	GICH(HCR) = HCR_EN;
	EXPECT_EQ("interface on", vtake(), 52);
}

static void sgi_with_sender(void)
{
	setup();
	GICH(LR(0)) = lr(3, 0x80, LR_PENDING) | LR_CPU(5);
	if (STRICT)
		EXPECT_EQ("sender in HPPIR", GICV(HPPIR), 5 << 10 | 3);
	EXPECT_EQ("sender in IAR", GICV(IAR), 5 << 10 | 3);
	GICV(EOIR) = 5 << 10 | 3;
	EXPECT_EQ("ended", GICH(LR(0)) >> 28 & 3, 0);
}

static void groups(void)
{
	if (!STRICT)
		return;
	setup();
	GICV(CTLR) = 3;
	GICH(LR(0)) = lr(60, 0x80, LR_PENDING) | LR_GROUP1;
	EXPECT_EQ("IAR does not tell", GICV(IAR), OF_GROUP1);
	EXPECT_EQ("AHPPIR does", GICV(AHPPIR), 60);
	EXPECT_EQ("AIAR", GICV(AIAR), 60);
	GICV(AEOIR) = 60;
	EXPECT_EQ("ended", GICH(LR(0)) >> 28 & 3, 0);
	GICV(CTLR) = 3 | GICC_ACKCTL;
	GICH(LR(0)) = lr(61, 0x80, LR_PENDING) | LR_GROUP1;
	EXPECT_EQ("AckCtl", vtake(), 61);
	EXPECT_EQ("ended too", GICH(LR(0)) >> 28 & 3, 0);
}

static void hardware(void)
{
	setup();
	ready(A, 0x80);
	GICC(CTLR) = 1 | GICC_EOIMODE;
	set_bit(ISPENDR, A);
	EXPECT_EQ("physical", GICC(IAR), A);
	GICC(EOIR) = A;
	EXPECT_EQ("active", get_bit(ISACTIVER, A), 1);
	set_group(A, 1); /* as with a Non-secure hypervisor; ends through Group 1 alone */
	GICH(LR(0)) = lr(70, 0x80, LR_PENDING) | LR_HW | LR_PHYS(A);
	EXPECT_EQ("virtual", GICV(IAR), 70);
	GICV(EOIR) = 70;
	EXPECT_EQ("the physical one is over with it", get_bit(ISACTIVER, A), 0);
}

static void eoimode(void)
{
	setup();
	GICV(CTLR) = 1 | GICC_EOIMODE;
	GICH(LR(0)) = lr(70, 0x80, LR_PENDING);
	EXPECT_EQ("acknowledge", GICV(IAR), 70);
	GICV(EOIR) = 70;
	EXPECT_EQ("dropped", GICV(RPR), 0xff);
	EXPECT_EQ("still active", GICH(LR(0)) >> 28 & 3, 2);
	GICV(DIR) = 70;
	EXPECT_EQ("inactive", GICH(LR(0)) >> 28 & 3, 0);
}

static void maintenance(void)
{
	setup();
	GICD8(IPRIORITYR + MAINTENANCE) = 0x80;
	GICH(HCR) = HCR_EN | HCR_UIE;
	EXPECT_EQ("underflow", GICH(MISR), 2);
	EXPECT_EQ("its PPI", get_bit(ISPENDR, MAINTENANCE), 1);
	GICH(LR(0)) = lr(50, 0x80, LR_PENDING);
	GICH(LR(1)) = lr(51, 0x80, LR_PENDING);
	EXPECT_EQ("enough", GICH(MISR), 0);
	EXPECT_EQ("line low", get_bit(ISPENDR, MAINTENANCE), 0);
	GICH(HCR) = HCR_EN;
	GICH(LR(1)) = 0;
	GICH(LR(0)) = lr(50, 0x80, LR_PENDING) | LR_EOI;
	EXPECT_EQ("no EOI yet", GICH(EISR), 0);
	vtake();
	EXPECT_EQ("EOI", GICH(EISR), 1);
	EXPECT_EQ("MISR", GICH(MISR), 1);
	EXPECT_EQ("not free", GICH(ELRSR) & 1, 0);
	GICH(LR(0)) = 0;
	EXPECT_EQ("free", GICH(ELRSR) & 1, 1);
	GICH(HCR) = HCR_EN | HCR_NPIE;
	EXPECT_EQ("no pending", GICH(MISR), 8);
	GICH(HCR) = HCR_EN;
	GICV(CTLR) = 1 | GICC_EOIMODE;
	GICV(DIR) = 99;
	EXPECT_EQ("EOIcount", GICH(HCR) >> 27, 1);
	GICH(HCR) = 0;
}

GUEST_TESTS(TEST(registers), TEST(states), TEST(sgi_with_sender), TEST(groups), TEST(hardware),
	    TEST(eoimode), TEST(maintenance));
