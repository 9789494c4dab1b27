/*
 * The generic timers: conditions at exact times, offsets and wraparound, traps, VHE views, the
 * event stream.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/snap.h"
#include "harness.h"
#include "timer/timer.h"

#define TICK 16000ull /* ps at 62.5 MHz */

struct bench {
	struct event_queue q;
	struct timer_system *t;
	struct sysreg_map *map;
	struct cpu *c[2];
	bool out[2][TIMER_COUNT];
};

static void set_out(void *sink, u32 pin, bool level)
{
	*((bool *)sink + pin) = level;
}

/* The PEs do not run: their clock is what the test sets. */
static void at_ps(struct bench *b, u64 ps)
{
	for (unsigned i = 0; i < 2; i++)
		b->c[i]->slice_ps = ps;
	event_run(&b->q, ps);
}

static struct bench *bench_new(u64 features, u32 frq)
{
	struct bench *b = calloc(1, sizeof *b);

	event_queue_init(&b->q);
	b->t = timer_system_new(&b->q, frq);
	b->map = sysreg_map_new();
	EXPECT_EQ(sysreg_map_add(b->map, timer_sysregs, timer_sysregs_n), 0);
	for (unsigned i = 0; i < 2; i++) {
		struct cpu *c = b->c[i] = aligned_alloc(64, align_up(sizeof *c, 64));
		struct wire out[TIMER_COUNT];

		memset(c, 0, sizeof *c);
		c->core.features = features;
		c->sysregs = b->map;
		c->el = 1;
		c->el2_on = (features & FEAT(EL2)) != 0;
		for (unsigned id = 0; id < TIMER_COUNT; id++)
			out[id] = (struct wire){ set_out, b->out[i], id };
		EXPECT_EQ(timer_attach_cpu(b->t, c, out), 0);
	}
	return b;
}

static void bench_free(struct bench *b)
{
	timer_system_free(b->t);
	EXPECT(!b->q.head);
	sysreg_map_free(b->map);
	for (unsigned i = 0; i < 2; i++)
		free(b->c[i]);
	free(b);
}

static enum sysreg_access try_enc(struct bench *b, u32 enc, bool write)
{
	const struct sysreg *r;

	return sysreg_resolve(b->c[0], enc, write, &r);
}
static u32 enc_of(struct bench *b, const char *name)
{
	const struct sysreg *r = sysreg_find_name(b->map, name);

	return EXPECT(r != NULL) ? r->enc : 0;
}
static enum sysreg_access try_name(struct bench *b, const char *name, bool write)
{
	return try_enc(b, enc_of(b, name), write);
}

static u64 rd_enc(struct bench *b, unsigned pe, u32 enc)
{
	const struct sysreg *r;
	u64 seen, v;

	if (!EXPECT_EQ(sysreg_resolve(b->c[pe], enc, false, &r), SYS_OK))
		return ~0ull;
	seen = sysreg_peek(b->c[pe], r); /* what a debugger sees */
	v = sysreg_read(b->c[pe], r);
	EXPECT_EQ(seen, v);
	return v;
}
static void wr_enc(struct bench *b, unsigned pe, u32 enc, u64 v)
{
	const struct sysreg *r;

	if (EXPECT_EQ(sysreg_resolve(b->c[pe], enc, true, &r), SYS_OK))
		sysreg_write(b->c[pe], r, v);
}
static u64 rd(struct bench *b, const char *name)
{
	return rd_enc(b, 0, enc_of(b, name));
}
static void wr(struct bench *b, const char *name, u64 v)
{
	wr_enc(b, 0, enc_of(b, name), v);
}
static void hyp_wr(struct bench *b, const char *name, u64 v)
{
	u8 el = b->c[0]->el;

	b->c[0]->el = 2;
	wr(b, name, v);
	b->c[0]->el = el;
}

TEST(the_counter_is_time_times_frequency_rounded_down)
{
	struct bench *b = bench_new(0, 62500000);

	at_ps(b, 5 * TICK - 1);
	EXPECT_EQ(rd(b, "CNTPCT_EL0"), 4);
	at_ps(b, 5 * TICK);
	EXPECT_EQ(rd(b, "CNTPCT_EL0"), 5);
	EXPECT_EQ(rd(b, "CNTVCT_EL0"), 5);
	EXPECT_EQ(rd(b, "CNTFRQ_EL0"), 62500000);
	EXPECT_EQ(timer_when(b->t, 5), 5 * TICK);
	bench_free(b);
}

TEST(an_odd_frequency_is_exact_both_ways)
{
	struct bench *b = bench_new(0, 19200000);

	for (u64 n = 1; n < 1ull << 44; n = n * 7 + 3) {
		u64 ps = timer_when(b->t, n);

		EXPECT_EQ(timer_ticks(b->t, ps), n);
		EXPECT_EQ(timer_ticks(b->t, ps - 1), n - 1);
	}
	EXPECT_EQ(timer_when(b->t, ~0ull), EVENT_NEVER);
	bench_free(b);
}

TEST(a_read_is_never_earlier_than_what_another_pe_read)
{
	struct bench *b = bench_new(0, 62500000);

	b->c[0]->slice_ps = 100 * TICK;
	EXPECT_EQ(rd_enc(b, 0, enc_of(b, "CNTVCT_EL0")), 100);
	b->c[1]->slice_ps = 90 * TICK;
	EXPECT_EQ(rd_enc(b, 1, enc_of(b, "CNTVCT_EL0")), 100);
	b->c[1]->slice_ps = 101 * TICK;
	EXPECT_EQ(rd_enc(b, 1, enc_of(b, "CNTVCT_EL0")), 101);
	bench_free(b);
}

TEST(a_timer_fires_at_the_exact_picosecond)
{
	struct bench *b = bench_new(0, 62500000);

	at_ps(b, 10 * TICK + 5);
	wr(b, "CNTP_TVAL_EL0", 7);
	EXPECT_EQ(rd(b, "CNTP_CVAL_EL0"), 17);
	EXPECT_EQ(event_next(&b->q), EVENT_NEVER);
	wr(b, "CNTP_CTL_EL0", 1);
	EXPECT_EQ(event_next(&b->q), 17 * TICK);
	at_ps(b, 17 * TICK - 1);
	EXPECT(!b->out[0][TIMER_PHYS]);
	EXPECT_EQ(rd(b, "CNTP_CTL_EL0"), 1);
	at_ps(b, 17 * TICK);
	EXPECT(b->out[0][TIMER_PHYS]);
	EXPECT(!b->out[0][TIMER_VIRT] && !b->out[1][TIMER_PHYS]);
	EXPECT_EQ(rd(b, "CNTP_CTL_EL0"), 5);
	EXPECT_EQ(rd(b, "CNTP_TVAL_EL0"), 0);
	at_ps(b, 18 * TICK);
	EXPECT_EQ(rd(b, "CNTP_TVAL_EL0"), 0xffffffff);
	EXPECT_EQ(event_next(&b->q), EVENT_NEVER);
	bench_free(b);
}

TEST(istatus_shows_through_the_mask)
{
	struct bench *b = bench_new(0, 62500000);

	wr(b, "CNTV_CVAL_EL0", 3);
	wr(b, "CNTV_CTL_EL0", 3);
	EXPECT_EQ(event_next(&b->q), EVENT_NEVER);
	at_ps(b, 3 * TICK);
	EXPECT_EQ(rd(b, "CNTV_CTL_EL0"), 7);
	EXPECT(!b->out[0][TIMER_VIRT]);
	wr(b, "CNTV_CTL_EL0", 1);
	EXPECT(b->out[0][TIMER_VIRT]);
	wr(b, "CNTV_CTL_EL0", 0);
	EXPECT(!b->out[0][TIMER_VIRT]);
	EXPECT_EQ(rd(b, "CNTV_CTL_EL0"), 0);
	bench_free(b);
}

TEST(tval_is_signed_and_the_past_is_met_at_once)
{
	struct bench *b = bench_new(0, 62500000);

	at_ps(b, 1000 * TICK);
	wr(b, "CNTP_CTL_EL0", 1);
	wr(b, "CNTP_TVAL_EL0", 0xfffffff6); /* -10 */
	EXPECT_EQ(rd(b, "CNTP_CVAL_EL0"), 990);
	EXPECT(b->out[0][TIMER_PHYS]);
	wr(b, "CNTP_TVAL_EL0", 0x7fffffff);
	EXPECT_EQ(rd(b, "CNTP_CVAL_EL0"), 1000 + 0x7fffffffull);
	EXPECT(!b->out[0][TIMER_PHYS]);
	wr(b, "CNTP_TVAL_EL0", 0xfffffc17); /* -1001: below zero, which is far away */
	EXPECT_EQ(rd(b, "CNTP_CVAL_EL0"), ~0ull);
	EXPECT(!b->out[0][TIMER_PHYS]);
	EXPECT_EQ(event_next(&b->q), EVENT_NEVER);
	bench_free(b);
}

TEST(the_virtual_timer_runs_behind_by_its_offset)
{
	struct bench *b = bench_new(FEAT(EL2), 62500000);

	at_ps(b, 100 * TICK);
	hyp_wr(b, "CNTVOFF_EL2", 40);
	EXPECT_EQ(rd(b, "CNTVCT_EL0"), 60);
	EXPECT_EQ(rd(b, "CNTPCT_EL0"), 100);
	wr(b, "CNTV_TVAL_EL0", 10);
	EXPECT_EQ(rd(b, "CNTV_CVAL_EL0"), 70);
	wr(b, "CNTV_CTL_EL0", 1);
	EXPECT_EQ(event_next(&b->q), 110 * TICK);
	hyp_wr(b, "CNTVOFF_EL2", 50); /* later */
	EXPECT_EQ(event_next(&b->q), 120 * TICK);
	hyp_wr(b, "CNTVOFF_EL2", 10); /* already met */
	EXPECT(b->out[0][TIMER_VIRT]);
	bench_free(b);
}

TEST(a_view_that_wraps_to_zero_ends_the_condition)
{
	struct bench *b = bench_new(FEAT(EL2), 62500000);

	at_ps(b, 100 * TICK);
	hyp_wr(b, "CNTVOFF_EL2", 105); /* the virtual count is -5 */
	EXPECT_EQ(rd(b, "CNTVCT_EL0"), -5ull);
	wr(b, "CNTV_CVAL_EL0", 20);
	wr(b, "CNTV_CTL_EL0", 1);
	EXPECT(b->out[0][TIMER_VIRT]);
	EXPECT_EQ(event_next(&b->q), 105 * TICK);
	at_ps(b, 105 * TICK);
	EXPECT(!b->out[0][TIMER_VIRT]);
	EXPECT_EQ(event_next(&b->q), 125 * TICK);
	at_ps(b, 125 * TICK);
	EXPECT(b->out[0][TIMER_VIRT]);
	EXPECT_EQ(event_next(&b->q), EVENT_NEVER);
	bench_free(b);
}

TEST(el0_is_let_in_by_cntkctl)
{
	static const struct {
		const char *name;
		u32 bits; /* any of these opens it */
	} rows[] = { { "CNTPCT_EL0", 1 },	  { "CNTVCT_EL0", 2 },
		     { "CNTFRQ_EL0", 3 },	  { "CNTV_CTL_EL0", 1 << 8 },
		     { "CNTV_TVAL_EL0", 1 << 8 }, { "CNTP_CVAL_EL0", 1 << 9 } };
	struct bench *b = bench_new(FEAT(EL2), 62500000);

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		for (unsigned n = 0; n < 10; n++) {
			b->c[0]->el = 1;
			b->c[0]->hcr_eff = 0;
			wr(b, "CNTKCTL_EL1", BIT(n));
			b->c[0]->el = 0;
			EXPECT_EQ(try_name(b, rows[i].name, false),
				  bit(rows[i].bits, n) ? SYS_OK : SYS_TRAP_EL1);
			b->c[0]->hcr_eff = HCR_TGE;
			EXPECT_EQ(try_name(b, rows[i].name, false),
				  bit(rows[i].bits, n) ? SYS_OK : SYS_TRAP_EL2);
		}
	EXPECT_EQ(try_name(b, "CNTKCTL_EL1", false), SYS_UNDEF);
	bench_free(b);
}

TEST(cnthctl_keeps_el1_from_the_physical_timer_in_both_formats)
{
	struct bench *b = bench_new(FEAT(EL2) | FEAT(VHE), 62500000);

	for (unsigned e2h = 0; e2h < 2; e2h++)
		for (unsigned n = 0; n < 12; n++) {
			hyp_wr(b, "CNTHCTL_EL2", BIT(n));
			b->c[0]->hcr_eff = e2h ? HCR_E2H : 0;
			EXPECT_EQ(try_name(b, "CNTPCT_EL0", false),
				  n == (e2h ? 10 : 0) ? SYS_OK : SYS_TRAP_EL2);
			EXPECT_EQ(try_name(b, "CNTP_CTL_EL0", true),
				  n == (e2h ? 11 : 1) ? SYS_OK : SYS_TRAP_EL2);
			EXPECT_EQ(try_name(b, "CNTV_CTL_EL0", true), SYS_OK);
			EXPECT_EQ(try_name(b, "CNTVCT_EL0", false), SYS_OK);
			b->c[0]->hcr_eff = 0;
		}
	b->c[0]->el2_on = false; /* Secure state */
	EXPECT_EQ(try_name(b, "CNTP_CTL_EL0", true), SYS_OK);
	EXPECT_EQ(try_name(b, "CNTHP_CTL_EL2", true), SYS_UNDEF);
	bench_free(b);
}

TEST(without_vhe_cnthctl_has_eight_bits)
{
	struct bench *b = bench_new(FEAT(EL2), 62500000);

	b->c[0]->el = 2;
	EXPECT_EQ(rd(b, "CNTHCTL_EL2"), 3);
	wr(b, "CNTHCTL_EL2", ~0ull);
	EXPECT_EQ(rd(b, "CNTHCTL_EL2"), 0xff);
	EXPECT_EQ(try_name(b, "CNTHV_CTL_EL2", false), SYS_UNDEF);
	bench_free(b);
}

TEST(a_vhe_host_reaches_its_timers_by_the_el1_names)
{
	struct bench *b = bench_new(FEAT(EL2) | FEAT(VHE), 62500000);

	b->c[0]->el = 2;
	b->c[0]->hcr_eff = HCR_E2H | HCR_TGE;
	at_ps(b, 100 * TICK);
	wr(b, "CNTVOFF_EL2", 40);
	EXPECT_EQ(rd(b, "CNTVCT_EL0"), 100);
	wr(b, "CNTP_CVAL_EL0", 1);
	wr(b, "CNTV_CVAL_EL0", 2);
	EXPECT_EQ(rd(b, "CNTHP_CVAL_EL2"), 1);
	EXPECT_EQ(rd(b, "CNTHV_CVAL_EL2"), 2);
	wr_enc(b, 0, SR(3, 5, 14, 2, 2), 3); /* CNTP_CVAL_EL02 */
	wr_enc(b, 0, SR(3, 5, 14, 3, 0), 5); /* CNTV_TVAL_EL02: the offset counts */
	EXPECT_EQ(timer_look(b->c[0], TIMER_PHYS).cval, 3);
	EXPECT_EQ(timer_look(b->c[0], TIMER_VIRT).cval, 65);
	wr(b, "CNTKCTL_EL1", 0xf00);		 /* CNTHCTL_EL2 */
	wr_enc(b, 0, SR(3, 5, 14, 1, 0), 0x3ff); /* CNTKCTL_EL12 */
	EXPECT_EQ(rd(b, "CNTHCTL_EL2"), 0xf00);
	b->c[0]->el = 0;
	EXPECT_EQ(try_name(b, "CNTVCT_EL0", false), SYS_TRAP_EL2);
	EXPECT_EQ(try_name(b, "CNTFRQ_EL0", false), SYS_TRAP_EL2);
	EXPECT_EQ(rd(b, "CNTP_CVAL_EL0"), 1);
	EXPECT_EQ(rd(b, "CNTV_CVAL_EL0"), 2);
	wr(b, "CNTV_CTL_EL0", 1);
	EXPECT(b->out[0][TIMER_HYPVIRT] && !b->out[0][TIMER_VIRT]);
	b->c[0]->hcr_eff = 0;
	b->c[0]->el = 2;
	EXPECT_EQ(try_enc(b, SR(3, 5, 14, 2, 2), false), SYS_UNDEF);
	EXPECT_EQ(rd(b, "CNTVCT_EL0"), 60);
	bench_free(b);
}

TEST(the_secure_timer_is_for_secure_software)
{
	struct bench *b = bench_new(FEAT(EL2) | FEAT(EL3), 62500000);
	struct cpu *c = b->c[0];

	c->sys.scr_el3 = SCR_NS;
	EXPECT_EQ(try_name(b, "CNTPS_CTL_EL1", true), SYS_UNDEF);
	c->el = 2;
	EXPECT_EQ(try_name(b, "CNTPS_CTL_EL1", true), SYS_UNDEF);
	EXPECT_EQ(try_name(b, "CNTFRQ_EL0", true), SYS_UNDEF);
	c->el = 1;
	c->sys.scr_el3 = 0;
	EXPECT_EQ(try_name(b, "CNTPS_CTL_EL1", true), SYS_TRAP_EL3);
	c->sys.scr_el3 = SCR_ST;
	EXPECT_EQ(try_name(b, "CNTPS_CTL_EL1", true), SYS_OK);
	c->el = 3;
	wr(b, "CNTPS_CTL_EL1", 1);
	EXPECT(b->out[0][TIMER_SEC]);
	wr(b, "CNTFRQ_EL0", 1000);
	EXPECT_EQ(rd(b, "CNTFRQ_EL0"), 1000);
	bench_free(b);
}

TEST(the_event_stream_wakes_a_waiting_pe_at_the_edge_of_its_bit)
{
	struct bench *b = bench_new(FEAT(EL2), 62500000);
	struct cpu *c = b->c[0];

	at_ps(b, 3 * TICK);
	timer_wfe(c);
	EXPECT_EQ(event_next(&b->q), EVENT_NEVER); /* no stream */
	wr(b, "CNTKCTL_EL1", 1 << 2 | 4 << 4);	   /* rising edges of bit 4: 16, 48, ... */
	EXPECT_EQ(event_next(&b->q), EVENT_NEVER);
	c->waiting = c->wait_wfe = true;
	timer_wfe(c);
	EXPECT_EQ(event_next(&b->q), 16 * TICK);
	at_ps(b, 16 * TICK);
	EXPECT(!c->waiting);
	EXPECT_EQ(event_next(&b->q), EVENT_NEVER); /* it runs */
	at_ps(b, 50 * TICK);
	c->waiting = true;
	timer_wfe(c); /* the edge at 48 has been: no sleep */
	EXPECT(!c->waiting);
	wr(b, "CNTKCTL_EL1", 1 << 2 | 1 << 3 | 4 << 4); /* falling: 64 */
	hyp_wr(b, "CNTHCTL_EL2", 1 << 2 | 2 << 4);	/* and rising edges of bit 2 */
	c->waiting = true;
	timer_wfe(c);
	EXPECT_EQ(event_next(&b->q), 52 * TICK);
	bench_free(b);
}

TEST(reset_stops_the_timers_and_the_counter_goes_on)
{
	struct bench *b = bench_new(0, 62500000);

	wr(b, "CNTP_CTL_EL0", 1);
	wr(b, "CNTV_CVAL_EL0", 100);
	wr(b, "CNTV_CTL_EL0", 1);
	EXPECT(b->out[0][TIMER_PHYS]);
	at_ps(b, 7 * TICK);
	timer_reset(b->t);
	EXPECT(!b->out[0][TIMER_PHYS]);
	EXPECT_EQ(event_next(&b->q), EVENT_NEVER);
	EXPECT_EQ(rd(b, "CNTPCT_EL0"), 7);
	bench_free(b);
}

struct mem_snap {
	struct snap s;
	u8 data[4096];
	size_t at;
};
static bool mem_bytes(struct snap *s, void *p, size_t n)
{
	struct mem_snap *m = container_of(s, struct mem_snap, s);

	if (m->at + n > sizeof m->data)
		return false;
	memcpy(s->loading ? p : m->data + m->at, s->loading ? m->data + m->at : p, n);
	m->at += n;
	return true;
}

TEST(a_saved_timer_fires_in_the_machine_that_loads_it)
{
	static struct mem_snap m = { .s.bytes = mem_bytes };
	struct bench *a = bench_new(FEAT(EL2), 62500000), *b = bench_new(FEAT(EL2), 62500000);

	at_ps(a, 5 * TICK);
	hyp_wr(a, "CNTVOFF_EL2", 3);
	wr(a, "CNTV_TVAL_EL0", 7);
	wr(a, "CNTV_CTL_EL0", 1);
	timer_snap(a->t, &m.s);
	m.s.loading = true;
	m.at = 0;
	timer_snap(b->t, &m.s);
	EXPECT(!m.s.failed);
	EXPECT_EQ(event_next(&b->q), 12 * TICK);
	at_ps(b, 12 * TICK);
	EXPECT(b->out[0][TIMER_VIRT]);
	bench_free(a);
	bench_free(b);
}
