/*
 * A virtio device without its transport (Virtio 1.2): feature negotiation, status, configuration space and
 * virtqueues. The same object stands behind MMIO (modern and legacy) and PCI: the transport calls virtio_set_*()
 * and virtio_notify(), the device answers through struct virtio_ops and the virtqueue functions below.
 *
 * A device embeds struct virtio_device as its first member, fills .config, and calls virtio_init(). It keeps no
 * chain over the end of a callback: what waits, waits in the ring. So a snapshot holds no request in flight.
 *
 * The driver is hostile: every ring and descriptor is checked when it is popped (bounds, loops, RAM, lengths). What
 * fails breaks the device: one GUEST line in the log, DEVICE_NEEDS_RESET in the status, and nothing moves before a reset.
 */
#ifndef DEVICES_VIRTIO_VIRTIO_H
#define DEVICES_VIRTIO_VIRTIO_H

#include "base/bits.h"
#include "base/event.h"
#include "base/log.h"
#include "base/stat.h"
#include "mmu/bus.h"

struct snap;
struct virtio_device;

/* Device IDs (Virtio 1.2, 5). */
enum { VIRTIO_ID_NET = 1, VIRTIO_ID_BLK = 2, VIRTIO_ID_CONSOLE = 3, VIRTIO_ID_RNG = 4, VIRTIO_ID_9P = 9 };

/* Feature bits that all devices share; the core offers them by itself. */
#define VIRTIO_F_NOTIFY_ON_EMPTY  BIT(24) /* legacy only, not offered */
#define VIRTIO_F_ANY_LAYOUT	  BIT(27) /* legacy only */
#define VIRTIO_F_INDIRECT_DESC	  BIT(28)
#define VIRTIO_F_EVENT_IDX	  BIT(29)
#define VIRTIO_F_VERSION_1	  BIT(32)
#define VIRTIO_F_ACCESS_PLATFORM  BIT(33)

enum virtio_status {
	VIRTIO_ACKNOWLEDGE = 1,
	VIRTIO_DRIVER = 2,
	VIRTIO_DRIVER_OK = 4,
	VIRTIO_FEATURES_OK = 8,
	VIRTIO_NEEDS_RESET = 64,
	VIRTIO_FAILED = 128,
};

enum {
	VIRTIO_QUEUES_MAX = 64,	    /* virtqueues of one device */
	VIRTIO_QUEUE_SIZE_MAX = 1024, /* descriptors of one queue */
	VIRTIO_SEGS_MAX = 1024,	    /* segments of one chain */
	VIRTIO_CONFIG_MAX = 256,
	VIRTIO_NO_VECTOR = 0xffff,
	VIRTIO_POPS_MAX = 2 * VIRTIO_QUEUE_SIZE_MAX, /* chains that one device takes at one moment */
};
#define VIRTIO_BYTES_MAX (1ull << 30) /* bytes after which it takes no further chain at that moment */
#define VIRTIO_REST_PS 10000000000ull /* and how long it then rests: 10 ms */

struct virtio_ops {
	const char *name; /* "virtio-blk": log lines, statistics, snapshot section */
	u16 id;		  /* VIRTIO_ID_* */
	u32 pci_class;	  /* 24-bit class code when it stands on PCI */
	/* The driver wrote v (width bytes) at off of .config; NULL: configuration is read-only. */
	void (*config_write)(struct virtio_device *d, u32 off, unsigned width, u64 v);
	/* Queue q may hold new buffers. Called only when the device is live (DRIVER_OK, queue enabled, not broken). */
	void (*notify)(struct virtio_device *d, unsigned q);
	/* The status register changed (negotiated features are final from FEATURES_OK on); may be NULL. */
	void (*status)(struct virtio_device *d);
	/* The driver or the machine resets the device: cancel events, forget everything but the configuration. May be NULL. */
	void (*reset)(struct virtio_device *d);
	/* What it does, for people: lines begun by six blanks. Nothing changes. May be NULL. */
	void (*show)(struct virtio_device *d, FILE *out);
	/* The device's own state, inside its section; the core saves queues, features, status. May be NULL. */
	void (*snap)(struct virtio_device *d, struct snap *s);
	void (*free)(struct virtio_device *d);
};

/* What the machine lends to a device. Without a bus the device takes no requests. */
struct virtio_env {
	struct bus *bus;
	struct log *log;
	struct event_queue *queue;
	u64 (*now)(void *ctx); /* virtual time, picoseconds */
	void *ctx;
};

struct virtq {
	u16 max;  /* 0: the queue does not exist */
	u16 size; /* chosen by the driver */
	bool ready;
	u64 desc, avail, used;	    /* guest-physical addresses of the three parts */
	u16 next_avail, next_used;  /* free-running indexes */
	u16 signalled;		    /* next_used when the driver was last considered for an interrupt */
	bool signalled_valid;
	u16 vector;		    /* MSI-X; VIRTIO_NO_VECTOR */
};

#define VIRTIO_STATS(STAT)                                                                         \
	STAT(notifications, "event", "writes of the driver to the notify register")                \
	STAT(chains, "event", "descriptor chains taken from the queues")                           \
	STAT(bytes_read, "byte", "bytes that the device read from guest memory")                   \
	STAT(bytes_written, "byte", "bytes that the device wrote to guest memory")                 \
	STAT(interrupts, "event", "interrupts sent for used buffers or changed configuration")     \
	STAT(suppressed, "event", "interrupts that the driver did not want")                       \
	STAT(errors, "event", "times the driver broke the device (it then needs a reset)")
struct virtio_stats {
	VIRTIO_STATS(STAT_FIELD)
};
extern const struct stat_row virtio_stat_rows[];
extern const size_t virtio_stat_count;

struct virtio_device {
	const struct virtio_ops *ops;
	struct virtio_env env;
	char name[32];	  /* the user's id=, or the kind's name: log lines and statistics */
	u64 offered;	  /* with the core's own bits */
	u64 features;	  /* negotiated: a subset of offered */
	u8 status;	  /* enum virtio_status bits */
	bool cut_off;	  /* by the transport: it must not reach memory (PCI without bus mastering); derived from its state */
	bool legacy;	  /* the driver speaks through the legacy interface (no VERSION_1) */
	u8 config[VIRTIO_CONFIG_MAX];
	u32 config_size;
	u32 generation;	  /* of the configuration */
	struct virtq vq[VIRTIO_QUEUES_MAX];
	unsigned n_queues;
	/* set by the transport: raise the interrupt of queue q, or of a configuration change (q < 0) */
	void (*interrupt)(void *transport, int q);
	void *transport;
	u16 requester; /* of DMA: 0x8000 | StreamID */
	/*
	 * A driver can lay the used ring or a buffer over the available ring, so that the device makes its own work; and the
	 * descriptors of a chain can name the same memory again and again. So a device takes VIRTIO_POPS_MAX chains or
	 * VIRTIO_BYTES_MAX bytes at a moment of virtual time, and goes on after a rest.
	 */
	u64 pops_at;
	u32 pops;
	u64 moved; /* bytes, and what a device adds for work that moves none */
	struct event rest;
	struct virtio_stats stats;
};

/* One piece of guest-physical memory: RAM when the device may write it, else flash or ROM too. */
struct virtio_seg {
	u64 addr;
	u32 len;
};

/* A descriptor chain: first everything that the device may read, then everything that it may write. */
struct virtio_chain {
	u16 head;
	unsigned n_out, n_in; /* segments: seg[0..n_out) readable, seg[n_out..n_out+n_in) writable */
	u64 out_len, in_len;  /* bytes; each below 4 GiB */
	struct virtio_seg seg[VIRTIO_SEGS_MAX];
};

/* ---- for devices ---- */

/*
 * Fills *d: `features` are the device's own bits, max[i] the greatest size of queue i (a power of two up to
 * VIRTIO_QUEUE_SIZE_MAX). name: the user's id= or NULL. Does not touch .config.
 */
void virtio_init(struct virtio_device *d, const struct virtio_ops *ops, const struct virtio_env *env, const char *name,
		 u64 features, const u16 *max, unsigned n_queues);

static inline bool virtio_has(const struct virtio_device *d, u64 feature)
{
	return (d->features & feature) == feature;
}
/* DRIVER_OK, not broken and not cut off: queues may be used. */
bool virtio_live(const struct virtio_device *d);

/* Takes the next chain of queue q. false: there is none, or the device is not live or just broke. */
bool virtio_pop(struct virtio_device *d, unsigned q, struct virtio_chain *c);
/* Puts the chain popped last back (receive buffers that turned out too small...). */
void virtio_unpop(struct virtio_device *d, unsigned q);
/* Whether queue q holds a chain that was not popped yet. */
bool virtio_pending(struct virtio_device *d, unsigned q);
/* Copies bytes [off, off+n) of the readable part to dst; returns how many there were. */
size_t virtio_chain_read(struct virtio_device *d, const struct virtio_chain *c, u64 off, void *dst, size_t n);
/* Copies src to bytes [off, off+n) of the writable part; returns how many fitted. */
size_t virtio_chain_write(struct virtio_device *d, const struct virtio_chain *c, u64 off, const void *src, size_t n);
/* Returns a chain to the driver: the device wrote `written` bytes of its writable part, from its start on. */
void virtio_push(struct virtio_device *d, unsigned q, const struct virtio_chain *c, u32 written);
/* After the pushes of one batch: interrupts the driver unless it asked for silence. */
void virtio_signal(struct virtio_device *d, unsigned q);
/* The device changed .config: new generation, interrupt. */
void virtio_config_changed(struct virtio_device *d);
/* The driver broke the protocol: GUEST line, DEVICE_NEEDS_RESET. */
void virtio_broken(struct virtio_device *d, const char *fmt, ...) printf_(2, 3);

/* Little-endian fields of .config. */
void virtio_config_put(struct virtio_device *d, u32 off, unsigned width, u64 v);
u64 virtio_config_get(const struct virtio_device *d, u32 off, unsigned width);

/* ---- for transports and the machine ---- */

u64 virtio_config_read(struct virtio_device *d, u32 off, unsigned width);
void virtio_config_write(struct virtio_device *d, u32 off, unsigned width, u64 v);
/* The driver writes the status register; 0 resets. FEATURES_OK is refused when the features do not fit. */
void virtio_set_status(struct virtio_device *d, u8 status);
void virtio_set_features(struct virtio_device *d, u64 features);
/* Enables queue q when its size and addresses make sense; else it stays disabled. */
void virtio_set_ready(struct virtio_device *d, unsigned q, bool ready);
void virtio_notify(struct virtio_device *d, unsigned q);
/* Whether the device may reach memory. What waited in the queues goes on when it may again. */
void virtio_cut_off(struct virtio_device *d, bool cut_off);
void virtio_reset(struct virtio_device *d);
void virtio_snap(struct virtio_device *d, struct snap *s);
/* Its state, features and queues for people. Nothing changes. */
void virtio_show(struct virtio_device *d, FILE *out);
void virtio_free(struct virtio_device *d);

#endif
