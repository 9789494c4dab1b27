/*
 * The timing model of one PE: how many cycles each instruction takes. It watches the instructions that run (cpu/exec_observe.c) and
 * their memory accesses, and moves the PE's time; it decides nothing that they do.
 *
 * A scoreboard. An instruction is dispatched when it was fetched and there is room; it starts when its operands and a pipe are there; its
 * result is there a latency later. Out of order, `rob` instructions may be between dispatch and retirement; in order, dispatch waits
 * for the start. The PE's time is that of dispatch. Modelled besides: branch prediction, caches, table walks through them, TLB
 * latencies, a store buffer, exceptions. Not modelled: docs/timing.md.
 */
#ifndef CPU_TIMING_H
#define CPU_TIMING_H

#include "cpu/timing_config.h"

struct cpu;
struct insn;
struct snap;
struct timing;

#define TIMING_STATS(STAT) \
	STAT(br_pred,        "branch",  "branches that the predictor predicted (conditional, indirect, returns)") \
	STAT(br_mis_pred,    "branch",  "of these those that it predicted wrongly") \
	STAT(stall_frontend, "cycle",   "cycles without dispatch because nothing was fetched") \
	STAT(stall_backend,  "cycle",   "cycles without dispatch because operands, pipes or room were missing") \
	STAT(exception_time, "cycle",   "cycles of exception entries and returns") \
	STAT(walk_cycles,    "cycle",   "cycles of table walks and main TLB hits")

struct timing_stats {
	TIMING_STATS(STAT_FIELD)
	struct cache_stats cache;
};
extern const struct stat_row timing_stat_rows[]; /* the caches' rows too */
extern const size_t timing_stat_rows_n;

/* What the model knows of an instruction from its word; one constant in its block. Registers: 0-31 general (31: SP), 32-63 vector. */
enum { TIMING_NONE = 64, TIMING_SLOTS = 65 };
enum { OP_READS_NZCV = 1, OP_WRITES_NZCV = 2, OP_WRITES_BASE = 4 /* src[3], a cycle after the start */, OP_CONDITIONAL = 8, OP_CALL = 16, OP_ADDEND = 128 /* src[2] is added to a product */,
       OP_RETURN = 32, OP_VECTORS = 64 /* dst[1] is a count: that many vectors from dst[0] on */ };
struct timing_op {
	u8 cls; /* enum timing_class */
	u8 src[4], dst[2];
	u8 flags;
};
_Static_assert(sizeof(struct timing_op) == 8, "one constant");

/* row: NULL for an UNDEFINED word. */
struct timing_op timing_op(const struct insn *row, u32 word);

/* shared: of all PEs; borrowed. NULL: no memory. */
struct timing *timing_new(const struct timing_values *v, struct cache_shared *shared, unsigned pe);
void timing_free(struct timing *t);
void timing_reset(struct timing *t);
void timing_snap(struct timing *t, struct snap *s);
void timing_set_stats(struct timing *t, struct timing_stats *st);
/* The model sees no instruction for a while (outside of a region): its pipeline is empty then, caches and predictor stay. */
void timing_pause(struct timing *t);

/*
 * The next instruction, at virtual address pc and physical address pa. Cycles that pass before it is dispatched beyond the one that its
 * elder took: -1 when both go together.
 */
s64 timing_insn(struct timing *t, struct timing_op op, u64 pc, u64 pa);
/* Its data access; plain: cacheable memory. */
enum timing_access { TIMING_LOAD, TIMING_STORE, TIMING_ZERO };
void timing_data(struct timing *t, u64 pa, unsigned size, enum timing_access what, bool plain, bool device);
/* The TLBs, while translating for the current instruction or the next fetch: an L1 miss; a descriptor read. */
void timing_tlb_miss(struct timing *t);
void timing_walk_read(struct timing *t, u64 pa);
/* An exception was taken or returned from. The cycles that this takes. */
u64 timing_exception(struct timing *t, bool entry);

#endif
