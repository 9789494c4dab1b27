/*
 * Self-hosted debug: software step of EL0 and EL1, breakpoints, watchpoints, their routing to EL2
 * by MDCR_EL2.TDE, their masks (MDSCR_EL1.{MDE,KDE}, PSTATE.D) and syndromes (DDI0487 D2).
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

#define STEP_ISV BIT(24)
#define STEP_EX BIT(6)

PROBE(nops, "nop\n\tnop\n\tnop");
PROBE(branch, "b 1f\n\tnop\n1: nop");
PROBE(ldxr, "ldxr x1, [x0]");
PROBE(svc, "svc #0");
PROBE(udf, "udf #0");

static u64 memory[8] __attribute__((aligned(64)));

static void unlock(void)
{
	WRITE(oslar_el1, 0);
	WRITE(S2_0_C1_C3_4, 0);                 /* OSDLR_EL1 */
}

static void expect_step(const char *what, u64 spsr, const u32 *probe, const u32 *next, u64 iss)
{
	unsigned el = spsr >> 2 & 3;

	RUN(spsr, probe, memory);
	EXPECT_EXC(what, 1, el ? VEC_SAME : VEC_LOWER,
		   ESR(el ? EC_STEP_SAME : EC_STEP_LOWER, FSC_DEBUG | iss), next);
	EXPECT_EQ("SPSR.SS", guest_cpu()->exc[0].spsr & SPSR_SS, 0);
}

static void step_el0(void)
{
	unlock();
	WRITE(mdscr_el1, MDSCR_SS);
	/* active, not pending: one instruction, then the exception */
	expect_step("nop", SPSR_EL0 | SPSR_SS, nops, nops + 1, STEP_ISV);
	expect_step("branch", SPSR_EL0 | SPSR_SS, branch, branch + 2, STEP_ISV);
	expect_step("ldxr", SPSR_EL0 | SPSR_SS, ldxr, ldxr + 1, STEP_ISV | STEP_EX);
	/* active and pending: none at all */
	expect_step("pending", SPSR_EL0, nops, nops, 0);
	WRITE(mdscr_el1, 0);
	RUN(SPSR_EL0 | SPSR_SS, nops);
	EXPECT_NO_EXC("MDSCR.SS clear");
}

/* A stepped SVC is complete, a stepped fault is not. */
static void step_over_exceptions(void)
{
	unlock();
	WRITE(mdscr_el1, MDSCR_SS);
	RUN(SPSR_EL0 | SPSR_SS, svc);
	EXPECT_EXC("svc", 1, VEC_LOWER, ESR(EC_SVC, 0), svc + 1);
	EXPECT_EQ("SS after svc", guest_cpu()->exc[0].spsr & SPSR_SS, 0);
	RUN(SPSR_EL0 | SPSR_SS, udf);
	EXPECT_EXC("udf", 1, VEC_LOWER, ESR(EC_UNKNOWN, 0), udf);
	EXPECT_EQ("SS after udf", guest_cpu()->exc[0].spsr & SPSR_SS, SPSR_SS);
}

static void step_el1(void)
{
	u64 spsr = SPSR_EL1 & ~SPSR_D;

	unlock();
	WRITE(mdscr_el1, MDSCR_SS | MDSCR_KDE);
	expect_step("nop", spsr | SPSR_SS, nops, nops + 1, STEP_ISV);
	expect_step("pending", spsr, nops, nops, 0);
	RUN(SPSR_EL1 | SPSR_SS, nops);
	EXPECT_NO_EXC("PSTATE.D");
	WRITE(mdscr_el1, MDSCR_SS);
	RUN(spsr | SPSR_SS, nops);
	EXPECT_NO_EXC("KDE clear");
}

static void step_to_el2(void)
{
	unlock();
	WRITE(mdscr_el1, MDSCR_SS);
	WRITE(mdcr_el2, 6 | MDCR_TDE);
	for (u64 el = 0; el < 2; el++) {
		RUN(SPSR_OF_EL(el) | SPSR_SS, nops);
		EXPECT_EXC("TDE", 2, VEC_LOWER, ESR(EC_STEP_LOWER, FSC_DEBUG | STEP_ISV), nops + 1);
	}
}

static u64 stepped;

static enum guest_action step_on(struct exc *e)
{
	if (e->esr >> 26 != EC_STEP_LOWER)
		return GUEST_HOME;
	stepped++;
	e->spsr |= SPSR_SS;
	return GUEST_RESUME;
}

PROBE(loop, "mov x1, #10\n1: subs x1, x1, #1\n\tb.ne 1b\n\tmov x0, #99\n\tnop");

/* A debugger's way: every instruction of a function. The frame sees the step of RET as its end. */
static void step_through(void)
{
	unlock();
	stepped = 0;
	WRITE(mdscr_el1, MDSCR_SS);
	guest_cpu()->handler = step_on;
	EXPECT_EQ("result", RUN(SPSR_EL0 | SPSR_SS, loop), 99);
	EXPECT_EQ("steps", stepped, 1 + 20 + 2);
}

#define BCR(pmc) (1ul | (u64)(pmc) << 1 | 0xful << 5)
#define PMC_EL1 1
#define PMC_EL0 2

static void breakpoints(void)
{
	u64 el1 = SPSR_EL1 & ~SPSR_D;

	unlock();
	WRITE(mdscr_el1, MDSCR_MDE | MDSCR_KDE);
	WRITE(dbgbvr0_el1, nops + 1);
	WRITE(dbgbcr0_el1, BCR(PMC_EL0));
	RUN(SPSR_EL0, nops);
	EXPECT_EXC("EL0", 1, VEC_LOWER, ESR(EC_BREAKPT_LOWER, FSC_DEBUG), nops + 1);
	RUN(el1, nops);
	EXPECT_NO_EXC("EL1, only EL0 matches");
	WRITE(dbgbcr0_el1, BCR(PMC_EL1));
	RUN(el1, nops);
	EXPECT_EXC("EL1", 1, VEC_SAME, ESR(EC_BREAKPT_SAME, FSC_DEBUG), nops + 1);
	RUN(SPSR_EL0, nops);
	EXPECT_NO_EXC("EL0, only EL1 matches");
	RUN(SPSR_EL1, nops);
	EXPECT_NO_EXC("PSTATE.D");
	WRITE(mdscr_el1, MDSCR_MDE);
	RUN(el1, nops);
	EXPECT_NO_EXC("KDE clear");
	WRITE(dbgbcr0_el1, BCR(PMC_EL1 | PMC_EL0));
	WRITE(mdscr_el1, 0);
	RUN(SPSR_EL0, nops);
	EXPECT_NO_EXC("MDE clear");
	WRITE(mdscr_el1, MDSCR_MDE);
	WRITE(mdcr_el2, 6 | MDCR_TDE);
	for (u64 el = 0; el < 2; el++) {
		RUN(SPSR_OF_EL(el), nops);
		EXPECT_EXC("TDE", 2, VEC_LOWER, ESR(EC_BREAKPT_LOWER, FSC_DEBUG), nops + 1);
	}
	WRITE(mdcr_el2, 6);
	WRITE(dbgbcr0_el1, 0);
	RUN(SPSR_EL0, nops);
	EXPECT_NO_EXC("disabled");
}

static void every_breakpoint(void)
{
	u64 n = (READ(id_aa64dfr0_el1) >> 12 & 15) + 1;

	unlock();
	WRITE(mdscr_el1, MDSCR_MDE);
	for (u32 i = 0; i < n; i++) {
		RUN(SPSR_EL1, guest_insn(SR_WORD(SR(2, 0, 0, i, 4), 0, 0)), nops + 2);
		RUN(SPSR_EL1, guest_insn(SR_WORD(SR(2, 0, 0, i, 5), 0, 0)), BCR(PMC_EL0));
		RUN(SPSR_EL0, nops);
		EXPECT_EXC("breakpoint n", 1, VEC_LOWER, ESR(EC_BREAKPT_LOWER, FSC_DEBUG),
			   nops + 2);
		RUN(SPSR_EL1, guest_insn(SR_WORD(SR(2, 0, 0, i, 5), 0, 0)), 0);
	}
}

#define WCR(lsc, bas) (1ul | 3ul << 1 | (u64)(lsc) << 3 | (u64)(bas) << 5)
#define LSC_LOAD 1
#define LSC_STORE 2

PROBE(ldr_x, "ldr x1, [x0]");
PROBE(str_x, "str x1, [x0]");
PROBE(ldrb, "ldrb w1, [x0]");
PROBE(stp, "stp x1, x2, [x0]");
PROBE(ldr_post, "ldr x1, [x0], #8");

static void watchpoints(void)
{
	static const struct row {
		const char *name;
		const u32 *probe;
		u64 offset;
		u64 lsc, bas;
		unsigned hits, write;
	} rows[] = {
		{ "load on load", ldr_x, 0, LSC_LOAD, 0xff, 1, 0 },
		{ "load on store", ldr_x, 0, LSC_STORE, 0xff, 0, 0 },
		{ "store on store", str_x, 0, LSC_STORE, 0xff, 1, 1 },
		{ "store on load", str_x, 0, LSC_LOAD, 0xff, 0, 0 },
		{ "store on both", str_x, 0, LSC_LOAD | LSC_STORE, 0xff, 1, 1 },
		{ "byte selected", ldrb, 3, LSC_LOAD, 0x08, 1, 0 },
		{ "byte beside", ldrb, 2, LSC_LOAD, 0x08, 0, 0 },
		{ "word over the byte", ldr_x, 0, LSC_LOAD, 0x80, 1, 0 },
		{ "beside", ldr_x, 8, LSC_LOAD, 0xff, 0, 0 },
		{ "second of a pair", stp, -8ul, LSC_STORE, 0xff, 1, 1 },
		{ "write-back", ldr_post, 0, LSC_LOAD, 0xff, 1, 0 },
	};

	unlock();
	WRITE(mdscr_el1, MDSCR_MDE | MDSCR_KDE);
	WRITE(dbgwvr0_el1, &memory[2]);
	for (const struct row *r = rows; r < rows + ARRAY_SIZE(rows); r++) {
		for (u64 el = 0; el < 2; el++) {
			u64 va = (u64)&memory[2] + r->offset;
			const struct exc *e = guest_cpu()->exc;

			memory[2] = 0x77;
			WRITE(dbgwcr0_el1, WCR(r->lsc, r->bas));
			RUN(SPSR_OF_EL(el) & ~SPSR_D, r->probe, va, 0x55, 0x55);
			WRITE(dbgwcr0_el1, 0);
			if (!r->hits) {
				EXPECT_NO_EXC(r->name);
				continue;
			}
			EXPECT_EXC(r->name, 1, el ? VEC_SAME : VEC_LOWER,
				   ESR(el ? EC_WATCHPT_SAME : EC_WATCHPT_LOWER,
				       FSC_DEBUG | (r->write ? ISS_WNR : 0)), r->probe);
			EXPECT("FAR", e->far >= va && e->far < (u64)&memory[3]);
			EXPECT_EQ("not stored", memory[2], 0x77);
			EXPECT_EQ("no write-back", e->x[0], va);
			EXPECT_EQ("not loaded", e->x[1], 0x55);
		}
	}
}

static void watchpoint_to_el2(void)
{
	unlock();
	WRITE(mdscr_el1, MDSCR_MDE);
	WRITE(dbgwvr0_el1, &memory[2]);
	WRITE(dbgwcr0_el1, WCR(LSC_LOAD, 0xff));
	WRITE(mdcr_el2, 6 | MDCR_TDE);
	for (u64 el = 0; el < 2; el++) {
		RUN(SPSR_OF_EL(el), ldr_x, &memory[2]);
		EXPECT_EXC("TDE", 2, VEC_LOWER, ESR(EC_WATCHPT_LOWER, FSC_DEBUG), ldr_x);
		EXPECT_EQ("FAR", guest_cpu()->exc[0].far, &memory[2]);
	}
	WRITE(dbgwcr0_el1, 0);
}

/* MASK: 2^n bytes around the address */
static void watchpoint_mask(void)
{
	unlock();
	WRITE(mdscr_el1, MDSCR_MDE);
	WRITE(dbgwvr0_el1, memory);
	WRITE(dbgwcr0_el1, WCR(LSC_LOAD, 0xff) | 5ul << 24);
	RUN(SPSR_EL0, ldr_x, &memory[3]);
	EXPECT_EXC("in the range", 1, VEC_LOWER, ESR(EC_WATCHPT_LOWER, FSC_DEBUG), ldr_x);
	RUN(SPSR_EL0, ldr_x, &memory[4]);
	EXPECT_NO_EXC("beyond the range");
	WRITE(dbgwcr0_el1, 0);
}

GUEST_TESTS(TEST(step_el0), TEST(step_over_exceptions), TEST(step_el1), TEST(step_to_el2),
	    TEST(step_through), TEST(breakpoints), TEST(every_breakpoint), TEST(watchpoints),
	    TEST(watchpoint_to_el2), TEST(watchpoint_mask));
