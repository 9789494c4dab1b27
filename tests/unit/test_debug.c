/*
 * machine/debug.h: breakpoints, watchpoints, catchpoints and steps stop at exact instructions, and a run with any number of them has
 * the digest of one without. Guests are raw images at EL1 or EL2.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "cpu/cpu.h"
#include "machine/debug.h"
#include "machine/machine_priv.h"
#include "machine/snapshot.h"
#include "tests/unit/harness.h"

enum { IMAGE = 0x40080000, SYNC = 0x800 + 0x200, TABLE = 0x1000, TABLE2 = 0x2000, IMAGE_WORDS = 0x3000 / 4, ACCESS_WORDS = 128 };

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

/*
 * A hypervisor at EL2 and its guest at EL1, which calls, traps, sleeps (trapped) and invalidates in a loop. A call makes the hypervisor send
 * a virtual interrupt, whose end asks for maintenance; a timer interrupts all the time.
 */
enum { EL1_IRQ = 0x800 + 0x280, EL2_SYNC = 0x1000 + 0x400, EL2_IRQ = 0x1000 + 0x480, LOOP = 0xac };
static const u32 hyp[] = {
	0x10008000, /* ADR X0, 1000 */
	0xd51cc000, /* MSR VBAR_EL2, X0 */
	0xd2840200, /* MOV X0, #0x2010 */
	0xf2b08000, /* MOVK X0, #0x8400, LSL #16 */
	0xd51c1100, /* MSR HCR_EL2, X0 */
	0xd2a10001, /* MOV X1, #0x8000000 */
	0x52800262, /* MOV W2, #0x13 */
	0xb9000022, /* STR W2, [X1] */
	0xd2a10141, /* MOV X1, #0x80a0000 */
	0xb900143f, /* STR WZR, [X1, #20] */
	0xd2a10161, /* MOV X1, #0x80b0000 */
	0x12800002, /* MOV W2, #0xffffffff */
	0xb9008022, /* STR W2, [X1, #128] */
	0x52a84002, /* MOV W2, #0x42000000 */
	0xb9010022, /* STR W2, [X1, #256] */
	0xd28001e2, /* MOV X2, #0xf */
	0xd51cc9a2, /* MSR ICC_SRE_EL2, X2 */
	0xd5033fdf, /* ISB */
	0xd2801e02, /* MOV X2, #0xf0 */
	0xd5184602, /* MSR ICC_PMR_EL1, X2 */
	0xd2800022, /* MOV X2, #0x1 */
	0xd518cce2, /* MSR ICC_IGRPEN1_EL1, X2 */
	0xd51ccb02, /* MSR ICH_HCR_EL2, X2 */
	0xd2be0002, /* MOV X2, #0xf0000000 */
	0xb27f0042, /* ORR X2, X2, #0x2 */
	0xd51ccbe2, /* MSR ICH_VMCR_EL2, X2 */
	0xd2800062, /* MOV X2, #0x3 */
	0xd51ce102, /* MSR CNTHCTL_EL2, X2 */
	0xd2800c82, /* MOV X2, #0x64 */
	0xd51be202, /* MSR CNTP_TVAL_EL0, X2 */
	0xd2800022, /* MOV X2, #0x1 */
	0xd51be222, /* MSR CNTP_CTL_EL0, X2 */
	0x10003c00, /* ADR X0, 800 */
	0xd518c000, /* MSR VBAR_EL1, X0 */
	0xd2810000, /* MOV X0, #0x800 */
	0xf2a61a00, /* MOVK X0, #0x30d0, LSL #16 */
	0xd5181000, /* MSR SCTLR_EL1, X0 */
	0x100000a0, /* ADR X0, A8 */
	0xd51c4020, /* MSR ELR_EL2, X0 */
	0xd28000a0, /* MOV X0, #0x5 */
	0xd51c4000, /* MSR SPSR_EL2, X0 */
	0xd69f03e0, /* ERET */
	0xd2800015, /* MOV X21, #0x0 */
	0x910006b5, /* ADD X21, X21, #0x1 */
	0xd4000022, /* HVC #0x1 */
	0xd518203f, /* MSR TTBR1_EL1, XZR */
	0xd508871f, /* TLBI VMALLE1 */
	0xd503207f, /* WFI */
	0xd53be044, /* MRS X4, CNTVCT_EL0 */
	0xf10402bf, /* CMP X21, #0x100 */
	0x54ffff21, /* B.NE AC */
	0x52b08000, /* MOV W0, #0x84000000 */
	0x321d0000, /* ORR W0, W0, #0x8 */
	0xd4000003, /* SMC #0x0 */
};
static const u32 sync2[] = {
	0xd53c520b, /* MRS X11, ESR_EL2 */
	0xd35afd6b, /* LSR X11, X11, #26 */
	0xf100597f, /* CMP X11, #0x16 */
	0x540000a0, /* B.EQ 20 */
	0xd53c402b, /* MRS X11, ELR_EL2 */
	0x9100116b, /* ADD X11, X11, #0x4 */
	0xd51c402b, /* MSR ELR_EL2, X11 */
	0xd69f03e0, /* ERET */
	0xd280050c, /* MOV X12, #0x28 */
	0xf2c0400c, /* MOVK X12, #0x200, LSL #32 */
	0xf2ea140c, /* MOVK X12, #0x50a0, LSL #48 */
	0xd51ccc0c, /* MSR ICH_LR0_EL2, X12 */
	0xd69f03e0, /* ERET */
};
static const u32 irq2[] = {
	0xd538cc0d, /* MRS X13, ICC_IAR1_EL1 */
	0x710079bf, /* CMP W13, #0x1e */
	0x54000081, /* B.NE 18 */
	0xd2800c8e, /* MOV X14, #0x64 */
	0xd51be20e, /* MSR CNTP_TVAL_EL0, X14 */
	0x14000002, /* B 1C */
	0xd51ccc1f, /* MSR ICH_LR0_EL2, XZR */
	0xd518cc2d, /* MSR ICC_EOIR1_EL1, X13 */
	0xd69f03e0, /* ERET */
};
static const u32 irq1[] = {
	0xd538cc0a, /* MRS X10, ICC_IAR1_EL1 */
	0x910006d6, /* ADD X22, X22, #0x1 */
	0xd518cc2a, /* MSR ICC_EOIR1_EL1, X10 */
	0xd69f03e0, /* ERET */
};

/* Two PEs count to 0x10000 side by side; the first waits for the second and powers off. */
static const u32 two[] = {
	0xd2800060, /* MOV X0, #3 */
	0xf2b88000, /* MOVK X0, #0xc400, LSL #16: CPU_ON */
	0xd2800021, /* MOV X1, #1 */
	0x100000a2, /* ADR X2 of the second PE's entry */
	0xd2800003, /* MOV X3, #0 */
	0xd4000002, /* HVC #0 */
	0xd2800008, /* MOV X8, #0 */
	0x14000002, /* B over the entry */
	0xd2800108, /* entry: MOV X8, #8 */
	0xd2a80401, /* MOV X1, #0x40200000 */
	0xd2800002, /* MOV X2, #0 */
	0xd2a00023, /* MOV X3, #0x10000 */
	0x91000442, /* 0x30: ADD X2, X2, #1 */
	0xf8286822, /* 0x34: STR X2, [X1, X8] */
	0xeb03005f, /* 0x38: CMP X2, X3 */
	0x54ffffa1, /* 0x3c: B.NE to the ADD */
	0xb5000108, /* CBNZ X8 to the WFI */
	0xf9400424, /* LDR X4, [X1, #8] */
	0xeb03009f, /* CMP X4, X3 */
	0x54ffffc1, /* B.NE to the LDR */
	POWER_OFF,
	0xd503201f,
	0xd503207f, /* 0x60: WFI */
	0x17ffffff, /* B to it */
};

/* Its FP instruction traps once. */
static const u32 lazy[] = {
	0x10004000, /* ADR X0, .+0x800 */
	0xd518c000, /* MSR VBAR_EL1, X0 */
	0x9e670040, /* 0x8: FMOV D0, X2 */
	0x1e601001, /* FMOV D1, #2.0 */
	POWER_OFF,
};

/* Enables FP and runs the instruction again. */
static const u32 enabler[] = {
	0xd2a00600, /* MOV X0, #0x300000 */
	0xd5181040, /* MSR CPACR_EL1, X0 */
	0xd69f03e0, /* ERET */
};

/* Of faults: the next instruction. */
static const u32 skipper[] = {
	0xd538402b, /* MRS X11, ELR_EL1 */
	0x9100116b, /* ADD X11, X11, #4 */
	0xd518402b, /* MSR ELR_EL1, X11 */
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
	g->image[TABLE / 4 + 2] = (IMAGE + TABLE2) | 3;
	g->image[TABLE2 / 4] = 0x40000701;     /* RAM at its own address, for EL1 */
	g->image[TABLE2 / 4 + 2] = 0x40200741; /* for all */
	memcpy(g->image, code, words * 4);
	if (words == ACCESS_WORDS)
		memcpy(g->image + SYNC / 4, skipper, sizeof(skipper));
	if (code == lazy)
		memcpy(g->image + SYNC / 4, enabler, sizeof(enabler));
	if (code == hyp) {
		memcpy(g->image + EL1_IRQ / 4, irq1, sizeof(irq1));
		memcpy(g->image + EL2_SYNC / 4, sync2, sizeof(sync2));
		memcpy(g->image + EL2_IRQ / 4, irq2, sizeof(irq2));
	}
	config_init(&g->cfg);
	g->cfg.gic_version = 3;
	g->cfg.cpu = strdup("neoverse-n1");
	g->cfg.ram_size = 16 << 20;
	g->cfg.pes = code == two ? 2 : 1;
	if (like) {
		g->cfg.parallel = like->parallel;
		g->cfg.virtualization = like->virtualization;
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

TEST(a_step_of_an_instruction_that_faults_first_ends_when_it_is_done)
{
	static const u64 after[] = { 0x4, 0x8, 0xc, 0x10 };

	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		struct guest g;

		GUEST_OPEN(&g, lazy, &ways[w]);
		for (size_t i = 0; i < ARRAY_SIZE(after); i++) {
			debug_step(g.d, 0, DEBUG_STEP);
			EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
			EXPECT_EQ(pc_of(&g), after[i]);
		}
		EXPECT_EQ(machine_insns(g.m), 4 + 3);
		ENDS_AS_ALONE(&g, lazy, &ways[w]);
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

/* Branches from one page into another, to known and computed addresses, and runs over the page's end. */
static const u32 far[0x1028 / 4] = {
	0xd2800002, /* MOV X2, #0 */
	0xd2802003, /* MOV X3, #0x100 */
	0x91000442, /* 0x8: ADD X2, X2, #1 */
	0x140003fb, /* B 0xff8 */
	[0xff8 / 4] = 0xd503201f,
	0xd503201f, /* NOP, NOP */
	0xeb03005f, /* 0x1000: CMP X2, X3 */
	0x10000064, /* ADR X4, 0x1010 */
	0xd61f0080, /* BR X4 */
	0xd503201f,
	0x54ff7fc1, /* 0x1010: B.NE 0x8 */
	POWER_OFF,
};

TEST(a_step_over_a_branch_is_one_instruction_when_the_way_is_known)
{
	static const u64 way[] = { 0x8, 0xc, 0xff8, 0xffc, 0x1000, 0x1004, 0x1008, 0x1010 };

	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		struct guest g;

		GUEST_OPEN(&g, far, &ways[w]);
		add(&g, POINT_BREAK, "0x40080008 if x2=0x40");
		EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
		for (size_t i = 1; i < 100; i++) {
			debug_step(g.d, 0, i % 3 ? DEBUG_STEP : DEBUG_STEP_INTO);
			EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
			EXPECT_EQ(pc_of(&g), way[i % 8]);
		}
		ENDS_AS_ALONE(&g, far, &ways[w]);
	}
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

/* At EL1 with the MMU on; X1 0x40200040, X8 8 more, X6 4 bytes before a page's end, X7 8. */
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
	0x91002028, /* ADD X8, X1, #8 */                                                                             \
	0xaa0103ef  /* MOV X15, X1 */

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
	{ 0xc85f7cc0, NO, 0, "LDXR X0, [X6]: an alignment fault" },
	{ 0xc8007d02, NO, 0, "STXR W0, X2, [X8]: without a monitor" },
	{ 0xd50b7e28, NO, 0, "DC CIVAC, X8" },
	{ 0xf9400020, NO, 0, "LDR X0, [X1]: up to the byte before" },
	{ 0xf9000820, NO, 0, "STR X0, [X1, #16]: from the byte after" },
};

static const u32 access_prefix[] = { ACCESSING };
enum { FIRST_ACCESS = sizeof(access_prefix), ACCESS_SIZE = 8 };

/* All of them, each after MOV X1, X15. One that faults is skipped. */
static void access_code(u32 code[ACCESS_WORDS])
{
	static const u32 end[] = { POWER_OFF };
	u32 *to = code + ARRAY_SIZE(access_prefix);

	memset(code, 0, ACCESS_WORDS * 4);
	memcpy(code, access_prefix, sizeof(access_prefix));
	for (size_t i = 0; i < ARRAY_SIZE(accesses); i++) {
		*to++ = 0xaa0f03e1;
		*to++ = accesses[i].insn;
	}
	memcpy(to, end, sizeof(end));
}

static void expect_watch_stop(struct guest *g, size_t i)
{
	u64 pc = FIRST_ACCESS + i * ACCESS_SIZE + 4;
	const struct debug_stop *s = debug_stopped(g->d);

	if (machine_run(g->m) != MACHINE_STOPPED || s->kind != STOP_WATCH || pc_of(g) != pc || s->addr != accesses[i].at)
		FAIL_TEST("%s: stops at %#llx, access at %#llx: %s", accesses[i].text, (unsigned long long)pc_of(g),
			  (unsigned long long)s->addr, s->text);
	if (i % 2)
		return;
	debug_step(g->d, 0, DEBUG_STEP);
	EXPECT_EQ(machine_run(g->m), MACHINE_STOPPED);
	EXPECT_EQ(debug_stopped(g->d)->kind, STOP_STEP);
	EXPECT_EQ(pc_of(g), pc + 4);
}

TEST(a_watchpoint_stops_before_each_form_of_access)
{
	static const char *const kinds[] = { [R] = "-r", [W] = "-w", [RW] = "-a" };

	for (size_t w = 0; w < ARRAY_SIZE(ways); w++)
		for (u32 kind = R; kind <= RW; kind++) {
			struct guest g;
			u32 code[ACCESS_WORDS];
			char text[64];

			access_code(code);
			guest_open(&g, code, ACCESS_WORDS, &ways[w]);
			snprintf(text, sizeof(text), "%s 0x40200048", kinds[kind]);
			add(&g, POINT_WATCH, text);
			snprintf(text, sizeof(text), "%s 0x40201000 4", kinds[kind]);
			add(&g, POINT_WATCH, text);
			for (size_t i = 0; i < ARRAY_SIZE(accesses); i++)
				if (accesses[i].what & kind)
					expect_watch_stop(&g, i);
			ENDS_AS_ALONE(&g, code, &ways[w]);
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

static const struct config hyp_ways[] = {
	{ .virtualization = true }, { .virtualization = true, .max_block = 1 }, { .virtualization = true, .max_block = 7 },
	{ .virtualization = true, .tlb_reference = true }, { .virtualization = true, .timing = timing_default },
};

TEST(a_thousand_steps_through_traps_and_interrupts_change_nothing)
{
	for (size_t w = 0; w < ARRAY_SIZE(hyp_ways); w++) {
		struct guest g;
		unsigned interrupts = 0;

		GUEST_OPEN(&g, hyp, &hyp_ways[w]);
		for (u64 i = 0; i < 42; i++) {
			debug_step(g.d, 0, DEBUG_STEP);
			EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
			EXPECT_EQ(pc_of(&g), i + 1 < 42 ? 4 * (i + 1) : 0xa8);
		}
		EXPECT_STR(debug_stopped(g.d)->text, "stepped to 0x400800a8: EL1");
		/* at home in the guest: hypervisor and handlers are run through */
		for (u64 i = 0; i < 1000; i++) {
			debug_step(g.d, 0, DEBUG_STEP);
			EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
			EXPECT_EQ(debug_stopped(g.d)->kind, STOP_STEP);
			EXPECT_EQ(pc_of(&g), LOOP + i % 8 * 4);
			EXPECT_EQ(machine_pe(g.m, 0)->x[21], i / 8 + (i % 8 != 0));
		}
		EXPECT(machine_pe(g.m, 0)->x[22] > 100);
		for (u64 i = 0; i < 1000; i++) {
			u64 pc;

			debug_step(g.d, 0, DEBUG_STEP_INTO);
			EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
			pc = pc_of(&g);
			interrupts += pc == EL2_IRQ;
			EXPECT(pc >= LOOP && pc < EL2_IRQ + 0x80);
		}
		EXPECT(interrupts > 20);
		ENDS_AS_ALONE(&g, hyp, &hyp_ways[w]);
	}
}

TEST(each_catchpoint_stops_where_it_should)
{
	static const struct {
		const char *catch;
		u64 pc, or; /* where it stops */
		const char *text; /* its first stop */
	} rows[] = {
		{ "trap to=2", EL2_SYNC, EL2_IRQ, "" },
		{ "trap to=1", EL1_IRQ, EL1_IRQ, "" },
		{ "trap hvc", EL2_SYNC, EL2_SYNC, "catch 1: HVC64 #0x1 from EL1 to EL2 at 0x400800b0, ESR 0x5a000001: EL2" },
		{ "trap hvc=1 from=1 to=2 if el=2 x21>=3", EL2_SYNC, EL2_SYNC, "" },
		{ "trap ec=0x16", EL2_SYNC, EL2_SYNC, "" },
		{ "trap sys64", EL2_SYNC, EL2_SYNC, "" },
		{ "trap sysreg=ttbr1_el1", EL2_SYNC, EL2_SYNC,
		  "catch 1: SYS64 from EL1 to EL2 at 0x400800b4, write of TTBR1_EL1 from X31, ESR 0x62320be0: EL2" },
		{ "trap wfx", EL2_SYNC, EL2_SYNC, "catch 1: WFx from EL1 to EL2 at 0x400800bc, WFI, ESR 0x07e00000: EL2" },
		{ "trap irq to=2", EL2_IRQ, EL2_IRQ, "" },
		{ "trap irq from=1 to=1", EL1_IRQ, EL1_IRQ, "catch 1: virtual IRQ from EL1 to EL1 at 0x400800b4: EL1" },
		{ "eret from=1", 0xb4, 0xb4, "" },
		{ "write ICH_LR0_EL2", EL2_SYNC + 0x30, EL2_IRQ + 0x1c, "catch 1: ICH_LR0_EL2 = 0x50a0020000000028 by 0x4008142c: EL2" },
		{ "lr", EL2_SYNC + 0x30, EL2_IRQ + 0x1c, "catch 1: list register 0 = 0x50a0020000000028 by 0x4008142c: EL2" },
		{ "lr 0 if x21<=200", EL2_SYNC + 0x30, EL2_IRQ + 0x1c, "" },
		{ "maint", EL1_IRQ + 0xc, EL1_IRQ + 0xc, "catch 1: maintenance interrupt, ICH_MISR_EL2 0x1 EOI: EL1" },
		{ "tlbi", 0xbc, 0xbc, "catch 1: TLBI VMALLE1, 0, by 0x400800b8 with VMID 0: EL1" },
		{ "tlbi vmid=0", 0xbc, 0xbc, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t w = 0; w < ARRAY_SIZE(hyp_ways); w++) {
			struct guest g;

			GUEST_OPEN(&g, hyp, &hyp_ways[w]);
			add(&g, POINT_CATCH, rows[i].catch);
			for (unsigned n = 0; n < 20; n++) {
				EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
				if (debug_stopped(g.d)->kind != STOP_CATCH || (pc_of(&g) != rows[i].pc && pc_of(&g) != rows[i].or))
					FAIL_TEST("%s: stops at %#llx: %s", rows[i].catch, (unsigned long long)pc_of(&g), debug_stopped(g.d)->text);
				if (!n && rows[i].text[0])
					EXPECT_STR(debug_stopped(g.d)->text, rows[i].text);
			}
			EXPECT_EQ(debug_point(g.d, 1)->hits, 20);
			debug_clear(g.d);
			ENDS_AS_ALONE(&g, hyp, &hyp_ways[w]);
		}
}

TEST(a_catchpoint_stops_at_an_exact_number_of_instructions)
{
	for (size_t w = 0; w < ARRAY_SIZE(hyp_ways); w++) {
		struct debug_point p;
		struct why why = { "" };
		struct guest g;

		GUEST_OPEN(&g, hyp, &hyp_ways[w]);
		add(&g, POINT_CATCH, "insns 1234");
		add(&g, POINT_CATCH, "insns 5000");
		EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
		EXPECT_EQ(machine_insns(g.m), 1234);
		EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
		EXPECT_EQ(machine_insns(g.m), 5000);
		EXPECT_EQ(debug_parse(&p, POINT_CATCH, "insns 5000", NULL, NULL, &why), 0);
		EXPECT(debug_add(g.d, &p, &why) < 0);
		EXPECT_STR(why.text, "catch insns 5000: 5000 instructions were executed already");
		ENDS_AS_ALONE(&g, hyp, &hyp_ways[w]);
	}
}

static u64 pc_of_pe(const struct guest *g, unsigned pe)
{
	return cpu_pc(machine_pe(g->m, pe)) - IMAGE;
}

/* PE 1 stops, at pc and with this count. */
static void expect_second(struct guest *g, enum stop_kind kind, u64 pc, u64 count)
{
	EXPECT_EQ(machine_run(g->m), MACHINE_STOPPED);
	EXPECT_EQ(debug_stopped(g->d)->kind, kind);
	EXPECT_EQ(debug_stopped(g->d)->pe, 1);
	EXPECT_EQ(pc_of_pe(g, 1), pc);
	EXPECT_EQ(machine_pe(g->m, 1)->x[2], count);
}

static void stop_the_second(struct guest *g)
{
	add(g, POINT_BREAK, "0x40080038 if pe=1 x2>=0x123");
	expect_second(g, STOP_BREAK, 0x38, 0x123);
	expect_second(g, STOP_BREAK, 0x38, 0x124);
	EXPECT_STR(debug_stopped(g->d)->text, "breakpoint 1 at 0x40080038 (hit 2): EL1");
	debug_remove(g->d, 1);
	for (u64 i = 0; i < 8; i++) {
		static const u64 next[] = { 0x3c, 0x30, 0x34, 0x38 };

		debug_step(g->d, 1, DEBUG_STEP);
		expect_second(g, STOP_STEP, next[i % 4], 0x124 + (i + 2) / 4);
	}
	add(g, POINT_WATCH, "0x40200008 if x2>=0x1000");
	expect_second(g, STOP_WATCH, 0x34, 0x1000);
	debug_step(g->d, 1, DEBUG_STEP);
	expect_second(g, STOP_STEP, 0x38, 0x1000);
	debug_clear(g->d);
}

TEST(one_of_two_pes_stops_and_the_run_is_the_same)
{
	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		struct guest g;
		u64 first;

		GUEST_OPEN(&g, two, &ways[w]);
		stop_the_second(&g);
		/* the first PE's step ends while the second one goes on, too */
		first = machine_pe(g.m, 1)->x[2];
		for (unsigned i = 0; i < 50; i++) {
			debug_step(g.d, 0, DEBUG_STEP);
			EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
			EXPECT_EQ(debug_stopped(g.d)->pe, 0);
			debug_step(g.d, 1, DEBUG_STEP);
			EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
			EXPECT_EQ(debug_stopped(g.d)->pe, 1);
		}
		EXPECT(machine_pe(g.m, 1)->x[2] > first + 100);
		ENDS_AS_ALONE(&g, two, &ways[w]);
	}
}

static bool client_leaves(void *ctx)
{
	debug_clear(ctx);
	return false;
}

TEST(a_client_may_leave_before_a_step_has_ended)
{
	struct guest g;

	GUEST_OPEN(&g, two, NULL);
	debug_step(g.d, 1, DEBUG_STEP); /* it is off until the first one starts it */
	g.m->io = (struct machine_io){ .ctx = g.d, .poll = client_leaves };
	ENDS_AS_ALONE(&g, two, NULL);
}

TEST(under_parallel_a_stop_of_one_stops_all)
{
	static const struct config parallel = { .parallel = true };
	struct guest g;

	GUEST_OPEN(&g, two, &parallel);
	stop_the_second(&g);
	EXPECT_EQ(machine_run(g.m), MACHINE_POWEROFF);
	EXPECT_EQ(machine_pe(g.m, 0)->x[4], 0x10000);
	guest_close(&g);
}

TEST(a_machine_that_nothing_wakes_stops_while_a_client_is_there)
{
	static const u32 asleep[] = { 0xd503207f /* WFI */, 0x17ffffff /* B to it */ };
	struct guest g;

	GUEST_OPEN(&g, asleep, NULL);
	debug_attach(g.d, true);
	for (unsigned i = 0; i < 3; i++) {
		debug_step(g.d, 0, DEBUG_STEP);
		EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
		EXPECT_EQ(debug_stopped(g.d)->kind, STOP_STUCK);
	}
	debug_attach(g.d, false);
	EXPECT_EQ(machine_run(g.m), MACHINE_STUCK);
	EXPECT_EQ(debug_stopped(g.d)->kind, STOP_NONE);
	guest_close(&g);
}

TEST(conditions_know_every_register)
{
	static const struct {
		const char *text;
		bool holds;
	} rows[] = {
		{ "HCR_EL2=0x84002010", true }, { "hcr_el2&0x10", true }, { "hcr_el2&0x20", false }, { "el=2 && x0>=0 && sp=0", true },
		{ "vmid=0 asid=0", true },	{ "w2=2", false },	    { "cpsr!=0", true },      { "secure=0", true },
		{ "pc>0x40080000", true },	{ "pe<1", true },	    { "pe<=0", true },	      { "pe>0", false },
	};
	struct guest g;

	GUEST_OPEN(&g, hyp, &hyp_ways[0]);
	add(&g, POINT_BREAK, "0x40080014");
	EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct debug_cond cond;
		struct why why = { "" };

		EXPECT_EQ(debug_cond_parse(&cond, rows[i].text, &why), 0);
		if (debug_cond_holds(&cond, machine_pe(g.m, 0)) != rows[i].holds)
			FAIL_TEST("%s", rows[i].text);
	}
	guest_close(&g);
}

TEST(a_temporary_breakpoint_goes_and_points_are_listed)
{
	char *text = NULL;
	size_t size;
	struct debug_point p = { .kind = POINT_BREAK, .addr = IMAGE + 0x20, .temporary = true };
	struct why why;
	struct guest g;
	FILE *out;

	GUEST_OPEN(&g, calls, NULL);
	EXPECT_EQ(debug_add(g.d, &p, &why), 0);
	add(&g, POINT_WATCH, "-a 0x40200000 16 if x2>3 el=1");
	add(&g, POINT_CATCH, "trap svc=3 from=1 if w9&1");
	EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
	EXPECT_EQ(debug_stopped(g.d)->point, p.number);
	EXPECT(!debug_point(g.d, p.number));
	EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
	EXPECT_EQ(machine_pe(g.m, 0)->x[9], 1);
	out = open_memstream(&text, &size);
	for (const struct debug_point *q = NULL; (q = debug_next(g.d, q)) != NULL;)
		debug_print_point(q, out);
	fclose(out);
	EXPECT_STR(text, "2   watch yes     0     access 0x40200000, 16 bytes if x2>3 el=1\n"
			 "3   catch yes     1     trap SVC64 #0x3 from EL1 if w9&1\n");
	free(text);
	debug_clear(g.d);
	ENDS_AS_ALONE(&g, calls, NULL);
}

TEST(a_breakpoint_stops_again_after_a_snapshot_was_loaded)
{
	char path[] = "/var/tmp/trapline-debug.XXXXXX";
	struct why why = { "" };
	struct guest g;
	int fd = mkstemp(path);

	ASSERT(fd >= 0);
	close(fd);
	GUEST_OPEN(&g, calls, NULL);
	add(&g, POINT_BREAK, "0x40080024");
	EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
	debug_step(g.d, 0, DEBUG_STEP);
	EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
	EXPECT_EQ(machine_save(g.m, path, &why), 0);
	for (unsigned i = 0; i < 3; i++) {
		EXPECT_EQ(machine_run(g.m), MACHINE_STOPPED);
		EXPECT_EQ(debug_stopped(g.d)->kind, STOP_BREAK);
		EXPECT_EQ(machine_pe(g.m, 0)->x[2], 1);
		EXPECT_EQ(machine_restore(g.m, path, &why), 0);
		EXPECT_STR(why.text, "");
	}
	unlink(path);
	debug_clear(g.d);
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
		{ POINT_BREAK, "0x40+y", "expected an address, got '0x40+y'" },
		{ POINT_BREAK, "0x40 el=1", "expected if and a condition, got 'el=1'" },
		{ POINT_BREAK, "0x40 if", "condition: expected terms like el=2 vmid=3 x0>=0x10 after if" },
		{ POINT_BREAK, "0x40 if x31=1", "condition: expected el, vmid, asid, pe, secure or a register, got 'x31'" },
		{ POINT_BREAK, "0x40 if el~1", "condition: expected el, vmid, asid, pe, secure or a register, got 'el~1'" },
		{ POINT_BREAK, "0x40 if el 1", "condition: expected = != < <= > >= or & after el, got '1'" },
		{ POINT_BREAK, "0x40 if el=two", "condition: expected a number after el, got 'two'" },
		{ POINT_BREAK, "0x40 if el=-1", "condition: expected a number after el, got '-1'" },
		{ POINT_CATCH, "", "catch: expected trap, eret, write, tlbi, lr, maint or insns, got ''" },
		{ POINT_CATCH, "throw", "catch: expected trap, eret, write, tlbi, lr, maint or insns, got 'throw'" },
		{ POINT_CATCH, "trap hvc=0x10000", "catch trap: expected hvc=0 to hvc=0xffff, got '0x10000'" },
		{ POINT_CATCH, "trap sysreg=FOO", "catch trap: there is no system register FOO" },
		{ POINT_CATCH, "trap ec=64",
		  "catch trap: expected a class of exceptions (HVC64...), ec=N, hvc[=IMM], smc, svc, sysreg=NAME, wfx, s2fault, irq, fiq, serror, "
		  "from=EL or to=EL, got 'ec=64'" },
		{ POINT_CATCH, "eret el=4", "catch: expected el=0 to el=3, got '4'" },
		{ POINT_CATCH, "eret vmid=x", "catch: expected vmid=0 to vmid=0xffff, got 'x'" },
		{ POINT_CATCH, "write", "catch write: expected the name of a system register" },
		{ POINT_CATCH, "write FOO", "catch write: there is no system register FOO" },
		{ POINT_CATCH, "insns", "catch insns: expected a number of instructions" },
		{ POINT_CATCH, "maint 3", "catch: expected nothing more or if COND, got '3'" },
		{ POINT_CATCH, "lr 16", "catch lr: expected a list register from 0 to 15, got '16'" },
		{ POINT_CATCH, "lr 1 2", "catch: expected nothing more or if COND, got '2'" },
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
