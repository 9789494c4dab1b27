/*
 * PSTATE bits of v8.0 to v8.2 and how exceptions treat them: DAIF, SPSel, NZCV, PAN with SPAN, UAO,
 * SSBS with DSSBS; that they are not there on a core without the feature. The effect of PAN and UAO
 * on permissions is in mmu_perm.c.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

PROBE(svc, "svc #0");
PROBE(hvc, "hvc #0");
PROBE(read_pan, "mrs x0, s3_0_c4_c2_3");
PROBE(pan_1, ".inst 0xd500419f\n\tmrs x0, s3_0_c4_c2_3");
PROBE(pan_reg, "msr s3_0_c4_c2_3, x0\n\tmrs x0, s3_0_c4_c2_3");
PROBE(uao_1, ".inst 0xd500417f\n\tmrs x0, s3_0_c4_c2_4");
PROBE(uao_reg, "msr s3_0_c4_c2_4, x0\n\tmrs x0, s3_0_c4_c2_4");
PROBE(ssbs_1, ".inst 0xd503413f\n\tmrs x0, s3_3_c4_c2_6");
PROBE(ssbs_reg, "msr s3_3_c4_c2_6, x0\n\tmrs x0, s3_3_c4_c2_6");
PROBE(nzcv, "msr nzcv, x0\n\tmrs x0, nzcv");
PROBE(daif, "msr daif, x0\n\tmrs x0, daif\n\tmsr daifset, #15");
PROBE(daifset, "msr daif, xzr\n\tmsr daifset, #5\n\tmrs x0, daif\n\tmsr daifset, #15");
PROBE(daifclr, "msr daifset, #15\n\tmsr daifclr, #10\n\tmrs x0, daif\n\tmsr daifset, #15");
PROBE(spsel, "mov x2, sp\n\tmsr spsel, #0\n\tmrs x0, spsel\n\tmov x1, sp\n\tmsr spsel, #1\n\tmov "
	     "sp, x2\n\t"
	     "orr x0, x0, x1");
PROBE(current_el, "mrs x0, CurrentEL");

static unsigned has_pan(void)
{
	return READ(id_aa64mmfr1_el1) >> 20 & 15;
}

static unsigned has_uao(void)
{
	return READ(id_aa64mmfr2_el1) >> 4 & 15;
}

static unsigned has_ssbs(void)
{
	return READ(id_aa64pfr1_el1) >> 4 & 15;
}

static void by_register(void)
{
	EXPECT_EQ("NZCV", RUN(SPSR_EL0, nzcv, ~0ul), 0xf0000000);
	EXPECT_EQ("NZCV", RUN(SPSR_EL1, nzcv, 0xa0000000), 0xa0000000);
	EXPECT_EQ("DAIF", RUN(SPSR_EL1, daif, ~0ul), 0x3c0);
	EXPECT_EQ("DAIF", RUN(SPSR_EL1, daif, 0x240), 0x240);
	EXPECT_EQ("DAIFSet", RUN(SPSR_EL1, daifset), 0x140);
	EXPECT_EQ("DAIFClr", RUN(SPSR_EL1, daifclr), 0x140);
	EXPECT_EQ("SPSel and SP_EL0", RUN(SPSR_EL1, spsel), guest_cpu()->stack[0]);
	EXPECT_EQ("CurrentEL", RUN(SPSR_EL1, current_el), 4);
	EXPECT_EQ("CurrentEL", RUN(SPSR_EL2, current_el), 8);
}

/* An exception masks all, selects SP_ELx, keeps NZCV, and its SPSR tells what was before. */
static void exception_entry(void)
{
	for (u64 daif_bits = 0; daif_bits < 16; daif_bits++) {
		const struct exc *e = guest_cpu()->exc;
		u64 spsr = 0xf0000000 & (daif_bits * 0x18000000);

		RUN(spsr | daif_bits << 6, svc);
		EXPECT_EQ("SPSR_EL1", e->spsr, spsr | daif_bits << 6);
		RUN(5 | spsr | daif_bits << 6, hvc);
		EXPECT_EQ("SPSR_EL2", e->spsr, 5 | spsr | daif_bits << 6);
	}
}

static u64 seen_pan, seen_ssbs, seen_daif, seen_uao;

static enum guest_action look(struct exc *e)
{
	seen_daif = READ(daif);
	if (has_pan())
		seen_pan = READ(s3_0_c4_c2_3);
	if (has_uao())
		seen_uao = READ(s3_0_c4_c2_4);
	if (has_ssbs())
		seen_ssbs = READ(s3_3_c4_c2_6);
	return GUEST_HOME;
}

static void masks_in_the_handler(void)
{
	guest_cpu()->handler = look;
	RUN(0, svc);
	EXPECT_EQ("DAIF at EL1", seen_daif, 0x3c0);
	RUN(5, hvc);
	EXPECT_EQ("DAIF at EL2", seen_daif, 0x3c0);
}

static void pan(void)
{
	if (!has_pan()) {
		RUN(SPSR_EL1, read_pan);
		EXPECT_EXC("no PAN", 1, VEC_SAME, ESR(EC_UNKNOWN, 0), read_pan);
		RUN(SPSR_EL1, pan_1);
		EXPECT_EXC("no PAN", 1, VEC_SAME, ESR(EC_UNKNOWN, 0), pan_1);
		return;
	}
	EXPECT_EQ("MSR PAN, #1", RUN(SPSR_EL1, pan_1), SPSR_PAN);
	EXPECT_EQ("MSR PAN, x", RUN(SPSR_EL1, pan_reg, ~0ul), SPSR_PAN);
	EXPECT_EQ("MSR PAN, x", RUN(SPSR_EL1 | SPSR_PAN, pan_reg, 0), 0);
	EXPECT_EQ("from SPSR", RUN(SPSR_EL1 | SPSR_PAN, read_pan), SPSR_PAN);
	RUN(SPSR_EL0, read_pan);
	EXPECT_EXC("at EL0", 1, VEC_LOWER, ESR(EC_UNKNOWN, 0), read_pan);
	/* an exception to EL1 sets it unless SPAN; to EL2 without VHE never */
	guest_cpu()->handler = look;
	WRITE(sctlr_el1, SCTLR_EL1_RES1 & ~SCTLR_SPAN);
	RUN(SPSR_EL0, svc);
	EXPECT_EQ("no SPAN", seen_pan, SPSR_PAN);
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_SPAN);
	RUN(SPSR_EL0, svc);
	EXPECT_EQ("SPAN, clear", seen_pan, 0);
	RUN(SPSR_EL1 | SPSR_PAN, svc);
	EXPECT_EQ("SPAN, set", seen_pan, SPSR_PAN);
	EXPECT_EQ("SPSR", guest_cpu()->exc[0].spsr, SPSR_EL1 | SPSR_PAN);
	WRITE(sctlr_el2, SCTLR_EL2_RES1 & ~SCTLR_SPAN);
	RUN(SPSR_EL1, hvc);
	EXPECT_EQ("EL2", seen_pan, 0);
}

static void uao(void)
{
	if (!has_uao()) {
		RUN(SPSR_EL1, uao_1);
		EXPECT_EXC("no UAO", 1, VEC_SAME, ESR(EC_UNKNOWN, 0), uao_1);
		return;
	}
	EXPECT_EQ("MSR UAO, #1", RUN(SPSR_EL1, uao_1), SPSR_UAO);
	EXPECT_EQ("MSR UAO, x", RUN(SPSR_EL1, uao_reg, ~0ul), SPSR_UAO);
	guest_cpu()->handler = look;
	RUN(SPSR_EL1 | SPSR_UAO, svc);
	EXPECT_EQ("cleared on entry", seen_uao, 0);
	EXPECT_EQ("SPSR", guest_cpu()->exc[0].spsr, SPSR_EL1 | SPSR_UAO);
}

static void ssbs(void)
{
	if (!has_ssbs())
		return;
	if (has_ssbs() == 2) {
		EXPECT_EQ("MSR SSBS, #1", RUN(SPSR_EL0, ssbs_1), SPSR_SSBS);
		EXPECT_EQ("MSR SSBS, x", RUN(SPSR_EL0, ssbs_reg, ~0ul), SPSR_SSBS);
	}
	guest_cpu()->handler = look;
	for (unsigned on = 0; on < 2; on++) {
		WRITE(sctlr_el1, SCTLR_EL1_RES1 | (on ? SCTLR_DSSBS : 0));
		RUN(SPSR_EL0 | (on ? 0 : SPSR_SSBS), svc);
		EXPECT_EQ("DSSBS", seen_ssbs, on ? SPSR_SSBS : 0);
		EXPECT_EQ("SPSR", guest_cpu()->exc[0].spsr, SPSR_EL0 | (on ? 0 : SPSR_SSBS));
	}
}

GUEST_TESTS(TEST(by_register), TEST(exception_entry), TEST(masks_in_the_handler), TEST(pan),
	    TEST(uao), TEST(ssbs));
