/* See kallsyms.h. */
#define _GNU_SOURCE /* memmem */
#include "frontend/kallsyms.h"

#include <errno.h>
#include <string.h>

#include "base/bits.h"

enum {
	TOKENS = 256,
	TOKEN_BYTES = 65536, /* of all of them */
	TABLES = 1000,	     /* places that may be one */
	SEARCHES = 2,	     /* ... and have tokens */
	MARKER_STEP = 256,   /* each so many names have their place noted */
	MARKERS_BEFORE = 1 << 20, NAMES_BEFORE = 4 << 20, /* bytes before the tokens, the markers */
	MOST = 2000000,
	NAME = 512,
};

struct table {
	const u8 *image;
	size_t size;
	size_t tokens, end; /* begin of the strings; behind the table of their offsets */
	u16 offset[TOKENS];
	size_t markers, names, number; /* `number`: where the number of names stands */
	u32 marker[5], count;
};

static u64 get(const struct table *t, size_t at, size_t n)
{
	u64 v = 0;

	if (at + n > t->size || at + n < at)
		return 0;
	memcpy(&v, t->image + at, n); /* little-endian, as the host */
	return v;
}

static size_t up(size_t v, size_t to)
{
	return (v + to - 1) / to * to;
}

/* ---- finding its parts ---- */

static bool get_offsets(struct table *t, size_t at)
{
	for (size_t i = 0; i < TOKENS; i++) {
		t->offset[i] = (u16)get(t, at + 2 * i, 2);
		if (i ? t->offset[i] <= t->offset[i - 1] : t->offset[i])
			return false;
	}
	return at + 2 * TOKENS <= t->size;
}

/* digit: where token '0' stands. Behind the last of the strings, and padding, comes the table of their offsets. */
static bool find_tokens(struct table *t, size_t digit)
{
	size_t at = digit, limit = digit + TOKEN_BYTES < t->size ? digit + TOKEN_BYTES : t->size;

	for (unsigned i = '0'; i < TOKENS; i++) {
		const u8 *zero = at < limit ? memchr(t->image + at, 0, limit - at) : NULL;

		if (!zero)
			return false;
		at = (size_t)(zero - t->image) + 1;
	}
	for (size_t index = up(at, 2); index < at + 256; index += 2)
		if (get_offsets(t, index) && t->offset['0'] <= digit) {
			t->tokens = digit - t->offset['0'];
			t->end = index + 2 * TOKENS;
			return true;
		}
	return false;
}

/* A 0, then rising by what 256 names may take. */
static bool is_marker(struct table *t, size_t at)
{
	for (size_t i = 0; i < ARRAY_SIZE(t->marker); i++) {
		t->marker[i] = (u32)get(t, at + 4 * i, 4);
		if (i ? t->marker[i] - t->marker[i - 1] <= MARKER_STEP || t->marker[i] - t->marker[i - 1] >= 65536 : t->marker[0])
			return false;
	}
	return true;
}

static bool find_markers(struct table *t)
{
	size_t at = t->tokens & ~3ull, lowest = at > MARKERS_BEFORE ? at - MARKERS_BEFORE : 0;

	for (; at > lowest; at -= 4)
		if (is_marker(t, at)) {
			t->markers = at;
			return true;
		}
	return false;
}

/* Length of the name at `at`, and of what says so. */
static size_t name_length(const struct table *t, size_t at, size_t *head)
{
	size_t n = get(t, at, 1);

	*head = n & 0x80 ? 2 : 1;
	return n & 0x80 ? (n & 0x7f) | get(t, at + 1, 1) << 7 : n;
}

static size_t skip(const struct table *t, size_t at, size_t names)
{
	size_t head;

	for (; names && at < t->size; names--) {
		size_t n = name_length(t, at, &head);

		at += head + n;
	}
	return at;
}

/* Their number stands before them, with padding. */
static bool find_number(struct table *t)
{
	for (size_t at = t->names - 4; at + 260 > t->names && at >= 4; at -= 4) {
		t->number = at;
		t->count = (u32)get(t, at, 4);
		if (t->count)
			return t->count <= MOST;
	}
	return false;
}

static bool find_names(struct table *t)
{
	size_t at = t->markers & ~3ull, lowest = at > NAMES_BEFORE + 260 ? at - NAMES_BEFORE : 260;

	for (; at > lowest; at -= 4) {
		if (get(t, at - 1, 1) || skip(t, at, MARKER_STEP) != at + t->marker[1] || skip(t, at, 4 * MARKER_STEP) != at + t->marker[4])
			continue;
		t->names = at;
		return find_number(t);
	}
	return false;
}

static bool find_table(struct table *t)
{
	static const u8 digits[] = "0\0001\0002\0003\0004\0005\0006"; /* one token each */
	size_t at = 0, searches = 0;

	for (unsigned i = 0; i < TABLES && searches < SEARCHES; i++) {
		const u8 *found = at < t->size ? memmem(t->image + at, t->size - at, digits, sizeof digits) : NULL;

		if (!found)
			return false;
		at = (size_t)(found - t->image) + 1;
		if (!find_tokens(t, at - 1))
			continue;
		searches++;
		if (find_markers(t) && find_names(t))
			return true;
	}
	return false;
}

/* ---- addresses ---- */

/* Where they stand: so many bytes each, relative to a base that stands elsewhere, or (base 0) whole. */
struct addresses {
	size_t at, base;
	unsigned bytes;
};

static bool rise(const struct table *t, const struct addresses *a)
{
	u64 last = 0;

	if (a->at >= t->size || (u64)t->count * a->bytes > t->size - a->at || a->base + 8 > t->size)
		return false;
	for (u32 i = 0; i < t->count; i++) {
		u64 v = get(t, a->at + (size_t)i * a->bytes, a->bytes);

		if (v < last)
			return false;
		last = v;
	}
	return last != 0;
}

/* Linux: before the names, since 6.4 behind all else, with the base behind them; Xen: whole, before the names. */
static bool find_addresses(const struct table *t, struct addresses *a)
{
	size_t four = up(4 * (size_t)t->count, 8), eight = 8 * (size_t)t->count, behind = up(t->end, 8);
	const struct addresses places[] = {
		{ t->number - 8 - four, t->number - 8, 4 },
		{ t->number - 12 - up(4 * (size_t)t->count, 8), t->number - 12, 4 },
		{ behind, up(behind + 4 * (size_t)t->count, 8), 4 },
		{ t->number - eight, 0, 8 },
		{ t->number - up(eight, 256), 0, 8 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		*a = places[i];
		if (rise(t, a))
			return true;
	}
	return false;
}

/* ---- names ---- */

/* The first character is the symbol's type; "file.c#name" is Xen's. */
static const char *expand(const struct table *t, size_t at, char name[NAME])
{
	size_t head, n = name_length(t, at, &head), to = 0;
	const char *file;

	for (size_t i = 0; i < n; i++) {
		size_t from = t->tokens + t->offset[get(t, at + head + i, 1)];

		for (; from < t->size && t->image[from] && to < NAME - 1; from++)
			name[to++] = (char)t->image[from];
	}
	name[to] = 0;
	file = strrchr(name, '#');
	return !to ? "" : file ? file + 1 : name + 1;
}

static int add_all(const struct table *t, const struct addresses *a, u64 origin, struct symbols *to)
{
	size_t at = t->names;
	char text[NAME];

	for (u32 i = 0; i < t->count && at < t->size; i++) {
		const char *name = expand(t, at, text);
		int r = *name && *name != '$' ? symbols_add(to, name, origin + get(t, a->at + (size_t)i * a->bytes, a->bytes), 0) : 0;

		if (r)
			return r;
		at = skip(t, at, 1);
	}
	return 0;
}

s64 kallsyms_add(struct symbols *to, const char *name, const u8 *image, size_t size, u64 start, struct why *why)
{
	struct table t = { .image = image, .size = size };
	size_t before = symbols_count(to);
	struct addresses a;
	u64 origin;
	int r;

	if (!find_table(&t) || !find_addresses(&t, &a))
		return why_set(why, ENOEXEC, "%s: no table of symbols was found", name);
	origin = a.base ? get(&t, a.base, 8) : start;
	if (a.base && !origin && !start) /* a file that is to be relocated */
		return why_set(why, EINVAL, "%s: it does not say where it runs; expected the address of its first symbol as offset", name);
	r = add_all(&t, &a, origin ? origin : a.base ? start : 0, to);
	if (r < 0)
		return why_set(why, -r, "%s: too many symbols, or no memory on the host", name);
	return (s64)(symbols_count(to) - before);
}
