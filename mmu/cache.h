/*
 * The caches of one PE and what it shares with others: L1 instruction and data cache, L2, L3 or system-level cache, memory. They hold
 * tags only; the bytes are always in guest RAM. An access returns how long it takes, which only a timing model asks for (cpu/timing.h).
 *
 * Write-back, write-allocate, physically tagged, lines of 64 bytes. L1 data and private L2 caches are kept coherent as MESI does: a
 * line that another PE holds is shared, a store takes it away from the others. No level includes another. A next-line prefetcher runs
 * ahead of ascending misses. Not modelled: bandwidth of the levels behind, banks, ECC, the victim's own time.
 */
#ifndef MMU_CACHE_H
#define MMU_CACHE_H

#include "base/stat.h"
#include "base/types.h"

struct snap;

enum { CACHE_LINE_LOG2 = 6, CACHE_LINE = 1 << CACHE_LINE_LOG2 };

enum cache_policy { CACHE_LRU, CACHE_RANDOM, CACHE_ROUND_ROBIN };

struct cache_shape {
	u32 bytes;   /* 0: there is none */
	u32 ways;
	u32 latency; /* cycles from the access to the data when it hits here */
	u8 policy;   /* enum cache_policy */
};

struct cache_config {
	struct cache_shape l1i, l1d, l2, l3;
	bool l2_shared;  /* by all PEs; else each has its own. L3 is always shared */
	u32 memory;      /* cycles of an access that no cache answers */
	u32 snoop;       /* more cycles when another PE's cache gives up a line */
	u32 prefetch;    /* lines fetched ahead of an ascending sequence of misses; 0: no prefetcher */
	u64 seed;        /* of CACHE_RANDOM */
};

#define CACHE_STATS(STAT) \
	STAT(l1i_cache,        "access", "L1 instruction cache lookups (one a line entered)") \
	STAT(l1i_cache_refill, "line",   "L1 instruction cache misses") \
	STAT(l1d_cache,        "access", "L1 data cache lookups") \
	STAT(l1d_cache_refill, "line",   "L1 data cache misses") \
	STAT(l1d_cache_wb,     "line",   "dirty lines that left the L1 data cache") \
	STAT(l2_cache,         "access", "L2 cache lookups") \
	STAT(l2_cache_refill,  "line",   "L2 cache misses") \
	STAT(l2_cache_wb,      "line",   "dirty lines that left the L2 cache") \
	STAT(l3_cache,         "access", "L3 or system-level cache lookups") \
	STAT(l3_cache_refill,  "line",   "L3 or system-level cache misses") \
	STAT(bus_access,       "access", "accesses to memory, those past the caches too") \
	STAT(prefetched,       "line",   "lines that the prefetcher brought into the L1 data cache") \
	STAT(snoop_hit,        "line",   "misses and upgrades that another PE's cache answered")

struct cache_stats {
	CACHE_STATS(STAT_FIELD)
};

enum cache_op {
	CACHE_FETCH,
	CACHE_LOAD,
	CACHE_STORE,
	CACHE_ZERO, /* DC ZVA: a store of a whole line, so nothing is read */
	CACHE_WALK, /* a descriptor read of the table walker */
};

/* What all PEs share: the levels behind theirs, and each other. */
struct cache_shared;
struct cache_shared *cache_shared_new(const struct cache_config *cfg, unsigned pes);
void cache_shared_free(struct cache_shared *s);
void cache_shared_snap(struct cache_shared *s, struct snap *snap);

/* The caches of PE number `pe`. NULL: no memory. They must be freed before *s. */
struct caches;
struct caches *caches_new(struct cache_shared *s, unsigned pe);
void caches_free(struct caches *k);
void caches_reset(struct caches *k); /* all its own lines become invalid */
void caches_snap(struct caches *k, struct snap *s);
void caches_set_stats(struct caches *k, struct cache_stats *st);

/*
 * One access to the line at physical address addr (space bits included). Cycles until the data is there; for stores until the line is.
 */
u32 caches_access(struct caches *k, u64 addr, enum cache_op op);
/* Device and Non-cacheable memory: nothing is looked up or kept. */
u32 caches_bypass(struct caches *k);

/* NULL when the shapes can be built (powers of two in sets), else what is wrong, as static text. */
const char *cache_config_wrong(const struct cache_config *cfg);

#endif
