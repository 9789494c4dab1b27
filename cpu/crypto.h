/*
 * The cryptographic instructions as functions on whole registers, in two implementations: portable C, and the host's own
 * instructions where it has them. Both give the same bits; which runs is chosen at translation.
 *
 * d is the old destination. Lane 0 is the lowest 32 bits, as the Arm pseudocode counts.
 */
#ifndef CPU_CRYPTO_H
#define CPU_CRYPTO_H

#include "cpu/exec.h"
#include "cpu/simd_ops.h"
#include "cpu/vreg.h"

/* Handlers by enum crypto_op; u->rd, rn, rm are registers. NULL: this implementation lacks the operation. */
struct crypto_set {
	exec_fn *fn[CRYPTO_COUNT];
};

extern const struct crypto_set crypto_portable;
/* The host's set; entries are NULL where the host's processor lacks the instructions. */
const struct crypto_set *crypto_host_aes(void);   /* AES* and PMULL */
const struct crypto_set *crypto_host_sha(void);   /* SHA1*, SHA256* */

/* Defines handler exec_NAME that stores expr, computed from vectors d, n, m. ATTR: function attributes. */
#define CRYPTO_EXEC(ATTR, name, expr)                                                                                        \
	ATTR static EXEC_FN(name)                                        \
	{                                                                                                                    \
		vu64 d = vgetv(c, u->rd), n = vgetv(c, u->rn), m = vgetv(c, u->rm);                                          \
		(void)d, (void)n, (void)m;                                                                                   \
		vsetv(c, u->rd, (vu64)(expr));                                                                               \
		NEXT(c, u);                                                                                                  \
	}

#endif
