/*
 * User networking: a small network with a gateway (10.0.2.2), DHCP, DNS and TFTP at the far end of a cable, whose
 * connections become sockets of the host. libslirp does it; here are its clock, its timers and its files.
 */
#ifndef DEVICES_SLIRP_H
#define DEVICES_SLIRP_H

#include "base/why.h"
#include "devices/net.h"
#include "devices/outside.h"

struct log;

enum { SLIRP_FORWARDS_MAX = 32 };

/* A port of the host that leads to one of the guest. Addresses in host byte order; 0: any, or the first guest. */
struct slirp_forward {
	bool udp;
	u32 host, guest;
	u16 host_port, guest_port;
};

/* Addresses are IPv4 in host byte order; strings are borrowed by slirp_attach() until the cable is freed. */
struct slirp_config {
	u32 net, mask, host, dns, dhcp_start;
	bool ipv4, ipv6, restricted;
	char *hostname, *domainname, *tftp, *tftp_server_name, *bootfile;
	struct slirp_forward forward[SLIRP_FORWARDS_MAX];
	size_t forwards;
};

/* QEMU's defaults: 10.0.2.0/24, the host .2, the name server .3, guests from .15. */
void slirp_config_init(struct slirp_config *c);
void slirp_config_free(struct slirp_config *c);

/* Puts a network at the far end of n, which frees it. 0, or a negative errno with *why. */
int slirp_attach(struct net *n, const struct slirp_config *cfg, const struct net_env *env, struct outside *outside,
		 struct log *log, struct why *why);

#endif
