/*
 * Advanced SIMD integer instructions with one source register: element reversal, counting, absolute values, comparison with
 * zero, pairwise long additions, reductions across lanes (DDI0487 C4.1.94).
 */
#include "cpu/simd_priv.h"

#define VEC2_BHS(name, S, expr) VEC2(name##8, v##S##8, expr) VEC2(name##16, v##S##16, expr) VEC2(name##32, v##S##32, expr)
#define VEC2_BHSD(name, S, expr) VEC2_BHS(name, S, expr) VEC2(name##64, v##S##64, expr)
#define LANES2_BHS(name, S, expr) LANES2(name##8, S##8, expr) LANES2(name##16, S##16, expr) LANES2(name##32, S##32, expr)

VEC2(vnot, vu64, ~n)
VEC2_BHSD(vneg, u, -n)
VEC2_BHSD(vabs, s, UVEC(n ^ (n < 0)) - UVEC(n < 0))
VEC2_BHSD(vcmgt0, s, n > 0)
VEC2_BHSD(vcmge0, s, n >= 0)
VEC2_BHSD(vcmeq0, s, n == 0)
VEC2_BHSD(vcmle0, s, n <= 0)
VEC2_BHSD(vcmlt0, s, n < 0)

/* Reversal within containers: swaps of neighbours, in ever larger units. */
static always_inline_ vu64 swap8(vu64 v)
{
	vu16 x = (vu16)v;

	return (vu64)(x >> 8 | x << 8);
}
static always_inline_ vu64 swap16(vu64 v)
{
	vu32 x = (vu32)v;

	return (vu64)(x >> 16 | x << 16);
}
static always_inline_ vu64 swap32(vu64 v)
{
	return v >> 32 | v << 32;
}
VEC2(vrev16_8, vu64, swap8(n))
VEC2(vrev32_8, vu64, swap16(swap8(n)))
VEC2(vrev32_16, vu64, swap16(n))
VEC2(vrev64_8, vu64, swap32(swap16(swap8(n))))
VEC2(vrev64_16, vu64, swap32(swap16(n)))
VEC2(vrev64_32, vu64, swap32(n))

/* Bits: reversed within bytes, counted, leading ones and zeroes. */
static always_inline_ vu8 byte_reverse_bits(vu8 v)
{
	v = (v >> 1 & 0x55) | (v & 0x55) << 1;
	v = (v >> 2 & 0x33) | (v & 0x33) << 2;
	return v >> 4 | v << 4;
}
static always_inline_ vu8 byte_popcount(vu8 v)
{
	v -= v >> 1 & 0x55;
	v = (v & 0x33) + (v >> 2 & 0x33);
	return (v + (v >> 4)) & 0x0f;
}
VEC2(vrbit, vu8, byte_reverse_bits(n))
VEC2(vcnt, vu8, byte_popcount(n))
LANES2_BHS(vclz, u, clz32(n) - (32 - WIDTH(n)))
LANES2_BHS(vcls, s, clz32((u32)(n ^ n >> 1) << 1 << (32 - WIDTH(n)) | 1u << (32 - WIDTH(n))))

/* Saturating. The mixed additions: a signed sum with an unsigned number may not be smaller, and the other way round by n's sign. */
#define IS_MIN(n)  ((n) == (__typeof__((n)[0]))(-SIGNED_MAX(n) - 1))
#define ALL_MAX(n) (((n) ^ (n)) + SIGNED_MAX(n))
SATURATE_BHSD(vsqabs, s, UVEC(n ^ (n < 0)) - UVEC(n < 0), IS_MIN(n), ALL_MAX(n))
SATURATE_BHSD(vsqneg, s, -UVEC(n), IS_MIN(n), ALL_MAX(n))
SATURATE_BHSD(vsuqadd, s, UVEC(d) + UVEC(n), r < d, ALL_MAX(n))
#define NEGATIVE(n) ((n) > SIGNED_MAX(n)) /* an unsigned lane, taken as signed */
SATURATE_BHSD(vusqadd, u, d + n, VSEL(__typeof__(n), NEGATIVE(n), (__typeof__(n))(r > d), (__typeof__(n))(r < d)), ~NEGATIVE(n))

/* Pairwise long: neighbours added in lanes of twice the width. */
#define LOWS(n)     ((__typeof__(n))(UVEC(n) << WIDTH(n[0]) / 2) >> WIDTH(n[0]) / 2)
#define PAIR_SUM(n) (LOWS(n) + (n >> WIDTH(n[0]) / 2))
#define VEC2_PAIRS(name, S, expr) VEC2(name##8, v##S##16, expr) VEC2(name##16, v##S##32, expr) VEC2(name##32, v##S##64, expr)
VEC2_PAIRS(vsaddlp, s, PAIR_SUM(n))
VEC2_PAIRS(vuaddlp, u, PAIR_SUM(n))
VEC2_PAIRS(vsadalp, s, UVEC(d) + UVEC(PAIR_SUM(n)))
VEC2_PAIRS(vuadalp, u, d + PAIR_SUM(n))

/* Across lanes: a is the result so far, b the next lane; UW: the result's unsigned type. */
#define ACROSS(name, T, UW, expr)                                                                                            \
	EXEC(name)                                                                                                           \
	{                                                                                                                    \
		s64 a = VLANE(c, T, u->rn, 0);                                                                               \
		for (unsigned i = 1; i < (1u << u->aux) / sizeof(T); i++) {                                                  \
			s64 b = VLANE(c, T, u->rn, i);                                                                       \
			a = (expr);                                                                                          \
		}                                                                                                            \
		vset64(c, u->rd, (UW)a);                                                                                     \
		NEXT(c, u);                                                                                                  \
	}
#define ACROSS_BHS(name, S, expr) ACROSS(name##8, S##8, u8, expr) ACROSS(name##16, S##16, u16, expr) ACROSS(name##32, S##32, u32, expr)
#define ACROSS_LONG(name, S, expr) ACROSS(name##8, S##8, u16, expr) ACROSS(name##16, S##16, u32, expr) ACROSS(name##32, S##32, u64, expr)
ACROSS_BHS(addv, u, a + b)
ACROSS_BHS(smaxv, s, a > b ? a : b)
ACROSS_BHS(umaxv, u, a > b ? a : b)
ACROSS_BHS(sminv, s, a < b ? a : b)
ACROSS_BHS(uminv, u, a < b ? a : b)
ACROSS_LONG(saddlv, s, a + b)
ACROSS_LONG(uaddlv, u, a + b)

EXEC(addp_scalar) { vset64(c, u->rd, c->v[u->rn].d[0] + c->v[u->rn].d[1]); NEXT(c, u); }

/* ---- translation ---- */

#define VEC_BHS(name)   { FN_VEC(name##8), FN_VEC(name##16), FN_VEC(name##32) }
#define VEC_BHSD(name)  { FN_VEC(name##8), FN_VEC(name##16), FN_VEC(name##32), FN_VEC(name##64) }
#define LANE_BHS(name)  { FN_LANE(name##8), FN_LANE(name##16), FN_LANE(name##32) }

static const struct simd_fn ops2[VOP_COUNT] = {
	[VOP_REV64] = { { FN_VEC(vrev64_8), FN_VEC(vrev64_16), FN_VEC(vrev64_32) } },
	[VOP_REV32] = { { FN_VEC(vrev32_8), FN_VEC(vrev32_16) } },
	[VOP_REV16] = { { FN_VEC(vrev16_8) } },
	[VOP_SADDLP] = { VEC_BHS(vsaddlp) },
	[VOP_UADDLP] = { VEC_BHS(vuaddlp) },
	[VOP_SADALP] = { VEC_BHS(vsadalp) },
	[VOP_UADALP] = { VEC_BHS(vuadalp) },
	[VOP_SUQADD] = { VEC_BHSD(vsuqadd) },
	[VOP_USQADD] = { VEC_BHSD(vusqadd) },
	[VOP_CLS] = { LANE_BHS(vcls) },
	[VOP_CLZ] = { LANE_BHS(vclz) },
	[VOP_CNT] = { { FN_VEC(vcnt) } },
	[VOP_NOT] = { { FN_VEC(vnot) } },
	[VOP_RBIT] = { { FN_VEC(vrbit) } },
	[VOP_SQABS] = { VEC_BHSD(vsqabs) },
	[VOP_SQNEG] = { VEC_BHSD(vsqneg) },
	[VOP_ABS] = { VEC_BHSD(vabs) },
	[VOP_NEG] = { VEC_BHSD(vneg) },
	[VOP_CMGT0] = { VEC_BHSD(vcmgt0) },
	[VOP_CMGE0] = { VEC_BHSD(vcmge0) },
	[VOP_CMEQ0] = { VEC_BHSD(vcmeq0) },
	[VOP_CMLE0] = { VEC_BHSD(vcmle0) },
	[VOP_CMLT0] = { VEC_BHSD(vcmlt0) },
	[VOP_ADDV] = { LANE_BHS(addv) },
	[VOP_SMAXV] = { LANE_BHS(smaxv) },
	[VOP_UMAXV] = { LANE_BHS(umaxv) },
	[VOP_SMINV] = { LANE_BHS(sminv) },
	[VOP_UMINV] = { LANE_BHS(uminv) },
	[VOP_SADDLV] = { LANE_BHS(saddlv) },
	[VOP_UADDLV] = { LANE_BHS(uaddlv) },
};

bool tr_simd2(struct tr *t, const struct insn *row, u32 w)
{
	unsigned size = bits(w, 23, 22), shape = simd_shape(row, w, size);

	if (!simd_size_ok(row, size) || (size == 3 && !(row->arg & VOP_SCALAR) && shape != 4))
		return false;
	return simd_emit(t, &ops2[simd_op(row)], size, shape, w, 0, 0);
}

/* NOT and RBIT: bytes, whatever the size field (part of the opcode) says. */
bool tr_simd_bytes(struct tr *t, const struct insn *row, u32 w)
{
	return simd_emit(t, &ops2[row->arg], 0, bit(w, 30) ? 4 : 3, w, 0, 0);
}

bool tr_simd_across(struct tr *t, const struct insn *row, u32 w)
{
	unsigned size = bits(w, 23, 22), shape = bit(w, 30) ? 4 : 3;

	if (!simd_size_ok(row, size) || (size == 2 && shape != 4))
		return false;
	return simd_emit(t, &ops2[simd_op(row)], size, shape, w, 0, 0);
}

bool tr_simd_addp_scalar(struct tr *t, const struct insn *row, u32 w)
{
	if (tr_fp_check(t))
		emit(t, exec_addp_scalar, w & 31, bits(w, 9, 5), 0, 0, 0);
	return true;
}
