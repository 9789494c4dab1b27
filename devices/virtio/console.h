/* A virtio serial controller with ports (Virtio 1.2, 5.3). */
#ifndef DEVICES_VIRTIO_CONSOLE_H
#define DEVICES_VIRTIO_CONSOLE_H

#include "devices/chardev.h"
#include "devices/virtio/virtio.h"

enum { VIRTIO_SERIAL_PORTS_MAX = 31 };

struct virtio_port_config {
	int nr;		   /* -1: the first free one (0 is kept for a console) */
	bool console;	   /* virtconsole: Linux's hvcN; else virtserialport */
	const char *name;  /* shown to the guest, or NULL */
	struct chardev *chardev; /* NULL: nobody is there */
};

/* max_ports: 0 means all. NULL: no memory. */
struct virtio_device *virtio_serial_new(const struct virtio_env *env, const char *name, unsigned max_ports);
/* Before the machine starts. 0, -EEXIST: the number is taken, -EBUSY: the chardev is, -ENOSPC: all ports are, -EINVAL. */
int virtio_serial_add(struct virtio_device *d, const struct virtio_port_config *cfg);

#endif
