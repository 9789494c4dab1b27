/*
 * The event queue: the only thing that moves time. Times are u64 picoseconds. Events fire in order of
 * (when, prio, seq). The struct is owned by the device that schedules it, and saved by that device
 * (when, seq, armed) through event_snap().
 */
#ifndef BASE_EVENT_H
#define BASE_EVENT_H

#include "base/types.h"

#define EVENT_NEVER UINT64_MAX

struct snap;

struct event {
	const char *name;
	const char *owner; /* whose it is, for people; NULL: the name says it */
	u64 when, seq;
	u32 prio;
	bool armed;
	/* late: picoseconds between `when` and the time at which it could be fired */
	void (*fire)(void *ctx, u64 late);
	void *ctx;
	struct event *next;
};

struct event_queue {
	struct event *head; /* sorted */
	u64 seq;
	u64 now; /* time of the last event fired or of the last event_advance() */
	/* told when a new head is earlier than the old one, so that a running PE can be cut short */
	void (*earlier)(void *ctx, u64 when);
	void *ctx;
};

void event_queue_init(struct event_queue *q);
/* Schedules (or reschedules) e at `when`; a `when` in the past fires at the next chance. */
void event_at(struct event_queue *q, struct event *e, u64 when);
void event_cancel(struct event_queue *q, struct event *e);
/* Time of the first event, EVENT_NEVER if none. */
static inline u64 event_next(const struct event_queue *q)
{
	return q->head ? q->head->when : EVENT_NEVER;
}
/* Fires everything with when <= now, in order. Handlers may schedule and cancel. */
void event_run(struct event_queue *q, u64 now);
void event_snap(struct event_queue *q, struct event *e, struct snap *s);

#endif
