/* Points as text (machine/debug.h): what stands behind break, watch and catch. */
#include "machine/debug.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/why.h"

/* The word at *s of at most size - 1 bytes; *s is then at the one behind it. */
static bool word(const char **s, char *to, size_t size)
{
	size_t n;

	*s += strspn(*s, " \t");
	n = strcspn(*s, " \t");
	if (n >= size)
		return false;
	memcpy(to, *s, n);
	to[n] = '\0';
	*s += n;
	*s += strspn(*s, " \t");
	return n != 0;
}

static bool number(const char *text, u64 *v)
{
	char *end;

	errno = 0;
	*v = strtoull(text, &end, 0);
	return isdigit((unsigned char)*text) && !*end && !errno;
}

/* NUMBER, NAME or NAME+NUMBER. */
static int parse_address(u64 *addr, char *text, debug_symbol_fn *symbol, void *ctx, struct why *why)
{
	char *plus = strrchr(text, '+');
	bool ok = false;
	u64 offset = 0;

	text += *text == '*';
	if (number(text, addr))
		return 0;
	if (plus && !number(plus + 1, &offset))
		return why_set(why, EINVAL, "expected a number after +, got '%s'", plus + 1);
	if (plus)
		*plus = '\0';
	if (number(text, addr))
		ok = true;
	else if (symbol)
		*addr = symbol(ctx, text, &ok);
	if (!ok)
		return why_set(why, EINVAL, "expected an address%s, got '%s'", symbol ? " or the name of a symbol" : "", text);
	*addr += offset;
	return 0;
}

/* "if COND", or nothing. */
static int parse_if(struct debug_point *p, const char *s, struct why *why)
{
	if (!*s)
		return 0;
	if (strncmp(s, "if", 2) || !(s[2] == ' ' || s[2] == '\t' || !s[2]))
		return why_set(why, EINVAL, "expected if and a condition, got '%s'", s);
	return debug_cond_parse(&p->cond, s + 2, why);
}

static int parse_break(struct debug_point *p, const char *s, debug_symbol_fn *symbol, void *ctx, struct why *why)
{
	char text[256];
	int r;

	if (!word(&s, text, sizeof(text)))
		return why_set(why, EINVAL, "break: expected an address");
	p->len = 4;
	r = parse_address(&p->addr, text, symbol, ctx, why);
	return r ? r : parse_if(p, s, why);
}

/* [-r|-a|-w] ADDR [LEN] [if COND] */
static int parse_watch(struct debug_point *p, const char *s, debug_symbol_fn *symbol, void *ctx, struct why *why)
{
	char text[256], len[32];
	const char *rest;
	int r;

	p->write = true;
	p->len = 8;
	if (!word(&s, text, sizeof(text)))
		return why_set(why, EINVAL, "watch: expected an address");
	if (text[0] == '-') {
		if (!strchr("raw", text[1]) || strlen(text) != 2)
			return why_set(why, EINVAL, "watch: expected -r (reads), -w (writes) or -a (both), got '%s'", text);
		p->read = text[1] != 'w';
		p->write = text[1] != 'r';
		if (!word(&s, text, sizeof(text)))
			return why_set(why, EINVAL, "watch: expected an address");
	}
	r = parse_address(&p->addr, text, symbol, ctx, why);
	rest = s;
	if (r == 0 && word(&rest, len, sizeof(len)) && strcmp(len, "if")) {
		if (!number(len, &p->len) || !p->len)
			return why_set(why, EINVAL, "watch: expected a number of bytes or if, got '%s'", len);
		s = rest;
	}
	return r ? r : parse_if(p, s, why);
}

int debug_parse(struct debug_point *p, enum point_kind kind, const char *text, debug_symbol_fn *symbol, void *ctx, struct why *why)
{
	*p = (struct debug_point){ .kind = (u8)kind };
	switch (kind) {
	case POINT_BREAK: return parse_break(p, text, symbol, ctx, why);
	case POINT_WATCH: return parse_watch(p, text, symbol, ctx, why);
	default: return why_set(why, ENOSYS, "not yet");
	}
}
