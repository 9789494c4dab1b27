/* See insn_cover.h. */
#include "insn_cover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/fuse.h"
#include "cpu/translate.h"

static const char *const general_names[8] = { "0",	 "1",	     "-1",	 "smallest",
					      "largest", "positive", "negative", NULL };
static const char *const floating_names[8] = { "zero",	   "denormal",	     "normal",
					       "infinity", "quiet NaN",	     "signalling NaN",
					       "largest",  "smallest normal" };
static const char *const memory_names[4] = { "aligned", "unaligned", "page crossing", NULL };
static const char *const stop_names[8] = { "end", "undefined", "no memory", "alignment", "other" };
static const char *const fpcr_names[16] = { "RN",   "RP", "RM",	 "RZ",	    "FZ",
					    "FZ16", "DN", "AHP", "IXC set", "QC set" };

/* ---- twins ---- */

enum { SEEN_BITS = 16, SEEN = 1 << SEEN_BITS };
struct cover_fuse {
	struct fuse *fuse;
	struct tr tr;
	struct cpu cpu __attribute__((aligned(64)));
	exec_fn *seen[SEEN]; /* hash set of the handlers that blocks of chains had */
};

static bool see(struct cover_fuse *f, exec_fn *fn, bool add)
{
	u32 h = (u32)((u64)(uintptr_t)fn * 0x9e3779b97f4a7c15ull >> (64 - SEEN_BITS));

	for (; f->seen[h]; h = (h + 1) % SEEN)
		if (f->seen[h] == fn)
			return true;
	if (add)
		f->seen[h] = fn;
	return false;
}

/* The block of the program in that slot that begins at instruction `from`, as the translator cuts
 * and fuses it. Returns its end. */
static u32 cover_block(struct cover_fuse *f, const struct program *p, u32 from, u32 slot,
		       u64 features)
{
	struct tr *t = &f->tr;
	u32 i = from;

	t->n_uops = t->n_pool = t->n_insns = 0;
	t->end = t->stop = false;
	do {
		const struct insn *row = a64_decode(p->word[i], features);

		t->off = (u32)(VA_SLOT(slot) + 4 + 4 * (u64)i) & 0xfff;
		if (!row || row->cls == CL_SYSTEM || !row->tr(t, row, p->word[i]))
			break;
	} while (++i < p->n && !t->end && !t->stop && t->off < 0xffc);
	fuse_uops(f->fuse, t->uop, t->n_uops);
	for (u32 k = 0; k < t->n_uops; k++)
		see(f, t->uop[k].exec, true);
	return i > from ? i : from + 1;
}

void cover_chain(struct cover *c, const struct program *p, u32 slot, u64 features)
{
	c->fuse->cpu.core.features = features;
	for (u32 i = 0; i < p->n;)
		i = cover_block(c->fuse, p, i, slot, features);
}

struct tally {
	u32 seen, all;
};
static void tally(struct cover_fuse *f, struct tally *t, exec_fn *fn)
{
	if (!fn)
		return;
	t->all++;
	t->seen += see(f, fn, false);
}

static void print_fuse(struct cover_fuse *f)
{
	const struct {
		const struct fwd_row *rows;
		size_t n;
	} fwd[] = { { fwd_int_rows, fwd_int_rows_n },
		    { fwd_ldst_rows, fwd_ldst_rows_n },
		    { fwd_branch_rows, fwd_branch_rows_n } };
	const struct {
		const struct pair_row *rows;
		size_t n;
	} pairs[] = { { pair_int_rows, pair_int_rows_n }, { pair_ldst_rows, pair_ldst_rows_n } };
	const struct {
		const struct head_row *rows;
		size_t n;
	} heads[] = { { head_int_rows, head_int_rows_n }, { head_ldst_rows, head_ldst_rows_n } };
	struct tally twin = { 0 }, pair = { 0 }, straight = { 0 };

	for (size_t g = 0; g < ARRAY_SIZE(fwd); g++)
		for (size_t i = 0; i < fwd[g].n; i++) {
			tally(f, &twin, fwd[g].rows[i].n);
			tally(f, &twin, fwd[g].rows[i].m);
			tally(f, &twin, fwd[g].rows[i].d);
		}
	for (size_t g = 0; g < ARRAY_SIZE(pairs); g++)
		for (size_t i = 0; i < pairs[g].n; i++) {
			tally(f, &pair, pairs[g].rows[i].plain);
			tally(f, &pair, pairs[g].rows[i].n);
			tally(f, &pair, pairs[g].rows[i].m);
		}
	for (size_t g = 0; g < ARRAY_SIZE(heads); g++)
		for (size_t i = 0; i < heads[g].n; i++)
			for (unsigned k = 0; k < TAIL_COUNT; k++)
				if (heads[g].rows[i].by_tail &&
				    heads[g].rows[i].by_tail[k] != heads[g].rows[i].plain)
					tally(f, &straight, heads[g].rows[i].by_tail[k]);
	printf("engine: %u of %u forwarding twins, %u of %u fused pairs, %u of %u direct "
	       "successions\n",
	       twin.seen, twin.all, pair.seen, pair.all, straight.seen, straight.all);
}

/* ---- operands ---- */

bool cover_open(struct cover *c)
{
	c->completed = calloc(a64_insns_n, sizeof(u64));
	c->stopped = calloc(a64_insns_n, sizeof(u64));
	c->fuse = aligned_alloc(64, (sizeof *c->fuse + 63) & ~(size_t)63);
	if (!c->completed || !c->stopped || !c->fuse)
		return false;
	memset(c->fuse, 0, sizeof *c->fuse);
	c->fuse->fuse = fuse_new();
	c->fuse->tr.c = &c->fuse->cpu;
	return c->fuse->fuse != NULL;
}

static unsigned general_class(u64 v)
{
	if (v < 2)
		return (unsigned)v;
	if (v == ~0ull)
		return 2;
	if (v == 1ull << 63)
		return 3;
	if (v == ~0ull >> 1)
		return 4;
	return v >> 63 ? 6 : 5;
}

static unsigned floating_class(u64 v, unsigned size)
{
	unsigned exp_bits = size == 3	? 11
			    : size == 2 ? 8
					: 5,
		 frac_bits = (8u << size) - 1 - exp_bits;
	u64 frac = v & low_mask(frac_bits), exp = v >> frac_bits & low_mask(exp_bits),
	    top = low_mask(exp_bits);

	if (exp == 0)
		return frac != 0;
	if (exp == top)
		return !frac ? 3 : frac >> (frac_bits - 1) ? 4 : 5;
	if (exp == top - 1 && frac == low_mask(frac_bits))
		return 6;
	return exp == 1 && !frac ? 7 : 2;
}

struct operands {
	struct cover *c;
	const struct state *s;
};
static void cover_operand(void *ctx, u32 reg, bool general)
{
	struct operands *o = ctx;

	if (general) {
		if (reg != 31)
			o->c->general[general_class(o->s->x[reg])]++;
		return;
	}
	for (unsigned size = 1; size <= 3; size++)
		o->c->floating[size - 1][floating_class(o->s->v[reg][0], size)]++;
}

void cover_run(struct cover *c, const struct insn *row, const struct program *p,
	       const struct state *before, const struct state *after)
{
	struct operands o = { c, before };
	size_t i = (size_t)(row - a64_insns);
	u64 at;

	c->stop[after->stop & 7]++;
	if (after->stop != STOP_END) {
		c->stopped[i]++;
		return;
	}
	c->completed[i]++;
	gen_sources(row, p->word[p->focus], cover_operand, &o);
	c->nzcv[before->nzcv >> 28]++;
	c->fpcr[before->fpcr >> 22 & 3]++;
	c->fpcr[4] += before->fpcr >> 24 & 1;
	c->fpcr[5] += before->fpcr >> 19 & 1;
	c->fpcr[6] += before->fpcr >> 25 & 1;
	c->fpcr[7] += before->fpcr >> 26 & 1;
	c->fpcr[8] += before->fpsr >> 4 & 1;
	c->fpcr[9] += before->fpsr >> 27 & 1;
	if (p->base < 0)
		return;
	at = gen_address(p, before);
	c->memory[(at & 0xfff) > 0xff8 ? 2 : at & 7 ? 1 : 0]++;
}

static void print_line(const char *what, const char *const *names, const u64 *counts, unsigned n)
{
	printf("%-14s", what);
	for (unsigned i = 0; i < n; i++)
		if (names[i])
			printf(" %s %" PRIu64 "%s", names[i], counts[i],
			       i + 1 < n && names[i + 1] ? "," : "");
	printf("\n");
}

static unsigned least_flags(const struct cover *c)
{
	unsigned least = 0;

	for (unsigned i = 1; i < 16; i++)
		if (c->nzcv[i] < c->nzcv[least])
			least = i;
	return least;
}

bool cover_print(const struct cover *c, bool one, u64 features, u64 wanted, const char *prefix)
{
	static const char *const sizes[3] = { "half", "single", "double" };
	u32 run = 0, excluded = 0, few = 0;
	u64 least = ~0ull;

	if (!one) {
		print_line("ends", stop_names, c->stop, 5);
		print_fuse(c->fuse);
		return true;
	}
	for (u32 i = 0; i < a64_insns_n; i++) {
		const char *why = gen_excluded(&a64_insns[i], features);

		if (strncmp(a64_insns[i].name, prefix, strlen(prefix)))
			continue;
		if (why) {
			printf("not run: %s: %s\n", a64_insns[i].name, why);
			excluded++;
			continue;
		}
		run++;
		if (c->completed[i] < least)
			least = c->completed[i];
		if (c->completed[i] < wanted) {
			printf("TOO FEW: %s: %" PRIu64 " completed, %" PRIu64 " stopped\n",
			       a64_insns[i].name, c->completed[i], c->stopped[i]);
			few++;
		}
	}
	print_line("ends", stop_names, c->stop, 5);
	print_line("integers", general_names, c->general, 7);
	for (unsigned i = 0; i < 3; i++)
		print_line(sizes[i], floating_names, c->floating[i], 8);
	print_line("FPCR, FPSR", fpcr_names, c->fpcr, 10);
	print_line("memory", memory_names, c->memory, 3);
	printf("flags          all 16, at least %" PRIu64 " times each\n", c->nzcv[least_flags(c)]);
	printf("rows: %u run, each %" PRIu64
	       " times at least; %u not for user mode or this core; %u too few\n",
	       run, run ? least : 0, excluded, few);
	return few == 0;
}
