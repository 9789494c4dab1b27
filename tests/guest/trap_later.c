/*
 * Traps of EL1 accesses by HCR_EL2 that came after v8.0: TLOR (v8.1), TERR and the RAS registers
 * (v8.2), API and APK (v8.3), FEAT_EVT's finer controls (v8.5), and TIDCP for IMPLEMENTATION
 * DEFINED registers. A core without the feature treats the registers as undefined, which is no
 * trap.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu max -smp 1 */
#include "guest.h"
#include "bits.h"

#define HCR_APK BIT(40)
#define HCR_API BIT(41)

static unsigned field(u64 reg, unsigned shift)
{
	return reg >> shift & 15;
}

static unsigned has_lor(void)
{
	return field(READ(id_aa64mmfr1_el1), 16);
}

static unsigned has_ras(void)
{
	return field(READ(id_aa64pfr0_el1), 28);
}

static unsigned has_pauth(void)
{
	u64 isar1 = READ(id_aa64isar1_el1);

	return field(isar1, 4) | field(isar1, 8);
}

struct row {
	const char *name;
	u32 sr;
};

static const struct row lor[] = {
	{ "LORSA_EL1", SR(3, 0, 10, 4, 0) }, { "LOREA_EL1", SR(3, 0, 10, 4, 1) },
	{ "LORN_EL1", SR(3, 0, 10, 4, 2) }, { "LORC_EL1", SR(3, 0, 10, 4, 3) },
	{ "LORID_EL1", SR(3, 0, 10, 4, 7) },
};
static const struct row ras[] = {
	{ "ERRIDR_EL1", SR(3, 0, 5, 3, 0) }, /* the others need not exist without error records */
};
static const struct row keys[] = {
	{ "APIAKeyLo_EL1", SR(3, 0, 2, 1, 0) }, { "APIBKeyHi_EL1", SR(3, 0, 2, 1, 3) },
	{ "APDAKeyLo_EL1", SR(3, 0, 2, 2, 0) }, { "APDBKeyHi_EL1", SR(3, 0, 2, 2, 3) },
	{ "APGAKeyLo_EL1", SR(3, 0, 2, 3, 0) },
};

/* `trap` is what makes HCR_EL2 trap: set TLOR and TERR, clear APK */
static void group(const struct row *rows, unsigned n, unsigned present, u64 trap, u64 allow)
{
	for (const struct row *r = rows; r < rows + n; r++) {
		const u32 *insn = guest_insn(SR_WORD(r->sr, 1, 3));

		WRITE(hcr_el2, HCR_RW | trap);
		RUN(SPSR_EL1, insn);
		if (present)
			EXPECT_EXC(r->name, 2, VEC_LOWER, ESR(EC_SYSREG, SR_ISS(r->sr, 1, 3)),
				   insn);
		else
			EXPECT_EXC(r->name, 1, VEC_SAME, ESR(EC_UNKNOWN, 0), insn);
		WRITE(hcr_el2, HCR_RW | allow);
		RUN(SPSR_EL1, insn);
		if (present)
			EXPECT_NO_EXC(r->name);
		else
			EXPECT_EXC(r->name, 1, VEC_SAME, ESR(EC_UNKNOWN, 0), insn);
	}
}

static void lor_registers(void)
{
	group(lor, ARRAY_SIZE(lor), has_lor(), HCR_TLOR, 0);
}

static void ras_registers(void)
{
	group(ras, ARRAY_SIZE(ras), has_ras(), HCR_TERR, 0);
}

static void pauth_keys(void)
{
	group(keys, ARRAY_SIZE(keys), has_pauth(), 0, HCR_APK);
}

PROBE(pacga, ".inst 0x9ac23020");       /* PACGA x0, x1, x2 */
PROBE(pacia_hint, "paciasp");

/* Instructions: PACGA always, the hints when the key is enabled. EC 9, no more. */
static void pauth_instructions(void)
{
	if (!has_pauth())
		return;
	WRITE(hcr_el2, HCR_RW);
	RUN(SPSR_EL1, pacga);
	EXPECT_EXC("PACGA", 2, VEC_LOWER, ESR(0x09, 0), pacga);
	RUN(SPSR_EL1, pacia_hint);
	EXPECT_NO_EXC("PACIASP, key off");
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | BIT(31));
	RUN(SPSR_EL1, pacia_hint);
	EXPECT_EXC("PACIASP", 2, VEC_LOWER, ESR(0x09, 0), pacia_hint);
	WRITE(hcr_el2, HCR_RW | HCR_API);
	RUN(SPSR_EL1, pacga);
	EXPECT_NO_EXC("PACGA, API");
}

/* FEAT_EVT: parts of what TID2, TPU and TTLB trap */
static const struct {
	const char *name;
	u64 hcr;
	unsigned level;         /* of ID_AA64MMFR2_EL1.EVT */
	unsigned read;
	u32 trapped, allowed;
} evt[] = {
	{ "TID4", BIT(49), 1, 1, SR(3, 1, 0, 0, 0), SR(3, 3, 0, 0, 1) },  /* CCSIDR, CTR */
	{ "TICAB", BIT(50), 1, 0, SR(1, 0, 7, 1, 0), SR(1, 0, 7, 5, 0) }, /* IC IALLUIS, IALLU */
	{ "TOCU", BIT(52), 1, 0, SR(1, 0, 7, 5, 0), SR(1, 0, 7, 1, 0) },
	{ "TTLBIS", BIT(54), 2, 0, SR(1, 0, 8, 3, 0),
	  SR(1, 0, 8, 7, 0) }, /* TLBI VMALLE1IS, VMALLE1 */
	{ "TTLBOS", BIT(55), 2, 0, SR(1, 0, 8, 1, 0), SR(1, 0, 8, 3, 0) },
};

static void enhanced_traps(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(evt); i++) {
		const u32 *insn = guest_insn(SR_WORD(evt[i].trapped, evt[i].read, 3));

		if (field(READ(id_aa64mmfr2_el1), 56) < evt[i].level ||
		    (evt[i].hcr == BIT(55) && !field(READ(id_aa64isar0_el1), 56)))
			continue;
		WRITE(hcr_el2, HCR_RW | evt[i].hcr);
		RUN(SPSR_EL1, insn);
		EXPECT_EXC(evt[i].name, 2, VEC_LOWER,
			   ESR(EC_SYSREG, SR_ISS(evt[i].trapped, evt[i].read, 3)), insn);
		RUN(SPSR_EL1, guest_insn(SR_WORD(evt[i].allowed, evt[i].read, 3)));
		EXPECT_NO_EXC(evt[i].name);
	}
}

/* op0 = 3, CRn = 11 or 15: traps at EL1, whether or not the register exists. */
static void implementation_defined(void)
{
	static const u32 regs[] = {
		SR(3, 0, 15, 9, 7), SR(3, 1, 15, 9, 0), SR(3, 3, 11, 9, 3), SR(3, 7, 15, 12, 7),
	};

	for (unsigned i = 0; i < ARRAY_SIZE(regs); i++) {
		for (unsigned read = 0; read < 2; read++) {
			const u32 *insn = guest_insn(SR_WORD(regs[i], read, 3));

			WRITE(hcr_el2, HCR_RW | HCR_TIDCP);
			RUN(SPSR_EL1, insn);
			EXPECT_EXC("TIDCP", 2, VEC_LOWER, ESR(EC_SYSREG, SR_ISS(regs[i], read, 3)),
				   insn);
		}
	}
}

GUEST_TESTS(TEST(lor_registers), TEST(ras_registers), TEST(pauth_keys), TEST(pauth_instructions),
	    TEST(enhanced_traps), TEST(implementation_defined));
