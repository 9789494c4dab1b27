/* The virtio transport of 9P (Virtio 1.2, 5.16 and 9P2000.L): messages to and from devices/p9.c. */
#ifndef DEVICES_VIRTIO_P9_H
#define DEVICES_VIRTIO_P9_H

#include "devices/p9.h"
#include "devices/virtio/virtio.h"

enum { VIRTIO_P9_TAG_MAX = 32 };

/* p9 is borrowed. tag: what the guest mounts, up to VIRTIO_P9_TAG_MAX characters. NULL: no memory. */
struct virtio_device *virtio_p9_new(const struct virtio_env *env, const char *name, struct p9 *p9, const char *tag);

#endif
