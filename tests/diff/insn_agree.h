/* The execution test's comparer: whether two ends of a run agree. */
#ifndef TESTS_DIFF_INSN_AGREE_H
#define TESTS_DIFF_INSN_AGREE_H

#include "insn_gen.h"

/* p is at slot_va, its data at data_va: DATA_SIZE bytes, of a loop SWEEP_SPAN times as many. */
bool insn_agrees(const struct program *p, u64 slot_va, u64 data_va, const struct state *before,
		 const struct state *want, const struct state *got, const u8 *want_data,
		 const u8 *got_data);

#endif
