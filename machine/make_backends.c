/*
 * Making what stands behind devices: networks (-netdev, -nic), character backends (-chardev), shared folders (-fsdev),
 * and finding them by their ids. Called by make.c before the devices, which borrow them.
 */
#include "machine/machine_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/snap.h"
#include "devices/slirp.h"
#include "machine/kinds.h"

struct backends {
	struct net **net;
	struct chardev **chardev;
	struct p9 **folder; /* each in the order of its list in the configuration; NULL: not made */
};

static u64 now_of(void *ctx)
{
	return machine_now(ctx);
}

static int index_of(const struct config_items *list, const char *id)
{
	const struct config_item *item = id ? config_find(list, id) : NULL;

	return item ? (int)(item - list->item) : -1;
}

struct net *machine_net(struct machine *m, const char *id)
{
	int i = index_of(&m->cfg->netdevs, id);

	return i < 0 ? NULL : m->backends->net[i];
}

struct chardev *machine_chardev(struct machine *m, const char *id)
{
	int i = index_of(&m->cfg->chardevs, id);

	return i < 0 ? NULL : m->backends->chardev[i];
}

struct p9 *machine_folder(struct machine *m, const char *id)
{
	int i = index_of(&m->cfg->fsdevs, id);

	return i < 0 ? NULL : m->backends->folder[i];
}

/* ---- networks ---- */

static bool address(const char *text, u32 *out)
{
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1)
		return false;
	*out = ntohl(a.s_addr);
	return true;
}

/* "A.B.C.D/BITS" or "A.B.C.D/MASK"; without a mask that of the old classes, as in QEMU. */
static bool network(const char *text, u32 *net, u32 *mask)
{
	const char *slash = strchr(text, '/');
	char base[32], *end;
	unsigned long bits;

	snprintf(base, sizeof base, "%.*s", (int)(slash ? slash - text : 31), text);
	if (!address(base, net))
		return false;
	*mask = *net >> 31 == 0 ? 0xff000000 : *net >> 30 == 2 ? 0xffff0000 : 0xffffff00;
	if (!slash || address(slash + 1, mask))
		return true;
	bits = strtoul(slash + 1, &end, 10);
	*mask = bits ? ~0u << (32 - bits % 33) : 0;
	return end != slash + 1 && !*end && bits >= 4 && bits <= 30;
}

static bool port(const char *text, u16 *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	*out = (u16)n;
	return *text && !*end && n <= 0xffff;
}

/* Cuts *text at the next `by` and returns what stood before it; NULL: there is none. */
static char *cut(char **text, char by)
{
	char *start = *text, *at = strchr(start, by);

	if (!at)
		return NULL;
	*at = 0;
	*text = at + 1;
	return start;
}

/* "tcp|udp:[ADDRESS]:PORT-[ADDRESS]:PORT"; the protocol may be left out. */
static bool forward(const char *text, struct slirp_forward *f)
{
	char copy[128], *at = copy, *protocol, *host, *host_port, *guest;

	if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy)
		return false;
	protocol = cut(&at, ':');
	host = cut(&at, ':');
	host_port = cut(&at, '-');
	guest = cut(&at, ':');
	if (!protocol || !host || !host_port || !guest)
		return false;
	*f = (struct slirp_forward){ .udp = !strcmp(protocol, "udp") };
	return (f->udp || !strcmp(protocol, "tcp") || !*protocol) && (!*host || address(host, &f->host)) &&
	       port(host_port, &f->host_port) && (!*guest || address(guest, &f->guest)) && port(at, &f->guest_port) &&
	       f->guest_port;
}

/* One key of -netdev user whose value is more than text. False: it makes no sense. */
static bool user_key(struct slirp_config *c, const struct config_pair *p)
{
	static const struct {
		const char *name;
		size_t offset;
	} addresses[] = {
		{ "host", offsetof(struct slirp_config, host) },
		{ "dns", offsetof(struct slirp_config, dns) },
		{ "dhcpstart", offsetof(struct slirp_config, dhcp_start) },
	};

	if (!strcmp(p->name, "net"))
		return network(p->value, &c->net, &c->mask);
	if (!strcmp(p->name, "hostfwd"))
		return c->forwards < SLIRP_FORWARDS_MAX && forward(p->value, &c->forward[c->forwards++]);
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		if (!strcmp(p->name, addresses[i].name))
			return address(p->value, (u32 *)((char *)c + addresses[i].offset));
	return true;
}

/* Another text of the item, which outlives the network. */
static char *text_of(const struct config_item *item, const char *name)
{
	return (char *)(uintptr_t)config_text(item, name, NULL);
}

static int make_net(struct machine *m, const struct config_item *item, struct net **out, struct why *why)
{
	const struct net_env env = { .queue = &m->queue, .now = now_of, .ctx = m };
	struct slirp_config c;

	slirp_config_init(&c);
	for (size_t i = 0; i < item->n; i++)
		if (!user_key(&c, &item->pair[i]))
			return why_set(why, EINVAL, "%s: %s=%s: %s", item->option, item->pair[i].name, item->pair[i].value,
				       !strcmp(item->pair[i].name, "hostfwd") ?
					       "expected tcp|udp:[ADDRESS]:PORT-[ADDRESS]:PORT, at most 32 of them" :
					       "expected an IPv4 address (of a network: ADDRESS/BITS)");
	c.restricted = config_bool(item, "restrict", false);
	c.ipv4 = config_bool(item, "ipv4", true);
	c.ipv6 = config_bool(item, "ipv6", true);
	c.hostname = text_of(item, "hostname");
	c.domainname = text_of(item, "domainname");
	c.tftp = text_of(item, "tftp");
	c.tftp_server_name = text_of(item, "tftp-server-name");
	c.bootfile = text_of(item, "bootfile");
	*out = net_new(config_text(item, "id", ""), &env);
	if (!*out)
		return why_set(why, ENOMEM, "%s: no memory", item->option);
	return slirp_attach(*out, &c, &env, &m->outside, m->log, why);
}

/* ---- character backends ---- */

static void stdio_tx(void *ctx, const u8 *bytes, size_t n)
{
	struct machine *m = ctx;

	for (size_t i = 0; i < n && m->uart[0].chardev != machine_stdio(m); i++)
		regions_console(m, bytes[i]); /* else the port said it */
	for (size_t i = 0; i < n && m->io.tx; i++)
		m->io.tx(m->io.ctx, MACHINE_PORT_STDIO, bytes[i]);
}

static int make_chardev(struct machine *m, const struct config_item *item, struct chardev **out, struct why *why)
{
	const struct chardev_env env = { .outside = &m->outside, .log = m->log, .stdio = stdio_tx, .ctx = m };
	const struct chardev_config c = {
		.kind = (enum chardev_kind)item->kind->detail,
		.id = text_of(item, "id"),
		.path = text_of(item, "path"),
		.append = config_bool(item, "append", false),
		.host = text_of(item, "host"),
		.port = text_of(item, "port"),
		.server = config_bool(item, "server", false),
		.nowait = !config_bool(item, "wait", true),
	};

	if (c.kind == CHARDEV_FILE && !c.path)
		return why_set(why, EINVAL, "%s: expected path=", item->option);
	if (c.kind == CHARDEV_SOCKET && !c.path == !c.port)
		return why_set(why, EINVAL, "%s: expected path= (Unix), or host= and port= (TCP)", item->option);
	return chardev_new(out, &c, &env, why);
}

/* ---- folders ---- */

static int make_folder(struct machine *m, const struct config_item *item, struct p9 **out, struct why *why)
{
	const struct p9_config c = {
		.id = config_text(item, "id", ""),
		.path = config_text(item, "path", NULL),
		.readonly = config_bool(item, "readonly", false),
	};

	if (!c.path)
		return why_set(why, EINVAL, "%s: expected path=", item->option);
	return p9_new(out, &c, m->log, why);
}

/* ---- all ---- */

static int check_ids(const struct config_items *list, struct why *why)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *id = config_text(&list->item[i], "id", "");

		if (!*id)
			return why_set(why, EINVAL, "%s: expected id=", list->item[i].option);
		if (config_find(list, id) != &list->item[i])
			return why_set(why, EINVAL, "%s: id=%s is in use already", list->item[i].option, id);
	}
	return 0;
}

int make_backends(struct machine *m, struct why *why)
{
	const struct config *c = m->cfg;
	struct backends *b = m->backends = calloc(1, sizeof *b);
	int r = 0;

	if (b) {
		b->net = calloc(c->netdevs.n + 1, sizeof(*b->net));
		b->chardev = calloc(c->chardevs.n + 1, sizeof(*b->chardev));
		b->folder = calloc(c->fsdevs.n + 1, sizeof(*b->folder));
	}
	if (!b || !b->net || !b->chardev || !b->folder)
		return why_set(why, ENOMEM, "no memory for the backends of devices");
	r = check_ids(&c->netdevs, why);
	if (r == 0)
		r = check_ids(&c->chardevs, why);
	if (r == 0)
		r = check_ids(&c->fsdevs, why);
	for (size_t i = 0; r == 0 && i < c->netdevs.n; i++)
		r = make_net(m, &c->netdevs.item[i], &b->net[i], why);
	for (size_t i = 0; r == 0 && i < c->chardevs.n; i++)
		r = make_chardev(m, &c->chardevs.item[i], &b->chardev[i], why);
	for (size_t i = 0; r == 0 && i < c->fsdevs.n; i++)
		r = make_folder(m, &c->fsdevs.item[i], &b->folder[i], why);
	return r;
}

void free_backends(struct machine *m)
{
	struct backends *b = m->backends;

	if (!b)
		return;
	for (size_t i = 0; b->net && i < m->cfg->netdevs.n; i++)
		net_free(b->net[i]);
	for (size_t i = 0; b->chardev && i < m->cfg->chardevs.n; i++)
		chardev_free(b->chardev[i]);
	for (size_t i = 0; b->folder && i < m->cfg->fsdevs.n; i++)
		p9_free(b->folder[i]);
	free(b->net);
	free(b->chardev);
	free(b->folder);
	free(b);
}

/* What the devices' own sections do not hold. */
void snap_backends(struct machine *m, struct snap *s)
{
	for (size_t i = 0; i < outside_stat_count; i++)
		snap_u64(s, (u64 *)((char *)&m->outside.stats + outside_stat_rows[i].offset));
	for (size_t i = 0; i < m->cfg->netdevs.n; i++)
		net_snap(m->backends->net[i], s);
}

struct chardev *machine_stdio(struct machine *m)
{
	for (size_t i = 0; i < m->cfg->chardevs.n; i++)
		if (chardev_is_stdio(m->backends->chardev[i]))
			return m->backends->chardev[i];
	return NULL;
}
