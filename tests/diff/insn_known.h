/* Where the reference is known to be wrong or the manual leaves a choice: rows, when, and why. */
#ifndef TESTS_DIFF_INSN_KNOWN_H
#define TESTS_DIFF_INSN_KNOWN_H

#include "insn_gen.h"

/* Which known difference this run shows; -1: none. */
int insn_known(const struct program *p, const struct state *before, const struct state *want,
	       const struct state *got);
/* The entries that were met (runs by entry), with their reasons. */
void insn_known_print(const u64 *counts);

#endif
