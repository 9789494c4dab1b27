/* The rows of kinds.h. */
#include "machine/kinds.h"

#include "base/types.h"
#include "devices/pci/pci.h"

#define TEXT(n, f, h)	     { .name = n, .form = f, .help = h, .type = PARAM_TEXT }
#define BOOL(n, h)	     { .name = n, .form = "on|off", .help = h, .type = PARAM_BOOL }
#define NUMBER(n, f, h, a, b) { .name = n, .form = f, .help = h, .type = PARAM_NUMBER, .min = a, .max = b }
#define SIZE(n, h)	     { .name = n, .form = "SIZE", .help = h, .type = PARAM_SIZE }
#define WORD(n, f, h)	     { .name = n, .form = f, .help = h, .type = PARAM_WORD }
#define MISSING(n, why)	     { .name = n, .missing = why }

static const struct param drive_params[] = {
	TEXT("file", "FILE", "the image, a block device, or nbd:HOST:PORT, nbd:unix:PATH, nbd://HOST/EXPORT"),
	TEXT("id", "NAME", "what -device drive=NAME refers to"),
	WORD("if", "none|virtio", "none: for a -device; virtio (default): it gets a virtio-blk-pci of its own"),
	WORD("format", "raw", "other formats come through an NBD server such as qemu-nbd"),
	BOOL("snapshot", "writes are kept apart and forgotten at the end"),
	BOOL("readonly", "the guest cannot write"),
	WORD("cache", "writeback|writethrough|none|directsync|unsafe", "when writes reach the host's medium (default writeback: with flush)"),
	WORD("discard", "ignore|off|unmap|on", "unmap: discarded sectors are punched out of the file"),
	WORD("media", "disk|cdrom", NULL),
	WORD("aio", "threads|native|io_uring", NULL),
	WORD("werror", "report|enospc", NULL),
	WORD("rerror", "report", NULL),
	WORD("detect-zeroes", "off|on|unmap", NULL),
	NUMBER("index", "N", NULL, 0, 255),
	NUMBER("unit", "N", NULL, 0, 255),
	BOOL("auto-read-only", NULL),
	MISSING("copy-on-read", "copy-on-read is not built"),
};
const struct item_kind drive_kind = { "drive", "a disk", drive_params, ARRAY_SIZE(drive_params), PLACE_NONE, NULL, 0 };

static const struct param blk_params[] = {
	TEXT("drive", "NAME", "the -drive with this id"),
	TEXT("serial", "TEXT", "serial number, up to 20 characters"),
	NUMBER("num-queues", "1..16", "request queues (default 1)", 1, 16),
	NUMBER("queue-size", "2..1024", "descriptors of a queue, a power of two (default 256)", 2, 1024),
	BOOL("discard", "offer discard (default on)"),
	BOOL("write-zeroes", "offer write zeroes (default on)"),
	BOOL("config-wce", "let the driver choose between write-back and write-through (default on)"),
	BOOL("event_idx", NULL),
	BOOL("indirect_desc", NULL),
	BOOL("packed", NULL),
	BOOL("scsi", NULL),
	BOOL("share-rw", NULL),
	BOOL("seg-max-adjust", NULL),
	BOOL("write-cache", NULL),
	NUMBER("bootindex", "N", NULL, 0, INT32_MAX),
	NUMBER("logical_block_size", "512", NULL, 512, 512),
	NUMBER("physical_block_size", "512", NULL, 512, 512),
	TEXT("iothread", "NAME", NULL),
};

static const struct param bridge_params[] = {
	NUMBER("chassis", "N", NULL, 0, 255),
	NUMBER("chassis_nr", "N", NULL, 0, 255),
	NUMBER("slot", "N", NULL, 0, 65535),
	NUMBER("port", "N", NULL, 0, 255),
	BOOL("hotplug", NULL),
	BOOL("msi", NULL),
	BOOL("shpc", NULL),
	TEXT("io-reserve", "SIZE", NULL),
	TEXT("mem-reserve", "SIZE", NULL),
	TEXT("pref64-reserve", "SIZE", NULL),
};

#define BRIDGE(kind, help, detail)                                                                 \
	{ kind, help, bridge_params, ARRAY_SIZE(bridge_params), PLACE_BRIDGE, NULL, detail }
#define BOTH(kind, help, params, make)                                                             \
	{ kind "-device", help, params, ARRAY_SIZE(params), PLACE_MMIO, make, 0 },                 \
	{ kind "-pci", help, params, ARRAY_SIZE(params), PLACE_PCI, make, 0 }

const struct item_kind board_kinds[] = {
	BOTH("virtio-blk", "a disk", blk_params, make_virtio_blk),
	BRIDGE("pcie-root-port", "a PCI Express port with a bus of one slot", PCI_ROOT_PORT),
	BRIDGE("pcie-pci-bridge", "a bridge from Express to a conventional bus", PCI_EXPRESS_BRIDGE),
	BRIDGE("pci-bridge", "a bridge between conventional buses", PCI_BRIDGE),
};
const size_t board_kind_count = ARRAY_SIZE(board_kinds);

static const struct param mmio_params[] = {
	TEXT("id", "NAME", "its name in messages and statistics"),
	TEXT("bus", "virtio-mmio-bus.N", "the slot, 0 to 31 (default: the highest free one)"),
};

static const struct param pci_params[] = {
	TEXT("id", "NAME", "its name in messages and statistics, and that of its bus"),
	TEXT("bus", "NAME", "pcie.0 or the id of a bridge"),
	TEXT("addr", "SLOT[.FUNCTION]", "where on its bus, in hex (default: the first free slot)"),
	BOOL("multifunction", "other functions stand in the same slot"),
	BOOL("disable-legacy", NULL),
	BOOL("disable-modern", NULL),
	BOOL("iommu_platform", NULL),
	BOOL("ats", NULL),
	NUMBER("vectors", "0..2048", "MSI-X vectors (default: one a queue and one for changes)", 0, 2048),
	TEXT("romfile", "", NULL),
	NUMBER("rombar", "0", NULL, 0, 1),
	NUMBER("bootindex", "N", NULL, 0, INT32_MAX),
	BOOL("x-pcie-lnksta-dllla", NULL),
};

const struct param *place_params(enum kind_place place, size_t *n)
{
	static const struct {
		const struct param *params;
		size_t n;
	} of[] = {
		[PLACE_NONE] = { NULL, 0 },
		[PLACE_MMIO] = { mmio_params, ARRAY_SIZE(mmio_params) },
		[PLACE_PCI] = { pci_params, ARRAY_SIZE(pci_params) },
		[PLACE_BRIDGE] = { pci_params, ARRAY_SIZE(pci_params) },
	};

	*n = of[place].n;
	return of[place].params;
}
