/*
 * The distributor frame: SPIs and the controls of all interrupts. With GICv3 affinity routing is
 * always on: the registers of INTIDs 0-31 here are RAZ/WI, and so are those of legacy SGIs and
 * targets. With GICv2 the registers of INTIDs 0-31 are banked by PE, and SGIs and targets are here.
 */
#include "gic/gic_priv.h"

#include "base/snap.h"

#define GICD_SIZE 0x10000

enum {
	GICD_CTLR = 0x0000,
	GICD_TYPER = 0x0004,
	GICD_IIDR = 0x0008,
	GICD_TYPER2 = 0x000c,
	GICD_STATUSR = 0x0010,
	GICD_SETSPI_NSR = 0x0040,
	GICD_CLRSPI_NSR = 0x0048,
	GICD_SETSPI_SR = 0x0050,
	GICD_CLRSPI_SR = 0x0058,
	GICD_IGROUPR = 0x0080,
	GICD_IPRIORITYR = 0x0400,
	GICD_ITARGETSR = 0x0800,
	GICD_ICFGR = 0x0c00,
	GICD_IGRPMODR = 0x0d00,
	GICD_NSACR = 0x0e00,
	GICD_SGIR = 0x0f00,
	GICD_CPENDSGIR = 0x0f10,
	GICD_SPENDSGIR = 0x0f20,
	GICD_ID2 = 0x0fd0,
	GICD_IROUTER = 0x6000,
	GICD_ID = 0xffd0,
};

#define ROUTER_MASK	(MASK(39, 31) | MASK(23, 0))
#define GICD_IIDR_VALUE 0x43b /* Arm; product, variant and revision 0 */
#define GICD_PART	0x92

/* One access to the frame. */
struct dist_access {
	struct gic *g;
	struct gic_pe *pe; /* who accesses */
	u64 off;
	unsigned width;
	bool ns; /* it sees only what Non-secure software may */
};

struct dist_range {
	u16 first, end;
	u8 widths;
	u64 (*read)(const struct dist_access *a);	    /* NULL: RAZ */
	void (*write)(const struct dist_access *a, u64 v); /* NULL: WI */
};

static u64 read_ctlr(const struct dist_access *a)
{
	u32 ctlr = a->g->ctlr;

	if (a->g->version == 2) /* the Non-secure view has the enable of Group 1 in bit 0 */
		return a->ns ? bit(ctlr, 1) : ctlr & (GICD_CTLR_GRP0 | GICD_CTLR_GRP1NS);
	if (!a->ns)
		return ctlr;
	/* the Non-secure view: EnableGrp1A in bit 1, ARE_NS in bit 4 */
	return (ctlr & GICD_CTLR_GRP1NS) | GICD_CTLR_ARE_S;
}

static void write_ctlr(const struct dist_access *a, u64 v)
{
	struct gic *g = a->g;
	u32 mask = GICD_CTLR_GRP0 | GICD_CTLR_GRP1NS;

	if (a->ns)
		mask = GICD_CTLR_GRP1NS;
	else if (gic_secured(g) && g->version > 2)
		mask |= GICD_CTLR_GRP1S | GICD_CTLR_E1NWF;
	if (a->ns && g->version == 2)
		v = bit(v, 0) << 1;
	g->ctlr = (g->ctlr & ~mask) | (v & mask);
	if (!a->ns && (v & GICD_CTLR_DS) && gic_secured(g) && g->version > 2) {
		/* cannot be undone but by a reset; bits 2 and 5 are RES0 from now on */
		g->ctlr |= GICD_CTLR_DS;
		g->ctlr &= ~(GICD_CTLR_GRP1S | GICD_CTLR_ARE_NS | GICD_CTLR_E1NWF);
	}
	gic_update_all(g);
}

static u64 read_typer(const struct dist_access *a)
{
	const struct gic *g = a->g;
	u64 v = g->n_words		   /* ITLinesNumber */
		| (u64)gic_secured(g) << 10; /* SecurityExtn */

	if (g->version == 2)
		return v | (g->n_pes - 1) << 5; /* CPUNumber */
	return v | 1 << 16		      /* MBIS: message-based SPIs */
	       | (u64)(g->its != NULL) << 17 /* LPIS; num_LPIs = 0: as many as IDbits tells */
	       | 15 << 19		      /* IDbits: 16 */
	       | 1 << 24;		      /* A3V */
}

static u64 read_iidr(const struct dist_access *a)
{
	return GICD_IIDR_VALUE;
}

static u64 read_id(const struct dist_access *a)
{
	return gic_id_register(a->off, GICD_PART);
}

/*
 * GICD_SETSPI_* and GICD_CLRSPI_*: a message stands for an edge, or for the two levels of an input.
 */
static void write_message(const struct dist_access *a, u64 v)
{
	struct gic *g = a->g;
	u32 id = v & 0x3ff, m = 1u << id % 32;
	bool set = a->off == GICD_SETSPI_NSR || a->off == GICD_SETSPI_SR;
	bool nsr = a->off == GICD_SETSPI_NSR || a->off == GICD_CLRSPI_NSR;
	struct gic_irqs *w;

	if (id < 32 || id / 32 > g->n_words) {
		log_at(g->log, LOG_GUEST, "gicd", "message for INTID %u, which is no SPI", id);
		return;
	}
	if (a->ns && !nsr)
		return;
	w = &g->spi[id / 32 - 1];
	if (!(irqs_visible(g, w, a->ns, set ? 1 : 2) & m))
		return;
	if (!(w->edge & m))
		irqs_set_input(w, id % 32, set);
	else if (set)
		w->latch |= m;
	else
		w->latch &= ~m;
	gic_update_spis(g);
}

/*
 * The 32 interrupts of a register of one bit each; NULL for those not implemented. INTIDs 0-31 are
 * here with GICv2 alone, those of the PE that accesses.
 */
static struct gic_irqs *word(const struct dist_access *a, u64 n)
{
	if (n == 0)
		return a->g->version == 2 ? &a->pe->local : NULL;
	return n <= a->g->n_words ? &a->g->spi[n - 1] : NULL;
}

static void update(const struct dist_access *a, const struct gic_irqs *w)
{
	if (w == &a->pe->local)
		gic_update_local(a->pe);
	else
		gic_update_spis(a->g);
}

static u64 read_bits(const struct dist_access *a)
{
	struct gic_irqs *w = word(a, (a->off & 0x7f) / 4);

	return w ? irqs_read(a->g, w, a->off >> 7, a->ns) : 0;
}

static void write_bits(const struct dist_access *a, u64 v)
{
	struct gic_irqs *w = word(a, (a->off & 0x7f) / 4);
	enum irq_reg kind = a->off >> 7;

	if (!w)
		return;
	/* SGIs are always enabled; their pending bits belong to GICD_SPENDSGIR and GICD_CPENDSGIR */
	if (w == &a->pe->local && kind >= REG_ISENABLER && kind <= REG_ICPENDR)
		v &= ~(u64)GIC_SGIS;
	irqs_write(a->g, w, kind, (u32)v, a->ns);
	update(a, w);
}

static u64 read_prio(const struct dist_access *a)
{
	struct gic_irqs *w = word(a, (a->off - GICD_IPRIORITYR) / 32);

	return w ? irqs_read_prio(a->g, w, a->off % 32, a->width, a->ns) : 0;
}

static void write_prio(const struct dist_access *a, u64 v)
{
	struct gic_irqs *w = word(a, (a->off - GICD_IPRIORITYR) / 32);

	if (!w)
		return;
	irqs_write_prio(a->g, w, a->off % 32, a->width, (u32)v, a->ns);
	update(a, w);
}

static u64 read_cfg(const struct dist_access *a)
{
	struct gic_irqs *w = word(a, (a->off - GICD_ICFGR) / 8);

	return w ? irqs_read_cfg(a->g, w, a->off / 4 % 2, a->ns) : 0;
}

static void write_cfg(const struct dist_access *a, u64 v)
{
	struct gic_irqs *w = word(a, (a->off - GICD_ICFGR) / 8);

	if (!w || a->off == GICD_ICFGR) /* SGIs are edge-triggered */
		return;
	irqs_write_cfg(a->g, w, a->off / 4 % 2, (u32)v, a->ns);
	update(a, w);
}

static u64 read_nsacr(const struct dist_access *a)
{
	struct gic_irqs *w = word(a, (a->off - GICD_NSACR) / 8);
	unsigned low = 32 * (a->off / 4 % 2);

	return w && !a->ns && gic_secured(a->g) ? bits(w->nsacr, 31 + low, low) : 0;
}

static void write_nsacr(const struct dist_access *a, u64 v)
{
	struct gic_irqs *w = word(a, (a->off - GICD_NSACR) / 8);
	unsigned low = 32 * (a->off / 4 % 2);

	if (w && !a->ns && gic_secured(a->g))
		w->nsacr = deposit(w->nsacr, low + 31, low, v);
}

/* The SPI of a GICD_IROUTER that this access may see, or -1. */
static int routed(const struct dist_access *a)
{
	u64 id = (a->off - GICD_IROUTER) / 8;
	struct gic_irqs *w = word(a, id / 32);

	return w && bit(irqs_visible(a->g, w, a->ns, 3), id % 32) ? (int)id - 32 : -1;
}

static u64 read_router(const struct dist_access *a)
{
	int spi = routed(a);

	return spi < 0 ? 0 : gic_part(a->g->irouter[spi], a->off, a->width);
}

static void write_router(const struct dist_access *a, u64 v)
{
	int spi = routed(a);
	u64 *r;

	if (spi < 0)
		return;
	r = &a->g->irouter[spi];
	*r = gic_merge(*r, a->off, v, a->width) & ROUTER_MASK;
	gic_route(a->g, (unsigned)spi);
	gic_update_spis(a->g);
}

/* ---- GICv2 (IHI0048): which PEs take an SPI, and SGIs, which remember who sent them ---- */

/* The interrupts of a register of one byte each that this access may see, as bits. */
static u32 seen_bytes(const struct dist_access *a, const struct gic_irqs *w, unsigned level)
{
	return w ? irqs_visible(a->g, w, a->ns, level) >> a->off % 32 & low_mask(a->width) : 0;
}

/* GICD_ITARGETSR0 to 7 tell a PE its own number. With one PE all are RAZ/WI. */
static u64 read_targets(const struct dist_access *a)
{
	unsigned id = (unsigned)(a->off - GICD_ITARGETSR);
	u32 seen = seen_bytes(a, word(a, id / 32), 3);
	u64 v = 0;

	for (unsigned i = 0; i < a->width && a->g->n_pes > 1; i++)
		if (bit(seen, i))
			v |= (u64)(id < 32 ? 1u << a->pe->index : a->g->itargets[id - 32 + i])
			     << 8 * i;
	return v;
}

static void write_targets(const struct dist_access *a, u64 v)
{
	unsigned id = (unsigned)(a->off - GICD_ITARGETSR);
	u32 seen = seen_bytes(a, word(a, id / 32), 3);

	for (unsigned i = 0; i < a->width && id >= 32 && a->g->n_pes > 1; i++)
		if (bit(seen, i))
			a->g->itargets[id - 32 + i] =
				(u8)(v >> 8 * i & low_mask(a->g->n_pes));
	gic_update_spis(a->g);
}

static void write_sgir(const struct dist_access *a, u64 v)
{
	struct gic *g = a->g;
	unsigned filter = (unsigned)bits(v, 25, 24), id = v & 15;
	u64 targets = filter == 0   ? bits(v, 23, 16)
		      : filter == 1 ? ~BIT(a->pe->index)
		      : filter == 2 ? BIT(a->pe->index)
				    : 0;

	for (unsigned i = 0; i < g->n_pes; i++) {
		enum gic_group grp = gic_group_of(g, &g->pe[i].local, id);

		/* NSATT, for Secure accesses: the group that the SGI must have */
		if (gic_secured(g) && !a->ns)
			grp = bit(v, 15) ? GRP_1NS : GRP_0;
		if (bit(targets, i))
			gic_send_sgi(a->pe, i, id, grp, a->ns);
	}
}

/* GICD_CPENDSGIR and GICD_SPENDSGIR: for each SGI of this PE a byte with a bit for each sender. */
static u64 read_sgi_pending(const struct dist_access *a)
{
	unsigned first = a->off % 16;
	u32 seen = irqs_visible(a->g, &a->pe->local, a->ns, 1) >> first;
	u64 v = 0;

	for (unsigned i = 0; i < a->width; i++)
		if (bit(seen, i))
			v |= (u64)a->pe->sgi_from[first + i] << 8 * i;
	return v;
}

static void write_sgi_pending(const struct dist_access *a, u64 v)
{
	unsigned first = a->off % 16;
	bool set = a->off >= GICD_SPENDSGIR;
	u32 seen = irqs_visible(a->g, &a->pe->local, a->ns, set ? 1 : 2) >> first;

	for (unsigned i = 0; i < a->width; i++) {
		u8 *from = &a->pe->sgi_from[first + i], m = (u8)(v >> 8 * i & low_mask(a->g->n_pes));

		if (!bit(seen, i))
			continue;
		*from = set ? *from | m : *from & ~m;
		gic_latch_sgi(a->pe, first + i);
	}
	gic_update_local(a->pe);
}

static u64 read_id2(const struct dist_access *a)
{
	return gic_id_register2(a->off);
}

/* In order of address. What is not here is reserved. */
static const struct dist_range ranges3[] = {
	{ GICD_CTLR, 0x4, W32, read_ctlr, write_ctlr },
	{ GICD_TYPER, 0x8, W32, read_typer, NULL },
	{ GICD_IIDR, 0xc, W32, read_iidr, NULL },
	{ GICD_TYPER2, 0x10, W32, NULL, NULL },
	{ GICD_STATUSR, 0x14, W32, NULL, NULL },
	{ GICD_SETSPI_NSR, 0x44, W16 | W32, NULL, write_message },
	{ GICD_CLRSPI_NSR, 0x4c, W16 | W32, NULL, write_message },
	{ GICD_SETSPI_SR, 0x54, W16 | W32, NULL, write_message },
	{ GICD_CLRSPI_SR, 0x5c, W16 | W32, NULL, write_message },
	{ GICD_IGROUPR, GICD_IPRIORITYR, W32, read_bits, write_bits },
	{ GICD_IPRIORITYR, GICD_ITARGETSR, W8 | W32, read_prio, write_prio },
	{ GICD_ITARGETSR, GICD_ICFGR, W8 | W32, NULL, NULL },
	{ GICD_ICFGR, GICD_IGRPMODR, W32, read_cfg, write_cfg },
	{ GICD_IGRPMODR, 0x0d80, W32, read_bits, write_bits },
	{ GICD_NSACR, GICD_SGIR, W32, read_nsacr, write_nsacr },
	{ GICD_SGIR, 0xf04, W32, NULL, NULL },
	{ GICD_CPENDSGIR, 0xf30, W8 | W32, NULL, NULL },
	{ GICD_IROUTER, 0x8000, W32 | W64, read_router, write_router },
	{ GICD_ID, 0xffff, W32, read_id, NULL },
};

static const struct dist_range ranges2[] = {
	{ GICD_CTLR, 0x4, W32, read_ctlr, write_ctlr },
	{ GICD_TYPER, 0x8, W32, read_typer, NULL },
	{ GICD_IIDR, 0xc, W32, read_iidr, NULL },
	{ GICD_IGROUPR, GICD_IPRIORITYR, W32, read_bits, write_bits },
	{ GICD_IPRIORITYR, GICD_ITARGETSR, W8 | W32, read_prio, write_prio },
	{ GICD_ITARGETSR, GICD_ICFGR, W8 | W32, read_targets, write_targets },
	{ GICD_ICFGR, GICD_IGRPMODR, W32, read_cfg, write_cfg },
	{ GICD_NSACR, GICD_SGIR, W32, read_nsacr, write_nsacr },
	{ GICD_SGIR, 0xf04, W32, NULL, write_sgir },
	{ GICD_CPENDSGIR, 0xf30, W8 | W32, read_sgi_pending, write_sgi_pending },
	{ GICD_ID2, 0x1000, W32, read_id2, NULL },
};

/* A reserved offset or a width that the register does not take: RAZ/WI with a word to the log. */
static const struct dist_range *find_range(const struct gic *g, u64 off, unsigned width)
{
	const struct dist_range *r = g->version == 2 ? ranges2 : ranges3;
	size_t n = g->version == 2 ? ARRAY_SIZE(ranges2) : ARRAY_SIZE(ranges3);

	for (size_t i = 0; i < n; i++)
		if (off >= r[i].first && off < r[i].end && (r[i].widths & width))
			return &r[i];
	log_at(g->log, LOG_GUEST, "gicd", "access of %u bytes to offset %#" PRIx64, width, off);
	return NULL;
}

static u64 dist_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	const struct dist_access a = { dev, gic_requester(dev, at), off, width,
				       gic_ns_access(dev, at) };
	const struct dist_range *r = find_range(dev, off, width);

	return r && r->read ? r->read(&a) : 0;
}

static void dist_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	const struct dist_access a = { dev, gic_requester(dev, at), off, width,
				       gic_ns_access(dev, at) };
	const struct dist_range *r = find_range(dev, off, width);

	if (r && r->write)
		r->write(&a, v);
}

static void dist_reset(void *dev)
{
	struct gic *g = dev;

	/* DS stands for "one security state" with GICv2 too, where no register shows it */
	g->ctlr = g->two_states ? 0 : GICD_CTLR_DS;
	if (g->version > 2)
		g->ctlr |= GICD_CTLR_ARE_S | (g->two_states ? GICD_CTLR_ARE_NS : 0);
	for (unsigned w = 0; w < g->n_words; w++)
		g->spi[w] = (struct gic_irqs){ .level = g->spi[w].level };
	for (unsigned spi = 0; spi < 32 * g->n_words; spi++) {
		g->irouter[spi] = 0;
		g->itargets[spi] = g->n_pes == 1;
		gic_route(g, spi);
	}
	gic_update_all(g);
}

static void dist_snap(void *dev, struct snap *s)
{
	struct gic *g = dev;

	snap_section(s, "gicd", 5);
	for (size_t i = 0; i < gic_stat_rows_n; i++)
		snap_u64(s, (u64 *)((char *)&g->stats + gic_stat_rows[i].offset));
	tally_snap(s, &g->raised, GIC_INTIDS);
	snap_u32(s, &g->ctlr);
	snap_bool(s, &g->firmware);
	for (unsigned w = 0; w < g->n_words; w++)
		irqs_snap(&g->spi[w], s);
	for (unsigned spi = 0; spi < 32 * g->n_words; spi++)
		snap_u64(s, &g->irouter[spi]);
	snap_bytes(s, g->itargets, 32 * g->n_words);
	lpi_snap_config(g, s);
	if (!s->loading)
		return;
	for (unsigned spi = 0; spi < 32 * g->n_words; spi++)
		gic_route(g, spi);
	gic_recompute(g);
}

const struct device_ops gic_dist_ops = {
	.name = "gicv3-dist",
	.size = GICD_SIZE,
	.widths = W8 | W16 | W32 | W64,
	.read = dist_read,
	.write = dist_write,
	.reset = dist_reset,
	.snap = dist_snap,
};

const struct device_ops gic_dist2_ops = {
	.name = "gicv2-dist",
	.size = 0x1000,
	.widths = W8 | W16 | W32,
	.read = dist_read,
	.write = dist_write,
	.reset = dist_reset,
	.snap = dist_snap,
};
