/* Five returns from EL3 to EL3 besides the two of the frame: one when it starts, one for the run. */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu cortex-a57 -smp 1 */
/* stats: pe0.el3.erets_to_el3 7 */
#include "guest.h"

PROBE(five, "mov x3, #5\n\tmov x2, #0x3cd\n\tmsr spsr_el3, x2\n\tadr x2, 1f\n\tmsr elr_el3, x2\n\t"
	    "1:\tcbz x3, 2f\n\tsub x3, x3, #1\n\teret\n2:\tnop");

static void returns(void)
{
	RUN(SPSR_EL3, five);
	EXPECT_NO_EXC("returns to EL3");
}

GUEST_TESTS(TEST(returns));
