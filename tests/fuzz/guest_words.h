/* Random instruction words and register values of fuzz_guest. */
#ifndef TESTS_FUZZ_GUEST_WORDS_H
#define TESTS_FUZZ_GUEST_WORDS_H

#include "tests/fuzz/random.h"

struct sysreg_map;

/* Where things stand in the guest's memory. */
#define WORLD_RAM     0x40000000ull
#define WORLD_CODE    0x40100000ull
#define WORLD_VECTORS 0x40110000ull /* of ELn: + (n - 1) * 0x1000; the handlers' values after them */
#define WORLD_DATA    0x40120000ull
#define WORLD_TABLES  0x40400000ull
#define WORLD_PART    0x10000ull /* size of code, vectors and data: a 64 KiB page each */
#define WORLD_END     0x40800000ull

/* One instruction word, dense in what reaches memory and system registers. */
u32 random_word(struct random *rng, const struct sysreg_map *map);
/* Three words that flip one bit of a control register. */
void random_toggle(struct random *rng, const struct sysreg_map *map, u32 w[3]);
/* What a general register may hold: addresses of all sorts, edges, noise. upper: base of the upper VA range. */
u64 random_value(struct random *rng, u64 upper);
/* The exception handlers of EL el at p; they go on in the first 2^width words of code. The values that they load follow them. */
void world_vectors(struct random *rng, u32 *p, unsigned el, unsigned width);

#endif
