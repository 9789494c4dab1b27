/*
 * Commands of the monitor: registers and PEs. See command.h; the registers themselves are machine/registers.h's.
 */
#define _GNU_SOURCE /* FNM_CASEFOLD */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "base/bits.h"
#include "cpu/cpu.h"
#include "frontend/command.h"
#include "frontend/options_priv.h"
#include "frontend/symbols.h"
#include "machine/registers.h"

/* ---- which PE ---- */

static const char *pe_state(const struct cpu *c)
{
	if (!c->powered)
		return "off";
	return c->waiting ? c->wait_wfe ? "sleeps (WFE)" : "sleeps (WFI)" : "runs";
}

static void print_pe(struct command_user *u, unsigned i, FILE *out)
{
	struct cpu *c = machine_pe(u->m, i);
	char name[SYMBOLS_TEXT];

	fprintf(out, "%c PE %u: EL%u%s, %s, %s, pc %#" PRIx64 " %s\n", i == u->pe ? '*' : ' ', i, c->el, c->spsel ? "h" : "t",
		c->secure ? "Secure" : "Non-secure", pe_state(c), cpu_pc(c), symbols_text(control_symbols(u->control), cpu_pc(c), name));
}

static int run_pe(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	u64 n = u->pe;

	if (*args && (!command_number(args, &n) || n >= machine_pes(u->m)))
		return why_set(why, EINVAL, "expected a PE from 0 to %u, got '%s'", machine_pes(u->m) - 1, args);
	u->pe = (unsigned)n;
	print_pe(u, u->pe, out);
	return 0;
}

static int run_pes(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	for (unsigned i = 0; i < machine_pes(u->m); i++)
		print_pe(u, i, out);
	return 0;
}

/* ---- values ---- */

static u64 low64(const u8 *v)
{
	u64 n;

	memcpy(&n, v, sizeof n); /* little-endian, as the host */
	return n;
}

static void print_value(const struct reg *r, const u8 v[16], FILE *out)
{
	if (r->bits > 64)
		fprintf(out, "%-16s 0x%016" PRIx64 "%016" PRIx64 "\n", r->name, low64(v + 8), low64(v));
	else
		fprintf(out, "%-16s 0x%0*" PRIx64 "\n", r->name, r->bits / 4, low64(v));
}

static bool is_e2h(struct command_user *u)
{
	struct reg r;
	u64 hcr;

	return reg_find("HCR_EL2", &r) && reg_read64(command_pe(u), &r, &hcr) && (hcr >> 34 & 1);
}

/* Of the fields that are known those that are not 0. */
static void print_fields(struct command_user *u, const struct reg *r, u64 value, FILE *out)
{
	size_t n;
	const struct reg_field *f = reg_fields(r, is_e2h(u), &n);

	for (size_t i = 0; i < n; i++) {
		u64 part = value >> f[i].low;

		if (f[i].high - f[i].low < 63)
			part &= (1ull << (f[i].high - f[i].low + 1)) - 1;
		if (part && f[i].high == f[i].low)
			fprintf(out, "  %-14s [%u]\n", f[i].name, f[i].low);
		else if (part)
			fprintf(out, "  %-14s [%u:%u] = %#" PRIx64 "\n", f[i].name, f[i].high, f[i].low, part);
	}
}

/* ---- printing them ---- */

static const char *register_name(const void *list, size_t i)
{
	struct reg r = { 0 };

	while (reg_next(&r))
		if (!i--)
			return r.name;
	return NULL;
}

static int find_register(const char *name, struct reg *r, struct why *why)
{
	const char *near;

	if (command_register(name, r))
		return 0;
	name += *name == '$';
	near = closest(name, register_name, NULL);
	return near ? why_set(why, EINVAL, "unknown register '%s'; the closest known one is %s", name, near) :
		      why_set(why, EINVAL, "unknown register '%s' (info sysreg lists those of the system)", name);
}

static int print_one(struct command_user *u, const struct reg *r, FILE *out, struct why *why)
{
	char name[SYMBOLS_TEXT];
	u8 v[16] = { 0 };

	if (!reg_read(command_pe(u), r, v))
		return why_set(why, EINVAL, "this core has no %s", r->name);
	print_value(r, v, out);
	if (r->bits == 64 && *symbols_text(control_symbols(u->control), low64(v), name))
		fprintf(out, "  %s\n", name);
	print_fields(u, r, low64(v), out);
	return 0;
}

static int run_print(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	struct reg r;
	char word[64];
	int result;
	u64 value;

	args += *args == '/' ? strcspn(args, " ") : 0; /* gdb's format: everything is hex here */
	if (!command_word(&args, word, sizeof word))
		return why_set(why, EINVAL, "expected a register or an address, got nothing");
	if (command_register(word, &r))
		return print_one(u, &r, out, why);
	result = command_address(u, word, &value, why);
	if (result < 0 && *word == '$')
		find_register(word, &r, why); /* says which one is near */
	if (result == 0)
		fprintf(out, "%#" PRIx64 "\n", value);
	return result;
}

static int run_set(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	char name[64], text[200];
	struct reg r;
	u64 value;
	size_t n;
	int result;

	n = strcspn(args, " =");
	snprintf(name, sizeof name, "%.*s", (int)n, args);
	args += n + strspn(args + n, " =");
	snprintf(text, sizeof text, "%s", args);
	if (!*name || !*text)
		return why_set(why, EINVAL, "expected REGISTER=VALUE");
	result = find_register(name, &r, why);
	if (result == 0)
		result = command_address(u, text, &value, why);
	if (result < 0)
		return result;
	if (!reg_write64(command_pe(u), &r, value))
		return why_set(why, EINVAL, "%s cannot be set to %#" PRIx64, r.name, value);
	return print_one(u, &r, out, why);
}

static void print_pstate(u64 cpsr, FILE *out)
{
	static const struct {
		u8 bit;
		char letter;
	} flags[] = { { 31, 'N' }, { 30, 'Z' }, { 29, 'C' }, { 28, 'V' }, { 9, 'D' }, { 8, 'A' }, { 7, 'I' }, { 6, 'F' } };

	fprintf(out, "pstate=%08" PRIx64 " ", cpsr);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		fprintf(out, "%s%c", i == 4 ? " " : "", cpsr >> flags[i].bit & 1 ? flags[i].letter : '-');
	fprintf(out, " EL%u%c%s%s\n", (unsigned)(cpsr >> 2 & 3), cpsr & 1 ? 'h' : 't', cpsr >> 22 & 1 ? " PAN" : "", cpsr >> 20 & 1 ? " IL" : "");
}

/* General registers as QEMU prints them: PC, three in a row, SP, PSTATE. */
static int run_registers(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	struct cpu *c = command_pe(u);
	char name[SYMBOLS_TEXT];
	struct reg r = { 0 };
	u64 v;

	if (*args) {
		int result = find_register(args, &r, why);

		return result < 0 ? result : print_one(u, &r, out, why);
	}
	fprintf(out, "PE %u  pc=%016" PRIx64 " %s\n", u->pe, cpu_pc(c), symbols_text(control_symbols(u->control), cpu_pc(c), name));
	for (unsigned i = 0; i <= 31; i++) {
		reg_number(i, &r);
		reg_read64(c, &r, &v);
		fprintf(out, "%s%3s=%016" PRIx64 "%s", i % 4 ? " " : "", r.name, v, i % 4 == 3 ? "\n" : "");
	}
	reg_number(REG_NUMBER_CPSR, &r);
	reg_read64(c, &r, &v);
	print_pstate(v, out);
	return 0;
}

static bool matches(const char *pattern, const char *name)
{
	return fnmatch(pattern, name, FNM_CASEFOLD) == 0;
}

/* A name, or a pattern of the shell: "*_EL2". */
static int run_sysreg(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	struct reg r = { 0 };
	bool any = false;
	u8 v[16] = { 0 };

	if (*args && !strpbrk(args, "*?[")) {
		int result = find_register(args, &r, why);

		return result < 0 ? result : print_one(u, &r, out, why);
	}
	while (reg_next(&r)) {
		if (r.number < REG_NUMBER_SYSTEM || (*args && !matches(args, r.name)) || !reg_read(command_pe(u), &r, v))
			continue;
		print_value(&r, v, out);
		any = true;
	}
	return any ? 0 : why_set(why, EINVAL, "no system register of this core is called %s", args);
}

static void complete_pe(struct command_user *u, const char *word, const struct command_words *to)
{
	char number[16];

	for (unsigned i = 0; i < machine_pes(u->m); i++) {
		snprintf(number, sizeof number, "%u", i);
		command_offer(to, word, number);
	}
}

static void complete_value(struct command_user *u, const char *word, const struct command_words *to)
{
	command_offer_registers(u, word, to);
	command_offer_symbols(u, word, to);
}

const struct command register_commands[] = {
	{ .name = "pe|cpu|thread", .args = "[N]", .help = "the PE that commands are about", .run = run_pe, .complete = complete_pe },
	{ .name = "info pes|info cpus|info threads", .help = "all PEs, and where they are", .run = run_pes },
	{ .name = "info registers|info regs|info r", .args = "[NAME]", .help = "the PE's general registers, or one register", .run = run_registers,
	  .complete = command_offer_registers },
	{ .name = "info sysreg", .args = "[NAME|PATTERN]", .help = "a system register with its fields, or all that match (*_EL2)", .run = run_sysreg,
	  .complete = command_offer_registers },
	{ .name = "print|p", .args = "REGISTER|ADDR", .help = "a register with its fields, or what an address or symbol is", .run = run_print,
	  .complete = complete_value },
	{ .name = "set", .args = "REGISTER=VALUE", .help = "write a register, as the guest would; this changes the run", .run = run_set,
	  .complete = command_offer_registers },
	{ 0 }
};
