/*
 * The execution test: random programs on Trapline's engine and on an AArch64 reference, all
 * registers, flags, FPCR, FPSR and memory compared; what differs is shrunk to the shortest program
 * and printed. Run by insn.sh.
 *
 * insn_host REFERENCE... -- one COUNT SEED [NAME]	every row (whose name starts with NAME) on
 * COUNT operand sets at least
 * insn_host REFERENCE... -- chain COUNT SEED		COUNT runs of short programs of any
 * instructions
 *
 * REFERENCE is the command that runs insn_guest. Status 0: everything agreed and every row was run.
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

#include "insn_cover.h"
#include "insn_gen.h"
#include "insn_known.h"
#include "insn_pe.h"

enum { ONE_RUNS = 8, CHAIN_RUNS = 4, REPORTS = 12 };

struct bench {
	struct share *share;
	struct pe *pe;
	int to, from; /* pipes of the reference */
	pid_t child;
	csh capstone;
	struct program program[BATCH_PROGRAMS];
	struct state got[BATCH_RUNS];
	u8 data[BATCH_RUNS][DATA_SIZE]; /* as it was before */
	struct cover cover;
	u64 rng, runs, differ, tolerated;
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
	for (u32 i = s->first; i < s->runs; i++)
		pe_run(b->pe, s->program[i], &s->before[i], &b->got[i]);
	if (read(b->from, &byte, 1) != 1)
		reference_died();
	b->runs += s->runs - s->first;
}

/* ---- comparison ---- */

static bool faulted(const struct state *s)
{
	return s->stop == STOP_MEMORY || s->stop == STOP_ALIGNMENT;
}

/* After an abort registers and memory may have changed in part (DDI0487 B2.2, D1.3.4): what and
 * where must agree. */
static bool agrees(const struct state *want, const struct state *got, const u8 *want_data,
		   const u8 *got_data)
{
	if (faulted(want) || faulted(got))
		return want->stop == got->stop && want->pc == got->pc;
	return memcmp(want, got, sizeof *got) == 0 && memcmp(want_data, got_data, DATA_SIZE) == 0;
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
	u8 want[DATA_SIZE];

	for (u32 i = 0; i < 4; i++) {
		s->programs = f->slot + 1;
		s->first = f->run;
		s->runs = f->run + 1;
		s->program[f->run] = f->slot;
		gen_image(&f->p, f->slot, s->code[f->slot]);
		s->before[f->run] = f->before;
		memcpy(s->data[f->run], f->data, DATA_SIZE);
		memcpy(pe_data(b->pe, f->run), f->data, DATA_SIZE);
		if (i == 0) {
			execute(b);
			memcpy(want, s->data[f->run], DATA_SIZE);
		} else {
			pe_run(b->pe, f->slot, &f->before, &b->got[f->run]);
		}
		if (!agrees(&s->after[f->run], &b->got[f->run], want, pe_data(b->pe, f->run)))
			return true;
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

static void report(struct bench *b, struct failure *f)
{
	const struct insn *row = row_of(b, f->p.word[f->p.focus]);

	printf("differs: %s\n", f->p.chain ? "chain" : row->name);
	if (!still_differs(b, f)) {
		printf("  not when alone; the program:\n");
	} else {
		shrink_program(b, f);
		shrink_state(b, f);
		still_differs(b, f);
	}
	print_failure(b, f);
	fflush(stdout);
}

/* ---- batches ---- */

static void add_runs(struct bench *b, u32 slot, u32 n)
{
	struct share *s = b->share;

	gen_image(&b->program[slot], slot, s->code[slot]);
	for (u32 i = 0; i < n; i++) {
		u32 run = s->runs++;

		s->program[run] = slot;
		gen_state(&b->rng, &b->program[slot], run, slot, &s->before[run], s->data[run]);
		memcpy(pe_data(b->pe, run), s->data[run], DATA_SIZE);
	}
}

/* What differs in the executed batch, for no known reason: at most one run of a program, `room` at
 * all. */
static u32 compare_batch(struct bench *b, bool one, struct failure *list, u32 room)
{
	struct share *s = b->share;
	u32 n = 0;

	for (u32 i = 0; i < s->runs; i++) {
		const struct program *p = &b->program[s->program[i]];

		if (one)
			cover_run(&b->cover, row_of(b, p->word[p->focus]), p, &s->before[i],
				  &s->after[i]);
		else
			b->cover.stop[s->after[i].stop & 7]++;
		if (agrees(&s->after[i], &b->got[i], s->data[i], pe_data(b->pe, i)))
			continue;
		if (insn_known(p, &s->before[i], &s->after[i], &b->got[i])) {
			b->tolerated++;
			continue;
		}
		b->differ++;
		if (n < room && (!n || list[n - 1].slot != s->program[i])) {
			list[n] = (struct failure){
				.slot = s->program[i], .run = i, .p = *p, .before = s->before[i]
			};
			memcpy(list[n++].data, b->data[i], DATA_SIZE);
		}
	}
	return n;
}

/* Executes and compares what was added. Shrinking uses the batch's places, so it comes last. */
static void finish_batch(struct bench *b, bool one)
{
	struct share *s = b->share;
	struct failure list[REPORTS];
	u32 n;

	if (!s->runs)
		return;
	memcpy(b->data, s->data, (size_t)s->runs * DATA_SIZE);
	s->first = 0;
	execute(b);
	n = compare_batch(b, one, list, REPORTS - b->reports);
	b->reports += n;
	for (u32 i = 0; i < n; i++)
		report(b, &list[i]);
	s->programs = s->runs = 0;
}

static bool add_one(struct bench *b, const struct insn *row)
{
	struct share *s = b->share;

	if (s->runs + ONE_RUNS > BATCH_RUNS || s->programs == BATCH_PROGRAMS)
		finish_batch(b, true);
	if (!gen_one(&b->rng, row, pe_features(b->pe), &b->program[s->programs]))
		return false;
	add_runs(b, s->programs++, ONE_RUNS);
	return true;
}

/* Rounds over all rows until each has its count: some runs end in aborts. */
static void run_ones(struct bench *b, u64 count, const char *prefix)
{
	for (unsigned round = 0; round < 6; round++) {
		for (u32 i = 0; i < a64_insns_n; i++) {
			const struct insn *row = &a64_insns[i];

			if (strncmp(row->name, prefix, strlen(prefix)) ||
			    gen_excluded(row, pe_features(b->pe)))
				continue;
			for (u64 k = b->cover.completed[i]; k < count && add_one(b, row);
			     k += ONE_RUNS)
				;
		}
		finish_batch(b, true);
	}
}

static void run_chains(struct bench *b, u64 count)
{
	struct share *s = b->share;
	u64 end = b->runs + count;

	while (b->runs < end) {
		while (s->programs < BATCH_PROGRAMS) {
			gen_chain(&b->rng, pe_features(b->pe), &b->program[s->programs]);
			cover_chain(&b->cover, &b->program[s->programs], s->programs,
				    pe_features(b->pe));
			add_runs(b, s->programs++, CHAIN_RUNS);
		}
		finish_batch(b, false);
	}
}

int main(int argc, char **argv)
{
	static struct bench b;
	int at = 1;
	bool one, ok;
	u64 count, seed;
	time_t began = time(NULL);

	while (at < argc && strcmp(argv[at], "--"))
		at++;
	if (at + 3 >= argc || at < 2) {
		fprintf(stderr, "usage: insn_host REFERENCE... -- one|chain COUNT SEED [NAME]\n");
		return 2;
	}
	argv[at] = NULL;
	one = strcmp(argv[at + 1], "one") == 0;
	count = strtoull(argv[at + 2], NULL, 0);
	seed = b.rng = strtoull(argv[at + 3], NULL, 0);
	signal(SIGPIPE, SIG_IGN);
	b.pe = pe_new(0);
	if (!b.pe || !start_reference(&b, argv + 1) ||
	    cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &b.capstone) || !cover_open(&b.cover)) {
		fprintf(stderr, "insn_host: cannot start %s or get memory\n", argv[1]);
		return 1;
	}
	if (one)
		run_ones(&b, count, at + 4 < argc ? argv[at + 4] : "");
	else
		run_chains(&b, count);
	ok = cover_print(&b.cover, one, pe_features(b.pe), count,
			 at + 4 < argc ? argv[at + 4] : "");
	printf("%s, seed %" PRIu64 ": %" PRIu64 " runs in %ld s, %" PRIu64 " differ, %" PRIu64
	       " differ for a known reason\n",
	       argv[at + 1], seed, b.runs, (long)(time(NULL) - began), b.differ, b.tolerated);
	insn_known_print();
	close(b.to);
	waitpid(b.child, NULL, 0);
	pe_free(b.pe);
	return !ok || b.differ || !b.runs;
}
