/* A virtio network card (Virtio 1.2, 5.1) at the guest's end of a cable. */
#ifndef DEVICES_VIRTIO_NET_H
#define DEVICES_VIRTIO_NET_H

#include "devices/net.h"
#include "devices/virtio/virtio.h"

struct virtio_net_config {
	u8 mac[6];
	bool no_mrg_rxbuf; /* do not offer VIRTIO_NET_F_MRG_RXBUF */
	struct net *net;   /* NULL: no cable, so the link is down */
};

/* NULL: no memory, or the cable holds another card. */
struct virtio_device *virtio_net_new(const struct virtio_env *env, const char *name, const struct virtio_net_config *cfg);

#endif
