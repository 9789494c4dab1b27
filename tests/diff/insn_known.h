/* Where the reference is known to be wrong or the manual leaves a choice: rows, when, and why. */
#ifndef TESTS_DIFF_INSN_KNOWN_H
#define TESTS_DIFF_INSN_KNOWN_H

#include "insn_gen.h"

/* A difference of this run is known; counts it. */
bool insn_known(const struct program *p, const struct state *before, const struct state *want,
		const struct state *got);
/* The entries that were met, with their reasons. */
void insn_known_print(void);

#endif
