/* See cache.h. */
#include "mmu/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/snap.h"

/* A line's tag: its address, whose low bits say this. 0: no line. */
enum { LINE_VALID = 1, LINE_DIRTY = 2, LINE_SHARED = 4, LINE_FLAGS = CACHE_LINE - 1 };

/* A set is `ways` neighbouring lines. LRU: most recent first; else in place, and `next` says which goes. */
struct cache {
	struct cache_shape shape;
	u32 sets;
	u64 *line;
	u64 next; /* round-robin counter or state of the random generator */
};

enum { STREAMS = 8 };

struct caches {
	struct cache_shared *shared;
	struct cache l1i, l1d, own_l2;
	struct cache *l2;          /* NULL: none */
	struct cache_stats *stats, own_stats; /* own_stats: until caches_set_stats() */
	u64 stream[STREAMS];       /* the line after each recent miss */
	u32 next_stream;
};

struct cache_shared {
	struct cache_config cfg;
	struct cache l2, l3;
	struct caches **pe;
	unsigned pes;
};

/* ---- one cache ---- */

static const char *shape_wrong(const struct cache_shape *s)
{
	u32 lines = s->bytes >> CACHE_LINE_LOG2;

	if (!s->bytes)
		return NULL;
	if (!s->ways || s->ways > 64 || lines % s->ways)
		return "ways must be 1 to 64 and divide the cache's lines";
	if (!lines || !is_pow2(lines / s->ways))
		return "size / (64 bytes * ways) must be a power of two";
	return NULL;
}

const char *cache_config_wrong(const struct cache_config *cfg)
{
	const struct cache_shape *all[] = { &cfg->l1i, &cfg->l1d, &cfg->l2, &cfg->l3 };
	const char *wrong = cfg->l1i.bytes && cfg->l1d.bytes ? NULL : "L1 caches must exist";

	for (size_t i = 0; i < ARRAY_SIZE(all) && !wrong; i++)
		wrong = shape_wrong(all[i]);
	return wrong;
}

static bool cache_init(struct cache *c, const struct cache_shape *shape, u64 seed)
{
	c->shape = *shape;
	c->next = shape->policy == CACHE_RANDOM ? seed * 2 + 1 : 0;
	if (!shape->bytes)
		return true;
	c->sets = (shape->bytes >> CACHE_LINE_LOG2) / shape->ways;
	c->line = calloc((size_t)c->sets * shape->ways, sizeof(*c->line));
	return c->line;
}

static u64 *set_of(const struct cache *c, u64 addr)
{
	return &c->line[(size_t)((addr >> CACHE_LINE_LOG2) & (c->sets - 1)) * c->shape.ways];
}

static u64 *find(const struct cache *c, u64 addr)
{
	u64 *set = set_of(c, addr), want = addr & ~(u64)LINE_FLAGS;

	for (u32 w = 0; w < c->shape.ways; w++)
		if ((set[w] & ~(u64)(LINE_DIRTY | LINE_SHARED)) == (want | LINE_VALID))
			return &set[w];
	return NULL;
}

/* A hit under LRU moves to the front. Returns where the line is then. */
static u64 *touch(struct cache *c, u64 *at, u64 addr)
{
	u64 *set = set_of(c, addr), line = *at;

	if (c->shape.policy != CACHE_LRU || at == set)
		return at;
	memmove(set + 1, set, (size_t)((char *)at - (char *)set));
	*set = line;
	return set;
}

static u64 *lookup(struct cache *c, u64 addr)
{
	u64 *at = find(c, addr);

	return at ? touch(c, at, addr) : NULL;
}

static u32 victim(struct cache *c, const u64 *set)
{
	if (c->shape.policy == CACHE_LRU)
		return c->shape.ways - 1;
	for (u32 w = 0; w < c->shape.ways; w++)
		if (!(set[w] & LINE_VALID))
			return w;
	if (c->shape.policy == CACHE_ROUND_ROBIN)
		return (u32)(c->next++ % c->shape.ways);
	/* xorshift64 */
	c->next ^= c->next << 13;
	c->next ^= c->next >> 7;
	c->next ^= c->next << 17;
	return (u32)((c->next >> 32) % c->shape.ways);
}

/* Puts a line in; returns the one that had to go (0: none). */
static u64 insert(struct cache *c, u64 addr, u64 flags)
{
	u64 *set = set_of(c, addr), line = (addr & ~(u64)LINE_FLAGS) | LINE_VALID | flags, old;
	u32 w = victim(c, set);

	old = set[w];
	if (c->shape.policy == CACHE_LRU) {
		memmove(set + 1, set, (c->shape.ways - 1) * sizeof(*set));
		w = 0;
	}
	set[w] = line;
	return old;
}

static u64 drop(struct cache *c, u64 addr)
{
	u64 *at = c->shape.bytes ? find(c, addr) : NULL, old = 0;

	if (at) {
		old = *at;
		*at = 0;
	}
	return old;
}

static void empty(struct cache *c)
{
	if (c->line)
		memset(c->line, 0, (size_t)c->sets * c->shape.ways * sizeof(*c->line));
}

static void cache_snap(struct cache *c, struct snap *s)
{
	snap_u64(s, &c->next);
	for (size_t i = 0; i < (size_t)c->sets * c->shape.ways; i++)
		snap_u64(s, &c->line[i]);
}

/* ---- the levels behind L1 ---- */

static void write_back_l2(struct caches *k, u64 victim_line)
{
	struct cache *l3 = &k->shared->l3;

	if (!(victim_line & LINE_DIRTY))
		return;
	k->stats->l2_cache_wb++;
	if (l3->shape.bytes && !lookup(l3, victim_line))
		insert(l3, victim_line, LINE_DIRTY);
}

static void fill_l2(struct caches *k, u64 addr, u64 flags)
{
	if (k->l2)
		write_back_l2(k, insert(k->l2, addr, flags));
}

/* A dirty line that leaves L1. */
static void write_back_l1(struct caches *k, u64 victim_line)
{
	u64 *at;

	if (!(victim_line & LINE_DIRTY))
		return;
	k->stats->l1d_cache_wb++;
	if (!k->l2)
		return;
	at = lookup(k->l2, victim_line);
	if (at)
		*at |= LINE_DIRTY;
	else
		fill_l2(k, victim_line, LINE_DIRTY);
}

/* Cycles to find the line at L2 or behind; it is put into L2 and L3 on its way. */
static u32 behind(struct caches *k, u64 addr)
{
	const struct cache_config *cfg = &k->shared->cfg;
	struct cache *l3 = &k->shared->l3;

	if (k->l2) {
		k->stats->l2_cache++;
		if (lookup(k->l2, addr))
			return cfg->l2.latency;
		k->stats->l2_cache_refill++;
	}
	fill_l2(k, addr, 0);
	if (l3->shape.bytes) {
		k->stats->l3_cache++;
		if (lookup(l3, addr))
			return cfg->l3.latency;
		k->stats->l3_cache_refill++;
		insert(l3, addr, 0);
	}
	k->stats->bus_access++;
	return cfg->memory;
}

/* ---- coherence ---- */

/* The other PEs' copies: marked shared, or taken away. True: there was one. */
static bool snoop(struct caches *k, u64 addr, bool take)
{
	bool found = false;

	for (unsigned i = 0; i < k->shared->pes; i++) {
		struct caches *o = k->shared->pe[i];
		u64 *at;

		if (!o || o == k)
			continue;
		at = find(&o->l1d, addr);
		found |= at != NULL;
		if (at && take)
			*at = 0;
		else if (at)
			*at = (*at & ~(u64)LINE_DIRTY) | LINE_SHARED;
		if (take && o->own_l2.shape.bytes)
			found |= drop(&o->own_l2, addr) != 0;
	}
	k->stats->snoop_hit += found;
	return found;
}

/* ---- accesses ---- */

/* Ahead of misses at ascending lines: the next ones come along. */
static void prefetch(struct caches *k, u64 addr)
{
	u64 line = addr & ~(u64)LINE_FLAGS, first = 0;
	u32 n = k->shared->cfg.prefetch, i;

	for (i = 0; i < STREAMS; i++)
		if (k->stream[i] == line)
			break;
	if (i == STREAMS) {
		i = k->next_stream++ % STREAMS;
		k->stream[i] = line + CACHE_LINE;
		return;
	}
	for (first = line + CACHE_LINE; n && (first ^ line) < 4096; n--, first += CACHE_LINE) {
		if (find(&k->l1d, first))
			continue;
		snoop(k, first, false);
		behind(k, first);
		write_back_l1(k, insert(&k->l1d, first, LINE_SHARED));
		k->stats->prefetched++;
	}
	k->stream[i] = first;
}

static u32 fetch(struct caches *k, u64 addr)
{
	u32 cycles;

	k->stats->l1i_cache++;
	if (lookup(&k->l1i, addr))
		return k->l1i.shape.latency;
	k->stats->l1i_cache_refill++;
	cycles = behind(k, addr);
	insert(&k->l1i, addr, 0);
	return cycles;
}

/* The line is in L1 D: a store makes it dirty and the only one. */
static u32 own(struct caches *k, u64 *at, u64 addr, bool write)
{
	u32 cycles = k->l1d.shape.latency;

	if (!write)
		return cycles;
	if ((*at & LINE_SHARED) && snoop(k, addr, true))
		cycles += k->shared->cfg.snoop;
	*at = (*at & ~(u64)LINE_SHARED) | LINE_DIRTY;
	return cycles;
}

static u32 data(struct caches *k, u64 addr, bool write, bool whole)
{
	u64 *at = lookup(&k->l1d, addr), flags;
	bool others;
	u32 cycles;

	k->stats->l1d_cache++;
	if (at)
		return own(k, at, addr, write);
	k->stats->l1d_cache_refill++;
	others = snoop(k, addr, write);
	cycles = whole ? k->l1d.shape.latency : behind(k, addr);
	if (others)
		cycles += k->shared->cfg.snoop;
	flags = write ? LINE_DIRTY : others ? LINE_SHARED : 0;
	write_back_l1(k, insert(&k->l1d, addr, flags));
	if (k->shared->cfg.prefetch && !whole)
		prefetch(k, addr);
	return cycles;
}

u32 caches_access(struct caches *k, u64 addr, enum cache_op op)
{
	switch (op) {
	case CACHE_FETCH:
		return fetch(k, addr);
	case CACHE_STORE:
	case CACHE_ZERO:
		return data(k, addr, true, op == CACHE_ZERO);
	default:
		return data(k, addr, false, false);
	}
}

u32 caches_bypass(struct caches *k)
{
	k->stats->bus_access++;
	return k->shared->cfg.memory;
}

/* ---- life ---- */

struct cache_shared *cache_shared_new(const struct cache_config *cfg, unsigned pes)
{
	struct cache_shared *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->cfg = *cfg;
	s->pes = pes;
	s->pe = calloc(pes, sizeof(struct caches *));
	if (!s->pe || !cache_init(&s->l3, &cfg->l3, cfg->seed) ||
	    (cfg->l2_shared && !cache_init(&s->l2, &cfg->l2, cfg->seed))) {
		cache_shared_free(s);
		return NULL;
	}
	return s;
}

void cache_shared_free(struct cache_shared *s)
{
	if (!s)
		return;
	free(s->l2.line);
	free(s->l3.line);
	free(s->pe);
	free(s);
}

void cache_shared_snap(struct cache_shared *s, struct snap *snap)
{
	cache_snap(&s->l2, snap);
	cache_snap(&s->l3, snap);
}

struct caches *caches_new(struct cache_shared *s, unsigned pe)
{
	const struct cache_config *cfg = &s->cfg;
	struct caches *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->shared = s;
	k->stats = &k->own_stats;
	if (!cache_init(&k->l1i, &cfg->l1i, cfg->seed + 2 * pe) || !cache_init(&k->l1d, &cfg->l1d, cfg->seed + 2 * pe + 1) ||
	    (!cfg->l2_shared && !cache_init(&k->own_l2, &cfg->l2, cfg->seed + pe))) {
		caches_free(k);
		return NULL;
	}
	k->l2 = !cfg->l2.bytes ? NULL : cfg->l2_shared ? &s->l2 : &k->own_l2;
	s->pe[pe] = k;
	return k;
}

void caches_free(struct caches *k)
{
	if (!k)
		return;
	for (unsigned i = 0; i < k->shared->pes; i++)
		if (k->shared->pe[i] == k)
			k->shared->pe[i] = NULL;
	free(k->l1i.line);
	free(k->l1d.line);
	free(k->own_l2.line);
	free(k);
}

void caches_reset(struct caches *k)
{
	empty(&k->l1i);
	empty(&k->l1d);
	empty(&k->own_l2);
	memset(k->stream, 0, sizeof(k->stream));
}

void caches_snap(struct caches *k, struct snap *s)
{
	cache_snap(&k->l1i, s);
	cache_snap(&k->l1d, s);
	cache_snap(&k->own_l2, s);
	for (unsigned i = 0; i < STREAMS; i++)
		snap_u64(s, &k->stream[i]);
	snap_u32(s, &k->next_stream);
}

void caches_set_stats(struct caches *k, struct cache_stats *st)
{
	k->stats = st;
}
