/*
 * A redistributor: RD_base (identification, wake-up, where the LPI tables are) and SGI_base (SGIs
 * and PPIs of one PE). GICR_TYPER.DirectLPI and GICR_CTLR.IR are 0: LPIs come from an ITS alone, and
 * GICR_SETLPIR to GICR_SYNCR are RAZ/WI.
 */
#include "gic/gic_priv.h"

#include "base/snap.h"

#define GICR_SIZE 0x20000
#define SGI_BASE  0x10000

enum {
	GICR_CTLR = 0x00,
	GICR_IIDR = 0x04,
	GICR_TYPER = 0x08,
	GICR_STATUSR = 0x10,
	GICR_WAKER = 0x14,
	GICR_SETLPIR = 0x40,
	GICR_PROPBASER = 0x70,
	GICR_PENDBASER = 0x78,
	GICR_INVLPIR = 0xa0, /* to GICR_SYNCR, up to 0xc4 */
	GICR_ID = 0xffd0,
	GICR_IGROUPR0 = SGI_BASE + 0x80,
	GICR_IPRIORITYR = SGI_BASE + 0x400,
	GICR_ICFGR0 = SGI_BASE + 0xc00,
	GICR_IGRPMODR0 = SGI_BASE + 0xd00,
	GICR_NSACR = SGI_BASE + 0xe00,
};

#define GICR_PART 0x93

#define PROPBASER_MASK (MASK(58, 56) | MASK(51, 7) | MASK(4, 0))
#define PENDBASER_MASK (MASK(58, 56) | MASK(51, 16) | MASK(11, 7)) /* PTZ is acted on in lpi.c */
#define PENDBASER_PTZ  BIT(62)


struct redist_range {
	u32 first, end;
	u8 widths;
	u64 (*read)(struct gic_pe *p, u64 off, unsigned width, bool ns);	  /* NULL: RAZ */
	void (*write)(struct gic_pe *p, u64 off, u64 v, unsigned width, bool ns); /* NULL: WI */
};

static u64 read_iidr(struct gic_pe *p, u64 off, unsigned width, bool ns)
{
	return 0x43b;
}

static u64 read_typer(struct gic_pe *p, u64 off, unsigned width, bool ns)
{
	u64 mpidr = p->cpu ? p->cpu->mpidr : 0;
	u64 affinity = bits(mpidr, 39, 32) << 24 | bits(mpidr, 23, 0);
	u64 v = affinity << 32 | (u64)p->index << 8 |
		(u64)(p->index + 1 == p->g->n_pes) << 4 /* Last */ |
		(p->lpi ? 1 | 1 << 24 : 0) /* PLPIS; CommonLPIAff: the same Aff3 */;

	return gic_part(v, off, width);
}

static u64 read_ctlr(struct gic_pe *p, u64 off, unsigned width, bool ns)
{
	return p->gicr_ctlr | (p->lpi ? GICR_CTLR_CES : 0);
}

static void write_ctlr(struct gic_pe *p, u64 off, u64 v, unsigned width, bool ns)
{
	bool on = v & GICR_CTLR_ENABLE_LPIS;

	if (p->lpi && on != !!(p->gicr_ctlr & GICR_CTLR_ENABLE_LPIS))
		lpi_enable(p, on);
}

static u64 read_propbaser(struct gic_pe *p, u64 off, unsigned width, bool ns)
{
	return gic_part(p->propbaser, off, width);
}

/* While LPIs are enabled a write of either is UNPREDICTABLE (IHI0069 12.11): ignored here. */
static bool tables_writable(const struct gic_pe *p)
{
	return p->lpi && !(p->gicr_ctlr & GICR_CTLR_ENABLE_LPIS);
}

static void write_propbaser(struct gic_pe *p, u64 off, u64 v, unsigned width, bool ns)
{
	if (tables_writable(p))
		p->propbaser = gic_merge(p->propbaser, off, v, width) & PROPBASER_MASK;
}

/* PTZ reads as 0. */
static u64 read_pendbaser(struct gic_pe *p, u64 off, unsigned width, bool ns)
{
	return gic_part(p->pendbaser & ~PENDBASER_PTZ, off, width);
}

static void write_pendbaser(struct gic_pe *p, u64 off, u64 v, unsigned width, bool ns)
{
	if (tables_writable(p))
		p->pendbaser = gic_merge(p->pendbaser, off, v, width) &
			       (PENDBASER_MASK | PENDBASER_PTZ);
}

static u64 read_waker(struct gic_pe *p, u64 off, unsigned width, bool ns)
{
	return ns ? 0 : p->waker;
}

/* The CPU interface follows at once: ChildrenAsleep = ProcessorSleep. */
static void write_waker(struct gic_pe *p, u64 off, u64 v, unsigned width, bool ns)
{
	if (ns)
		return;
	p->waker = v & GICR_WAKER_SLEEP ? GICR_WAKER_SLEEP | GICR_WAKER_ASLEEP : 0;
	gic_update_all(p->g);
}

static u64 read_id(struct gic_pe *p, u64 off, unsigned width, bool ns)
{
	return gic_id_register(off, GICR_PART);
}

static u64 read_bits(struct gic_pe *p, u64 off, unsigned width, bool ns)
{
	return off & 0x7f ? 0 : irqs_read(p->g, &p->local, (off - SGI_BASE) >> 7, ns);
}

static void write_bits(struct gic_pe *p, u64 off, u64 v, unsigned width, bool ns)
{
	if (off & 0x7f)
		return;
	irqs_write(p->g, &p->local, (off - SGI_BASE) >> 7, (u32)v, ns);
	gic_update_local(p);
}

static u64 read_prio(struct gic_pe *p, u64 off, unsigned width, bool ns)
{
	return irqs_read_prio(p->g, &p->local, off % 32, width, ns);
}

static void write_prio(struct gic_pe *p, u64 off, u64 v, unsigned width, bool ns)
{
	irqs_write_prio(p->g, &p->local, off % 32, width, (u32)v, ns);
	gic_update_local(p);
}

static u64 read_cfg(struct gic_pe *p, u64 off, unsigned width, bool ns)
{
	return irqs_read_cfg(p->g, &p->local, off / 4 % 2, ns);
}

static void write_cfg(struct gic_pe *p, u64 off, u64 v, unsigned width, bool ns)
{
	if (off == GICR_ICFGR0) /* SGIs are edge-triggered */
		return;
	irqs_write_cfg(p->g, &p->local, 1, (u32)v, ns);
	gic_update_local(p);
}

static u64 read_nsacr(struct gic_pe *p, u64 off, unsigned width, bool ns)
{
	return ns || !gic_secured(p->g) ? 0 : (u32)p->local.nsacr;
}

static void write_nsacr(struct gic_pe *p, u64 off, u64 v, unsigned width, bool ns)
{
	if (!ns && gic_secured(p->g))
		p->local.nsacr = (u32)v;
}

static const struct redist_range ranges[] = {
	{ GICR_CTLR, 0x04, W32, read_ctlr, write_ctlr },
	{ GICR_IIDR, 0x08, W32, read_iidr, NULL },
	{ GICR_TYPER, 0x10, W32 | W64, read_typer, NULL },
	{ GICR_STATUSR, 0x14, W32, NULL, NULL },
	{ GICR_WAKER, 0x18, W32, read_waker, write_waker },
	{ GICR_SETLPIR, GICR_PROPBASER, W32 | W64, NULL, NULL },
	{ GICR_PROPBASER, GICR_PENDBASER, W32 | W64, read_propbaser, write_propbaser },
	{ GICR_PENDBASER, 0x80, W32 | W64, read_pendbaser, write_pendbaser },
	{ GICR_INVLPIR, 0xc4, W32 | W64, NULL, NULL },
	{ GICR_ID, 0x10000, W32, read_id, NULL },
	{ GICR_IGROUPR0, GICR_IPRIORITYR, W32, read_bits, write_bits },
	{ GICR_IPRIORITYR, GICR_IPRIORITYR + 32, W8 | W32, read_prio, write_prio },
	{ GICR_ICFGR0, GICR_ICFGR0 + 8, W32, read_cfg, write_cfg },
	{ GICR_IGRPMODR0, GICR_IGRPMODR0 + 4, W32, read_bits, write_bits },
	{ GICR_NSACR, GICR_NSACR + 4, W32, read_nsacr, write_nsacr },
};

static const struct redist_range *find_range(const struct gic_pe *p, u64 off, unsigned width)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (off >= ranges[i].first && off < ranges[i].end && (ranges[i].widths & width))
			return &ranges[i];
	log_at(p->g->log, LOG_GUEST, "gicr", "access of %u bytes to offset %#" PRIx64, width, off);
	return NULL;
}

static u64 redist_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	struct gic_pe *p = dev;
	const struct redist_range *r = find_range(p, off, width);

	return r && r->read ? r->read(p, off, width, gic_ns_access(p->g, at)) : 0;
}

static void redist_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct gic_pe *p = dev;
	const struct redist_range *r = find_range(p, off, width);

	if (r && r->write)
		r->write(p, off, v, width, gic_ns_access(p->g, at));
}

/* Redistributor and CPU interface: both are the PE's. */
static void redist_reset(void *dev)
{
	gic_reset_pe(dev);
}

static void redist_snap(void *dev, struct snap *s)
{
	struct gic_pe *p = dev;

	snap_section(s, "gicr", 5);
	gic_snap_pe(p, s);
}

const struct device_ops gic_redist_ops = {
	.name = "gicv3-redist",
	.size = GICR_SIZE,
	.widths = W8 | W16 | W32 | W64,
	.read = redist_read,
	.write = redist_write,
	.reset = redist_reset,
	.snap = redist_snap,
};
