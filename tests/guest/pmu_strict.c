/* All of pmu.c with STRICT: what MDCR_EL2.HPMN keeps from EL1, Secure state beside EL2, and that PMCR_EL0.E = 0 takes the interrupt away. */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
/* ours-alone: QEMU 11.1 lets EL1 enable, increment and reset the counters that MDCR_EL2.HPMN keeps for EL2, and leaves the interrupt
 * pending when PMCR_EL0.E is cleared; of Secure state pmu.c tells */
#define STRICT 1
#include "pmu.c"
