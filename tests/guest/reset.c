/*
 * The state at the first instruction: what the manual fixes for the EL that reset enters (DDI0487
 * D1.6.3), and that the board enters the highest EL it has.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,secure=on -cpu cortex-a57 -smp 1 */
#include "guest.h"
#include "bits.h"

static void highest_el(void)
{
	u64 pfr0 = READ(id_aa64pfr0_el1);
	u64 highest = pfr0 >> 12 & 15 ? 3 : pfr0 >> 8 & 15 ? 2 : 1;

	EXPECT_EQ("CurrentEL", guest_entry[0] >> 2, highest);
}

static void pstate_and_sctlr(void)
{
	EXPECT_EQ("DAIF", guest_entry[1], SPSR_DAIF);
	EXPECT_EQ("SPSel", guest_entry[2], 1);
	EXPECT_EQ("SCTLR", guest_entry[3] & (SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_EE | SCTLR_WXN),
		  0);
}

static void counter(void)
{
	u64 before = READ(cntpct_el0);

	EXPECT("CNTFRQ_EL0", READ(cntfrq_el0) >= 1000000);
	for (volatile unsigned i = 0; i < 1000; i++)
		;
	EXPECT("CNTPCT_EL0 moves", READ(cntpct_el0) > before);
}

/* The debug registers start with the OS Lock set; the power-on value of OSDLR is clear. */
static void os_lock(void)
{
	EXPECT_EQ("OSLSR_EL1", READ(oslsr_el1) & 0xf, 0xa);
	EXPECT_EQ("OSDLR_EL1", READ(S2_0_C1_C3_4) & 1, 0);
}

GUEST_TESTS(TEST(highest_el), TEST(pstate_and_sctlr), TEST(counter), TEST(os_lock));
