/*
 * Commands of the monitor: whose memory (mem), how an address is translated (walk), what the TLBs hold (tlb). See command.h; the work
 * is machine/memspace.h's.
 */
#include <errno.h>
#include <string.h>

#include "base/bits.h"
#include "cpu/cpu.h"
#include "frontend/command.h"

static const char *const spaces[] = { "current", "el1", "el2", "el3", "s1:vmid=", "ipa:vmid=", "phys", "sphys", NULL };
static const char *const accesses[] = { "r", "w", "x", "el0", NULL };
static const char *const filters[] = { "pe=",	 "vmid=", "asid=", "va=", "ipa=", "pa=", "el=", "structure=l1i", "structure=l1d", "structure=main",
				       "structure=walk", "structure=ipa", "stale", "max=", NULL };

static void offer(const char *const *words, const char *word, const struct command_words *to)
{
	for (; *words; words++)
		command_offer(to, word, *words);
}

static void complete_space(struct command_user *u, const char *word, const struct command_words *to)
{
	offer(spaces, word, to);
}

static void complete_walk(struct command_user *u, const char *word, const struct command_words *to)
{
	offer(spaces, word, to);
	offer(accesses, word, to);
}

static void complete_tlb(struct command_user *u, const char *word, const struct command_words *to)
{
	offer(filters, word, to);
}

static int run_mem(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	char text[MEMSPACE_TEXT];
	int r = *args ? memspace_parse(&u->space, args, why) : 0;

	if (r < 0)
		return r;
	memspace_text(&u->space, text, sizeof text);
	fprintf(out, "memory is that of %s\n", text);
	return 0;
}

/* A word behind walk's address. */
static int walk_word(const char *word, struct memspace *space, struct access *a, bool *el0, struct why *why)
{
	static const u8 what[] = { ACC_READ, ACC_WRITE, ACC_FETCH };

	for (size_t i = 0; i < ARRAY_SIZE(what); i++)
		if (!strcmp(word, accesses[i])) {
			a->what = what[i];
			return 0;
		}
	if (!strcmp(word, "el0"))
		return *el0 = true, 0;
	return memspace_parse(space, word, why);
}

/* "ADDR [SPACE] [r|w|x] [el0]"; an access of the current EL has its PAN. */
static int run_walk(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	const struct cpu *c = command_pe(u);
	struct memspace space = u->space;
	struct access a = { .what = ACC_READ };
	char word[200];
	bool el0 = false;
	u64 addr;
	int r;

	if (!command_word(&args, word, sizeof word))
		return why_set(why, EINVAL, "walk: expected an address");
	r = command_address(u, word, &addr, why);
	while (r == 0 && command_word(&args, word, sizeof word))
		r = walk_word(word, &space, &a, &el0, why);
	if (r < 0)
		return r;
	a.priv = !el0 && (space.kind != MEM_CURRENT || c->el);
	a.pan = space.kind == MEM_CURRENT && c->pan;
	return memspace_walk(u->m, u->pe, &space, addr, a, out, why);
}

static int run_tlb(struct command_user *u, const char *args, FILE *out, struct why *why)
{
	return memspace_tlb(u->m, args, out, why);
}

const struct command space_commands[] = {
	{ .name = "mem", .args = "[SPACE]", .help = "whose memory: current, el1, el2, el3, s1:vmid=N,asid=M, ipa:vmid=N, phys, sphys",
	  .running = true, .run = run_mem, .complete = complete_space },
	{ .name = "walk", .args = "ADDR [SPACE] [r|w|x] [el0]", .help = "each descriptor that translates an address, or why it faults",
	  .run = run_walk, .complete = complete_walk },
	{ .name = "tlb|info tlb", .args = "[pe=N vmid=N asid=N va=ADDR ipa=ADDR pa=ADDR el=N structure=NAME stale max=N]",
	  .help = "entries of the TLBs; those that the tables no longer say are STALE", .run = run_tlb, .complete = complete_tlb },
	{ 0 }
};
