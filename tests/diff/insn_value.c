/* See insn_value.h. */
#include "insn_value.h"

u64 value_random(u64 *rng)
{
	u64 z = *rng += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* A fraction: random, few bits, or runs of ones, which make ties and carries. */
static u64 random_fraction(u64 *rng)
{
	u64 r = value_random(rng), v = value_random(rng);

	switch (r & 7) {
	case 0:
		return 0;
	case 1:
		return ~0ull;
	case 2:
		return 1ull << (v & 63);
	case 3:
		return ~0ull << (v & 63);
	case 4:
		return (1ull << (v & 63)) - 1;
	case 5:
		return (1ull << (v & 63)) + (1ull << (v >> 6 & 63));
	default:
		return v;
	}
}

/* A number with one bit below the last that its rounding keeps: halfway, with `kept` of frac_bits.
 */
static u64 halfway_fraction(u64 r, unsigned frac_bits, unsigned kept)
{
	return (r | 1) << (frac_bits - 1 - kept) & low_mask(frac_bits);
}

static u64 random_float(struct values *g)
{
	unsigned exp_bits = g->size == 3   ? 11
			    : g->size == 2 ? 8
					   : 5,
		 frac_bits = (8u << g->size) - 1 - exp_bits, n;
	u64 r = value_random(g->rng), max = low_mask(exp_bits), exp = r >> 32 & max;
	u64 frac = random_fraction(g->rng) & low_mask(frac_bits);

	switch (r & 15) {
	case 0:
	case 1:
		exp = 0;
		break;
	case 2:
		exp = max;
		break;
	case 3:
		exp = 1 + (r >> 16 & 1);
		break;
	case 4:
		exp = max - 1 - (r >> 16 & 1);
		break;
	case 5:
	case 6:
	case 7:
	case 8:
	case 9:
		exp = (g->near + (r >> 16 & 7) - 3) & max;
		break;
	case 10:
	case 11:
		exp = (g->near + (r >> 16 & 127) - 64) & max;
		break;
	case 12:
		exp = (max >> 1) - 2 + (r >> 16 & 15);
		break;
	case 13: /* n + 1/2 */
		n = (unsigned)(r >> 16 & 0xffff) % frac_bits;
		exp = (max >> 1) + n;
		frac = halfway_fraction(frac, frac_bits, n);
		break;
	case 14: /* between two numbers of the next smaller format */
		frac = halfway_fraction(frac, frac_bits, g->size == 3 ? 23 : 10 - (g->size == 1));
		break;
	}
	return (r >> 63) << ((8u << g->size) - 1) | exp << frac_bits | frac;
}

/* An integer of 8 to 64 bits: an end of the range, a shift amount or other small number, or noise.
 */
static u64 random_integer(u64 *rng, unsigned width)
{
	u64 r = value_random(rng), sign = 1ull << (width - 1), max = sign | (sign - 1);

	switch (r & 7) {
	case 0:
	case 1:
		return (r & 0x800   ? sign - 1
			: r & 0x400 ? sign
			: r & 0x200 ? max
				    : 0) +
		       (r >> 8 & 1);
	case 2:
		return (r >> 16) % 160 - 80;
	case 3:
		return value_random(rng) >> (r >> 8 & 63);
	case 4:
		return -(value_random(rng) >> (r >> 8 & 63));
	default:
		return value_random(rng);
	}
}

u64 value_make(struct values *g, bool floating)
{
	u64 r = value_random(g->rng), v = 0;
	unsigned width;

	floating = floating ? (r & 3) != 0 : (r & 15) == 0;
	width = floating ? 8u << g->size : 8u << (r >> 8 & 3);
	if (!floating && (r >> 10 & 1))
		width = 64;
	for (unsigned at = 0; at < 64; at += width)
		v |= ((floating ? random_float(g) : random_integer(g->rng, width)) &
		      low_mask(width))
		     << at;
	return v;
}
