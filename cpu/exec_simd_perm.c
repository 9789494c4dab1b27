/*
 * Advanced SIMD data movement: duplicate, insert, move to and from general registers, ZIP/UZP/TRN, EXT, table lookup, and
 * the modified immediates, FMOV's included (DDI0487 C4.1.94).
 */
#include "cpu/simd_priv.h"

/* Copies between elements and general registers. u->imm: index of the source element; ins: aux is that of the destination. */
#define COPIES(w, V, U)                                                                                                      \
	EXEC(dup_elem##w##_q) { vsetv(c, u->rd, (vu64)((V){ 0 } + VLANE(c, U, u->rn, u->imm))); NEXT(c, u); }                \
	EXEC(dup_elem##w##_k)                                                                                                \
	{                                                                                                                    \
		vsetv(c, u->rd, vkeep((vu64)((V){ 0 } + VLANE(c, U, u->rn, u->imm)), u->aux));                               \
		NEXT(c, u);                                                                                                  \
	}                                                                                                                    \
	EXEC(dup_gen##w##_q) { vsetv(c, u->rd, (vu64)((V){ 0 } + (U)c->x[u->rn])); NEXT(c, u); }                             \
	EXEC(dup_gen##w##_k) { vsetv(c, u->rd, vkeep((vu64)((V){ 0 } + (U)c->x[u->rn]), u->aux)); NEXT(c, u); }              \
	EXEC(umov##w) { c->x[u->rd] = VLANE(c, U, u->rn, u->imm); NEXT(c, u); }                                              \
	static always_inline_ void set_lane##w(struct cpu *c, unsigned n, unsigned index, U v)                               \
	{                                                                                                                    \
		unsigned shift = (index * (w)) & 63;                                                                         \
		u64 m = (~0ull >> (64 - (w))) << shift, lo = c->v[n].d[0], hi = c->v[n].d[1], in = (u64)v << shift;          \
		bool high = index >= 64 / (w);                                                                               \
		vset128(c, n, high ? lo : (lo & ~m) | in, high ? (hi & ~m) | in : hi);                                       \
	}                                                                                                                    \
	EXEC(ins_elem##w) { set_lane##w(c, u->rd, u->aux, VLANE(c, U, u->rn, u->imm)); NEXT(c, u); }                         \
	EXEC(ins_gen##w) { set_lane##w(c, u->rd, u->aux, (U)c->x[u->rn]); NEXT(c, u); }
COPIES(8, vu8, u8)
COPIES(16, vu16, u16)
COPIES(32, vu32, u32)
COPIES(64, vu64, u64)
EXEC(smov8_w) { c->x[u->rd] = (u32)VLANE(c, s8, u->rn, u->imm); NEXT(c, u); }
EXEC(smov16_w) { c->x[u->rd] = (u32)VLANE(c, s16, u->rn, u->imm); NEXT(c, u); }
EXEC(smov8_x) { c->x[u->rd] = (u64)(s64)VLANE(c, s8, u->rn, u->imm); NEXT(c, u); }
EXEC(smov16_x) { c->x[u->rd] = (u64)(s64)VLANE(c, s16, u->rn, u->imm); NEXT(c, u); }
EXEC(smov32_x) { c->x[u->rd] = (u64)(s64)VLANE(c, s32, u->rn, u->imm); NEXT(c, u); }

/*
 * ZIP, UZP, TRN. The 64-bit forms come from the 128-bit ones: ZIP1 and the TRNs are their low half, ZIP2 is the high half of
 * ZIP1, and UZP works on the two low halves joined. Of
 * two 64-bit elements, all three are the same.
 */
#define HIGH(v)    ((vu64){ (v)[1], 0 })
#define LOW(v)     ((vu64){ (v)[0], 0 })
#define PERMUTES(w, T, zip1, zip2, uzp1, uzp2, trn1, trn2)                                                                   \
	VEC3_ONE(zip1_##w##_q, zip1(T, n, m))                                                                                \
	VEC3_ONE(zip2_##w##_q, zip2(T, n, m))                                                                                \
	VEC3_ONE(uzp1_##w##_q, uzp1(T, n, m))                                                                                \
	VEC3_ONE(uzp2_##w##_q, uzp2(T, n, m))                                                                                \
	VEC3_ONE(trn1_##w##_q, trn1(T, n, m))                                                                                \
	VEC3_ONE(trn2_##w##_q, trn2(T, n, m))
#define PERMUTES_LOW(w, T, zip1, uzp1, uzp2, trn1, trn2)                                                                     \
	VEC3_ONE(zip1_##w##_k, LOW(zip1(T, n, m)))                                                                           \
	VEC3_ONE(zip2_##w##_k, HIGH(zip1(T, n, m)))                                                                          \
	VEC3_ONE(uzp1_##w##_k, LOW(uzp1(T, JOIN(n, m), n)))                                                                  \
	VEC3_ONE(uzp2_##w##_k, LOW(uzp2(T, JOIN(n, m), n)))                                                                  \
	VEC3_ONE(trn1_##w##_k, LOW(trn1(T, n, m)))                                                                           \
	VEC3_ONE(trn2_##w##_k, LOW(trn2(T, n, m)))
#define VEC3_ONE(name, expr)                                                                                                 \
	EXEC(name)                                                                                                           \
	{                                                                                                                    \
		vu64 n = vgetv(c, u->rn), m = vgetv(c, u->rm);                                                               \
		vsetv(c, u->rd, expr);                                                                                       \
		NEXT(c, u);                                                                                                  \
	}
#define ZIP1_8(T, a, b)  SHUFFLE(T, a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP2_8(T, a, b)  SHUFFLE(T, a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define TRN1_8(T, a, b)  SHUFFLE(T, a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30)
#define TRN2_8(T, a, b)  SHUFFLE(T, a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31)
#define ZIP1_16(T, a, b) SHUFFLE(T, a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define ZIP2_16(T, a, b) SHUFFLE(T, a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define TRN1_16(T, a, b) SHUFFLE(T, a, b, 0, 8, 2, 10, 4, 12, 6, 14)
#define TRN2_16(T, a, b) SHUFFLE(T, a, b, 1, 9, 3, 11, 5, 13, 7, 15)
#define ZIP1_32(T, a, b) SHUFFLE(T, a, b, 0, 4, 1, 5)
#define ZIP2_32(T, a, b) SHUFFLE(T, a, b, 2, 6, 3, 7)
#define TRN1_32(T, a, b) SHUFFLE(T, a, b, 0, 4, 2, 6)
#define TRN2_32(T, a, b) SHUFFLE(T, a, b, 1, 5, 3, 7)
PERMUTES(8, vu8, ZIP1_8, ZIP2_8, UZP1_8, UZP2_8, TRN1_8, TRN2_8)
PERMUTES(16, vu16, ZIP1_16, ZIP2_16, UZP1_16, UZP2_16, TRN1_16, TRN2_16)
PERMUTES(32, vu32, ZIP1_32, ZIP2_32, UZP1_32, UZP2_32, TRN1_32, TRN2_32)
PERMUTES(64, vu64, UZP1_64, UZP2_64, UZP1_64, UZP2_64, UZP1_64, UZP2_64)
PERMUTES_LOW(8, vu8, ZIP1_8, UZP1_8, UZP2_8, TRN1_8, TRN2_8)
PERMUTES_LOW(16, vu16, ZIP1_16, UZP1_16, UZP2_16, TRN1_16, TRN2_16)
PERMUTES_LOW(32, vu32, ZIP1_32, UZP1_32, UZP2_32, TRN1_32, TRN2_32)

/* EXT: bytes from the pair m:n, from byte u->imm on (1 and up). */
EXEC(vmov) { vsetv(c, u->rd, vgetv(c, u->rn)); NEXT(c, u); }
EXEC(vmov_d) { vset64(c, u->rd, c->v[u->rn].d[0]); NEXT(c, u); }
static always_inline_ u64 funnel(u64 low, u64 high, unsigned shift)
{
	return (u64)(((u128)high << 64 | low) >> (shift & 63));
}
/* From byte 1 to 7, 8, 9 to 15. */
EXEC(ext_q_low)
{
	u64 n1 = c->v[u->rn].d[1];

	vset128(c, u->rd, funnel(c->v[u->rn].d[0], n1, 8 * u->uimm), funnel(n1, c->v[u->rm].d[0], 8 * u->uimm));
	NEXT(c, u);
}
EXEC(ext_q_8) { vset128(c, u->rd, c->v[u->rn].d[1], c->v[u->rm].d[0]); NEXT(c, u); }
EXEC(ext_q_high)
{
	u64 m0 = c->v[u->rm].d[0];

	vset128(c, u->rd, funnel(c->v[u->rn].d[1], m0, 8 * u->uimm), funnel(m0, c->v[u->rm].d[1], 8 * u->uimm));
	NEXT(c, u);
}
EXEC(ext_d)
{
	unsigned shift = (unsigned)u->imm * 8;

	vset64(c, u->rd, c->v[u->rn].d[0] >> shift | c->v[u->rm].d[0] << (64 - shift));
	NEXT(c, u);
}

/* TBL and TBX: bytes of the u->imm registers from rn on, by the indices in rm; out of range gives zero or the old byte. */
#define TABLE(name, other)                                                                                                   \
	EXEC(name)                                                                                                           \
	{                                                                                                                    \
		union vreg r = { .v = { 0, 0 } };                                                                            \
		for (unsigned i = 0; i < 1u << u->aux; i++) {                                                                \
			unsigned k = VLANE(c, u8, u->rm, i);                                                                 \
			r.byte[i] = k < u->uimm * 16 ? VLANE(c, u8, (u->rn + k / 16) & 31, k & 15) : (other);                \
		}                                                                                                            \
		vsetv(c, u->rd, r.v);                                                                                        \
		NEXT(c, u);                                                                                                  \
	}
TABLE(tbl, 0)
TABLE(tbx, VLANE(c, u8, u->rd, i))

/* Modified immediates: a 64-bit pattern from the pool, in one or both halves. */
EXEC(movi_q) { u64 v = uop_const(u); vset128(c, u->rd, v, v); NEXT(c, u); }
EXEC(movi_d) { vset64(c, u->rd, uop_const(u)); NEXT(c, u); }
EXEC(orri_q) { u64 v = uop_const(u); vset128(c, u->rd, c->v[u->rd].d[0] | v, c->v[u->rd].d[1] | v); NEXT(c, u); }
EXEC(orri_d) { vset64(c, u->rd, c->v[u->rd].d[0] | uop_const(u)); NEXT(c, u); }
EXEC(bici_q) { u64 v = uop_const(u); vset128(c, u->rd, c->v[u->rd].d[0] & ~v, c->v[u->rd].d[1] & ~v); NEXT(c, u); }
EXEC(bici_d) { vset64(c, u->rd, c->v[u->rd].d[0] & ~uop_const(u)); NEXT(c, u); }

/* ---- translation ---- */

#define SIZES(a, b) { exec_##a##8##b, exec_##a##16##b, exec_##a##32##b, exec_##a##64##b }

/* imm5 of the copies: element size and index. False: reserved. */
static bool element(u32 imm5, unsigned *size, unsigned *index)
{
	*size = ctz64(imm5);
	*index = imm5 >> (*size + 1) % 32;
	return *size < 4;
}

static bool dup(struct tr *t, const struct insn *row, u32 w, const struct simd_fn *fns, u8 rn)
{
	unsigned size, index, shape;

	if (!element(bits(w, 20, 16), &size, &index))
		return false;
	shape = simd_shape(row, w, size);
	if (size == 3 && shape == 3 && !(row->arg & VOP_SCALAR))
		return false;
	if (tr_fp_check(t))
		emit(t, fns->fn[size][shape != 4], w & 31, rn, 0, (u8)shape, (s32)index);
	return true;
}

bool tr_simd_dup_elem(struct tr *t, const struct insn *row, u32 w)
{
	static const struct simd_fn fns = { { FN_VEC(dup_elem8), FN_VEC(dup_elem16), FN_VEC(dup_elem32), FN_VEC(dup_elem64) } };

	return dup(t, row, w, &fns, bits(w, 9, 5));
}

bool tr_simd_dup_gen(struct tr *t, const struct insn *row, u32 w)
{
	static const struct simd_fn fns = { { FN_VEC(dup_gen8), FN_VEC(dup_gen16), FN_VEC(dup_gen32), FN_VEC(dup_gen64) } };

	return dup(t, row, w, &fns, gpr(bits(w, 9, 5)));
}

/* UMOV (arg 0) to W takes 8 to 32 bits, to X 64; SMOV (arg 1) to W 8 and 16, to X also 32. */
bool tr_simd_mov_gen(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fns[2][2][4] = {
		{ { exec_umov8, exec_umov16, exec_umov32 }, { NULL, NULL, NULL, exec_umov64 } },
		{ { exec_smov8_w, exec_smov16_w }, { exec_smov8_x, exec_smov16_x, exec_smov32_x } },
	};
	unsigned size, index;
	exec_fn *fn;

	if (!element(bits(w, 20, 16), &size, &index))
		return false;
	fn = fns[row->arg][bit(w, 30)][size];
	if (!fn)
		return false;
	if (tr_fp_check(t))
		emit(t, fn, gpr_dst(w & 31), bits(w, 9, 5), 0, 0, (s32)index);
	return true;
}

bool tr_simd_ins_gen(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fns[4] = SIZES(ins_gen, );
	unsigned size, index;

	if (!element(bits(w, 20, 16), &size, &index))
		return false;
	if (tr_fp_check(t))
		emit(t, fns[size], w & 31, gpr(bits(w, 9, 5)), 0, (u8)index, 0);
	return true;
}

bool tr_simd_ins_elem(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fns[4] = SIZES(ins_elem, );
	unsigned size, index;

	if (!element(bits(w, 20, 16), &size, &index))
		return false;
	if (tr_fp_check(t))
		emit(t, fns[size], w & 31, bits(w, 9, 5), 0, (u8)index, (s32)(bits(w, 14, 11) >> size));
	return true;
}

#define PERM(name) { { FN_VEC(name##_8), FN_VEC(name##_16), FN_VEC(name##_32), { exec_##name##_64_q, NULL } } }
bool tr_simd_perm(struct tr *t, const struct insn *row, u32 w)
{
	static const struct simd_fn fns[VOP_COUNT] = {
		[VOP_ZIP1] = PERM(zip1), [VOP_ZIP2] = PERM(zip2), [VOP_UZP1] = PERM(uzp1),
		[VOP_UZP2] = PERM(uzp2), [VOP_TRN1] = PERM(trn1), [VOP_TRN2] = PERM(trn2),
	};

	return simd_emit(t, &fns[simd_op(row)], bits(w, 23, 22), bit(w, 30) ? 4 : 3, w, bits(w, 20, 16), 0);
}

bool tr_simd_ext(struct tr *t, const struct insn *row, u32 w)
{
	unsigned at = bits(w, 14, 11);
	bool q = bit(w, 30);
	exec_fn *fn_q = at == 0 ? exec_vmov : at < 8 ? exec_ext_q_low : at == 8 ? exec_ext_q_8 : exec_ext_q_high;
	exec_fn *fn_d = at == 0 ? exec_vmov_d : exec_ext_d;

	if (!q && at >= 8)
		return false;
	if (tr_fp_check(t))
		emit(t, q ? fn_q : fn_d, w & 31, bits(w, 9, 5), bits(w, 20, 16), 0, (s32)at);
	return true;
}

bool tr_simd_table(struct tr *t, const struct insn *row, u32 w)
{
	if (tr_fp_check(t))
		emit(t, row->arg ? exec_tbx : exec_tbl, w & 31, bits(w, 9, 5), bits(w, 20, 16), bit(w, 30) ? 4 : 3,
		     (s32)bits(w, 14, 13) + 1);
	return true;
}

/* The low `width` bits of v repeated over 64. */
static u64 repeat(u64 v, unsigned width)
{
	for (; width < 64; width *= 2)
		v |= v << width;
	return v;
}

/* Each bit of the byte spread over a byte. */
static u64 spread_bits(u32 imm8)
{
	u64 v = 0;

	for (unsigned i = 0; i < 8; i++)
		v |= bit(imm8, i) ? 0xffull << 8 * i : 0;
	return v;
}

/* AdvSIMDExpandImm before MVNI's and BIC's inversion (DDI0487 shared pseudocode); cmode is at most 14. */
static u64 expand_imm(unsigned cmode, bool op, u32 imm8)
{
	if (cmode < 8)
		return repeat((u64)imm8 << 8 * (cmode >> 1), 32);
	if (cmode < 12)
		return repeat((u64)imm8 << 8 * (cmode >> 1 & 1), 16);
	if (cmode == 12)
		return repeat((u64)imm8 << 8 | 0xff, 32);
	if (cmode == 13)
		return repeat((u64)imm8 << 16 | 0xffff, 32);
	return op ? spread_bits(imm8) : repeat(imm8, 8);
}

/* FMOV (vector, immediate). */
static bool mod_imm_fp(struct tr *t, enum fp_size size, u32 w, u32 imm8)
{
	bool q = bit(w, 30);

	if (size == FP_D && !q)
		return false;
	if (tr_fp_check(t))
		emit_const(t, q ? exec_movi_q : exec_movi_d, w & 31, 0, 0, 0, repeat(fp_expand_imm(size, imm8), 8u << size));
	return true;
}

/* arg 1: half-precision FMOV. */
bool tr_simd_mod_imm(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fns[3][2] = {
		{ exec_movi_d, exec_movi_q }, { exec_orri_d, exec_orri_q }, { exec_bici_d, exec_bici_q }
	};
	unsigned cmode = bits(w, 15, 12);
	bool op = bit(w, 29), combine = cmode < 12 && (cmode & 1);
	u32 imm8 = bits(w, 18, 16) << 5 | bits(w, 9, 5);
	u64 v;

	if (row->arg || cmode == 15)
		return mod_imm_fp(t, row->arg ? FP_H : op ? FP_D : FP_S, w, imm8);
	v = expand_imm(cmode, op, imm8);
	if (op && !combine && cmode < 14)
		v = ~v;
	if (tr_fp_check(t))
		emit_const(t, fns[combine ? 1 + op : 0][bit(w, 30)], w & 31, 0, 0, 0, v);
	return true;
}
