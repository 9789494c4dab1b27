/*
 * The state of 32 interrupts and the registers that show it bit by bit: the same for SPIs in the
 * distributor and for SGIs and PPIs in a redistributor. The callers update the pending caches.
 */
#include "gic/gic_priv.h"
#include "base/snap.h"

unsigned irqs_nsacr(const struct gic_irqs *w, unsigned n)
{
	return (unsigned)bits(w->nsacr, 2 * n + 1, 2 * n);
}

/*
 * IHI0069 GICD_NSACR: 1 opens set-pending, 2 also clear-pending and reads of active, 3 also the
 * routing.
 */
u32 irqs_visible(const struct gic *g, const struct gic_irqs *w, bool ns, unsigned level)
{
	u32 m = w->group;

	if (!ns || !gic_secured(g))
		return ~0u;
	if (!level || !w->nsacr)
		return m;
	for (unsigned i = 0; i < 32; i++)
		if (irqs_nsacr(w, i) >= level)
			m |= 1u << i;
	return m;
}

u32 irqs_read(const struct gic *g, const struct gic_irqs *w, enum irq_reg kind, bool ns)
{
	switch (kind) {
	case REG_IGROUPR:
		return ns ? 0 : w->group;
	case REG_IGRPMODR:
		return ns || !gic_secured(g) ? 0 : w->grpmod;
	case REG_ISENABLER:
	case REG_ICENABLER:
		return w->enable & irqs_visible(g, w, ns, 0);
	case REG_ISPENDR:
	case REG_ICPENDR:
		return gic_pending(w) & irqs_visible(g, w, ns, 1);
	case REG_ISACTIVER:
	case REG_ICACTIVER:
		return w->active & irqs_visible(g, w, ns, 2);
	}
	return 0;
}

void irqs_write(struct gic *g, struct gic_irqs *w, enum irq_reg kind, u32 v, bool ns)
{
	switch (kind) {
	case REG_IGROUPR:
		if (!ns)
			w->group = v;
		break;
	case REG_IGRPMODR:
		if (!ns && gic_secured(g))
			w->grpmod = v;
		break;
	case REG_ISENABLER:
		w->enable |= v & irqs_visible(g, w, ns, 0);
		break;
	case REG_ICENABLER:
		w->enable &= ~(v & irqs_visible(g, w, ns, 0));
		break;
	case REG_ISPENDR:
		w->latch |= v & irqs_visible(g, w, ns, 1);
		break;
	case REG_ICPENDR:
		w->latch &= ~(v & irqs_visible(g, w, ns, 2));
		break;
	case REG_ISACTIVER:
		w->active |= v & irqs_visible(g, w, ns, 0);
		break;
	case REG_ICACTIVER:
		w->active &= ~(v & irqs_visible(g, w, ns, 0));
		break;
	}
}

/* IHI0069 4.8.1: Non-secure software sees the lower half of the range, shifted. */
u32 irqs_read_prio(const struct gic *g, const struct gic_irqs *w, unsigned first, unsigned n,
		   bool ns)
{
	u32 visible = irqs_visible(g, w, ns, 0), v = 0;
	bool shift = ns && gic_secured(g);

	for (unsigned i = 0; i < n; i++) {
		u8 prio = w->prio[first + i];

		if (shift)
			prio = prio & 0x80 ? (u8)(prio << 1) : 0;
		if (bit(visible, first + i))
			v |= (u32)prio << 8 * i;
	}
	return v;
}

void irqs_write_prio(struct gic *g, struct gic_irqs *w, unsigned first, unsigned n, u32 v, bool ns)
{
	u32 visible = irqs_visible(g, w, ns, 0);
	bool shift = ns && gic_secured(g);
	u8 mask = cpuif_priority_mask(&g->pe[0]);

	for (unsigned i = 0; i < n; i++) {
		u8 prio = (u8)(v >> 8 * i);

		if (!bit(visible, first + i))
			continue;
		if (shift)
			prio = 0x80 | prio >> 1;
		w->prio[first + i] = prio & mask;
	}
}

u32 irqs_read_cfg(const struct gic *g, const struct gic_irqs *w, unsigned half, bool ns)
{
	u32 edge = (w->edge & irqs_visible(g, w, ns, 0)) >> 16 * half, v = 0;

	for (unsigned i = 0; i < 16; i++)
		v |= (u32)bit(edge, i) << (2 * i + 1);
	return v;
}

void irqs_write_cfg(struct gic *g, struct gic_irqs *w, unsigned half, u32 v, bool ns)
{
	u32 m = 0, visible = irqs_visible(g, w, ns, 0) & (0xffffu << 16 * half);

	for (unsigned i = 0; i < 16; i++)
		m |= (u32)bit(v, 2 * i + 1) << (16 * half + i);
	w->edge = (w->edge & ~visible) | (m & visible);
}

void irqs_set_input(struct gic_irqs *w, unsigned n, bool level)
{
	u32 m = 1u << n;

	if (level && !(w->level & m) && (w->edge & m))
		w->latch |= m;
	w->level = level ? w->level | m : w->level & ~m;
}

void irqs_snap(struct gic_irqs *w, struct snap *s)
{
	snap_u32(s, &w->group);
	snap_u32(s, &w->grpmod);
	snap_u32(s, &w->enable);
	snap_u32(s, &w->active);
	snap_u32(s, &w->edge);
	snap_u32(s, &w->latch);
	snap_u32(s, &w->level);
	snap_u64(s, &w->nsacr);
	snap_bytes(s, w->prio, sizeof w->prio);
}
