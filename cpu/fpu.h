/*
 * Floating-point arithmetic of AArch64 (Armv8.0 to v8.2 with FEAT_FP16) as functions from bit
 * patterns to bit patterns: half, single and double; every result bit and every cumulative flag is
 * the manual's.
 *
 * Deliberately not here: trapped exceptions (FPCR.{IDE,IXE,...} are RAZ in the cores modelled),
 * FEAT_AFP's AH/FIZ/NEP, BFloat16, the register file and FPSR.QC. Called by the FP and AdvSIMD
 * instruction handlers and by MSR/MRS of FPCR and FPSR.
 *
 * Names: `fp_OP(f, size, ...)` works on any size; `fp16_OP`, `fp32_OP`, `fp64_OP` are the typed
 * forms. The typed single and double forms of add, sub, mul, div, sqrt, fma, compare and the usual
 * conversions begin with the host's own instruction and keep its result only where it is provably
 * the Arm one (see "Host arithmetic" below); all else is computed by exact integer arithmetic in
 * fpu.c.
 *
 * The calling thread must have the host's rounding mode at nearest with neither flush-to-zero nor
 * denormals-are-zero, and all host floating-point exceptions masked (the run loop sees to it).
 */
#ifndef CPU_FPU_H
#define CPU_FPU_H

#include <string.h>

#include "base/bits.h"
#include "base/types.h"

/* DDI0487 C5.2.8 FPCR */
#define FPCR_FZ16  BIT(19)
#define FPCR_FZ    BIT(24)
#define FPCR_DN    BIT(25)
#define FPCR_AHP   BIT(26)
#define FPCR_RMODE MASK(23, 22)
#define FPCR_MASK  (FPCR_FZ16 | FPCR_RMODE | FPCR_FZ | FPCR_DN | FPCR_AHP)

/* DDI0487 C5.2.10 FPSR */
#define FPSR_IOC   BIT(0) /* invalid operation */
#define FPSR_DZC   BIT(1) /* divide by zero */
#define FPSR_OFC   BIT(2) /* overflow */
#define FPSR_UFC   BIT(3) /* underflow */
#define FPSR_IXC   BIT(4) /* inexact */
#define FPSR_IDC   BIT(7) /* input denormal flushed */
#define FPSR_QC_BIT 27
#define FPSR_QC    BIT(FPSR_QC_BIT) /* AdvSIMD saturation; the handlers set it directly */
#define FPSR_FLAGS (FPSR_IOC | FPSR_DZC | FPSR_OFC | FPSR_UFC | FPSR_IXC | FPSR_IDC)
#define FPSR_MASK  (FPSR_FLAGS | FPSR_QC)

/* The log2 of the size in bytes, as AdvSIMD's element size. */
enum fp_size { FP_H = 1, FP_S = 2, FP_D = 3 };

/* The first four are FPCR.RMode's encodings. */
enum fp_round {
	FP_RN = 0, /* to nearest, ties to even */
	FP_RP = 1, /* towards plus infinity */
	FP_RM = 2, /* towards minus infinity */
	FP_RZ = 3, /* towards zero */
	FP_RA = 4, /* to nearest, ties away from zero */
	FP_RO = 5, /* to odd (FCVTXN) */
};

/* NZCV of a comparison, as PSTATE.NZCV right-aligned. */
enum fp_nzcv { FP_EQUAL = 6, FP_LESS = 8, FP_GREATER = 2, FP_UNORDERED = 3 };

enum {
	FP_HOST_ROUND = 1, /* nearest, no FZ, IXC already set: a rounded host result needs no flag */
	FP_HOST_FMA = 2,   /* FP_HOST_ROUND, and the host has FMA instructions */
	FP_HOST_EXACT = 4, /* no FZ: host results that are always exact need no flag */
};

/* Change fpcr and fpsr through fpu_set_*() only; reading and setting FPSR_QC may be direct. */
struct fpu {
	u32 fpcr, fpsr;
	/* decoded from fpcr, fpsr and the host */
	u8 host; /* FP_HOST_* */
	u8 rm;   /* enum fp_round, FPCR.RMode */
	bool fz, dn, fz16, ahp;
	bool host_fma;
};

/* Both registers zero; finds out what the host has. */
void fpu_init(struct fpu *f);
/* Bits outside FPCR_MASK and FPSR_MASK are dropped. */
void fpu_set_fpcr(struct fpu *f, u64 fpcr);
void fpu_set_fpsr(struct fpu *f, u64 fpsr);

/*
 * The exact forms, for any size: operands in the low bits (the rest zero), results zero-extended.
 *
 * fp_min/fp_max are FMIN/FMAX; fp_minnm/fp_maxnm are FMINNM/FMAXNM. fp_mulx is FMULX. fp_recps and
 * fp_rsqrts are FRECPS/FRSQRTS. fp_cm* return all ones of the size or zero: eq is quiet, ge and gt
 * signal on any NaN; fp_ac* compare absolute values.
 */
#define FP_BINARY_OPS(OP)                                                                          \
	OP(add) OP(sub) OP(mul) OP(div) OP(mulx) OP(min) OP(max) OP(minnm) OP(maxnm)               \
	OP(recps) OP(rsqrts) OP(cmeq) OP(cmge) OP(cmgt) OP(acge) OP(acgt)
#define FP_UNARY_OPS(OP) OP(sqrt) OP(recpe) OP(rsqrte) OP(recpx)

#define FP_DECLARE_BINARY(op) u64 fp_##op(struct fpu *f, enum fp_size s, u64 a, u64 b);
#define FP_DECLARE_UNARY(op)  u64 fp_##op(struct fpu *f, enum fp_size s, u64 a);
FP_BINARY_OPS(FP_DECLARE_BINARY)
FP_UNARY_OPS(FP_DECLARE_UNARY)
#undef FP_DECLARE_BINARY
#undef FP_DECLARE_UNARY

/*
 * FPMulAdd: addend + n * m, rounded once. The negating instructions flip operands' signs first,
 * NaNs included: FMSUB negates n, FNMADD n and addend, FNMSUB addend; FMLS negates n.
 */
u64 fp_fma(struct fpu *f, enum fp_size s, u64 addend, u64 n, u64 m);
/* FCMP (signal = false), FCMPE (true): enum fp_nzcv. */
u32 fp_compare(struct fpu *f, enum fp_size s, u64 a, u64 b, bool signal);
/* FRINT*: exact = true (FRINTX only) raises IXC when the value changes. rm = f->rm for FRINTI and
 * FRINTX. */
u64 fp_round_int(struct fpu *f, enum fp_size s, u64 a, enum fp_round rm, bool exact);
/* FCVT between different sizes: rm = f->rm; FCVTXN: rm = FP_RO. Half obeys FPCR.AHP, never FZ16. */
u64 fp_convert(struct fpu *f, enum fp_size to, enum fp_size from, u64 a, enum fp_round rm);
/* FCVT{N,P,M,Z,A}{S,U}: value * 2^fbits as an integer of isize (16, 32, 64) bits, saturated;
 * result zero-extended from isize. */
u64 fp_to_int(struct fpu *f, enum fp_size s, u64 a, unsigned isize, bool is_unsigned,
	      unsigned fbits, enum fp_round rm);
/* SCVTF, UCVTF: v / 2^fbits; v is sign- or zero-extended from the integer's size by the caller;
 * rm = f->rm. */
u64 fp_from_sint(struct fpu *f, enum fp_size s, s64 v, unsigned fbits, enum fp_round rm);
u64 fp_from_uint(struct fpu *f, enum fp_size s, u64 v, unsigned fbits, enum fp_round rm);
/* URECPE, URSQRTE: no state. */
u32 fp_urecpe(u32 a);
u32 fp_ursqrte(u32 a);

/* Bit operations: FABS, FNEG; no flags, NaNs included. */
static inline u64 fp_sign_bit(enum fp_size s)
{
	return 1ull << ((8u << s) - 1);
}
static inline u64 fp_abs(enum fp_size s, u64 a)
{
	return a & ~fp_sign_bit(s);
}
static inline u64 fp_neg(enum fp_size s, u64 a)
{
	return a ^ fp_sign_bit(s);
}

/* VFPExpandImm: the 8-bit immediate of FMOV as a value of size s. */
static inline u64 fp_expand_imm(enum fp_size s, u32 imm8)
{
	unsigned exp_bits = s == FP_D ? 11 : s == FP_S ? 8 : 5;
	unsigned frac_bits = (8u << s) - 1 - exp_bits;
	u64 exp = (bit(imm8, 6) ? low_mask(exp_bits - 3) << 2 : 1ull << (exp_bits - 1)) |
		  bits(imm8, 5, 4);

	return bit(imm8, 7) << ((8u << s) - 1) | exp << frac_bits | bits(imm8, 3, 0) << (frac_bits - 4);
}

/* ---- Host arithmetic ----
 *
 * With rounding to nearest and no FZ both sides compute the IEEE 754 result; they differ in the
 * choice of NaNs, and in flags where the result is infinite, or tiny (Arm detects tininess before
 * rounding). So a host result is kept when it is finite and (unless the operation is exact when
 * tiny, as addition is) above the smallest normal number; then the only flag is IXC, and the path
 * is taken only when IXC is set already. A product with zero, and the sum of one with a number, is exact.
 */
static inline double fp_host64(u64 a)
{
	double d;

	memcpy(&d, &a, sizeof d);
	return d;
}
static inline u64 fp_bits64(double d)
{
	u64 a;

	memcpy(&a, &d, sizeof a);
	return a;
}
static inline float fp_host32(u32 a)
{
	float d;

	memcpy(&d, &a, sizeof d);
	return d;
}
static inline u32 fp_bits32(float d)
{
	u32 a;

	memcpy(&a, &d, sizeof a);
	return a;
}
static inline bool fp64_is_finite(u64 a)
{
	return a << 1 < 0x7ffull << 53;
}
static inline bool fp32_is_finite(u32 a)
{
	return a << 1 < 0xff000000u;
}
/* Finite and larger in magnitude than the smallest normal number. */
static inline bool fp64_is_plain(u64 a)
{
	return (a << 1) - ((1ull << 53) + 1) < (0x7feull << 53) - 1;
}
static inline bool fp32_is_plain(u32 a)
{
	return (a << 1) - ((1u << 24) + 1) < (0xfeu << 24) - 1;
}

/* A product, or a sum with one: plain, or finite and exact because a factor is zero. */
static inline bool fp64_product_ok(u64 r, u64 n, u64 m)
{
	return fp64_is_plain(r) || ((n << 1 == 0 || m << 1 == 0) && fp64_is_finite(r));
}
static inline bool fp32_product_ok(u32 r, u32 n, u32 m)
{
	return fp32_is_plain(r) || ((n << 1 == 0 || m << 1 == 0) && fp32_is_finite(r));
}

/* The host's square root (without a library's errno), and addend + n * m by its FMA: call the
 * latter only when f->host_fma, which FP_HOST_FMA implies. */
#if defined(__x86_64__)
static inline double fp64_host_sqrt(double a)
{
	__asm__("sqrtsd %0, %0" : "+x"(a));
	return a;
}
static inline float fp32_host_sqrt(float a)
{
	__asm__("sqrtss %0, %0" : "+x"(a));
	return a;
}
static inline double fp64_host_fma(double addend, double n, double m)
{
	__asm__("vfmadd231sd %2, %1, %0" : "+x"(addend) : "x"(n), "x"(m));
	return addend;
}
static inline float fp32_host_fma(float addend, float n, float m)
{
	__asm__("vfmadd231ss %2, %1, %0" : "+x"(addend) : "x"(n), "x"(m));
	return addend;
}
#else
static inline double fp64_host_sqrt(double a)
{
	return __builtin_sqrt(a);
}
static inline float fp32_host_sqrt(float a)
{
	return __builtin_sqrtf(a);
}
static inline double fp64_host_fma(double addend, double n, double m)
{
	return __builtin_fma(n, m, addend);
}
static inline float fp32_host_fma(float addend, float n, float m)
{
	return __builtin_fmaf(n, m, addend);
}
#endif

/* One typed operation: the host's `expr` of x (and y, z) if `cond` on f->host holds and the result
 * passes `keep`, else the exact form. */
#define FP_HOST_BINARY(w, size, op, expr, keep)                                                    \
	static inline u##w fp##w##_##op(struct fpu *f, u##w a, u##w b)                             \
	{                                                                                          \
		__typeof__(fp_host##w(0)) x = fp_host##w(a), y = fp_host##w(b);                    \
		u##w r = fp_bits##w(expr);                                                         \
                                                                                                   \
		if (likely(f->host & FP_HOST_ROUND && keep(r)))                                    \
			return r;                                                                  \
		return (u##w)fp_##op(f, size, a, b);                                               \
	}
#define FP_HOST_TYPED(w, size)                                                                     \
	FP_HOST_BINARY(w, size, add, x + y, fp##w##_is_finite)                                     \
	FP_HOST_BINARY(w, size, sub, x - y, fp##w##_is_finite)                                     \
	static inline u##w fp##w##_mul(struct fpu *f, u##w a, u##w b)                              \
	{                                                                                          \
		__typeof__(fp_host##w(0)) x = fp_host##w(a), y = fp_host##w(b);                    \
		u##w r = fp_bits##w(x * y);                                                        \
                                                                                                   \
		if (likely(f->host & FP_HOST_ROUND && fp##w##_product_ok(r, a, b)))                \
			return r;                                                                  \
		return (u##w)fp_mul(f, size, a, b);                                                \
	}                                                                                          \
                                                                                                   \
	static inline u##w fp##w##_fma(struct fpu *f, u##w addend, u##w n, u##w m)                 \
	{                                                                                          \
		if (likely(f->host & FP_HOST_FMA)) {                                               \
			u##w r = fp_bits##w(fp##w##_host_fma(fp_host##w(addend), fp_host##w(n),    \
							     fp_host##w(m)));                      \
			if (likely(fp##w##_product_ok(r, n, m)))                                   \
				return r;                                                          \
		}                                                                                  \
		return (u##w)fp_fma(f, size, addend, n, m);                                        \
	}                                                                                          \
	static inline u##w fp##w##_div(struct fpu *f, u##w a, u##w b)                              \
	{                                                                                          \
		if (likely(f->host & FP_HOST_ROUND)) {                                             \
			u##w r = fp_bits##w(fp_host##w(a) / fp_host##w(b));                        \
			if (likely(fp##w##_is_plain(r)))                                           \
				return r;                                                          \
		}                                                                                  \
		return (u##w)fp_div(f, size, a, b);                                                \
	}                                                                                          \
	static inline u##w fp##w##_sqrt(struct fpu *f, u##w a)                                     \
	{                                                                                          \
		if (likely(f->host & FP_HOST_ROUND)) {                                             \
			u##w r = fp_bits##w(fp##w##_host_sqrt(fp_host##w(a)));                     \
			if (likely(fp##w##_is_finite(r)))                                          \
				return r;                                                          \
		}                                                                                  \
		return (u##w)fp_sqrt(f, size, a);                                                  \
	}                                                                                          \
	static inline u32 fp##w##_compare(struct fpu *f, u##w a, u##w b, bool signal)              \
	{                                                                                          \
		__typeof__(fp_host##w(0)) x = fp_host##w(a), y = fp_host##w(b);                    \
                                                                                                   \
		if (likely(f->host & FP_HOST_EXACT)) {                                             \
			if (x < y)                                                                 \
				return FP_LESS;                                                    \
			if (x > y)                                                                 \
				return FP_GREATER;                                                 \
			if (x == y)                                                                \
				return FP_EQUAL;                                                   \
		}                                                                                  \
		return fp_compare(f, size, a, b, signal);                                          \
	}                                                                                          \
	/* FCVTZS with no fraction bits to s32/s64, FCVTZU to u32: by far the most used forms. */  \
	static inline s64 fp##w##_to_s64_rz(struct fpu *f, u##w a)                                 \
	{                                                                                          \
		__typeof__(fp_host##w(0)) x = fp_host##w(a);                                       \
                                                                                                   \
		if (likely(f->host & FP_HOST_ROUND && x > -0x1p63 && x < 0x1p63))                  \
			return (s64)x;                                                             \
		return (s64)fp_to_int(f, size, a, 64, false, 0, FP_RZ);                            \
	}                                                                                          \
	static inline s32 fp##w##_to_s32_rz(struct fpu *f, u##w a)                                 \
	{                                                                                          \
		__typeof__(fp_host##w(0)) x = fp_host##w(a);                                       \
                                                                                                   \
		if (likely(f->host & FP_HOST_ROUND && x > -0x1p31 && x < 0x1p31))                  \
			return (s32)x;                                                             \
		return (s32)fp_to_int(f, size, a, 32, false, 0, FP_RZ);                            \
	}                                                                                          \
	/* SCVTF without fraction bits; 32-bit sources sign-extended. */                           \
	static inline u##w fp##w##_from_s64(struct fpu *f, s64 v)                                  \
	{                                                                                          \
		if (likely(f->host & FP_HOST_ROUND))                                               \
			return fp_bits##w((__typeof__(fp_host##w(0)))v);                           \
		return (u##w)fp_from_sint(f, size, v, 0, (enum fp_round)f->rm);                    \
	}

FP_HOST_TYPED(32, FP_S)
FP_HOST_TYPED(64, FP_D)
#undef FP_HOST_BINARY
#undef FP_HOST_TYPED

/* SCVTF and UCVTF of 32-bit integers to double are exact in every mode. */
static inline u64 fp64_from_s32(s32 v)
{
	return fp_bits64((double)v);
}
static inline u64 fp64_from_u32(u32 v)
{
	return fp_bits64((double)v);
}

/* FCVT Dd, Sn */
static inline u64 fp64_from_fp32(struct fpu *f, u32 a)
{
	if (likely(f->host & FP_HOST_EXACT && fp32_is_finite(a)))
		return fp_bits64((double)fp_host32(a));
	return fp_convert(f, FP_D, FP_S, a, (enum fp_round)f->rm);
}
/* FCVT Sd, Dn */
static inline u32 fp32_from_fp64(struct fpu *f, u64 a)
{
	u32 r = fp_bits32((float)fp_host64(a));

	if (likely(f->host & FP_HOST_ROUND && fp32_is_plain(r)))
		return r;
	return (u32)fp_convert(f, FP_S, FP_D, a, (enum fp_round)f->rm);
}

/* The typed forms that have no host form. */
#define FP_TYPED_BINARY(w, size, op)                                                               \
	static inline u##w fp##w##_##op(struct fpu *f, u##w a, u##w b)                             \
	{                                                                                          \
		return (u##w)fp_##op(f, size, a, b);                                               \
	}
#define FP_TYPED_UNARY(w, size, op)                                                                \
	static inline u##w fp##w##_##op(struct fpu *f, u##w a)                                     \
	{                                                                                          \
		return (u##w)fp_##op(f, size, a);                                                  \
	}
#define FP_TYPED(w, size)                                                                          \
	FP_TYPED_BINARY(w, size, mulx)                                                             \
	FP_TYPED_BINARY(w, size, min)                                                              \
	FP_TYPED_BINARY(w, size, max)                                                              \
	FP_TYPED_BINARY(w, size, minnm)                                                            \
	FP_TYPED_BINARY(w, size, maxnm)                                                            \
	FP_TYPED_BINARY(w, size, recps)                                                            \
	FP_TYPED_BINARY(w, size, rsqrts)                                                           \
	FP_TYPED_BINARY(w, size, cmeq)                                                             \
	FP_TYPED_BINARY(w, size, cmge)                                                             \
	FP_TYPED_BINARY(w, size, cmgt)                                                             \
	FP_TYPED_BINARY(w, size, acge)                                                             \
	FP_TYPED_BINARY(w, size, acgt)                                                             \
	FP_TYPED_UNARY(w, size, recpe)                                                             \
	FP_TYPED_UNARY(w, size, rsqrte)                                                            \
	FP_TYPED_UNARY(w, size, recpx)

FP_TYPED(16, FP_H)
FP_TYPED(32, FP_S)
FP_TYPED(64, FP_D)
FP_TYPED_BINARY(16, FP_H, add)
FP_TYPED_BINARY(16, FP_H, sub)
FP_TYPED_BINARY(16, FP_H, mul)
FP_TYPED_BINARY(16, FP_H, div)
FP_TYPED_UNARY(16, FP_H, sqrt)
#undef FP_TYPED_BINARY
#undef FP_TYPED_UNARY
#undef FP_TYPED

static inline u16 fp16_fma(struct fpu *f, u16 addend, u16 n, u16 m)
{
	return (u16)fp_fma(f, FP_H, addend, n, m);
}
static inline u32 fp16_compare(struct fpu *f, u16 a, u16 b, bool signal)
{
	return fp_compare(f, FP_H, a, b, signal);
}

#endif
