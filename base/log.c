/*
 * The machine's log: filters by class, writes whole lines, and remembers which (unit, key) pairs spoke.
 *
 * Not modelled: time stamps (two runs must give the same bytes) and rotation. Everybody calls it, from any thread.
 */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/snap.h"

struct log {
	FILE *file;
	u32 mask;
	pthread_mutex_t lock;
	/* set of 64-bit hashes of (unit, key), open addressing, 0 is an empty slot */
	u64 *spoken;
	size_t slots, used;
};

struct log *log_new(FILE *file, u32 mask)
{
	struct log *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	pthread_mutex_init(&l->lock, NULL);
	l->file = file;
	l->mask = mask | LOG_HOST;
	return l;
}

void log_free(struct log *l)
{
	if (!l)
		return;
	pthread_mutex_destroy(&l->lock);
	free(l->spoken);
	free(l);
}

u32 log_mask(const struct log *l)
{
	return l->mask;
}

void log_set_mask(struct log *l, u32 mask)
{
	l->mask = mask | LOG_HOST;
}

static void log_line(struct log *l, enum log_class cls, const char *unit, const char *fmt, va_list args)
{
	if (!(cls & (LOG_INT | LOG_MMU)))
		fprintf(l->file, "%s: ", unit);
	vfprintf(l->file, fmt, args);
	fputc('\n', l->file);
}

void log_at(struct log *l, enum log_class cls, const char *unit, const char *fmt, ...)
{
	va_list args;

	if (!log_on(l, cls))
		return;
	pthread_mutex_lock(&l->lock);
	va_start(args, fmt);
	log_line(l, cls, unit, fmt, args);
	va_end(args);
	pthread_mutex_unlock(&l->lock);
}

/* FNV-1a over the name and the key's bytes; never 0. */
static u64 spoken_hash(const char *unit, u64 key)
{
	u64 h = 0xcbf29ce484222325;

	for (; *unit; unit++)
		h = (h ^ (u8)*unit) * 0x100000001b3;
	for (int i = 0; i < 8; i++)
		h = (h ^ (u8)(key >> (8 * i))) * 0x100000001b3;
	return h | 1;
}

/* The slot that holds h, or the empty one where it belongs. */
static u64 *spoken_slot(u64 *table, size_t slots, u64 h)
{
	size_t i = (h >> 1) & (slots - 1);

	while (table[i] && table[i] != h)
		i = (i + 1) & (slots - 1);
	return &table[i];
}

static bool spoken_grow(struct log *l)
{
	size_t slots = l->slots ? l->slots * 2 : 64;
	u64 *table = calloc(slots, sizeof *table);

	if (!table)
		return false;
	for (size_t i = 0; i < l->slots; i++) {
		if (l->spoken[i])
			*spoken_slot(table, slots, l->spoken[i]) = l->spoken[i];
	}
	free(l->spoken);
	l->spoken = table;
	l->slots = slots;
	return true;
}

/* True when the pair had not spoken before. */
static bool spoken_add(struct log *l, const char *unit, u64 key)
{
	u64 h = spoken_hash(unit, key), *slot;

	if (l->used * 2 >= l->slots && !spoken_grow(l))
		return false;
	slot = spoken_slot(l->spoken, l->slots, h);
	if (*slot)
		return false;
	*slot = h;
	l->used++;
	return true;
}

void log_once(struct log *l, enum log_class cls, const char *unit, u64 key, const char *fmt, ...)
{
	va_list args;

	if (!log_on(l, cls))
		return;
	pthread_mutex_lock(&l->lock);
	if (spoken_add(l, unit, key)) {
		va_start(args, fmt);
		log_line(l, cls, unit, fmt, args);
		va_end(args);
	}
	pthread_mutex_unlock(&l->lock);
}

/* ---- snapshots ---- */

enum { SPOKEN_MAX = 1 << 20 };

static int by_value(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

/* In order of value, so that two runs give the same bytes. */
static u64 *spoken_sorted(const struct log *l)
{
	u64 *list = calloc(l->used + 1, sizeof *list);
	size_t n = 0;

	for (size_t i = 0; list && i < l->slots; i++)
		if (l->spoken[i])
			list[n++] = l->spoken[i];
	if (list)
		qsort(list, n, sizeof *list, by_value);
	return list;
}

static void spoken_load(struct log *l, u64 h)
{
	u64 *slot;

	if (l->used * 2 >= l->slots && !spoken_grow(l))
		return;
	slot = spoken_slot(l->spoken, l->slots, h);
	l->used += !*slot;
	*slot = h;
}

void log_snap(struct log *l, struct snap *s)
{
	u64 *list = l && !s->loading ? spoken_sorted(l) : NULL;
	u32 n = list ? (u32)l->used : 0;

	snap_u32(s, &n);
	snap_check(s, n <= SPOKEN_MAX, "number of messages that are said once");
	if (l && s->loading && !s->failed && l->used) {
		memset(l->spoken, 0, l->slots * sizeof *l->spoken);
		l->used = 0;
	}
	for (u32 i = 0; i < n && !s->failed; i++) {
		u64 h = list ? list[i] : 0;

		snap_u64(s, &h);
		snap_check(s, h & 1, "a message that is said once");
		if (l && s->loading && !s->failed)
			spoken_load(l, h);
	}
	free(list);
}
