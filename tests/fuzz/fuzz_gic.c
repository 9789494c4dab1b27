/*
 * Random guests against the interrupt controller and the timers alone: GICv2 or GICv3, with ITS or GICv2m, one or two
 * security states. Register accesses of any width, system registers, inputs, messages, ITS commands and
 * tables in a small RAM, events, and now and then a snapshot that must load and save the same bytes.
 * Nothing may crash, hang or reach beyond the RAM. Meant for the sanitizer build.
 *
 *	fuzz_gic [--seed S] [--runs N] [--seconds N] [--counts 1]
 */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/snap.h"
#include "gic/gic.h"
#include "tests/fuzz/loop.h"
#include "tests/fuzz/snapshot.h"
#include "timer/timer.h"

enum {
	RAM = 0x40000000,
	RAM_BYTES = 1 << 20,
	FRAME_DIST = 0x08000000,
	FRAME_CPUIF = 0x08010000,
	FRAME_V2M = 0x08020000,
	FRAME_VIRT = 0x08030000,
	FRAME_VCPUIF = 0x08040000,
	FRAME_ITS = 0x08080000,
	FRAME_REDIST = 0x080a0000,
	MAX_PES = 8,
	STEPS = 2000,
	SNAP_BYTES = 1 << 20,
};

struct world {
	struct random *rng;
	struct gic_config config;
	struct gic *gic;
	struct bus *bus;
	struct event_queue queue;
	struct sysreg_map *map;
	struct timer_system *timers;
	struct cpu *cpu[MAX_PES];
	bool over; /* a damaged snapshot was refused */
	u64 commands, cwriter; /* where the command queue was put, and how far it is filled */
};

static u64 now(void *ctx)
{
	struct world *w = ctx;

	return w->queue.now;
}

static void map_frames(struct world *w)
{
	void *g = gic_dist(w->gic);

	if (w->config.version == 2) {
		bus_add_device(w->bus, FRAME_DIST, &gic_dist2_ops, g, false);
		bus_add_device(w->bus, FRAME_CPUIF, &gic_cpuif_ops, g, false);
		bus_add_device(w->bus, FRAME_VIRT, &gic_virt_ops, g, false);
		bus_add_device(w->bus, FRAME_VCPUIF, &gic_vcpuif_ops, g, false);
	} else {
		bus_add_device(w->bus, FRAME_DIST, &gic_dist_ops, g, false);
		for (unsigned i = 0; i < w->config.n_pes; i++)
			bus_add_device(w->bus, FRAME_REDIST + 0x20000ull * i, &gic_redist_ops,
				       gic_redist(w->gic, i), false);
	}
	if (gic_its(w->gic))
		bus_add_device(w->bus, FRAME_ITS, &gic_its_ops, gic_its(w->gic), false);
	if (gic_v2m(w->gic))
		bus_add_device(w->bus, FRAME_V2M, &gic_v2m_ops, gic_v2m(w->gic), false);
}

static void make_cpu(struct world *w, unsigned i, u64 features)
{
	struct cpu *c = aligned_alloc(64, align_up(sizeof *c, 64));
	struct wire out[TIMER_COUNT];

	if (!c)
		abort();
	memset(c, 0, sizeof *c);
	w->cpu[i] = c;
	c->core.features = features;
	c->core.pri_bits = (u8)(4 + random_below(w->rng, 4));
	c->core.lr_count = (u8)(1 + random_below(w->rng, 16));
	c->sysregs = w->map;
	c->mpidr = 1u << 31 | i;
	c->index = i;
	c->el = 1;
	gic_attach_cpu(w->gic, i, c);
	for (unsigned k = 0; k < TIMER_COUNT; k++)
		out[k] = gic_ppi(w->gic, i, 26 + k);
	if (timer_attach_cpu(w->timers, c, out))
		abort();
}

static void world_make(struct world *w, struct random *rng)
{
	u64 features = FEAT(EL2);

	*w = (struct world){ .rng = rng };
	event_queue_init(&w->queue);
	w->bus = bus_new(NULL);
	w->map = sysreg_map_new();
	if (!w->bus || !w->map || bus_add_ram(w->bus, "ram", RAM, RAM_BYTES, false) ||
	    sysreg_map_add(w->map, gic_sysregs, gic_sysregs_n) || sysreg_map_add(w->map, timer_sysregs, timer_sysregs_n))
		abort();
	w->config = (struct gic_config){
		.version = random_percent(w->rng, 40) ? 2 : 3,
		.n_pes = 1 + (unsigned)random_below(w->rng, MAX_PES),
		.n_spis = 32 * (unsigned)random_below(w->rng, 31),
		.two_security_states = random_percent(w->rng, 40),
		.bus = w->bus,
		.queue = &w->queue,
		.now = now,
		.ctx = w,
	};
	w->config.its = w->config.version == 3 && random_percent(w->rng, 90);
	w->config.v2m_first = (unsigned)random_below(w->rng, 100);
	w->config.v2m_spis = (unsigned)random_below(w->rng, 100);
	w->gic = gic_new(&w->config);
	w->timers = timer_system_new(&w->queue, random_percent(w->rng, 50) ? 1000000000 : 62500000);
	if (!w->gic || !w->timers)
		abort();
	map_frames(w);
	if (w->config.version == 3)
		features |= FEAT(GICV3);
	if (w->config.two_security_states)
		features |= FEAT(EL3);
	for (unsigned i = 0; i < w->config.n_pes; i++)
		make_cpu(w, i, features);
}

static void world_free(struct world *w)
{
	timer_system_free(w->timers);
	gic_free(w->gic);
	bus_free(w->bus);
	sysreg_map_free(w->map);
	for (unsigned i = 0; i < w->config.n_pes; i++)
		free(w->cpu[i]);
}

/* ---- numbers ---- */

static u64 ram_address(struct world *w)
{
	u64 a = RAM + random_below(w->rng, 16) * 0x10000;

	if (random_percent(w->rng, 3))
		a = random_u64(w->rng) & MASK(51, 0);
	if (random_percent(w->rng, 2))
		a = FRAME_ITS;
	return a;
}

static u64 odd_value(struct world *w)
{
	static const u64 odd[] = { 0, 1, 2, 3, 0xff, 0x3ff, 1022, 1023, 8192, 8193, 0x10000, 0xffffffff };

	switch (random_below(w->rng, 6)) {
	case 0:
		return odd[random_below(w->rng, ARRAY_SIZE(odd))];
	case 1:
		return BIT(random_below(w->rng, 64));
	case 2:
		return random_below(w->rng, 1024);
	case 3:
		return BIT(63) | random_below(w->rng, 4) << 61 | ram_address(w) | random_below(w->rng, 0x400);
	case 4:
		return ~0ull;
	default:
		return random_u64(w->rng);
	}
}

/* ---- steps ---- */

static struct attrs random_attrs(struct world *w)
{
	struct attrs at = { .space = random_percent(w->rng, 70) ? SPACE_NS : SPACE_S,
			    .requester = (u16)random_below(w->rng, w->config.n_pes) };

	if (random_percent(w->rng, 5))
		at.requester = (u16)(0x8000 | random_below(w->rng, 8));
	at.debug = random_percent(w->rng, 2);
	return at;
}

static u64 random_register(struct world *w)
{
	static const u32 v3[] = { FRAME_DIST, FRAME_REDIST, FRAME_REDIST + 0x10000, FRAME_ITS, FRAME_V2M },
			 v2[] = { FRAME_DIST, FRAME_CPUIF, FRAME_VIRT, FRAME_VCPUIF, FRAME_V2M };
	static const u16 its[] = { 0, 4, 8, 0x80, 0x84, 0x88, 0x90, 0x100, 0x104, 0x108, 0x110 };
	u64 base = (w->config.version == 2 ? v2 : v3)[random_below(w->rng, 5)];
	u64 off = random_below(w->rng, 0x1000);

	if (base == FRAME_ITS && random_percent(w->rng, 70))
		return base + its[random_below(w->rng, ARRAY_SIZE(its))];
	if (base >= FRAME_REDIST)
		base += 0x20000 * random_below(w->rng, w->config.n_pes);
	if (random_percent(w->rng, 50))
		off &= 0xff;
	else if (random_percent(w->rng, 10))
		off = random_below(w->rng, 0x10000);
	return base + (random_percent(w->rng, 90) ? off & ~3ull : off);
}

static void step_mmio(struct world *w)
{
	static const u8 widths[] = { 1, 2, 4, 4, 4, 4, 8, 8 };
	unsigned width = widths[random_below(w->rng, ARRAY_SIZE(widths))];
	struct attrs at = random_attrs(w);
	pa p = pa_make(at.space, random_register(w));
	const struct bus_region *r = bus_find(w->bus, p.a & MASK(51, 0), SPACE_NS);
	u64 v;

	if (r)
		fuzz_count(r->name, r->base);
	if (random_percent(w->rng, 65))
		bus_write(w->bus, p, width, at, odd_value(w));
	else
		bus_read(w->bus, p, width, at, &v);
}

static void write_named(struct world *w, struct cpu *c, const char *name, u64 v)
{
	const struct sysreg *r = sysreg_find_name(w->map, name), *reached;

	if (sysreg_resolve(c, r->enc, true, &reached) == SYS_OK)
		sysreg_write(c, reached, v);
}

static void access_row(struct world *w, const struct sysreg *rows, size_t n, const char *what)
{
	struct cpu *c = w->cpu[random_below(w->rng, w->config.n_pes)];
	const struct sysreg *r = &rows[random_below(w->rng, n)], *reached;
	bool write = random_percent(w->rng, 60);

	c->slice_ps = w->queue.now;
	if (sysreg_resolve(c, r->enc, write, &reached) != SYS_OK)
		return;
	fuzz_count(what, 0);
	if (write)
		sysreg_write(c, reached, odd_value(w));
	else
		sysreg_read(c, reached);
}

static void step_sysreg(struct world *w)
{
	access_row(w, gic_sysregs, gic_sysregs_n, "gic system registers");
}

/* Registers of the timers; WFE, whose event stream they end; compare values that are near. */
static void step_timer(struct world *w)
{
	struct cpu *c = w->cpu[random_below(w->rng, w->config.n_pes)];

	access_row(w, timer_sysregs, timer_sysregs_n, "timer system registers");
	if (random_percent(w->rng, 10)) {
		c->waiting = c->wait_wfe = true;
		timer_wfe(c);
	}
	if (random_percent(w->rng, 20)) {
		c->slice_ps = w->queue.now;
		c->el = 2;
		gic_world_changed(c);
		write_named(w, c, "CNTP_CVAL_EL0", timer_ticks(w->timers, w->queue.now) + random_below(w->rng, 100));
		write_named(w, c, "CNTP_CTL_EL0", 1);
	}
}

static void step_world(struct world *w)
{
	struct cpu *c = w->cpu[random_below(w->rng, w->config.n_pes)];

	c->el = (u8)random_below(w->rng, w->config.two_security_states ? 4 : 3);
	c->el2_on = random_percent(w->rng, 80);
	c->hcr_eff = random_u64(w->rng) & (HCR_IMO | HCR_FMO);
	c->sys.scr_el3 = random_u64(w->rng) & (SCR_NS | SCR_IRQ | SCR_FIQ);
	gic_world_changed(c);
	if (random_percent(w->rng, 5))
		gic_reset_cpuif(c);
}

static void step_input(struct world *w)
{
	struct wire spi = gic_spi(w->gic, (unsigned)random_below(w->rng, 1000));
	struct wire ppi = gic_ppi(w->gic, (unsigned)random_below(w->rng, 10), (unsigned)random_below(w->rng, 40));

	wire_set(random_percent(w->rng, 60) ? &spi : &ppi, random_percent(w->rng, 50));
}

static void write_ns(struct world *w, u64 addr, unsigned width, u64 v)
{
	struct attrs at = { .space = SPACE_NS };

	bus_write(w->bus, pa_make(SPACE_NS, addr), width, at, v);
}

/* A command that is right more often than by chance. */
static void random_command(struct world *w, u64 dw[4])
{
	static const u8 codes[] = { 1, 3, 3, 3, 4, 5, 8, 9, 9, 0xa, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf };
	u64 device = random_below(w->rng, 4), event = random_below(w->rng, 20), any = odd_value(w);

	dw[0] = device << 32 | codes[random_below(w->rng, ARRAY_SIZE(codes))];
	dw[1] = (8192 + random_below(w->rng, 200)) << 32 | event;
	dw[2] = BIT(63) | random_below(w->rng, w->config.n_pes) << 16 | random_below(w->rng, 4);
	dw[3] = random_below(w->rng, w->config.n_pes) << 16;
	if ((dw[0] & 0xff) == 8) {
		dw[1] = random_below(w->rng, 18);
		dw[2] = BIT(63) | ram_address(w);
	}
	if (random_percent(w->rng, 5))
		dw[random_below(w->rng, 4)] = any;
}

static void step_command(struct world *w)
{
	for (u64 i = 1 + random_below(w->rng, 16); i; i--) {
		u64 dw[4];

		random_command(w, dw);
		bus_copy_in(w->bus, pa_make(SPACE_NS, w->commands + w->cwriter), dw, sizeof dw);
		w->cwriter = (w->cwriter + 32) % 4096;
	}
	write_ns(w, FRAME_ITS + 0x88, 8, w->cwriter | random_percent(w->rng, 10));
}

/* As a driver would: tables, queue and LPIs on. */
static void step_bring_up(struct world *w)
{
	u64 table = BIT(63) | (random_percent(w->rng, 30) ? BIT(62) : 0) | random_below(w->rng, 0x400);

	if (!w->config.its)
		return;
	w->commands = ram_address(w);
	w->cwriter = 0;
	for (u64 i = 0; i < 57344; i += 8) /* usable configurations, whichever of the places it will be */
		bus_write(w->bus, pa_make(SPACE_NS, RAM + 0xf0000 + i), 8, (struct attrs){ 0 },
			  0xa1a1a1a1a1a1a1a1);
	write_ns(w, FRAME_ITS, 4, 0);
	write_ns(w, FRAME_ITS + 0x100, 8, table | ram_address(w));
	write_ns(w, FRAME_ITS + 0x108, 8, BIT(63) | ram_address(w));
	write_ns(w, FRAME_ITS + 0x80, 8, BIT(63) | w->commands);
	write_ns(w, FRAME_ITS + 0x88, 8, 0);
	write_ns(w, FRAME_ITS, 4, 1);
	for (unsigned i = 0; i < w->config.n_pes; i++) {
		u64 base = FRAME_REDIST + 0x20000ull * i;

		write_ns(w, base, 4, 0);
		write_ns(w, base + 0x70, 8,
			 (random_percent(w->rng, 70) ? RAM + 0xf0000 : ram_address(w)) | random_below(w->rng, 32));
		write_ns(w, base + 0x78, 8, ram_address(w));
		write_ns(w, base, 4, random_percent(w->rng, 90));
	}
}

static void write_s(struct world *w, unsigned pe, u64 addr, u64 v)
{
	struct attrs at = { .space = SPACE_S, .requester = (u16)pe };

	bus_write(w->bus, pa_make(SPACE_S, addr), 4, at, v);
}

/* Everything on: all interrupts enabled, of some group, unmasked. */
static void step_enable(struct world *w)
{
	bool v2 = w->config.version == 2;
	u64 groups = odd_value(w), targets = odd_value(w) | random_u64(w->rng);

	write_s(w, 0, FRAME_DIST, 0x37);
	for (unsigned i = 0; i < w->config.n_pes; i++) {
		u64 local = v2 ? FRAME_DIST : FRAME_REDIST + 0x10000 + 0x20000ull * i;

		write_s(w, i, local + 0x80, odd_value(w));
		write_s(w, i, local + 0x100, ~0u);
		if (v2) {
			write_s(w, i, FRAME_CPUIF, 3 | (odd_value(w) & 0x61c));
			write_s(w, i, FRAME_CPUIF + 4, 0xff);
			continue;
		}
		write_s(w, i, FRAME_REDIST + 0x14 + 0x20000ull * i, 0);
		write_named(w, w->cpu[i], "ICC_PMR_EL1", 0xff);
		write_named(w, w->cpu[i], "ICC_IGRPEN0_EL1", 1);
		write_named(w, w->cpu[i], "ICC_IGRPEN1_EL1", 1);
	}
	for (unsigned n = 1; n <= w->config.n_spis / 32; n++) {
		write_s(w, 0, FRAME_DIST + 0x80 + 4 * n, groups >> n % 32);
		write_s(w, 0, FRAME_DIST + 0x100 + 4 * n, ~0u);
	}
	for (unsigned id = 32; v2 && id < 32 + w->config.n_spis; id += 4)
		write_s(w, 0, FRAME_DIST + 0x800 + id, targets >> id % 37);
}

/* A hypervisor fills list registers and enters its VM. */
static void step_virtual(struct world *w)
{
	static const char *const lr[] = { "ICH_LR0_EL2", "ICH_LR1_EL2", "ICH_LR2_EL2" };
	unsigned pe = (unsigned)random_below(w->rng, w->config.n_pes), n = (unsigned)random_below(w->rng, 3);
	u64 value = BIT(62) | (odd_value(w) & (MASK(61, 60) | MASK(55, 48) | MASK(41, 32))) | random_below(w->rng, 64);
	struct cpu *c = w->cpu[pe];

	c->el = 2;
	c->el2_on = true;
	c->sys.scr_el3 = SCR_NS;
	gic_world_changed(c);
	write_named(w, c, "ICH_HCR_EL2", 1 | (odd_value(w) & 0xff));
	write_named(w, c, "ICH_VMCR_EL2", 0xff000003 | (odd_value(w) & 0x21c));
	write_named(w, c, lr[n], value);
	c->el = 1;
	c->hcr_eff = HCR_IMO | HCR_FMO;
	gic_world_changed(c);
	if (w->config.version > 2)
		return;
	write_s(w, pe, FRAME_VIRT, 1 | (odd_value(w) & 0xff));
	write_s(w, pe, FRAME_VIRT + 8, 0xff000003 | (odd_value(w) & 0x21c));
	write_s(w, pe, FRAME_VIRT + 0x100 + 4 * n, 1 << 28 | (odd_value(w) & 0xcffffc00) | random_below(w->rng, 64));
}

/* One interrupt, from acknowledge to its end. */
static void step_take(struct world *w)
{
	static const char *const iar[] = { "ICC_IAR0_EL1", "ICC_IAR1_EL1" };
	static const char *const eoir[] = { "ICC_EOIR0_EL1", "ICC_EOIR1_EL1" };
	unsigned pe = (unsigned)random_below(w->rng, w->config.n_pes), group = (unsigned)random_below(w->rng, 2);
	struct attrs at = random_attrs(w);
	struct cpu *c = w->cpu[pe];
	const struct sysreg *r = sysreg_find_name(w->map, iar[group]), *reached;
	u64 frame = random_percent(w->rng, 70) ? FRAME_CPUIF : FRAME_VCPUIF, id;

	at.requester = (u16)pe;
	if (w->config.version == 2) {
		bus_read(w->bus, pa_make(at.space, frame + (group ? 0x20 : 0xc)), 4, at, &id);
		if (random_percent(w->rng, 80))
			bus_write(w->bus, pa_make(at.space, frame + (group ? 0x24 : 0x10)), 4, at, id);
		return;
	}
	if (sysreg_resolve(c, r->enc, false, &reached) != SYS_OK)
		return;
	id = sysreg_read(c, reached);
	if (random_percent(w->rng, 80))
		write_named(w, c, eoir[group], id);
}

/* What is due soon; timers may be set to the end of time. */
static void step_events(struct world *w)
{
	u64 until = w->queue.now + random_below(w->rng, 1000000000);

	for (unsigned i = 0; i < 10 && event_next(&w->queue) <= until; i++)
		event_run(&w->queue, event_next(&w->queue));
	if (event_next(&w->queue) > until)
		event_run(&w->queue, until);
}

/* ---- snapshots ---- */

struct memory_snap {
	struct snap s;
	size_t at, n;
	u8 data[SNAP_BYTES];
};

static bool memory_bytes(struct snap *s, void *p, size_t n)
{
	struct memory_snap *m = container_of(s, struct memory_snap, s);

	if (m->at + n > sizeof m->data || (s->loading && m->at + n > m->n))
		return false;
	memcpy(s->loading ? p : m->data + m->at, s->loading ? m->data + m->at : p, n);
	m->at += n;
	return true;
}

static bool all_sections(struct world *w, struct memory_snap *m, bool load)
{
	m->s = (struct snap){ .loading = load, .bytes = memory_bytes };
	m->at = 0;
	if (w->config.version == 2) {
		gic_dist2_ops.snap(gic_dist(w->gic), &m->s);
		gic_cpuif_ops.snap(gic_dist(w->gic), &m->s);
	} else {
		gic_dist_ops.snap(gic_dist(w->gic), &m->s);
		for (unsigned i = 0; i < w->config.n_pes; i++)
			gic_redist_ops.snap(gic_redist(w->gic, i), &m->s);
	}
	if (gic_its(w->gic))
		gic_its_ops.snap(gic_its(w->gic), &m->s);
	timer_snap(w->timers, &m->s);
	if (!load)
		m->n = m->at;
	return !m->s.failed;
}

static u64 outputs(const struct world *w)
{
	u64 v = 0;

	for (unsigned i = 0; i < w->config.n_pes; i++)
		v |= (u64)(w->cpu[i]->pins & 15) << 4 * i;
	return v;
}

/* Loading what was saved changes nothing. */
static void step_snapshot(struct world *w)
{
	static struct memory_snap first, second;
	u64 pins = outputs(w);

	fuzz_count("snapshots", 0);
	if (!all_sections(w, &first, false) || !all_sections(w, &first, true))
		fuzz_bad("snapshot: %s", first.s.why ? first.s.why : "too large");
	if (!all_sections(w, &second, false) || second.n != first.n || memcmp(first.data, second.data, first.n))
		fuzz_bad("a loaded snapshot saves other bytes");
	for (unsigned i = 0; i < w->config.n_pes; i++)
		gic_world_changed(w->cpu[i]);
	if (outputs(w) != pins)
		fuzz_bad("a loaded snapshot signals other interrupts (PE n in bits 4n: %#" PRIx64 ", before %#" PRIx64 ")",
			 outputs(w), pins);
}

/* Maybe a damaged one, which must leave a controller that works. */
static void step_damage(struct world *w)
{
	w->over = !fuzz_snapshot(w->rng, w->bus);
	for (unsigned i = 0; i < w->config.n_pes; i++)
		gic_world_changed(w->cpu[i]);
}

static const struct {
	void (*step)(struct world *w);
	unsigned weight;
} steps[] = {
	{ step_mmio, 300 },    { step_sysreg, 200 },  { step_world, 30 },  { step_input, 100 },
	{ step_command, 100 }, { step_bring_up, 5 },  { step_events, 20 }, { step_snapshot, 1 },
	{ step_enable, 10 },   { step_take, 100 },   { step_virtual, 30 }, { step_timer, 60 }, { step_damage, 1 },
};

static void random_step(struct world *w)
{
	unsigned sum = 0, pick;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		sum += steps[i].weight;
	pick = (unsigned)random_below(w->rng, sum);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (pick < steps[i].weight) {
			steps[i].step(w);
			return;
		}
		pick -= steps[i].weight;
	}
}

void fuzz_case(struct random *rng)
{
	static struct world w;

	world_make(&w, rng);
	step_enable(&w);
	step_bring_up(&w);
	for (unsigned i = 0; i < STEPS && !random_dry(rng) && !w.over; i++)
		random_step(&w);
	if (!w.over)
		step_snapshot(&w);
	world_free(&w);
}
