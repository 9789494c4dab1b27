/* Translation of the cryptographic instructions: picks the host's implementation, else the portable one. */
#include "cpu/crypto.h"
#include "cpu/translate.h"

static exec_fn *crypto_fn(enum crypto_op op)
{
	if (crypto_host_aes()->fn[op])
		return crypto_host_aes()->fn[op];
	if (crypto_host_sha()->fn[op])
		return crypto_host_sha()->fn[op];
	return crypto_portable.fn[op];
}

bool tr_crypto(struct tr *t, const struct insn *row, u32 w)
{
	if (tr_fp_check(t))
		emit(t, crypto_fn((enum crypto_op)row->arg), w & 31, bits(w, 9, 5), bits(w, 20, 16), 0, 0);
	return true;
}
