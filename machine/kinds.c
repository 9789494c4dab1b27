/* The rows of kinds.h. */
#include "machine/kinds.h"

#include "base/types.h"
#include "devices/chardev.h"
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
	WORD("if", "none|virtio|pflash", "none: for a -device; virtio (default): it gets a virtio-blk-pci of its own; pflash: a flash bank"),
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
	NUMBER("unit", "N", "which flash bank (default: the next)", 0, 255),
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
static const struct param net_params[] = {
	TEXT("netdev", "NAME", "the -netdev with this id; without one the link is down"),
	TEXT("mac", "ADDRESS", "default 52:54:00:12:34:56, one more for each further card"),
	BOOL("mrg_rxbuf", "offer buffers that are joined for one frame (default on)"),
	BOOL("csum", NULL),
	BOOL("gso", NULL),
	BOOL("guest_csum", NULL),
	BOOL("guest_tso4", NULL),
	BOOL("guest_tso6", NULL),
	BOOL("host_tso4", NULL),
	BOOL("host_tso6", NULL),
	BOOL("mq", NULL),
	BOOL("ctrl_vq", NULL),
	BOOL("status", NULL),
	BOOL("event_idx", NULL),
	BOOL("packed", NULL),
	NUMBER("rx_queue_size", "256..1024", NULL, 256, 1024),
	NUMBER("tx_queue_size", "256..1024", NULL, 256, 1024),
	NUMBER("bootindex", "N", NULL, 0, INT32_MAX),
};

static const struct param rng_params[] = {
	TEXT("rng", "NAME", "the -object with this id; without one bytes follow from -seed"),
	NUMBER("max-bytes", "N", "at most so many bytes each period", 1, UINT64_MAX),
	NUMBER("period", "MS", "in virtual milliseconds (default 65536)", 1, UINT32_MAX),
};

static const struct param serial_params[] = {
	NUMBER("max_ports", "1..31", "ports that it may have (default 31)", 1, 31),
	NUMBER("emergency-write", "on|off", NULL, 0, 1),
};

static const struct param port_params[] = {
	TEXT("chardev", "NAME", "the -chardev with this id"),
	TEXT("name", "TEXT", "what the guest sees as its name"),
	NUMBER("nr", "0..30", "its number on the controller (default: the first free one)", 0, 30),
};

static const struct param p9_params[] = {
	TEXT("fsdev", "NAME", "the -fsdev with this id"),
	TEXT("mount_tag", "TAG", "what the guest mounts: mount -t 9p -o trans=virtio TAG DIR"),
};

#define BOTH(kind, help, params, make)                                                             \
	{ kind "-device", help, params, ARRAY_SIZE(params), PLACE_MMIO, make, 0 },                 \
	{ kind "-pci", help, params, ARRAY_SIZE(params), PLACE_PCI, make, 0 }

const struct item_kind board_kinds[] = {
	BOTH("virtio-blk", "a disk", blk_params, make_virtio_blk),
	BOTH("virtio-net", "a network card", net_params, make_virtio_net),
	BOTH("virtio-rng", "a source of random numbers", rng_params, make_virtio_rng),
	BOTH("virtio-serial", "a controller of serial ports", serial_params, make_virtio_serial),
	BOTH("virtio-9p", "a folder of the host", p9_params, make_virtio_p9),
	{ "virtconsole", "a port of a virtio-serial controller that is a console", port_params, ARRAY_SIZE(port_params), PLACE_PORT, NULL, 1 },
	{ "virtserialport", "a port of a virtio-serial controller", port_params, ARRAY_SIZE(port_params), PLACE_PORT, NULL, 0 },
	BRIDGE("pcie-root-port", "a PCI Express port with a bus of one slot", PCI_ROOT_PORT),
	BRIDGE("pcie-pci-bridge", "a bridge from Express to a conventional bus", PCI_EXPRESS_BRIDGE),
	BRIDGE("pci-bridge", "a bridge between conventional buses", PCI_BRIDGE),
};
const size_t board_kind_count = ARRAY_SIZE(board_kinds);

/* ---- what stands behind devices ---- */

/* shared with -nic */
#define USER_PARAMS \
	TEXT("id", "NAME", "what -device netdev=NAME refers to"), \
	TEXT("hostfwd", "tcp|udp:[ADDR]:PORT-[ADDR]:PORT", "a port of the host that leads to one of the guest; may be repeated"), \
	TEXT("tftp", "DIR", "a folder that TFTP serves"), \
	TEXT("bootfile", "FILE", "what DHCP tells the guest to boot"), \
	TEXT("tftp-server-name", "NAME", "TFTP server that DHCP tells"), \
	TEXT("net", "ADDR/BITS", "the network (default 10.0.2.0/24)"), \
	TEXT("host", "ADDR", "the gateway in it, which is the host (default: number 2)"), \
	TEXT("dhcpstart", "ADDR", "first address for guests (default: number 15)"), \
	TEXT("dns", "ADDR", "the name server in it (default: number 3)"), \
	TEXT("hostname", "NAME", "what DHCP calls the guest"), \
	TEXT("domainname", "NAME", "the domain that DHCP tells"), \
	BOOL("restrict", "on: the guest reaches nothing but forwarded ports"), \
	BOOL("ipv4", "default on"), \
	BOOL("ipv6", "default on"), \
	MISSING("smb", "shares by SMB are not built; use -virtfs"), \
	MISSING("guestfwd", "guestfwd is not built; use hostfwd"), \
	MISSING("dnssearch", "search domains are not built; use domainname")
static const struct param user_params[] = { USER_PARAMS };
const struct item_kind netdev_kinds[] = {
	{ "user", "a network with gateway, DHCP, DNS and TFTP, whose connections are the host's", user_params,
	  ARRAY_SIZE(user_params), PLACE_NONE, NULL, 0 },
};
const size_t netdev_kind_count = ARRAY_SIZE(netdev_kinds);

static const struct param nic_params[] = {
	USER_PARAMS,
	TEXT("model", "virtio-net-pci|virtio-net-device", "the card (default virtio-net-pci)"),
	TEXT("mac", "ADDRESS", "its address"),
};
const struct item_kind nic_kind = { "user", "a network and its card", nic_params, ARRAY_SIZE(nic_params), PLACE_NONE, NULL, 0 };

static const struct param null_params[] = {
	TEXT("id", "NAME", "what chardev=NAME refers to"),
};
static const struct param stdio_params[] = {
	TEXT("id", "NAME", "what chardev=NAME refers to"),
	BOOL("signal", "Ctrl-C ends the run (default on) instead of going to the guest"),
	WORD("mux", "off", NULL),
};
static const struct param file_params[] = {
	TEXT("id", "NAME", "what chardev=NAME refers to"),
	TEXT("path", "FILE", "where output goes"),
	BOOL("append", "to the end of the file"),
};
static const struct param socket_params[] = {
	TEXT("id", "NAME", "what chardev=NAME refers to"),
	TEXT("path", "PATH", "a Unix socket"),
	TEXT("host", "ADDR", "a TCP socket (with server=on: what to listen on)"),
	TEXT("port", "PORT", "its port"),
	BOOL("server", "listen, instead of calling"),
	BOOL("wait", "the machine starts when somebody has called (default on)"),
	BOOL("nodelay", NULL),
	BOOL("ipv4", NULL),
	BOOL("ipv6", NULL),
	WORD("mux", "off", NULL),
	MISSING("telnet", "telnet is not built; leave it out and use a raw connection"),
	MISSING("websocket", "web sockets are not built"),
	MISSING("reconnect", "calling again is not built"),
	MISSING("tls-creds", "TLS is not built"),
};
#define CHARDEV(name, help, params, kind) { name, help, params, ARRAY_SIZE(params), PLACE_NONE, NULL, kind }
const struct item_kind chardev_kinds[] = {
	CHARDEV("null", "nowhere", null_params, CHARDEV_NULL),
	CHARDEV("stdio", "standard input and output", stdio_params, CHARDEV_STDIO),
	CHARDEV("file", "a file, for output only", file_params, CHARDEV_FILE),
	CHARDEV("socket", "a TCP or Unix socket", socket_params, CHARDEV_SOCKET),
	CHARDEV("pty", "a pseudo-terminal, whose name is printed", null_params, CHARDEV_PTY),
};
const size_t chardev_kind_count = ARRAY_SIZE(chardev_kinds);

/* shared with -virtfs */
#define LOCAL_PARAMS \
	TEXT("id", "NAME", "what -device fsdev=NAME refers to"), \
	TEXT("path", "DIR", "the folder"), \
	WORD("security_model", "none|passthrough", "the guest's files are the emulator's; the two words mean the same here"), \
	BOOL("readonly", "the guest cannot change anything"), \
	WORD("writeout", "immediate", NULL), \
	WORD("multidevs", "remap|forbid|warn", NULL), \
	NUMBER("fmode", "MODE", NULL, 0, 07777), \
	NUMBER("dmode", "MODE", NULL, 0, 07777)
static const struct param local_params[] = { LOCAL_PARAMS };
const struct item_kind fsdev_kinds[] = {
	{ "local", "a folder of the host", local_params, ARRAY_SIZE(local_params), PLACE_NONE, NULL, 0 },
};
const size_t fsdev_kind_count = ARRAY_SIZE(fsdev_kinds);

static const struct param virtfs_params[] = {
	LOCAL_PARAMS,
	TEXT("mount_tag", "TAG", "what the guest mounts"),
};
const struct item_kind virtfs_kind = { "local", "a folder and its device", virtfs_params, ARRAY_SIZE(virtfs_params), PLACE_NONE, NULL, 0 };

static const struct param builtin_params[] = {
	TEXT("id", "NAME", "what -device rng=NAME refers to"),
};
static const struct param random_params[] = {
	TEXT("id", "NAME", "what -device rng=NAME refers to"),
	TEXT("filename", "FILE", "where bytes come from (default /dev/urandom)"),
};
const struct item_kind object_kinds[] = {
	{ "rng-builtin", "random numbers that follow from -seed", builtin_params, ARRAY_SIZE(builtin_params), PLACE_NONE, NULL, 0 },
	{ "rng-random", "random numbers of the host: runs are then not alike", random_params, ARRAY_SIZE(random_params), PLACE_NONE, NULL, 1 },
};
const size_t object_kind_count = ARRAY_SIZE(object_kinds);

static const struct param bus_params[] = {
	TEXT("id", "NAME", "its name in messages"),
	TEXT("bus", "ID.0", "the controller with this id (default: the first)"),
};

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
		[PLACE_PORT] = { bus_params, ARRAY_SIZE(bus_params) },
	};

	*n = of[place].n;
	return of[place].params;
}
