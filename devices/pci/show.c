/* PCI functions as lines of text, by what their configuration spaces say now: `info devices` of the monitor. */
#include "devices/pci/pci_priv.h"

#include "base/bits.h"

enum { SHOW_VECTORS = 16 };

static void show_bars(const struct pci_function *f, FILE *out)
{
	u64 base;

	for (unsigned i = 0; i < PCI_BARS; i++) {
		if (!f->bar[i].size)
			continue;
		fprintf(out, "      BAR %u: %" PRIu64 " KiB", i, f->bar[i].size / 1024);
		if (pci_bar_base(f, i, &base))
			fprintf(out, " at 0x%" PRIx64 "\n", base);
		else
			fprintf(out, ", nowhere\n");
	}
}

static void show_vectors(const struct pci_function *f, FILE *out)
{
	const struct pci_msix *m = &f->msix;

	if (!m->cap)
		return;
	fprintf(out, "      MSI-X: %s, %u vectors\n", pci_msix_enabled(f) ? "on" : "off", m->n);
	for (unsigned v = 0; v < m->n && v < SHOW_VECTORS && pci_msix_enabled(f); v++)
		fprintf(out, "        vector %u: 0x%x to 0x%08x%08x%s%s\n", v, m->entry[v].data, m->entry[v].addr_hi, m->entry[v].addr_lo,
			m->entry[v].control & 1 ? ", masked" : "", bit(m->pending[v / 64], v % 64) ? ", pending" : "");
}

static void show_bridge(const struct pci_function *f, FILE *out)
{
	fprintf(out, "      bridge to bus %u (up to %u)\n", pci_get(f, PCI_SECONDARY, 1), pci_get(f, PCI_SUBORDINATE, 1));
}

static void show_function(struct pci_function *f, FILE *out)
{
	u32 command = pci_get(f, PCI_COMMAND, 2);
	unsigned bus = f->bus->bridge ? pci_get(f->bus->bridge, PCI_SECONDARY, 1) : 0;

	fprintf(out, "    %02x:%02x.%x %s (%s): %04x:%04x, class %06x;%s%s", bus, f->devfn >> 3, f->devfn & 7, f->name, f->ops->name,
		pci_get(f, PCI_VENDOR, 2), pci_get(f, PCI_DEVICE, 2), pci_get(f, PCI_CLASS, 3),
		command & PCI_CMD_MEMORY ? " memory" : " no memory", command & PCI_CMD_MASTER ? ", bus master" : ", no bus master");
	if (pci_get(f, PCI_INT_PIN, 1))
		fprintf(out, "; INT%c to line %u%s%s", 'A' - 1 + (char)pci_get(f, PCI_INT_PIN, 1), pci_intx_line(f), f->intx ? ", asserted" : "",
			command & PCI_CMD_NO_INTX ? " (disabled)" : "");
	fputc('\n', out);
	if (f->bridge)
		show_bridge(f, out);
	show_bars(f, out);
	show_vectors(f, out);
	if (f->ops->show)
		f->ops->show(f, out);
}

void pci_show(void *dev, FILE *out)
{
	struct pci_function *f;

	for (size_t i = 0; (f = pci_host_function(dev, i)) != NULL; i++)
		show_function(f, out);
}
