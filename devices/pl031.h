/* The Arm PrimeCell real-time clock PL031 (DDI 0224), driven by virtual time. */
#ifndef DEVICES_PL031_H
#define DEVICES_PL031_H

#include "base/event.h"
#include "base/wire.h"
#include "mmu/bus.h"

/* 2026-01-01 00:00:00 UTC: where the clock starts unless the user asks for the host's time. */
#define PL031_DEFAULT_START 1767225600u

struct pl031;

struct pl031_config {
	struct wire irq;
	struct event_queue *queue;
	u64 (*now)(void *ctx); /* virtual time, picoseconds */
	void *ctx;
	u32 start;             /* seconds since 1970 at virtual time 0 */
	struct log *log;
};

extern const struct device_ops pl031_ops;

struct pl031 *pl031_new(const struct pl031_config *cfg);
void pl031_free(struct pl031 *d);

#endif
