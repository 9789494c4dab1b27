/* The execution test's coverage: runs of each row, classes of operands, states of FPCR, and the
 * engine's twins in chains. */
#ifndef TESTS_DIFF_INSN_COVER_H
#define TESTS_DIFF_INSN_COVER_H

#include "insn_gen.h"

struct cover_fuse;
struct cover {
	u64 *completed, *stopped; /* by row: runs of the row's own programs */
	u64 general[8], floating[3][8], fpcr[16], nzcv[16], memory[4], stop[8];
	struct cover_fuse *fuse;
};

bool cover_open(struct cover *c);
void cover_run(struct cover *c, const struct insn *row, const struct program *p,
	       const struct state *before, const struct state *after);
void cover_chain(struct cover *c, const struct program *p, u32 slot, u64 features);
/* False: a row that can run has fewer than `wanted` completed runs. */
bool cover_print(const struct cover *c, bool one, u64 features, u64 wanted, const char *prefix);

#endif
