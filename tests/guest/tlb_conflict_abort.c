/*
 * The same two pairs of entries with conflict=abort: only an address that both translate aborts, and
 * a TLBI heals it.
 */
/* ours-alone: QEMU keeps one entry for an address */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 --tlb-conflict abort */
#define CONFLICT_ABORTS
#include "tlb_conflict.c"
