/*
 * Every generic timer that the EL of the test reaches: conditions, masks, wraparound, offsets, the
 * interrupt, WFI. CNTVOFF_EL2 moves the virtual ones.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "gic_common.h"

#define ENABLE 1u
#define IMASK 2u
#define ISTATUS 4u

/* One timer, reached by functions because MRS names its register in the instruction. */
struct timer {
	const char *name;
	u32 intid;
	u64 (*count)(void);
	u64 (*ctl)(void), (*cval)(void), (*tval)(void);
	void (*set_ctl)(u64), (*set_cval)(u64), (*set_tval)(u64);
};

#define TIMER(prefix, ctl, cval, tval, counter) \
	static u64 prefix##_count(void) { return READ(counter); } \
	static u64 prefix##_ctl(void) { return READ(ctl); } \
	static u64 prefix##_cval(void) { return READ(cval); } \
	static u64 prefix##_tval(void) { return READ(tval); } \
	static void prefix##_set_ctl(u64 v) { WRITE(ctl, v); } \
	static void prefix##_set_cval(u64 v) { WRITE(cval, v); } \
	static void prefix##_set_tval(u64 v) { WRITE(tval, v); }
#define ROW(prefix, name, intid)                                                                   \
	{                                                                                          \
		name, intid, prefix##_count, prefix##_ctl, prefix##_cval, prefix##_tval,           \
			prefix##_set_ctl, prefix##_set_cval, prefix##_set_tval                     \
	}
TIMER(phys, cntp_ctl_el0, cntp_cval_el0, cntp_tval_el0, cntpct_el0)
TIMER(virt, cntv_ctl_el0, cntv_cval_el0, cntv_tval_el0, cntvct_el0)
TIMER(hyp, cnthp_ctl_el2, cnthp_cval_el2, cnthp_tval_el2, cntpct_el0)
/* CNTHV counts without offset */
TIMER(hypvirt, S3_4_C14_C3_1, S3_4_C14_C3_2, S3_4_C14_C3_0, cntpct_el0)

static const struct timer timers[] = {
	ROW(phys, "EL1 physical", 30), ROW(virt, "EL1 virtual", 27), ROW(hyp, "EL2 physical", 26),
	ROW(hypvirt, "EL2 virtual", 28),
};

/* How many of those there are. */
static unsigned timer_count(void)
{
	if (GUEST_EL() < 2)
		return 2;
	return READ(id_aa64mmfr1_el1) >> 8 & 15 ? 4 : 3;
}

static void spin(u64 ticks)
{
	u64 start = READ(cntpct_el0);

	while (READ(cntpct_el0) - start < ticks)
		;
}

static void counters(void)
{
	u64 a = READ(cntpct_el0), b = READ(cntvct_el0), c = READ(cntpct_el0);

	EXPECT("forward", a <= c);
	EXPECT("the same counter", a <= b && b <= c);
	EXPECT("a frequency", READ(cntfrq_el0) >= 1000000);
	spin(READ(cntfrq_el0) / 1000);
	EXPECT("it counts", READ(cntpct_el0) > c);
}

static void conditions(const struct timer *t)
{
	u64 now;

	t->set_ctl(0);
	t->set_cval(t->count() + (1ul << 40));
	EXPECT_EQ("disabled", t->ctl() & 3, 0);
	t->set_ctl(ENABLE);
	EXPECT_EQ("far away", t->ctl(), ENABLE);
	t->set_cval(t->count());
	EXPECT_EQ("now is reached", t->ctl(), ENABLE | ISTATUS);
	EXPECT_EQ("pending", gic_bit(ISPENDR, t->intid), 1);
	t->set_ctl(ENABLE | IMASK);
	EXPECT_EQ("ISTATUS though masked", t->ctl(), ENABLE | IMASK | ISTATUS);
	EXPECT_EQ("no interrupt", gic_bit(ISPENDR, t->intid), 0);
	t->set_ctl(IMASK);
	EXPECT_EQ("disabled: no interrupt", gic_bit(ISPENDR, t->intid), 0);
	t->set_ctl(ENABLE);
	EXPECT_EQ("unmasked", gic_bit(ISPENDR, t->intid), 1);
	t->set_cval(0);
	EXPECT_EQ("long ago", t->ctl(), ENABLE | ISTATUS);
	t->set_cval(~0ul);
	EXPECT_EQ("never", t->ctl(), ENABLE);
	EXPECT_EQ("line low", gic_bit(ISPENDR, t->intid), 0);
	/* TVAL: 32 signed bits, relative to now */
	now = t->count();
	t->set_tval(0x1000000);
	EXPECT("CVAL by TVAL", t->cval() >= now + 0x1000000 && t->cval() <= t->count() + 0x1000000);
	EXPECT_EQ("not yet", t->ctl(), ENABLE);
	EXPECT("TVAL counts down", t->tval() <= 0x1000000 && t->tval() > 0x800000);
	now = t->count();
	t->set_tval(0xffffffff);
	EXPECT("TVAL -1", t->cval() >= now - 1 && t->cval() <= t->count() - 1);
	EXPECT_EQ("reached", t->ctl(), ENABLE | ISTATUS);
	EXPECT_EQ("TVAL reads 32 bits", t->tval() >> 32, 0);
	EXPECT("negative", (s64)(int)t->tval() < 0);
	now = t->count();
	t->set_tval(0x80000000);
	EXPECT("TVAL smallest",
	       t->cval() >= now - 0x80000000 && t->cval() <= t->count() - 0x80000000);
	t->set_ctl(0);
	t->set_cval(0x123456789abcdef0);
	EXPECT_EQ("CVAL has 64 bits", t->cval(), 0x123456789abcdef0);
}

static void all_conditions(void)
{
	gic_init();
	for (unsigned i = 0; i < timer_count(); i++) {
		conditions(&timers[i]);
	}
}

/* WFI sleeps until the timer; the interrupt needs not be taken, nor unmasked in PSTATE. */
static void wfi_wakes(void)
{
	u64 ticks = READ(cntfrq_el0) / 100;

	gic_init();
	if (GUEST_EL() == 2)
		WRITE(hcr_el2, HCR_RW | HCR_IMO | HCR_FMO);
	for (unsigned i = 0; i < timer_count(); i++) {
		const struct timer *t = &timers[i];
		u64 start = t->count();

		gic_edge(t->intid, 0);
		gic_write_bit(ISENABLER, t->intid);
		t->set_cval(start + ticks);
		t->set_ctl(ENABLE);
		while (!(READ(isr_el1) & 1 << 7))
			INSN("wfi");
		EXPECT("not too early", t->count() >= start + ticks);
		EXPECT_EQ("the timer's", READ(icc_iar1_el1), t->intid);
		t->set_ctl(0);
		WRITE(icc_eoir1_el1, t->intid);
		gic_write_bit(ICENABLER, t->intid);
	}
}

static enum guest_action home(struct exc *e)
{
	return GUEST_HOME;
}

PROBE(forever, "1:\tadd x0, x0, #1\n\tb 1b");

/* Taken out of a loop, at the vector of the EL of the test. */
static void interrupt_taken(void)
{
	u64 el = GUEST_EL();

	gic_init();
	if (el == 2)
		WRITE(hcr_el2, HCR_RW | HCR_IMO | HCR_FMO);
	for (unsigned i = 0; i < timer_count(); i++) {
		const struct timer *t = &timers[i];

		gic_edge(t->intid, 0);
		gic_write_bit(ISENABLER, t->intid);
		t->set_tval(READ(cntfrq_el0) / 1000);
		t->set_ctl(ENABLE);
		guest_cpu()->handler = home;
		RUN(SPSR_OF_EL(el) & ~(u64)SPSR_I, forever);
		EXPECT_EQ("IRQ", guest_cpu()->exc[0].vec, VEC_SAME + VEC_IRQ);
		EXPECT_EQ("reached", t->ctl(), ENABLE | ISTATUS);
		EXPECT_EQ("acknowledge", READ(icc_iar1_el1), t->intid);
		t->set_ctl(0);
		WRITE(icc_eoir1_el1, t->intid);
		gic_write_bit(ICENABLER, t->intid);
	}
}

/* CNTVOFF moves the virtual counter and timer, neither the physical ones nor EL2's. */
static void offset(void)
{
	static const u64 offsets[] = { 0x100000000, ~0ul, 1ul << 63, 0x123456789abcdef };

	if (GUEST_EL() < 2)
		return;
	gic_init();
	for (unsigned i = 0; i < ARRAY_SIZE(offsets); i++) {
		u64 before, virt, after;

		WRITE(cntvoff_el2, offsets[i]);
		EXPECT_EQ("reads back", READ(cntvoff_el2), offsets[i]);
		before = READ(cntpct_el0);
		virt = READ(cntvct_el0);
		after = READ(cntpct_el0);
		EXPECT("CNTVCT = CNTPCT - CNTVOFF",
		       virt - (before - offsets[i]) <= after - before);
		WRITE(cntv_cval_el0, READ(cntvct_el0) - 1);
		WRITE(cntv_ctl_el0, ENABLE);
		/* "reached" is an unsigned comparison of 64 bits */
		EXPECT_EQ("reached", READ(cntv_ctl_el0), ENABLE | ISTATUS);
		WRITE(cntv_tval_el0, 0x10000000);
		EXPECT_EQ("TVAL with offset", READ(cntv_ctl_el0), ENABLE);
		EXPECT("CVAL is virtual", READ(cntv_cval_el0) - READ(cntvct_el0) <= 0x10000000);
		WRITE(cntvoff_el2, offsets[i] - 0x20000000);
		EXPECT_EQ("a smaller offset reaches it", READ(cntv_ctl_el0), ENABLE | ISTATUS);
		EXPECT_EQ("and the line follows", gic_bit(ISPENDR, 27), 1);
		WRITE(cntvoff_el2, offsets[i]);
		EXPECT_EQ("back", READ(cntv_ctl_el0), ENABLE);
		EXPECT_EQ("and the line follows", gic_bit(ISPENDR, 27), 0);
		WRITE(cntv_ctl_el0, 0);
	}
	WRITE(cntvoff_el2, 0);
}

/* CNTKCTL and CNTHCTL.EVNT*: an event now and then wakes WFE. */
static void event_stream(void)
{
	u64 start;

	INSN("sevl\n\twfe");
	WRITE(cntkctl_el1, 1ul << 2 | 4ul << 4);        /* bit 4 of CNTVCT, rising */
	start = READ(cntvct_el0);
	for (unsigned i = 0; i < 100; i++)
		INSN("wfe");
	EXPECT("100 events", READ(cntvct_el0) >= start);
	WRITE(cntkctl_el1, 0);
	if (GUEST_EL() == 2) {
		WRITE(cnthctl_el2, 3 | 1ul << 2 | 1ul << 3 | 6ul << 4);
		for (unsigned i = 0; i < 20; i++)
			INSN("wfe");
		EXPECT("20 events of CNTHCTL", 1);
		WRITE(cnthctl_el2, 3);
	}
}

GUEST_TESTS(TEST(counters), TEST(all_conditions), TEST(wfi_wakes), TEST(interrupt_taken),
	    TEST(offset), TEST(event_stream));
