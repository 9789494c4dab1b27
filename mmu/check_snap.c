/*
 * The TLB checker in snapshots: nodes, sources, which entry was made from what, what waits for a DSB. Numbers of nodes and sources are kept;
 * lists are saved in their order and built anew, so that nothing a file says makes a ring of them, and holds (refs) are counted anew.
 * Loaded after the TLBs whose entries it names.
 */
#include "mmu/check_priv.h"

#include <string.h>

#include "base/snap.h"

/* What a node may make the loader watch in all: 64 GiB. */
enum { RECORDS_MAX = 1 << 22, OUT_SIZE_MAX = 30, WATCHED_MAX = 1 << 24 };

static void snap_s16(struct snap *s, s16 *v)
{
	snap_u16(s, (u16 *)v);
}

static bool is_pe(const struct checker *k, int pe)
{
	return pe >= NOBODY && pe < (int)k->pes;
}

static void snap_who(struct checker *k, struct check_who *who, struct snap *s)
{
	u32 pe = (u32)who->pe;

	snap_u32(s, &pe);
	snap_u64(s, &who->pc);
	snap_check(s, is_pe(k, (int)pe), "a PE of the TLB checker");
	if (s->loading)
		who->pe = s->failed ? NOBODY : (int)pe;
}

/* ---- nodes ---- */

static bool node_used(const struct checker *k, u32 n)
{
	return n && n < k->nodes && k->node[n].refs;
}

static void snap_node(struct checker *k, struct node *x, struct snap *s)
{
	u64 *const words[] = { &x->pa, &x->value, &x->now, &x->in, &x->root, &x->out, &x->mair };
	u8 *const bytes[] = { &x->stage, &x->level, &x->shift, &x->grain, &x->out_size, &x->kind, &x->space, &x->state, &x->reported };
	bool *const flags[] = { &x->be, &x->vm_tag, &x->global, &x->bbm2, &x->writable, &x->watched, &x->written, &x->pend_shared };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		snap_u64(s, words[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++)
		snap_u8(s, bytes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		snap_bool(s, flags[i]);
	snap_u32(s, &x->parent);
	snap_u16(s, &x->asid);
	snap_u16(s, &x->vmid);
	snap_s16(s, &x->pending);
	snap_s16(s, &x->local);
	snap_s16(s, &x->by_ipa);
	snap_who(k, &x->writer, s);
	snap_check(s, x->stage - 1u < 2 && x->level <= 3 && x->shift < 53 && x->grain < 17 && x->kind <= REGIME_EL3 && x->space <= SPACE_NS,
		   "a descriptor of the TLB checker");
	snap_check(s, x->out_size <= OUT_SIZE_MAX && x->state <= NODE_CHANGED && x->watched <= (x->state != NODE_LIVE && x->out_size),
		   "state of a descriptor of the TLB checker");
	snap_check(s, is_pe(k, x->pending) && is_pe(k, x->local) && is_pe(k, x->by_ipa), "a PE of the TLB checker");
}

static u32 save_nodes(struct checker *k, struct snap *s)
{
	u32 count = 0;

	for (u32 h = 0; s && h < CHECK_HASH; h++)
		for (u32 n = k->head[h]; n; n = node_at(k, n)->next) {
			snap_u32(s, &n);
			snap_node(k, node_at(k, n), s);
		}
	for (u32 n = 1; n < k->nodes; n++)
		count += node_used(k, n);
	return count;
}

/* The children hold their parents; whoever is left without a hold does not belong there. */
static void load_nodes(struct checker *k, u32 count, struct snap *s)
{
	for (u32 i = 0; i < count && !s->failed; i++) {
		struct node *x;
		u32 n, *end;

		snap_u32(s, &n);
		snap_check(s, n && n < k->nodes && !node_used(k, n), "number of a descriptor of the TLB checker");
		if (s->failed)
			return;
		x = node_at(k, n);
		*x = (struct node){ .refs = 1 }; /* for now */
		snap_node(k, x, s);
		if (s->failed) {
			x->refs = 0;
			return;
		}
		end = check_chain(k, x->pa);
		while (*end)
			end = &node_at(k, *end)->next;
		*end = n;
		check_watch(k, x->pa, 3, 1);
	}
	for (u32 n = 1; n < k->nodes && !s->failed; n++) {
		struct node *x = node_at(k, n), *up = node_at(k, x->parent < k->nodes ? x->parent : 0);

		if (!x->refs || !x->parent)
			continue;
		snap_check(s, node_used(k, x->parent) && up->stage == x->stage && up->level + 1 == x->level, "table of a descriptor");
		if (!s->failed)
			up->refs++;
	}
}

/* ---- lists of nodes ---- */

static u32 next_off(const struct node *x)
{
	return x->off_next;
}
static u32 next_page(const struct node *x)
{
	return x->page_next;
}
static u32 next_pending(const struct node *x)
{
	return x->pend_next;
}

/* A list in its order, and what is to be done with each node that is loaded; that refuses it if it cannot be. */
static void snap_list(struct checker *k, u32 first, u32 (*next)(const struct node *x), bool (*add)(struct checker *k, u32 n, void *ctx), void *ctx,
		      struct snap *s)
{
	u32 count = 0, n = s->loading ? 0 : first;

	for (u32 at = n; at; at = next(node_at(k, at)))
		count++;
	snap_u32(s, &count);
	snap_check(s, count < k->nodes, "length of a list of the TLB checker");
	for (u32 i = 0; i < count && !s->failed; i++) {
		snap_u32(s, &n);
		if (s->loading)
			snap_check(s, node_used(k, n) && add(k, n, ctx), "a list of the TLB checker");
		else
			n = next(node_at(k, n));
	}
}

struct tail {
	u32 *end;
	u32 last;
	int pe;
	u64 watched;
};

/* While a list is loaded, off_prev of a node that is in none is its own number. */
static bool add_off(struct checker *k, u32 n, void *ctx)
{
	struct tail *t = ctx;
	struct node *x = node_at(k, n);

	if (x->state == NODE_LIVE || x->off_prev != n)
		return false;
	x->off_prev = t->last;
	*t->end = n;
	t->end = &x->off_next;
	t->last = n;
	k->n_off++;
	return true;
}

static bool add_page(struct checker *k, u32 n, void *ctx)
{
	struct tail *t = ctx;
	struct node *x = node_at(k, n);
	u32 *end = check_page_list(k, x);

	t->watched += 1ull << (x->out_size > 12 ? x->out_size - 12 : 0);
	if (!x->watched || x->page_next != n || t->watched > WATCHED_MAX)
		return false;
	while (*end)
		end = &node_at(k, *end)->page_next;
	*end = n;
	x->page_next = 0;
	check_watch(k, x->out, x->out_size, 1);
	return true;
}

static bool add_pending(struct checker *k, u32 n, void *ctx)
{
	struct tail *t = ctx;
	struct node *x = node_at(k, n);

	if (x->pending != t->pe || x->pend_next != n || k->pe[t->pe].n_pending == CHECK_PENDING)
		return false;
	x->pend_next = 0;
	*t->end = n;
	t->end = &x->pend_next;
	x->refs++;
	k->pe[t->pe].n_pending++;
	return true;
}

/* Which nodes must be in a list that was loaded: those are still marked. */
static void begin_lists(struct checker *k)
{
	for (u32 n = 1; n < k->nodes; n++)
		if (node_used(k, n))
			node_at(k, n)->off_prev = node_at(k, n)->page_next = node_at(k, n)->pend_next = n;
}

/* What is not in a list is not marked any more; what should be in one spoils the load. */
static void end_lists(struct checker *k, struct snap *s)
{
	for (u32 n = 1; n < k->nodes; n++) {
		struct node *x = node_at(k, n);
		bool off = x->off_prev == n, page = x->page_next == n, pending = x->pend_next == n;

		if (!node_used(k, n))
			continue;
		snap_check(s, !(off && x->state != NODE_LIVE) && !(page && x->watched) && !(pending && x->pending != NOBODY),
			   "a descriptor that is in no list of the TLB checker");
		x->off_prev = off ? 0 : x->off_prev;
		x->page_next = page ? 0 : x->page_next;
		x->pend_next = pending ? 0 : x->pend_next;
		x->watched = x->watched && !page;
		if (off)
			x->state = NODE_LIVE; /* no-op unless the load is spoilt */
	}
}

static void snap_lists(struct checker *k, struct snap *s)
{
	struct tail t = { .end = &k->off };

	if (s->loading)
		begin_lists(k);
	snap_list(k, k->off, next_off, add_off, &t, s);
	for (u32 i = 0; i < CHECK_PAGES; i++)
		snap_list(k, k->page[i], next_page, add_page, &t, s);
	snap_list(k, k->blocks, next_page, add_page, &t, s);
	for (unsigned i = 0; i < k->pes; i++) {
		t = (struct tail){ .end = &k->pe[i].pending, .pe = (int)i };
		snap_list(k, k->pe[i].pending, next_pending, add_pending, &t, s);
	}
	if (s->loading)
		end_lists(k, s);
}

/* ---- sources ---- */

static bool source_used(const struct checker *k, u32 n)
{
	return n && n < k->sources && k->source[n].refs;
}

static void load_source(struct checker *k, u32 n, struct snap *s)
{
	struct source *x = source_at(k, n);
	u32 node[2] = { 0, 0 };

	for (unsigned i = 0; i < 2; i++) {
		snap_u32(s, &node[i]);
		snap_check(s, !node[i] || (node_used(k, node[i]) && node_at(k, node[i])->stage == i + 1), "origin of an entry of a TLB");
	}
	snap_check(s, node[0] || node[1], "origin of an entry of a TLB");
	if (s->failed)
		return;
	*x = (struct source){ .refs = 1 /* for now */, .node = { node[0], node[1] } };
	for (unsigned i = 0; i < 2; i++)
		if (node[i])
			node_at(k, node[i])->refs++;
}

static void snap_sources(struct checker *k, struct snap *s)
{
	u32 count = 0;

	for (u32 n = 1; n < k->sources; n++)
		count += !s->loading && source_used(k, n);
	snap_u32(s, &count);
	if (s->loading) {
		for (u32 i = 0, n = 0; i < count && !s->failed; i++) {
			snap_u32(s, &n);
			snap_check(s, n && n < k->sources && !source_used(k, n), "number of an origin of entries");
			if (!s->failed)
				load_source(k, n, s);
		}
		return;
	}
	for (u32 n = 1; n < k->sources; n++) {
		if (!source_used(k, n))
			continue;
		snap_u32(s, &n);
		snap_u32(s, &source_at(k, n)->node[0]);
		snap_u32(s, &source_at(k, n)->node[1]);
	}
}

/* A hold on a source. */
static void snap_hold(struct checker *k, u32 *n, struct snap *s)
{
	u32 v = *n;

	snap_u32(s, &v);
	snap_check(s, !v || source_used(k, v), "origin of an entry");
	if (!s->loading)
		return;
	*n = s->failed ? 0 : v;
	if (*n)
		source_at(k, *n)->refs++;
}

static void snap_pe(struct checker *k, struct check_pe *p, struct snap *s)
{
	struct mmu *m = p->mmu;
	struct assoc *const list[] = { &m->l1[SIDE_CODE], &m->l1[SIDE_DATA], &m->main, &m->walk, &m->ipa };

	for (unsigned a = 0; a < ARRAY_SIZE(list); a++)
		for (u32 i = 1; i <= list[a]->n && !s->failed; i++)
			if (list[a]->key[i].tag)
				snap_hold(k, &list[a]->line[i].from, s);
	snap_hold(k, &p->made, s);
	snap_u32(s, &p->via);
	snap_check(s, !p->via || source_used(k, p->via), "origin of an entry");
	if (s->failed && s->loading)
		p->via = 0;
}

/* ---- all ---- */

static void snap_small(struct checker *k, struct snap *s)
{
	u32 n = k->n_recheck;

	for (size_t i = 0; i < check_stat_rows_n; i++)
		snap_u64(s, (u64 *)((char *)&k->stats + check_stat_rows[i].offset));
	snap_u32(s, &n);
	snap_check(s, n <= CHECK_RECHECKS, "descriptors that are looked at again");
	k->n_recheck = s->failed ? 0 : n;
	for (u32 i = 0; i < k->n_recheck && !s->failed; i++) {
		snap_u64(s, &k->recheck[i].pa.a);
		snap_who(k, &k->recheck[i].who, s);
	}
	for (u32 i = 0; i < CHECK_PLACES && !s->failed; i++) {
		snap_u64(s, &k->place[i].pc);
		snap_u32(s, &k->place[i].lines);
		snap_u8(s, &k->place[i].kind);
		snap_check(s, k->place[i].kind < FINDINGS, "kind of a finding");
	}
}

/* What nobody holds goes: those of the load itself. */
static void let_go(struct checker *k, struct snap *s)
{
	for (u32 n = 1; n < k->sources; n++)
		if (source_used(k, n)) {
			snap_check(s, source_at(k, n)->refs > 1, "an origin that no entry has");
			check_source_put(k, n);
		}
	for (u32 n = 1; n < k->nodes; n++)
		if (node_used(k, n)) {
			snap_check(s, node_at(k, n)->refs > 1, "a descriptor that no entry has");
			node_put(k, n);
		}
}

void checker_clear(struct checker *k)
{
	for (unsigned i = 0; i < k->pes; i++) {
		struct check_pe *p = &k->pe[i];

		check_forget_all(p->mmu);
		for (u32 n; (n = p->pending) != 0;) {
			p->pending = node_at(k, n)->pend_next;
			node_at(k, n)->pending = NOBODY;
			node_put(k, n);
		}
		p->n_pending = 0;
	}
	k->n_recheck = 0;
}

/* Of a load that failed nothing is left; pages stay watched, for nobody. */
static void wipe(struct checker *k)
{
	for (unsigned i = 0; i < k->pes; i++) {
		struct mmu *m = k->pe[i].mmu;
		struct assoc *const list[] = { &m->l1[SIDE_CODE], &m->l1[SIDE_DATA], &m->main, &m->walk, &m->ipa };

		for (unsigned a = 0; a < ARRAY_SIZE(list); a++)
			for (u32 l = 1; l <= list[a]->n; l++)
				list[a]->line[l].from = 0;
		k->pe[i] = (struct check_pe){ .mmu = m };
	}
	memset(k->node, 0, k->nodes * sizeof(*k->node));
	memset(k->source, 0, k->sources * sizeof(*k->source));
	memset(k->head, 0, sizeof(k->head));
	memset(k->page, 0, sizeof(k->page));
	k->blocks = k->off = k->n_off = k->n_recheck = 0;
}

void checker_snap(struct checker *k, struct snap *s)
{
	u32 nodes = k->nodes, sources = k->sources, count = s->loading ? 0 : save_nodes(k, NULL);

	snap_section(s, "checker", 1);
	if (s->loading)
		checker_clear(k);
	snap_u32(s, &nodes);
	snap_u32(s, &sources);
	snap_u32(s, &count);
	snap_check(s, nodes <= RECORDS_MAX && sources <= RECORDS_MAX && count < nodes, "size of the TLB checker");
	if (s->loading && !s->failed)
		snap_check(s, check_grow(k, nodes, sources), "memory for the TLB checker");
	if (s->failed)
		count = 0;
	if (s->loading)
		load_nodes(k, count, s);
	else
		save_nodes(k, s);
	snap_lists(k, s);
	snap_sources(k, s);
	for (unsigned i = 0; i < k->pes; i++)
		snap_pe(k, &k->pe[i], s);
	snap_small(k, s);
	if (!s->loading)
		return;
	if (!s->failed)
		let_go(k, s);
	if (s->failed)
		wipe(k);
	check_free_lists(k);
}
