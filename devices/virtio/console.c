/*
 * See console.h. Every port has two queues; the control queues say which ports there are, what they are called and
 * whether somebody is at the other end. What must be said to the driver is kept as bits of each port, not as a list of
 * messages: so it is bounded, whatever the driver does. Not modelled: window sizes, ports that come and go.
 */
#include "devices/virtio/console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/snap.h"

enum { CONTROL_RX = 2, CONTROL_TX = 3 };
enum { QUEUE_SIZE = 128, CONTROL_SIZE = 32, CHUNK = 4096, NAME_MAX_BYTES = 64 };
#define F_MULTIPORT   BIT(1)
#define F_EMERG_WRITE BIT(2)
enum { CONFIG_MAX_PORTS = 4, CONFIG_EMERG_WR = 8, CONFIG_SIZE = 12 };

/* 5.3.6.2 */
enum control_event { DEVICE_READY, DEVICE_ADD, DEVICE_REMOVE, PORT_READY, CONSOLE_PORT, RESIZE, PORT_OPEN, PORT_NAME };

struct control {
	u32 id;
	u16 event, value;
};

struct port {
	struct virtio_serial *s;
	unsigned nr;
	bool there, console;
	char name[NAME_MAX_BYTES];
	struct chardev *chardev;
	bool guest_open;
	u32 to_say; /* BIT(event) of what the driver must be told */
};

struct virtio_serial {
	struct virtio_device d;
	unsigned max_ports;
	struct port port[VIRTIO_SERIAL_PORTS_MAX];
	struct virtio_chain chain;
};

static struct virtio_serial *serial(struct virtio_device *d)
{
	return container_of(d, struct virtio_serial, d);
}

static unsigned rx_queue(const struct port *p)
{
	return p->nr ? 2 * p->nr + 2 : 0;
}

static bool host_open(const struct port *p)
{
	return p->chardev && chardev_is_open(p->chardev);
}

/* ---- control messages ---- */

/* In the order in which they are sent. */
static const enum control_event said[] = { DEVICE_ADD, CONSOLE_PORT, PORT_NAME, PORT_OPEN };

static size_t compose(const struct port *p, enum control_event event, u8 *to)
{
	struct control m = { .id = p->nr, .event = (u16)event, .value = 1 };
	size_t n = event == PORT_NAME ? strlen(p->name) : 0;

	if (event == PORT_OPEN)
		m.value = host_open(p);
	memcpy(to, &m, sizeof m);
	memcpy(to + sizeof m, p->name, n);
	return sizeof m + n;
}

/* Sends what there are buffers for. */
static void say(struct virtio_serial *s)
{
	u8 bytes[sizeof(struct control) + NAME_MAX_BYTES];
	bool any = false;

	for (unsigned i = 0; i < s->max_ports; i++)
		for (size_t k = 0; k < ARRAY_SIZE(said); k++) {
			struct port *p = &s->port[i];
			size_t n;

			if (!(p->to_say & BIT(said[k])))
				continue;
			if (!virtio_pop(&s->d, CONTROL_RX, &s->chain))
				goto out;
			p->to_say &= ~(u32)BIT(said[k]);
			n = virtio_chain_write(&s->d, &s->chain, 0, bytes, compose(p, said[k], bytes));
			virtio_push(&s->d, CONTROL_RX, &s->chain, (u32)n);
			any = true;
		}
out:
	if (any)
		virtio_signal(&s->d, CONTROL_RX);
}

static void hear(struct virtio_serial *s, const struct control *m)
{
	struct port *p = m->id < s->max_ports ? &s->port[m->id] : NULL;

	if (m->event == DEVICE_READY) {
		for (unsigned i = 0; m->value == 1 && i < s->max_ports; i++)
			if (s->port[i].there)
				s->port[i].to_say |= BIT(DEVICE_ADD);
		return;
	}
	if (!p || !p->there) {
		log_at(s->d.env.log, LOG_GUEST, s->d.name, "control message %u for port %u, which is not there", m->event, m->id);
		return;
	}
	if (m->event == PORT_READY && m->value == 1)
		p->to_say |= (u32)((p->console ? BIT(CONSOLE_PORT) : 0) | (p->name[0] ? BIT(PORT_NAME) : 0) |
				   (host_open(p) ? BIT(PORT_OPEN) : 0));
	else if (m->event == PORT_OPEN)
		p->guest_open = m->value != 0;
}

static void control(struct virtio_serial *s)
{
	bool any = false;

	while (virtio_pop(&s->d, CONTROL_TX, &s->chain)) {
		struct control m;

		if (virtio_chain_read(&s->d, &s->chain, 0, &m, sizeof m) == sizeof m)
			hear(s, &m);
		virtio_push(&s->d, CONTROL_TX, &s->chain, 0);
		any = true;
	}
	if (any)
		virtio_signal(&s->d, CONTROL_TX);
}

/* ---- data ---- */

static void send(struct port *p)
{
	struct virtio_serial *s = p->s;
	bool any = false;

	while (virtio_pop(&s->d, rx_queue(p) + 1, &s->chain)) {
		u8 bytes[CHUNK];
		size_t n;

		for (u64 at = 0; (n = virtio_chain_read(&s->d, &s->chain, at, bytes, sizeof bytes)) != 0; at += n)
			if (p->chardev)
				chardev_write(p->chardev, bytes, n);
		virtio_push(&s->d, rx_queue(p) + 1, &s->chain, 0);
		any = true;
	}
	if (any)
		virtio_signal(&s->d, rx_queue(p) + 1);
}

static bool listening(const struct port *p)
{
	return p->guest_open || !virtio_has(&p->s->d, F_MULTIPORT);
}

/* What the next receive buffer holds. */
static size_t port_room(void *ctx)
{
	struct port *p = ctx;
	struct virtio_serial *s = p->s;

	if (!listening(p) || !virtio_pop(&s->d, rx_queue(p), &s->chain))
		return 0;
	virtio_unpop(&s->d, rx_queue(p));
	return s->chain.in_len < CHUNK ? (size_t)s->chain.in_len : CHUNK;
}

static void port_take(void *ctx, const u8 *bytes, size_t n)
{
	struct port *p = ctx;
	struct virtio_serial *s = p->s;

	for (size_t at = 0; at < n && virtio_pop(&s->d, rx_queue(p), &s->chain);) {
		size_t part = virtio_chain_write(&s->d, &s->chain, 0, bytes + at, n - at);

		virtio_push(&s->d, rx_queue(p), &s->chain, (u32)part);
		at += part;
	}
	virtio_signal(&s->d, rx_queue(p));
}

static void port_state(void *ctx, bool open)
{
	struct port *p = ctx;

	if (!virtio_has(&p->s->d, F_MULTIPORT))
		return;
	p->to_say |= BIT(PORT_OPEN);
	say(p->s);
}

/* ---- the device ---- */

static void serial_notify(struct virtio_device *d, unsigned q)
{
	struct virtio_serial *s = serial(d);

	if (q == CONTROL_TX)
		control(s);
	if (q == CONTROL_TX || q == CONTROL_RX)
		say(s);
	else if (q & 1)
		send(&s->port[q < CONTROL_RX ? 0 : (q - 2) / 2]);
	/* receive buffers: whoever has bytes asks for room at the next poll point */
}

static void serial_config_write(struct virtio_device *d, u32 off, unsigned width, u64 v)
{
	struct port *p = &serial(d)->port[0];
	u8 byte = (u8)v;

	if (off == CONFIG_EMERG_WR && p->chardev)
		chardev_write(p->chardev, &byte, 1);
}

static void serial_reset(struct virtio_device *d)
{
	struct virtio_serial *s = serial(d);

	for (unsigned i = 0; i < VIRTIO_SERIAL_PORTS_MAX; i++) {
		s->port[i].guest_open = false;
		s->port[i].to_say = 0;
	}
}

static void serial_snap(struct virtio_device *d, struct snap *sn)
{
	struct virtio_serial *s = serial(d);

	for (unsigned i = 0; i < s->max_ports; i++) {
		snap_bool(sn, &s->port[i].guest_open);
		snap_u32(sn, &s->port[i].to_say);
	}
}

static void serial_free(struct virtio_device *d)
{
	struct virtio_serial *s = serial(d);

	for (unsigned i = 0; i < s->max_ports; i++)
		if (s->port[i].chardev)
			chardev_detach(s->port[i].chardev);
	free(s);
}

static void serial_show(struct virtio_device *d, FILE *out)
{
	const struct virtio_serial *s = serial(d);

	for (unsigned i = 0; i < s->max_ports; i++)
		if (s->port[i].there)
			fprintf(out, "      port %u: %s%s%s, guest %s, host %s\n", i, s->port[i].console ? "console" : "serial port",
				s->port[i].name[0] ? " " : "", s->port[i].name, s->port[i].guest_open ? "open" : "closed",
				host_open(&s->port[i]) ? "open" : "closed");
}

static const struct virtio_ops serial_ops = {
	.name = "virtio-serial",
	.id = VIRTIO_ID_CONSOLE,
	.pci_class = 0x078000, /* other communication controller */
	.config_write = serial_config_write,
	.notify = serial_notify,
	.reset = serial_reset,
	.show = serial_show,
	.snap = serial_snap,
	.free = serial_free,
};

struct virtio_device *virtio_serial_new(const struct virtio_env *env, const char *name, unsigned max_ports)
{
	struct virtio_serial *s = calloc(1, sizeof *s);
	u16 sizes[VIRTIO_QUEUES_MAX];

	if (!s)
		return NULL;
	for (unsigned i = 0; i < VIRTIO_SERIAL_PORTS_MAX; i++)
		s->port[i] = (struct port){ .s = s, .nr = i };
	s->max_ports = max_ports && max_ports < VIRTIO_SERIAL_PORTS_MAX ? max_ports : VIRTIO_SERIAL_PORTS_MAX;
	for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++)
		sizes[i] = i == CONTROL_RX || i == CONTROL_TX ? CONTROL_SIZE : QUEUE_SIZE;
	virtio_init(&s->d, &serial_ops, env, name, F_MULTIPORT | F_EMERG_WRITE, sizes, 2 * (s->max_ports + 1));
	virtio_config_put(&s->d, CONFIG_MAX_PORTS, 4, s->max_ports);
	s->d.config_size = CONFIG_SIZE;
	return &s->d;
}

int virtio_serial_add(struct virtio_device *d, const struct virtio_port_config *cfg)
{
	struct virtio_serial *s = serial(d);
	unsigned nr = cfg->nr >= 0 ? (unsigned)cfg->nr : cfg->console ? 0 : 1;
	struct port *p;

	while (cfg->nr < 0 && nr < s->max_ports && s->port[nr].there)
		nr++;
	if (cfg->nr < 0 && nr >= s->max_ports)
		return -ENOSPC;
	if (nr >= s->max_ports || (nr == 0 && !cfg->console))
		return -EINVAL;
	p = &s->port[nr];
	if (p->there)
		return -EEXIST;
	*p = (struct port){ .s = s, .nr = nr, .there = true, .console = cfg->console, .chardev = cfg->chardev };
	if (cfg->name)
		strncpy(p->name, cfg->name, sizeof p->name - 1);
	if (cfg->chardev && !chardev_attach(cfg->chardev, &(struct chardev_user){ .ctx = p, .room = port_room, .take = port_take, .state = port_state })) {
		p->there = false;
		p->chardev = NULL;
		return -EBUSY;
	}
	return 0;
}
