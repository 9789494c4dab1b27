/*
 * Scalar floating-point instructions (DDI0487 C4.1.96): arithmetic, comparison, conversion, moves. The arithmetic itself is
 * fpu.h's; here are registers and flags. Scalars of Advanced SIMD encodings are vectors of one lane, in exec_fp_vec.c.
 */
#include "cpu/exec_fp.h"
#include "cpu/flags.h"
#include "cpu/fp_packed.h"
#include "cpu/fuse.h"
#include "cpu/translate.h"
#include "cpu/vreg.h"

/* Where a handler of its own comes first: see HOST_FIRST. */
#define EXEC_AFTER(name) static __attribute__((noinline)) EXEC_FN(name)
#define XD c->x[u->rd]
#define XN c->x[u->rn]
#define SCALAR(w, r) ((u##w)c->v[u->r].d[0])

/* One instance of a template per size; FP_16 and so on are the sizes. */
#define FP_16 FP_H
#define FP_32 FP_S
#define FP_64 FP_D
#define EACH_SIZE(X, ...) X(16, __VA_ARGS__) X(32, __VA_ARGS__) X(64, __VA_ARGS__)

#define BIT_OP(w, name, op)                                                                                          \
	EXEC(name##w)                                                                                                \
	{                                                                                                            \
		vset##w(c, u->rd, (u##w)op(FP_##w, SCALAR(w, rn)));                                                  \
		NEXT(c, u);                                                                                          \
	}
#define SAME(s, v) (v)
EACH_SIZE(BIT_OP, fmov, SAME)
EACH_SIZE(BIT_OP, fabs, fp_abs)
EACH_SIZE(BIT_OP, fneg, fp_neg)

#define SQUARE_ROOT(w, name)                                                                                         \
	EXEC_AFTER(name##w)                                                                                          \
	{                                                                                                            \
		vset##w(c, u->rd, (u##w)lane_sqrt(&c->fpu, FP_##w, SCALAR(w, rn)));                                  \
		NEXT(c, u);                                                                                          \
	}
EACH_SIZE(SQUARE_ROOT, fsqrt)

#define BINARY(w, name, op)                                                                                          \
	EXEC_AFTER(name##w)                                                                                          \
	{                                                                                                            \
		vset##w(c, u->rd, (u##w)op(&c->fpu, FP_##w, SCALAR(w, rn), SCALAR(w, rm)));                          \
		NEXT(c, u);                                                                                          \
	}
EACH_SIZE(BINARY, fadd, lane_add)
EACH_SIZE(BINARY, fsub, lane_sub)
EACH_SIZE(BINARY, fmul, lane_mul)
EACH_SIZE(BINARY, fdiv, lane_div)
EACH_SIZE(BINARY, fnmul, lane_nmul)
EACH_SIZE(BINARY, fmax, fp_max)
EACH_SIZE(BINARY, fmin, fp_min)
EACH_SIZE(BINARY, fmaxnm, fp_maxnm)
EACH_SIZE(BINARY, fminnm, fp_minnm)

/* rd = aux + rn * rm, the signs of aux and rn changed first as the instruction says. */
#define TERNARY(w, name, addend_sign, n_sign)                                                                        \
	EXEC_AFTER(name##w)                                                                                          \
	{                                                                                                            \
		u64 a = addend_sign(FP_##w, SCALAR(w, aux)), n = n_sign(FP_##w, SCALAR(w, rn));                      \
                                                                                                                     \
		vset##w(c, u->rd, (u##w)lane_fma(&c->fpu, FP_##w, a, n, SCALAR(w, rm)));                             \
		NEXT(c, u);                                                                                          \
	}
EACH_SIZE(TERNARY, fmadd, SAME, SAME)
EACH_SIZE(TERNARY, fmsub, SAME, fp_neg)
EACH_SIZE(TERNARY, fnmadd, fp_neg, fp_neg)
EACH_SIZE(TERNARY, fnmsub, fp_neg, SAME)

/*
 * Handler `name`_host: the host's result under the rules of fpu.h if it passes `keep`. All else is a jump to `name`, so that
 * this handler makes no call and needs no frame. The result is a whole register: what is zero above the scalar already, as after
 * HOST_FMA, needs no instruction that clears it, which would lengthen each step of a sum.
 */
#define HOST_FIRST_AS(handler, w, name, host_bit, keep, vector, then)                                                \
	EXEC(handler)                                                                                                \
	{                                                                                                            \
		if (likely(c->fpu.host & (host_bit))) {                                                              \
			v##w##f r = vector;                                                                          \
                                                                                                                     \
			if (likely(keep(fp_bits##w(r[0])))) {                                                        \
				vsetv(c, u->rd, (vu64)r);                                                            \
				then;                                                                                \
			}                                                                                            \
		}                                                                                                    \
		return exec_##name(c, u, ANY_VALUE);                                                                 \
	}
#define HOST_FIRST(w, name, host_bit, keep, expr)                                                                    \
	HOST_FIRST_AS(name##_host, w, name, host_bit, keep, (v##w##f){ expr }, NEXT(c, u))
#define HOST_FMA(w, name, addend, n)                                                                                 \
	HOST_FIRST_AS(name##_host, w, name, FP_HOST_FMA, fp##w##_is_plain,                                           \
		      fma_v##w##f((v##w##f){ addend }, (v##w##f){ n }, (v##w##f){ M##w }), NEXT(c, u))
typedef v4f v32f;
typedef v2d v64f;
#define fma_v32f fma4
#define fma_v64f fma2
#define N32 VLANE(c, float, u->rn, 0)
#define M32 VLANE(c, float, u->rm, 0)
#define A32 VLANE(c, float, u->aux, 0)
#define N64 VLANE(c, double, u->rn, 0)
#define M64 VLANE(c, double, u->rm, 0)
#define A64 VLANE(c, double, u->aux, 0)
HOST_FIRST(32, fadd32, FP_HOST_ROUND, fp32_is_finite, N32 + M32)
HOST_FIRST(64, fadd64, FP_HOST_ROUND, fp64_is_finite, N64 + M64)
HOST_FIRST(32, fsub32, FP_HOST_ROUND, fp32_is_finite, N32 - M32)
HOST_FIRST(64, fsub64, FP_HOST_ROUND, fp64_is_finite, N64 - M64)
HOST_FIRST(32, fmul32, FP_HOST_ROUND, fp32_is_plain, N32 * M32)
HOST_FIRST(64, fmul64, FP_HOST_ROUND, fp64_is_plain, N64 * M64)
HOST_FIRST(32, fnmul32, FP_HOST_ROUND, fp32_is_plain, -(N32 * M32))
HOST_FIRST(64, fnmul64, FP_HOST_ROUND, fp64_is_plain, -(N64 * M64))
HOST_FIRST(32, fdiv32, FP_HOST_ROUND, fp32_is_plain, N32 / M32)
HOST_FIRST(64, fdiv64, FP_HOST_ROUND, fp64_is_plain, N64 / M64)
HOST_FIRST(32, fsqrt32, FP_HOST_ROUND, fp32_is_finite, fp32_host_sqrt(N32))
HOST_FIRST(64, fsqrt64, FP_HOST_ROUND, fp64_is_finite, fp64_host_sqrt(N64))
HOST_FMA(32, fmadd32, A32, N32)
HOST_FMA(64, fmadd64, A64, N64)
HOST_FMA(32, fmsub32, A32, -N32)
HOST_FMA(64, fmsub64, A64, -N64)
HOST_FMA(32, fnmadd32, -A32, -N32)
HOST_FMA(64, fnmadd64, -A64, -N64)
HOST_FMA(32, fnmsub32, -A32, N32)
HOST_FMA(64, fnmsub64, -A64, N64)

/* Heads and tails of direct succession (fuse.h): what inner loops of double-precision programs consist of. */
#define HEAD_HOST(tail, name, host_bit, keep, vector)                                                                \
	HOST_FIRST_AS(name##_host__##tail, 64, name, host_bit, keep, vector, return exec_tail_##tail(c, u + 1, ANY_VALUE))
#define HEAD_fadd64_host(tail, ...)  HEAD_HOST(tail, fadd64, FP_HOST_ROUND, fp64_is_finite, (v2d){ N64 + M64 })
#define HEAD_fsub64_host(tail, ...)  HEAD_HOST(tail, fsub64, FP_HOST_ROUND, fp64_is_finite, (v2d){ N64 - M64 })
#define HEAD_fmul64_host(tail, ...)  HEAD_HOST(tail, fmul64, FP_HOST_ROUND, fp64_is_plain, (v2d){ N64 * M64 })
#define HEAD_fmadd64_host(tail, ...) HEAD_HOST(tail, fmadd64, FP_HOST_FMA, fp64_is_plain, fma2((v2d){ A64 }, (v2d){ N64 }, (v2d){ M64 }))
#define HEADS_FP(X) X(fadd64_host) X(fsub64_host) X(fmul64_host) X(fmadd64_host)
#define HEAD_FP(head) TAILS(HEAD_##head, ) HEAD_TABLE(head)
HEADS_FP(HEAD_FP)
const struct head_row head_fp_rows[] = { HEADS_FP(HEAD_ROW) };
const size_t head_fp_rows_n = ARRAY_SIZE(head_fp_rows);
TAILS_FP(TAIL_DEFINE, )
const struct tail_row tail_fp_rows[] = { TAILS_FP(TAIL_ROW, ) };
const size_t tail_fp_rows_n = ARRAY_SIZE(tail_fp_rows);

/* Of numbers; NaNs make a NaN, which is not kept. The zeros are told apart by the vector forms. */
#define V32(r) ((v4f)vgetv(c, u->r))
#define V64(r) ((v2d)vgetv(c, u->r))
#define EITHER_NAN(w, r) (__builtin_isunordered(N##w, M##w) ? (__typeof__(r))__builtin_nan("") : (r))
HOST_FIRST(32, fmax32, FP_HOST_EXACT, fp32_is_finite, EITHER_NAN(32, max4(V32(rn), V32(rm))[0]))
HOST_FIRST(64, fmax64, FP_HOST_EXACT, fp64_is_finite, EITHER_NAN(64, max2(V64(rn), V64(rm))[0]))
HOST_FIRST(32, fmin32, FP_HOST_EXACT, fp32_is_finite, EITHER_NAN(32, min4(V32(rn), V32(rm))[0]))
HOST_FIRST(64, fmin64, FP_HOST_EXACT, fp64_is_finite, EITHER_NAN(64, min2(V64(rn), V64(rm))[0]))
HOST_FIRST(32, fmaxnm32, FP_HOST_EXACT, fp32_is_finite, EITHER_NAN(32, max4(V32(rn), V32(rm))[0]))
HOST_FIRST(64, fmaxnm64, FP_HOST_EXACT, fp64_is_finite, EITHER_NAN(64, max2(V64(rn), V64(rm))[0]))
HOST_FIRST(32, fminnm32, FP_HOST_EXACT, fp32_is_finite, EITHER_NAN(32, min4(V32(rn), V32(rm))[0]))
HOST_FIRST(64, fminnm64, FP_HOST_EXACT, fp64_is_finite, EITHER_NAN(64, min2(V64(rn), V64(rm))[0]))

#define COMPARE(w, name, signal)                                                                                     \
	EXEC_AFTER(name##w)                                                                                          \
	{                                                                                                            \
		set_flags(c, flags_of_index(lane_compare(&c->fpu, FP_##w, SCALAR(w, rn), SCALAR(w, rm), signal)));   \
		NEXT(c, u);                                                                                          \
	}                                                                                                            \
	EXEC_AFTER(name##_zero##w)                                                                                   \
	{                                                                                                            \
		set_flags(c, flags_of_index(lane_compare(&c->fpu, FP_##w, SCALAR(w, rn), 0, signal)));               \
		NEXT(c, u);                                                                                          \
	}
EACH_SIZE(COMPARE, fcmp, false)
EACH_SIZE(COMPARE, fcmpe, true)

/* FCMP and FCMPE of numbers; NaNs, and denormals under FZ, go on to `name`. */
#define HOST_COMPARE(name, n, m)                                                                                     \
	EXEC(name##_host)                                                                                            \
	{                                                                                                            \
		__typeof__(n) x = n, y = m;                                                                          \
                                                                                                                     \
		if (unlikely(!(c->fpu.host & FP_HOST_EXACT) || __builtin_isunordered(x, y)))                         \
			return exec_##name(c, u, ANY_VALUE);                                                                    \
		set_flags(c, x < y ? FL_N : x > y ? FL_C : FL_Z | FL_C);                                             \
		NEXT(c, u);                                                                                          \
	}
HOST_COMPARE(fcmp32, N32, M32)
HOST_COMPARE(fcmp64, N64, M64)
HOST_COMPARE(fcmpe32, N32, M32)
HOST_COMPARE(fcmpe64, N64, M64)
HOST_COMPARE(fcmp_zero32, N32, 0.0f)
HOST_COMPARE(fcmp_zero64, N64, 0.0)
HOST_COMPARE(fcmpe_zero32, N32, 0.0f)
HOST_COMPARE(fcmpe_zero64, N64, 0.0)

/* imm = cond mask | flags when it fails << 16 */
#define COND_COMPARE(w, name, signal)                                                                                \
	EXEC(name##w)                                                                                                \
	{                                                                                                            \
		if (cond_mask_holds(c, u->uimm & 0xffff))                                                            \
			set_flags(c, flags_of_index(lane_compare(&c->fpu, FP_##w, SCALAR(w, rn), SCALAR(w, rm),      \
								 signal)));                                          \
		else                                                                                                 \
			set_flags(c, u->uimm >> 16);                                                                 \
		NEXT(c, u);                                                                                          \
	}
EACH_SIZE(COND_COMPARE, fccmp, false)
EACH_SIZE(COND_COMPARE, fccmpe, true)

#define SELECT(w, name)                                                                                              \
	EXEC(name##w)                                                                                                \
	{                                                                                                            \
		u##w n = SCALAR(w, rn), m = SCALAR(w, rm);                                                           \
                                                                                                                     \
		vset##w(c, u->rd, cond_mask_holds(c, u->uimm) ? n : m);                                              \
		NEXT(c, u);                                                                                          \
	}
EACH_SIZE(SELECT, fcsel)

EXEC(fmov_const) { vset64(c, u->rd, uop_const(u)); NEXT(c, u); }

/* Between sizes: imm = to << 4 | from. */
EXEC(fcvt_ds) { vset64(c, u->rd, fp64_from_fp32(&c->fpu, SCALAR(32, rn))); NEXT(c, u); }
EXEC(fcvt_sd) { vset32(c, u->rd, fp32_from_fp64(&c->fpu, SCALAR(64, rn))); NEXT(c, u); }
EXEC(fcvt_half)
{
	enum fp_size to = (enum fp_size)(u->imm >> 4), from = (enum fp_size)(u->imm & 15);
	u64 a = c->v[u->rn].d[0] & low_mask(8u << from);

	vset64(c, u->rd, fp_convert(&c->fpu, to, from, a, (enum fp_round)c->fpu.rm));
	NEXT(c, u);
}
EXEC_AFTER(frint)
{
	u64 a = c->v[u->rn].d[0] & low_mask(8u << (u->imm & 3));

	vset64(c, u->rd, cvt_rint(&c->fpu, u->uimm, a));
	NEXT(c, u);
}

/* FRINT* of finite numbers; FRINTX and FRINTI to nearest with IXC set. */
#define HOST_RINT(w, N, mode, host_bit, rm)                                                                          \
	EXEC(frint##mode##w##_host)                                                                                  \
	{                                                                                                            \
		if (unlikely(!(c->fpu.host & (host_bit)) || !fp##w##_is_finite(SCALAR(w, rn))))                      \
			return exec_frint(c, u, ANY_VALUE);                                                          \
		vset##w(c, u->rd, fp_bits##w(rint##N(V##w(rn), rm)[0]));                                             \
		NEXT(c, u);                                                                                          \
	}
#define HOST_RINTS(mode, host_bit, rm) HOST_RINT(32, 4, mode, host_bit, rm) HOST_RINT(64, 2, mode, host_bit, rm)
HOST_RINTS(n, FP_HOST_EXACT, FP_RN)
HOST_RINTS(p, FP_HOST_EXACT, FP_RP)
HOST_RINTS(m, FP_HOST_EXACT, FP_RM)
HOST_RINTS(z, FP_HOST_EXACT, FP_RZ)
HOST_RINTS(a, FP_HOST_EXACT, FP_RA)
HOST_RINTS(x, FP_HOST_ROUND, FP_RN)

/* To and from general registers: any form, and those that have a form of their own in fpu.h. */
EXEC(fcvt_to_gpr)
{
	u64 a = c->v[u->rn].d[0] & low_mask(8u << (u->imm & 3));

	XD = cvt_to_int(&c->fpu, u->uimm, a);
	NEXT(c, u);
}
EXEC(fcvtzs_ws) { XD = (u32)fp32_to_s32_rz(&c->fpu, SCALAR(32, rn)); NEXT(c, u); }
EXEC(fcvtzs_wd) { XD = (u32)fp64_to_s32_rz(&c->fpu, SCALAR(64, rn)); NEXT(c, u); }
EXEC(fcvtzs_xs) { XD = (u64)fp32_to_s64_rz(&c->fpu, SCALAR(32, rn)); NEXT(c, u); }
EXEC(fcvtzs_xd) { XD = (u64)fp64_to_s64_rz(&c->fpu, SCALAR(64, rn)); NEXT(c, u); }
EXEC(cvtf_from_gpr) { vset64(c, u->rd, cvt_from_int(&c->fpu, u->uimm, XN)); NEXT(c, u); }
EXEC(scvtf_sw) { vset32(c, u->rd, fp32_from_s64(&c->fpu, (s32)XN)); NEXT(c, u); }
EXEC(scvtf_dw) { vset64(c, u->rd, fp64_from_s32((s32)XN)); NEXT(c, u); }
EXEC(scvtf_sx) { vset32(c, u->rd, fp32_from_s64(&c->fpu, (s64)XN)); NEXT(c, u); }
EXEC(scvtf_dx) { vset64(c, u->rd, fp64_from_s64(&c->fpu, (s64)XN)); NEXT(c, u); }
EXEC(ucvtf_sw) { vset32(c, u->rd, fp32_from_s64(&c->fpu, (u32)XN)); NEXT(c, u); }
EXEC(ucvtf_dw) { vset64(c, u->rd, fp64_from_u32((u32)XN)); NEXT(c, u); }

EXEC(fmov_xh) { XD = SCALAR(16, rn); NEXT(c, u); }
EXEC(fmov_xs) { XD = SCALAR(32, rn); NEXT(c, u); }
EXEC(fmov_xd) { XD = SCALAR(64, rn); NEXT(c, u); }
EXEC(fmov_xtop) { XD = c->v[u->rn].d[1]; NEXT(c, u); }
EXEC(fmov_hx) { vset16(c, u->rd, (u16)XN); NEXT(c, u); }
EXEC(fmov_sx) { vset32(c, u->rd, (u32)XN); NEXT(c, u); }
EXEC(fmov_dx) { vset64(c, u->rd, XN); NEXT(c, u); }
EXEC(fmov_topx) { vset128(c, u->rd, c->v[u->rd].d[0], XN); NEXT(c, u); }

/* ---- translation ---- */

/* The size that ftype names, 0 when it names none on this core. */
static enum fp_size size_of_ftype(const struct tr *t, u32 w)
{
	static const u8 size[4] = { FP_S, FP_D, 0, FP_H };
	unsigned ftype = bits(w, 23, 22);

	if (ftype == 3 && !cpu_has(t->c, FEAT(FP16)))
		return 0;
	return (enum fp_size)size[ftype];
}

#define HOST_BY_SIZE(name) { exec_##name##16, exec_##name##32_host, exec_##name##64_host }

/* Emits `by_size` (handlers for half, single, double) with the usual register fields. */
static bool emit_by_size(struct tr *t, exec_fn *const by_size[3], u32 w, u8 aux, s32 imm)
{
	enum fp_size s = size_of_ftype(t, w);

	if (!s)
		return false;
	if (tr_fp_check(t))
		emit(t, by_size[s - 1], RD_OF(w), RN_OF(w), RM_OF(w), aux, imm);
	return true;
}

bool tr_fp_move(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[3][3] = { BY_SIZE(fmov), BY_SIZE(fabs), BY_SIZE(fneg) };

	return emit_by_size(t, fn[row->arg], w, 0, 0);
}

bool tr_fp_sqrt(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[3] = HOST_BY_SIZE(fsqrt);

	return emit_by_size(t, fn, w, 0, 0);
}

bool tr_fp_two(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[9][3] = { HOST_BY_SIZE(fmul), HOST_BY_SIZE(fdiv), HOST_BY_SIZE(fadd), HOST_BY_SIZE(fsub), HOST_BY_SIZE(fmax),
					   HOST_BY_SIZE(fmin), HOST_BY_SIZE(fmaxnm), HOST_BY_SIZE(fminnm), HOST_BY_SIZE(fnmul) };

	return emit_by_size(t, fn[row->arg], w, 0, 0);
}

bool tr_fp_three(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[4][3] = { HOST_BY_SIZE(fmadd), HOST_BY_SIZE(fmsub), HOST_BY_SIZE(fnmadd), HOST_BY_SIZE(fnmsub) };

	return emit_by_size(t, fn[row->arg], w, (u8)bits(w, 14, 10), 0);
}

bool tr_fcmp(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[4][3] = { HOST_BY_SIZE(fcmp), HOST_BY_SIZE(fcmp_zero), HOST_BY_SIZE(fcmpe), HOST_BY_SIZE(fcmpe_zero) };

	return emit_by_size(t, fn[row->arg], w, 0, 0);
}

bool tr_fccmp(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[2][3] = { BY_SIZE(fccmp), BY_SIZE(fccmpe) };

	return emit_by_size(t, fn[row->arg], w, 0, (s32)(cond_masks[bits(w, 15, 12)] | flags_of_index(w & 15) << 16));
}

bool tr_fcsel(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[3] = BY_SIZE(fcsel);

	return emit_by_size(t, fn, w, 0, cond_masks[bits(w, 15, 12)]);
}

bool tr_fmov_imm(struct tr *t, const struct insn *row, u32 w)
{
	enum fp_size s = size_of_ftype(t, w);

	if (!s)
		return false;
	if (tr_fp_check(t))
		emit_const(t, exec_fmov_const, RD_OF(w), 0, 0, 0, fp_expand_imm(s, (u32)bits(w, 20, 13)));
	return true;
}

bool tr_frint(struct tr *t, const struct insn *row, u32 w)
{
#define RINT_BY_SIZE(mode) { exec_frint, exec_frint##mode##32_host, exec_frint##mode##64_host }
	static exec_fn *const fn[FPA_RM + 1][3] = {
		[FP_RN] = RINT_BY_SIZE(n), [FP_RP] = RINT_BY_SIZE(p), [FP_RM] = RINT_BY_SIZE(m), [FP_RZ] = RINT_BY_SIZE(z),
		[FP_RA] = RINT_BY_SIZE(a), [FPA_RM] = RINT_BY_SIZE(x),
	};

	return emit_by_size(t, fn[row->arg & FPA_RM], w, 0, cvt_pack(size_of_ftype(t, w), 0, 0, row->arg));
}

/* Half-precision conversions are in every core: ftype is not checked against FP16. */
bool tr_fcvt(struct tr *t, const struct insn *row, u32 w)
{
	static const u8 size[4] = { FP_S, FP_D, 0, FP_H };
	unsigned from = size[bits(w, 23, 22)], to = size[bits(w, 16, 15)];
	exec_fn *fn = exec_fcvt_half;

	if (!from || !to || from == to)
		return false;
	if (!tr_fp_check(t))
		return true;
	if (from == FP_S && to == FP_D)
		fn = exec_fcvt_ds;
	else if (from == FP_D && to == FP_S)
		fn = exec_fcvt_sd;
	emit(t, fn, RD_OF(w), RN_OF(w), 0, 0, (s32)(to << 4 | from));
	return true;
}

/* The constant of a conversion with a general register, -1 when unallocated. */
static s32 gpr_conversion(const struct tr *t, const struct insn *row, u32 w)
{
	enum fp_size s = size_of_ftype(t, w), isize = w >> 31 ? FP_D : FP_S;
	unsigned fbits = row->arg & FPA_FIX ? 64 - (unsigned)bits(w, 15, 10) : 0;

	if (!s || fbits > 8u << isize)
		return -1;
	return cvt_pack(s, isize, fbits, row->arg);
}

bool tr_fcvt_gpr(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const to_zero[2][2] = { { exec_fcvtzs_ws, exec_fcvtzs_wd }, { exec_fcvtzs_xs, exec_fcvtzs_xd } };
	enum fp_size s = size_of_ftype(t, w);
	s32 imm = gpr_conversion(t, row, w);
	exec_fn *fn = exec_fcvt_to_gpr;

	if (imm < 0)
		return false;
	if (!tr_fp_check(t))
		return true;
	if (row->arg == FP_RZ && s != FP_H)
		fn = to_zero[w >> 31][s == FP_D];
	emit(t, fn, gpr_dst(w & 31), RN_OF(w), 0, 0, imm);
	return true;
}

bool tr_cvtf_gpr(struct tr *t, const struct insn *row, u32 w)
{
	/* [unsigned][sf][double] */
	static exec_fn *const plain[2][2][2] = { { { exec_scvtf_sw, exec_scvtf_dw }, { exec_scvtf_sx, exec_scvtf_dx } },
						 { { exec_ucvtf_sw, exec_ucvtf_dw }, { NULL, NULL } } };
	enum fp_size s = size_of_ftype(t, w);
	s32 imm = gpr_conversion(t, row, w);
	exec_fn *fn = NULL;

	if (imm < 0)
		return false;
	if (!tr_fp_check(t))
		return true;
	if (!(row->arg & FPA_FIX) && s != FP_H)
		fn = plain[!!(row->arg & FPA_U)][w >> 31][s == FP_D];
	emit(t, fn ? fn : exec_cvtf_from_gpr, RD_OF(w), gpr(bits(w, 9, 5)), 0, 0, imm);
	return true;
}

bool tr_fmov_gpr(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[2][3] = { { exec_fmov_xh, exec_fmov_xs, exec_fmov_xd },
					   { exec_fmov_hx, exec_fmov_sx, exec_fmov_dx } };
	bool to_gpr = !(row->arg & 1), top = row->arg & 2;
	enum fp_size s = top ? FP_D : size_of_ftype(t, w);
	exec_fn *f;

	if (!s || (s != FP_H && (w >> 31) != (s == FP_D)))
		return false;
	if (!tr_fp_check(t))
		return true;
	f = !top ? fn[row->arg][s - 1] : to_gpr ? exec_fmov_xtop : exec_fmov_topx;
	emit(t, f, to_gpr ? gpr_dst(w & 31) : RD_OF(w), to_gpr ? RN_OF(w) : gpr(bits(w, 9, 5)), 0, 0, 0);
	return true;
}
