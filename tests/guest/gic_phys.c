/*
 * The physical half of GICv3 with one security state: distributor, redistributor, CPU interface;
 * states, priorities, preemption, groups, both EOI modes, delivery to the vectors.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "gic_common.h"

#define A 40u
#define B 41u
#define C 75u
#define SGI(intid, list) ((u64)(intid) << 24 | (list))

/* IRQs are taken at the EL of the test: by HCR_EL2.IMO at EL2. */
static void setup(void)
{
	gic_init();
	if (GUEST_EL() == 2)
		WRITE(hcr_el2, HCR_RW | HCR_IMO | HCR_FMO);
}

static void pend(u32 intid)
{
	gic_write_bit(ISPENDR, intid);
}

static void identification(void)
{
	u32 typer = GICD(GICD_TYPER);

	EXPECT_EQ("GICv3", GICD(0xffe8) >> 4 & 15, 3);
	EXPECT_EQ("GICv3 redistributor", GICR(0, 0xffe8) >> 4 & 15, 3);
	EXPECT("at least 256 interrupts", (typer & 31) >= 7);
	EXPECT_EQ("redistributor of CPU 0", GICR(0, 0xc), 0);
	EXPECT_EQ("the last one", GICR(0, 0x8) >> 4 & 1, 1);
	setup();
	EXPECT_EQ("5 priority bits", READ(icc_ctlr_el1) >> 8 & 7, 4);
	EXPECT_EQ("DS, ARE, both groups", GICD(GICD_CTLR) & 0x57, 0x53);
	EXPECT_EQ("SRE", READ(icc_sre_el1) & 1, 1);
	EXPECT_EQ("smallest BPR0", READ(icc_bpr0_el1), 2);
	EXPECT_EQ("smallest BPR1", READ(icc_bpr1_el1), 3);
	WRITE(icc_bpr1_el1, 6);
	EXPECT_EQ("BPR1", READ(icc_bpr1_el1), 6);
	EXPECT_EQ("idle", READ(icc_rpr_el1), 0xff);
}

static void waker(void)
{
	setup();
	GICR(0, GICR_WAKER) = 2;
	EXPECT_EQ("asleep", GICR(0, GICR_WAKER) & 6, 6);
	GICR(0, GICR_WAKER) = 0;
	EXPECT_EQ("awake", GICR(0, GICR_WAKER) & 6, 0);
}

/* SGI, PPI and SPI from pending over active to nothing. */
static void states(void)
{
	static const u32 intids[] = { 3, 20, A };

	setup();
	gic_enable_spi(A, PRIORITY, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(intids); i++) {
		u32 id = intids[i];

		gic_write_bit(ISENABLER, id);
		EXPECT_EQ("nothing yet", READ(icc_hppir1_el1), SPURIOUS);
		pend(id);
		EXPECT_EQ("pending", gic_bit(ISPENDR, id), 1);
		EXPECT_EQ("highest", READ(icc_hppir1_el1), id);
		EXPECT_EQ("acknowledge", READ(icc_iar1_el1), id);
		EXPECT_EQ("not pending", gic_bit(ISPENDR, id), 0);
		EXPECT_EQ("active", gic_bit(ISACTIVER, id), 1);
		EXPECT_EQ("running priority", READ(icc_rpr_el1), PRIORITY);
		EXPECT_EQ("AP1R0", READ(icc_ap1r0_el1), 1u << (PRIORITY >> 3));
		EXPECT_EQ("nothing more", READ(icc_iar1_el1), SPURIOUS);
		pend(id);
		EXPECT_EQ("pending and active", READ(icc_hppir1_el1), SPURIOUS);
		WRITE(icc_eoir1_el1, id);
		EXPECT_EQ("inactive", gic_bit(ISACTIVER, id), 0);
		EXPECT_EQ("idle", READ(icc_rpr_el1), 0xff);
		EXPECT_EQ("again", READ(icc_iar1_el1), id);
		WRITE(icc_eoir1_el1, id);
		pend(id);
		gic_write_bit(ICENABLER, id);
		EXPECT_EQ("disabled", READ(icc_iar1_el1), SPURIOUS);
		gic_write_bit(ISENABLER, id);
		EXPECT_EQ("enabled", READ(icc_hppir1_el1), id);
		gic_write_bit(ICPENDR, id);
		EXPECT_EQ("withdrawn", READ(icc_iar1_el1), SPURIOUS);
		gic_write_bit(ICENABLER, id);
	}
}

static void sgi_by_register(void)
{
	setup();
	for (u32 id = 0; id < 16; id++)
		gic_write_bit(ISENABLER, id);
	WRITE(icc_sgi1r_el1, SGI(7, 1));
	EXPECT_EQ("to myself by list", READ(icc_iar1_el1), 7);
	WRITE(icc_eoir1_el1, 7);
	WRITE(icc_sgi1r_el1, SGI(8, 0) | 1ul << 40);
	EXPECT_EQ("all but myself", READ(icc_iar1_el1), SPURIOUS);
	WRITE(icc_sgi1r_el1, SGI(9, 2));
	EXPECT_EQ("a CPU that is not there", READ(icc_iar1_el1), SPURIOUS);
	WRITE(icc_sgi1r_el1, SGI(9, 1) | 1ul << 16);
	EXPECT_EQ("another Aff1", READ(icc_iar1_el1), SPURIOUS);
	WRITE(icc_sgi0r_el1, SGI(10, 1));
	EXPECT_EQ("SGI0R of a group 1 interrupt", READ(icc_iar1_el1), SPURIOUS);
}

static void priorities(void)
{
	setup();
	gic_enable_spi(A, 0x80, 0);
	gic_enable_spi(B, 0x40, 0);
	gic_enable_spi(C, 0xc0, 0);
	pend(A);
	pend(B);
	pend(C);
	EXPECT_EQ("most urgent", READ(icc_iar1_el1), B);
	EXPECT_EQ("running", READ(icc_rpr_el1), 0x40);
	EXPECT_EQ("less urgent ones wait", READ(icc_iar1_el1), SPURIOUS);
	WRITE(icc_eoir1_el1, B);
	EXPECT_EQ("second", READ(icc_iar1_el1), A);
	WRITE(icc_eoir1_el1, A);
	EXPECT_EQ("third", READ(icc_iar1_el1), C);
	WRITE(icc_eoir1_el1, C);
	WRITE(icc_pmr_el1, 0x80);
	pend(A);
	pend(B);
	EXPECT_EQ("PMR lets lower values pass", READ(icc_iar1_el1), B);
	WRITE(icc_eoir1_el1, B);
	EXPECT_EQ("not its own value", READ(icc_iar1_el1), SPURIOUS);
	WRITE(icc_pmr_el1, 0x88);
	EXPECT_EQ("one more", READ(icc_iar1_el1), A);
	WRITE(icc_eoir1_el1, A);
}

static void preemption(void)
{
	setup();
	gic_enable_spi(A, 0x80, 0);
	gic_enable_spi(B, 0x78, 0);
	gic_enable_spi(C, 0x40, 0);
	pend(A);
	EXPECT_EQ("first", READ(icc_iar1_el1), A);
	pend(B);
	EXPECT_EQ("5 bits preempt", READ(icc_iar1_el1), B);
	pend(C);
	EXPECT_EQ("again", READ(icc_iar1_el1), C);
	EXPECT_EQ("running", READ(icc_rpr_el1), 0x40);
	EXPECT_EQ("AP1R0", READ(icc_ap1r0_el1), 1u << 16 | 1u << 15 | 1u << 8);
	WRITE(icc_eoir1_el1, C);
	EXPECT_EQ("back", READ(icc_rpr_el1), 0x78);
	WRITE(icc_eoir1_el1, B);
	WRITE(icc_eoir1_el1, A);
	EXPECT_EQ("idle", READ(icc_rpr_el1), 0xff);
	WRITE(icc_bpr1_el1, 7);         /* bit 7 alone */
	pend(A);
	EXPECT_EQ("first", READ(icc_iar1_el1), A);
	gic_priority(B, 0x90);
	pend(B);
	EXPECT_EQ("the same group priority", READ(icc_iar1_el1), SPURIOUS);
	pend(C);
	EXPECT_EQ("another one", READ(icc_iar1_el1), C);
	WRITE(icc_eoir1_el1, C);
	WRITE(icc_eoir1_el1, A);
	EXPECT_EQ("then the one that waited", READ(icc_iar1_el1), B);
	WRITE(icc_eoir1_el1, B);
}

/* EOImode 1: EOIR drops the priority, DIR ends the interrupt, in any order of interrupts. */
static void eoi_mode_1(void)
{
	setup();
	WRITE(icc_ctlr_el1, ICC_CTLR_EOIMODE);
	gic_enable_spi(A, 0x80, 0);
	gic_enable_spi(B, 0x80, 0);
	pend(A);
	pend(B);
	EXPECT_EQ("lower number first", READ(icc_iar1_el1), A);
	WRITE(icc_eoir1_el1, A);
	EXPECT_EQ("priority dropped", READ(icc_rpr_el1), 0xff);
	EXPECT_EQ("still active", gic_bit(ISACTIVER, A), 1);
	EXPECT_EQ("the other", READ(icc_iar1_el1), B);
	WRITE(icc_eoir1_el1, B);
	pend(A);
	EXPECT_EQ("active again is not signalled", READ(icc_iar1_el1), SPURIOUS);
	WRITE(icc_dir_el1, A);
	EXPECT_EQ("deactivated", gic_bit(ISACTIVER, A), 0);
	EXPECT_EQ("now", READ(icc_iar1_el1), A);
	WRITE(icc_eoir1_el1, A);
	WRITE(icc_dir_el1, A);
	WRITE(icc_dir_el1, B);
	EXPECT_EQ("all done", gic_bit(ISACTIVER, B), 0);
}

static void active_by_software(void)
{
	setup();
	gic_enable_spi(A, 0x80, 0);
	gic_write_bit(ISACTIVER, A);
	pend(A);
	EXPECT_EQ("active: not signalled", READ(icc_iar1_el1), SPURIOUS);
	gic_write_bit(ICACTIVER, A);
	EXPECT_EQ("inactive", READ(icc_iar1_el1), A);
	WRITE(icc_eoir1_el1, A);
}

static void groups(void)
{
	setup();
	gic_enable_spi(A, 0x80, 0);
	gic_enable_spi(B, 0x40, 0);
	gic_group(B, 0);
	pend(A);
	pend(B);
	EXPECT_EQ("group 0", READ(icc_hppir0_el1), B);
	EXPECT_EQ("IAR1 while group 0 is first", READ(icc_iar1_el1), SPURIOUS);
	EXPECT_EQ("IAR0", READ(icc_iar0_el1), B);
	EXPECT_EQ("AP0R0", READ(icc_ap0r0_el1), 1u << 8);
	EXPECT_EQ("AP1R0", READ(icc_ap1r0_el1), 0);
	WRITE(icc_eoir0_el1, B);
	EXPECT_EQ("IAR0 has nothing more", READ(icc_iar0_el1), SPURIOUS);
	EXPECT_EQ("IAR1", READ(icc_iar1_el1), A);
	WRITE(icc_eoir1_el1, A);
	GICD(GICD_CTLR) = CTLR_ARE | CTLR_ENABLE_GRP1;
	pend(A);
	pend(B);
	EXPECT_EQ("group 0 is off", READ(icc_iar1_el1), A);
	WRITE(icc_eoir1_el1, A);
	gic_write_bit(ICPENDR, B);
	WRITE(icc_igrpen1_el1, 0);
	pend(A);
	EXPECT_EQ("group 1 is off", READ(isr_el1), 0);
	WRITE(icc_igrpen1_el1, 1);
	GICD(GICD_CTLR) = CTLR_ARE;
	EXPECT_EQ("off at the distributor", READ(icc_iar1_el1), SPURIOUS);
	GICD(GICD_CTLR) = CTLR_ARE | CTLR_ENABLE_GRP1;
	EXPECT_EQ("on", READ(icc_iar1_el1), A);
	WRITE(icc_eoir1_el1, A);
}

PROBE(some_time, "mov x0, #0x1000\n1:\tsubs x0, x0, #1\n\tb.ne 1b");

/* Group 1 comes as IRQ, group 0 as FIQ; and not while masked. */
static void delivery(void)
{
	u64 el = GUEST_EL(), open = SPSR_OF_EL(el) & ~(u64)(SPSR_I | SPSR_F);

	setup();
	gic_enable_spi(A, 0x80, 0);
	gic_enable_spi(B, 0x40, 0);
	gic_group(B, 0);
	RUN(open, some_time);
	EXPECT_NO_EXC("nothing pending");
	pend(A);
	RUN(SPSR_OF_EL(el), some_time);
	EXPECT_NO_EXC("masked");
	EXPECT_EQ("ISR_EL1.I", READ(isr_el1), 1u << 7);
	RUN(open, some_time);
	EXPECT_EQ("one", guest_cpu()->n_exc, 1);
	EXPECT_EQ("IRQ", guest_cpu()->exc[0].vec, VEC_SAME + VEC_IRQ);
	EXPECT_EQ("to", guest_cpu()->exc[0].el, el);
	RUN(open | SPSR_I, some_time);
	EXPECT_NO_EXC("I masks it");
	EXPECT_EQ("acknowledge", READ(icc_iar1_el1), A);
	RUN(open, some_time);
	EXPECT_NO_EXC("acknowledged");
	pend(B);
	EXPECT_EQ("ISR_EL1.F", READ(isr_el1), 1u << 6);
	RUN(open | SPSR_I, some_time);
	EXPECT_EQ("FIQ", guest_cpu()->exc[0].vec, VEC_SAME + VEC_FIQ);
	EXPECT_EQ("acknowledge", READ(icc_iar0_el1), B);
	WRITE(icc_eoir0_el1, B);
	WRITE(icc_eoir1_el1, A);
	EXPECT_EQ("ISR_EL1", READ(isr_el1), 0);
}

/* A level-sensitive input (the EL1 physical timer, PPI 30) is pending while the line is high. */
static void level(void)
{
	setup();
	gic_edge(30, 0);
	gic_write_bit(ISENABLER, 30);
	WRITE(cntp_cval_el0, 0);
	WRITE(cntp_ctl_el0, 1);
	EXPECT_EQ("pending", gic_bit(ISPENDR, 30), 1);
	gic_write_bit(ICPENDR, 30);
	EXPECT_EQ("the line is still high", gic_bit(ISPENDR, 30), 1);
	EXPECT_EQ("acknowledge", READ(icc_iar1_el1), 30);
	EXPECT_EQ("active and pending", gic_bit(ISPENDR, 30), 1);
	WRITE(icc_eoir1_el1, 30);
	EXPECT_EQ("at once again", READ(icc_iar1_el1), 30);
	WRITE(cntp_ctl_el0, 0);
	EXPECT_EQ("line low", gic_bit(ISPENDR, 30), 0);
	WRITE(icc_eoir1_el1, 30);
	EXPECT_EQ("over", READ(icc_iar1_el1), SPURIOUS);
	gic_write_bit(ISPENDR, 30);
	EXPECT_EQ("by software", READ(icc_iar1_el1), 30);
	EXPECT_EQ("and latched no more", gic_bit(ISPENDR, 30), 0);
	WRITE(icc_eoir1_el1, 30);
	gic_write_bit(ICENABLER, 30);
}

GUEST_TESTS(TEST(identification), TEST(waker), TEST(states), TEST(sgi_by_register),
	    TEST(priorities), TEST(preemption), TEST(eoi_mode_1), TEST(active_by_software),
	    TEST(groups), TEST(delivery), TEST(level));
