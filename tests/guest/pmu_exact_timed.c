/*
 * pmu_exact.c with the timing models: instructions are counted and sampled as exactly where several go in one cycle, and caches and
 * branches have events.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a53 -smp 1 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3 -cpu cortex-a72 -smp 1 */
/* run: -M virt,gic-version=3 -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* ours: --timing */
/* ours-alone: QEMU has no timing model */
#include "pmu_exact.c"
