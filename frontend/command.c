/* See command.h: finding, running, completing and explaining commands. What the commands do stands in command_*.c. */
#include "frontend/command.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "frontend/options_priv.h"
#include "frontend/symbols.h"
#include "machine/registers.h"

static int run_help(struct command_user *u, const char *args, FILE *out, struct why *why);
static int run_info(struct command_user *u, const char *args, FILE *out, struct why *why);
static void complete_help(struct command_user *u, const char *word, const struct command_words *to);

static const struct command help_commands[] = {
	{ .name = "help|?", .args = "[COMMAND]", .help = "all commands, or what one does", .running = true, .run = run_help, .complete = complete_help },
	{ .name = "info", .args = "WHAT", .help = "what can be shown", .running = true, .run = run_info },
	{ 0 }
};

static const struct command *const tables[] = {
	help_commands, run_commands, point_commands, memory_commands, space_commands, register_commands, machine_commands, snapshot_commands,
};

/* The row behind `after` (NULL: the first) over all tables; *table is the caller's place, 0 at first. */
static const struct command *next_command(const struct command *after, size_t *table)
{
	const struct command *c = after ? after + 1 : tables[*table];

	while (!c->name) {
		if (++*table == ARRAY_SIZE(tables))
			return NULL;
		c = tables[*table];
	}
	return c;
}

/* ---- names ---- */

static const char *skip_blanks(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

/* Length of a word of a command: a format may follow it at once, "x/4i". */
static size_t word_length(const char *text)
{
	return strcspn(text, " \t\r\n/");
}

/* How a name fits the beginning of a line. */
struct fit {
	unsigned words; /* of the name; 0: it does not fit */
	bool exact;	/* no word is abbreviated */
	const char *rest;
};

/* name: n characters of words with a blank between two. */
static struct fit fit_name(const char *name, size_t n, const char *line)
{
	struct fit f = { .exact = true };
	const char *end = name + n;

	while (name < end) {
		size_t have, want = strcspn(name, " |");

		line = skip_blanks(line);
		have = word_length(line);
		if (!have || have > want || strncmp(name, line, have))
			return (struct fit){ 0 };
		f.exact &= have == want;
		f.words++;
		line += have;
		name += want;
		if (name < end)
			name++;
	}
	f.rest = line;
	return f;
}

static bool better(const struct fit *a, const struct fit *b)
{
	return a->words != b->words ? a->words > b->words : a->exact > b->exact;
}

/* What stands behind the next '|'. */
static const char *other_name(const char *name)
{
	const char *bar = strchr(name, '|');

	return bar ? bar + 1 : NULL;
}

/* The best of its names. */
static struct fit fit_command(const struct command *c, const char *line)
{
	struct fit best = { 0 };

	for (const char *name = c->name; name; name = other_name(name)) {
		struct fit f = fit_name(name, strcspn(name, "|"), line);

		if (f.words && (!best.words || better(&f, &best)))
			best = f;
	}
	return best;
}

/* *others: how many more fit as well. NULL: none does. */
static const struct command *find(const char *line, struct fit *fit, unsigned *others)
{
	const struct command *c = NULL, *found = NULL;
	size_t table = 0;

	*fit = (struct fit){ 0 };
	*others = 0;
	while ((c = next_command(c, &table)) != NULL) {
		struct fit f = fit_command(c, line);

		if (!f.words)
			continue;
		if (better(&f, fit)) {
			*fit = f;
			found = c;
			*others = 0;
		} else if (!better(fit, &f)) {
			++*others;
		}
	}
	return found;
}

static void first_name(const struct command *c, char *name, size_t size)
{
	snprintf(name, size, "%.*s", (int)strcspn(c->name, "|"), c->name);
}

/* ---- errors ---- */

/* All first names as a list for closest(), whose strings must stay. */
struct name_list {
	char name[160][40];
	size_t n;
};

static const char *list_name(const void *list, size_t i)
{
	const struct name_list *l = list;

	return i < l->n ? l->name[i] : NULL;
}

static int unknown(const char *text, struct why *why)
{
	const struct command *c = NULL;
	struct name_list list = { .n = 0 };
	const char *near;
	size_t table = 0;
	char word[40];

	snprintf(word, sizeof word, "%s", text);
	if (strncmp(word, "info ", 5))
		word[word_length(word)] = 0;
	while ((c = next_command(c, &table)) != NULL && list.n < ARRAY_SIZE(list.name))
		first_name(c, list.name[list.n++], sizeof list.name[0]);
	near = closest(word, list_name, &list);
	return near ? why_set(why, EINVAL, "unknown command '%s'; the closest known one is '%s' (help lists all)", word, near) :
		      why_set(why, EINVAL, "unknown command '%s' (help lists all)", word);
}

static int ambiguous(const char *line, const struct fit *fit, struct why *why)
{
	const struct command *c = NULL;
	char names[300] = "", name[40];
	size_t table = 0, n = 0;

	while ((c = next_command(c, &table)) != NULL) {
		struct fit f = fit_command(c, line);

		if (f.words != fit->words || f.exact != fit->exact || n >= sizeof names)
			continue;
		first_name(c, name, sizeof name);
		n += (size_t)snprintf(names + n, sizeof names - n, "%s'%s'", n ? ", " : "", name);
	}
	return why_set(why, EINVAL, "'%.*s' may be %s", (int)(fit->rest - line), line, names);
}

/* ---- running ---- */

enum { LINE_MAX_CHARS = 4000 };

/* What follows the name, without blanks around it. */
static void arguments(const char *rest, char *args, size_t size)
{
	size_t n;

	snprintf(args, size, "%s", skip_blanks(rest));
	for (n = strlen(args); n && isspace((unsigned char)args[n - 1]); n--)
		args[n - 1] = 0;
}

static int run(struct command_user *u, const char *line, FILE *out, struct why *why)
{
	char args[LINE_MAX_CHARS + 1];
	const struct command *c;
	unsigned others;
	struct fit fit;

	if (strlen(line) > LINE_MAX_CHARS)
		return why_set(why, E2BIG, "expected at most %d characters, got %zu", LINE_MAX_CHARS, strlen(line));
	c = find(line, &fit, &others);
	if (!c)
		return unknown(line, why);
	if (others)
		return ambiguous(line, &fit, why);
	arguments(fit.rest, args, sizeof args);
	if (!c->args && *args)
		return why_set(why, EINVAL, "%.*s takes no arguments, got '%s'", (int)strcspn(c->name, "|"), c->name, args);
	return c->run(u, args, out, why);
}

void command_run(struct command_user *u, const char *line, FILE *out)
{
	struct why why = { "" };

	line = skip_blanks(line);
	if (*line && *line != '#' && run(u, line, out, &why) < 0)
		fprintf(out, "error: %s\n", why.text);
}

bool command_ready(const struct command_user *u, const char *line)
{
	const struct command *c;
	unsigned others;
	struct fit fit;

	if (control_standing(u->control))
		return true;
	c = find(skip_blanks(line), &fit, &others);
	return !c || others || c->running;
}

/* ---- help ---- */

static void show_row(const struct command *c, FILE *out)
{
	char left[100];

	snprintf(left, sizeof left, "%s%s%s", c->name, c->args ? " " : "", c->args ? c->args : "");
	if (strlen(left) > 30)
		fprintf(out, "%s\n%-30s  %s\n", left, "", c->help);
	else
		fprintf(out, "%-30s  %s\n", left, c->help);
}

/* Those whose first name begins with `text`; any_name: also those that it may stand for as a command. */
static bool show_rows(const char *text, bool any_name, FILE *out)
{
	const struct command *c = NULL;
	size_t table = 0;
	bool any = false;

	while ((c = next_command(c, &table)) != NULL) {
		if (strncmp(c->name, text, strlen(text)) && !(any_name && fit_command(c, text).words))
			continue;
		show_row(c, out);
		any = true;
	}
	return any;
}

static int run_help(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	return show_rows(args, true, out) ? 0 : unknown(args, why);
}

static int run_info(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	char text[40];

	if (!*args) {
		show_rows("info ", false, out);
		return 0;
	}
	snprintf(text, sizeof text, "info %s", args);
	return unknown(text, why);
}

/* ---- completion ---- */

void command_offer(const struct command_words *to, const char *begin, const char *word)
{
	if (!strncmp(word, begin, strlen(begin)))
		to->add(to->ctx, word);
}

/* The word of the name that stands where `word` stands in the line. */
static void offer_name(const char *name, const char *line, const char *word, const struct command_words *to)
{
	char text[40];
	size_t n;

	for (line = skip_blanks(line); line < word; line = skip_blanks(line + word_length(line))) {
		size_t have = word_length(line);

		if (!have || strncmp(name, line, have))
			return;
		n = strcspn(name, " |");
		if (have > n || name[n] != ' ')
			return;
		name += n + 1;
	}
	n = strcspn(name, " |");
	snprintf(text, sizeof text, "%.*s", (int)n, name);
	command_offer(to, word, text);
}

static void offer_names(const char *line, const char *word, const struct command_words *to)
{
	const struct command *c = NULL;
	size_t table = 0;

	while ((c = next_command(c, &table)) != NULL)
		for (const char *name = c->name; name; name = other_name(name))
			offer_name(name, line, word, to);
}

static void complete_help(struct command_user *u, const char *word, const struct command_words *to)
{
	offer_names(word, word, to);
}

size_t command_complete(struct command_user *u, const char *line, const struct command_words *to)
{
	size_t n = strlen(line), start = n;
	const struct command *c;
	unsigned others;
	struct fit fit;

	while (start && !isspace((unsigned char)line[start - 1]))
		start--;
	offer_names(line, line + start, to);
	c = find(line, &fit, &others);
	if (c && !others && c->complete && fit.rest <= line + start && isspace((unsigned char)*fit.rest))
		c->complete(u, line + start, to);
	return start;
}

/* ---- for the commands ---- */

bool command_word(const char **text, char *word, size_t size)
{
	const char *from = skip_blanks(*text);
	size_t n = strcspn(from, " \t\r\n");

	snprintf(word, size, "%.*s", (int)n, from);
	*text = skip_blanks(from + n);
	return n != 0;
}

bool command_number(const char *text, u64 *n)
{
	char *end;

	errno = 0;
	*n = strtoull(text, &end, 0);
	return isdigit((unsigned char)*text) && !*end && errno == 0;
}

bool command_register(const char *name, struct reg *r)
{
	name += *name == '$';
	return reg_find(strcasecmp(name, "pstate") ? name : "cpsr", r);
}

/* w0 to w30: half of an x register. */
static bool half_value(struct command_user *u, const char *name, u64 *value)
{
	struct reg r;
	char x[8];

	name += *name == '$';
	snprintf(x, sizeof x, "x%s", *name ? name + 1 : "");
	if (*name != 'w' || !reg_find(x, &r) || !reg_read64(command_pe(u), &r, value))
		return false;
	*value = (u32)*value;
	return true;
}

/* A register or symbol by its name. */
static bool named_value(struct command_user *u, const char *name, u64 *value)
{
	struct reg r;

	if (*name != '$' && symbols_find(control_symbols(u->control), name, value))
		return true;
	return command_register(name, &r) ? reg_read64(command_pe(u), &r, value) : half_value(u, name, value);
}

int command_address(struct command_user *u, const char *text, u64 *addr, struct why *why)
{
	char name[200];
	u64 more = 0;
	size_t n;

	text += *text == '*'; /* as gdb's break takes it */
	n = 1 + strcspn(*text ? text + 1 : "", "+-");

	snprintf(name, sizeof name, "%.*s", (int)n, text);
	if (!*text || (!command_number(name, addr) && !named_value(u, name, addr)))
		return why_set(why, EINVAL, "expected a number, register or symbol, got '%s'", name);
	if (text[n] && !command_number(text + n + 1, &more))
		return why_set(why, EINVAL, "expected a number behind %c, got '%s'", text[n], text + n + 1);
	*addr += text[n] == '-' ? -more : more;
	return 0;
}

static void offer_symbol(void *ctx, const char *name, u64 addr)
{
	const struct command_words *to = ctx;

	to->add(to->ctx, name);
}

void command_offer_symbols(struct command_user *u, const char *begin, const struct command_words *to)
{
	enum { MOST = 1000 };

	if (*begin)
		symbols_each(control_symbols(u->control), begin, MOST, offer_symbol, (void *)to);
}

void command_offer_registers(struct command_user *u, const char *begin, const struct command_words *to)
{
	struct reg r = { 0 };
	bool dollar = *begin == '$';
	char name[40];

	while (reg_next(&r)) {
		snprintf(name, sizeof name, "%s%s", dollar ? "$" : "", r.name);
		command_offer(to, begin, name);
	}
}

bool command_switch(const char *text, bool *on)
{
	*on = !strcmp(text, "on");
	return *on || !strcmp(text, "off");
}

struct cpu *command_pe(struct command_user *u)
{
	return machine_pe(u->m, u->pe < machine_pes(u->m) ? u->pe : 0);
}
