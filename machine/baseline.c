/* See baseline.h: a hash table with linear probing, at most half full. */
#include "machine/baseline.h"

#include <stdlib.h>
#include <string.h>

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

void baseline_free(struct baseline *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->room; i++)
		free(b->slot[i].name);
	free(b->slot);
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
