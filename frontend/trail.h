/*
 * Where each EL of a PE was entered from: the newest exception from a lower EL that was not returned from, with the frame and stack
 * pointers of what it interrupted, which nothing in the architecture keeps. For the backtrace. It watches exceptions from when it is
 * made; watching changes nothing in the run.
 */
#ifndef FRONTEND_TRAIL_H
#define FRONTEND_TRAIL_H

#include "cpu/observe.h"
#include "machine/machine.h"

struct trail;

struct trail_entry {
	bool open;
	struct observed_trap trap;
	u64 x29, x30, sp;    /* of what was interrupted */
	u64 handler_sp;	     /* where the handler's stack began */
	u64 hcr_el2;
	u16 vmid;
};

/* While no PE runs. NULL without memory. */
struct trail *trail_new(struct machine *m);
void trail_free(struct trail *t);
const struct trail_entry *trail_into(const struct trail *t, unsigned pe, unsigned el);

#endif
