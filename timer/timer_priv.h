/* The state of the timers, shared by the files of this folder. */
#ifndef TIMER_TIMER_PRIV_H
#define TIMER_TIMER_PRIV_H

#include "base/bits.h"
#include "timer/timer.h"

#define CTL_ENABLE  (1u << 0)
#define CTL_IMASK   (1u << 1)
#define CTL_ISTATUS (1u << 2)

/* CNTKCTL_EL1, and CNTHCTL_EL2 with E2H = 1 */
enum {
	CNT_EL0PCTEN = 0,
	CNT_EL0VCTEN = 1,
	CNT_EVNTEN = 2,
	CNT_EVNTDIR = 3,
	CNT_EVNTI = 4 /* 7:4 */,
	CNT_EL0VTEN = 8,
	CNT_EL0PTEN = 9,
	CNT_EL1PCTEN = 10,
	CNT_EL1PTEN = 11,
};
/* CNTHCTL_EL2 with E2H = 0 */
enum { CNTH_EL1PCTEN = 0, CNTH_EL1PCEN = 1 };

struct timer {
	struct timer_pe *pe;
	u64 cval;
	u32 ctl; /* ENABLE, IMASK */
	bool level;
	struct event event;
	struct wire out;
};

struct timer_pe {
	struct timer_system *sys;
	struct timer_pe *next;
	struct cpu *cpu;
	char name[8]; /* "PE 0": owner of the events */
	struct timer timer[TIMER_COUNT];
	u32 cntfrq, cntkctl, cnthctl;
	u64 cntvoff;
	u64 stream_from; /* count up to which the event stream has been accounted for */
	struct event stream;
};

struct timer_system {
	struct event_queue *q;
	u32 frq;
	u64 ps_per_tick; /* 0: not a whole number */
	u64 last;	 /* the latest count that any PE has seen */
	struct timer_pe *pes;
};

static inline struct timer_pe *timer_of(const struct cpu *c)
{
	return c->timer;
}

extern const char *const timer_names[TIMER_COUNT];

/* The counter at that time, but never earlier than what any PE has seen. */
u64 timer_latest(const struct timer_system *t, u64 ps);
/* The counter as c sees it now: never earlier than what any PE has seen. */
u64 timer_count(struct cpu *c);
/* The same without seeing it: what a debugger reads. */
u64 timer_peek(const struct cpu *c);
static inline u64 timer_offset(const struct timer_pe *p, enum timer_id id)
{
	return id == TIMER_VIRT ? p->cntvoff : 0;
}
/* Output and event of a timer after one of its registers changed. */
void timer_changed(struct timer_pe *p, enum timer_id id);
/* The event stream's controls changed. */
void timer_stream_changed(struct timer_pe *p);

#endif
