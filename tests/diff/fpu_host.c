/*
 * The other half of the differential test of cpu/fpu.h:
 *
 * fpu_host make SEED COUNT > cases	pseudo-random cases, dense in edges
 * fpu_host check cases answers		compares a reference's answers with cpu/fpu.h
 *
 * Each case is computed twice, with FPSR clear and with IXC set, which takes the host's
 * arithmetic.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/fpu.h"
#include "fpu_ops.h"

#define NAME(name, size, insn, expr) #name,
static const char *const names[] = { FPU_OPS(NAME) };
#define SIZE(name, size, insn, expr) size,
static const u8 sizes[] = { FPU_OPS(SIZE) };

#define COMPUTE(name, size, insn, expr)                                                            \
	static u64 compute_##name(struct fpu *f, u64 a, u64 b, u64 c)                              \
	{                                                                                          \
		(void)f, (void)b, (void)c;                                                         \
		return (u64)(expr);                                                                \
	}
FPU_OPS(COMPUTE)
#define ENTRY(name, size, insn, expr) compute_##name,
static u64 (*const compute[])(struct fpu *, u64, u64, u64) = { FPU_OPS(ENTRY) };

/* splitmix64 */
static u64 next_random(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static u64 random_integer(u64 *rng)
{
	u64 r = next_random(rng), v = next_random(rng) >> (r & 63);

	v &= r >> 8 & 1 ? ~0ull : ~0ull << (r >> 10 & 63);
	return r >> 9 & 1 ? -v : v;
}

/* A fraction of `n` bits: random, or few bits, or runs of ones, which make ties and carries. */
static u64 random_fraction(u64 *rng, unsigned n)
{
	u64 r = next_random(rng), v = next_random(rng);

	switch (r & 7) {
	case 0:
		v = 0;
		break;
	case 1:
		v = ~0ull;
		break;
	case 2:
		v = 1ull << (v & 63);
		break;
	case 3:
		v = ~0ull << (v & 63);
		break;
	case 4:
		v = (1ull << (v & 63)) - 1;
		break;
	case 5:
		v = (1ull << (v & 63)) + (1ull << (v >> 6 & 63));
		break;
	}
	return v & low_mask(n);
}

/* Exponents are often near `near`, so that operands and results meet, or at the ends of the
 * range. */
static u64 random_number(u64 *rng, enum fp_size s, u64 near)
{
	unsigned exp_bits = s == FP_D ? 11 : s == FP_S ? 8 : 5;
	unsigned frac_bits = (8u << s) - 1 - exp_bits;
	u64 r = next_random(rng), max = low_mask(exp_bits), exp = r >> 32 & max;

	switch (r & 15) {
	case 0:
	case 1:
		exp = 0;
		break;
	case 2:
		exp = max;
		break;
	case 3:
		exp = 1 + (r >> 16 & 1);
		break;
	case 4:
		exp = max - 1 - (r >> 16 & 1);
		break;
	case 5:
	case 6:
	case 7:
	case 8:
	case 9:
		exp = (near + (r >> 16 & 7) - 3) & max;
		break;
	case 10:
	case 11:
		exp = (near + (r >> 16 & 127) - 64) & max;
		break;
	case 12:
		exp = (max >> 1) - 2 + (r >> 16 & 15);
		break;
	}
	return (r >> 63) << ((8u << s) - 1) | exp << frac_bits | random_fraction(rng, frac_bits);
}

static int make_cases(u64 seed, u64 count)
{
	u64 rng = seed;

	while (count--) {
		u64 r = next_random(&rng), near = r >> 40;
		struct fpu_case c = { .op = (u32)((r & 0xffffffff) % FPU_OP_COUNT) };
		enum fp_size s = (enum fp_size)sizes[c.op];

		if (r >> 33 & 3)
			c.fpcr = (u32)(next_random(&rng) & FPCR_MASK);
		c.a = s ? random_number(&rng, s, near) : random_integer(&rng);
		c.b = s ? random_number(&rng, s, near) : random_integer(&rng);
		/* an addend near the product, at times */
		if (s && r >> 35 & 1)
			near = (c.a << 1 >> 1) / (fp_sign_bit(s) >> (s == FP_D ? 11 : s == FP_S ? 8 : 5)) * 2;
		c.c = s ? random_number(&rng, s, near) : random_integer(&rng);
		if (s && (r >> 36 & 15) == 0)
			c.b = c.a;
		if (s && (r >> 36 & 15) == 1)
			c.b = fp_neg(s, c.a);
		if (fwrite(&c, sizeof c, 1, stdout) != 1)
			return 1;
	}
	return fflush(stdout) != 0;
}

static bool agrees(const struct fpu_case *c, const struct fpu_answer *want, u32 fpsr)
{
	struct fpu f;
	u64 r;

	fpu_init(&f);
	fpu_set_fpcr(&f, c->fpcr);
	fpu_set_fpsr(&f, fpsr);
	r = compute[c->op](&f, c->a, c->b, c->c);
	if (r == want->result && f.fpsr == (want->fpsr | fpsr))
		return true;
	printf("%s fpcr %08x %016" PRIx64 " %016" PRIx64 " %016" PRIx64 ": %016" PRIx64
	       " fpsr %02x, reference %016" PRIx64 " fpsr %02x\n",
	       names[c->op], c->fpcr, c->a, c->b, c->c, r, f.fpsr, want->result,
	       (u32)want->fpsr | fpsr);
	return false;
}

static int check_answers(FILE *cases, FILE *answers)
{
	struct fpu_case c;
	struct fpu_answer a;
	u64 count = 0, bad = 0;

	while (fread(&c, sizeof c, 1, cases) == 1) {
		if (fread(&a, sizeof a, 1, answers) != 1 || c.op >= FPU_OP_COUNT) {
			fprintf(stderr, "fpu_host: answers end after %" PRIu64 " cases\n", count);
			return 1;
		}
		count++;
		bad += !agrees(&c, &a, 0) || !agrees(&c, &a, FPSR_IXC);
	}
	printf("%" PRIu64 " cases of %d operations, %" PRIu64 " differ\n", count, FPU_OP_COUNT, bad);
	return bad || !count;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "make"))
		return make_cases(strtoull(argv[2], NULL, 0), strtoull(argv[3], NULL, 0));
	if (argc == 4 && !strcmp(argv[1], "check")) {
		FILE *cases = fopen(argv[2], "rb"), *answers = fopen(argv[3], "rb");

		if (cases && answers)
			return check_answers(cases, answers);
		fprintf(stderr, "fpu_host: cannot read %s or %s\n", argv[2], argv[3]);
		return 1;
	}
	fprintf(stderr, "usage: fpu_host make SEED COUNT > CASES | fpu_host check CASES ANSWERS\n");
	return 2;
}
