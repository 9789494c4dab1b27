/*
 * One virtio-mmio slot (Virtio 1.2, 4.2): 512 bytes of registers in front of a virtio device, or of nothing.
 * The interrupt is a level that the board wires to an edge-triggered input.
 */
#ifndef DEVICES_VIRTIO_MMIO_H
#define DEVICES_VIRTIO_MMIO_H

#include "base/wire.h"
#include "devices/virtio/virtio.h"

struct virtio_mmio;

extern const struct device_ops virtio_mmio_ops;

/* d may be NULL: an empty slot. Borrows d. legacy: version 1 of the registers, else version 2. NULL: no memory. */
struct virtio_mmio *virtio_mmio_new(struct virtio_device *d, bool legacy, struct wire irq, struct log *log);
void virtio_mmio_free(struct virtio_mmio *t);
struct virtio_device *virtio_mmio_device(struct virtio_mmio *t);

#endif
