/*
 * PL061 GPIO (DDI 0190): eight lines with direction, and interrupts by level or by one or both
 * edges. Mode control (GPIOAFSEL) is stored; no line has another function here. Inputs are low
 * until somebody drives them.
 */
#include "devices/pl061.h"

#include <stdlib.h>

#include "base/bits.h"
#include "base/log.h"
#include "base/snap.h"
#include "devices/primecell.h"

enum {
	GPIODATA_END = 0x400, /* below: address bits 9:2 mask the data */
	GPIODIR = 0x400,
	GPIOIS = 0x404,
	GPIOIBE = 0x408,
	GPIOIEV = 0x40c,
	GPIOIE = 0x410,
	GPIORIS = 0x414,
	GPIOMIS = 0x418,
	GPIOIC = 0x41c,
	GPIOAFSEL = 0x420,
};
enum { PART = 0x061, REVISION = 0 };

#define PRESS_PS 100000000000ull

struct pl061 {
	struct pl061_config cfg;
	struct event release; /* of the keys that are pressed */
	u8 in;		      /* what the outside drives */
	u8 pressed;	      /* lines of those keys */
	u8 data;	      /* what the guest wrote for the outputs */
	u8 dir;		      /* 1: output */
	u8 level;	      /* 1: interrupt by level, else by edge */
	u8 both, event, enable, afsel;
	u8 edges; /* edges seen and not cleared */
	u8 lines; /* all levels at the last update */
};

/* The lines' levels: outputs as the guest wrote them, inputs as they are driven. */
static u8 lines(const struct pl061 *d)
{
	return (u8)((d->data & d->dir) | (d->in & ~d->dir));
}

static u8 raw_status(const struct pl061 *d)
{
	u8 active = (u8) ~(d->lines ^ d->event);

	return (u8)((d->level & active) | (~d->level & d->edges));
}

/* Interrupts look at all lines, also those that are outputs (DDI 0190, 2.3.3). */
static void pl061_update(struct pl061 *d)
{
	u8 now = lines(d), turned = now ^ d->lines;
	u8 wanted = (u8)(d->both | ~(now ^ d->event));

	d->lines = now;
	d->edges |= turned & wanted & (u8)~d->level;
	for (unsigned i = 0; i < 8; i++)
		wire_set(&d->cfg.out[i], d->data & d->dir & BIT(i));
	wire_set(&d->cfg.irq, raw_status(d) & d->enable);
}

void pl061_input(struct pl061 *d, unsigned line, bool level)
{
	d->in = (u8)((d->in & ~(1u << line)) | (unsigned)level << line);
	pl061_update(d);
}

void pl061_press(struct pl061 *d, unsigned line)
{
	pl061_input(d, line, true);
	d->pressed |= (u8)(1u << line);
	event_at(d->cfg.queue, &d->release, d->cfg.now(d->cfg.ctx) + PRESS_PS);
}

static void release(void *ctx, u64 late)
{
	struct pl061 *d = ctx;

	d->in &= (u8)~d->pressed;
	d->pressed = 0;
	pl061_update(d);
}

static u8 *storage(struct pl061 *d, u64 off)
{
	switch (off) {
	case GPIODIR:
		return &d->dir;
	case GPIOIS:
		return &d->level;
	case GPIOIBE:
		return &d->both;
	case GPIOIEV:
		return &d->event;
	case GPIOIE:
		return &d->enable;
	case GPIOAFSEL:
		return &d->afsel;
	}
	return NULL;
}

static u8 read_reg(struct pl061 *d, u64 off)
{
	const u8 *stored = storage(d, off);

	if (off < GPIODATA_END)
		return (u8)(lines(d) & off >> 2);
	if (stored)
		return *stored;
	if (off == GPIORIS)
		return raw_status(d);
	if (off == GPIOMIS)
		return raw_status(d) & d->enable;
	if (off >= PRIMECELL_ID_BASE)
		return (u8)primecell_id(PART, REVISION, off);
	if (off != GPIOIC)
		log_once(d->cfg.log, LOG_GUEST, "pl061", off, "read of reserved offset %#" PRIx64,
			 off);
	return 0;
}

/* Registers are bytes at the low end of words; drivers access them with any width. */
static u64 pl061_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	return off & 3 ? 0 : read_reg(dev, off);
}

static void pl061_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct pl061 *d = dev;
	u8 *stored = storage(d, off), mask = (u8)(off >> 2);

	if (off & 3)
		return;
	if (off < GPIODATA_END)
		d->data = (u8)((d->data & ~(mask & d->dir)) | (v & mask & d->dir));
	else if (stored)
		*stored = (u8)v;
	else if (off == GPIOIC)
		d->edges &= (u8)~v;
	else
		log_once(d->cfg.log, LOG_GUEST, "pl061", off | BIT(63),
			 "write to reserved offset %#" PRIx64, off);
	pl061_update(d);
}

static void pl061_reset(void *dev)
{
	struct pl061 *d = dev;

	d->data = d->dir = d->level = d->both = d->event = d->enable = d->afsel = d->edges = 0;
	d->lines = d->in;
	pl061_update(d);
}

static void pl061_snap(void *dev, struct snap *s)
{
	struct pl061 *d = dev;
	u8 *const state[] = { &d->in,	 &d->pressed, &d->data,	 &d->dir,   &d->level, &d->both,
			      &d->event, &d->enable,  &d->afsel, &d->edges, &d->lines };

	snap_section(s, "pl061", 1);
	for (size_t i = 0; i < ARRAY_SIZE(state); i++)
		snap_u8(s, state[i]);
	if (d->cfg.queue)
		event_snap(d->cfg.queue, &d->release, s);
	if (s->loading)
		d->lines = lines(d); /* derived: no edge by loading */
	if (s->loading)
		pl061_update(d);
}

static void pl061_show(void *dev, FILE *out)
{
	const struct pl061 *d = dev;

	fprintf(out, "    lines 0x%02x, outputs 0x%02x, interrupts enabled 0x%02x, raised 0x%02x\n", lines(d), d->dir, d->enable, raw_status(d));
}

const struct device_ops pl061_ops = {
	.name = "pl061",
	.size = 0x1000,
	.widths = W8 | W16 | W32,
	.read = pl061_read,
	.write = pl061_write,
	.reset = pl061_reset,
	.snap = pl061_snap,
	.show = pl061_show,
};

struct pl061 *pl061_new(const struct pl061_config *cfg)
{
	struct pl061 *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->cfg = *cfg;
	d->release = (struct event){ .name = "key released", .owner = "pl061", .fire = release, .ctx = d };
	return d;
}

void pl061_free(struct pl061 *d)
{
	if (!d)
		return;
	if (d->cfg.queue)
		event_cancel(d->cfg.queue, &d->release);
	free(d);
}
