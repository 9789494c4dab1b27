/*
 * The host bridge of a generic ECAM machine: configuration accesses by bus, slot and function; memory windows whose
 * accesses go to the function that claims them; the four interrupt lines; messages. What nobody claims reads as ones and
 * swallows writes, as a root complex does that turns master aborts into that.
 */
#include "devices/pci/pci_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/snap.h"

enum { DMA_REQUESTER = 0x8000 };

struct pci_host {
	struct pci_host_config cfg;
	struct pci_bus *buses; /* the root is the first */
	struct pci_function **all;
	size_t n;
	bool in_message;
	u8 lines; /* INTx levels */
	struct device_ops ecam, mmio32, mmio64, pio;
};

/* ---- making it ---- */

static struct pci_bus *new_bus(struct pci_host *h, const char *name)
{
	struct pci_bus *bus = calloc(1, sizeof *bus), **end = &h->buses;

	if (!bus)
		return NULL;
	bus->host = h;
	snprintf(bus->name, sizeof bus->name, "%s", name);
	while (*end)
		end = &(*end)->next;
	return *end = bus;
}

struct pci_bus *pci_add_bus(struct pci_function *bridge, const char *name, bool one_slot)
{
	struct pci_bus *bus = new_bus(bridge->bus->host, name);

	if (!bus)
		return NULL;
	bus->bridge = bridge;
	bus->one_slot = one_slot;
	return bridge->below = bus;
}

struct pci_bus *pci_host_root(struct pci_host *h)
{
	return h->buses;
}

struct pci_bus *pci_host_find_bus(struct pci_host *h, const char *name)
{
	for (struct pci_bus *b = h->buses; b; b = b->next)
		if (!strcmp(b->name, name))
			return b;
	return NULL;
}

struct pci_function *pci_host_function(struct pci_host *h, size_t i)
{
	return i < h->n ? h->all[i] : NULL;
}

static int free_devfn(const struct pci_bus *bus)
{
	for (unsigned slot = 0; slot < (bus->one_slot ? 1 : 32); slot++)
		if (!bus->fn[PCI_DEVFN(slot, 0)])
			return PCI_DEVFN(slot, 0);
	return -ENOSPC;
}

int pci_plug(struct pci_bus *bus, struct pci_function *f, int devfn)
{
	struct pci_host *h = bus->host;
	struct pci_function **grown;

	if (devfn < 0)
		devfn = free_devfn(bus);
	if (devfn < 0)
		return devfn;
	if (devfn > 255 || (bus->one_slot && devfn > 7))
		return -EINVAL;
	if (bus->fn[devfn])
		return -EBUSY;
	grown = realloc(h->all, (h->n + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	h->all = grown;
	h->all[h->n++] = f;
	bus->fn[devfn] = f;
	f->bus = bus;
	f->devfn = (u8)devfn;
	pci_function_reset(f);
	return 0;
}

/* ---- configuration ---- */

/* The bus with this number, as the bridges say now; several may claim it: the first. */
static struct pci_bus *bus_numbered(struct pci_host *h, u32 number)
{
	struct pci_bus *bus = h->buses;

	if (!number)
		return bus;
	for (unsigned depth = 0; bus && depth < PCI_BUSES; depth++) {
		struct pci_function *way = NULL;

		for (unsigned i = 0; i < 256 && !way; i++) {
			struct pci_function *f = bus->fn[i];

			if (f && f->below && pci_get(f, PCI_SECONDARY, 1) && number >= pci_get(f, PCI_SECONDARY, 1) &&
			    number <= pci_get(f, PCI_SUBORDINATE, 1))
				way = f;
		}
		if (!way)
			return NULL;
		bus = way->below;
		if (pci_get(way, PCI_SECONDARY, 1) == number)
			return bus;
	}
	return NULL;
}

static struct pci_function *at_ecam(struct pci_host *h, u64 off)
{
	struct pci_bus *bus = bus_numbered(h, (u32)(off >> 20));

	return bus ? bus->fn[off >> 12 & 0xff] : NULL;
}

static u64 ecam_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	struct pci_function *f = at_ecam(dev, off);

	return f ? pci_config_read(f, off & 0xfff, width) : low_mask(8 * width);
}

static void ecam_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct pci_function *f = at_ecam(dev, off);

	if (f)
		pci_config_write(f, off & 0xfff, width, (u32)v);
}

/* ---- memory windows ---- */

static bool reachable(const struct pci_function *f, u64 addr)
{
	for (const struct pci_function *b = f->bus->bridge; b; b = b->bus->bridge)
		if (!pci_bridge_forwards(b, addr))
			return false;
	return true;
}

/* The BAR that claims all of [addr, addr+width); *off is the place in it. */
static struct pci_function *claim(struct pci_host *h, u64 addr, unsigned width, unsigned *bar, u64 *off)
{
	for (size_t k = 0; k < h->n; k++)
		for (unsigned i = 0; i < PCI_BARS; i++) {
			struct pci_function *f = h->all[k];
			u64 base;

			if (!pci_bar_base(f, i, &base) || addr < base || addr - base > f->bar[i].size - width ||
			    !reachable(f, addr))
				continue;
			*bar = i;
			*off = addr - base;
			return f;
		}
	return NULL;
}

static u64 window_read(struct pci_host *h, u64 addr, unsigned width)
{
	unsigned bar;
	u64 off;
	struct pci_function *f = claim(h, addr, width, &bar, &off);

	if (f)
		return pci_bar_read(f, bar, off, width);
	log_once(h->cfg.log, LOG_GUEST, "pci", addr >> 12, "read of %u bytes at %#" PRIx64 ", which no BAR claims", width,
		 addr);
	return low_mask(8 * width);
}

static void window_write(struct pci_host *h, u64 addr, unsigned width, u64 v)
{
	unsigned bar;
	u64 off;
	struct pci_function *f = claim(h, addr, width, &bar, &off);

	if (f)
		pci_bar_write(f, bar, off, width, v);
	else
		log_once(h->cfg.log, LOG_GUEST, "pci", addr >> 12 | BIT(63),
			 "write of %u bytes at %#" PRIx64 ", which no BAR claims", width, addr);
}

static u64 mmio32_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	struct pci_host *h = dev;

	return window_read(h, h->cfg.mmio32_base + off, width);
}
static void mmio32_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct pci_host *h = dev;

	window_write(h, h->cfg.mmio32_base + off, width, v);
}
static u64 mmio64_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	struct pci_host *h = dev;

	return window_read(h, h->cfg.mmio64_base + off, width);
}
static void mmio64_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct pci_host *h = dev;

	window_write(h, h->cfg.mmio64_base + off, width, v);
}
static u64 pio_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	return low_mask(8 * width);
}
static void pio_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
}

/* ---- interrupts ---- */

/* The root's line of a function's pin: each bridge turns pins by the slot (PCI-to-PCI Bridge 1.2, 9.1). */
unsigned pci_intx_line(const struct pci_function *f)
{
	unsigned pin = pci_get(f, PCI_INT_PIN, 1) - 1;

	for (;; f = f->bus->bridge) {
		pin = (pin + (f->devfn >> 3)) & 3;
		if (!f->bus->bridge)
			return pin;
	}
}

void pci_route_intx(struct pci_host *h)
{
	u8 lines = 0;

	for (size_t k = 0; k < h->n; k++) {
		const struct pci_function *f = h->all[k];

		if (f->intx && pci_get(f, PCI_INT_PIN, 1) && !(pci_get(f, PCI_COMMAND, 2) & PCI_CMD_NO_INTX))
			lines |= (u8)(1u << pci_intx_line(f));
	}
	h->lines = lines;
	for (unsigned i = 0; i < 4; i++)
		wire_set(&h->cfg.intx[i], lines >> i & 1);
}

/*
 * A message may be aimed at a register that makes a device send another one. Real devices would go on for ever; here the
 * second is dropped.
 */
void pci_message(struct pci_function *f, u64 addr, u32 data)
{
	struct pci_host *h = f->bus->host;
	struct attrs at = { .space = SPACE_NS, .requester = (u16)(DMA_REQUESTER | pci_rid(f)) };

	if (h->in_message) {
		log_once(h->cfg.log, LOG_GUEST, f->name, addr, "message to %#" PRIx64 " from within another: dropped", addr);
		return;
	}
	h->in_message = true;
	bus_write(h->cfg.bus, pa_make(SPACE_NS, addr), 4, at, data);
	h->in_message = false;
}

/* ---- reset and snapshot ---- */

void pci_function_reset(struct pci_function *f)
{
	for (unsigned i = 0; i < PCI_CONFIG_SIZE; i++)
		f->config[i] &= (u8)~f->writable[i] & (u8)~f->clears[i];
	pci_msix_reset(f);
	pci_intx(f, false);
	if (f->ops->reset)
		f->ops->reset(f);
	if (f->bus)
		pci_route_intx(f->bus->host);
}

void pci_bus_reset(struct pci_bus *bus)
{
	for (unsigned i = 0; i < 256; i++) {
		struct pci_function *f = bus->fn[i];

		if (!f)
			continue;
		pci_function_reset(f);
		if (f->below)
			pci_bus_reset(f->below);
	}
}

static void ecam_reset(void *dev)
{
	pci_bus_reset(((struct pci_host *)dev)->buses);
}

/* What the guest cannot write must be as here: it says what the function is. */
static void snap_config(struct pci_function *f, struct snap *s)
{
	u8 loaded[PCI_CONFIG_SIZE];
	bool same = true;

	memcpy(loaded, f->config, sizeof loaded);
	snap_bytes(s, loaded, sizeof loaded);
	for (unsigned i = 0; i < PCI_CONFIG_SIZE; i++) {
		u8 fixed = (u8)~(f->writable[i] | f->clears[i]);

		if (i != PCI_STATUS && ((loaded[i] ^ f->config[i]) & fixed))
			same = false;
	}
	snap_check(s, same, "configuration space of a PCI function");
	if (s->loading && !s->failed)
		memcpy(f->config, loaded, sizeof loaded);
}

static void snap_function(struct pci_function *f, struct snap *s)
{
	u8 devfn = f->devfn;

	snap_u8(s, &devfn);
	snap_check(s, devfn == f->devfn, "place of a PCI function");
	snap_config(f, s);
	snap_bool(s, &f->intx);
	pci_msix_snap(f, s);
	for (size_t i = 0; i < pci_stat_count; i++)
		snap_u64(s, (u64 *)((char *)&f->stats + pci_stat_rows[i].offset));
	if (f->ops->snap)
		f->ops->snap(f, s);
}

static void ecam_snap(void *dev, struct snap *s)
{
	struct pci_host *h = dev;

	snap_section(s, "pci", 1);
	for (size_t k = 0; k < h->n && !s->failed; k++)
		snap_function(h->all[k], s);
	if (s->loading)
		pci_route_intx(h);
}

/* ---- life time ---- */

static void set_ops(struct pci_host *h)
{
	const u32 narrow = W8 | W16 | W32, all = narrow | W64;

	h->ecam = (struct device_ops){ .name = "pci ecam", .size = h->cfg.ecam_size, .widths = narrow, .read = ecam_read,
				       .write = ecam_write, .reset = ecam_reset, .snap = ecam_snap, .show = pci_show };
	h->mmio32 = (struct device_ops){ .name = "pci memory", .size = h->cfg.mmio32_size, .widths = all,
					 .read = mmio32_read, .write = mmio32_write };
	h->mmio64 = (struct device_ops){ .name = "pci high memory", .size = h->cfg.mmio64_size, .widths = all,
					 .read = mmio64_read, .write = mmio64_write };
	h->pio = (struct device_ops){ .name = "pci i/o", .size = PCI_PIO_SIZE, .widths = narrow, .read = pio_read,
				      .write = pio_write };
}

struct pci_host *pci_host_new(const struct pci_host_config *c)
{
	struct pci_host *h = calloc(1, sizeof *h);
	struct pci_function *own;

	if (!h)
		return NULL;
	h->cfg = *c;
	set_ops(h);
	own = pci_bridge_new(PCI_HOST_FUNCTION, "gpex", c->log);
	if (own && new_bus(h, "pcie.0") && !pci_plug(h->buses, own, 0))
		return h;
	pci_free(own);
	pci_host_free(h);
	return NULL;
}

void pci_host_free(struct pci_host *h)
{
	if (!h)
		return;
	for (size_t k = 0; k < h->n; k++)
		pci_free(h->all[k]);
	while (h->buses) {
		struct pci_bus *next = h->buses->next;

		free(h->buses);
		h->buses = next;
	}
	free(h->all);
	free(h);
}

const struct device_ops *pci_ecam_ops(struct pci_host *h)
{
	return &h->ecam;
}
const struct device_ops *pci_mmio32_ops(struct pci_host *h)
{
	return &h->mmio32;
}
const struct device_ops *pci_mmio64_ops(struct pci_host *h)
{
	return &h->mmio64;
}
const struct device_ops *pci_pio_ops(struct pci_host *h)
{
	return &h->pio;
}
