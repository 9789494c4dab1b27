/*
 * Commands of the monitor: running, stopping and ending the machine, and what the statistics note. See command.h.
 */
#include "frontend/command.h"

#include <errno.h>
#include <string.h>

#include "base/bits.h"
#include "cpu/cpu.h"
#include "frontend/options_priv.h"
#include "machine/debug.h"
#include "machine/show.h"

/* ---- running ---- */

static int run_continue(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	if (control_ended(u->control))
		return why_set(why, EINVAL, "the guest ended, it cannot go on (quit ends the run)");
	control_go(u->control);
	return 0;
}

static int refuse_running(struct command_user *u, struct why *why)
{
	if (control_ended(u->control))
		return why_set(why, EINVAL, "the guest ended, it cannot go on (quit ends the run)");
	return control_running(u->control) ? why_set(why, EINVAL, "the machine runs; expected stop first") : 0;
}

void command_step(struct command_user *u)
{
	debug_step(machine_debugger(u->m), u->pe, u->step_into ? DEBUG_STEP_INTO : DEBUG_STEP);
	u->stepping = true;
	control_go(u->control);
}

static int run_step(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	int r = refuse_running(u, why);

	if (r)
		return r;
	u->steps = 1;
	if (*args && (!command_number(args, &u->steps) || !u->steps))
		return why_set(why, EINVAL, "expected a number of instructions, got '%s'", args);
	command_step(u);
	return 0;
}

/* The instruction behind a call, on the same stack; anything else is stepped. */
static int run_next(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	enum { BL = 0x94000000, BL_MASK = 0xfc000000, BLR = 0xd63f0000, BLR_MASK = 0xfffff000 };
	struct debug_point p = { .kind = POINT_BREAK, .temporary = true, .hidden = true };
	const struct memspace current = { 0 };
	u64 pc = cpu_pc(command_pe(u));
	char cond[80];
	u32 word = 0;
	int r = refuse_running(u, why);

	if (r)
		return r;
	memspace_read(u->m, u->pe, &current, pc, &word, sizeof word, why);
	if ((word & BL_MASK) != BL && (word & BLR_MASK) != BLR)
		return run_step(u, "", out, why);
	p.addr = pc + 4;
	snprintf(cond, sizeof cond, "pe=%u sp=%#" PRIx64, u->pe, command_pe(u)->x[31]);
	r = debug_cond_parse(&p.cond, cond, why);
	if (r == 0)
		r = debug_add(machine_debugger(u->m), &p, why);
	if (r)
		return r;
	u->stepping = true;
	control_go(u->control);
	return 0;
}

static int run_step_irq(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	if (*args && !command_switch(args, &u->step_into))
		return why_set(why, EINVAL, "expected on or off, got '%s'", args);
	fprintf(out, "steps %s\n", u->step_into ? "go into the handlers of exceptions" : "run through exceptions to the next instruction");
	return 0;
}

static int run_stop(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	control_stop(u->control);
	return 0;
}

static int run_quit(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	control_quit(u->control);
	return 0;
}

static int run_status(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	fprintf(out, "%s, ", control_ended(u->control) ? "ended" : control_running(u->control) ? "running" : "stopped");
	machine_show_status(u->m, out);
	return 0;
}

static int run_powerdown(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	machine_power_button(u->m);
	return 0;
}

static int run_reset(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	if (control_ended(u->control))
		return why_set(why, EINVAL, "the guest ended, it cannot start again (quit ends the run)");
	return machine_system_reset(u->m) ? 0 : why_set(why, EINVAL, "the run has -no-reboot; expected quit, or a run without it");
}

/* ---- the log ---- */

static void print_log(u32 mask, FILE *out)
{
	const char *before = "";

	for (size_t i = 0; i < log_item_count; i++)
		if (mask & log_items[i].mask) {
			fprintf(out, "%s%s", before, log_items[i].name);
			before = ",";
		}
	fprintf(out, "%s\n", *before ? "" : "none");
}

/* "int,mmu" or "none"; what --check logs stays as it is. */
static int run_log(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	struct log *l = machine_log(u->m);
	u32 mask = log_mask(l) & LOG_CHECK;

	if (*args && strcmp(args, "none")) {
		struct config c = { 0 };
		struct parse p = { .c = &c, .option = "log", .why = why };
		int r = option_log(&p, args);

		if (r < 0)
			return r;
		if (p.ask != ASK_RUN) {
			options_show(p.ask, out);
			return 0;
		}
		mask |= c.log_mask;
	}
	if (*args)
		log_set_mask(l, mask);
	print_log(log_mask(l), out);
	return 0;
}

static void complete_log(struct command_user *u, const char *word, const struct command_words *to)
{
	for (size_t i = 0; i < log_item_count; i++)
		command_offer(to, word, log_items[i].name);
	command_offer(to, word, "none");
}

/* ---- statistics ---- */

static int stats_reset(struct command_user *u, const char *label)
{
	machine_stats_reset(u->m);
	return 0;
}

static int stats_dump(struct command_user *u, const char *label)
{
	machine_stats_dump(u->m);
	return 0;
}

static int stats_mark(struct command_user *u, const char *label)
{
	machine_stats_mark(u->m, label);
	return 0;
}

static int region_begin(struct command_user *u, const char *label)
{
	machine_region_begin(u->m, label);
	return 0;
}

static int region_end(struct command_user *u, const char *label)
{
	if (!machine_in_region(u->m))
		return -EINVAL;
	machine_region_end(u->m);
	return 0;
}

/* A word that says what to do, and perhaps a label behind it. */
struct act {
	const char *name;
	bool label;
	int (*run)(struct command_user *u, const char *label);
};

static const struct act stats_acts[] = { { "dump", false, stats_dump }, { "reset", false, stats_reset }, { "mark", true, stats_mark }, { 0 } };
static const struct act region_acts[] = { { "begin", true, region_begin }, { "end", false, region_end }, { 0 } };

static int run_act(struct command_user *u, const struct act *acts, const char *args, const char *expected, struct why *why)
{
	const char *typed = args;
	char word[16];

	command_word(&args, word, sizeof word);
	for (; acts->name; acts++)
		if (!strcmp(acts->name, word) && (acts->label ? *args : !*args))
			return acts->run(u, args) ? why_set(why, EINVAL, "no region is open") : 0;
	return why_set(why, EINVAL, "expected %s, got '%s'", expected, typed);
}

static int run_stats(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	return run_act(u, stats_acts, args, "dump, reset or mark LABEL", why);
}

static int run_region(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	return run_act(u, region_acts, args, "begin LABEL or end", why);
}

static void complete_stats(struct command_user *u, const char *word, const struct command_words *to)
{
	for (const struct act *a = stats_acts; a->name; a++)
		command_offer(to, word, a->name);
}

static void complete_region(struct command_user *u, const char *word, const struct command_words *to)
{
	for (const struct act *a = region_acts; a->name; a++)
		command_offer(to, word, a->name);
}

const struct command run_commands[] = {
	{ .name = "continue|c|cont", .help = "let the machine run", .running = true, .run = run_continue },
	{ .name = "stepi|si", .args = "[N]", .help = "one instruction of the PE (or N); exceptions are run through, see step-irq", .run = run_step },
	{ .name = "nexti|ni", .help = "the same, but a call is run to its return", .run = run_next },
	{ .name = "step-irq", .args = "[on|off]", .help = "whether steps go into the handlers of exceptions", .running = true, .run = run_step_irq },
	{ .name = "stop", .help = "stop it", .running = true, .run = run_stop },
	{ .name = "quit|q", .help = "end the run, with exit status 0", .running = true, .run = run_quit },
	{ .name = "info status", .help = "whether it runs, where each PE is, instructions by EL and VM", .run = run_status },
	{ .name = "system_powerdown", .help = "press the power button", .run = run_powerdown },
	{ .name = "system_reset", .help = "start the guest again", .run = run_reset },
	{ .name = "log", .args = "[ITEM,...|none]", .help = "what the log shows (-d): int, mmu, guest_errors, unimp", .run = run_log, .complete = complete_log },
	{ .name = "stats", .args = "dump|reset|mark LABEL", .help = "statistics: write what was counted, count anew, note a point (--stats)", .run = run_stats,
	  .complete = complete_stats },
	{ .name = "region", .args = "begin LABEL|end", .help = "statistics: a region begins or ends", .run = run_region, .complete = complete_region },
	{ 0 }
};
