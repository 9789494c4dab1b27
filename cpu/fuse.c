/* Choosing twins of handlers: see fuse.h. One small hash table from handler to row, made once per PE from the const rows. */
#include "cpu/fuse.h"

#include <stdlib.h>

enum { TABLE_BITS = 11, TABLE = 1 << TABLE_BITS };

struct fuse {
	struct {
		exec_fn *key;
		const struct fwd_row *fwd;
	} fwd[TABLE];
	struct {
		exec_fn *first, *second;
		const struct pair_row *row;
	} pair[TABLE];
	struct {
		exec_fn *key;
		exec_fn *const *by_tail;
		int tail; /* -1: none */
	} next[TABLE];
};

static u32 hash(exec_fn *a, exec_fn *b)
{
	u64 h = (u64)(uintptr_t)a * 0x9e3779b97f4a7c15ull ^ (u64)(uintptr_t)b * 0xc2b2ae3d27d4eb4full;

	return (u32)(h >> (64 - TABLE_BITS));
}

static void add_fwd(struct fuse *f, const struct fwd_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		u32 h = hash(rows[i].plain, NULL);

		while (f->fwd[h].key)
			h = (h + 1) % TABLE;
		f->fwd[h].key = rows[i].plain;
		f->fwd[h].fwd = &rows[i];
	}
}

static void add_pairs(struct fuse *f, const struct pair_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		u32 h = hash(rows[i].first, rows[i].second);

		while (f->pair[h].row)
			h = (h + 1) % TABLE;
		f->pair[h].first = rows[i].first;
		f->pair[h].second = rows[i].second;
		f->pair[h].row = &rows[i];
	}
}

static u32 next_slot(const struct fuse *f, exec_fn *fn)
{
	u32 h = hash(fn, NULL);

	while (f->next[h].key && f->next[h].key != fn)
		h = (h + 1) % TABLE;
	return h;
}

static void add_tails(struct fuse *f, const struct tail_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		u32 h = next_slot(f, rows[i].plain);

		f->next[h].key = rows[i].plain;
		f->next[h].tail = rows[i].tail;
	}
}

static void add_heads(struct fuse *f, const struct head_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		u32 h = next_slot(f, rows[i].plain);

		if (!f->next[h].key)
			f->next[h].tail = -1;
		f->next[h].key = rows[i].plain;
		f->next[h].by_tail = rows[i].by_tail;
	}
}

struct fuse *fuse_new(void)
{
	struct fuse *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	add_fwd(f, fwd_int_rows, fwd_int_rows_n);
	add_fwd(f, fwd_ldst_rows, fwd_ldst_rows_n);
	add_fwd(f, fwd_branch_rows, fwd_branch_rows_n);
	add_pairs(f, pair_int_rows, pair_int_rows_n);
	add_pairs(f, pair_ldst_rows, pair_ldst_rows_n);
	add_tails(f, tail_int_rows, tail_int_rows_n);
	add_tails(f, tail_ldst_rows, tail_ldst_rows_n);
	add_tails(f, tail_fp_rows, tail_fp_rows_n);
	add_tails(f, tail_branch_rows, tail_branch_rows_n);
	add_heads(f, head_int_rows, head_int_rows_n);
	add_heads(f, head_ldst_rows, head_ldst_rows_n);
	add_heads(f, head_fp_rows, head_fp_rows_n);
	return f;
}

void fuse_free(struct fuse *f)
{
	free(f);
}

static const struct fwd_row *find_fwd(const struct fuse *f, exec_fn *fn)
{
	for (u32 h = hash(fn, NULL); f->fwd[h].key; h = (h + 1) % TABLE)
		if (f->fwd[h].key == fn)
			return f->fwd[h].fwd;
	return NULL;
}

static const struct pair_row *find_pair(const struct fuse *f, exec_fn *a, exec_fn *b)
{
	for (u32 h = hash(a, b); f->pair[h].row; h = (h + 1) % TABLE)
		if (f->pair[h].first == a && f->pair[h].second == b)
			return f->pair[h].row;
	return NULL;
}

/* Which operand of u can come from acc, given that the uop before wrote x[rd]: the best of n, m, d that the row has. */
static exec_fn *pick(exec_fn *plain, exec_fn *n, exec_fn *m, exec_fn *d, const struct uop *u, int rd)
{
	if (n && u->rn == rd)
		return n;
	if (m && u->rm == rd)
		return m;
	if (d && u->rd == rd)
		return d;
	return plain;
}

/* The head that goes straight to b's handler, or a itself. */
static exec_fn *straight(const struct fuse *f, exec_fn *a, exec_fn *b)
{
	u32 i = next_slot(f, a), k = next_slot(f, b);

	if (!f->next[i].key || !f->next[i].by_tail || !f->next[k].key || f->next[k].tail < 0)
		return a;
	return f->next[i].by_tail[f->next[k].tail];
}

/* u follows `last`. Returns what may be a head for the uop after u. */
static struct uop *join(const struct fuse *f, struct uop *last, struct uop *u)
{
	exec_fn *joined = last ? straight(f, last->exec, u->exec) : NULL;

	if (!joined || joined == last->exec)
		return u;
	last->exec = joined;
	return NULL;
}

void fuse_uops(const struct fuse *f, struct uop *u, u32 n)
{
	struct uop *last = NULL; /* the uop dispatched before this one, unless it already goes straight */

	int written = -1; /* the register that acc holds */

	for (u32 i = 0; i < n; i++) {
		exec_fn *plain = u[i].exec;
		const struct fwd_row *w = find_fwd(f, plain);
		const struct pair_row *p = i + 1 < n ? find_pair(f, plain, u[i + 1].exec) : NULL;

		if (p && (!p->second_same_base || (u[i + 1].rd == u[i].rn && u[i + 1].rn == u[i].rn))) {
			u[i].exec = pick(p->plain, p->n, p->m, NULL, &u[i], written);
			written = -1;
			last = join(f, last, &u[i]);
			i++; /* the second is done by the first */
			continue;
		}
		if (w)
			u[i].exec = pick(plain, w->n, w->m, w->d, &u[i], written);
		last = join(f, last, &u[i]);
		written = w && (w->flags & FWD_PRODUCES) ? u[i].rd : -1;
	}
}
