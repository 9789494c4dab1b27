/*
 * Bridges: the root port (with an Express capability), Express-to-conventional and conventional bridges, and the host
 * bridge's own function. A bridge forwards memory in two windows and numbers the bus behind it; I/O windows read as zero.
 */
#include "devices/pci/pci_priv.h"

#include <stdlib.h>

#include "base/bits.h"

static const struct {
	struct pci_id id;
	bool bridge, express, one_slot;
	u8 port;
	enum pci_alias alias;
} kinds[] = {
	[PCI_HOST_FUNCTION] = { { PCI_VENDOR_REDHAT, 0x0008, PCI_VENDOR_VIRTIO, PCI_SUBSYS_QEMU, 0, 0x060000 },
				false, false, false, 0, PCI_ALIAS_NONE },
	[PCI_ROOT_PORT] = { { PCI_VENDOR_REDHAT, 0x000c, 0, 0, 0, 0x060400 }, true, true, true, PCI_EXP_ROOT_PORT,
			    PCI_ALIAS_NONE },
	[PCI_BRIDGE] = { { PCI_VENDOR_REDHAT, 0x0001, 0, 0, 0, 0x060400 }, true, false, false, 0, PCI_ALIAS_OWN },
	[PCI_EXPRESS_BRIDGE] = { { PCI_VENDOR_REDHAT, 0x000e, 0, 0, 0, 0x060400 }, true, true, false, PCI_EXP_TO_PCI,
				 PCI_ALIAS_SECONDARY },
};

struct bridge {
	struct pci_function f;
	enum pci_bridge_kind kind;
};

static void bridge_written(struct pci_function *f, u32 off, unsigned width)
{
	if (!f->bridge)
		return;
	/* a secondary bus reset lasts while its bit is set; what is behind comes out of it as after power-on */
	if (off <= PCI_BRIDGE_CONTROL && off + width > PCI_BRIDGE_CONTROL && f->below &&
	    (pci_get(f, PCI_BRIDGE_CONTROL, 2) & PCI_BRIDGE_RESET))
		pci_bus_reset(f->below);
}

static void bridge_reset(struct pci_function *f)
{
	if (!f->bridge)
		return;
	pci_put(f, PCI_PREF_BASE, 2, 1); /* 64-bit prefetchable window */
	pci_put(f, PCI_PREF_LIMIT, 2, 1);
}

static void bridge_free(struct pci_function *f)
{
	free(container_of(f, struct bridge, f));
}

static const struct pci_ops bridge_ops = {
	.name = "pci-bridge",
	.config_written = bridge_written,
	.reset = bridge_reset,
	.free = bridge_free,
};

static void allow_windows(struct pci_function *f)
{
	pci_allow(f, PCI_PRIMARY, 3, 0xffffff);
	pci_allow(f, PCI_MEM_BASE, 2, 0xfff0);
	pci_allow(f, PCI_MEM_LIMIT, 2, 0xfff0);
	pci_allow(f, PCI_PREF_BASE, 2, 0xfff0);
	pci_allow(f, PCI_PREF_LIMIT, 2, 0xfff0);
	pci_allow(f, PCI_PREF_BASE_HIGH, 4, ~0u);
	pci_allow(f, PCI_PREF_LIMIT_HIGH, 4, ~0u);
	pci_allow(f, PCI_BRIDGE_CONTROL, 2, 0x0043); /* parity, SERR, secondary reset */
}

struct pci_function *pci_bridge_new(enum pci_bridge_kind kind, const char *name, struct log *log)
{
	struct bridge *b = calloc(1, sizeof *b);

	if (!b)
		return NULL;
	b->kind = kind;
	b->f.alias = kinds[kind].alias;
	pci_init(&b->f, &bridge_ops, &kinds[kind].id, name, kinds[kind].bridge, log);
	if (kinds[kind].bridge) {
		allow_windows(&b->f);
		pci_set_intx_pin(&b->f, 1);
	}
	if (kinds[kind].express)
		pci_add_express(&b->f, kinds[kind].port, kind == PCI_ROOT_PORT);
	return &b->f;
}

int pci_bridge_bus(struct pci_function *f, const char *name)
{
	const struct bridge *b = container_of(f, struct bridge, f);

	return kinds[b->kind].bridge && !pci_add_bus(f, name, kinds[b->kind].one_slot) ? -1 : 0;
}

bool pci_bridge_forwards(const struct pci_function *f, u64 addr)
{
	u64 mem = (u64)(pci_get(f, PCI_MEM_BASE, 2) & 0xfff0) << 16;
	u64 mem_end = (u64)(pci_get(f, PCI_MEM_LIMIT, 2) & 0xfff0) << 16 | 0xfffff;
	u64 pref = (u64)pci_get(f, PCI_PREF_BASE_HIGH, 4) << 32 | (u64)(pci_get(f, PCI_PREF_BASE, 2) & 0xfff0) << 16;
	u64 pref_end = (u64)pci_get(f, PCI_PREF_LIMIT_HIGH, 4) << 32 |
		       (u64)(pci_get(f, PCI_PREF_LIMIT, 2) & 0xfff0) << 16 | 0xfffff;

	if (!(pci_get(f, PCI_COMMAND, 2) & PCI_CMD_MEMORY))
		return false;
	return (addr >= mem && addr <= mem_end) || (addr >= pref && addr <= pref_end);
}
