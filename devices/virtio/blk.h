/* A virtio block device (Virtio 1.2, 5.2) in front of a disk. */
#ifndef DEVICES_VIRTIO_BLK_H
#define DEVICES_VIRTIO_BLK_H

#include "devices/block.h"
#include "devices/virtio/virtio.h"

/*
 * Virtual time from a notification to the moment at which everything in the queue is done. The same for every request
 * and every disk, so that runs repeat.
 */
#define VIRTIO_BLK_LATENCY_PS 10000000ull /* 10 us */

struct virtio_blk_config {
	const char *id;	    /* -device id=, or NULL */
	const char *serial; /* up to 20 characters, or NULL */
	u16 queues;	    /* 1..16 */
	u16 queue_size;	    /* a power of two up to 1024 */
	bool discard, write_zeroes; /* offered */
	bool config_wce;
};

/* Takes the disk over, also when it fails. NULL: no memory. */
struct virtio_device *virtio_blk_new(const struct virtio_blk_config *c, struct block *disk, const struct virtio_env *env);

#endif
