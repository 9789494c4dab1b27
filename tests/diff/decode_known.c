/* Reader and matcher of decode_known.txt. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "decode_known.h"

/* The bits of letter c in a picture without blanks; they are adjacent. */
static bool find_letter(const char *flat, char c, u8 *hi, u8 *lo)
{
	const char *first = strchr(flat, c), *last = strrchr(flat, c);

	if (!first || c == 'x' || c == '0' || c == '1')
		return false;
	*hi = (u8)(31 - (first - flat));
	*lo = (u8)(31 - (last - flat));
	return true;
}

/* "t=n", "t!=n", "n!=31": conditions that must all hold. */
static bool parse_condition(struct decode_known *k, const char *flat, const char *text)
{
	struct decode_condition *c = &k->condition[k->n_conditions];
	const char *b = text + 1;

	if (k->n_conditions == ARRAY_SIZE(k->condition) || !find_letter(flat, text[0], &c->a_hi, &c->a_lo))
		return false;
	if (*b == '!')
		c->differs = true, b++;
	if (*b++ != '=')
		return false;
	k->n_conditions++;
	if (*b < '0' || *b > '9')
		return find_letter(flat, *b, &c->b_hi, &c->b_lo) && !b[1];
	c->constant = true;
	c->b_hi = (u8)atoi(b);
	return true;
}

/* PICTURE ; WHO ; CONDITIONS ; REASON */
static bool parse_line(struct decode_known *k, char *line)
{
	char *column[4], flat[33], *save = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < 4; i++) {
		column[i] = line;
		line = i < 3 ? strchr(line, ';') : NULL;
		if (i < 3 && !line)
			return false;
		if (line)
			*line++ = 0;
	}
	for (const char *p = column[0]; *p; p++) {
		if (*p == ' ' || *p == '\t')
			continue;
		if (n == 32)
			return false;
		flat[n++] = *p;
		k->mask = k->mask << 1 | (*p == '0' || *p == '1');
		k->value = k->value << 1 | (*p == '1');
	}
	flat[n] = 0;
	k->who = strstr(column[1], "trapline") ? DECODE_HERE : DECODE_REFERENCE;
	if (n != 32 || (!strstr(column[1], "trapline") && !strstr(column[1], "llvm")))
		return false;
	if (strspn(column[3], " \t\n") == strlen(column[3]))
		return false;
	for (char *c = strtok_r(column[2], " ", &save); c; c = strtok_r(NULL, " ", &save))
		if (!parse_condition(k, flat, c))
			return false;
	return true;
}

int decode_known_read(struct decode_list *list, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[1024];
	unsigned n = 0;

	*list = (struct decode_list){ 0 };
	if (!f) {
		fprintf(stderr, "decode: cannot read %s\n", path);
		return -1;
	}
	while (fgets(line, sizeof(line), f)) {
		struct decode_known k = { .line = ++n }, *grown;

		if (line[0] == '#' || line[strspn(line, " \t\n")] == 0)
			continue;
		grown = realloc(list->entry, (list->n + 1) * sizeof(*grown));
		if (grown)
			list->entry = grown;
		if (!grown || !parse_line(&k, line)) {
			fprintf(stderr, "decode: %s:%u: expected PICTURE ; WHO ; CONDITIONS ; REASON\n", path, n);
			fclose(f);
			return -1;
		}
		list->entry[list->n++] = k;
	}
	fclose(f);
	return 0;
}

static bool holds(const struct decode_condition *c, u32 w)
{
	u64 a = bits(w, c->a_hi, c->a_lo), b = c->constant ? c->b_hi : bits(w, c->b_hi, c->b_lo);

	return (a == b) != c->differs;
}

int decode_known_find(const struct decode_list *list, u32 w, int who)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct decode_known *k = &list->entry[i];
		bool all = (w & k->mask) == k->value && k->who == who;

		for (unsigned c = 0; all && c < k->n_conditions; c++)
			all = holds(&k->condition[c], w);
		if (all)
			return (int)i;
	}
	return -1;
}
