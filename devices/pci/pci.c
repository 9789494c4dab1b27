/* Functions: configuration space with write masks, capabilities, BARs, the interrupt pin. See pci.h. */
#include "devices/pci/pci.h"

#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "devices/pci/pci_priv.h"

#define ROW(field, unit, help) STAT_ROW(pci_stats, field, unit, help)
const struct stat_row pci_stat_rows[] = { PCI_STATS(ROW) };
const size_t pci_stat_count = ARRAY_SIZE(pci_stat_rows);

enum { BAR_64 = 4, BAR_PREFETCH = 8 };

u32 pci_get(const struct pci_function *f, u32 off, unsigned width)
{
	u32 v = 0;

	for (unsigned i = 0; i < width; i++)
		v |= (u32)f->config[off + i] << 8 * i;
	return v;
}

static void put_bytes(u8 *to, u32 off, unsigned width, u32 v)
{
	for (unsigned i = 0; i < width; i++)
		to[off + i] = (u8)(v >> 8 * i);
}

void pci_put(struct pci_function *f, u32 off, unsigned width, u32 v)
{
	put_bytes(f->config, off, width, v);
}

void pci_allow(struct pci_function *f, u32 off, unsigned width, u32 mask)
{
	put_bytes(f->writable, off, width, mask);
}

void pci_init(struct pci_function *f, const struct pci_ops *ops, const struct pci_id *id, const char *name, bool bridge,
	      struct log *log)
{
	f->ops = ops;
	f->log = log;
	f->bridge = bridge;
	snprintf(f->name, sizeof f->name, "%s", name && *name ? name : ops->name);
	pci_put(f, PCI_VENDOR, 2, id->vendor);
	pci_put(f, PCI_DEVICE, 2, id->device);
	pci_put(f, PCI_REVISION, 1, id->revision);
	pci_put(f, PCI_CLASS, 3, id->class_code);
	pci_put(f, PCI_HEADER, 1, bridge);
	if (!bridge) {
		pci_put(f, PCI_SUBSYS_VENDOR, 2, id->subsys_vendor);
		pci_put(f, PCI_SUBSYS, 2, id->subsys);
	}
	pci_allow(f, PCI_COMMAND, 2, PCI_CMD_IO | PCI_CMD_MEMORY | PCI_CMD_MASTER | 0x140 /* parity, SERR */ | PCI_CMD_NO_INTX);
	put_bytes(f->clears, PCI_STATUS, 2, 0xf900);
	pci_allow(f, PCI_CACHE_LINE, 1, 0xff);
	pci_allow(f, PCI_INT_LINE, 1, 0xff);
	f->next_cap = PCI_CAPS_START;
}

void pci_free(struct pci_function *f)
{
	if (!f)
		return;
	pci_msix_free(f);
	f->ops->free(f);
}

u16 pci_add_cap(struct pci_function *f, u8 id, u16 size)
{
	u16 at = f->next_cap;

	f->next_cap = (u16)align_up(at + size, 4);
	pci_put(f, at, 1, id);
	pci_put(f, f->last_cap ? f->last_cap + 1u : PCI_CAPS, 1, at);
	pci_put(f, PCI_STATUS, 2, pci_get(f, PCI_STATUS, 2) | PCI_STATUS_CAPS);
	f->last_cap = at;
	return at;
}

/* Offsets in the capability. */
enum { EXP_FLAGS = 2, EXP_DEVCAP = 4, EXP_DEVCTL = 8, EXP_DEVSTA = 10, EXP_LNKCAP = 12, EXP_LNKCTL = 16, EXP_LNKSTA = 18 };
enum { EXP_ROOTCTL = 28, EXP_DEVCTL2 = 40, EXP_LNKCTL2 = 48, EXP_SIZE = 60 };

u16 pci_add_express(struct pci_function *f, u8 type, bool slot)
{
	u16 at = pci_add_cap(f, PCI_CAP_EXPRESS, EXP_SIZE);

	pci_put(f, at + EXP_FLAGS, 2, 2u | (u32)type << 4 | (u32)slot << 8);
	pci_put(f, at + EXP_DEVCAP, 4, 1u << 15); /* role-based errors */
	pci_allow(f, at + EXP_DEVCTL, 2, 0x70ff);
	put_bytes(f->clears, at + EXP_DEVSTA, 2, 0xf);
	pci_put(f, at + EXP_LNKCAP, 4, 0x11 | 1u << 20); /* 2.5 GT/s, one lane; tells whether the link is up */
	pci_allow(f, at + EXP_LNKCTL, 2, 0x01c8);
	pci_put(f, at + EXP_LNKSTA, 2, 0x11 | 1u << 13);
	pci_allow(f, at + EXP_DEVCTL2, 2, 0x10);
	pci_allow(f, at + EXP_LNKCTL2, 2, 0xf);
	if (type == PCI_EXP_ROOT_PORT)
		pci_allow(f, at + EXP_ROOTCTL, 2, 0x1f);
	return at;
}

/* ---- BARs ---- */

void pci_add_bar(struct pci_function *f, unsigned i, const struct pci_bar *bar)
{
	u64 mask = ~(bar->size - 1);

	f->bar[i] = *bar;
	pci_put(f, PCI_BAR + 4 * i, 4, (bar->is64 ? BAR_64 : 0) | (bar->prefetch ? BAR_PREFETCH : 0));
	pci_allow(f, PCI_BAR + 4 * i, 4, (u32)mask & ~15u);
	if (bar->is64)
		pci_allow(f, PCI_BAR + 4 * i + 4, 4, (u32)(mask >> 32));
}

bool pci_bar_base(const struct pci_function *f, unsigned i, u64 *base)
{
	const struct pci_bar *bar = &f->bar[i];

	if (!bar->size || !(pci_get(f, PCI_COMMAND, 2) & PCI_CMD_MEMORY))
		return false;
	*base = pci_get(f, PCI_BAR + 4 * i, 4) & ~15u;
	if (bar->is64)
		*base |= (u64)pci_get(f, PCI_BAR + 4 * i + 4, 4) << 32;
	return *base != 0;
}

static struct attrs cpu_access(void)
{
	return (struct attrs){ .space = SPACE_NS, .privileged = true };
}

/* The widest access of the device that does not pass the end of what is asked, or its narrowest. */
static unsigned piece_width(u32 widths, u64 off, unsigned left)
{
	for (unsigned w = W64; w; w >>= 1)
		if ((widths & w) && w <= left && !(off & (w - 1)))
			return w;
	return widths & -widths;
}

u64 pci_bar_read(struct pci_function *f, unsigned i, u64 off, unsigned width)
{
	const struct pci_bar *bar = &f->bar[i];
	u64 v = 0;

	for (unsigned done = 0; done < width;) {
		unsigned w = piece_width(bar->ops->widths, off + done, width - done);
		unsigned skip = (unsigned)((off + done) & (w - 1));
		u64 got = bar->ops->read(bar->dev, off + done - skip, w, cpu_access()) >> 8 * skip;
		unsigned n = w - skip < width - done ? w - skip : width - done;

		v |= (got & low_mask(8 * n)) << 8 * done;
		done += n;
	}
	return v;
}

void pci_bar_write(struct pci_function *f, unsigned i, u64 off, unsigned width, u64 v)
{
	const struct pci_bar *bar = &f->bar[i];

	for (unsigned done = 0; done < width;) {
		unsigned w = piece_width(bar->ops->widths, off + done, width - done);
		unsigned skip = (unsigned)((off + done) & (w - 1));
		unsigned n = w - skip < width - done ? w - skip : width - done;

		bar->ops->write(bar->dev, off + done - skip, (v >> 8 * done & low_mask(8 * n)) << 8 * skip, w,
				cpu_access());
		done += n;
	}
}

/* ---- the guest's accesses ---- */

u32 pci_config_read(struct pci_function *f, u32 off, unsigned width)
{
	if (f->ops->config_read)
		f->ops->config_read(f, off, width);
	return pci_get(f, off, width);
}

void pci_config_write(struct pci_function *f, u32 off, unsigned width, u32 v)
{
	for (unsigned i = 0; i < width; i++) {
		u8 byte = (u8)(v >> 8 * i), *c = &f->config[off + i];

		*c = (u8)((*c & ~f->writable[off + i]) | (byte & f->writable[off + i]));
		*c = (u8)(*c & ~(byte & f->clears[off + i]));
	}
	if (off <= PCI_COMMAND + 1 && off + width > PCI_COMMAND && f->bus)
		pci_route_intx(f->bus->host);
	pci_msix_update(f);
	if (f->ops->config_written)
		f->ops->config_written(f, off, width);
}

/* ---- interrupts ---- */

void pci_set_intx_pin(struct pci_function *f, u8 pin)
{
	pci_put(f, PCI_INT_PIN, 1, pin);
}

void pci_intx(struct pci_function *f, bool level)
{
	if (f->intx == level)
		return;
	f->intx = level;
	f->stats.intx += level;
	pci_put(f, PCI_STATUS, 2, deposit(pci_get(f, PCI_STATUS, 2), 3, 3, level));
	if (f->bus)
		pci_route_intx(f->bus->host);
}

bool pci_master(const struct pci_function *f)
{
	return pci_get(f, PCI_COMMAND, 2) & PCI_CMD_MASTER;
}

u16 pci_rid(const struct pci_function *f)
{
	const struct pci_function *b = f->bus ? f->bus->bridge : NULL;
	u16 rid = (u16)((b ? pci_get(b, PCI_SECONDARY, 1) : 0) << 8 | f->devfn);

	for (; b; b = b->bus->bridge) {
		const struct pci_function *above = b->bus->bridge;

		if (b->alias == PCI_ALIAS_SECONDARY)
			rid = (u16)(pci_get(b, PCI_SECONDARY, 1) << 8);
		if (b->alias == PCI_ALIAS_OWN)
			rid = (u16)((above ? pci_get(above, PCI_SECONDARY, 1) : 0) << 8 | b->devfn);
	}
	return rid;
}
