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

/*
 * Direct succession: a head (simple arithmetic or an access) that goes straight to the handler of a known tail instead of through the
 * uop's pointer. The host predicts a direct jump; the long loops of interpreters and shells overflow its predictor for
 * indirect ones. One function for every head and tail; the lists were chosen from counts over boots and linux-bench.
 */
#define TAILS_INT(X, ...)                                                                                            \
	X(mov64, __VA_ARGS__) X(mov32, __VA_ARGS__) X(movi, __VA_ARGS__) X(add_i64, __VA_ARGS__) X(add_i64_fn, __VA_ARGS__) \
	X(add_i32, __VA_ARGS__) X(add_i32_fn, __VA_ARGS__) X(add_r64, __VA_ARGS__) X(add_r32, __VA_ARGS__)           \
	X(add_r32_fn, __VA_ARGS__) X(add_r32_fm, __VA_ARGS__) X(adr, __VA_ARGS__) X(and_r32, __VA_ARGS__) X(lsr64, __VA_ARGS__) \
	X(eor_r32_fn, __VA_ARGS__) X(eor_ror32, __VA_ARGS__) X(eor_ror32_fn, __VA_ARGS__) X(eor_lsr32_fn, __VA_ARGS__) \
	X(extr32, __VA_ARGS__) X(sub_r64, __VA_ARGS__)                                                               \
	X(subs_i64_b_eq, __VA_ARGS__) X(subs_i64_b_ne, __VA_ARGS__) X(subs_i32_b_eq, __VA_ARGS__) X(subs_i32_b_ne, __VA_ARGS__) \
	X(subs_i64_b_eq_fn, __VA_ARGS__) X(subs_i64_b_ne_fn, __VA_ARGS__) X(subs_i32_b_eq_fn, __VA_ARGS__)           \
	X(subs_i32_b_ne_fn, __VA_ARGS__) X(subs_i32_b_hi_fn, __VA_ARGS__) X(subs_i32_b_ls_fn, __VA_ARGS__)           \
	X(subs_r64_b_eq, __VA_ARGS__) X(subs_r64_b_ne, __VA_ARGS__) X(subs_r64_b_ls, __VA_ARGS__) X(subs_r64_b_hi, __VA_ARGS__) \
	X(subs_r32_b_eq_fn, __VA_ARGS__) X(subs_r32_b_ne_fn, __VA_ARGS__) X(subs_i64, __VA_ARGS__) X(subs_i32, __VA_ARGS__) \
	X(subs_i32_fn, __VA_ARGS__) X(subs_r64, __VA_ARGS__) X(csel64, __VA_ARGS__) X(csinc64, __VA_ARGS__) X(mul64, __VA_ARGS__) \
	X(madd64, __VA_ARGS__) X(add_uxtw64, __VA_ARGS__) X(sxtw, __VA_ARGS__) X(add_lsr64, __VA_ARGS__) X(add_lsl64, __VA_ARGS__) \
	X(sub_r64_fn, __VA_ARGS__) X(and_wide, __VA_ARGS__) X(ubfm64_fn, __VA_ARGS__)
#define TAILS_LDST(X, ...)                                                                                           \
	X(ld64_imm, __VA_ARGS__) X(ld64_imm_fn, __VA_ARGS__) X(ld32_imm, __VA_ARGS__) X(ld32_imm_fn, __VA_ARGS__)    \
	X(ld8_imm, __VA_ARGS__) X(ld8_imm_fn, __VA_ARGS__) X(ld64_lsl, __VA_ARGS__) X(ld32_lsl, __VA_ARGS__) X(ld8_lsl, __VA_ARGS__) \
	X(st64_imm, __VA_ARGS__) X(st64_imm_fn, __VA_ARGS__) X(st64_imm_fd, __VA_ARGS__) X(st32_imm, __VA_ARGS__)    \
	X(st32_imm_fd, __VA_ARGS__) X(st8_imm, __VA_ARGS__) X(ldp64_imm, __VA_ARGS__) X(stp64_imm, __VA_ARGS__)      \
	X(ldp64_wb, __VA_ARGS__) X(stp64_wb, __VA_ARGS__) X(ld8_wb, __VA_ARGS__) X(st64_lsl_fd, __VA_ARGS__) X(ld8_sxtw, __VA_ARGS__) \
	X(vld64_imm, __VA_ARGS__) X(vld64_wb, __VA_ARGS__)
#define TAILS_FP(X, ...)                                                                                             \
	X(fadd64_host, __VA_ARGS__) X(fsub64_host, __VA_ARGS__) X(fmul64_host, __VA_ARGS__) X(fmadd64_host, __VA_ARGS__)
#define TAILS_BRANCH(X, ...)                                                                                         \
	X(b_near, __VA_ARGS__) X(b_far, __VA_ARGS__) X(bl_near, __VA_ARGS__) X(bl_far, __VA_ARGS__) X(br, __VA_ARGS__) X(blr, __VA_ARGS__) \
	X(cbz64_near, __VA_ARGS__) X(cbz64_fd_near, __VA_ARGS__) X(cbz32_near, __VA_ARGS__) X(cbz32_fd_near, __VA_ARGS__) \
	X(cbnz64_near, __VA_ARGS__) X(cbnz64_fd_near, __VA_ARGS__) X(cbnz32_near, __VA_ARGS__) X(cbnz32_fd_near, __VA_ARGS__) \
	X(tbz_near, __VA_ARGS__) X(tbz_fd_near, __VA_ARGS__) X(tbnz_near, __VA_ARGS__) X(tbnz_fd_near, __VA_ARGS__)  \
	X(b_eq_near, __VA_ARGS__) X(b_ne_near, __VA_ARGS__)
#define TAILS(X, ...) TAILS_INT(X, __VA_ARGS__) TAILS_LDST(X, __VA_ARGS__) TAILS_FP(X, __VA_ARGS__) TAILS_BRANCH(X, __VA_ARGS__)
enum tail {
#define TAIL_ENUM(name, ...) TAIL_##name,
	TAILS(TAIL_ENUM, )
#undef TAIL_ENUM
	TAIL_COUNT
};
#define TAIL_PROTOTYPE(name, ...) exec_fn exec_tail_##name;
TAILS(TAIL_PROTOTYPE, )
#undef TAIL_PROTOTYPE
/* In the file of the handlers: the entry points by which other files' heads reach them. */
#define TAIL_DEFINE(name, ...)                                                                                       \
	EXEC_FN(tail_##name)                                                                                         \
	{                                                                                                            \
		return exec_##name(c, u, acc);                                                                       \
	}
#define TAIL_ROW(name, ...) { exec_##name, TAIL_##name },
/* Likewise a head's table, by the names of its handlers HEAD__TAIL, and its row. */
#define HEAD_ENTRY(tail, head) [TAIL_##tail] = exec_##head##__##tail,
#define HEAD_TABLE(head) static exec_fn *const head_##head[TAIL_COUNT] = { TAILS(HEAD_ENTRY, head) };
#define HEAD_ROW(head) { exec_##head, head_##head },
struct tail_row {
	exec_fn *plain;
	enum tail tail;
};
struct head_row {
	exec_fn *plain;
	exec_fn *const *by_tail; /* [TAIL_COUNT] */
};
extern const struct tail_row tail_int_rows[], tail_ldst_rows[], tail_fp_rows[], tail_branch_rows[];
extern const size_t tail_int_rows_n, tail_ldst_rows_n, tail_fp_rows_n, tail_branch_rows_n;
extern const struct head_row head_int_rows[], head_ldst_rows[], head_fp_rows[];
extern const size_t head_int_rows_n, head_ldst_rows_n, head_fp_rows_n;

struct fuse;
struct fuse *fuse_new(void);
void fuse_free(struct fuse *f);
/* Chooses twins for n uops in order. */
void fuse_uops(const struct fuse *f, struct uop *u, u32 n);

#endif
