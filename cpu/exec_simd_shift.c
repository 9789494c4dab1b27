/*
 * Advanced SIMD shifts by a constant: right and left, with insertion, accumulation, rounding, saturation, and the forms that
 * narrow or widen (DDI0487 C4.1.94). u->imm is the shift as the manual counts it: right 1..width, left 0..width-1.
 */
#include "cpu/simd_priv.h"

#define VEC2_BHSD(name, S, expr)                                                                                             \
	VEC2(name##8, v##S##8, expr) VEC2(name##16, v##S##16, expr) VEC2(name##32, v##S##32, expr) VEC2(name##64, v##S##64, expr)

VEC2_BHSD(isshr, s, SH_RIGHT(n))
VEC2_BHSD(iushr, u, SH_RIGHT(n))
VEC2_BHSD(issra, s, UVEC(d) + UVEC(SH_RIGHT(n)))
VEC2_BHSD(iusra, u, d + SH_RIGHT(n))
VEC2_BHSD(isrshr, s, SH_ROUND(n))
VEC2_BHSD(iurshr, u, SH_ROUND(n))
VEC2_BHSD(isrsra, s, UVEC(d) + UVEC(SH_ROUND(n)))
VEC2_BHSD(iursra, u, d + SH_ROUND(n))
VEC2_BHSD(ishl, u, n << u->imm)

/* Insertions keep the destination's bits where the shifted value has none. */
#define ONES(n) (~((n) ^ (n)))
VEC2_BHSD(isli, u, n << u->imm | (d & ~(ONES(n) << u->imm)))
VEC2_BHSD(isri, u, SH_RIGHT(n) | (d & ~SH_RIGHT(ONES(n))))

/* Saturating: where shifting back does not give the operand. SQSHLU makes a negative one 0. */
SATURATE_BHSD(isqshl, s, UVEC(n) << u->imm, r >> u->imm != n, LIMIT_OF(n))
SATURATE_BHSD(iuqshl, u, n << u->imm, r >> u->imm != n, ~(r ^ r))
#define NEGATIVE(n) ((__typeof__(n))((n) > SIGNED_MAX(n))) /* an unsigned lane, taken as signed */
SATURATE_BHSD(isqshlu, u, n << u->imm, NEGATIVE(n) | (__typeof__(n))(r >> u->imm != n), ~NEGATIVE(n))

/* Narrowing: aux is 1 for the high half. Widening: aux is the byte offset of the half that is read. */
#define SHRN(name, W, H, expr)                                                                                               \
	EXEC(name)                                                                                                           \
	{                                                                                                                    \
		W n = (W)vgetv(c, u->rn);                                                                                    \
		set_half(c, u, (u64)__builtin_convertvector(expr, H));                                                       \
		NEXT(c, u);                                                                                                  \
	}
#define SHRN_BHS(name, expr) SHRN(name##8, vu16, hu8, expr) SHRN(name##16, vu32, hu16, expr) SHRN(name##32, vu64, hu32, expr)
SHRN_BHS(shrn, n >> u->imm)
SHRN_BHS(rshrn, SH_ROUND(n))

NARROW_SS(sqshrn, SH_RIGHT(n))
NARROW_UU(uqshrn, SH_RIGHT(n))
NARROW_SU(sqshrun, SH_RIGHT(n))
NARROW_SS(sqrshrn, SH_ROUND(n))
NARROW_UU(uqrshrn, SH_ROUND(n))
NARROW_SU(sqrshrun, SH_ROUND(n))

#define SHLL(name, W, H)                                                                                                     \
	EXEC(name)                                                                                                           \
	{                                                                                                                    \
		H n = *(const H *)((const char *)c->v[u->rn].d + u->aux);                                                    \
		vsetv(c, u->rd, (vu64)(UVEC(__builtin_convertvector(n, W)) << u->imm));                                            \
		NEXT(c, u);                                                                                                  \
	}
SHLL(sshll8, vs16, hs8)
SHLL(sshll16, vs32, hs16)
SHLL(sshll32, vs64, hs32)
SHLL(ushll8, vu16, hu8)
SHLL(ushll16, vu32, hu16)
SHLL(ushll32, vu64, hu32)

/* ---- translation ---- */

#define VEC_BHSD(name)  { FN_VEC(name##8), FN_VEC(name##16), FN_VEC(name##32), FN_VEC(name##64) }

static const struct {
	struct simd_fn op;
	bool left;
} shifts[VOP_COUNT] = {
	[VOP_SSHR] = { { VEC_BHSD(isshr) }, false },
	[VOP_USHR] = { { VEC_BHSD(iushr) }, false },
	[VOP_SSRA] = { { VEC_BHSD(issra) }, false },
	[VOP_USRA] = { { VEC_BHSD(iusra) }, false },
	[VOP_SRSHR] = { { VEC_BHSD(isrshr) }, false },
	[VOP_URSHR] = { { VEC_BHSD(iurshr) }, false },
	[VOP_SRSRA] = { { VEC_BHSD(isrsra) }, false },
	[VOP_URSRA] = { { VEC_BHSD(iursra) }, false },
	[VOP_SRI] = { { VEC_BHSD(isri) }, false },
	[VOP_SHL] = { { VEC_BHSD(ishl) }, true },
	[VOP_SLI] = { { VEC_BHSD(isli) }, true },
	[VOP_SQSHL_I] = { { VEC_BHSD(isqshl) }, true },
	[VOP_UQSHL_I] = { { VEC_BHSD(iuqshl) }, true },
	[VOP_SQSHLU] = { { VEC_BHSD(isqshlu) }, true },
};

#define BHS(name) { exec_##name##8, exec_##name##16, exec_##name##32 }
#define NARROW_BOTH(name) { NARROW_VECTOR(name), NARROW_SCALAR(name) }
/* [1]: of one element */
static exec_fn *const narrow[VOP_COUNT][2][3] = {
	[VOP_SHRN] = { BHS(shrn) },          [VOP_RSHRN] = { BHS(rshrn) },
	[VOP_SQSHRN] = NARROW_BOTH(sqshrn),   [VOP_UQSHRN] = NARROW_BOTH(uqshrn),   [VOP_SQSHRUN] = NARROW_BOTH(sqshrun),
	[VOP_SQRSHRN] = NARROW_BOTH(sqrshrn), [VOP_UQRSHRN] = NARROW_BOTH(uqrshrn), [VOP_SQRSHRUN] = NARROW_BOTH(sqrshrun),
};
static exec_fn *const widen[VOP_COUNT][3] = { [VOP_SSHLL] = BHS(sshll), [VOP_USHLL] = BHS(ushll) };

/* Each row has one element size. */
static unsigned row_size(const struct insn *row)
{
	return ctz64(row->arg >> VSZ_SHIFT & 15);
}
/* immh:immb is 2 * width - shift for right shifts, width + shift for left ones. */
static s32 shift_of(u32 w, unsigned size, bool left)
{
	s32 v = (s32)bits(w, 22, 16), width = 8 << size;

	return left ? v - width : 2 * width - v;
}

bool tr_simd_shift(struct tr *t, const struct insn *row, u32 w)
{
	unsigned size = row_size(row), shape = simd_shape(row, w, size);
	enum simd_op op = simd_op(row);

	if (size == 3 && shape == 3 && !(row->arg & VOP_SCALAR))
		return false;
	return simd_emit(t, &shifts[op].op, size, shape, w, 0, shift_of(w, size, shifts[op].left));
}

bool tr_simd_shift_narrow(struct tr *t, const struct insn *row, u32 w)
{
	unsigned size = row_size(row);
	bool scalar = row->arg & VOP_SCALAR;

	if (tr_fp_check(t))
		emit(t, narrow[simd_op(row)][scalar][size], w & 31, bits(w, 9, 5), 0, !scalar && bit(w, 30), shift_of(w, size, false));
	return true;
}

bool tr_simd_shift_long(struct tr *t, const struct insn *row, u32 w)
{
	unsigned size = row_size(row);

	if (tr_fp_check(t))
		emit(t, widen[simd_op(row)][size], w & 31, bits(w, 9, 5), 0, bit(w, 30) ? 8 : 0, shift_of(w, size, true));
	return true;
}
