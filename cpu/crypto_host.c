/*
 * The cryptographic instructions by the x86 host's AES-NI, PCLMULQDQ and SHA extensions; nothing on other hosts. A processor
 * that lacks a group gets an empty set for it.
 *
 * The x86 SHA instructions hold their words in reverse order and, for SHA-1, add the round constant themselves, so the
 * constant that Arm software already added is taken off again.
 */
#include "cpu/crypto.h"

static const struct crypto_set nothing;

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define AES __attribute__((target("aes,pclmul")))
#define SHA __attribute__((target("sha,ssse3,sse4.1")))
#define X(v) ((__m128i)(v))
#define ZERO _mm_setzero_si128()

CRYPTO_EXEC(AES, host_aese, _mm_aesenclast_si128(X(d ^ n), ZERO))
CRYPTO_EXEC(AES, host_aesd, _mm_aesdeclast_si128(X(d ^ n), ZERO))
/* the inverse substitution and row shift undo those of AESENC, so its column mix remains */
CRYPTO_EXEC(AES, host_aesmc, _mm_aesenc_si128(_mm_aesdeclast_si128(X(n), ZERO), ZERO))
CRYPTO_EXEC(AES, host_aesimc, _mm_aesimc_si128(X(n)))
CRYPTO_EXEC(AES, host_pmull, _mm_clmulepi64_si128(X(n), X(m), 0x00))
CRYPTO_EXEC(AES, host_pmull2, _mm_clmulepi64_si128(X(n), X(m), 0x11))

#define REVERSE(v) _mm_shuffle_epi32(v, 0x1b)
#define SHA1_ROUNDS(k, f)                                                                                                    \
	REVERSE(_mm_sha1rnds4_epu32(REVERSE(X(d)),                                                                           \
				    _mm_add_epi32(REVERSE(_mm_sub_epi32(X(m), _mm_set1_epi32((int)(k)))),                    \
						  _mm_set_epi32((int)n[0], 0, 0, 0)), f))
CRYPTO_EXEC(SHA, host_sha1c, SHA1_ROUNDS(0x5a827999, 0))
CRYPTO_EXEC(SHA, host_sha1p, SHA1_ROUNDS(0x6ed9eba1, 1))
CRYPTO_EXEC(SHA, host_sha1m, SHA1_ROUNDS(0x8f1bbcdc, 2))

/* Arm: abcd and efgh, a and e lowest. x86: abef and cdgh, a and c highest. Each x86 instruction does two rounds. */
SHA static always_inline_ __m128i sha256_rounds(__m128i abcd, __m128i efgh, __m128i wk, bool second)
{
	__m128i abef = REVERSE(_mm_unpacklo_epi64(abcd, efgh));
	__m128i cdgh = REVERSE(_mm_unpackhi_epi64(abcd, efgh));
	__m128i one = _mm_sha256rnds2_epu32(cdgh, abef, wk);
	__m128i two = _mm_sha256rnds2_epu32(abef, one, _mm_unpackhi_epi64(wk, wk));

	/* now abef is `two` and cdgh is `one` */
	return REVERSE(second ? _mm_unpacklo_epi64(one, two) : _mm_unpackhi_epi64(one, two));
}
CRYPTO_EXEC(SHA, host_sha256h, sha256_rounds(X(d), X(n), X(m), false))
CRYPTO_EXEC(SHA, host_sha256h2, sha256_rounds(X(n), X(d), X(m), true))
CRYPTO_EXEC(SHA, host_sha256su0, _mm_sha256msg1_epu32(X(d), X(n)))
CRYPTO_EXEC(SHA, host_sha256su1, _mm_sha256msg2_epu32(_mm_add_epi32(X(d), _mm_alignr_epi8(X(m), X(n), 4)), X(m)))

static const struct crypto_set x86_aes = { {
	[CRYPTO_AESE] = exec_host_aese,
	[CRYPTO_AESD] = exec_host_aesd,
	[CRYPTO_AESMC] = exec_host_aesmc,
	[CRYPTO_AESIMC] = exec_host_aesimc,
	[CRYPTO_PMULL] = exec_host_pmull,
	[CRYPTO_PMULL2] = exec_host_pmull2,
} };
static const struct crypto_set x86_sha = { {
	[CRYPTO_SHA1C] = exec_host_sha1c,
	[CRYPTO_SHA1P] = exec_host_sha1p,
	[CRYPTO_SHA1M] = exec_host_sha1m,
	[CRYPTO_SHA256H] = exec_host_sha256h,
	[CRYPTO_SHA256H2] = exec_host_sha256h2,
	[CRYPTO_SHA256SU0] = exec_host_sha256su0,
	[CRYPTO_SHA256SU1] = exec_host_sha256su1,
} };

const struct crypto_set *crypto_host_aes(void)
{
	bool ok = __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");

	return ok ? &x86_aes : &nothing;
}

const struct crypto_set *crypto_host_sha(void)
{
	unsigned a, b, c, d;
	/* gcc 12 has no name for the SHA extensions: CPUID leaf 7, EBX bit 29 */
	bool ok = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1) && __builtin_cpu_supports("sse4.1");

	return ok ? &x86_sha : &nothing;
}

#else

const struct crypto_set *crypto_host_aes(void)
{
	return &nothing;
}

const struct crypto_set *crypto_host_sha(void)
{
	return &nothing;
}

#endif
