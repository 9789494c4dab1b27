/*
 * Two causes at one instruction: which is reported (DDI0487 D1.3.5.5). Orders among traps of one
 * register access to several ELs are in trap_hcr.c and trap_el3.c.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "flat.h"

PROBE(udf, "udf #0");
PROBE(svc, "svc #0");
PROBE(smc, "smc #0");
PROBE(ldr_q, "ldr q0, [x0]");
PROBE(load, "ldr x1, [x0]");
PROBE(load_word, "ldr w1, [x0]");
PROBE(store_word, "str w1, [x0]");
PROBE(msr_ttbr, "msr ttbr0_el1, x0");
PROBE(fp_unallocated, ".inst 0x1ea0fc00");      /* FCSEL of a type that does not exist */

#define GAP 0x70000000ul

/* Stage 1 for EL1, identical but for GAP; stage 2, of which more is missing. */
static void translation_on(u64 sctlr)
{
	static u64 *s1, *s2;

	if (!s1) {
		s1 = pt_new();
		s2 = pt_new();
		pt_identity(s1, 1, PT_S1_DEVICE & ~(PT_PXN | PT_UXN), PT_S1_NORMAL);
		pt_map(s1, 1, 0x60000000, 0x40000000, 2, PT_S1_NORMAL | PT_EL0 | PT_PXN);
		pt_map(s1, 1, GAP + 0x200000, GAP, 2, PT_S1_NORMAL);
		pt_map(s1, 1, GAP + 0x400000, GAP, 2, PT_S1_NORMAL & ~PT_AF);
		pt_map(s1, 1, GAP + 0x600000, GAP, 2, PT_S1_NORMAL | PT_RO);
		pt_identity(s2, 1, PT_S2_DEVICE, PT_S2_NORMAL);
	}
	WRITE(mair_el1, PT_MAIR);
	WRITE(tcr_el1, PT_TCR_EL1);
	WRITE(ttbr0_el1, s1);
	WRITE(vtcr_el2, PT_VTCR);
	WRITE(vttbr_el2, s2);
	WRITE(hcr_el2, HCR_RW | HCR_VM);
	INSN("tlbi alle1\n\tdsb sy\n\tisb");
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_M | sctlr);
}

static void breakpoint_at(const void *address)
{
	WRITE(oslar_el1, 0);
	WRITE(mdscr_el1, MDSCR_MDE | MDSCR_KDE);
	WRITE(dbgbvr0_el1, (u64)address & ~3ul);
	WRITE(dbgbcr0_el1, address ? 0x1e7 : 0);
}

static void of_the_fetch(void)
{
	/* a pending step is before all else */
	WRITE(oslar_el1, 0);
	WRITE(mdscr_el1, MDSCR_SS);
	RUN(SPSR_EL0, udf);
	EXPECT_EXC("step, undefined", 1, VEC_LOWER, ESR(EC_STEP_LOWER, FSC_DEBUG), udf);
	WRITE(mdscr_el1, 0);
	/* PC alignment is before the abort of the fetch */
	translation_on(0);
	RUN(SPSR_EL1, GAP + 2);
	EXPECT_EXC("PC alignment, abort", 1, VEC_SAME, ESR(EC_PC_ALIGN, 0), GAP + 2);
	/* PC alignment and abort are before the illegal state */
	RUN(SPSR_EL1 | SPSR_IL, GAP + 2);
	EXPECT_EXC("PC alignment, IL", 1, VEC_SAME, ESR(EC_PC_ALIGN, 0), GAP + 2);
	RUN(SPSR_EL1 | SPSR_IL, GAP);
	EXPECT_EXC("abort, IL", 1, VEC_SAME, ESR(EC_IABT_SAME, FSC_TRANSLATION(2)), GAP);
}

static void of_the_instruction(void)
{
	breakpoint_at(udf);
	RUN(SPSR_EL1 & ~SPSR_D, udf);
	EXPECT_EXC("breakpoint, undefined", 1, VEC_SAME, ESR(EC_BREAKPT_SAME, FSC_DEBUG), udf);
	breakpoint_at(svc);
	RUN(SPSR_EL0, svc);
	EXPECT_EXC("breakpoint, svc", 1, VEC_LOWER, ESR(EC_BREAKPT_LOWER, FSC_DEBUG), svc);
	breakpoint_at(0);
	/* no such instruction is before "not for you" */
	WRITE(cpacr_el1, 0);
	RUN(SPSR_EL1, fp_unallocated);
	EXPECT_EXC("undefined, FP trap", 1, VEC_SAME, ESR(EC_UNKNOWN, 0), fp_unallocated);
	/* the trap is before what the access would have met */
	translation_on(0);
	RUN(SPSR_EL1, ldr_q, GAP);
	EXPECT_EXC("FP trap, data abort", 1, VEC_SAME, ESR(EC_FP, BIT(24) | 0xe << 20), ldr_q);
	WRITE(cpacr_el1, FPEN(3));
	WRITE(cptr_el2, CPTR_EL2_DEFAULT | CPTR_TFP);
	RUN(SPSR_EL1, ldr_q, GAP);
	EXPECT_EXC("EL2 FP trap, data abort", 2, VEC_LOWER, ESR(EC_FP, BIT(24) | 0xe << 20), ldr_q);
}

/* Undefined at EL0 is not trapped to EL2, whatever EL2 asks for. */
static void undefined_before_traps(void)
{
	WRITE(hcr_el2, HCR_RW | HCR_TVM | HCR_TSC);
	RUN(SPSR_EL0, msr_ttbr);
	EXPECT_EXC("TVM at EL0", 1, VEC_LOWER, ESR(EC_UNKNOWN, 0), msr_ttbr);
	RUN(SPSR_EL0, smc);
	EXPECT_EXC("TSC at EL0", 1, VEC_LOWER, ESR(EC_UNKNOWN, 0), smc);
}

static void of_the_access(void)
{
	static const struct {
		const char *name;
		u64 va, sctlr;
		unsigned to;
		u64 iss;
	} rows[] = {
		/* alignment that the type of memory has no say in comes before translation */
		{ "SCTLR.A, translation", GAP + 2, SCTLR_A, 1, FSC_ALIGNMENT },
		/* stage 1 comes before stage 2 */
		{ "stage 1, stage 2", GAP, 0, 1, FSC_TRANSLATION(2) },
		{ "access flag, stage 2", GAP + 0x400000, 0, 1, FSC_ACCESS(2) },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		translation_on(rows[i].sctlr);
		RUN(SPSR_EL1, load_word, rows[i].va);
		EXPECT_EXC(rows[i].name, rows[i].to, VEC_SAME, ESR(EC_DABT_SAME, rows[i].iss),
			   load_word);
		guest_defaults();
	}
}

/*
 * An alignment fault that the memory type causes is after the fault of the walk, before permission
 * and before all of stage 2 (R_XCHFJ).
 */
static void alignment_by_type(void)
{
	u64 ro = FLAT_DEVICE_RO + 0x1001;

	flat_on(0);
	flat_stage2_on();
	RUN(SPSR_EL1, store_word, ro);
	EXPECT_ABORT("type, permission", 1, 1, store_word, FSC_ALIGNMENT | ISS_WNR, ro);
	RUN(SPSR_EL1, store_word, ro - 1);
	EXPECT_ABORT("aligned", 1, 1, store_word, FSC_PERMISSION(2) | ISS_WNR, ro - 1);
	for (unsigned again = 0; again < 2; again++) {
		RUN(SPSR_EL1, load_word, FLAT_DEVICE_HOLE + 2);
		EXPECT_ABORT("type, stage 2", 1, 1, load_word, FSC_ALIGNMENT, FLAT_DEVICE_HOLE + 2);
		RUN(SPSR_EL1, load_word, FLAT_DEVICE_HOLE);
		EXPECT_EQ("aligned", guest_cpu()->exc[0].el, 2);
	}
}

static void watchpoint_after_abort(void)
{
	WRITE(oslar_el1, 0);
	translation_on(0);
	WRITE(mdscr_el1, MDSCR_MDE | MDSCR_KDE);
	WRITE(dbgwvr0_el1, GAP);
	WRITE(dbgwcr0_el1, 0x1fff);
	RUN(SPSR_EL1 & ~SPSR_D, load, GAP);
	EXPECT_EXC("abort, watchpoint", 1, VEC_SAME, ESR(EC_DABT_SAME, FSC_TRANSLATION(2)), load);
	WRITE(dbgwcr0_el1, 0);
}

/* A pending, unmasked interrupt is taken before the next instruction's own exception. */
static void interrupt_before_instruction(void)
{
	WRITE(hcr_el2, HCR_RW | HCR_IMO | HCR_VI);
	RUN(SPSR_EL0 & ~SPSR_I, udf);
	EXPECT_EQ("vector", guest_cpu()->exc[0].vec, VEC_LOWER + VEC_IRQ);
	EXPECT_EQ("ELR", guest_cpu()->exc[0].elr, udf);
}

GUEST_TESTS(TEST(of_the_fetch), TEST(of_the_instruction), TEST(undefined_before_traps),
	    TEST(of_the_access), TEST(alignment_by_type), TEST(watchpoint_after_abort), TEST(interrupt_before_instruction));
