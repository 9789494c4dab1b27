/* Between virtio.c and queue.c. */
#ifndef DEVICES_VIRTIO_QUEUE_H
#define DEVICES_VIRTIO_QUEUE_H

#include "devices/virtio/virtio.h"

/*
 * Whether the queue's size is a power of two up to its maximum, and its three parts are aligned and wholly in memory; the
 * used ring must be RAM.
 */
bool virtq_fits(const struct virtio_device *d, const struct virtq *vq);

#endif
