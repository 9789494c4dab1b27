/*
 * The execution test: random programs on Trapline's engine and on an AArch64 reference, all
 * registers, flags, FPCR, FPSR and memory compared; what differs is shrunk to the shortest program
 * and printed. Run by insn.sh.
 *
 * insn_host [--jobs N] REFERENCE... -- one COUNT SEED [NAME]	every row (whose name starts with
 * NAME) on COUNT operand sets at least, each set with a state and a run of its own
 * insn_host [--jobs N] REFERENCE... -- sweep COUNT SEED [NAME]	the same with hundreds of sets in a
 * run, which loops over them
 * insn_host [--jobs N] REFERENCE... -- chain COUNT SEED		COUNT runs of short programs
 * of any instructions
 *
 * REFERENCE is the command that runs insn_guest. The result does not depend on N, how many
 * processes share the work. Status 0: everything agreed and every row was run.
 */
#define _GNU_SOURCE
#include <capstone/capstone.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "insn_agree.h"
#include "insn_cover.h"
#include "insn_gen.h"
#include "insn_known.h"
#include "insn_pe.h"
#include "insn_sweep.h"
#include "insn_value.h"

enum { ONE_RUNS = 7, CHAIN_RUNS = 4, SWEEP_SETS = 256, REPORTS = 12, ROUNDS = 6, JOBS_MAX = 64 };
_Static_assert(FIRST_GUARDED % SWEEP_SPAN == 0, "loops have whole data");

enum mode { MODE_ONE, MODE_SWEEP, MODE_CHAIN };
struct task {
	enum mode mode;
	u64 count, seed;
	const char *prefix;
	u32 job, jobs;
};

struct bench {
	struct share *share;
	struct pe *pe;
	int to, from; /* pipes of the reference */
	pid_t child;
	csh capstone;
	struct program program[BATCH_PROGRAMS];
	struct state got[BATCH_RUNS];
	u64 start[BATCH_RUNS];	/* the generator before it made the run's state */
	u32 next, next_guarded; /* runs with data that are free */
	struct cover *cover;
	u64 rng;
	u32 reports;
};

/* ---- the reference ---- */

static bool start_reference(struct bench *b, char **command)
{
	int in[2], out[2], fd = memfd_create("share", 0);

	if (fd < 0 || ftruncate(fd, sizeof *b->share) || pipe(in) || pipe(out))
		return false;
	b->share = mmap(NULL, sizeof *b->share, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	b->child = fork();
	if (b->child == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		if (fd != SHARE_FD)
			dup2(fd, SHARE_FD);
		close(in[1]);
		close(out[0]);
		execvp(command[0], command);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	b->to = in[1];
	b->from = out[0];
	return b->share != MAP_FAILED && b->child > 0;
}

static void reference_died(void)
{
	fprintf(stderr, "insn_host: the reference ended\n");
	exit(1);
}

/* Both sides execute the batch at the same time. */
static void execute(struct bench *b)
{
	struct share *s = b->share;
	char byte = 0;

	if (write(b->to, &byte, 1) != 1)
		reference_died();
	pe_load(b->pe, s);
	for (u32 k = 0; k < s->runs; k++) {
		u32 i = s->run[k];

		pe_run(b->pe, s->program[i], &s->before[i], &b->got[i]);
	}
	if (read(b->from, &byte, 1) != 1)
		reference_died();
}

static bool run_agrees(const struct bench *b, const struct program *p, u32 run)
{
	const struct share *s = b->share;

	return insn_agrees(p, VA_SLOT(s->program[run]), VA_RUN(run), &s->before[run],
			   &s->after[run], &b->got[run], s->data[run], pe_data(b->pe, run));
}

static const struct insn *row_of(const struct bench *b, u32 w)
{
	return a64_decode(w, pe_features(b->pe));
}

/* ---- shrinking ---- */

struct failure {
	u32 slot, run;
	struct program p;
	struct state before;
	u8 data[DATA_SIZE];
};

/* Executes a candidate alone, ours several times, because later entries of a block take other ways
 * than the first. */
static bool still_differs(struct bench *b, const struct failure *f)
{
	struct share *s = b->share;

	s->programs = f->slot + 1;
	s->runs = 1;
	s->run[0] = f->run;
	s->program[f->run] = f->slot;
	gen_image(&f->p, f->slot, s->code[f->slot]);
	s->before[f->run] = f->before;
	memcpy(s->data[f->run], f->data, DATA_SIZE);
	memcpy(pe_data(b->pe, f->run), f->data, DATA_SIZE);
	execute(b);
	for (u32 i = 0; i < 4; i++) {
		if (!run_agrees(b, &f->p, f->run))
			return true;
		memcpy(pe_data(b->pe, f->run), f->data, DATA_SIZE);
		pe_run(b->pe, f->slot, &f->before, &b->got[f->run]);
	}
	return false;
}

static bool is_branch(const struct bench *b, u32 w)
{
	const struct insn *row = row_of(b, w);

	return row && (row->cls == CL_BRANCH || row->cls == CL_BRANCH_IND);
}

static void shrink_program(struct bench *b, struct failure *f)
{
	struct failure try;
	bool straight = true;

	for (u32 i = f->p.n; i--;) {
		bool counter =
			i + 1 < f->p.n && f->p.word[i] == 0xd100079c && f->p.word[i + 1] != NOP;

		try = *f;
		try.p.word[i] = NOP;
		if (f->p.word[i] != NOP && !counter && still_differs(b, &try))
			*f = try;
	}
	for (u32 i = 0; i < f->p.n; i++)
		straight &= !is_branch(b, f->p.word[i]);
	for (u32 i = f->p.n; straight && i--;) {
		try = *f;
		memmove(&try.p.word[i], &try.p.word[i + 1], (--try.p.n - i) * 4);
		if (f->p.word[i] == NOP && still_differs(b, &try))
			*f = try;
	}
}

static void shrink_state(struct bench *b, struct failure *f)
{
	struct failure try;

	for (size_t i = 0; i < offsetof(struct state, pc) / 8; i++) {
		u64 *word = (u64 *)&f->before + i;

		try = *f;
		((u64 *)&try.before)[i] = 0;
		if (*word && still_differs(b, &try))
			*f = try;
	}
	try = *f;
	memset(try.data, 0, DATA_SIZE);
	if (still_differs(b, &try))
		*f = try;
}

/* ---- reports ---- */

static void print_word(struct bench *b, u64 at, u32 w)
{
	const struct insn *row = row_of(b, w);
	cs_insn *insn;

	if (cs_disasm(b->capstone, (const u8 *)&w, 4, at, 1, &insn) == 1) {
		printf("  %" PRIx64 ": %08x  %s %s\n", at, w, insn->mnemonic, insn->op_str);
		cs_free(insn, 1);
	} else {
		printf("  %" PRIx64 ": %08x  row %s\n", at, w, row ? row->name : "(none)");
	}
}

static const char *word_name(size_t i)
{
	static _Thread_local char name[16];
	static const char *const rest[] = { "nzcv", "fpcr", "fpsr", "pc", "stop", "far" };

	if (i < 31)
		snprintf(name, sizeof name, "x%zu", i);
	else if (i == 31)
		snprintf(name, sizeof name, "sp");
	else if (i < 96)
		snprintf(name, sizeof name, "v%zu.d[%zu]", (i - 32) / 2, i & 1);
	else
		snprintf(name, sizeof name, "%s", rest[i - 96]);
	return name;
}

static void print_failure(struct bench *b, const struct failure *f)
{
	const u64 *before = (const u64 *)&f->before, *want = (const u64 *)&b->share->after[f->run],
		  *got = (const u64 *)&b->got[f->run];
	const u8 *want_data = b->share->data[f->run], *got_data = pe_data(b->pe, f->run);

	for (u32 i = 0; i < f->p.n; i++)
		print_word(b, VA_SLOT(f->slot) + 4 + 4 * i, f->p.word[i]);
	for (size_t i = 0; i < 99; i++)
		if (before[i])
			printf("    before %-9s %016" PRIx64 "\n", word_name(i), before[i]);
	for (size_t i = 0; i < 102; i++)
		if (want[i] != got[i])
			printf("    %-9s reference %016" PRIx64 " here %016" PRIx64 "\n",
			       word_name(i), want[i], got[i]);
	for (unsigned i = 0; i < DATA_SIZE; i += 8)
		if (memcmp(want_data + i, got_data + i, 8))
			printf("    memory %llx reference %016" PRIx64 " here %016" PRIx64 "\n",
			       VA_RUN(f->run) + i, *(const u64 *)(want_data + i),
			       *(const u64 *)(got_data + i));
}

static int known(const struct bench *b, const struct program *p, u32 run)
{
	return insn_known(p, &b->share->before[run], &b->share->after[run], &b->got[run]);
}

/* Writes the run's state and data again as they were before. */
static void make_again(struct bench *b, const struct program *p, u32 run)
{
	struct share *s = b->share;
	u64 rng = b->start[run];

	if (p->sweep.sets)
		gen_sweep_state(&rng, p, run, s->program[run], &s->before[run], s->data[run], NULL,
				NULL);
	else
		gen_state(&rng, p, run, s->program[run], &s->before[run], s->data[run]);
}

/* The first round of a loop that differs by itself; false: it only differs in the loop. */
static bool find_round(struct bench *b, struct failure *f, const struct program *loop, u32 from)
{
	u8 *data = malloc(SWEEP_SPAN * DATA_SIZE);
	bool found = false;

	memcpy(data, b->share->data[f->run], SWEEP_SPAN * DATA_SIZE);
	memcpy(f->data, data, DATA_SIZE);
	for (u32 i = 0; i < loop->sweep.sets && !found; i++) {
		f->p = sweep_single(loop, data, (from + i) % loop->sweep.sets, &f->before);
		found = still_differs(b, f);
	}
	free(data);
	return found;
}

/* A run of the batch differs. True: for a known reason. */
static bool report(struct bench *b, u32 run, u32 round)
{
	const struct program *p = &b->program[b->share->program[run]];
	struct failure f = { .run = run, .slot = b->share->program[run], .p = *p };
	int reason;
	bool alone;

	make_again(b, p, run);
	f.before = b->share->before[run];
	if (p->sweep.sets) {
		alone = find_round(b, &f, p, round);
	} else {
		memcpy(f.data, b->share->data[run], DATA_SIZE);
		alone = still_differs(b, &f);
	}
	reason = alone ? known(b, &f.p, run) : -1;
	if (reason >= 0) {
		b->cover->n.known[reason]++;
		return true;
	}
	if (b->reports++ >= REPORTS)
		return false;
	printf("differs: %s\n", p->chain ? "chain" : p->row->name);
	if (alone) {
		shrink_program(b, &f);
		shrink_state(b, &f);
		still_differs(b, &f);
	} else {
		printf("  not when alone (round %u); the program:\n", round);
	}
	print_failure(b, &f);
	fflush(stdout);
	return false;
}

/* ---- batches ---- */

static void note_operands(void *ctx, const struct program *p, const struct state *s)
{
	struct bench *b = ctx;

	cover_operands(b->cover, p, s);
}

/* One run of the program in that slot; its data are at `run`. */
static void add_run(struct bench *b, u32 slot, u32 run)
{
	struct share *s = b->share;
	const struct program *p = &b->program[slot];

	s->run[s->runs++] = run;
	s->program[run] = slot;
	b->start[run] = b->rng;
	if (p->sweep.sets) {
		gen_sweep_state(&b->rng, p, run, slot, &s->before[run], s->data[run], note_operands,
				b);
		memcpy(pe_data(b->pe, run) + SWEEP_IN, s->data[run] + SWEEP_IN,
		       (size_t)p->sweep.sets * p->sweep.in_size);
	} else {
		gen_state(&b->rng, p, run, slot, &s->before[run], s->data[run]);
		if (!p->chain)
			cover_operands(b->cover, p, &s->before[run]);
	}
	if (gen_has_data(p))
		memcpy(pe_data(b->pe, run), s->data[run], DATA_SIZE);
}

/* Shrinking uses the batch's places, so it comes last. */
static void compare_batch(struct bench *b)
{
	struct share *s = b->share;
	u32 differ[BATCH_RUNS], round[BATCH_RUNS], n = 0;
	int reason;

	for (u32 k = 0; k < s->runs; k++) {
		u32 run = s->run[k];
		const struct program *p = &b->program[s->program[run]];

		cover_run(b->cover, p, &s->after[run]);
		if (run_agrees(b, p, run))
			continue;
		reason = p->sweep.sets ? -1 : known(b, p, run);
		if (reason >= 0) {
			b->cover->n.known[reason]++;
			continue;
		}
		if (n && s->program[differ[n - 1]] == s->program[run]) {
			b->cover->n.differ++; /* one report of a program is enough */
			continue;
		}
		round[n] = p->sweep.sets ? sweep_differs(p, s->data[run], pe_data(b->pe, run)) : 0;
		differ[n++] = run;
	}
	for (u32 i = 0; i < n; i++)
		b->cover->n.differ += !report(b, differ[i], round[i]);
}

static void finish_batch(struct bench *b)
{
	struct share *s = b->share;

	if (s->runs) {
		u64 before = pe_insns(b->pe);

		execute(b);
		b->cover->n.runs += s->runs;
		b->cover->n.insns += pe_insns(b->pe) - before;
		compare_batch(b);
	}
	s->programs = s->runs = 0;
	b->next = 0;
	b->next_guarded = FIRST_GUARDED;
}

static void make_room(struct bench *b, u32 runs)
{
	if (b->share->programs == BATCH_PROGRAMS || b->next + runs > FIRST_GUARDED ||
	    b->next_guarded == BATCH_RUNS)
		finish_batch(b);
}

static void add_program(struct bench *b, u32 runs, bool guarded)
{
	u32 slot = b->share->programs++;

	gen_image(&b->program[slot], slot, b->share->code[slot]);
	for (u32 i = 0; i < runs; i++)
		add_run(b, slot, b->next++);
	if (guarded)
		add_run(b, slot, b->next_guarded++);
}

/* Returns how many operand sets were added. */
static u32 add_one(struct bench *b, const struct insn *row)
{
	struct program *p;

	make_room(b, ONE_RUNS);
	p = &b->program[b->share->programs];
	if (!gen_one(&b->rng, row, pe_features(b->pe), p))
		return 0;
	add_program(b, ONE_RUNS, p->base >= 0);
	return ONE_RUNS;
}

static u32 add_sweep(struct bench *b, const struct insn *row, u64 count)
{
	u32 sets = count > 64 * SWEEP_SETS ? SWEEP_SETS : (u32)(count / 64 + 8), slot, n;
	struct program *p;

	make_room(b, SWEEP_SPAN);
	slot = b->share->programs;
	p = &b->program[slot];
	if (!gen_one(&b->rng, row, pe_features(b->pe), p))
		return 0;
	if (!p->use.read.general && !p->use.read.vector && !p->use.flags)
		sets = 8 + sets / 8; /* only the word varies */
	if (!sweep_wrap(&b->rng, pe_features(b->pe), sets, p))
		return 0;
	n = p->sweep.sets;
	add_program(b, 1, false);
	b->next += SWEEP_SPAN - 1;
	return n;
}

/* ---- tasks ---- */

/* The generator of a part of the task: the same whichever process does it. */
static u64 part_seed(const struct task *t, u64 part)
{
	u64 rng = t->seed ^ part * 0x9e6c63d0876a9a47ull;

	return value_random(&rng);
}

static void run_row(struct bench *b, const struct task *t, u32 row, u32 round)
{
	u32 added;

	b->rng = part_seed(t, (u64)row << 8 | round);
	for (u64 n = b->cover->n.sets[row]; n < t->count; n += added) {
		added = t->mode == MODE_ONE ? add_one(b, &a64_insns[row])
					    : add_sweep(b, &a64_insns[row], t->count);
		if (!added)
			return;
	}
}

/* Rounds over all rows until each has its count: some runs end in aborts. */
static void run_rows(struct bench *b, const struct task *t)
{
	for (u32 round = 0; round < ROUNDS; round++) {
		for (u32 i = t->job; i < a64_insns_n; i += t->jobs)
			if (!strncmp(a64_insns[i].name, t->prefix, strlen(t->prefix)) &&
			    !gen_excluded(&a64_insns[i], pe_features(b->pe)))
				run_row(b, t, i, round);
		finish_batch(b);
	}
}

static void run_chains(struct bench *b, const struct task *t)
{
	const u64 batch_runs = (FIRST_GUARDED / CHAIN_RUNS) * CHAIN_RUNS;

	for (u64 batch = t->job; batch * batch_runs < t->count; batch += t->jobs) {
		b->rng = part_seed(t, batch);
		while (b->next + CHAIN_RUNS <= FIRST_GUARDED) {
			u32 slot = b->share->programs;

			gen_chain(&b->rng, pe_features(b->pe), slot, &b->program[slot]);
			cover_chain(b->cover, &b->program[slot], slot, pe_features(b->pe));
			add_program(b, CHAIN_RUNS, slot % 8 == 7);
		}
		finish_batch(b);
	}
}

static bool run_job(const struct task *t, char **reference, struct cover *cover)
{
	static struct bench b;

	b.cover = cover;
	b.pe = pe_new(0);
	if (!b.pe || !start_reference(&b, reference) ||
	    cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &b.capstone)) {
		fprintf(stderr, "insn_host: cannot start %s or get memory\n", reference[0]);
		return false;
	}
	cover->features = pe_features(b.pe);
	finish_batch(&b);
	if (t->mode == MODE_CHAIN)
		run_chains(&b, t);
	else
		run_rows(&b, t);
	close(b.to);
	waitpid(b.child, NULL, 0);
	pe_free(b.pe);
	return true;
}

/* The jobs' coverage in all; false: one failed. */
static bool run_jobs(const struct task *task, char **reference, struct cover *cover)
{
	pid_t child[JOBS_MAX];
	bool ok = true;
	int status;

	for (u32 i = 0; i < task->jobs; i++) {
		struct task t = *task;

		t.job = i;
		child[i] = fork();
		if (child[i] == 0) {
			ok = run_job(&t, reference, &cover[i]);
			fflush(NULL);
			_exit(!ok);
		}
	}
	for (u32 i = 0; i < task->jobs; i++) {
		ok &= child[i] > 0 && waitpid(child[i], &status, 0) == child[i] && status == 0;
		if (i)
			cover_add(&cover[0], &cover[i]);
	}
	return ok;
}

static bool parse(struct task *t, char **arg)
{
	static const char *const modes[] = { "one", "sweep", "chain" };

	for (size_t i = 0; arg[0] && arg[1] && arg[2] && i < ARRAY_SIZE(modes); i++)
		if (strcmp(arg[0], modes[i]) == 0) {
			t->mode = (enum mode)i;
			t->count = strtoull(arg[1], NULL, 0);
			t->seed = strtoull(arg[2], NULL, 0);
			t->prefix = arg[3] ? arg[3] : "";
			return t->jobs >= 1 && t->jobs <= JOBS_MAX;
		}
	return false;
}

static struct cover *new_covers(u32 n)
{
	struct cover *c = mmap(NULL, n * sizeof *c, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	for (u32 i = 0; c != MAP_FAILED && i < n; i++)
		if (!cover_open(&c[i]))
			return NULL;
	return c == MAP_FAILED ? NULL : c;
}

int main(int argc, char **argv)
{
	struct task t = { .jobs = 1 };
	struct cover *cover;
	int at = 1, reference = 1;
	bool ok;
	time_t began = time(NULL);

	if (argc > 3 && strcmp(argv[1], "--jobs") == 0) {
		t.jobs = (u32)atoi(argv[2]);
		reference = 3;
	}
	while (at < argc && strcmp(argv[at], "--"))
		at++;
	if (at >= argc || at <= reference || !parse(&t, argv + at + 1)) {
		fprintf(stderr, "usage: insn_host [--jobs N] REFERENCE... -- one|sweep|chain COUNT "
				"SEED [NAME]\n");
		return 2;
	}
	argv[at] = NULL;
	signal(SIGPIPE, SIG_IGN);
	cover = new_covers(t.jobs);
	ok = cover && run_jobs(&t, argv + reference, cover);
	if (!ok)
		return 1;
	ok = cover_print(cover, t.mode == MODE_CHAIN, t.count, t.prefix);
	printf("%s, seed %" PRIu64 ": %" PRIu64 " runs, %" PRIu64
	       " instructions (with the loops' own) in %ld s, %" PRIu64 " runs differ\n",
	       argv[at + 1], t.seed, cover->n.runs, cover->n.insns, (long)(time(NULL) - began),
	       cover->n.differ);
	insn_known_print(cover->n.known);
	ok = ok && !cover->n.differ && cover->n.runs;
	for (u32 i = 0; i < t.jobs; i++)
		cover_close(&cover[i]);
	munmap(cover, t.jobs * sizeof *cover);
	return !ok;
}
