/* 24 descriptor reads for an access under 4 levels of both stages; here a fetch and a load. */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* stats: total.s1_walk_reads 8 */
/* stats: total.s2_walk_reads 40 */
/* stats: total.s1_walks 2 */
/* stats: total.s2_walks 10 */
/* stats: total.walk_reads.24 2 */
/* stats: total.walk_leaf.s1_l3.s2_l3 2 */
/* stats: total.s2_walk_leaf.l3 10 */
/* stats: total.ipa_miss 10 */
/* stats: total.ipa_fill.4K 10 */
#include "s2_reads.h"

static void reads(void)
{
	s2_reads(20ul | 2ul << 6 | 0x35ul << 8 | 4ul << 16 | 1ul << 31, 0);
}

GUEST_TESTS(TEST(reads));
