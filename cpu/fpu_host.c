/*
 * Arithmetic by the host while IXC is still clear or FZ is set, when the header's inline forms
 * may not be used: rounding to nearest, no denormal operand that FZ would flush, a result that is
 * finite and not tiny (or of an operation that is exact when tiny). Whether the result is exact
 * is found by an error-free transformation, measured at a fifth of the cost of clearing and
 * reading MXCSR, which only the double-precision FMA does. Called by fpu.c; `ok` false means:
 * compute it exactly.
 */
#include "cpu/fpu.h"
#include "cpu/fpu_priv.h"

/* A denormal operand: FZ makes it zero. Infinities and NaNs show in the result. */
static bool fp64_is_flushed(u64 a)
{
	return (a << 1) - 1 < (1ull << 53) - 1;
}
static bool fp32_is_flushed(u32 a)
{
	return (a << 1) - 1 < (1u << 24) - 1;
}

/* So far above the smallest denormal that a residual of twice the precision is representable. */
static bool fp64_is_large(u64 a)
{
	return a << 1 >= 128ull << 53;
}
static bool fp32_is_large(u32 a)
{
	return a << 1 >= 64u << 24;
}

/*
 * The operations on one format. What makes `inexact` right: the residual of a rounded sum (Knuth's
 * TwoSum; not finite when an intermediate overflows), product, quotient or square root is itself a
 * floating-point number, barring underflow, and so is zero exactly when the result is exact.
 */
#define FP_HOST_OPS(w, real)                                                                       \
	static struct fp_host_result add##w(bool fz, u##w a, u##w b)                               \
	{                                                                                          \
		real x = fp_host##w(a), y = fp_host##w(b), r = x + y, y_seen = r - x;              \
		real residual = (x - (r - y_seen)) + (y - y_seen);                                 \
		u##w bits = fp_bits##w(r);                                                         \
		bool flushes = fz && (fp##w##_is_flushed(a) || fp##w##_is_flushed(b) ||            \
				      !fp##w##_is_plain(bits));                                    \
                                                                                                   \
		return (struct fp_host_result){                                                    \
			.bits = bits,                                                              \
			.ok = !flushes && fp##w##_is_finite(bits) &&                               \
			      fp##w##_is_finite(fp_bits##w(residual)),                             \
			.inexact = residual != 0,                                                  \
		};                                                                                 \
	}                                                                                          \
	static struct fp_host_result mul##w(bool fz, u##w a, u##w b)                               \
	{                                                                                          \
		real x = fp_host##w(a), y = fp_host##w(b), r = x * y;                              \
		u##w bits = fp_bits##w(r);                                                         \
		bool flushes = fz && (fp##w##_is_flushed(a) || fp##w##_is_flushed(b));             \
		bool zero = r == 0 && (x == 0 || y == 0);                                          \
                                                                                                   \
		return (struct fp_host_result){                                                    \
			.bits = bits,                                                              \
			.ok = !flushes && (zero || (fp##w##_is_finite(bits) &&                     \
						    fp##w##_is_large(bits))),                      \
			.inexact = !zero && fp##w##_host_fma(-r, x, y) != 0,                       \
		};                                                                                 \
	}                                                                                          \
	static struct fp_host_result div##w(bool fz, u##w a, u##w b)                               \
	{                                                                                          \
		real x = fp_host##w(a), y = fp_host##w(b), r = x / y;                              \
		u##w bits = fp_bits##w(r);                                                         \
                                                                                                   \
		return (struct fp_host_result){                                                    \
			.bits = bits,                                                              \
			.ok = !(fz && fp##w##_is_flushed(b)) && fp##w##_is_plain(bits) &&          \
			      fp##w##_is_large(a),                                                 \
			.inexact = fp##w##_host_fma(x, -r, y) != 0,                                \
		};                                                                                 \
	}                                                                                          \
	static struct fp_host_result sqrt##w(u##w a)                                               \
	{                                                                                          \
		real x = fp_host##w(a), r = fp##w##_host_sqrt(x);                                  \
		u##w bits = fp_bits##w(r);                                                         \
                                                                                                   \
		return (struct fp_host_result){                                                    \
			.bits = bits,                                                              \
			.ok = fp##w##_is_finite(bits) && fp##w##_is_large(a),                      \
			.inexact = fp##w##_host_fma(-x, r, r) != 0,                                \
		};                                                                                 \
	}

FP_HOST_OPS(32, float)
FP_HOST_OPS(64, double)

/* The product of two singles is exact in double; the sum with the addend need not be. */
static struct fp_host_result fma32(bool fz, u32 addend, u32 n, u32 m)
{
	float r = fp32_host_fma(fp_host32(addend), fp_host32(n), fp_host32(m));
	double x = fp_host32(addend), y = (double)fp_host32(n) * (double)fp_host32(m);
	double sum = x + y, y_seen = sum - x;
	double residual = (x - (sum - y_seen)) + (y - y_seen);
	bool flushes = fz && (fp32_is_flushed(addend) || fp32_is_flushed(n) || fp32_is_flushed(m));

	return (struct fp_host_result){
		.bits = fp_bits32(r),
		.ok = !flushes && fp32_is_plain(fp_bits32(r)),
		.inexact = residual != 0 || sum != (double)r,
	};
}

#if defined(__x86_64__)
static struct fp_host_result fma64(bool fz, u64 addend, u64 n, u64 m)
{
	const u32 clean = 0x1f80, inexact = 0x20;
	double r = fp_host64(addend);
	u32 mxcsr;
	bool flushes = fz && (fp64_is_flushed(addend) || fp64_is_flushed(n) || fp64_is_flushed(m));

	__asm__ volatile("ldmxcsr %2\n\t"
			 "vfmadd231sd %4, %3, %0\n\t"
			 "stmxcsr %1"
			 : "+x"(r), "=m"(mxcsr)
			 : "m"(clean), "x"(fp_host64(n)), "x"(fp_host64(m)));
	return (struct fp_host_result){
		.bits = fp_bits64(r),
		.ok = !flushes && fp64_is_plain(fp_bits64(r)),
		.inexact = mxcsr & inexact,
	};
}
#else
static struct fp_host_result fma64(bool fz, u64 addend, u64 n, u64 m)
{
	return (struct fp_host_result){ .ok = false };
}
#endif

static bool applies(const struct fpu *f, enum fp_size s)
{
	return s != FP_H && f->rm == FP_RN && f->host_fma;
}

struct fp_host_result fp_host_add(const struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	if (!applies(f, s))
		return (struct fp_host_result){ .ok = false };
	return s == FP_D ? add64(f->fz, a, b) : add32(f->fz, (u32)a, (u32)b);
}

struct fp_host_result fp_host_mul(const struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	if (!applies(f, s))
		return (struct fp_host_result){ .ok = false };
	return s == FP_D ? mul64(f->fz, a, b) : mul32(f->fz, (u32)a, (u32)b);
}

struct fp_host_result fp_host_div(const struct fpu *f, enum fp_size s, u64 a, u64 b)
{
	if (!applies(f, s))
		return (struct fp_host_result){ .ok = false };
	return s == FP_D ? div64(f->fz, a, b) : div32(f->fz, (u32)a, (u32)b);
}

struct fp_host_result fp_host_sqrt(const struct fpu *f, enum fp_size s, u64 a)
{
	if (!applies(f, s))
		return (struct fp_host_result){ .ok = false };
	return s == FP_D ? sqrt64(a) : sqrt32((u32)a);
}

struct fp_host_result fp_host_fma(const struct fpu *f, enum fp_size s, u64 addend, u64 n, u64 m)
{
	if (!applies(f, s))
		return (struct fp_host_result){ .ok = false };
	return s == FP_D ? fma64(f->fz, addend, n, m) :
			   fma32(f->fz, (u32)addend, (u32)n, (u32)m);
}
