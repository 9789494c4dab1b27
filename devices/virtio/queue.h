/* Between virtio.c and queue.c. */
#ifndef DEVICES_VIRTIO_QUEUE_H
#define DEVICES_VIRTIO_QUEUE_H

#include "devices/virtio/virtio.h"

struct virtq_look {
	u16 avail, used; /* indexes in memory */
	u16 waiting;     /* chains; more than the queue is long: the driver wrote nonsense */
};
/* What the rings in memory say now; nothing is told to the driver. False: they are not in RAM. */
bool virtq_look(struct virtio_device *d, unsigned q, struct virtq_look *look);
/* The first descriptor of the waiting chain i, and what stands there: n bytes. False: it has fewer, or is not in RAM. */
bool virtq_peek(struct virtio_device *d, unsigned q, u16 i, void *dst, u32 n);

/*
 * Whether the queue's size is a power of two up to its maximum, and its three parts are aligned and wholly in memory; the
 * used ring must be RAM.
 */
bool virtq_fits(const struct virtio_device *d, const struct virtq *vq);

#endif
