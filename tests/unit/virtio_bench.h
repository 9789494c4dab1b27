/*
 * A driver for virtio tests: RAM, an event queue, and one split queue that the test fills by hand. The queue's parts stand
 * at fixed places; data buffers from DATA on.
 */
#ifndef TESTS_UNIT_VIRTIO_BENCH_H
#define TESTS_UNIT_VIRTIO_BENCH_H

#include <string.h>

#include "devices/virtio/virtio.h"
#include "tests/unit/harness.h"

enum { RAM = 0x40000000, RAM_SIZE = 0x100000, QSIZE = 8 };
enum { DESC = RAM, AVAIL = RAM + 0x1000, USED = RAM + 0x2000, TABLE = RAM + 0x3000, DATA = RAM + 0x10000 };
enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };

struct virtio_bench {
	struct bus *bus;
	struct event_queue queue;
	u64 now;
	struct virtio_env env;
	u16 avail; /* index that the driver published */
};

static inline u64 bench_now(void *ctx)
{
	return ((struct virtio_bench *)ctx)->now;
}

static inline void bench_start(struct virtio_bench *b)
{
	memset(b, 0, sizeof *b);
	b->bus = bus_new(NULL);
	bus_add_ram(b->bus, "ram", RAM, RAM_SIZE, false);
	event_queue_init(&b->queue);
	b->env = (struct virtio_env){ .bus = b->bus, .queue = &b->queue, .now = bench_now, .ctx = b };
}

static inline void put(struct virtio_bench *b, u64 at, const void *p, size_t n)
{
	EXPECT_EQ(bus_copy_in(b->bus, pa_make(SPACE_NS, at), p, n), BUS_OK);
}

static inline u64 get(struct virtio_bench *b, u64 at, size_t n)
{
	u64 v = 0;

	EXPECT_EQ(bus_copy_out(b->bus, pa_make(SPACE_NS, at), &v, n), BUS_OK);
	return v;
}

/* Descriptor i of the table at `table`. */
static inline void put_desc(struct virtio_bench *b, u64 table, unsigned i, u64 addr, u32 len, u16 flags, u16 next)
{
	struct {
		u64 addr;
		u32 len;
		u16 flags, next;
	} d = { addr, len, flags, next };

	put(b, table + 16 * i, &d, sizeof d);
}

/* Publishes the chain that begins at descriptor `head`. */
static inline void offer(struct virtio_bench *b, u16 head)
{
	put(b, AVAIL + 4 + 2 * (b->avail % QSIZE), &head, 2);
	b->avail++;
	put(b, AVAIL + 2, &b->avail, 2);
}

static inline u16 used_count(struct virtio_bench *b)
{
	return (u16)get(b, USED + 2, 2);
}

/* Runs the events of the next virtual millisecond. */
static inline void later(struct virtio_bench *b)
{
	b->now += 1000000000;
	event_run(&b->queue, b->now);
}

#endif
