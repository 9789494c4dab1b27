/* Points as text (machine/debug.h): what stands behind break, watch and catch. */
#include "machine/debug.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bits.h"
#include "base/why.h"
#include "cpu/exception.h"
#include "cpu/syndrome.h"
#include "cpu/sysreg.h"
#include "machine/registers.h"

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

static int parse_address(u64 *addr, const char *text, debug_address_fn *address, void *ctx, struct why *why)
{
	if (address)
		return address(ctx, text, addr, why);
	return number(text, addr) ? 0 : why_set(why, EINVAL, "expected an address, got '%s'", text);
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

static int parse_break(struct debug_point *p, const char *s, debug_address_fn *address, void *ctx, struct why *why)
{
	char text[256];
	int r;

	if (!word(&s, text, sizeof(text)))
		return why_set(why, EINVAL, "break: expected an address");
	p->len = 4;
	r = parse_address(&p->addr, text, address, ctx, why);
	return r ? r : parse_if(p, s, why);
}

/* [-r|-a|-w] ADDR [LEN] [if COND] */
static int parse_watch(struct debug_point *p, const char *s, debug_address_fn *address, void *ctx, struct why *why)
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
	r = parse_address(&p->addr, text, address, ctx, why);
	rest = s;
	if (r == 0 && word(&rest, len, sizeof(len)) && strcmp(len, "if")) {
		if (!number(len, &p->len) || !p->len)
			return why_set(why, EINVAL, "watch: expected a number of bytes or if, got '%s'", len);
		s = rest;
	}
	return r ? r : parse_if(p, s, why);
}

/* ---- catchpoints ---- */

/* A class of exceptions by its name in the statistics. */
static bool class_named(const char *name, s16 *cls)
{
	for (unsigned i = 0; i < EXIT_CLASSES; i++) {
		const char *its = i < 64 ? exception_name(VEC_SYNC, i) : exception_name((enum vector_kind)(i - 63), 0);

		if (!strcasecmp(its, name)) {
			*cls = (s16)i;
			return true;
		}
	}
	return false;
}

/* What "catch trap" takes beside names of classes: which class that is, and whether an immediate may follow. */
static const struct trap_word {
	const char *word;
	u8 ec;
	bool imm;
} trap_words[] = { { "hvc", EC_HVC64, true }, { "smc", EC_SMC64, true }, { "svc", EC_SVC64, true }, { "wfx", EC_WFX, false } };

/* KEY or KEY=VALUE, of which value is NULL in the first case. */
static int trap_option(struct debug_catch *k, const char *key, const char *value, struct why *why)
{
	u64 v = 0;

	if (!value && !strcmp(key, "s2fault")) {
		k->s2fault = true;
		return 0;
	}
	if (value && !strcmp(key, "sysreg")) {
		k->row = reg_row(value);
		return k->row ? 0 : why_set(why, EINVAL, "catch trap: there is no system register %s", value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(trap_words); i++) {
		const struct trap_word *w = &trap_words[i];

		if (strcasecmp(key, w->word) || (value && !w->imm))
			continue;
		if (value && (!number(value, &v) || v > 0xffff))
			return why_set(why, EINVAL, "catch trap: expected %s=0 to %s=0xffff, got '%s'", key, key, value);
		k->cls = w->ec;
		k->imm = value ? (s32)v : -1;
		return 0;
	}
	if (!value && class_named(key, &k->cls))
		return 0;
	if (!value || strcmp(key, "ec") || !number(value, &v) || v > 63)
		return why_set(why, EINVAL,
			       "catch trap: expected a class of exceptions (HVC64...), ec=N, hvc[=IMM], smc, svc, sysreg=NAME, wfx, s2fault, irq, fiq, "
			       "serror, from=EL or to=EL, got '%s%s%s'",
			       key, value ? "=" : "", value ? value : "");
	k->cls = (s16)v;
	return 0;
}

static int catch_option(struct debug_catch *k, const char *key, const char *value, struct why *why)
{
	u64 v;
	bool el = !strcmp(key, "from") || !strcmp(key, "to") || (k->kind == CATCH_ERET && !strcmp(key, "el"));
	bool vmid = !strcmp(key, "vmid") && (k->kind == CATCH_ERET || k->kind == CATCH_TLBI);

	if ((k->kind == CATCH_TRAP || k->kind == CATCH_ERET) && value && el) {
		if (!number(value, &v) || v > 3)
			return why_set(why, EINVAL, "catch: expected %s=0 to %s=3, got '%s'", key, key, value);
		*(strcmp(key, "from") ? &k->to : &k->from) = (s8)v;
		return 0;
	}
	if (value && vmid) {
		if (!number(value, &v) || v > 0xffff)
			return why_set(why, EINVAL, "catch: expected vmid=0 to vmid=0xffff, got '%s'", value);
		k->vmid = (s32)v;
		return 0;
	}
	if (k->kind == CATCH_TRAP)
		return trap_option(k, key, value, why);
	if (!value && k->kind == CATCH_WRITE && !k->row) {
		k->row = reg_row(key);
		return k->row ? 0 : why_set(why, EINVAL, "catch write: there is no system register %s", key);
	}
	if (!value && (k->kind == CATCH_INSNS || k->kind == CATCH_LR) && k->at == UINT64_MAX && number(key, &k->at))
		return k->kind == CATCH_INSNS || k->at < 16 ? 0 : why_set(why, EINVAL, "catch lr: expected a list register from 0 to 15, got '%s'", key);
	return why_set(why, EINVAL, "catch: expected nothing more or if COND, got '%s%s%s'", key, value ? "=" : "", value ? value : "");
}

static int parse_catch(struct debug_point *p, const char *s, struct why *why)
{
	static const char *const kinds[] = { [CATCH_TRAP] = "trap", [CATCH_ERET] = "eret",   [CATCH_WRITE] = "write", [CATCH_TLBI] = "tlbi",
					     [CATCH_LR] = "lr",	    [CATCH_MAINT] = "maint", [CATCH_INSNS] = "insns" };
	struct debug_catch *k = &p->catch;
	char text[256], *value;
	unsigned kind = 0;
	const char *rest;
	int r = 0;

	*k = (struct debug_catch){ .cls = -1, .from = -1, .to = -1, .imm = -1, .vmid = -1, .at = UINT64_MAX };
	if (!word(&s, text, sizeof(text)))
		text[0] = '\0';
	while (kind < ARRAY_SIZE(kinds) && strcmp(kinds[kind], text))
		kind++;
	if (kind == ARRAY_SIZE(kinds))
		return why_set(why, EINVAL, "catch: expected trap, eret, write, tlbi, lr, maint or insns, got '%s'", text);
	k->kind = (u8)kind;
	for (rest = s; r == 0 && word(&rest, text, sizeof(text)) && strcmp(text, "if"); s = rest) {
		value = strchr(text, '=');
		if (value)
			*value++ = '\0';
		r = catch_option(k, text, value, why);
	}
	if (r == 0 && ((kind == CATCH_WRITE && !k->row) || (kind == CATCH_INSNS && k->at == UINT64_MAX)))
		return why_set(why, EINVAL, "catch %s: expected %s", kinds[kind], kind == CATCH_WRITE ? "the name of a system register" : "a number of instructions");
	return r ? r : parse_if(p, s, why);
}

int debug_parse(struct debug_point *p, enum point_kind kind, const char *text, debug_address_fn *address, void *ctx, struct why *why)
{
	*p = (struct debug_point){ .kind = (u8)kind };
	switch (kind) {
	case POINT_BREAK: return parse_break(p, text, address, ctx, why);
	case POINT_WATCH: return parse_watch(p, text, address, ctx, why);
	default: return parse_catch(p, text, why);
	}
}
