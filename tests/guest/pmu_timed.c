/*
 * Events that only a timing model can count: caches, branch prediction, stalls. What a known number of lines and branches makes of them, and
 * that PMCEID<n>_EL0 names what the core's silicon has. The caches are on: stage 1 maps all memory to itself.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a53 -smp 1 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3 -cpu neoverse-n1 -smp 1 */
/* ours: --timing */
/* ours-alone: QEMU has no timing model */
#include "guest.h"
#include "bits.h"
#include "pmu.h"

enum {
	L1D_CACHE_REFILL = 3, L1D_CACHE = 4, BR_MIS_PRED = 0x10, CPU_CYCLES = 0x11, BR_PRED = 0x12, L2D_CACHE = 0x16, L2D_CACHE_REFILL = 0x17,
	LINES = 64, STRIDE = 3 * 64, /* no sequence for the prefetcher */
};

static u8 data[LINES * STRIDE] __attribute__((aligned(4096)));

static int has(unsigned event)
{
	return READ(pmceid0_el0) >> event & 1;
}

static void caches_on(void)
{
	u64 *root = pt_new();

	pt_identity(root, 1, PT_S1_DEVICE, PT_S1_NORMAL);
	WRITE(mair_el1, PT_MAIR);
	WRITE(tcr_el1, PT_TCR_EL1);
	WRITE(ttbr0_el1, root);
	INSN("tlbi vmalle1\n\tdsb sy\n\tisb");
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I);
}

static void count(unsigned n, unsigned event)
{
	pmu_write_type(n, event);
	pmu_write(n, 0);
}

static void expect_range(const char *what, u64 got, u64 low, u64 high)
{
	/* the number itself stands in the message of a failure */
	EXPECT_EQ(what, got >= low && got <= high ? low : got, low);
}

static void touch_all(void)
{
	asm volatile("mov x9, %0\n\tmov x10, #%c1\n1:\tldr x11, [x9], #%c2\n\tsubs x10, x10, #1\n\tb.ne 1b\n\tdsb sy"
		     : : "r"(data), "i"(LINES), "i"(STRIDE) : "x9", "x10", "x11", "memory", "cc");
}

static void measure(void (*what)(void))
{
	WRITE(pmcntenset_el0, 15);
	WRITE(pmcr_el0, PMCR_E | PMCR_LC);
	what();
	WRITE(pmcr_el0, PMCR_LC);
}

static void caches(void)
{
	caches_on();
	EXPECT("PMCEID0_EL0 has the caches", has(L1D_CACHE_REFILL) && has(L1D_CACHE) && has(L2D_CACHE) && has(L2D_CACHE_REFILL));
	EXPECT("and branch prediction", has(BR_MIS_PRED) && has(BR_PRED));
	pmu_quiet();
	touch_all();
	count(0, L1D_CACHE);
	count(1, L1D_CACHE_REFILL);
	count(2, L2D_CACHE_REFILL);
	measure(touch_all);
	/* a few more by the return from the function and its stack */
	expect_range("a lookup a load", pmu_read(0), LINES, LINES + 8);
	expect_range("lines that are there", pmu_read(1), 0, 2);
	expect_range("nor from memory, but for a line of code", pmu_read(2), 0, 2);
	pmu_quiet();
}

/* Taken once in two by a pattern that the history knows: after a while every one is predicted. */
static void branches(void)
{
	asm volatile("mov x9, #0\n1:\ttbz x9, #0, 2f\n\tnop\n2:\tadd x9, x9, #1\n\tcmp x9, #2000\n\tb.ne 1b" : : : "x9", "cc");
}

static void prediction(void)
{
	pmu_quiet();
	branches();
	count(0, BR_PRED);
	count(1, BR_MIS_PRED);
	measure(branches);
	expect_range("two conditional branches a round", pmu_read(0), 4000, 4008);
	expect_range("all but the last known", pmu_read(1), 1, 60);
	pmu_quiet();
}

GUEST_TESTS(TEST(caches), TEST(prediction));
