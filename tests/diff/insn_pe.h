/*
 * The execution test, Trapline's half: a Neoverse N1 at EL0 with real page tables, blocks and fast
 * TLB; a batch of programs is executed as the engine executes any guest.
 */
#ifndef TESTS_DIFF_INSN_PE_H
#define TESTS_DIFF_INSN_PE_H

#include "base/types.h"
#include "insn_share.h"

struct pe;

/* NULL: no memory. max_block: as -max-block, 0 for none. */
struct pe *pe_new(u32 max_block);
void pe_free(struct pe *p);
u64 pe_features(const struct pe *p);
/* Instructions executed since pe_new(). */
u64 pe_insns(const struct pe *p);
/* The data of run i, DATA_SIZE bytes. */
u8 *pe_data(struct pe *p, u32 run);
/* Takes the batch's programs. */
void pe_load(struct pe *p, const struct share *s);
void pe_run(struct pe *p, u32 program, const struct state *before, struct state *after);

#endif
