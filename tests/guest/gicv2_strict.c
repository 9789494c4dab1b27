/* gicv2.c, with what QEMU has wrong. */
/* ours-alone: QEMU has no GICC_AIAR and GICC_AHPPIR */
/* run: -M virt,gic-version=2 -cpu cortex-a57 -smp 1 */
#define STRICT 1
#include "gicv2.c"
