/*
 * Translation regimes that a PE has left: the registers that a VM, and a process of it (VMID and ASID, or the ASID of a host at EL2&0),
 * translated with when it last ran here. The debugger asks for them; nothing else does. They are part of snapshots, so that it gets the
 * same answer after one was restored.
 *
 * Bounded: the least recently left ones are forgotten. A VMID or ASID that is given to somebody else is his.
 */
#ifndef CPU_SEEN_H
#define CPU_SEEN_H

#include "cpu/cpu.h"

enum { SEEN_VMS = 64, SEEN_PROCESSES = 192, SEEN_WAYS = 4, SEEN_SETS = SEEN_VMS + SEEN_PROCESSES };

struct seen {
	u64 when; /* time it was left, plus 1; 0: nothing is here */
	bool user; /* EL0 ran with these tables: they are no reserved ones of the kernel */
	struct regime r;
};

/* [set][way]; the first SEEN_VMS sets are by VMID alone, so that one VM's processes do not push out another VM. */
struct seen_regimes {
	struct seen of[SEEN_SETS][SEEN_WAYS];
};

/* c->regime is about to become r. */
void seen_change(struct cpu *c, const struct regime *r);
/* All of a PE, in no order of meaning; NULL starts, NULL ends. */
const struct seen *seen_next(const struct cpu *c, const struct seen *after);
/* The PE starts anew. */
void seen_forget(struct cpu *c);
void seen_snap(struct cpu *c, struct snap *s);
/* The regime that is about to be left, of a PE with ATTN_CONTEXT: after all else of it was loaded. */
void seen_snap_left(struct cpu *c, struct snap *s);

#endif
