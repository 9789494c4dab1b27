/*
 * The table walker: Armv8.0 to v8.2 VMSA, both stages (DDI0487 D8). A pure function: what
 * it would change in memory (access flag, dirty state) it lists for walk_apply(). Called by the TLB
 * model on a miss, by AT and by the debugger.
 *
 * CONSTRAINED UNPREDICTABLE choices: TxSZ outside its limits behaves as the nearest limit; a
 * reserved or missing granule as the smallest implemented one; a contiguous hint whose addresses do
 * not line up is ignored; SH=1 is Non-shareable. A walk that ends in a fault changes nothing, so an
 * access flag is set only together with a permitted access.
 *
 * Not modelled: 52-bit physical addresses (FEAT_LPA, LPA2), Secure EL2, PBHA, FEAT_EPAN, FEAT_BBM's
 * nT bit, TBID.
 */
#include "mmu/walk.h"

#include "base/bits.h"
#include "mmu/attr_priv.h"

#define DESC_VALID BIT(0)
#define DESC_TABLE BIT(1) /* level 3: page */
#define DESC_NS	   BIT(5)
#define DESC_AP2   BIT(7) /* stage 1: read-only */
#define DESC_S2W   BIT(7) /* stage 2: S2AP[1] */
#define DESC_AF	   BIT(10)
#define DESC_NG	   BIT(11)
#define DESC_DBM   BIT(51)
#define DESC_CONT  BIT(52)
#define DESC_PXN   BIT(53)
#define DESC_XN	   BIT(54)
#define DESC_XNT   BIT(60)
#define DESC_NST   BIT(63)

#define HCR_PTW	   BIT(2)
#define HCR_DC	   BIT(12)
#define HCR_NV_NV1 (BIT(42) | BIT(43))

enum { MAX_OA = 48, LAST_LEVEL = 3 };

/* A walk in progress. */
struct job {
	const struct regime *r;
	struct bus *bus;
	struct access a;
	const struct walk_caches *c;
	struct walk *out;
};

/* A descriptor and where it stands. */
struct desc {
	pa pa;
	u64 raw; /* as in memory */
	u64 v;
	u8 level;
	ipa ipa; /* stage 1 under stage 2 */
};

static const struct walk_caches no_caches;

static unsigned shift_of(const struct walk_stage *s, unsigned level)
{
	return s->grain + (LAST_LEVEL - level) * (s->grain - 3u);
}

static bool fail(struct job *j, const struct walk_stage *s, enum fault_kind kind, unsigned level)
{
	j->out->x.fault = (struct fault){ .kind = kind, .stage = s->n, .level = (s8)level };
	return false;
}

static bool implements_granule(const struct mmu_features *f, unsigned grain)
{
	return (grain == 12 && f->gran4) || (grain == 14 && f->gran16) ||
	       (grain == 16 && f->gran64);
}

static u8 pick_granule(const struct mmu_features *f, unsigned grain)
{
	if (implements_granule(f, grain))
		return (u8)grain;
	return f->gran4 ? 12 : f->gran16 ? 14 : 16;
}

/* Output address bits: the smaller of what IPS/PS says and what is implemented. */
static u8 output_bits(const struct mmu_features *f, unsigned ps)
{
	static const u8 size[8] = { 32, 36, 40, 42, 44, 48, 48, 48 };
	unsigned bits = size[ps] < f->pa_bits ? size[ps] : f->pa_bits;

	return (u8)(bits < MAX_OA ? bits : MAX_OA);
}

static unsigned clamp(unsigned v, unsigned lo, unsigned hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static unsigned max_txsz(const struct mmu_features *f, unsigned grain)
{
	return !f->st ? 39 : grain == 16 ? 47 : 48;
}

/* Whether any bit at or above `from` and below 48 is set: outside the output size. */
static bool beyond(u64 addr, unsigned from)
{
	return from < 48 && (addr & MASK(47, from));
}

/* Stage 1. DDI0487 D8 */

static unsigned range_of(const struct regime *r, u64 v)
{
	return r->two_ranges ? (unsigned)bit(v, 55) : 0;
}

bool walk_tbi(const struct regime *r, u64 v)
{
	return bit(r->tcr, r->two_ranges ? 37 + range_of(r, v) : 20);
}

bool walk_in_range(const struct regime *r, u64 v, unsigned ia)
{
	unsigned top = walk_tbi(r, v) ? 55 : 63;

	return bits(v, top, ia) == (range_of(r, v) ? low_mask(top - ia + 1) : 0);
}

void walk_stage1(const struct regime *r, u64 v, struct walk_stage *s)
{
	static const u8 tg0[4] = { 12, 16, 14, 0 }, tg1[4] = { 0, 14, 12, 16 };
	const struct mmu_features *f = r->feat;
	unsigned n = range_of(r, v);
	unsigned hw = r->two_ranges ? 39 : 21; /* HA, and HD above it */
	unsigned txsz;

	*s = (struct walk_stage){ .n = 1, .be = r->s1_be };
	s->grain = pick_granule(f, n ? tg1[bits(r->tcr, 31, 30)] : tg0[bits(r->tcr, 15, 14)]);
	txsz = (unsigned)bits(r->tcr, n ? 21 : 5, n ? 16 : 0);
	s->ia = (u8)(64 - clamp(txsz, f->lva && s->grain == 16 ? 12 : 16, max_txsz(f, s->grain)));
	s->oa = output_bits(
		f, (unsigned)bits(r->tcr, r->two_ranges ? 34 : 18, r->two_ranges ? 32 : 16));
	/* 4 - ceil((ia - grain) / (grain - 3)) */
	s->start = (u8)(4 - (s->ia - 4) / (s->grain - 3));
	s->ha = f->haf && bit(r->tcr, hw);
	s->hd = s->ha && f->hdbs && bit(r->tcr, hw + 1);
	s->hpd = f->hpd && bit(r->tcr, r->two_ranges ? 41 + n : 24);
	s->root = r->ttbr[n] & MASK(47, 3 + s->ia - shift_of(s, s->start));
}

bool walk_range_off(const struct regime *r, u64 v, struct access a)
{
	unsigned n = range_of(r, v);

	return r->two_ranges &&
	       (bit(r->tcr, n ? 23 : 7) || (r->feat->e0pd && !a.priv && bit(r->tcr, 55 + n)));
}

/* DDI0487 D8 */
bool walk_stage2(const struct regime *r, struct walk_stage *s)
{
	static const u8 tg0[4] = { 12, 16, 14, 0 };
	const struct mmu_features *f = r->feat;
	unsigned sl0 = (unsigned)bits(r->vtcr, 7, 6);
	unsigned stride, max_ia = f->pa_bits < MAX_OA ? f->pa_bits : MAX_OA;
	int entry_bits;

	*s = (struct walk_stage){ .n = 2, .be = r->s2_be };
	s->grain = pick_granule(f, tg0[bits(r->vtcr, 15, 14)]);
	stride = s->grain - 3u;
	s->ia = (u8)(64 - clamp((unsigned)bits(r->vtcr, 5, 0), 64 - max_ia, max_txsz(f, s->grain)));
	s->oa = output_bits(f, (unsigned)bits(r->vtcr, 18, 16));
	s->ha = f->haf && bit(r->vtcr, 21);
	s->hd = s->ha && f->hdbs && bit(r->vtcr, 22);
	if (sl0 == 3) {
		if (s->grain != 12 || !f->st)
			return false;
		s->start = 3;
	} else {
		s->start = (u8)((s->grain == 12 ? 2 : 3) - sl0);
	}
	if (sl0 == 2 && f->pa_bits <= (s->grain == 14 ? 40 : 42))
		return false;
	entry_bits = s->ia - (int)shift_of(s, s->start);
	if (entry_bits < 1 || entry_bits > (int)stride + 4) /* up to 16 concatenated tables */
		return false;
	s->root = r->vttbr & MASK(47, 3 + (unsigned)entry_bits);
	return true;
}

/* Descriptors, common to both stages. */

enum desc_kind { DESC_INVALID, DESC_IS_TABLE, DESC_IS_LEAF };

static enum desc_kind classify(const struct walk_stage *s, u64 desc, unsigned level)
{
	if (!(desc & DESC_VALID))
		return DESC_INVALID;
	if (level == LAST_LEVEL)
		return desc & DESC_TABLE ? DESC_IS_LEAF : DESC_INVALID;
	if (desc & DESC_TABLE)
		return DESC_IS_TABLE;
	return level == 2 || (level == 1 && s->grain == 12) ? DESC_IS_LEAF : DESC_INVALID;
}

static u64 entry_address(const struct walk_stage *s, u64 table, u64 addr, unsigned level)
{
	unsigned shift = shift_of(s, level);
	unsigned width = level == s->start ? s->ia - shift : s->grain - 3u;

	return table | (addr >> shift & low_mask(width)) << 3;
}

/* log2 of the range that the leaf covers together with its neighbours under the contiguous hint. */
static u8 effective_size(const struct walk_stage *s, const struct desc *d, u64 addr)
{
	unsigned size = shift_of(s, d->level), all = size;

	if (d->v & DESC_CONT) {
		if (s->grain == 12)
			all += 4;
		else
			all += s->grain == 14 && d->level == LAST_LEVEL ? 7 : 5;
	}
	if (all == size || all > s->ia || ((d->v ^ addr) & MASK(all - 1, size)))
		return (u8)size;
	return (u8)all;
}

static u64 leaf_address(const struct walk_stage *s, const struct desc *d, u64 addr)
{
	u64 mask = low_mask(shift_of(s, d->level));

	return (d->v & MASK(47, 0) & ~mask) | (addr & mask);
}

/* Reads the descriptor at d->pa and sees the updates that this walk has already planned. */
static bool read_desc(struct job *j, const struct walk_stage *s, struct desc *d, bool s1ptw, ipa ia)
{
	struct attrs at = { .space = (u8)pa_space(d->pa), .privileged = true, .debug = j->a.atop };
	struct walk *w = j->out;

	if (bus_read(j->bus, d->pa, 8, at, &d->raw) != BUS_OK) {
		fail(j, s, FAULT_EXTERNAL_WALK, d->level);
		w->x.fault.s1ptw = s1ptw;
		w->x.fault.ipa = ia;
		return false;
	}
	for (unsigned i = 0; i < w->n_updates; i++) {
		if (w->update[i].pa.a == d->pa.a)
			d->raw = w->update[i].new;
	}
	d->v = s->be ? __builtin_bswap64(d->raw) : d->raw;
	if (s->n == 1)
		w->s1_reads++;
	else
		w->s2_reads++;
	if (j->c->step)
		j->c->step(j->c->ctx, &(struct walk_step){ .stage = s->n,
							   .level = d->level,
							   .shift = (u8)shift_of(s, d->level),
							   .grain = s->grain,
							   .be = s->be,
							   .s1ptw = s1ptw,
							   .pa = d->pa,
							   .ipa = ia,
							   .desc = d->v });
	return true;
}

/* Plans to replace the descriptor; a second change of the same one joins the first. */
static void plan_update(struct job *j, const struct walk_stage *s, struct desc *d, u64 v)
{
	struct walk *w = j->out;
	u64 raw = s->be ? __builtin_bswap64(v) : v;
	unsigned i = 0;

	if (v == d->v)
		return;
	while (i < w->n_updates && w->update[i].pa.a != d->pa.a)
		i++;
	if (i == w->n_updates) {
		if (i == ARRAY_SIZE(w->update)) /* cannot happen: one leaf a table page, two leaves,
						   one table page written */
			return;
		w->update[w->n_updates++] = (struct walk_update){ .pa = d->pa, .old = d->raw };
	}
	w->update[i].new = raw;
	d->v = v;
	d->raw = raw;
}

/* Stage 2 of one IPA. */

static u8 s2_perm(const struct regime *r, u64 desc, bool dbm)
{
	/* XN[1:0], bits 54:53 (FEAT_XNX): who may execute. Without it bit 54 alone counts. */
	static const u8 execute[4] = { PERM_PX | PERM_UX, PERM_UX, 0, PERM_PX };
	u8 p = execute[bits(desc, 54, 53) & (r->feat->xnx ? 3 : 2)];

	if (bit(desc, 6))
		p |= PERM_PR | PERM_UR;
	if ((desc & DESC_S2W) || dbm)
		p |= PERM_PW | PERM_UW;
	return p;
}

static bool s2_leaf(struct job *j, const struct walk_stage *s, struct desc *d, ipa in, struct xlat *t)
{
	bool dbm = s->hd && (d->v & DESC_DBM);

	if (!(d->v & DESC_AF) && !s->ha && !j->a.look)
		return fail(j, s, FAULT_ACCESS_FLAG, d->level);
	t->pa = pa_make(ipa_space(in), leaf_address(s, d, ipa_addr(in)));
	t->ipa = in;
	t->size = effective_size(s, d, ipa_addr(in));
	t->s2_size = (u8)shift_of(s, d->level);
	t->s2_level = d->level;
	t->s2_perm = s2_perm(j->r, d->v, dbm);
	t->s2_dbm_clean = dbm && !(d->v & DESC_S2W);
	t->s2_attr = (u8)bits(d->v, 5, 2);
	t->sh = (u8)bits(d->v, 9, 8);
	return true;
}

static bool s2_tables(struct job *j, const struct walk_stage *s, ipa in, bool s1ptw, struct desc *d)
{
	u64 table = s->root;

	j->out->s2_walks++;
	for (unsigned level = s->start;; level++) {
		enum desc_kind kind;

		d->pa = pa_make(ipa_space(in), entry_address(s, table, ipa_addr(in), level));
		d->level = (u8)level;
		if (!read_desc(j, s, d, s1ptw, in))
			return false;
		kind = classify(s, d->v, level);
		if (kind == DESC_INVALID)
			return fail(j, s, FAULT_TRANSLATION, level);
		if (beyond(d->v, s->oa))
			return fail(j, s, FAULT_ADDR_SIZE, level);
		if (kind == DESC_IS_LEAF)
			return true;
		table = d->v & MASK(47, s->grain);
	}
}

/*
 * What a permitted access demands besides permission bits: no stage-1 tables in Device memory under
 * HCR_EL2.PTW.
 */
static bool s2_check(struct job *j, const struct xlat *t, struct access a, bool s1ptw)
{
	struct fault *f = &j->out->x.fault;

	if (!s2_permits(j->r, t, a, f))
		return false;
	if (s1ptw && (j->r->hcr & HCR_PTW) && !a.look && attr_is_device(t->attr)) {
		*f = (struct fault){ .kind = FAULT_PERMISSION,
				     .stage = 2,
				     .level = (s8)t->s2_level };
		return false;
	}
	return true;
}

/* The attributes of stage 2 alone: as if stage 1 were Normal Write-Back. */
static void s2_attributes(const struct regime *r, struct xlat *t)
{
	u8 sh = t->sh;

	t->attr = ATTR_WB;
	t->sh = SH_NON;
	attr_stage2(r, t, t->s2_attr, sh);
}

static bool s2_walk(struct job *j, ipa in, struct access a, bool s1ptw, struct xlat *t)
{
	struct walk_stage s = { .n = 2 };
	struct desc d;
	u64 v;

	if (!walk_stage2(j->r, &s) || ipa_addr(in) >> s.ia)
		return fail(j, &s, FAULT_TRANSLATION, 0);
	if (beyond(s.root, s.oa))
		return fail(j, &s, FAULT_ADDR_SIZE, 0);
	if (!s2_tables(j, &s, in, s1ptw, &d) || !s2_leaf(j, &s, &d, in, t))
		return false;
	j->out->s2_leaf[d.level & 3]++;
	s2_attributes(j->r, t);
	if (!s2_check(j, t, a, s1ptw))
		return false;
	v = d.v | DESC_AF;
	if (t->s2_dbm_clean && (a.what & ACC_WRITE) && !a.cm) {
		v |= DESC_S2W;
		t->s2_dbm_clean = false;
	}
	plan_update(j, &s, &d, v);
	if (j->c->ipa_fill)
		j->c->ipa_fill(j->c->ctx, j->r, in, t);
	return true;
}

/*
 * Translates `in` for an access, from the IPA cache or by a walk. s1ptw: the access is to a stage-1
 * descriptor.
 */
static bool through_s2(struct job *j, ipa in, struct access a, bool s1ptw, struct xlat *t)
{
	struct fault *f = &j->out->x.fault;
	bool ok;

	*t = (struct xlat){ .ipa = in };
	if (j->c->ipa_lookup && j->c->ipa_lookup(j->c->ctx, j->r, in, t) &&
	    !(t->s2_dbm_clean && (a.what & ACC_WRITE) && !a.cm))
		ok = s2_check(j, t, a, s1ptw);
	else
		ok = s2_walk(j, in, a, s1ptw, t);
	if (!ok) {
		f->ipa = in;
		f->s1ptw = s1ptw;
		f->write = s1ptw && (a.what & ACC_WRITE);
	}
	return ok;
}

/* Stage 1. */

static bool fetch_s1(struct job *j, const struct walk_stage *s, enum space space, u64 addr,
		     unsigned level, struct desc *d)
{
	struct access read = { .what = j->a.look ? 0 : ACC_READ, .priv = true, .atop = j->a.atop, .look = j->a.look };
	struct xlat t;

	d->level = (u8)level;
	d->ipa = ipa_make(space, addr);
	d->pa = pa_make(space, addr);
	if (j->r->s2) {
		if (!through_s2(j, d->ipa, read, true, &t))
			return false;
		d->pa = t.pa;
	}
	return read_desc(j, s, d, false, d->ipa);
}

/*
 * DDI0487 D8: direct, hierarchical and implied permissions of stage 1; PAN and WXN come at the
 * check.
 */
static u8 s1_perm(const struct regime *r, const struct walk_stage *s, const struct wc_hit *at, u64 desc,
		  bool dbm)
{
	bool nv1 = r->kind == REGIME_EL10 && (r->hcr & HCR_NV_NV1) == HCR_NV_NV1;
	u8 apt = s->hpd ? 0 : at->apt;
	bool xn = (desc & DESC_XN) || (!s->hpd && at->xnt);
	bool pxn = (desc & DESC_PXN) || (!s->hpd && at->pxnt);
	bool read_only = ((desc & DESC_AP2) && !dbm) || (apt & 2);
	u8 rw = read_only ? PERM_PR : PERM_PR | PERM_PW;
	u8 p = rw;

	if (!r->two_ranges) { /* one privilege: AP[1] and PXN do not exist */
		p |= xn ? 0 : PERM_PX;
		return (u8)(p | p << 3);
	}
	if (nv1) { /* FEAT_NV: bit 54 is PXN, EL0 has no access */
		pxn = xn;
		xn = false;
	} else if (bit(desc, 6) && !(apt & 1)) {
		p |= (u8)(rw << 3);
	}
	if (!xn)
		p |= PERM_UX;
	if (!pxn && !(p & PERM_UW)) /* writable at EL0: never executable above */
		p |= PERM_PX;
	return p;
}

static bool s1_leaf(struct job *j, const struct walk_stage *s, const struct wc_hit *at, struct desc *d,
		    u64 v)
{
	const struct regime *r = j->r;
	struct xlat *x = &j->out->x;
	bool dbm = s->hd && (d->v & DESC_DBM);
	bool ns = r->space != SPACE_S || at->ns || (d->v & DESC_NS);

	if (!(d->v & DESC_AF) && !s->ha && !j->a.look)
		return fail(j, s, FAULT_ACCESS_FLAG, d->level);
	x->ipa = ipa_make(ns ? SPACE_NS : SPACE_S, leaf_address(s, d, v));
	x->size = effective_size(s, d, v);
	x->s1_size = (u8)shift_of(s, d->level);
	x->s1_level = d->level;
	x->s1_perm = s1_perm(r, s, at, d->v, dbm);
	x->s1_dbm_clean = dbm && (d->v & DESC_AP2) && (s->hpd || !(at->apt & 2));
	x->global = !r->two_ranges || (!(d->v & DESC_NG) && !(r->space == SPACE_S && at->ns));
	attr_stage1(x, (u8)(r->mair >> 8 * bits(d->v, 4, 2)), (u8)bits(d->v, 9, 8));
	return s1_aligned(x, j->a, &x->fault) && s1_permits(r, x, j->a, &x->fault);
}

/* Access flag and dirty state of the leaf; the table may be write-protected by stage 2. */
static bool s1_update(struct job *j, const struct walk_stage *s, struct desc *d)
{
	struct access write = { .what = ACC_WRITE, .priv = true, .atop = j->a.atop };
	struct xlat *x = &j->out->x;
	u64 v = d->v | DESC_AF;
	struct xlat t;

	if (x->s1_dbm_clean && (j->a.what & ACC_WRITE) && !j->a.cm) {
		v &= ~DESC_AP2;
		x->s1_dbm_clean = false;
	}
	if (v == d->v || j->a.look)
		return true;
	if (j->r->s2 && !through_s2(j, d->ipa, write, true, &t))
		return false;
	plan_update(j, s, d, v);
	return true;
}

static void enter_table(const struct walk_stage *s, u64 desc, struct wc_hit *at)
{
	at->level++;
	at->bits = (u8)(shift_of(s, at->level) + s->grain - 3);
	at->table = desc & MASK(47, s->grain);
	at->ns |= (desc & DESC_NST) != 0;
	at->apt |= (u8)bits(desc, 62, 61);
	at->xnt |= (desc & DESC_XNT) != 0;
	at->pxnt |= (u8)bit(desc, 59);
}

/*
 * Where to begin: the deepest table that the walk cache knows and that fits this geometry, or the
 * root.
 */
static struct wc_hit s1_begin(struct job *j, const struct walk_stage *s, u64 v)
{
	struct wc_hit at = { 0 };

	if (j->c->wc_lookup) {
		at = j->c->wc_lookup(j->c->ctx, j->r, 1, v);
		if (at.hit && at.level > s->start && at.level <= LAST_LEVEL &&
		    at.bits == shift_of(s, at.level) + s->grain - 3)
			return at;
	}
	return (struct wc_hit){ .level = s->start, .table = s->root };
}

static bool s1_walk(struct job *j, u64 v)
{
	const struct regime *r = j->r;
	struct walk_stage s;
	struct wc_hit at;
	struct desc d;

	walk_stage1(r, v, &s);
	if (!walk_in_range(r, v, s.ia) || walk_range_off(r, v, j->a))
		return fail(j, &s, FAULT_TRANSLATION, 0);
	if (beyond(s.root, s.oa))
		return fail(j, &s, FAULT_ADDR_SIZE, 0);
	at = s1_begin(j, &s, v);
	j->out->s1_start = at.level;
	for (;;) {
		enum space space = r->space == SPACE_S && !at.ns ? SPACE_S : SPACE_NS;
		enum desc_kind kind;

		if (!fetch_s1(j, &s, space, entry_address(&s, at.table, v, at.level), at.level, &d))
			return false;
		kind = classify(&s, d.v, at.level);
		if (kind == DESC_INVALID)
			return fail(j, &s, FAULT_TRANSLATION, at.level);
		if (beyond(d.v, s.oa))
			return fail(j, &s, FAULT_ADDR_SIZE, at.level);
		if (kind == DESC_IS_LEAF)
			break;
		enter_table(&s, d.v, &at);
		at.hit = true;
		if (j->c->wc_fill)
			j->c->wc_fill(j->c->ctx, r, 1, v, &at);
	}
	return s1_leaf(j, &s, &at, &d, v) && s1_update(j, &s, &d);
}

/* Stage 1 off: identity, with the address-size check and the attributes of DDI0487 D8 */
static bool s1_off(struct job *j, u64 v)
{
	const struct regime *r = j->r;
	struct xlat *x = &j->out->x;
	unsigned top = walk_tbi(r, v) ? 55 : 63;
	unsigned width = r->feat->pa_bits < MAX_OA ? r->feat->pa_bits : MAX_OA;

	if (bits(v, top, width))
		return fail(j, &(struct walk_stage){ .n = 1 }, FAULT_ADDR_SIZE, 0);
	x->ipa = ipa_make((enum space)r->space, v & low_mask(width));
	x->size = 12;
	x->global = true;
	x->s1_perm = PERM_PR | PERM_PW | PERM_PX | PERM_UR | PERM_UW | PERM_UX;
	if (r->kind == REGIME_EL10 && (r->hcr & HCR_DC))
		attr_stage1(x, ATTR_WB, SH_NON);
	else
		attr_stage1(x, j->a.what & ACC_FETCH ? ATTR_WT : ATTR_NGNRNE, SH_OUTER);
	return s1_aligned(x, j->a, &x->fault);
}

/* Adds stage 2 to what stage 1 left in x. */
static bool add_stage2(struct job *j)
{
	struct xlat *x = &j->out->x;
	struct xlat t;
	u8 sh;

	if (!through_s2(j, x->ipa, j->a, false, &t))
		return false;
	sh = t.sh;
	x->pa = t.pa;
	x->size = j->r->s1 && x->size < t.size ? x->size : t.size;
	x->s2_size = t.s2_size;
	x->s2_level = t.s2_level;
	x->s2_perm = t.s2_perm;
	x->s2_dbm_clean = t.s2_dbm_clean;
	x->s2_attr = t.s2_attr;
	attr_stage2(j->r, x, t.s2_attr, sh);
	return true;
}

static void no_counts(struct walk *w)
{
	w->s1_reads = w->s2_reads = w->s2_walks = 0;
	w->s1_start = 4;
	for (unsigned level = 0; level < ARRAY_SIZE(w->s2_leaf); level++)
		w->s2_leaf[level] = 0;
}

void walk_va_raw(const struct regime *r, struct bus *bus, u64 v, struct access a,
		 const struct walk_caches *c, struct walk *out)
{
	struct job j = { r, bus, a, c ? c : &no_caches, out };
	bool ok;

	out->n_updates = 0;
	no_counts(out);
	out->x = (struct xlat){ 0 };
	ok = r->s1 ? s1_walk(&j, v) : s1_off(&j, v);
	out->x.pa = pa_make(ipa_space(out->x.ipa), ipa_addr(out->x.ipa));
	if (ok && r->s2 && !a.s1_only)
		ok = add_stage2(&j);
	if (!ok) /* a walk that faults changes nothing */
		out->n_updates = 0;
}

void walk_va(const struct regime *r, struct bus *bus, u64 v, struct access a,
	     const struct walk_caches *c, struct walk *out)
{
	walk_va_raw(r, bus, v, a, c, out);
	if (out->x.fault.kind == FAULT_NONE)
		attr_effective(r, a, &out->x);
}

void walk_ipa(const struct regime *r, struct bus *bus, ipa in, struct access acc,
	      const struct walk_caches *c, struct walk *out)
{
	struct job j = { r, bus, acc, c ? c : &no_caches, out };
	struct xlat t;
	bool ok;

	out->n_updates = 0;
	no_counts(out);
	out->x = (struct xlat){ .ipa = in };
	ok = through_s2(&j, in, acc, false, &t);
	if (ok)
		out->x = t;
	if (!ok) /* a walk that faults changes nothing */
		out->n_updates = 0;
}

bool walk_apply(struct bus *bus, const struct walk *w)
{
	for (unsigned i = 0; i < w->n_updates; i++) {
		const struct walk_update *up = &w->update[i];
		const struct bus_region *ram = bus_find(bus, pa_addr(up->pa), pa_space(up->pa));
		u64 want = up->old;

		if (!ram ||
		    !bus_writable(bus, up->pa)) /* in a ROM or device nothing can be kept */
			continue;
		if (!__atomic_compare_exchange_n((u64 *)(ram->host + (pa_addr(up->pa) - ram->base)),
						 &want, up->new, false, __ATOMIC_SEQ_CST,
						 __ATOMIC_SEQ_CST))
			return false;
		phys_written(bus, up->pa, 8);
	}
	return true;
}
