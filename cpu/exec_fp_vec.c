/*
 * Advanced SIMD floating-point instructions (DDI0487 C4.1.96), and the scalars of Advanced SIMD encodings, which are vectors of
 * one lane. A uop's aux is the number of lanes written; the rest of the register becomes zero.
 *
 * Each operation is a function over one lane; a template makes the loop over lanes, kept out of line since the handlers
 * themselves may not have addressable locals. Arithmetic, comparisons and conversions of singles and doubles try the host's packed
 * instructions first (fp_packed.h), under the same rule as fpu.h's inline forms: all lanes must pass.
 */
#include "cpu/exec_fp.h"
#include "cpu/fp_packed.h"
#include "cpu/translate.h"
#include "cpu/vreg.h"


/* ---- Lanes ---- */

union vec {
	u64 d[2];
	u32 s[4];
	u16 h[8];
};

typedef u64 unary_op(struct fpu *f, enum fp_size s, u64 a);
typedef u64 binary_op(struct fpu *f, enum fp_size s, u64 a, u64 b);

static always_inline_ union vec vec_of(const struct cpu *c, unsigned n)
{
	return (union vec){ .d = { c->v[n].d[0], c->v[n].d[1] } };
}
static always_inline_ u64 lane(const union vec *v, enum fp_size s, unsigned i)
{
	return s == FP_D ? v->d[i] : s == FP_S ? v->s[i] : v->h[i];
}
static always_inline_ void lane_set(union vec *v, enum fp_size s, unsigned i, u64 x)
{
	if (s == FP_D)
		v->d[i] = x;
	else if (s == FP_S)
		v->s[i] = (u32)x;
	else
		v->h[i] = (u16)x;
}

/* The two operands of each lane, by the instruction's form. */
struct operands {
	union vec a, b;
};
typedef struct operands operands_fn(const struct cpu *c, const struct uop *u, enum fp_size s);

static always_inline_ struct operands lane_by_lane(const struct cpu *c, const struct uop *u, enum fp_size s)
{
	return (struct operands){ vec_of(c, u->rn), vec_of(c, u->rm) };
}
/* imm: index of the lane of rm that meets every lane of rn */
static always_inline_ struct operands by_element(const struct cpu *c, const struct uop *u, enum fp_size s)
{
	struct operands o = { .a = vec_of(c, u->rn), .b = vec_of(c, u->rm) };
	u64 element = lane(&o.b, s, u->uimm);

	for (unsigned i = 0; i < 16u >> s; i++)
		lane_set(&o.b, s, i, element);
	return o;
}
/* Neighbours in rm:rn; imm: how many lanes each of the two has. */
static always_inline_ struct operands pairwise(const struct cpu *c, const struct uop *u, enum fp_size s)
{
	union vec n = vec_of(c, u->rn), m = vec_of(c, u->rm);
	struct operands o = { .a = { .d = { 0, 0 } }, .b = { .d = { 0, 0 } } };

	for (unsigned i = 0; i < u->aux; i++) {
		const union vec *v = 2 * i < u->uimm ? &n : &m;
		unsigned first = 2 * i & (u->uimm - 1);

		lane_set(&o.a, s, i, lane(v, s, first));
		lane_set(&o.b, s, i, lane(v, s, first + 1));
	}
	return o;
}

static always_inline_ void do_unary(struct cpu *c, const struct uop *u, enum fp_size s, unary_op *op)
{
	union vec n = vec_of(c, u->rn), r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < u->aux; i++)
		lane_set(&r, s, i, op(&c->fpu, s, lane(&n, s, i)));
	vset128(c, u->rd, r.d[0], r.d[1]);
}
static always_inline_ void do_binary(struct cpu *c, const struct uop *u, enum fp_size s, operands_fn *fetch, binary_op *op)
{
	struct operands o = fetch(c, u, s);
	union vec r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < u->aux; i++)
		lane_set(&r, s, i, op(&c->fpu, s, lane(&o.a, s, i), lane(&o.b, s, i)));
	vset128(c, u->rd, r.d[0], r.d[1]);
}
/* FMLA and FMLS: rd is the addend. */
static always_inline_ void do_mla(struct cpu *c, const struct uop *u, enum fp_size s, operands_fn *fetch, bool negate)
{
	struct operands o = fetch(c, u, s);
	union vec addend = vec_of(c, u->rd), r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < u->aux; i++) {
		u64 n = lane(&o.a, s, i);

		n = negate ? fp_neg(s, n) : n;
		lane_set(&r, s, i, lane_fma(&c->fpu, s, lane(&addend, s, i), n, lane(&o.b, s, i)));
	}
	vset128(c, u->rd, r.d[0], r.d[1]);
}
/* The manual's Reduce(): a tree whose leaves are neighbours; imm: how many lanes rn has. */
static always_inline_ void do_across(struct cpu *c, const struct uop *u, enum fp_size s, binary_op *op)
{
	union vec v = vec_of(c, u->rn);

	for (unsigned n = u->uimm / 2; n; n /= 2)
		for (unsigned i = 0; i < n; i++)
			lane_set(&v, s, i, op(&c->fpu, s, lane(&v, s, 2 * i), lane(&v, s, 2 * i + 1)));
	vset64(c, u->rd, lane(&v, s, 0));
}

/* One handler with its loop out of line. */
#define LOOP(name, call)                                                                                             \
	static __attribute__((noinline)) void loop_##name(struct cpu *c, const struct uop *u)                       \
	{                                                                                                            \
		call;                                                                                                \
	}                                                                                                            \
	static __attribute__((noinline)) EXEC_FN(name)                                                               \
	{                                                                                                            \
		loop_##name(c, u);                                                                                   \
		NEXT(c, u);                                                                                          \
	}
#define UNARY(name, op)                                                                                              \
	LOOP(name##16, do_unary(c, u, FP_H, op))                                                                     \
	LOOP(name##32, do_unary(c, u, FP_S, op))                                                                     \
	LOOP(name##64, do_unary(c, u, FP_D, op))
#define BINARY(name, fetch, op)                                                                                      \
	LOOP(name##16, do_binary(c, u, FP_H, fetch, op))                                                             \
	LOOP(name##32, do_binary(c, u, FP_S, fetch, op))                                                             \
	LOOP(name##64, do_binary(c, u, FP_D, fetch, op))
#define MLA(name, fetch, negate)                                                                                     \
	LOOP(name##16, do_mla(c, u, FP_H, fetch, negate))                                                            \
	LOOP(name##32, do_mla(c, u, FP_S, fetch, negate))                                                            \
	LOOP(name##64, do_mla(c, u, FP_D, fetch, negate))
#define ACROSS(name, op)                                                                                             \
	LOOP(name##16, do_across(c, u, FP_H, op))                                                                    \
	LOOP(name##32, do_across(c, u, FP_S, op))

BINARY(fadd, lane_by_lane, lane_add)
BINARY(fsub, lane_by_lane, lane_sub)
BINARY(fmul, lane_by_lane, lane_mul)
BINARY(fdiv, lane_by_lane, lane_div)
BINARY(fmulx, lane_by_lane, fp_mulx)
BINARY(fmax, lane_by_lane, fp_max)
BINARY(fmin, lane_by_lane, fp_min)
BINARY(fmaxnm, lane_by_lane, fp_maxnm)
BINARY(fminnm, lane_by_lane, fp_minnm)
BINARY(fabd, lane_by_lane, lane_abd)
BINARY(frecps, lane_by_lane, fp_recps)
BINARY(frsqrts, lane_by_lane, fp_rsqrts)
BINARY(fcmeq, lane_by_lane, lane_cmeq)
BINARY(fcmge, lane_by_lane, lane_cmge)
BINARY(fcmgt, lane_by_lane, lane_cmgt)
BINARY(facge, lane_by_lane, fp_acge)
BINARY(facgt, lane_by_lane, fp_acgt)
BINARY(fmul_e, by_element, lane_mul)
BINARY(fmulx_e, by_element, fp_mulx)
MLA(fmla, lane_by_lane, false)
MLA(fmls, lane_by_lane, true)
MLA(fmla_e, by_element, false)
MLA(fmls_e, by_element, true)
BINARY(faddp, pairwise, lane_add)
BINARY(fmaxp, pairwise, fp_max)
BINARY(fminp, pairwise, fp_min)
BINARY(fmaxnmp, pairwise, fp_maxnm)
BINARY(fminnmp, pairwise, fp_minnm)
ACROSS(fmaxv, fp_max)
ACROSS(fminv, fp_min)
ACROSS(fmaxnmv, fp_maxnm)
ACROSS(fminnmv, fp_minnm)

static always_inline_ u64 cmgt0(struct fpu *f, enum fp_size s, u64 a) { return lane_cmgt(f, s, a, 0); }
static always_inline_ u64 cmge0(struct fpu *f, enum fp_size s, u64 a) { return lane_cmge(f, s, a, 0); }
static always_inline_ u64 cmeq0(struct fpu *f, enum fp_size s, u64 a) { return lane_cmeq(f, s, a, 0); }
static always_inline_ u64 cmle0(struct fpu *f, enum fp_size s, u64 a) { return lane_cmge(f, s, 0, a); }
static always_inline_ u64 cmlt0(struct fpu *f, enum fp_size s, u64 a) { return lane_cmgt(f, s, 0, a); }
UNARY(fsqrt, lane_sqrt)
UNARY(frecpe, fp_recpe)
UNARY(frsqrte, fp_rsqrte)
UNARY(frecpx, fp_recpx)
UNARY(fcmgt0, cmgt0)
UNARY(fcmge0, cmge0)
UNARY(fcmeq0, cmeq0)
UNARY(fcmle0, cmle0)
UNARY(fcmlt0, cmlt0)

/* ---- Packed host arithmetic ---- */

/*
 * Handlers that try the host's packed instruction: _q on whole registers, _d on two singles, which are doubled to fill a vector. If
 * `keep` does not hold of the result r they jump to `plain` (and so need no frame).
 */
#define PACKED_FORM(name, T, plain, get, put, third, host_bit, keep, expr)                                           \
	EXEC(name)                                                                                                   \
	{                                                                                                            \
		if (likely(c->fpu.host & (host_bit))) {                                                              \
			T d = (T)get(c, u->rd), n = (T)get(c, u->rn), m = third;                                     \
			__typeof__(expr) r = expr;                                                                   \
                                                                                                                     \
			(void)d, (void)m;                                                                            \
			if (likely(keep)) {                                                                          \
				put(c, u->rd, (vu64)r);                                                              \
				NEXT(c, u);                                                                          \
			}                                                                                            \
		}                                                                                                    \
		return exec_##plain(c, u, ANY_VALUE);                                                                \
	}
static always_inline_ vu64 get_doubled(const struct cpu *c, unsigned n)
{
	return (vu64){ c->v[n].d[0], c->v[n].d[0] };
}
static always_inline_ void put_low(struct cpu *c, unsigned n, vu64 v)
{
	vset64(c, n, v[0]);
}
#define RM4 (v4f)vgetv(c, u->rm)
#define RM2 (v2d)vgetv(c, u->rm)
#define PACKED_4S(name, plain, ...) PACKED_FORM(name##_q, v4f, plain, vgetv, vsetv, RM4, __VA_ARGS__)
#define PACKED_2D(name, plain, ...) PACKED_FORM(name##_q, v2d, plain, vgetv, vsetv, RM2, __VA_ARGS__)
#define PACKED_2S(name, plain, ...) PACKED_FORM(name##_d, v4f, plain, get_doubled, put_low, (v4f)get_doubled(c, u->rm), __VA_ARGS__)
#define PACKED(name, ...)                                                                                            \
	PACKED_4S(name##32, name##32, __VA_ARGS__)                                                                   \
	PACKED_2S(name##32, name##32, __VA_ARGS__)                                                                   \
	PACKED_2D(name##64, name##64, __VA_ARGS__)
/* Two whole registers taken pair by pair. */
#define PACKED_PAIRS(name, ...) PACKED_4S(name##32, name##32, __VA_ARGS__) PACKED_2D(name##64, name##64, __VA_ARGS__)
/* m: lane uimm of rm in every lane. */
#define PACKED_ELEM(name, ...)                                                                                       \
	PACKED_FORM(name##32_q, v4f, name##32, vgetv, vsetv, ALL4(VLANE(c, float, u->rm, u->uimm)), __VA_ARGS__)     \
	PACKED_FORM(name##32_d, v4f, name##32, get_doubled, put_low, ALL4(VLANE(c, float, u->rm, u->uimm)), __VA_ARGS__) \
	PACKED_FORM(name##64_q, v2d, name##64, vgetv, vsetv, ALL2(VLANE(c, double, u->rm, u->uimm)), __VA_ARGS__)

/* What may be kept. */
#define FINITE      BY_TYPE(finite, r)(r)
#define PLAIN       BY_TYPE(plain, r)(r)
#define PRODUCT     BY_TYPE(product_ok, r)(r, n, m)
#define ORDERED     BY_TYPE(ordered, n)(n, m)
#define ABSOLUTE(v) BY_TYPE(magnitude, v)(v)
#define FMA(a, b)   BY_TYPE(fma, n)(a, b, m)
#define PAIR(v)     BY_TYPE(v, n)(n, m)

PACKED(fadd, FP_HOST_ROUND, FINITE, n + m)
PACKED(fsub, FP_HOST_ROUND, FINITE, n - m)
PACKED(fabd, FP_HOST_ROUND, FINITE, ABSOLUTE(n - m))
PACKED(fmul, FP_HOST_ROUND, PRODUCT, n * m)
PACKED(fdiv, FP_HOST_ROUND, PLAIN, n / m)
PACKED(fmla, FP_HOST_FMA, PRODUCT, FMA(d, n))
PACKED(fmls, FP_HOST_FMA, PRODUCT, FMA(d, -n))
PACKED_ELEM(fmul_e, FP_HOST_ROUND, PRODUCT, n * m)
PACKED_ELEM(fmla_e, FP_HOST_FMA, PRODUCT, FMA(d, n))
PACKED_ELEM(fmls_e, FP_HOST_FMA, PRODUCT, FMA(d, -n))
PACKED_PAIRS(faddp, FP_HOST_ROUND, FINITE, PAIR(even) + PAIR(odd))
PACKED(fmax, FP_HOST_EXACT, ORDERED, PAIR(max))
PACKED(fmin, FP_HOST_EXACT, ORDERED, PAIR(min))
PACKED(fmaxnm, FP_HOST_EXACT, ORDERED, PAIR(max))
PACKED(fminnm, FP_HOST_EXACT, ORDERED, PAIR(min))
PACKED(fcmeq, FP_HOST_EXACT, ORDERED, n == m)
PACKED(fcmge, FP_HOST_EXACT, ORDERED, n >= m)
PACKED(fcmgt, FP_HOST_EXACT, ORDERED, n > m)
PACKED(facge, FP_HOST_EXACT, ORDERED, ABSOLUTE(n) >= ABSOLUTE(m))
PACKED(facgt, FP_HOST_EXACT, ORDERED, ABSOLUTE(n) > ABSOLUTE(m))
/* One operand; rm holds anything. */
#define ORDERED_N   BY_TYPE(ordered, n)(n, n)
#define ZERO        ((__typeof__(n)){ 0 })
PACKED(fsqrt, FP_HOST_ROUND, FINITE, BY_TYPE(sqrt, n)(n))
PACKED(fcmgt0, FP_HOST_EXACT, ORDERED_N, n > ZERO)
PACKED(fcmge0, FP_HOST_EXACT, ORDERED_N, n >= ZERO)
PACKED(fcmeq0, FP_HOST_EXACT, ORDERED_N, n == ZERO)
PACKED(fcmle0, FP_HOST_EXACT, ORDERED_N, n <= ZERO)
PACKED(fcmlt0, FP_HOST_EXACT, ORDERED_N, n < ZERO)

/* ---- Signs, conversions, estimates ---- */

/* The constant is a mask for each half; aux: the upper half counts. */
EXEC(fabs)
{
	u64 keep = uop_const(u);

	vset128(c, u->rd, c->v[u->rn].d[0] & keep, u->aux ? c->v[u->rn].d[1] & keep : 0);
	NEXT(c, u);
}
EXEC(fneg)
{
	u64 sign = uop_const(u);

	vset128(c, u->rd, c->v[u->rn].d[0] ^ sign, u->aux ? c->v[u->rn].d[1] ^ sign : 0);
	NEXT(c, u);
}
/* imm: see cvt_pack() */
typedef u64 convert_op(struct fpu *f, u32 imm, u64 a);

static always_inline_ void do_convert(struct cpu *c, const struct uop *u, convert_op *op)
{
	union vec n = vec_of(c, u->rn), r = { .d = { 0, 0 } };
	enum fp_size s = (enum fp_size)(u->uimm & 3);

	for (unsigned i = 0; i < u->aux; i++)
		lane_set(&r, s, i, op(&c->fpu, u->uimm, lane(&n, s, i)));
	vset128(c, u->rd, r.d[0], r.d[1]);
}
LOOP(fcvt_to_int, do_convert(c, u, cvt_to_int))
LOOP(cvtf, do_convert(c, u, cvt_from_int))
LOOP(frint, do_convert(c, u, cvt_rint))

/* The usual conversions, by fpu.h's inline forms. */
static always_inline_ u64 zs32(struct fpu *f, enum fp_size s, u64 a) { return (u32)fp32_to_s32_rz(f, (u32)a); }
static always_inline_ u64 zs64(struct fpu *f, enum fp_size s, u64 a) { return (u64)fp64_to_s64_rz(f, a); }
static always_inline_ u64 from_s32(struct fpu *f, enum fp_size s, u64 a) { return fp32_from_s64(f, (s32)a); }
static always_inline_ u64 from_u32(struct fpu *f, enum fp_size s, u64 a) { return fp32_from_s64(f, (s64)(u32)a); }
static always_inline_ u64 from_s64(struct fpu *f, enum fp_size s, u64 a) { return fp64_from_s64(f, (s64)a); }
LOOP(fcvtzs32, do_unary(c, u, FP_S, zs32))
LOOP(fcvtzs64, do_unary(c, u, FP_D, zs64))
LOOP(scvtf32, do_unary(c, u, FP_S, from_s32))
LOOP(ucvtf32, do_unary(c, u, FP_S, from_u32))
LOOP(scvtf64, do_unary(c, u, FP_D, from_s64))

static always_inline_ u64 uest_recpe(struct fpu *f, enum fp_size s, u64 a) { return fp_urecpe((u32)a); }
static always_inline_ u64 uest_rsqrte(struct fpu *f, enum fp_size s, u64 a) { return fp_ursqrte((u32)a); }
LOOP(urecpe, do_unary(c, u, FP_S, uest_recpe))
LOOP(ursqrte, do_unary(c, u, FP_S, uest_rsqrte))

/* FCVTL: imm = first lane of rn; aux lanes of size s. */
static always_inline_ void do_long(struct cpu *c, const struct uop *u, enum fp_size s)
{
	union vec n = vec_of(c, u->rn), r = { .d = { 0, 0 } };

	for (unsigned i = 0; i < u->aux; i++)
		lane_set(&r, s, i, lane_convert(&c->fpu, s, s - 1, lane(&n, s - 1, u->uimm + i)));
	vset128(c, u->rd, r.d[0], r.d[1]);
}
LOOP(fcvtl32, do_long(c, u, FP_S))
LOOP(fcvtl64, do_long(c, u, FP_D))

/*
 * FCVTN, FCVTXN: aux lanes of size s go to lane imm and up; lanes below are kept, lanes above become zero. rounding FP_RN
 * stands for FPCR's here.
 */
static always_inline_ void do_narrow(struct cpu *c, const struct uop *u, enum fp_size s, enum fp_round rm)
{
	union vec n = vec_of(c, u->rn), r = { .d = { u->imm ? c->v[u->rd].d[0] : 0, 0 } };

	for (unsigned i = 0; i < u->aux; i++) {
		u64 a = lane(&n, s, i);

		a = rm == FP_RO ? fp_convert(&c->fpu, s - 1, s, a, rm) : lane_convert(&c->fpu, s - 1, s, a);
		lane_set(&r, s - 1, u->uimm + i, a);
	}
	vset128(c, u->rd, r.d[0], r.d[1]);
}
LOOP(fcvtn32, do_narrow(c, u, FP_S, FP_RN))
LOOP(fcvtn64, do_narrow(c, u, FP_D, FP_RN))
LOOP(fcvtxn64, do_narrow(c, u, FP_D, FP_RO))

/* Packed conversions with integers of the same size, and rounding to integers. IXC is set or cannot be due. */
#define FINITE_N         BY_TYPE(finite, n)(n)
#define RINT(rm)         BY_TYPE(rint, n)(n, rm)
#define TO_INT(v)        __builtin_convertvector(v, __typeof__(n == n))
#define BELOW(limit)     BY_TYPE(below, n)(n, ZERO + (limit))
#define NOT_NEGATIVE(v)  _Generic((v), v4f: all4((v4f)(v) >= ALL4(0)), v2d: all2((v2d)(v) >= ALL2(0)))
#define PACKED_CVT(name, plain, host_bit, limit4, limit2, expr)                                                      \
	PACKED_4S(name##32, plain, host_bit, limit4, expr)                                                           \
	PACKED_2S(name##32, plain, host_bit, limit4, expr)                                                           \
	PACKED_2D(name##64, plain, host_bit, limit2, expr)
#define PACKED_ROUND(mode, rm)                                                                                       \
	PACKED_CVT(frint##mode, frint, FP_HOST_EXACT, FINITE_N, FINITE_N, RINT(rm))                                  \
	PACKED_CVT(fcvt##mode##s, fcvt_to_int, FP_HOST_ROUND, BELOW(0x1p31f), BELOW(0x1p63), TO_INT(RINT(rm)))       \
	PACKED_CVT(fcvt##mode##u, fcvt_to_int, FP_HOST_ROUND, NOT_NEGATIVE(n) && BELOW(0x1p31f),                     \
		   NOT_NEGATIVE(n) && BELOW(0x1p63), TO_INT(RINT(rm)))
PACKED_ROUND(n, FP_RN)
PACKED_ROUND(p, FP_RP)
PACKED_ROUND(m, FP_RM)
PACKED_ROUND(z, FP_RZ)
PACKED_ROUND(a, FP_RA)
/* FRINTX and FRINTI */
PACKED_CVT(frintx, frint, FP_HOST_ROUND, FINITE_N, FINITE_N, RINT(FP_RN))
PACKED_4S(scvtf32, scvtf32, FP_HOST_ROUND, true, __builtin_convertvector((vs32)n, v4f))
PACKED_2S(scvtf32, scvtf32, FP_HOST_ROUND, true, __builtin_convertvector((vs32)n, v4f))
PACKED_4S(ucvtf32, ucvtf32, FP_HOST_ROUND, true, __builtin_convertvector((vu32)n, v4f))
PACKED_2S(ucvtf32, ucvtf32, FP_HOST_ROUND, true, __builtin_convertvector((vu32)n, v4f))

/* ---- translation ---- */

/* Element size and number of lanes of the result; no lanes: unallocated. */
struct shape {
	enum fp_size s;
	unsigned lanes;
	bool scalar;
};

static struct shape shape_with(enum fp_size s, u32 w)
{
	struct shape sh = { .s = s, .scalar = bit(w, 28) };

	sh.lanes = sh.scalar ? 1 : (bit(w, 30) ? 16u : 8u) >> s;
	if (sh.lanes == 1 && !sh.scalar) /* 1D */
		sh.lanes = 0;
	return sh;
}
/* Half-precision rows are those that need FP16; in the others sz tells. */
static struct shape shape_of(const struct insn *row, u32 w)
{
	return shape_with(row->feature & FEAT(FP16) ? FP_H : bit(w, 22) ? FP_D : FP_S, w);
}

static bool emit_lanes(struct tr *t, exec_fn *fn, struct shape sh, u32 w, s32 imm)
{
	if (!fn || !sh.lanes)
		return false;
	if (tr_fp_check(t))
		emit(t, fn, RD_OF(w), RN_OF(w), RM_OF(w), (u8)sh.lanes, imm);
	return true;
}
/* The packed forms of an operation: 4S, 2D, 2S; NULL: none. */
#define PACKED_OF(name) { exec_##name##32_q, exec_##name##64_q, exec_##name##32_d }

/* The packed form for this shape, or what `plain` says. */
static exec_fn *packed_or(exec_fn *plain, exec_fn *const packed[3], struct shape sh)
{
	exec_fn *fn = NULL;

	if (sh.s != FP_H && !sh.scalar)
		fn = packed[sh.lanes << sh.s == 16 ? sh.s - FP_S : 2];
	return fn ? fn : plain;
}

bool tr_fp_same(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[FPV_BINARY_COUNT][3] = {
		[FPV_ADD] = BY_SIZE(fadd), [FPV_SUB] = BY_SIZE(fsub), [FPV_MUL] = BY_SIZE(fmul), [FPV_DIV] = BY_SIZE(fdiv),
		[FPV_MULX] = BY_SIZE(fmulx), [FPV_MAX] = BY_SIZE(fmax), [FPV_MIN] = BY_SIZE(fmin),
		[FPV_MAXNM] = BY_SIZE(fmaxnm), [FPV_MINNM] = BY_SIZE(fminnm), [FPV_ABD] = BY_SIZE(fabd),
		[FPV_RECPS] = BY_SIZE(frecps), [FPV_RSQRTS] = BY_SIZE(frsqrts), [FPV_CMEQ] = BY_SIZE(fcmeq),
		[FPV_CMGE] = BY_SIZE(fcmge), [FPV_CMGT] = BY_SIZE(fcmgt), [FPV_ACGE] = BY_SIZE(facge),
		[FPV_ACGT] = BY_SIZE(facgt),
	};
	static exec_fn *const packed[FPV_BINARY_COUNT][3] = {
		[FPV_ADD] = PACKED_OF(fadd), [FPV_SUB] = PACKED_OF(fsub), [FPV_MUL] = PACKED_OF(fmul),
		[FPV_DIV] = PACKED_OF(fdiv), [FPV_MAX] = PACKED_OF(fmax), [FPV_MIN] = PACKED_OF(fmin),
		[FPV_MAXNM] = PACKED_OF(fmaxnm), [FPV_MINNM] = PACKED_OF(fminnm), [FPV_ABD] = PACKED_OF(fabd),
		[FPV_CMEQ] = PACKED_OF(fcmeq), [FPV_CMGE] = PACKED_OF(fcmge), [FPV_CMGT] = PACKED_OF(fcmgt),
		[FPV_ACGE] = PACKED_OF(facge), [FPV_ACGT] = PACKED_OF(facgt),
	};
	struct shape sh = shape_of(row, w);

	return emit_lanes(t, packed_or(fn[row->arg][sh.s - 1], packed[row->arg], sh), sh, w, 0);
}

bool tr_fp_mla(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[2][3] = { BY_SIZE(fmla), BY_SIZE(fmls) };
	static exec_fn *const packed[2][3] = { PACKED_OF(fmla), PACKED_OF(fmls) };
	struct shape sh = shape_of(row, w);

	return emit_lanes(t, packed_or(fn[row->arg][sh.s - 1], packed[row->arg], sh), sh, w, 0);
}

bool tr_fp_pairs(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[FPV_BINARY_COUNT][3] = {
		[FPV_ADD] = BY_SIZE(faddp), [FPV_MAX] = BY_SIZE(fmaxp), [FPV_MIN] = BY_SIZE(fminp),
		[FPV_MAXNM] = BY_SIZE(fmaxnmp), [FPV_MINNM] = BY_SIZE(fminnmp),
	};
	static exec_fn *const packed[FPV_BINARY_COUNT][3] = { [FPV_ADD] = { exec_faddp32_q, exec_faddp64_q } };
	struct shape sh = shape_of(row, w);
	exec_fn *f = fn[row->arg][sh.s - 1];

	if (!sh.scalar)
		return emit_lanes(t, packed_or(f, packed[row->arg], sh), sh, w, (s32)sh.lanes);
	/* the scalar form pairs the two lowest lanes of rn: it has no rm */
	return emit_lanes(t, f, sh, w, 2);
}

bool tr_fp_across(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[FPV_BINARY_COUNT][2] = {
		[FPV_MAX] = { exec_fmaxv16, exec_fmaxv32 }, [FPV_MIN] = { exec_fminv16, exec_fminv32 },
		[FPV_MAXNM] = { exec_fmaxnmv16, exec_fmaxnmv32 }, [FPV_MINNM] = { exec_fminnmv16, exec_fminnmv32 },
	};
	struct shape sh = shape_of(row, w);

	return emit_lanes(t, fn[row->arg][sh.s - 1], sh, w, (s32)sh.lanes);
}

/* By element: the index is H:L:M, H:L or H by size; half-precision has four bits for rm. */
struct element {
	u8 rm;
	s32 index;
	bool bad;
};

static struct element element_of(enum fp_size s, u32 w)
{
	unsigned h = (unsigned)bit(w, 11), l = (unsigned)bit(w, 21), m = (unsigned)bit(w, 20);

	if (s == FP_H)
		return (struct element){ .rm = (u8)bits(w, 19, 16), .index = (s32)(h << 2 | l << 1 | m) };
	if (s == FP_S)
		return (struct element){ .rm = RM_OF(w), .index = (s32)(h << 1 | l) };
	return (struct element){ .rm = RM_OF(w), .index = (s32)h, .bad = l };
}

static bool emit_element(struct tr *t, exec_fn *fn, struct shape sh, u32 w)
{
	struct element e = element_of(sh.s, w);

	if (!sh.lanes || e.bad)
		return false;
	if (tr_fp_check(t))
		emit(t, fn, RD_OF(w), RN_OF(w), e.rm, (u8)sh.lanes, e.index);
	return true;
}

bool tr_fp_elem(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[2][3] = { BY_SIZE(fmul_e), BY_SIZE(fmulx_e) };
	static exec_fn *const packed[2][3] = { PACKED_OF(fmul_e) };
	bool extended = row->arg == FPV_MULX;
	struct shape sh = shape_of(row, w);

	return emit_element(t, packed_or(fn[extended][sh.s - 1], packed[extended], sh), sh, w);
}

bool tr_fp_mla_elem(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[2][3] = { BY_SIZE(fmla_e), BY_SIZE(fmls_e) };
	static exec_fn *const packed[2][3] = { PACKED_OF(fmla_e), PACKED_OF(fmls_e) };
	struct shape sh = shape_of(row, w);

	return emit_element(t, packed_or(fn[row->arg][sh.s - 1], packed[row->arg], sh), sh, w);
}

bool tr_fp_unary(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[FPV_UNARY_COUNT][3] = {
		[FPV_SQRT] = BY_SIZE(fsqrt), [FPV_RECPE] = BY_SIZE(frecpe), [FPV_RSQRTE] = BY_SIZE(frsqrte),
		[FPV_RECPX] = BY_SIZE(frecpx), [FPV_CMGT0] = BY_SIZE(fcmgt0), [FPV_CMGE0] = BY_SIZE(fcmge0),
		[FPV_CMEQ0] = BY_SIZE(fcmeq0), [FPV_CMLE0] = BY_SIZE(fcmle0), [FPV_CMLT0] = BY_SIZE(fcmlt0),
	};
	static exec_fn *const packed[FPV_UNARY_COUNT][3] = {
		[FPV_SQRT] = PACKED_OF(fsqrt), [FPV_CMGT0] = PACKED_OF(fcmgt0), [FPV_CMGE0] = PACKED_OF(fcmge0),
		[FPV_CMEQ0] = PACKED_OF(fcmeq0), [FPV_CMLE0] = PACKED_OF(fcmle0), [FPV_CMLT0] = PACKED_OF(fcmlt0),
	};
	struct shape sh = shape_of(row, w);

	return emit_lanes(t, packed_or(fn[row->arg][sh.s - 1], packed[row->arg], sh), sh, w, 0);
}

static u64 replicate(enum fp_size s, u64 v)
{
	return s == FP_D ? v : s == FP_S ? v * 0x100000001 : v * 0x1000100010001;
}

/* FABS (arg 0), FNEG (1); vectors only */
bool tr_fp_sign(struct tr *t, const struct insn *row, u32 w)
{
	struct shape sh = shape_of(row, w);
	u64 signs = replicate(sh.s, fp_sign_bit(sh.s));

	if (!sh.lanes)
		return false;
	if (tr_fp_check(t))
		emit_const(t, row->arg ? exec_fneg : exec_fabs, RD_OF(w), RN_OF(w), 0, (u8)bit(w, 30),
			   row->arg ? signs : ~signs);
	return true;
}

bool tr_frint_vec(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const packed[FPA_RM + 1][3] = {
		[FP_RN] = PACKED_OF(frintn), [FP_RP] = PACKED_OF(frintp), [FP_RM] = PACKED_OF(frintm), [FP_RZ] = PACKED_OF(frintz),
		[FP_RA] = PACKED_OF(frinta), [FPA_RM] = PACKED_OF(frintx),
	};
	struct shape sh = shape_of(row, w);

	return emit_lanes(t, packed_or(exec_frint, packed[row->arg & FPA_RM], sh), sh, w, cvt_pack(sh.s, sh.s, 0, row->arg));
}

/* The shape of a conversion, and its fraction bits: those of fixed-point rows come with the element size from immh:immb. */
static struct shape conversion_shape(const struct insn *row, u32 w, unsigned *fbits)
{
	u32 imm = (u32)bits(w, 22, 16);
	enum fp_size s = imm & 64 ? FP_D : imm & 32 ? FP_S : FP_H;

	*fbits = 0;
	if (!(row->arg & FPA_FIX))
		return shape_of(row, w);
	*fbits = (16u << s) - imm;
	return shape_with(s, w);
}

bool tr_fcvt_vec(struct tr *t, const struct insn *row, u32 w)
{
	/* [unsigned][rounding mode] */
	static exec_fn *const packed[2][FP_RA + 1][3] = {
		{ [FP_RN] = PACKED_OF(fcvtns), [FP_RP] = PACKED_OF(fcvtps), [FP_RM] = PACKED_OF(fcvtms), [FP_RZ] = PACKED_OF(fcvtzs),
		  [FP_RA] = PACKED_OF(fcvtas) },
		{ [FP_RN] = PACKED_OF(fcvtnu), [FP_RP] = PACKED_OF(fcvtpu), [FP_RM] = PACKED_OF(fcvtmu), [FP_RZ] = PACKED_OF(fcvtzu),
		  [FP_RA] = PACKED_OF(fcvtau) },
	};
	unsigned fbits;
	struct shape sh = conversion_shape(row, w, &fbits);
	exec_fn *fn = exec_fcvt_to_int;

	if (row->arg == FP_RZ && sh.s != FP_H && sh.scalar)
		fn = sh.s == FP_D ? exec_fcvtzs64 : exec_fcvtzs32;
	else if (!(row->arg & FPA_FIX))
		fn = packed_or(fn, packed[!!(row->arg & FPA_U)][row->arg & 7], sh);
	return emit_lanes(t, fn, sh, w, cvt_pack(sh.s, sh.s, fbits, row->arg));
}

bool tr_cvtf_vec(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const packed[2][3] = { { exec_scvtf32_q, NULL, exec_scvtf32_d }, { exec_ucvtf32_q, NULL, exec_ucvtf32_d } };
	unsigned fbits;
	struct shape sh = conversion_shape(row, w, &fbits);
	exec_fn *fn = exec_cvtf;

	if (row->arg == 0 && sh.s != FP_H)
		fn = sh.s == FP_D ? exec_scvtf64 : exec_scvtf32;
	else if (row->arg == FPA_U && sh.s == FP_S)
		fn = exec_ucvtf32;
	if (!(row->arg & FPA_FIX))
		fn = packed_or(fn, packed[!!(row->arg & FPA_U)], sh);
	return emit_lanes(t, fn, sh, w, cvt_pack(sh.s, sh.s, fbits, row->arg));
}

bool tr_fp_uest(struct tr *t, const struct insn *row, u32 w)
{
	return emit_lanes(t, row->arg ? exec_ursqrte : exec_urecpe, shape_with(FP_S, w), w, 0);
}

/* Q: the wide side is whole, the narrow side is the upper half of its register. */
bool tr_fcvt_long(struct tr *t, const struct insn *row, u32 w)
{
	enum fp_size s = bit(w, 22) ? FP_D : FP_S;
	struct shape sh = { .s = s, .lanes = 16u >> s };

	return emit_lanes(t, s == FP_D ? exec_fcvtl64 : exec_fcvtl32, sh, w, bit(w, 30) ? (s32)sh.lanes : 0);
}

bool tr_fcvt_narrow(struct tr *t, const struct insn *row, u32 w)
{
	enum fp_size s = bit(w, 22) ? FP_D : FP_S;
	bool scalar = bit(w, 28);
	struct shape sh = { .s = s, .lanes = scalar ? 1 : 16u >> s };
	exec_fn *fn = row->arg ? exec_fcvtxn64 : s == FP_D ? exec_fcvtn64 : exec_fcvtn32;

	return emit_lanes(t, fn, sh, w, bit(w, 30) && !scalar ? (s32)sh.lanes : 0);
}
