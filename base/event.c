/*
 * The event queue: a list sorted by (when, prio, seq). A machine has some dozens of events, most of them
 * far from the head, so a list is as quick as a heap and its order is plain to see.
 *
 * Called by devices and timers (event_at, event_cancel) and by machine/, which moves time (event_run).
 */
#include "base/event.h"

#include "base/snap.h"

void event_queue_init(struct event_queue *q)
{
	*q = (struct event_queue){ 0 };
}

static bool event_before(const struct event *a, const struct event *b)
{
	if (a->when != b->when)
		return a->when < b->when;
	if (a->prio != b->prio)
		return a->prio < b->prio;
	return a->seq < b->seq;
}

static void event_insert(struct event_queue *q, struct event *e)
{
	struct event **at = &q->head;

	while (*at && event_before(*at, e))
		at = &(*at)->next;
	e->next = *at;
	*at = e;
	e->armed = true;
}

void event_cancel(struct event_queue *q, struct event *e)
{
	struct event **at = &q->head;

	if (!e->armed)
		return;
	while (*at && *at != e)
		at = &(*at)->next;
	if (*at)
		*at = e->next;
	e->next = NULL;
	e->armed = false;
}

void event_at(struct event_queue *q, struct event *e, u64 when)
{
	u64 first = event_next(q);

	event_cancel(q, e);
	e->when = when;
	e->seq = q->seq++;
	event_insert(q, e);
	if (event_next(q) < first && q->earlier)
		q->earlier(q->ctx, event_next(q));
}

void event_run(struct event_queue *q, u64 now)
{
	while (q->head && q->head->when <= now) {
		struct event *e = q->head;

		event_cancel(q, e);
		if (q->now < e->when)
			q->now = e->when;
		e->fire(e->ctx, now - e->when);
	}
	if (q->now < now)
		q->now = now;
}

void event_snap(struct event_queue *q, struct event *e, struct snap *s)
{
	bool armed = e->armed;

	if (s->loading)
		event_cancel(q, e);
	snap_u64(s, &e->when);
	snap_u64(s, &e->seq);
	snap_bool(s, &armed);
	if (!s->loading || !armed)
		return;
	event_insert(q, e);
	if (q->seq <= e->seq)
		q->seq = e->seq + 1;
}
