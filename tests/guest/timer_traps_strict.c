/* timer_traps.c, with what QEMU 7.2 has wrong. */
/* ours-alone: QEMU 7.2 asks CNTHCTL_EL2.EL1PCEN for EL0's CNTPCT; QEMU 11 passes */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#define STRICT 1
#include "timer_traps.c"
