/*
 * Differential test of data-processing instructions, our half:
 *
 * insn_host make SEED COUNT [NAME]	> cases	COUNT words of every row of cpu/a64.def that only computes; fields are random
 * insn_host check cases answers	compares a reference's answers with the handlers
 *
 * NAME restricts to rows whose name starts with it. The handlers run outside the engine: a word is translated and its uops
 * executed on a bare struct cpu.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/translate.h"
#include "insn_case.h"

/* Rows without memory, control flow and system state. */
static bool computes(const struct insn *row)
{
	switch (row->cls) {
	case CL_ALU:
	case CL_SHIFT:
	case CL_MUL:
	case CL_DIV:
	case CL_CRC:
		return !strstr(row->operands, "label");
	case CL_CRYPTO:
		return true;
	default:
		return row->cls >= CL_FP_ADD && row->cls <= CL_SIMD_FP;
	}
}

/* The letter of the field that an operand such as "dRspd" names holds 31, and it is SP. */
static bool uses_sp(const struct insn *row, u32 w)
{
	for (const char *p = row->operands; (p = strstr(p, "sp")); p++) {
		const char *at = strchr(row->picture, p[2]);
		u32 v = 0, n = 0, bit = 32;

		for (const char *q = row->picture; at && *q; q++) {
			if (*q == ' ')
				continue;
			bit--;
			if (*q == p[2] && n++ < 5)
				v = v << 1 | (w >> bit & 1);
		}
		if (v == 31)
			return true;
	}
	return false;
}

/* Ignored bits: all of these rows' are "should be one", and a reference may insist on it. */
static u32 should_be_one(const struct insn *row)
{
	u32 v = 0;

	for (const char *p = row->picture; *p; p++)
		if (*p != ' ')
			v = v << 1 | (*p == 'x');
	return v;
}

static int make(u64 seed, unsigned count, const char *prefix)
{
	for (u32 i = 0; i < a64_insns_n; i++) {
		const struct insn *row = &a64_insns[i];

		if (!computes(row) || strncmp(row->name, prefix, strlen(prefix)) != 0)
			continue;
		for (unsigned n = 0; n < count; n++) {
			struct insn_case k = { .row = i };

			do {
				k.word = ((u32)case_random(&seed) & ~row->mask) | row->value | should_be_one(row);
			} while (uses_sp(row, k.word));
			k.seed = case_random(&seed);
			/* the decoder may know better: a row that needs a subset of this one's words */
			if (a64_decode(k.word, ~0ull) == row && fwrite(&k, sizeof k, 1, stdout) != 1)
				return 1;
		}
	}
	return fclose(stdout) != 0;
}

EXEC(stop)
{
	return NULL;
}

/* What the engine's block builder does, for one instruction. False: UNDEFINED. */
static bool translate(struct tr *t, const struct insn *row, u32 w)
{
	t->n_uops = t->n_pool = 0;
	if (!row->tr(t, row, w))
		return false;
	emit(t, exec_stop, 0, 0, 0, 0, 0);
	for (u32 i = 0; i < t->n_uops; i++)
		if (t->uses_pool[i])
			t->uop[i].imm = (s32)((char *)&t->pool[t->uop[i].imm] - (char *)&t->uop[i]);
	return true;
}

static void run(struct cpu *c, struct tr *t, const struct insn_case *k, struct insn_state *s)
{
	const struct uop *u = t->uop;

	case_state(s, k->seed);
	if (!translate(t, &a64_insns[k->row], k->word)) {
		s->undefined = 1;
		return;
	}
	memcpy(c->x, s->x, sizeof s->x);
	c->x[REG_ZERO] = 0;
	for (unsigned i = 0; i < 32; i++)
		memcpy(c->v[i].d, s->v[i], 16);
	cpu_set_nzcv(c, (u32)s->nzcv);
	fpu_set_fpcr(&c->fpu, s->fpcr);
	fpu_set_fpsr(&c->fpu, s->fpsr);
	while (u)
		u = u->exec(c, u, 0);
	memcpy(s->x, c->x, sizeof s->x);
	for (unsigned i = 0; i < 32; i++)
		memcpy(s->v[i], c->v[i].d, 16);
	s->nzcv = cpu_nzcv(c);
	s->fpcr = c->fpu.fpcr;
	s->fpsr = c->fpu.fpsr;
}

static void show(const char *what, const struct insn_state *s, const struct insn_case *k)
{
	unsigned d = k->word & 31, n = k->word >> 5 & 31, m = k->word >> 16 & 31;

	printf("  %-9s undef %u x[d] %016" PRIx64 " v[d] %016" PRIx64 ":%016" PRIx64 " v[n] %016" PRIx64 ":%016" PRIx64
	       " v[m] %016" PRIx64 ":%016" PRIx64 " nzcv %08x fpcr %08x fpsr %08x\n",
	       what, (unsigned)s->undefined, d < 31 ? s->x[d] : 0, s->v[d][1], s->v[d][0], s->v[n][1], s->v[n][0], s->v[m][1],
	       s->v[m][0], (u32)s->nzcv, (u32)s->fpcr, (u32)s->fpsr);
}

static int check(FILE *cases, FILE *answers)
{
	struct cpu *c = aligned_alloc(64, sizeof *c);
	struct tr *t = calloc(1, sizeof *t);
	struct insn_state wanted, got, before;
	struct insn_case k;
	unsigned long total = 0, bad = 0;
	u32 last_bad = ~0u, shown = 0;

	if (!c || !t)
		return 1;
	memset(c, 0, sizeof *c);
	c->core.features = ~0ull;
	fpu_init(&c->fpu);
	t->c = c;
	while (fread(&k, sizeof k, 1, cases) == 1 && fread(&wanted, sizeof wanted, 1, answers) == 1) {
		total++;
		run(c, t, &k, &got);
		if (memcmp(&wanted, &got, sizeof got) == 0)
			continue;
		bad++;
		shown = k.row == last_bad ? shown + 1 : 0;
		last_bad = k.row;
		if (shown > 1)
			continue;
		case_state(&before, k.seed);
		printf("%s %08x\n", a64_insns[k.row].name, k.word);
		show("before", &before, &k);
		show("wanted", &wanted, &k);
		show("got", &got, &k);
	}
	printf("%lu cases, %lu differ\n", total, bad);
	free(c);
	free(t);
	return bad != 0 || total == 0;
}

int main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "make") == 0)
		return make(strtoull(argv[2], NULL, 0), (unsigned)atoi(argv[3]), argc > 4 ? argv[4] : "");
	if (argc == 4 && strcmp(argv[1], "check") == 0) {
		FILE *cases = fopen(argv[2], "rb"), *answers = fopen(argv[3], "rb");

		if (cases && answers)
			return check(cases, answers);
	}
	fprintf(stderr, "usage: insn_host make SEED COUNT [NAME] | insn_host check CASES ANSWERS\n");
	return 2;
}
