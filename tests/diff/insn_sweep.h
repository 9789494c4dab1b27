/*
 * The execution test's loops: a program of gen_one() on hundreds of operand sets by one run. Each
 * round loads SP, flags and the registers that the program uses from a table, executes it, and
 * stores what it wrote into another: both sides execute the loop as any code, so a set costs tens
 * of nanoseconds. The run's data are SWEEP_SPAN times DATA_SIZE: what the program itself accesses,
 * the operands, the results.
 */
#ifndef TESTS_DIFF_INSN_SWEEP_H
#define TESTS_DIFF_INSN_SWEEP_H

#include "insn_gen.h"

enum {
	SWEEP_SPAN = 8,
	SWEEP_TABLE = (SWEEP_SPAN - 1) * DATA_SIZE / 2,
	SWEEP_IN = DATA_SIZE,
	SWEEP_OUT = DATA_SIZE + SWEEP_TABLE
};

/* Makes p a loop of at most `sets` rounds. False: it has no four registers to spare. */
bool sweep_wrap(u64 *rng, u64 features, u32 sets, struct program *p);
/* Writes the operands of round i from s to the table. */
void sweep_put(const struct program *p, const struct state *s, u8 *data, u32 i);
/* The loop's own registers. */
void sweep_pointers(const struct program *p, u32 run, struct state *s);
/* The program without its loop, and in s the operands of round i. */
struct program sweep_single(const struct program *p, const u8 *data, u32 i, struct state *s);
/* The first round whose results differ; p->sweep.sets: none, as without a loop. */
u32 sweep_differs(const struct program *p, const u8 *want, const u8 *got);

#endif
