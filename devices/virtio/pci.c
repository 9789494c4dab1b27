/*
 * The virtio PCI transport (Virtio 1.2, 4.1). BAR 4 holds common configuration, ISR, device configuration and the notify
 * area, a page each; BAR 1 the MSI-X table. The device IDs are those of modern devices (0x1040 + ID): there is no legacy
 * interface in I/O space, as with QEMU's disable-legacy=on.
 */
#include "devices/virtio/pci.h"

#include <stdlib.h>
#include <string.h>

#include "base/snap.h"

enum { AREA = 0x1000, COMMON = 0x0000, ISR = 0x1000, DEVICE = 0x2000, NOTIFY = 0x3000, BAR_SIZE = 0x4000 };
enum { BAR_MSIX = 1, BAR_MODERN = 4 };
enum { NOTIFY_STEP = 4 };
enum { CFG_COMMON = 1, CFG_NOTIFY = 2, CFG_ISR = 3, CFG_DEVICE = 4, CFG_PCI = 5 };

/* struct virtio_pci_common_cfg, 4.1.4.3 */
enum {
	DEVICE_FEATURE_SELECT = 0x00,
	DEVICE_FEATURE = 0x04,
	DRIVER_FEATURE_SELECT = 0x08,
	DRIVER_FEATURE = 0x0c,
	CONFIG_VECTOR = 0x10,
	NUM_QUEUES = 0x12,
	DEVICE_STATUS = 0x14,
	CONFIG_GENERATION = 0x15,
	QUEUE_SELECT = 0x16,
	QUEUE_SIZE = 0x18,
	QUEUE_VECTOR = 0x1a,
	QUEUE_ENABLE = 0x1c,
	QUEUE_NOTIFY_OFF = 0x1e,
	QUEUE_DESC = 0x20,
	QUEUE_DRIVER = 0x28,
	QUEUE_DEVICE = 0x30,
	COMMON_SIZE = 0x38,
};
enum { INT_USED = 1, INT_CONFIG = 2 };

struct virtio_pci {
	struct pci_function f;
	struct virtio_device *d;
	u32 device_select, driver_select;
	u64 driver_features; /* as written so far */
	u16 queue_select, config_vector;
	u8 isr;
	u16 window; /* offset of the capability for access through configuration space */
};

static struct virtio_pci *of(struct pci_function *f)
{
	return container_of(f, struct virtio_pci, f);
}

static void update_pin(struct virtio_pci *t)
{
	pci_intx(&t->f, t->isr && !pci_msix_enabled(&t->f));
}

static void interrupt(void *transport, int q)
{
	struct virtio_pci *t = transport;

	if (pci_msix_enabled(&t->f)) {
		u16 v = q < 0 ? t->config_vector : t->d->vq[q].vector;

		if (q < 0)
			t->isr |= INT_CONFIG;
		if (v != VIRTIO_NO_VECTOR)
			pci_msix_send(&t->f, v);
		return;
	}
	t->isr |= q < 0 ? INT_CONFIG : INT_USED;
	update_pin(t);
}

static struct virtq *selected(struct virtio_pci *t)
{
	return t->queue_select < t->d->n_queues ? &t->d->vq[t->queue_select] : NULL;
}

/* ---- common configuration ---- */

static u32 half(u64 v, u32 select)
{
	return select == 0 ? (u32)v : select == 1 ? (u32)(v >> 32) : 0;
}

/* The whole structure as the driver sees it now. */
static void common_image(struct virtio_pci *t, u8 image[COMMON_SIZE])
{
	static const struct virtq none = { .vector = VIRTIO_NO_VECTOR };
	const struct virtq *vq = selected(t) ? selected(t) : &none;
	const struct {
		u8 off, width;
		u64 v;
	} fields[] = {
		{ DEVICE_FEATURE_SELECT, 4, t->device_select },
		{ DEVICE_FEATURE, 4, half(t->d->offered & ~VIRTIO_F_ANY_LAYOUT, t->device_select) },
		{ DRIVER_FEATURE_SELECT, 4, t->driver_select },
		{ DRIVER_FEATURE, 4, half(t->driver_features, t->driver_select) },
		{ CONFIG_VECTOR, 2, t->config_vector },
		{ NUM_QUEUES, 2, t->d->n_queues },
		{ DEVICE_STATUS, 1, t->d->status },
		{ CONFIG_GENERATION, 1, t->d->generation },
		{ QUEUE_SELECT, 2, t->queue_select },
		{ QUEUE_SIZE, 2, vq->size },
		{ QUEUE_VECTOR, 2, vq->vector },
		{ QUEUE_ENABLE, 2, vq->ready },
		{ QUEUE_NOTIFY_OFF, 2, selected(t) ? t->queue_select : 0 },
		{ QUEUE_DESC, 8, vq->desc },
		{ QUEUE_DRIVER, 8, vq->avail },
		{ QUEUE_DEVICE, 8, vq->used },
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		memcpy(image + fields[i].off, &fields[i].v, fields[i].width); /* little-endian host */
}

static u64 common_read(struct virtio_pci *t, u64 off, unsigned width)
{
	u8 image[COMMON_SIZE];
	u64 v = 0;

	if (off + width > COMMON_SIZE)
		return 0;
	common_image(t, image);
	memcpy(&v, image + off, width);
	return v;
}

static void transport_reset(struct virtio_pci *t)
{
	t->device_select = t->driver_select = 0;
	t->driver_features = 0;
	t->queue_select = 0;
	t->config_vector = VIRTIO_NO_VECTOR;
	t->isr = 0;
	virtio_reset(t->d);
	update_pin(t);
}

static u16 vector_of(const struct virtio_pci *t, u32 v)
{
	return v < t->f.msix.n ? (u16)v : VIRTIO_NO_VECTOR;
}

static void write_features(struct virtio_pci *t, u32 v)
{
	if (t->driver_select > 1)
		return;
	t->driver_features = t->driver_select ? deposit(t->driver_features, 63, 32, v) :
						deposit(t->driver_features, 31, 0, v);
	virtio_set_features(t->d, t->driver_features);
}

/* Fields of the selected queue. */
static bool queue_write(struct virtio_pci *t, u64 off, unsigned width, u32 v)
{
	static const u16 address[] = { offsetof(struct virtq, desc), offsetof(struct virtq, avail),
				       offsetof(struct virtq, used) };
	struct virtq *vq = selected(t);
	u64 *field;

	if (off < QUEUE_SIZE || off >= COMMON_SIZE)
		return false;
	if (!vq)
		return true;
	if (off >= QUEUE_DESC) {
		field = (u64 *)((char *)vq + address[(off - QUEUE_DESC) / 8]);
		if (width == 4 && !vq->ready)
			*field = off & 4 ? deposit(*field, 63, 32, v) : deposit(*field, 31, 0, v);
		return width == 4;
	}
	if (width != 2)
		return false;
	if (off == QUEUE_SIZE && !vq->ready)
		vq->size = (u16)v;
	if (off == QUEUE_VECTOR)
		vq->vector = vector_of(t, v);
	if (off == QUEUE_ENABLE && v == 1) /* only a reset disables */
		virtio_set_ready(t->d, t->queue_select, true);
	return true;
}

static bool device_write(struct virtio_pci *t, u64 off, unsigned width, u32 v)
{
	switch (off << 4 | width) {
	case DEVICE_FEATURE_SELECT << 4 | 4:
		t->device_select = v;
		return true;
	case DRIVER_FEATURE_SELECT << 4 | 4:
		t->driver_select = v;
		return true;
	case DRIVER_FEATURE << 4 | 4:
		write_features(t, v);
		return true;
	case CONFIG_VECTOR << 4 | 2:
		t->config_vector = vector_of(t, v);
		return true;
	case QUEUE_SELECT << 4 | 2:
		t->queue_select = (u16)v;
		return true;
	case DEVICE_STATUS << 4 | 1:
		if (v)
			virtio_set_status(t->d, (u8)v);
		else
			transport_reset(t);
		return true;
	}
	return false;
}

/* ---- the BAR ---- */

static u64 isr_read(struct virtio_pci *t, u64 off, struct attrs at)
{
	u8 v = off ? 0 : t->isr;

	if (!off && !at.debug) {
		t->isr = 0;
		update_pin(t);
	}
	return v;
}

static u64 modern_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	struct virtio_pci *t = dev;

	switch (off & ~(u64)(AREA - 1)) {
	case COMMON:
		return common_read(t, off, width);
	case ISR:
		return isr_read(t, off - ISR, at);
	case DEVICE:
		return virtio_config_read(t->d, (u32)(off - DEVICE), width);
	}
	return 0;
}

static void notify(struct virtio_pci *t, u64 off)
{
	if (!t->d->cut_off)
		virtio_notify(t->d, (unsigned)(off / NOTIFY_STEP));
	else
		log_once(t->f.log, LOG_GUEST, t->d->name, 1, "notification while bus mastering is off");
}

static void modern_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct virtio_pci *t = dev;

	switch (off & ~(u64)(AREA - 1)) {
	case COMMON:
		if (!device_write(t, off, width, (u32)v) && !queue_write(t, off, width, (u32)v))
			log_once(t->f.log, LOG_GUEST, t->d->name, off << 4 | width,
				 "write of %u bytes at %#" PRIx64 " of the common configuration: ignored", width, off);
		break;
	case DEVICE:
		virtio_config_write(t->d, (u32)(off - DEVICE), width, v);
		break;
	case NOTIFY:
		notify(t, off - NOTIFY);
		break;
	}
}

static const struct device_ops modern_ops = {
	.name = "virtio-pci", .size = BAR_SIZE, .widths = W8 | W16 | W32, .read = modern_read, .write = modern_write,
};

/* ---- capabilities ---- */

/* Offsets in struct virtio_pci_cap, 4.1.4 */
enum { CAP_LEN = 2, CAP_TYPE = 3, CAP_BAR = 4, CAP_OFFSET = 8, CAP_LENGTH = 12, CAP_SIZE = 16, CAP_EXTRA = 16 };

static u16 add_cap(struct virtio_pci *t, u8 type, u32 offset, u32 length, u16 extra)
{
	u16 at = pci_add_cap(&t->f, PCI_CAP_VENDOR, (u16)(CAP_SIZE + extra));

	pci_put(&t->f, at + CAP_LEN, 1, CAP_SIZE + extra);
	pci_put(&t->f, at + CAP_TYPE, 1, type);
	pci_put(&t->f, at + CAP_BAR, 1, type == CFG_PCI ? 0 : BAR_MODERN);
	pci_put(&t->f, at + CAP_OFFSET, 4, offset);
	pci_put(&t->f, at + CAP_LENGTH, 4, length);
	return at;
}

static void add_caps(struct virtio_pci *t)
{
	u16 at;

	add_cap(t, CFG_COMMON, COMMON, AREA, 0);
	add_cap(t, CFG_ISR, ISR, AREA, 0);
	add_cap(t, CFG_DEVICE, DEVICE, AREA, 0);
	at = add_cap(t, CFG_NOTIFY, NOTIFY, AREA, 4);
	pci_put(&t->f, at + CAP_EXTRA, 4, NOTIFY_STEP);
	at = t->window = add_cap(t, CFG_PCI, 0, 0, 4);
	pci_allow(&t->f, at + CAP_BAR, 1, 0xff);
	pci_allow(&t->f, at + CAP_OFFSET, 4, ~0u);
	pci_allow(&t->f, at + CAP_LENGTH, 4, ~0u);
	pci_allow(&t->f, at + CAP_EXTRA, 4, ~0u);
}

/* Access to the BAR through the window capability (4.1.4.9): what it names now, if it makes sense. */
static bool window_place(struct virtio_pci *t, u32 off, u32 *at, unsigned *width)
{
	const struct pci_function *f = &t->f;
	u32 data = t->window + CAP_EXTRA;

	*at = pci_get(f, t->window + CAP_OFFSET, 4);
	*width = pci_get(f, t->window + CAP_LENGTH, 4);
	return off >= data && off < data + 4 && pci_get(f, t->window + CAP_BAR, 1) == BAR_MODERN &&
	       (*width == 1 || *width == 2 || *width == 4) && !(*at & (*width - 1)) && *at <= BAR_SIZE - *width;
}

static void config_read(struct pci_function *f, u32 off, unsigned width)
{
	struct virtio_pci *t = of(f);
	unsigned n;
	u32 at;

	if (window_place(t, off, &at, &n))
		pci_put(f, t->window + CAP_EXTRA, n, (u32)pci_bar_read(f, BAR_MODERN, at, n));
}

static void config_written(struct pci_function *f, u32 off, unsigned width)
{
	struct virtio_pci *t = of(f);
	unsigned n;
	u32 at;

	if (window_place(t, off, &at, &n))
		pci_bar_write(f, BAR_MODERN, at, n, pci_get(f, t->window + CAP_EXTRA, n));
	update_pin(t); /* MSI-X may have been turned on or off */
	virtio_cut_off(t->d, !pci_master(f));
}

/* ---- life time ---- */

static void function_reset(struct pci_function *f)
{
	transport_reset(of(f));
	virtio_cut_off(of(f)->d, !pci_master(f));
}

static void function_snap(struct pci_function *f, struct snap *s)
{
	struct virtio_pci *t = of(f);

	snap_u32(s, &t->device_select);
	snap_u32(s, &t->driver_select);
	snap_u64(s, &t->driver_features);
	snap_u16(s, &t->queue_select);
	snap_u16(s, &t->config_vector);
	snap_u8(s, &t->isr);
	virtio_snap(t->d, s);
	if (s->loading)
		t->d->cut_off = !pci_master(f);
	snap_check(s, vector_of(t, t->config_vector) == t->config_vector, "vector of a virtio PCI function");
	for (unsigned i = 0; i < t->d->n_queues; i++)
		snap_check(s, vector_of(t, t->d->vq[i].vector) == t->d->vq[i].vector, "vector of a virtqueue");
}

static void function_free(struct pci_function *f)
{
	free(of(f));
}

static void function_show(struct pci_function *f, FILE *out)
{
	struct virtio_pci *t = of(f);

	fprintf(out, "      %s, ISR 0x%x, vector of configuration changes ", t->d->name, t->isr);
	if (t->config_vector == VIRTIO_NO_VECTOR)
		fprintf(out, "none\n");
	else
		fprintf(out, "%u\n", t->config_vector);
	virtio_show(t->d, out);
}

static const struct pci_ops function_ops = {
	.name = "virtio-pci",
	.config_read = config_read,
	.config_written = config_written,
	.reset = function_reset,
	.show = function_show,
	.snap = function_snap,
	.free = function_free,
};

struct pci_function *virtio_pci_new(struct virtio_device *d, unsigned vectors, bool express, struct log *log)
{
	const struct pci_id id = { PCI_VENDOR_VIRTIO, (u16)(0x1040 + d->ops->id), PCI_VENDOR_VIRTIO, PCI_SUBSYS_QEMU, 1,
				   d->ops->pci_class };
	const struct pci_bar modern = { .size = BAR_SIZE, .is64 = true, .prefetch = true, .ops = &modern_ops };
	struct virtio_pci *t = calloc(1, sizeof *t);
	struct pci_bar bar = modern;

	if (!t)
		return NULL;
	bar.dev = t;
	t->d = d;
	d->legacy = false;
	d->interrupt = interrupt;
	d->transport = t;
	pci_init(&t->f, &function_ops, &id, d->name, false, log);
	pci_set_intx_pin(&t->f, 1);
	pci_add_bar(&t->f, BAR_MODERN, &bar);
	if (vectors && pci_add_msix(&t->f, BAR_MSIX, vectors)) {
		pci_free(&t->f);
		return NULL;
	}
	add_caps(t);
	if (express)
		pci_add_express(&t->f, 0, false);
	return &t->f;
}
