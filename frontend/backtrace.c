/* See backtrace.h. */
#include "frontend/backtrace.h"

#include "cpu/cpu.h"
#include "cpu/exception.h"
#include "cpu/sysreg.h"
#include "frontend/command.h"
#include "frontend/symbols.h"
#include "frontend/trail.h"
#include "machine/memspace.h"

/* Where the walk is: in an EL, at a frame. */
struct unwind {
	struct command_user *u;
	struct cpu *c;
	FILE *out;
	struct memspace space;
	unsigned el;
	u64 pc, fp, lr;
	u64 last; /* the outermost record of this EL that could be read; 0: none */
	bool vm;  /* of vmid */
	u16 vmid;
	unsigned n, most;
};

static bool read_at(const struct unwind *w, u64 addr, void *to, size_t n)
{
	struct why why;

	return addr + n > addr && memspace_read(w->u->m, w->u->pe, &w->space, addr, to, n, &why) == n;
}

/* The name that stands there, or of what called: a call may be the last instruction of its function. */
static void print_frame(struct unwind *w, u64 pc, bool is_return, const char *note)
{
	u64 back = is_return ? 4 : 0, offset;
	const char *name = symbols_at(control_symbols(w->u->control), pc - back, &offset);

	fprintf(w->out, "#%-3u EL%u 0x%016" PRIx64, w->n++, w->el, pc);
	if (name)
		fprintf(w->out, " %.120s", name);
	if (name && offset + back)
		fprintf(w->out, "+%#" PRIx64, offset + back);
	fprintf(w->out, "%s\n", note);
}

/* ---- one EL ---- */

static bool sets_frame(u32 word)
{
	return (word & 0xffc003ff) == 0x910003fd; /* add x29, sp, #n; mov x29, sp */
}

static bool drops_frame(u32 word)
{
	return (word & 0xfec07fff) == 0xa8c07bfd || (word & 0xffc07fff) == 0xa9407bfd; /* ldp x29, x30, [sp...] */
}

/*
 * Whether the function at pc stands outside its own frame, so that x29 is its caller's and x30 returns there: before its prologue is
 * done, behind the first instruction of its epilogue, or because it has none. Known from the begin of the function, so not without a
 * symbol.
 */
static bool is_frameless(const struct unwind *w)
{
	enum { LONGEST = 4096, EPILOGUE = 2 };
	u64 offset, at;
	u32 word;

	if (!symbols_at(control_symbols(w->u->control), w->pc, &offset) || offset > LONGEST)
		return false;
	for (at = w->pc - 4; at >= w->pc - 4 * EPILOGUE && at >= w->pc - offset && at < w->pc; at -= 4)
		if (read_at(w, at, &word, sizeof word) && drops_frame(word))
			return true;
	for (at = w->pc - offset; at < w->pc; at += 4)
		if (read_at(w, at, &word, sizeof word) && sets_frame(word))
			return false;
	return true;
}

/* In the vectors all registers but PC, SP and PSTATE are yet those of what was interrupted. */
static bool in_vectors(const struct unwind *w)
{
	return w->el && w->pc - w->c->sys.vbar[w->el] < 0x800;
}

static void walk_frames(struct unwind *w)
{
	u64 record[2];

	print_frame(w, w->pc, false, "");
	if (in_vectors(w)) {
		if ((w->c->sys.spsr[w->el] >> 2 & 3) != w->el) {
			w->last = 0;
			return;
		}
		w->pc = w->c->sys.elr[w->el];
		print_frame(w, w->pc, false, "");
	}
	if (w->n < w->most && w->lr && is_frameless(w))
		print_frame(w, w->lr, true, " (x30)");
	for (w->last = 0; w->n < w->most && w->fp && !(w->fp & 7) && read_at(w, w->fp, record, sizeof record); w->fp = record[0]) {
		w->last = w->fp;
		if (!record[1])
			return;
		print_frame(w, record[1], true, "");
		if (record[0] == w->fp)
			return;
	}
}

/* ---- from one EL to the one below ---- */

/* The outermost record of the frames stands where that exception's handler began to use its stack. */
static bool is_begin_of(const struct unwind *w, const struct trail_entry *e)
{
	enum { NEAR = 1024 }; /* what a handler may keep there first: the registers */
	u64 end = w->last ? w->last : w->c->x[31];

	return (w->el > 1 || (w->vm == e->vm && (!w->vm || w->vmid == e->vmid))) && end <= e->handler_sp && e->handler_sp - end < NEAR;
}

static const struct trail_entry *begin_of(const struct unwind *w)
{
	const struct trail_entry *e;

	for (unsigned i = 0; (e = trail_into(control_trail(w->u->control), w->u->pe, w->el, i)) != NULL; i++)
		if (is_begin_of(w, e))
			return e;
	return NULL;
}

/* The newest exception from below, if the EL's registers still say so. */
static const struct trail_entry *newest(const struct unwind *w, unsigned el)
{
	const struct trail_entry *e = trail_into(control_trail(w->u->control), w->u->pe, el, 0);

	return e && w->c->sys.elr[el] == e->trap.ret && (w->c->sys.spsr[el] >> 2 & 3) == e->trap.from ? e : NULL;
}

/* Which memory an EL saw when it was left for `to`. */
static void enter_space(struct unwind *w, const struct trail_entry *e)
{
	unsigned from = e->trap.from;

	if (w->el == 1 && from == 0)
		return; /* EL1's own */
	w->vm = e->vm;
	w->vmid = e->vmid;
	if (w->vm)
		w->space = (struct memspace){ .kind = MEM_S1, .has_vmid = true, .vmid = e->vmid };
	else
		w->space = (struct memspace){ .kind = MEM_EL, .el = from == 2 || (from == 0 && (e->hcr_el2 & HCR_TGE)) ? 2 : 1 };
}

static void print_border(const struct unwind *w, const struct trail_entry *e, bool last)
{
	const struct observed_trap *t = &e->trap;

	fprintf(w->out, "---- EL%u was %sentered from EL%u", w->el, last ? "last " : "", t->from);
	if (w->el >= 2 && e->vm)
		fprintf(w->out, " (VMID %u)", e->vmid);
	fprintf(w->out, " by %s%s", t->virt ? "virtual " : "", exception_name(t->vec, t->ec));
	if (t->esr)
		fprintf(w->out, ", ESR %#x", t->esr);
	if (t->far_valid)
		fprintf(w->out, ", FAR %#" PRIx64, t->far);
	fputc('\n', w->out);
}

/* What was interrupted by it is next. */
static void go_below(struct unwind *w, const struct trail_entry *e, bool last)
{
	print_border(w, e, last);
	enter_space(w, e);
	w->el = e->trap.from;
	w->pc = e->trap.pc;
	w->fp = e->x29;
	w->lr = e->x30;
}

/* Nobody watched when the EL was entered: its registers alone tell. True: the walk goes on below. */
static bool cross_unwatched(struct unwind *w)
{
	u64 spsr = w->c->sys.spsr[w->el], elr = w->c->sys.elr[w->el];
	unsigned from = spsr >> 2 & 3;
	bool vectors = in_vectors(w);

	if (from >= w->el || spsr & 0x10 || (!elr && !vectors))
		return false;
	fprintf(w->out, "---- EL%u was entered from EL%u%s\n", w->el, from, vectors ? "" : ", before anybody watched");
	w->space = (struct memspace){ .kind = MEM_EL, .el = w->el == 3 && from == 2 ? 2 : 1 };
	w->el = from;
	w->pc = elr; /* x29 and x30 are its, in the vectors */
	if (!vectors)
		print_frame(w, elr, false, " (ELR; its frame pointer is not known)");
	return vectors;
}

/* True: the walk goes on below. */
static bool cross(struct unwind *w)
{
	const struct trail_entry *e = w->el ? begin_of(w) : NULL;

	if (e)
		go_below(w, e, false);
	return e || (w->el && !trail_into(control_trail(w->u->control), w->u->pe, w->el, 0) && cross_unwatched(w));
}

static void walk(struct unwind *w)
{
	do
		walk_frames(w);
	while (w->n < w->most && cross(w));
}

void backtrace_print(struct command_user *u, unsigned most, FILE *out)
{
	struct cpu *c = command_pe(u);
	struct unwind w = {
		.u = u, .c = c, .out = out, .el = c->el, .pc = cpu_pc(c), .fp = c->x[29], .lr = c->x[30], .most = most,
		.vm = c->el < 2 && (c->sys.hcr_el2 & (HCR_VM | HCR_TGE)) == HCR_VM, .vmid = (u16)(c->sys.vttbr_el2 >> 48),
	};

	const struct trail_entry *last = newest(&w, c->el), *begin;

	walk_frames(&w);
	begin = c->el ? begin_of(&w) : NULL;
	if (w.n < w.most && cross(&w))
		walk(&w);
	if (last && last != begin && w.n < w.most) { /* a guest whose exit is a function's return: KVM */
		w.el = c->el;
		go_below(&w, last, true);
		walk(&w);
	}
	if (w.n >= w.most)
		fprintf(out, "(more frames follow)\n");
}
