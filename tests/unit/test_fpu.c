/*
 * Floating-point arithmetic: rules of the manual that a sentence can state, and the host's
 * arithmetic against the exact one. tests/diff/insn.sh compares every instruction with a reference.
 */
#include "cpu/fpu.h"
#include "tests/unit/harness.h"

#define ONE32   0x3f800000u
#define TWO32   0x40000000u
#define INF32   0x7f800000u
#define QNAN32  0x7fc00000u
#define ONE64   0x3ff0000000000000ull
#define INF64   0x7ff0000000000000ull
#define QNAN64  0x7ff8000000000000ull
#define MIN64   0x0010000000000000ull /* smallest normal */
#define MAX64   0x7fefffffffffffffull

static struct fpu fpu_with(u64 fpcr)
{
	struct fpu f;

	fpu_init(&f);
	fpu_set_fpcr(&f, fpcr);
	return f;
}

#define RMODE(rm) ((u64)(rm) << 22)

/* The result and the flags, which are then cleared. */
#define EXPECT_FP(f, expr, want, flags)                                                            \
	do {                                                                                       \
		EXPECT_EQ(expr, want);                                                             \
		EXPECT_EQ((f)->fpsr, flags);                                                       \
		fpu_set_fpsr(f, 0);                                                                \
	} while (0)

TEST(reserved_bits_of_the_control_registers_read_as_zero)
{
	struct fpu f = fpu_with(~0ull);

	EXPECT_EQ(f.fpcr, 0x07c80000);
	EXPECT_EQ(f.rm, FP_RZ);
	fpu_set_fpsr(&f, ~0ull);
	EXPECT_EQ(f.fpsr, 0x0800009f);
}

TEST(a_signalling_nan_wins_over_an_earlier_quiet_one)
{
	struct fpu f = fpu_with(0);

	EXPECT_FP(&f, fp32_add(&f, 0x7fc00001, 0xff800002), 0xffc00002, FPSR_IOC);
	EXPECT_FP(&f, fp32_add(&f, 0x7fc00001, 0xffc00002), 0x7fc00001, 0);
	EXPECT_FP(&f, fp64_fma(&f, QNAN64 | 1, QNAN64 | 2, 0x7ff0000000000003), QNAN64 | 3, FPSR_IOC);
	fpu_set_fpcr(&f, FPCR_DN);
	EXPECT_FP(&f, fp32_add(&f, 0xffc00001, ONE32), QNAN32, 0);
}

TEST(infinity_times_zero_plus_quiet_nan_is_invalid)
{
	struct fpu f = fpu_with(0);

	EXPECT_FP(&f, fp64_fma(&f, QNAN64 | 1, INF64, 0), QNAN64, FPSR_IOC);
	EXPECT_FP(&f, fp64_fma(&f, 0x7ff0000000000001, INF64, 0), QNAN64 | 1, FPSR_IOC);
	EXPECT_FP(&f, fp64_mul(&f, INF64, 0), QNAN64, FPSR_IOC);
	EXPECT_FP(&f, fp64_mulx(&f, INF64, fp_neg(FP_D, 0)), 0xc000000000000000, 0);
}

TEST(tininess_is_detected_before_rounding)
{
	struct fpu f = fpu_with(0);
	u64 below_one = ONE64 - 1;

	/* rounds up to the smallest normal number */
	EXPECT_FP(&f, fp64_mul(&f, MIN64, below_one), MIN64, FPSR_UFC | FPSR_IXC);
	fpu_set_fpsr(&f, FPSR_IXC);
	EXPECT_FP(&f, fp64_mul(&f, MIN64, below_one), MIN64, FPSR_UFC | FPSR_IXC);
	/* exact denormals do not underflow */
	EXPECT_FP(&f, fp64_mul(&f, MIN64, ONE64 - (1ull << 52)), MIN64 >> 1, 0);
}

TEST(flush_to_zero_gives_underflow_without_inexact)
{
	struct fpu f = fpu_with(FPCR_FZ);

	EXPECT_FP(&f, fp64_mul(&f, MIN64, fp_neg(FP_D, ONE64 - 1)), 1ull << 63, FPSR_UFC);
	EXPECT_FP(&f, fp64_add(&f, MIN64 - 1, ONE64), ONE64, FPSR_IDC);
	EXPECT_FP(&f, fp64_compare(&f, 1, 0, false), FP_EQUAL, FPSR_IDC);
	/* FZ is not for half precision, FZ16 is, and its inputs are flushed silently */
	EXPECT_FP(&f, fp16_add(&f, 1, 1), 2, 0);
	fpu_set_fpcr(&f, FPCR_FZ16);
	EXPECT_FP(&f, fp16_add(&f, 1, 1), 0, 0);
	EXPECT_FP(&f, fp16_mul(&f, 0x0400, 0x3800), 0, FPSR_UFC);
	EXPECT_FP(&f, fp_convert(&f, FP_S, FP_H, 1, FP_RN), 0x33800000, 0);
}

TEST(overflow_goes_to_infinity_or_not_by_rounding_mode)
{
	static const u64 want[4] = { INF64, INF64, MAX64, MAX64 };

	for (unsigned rm = 0; rm < 4; rm++) {
		struct fpu f = fpu_with(RMODE(rm));

		EXPECT_FP(&f, fp64_add(&f, MAX64, MAX64), want[rm], FPSR_OFC | FPSR_IXC);
		EXPECT_FP(&f, fp64_div(&f, ONE64, 0), INF64, FPSR_DZC);
		EXPECT_FP(&f, fp64_sub(&f, ONE64, ONE64), rm == FP_RM ? 1ull << 63 : 0, 0);
	}
}

TEST(alternative_half_precision_has_no_infinity)
{
	struct fpu f = fpu_with(FPCR_AHP);

	EXPECT_FP(&f, fp_convert(&f, FP_H, FP_S, 0x477fe000, FP_RN), 0x7bff, 0); /* 65504 */
	EXPECT_FP(&f, fp_convert(&f, FP_H, FP_S, 0x47ffe000, FP_RN), 0x7fff, 0); /* 131008 */
	EXPECT_FP(&f, fp_convert(&f, FP_H, FP_S, 0x48000000, FP_RN), 0x7fff, FPSR_IOC);
	EXPECT_FP(&f, fp_convert(&f, FP_H, FP_S, QNAN32 | 1u << 31, FP_RN), 0x8000, FPSR_IOC);
	EXPECT_FP(&f, fp_convert(&f, FP_S, FP_H, 0x7fff, FP_RN), 0x47ffe000, 0);
}

TEST(round_to_odd_keeps_a_sticky_bit)
{
	struct fpu f = fpu_with(0);

	EXPECT_FP(&f, fp_convert(&f, FP_S, FP_D, ONE64 + 1, FP_RO), ONE32 | 1, FPSR_IXC);
	EXPECT_FP(&f, fp_convert(&f, FP_S, FP_D, MAX64, FP_RO), 0x7f7fffff, FPSR_OFC | FPSR_IXC);
}

TEST(conversion_to_integer_saturates_and_is_then_not_inexact)
{
	struct fpu f = fpu_with(0);
	u64 half = 0x3fe0000000000000, big = 0x43e0000000000000; /* 0.5, 2^63 */

	EXPECT_FP(&f, fp_to_int(&f, FP_D, big, 64, false, 0, FP_RZ), INT64_MAX, FPSR_IOC);
	EXPECT_FP(&f, fp_to_int(&f, FP_D, fp_neg(FP_D, big), 64, false, 0, FP_RZ), 1ull << 63, 0);
	EXPECT_FP(&f, fp_to_int(&f, FP_D, big, 64, true, 0, FP_RZ), 1ull << 63, 0);
	EXPECT_FP(&f, fp_to_int(&f, FP_D, fp_neg(FP_D, half), 32, true, 0, FP_RZ), 0, FPSR_IXC);
	EXPECT_FP(&f, fp_to_int(&f, FP_D, fp_neg(FP_D, half), 32, true, 0, FP_RA), 0, FPSR_IOC);
	EXPECT_FP(&f, fp_to_int(&f, FP_D, half, 32, false, 0, FP_RN), 0, FPSR_IXC);
	EXPECT_FP(&f, fp_to_int(&f, FP_D, half, 32, false, 1, FP_RN), 1, 0);
	EXPECT_FP(&f, fp_to_int(&f, FP_D, QNAN64, 32, false, 0, FP_RN), 0, FPSR_IOC);
	EXPECT_FP(&f, (u32)fp64_to_s32_rz(&f, 0xc1e0000000000000), 0x80000000, 0);
}

TEST(a_quiet_nan_is_absent_for_fminnm_but_not_for_fmin)
{
	struct fpu f = fpu_with(0);

	EXPECT_FP(&f, fp32_minnm(&f, QNAN32, ONE32), ONE32, 0);
	EXPECT_FP(&f, fp32_min(&f, QNAN32, ONE32), QNAN32, 0);
	EXPECT_FP(&f, fp32_maxnm(&f, 0x7f800001, ONE32), 0x7fc00001, FPSR_IOC);
	EXPECT_FP(&f, fp32_max(&f, 0x80000000, 0), 0, 0);
	EXPECT_FP(&f, fp32_min(&f, 0, 0x80000000), 0x80000000, 0);
}

TEST(estimates_are_the_architected_ones)
{
	struct fpu f = fpu_with(0);

	EXPECT_FP(&f, fp32_recpe(&f, ONE32), 0x3f7f8000, 0);
	EXPECT_FP(&f, fp32_rsqrte(&f, ONE32), 0x3f7f8000, 0);
	EXPECT_FP(&f, fp32_recpe(&f, 0), INF32, FPSR_DZC);
	EXPECT_FP(&f, fp32_rsqrte(&f, fp_neg(FP_S, ONE32)), QNAN32, FPSR_IOC);
	EXPECT_FP(&f, fp32_recpe(&f, 1), INF32, FPSR_OFC | FPSR_IXC);
	EXPECT_FP(&f, fp32_recps(&f, INF32, 0), TWO32, 0);
	EXPECT_FP(&f, fp32_rsqrts(&f, INF32, 0), 0x3fc00000, 0);
	EXPECT_EQ(fp_urecpe(0x80000000), 0xff800000);
	EXPECT_EQ(fp_ursqrte(0x3fffffff), 0xffffffff);
}

TEST(fmov_immediates_expand)
{
	EXPECT_EQ(fp_expand_imm(FP_D, 0x70), ONE64);
	EXPECT_EQ(fp_expand_imm(FP_S, 0x70), ONE32);
	EXPECT_EQ(fp_expand_imm(FP_H, 0x70), 0x3c00);
	EXPECT_EQ(fp_expand_imm(FP_S, 0x80), 0xc0000000);
	EXPECT_EQ(fp_expand_imm(FP_D, 0xff), 0xbfff000000000000);
}

/* ---- The host's arithmetic ---- */

static u64 next_random(u64 *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state ^ *state >> 33;
}

/* Dense in exponents at both ends of the range and in fractions with few bits. */
static u64 random_number(u64 *rng, enum fp_size s)
{
	u64 r = next_random(rng), v = next_random(rng) >> (r >> 8 & 63);
	unsigned frac_bits = s == FP_D ? 52 : 23;
	u64 max = s == FP_D ? 2047 : 255, exp = r >> 32 & max;

	if (r & 1)
		exp = max / 2 + (r >> 40 & 15) - 8;
	else if ((r & 6) == 0)
		exp = r & 16 ? r >> 40 & 3 : max - (r >> 40 & 3);
	v <<= r >> 16 & (frac_bits - 1);
	return (r >> 63) << ((8u << s) - 1) | exp << frac_bits | (v & low_mask(frac_bits));
}

static u64 run_op(struct fpu *f, unsigned op, enum fp_size s, const u64 v[3])
{
	bool d = s == FP_D;

	switch (op) {
	case 0:
		return d ? fp64_add(f, v[0], v[1]) : fp32_add(f, (u32)v[0], (u32)v[1]);
	case 1:
		return d ? fp64_sub(f, v[0], v[1]) : fp32_sub(f, (u32)v[0], (u32)v[1]);
	case 2:
		return d ? fp64_mul(f, v[0], v[1]) : fp32_mul(f, (u32)v[0], (u32)v[1]);
	case 3:
		return d ? fp64_div(f, v[0], v[1]) : fp32_div(f, (u32)v[0], (u32)v[1]);
	case 4:
		return d ? fp64_sqrt(f, v[0]) : fp32_sqrt(f, (u32)v[0]);
	case 5:
		return d ? fp64_fma(f, v[0], v[1], v[2]) :
			   fp32_fma(f, (u32)v[0], (u32)v[1], (u32)v[2]);
	case 6:
		return d ? fp64_compare(f, v[0], v[1], false) :
			   fp32_compare(f, (u32)v[0], (u32)v[1], false);
	case 7:
		return d ? fp32_from_fp64(f, v[0]) : fp64_from_fp32(f, (u32)v[0]);
	case 8:
		return (u64)(d ? fp64_to_s64_rz(f, v[0]) : fp32_to_s64_rz(f, (u32)v[0]));
	default:
		return d ? fp64_from_s64(f, (s64)v[0]) : fp32_from_s64(f, (s64)v[0]);
	}
}

TEST(the_host_computes_what_the_exact_forms_do)
{
	u64 rng = 1;

	for (unsigned i = 0; i < 400000; i++) {
		enum fp_size s = i & 1 ? FP_D : FP_S;
		unsigned op = i / 2 % 10;
		u64 v[3] = { random_number(&rng, s), random_number(&rng, s),
			     random_number(&rng, s) };
		u64 fpcr = next_random(&rng) & (FPCR_FZ | FPCR_DN);
		struct fpu host = fpu_with(fpcr), exact = host;
		u64 r;

		fpu_set_fpsr(&host, next_random(&rng) & FPSR_IXC);
		exact.fpsr = host.fpsr;
		exact.host_fma = false; /* what fpu_host.c asks for */
		exact.host = 0;
		r = run_op(&exact, op, s, v);
		if (!EXPECT_EQ(run_op(&host, op, s, v), r) || !EXPECT_EQ(host.fpsr, exact.fpsr)) {
			FAIL_TEST("operation %u, size %d, fpcr %#x: %#" PRIx64 " %#" PRIx64
				  " %#" PRIx64, op, s, exact.fpcr, v[0], v[1], v[2]);
			return;
		}
	}
}
