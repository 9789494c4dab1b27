/* Snapshots in the middle of a fuzzer's case. */
#ifndef TESTS_FUZZ_SNAPSHOT_H
#define TESTS_FUZZ_SNAPSHOT_H

#include "tests/fuzz/random.h"

struct bus;

/*
 * Saves all that is on the bus and loads it: it must save the same bytes again. Sometimes it is damaged first: then
 * what it makes still works, or it is refused, and the world is only good for being freed: false.
 */
bool fuzz_snapshot(struct random *rng, struct bus *bus);

#endif
