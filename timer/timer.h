/*
 * The generic timers (DDI0487 D11): one system counter, and for each PE the EL1 physical and
 * virtual, EL2 physical and virtual, and secure physical timers, with the event stream. No
 * FEAT_ECV, no CNTPOFF, no memory-mapped frames.
 *
 * The counter is virtual time times its frequency, rounded down. A timer schedules one event at the
 * exact picosecond where its condition becomes true (or stops being so, when the offset wraps).
 */
#ifndef TIMER_TIMER_H
#define TIMER_TIMER_H

#include <stdio.h>

#include "base/event.h"
#include "base/wire.h"
#include "cpu/sysreg.h"

struct timer_system;
struct snap;

enum timer_id {
	TIMER_PHYS,    /* CNTP:  PPI 30 on this board */
	TIMER_VIRT,    /* CNTV:  27 */
	TIMER_HYP,     /* CNTHP: 26 */
	TIMER_HYPVIRT, /* CNTHV: 28 */
	TIMER_SEC,     /* CNTPS: 29 */
	TIMER_COUNT,
};

/*
 * frq: Hz of the system counter, not 0; it is also what CNTFRQ_EL0 holds after reset. NULL: no
 * memory.
 */
struct timer_system *timer_system_new(struct event_queue *q, u32 frq);
void timer_system_free(struct timer_system *t);
/* Gives c its timers (c->timer); out[] are their outputs by enum timer_id. 0 or -ENOMEM. */
int timer_attach_cpu(struct timer_system *t, struct cpu *c, const struct wire out[TIMER_COUNT]);
/* Cold reset of the timers of one PE, and of all. The counter goes on. */
void timer_reset_cpu(struct cpu *c);
void timer_reset(struct timer_system *t);
/* Counter and timers of all PEs, in the order of attachment. */
void timer_snap(struct timer_system *t, struct snap *s);

/* The counter at a time in picoseconds: an exact function of it, not made monotone over PEs. */
u64 timer_ticks(const struct timer_system *t, u64 ps);
/*
 * The first picosecond at which the counter has the value `ticks`; EVENT_NEVER when that is out of
 * reach.
 */
u64 timer_when(const struct timer_system *t, u64 ticks);

/*
 * The event stream. Call when c has gone to sleep in WFE (c->waiting && c->wait_wfe): it calls
 * cpu_event(c) at once if the stream made an event since the last time, else schedules the next
 * one. Nothing is scheduled for PEs that run. Harmless when no stream is enabled.
 */
void timer_wfe(struct cpu *c);

/* A timer's registers, for reports and tests. */
struct timer_view {
	u64 cval, offset;
	u32 ctl;    /* with ISTATUS */
	bool level; /* output */
};
struct timer_view timer_look(const struct cpu *c, enum timer_id id);

/*
 * A PE's timers at time `now` (picoseconds) as a screen of text: registers, when each fires, its output and the INTID that the board
 * joined to it. Nothing changes.
 */
void timer_show(const struct cpu *c, const u8 intid[TIMER_COUNT], u64 now, FILE *out);

extern const struct sysreg timer_sysregs[];
extern const size_t timer_sysregs_n;

#endif
