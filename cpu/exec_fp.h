/*
 * What the floating-point handlers share: the operations of fpu.h by element size, so that one template serves half, single
 * and double; conversions as a uop's constant. For exec_fp*.c only.
 */
#ifndef CPU_EXEC_FP_H
#define CPU_EXEC_FP_H

#include "cpu/exec.h"
#include "cpu/fp_ops.h"

/* The handlers of one operation for half, single and double: index with fp_size - 1. */
#define BY_SIZE(name) { exec_##name##16, exec_##name##32, exec_##name##64 }

/* Register fields of a word. */
#define RD_OF(w) ((u8)((w) & 31))
#define RN_OF(w) ((u8)bits(w, 9, 5))
#define RM_OF(w) ((u8)bits(w, 20, 16))

/* The operations that have a host form, the size being a constant after inlining. */
#define LANE_BINARY(op)                                                                                              \
	static always_inline_ u64 lane_##op(struct fpu *f, enum fp_size s, u64 a, u64 b)                             \
	{                                                                                                            \
		if (s == FP_D)                                                                                       \
			return fp64_##op(f, a, b);                                                                   \
		return s == FP_S ? fp32_##op(f, (u32)a, (u32)b) : fp_##op(f, s, a, b);                               \
	}
LANE_BINARY(add)
LANE_BINARY(sub)
LANE_BINARY(mul)
LANE_BINARY(div)
#undef LANE_BINARY

static always_inline_ u64 lane_nmul(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	return fp_neg(s, lane_mul(f, s, a, b));
}
static always_inline_ u64 lane_abd(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	return fp_abs(s, lane_sub(f, s, a, b));
}
static always_inline_ u64 lane_sqrt(struct fpu *f, enum fp_size s, u64 a)
{
	if (s == FP_D)
		return fp64_sqrt(f, a);
	return s == FP_S ? fp32_sqrt(f, (u32)a) : fp_sqrt(f, s, a);
}
static always_inline_ u64 lane_fma(struct fpu *f, enum fp_size s, u64 addend, u64 n, u64 m)
{
	if (s == FP_D)
		return fp64_fma(f, addend, n, m);
	return s == FP_S ? fp32_fma(f, (u32)addend, (u32)n, (u32)m) : fp_fma(f, s, addend, n, m);
}
static always_inline_ u32 lane_compare(struct fpu *f, enum fp_size s, u64 a, u64 b, bool signal)
{
	if (s == FP_D)
		return fp64_compare(f, a, b, signal);
	return s == FP_S ? fp32_compare(f, (u32)a, (u32)b, signal) : fp_compare(f, s, a, b, signal);
}
static always_inline_ u64 lane_cmeq(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	return lane_compare(f, s, a, b, false) == FP_EQUAL ? low_mask(8u << s) : 0;
}
static always_inline_ u64 lane_cmge(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	u32 r = lane_compare(f, s, a, b, true);

	return r == FP_EQUAL || r == FP_GREATER ? low_mask(8u << s) : 0;
}
static always_inline_ u64 lane_cmgt(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	return lane_compare(f, s, a, b, true) == FP_GREATER ? low_mask(8u << s) : 0;
}
/* FCVT between any two sizes, by the mode in FPCR. */
static always_inline_ u64 lane_convert(struct fpu *f, enum fp_size to, enum fp_size from, u64 a)
{
	if (to == FP_D && from == FP_S)
		return fp64_from_fp32(f, (u32)a);
	if (to == FP_S && from == FP_D)
		return fp32_from_fp64(f, a);
	return fp_convert(f, to, from, a, (enum fp_round)f->rm);
}

/*
 * A conversion as a uop's constant: sizes (enum fp_size) of the floating-point and integer sides, fraction bits (0..64)
 * and the row's argument.
 */
static inline s32 cvt_pack(enum fp_size s, enum fp_size isize, unsigned fbits, u32 arg)
{
	return (s32)((u32)s | (u32)isize << 2 | fbits << 4 | arg << 16);
}
static inline enum fp_round cvt_round(const struct fpu *f, u32 imm)
{
	u32 rm = imm >> 16 & 7;

	return (enum fp_round)(rm == FPA_RM ? f->rm : rm);
}
static inline u64 cvt_to_int(struct fpu *f, u32 imm, u64 a)
{
	return fp_to_int(f, (enum fp_size)(imm & 3), a, 8u << (imm >> 2 & 3), imm >> 16 & FPA_U, imm >> 4 & 0x7f,
			 cvt_round(f, imm));
}
/* v: the integer in the low bits of its size. */
static inline u64 cvt_from_int(struct fpu *f, u32 imm, u64 v)
{
	enum fp_size s = (enum fp_size)(imm & 3);
	unsigned width = 8u << (imm >> 2 & 3);

	if (imm >> 16 & FPA_U)
		return fp_from_uint(f, s, v & low_mask(width), imm >> 4 & 0x7f, (enum fp_round)f->rm);
	return fp_from_sint(f, s, sext(v, width), imm >> 4 & 0x7f, (enum fp_round)f->rm);
}
static inline u64 cvt_rint(struct fpu *f, u32 imm, u64 a)
{
	return fp_round_int(f, (enum fp_size)(imm & 3), a, cvt_round(f, imm), imm >> 16 & FPA_EXACT);
}

#endif
