/*
 * The reciprocal and reciprocal square root estimates, FRECPE, FRSQRTE, FRECPX, URECPE and
 * URSQRTE: architecturally fixed 8-bit results (DDI0487 shared/functions/float/fprecipestimate
 * and fprsqrtestimate). Called by the instruction handlers through fpu.h.
 */
#include "cpu/fpu.h"
#include "cpu/fpu_priv.h"

/* RecipEstimate: a in 256..511 is 0.5..1 in units of 1/512; so is the result, of 1..2 in 1/256. */
static u32 recip_estimate(u32 a)
{
	u32 b = (1u << 19) / (a * 2 + 1);

	return (b + 1) / 2;
}

/* RecipSqrtEstimate: a in 128..511 is 0.25..1 in units of 1/512; the result 256..511 is 1..2. */
static u32 rsqrt_estimate(u32 a)
{
	u32 b;

	a = a < 256 ? a * 2 + 1 : ((a & ~1u) + 1) * 2;
	/* the largest b with a * b * b < 2^28; the host's root of a small integer rounds down right */
	b = (u32)fp64_host_sqrt((double)(((1u << 28) - 1) / a));
	return (b + 1) / 2;
}

/* A magnitude below 2^(emin - 2): its reciprocal overflows. */
static u64 recip_overflow(struct fpu *f, enum fp_size s, bool sign)
{
	bool to_inf = f->rm == FP_RN || f->rm == (sign ? FP_RM : FP_RP);

	fp_raise(f, FPSR_OFC | FPSR_IXC);
	return to_inf ? fp_inf(s, sign) : fp_max_normal(s, sign);
}

u64 fp_recpe(struct fpu *f, enum fp_size s, u64 a)
{
	const struct fp_format *t = &fp_formats[s];
	struct fp_num n = fp_unpack(f, s, a);
	s32 exp;
	u64 man;

	if (fp_is_nan(n.class))
		return fp_process_nan(f, s, n.class, a);
	if (n.class == FPC_INF)
		return fp_zero(s, n.sign);
	if (n.class == FPC_ZERO) {
		fp_raise(f, FPSR_DZC);
		return fp_inf(s, n.sign);
	}
	if (n.exp < t->emin - 2)
		return recip_overflow(f, s, n.sign);
	if (fp_flushes(f, s) && n.exp >= -t->emin) {
		fp_raise(f, FPSR_UFC);
		return fp_zero(s, n.sign);
	}
	/* the estimate, 256..511, has its leading one at 2^exp */
	exp = -1 - n.exp;
	man = (u64)recip_estimate((u32)(n.man >> 55)) << (t->frac_bits - 8);
	if (exp < t->emin)
		return fp_zero(s, n.sign) | man >> (t->emin - exp);
	return fp_zero(s, n.sign) | (man + ((u64)(exp - t->emin) << t->frac_bits));
}

u64 fp_rsqrte(struct fpu *f, enum fp_size s, u64 a)
{
	const struct fp_format *t = &fp_formats[s];
	struct fp_num n = fp_unpack(f, s, a);
	bool odd = n.exp & 1;
	u32 scaled;
	u64 man;

	if (fp_is_nan(n.class))
		return fp_process_nan(f, s, n.class, a);
	if (n.class == FPC_ZERO) {
		fp_raise(f, FPSR_DZC);
		return fp_inf(s, n.sign);
	}
	if (n.sign)
		return fp_invalid(f, s);
	if (n.class == FPC_INF)
		return fp_zero(s, false);
	/* a = scaled / 512 * 2^(n.exp + 1 + !odd), an even exponent; 1/sqrt has its leading one at
	 * minus half of it */
	scaled = (u32)(n.man >> (odd ? 55 : 56));
	man = (u64)rsqrt_estimate(scaled) << (t->frac_bits - 8);
	return man + ((u64)(-(n.exp + 1 + !odd) / 2 - t->emin) << t->frac_bits);
}

/* FPRecpX: the exponent inverted, the fraction dropped. */
u64 fp_recpx(struct fpu *f, enum fp_size s, u64 a)
{
	const struct fp_format *t = &fp_formats[s];
	struct fp_num n = fp_unpack(f, s, a);
	u64 exp_field = fp_exp_mask(s), exp = a & exp_field;

	if (fp_is_nan(n.class))
		return fp_process_nan(f, s, n.class, a);
	exp = exp ? ~exp & exp_field : exp_field - (1ull << t->frac_bits);
	return fp_zero(s, n.sign) | exp;
}

u32 fp_urecpe(u32 a)
{
	return a >> 31 ? recip_estimate(a >> 23) << 23 : ~0u;
}

u32 fp_ursqrte(u32 a)
{
	return a >> 30 ? rsqrt_estimate(a >> 23) << 23 : ~0u;
}
