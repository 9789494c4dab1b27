/* The execution test's coverage: operand sets of each row, classes of operands, states of FPCR, and
 * the engine's twins in chains. */
#ifndef TESTS_DIFF_INSN_COVER_H
#define TESTS_DIFF_INSN_COVER_H

#include "cpu/block.h"
#include "insn_gen.h"

enum { COVER_ROWS = 1024, COVER_SEEN = 1 << 16, COVER_KNOWN = 16 };

/* All numbers: parts of a test that ran beside each other are added. */
struct cover_counts {
	u64 sets[COVER_ROWS], programs[COVER_ROWS], stopped[COVER_ROWS]; /* by row */
	u64 general[8], floating[3][10], fpcr[10], nzcv[16], memory[4], stop[8];
	u64 known[COVER_KNOWN]; /* runs that differ for a known reason */
	u64 runs, insns, differ;
};

struct cover_fuse;
struct cover {
	struct cover_counts n;
	exec_fn *seen[COVER_SEEN]; /* hash set of the handlers that blocks of chains had */
	struct cover_fuse *fuse;
	u64 features; /* of the core that ran */
};

bool cover_open(struct cover *c);
void cover_close(struct cover *c);
/* The operands of the program's focus in that state. */
void cover_operands(struct cover *c, const struct program *p, const struct state *s);
void cover_run(struct cover *c, const struct program *p, const struct state *after);
void cover_chain(struct cover *c, const struct program *p, u32 slot, u64 features);
void cover_add(struct cover *c, const struct cover *part);
/* False: a row that can run has fewer than `wanted` operand sets. */
bool cover_print(struct cover *c, bool chains, u64 wanted, const char *prefix);

#endif
