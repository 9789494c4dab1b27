/*
 * The Interrupt Translation Service (IHI0069 5): turns a message, DeviceID and EventID, into an LPI
 * at a PE. Here are its registers and its command queue. DeviceID is the StreamID of the bus access
 * to GITS_TRANSLATER, 0 when a PE writes there.
 *
 * Choices that the manual leaves open: a command with an error is skipped, with a line in the log;
 * one that needs memory which is not there stalls the queue (GITS_CREADR.Stalled) until
 * GITS_CWRITER.Retry. There is no SError (SEIS = 0), no collection inside the ITS (HCC = 0), no
 * GICv4. A write does a bounded number of commands, an event shortly after does more.
 */
#include "gic/its_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/snap.h"

#define ITS_SIZE 0x20000

enum {
	GITS_CTLR = 0x0000,
	GITS_IIDR = 0x0004,
	GITS_TYPER = 0x0008,
	GITS_CBASER = 0x0080,
	GITS_CWRITER = 0x0088,
	GITS_CREADR = 0x0090,
	GITS_BASER = 0x0100,
	GITS_ID = 0xffd0,
	GITS_TRANSLATER = 0x10040,
};

#define CTLR_ENABLED	 1u
#define CTLR_QUIESCENT	 (1u << 31)
#define CWRITER_RETRY	 1u
#define CREADR_STALLED	 1u
#define CBASER_MASK	 (ITS_VALID | MASK(61, 59) | MASK(55, 53) | MASK(51, 10) | MASK(7, 0))
#define BASER_MASK	 (ITS_VALID | MASK(62, 59) | MASK(55, 53) | MASK(47, 0))
#define OFFSET_MASK	 MASK(19, 5)
#define ITS_PART	 0x94
#define DMA_REQUESTER	 0x8000u

enum { BATCH_WORK = 256, BATCH_PS = 10000000 };

/* ---- the queue ---- */

u64 its_queue_bytes(const struct its *t)
{
	return (bits(t->cbaser, 7, 0) + 1) * 4096;
}

static bool commands_wait(const struct its *t)
{
	return t->enabled && !t->stalled && (t->cbaser & ITS_VALID) && t->creadr != t->cwriter &&
	       t->cwriter < its_queue_bytes(t);
}

bool its_command_at(struct its *t, u64 offset, u64 dw[4])
{
	u8 raw[ITS_COMMAND_BYTES];
	bool there = bus_copy_out(t->g->bus, pa_make(SPACE_NS, (t->cbaser & MASK(51, 12)) + offset), raw, sizeof raw) == BUS_OK;

	memset(dw, 0, ITS_COMMAND_BYTES);
	for (unsigned i = 0; there && i < ITS_COMMAND_BYTES; i++)
		dw[i / 8] |= (u64)raw[i] << 8 * (i % 8);
	return there;
}

static enum its_result one_command(struct its *t, unsigned *cost)
{
	u64 dw[4];
	enum its_result r = ITS_FAULT;

	*cost = 1;
	if (its_command_at(t, t->creadr, dw))
		r = its_command(t, dw, cost);
	if (r == ITS_OK)
		t->g->stats.its_commands++;
	else
		t->g->stats.its_errors++;
	if (r != ITS_OK)
		log_at(t->g->log, LOG_GUEST, "its",
		       "command %s (%016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %016" PRIx64
		       ") %s",
		       its_command_name(dw[0]), dw[0], dw[1], dw[2], dw[3],
		       r == ITS_FAULT ? "needs memory that is not there: stalled"
				      : "has an error: skipped");
	return r;
}

static void run_commands(struct its *t)
{
	for (unsigned work = 0, cost; commands_wait(t); work += cost) {
		if (work >= BATCH_WORK) {
			event_at(t->queue, &t->more, t->now(t->ctx) + BATCH_PS);
			return;
		}
		if (one_command(t, &cost) == ITS_FAULT) {
			t->stalled = true;
			return;
		}
		t->creadr = (t->creadr + ITS_COMMAND_BYTES) % its_queue_bytes(t);
	}
	event_cancel(t->queue, &t->more);
}

static void more_commands(void *ctx, u64 late)
{
	run_commands(ctx);
}

/* ---- registers ---- */

static u64 read_ctlr(struct its *t, u64 off, unsigned width)
{
	return t->enabled ? CTLR_ENABLED : CTLR_QUIESCENT;
}

static void write_ctlr(struct its *t, u64 off, u64 v, unsigned width, struct attrs at)
{
	t->enabled = v & CTLR_ENABLED;
	run_commands(t);
}

static u64 read_iidr(struct its *t, u64 off, unsigned width)
{
	return 0x43b;
}

static u64 read_typer(struct its *t, u64 off, unsigned width)
{
	u64 v = 1 /* Physical */ | (ITS_ENTRY_BYTES - 1) << 4 | (ITS_EVENT_BITS - 1) << 8 |
		(ITS_DEVICE_BITS - 1) << 13 | (u64)(ITS_COLLECTION_BITS - 1) << 32 |
		BIT(36) /* CIL: the line before counts */;

	return gic_part(v, off, width);
}

static u64 read_cbaser(struct its *t, u64 off, unsigned width)
{
	return gic_part(t->cbaser, off, width);
}

static void write_cbaser(struct its *t, u64 off, u64 v, unsigned width, struct attrs at)
{
	if (t->enabled)
		return;
	t->cbaser = gic_merge(t->cbaser, off, v, width) & CBASER_MASK;
	t->creadr = 0;
	t->stalled = false;
}

static u64 read_cwriter(struct its *t, u64 off, unsigned width)
{
	return gic_part(t->cwriter, off, width);
}

static void write_cwriter(struct its *t, u64 off, u64 v, unsigned width, struct attrs at)
{
	v = gic_merge(t->cwriter, off, v, width);
	t->cwriter = v & OFFSET_MASK;
	if (v & CWRITER_RETRY)
		t->stalled = false;
	if (t->cwriter >= its_queue_bytes(t))
		log_at(t->g->log, LOG_GUEST, "its",
		       "GITS_CWRITER %#" PRIx64 " is outside the queue of %" PRIu64 " bytes",
		       t->cwriter, its_queue_bytes(t));
	run_commands(t);
}

static u64 read_creadr(struct its *t, u64 off, unsigned width)
{
	return gic_part(t->creadr | (t->stalled ? CREADR_STALLED : 0), off, width);
}

/* Type and entry size are fixed; the other six registers are RES0: no table. */
static u64 read_baser(struct its *t, u64 off, unsigned width)
{
	static const u8 type[ITS_TABLES] = { 1, 4 };
	u64 n = (off - GITS_BASER) / 8;

	if (n >= ITS_TABLES)
		return 0;
	return gic_part(t->baser[n] | (u64)type[n] << 56 | (u64)(ITS_ENTRY_BYTES - 1) << 48, off,
			width);
}

static void write_baser(struct its *t, u64 off, u64 v, unsigned width, struct attrs at)
{
	u64 n = (off - GITS_BASER) / 8;

	if (n < ITS_TABLES && !t->enabled)
		t->baser[n] = gic_merge(t->baser[n], off, v, width) & BASER_MASK;
}

static u64 read_id(struct its *t, u64 off, unsigned width)
{
	return gic_id_register(off, ITS_PART);
}

static void write_translater(struct its *t, u64 off, u64 v, unsigned width, struct attrs at)
{
	u32 device = at.requester & DMA_REQUESTER ? at.requester & (DMA_REQUESTER - 1) : 0;
	struct its_event e;

	if (t->enabled && its_translate(t, device, (u32)v, &e) == ITS_OK) {
		t->g->stats.msi++;
		lpi_set(e.pe, e.intid, true);
		return;
	}
	t->g->stats.msi_dropped++;
	log_at(t->g->log, LOG_GUEST, "its", "message %u of device %#x: %s", (u32)v, device,
	       t->enabled ? "not mapped" : "the ITS is off");
}

/* In order of address. What is not here is reserved. */
static const struct its_range {
	u32 first, end;
	u8 widths;
	u64 (*read)(struct its *t, u64 off, unsigned width);			      /* NULL: RAZ */
	void (*write)(struct its *t, u64 off, u64 v, unsigned width, struct attrs at); /* NULL: WI */
} ranges[] = {
	{ GITS_CTLR, 0x0004, W32, read_ctlr, write_ctlr },
	{ GITS_IIDR, 0x0008, W32, read_iidr, NULL },
	{ GITS_TYPER, 0x0010, W32 | W64, read_typer, NULL },
	{ GITS_CBASER, 0x0088, W32 | W64, read_cbaser, write_cbaser },
	{ GITS_CWRITER, 0x0090, W32 | W64, read_cwriter, write_cwriter },
	{ GITS_CREADR, 0x0098, W32 | W64, read_creadr, NULL },
	{ GITS_BASER, 0x0140, W32 | W64, read_baser, write_baser },
	{ GITS_ID, 0x10000, W32, read_id, NULL },
	{ GITS_TRANSLATER, 0x10044, W16 | W32, NULL, write_translater },
};

static const struct its_range *find_range(const struct its *t, u64 off, unsigned width)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (off >= ranges[i].first && off < ranges[i].end && (ranges[i].widths & width))
			return &ranges[i];
	log_at(t->g->log, LOG_GUEST, "its", "access of %u bytes to offset %#" PRIx64, width, off);
	return NULL;
}

static u64 its_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	struct its *t = dev;
	const struct its_range *r = find_range(t, off, width);

	return r && r->read ? r->read(t, off, width) : 0;
}

static void its_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct its *t = dev;
	const struct its_range *r = find_range(t, off, width);

	if (r && r->write)
		r->write(t, off, v, width, at);
}

static void its_reset(void *dev)
{
	struct its *t = dev;

	event_cancel(t->queue, &t->more);
	t->enabled = t->stalled = false;
	t->cbaser = t->cwriter = t->creadr = 0;
	for (unsigned i = 0; i < ITS_TABLES; i++)
		t->baser[i] = 0;
}

static void its_snap(void *dev, struct snap *s)
{
	struct its *t = dev;

	snap_section(s, "its", 1);
	snap_bool(s, &t->enabled);
	snap_bool(s, &t->stalled);
	snap_u64(s, &t->cbaser);
	snap_u64(s, &t->cwriter);
	snap_u64(s, &t->creadr);
	snap_check(s, !(t->creadr & ~OFFSET_MASK) && !(t->cwriter & ~OFFSET_MASK),
		   "command offsets");
	for (unsigned i = 0; i < ITS_TABLES; i++)
		snap_u64(s, &t->baser[i]);
	event_snap(t->queue, &t->more, s);
}

const struct device_ops gic_its_ops = {
	.name = "gicv3-its",
	.size = ITS_SIZE,
	.widths = W8 | W16 | W32 | W64,
	.read = its_read,
	.write = its_write,
	.reset = its_reset,
	.snap = its_snap,
};

int its_new(struct gic *g, const struct gic_config *config)
{
	struct its *t = calloc(1, sizeof *t);

	if (!t)
		return -ENOMEM;
	t->g = g;
	t->queue = config->queue;
	t->now = config->now;
	t->ctx = config->ctx;
	t->more = (struct event){ .name = "commands", .owner = "its", .fire = more_commands, .ctx = t };
	g->its = t;
	return 0;
}

void its_free(struct gic *g)
{
	free(g->its);
}
