/*
 * WFI and WFE traps: SCTLR_EL1.{nTWI,nTWE}, HCR_EL2.{TWI,TWE}, SCR_EL3.{TWI,TWE}, and their order.
 *
 * An exception return sets the event register (DDI0487 D1.6.1), so that one WFE after it need not
 * trap: the probe has two, and either may be the one.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

PROBE(wfi, "wfi");
PROBE(wfe, "wfe\n\twfe");

#define NTW (SCTLR_NTWI | SCTLR_NTWE)

static const struct row {
	const char *what;
	u64 spsr, sctlr, hcr, scr;
	unsigned wfi_to, wfe_to;        /* the EL that gets it; 0: not run, it might sleep */
} rows[] = {
	{ "EL0 by SCTLR", SPSR_EL0, 0, 0, 0, 1, 1 },
	{ "EL0 by nTWE", SPSR_EL0, SCTLR_NTWI, 0, 0, 0, 1 },
	{ "EL0 by nTWI", SPSR_EL0, SCTLR_NTWE, 0, 0, 1, 0 },
	{ "EL0 by HCR", SPSR_EL0, NTW, HCR_TWI | HCR_TWE, 0, 2, 2 },
	{ "EL0 by HCR.TWI", SPSR_EL0, NTW, HCR_TWI, 0, 2, 0 },
	{ "EL0 by SCTLR and HCR", SPSR_EL0, 0, HCR_TWI | HCR_TWE, 0, 1, 1 },
	{ "EL0 by SCTLR with TGE", SPSR_EL0, 0, HCR_TGE | HCR_TWI | HCR_TWE, 0, 2, 2 },
	{ "EL1 by HCR", SPSR_EL1, 0, HCR_TWI | HCR_TWE, 0, 2, 2 },
	{ "EL1 by HCR.TWE", SPSR_EL1, 0, HCR_TWE, 0, 0, 2 },
	{ "EL0 by SCR", SPSR_EL0, NTW, 0, SCR_TWI | SCR_TWE, 3, 3 },
	{ "EL1 by SCR", SPSR_EL1, NTW, 0, SCR_TWI | SCR_TWE, 3, 3 },
	{ "EL1 by HCR and SCR", SPSR_EL1, NTW, HCR_TWI | HCR_TWE, SCR_TWI | SCR_TWE, 2, 2 },
	{ "EL2 by SCR", SPSR_EL2, NTW, HCR_TWI | HCR_TWE, SCR_TWI | SCR_TWE, 3, 3 },
};

/* CV = 1, COND = 0xe, TI as given. CV of an A64 instruction is 1. */
#define WFX(ti) ESR(EC_WFX, BIT(24) | 0xeul << 20 | (ti))

static void run_row(const struct row *r)
{
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | r->sctlr);
	WRITE(hcr_el2, HCR_RW | r->hcr);
	if (guest_boot_el == 3)
		WRITE(scr_el3, SCR_DEFAULT | r->scr);
	if (r->wfi_to) {
		RUN(r->spsr, wfi);
		EXPECT_EXC(r->what, r->wfi_to, VEC_LOWER, WFX(0), wfi);
	}
	if (r->wfe_to) {
		const struct exc *e = guest_cpu()->exc;

		RUN(r->spsr, wfe);
		EXPECT_EXC(r->what, r->wfe_to, VEC_LOWER, WFX(1),
			   e->elr == (u64)(wfe + 1) ? wfe + 1 : wfe);
	}
}

static void matrix(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (!rows[i].scr || guest_boot_el == 3)
			run_row(&rows[i]);
}

/* A pending event lets WFE through, whatever traps it. */
PROBE(sevl_wfe, "sevl\n\twfe");

static void wfe_with_event(void)
{
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | NTW);
	RUN(SPSR_EL0, sevl_wfe);
	EXPECT_NO_EXC("wfe after sevl");
}

/* WFI completes when an interrupt is pending, masked or not: here a virtual one. */
static void wfi_with_pending_virq(void)
{
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | NTW);
	WRITE(hcr_el2, HCR_RW | HCR_IMO | HCR_VI);
	RUN(SPSR_EL1, wfi);
	EXPECT_NO_EXC("wfi with a virtual IRQ pending");
}

GUEST_TESTS(TEST(matrix), TEST(wfe_with_event), TEST(wfi_with_pending_virq));
