/* mmu/cache.h: hits, misses, replacement, write-back and coherence by hand-counted accesses. */
#include "mmu/cache.h"
#include "tests/unit/harness.h"

/* L1 of two sets and two ways, L2 of 16 lines, L3 of 64 */
static const struct cache_config small = {
	.l1i = { 256, 2, 1, CACHE_LRU },
	.l1d = { 256, 2, 4, CACHE_LRU },
	.l2 = { 1024, 4, 12, CACHE_LRU },
	.l3 = { 4096, 4, 30, CACHE_LRU },
	.memory = 200,
	.snoop = 20,
	.seed = 1,
};

struct two {
	struct cache_shared *shared;
	struct caches *pe[2];
	struct cache_stats st[2];
};

static void two_new(struct two *t, const struct cache_config *cfg)
{
	*t = (struct two){ .shared = cache_shared_new(cfg, 2) };
	for (unsigned i = 0; i < 2; i++) {
		t->pe[i] = caches_new(t->shared, i);
		caches_set_stats(t->pe[i], &t->st[i]);
	}
}
static void two_free(struct two *t)
{
	caches_free(t->pe[0]);
	caches_free(t->pe[1]);
	cache_shared_free(t->shared);
}

TEST(a_line_costs_what_the_first_level_that_has_it_costs)
{
	struct two t;

	two_new(&t, &small);
	EXPECT(caches_access(t.pe[0], 0x1000, CACHE_LOAD) == 200);
	EXPECT(caches_access(t.pe[0], 0x1038, CACHE_LOAD) == 4);
	/* two more lines of the same set: the first goes from L1, not from L2 */
	EXPECT(caches_access(t.pe[0], 0x1080, CACHE_LOAD) == 200);
	EXPECT(caches_access(t.pe[0], 0x1100, CACHE_LOAD) == 200);
	EXPECT(caches_access(t.pe[0], 0x1000, CACHE_LOAD) == 12);
	/* the other PE has an L2 of its own, L3 is shared; the first PE's copy in L1 is snooped */
	EXPECT(caches_access(t.pe[1], 0x1080, CACHE_LOAD) == 30);
	EXPECT(caches_access(t.pe[1], 0x1000, CACHE_LOAD) == 30 + 20);
	EXPECT_EQ(t.st[0].l1d_cache, 5);
	EXPECT_EQ(t.st[0].l1d_cache_refill, 4);
	EXPECT_EQ(t.st[0].l2_cache_refill, 3);
	EXPECT_EQ(t.st[0].bus_access, 3);
	EXPECT_EQ(t.st[1].bus_access, 0);
	two_free(&t);
}

TEST(least_recently_used_goes)
{
	struct two t;

	two_new(&t, &small);
	caches_access(t.pe[0], 0x1000, CACHE_LOAD);
	caches_access(t.pe[0], 0x1080, CACHE_LOAD);
	caches_access(t.pe[0], 0x1000, CACHE_LOAD);
	caches_access(t.pe[0], 0x1100, CACHE_LOAD); /* 0x1080 goes */
	EXPECT(caches_access(t.pe[0], 0x1000, CACHE_LOAD) == 4);
	EXPECT(caches_access(t.pe[0], 0x1080, CACHE_LOAD) == 12);
	two_free(&t);
}

TEST(dirty_lines_are_written_back_once)
{
	struct two t;

	two_new(&t, &small);
	caches_access(t.pe[0], 0x1000, CACHE_STORE);
	caches_access(t.pe[0], 0x1008, CACHE_STORE);
	caches_access(t.pe[0], 0x1080, CACHE_LOAD);
	caches_access(t.pe[0], 0x1100, CACHE_LOAD);
	EXPECT_EQ(t.st[0].l1d_cache_wb, 1);
	caches_access(t.pe[0], 0x1180, CACHE_LOAD);
	EXPECT_EQ(t.st[0].l1d_cache_wb, 1);
	two_free(&t);
}

TEST(a_store_takes_the_line_from_others)
{
	struct two t;

	two_new(&t, &small);
	caches_access(t.pe[0], 0x1000, CACHE_LOAD);
	caches_access(t.pe[1], 0x1000, CACHE_LOAD);
	EXPECT(caches_access(t.pe[0], 0x1000, CACHE_STORE) == 4 + 20); /* shared: must be asked for */
	EXPECT(caches_access(t.pe[0], 0x1000, CACHE_STORE) == 4);
	EXPECT(caches_access(t.pe[1], 0x1000, CACHE_LOAD) == 30 + 20);
	EXPECT(caches_access(t.pe[0], 0x1000, CACHE_LOAD) == 4); /* still here, shared now */
	EXPECT(caches_access(t.pe[0], 0x1000, CACHE_STORE) == 4 + 20);
	two_free(&t);
}

TEST(zeroing_a_line_reads_nothing)
{
	struct two t;

	two_new(&t, &small);
	EXPECT(caches_access(t.pe[0], 0x1000, CACHE_ZERO) == 4);
	EXPECT_EQ(t.st[0].bus_access, 0);
	EXPECT_EQ(t.st[0].l1d_cache_refill, 1);
	EXPECT(caches_bypass(t.pe[0]) == 200);
	EXPECT_EQ(t.st[0].bus_access, 1);
	two_free(&t);
}

TEST(ascending_misses_are_fetched_ahead)
{
	struct cache_config cfg = small;
	struct two t;

	cfg.prefetch = 2;
	cfg.l1d = (struct cache_shape){ 4096, 4, 4, CACHE_LRU };
	two_new(&t, &cfg);
	EXPECT(caches_access(t.pe[0], 0x1000, CACHE_LOAD) == 200);
	EXPECT(caches_access(t.pe[0], 0x1040, CACHE_LOAD) == 200); /* a sequence: 0x1080 and 0x10c0 come */
	EXPECT_EQ(t.st[0].prefetched, 2);
	EXPECT(caches_access(t.pe[0], 0x1080, CACHE_LOAD) == 4);
	EXPECT(caches_access(t.pe[0], 0x10c0, CACHE_LOAD) == 4);
	EXPECT(caches_access(t.pe[0], 0x1100, CACHE_LOAD) == 200);
	EXPECT_EQ(t.st[0].prefetched, 4);
	two_free(&t);
}

TEST(shapes_that_cannot_be_are_refused)
{
	struct cache_config cfg = small;

	EXPECT(!cache_config_wrong(&cfg));
	cfg.l1d.bytes = 192;
	EXPECT(cache_config_wrong(&cfg));
	cfg.l1d = (struct cache_shape){ 48 << 10, 3, 4, CACHE_LRU };
	EXPECT(!cache_config_wrong(&cfg));
	cfg.l1d.ways = 0;
	EXPECT(cache_config_wrong(&cfg));
	cfg.l1d.bytes = 0;
	EXPECT(cache_config_wrong(&cfg));
}
