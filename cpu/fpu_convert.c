/*
 * Floating-point conversions: rounding to integral values, to and from integers and fixed-point
 * numbers, between formats. Called by the instruction handlers through fpu.h.
 */
#include "cpu/fpu.h"
#include "cpu/fpu_priv.h"

/* A magnitude split at its binary point. */
struct fixed {
	u64 integer;
	u64 err;     /* bits of weight below 1, left-aligned, the lowest sticky */
};

/* n * 2^fbits, which is below 2^64 */
static struct fixed to_fixed(struct fp_num n, unsigned fbits)
{
	s32 exp = n.exp + (s32)fbits;

	if (exp == 63)
		return (struct fixed){ .integer = n.man };
	if (exp >= 0)
		return (struct fixed){ .integer = n.man >> (63 - exp), .err = n.man << (exp + 1) };
	return (struct fixed){ .err = fp_shift_jam(n.man, (u32)(-1 - exp)) };
}

static u64 round_fixed(struct fixed x, bool sign, enum fp_round rm)
{
	return x.integer + fp_rounds_up(rm, sign, x.integer & 1, x.err);
}

u64 fp_round_int(struct fpu *f, enum fp_size s, u64 a, enum fp_round rm, bool exact)
{
	struct fp_num n = fp_unpack(f, s, a);
	struct fixed x;
	u64 v;

	if (fp_is_nan(n.class))
		return fp_process_nan(f, s, n.class, a);
	if (n.class == FPC_INF)
		return fp_inf(s, n.sign);
	if (n.class == FPC_ZERO)
		return fp_zero(s, n.sign);
	if (n.exp >= fp_formats[s].frac_bits)
		return a;
	x = to_fixed(n, 0);
	v = round_fixed(x, n.sign, rm);
	if (x.err && exact)
		fp_raise(f, FPSR_IXC);
	if (!v)
		return fp_zero(s, n.sign);
	n.exp = 63 - (s32)clz64(v);
	n.man = v << clz64(v);
	return fp_round(f, s, n, FP_RZ);
}

/* FPConvertNaN: the payload's leading bits are kept. */
static u64 convert_nan(enum fp_size to, enum fp_size from, bool sign, u64 a)
{
	const struct fp_format *t = &fp_formats[to], *o = &fp_formats[from];
	u64 payload = a << (64 - o->frac_bits) | 1ull << 63;

	return fp_inf(to, sign) | payload >> (64 - t->frac_bits);
}

u64 fp_convert(struct fpu *f, enum fp_size to, enum fp_size from, u64 a, enum fp_round rm)
{
	struct fp_num n = fp_unpack_cv(f, from, a);
	bool alt_half = to == FP_H && f->ahp;

	if (fp_is_nan(n.class)) {
		if (n.class == FPC_SNAN || alt_half)
			fp_raise(f, FPSR_IOC);
		if (alt_half)
			return fp_zero(to, n.sign);
		return f->dn ? fp_default_nan(to) : convert_nan(to, from, n.sign, a);
	}
	if (n.class == FPC_INF && alt_half) {
		fp_raise(f, FPSR_IOC);
		return fp_zero(to, n.sign) | (fp_sign_bit(to) - 1);
	}
	if (n.class == FPC_INF)
		return fp_inf(to, n.sign);
	if (n.class == FPC_ZERO)
		return fp_zero(to, n.sign);
	return fp_round_cv(f, to, n, rm);
}

/* Whether the integer cannot hold a magnitude with its sign. */
static bool out_of_range(u64 v, bool sign, unsigned isize, bool is_unsigned)
{
	if (is_unsigned)
		return sign ? v != 0 : v > low_mask(isize);
	return v > low_mask(isize - 1) + sign;
}

static u64 saturated(bool sign, unsigned isize, bool is_unsigned)
{
	if (is_unsigned)
		return sign ? 0 : low_mask(isize);
	return low_mask(isize - 1) + sign;
}

u64 fp_to_int(struct fpu *f, enum fp_size s, u64 a, unsigned isize, bool is_unsigned,
	      unsigned fbits, enum fp_round rm)
{
	struct fp_num n = fp_unpack(f, s, a);
	struct fixed x;
	u64 v;

	if (n.class == FPC_ZERO)
		return 0;
	if (fp_is_nan(n.class)) {
		fp_raise(f, FPSR_IOC);
		return 0;
	}
	/* From 2^64 on nothing is representable; below, rounding cannot carry out of 64 bits, for a
	 * value with 64 integer bits has no fraction. */
	if (n.class == FPC_INF || n.exp + (s32)fbits > 63) {
		fp_raise(f, FPSR_IOC);
		return saturated(n.sign, isize, is_unsigned);
	}
	x = to_fixed(n, fbits);
	v = round_fixed(x, n.sign, rm);
	if (out_of_range(v, n.sign, isize, is_unsigned)) {
		fp_raise(f, FPSR_IOC);
		return saturated(n.sign, isize, is_unsigned);
	}
	if (x.err)
		fp_raise(f, FPSR_IXC);
	return (n.sign ? -v : v) & low_mask(isize);
}

static u64 from_magnitude(struct fpu *f, enum fp_size s, bool sign, u64 v, unsigned fbits,
			  enum fp_round rm)
{
	struct fp_num n = { .class = FPC_FINITE, .sign = sign };

	if (!v)
		return 0;
	n.exp = 63 - (s32)clz64(v) - (s32)fbits;
	n.man = v << clz64(v);
	return fp_round(f, s, n, rm);
}

u64 fp_from_sint(struct fpu *f, enum fp_size s, s64 v, unsigned fbits, enum fp_round rm)
{
	return from_magnitude(f, s, v < 0, v < 0 ? -(u64)v : (u64)v, fbits, rm);
}

u64 fp_from_uint(struct fpu *f, enum fp_size s, u64 v, unsigned fbits, enum fp_round rm)
{
	return from_magnitude(f, s, false, v, fbits, rm);
}
