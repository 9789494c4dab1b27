/* tlb_counts.c with the reference mode, which also knows what was looked up and what hit in the L1s. */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* ours: --tlb-reference */
/* stats: total.l1i_model 23 */
/* stats: total.l1d_model 12 */
/* stats: total.l1i_hit_model.2M 21 */
/* stats: total.l1d_hit_model.4K 1 */
/* stats: total.l1d_hit_model.64K 2 */
/* stats: total.l1d_hit_model.2M 1 */
/* stats: total.l1d_hit_model.1G 1 */
/* stats: total.d_lookup 12 */
#include "tlb_counts.c"
