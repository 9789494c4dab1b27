/*
 * What users may name on -device, -drive and the like: one row per kind, with the keys that it takes. The option
 * parser checks what was typed against these rows and keeps it as struct config_item; making the machine reads it.
 * So a new device is a row here (kinds.c) and a function that makes it.
 */
#ifndef MACHINE_KINDS_H
#define MACHINE_KINDS_H

#include "base/why.h"

struct machine;
struct config_item;
struct virtio_device;

enum param_type {
	PARAM_TEXT,
	PARAM_BOOL,
	PARAM_NUMBER, /* min..max */
	PARAM_SIZE,   /* bytes, or with K, M, G, T */
	PARAM_WORD,   /* one of the words of .form, between bars */
};

struct param {
	const char *name, *form, *help; /* a sentence for the lists; NULL: accepted for QEMU's sake, not listed */
	enum param_type type;
	u64 min, max;
	const char *missing; /* refused: why */
};

enum kind_place {
	PLACE_NONE, /* -drive, -netdev... */
	PLACE_MMIO, /* a virtio-mmio slot */
	PLACE_PCI,  /* a PCI function; also takes pci_params */
	PLACE_BRIDGE, /* a PCI bridge or root port; likewise */
	PLACE_PORT, /* a port of a virtio-serial controller, which makes it */
};

struct item_kind {
	const char *name, *help;
	const struct param *params;
	size_t n_params;
	enum kind_place place;
	/* PLACE_MMIO and PLACE_PCI: the device behind the transport; NULL with *why when it cannot be made */
	struct virtio_device *(*make)(struct machine *m, const struct config_item *item, struct why *why);
	u32 detail; /* PLACE_BRIDGE: which (make_pci.c); PLACE_PORT: a console; -chardev: its kind; -object: a host file */
};

/* -device */
extern const struct item_kind board_kinds[];
extern const size_t board_kind_count;
/* Keys of every kind in a place: id= everywhere, bus= and addr= on PCI... */
const struct param *place_params(enum kind_place place, size_t *n);
/* -drive */
extern const struct item_kind drive_kind;
/* -netdev, -chardev, -fsdev, -object, and the two that also make a device */
extern const struct item_kind netdev_kinds[], chardev_kinds[], fsdev_kinds[], object_kinds[];
extern const struct item_kind nic_kind, virtfs_kind;
extern const size_t netdev_kind_count, chardev_kind_count, fsdev_kind_count, object_kind_count;

/*
 * make_virtio.c and others: devices for the rows. Each gets the checked item.
 */
struct virtio_device *make_virtio_blk(struct machine *m, const struct config_item *item, struct why *why);
struct virtio_device *make_virtio_net(struct machine *m, const struct config_item *item, struct why *why);
struct virtio_device *make_virtio_rng(struct machine *m, const struct config_item *item, struct why *why);
struct virtio_device *make_virtio_serial(struct machine *m, const struct config_item *item, struct why *why);
struct virtio_device *make_virtio_p9(struct machine *m, const struct config_item *item, struct why *why);

#endif
