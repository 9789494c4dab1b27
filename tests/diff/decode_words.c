/*
 * The sample of decode.c, in three parts. Every value of bits 31:10 (all opcodes but a few minor ones lie there) with some values of
 * the rest. Every bit of every row: a fixed bit is flipped (a near miss), a bit of a field makes the field take its values in
 * turn; the row's other fields have edge values, equal or random ones. And words of 32 random bits.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/bits.h"
#include "decode_words.h"

#define GRID_BITS 22 /* bits 31:10 */

/* The finaliser of splitmix64: the n-th number of stream `seed`. */
static u64 random_at(u64 seed, u64 n)
{
	u64 z = seed * 0xd1342543de82ef95 + n * 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* A field is a run of one letter. */
static void split(struct decode_row *row, const char *picture)
{
	char last = 0;
	unsigned at = 32;

	for (; *picture; picture++) {
		if (*picture == ' ')
			continue;
		at--;
		if (*picture == '0' || *picture == '1')
			row->field_of[at] = -1;
		else if (*picture == last)
			row->field_of[at] = (s8)(row->n_fields - 1), row->field[row->n_fields - 1].lo = (u8)at;
		else
			row->field_of[at] = (s8)row->n_fields, row->field[row->n_fields++] = (struct decode_field){ (u8)at, (u8)at };
		last = *picture;
	}
}

int decode_words_init(struct decode_words *s, u64 seed, unsigned low_parts, unsigned per_bit, u64 random)
{
	*s = (struct decode_words){ seed, low_parts, per_bit, random, calloc(a64_insns_n, sizeof(*s->rows)) };
	if (!s->rows)
		return -ENOMEM;
	for (size_t i = 0; i < a64_insns_n; i++)
		split(&s->rows[i], a64_insns[i].picture);
	return 0;
}
void decode_words_free(struct decode_words *s)
{
	free(s->rows);
}

static u64 grid_count(const struct decode_words *s)
{
	return (u64)s->low_parts << GRID_BITS;
}
static u64 row_count(const struct decode_words *s)
{
	return (u64)a64_insns_n * 32 * s->per_bit;
}
u64 decode_words_count(const struct decode_words *s)
{
	return grid_count(s) + row_count(s) + s->random;
}

/* Bits 9:0: register 31, equal registers, any. */
static u32 low_part(u64 r)
{
	u32 low = r >> 8 & 0x3ff, n = low >> 5;

	switch (r & 7) {
	case 0:
		return low | 0x1f;
	case 1:
		return low | 0x3e0;
	case 2:
		return n << 5 | n;
	case 3:
		return low & 0x3e0;
	default:
		return low;
	}
}

static u32 edge(u64 r, unsigned width, u32 other)
{
	u32 max = (u32)low_mask(width);

	switch (r & 7) {
	case 0:
		return 0;
	case 1:
		return 1 & max;
	case 2:
		return max;
	case 3:
		return max - 1;
	case 4:
		return max ^ max >> 1;
	case 5:
		return other & max;
	default:
		return r >> 8 & max;
	}
}

static u32 row_word(const struct decode_words *s, u64 index)
{
	u64 n = index % s->per_bit, variant = index / s->per_bit, of = variant / 32;
	const struct decode_row *row = &s->rows[of];
	unsigned changed = variant % 32;
	int swept = row->field_of[changed];
	u32 w = a64_insns[of].value, last = 0;

	if (swept < 0)
		w ^= 1u << changed;
	for (int i = 0; i < row->n_fields; i++) {
		const struct decode_field *f = &row->field[i];
		unsigned width = f->hi - f->lo + 1u;

		last = i == swept ? (u32)n & (u32)low_mask(width) : edge(random_at(s->seed + 1 + (u64)i, index), width, last);
		w |= last << f->lo;
	}
	return w;
}

u32 decode_word(const struct decode_words *s, u64 index)
{
	u64 grid = grid_count(s), rows = row_count(s);

	if (index < grid)
		return (u32)(index / s->low_parts << 10) | low_part(random_at(s->seed, index));
	if (index < grid + rows)
		return row_word(s, index - grid);
	return (u32)random_at(s->seed, index);
}
