/* See json.h. */
#include "machine/json.h"

#include <inttypes.h>

static void quoted(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++)
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if ((unsigned char)*s < 32)
			fprintf(f, "\\u%04x", (unsigned)*s);
		else
			fputc(*s, f);
	fputc('"', f);
}

/* Everything in front of a value. */
static void entry(struct json *j, const char *key)
{
	if (j->some[j->depth])
		fputc(',', j->f);
	j->some[j->depth] = true;
	fprintf(j->f, "\n%*s", (int)(2 * j->depth), "");
	if (key) {
		quoted(j->f, key);
		fputs(": ", j->f);
	}
}

static void open_level(struct json *j, char bracket)
{
	fputc(bracket, j->f);
	j->depth++;
	j->some[j->depth] = false;
	j->close[j->depth] = bracket == '{' ? '}' : ']';
}

void json_begin(struct json *j, FILE *f)
{
	*j = (struct json){ .f = f };
	open_level(j, '{');
}

void json_end(struct json *j)
{
	while (j->depth)
		json_close(j);
	fputc('\n', j->f);
}

void json_open(struct json *j, const char *key, char bracket)
{
	if (j->depth + 1 >= JSON_DEPTH)
		return;
	entry(j, key);
	open_level(j, bracket);
}

void json_close(struct json *j)
{
	if (!j->depth)
		return;
	if (j->some[j->depth])
		fprintf(j->f, "\n%*s", (int)(2 * (j->depth - 1)), "");
	fputc(j->close[j->depth], j->f);
	j->depth--;
}

void json_u64(struct json *j, const char *key, u64 v)
{
	entry(j, key);
	fprintf(j->f, "%" PRIu64, v);
}

void json_real(struct json *j, const char *key, double v, int digits)
{
	entry(j, key);
	fprintf(j->f, "%.*f", digits, v);
}

void json_bool(struct json *j, const char *key, bool v)
{
	entry(j, key);
	fputs(v ? "true" : "false", j->f);
}

void json_text(struct json *j, const char *key, const char *v)
{
	entry(j, key);
	if (v)
		quoted(j->f, v);
	else
		fputs("null", j->f);
}
