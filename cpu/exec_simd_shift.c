/*
 * Advanced SIMD shifts by a constant: right and left, with insertion, accumulation, rounding, saturation, and the forms that
 * narrow or widen (DDI0487 C4.1.94). u->imm is the shift as the manual counts it: right 1..width, left 0..width-1.
 */
#include "cpu/simd_priv.h"

/*
 * Right shifts go in two steps so that a shift by the whole width needs no special case; the bit that falls out of the second
 * step is the rounding increment. Left shifts are by less than the width.
 */
#define SH_RIGHT(n) ((n) >> (u->imm - 1) >> 1)
#define SH_ROUND(n) (((n) >> (u->imm - 1) >> 1) + ((n) >> (u->imm - 1) & 1))
#define VEC2_BHSD(name, S, expr)                                                                                             \
	VEC2(name##8, v##S##8, expr) VEC2(name##16, v##S##16, expr) VEC2(name##32, v##S##32, expr) VEC2(name##64, v##S##64, expr)
#define LANES2_BHSD(name, S, expr)                                                                                           \
	LANES2(name##8, S##8, expr) LANES2(name##16, S##16, expr) LANES2(name##32, S##32, expr) LANES2(name##64, S##64, expr)

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

LANES2_BHSD(isqshl, s, sat_signed(c, shift_exact(n, u->imm, false), WIDTH(n)))
LANES2_BHSD(iuqshl, u, sat_unsigned(c, shift_exact(n, u->imm, false), WIDTH(n)))
LANES2_BHSD(isqshlu, s, sat_unsigned(c, shift_exact(n, u->imm, false), WIDTH(n)))

/*
 * Narrowing. aux bit 0: into the high half; the rest of aux: number of elements << 1. Widening: aux is the byte offset of the
 * half that is read.
 */
static always_inline_ void set_half(struct cpu *c, const struct uop *u, u64 v)
{
	if (u->aux & 1)
		vset128(c, u->rd, c->v[u->rd].d[0], v);
	else
		vset64(c, u->rd, v);
}
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

#define SQSHRN(name, N, W, expr)                                                                                             \
	EXEC(name)                                                                                                           \
	{                                                                                                                    \
		union vreg r = { .v = { 0, 0 } };                                                                            \
		for (unsigned i = 0; i < u->aux >> 1; i++) {                                                                 \
			s128 n = VLANE(c, W, u->rn, i);                                                                      \
			VREG_LANE(r, N, i) = (N)(expr);                                                                      \
		}                                                                                                            \
		set_half(c, u, r.v[0]);                                                                                      \
		NEXT(c, u);                                                                                                  \
	}
#define SQSHRN_BHS(name, SN, SW, sat, round)                                                                                 \
	SQSHRN(name##8, SN##8, SW##16, sat(c, shift_exact(n, -u->imm, round), 8))                                            \
	SQSHRN(name##16, SN##16, SW##32, sat(c, shift_exact(n, -u->imm, round), 16))                                         \
	SQSHRN(name##32, SN##32, SW##64, sat(c, shift_exact(n, -u->imm, round), 32))
SQSHRN_BHS(sqshrn, s, s, sat_signed, false)
SQSHRN_BHS(uqshrn, u, u, sat_unsigned, false)
SQSHRN_BHS(sqshrun, u, s, sat_unsigned, false)
SQSHRN_BHS(sqrshrn, s, s, sat_signed, true)
SQSHRN_BHS(uqrshrn, u, u, sat_unsigned, true)
SQSHRN_BHS(sqrshrun, u, s, sat_unsigned, true)

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
#define LANE_BHSD(name) { FN_LANE(name##8), FN_LANE(name##16), FN_LANE(name##32), FN_LANE(name##64) }

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
	[VOP_SQSHL_I] = { { LANE_BHSD(isqshl) }, true },
	[VOP_UQSHL_I] = { { LANE_BHSD(iuqshl) }, true },
	[VOP_SQSHLU] = { { LANE_BHSD(isqshlu) }, true },
};

#define BHS(name) { exec_##name##8, exec_##name##16, exec_##name##32 }
static exec_fn *const narrow[VOP_COUNT][3] = {
	[VOP_SHRN] = BHS(shrn),       [VOP_RSHRN] = BHS(rshrn),
	[VOP_SQSHRN] = BHS(sqshrn),   [VOP_UQSHRN] = BHS(uqshrn),   [VOP_SQSHRUN] = BHS(sqshrun),
	[VOP_SQRSHRN] = BHS(sqrshrn), [VOP_UQRSHRN] = BHS(uqrshrn), [VOP_SQRSHRUN] = BHS(sqrshrun),
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
	u8 aux = scalar ? 1 << 1 : (u8)((8 >> size) << 1 | bit(w, 30));

	if (tr_fp_check(t))
		emit(t, narrow[simd_op(row)][size], w & 31, bits(w, 9, 5), 0, aux, shift_of(w, size, false));
	return true;
}

bool tr_simd_shift_long(struct tr *t, const struct insn *row, u32 w)
{
	unsigned size = row_size(row);

	if (tr_fp_check(t))
		emit(t, widen[simd_op(row)][size], w & 31, bits(w, 9, 5), 0, bit(w, 30) ? 8 : 0, shift_of(w, size, true));
	return true;
}
