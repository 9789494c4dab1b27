/*
 * Time from each exception to its return. Exceptions that were taken and not yet returned from are kept for what they were taken from: a
 * vCPU, or all that runs outside VMs. An ERET from EL t to EL f of that vCPU ends the newest one from f to t; what was taken after
 * that one and never returned from (a scheduler went elsewhere, a handler dropped its frame) is forgotten and counted as unreturned.
 * Time is the PE's cycles, what nested inside included. Processes are not told apart: with a system call that ends in another
 * process the time is that until EL1 was left.
 *
 * Not modelled: a vCPU that moves to another PE meanwhile; its ERET there matches nothing, and what is open here stays so until this PE
 * returns to that vCPU.
 *
 * Called by exception.c alone; where the open ones stand is in exits.h.
 */
#ifndef CPU_TRAPS_H
#define CPU_TRAPS_H

#include "base/types.h"

struct cpu;

/* An exception is being taken: before EL and context change. */
void traps_taken(struct cpu *c, unsigned cls, unsigned target);
/* An ERET was executed at EL `from`, where `handler` was the context; EL and context have changed. */
struct context;
void traps_returned(struct cpu *c, unsigned from, struct context *handler);
/* An illegal ERET: nothing was returned from. */
void traps_illegal(struct cpu *c);
/* Of all vCPUs of this PE and of what runs outside VMs: exceptions that are open now. */
u64 traps_open(const struct cpu *c);
/* The PE is reset: nothing that is open will be returned from. */
void traps_reset(struct cpu *c);

#endif
