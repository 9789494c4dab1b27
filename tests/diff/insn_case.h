/*
 * Shared by both halves of the differential test of data-processing instructions: the machine state that a case begins with,
 * made from its seed, and what is compared. Includes nothing of the emulator: the guest half is built for AArch64.
 */
#ifndef TESTS_DIFF_INSN_CASE_H
#define TESTS_DIFF_INSN_CASE_H

#include <stdint.h>

struct insn_case {
	uint64_t seed;
	uint32_t word;
	uint32_t row; /* for the host's messages */
};

/* The assembly of the guest half knows these offsets. */
struct insn_state {
	uint64_t x[31];
	uint64_t nzcv;        /* 248: bits 31:28 */
	uint64_t v[32][2];    /* 256 */
	uint64_t fpcr, fpsr;  /* 768, 776 */
	uint64_t undefined;   /* 784: the word was UNDEFINED */
	uint64_t saved_sp;    /* 792: the guest half's own */
};

/* splitmix64 */
static inline uint64_t case_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* A lane of `width` bits: an edge of the integer or floating-point formats, a shift amount, or noise. */
static inline uint64_t case_lane(uint64_t *state, unsigned width)
{
	static const uint64_t fp64[] = { 0, 1, 0x000fffffffffffff, 0x0010000000000000, 0x3ff0000000000000, 0x7fefffffffffffff,
					 0x7ff0000000000000, 0x7ff0000000000001, 0x7ff8000000000000, 0x43e0000000000000 };
	static const uint32_t fp32[] = { 0, 1, 0x007fffff, 0x00800000, 0x3f800000, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fc00000,
					 0x4f000000 };
	static const uint16_t fp16[] = { 0, 1, 0x03ff, 0x0400, 0x3c00, 0x7bff, 0x7c00, 0x7c01, 0x7e00, 0x7800 };
	uint64_t r = case_random(state), pick = r >> 8 & 15, sign = 1ull << (width - 1), max = sign | (sign - 1);

	switch (r & 7) {
	case 0:
		return (pick & 8 ? sign - 1 : pick & 4 ? sign : pick & 2 ? max : 0) + (pick & 1);
	case 1:
		return (r >> 16) % 160 - 80; /* shift amounts, small numbers */
	case 2:
		pick = (r >> 16) % 10;
		return (r >> 12 & 1 ? sign : 0) | (width == 64 ? fp64[pick] : width == 32 ? fp32[pick] : fp16[pick]);
	case 3: /* a plain number: exponent near the middle */
		r = case_random(state) & (sign - 1);
		if (width == 64)
			return (r & 0x800fffffffffffff) | (0x3f0ull + (r >> 56 & 31)) << 52;
		if (width == 32)
			return (r & 0x807fffff) | (uint64_t)(0x70 + (r >> 25 & 31)) << 23;
		return r & 0xbfff;
	default:
		return case_random(state);
	}
}

static inline uint64_t case_value(uint64_t *state)
{
	unsigned width = 8u << (case_random(state) & 3);
	uint64_t v = 0;

	for (unsigned at = 0; at < 64; at += width)
		v |= (case_lane(state, width) & ~0ull >> (64 - width)) << at;
	return v;
}

static inline void case_state(struct insn_state *s, uint64_t seed)
{
	uint64_t rounding;

	for (unsigned i = 0; i < 31; i++)
		s->x[i] = case_value(&seed);
	for (unsigned i = 0; i < 32; i++) {
		s->v[i][0] = case_value(&seed);
		s->v[i][1] = case_value(&seed);
	}
	s->nzcv = case_random(&seed) & 0xf0000000;
	rounding = case_random(&seed);
	/* half of the cases with FPCR zero; FZ16, RMode, FZ, DN, AHP in the others */
	s->fpcr = rounding & 1 ? rounding & 0x07c80000 : 0;
	s->fpsr = 0;
	s->undefined = 0;
	s->saved_sp = 0;
}

#endif
