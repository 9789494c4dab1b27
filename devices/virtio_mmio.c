/*
 * An empty virtio-mmio slot: magic, version 1 (the legacy interface, which drivers of both kinds accept),
 * vendor, and device ID 0, which tells a driver that nothing is here (Virtio 1.2, 4.2.2). The rest reads
 * as zero and ignores writes.
 */
#include "devices/virtio_mmio.h"

#include "base/snap.h"

enum { MAGIC_VALUE = 0x000, VERSION = 0x004, DEVICE_ID = 0x008, VENDOR_ID = 0x00c };

static u64 empty_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	switch (off) {
	case MAGIC_VALUE:
		return 0x74726976; /* "virt" */
	case VERSION:
		return 1;
	case VENDOR_ID:
		return 0x554d4551; /* images made for the board know this number */
	}
	return 0;
}

static void empty_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
}

static void empty_reset(void *dev)
{
}

static void empty_snap(void *dev, struct snap *s)
{
	snap_section(s, "virtio-mmio empty", 1);
}

const struct device_ops virtio_mmio_empty_ops = {
	.name = "virtio-mmio",
	.size = 0x200,
	.widths = W32,
	.read = empty_read,
	.write = empty_write,
	.reset = empty_reset,
	.snap = empty_snap,
};
