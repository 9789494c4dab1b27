/*
 * The debugger (machine/debug.h): points, steps, and why the machine stopped. cpu/halt.h asks before instructions and accesses where
 * something may stop, watchers (cpu/observe.h) hear of exceptions; both answer on the PE's thread, under --parallel inside the
 * machine's lock. What a PE stopped at is remembered, so that going on does not stop there again.
 */
#include "machine/debug.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "machine/debug_priv.h"

struct debugger *machine_debugger(struct machine *m)
{
	return m->debug;
}

const struct debug_stop *debug_stopped(const struct debugger *d)
{
	return &d->stop;
}

/* ---- moments and places ---- */

static struct moment moment_of(const struct cpu *c)
{
	return (struct moment){ c->index, cpu_pc(c), cpu_insns(c) + c->faulted };
}

static bool same(const struct moment *a, const struct moment *b)
{
	return a->pe == b->pe && a->pc == b->pc && a->begun == b->begun;
}

static u64 vm_of(const struct cpu *c)
{
	bool guest = c->el <= 1 && c->regime.kind == REGIME_EL10 && c->regime.s2;

	return guest ? c->sys.vttbr_el2 & MASK(47, 1) : 0;
}

static struct home home_of(const struct cpu *c)
{
	return (struct home){ .el = c->el, .secure = c->secure, .vm = vm_of(c),
			      .space = c->el ? 0 : c->regime.ttbr[0] & MASK(47, 1), .sp = c->x[REG_SP] };
}

/* A return from EL `from` led home, which an exception to EL `to` left: not into its handler at home's own EL, which may use the same stack. */
static bool is_home(const struct cpu *c, const struct home *h, unsigned from, unsigned to)
{
	struct home now = home_of(c);

	if (to == h->el ? from != h->el : from <= h->el)
		return false;
	return now.el == h->el && now.secure == h->secure && now.vm == h->vm && now.space == h->space && now.sp == h->sp;
}

/* "EL1, VMID 3, ASID 7" */
static void print_place(const struct cpu *c, FILE *out)
{
	fprintf(out, "EL%u%s", c->el, c->secure && cpu_has(c, FEAT(EL3)) && c->el < 3 ? " secure" : "");
	if (c->regime.s2)
		fprintf(out, ", VMID %u", c->regime.vmid);
	if (c->regime.s1 && c->regime.two_ranges)
		fprintf(out, ", ASID %u", c->regime.asid);
}

/* ---- stops ---- */

/* Which of several reasons a stop is of. */
static const u8 rank[] = { [STOP_STEP] = 1, [STOP_CATCH] = 2, [STOP_WATCH] = 3, [STOP_BREAK] = 4 };

/* Another PE stops the machine already (--parallel): this one stops too, and will be asked again. */
static bool stops_elsewhere(const struct debugger *d, const struct cpu *c)
{
	return d->stop.kind != STOP_NONE && d->stop.pe != c->index;
}

bool debug_stop(struct debugger *d, struct cpu *c, const struct debug_point *p, enum stop_kind kind)
{
	if (stops_elsewhere(d, c))
		return false;
	if (d->stop.kind == STOP_NONE)
		d->stop = (struct debug_stop){ .kind = kind, .pe = c->index };
	if (!d->stop.point && p)
		d->stop.point = p->number;
	if (rank[kind] > rank[d->stop.kind])
		d->stop.kind = kind;
	d->m->halted = true;
	if (d->m->par)
		machine_end_with(d->m, MACHINE_STOPPED);
	return true;
}

void debug_say(struct debugger *d, const char *format, ...)
{
	struct debug_stop *s = &d->stop;
	size_t n = strlen(s->text);
	va_list args;

	if (n && n + 2 < sizeof(s->text))
		n += (size_t)snprintf(s->text + n, sizeof(s->text) - n, "; ");
	va_start(args, format);
	vsnprintf(s->text + n, sizeof(s->text) - n, format, args);
	va_end(args);
}

static void say_place(struct debug_stop *s, const struct cpu *c)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	print_place(c, out);
	if (!fclose(out) && strlen(s->text) + size + 3 < sizeof(s->text))
		sprintf(s->text + strlen(s->text), ": %s", text);
	free(text);
}

bool debug_counts(struct debug_point *p, struct cpu *c)
{
	struct moment now = moment_of(c), seen = { p->seen_pe, p->seen_pc, p->seen_begun };

	if (same(&now, &seen) || !debug_cond_holds(&p->cond, c))
		return false;
	p->seen_pe = now.pe;
	p->seen_pc = now.pc;
	p->seen_begun = now.begun;
	p->hits++;
	if (!p->ignore)
		return true;
	p->ignore--;
	return false;
}

static const char *many(const struct debug_point *p, char text[32])
{
	snprintf(text, 32, p->hits > 1 ? " (hit %" PRIu64 ")" : "", p->hits);
	return text;
}

/* The breakpoints at c's instruction. */
static bool stop_at_breakpoints(struct debugger *d, struct cpu *c)
{
	u64 pc = cpu_pc(c);
	bool any = false;
	char text[32];

	for (struct debug_point *p = d->points; p; p = p->next) {
		if (p->kind != POINT_BREAK || p->disabled || p->addr != pc || !debug_counts(p, c))
			continue;
		debug_stop(d, c, p, STOP_BREAK);
		debug_say(d, "breakpoint %u at %#" PRIx64 "%s", p->number, pc, many(p, text));
		any = true;
	}
	return any;
}

/* The watchpoints in an access of c's instruction. */
static bool stop_at_watchpoints(struct debugger *d, struct cpu *c, u64 va, unsigned size, u32 what)
{
	bool any = false;
	char text[32];
	u64 last;

	va = (u64)sext(va, 56);
	last = halt_last(va, size);
	for (struct debug_point *p = d->points; p; p = p->next) {
		bool write = p->write && (what & ACC_WRITE);

		if (p->kind != POINT_WATCH || p->disabled || !(write || (p->read && (what & ACC_READ))))
			continue;
		if (va > p->addr + (p->len - 1) || p->addr > last || !debug_counts(p, c))
			continue;
		debug_stop(d, c, p, STOP_WATCH);
		if (!any) {
			d->stop.addr = va > p->addr ? va : p->addr;
			d->stop.write = write;
		}
		debug_say(d, "watchpoint %u: %s of %u byte%s at %#" PRIx64 " by %#" PRIx64 "%s", p->number,
		    what == ACC_READ ? "read" : what == ACC_WRITE ? "write" : "read and write", size, size == 1 ? "" : "s", va, cpu_pc(c),
		    many(p, text));
		any = true;
	}
	return any;
}

/* Whether c's instruction (access: or only its access) is to be looked at: not where it stopped for that before. */
static bool is_new(const struct debugger *d, const struct cpu *c, bool access)
{
	struct moment now = moment_of(c);

	return !same(&now, &d->last) || (access && !d->last_watched);
}

/* halt.fetch */
static bool on_fetch(void *ctx, struct cpu *c)
{
	struct debugger *d = ctx;
	bool stops;

	cpu_enter(c);
	stops = stops_elsewhere(d, c) || (is_new(d, c, false) && stop_at_breakpoints(d, c));
	cpu_leave(c);
	return stops;
}

/* halt.access */
static bool on_access(void *ctx, struct cpu *c, u64 va, unsigned size, u32 what)
{
	struct debugger *d = ctx;
	bool stops;

	cpu_enter(c);
	stops = stops_elsewhere(d, c) || (is_new(d, c, true) && stop_at_watchpoints(d, c, va, size, what));
	cpu_leave(c);
	return stops;
}

/* ---- steps ---- */

/* The step is over. */
static bool end_step(struct debugger *d, struct cpu *c)
{
	d->step.on = false;
	if (!debug_stop(d, c, NULL, STOP_STEP))
		return false;
	d->stop.stepped = true;
	return true;
}

static bool steps(const struct debugger *d, const struct cpu *c)
{
	return d->step.on && d->step.from.pe == c->index;
}

/* halt.step: nothing is to be done before the instruction has begun. */
static bool on_step(void *ctx, struct cpu *c)
{
	struct debugger *d = ctx;
	struct moment now = moment_of(c);
	bool over = false;

	cpu_enter(c);
	if (steps(d, c) && !d->step.away && now.begun != d->step.from.begun)
		over = end_step(d, c);
	cpu_leave(c);
	return over;
}

static void on_trap(void *ctx, struct cpu *c, const struct observed_trap *t)
{
	struct debugger *d = ctx;

	cpu_enter(c);
	if (steps(d, c) && !d->step.away) {
		if (d->step.how == DEBUG_STEP_INTO) {
			if (end_step(d, c))
				cpu_attention(c, ATTN_HALT);
		} else {
			d->step.away = true;
			d->step.to = t->to;
			halt_step(c, false);
		}
	}
	catch_trap(d, c, t);
	cpu_leave(c);
}

/* Back home: an instruction that an interrupt came before, or that faulted, is run now. */
static void on_eret(void *ctx, struct cpu *c, unsigned from, u64 pc)
{
	struct debugger *d = ctx;

	cpu_enter(c);
	if (steps(d, c) && d->step.away && is_home(c, &d->step.home, from, d->step.to)) {
		if (c->pc == d->step.from.pc) {
			d->step.away = false;
			d->step.from = moment_of(c);
			halt_step(c, true);
		} else if (end_step(d, c)) {
			cpu_attention(c, ATTN_HALT);
		}
	}
	catch_eret(d, c, from, pc);
	cpu_leave(c);
}

static const struct observer_ops watcher = {
	.trap = on_trap, .eret = on_eret, .sysreg = catch_sysreg, .list_register = catch_list_register, .maintenance = catch_maintenance,
};

static void watch(struct debugger *d, bool on)
{
	if (on == d->watches)
		return;
	d->watches = on;
	for (unsigned i = 0; i < d->m->pes; i++) {
		struct cpu *c = d->m->seat[i].cpu;

		halt_set(c, on ? &d->halt : NULL);
		d->observer[i] = (struct observer){ .ops = &watcher, .ctx = d, .next = d->observer[i].next };
		if (on)
			cpu_observe(c, &d->observer[i]);
		else
			cpu_unobserve(c, &d->observer[i]);
	}
}

void debug_step(struct debugger *d, unsigned pe, enum debug_step how)
{
	d->step = (struct step){ .on = true, .how = (u8)how, .from.pe = pe };
}

bool debug_stepping(const struct debugger *d)
{
	return d->step.on;
}

static void begin_step(struct debugger *d)
{
	struct cpu *c = d->m->seat[d->step.from.pe].cpu;

	watch(d, true);
	d->step.from = moment_of(c);
	d->step.home = home_of(c);
	halt_step(c, true);
}

/* ---- in the machine's loop ---- */

/*
 * Nothing was looked at yet but what is at the PE that stopped; when a snapshot was loaded meanwhile, nor that, and moments come again
 * that were.
 */
static void forget_moments(struct debugger *d)
{
	struct moment now = moment_of(d->m->seat[d->last.pe].cpu);

	if (!same(&now, &d->last))
		d->last.begun = UINT64_MAX;
	for (struct debug_point *p = d->points; p; p = p->next)
		p->seen_begun = UINT64_MAX;
}

void debug_resume(struct machine *m)
{
	struct debugger *d = m->debug;

	m->halted = false;
	d->stop = (struct debug_stop){ .kind = STOP_NONE };
	forget_moments(d);
	if (d->step.on)
		begin_step(d);
}

bool debug_asked(struct machine *m)
{
	return atomic_peek(&m->debug->asked) && atomic_swap(&m->debug->asked, false);
}

/* The PE to look at when none was the reason. */
static unsigned some_pe(const struct machine *m)
{
	for (unsigned i = 0; i < m->pes; i++)
		if (machine_runnable(&m->seat[i]))
			return i;
	return 0;
}

static void stop_anywhere(struct debugger *d, enum stop_kind kind, const char *text)
{
	d->stop = (struct debug_stop){ .kind = kind, .pe = some_pe(d->m) };
	debug_say(d, "%s", text);
}

/* With a client a machine that nothing wakes is not at its end: something may be typed. */
static enum machine_end stuck(struct debugger *d, enum machine_end end)
{
	if (!d->clients)
		return end;
	stop_anywhere(d, STOP_STUCK, machine_end_text(end));
	d->m->next_poll = d->m->now;
	return MACHINE_STOPPED;
}

/* Where the PE stands now: breakpoints there are hit, too, and going on does not stop for the same again. */
static void settle(struct debugger *d)
{
	struct cpu *c = d->m->seat[d->stop.pe].cpu;
	bool between = d->stop.kind == STOP_STEP || d->stop.kind == STOP_CATCH;

	if (between)
		stop_at_breakpoints(d, c);
	if (d->stop.stepped)
		debug_say(d, "stepped to %#" PRIx64, cpu_pc(c));
	say_place(&d->stop, c);
	d->last = moment_of(c);
	d->last_watched = d->stop.kind == STOP_WATCH;
}

static void drop_temporary(struct debugger *d)
{
	for (struct debug_point *p = d->points, *next; p; p = next) {
		next = p->next;
		if (p->temporary && d->stop.point == p->number)
			debug_remove(d, p->number);
	}
}

enum machine_end debug_end(struct machine *m, enum machine_end end)
{
	struct debugger *d = m->debug;

	halt_step(m->seat[d->step.from.pe].cpu, false);
	d->step.on = false;
	if (end == MACHINE_STUCK)
		return stuck(d, end);
	if (end != MACHINE_STOPPED)
		d->stop.kind = STOP_NONE;
	else if (d->stop.kind == STOP_NONE)
		stop_anywhere(d, STOP_ASKED, "interrupted");
	else
		settle(d);
	drop_temporary(d);
	return end;
}

/* ---- exact numbers of instructions ---- */

static bool waits_for_insns(const struct debug_point *p)
{
	return p->kind == POINT_CATCH && p->catch.kind == CATCH_INSNS && !p->disabled;
}

u64 debug_insns(const struct machine *m)
{
	u64 at = UINT64_MAX;

	for (const struct debug_point *p = m->debug->points; p; p = p->next)
		if (waits_for_insns(p) && p->catch.at < at)
			at = p->catch.at;
	return at;
}

bool debug_at_insns(struct machine *m)
{
	struct debugger *d = m->debug;
	u64 insns = machine_insns(m);
	bool any = false;

	for (struct debug_point *p = d->points; p; p = p->next) {
		struct cpu *c = m->running ? m->running->cpu : m->seat[some_pe(m)].cpu;

		if (!waits_for_insns(p) || p->catch.at > insns)
			continue;
		p->disabled = any = true;
		if (debug_counts(p, c) && debug_stop(d, c, p, STOP_CATCH))
			debug_say(d, "catch %u: %" PRIu64 " instructions", p->number, insns);
	}
	return any;
}

void debug_interrupt(struct debugger *d)
{
	atomic_write(&d->asked, true);
}

void debug_attach(struct debugger *d, bool there)
{
	d->clients += there ? 1u : -1u;
}

/* ---- points ---- */

static int by_address(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

void debug_changed(struct debugger *d)
{
	d->halt.n_code = d->halt.n_data = 0;
	d->catches = 0;
	for (const struct debug_point *p = d->points; p; p = p->next) {
		if (p->kind == POINT_BREAK && !p->disabled)
			d->code[d->halt.n_code++] = p->addr;
		if (p->kind == POINT_CATCH && !p->disabled)
			d->catches |= 1u << p->catch.kind;
		if (p->kind == POINT_WATCH && !p->disabled)
			d->data[d->halt.n_data++] = (struct halt_range){ p->addr, p->addr + p->len - 1,
									(p->read ? ACC_READ : 0) | (p->write ? ACC_WRITE : 0) };
	}
	qsort(d->code, d->halt.n_code, sizeof(d->code[0]), by_address);
	regions_plan(d->m);
	if (!d->watches) {
		watch(d, true);
		return;
	}
	for (unsigned i = 0; i < d->m->pes; i++)
		halt_changed(d->m->seat[i].cpu);
}

/* Also makes p what the debugger keeps. */
static int refuse(const struct debugger *d, struct debug_point *p, struct why *why)
{
	if (d->count == POINTS)
		return why_set(why, ENOSPC, "more than %d breakpoints, watchpoints and catchpoints", POINTS);
	if (p->kind == POINT_BREAK && (p->addr & 3))
		return why_set(why, EINVAL, "breakpoint at %#" PRIx64 ": expected a multiple of 4", p->addr);
	if (p->kind == POINT_WATCH)
		p->addr = (u64)sext(p->addr, 56); /* tags do not take part */
	if (p->kind == POINT_WATCH && (!p->len || p->addr + p->len - 1 < p->addr))
		return why_set(why, EINVAL, "watchpoint at %#" PRIx64 ": expected at least one byte, and none beyond the end of addresses", p->addr);
	if (waits_for_insns(p) && p->catch.at <= machine_insns(d->m))
		return why_set(why, EINVAL, "catch insns %" PRIu64 ": %" PRIu64 " instructions were executed already", p->catch.at,
			       machine_insns(d->m));
	return 0;
}

int debug_add(struct debugger *d, struct debug_point *p, struct why *why)
{
	struct debug_point **end = &d->points, *copy;
	int r = refuse(d, p, why);

	if (r)
		return r;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return why_set(why, ENOMEM, "no memory for a breakpoint");
	while (*end)
		end = &(*end)->next;
	p->number = ++d->numbers;
	p->hits = 0;
	p->seen_begun = UINT64_MAX;
	p->next = NULL;
	*copy = *p;
	*end = copy;
	d->count++;
	debug_changed(d);
	return 0;
}

bool debug_remove(struct debugger *d, u32 number)
{
	for (struct debug_point **pp = &d->points; *pp; pp = &(*pp)->next) {
		struct debug_point *p = *pp;

		if (p->number != number)
			continue;
		*pp = p->next;
		free(p);
		d->count--;
		debug_changed(d);
		return true;
	}
	return false;
}

struct debug_point *debug_point(struct debugger *d, u32 number)
{
	struct debug_point *p = d->points;

	while (p && p->number != number)
		p = p->next;
	return p;
}

const struct debug_point *debug_next(const struct debugger *d, const struct debug_point *after)
{
	const struct debug_point *p = after ? after->next : d->points;

	while (p && p->hidden)
		p = p->next;
	return p;
}

void debug_clear(struct debugger *d)
{
	while (d->points)
		debug_remove(d, d->points->number);
	halt_step(d->m->seat[d->step.from.pe].cpu, false); /* one that has not ended */
	d->step.on = false;
	d->stop.kind = STOP_NONE;
	watch(d, false);
}

void debug_print_head(FILE *out)
{
	fprintf(out, "Num Kind  Enabled Hits  What\n");
}

void debug_print_point(const struct debug_point *p, FILE *out)
{
	static const char *const kinds[] = { [POINT_BREAK] = "break", [POINT_WATCH] = "watch", [POINT_CATCH] = "catch" };

	fprintf(out, "%-3u %-5s %-7s %-5" PRIu64 " ", p->number, kinds[p->kind], p->disabled ? "no" : "yes", p->hits);
	if (p->kind == POINT_BREAK)
		fprintf(out, "%#" PRIx64, p->addr);
	if (p->kind == POINT_WATCH)
		fprintf(out, "%s %#" PRIx64 ", %" PRIu64 " byte%s", p->read ? p->write ? "access" : "read" : "write", p->addr, p->len, p->len == 1 ? "" : "s");
	if (p->kind == POINT_CATCH)
		catch_print(&p->catch, out);
	if (p->cond.n) {
		fprintf(out, " if ");
		debug_cond_print(&p->cond, out);
	}
	if (p->ignore)
		fprintf(out, ", ignores %" PRIu64, p->ignore);
	fprintf(out, "%s\n", p->temporary ? ", once" : "");
}

/* ---- life ---- */

int make_debugger(struct machine *m, struct why *why)
{
	struct debugger *d = calloc(1, sizeof(*d));

	if (!d)
		return why_set(why, ENOMEM, "no memory for the debugger");
	d->m = m;
	d->halt = (struct halt){ .ctx = d, .code = d->code, .fetch = on_fetch, .data = d->data, .access = on_access, .step = on_step };
	d->last.begun = UINT64_MAX;
	stop_anywhere(d, STOP_ASKED, "not started");
	m->debug = d;
	return 0;
}

void free_debugger(struct machine *m)
{
	if (!m->debug)
		return;
	debug_clear(m->debug);
	free(m->debug);
	m->debug = NULL;
}
