/* See baseline.h: a hash table with linear probing, at most half full. */
#include "machine/baseline.h"

#include <stdlib.h>
#include <string.h>

#include "base/snap.h"

struct entry {
	char *name; /* NULL: free */
	u64 value;
};

struct baseline {
	struct entry *slot;
	size_t room, used;
};

/* FNV-1a */
static u64 hash(const char *name)
{
	u64 h = 0xcbf29ce484222325ull;

	for (; *name; name++)
		h = (h ^ (u8)*name) * 0x100000001b3ull;
	return h ^ h >> 32;
}

static struct entry *find(struct entry *slot, size_t room, const char *name)
{
	size_t i = hash(name) & (room - 1);

	while (slot[i].name && strcmp(slot[i].name, name))
		i = (i + 1) & (room - 1);
	return &slot[i];
}

static bool make_room(struct baseline *b)
{
	size_t room = b->room ? 2 * b->room : 1024;
	struct entry *slot;

	if (2 * b->used < b->room)
		return true;
	slot = calloc(room, sizeof(*slot));
	if (!slot)
		return false;
	for (size_t i = 0; i < b->room; i++)
		if (b->slot[i].name)
			*find(slot, room, b->slot[i].name) = b->slot[i];
	free(b->slot);
	b->slot = slot;
	b->room = room;
	return true;
}

struct baseline *baseline_new(void)
{
	return calloc(1, sizeof(struct baseline));
}

static void clear(struct baseline *b)
{
	for (size_t i = 0; i < b->room; i++)
		free(b->slot[i].name);
	free(b->slot);
	*b = (struct baseline){ 0 };
}

void baseline_free(struct baseline *b)
{
	if (b)
		clear(b);
	free(b);
}

u64 *baseline_at(struct baseline *b, const char *name)
{
	struct entry *e;

	if (!b || !make_room(b))
		return NULL;
	e = find(b->slot, b->room, name);
	if (!e->name) {
		e->name = strdup(name);
		if (!e->name)
			return NULL;
		b->used++;
	}
	return &e->value;
}

/* ---- snapshots ---- */

enum { NAME_MAX_BYTES = 160, ROWS_MAX = 1 << 22 };

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static struct entry *sorted(const struct baseline *b)
{
	struct entry *list = calloc(b->used + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; list && i < b->room; i++)
		if (b->slot[i].name)
			list[n++] = b->slot[i];
	if (list)
		qsort(list, n, sizeof(*list), by_name);
	return list;
}

static void snap_entry(struct baseline *b, const struct entry *e, struct snap *s)
{
	char name[NAME_MAX_BYTES] = "";
	u64 value = e ? e->value : 0, *to;
	u8 n = e ? (u8)strlen(e->name) : 0;

	snap_u8(s, &n);
	snap_check(s, n < sizeof name, "length of a counter's name");
	if (s->failed)
		return;
	if (e)
		memcpy(name, e->name, n);
	snap_bytes(s, name, n);
	snap_u64(s, &value);
	to = s->loading && !s->failed ? baseline_at(b, name) : NULL;
	if (to)
		*to = value;
}

void baseline_snap(struct baseline *b, struct snap *s)
{
	struct entry *list = s->loading ? NULL : sorted(b);
	u32 n = list ? (u32)b->used : 0;

	snap_u32(s, &n);
	snap_check(s, n <= ROWS_MAX, "number of counters");
	if (s->loading)
		clear(b);
	for (u32 i = 0; i < n && !s->failed; i++)
		snap_entry(b, list ? &list[i] : NULL, s);
	free(list);
}
