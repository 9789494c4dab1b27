/* The fuzzers' random numbers: everything they do follows from one seed. */
#ifndef TESTS_FUZZ_RANDOM_H
#define TESTS_FUZZ_RANDOM_H

#include "base/types.h"

/* splitmix64 */
static inline u64 random_u64(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* 0..n-1 */
static inline u64 random_below(u64 *state, u64 n)
{
	return (random_u64(state) >> 16) % n;
}

static inline bool random_percent(u64 *state, unsigned percent)
{
	return random_below(state, 100) < percent;
}

#endif
