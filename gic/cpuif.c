/*
 * The physical CPU interface: which interrupt is signalled, acknowledging, priority drop,
 * deactivation and the ICC_* registers. Who may access what is decided by the rows in sysregs.c;
 * here an access is already allowed and physical.
 *
 * Without EL3 there is one security state: Group 1 is kept as Non-secure Group 1 throughout.
 */
#include "gic/gic_priv.h"

#include "base/snap.h"

static bool secure_now(const struct cpu *c)
{
	return cpu_el_secure(c, c->el);
}

/* The Non-secure copies of banked registers are meant. */
static bool ns_bank(const struct cpu *c)
{
	return !cpu_has(c, FEAT(EL3)) || (c->sys.scr_el3 & SCR_NS);
}

static enum gic_group banked_group(const struct cpu *c, unsigned group)
{
	if (!group)
		return GRP_0;
	return ns_bank(c) ? GRP_1NS : GRP_1S;
}

/*
 * Non-secure software sees the lower half of the priorities when it is kept from Group 0 (IHI0069
 * 4.8.1).
 */
static bool ns_priority_view(const struct cpu *c)
{
	return cpu_has(c, FEAT(EL3)) && !secure_now(c) && (c->sys.scr_el3 & SCR_FIQ);
}

unsigned apr_highest(const u32 *apr)
{
	for (unsigned i = 0; i < 4; i++)
		if (apr[i])
			return 32 * i + ctz64(apr[i]);
	return 256;
}

void apr_set(u32 *apr, unsigned level)
{
	apr[level / 32] |= 1u << level % 32;
}

bool apr_drop(u32 *apr)
{
	for (unsigned i = 0; i < 4; i++)
		if (apr[i]) {
			apr[i] &= apr[i] - 1;
			return true;
		}
	return false;
}

/* The group of the running priority; GRP_COUNT when idle. */
enum gic_group cpuif_running(const struct gic_pe *p, unsigned *level)
{
	enum gic_group best = GRP_COUNT;

	*level = 256;
	for (unsigned grp = 0; grp < GRP_COUNT; grp++) {
		unsigned l = apr_highest(p->apr[grp]);

		if (l < *level) {
			*level = l;
			best = grp;
		}
	}
	return best;
}

static u8 running_priority(const struct gic_pe *p)
{
	unsigned level;

	return cpuif_running(p, &level) == GRP_COUNT ? 0xff : (u8)(level << (8 - p->pri_bits));
}

static u8 group_mask(const struct gic_pe *p, enum gic_group grp)
{
	if (grp != GRP_0 && (p->ctlr[grp == GRP_1NS] & ICC_CTLR_CBPR))
		grp = GRP_0;
	return gic_group_mask(p->bpr[grp] - (grp == GRP_1NS));
}

struct gic_best cpuif_best(const struct gic_pe *p)
{
	struct gic_best b = p->best_spi.prio < p->best_local.prio ? p->best_spi : p->best_local;

	return p->best_lpi.prio < b.prio ? p->best_lpi : b;
}

bool cpuif_can_preempt(const struct gic_pe *p, struct gic_best b)
{
	u8 now = running_priority(p), mask = group_mask(p, b.group);

	if (b.prio >= p->pmr)
		return false;
	return now == 0xff || (b.prio & mask) < (now & mask);
}

/*
 * IHI0069 4.6.2: an interrupt of the other world, or any Group 0 interrupt, is an FIQ. IHI0048 2.3:
 * Group 0 interrupts are, if the interface is told so.
 */
static bool is_fiq(const struct gic_pe *p, enum gic_group grp)
{
	const struct cpu *c = p->cpu;

	if (p->g->version == 2)
		return grp == GRP_0 && (p->gicc_ctlr & GICC_CTLR_FIQEN);
	if (grp == GRP_0)
		return true;
	if (!gic_secured(p->g))
		return false;
	return c->el == 3 || (grp == GRP_1S) != secure_now(c);
}

void cpuif_out(struct gic_pe *p, enum cpu_pin pin, bool level)
{
	u8 m = (u8)(1u << pin);

	if (!(p->out & m) == !level)
		return;
	p->out ^= m;
	wire_set(&p->pin[pin], level);
}

void cpuif_update(struct gic_pe *p)
{
	struct gic_best b = cpuif_best(p);
	bool on = b.prio != 0xff && p->cpu && cpuif_can_preempt(p, b);
	bool fiq = on && is_fiq(p, b.group);

	cpuif_out(p, CPU_PIN_IRQ, on && !fiq);
	cpuif_out(p, CPU_PIN_FIQ, fiq);
}

/* Acknowledge and deactivate */

/* GICv2 tells the sender of an SGI in bits 12:10; the lowest of several comes first. */
u32 cpuif_intid(const struct gic_pe *p, struct gic_best b)
{
	if (p->g->version == 2 && b.intid < 16)
		return b.intid | ctz64(p->sgi_from[b.intid]) % GICV2_PES << 10;
	return b.intid;
}

u32 cpuif_ack(struct gic_pe *p, struct gic_best b)
{
	struct gic_irqs *w = gic_find(p, b.intid);
	u32 id = cpuif_intid(p, b);

	p->g->stats.ack++;
	tally_count(&p->acked, GIC_INTIDS, b.intid);
	apr_set(p->apr[b.group], (b.prio & group_mask(p, b.group)) >> (8 - p->pri_bits));
	if (w) {
		w->active |= 1u << b.intid % 32;
		w->latch &= ~(1u << b.intid % 32);
		if (p->g->version == 2 && b.intid < 16) {
			p->sgi_from[b.intid] &= p->sgi_from[b.intid] - 1;
			gic_latch_sgi(p, b.intid);
		}
		gic_update_id(p, b.intid);
	} else { /* LPIs have no active state */
		p->g->stats.lpi_ack++;
		lpi_set(p, b.intid, false);
	}
	cpuif_update(p); /* the running priority changed even when no candidate did */
	return id;
}

void cpuif_deactivate(struct gic_pe *p, u32 id)
{
	struct gic_irqs *w = gic_find(p, id);

	if (!w)
		return;
	w->active &= ~(1u << id % 32);
	gic_update_id(p, id);
}

/*
 * What an IAR or HPPIR of `group` shows of candidate b here: its INTID, or a special one. At EL3
 * the Group 0 registers tell of Group 1 interrupts by 1020 and 1021 (IHI0069 2.2.1).
 */
static u32 visible_intid(const struct cpu *c, struct gic_best b, unsigned group)
{
	bool of_secure = gic_secured(gic_of(c)->g) && b.group != GRP_1NS;

	if (b.prio == 0xff || (of_secure && !secure_now(c)))
		return INTID_SPURIOUS;
	if (group == 0 && b.group != GRP_0) {
		if (c->el != 3)
			return INTID_SPURIOUS;
		return of_secure ? INTID_SECURE : INTID_NONSECURE;
	}
	if (group == 1 && b.group == GRP_0)
		return INTID_SPURIOUS;
	/* Secure EL1 does not see Non-secure Group 1 */
	if (group == 1 && !of_secure && gic_secured(gic_of(c)->g) && c->el != 3 && secure_now(c))
		return INTID_SPURIOUS;
	return b.intid;
}

u64 icc_hppir_read(struct cpu *c, unsigned group)
{
	return visible_intid(c, cpuif_best(gic_of(c)), group);
}

u32 gic_pending_intid(const struct cpu *c, bool virt)
{
	return virt ? virt_pending_intid(gic_of(c)) : cpuif_best(gic_of(c)).intid;
}

u64 icc_iar_peek(const struct cpu *c, unsigned group)
{
	const struct gic_pe *p = gic_of(c);
	struct gic_best b = cpuif_best(p);

	return b.prio != 0xff && cpuif_can_preempt(p, b) ? visible_intid(c, b, group) : INTID_SPURIOUS;
}

u64 icc_iar_read(struct cpu *c, unsigned group)
{
	u64 id = icc_iar_peek(c, group);

	if (id < INTID_SECURE || id >= INTID_LPI)
		cpuif_ack(gic_of(c), cpuif_best(gic_of(c)));
	return id;
}

static bool is_lpi(const struct gic_pe *p, u32 id)
{
	return p->lpi && id >= INTID_LPI && id < INTID_LPI + GIC_LPIS;
}

static bool eoi_split(const struct cpu *c)
{
	const struct gic_pe *p = gic_of(c);

	return c->el == 3 ? p->eoimode_el3 : p->ctlr[ns_bank(c)] & ICC_CTLR_EOIMODE;
}

/* Whether an end of interrupt written here to EOIR<group> may end one of grp. */
static bool may_drop(const struct cpu *c, enum gic_group grp, unsigned group)
{
	if (grp == GRP_COUNT || (grp != GRP_0) != group)
		return false;
	if (!gic_secured(gic_of(c)->g))
		return true;
	if (grp == GRP_1NS)
		return c->el == 3 || !secure_now(c);
	return secure_now(c);
}

void icc_eoir_write(struct cpu *c, unsigned group, u64 v)
{
	struct gic_pe *p = gic_of(c);
	u32 id = v & 0xffffff;
	unsigned level;
	enum gic_group grp = cpuif_running(p, &level);

	if (id >= INTID_SECURE && id <= INTID_SPURIOUS)
		return;
	if ((!gic_find(p, id) && !is_lpi(p, id)) || !may_drop(c, grp, group)) {
		log_at(p->g->log, LOG_GUEST, "gic",
		       "PE %u: ICC_EOIR%u_EL1 = %u does not end the running interrupt", p->index,
		       group, id);
		return;
	}
	apr_drop(p->apr[grp]);
	if (!eoi_split(c))
		cpuif_deactivate(p, id);
	cpuif_update(p);
}

/* IHI0069 ICC_DIR_EL1: what the current EL and security state may deactivate. */
static bool may_deactivate(const struct cpu *c, enum gic_group grp)
{
	u64 scr = cpu_has(c, FEAT(EL3)) ? c->sys.scr_el3 : 0;

	if (c->el == 3)
		return true;
	if (scr & (grp == GRP_0 ? SCR_FIQ : SCR_IRQ))
		return false;
	return secure_now(c) || !gic_secured(gic_of(c)->g) || grp == GRP_1NS;
}

void icc_dir_write(struct cpu *c, u64 v)
{
	struct gic_pe *p = gic_of(c);
	u32 id = v & 0xffffff;
	const struct gic_irqs *w = gic_find(p, id);

	if (!w || !eoi_split(c)) {
		log_at(p->g->log, LOG_GUEST, "gic", "PE %u: ICC_DIR_EL1 = %u %s", p->index, id,
		       w ? "with EOImode 0" : "is no interrupt");
		return;
	}
	if (may_deactivate(c, gic_group_of(p->g, w, id % 32)))
		cpuif_deactivate(p, id);
}

/* Priorities */

static u8 ns_view(u8 prio)
{
	return prio & 0x80 ? (u8)(prio << 1) : 0;
}

u8 cpuif_read_pmr(const struct gic_pe *p, bool ns)
{
	return ns ? ns_view(p->pmr) : p->pmr;
}

void cpuif_write_pmr(struct gic_pe *p, u8 v, bool ns)
{
	if (ns && !(p->pmr & 0x80))
		return;
	if (ns)
		v = 0x80 | v >> 1;
	p->pmr = v & cpuif_priority_mask(p);
	cpuif_update(p);
}

u8 cpuif_read_rpr(const struct gic_pe *p, bool ns)
{
	u8 prio = running_priority(p);

	return ns && prio != 0xff ? ns_view(prio) : prio;
}

u64 icc_pmr_read(struct cpu *c)
{
	return cpuif_read_pmr(gic_of(c), ns_priority_view(c));
}

void icc_pmr_write(struct cpu *c, u64 v)
{
	cpuif_write_pmr(gic_of(c), (u8)v, ns_priority_view(c));
}

u64 icc_rpr_read(struct cpu *c)
{
	return cpuif_read_rpr(gic_of(c), ns_priority_view(c));
}

static unsigned min_bpr(const struct gic_pe *p, enum gic_group grp)
{
	return 7u - p->pri_bits + (grp == GRP_1NS);
}

/*
 * Which register a BPR access reaches: with a common binary point BPR1 is BPR0, and for Non-secure
 * software a read-only BPR0 + 1 (IHI0069 4.8.6). EL3 always reaches the register itself.
 */
static enum gic_group bpr_of(const struct cpu *c, unsigned group, bool *plus_one)
{
	enum gic_group grp = banked_group(c, group);
	bool common =
		grp != GRP_0 && c->el < 3 && (gic_of(c)->ctlr[grp == GRP_1NS] & ICC_CTLR_CBPR);

	*plus_one = common && grp == GRP_1NS;
	return common ? GRP_0 : grp;
}

void cpuif_write_bpr(struct gic_pe *p, enum gic_group grp, u64 v)
{
	p->bpr[grp] = (u8)(v < min_bpr(p, grp) ? min_bpr(p, grp) : v);
	cpuif_update(p);
}

u64 icc_bpr_read(struct cpu *c, unsigned group)
{
	bool plus_one;
	u8 v = gic_of(c)->bpr[bpr_of(c, group, &plus_one)];

	return plus_one && v < 7 ? v + 1 : v;
}

void icc_bpr_write(struct cpu *c, unsigned group, u64 v)
{
	struct gic_pe *p = gic_of(c);
	bool read_only;
	enum gic_group grp = bpr_of(c, group, &read_only);

	if (!read_only)
		cpuif_write_bpr(p, grp, v & 7);
}

u64 icc_apr_read(struct cpu *c, unsigned group, unsigned n)
{
	return gic_of(c)->apr[banked_group(c, group)][n];
}

void icc_apr_write(struct cpu *c, unsigned group, unsigned n, u64 v)
{
	gic_of(c)->apr[banked_group(c, group)][n] = (u32)v;
	cpuif_update(gic_of(c));
}

/* Controls */

#define CTLR_A3V     (1u << 15)
#define CTLR_EL3_NDS (1u << 17)

static u64 ctlr_fixed(const struct gic_pe *p)
{
	return CTLR_A3V | (u64)(p->pri_bits - 1) << 8; /* IDbits 0: 16 bits */
}

u64 icc_ctlr_read(struct cpu *c)
{
	const struct gic_pe *p = gic_of(c);

	return ctlr_fixed(p) | p->ctlr[ns_bank(c)];
}

void icc_ctlr_write(struct cpu *c, u64 v)
{
	struct gic_pe *p = gic_of(c);
	u8 mask = ICC_CTLR_EOIMODE;

	/* CBPR is EL3's to set while there are two security states */
	if (!cpu_has(c, FEAT(EL3)) || !gic_secured(p->g))
		mask |= ICC_CTLR_CBPR;
	p->ctlr[ns_bank(c)] = (u8)((p->ctlr[ns_bank(c)] & ~mask) | (v & mask));
	cpuif_update(p);
}

/* ICC_CTLR_EL3: CBPR_EL1S, CBPR_EL1NS, EOImode_EL3, EOImode_EL1S, EOImode_EL1NS in bits 0 to 4. */
u64 icc_ctlr_el3_read(struct cpu *c)
{
	const struct gic_pe *p = gic_of(c);
	u64 v = ctlr_fixed(p) | (u64)p->eoimode_el3 << 2;

	for (unsigned ns = 0; ns < 2; ns++)
		v |= bit(p->ctlr[ns], 0) << ns | bit(p->ctlr[ns], 1) << (3 + ns);
	return v | (p->g->two_states ? 0 : CTLR_EL3_NDS);
}

void icc_ctlr_el3_write(struct cpu *c, u64 v)
{
	struct gic_pe *p = gic_of(c);

	p->eoimode_el3 = bit(v, 2);
	for (unsigned ns = 0; ns < 2; ns++)
		p->ctlr[ns] = (u8)(bit(v, ns) | bit(v, 3 + ns) << 1);
	cpuif_update(p);
}

u64 icc_igrpen_read(struct cpu *c, unsigned group)
{
	return gic_of(c)->grpen[banked_group(c, group)];
}

void icc_igrpen_write(struct cpu *c, unsigned group, u64 v)
{
	struct gic_pe *p = gic_of(c);
	bool *on = &p->grpen[banked_group(c, group)];

	if (*on == bit(v, 0))
		return;
	*on = bit(v, 0);
	gic_update_all(p->g);
}

u64 icc_igrpen1_el3_read(struct cpu *c)
{
	const struct gic_pe *p = gic_of(c);

	return p->grpen[GRP_1NS] | (u64)p->grpen[GRP_1S] << 1;
}

void icc_igrpen1_el3_write(struct cpu *c, u64 v)
{
	struct gic_pe *p = gic_of(c);

	p->grpen[GRP_1NS] = bit(v, 0);
	p->grpen[GRP_1S] = bit(v, 1);
	gic_update_all(p->g);
}

/* Software-generated interrupts */

void icc_sgi_write(struct cpu *c, enum icc_sgi which, u64 v)
{
	struct gic_pe *p = gic_of(c);
	bool ns = !secure_now(c);
	u64 affinity = bits(v, 55, 48) << 32 | bits(v, 39, 32) << 16 | bits(v, 23, 16) << 8;
	unsigned intid = (unsigned)bits(v, 27, 24), range = (unsigned)bits(v, 47, 44);
	enum gic_group grp = GRP_0;

	/*
	 * Group 1 of the current security state (SGI1R) or of the other one; with DS there is one
	 * Group 1
	 */
	if (which != SGI0R)
		grp = ns == (which == SGI1R) ? GRP_1NS : GRP_1S;
	if (which == SGI1R && !gic_secured(p->g))
		grp = GRP_1NS;
	for (unsigned i = 0; i < p->g->n_pes; i++) {
		const struct cpu *to = p->g->pe[i].cpu;
		u64 aff0;

		if (!to)
			continue;
		aff0 = bits(to->mpidr, 7, 0);
		if (bit(v, 40) /* IRM: all but this one */
			    ? to == c
			    : (to->mpidr & (MASK(39, 32) | MASK(23, 8))) != affinity ||
				      aff0 / 16 != range || !bit(v, aff0 % 16))
			continue;
		gic_send_sgi(p, i, intid, grp, ns);
	}
}

void cpuif_reset(struct gic_pe *p)
{
	p->pmr = 0;
	for (unsigned grp = 0; grp < GRP_COUNT; grp++) {
		p->bpr[grp] = (u8)min_bpr(p, grp);
		p->grpen[grp] = false;
		for (unsigned i = 0; i < 4; i++)
			p->apr[grp][i] = 0;
	}
	p->ctlr[0] = p->ctlr[1] = 0;
	p->gicc_ctlr = 0;
	p->eoimode_el3 = false;
	p->sre_el2 = p->sre_el3 = 0xf; /* SRE, DFB, DIB fixed; Enable as firmware leaves it */
}

void cpuif_snap(struct gic_pe *p, struct snap *s)
{
	snap_u8(s, &p->pmr);
	for (unsigned grp = 0; grp < GRP_COUNT; grp++) {
		snap_u8(s, &p->bpr[grp]);
		snap_check(s, p->bpr[grp] <= 7 && p->bpr[grp] >= min_bpr(p, grp), "binary point");
		snap_bool(s, &p->grpen[grp]);
		for (unsigned i = 0; i < 4; i++)
			snap_u32(s, &p->apr[grp][i]);
	}
	snap_u8(s, &p->ctlr[0]);
	snap_u8(s, &p->ctlr[1]);
	snap_bool(s, &p->eoimode_el3);
	snap_u8(s, &p->sre_el2);
	snap_u8(s, &p->sre_el3);
	snap_u32(s, &p->gicc_ctlr);
}
