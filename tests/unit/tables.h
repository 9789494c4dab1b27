/* Translation tables as tests of mmu/ write them, apart from how the walker reads them. */
#ifndef TESTS_UNIT_TABLES_H
#define TESTS_UNIT_TABLES_H

#include "base/bits.h"
#include "mmu/bus.h"

#define AF    BIT(10)
#define NG    BIT(11)
#define RO    BIT(7)
#define USER  BIT(6)
#define DBM   BIT(51)
#define CONT  BIT(52)
#define PXN   BIT(53)
#define UXN   BIT(54)
#define PAGE  3ull
#define BLOCK 1ull
#define ISH   (3ull << 8)
#define S2R   BIT(6)
#define S2W   BIT(7)
#define S2WB  (15ull << 2)
#define S2ALL (AF | S2R | S2W | S2WB | ISH)

struct tables {
	u64 root;
	unsigned grain, start, ia;
	bool be;
	u64 table_attr; /* upper attributes of every table descriptor written */
};

static inline u64 bus_get64(struct bus *b, u64 at)
{
	u64 v;

	bus_read(b, pa_make(SPACE_NS, at), 8, (struct attrs){ .privileged = true }, &v);
	return v;
}

static inline void bus_put64(struct bus *b, u64 at, u64 v)
{
	bus_write(b, pa_make(SPACE_NS, at), 8, (struct attrs){ .privileged = true }, v);
}

/* A table's room from *next on. */
static inline u64 new_table(u64 *next, unsigned grain)
{
	u64 at = align_up(*next, 1ull << grain);

	*next = at + (1ull << grain);
	return at;
}

/* Writes desc for addr at `level`, making tables on the way down; where it stands. */
static inline u64 tables_map(struct bus *b, u64 *next, struct tables *t, u64 addr, unsigned level,
			     u64 desc)
{
	u64 table = t->root;

	for (unsigned l = t->start;; l++) {
		unsigned shift = t->grain + (3 - l) * (t->grain - 3);
		unsigned width = l == t->start ? t->ia - shift : t->grain - 3;
		u64 at = table + (addr >> shift & low_mask(width)) * 8;
		u64 d = bus_get64(b, at);

		if (t->be)
			d = __builtin_bswap64(d);
		if (l == level) {
			bus_put64(b, at, t->be ? __builtin_bswap64(desc) : desc);
			return at;
		}
		if (!(d & 1)) {
			d = new_table(next, t->grain) | 3 | t->table_attr;
			bus_put64(b, at, t->be ? __builtin_bswap64(d) : d);
		}
		table = d & MASK(47, t->grain);
	}
}

/* A deterministic sequence; *state is not 0. */
static inline u64 random64(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
