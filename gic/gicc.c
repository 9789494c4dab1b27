/*
 * GICC: the physical CPU interface of GICv2 (IHI0048 4.4), a frame banked by PE and security state.
 * What its registers do is in cpuif.c. Interrupt bypass is not modelled: its bits can be written and
 * do nothing. Called through the bus.
 */
#include "gic/gic_priv.h"

#include "base/snap.h"

enum {
	GICC_CTLR = 0x00,
	GICC_PMR = 0x04,
	GICC_BPR = 0x08,
	GICC_IAR = 0x0c,
	GICC_EOIR = 0x10,
	GICC_RPR = 0x14,
	GICC_HPPIR = 0x18,
	GICC_ABPR = 0x1c,
	GICC_AIAR = 0x20,
	GICC_AEOIR = 0x24,
	GICC_AHPPIR = 0x28,
	GICC_APR0 = 0xd0,
	GICC_NSAPR0 = 0xe0,
	GICC_IIDR = 0xfc,
	GICC_DIR = 0x1000,
};

#define CTLR_ENABLE0	(1u << 0)
#define CTLR_ENABLE1	(1u << 1)
#define CTLR_CBPR	(1u << 4)
#define CTLR_BYPASS	(0xfu << 5)
#define CTLR_EOIMODE_S	(1u << 9)
#define CTLR_EOIMODE_NS (1u << 10)
#define CTLR_KEPT	(GICC_CTLR_ACKCTL | GICC_CTLR_FIQEN | CTLR_BYPASS)

/* The Non-secure view: EnableGrp1, the bypass bits of Group 1, EOImodeNS. */
#define NS_ENABLE  (1u << 0)
#define NS_BYPASS  (3u << 5)
#define NS_EOIMODE (1u << 9)

#define GICC_IIDR_VALUE 0x0002043b /* Arm, architecture version 2 */

/* ns: the access sees only what Non-secure software may; offset: of the register */
struct gicc_register {
	u16 offset;
	u64 (*read)(struct gic_pe *p, bool ns);		 /* NULL: RAZ */
	void (*write)(struct gic_pe *p, u32 v, bool ns); /* NULL: WI */
};

static u64 read_ctlr(struct gic_pe *p, bool ns)
{
	if (ns)
		return p->grpen[GRP_1NS] | (p->gicc_ctlr >> 2 & NS_BYPASS) |
		       (p->ctlr[1] & ICC_CTLR_EOIMODE ? NS_EOIMODE : 0);
	return p->grpen[GRP_0] | p->grpen[GRP_1NS] << 1 | p->gicc_ctlr |
	       (p->ctlr[1] & ICC_CTLR_CBPR ? CTLR_CBPR : 0) |
	       (p->ctlr[0] & ICC_CTLR_EOIMODE ? CTLR_EOIMODE_S : 0) |
	       (gic_secured(p->g) && (p->ctlr[1] & ICC_CTLR_EOIMODE) ? CTLR_EOIMODE_NS : 0);
}

static void write_ctlr(struct gic_pe *p, u32 v, bool ns)
{
	bool eoimode_ns = v & (ns ? NS_EOIMODE : CTLR_EOIMODE_NS);
	u8 cbpr = v & CTLR_CBPR ? ICC_CTLR_CBPR : 0;

	if (ns) {
		p->grpen[GRP_1NS] = v & NS_ENABLE;
		p->gicc_ctlr = (p->gicc_ctlr & ~(NS_BYPASS << 2)) | (v & NS_BYPASS) << 2;
		cbpr = p->ctlr[1] & ICC_CTLR_CBPR;
	} else {
		p->grpen[GRP_0] = v & CTLR_ENABLE0;
		p->grpen[GRP_1NS] = !!(v & CTLR_ENABLE1);
		p->gicc_ctlr = v & CTLR_KEPT;
		p->ctlr[0] = v & CTLR_EOIMODE_S ? ICC_CTLR_EOIMODE : 0;
	}
	p->ctlr[1] = cbpr | (eoimode_ns && gic_secured(p->g) ? ICC_CTLR_EOIMODE : 0);
	gic_update_all(p->g);
}

static u64 read_pmr(struct gic_pe *p, bool ns)
{
	return cpuif_read_pmr(p, ns);
}

static void write_pmr(struct gic_pe *p, u32 v, bool ns)
{
	cpuif_write_pmr(p, (u8)v, ns);
}

/* With a common binary point Non-secure software reads that of Group 0, plus one, and writes nothing. */
static u64 read_bpr(struct gic_pe *p, bool ns)
{
	if (!ns)
		return p->bpr[GRP_0];
	if (p->ctlr[1] & ICC_CTLR_CBPR)
		return p->bpr[GRP_0] < 7 ? p->bpr[GRP_0] + 1 : 7;
	return p->bpr[GRP_1NS];
}

static void write_bpr(struct gic_pe *p, u32 v, bool ns)
{
	if (!ns)
		cpuif_write_bpr(p, GRP_0, v & 7);
	else if (!(p->ctlr[1] & ICC_CTLR_CBPR))
		cpuif_write_bpr(p, GRP_1NS, v & 7);
}

static u64 read_abpr(struct gic_pe *p, bool ns)
{
	return ns ? 0 : p->bpr[GRP_1NS];
}

static void write_abpr(struct gic_pe *p, u32 v, bool ns)
{
	if (!ns)
		cpuif_write_bpr(p, GRP_1NS, v & 7);
}

/* IHI0048 3.8.2: what this view may know of candidate b. alias: GICC_AIAR and GICC_AHPPIR. */
static u32 visible(const struct gic_pe *p, struct gic_best b, bool ns, bool alias)
{
	if (b.prio == 0xff || (b.group == GRP_0 && (ns || alias)))
		return INTID_SPURIOUS;
	if (b.group != GRP_0 && !ns && !alias && !(p->gicc_ctlr & GICC_CTLR_ACKCTL))
		return INTID_GROUP1;
	return cpuif_intid(p, b);
}

static u64 acknowledge(struct gic_pe *p, bool ns, bool alias)
{
	struct gic_best b = cpuif_best(p);
	u32 id = INTID_SPURIOUS;

	if (b.prio != 0xff && cpuif_can_preempt(p, b))
		id = visible(p, b, ns, alias);
	return (id & 0x3ff) < INTID_SECURE ? cpuif_ack(p, b) : id;
}

static u64 read_iar(struct gic_pe *p, bool ns)
{
	return acknowledge(p, ns, false);
}

static u64 read_aiar(struct gic_pe *p, bool ns)
{
	return ns ? 0 : acknowledge(p, ns, true);
}

static u64 read_hppir(struct gic_pe *p, bool ns)
{
	return visible(p, cpuif_best(p), ns, false);
}

static u64 read_ahppir(struct gic_pe *p, bool ns)
{
	return ns ? 0 : visible(p, cpuif_best(p), ns, true);
}

static u64 read_rpr(struct gic_pe *p, bool ns)
{
	return cpuif_read_rpr(p, ns);
}

static bool split(const struct gic_pe *p, bool ns)
{
	return p->ctlr[ns] & ICC_CTLR_EOIMODE;
}

static void end(struct gic_pe *p, u32 v, bool ns, bool alias)
{
	u32 id = v & 0x3ff;
	unsigned level;
	enum gic_group grp = cpuif_running(p, &level);
	bool group1 = ns || alias;

	if (id >= INTID_SECURE)
		return;
	if (grp == GRP_1NS && (p->gicc_ctlr & GICC_CTLR_ACKCTL))
		group1 = true;
	if (!gic_find(p, id) || grp == GRP_COUNT || (grp == GRP_1NS) != group1) {
		log_at(p->g->log, LOG_GUEST, "gicc",
		       "PE %u: end of interrupt %u does not end the running interrupt", p->index,
		       id);
		return;
	}
	apr_drop(p->apr[grp]);
	if (!split(p, ns))
		cpuif_deactivate(p, id);
	cpuif_update(p);
}

static void write_eoir(struct gic_pe *p, u32 v, bool ns)
{
	end(p, v, ns, false);
}

static void write_aeoir(struct gic_pe *p, u32 v, bool ns)
{
	if (!ns)
		end(p, v, ns, true);
}

static void write_dir(struct gic_pe *p, u32 v, bool ns)
{
	u32 id = v & 0x3ff;
	const struct gic_irqs *w = gic_find(p, id);

	if (!w || !split(p, ns)) {
		log_at(p->g->log, LOG_GUEST, "gicc", "PE %u: GICC_DIR = %u %s", p->index, id,
		       w ? "with EOImode 0" : "is no interrupt");
		return;
	}
	if (!ns || gic_group_of(p->g, w, id % 32) == GRP_1NS)
		cpuif_deactivate(p, id);
}

/* Non-secure software sees the lower half of the levels, from bit 0 on. */
static u64 read_apr(struct gic_pe *p, bool ns)
{
	return ns ? p->apr[GRP_1NS][0] >> 16 : p->apr[GRP_0][0];
}

static void write_apr(struct gic_pe *p, u32 v, bool ns)
{
	if (ns)
		p->apr[GRP_1NS][0] = (p->apr[GRP_1NS][0] & 0xffff) | v << 16;
	else
		p->apr[GRP_0][0] = v;
	cpuif_update(p);
}

static u64 read_nsapr(struct gic_pe *p, bool ns)
{
	return ns ? 0 : p->apr[GRP_1NS][0];
}

static void write_nsapr(struct gic_pe *p, u32 v, bool ns)
{
	if (!ns)
		p->apr[GRP_1NS][0] = v;
	cpuif_update(p);
}

static u64 read_iidr(struct gic_pe *p, bool ns)
{
	return GICC_IIDR_VALUE;
}

static const struct gicc_register registers[] = {
	{ GICC_CTLR, read_ctlr, write_ctlr },
	{ GICC_PMR, read_pmr, write_pmr },
	{ GICC_BPR, read_bpr, write_bpr },
	{ GICC_IAR, read_iar, NULL },
	{ GICC_EOIR, NULL, write_eoir },
	{ GICC_RPR, read_rpr, NULL },
	{ GICC_HPPIR, read_hppir, NULL },
	{ GICC_ABPR, read_abpr, write_abpr },
	{ GICC_AIAR, read_aiar, NULL },
	{ GICC_AEOIR, NULL, write_aeoir },
	{ GICC_AHPPIR, read_ahppir, NULL },
	{ GICC_APR0, read_apr, write_apr },
	{ GICC_NSAPR0, read_nsapr, write_nsapr },
	{ GICC_IIDR, read_iidr, NULL },
	{ GICC_DIR, NULL, write_dir },
};

static const struct gicc_register *find(const struct gic *g, u64 off)
{
	for (size_t i = 0; i < ARRAY_SIZE(registers); i++)
		if (registers[i].offset == off)
			return &registers[i];
	log_at(g->log, LOG_GUEST, "gicc", "access to offset %#" PRIx64, off);
	return NULL;
}

static u64 gicc_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	struct gic_pe *p = gic_requester(dev, at);
	const struct gicc_register *r = find(dev, off);

	/* a debugger's look must not acknowledge */
	if (!r || !r->read || (at.debug && (off == GICC_IAR || off == GICC_AIAR)))
		return 0;
	return r->read(p, gic_ns_access(dev, at));
}

static void gicc_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	const struct gicc_register *r = find(dev, off);

	if (r && r->write)
		r->write(gic_requester(dev, at), (u32)v, gic_ns_access(dev, at));
}

static void gicc_reset(void *dev)
{
	struct gic *g = dev;

	for (unsigned i = 0; i < g->n_pes; i++)
		gic_reset_pe(&g->pe[i]);
}

static void gicc_snap(void *dev, struct snap *s)
{
	struct gic *g = dev;

	snap_section(s, "gicc", 3);
	for (unsigned i = 0; i < g->n_pes; i++)
		gic_snap_pe(&g->pe[i], s);
}

const struct device_ops gic_cpuif_ops = {
	.name = "gicv2-cpuif",
	.size = 0x2000,
	.widths = W32,
	.read = gicc_read,
	.write = gicc_write,
	.reset = gicc_reset,
	.snap = gicc_snap,
};
