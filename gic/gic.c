/*
 * The GIC as a whole: making and wiring it, and who gets which interrupt. For each PE the best
 * candidate among its own SGIs and PPIs and among the SPIs routed to it is kept, and computed again
 * only when a register or an input of that set changes; a register access of a CPU interface then
 * costs a few compares. LPIs are the third such set (lpi.c).
 */
#include "gic/gic_priv.h"

#include <stdlib.h>

#include "base/snap.h"

#define AFFINITY_MASK (MASK(39, 32) | MASK(23, 0))
#define IROUTER_IRM   BIT(31)

struct gic *gic_new(const struct gic_config *config)
{
	struct gic *g;

	if (config->version < 2 || config->version > 3 || !config->n_pes ||
	    config->n_pes > (config->version == 2 ? GICV2_PES : 512) || config->n_spis % 32 ||
	    config->n_spis > 32 * GIC_MAX_WORDS)
		return NULL;
	g = calloc(1, sizeof *g + config->n_pes * sizeof g->pe[0]);
	if (!g)
		return NULL;
	g->log = config->log;
	g->version = config->version;
	g->n_pes = config->n_pes;
	g->n_words = config->n_spis / 32;
	g->two_states = config->two_security_states;
	g->bus = config->bus;
	if (config->v2m_first + config->v2m_spis <= config->n_spis) {
		g->v2m_first = config->v2m_first;
		g->v2m_spis = config->v2m_spis;
	}
	for (unsigned i = 0; i < g->n_pes; i++) {
		g->pe[i].g = g;
		g->pe[i].index = i;
		g->pe[i].pri_bits = 5;
		g->pe[i].n_lrs = 4;
	}
	if (config->its && (lpi_new(g) || its_new(g, config))) {
		gic_free(g);
		return NULL;
	}
	gic_reset(g);
	return g;
}

void gic_free(struct gic *g)
{
	if (!g)
		return;
	its_free(g);
	lpi_free(g);
	for (unsigned i = 0; i < g->n_pes; i++)
		vms_free(&g->pe[i]);
	tally_free(&g->raised);
	free(g);
}

#define ROW(field, unit, help) STAT_ROW(gic_stats, field, unit, help)
const struct stat_row gic_stat_rows[] = { GIC_STATS(ROW) };
const size_t gic_stat_rows_n = ARRAY_SIZE(gic_stat_rows);

const struct gic_stats *gic_stats(const struct gic *g)
{
	return &g->stats;
}

void gic_attach_cpu(struct gic *g, unsigned i, struct cpu *c)
{
	struct gic_pe *p = &g->pe[i];

	p->cpu = c;
	c->gic = p;
	vms_init(p);
	/* GICv2 is outside the core and has what GIC-400 has */
	if (g->version > 2 && c->core.pri_bits >= 4 && c->core.pri_bits <= 7)
		p->pri_bits = c->core.pri_bits;
	if (g->version > 2 && c->core.lr_count >= 1 && c->core.lr_count <= 16)
		p->n_lrs = c->core.lr_count;
	for (unsigned pin = CPU_PIN_IRQ; pin <= CPU_PIN_VFIQ; pin++)
		p->pin[pin] = cpu_wire(c, pin);
	cpuif_reset(p);
	virt_reset(p);
	for (unsigned spi = 0; spi < 32 * g->n_words; spi++)
		gic_route(g, spi);
	gic_update_all(g);
}

static void set_spi(void *sink, u32 pin, bool level)
{
	struct gic *g = sink;
	struct gic_irqs *w = &g->spi[pin / 32];

	if (bit(w->level, pin % 32) == level)
		return;
	if (level)
		tally_count(&g->raised, GIC_INTIDS, 32 + pin);
	irqs_set_input(w, pin % 32, level);
	gic_update_spis(g);
}

static void set_ppi(void *sink, u32 pin, bool level)
{
	gic_set_ppi(sink, pin, level);
}

struct wire gic_spi(struct gic *g, unsigned n)
{
	if (n >= 32 * g->n_words)
		return (struct wire){ 0 };
	return (struct wire){ .set = set_spi, .sink = g, .pin = n };
}

struct wire gic_ppi(struct gic *g, unsigned pe, unsigned intid)
{
	if (pe >= g->n_pes || intid < 16 || intid > 31)
		return (struct wire){ 0 };
	return (struct wire){ .set = set_ppi, .sink = &g->pe[pe], .pin = intid };
}

void gic_set_ppi(struct gic_pe *p, unsigned intid, bool level)
{
	if (bit(p->local.level, intid) == level)
		return;
	if (level)
		tally_count(&p->raised, GIC_INTIDS, intid);
	irqs_set_input(&p->local, intid, level);
	gic_update_local(p);
}

void *gic_dist(struct gic *g)
{
	return g;
}

void *gic_redist(struct gic *g, unsigned pe)
{
	return &g->pe[pe];
}

void *gic_its(struct gic *g)
{
	return g->its;
}

void *gic_v2m(struct gic *g)
{
	return g->v2m_spis ? g : NULL;
}

void gic_reset(struct gic *g)
{
	gic_dist_ops.reset(g);
	g->firmware = false;
	for (unsigned i = 0; i < g->n_pes; i++)
		gic_reset_pe(&g->pe[i]);
	if (g->its)
		gic_its_ops.reset(g->its);
}

void gic_reset_pe(struct gic_pe *p)
{
	bool v2 = p->g->version == 2;

	/* GICv2 has no sleep, and its SGIs are always enabled */
	p->local = (struct gic_irqs){ .edge = GIC_SGIS,
				      .enable = v2 ? GIC_SGIS : 0,
				      .level = p->local.level };
	p->waker = v2 ? 0 : GICR_WAKER_SLEEP | GICR_WAKER_ASLEEP;
	for (unsigned i = 0; i < ARRAY_SIZE(p->sgi_from); i++)
		p->sgi_from[i] = 0;
	lpi_reset(p);
	cpuif_reset(p);
	virt_reset(p);
	gic_update_all(p->g);
	virt_update(p);
}

void gic_snap_pe(struct gic_pe *p, struct snap *s)
{
	irqs_snap(&p->local, s);
	snap_u32(s, &p->waker);
	snap_bytes(s, p->sgi_from, sizeof p->sgi_from);
	lpi_snap(p, s);
	cpuif_snap(p, s);
	virt_snap(p, s);
	vms_snap(p, s);
	snap_u8(s, &p->out);
	if (s->loading)
		gic_recompute(p->g);
}

/* The lowest Secure priority mask: Non-secure writes work on the lower half (IHI0069 4.8.1). */
static void firmware_cpuif(struct gic_pe *p)
{
	p->pmr = cpuif_priority_mask(p);
}

void gic_reset_cpuif(struct cpu *c)
{
	struct gic_pe *p = gic_of(c);

	cpuif_reset(p);
	virt_reset(p);
	if (p->g->firmware)
		firmware_cpuif(p);
	gic_update_all(p->g);
	virt_update(p);
}

void gic_firmware_setup(struct gic *g)
{
	g->firmware = true;
	for (unsigned w = 0; w < g->n_words; w++)
		g->spi[w].group = ~0u;
	for (unsigned i = 0; i < g->n_pes; i++) {
		g->pe[i].local.group = ~0u;
		g->pe[i].waker = 0;
		firmware_cpuif(&g->pe[i]);
	}
	gic_update_all(g);
}

void gic_wake(struct gic *g)
{
	for (unsigned i = 0; i < g->n_pes; i++)
		g->pe[i].waker = 0;
	gic_update_all(g);
}

struct gic_pe *gic_requester(struct gic *g, struct attrs at)
{
	return &g->pe[at.requester < g->n_pes ? at.requester : 0];
}

bool gic_ns_access(const struct gic *g, struct attrs at)
{
	return gic_secured(g) && at.space != SPACE_S;
}

void gic_world_changed(struct cpu *c)
{
	if (c->gic)
		cpuif_update(gic_of(c));
}

void gic_route(struct gic *g, unsigned spi)
{
	u64 r = g->irouter[spi];

	g->target[spi] = r & IROUTER_IRM ? TARGET_ANY : TARGET_NOBODY;
	if (r & IROUTER_IRM)
		return;
	for (unsigned i = 0; i < g->n_pes; i++)
		if (g->pe[i].cpu && (g->pe[i].cpu->mpidr & AFFINITY_MASK) == (r & AFFINITY_MASK)) {
			g->target[spi] = (s16)i;
			return;
		}
}

/* Pending, enabled, not active, group enabled in the distributor. */
static u32 candidates(const struct gic *g, const struct gic_irqs *w)
{
	u32 m = gic_pending(w) & w->enable & ~w->active;
	u32 grp1s = gic_secured(g) ? ~w->group & w->grpmod : 0;
	u32 grp0 = ~w->group & ~grp1s;

	if (!m)
		return 0;
	if (!(g->ctlr & GICD_CTLR_GRP0))
		m &= ~grp0;
	if (!(g->ctlr & GICD_CTLR_GRP1NS))
		m &= ~w->group;
	if (!(g->ctlr & GICD_CTLR_GRP1S))
		m &= ~grp1s;
	return m;
}

static void consider(const struct gic *g, struct gic_best *best, const struct gic_irqs *w,
		     unsigned n, unsigned intid)
{
	if (w->prio[n] < best->prio)
		*best = (struct gic_best){ .prio = w->prio[n],
					   .group = gic_group_of(g, w, n),
					   .intid = (u16)intid };
}

static void find_local(struct gic_pe *p)
{
	const struct gic_irqs *w = &p->local;

	p->best_local = GIC_NONE;
	for (u32 m = candidates(p->g, w); m; m &= m - 1) {
		unsigned n = ctz64(m);

		if (gic_takes(p, gic_group_of(p->g, w, n)))
			consider(p->g, &p->best_local, w, n, n);
	}
}

/*
 * The PE that an SPI goes to now. 1 of N: the first that takes part (IHI0069 4.7.1 leaves the
 * choice open).
 */
static struct gic_pe *spi_target(struct gic *g, unsigned spi, enum gic_group grp)
{
	s16 t = g->target[spi];

	if (t >= 0)
		return gic_takes(&g->pe[t], grp) ? &g->pe[t] : NULL;
	for (unsigned i = 0; t == TARGET_ANY && i < g->n_pes; i++)
		if (gic_takes(&g->pe[i], grp))
			return &g->pe[i];
	return NULL;
}

/* GICv3 sends an SPI to one PE; GICv2 signals it to all its targets, of which one will get it. */
static void offer_spi(struct gic *g, unsigned w, unsigned n)
{
	unsigned spi = 32 * w + n;
	enum gic_group grp = gic_group_of(g, &g->spi[w], n);
	struct gic_pe *p;

	if (g->version > 2) {
		p = spi_target(g, spi, grp);
		if (p)
			consider(g, &p->best_spi, &g->spi[w], n, 32 + spi);
		return;
	}
	for (unsigned i = 0; i < g->n_pes; i++)
		if (bit(g->itargets[spi], i) && gic_takes(&g->pe[i], grp))
			consider(g, &g->pe[i].best_spi, &g->spi[w], n, 32 + spi);
}

/* False: nothing was and nothing is pending. */
static bool find_spis(struct gic *g)
{
	u32 any = 0, m[GIC_MAX_WORDS];

	for (unsigned w = 0; w < g->n_words; w++)
		any |= m[w] = candidates(g, &g->spi[w]);
	if (!any && !g->any_spi)
		return false;
	g->any_spi = any != 0;
	for (unsigned i = 0; i < g->n_pes; i++)
		g->pe[i].best_spi = GIC_NONE;
	for (unsigned w = 0; any && w < g->n_words; w++)
		for (; m[w]; m[w] &= m[w] - 1)
			offer_spi(g, w, ctz64(m[w]));
	return true;
}

void gic_update_local(struct gic_pe *p)
{
	find_local(p);
	cpuif_update(p);
}

void gic_update_spis(struct gic *g)
{
	if (!find_spis(g))
		return;
	for (unsigned i = 0; i < g->n_pes; i++)
		cpuif_update(&g->pe[i]);
}

void gic_update_all(struct gic *g)
{
	gic_recompute(g);
	for (unsigned i = 0; i < g->n_pes; i++)
		cpuif_update(&g->pe[i]);
}

void gic_update_id(struct gic_pe *p, u32 id)
{
	if (id < 32)
		gic_update_local(p);
	else if (id < INTID_LPI)
		gic_update_spis(p->g);
}

void gic_recompute(struct gic *g)
{
	g->any_spi = true;
	find_spis(g);
	for (unsigned i = 0; i < g->n_pes; i++) {
		find_local(&g->pe[i]);
		lpi_find(&g->pe[i]);
	}
}

/*
 * IHI0069 ICC_SGI1R_EL1, "Use of control registers for SGI forwarding": the SGI must be in the
 * group asked for, except that a request for Secure Group 1 also reaches Group 0; Non-secure
 * requests for a secure SGI need GICR_NSACR.
 */
void gic_send_sgi(struct gic_pe *from, unsigned to, unsigned intid, enum gic_group grp, bool ns)
{
	struct gic_pe *p = &from->g->pe[to];
	enum gic_group has = gic_group_of(p->g, &p->local, intid);

	if (grp == GRP_1S && has == GRP_0)
		grp = GRP_0;
	if (grp != has)
		return;
	if (ns && gic_secured(p->g) && has != GRP_1NS &&
	    irqs_nsacr(&p->local, intid) < (has == GRP_0 ? 1 : 2))
		return;
	p->local.latch |= 1u << intid;
	if (p->g->version == 2)
		p->sgi_from[intid] |= (u8)(1u << from->index);
	gic_update_local(p);
}

void gic_latch_sgi(struct gic_pe *p, unsigned intid)
{
	p->local.latch &= ~(1u << intid);
	if (p->sgi_from[intid])
		p->local.latch |= 1u << intid;
}

/* Peripheral and component identification: Arm, architecture version 3. */
u64 gic_id_register(u64 off, unsigned part)
{
	static const u8 id[12] = { 0x44, 0, 0, 0, 0, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1 };

	off = (off - 0xffd0) / 4;
	return off == 4 ? part : id[off];
}

u64 gic_id_register2(u64 off)
{
	static const u8 id[12] = { 0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1 };

	return id[(off - 0xfd0) / 4];
}

unsigned gic_list_registers(const struct cpu *c, u64 lr[16])
{
	const struct gic_pe *p = gic_of(c);

	for (unsigned i = 0; i < p->n_lrs; i++)
		lr[i] = p->lr[i];
	return p->n_lrs;
}
