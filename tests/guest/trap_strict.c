/* Traps of system instructions that the manual has and QEMU has not, or with another syndrome. */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
/* ours-alone: QEMU 11.1 swaps op1 and op2 in the syndrome of MSR DAIFSet/DAIFClr, does not apply
 * MDCR_EL3.TDA to MDCR_EL2, and has no DBGPRCR_EL1 and DBGAUTHSTATUS_EL1 */
#include "guest.h"
#include "bits.h"

/* AArch64.CheckSystemAccess takes the fields from the instruction. */
static void msr_daif_immediate(void)
{
	for (unsigned op2 = 6; op2 < 8; op2++) {
		const u32 sr = SR(0, 3, 4, 15, op2);
		const u32 *insn = guest_insn(SR_WORD(sr, 0, 31));

		RUN(SPSR_EL0, insn);
		EXPECT_EXC("without UMA", 1, VEC_LOWER, ESR(EC_SYSREG, SR_ISS(sr, 0, 31)), insn);
		WRITE(hcr_el2, HCR_RW | HCR_TGE);
		RUN(SPSR_EL0, insn);
		EXPECT_EXC("with TGE", 2, VEC_LOWER, ESR(EC_SYSREG, SR_ISS(sr, 0, 31)), insn);
		WRITE(hcr_el2, HCR_RW);
	}
}

static const struct row {
	const char *name;
	u32 sr;
	u64 el;
	u64 mdcr2, mdcr3;
} rows[] = {
	{ "MDCR_EL2", SR(3, 4, 1, 1, 1), 2, 0, MDCR_TDA },
	{ "DBGPRCR_EL1", SR(2, 0, 1, 4, 4), 1, MDCR_TDOSA, MDCR_TDOSA },
	{ "DBGAUTHSTATUS_EL1", SR(2, 0, 7, 14, 6), 1, MDCR_TDA, MDCR_TDA },
};

static void debug_registers(void)
{
	for (const struct row *r = rows; r < rows + ARRAY_SIZE(rows); r++) {
		const u32 *insn = guest_insn(SR_WORD(r->sr, 1, 3));
		u64 esr = ESR(EC_SYSREG, SR_ISS(r->sr, 1, 3));

		RUN(SPSR_OF_EL(r->el), insn);
		EXPECT_NO_EXC(r->name);
		WRITE(mdcr_el3, r->mdcr3);
		RUN(SPSR_OF_EL(r->el), insn);
		EXPECT_EXC(r->name, 3, VEC_LOWER, esr, insn);
		WRITE(mdcr_el2, 6 | r->mdcr2);
		RUN(SPSR_OF_EL(r->el), insn);
		if (r->el == 1)
			EXPECT_EXC(r->name, 2, VEC_LOWER, esr, insn);
		guest_defaults();
	}
}

GUEST_TESTS(TEST(msr_daif_immediate), TEST(debug_registers));
