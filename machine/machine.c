/*
 * The passage of time: rounds in which every PE has its turn, events between rounds, jumps over idle time.
 *
 * A round is [now, round_end): it ends at the next event, and after MACHINE_QUANTUM cycles when there is more than one PE. A PE that
 * schedules something earlier cuts its own turn and those of the PEs after it. Not modelled: what a PE earlier in the round would
 * have seen of it (docs/quirks.md).
 */
#include "machine/machine_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/context.h"
#include "cpu/exception.h"

enum { POLL_PS = 1000000000 }; /* a virtual millisecond */

/* ---- callbacks from the parts ---- */

static void host_tlbi(void *ctx, struct cpu *from, const struct tlbi *op)
{
	struct machine *m = ctx;

	if (m->par) {
		parallel_tlbi(m, from, op);
		return;
	}
	for (unsigned i = 0; i < m->pes; i++)
		if (m->seat[i].cpu != from)
			mmu_tlbi(m->seat[i].cpu->mmu, op);
}

static void host_sev(void *ctx, struct cpu *from)
{
	struct machine *m = ctx;

	for (unsigned i = 0; i < m->pes; i++)
		if (m->seat[i].cpu != from)
			cpu_event(m->seat[i].cpu);
}

static void host_code_page(void *ctx, const u8 *host)
{
	struct machine *m = ctx;

	for (unsigned i = 0; i < m->pes; i++)
		fast_protect_page(m->seat[i].cpu->mmu, host);
}

static void host_world(void *ctx, struct cpu *c)
{
	gic_world_changed(c);
}

/* A sleeping PE woke up: its time goes on where the waker is. */
static void host_woken(void *ctx, struct cpu *c)
{
	struct machine *m = ctx;
	u64 now = machine_now(m);

	if (m->seat[c->index].ps < now)
		m->seat[c->index].ps = now;
	if (m->par)
		parallel_woken(m, &m->seat[c->index]);
}

static u16 host_vm_number(void *ctx, u64 baddr)
{
	struct machine *m = ctx;
	u16 seen = 0;

	for (unsigned i = 0; i < m->pes; i++) {
		u16 number = context_vm(m->seat[i].cpu->contexts, baddr, &seen);

		if (number)
			return number;
	}
	return (u16)(seen + 1);
}

void machine_code_written(void *ctx, pa page, u64 lines)
{
	struct machine *m = ctx;

	if (m->par) {
		parallel_code_written(m, page);
		return;
	}
	for (unsigned i = 0; i < m->pes; i++)
		cpu_code_written(m->seat[i].cpu, page);
	bus_clear_code(m->bus, page);
}

/* Flash is no longer read like RAM. */
void machine_unmapped(void *ctx)
{
	struct machine *m = ctx;

	if (m->par) {
		parallel_unmapped(m);
		return;
	}
	for (unsigned i = 0; i < m->pes; i++)
		fast_flush(m->seat[i].cpu->mmu);
}

void machine_earlier(void *ctx, u64 when)
{
	struct machine *m = ctx;

	if (m->par)
		parallel_earlier(m, when);
	else if (when < m->round_end)
		m->round_end = when;
	if (m->running)
		cpu_limit(m->running->cpu, when);
}

static void host_vm_entered(void *ctx, struct cpu *c, u16 vm, u64 vmpidr)
{
	gic_vm_entered(c, vm, vmpidr);
}

static void host_vm_left(void *ctx, struct cpu *c)
{
	gic_vm_left(c);
}

struct cpu_host machine_host(struct machine *m)
{
	struct cpu_host h = {
		.ctx = m,
		.tlbi = host_tlbi,
		.sev = host_sev,
		.code_page = host_code_page,
		.world = host_world,
		.woken = host_woken,
		.vm_number = host_vm_number,
		.vm_entered = host_vm_entered,
		.vm_left = host_vm_left,
		.marker = regions_hint,
		.semihost = m->cfg->semihosting ? machine_semihost : NULL,
	};

	if (m->par)
		parallel_host(&h);
	return h;
}

u64 machine_now(const struct machine *m)
{
	if (m->running)
		return cpu_now(m->running->cpu);
	return m->turn ? m->turn->ps : m->now;
}

/* ---- running it ---- */

void machine_end_with(struct machine *m, enum machine_end end)
{
	m->ended = true;
	m->end = end;
	if (m->running)
		cpu_attention(m->running->cpu, ATTN_STOP);
}

bool machine_runnable(const struct seat *s)
{
	return s->on && !s->cpu->waiting;
}

/* Runs s until its turn is over. False: the debugger stopped it before. */
static bool run_turn(struct machine *m, struct seat *s)
{
	bool go_on;

	do {
		u64 until = regions_until(m, s);

		cpu_run(s->cpu, s->ps, until);
		s->ps = cpu_now(s->cpu);
		go_on = regions_turn(m, s, until);
		if (unlikely(m->halted) && !m->ended)
			return false;
	} while (go_on);
	return true;
}

static void end_turn(struct machine *m, const struct seat *s)
{
	struct cpu *c = s->cpu;

	if (m->ended)
		m->now = s->ps; /* the round stays unfinished */
	if (c->waiting && c->wait_wfe)
		timer_wfe(c);
	if (m->pes > 1) {
		/* the manual lets both happen at any time; so LL/SC is exact and no wake-up is lost */
		if (c->excl_host)
			cpu_event(c); /* who waits in WFE for the loss of its monitor looks again */
		c->excl_host = NULL;
		c->event_reg = true;
	}
}

static void turn(struct machine *m, struct seat *s)
{
	/*
	 * It ended with the instruction after which it was stopped. One whose time is up has not: an interrupt that was pending is taken
	 * before the events of this time.
	 */
	bool over = m->turn && (m->reboot || !machine_runnable(s));

	m->turn = NULL;
	m->running = s;
	if (!over && !run_turn(m, s))
		m->turn = s;
	m->running = NULL;
	if (!m->turn)
		end_turn(m, s);
}

/* s may have a turn in this round: one that a timing model took beyond its end has none. */
static bool has_turn(const struct machine *m, struct seat *s)
{
	if (!machine_runnable(s))
		return false;
	if (s->ps < m->now)
		s->ps = m->now;
	return s->ps < m->round_end;
}

/* Time of the next thing that must happen outside the PEs. */
static u64 horizon(const struct machine *m)
{
	u64 next = event_next(&m->queue);

	return next < m->next_poll ? next : m->next_poll;
}

void machine_idle(struct machine *m)
{
	u64 next = event_next(&m->queue);
	u64 to = m->io.idle ? m->io.idle(m->io.ctx, m->now, next) : next;

	if (to == EVENT_NEVER) {
		machine_end_with(m, MACHINE_STUCK);
		return;
	}
	if (to > m->now)
		m->now = to;
	m->next_poll = m->now;
}

static void begin_round(struct machine *m)
{
	u64 quantum = (u64)MACHINE_QUANTUM * m->seat[0].cpu->period_ps;
	u64 end = horizon(m);

	if (m->pes > 1 && end > m->now + quantum)
		end = m->now + quantum;
	m->round_end = end;
}

/* A whole one, or what is left of the one that the debugger interrupted. */
static void round_of_turns(struct machine *m)
{
	struct seat *s = m->turn;

	if (!s) {
		begin_round(m);
		s = m->seat;
	}
	for (; s < m->seat + m->pes && !m->ended && (!m->reboot || m->turn); s++) {
		if (m->turn || has_turn(m, s))
			turn(m, s);
		if (m->turn)
			return;
	}
	if (!m->ended)
		m->now = m->round_end;
}

static bool reboot(struct machine *m)
{
	struct why why;

	m->reboot = false;
	if (machine_load(m, &why)) {
		log_at(m->log, LOG_HOST, "machine", "reboot: %s", why.text);
		machine_end_with(m, MACHINE_ERROR);
		return false;
	}
	for (unsigned i = 0; m->par && i < m->pes; i++)
		cpu_code_recheck(m->seat[i].cpu);
	machine_reset_all(m);
	return true;
}

/* Instructions that completed or faulted: a guest that only faults reaches --max-insns too. */
static u64 begun(const struct machine *m)
{
	u64 n = machine_insns(m);

	for (unsigned i = 0; i < m->pes; i++)
		n += m->seat[i].cpu->faulted;
	return n;
}

bool machine_poll(struct machine *m)
{
	if (m->now < m->next_poll)
		return false;
	if ((m->io.poll && m->io.poll(m->io.ctx)) || debug_asked(m))
		machine_end_with(m, MACHINE_STOPPED);
	outside_poll(&m->outside);
	/* on a fixed grid, however the outside cut the idle time before */
	m->next_poll = (m->now / POLL_PS + 1) * POLL_PS;
	return true;
}

/* Nobody runs. True when somebody can. */
bool machine_between(struct machine *m)
{
	bool any = false;

	if (m->reboot && !reboot(m))
		return false;
	regions_between(m);
	event_run(&m->queue, m->now);
	if (machine_poll(m) && m->cfg->max_insns && begun(m) >= m->cfg->max_insns)
		machine_end_with(m, MACHINE_LIMIT);
	for (unsigned i = 0; i < m->pes; i++)
		any |= machine_runnable(&m->seat[i]);
	return any;
}

static enum machine_end run_parallel(struct machine *m)
{
	enum machine_end end;

	do {
		end = parallel_run(m);
		regions_between(m);
	} while (end == MACHINE_PAUSED);
	return end;
}

static enum machine_end run_turns(struct machine *m)
{
	m->ended = false;
	while (!m->ended && !m->halted) {
		bool any = m->turn || machine_between(m);

		if (m->ended)
			break;
		if (any)
			round_of_turns(m);
		else
			machine_idle(m);
	}
	return m->ended ? m->end : MACHINE_STOPPED;
}

enum machine_end machine_run(struct machine *m)
{
	if (m->lost)
		return MACHINE_ERROR;
	debug_resume(m);
	return debug_end(m, m->par ? run_parallel(m) : run_turns(m));
}

int machine_status(const struct machine *m)
{
	return m->status;
}

const char *machine_end_text(enum machine_end end)
{
	static const char *const text[] = {
		[MACHINE_POWEROFF] = "power-off", [MACHINE_RESET] = "reset (-no-reboot)", [MACHINE_EXIT] = "semihosting exit",
		[MACHINE_STOPPED] = "stopped", [MACHINE_LIMIT] = "instruction limit (--max-insns)",
		[MACHINE_STUCK] = "every PE sleeps and nothing can wake one", [MACHINE_ERROR] = "host error",
		[MACHINE_PAUSED] = "paused",
	};

	return text[end];
}

void machine_rx(struct machine *m, unsigned port, u8 byte)
{
	if (port == 0 && m->semihost && semihost_can_rx(m->semihost))
		semihost_rx(m->semihost, byte);
	else if (port < 2 && m->uart[port].dev)
		pl011_rx(m->uart[port].dev, byte);
	else if (port == MACHINE_PORT_STDIO && machine_stdio(m))
		chardev_input(machine_stdio(m), &byte, 1);
}

bool machine_can_rx(struct machine *m, unsigned port)
{
	if (port == MACHINE_PORT_STDIO)
		return machine_stdio(m) && chardev_room(machine_stdio(m));
	if (port == 0 && m->semihost && semihost_can_rx(m->semihost))
		return true;
	return port < 2 && m->uart[port].dev && pl011_can_rx(m->uart[port].dev);
}

size_t machine_files(struct machine *m, struct pollfd *to, size_t room)
{
	return outside_files(&m->outside, to, room);
}

u64 machine_insns(const struct machine *m)
{
	u64 n = 0;

	for (unsigned i = 0; i < m->pes; i++)
		n += cpu_insns(m->seat[i].cpu);
	return n;
}

struct log *machine_log(struct machine *m)
{
	return m->log;
}

unsigned machine_pes(const struct machine *m)
{
	return m->pes;
}

struct cpu *machine_pe(struct machine *m, unsigned i)
{
	return m->seat[i].cpu;
}
