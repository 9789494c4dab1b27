/*
 * Making the virtio-mmio slots and the devices in them, and the disks of -drive. The first -device virtio-*-device
 * takes the highest slot, the next one the one below, as on QEMU's virt. Called by make.c.
 */
#include "machine/machine_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/blk.h"
#include "devices/virtio/mmio.h"
#include "machine/kinds.h"

struct board_virtio {
	struct virtio_mmio *slot[BOARD_VIRTIO_N];
	struct virtio_device **device; /* in the order of the command line */
	size_t n;
	bool *drive_used; /* by index in cfg->drives */
};

static u64 now_of(void *ctx)
{
	return machine_now(ctx);
}

struct virtio_env machine_virtio_env(struct machine *m)
{
	return (struct virtio_env){ .bus = m->bus, .log = m->log, .queue = &m->queue, .now = now_of, .ctx = m };
}

struct virtio_device *machine_virtio(struct machine *m, size_t i)
{
	return m->virtio && i < m->virtio->n ? m->virtio->device[i] : NULL;
}

/* ---- disks ---- */

/* The image of a -drive, which one device may have. */
static int open_drive(struct machine *m, const struct config_item *drive, struct block **disk, struct why *why)
{
	const char *cache = config_text(drive, "cache", "writeback"), *discard = config_text(drive, "discard", "ignore");
	const struct block_config c = {
		.id = config_text(drive, "id", NULL),
		.file = config_text(drive, "file", NULL),
		.readonly = config_bool(drive, "readonly", !strcmp(config_text(drive, "media", "disk"), "cdrom")),
		.snapshot = config_bool(drive, "snapshot", m->cfg->disk_snapshot),
		.discard = !strcmp(discard, "unmap") || !strcmp(discard, "on"),
		.no_flush = !strcmp(cache, "unsafe"),
		.writethrough = !strcmp(cache, "writethrough") || !strcmp(cache, "directsync"),
	};

	if (!c.file || !*c.file)
		return why_set(why, EINVAL, "%s: expected file=", drive->option);
	if (m->virtio->drive_used[drive - m->cfg->drives.item])
		return why_set(why, EBUSY, "-drive id=%s: two devices use it", c.id ? c.id : "");
	m->virtio->drive_used[drive - m->cfg->drives.item] = true;
	return block_open(disk, &c, m->log, why);
}

struct virtio_device *make_virtio_blk(struct machine *m, const struct config_item *item, struct why *why)
{
	const char *name = config_text(item, "drive", NULL);
	const struct config_item *drive = name ? config_find(&m->cfg->drives, name) : NULL;
	const struct virtio_blk_config c = {
		.id = config_text(item, "id", name),
		.serial = config_text(item, "serial", NULL),
		.queues = (u16)config_number(item, "num-queues", 1),
		.queue_size = (u16)config_number(item, "queue-size", 256),
		.discard = config_bool(item, "discard", true),
		.write_zeroes = config_bool(item, "write-zeroes", true),
		.config_wce = config_bool(item, "config-wce", true),
	};
	const struct virtio_env env = machine_virtio_env(m);
	struct virtio_device *d = NULL;
	struct block *disk;

	if (!drive)
		why_set(why, EINVAL, "%s: drive=%s: expected the id of a -drive", item->option, name ? name : "");
	else if (!is_pow2(c.queue_size))
		why_set(why, EINVAL, "%s: queue-size: expected a power of two, got %u", item->option, c.queue_size);
	else if (!open_drive(m, drive, &disk, why) && !(d = virtio_blk_new(&c, disk, &env)))
		why_set(why, ENOMEM, "%s: no memory", item->option);
	return d;
}

/* ---- slots ---- */

/* The slot that bus= names, or the highest free one; negative errno. */
static int pick_slot(struct machine *m, const struct config_item *item, struct virtio_device *const *taken,
		     struct why *why)
{
	static const char start[] = "virtio-mmio-bus.";
	const char *bus = config_text(item, "bus", NULL);
	int i = BOARD_VIRTIO_N - 1;

	if (bus) {
		char *end;
		unsigned long n = strncmp(bus, start, strlen(start)) ? BOARD_VIRTIO_N :
								       strtoul(bus + strlen(start), &end, 10);

		if (n >= BOARD_VIRTIO_N || *end)
			return why_set(why, EINVAL, "%s: bus: expected %s0 to %s%d, got '%s'", item->option, start, start,
				       BOARD_VIRTIO_N - 1, bus);
		return taken[n] ? why_set(why, EBUSY, "%s: bus=%s: there is a device already", item->option, bus) : (int)n;
	}
	while (i >= 0 && taken[i])
		i--;
	return i < 0 ? why_set(why, EINVAL, "%s: all %d virtio-mmio slots are taken", item->option, BOARD_VIRTIO_N) : i;
}

/* Two devices of one name would be one in the statistics. */
static void make_unique(struct machine *m, struct virtio_device *d)
{
	size_t len = strlen(d->name);

	for (size_t i = 0; i < m->virtio->n; i++)
		if (!strcmp(m->virtio->device[i]->name, d->name)) {
			snprintf(d->name + len, sizeof d->name - len, ".%zu", m->virtio->n);
			return;
		}
}

struct virtio_device *machine_make_virtio(struct machine *m, const struct config_item *item, struct why *why)
{
	struct virtio_device *d = item->kind->make(m, item, why);

	if (!d)
		return NULL;
	make_unique(m, d);
	return m->virtio->device[m->virtio->n++] = d;
}

static int make_slots(struct machine *m, struct virtio_device *const *in_slot, struct why *why)
{
	for (unsigned i = 0; i < BOARD_VIRTIO_N; i++) {
		struct virtio_mmio *t = virtio_mmio_new(in_slot[i], !m->cfg->virtio_modern,
							gic_spi(m->gic, BOARD_SPI_VIRTIO + i), m->log);

		if (!t)
			return why_set(why, ENOMEM, "no memory for virtio slot %u", i);
		m->virtio->slot[i] = t;
		if (bus_add_device(m->bus, BOARD_VIRTIO_BASE + i * BOARD_VIRTIO_SIZE, &virtio_mmio_ops, t, false))
			return why_set(why, EINVAL, "board: virtio slot %u overlaps something", i);
	}
	return 0;
}

static int make_mmio(struct machine *m, struct why *why)
{
	struct virtio_device *in_slot[BOARD_VIRTIO_N] = { NULL };

	for (size_t i = 0; i < m->cfg->devices.n; i++) {
		const struct config_item *item = &m->cfg->devices.item[i];
		int slot;

		if (item->kind->place != PLACE_MMIO)
			continue;
		slot = pick_slot(m, item, in_slot, why);
		if (slot < 0)
			return slot;
		in_slot[slot] = machine_make_virtio(m, item, why);
		if (!in_slot[slot])
			return -EINVAL;
	}
	return make_slots(m, in_slot, why);
}

int make_virtio(struct machine *m, struct why *why)
{
	size_t n = m->cfg->devices.n + m->cfg->drives.n;
	struct board_virtio *v = m->virtio = calloc(1, sizeof *v);

	if (v) {
		v->device = calloc(n + 1, sizeof(*v->device));
		v->drive_used = calloc(m->cfg->drives.n + 1, sizeof(bool));
	}
	if (!v || !v->device || !v->drive_used)
		return why_set(why, ENOMEM, "no memory for virtio devices");
	return check_ports(m, why) ? -EINVAL : make_mmio(m, why);
}

void free_virtio(struct machine *m)
{
	struct board_virtio *v = m->virtio;

	if (!v)
		return;
	for (unsigned i = 0; i < BOARD_VIRTIO_N; i++)
		virtio_mmio_free(v->slot[i]);
	for (size_t i = 0; i < v->n; i++)
		virtio_free(v->device[i]);
	free(v->device);
	free(v->drive_used);
	free(v);
}
