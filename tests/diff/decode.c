/*
 * Decode agreement: classifies instruction words as defined or undefined by our decoder and by LLVM's disassembler with the features
 * of each core, and fails on every disagreement that decode_known.txt does not explain.
 *
 * decode [--seed N] [--low N] [--bit N] [--random N]   a sample (decode_words.c)
 * decode --all DONE [FIRST LAST]                       all words, or those whose bits 31:20 are FIRST..LAST; finished parts
 *                                                      are added to the file DONE and not done again
 * Both: [--jobs N] [--known FILE]. Status 77: LLVM is not there.
 *
 * A word is defined here when its row's translate function takes it at EL3; FP traps and a misaligned SP must not change that,
 * because an UNDEFINED word comes before either (DDI0487 D1.3.5). Accesses to system registers are all
 * defined at decode, as for LLVM: their rows decide at execution. LLVM counts words whose behaviour is CONSTRAINED UNPREDICTABLE
 * as undefined (MCDisassembler's SoftFail looks like failure through the C interface); the list has them.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/sysreg.h"
#include "cpu/translate.h"
#include "decode_known.h"
#include "decode_words.h"

#define MAX_KINDS  24
#define MAX_JOBS   64
#define SHOWN      2        /* disagreements of one kind that are printed */
#define CHUNK_BITS 20       /* words of a part of --all */
#define CHUNKS     (1u << (32 - CHUNK_BITS))
#define SAMPLE_CHUNK 65536u

/* ---- LLVM (llvm-c/Disassembler.h) ---- */

typedef void *llvm_create_fn(const char *triple, const char *cpu, const char *features, void *info, int tag, void *op_info, void *symbol);
typedef size_t llvm_disasm_fn(void *context, u8 *bytes, u64 size, u64 pc, char *text, size_t text_size);

struct llvm {
	llvm_create_fn *create;
	llvm_disasm_fn *disasm;
};

static bool llvm_open(struct llvm *l)
{
	static const char *const init[] = { "LLVMInitializeAArch64TargetInfo", "LLVMInitializeAArch64TargetMC",
					    "LLVMInitializeAArch64Disassembler" };
	void *lib = dlopen("libLLVM.so.19.1", RTLD_NOW);

	if (!lib)
		lib = dlopen("libLLVM-19.so.1", RTLD_NOW);
	if (!lib)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(init); i++) {
		void (*fn)(void);

		*(void **)&fn = dlsym(lib, init[i]);
		if (!fn)
			return false;
		fn();
	}
	*(void **)&l->create = dlsym(lib, "LLVMCreateDisasmCPUFeatures");
	*(void **)&l->disasm = dlsym(lib, "LLVMDisasmInstruction");
	return l->create && l->disasm;
}

/* ---- Kinds of decoder: cores whose features decode alike are one; and the core max without a feature ---- */

static const struct {
	u64 feature;
	const char *llvm;
} features[] = {
	{ FEAT(FP), "fp-armv8" }, { FEAT(ASIMD), "neon" }, { FEAT(AES) | FEAT(PMULL), "aes" }, { FEAT(SHA1) | FEAT(SHA256), "sha2" },
	{ FEAT(CRC32), "crc" }, { FEAT(LSE), "lse" }, { FEAT(RDM), "rdm" }, { FEAT(LOR), "lor" }, { FEAT(PAN), "pan" },
	{ FEAT(PAN2), "pan-rwv" }, { FEAT(VHE), "vh" }, { FEAT(FP16), "fullfp16" }, { FEAT(DOTPROD), "dotprod" },
	{ FEAT(RAS), "ras" }, { FEAT(LRCPC), "rcpc" }, { FEAT(SSBS), "ssbs" }, { FEAT(UAO), "uaops" }, { FEAT(DPB), "ccpp" },
};

/* Each proves which feature a row needs. They get one of 64 words of a sample. */
static bool is_rare(u64 index)
{
	return index * 0x9e3779b97f4a7c15 >> 58 == 0;
}

static const char *const without[] = {
	"fp=off,asimd=off,aes=off,pmull=off,sha1=off,sha256=off,rdm=off,fp16=off,dotprod=off", "aes=off,pmull=off", "sha1=off,sha256=off",
	"crc32=off", "lse=off,vhe=off", "rdm=off", "lor=off", "pan=off,pan2=off,vhe=off", "pan2=off", "vhe=off", "fp16=off",
	"dotprod=off", "ras=off,iesb=off", "lrcpc=off", "ssbs=off", "uao=off", "dpb=off",
};

struct kind {
	char cores[160]; /* names with blanks between, or max,feature=off */
	char llvm[256];
	unsigned n_cores;
	struct cpu_core core;
};

/* LLVM has crypto in pairs; a core has both halves or none. */
static void llvm_features(char *out, size_t size, u64 has)
{
	size_t n = (size_t)snprintf(out, size, "+v8a");

	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		n += (size_t)snprintf(out + n, size - n, ",%c%s", (has & features[i].feature) == features[i].feature ? '+' : '-',
				      features[i].llvm);
}

static unsigned make_core_kinds(struct kind *kinds)
{
	unsigned n = 0;

	for (size_t i = 0; i < cpu_cores_n; i++) {
		struct kind k = { .n_cores = 1 }, *same = kinds;

		if (cpu_core_make(&k.core, &cpu_cores[i], true, true, NULL))
			return 0;
		llvm_features(k.llvm, sizeof(k.llvm), k.core.features);
		while (same < kinds + n && strcmp(same->llvm, k.llvm))
			same++;
		if (same == kinds + n) {
			if (n++ == MAX_KINDS)
				return 0;
			snprintf(k.cores, sizeof(k.cores), "%s", cpu_cores[i].name);
			*same = k;
			continue;
		}
		same->n_cores++;
		snprintf(same->cores + strlen(same->cores), sizeof(same->cores) - strlen(same->cores), " %s", cpu_cores[i].name);
	}
	return n;
}

static unsigned make_kinds(struct kind *kinds)
{
	unsigned n = make_core_kinds(kinds);

	for (size_t i = 0; n && i < ARRAY_SIZE(without); i++) {
		struct kind *k = &kinds[n++];

		snprintf(k->cores, sizeof(k->cores), "max,%s", without[i]);
		if (n > MAX_KINDS || cpu_core_make(&k->core, cpu_core_find("max"), true, true, without[i]))
			return 0;
		llvm_features(k->llvm, sizeof(k->llvm), k->core.features);
	}
	return n;
}

/* ---- A run ---- */

struct run {
	struct llvm llvm;
	struct kind kind[MAX_KINDS];
	unsigned n_kinds, n_jobs, next, last; /* chunks */
	struct decode_list known;
	struct decode_words words;
	u64 n_words;  /* of the sample; 0: --all */
	FILE *done;
	bool is_done[CHUNKS];
	u64 before; /* words that `done` said were done */
	struct sysreg_map *sysregs;
	pthread_mutex_t lock;
	/* totals, under the lock */
	u64 count[MAX_KINDS], defined[MAX_KINDS], listed, unlisted;
	u64 *row_hits, *known_hits;
	u16 *shown; /* [kind][by whom][row, or bits 31:21 where there is none] */
};

enum { DECODE_TRAPS = DECODE_REFERENCE + 1 };

struct job {
	struct run *r;
	struct tr *t[MAX_KINDS];
	void *llvm[MAX_KINDS];
	u64 count[MAX_KINDS], defined[MAX_KINDS], listed, unlisted;
	u64 *row_hits, *known_hits;
};

static struct tr *make_translator(struct run *r, const struct kind *k)
{
	struct cpu *c = aligned_alloc(64, align_up(sizeof(*c), 64));
	struct tr *t = calloc(1, sizeof(*t));

	if (!c || !t)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->core = k->core;
	c->sysregs = r->sysregs;
	t->c = c;
	return t;
}

static bool job_init(struct job *j, struct run *r)
{
	*j = (struct job){ .r = r };
	j->row_hits = calloc(a64_insns_n, sizeof(u64));
	j->known_hits = calloc(r->known.n + 1, sizeof(u64));
	for (unsigned k = 0; k < r->n_kinds; k++) {
		j->t[k] = make_translator(r, &r->kind[k]);
		j->llvm[k] = r->llvm.create("aarch64", "", r->kind[k].llvm, NULL, 0, NULL, NULL);
		if (!j->t[k] || !j->llvm[k])
			return false;
	}
	return j->row_hits && j->known_hits;
}

/*
 * LLVM disassembles all of the op0 = 0 space as accesses to registers S0_...: what is allocated there has another name, or a
 * number instead of one (HINT).
 */
static bool defined_there(struct job *j, unsigned k, u32 w, char *text, size_t size)
{
	if (!j->r->llvm.disasm(j->llvm[k], (u8 *)&w, 4, 0, text, size))
		return false;
	return (w & 0xffd80000) != 0xd5000000 || !strstr(text, "S0_");
}

static bool defined_here(struct tr *t, const struct insn *row, u32 w, u64 key)
{
	t->n_uops = t->n_pool = 0;
	t->end = t->stop = false;
	t->key = key;
	return row && row->tr(t, row, w);
}

static const char *const by_whom[] = { [DECODE_HERE] = "Trapline", [DECODE_REFERENCE] = "LLVM:", [DECODE_TRAPS] = "one of FP traps and no traps" };

static void show(struct run *r, const struct kind *k, u32 w, const struct insn *row, int who, const char *text)
{
	size_t at = row ? (size_t)(row - a64_insns) : a64_insns_n + (w >> 21);
	u16 *shown = &r->shown[((size_t)(k - r->kind) * 3 + (size_t)who) * (a64_insns_n + 2048) + at];

	pthread_mutex_lock(&r->lock);
	if (*shown < SHOWN) {
		++*shown;
		printf("%08x %-12s %s: defined only by %s%s\n", w, row ? row->name : "(no row)", k->cores, by_whom[who], text);
	}
	pthread_mutex_unlock(&r->lock);
}

static void classify(struct job *j, unsigned k, u32 w)
{
	struct run *r = j->r;
	struct tr *t = j->t[k];
	const struct insn *row = a64_decode(w, r->kind[k].core.features);
	char text[128] = "";
	bool here = defined_here(t, row, w, KEY_EL(3)), there = defined_there(j, k, w, text, sizeof(text));
	int entry = -1, who = here ? DECODE_HERE : DECODE_REFERENCE;

	j->count[k]++;
	j->defined[k] += here;
	if (here && r->kind[k].n_cores)
		j->row_hits[row - a64_insns]++;
	if (here != defined_here(t, row, w, KEY_EL(3) | KEY_FP(3) | KEY_SP_BAD))
		who = DECODE_TRAPS;
	else if (here == there)
		return;
	else
		entry = decode_known_find(&r->known, w, who);
	if (entry >= 0) {
		j->listed++;
		j->known_hits[entry]++;
	} else {
		j->unlisted++;
		show(r, &r->kind[k], w, row, who, text);
	}
}

static void run_chunk(struct job *j, unsigned chunk)
{
	struct run *r = j->r;
	u64 first = r->n_words ? (u64)chunk * SAMPLE_CHUNK : (u64)chunk << CHUNK_BITS;
	u64 end = first + (r->n_words ? SAMPLE_CHUNK : 1u << CHUNK_BITS);

	if (r->n_words && end > r->n_words)
		end = r->n_words;
	for (u64 i = first; i < end; i++) {
		u32 w = r->n_words ? decode_word(&r->words, i) : (u32)i;

		for (unsigned k = 0; k < r->n_kinds; k++)
			if (r->kind[k].n_cores || (r->n_words && is_rare(i)))
				classify(j, k, w);
	}
}

static bool next_chunk(struct run *r, unsigned *chunk)
{
	bool found;

	pthread_mutex_lock(&r->lock);
	while (!r->n_words && r->next <= r->last && r->is_done[r->next])
		r->next++;
	found = r->next <= r->last;
	*chunk = r->next++;
	pthread_mutex_unlock(&r->lock);
	return found;
}

static void *job_main(void *arg)
{
	struct job *j = arg;
	struct run *r = j->r;
	unsigned chunk;

	while (next_chunk(r, &chunk)) {
		u64 listed = j->listed, unlisted = j->unlisted;

		run_chunk(j, chunk);
		if (!r->done)
			continue;
		pthread_mutex_lock(&r->lock);
		fprintf(r->done, "%03x %" PRIu64 " %" PRIu64 "\n", chunk, j->listed - listed, j->unlisted - unlisted);
		fflush(r->done);
		pthread_mutex_unlock(&r->lock);
	}
	pthread_mutex_lock(&r->lock);
	r->listed += j->listed;
	r->unlisted += j->unlisted;
	for (unsigned k = 0; k < r->n_kinds; k++) {
		r->count[k] += j->count[k];
		r->defined[k] += j->defined[k];
	}
	for (size_t i = 0; i < a64_insns_n; i++)
		r->row_hits[i] += j->row_hits[i];
	for (size_t i = 0; i < r->known.n; i++)
		r->known_hits[i] += j->known_hits[i];
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static bool run_jobs(struct run *r)
{
	static struct job job[MAX_JOBS];
	pthread_t thread[MAX_JOBS];

	for (unsigned i = 0; i < r->n_jobs; i++)
		if (!job_init(&job[i], r) || pthread_create(&thread[i], NULL, job_main, &job[i]))
			return false;
	for (unsigned i = 0; i < r->n_jobs; i++)
		pthread_join(thread[i], NULL);
	return true;
}

/* ---- Report ---- */

static bool report(const struct run *r)
{
	u64 never = 0, least = ~0ull, stale = 0, cores = 0;

	if (r->before)
		printf("%" PRIu64 " words were done before; what follows up to the last line is about the others\n", r->before);
	for (size_t i = 0; i < a64_insns_n; i++) {
		least = r->row_hits[i] < least ? r->row_hits[i] : least;
		if (r->row_hits[i])
			continue;
		never++;
		if (r->n_words)
			printf("row %s was never hit\n", a64_insns[i].name);
	}
	for (size_t i = 0; i < r->known.n; i++)
		if (r->n_words && !r->known_hits[i]) {
			printf("decode_known.txt:%u: no word disagreed like that\n", r->known.entry[i].line);
			stale++;
		}
	for (unsigned k = 0; k < r->n_kinds; k++) {
		if (r->count[k])
			printf("%s: %" PRIu64 " words, %" PRIu64 " defined\n", r->kind[k].cores, r->count[k], r->defined[k]);
		cores += r->kind[k].n_cores;
	}
	printf("rows: %zu of %zu hit, each at least %" PRIu64 " times\n", a64_insns_n - (size_t)never, a64_insns_n, least);
	printf("decode: %" PRIu64 " words for each of %" PRIu64 " cores; disagreements: %" PRIu64 " in the list (%zu entries), %" PRIu64
	       " others\n",
	       r->before + r->count[0], cores, r->listed, r->known.n, r->unlisted);
	return !r->unlisted && !stale && (!r->n_words || !never);
}

/* ---- Options ---- */

static bool open_done(struct run *r, const char *path)
{
	FILE *f = fopen(path, "r");
	unsigned chunk;
	u64 listed, unlisted;

	while (f && fscanf(f, "%x %" SCNu64 " %" SCNu64, &chunk, &listed, &unlisted) == 3) {
		if (chunk >= CHUNKS || r->is_done[chunk])
			continue;
		r->is_done[chunk] = true;
		r->before += 1u << CHUNK_BITS;
		r->listed += listed;
		r->unlisted += unlisted;
	}
	if (f)
		fclose(f);
	r->done = fopen(path, "a");
	return r->done;
}

static int usage(void)
{
	fprintf(stderr, "usage: decode [--jobs N] [--known FILE] [--seed N] [--low N] [--bit N] [--random N] [--all DONE [FIRST LAST]]\n");
	return 2;
}

struct options {
	const char *known, *all;
	u64 seed, low, bit, random, jobs, first, last;
};

static bool parse(struct options *o, int argc, char **argv)
{
	const struct { const char *name; u64 *number; const char **text; } table[] = {
		{ "--jobs", &o->jobs, NULL }, { "--known", NULL, &o->known }, { "--seed", &o->seed, NULL }, { "--low", &o->low, NULL },
		{ "--bit", &o->bit, NULL }, { "--random", &o->random, NULL }, { "--all", NULL, &o->all },
	};
	int i = 1;

	for (; i + 1 < argc && !strncmp(argv[i], "--", 2); i += 2) {
		size_t n = 0;

		while (n < ARRAY_SIZE(table) && strcmp(argv[i], table[n].name))
			n++;
		if (n == ARRAY_SIZE(table))
			return false;
		if (table[n].text)
			*table[n].text = argv[i + 1];
		else
			*table[n].number = strtoull(argv[i + 1], NULL, 0);
	}
	if (o->all && argc - i == 2) {
		o->first = strtoull(argv[i], NULL, 16);
		o->last = strtoull(argv[i + 1], NULL, 16);
		i += 2;
	}
	return i == argc && o->jobs && o->jobs <= MAX_JOBS && o->bit && o->last < CHUNKS;
}

static bool run_init(struct run *r, const struct options *o)
{
	pthread_mutex_init(&r->lock, NULL);
	r->n_jobs = (unsigned)o->jobs;
	r->n_kinds = make_kinds(r->kind);
	r->sysregs = sysreg_map_new();
	r->row_hits = calloc(a64_insns_n, sizeof(u64));
	r->shown = calloc(3 * MAX_KINDS * (a64_insns_n + 2048), sizeof(u16));
	if (!r->n_kinds || !r->sysregs || !r->row_hits || !r->shown || sysreg_map_add(r->sysregs, cpu_sysregs, cpu_sysregs_n) ||
	    decode_words_init(&r->words, o->seed, (unsigned)o->low, (unsigned)o->bit, o->random) || decode_known_read(&r->known, o->known))
		return false;
	r->known_hits = calloc(r->known.n + 1, sizeof(u64));
	r->next = (unsigned)o->first;
	r->last = (unsigned)o->last;
	if (o->all)
		return r->known_hits && open_done(r, o->all);
	r->n_words = decode_words_count(&r->words);
	r->last = (unsigned)((r->n_words + SAMPLE_CHUNK - 1) / SAMPLE_CHUNK - 1);
	printf("decode: seed %" PRIu64 ", %u jobs\n", o->seed, r->n_jobs);
	return r->known_hits;
}

int main(int argc, char **argv)
{
	struct options o = { .known = "decode_known.txt", .seed = 1, .low = 24, .bit = 1024, .random = 70000000, .jobs = 2, .last = CHUNKS - 1 };
	struct run *r = calloc(1, sizeof(*r));

	if (!parse(&o, argc, argv))
		return usage();
	if (!r || !llvm_open(&r->llvm)) {
		printf("decode: skipped: libLLVM.so.19.1 is not there (Debian: libllvm19)\n");
		return 77;
	}
	return run_init(r, &o) && run_jobs(r) && report(r) ? 0 : 1;
}
