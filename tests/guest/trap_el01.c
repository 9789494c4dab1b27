/*
 * System registers and instructions that trap to EL1, or are undefined: EL0 under SCTLR_EL1,
 * PMUSERENR_EL0 and MDSCR_EL1, MSR DAIF, and accesses from an EL that has no right to the register.
 * The same to EL2 when HCR_EL2.TGE is set.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

static u64 line[16] __attribute__((aligned(64)));

#define CTR_EL0 SR(3, 3, 0, 0, 1)
#define DAIF SR(3, 3, 4, 2, 1)

/* what EL0 may do only when a bit of SCTLR_EL1, PMUSERENR_EL0 or so says so */
static const struct row {
	const char *name;
	u32 sr;
	unsigned read, rt;
	u64 sctlr, pmuserenr;
} rows[] = {
	{ "CTR_EL0", CTR_EL0, 1, 3, SCTLR_UCT, 0 },
	{ "DC CVAU", SR(1, 3, 7, 11, 1), 0, 3, SCTLR_UCI, 0 },
	{ "DC CVAC", SR(1, 3, 7, 10, 1), 0, 3, SCTLR_UCI, 0 },
	{ "DC CIVAC", SR(1, 3, 7, 14, 1), 0, 3, SCTLR_UCI, 0 },
	{ "IC IVAU", SR(1, 3, 7, 5, 1), 0, 3, SCTLR_UCI, 0 },
	{ "DC ZVA", SR(1, 3, 7, 4, 1), 0, 3, SCTLR_DZE, 0 },
	{ "MRS DAIF", DAIF, 1, 3, SCTLR_UMA, 0 },
	{ "MSR DAIF", DAIF, 0, 2, SCTLR_UMA, 0 },
	{ "PMCCNTR_EL0 by EN", SR(3, 3, 9, 13, 0), 1, 3, 0, BIT(0) },
	{ "PMCCNTR_EL0 by CR", SR(3, 3, 9, 13, 0), 1, 3, 0, BIT(2) },
	{ "PMCR_EL0", SR(3, 3, 9, 12, 0), 1, 3, 0, BIT(0) },
	{ "PMSWINC_EL0 by SW", SR(3, 3, 9, 12, 4), 0, 31, 0, BIT(1) },
	{ "PMXEVCNTR_EL0 by ER", SR(3, 3, 9, 13, 2), 1, 3, 0, BIT(3) },
	{ "PMSELR_EL0 by ER", SR(3, 3, 9, 12, 5), 0, 31, 0, BIT(3) },
};

static void el0_rights_to(unsigned to)
{
	for (const struct row *r = rows; r < rows + ARRAY_SIZE(rows); r++) {
		const u32 *insn = guest_insn(SR_WORD(r->sr, r->read, r->rt));

		if (r->pmuserenr && !guest_has_pmu())
			continue;
		WRITE(sctlr_el1, SCTLR_EL1_RES1);
		guest_pmuserenr(0);
		RUN(SPSR_EL0, insn, 0, 0, SPSR_DAIF, (u64)line);
		EXPECT_EXC(r->name, to, VEC_LOWER, ESR(EC_SYSREG, SR_ISS(r->sr, r->read, r->rt)),
			   insn);
		WRITE(sctlr_el1, SCTLR_EL1_RES1 | r->sctlr);
		guest_pmuserenr(r->pmuserenr);
		RUN(SPSR_EL0, insn, 0, 0, SPSR_DAIF, (u64)line);
		if (r->sctlr == SCTLR_DZE)
			EXPECT_NO_EXC_ZVA(r->name);
		else
			EXPECT_NO_EXC(r->name);
	}
}

static void el0_rights(void)
{
	el0_rights_to(1);
}

static void el0_rights_tge(void)
{
	if (!guest_has_el2())
		return;
	WRITE(hcr_el2, HCR_RW | HCR_TGE);
	el0_rights_to(2);
}

static void tdcc(void)
{
	const u32 mdccsr = SR(2, 3, 0, 1, 0);
	const u32 *insn = guest_insn(SR_WORD(mdccsr, 1, 3));

	RUN(SPSR_EL0, insn);
	EXPECT_NO_EXC("MDCCSR_EL0");
	WRITE(mdscr_el1, MDSCR_TDCC);
	RUN(SPSR_EL0, insn);
	EXPECT_EXC("MDCCSR_EL0 with TDCC", 1, VEC_LOWER, ESR(EC_SYSREG, SR_ISS(mdccsr, 1, 3)),
		   insn);
}

/* No right at all: undefined, with EC 0, at the EL itself or EL1. */
static void undefined(void)
{
	static const struct {
		const char *name;
		u32 sr;
		unsigned below;         /* first EL that may */
		unsigned write_only, read_only;
	} regs[] = {
		{ "TTBR0_EL1", SR(3, 0, 2, 0, 0), 1, 0, 0 },
		{ "VBAR_EL1", SR(3, 0, 12, 0, 0), 1, 0, 0 },
		{ "ELR_EL1", SR(3, 0, 4, 0, 1), 1, 0, 0 },
		{ "CurrentEL", SR(3, 0, 4, 2, 2), 1, 0, 1 },
		{ "SPSel", SR(3, 0, 4, 2, 0), 1, 0, 0 },
		{ "TPIDR_EL1", SR(3, 0, 13, 0, 4), 1, 0, 0 },
		{ "MDSCR_EL1", SR(2, 0, 0, 2, 2), 1, 0, 0 },
		{ "TLBI VMALLE1", SR(1, 0, 8, 7, 0), 1, 1, 0 },
		{ "IC IALLU", SR(1, 0, 7, 5, 0), 1, 1, 0 },
		{ "DC IVAC", SR(1, 0, 7, 6, 1), 1, 1, 0 },
		{ "AT S1E1R", SR(1, 0, 7, 8, 0), 1, 1, 0 },
		{ "HCR_EL2", SR(3, 4, 1, 1, 0), 2, 0, 0 },
		{ "VTTBR_EL2", SR(3, 4, 2, 1, 0), 2, 0, 0 },
		{ "SP_EL1", SR(3, 4, 4, 1, 0), 2, 0, 0 },
		{ "ESR_EL2", SR(3, 4, 5, 2, 0), 2, 0, 0 },
		{ "TLBI ALLE1", SR(1, 4, 8, 7, 4), 2, 1, 0 },
		{ "AT S12E1R", SR(1, 4, 7, 8, 4), 2, 1, 0 },
		{ "SCR_EL3", SR(3, 6, 1, 1, 0), 3, 0, 0 },
		{ "SP_EL2", SR(3, 6, 4, 1, 0), 3, 0, 0 },
		{ "TLBI ALLE3", SR(1, 6, 8, 7, 0), 3, 1, 0 },
	};
	for (unsigned i = 0; i < ARRAY_SIZE(regs); i++) {
		for (u64 el = 0; el < regs[i].below && el <= guest_boot_el; el++) {
			for (unsigned read = 0; read < 2; read++) {
				const u32 *insn = guest_insn(SR_WORD(regs[i].sr, read, 3));

				if (read ? regs[i].write_only : regs[i].read_only)
					continue;
				RUN(SPSR_OF_EL(el), insn);
				EXPECT_EXC(regs[i].name, el ? el : 1, el ? VEC_SAME : VEC_LOWER,
					   ESR(EC_UNKNOWN, 0), insn);
			}
		}
	}
}

/* Writes of read-only registers, reads of write-only ones, holes in the space: undefined at EL1. */
static void holes(void)
{
	static const struct {
		const char *name;
		u32 word;
	} insns[] = {
		{ "write of MIDR_EL1", SR_WORD(SR(3, 0, 0, 0, 0), 0, 3) },
		{ "write of ID_AA64PFR0_EL1", SR_WORD(SR(3, 0, 0, 4, 0), 0, 3) },
		{ "write of CurrentEL", SR_WORD(SR(3, 0, 4, 2, 2), 0, 3) },
		{ "write of CTR_EL0", SR_WORD(CTR_EL0, 0, 3) },
		{ "read of OSLAR_EL1", SR_WORD(SR(2, 0, 1, 0, 4), 1, 3) },
		{ "read of PMSWINC_EL0", SR_WORD(SR(3, 3, 9, 12, 4), 1, 3) },
		{ "S3_0_C2_C0_7", SR_WORD(SR(3, 0, 2, 0, 7), 1, 3) },
		{ "S3_5_C1_C0_0 without VHE's HCR", SR_WORD(SR(3, 5, 1, 0, 0), 1, 3) },
		{ "S1_0_C8_C7_4", SR_WORD(SR(1, 0, 8, 7, 4), 0, 3) },
		{ "S3_7_C0_C0_0", SR_WORD(SR(3, 7, 0, 0, 0), 1, 3) },
		{ "S0_0_C4_C0_0", 0xd500401f },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(insns); i++) {
		const u32 *insn = guest_insn(insns[i].word);

		RUN(SPSR_EL1, insn);
		EXPECT_EXC(insns[i].name, 1, VEC_SAME, ESR(EC_UNKNOWN, 0), insn);
	}
}

/* The identification space 3,0,0,2-7,n is there as a whole: unallocated ones read as zero. */
static void id_space_reads_as_zero(void)
{
	for (unsigned crm = 4; crm < 8; crm++) {
		for (unsigned op2 = 0; op2 < 8; op2++) {
			RUN(SPSR_EL1, guest_insn(SR_WORD(SR(3, 0, 0, crm, op2), 1, 0)));
			EXPECT_NO_EXC("identification register");
		}
	}
	EXPECT_EQ("S3_0_C0_C4_7", RUN(SPSR_EL1, guest_insn(SR_WORD(SR(3, 0, 0, 4, 7), 1, 0)), 9),
		  0);
	EXPECT_EQ("S3_0_C0_C6_7", RUN(SPSR_EL1, guest_insn(SR_WORD(SR(3, 0, 0, 6, 7), 1, 0)), 9),
		  0);
}

GUEST_TESTS(TEST(el0_rights), TEST(el0_rights_tge), TEST(tdcc), TEST(undefined), TEST(holes),
	    TEST(id_space_reads_as_zero));
