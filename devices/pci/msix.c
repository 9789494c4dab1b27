/* MSI-X (PCI 3.0, 6.8.2): a table of messages and the bits of those that are held back, in a BAR of their own. */
#include "devices/pci/pci.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/snap.h"

enum { ENTRY = 16, CONTROL = 2, ENABLE = 0x8000, MASK_ALL = 0x4000, MASKED = 1 };

static u64 pba_offset(const struct pci_msix *m)
{
	u64 table = (u64)m->n * ENTRY;

	return table <= 0x800 ? 0x800 : align_up(table, 8);
}

static u64 bar_size(const struct pci_msix *m)
{
	u64 need = pba_offset(m) + (m->n + 63u) / 64 * 8, size = 4096;

	while (size < need)
		size *= 2;
	return size;
}

static u16 control(const struct pci_function *f)
{
	return (u16)pci_get(f, f->msix.cap + CONTROL, 2);
}

bool pci_msix_enabled(const struct pci_function *f)
{
	return f->msix.cap && (control(f) & ENABLE);
}

static bool held(const struct pci_function *f, unsigned v)
{
	return (control(f) & MASK_ALL) || (f->msix.entry[v].control & MASKED) || !pci_master(f);
}

void pci_msix_send(struct pci_function *f, unsigned v)
{
	struct pci_msix *m = &f->msix;
	const struct pci_msix_entry *e;

	if (v >= m->n || !pci_msix_enabled(f))
		return;
	e = &m->entry[v];
	if (held(f, v)) {
		f->stats.masked++;
		m->pending[v / 64] |= BIT(v % 64);
		return;
	}
	m->pending[v / 64] &= ~BIT(v % 64);
	f->stats.messages++;
	pci_message(f, (u64)e->addr_hi << 32 | e->addr_lo, e->data);
}

static void send_pending(struct pci_function *f, unsigned v)
{
	if ((f->msix.pending[v / 64] & BIT(v % 64)) && !held(f, v))
		pci_msix_send(f, v);
}

void pci_msix_update(struct pci_function *f)
{
	if (!pci_msix_enabled(f) || (control(f) & MASK_ALL))
		return;
	for (unsigned w = 0; w < (f->msix.n + 63u) / 64; w++)
		for (u64 left = f->msix.pending[w]; left; left &= left - 1)
			send_pending(f, 64 * w + ctz64(left));
}

static u32 *word(struct pci_msix *m, u64 off)
{
	struct pci_msix_entry *e = &m->entry[off / ENTRY];

	switch (off % ENTRY) {
	case 0:
		return &e->addr_lo;
	case 4:
		return &e->addr_hi;
	case 8:
		return &e->data;
	default:
		return &e->control;
	}
}

static u64 table_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	struct pci_function *f = dev;
	struct pci_msix *m = &f->msix;
	u64 pba = pba_offset(m);

	if (off < (u64)m->n * ENTRY)
		return *word(m, off);
	if (off >= pba && off - pba < (m->n + 63u) / 64 * 8)
		return (u32)(m->pending[(off - pba) / 8] >> 8 * (off & 4));
	return 0;
}

static void table_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct pci_function *f = dev;
	struct pci_msix *m = &f->msix;

	if (off >= (u64)m->n * ENTRY)
		return;
	*word(m, off) = (u32)v & (off % ENTRY == 0 ? ~3u : off % ENTRY == 12 ? MASKED : ~0u);
	if (pci_msix_enabled(f))
		send_pending(f, (unsigned)(off / ENTRY));
}

static const struct device_ops table_ops = { .name = "msi-x", .widths = W32, .read = table_read, .write = table_write };

int pci_add_msix(struct pci_function *f, unsigned bar, unsigned n)
{
	struct pci_msix *m = &f->msix;
	struct pci_bar b = { .ops = &table_ops, .dev = f };
	u16 cap;

	m->n = (u16)n;
	m->bar = (u8)bar;
	m->entry = calloc(n, sizeof(*m->entry));
	m->pending = calloc(n / 64 + 1, sizeof(u64));
	if (!m->entry || !m->pending)
		return -ENOMEM;
	b.size = bar_size(m);
	pci_add_bar(f, bar, &b);
	cap = m->cap = pci_add_cap(f, PCI_CAP_MSIX, 12);
	pci_put(f, cap + CONTROL, 2, n - 1);
	pci_allow(f, cap + CONTROL, 2, ENABLE | MASK_ALL);
	pci_put(f, cap + 4u, 4, bar);
	pci_put(f, cap + 8u, 4, (u32)pba_offset(m) | bar);
	pci_msix_reset(f);
	return 0;
}

void pci_msix_free(struct pci_function *f)
{
	free(f->msix.entry);
	free(f->msix.pending);
	f->msix = (struct pci_msix){ 0 };
}

void pci_msix_reset(struct pci_function *f)
{
	struct pci_msix *m = &f->msix;

	for (unsigned i = 0; i < m->n; i++) {
		m->entry[i] = (struct pci_msix_entry){ .control = MASKED };
		m->pending[i / 64] = 0;
	}
}

void pci_msix_snap(struct pci_function *f, struct snap *s)
{
	struct pci_msix *m = &f->msix;

	for (unsigned i = 0; i < m->n; i++) {
		snap_u32(s, &m->entry[i].addr_lo);
		snap_u32(s, &m->entry[i].addr_hi);
		snap_u32(s, &m->entry[i].data);
		snap_u32(s, &m->entry[i].control);
	}
	for (unsigned i = 0; i < (m->n + 63u) / 64; i++) {
		snap_u64(s, &m->pending[i]);
		if (i == m->n / 64u)
			snap_check(s, !(m->pending[i] & ~low_mask(m->n % 64)), "pending MSI-X vectors");
	}
}
