/* 19 descriptor reads for an access under 4 levels of stage 1 and 3 of stage 2; here twice. */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* stats: total.s1_walk_reads 8 */
/* stats: total.s2_walk_reads 30 */
/* stats: total.s1_walks 2 */
/* stats: total.s2_walks 10 */
#include "s2_reads.h"

static void reads(void)
{
	s2_reads(25ul | 1ul << 6 | 0x35ul << 8 | 4ul << 16 | 1ul << 31, 1);
}

GUEST_TESTS(TEST(reads));
