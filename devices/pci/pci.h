/*
 * PCI Express as software sees it: functions with configuration spaces and BARs, buses, bridges, and one host bridge
 * with an ECAM window and windows for memory behind BARs. Not modelled: I/O space (reads as ones), error reporting
 * (AER), power states, hot plug, peer-to-peer transfers other than messages.
 *
 * The windows are fixed regions of the system bus; who answers in them is looked up by the functions' registers on each
 * access. So BARs and bridges may be programmed at any time and the bus never changes under an access.
 */
#ifndef DEVICES_PCI_PCI_H
#define DEVICES_PCI_PCI_H

#include "base/log.h"
#include "base/stat.h"
#include "base/wire.h"
#include "mmu/bus.h"

struct snap;
struct pci_function;
struct pci_bus;
struct pci_host;

/* Configuration space, the parts that all functions share (PCI 3.0, 6.1; PCIe 5.0, 7.5). */
enum {
	PCI_VENDOR = 0x00,
	PCI_DEVICE = 0x02,
	PCI_COMMAND = 0x04,
	PCI_STATUS = 0x06,
	PCI_REVISION = 0x08,
	PCI_CLASS = 0x09, /* 3 bytes */
	PCI_CACHE_LINE = 0x0c,
	PCI_HEADER = 0x0e,
	PCI_BAR = 0x10,
	PCI_SUBSYS_VENDOR = 0x2c,
	PCI_SUBSYS = 0x2e,
	PCI_CAPS = 0x34,
	PCI_INT_LINE = 0x3c,
	PCI_INT_PIN = 0x3d,
	PCI_CAPS_START = 0x40,
};
enum { PCI_CMD_IO = 1, PCI_CMD_MEMORY = 2, PCI_CMD_MASTER = 4, PCI_CMD_NO_INTX = 0x400 };
enum { PCI_STATUS_INTX = 8, PCI_STATUS_CAPS = 16 };
enum { PCI_CAP_VENDOR = 0x09, PCI_CAP_EXPRESS = 0x10, PCI_CAP_MSIX = 0x11 };
enum { PCI_VENDOR_REDHAT = 0x1b36, PCI_VENDOR_VIRTIO = 0x1af4, PCI_SUBSYS_QEMU = 0x1100 };

enum { PCI_CONFIG_SIZE = 4096, PCI_BARS = 6, PCI_BUSES = 256, PCI_MSIX_MAX = 2048 };
#define PCI_DEVFN(slot, fn) ((u8)((slot) << 3 | (fn)))

struct pci_ops {
	const char *name;
	/* Configuration space is about to be read or was written at off (both may be NULL). */
	void (*config_read)(struct pci_function *f, u32 off, unsigned width);
	void (*config_written)(struct pci_function *f, u32 off, unsigned width);
	void (*reset)(struct pci_function *f);
	void (*show)(struct pci_function *f, FILE *out); /* its state for people: lines begun by six blanks; may be NULL */
	void (*snap)(struct pci_function *f, struct snap *s);
	void (*free)(struct pci_function *f);
};

struct pci_bar {
	u64 size; /* 0: none; a power of two */
	bool is64, prefetch;
	const struct device_ops *ops; /* sees offsets inside the BAR; .size and .snap are not used */
	void *dev;
};

#define PCI_STATS(STAT)                                                                            \
	STAT(messages, "event", "MSI-X messages sent")                                             \
	STAT(masked, "event", "MSI-X messages held back by a mask")                                \
	STAT(intx, "event", "rising edges of the INTx pin")
struct pci_stats {
	PCI_STATS(STAT_FIELD)
};
extern const struct stat_row pci_stat_rows[];
extern const size_t pci_stat_count;

struct pci_msix_entry {
	u32 addr_lo, addr_hi, data, control;
};

struct pci_msix {
	u16 cap; /* offset of the capability; 0: none */
	u16 n;
	u8 bar;
	struct pci_msix_entry *entry;
	u64 *pending;
};

/* Whose requester id a transfer from behind a bridge carries (PCI Express to PCI/PCI-X Bridge 1.0, 2.3). */
enum pci_alias { PCI_ALIAS_NONE, PCI_ALIAS_SECONDARY /* slot 0 of the bus behind it */, PCI_ALIAS_OWN };

struct pci_function {
	const struct pci_ops *ops;
	char name[32];
	struct log *log;
	struct pci_bus *bus; /* that it stands on; NULL until pci_plug() */
	u8 devfn;
	bool bridge; /* type 1 header */
	enum pci_alias alias; /* of a bridge */
	struct pci_bus *below; /* of a bridge */
	u8 config[PCI_CONFIG_SIZE];
	u8 writable[PCI_CONFIG_SIZE]; /* bits that the guest may write */
	u8 clears[PCI_CONFIG_SIZE];   /* bits that writing 1 clears */
	u16 last_cap, next_cap;
	struct pci_bar bar[PCI_BARS];
	struct pci_msix msix;
	bool intx; /* the function asserts its pin */
	struct pci_stats stats;
};

struct pci_bus {
	char name[32];
	struct pci_host *host;
	struct pci_function *bridge; /* that leads here; NULL: the root */
	bool one_slot;		     /* behind a port: a link with one device */
	struct pci_function *fn[256];
	struct pci_bus *next; /* of all buses of the host */
};

/* ---- functions (pci.c) ---- */

struct pci_id {
	u16 vendor, device, subsys_vendor, subsys;
	u8 revision;
	u32 class_code;
};

/* Fills the header; type 0 unless `bridge`. name: for messages. */
void pci_init(struct pci_function *f, const struct pci_ops *ops, const struct pci_id *id, const char *name, bool bridge,
	      struct log *log);
void pci_free(struct pci_function *f);
/* Reserves `size` bytes for a capability and links it; returns its offset. There is always room for what this code adds. */
u16 pci_add_cap(struct pci_function *f, u8 id, u16 size);
void pci_add_bar(struct pci_function *f, unsigned i, const struct pci_bar *bar);
void pci_set_intx_pin(struct pci_function *f, u8 pin); /* 1: INTA */
/* The function's own level; the pin follows it unless the command register disables it. */
void pci_intx(struct pci_function *f, bool level);
bool pci_master(const struct pci_function *f);
/* Requester id: bus, slot and function as the guest numbered them, or those of a conventional bridge above. */
u16 pci_rid(const struct pci_function *f);
/* A PCI Express capability, version 2, of a port type (PCIe 5.0, 7.5.3.2). Returns its offset. */
u16 pci_add_express(struct pci_function *f, u8 type, bool slot);

/* Little-endian fields of configuration space, without side effects. */
u32 pci_get(const struct pci_function *f, u32 off, unsigned width);
void pci_put(struct pci_function *f, u32 off, unsigned width, u32 v);
void pci_allow(struct pci_function *f, u32 off, unsigned width, u32 mask);

/* The guest's accesses; off + width is inside. */
u32 pci_config_read(struct pci_function *f, u32 off, unsigned width);
void pci_config_write(struct pci_function *f, u32 off, unsigned width, u32 v);

/* An access inside a BAR, in whatever widths its device takes. */
u64 pci_bar_read(struct pci_function *f, unsigned i, u64 off, unsigned width);
void pci_bar_write(struct pci_function *f, unsigned i, u64 off, unsigned width, u64 v);
/* Where the guest put BAR i; false: nowhere. */
bool pci_bar_base(const struct pci_function *f, unsigned i, u64 *base);

/* ---- MSI-X (msix.c) ---- */

/* n vectors (1 to PCI_MSIX_MAX) in a BAR of their own. 0 or -ENOMEM. */
int pci_add_msix(struct pci_function *f, unsigned bar, unsigned n);
void pci_msix_free(struct pci_function *f);
bool pci_msix_enabled(const struct pci_function *f);
/* Sends vector v, or remembers it while it is masked. */
void pci_msix_send(struct pci_function *f, unsigned v);
/* The capability's control word may have changed. */
void pci_msix_update(struct pci_function *f);
void pci_msix_reset(struct pci_function *f);
void pci_msix_snap(struct pci_function *f, struct snap *s);

/* ---- host bridge (host.c) ---- */

struct pci_host_config {
	struct bus *bus; /* system bus that messages are written to */
	struct log *log;
	u64 ecam_size;	 /* 1 MiB a bus */
	u64 mmio32_base, mmio32_size;
	u64 mmio64_base, mmio64_size; /* size 0: there is none */
	struct wire intx[4];
};

struct pci_host *pci_host_new(const struct pci_host_config *c);
void pci_host_free(struct pci_host *h); /* and everything plugged into it */
struct pci_bus *pci_host_root(struct pci_host *h);
struct pci_bus *pci_host_find_bus(struct pci_host *h, const char *name);
/* Function i of all in the order of plugging; NULL after the last. */
struct pci_function *pci_host_function(struct pci_host *h, size_t i);

/* The host's regions on the system bus; dev of each: the host. ECAM carries reset and snapshot of everything. */
const struct device_ops *pci_ecam_ops(struct pci_host *h);
const struct device_ops *pci_mmio32_ops(struct pci_host *h);
const struct device_ops *pci_mmio64_ops(struct pci_host *h);
const struct device_ops *pci_pio_ops(struct pci_host *h);

enum { PCI_PIO_SIZE = 0x10000 };

/*
 * Puts the function into its place; devfn < 0: the first free slot. The bus then owns it. -EBUSY: taken, -ENOSPC: no free
 * slot, -EINVAL: not there on this bus, -ENOMEM.
 */
int pci_plug(struct pci_bus *bus, struct pci_function *f, int devfn);
/* A bridge's bus, named for -device bus=. NULL: no memory. */
struct pci_bus *pci_add_bus(struct pci_function *bridge, const char *name, bool one_slot);
/* Interrupt pins changed somewhere. */
void pci_route_intx(struct pci_host *h);
/* A message from f: a bus write with its requester id. */
void pci_message(struct pci_function *f, u64 addr, u32 data);

/* All functions with what the guest configured, for people; dev: the host. Nothing changes. (show.c) */
void pci_show(void *dev, FILE *out);

/* ---- bridges (bridge.c) ---- */

enum pci_bridge_kind {
	PCI_HOST_FUNCTION, /* the host bridge's own function at 0:0.0 */
	PCI_ROOT_PORT,
	PCI_BRIDGE, /* conventional */
	PCI_EXPRESS_BRIDGE, /* Express to conventional */
};

/* A bridge whose bus gets this name. NULL: no memory. For PCI_HOST_FUNCTION there is no bus. */
struct pci_function *pci_bridge_new(enum pci_bridge_kind kind, const char *name, struct log *log);
/* Makes the bus below it, once it is plugged. 0 or -ENOMEM. */
int pci_bridge_bus(struct pci_function *f, const char *name);
/* Whether a memory address passes the bridge downwards. */
bool pci_bridge_forwards(const struct pci_function *f, u64 addr);

#endif
