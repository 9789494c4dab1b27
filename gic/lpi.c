/*
 * LPIs: which are pending at each PE, and their configuration. The tables are the guest's memory.
 * What is kept here is the caching that IHI0069 5.1 allows: configuration is read when a PE enables
 * LPIs and again when INV or INVALL asks for it, one copy for all PEs (as GICR_TYPER.CommonLPIAff says);
 * pending bits are read when LPIs are enabled and written back when they are disabled
 * (GICR_CTLR.CES). LPIs are Non-secure Group 1 and never active. The ITS calls in here.
 */
#include "gic/gic_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/snap.h"

#define CONFIG_ENABLE 1u
#define CONFIG_PRIO   0xfcu

#define PENDBASER_PTZ BIT(62)

enum { PENDING_BYTES = GIC_LPIS / 8, PENDING_FIRST = INTID_LPI / 8 };

int lpi_new(struct gic *g)
{
	g->lpi_config = calloc(1, GIC_LPIS);
	if (!g->lpi_config)
		return -ENOMEM;
	for (unsigned i = 0; i < g->n_pes; i++) {
		g->pe[i].lpi = calloc(1, sizeof *g->pe[i].lpi);
		if (!g->pe[i].lpi)
			return -ENOMEM;
	}
	return 0;
}

void lpi_free(struct gic *g)
{
	for (unsigned i = 0; i < g->n_pes; i++)
		free(g->pe[i].lpi);
	free(g->lpi_config);
}

static bool enabled(const struct gic_pe *p)
{
	return p->gicr_ctlr & GICR_CTLR_ENABLE_LPIS;
}

u32 lpi_count(const struct gic_pe *p)
{
	unsigned width = (unsigned)bits(p->propbaser, 4, 0) + 1;

	if (width > 16)
		width = 16;
	return width < 14 ? 0 : (1u << width) - INTID_LPI;
}

u8 lpi_priority(const struct gic *g, u8 config)
{
	u8 prio = config & CONFIG_PRIO;

	/* the Non-secure half of the range while there are two security states */
	if (gic_secured(g))
		prio = 0x80 | prio >> 1;
	return prio & cpuif_priority_mask(&g->pe[0]);
}

/* Whether LPI n is pending and enabled and would win against p->best_lpi. */
static void consider(struct gic_pe *p, u32 n)
{
	u8 config = p->g->lpi_config[n];
	struct gic_best b = { .prio = lpi_priority(p->g, config),
			      .group = GRP_1NS,
			      .intid = (u16)(INTID_LPI + n) };

	if (!(config & CONFIG_ENABLE) || b.prio > p->best_lpi.prio)
		return;
	/* of equals the lowest INTID, in whatever order they came: loading a snapshot asks anew */
	if (b.prio < p->best_lpi.prio || b.intid < p->best_lpi.intid)
		p->best_lpi = b;
}

static bool forwarded(const struct gic_pe *p)
{
	return p->lpi && enabled(p) && (p->g->ctlr & GICD_CTLR_GRP1NS) && gic_takes(p, GRP_1NS);
}

void lpi_find(struct gic_pe *p)
{
	p->best_lpi = GIC_NONE;
	if (!forwarded(p))
		return;
	for (unsigned k = 0; k < ARRAY_SIZE(p->lpi->words); k++)
		for (u64 words = p->lpi->words[k]; words; words &= words - 1) {
			unsigned w = 64 * k + ctz64(words);

			for (u64 m = p->lpi->pending[w]; m; m &= m - 1)
				consider(p, 64 * w + ctz64(m));
		}
}

static void update(struct gic_pe *p)
{
	lpi_find(p);
	cpuif_update(p);
}

static void put_word(struct gic_lpi_set *l, unsigned w, u64 v)
{
	l->pending[w] = v;
	l->words[w / 64] = (l->words[w / 64] & ~BIT(w % 64)) | (v ? BIT(w % 64) : 0);
}

bool lpi_pending(const struct gic_pe *p, u32 id)
{
	u32 n = id - INTID_LPI;

	return n < GIC_LPIS && bit(p->lpi->pending[n / 64], n % 64);
}

void lpi_set(struct gic_pe *p, u32 id, bool pending)
{
	u32 n = id - INTID_LPI;

	if (!enabled(p) || n >= lpi_count(p) || lpi_pending(p, id) == pending)
		return;
	put_word(p->lpi, n / 64, p->lpi->pending[n / 64] ^ BIT(n % 64));
	if (pending) {
		p->g->stats.lpi_set++;
		if (forwarded(p))
			consider(p, n);
		cpuif_update(p);
	} else if (p->best_lpi.intid == id) {
		update(p);
	}
}

void lpi_move(struct gic_pe *from, struct gic_pe *to, u32 id)
{
	if (from == to || !lpi_pending(from, id))
		return;
	lpi_set(from, id, false);
	lpi_set(to, id, true);
}

void lpi_move_all(struct gic_pe *from, struct gic_pe *to)
{
	u32 words = lpi_count(to) / 64;

	if (from == to || !enabled(from))
		return;
	for (unsigned w = 0; w < ARRAY_SIZE(from->lpi->pending); w++) {
		if (enabled(to) && w < words && from->lpi->pending[w])
			put_word(to->lpi, w, to->lpi->pending[w] | from->lpi->pending[w]);
		put_word(from->lpi, w, 0);
	}
	update(from);
	update(to);
}

/* Bytes of a table; what is not RAM reads as zeroes. */
static void read_table(struct gic_pe *p, u64 addr, void *to, size_t n)
{
	memset(to, 0, n);
	if (n && bus_copy_out(p->g->bus, pa_make(SPACE_NS, addr), to, n) != BUS_OK)
		log_at(p->g->log, LOG_GUEST, "gicr",
		       "PE %u: LPI table at %#" PRIx64 " is not in memory", p->index, addr);
}

static u64 config_table(const struct gic_pe *p)
{
	return p->propbaser & MASK(51, 12);
}

bool lpi_in_memory(const struct gic_pe *p, u32 id, u8 *config)
{
	return bus_copy_out(p->g->bus, pa_make(SPACE_NS, config_table(p) + id - INTID_LPI), config, 1) == BUS_OK;
}

static u64 pending_table(const struct gic_pe *p)
{
	return (p->pendbaser & MASK(51, 16)) + PENDING_FIRST;
}

void lpi_reload(struct gic_pe *p, u32 id)
{
	struct gic *g = p->g;
	u32 n = id - INTID_LPI;

	if (!enabled(p) || n >= lpi_count(p))
		return;
	read_table(p, config_table(p) + n, &g->lpi_config[n], 1);
	for (unsigned i = 0; i < g->n_pes; i++)
		if (lpi_pending(&g->pe[i], id))
			update(&g->pe[i]);
}

void lpi_reload_all(struct gic_pe *p)
{
	struct gic *g = p->g;

	if (!enabled(p))
		return;
	read_table(p, config_table(p), g->lpi_config, lpi_count(p));
	for (unsigned i = 0; i < g->n_pes; i++)
		update(&g->pe[i]);
}

static void find_words(struct gic_lpi_set *l)
{
	for (unsigned w = 0; w < ARRAY_SIZE(l->pending); w++)
		put_word(l, w, l->pending[w]);
}

static void load_pending(struct gic_pe *p)
{
	u8 bytes[PENDING_BYTES] = { 0 };

	if (!(p->pendbaser & PENDBASER_PTZ))
		read_table(p, pending_table(p), bytes, lpi_count(p) / 8);
	for (unsigned w = 0; w < ARRAY_SIZE(p->lpi->pending); w++) {
		u64 v = 0;

		for (unsigned k = 0; k < 8; k++)
			v |= (u64)bytes[8 * w + k] << 8 * k;
		put_word(p->lpi, w, v);
	}
}

static void store_pending(struct gic_pe *p)
{
	u8 bytes[PENDING_BYTES];

	for (unsigned i = 0; i < PENDING_BYTES; i++)
		bytes[i] = (u8)(p->lpi->pending[i / 8] >> 8 * (i % 8));
	if (lpi_count(p) &&
	    bus_copy_in(p->g->bus, pa_make(SPACE_NS, pending_table(p)), bytes, lpi_count(p) / 8) != BUS_OK)
		log_at(p->g->log, LOG_GUEST, "gicr", "PE %u: pending table is not in memory",
		       p->index);
	*p->lpi = (struct gic_lpi_set){ 0 };
}

void lpi_enable(struct gic_pe *p, bool on)
{
	if (on) {
		p->gicr_ctlr |= GICR_CTLR_ENABLE_LPIS;
		load_pending(p);
		lpi_reload_all(p);
	} else {
		store_pending(p);
		p->pendbaser &= ~PENDBASER_PTZ;
		p->gicr_ctlr &= ~GICR_CTLR_ENABLE_LPIS;
		update(p);
	}
}

void lpi_reset(struct gic_pe *p)
{
	p->gicr_ctlr = 0;
	p->propbaser = p->pendbaser = 0;
	if (p->lpi)
		*p->lpi = (struct gic_lpi_set){ 0 };
	p->best_lpi = GIC_NONE;
}

void lpi_snap(struct gic_pe *p, struct snap *s)
{
	if (!p->lpi)
		return;
	snap_u32(s, &p->gicr_ctlr);
	snap_check(s, !(p->gicr_ctlr & ~GICR_CTLR_ENABLE_LPIS), "GICR_CTLR");
	snap_u64(s, &p->propbaser);
	snap_u64(s, &p->pendbaser);
	for (unsigned w = 0; w < ARRAY_SIZE(p->lpi->pending); w++)
		snap_u64(s, &p->lpi->pending[w]);
	if (s->loading)
		find_words(p->lpi);
}

void lpi_snap_config(struct gic *g, struct snap *s)
{
	if (g->lpi_config)
		snap_bytes(s, g->lpi_config, GIC_LPIS);
}
