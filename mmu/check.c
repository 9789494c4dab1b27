/*
 * The TLB checker's memory: nodes and sources, from the walks that the TLB model makes. See check_priv.h; the rules that look at them
 * are in check_rules.c.
 */
#include "mmu/check_priv.h"

#include <stdlib.h>
#include <string.h>

#define DESC_NS	  BIT(5)
#define DESC_NG	  BIT(11)

#define CHECK_ROW(field, unit, help) STAT_ROW(check_stats, field, unit, help)
const struct stat_row check_stat_rows[] = { CHECK_STATS(CHECK_ROW) };
const size_t check_stat_rows_n = ARRAY_SIZE(check_stat_rows);

u64 check_root(const struct regime *r, unsigned stage, u64 va)
{
	u64 base = stage == 2 ? r->vttbr : r->ttbr[r->two_ranges ? bit(va, 55) : 0];

	return base & MASK(47, 1); /* without CnP */
}

/* Pools. Number 0 is "none". */

/* Doubles a pool of records; *size is at least `first` then. */
static void *grown(void *pool, u32 *size, size_t record, u32 first)
{
	u32 n = *size ? *size * 2 : first;
	char *p = realloc(pool, n * record);

	if (!p)
		return NULL;
	memset(p + *size * record, 0, (n - *size) * record);
	*size = n;
	return p;
}

static bool grow_nodes(struct checker *k)
{
	u32 from = k->nodes ? k->nodes : 1;
	struct node *p = grown(k->node, &k->nodes, sizeof(*p), 4096);

	if (!p)
		return false;
	k->node = p;
	for (u32 n = k->nodes - 1; n >= from; n--) {
		p[n].next = k->free_node;
		k->free_node = n;
	}
	return true;
}

static bool grow_sources(struct checker *k)
{
	u32 from = k->sources ? k->sources : 1;
	struct source *p = grown(k->source, &k->sources, sizeof(*p), 4096);

	if (!p)
		return false;
	k->source = p;
	for (u32 s = k->sources - 1; s >= from; s--) {
		p[s].node[0] = k->free_source;
		k->free_source = s;
	}
	return true;
}

bool check_grow(struct checker *k, u32 nodes, u32 sources)
{
	while (k->nodes < nodes)
		if (!grow_nodes(k))
			return false;
	while (k->sources < sources)
		if (!grow_sources(k))
			return false;
	return true;
}

void check_free_lists(struct checker *k)
{
	k->free_node = k->free_source = 0;
	for (u32 n = k->nodes - 1; n; n--)
		if (!node_at(k, n)->refs) {
			node_at(k, n)->next = k->free_node;
			k->free_node = n;
		}
	for (u32 s = k->sources - 1; s; s--)
		if (!source_at(k, s)->refs) {
			source_at(k, s)->node[0] = k->free_source;
			k->free_source = s;
		}
}

/* Nodes */

u32 *check_chain(struct checker *k, u64 at)
{
	return &k->head[(at >> 3) * 0x9e3779b97f4a7c15ull >> 52];
}
_Static_assert(CHECK_HASH == 1 << (64 - 52), "check_chain()");

u32 check_nodes_at(struct checker *k, u64 at)
{
	return *check_chain(k, at);
}

static void node_free(struct checker *k, u32 n)
{
	struct node *x = node_at(k, n);
	u32 *at = check_chain(k, x->pa);

	check_node_dies(k, n);
	check_watch(k, x->pa, 3, -1);
	while (*at != n)
		at = &node_at(k, *at)->next;
	*at = x->next;
	x->next = k->free_node;
	k->free_node = n;
}

void node_put(struct checker *k, u32 n)
{
	while (n && !--node_at(k, n)->refs) {
		u32 parent = node_at(k, n)->parent;

		node_free(k, n);
		n = parent;
	}
}

static void set_current(struct checker *k, u32 *cur, u32 n)
{
	u32 old = *cur;

	if (n)
		node_at(k, n)->refs++;
	*cur = n;
	node_put(k, old);
}

/* What a node is made of, before it has a number. */
static struct node describe(const struct check_pe *p, const struct walk_step *s, u64 in, const struct node *parent)
{
	const struct regime *r = p->r;
	bool leaf = desc_leaf(s->level, s->desc);
	struct node n = {
		.pa = s->pa.a, .value = s->desc, .now = s->desc, .in = in,
		.root = parent ? parent->root : check_root(r, s->stage, p->va),
		.mair = r->mair,
		.asid = s->stage == 1 && r->two_ranges ? r->asid : 0,
		.vmid = r->vmid,
		.stage = s->stage, .level = s->level, .shift = s->shift, .grain = s->grain,
		.kind = r->kind, .space = r->space, .be = s->be, .vm_tag = r->vm_tag,
		.global = s->stage == 1 && (!r->two_ranges || (leaf && !(s->desc & DESC_NG))),
		.bbm2 = r->feat->bbm2,
		.pending = NOBODY, .local = NOBODY, .by_ipa = NOBODY,
	};

	if (leaf && (s->stage == 2 || !r->s2)) {
		bool secure = r->space == SPACE_S && !(s->desc & DESC_NS);

		n.out = pa_make(secure ? SPACE_S : SPACE_NS, s->desc & MASK(47, s->shift)).a;
		n.out_size = s->shift;
	}
	return n;
}

static bool same_node(const struct node *a, const struct node *want)
{
	return a->pa == want->pa && a->in == want->in && a->parent == want->parent && a->stage == want->stage && a->level == want->level &&
	       a->now == want->now && check_same_mapping(a, a->value, want->value) &&
	       (a->parent || (a->root == want->root && a->asid == want->asid && a->vmid == want->vmid && a->kind == want->kind &&
			      a->space == want->space && a->vm_tag == want->vm_tag));
}

/* The node of a descriptor that was just read. */
static u32 node_get(struct checker *k, const struct node *want)
{
	u32 *head = check_chain(k, want->pa), n = *head;

	while (n && !same_node(node_at(k, n), want))
		n = node_at(k, n)->next;
	if (!n) {
		if (!k->free_node && !grow_nodes(k))
			return 0;
		n = k->free_node;
		k->free_node = node_at(k, n)->next;
		*node_at(k, n) = *want;
		node_at(k, n)->next = *head;
		*head = n;
		if (want->parent)
			node_at(k, want->parent)->refs++;
		check_watch(k, want->pa, 3, 1);
	}
	node_at(k, n)->writable |= desc_writable(want->stage, want->value);
	return n;
}

/* Sources */

void check_source_put(struct checker *k, u32 s)
{
	struct source *x = source_at(k, s);

	if (!s || --x->refs)
		return;
	node_put(k, x->node[0]);
	node_put(k, x->node[1]);
	x->node[0] = k->free_source;
	k->free_source = s;
}

/* Held once, by the caller. */
static u32 source_new(struct checker *k, u32 s1, u32 s2)
{
	u32 s;

	if (!s1 && !s2)
		return 0;
	if (!k->free_source && !grow_sources(k))
		return 0;
	s = k->free_source;
	k->free_source = source_at(k, s)->node[0];
	*source_at(k, s) = (struct source){ .refs = 1, .node = { s1, s2 } };
	if (s1)
		node_at(k, s1)->refs++;
	if (s2)
		node_at(k, s2)->refs++;
	return s;
}

bool source_has(struct checker *k, u32 s, u32 n)
{
	u8 stage = node_at(k, n)->stage;
	u32 at = source_at(k, s)->node[stage - 1];

	while (at && at != n)
		at = node_at(k, at)->parent;
	return at;
}

static struct check_pe *pe_of(struct mmu *m)
{
	return &m->check->pe[m->pe];
}

/* Takes over one hold of s. */
static void set_made(struct mmu *m, u32 s)
{
	struct check_pe *p = pe_of(m);

	check_source_put(m->check, p->made);
	p->made = s;
}

void check_made(struct mmu *m, u32 from)
{
	if (from)
		source_at(m->check, from)->refs++;
	set_made(m, from);
}

/* Walks */

void check_lookup_begins(struct mmu *m)
{
	check_sync(m->check);
	check_made(m, 0); /* of a lookup that ended in a fault */
	pe_of(m)->via = 0;
}

static void walk_over(struct mmu *m)
{
	set_current(m->check, &pe_of(m)->cur[0], 0);
	set_current(m->check, &pe_of(m)->cur[1], 0);
}

void check_walk_begins(struct mmu *m, const struct regime *r, u64 va)
{
	walk_over(m);
	pe_of(m)->va = va;
	pe_of(m)->r = r;
}

/* The last descriptor of a stage in a walk that is not the guest's. */
struct last_desc {
	unsigned stage;
	u64 desc;
};

static void see_desc(void *ctx, const struct walk_step *s)
{
	struct last_desc *d = ctx;

	if (s->stage == d->stage && !s->s1ptw)
		d->desc = s->desc;
}

/* An entry of another root answered, or brought the walk here: it may say nothing but what memory says under the current one. */
static void verify_root(struct mmu *m, const struct regime *r, u64 va, u32 n, const struct xlat *x)
{
	struct checker *k = m->check;
	struct last_desc last = { .stage = n ? node_at(k, n)->stage : 0 };
	const struct walk_caches see = { .ctx = &last, .step = see_desc };
	struct walk w;

	if (!n || node_at(k, n)->root == check_root(r, node_at(k, n)->stage, va))
		return;
	walk_va_raw(r, m->bus, va, (struct access){ .priv = true, .atop = true }, &see, &w);
	if (w.x.fault.kind == FAULT_NONE ? !((w.x.pa.a ^ x->pa.a) & ~0xfffull) && w.x.attr == x->attr :
					   w.x.fault.stage != node_at(k, n)->stage) /* a hypervisor may map what is missing when it is asked */
		return;
	check_other_root(m, n, last.desc);
}

void check_walk_ends(struct mmu *m, const struct xlat *x)
{
	struct check_pe *p = pe_of(m);
	struct checker *k = m->check;
	u32 s1 = p->cur[0], s2 = p->r->s2 ? p->cur[1] : 0;

	if (x->fault.kind != FAULT_NONE) {
		set_made(m, 0);
	} else {
		set_made(m, source_new(k, s1, s2));
		if (s1 && s2) {
			struct node *n = node_at(k, s1);

			n->out_size = x->size < n->shift ? x->size : n->shift;
			n->out = x->pa.a & ~low_mask(n->out_size);
		}
		verify_root(m, p->r, p->va, s1, x);
		verify_root(m, p->r, p->va, s2, x);
	}
	walk_over(m);
}

void check_table_hit(struct mmu *m, u32 from)
{
	struct checker *k = m->check;

	if (!from)
		return;
	check_used(m, NULL, 0, from, NULL);
	set_current(k, &pe_of(m)->cur[0], source_at(k, from)->node[0]);
}

void check_ipa_begins(struct mmu *m)
{
	set_current(m->check, &pe_of(m)->cur[1], 0);
}

void check_ipa_hit(struct mmu *m, u32 from)
{
	struct checker *k = m->check;

	if (!from)
		return;
	check_used(m, NULL, 0, from, NULL);
	set_current(k, &pe_of(m)->cur[1], source_at(k, from)->node[1]);
}

void check_step(struct mmu *m, const struct walk_step *s)
{
	struct check_pe *p = pe_of(m);
	struct checker *k = m->check;
	u32 *cur = &p->cur[s->stage - 1], up = *cur;
	u64 in = s->stage == 1 ? p->va : ipa_addr(s->ipa);
	struct node want;

	if (!desc_valid(s->level, s->desc))
		return;
	if (up && node_at(k, up)->level + 1 != s->level) /* a table that this walk did not go on from */
		up = 0;
	want = describe(p, s, in & ~low_mask(s->shift), up ? node_at(k, up) : NULL);
	want.parent = up;
	if (up) {
		struct node *t = node_at(k, up);

		t->out_size = s->stage == 1 && p->r->s2 ? 12 : s->grain;
		t->out = s->pa.a & ~low_mask(t->out_size);
	}
	set_current(k, cur, node_get(k, &want));
}

/* Lines */

void check_filled_table(struct mmu *m, u32 i)
{
	m->walk.line[i].from = source_new(m->check, pe_of(m)->cur[0], 0);
}

void check_filled_ipa(struct mmu *m, u32 i)
{
	m->ipa.line[i].from = source_new(m->check, 0, pe_of(m)->cur[1]);
}

void check_filled(struct mmu *m, struct assoc *a, u32 i)
{
	u32 s = pe_of(m)->made;

	a->line[i].from = s;
	if (s)
		source_at(m->check, s)->refs++;
}

/* r NULL: an entry of a walk cache, whose root is looked at when the walk is over. */
bool check_used(struct mmu *m, const struct regime *r, u64 va, u32 from, const struct xlat *x)
{
	struct checker *k = m->check;
	bool stale = false;

	if (!from)
		return false;
	for (unsigned stage = 0; stage < 2; stage++) {
		u32 last = source_at(k, from)->node[stage];

		for (u32 n = k->n_off ? last : 0; n; n = node_at(k, n)->parent) {
			if (node_at(k, n)->state == NODE_LIVE)
				continue;
			stale = true;
			check_stale_use(m, from, n);
		}
		if (r)
			verify_root(m, r, va, last, x);
	}
	if (stale && r)
		pe_of(m)->via = from;
	return stale;
}

void check_forget(void *ctx, struct assoc *a, u32 i)
{
	struct mmu *m = ctx;
	struct checker *k = m->check;
	u32 s = a->line[i].from;

	a->line[i].from = 0;
	if (pe_of(m)->via == s)
		pe_of(m)->via = 0;
	if (k->tlbi_by != NOBODY)
		check_entry_dropped(k, s);
	check_source_put(k, s);
}

void check_forget_all(struct mmu *m)
{
	struct assoc *const all[] = { &m->l1[SIDE_CODE], &m->l1[SIDE_DATA], &m->main, &m->walk, &m->ipa };

	for (unsigned a = 0; a < ARRAY_SIZE(all); a++)
		for (u32 i = 1; i <= all[a]->n; i++)
			if (all[a]->line[i].from)
				check_forget(m, all[a], i);
	set_made(m, 0);
	walk_over(m);
}

/* Line i answers a lookup of `tag` (with the size), or would answer somebody for whom the new line `tag` does. */
static bool both_match(const struct line_key *key, u64 addr, u64 tag, bool filling)
{
	unsigned size = tag_size(key->tag), wide = filling && tag_size(tag) > size ? tag_size(tag) : size;
	u64 mask = (key->tag | (filling ? tag : 0)) & TAG_GLOBAL ? TAG_CONTEXT : TAG_CONTEXT | TAG_ASID;

	return key->tag && !((key->tag ^ tag) & mask) && key->page << size >> wide == addr >> wide;
}

void check_conflict(struct mmu *m, const struct assoc *a, u64 addr, u64 tag, bool filling)
{
	u32 found[2] = { 0, 0 };
	unsigned n = 0;

	for (u32 i = 1; i <= a->n && n < 2; i++)
		if (both_match(&a->key[i], addr, tag, filling))
			found[n++] = a->line[i].from;
	if (filling)
		found[1] = pe_of(m)->made;
	check_report_conflict(m->check, m->check->host.who(m->check->host.ctx), a->name, addr, found[0], found[1]);
}

/* Life */

struct checker *checker_new(struct bus *bus, struct log *log, unsigned pes, u32 lines, const struct check_host *host)
{
	struct checker *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->bus = bus;
	k->log = log;
	k->host = *host;
	k->pes = pes;
	k->lines = lines ? lines : CHECK_LINES;
	k->tlbi_by = NOBODY;
	k->pe = calloc(pes, sizeof(*k->pe));
	if (!k->pe || !grow_nodes(k) || !grow_sources(k) || bus_watch_writes(bus, check_written, k)) {
		checker_free(k);
		return NULL;
	}
	return k;
}

void checker_free(struct checker *k)
{
	if (!k)
		return;
	free(k->pe);
	free(k->node);
	free(k->source);
	free(k);
}

const struct check_stats *checker_stats(const struct checker *k)
{
	return &k->stats;
}

void mmu_check_with(struct mmu *m, struct checker *k, unsigned pe)
{
	struct assoc *const all[] = { &m->l1[SIDE_CODE], &m->l1[SIDE_DATA], &m->main, &m->walk, &m->ipa };

	m->check = k;
	m->pe = pe;
	k->pe[pe].mmu = m;
	tlb_hear_steps(m);
	for (unsigned a = 0; a < ARRAY_SIZE(all); a++) {
		all[a]->forget = check_forget;
		all[a]->ctx = m;
	}
}

bool mmu_checked(const struct mmu *m)
{
	return m->check;
}

u64 mmu_check_identity(const struct mmu *m, const struct regime *r)
{
	u64 h = 0;

	if (!m->check)
		return 0;
	if (r->s1)
		h = (check_root(r, 1, 0) * 0x9e3779b97f4a7c15ull) ^
		    (r->two_ranges ? check_root(r, 1, BIT(55)) * 0xc2b2ae3d27d4eb4full : 0);
	if (r->s2)
		h ^= check_root(r, 2, 0) * 0x165667b19e3779f9ull;
	return h;
}
