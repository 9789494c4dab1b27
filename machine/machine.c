/*
 * Making the board, and the passage of time: rounds in which every PE has its turn, events between rounds, jumps over idle time.
 *
 * A round is [now, round_end): it ends at the next event, and after MACHINE_QUANTUM cycles when there is more than one PE. A PE that
 * schedules something earlier cuts its own turn and those of the PEs after it. Not modelled: what a PE earlier in the round would
 * have seen of it (docs/quirks.md).
 */
#include "machine/machine_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/snap.h"
#include "cpu/context.h"
#include "cpu/exception.h"
#include "devices/virtio_mmio.h"

enum { POLL_PS = 1000000000 }; /* a virtual millisecond */

/* ---- callbacks from the parts ---- */

static void host_tlbi(void *ctx, struct cpu *from, const struct tlbi *op)
{
	struct machine *m = ctx;

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

static void code_written(void *ctx, pa page, u64 lines)
{
	struct machine *m = ctx;

	for (unsigned i = 0; i < m->pes; i++)
		cpu_code_written(m->seat[i].cpu, page);
	bus_clear_code(m->bus, page);
}

static void earlier(void *ctx, u64 when)
{
	struct machine *m = ctx;

	if (when < m->round_end)
		m->round_end = when;
	if (m->running)
		cpu_limit(m->running->cpu, when);
}

static void uart_tx(void *ctx, u8 byte)
{
	struct uart_port *u = ctx;

	if (u->m->io.tx)
		u->m->io.tx(u->m->io.ctx, u->port, byte);
}

static u64 now_of(void *ctx)
{
	return machine_now(ctx);
}

u64 machine_now(const struct machine *m)
{
	return m->running ? cpu_now(m->running->cpu) : m->now;
}

/* ---- making it ---- */

static u64 mpidr_of(unsigned i)
{
	return 1ull << 31 | (u64)(i / BOARD_PES_PER_AFF1) << 8 | i % BOARD_PES_PER_AFF1;
}

static int make_pes(struct machine *m, const struct config *cfg, struct why *why)
{
	struct cpu_host host = { .ctx = m, .tlbi = host_tlbi, .sev = host_sev, .code_page = host_code_page, .world = host_world,
				 .woken = host_woken, .vm_number = host_vm_number, .semihost = cfg->semihosting ? machine_semihost : NULL };

	m->sysregs = sysreg_map_new();
	if (!m->sysregs || sysreg_map_add(m->sysregs, cpu_sysregs, cpu_sysregs_n) ||
	    sysreg_map_add(m->sysregs, gic_sysregs, gic_sysregs_n) || sysreg_map_add(m->sysregs, timer_sysregs, timer_sysregs_n))
		return why_set(why, EINVAL, "system registers: two rows with one encoding (a fault of this program)");
	if (boot_plan_info(m->plan)->psci)
		host.conduit = machine_conduit;
	for (unsigned i = 0; i < cfg->pes; i++) {
		struct cpu_config cc = { .index = i, .mpidr = mpidr_of(i), .core = &m->core, .tlb = &m->tlb, .max_block = cfg->max_block, .pes = cfg->pes };

		m->seat[i].m = m;
		m->seat[i].cpu = cpu_new(&cc, m->bus, m->sysregs, m->log, &host);
		if (!m->seat[i].cpu)
			return why_set(why, ENOMEM, "-smp %u: no memory for PE %u", cfg->pes, i);
		m->pes = i + 1;
	}
	return 0;
}

static int make_gic_and_timers(struct machine *m, struct why *why)
{
	static const u8 intid[TIMER_COUNT] = {
		[TIMER_PHYS] = BOARD_PPI(BOARD_PPI_P_TIMER), [TIMER_VIRT] = BOARD_PPI(BOARD_PPI_V_TIMER),
		[TIMER_HYP] = BOARD_PPI(BOARD_PPI_HP_TIMER), [TIMER_HYPVIRT] = BOARD_PPI(BOARD_PPI_HV_TIMER),
		[TIMER_SEC] = BOARD_PPI(BOARD_PPI_S_TIMER),
	};
	struct gic_config gc = { .n_pes = m->pes, .n_spis = BOARD_SPIS, .two_security_states = m->cfg->secure, .log = m->log };

	m->gic = gic_new(&gc);
	m->timers = timer_system_new(&m->queue, m->core.cntfrq);
	if (!m->gic || !m->timers)
		return why_set(why, ENOMEM, "no memory for the interrupt controller or the timers");
	if (bus_add_device(m->bus, BOARD_GICD_BASE, &gic_dist_ops, gic_dist(m->gic), false))
		return why_set(why, EINVAL, "board: the distributor overlaps something");
	for (unsigned i = 0; i < m->pes; i++) {
		struct wire out[TIMER_COUNT];

		gic_attach_cpu(m->gic, i, m->seat[i].cpu);
		for (unsigned k = 0; k < TIMER_COUNT; k++)
			out[k] = gic_ppi(m->gic, i, intid[k]);
		if (timer_attach_cpu(m->timers, m->seat[i].cpu, out))
			return why_set(why, ENOMEM, "no memory for the timers of PE %u", i);
		if (bus_add_device(m->bus, BOARD_GICR_BASE + i * BOARD_GICR_STRIDE, &gic_redist_ops, gic_redist(m->gic, i), false))
			return why_set(why, EINVAL, "board: redistributor %u overlaps something", i);
	}
	return 0;
}

static int make_uart(struct machine *m, unsigned port, u64 base, unsigned spi, bool secure, struct why *why)
{
	struct uart_port *u = &m->uart[port];
	struct pl011_config pc = { .irq = gic_spi(m->gic, spi), .tx = uart_tx, .ctx = u, .log = m->log };

	u->m = m;
	u->port = port;
	u->dev = pl011_new(&pc);
	if (!u->dev || bus_add_device(m->bus, base, &pl011_ops, u->dev, secure))
		return why_set(why, ENOMEM, "no memory for serial port %u", port);
	return 0;
}

static s64 rtc_start(const struct config *cfg)
{
	time_t t;
	struct tm tm;

	if (!cfg->rtc_host)
		return cfg->rtc_base;
	t = time(NULL);
	if (cfg->rtc_localtime && localtime_r(&t, &tm))
		return (s64)t + tm.tm_gmtoff;
	return (s64)t;
}

static int make_devices(struct machine *m, struct why *why)
{
	struct pl031_config rc = { .irq = gic_spi(m->gic, BOARD_SPI_RTC), .queue = &m->queue, .now = now_of, .ctx = m,
				   .start = (u32)rtc_start(m->cfg), .log = m->log };
	int r = make_uart(m, 0, BOARD_UART0_BASE, BOARD_SPI_UART0, false, why);

	if (!r && m->cfg->secure)
		r = make_uart(m, 1, BOARD_UART1_BASE, BOARD_SPI_UART1, true, why);
	if (r)
		return r;
	m->rtc = pl031_new(&rc);
	if (!m->rtc || bus_add_device(m->bus, BOARD_RTC_BASE, &pl031_ops, m->rtc, false))
		return why_set(why, ENOMEM, "no memory for the real-time clock");
	for (unsigned i = 0; i < BOARD_VIRTIO_N; i++)
		if (bus_add_device(m->bus, BOARD_VIRTIO_BASE + i * BOARD_VIRTIO_SIZE, &virtio_mmio_empty_ops, NULL, false))
			return why_set(why, EINVAL, "board: virtio slot %u overlaps something", i);
	return 0;
}

static int make_ram(struct machine *m, struct why *why)
{
	int r = bus_add_ram(m->bus, "ram", BOARD_RAM_BASE, m->cfg->ram_size, false);

	if (!r && m->cfg->secure)
		r = bus_add_ram(m->bus, "secure ram", BOARD_SECRAM_BASE, BOARD_SECRAM_SIZE, true);
	if (r)
		return why_set(why, -r, "-m: the host refuses %" PRIu64 " MiB of address space: %s", m->cfg->ram_size >> 20,
			       strerror(-r));
	return 0;
}

static int pick_core(struct machine *m, struct why *why)
{
	const struct cpu_core *row = cpu_core_find(m->cfg->cpu);
	const char *refused;

	if (!row)
		return why_set(why, EINVAL, "-cpu %s: no such core (see -cpu help)", m->cfg->cpu);
	refused = cpu_core_make(&m->core, row, m->cfg->virtualization, m->cfg->secure, m->cfg->cpu_features);
	if (refused)
		return why_set(why, EINVAL, "-cpu %s,%s: %s", m->cfg->cpu, m->cfg->cpu_features ? m->cfg->cpu_features : "", refused);
	m->tlb = tlb_config_default;
	m->tlb.seed = m->cfg->seed;
	m->tlb.reference = m->cfg->tlb_reference;
	m->tlb.conflict_abort = m->cfg->tlb_conflict_abort;
	refused = m->cfg->tlb ? tlb_config_parse(&m->tlb, m->cfg->tlb) : NULL;
	if (refused)
		return why_set(why, EINVAL, "--tlb %s: %s", m->cfg->tlb, refused);
	return 0;
}

int machine_new(struct machine **out, const struct config *cfg, const struct machine_io *io, struct log *log, struct why *why)
{
	struct machine *m = calloc(1, sizeof(*m));
	int r;

	*out = NULL;
	if (!m)
		return why_set(why, ENOMEM, "no memory for a machine");
	m->cfg = cfg;
	m->io = *io;
	m->log = log;
	event_queue_init(&m->queue);
	m->queue.earlier = earlier;
	m->queue.ctx = m;
	m->bus = bus_new(log);
	r = m->bus ? 0 : why_set(why, ENOMEM, "no memory for the bus");
	if (!r)
		r = pick_core(m, why);
	if (!r)
		r = board_plan(&m->plan, m->cfg, &m->core, why);
	if (!r)
		r = make_ram(m, why);
	if (!r)
		r = make_pes(m, cfg, why);
	if (!r)
		r = make_gic_and_timers(m, why);
	if (!r)
		r = make_devices(m, why);
	if (!r) {
		bus_on_code_written(m->bus, code_written, m);
		r = machine_load(m, why);
	}
	if (r) {
		machine_free(m);
		return r;
	}
	machine_reset_all(m);
	*out = m;
	return 0;
}

void machine_free(struct machine *m)
{
	if (!m)
		return;
	for (unsigned i = 0; i < m->pes; i++)
		cpu_free(m->seat[i].cpu);
	timer_system_free(m->timers);
	gic_free(m->gic);
	pl011_free(m->uart[0].dev);
	pl011_free(m->uart[1].dev);
	pl031_free(m->rtc);
	sysreg_map_free(m->sysregs);
	bus_free(m->bus);
	boot_plan_free(m->plan);
	free(m);
}

/* ---- running it ---- */

void machine_end_with(struct machine *m, enum machine_end end)
{
	m->ended = true;
	m->end = end;
	if (m->running)
		cpu_attention(m->running->cpu, ATTN_STOP);
}

static bool runnable(const struct seat *s)
{
	return s->on && !s->cpu->waiting;
}

static void turn(struct machine *m, struct seat *s)
{
	struct cpu *c = s->cpu;

	if (s->ps < m->now)
		s->ps = m->now;
	if (s->ps >= m->round_end)
		return;
	m->running = s;
	cpu_run(c, s->ps, m->round_end);
	s->ps = cpu_now(c);
	m->running = NULL;
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

/* Time of the next thing that must happen outside the PEs. */
static u64 horizon(const struct machine *m)
{
	u64 next = event_next(&m->queue);

	return next < m->next_poll ? next : m->next_poll;
}

static void idle(struct machine *m)
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

static void round_of_turns(struct machine *m)
{
	u64 quantum = (u64)MACHINE_QUANTUM * m->seat[0].cpu->period_ps;
	u64 end = horizon(m);

	if (m->pes > 1 && end > m->now + quantum)
		end = m->now + quantum;
	m->round_end = end;
	for (unsigned i = 0; i < m->pes && !m->ended && !m->reboot; i++)
		if (runnable(&m->seat[i]))
			turn(m, &m->seat[i]);
	if (m->ended)
		return;
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
	machine_reset_all(m);
	return true;
}

/* Instructions that completed or faulted: a guest that only faults reaches --max-insns too. */
static u64 begun(const struct machine *m)
{
	u64 n = machine_insns(m);

	for (unsigned i = 0; i < m->pes; i++)
		n += m->seat[i].cpu->lost_cycles;
	return n;
}

enum machine_end machine_run(struct machine *m)
{
	m->ended = false;
	while (!m->ended) {
		bool any = false;

		if (m->reboot && !reboot(m))
			break;
		event_run(&m->queue, m->now);
		if (m->now >= m->next_poll) {
			if (m->io.poll && m->io.poll(m->io.ctx))
				machine_end_with(m, MACHINE_STOPPED);
			m->next_poll = m->now + POLL_PS;
			if (m->cfg->max_insns && begun(m) >= m->cfg->max_insns)
				machine_end_with(m, MACHINE_LIMIT);
		}
		for (unsigned i = 0; i < m->pes; i++)
			any |= runnable(&m->seat[i]);
		if (m->ended)
			break;
		if (any)
			round_of_turns(m);
		else
			idle(m);
	}
	return m->end;
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
	};

	return text[end];
}

void machine_rx(struct machine *m, unsigned port, u8 byte)
{
	if (port < 2 && m->uart[port].dev)
		pl011_rx(m->uart[port].dev, byte);
}

bool machine_can_rx(const struct machine *m, unsigned port)
{
	return port < 2 && m->uart[port].dev && pl011_can_rx(m->uart[port].dev);
}

u64 machine_insns(const struct machine *m)
{
	u64 n = 0;

	for (unsigned i = 0; i < m->pes; i++)
		n += cpu_insns(m->seat[i].cpu);
	return n;
}

unsigned machine_pes(const struct machine *m)
{
	return m->pes;
}

struct cpu *machine_pe(struct machine *m, unsigned i)
{
	return m->seat[i].cpu;
}

void machine_digest(struct machine *m, char hex[65])
{
	struct snap_digest *d = snap_digest_new();
	struct snap *s = snap_digest_stream(d);

	for (unsigned i = 0; i < m->pes; i++)
		context_drain(m->seat[i].cpu);
	bus_snap(m->bus, s);
	for (unsigned i = 0; i < m->pes; i++) {
		snap_section(s, "pe", 1);
		cpu_snap(m->seat[i].cpu, s);
		mmu_snap(m->seat[i].cpu->mmu, s);
		snap_u64(s, &m->seat[i].ps);
		snap_bool(s, &m->seat[i].on);
	}
	timer_snap(m->timers, s);
	snap_u64(s, &m->now);
	snap_u64(s, &m->queue.seq);
	snap_digest_end(d, hex);
}
