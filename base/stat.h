/*
 * A statistic is a row: name, unit, sentence. A struct of u64 counters is declared from an X-macro list
 * (STAT(field, "unit", "sentence")); the same list makes the rows that the reports print. An array of counters
 * (STAT_ARRAY(field, count, label, "unit", "sentence")) is a row for each of its members that is not 0, named `field.LABEL`. Beside them
 * stand the two other shapes: durations, and tallies by a key that the guest chooses.
 */
#ifndef BASE_STAT_H
#define BASE_STAT_H

#include <stddef.h>

#include "base/types.h"

struct snap;

/*
 * Whether anything is counted. A build of its own for bench/ leaves it out (TRAPLINE_NO_COUNTERS), to measure what counting costs; what
 * counts is behind `if (stats_on())`, which costs nothing in either.
 */
static inline bool stats_on(void)
{
#ifdef TRAPLINE_NO_COUNTERS
	return false;
#else
	return true;
#endif
}

struct stat_row {
	const char *name, *unit, *help;
	size_t offset; /* of the u64 in its struct */
	u32 n;         /* 0: one counter, else an array of so many */
	void (*label)(u32 i, char *text, size_t size); /* of member i of an array */
	const char *labels; /* what stands for the label in the reference: "SIZE" */
};

#define STAT_FIELD(name, unit, help) u64 name;
#define STAT_ARRAY_FIELD(name, count, label, labels, unit, help) u64 name[count];
/* Rows of struct s: with STAT and STAT_ARRAY as parameters of the list. */
#define STAT_ROW(s, field, row_unit, row_help) { .name = #field, .unit = row_unit, .help = row_help, .offset = offsetof(struct s, field) },
#define STAT_ARRAY_ROW(s, field, count, row_label, row_labels, row_unit, row_help) \
	{ .name = #field, .unit = row_unit, .help = row_help, .offset = offsetof(struct s, field), .n = count, .label = row_label, \
	  .labels = row_labels },

/* Labels: "0".."31", and "4K".."16T" of 12 + i, the log2 of a size. */
void stat_label_number(u32 i, char *text, size_t size);
void stat_label_size(u32 i, char *text, size_t size);

/* Durations: how many, their sum, smallest and largest, and by size: hist[k] from 2^k on (0 among the first). */
enum { DURATION_BUCKETS = 40 };
struct durations {
	u64 count, sum, min, max;
	u64 hist[DURATION_BUCKETS];
};
void durations_add(struct durations *d, u64 duration);
void durations_snap(struct snap *s, struct durations *d);

/*
 * Counts by key, bounded: the first `limit` keys have a row each, what the others do is in rest. A guest may choose the keys.
 */
struct tally_row {
	u64 key, count; /* count 0: an empty slot */
	u64 sum;        /* the owner's */
};
struct tally {
	struct tally_row *row; /* hash table of `room` slots */
	u32 n, room;
	u64 rest;
};
/* Counts key once. Its row, valid until the next call; NULL: it has none (limit reached, or no memory) and is in rest. */
struct tally_row *tally_count(struct tally *t, u32 limit, u64 key);
/* Adds what `from` counted. */
void tally_merge(struct tally *t, u32 limit, const struct tally *from);
/* NULL: it has none. */
struct tally_row *tally_find(const struct tally *t, u64 key);
/* The rows by key; the caller frees. *n of them; NULL when there are none, or without memory. */
struct tally_row *tally_sorted(const struct tally *t, u32 *n);
void tally_snap(struct snap *s, struct tally *t, u32 limit);
void tally_free(struct tally *t);

#endif
