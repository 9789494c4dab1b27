/*
 * See p9.h. One queue; a chain is one request followed by the room for its reply. Requests are served when they are
 * notified, one after the other, so there is never one to flush.
 */
#include "devices/virtio/p9.h"

#include <stdlib.h>
#include <string.h>

#include "base/snap.h"

enum { QUEUE_SIZE = 128, REPLY_MIN = P9_HEADER + 4 };
enum { CONFIG_TAG_LEN = 0, CONFIG_TAG = 2 };
#define F_MOUNT_TAG BIT(0)

struct virtio_p9 {
	struct virtio_device d;
	struct p9 *p9;
	struct virtio_chain chain;
	u8 request[P9_MSIZE_MAX], reply[P9_MSIZE_MAX];
};

static struct virtio_p9 *transport(struct virtio_device *d)
{
	return container_of(d, struct virtio_p9, d);
}

static void p9_notify(struct virtio_device *d, unsigned q)
{
	struct virtio_p9 *v = transport(d);
	bool any = false;

	while (virtio_pop(d, q, &v->chain)) {
		size_t room = v->chain.in_len < P9_MSIZE_MAX ? (size_t)v->chain.in_len : P9_MSIZE_MAX, n;

		if (room < REPLY_MIN) {
			virtio_broken(d, "room for a reply of only %zu bytes", room);
			return;
		}
		n = virtio_chain_read(d, &v->chain, 0, v->request, sizeof v->request);
		n = p9_serve(v->p9, v->request, n, v->reply, room);
		virtio_push(d, q, &v->chain, (u32)virtio_chain_write(d, &v->chain, 0, v->reply, n));
		any = true;
	}
	if (any)
		virtio_signal(d, q);
}

static void p9_device_reset(struct virtio_device *d)
{
	struct virtio_p9 *v = transport(d);

	p9_reset(v->p9);
}

static void p9_device_snap(struct virtio_device *d, struct snap *s)
{
	p9_snap(transport(d)->p9, s);
}

static void p9_device_free(struct virtio_device *d)
{
	free(transport(d));
}

static const struct virtio_ops p9_ops = {
	.name = "virtio-9p",
	.id = VIRTIO_ID_9P,
	.pci_class = 0x000200,
	.notify = p9_notify,
	.reset = p9_device_reset,
	.snap = p9_device_snap,
	.free = p9_device_free,
};

struct virtio_device *virtio_p9_new(const struct virtio_env *env, const char *name, struct p9 *p9, const char *tag)
{
	static const u16 sizes[] = { QUEUE_SIZE };
	struct virtio_p9 *v = calloc(1, sizeof *v);
	size_t n = strnlen(tag, VIRTIO_P9_TAG_MAX);

	if (!v)
		return NULL;
	v->p9 = p9;
	virtio_init(&v->d, &p9_ops, env, name, F_MOUNT_TAG, sizes, ARRAY_SIZE(sizes));
	virtio_config_put(&v->d, CONFIG_TAG_LEN, 2, n);
	memcpy(v->d.config + CONFIG_TAG, tag, n);
	v->d.config_size = (u32)(CONFIG_TAG + n);
	return &v->d;
}
