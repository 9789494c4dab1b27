/*
 * Virtual interrupts and SErrors that HCR_EL2.{VI,VF,VSE} make pending: taken to EL1, masked by
 * PSTATE, seen in ISR_EL1, only with IMO, FMO or AMO, never at EL2; VSE is one shot and has its
 * syndrome in VSESR_EL2 with FEAT_RAS. Order when several are pending is IMPLEMENTATION DEFINED and
 * not tested.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

PROBE(nop, "nop");
PROBE(unmask, "msr daifclr, #7\n\tnop\n\tmsr daifset, #7");
PROBE(read_isr, "mrs x0, isr_el1");
PROBE(esb, "hint #16\n\tmrs x0, s3_0_c12_c1_1");        /* ESB; DISR_EL1 */

static const struct line {
	const char *name;
	u64 pend, route;
	u64 mask;               /* in PSTATE; also its bit in ISR_EL1 */
	unsigned vec;
} lines[] = {
	{ "vIRQ", HCR_VI, HCR_IMO, SPSR_I, VEC_IRQ }, { "vFIQ", HCR_VF, HCR_FMO, SPSR_F, VEC_FIQ },
	{ "vSError", HCR_VSE, HCR_AMO, SPSR_A, VEC_SERROR },
};

static void taken_below_el2(void)
{
	for (const struct line *l = lines; l < lines + ARRAY_SIZE(lines); l++) {
		for (u64 el = 0; el < 2; el++) {
			const struct exc *e = guest_cpu()->exc;
			u64 spsr = SPSR_OF_EL(el) & ~l->mask;

			WRITE(hcr_el2, HCR_RW | l->pend | l->route);
			RUN(spsr, nop);
			EXPECT_EQ(l->name, guest_cpu()->n_exc, 1);
			EXPECT_EQ(l->name, e->el, 1);
			EXPECT_EQ(l->name, e->vec, (el ? VEC_SAME : VEC_LOWER) + l->vec);
			EXPECT_EQ(l->name, e->elr, nop);
			EXPECT_EQ(l->name, e->spsr & 0x3ff, spsr);
			if (l->pend == HCR_VSE)
				EXPECT_EQ("ESR", e->esr & ~0x1fffffful, ESR(EC_SERROR, 0));
		}
	}
}

static void masked(void)
{
	for (const struct line *l = lines; l < lines + ARRAY_SIZE(lines); l++) {
		WRITE(hcr_el2, HCR_RW | l->pend | l->route);
		RUN(SPSR_EL1, nop);
		EXPECT_NO_EXC("masked at EL1");
		RUN(SPSR_EL0, nop);
		EXPECT_NO_EXC("masked at EL0");
		/* taken at the instruction after the unmasking one */
		RUN(SPSR_EL1, unmask);
		EXPECT_EQ("unmasked", guest_cpu()->exc[0].vec, VEC_SAME + l->vec);
		EXPECT_EQ("unmasked", guest_cpu()->exc[0].elr, unmask + 1);
	}
}

static void not_routed(void)
{
	for (const struct line *l = lines; l < lines + ARRAY_SIZE(lines); l++) {
		WRITE(hcr_el2, HCR_RW | l->pend);
		RUN(SPSR_EL1 & ~SPSR_DAIF, nop);
		EXPECT_NO_EXC("no xMO");
		WRITE(hcr_el2, HCR_RW | l->pend | l->route | HCR_TGE);
		RUN(SPSR_EL0 & ~SPSR_DAIF, nop);
		EXPECT_NO_EXC("TGE");
		WRITE(hcr_el2, HCR_RW | l->pend | l->route);
		RUN(SPSR_EL2 & ~SPSR_DAIF, nop);
		EXPECT_NO_EXC("at EL2");
	}
}

static void isr(void)
{
	for (const struct line *l = lines; l < lines + ARRAY_SIZE(lines); l++) {
		WRITE(hcr_el2, HCR_RW | l->pend | l->route);
		EXPECT_EQ("at EL1", RUN(SPSR_EL1, read_isr), l->mask);
		EXPECT_EQ("at EL2 it is physical", RUN(SPSR_EL2, read_isr), 0);
		WRITE(hcr_el2, HCR_RW | l->route);
		EXPECT_EQ("none", RUN(SPSR_EL1, read_isr), 0);
	}
}

static void vse_is_one_shot(void)
{
	WRITE(hcr_el2, HCR_RW | HCR_VSE | HCR_AMO);
	RUN(SPSR_EL1 & ~SPSR_A, nop);
	EXPECT_EQ("VSE after it was taken", READ(hcr_el2) & HCR_VSE, 0);
	WRITE(hcr_el2, HCR_RW | HCR_VI | HCR_IMO);
	RUN(SPSR_EL1 & ~SPSR_I, nop);
	EXPECT_EQ("VI after it was taken", READ(hcr_el2) & HCR_VI, HCR_VI);
}

static void vsesr(void)
{
	if (!(READ(id_aa64pfr0_el1) >> 28 & 15))
		return;
	for (u64 syndrome = 0; syndrome < 2; syndrome++) {
		u64 iss = syndrome ? BIT(24) | 0x123456 : 0x000812;

		WRITE(S3_4_C5_C2_3, iss);
		WRITE(hcr_el2, HCR_RW | HCR_VSE | HCR_AMO);
		RUN(SPSR_EL1 & ~SPSR_A, nop);
		EXPECT_EXC("ESR_EL1 from VSESR_EL2", 1, VEC_SAME + VEC_SERROR, ESR(EC_SERROR, iss),
			   nop);
	}
	/* ESB takes it without an exception */
	WRITE(S3_4_C5_C2_3, BIT(24) | 0xabcd);
	WRITE(S3_4_C12_C1_1, 0);                        /* VDISR_EL2 */
	WRITE(hcr_el2, HCR_RW | HCR_VSE | HCR_AMO);
	EXPECT_EQ("DISR_EL1 at EL1 is VDISR_EL2", RUN(SPSR_EL1, esb), BIT(31) | BIT(24) | 0xabcd);
	EXPECT_NO_EXC("esb");
	EXPECT_EQ("VSE after esb", READ(hcr_el2) & HCR_VSE, 0);
}

GUEST_TESTS(TEST(taken_below_el2), TEST(masked), TEST(not_routed), TEST(isr), TEST(vse_is_one_shot),
	    TEST(vsesr));
