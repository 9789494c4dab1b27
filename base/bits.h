/* Bit arithmetic. Field positions are given as the manual writes them: high bit first. */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include "base/types.h"

#define BIT(n) (1ull << (n))
/* MASK(7, 4) = 0xf0 */
#define MASK(hi, lo) ((~0ull >> (63 - (hi))) & (~0ull << (lo)))

/* v<hi:lo>, right-aligned. */
static inline u64 bits(u64 v, unsigned hi, unsigned lo)
{
	return (v >> lo) & (~0ull >> (63 - (hi - lo)));
}
static inline u64 bit(u64 v, unsigned n)
{
	return (v >> n) & 1;
}
/* v with field hi:lo replaced by f. */
static inline u64 deposit(u64 v, unsigned hi, unsigned lo, u64 f)
{
	u64 m = MASK(hi, lo);

	return (v & ~m) | ((f << lo) & m);
}
/* Sign-extends the low `width` bits (1..64). */
static inline s64 sext(u64 v, unsigned width)
{
	return (s64)(v << (64 - width)) >> (64 - width);
}
static inline u64 low_mask(unsigned width) /* 0..64 */
{
	return width >= 64 ? ~0ull : (1ull << width) - 1;
}
static inline u64 ror64(u64 v, unsigned n)
{
	return v >> (n & 63) | v << (-n & 63);
}
static inline u32 ror32(u32 v, unsigned n)
{
	return v >> (n & 31) | v << (-n & 31);
}
static inline unsigned clz64(u64 v)
{
	return v ? (unsigned)__builtin_clzll(v) : 64;
}
static inline unsigned clz32(u32 v)
{
	return v ? (unsigned)__builtin_clz(v) : 32;
}
static inline unsigned ctz64(u64 v)
{
	return v ? (unsigned)__builtin_ctzll(v) : 64;
}
static inline bool is_pow2(u64 v)
{
	return v && !(v & (v - 1));
}
static inline unsigned log2_64(u64 v) /* floor; v != 0 */
{
	return 63 - clz64(v);
}
static inline u64 align_down(u64 v, u64 a)
{
	return v & ~(a - 1);
}
static inline u64 align_up(u64 v, u64 a)
{
	return (v + a - 1) & ~(a - 1);
}

#endif
