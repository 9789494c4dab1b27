/*
 * The distributor frame: SPIs and the controls of all interrupts. With affinity routing always on,
 * the registers of INTIDs 0-31 here are RAZ/WI, and so are those of legacy SGIs and targets.
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
	GICD_IROUTER = 0x6000,
	GICD_ID = 0xffd0,
};

#define ROUTER_MASK	(MASK(39, 31) | MASK(23, 0))
#define GICD_IIDR_VALUE 0x43b /* Arm; product, variant and revision 0 */
#define GICD_PART	0x92

struct dist_range {
	u16 first, end;
	u8 widths;
	u64 (*read)(struct gic *g, u64 off, unsigned width, bool ns);	       /* NULL: RAZ */
	void (*write)(struct gic *g, u64 off, u64 v, unsigned width, bool ns); /* NULL: WI */
};

static u64 read_ctlr(struct gic *g, u64 off, unsigned width, bool ns)
{
	if (!ns)
		return g->ctlr;
	/* the Non-secure view: EnableGrp1A in bit 1, ARE_NS in bit 4 */
	return (g->ctlr & GICD_CTLR_GRP1NS) | GICD_CTLR_ARE_S;
}

static void write_ctlr(struct gic *g, u64 off, u64 v, unsigned width, bool ns)
{
	u32 mask = GICD_CTLR_GRP0 | GICD_CTLR_GRP1NS;

	if (ns)
		mask = GICD_CTLR_GRP1NS;
	else if (gic_secured(g))
		mask |= GICD_CTLR_GRP1S | GICD_CTLR_E1NWF;
	g->ctlr = (g->ctlr & ~mask) | (v & mask);
	if (!ns && (v & GICD_CTLR_DS) && gic_secured(g)) {
		/* cannot be undone but by a reset; bits 2 and 5 are RES0 from now on */
		g->ctlr |= GICD_CTLR_DS;
		g->ctlr &= ~(GICD_CTLR_GRP1S | GICD_CTLR_ARE_NS | GICD_CTLR_E1NWF);
	}
	gic_update_all(g);
}

static u64 read_typer(struct gic *g, u64 off, unsigned width, bool ns)
{
	return g->n_words		   /* ITLinesNumber */
	       | (u64)gic_secured(g) << 10 /* SecurityExtn */
	       | 1 << 16		   /* MBIS: message-based SPIs */
	       | (u64)(g->its != NULL) << 17 /* LPIS; num_LPIs = 0: as many as IDbits tells */
	       | 15 << 19		   /* IDbits: 16 */
	       | 1 << 24;		   /* A3V */
}

static u64 read_iidr(struct gic *g, u64 off, unsigned width, bool ns)
{
	return GICD_IIDR_VALUE;
}

static u64 read_id(struct gic *g, u64 off, unsigned width, bool ns)
{
	return gic_id_register(off, GICD_PART);
}

/*
 * GICD_SETSPI_* and GICD_CLRSPI_*: a message stands for an edge, or for the two levels of an input.
 */
static void write_message(struct gic *g, u64 off, u64 v, unsigned width, bool ns)
{
	u32 id = v & 0x3ff, m = 1u << id % 32;
	bool set = off == GICD_SETSPI_NSR || off == GICD_SETSPI_SR;
	bool nsr = off == GICD_SETSPI_NSR || off == GICD_CLRSPI_NSR;
	struct gic_irqs *w;

	if (id < 32 || id / 32 > g->n_words) {
		log_at(g->log, LOG_GUEST, "gicd", "message for INTID %u, which is no SPI", id);
		return;
	}
	if (ns && !nsr)
		return;
	w = &g->spi[id / 32 - 1];
	if (!(irqs_visible(g, w, ns, set ? 1 : 2) & m))
		return;
	if (!(w->edge & m))
		irqs_set_input(w, id % 32, set);
	else if (set)
		w->latch |= m;
	else
		w->latch &= ~m;
	gic_update_spis(g);
}

/* The 32 SPIs of a register of one bit each; NULL for INTIDs 0-31 and those not implemented. */
static struct gic_irqs *word(struct gic *g, u64 n)
{
	return n >= 1 && n <= g->n_words ? &g->spi[n - 1] : NULL;
}

static u64 read_bits(struct gic *g, u64 off, unsigned width, bool ns)
{
	struct gic_irqs *w = word(g, (off & 0x7f) / 4);

	return w ? irqs_read(g, w, off >> 7, ns) : 0;
}

static void write_bits(struct gic *g, u64 off, u64 v, unsigned width, bool ns)
{
	struct gic_irqs *w = word(g, (off & 0x7f) / 4);

	if (!w)
		return;
	irqs_write(g, w, off >> 7, (u32)v, ns);
	gic_update_spis(g);
}

static u64 read_prio(struct gic *g, u64 off, unsigned width, bool ns)
{
	struct gic_irqs *w = word(g, (off - GICD_IPRIORITYR) / 32);

	return w ? irqs_read_prio(g, w, off % 32, width, ns) : 0;
}

static void write_prio(struct gic *g, u64 off, u64 v, unsigned width, bool ns)
{
	struct gic_irqs *w = word(g, (off - GICD_IPRIORITYR) / 32);

	if (!w)
		return;
	irqs_write_prio(g, w, off % 32, width, (u32)v, ns);
	gic_update_spis(g);
}

static u64 read_cfg(struct gic *g, u64 off, unsigned width, bool ns)
{
	struct gic_irqs *w = word(g, (off - GICD_ICFGR) / 8);

	return w ? irqs_read_cfg(g, w, off / 4 % 2, ns) : 0;
}

static void write_cfg(struct gic *g, u64 off, u64 v, unsigned width, bool ns)
{
	struct gic_irqs *w = word(g, (off - GICD_ICFGR) / 8);

	if (!w)
		return;
	irqs_write_cfg(g, w, off / 4 % 2, (u32)v, ns);
	gic_update_spis(g);
}

static u64 read_nsacr(struct gic *g, u64 off, unsigned width, bool ns)
{
	struct gic_irqs *w = word(g, (off - GICD_NSACR) / 8);

	return w && !ns && gic_secured(g)
		       ? bits(w->nsacr, 31 + 32 * (off / 4 % 2), 32 * (off / 4 % 2))
		       : 0;
}

static void write_nsacr(struct gic *g, u64 off, u64 v, unsigned width, bool ns)
{
	struct gic_irqs *w = word(g, (off - GICD_NSACR) / 8);
	unsigned low = 32 * (off / 4 % 2);

	if (w && !ns && gic_secured(g))
		w->nsacr = deposit(w->nsacr, low + 31, low, v);
}

/* The SPI of a GICD_IROUTER that this access may see, or -1. */
static int routed(struct gic *g, u64 off, bool ns)
{
	u64 id = (off - GICD_IROUTER) / 8;
	struct gic_irqs *w = word(g, id / 32);

	return w && bit(irqs_visible(g, w, ns, 3), id % 32) ? (int)id - 32 : -1;
}

static u64 read_router(struct gic *g, u64 off, unsigned width, bool ns)
{
	int spi = routed(g, off, ns);
	u64 v = spi < 0 ? 0 : g->irouter[spi];

	return gic_part(v, off, width);
}

static void write_router(struct gic *g, u64 off, u64 v, unsigned width, bool ns)
{
	int spi = routed(g, off, ns);

	if (spi < 0)
		return;
	g->irouter[spi] = gic_merge(g->irouter[spi], off, v, width) & ROUTER_MASK;
	gic_route(g, (unsigned)spi);
	gic_update_spis(g);
}

/* In order of address. What is not here is reserved. */
static const struct dist_range ranges[] = {
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

/* A reserved offset or a width that the register does not take: RAZ/WI with a word to the log. */
static const struct dist_range *find_range(const struct gic *g, u64 off, unsigned width)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (off >= ranges[i].first && off < ranges[i].end && (ranges[i].widths & width))
			return &ranges[i];
	log_at(g->log, LOG_GUEST, "gicd", "access of %u bytes to offset %#" PRIx64, width, off);
	return NULL;
}

static u64 dist_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	struct gic *g = dev;
	const struct dist_range *r = find_range(g, off, width);

	return r && r->read ? r->read(g, off, width, gic_ns_access(g, at)) : 0;
}

static void dist_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct gic *g = dev;
	const struct dist_range *r = find_range(g, off, width);

	if (r && r->write)
		r->write(g, off, v, width, gic_ns_access(g, at));
}

static void dist_reset(void *dev)
{
	struct gic *g = dev;

	g->ctlr = GICD_CTLR_ARE_S | (g->two_states ? GICD_CTLR_ARE_NS : GICD_CTLR_DS);
	for (unsigned w = 0; w < g->n_words; w++)
		g->spi[w] = (struct gic_irqs){ .level = g->spi[w].level };
	for (unsigned spi = 0; spi < 32 * g->n_words; spi++) {
		g->irouter[spi] = 0;
		gic_route(g, spi);
	}
	gic_update_all(g);
}

static void dist_snap(void *dev, struct snap *s)
{
	struct gic *g = dev;

	snap_section(s, "gicd", 2);
	snap_u32(s, &g->ctlr);
	for (unsigned w = 0; w < g->n_words; w++)
		irqs_snap(&g->spi[w], s);
	for (unsigned spi = 0; spi < 32 * g->n_words; spi++)
		snap_u64(s, &g->irouter[spi]);
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
