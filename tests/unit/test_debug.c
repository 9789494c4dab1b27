/*
 * machine/debug.h: breakpoints, watchpoints, catchpoints and steps stop at exact instructions, and a run with any number of them has
 * the digest of one without. Guests are raw images at EL1 or EL2.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cpu/cpu.h"
#include "machine/debug.h"
#include "machine/machine_priv.h"
#include "tests/unit/harness.h"

enum { IMAGE = 0x40080000, SYNC = 0x800 + 0x200, TABLE = 0x1000, TABLE2 = 0x2000, IMAGE_WORDS = 0x3000 / 4, ACCESS_WORDS = 32 };

#define POWER_OFF 0x52b08000, 0x72800100, 0xd4000002 /* MOV W0, #0x84000008; HVC #0 */

/* 0x400 times: a load of the time, a store of it, a call of the handler. */
static const u32 calls[] = {
	0x10004000, /* ADR X0, .+0x800 */
	0xd518c000, /* MSR VBAR_EL1, X0 */
	0xd2a80401, /* MOV X1, #0x40200000 */
	0xd2800002, /* MOV X2, #0 */
	0xd2808003, /* MOV X3, #0x400 */
	0xd53be044, /* 0x14: MRS X4, CNTVCT_EL0 */
	0x927d2045, /* AND X5, X2, #0xff8 */
	0xf8256824, /* 0x1c: STR X4, [X1, X5] */
	0xd4000061, /* 0x20: SVC #3 */
	0x91000442, /* 0x24: ADD X2, X2, #1 */
	0xeb03005f, /* 0x28: CMP X2, X3 */
	0x54ffff41, /* 0x2c: B.NE to the MRS */
	POWER_OFF,
};

static const u32 handler[] = {
	0x91000529, /* ADD X9, X9, #1 */
	0xd69f03e0, /* ERET */
};

struct guest {
	u32 image[IMAGE_WORDS];
	struct config cfg;
	struct machine *m;
	struct debugger *d;
};

static void guest_open(struct guest *g, const u32 *code, size_t words, const struct config *like)
{
	static const struct machine_io io;
	static const u32 off[] = { POWER_OFF };
	struct why why = { "" };

	memset(g, 0, sizeof(*g));
	memcpy(g->image + SYNC / 4, handler, sizeof(handler));
	g->image[TABLE / 4 + 2] = (IMAGE + TABLE2) | 3;
	g->image[TABLE2 / 4] = 0x40000701;     /* RAM at its own address, for EL1 */
	g->image[TABLE2 / 4 + 2] = 0x40200741; /* for all */
	memcpy(g->image, code, words * 4);
	if (words == ACCESS_WORDS) /* there an exception is the end */
		memcpy(g->image + SYNC / 4, off, sizeof(off));
	config_init(&g->cfg);
	g->cfg.cpu = strdup("neoverse-n1");
	g->cfg.ram_size = 16 << 20;
	g->cfg.pes = 1;
	if (like) {
		g->cfg.max_block = like->max_block;
		g->cfg.tlb_reference = like->tlb_reference;
		g->cfg.timing = like->timing ? strdup(like->timing) : NULL;
	}
	g->cfg.boot.builtin = g->image;
	g->cfg.boot.builtin_size = sizeof(g->image);
	EXPECT_EQ(machine_new(&g->m, &g->cfg, &io, NULL, &why), 0);
	EXPECT_STR(why.text, "");
	g->d = machine_debugger(g->m);
}
#define GUEST_OPEN(g, code, like) guest_open(g, code, ARRAY_SIZE(code), like)

static void guest_close(struct guest *g)
{
	machine_free(g->m);
	config_free(&g->cfg);
}

static u64 pc_of(const struct guest *g)
{
	return cpu_pc(machine_pe(g->m, 0)) - IMAGE;
}

static u32 add(struct guest *g, enum point_kind kind, const char *text)
{
	struct debug_point p;
	struct why why = { "" };

	EXPECT_EQ(debug_parse(&p, kind, text, NULL, NULL, &why), 0);
	EXPECT_STR(why.text, "");
	EXPECT_EQ(debug_add(g->d, &p, &why), 0);
	EXPECT_STR(why.text, "");
	return p.number;
}

/* Runs to the end, which must be power off, and compares with a run that nobody watched. */
static void ends_as_alone(struct guest *g, const u32 *code, size_t words, const struct config *like)
{
	char seen[65], wanted[65];
	struct guest alone;

	EXPECT_EQ(machine_run(g->m), MACHINE_POWEROFF);
	EXPECT_EQ(debug_stopped(g->d)->kind, STOP_NONE);
	machine_digest(g->m, seen);
	guest_close(g);
	guest_open(&alone, code, words, like);
	EXPECT_EQ(machine_run(alone.m), MACHINE_POWEROFF);
	machine_digest(alone.m, wanted);
	EXPECT_STR(seen, wanted);
	guest_close(&alone);
}
#define ENDS_AS_ALONE(g, code, like) ends_as_alone(g, code, ARRAY_SIZE(code), like)

static char timing_default[] = "";
static const struct config ways[] = {
	{ .max_block = 0 }, { .max_block = 1 }, { .max_block = 7 }, { .tlb_reference = true }, { .timing = timing_default },
};

TEST(a_breakpoint_stops_each_time_before_its_instruction)
{
	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		struct guest g;

		GUEST_OPEN(&g, calls, &ways[w]);
		add(&g, POINT_BREAK, "0x40080024");
		for (u64 i = 0; i < 100; i++) {
			EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
			EXPECT_EQ(debug_stopped(g.d)->kind, STOP_BREAK);
			EXPECT_EQ(pc_of(&g), 0x24);
			EXPECT_EQ(machine_pe(g.m, 0)->x[2], i);
			EXPECT_EQ(machine_insns(g.m), 5 + 4 + 2 + 9 * i);
		}
		EXPECT_STR(debug_stopped(g.d)->text, "breakpoint 1 at 0x40080024 (hit 100): EL1");
		debug_clear(g.d);
		ENDS_AS_ALONE(&g, calls, &ways[w]);
	}
}

TEST(conditions_and_ignored_hits_do_not_stop)
{
	struct guest g;
	u32 n;

	GUEST_OPEN(&g, calls, NULL);
	n = add(&g, POINT_BREAK, "0x40080024 if el=1 x2>=0x3f0 && w9!=0x3f3");
	debug_point(g.d, n)->ignore = 2;
	EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
	EXPECT_EQ(machine_pe(g.m, 0)->x[2], 0x3f3);
	EXPECT_EQ(debug_point(g.d, n)->hits, 3);
	debug_point(g.d, n)->disabled = true;
	debug_changed(g.d);
	ENDS_AS_ALONE(&g, calls, NULL);
}

TEST(a_step_runs_one_instruction_and_through_what_it_calls)
{
	static const u64 after[] = { 0x4, 0x8, 0xc, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x28, 0x2c, 0x14 };

	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		struct guest g;

		GUEST_OPEN(&g, calls, &ways[w]);
		for (size_t i = 0; i < ARRAY_SIZE(after); i++) {
			debug_step(g.d, 0, DEBUG_STEP);
			EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
			EXPECT_EQ(debug_stopped(g.d)->kind, STOP_STEP);
			EXPECT_EQ(pc_of(&g), after[i]);
		}
		EXPECT_EQ(machine_insns(g.m), 14);
		EXPECT_STR(debug_stopped(g.d)->text, "stepped to 0x40080014: EL1");
		for (size_t i = 0; i < 700; i++) {
			debug_step(g.d, 0, DEBUG_STEP);
			EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
		}
		ENDS_AS_ALONE(&g, calls, &ways[w]);
	}
}

TEST(a_step_into_stops_at_the_first_of_the_handler_and_after_its_return)
{
	struct guest g;

	GUEST_OPEN(&g, calls, NULL);
	add(&g, POINT_BREAK, "0x40080020");
	EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
	debug_step(g.d, 0, DEBUG_STEP_INTO);
	EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
	EXPECT_EQ(pc_of(&g), SYNC);
	debug_step(g.d, 0, DEBUG_STEP);
	EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
	EXPECT_EQ(pc_of(&g), SYNC + 4);
	debug_step(g.d, 0, DEBUG_STEP);
	EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
	EXPECT_EQ(pc_of(&g), 0x24);
	debug_clear(g.d);
	ENDS_AS_ALONE(&g, calls, NULL);
}

TEST(a_breakpoint_where_a_step_ends_is_one_stop)
{
	struct guest g;

	GUEST_OPEN(&g, calls, NULL);
	add(&g, POINT_BREAK, "0x40080008");
	debug_step(g.d, 0, DEBUG_STEP);
	EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
	debug_step(g.d, 0, DEBUG_STEP);
	EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
	EXPECT_EQ(debug_stopped(g.d)->kind, STOP_BREAK);
	EXPECT_STR(debug_stopped(g.d)->text, "breakpoint 1 at 0x40080008; stepped to 0x40080008: EL1");
	ENDS_AS_ALONE(&g, calls, NULL);
}

TEST(a_debugger_may_interrupt_and_go_on)
{
	struct guest g;

	GUEST_OPEN(&g, calls, NULL);
	debug_interrupt(g.d);
	EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
	EXPECT_EQ(debug_stopped(g.d)->kind, STOP_ASKED);
	ENDS_AS_ALONE(&g, calls, NULL);
}

/* At EL1 with the MMU on; X1 0x40200040, X8 8 more, X6 4 bytes before a page's end, X7 8. Then the instruction that is watched. */
#define ACCESS 0x58
#define ACCESSING                                                                                                    \
	0x10004000, /* ADR X0, .+0x800 */                                                                            \
	0xd518c000, /* MSR VBAR_EL1, X0 */                                                                           \
	0x10007fc0, /* ADR X0 of the table */                                                                        \
	0xd5182000, /* MSR TTBR0_EL1, X0 */                                                                          \
	0xd2801fe0, /* MOV X0, #0xff */                                                                              \
	0xd518a200, /* MSR MAIR_EL1, X0 */                                                                           \
	0xd2a01000, /* MOV X0, #0x800000 */                                                                          \
	0xf286a320, /* MOVK X0, #0x3519 */                                                                           \
	0xd5182040, /* MSR TCR_EL1, X0 */                                                                            \
	0xd28300a0, /* MOV X0, #0x1805 */                                                                            \
	0xf2a61a00, /* MOVK X0, #0x30d0, LSL #16 */                                                                  \
	0xd5033fdf, /* ISB */                                                                                        \
	0xd5181000, /* MSR SCTLR_EL1, X0 */                                                                          \
	0xd5033fdf, /* ISB */                                                                                        \
	0xd2a00600, /* MOV X0, #0x300000 */                                                                          \
	0xd5181040, /* MSR CPACR_EL1, X0 */                                                                          \
	0xd2a80401, /* MOV X1, #0x40200000 */                                                                        \
	0x91010021, /* ADD X1, X1, #0x40 */                                                                          \
	0xd2800107, /* MOV X7, #8 */                                                                                 \
	0xd2a80406, /* MOV X6, #0x40200000 */                                                                        \
	0x913ff0c6, /* ADD X6, X6, #0xffc */                                                                         \
	0x91002028  /* ADD X8, X1, #8 */

enum { NO = 0, R = ACC_READ, W = ACC_WRITE, RW = R | W };
/* of 8 bytes at 0x40200048, or 4 at 0x40201000; at: the first byte of them that is accessed */
static const struct {
	u32 insn;
	u32 what;
	u64 at;
	const char *text;
} accesses[] = {
	{ 0x39402020, R, 0x40200048, "LDRB W0, [X1, #8]" },
	{ 0x79401c20, R, 0x4020004e, "LDRH W0, [X1, #14]" },
	{ 0xf9400420, R, 0x40200048, "LDR X0, [X1, #8]" },
	{ 0xb8a76820, R, 0x40200048, "LDRSW X0, [X1, X7]" },
	{ 0xf8401020, R, 0x40200048, "LDUR X0, [X1, #1]" },
	{ 0xf8408c20, R, 0x40200048, "LDR X0, [X1, #8]!" },
	{ 0xa9400c22, R, 0x40200048, "LDP X2, X3, [X1]" },
	{ 0x29408c22, R, 0x40200048, "LDP W2, W3, [X1, #4]" },
	{ 0xad7f8420, R, 0x40200048, "LDP Q0, Q1, [X1, #-16]" },
	{ 0x3dc00020, R, 0x40200048, "LDR Q0, [X1]" },
	{ 0x3d403c20, R, 0x4020004f, "LDR B0, [X1, #15]" },
	{ 0xf8408820, R, 0x40200048, "LDTR X0, [X1, #8]" },
	{ 0x38bfc100, R, 0x40200048, "LDAPRB W0, [X8]" },
	{ 0xc85f7d00, R, 0x40200048, "LDXR X0, [X8]" },
	{ 0xc87f0c22, R, 0x40200048, "LDXP X2, X3, [X1]" },
	{ 0x4c402020, R, 0x40200048, "LD1 {V0.16B-V3.16B}, [X1]" },
	{ 0x0d602500, R, 0x40200048, "LD4 {V0.B-V3.B}[1], [X8]" },
	{ 0x4d40c500, R, 0x40200048, "LD1R {V0.8H}, [X8]" },
	{ 0xf9000420, W, 0x40200048, "STR X0, [X1, #8]" },
	{ 0x39003c20, W, 0x4020004f, "STRB W0, [X1, #15]" },
	{ 0xf8008c20, W, 0x40200048, "STR X0, [X1, #8]!" },
	{ 0xa9000c22, W, 0x40200048, "STP X2, X3, [X1]" },
	{ 0xad008420, NO, 0, "STP Q0, Q1, [X1, #16]" },
	{ 0x3c9f9020, W, 0x40200048, "STUR Q0, [X1, #-7]: its last byte" },
	{ 0x38008820, W, 0x40200048, "STTRB W0, [X1, #8]" },
	{ 0xc89ffd00, W, 0x40200048, "STLR X0, [X8]" },
	{ 0x4c000020, W, 0x40200048, "ST4 {V0.16B-V3.16B}, [X1]" },
	{ 0x4d008500, W, 0x40200048, "ST1 {V0.D}[1], [X8]" },
	{ 0xc8a27d03, RW, 0x40200048, "CAS X2, X3, [X8]" },
	{ 0x48227c24, RW, 0x40200048, "CASP X2, X3, X4, X5, [X1]" },
	{ 0xf8220103, RW, 0x40200048, "LDADD X2, X3, [X8]" },
	{ 0xf822011f, RW, 0x40200048, "STADD X2, [X8]" },
	{ 0x38228103, RW, 0x40200048, "SWPB W2, W3, [X8]" },
	{ 0xd50b7421, W, 0x40200048, "DC ZVA, X1" },
	{ 0xf94000c0, R, 0x40201000, "LDR X0, [X6]: over two pages" },
	{ 0xf90000c0, W, 0x40201000, "STR X0, [X6]: over two pages" },
	{ 0xf9800100, NO, 0, "PRFM PLDL1KEEP, [X8]" },
	{ 0xc8007d02, NO, 0, "STXR W0, X2, [X8]: without a monitor" },
	{ 0xc85f7cc0, NO, 0, "LDXR X0, [X6]: an alignment fault" },
	{ 0xd50b7e28, NO, 0, "DC CIVAC, X8" },
	{ 0xf9400020, NO, 0, "LDR X0, [X1]: up to the byte before" },
	{ 0xf9000820, NO, 0, "STR X0, [X1, #16]: from the byte after" },
};

static const u32 access_prefix[] = { ACCESSING };

static void open_access(struct guest *g, u32 code[ACCESS_WORDS], size_t i, const struct config *like)
{
	static const u32 end[] = { POWER_OFF };

	memcpy(code, access_prefix, sizeof(access_prefix));
	code[ACCESS / 4] = accesses[i].insn;
	memcpy(code + ACCESS / 4 + 1, end, sizeof(end));
	guest_open(g, code, ACCESS_WORDS, like);
}

static void expect_watch_stop(struct guest *g, size_t i)
{
	const struct debug_stop *s = debug_stopped(g->d);

	if (machine_run(g->m) != MACHINE_STOPPED || s->kind != STOP_WATCH || pc_of(g) != ACCESS || s->addr != accesses[i].at)
		FAIL_TEST("%s: stops at %#llx, access at %#llx: %s", accesses[i].text, (unsigned long long)pc_of(g),
			  (unsigned long long)s->addr, s->text);
}

TEST(a_watchpoint_stops_before_each_form_of_access)
{
	static const char *const kinds[] = { [R] = "-r", [W] = "-w", [RW] = "-a" };

	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		for (size_t i = 0; i < ARRAY_SIZE(accesses); i++) {
			struct guest g;
			u32 code[ACCESS_WORDS] = { 0 };
			char text[64];

			open_access(&g, code, i, &ways[w]);
			for (u32 kind = R; kind <= RW; kind++) {
				if (kind != RW && (kind & accesses[i].what))
					continue; /* below */
				snprintf(text, sizeof(text), "%s 0x40200048", kinds[kind]);
				add(&g, POINT_WATCH, text);
				snprintf(text, sizeof(text), "%s 0x40201000 4", kinds[kind]);
				add(&g, POINT_WATCH, text);
			}
			if (accesses[i].what)
				expect_watch_stop(&g, i);
			ENDS_AS_ALONE(&g, code, &ways[w]);
			if (!accesses[i].what)
				continue;
			open_access(&g, code, i, &ways[w]);
			snprintf(text, sizeof(text), "%s %#llx 1", kinds[accesses[i].what & R ? R : W], (unsigned long long)accesses[i].at);
			add(&g, POINT_WATCH, text);
			expect_watch_stop(&g, i);
			debug_step(g.d, 0, DEBUG_STEP);
			EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
			EXPECT_EQ(debug_stopped(g.d)->kind, STOP_STEP);
			EXPECT_EQ(pc_of(&g), ACCESS + 4);
			ENDS_AS_ALONE(&g, code, &ways[w]);
		}
	}
}

TEST(a_watchpoint_stops_in_a_loop_each_time)
{
	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		struct guest g;

		GUEST_OPEN(&g, calls, &ways[w]);
		add(&g, POINT_WATCH, "0x40200000 0x1000 if x2&0x40");
		for (u64 i = 0x40; i < 0x80; i++) {
			EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
			EXPECT_EQ(machine_pe(g.m, 0)->x[2], i);
			EXPECT_EQ(pc_of(&g), 0x1c);
			EXPECT_EQ(debug_stopped(g.d)->addr, 0x40200000 + (i & 0xff8));
		}
		EXPECT_STR(debug_stopped(g.d)->text, "watchpoint 1: write of 8 bytes at 0x40200078 by 0x4008001c (hit 64): EL1");
		debug_clear(g.d);
		ENDS_AS_ALONE(&g, calls, &ways[w]);
	}
}

TEST(what_is_no_point_is_refused_in_one_line)
{
	static const struct {
		enum point_kind kind;
		const char *text, *why;
	} bad[] = {
		{ POINT_BREAK, "", "break: expected an address" },
		{ POINT_BREAK, "main", "expected an address, got 'main'" },
		{ POINT_BREAK, "0x40+y", "expected a number after +, got 'y'" },
		{ POINT_BREAK, "0x40 el=1", "expected if and a condition, got 'el=1'" },
		{ POINT_BREAK, "0x40 if", "condition: expected terms like el=2 vmid=3 x0>=0x10 after if" },
		{ POINT_BREAK, "0x40 if x31=1", "condition: expected el, vmid, asid, pe, secure or a register, got 'x31'" },
		{ POINT_BREAK, "0x40 if el~1", "condition: expected el, vmid, asid, pe, secure or a register, got 'el~1'" },
		{ POINT_BREAK, "0x40 if el 1", "condition: expected = != < <= > >= or & after el, got '1'" },
		{ POINT_BREAK, "0x40 if el=two", "condition: expected a number after el, got 'two'" },
		{ POINT_BREAK, "0x40 if el=-1", "condition: expected a number after el, got '-1'" },
		{ POINT_WATCH, "", "watch: expected an address" },
		{ POINT_WATCH, "-x 0x40", "watch: expected -r (reads), -w (writes) or -a (both), got '-x'" },
		{ POINT_WATCH, "-r", "watch: expected an address" },
		{ POINT_WATCH, "0x40 0", "watch: expected a number of bytes or if, got '0'" },
		{ POINT_WATCH, "0x40 8 when", "expected if and a condition, got 'when'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct debug_point p;
		struct why why = { "" };

		EXPECT(debug_parse(&p, bad[i].kind, bad[i].text, NULL, NULL, &why) < 0);
		EXPECT_STR(why.text, bad[i].why);
	}
}
