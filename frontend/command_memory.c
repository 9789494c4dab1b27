/*
 * Commands of the monitor: guest memory, code, and symbols. See command.h; which memory is meant is machine/memspace.h's.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cpu/cpu.h"
#include "frontend/backtrace.h"
#include "frontend/command.h"
#include "frontend/disasm.h"
#include "frontend/kallsyms.h"
#include "frontend/symbols.h"
#include "machine/memspace.h"

/* ---- x ---- */

enum { MOST_UNITS = 4096 };

/* How x prints: gdb's letters. */
struct format {
	u64 count;
	char letter; /* x d u o c s i */
	unsigned size;
};

/* "/4xw"; *text moves behind it. */
static int parse_format(const char **text, struct format *f, struct why *why)
{
	static const char letters[] = "xduocsi", sizes[] = "bhwg";
	const char *at = *text, *found;
	char *end;

	if (*at != '/')
		return 0;
	if (isdigit((unsigned char)*++at)) {
		f->count = strtoull(at, &end, 10);
		at = end;
	}
	for (; *at && !isspace((unsigned char)*at); at++) {
		if ((found = strchr(sizes, *at)) != NULL)
			f->size = 1u << (found - sizes);
		else if (strchr(letters, *at))
			f->letter = *at;
		else
			return why_set(why, EINVAL, "expected a format such as /4xg: a count, one of %s and one of %s; got '%c'", letters, sizes, *at);
	}
	if (!f->count || f->count > MOST_UNITS)
		return why_set(why, EINVAL, "expected 1 to %d units", MOST_UNITS);
	if (f->letter == 'c')
		f->size = 1;
	if (f->letter == 'i')
		f->size = 4;
	*text = at + strspn(at, " \t");
	return 0;
}

static void print_unit(const struct format *f, const u8 *bytes, FILE *out)
{
	u64 v = 0;

	memcpy(&v, bytes, f->size); /* little-endian, as the host */
	if (f->letter == 'c')
		fprintf(out, isprint((unsigned char)v) ? " '%c'" : " \\x%02x", (int)v);
	else if (f->letter == 'd')
		fprintf(out, " %*" PRId64, (int)f->size * 2, (s64)(v << (64 - 8 * f->size)) >> (64 - 8 * f->size));
	else if (f->letter == 'u')
		fprintf(out, " %*" PRIu64, (int)f->size * 2, v);
	else if (f->letter == 'o')
		fprintf(out, " 0%0*" PRIo64, (int)f->size * 3, v);
	else
		fprintf(out, " 0x%0*" PRIx64, (int)f->size * 2, v);
}

static void print_address(struct command_user *u, u64 addr, FILE *out)
{
	char name[SYMBOLS_TEXT];

	symbols_text(control_symbols(u->control), addr, name);
	fprintf(out, "0x%016" PRIx64 "%s%s%s:", addr, *name ? " <" : "", name, *name ? ">" : "");
}

/* Rows of 16 bytes, as far as memory can be read. */
static int dump(struct command_user *u, const struct memspace *space, const struct format *f, u64 addr, FILE *out, struct why *why)
{
	size_t n = (size_t)f->count * f->size, have, row = 16;
	u8 *bytes = malloc(n);

	if (!bytes)
		return why_set(why, ENOMEM, "no memory on the host");
	if (addr + n < addr) /* not over the end of addresses */
		n = (size_t)-addr;
	have = memspace_read(u->m, u->pe, space, addr, bytes, n, why);
	for (size_t at = 0; at + f->size <= have; at += f->size) {
		if (at % row == 0)
			print_address(u, addr + at, out);
		print_unit(f, bytes + at, out);
		if (at % row == row - f->size || at + 2 * f->size > have)
			fputc('\n', out);
	}
	free(bytes);
	u->next = addr + have;
	return have < n ? -EFAULT : 0;
}

static int dump_string(struct command_user *u, const struct memspace *space, u64 addr, FILE *out, struct why *why)
{
	enum { LONGEST = 200 };
	u8 c = 1;
	int n = 0;

	if (!memspace_read(u->m, u->pe, space, addr, &c, 1, why))
		return -EFAULT;
	print_address(u, addr, out);
	fputs(" \"", out);
	for (; n < LONGEST && memspace_read(u->m, u->pe, space, addr, &c, 1, why) && c; n++, addr++)
		fprintf(out, isprint(c) && c != '"' && c != '\\' ? "%c" : "\\x%02x", c);
	fprintf(out, "\"%s\n", n == LONGEST ? "..." : "");
	u->next = addr + 1;
	return c ? n == LONGEST ? 0 : -EFAULT : 0;
}

/* ---- code ---- */

/* Marks the instruction that is next for the PE. */
static void print_instruction(struct command_user *u, struct disasm *d, u64 addr, u32 word, FILE *out)
{
	char text[DISASM_TEXT];

	fputs(addr == cpu_pc(command_pe(u)) ? "=> " : "   ", out);
	print_address(u, addr, out);
	disasm_text(d, addr, word, text);
	fprintf(out, " %s\n", text);
}

static int disassemble(struct command_user *u, const struct memspace *space, u64 addr, u64 count, FILE *out, struct why *why)
{
	struct disasm *d = disasm_new(control_symbols(u->control));
	int r = 0;
	u32 word;

	if (!d)
		return why_set(why, ENOMEM, "no memory on the host");
	for (addr &= ~3ull; count && r == 0; count--, addr += 4) {
		if (memspace_read(u->m, u->pe, space, addr, &word, sizeof word, why) == sizeof word)
			print_instruction(u, d, addr, word, out);
		else
			r = -EFAULT;
	}
	u->next = addr;
	disasm_free(d);
	return r;
}

/* Where args say, or where the last one ended. */
static int where(struct command_user *u, const char *args, u64 *addr, struct why *why)
{
	*addr = u->next;
	return *args ? command_address(u, args, addr, why) : 0;
}

static int examine(struct command_user *u, const struct memspace *space, const char *args, FILE *out, struct why *why)
{
	struct format f = { .count = 1, .letter = u->letter ? u->letter : 'x', .size = u->size ? u->size : 8 };
	int r = parse_format(&args, &f, why);
	u64 addr;

	if (r == 0)
		r = where(u, args, &addr, why);
	if (r < 0)
		return r;
	u->letter = f.letter;
	u->size = f.size;
	if (f.letter == 'i')
		return disassemble(u, space, addr, f.count, out, why);
	if (f.letter != 's')
		return dump(u, space, &f, addr, out, why);
	for (u->next = addr; f.count && r == 0; f.count--)
		r = dump_string(u, space, u->next, out, why);
	return r;
}

static int run_x(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	return examine(u, &u->space, args, out, why);
}

static int run_xp(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	const struct memspace physical = { .kind = MEM_PHYS };

	return examine(u, &physical, args, out, why);
}

/* "[ADDR] [N]"; around the PC one that is alone. */
static int run_disassemble(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	enum { USUAL = 8, MOST = 1000 };
	u64 addr = cpu_pc(command_pe(u)), n = USUAL;
	char word[200];
	int r = 0;

	if (command_word(&args, word, sizeof word))
		r = command_address(u, word, &addr, why);
	if (r == 0 && *args && (!command_number(args, &n) || !n || n > MOST))
		r = why_set(why, EINVAL, "expected 1 to %d instructions, got '%s'", MOST, args);
	return r < 0 ? r : disassemble(u, &u->space, addr, n, out, why);
}

/* The next instruction, as the PE sees it. */
static int run_where(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	const struct memspace current = { 0 };

	return disassemble(u, &current, cpu_pc(command_pe(u)), 1, out, why);
}

static int run_backtrace(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	u64 n = BACKTRACE_MOST;

	if (*args && (!command_number(args, &n) || !n || n > BACKTRACE_MOST))
		return why_set(why, EINVAL, "expected 1 to %d frames, got '%s'", BACKTRACE_MOST, args);
	backtrace_print(u, (unsigned)n, out);
	return 0;
}

/* ---- symbols ---- */

static int run_symbol(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	char name[SYMBOLS_TEXT];
	u64 addr;
	int r = command_address(u, args, &addr, why);

	if (r == 0)
		fprintf(out, "%#" PRIx64 " %s\n", addr, *symbols_text(control_symbols(u->control), addr, name) ? name : "(no symbol)");
	return r;
}

/*
 * The table that the kernel or hypervisor at that EL carries, out of its memory as it runs now; its image is around its vectors, or
 * around the address in args.
 */
static int symbols_of_el(struct command_user *u, unsigned el, const char *args, struct why *why)
{
	enum { BEFORE = 32 << 20, AFTER = 64 << 20, PAGE = 4096 };
	const struct memspace space = { .kind = MEM_EL, .el = (u8)el };
	u64 at = command_pe(u)->sys.vbar[el], low;
	int r = *args ? command_address(u, args, &at, why) : 0;
	char name[48];
	u8 *image;
	s64 n;

	if (r < 0)
		return r;
	low = (at < BEFORE ? 0 : at - BEFORE) & ~(u64)(PAGE - 1);
	image = low + BEFORE + AFTER > low ? calloc(1, BEFORE + AFTER) : NULL;
	if (!image)
		return why_set(why, ENOMEM, "no memory on the host, or an address at the end of all");
	for (size_t i = 0; i < BEFORE + AFTER; i += PAGE)
		memspace_read(u->m, u->pe, &space, low + i, image + i, PAGE, why);
	snprintf(name, sizeof name, "EL%u around %#" PRIx64, el, at);
	n = kallsyms_add(control_symbols(u->control), name, image, BEFORE + AFTER, 0, why);
	free(image);
	return n < 0 ? (int)n : 0;
}

/* "[FILE [OFFSET]]", "el1 [ADDR]"; "-" takes all away. */
static int run_symbols(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	struct symbols *s = control_symbols(u->control);
	char path[2000];
	u64 offset = 0;
	s64 n = 0;

	if (!strcmp(args, "-")) {
		symbols_clear(s);
	} else if (command_word(&args, path, sizeof path)) {
		if (!strcmp(path, "el1") || !strcmp(path, "el2"))
			n = symbols_of_el(u, (unsigned)(path[2] - '0'), args, why);
		else if (*args && !command_number(args + (*args == '-'), &offset))
			return why_set(why, EINVAL, "expected an offset, got '%s'", args);
		else
			n = symbols_load(s, path, *args == '-' ? -offset : offset, why);
	}
	if (n >= 0)
		fprintf(out, "%zu symbols\n", symbols_count(s));
	return n < 0 ? (int)n : 0;
}

const struct command memory_commands[] = {
	{ .name = "x", .args = "/FMT [ADDR]", .help = "guest memory: a count, a format (x d u o c s i) and a size (b h w g); again without ADDR: what follows", .run = run_x,
	  .complete = command_offer_symbols },
	{ .name = "xp", .args = "/FMT [ADDR]", .help = "the same of physical memory", .run = run_xp },
	{ .name = "disassemble|u", .args = "[ADDR [N]]", .help = "N instructions (8), from the next one if no address is given", .run = run_disassemble,
	  .complete = command_offer_symbols },
	{ .name = "where", .help = "the next instruction", .run = run_where },
	{ .name = "backtrace|bt", .args = "[N]", .help = "who called whom, through the exception levels, by frame pointers", .run = run_backtrace },
	{ .name = "symbol", .args = "ADDR|NAME", .help = "which symbol an address is near, where a symbol is", .run = run_symbol, .complete = command_offer_symbols },
	{ .name = "symbols", .args = "[el1|el2 [ADDR]|FILE [OFFSET]|-]",
	  .help = "more of them: what the running Linux or Xen carries at that EL; ELF, System.map, images; - forgets all", .run = run_symbols },
	{ 0 }
};
