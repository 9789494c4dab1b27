/*
 * Exact floating-point arithmetic: taking numbers apart, the operations on exact intermediates,
 * one rounding. One implementation for the three formats; fpu.h says what is and is not modelled.
 * Conversions are in fpu_convert.c, estimates in fpu_estimate.c, the host's arithmetic in
 * fpu_host.c.
 */
#include "cpu/fpu.h"
#include "cpu/fpu_priv.h"

const struct fp_format fp_formats[4] = {
	[FP_H] = { .width = 16, .exp_bits = 5, .frac_bits = 10, .emin = -14, .emax = 15 },
	[FP_S] = { .width = 32, .exp_bits = 8, .frac_bits = 23, .emin = -126, .emax = 127 },
	[FP_D] = { .width = 64, .exp_bits = 11, .frac_bits = 52, .emin = -1022, .emax = 1023 },
};

/* ---- State ---- */

static void update_host(struct fpu *f)
{
	bool round = f->rm == FP_RN && !f->fz && f->fpsr & FPSR_IXC;

	f->host = (u8)((round ? FP_HOST_ROUND : 0) | (round && f->host_fma ? FP_HOST_FMA : 0) |
		       (!f->fz ? FP_HOST_EXACT : 0));
}

void fpu_set_fpcr(struct fpu *f, u64 fpcr)
{
	f->fpcr = (u32)(fpcr & FPCR_MASK);
	f->rm = (u8)bits(fpcr, 23, 22);
	f->fz = fpcr & FPCR_FZ;
	f->dn = fpcr & FPCR_DN;
	f->fz16 = fpcr & FPCR_FZ16;
	f->ahp = fpcr & FPCR_AHP;
	update_host(f);
}

void fpu_set_fpsr(struct fpu *f, u64 fpsr)
{
	f->fpsr = (u32)(fpsr & FPSR_MASK);
	update_host(f);
}

#if defined(__x86_64__)
static bool host_has_fma(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("fma");
}
#elif defined(__FP_FAST_FMA) && defined(__FP_FAST_FMAF)
static bool host_has_fma(void)
{
	return true;
}
#else
static bool host_has_fma(void)
{
	return false;
}
#endif

void fpu_init(struct fpu *f)
{
	f->host_fma = host_has_fma();
	f->fpsr = 0;
	fpu_set_fpcr(f, 0);
}

void fp_raise(struct fpu *f, u32 flags)
{
	f->fpsr |= flags;
	if (flags & FPSR_IXC)
		update_host(f);
}

/* ---- Taking apart ---- */

static struct fp_num unpack(struct fpu *f, enum fp_size s, u64 a, bool flush, bool alt_half)
{
	const struct fp_format *t = &fp_formats[s];
	u64 frac = a & low_mask(t->frac_bits);
	s32 biased = (s32)(a >> t->frac_bits & low_mask(t->exp_bits));
	struct fp_num n = { .class = FPC_FINITE, .sign = a >> (t->width - 1) & 1 };

	if (biased == (s32)low_mask(t->exp_bits) && !alt_half) {
		bool quiet = frac >> (t->frac_bits - 1);

		n.class = !frac ? FPC_INF : quiet ? FPC_QNAN : FPC_SNAN;
		return n;
	}
	if (biased) {
		n.exp = biased - 1 + t->emin;
		n.man = 1ull << 63 | frac << (63 - t->frac_bits);
		return n;
	}
	if (frac && flush && s != FP_H)
		fp_raise(f, FPSR_IDC);
	if (!frac || flush) {
		n.class = FPC_ZERO;
		return n;
	}
	n.exp = t->emin + 63 - t->frac_bits - (s32)clz64(frac);
	n.man = frac << clz64(frac);
	return n;
}

struct fp_num fp_unpack(struct fpu *f, enum fp_size s, u64 a)
{
	return unpack(f, s, a, fp_flushes(f, s), false);
}

struct fp_num fp_unpack_cv(struct fpu *f, enum fp_size s, u64 a)
{
	return unpack(f, s, a, s != FP_H && f->fz, s == FP_H && f->ahp);
}

/* ---- NaNs ---- */

u64 fp_invalid(struct fpu *f, enum fp_size s)
{
	fp_raise(f, FPSR_IOC);
	return fp_default_nan(s);
}

u64 fp_process_nan(struct fpu *f, enum fp_size s, enum fp_class c, u64 a)
{
	if (c == FPC_SNAN)
		fp_raise(f, FPSR_IOC);
	return f->dn ? fp_default_nan(s) : a | 1ull << (fp_formats[s].frac_bits - 1);
}

bool fp_process_nans(struct fpu *f, enum fp_size s, enum fp_class ca, enum fp_class cb, u64 a,
		     u64 b, u64 *r)
{
	if (!fp_is_nan(ca) && !fp_is_nan(cb))
		return false;
	/* the first signalling one, else the first quiet one */
	if (ca == FPC_SNAN || (cb != FPC_SNAN && ca == FPC_QNAN))
		*r = fp_process_nan(f, s, ca, a);
	else
		*r = fp_process_nan(f, s, cb, b);
	return true;
}

/* FPProcessNaNs3 */
static bool process_nans3(struct fpu *f, enum fp_size s, const struct fp_num n[3], const u64 op[3],
			  u64 *r)
{
	for (enum fp_class c = FPC_SNAN; c >= FPC_QNAN; c--) {
		for (int i = 0; i < 3; i++) {
			if (n[i].class == c) {
				*r = fp_process_nan(f, s, c, op[i]);
				return true;
			}
		}
	}
	return false;
}

/* ---- Rounding ---- */

static u64 overflow(struct fpu *f, enum fp_size s, bool sign, enum fp_round rm, bool alt_half)
{
	bool to_inf = rm == FP_RN || rm == FP_RA || rm == (sign ? FP_RM : FP_RP);

	if (alt_half) {
		fp_raise(f, FPSR_IOC);
		return fp_zero(s, sign) | (fp_sign_bit(s) - 1);
	}
	fp_raise(f, FPSR_OFC | FPSR_IXC);
	return to_inf ? fp_inf(s, sign) : fp_max_normal(s, sign);
}

static u64 round_pack(struct fpu *f, enum fp_size s, struct fp_num n, enum fp_round rm, bool flush,
		      bool alt_half)
{
	const struct fp_format *t = &fp_formats[s];
	bool tiny = n.exp < t->emin;
	u64 man = n.man, result, err;

	if (tiny && flush) {
		fp_raise(f, FPSR_UFC);
		return fp_zero(s, n.sign);
	}
	if (tiny)
		man = fp_shift_jam(man, (unsigned)(t->emin - n.exp));
	result = man >> (63 - t->frac_bits);
	err = man << (t->frac_bits + 1);
	/* the leading one, if there, adds 1 to the exponent field; so may rounding */
	if (!tiny)
		result += (u64)(n.exp - t->emin) << t->frac_bits;
	if (tiny && err)
		fp_raise(f, FPSR_UFC);
	if (rm == FP_RO)
		result |= err != 0;
	else
		result += fp_rounds_up(rm, n.sign, result & 1, err);
	if (result >> t->frac_bits >= low_mask(t->exp_bits) + alt_half)
		return overflow(f, s, n.sign, rm, alt_half);
	if (err)
		fp_raise(f, FPSR_IXC);
	return fp_zero(s, n.sign) | result;
}

u64 fp_round(struct fpu *f, enum fp_size s, struct fp_num n, enum fp_round rm)
{
	return round_pack(f, s, n, rm, fp_flushes(f, s), false);
}

u64 fp_round_cv(struct fpu *f, enum fp_size s, struct fp_num n, enum fp_round rm)
{
	return round_pack(f, s, n, rm, s != FP_H && f->fz, s == FP_H && f->ahp);
}

static struct fp_wide wide_normalise(struct fp_wide w)
{
	unsigned shift;

	if (!w.man)
		return w;
	shift = (u64)(w.man >> 64) ? clz64((u64)(w.man >> 64)) : 64 + clz64((u64)w.man);
	w.man <<= shift;
	w.exp -= (s32)shift;
	return w;
}

u64 fp_round_wide(struct fpu *f, enum fp_size s, struct fp_wide w, enum fp_round rm)
{
	struct fp_num n;

	if (!w.man)
		return fp_zero(s, rm == FP_RM);
	w = wide_normalise(w);
	n = (struct fp_num){
		.class = FPC_FINITE,
		.sign = w.sign,
		.exp = w.exp,
		.man = (u64)(w.man >> 64) | ((u64)w.man != 0),
	};
	return fp_round(f, s, n, rm);
}

/* ---- Exact intermediates ---- */

static struct fp_wide wide(struct fp_num n)
{
	return (struct fp_wide){ n.sign, n.exp, n.class == FPC_ZERO ? 0 : (u128)n.man << 64 };
}

static struct fp_wide wide_mul(struct fp_num a, struct fp_num b)
{
	struct fp_wide w = { a.sign ^ b.sign, a.exp + b.exp + 1, (u128)a.man * b.man };

	if (a.class == FPC_ZERO || b.class == FPC_ZERO)
		w.man = 0;
	return wide_normalise(w);
}

static u128 wide_shift_jam(u128 v, u32 n)
{
	if (n == 0)
		return v;
	if (n >= 128)
		return v != 0;
	return v >> n | (v << (128 - n) != 0);
}

/*
 * The sum, its lowest bit sticky. Operands have at most 106 significant bits, so when bits of the
 * smaller are lost the larger is even and at least 22 bits away: a cancellation is of one bit at
 * most, and the sticky bit is right for sum and difference alike.
 */
static struct fp_wide wide_add(struct fp_wide a, struct fp_wide b)
{
	struct fp_wide r;

	if (!a.man)
		return b;
	if (!b.man)
		return a;
	if (a.exp < b.exp || (a.exp == b.exp && a.man < b.man)) {
		r = a;
		a = b;
		b = r;
	}
	/* one bit of room for the carry */
	a.man >>= 1;
	b.man = wide_shift_jam(b.man >> 1, (u32)(a.exp - b.exp));
	r.sign = a.sign;
	r.exp = a.exp + 1;
	r.man = a.sign == b.sign ? a.man + b.man : a.man - b.man;
	return wide_normalise(r);
}

/* ---- Operations ---- */

static u64 host_result(struct fpu *f, struct fp_host_result r)
{
	if (r.inexact && !(f->fpsr & FPSR_IXC))
		fp_raise(f, FPSR_IXC);
	return r.bits;
}

static u64 soft_add(struct fpu *f, enum fp_size s, u64 a, u64 b, bool subtract)
{
	struct fp_num x = fp_unpack(f, s, a), y = fp_unpack(f, s, b);
	u64 r;

	if (fp_process_nans(f, s, x.class, y.class, a, b, &r))
		return r;
	y.sign ^= subtract;
	if (x.class == FPC_INF && y.class == FPC_INF && x.sign != y.sign)
		return fp_invalid(f, s);
	if (x.class == FPC_INF)
		return fp_inf(s, x.sign);
	if (y.class == FPC_INF)
		return fp_inf(s, y.sign);
	if (x.class == FPC_ZERO && y.class == FPC_ZERO && x.sign == y.sign)
		return fp_zero(s, x.sign);
	return fp_round_wide(f, s, wide_add(wide(x), wide(y)), (enum fp_round)f->rm);
}

u64 fp_add(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	struct fp_host_result r = fp_host_add(f, s, a, b);

	return r.ok ? host_result(f, r) : soft_add(f, s, a, b, false);
}

u64 fp_sub(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	struct fp_host_result r = fp_host_add(f, s, a, fp_neg(s, b));

	return r.ok ? host_result(f, r) : soft_add(f, s, a, b, true);
}

/* FPMul and FPMulX, which differ in infinity * zero. */
static u64 soft_mul(struct fpu *f, enum fp_size s, u64 a, u64 b, bool extended)
{
	struct fp_num x = fp_unpack(f, s, a), y = fp_unpack(f, s, b);
	bool sign = x.sign ^ y.sign;
	bool inf = x.class == FPC_INF || y.class == FPC_INF;
	bool zero = x.class == FPC_ZERO || y.class == FPC_ZERO;
	u64 r;

	if (fp_process_nans(f, s, x.class, y.class, a, b, &r))
		return r;
	if (inf && zero && extended) /* 2.0 */
		return fp_zero(s, sign) | 1ull << (fp_formats[s].width - 2);
	if (inf && zero)
		return fp_invalid(f, s);
	if (inf)
		return fp_inf(s, sign);
	if (zero)
		return fp_zero(s, sign);
	return fp_round_wide(f, s, wide_mul(x, y), (enum fp_round)f->rm);
}

u64 fp_mul(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	struct fp_host_result r = fp_host_mul(f, s, a, b);

	return r.ok ? host_result(f, r) : soft_mul(f, s, a, b, false);
}

u64 fp_mulx(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	struct fp_host_result r = fp_host_mul(f, s, a, b);

	return r.ok ? host_result(f, r) : soft_mul(f, s, a, b, true);
}

static u64 soft_div(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	struct fp_num x = fp_unpack(f, s, a), y = fp_unpack(f, s, b);
	struct fp_num q = { .class = FPC_FINITE, .sign = x.sign ^ y.sign, .exp = x.exp - y.exp };
	u128 dividend;
	u64 r;

	if (fp_process_nans(f, s, x.class, y.class, a, b, &r))
		return r;
	if (x.class == y.class && x.class != FPC_FINITE) /* 0 / 0, inf / inf */
		return fp_invalid(f, s);
	if (x.class == FPC_INF)
		return fp_inf(s, q.sign);
	if (y.class == FPC_ZERO) {
		fp_raise(f, FPSR_DZC);
		return fp_inf(s, q.sign);
	}
	if (x.class == FPC_ZERO || y.class == FPC_INF)
		return fp_zero(s, q.sign);
	/* scaled so that the quotient has exactly 64 bits */
	dividend = (u128)x.man << (x.man >= y.man ? 63 : 64);
	q.exp -= x.man < y.man;
	q.man = (u64)(dividend / y.man);
	q.man |= (u128)q.man * y.man != dividend;
	return fp_round(f, s, q, (enum fp_round)f->rm);
}

u64 fp_div(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	struct fp_host_result r = fp_host_div(f, s, a, b);

	return r.ok ? host_result(f, r) : soft_div(f, s, a, b);
}

/* The root of v, rounded down to its first `digits` binary digits from bit 63 on; the lowest bit
 * is sticky. */
static u64 root_jam(u128 v, unsigned digits)
{
	u64 root = 0;

	for (unsigned i = 0; i < digits; i++) {
		u64 trial = root | 1ull << (63 - i);

		if ((u128)trial * trial <= v)
			root = trial;
	}
	return root | ((u128)root * root != v);
}

static u64 soft_sqrt(struct fpu *f, enum fp_size s, u64 a)
{
	struct fp_num x = fp_unpack(f, s, a), root = { .class = FPC_FINITE };
	bool odd = x.exp & 1;

	if (fp_is_nan(x.class))
		return fp_process_nan(f, s, x.class, a);
	if (x.class == FPC_ZERO)
		return fp_zero(s, x.sign);
	if (x.sign)
		return fp_invalid(f, s);
	if (x.class == FPC_INF)
		return fp_inf(s, false);
	/* value = radicand * 2^(2 * root.exp - 126), 2^126 <= radicand < 2^128 */
	root.exp = (x.exp - odd) / 2;
	root.man = root_jam((u128)x.man << (63 + odd), fp_formats[s].frac_bits + 3u);
	return fp_round(f, s, root, (enum fp_round)f->rm);
}

u64 fp_sqrt(struct fpu *f, enum fp_size s, u64 a)
{
	struct fp_host_result r = fp_host_sqrt(f, s, a);

	return r.ok ? host_result(f, r) : soft_sqrt(f, s, a);
}

static u64 soft_fma(struct fpu *f, enum fp_size s, u64 addend, u64 n, u64 m)
{
	const u64 op[3] = { addend, n, m };
	const struct fp_num v[3] = { fp_unpack(f, s, addend), fp_unpack(f, s, n),
				     fp_unpack(f, s, m) };
	bool sign = v[1].sign ^ v[2].sign; /* of the product */
	bool inf = v[1].class == FPC_INF || v[2].class == FPC_INF;
	bool zero = v[1].class == FPC_ZERO || v[2].class == FPC_ZERO;
	u64 r;

	if (process_nans3(f, s, v, op, &r)) {
		if (v[0].class == FPC_QNAN && inf && zero)
			return fp_invalid(f, s);
		return r;
	}
	if ((inf && zero) || (inf && v[0].class == FPC_INF && v[0].sign != sign))
		return fp_invalid(f, s);
	if (inf || v[0].class == FPC_INF)
		return fp_inf(s, inf ? sign : v[0].sign);
	if (v[0].class == FPC_ZERO && zero && v[0].sign == sign)
		return fp_zero(s, sign);
	return fp_round_wide(f, s, wide_add(wide(v[0]), wide_mul(v[1], v[2])),
			     (enum fp_round)f->rm);
}

u64 fp_fma(struct fpu *f, enum fp_size s, u64 addend, u64 n, u64 m)
{
	struct fp_host_result r = fp_host_fma(f, s, addend, n, m);

	return r.ok ? host_result(f, r) : soft_fma(f, s, addend, n, m);
}

/* FPRecipStepFused (2 - a*b) and FPRSqrtStepFused ((3 - a*b) / 2): three = false, true. */
static u64 step(struct fpu *f, enum fp_size s, u64 a, u64 b, bool three)
{
	struct fp_num x, y, k = { .class = FPC_FINITE, .exp = 1 };
	struct fp_wide w;
	unsigned frac_bits = fp_formats[s].frac_bits;
	bool inf, zero;
	u64 r;

	a = fp_neg(s, a);
	x = fp_unpack(f, s, a);
	y = fp_unpack(f, s, b);
	inf = x.class == FPC_INF || y.class == FPC_INF;
	zero = x.class == FPC_ZERO || y.class == FPC_ZERO;
	if (fp_process_nans(f, s, x.class, y.class, a, b, &r))
		return r;
	if (inf && zero) /* 1.5 or 2.0 */
		return three ? low_mask(fp_formats[s].exp_bits - 1) << frac_bits |
				       1ull << (frac_bits - 1) :
			       1ull << (fp_formats[s].width - 2);
	if (inf)
		return fp_inf(s, x.sign ^ y.sign);
	k.man = three ? 3ull << 62 : 1ull << 63;
	w = wide_add(wide(k), wide_mul(x, y));
	w.exp -= three;
	return fp_round_wide(f, s, w, (enum fp_round)f->rm);
}

u64 fp_recps(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	return step(f, s, a, b, false);
}

u64 fp_rsqrts(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	return step(f, s, a, b, true);
}

/* ---- Comparison ---- */

/* Of numbers that are not NaNs. */
static enum fp_nzcv order(struct fp_num x, struct fp_num y)
{
	bool zeros = x.class == FPC_ZERO && y.class == FPC_ZERO;
	enum fp_nzcv larger = x.sign ? FP_LESS : FP_GREATER;
	enum fp_nzcv smaller = x.sign ? FP_GREATER : FP_LESS;

	if (zeros)
		return FP_EQUAL;
	if (x.sign != y.sign)
		return x.class == FPC_ZERO ? (y.sign ? FP_GREATER : FP_LESS) : larger;
	if (x.class != y.class) /* zero < finite < infinite */
		return x.class > y.class ? larger : smaller;
	if (x.class == FPC_INF)
		return FP_EQUAL;
	if (x.exp != y.exp)
		return x.exp > y.exp ? larger : smaller;
	if (x.man != y.man)
		return x.man > y.man ? larger : smaller;
	return FP_EQUAL;
}

u32 fp_compare(struct fpu *f, enum fp_size s, u64 a, u64 b, bool signal)
{
	struct fp_num x = fp_unpack(f, s, a), y = fp_unpack(f, s, b);

	if (fp_is_nan(x.class) || fp_is_nan(y.class)) {
		if (signal || x.class == FPC_SNAN || y.class == FPC_SNAN)
			fp_raise(f, FPSR_IOC);
		return FP_UNORDERED;
	}
	return order(x, y);
}

/* fp_compare, by the host where it can. */
static u32 compare(struct fpu *f, enum fp_size s, u64 a, u64 b, bool signal)
{
	if (s == FP_D)
		return fp64_compare(f, a, b, signal);
	if (s == FP_S)
		return fp32_compare(f, (u32)a, (u32)b, signal);
	return fp_compare(f, s, a, b, signal);
}

static u64 mask(enum fp_size s, bool all)
{
	return all ? low_mask(fp_formats[s].width) : 0;
}

u64 fp_cmeq(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	return mask(s, compare(f, s, a, b, false) == FP_EQUAL);
}

u64 fp_cmge(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	u32 c = compare(f, s, a, b, true);

	return mask(s, c == FP_EQUAL || c == FP_GREATER);
}

u64 fp_cmgt(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	return mask(s, compare(f, s, a, b, true) == FP_GREATER);
}

u64 fp_acge(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	return fp_cmge(f, s, fp_abs(s, a), fp_abs(s, b));
}

u64 fp_acgt(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	return fp_cmgt(f, s, fp_abs(s, a), fp_abs(s, b));
}

/* FPMax and FPMin: want = FP_GREATER, FP_LESS. Zeros are ordered by sign. */
static u64 soft_select(struct fpu *f, enum fp_size s, u64 a, u64 b, enum fp_nzcv want)
{
	struct fp_num x = fp_unpack(f, s, a), y = fp_unpack(f, s, b), n;
	u64 r;

	if (fp_process_nans(f, s, x.class, y.class, a, b, &r))
		return r;
	n = order(x, y) == want ? x : y;
	if (n.class == FPC_INF)
		return fp_inf(s, n.sign);
	if (n.class == FPC_FINITE)
		return fp_round(f, s, n, (enum fp_round)f->rm);
	if (x.class == FPC_ZERO && y.class == FPC_ZERO)
		n.sign = want == FP_GREATER ? x.sign && y.sign : x.sign || y.sign;
	return fp_zero(s, n.sign);
}

static u64 select(struct fpu *f, enum fp_size s, u64 a, u64 b, enum fp_nzcv want)
{
	/* without flushing, unequal numbers are returned as they are */
	if (f->host & FP_HOST_EXACT && s != FP_H) {
		double x = s == FP_D ? fp_host64(a) : (double)fp_host32((u32)a);
		double y = s == FP_D ? fp_host64(b) : (double)fp_host32((u32)b);

		if (x < y)
			return want == FP_LESS ? a : b;
		if (x > y)
			return want == FP_LESS ? b : a;
	}
	return soft_select(f, s, a, b, want);
}

/* FPMaxNum and FPMinNum: one quiet NaN beside a number is as if absent. */
static u64 select_number(struct fpu *f, enum fp_size s, u64 a, u64 b, enum fp_nzcv want)
{
	u64 absent = fp_inf(s, want == FP_GREATER);
	enum fp_class ca = fp_unpack(f, s, a).class, cb = fp_unpack(f, s, b).class;

	if (ca == FPC_QNAN && cb != FPC_QNAN)
		a = absent;
	else if (cb == FPC_QNAN && ca != FPC_QNAN)
		b = absent;
	return select(f, s, a, b, want);
}

u64 fp_min(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	return select(f, s, a, b, FP_LESS);
}

u64 fp_max(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	return select(f, s, a, b, FP_GREATER);
}

u64 fp_minnm(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	return select_number(f, s, a, b, FP_LESS);
}

u64 fp_maxnm(struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	return select_number(f, s, a, b, FP_GREATER);
}
