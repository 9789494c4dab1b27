/* smp_tlbi.c, and that local forms stay local. */
/* ours-alone: QEMU drops everything with each new VMID or ASID */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 2 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 2 */
#define STRICT 1
#include "smp_tlbi.c"
