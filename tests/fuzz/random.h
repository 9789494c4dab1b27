/*
 * The fuzzers' choices: everything they do follows from one seed, or from bytes that libFuzzer makes up, of which each
 * choice takes two.
 */
#ifndef TESTS_FUZZ_RANDOM_H
#define TESTS_FUZZ_RANDOM_H

#include "base/types.h"

struct random {
	u64 seed;
	const u8 *at, *end; /* what is left of libFuzzer's bytes; NULL: the seed alone */
};

/* libFuzzer's bytes are used up: what follows would be noise. */
static inline bool random_dry(const struct random *r)
{
	return r->at && r->end - r->at < 2;
}

/* splitmix64; with bytes they are the low bits that go in, so that every bit of the result follows from them */
static inline u64 random_u64(struct random *r)
{
	u64 z = r->seed += 0x9e3779b97f4a7c15;

	if (r->at && !random_dry(r)) {
		z = (z & ~0xffffull) | r->at[0] | (u64)r->at[1] << 8;
		r->at += 2;
	}
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* 0..n-1 */
static inline u64 random_below(struct random *r, u64 n)
{
	return (random_u64(r) >> 16) % n;
}

static inline bool random_percent(struct random *r, unsigned percent)
{
	return random_below(r, 100) < percent;
}

#endif
