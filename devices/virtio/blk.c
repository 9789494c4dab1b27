/*
 * The virtio block device (Virtio 1.2, 5.2). A notification sets an event VIRTIO_BLK_LATENCY_PS ahead; when it fires,
 * everything in the queue is done in order and returned. Between the two the requests only stand in the ring.
 * Not modelled: lifetime, secure erase, zoned disks; these are answered with UNSUPP.
 */
#include "devices/virtio/blk.h"

#include <stdlib.h>
#include <string.h>

#include "base/snap.h"
#include "devices/virtio/queue.h"

enum { QUEUES_MAX = 16, SERIAL_SIZE = 20, COPY = 65536, SECTOR = BLOCK_SECTOR };

#define F_SEG_MAX      BIT(2)
#define F_GEOMETRY     BIT(4)
#define F_RO	       BIT(5)
#define F_BLK_SIZE     BIT(6)
#define F_FLUSH	       BIT(9)
#define F_TOPOLOGY     BIT(10)
#define F_CONFIG_WCE   BIT(11)
#define F_MQ	       BIT(12)
#define F_DISCARD      BIT(13)
#define F_WRITE_ZEROES BIT(14)

/* struct virtio_blk_config, 5.2.4 */
enum {
	C_CAPACITY = 0,
	C_SEG_MAX = 12,
	C_CYLINDERS = 16,
	C_HEADS = 18,
	C_SECTORS = 19,
	C_BLK_SIZE = 20,
	C_WRITEBACK = 32,
	C_NUM_QUEUES = 34,
	C_DISCARD_SECTORS = 36,
	C_DISCARD_SEG = 40,
	C_DISCARD_ALIGN = 44,
	C_ZEROES_SECTORS = 48,
	C_ZEROES_SEG = 52,
	C_ZEROES_MAY_UNMAP = 56,
	C_SIZE = 60,
};

enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };
enum { FLAG_UNMAP = 1, MAX_RANGE = 4194304 /* sectors of one discard */ };

struct header {
	u32 type, ioprio;
	u64 sector;
};

struct range {
	u64 sector;
	u32 sectors, flags;
};

struct virtio_blk {
	struct virtio_device v;
	struct block *disk;
	u64 sectors;
	u32 kicked; /* queues to look at when the event fires */
	struct event done;
	char serial[SERIAL_SIZE];
	struct virtio_chain chain;
	u8 copy[COPY];
};

static struct virtio_blk *blk(struct virtio_device *d)
{
	return container_of(d, struct virtio_blk, v);
}

/* What to do with one request: how many bytes went into its writable part, and its status byte. */
struct answer {
	u32 written;
	u8 status;
};

static bool inside(const struct virtio_blk *b, u64 sector, u64 sectors)
{
	return sector <= b->sectors && sectors <= b->sectors - sector;
}

static bool writeback(const struct virtio_blk *b)
{
	if (virtio_has(&b->v, F_CONFIG_WCE))
		return b->v.config[C_WRITEBACK] & 1;
	return virtio_has(&b->v, F_FLUSH) && !block_writethrough(b->disk);
}

static struct answer read_sectors(struct virtio_blk *b, const struct header *h)
{
	u64 n = b->chain.in_len - 1, done = 0;

	if (n % SECTOR || !inside(b, h->sector, n / SECTOR))
		return (struct answer){ 0, S_IOERR };
	while (done < n) {
		size_t run = n - done < COPY ? (size_t)(n - done) : COPY;

		if (block_read(b->disk, h->sector * SECTOR + done, b->copy, run))
			return (struct answer){ (u32)done, S_IOERR };
		virtio_chain_write(&b->v, &b->chain, done, b->copy, run);
		done += run;
	}
	return (struct answer){ (u32)n, S_OK };
}

/* A write that fails in its middle leaves the sectors before it written, as a real disk would. */
static struct answer write_sectors(struct virtio_blk *b, const struct header *h)
{
	u64 n = b->chain.out_len - sizeof *h, done = 0;

	if (n % SECTOR || !inside(b, h->sector, n / SECTOR) || block_readonly(b->disk))
		return (struct answer){ 0, S_IOERR };
	while (done < n) {
		size_t run = n - done < COPY ? (size_t)(n - done) : COPY;

		virtio_chain_read(&b->v, &b->chain, sizeof *h + done, b->copy, run);
		if (block_write(b->disk, h->sector * SECTOR + done, b->copy, run))
			return (struct answer){ 0, S_IOERR };
		done += run;
	}
	if (!writeback(b) && block_flush(b->disk))
		return (struct answer){ 0, S_IOERR };
	return (struct answer){ 0, S_OK };
}

static struct answer flush(struct virtio_blk *b, const struct header *h)
{
	return (struct answer){ 0, block_flush(b->disk) ? S_IOERR : S_OK };
}

static struct answer get_id(struct virtio_blk *b, const struct header *h)
{
	u64 room = b->chain.in_len - 1;
	size_t n = room < SERIAL_SIZE ? (size_t)room : SERIAL_SIZE;

	virtio_chain_write(&b->v, &b->chain, 0, b->serial, n);
	return (struct answer){ (u32)n, S_OK };
}

/* Discard and write zeroes: one range after the header (max_*_seg is 1). */
static struct answer one_range(struct virtio_blk *b, const struct header *h)
{
	bool zeroes = h->type == T_WRITE_ZEROES;
	struct range r;
	int err;

	if (!virtio_has(&b->v, zeroes ? F_WRITE_ZEROES : F_DISCARD))
		return (struct answer){ 0, S_UNSUPP };
	if (b->chain.out_len != sizeof *h + sizeof r)
		return (struct answer){ 0, S_IOERR };
	virtio_chain_read(&b->v, &b->chain, sizeof *h, &r, sizeof r);
	if (r.flags & ~(u32)(zeroes ? FLAG_UNMAP : 0))
		return (struct answer){ 0, S_UNSUPP };
	if (block_readonly(b->disk) || r.sectors > MAX_RANGE || !inside(b, r.sector, r.sectors))
		return (struct answer){ 0, S_IOERR };
	if (!r.sectors)
		return (struct answer){ 0, S_OK };
	b->v.moved += zeroes ? (u64)r.sectors * SECTOR : 0;
	err = zeroes ? block_zero(b->disk, r.sector * SECTOR, (u64)r.sectors * SECTOR, r.flags & FLAG_UNMAP) :
		       block_discard(b->disk, r.sector * SECTOR, (u64)r.sectors * SECTOR);
	if (!err && zeroes && !writeback(b))
		err = block_flush(b->disk);
	return (struct answer){ 0, err ? S_IOERR : S_OK };
}

static const struct {
	u32 type;
	struct answer (*serve)(struct virtio_blk *b, const struct header *h);
} requests[] = {
	{ T_IN, read_sectors },	   { T_OUT, write_sectors },  { T_FLUSH, flush },
	{ T_GET_ID, get_id },	   { T_DISCARD, one_range }, { T_WRITE_ZEROES, one_range },
};

/* Serves the popped chain; false when it has no place for header or status. */
static bool serve(struct virtio_blk *b, unsigned q)
{
	struct answer a = { 0, S_UNSUPP };
	struct header h;

	if (b->chain.out_len < sizeof h || !b->chain.in_len) {
		virtio_broken(&b->v, "request without header or status byte");
		return false;
	}
	virtio_chain_read(&b->v, &b->chain, 0, &h, sizeof h);
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		if (requests[i].type == h.type)
			a = requests[i].serve(b, &h);
	if (a.status == S_UNSUPP)
		log_once(b->v.env.log, LOG_GUEST, b->v.name, h.type, "request of type %u, which is not offered", h.type);
	virtio_chain_write(&b->v, &b->chain, b->chain.in_len - 1, &a.status, 1);
	virtio_push(&b->v, q, &b->chain, a.written + 1);
	return true;
}

static void serve_queue(struct virtio_blk *b, unsigned q)
{
	unsigned n = 0;

	/* not more than one ring's worth: another PE may add as fast as we take */
	while (n < b->v.vq[q].size && virtio_pop(&b->v, q, &b->chain) && serve(b, q))
		n++;
	if (n)
		virtio_signal(&b->v, q);
	if (virtio_pending(&b->v, q))
		b->kicked |= 1u << q;
}

static void set_event(struct virtio_blk *b)
{
	if (b->kicked && !b->done.armed)
		event_at(b->v.env.queue, &b->done, b->v.env.now(b->v.env.ctx) + VIRTIO_BLK_LATENCY_PS);
}

static void blk_done(void *ctx, u64 late)
{
	struct virtio_blk *b = ctx;
	u32 kicked = b->kicked;

	b->kicked = 0;
	for (unsigned q = 0; q < b->v.n_queues; q++)
		if (kicked >> q & 1)
			serve_queue(b, q);
	set_event(b);
}

static void blk_notify(struct virtio_device *d, unsigned q)
{
	blk(d)->kicked |= 1u << q;
	set_event(blk(d));
}

/* The driver chooses between write-back and write-through. */
static void blk_config_write(struct virtio_device *d, u32 off, unsigned width, u64 v)
{
	if (off != C_WRITEBACK || width != 1 || !virtio_has(d, F_CONFIG_WCE)) {
		log_once(d->env.log, LOG_GUEST, d->name, off, "write to read-only configuration at %#x", off);
		return;
	}
	d->config[C_WRITEBACK] = v & 1;
	if (!(v & 1))
		block_flush(blk(d)->disk);
}

static void blk_reset(struct virtio_device *d)
{
	struct virtio_blk *b = blk(d);

	event_cancel(d->env.queue, &b->done);
	b->kicked = 0;
	if (b->disk)
		d->config[C_WRITEBACK] = !block_writethrough(b->disk);
}

static void blk_snap(struct virtio_device *d, struct snap *s)
{
	struct virtio_blk *b = blk(d);

	snap_u32(s, &b->kicked);
	snap_check(s, !(b->kicked & ~low_mask(d->n_queues)), "notified queues of a disk");
	event_snap(d->env.queue, &b->done, s);
	block_snap(b->disk, s);
}

static void blk_free(struct virtio_device *d)
{
	struct virtio_blk *b = blk(d);

	event_cancel(d->env.queue, &b->done);
	block_close(b->disk);
	free(b);
}

static const char *type_name(u32 type)
{
	static const char *const names[] = { [T_IN] = "read", [T_OUT] = "write", [T_FLUSH] = "flush", [T_GET_ID] = "get id",
					     [T_DISCARD] = "discard", [T_WRITE_ZEROES] = "write zeroes" };

	return type < ARRAY_SIZE(names) && names[type] ? names[type] : "unknown request";
}

/* What waits for the event: the first few requests of each queue. */
static void blk_show(struct virtio_device *d, FILE *out)
{
	enum { MOST = 8 };
	const struct virtio_blk *b = blk(d);

	fprintf(out, "      disk of %" PRIu64 " sectors, %s, %s\n", b->sectors, block_readonly(b->disk) ? "read-only" : "writable",
		b->done.armed ? "requests are under way" : "idle");
	for (unsigned q = 0; q < d->n_queues; q++) {
		struct virtq_look look;
		struct header h;

		if (!virtq_look(d, q, &look) || look.waiting > d->vq[q].size)
			continue;
		for (u16 i = 0; i < look.waiting && i < MOST; i++)
			if (virtq_peek(d, q, i, &h, sizeof(h)))
				fprintf(out, "        queue %u: %s, sector %" PRIu64 "\n", q, type_name(h.type), h.sector);
	}
}

static const struct virtio_ops blk_ops = {
	.name = "virtio-blk",
	.id = VIRTIO_ID_BLK,
	.pci_class = 0x010000, /* SCSI controller, as drivers expect it of virtio-blk */
	.config_write = blk_config_write,
	.notify = blk_notify,
	.reset = blk_reset,
	.show = blk_show,
	.snap = blk_snap,
	.free = blk_free,
};

/* Cylinders of 16 heads and 63 sectors, for who still asks. */
static void put_geometry(struct virtio_device *d, u64 sectors)
{
	u64 cylinders = sectors / (16 * 63);

	virtio_config_put(d, C_CYLINDERS, 2, cylinders < 2 ? 2 : cylinders > 16383 ? 16383 : cylinders);
	d->config[C_HEADS] = 16;
	d->config[C_SECTORS] = 63;
}

static void fill_config(struct virtio_blk *b, const struct virtio_blk_config *c)
{
	struct virtio_device *d = &b->v;

	d->config_size = C_SIZE;
	virtio_config_put(d, C_CAPACITY, 8, b->sectors);
	virtio_config_put(d, C_SEG_MAX, 4, c->queue_size > 2 ? c->queue_size - 2u : 1);
	put_geometry(d, b->sectors);
	virtio_config_put(d, C_BLK_SIZE, 4, SECTOR);
	d->config[C_WRITEBACK] = !block_writethrough(b->disk);
	virtio_config_put(d, C_NUM_QUEUES, 2, c->queues);
	virtio_config_put(d, C_DISCARD_SECTORS, 4, MAX_RANGE);
	virtio_config_put(d, C_DISCARD_SEG, 4, 1);
	virtio_config_put(d, C_DISCARD_ALIGN, 4, 1);
	virtio_config_put(d, C_ZEROES_SECTORS, 4, MAX_RANGE);
	virtio_config_put(d, C_ZEROES_SEG, 4, 1);
	d->config[C_ZEROES_MAY_UNMAP] = 1;
}

struct virtio_device *virtio_blk_new(const struct virtio_blk_config *c, struct block *disk, const struct virtio_env *env)
{
	struct virtio_blk *b = calloc(1, sizeof *b);
	u16 max[QUEUES_MAX];
	unsigned n = c->queues < 1 ? 1 : c->queues > QUEUES_MAX ? QUEUES_MAX : c->queues;
	u64 features = F_SEG_MAX | F_GEOMETRY | F_BLK_SIZE | F_FLUSH | F_TOPOLOGY;

	if (!b) {
		block_close(disk);
		return NULL;
	}
	features |= (block_readonly(disk) ? F_RO : 0) | (c->config_wce ? F_CONFIG_WCE : 0) | (n > 1 ? F_MQ : 0) |
		    (c->discard && !block_readonly(disk) ? F_DISCARD : 0) |
		    (c->write_zeroes && !block_readonly(disk) ? F_WRITE_ZEROES : 0);
	b->disk = disk;
	b->sectors = block_size(disk) / SECTOR;
	b->done = (struct event){ .name = "requests", .owner = b->v.name, .fire = blk_done, .ctx = b };
	if (c->serial)
		memcpy(b->serial, c->serial, strnlen(c->serial, SERIAL_SIZE));
	for (unsigned i = 0; i < n; i++)
		max[i] = c->queue_size;
	virtio_init(&b->v, &blk_ops, env, c->id, features, max, n);
	fill_config(b, c);
	return &b->v;
}
