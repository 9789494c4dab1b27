/*
 * Advanced SIMD integer instructions whose operands and result have one element size: three registers (vector and scalar), and
 * the forms whose third operand is an element (DDI0487 C4.1.94). An element operand is first spread over a scratch vector by
 * the handler itself, so every operation has one definition.
 */
#include "cpu/simd_priv.h"

/* One vector operation for lanes of 8, 16, 32 (and 64) bits; S is u or s. */
#define VEC3_BHS(name, S, expr) VEC3(name##8, v##S##8, expr) VEC3(name##16, v##S##16, expr) VEC3(name##32, v##S##32, expr)
#define VEC3_BHSD(name, S, expr) VEC3_BHS(name, S, expr) VEC3(name##64, v##S##64, expr)
#define LANES3_BHS(name, S, expr) LANES3(name##8, S##8, expr) LANES3(name##16, S##16, expr) LANES3(name##32, S##32, expr)
#define LANES3_BHSD(name, S, expr) LANES3_BHS(name, S, expr) LANES3(name##64, S##64, expr)

/* Wrapping arithmetic. */
VEC3_BHSD(vadd, u, n + m)
VEC3_BHSD(vsub, u, n - m)
VEC3_BHS(vmul, u, n * m)
VEC3_BHS(vmla, u, d + n * m)
VEC3_BHS(vmls, u, d - n * m)
LANES3(vpmul8, u8, poly_mul8(n, m))

/* Bitwise. */
VEC3(vand, vu64, n & m)
VEC3(vbic, vu64, n & ~m)
VEC3(vorr, vu64, n | m)
VEC3(vorn, vu64, n | ~m)
VEC3(veor, vu64, n ^ m)
VEC3(vbsl, vu64, m ^ ((m ^ n) & d))
VEC3(vbit, vu64, d ^ ((d ^ n) & m))
VEC3(vbif, vu64, d ^ ((d ^ n) & ~m))

/* Comparisons give all ones or zero. */
VEC3_BHSD(vcmeq, u, n == m)
VEC3_BHSD(vcmtst, u, (n & m) != 0)
VEC3_BHSD(vcmgt, s, n > m)
VEC3_BHSD(vcmhi, u, n > m)
VEC3_BHSD(vcmge, s, n >= m)
VEC3_BHSD(vcmhs, u, n >= m)

#define MAX(n, m) VSEL(__typeof__(n), (n) > (m), n, m)
#define MIN(n, m) VSEL(__typeof__(n), (n) < (m), n, m)
VEC3_BHS(vsmax, s, MAX(n, m))
VEC3_BHS(vumax, u, MAX(n, m))
VEC3_BHS(vsmin, s, MIN(n, m))
VEC3_BHS(vumin, u, MIN(n, m))
#define ABD(n, m) VSEL(__typeof__(UVEC(n)), (n) > (m), UVEC(n) - UVEC(m), UVEC(m) - UVEC(n))
VEC3_BHS(vsabd, s, ABD(n, m))
VEC3_BHS(vuabd, u, ABD(n, m))
VEC3_BHS(vsaba, s, UVEC(d) + ABD(n, m))
VEC3_BHS(vuaba, u, UVEC(d) + ABD(n, m))

/* Halving: the sum's carry is kept, so the parts are halved first. */
VEC3_BHS(vshadd, s, (n & m) + ((n ^ m) >> 1))
VEC3_BHS(vuhadd, u, (n & m) + ((n ^ m) >> 1))
VEC3_BHS(vsrhadd, s, (n | m) - ((n ^ m) >> 1))
VEC3_BHS(vurhadd, u, (n | m) - ((n ^ m) >> 1))
VEC3_BHS(vshsub, s, (n >> 1) - (m >> 1) - (~n & m & 1))
VEC3_BHS(vuhsub, u, (n >> 1) - (m >> 1) - (~n & m & 1))

/* Saturating: a sum overflows where it has the sign of neither operand. */
SATURATE_BHSD(vsqadd, s, UVEC(n) + UVEC(m), ((n ^ r) & (m ^ r)) < 0, LIMIT_OF(n))
SATURATE_BHSD(vuqadd, u, n + m, r < n, ~(r ^ r))
SATURATE_BHSD(vsqsub, s, UVEC(n) - UVEC(m), ((n ^ m) & (n ^ r)) < 0, LIMIT_OF(n))
SATURATE_BHSD(vuqsub, u, n - m, n < m, r ^ r)

/* Shifts by register: the amount is the low byte of each element, negative to the right. */
LANES3_BHSD(vsshl, s, SHIFT_LANE(n, (s8)m, false))
LANES3_BHSD(vushl, u, SHIFT_LANE(n, (s8)m, false))
LANES3_BHSD(vsrshl, s, SHIFT_LANE(n, (s8)m, true))
LANES3_BHSD(vurshl, u, SHIFT_LANE(n, (s8)m, true))
LANES3_BHSD(vsqshl, s, sat_signed(c, SHIFT_LANE(n, (s8)m, false), WIDTH(n)))
LANES3_BHSD(vuqshl, u, sat_unsigned(c, SHIFT_LANE(n, (s8)m, false), WIDTH(n)))
LANES3_BHSD(vsqrshl, s, sat_signed(c, SHIFT_LANE(n, (s8)m, true), WIDTH(n)))
LANES3_BHSD(vuqrshl, u, sat_unsigned(c, SHIFT_LANE(n, (s8)m, true), WIDTH(n)))

/* Pairwise: lanes of n then of m, taken two by two: a and b are the even and the odd ones. */
#define PAIRS(name, w, T, expr)                                                                                              \
	EXEC(name##_q)                                                                                                       \
	{                                                                                                                    \
		vu64 n = vgetv(c, u->rn), m = vgetv(c, u->rm);                                                               \
		T a = (T)UZP1_##w(T, n, m), b = (T)UZP2_##w(T, n, m);                                                        \
		vsetv(c, u->rd, (vu64)(expr));                                                                               \
		NEXT(c, u);                                                                                                  \
	}                                                                                                                    \
	EXEC(name##_k)                                                                                                       \
	{                                                                                                                    \
		vu64 n = vgetv(c, u->rn), m = vgetv(c, u->rm);                                                               \
		T a = (T)UZP1_##w(T, JOIN(n, m), n), b = (T)UZP2_##w(T, JOIN(n, m), n);                                      \
		vsetv(c, u->rd, vkeep((vu64)(expr), 3));                                                                     \
		NEXT(c, u);                                                                                                  \
	}
#define PAIRS_BHS(name, S, expr)                                                                                             \
	PAIRS(name##8, 8, v##S##8, expr) PAIRS(name##16, 16, v##S##16, expr) PAIRS(name##32, 32, v##S##32, expr)
PAIRS_BHS(vaddp, u, a + b)
PAIRS_BHS(vsmaxp, s, MAX(a, b))
PAIRS_BHS(vumaxp, u, MAX(a, b))
PAIRS_BHS(vsminp, s, MIN(a, b))
PAIRS_BHS(vuminp, u, MIN(a, b))
EXEC(vaddp64)
{
	u64 lo = c->v[u->rn].d[0] + c->v[u->rn].d[1];

	vset128(c, u->rd, lo, c->v[u->rm].d[0] + c->v[u->rm].d[1]);
	NEXT(c, u);
}

/* Doubling multiplies, high half. */
#define DMULH(acc, n, m, round) sat_signed(c, ((s128)(acc) + 2 * ((s128)(n) * (m)) + (round)) >> WIDTH(n), WIDTH(n))
#define ACC(d)                  ((s64)(d) * ((s64)1 << WIDTH(d)))
#define HALF(n)                 ((s64)1 << (WIDTH(n) - 1))
#define LANES3_HS(name, S, expr) LANES3(name##16, S##16, expr) LANES3(name##32, S##32, expr)
LANES3_HS(vsqdmulh, s, DMULH(0, n, m, 0))
LANES3_HS(vsqrdmulh, s, DMULH(0, n, m, HALF(n)))
LANES3_HS(vsqrdmlah, s, DMULH(ACC(d), n, m, HALF(n)))
LANES3_HS(vsqrdmlsh, s, DMULH(ACC(d), n, -(s64)m, HALF(n)))

/* Dot products of four bytes into each 32-bit lane. */
#define BYTE(T, v, i) ((T)((v) >> 8 * (i)))
#define DOT(T, n, m)                                                                                                         \
	(BYTE(T, n, 0) * BYTE(T, m, 0) + BYTE(T, n, 1) * BYTE(T, m, 1) + BYTE(T, n, 2) * BYTE(T, m, 2) +                     \
	 BYTE(T, n, 3) * BYTE(T, m, 3))
LANES3(vsdot, u32, d + (u32)DOT(s8, n, m))
LANES3(vudot, u32, d + (u32)DOT(u8, n, m))

/* ---- by element: m is lane u->imm of rm, in every lane ---- */

#define ELEM3(name, T, lane_type, expr)                                                                                      \
	EXEC(name##_q)                                                                                                       \
	{                                                                                                                    \
		T n = (T)vgetv(c, u->rn), d = (T)vgetv(c, u->rd);                                                            \
		T m = (T){ 0 } + VLANE(c, lane_type, u->rm, u->imm);                                                         \
		(void)d;                                                                                                     \
		vsetv(c, u->rd, (vu64)(expr));                                                                               \
		NEXT(c, u);                                                                                                  \
	}                                                                                                                    \
	EXEC(name##_k)                                                                                                       \
	{                                                                                                                    \
		T n = (T)vgetv(c, u->rn), d = (T)vgetv(c, u->rd);                                                            \
		T m = (T){ 0 } + VLANE(c, lane_type, u->rm, u->imm);                                                         \
		(void)d;                                                                                                     \
		vsetv(c, u->rd, vkeep((vu64)(expr), u->aux));                                                                \
		NEXT(c, u);                                                                                                  \
	}
#define ELEM3_HS(name, expr) ELEM3(name##16, vu16, u16, expr) ELEM3(name##32, vu32, u32, expr)
ELEM3_HS(vemul, n * m)
ELEM3_HS(vemla, d + n * m)
ELEM3_HS(vemls, d - n * m)

#define ELANES3(name, T, expr)                                                                                               \
	EXEC(name)                                                                                                           \
	{                                                                                                                    \
		union vreg r = { .v = { 0, 0 } };                                                                            \
		T m = VLANE(c, T, u->rm, u->imm);                                                                            \
		for (unsigned i = 0; i < (1u << u->aux) / sizeof(T); i++) {                                                  \
			T n = VLANE(c, T, u->rn, i), d = VLANE(c, T, u->rd, i);                                              \
			(void)d;                                                                                             \
			VREG_LANE(r, T, i) = (T)(expr);                                                                      \
		}                                                                                                            \
		vsetv(c, u->rd, r.v);                                                                                        \
		NEXT(c, u);                                                                                                  \
	}
#define ELANES3_HS(name, expr) ELANES3(name##16, s16, expr) ELANES3(name##32, s32, expr)
ELANES3_HS(vesqdmulh, DMULH(0, n, m, 0))
ELANES3_HS(vesqrdmulh, DMULH(0, n, m, HALF(n)))
ELANES3_HS(vesqrdmlah, DMULH(ACC(d), n, m, HALF(n)))
ELANES3_HS(vesqrdmlsh, DMULH(ACC(d), n, -(s64)m, HALF(n)))
ELANES3(vesdot, u32, d + (u32)DOT(s8, n, m))
ELANES3(veudot, u32, d + (u32)DOT(u8, n, m))

/* ---- translation ---- */

#define VEC_HS(name)   { { 0 }, FN_VEC(name##16), FN_VEC(name##32) }
#define VEC_BHS(name)  { FN_VEC(name##8), FN_VEC(name##16), FN_VEC(name##32) }
#define VEC_BHSD(name) { FN_VEC(name##8), FN_VEC(name##16), FN_VEC(name##32), FN_VEC(name##64) }
#define LANE_HS(name)   { { 0 }, FN_LANE(name##16), FN_LANE(name##32) }
#define LANE_BHS(name)  { FN_LANE(name##8), FN_LANE(name##16), FN_LANE(name##32) }
#define LANE_BHSD(name) { FN_LANE(name##8), FN_LANE(name##16), FN_LANE(name##32), FN_LANE(name##64) }

static const struct simd_fn ops3[VOP_COUNT] = {
	[VOP_ADD] = { VEC_BHSD(vadd) },
	[VOP_SUB] = { VEC_BHSD(vsub) },
	[VOP_MUL] = { VEC_BHS(vmul) },
	[VOP_MLA] = { VEC_BHS(vmla) },
	[VOP_MLS] = { VEC_BHS(vmls) },
	[VOP_PMUL] = { { FN_LANE(vpmul8) } },
	[VOP_AND] = { { FN_VEC(vand) } },
	[VOP_BIC] = { { FN_VEC(vbic) } },
	[VOP_ORR] = { { FN_VEC(vorr) } },
	[VOP_ORN] = { { FN_VEC(vorn) } },
	[VOP_EOR] = { { FN_VEC(veor) } },
	[VOP_BSL] = { { FN_VEC(vbsl) } },
	[VOP_BIT] = { { FN_VEC(vbit) } },
	[VOP_BIF] = { { FN_VEC(vbif) } },
	[VOP_CMEQ] = { VEC_BHSD(vcmeq) },
	[VOP_CMTST] = { VEC_BHSD(vcmtst) },
	[VOP_CMGT] = { VEC_BHSD(vcmgt) },
	[VOP_CMHI] = { VEC_BHSD(vcmhi) },
	[VOP_CMGE] = { VEC_BHSD(vcmge) },
	[VOP_CMHS] = { VEC_BHSD(vcmhs) },
	[VOP_SMAX] = { VEC_BHS(vsmax) },
	[VOP_UMAX] = { VEC_BHS(vumax) },
	[VOP_SMIN] = { VEC_BHS(vsmin) },
	[VOP_UMIN] = { VEC_BHS(vumin) },
	[VOP_SABD] = { VEC_BHS(vsabd) },
	[VOP_UABD] = { VEC_BHS(vuabd) },
	[VOP_SABA] = { VEC_BHS(vsaba) },
	[VOP_UABA] = { VEC_BHS(vuaba) },
	[VOP_SHADD] = { VEC_BHS(vshadd) },
	[VOP_UHADD] = { VEC_BHS(vuhadd) },
	[VOP_SRHADD] = { VEC_BHS(vsrhadd) },
	[VOP_URHADD] = { VEC_BHS(vurhadd) },
	[VOP_SHSUB] = { VEC_BHS(vshsub) },
	[VOP_UHSUB] = { VEC_BHS(vuhsub) },
	[VOP_SQADD] = { VEC_BHSD(vsqadd) },
	[VOP_UQADD] = { VEC_BHSD(vuqadd) },
	[VOP_SQSUB] = { VEC_BHSD(vsqsub) },
	[VOP_UQSUB] = { VEC_BHSD(vuqsub) },
	[VOP_SSHL] = { LANE_BHSD(vsshl) },
	[VOP_USHL] = { LANE_BHSD(vushl) },
	[VOP_SQSHL] = { LANE_BHSD(vsqshl) },
	[VOP_UQSHL] = { LANE_BHSD(vuqshl) },
	[VOP_SRSHL] = { LANE_BHSD(vsrshl) },
	[VOP_URSHL] = { LANE_BHSD(vurshl) },
	[VOP_SQRSHL] = { LANE_BHSD(vsqrshl) },
	[VOP_UQRSHL] = { LANE_BHSD(vuqrshl) },
	[VOP_ADDP] = { { FN_VEC(vaddp8), FN_VEC(vaddp16), FN_VEC(vaddp32), FN_LANE(vaddp64) } },
	[VOP_SMAXP] = { VEC_BHS(vsmaxp) },
	[VOP_UMAXP] = { VEC_BHS(vumaxp) },
	[VOP_SMINP] = { VEC_BHS(vsminp) },
	[VOP_UMINP] = { VEC_BHS(vuminp) },
	[VOP_SQDMULH] = { LANE_HS(vsqdmulh) },
	[VOP_SQRDMULH] = { LANE_HS(vsqrdmulh) },
	[VOP_SQRDMLAH] = { LANE_HS(vsqrdmlah) },
	[VOP_SQRDMLSH] = { LANE_HS(vsqrdmlsh) },
	[VOP_SDOT] = { { [2] = FN_LANE(vsdot) } },
	[VOP_UDOT] = { { [2] = FN_LANE(vudot) } },
};

static const struct simd_fn ops3_elem[VOP_COUNT] = {
	[VOP_MUL] = { VEC_HS(vemul) },
	[VOP_MLA] = { VEC_HS(vemla) },
	[VOP_MLS] = { VEC_HS(vemls) },
	[VOP_SQDMULH] = { LANE_HS(vesqdmulh) },
	[VOP_SQRDMULH] = { LANE_HS(vesqrdmulh) },
	[VOP_SQRDMLAH] = { LANE_HS(vesqrdmlah) },
	[VOP_SQRDMLSH] = { LANE_HS(vesqrdmlsh) },
	[VOP_SDOT] = { { [2] = FN_LANE(vesdot) } },
	[VOP_UDOT] = { { [2] = FN_LANE(veudot) } },
};

bool simd_emit(struct tr *t, const struct simd_fn *op, unsigned size, unsigned shape, u32 w, u8 rm, s32 imm)
{
	exec_fn *fn = op->fn[size][shape != 4];

	if (!fn)
		return false;
	if (tr_fp_check(t))
		emit(t, fn, w & 31, bits(w, 9, 5), rm, (u8)shape, imm);
	return true;
}

bool tr_simd3(struct tr *t, const struct insn *row, u32 w)
{
	unsigned size = bits(w, 23, 22), shape = simd_shape(row, w, size);

	if (!simd_size_ok(row, size) || (size == 3 && !(row->arg & VOP_SCALAR) && shape != 4))
		return false;
	return simd_emit(t, &ops3[simd_op(row)], size, shape, w, bits(w, 20, 16), 0);
}

bool tr_simd_logic(struct tr *t, const struct insn *row, u32 w)
{
	return simd_emit(t, &ops3[row->arg], 0, bit(w, 30) ? 4 : 3, w, bits(w, 20, 16), 0);
}

/* Element operand: index H:L:M of register Vm<3:0> for 16-bit elements, H:L of Vm<4:0> for 32-bit ones. */
bool tr_simd3_elem(struct tr *t, const struct insn *row, u32 w)
{
	unsigned size = bits(w, 23, 22), index = bit(w, 11) << 1 | bit(w, 21), rm = bits(w, 20, 16);

	if (!simd_size_ok(row, size))
		return false;
	if (size == 1) {
		index = index << 1 | (rm >> 4);
		rm &= 15;
	}
	return simd_emit(t, &ops3_elem[simd_op(row)], size, simd_shape(row, w, size), w, rm, index);
}
