/*
 * The physical half of GICv2 with one security state: distributor, CPU interface, groups, EOImode,
 * SGIs to oneself, the GICv2m frame, delivery to the vectors.
 */
/* run: -M virt,gic-version=2 -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=2,virtualization=on -cpu neoverse-n1 -smp 1 */
#ifndef STRICT
#define STRICT 0
#endif
#include "gicv2.h"

#define A 40u
#define B 41u
#define C 75u

#define HCR_FMO (1ul << 3)
#define HCR_IMO (1ul << 4)
#define HCR_RW (1ul << 31)

static void setup(void)
{
	gicv2_init();
	if (GUEST_EL() == 2)
		WRITE(hcr_el2, HCR_RW | HCR_IMO | HCR_FMO);
}

PROBE(read_sre, "mrs x0, s3_0_c12_c12_5");

static void identification(void)
{
	EXPECT_EQ("GICv2", GICD(0xfe8) >> 4 & 15, 2);
	EXPECT_EQ("288 interrupts, one PE, no security", GICD(TYPER) & 0x4ff, 8);
	EXPECT_EQ("CPU interface of GICv2", GICC(0xfc) & 0xfffff, 0x2043b);
	EXPECT_EQ("no system registers: ID_AA64PFR0_EL1.GIC", READ(id_aa64pfr0_el1) >> 24 & 15, 0);
	RUN(SPSR_OF_EL(GUEST_EL()), read_sre);
	EXPECT_EQ("ICC_SRE_EL1 is UNDEFINED", guest_cpu()->exc[0].esr >> 26, 0);
	setup();
	EXPECT_EQ("both groups", GICD(CTLR), 3);
	EXPECT_EQ("SGIs are always enabled", GICD(ISENABLER) & 0xffff, 0xffff);
	EXPECT_EQ("SGIs are edges", GICD(ICFGR), 0xaaaaaaaa);
	EXPECT_EQ("idle", GICC(RPR), 0xff);
	EXPECT_EQ("targets of one PE are RAZ", GICD(ITARGETSR + A), 0);
}

static void states(void)
{
	setup();
	ready(A, PRIORITY);
	EXPECT_EQ("nothing", GICC(IAR), SPURIOUS);
	set_bit(ISPENDR, A);
	EXPECT_EQ("highest", GICC(HPPIR), A);
	EXPECT_EQ("acknowledge", GICC(IAR), A);
	EXPECT_EQ("active", get_bit(ISACTIVER, A), 1);
	EXPECT_EQ("not pending", get_bit(ISPENDR, A), 0);
	EXPECT_EQ("running", GICC(RPR), PRIORITY);
	set_bit(ISPENDR, A);
	EXPECT_EQ("active and pending", GICC(HPPIR), SPURIOUS);
	GICC(EOIR) = A;
	EXPECT_EQ("idle", GICC(RPR), 0xff);
	EXPECT_EQ("again", take(), A);
	set_bit(ISPENDR, A);
	set_bit(ICENABLER, A);
	EXPECT_EQ("disabled", GICC(IAR), SPURIOUS);
	set_bit(ICPENDR, A);
	set_bit(ISENABLER, A);
	EXPECT_EQ("withdrawn", GICC(IAR), SPURIOUS);
}

static void sgis(void)
{
	setup();
	GICD(SGIR) = 2u << 24 | 5;
	BARRIER();
	EXPECT_EQ("to myself", GICC(IAR), 5);
	GICC(EOIR) = 5;
	GICD(SGIR) = 1u << 24 | 6;
	EXPECT_EQ("to all others", GICC(IAR), SPURIOUS);
	GICD(SGIR) = 1u << 16 | 7;
	EXPECT_EQ("by list", take(), 7);
	GICD(ISPENDR) = 1u << 3;
	EXPECT_EQ("not by ISPENDR", GICC(IAR), SPURIOUS);
	GICD8(SPENDSGIR + 3) = 1;
	BARRIER();
	EXPECT_EQ("pending by SPENDSGIR", GICD8(CPENDSGIR + 3), 1);
	EXPECT_EQ("also here", get_bit(ISPENDR, 3), 1);
	GICD8(CPENDSGIR + 3) = 1;
	EXPECT_EQ("cleared by CPENDSGIR", GICC(IAR), SPURIOUS);
	GICD8(SPENDSGIR + 3) = 1;
	BARRIER();
	EXPECT_EQ("taken", take(), 3);
}

static void priorities(void)
{
	setup();
	ready(A, 0x80);
	ready(B, 0x40);
	ready(C, 0xc0);
	set_bit(ISPENDR, A);
	set_bit(ISPENDR, B);
	set_bit(ISPENDR, C);
	GICC(PMR) = 0x40;
	EXPECT_EQ("masked", GICC(IAR), SPURIOUS);
	GICC(PMR) = 0xff;
	EXPECT_EQ("0x40", GICC(IAR), B);
	EXPECT_EQ("no preemption by a lower one", GICC(IAR), SPURIOUS);
	GICC(EOIR) = B;
	EXPECT_EQ("0x80", GICC(IAR), A);
	set_bit(ISPENDR, B);
	EXPECT_EQ("preempted", GICC(IAR), B);
	GICC(EOIR) = B;
	EXPECT_EQ("back", GICC(RPR), 0x80);
	GICC(EOIR) = A;
	EXPECT_EQ("0xc0", take(), C);
	GICC(BPR) = 7;
	set_bit(ISPENDR, A);
	EXPECT_EQ("with BPR 7", GICC(IAR), A);
	set_bit(ISPENDR, B);
	EXPECT_EQ("nothing preempts", GICC(IAR), SPURIOUS);
	GICC(EOIR) = A;
	EXPECT_EQ("later", take(), B);
}

static void groups(void)
{
	setup();
	ready(A, 0x80);
	set_group(A, 1);
	set_bit(ISPENDR, A);
	EXPECT_EQ("Group 1 through IAR", GICC(IAR), OF_GROUP1);
	EXPECT_EQ("HPPIR", GICC(HPPIR), OF_GROUP1);
	GICC(CTLR) = 3 | GICC_ACKCTL;
	set_bit(ISPENDR, A);
	EXPECT_EQ("AckCtl: IAR takes both", take(), A);
	EXPECT_EQ("ended", GICC(RPR), 0xff);
}

/* The second set of registers, which always speaks of Group 1. */
static void aliases(void)
{
	if (!STRICT)
		return;
	setup();
	ready(A, 0x80);
	ready(B, 0x40);
	set_group(A, 1);
	set_bit(ISPENDR, A);
	EXPECT_EQ("AHPPIR", GICC(AHPPIR), A);
	EXPECT_EQ("AIAR", GICC(AIAR), A);
	set_bit(ISPENDR, B);
	EXPECT_EQ("AIAR does not take Group 0", GICC(AIAR), SPURIOUS);
	EXPECT_EQ("IAR does", GICC(IAR), B);
	GICC(EOIR) = B;
	EXPECT_EQ("Group 1 still runs", GICC(RPR), 0x80);
	GICC(AEOIR) = A;
	EXPECT_EQ("idle", GICC(RPR), 0xff);
	GICC(CTLR) = 1;
	set_bit(ISPENDR, A);
	EXPECT_EQ("Group 1 off", GICC(AHPPIR), SPURIOUS);
	GICD(CTLR) = 1;
	GICC(CTLR) = 3;
	EXPECT_EQ("off in the distributor", GICC(AHPPIR), SPURIOUS);
	GICD(CTLR) = 3;
	EXPECT_EQ("on", GICC(AHPPIR), A);
	GICC(AEOIR) = GICC(AIAR);
}

static void eoimode(void)
{
	setup();
	ready(A, 0x80);
	GICC(CTLR) = 3 | GICC_EOIMODE;
	set_bit(ISPENDR, A);
	EXPECT_EQ("acknowledge", GICC(IAR), A);
	GICC(EOIR) = A;
	EXPECT_EQ("priority dropped", GICC(RPR), 0xff);
	EXPECT_EQ("still active", get_bit(ISACTIVER, A), 1);
	GICC(DIR) = A;
	EXPECT_EQ("inactive", get_bit(ISACTIVER, A), 0);
}

static void messages(void)
{
	setup();
	EXPECT_EQ("64 SPIs from INTID 80", V2M(8), 80u << 16 | 64);
	ready(100, 0x80);
	V2M(0x40) = 100;
	BARRIER();
	EXPECT_EQ("message", take(), 100);
	EXPECT_EQ("an edge", take(), SPURIOUS);
}

static u64 taken_id, taken_vector;

static enum guest_action handler(struct exc *e)
{
	taken_vector = e->vec & 0x180;
	taken_id = take();
	return GUEST_RESUME;
}

static u64 pend_a(u64 unused)
{
	set_bit(ISPENDR, A);
	INSN("isb");
	return 0;
}

static void deliver(const char *what, u32 ctlr, unsigned group, u64 vector)
{
	setup();
	GICC(CTLR) = ctlr;
	ready(A, 0x80);
	set_group(A, group);
	taken_id = taken_vector = 0;
	guest_cpu()->handler = handler;
	RUN(SPSR_OF_EL(GUEST_EL()) & ~(u64)(SPSR_I | SPSR_F), pend_a, 0);
	guest_cpu()->handler = 0;
	EXPECT_EQ(what, taken_vector, vector);
	EXPECT_EQ("its INTID", taken_id, A);
}

static void delivery(void)
{
	deliver("Group 0 as IRQ", 3, 0, 0x80);
	deliver("Group 0 as FIQ", 3 | GICC_FIQEN, 0, 0x100);
	deliver("Group 1 as IRQ", 3 | GICC_FIQEN | GICC_ACKCTL, 1, 0x80);
}

GUEST_TESTS(TEST(identification), TEST(states), TEST(sgis), TEST(priorities), TEST(groups),
	    TEST(aliases), TEST(eoimode), TEST(messages), TEST(delivery));
