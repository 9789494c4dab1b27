/*
 * Arguments of the form key=value,key=value, the values in them, and the guess at what a misspelt
 * word meant.
 */
#include "frontend/options_priv.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int refuse(struct parse *p, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return why_set(p->why, EINVAL, "%s: %s", p->option, text);
}

int set_string(struct parse *p, char **slot, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return why_set(p->why, ENOMEM, "no memory on the host");
	free(*slot);
	*slot = copy;
	return 0;
}

static bool one_of(const char *value, const char *const words[4])
{
	for (size_t i = 0; i < 4; i++)
		if (!strcmp(value, words[i]))
			return true;
	return false;
}

int value_bool(struct parse *p, const char *what, const char *value, bool *out)
{
	static const char *const yes[4] = { "on", "yes", "true", "y" }, *const no[4] = {
		"off", "no", "false", "n"
	};

	*out = one_of(value, yes);
	if (*out || one_of(value, no))
		return 0;
	return refuse(p, "%s: expected on or off, got '%s'", what, value);
}

int value_u64(struct parse *p, const char *what, const char *value, u64 min, u64 max, u64 *out)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(value, &end, 0);
	if (isdigit((unsigned char)value[0]) && !*end && errno == 0 && v >= min && v <= max) {
		*out = v;
		return 0;
	}
	if (max == UINT64_MAX)
		return refuse(p, "%s: expected a number from %" PRIu64 ", got '%s'", what, min,
			      value);
	return refuse(p, "%s: expected a number from %" PRIu64 " to %" PRIu64 ", got '%s'", what,
		      min, max, value);
}

int value_size(struct parse *p, const char *what, const char *value, u64 unit, u64 *out)
{
	static const char letters[] = "BKMGT";
	const char *letter;
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(value, &end, 0);
	if (*end && !end[1] && (letter = strchr(letters, toupper((unsigned char)*end))) != NULL) {
		unit = 1ull << 10 * (letter - letters);
		end++;
	}
	if (!isdigit((unsigned char)value[0]) || *end || errno || v > UINT64_MAX / unit)
		return refuse(p, "%s: expected a size such as 512M or 2G, got '%s'", what, value);
	*out = v * unit;
	return 0;
}

/* Copies up to the next single comma; returns what follows it, or NULL at the end. */
static const char *split(const char *text, char *out, size_t room)
{
	size_t n = 0;

	for (; *text; text++) {
		if (*text == ',' && *++text != ',')
			break;
		if (n + 1 < room)
			out[n++] = *text;
	}
	out[n] = 0;
	return *text || text[-1] == ',' ? text : NULL;
}

struct key_list {
	const struct key *keys;
	size_t n;
};

static const char *key_name(const void *list, size_t i)
{
	const struct key_list *k = list;

	return i < k->n ? k->keys[i].name : NULL;
}

static int set_key(struct parse *p, const char *name, const char *value, const struct key *keys,
		   size_t n)
{
	const struct key_list list = { keys, n };
	const char *near;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(keys[i].name, name))
			continue;
		if (keys[i].missing)
			return refuse(p, "%s: %s", name, keys[i].missing);
		p->key = i;
		return keys[i].set(p, value);
	}
	near = closest(name, key_name, &list);
	return near ? refuse(p, "unknown key '%s'; the closest known one is '%s'", name, near)
		    : refuse(p, "unknown key '%s'", name);
}

int keys_parse(struct parse *p, const char *text, const char *implied, const struct key *keys,
	       size_t n)
{
	size_t room = strlen(text) + 1;
	char *word;
	int r = 0;

	if (implied && !*text)
		return refuse(p, "expected %s or KEY=VALUE, got ''", implied);
	word = malloc(room);
	if (!word)
		return why_set(p->why, ENOMEM, "no memory on the host");
	for (; r == 0 && text && *text; implied = NULL) {
		char *value;

		text = split(text, word, room);
		value = strchr(word, '=');
		if (value)
			*value++ = 0;
		if (!value && implied)
			r = set_key(p, implied, word, keys, n);
		else
			r = set_key(p, word, value ? value : "on", keys, n);
	}
	free(word);
	return r;
}

/* Levenshtein distance, one row at a time; long words are cut, which only makes them unlikely. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[40];
	size_t lb = strnlen(b, ARRAY_SIZE(row) - 1);

	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < lb; j++) {
			unsigned best = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			if (diagonal + 1 < best)
				best = diagonal + 1;
			if (row[j] + 1 < best)
				best = row[j] + 1;
			row[j + 1] = best;
		}
	}
	return row[lb];
}

const char *closest(const char *text, const char *(*next)(const void *list, size_t i),
		    const void *list)
{
	unsigned limit = (unsigned)strlen(text) / 2 + 1, best = limit + 1;
	const char *name, *found = NULL;

	for (size_t i = 0; (name = next(list, i)) != NULL; i++) {
		unsigned d = distance(text, name);

		if (d < best && d < strlen(name)) {
			best = d;
			found = name;
		}
	}
	return found;
}
