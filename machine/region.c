/* See region.h. */
#include "machine/region.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/snap.h"
#include "cpu/cpu.h"
#include "devices/marker.h"
#include "machine/baseline.h"
#include "machine/machine_priv.h"
#include "machine/report.h"
#include "machine/snapshot.h"

enum {
	REQUESTS = 16,	       /* of the guest between two chances to do them; more are dropped */
	NUMBERS = 4096,	       /* x1 below this is a number, else an address */
	GUEST_BLOCKS = 10000,  /* dumps that a guest gets: it must not fill the host's disk */
};

struct request {
	u32 op;
	char label[REGION_LABEL];
};

/* One of the command line's. */
struct trigger {
	const struct config_trigger *c;
	u64 at;	   /* c's point, of a relative one since the region began */
	bool seen; /* the console said it */
	bool done;
};

struct regions {
	char region[REGION_LABEL]; /* what begin said */
	char marked[REGION_LABEL]; /* what mark said */
	bool inside;
	void (*changed)(void *ctx, bool inside);
	void *changed_ctx;

	struct request request[REQUESTS];
	unsigned requests;
	unsigned guest_blocks;

	struct trigger trigger[CONFIG_MAX_TRIGGERS];
	char said[REGION_LABEL]; /* the last bytes of the console */
	bool listens;		 /* some trigger waits for a text */
	u64 interval_at;	 /* the next end of an interval, in its unit */
	/* the earliest points that anything waits for, UINT64_MAX: none */
	u64 next_insns, next_ps;

	const struct config_trigger *save; /* a snapshot is due, when all else at this point is done */

	u64 blocks; /* before that, in the run that a snapshot is of */
	struct report *report; /* from the first block on */
	struct why why;	       /* why there is none although there should */
	bool failed;
	struct baseline *since_reset, *since_interval;
};

/* ---- labels ---- */

/* What every file can hold without quotes: printable ASCII but for comma, quote and backslash. */
static void set_label(char to[REGION_LABEL], const char *from)
{
	size_t n = 0;

	for (; from[n] && n + 1 < REGION_LABEL; n++)
		to[n] = from[n] >= ' ' && from[n] <= '~' && !strchr(",\"\\", from[n]) ? from[n] : '_';
	to[n] = '\0';
}

/* The label that x1 means: a small number, or the address of a text. What cannot be read ends it. */
static void guest_label(struct cpu *c, u64 x1, char to[REGION_LABEL])
{
	memset(to, 0, REGION_LABEL);
	if (x1 < NUMBERS) {
		snprintf(to, REGION_LABEL, "%" PRIu64, x1);
		return;
	}
	for (size_t n = 0; n + 1 < REGION_LABEL; n++)
		if (!machine_read_va(c, x1 + n, to + n, 1) || !to[n]) {
			to[n] = '\0';
			return;
		}
}

/* What names a block. */
static const char *label(const struct regions *r)
{
	return r->inside ? r->region : r->marked;
}

/* ---- blocks ---- */

static bool report(struct machine *m)
{
	struct regions *r = m->regions;

	if (!m->cfg->stats_dir || r->failed)
		return false;
	if (!r->report) {
		r->failed = report_open(&r->report, m, m->cfg->stats_dir, &r->why) != 0;
		if (!r->failed)
			report_went_on(r->report, r->blocks);
	}
	return !r->failed;
}

static void block(struct machine *m, const char *kind)
{
	struct regions *r = m->regions;
	const struct report_block b = { .kind = kind, .label = label(r), .since = r->since_reset };

	if (report(m))
		report_block(r->report, &b);
}

static void interval(struct machine *m)
{
	struct regions *r = m->regions;
	const struct report_block b = { .kind = "interval", .label = label(r), .since = r->since_interval, .advance = true };

	if (report(m))
		report_block(r->report, &b);
}

static void restart_row(void *since, const struct stat_sample *s)
{
	char full[160];
	u64 *then;

	if (s->state)
		return;
	stats_full_name(s, full, sizeof(full));
	then = baseline_at(since, full);
	if (then)
		*then = s->value;
}

void machine_stats_reset(struct machine *m)
{
	stats_visit(m, restart_row, m->regions->since_reset);
}

void machine_stats_dump(struct machine *m)
{
	block(m, "dump");
}

void machine_stats_mark(struct machine *m, const char *label)
{
	struct regions *r = m->regions;

	set_label(r->marked, label);
	if (report(m))
		report_mark(r->report, r->marked);
}

/* The region that it needs is open, or the one that it opens is not. */
static bool armed(const struct regions *r, const struct trigger *t)
{
	return !t->done && (t->c->what >= TRIGGER_MARK || r->inside == (t->c->what == TRIGGER_STOP));
}

/* w may be due at `at`, or when the console says something. */
static void wait_for(struct regions *r, const struct config_when *w, u64 at)
{
	u64 *next = w->kind == WHEN_TIME ? &r->next_ps : &r->next_insns;

	if (w->kind == WHEN_CONSOLE)
		r->listens = true;
	else if (w->kind != WHEN_NEVER && at < *next)
		*next = at;
}

/* The earliest points at which anything can be due. */
static void plan(struct machine *m)
{
	struct regions *r = m->regions;

	r->next_insns = r->next_ps = UINT64_MAX;
	r->listens = false;
	wait_for(r, &m->cfg->stats_interval, r->interval_at);
	wait_for(r, &(struct config_when){ .kind = WHEN_INSNS }, debug_insns(m));
	for (size_t i = 0; i < m->cfg->n_triggers; i++)
		if (!r->trigger[i].done && (armed(r, &r->trigger[i]) || r->trigger[i].c->when.kind == WHEN_CONSOLE))
			wait_for(r, &r->trigger[i].c->when, r->trigger[i].at);
}

void regions_plan(struct machine *m)
{
	plan(m);
}

static void move(struct machine *m, bool inside)
{
	struct regions *r = m->regions;

	r->inside = inside;
	plan(m);
	if (m->cfg->timing_regions)
		for (unsigned i = 0; i < m->pes; i++)
			cpu_timing_on(m->seat[i].cpu, inside);
	if (r->changed)
		r->changed(r->changed_ctx, inside);
}

void machine_region_end(struct machine *m)
{
	struct regions *r = m->regions;

	if (!r->inside)
		return;
	block(m, "region");
	move(m, false);
}

/* Times and counts of the command line's relative stops. */
static void begin_triggers(struct machine *m)
{
	struct regions *r = m->regions;

	for (size_t i = 0; i < m->cfg->n_triggers; i++) {
		const struct config_trigger *c = &m->cfg->trigger[i];
		u64 now = c->when.kind == WHEN_TIME ? machine_now(m) : machine_insns(m);

		r->trigger[i].seen = false;
		if (c->when.relative)
			r->trigger[i].at = c->when.at > UINT64_MAX - now ? UINT64_MAX : now + c->when.at;
	}
}

void machine_region_begin(struct machine *m, const char *label)
{
	struct regions *r = m->regions;
	bool was = r->inside;

	if (was)
		block(m, "region");
	set_label(r->region, label);
	machine_stats_reset(m);
	begin_triggers(m);
	if (!was)
		move(m, true);
	else
		plan(m);
}

bool machine_in_region(const struct machine *m)
{
	return m->regions->inside;
}

void machine_on_region(struct machine *m, void (*changed)(void *ctx, bool inside), void *ctx)
{
	m->regions->changed = changed;
	m->regions->changed_ctx = ctx;
}

/* ---- what the guest asks for ---- */

/* The guest may write so many blocks. */
static bool guest_may_write(struct machine *m, u32 op)
{
	struct regions *r = m->regions;
	bool writes = op == MARKER_MARK || op == MARKER_DUMP || (r->inside && (op == MARKER_END || op == MARKER_BEGIN));

	if (!writes || !m->cfg->stats_dir || r->guest_blocks++ < GUEST_BLOCKS)
		return true;
	log_once(m->log, LOG_GUEST, "marker", 0, "more than %d dumps and marks: this and later ones are left out", GUEST_BLOCKS);
	return false;
}

static void act(struct machine *m, const struct request *q)
{
	if (!guest_may_write(m, q->op))
		return;
	switch (q->op) {
	case MARKER_BEGIN: machine_region_begin(m, q->label); break;
	case MARKER_END: machine_region_end(m); break;
	case MARKER_RESET: machine_stats_reset(m); break;
	case MARKER_DUMP: machine_stats_dump(m); break;
	case MARKER_MARK: machine_stats_mark(m, q->label); break;
	default: log_once(m->log, LOG_GUEST, "marker", q->op, "unknown operation %" PRIu32, q->op);
	}
}

/* The PE that runs stops after its instruction; under --parallel all do, by an end of the run that is none (machine_run()). */
static void stop_here(struct machine *m)
{
	if (m->par)
		parallel_pause(m);
	else if (m->running)
		cpu_attention(m->running->cpu, ATTN_STOP);
}

void regions_ask(void *ctx, u32 op, const char *label)
{
	struct machine *m = ctx;
	struct regions *r = m->regions;
	struct request *q = &r->request[r->requests];

	if (r->requests == REQUESTS) {
		log_once(m->log, LOG_GUEST, "marker", 1, "too many operations at once");
		return;
	}
	r->requests++;
	q->op = op;
	set_label(q->label, label ? label : "");
	stop_here(m);
}

void regions_hint(void *ctx, struct cpu *c)
{
	char label[REGION_LABEL];

	guest_label(c, c->x[1], label);
	regions_ask(ctx, (u32)c->x[0], label);
}

/* ---- what the command line asks for ---- */

void regions_console(struct machine *m, u8 byte)
{
	struct regions *r = m->regions;
	bool any = false;

	if (!r->listens)
		return;
	memmove(r->said, r->said + 1, sizeof(r->said) - 1);
	r->said[sizeof(r->said) - 1] = (char)byte;
	for (size_t i = 0; i < m->cfg->n_triggers; i++) {
		struct trigger *t = &r->trigger[i];
		const char *text = t->c->when.text;

		if (t->c->when.kind != WHEN_CONSOLE || t->seen || !armed(r, t))
			continue;
		t->seen = !memcmp(r->said + sizeof(r->said) - strlen(text), text, strlen(text));
		any |= t->seen;
	}
	if (any)
		stop_here(m);
}

static bool due(const struct machine *m, const struct trigger *t)
{
	if (!armed(m->regions, t))
		return false;
	switch (t->c->when.kind) {
	case WHEN_INSNS: return machine_insns(m) >= t->at;
	case WHEN_TIME: return machine_now(m) >= t->at;
	default: return t->seen;
	}
}

static bool act_trigger(struct machine *m, struct trigger *t)
{
	if (!due(m, t))
		return false;
	t->done = true;
	switch (t->c->what) {
	case TRIGGER_START: machine_region_begin(m, t->c->when.typed); break;
	case TRIGGER_STOP: machine_region_end(m); break;
	case TRIGGER_MARK: machine_stats_mark(m, t->c->when.typed); break;
	case TRIGGER_SAVE: m->regions->save = t->c; break;
	}
	return true;
}

static bool act_interval(struct machine *m)
{
	struct regions *r = m->regions;
	const struct config_when *every = &m->cfg->stats_interval;
	u64 now = every->kind == WHEN_TIME ? machine_now(m) : machine_insns(m);

	if (every->kind == WHEN_NEVER || now < r->interval_at)
		return false;
	interval(m);
	r->interval_at = (now / every->at + 1) * every->at;
	return true;
}

/* --save-at. A snapshot that cannot be written is no reason to end the run. */
static void save(struct machine *m)
{
	struct why why;

	if (machine_save(m, m->regions->save->file, &why))
		log_at(m->log, LOG_HOST, "--save-at", "%s", why.text);
	m->regions->save = NULL;
}

/* Everything that is due now. False: nothing was. */
static bool serve(struct machine *m)
{
	struct regions *r = m->regions;
	bool any = act_interval(m) || r->requests;

	for (unsigned i = 0; i < r->requests; i++)
		act(m, &r->request[i]);
	r->requests = 0;
	for (size_t i = 0; i < m->cfg->n_triggers; i++)
		any |= act_trigger(m, &r->trigger[i]);
	any |= debug_at_insns(m);
	if (any)
		plan(m);
	if (r->save)
		save(m);
	return any;
}

/* ---- in the machine's loop ---- */

/*
 * With one PE its time is the machine's; with several a point in time is the end of the round in which it lies. Instructions that
 * fault take time but do not count, so a PE may have to be asked again; a timing model may do several in a cycle (stop_insns).
 */
u64 regions_until(const struct machine *m, const struct seat *s)
{
	const struct regions *r = m->regions;
	u64 until = m->round_end, insns;

	s->cpu->stop_insns = 0;
	if (m->pes == 1 && r->next_ps < until)
		until = r->next_ps;
	if (likely(r->next_insns == UINT64_MAX) || s->ps >= until)
		return until;
	insns = machine_insns(m);
	insns = r->next_insns > insns ? r->next_insns - insns : 0;
	s->cpu->stop_insns = cpu_insns(s->cpu) + insns;
	return insns < (until - s->ps) / s->cpu->period_ps ? s->ps + insns * s->cpu->period_ps : until;
}

bool regions_turn(struct machine *m, const struct seat *s, u64 until)
{
	const struct regions *r = m->regions;
	bool any = s->ps >= until;

	if (r->requests || s->ps >= r->next_ps || r->listens || (r->next_insns != UINT64_MAX && machine_insns(m) >= r->next_insns))
		any |= serve(m);
	return any && s->ps < m->round_end && machine_runnable(s) && !m->ended && !m->reboot;
}

void regions_between(struct machine *m)
{
	const struct regions *r = m->regions;

	if (r->requests || r->listens || m->now >= r->next_ps || r->next_insns != UINT64_MAX)
		serve(m);
}

bool regions_due(const struct machine *m, u64 now)
{
	return now >= m->regions->next_ps;
}

/* ---- snapshots ---- */

static void snap_label(struct snap *s, char label[REGION_LABEL])
{
	char copy[REGION_LABEL];

	memcpy(copy, label, sizeof copy);
	snap_bytes(s, copy, sizeof copy);
	snap_check(s, !copy[sizeof copy - 1], "end of a label");
	if (s->loading)
		set_label(label, s->failed ? "" : copy);
}

static void snap_requests(struct regions *r, struct snap *s)
{
	u32 n = r->requests;

	snap_u32(s, &n);
	snap_check(s, n <= REQUESTS, "number of operations of the guest");
	for (u32 i = 0; i < n && !s->failed; i++) {
		snap_u32(s, &r->request[i].op);
		snap_label(s, r->request[i].label);
	}
	r->requests = s->failed ? 0 : n;
}

/* The same point of this command line, or NULL. */
static struct trigger *find_trigger(struct machine *m, u8 what, const char *typed)
{
	for (size_t i = 0; i < m->cfg->n_triggers; i++)
		if (m->cfg->trigger[i].what == what && !strcmp(m->cfg->trigger[i].when.typed, typed))
			return &m->regions->trigger[i];
	return NULL;
}

static void snap_trigger(struct machine *m, struct trigger *t, struct snap *s)
{
	char typed[128] = "";
	struct trigger one = { 0 };
	u8 what = 0;

	if (t) {
		one = *t;
		what = (u8)t->c->what;
		snprintf(typed, sizeof typed, "%s", t->c->when.typed);
	}
	snap_u8(s, &what);
	snap_bytes(s, typed, sizeof typed);
	snap_u64(s, &one.at);
	snap_bool(s, &one.seen);
	snap_bool(s, &one.done);
	snap_check(s, !typed[sizeof typed - 1], "end of a point");
	t = s->loading && !s->failed ? find_trigger(m, what, typed) : NULL;
	if (t) {
		one.c = t->c;
		*t = one;
	}
}

void regions_snap(struct machine *m, struct snap *s)
{
	struct regions *r = m->regions;
	u32 n = (u32)m->cfg->n_triggers, blocks = r->guest_blocks;
	u64 written = r->report ? report_blocks(r->report) : r->blocks;

	snap_label(s, r->region);
	snap_label(s, r->marked);
	snap_bool(s, &r->inside);
	snap_u32(s, &blocks);
	snap_requests(r, s);
	snap_bytes(s, r->said, sizeof r->said);
	snap_u64(s, &r->interval_at);
	snap_u64(s, &written);
	snap_u32(s, &n);
	snap_check(s, n <= CONFIG_MAX_TRIGGERS, "number of points");
	for (u32 i = 0; i < n && !s->failed; i++)
		snap_trigger(m, s->loading ? NULL : &r->trigger[i], s);
	baseline_snap(r->since_reset, s);
	baseline_snap(r->since_interval, s);
	if (!s->loading || s->failed)
		return;
	r->guest_blocks = blocks;
	r->blocks = written;
	if (r->report)
		report_went_on(r->report, written);
	r->save = NULL;
	move(m, r->inside);
}

/* ---- life ---- */

int make_regions(struct machine *m, struct why *why)
{
	struct regions *r = calloc(1, sizeof(*r));

	if (!r)
		return why_set(why, ENOMEM, "no memory for regions");
	m->regions = r;
	r->since_reset = baseline_new();
	r->since_interval = baseline_new();
	if (!r->since_reset || !r->since_interval)
		return why_set(why, ENOMEM, "no memory for regions");
	r->interval_at = m->cfg->stats_interval.at;
	for (size_t i = 0; i < m->cfg->n_triggers; i++)
		r->trigger[i] = (struct trigger){ .c = &m->cfg->trigger[i], .at = m->cfg->trigger[i].when.at };
	plan(m);
	return 0;
}

void free_regions(struct machine *m)
{
	struct regions *r = m->regions;

	if (!r)
		return;
	for (size_t i = 0; i < m->cfg->n_triggers; i++)
		if (m->cfg->trigger[i].what == TRIGGER_SAVE && r->trigger[i].c && !r->trigger[i].done)
			log_at(m->log, LOG_HOST, "--save-at", "%s: the run ended before", m->cfg->trigger[i].when.typed);
	report_drop(r->report);
	baseline_free(r->since_reset);
	baseline_free(r->since_interval);
	free(r);
	m->regions = NULL;
}

int regions_finish(struct machine *m, const char *dir, struct why *why)
{
	struct regions *r = m->regions;
	struct report *report = r->report;
	int ret = 0;

	if (r->failed) {
		*why = r->why;
		return -EIO;
	}
	if (m->cfg->stats_interval.kind != WHEN_NEVER)
		interval(m); /* what is left of the last one */
	machine_region_end(m);
	report = r->report;
	r->report = NULL;
	if (!report) {
		ret = report_open(&report, m, dir, why);
		if (!ret)
			report_went_on(report, r->blocks);
	}
	return ret ? ret : report_close(report, why);
}
