/*
 * Where each EL of a PE was entered from: the newest exceptions from a lower EL that were not returned from, with the frame and stack
 * pointers of what they interrupted, which nothing in the architecture keeps. For the backtrace. It watches exceptions from when it is
 * made; watching changes nothing in the run.
 *
 * Several can be open: of a hypervisor that is a process's kernel (KVM) the process's system call, and the guest's exit; of a kernel
 * those of processes that do not run. Which of them some frames belong to, their stack tells.
 */
#ifndef FRONTEND_TRAIL_H
#define FRONTEND_TRAIL_H

#include "cpu/observe.h"
#include "machine/machine.h"

struct trail;

struct trail_entry {
	struct observed_trap trap;
	u64 x29, x30, sp;    /* of what was interrupted */
	u64 handler_sp;	     /* where the handler's stack began */
	u64 hcr_el2;
	bool vm; /* of the VM with that VMID */
	u16 vmid;
};

/* While no PE runs. NULL without memory. */
struct trail *trail_new(struct machine *m);
void trail_free(struct trail *t);
/* The i-th of that EL, from 0, the newest; NULL: there are no more. */
const struct trail_entry *trail_into(const struct trail *t, unsigned pe, unsigned el, unsigned i);

#endif
