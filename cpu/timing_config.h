/*
 * Parameters of the timing model: rows (TIMING_PARAMS, TIMING_CLASSES) with one file of values and sources per core in cpu/timing/, and
 * the parser of --timing. What the parameters do: cpu/timing.c; docs/timing.md.
 */
#ifndef CPU_TIMING_CONFIG_H
#define CPU_TIMING_CONFIG_H

#include "base/types.h"
#include "base/why.h"
#include "mmu/cache.h"
#include "mmu/tlb.h"

/* PARAM(name, smallest, largest, unit, what it is) */
#define TIMING_PARAMS(PARAM) \
	PARAM(clock,           100, 100000,  "ps",    "period of the core's clock") \
	PARAM(in_order,          0, 1,       "",      "1: an instruction issues after its elder and when its operands are there; 0: out of order") \
	PARAM(width,             1, 16,      "instructions", "dispatched in a cycle at most") \
	PARAM(rob,               1, 1024,    "instructions", "in flight at most (out of order)") \
	PARAM(pipes_int,         1, 4,       "",      "simple integer pipes") \
	PARAM(pipes_mul,         1, 4,       "",      "multiply and divide pipes") \
	PARAM(pipes_branch,      1, 4,       "",      "branch pipes") \
	PARAM(pipes_load,        1, 4,       "",      "load pipes") \
	PARAM(pipes_store,       1, 4,       "",      "store pipes") \
	PARAM(pipes_fp,          1, 4,       "",      "FP and SIMD pipes") \
	PARAM(pipes_fp_mul,      0, 4,       "",      "those of FP multiplication alone; 0: it uses pipes_fp") \
	PARAM(shift_on_mul,      0, 1,       "",      "1: additions and logic that shift for more than a cycle use the multiply pipe") \
	PARAM(loads_share_store, 0, 1,       "",      "1: loads and stores use the same pipe") \
	PARAM(mispredict,        0, 100,     "cycle", "from the branch's result to the first instruction of the right path") \
	PARAM(taken,             0, 10,      "cycle", "no instruction is fetched after a taken branch") \
	PARAM(bp_bits,           4, 20,      "bit",   "log2 of the counters of the direction predictor (gshare)") \
	PARAM(bp_history,        0, 32,      "branch", "outcomes that its index takes in") \
	PARAM(btb_bits,          2, 16,      "bit",   "log2 of the entries of the indirect target predictor") \
	PARAM(return_stack,      1, 64,      "entry", "return addresses predicted") \
	PARAM(misses,            1, 64,      "line",  "L1 data misses in flight at most") \
	PARAM(store_buffer,      1, 64,      "store", "stores waiting for their line at most") \
	PARAM(l1i_size,          1024, 1 << 30, "byte", "L1 instruction cache") \
	PARAM(l1i_ways,          1, 64,      "",      "its ways") \
	PARAM(l1d_size,          1024, 1 << 30, "byte", "L1 data cache") \
	PARAM(l1d_ways,          1, 64,      "",      "its ways") \
	PARAM(l1d_policy,        0, 2,       "",      "its replacement: 0 LRU, 1 random, 2 round-robin") \
	PARAM(l2_size,           0, 1 << 30, "byte",  "L2 cache; 0: none") \
	PARAM(l2_ways,           1, 64,      "",      "its ways") \
	PARAM(l2_policy,         0, 2,       "",      "its replacement") \
	PARAM(l2_latency,        1, 1000,    "cycle", "load to use when L2 has the line") \
	PARAM(l2_shared,         0, 1,       "",      "1: all PEs have one L2") \
	PARAM(l3_size,           0, 1 << 30, "byte",  "L3 or system-level cache, shared; 0: none") \
	PARAM(l3_ways,           1, 64,      "",      "its ways") \
	PARAM(l3_latency,        1, 1000,    "cycle", "load to use when L3 has the line") \
	PARAM(memory,            1, 10000,   "ns",    "load to use when no cache has the line") \
	PARAM(device,            0, 100000,  "ns",    "an access to a device") \
	PARAM(snoop,             0, 1000,    "cycle", "more when another PE gives up the line") \
	PARAM(prefetch,          0, 16,      "line",  "fetched ahead of ascending misses") \
	PARAM(tlb_l1i,           1, 65534,   "entry", "L1 instruction TLB, fully associative") \
	PARAM(tlb_l1d,           1, 65534,   "entry", "L1 data TLB, fully associative") \
	PARAM(tlb_main,          0, 65534,   "entry", "main TLB") \
	PARAM(tlb_main_ways,     1, 64,      "",      "its ways") \
	PARAM(tlb_main_latency,  0, 100,     "cycle", "more when the main TLB answers an L1 miss; before each walk, too") \
	PARAM(tlb_walk,          0, 65534,   "entry", "walk cache") \
	PARAM(tlb_walk_ways,     1, 64,      "",      "its ways") \
	PARAM(tlb_ipa,           0, 65534,   "entry", "stage-2 (IPA) cache") \
	PARAM(tlb_ipa_ways,      1, 64,      "",      "its ways") \
	PARAM(exception_entry,   0, 1000,    "cycle", "to take an exception, from the last instruction's end to the first of the vector") \
	PARAM(exception_return,  0, 1000,    "cycle", "an ERET")

/* Pipes that a class of instructions issues to. */
enum timing_pipe { PIPE_NONE, PIPE_INT, PIPE_SHIFT, PIPE_MUL, PIPE_BRANCH, PIPE_LOAD, PIPE_STORE, PIPE_FP, PIPE_FP_MUL, PIPE_FP_DIV, PIPES };

/*
 * CLASS(name, pipe, flags, what it is). Each core gives latency (cycles until dependents may start), busy (cycles the pipe is taken) and
 * early: by how many cycles the addend may come later than other operands when the same class made it (multiply-add).
 */
#define TIMING_CLASSES(CLASS) \
	CLASS(alu,        INT,    0, "add, logic, move, conditional select") \
	CLASS(alu_lsl,    SHIFT,  0, "add with an operand shifted left by 1 to 4") \
	CLASS(alu_shift,  SHIFT,  0, "add with an operand shifted otherwise or extended; EXTR, BFM") \
	CLASS(logic_shift, SHIFT, 0, "logic with a shifted operand") \
	CLASS(mul32,      MUL,    0, "32-bit and long multiplication") \
	CLASS(mul64,      MUL,    0, "64-bit multiplication") \
	CLASS(mulh,       MUL,    0, "SMULH, UMULH") \
	CLASS(div32,      MUL,    0, "32-bit division") \
	CLASS(div64,      MUL,    0, "64-bit division") \
	CLASS(crc,        MUL,    0, "CRC32") \
	CLASS(branch,     BRANCH, 0, "direct branches, conditional or not") \
	CLASS(branch_ind, BRANCH, 0, "BR, BLR, RET") \
	CLASS(load,       LOAD,   0, "loads to general registers that hit L1") \
	CLASS(store,      STORE,  0, "stores of general registers") \
	CLASS(vload,      LOAD,   0, "loads to FP/SIMD registers that hit L1") \
	CLASS(vstore,     STORE,  0, "stores of FP/SIMD registers") \
	CLASS(exclusive,  LOAD,   0, "load- and store-exclusive") \
	CLASS(atomic,     LOAD,   0, "LSE atomics, compare and swap") \
	CLASS(prefetch,   LOAD,   0, "PRFM") \
	CLASS(fp_add,     FP,     0, "FP addition, conversion between FP sizes") \
	CLASS(fp_mul,     FP_MUL, 0, "FP multiplication") \
	CLASS(fp_fma,     FP_MUL, 0, "FP multiply-add") \
	CLASS(fp_div32,   FP_DIV, 0, "FP division, single") \
	CLASS(fp_div64,   FP_DIV, 0, "FP division, double") \
	CLASS(fp_sqrt32,  FP_DIV, 0, "FP square root, single") \
	CLASS(fp_sqrt64,  FP_DIV, 0, "FP square root, double") \
	CLASS(fp_cvt,     FP,     0, "conversion between FP and integer, rounding") \
	CLASS(fp_cmp,     FP,     0, "FP comparison, conditional select") \
	CLASS(fp_move,    FP,     0, "FP move, absolute value, negation") \
	CLASS(fp_in,      FP,     0, "move from a general to an FP register") \
	CLASS(fp_out,     FP,     0, "move from an FP to a general register") \
	CLASS(simd_alu,   FP,     0, "SIMD integer arithmetic and logic") \
	CLASS(simd_mul,   FP,     0, "SIMD integer multiplication") \
	CLASS(simd_shift, FP,     0, "SIMD shifts") \
	CLASS(simd_perm,  FP,     0, "SIMD permutes, table lookups, element moves") \
	CLASS(simd_fp,    FP,     0, "SIMD floating point") \
	CLASS(crypto,     FP,     0, "AES, SHA, PMULL") \
	CLASS(simd_fma,   FP,     0, "SIMD floating-point multiply-add") \
	CLASS(dmb,        NONE,   0, "DMB; later loads and stores start when earlier ones are complete, and so long after") \
	CLASS(dsb,        NONE,   SERIAL, "DSB") \
	CLASS(isb,        NONE,   SERIAL, "ISB") \
	CLASS(hint,       NONE,   0, "NOP and other hints") \
	CLASS(sys_read,   NONE,   0, "MRS of registers that are not named below") \
	CLASS(sys_write,  NONE,   SERIAL, "MSR to them, MSR (immediate)") \
	CLASS(sys_fast,   NONE,   0, "MRS, MSR of TPIDR_ELx, SP_ELx, NZCV, FPCR, FPSR, DAIF by MRS") \
	CLASS(gic_read,   NONE,   SERIAL, "MRS of ICC_*, ICH_*, ICV_*") \
	CLASS(gic_write,  NONE,   SERIAL, "MSR to them") \
	CLASS(timer,      NONE,   SERIAL, "MRS, MSR of CNT*") \
	CLASS(tlbi,       NONE,   SERIAL, "TLBI, AT") \
	CLASS(cache_op,   LOAD,   0, "DC, IC") \
	CLASS(exception,  NONE,   SERIAL, "SVC, HVC, SMC, BRK, HLT, ERET themselves; entry and return are parameters") \
	CLASS(undefined,  NONE,   0, "words that are no instruction")

enum timing_class {
#define CLASS(name, ...) TC_##name,
	TIMING_CLASSES(CLASS)
#undef CLASS
	TIMING_CLASS_COUNT
};

struct timing_values {
#define PARAM(name, ...) u32 name;
	TIMING_PARAMS(PARAM)
#undef PARAM
	struct {
		u16 latency, busy, early;
	} cls[TIMING_CLASS_COUNT];
};

/* A parameter or class as a row: its key for --timing, its value's place, and its description. */
struct timing_row {
	const char *key; /* "width", "latency.alu", "busy.alu", "early.mul32" */
	const char *unit, *help;
	u32 min, max;
	u16 offset;
	bool half; /* a u16 */
};

/* One core: every row's value and source. */
struct timing_core {
	const char *name; /* as -cpu takes it */
	const struct timing_values *values;
	const char *const *from; /* timing_source() */
};

extern const struct timing_row timing_rows[];
extern const size_t timing_rows_n;
extern const struct timing_core timing_cores[];
extern const size_t timing_cores_n;

/* NULL: there is no model of that core. */
const struct timing_core *timing_core_find(const char *name);
u32 timing_value(const struct timing_values *v, size_t row);
/* Where the value of that row of timing_rows is from; a class has one source for all three of its rows. */
const char *timing_source(const struct timing_core *core, size_t row);

/*
 * "key=value,key=value" over *v (may be ""): 0 or -EINVAL with *why.
 */
int timing_parse(struct timing_values *v, const char *text, struct why *why);
/* The caches and the TLBs that the values describe. */
void timing_caches(const struct timing_values *v, u64 seed, struct cache_config *out);
void timing_tlbs(const struct timing_values *v, struct tlb_config *out);

#endif
