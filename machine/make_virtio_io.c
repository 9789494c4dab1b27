/* Making virtio devices other than disks from their -device items. Called by make_virtio.c through machine/kinds.c. */
#include "machine/machine_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/console.h"
#include "devices/virtio/net.h"
#include "devices/virtio/p9.h"
#include "devices/virtio/rng.h"
#include "machine/kinds.h"

static struct virtio_device *no_memory(const struct config_item *item, struct virtio_device *d, struct why *why)
{
	if (!d)
		why_set(why, ENOMEM, "%s: no memory", item->option);
	return d;
}

/* ---- network cards ---- */

/* The n-th card without mac= has 52:54:00:12:34:56 + n, as in QEMU. */
static void default_mac(const struct machine *m, const struct config_item *item, u8 mac[6])
{
	u32 low = 0x123456;

	for (const struct config_item *i = m->cfg->devices.item; i < item; i++)
		low += i->kind->make == make_virtio_net && !config_text(i, "mac", NULL);
	memcpy(mac, (u8[6]){ 0x52, 0x54, 0x00, (u8)(low >> 16), (u8)(low >> 8), (u8)low }, 6);
}

/* A unicast address: "52:54:00:12:34:56". */
static bool parse_mac(const char *text, u8 mac[6])
{
	unsigned b[6];
	int n = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &n) != 6 || text[n])
		return false;
	for (unsigned i = 0; i < 6; i++)
		mac[i] = (u8)b[i];
	return !(mac[0] & 1);
}

struct virtio_device *make_virtio_net(struct machine *m, const struct config_item *item, struct why *why)
{
	const char *net = config_text(item, "netdev", NULL), *mac = config_text(item, "mac", NULL);
	struct virtio_net_config c = { .no_mrg_rxbuf = !config_bool(item, "mrg_rxbuf", true), .net = machine_net(m, net) };
	const struct virtio_env env = machine_virtio_env(m);
	struct virtio_device *d;

	default_mac(m, item, c.mac);
	if (net && !c.net) {
		why_set(why, EINVAL, "%s: netdev=%s: expected the id of a -netdev", item->option, net);
		return NULL;
	}
	if (mac && !parse_mac(mac, c.mac)) {
		why_set(why, EINVAL, "%s: mac=%s: expected a unicast address such as 52:54:00:12:34:56", item->option, mac);
		return NULL;
	}
	d = virtio_net_new(&env, config_text(item, "id", NULL), &c);
	if (!d)
		why_set(why, EBUSY, "%s: netdev=%s: another card has it", item->option, net ? net : "");
	return d;
}

/* ---- random numbers ---- */

struct virtio_device *make_virtio_rng(struct machine *m, const struct config_item *item, struct why *why)
{
	const char *rng = config_text(item, "rng", NULL);
	const struct config_item *object = rng ? config_find(&m->cfg->objects, rng) : NULL;
	const struct virtio_env env = machine_virtio_env(m);
	u64 number = (u64)(item - m->cfg->devices.item);
	struct virtio_rng_config c = {
		.seed = m->cfg->seed ^ (number + 1) << 32, /* several devices say different things */
		.file = object && object->kind->detail ? config_text(object, "filename", "/dev/urandom") : NULL,
		.max_bytes = config_number(item, "max-bytes", UINT64_MAX),
		.period_ms = config_number(item, "max-bytes", UINT64_MAX) == UINT64_MAX ? 0 : config_number(item, "period", 65536),
	};
	struct virtio_device *d;

	if (rng && !object) {
		why_set(why, EINVAL, "%s: rng=%s: expected the id of an -object rng-builtin or rng-random", item->option, rng);
		return NULL;
	}
	errno = ENOMEM;
	d = virtio_rng_new(&env, config_text(item, "id", NULL), &c);
	if (!d)
		why_set(why, errno, "%s: %s: %s", item->option, c.file ? c.file : "rng", strerror(errno));
	return d;
}

/* ---- serial ports ---- */

/* bus= of a port names this controller: "ID.0"; without bus= it is the first controller's. */
static bool on_bus(const struct machine *m, const struct config_item *port, const struct config_item *controller)
{
	const char *bus = config_text(port, "bus", NULL), *id = config_text(controller, "id", NULL);
	size_t n = id ? strlen(id) : 0;

	if (bus)
		return id && !strncmp(bus, id, n) && !strcmp(bus + n, ".0");
	for (const struct config_item *i = m->cfg->devices.item; i < controller; i++)
		if (i->kind->make == make_virtio_serial)
			return false;
	return true;
}

static int add_port(struct machine *m, struct virtio_device *d, const struct config_item *item, struct why *why)
{
	const char *id = config_text(item, "chardev", NULL);
	const struct virtio_port_config c = {
		.nr = config_text(item, "nr", NULL) ? (int)config_number(item, "nr", 0) : -1,
		.console = item->kind->detail,
		.name = config_text(item, "name", NULL),
		.chardev = machine_chardev(m, id),
	};
	int r;

	if (!c.chardev)
		return why_set(why, EINVAL, "%s: chardev=%s: expected the id of a -chardev", item->option, id ? id : "");
	r = virtio_serial_add(d, &c);
	if (r == -EBUSY)
		return why_set(why, EBUSY, "%s: chardev=%s: another port has it", item->option, id);
	return r ? why_set(why, -r, "%s: nr: expected a free port of the controller (0 is for a virtconsole)", item->option) : 0;
}

struct virtio_device *make_virtio_serial(struct machine *m, const struct config_item *item, struct why *why)
{
	const struct virtio_env env = machine_virtio_env(m);
	struct virtio_device *d = virtio_serial_new(&env, config_text(item, "id", NULL), (unsigned)config_number(item, "max_ports", 31));
	const struct config_items *all = &m->cfg->devices;
	int r = 0;

	for (size_t i = 0; d && r == 0 && i < all->n; i++)
		if (all->item[i].kind->place == PLACE_PORT && on_bus(m, &all->item[i], item))
			r = add_port(m, d, &all->item[i], why);
	if (r == 0)
		return no_memory(item, d, why);
	virtio_free(d);
	return NULL;
}

/* A port whose controller is not there would be lost without a word. */
int check_ports(struct machine *m, struct why *why)
{
	const struct config_items *all = &m->cfg->devices;

	for (size_t i = 0; i < all->n; i++) {
		bool found = all->item[i].kind->place != PLACE_PORT;

		for (size_t k = 0; k < all->n; k++)
			found |= all->item[k].kind->make == make_virtio_serial && on_bus(m, &all->item[i], &all->item[k]);
		if (!found)
			return why_set(why, EINVAL, "%s: expected a -device virtio-serial-pci or virtio-serial-device%s", all->item[i].option,
				       config_text(&all->item[i], "bus", NULL) ? " with the id that bus= names (bus=ID.0)" : "");
	}
	return 0;
}

/* ---- folders ---- */

struct virtio_device *make_virtio_p9(struct machine *m, const struct config_item *item, struct why *why)
{
	const char *fs = config_text(item, "fsdev", NULL), *tag = config_text(item, "mount_tag", "");
	const struct virtio_env env = machine_virtio_env(m);
	struct p9 *p9 = machine_folder(m, fs);

	for (const struct config_item *i = m->cfg->devices.item; p9 && i < item; i++)
		if (i->kind->make == make_virtio_p9 && !strcmp(config_text(i, "fsdev", ""), fs)) {
			why_set(why, EBUSY, "%s: fsdev=%s: another device has it", item->option, fs);
			return NULL;
		}
	if (!p9)
		why_set(why, EINVAL, "%s: fsdev=%s: expected the id of an -fsdev", item->option, fs ? fs : "");
	else if (!*tag || strlen(tag) > VIRTIO_P9_TAG_MAX)
		why_set(why, EINVAL, "%s: mount_tag: expected 1 to %d characters, got '%s'", item->option, VIRTIO_P9_TAG_MAX, tag);
	else
		return no_memory(item, virtio_p9_new(&env, config_text(item, "id", NULL), p9, tag), why);
	return NULL;
}
