/*
 * The Performance Monitors by their registers (DDI0487 D11, D19.5), counting with PMSWINC_EL0, so that
 * every count is known: control and set/clear registers, PMSELR_EL0, filters by exception level and
 * security state, MDCR_EL2.HPMN, HPME and HPMD, MDCR_EL3.SPME, overflow and its interrupt (PPI 23), the
 * cycle counter as far as any speed allows. Exact counts of instructions and cycles: pmu_exact.c.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a53 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a72 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,secure=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu max -smp 1 */
#include "pmu.h"

#ifndef STRICT
#define STRICT 0
#endif

PROBE(swinc, "msr pmswinc_el0, x0\n\tisb");
PROBE(read_pmcr, "mrs x0, pmcr_el0");
PROBE(write_pmcr, "msr pmcr_el0, x0\n\tisb\n\tmrs x0, pmcr_el0");
PROBE(enable_all, "msr pmcntenset_el0, x0\n\tisb\n\tmrs x0, pmcntenset_el0");
PROBE(enabled, "mrs x0, pmcntenset_el0");

static void fixed_fields(void)
{
	u64 pmcr, ids;

	pmu_quiet();
	pmcr = READ(pmcr_el0);
	EXPECT_EQ("PMCR_EL0.N", pmcr >> 11 & 31, 6);
	EXPECT_EQ("PMCR_EL0.E", pmcr & 1, 0);
	WRITE(pmcr_el0, 0x3e | BIT(8) | BIT(9) | BIT(10) | 0xfffff800ul);
	EXPECT_EQ("P and C read 0, D, X, DP hold, the rest is fixed", READ(pmcr_el0) & ~(BIT(6) | BIT(7)),
		  (pmcr & 0xfffff800) | 0x38);
	WRITE(pmcr_el0, PMCR_LC);
	EXPECT_EQ("LC", READ(pmcr_el0) & 0x7f, PMCR_LC);
	WRITE(pmcr_el0, 0);
	ids = READ(pmceid0_el0);
	EXPECT("SW_INCR is there", ids & BIT(0));
	EXPECT("CPU_CYCLES is there", ids & BIT(17));
}

static void sets(void)
{
	pmu_quiet();
	WRITE(pmcntenset_el0, ~0ul);
	EXPECT_EQ("six and the cycle counter", READ(pmcntenclr_el0), 0x8000003f);
	WRITE(pmcntenclr_el0, BIT(31) | 5);
	EXPECT_EQ("cleared", READ(pmcntenset_el0), 0x3a);
	WRITE(pmcntenclr_el0, ~0ul);
	WRITE(pmintenset_el1, BIT(31) | 0x15);
	EXPECT_EQ("set", READ(pmintenclr_el1), 0x80000015);
	WRITE(pmintenclr_el1, ~0ul);
	EXPECT_EQ("all clear", READ(pmintenset_el1), 0);
	WRITE(pmovsset_el0, ~0ul);
	EXPECT_EQ("overflow", READ(pmovsclr_el0), 0x8000003f);
	WRITE(pmovsclr_el0, 0x80000001);
	EXPECT_EQ("overflow cleared", READ(pmovsset_el0), 0x3e);
	WRITE(pmovsclr_el0, ~0ul);
	EXPECT_EQ("none", READ(pmovsset_el0), 0);
}

static void selected(void)
{
	pmu_quiet();
	for (unsigned n = 0; n < 6; n++) {
		WRITE(pmselr_el0, n);
		WRITE(pmxevtyper_el0, BIT(31) + n);
		WRITE(pmxevcntr_el0, 0x100 + n);
	}
	EXPECT_EQ("PMEVTYPER0", READ(pmevtyper0_el0), BIT(31));
	EXPECT_EQ("PMEVTYPER5", READ(pmevtyper5_el0), BIT(31) + 5);
	EXPECT_EQ("PMEVCNTR3", READ(pmevcntr3_el0), 0x103);
	WRITE(pmevcntr4_el0, 0x87654321);
	WRITE(pmselr_el0, 4);
	EXPECT_EQ("PMXEVCNTR", READ(pmxevcntr_el0), 0x87654321);
	WRITE(pmselr_el0, 31);
	WRITE(pmxevtyper_el0, BIT(30));
	EXPECT_EQ("31 is PMCCFILTR", READ(pmccfiltr_el0), BIT(30));
	EXPECT_EQ("read so", READ(pmxevtyper_el0), BIT(30));
	WRITE(pmccfiltr_el0, 0);
	WRITE(pmselr_el0, 0);
}

/* The boot EL is Secure when it is EL3. */
static void secure_counts(void)
{
	if (guest_boot_el == 3)
		WRITE(mdcr_el3, MDCR_SPME);
}

static void counting(void)
{
	pmu_quiet();
	secure_counts();
	pmu_software(0x3f, PMTYPE_NSH);
	WRITE(pmcntenset_el0, 0x1f);
	WRITE(pmswinc_el0, 0x3f);
	EXPECT_EQ("PMCR_EL0.E is 0", READ(pmevcntr0_el0), 0);
	WRITE(pmcr_el0, PMCR_E);
	WRITE(pmswinc_el0, 0x3f);
	WRITE(pmswinc_el0, 5);
	EXPECT_EQ("two", READ(pmevcntr0_el0), 2);
	EXPECT_EQ("one", READ(pmevcntr1_el0), 1);
	EXPECT_EQ("two of 2", READ(pmevcntr2_el0), 2);
	EXPECT_EQ("5 is not enabled", READ(pmevcntr5_el0), 0);
	WRITE(pmevtyper1_el0, PMTYPE_NSH | 0x3ff);
	WRITE(pmswinc_el0, 3);
	EXPECT_EQ("another event", READ(pmevcntr1_el0), 1);
	EXPECT_EQ("three", READ(pmevcntr0_el0), 3);
	WRITE(pmcr_el0, PMCR_E | PMCR_P);
	EXPECT_EQ("reset", READ(pmevcntr0_el0) | READ(pmevcntr2_el0), 0);
	pmu_quiet();
}

/* Who makes the event. */
enum { NS0 = 1, NS1 = 2, NS2 = 4, S0 = 8, S1 = 16, S3 = 32, WORLDS = 6 };
#define NS (NS0 | NS1)
#define S (S0 | S1)

static int enter_world(unsigned w)
{
	static const u8 el[WORLDS] = { 0, 1, 2, 0, 1, 3 };
	int secure = w >= 3;

	if (secure && guest_boot_el < 3)
		return -1;
	if (el[w] == 2 && !guest_has_el2())
		return -1;
	/* QEMU 11.1 takes the frame's HVC from Secure EL1 to EL2, and MDCR_EL2.HPMN for 0 while SCR_EL3.NS is 0 */
	if (secure && guest_has_el2() && !STRICT)
		return -1;
	if (guest_boot_el == 3)
		WRITE(scr_el3, SCR_DEFAULT & (secure ? ~SCR_NS : ~0ul));
	return el[w];
}

static void leave_world(void)
{
	if (guest_boot_el == 3)
		WRITE(scr_el3, SCR_DEFAULT);
}

/* Which of the worlds count with that type (and controls), as a mask; `there`: the worlds that exist. */
static unsigned who_counts(unsigned n, u64 type, unsigned *there)
{
	unsigned mask = 0;

	*there = 0;
	for (unsigned w = 0; w < WORLDS; w++) {
		int el = enter_world(w);

		if (el < 0)
			continue;
		*there |= 1u << w;
		pmu_write_type(n, type);
		pmu_write(n, 0);
		RUN(SPSR_OF_EL(el), swinc, 1u << n);
		EXPECT_NO_EXC("PMSWINC");
		leave_world();
		mask |= (unsigned)pmu_read(n) << w;
	}
	return mask;
}

/* The manual's words for each field, with what Secure state may count allowed. */
static const struct {
	const char *what;
	u64 type;
	unsigned counts;
	unsigned el3; /* its fields are there with EL3 alone */
} filters[] = {
	{ "nothing", 0, NS | S | S3, 0 },
	{ "NSH", PMTYPE_NSH, NS | S | S3 | NS2, 0 },
	{ "P", PMTYPE_P, NS0 | S0, 0 },
	{ "U", PMTYPE_U, NS1 | S1 | S3, 0 },
	{ "P, U", PMTYPE_P | PMTYPE_U, 0, 0 },
	{ "P, U, NSH", PMTYPE_P | PMTYPE_U | PMTYPE_NSH, NS2, 0 },
	{ "NSK", PMTYPE_NSK, NS0 | S | S3, 1 },
	{ "P, NSK", PMTYPE_P | PMTYPE_NSK, NS | S0, 1 },
	{ "NSU", PMTYPE_NSU, NS1 | S | S3, 1 },
	{ "U, NSU", PMTYPE_U | PMTYPE_NSU, NS | S1 | S3, 1 },
	{ "M", PMTYPE_M, NS | S, 1 },
	{ "P, M", PMTYPE_P | PMTYPE_M, NS0 | S0 | S3, 1 },
	{ "EL3 alone", PMTYPE_P | PMTYPE_U | PMTYPE_M, S3, 1 },
	{ "Non-secure EL1 alone", PMTYPE_P | PMTYPE_NSK | PMTYPE_U, NS1, 1 },
	{ "Secure EL1 alone", PMTYPE_NSK | PMTYPE_U | PMTYPE_M, S1, 1 },
	{ "Non-secure EL0 alone", PMTYPE_P | PMTYPE_U | PMTYPE_NSU, NS0, 1 },
};

static void filter_fields(void)
{
	unsigned there;

	pmu_quiet();
	secure_counts();
	WRITE(pmcntenset_el0, 2);
	WRITE(pmcr_el0, PMCR_E);
	for (unsigned i = 0; i < ARRAY_SIZE(filters); i++) {
		unsigned got = who_counts(1, filters[i].type, &there);

		if (filters[i].el3 && guest_boot_el < 3)
			continue;
		EXPECT_EQ(filters[i].what, got, filters[i].counts & there);
	}
	if (guest_boot_el == 3) {
		WRITE(mdcr_el3, 0);
		EXPECT_EQ("SPME is 0", who_counts(1, PMTYPE_NSH, &there), (NS | NS2) & there);
	}
	pmu_quiet();
}

/* E2H and TGE: EL0 is still EL0. */
static void host(void)
{
	if (!guest_has_el2() || !(READ(id_aa64mmfr1_el1) >> 8 & 15) || guest_boot_el != 2)
		return;
	pmu_quiet();
	WRITE(pmcntenset_el0, 7);
	WRITE(pmcr_el0, PMCR_E);
	pmu_write_type(0, PMTYPE_U);
	pmu_write_type(1, PMTYPE_P | PMTYPE_NSH);
	pmu_write_type(2, PMTYPE_P);
	WRITE(hcr_el2, HCR_RW | HCR_E2H | HCR_TGE);
	WRITE(pmswinc_el0, 7);
	RUN(SPSR_EL0, swinc, 7);
	WRITE(hcr_el2, HCR_RW);
	EXPECT_EQ("U", pmu_read(0), 0);
	EXPECT_EQ("P, NSH: EL2 and EL0", pmu_read(1), 2);
	EXPECT_EQ("P: EL0", pmu_read(2), 1);
	pmu_quiet();
}

/* HPMN = 4: EL1 has 0..3. */
static void partition(void)
{
	u64 all[6];

	if (!guest_has_el2())
		return;
	pmu_quiet();
	secure_counts();
	pmu_software(0x3f, PMTYPE_NSH);
	WRITE(mdcr_el2, 4);
	EXPECT_EQ("N at EL1", RUN(SPSR_EL1, read_pmcr) >> 11 & 31, 4);
	EXPECT_EQ("N at EL2", READ(pmcr_el0) >> 11 & 31, 6);
	if (STRICT) {
		EXPECT_EQ("EL1 enables", RUN(SPSR_EL1, enable_all, ~0ul), 0x8000000f);
		EXPECT_EQ("its own", READ(pmcntenset_el0), 0x8000000f);
	}
	WRITE(pmcntenset_el0, 0x8000003f);
	if (STRICT)
		EXPECT_EQ("EL1 sees", RUN(SPSR_EL1, enabled), 0x8000000f);
	WRITE(pmcr_el0, PMCR_E);
	WRITE(pmswinc_el0, 0x3f);
	EXPECT_EQ("E: the first", pmu_read(3), 1);
	EXPECT_EQ("not the others", pmu_read(4), 0);
	WRITE(mdcr_el2, 4 | MDCR_HPME);
	WRITE(pmcr_el0, 0);
	WRITE(pmswinc_el0, 0x3f);
	EXPECT_EQ("HPME: not the first", pmu_read(3), 1);
	EXPECT_EQ("the others", pmu_read(4), 1);
	WRITE(pmcr_el0, PMCR_E);
	RUN(SPSR_EL1, swinc, STRICT ? 0x3f : 0xf);
	EXPECT_EQ("EL1 increments its own", pmu_read(3), 2);
	EXPECT_EQ("not EL2's", pmu_read(5), 1);
	EXPECT_EQ("P at EL1", RUN(SPSR_EL1, write_pmcr, PMCR_E | PMCR_P) & 7, PMCR_E);
	for (unsigned n = 0; n < 6; n++)
		all[n] = pmu_read(n);
	EXPECT_EQ("resets the first", all[0] | all[1] | all[2] | all[3], 0);
	if (STRICT)
		EXPECT_EQ("not the others", all[4] + all[5], 2);
	WRITE(pmcr_el0, PMCR_P);
	EXPECT_EQ("P at EL2 resets all", pmu_read(4) | pmu_read(5), 0);
	pmu_quiet();
}

/* FEAT_PMUv3p1: MDCR_EL2.HPMD stops EL1's counters at EL2. */
static void prohibited_at_el2(void)
{
	unsigned there;

	if (!guest_has_el2() || pmu_version() < 4)
		return;
	pmu_quiet();
	WRITE(pmcntenset_el0, 0x3f);
	WRITE(pmcr_el0, PMCR_E);
	WRITE(mdcr_el2, 4 | MDCR_HPMD | MDCR_HPME);
	EXPECT_EQ("one of EL1's", who_counts(3, PMTYPE_NSH, &there), NS);
	RUN(SPSR_EL2, swinc, 0x10);
	pmu_write_type(5, PMTYPE_NSH);
	RUN(SPSR_EL2, swinc, 0x20);
	EXPECT_EQ("one of EL2's", pmu_read(5), 1);
	pmu_quiet();
}

/* The line of PPI 23 as the redistributor sees it. */
static unsigned line(void)
{
	BARRIER();
	return *(volatile u32 *)0x080b0200 >> 23 & 1; /* GICR_ISPENDR0 */
}

static void overflow(void)
{
	pmu_quiet();
	pmu_software(3, PMTYPE_NSH);
	WRITE(pmcntenset_el0, 3);
	WRITE(pmcr_el0, PMCR_E);
	secure_counts();
	pmu_write(0, 0xfffffffe);
	pmu_write(1, 0xffffffff);
	WRITE(pmswinc_el0, 1);
	EXPECT_EQ("not yet", READ(pmovsset_el0), 0);
	WRITE(pmswinc_el0, 1);
	EXPECT_EQ("wraps", pmu_read(0) & 0xffffffff, 0);
	EXPECT_EQ("overflow bit", READ(pmovsset_el0), 1);
	EXPECT_EQ("no interrupt", line(), 0);
	WRITE(pmintenset_el1, 1);
	EXPECT_EQ("enabled: interrupt", line(), 1);
	WRITE(pmcr_el0, 0);
	if (STRICT)
		EXPECT_EQ("E is 0: none", line(), 0);
	WRITE(pmcr_el0, PMCR_E);
	EXPECT_EQ("E", line(), 1);
	WRITE(pmintenclr_el1, 1);
	EXPECT_EQ("disabled", line(), 0);
	WRITE(pmintenset_el1, 3);
	WRITE(pmovsclr_el0, 1);
	EXPECT_EQ("cleared", line(), 0);
	WRITE(pmswinc_el0, 2);
	EXPECT_EQ("the other one", READ(pmovsclr_el0), 2);
	EXPECT_EQ("its interrupt", line(), 1);
	WRITE(pmovsclr_el0, 2);
	EXPECT_EQ("gone", line(), 0);
	WRITE(pmovsset_el0, 2);
	EXPECT_EQ("by software", line(), 1);
	pmu_quiet();
	EXPECT_EQ("quiet", line(), 0);
}

static void cycles(void)
{
	u64 a, b, c;

	pmu_quiet();
	secure_counts();
	WRITE(pmccfiltr_el0, PMTYPE_NSH);
	WRITE(pmccntr_el0, 0x123456789abcdef);
	EXPECT_EQ("stands still", READ(pmccntr_el0), 0x123456789abcdef);
	WRITE(pmcntenset_el0, BIT(31));
	WRITE(pmcr_el0, PMCR_E | PMCR_LC);
	a = READ(pmccntr_el0);
	for (volatile unsigned i = 0; i < 1000; i++)
		;
	b = READ(pmccntr_el0);
	EXPECT("counts", b > a && a >= 0x123456789abcdef);
	WRITE(pmcr_el0, PMCR_E | PMCR_LC | PMCR_C);
	EXPECT("C resets it", READ(pmccntr_el0) < 1000000);
	WRITE(pmcr_el0, PMCR_LC);
	c = READ(pmccntr_el0);
	EXPECT_EQ("stops", READ(pmccntr_el0), c);
	/* 32 bits long, the register still has 64 */
	WRITE(pmccntr_el0, 0xffffffffu);
	WRITE(pmcr_el0, PMCR_E);
	for (volatile unsigned i = 0; i < 1000; i++)
		;
	WRITE(pmcr_el0, 0);
	EXPECT("bit 31 carries", READ(pmccntr_el0) >> 32 == 1);
	EXPECT_EQ("that is an overflow", READ(pmovsclr_el0), BIT(31));
	WRITE(pmovsclr_el0, BIT(31));
	WRITE(pmccntr_el0, 0xffffffffu);
	WRITE(pmcr_el0, PMCR_E | PMCR_LC);
	for (volatile unsigned i = 0; i < 1000; i++)
		;
	WRITE(pmcr_el0, PMCR_LC);
	EXPECT_EQ("not of 64 bits", READ(pmovsclr_el0), 0);
	WRITE(pmccntr_el0, ~0ul);
	WRITE(pmcr_el0, PMCR_E | PMCR_LC);
	for (volatile unsigned i = 0; i < 1000; i++)
		;
	WRITE(pmcr_el0, PMCR_LC);
	EXPECT_EQ("of 64 bits", READ(pmovsclr_el0), BIT(31));
	pmu_quiet();
}

/* FEAT_PMUv3p5: event counters of 64 bits, PMCR_EL0.LP and MDCR_EL2.HLP. */
static void long_counters(void)
{
	if (pmu_version() < 6)
		return;
	pmu_quiet();
	pmu_software(3, PMTYPE_NSH);
	WRITE(pmcntenset_el0, 3);
	pmu_write(0, 0xffffffff);
	WRITE(pmcr_el0, PMCR_E);
	WRITE(pmswinc_el0, 1);
	EXPECT_EQ("32 bits overflow", READ(pmovsset_el0), 1);
	EXPECT_EQ("the counter goes on", pmu_read(0), 1ul << 32);
	WRITE(pmovsclr_el0, 1);
	pmu_write(0, 0xffffffff);
	WRITE(pmcr_el0, PMCR_E | PMCR_LP);
	WRITE(pmswinc_el0, 1);
	EXPECT_EQ("64 bits do not", READ(pmovsset_el0), 0);
	pmu_write(0, ~0ul);
	WRITE(pmswinc_el0, 1);
	EXPECT_EQ("now they do", READ(pmovsset_el0), 1);
	EXPECT_EQ("and wrap", pmu_read(0), 0);
	WRITE(pmovsclr_el0, 1);
	WRITE(mdcr_el2, MDCR_HPME | 1);
	pmu_write(1, 0xffffffff);
	WRITE(pmswinc_el0, 2);
	EXPECT_EQ("EL2's of 32 bits", READ(pmovsset_el0), 2);
	WRITE(pmovsclr_el0, 2);
	pmu_write(1, 0xffffffff);
	WRITE(mdcr_el2, MDCR_HPME | MDCR_HLP | 1);
	WRITE(pmswinc_el0, 2);
	EXPECT_EQ("of 64 bits", READ(pmovsset_el0), 0);
	pmu_quiet();
}

GUEST_TESTS(TEST(fixed_fields), TEST(sets), TEST(selected), TEST(counting), TEST(filter_fields), TEST(host), TEST(partition),
	    TEST(prohibited_at_el2), TEST(overflow), TEST(cycles), TEST(long_counters));
