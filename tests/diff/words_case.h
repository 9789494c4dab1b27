/*
 * What the two halves of the test by words (words.sh) exchange: one instruction word with the registers before it, and the
 * registers after it. v8..v31 start as copies of v0..v7; only v0..v7 and x0..x3 may be written.
 */
#ifndef TESTS_DIFF_WORDS_CASE_H
#define TESTS_DIFF_WORDS_CASE_H

#include <stdint.h>

struct words_state {
	uint64_t v[8][2];
	uint64_t x[4];
	uint64_t nzcv; /* bits 31:28 */
	uint64_t fpsr;
};
struct words_case {
	struct words_state before;
	uint64_t fpcr;
	uint64_t word;
};
struct words_answer {
	struct words_state after;
	uint64_t undefined; /* nothing else counts then */
};

#endif
