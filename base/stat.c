/* See stat.h. The hash tables of tallies have no order of their own: what is printed or saved is sorted. */
#include "base/stat.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/snap.h"

void stat_label_number(u32 i, char *text, size_t size)
{
	snprintf(text, size, "%u", i);
}

void stat_label_size(u32 i, char *text, size_t size)
{
	u32 log2 = i + 12;

	snprintf(text, size, "%u%c", 1u << log2 % 10, "BKMGTPE"[log2 / 10]);
}

void durations_add(struct durations *d, u64 duration)
{
	unsigned k = duration ? 63 - (unsigned)__builtin_clzll(duration) : 0;

	if (!d->count || duration < d->min)
		d->min = duration;
	if (duration > d->max)
		d->max = duration;
	d->count++;
	d->sum += duration;
	d->hist[k < DURATION_BUCKETS ? k : DURATION_BUCKETS - 1]++;
}

void durations_snap(struct snap *s, struct durations *d)
{
	u64 *v = (u64 *)d;

	for (size_t i = 0; i < sizeof(*d) / sizeof(*v); i++)
		snap_u64(s, &v[i]);
}

/* The slot of a key, or the empty one where it belongs. */
static struct tally_row *slot(struct tally_row *table, u32 room, u64 key)
{
	u32 i = (u32)((key * 0x9e3779b97f4a7c15ull) >> 32) & (room - 1);

	while (table[i].count && table[i].key != key)
		i = (i + 1) & (room - 1);
	return &table[i];
}

/* Room for one more: at most half of the slots are in use. */
static bool make_room(struct tally *t)
{
	u32 room = t->room ? 2 * t->room : 32;
	struct tally_row *table;

	if (2 * t->n < t->room)
		return true;
	table = calloc(room, sizeof(*table));
	if (!table)
		return false;
	for (u32 i = 0; i < t->room; i++)
		if (t->row[i].count)
			*slot(table, room, t->row[i].key) = t->row[i];
	free(t->row);
	t->row = table;
	t->room = room;
	return true;
}

struct tally_row *tally_find(const struct tally *t, u64 key)
{
	struct tally_row *r = t->room ? slot(t->row, t->room, key) : NULL;

	return r && r->count ? r : NULL;
}

static struct tally_row *add(struct tally *t, u32 limit, u64 key, u64 count)
{
	struct tally_row *r = tally_find(t, key);

	if (!stats_on())
		return NULL;
	if (!r) {
		if (t->n >= limit || !make_room(t)) {
			t->rest += count;
			return NULL;
		}
		r = slot(t->row, t->room, key);
		r->key = key;
		t->n++;
	}
	r->count += count;
	return r;
}

struct tally_row *tally_count(struct tally *t, u32 limit, u64 key)
{
	return add(t, limit, key, 1);
}

void tally_merge(struct tally *t, u32 limit, const struct tally *from)
{
	u32 n;
	struct tally_row *list = tally_sorted(from, &n);

	for (u32 i = 0; i < n; i++) {
		struct tally_row *r = add(t, limit, list[i].key, list[i].count);

		if (r)
			r->sum += list[i].sum;
	}
	t->rest += from->rest;
	free(list);
}

static int by_key(const void *a, const void *b)
{
	u64 x = ((const struct tally_row *)a)->key, y = ((const struct tally_row *)b)->key;

	return (x > y) - (x < y);
}

struct tally_row *tally_sorted(const struct tally *t, u32 *n)
{
	struct tally_row *list = t->n ? calloc(t->n, sizeof(*list)) : NULL;

	*n = 0;
	for (u32 i = 0; list && i < t->room; i++)
		if (t->row[i].count)
			list[(*n)++] = t->row[i];
	if (list)
		qsort(list, *n, sizeof(*list), by_key);
	return list;
}

void tally_snap(struct snap *s, struct tally *t, u32 limit)
{
	u32 n = t->n, there;
	struct tally_row *list = s->loading ? NULL : tally_sorted(t, &there);

	if (s->loading)
		tally_free(t);
	snap_u32(s, &n);
	snap_u64(s, &t->rest);
	snap_check(s, n <= limit, "number of rows of a tally");
	for (u32 i = 0; i < n && !s->failed; i++) {
		struct tally_row r = list ? list[i] : (struct tally_row){ 0 };

		snap_u64(s, &r.key);
		snap_u64(s, &r.count);
		snap_u64(s, &r.sum);
		snap_check(s, r.count != 0, "count of a row of a tally");
		if (!s->loading || s->failed || !make_room(t))
			continue;
		t->n += !slot(t->row, t->room, r.key)->count;
		*slot(t->row, t->room, r.key) = r;
	}
	free(list);
}

void tally_free(struct tally *t)
{
	free(t->row);
	*t = (struct tally){ 0 };
}
