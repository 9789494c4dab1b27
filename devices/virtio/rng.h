/* A virtio entropy source (Virtio 1.2, 5.4): seeded, or from a file of the host. */
#ifndef DEVICES_VIRTIO_RNG_H
#define DEVICES_VIRTIO_RNG_H

#include "devices/virtio/virtio.h"

struct virtio_rng_config {
	u64 seed;
	const char *file; /* NULL: bytes follow from the seed; else they are read from there, and runs differ */
	u64 max_bytes, period_ms; /* at most max_bytes each period_ms of virtual time; period_ms 0: no limit */
};

/* NULL: no memory, or the file cannot be opened (errno). */
struct virtio_device *virtio_rng_new(const struct virtio_env *env, const char *name, const struct virtio_rng_config *cfg);

#endif
