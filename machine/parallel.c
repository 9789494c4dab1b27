/*
 * --parallel: one host thread for each PE. PEs run side by side in a window of time: who gets to its end waits there. The end moves on
 * with the slowest PE. Events fire when the last running PE has reached their time; so one of a PE that is ahead of the others fires
 * late by as much. When nobody runs (all sleep, or the world was stopped) the last one to come does what is done between rounds of
 * turns, and opens the next window.
 *
 * A PE is either running, which means that its thread alone touches it, or parked (asleep, off, or at the end of the window), and
 * then it belongs to whoever holds the machine lock. Devices, GIC, timers, backends and event queue always belong to the holder:
 * - PEs take it around each access of bus_read() and bus_write() to a device, each system register of gic/ and timer/, PSCI and
 *   semihosting, SEV, and TLB or code maintenance of others (cpu_enter()); so DMA and MSIs that an access starts are under it, too;
 * - events fire (fire()) and the outside is looked at (move_window(), open_window()) under it.
 * So the only words that threads share without it are guest RAM with its maps of code and use, pins and event register of running PEs,
 * and the few atomic ones below. The log has a lock of its own, which is taken last.
 *
 * The world stops by ending the run: machine_run() returns when all threads have ended, each PE between two instructions and with
 * nothing of others left to serve. Snapshots, digests, statistics and a debugger work then, and machine_run() goes on.
 *
 * A running PE looks up every SLICE cycles: at the word in which others leave bits, and at the window's end. TLB maintenance and
 * dropping of decoded code reach it as requests in a queue; the sender's DSB waits until they are served. For parked PEs the sender
 * does the work.
 *
 * Not kept: that two runs are alike (docs/quirks.md says what else).
 */
#include "machine/machine_priv.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/atomic.h"

enum {
	SLICE = 4000,	    /* cycles between two looks at what others want */
	WINDOW = 2000000,   /* cycles: so far PEs may be apart */
	REQUESTS = 64,	    /* queued for one PE; when there are more everything is dropped */
	SPIN = 10000,    /* looks before a waiting thread goes to sleep, if each PE has a host processor */
	WFE_LOOKS = 200,    /* at the monitored location before WFE ends all the same */
	WFE_CYCLES = 1000,  /* what that costs */
};

/* Bits that others leave for a running PE. */
enum { TOLD_PINS = 1, TOLD_REQUESTS = 2, TOLD_STOP = 4 };

struct request {
	bool code; /* else TLB maintenance */
	pa page;
	struct tlbi tlbi;
};

struct place {
	pthread_t thread;
	pthread_cond_t wake; /* with the lock: runs or over changed */
	bool runs;	     /* changed under the lock; its own thread waits for it without */
	u32 told;	     /* atomic */
	struct request request[REQUESTS];
	unsigned requests;
	bool recheck_code, forget_tlb, forget_fast; /* requests that stand for any number of others */
	u64 asked, served;	      /* requests so far; served is atomic */
	u64 wanted[BOARD_MAX_PES];    /* of each PE what it must have served before a DSB of this one is done */
};

struct parallel {
	pthread_mutex_t lock; /* recursive: parts call each other */
	unsigned depth;
	unsigned spin;
	unsigned running; /* PEs; changed under the lock, read without */
	bool open;	  /* a window is open: who wakes may run */
	u64 due;	  /* time of the next event, or earlier; changed under the lock, read without */
	bool over;	  /* threads end */
	struct place place[BOARD_MAX_PES];
};

static struct place *place_of(const struct seat *s)
{
	return &s->m->par->place[s - s->m->seat];
}

static void tell(struct place *p, u32 bits)
{
	atomic_or(&p->told, bits);
}

/* ---- the lock ---- */

static void lock(struct machine *m)
{
	pthread_mutex_lock(&m->par->lock);
	m->par->depth++;
}

static void stop_all(struct machine *m)
{
	if (m->running && m->now < cpu_now(m->running->cpu))
		m->now = cpu_now(m->running->cpu);
	m->par->open = false;
	for (unsigned i = 0; i < m->pes; i++)
		if (m->par->place[i].runs)
			tell(&m->par->place[i], TOLD_STOP);
}

static void unlock(struct machine *m)
{
	struct parallel *par = m->par;

	if (par->depth == 1) {
		if ((m->ended || m->reboot) && par->open)
			stop_all(m);
		m->running = NULL;
	}
	par->depth--;
	pthread_mutex_unlock(&par->lock);
}

static void enter(void *ctx, struct cpu *c)
{
	struct machine *m = ctx;

	lock(m);
	if (m->par->depth == 1)
		m->running = &m->seat[c->index];
}

static void leave(void *ctx, struct cpu *c)
{
	unlock(ctx);
}

/* Another thread runs it. Under the lock, as everything below up to the threads. */
static bool runs_elsewhere(const struct machine *m, unsigned i)
{
	return m->par->place[i].runs && m->running != &m->seat[i];
}

static bool told(void *ctx, struct cpu *c)
{
	struct machine *m = ctx;

	if (!runs_elsewhere(m, c->index))
		return false;
	tell(&m->par->place[c->index], TOLD_PINS);
	return true;
}

/* ---- requests ---- */

static void serve_one(struct cpu *c, const struct request *r)
{
	if (r->code)
		cpu_code_written(c, r->page);
	else
		mmu_tlbi(c->mmu, &r->tlbi);
}

static void forget_tlb(struct cpu *c)
{
	for (unsigned kind = REGIME_EL10; kind <= REGIME_EL3; kind++)
		for (unsigned space = SPACE_NS; space <= SPACE_S; space++) {
			struct tlbi op = { .what = TLBI_ALL, .scope = TLBI_RECEIVED, .kind = (u8)kind, .space = (u8)space };

			mmu_tlbi(c->mmu, &op);
		}
}

/* By the PE's own thread, outside fast code. */
static void serve(struct machine *m, unsigned i)
{
	struct place *p = &m->par->place[i];
	struct cpu *c = m->seat[i].cpu;

	for (unsigned k = 0; k < p->requests; k++)
		serve_one(c, &p->request[k]);
	if (p->forget_tlb)
		forget_tlb(c);
	if (p->recheck_code)
		cpu_code_recheck(c);
	if (p->forget_fast)
		fast_flush(c->mmu);
	p->requests = 0;
	p->forget_tlb = p->recheck_code = p->forget_fast = false;
	atomic_write(&p->served, p->asked);
}

/* The DSB of the PE that holds the lock waits for all that was asked of `to`. */
static void want(struct machine *m, unsigned to)
{
	if (!m->running)
		return;
	place_of(m->running)->wanted[to] = m->par->place[to].asked;
	m->running->cpu->unsynced = true;
}

/* `to` finds a new request in its place. */
static void asked(struct machine *m, unsigned to)
{
	m->par->place[to].asked++;
	tell(&m->par->place[to], TOLD_REQUESTS);
	want(m, to);
}

static void post(struct machine *m, unsigned to, const struct request *r)
{
	struct place *p = &m->par->place[to];

	if (r && p->requests < REQUESTS)
		p->request[p->requests++] = *r;
	else if (r && !r->code)
		p->forget_tlb = true;
	else
		p->recheck_code = true;
	asked(m, to);
}

/* r for every PE but `from` (NULL: all); NULL: all decoded code. */
static void broadcast(struct machine *m, const struct cpu *from, const struct request *r)
{
	lock(m);
	for (unsigned i = 0; i < m->pes; i++) {
		struct cpu *c = m->seat[i].cpu;

		if (c == from)
			continue;
		if (runs_elsewhere(m, i))
			post(m, i, r);
		else if (r)
			serve_one(c, r);
		else
			cpu_code_recheck(c);
	}
	unlock(m);
}

void parallel_tlbi(struct machine *m, struct cpu *from, const struct tlbi *op)
{
	struct request r = { .tlbi = *op };

	enter(m, from);
	broadcast(m, from, &r);
	leave(m, from);
}

void parallel_code_written(struct machine *m, pa page)
{
	struct request r = { .code = true, .page = page };

	broadcast(m, NULL, &r);
}

/* A store to a device did this: the PE goes on when all others look at the device, too, without a DSB. */
void parallel_unmapped(struct machine *m)
{
	lock(m);
	for (unsigned i = 0; i < m->pes; i++) {
		if (runs_elsewhere(m, i)) {
			m->par->place[i].forget_fast = true;
			asked(m, i);
		} else {
			fast_flush(m->seat[i].cpu->mmu);
		}
	}
	if (m->running)
		cpu_attention(m->running->cpu, ATTN_STOP);
	unlock(m);
}

static void code_all(void *ctx, struct cpu *c, bool shared)
{
	if (shared) {
		enter(ctx, c);
		broadcast(ctx, NULL, NULL);
		leave(ctx, c);
	} else {
		cpu_code_recheck(c);
	}
}

/*
 * Without marks nothing was decoded since somebody else took them away, and that one's requests may not be served yet: so all that is
 * asked of others is waited for.
 */
static void code_line(void *ctx, struct cpu *c, pa line)
{
	struct machine *m = ctx;

	enter(m, c);
	phys_written(m->bus, line, 64);
	for (unsigned i = 0; i < m->pes; i++)
		if (runs_elsewhere(m, i) && m->par->place[i].asked != m->par->place[i].served)
			want(m, i);
	leave(m, c);
}

/* ---- windows ---- */

static void start(struct machine *m, struct seat *s)
{
	struct place *p = place_of(s);

	atomic_write(&p->runs, true);
	atomic_write(&m->par->running, m->par->running + 1);
	pthread_cond_signal(&p->wake);
}

void parallel_woken(struct machine *m, struct seat *s)
{
	if (m->par->open && !place_of(s)->runs && machine_runnable(s) && s->ps < m->round_end)
		start(m, s);
}

void parallel_earlier(struct machine *m, u64 when)
{
	if (when < m->par->due)
		atomic_poke(&m->par->due, when);
}

void parallel_pause(struct machine *m)
{
	if (!m->ended)
		machine_end_with(m, MACHINE_PAUSED);
}

bool parallel_running(const struct machine *m, const struct seat *s)
{
	return m->par->place[s - m->seat].runs;
}

/* Nobody runs. Afterwards somebody does, or the run is over. */
static void open_window(struct machine *m)
{
	struct parallel *par = m->par;

	while (!m->ended && !par->running) {
		bool any = machine_between(m);
		u64 window;

		if (m->ended)
			break;
		if (!any) {
			machine_idle(m);
			continue;
		}
		window = m->now + (u64)WINDOW * m->seat[0].cpu->period_ps;
		atomic_poke(&m->round_end, window);
		atomic_poke(&par->due, event_next(&m->queue));
		par->open = true;
		for (unsigned i = 0; i < m->pes; i++) {
			struct seat *s = &m->seat[i];

			if (machine_runnable(s) && s->ps < m->now)
				s->ps = m->now;
			parallel_woken(m, s);
		}
		if (!par->running) { /* all are beyond it */
			par->open = false;
			m->now = m->round_end;
		}
	}
	if (!m->ended)
		return;
	atomic_write(&par->over, true);
	for (unsigned i = 0; i < m->pes; i++)
		pthread_cond_signal(&par->place[i].wake);
}

/* The end of the window; when everybody sleeps, where the last one fell asleep. */
static u64 meeting_time(const struct machine *m, const struct seat *last)
{
	u64 t = last->ps;

	for (unsigned i = 0; i < m->pes; i++)
		if (machine_runnable(&m->seat[i]))
			t = m->round_end;
	return t > m->now ? t : m->now;
}

/* The last one to come closes the window. */
static void park(struct machine *m, struct seat *s)
{
	struct parallel *par = m->par;

	atomic_write(&place_of(s)->runs, false);
	atomic_write(&par->running, par->running - 1);
	if (par->running)
		return;
	m->running = NULL;
	par->open = false;
	if (!m->ended && !m->reboot)
		m->now = meeting_time(m, s);
	open_window(m);
}

/* ---- a running PE ---- */

static void rest(unsigned *n)
{
	if (++*n % 64)
		spin_pause();
	else
		sched_yield();
}

/* What others left. False: stop. */
static bool hear(struct machine *m, struct seat *s)
{
	u32 told = atomic_swap(&place_of(s)->told, 0);

	if (told & TOLD_PINS)
		cpu_attention(s->cpu, ATTN_PINS);
	if (told & TOLD_REQUESTS) {
		enter(m, s->cpu);
		serve(m, s->cpu->index);
		leave(m, s->cpu);
	}
	return !(told & TOLD_STOP);
}

/* A DSB: until all have served what this PE asked of them. Meanwhile it serves, or two would wait for each other. */
static bool synchronise(struct machine *m, struct seat *s)
{
	struct place *p = place_of(s);
	bool go_on = true;

	for (unsigned i = 0; i < m->pes; i++)
		for (unsigned n = 0; atomic_read(&m->par->place[i].served) < p->wanted[i]; rest(&n))
			if (atomic_peek(&p->told))
				go_on &= hear(m, s);
	s->cpu->unsynced = false;
	return go_on;
}

static bool monitor_lost(const struct cpu *c)
{
	const u64 *val = c->excl_val;

	switch (c->excl_size) {
	case 1:
		return ram_get8(c->excl_host) != (u8)val[0];
	case 2:
		return ram_get16(c->excl_host) != (u16)val[0];
	case 4:
		return ram_get32(c->excl_host) != (u32)val[0];
	case 8:
		return ram_get64(c->excl_host) != val[0];
	default:
		return ram_get64(c->excl_host) != val[0] || ram_get64((u64 *)c->excl_host + 1) != val[1];
	}
}

/*
 * WFE with a monitor: goes on when the location changed, when somebody wants something, and after a while anyhow. When nobody else
 * runs, nothing changes before the next event or the end of the window.
 */
static u64 wfe_until(const struct machine *m, const struct seat *s)
{
	u64 window = atomic_peek(&m->round_end), due = atomic_peek(&m->par->due), until = due < window ? due : window;

	return s->ps < until ? until : s->ps;
}

static void wait_for_monitor(struct machine *m, struct seat *s)
{
	struct cpu *c = s->cpu;
	bool woken, alone;
	unsigned n = 0;

	for (;; rest(&n)) {
		alone = atomic_read(&m->par->running) == 1; /* before the location: who changed it may have parked since */
		woken = monitor_lost(c) || atomic_peek(&c->event_reg) || atomic_peek(&place_of(s)->told);
		if (woken || alone || n >= WFE_LOOKS)
			break;
	}
	cpu_event_take(c);
	c->waiting = false;
	atomic_poke(&s->ps, s->ps + (u64)WFE_CYCLES * c->period_ps);
	if (!woken && alone)
		atomic_poke(&s->ps, wfe_until(m, s));
}

/* All that run have come as far as what is returned, which time then has, too. Under the lock, by s. */
static u64 catch_up(struct machine *m, const struct seat *s)
{
	u64 all = s->ps;

	for (unsigned i = 0; i < m->pes; i++)
		if (m->par->place[i].runs && atomic_peek(&m->seat[i].ps) < all)
			all = atomic_peek(&m->seat[i].ps);
	if (m->now < all)
		m->now = all;
	return all;
}

/* s has reached the end of the window, which moves on with the slowest PE. False: s is too far ahead. */
static bool move_window(struct machine *m, const struct seat *s)
{
	struct parallel *par = m->par;
	bool go_on;

	lock(m);
	if (par->open && !m->cfg->max_insns) {
		u64 end = catch_up(m, s) + (u64)WINDOW * m->seat[0].cpu->period_ps;

		if (m->round_end < end)
			atomic_poke(&m->round_end, end);
		machine_poll(m);
		if (regions_due(m, m->now))
			parallel_pause(m);
		for (unsigned i = 0; i < m->pes; i++)
			parallel_woken(m, &m->seat[i]);
	}
	go_on = par->open && s->ps < m->round_end;
	unlock(m);
	return go_on;
}

/* s has reached the time of an event: it fires if the others that run have, too. */
static void fire(struct machine *m, const struct seat *s)
{
	lock(m);
	catch_up(m, s);
	if (m->par->open)
		event_run(&m->queue, m->now);
	if (m->par->open && regions_due(m, m->now))
		parallel_pause(m);
	atomic_poke(&m->par->due, event_next(&m->queue));
	unlock(m);
}

/* Where the next slice ends: the window, an event and what others want are looked at then. */
static u64 slice_end(const struct machine *m, const struct seat *s)
{
	u64 window = atomic_peek(&m->round_end), end = s->ps + (u64)SLICE * s->cpu->period_ps, due = atomic_peek(&m->par->due);

	if (s->ps < due && due < end)
		end = due;
	return end < window ? end : window;
}

/* Until the end of the window, sleep, or a stop. */
static void run_pe(struct machine *m, struct seat *s)
{
	struct cpu *c = s->cpu;
	bool go_on = true;

	while (go_on && !c->waiting && (s->ps < atomic_peek(&m->round_end) || move_window(m, s))) {
		if (atomic_peek(&place_of(s)->told) && !hear(m, s))
			break;
		cpu_run(c, s->ps, slice_end(m, s));
		atomic_poke(&s->ps, cpu_now(c));
		if (c->unsynced)
			go_on &= synchronise(m, s);
		if (atomic_peek(&m->par->due) <= s->ps)
			fire(m, s);
		if (c->waiting && c->wait_wfe && c->excl_host)
			wait_for_monitor(m, s);
	}
}

/* ---- threads ---- */

/* Until the PE has a part in the window. False: the run is over. */
static bool wait_for_part(struct machine *m, struct place *p)
{
	if (!atomic_read(&p->runs) && m->par->spin) {
		unlock(m);
		for (unsigned n = 0; n < m->par->spin && !atomic_read(&p->runs) && !atomic_read(&m->par->over); n++)
			spin_pause();
		lock(m);
	}
	while (!p->runs && !m->par->over) {
		m->par->depth--; /* others hold it while this one sleeps */
		pthread_cond_wait(&p->wake, &m->par->lock);
		m->par->depth++;
	}
	return p->runs;
}

/* True: something came meanwhile and the PE runs on. */
static bool runs_on(struct machine *m, struct seat *s)
{
	struct cpu *c = s->cpu;
	u32 told = atomic_swap(&place_of(s)->told, 0);

	serve(m, c->index);
	if (told & TOLD_PINS)
		cpu_attention(c, ATTN_PINS);
	if (c->waiting && s->on && !cpu_wakes(c) && c->wait_wfe)
		timer_wfe(c);
	return m->par->open && machine_runnable(s) && s->ps < m->round_end;
}

static void *pe_thread(void *arg)
{
	struct seat *s = arg;
	struct machine *m = s->m;

	lock(m);
	while (wait_for_part(m, place_of(s))) {
		do {
			unlock(m);
			run_pe(m, s);
			enter(m, s->cpu);
		} while (runs_on(m, s));
		park(m, s);
		m->running = NULL;
	}
	unlock(m);
	return NULL;
}

enum machine_end parallel_run(struct machine *m)
{
	struct parallel *par = m->par;
	unsigned threads = 1;
	int r = 0;

	lock(m);
	m->ended = false;
	par->over = false;
	while (threads < m->pes && !r) {
		r = pthread_create(&par->place[threads].thread, NULL, pe_thread, &m->seat[threads]);
		threads += !r;
	}
	if (r) {
		log_at(m->log, LOG_HOST, "machine", "--parallel: the host refuses a thread for PE %u", threads);
		machine_end_with(m, MACHINE_ERROR);
	}
	open_window(m);
	unlock(m);
	pe_thread(&m->seat[0]);
	for (unsigned i = 1; i < threads; i++)
		pthread_join(par->place[i].thread, NULL);
	return m->end;
}

void parallel_host(struct cpu_host *h)
{
	h->enter = enter;
	h->leave = leave;
	h->tell = told;
	h->code_all = code_all;
	h->code_line = code_line;
}

int make_parallel(struct machine *m, struct why *why)
{
	struct parallel *par = calloc(1, sizeof(*par));
	pthread_mutexattr_t attr;

	if (!par)
		return why_set(why, ENOMEM, "no memory for threads");
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&par->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	for (unsigned i = 0; i < BOARD_MAX_PES; i++)
		pthread_cond_init(&par->place[i].wake, NULL);
	par->spin = sysconf(_SC_NPROCESSORS_ONLN) >= (long)m->cfg->pes ? SPIN : 0;
	m->par = par;
	return 0;
}

void free_parallel(struct machine *m)
{
	if (!m->par)
		return;
	for (unsigned i = 0; i < BOARD_MAX_PES; i++)
		pthread_cond_destroy(&m->par->place[i].wake);
	pthread_mutex_destroy(&m->par->lock);
	free(m->par);
}
