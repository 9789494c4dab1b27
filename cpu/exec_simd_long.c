/*
 * Advanced SIMD integer instructions that change the element size: long (two narrow operands, wide result), wide, narrow
 * high half, by element, and the narrowing moves (DDI0487 C4.1.94).
 *
 * Narrow operands are half registers: u->aux is the byte offset of the half, 0 or 8 (the "2" forms). Results that are half
 * registers go to the low half, the rest zeroed, or to the high half, the rest kept.
 */
#include "cpu/simd_priv.h"

/* u->imm: number of narrow elements << 8 | index of the element operand, OWN_LANE without one. */
enum { OWN_LANE = 0xff };
#define ELEMENTS(u) ((u)->uimm >> 8)
#define INDEX(u)    ((u)->uimm & 0xff)

/* Half register n at byte offset `at`, as narrow type H. */
#define HALF_OF(H, n, at) (*(const H *)((const char *)c->v[n].d + (at)))
#define WIDEN(W, H, n, at) __builtin_convertvector(HALF_OF(H, n, at), W)

/* n, m widened; d is the old wide destination. */
#define LONG3(name, W, H, expr)                                                                                              \
	EXEC(name)                                                                                                           \
	{                                                                                                                    \
		W n = WIDEN(W, H, u->rn, u->aux), m = WIDEN(W, H, u->rm, u->aux), d = (W)vgetv(c, u->rd);                    \
		(void)d;                                                                                                     \
		vsetv(c, u->rd, (vu64)(expr));                                                                               \
		NEXT(c, u);                                                                                                  \
	}
/* n is wide already. */
#define WIDE3(name, W, H, expr)                                                                                              \
	EXEC(name)                                                                                                           \
	{                                                                                                                    \
		W n = (W)vgetv(c, u->rn), m = WIDEN(W, H, u->rm, u->aux);                                                    \
		vsetv(c, u->rd, (vu64)(expr));                                                                               \
		NEXT(c, u);                                                                                                  \
	}
/* Long with an element of rm as m. */
#define LONG_ELEM(name, W, H, lane, expr)                                                                                    \
	EXEC(name)                                                                                                           \
	{                                                                                                                    \
		W n = WIDEN(W, H, u->rn, u->aux), d = (W)vgetv(c, u->rd);                                                    \
		W m = (W){ 0 } + VLANE(c, lane, u->rm, INDEX(u));                                                              \
		(void)d;                                                                                                     \
		vsetv(c, u->rd, (vu64)(expr));                                                                               \
		NEXT(c, u);                                                                                                  \
	}
#define EACH_LONG(X, name, S, expr)                                                                                          \
	X(name##8, v##S##16, h##S##8, expr) X(name##16, v##S##32, h##S##16, expr) X(name##32, v##S##64, h##S##32, expr)

EACH_LONG(LONG3, saddl, s, n + m)
EACH_LONG(LONG3, uaddl, u, n + m)
EACH_LONG(LONG3, ssubl, s, n - m)
EACH_LONG(LONG3, usubl, u, n - m)
EACH_LONG(WIDE3, saddw, s, UVEC(n) + UVEC(m))
EACH_LONG(WIDE3, uaddw, u, n + m)
EACH_LONG(WIDE3, ssubw, s, UVEC(n) - UVEC(m))
EACH_LONG(WIDE3, usubw, u, n - m)
#define ABD(n, m) VSEL(__typeof__(n), (n) > (m), (n) - (m), (m) - (n))
EACH_LONG(LONG3, sabdl, s, ABD(n, m))
EACH_LONG(LONG3, uabdl, u, ABD(n, m))
EACH_LONG(LONG3, sabal, s, UVEC(d) + UVEC(ABD(n, m)))
EACH_LONG(LONG3, uabal, u, d + ABD(n, m))
EACH_LONG(LONG3, smull, s, n * m)
EACH_LONG(LONG3, umull, u, n * m)
EACH_LONG(LONG3, smlal, s, UVEC(d) + UVEC(n * m))
EACH_LONG(LONG3, umlal, u, d + n * m)
EACH_LONG(LONG3, smlsl, s, UVEC(d) - UVEC(n * m))
EACH_LONG(LONG3, umlsl, u, d - n * m)
#define ELEM_HS(name, S, expr)                                                                                               \
	LONG_ELEM(name##16, v##S##32, h##S##16, S##16, expr) LONG_ELEM(name##32, v##S##64, h##S##32, S##32, expr)
ELEM_HS(esmull, s, n * m)
ELEM_HS(eumull, u, n * m)
ELEM_HS(esmlal, s, UVEC(d) + UVEC(n * m))
ELEM_HS(eumlal, u, d + n * m)
ELEM_HS(esmlsl, s, UVEC(d) - UVEC(n * m))
ELEM_HS(eumlsl, u, d - n * m)

/* SHLL: shift left by the narrow element's width. */
#define SHLL(name, W, H, bits_)                                                                                              \
	EXEC(name)                                                                                                           \
	{                                                                                                                    \
		vsetv(c, u->rd, (vu64)(WIDEN(W, H, u->rn, u->aux) << (bits_)));                                              \
		NEXT(c, u);                                                                                                  \
	}
SHLL(shll8, vu16, hu8, 8)
SHLL(shll16, vu32, hu16, 16)
SHLL(shll32, vu64, hu32, 32)

EXEC(pmull8)
{
	union vreg r;

	for (unsigned i = 0; i < 8; i++)
		VREG_LANE(r, u16, i) = (u16)poly_mul8(VLANE(c, u8, u->rn, u->aux + i), VLANE(c, u8, u->rm, u->aux + i));
	vsetv(c, u->rd, r.v);
	NEXT(c, u);
}

#define NARROW3(name, W, H, expr)                                                                                            \
	EXEC(name)                                                                                                           \
	{                                                                                                                    \
		W n = (W)vgetv(c, u->rn), m = (W)vgetv(c, u->rm);                                                            \
		set_half(c, u, (u64)__builtin_convertvector((expr) >> (WIDTH(n[0]) / 2), H));                                \
		NEXT(c, u);                                                                                                  \
	}
#define EACH_NARROW(X, name, expr) X(name##8, vu16, hu8, expr) X(name##16, vu32, hu16, expr) X(name##32, vu64, hu32, expr)
#define ROUND(n) (1ull << (WIDTH((n)[0]) / 2 - 1))
EACH_NARROW(NARROW3, addhn, n + m)
EACH_NARROW(NARROW3, subhn, n - m)
EACH_NARROW(NARROW3, raddhn, n + m + (__typeof__(n[0]))ROUND(n))
EACH_NARROW(NARROW3, rsubhn, n - m + (__typeof__(n[0]))ROUND(n))

#define XTN(name, W, H)                                                                                                      \
	EXEC(name)                                                                                                           \
	{                                                                                                                    \
		set_half(c, u, (u64)__builtin_convertvector((W)vgetv(c, u->rn), H));                                         \
		NEXT(c, u);                                                                                                  \
	}
XTN(xtn8, vu16, hu8)
XTN(xtn16, vu32, hu16)
XTN(xtn32, vu64, hu32)

NARROW_SS(sqxtn, n)
NARROW_UU(uqxtn, n)
NARROW_SU(sqxtun, n)

/* Saturating doubling multiply long. The product saturates before it is accumulated. */
#define SQDM(name, N, W, expr)                                                                                               \
	EXEC(name)                                                                                                           \
	{                                                                                                                    \
		union vreg r = { .v = { 0, 0 } };                                                                            \
		unsigned index = INDEX(u), at = u->aux / sizeof(N);                                                          \
		for (unsigned i = 0; i < ELEMENTS(u); i++) {                                                                     \
			s128 m = VLANE(c, N, u->rm, index == OWN_LANE ? at + i : index), d = VLANE(c, W, u->rd, i);          \
			s128 p = (W)sat_signed(c, 2 * m * VLANE(c, N, u->rn, at + i), WIDTH(W));                             \
			(void)d;                                                                                             \
			VREG_LANE(r, W, i) = (W)(expr);                                                                      \
		}                                                                                                            \
		vsetv(c, u->rd, r.v);                                                                                        \
		NEXT(c, u);                                                                                                  \
	}
SQDM(sqdmull16, s16, s32, p)
SQDM(sqdmull32, s32, s64, p)
SQDM(sqdmlal16, s16, s32, sat_signed(c, d + p, 32))
SQDM(sqdmlal32, s32, s64, sat_signed(c, d + p, 64))
SQDM(sqdmlsl16, s16, s32, sat_signed(c, d - p, 32))
SQDM(sqdmlsl32, s32, s64, sat_signed(c, d - p, 64))

/* ---- translation ---- */

#define BHS(name) { exec_##name##8, exec_##name##16, exec_##name##32 }
#define HS(name)  { NULL, exec_##name##16, exec_##name##32 }

static exec_fn *const ops_long[VOP_COUNT][3] = {
	[VOP_SADDL] = BHS(saddl),     [VOP_UADDL] = BHS(uaddl),     [VOP_SADDW] = BHS(saddw),     [VOP_UADDW] = BHS(uaddw),
	[VOP_SSUBL] = BHS(ssubl),     [VOP_USUBL] = BHS(usubl),     [VOP_SSUBW] = BHS(ssubw),     [VOP_USUBW] = BHS(usubw),
	[VOP_ADDHN] = BHS(addhn),     [VOP_RADDHN] = BHS(raddhn),   [VOP_SUBHN] = BHS(subhn),     [VOP_RSUBHN] = BHS(rsubhn),
	[VOP_SABAL] = BHS(sabal),     [VOP_UABAL] = BHS(uabal),     [VOP_SABDL] = BHS(sabdl),     [VOP_UABDL] = BHS(uabdl),
	[VOP_SMLAL] = BHS(smlal),     [VOP_UMLAL] = BHS(umlal),     [VOP_SMLSL] = BHS(smlsl),     [VOP_UMLSL] = BHS(umlsl),
	[VOP_SMULL] = BHS(smull),     [VOP_UMULL] = BHS(umull),     [VOP_PMULL] = { exec_pmull8 },
	[VOP_SQDMULL] = HS(sqdmull),  [VOP_SQDMLAL] = HS(sqdmlal),  [VOP_SQDMLSL] = HS(sqdmlsl),  [VOP_SHLL] = BHS(shll),
	[VOP_XTN] = BHS(xtn),         [VOP_SQXTN] = BHS(sqxtn),     [VOP_UQXTN] = BHS(uqxtn),     [VOP_SQXTUN] = BHS(sqxtun),
};
static exec_fn *const ops_narrow_scalar[VOP_COUNT][3] = {
	[VOP_SQXTN] = NARROW_SCALAR(sqxtn), [VOP_UQXTN] = NARROW_SCALAR(uqxtn), [VOP_SQXTUN] = NARROW_SCALAR(sqxtun),
};
static exec_fn *const ops_long_elem[VOP_COUNT][3] = {
	[VOP_SMLAL] = HS(esmlal),     [VOP_UMLAL] = HS(eumlal),     [VOP_SMLSL] = HS(esmlsl),     [VOP_UMLSL] = HS(eumlsl),
	[VOP_SMULL] = HS(esmull),     [VOP_UMULL] = HS(eumull),
	[VOP_SQDMULL] = HS(sqdmull),  [VOP_SQDMLAL] = HS(sqdmlal),  [VOP_SQDMLSL] = HS(sqdmlsl),
};

static bool emit_long(struct tr *t, const struct insn *row, exec_fn *const *fns, u32 w, unsigned rm, unsigned index)
{
	unsigned size = bits(w, 23, 22);
	bool scalar = row->arg & VOP_SCALAR;
	unsigned lanes = scalar ? 1 : 8u >> size;

	if (!simd_size_ok(row, size))
		return false;
	if (tr_fp_check(t))
		emit(t, fns[size], w & 31, bits(w, 9, 5), (u8)rm, !scalar && bit(w, 30) ? 8 : 0, (s32)(lanes << 8 | index));
	return true;
}

bool tr_simd_long(struct tr *t, const struct insn *row, u32 w)
{
	exec_fn *const *one = ops_narrow_scalar[simd_op(row)];

	return emit_long(t, row, row->arg & VOP_SCALAR && one[0] ? one : ops_long[simd_op(row)], w, bits(w, 20, 16), OWN_LANE);
}

bool tr_simd_long_elem(struct tr *t, const struct insn *row, u32 w)
{
	unsigned index = bit(w, 11) << 1 | bit(w, 21), rm = bits(w, 20, 16);

	if (bits(w, 23, 22) == 1) {
		index = index << 1 | (rm >> 4);
		rm &= 15;
	}
	return emit_long(t, row, ops_long_elem[simd_op(row)], w, rm, index);
}
