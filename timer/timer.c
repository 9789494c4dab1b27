/*
 * The system counter, the timers' conditions and outputs, and the event stream. The registers are
 * in sysregs.c; machine/ makes one struct timer_system and attaches the PEs.
 */
#include "timer/timer_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/snap.h"

#define PS_PER_SECOND 1000000000000ull

const char *const timer_names[TIMER_COUNT] = {
	[TIMER_PHYS] = "CNTP",	   [TIMER_VIRT] = "CNTV", [TIMER_HYP] = "CNTHP",
	[TIMER_HYPVIRT] = "CNTHV", [TIMER_SEC] = "CNTPS",
};

struct timer_system *timer_system_new(struct event_queue *q, u32 frq)
{
	struct timer_system *t = frq ? calloc(1, sizeof *t) : NULL;

	if (!t)
		return NULL;
	t->q = q;
	t->frq = frq;
	t->ps_per_tick = PS_PER_SECOND % frq ? 0 : PS_PER_SECOND / frq;
	return t;
}

void timer_system_free(struct timer_system *t)
{
	if (!t)
		return;
	while (t->pes) {
		struct timer_pe *p = t->pes;

		t->pes = p->next;
		for (unsigned i = 0; i < TIMER_COUNT; i++)
			event_cancel(t->q, &p->timer[i].event);
		event_cancel(t->q, &p->stream);
		free(p);
	}
	free(t);
}

/* Time and ticks */

u64 timer_ticks(const struct timer_system *t, u64 ps)
{
	return t->ps_per_tick ? ps / t->ps_per_tick : (u64)((u128)ps * t->frq / PS_PER_SECOND);
}

u64 timer_when(const struct timer_system *t, u64 ticks)
{
	u128 ps = ((u128)ticks * PS_PER_SECOND + t->frq - 1) / t->frq;

	return ps >= EVENT_NEVER ? EVENT_NEVER : (u64)ps;
}

u64 timer_latest(const struct timer_system *t, u64 ps)
{
	u64 ticks = timer_ticks(t, ps);

	return ticks > t->last ? ticks : t->last;
}

u64 timer_peek(const struct cpu *c)
{
	return timer_latest(timer_of(c)->sys, cpu_now(c));
}

u64 timer_count(struct cpu *c)
{
	struct timer_system *t = timer_of(c)->sys;

	return t->last = timer_latest(t, cpu_now(c));
}

static void schedule(struct timer_pe *p, struct event *e, u64 when)
{
	if (when == EVENT_NEVER)
		event_cancel(p->sys->q, e);
	else if (!e->armed || e->when != when)
		event_at(p->sys->q, e, when);
}

/* Timers */

/* DDI0487 D11.2.4: counter, offset and compare value are unsigned; the difference may wrap. */
static bool condition(const struct timer_pe *p, enum timer_id id, u64 count)
{
	return count - timer_offset(p, id) >= p->timer[id].cval;
}

/* The first time after `count` at which the condition is no longer what it is at `count`. */
static u64 next_change(const struct timer_pe *p, enum timer_id id, u64 count)
{
	u64 view = count - timer_offset(p, id);
	/* it becomes true at cval, and false when the view wraps to 0 */
	u64 left = view >= p->timer[id].cval ? 0 - view : p->timer[id].cval - view;

	if (!left || (!p->timer[id].cval && view) || count + left < count)
		return EVENT_NEVER;
	return timer_when(p->sys, count + left);
}

static void update(struct timer_pe *p, enum timer_id id, u64 count)
{
	struct timer *t = &p->timer[id];
	bool live = (t->ctl & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE;
	bool level = live && condition(p, id, count);

	schedule(p, &t->event, live ? next_change(p, id, count) : EVENT_NEVER);
	if (level == t->level)
		return;
	t->level = level;
	wire_set(&t->out, level);
}

void timer_changed(struct timer_pe *p, enum timer_id id)
{
	update(p, id, timer_count(p->cpu));
}

static void timer_fire(void *ctx, u64 late)
{
	struct timer *t = ctx;

	update(t->pe, (enum timer_id)(t - t->pe->timer), timer_latest(t->pe->sys, t->event.when + late));
}

struct timer_view timer_look(const struct cpu *c, enum timer_id id)
{
	const struct timer_pe *p = timer_of(c);
	const struct timer *t = &p->timer[id];
	bool on = (t->ctl & CTL_ENABLE) && condition(p, id, timer_latest(p->sys, cpu_now(c)));

	return (struct timer_view){ .cval = t->cval,
				    .offset = timer_offset(p, id),
				    .level = t->level,
				    .ctl = t->ctl | (on ? CTL_ISTATUS : 0) };
}

/*
 * The event stream (DDI0487 D11.2.5): an event at each rising or falling edge of one bit of a
 * counter.
 */

/* Ticks from `view` to the next edge; 0: no stream. */
static u64 stream_left(u32 control, u64 view)
{
	u64 bit_value = 1ull << bits(control, CNT_EVNTI + 3, CNT_EVNTI), period = 2 * bit_value;
	u64 left;

	if (!bit(control, CNT_EVNTEN))
		return 0;
	left = ((bit(control, CNT_EVNTDIR) ? 0 : bit_value) - view) & (period - 1);
	return left ? left : period;
}

/* Ticks from `count` to the next event of both streams; UINT64_MAX: none. */
static u64 streams_left(const struct timer_pe *p, u64 count)
{
	u64 virt = stream_left(p->cntkctl, count - p->cntvoff);
	u64 phys = cpu_has(p->cpu, FEAT(EL2)) ? stream_left(p->cnthctl, count) : 0;

	/* 0 (none) becomes the largest value */
	return virt - 1 < phys - 1 ? virt : phys ? phys : UINT64_MAX;
}

void timer_wfe(struct cpu *c)
{
	struct timer_pe *p = timer_of(c);
	u64 now = timer_count(c);
	u64 left = streams_left(p, p->stream_from);

	if (left == UINT64_MAX)
		return;
	if (now - p->stream_from >= left) {
		p->stream_from = now;
		cpu_event(c);
		return;
	}
	schedule(p, &p->stream, timer_when(p->sys, p->stream_from + left));
}

static void stream_fire(void *ctx, u64 late)
{
	struct timer_pe *p = ctx;

	p->stream_from = timer_latest(p->sys, p->stream.when + late);
	cpu_event(p->cpu);
}

void timer_stream_changed(struct timer_pe *p)
{
	p->stream_from = timer_count(p->cpu);
	event_cancel(p->sys->q, &p->stream);
}

/* Making, reset, snapshot */

int timer_attach_cpu(struct timer_system *t, struct cpu *c, const struct wire out[TIMER_COUNT])
{
	struct timer_pe *p = calloc(1, sizeof *p), **at = &t->pes;

	if (!p)
		return -ENOMEM;
	p->sys = t;
	p->cpu = c;
	snprintf(p->name, sizeof(p->name), "PE %u", (u8)c->index);
	p->stream = (struct event){ .name = "event stream", .owner = p->name, .fire = stream_fire, .ctx = p };
	for (unsigned i = 0; i < TIMER_COUNT; i++) {
		struct timer *timer = &p->timer[i];

		timer->pe = p;
		timer->out = out[i];
		timer->event =
			(struct event){ .name = timer_names[i], .owner = p->name, .fire = timer_fire, .ctx = timer };
	}
	while (*at)
		at = &(*at)->next;
	*at = p;
	c->timer = p;
	timer_reset_cpu(c);
	return 0;
}

void timer_reset_cpu(struct cpu *c)
{
	struct timer_pe *p = timer_of(c);

	p->cntfrq = p->sys->frq;
	p->cntkctl = 0;
	p->cnthctl = BIT(CNTH_EL1PCTEN) | BIT(CNTH_EL1PCEN);
	p->cntvoff = 0;
	event_cancel(p->sys->q, &p->stream);
	for (unsigned i = 0; i < TIMER_COUNT; i++) {
		p->timer[i].cval = 0;
		p->timer[i].ctl = 0;
		update(p, i, 0);
	}
}

void timer_reset(struct timer_system *t)
{
	for (struct timer_pe *p = t->pes; p; p = p->next)
		timer_reset_cpu(p->cpu);
}

void timer_snap(struct timer_system *t, struct snap *s)
{
	snap_section(s, "timer", 1);
	snap_u64(s, &t->last);
	for (struct timer_pe *p = t->pes; p; p = p->next) {
		snap_u32(s, &p->cntfrq);
		snap_u32(s, &p->cntkctl);
		snap_u32(s, &p->cnthctl);
		snap_u64(s, &p->cntvoff);
		snap_u64(s, &p->stream_from);
		event_snap(t->q, &p->stream, s);
		for (unsigned i = 0; i < TIMER_COUNT; i++) {
			snap_u64(s, &p->timer[i].cval);
			snap_u32(s, &p->timer[i].ctl);
			snap_bool(s, &p->timer[i].level);
			event_snap(t->q, &p->timer[i].event, s);
		}
	}
}
