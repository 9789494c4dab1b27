/* The virtio-mmio transport (Virtual I/O Device specification, 4.2). So far only slots without a device. */
#ifndef DEVICES_VIRTIO_MMIO_H
#define DEVICES_VIRTIO_MMIO_H

#include "mmu/bus.h"

/* A slot with nothing in it: no state, so `dev` is not looked at and may be NULL. */
extern const struct device_ops virtio_mmio_empty_ops;

#endif
