/*
 * --help, --man, and the lists behind -M help, -cpu help, -device help and -d help: all from the
 * tables that the parser reads.
 */
#include "frontend/options_priv.h"

#include <stdlib.h>
#include <string.h>

#include "cpu/features.h"
#include "machine/stats_rows.h"

static void show_option(const struct option *o, FILE *out)
{
	char left[100];

	if (!o->name) {
		fprintf(out, "\n%s:\n", o->help);
		return;
	}
	snprintf(left, sizeof left, "-%s%s%s%s%s", o->name, o->alias ? ", -" : "",
		 o->alias ? o->alias : "", o->arg ? " " : "", o->arg ? o->arg : "");
	if (strlen(left) > 28)
		fprintf(out, "  %s\n  %-28s  %s\n", left, "", o->help);
	else
		fprintf(out, "  %-28s  %s\n", left, o->help);
}

static void show_help(FILE *out)
{
	fputs("Trapline " TRAPLINE_VERSION
	      ": a full-system Armv8-A emulator with EL2, a true TLB and trap statistics.\n"
	      "usage: trapline [OPTION...]\n"
	      "       trapline report DIR... [-o FILE]    one page about the folders of --stats runs\n"
	      "Options are QEMU's where QEMU has them; one or two dashes are the same.\n",
	      out);
	for (size_t i = 0; i < option_count; i++)
		if (!option_table[i].missing)
			show_option(&option_table[i], out);
	fputs("\nExit status: 0 when the guest powered off, else what it or the reason on standard "
	      "error says.\n",
	      out);
}

/* Text with what troff would take for a command or a hyphen made literal. */
static void troff(const char *text, FILE *out)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text; text++) {
		if (*text == '-' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void man_option(const struct option *o, FILE *out)
{
	if (!o->name) {
		fprintf(out, ".SS %s\n", o->help);
		return;
	}
	fputs(".TP\n\\fB\\-", out);
	troff(o->name, out);
	if (o->alias) {
		fputs("\\fR, \\fB\\-", out);
		troff(o->alias, out);
	}
	fputs("\\fR", out);
	if (o->arg) {
		fputs(" \\fI", out);
		troff(o->arg, out);
		fputs("\\fR", out);
	}
	fputc('\n', out);
	troff(o->help, out);
	fputc('\n', out);
}

static void man_keys(const char *title, const struct key *keys, size_t n, FILE *out)
{
	fprintf(out, ".SS %s\n", title);
	for (size_t i = 0; i < n; i++) {
		if (keys[i].missing || !keys[i].help)
			continue;
		fputs(".TP\n\\fB", out);
		troff(keys[i].name, out);
		fputs("\\fR=\\fI", out);
		troff(keys[i].form, out);
		fputs("\\fR\n", out);
		troff(keys[i].help, out);
		fputc('\n', out);
	}
}

/* -drive, and what stands on a bus: item i of them, NULL after the last. */
static const struct item_kind *item_kind(size_t i, const char **option)
{
	*option = i == 0 ? "-drive" : "-device";
	return i == 0 ? &drive_kind : i <= board_kind_count ? &board_kinds[i - 1] : NULL;
}

static void man_items(FILE *out)
{
	const struct item_kind *kind;
	const char *option;
	char title[80];

	for (size_t i = 0; (kind = item_kind(i, &option)) != NULL; i++) {
		size_t n;
		struct key *keys = item_keys(kind, &n);

		snprintf(title, sizeof title, "\\%s%s%s", option, i ? " " : "", i ? kind->name : "");
		man_keys(title, keys, n, out);
		free(keys);
	}
}

static void show_man(FILE *out)
{
	char title[80];

	fputs(".TH TRAPLINE 1 \"\" \"Trapline " TRAPLINE_VERSION "\"\n.SH NAME\n"
	      "trapline \\- full\\-system Armv8\\-A emulator with EL2, a true TLB and trap "
	      "statistics\n"
	      ".SH SYNOPSIS\n.B trapline\n[\\fIOPTION\\fR...]\n.br\n.B trapline report\n\\fIDIR\\fR... [\\fB\\-o\\fR \\fIFILE\\fR]\n.SH DESCRIPTION\n"
	      "Runs unmodified arm64 hypervisors, kernels and bare\\-metal programs on a model of "
	      "QEMU's virt board.\n"
	      "Options are QEMU's where QEMU has them; one or two dashes are the same.\n.PP\n"
	      "\\fBtrapline report\\fR writes one HTML page (default report.html) about the folders of \\-\\-stats runs: exits by class, VM "
	      "and time, TLBs, walks, causes; several runs are compared with the first. The page needs no network and no scripts.\n"
	      ".SH OPTIONS\n",
	      out);
	for (size_t i = 0; i < option_count; i++)
		if (!option_table[i].missing)
			man_option(&option_table[i], out);
	fputs(".SH KEYS\n", out);
	man_keys("\\-machine", machine_keys, machine_key_count, out);
	for (size_t i = 0; i < device_kind_count; i++) {
		snprintf(title, sizeof title, "\\-device %s", device_kinds[i].name);
		man_keys(title, device_kinds[i].keys, device_kinds[i].n_keys, out);
	}
	man_items(out);
	man_keys("\\-semihosting\\-config", semihosting_keys, semihosting_key_count, out);
	fputs(".SH SIGNALS\nSIGUSR1 presses the power button: an ACPI event where firmware has ACPI tables, else a key on "
	      "the PL061.\nSIGINT, SIGTERM and SIGHUP end the run.\n",
	      out);
	fputs(".SH EXIT STATUS\n0 when the guest powered off; 1 when something was refused or "
	      "failed, with one line on standard error;\n"
	      "otherwise what the guest passed to the semihosting exit call.\n",
	      out);
}

static void show_keys(const struct key *keys, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++) {
		char left[60];

		if (keys[i].missing || !keys[i].help)
			continue;
		snprintf(left, sizeof left, "%s=%s", keys[i].name, keys[i].form);
		fprintf(out, "  %-24s  %s\n", left, keys[i].help);
	}
}

static void show_machines(FILE *out)
{
	fputs("Supported machines:\n  virt                      QEMU's virt board as far as its "
	      "devices exist here\nKeys of -M virt,KEY=VALUE:\n",
	      out);
	show_keys(machine_keys, machine_key_count, out);
}

static void show_devices(FILE *out)
{
	for (size_t i = 0; i < device_kind_count; i++) {
		fprintf(out, "%s: %s\n", device_kinds[i].name, device_kinds[i].help);
		show_keys(device_kinds[i].keys, device_kinds[i].n_keys, out);
	}
	for (size_t i = 0; i < board_kind_count; i++) {
		size_t n;
		struct key *keys = item_keys(&board_kinds[i], &n);

		fprintf(out, "%s: %s\n", board_kinds[i].name, board_kinds[i].help);
		show_keys(keys, n, out);
		free(keys);
	}
}

static void show_features(const struct cpu_core *core, FILE *out)
{
	static const char *const names[] = {
#define F(name) #name,
		CPU_FEATURES(F)
#undef F
	};

	for (size_t i = 0; i < FEAT_COUNT; i++)
		if (core->features >> i & 1)
			fprintf(out, " %s", names[i]);
}

static void show_cpus(FILE *out)
{
	fputs("Available cores, with what each has here (identification registers do not promise "
	      "more):\n",
	      out);
	for (size_t i = 0; i < cpu_cores_n; i++) {
		fprintf(out, "  %-14s", cpu_cores[i].name);
		show_features(&cpu_cores[i], out);
		fputc('\n', out);
	}
	fputs("NAME,FEATURE=off takes one away (in lower case), pmu=off all of PMUv3.\n", out);
}

static void show_log_items(FILE *out)
{
	fputs("Log items (comma separated):\n", out);
	for (size_t i = 0; i < log_item_count; i++)
		fprintf(out, "  %-14s  %s\n", log_items[i].name, log_items[i].help);
}

static void show_version(FILE *out)
{
	fputs("Trapline " TRAPLINE_VERSION "\n", out);
}

void options_show(enum options_ask ask, FILE *out)
{
	static void (*const show[])(FILE *) = {
		[ASK_HELP] = show_help,	      [ASK_MAN] = show_man,
		[ASK_VERSION] = show_version, [ASK_MACHINES] = show_machines,
		[ASK_CPUS] = show_cpus,	      [ASK_DEVICES] = show_devices,
		[ASK_LOG] = show_log_items,   [ASK_TIMING] = help_timing,
		[ASK_STATS] = stats_help,
	};

	if (ask != ASK_RUN)
		show[ask](out);
}
