/* The Arm PrimeCell general-purpose I/O PL061 (DDI 0190): eight lines. */
#ifndef DEVICES_PL061_H
#define DEVICES_PL061_H

#include "base/event.h"
#include "base/wire.h"
#include "mmu/bus.h"

struct pl061;

struct pl061_config {
	struct wire irq;	   /* GPIOINTR, the combined interrupt */
	struct wire out[8];	   /* levels that the lines are driven to; undriven lines are low */
	struct event_queue *queue; /* for pl061_press(), like now; else NULL */
	u64 (*now)(void *ctx);	   /* virtual time, picoseconds */
	void *ctx;
	struct log *log;
};

extern const struct device_ops pl061_ops;

struct pl061 *pl061_new(const struct pl061_config *cfg);
void pl061_free(struct pl061 *d);
/* The outside drives line 0 to 7. */
void pl061_input(struct pl061 *d, unsigned line, bool level);
/* A key on the line is held down for a tenth of a second. */
void pl061_press(struct pl061 *d, unsigned line);

#endif
