/* s2_levels.c, with what QEMU 7.2 has wrong. */
/* ours-alone: QEMU 7.2 takes reserved block descriptors and reports the wrong level with S1PTW; QEMU 11 passes */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#define STRICT 1
#include "s2_levels.c"
