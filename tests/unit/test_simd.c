/*
 * Advanced SIMD: the shape of results, saturation, unallocated words, and the two implementations of the cryptographic
 * instructions against each other and against published values. tests/diff/insn.sh compares every row with a reference.
 */
#include <stdlib.h>
#include <string.h>

#include "cpu/crypto.h"
#include "cpu/translate.h"
#include "tests/unit/harness.h"

struct bench {
	struct cpu *c;
	struct tr *t;
};

static bool bench_open(struct bench *b)
{
	b->c = aligned_alloc(64, (sizeof *b->c + 63) & ~(size_t)63);
	b->t = calloc(1, sizeof *b->t);
	if (!EXPECT(b->c && b->t))
		return false;
	memset(b->c, 0, sizeof *b->c);
	b->c->core.features = ~0ull;
	fpu_init(&b->c->fpu);
	b->t->c = b->c;
	return true;
}

static void bench_close(struct bench *b)
{
	free(b->c);
	free(b->t);
}

EXEC(stop)
{
	return NULL;
}

static void run_uops(struct cpu *c, const struct uop *u)
{
	while (u)
		u = u->exec(c, u, 0);
}

/* Executes one word; false: UNDEFINED. */
static bool exec(struct bench *b, u32 w)
{
	const struct insn *row = a64_decode(w, b->c->core.features);
	struct tr *t = b->t;

	t->n_uops = t->n_pool = 0;
	if (!row || !row->tr(t, row, w))
		return false;
	emit(t, exec_stop, 0, 0, 0, 0, 0);
	for (u32 i = 0; i < t->n_uops; i++)
		if (t->uses_pool[i])
			t->uop[i].imm = (s32)((char *)&t->pool[t->uop[i].imm] - (char *)&t->uop[i]);
	run_uops(b->c, t->uop);
	return true;
}

static void put(struct bench *b, unsigned n, u64 hi, u64 lo)
{
	vset128(b->c, n, lo, hi);
}

static bool is(struct bench *b, unsigned n, u64 hi, u64 lo)
{
	return EXPECT_EQ(b->c->v[n].d[1], hi) && EXPECT_EQ(b->c->v[n].d[0], lo);
}

TEST(a_64_bit_vector_zeroes_the_upper_half)
{
	struct bench b;

	ASSERT(bench_open(&b));
	put(&b, 1, ~0ull, 0x00ff7f8001020304);
	put(&b, 2, ~0ull, 0x0101010101010101);
	EXPECT(exec(&b, 0x0e228420)); /* add v0.8b, v1.8b, v2.8b */
	is(&b, 0, 0, 0x0100808102030405);
	EXPECT(exec(&b, 0x4e228420)); /* add v0.16b, v1.16b, v2.16b */
	is(&b, 0, 0xfefefefefefefefe, 0x0100808102030405);
	bench_close(&b);
}

TEST(saturation_is_seen_only_in_elements_that_exist)
{
	struct bench b;

	ASSERT(bench_open(&b));
	put(&b, 1, 0x7f7f7f7f7f7f7f7f, 1);
	put(&b, 2, 0x7f7f7f7f7f7f7f7f, 2);
	EXPECT(exec(&b, 0x0e220c20)); /* sqadd v0.8b, v1.8b, v2.8b */
	is(&b, 0, 0, 3);
	EXPECT_EQ(b.c->fpu.fpsr, 0);
	EXPECT(exec(&b, 0x5e220c20)); /* sqadd b0, b1, b2 */
	is(&b, 0, 0, 3);
	EXPECT_EQ(b.c->fpu.fpsr, 0);
	EXPECT(exec(&b, 0x4e220c20)); /* sqadd v0.16b, v1.16b, v2.16b */
	is(&b, 0, 0x7f7f7f7f7f7f7f7f, 3);
	EXPECT_EQ(b.c->fpu.fpsr, FPSR_QC);
	bench_close(&b);
}

TEST(narrowing_into_the_upper_half_keeps_the_lower)
{
	struct bench b;

	ASSERT(bench_open(&b));
	put(&b, 0, 7, 0x1122334455667788);
	put(&b, 1, 0x0001000200030004, 0x0005000600070008);
	EXPECT(exec(&b, 0x4e212820)); /* xtn2 v0.16b, v1.8h */
	is(&b, 0, 0x0102030405060708, 0x1122334455667788);
	EXPECT(exec(&b, 0x0e212820)); /* xtn v0.8b, v1.8h */
	is(&b, 0, 0, 0x0102030405060708);
	bench_close(&b);
}

TEST(unallocated_sizes_are_undefined)
{
	struct bench b;

	ASSERT(bench_open(&b));
	EXPECT(!exec(&b, 0x0ee28420)); /* add v0.1d */
	EXPECT(!exec(&b, 0x4ee29c20)); /* mul v0.2d */
	EXPECT(!exec(&b, 0x2e629c20)); /* pmul v0.4h */
	EXPECT(!exec(&b, 0x5e228420)); /* add b0 */
	EXPECT(!exec(&b, 0x2f00f400)); /* fmov v0.1d */
	EXPECT(!exec(&b, 0x2e024020)); /* ext v0.8b, #8 */
	EXPECT(!exec(&b, 0x0eb1b820)); /* addv s0, v1.2s */
	b.c->core.features &= ~FEAT(AES);
	EXPECT(!exec(&b, 0x4e284820)); /* aese */
	bench_close(&b);
}

/* SHA-256 of "abc" (FIPS 180-4, example) in the instruction sequence that software uses. */
TEST(sha256_of_abc)
{
	static const u32 k[64] = {
		0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
		0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
		0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
		0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
		0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
		0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
		0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
		0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
	};
	struct bench b;

	ASSERT(bench_open(&b));
	put(&b, 0, 0xa54ff53a3c6ef372, 0xbb67ae856a09e667); /* abcd */
	put(&b, 1, 0x5be0cd191f83d9ab, 0x9b05688c510e527f); /* efgh */
	put(&b, 4, 0, 0x61626380);
	put(&b, 7, 0x18ull << 32, 0);
	for (unsigned i = 0; i < 16; i++) {
		unsigned w = 4 + i % 4, w1 = 4 + (i + 1) % 4, w2 = 4 + (i + 2) % 4, w3 = 4 + (i + 3) % 4;

		put(&b, 3, (u64)k[4 * i + 3] << 32 | k[4 * i + 2], (u64)k[4 * i + 1] << 32 | k[4 * i]);
		EXPECT(exec(&b, 0x4ea08403 | w << 16 | 3 << 5));    /* add v3.4s, v3.4s, vW.4s */
		EXPECT(exec(&b, 0x4ea01c02));                       /* mov v2, v0 */
		EXPECT(exec(&b, 0x5e034020));                       /* sha256h q0, q1, v3.4s */
		EXPECT(exec(&b, 0x5e035041));                       /* sha256h2 q1, q2, v3.4s */
		EXPECT(exec(&b, 0x5e282800 | w1 << 5 | w));         /* sha256su0 vW, vW1 */
		EXPECT(exec(&b, 0x5e006000 | w3 << 16 | w2 << 5 | w)); /* sha256su1 vW, vW2, vW3 */
	}
	put(&b, 2, 0xa54ff53a3c6ef372, 0xbb67ae856a09e667);
	EXPECT(exec(&b, 0x4ea28400)); /* add v0.4s, v0.4s, v2.4s */
	is(&b, 0, 0x5dae2223414140de, 0x8f01cfeaba7816bf);
	bench_close(&b);
}

/* FIPS 197, appendix B: the first round of its example. */
TEST(aes_round_of_the_standard)
{
	struct bench b;

	ASSERT(bench_open(&b));
	put(&b, 0, 0x340737e0a2983131, 0x8d305a88a8f64332); /* input, byte 0 lowest */
	put(&b, 1, 0x3c4fcf098815f7ab, 0xa6d2ae2816157e2b); /* key */
	EXPECT(exec(&b, 0x4e284820)); /* aese v0, v1 */
	EXPECT(exec(&b, 0x4e286800)); /* aesmc v0, v0 */
	is(&b, 0, 0x4c2606287ad3f848, 0x9a19cbe0e5816604);
	bench_close(&b);
}

static u64 noise(u64 *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	return *s ^= *s << 17;
}

static void twins(struct bench *b, exec_fn *host, enum crypto_op op, u64 seed)
{
	struct uop u[2] = { { .exec = host, .rd = 0, .rn = 1, .rm = 2 }, { .exec = exec_stop } };
	u64 in[6], want[2];

	for (unsigned i = 0; i < 6; i++)
		in[i] = noise(&seed);
	for (unsigned pass = 0; pass < 2; pass++) {
		u[0].exec = pass ? host : crypto_portable.fn[op];
		for (unsigned i = 0; i < 3; i++)
			put(b, i, in[2 * i + 1], in[2 * i]);
		run_uops(b->c, u);
		if (!pass)
			memcpy(want, b->c->v[0].d, 16);
	}
	if (memcmp(want, b->c->v[0].d, 16) != 0)
		FAIL_TEST("the host's form of cryptographic operation %d differs", op);
}

TEST(host_and_portable_cryptography_agree)
{
	struct bench b;

	ASSERT(bench_open(&b));
	for (unsigned op = 0; op < CRYPTO_COUNT; op++) {
		exec_fn *host = crypto_host_aes()->fn[op] ? crypto_host_aes()->fn[op] : crypto_host_sha()->fn[op];

		EXPECT(crypto_portable.fn[op] != NULL);
		for (unsigned i = 1; host && i <= 500; i++)
			twins(&b, host, op, i * 0x9e3779b97f4a7c15);
	}
	bench_close(&b);
}
