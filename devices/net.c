/* See net.h. */
#include "devices/net.h"

#include <stdlib.h>
#include <string.h>

#include "base/snap.h"

enum { QUEUE_FRAMES = 256 };

struct frame {
	u16 len;
	u8 bytes[NET_FRAME_MAX];
};

struct net {
	char id[32];
	struct net_env env;
	const struct net_ops *ops;
	void *far;
	bool (*take)(void *card, const u8 *frame, size_t len);
	void *card;
	struct event arrival;
	u32 head, count;
	struct frame queue[QUEUE_FRAMES];
	struct net_stats stats;
};

const struct stat_row net_stat_rows[] = {
#define ROW(field, unit, help) STAT_ROW(net_stats, field, unit, help)
	NET_STATS(ROW)
#undef ROW
};
const size_t net_stat_count = ARRAY_SIZE(net_stat_rows);

/* Frames that find no room stay in the queue until net_room(). */
static void arrive(void *ctx, u64 late)
{
	struct net *n = ctx;

	(void)late;
	while (n->count && n->take) {
		struct frame *f = &n->queue[n->head];

		if (!n->take(n->card, f->bytes, f->len))
			return;
		n->stats.rx_frames++;
		n->stats.rx_bytes += f->len;
		n->head = (n->head + 1) % QUEUE_FRAMES;
		n->count--;
	}
}

struct net *net_new(const char *id, const struct net_env *env)
{
	struct net *n = calloc(1, sizeof *n);

	if (!n)
		return NULL;
	strncpy(n->id, id, sizeof n->id - 1);
	n->env = *env;
	n->arrival = (struct event){ .name = "arrival", .owner = "net", .fire = arrive, .ctx = n };
	return n;
}

void net_free(struct net *n)
{
	if (!n)
		return;
	event_cancel(n->env.queue, &n->arrival);
	if (n->ops)
		n->ops->free(n->far);
	free(n);
}

const char *net_id(const struct net *n)
{
	return n->id;
}

struct net_stats *net_stats(struct net *n)
{
	return &n->stats;
}

void net_snap(struct net *n, struct snap *s)
{
	snap_section(s, "net", 1);
	snap_u32(s, &n->head);
	snap_u32(s, &n->count);
	snap_check(s, n->head < QUEUE_FRAMES && n->count <= QUEUE_FRAMES, "net queue");
	for (u32 i = 0; i < n->count && !s->failed; i++) {
		struct frame *f = &n->queue[(n->head + i) % QUEUE_FRAMES];

		snap_u16(s, &f->len);
		snap_check(s, f->len <= NET_FRAME_MAX, "net frame length");
		if (!s->failed)
			snap_bytes(s, f->bytes, f->len);
	}
	if (s->failed && s->loading)
		n->head = n->count = 0;
	event_snap(n->env.queue, &n->arrival, s);
	for (size_t i = 0; i < net_stat_count; i++)
		snap_u64(s, (u64 *)((char *)&n->stats + net_stat_rows[i].offset));
	if (n->ops)
		n->ops->snap(n->far, s);
}

void net_connect(struct net *n, const struct net_ops *ops, void *ctx)
{
	n->ops = ops;
	n->far = ctx;
}

void net_to_guest(struct net *n, const u8 *frame, size_t len)
{
	struct frame *f = &n->queue[(n->head + n->count) % QUEUE_FRAMES];

	if (!n->take || n->count == QUEUE_FRAMES || len > NET_FRAME_MAX) {
		n->stats.rx_dropped++;
		return;
	}
	f->len = (u16)len;
	memcpy(f->bytes, frame, len);
	n->count++;
	if (!n->arrival.armed)
		event_at(n->env.queue, &n->arrival, n->env.now(n->env.ctx) + NET_LATENCY);
}

bool net_plug(struct net *n, bool (*take)(void *ctx, const u8 *frame, size_t len), void *ctx)
{
	if (n->take)
		return false;
	n->take = take;
	n->card = ctx;
	return true;
}

void net_unplug(struct net *n)
{
	n->take = NULL;
}

void net_room(struct net *n)
{
	if (n->count && !n->arrival.armed)
		event_at(n->env.queue, &n->arrival, n->env.now(n->env.ctx) + NET_LATENCY);
}

void net_from_guest(struct net *n, const u8 *frame, size_t len)
{
	if (len < NET_HEADER || len > NET_FRAME_MAX) {
		n->stats.tx_dropped++;
		return;
	}
	n->stats.tx_frames++;
	n->stats.tx_bytes += len;
	if (n->ops)
		n->ops->send(n->far, frame, len);
}
