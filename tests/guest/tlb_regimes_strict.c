/* tlb_regimes.c, and what each TLBI must leave. */
/* ours-alone: QEMU drops more than the form asks for, and everything with each new VMID or ASID */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu cortex-a57 -smp 1 */
#define STRICT 1
#include "tlb_regimes.c"
