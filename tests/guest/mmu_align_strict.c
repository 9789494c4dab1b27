/* mmu_align.c, with Device memory. */
/* ours-alone: QEMU allows unaligned access to Device memory while stage 2 is on */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#define STRICT 1
#include "mmu_align.c"
