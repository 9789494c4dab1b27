/* What the files of the debugger (machine/debug*.c) share. */
#ifndef MACHINE_DEBUG_PRIV_H
#define MACHINE_DEBUG_PRIV_H

#include "machine/debug.h"
#include "mmu/regime.h"

/* The translation of what c runs, or while it is an EL without ASIDs that of the EL1&0 below it: asid and vmid of conditions. */
void debug_space(const struct cpu *c, struct regime *r);

#endif
