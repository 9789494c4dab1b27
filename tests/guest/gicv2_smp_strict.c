/* gicv2_smp.c, with what QEMU has wrong. */
/* ours-alone: QEMU keeps target bits of CPUs that are not there, and lets two CPUs take one SPI */
/* run: -M virt,gic-version=2 -cpu cortex-a57 -smp 2 */
#define STRICT 1
#include "gicv2_smp.c"
