/* tlb_forms.c, and what each TLBI must leave: Trapline's TLB holds an entry until it is told. */
/* ours-alone: QEMU drops more than the form asks for, and everything with each new VMID */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#define STRICT 1
#include "tlb_forms.c"
