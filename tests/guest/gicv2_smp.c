/* GICv2 of two CPUs: targets, banked registers, SGIs with their senders. */
/* run: -M virt,gic-version=2 -cpu cortex-a57 -smp 2 */
#ifndef STRICT
#define STRICT 0
#endif
#include "gicv2.h"

#define A 40u

static volatile u64 done, go, answer;
static volatile u32 ask;

enum { ASK_TAKE = 1, ASK_TARGETS, ASK_SGI, ASK_HPPIR };

static u64 serve(u32 what)
{
	switch (what) {
	case ASK_TAKE:
		return take();
	case ASK_TARGETS:
		return GICD(ITARGETSR);
	case ASK_SGI: /* SGI 4 to CPU 0 */
		GICD(SGIR) = 1u << 16 | 4;
		return 0;
	case ASK_HPPIR:
		return GICC(HPPIR);
	}
	return 0;
}

static void other(u64 unused)
{
	gicv2_cpu_init();
	for (u64 seen = 0;;) {
		while (go == seen)
			BARRIER();
		seen = go;
		answer = serve(ask);
		BARRIER();
		done = seen;
		BARRIER();
	}
}

static u64 at_other(u32 what)
{
	u64 n = go + 1;

	ask = what;
	BARRIER();
	go = n;
	BARRIER();
	while (done != n)
		BARRIER();
	return answer;
}

static void setup(void)
{
	static int started;

	gicv2_init();
	if (!started)
		started = guest_start_cpu(1, other, 0);
	EXPECT("CPU 1 runs", started);
	at_other(0);
}

static void targets(void)
{
	setup();
	EXPECT_EQ("two CPUs", GICD(TYPER) >> 5 & 7, 1);
	EXPECT_EQ("I am 0", GICD(ITARGETSR), 0x01010101);
	EXPECT_EQ("the other is 1", at_other(ASK_TARGETS), 0x02020202);
	ready(A, 0x80);
	GICD8(ITARGETSR + A) = 0xfe;
	if (STRICT)
		EXPECT_EQ("only CPUs that are there", GICD8(ITARGETSR + A), 2);
	set_bit(ISPENDR, A);
	EXPECT_EQ("not here", GICC(IAR), SPURIOUS);
	EXPECT_EQ("there", at_other(ASK_TAKE), A);
	GICD8(ITARGETSR + A) = 3;
	set_bit(ISPENDR, A);
	EXPECT_EQ("pending there", at_other(ASK_HPPIR), A);
	EXPECT_EQ("pending here", GICC(HPPIR), A);
	EXPECT_EQ("one gets it", GICC(IAR), A);
	if (STRICT)
		EXPECT_EQ("the other does not", at_other(ASK_TAKE), SPURIOUS);
	GICC(EOIR) = A;
	GICD8(ITARGETSR + A) = 0;
	set_bit(ISPENDR, A);
	EXPECT_EQ("nobody", GICC(HPPIR), SPURIOUS);
}

static void senders(void)
{
	setup();
	at_other(ASK_SGI);
	GICD(SGIR) = 1u << 16 | 4;
	BARRIER();
	EXPECT_EQ("both sent it", GICD8(SPENDSGIR + 4), 3);
	EXPECT_EQ("from me first", GICC(IAR), 4);
	EXPECT_EQ("the second waits", GICC(IAR), SPURIOUS);
	GICC(EOIR) = 4;
	EXPECT_EQ("from the other", GICC(IAR), 1u << 10 | 4);
	GICC(EOIR) = 1u << 10 | 4;
	EXPECT_EQ("none", GICC(IAR), SPURIOUS);
	GICD(SGIR) = 1u << 24 | 9;
	BARRIER();
	EXPECT_EQ("all but me", GICC(IAR), SPURIOUS);
	EXPECT_EQ("from 0", at_other(ASK_TAKE), 9);
}

GUEST_TESTS(TEST(targets), TEST(senders));
