/* gicv2_virt.c, with what QEMU has wrong. */
/* ours-alone: QEMU has no GICV_AIAR and GICV_AHPPIR, and no sender in GICV_HPPIR */
/* run: -M virt,gic-version=2,virtualization=on -cpu cortex-a57 -smp 1 */
#define STRICT 1
#include "gicv2_virt.c"
