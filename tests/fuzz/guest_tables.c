/* See guest_tables.h. Nothing of mmu/ is used: what is wrong there is not repeated here. */
#include "tests/fuzz/guest_tables.h"

#include <string.h>

#include "base/bits.h"
#include "machine/board.h"
#include "tests/fuzz/guest_words.h"
#include "tests/fuzz/random.h"

enum content { CODE, DATA, DEVICE };

static unsigned level_shift(const struct tables *t, unsigned level)
{
	return t->grain + (3 - level) * (t->grain - 3);
}

static u64 *entry_at(struct table_space *s, u64 at)
{
	return (u64 *)(s->bytes + (at - s->base));
}

static u64 in_order(const struct tables *t, u64 v)
{
	return t->be ? __builtin_bswap64(v) : v;
}

/* When there is no more room a table that is in use serves again: that is a shape, too. */
static u64 new_table(struct table_space *s, u64 size)
{
	u64 at = align_up(s->used, size);

	if (at + size > s->size)
		return s->base;
	s->used = at + size;
	return s->base + at;
}

static u64 stage1_leaf(struct random *rng, enum content what)
{
	static const u8 code_ap[] = { 0, 0, 0, 0, 2, 2, 3, 1 };
	u64 r = random_u64(rng), ap = what == CODE ? code_ap[r & 7] : r & 3;
	u64 attr = what == DEVICE ? 1 : r >> 8 & 7 ? r >> 12 & 2 : r >> 12 & 7;
	u64 never = what == CODE ? 10 : 50;

	if (what == DEVICE && random_percent(rng, 70))
		ap = r >> 3 & 1;
	return ap << 6 | attr << 2 | (r >> 16 & 3) << 8 | (r >> 18 & 1) << 11 |
	       (u64)random_percent(rng, 20) << 51 | (u64)random_percent(rng, (unsigned)never) << 54 |
	       (u64)random_percent(rng, (unsigned)never / 2) << 53 |
	       (u64)random_percent(rng, 20) << 5;
}

static u64 stage2_leaf(struct random *rng, enum content what)
{
	u64 r = random_u64(rng), ap = random_percent(rng, 85) ? 3 : r & 3;
	u64 attr = what == DEVICE ? r >> 4 & 3 : r >> 8 & 7 ? 15 : r >> 12 & 15;

	return ap << 6 | attr << 2 | (r >> 16 & 3) << 8 | (u64)random_percent(rng, 20) << 51 |
	       (u64)random_percent(rng, 5) << 54 | (u64)random_percent(rng, 5) << 53;
}

/* A leaf descriptor for pa; now and then none, or one with a flipped bit. */
static u64 leaf(struct random *rng, const struct tables *t, u64 pa, enum content what, unsigned level)
{
	u64 d = (t->stage2 ? stage2_leaf(rng, what) : stage1_leaf(rng, what)) | pa;

	d |= level == 3 ? 3 : 1;
	d |= (u64)random_percent(rng, 95) << 10;
	d |= (u64)random_percent(rng, 5) << 52;
	if (random_percent(rng, 2))
		d ^= 1ull << random_below(rng, 64);
	return random_percent(rng, 2) ? 0 : d;
}

static void map(struct random *rng, struct table_space *s, const struct tables *t, u64 va, u64 pa,
		unsigned level, enum content what)
{
	u64 table = t->root;

	if (level < t->start)
		level = t->start;
	for (unsigned l = t->start;; l++) {
		unsigned shift = level_shift(t, l);
		unsigned width = l == t->start ? t->ia - shift : t->grain - 3;
		u64 *e = entry_at(s, table + (va >> shift & low_mask(width)) * 8), d;

		if (l == level) {
			*e = in_order(t, leaf(rng, t, pa & ~low_mask(shift), what, level));
			return;
		}
		d = in_order(t, *e);
		if (!(d & 1)) {
			d = new_table(s, 1ull << t->grain) | 3;
			if (!t->stage2 && random_percent(rng, 3))
				d |= random_u64(rng) & MASK(63, 59);
			*e = in_order(t, d);
		}
		table = d & MASK(47, t->grain);
		if (table < s->base || table + (1ull << t->grain) > s->base + s->size)
			return; /* a block, or an odd one */
	}
}

/* [base, base + size) page by page; data pages now and then stand for one another or for code. */
static void map_pages(struct random *rng, struct table_space *s, const struct tables *t, u64 base, u64 size,
		      enum content what)
{
	u64 page = 1ull << t->grain;

	for (u64 a = base & ~(page - 1); a < base + size; a += page) {
		u64 pa = a;

		if (what == DATA && random_percent(rng, 10))
			pa = WORLD_CODE + random_below(rng, 3 * WORLD_PART);
		map(rng, s, t, a, pa & ~(page - 1), 3, what);
	}
}

static unsigned choose_start(struct random *rng, struct tables *t)
{
	unsigned level = 3;

	while (level > 0 && t->ia > level_shift(t, level) + t->grain - 3)
		level--;
	/* concatenated tables: up to 16 of the next level */
	if (t->stage2 && level < 3 && t->ia <= level_shift(t, level) + 4 && random_percent(rng, 60))
		level++;
	return level;
}

struct tables tables_random(struct random *rng, struct table_space *space, bool stage2, bool be)
{
	static const u8 grains[] = { 12, 12, 12, 14, 16 };
	static const u64 devices[] = { BOARD_GICD_BASE, BOARD_UART0_BASE, BOARD_VIRTIO_BASE,
				       BOARD_SECRAM_BASE };
	struct tables t = { .grain = grains[random_below(rng, ARRAY_SIZE(grains))], .stage2 = stage2,
			    .be = be };
	unsigned width;
	bool pages = random_percent(rng, 60);

	t.ia = 32 + (unsigned)random_below(rng, random_percent(rng, 70) ? 9 : 17);
	t.start = choose_start(rng, &t);
	width = t.ia - level_shift(&t, t.start);
	t.root = new_table(space, 1ull << (width + 3 > 12 ? width + 3 : 12));
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		map(rng, space, &t, devices[i], devices[i], 2, DEVICE);
	if (pages) {
		map_pages(rng, space, &t, WORLD_CODE, 2 * WORLD_PART, CODE);
		map_pages(rng, space, &t, WORLD_DATA, WORLD_PART, DATA);
	} else {
		map(rng, space, &t, WORLD_CODE, WORLD_CODE, 2, CODE);
	}
	if (random_percent(rng, 60)) /* the tables themselves */
		map(rng, space, &t, WORLD_TABLES, WORLD_TABLES, 2, CODE);
	return t;
}

u64 tables_tcr(const struct tables *t, bool upper)
{
	static const u8 tg0[] = { [12] = 0, [14] = 2, [16] = 1 }, tg1[] = { [12] = 2, [14] = 1, [16] = 3 };
	unsigned tsz = 64 - t->ia, first = t->grain == 12 ? 2 : 3;

	if (upper)
		return (u64)tsz << 16 | (u64)tg1[t->grain] << 30;
	return tsz | (u64)tg0[t->grain] << 14 | (t->stage2 ? (u64)((first - t->start) & 3) << 6 : 0);
}
