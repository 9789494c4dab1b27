/*
 * --stats-interval, --stats-start, --stats-stop, --stats-mark and --save-at, and the points in a run that they name: an instruction count
 * (100M), a virtual time (10ms), a text on the console (console:TEXT). What happens there is machine/region.c's. And --restore.
 */
#include "frontend/options_priv.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

static const struct {
	const char *name;
	enum config_when_kind kind;
	u64 scale;
} units[] = {
	{ "", WHEN_INSNS, 1 },
	{ "k", WHEN_INSNS, 1000 },
	{ "M", WHEN_INSNS, 1000000 },
	{ "G", WHEN_INSNS, 1000000000 },
	{ "ns", WHEN_TIME, 1000 },
	{ "us", WHEN_TIME, 1000000 },
	{ "ms", WHEN_TIME, 1000000000 },
	{ "s", WHEN_TIME, 1000000000000 },
};

/* "100M" or "10ms". */
static bool amount(struct config_when *w, const char *text)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text) || errno)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(end, units[i].name) && v <= UINT64_MAX / units[i].scale) {
			w->kind = units[i].kind;
			w->at = v * units[i].scale;
			return true;
		}
	return false;
}

int option_stats_interval(struct parse *p, const char *arg)
{
	struct config_when *w = &p->c->stats_interval;

	if (!amount(w, arg) || !w->at)
		return refuse(p, "expected instructions such as 100M or a time such as 10ms, got '%s'", arg);
	return set_string(p, &w->typed, arg);
}

static int console(struct parse *p, struct config_when *w, const char *text)
{
	if (!*text || strlen(text) > CONFIG_TEXT)
		return refuse(p, "console: expected a text of 1 to %d characters, got %zu", CONFIG_TEXT, strlen(text));
	w->kind = WHEN_CONSOLE;
	return set_string(p, &w->text, text);
}

/* Adds a point of this kind at arg. */
static int trigger(struct parse *p, const char *arg, int what)
{
	struct config_trigger *t = &p->c->trigger[p->c->n_triggers];
	const char *prefix = "console:";
	int r = 0;

	if (p->c->n_triggers == CONFIG_MAX_TRIGGERS)
		return refuse(p, "expected at most %d points in all", CONFIG_MAX_TRIGGERS);
	t->what = what;
	t->when.relative = *arg == '+' && what == TRIGGER_STOP;
	if (!strncmp(arg, prefix, strlen(prefix)))
		r = console(p, &t->when, arg + strlen(prefix));
	else if (!amount(&t->when, arg + t->when.relative))
		r = refuse(p, "expected instructions such as 100M, a time such as 10ms, or console:TEXT, got '%s'", arg);
	if (r == 0)
		r = set_string(p, &t->when.typed, arg);
	p->c->n_triggers++; /* config_free() has it */
	return r;
}

int option_stats_start(struct parse *p, const char *arg)
{
	return trigger(p, arg, TRIGGER_START);
}
int option_stats_stop(struct parse *p, const char *arg)
{
	return trigger(p, arg, TRIGGER_STOP);
}
int option_stats_mark(struct parse *p, const char *arg)
{
	return trigger(p, arg, TRIGGER_MARK);
}

/* WHEN,FILE: the last comma parts them, so that a text may hold some. */
int option_save_at(struct parse *p, const char *arg)
{
	const char *comma = strrchr(arg, ',');
	char *when = comma && comma[1] ? strndup(arg, (size_t)(comma - arg)) : NULL;
	size_t i = p->c->n_triggers;
	int r;

	if (!when)
		return refuse(p, "expected WHEN,FILE: a point such as 100M, 10ms or console:TEXT, and a file; got '%s'", arg);
	r = trigger(p, when, TRIGGER_SAVE);
	free(when);
	return r ? r : set_string(p, &p->c->trigger[i].file, comma + 1);
}

int option_restore(struct parse *p, const char *arg)
{
	return *arg ? set_string(p, &p->c->restore, arg) : refuse(p, "expected the file of a snapshot");
}

/* A region that would end before it begins: one start, one stop, both counts or both times. */
static int check_order(struct parse *p, const struct config *c)
{
	const struct config_trigger *from = NULL, *to = NULL;
	size_t starts = 0, stops = 0;

	for (size_t i = 0; i < c->n_triggers; i++) {
		const struct config_trigger *t = &c->trigger[i];

		if (t->what == TRIGGER_START && ++starts)
			from = t;
		if (t->what == TRIGGER_STOP && ++stops)
			to = t;
	}
	p->option = "--stats-stop";
	if (starts != 1 || stops != 1 || to->when.relative || from->when.kind != to->when.kind || from->when.kind == WHEN_CONSOLE ||
	    to->when.at > from->when.at)
		return 0;
	return refuse(p, "expected a point behind --stats-start %s, got %s", from->when.typed, to->when.typed);
}

int regions_check(struct parse *p)
{
	static const char *const names[] = { "--stats-start", "--stats-stop", "--stats-mark", "--save-at" };
	const struct config *c = p->c;

	for (size_t i = 0; i <= c->n_triggers; i++) {
		const struct config_when *w = i ? &c->trigger[i - 1].when : &c->stats_interval;

		p->option = i ? names[c->trigger[i - 1].what] : "--stats-interval";
		if (w->kind == WHEN_NEVER)
			continue;
		if (!c->stats_dir && (!i || c->trigger[i - 1].what != TRIGGER_SAVE))
			return refuse(p, "expected --stats DIR, too: where to write to");
		if (w->kind == WHEN_INSNS && c->parallel)
			return refuse(p, "expected a time or console:TEXT with --parallel, which has no exact count of instructions; got '%s'",
				      w->typed);
	}
	return check_order(p, c);
}
