/* The frame itself: going down, coming back with a value or an exception, nesting, resuming. */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 2 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 2 */
/* run: -M virt,gic-version=3,secure=on -cpu cortex-a57 -smp 1 */
#include "guest.h"

PROBE(add, "add x0, x0, x1");
PROBE(undefined, "udf #0");
PROBE(undefined_then_7, "udf #0\n\tmov x0, #7");

static u64 nested(u64 spsr)
{
	u64 sum = RUN(spsr, add, 20, 22);

	EXPECT_NO_EXC("nested add");
	RUN(spsr, undefined);
	EXPECT_EXC("nested udf", 1, spsr == SPSR_EL0 ? VEC_LOWER : VEC_SAME, ESR(0, 0), undefined);
	return sum;
}

static void runs_at_every_el(void)
{
	for (u64 el = 0; el <= guest_boot_el; el++) {
		unsigned to = el ? (unsigned)el : 1;

		if (el == 2 && !guest_has_el2())
			continue;
		EXPECT_EQ("sum", RUN(SPSR_OF_EL(el), add, 1, 2), 3);
		EXPECT_NO_EXC("add");
		RUN(SPSR_OF_EL(el), undefined);
		EXPECT_EXC("udf", to, el == guest_boot_el || el ? VEC_SAME : VEC_LOWER, ESR(0, 0),
			   undefined);
		EXPECT_EQ("SPSR", guest_cpu()->exc[0].spsr & 0xfff003ff, SPSR_OF_EL(el));
	}
}

static void nests(void)
{
	EXPECT_EQ("EL0 under EL1", RUN(SPSR_EL1, nested, SPSR_EL0), 42);
	EXPECT_EQ("EL1 under EL1", RUN(SPSR_EL1, nested, SPSR_EL1), 42);
}

static enum guest_action skip(struct exc *e)
{
	e->elr += 4;
	return GUEST_RESUME;
}

static void handler_resumes(void)
{
	guest_cpu()->handler = skip;
	EXPECT_EQ("skipped", RUN(SPSR_EL0, undefined_then_7), 7);
	EXPECT_EQ("exceptions", guest_cpu()->n_exc, 1);
}

static volatile u64 seen;

static void secondary(u64 arg)
{
	seen = RUN(SPSR_EL0, add, arg, guest_cpu_number());
}

static void secondary_starts(void)
{
	if (!guest_has_el2())
		return;         /* the runs without EL2 have one CPU */
	EXPECT("start", guest_start_cpu(1, secondary, 0x100));
	for (u64 i = 0; i < 100000000 && !seen; i++)
		;
	EXPECT_EQ("second CPU", seen, 0x101);
}

GUEST_TESTS(TEST(runs_at_every_el), TEST(nests), TEST(handler_resumes), TEST(secondary_starts));
