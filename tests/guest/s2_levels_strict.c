/* s2_levels.c, with the level of the fault that HCR_EL2.PTW makes. */
/* ours-alone: QEMU reports level 0 for a stage-1 walk that HCR_EL2.PTW forbids */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#define STRICT 1
#include "s2_levels.c"
