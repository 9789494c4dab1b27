/* mmu_align.c, with Device memory. */
/* ours-alone: QEMU 7.2 allows unaligned access to Device memory, QEMU 11 if stage 2 is on and Normal */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#define STRICT 1
#include "mmu_align.c"
