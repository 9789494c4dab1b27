/*
 * machine/debug.h: breakpoints, watchpoints, catchpoints and steps stop at exact instructions, and a run with any number of them has
 * the digest of one without. Guests are raw images at EL1 or EL2.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cpu/cpu.h"
#include "machine/debug.h"
#include "machine/machine_priv.h"
#include "tests/unit/harness.h"

enum { IMAGE = 0x40080000, SYNC = 0x800 + 0x200, IMAGE_WORDS = 0x1000 / 4 };

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
	struct why why = { "" };

	memset(g, 0, sizeof(*g));
	memcpy(g->image + SYNC / 4, handler, sizeof(handler));
	memcpy(g->image, code, words * 4);
	config_init(&g->cfg);
	g->cfg.cpu = strdup("cortex-a57");
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
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct debug_point p;
		struct why why = { "" };

		EXPECT(debug_parse(&p, bad[i].kind, bad[i].text, NULL, NULL, &why) < 0);
		EXPECT_STR(why.text, bad[i].why);
	}
}
