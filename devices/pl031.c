/*
 * PL031 real-time clock (DDI 0224): a 32-bit counter of seconds, a match register and one interrupt.
 *
 * The clock runs from virtual time zero on and survives a reset, as a battery-backed clock does. A load
 * takes effect at once (the hardware waits for the next 1 Hz edge). RTCCR reads as 1 and cannot stop it.
 */
#include "devices/pl031.h"

#include <stdlib.h>

#include "base/bits.h"
#include "base/log.h"
#include "base/snap.h"
#include "devices/primecell.h"

enum {
	RTCDR = 0x000,
	RTCMR = 0x004,
	RTCLR = 0x008,
	RTCCR = 0x00c,
	RTCIMSC = 0x010,
	RTCRIS = 0x014,
	RTCMIS = 0x018,
	RTCICR = 0x01c,
};
enum { PART = 0x031, REVISION = 1 };

#define PS_PER_SECOND 1000000000000ull

struct pl031 {
	struct pl031_config cfg;
	struct event alarm;
	u32 offset; /* counter at virtual time 0, modulo 2^32 */
	u32 match, load;
	bool ris, imsc;
};

static void pl031_update(const struct pl031 *d)
{
	wire_set(&d->cfg.irq, d->ris && d->imsc);
}

static u32 pl031_count(const struct pl031 *d)
{
	return d->offset + (u32)(d->cfg.now(d->cfg.ctx) / PS_PER_SECOND);
}

/* The alarm stands at the start of the next second in which the counter equals the match register. */
static void alarm_set(struct pl031 *d)
{
	u64 second = d->cfg.now(d->cfg.ctx) / PS_PER_SECOND;
	u32 ahead = d->match - pl031_count(d);

	if (second + ahead > UINT64_MAX / PS_PER_SECOND)
		event_cancel(d->cfg.queue, &d->alarm);
	else
		event_at(d->cfg.queue, &d->alarm, (second + ahead) * PS_PER_SECOND);
}

static void alarm_fire(void *ctx, u64 late)
{
	struct pl031 *d = ctx;

	d->ris = true;
	pl031_update(d);
}

static u64 pl031_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	struct pl031 *d = dev;

	switch (off) {
	case RTCDR:
		return pl031_count(d);
	case RTCMR:
		return d->match;
	case RTCLR:
		return d->load;
	case RTCCR:
		return 1;
	case RTCIMSC:
		return d->imsc;
	case RTCRIS:
		return d->ris;
	case RTCMIS:
		return d->ris && d->imsc;
	}
	if (off >= PRIMECELL_ID_BASE)
		return primecell_id(PART, REVISION, off);
	log_once(d->cfg.log, LOG_GUEST, "pl031", off, "read of reserved offset %#" PRIx64, off);
	return 0;
}

static void pl031_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct pl031 *d = dev;

	switch (off) {
	case RTCMR:
		d->match = (u32)v;
		alarm_set(d);
		break;
	case RTCLR:
		d->load = (u32)v;
		d->offset += (u32)v - pl031_count(d);
		alarm_set(d);
		break;
	case RTCCR:
		break;
	case RTCIMSC:
		d->imsc = v & 1;
		break;
	case RTCICR:
		if (v & 1)
			d->ris = false;
		break;
	default:
		log_once(d->cfg.log, LOG_GUEST, "pl031", off | BIT(63), "write to reserved offset %#" PRIx64,
			 off);
	}
	pl031_update(d);
}

static void pl031_reset(void *dev)
{
	struct pl031 *d = dev;

	event_cancel(d->cfg.queue, &d->alarm);
	d->match = d->load = 0;
	d->ris = d->imsc = false;
	pl031_update(d);
}

static void pl031_snap(void *dev, struct snap *s)
{
	struct pl031 *d = dev;

	snap_section(s, "pl031", 1);
	snap_u32(s, &d->offset);
	snap_u32(s, &d->match);
	snap_u32(s, &d->load);
	snap_bool(s, &d->ris);
	snap_bool(s, &d->imsc);
	event_snap(d->cfg.queue, &d->alarm, s);
	if (s->loading)
		pl031_update(d);
}

static void pl031_show(void *dev, FILE *out)
{
	const struct pl031 *d = dev;

	fprintf(out, "    %u seconds, alarm at %u%s, interrupt %s\n", pl031_count(d), d->match, d->alarm.armed ? "" : " (never)",
		!d->ris ? "not raised" : d->imsc ? "raised" : "raised, masked");
}

const struct device_ops pl031_ops = {
	.name = "pl031",
	.size = 0x1000,
	.widths = W32,
	.read = pl031_read,
	.write = pl031_write,
	.reset = pl031_reset,
	.snap = pl031_snap,
	.show = pl031_show,
};

struct pl031 *pl031_new(const struct pl031_config *cfg)
{
	struct pl031 *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->cfg = *cfg;
	d->offset = cfg->start;
	d->alarm = (struct event){ .name = "alarm", .owner = "pl031", .fire = alarm_fire, .ctx = d };
	pl031_reset(d);
	return d;
}

void pl031_free(struct pl031 *d)
{
	if (!d)
		return;
	event_cancel(d->cfg.queue, &d->alarm);
	free(d);
}
