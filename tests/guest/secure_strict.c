/* HVC in Secure EL1 without Secure EL2 is undefined even when SCR_EL3.HCE allows it. */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
/* ours-alone: QEMU 11.1 takes it to EL2, in a Secure state that has none, and hangs there */
#include "guest.h"
#include "bits.h"

PROBE(hvc, "hvc #1");

static void undefined(void)
{
	WRITE(scr_el3, SCR_DEFAULT & ~SCR_NS);
	RUN(SPSR_EL1, hvc);
	EXPECT_EXC("hvc", 1, VEC_SAME, ESR(EC_UNKNOWN, 0), hvc);
}

GUEST_TESTS(TEST(undefined));
