/*
 * The cable between a network card (devices/virtio/net.c) and what the frames go to (devices/slirp.c).
 *
 * Towards the guest frames wait in a queue and arrive NET_LATENCY after they were sent, by an event: so no card is
 * entered from inside its own transmission, and arrival has a virtual time. A full queue drops, as a switch would.
 */
#ifndef DEVICES_NET_H
#define DEVICES_NET_H

#include "base/event.h"
#include "base/stat.h"

struct snap;

enum { NET_FRAME_MAX = 1518, NET_HEADER = 14 };
#define NET_LATENCY 10000000ull /* picoseconds */

#define NET_STATS(STAT)                                                                      \
	STAT(tx_frames, "frame", "frames that the guest sent")                               \
	STAT(tx_bytes, "byte", "their bytes")                                                \
	STAT(tx_dropped, "frame", "frames of the guest that were too short or too long")     \
	STAT(rx_frames, "frame", "frames that the guest received")                           \
	STAT(rx_bytes, "byte", "their bytes")                                                \
	STAT(rx_dropped, "frame", "frames for the guest that found the cable's queue full")
struct net_stats {
	NET_STATS(STAT_FIELD)
};
extern const struct stat_row net_stat_rows[];
extern const size_t net_stat_count;

/* What frames of the guest go to. */
struct net_ops {
	void (*send)(void *ctx, const u8 *frame, size_t n);
	void (*snap)(void *ctx, struct snap *s);
	void (*free)(void *ctx);
};

struct net_env {
	struct event_queue *queue;
	u64 (*now)(void *ctx); /* picoseconds */
	void *ctx;
};

struct net;

/* id: for messages. ops->send may be called until net_free(), which also frees the far end. NULL: no memory. */
struct net *net_new(const char *id, const struct net_env *env);
void net_free(struct net *n);
const char *net_id(const struct net *n);
struct net_stats *net_stats(struct net *n);
/* The digest and snapshots: the queue and the far end. */
void net_snap(struct net *n, struct snap *s);

/* The far end. */
void net_connect(struct net *n, const struct net_ops *ops, void *ctx);
void net_to_guest(struct net *n, const u8 *frame, size_t len);

/*
 * The card. take: false when it has no room now; it then calls net_room() when it has. A cable holds one card;
 * false when there is one already.
 */
bool net_plug(struct net *n, bool (*take)(void *ctx, const u8 *frame, size_t len), void *ctx);
void net_unplug(struct net *n);
void net_room(struct net *n);
void net_from_guest(struct net *n, const u8 *frame, size_t len);

#endif
