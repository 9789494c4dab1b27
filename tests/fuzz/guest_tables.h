/* Translation tables of fuzz_guest's random guests. */
#ifndef TESTS_FUZZ_GUEST_TABLES_H
#define TESTS_FUZZ_GUEST_TABLES_H

#include "tests/fuzz/random.h"

/* A regime's range: granule (12, 14, 16 bits), input size, byte order, and what was made of it. */
struct tables {
	u64 root;
	unsigned grain, ia, start; /* start: level */
	bool stage2, be;
};

/* Where tables are made: the bytes of WORLD_TABLES.. */
struct table_space {
	u8 *bytes;
	u64 base, size, used;
};

/* Picks a geometry and maps code, vectors, data, tables and devices: mostly identity, with holes and odd bits. */
struct tables tables_random(struct random *rng, struct table_space *space, bool stage2, bool be);
/* The fields of TCR (T0SZ, TG0; T1SZ, TG1 for the upper range) or VTCR (T0SZ, SL0, TG0) that say so. */
u64 tables_tcr(const struct tables *t, bool upper);

#endif
