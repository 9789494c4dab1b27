/* Which words the sampled run of decode.c classifies: a function of seed and index, so that any part can be repeated. */
#ifndef DECODE_WORDS_H
#define DECODE_WORDS_H

#include "cpu/insn.h"

struct decode_field {
	u8 hi, lo; /* bits of the word */
};

struct decode_row {
	struct decode_field field[32];
	u8 n_fields;
	s8 field_of[32]; /* by bit of the word; -1: a fixed bit */
};

struct decode_words {
	u64 seed;
	unsigned low_parts; /* words with each value of bits 31:10 */
	unsigned per_bit;   /* words with each bit of each row */
	u64 random;         /* any word */
	struct decode_row *rows; /* as a64_insns */
};

/* 0 or -ENOMEM. */
int decode_words_init(struct decode_words *s, u64 seed, unsigned low_parts, unsigned per_bit, u64 random);
void decode_words_free(struct decode_words *s);
u64 decode_words_count(const struct decode_words *s);
u32 decode_word(const struct decode_words *s, u64 index);

#endif
