/*
 * Floating-point and SIMD access traps: CPACR_EL1.FPEN, CPTR_EL2.TFP, CPTR_EL3.TFP, and their order
 * (DDI0487 CheckFPAdvSIMDEnabled64). Every kind of instruction that uses the registers counts.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

PROBE(fmov, "fmov d0, xzr");
PROBE(fadd, "fadd s0, s1, s2");
PROBE(vadd, "add v0.4s, v1.4s, v2.4s");
PROBE(aes, "aese v0.16b, v1.16b");
PROBE(ldr_q, "ldr q0, [x0]");
PROBE(stp_d, "stp d0, d1, [x0]");
PROBE(ld4, "ld4 {v0.8h, v1.8h, v2.8h, v3.8h}, [x0]");
PROBE(ldr_literal, "1: ldr d0, 1b");
PROBE(mrs_fpcr, "mrs x0, fpcr");
PROBE(msr_fpsr, "msr fpsr, xzr");

static const struct {
	const char *name;
	const u32 *probe;
} probes[] = {
	{ "fmov", fmov },	  { "fadd", fadd },
	{ "add.4s", vadd },	  { "aese", aes },
	{ "ldr q", ldr_q },	  { "stp d", stp_d },
	{ "ld4", ld4 },		  { "ldr literal", ldr_literal },
	{ "mrs fpcr", mrs_fpcr }, { "msr fpsr", msr_fpsr },
};

static const struct row {
	const char *what;
	u64 spsr, cpacr, cptr2, cptr3, hcr;
	unsigned to;            /* 0: allowed */
	u64 ec;
} rows[] = {
	{ "EL0 FPEN=0", SPSR_EL0, FPEN(0), 0, 0, 0, 1, EC_FP },
	{ "EL0 FPEN=1", SPSR_EL0, FPEN(1), 0, 0, 0, 1, EC_FP },
	{ "EL0 FPEN=2", SPSR_EL0, FPEN(2), 0, 0, 0, 1, EC_FP },
	{ "EL0 FPEN=3", SPSR_EL0, FPEN(3), 0, 0, 0, 0, 0 },
	{ "EL1 FPEN=0", SPSR_EL1, FPEN(0), 0, 0, 0, 1, EC_FP },
	{ "EL1 FPEN=1", SPSR_EL1, FPEN(1), 0, 0, 0, 0, 0 },
	{ "EL1 FPEN=2", SPSR_EL1, FPEN(2), 0, 0, 0, 1, EC_FP },
	{ "EL1 FPEN=3", SPSR_EL1, FPEN(3), 0, 0, 0, 0, 0 },
	{ "EL0 FPEN=0 TFP", SPSR_EL0, FPEN(0), CPTR_TFP, 0, 0, 1, EC_FP },
	{ "EL0 TFP", SPSR_EL0, FPEN(3), CPTR_TFP, 0, 0, 2, EC_FP },
	{ "EL1 TFP", SPSR_EL1, FPEN(3), CPTR_TFP, 0, 0, 2, EC_FP },
	{ "EL2 TFP", SPSR_EL2, FPEN(3), CPTR_TFP, 0, 0, 2, EC_FP },
	{ "EL2 FPEN=0", SPSR_EL2, FPEN(0), 0, 0, 0, 0, 0 },
	{ "EL0 FPEN=0 TGE", SPSR_EL0, FPEN(0), 0, 0, HCR_TGE, 2, EC_UNKNOWN },
	{ "EL0 TFP TGE", SPSR_EL0, FPEN(3), CPTR_TFP, 0, HCR_TGE, 2, EC_FP },
	{ "EL0 EL3.TFP", SPSR_EL0, FPEN(3), 0, CPTR_TFP, 0, 3, EC_FP },
	{ "EL1 EL3.TFP", SPSR_EL1, FPEN(3), 0, CPTR_TFP, 0, 3, EC_FP },
	{ "EL2 EL3.TFP", SPSR_EL2, FPEN(3), 0, CPTR_TFP, 0, 3, EC_FP },
	{ "EL3 EL3.TFP", SPSR_EL3, FPEN(3), 0, CPTR_TFP, 0, 3, EC_FP },
	{ "EL3 FPEN=0 TFP", SPSR_EL3, FPEN(0), CPTR_TFP, 0, 0, 0, 0 },
	{ "EL1 both TFP", SPSR_EL1, FPEN(3), CPTR_TFP, CPTR_TFP, 0, 2, EC_FP },
};

static void run_row(const struct row *r)
{
	static u64 buffer[8] __attribute__((aligned(64)));
	u64 iss = r->ec == EC_FP ? BIT(24) | 0xeul << 20 : 0;
	unsigned from = r->spsr >> 2 & 3;

	WRITE(cpacr_el1, r->cpacr);
	WRITE(cptr_el2, CPTR_EL2_DEFAULT | r->cptr2);
	WRITE(hcr_el2, HCR_RW | r->hcr);
	if (guest_boot_el == 3)
		WRITE(cptr_el3, r->cptr3);
	for (unsigned i = 0; i < ARRAY_SIZE(probes); i++) {
		RUN(r->spsr, probes[i].probe, buffer);
		if (r->to)
			EXPECT_EXC(r->what, r->to, r->to == from ? VEC_SAME : VEC_LOWER,
				   ESR(r->ec, iss), probes[i].probe);
		else
			EXPECT_NO_EXC(r->what);
	}
}

static void matrix(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if ((!rows[i].cptr3 && rows[i].spsr != SPSR_EL3) || guest_boot_el == 3)
			run_row(&rows[i]);
}

GUEST_TESTS(TEST(matrix));
