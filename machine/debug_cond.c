/* Conditions of points (machine/debug.h): as text, and whether they hold for a PE that stands between two instructions. */
#include "machine/debug.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bits.h"
#include "base/why.h"
#include "cpu/cpu.h"
#include "machine/debug_priv.h"

enum { TERM_EL, TERM_VMID, TERM_ASID, TERM_PE, TERM_SECURE, TERM_PC, TERM_W, TERM_REG };
static const char *const names[] = { "el", "vmid", "asid", "pe", "secure", "pc" };

enum { OP_EQ, OP_NE, OP_LE, OP_GE, OP_LT, OP_GT, OP_AND };
/* longest first */
static const struct {
	const char *text;
	u8 op;
} ops[] = { { "==", OP_EQ }, { "!=", OP_NE }, { "<=", OP_LE }, { ">=", OP_GE }, { "=", OP_EQ }, { "<", OP_LT }, { ">", OP_GT }, { "&", OP_AND } };

/* ---- from text ---- */

static const char *skip(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

/* A register: w<n> is the low half of x<n>. */
static bool parse_register(struct debug_term *t, const char *name)
{
	char whole[32];

	t->what = TERM_REG;
	if (reg_find(name, &t->reg))
		return true;
	t->what = TERM_W;
	snprintf(whole, sizeof(whole), "x%s", name + 1);
	return (name[0] == 'w' || name[0] == 'W') && reg_find(whole, &t->reg);
}

static bool parse_name(struct debug_term *t, const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcasecmp(name, names[i])) {
			t->what = (u8)i;
			return true;
		}
	return parse_register(t, name);
}

/* At the operator at *s, which is then behind it. */
static bool parse_op(struct debug_term *t, const char **s)
{
	for (unsigned i = 0; i < ARRAY_SIZE(ops); i++)
		if (!strncmp(*s, ops[i].text, strlen(ops[i].text))) {
			*s += strlen(ops[i].text);
			t->op = ops[i].op;
			return true;
		}
	return false;
}

/* One term at s; returns what follows it, NULL: *why. */
static const char *parse_term(struct debug_term *t, const char *s, struct why *why)
{
	size_t n = strcspn(s, "=!<>& \t");
	char name[32], *end;

	snprintf(name, sizeof(name), "%.*s", (int)n, s);
	if (n >= sizeof(name) || !parse_name(t, name)) {
		why_set(why, EINVAL, "condition: expected el, vmid, asid, pe, secure or a register, got '%.*s'", (int)n, s);
		return NULL;
	}
	s = skip(s + n);
	if (!parse_op(t, &s)) {
		why_set(why, EINVAL, "condition: expected = != < <= > >= or & after %s, got '%s'", name, s);
		return NULL;
	}
	s = skip(s);
	errno = 0;
	t->value = strtoull(s, &end, 0);
	if (!isdigit((unsigned char)*s) || errno || (*end && !isspace((unsigned char)*end) && *end != '&')) {
		why_set(why, EINVAL, "condition: expected a number after %s, got '%s'", name, s);
		return NULL;
	}
	end = (char *)skip(end);
	return !strncmp(end, "&&", 2) && *skip(end + 2) ? skip(end + 2) : end;
}

int debug_cond_parse(struct debug_cond *cond, const char *text, struct why *why)
{
	const char *s = skip(text);

	memset(cond, 0, sizeof(*cond));
	if (!*s)
		return why_set(why, EINVAL, "condition: expected terms like el=2 vmid=3 x0>=0x10 after if");
	while (*s) {
		if (cond->n == DEBUG_TERMS)
			return why_set(why, E2BIG, "condition: more than %d terms", DEBUG_TERMS);
		s = parse_term(&cond->term[cond->n++], s, why);
		if (!s)
			return -EINVAL;
	}
	return 0;
}

/* ---- whether it holds ---- */

void debug_space(const struct cpu *c, struct regime *r)
{
	cpu_regime(c, c->regime.two_ranges ? (enum regime_kind)c->regime.kind : REGIME_EL10, c->secure, r);
}

/* False: this core has no such register. */
static bool value_of(const struct debug_term *t, struct cpu *c, u64 *v)
{
	struct regime r;

	switch (t->what) {
	case TERM_EL: *v = c->el; return true;
	case TERM_PE: *v = c->index; return true;
	case TERM_SECURE: *v = c->secure; return true;
	case TERM_PC: *v = cpu_pc(c); return true;
	case TERM_REG: return reg_read64(c, &t->reg, v);
	case TERM_W:
		if (!reg_read64(c, &t->reg, v))
			return false;
		*v = (u32)*v;
		return true;
	default:
		debug_space(c, &r);
		*v = t->what == TERM_VMID ? r.vmid : r.asid;
		return true;
	}
}

static bool holds(const struct debug_term *t, u64 v)
{
	switch (t->op) {
	case OP_EQ: return v == t->value;
	case OP_NE: return v != t->value;
	case OP_LE: return v <= t->value;
	case OP_GE: return v >= t->value;
	case OP_LT: return v < t->value;
	case OP_GT: return v > t->value;
	default: return v & t->value;
	}
}

bool debug_cond_holds(const struct debug_cond *cond, struct cpu *c)
{
	u64 v;

	for (unsigned i = 0; i < cond->n; i++)
		if (!value_of(&cond->term[i], c, &v) || !holds(&cond->term[i], v))
			return false;
	return true;
}

/* ---- to text ---- */

void debug_cond_print(const struct debug_cond *cond, FILE *out)
{
	for (unsigned i = 0; i < cond->n; i++) {
		const struct debug_term *t = &cond->term[i];
		const char *op = "=";

		for (unsigned k = 0; k < ARRAY_SIZE(ops); k++)
			if (ops[k].op == t->op)
				op = ops[k].text;
		if (t->what == TERM_W)
			fprintf(out, "%sw%s", i ? " " : "", t->reg.name + 1);
		else
			fprintf(out, "%s%s", i ? " " : "", t->what == TERM_REG ? t->reg.name : names[t->what]);
		fprintf(out, t->value < 10 ? "%s%" PRIu64 : "%s%#" PRIx64, op, t->value);
	}
}
