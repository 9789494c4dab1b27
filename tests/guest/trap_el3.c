/*
 * Accesses trapped to EL3: CPTR_EL3.TCPAC, MDCR_EL3.{TDA,TDOSA,TPM}; EL2's own trap is first. FP is
 * in exc_fp.c, SMC in exc_calls.c, WFx in exc_wfx.c, interrupts in irq_route.c.
 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

static const struct row {
	const char *name;
	u32 sr;
	unsigned lowest;                /* EL that may access it */
	u64 cptr3, mdcr3, cptr2, mdcr2; /* the control, and EL2's for the same */
} rows[] = {
	{ "CPACR_EL1", SR(3, 0, 1, 0, 2), 1, CPTR_TCPAC, 0, CPTR_TCPAC, 0 },
	{ "CPTR_EL2", SR(3, 4, 1, 1, 2), 2, CPTR_TCPAC, 0, CPTR_TCPAC, 0 },
	{ "MDSCR_EL1", SR(2, 0, 0, 2, 2), 1, 0, MDCR_TDA, 0, MDCR_TDA },
	{ "DBGBVR0_EL1", SR(2, 0, 0, 0, 4), 1, 0, MDCR_TDA, 0, MDCR_TDA },
	{ "OSLSR_EL1", SR(2, 0, 1, 1, 4), 1, 0, MDCR_TDOSA, 0, MDCR_TDOSA },
	{ "PMCCNTR_EL0", SR(3, 3, 9, 13, 0), 0, 0, MDCR_TPM, 0, MDCR_TPM },
	{ "PMCR_EL0", SR(3, 3, 9, 12, 0), 0, 0, MDCR_TPM, 0, MDCR_TPM },
};

static void set(u64 cptr3, u64 mdcr3, u64 cptr2, u64 mdcr2)
{
	WRITE(cptr_el3, cptr3);
	WRITE(mdcr_el3, mdcr3);
	WRITE(cptr_el2, CPTR_EL2_DEFAULT | cptr2);
	WRITE(mdcr_el2, 6 | mdcr2);
	guest_pmuserenr(1);
}

static void one(const struct row *r, u64 el)
{
	const u32 *insn = guest_insn(SR_WORD(r->sr, 1, 3));
	u64 esr = ESR(EC_SYSREG, SR_ISS(r->sr, 1, 3));

	set(0, 0, 0, 0);
	RUN(SPSR_OF_EL(el), insn);
	EXPECT_NO_EXC(r->name);
	set(r->cptr3, r->mdcr3, 0, 0);
	RUN(SPSR_OF_EL(el), insn);
	if (el < 3)
		EXPECT_EXC(r->name, 3, VEC_LOWER, esr, insn);
	else
		EXPECT_NO_EXC(r->name);
	if (el >= 2)
		return;
	set(r->cptr3, r->mdcr3, r->cptr2, r->mdcr2);
	RUN(SPSR_OF_EL(el), insn);
	EXPECT_EXC("EL2 and EL3 both trap", 2, VEC_LOWER, esr, insn);
}

static void matrix(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].mdcr3 == MDCR_TPM && !guest_has_pmu())
			continue;
		for (u64 el = rows[i].lowest; el <= 3; el++)
			one(&rows[i], el);
	}
}

GUEST_TESTS(TEST(matrix));
