/* tlb_tags.c, and that nothing is dropped before its TLBI. */
/* ours-alone: QEMU drops more than a TLBI asks for, and everything with each new VMID or ASID */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#define STRICT 1
#include "tlb_tags.c"
