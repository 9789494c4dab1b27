/*
 * Random guests on random boards: whatever they do, the emulator must neither crash nor hang, and a
 * guest's run must not depend on how it is executed. Each seed is run twice the same way, with blocks
 * of one and of a few instructions, with every TLB lookup made by the model, and half of it in another machine that a snapshot was
 * loaded into; the end digests must be the same, and the model's lookups the counted ones. Meant for the sanitizer build.
 *
 *	fuzz_guest [--seed S] [--runs N] [--seconds N] [--us N]
 *
 * Each guest gets --us virtual microseconds (20). A difference is narrowed down to the first nanosecond
 * after which it can be seen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cpu/context.h"
#include "machine/machine_priv.h"
#include "machine/snapshot.h"
#include "tests/fuzz/guest_world.h"
#include "tests/fuzz/loop.h"

enum { PS_PER_NS = 1000 };

/* How a guest is run. */
struct way {
	const char *name;
	u32 max_block; /* 0: no limit */
	bool reference, logged, restored;
};
static const struct way ways[] = {
	{ .name = "as always" }, { .name = "again, logged", .logged = true },
	{ .name = "blocks of 1", .max_block = 1 }, { .name = "blocks of 3", .max_block = 3 },
	{ .name = "blocks of 17", .max_block = 17 }, { .name = "TLB reference", .reference = true },
	{ .name = "restored", .restored = true },
};

struct run {
	struct config cfg;
	struct machine *m;
	struct log *log;
	struct event stop;
	bool restored;
	u64 part; /* of 16: where the first half ends */
	char digest[65];
};

/* ---- One run ---- */

static void stop(void *ctx, u64 late)
{
	(void)late;
	machine_end_with(ctx, MACHINE_STOPPED);
}

/* Counters of the reference mode alone: compared with the lookups, then cleared for the digest. */
static bool model_counts(struct machine *m, bool tell)
{
	struct cpu_stats counted = { 0 };
	struct mmu_stats model = { 0 };
	bool same;

	for (unsigned i = 0; i < m->pes; i++) {
		context_drain(m->seat[i].cpu);
		for (struct context *x = m->seat[i].cpu->contexts; x; x = x->next) {
			model.l1i_model += x->mmu.l1i_model;
			model.l1d_model += x->mmu.l1d_model;
			counted.i_lookup += x->cpu.i_lookup;
			counted.d_lookup += x->cpu.d_lookup;
			context_no_model(x);
		}
	}
	same = model.l1i_model == counted.i_lookup && model.l1d_model == counted.d_lookup;
	if (!same && tell)
		printf("  lookups counted / made: instructions %" PRIu64 " / %" PRIu64 ", data %" PRIu64 " / %" PRIu64 "\n",
		       counted.i_lookup, model.l1i_model, counted.d_lookup, model.l1d_model);
	return same;
}

static const struct machine_io io;

/* What it is goes to a new machine. */
static void pass_on(struct run *r)
{
	struct machine *m = NULL;
	struct why why = { "" };
	char path[64];

	snprintf(path, sizeof(path), "/dev/shm/fuzz_guest.%d", (int)getpid());
	if (machine_save(r->m, path, &why) || machine_new(&m, &r->cfg, &io, r->log, &why) || machine_restore(m, path, &why))
		fuzz_bad("no snapshot: %s", why.text);
	unlink(path);
	machine_free(r->m);
	r->m = m;
}

static void run_begin(struct run *r, u64 seed, const struct way *way, FILE *sink)
{
	struct why why;

	memset(r, 0, sizeof(*r));
	world_config(&r->cfg, seed);
	r->cfg.max_block = way->max_block;
	r->cfg.tlb_reference = way->reference;
	r->restored = way->restored;
	r->part = seed % 16;
	r->log = log_new(sink, way->logged ? LOG_GUEST | LOG_UNIMPL | LOG_INT | LOG_MMU : 0);
	if (machine_new(&r->m, &r->cfg, &io, r->log, &why)) {
		fprintf(stderr, "seed %" PRIu64 ": %s\n", seed, why.text);
		exit(2);
	}
	world_fill(r->m, seed);
}

static enum machine_end run_for(struct run *r, u64 ns)
{
	r->stop = (struct event){ .name = "fuzz", .fire = stop, .ctx = r->m };
	event_at(&r->m->queue, &r->stop, ns * PS_PER_NS);
	return machine_run(r->m);
}

/* false: the reference mode looked up something else than was counted. */
static bool run_to(struct run *r, u64 ns, bool tell)
{
	bool ok = true;

	if (run_for(r, ns * r->part / 16) == MACHINE_STOPPED) {
		if (r->restored)
			pass_on(r);
		run_for(r, ns);
	}
	if (r->cfg.tlb_reference)
		ok = model_counts(r->m, tell);
	machine_digest(r->m, r->digest);
	return ok;
}

static void run_end(struct run *r)
{
	machine_free(r->m);
	log_free(r->log);
	r->cfg.boot.builtin = NULL;
	config_free(&r->cfg);
}

/* ---- Comparing ---- */

/* Whether way b differs from the first way after ns. */
static bool differs(u64 seed, const struct way *way, u64 ns, FILE *sink)
{
	struct run a, b;
	bool same;

	run_begin(&a, seed, &ways[0], sink);
	run_to(&a, ns, false);
	run_begin(&b, seed, way, sink);
	same = run_to(&b, ns, false) && !strcmp(a.digest, b.digest);
	run_end(&a);
	run_end(&b);
	return !same;
}

static void print_pe(const char *who, const struct machine *m, unsigned i)
{
	const struct cpu *c = m->seat[i].cpu;
	u32 word = 0;

	machine_read_va((struct cpu *)c, c->pc, &word, 4);
	printf("  %s: PE %u pc %#" PRIx64 " (%08x) EL%u nzcv %x daif %x insns %" PRIu64 " %s\n", who, i, c->pc, word, c->el,
	       cpu_nzcv(c) >> 28, c->daif, cpu_insns(c), c->waiting ? "asleep" : "");
}

static void print_difference(const struct machine *a, const struct machine *b, unsigned i)
{
	const struct cpu *x = a->seat[i].cpu, *y = b->seat[i].cpu;
	const u64 *s = (const u64 *)&x->sys, *t = (const u64 *)&y->sys;
	const struct context *p = x->contexts, *q = y->contexts;

	print_pe("first", a, i);
	print_pe("other", b, i);
	for (unsigned k = 0; k < 32; k++)
		if (x->x[k] != y->x[k])
			printf("    x%u %#" PRIx64 " / %#" PRIx64 "\n", k, x->x[k], y->x[k]);
	for (size_t k = 0; k < sizeof(x->sys) / 8; k++)
		if (s[k] != t[k])
			printf("    sys+%zu %#" PRIx64 " / %#" PRIx64 "\n", k * 8, s[k], t[k]);
	for (; p && q; p = p->next, q = q->next) {
		for (size_t k = 0; k < sizeof(p->cpu) / 8; k++)
			if (((const u64 *)&p->cpu)[k] != ((const u64 *)&q->cpu)[k])
				printf("    EL%u %s %" PRIu64 " / %" PRIu64 "\n", p->el, cpu_stat_rows[k].name,
				       ((const u64 *)&p->cpu)[k], ((const u64 *)&q->cpu)[k]);
		for (size_t k = 0; k < sizeof(p->mmu) / 8; k++)
			if (((const u64 *)&p->mmu)[k] != ((const u64 *)&q->mmu)[k])
				printf("    EL%u %s %" PRIu64 " / %" PRIu64 "\n", p->el, mmu_stat_rows[k].name,
				       ((const u64 *)&p->mmu)[k], ((const u64 *)&q->mmu)[k]);
	}
}

static void explain(u64 seed, const struct way *way, u64 ns, FILE *sink)
{
	u64 same = 0, other = ns;
	struct run a, b;

	while (other - same > 1) {
		u64 middle = same + (other - same) / 2;

		if (differs(seed, way, middle, sink))
			other = middle;
		else
			same = middle;
	}
	run_begin(&a, seed, &ways[0], sink);
	run_to(&a, same, false);
	printf("seed %" PRIu64 ", %s: differs after %" PRIu64 " ns (%s, %u PEs%s%s%s%s)\n", seed, way->name, other, a.cfg.cpu,
	       a.cfg.pes, a.cfg.secure ? ", EL3" : "", a.cfg.virtualization ? ", EL2" : "", a.cfg.tlb ? ", " : "",
	       a.cfg.tlb ? a.cfg.tlb : "");
	for (unsigned i = 0; i < a.m->pes; i++)
		print_pe("before", a.m, i);
	run_end(&a);
	run_begin(&a, seed, &ways[0], sink);
	run_to(&a, other, false);
	run_begin(&b, seed, way, sink);
	run_to(&b, other, true);
	for (unsigned i = 0; i < a.m->pes; i++)
		print_difference(a.m, b.m, i);
	run_end(&a);
	run_end(&b);
}

static bool try_seed(u64 seed, u64 ns, FILE *sink)
{
	struct run first, other;
	bool good = true;

	run_begin(&first, seed, &ways[0], sink);
	run_to(&first, ns, false);
	for (size_t i = 1; i < ARRAY_SIZE(ways) && good; i++) {
		run_begin(&other, seed, &ways[i], sink);
		good = run_to(&other, ns, false) && !strcmp(first.digest, other.digest);
		run_end(&other);
		if (!good)
			explain(seed, &ways[i], ns, sink);
	}
	run_end(&first);
	return good;
}

/* ---- Around it ---- */

void fuzz_case(struct random *r)
{
	static FILE *sink;

	if (!sink)
		sink = fopen("/dev/null", "w");
	if (!try_seed(r->seed, fuzz_option("--us", 20) * 1000, sink))
		fuzz_bad("how it is run shows");
}
