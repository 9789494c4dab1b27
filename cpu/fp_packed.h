/*
 * The host's packed floating-point arithmetic for exec_fp*.c: gcc vectors of four floats and of two doubles, checks of all
 * lanes, rounding to integers. What makes a host result the Arm one is told in fpu.h ("Host arithmetic"); here is the same for
 * vectors: all lanes must pass. Nothing here reads or writes guest state.
 */
#ifndef CPU_FP_PACKED_H
#define CPU_FP_PACKED_H

#include "cpu/exec.h"
#include "cpu/vreg.h"

typedef float v4f __attribute__((vector_size(16)));
typedef double v2d __attribute__((vector_size(16)));

#if defined(__x86_64__)
static always_inline_ bool all4(vs32 mask)
{
	return __builtin_ia32_movmskps((v4f)mask) == 15;
}
static always_inline_ bool all2(vs64 mask)
{
	return __builtin_ia32_movmskpd((v2d)mask) == 3;
}
static always_inline_ v4f fma4(v4f addend, v4f n, v4f m)
{
	__asm__("vfmadd231ps %2, %1, %0" : "+x"(addend) : "x"(n), "x"(m));
	return addend;
}
static always_inline_ v2d fma2(v2d addend, v2d n, v2d m)
{
	__asm__("vfmadd231pd %2, %1, %0" : "+x"(addend) : "x"(n), "x"(m));
	return addend;
}
static always_inline_ v4f sqrt4(v4f n)
{
	return __builtin_ia32_sqrtps(n);
}
static always_inline_ v2d sqrt2(v2d n)
{
	return __builtin_ia32_sqrtpd(n);
}
#else
static always_inline_ bool all4(vs32 mask)
{
	return mask[0] & mask[1] & mask[2] & mask[3];
}
static always_inline_ bool all2(vs64 mask)
{
	return mask[0] & mask[1];
}
static always_inline_ v4f fma4(v4f a, v4f n, v4f m)
{
	return (v4f){ fp32_host_fma(a[0], n[0], m[0]), fp32_host_fma(a[1], n[1], m[1]),
		      fp32_host_fma(a[2], n[2], m[2]), fp32_host_fma(a[3], n[3], m[3]) };
}
static always_inline_ v2d fma2(v2d a, v2d n, v2d m)
{
	return (v2d){ fp64_host_fma(a[0], n[0], m[0]), fp64_host_fma(a[1], n[1], m[1]) };
}
static always_inline_ v4f sqrt4(v4f n)
{
	return (v4f){ fp32_host_sqrt(n[0]), fp32_host_sqrt(n[1]), fp32_host_sqrt(n[2]), fp32_host_sqrt(n[3]) };
}
static always_inline_ v2d sqrt2(v2d n)
{
	return (v2d){ fp64_host_sqrt(n[0]), fp64_host_sqrt(n[1]) };
}
#endif

#define ALL4(x) ((v4f){ (x), (x), (x), (x) })
#define ALL2(x) ((v2d){ (x), (x) })

/*
 * N lanes of type T, U as unsigned and S as signed integers; min: the smallest normal number; whole: from here on every number is an
 * integer.
 *
 * finite: all lanes are; plain: and larger in magnitude than min; product_ok: plain, or finite with a factor of zero, which makes
 * products and sums with them exact; ordered: no NaN; below: all magnitudes are below the limit.
 * max, min: of numbers, +0 being larger than -0; even, odd: lanes of n, then of m; rint: to an integer by rm, for finite lanes, keeping the sign of a zero.
 */
#define PACKED_TYPE(N, T, U, S, one, max_, min_, whole)                                                              \
	static always_inline_ T magnitude##N(T v)                                                                    \
	{                                                                                                            \
		return (T)((U)v & ~(U){ 0 } >> 1);                                                                   \
	}                                                                                                            \
	static always_inline_ bool finite##N(T v)                                                                    \
	{                                                                                                            \
		return all##N(magnitude##N(v) <= ALL##N(max_));                                                      \
	}                                                                                                            \
	static always_inline_ bool plain##N(T v)                                                                     \
	{                                                                                                            \
		return all##N((magnitude##N(v) <= ALL##N(max_)) & (magnitude##N(v) > ALL##N(min_)));                 \
	}                                                                                                            \
	static always_inline_ bool product_ok##N(T r, T n, T m)                                                      \
	{                                                                                                            \
		S zero = (n == ALL##N(0)) | (m == ALL##N(0));                                                        \
                                                                                                                     \
		return all##N((magnitude##N(r) <= ALL##N(max_)) & ((magnitude##N(r) > ALL##N(min_)) | zero));        \
	}                                                                                                            \
	static always_inline_ bool ordered##N(T n, T m)                                                              \
	{                                                                                                            \
		return all##N((n == n) & (m == m));                                                                  \
	}                                                                                                            \
	static always_inline_ bool below##N(T v, T limit)                                                            \
	{                                                                                                            \
		return all##N(magnitude##N(v) < limit);                                                              \
	}                                                                                                            \
	static always_inline_ T max##N(T n, T m)                                                                     \
	{                                                                                                            \
		U more = (U)(n > m), same = (U)(n == m);                                                             \
                                                                                                                     \
		return (T)((more & (U)n) | (~more & (U)m & (~same | (U)n)));                                         \
	}                                                                                                            \
	static always_inline_ T min##N(T n, T m)                                                                     \
	{                                                                                                            \
		U less = (U)(n < m), same = (U)(n == m);                                                             \
                                                                                                                     \
		return (T)((less & (U)n) | (~less & ((U)m | (same & (U)n))));                                        \
	}                                                                                                            \
	static always_inline_ T rint##N(T x, enum fp_round rm)                                                       \
	{                                                                                                            \
		U ones = (U)ALL##N(one), sign = (U)x & ~(~(U){ 0 } >> 1), up = (U)((S)sign < 0);                     \
		T a = magnitude##N(x), near = (a + ALL##N(whole)) - ALL##N(whole);                                   \
		T down = near - (T)(ones & (U)(near > a)), r = down;                                                 \
                                                                                                                     \
		if (rm == FP_RN)                                                                                     \
			r = near;                                                                                    \
		if (rm == FP_RA)                                                                                     \
			r = down + (T)(ones & (U)(a - down >= ALL##N(one / 2)));                                     \
		if (rm == FP_RP || rm == FP_RM)                                                                      \
			r = down + (T)(ones & (U)(down < a) & (rm == FP_RM ? up : ~up));                             \
		up = (U)(a < ALL##N(whole));                                                                         \
		return (T)((up & (U)r) | (~up & (U)a) | sign);                                                       \
	}
static always_inline_ v4f even4(v4f n, v4f m) { return __builtin_shufflevector(n, m, 0, 2, 4, 6); }
static always_inline_ v4f odd4(v4f n, v4f m) { return __builtin_shufflevector(n, m, 1, 3, 5, 7); }
static always_inline_ v2d even2(v2d n, v2d m) { return __builtin_shufflevector(n, m, 0, 2); }
static always_inline_ v2d odd2(v2d n, v2d m) { return __builtin_shufflevector(n, m, 1, 3); }
PACKED_TYPE(4, v4f, vu32, vs32, 1.0f, 0x1.fffffep127f, 0x1p-126f, 0x1p23f)
PACKED_TYPE(2, v2d, vu64, vs64, 1.0, 0x1.fffffffffffffp1023, 0x1p-1022, 0x1p52)
#undef PACKED_TYPE

/* The function for a vector's type: BY_TYPE(max, n)(n, m). */
#define BY_TYPE(name, v) _Generic((v), v4f: name##4, v2d: name##2)

#endif
