/*
 * Twins of handlers that the translator prefers where neighbours allow it. They do exactly what the plain handlers do: the uops
 * stay as they are, only `exec` differs, so tables, cold records and a later code generator see no difference.
 *
 * - Forwarding: a uop that reads the register which the uop before it wrote takes the value from `acc`.
 * - Pairs: a compare, or an access with write-back, does the next uop's work too (a branch, an addition) and goes on behind it.
 */
#ifndef CPU_FUSE_H
#define CPU_FUSE_H

#include "cpu/block.h"

enum {
	FWD_PRODUCES = 1, /* ends in NEXT_ACC with the value of rd */
};

/* One plain handler and its twins (NULL: none). n, m, d: operand rn, rm, or rd as a source, comes from acc. */
struct fwd_row {
	exec_fn *plain, *n, *m, *d;
	u32 flags;
};
/* first (or one of its twins, as the fwd_row of first says) followed by second. */
struct pair_row {
	exec_fn *first, *second;
	exec_fn *plain, *n, *m; /* the fused handler, and its twins by where first's operand comes from */
	bool second_same_base;  /* only when second adds to first's base register */
};

extern const struct fwd_row fwd_int_rows[], fwd_ldst_rows[], fwd_branch_rows[];
extern const size_t fwd_int_rows_n, fwd_ldst_rows_n, fwd_branch_rows_n;
extern const struct pair_row pair_int_rows[], pair_ldst_rows[];
extern const size_t pair_int_rows_n, pair_ldst_rows_n;

/* The conditions that a compare fuses with, as exec_b_COND_near and _far of exec_branch.c; V alone is too rare. */
#define FUSED_CONDS(X, ...)                                                                                          \
	X(eq, __VA_ARGS__) X(ne, __VA_ARGS__) X(cs, __VA_ARGS__) X(cc, __VA_ARGS__) X(mi, __VA_ARGS__) X(pl, __VA_ARGS__) \
	X(hi, __VA_ARGS__) X(ls, __VA_ARGS__) X(ge, __VA_ARGS__) X(lt, __VA_ARGS__) X(gt, __VA_ARGS__) X(le, __VA_ARGS__)
#define FUSED_PROTOTYPES(cond, ...) exec_fn exec_b_##cond##_near, exec_b_##cond##_far;
FUSED_CONDS(FUSED_PROTOTYPES, )
#undef FUSED_PROTOTYPES

struct fuse;
struct fuse *fuse_new(void);
void fuse_free(struct fuse *f);
/* Chooses twins for n uops in order. */
void fuse_uops(const struct fuse *f, struct uop *u, u32 n);

#endif
