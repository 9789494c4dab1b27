/*
 * virtio over MMIO: version 2 (Virtio 1.2, 4.2.2) and the legacy version 1 (4.2.4), in which the driver gives a page
 * number for a whole queue. In a legacy slot configuration space is little-endian, as is every guest so far that
 * enters here. Not modelled: shared memory regions, queue reset.
 */
#include "devices/virtio/mmio.h"

#include <stdlib.h>

#include "base/snap.h"

enum {
	MAGIC_VALUE = 0x000,
	VERSION = 0x004,
	DEVICE_ID = 0x008,
	VENDOR_ID = 0x00c,
	DEVICE_FEATURES = 0x010,
	DEVICE_FEATURES_SEL = 0x014,
	DRIVER_FEATURES = 0x020,
	DRIVER_FEATURES_SEL = 0x024,
	GUEST_PAGE_SIZE = 0x028, /* legacy */
	QUEUE_SEL = 0x030,
	QUEUE_NUM_MAX = 0x034,
	QUEUE_NUM = 0x038,
	QUEUE_ALIGN = 0x03c, /* legacy */
	QUEUE_PFN = 0x040,   /* legacy */
	QUEUE_READY = 0x044,
	QUEUE_NOTIFY = 0x050,
	INTERRUPT_STATUS = 0x060,
	INTERRUPT_ACK = 0x064,
	STATUS = 0x070,
	QUEUE_DESC_LOW = 0x080,
	QUEUE_DESC_HIGH = 0x084,
	QUEUE_DRIVER_LOW = 0x090,
	QUEUE_DRIVER_HIGH = 0x094,
	QUEUE_DEVICE_LOW = 0x0a0,
	QUEUE_DEVICE_HIGH = 0x0a4,
	SHM_LEN_LOW = 0x0b0,
	SHM_BASE_HIGH = 0x0bc,
	CONFIG_GENERATION = 0x0fc,
	CONFIG = 0x100,
};
enum { MAGIC = 0x74726976 /* "virt" */, VENDOR = 0x554d4551 /* images made for the board know this number */ };
enum { INT_USED = 1, INT_CONFIG = 2 };
enum { SLOT_SIZE = 0x200 };

struct virtio_mmio {
	struct virtio_device *d;
	struct wire irq;
	struct log *log;
	bool legacy;
	u32 device_sel, driver_sel, queue_sel;
	u32 isr;
	u64 driver_features; /* as written so far */
	u32 page_size;	     /* legacy */
	u32 align[VIRTIO_QUEUES_MAX];
};

static void update(struct virtio_mmio *t)
{
	wire_set(&t->irq, t->isr != 0);
}

static void interrupt(void *transport, int q)
{
	struct virtio_mmio *t = transport;

	t->isr |= q < 0 ? INT_CONFIG : INT_USED;
	update(t);
}

/* The selected queue, or NULL when the device has no such queue. */
static struct virtq *selected(struct virtio_mmio *t)
{
	return t->queue_sel < t->d->n_queues ? &t->d->vq[t->queue_sel] : NULL;
}

static u32 half(u64 v, u32 sel)
{
	return sel == 0 ? (u32)v : sel == 1 ? (u32)(v >> 32) : 0;
}

/* ---- reading ---- */

static u64 read_common(struct virtio_mmio *t, u64 off, bool *known)
{
	const struct virtq *vq = selected(t);

	*known = true;
	switch (off) {
	case DEVICE_FEATURES:
		if (t->legacy)
			return t->device_sel ? 0 : (u32)t->d->offered;
		return half(t->d->offered & ~VIRTIO_F_ANY_LAYOUT, t->device_sel);
	case QUEUE_NUM_MAX:
		return vq ? vq->max : 0;
	case INTERRUPT_STATUS:
		return t->isr;
	case STATUS:
		return t->d->status;
	}
	*known = false;
	return 0;
}

static u64 read_modern(struct virtio_mmio *t, u64 off, bool *known)
{
	const struct virtq *vq = selected(t);

	*known = true;
	if (off >= SHM_LEN_LOW && off <= SHM_BASE_HIGH)
		return UINT32_MAX; /* no shared memory */
	switch (off) {
	case QUEUE_READY:
		return vq && vq->ready;
	case CONFIG_GENERATION:
		return t->d->generation;
	}
	*known = false;
	return 0;
}

static u64 read_legacy(struct virtio_mmio *t, u64 off, bool *known)
{
	const struct virtq *vq = selected(t);

	*known = off == QUEUE_PFN;
	return *known && vq && vq->ready && t->page_size ? vq->desc / t->page_size : 0;
}

static u64 mmio_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	struct virtio_mmio *t = dev;
	bool known;
	u64 v;

	if (off >= CONFIG)
		return t->d ? virtio_config_read(t->d, (u32)(off - CONFIG), width) : 0;
	if (width != 4) {
		log_once(t->log, LOG_GUEST, "virtio-mmio", off, "read of %u bytes at register %#" PRIx64, width, off);
		return 0;
	}
	switch (off) {
	case MAGIC_VALUE:
		return MAGIC;
	case VERSION:
		return t->legacy ? 1 : 2;
	case DEVICE_ID:
		return t->d ? t->d->ops->id : 0;
	case VENDOR_ID:
		return VENDOR;
	}
	if (!t->d)
		return 0;
	v = read_common(t, off, &known);
	if (!known)
		v = t->legacy ? read_legacy(t, off, &known) : read_modern(t, off, &known);
	if (!known)
		log_once(t->log, LOG_GUEST, "virtio-mmio", off, "read of reserved register %#" PRIx64, off);
	return v;
}

/* ---- writing ---- */

/* By the driver. Linux tells its page size before it resets the device, so that stays. */
static void transport_reset(struct virtio_mmio *t)
{
	t->device_sel = t->driver_sel = t->queue_sel = 0;
	t->isr = 0;
	t->driver_features = 0;
	for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++)
		t->align[i] = 0;
	if (t->d)
		virtio_reset(t->d);
	update(t);
}

static void write_features(struct virtio_mmio *t, u32 v)
{
	if (t->driver_sel > 1 || (t->legacy && t->driver_sel))
		return;
	t->driver_features = t->driver_sel ? deposit(t->driver_features, 63, 32, v) :
					     deposit(t->driver_features, 31, 0, v);
	virtio_set_features(t->d, t->driver_features);
}

static bool write_common(struct virtio_mmio *t, u64 off, u32 v)
{
	struct virtq *vq = selected(t);

	switch (off) {
	case DEVICE_FEATURES_SEL:
		t->device_sel = v;
		return true;
	case DRIVER_FEATURES:
		write_features(t, v);
		return true;
	case DRIVER_FEATURES_SEL:
		t->driver_sel = v;
		return true;
	case QUEUE_SEL:
		t->queue_sel = v;
		return true;
	case QUEUE_NUM:
		if (vq && !vq->ready)
			vq->size = v > UINT16_MAX ? 0 : (u16)v;
		return true;
	case QUEUE_NOTIFY:
		virtio_notify(t->d, v);
		return true;
	case INTERRUPT_ACK:
		t->isr &= ~v;
		update(t);
		return true;
	case STATUS:
		if (v & 0xff)
			virtio_set_status(t->d, (u8)v);
		else
			transport_reset(t);
		return true;
	}
	return false;
}

static bool write_modern(struct virtio_mmio *t, u64 off, u32 v)
{
	static const struct {
		u16 off;
		u16 field;
	} addresses[] = {
		{ QUEUE_DESC_LOW, offsetof(struct virtq, desc) },
		{ QUEUE_DRIVER_LOW, offsetof(struct virtq, avail) },
		{ QUEUE_DEVICE_LOW, offsetof(struct virtq, used) },
	};
	struct virtq *vq = selected(t);

	if (off == QUEUE_READY) {
		if (vq)
			virtio_set_ready(t->d, t->queue_sel, v & 1);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		u64 *field = vq ? (u64 *)((char *)vq + addresses[i].field) : NULL;

		if ((off & ~4ull) != addresses[i].off)
			continue;
		if (field && !vq->ready)
			*field = off & 4 ? deposit(*field, 63, 32, v) : deposit(*field, 31, 0, v);
		return true;
	}
	return false;
}

/* One number places all three parts of the queue (2.7.2). */
static void write_pfn(struct virtio_mmio *t, u32 pfn)
{
	struct virtq *vq = selected(t);
	u64 align;

	if (!vq)
		return;
	virtio_set_ready(t->d, t->queue_sel, false);
	if (!pfn)
		return;
	align = t->align[t->queue_sel];
	if (!is_pow2(align) || align < 4 || align > 65536)
		align = 4096;
	vq->desc = (u64)pfn * t->page_size;
	vq->avail = vq->desc + 16 * (u64)vq->size;
	vq->used = align_up(vq->avail + 6 + 2 * (u64)vq->size, align);
	virtio_set_ready(t->d, t->queue_sel, true);
}

static bool write_legacy(struct virtio_mmio *t, u64 off, u32 v)
{
	switch (off) {
	case GUEST_PAGE_SIZE:
		t->page_size = v;
		return true;
	case QUEUE_ALIGN:
		if (selected(t))
			t->align[t->queue_sel] = v;
		return true;
	case QUEUE_PFN:
		write_pfn(t, v);
		return true;
	}
	return false;
}

static void mmio_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct virtio_mmio *t = dev;

	if (!t->d)
		return;
	if (off >= CONFIG) {
		virtio_config_write(t->d, (u32)(off - CONFIG), width, v);
		return;
	}
	if (width != 4) {
		log_once(t->log, LOG_GUEST, "virtio-mmio", off, "write of %u bytes at register %#" PRIx64, width, off);
		return;
	}
	if (!write_common(t, off, (u32)v) && !(t->legacy ? write_legacy : write_modern)(t, off, (u32)v))
		log_once(t->log, LOG_GUEST, "virtio-mmio", off | BIT(63), "write to reserved register %#" PRIx64, off);
}

static void mmio_reset(void *dev)
{
	struct virtio_mmio *t = dev;

	t->page_size = 0;
	transport_reset(t);
}

static void mmio_snap(void *dev, struct snap *s)
{
	struct virtio_mmio *t = dev;

	snap_section(s, "virtio-mmio", 1);
	if (!t->d)
		return;
	snap_u32(s, &t->device_sel);
	snap_u32(s, &t->driver_sel);
	snap_u32(s, &t->queue_sel);
	snap_u32(s, &t->isr);
	snap_u64(s, &t->driver_features);
	snap_u32(s, &t->page_size);
	for (unsigned i = 0; i < t->d->n_queues; i++)
		snap_u32(s, &t->align[i]);
	virtio_snap(t->d, s);
	if (s->loading)
		update(t);
}

static void mmio_show(void *dev, FILE *out)
{
	struct virtio_mmio *t = dev;

	if (!t->d)
		return;
	fprintf(out, "    %s%s, interrupt %s%s\n", t->d->name, t->legacy ? " (legacy)" : "", t->isr ? "raised" : "low",
		t->isr & INT_CONFIG ? " (configuration)" : "");
	virtio_show(t->d, out);
}

const struct device_ops virtio_mmio_ops = {
	.name = "virtio-mmio",
	.size = SLOT_SIZE,
	.widths = W8 | W16 | W32,
	.read = mmio_read,
	.write = mmio_write,
	.reset = mmio_reset,
	.snap = mmio_snap,
	.show = mmio_show,
};

struct virtio_mmio *virtio_mmio_new(struct virtio_device *d, bool legacy, struct wire irq, struct log *log)
{
	struct virtio_mmio *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->d = d;
	t->legacy = legacy;
	t->irq = irq;
	t->log = log;
	if (d) {
		d->legacy = legacy;
		d->interrupt = interrupt;
		d->transport = t;
	}
	return t;
}

void virtio_mmio_free(struct virtio_mmio *t)
{
	free(t);
}

struct virtio_device *virtio_mmio_device(struct virtio_mmio *t)
{
	return t->d;
}
