/*
 * Exceptions are precise: at every place of a long straight run of instructions an undefined one, a
 * faulting load, a system call, a breakpoint, a step or a virtual interrupt finds all before it
 * done and nothing after it; flags computed just before are in SPSR; and a run resumed behind it
 * ends as usual.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

#define LENGTH 80               /* longer than a translated block is likely to be */
#define VOID 0x0b000000ul       /* device space without a device: external abort */

#define ADD_1(rd) (0x91000400u | (u32)(rd) << 5 | (u32)(rd))
#define UDF 0u
#define LDR_X3_X9 0xf9400123u
#define STR_X3_X9 0xf9000123u
#define SVC_0 0xd4000001u
#define RET 0xd65f03c0u

/* aligned so that the run is in one page, or, the second, across two */
static u32 pages[2048] __attribute__((aligned(4096)));
static u64 readable = 0x1234;

static void publish(const u32 *from, const u32 *to)
{
	for (; from < to; from += 16)
		asm volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0" : : "r"(from) : "memory");
	INSN("dsb ish\n\tisb");
}

/* x0..x2 count in turn; at place `at` stands `word` (none when at < 0) */
static void build(volatile u32 *code, int at, u32 word)
{
	for (int i = 0; i < LENGTH; i++)
		code[i] = i == at ? word : ADD_1(i % 3);
	code[LENGTH] = RET;
	publish((const u32 *)code, (const u32 *)code + LENGTH + 1);
}

/* how often the run has incremented register r when it stops before place `at` */
static u64 increments(int at, int skipped, int r)
{
	u64 n = 0;

	for (int i = 0; i < at; i++)
		n += i % 3 == r && i != skipped;
	return n;
}

static void check_registers(const char *what, int at, int skipped)
{
	const struct exc *e = guest_cpu()->exc;

	for (int r = 0; r < 3; r++)
		EXPECT_EQ(what, e->x[r], increments(at, skipped, r));
}

/* the address for the loads goes through x9, which guest_run() does not set */
PROBE(with_x9, "mov x9, x3\n\tmov x16, x0\n\tmov x0, #0\n\tmov x1, #0\n\tmov x2, #0\n\tmov x3, "
	       "#77\n\tbr x16");

static void run(const u32 *code, u64 spsr, u64 x9)
{
	RUN(spsr, with_x9, code, 0, 0, x9);
}

static void synchronous(const u32 *code)
{
	static const struct {
		const char *name;
		u32 word;
		u64 esr;
		int next;               /* ELR is the next instruction */
	} kinds[] = {
		{ "udf", UDF, ESR(EC_UNKNOWN, 0), 0 },
		{ "svc", SVC_0, ESR(EC_SVC, 0), 1 },
		{ "load", LDR_X3_X9, ESR(EC_DABT_LOWER, FSC_EXTERNAL), 0 },
	};

	for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++) {
		for (int at = 0; at < LENGTH; at++) {
			build((volatile u32 *)code, at, kinds[k].word);
			run(code, SPSR_EL0, VOID);
			EXPECT_EXC(kinds[k].name, 1, VEC_LOWER, kinds[k].esr,
				   code + at + kinds[k].next);
			check_registers(kinds[k].name, at, -1);
			EXPECT_EQ(kinds[k].name, guest_cpu()->exc[0].x[3], 77);
		}
	}
}

static void in_one_page(void)
{
	synchronous(pages);
}

static void across_pages(void)
{
	synchronous(&pages[1024 - LENGTH / 2]);
}

static u64 after[3];

static enum guest_action resume(struct exc *e)
{
	if (e->esr >> 26 == EC_UNKNOWN)
		e->elr += 4;
	return GUEST_RESUME;
}

PROBE(with_x9_and_result, "mov x9, x3\n\tmov x17, x1\n\tmov x18, x30\n\tmov x16, x0\n\tmov x0, "
			  "#0\n\tmov x1, #0\n\tmov x2, #0\n\t"
			  "blr x16\n\tstp x0, x1, [x17]\n\tstr x2, [x17, #16]\n\tmov x30, x18");

static void resumed(void)
{
	guest_cpu()->handler = resume;
	for (int at = 0; at < LENGTH; at++) {
		build(pages, at, at & 1 ? UDF : SVC_0);
		RUN(SPSR_EL0, with_x9_and_result, pages, after);
		for (int r = 0; r < 3; r++)
			EXPECT_EQ("all others done", after[r], increments(LENGTH, at, r));
		EXPECT_EQ("exceptions", guest_cpu()->n_exc, 1);
	}
}

static void breakpoint_everywhere(void)
{
	WRITE(oslar_el1, 0);
	WRITE(mdscr_el1, MDSCR_MDE);
	build(pages, -1, 0);
	for (int at = 0; at < LENGTH; at++) {
		WRITE(dbgbvr0_el1, &pages[at]);
		WRITE(dbgbcr0_el1, 1 | 2 << 1 | 0xf << 5);
		run(pages, SPSR_EL0, 0);
		EXPECT_EXC("breakpoint", 1, VEC_LOWER, ESR(EC_BREAKPT_LOWER, FSC_DEBUG),
			   &pages[at]);
		check_registers("breakpoint", at, -1);
	}
	WRITE(dbgbcr0_el1, 0);
}

static int steps;
static u64 wrong_steps;

static enum guest_action step_on(struct exc *e)
{
	if (e->esr >> 26 != EC_STEP_LOWER)
		return GUEST_HOME;
	if (e->elr >= (u64)pages && e->elr < (u64)&pages[LENGTH]) {
		if (e->elr != (u64)&pages[steps] || e->x[0] != increments(steps, -1, 0))
			wrong_steps++;
		steps++;
	}
	e->spsr |= SPSR_SS;
	return GUEST_RESUME;
}

static void every_step(void)
{
	WRITE(oslar_el1, 0);
	WRITE(mdscr_el1, MDSCR_SS);
	guest_cpu()->handler = step_on;
	build(pages, -1, 0);
	steps = 0;
	run(pages, SPSR_EL0 | SPSR_SS, 0);
	EXPECT_EQ("steps", steps, LENGTH);
	EXPECT_EQ("wrong steps", wrong_steps, 0);
}

/* A watched store: the run stops before it, with nothing stored. */
static void watchpoint_everywhere(void)
{
	WRITE(oslar_el1, 0);
	WRITE(mdscr_el1, MDSCR_MDE);
	WRITE(dbgwvr0_el1, &readable);
	WRITE(dbgwcr0_el1, 1 | 2 << 1 | 3 << 3 | 0xff << 5);
	for (int at = 0; at < LENGTH; at += 3) {
		build(pages, at, STR_X3_X9);
		run(pages, SPSR_EL0, (u64)&readable);
		EXPECT_EXC("watchpoint", 1, VEC_LOWER, ESR(EC_WATCHPT_LOWER, FSC_DEBUG | ISS_WNR),
			   &pages[at]);
		check_registers("watchpoint", at, -1);
	}
	WRITE(dbgwcr0_el1, 0);
	EXPECT_EQ("not stored", readable, 0x1234);
}

/* MSR DAIFClr in the middle: the pending virtual IRQ is taken right behind it. */
static void interrupt_everywhere(void)
{
	for (int at = 0; at < LENGTH; at += 5) {
		build(pages, at, 0xd50342ff);           /* MSR DAIFClr, #2 */
		WRITE(hcr_el2, HCR_RW | HCR_IMO | HCR_VI);
		run(pages, SPSR_EL1, 0);
		WRITE(hcr_el2, HCR_RW);
		EXPECT_EQ("vector", guest_cpu()->exc[0].vec, VEC_SAME + VEC_IRQ);
		EXPECT_EQ("ELR", guest_cpu()->exc[0].elr, &pages[at + 1]);
		check_registers("interrupt", at, -1);
	}
}

/* Flags: each way to compute them, right before the exception. x0, x1 are operands. */
#define N 8ul
#define Z 4ul
#define C 2ul
#define V 1ul
PROBE(f_adds, "adds x2, x0, x1\n\tudf #0");
PROBE(f_adds_w, "adds w2, w0, w1\n\tudf #0");
PROBE(f_subs, "subs x2, x0, x1\n\tudf #0");
PROBE(f_subs_w, "subs w2, w0, w1\n\tudf #0");
PROBE(f_cmp_load, "cmp x0, x1\n\tldr x2, [x3]");
PROBE(f_ands, "ands x2, x0, x1\n\tudf #0");
PROBE(f_bics_w, "bics w2, w0, w1\n\tudf #0");
PROBE(f_adcs, "cmp x0, x0\n\tadcs x2, x0, x1\n\tudf #0");
PROBE(f_sbcs, "cmn x0, xzr\n\tsbcs x2, x0, x1\n\tudf #0");
PROBE(f_ccmp_true, "cmp x0, x0\n\tccmp x0, x1, #15, eq\n\tudf #0");
PROBE(f_ccmp_false, "cmp x0, x0\n\tccmp x0, x1, #9, ne\n\tudf #0");
PROBE(f_fcmp, "fmov d0, x0\n\tfmov d1, x1\n\tfcmp d0, d1\n\tudf #0");
PROBE(f_dead, "adds x2, x0, x1\n\tands x2, x0, xzr\n\tudf #0");
PROBE(f_kept, "subs x2, x0, x1\n\tadd x2, x2, #1\n\tmul x2, x2, x2\n\tldr x2, [x3]");

static void flags(void)
{
	const u64 min = 1ul << 63, max = min - 1, nan = 0x7ff8000000000000,
		  one = 0x3ff0000000000000;
	const struct {
		const char *name;
		const u32 *probe;
		u64 a, b, nzcv;
	} rows[] = {
		{ "adds", f_adds, 1, ~0ul, Z | C },
		{ "adds", f_adds, max, 1, N | V },
		{ "adds", f_adds, min, min, Z | C | V },
		{ "adds", f_adds, 1, 2, 0 },
		{ "adds w", f_adds_w, 0x7fffffff, 1, N | V },
		{ "adds w", f_adds_w, 0xffffffff, 1, Z | C },
		{ "subs", f_subs, 1, 1, Z | C },
		{ "subs", f_subs, 0, 1, N },
		{ "subs", f_subs, min, 1, C | V },
		{ "subs w", f_subs_w, 0x80000000, 1, C | V },
		{ "subs w", f_subs_w, 1ul << 32, 0, Z | C },
		{ "cmp, load", f_cmp_load, 2, 3, N },
		{ "cmp, load", f_cmp_load, 3, 2, C },
		{ "ands", f_ands, min, ~0ul, N },
		{ "ands", f_ands, 1, 2, Z },
		{ "bics w", f_bics_w, 0xf0000000, 0x70000000, N },
		{ "bics w", f_bics_w, 3, 7, Z },
		{ "adcs", f_adcs, max, 0, N | V },
		{ "adcs", f_adcs, ~0ul, 0, Z | C },
		{ "sbcs", f_sbcs, 5, 4, Z | C },
		{ "sbcs", f_sbcs, 5, 5, N },
		{ "ccmp, true", f_ccmp_true, 1, 2, N },
		{ "ccmp, false", f_ccmp_false, 1, 2, N | V },
		{ "fcmp", f_fcmp, one, one, Z | C },
		{ "fcmp", f_fcmp, 0, one, N },
		{ "fcmp", f_fcmp, one, 0, C },
		{ "fcmp", f_fcmp, nan, one, C | V },
		{ "overwritten", f_dead, 1, ~0ul, Z },
		{ "kept", f_kept, 0, 1, N },
		{ "kept", f_kept, 1, 1, Z | C },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		for (u64 before = 0; before < 16; before += 15) {
			RUN(SPSR_EL0 | before << 28, rows[i].probe, rows[i].a, rows[i].b, 0, VOID);
			EXPECT_EQ(rows[i].name, guest_cpu()->exc[0].spsr >> 28, rows[i].nzcv);
			EXPECT_EQ("exception", guest_cpu()->n_exc, 1);
		}
	}
}

GUEST_TESTS(TEST(in_one_page), TEST(across_pages), TEST(resumed), TEST(breakpoint_everywhere),
	    TEST(every_step), TEST(watchpoint_everywhere), TEST(interrupt_everywhere), TEST(flags));
