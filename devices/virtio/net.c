/*
 * See net.h. One pair of queues; the card takes every frame that comes (it is always promiscuous). Offered: MAC, STATUS,
 * MRG_RXBUF. Not modelled: checksum and segmentation offloads, the control queue, multiqueue.
 */
#include "devices/virtio/net.h"

#include <stdlib.h>
#include <string.h>

#include "base/snap.h"

enum { RX, TX, QUEUES };
#define F_MAC	    BIT(5)
#define F_MRG_RXBUF BIT(15)
#define F_STATUS    BIT(16)
enum { CONFIG_MAC = 0, CONFIG_STATUS = 6, CONFIG_SIZE = 8, STATUS_LINK_UP = 1 };
enum { QUEUE_SIZE = 256 };

/* struct virtio_net_hdr (5.1.6): num_buffers is absent for legacy drivers without MRG_RXBUF. */
enum { HDR_GSO_TYPE = 1, HDR_NUM_BUFFERS = 10, HDR_SHORT = 10, HDR_LONG = 12 };
/* a frame with header fits into so many buffers, or the driver is not serious */
enum { BUFFERS_MAX = 64 };

struct virtio_net {
	struct virtio_device d;
	struct net *net;
	struct virtio_chain chain;
};

static struct virtio_net *card(struct virtio_device *d)
{
	return container_of(d, struct virtio_net, d);
}

static size_t header_size(const struct virtio_device *d)
{
	return d->legacy && !virtio_has(d, F_MRG_RXBUF) ? HDR_SHORT : HDR_LONG;
}

/* ---- to the guest ---- */

/*
 * How many of the waiting buffers n bytes take; 0: there are not enough yet, or they make no sense. All stay in the
 * ring.
 */
static unsigned buffers_for(struct virtio_net *v, size_t n)
{
	unsigned limit = virtio_has(&v->d, F_MRG_RXBUF) ? BUFFERS_MAX : 1, used = 0;
	u64 room = 0;

	while (room < n && used < limit && virtio_pop(&v->d, RX, &v->chain)) {
		room += v->chain.in_len;
		used++;
	}
	if (room < n && used == limit)
		virtio_broken(&v->d, "%u receive buffers hold only %" PRIu64 " bytes", used, room);
	for (unsigned i = 0; i < used; i++)
		virtio_unpop(&v->d, RX);
	return room < n ? 0 : used;
}

static bool take(void *ctx, const u8 *frame, size_t len)
{
	struct virtio_net *v = ctx;
	u8 bytes[HDR_LONG + NET_FRAME_MAX] = { 0 };
	size_t n = header_size(&v->d) + len, at = 0;
	unsigned buffers;

	if (!virtio_live(&v->d) || !v->d.vq[RX].ready || len > NET_FRAME_MAX)
		return true; /* lost, as on any card that is off */
	buffers = buffers_for(v, n);
	if (!buffers)
		return !virtio_live(&v->d);
	bytes[HDR_NUM_BUFFERS] = (u8)buffers;
	memcpy(bytes + header_size(&v->d), frame, len);
	while (at < n && virtio_pop(&v->d, RX, &v->chain)) {
		size_t part = virtio_chain_write(&v->d, &v->chain, 0, bytes + at, n - at);

		virtio_push(&v->d, RX, &v->chain, (u32)part);
		at += part;
	}
	virtio_signal(&v->d, RX);
	return true;
}

/* ---- from the guest ---- */

static void transmit(struct virtio_net *v)
{
	size_t header = header_size(&v->d);
	bool any = false;

	while (virtio_pop(&v->d, TX, &v->chain)) {
		u8 bytes[HDR_LONG + NET_FRAME_MAX + 1];
		size_t n = virtio_chain_read(&v->d, &v->chain, 0, bytes, header + NET_FRAME_MAX + 1);

		if (n < header) {
			virtio_broken(&v->d, "transmit buffer of %zu bytes has no header", n);
			return;
		}
		if (bytes[HDR_GSO_TYPE]) {
			virtio_broken(&v->d, "segmentation of type %u was not negotiated", bytes[HDR_GSO_TYPE]);
			return;
		}
		if (v->net)
			net_from_guest(v->net, bytes + header, n - header);
		virtio_push(&v->d, TX, &v->chain, 0);
		any = true;
	}
	if (any)
		virtio_signal(&v->d, TX);
}

static void net_notify(struct virtio_device *d, unsigned q)
{
	struct virtio_net *v = card(d);

	if (q == TX)
		transmit(v);
	else if (v->net)
		net_room(v->net);
}

static void net_free_card(struct virtio_device *d)
{
	struct virtio_net *v = card(d);

	if (v->net)
		net_unplug(v->net);
	free(v);
}

static void net_show(struct virtio_device *d, FILE *out)
{
	fprintf(out, "      MAC %02x:%02x:%02x:%02x:%02x:%02x, %s\n", d->config[0], d->config[1], d->config[2], d->config[3], d->config[4],
		d->config[5], card(d)->net ? "plugged in" : "no cable");
}

static const struct virtio_ops net_ops = {
	.name = "virtio-net",
	.id = VIRTIO_ID_NET,
	.pci_class = 0x020000, /* Ethernet controller */
	.notify = net_notify,
	.show = net_show,
	.free = net_free_card,
};

struct virtio_device *virtio_net_new(const struct virtio_env *env, const char *name, const struct virtio_net_config *cfg)
{
	static const u16 sizes[QUEUES] = { QUEUE_SIZE, QUEUE_SIZE };
	struct virtio_net *v = calloc(1, sizeof *v);

	if (!v || (cfg->net && !net_plug(cfg->net, take, v))) {
		free(v);
		return NULL;
	}
	v->net = cfg->net;
	virtio_init(&v->d, &net_ops, env, name, F_MAC | F_STATUS | (cfg->no_mrg_rxbuf ? 0 : F_MRG_RXBUF), sizes, QUEUES);
	memcpy(v->d.config + CONFIG_MAC, cfg->mac, sizeof cfg->mac);
	virtio_config_put(&v->d, CONFIG_STATUS, 2, cfg->net ? STATUS_LINK_UP : 0);
	v->d.config_size = CONFIG_SIZE;
	return &v->d;
}
