/* Commands of the monitor: breakpoints, watchpoints and catchpoints. See command.h; what they do is machine/debug.h's. */
#include <errno.h>
#include <string.h>

#include "cpu/cpu.h"
#include "frontend/command.h"
#include "machine/debug.h"

static int address(void *ctx, const char *text, u64 *addr, struct why *why)
{
	return command_address(ctx, text, addr, why);
}

/* options: what debug_parse() takes in front. */
static int add(struct command_user *u, enum point_kind kind, bool temporary, const char *options, const char *args, FILE *out, struct why *why)
{
	struct debugger *d = machine_debugger(u->m);
	struct debug_point p;
	char text[1200];
	int r;

	if (strlen(args) > 1000)
		return why_set(why, E2BIG, "expected at most 1000 characters");
	snprintf(text, sizeof text, "%s%s", options, args);
	r = debug_parse(&p, kind, text, address, u, why);
	p.temporary = temporary;
	if (r == 0)
		r = debug_add(d, &p, why);
	if (r < 0)
		return r;
	debug_print_head(out);
	debug_print_point(debug_point(d, p.number), out);
	return 0;
}

static int run_break(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	char here[32];

	snprintf(here, sizeof here, "%#" PRIx64, cpu_pc(command_pe(u)));
	return add(u, POINT_BREAK, false, "", *args ? args : here, out, why);
}

static int run_tbreak(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	return add(u, POINT_BREAK, true, "", args, out, why);
}

static int run_watch(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	return add(u, POINT_WATCH, false, "", args, out, why);
}

static int run_rwatch(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	return add(u, POINT_WATCH, false, "-r ", args, out, why);
}

static int run_awatch(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	return add(u, POINT_WATCH, false, "-a ", args, out, why);
}

static int run_catch(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	return add(u, POINT_CATCH, false, "", args, out, why);
}

/* ---- changing them ---- */

/* The point that the first word of *args names; *args moves behind it. */
static struct debug_point *named(struct command_user *u, const char **args, struct why *why)
{
	struct debug_point *p = NULL;
	char word[32];
	u64 number;

	if (!command_word(args, word, sizeof word) || !command_number(word, &number) || number > UINT32_MAX) {
		why_set(why, EINVAL, "expected the number of a point (info breakpoints lists them), got '%s'", word);
		return NULL;
	}
	p = debug_point(machine_debugger(u->m), (u32)number);
	if (!p || p->hidden) {
		why_set(why, ENOENT, "there is no point %s (info breakpoints lists them)", word);
		return NULL;
	}
	return p;
}

/* For each number in args, or all points when there is none. */
static int each(struct command_user *u, const char *args, void (*act)(struct debugger *d, struct debug_point *p), struct why *why)
{
	struct debugger *d = machine_debugger(u->m);
	const struct debug_point *p = NULL, *next;

	if (!*args)
		for (p = debug_next(d, NULL); p; p = next) {
			next = debug_next(d, p);
			act(d, debug_point(d, p->number));
		}
	while (*args) {
		struct debug_point *one = named(u, &args, why);

		if (!one)
			return -EINVAL;
		act(d, one);
	}
	debug_changed(d);
	return 0;
}

static void remove_point(struct debugger *d, struct debug_point *p)
{
	debug_remove(d, p->number);
}

static void enable_point(struct debugger *d, struct debug_point *p)
{
	p->disabled = false;
}

static void disable_point(struct debugger *d, struct debug_point *p)
{
	p->disabled = true;
}

static int run_delete(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	return each(u, args, remove_point, why);
}

static int run_enable(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	return each(u, args, enable_point, why);
}

static int run_disable(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	return each(u, args, disable_point, why);
}

static int run_ignore(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	struct debug_point *p = named(u, &args, why);
	u64 n;

	if (!p)
		return -EINVAL;
	if (!command_number(args, &n))
		return why_set(why, EINVAL, "expected a number of hits, got '%s'", args);
	p->ignore = n;
	debug_changed(machine_debugger(u->m));
	return 0;
}

static int run_condition(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	struct debug_point *p = named(u, &args, why);
	struct debug_cond cond = { 0 };
	int r;

	if (!p)
		return -EINVAL;
	r = *args ? debug_cond_parse(&cond, args, why) : 0;
	if (r < 0)
		return r;
	p->cond = cond;
	debug_changed(machine_debugger(u->m));
	return 0;
}

static int run_list(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	const struct debug_point *p = NULL;
	struct debugger *d = machine_debugger(u->m);

	if (!debug_next(d, NULL)) {
		fputs("no breakpoints, watchpoints or catchpoints\n", out);
		return 0;
	}
	debug_print_head(out);
	while ((p = debug_next(d, p)) != NULL)
		debug_print_point(p, out);
	return 0;
}

static void complete_number(struct command_user *u, const char *word, const struct command_words *to)
{
	const struct debug_point *p = NULL;
	char number[16];

	while ((p = debug_next(machine_debugger(u->m), p)) != NULL) {
		snprintf(number, sizeof number, "%u", p->number);
		command_offer(to, word, number);
	}
}

static void complete_catch(struct command_user *u, const char *word, const struct command_words *to)
{
	static const char *const kinds[] = { "trap", "eret", "lr", "maint", "tlbi", "write", "insns" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		command_offer(to, word, kinds[i]);
	command_offer_registers(u, word, to);
}

const struct command point_commands[] = {
	{ .name = "break|b", .args = "[ADDR] [if CONDITION]", .help = "stop there: el=2 vmid=3 asid=7 pe=0 x0>=0x10 HCR_EL2&0x8 may be conditions",
	  .run = run_break, .complete = command_offer_symbols },
	{ .name = "tbreak", .args = "ADDR [if CONDITION]", .help = "the same, once", .run = run_tbreak, .complete = command_offer_symbols },
	{ .name = "watch", .args = "ADDR [LENGTH] [if CONDITION]", .help = "stop before a write there", .run = run_watch, .complete = command_offer_symbols },
	{ .name = "rwatch", .args = "ADDR [LENGTH] [if CONDITION]", .help = "stop before a read there", .run = run_rwatch, .complete = command_offer_symbols },
	{ .name = "awatch", .args = "ADDR [LENGTH] [if CONDITION]", .help = "stop before either", .run = run_awatch, .complete = command_offer_symbols },
	{ .name = "catch", .args = "EVENT [if CONDITION]", .help = "stop at an event: trap, eret, lr, maint, tlbi, write REGISTER", .run = run_catch,
	  .complete = complete_catch },
	{ .name = "delete|d", .args = "[NUMBER...]", .help = "remove points, or all", .run = run_delete, .complete = complete_number },
	{ .name = "enable", .args = "[NUMBER...]", .help = "let points stop again, or all", .run = run_enable, .complete = complete_number },
	{ .name = "disable|dis", .args = "[NUMBER...]", .help = "keep points from stopping, or all", .run = run_disable, .complete = complete_number },
	{ .name = "ignore", .args = "NUMBER HITS", .help = "so many more hits do not stop", .run = run_ignore, .complete = complete_number },
	{ .name = "condition", .args = "NUMBER [CONDITION]", .help = "another condition, or none", .run = run_condition, .complete = complete_number },
	{ .name = "info breakpoints|info points|info b", .help = "all points, with their hits", .run = run_list },
	{ 0 }
};
