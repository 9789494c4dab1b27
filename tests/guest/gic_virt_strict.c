/* gic_virt.c, with what QEMU has wrong. */
/* ours-alone: QEMU lets an LPI in a list register become active, and counts EOIR in EOImode 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#define STRICT 1
#include "gic_virt.c"
