/*
 * priority.c, where QEMU is no reference (DDI0487 D1.3.5.5): a breakpoint before the illegal state,
 * FP traps and UNDEFINED before SP alignment, SP alignment before all that the access would meet.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* ours-alone: QEMU 11.1 does not check SP alignment, prefers stage 2 to the alignment fault of a stage
 * 1 that is off, and the abort of a fetch to a step that is due */
#include "flat.h"

PROBE(nop, "nop");
PROBE(load_word, "ldr w1, [x0]");
#define ON_SP(insn) "mov x2, sp\n\tmov sp, x0\n\t" insn "\n\tmov sp, x2"
PROBE(sp_fp, ON_SP("ldr q0, [sp]"));
PROBE(sp_undefined, ON_SP(".inst 0x1ea0fc00"));
PROBE(sp_casp_odd, ON_SP(".inst 0x48617fe0"));  /* CASP X1, X2, X0, X1, [SP]: odd */
PROBE(sp_load, ON_SP("ldr x3, [sp]"));
PROBE(sp_stxr, ON_SP("stxr w4, x3, [sp]"));
PROBE(sp_ldar, ON_SP("ldar x3, [sp]"));

static u64 data[4] __attribute__((aligned(64)));

static void breakpoint_illegal(void)
{
	WRITE(oslar_el1, 0);
	WRITE(mdscr_el1, MDSCR_MDE | MDSCR_KDE);
	WRITE(dbgbvr0_el1, nop);
	WRITE(dbgbcr0_el1, 0x1e7);
	RUN((SPSR_EL1 & ~SPSR_D) | SPSR_IL, nop);
	EXPECT_EXC("breakpoint, IL", 1, VEC_SAME, ESR(EC_BREAKPT_SAME, FSC_DEBUG), nop);
	EXPECT_EQ("IL is kept", guest_cpu()->exc[0].spsr & SPSR_IL, SPSR_IL);
	WRITE(dbgbcr0_el1, 0);
}

static void before_sp_alignment(void)
{
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_SA | SCTLR_SA0);
	WRITE(cpacr_el1, 0);
	RUN(SPSR_EL1, sp_fp, (u64)data + 8);
	EXPECT_EXC("FP trap", 1, VEC_SAME, ESR(EC_FP, BIT(24) | 0xe << 20), sp_fp + 2);
	RUN(SPSR_EL1, sp_undefined, (u64)data + 8);
	EXPECT_EXC("undefined", 1, VEC_SAME, ESR(EC_UNKNOWN, 0), sp_undefined + 2);
	RUN(SPSR_EL1, sp_casp_odd, (u64)data + 8);
	EXPECT_EXC("undefined", 1, VEC_SAME, ESR(EC_UNKNOWN, 0), sp_casp_odd + 2);
}

static void after_sp_alignment(void)
{
	static const u32 *const probes[] = { sp_load, sp_stxr, sp_ldar };

	flat_on(SCTLR_SA | SCTLR_SA0 | SCTLR_A);
	WRITE(oslar_el1, 0);
	WRITE(mdscr_el1, MDSCR_MDE | MDSCR_KDE);
	WRITE(dbgwvr0_el1, (u64)data);
	WRITE(dbgwcr0_el1, 0x1fff | 6ul << 24);
	for (unsigned i = 0; i < ARRAY_SIZE(probes); i++) {
		const u64 sps[] = { FLAT_GAP + 8, (u64)data + 8, (u64)data + 1,
				    flat_at(data, FLAT_DEVICE_RO) + 4 };

		for (unsigned k = 0; k < ARRAY_SIZE(sps); k++) {
			RUN(SPSR_EL1 & ~SPSR_D, probes[i], sps[k]);
			EXPECT_EXC("SP", 1, VEC_SAME, ESR(EC_SP_ALIGN, 0), probes[i] + 2);
		}
	}
	WRITE(dbgwcr0_el1, 0);
}

/* With stage 1 off all data is Device: the alignment fault is stage 1's, before stage 2 (R_XCHFJ). */
static void alignment_stage1_off(void)
{
	flat_stage2_on();
	RUN(SPSR_EL1, load_word, FLAT_HOLE_IPA + 2);
	EXPECT_ABORT("stage 1 off", 1, 1, load_word, FSC_ALIGNMENT, FLAT_HOLE_IPA + 2);
	RUN(SPSR_EL1, load_word, FLAT_HOLE_IPA);
	EXPECT_EQ("aligned", guest_cpu()->exc[0].el, 2);
}

/* A step that is due comes before the fetch, whatever that would meet. */
static void step_first(void)
{
	flat_on(0);
	WRITE(oslar_el1, 0);
	WRITE(mdscr_el1, MDSCR_SS);
	RUN(SPSR_EL0, FLAT_GAP);
	EXPECT_EXC("step, abort", 1, VEC_LOWER, ESR(EC_STEP_LOWER, FSC_DEBUG), FLAT_GAP);
	RUN(SPSR_EL0 | SPSR_IL, flat_code(nop, 0));
	EXPECT_EXC("step, IL", 1, VEC_LOWER, ESR(EC_STEP_LOWER, FSC_DEBUG), flat_code(nop, 0));
	/* not due: the instruction's own, with SS still set */
	RUN(SPSR_EL0 | SPSR_SS, FLAT_GAP);
	EXPECT_EXC("abort", 1, VEC_LOWER, ESR(EC_IABT_LOWER, FSC_TRANSLATION(2)), FLAT_GAP);
	EXPECT_EQ("SS", guest_cpu()->exc[0].spsr & SPSR_SS, SPSR_SS);
}

GUEST_TESTS(TEST(breakpoint_illegal), TEST(before_sp_alignment), TEST(after_sp_alignment),
	    TEST(alignment_stage1_off), TEST(step_first));
