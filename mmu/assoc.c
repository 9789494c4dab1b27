/*
 * The array behind each structure of the TLB model: lookup by hash, replacement, removal by address
 * or by tag, snapshot. It knows nothing of regimes; tlb.c and tlbi.c make the tags.
 */
#include "mmu/assoc_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/snap.h"

enum { SMALL_BITS = 21, RANGE_PROBES = 64 };

bool assoc_init(struct assoc *a, const char *name, const struct tlb_shape *shape, u64 seed)
{
	u32 heads = 16;

	*a = (struct assoc){ .name = name, .n = shape->entries, .policy = shape->policy };
	a->ways = shape->ways ? shape->ways : a->n;
	a->sets = a->n ? a->n / a->ways : 0;
	while (heads < 2 * a->n)
		heads *= 2;
	a->hash_shift = 64 - log2_64(heads);
	a->seed = seed ? seed : 1;
	a->head = calloc(heads, sizeof(*a->head));
	a->frag_head = calloc(heads, sizeof(*a->frag_head));
	a->key = calloc(a->n + 1, sizeof(*a->key));
	a->line = calloc(a->n + 1, sizeof(*a->line));
	a->empty = calloc(a->n / 64 + 1, sizeof(*a->empty));
	a->turn = calloc(a->sets + 1, sizeof(*a->turn));
	a->tree = calloc(a->sets + 1, sizeof(*a->tree));
	if (!a->head || !a->frag_head || !a->key || !a->line || !a->empty || !a->turn || !a->tree) {
		assoc_free(a);
		return false;
	}
	assoc_clear(a);
	return true;
}

void assoc_free(struct assoc *a)
{
	free(a->head);
	free(a->frag_head);
	free(a->key);
	free(a->line);
	free(a->empty);
	free(a->turn);
	free(a->tree);
	*a = (struct assoc){ 0 };
}

void assoc_clear(struct assoc *a)
{
	size_t heads = (size_t)1 << (64 - a->hash_shift);

	memset(a->head, 0, heads * sizeof(*a->head));
	memset(a->frag_head, 0, heads * sizeof(*a->frag_head));
	memset(a->key, 0, (a->n + 1) * sizeof(*a->key));
	memset(a->line, 0, (a->n + 1) * sizeof(*a->line));
	memset(a->turn, 0, (a->sets + 1) * sizeof(*a->turn));
	memset(a->tree, 0, (a->sets + 1) * sizeof(*a->tree));
	memset(a->size_n, 0, sizeof(a->size_n));
	memset(a->frag_n, 0, sizeof(a->frag_n));
	memset(a->small, 0, sizeof(a->small));
	for (u32 i = 0; i < a->n; i++)
		a->empty[i / 64] |= BIT(i % 64);
	a->count = 0;
	a->sizes = a->frags = 0;
	a->seq = a->clock = 0;
	a->rng = a->seed;
}

/* Page size, VMID and page number spread over the heads; the ASID may not count and stays out. */
static inline u32 hash(const struct assoc *a, u64 page, unsigned size, u64 tag)
{
	u64 h = page ^ (u64)size << 52 ^ (tag & TAG_VMID) << 16;

	return (u32)(h * 0x9e3779b97f4a7c15ull >> a->hash_shift);
}

/* Whether a line answers a lookup for `want`, which has the size in it. */
static inline bool answers(u64 tag, u64 want)
{
	u64 differ = tag ^ want;

	return !(differ &
		 (tag & TAG_GLOBAL ? TAG_CONTEXT | TAG_SIZE : TAG_CONTEXT | TAG_SIZE | TAG_ASID));
}

/* The first line from i on, in its chain, that answers. */
static inline u32 next_answer(const struct assoc *a, u32 i, u64 page, u64 want)
{
	while (i && (a->key[i].page != page || !answers(a->key[i].tag, want)))
		i = a->key[i].next;
	return i;
}

u32 assoc_find(const struct assoc *a, u64 addr, u64 want, bool *several)
{
	u32 best = 0;

	for (u64 left = a->sizes; left; left &= left - 1) {
		unsigned size = ctz64(left);
		u64 page = addr >> size;
		u64 tag = want | (u64)size << TAG_SIZE_LO;
		u32 i = next_answer(a, a->head[hash(a, page, size, tag)], page, tag);

		for (; i; i = next_answer(a, a->key[i].next, page, tag)) {
			if (likely(!best)) {
				best = i;
				continue;
			}
			*several = true;
			if (a->line[i].seq < a->line[best].seq)
				best = i;
		}
	}
	return best;
}

u32 assoc_find_smallest(const struct assoc *a, u64 addr, u64 want)
{
	u32 i = 0;

	for (u64 left = a->sizes; left && !i; left &= left - 1) {
		unsigned size = ctz64(left);
		u64 page = addr >> size;
		u64 tag = want | (u64)size << TAG_SIZE_LO;

		i = next_answer(a, a->head[hash(a, page, size, tag)], page, tag);
	}
	return i;
}

/* Replacement */

/*
 * Size, VMID and ASID move a line to another set, or the same address of all guests and processes
 * would fight for one.
 */
static u32 set_for(const struct assoc *a, u64 page, u64 tag)
{
	u64 asid = tag & TAG_GLOBAL ? 0 : tag & TAG_ASID;

	return (u32)((page + tag_size(tag) + 5 * ((tag & TAG_VMID) >> TAG_VMID_LO) + 3 * asid) &
		     (a->sets - 1));
}

static u32 set_of(const struct assoc *a, u32 i)
{
	return (i - 1) / a->ways;
}

/* Tree of ways-1 bits: each points away from the half used last. */
static void plru_touch(struct assoc *a, u32 i)
{
	u64 *tree = &a->tree[set_of(a, i)];
	u32 way = (i - 1) % a->ways, node = 1;

	for (u32 half = a->ways / 2; half; half /= 2) {
		bool upper = way & half;

		*tree = deposit(*tree, node, node, !upper);
		node = 2 * node + upper;
	}
}

static u32 plru_victim(const struct assoc *a, u32 set)
{
	u32 node = 1;

	while (node < a->ways)
		node = 2 * node + (u32)bit(a->tree[set], node);
	return node - a->ways;
}

static u32 lru_victim(const struct assoc *a, u32 set)
{
	u32 first = set * a->ways + 1, best = 0;

	for (u32 way = 1; way < a->ways; way++) {
		if (a->line[first + way].used < a->line[first + best].used)
			best = way;
	}
	return best;
}

static u64 xorshift(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

void assoc_touch(struct assoc *a, u32 i)
{
	if (a->policy == TLB_LRU)
		a->line[i].used = ++a->clock;
	else if (a->policy == TLB_PLRU)
		plru_touch(a, i);
}

static u32 victim(struct assoc *a, u32 set)
{
	u32 way;

	switch (a->policy) {
	case TLB_RANDOM:
		return (u32)((xorshift(&a->rng) >> 32) * a->ways >> 32);
	case TLB_PLRU:
		return plru_victim(a, set);
	case TLB_LRU:
		return lru_victim(a, set);
	default:
		way = a->turn[set];
		a->turn[set] = way + 1 == a->ways ? 0 : way + 1;
		return way;
	}
}

/* The first empty line of a set, 0 when it is full. */
static u32 empty_line(const struct assoc *a, u32 set)
{
	u32 at = set * a->ways, end = at + a->ways;

	if (a->count == a->n)
		return 0;
	while (at < end) {
		u64 word = a->empty[at / 64] >> at % 64;

		if (word) {
			at += ctz64(word);
			return at < end ? at + 1 : 0;
		}
		at = (at / 64 + 1) * 64;
	}
	return 0;
}

/* Linking */

static void count_size(u32 *n, u64 *present, unsigned size, int by)
{
	n[size] += (u32)by;
	if (n[size])
		*present |= BIT(size);
	else
		*present &= ~BIT(size);
}

static u16 *small_of(struct assoc *a, const struct line_key *k)
{
	return &a->small[k->page << tag_size(k->tag) >> SMALL_BITS & 255];
}

static u32 *frag_head(const struct assoc *a, const struct line_key *k)
{
	u64 leaf = k->page << tag_size(k->tag) >> k->frag;

	return &a->frag_head[hash(a, leaf, k->frag, k->tag)];
}

static void link_line(struct assoc *a, u32 i)
{
	struct line_key *k = &a->key[i];
	unsigned size = tag_size(k->tag);
	u32 *head = &a->head[hash(a, k->page, size, k->tag)];

	k->next = *head;
	*head = i;
	count_size(a->size_n, &a->sizes, size, 1);
	if (size < SMALL_BITS)
		++*small_of(a, k);
	if (k->frag) {
		head = frag_head(a, k);
		k->frag_prev = 0;
		k->frag_next = *head;
		if (*head)
			a->key[*head].frag_prev = i;
		*head = i;
		count_size(a->frag_n, &a->frags, k->frag, 1);
	}
	a->count++;
	a->empty[(i - 1) / 64] &= ~BIT((i - 1) % 64);
}

void assoc_drop(struct assoc *a, u32 i)
{
	struct line_key *k = &a->key[i];
	unsigned size = tag_size(k->tag);
	u32 *at = &a->head[hash(a, k->page, size, k->tag)];

	if (a->line[i].slots)
		a->dropped(a->ctx, a, i);
	if (unlikely(a->line[i].from))
		a->forget(a->ctx, a, i);
	while (*at != i)
		at = &a->key[*at].next;
	*at = k->next;
	count_size(a->size_n, &a->sizes, size, -1);
	if (size < SMALL_BITS)
		--*small_of(a, k);
	if (k->frag) {
		if (k->frag_prev)
			a->key[k->frag_prev].frag_next = k->frag_next;
		else
			*frag_head(a, k) = k->frag_next;
		if (k->frag_next)
			a->key[k->frag_next].frag_prev = k->frag_prev;
		count_size(a->frag_n, &a->frags, k->frag, -1);
	}
	*k = (struct line_key){ 0 };
	a->count--;
	a->empty[(i - 1) / 64] |= BIT((i - 1) % 64);
}

static u32 same_line(const struct assoc *a, u64 page, u64 tag)
{
	u32 i = a->head[hash(a, page, tag_size(tag), tag)];

	while (i && (a->key[i].page != page || a->key[i].tag != tag))
		i = a->key[i].next;
	return i;
}

u32 assoc_insert(struct assoc *a, u64 addr, u64 tag, u8 frag, unsigned *evicted)
{
	u64 page = addr >> tag_size(tag);
	u32 set, i;

	*evicted = 0;
	if (!a->n)
		return 0;
	i = same_line(a, page, tag);
	set = set_for(a, page, tag);
	if (!i)
		i = empty_line(a, set);
	if (!i) {
		i = set * a->ways + victim(a, set) + 1;
		*evicted = tag_size(a->key[i].tag);
	}
	if (a->key[i].tag)
		assoc_drop(a, i);
	a->key[i] = (struct line_key){ .page = page, .tag = tag, .frag = frag };
	a->line[i].seq = ++a->seq;
	link_line(a, i);
	assoc_touch(a, i);
	return i;
}

/* Whether a line at least as large that answers another ASID alone lies around a global one. */
static bool around_global(const struct assoc *a, u64 addr, u64 tag)
{
	for (u64 left = a->sizes & ~low_mask(tag_size(tag)); left; left &= left - 1) {
		unsigned size = ctz64(left);
		u64 page = addr >> size;
		u32 i = a->head[hash(a, page, size, tag)];

		for (; i; i = a->key[i].next) {
			u64 other = a->key[i].tag;

			if (a->key[i].page == page && tag_size(other) == size &&
			    !(other & TAG_GLOBAL) && !((other ^ tag) & TAG_CONTEXT))
				return true;
		}
	}
	return false;
}

/*
 * What is as large or larger and answers this context would have answered instead of the new line;
 * only a global one can have such a line around it.
 */
bool assoc_overlaps(const struct assoc *a, u64 addr, u64 tag)
{
	unsigned size = tag_size(tag);

	if ((tag & TAG_GLOBAL) && around_global(a, addr, tag))
		return true;
	if (!(a->sizes & low_mask(size)) ||
	    (size <= SMALL_BITS && !a->small[addr >> SMALL_BITS & 255]))
		return false;
	for (u32 i = 1; i <= a->n; i++) {
		const struct line_key *k = &a->key[i];
		u64 mask = (k->tag | tag) & TAG_GLOBAL ? TAG_CONTEXT : TAG_CONTEXT | TAG_ASID;

		if (k->tag && tag_size(k->tag) < size && !((k->tag ^ tag) & mask) &&
		    k->page << tag_size(k->tag) >> size == addr >> size)
			return true;
	}
	return false;
}

/* Removal by TLBI */

static bool meant(const struct tag_match *m, u64 tag)
{
	u64 differ = (tag ^ m->value) & m->mask;

	if (tag & TAG_GLOBAL)
		return !m->spare_global && !(differ & ~TAG_ASID);
	return !differ;
}

static u32 drop_meant(struct assoc *a, u32 i, const struct tag_match *m)
{
	m->by_size[tag_size(a->key[i].tag) - 12]++;
	assoc_drop(a, i);
	return 1;
}

u32 assoc_drop_all(struct assoc *a, const struct tag_match *m)
{
	u32 dropped = 0;

	for (u32 i = 1; a->count && i <= a->n; i++) {
		if (a->key[i].tag && meant(m, a->key[i].tag))
			dropped += drop_meant(a, i, m);
	}
	return dropped;
}

/*
 * log2 of what an address may hit to name the line: its page, or the stage-1 leaf that it is a
 * fragment of.
 */
static unsigned reach(const struct line_key *k)
{
	return k->frag ? k->frag : tag_size(k->tag);
}

static u32 drop_scan(struct assoc *a, u64 addr, u64 last, const struct tag_match *m)
{
	u32 dropped = 0;

	for (u32 i = 1; a->count && i <= a->n; i++) {
		struct line_key *k = &a->key[i];
		u64 mask, first;

		if (!k->tag || !meant(m, k->tag))
			continue;
		mask = low_mask(reach(k));
		first = k->page << tag_size(k->tag) & ~mask;
		if (first <= last && addr <= (first | mask))
			dropped += drop_meant(a, i, m);
	}
	return dropped;
}

static u32 drop_at(struct assoc *a, u64 addr, const struct tag_match *m)
{
	u32 dropped = 0;

	for (u64 left = a->sizes; left; left &= left - 1) {
		unsigned size = ctz64(left);
		u32 next, i = a->head[hash(a, addr >> size, size, m->value)];

		for (; i; i = next) {
			next = a->key[i].next;
			if (a->key[i].page == addr >> size && tag_size(a->key[i].tag) == size &&
			    meant(m, a->key[i].tag))
				dropped += drop_meant(a, i, m);
		}
	}
	for (u64 left = a->frags; left; left &= left - 1) {
		unsigned size = ctz64(left);
		u32 next, i = a->frag_head[hash(a, addr >> size, size, m->value)];

		for (; i; i = next) {
			const struct line_key *k = &a->key[i];

			next = k->frag_next;
			if (k->frag == size &&
			    k->page << tag_size(k->tag) >> size == addr >> size &&
			    meant(m, k->tag))
				dropped += drop_meant(a, i, m);
		}
	}
	return dropped;
}

u32 assoc_drop_range(struct assoc *a, u64 addr, u64 len, const struct tag_match *m)
{
	u64 last = addr + (len ? len - 1 : 0);
	u32 dropped = 0;

	if (!a->count)
		return 0;
	if (last < addr)
		last = ~0ull;
	if ((last >> 12) - (addr >> 12) >= RANGE_PROBES)
		return drop_scan(a, addr, last, m);
	for (u64 page = addr >> 12; page <= last >> 12; page++)
		dropped += drop_at(a, page << 12, m);
	return dropped;
}

/* Snapshot */

static void snap_line(struct assoc *a, struct snap *s, u32 i,
		      void (*payload)(struct snap *s, struct line *l))
{
	struct line_key *k = &a->key[i];
	struct line *l = &a->line[i];

	snap_u64(s, &k->tag);
	if (!k->tag)
		return;
	snap_u64(s, &k->page);
	snap_u8(s, &k->frag);
	snap_u64(s, &l->seq);
	snap_u64(s, &l->used);
	payload(s, l);
	if (s->loading) {
		snap_check(s,
			   (k->tag & TAG_VALID) && tag_size(k->tag) >= 12 &&
				   (!k->frag || k->frag > tag_size(k->tag)) && k->frag < 64 &&
				   set_of(a, i) == set_for(a, k->page, k->tag),
			   "TLB tag");
		if (s->failed)
			*k = (struct line_key){ 0 };
		else
			link_line(a, i);
	}
}

void assoc_snap(struct assoc *a, struct snap *s, void (*payload)(struct snap *s, struct line *l))
{
	u32 n = a->n, ways = a->ways;

	snap_section(s, a->name, 1);
	snap_u32(s, &n);
	snap_u32(s, &ways);
	snap_check(s, n == a->n && ways == a->ways, "TLB geometry");
	if (s->loading)
		assoc_clear(a);
	if (s->failed)
		return;
	snap_u64(s, &a->rng);
	snap_u64(s, &a->seq);
	snap_u64(s, &a->clock);
	for (u32 set = 0; set < a->sets; set++) {
		snap_u32(s, &a->turn[set]);
		snap_u64(s, &a->tree[set]);
		if (s->loading)
			snap_check(s, a->turn[set] < a->ways, "TLB replacement pointer");
	}
	for (u32 i = 1; i <= a->n && !s->failed; i++)
		snap_line(a, s, i, payload);
	if (s->failed && s->loading)
		assoc_clear(a);
	if (!a->rng)
		a->rng = a->seed;
}
