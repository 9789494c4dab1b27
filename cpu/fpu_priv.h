/*
 * The parts of floating-point arithmetic that fpu*.c share: a number taken apart, rounding and
 * putting together, NaN processing. A finite value is held as man * 2^(exp - 63) with bit 63 of
 * man set, which has room for a double's fraction and 11 more bits, the lowest of them sticky.
 */
#ifndef CPU_FPU_PRIV_H
#define CPU_FPU_PRIV_H

#include "cpu/fpu.h"

struct fp_format {
	u8 width, exp_bits, frac_bits;
	s16 emin, emax; /* exponents of the smallest and largest normal numbers */
};

enum fp_class { FPC_ZERO, FPC_FINITE, FPC_INF, FPC_QNAN, FPC_SNAN };

struct fp_num {
	enum fp_class class;
	bool sign;
	s32 exp;
	u64 man;
};

/* An exact intermediate: man * 2^(exp - 127), bit 127 set, bit 0 sticky; zero when man is 0. */
struct fp_wide {
	bool sign;
	s32 exp;
	u128 man;
};

extern const struct fp_format fp_formats[4]; /* by enum fp_size */

/* f's flags |= flags, and what follows from them. */
void fp_raise(struct fpu *f, u32 flags);

/* FPUnpack: denormals become zero under FZ (with IDC) or FZ16 (without). */
struct fp_num fp_unpack(struct fpu *f, enum fp_size s, u64 a);
/* FPUnpackCV, for FCVT: AHP matters and FZ16 does not. */
struct fp_num fp_unpack_cv(struct fpu *f, enum fp_size s, u64 a);

/* FPRound of the finite non-zero n, and FPRoundCV. */
u64 fp_round(struct fpu *f, enum fp_size s, struct fp_num n, enum fp_round rm);
u64 fp_round_cv(struct fpu *f, enum fp_size s, struct fp_num n, enum fp_round rm);
/* FPRound of w; an exact zero has the sign that rm gives it. */
u64 fp_round_wide(struct fpu *f, enum fp_size s, struct fp_wide w, enum fp_round rm);

/* FPProcessNaN; a's class is c. */
u64 fp_process_nan(struct fpu *f, enum fp_size s, enum fp_class c, u64 a);
/* FPProcessNaNs: true when one is a NaN, with the result in *r. */
bool fp_process_nans(struct fpu *f, enum fp_size s, enum fp_class ca, enum fp_class cb, u64 a,
		     u64 b, u64 *r);
/* The default NaN, raising IOC. */
u64 fp_invalid(struct fpu *f, enum fp_size s);

/* Right shift where bits shifted out are ored into bit 0. */
static inline u64 fp_shift_jam(u64 v, unsigned n)
{
	if (n == 0)
		return v;
	if (n >= 64)
		return v != 0;
	return v >> n | (v << (64 - n) != 0);
}

/* Whether a value with bits `err` (left-aligned, of weight below 1) after an integer of parity
 * `odd` is rounded away from zero. */
static inline bool fp_rounds_up(enum fp_round rm, bool sign, bool odd, u64 err)
{
	const u64 half = 1ull << 63;

	switch (rm) {
	case FP_RN:
		return err > half || (err == half && odd);
	case FP_RA:
		return err >= half;
	case FP_RP:
		return err && !sign;
	case FP_RM:
		return err && sign;
	default:
		return false;
	}
}

static inline bool fp_is_nan(enum fp_class c)
{
	return c >= FPC_QNAN;
}

static inline u64 fp_zero(enum fp_size s, bool sign)
{
	return sign ? fp_sign_bit(s) : 0;
}
static inline u64 fp_exp_mask(enum fp_size s)
{
	return low_mask(fp_formats[s].exp_bits) << fp_formats[s].frac_bits;
}
static inline u64 fp_inf(enum fp_size s, bool sign)
{
	return fp_zero(s, sign) | fp_exp_mask(s);
}
static inline u64 fp_max_normal(enum fp_size s, bool sign)
{
	return fp_inf(s, sign) - 1;
}
static inline u64 fp_default_nan(enum fp_size s)
{
	return fp_exp_mask(s) | 1ull << (fp_formats[s].frac_bits - 1);
}
/* Whether results too small for a normal number are flushed. */
static inline bool fp_flushes(const struct fpu *f, enum fp_size s)
{
	return s == FP_H ? f->fz16 : f->fz;
}

/* The host's result of an operation whose flags are known. */
struct fp_host_result {
	u64 bits;
	bool ok;      /* the Arm result, and only IXC can be due */
	bool inexact; /* IXC is due */
};

struct fp_host_result fp_host_add(const struct fpu *f, enum fp_size s, u64 a, u64 b);
struct fp_host_result fp_host_mul(const struct fpu *f, enum fp_size s, u64 a, u64 b);
struct fp_host_result fp_host_div(const struct fpu *f, enum fp_size s, u64 a, u64 b);
struct fp_host_result fp_host_sqrt(const struct fpu *f, enum fp_size s, u64 a);
struct fp_host_result fp_host_fma(const struct fpu *f, enum fp_size s, u64 addend, u64 n, u64 m);

#endif
