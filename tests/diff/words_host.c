/*
 * Differential test of the FP and Advanced SIMD encoding space, our half. Beside each row's words it tries any word, so that it
 * finds instructions that are missing and combinations that are wrongly taken; operands are dense in floating-point edges.
 *
 * words_host make SEED COUNT > cases	words of every row in turn, every 16th any word
 * words_host check cases answers	translates and executes each, compares with a reference's answers
 *
 * Linked with the handlers alone: it does what translate.c and run.c do, for one word.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/flags.h"
#include "cpu/translate.h"
#include "words_case.h"

static struct insn rows[] = {
#define INSN(n, pic, ops, feat, c, t, a) \
	{ .name = #n, .picture = pic, .operands = ops, .feature = feat, .cls = c, .tr = t, .arg = a },
#include "cpu/a64_fp.def"
#include "cpu/a64_simd.def"
#undef INSN
};

/* ---- What the handlers expect around them ---- */

struct uop *emit(struct tr *t, exec_fn *fn, u8 rd, u8 rn, u8 rm, u8 aux, s32 imm)
{
	struct uop *u = &t->uop[t->n_uops++];

	*u = (struct uop){ .exec = fn, .rd = rd, .rn = rn, .rm = rm, .aux = aux, .imm = imm };
	return u;
}
struct uop *emit_const(struct tr *t, exec_fn *fn, u8 rd, u8 rn, u8 rm, u8 aux, u64 value)
{
	struct uop *u = emit(t, fn, rd, rn, rm, aux, 0);

	t->pool[t->n_pool] = value;
	u->imm = (s32)((char *)&t->pool[t->n_pool++] - (char *)u);
	return u;
}
bool tr_fp_check(struct tr *t)
{
	(void)t;
	return true;
}
EXEC(end)
{
	(void)c, (void)u;
	return NULL;
}

/* ---- Rows ---- */

static void parse_rows(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (const char *p = rows[i].picture; *p; p++)
			if (*p != ' ') {
				rows[i].mask = rows[i].mask << 1 | (*p == '0' || *p == '1');
				rows[i].value = rows[i].value << 1 | (*p == '1');
			}
}

static const struct insn *row_of(u32 w)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if ((w & rows[i].mask) == rows[i].value)
			return &rows[i];
	return NULL;
}

/* ---- Cases ---- */

/* splitmix64 */
static u64 next_random(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* The letter that all of bits hi:lo of the picture have, 0 when they differ. */
static char field_letter(const char *picture, unsigned hi, unsigned lo)
{
	char flat[33], *f = flat;

	for (; *picture; picture++)
		if (*picture != ' ')
			*f++ = *picture;
	for (unsigned i = lo; i <= hi; i++)
		if (flat[31 - i] != flat[31 - lo])
			return 0;
	return flat[31 - lo];
}
static bool is_general(const struct insn *row, char letter)
{
	for (const char *p = row->operands; *p; p++)
		if ((*p == 'R' || *p == 'X' || *p == 'W') && p[1] == letter)
			return true;
	return false;
}

/* A word of that row with registers that the case has. */
static u32 random_word(u64 *rng, const struct insn *row)
{
	static const u8 general[8] = { 0, 1, 2, 3, 0, 1, 2, 31 };
	u64 r = next_random(rng);
	u32 w = row->value | ((u32)r & ~row->mask);
	char n = field_letter(row->picture, 9, 5), d = field_letter(row->picture, 4, 0);

	if (n && is_general(row, n))
		w = (u32)deposit(w, 9, 5, general[r >> 32 & 7]);
	if (d == 'd')
		w = (u32)deposit(w, 4, 0, is_general(row, d) ? general[r >> 35 & 7] : r >> 35 & 7);
	return w;
}

/* Any word of data processing - scalar FP and Advanced SIMD, with n and d among 0..3. */
static u32 any_word(u64 *rng)
{
	return ((u32)next_random(rng) | 0x0e000000) & ~0x39cu;
}

static u64 random_lane(u64 *rng, enum fp_size s, u64 near)
{
	unsigned exp_bits = s == FP_D ? 11 : s == FP_S ? 8 : 5, frac_bits = (8u << s) - 1 - exp_bits;
	u64 r = next_random(rng), v = next_random(rng), max = low_mask(exp_bits), exp = r >> 32 & max;
	unsigned kind = r & 15;

	if (kind < 2)
		exp = 0;
	else if (kind == 2)
		exp = max;
	else if (kind == 3)
		exp = r >> 16 & 1 ? 1 : max - 1;
	else if (kind < 10)
		exp = (near + (r >> 16 & 7) - 3) & max;
	else if (kind < 13)
		exp = (max >> 1) - 2 + (r >> 16 & 7);
	kind = r >> 4 & 7;
	if (kind == 0)
		v = 0;
	else if (kind == 1)
		v = ~0ull;
	else if (kind == 2)
		v = 1ull << (v & 63);
	else if (kind == 3)
		v = ~0ull << (v & 63);
	else if (kind == 4)
		v = (1ull << (v & 63)) - 1;
	return (r >> 63) << ((8u << s) - 1) | exp << frac_bits | (v & low_mask(frac_bits));
}

static void random_vector(u64 *rng, u64 v[2], enum fp_size s, u64 near)
{
	v[0] = v[1] = 0;
	for (unsigned at = 0; at < 16; at += 1u << s)
		v[at / 8] |= random_lane(rng, s, near) << (at % 8 * 8);
}

static void random_state(u64 *rng, struct words_state *state)
{
	u64 r = next_random(rng), near = r >> 40;
	enum fp_size s = (enum fp_size)(1 + r % 3);

	for (unsigned n = 0; n < 8; n++)
		random_vector(rng, state->v[n], s, near);
	if (r >> 8 & 1) /* an integer */
		state->v[3][0] = next_random(rng) >> (r >> 32 & 63);
	if ((r >> 10 & 7) == 0)
		memcpy(state->v[1], state->v[0], 16);
	for (unsigned n = 0; n < 4; n++)
		state->x[n] = next_random(rng) >> (r >> (4 * n + 20) & 63);
	state->x[1] = -state->x[1];
	state->nzcv = (r >> 36 & 15) << 28;
	state->fpsr = r >> 11 & 1 ? FPSR_IXC : 0; /* set, it lets the host's arithmetic in */
}

static int make_cases(u64 seed, u64 count)
{
	u64 rng = seed;

	for (u64 i = 0; i < count; i++) {
		u64 r = next_random(&rng);
		struct words_case c = { .fpcr = r & 3 ? 0 : r & FPCR_MASK };

		c.word = i % 16 == 15 ? any_word(&rng) : random_word(&rng, &rows[i % ARRAY_SIZE(rows)]);
		random_state(&rng, &c.before);
		if (fwrite(&c, sizeof c, 1, stdout) != 1)
			return 1;
	}
	return fflush(stdout) != 0;
}

/* ---- Execution ---- */

static bool execute(struct cpu *c, struct tr *t, const struct words_case *in, struct words_state *out)
{
	const struct insn *row = row_of((u32)in->word);
	const struct uop *u = t->uop;

	t->n_uops = t->n_pool = 0;
	if (!row || !row->tr(t, row, (u32)in->word))
		return false;
	emit(t, exec_end, 0, 0, 0, 0, 0);
	for (unsigned i = 0; i < 32; i++)
		memcpy(c->v[i].d, in->before.v[i % 8], 16);
	memcpy(c->x, in->before.x, sizeof in->before.x);
	c->x[REG_ZERO] = 0;
	set_flags(c, flags_of_index((u32)(in->before.nzcv >> 28)));
	fpu_set_fpcr(&c->fpu, in->fpcr);
	fpu_set_fpsr(&c->fpu, in->before.fpsr);
	while (u)
		u = u->exec(c, u, 0);
	for (unsigned i = 0; i < 8; i++)
		memcpy(out->v[i], c->v[i].d, 16);
	memcpy(out->x, c->x, sizeof out->x);
	out->nzcv = (u64)flags_index(flags(c)) << 28;
	out->fpsr = c->fpu.fpsr;
	return true;
}

static void show(const char *who, const struct words_state *s, const struct words_state *before)
{
	printf("  %s: nzcv %" PRIx64 " fpsr %08" PRIx64, who, s->nzcv >> 28, s->fpsr);
	for (unsigned i = 0; i < 8; i++)
		if (!before || memcmp(s->v[i], before->v[i], 16))
			printf(" v%u %016" PRIx64 ":%016" PRIx64, i, s->v[i][1], s->v[i][0]);
	for (unsigned i = 0; i < 4; i++)
		if (!before || s->x[i] != before->x[i])
			printf(" x%u %016" PRIx64, i, s->x[i]);
	printf("\n");
}

static bool agrees(struct cpu *c, struct tr *t, const struct words_case *in, const struct words_answer *want)
{
	struct words_state got;
	bool defined = execute(c, t, in, &got);
	const struct insn *row = row_of((u32)in->word);

	if (defined == !want->undefined && (!defined || !memcmp(&got, &want->after, sizeof got)))
		return true;
	printf("%s %08x fpcr %08x: %s, reference %s\n", row ? row->name : "no row", (u32)in->word, (u32)in->fpcr,
	       defined ? "executed" : "undefined", want->undefined ? "undefined" : "executed");
	if (defined && !want->undefined) {
		show("before   ", &in->before, NULL);
		show("here     ", &got, &in->before);
		show("reference", &want->after, &in->before);
	}
	return false;
}

static int check_answers(FILE *cases, FILE *answers)
{
	struct cpu *c = aligned_alloc(64, align_up(sizeof *c, 64));
	struct tr *t = calloc(1, sizeof *t);
	struct words_case in;
	struct words_answer want;
	u64 count = 0, bad = 0;

	if (!c || !t)
		return 1;
	memset(c, 0, sizeof *c);
	c->core.features = ~0ull;
	fpu_init(&c->fpu);
	t->c = c;
	while (fread(&in, sizeof in, 1, cases) == 1) {
		if (fread(&want, sizeof want, 1, answers) != 1) {
			fprintf(stderr, "words_host: answers end after %" PRIu64 " cases\n", count);
			return 1;
		}
		count++;
		bad += !agrees(c, t, &in, &want);
	}
	printf("%" PRIu64 " cases of %zu rows, %" PRIu64 " differ\n", count, ARRAY_SIZE(rows), bad);
	free(c);
	free(t);
	return bad || !count;
}

int main(int argc, char **argv)
{
	parse_rows();
	if (argc == 4 && !strcmp(argv[1], "make"))
		return make_cases(strtoull(argv[2], NULL, 0), strtoull(argv[3], NULL, 0));
	if (argc == 4 && !strcmp(argv[1], "check")) {
		FILE *cases = fopen(argv[2], "rb"), *answers = fopen(argv[3], "rb");

		if (cases && answers)
			return check_answers(cases, answers);
		fprintf(stderr, "words_host: cannot read %s or %s\n", argv[2], argv[3]);
		return 1;
	}
	fprintf(stderr, "usage: words_host make SEED COUNT > CASES | words_host check CASES ANSWERS\n");
	return 2;
}
