/*
 * The one line that a workload prints. Every bit of every result goes into it, so emulators agree only if each of them computed
 * exactly what the others did.
 */
#ifndef BENCH_FP_CHECKSUM_H
#define BENCH_FP_CHECKSUM_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* FNV-1a over 64-bit units; bytes is a multiple of 8. */
static inline uint64_t checksum(uint64_t sum, const void *data, size_t bytes)
{
	const uint64_t *word = data;

	for (size_t i = 0; i < bytes / 8; i++)
		sum = (sum ^ word[i]) * 0x100000001b3;
	return sum;
}

static inline void print_checksum(const char *name, uint64_t sum)
{
	printf("CHECKSUM %s %016" PRIx64 "\n", name, sum);
}

/* A small generator (xorshift64), so that the inputs are the same everywhere. */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
