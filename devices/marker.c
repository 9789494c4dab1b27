/* See marker.h. The label is collected as it is stored; who takes it decides which characters it may have. */
#include "devices/marker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "base/snap.h"

enum {
	MAGIC = 0x00,  /* read: "TRPL" */
	OP = 0x04,     /* write: enum marker_op */
	NUMBER = 0x08, /* write: the label is this number */
	TEXT = 0x0c,   /* write: a character more at the label's end */
};
#define TRPL 0x4c505254u
enum { LABEL = 64 };

struct marker {
	struct marker_config cfg;
	u8 label[LABEL];
};

static u64 marker_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	struct marker *d = dev;

	if (off == MAGIC)
		return TRPL;
	log_once(d->cfg.log, LOG_GUEST, "marker", off, "read of offset %#" PRIx64, off);
	return 0;
}

static void marker_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct marker *d = dev;
	size_t n = strlen((char *)d->label);

	switch (off) {
	case OP:
		d->cfg.ask(d->cfg.ctx, (u32)v, (char *)d->label);
		memset(d->label, 0, sizeof d->label);
		break;
	case NUMBER:
		memset(d->label, 0, sizeof d->label);
		snprintf((char *)d->label, sizeof d->label, "%" PRIu32, (u32)v);
		break;
	case TEXT:
		if (n + 1 < sizeof d->label)
			d->label[n] = (u8)v;
		break;
	default:
		log_once(d->cfg.log, LOG_GUEST, "marker", off | BIT(63), "write to offset %#" PRIx64, off);
	}
}

static void marker_reset(void *dev)
{
	struct marker *d = dev;

	memset(d->label, 0, sizeof d->label);
}

static void marker_snap(void *dev, struct snap *s)
{
	struct marker *d = dev;

	snap_section(s, "marker", 1);
	snap_bytes(s, d->label, sizeof d->label);
	snap_check(s, !d->label[sizeof d->label - 1], "end of the label");
	if (s->loading)
		d->label[sizeof d->label - 1] = 0;
}

const struct device_ops marker_ops = {
	.name = "marker",
	.size = 0x1000,
	.widths = W32,
	.read = marker_read,
	.write = marker_write,
	.reset = marker_reset,
	.snap = marker_snap,
};

struct marker *marker_new(const struct marker_config *cfg)
{
	struct marker *d = calloc(1, sizeof *d);

	if (d)
		d->cfg = *cfg;
	return d;
}

void marker_free(struct marker *d)
{
	free(d);
}
