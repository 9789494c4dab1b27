/* gic_traps.c, with what QEMU has wrong. */
/* ours-alone: QEMU takes the VGrp0D maintenance cause from VENG1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#define STRICT 1
#include "gic_traps.c"
