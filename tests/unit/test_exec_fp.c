/*
 * Floating-point instructions: what a sentence of the manual says about registers and encodings. tests/diff/insn.sh
 * compares every row with a reference.
 */
#include <stdlib.h>
#include <string.h>

#include "cpu/flags.h"
#include "cpu/translate.h"
#include "tests/unit/harness.h"

#define ONE64  0x3ff0000000000000ull
#define TWO64  0x4000000000000000ull
#define FOUR64 0x4010000000000000ull
#define JUNK   0xdeadbeefcafef00dull

struct fixture {
	struct cpu *c;
	struct tr *t;
};

static struct fixture fixture_new(u64 features)
{
	struct fixture f = { aligned_alloc(64, (sizeof(struct cpu) + 63) & ~63ul), calloc(1, sizeof(struct tr)) };

	memset(f.c, 0, sizeof *f.c);
	f.c->core.features = features;
	fpu_init(&f.c->fpu);
	f.t->c = f.c;
	return f;
}
static void fixture_free(struct fixture f)
{
	free(f.c);
	free(f.t);
}

EXEC(end)
{
	return NULL;
}

/* Executes one word; false when it is undefined. */
static bool run(struct fixture f, u32 w)
{
	const struct insn *row = a64_decode(w, f.c->core.features);
	struct tr *t = f.t;

	t->n_uops = t->n_pool = 0;
	if (!row || !row->tr(t, row, w))
		return false;
	for (u32 i = 0; i < t->n_uops; i++)
		if (t->uses_pool[i])
			t->uop[i].imm = (s32)((char *)&t->pool[t->uop[i].imm] - (char *)&t->uop[i]);
	emit(t, exec_end, 0, 0, 0, 0, 0);
	for (const struct uop *u = t->uop; u;)
		u = u->exec(f.c, u, 0);
	return true;
}
static void set(struct fixture f, unsigned n, u64 lo, u64 hi)
{
	f.c->v[n].d[0] = lo;
	f.c->v[n].d[1] = hi;
}

#define EXPECT_V(f, n, lo, hi)                                                                     \
	do {                                                                                       \
		EXPECT_EQ((f).c->v[n].d[0], lo);                                                   \
		EXPECT_EQ((f).c->v[n].d[1], hi);                                                   \
	} while (0)

TEST(no_word_belongs_to_two_rows)
{
	for (size_t i = 0; i < a64_insns_n; i++)
		for (size_t j = 0; j < i; j++) {
			const struct insn *a = &a64_insns[i], *b = &a64_insns[j];

			if (!((a->value ^ b->value) & a->mask & b->mask))
				FAIL_TEST("%s and %s overlap", a->name, b->name);
		}
}

TEST(a_scalar_result_zeroes_the_rest_of_the_register)
{
	struct fixture f = fixture_new(~0ull);

	set(f, 0, 0x0000000140000000, JUNK);
	set(f, 2, JUNK, JUNK);
	EXPECT(run(f, 0x1e202802)); /* fadd s2, s0, s0 */
	EXPECT_V(f, 2, 0x40800000, 0);
	set(f, 2, JUNK, JUNK);
	EXPECT(run(f, 0x1e204002)); /* fmov s2, s0 */
	EXPECT_V(f, 2, 0x40000000, 0);
	fixture_free(f);
}

TEST(a_64_bit_vector_result_zeroes_the_upper_half)
{
	struct fixture f = fixture_new(~0ull);

	set(f, 0, 0x4000000040000000, JUNK);
	set(f, 2, JUNK, JUNK);
	EXPECT(run(f, 0x0e20d402)); /* fadd v2.2s, v0.2s, v0.2s */
	EXPECT_V(f, 2, 0x4080000040800000, 0);
	EXPECT(run(f, 0x0ea0f802)); /* fabs v2.2s, v0.2s */
	EXPECT_V(f, 2, 0x4000000040000000, 0);
	fixture_free(f);
}

TEST(moves_to_the_upper_half_and_fcvtn2_keep_the_lower)
{
	struct fixture f = fixture_new(~0ull);

	set(f, 0, ONE64, TWO64);
	set(f, 2, JUNK, JUNK);
	f.c->x[1] = 5;
	EXPECT(run(f, 0x9eaf0022)); /* fmov v2.d[1], x1 */
	EXPECT_V(f, 2, JUNK, 5);
	EXPECT(run(f, 0x4e616802)); /* fcvtn2 v2.4s, v0.2d */
	EXPECT_V(f, 2, JUNK, 0x400000003f800000);
	EXPECT(run(f, 0x0e616802)); /* fcvtn v2.2s, v0.2d */
	EXPECT_V(f, 2, 0x400000003f800000, 0);
	fixture_free(f);
}

TEST(packed_arithmetic_gives_what_each_lane_would)
{
	/* fadd, fsub, fmul, fdiv, fmla, fmls of v2.2d, v0.2d, v1.2d; fmul, fmla by v1.d[1] */
	static const u32 words[] = { 0x4e61d402, 0x4ee1d402, 0x6e61dc02, 0x6e61fc02,
				     0x4e61cc02, 0x4ee1cc02, 0x4fc19802, 0x4fc11802 };
	static const u64 operands[] = { ONE64, ONE64 + 1, TWO64 - 1, 0, 1, 0x0010000000000000, 0x7ff0000000000000,
					0x7ff0000000000001, 0x7fefffffffffffff, 0xc010000000000000 };
	const size_t n = ARRAY_SIZE(operands);
	struct fixture f = fixture_new(~0ull);

	for (size_t i = 0; i < n * n * ARRAY_SIZE(words); i++) {
		u64 a = operands[i % n], b = operands[i / n % n], seen[2][2];

		for (unsigned inexact = 0; inexact < 2; inexact++) { /* IXC lets the packed forms in */
			fpu_set_fpsr(&f.c->fpu, inexact ? FPSR_IXC : 0);
			set(f, 0, ONE64 + 2, a);
			set(f, 1, FOUR64 + 3, b);
			set(f, 2, TWO64, TWO64);
			EXPECT(run(f, words[i / n / n]));
			memcpy(seen[inexact], f.c->v[2].d, sizeof seen[0]);
		}
		EXPECT_EQ(seen[0][0], seen[1][0]);
		EXPECT_EQ(seen[0][1], seen[1][1]);
	}
	fixture_free(f);
}

TEST(comparison_sets_the_flags_of_the_manuals_table)
{
	struct fixture f = fixture_new(~0ull);

	set(f, 0, ONE64, 0);
	set(f, 1, TWO64, 0);
	set(f, 2, 0x7ff8000000000000, 0);
	EXPECT(run(f, 0x1e612000)); /* fcmp d0, d1 */
	EXPECT_EQ(flags_index(flags(f.c)), FP_LESS);
	EXPECT(run(f, 0x1e602020)); /* fcmp d1, d0 */
	EXPECT_EQ(flags_index(flags(f.c)), FP_GREATER);
	EXPECT(run(f, 0x1e602000)); /* fcmp d0, d0 */
	EXPECT_EQ(flags_index(flags(f.c)), FP_EQUAL);
	EXPECT(run(f, 0x1e622000)); /* fcmp d0, d2 */
	EXPECT_EQ(flags_index(flags(f.c)), FP_UNORDERED);
	EXPECT_EQ(f.c->fpu.fpsr, 0);
	EXPECT(run(f, 0x1e622010)); /* fcmpe d0, d2 */
	EXPECT_EQ(f.c->fpu.fpsr, FPSR_IOC);
	fixture_free(f);
}

TEST(unallocated_arrangements_are_undefined)
{
	struct fixture f = fixture_new(~0ull);

	EXPECT(!run(f, 0x0e61d402)); /* fadd v2.1d */
	EXPECT(!run(f, 0x4fe19802)); /* fmul by element of doubles, L = 1 */
	EXPECT(!run(f, 0x1ea02802)); /* fadd, ftype 2 */
	EXPECT(!run(f, 0x1e187c02)); /* fcvtzs w2, s0, #33 */
	EXPECT(!run(f, 0x1e670000)); /* fmov d0, w0 */
	fixture_free(f);
}

TEST(half_precision_arithmetic_needs_the_feature_but_conversion_does_not)
{
	struct fixture f = fixture_new(~FEAT(FP16));

	set(f, 0, 0x3c00, 0);
	EXPECT(!run(f, 0x1ee02802)); /* fadd h2, h0, h0 */
	EXPECT(!run(f, 0x0e401402)); /* fadd v2.4h, v0.4h, v0.4h */
	EXPECT(!run(f, 0x1ee60002)); /* fmov w2, h0 */
	EXPECT(run(f, 0x1ee24002)); /* fcvt s2, h0 */
	EXPECT_V(f, 2, 0x3f800000, 0);
	fixture_free(f);
}
