/*
 * The marker page: a guest says by stores what HINT #127 says by registers. For programs that can map a device but not choose
 * instructions. docs/regions.md describes the registers.
 */
#ifndef DEVICES_MARKER_H
#define DEVICES_MARKER_H

#include "mmu/bus.h"

/* The operations of both, in the operation register or in x0. */
enum marker_op { MARKER_BEGIN = 1, MARKER_END, MARKER_RESET, MARKER_DUMP, MARKER_MARK };

struct marker;

struct marker_config {
	/* an operation, any number; label: what was given to the label registers since the last one */
	void (*ask)(void *ctx, u32 op, const char *label);
	void *ctx;
	struct log *log;
};

extern const struct device_ops marker_ops;

struct marker *marker_new(const struct marker_config *cfg);
void marker_free(struct marker *d);

#endif
