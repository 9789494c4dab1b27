/*
 * Making the PCI Express host bridge with its windows, and what -device puts behind it, in the order of the command line:
 * a bridge must come before what names its bus. Called by make.c.
 */
#include "machine/machine_priv.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devices/pci/pci.h"
#include "devices/virtio/pci.h"
#include "machine/kinds.h"

static int add_windows(struct machine *m, struct why *why)
{
	struct pci_host *h = m->pci;
	u64 ecam = m->cfg->highmem ? BOARD_PCIE_ECAM_HIGH : BOARD_PCIE_ECAM_LOW;

	if (bus_add_device(m->bus, ecam, pci_ecam_ops(h), h, false) ||
	    bus_add_device(m->bus, BOARD_PCIE_MMIO_BASE, pci_mmio32_ops(h), h, false) ||
	    bus_add_device(m->bus, BOARD_PCIE_PIO_BASE, pci_pio_ops(h), h, false) ||
	    (m->cfg->highmem && bus_add_device(m->bus, BOARD_PCIE_MMIO_HIGH, pci_mmio64_ops(h), h, false)))
		return why_set(why, EINVAL, "board: a PCI window overlaps something");
	return 0;
}

/* addr=SLOT or SLOT.FUNCTION, in hex with or without 0x; -1: not said. */
static int devfn_of(const struct config_item *item, int *devfn, struct why *why)
{
	const char *addr = config_text(item, "addr", NULL);
	unsigned long slot, fn = 0;
	char *end;

	*devfn = -1;
	if (!addr)
		return 0;
	slot = strtoul(addr, &end, 16);
	if (*end == '.' && isxdigit((unsigned char)end[1]))
		fn = strtoul(end + 1, &end, 16);
	if (!isxdigit((unsigned char)addr[0]) || *end || slot > 31 || fn > 7)
		return why_set(why, EINVAL, "%s: addr: expected SLOT or SLOT.FUNCTION, 0 to 1f and 0 to 7, got '%s'",
			       item->option, addr);
	*devfn = PCI_DEVFN((int)slot, (int)fn);
	return 0;
}

/* Puts f, which it takes over, onto its bus. */
static int plug(struct pci_bus *bus, struct pci_function *f, const struct config_item *item, int devfn, struct why *why)
{
	int r = pci_plug(bus, f, devfn);

	if (!r)
		return 0;
	pci_free(f);
	if (r == -EBUSY)
		return why_set(why, EBUSY, "%s: addr=%s: there is a device already on %s", item->option,
			       config_text(item, "addr", ""), bus->name);
	if (r == -ENOSPC)
		return why_set(why, ENOSPC, "%s: no free slot on %s", item->option, bus->name);
	if (r == -EINVAL)
		return why_set(why, EINVAL, "%s: addr=%s: behind a port there is only slot 0", item->option,
			       config_text(item, "addr", ""));
	return why_set(why, ENOMEM, "%s: no memory", item->option);
}

static int add_bridge(struct machine *m, struct pci_bus *bus, const struct config_item *item, int devfn, struct why *why)
{
	const char *name = config_text(item, "id", item->kind->name);
	struct pci_function *f = NULL;
	int r;

	if (pci_host_find_bus(m->pci, name))
		return why_set(why, EINVAL, "%s: expected an id that no other bus has, got '%s'", item->option, name);
	f = pci_bridge_new((enum pci_bridge_kind)item->kind->detail, name, m->log);
	if (!f)
		return why_set(why, ENOMEM, "%s: no memory", item->option);
	r = plug(bus, f, item, devfn, why);
	if (!r && pci_bridge_bus(f, name))
		r = why_set(why, ENOMEM, "%s: no memory", item->option);
	return r;
}

static int add_virtio(struct machine *m, struct pci_bus *bus, const struct config_item *item, int devfn, struct why *why)
{
	struct virtio_device *d = machine_make_virtio(m, item, why);
	struct pci_function *f;
	unsigned vectors;

	if (!d)
		return -EINVAL;
	vectors = (unsigned)config_number(item, "vectors", d->n_queues + 1);
	f = virtio_pci_new(d, vectors, bus->one_slot, m->log);
	if (!f)
		return why_set(why, ENOMEM, "%s: no memory", item->option);
	if (config_bool(item, "multifunction", false))
		pci_put(f, PCI_HEADER, 1, 0x80);
	return plug(bus, f, item, devfn, why);
}

static int add_item(struct machine *m, const struct config_item *item, struct why *why)
{
	const char *name = config_text(item, "bus", "pcie.0");
	struct pci_bus *bus = pci_host_find_bus(m->pci, name);
	int devfn, r;

	/* QEMU calls the bus of bridge `b` b or b.0 */
	if (!bus && strlen(name) > 2 && !strcmp(name + strlen(name) - 2, ".0")) {
		char cut[40];

		snprintf(cut, sizeof cut, "%.*s", (int)strlen(name) - 2, name);
		bus = pci_host_find_bus(m->pci, cut);
	}
	if (!bus)
		return why_set(why, EINVAL, "%s: bus=%s: expected pcie.0 or the id of a bridge before it", item->option,
			       name);
	r = devfn_of(item, &devfn, why);
	if (r)
		return r;
	return (item->kind->place == PLACE_BRIDGE ? add_bridge : add_virtio)(m, bus, item, devfn, why);
}

int make_pci(struct machine *m, struct why *why)
{
	struct pci_host_config hc = {
		.bus = m->bus,
		.log = m->log,
		.ecam_size = m->cfg->highmem ? BOARD_PCIE_ECAM_HIGH_SIZE : BOARD_PCIE_ECAM_LOW_SIZE,
		.mmio32_base = BOARD_PCIE_MMIO_BASE,
		.mmio32_size = BOARD_PCIE_MMIO_SIZE,
		.mmio64_base = BOARD_PCIE_MMIO_HIGH,
		.mmio64_size = m->cfg->highmem ? BOARD_PCIE_MMIO_HIGH_SIZE : 0,
	};
	int r;

	for (unsigned i = 0; i < 4; i++)
		hc.intx[i] = gic_spi(m->gic, BOARD_SPI_PCIE + i);
	m->pci = pci_host_new(&hc);
	if (!m->pci)
		return why_set(why, ENOMEM, "no memory for the PCI host bridge");
	r = add_windows(m, why);
	for (size_t i = 0; !r && i < m->cfg->devices.n; i++) {
		const struct config_item *item = &m->cfg->devices.item[i];

		if (item->kind->place == PLACE_PCI || item->kind->place == PLACE_BRIDGE)
			r = add_item(m, item, why);
	}
	return r;
}

void free_pci(struct machine *m)
{
	pci_host_free(m->pci);
}
