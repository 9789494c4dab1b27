/*
 * See snapshot.h. One table of parts is what snapshots and the end digest go over. The parts that are about what is seen of a run
 * instead of what it does (regions, the log) are no part of the digest: a run with regions has the digest of one without.
 *
 * Not in it: what stands outside (files, connections), traces, and all that can be derived: decoded code, fast TLBs.
 */
#include "machine/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/snap.h"
#include "cpu/context.h"
#include "cpu/observe.h"
#include "cpu/seen.h"
#include "machine/machine_priv.h"
#include "machine/snapshot_config.h"
#include "machine/snapshot_file.h"
#include "machine/trace.h"
#include "mmu/check.h"

/* Times from here on leave no room for sums. */
#define TIME_MAX BIT(62)

static void snap_board(struct machine *m, struct snap *s)
{
	bus_snap(m->bus, s);
}

static void snap_pes(struct machine *m, struct snap *s)
{
	for (unsigned i = 0; i < m->pes; i++) {
		struct seat *seat = &m->seat[i];

		snap_section(s, "pe", 1);
		cpu_snap(seat->cpu, s);
		mmu_snap(seat->cpu->mmu, s);
		snap_u64(s, &seat->ps);
		snap_bool(s, &seat->on);
		snap_check(s, seat->ps < TIME_MAX && seat->cpu->slice_ps < TIME_MAX, "time of a PE");
	}
	if (m->caches)
		cache_shared_snap(m->caches, s);
}

static void snap_timers(struct machine *m, struct snap *s)
{
	timer_snap(m->timers, s);
}

static void snap_semihosting(struct machine *m, struct snap *s)
{
	if (m->semihost)
		semihost_snap(m->semihost, s);
}

static void snap_time(struct machine *m, struct snap *s)
{
	const struct event *e = m->queue.head;

	snap_u64(s, &m->now);
	snap_u64(s, (u64 *)&m->rtc_start);
	snap_u64(s, &m->next_poll);
	snap_bool(s, &m->reboot);
	snap_u64(s, &m->queue.seq);
	snap_u64(s, &m->queue.now);
	snap_check(s, m->now < TIME_MAX && m->next_poll < TIME_MAX && m->queue.now < TIME_MAX, "time");
	for (; s->loading && e; e = e->next)
		snap_check(s, e->seq < m->queue.seq, "number of an event");
}

/* Whose turn it is, and what ended it. */
static void snap_turns(struct machine *m, struct snap *s)
{
	const struct seat *in = m->running ? m->running : m->turn;
	u32 turn = in ? (u32)(in - m->seat) + 1 : 0;

	snap_u32(s, &turn);
	snap_u64(s, &m->round_end);
	snap_check(s, turn <= m->pes && m->round_end < TIME_MAX, "whose turn it is");
	if (s->loading)
		m->turn = turn && !s->failed ? &m->seat[turn - 1] : NULL;
	for (unsigned i = 0; i < m->pes; i++) {
		struct cpu *c = m->seat[i].cpu;
		const u32 own = ATTN_PINS | ATTN_CONTEXT | ATTN_STOP; /* the others are the debugger's */
		u32 attn = c->attn & own;

		snap_u32(s, &attn);
		snap_check(s, !(attn & ~own), "attention of a PE");
		snap_bool(s, &c->run_single);
		snap_bool(s, &c->observe_again);
		if (attn & ATTN_CONTEXT)
			seen_snap_left(c, s);
		if (s->loading && !s->failed)
			c->attn = attn | (c->attn & ~own);
	}
}

static void snap_checker(struct machine *m, struct snap *s)
{
	if (m->checker)
		checker_snap(m->checker, s);
}

static void snap_log(struct machine *m, struct snap *s)
{
	log_snap(m->log, s);
}

/*
 * A part's version goes up with each change of what it holds, also in a section inside it: versions of parts are compared before
 * anything is loaded, those inside only on the way.
 */
static const struct part {
	const char *name;
	u32 version;
	bool digest;
	void (*snap)(struct machine *m, struct snap *s);
} parts[] = {
	{ "memory and devices", 2, true, snap_board },
	{ "PEs", 2, true, snap_pes },
	{ "timers", 1, true, snap_timers },
	{ "networks", 1, true, snap_backends },
	{ "semihosting", 2, true, snap_semihosting },
	{ "time", 1, true, snap_time },
	{ "turns", 1, false, snap_turns },
	{ "TLB checker", 1, false, snap_checker },
	{ "regions", 2, false, regions_snap },
	{ "log", 1, false, snap_log },
};

void machine_digest(struct machine *m, char hex[65])
{
	struct snap_digest *d = snap_digest_new();
	struct snap *s = snap_digest_stream(d);

	for (unsigned i = 0; i < m->pes; i++)
		context_drain(m->seat[i].cpu);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i].digest)
			parts[i].snap(m, s);
	snap_digest_end(d, hex);
}

int machine_save(struct machine *m, const char *path, struct why *why)
{
	char *config = snapshot_config_text(m, why);
	struct snapshot_writer *w;
	int r;

	if (!config)
		return -EIO;
	r = snapshot_create(&w, path, "trapline-" TRAPLINE_VERSION, config, why);
	free(config);
	if (r)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		parts[i].snap(m, snapshot_begin(w, parts[i].name, parts[i].version));
	return snapshot_commit(w, why);
}

static int check_sections(struct snapshot_reader *r, struct why *why)
{
	struct snapshot_section want[ARRAY_SIZE(parts)];

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		want[i] = (struct snapshot_section){ parts[i].name, parts[i].version };
	return snapshot_has(r, want, ARRAY_SIZE(want), why) ? 0 : -EINVAL;
}

static int check_config(struct machine *m, struct snapshot_reader *r, const char *path, struct why *why)
{
	char *config = snapshot_config_text(m, why);
	int ret;

	if (!config)
		return -EIO;
	ret = snapshot_config_differs(path, snapshot_config(r), config, why) ? -EINVAL : 0;
	free(config);
	return ret;
}

static int load_parts(struct machine *m, struct snapshot_reader *r, struct why *why)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		parts[i].snap(m, snapshot_load(r, i));
		if (!snapshot_loaded(r, why))
			return -EBADMSG;
	}
	for (unsigned i = 0; i < m->pes; i++) {
		if (m->par)
			cpu_code_recheck(m->seat[i].cpu);
		if (!(m->seat[i].cpu->attn & ATTN_CONTEXT)) /* else it does so first of all */
			cpu_update_context(m->seat[i].cpu); /* the fast TLB's contexts are new */
		if (m->seat[i].cpu->observers)
			observe_reset(m->seat[i].cpu);
	}
	return 0;
}

/* A trace cannot follow a jump in time. One of a machine that has not run yet begins with what is loaded. */
static int check_traces(const struct machine *m, const char *path, struct why *why)
{
	if ((m->perfetto || m->tarmac) && (m->now || m->running || m->turn))
		return why_set(why, EBUSY, "snapshot %s: --trace and --tarmac cannot follow it; start again with --restore", path);
	return 0;
}

static int load(struct machine *m, struct snapshot_reader *r, struct why *why)
{
	int ret;

	free_traces(m);
	if (m->checker)
		checker_clear(m->checker);
	m->restored++;
	ret = load_parts(m, r, why);
	if (!ret)
		ret = make_traces(m, why);
	m->lost = ret != 0;
	return ret;
}

int machine_restore(struct machine *m, const char *path, struct why *why)
{
	struct snapshot_reader *r;
	int ret = snapshot_open(&r, path, why);

	if (ret)
		return ret;
	ret = check_config(m, r, path, why);
	if (!ret)
		ret = check_sections(r, why);
	if (!ret)
		ret = check_traces(m, path, why);
	if (!ret)
		ret = load(m, r, why);
	snapshot_close(r);
	return ret;
}

unsigned machine_restored(const struct machine *m)
{
	return m->restored;
}

bool machine_lost(const struct machine *m)
{
	return m->lost;
}
