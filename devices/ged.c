/*
 * Generic Event Device (ACPI 6.3, 5.6.9), with the one register that the method in machine/acpi.c
 * reads. Only the power button raises events.
 */
#include "devices/ged.h"

#include <stdlib.h>

#include "base/snap.h"

struct ged {
	struct wire irq;
	u32 pending;
};

void ged_event(struct ged *d, u32 events)
{
	d->pending |= events;
	wire_set(&d->irq, true);
	wire_set(&d->irq, false);
}

static u64 ged_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	struct ged *d = dev;
	u32 v = d->pending;

	if (!at.debug)
		d->pending = 0;
	return v;
}

static void ged_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
}

static void ged_reset(void *dev)
{
	((struct ged *)dev)->pending = 0;
}

static void ged_snap(void *dev, struct snap *s)
{
	snap_section(s, "ged", 1);
	snap_u32(s, &((struct ged *)dev)->pending);
}

const struct device_ops ged_ops = {
	.name = "ged",
	.size = 4,
	.widths = W32,
	.read = ged_read,
	.write = ged_write,
	.reset = ged_reset,
	.snap = ged_snap,
};

struct ged *ged_new(struct wire irq)
{
	struct ged *d = calloc(1, sizeof *d);

	if (d)
		d->irq = irq;
	return d;
}

void ged_free(struct ged *d)
{
	free(d);
}
