/*
 * The files of a run, and its counters by patterns. The files are somebody else's: whatever is in them, what cannot be is refused with
 * one line. Text keeps its place in the jansson objects, which live as long as the run.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "frontend/report_priv.h"
#include "machine/report.h"

enum {
	ROWS_MOST = 200000,   /* of a block */
	PARTS_MOST = 100000,
	DEPTH_MOST = 24,
	WORDS_MOST = 4096,
};
#define BYTES_MOST ((off_t)512 << 20)

/* ---- reading ---- */

static int load_json(json_t **out, const char *dir, const char *name, bool must, struct why *why)
{
	char path[4096];
	json_error_t error;
	struct stat st;

	*out = NULL;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	if (stat(path, &st))
		return errno == ENOENT && !must ? 0 : why_set(why, errno, "report: %s: expected the folder of a --stats run: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > BYTES_MOST)
		return why_set(why, EINVAL, "report: %s: expected a file of at most %d MiB", path, (int)(BYTES_MOST >> 20));
	*out = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!*out)
		return why_set(why, EINVAL, "report: %s: line %d: %s", path, error.line, error.text);
	if (!json_is_object(*out))
		return why_set(why, EINVAL, "report: %s: expected a JSON object", path);
	if (json_integer_value(json_object_get(*out, "schema_version")) != REPORT_SCHEMA)
		return why_set(why, EINVAL, "report: %s: expected schema_version %d (files of this version of Trapline), got %" JSON_INTEGER_FORMAT,
			       path, REPORT_SCHEMA, json_integer_value(json_object_get(*out, "schema_version")));
	return 0;
}

static int add_row(struct rows *r, const char *name, u64 value, struct why *why)
{
	if (r->n == r->room) {
		size_t room = r->room ? 2 * r->room : 256;
		struct row *grown = realloc(r->row, room * sizeof *grown);

		if (!grown)
			return why_set(why, ENOMEM, "report: no memory");
		r->row = grown;
		r->room = room;
	}
	r->row[r->n].name = strdup(name);
	if (!r->row[r->n].name)
		return why_set(why, ENOMEM, "report: no memory");
	r->row[r->n++].value = value;
	return r->n <= ROWS_MOST ? 0 : why_set(why, EINVAL, "report: expected at most %d counters", ROWS_MOST);
}

/* The leaves of nested objects by their full names. */
static int flatten(struct rows *r, const char *prefix, json_t *object, unsigned depth, struct why *why)
{
	const char *key;
	json_t *value;
	int ret = 0;

	json_object_foreach(object, key, value) {
		char name[512];

		if (!depth && (!strcmp(key, "dumps") || !strcmp(key, "schema_version")) && !*prefix)
			continue;
		if (depth == DEPTH_MOST || snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", key) >= (int)sizeof name)
			return why_set(why, EINVAL, "report: stats.json: a name is too long");
		if (json_is_object(value))
			ret = flatten(r, name, value, depth + 1, why);
		else if (json_is_integer(value) && json_integer_value(value) >= 0)
			ret = add_row(r, name, (u64)json_integer_value(value), why);
		else
			ret = why_set(why, EINVAL, "report: stats.json: expected a counter, which %s is not", name);
		if (ret)
			return ret;
	}
	return 0;
}

static int load_part(struct part *p, json_t *j, struct why *why)
{
	json_t *stats = json_object_get(j, "stats"), *time = json_object_get(j, "time");

	p->kind = json_string_value(json_object_get(j, "kind"));
	p->label = json_string_value(json_object_get(j, "label"));
	if (!p->kind || !p->label || !json_is_integer(time) || json_integer_value(time) < 0 || (stats && !json_is_object(stats)))
		return why_set(why, EINVAL, "report: stats.json: expected kind, label, time and stats in each of \"dumps\"");
	p->time = (u64)json_integer_value(time);
	p->insns = (u64)json_integer_value(json_object_get(j, "insns"));
	if (stats) {
		int r = flatten(&p->rows, "", stats, 1, why);

		if (r < 0)
			return r;
	}
	p->ticks = rows_sum(&p->rows, "sim_ticks");
	return 0;
}

static int load_parts(struct run *r, struct why *why)
{
	json_t *dumps = json_object_get(r->stats, "dumps");
	size_t n = json_array_size(dumps);

	if (!json_is_array(dumps) || n > PARTS_MOST)
		return why_set(why, EINVAL, "report: %s/stats.json: expected at most %d \"dumps\"", r->dir, PARTS_MOST);
	r->part = calloc(n + 1, sizeof *r->part);
	if (!r->part)
		return why_set(why, ENOMEM, "report: no memory");
	for (r->parts = 0; r->parts < n; r->parts++) {
		int ret = load_part(&r->part[r->parts], json_array_get(dumps, r->parts), why);

		if (ret) {
			r->parts++;
			return ret;
		}
	}
	return 0;
}

/* The last part of a path. */
static char *last_part(const char *dir)
{
	size_t n = strlen(dir), from;

	while (n > 1 && dir[n - 1] == '/')
		n--;
	for (from = n; from && dir[from - 1] != '/';)
		from--;
	return strndup(dir + from, n - from);
}

int run_load(struct run *r, const char *dir, struct why *why)
{
	int ret;

	*r = (struct run){ .dir = dir, .name = last_part(dir) };
	if (!r->name)
		return why_set(why, ENOMEM, "report: no memory");
	ret = load_json(&r->stats, dir, "stats.json", true, why);
	if (!ret)
		ret = load_json(&r->config, dir, "config.json", false, why);
	if (!ret)
		ret = load_json(&r->host, dir, "host.json", false, why);
	if (!ret)
		ret = flatten(&r->total, "", r->stats, 0, why);
	return ret ? ret : load_parts(r, why);
}

static void rows_free(struct rows *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->row[i].name);
	free(r->row);
}

void run_free(struct run *r)
{
	rows_free(&r->total);
	for (size_t i = 0; i < r->parts; i++)
		rows_free(&r->part[i].rows);
	free(r->part);
	free(r->name);
	json_decref(r->stats);
	json_decref(r->config);
	json_decref(r->host);
}

const char *run_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* ---- patterns ---- */

/*
 * name against the pattern up to a blank or its end. What '@' or '#' stands for is in *from and *n. '#' takes as much as it can, so
 * nothing but literal text may follow it.
 */
static bool matches(const char *pattern, const char *name, const char **from, size_t *n)
{
	for (; *pattern && *pattern != ' '; pattern++) {
		if (*pattern == '*' || *pattern == '@') {
			size_t part = strcspn(name, ".");

			if (pattern[1] && pattern[1] != ' ' && pattern[1] != '.') /* "to_*x" is not needed */
				return false;
			if (*pattern == '@') {
				*from = name;
				*n = part;
			}
			name += part;
		} else if (*pattern == '#') {
			size_t rest = strcspn(pattern + 1, " "), all = strlen(name);

			if (all <= rest || strncmp(name + all - rest, pattern + 1, rest))
				return false;
			*from = name;
			*n = all - rest;
			return true;
		} else if (*pattern != *name++) {
			return false;
		}
	}
	return !*name;
}

static bool matches_one(const char *patterns, const char *name)
{
	const char *from;
	size_t n;

	for (;;) {
		if (matches(patterns, name, &from, &n))
			return true;
		patterns += strcspn(patterns, " ");
		if (!*patterns++)
			return false;
	}
}

u64 rows_sum(const struct rows *r, const char *patterns)
{
	u64 sum = 0;

	for (size_t i = 0; i < r->n; i++)
		if (matches_one(patterns, r->row[i].name))
			sum += r->row[i].value;
	return sum;
}

u64 rows_max(const struct rows *r, const char *patterns)
{
	u64 max = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->row[i].value > max && matches_one(patterns, r->row[i].name))
			max = r->row[i].value;
	return max;
}

u64 rows_min(const struct rows *r, const char *patterns)
{
	u64 min = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->row[i].value && (!min || r->row[i].value < min) && matches_one(patterns, r->row[i].name))
			min = r->row[i].value;
	return min;
}

/* ---- words ---- */

static bool has_word(const struct words *w, const char *from, size_t n)
{
	for (size_t i = 0; i < w->n; i++)
		if (!strncmp(w->word[i], from, n) && !w->word[i][n])
			return true;
	return false;
}

void words_collect(struct words *w, const struct rows *r, const char *pattern)
{
	for (size_t i = 0; i < r->n && w->n < WORDS_MOST; i++) {
		const char *from = "";
		size_t n = 0;
		char **grown, *word;

		if (!matches(pattern, r->row[i].name, &from, &n) || has_word(w, from, n))
			continue;
		grown = realloc(w->word, (w->n + 1) * sizeof *grown);
		if (!grown)
			return;
		w->word = grown;
		word = strndup(from, n);
		if (word)
			w->word[w->n++] = word;
	}
}

struct ranked {
	char *word;
	u64 value;
};

static int by_value(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return x->value != y->value ? (x->value < y->value) - (x->value > y->value) : strcmp(x->word, y->word);
}

/* The format with the word for each %s. */
static void fill(char to[512], const char *format, const char *word)
{
	size_t n = 0;

	for (; *format && n + 1 < 512; format++) {
		if (format[0] == '%' && format[1] == 's') {
			n += (size_t)snprintf(to + n, 512 - n, "%.100s", word);
			n = n < 512 ? n : 511;
			format++;
		} else {
			to[n++] = *format;
		}
	}
	to[n] = '\0';
}

void words_sort(struct words *w, const struct rows *r, const char *format)
{
	struct ranked *list = calloc(w->n + 1, sizeof *list);

	if (!list)
		return;
	for (size_t i = 0; i < w->n; i++) {
		char pattern[512];

		fill(pattern, format, w->word[i]);
		list[i] = (struct ranked){ w->word[i], rows_sum(r, pattern) };
	}
	qsort(list, w->n, sizeof *list, by_value);
	for (size_t i = 0; i < w->n; i++)
		w->word[i] = list[i].word;
	free(list);
}

static int by_number(const void *a, const void *b)
{
	u64 x = strtoull(*(char *const *)a, NULL, 10), y = strtoull(*(char *const *)b, NULL, 10);

	return x != y ? (x > y) - (x < y) : strcmp(*(char *const *)a, *(char *const *)b);
}

void words_sort_numbers(struct words *w)
{
	if (w->n)
		qsort(w->word, w->n, sizeof *w->word, by_number);
}

void words_free(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->word[i]);
	free(w->word);
	*w = (struct words){ 0 };
}
