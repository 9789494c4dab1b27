/*
 * The handlers of exclusives, ordered accesses and atomics, twice: for PEs that take turns on one thread (exec_ldst.c), and for PEs on
 * threads of their own (exec_parallel.c).
 */
#ifndef CPU_SYNC_FNS_H
#define CPU_SYNC_FNS_H

#include "cpu/block.h"

enum { SYNC_STORE, SYNC_LOAD };

/* Sizes are log2 of bytes, of pairs log2 of one register's bytes less 2; operations are in the order of tr_atomic()'s argument. */
struct sync_fns {
	exec_fn *excl[2][4], *excl_pair[2][2];
	exec_fn *ordered[2][4];
	exec_fn *cas[4], *casp[2];
	exec_fn *atomic[9][4];
};
extern const struct sync_fns sync_turns, sync_parallel;

/* LSE: what becomes of the old value a and the operand b. */
#define ATOM_add(T, ST, a, b)  ((a) + (b))
#define ATOM_clr(T, ST, a, b)  ((a) & ~(b))
#define ATOM_eor(T, ST, a, b)  ((a) ^ (b))
#define ATOM_set(T, ST, a, b)  ((a) | (b))
#define ATOM_smax(T, ST, a, b) ((ST)(a) > (ST)(b) ? (a) : (b))
#define ATOM_smin(T, ST, a, b) ((ST)(a) < (ST)(b) ? (a) : (b))
#define ATOM_umax(T, ST, a, b) ((a) > (b) ? (a) : (b))
#define ATOM_umin(T, ST, a, b) ((a) < (b) ? (a) : (b))
#define ATOM_swp(T, ST, a, b)  (b)
#define ATOM_OPS(X) X(add) X(clr) X(eor) X(set) X(smax) X(smin) X(umax) X(umin) X(swp)

#endif
