/*
 * The TLB model of one PE: modelled lookups, fills and their counters. Called by the CPU when the
 * fast TLB does not answer, or on every access in reference mode.
 *
 * An L1 miss looks the main TLB up; a miss there walks. The result goes into both; they are not
 * inclusive. The walk cache holds stage-1 table pointers of levels 1 to 3, with the ASID (tables
 * are never global); there is no stage-2 walk cache. The IPA cache holds finished stage-2
 * translations, for tables and for final addresses.
 *
 * With both stages off nothing is looked up. With stage 1 off and stage 2 on only the IPA cache is
 * filled; L1 lines exist then too, because a fast slot needs one to be dropped with. They are
 * tagged as stage-2-only: IPAS2E1 and the VMALL forms drop them.
 *
 * Nothing is kept of a walk that faults. A hit whose permissions do not suffice is a fault without
 * a new walk. A write to a line that is DBM-writable but clean is a miss: the old line goes, the
 * walk marks the descriptor dirty.
 *
 * Overlapping lines (the guest broke break-before-make) stay; the older one answers. They are
 * counted when an L1 line is inserted that overlaps another and when a main TLB lookup matches
 * twice: both happen equally often with and without the fast TLB. With conflict=abort each lookup
 * that matches twice faults and is counted; for that, nothing is fast while L1 lines overlap.
 */
#include "mmu/check_priv.h"

#include <stdlib.h>

#include "base/snap.h"
#include "mmu/attr_priv.h"

static inline u64 regime_tag(const struct regime *r)
{
	return tlb_tag(r->kind, r->space, r->vm_tag, r->vmid,
		       r->s1 && r->two_ranges ? r->asid : 0) |
	       (r->s1 ? TAG_S1 : 0) | (r->s2 ? TAG_S2 : 0);
}

static u64 ipa_tag(const struct regime *r, ipa a)
{
	return tlb_tag(REGIME_EL10, ipa_space(a), r->vm_tag, r->vmid, 0) | TAG_S2;
}

/* What the walker asks of the caches. Counted walks touch and fill them, probes only look. */

static struct wc_hit wc_peek(void *ctx, const struct regime *r, int stage, u64 addr)
{
	struct mmu *m = ctx;
	u32 i = stage == 1 ? assoc_find_smallest(&m->walk, addr, regime_tag(r)) : 0;

	return i ? m->walk.line[i].wc : (struct wc_hit){ 0 };
}

/* The member of a counter by page size that a line's hits belong to. */
static inline unsigned line_size(const struct assoc *a, u32 i)
{
	return tag_size(a->key[i].tag) - 12;
}

/* A line for a page of 1 << size was made, and perhaps another one (log2 of its page, 0: none) went. */
static void count_fill(u64 *fill, u64 *evict, u64 *evict_all, unsigned size, unsigned evicted)
{
	if (!stats_on())
		return;
	fill[size - 12]++;
	if (evicted) {
		evict[evicted - 12]++;
		++*evict_all;
	}
}

static struct wc_hit wc_lookup(void *ctx, const struct regime *r, int stage, u64 addr)
{
	struct mmu *m = ctx;
	u32 i;

	if (stage != 1 || !m->walk.n)
		return (struct wc_hit){ 0 };
	m->stats->walk_lookup++;
	i = assoc_find_smallest(&m->walk, addr, regime_tag(r));
	if (!i) {
		m->stats->walk_miss++;
		return (struct wc_hit){ 0 };
	}
	m->details->walk_hit[line_size(&m->walk, i)]++;
	assoc_touch(&m->walk, i);
	if (unlikely(m->check))
		check_table_hit(m, m->walk.line[i].from);
	return m->walk.line[i].wc;
}

static void wc_fill(void *ctx, const struct regime *r, int stage, u64 addr, const struct wc_hit *e)
{
	struct mmu *m = ctx;
	unsigned evicted;
	u32 i;

	if (stage != 1 || !m->walk.n)
		return;
	i = assoc_insert(&m->walk, addr, regime_tag(r) | (u64)e->bits << TAG_SIZE_LO, 0, &evicted);
	count_fill(m->details->walk_fill, m->details->walk_evict, &m->stats->evict_walk, e->bits, evicted);
	if (i)
		m->walk.line[i].wc = *e;
	if (unlikely(m->check) && i)
		check_filled_table(m, i);
}

/* The translation of one address from a line that holds its page. */
static inline void serve(const struct assoc *a, u32 i, u64 addr, struct xlat *x)
{
	u64 offset;

	*x = a->line[i].x;
	offset = addr & low_mask(x->size);
	x->pa.a |= offset;
	x->ipa.a |= offset;
}

/* Stores a translation of addr as that of its whole page. */
static void keep(struct assoc *a, u32 i, const struct xlat *x)
{
	u64 offset = low_mask(x->size);

	a->line[i].x = *x;
	a->line[i].x.pa.a &= ~offset;
	a->line[i].x.ipa.a &= ~offset;
}

static bool ipa_peek(void *ctx, const struct regime *r, ipa a, struct xlat *x)
{
	struct mmu *m = ctx;
	bool several;
	u32 i = assoc_find(&m->ipa, ipa_addr(a), ipa_tag(r, a), &several);

	if (i)
		serve(&m->ipa, i, ipa_addr(a), x);
	return i;
}

static bool ipa_lookup(void *ctx, const struct regime *r, ipa a, struct xlat *x)
{
	struct mmu *m = ctx;
	bool several = false;
	u32 i;

	if (unlikely(m->check))
		check_ipa_begins(m);
	if (!m->ipa.n)
		return false;
	m->stats->ipa_lookup++;
	i = assoc_find(&m->ipa, ipa_addr(a), ipa_tag(r, a), &several);
	if (several) {
		m->stats->tlb_conflict++;
		if (m->check)
			check_conflict(m, &m->ipa, ipa_addr(a), ipa_tag(r, a), false);
	}
	if (!i) {
		m->stats->ipa_miss++;
		return false;
	}
	m->details->ipa_hit[line_size(&m->ipa, i)]++;
	assoc_touch(&m->ipa, i);
	if (unlikely(m->check))
		check_ipa_hit(m, m->ipa.line[i].from);
	serve(&m->ipa, i, ipa_addr(a), x);
	return true;
}

static void ipa_fill(void *ctx, const struct regime *r, ipa a, const struct xlat *x)
{
	struct mmu *m = ctx;
	unsigned evicted;
	u32 i = assoc_insert(&m->ipa, ipa_addr(a), ipa_tag(r, a) | (u64)x->size << TAG_SIZE_LO, 0,
			     &evicted);

	if (!i)
		return;
	count_fill(m->details->ipa_fill, m->details->ipa_evict, &m->stats->evict_ipa, x->size, evicted);
	keep(&m->ipa, i, x);
	if (unlikely(m->check))
		check_filled_ipa(m, i);
}

/* Creation */

struct mmu *mmu_new(struct bus *bus, const struct tlb_config *cfg, struct fast_tlb *code,
		    struct fast_tlb *data)
{
	struct mmu *m = calloc(1, sizeof(*m));
	u64 seed = cfg->seed * 0x9e3779b97f4a7c15ull;

	if (!m)
		return NULL;
	m->bus = bus;
	m->cfg = *cfg;
	mmu_set_stats(m, NULL, NULL);
	m->fast[SIDE_CODE] = code;
	m->fast[SIDE_DATA] = data;
	m->caches = (struct walk_caches){ .ctx = m,
					  .wc_lookup = wc_lookup,
					  .wc_fill = wc_fill,
					  .ipa_lookup = ipa_lookup,
					  .ipa_fill = ipa_fill };
	m->peek = (struct walk_caches){ .ctx = m, .wc_lookup = wc_peek, .ipa_lookup = ipa_peek };
	if (!assoc_init(&m->l1[SIDE_CODE], "l1i", &cfg->l1i, seed ^ 1) ||
	    !assoc_init(&m->l1[SIDE_DATA], "l1d", &cfg->l1d, seed ^ 2) ||
	    !assoc_init(&m->main, "main", &cfg->main, seed ^ 3) ||
	    !assoc_init(&m->walk, "walk", &cfg->walk, seed ^ 4) ||
	    !assoc_init(&m->ipa, "ipa", &cfg->ipa, seed ^ 5)) {
		mmu_free(m);
		return NULL;
	}
	for (int side = 0; side < SIDES; side++) {
		m->l1[side].dropped = fast_drop_line;
		m->l1[side].ctx = m;
	}
	fast_init(m);
	return m;
}

void mmu_free(struct mmu *m)
{
	if (!m)
		return;
	assoc_free(&m->l1[SIDE_CODE]);
	assoc_free(&m->l1[SIDE_DATA]);
	assoc_free(&m->main);
	assoc_free(&m->walk);
	assoc_free(&m->ipa);
	free(m);
}

void mmu_reset(struct mmu *m)
{
	if (m->check)
		check_forget_all(m);
	fast_init(m);
	assoc_clear(&m->l1[SIDE_CODE]);
	assoc_clear(&m->l1[SIDE_DATA]);
	assoc_clear(&m->main);
	assoc_clear(&m->walk);
	assoc_clear(&m->ipa);
	m->overlaps[SIDE_CODE] = m->overlaps[SIDE_DATA] = false;
}

void mmu_set_stats(struct mmu *m, struct mmu_stats *st, struct mmu_details *details)
{
	m->stats = st ? st : &m->own_stats;
	m->details = details ? details : &m->own_details;
}

const struct tlb_config *mmu_config(const struct mmu *m)
{
	return &m->cfg;
}

/* Lookup */

/*
 * The address as lines hold it: sign-extended from bit 55 when the top byte is ignored. One that is
 * not canonical and has no right to be matches no line and faults in the walker.
 */
static inline u64 lookup_address(const struct regime *r, u64 va)
{
	u64 extended = (u64)sext(va, 56);

	return likely(extended == va) || walk_tbi(r, va) ? extended : va;
}

static bool needs_dirty(const struct xlat *x, struct access a)
{
	return (x->s1_dbm_clean || x->s2_dbm_clean) && (a.what & ACC_WRITE) && !a.cm;
}

/* The line of `s` for this access; a clean one that must become dirty goes and counts as a miss. */
static inline u32 find_line(struct assoc *s, u64 addr, u64 tag, struct access a, bool *several)
{
	u32 i = assoc_find(s, addr, tag, several);

	if (unlikely(i && needs_dirty(&s->line[i].x, a))) {
		assoc_drop(s, i);
		i = 0;
	}
	return i;
}

/* By levels and numbers of reads. */
static void count_walk_details(struct mmu *m, const struct regime *r, const struct walk *w)
{
	struct mmu_details *d = m->details;
	unsigned reads = (unsigned)w->s1_reads + w->s2_reads, s1 = TLB_LEVELS - 1, s2 = TLB_LEVELS - 1;
	const struct fault *f = &w->x.fault;

	d->walk_reads[reads < WALK_READS ? reads : WALK_READS - 1]++;
	if (w->s1_start < TLB_LEVELS - 1)
		d->walk_start[w->s1_start]++;
	for (unsigned level = 0; r->s2 && level < ARRAY_SIZE(w->s2_leaf); level++)
		d->s2_walk_leaf[level] += w->s2_leaf[level];
	if (f->kind != FAULT_NONE) {
		d->walk_fault[(f->stage == 2 ? TLB_LEVELS : 0) + (f->level > 0 ? f->level & 3 : 0)]++;
		return;
	}
	if (r->s1)
		s1 = w->x.s1_level;
	if (r->s2)
		s2 = w->x.s2_level;
	d->walk_leaf[s1 * TLB_LEVELS + s2]++;
}

static void count_walk(struct mmu *m, const struct regime *r, const struct walk *w)
{
	if (!stats_on())
		return;
	count_walk_details(m, r, w);
	m->stats->s1_walks += r->s1;
	m->stats->s2_walks += w->s2_walks;
	m->stats->s1_walk_reads += w->s1_reads;
	m->stats->s2_walk_reads += w->s2_reads;
	m->stats->walk_faults += w->x.fault.kind != FAULT_NONE;
}

/* Walks until the descriptor updates took effect. */
static void walk(struct mmu *m, const struct regime *r, u64 va, struct access a, struct xlat *x)
{
	struct walk w;

	*(a.what & ACC_FETCH ? &m->stats->i_walks : &m->stats->d_walks) += 1;
	do {
		if (unlikely(m->check))
			check_walk_begins(m, r, va);
		walk_va_raw(r, m->bus, va, a, &m->caches, &w);
		count_walk(m, r, &w);
	} while (!walk_apply(m->bus, &w));
	*x = w.x;
	if (unlikely(m->check))
		check_walk_ends(m, x);
}

static u64 line_tag(u64 tag, const struct xlat *x)
{
	return tag | (u64)x->size << TAG_SIZE_LO | (x->global ? TAG_GLOBAL : 0);
}

static u8 fragment_of(const struct xlat *x)
{
	return x->s1_size > x->size ? x->s1_size : 0;
}

/* A lookup matched twice. True: that is a fault. */
static bool conflict(struct mmu *m, const struct assoc *a, u64 addr, u64 tag, const struct regime *r, struct xlat *x)
{
	m->stats->tlb_conflict++;
	if (unlikely(m->check))
		check_conflict(m, a, addr, tag, false);
	if (m->cfg.conflict_abort)
		x->fault = (struct fault){ .kind = FAULT_TLB_CONFLICT, .stage = r->s1 ? 1 : 2 };
	return m->cfg.conflict_abort;
}

/* An L1 line is about to overlap another. */
static void overlap(struct mmu *m, int side)
{
	if (!m->cfg.conflict_abort) {
		m->stats->tlb_conflict++;
		return;
	}
	if (!m->overlaps[side])
		fast_flush_side(m, side);
	m->overlaps[side] = true;
}

static void fill_main(struct mmu *m, u64 addr, u64 tag, const struct xlat *x)
{
	unsigned evicted;
	u32 i = assoc_insert(&m->main, addr, line_tag(tag, x), fragment_of(x), &evicted);

	count_fill(m->details->main_fill, m->details->main_evict, &m->stats->evict_main, x->size, evicted);
	if (i)
		keep(&m->main, i, x);
	if (unlikely(m->check) && i)
		check_filled(m, &m->main, i);
}

static u16 fill_l1(struct mmu *m, int side, u64 addr, u64 tag, const struct xlat *x)
{
	struct assoc *l1 = &m->l1[side];
	unsigned evicted;
	u32 i;

	if (unlikely(assoc_overlaps(l1, addr, line_tag(tag, x)))) {
		overlap(m, side);
		if (m->check)
			check_conflict(m, l1, addr, line_tag(tag, x), true);
	}
	i = assoc_insert(l1, addr, line_tag(tag, x), fragment_of(x), &evicted);
	if (side == SIDE_CODE)
		count_fill(m->details->l1i_fill, m->details->l1i_evict, &m->stats->evict_l1i, x->size, evicted);
	else
		count_fill(m->details->l1d_fill, m->details->l1d_evict, &m->stats->evict_l1d, x->size, evicted);
	keep(l1, i, x);
	if (unlikely(m->check)) {
		check_filled(m, l1, i);
		check_made(m, 0);
	}
	return (u16)i;
}

/* After an L1 miss: the main TLB, then a walk. False: x->fault says why. */
static bool refill(struct mmu *m, const struct regime *r, u64 va, u64 addr, u64 tag,
		   struct access a, struct xlat *x, bool *stale)
{
	bool use_main = r->s1 && m->main.n;
	bool several = false;
	u32 i = 0;

	if (unlikely(m->timing.miss != NULL))
		m->timing.miss(m->timing.ctx);
	if (use_main) {
		m->stats->main_lookup++;
		i = find_line(&m->main, addr, tag, a, &several);
		if (i)
			m->details->main_hit[line_size(&m->main, i)]++;
		if (several && conflict(m, &m->main, addr, tag, r, x))
			return false;
		if (i) {
			assoc_touch(&m->main, i);
			serve(&m->main, i, addr, x);
			if (unlikely(m->check)) {
				check_made(m, m->main.line[i].from);
				*stale = check_used(m, r, va, m->main.line[i].from, x);
			}
			return xlat_permits(r, x, a, &x->fault);
		}
		m->stats->main_miss++;
	}
	walk(m, r, va, a, x);
	if (x->fault.kind != FAULT_NONE)
		return false;
	if (use_main)
		fill_main(m, addr, tag, x);
	return true;
}

void mmu_lookup(struct mmu *m, const struct regime *r, u64 va, struct access a, struct xlat *x,
		u16 *l1)
{
	int side = a.what & ACC_FETCH ? SIDE_CODE : SIDE_DATA;
	bool several = false, stale = false;
	u64 addr, tag;
	u32 i;

	*l1 = 0;
	if (unlikely(m->check))
		check_lookup_begins(m);
	if (!r->s1 && !r->s2) {
		struct walk w;

		walk_va(r, m->bus, va, a, NULL, &w);
		*x = w.x;
		return;
	}
	if (m->cfg.reference)
		*(side == SIDE_CODE ? &m->stats->l1i_model : &m->stats->l1d_model) += 1;
	addr = lookup_address(r, va);
	tag = regime_tag(r);
	i = find_line(&m->l1[side], addr, tag, a, &several);
	if (unlikely(several && m->cfg.conflict_abort)) {
		conflict(m, &m->l1[side], addr, tag, r, x);
		return;
	}
	if (likely(i)) {
		if (m->cfg.reference)
			(side == SIDE_CODE ? m->details->l1i_hit_model : m->details->l1d_hit_model)[line_size(&m->l1[side], i)]++;
		assoc_touch(&m->l1[side], i);
		serve(&m->l1[side], i, addr, x);
		if (unlikely(m->check))
			stale = check_used(m, r, va, m->l1[side].line[i].from, x);
		if (!xlat_permits(r, x, a, &x->fault))
			return;
	} else {
		*(side == SIDE_CODE ? &m->stats->l1i_miss : &m->stats->l1d_miss) += 1;
		x->fault.kind = FAULT_NONE;
		if (!refill(m, r, va, addr, tag, a, x, &stale))
			return;
		i = fill_l1(m, side, addr, tag, x);
	}
	*l1 = unlikely(stale) ? FAST_NO_LINE : (u16)i;
	attr_effective(r, a, x);
}

u8 mmu_slot_memory(const struct mmu *m, const struct regime *r, const struct fast_slot *s, u64 va, pa *p)
{
	const struct assoc *l1 = &m->l1[SIDE_DATA];
	struct xlat x;

	if (!s->entry) { /* no stage is on: Device memory at its own address */
		*p = (pa){ va | (u64)r->space << 62 };
		return 0;
	}
	serve(l1, s->entry, lookup_address(r, va), &x);
	attr_effective(r, (struct access){ .what = ACC_READ }, &x);
	*p = x.pa;
	return x.attr;
}

static void walk_step(void *ctx, const struct walk_step *s)
{
	struct mmu *m = ctx;

	if (m->timing.read)
		m->timing.read(m->timing.ctx, s->pa);
	if (m->check)
		check_step(m, s);
}

void tlb_hear_steps(struct mmu *m)
{
	m->caches.step = m->timing.read || m->check ? walk_step : NULL;
}

void mmu_set_timing(struct mmu *m, const struct mmu_timing *timing)
{
	m->timing = *timing;
	tlb_hear_steps(m);
}

void mmu_probe(struct mmu *m, const struct regime *r, u64 va, struct access a, struct xlat *x)
{
	struct assoc *l1 = &m->l1[a.what & ACC_FETCH ? SIDE_CODE : SIDE_DATA];
	u64 addr = lookup_address(r, va), tag = regime_tag(r);
	bool several;
	struct walk w;
	u32 i = 0;

	a.atop = true;
	if ((r->s1 || r->s2) && !a.s1_only) {
		struct assoc *s = l1;

		i = assoc_find(s, addr, tag, &several);
		if (!i && r->s1) {
			s = &m->main;
			i = assoc_find(s, addr, tag, &several);
		}
		if (i)
			serve(s, i, addr, x);
	}
	if (!i) {
		walk_va(r, m->bus, va, a, &m->peek, &w);
		*x = w.x;
	} else if (xlat_permits(r, x, a, &x->fault)) {
		attr_effective(r, a, x);
	}
}

/* Snapshot and inspection */

static void snap_pa_attr(struct snap *s, struct xlat *x)
{
	u8 *const fields[] = { &x->attr,    &x->sh,	  &x->size,    &x->s1_size, &x->s1_level,
			       &x->s2_size, &x->s2_level, &x->s1_perm, &x->s2_perm, &x->s2_attr };

	snap_u64(s, &x->pa.a);
	snap_u64(s, &x->ipa.a);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		snap_u8(s, fields[i]);
	snap_bool(s, &x->global);
	snap_bool(s, &x->s1_dbm_clean);
	snap_bool(s, &x->s2_dbm_clean);
}

static void snap_xlat(struct snap *s, struct line *l)
{
	snap_pa_attr(s, &l->x);
	snap_check(s, l->x.size >= 12 && l->x.size <= 52, "TLB page size");
}

static void snap_wc(struct snap *s, struct line *l)
{
	snap_u8(s, &l->wc.level);
	snap_u8(s, &l->wc.bits);
	snap_u64(s, &l->wc.table);
	snap_u8(s, &l->wc.ns);
	snap_u8(s, &l->wc.apt);
	snap_u8(s, &l->wc.xnt);
	snap_u8(s, &l->wc.pxnt);
	l->wc.hit = true;
	snap_check(s, l->wc.level <= 3, "walk cache level");
}

void mmu_snap(struct mmu *m, struct snap *s)
{
	if (s->loading) {
		if (m->check)
			check_forget_all(m); /* what the loaded entries were made from nobody knows */
		fast_init(m);
		/* perhaps: no slot is filled then, which is only slower */
		m->overlaps[SIDE_CODE] = m->overlaps[SIDE_DATA] = m->cfg.conflict_abort;
	}
	assoc_snap(&m->l1[SIDE_CODE], s, snap_xlat);
	assoc_snap(&m->l1[SIDE_DATA], s, snap_xlat);
	assoc_snap(&m->main, s, snap_xlat);
	assoc_snap(&m->walk, s, snap_wc);
	assoc_snap(&m->ipa, s, snap_xlat);
}

static void view(const struct assoc *a, void (*fn)(void *ctx, const struct tlb_view *v), void *ctx,
		 bool tables)
{
	for (u32 i = 1; i <= a->n; i++) {
		u64 tag = a->key[i].tag;
		struct tlb_view v = {
			.structure = a->name,
			.va = a->key[i].page << tag_size(tag),
			.kind = (u8)((tag & TAG_KIND) >> TAG_KIND_LO),
			.space = (u8)((tag & TAG_SPACE) >> TAG_SPACE_LO),
			.s1 = tag & TAG_S1,
			.s2 = tag & TAG_S2,
			.vm_tag = tag & TAG_VM,
			.global = tag & TAG_GLOBAL,
			.asid = (u16)(tag & TAG_ASID),
			.vmid = (u16)((tag & TAG_VMID) >> TAG_VMID_LO),
		};

		if (!tag)
			continue;
		if (tables) {
			v.table = &a->line[i].wc;
			v.x = (struct xlat){ .ipa = { v.table->table }, .pa = { v.table->table },
					     .size = v.table->bits, .s1_level = v.table->level };
		} else {
			v.x = a->line[i].x;
		}
		fn(ctx, &v);
	}
}

void mmu_for_each(struct mmu *m, void (*fn)(void *ctx, const struct tlb_view *v), void *ctx)
{
	view(&m->l1[SIDE_CODE], fn, ctx, false);
	view(&m->l1[SIDE_DATA], fn, ctx, false);
	view(&m->main, fn, ctx, false);
	view(&m->walk, fn, ctx, true);
	view(&m->ipa, fn, ctx, false);
}
