/*
 * What the Advanced SIMD handlers share: operand access, the two shapes of a vector handler, saturation.
 *
 * Registers stand in u->rd, rn, rm. A *vector* handler computes all 128 bits by gcc vector operations, in two variants: _q stores
 * them, _k keeps the low 1 << u->aux bytes (64-bit vectors and scalars) and zeroes the rest. A *lane* handler is a loop over the
 * elements of the low 1 << u->aux bytes; one variant serves all shapes. A *saturating* handler is a vector handler which also says
 * in what lanes it saturated; only elements that exist may set QC.
 */
#ifndef CPU_SIMD_PRIV_H
#define CPU_SIMD_PRIV_H

#include "cpu/simd_ops.h"
#include "cpu/translate.h"
#include "cpu/vreg.h"


/* A register under construction: lanes are written by index, then the whole is stored. */
union vreg {
	vu64 v;
	u8 byte[16];
};
#define VREG_LANE(r, T, i) (((T *)(r).byte)[i])

/* A vector with its lanes as unsigned numbers: sums and products of signed lanes must wrap. */
#define UVEC(x)                                                                                                              \
	CHOOSE_LANE(x, 1, (vu8)(x), CHOOSE_LANE(x, 2, (vu16)(x), CHOOSE_LANE(x, 4, (vu32)(x), (vu64)(x))))
#define CHOOSE_LANE(x, size, yes, no) __builtin_choose_expr(sizeof((x)[0]) == (size), yes, no)

/* v with all but the low 1 << log2_bytes bytes cleared. */
static always_inline_ vu64 vkeep(vu64 v, unsigned log2_bytes)
{
	u64 m = log2_bytes >= 3 ? ~0ull : (1ull << (8u << log2_bytes)) - 1;

	return v & (vu64){ m, log2_bytes >= 4 ? ~0ull : 0 };
}

/* Three-operand (n, m, old d) and two-operand vector handlers on lanes of T. */
#define VEC3(name, T, expr)                                                                                                  \
	EXEC(name##_q)                                                                                                       \
	{                                                                                                                    \
		T n = (T)vgetv(c, u->rn), m = (T)vgetv(c, u->rm), d = (T)vgetv(c, u->rd);                                    \
		(void)d;                                                                                                     \
		vsetv(c, u->rd, (vu64)(expr));                                                                               \
		NEXT(c, u);                                                                                                  \
	}                                                                                                                    \
	EXEC(name##_k)                                                                                                       \
	{                                                                                                                    \
		T n = (T)vgetv(c, u->rn), m = (T)vgetv(c, u->rm), d = (T)vgetv(c, u->rd);                                    \
		(void)d;                                                                                                     \
		vsetv(c, u->rd, vkeep((vu64)(expr), u->aux));                                                                \
		NEXT(c, u);                                                                                                  \
	}
#define VEC2(name, T, expr)                                                                                                  \
	EXEC(name##_q)                                                                                                       \
	{                                                                                                                    \
		T n = (T)vgetv(c, u->rn), d = (T)vgetv(c, u->rd);                                                            \
		(void)d;                                                                                                     \
		vsetv(c, u->rd, (vu64)(expr));                                                                               \
		NEXT(c, u);                                                                                                  \
	}                                                                                                                    \
	EXEC(name##_k)                                                                                                       \
	{                                                                                                                    \
		T n = (T)vgetv(c, u->rn), d = (T)vgetv(c, u->rd);                                                            \
		(void)d;                                                                                                     \
		vsetv(c, u->rd, vkeep((vu64)(expr), u->aux));                                                                \
		NEXT(c, u);                                                                                                  \
	}

/* FPSR.QC if any bit of `lanes` is set. Without a branch: whether pictures saturate cannot be predicted. */
static always_inline_ void set_qc(struct cpu *c, vu64 lanes)
{
	c->fpu.fpsr |= (u32)((lanes[0] | lanes[1]) != 0) << FPSR_QC_BIT;
}
/* mask ? a : b, bit by bit. */
#define VSEL(T, mask, a, b) (((T)(mask) & (a)) | (~(T)(mask) & (b)))

/*
 * Saturating vector handlers: where `over` is all ones the lane is `limit`, else `value`. The operands are as in VEC3. LIMIT_OF(n): the
 * largest or smallest signed number, by the sign of n.
 */
#define SIGN_SHIFT(n)  (8 * sizeof((n)[0]) - 1)
#define SIGNED_MAX(n)  ((__typeof__((n)[0]))(~0ull >> (65 - 8 * sizeof((n)[0]))))
#define LIMIT_OF(n)    ((__typeof__(n))((n) < 0) ^ SIGNED_MAX(n))
#define SATURATE(name, T, value, over, limit)                                                                                \
	EXEC(name##_q)                                                                                                       \
	{                                                                                                                    \
		T n = (T)vgetv(c, u->rn), m = (T)vgetv(c, u->rm), d = (T)vgetv(c, u->rd), r = (T)(value), o = (T)(over);     \
		(void)m, (void)d;                                                                                            \
		set_qc(c, (vu64)o);                                                                                          \
		vsetv(c, u->rd, (vu64)VSEL(T, o, (T)(limit), r));                                                            \
		NEXT(c, u);                                                                                                  \
	}                                                                                                                    \
	EXEC(name##_k)                                                                                                       \
	{                                                                                                                    \
		T n = (T)vgetv(c, u->rn), m = (T)vgetv(c, u->rm), d = (T)vgetv(c, u->rd), r = (T)(value), o = (T)(over);     \
		(void)m, (void)d;                                                                                            \
		set_qc(c, vkeep((vu64)o, u->aux));                                                                           \
		vsetv(c, u->rd, vkeep((vu64)VSEL(T, o, (T)(limit), r), u->aux));                                             \
		NEXT(c, u);                                                                                                  \
	}
#define SATURATE_BHSD(name, S, value, over, limit)                                                                           \
	SATURATE(name##8, v##S##8, value, over, limit) SATURATE(name##16, v##S##16, value, over, limit)                      \
	SATURATE(name##32, v##S##32, value, over, limit) SATURATE(name##64, v##S##64, value, over, limit)

/* Lane handlers: expr gives lane i of type T from n, m and the old d; `bits` is T's width. */
#define LANES3(name, T, expr)                                                                                                \
	EXEC(name)                                                                                                           \
	{                                                                                                                    \
		union vreg r = { .v = { 0, 0 } };                                                                            \
		for (unsigned i = 0; i < (1u << u->aux) / sizeof(T); i++) {                                                  \
			T n = VLANE(c, T, u->rn, i), m = VLANE(c, T, u->rm, i), d = VLANE(c, T, u->rd, i);                   \
			(void)n, (void)m, (void)d;                                                                           \
			VREG_LANE(r, T, i) = (T)(expr);                                                                      \
		}                                                                                                            \
		vsetv(c, u->rd, r.v);                                                                                        \
		NEXT(c, u);                                                                                                  \
	}
#define LANES2(name, T, expr)                                                                                                \
	EXEC(name)                                                                                                           \
	{                                                                                                                    \
		union vreg r = { .v = { 0, 0 } };                                                                            \
		for (unsigned i = 0; i < (1u << u->aux) / sizeof(T); i++) {                                                  \
			T n = VLANE(c, T, u->rn, i), d = VLANE(c, T, u->rd, i);                                              \
			(void)n, (void)d;                                                                                    \
			VREG_LANE(r, T, i) = (T)(expr);                                                                      \
		}                                                                                                            \
		vsetv(c, u->rd, r.v);                                                                                        \
		NEXT(c, u);                                                                                                  \
	}

/* Even (UZP1) and odd (UZP2) elements of a, then of b; T is the vector type of the elements. */
#define SHUFFLE(T, a, b, ...) ((vu64)__builtin_shufflevector((T)(a), (T)(b), __VA_ARGS__))
#define UZP1_8(T, a, b)  SHUFFLE(T, a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define UZP2_8(T, a, b)  SHUFFLE(T, a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#define UZP1_16(T, a, b) SHUFFLE(T, a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define UZP2_16(T, a, b) SHUFFLE(T, a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#define UZP1_32(T, a, b) SHUFFLE(T, a, b, 0, 2, 4, 6)
#define UZP2_32(T, a, b) SHUFFLE(T, a, b, 1, 3, 5, 7)
#define UZP1_64(T, a, b) SHUFFLE(T, a, b, 0, 2)
#define UZP2_64(T, a, b) SHUFFLE(T, a, b, 1, 3)
/* The low halves of n and m as one vector. */
#define JOIN(n, m)       ((vu64){ (n)[0], (m)[0] })

#define WIDTH(x) (8 * (unsigned)sizeof(x))

/* Right shifts by u->imm go in two steps so that a shift by the whole width needs no special case; SH_ROUND rounds half up. */
#define SH_RIGHT(n) ((n) >> (u->imm - 1) >> 1)
#define SH_ROUND(n) (((n) >> (u->imm - 1) >> 1) + ((n) >> (u->imm - 1) & 1))

/* Narrow results: the low half with zeroes above, or (aux not 0) the high half over the old low one. */
static always_inline_ void set_half(struct cpu *c, const struct uop *u, u64 v)
{
	if (u->aux)
		vset128(c, u->rd, c->v[u->rd].d[0], v);
	else
		vset64(c, u->rd, v);
}

/*
 * Saturating narrow, from lanes of W to lanes of half their width: `expr` of n lies in lo..hi or is saturated. _s: of one element, whose
 * neighbours count as zero.
 */
#define VCLAMP(v, lo, hi) VSEL(__typeof__(v), (v) > (hi), (v) - (v) + (hi), VSEL(__typeof__(v), (v) < (lo), (v) - (v) + (lo), v))
#define SATURATE_NARROW_ONE(name, W, H, expr, lo, hi, get)                                                                   \
	EXEC(name)                                                                                                           \
	{                                                                                                                    \
		W n = (W)(get), r = (expr), in = VCLAMP(r, (__typeof__(r[0]))(lo), (__typeof__(r[0]))(hi));                  \
		set_qc(c, (vu64)(r ^ in));                                                                                   \
		set_half(c, u, (u64)__builtin_convertvector(in, H));                                                         \
		NEXT(c, u);                                                                                                  \
	}
#define SATURATE_NARROW(name, W, H, expr, lo, hi)                                                                            \
	SATURATE_NARROW_ONE(name, W, H, expr, lo, hi, vgetv(c, u->rn))                                                       \
	SATURATE_NARROW_ONE(name##_s, W, H, expr, lo, hi, vkeep(vgetv(c, u->rn), __builtin_ctz(sizeof(n[0]))))
/* Signed to signed, unsigned to unsigned, signed to unsigned. */
#define NARROW_SS(name, expr)                                                                                                \
	SATURATE_NARROW(name##8, vs16, hs8, expr, -0x80, 0x7f) SATURATE_NARROW(name##16, vs32, hs16, expr, -0x8000, 0x7fff)  \
	SATURATE_NARROW(name##32, vs64, hs32, expr, -0x80000000ll, 0x7fffffff)
#define NARROW_UU(name, expr)                                                                                                \
	SATURATE_NARROW(name##8, vu16, hu8, expr, 0, 0xff) SATURATE_NARROW(name##16, vu32, hu16, expr, 0, 0xffff)            \
	SATURATE_NARROW(name##32, vu64, hu32, expr, 0, 0xffffffff)
#define NARROW_SU(name, expr)                                                                                                \
	SATURATE_NARROW(name##8, vs16, hu8, expr, 0, 0xff) SATURATE_NARROW(name##16, vs32, hu16, expr, 0, 0xffff)            \
	SATURATE_NARROW(name##32, vs64, hu32, expr, 0, 0xffffffff)
/* Handlers by size of the narrow element: of vectors, of one element. */
#define NARROW_VECTOR(name) { exec_##name##8, exec_##name##16, exec_##name##32 }
#define NARROW_SCALAR(name) { exec_##name##8_s, exec_##name##16_s, exec_##name##32_s }

/* The value as a signed or unsigned integer of `bits` bits, saturated (FPSR.QC). |v| is at most 2^100. */
static always_inline_ u64 sat_signed(struct cpu *c, s128 v, unsigned width)
{
	s64 max = (s64)(~0ull >> (65 - width));

	if (likely(v >= -(s128)max - 1 && v <= max))
		return (u64)v;
	c->fpu.fpsr |= FPSR_QC;
	return (u64)(v < 0 ? -max - 1 : max);
}
static always_inline_ u64 sat_unsigned(struct cpu *c, s128 v, unsigned width)
{
	u64 max = ~0ull >> (64 - width);

	if (likely(v >= 0 && v <= (s128)max))
		return (u64)v;
	c->fpu.fpsr |= FPSR_QC;
	return v < 0 ? 0 : max;
}

/* v * 2^shift without loss for shift < 64 (beyond that only the sign counts); right shifts truncate or round half up. */
static always_inline_ s128 shift_exact(s128 v, int shift, bool round)
{
	const s128 big = (s128)1 << 100;
	int right = shift < -100 ? 100 : -shift;

	if (shift >= 64)
		return v == 0 ? 0 : v < 0 ? -big : big;
	if (shift >= 0)
		return (s128)((u128)v << shift);
	return (v + (round ? (s128)1 << (right - 1) : 0)) >> right;
}

/* The same of lanes of at most 32 bits, in fewer instructions; beyond 32 to the left only the sign counts. */
static always_inline_ s64 shift_small(s64 v, int shift, bool round)
{
	const s64 big = (s64)1 << 62;
	int right = shift < -40 ? 40 : -shift;

	if (shift >= 32)
		return v == 0 ? 0 : v < 0 ? -big : big;
	if (shift >= 0)
		return (s64)((u64)v << shift);
	return (v + (round ? (s64)1 << (right - 1) : 0)) >> right;
}
#define SHIFT_LANE(n, shift, round) \
	(sizeof(n) < 8 ? (s128)shift_small((s64)(n), shift, round) : shift_exact(n, shift, round))

/* Carry-less product of bytes, low 16 bits of it. */
static always_inline_ u32 poly_mul8(u32 a, u32 b)
{
	u32 r = 0;

	for (unsigned i = 0; i < 8; i++)
		r ^= (a << i) & -(b >> i & 1);
	return r;
}

/* One operation: handlers by element size; [1] is used when less than 128 bits are kept. A NULL handler is unallocated. */
struct simd_fn {
	exec_fn *fn[4][2];
};

/* Initialisers of one size in struct simd_fn. */
#define FN_VEC(name)  { exec_##name##_q, exec_##name##_k }
#define FN_LANE(name) { exec_##name, exec_##name }

/* The row allows elements of 1 << size bytes. */
static inline bool simd_size_ok(const struct insn *row, unsigned size)
{
	return row->arg >> (VSZ_SHIFT + size) & 1;
}
/* Log2 of the bytes an instruction of this word works on: 3 or 4 by q, or one element. */
static inline unsigned simd_shape(const struct insn *row, u32 w, unsigned size)
{
	return row->arg & VOP_SCALAR ? size : bit(w, 30) ? 4 : 3;
}
static inline enum simd_op simd_op(const struct insn *row)
{
	return (enum simd_op)(row->arg & 0xffff);
}
/* The FP check and the uop of an operation; shape as simd_shape() gives it. */
bool simd_emit(struct tr *t, const struct simd_fn *op, unsigned size, unsigned shape, u32 w, u8 rm, s32 imm);

#endif
