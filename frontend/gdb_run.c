/* Commands of the GDB stub that let the machine run, and what is told when it stops. */
#include "frontend/gdb_priv.h"

#include <string.h>

#include "cpu/cpu.h"

/* ---- why it stopped ---- */

static bool is_watch(const struct gdb_point *p)
{
	return p && p->type >= 2;
}

/* Signals as gdb numbers them. */
static unsigned signal_of(const struct gdb_stub *g, const struct debug_stop *s)
{
	enum { NONE = 0, SIGINT = 2, SIGTRAP = 5 };

	if (s->kind == STOP_ASKED)
		return g->interrupt ? SIGINT : NONE;
	return s->kind == STOP_STUCK ? SIGINT : SIGTRAP;
}

/* Words for the user, of what gdb does not know itself. */
static void tell(struct gdb_stub *g, const struct debug_stop *s, const struct gdb_point *own)
{
	char text[sizeof s->text + 1];
	int n;

	if (own || s->kind == STOP_STEP || s->kind == STOP_ASKED || s->kind == STOP_NONE)
		return;
	n = snprintf(text, sizeof text, "%s\n", s->text);
	gdb_console(g, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

static void put_stop(struct gdb_stub *g, unsigned signal, const struct debug_stop *s, const struct gdb_point *own)
{
	static const char *const watch[] = { "watch", "rwatch", "awatch" };

	g->reply.n = 0;
	gdb_print(g, "T%02xthread:", signal);
	gdb_put_thread(g, s->pe);
	gdb_print(g, ";");
	if (is_watch(own))
		gdb_print(g, "%s:%" PRIx64 ";", watch[own->type - 2], s->addr);
	else if (own)
		gdb_print(g, "%s:;", own->type ? "hwbreak" : "swbreak");
}

void gdb_stop_reply(struct gdb_stub *g, const struct debug_stop *s)
{
	const struct gdb_point *own = gdb_own_point(g, s->point);

	tell(g, s, own);
	put_stop(g, signal_of(g, s), s, own);
}

void gdb_why(struct gdb_stub *g, const char *args)
{
	struct debug_stop now = { .kind = STOP_ASKED, .pe = g->user.pe };

	if (control_ended(g->control))
		gdb_print(g, "W00");
	else
		put_stop(g, 5, &now, NULL);
}

/* ---- running ---- */

static void go(struct gdb_stub *g)
{
	if (control_ended(g->control)) {
		gdb_print(g, "W00");
		return;
	}
	g->awaiting = true;
	g->interrupt = false;
	control_go(g->control);
}

static void step(struct gdb_stub *g, unsigned pe)
{
	debug_step(g->debugger, pe, g->user.step_into ? DEBUG_STEP_INTO : DEBUG_STEP);
}

bool gdb_ranging_on(struct gdb_stub *g, const struct debug_stop *s)
{
	u64 pc;

	if (!g->ranging)
		return false;
	pc = cpu_pc(machine_pe(g->m, g->range_pe));
	g->ranging = s->kind == STOP_STEP && s->pe == g->range_pe && pc >= g->range_from && pc < g->range_to && !g->held &&
		     !g->interrupt;
	if (!g->ranging)
		return false;
	step(g, g->range_pe);
	control_go(g->control);
	return true;
}

/* [ADDR]: where to go on. */
static bool jump(struct gdb_stub *g, const char *args)
{
	struct reg pc;
	u64 addr;

	if (!*args)
		return true;
	return gdb_hex(&args, &addr) && !*args && reg_number(REG_NUMBER_PC, &pc) && reg_write64(gdb_cpu(g), &pc, addr);
}

void gdb_cont(struct gdb_stub *g, const char *args)
{
	if (!jump(g, args))
		gdb_error(g, 0x16);
	else
		go(g);
}

void gdb_step(struct gdb_stub *g, const char *args)
{
	if (!jump(g, args)) {
		gdb_error(g, 0x16);
		return;
	}
	step(g, g->user.pe);
	go(g);
}

/* SIG[;ADDR]: a machine takes no signals. */
static const char *behind_signal(const char *args)
{
	u64 signal;

	if (!gdb_hex(&args, &signal))
		return "?";
	gdb_char(&args, ';');
	return args;
}

void gdb_cont_signal(struct gdb_stub *g, const char *args)
{
	gdb_cont(g, behind_signal(args));
}

void gdb_step_signal(struct gdb_stub *g, const char *args)
{
	gdb_step(g, behind_signal(args));
}

/* ---- vCont ---- */

void gdb_vcont_ask(struct gdb_stub *g, const char *args)
{
	gdb_print(g, "vCont;c;C;s;S;t;r");
}

struct action {
	char what; /* c, s, r, t */
	u64 from, to;
	s64 pid, tid; /* -1: all */
};

/* ";s:p1.2", ";C05:1.-1", ";r10,20:p1.1", ";c" */
static bool parse_action(const char **s, struct action *a)
{
	u64 signal;

	*a = (struct action){ .pid = -1, .tid = -1 };
	if (!gdb_char(s, ';') || !**s || !strchr("cCsStr", **s))
		return false;
	a->what = *(*s)++;
	if ((a->what == 'C' || a->what == 'S') && !gdb_hex(s, &signal))
		return false;
	if (a->what == 'r' && !(gdb_hex(s, &a->from) && gdb_char(s, ',') && gdb_hex(s, &a->to)))
		return false;
	a->what = (char)(a->what | 0x20);
	return !gdb_char(s, ':') || gdb_thread_id(s, &a->pid, &a->tid);
}

/*
 * For each PE the first action that fits counts; here the first that steps, as one PE can. The others run whatever is said of them:
 * one that was held back would change the run.
 */
void gdb_vcont(struct gdb_stub *g, const char *args)
{
	struct action a, found = { .what = 't' };
	unsigned pe = g->user.pe;

	do {
		if (!parse_action(&args, &a) || !gdb_pe(g, a.pid, a.tid, &pe)) {
			gdb_error(g, 0x16);
			return;
		}
		if (found.what == 't' || (found.what == 'c' && a.what != 't'))
			found = a;
	} while (*args);
	if (found.what == 't') {
		gdb_why(g, "");
		return;
	}
	pe = g->user.pe;
	gdb_pe(g, found.pid, found.tid, &pe);
	g->ranging = found.what == 'r';
	g->range_pe = pe;
	g->range_from = found.from;
	g->range_to = found.to;
	if (found.what != 'c')
		step(g, pe);
	go(g);
}

/* ---- goodbye ---- */

void gdb_detach(struct gdb_stub *g, const char *args)
{
	gdb_ok(g);
	gdb_send(g);
	g->done = true;
	gdb_remove_all(g);
	control_go(g->control);
}

void gdb_kill(struct gdb_stub *g, const char *args)
{
	g->done = true;
	control_quit(g->control);
}

void gdb_vkill(struct gdb_stub *g, const char *args)
{
	gdb_ok(g);
	gdb_send(g);
	gdb_kill(g, args);
}
