/* mmu_at.c, with what QEMU 7.2 has wrong. */
/* ours-alone: QEMU 7.2 gives SH = 0 for Device memory and stage 1's level for its walk's faults; QEMU 11 passes */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#define STRICT 1
#include "mmu_at.c"
