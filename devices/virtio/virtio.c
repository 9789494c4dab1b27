/*
 * The part of a virtio device that does not depend on its kind or transport (Virtio 1.2, 2 and 3): status, features,
 * configuration space, reset, snapshot. The queues' contents: queue.c. Not modelled: admin queues, shared memory
 * regions, queue reset (VIRTIO_F_RING_RESET is not offered).
 */
#include "devices/virtio/virtio.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/snap.h"
#include "devices/virtio/queue.h"

#define ROW(field, unit, help) STAT_ROW(virtio_stats, field, unit, help)
const struct stat_row virtio_stat_rows[] = { VIRTIO_STATS(ROW) };
const size_t virtio_stat_count = ARRAY_SIZE(virtio_stat_rows);

/* Bits that describe rings and transport: they mean the same for every kind of device. */
static const u64 core_features = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1 | VIRTIO_F_ANY_LAYOUT;

/* Whatever waits. */
static void all_queues(struct virtio_device *d)
{
	for (unsigned q = 0; q < d->n_queues; q++)
		if (d->vq[q].ready && virtio_live(d))
			d->ops->notify(d, q);
}

static void rested(void *ctx, u64 late)
{
	all_queues(ctx);
}

void virtio_cut_off(struct virtio_device *d, bool cut_off)
{
	if (d->cut_off == cut_off)
		return;
	d->cut_off = cut_off;
	if (!cut_off)
		all_queues(d);
}

void virtio_init(struct virtio_device *d, const struct virtio_ops *ops, const struct virtio_env *env, const char *name,
		 u64 features, const u16 *max, unsigned n_queues)
{
	d->ops = ops;
	d->env = *env;
	snprintf(d->name, sizeof d->name, "%s", name && *name ? name : ops->name);
	d->offered = features | core_features;
	d->rest = (struct event){ .name = "rest", .owner = d->name, .fire = rested, .ctx = d };
	d->n_queues = n_queues < VIRTIO_QUEUES_MAX ? n_queues : VIRTIO_QUEUES_MAX;
	for (unsigned i = 0; i < d->n_queues; i++)
		d->vq[i].max = max[i];
	virtio_reset(d);
}

void virtio_free(struct virtio_device *d)
{
	if (!d)
		return;
	if (d->rest.armed)
		event_cancel(d->env.queue, &d->rest);
	d->ops->free(d);
}

/* ---- configuration space ---- */

void virtio_config_put(struct virtio_device *d, u32 off, unsigned width, u64 v)
{
	for (unsigned i = 0; i < width && off + i < VIRTIO_CONFIG_MAX; i++)
		d->config[off + i] = (u8)(v >> 8 * i);
}

u64 virtio_config_get(const struct virtio_device *d, u32 off, unsigned width)
{
	u64 v = 0;

	for (unsigned i = 0; i < width && off + i < VIRTIO_CONFIG_MAX; i++)
		v |= (u64)d->config[off + i] << 8 * i;
	return v;
}

u64 virtio_config_read(struct virtio_device *d, u32 off, unsigned width)
{
	if (off >= d->config_size || width > d->config_size - off) {
		/* drivers probe with wide reads at the end: what lies behind it is zero */
		u64 v = off < d->config_size ? virtio_config_get(d, off, d->config_size - off) : 0;

		return v & low_mask(8 * width);
	}
	return virtio_config_get(d, off, width);
}

void virtio_config_write(struct virtio_device *d, u32 off, unsigned width, u64 v)
{
	if (!d->ops->config_write || off >= d->config_size || width > d->config_size - off) {
		log_once(d->env.log, LOG_GUEST, d->name, off, "write of %u bytes to read-only configuration at %#x",
			 width, off);
		return;
	}
	d->ops->config_write(d, off, width, v);
}

void virtio_config_changed(struct virtio_device *d)
{
	d->generation++;
	if (d->status & VIRTIO_DRIVER_OK) {
		d->stats.interrupts++;
		d->interrupt(d->transport, -1);
	}
}

/* ---- status and features ---- */

bool virtio_live(const struct virtio_device *d)
{
	/* a legacy driver may use its queues before it says DRIVER_OK */
	u8 up = d->legacy ? VIRTIO_DRIVER : VIRTIO_DRIVER_OK;

	return d->env.bus && !d->cut_off && (d->status & up) && !(d->status & VIRTIO_NEEDS_RESET);
}

void virtio_broken(struct virtio_device *d, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	if (d->status & VIRTIO_NEEDS_RESET)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	log_at(d->env.log, LOG_GUEST, d->name, "%s: the device needs a reset", text);
	d->status |= VIRTIO_NEEDS_RESET;
	d->stats.errors++;
	virtio_config_changed(d);
}

void virtio_set_features(struct virtio_device *d, u64 features)
{
	if (d->status & VIRTIO_FEATURES_OK) {
		log_at(d->env.log, LOG_GUEST, d->name, "features written after FEATURES_OK: ignored");
		return;
	}
	d->features = features & d->offered;
	if (d->legacy)
		d->features &= low_mask(32);
}

void virtio_set_status(struct virtio_device *d, u8 status)
{
	u8 kept = d->status & VIRTIO_NEEDS_RESET;

	if (!status) {
		virtio_reset(d);
		return;
	}
	status &= (u8)~VIRTIO_NEEDS_RESET;
	if ((status & VIRTIO_FEATURES_OK) && !(d->status & VIRTIO_FEATURES_OK) && !d->legacy &&
	    !virtio_has(d, VIRTIO_F_VERSION_1)) {
		log_at(d->env.log, LOG_GUEST, d->name, "FEATURES_OK without VERSION_1: refused");
		status &= (u8)~VIRTIO_FEATURES_OK;
	}
	d->status = status | kept;
	if (d->ops->status)
		d->ops->status(d);
}

void virtio_set_ready(struct virtio_device *d, unsigned q, bool ready)
{
	struct virtq *vq = &d->vq[q];

	if (q >= d->n_queues || vq->ready == ready)
		return;
	vq->ready = ready && virtq_fits(d, vq);
	vq->next_avail = vq->next_used = vq->signalled = 0;
	vq->signalled_valid = false;
	if (ready && !vq->ready)
		log_at(d->env.log, LOG_GUEST, d->name,
		       "queue %u: size %u or an address does not fit (descriptors %#" PRIx64 ", driver %#" PRIx64
		       ", device %#" PRIx64 "): stays disabled",
		       q, vq->size, vq->desc, vq->avail, vq->used);
}

void virtio_notify(struct virtio_device *d, unsigned q)
{
	d->stats.notifications++;
	if (q >= d->n_queues || !d->vq[q].ready || !virtio_live(d)) {
		log_once(d->env.log, LOG_GUEST, d->name, q, "notification of queue %u, which is not enabled", q);
		return;
	}
	d->ops->notify(d, q);
}

void virtio_reset(struct virtio_device *d)
{
	if (d->rest.armed)
		event_cancel(d->env.queue, &d->rest);
	d->status = 0;
	d->features = 0;
	for (unsigned i = 0; i < d->n_queues; i++) {
		u16 max = d->vq[i].max;

		d->vq[i] = (struct virtq){ .max = max, .size = max, .vector = VIRTIO_NO_VECTOR };
	}
	if (d->ops->reset)
		d->ops->reset(d);
}

/* ---- snapshot ---- */

static void snap_queue(struct virtio_device *d, struct virtq *vq, struct snap *s)
{
	snap_u16(s, &vq->size);
	snap_bool(s, &vq->ready);
	snap_u64(s, &vq->desc);
	snap_u64(s, &vq->avail);
	snap_u64(s, &vq->used);
	snap_u16(s, &vq->next_avail);
	snap_u16(s, &vq->next_used);
	snap_u16(s, &vq->signalled);
	snap_bool(s, &vq->signalled_valid);
	snap_u16(s, &vq->vector);
	snap_check(s, !vq->ready || virtq_fits(d, vq), "size and addresses of a virtqueue");
}

void virtio_snap(struct virtio_device *d, struct snap *s)
{
	u32 n = d->n_queues;

	snap_section(s, d->ops->name, 2);
	snap_u64(s, &d->features);
	snap_u8(s, &d->status);
	snap_bool(s, &d->legacy);
	snap_bytes(s, d->config, sizeof d->config);
	snap_u32(s, &d->generation);
	snap_u32(s, &n);
	snap_check(s, n == d->n_queues, "number of virtqueues");
	snap_check(s, !(d->features & ~d->offered), "features of a virtio device");
	for (unsigned i = 0; i < d->n_queues && !s->failed; i++)
		snap_queue(d, &d->vq[i], s);
	snap_u64(s, &d->pops_at);
	snap_u32(s, &d->pops);
	snap_u64(s, &d->moved);
	if (d->env.queue)
		event_snap(d->env.queue, &d->rest, s);
	for (size_t i = 0; i < virtio_stat_count; i++)
		snap_u64(s, (u64 *)((char *)&d->stats + virtio_stat_rows[i].offset));
	if (d->ops->snap)
		d->ops->snap(d, s);
}
