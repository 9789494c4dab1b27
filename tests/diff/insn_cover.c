/* See insn_cover.h. */
#include "insn_cover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/fuse.h"
#include "cpu/translate.h"

static const char *const general_names[] = { "0",	"1",	    "-1",	"smallest",
					     "largest", "positive", "negative", NULL };
static const char *const floating_names[] = {
	"zero",		  "denormal", "normal",		 "infinity", "quiet NaN",
	"signalling NaN", "largest",  "smallest normal", "n + 1/2",  "tie when narrowed"
};
static const char *const memory_names[] = { "aligned", "unaligned", "page crossing", NULL };
static const char *const stop_names[] = { "end", "undefined", "no memory", "alignment", "other" };
static const char *const fpcr_names[] = { "RN",	  "RP", "RM",  "RZ",	  "FZ",
					  "FZ16", "DN", "AHP", "IXC set", "QC set" };

/* ---- twins ---- */

struct cover_fuse {
	struct fuse *fuse;
	struct tr tr;
	struct cpu cpu __attribute__((aligned(64)));
};

/* Whether the set of handlers holds fn; adds it if asked to. */
static bool see(struct cover *c, exec_fn *fn, bool add)
{
	u32 h = (u32)((u64)(uintptr_t)fn * 0x9e3779b97f4a7c15ull >> 32) % COVER_SEEN;

	for (; c->seen[h]; h = (h + 1) % COVER_SEEN)
		if (c->seen[h] == fn)
			return true;
	if (add)
		c->seen[h] = fn;
	return false;
}

/* The block of the program in that slot that begins at instruction `from`, as the translator cuts
 * and fuses it. Returns its end. */
static u32 cover_block(struct cover *c, const struct program *p, u32 from, u32 slot, u64 features)
{
	struct tr *t = &c->fuse->tr;
	u32 i = from;

	t->n_uops = t->n_pool = t->n_insns = 0;
	t->end = t->stop = false;
	do {
		const struct insn *row = a64_decode(p->word[i], features);

		t->off = (u32)(VA_SLOT(slot) + 4 + 4 * (u64)i) & 0xfff;
		if (!row || row->cls == CL_SYSTEM || !row->tr(t, row, p->word[i]))
			break;
	} while (++i < p->n && !t->end && !t->stop && t->off < 0xffc);
	fuse_uops(c->fuse->fuse, t->uop, t->n_uops);
	for (u32 k = 0; k < t->n_uops; k++)
		see(c, t->uop[k].exec, true);
	return i > from ? i : from + 1;
}

void cover_chain(struct cover *c, const struct program *p, u32 slot, u64 features)
{
	c->fuse->cpu.core.features = features;
	for (u32 i = 0; i < p->n;)
		i = cover_block(c, p, i, slot, features);
}

struct score {
	u32 seen, all;
};
static void tally(struct cover *f, struct score *t, exec_fn *fn)
{
	if (!fn)
		return;
	t->all++;
	t->seen += see(f, fn, false);
}

/* Tables of cpu/fuse.h. */
static const struct {
	const struct fwd_row *const rows;
	const size_t *n;
} forwards[] = { { fwd_int_rows, &fwd_int_rows_n },
		 { fwd_ldst_rows, &fwd_ldst_rows_n },
		 { fwd_branch_rows, &fwd_branch_rows_n } };
static const struct {
	const struct pair_row *rows;
	const size_t *n;
} pairs[] = { { pair_int_rows, &pair_int_rows_n }, { pair_ldst_rows, &pair_ldst_rows_n } };
static const struct {
	const struct head_row *rows;
	const size_t *n;
} heads[] = { { head_int_rows, &head_int_rows_n },
	      { head_ldst_rows, &head_ldst_rows_n },
	      { head_fp_rows, &head_fp_rows_n } };
static const struct {
	const struct tail_row *rows;
	const size_t *n;
} tails[] = { { tail_int_rows, &tail_int_rows_n },
	      { tail_ldst_rows, &tail_ldst_rows_n },
	      { tail_fp_rows, &tail_fp_rows_n },
	      { tail_branch_rows, &tail_branch_rows_n } };

/* Whether fn leaves a register's value for the next uop. */
static bool produces(exec_fn *fn)
{
	for (size_t g = 0; g < ARRAY_SIZE(forwards); g++)
		for (size_t i = 0; i < *forwards[g].n; i++) {
			const struct fwd_row *r = &forwards[g].rows[i];

			if (fn == r->plain || fn == r->n || fn == r->m || fn == r->d)
				return r->flags & FWD_PRODUCES;
		}
	return false;
}

/* Whether fn takes one. */
static bool takes(exec_fn *fn)
{
	for (size_t g = 0; g < ARRAY_SIZE(forwards); g++)
		for (size_t i = 0; i < *forwards[g].n; i++) {
			const struct fwd_row *r = &forwards[g].rows[i];

			if (fn == r->n || fn == r->m || fn == r->d)
				return true;
		}
	for (size_t g = 0; g < ARRAY_SIZE(pairs); g++)
		for (size_t i = 0; i < *pairs[g].n; i++)
			if (fn == pairs[g].rows[i].n || fn == pairs[g].rows[i].m)
				return true;
	return false;
}

static bool tail_takes(unsigned tail)
{
	for (size_t g = 0; g < ARRAY_SIZE(tails); g++)
		for (size_t i = 0; i < *tails[g].n; i++)
			if ((unsigned)tails[g].rows[i].tail == tail)
				return takes(tails[g].rows[i].plain);
	return false;
}

/* Not a tail that takes a value from a head that leaves none: fuse_uops() never makes it. */
static void tally_head(struct cover *c, struct score *t, const struct head_row *row)
{
	bool value = produces(row->plain);

	for (unsigned k = 0; row->by_tail && k < TAIL_COUNT; k++)
		if (row->by_tail[k] != row->plain && (value || !tail_takes(k)))
			tally(c, t, row->by_tail[k]);
}

static void print_fuse(struct cover *c)
{
	struct score twin = { 0 }, pair = { 0 }, straight = { 0 };

	for (size_t g = 0; g < ARRAY_SIZE(forwards); g++)
		for (size_t i = 0; i < *forwards[g].n; i++) {
			tally(c, &twin, forwards[g].rows[i].n);
			tally(c, &twin, forwards[g].rows[i].m);
			tally(c, &twin, forwards[g].rows[i].d);
		}
	for (size_t g = 0; g < ARRAY_SIZE(pairs); g++)
		for (size_t i = 0; i < *pairs[g].n; i++) {
			tally(c, &pair, pairs[g].rows[i].plain);
			tally(c, &pair, pairs[g].rows[i].n);
			tally(c, &pair, pairs[g].rows[i].m);
		}
	for (size_t g = 0; g < ARRAY_SIZE(heads); g++)
		for (size_t i = 0; i < *heads[g].n; i++)
			tally_head(c, &straight, &heads[g].rows[i]);
	printf("engine: %u of %u forwarding twins, %u of %u fused pairs, %u of %u direct "
	       "successions\n",
	       twin.seen, twin.all, pair.seen, pair.all, straight.seen, straight.all);
}

/* ---- operands ---- */

bool cover_open(struct cover *c)
{
	c->fuse = aligned_alloc(64, (sizeof *c->fuse + 63) & ~(size_t)63);
	if (!c->fuse || a64_insns_n > COVER_ROWS)
		return false;
	memset(c->fuse, 0, sizeof *c->fuse);
	c->fuse->fuse = fuse_new();
	c->fuse->tr.c = &c->fuse->cpu;
	return c->fuse->fuse != NULL;
}

void cover_close(struct cover *c)
{
	fuse_free(c->fuse->fuse);
	free(c->fuse);
	c->fuse = NULL;
}

void cover_add(struct cover *c, const struct cover *part)
{
	u64 *to = (u64 *)&c->n;
	const u64 *from = (const u64 *)&part->n;

	for (size_t i = 0; i < sizeof c->n / sizeof *to; i++)
		to[i] += from[i];
	for (u32 i = 0; i < COVER_SEEN; i++)
		if (part->seen[i])
			see(c, part->seen[i], true);
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

/* Numbers at which rounding decides: to an integer, or to the next smaller format. */
static void cover_ties(u64 *counts, u64 v, unsigned size)
{
	unsigned frac_bits = size == 3 ? 52 : size == 2 ? 23 : 10, narrow = size == 3 ? 29 : 13;
	u64 exp = v >> frac_bits & (size == 3 ? 0x7ff : size == 2 ? 0xff : 0x1f);
	u64 bias = size == 3 ? 0x3ff : size == 2 ? 0x7f : 0xf;
	u64 one = 1ull << frac_bits, frac = (v & (one - 1)) | one;

	if (exp >= bias - 1 && exp < bias + frac_bits)
		counts[8] += (frac & -frac) == one >> (exp - bias + 1);
	if (size > 1 && exp && exp != 2 * bias + 1)
		counts[9] += (frac & -frac) == 1ull << (narrow - 1);
}

void cover_operands(struct cover *c, const struct program *p, const struct state *s)
{
	struct cover_counts *n = &c->n;
	struct regs read = p->use.read;

	if (p->base >= 0) {
		u64 at = gen_address(p, s);

		n->memory[(at & 0xfff) > 0xff8 ? 2 : at & 7 ? 1 : 0]++;
		read.general &= ~(1u << p->base);
	}
	for (u32 m = read.general & 0x7fffffff; m; m &= m - 1)
		n->general[general_class(s->x[__builtin_ctz(m)])]++;
	if (p->use.flags)
		n->nzcv[s->nzcv >> 28]++;
	if (!p->fp_size)
		return;
	for (u32 m = read.vector; m; m &= m - 1) {
		u64 v = s->v[__builtin_ctz(m)][0];
		u64 *counts = n->floating[p->fp_size - 1];

		counts[floating_class(v, p->fp_size)]++;
		cover_ties(counts, v, p->fp_size);
	}
	n->fpcr[s->fpcr >> 22 & 3]++;
	n->fpcr[4] += s->fpcr >> 24 & 1;
	n->fpcr[5] += s->fpcr >> 19 & 1;
	n->fpcr[6] += s->fpcr >> 25 & 1;
	n->fpcr[7] += s->fpcr >> 26 & 1;
	n->fpcr[8] += s->fpsr >> 4 & 1;
	n->fpcr[9] += s->fpsr >> 27 & 1;
}

void cover_run(struct cover *c, const struct program *p, const struct state *after)
{
	size_t i = (size_t)(p->row - a64_insns);
	u32 sets = p->sweep.sets ? p->sweep.sets : 1;

	c->n.stop[after->stop & 7]++;
	if (p->chain)
		return;
	if (after->stop != STOP_END) {
		c->n.stopped[i]++;
		return;
	}
	c->n.programs[i]++;
	c->n.sets[i] += sets;
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

static u64 least(const u64 *counts, size_t n)
{
	u64 v = counts[0];

	for (size_t i = 1; i < n; i++)
		v = counts[i] < v ? counts[i] : v;
	return v;
}

static void print_operands(const struct cover_counts *n)
{
	static const char *const sizes[3] = { "half", "single", "double" };

	print_line("integers", general_names, n->general, 7);
	for (unsigned i = 0; i < 3; i++)
		print_line(sizes[i], floating_names, n->floating[i], i ? 10 : 9);
	print_line("FPCR, FPSR", fpcr_names, n->fpcr, 10);
	print_line("memory", memory_names, n->memory, 3);
	printf("flags          all 16, at least %" PRIu64 " times each\n", least(n->nzcv, 16));
}

bool cover_print(struct cover *c, bool chains, u64 wanted, const char *prefix)
{
	u32 run = 0, excluded = 0, few = 0;
	u64 fewest = ~0ull, sets = 0;

	print_line("ends", stop_names, c->n.stop, 5);
	if (chains) {
		print_fuse(c);
		return true;
	}
	for (u32 i = 0; i < a64_insns_n; i++) {
		const char *why = gen_excluded(&a64_insns[i], c->features);

		if (strncmp(a64_insns[i].name, prefix, strlen(prefix)))
			continue;
		if (why) {
			printf("not run: %s: %s\n", a64_insns[i].name, why);
			excluded++;
			continue;
		}
		run++;
		sets += c->n.sets[i];
		if (c->n.sets[i] < fewest)
			fewest = c->n.sets[i];
		if (c->n.sets[i] < wanted) {
			printf("TOO FEW: %s: %" PRIu64 " operand sets, %" PRIu64 " runs stopped\n",
			       a64_insns[i].name, c->n.sets[i], c->n.stopped[i]);
			few++;
		}
	}
	print_operands(&c->n);
	printf("rows: %u run, %" PRIu64 " operand sets, each row %" PRIu64
	       " at least; %u not for user mode or this core; %u too few\n",
	       run, sets, run ? fewest : 0, excluded, few);
	return few == 0;
}
