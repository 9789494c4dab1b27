/*
 * The random guest of fuzz_guest: what its memory, page tables, registers and devices hold when it
 * starts, all made from a seed. It is put into a machine that was just made.
 *
 *	code     64 KiB of random instruction words
 *	vectors  a page for each EL: handlers that go on at some other place of the code
 *	data     random bytes
 *	tables   translation tables of all regimes: mostly identity, with holes and odd bits
 */
#ifndef TESTS_FUZZ_GUEST_WORLD_H
#define TESTS_FUZZ_GUEST_WORLD_H

#include "machine/config.h"

struct machine;

#define WORLD_RAM_SIZE (8u << 20)

/* A random board for the seed; strings are the config's. */
void world_config(struct config *c, u64 seed);
/* Fills a new machine of that configuration. */
void world_fill(struct machine *m, u64 seed);

#endif
