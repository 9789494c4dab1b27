/* What SCR_EL3.NS and PSTATE.PAN have to do with illegal exception returns (DDI0487 D1.4.5). */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
/* ours-alone: QEMU 11.1 keeps PAN at an illegal return instead of taking it from the SPSR, and does
 * not get through the test of Secure EL2 */
#include "guest.h"
#include "bits.h"

PROBE(nop, "nop");
PROBE(svc, "svc #0");

static void check(const char *what, u64 spsr)
{
	RUN(SPSR_DAIF | spsr, nop);
	EXPECT_EXC(what, 3, VEC_SAME, ESR(EC_ILLEGAL, 0), nop);
	EXPECT_EQ(what, guest_cpu()->exc[0].spsr & 0x001003ff, SPSR_IL | SPSR_EL3);
}

/* What EL3 may return to depends on SCR_EL3.NS: no EL2, and no HCR_EL2.TGE, in Secure state. */
static void secure(void)
{
	WRITE(scr_el3, SCR_DEFAULT & ~SCR_NS);
	check("Secure EL2", 9);
	WRITE(hcr_el2, HCR_RW | HCR_TGE);
	RUN(SPSR_EL1, svc);
	EXPECT_EXC("TGE, Secure", 1, VEC_SAME, ESR(EC_SVC, 0), svc + 1);
	WRITE(scr_el3, SCR_DEFAULT);
	check("TGE, Non-secure", 5);
}

/* PAN is the SPSR's, like the flags and the masks, although the return is illegal. */
static void pan(void)
{
	for (u64 p = 0; p <= SPSR_PAN; p += SPSR_PAN) {
		check("PAN", 1 | p);
		EXPECT_EQ("PAN", guest_cpu()->exc[0].spsr & SPSR_PAN, p);
	}
}

GUEST_TESTS(TEST(secure), TEST(pan));
