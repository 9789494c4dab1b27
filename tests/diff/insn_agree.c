/*
 * See insn_agree.h. Everything must agree at every end, also after a fault: registers, flags, the
 * faulting address, memory. Two things are left out, both UNKNOWN to the manual (DDI0487 D1.3.4)
 * and seldom alike: SIMD registers that an aborted load of several registers or elements was to
 * write, and memory of the page that did not abort that an aborted store of more than 8 bytes was
 * to write. General registers, base registers among them, are compared always. The reference learns
 * FAR from its host, which tells none when the access reaches beyond its own 47 bits.
 */
#include "insn_agree.h"

#include <stddef.h>
#include <string.h>

#include "insn_sweep.h"

enum { LARGEST = 64 }; /* bytes that an instruction stores: ST1 to ST4 of four registers */

/* What a run that ended in s may leave as it likes. */
struct unknown {
	bool far;
	u32 vector;   /* registers */
	u32 from, to; /* bytes of the data */
};

static struct unknown unknown_after(const struct program *p, u64 slot_va, u64 data_va,
				    const struct state *s)
{
	u64 i = (s->pc - slot_va - 4) / 4, far = s->far - data_va;
	const struct insn *row = i < p->n ? a64_decode(p->word[i], ~0ull) : NULL;
	struct unknown u = { (s->far + LARGEST) >> 47 != 0, 0, 0, 0 };
	struct use use;

	if (s->stop != STOP_MEMORY || !row || far >= DATA_SIZE || !gen_is_large(row))
		return u;
	gen_use(row, p->word[i], &use);
	u.vector = use.written.vector;
	u.from = far > LARGEST ? (u32)far - LARGEST : 0;
	u.to = far + LARGEST < DATA_SIZE ? (u32)far + LARGEST : DATA_SIZE;
	return u;
}

/* a as if it had b's values in the registers that are UNKNOWN. */
static bool states_agree(const struct unknown *u, const struct state *a, const struct state *b,
			 size_t size)
{
	struct state masked = *a;

	if (u->far)
		masked.far = b->far;
	for (u32 m = u->vector; m; m &= m - 1)
		memcpy(masked.v[__builtin_ctz(m)], b->v[__builtin_ctz(m)], 16);
	return memcmp(&masked, b, size) == 0;
}

bool insn_agrees(const struct program *p, u64 slot_va, u64 data_va, const struct state *before,
		 const struct state *want, const struct state *got, const u8 *want_data,
		 const u8 *got_data)
{
	struct unknown u = unknown_after(p, slot_va, data_va, got);

	if (memcmp(want, got, sizeof *got) && !states_agree(&u, want, got, sizeof *got))
		return false;
	if (got->stop != STOP_END && p->n == 1 &&
	    !states_agree(&u, before, got, offsetof(struct state, pc)))
		return false;
	if (gen_has_data(p) && (memcmp(want_data, got_data, u.from) ||
				memcmp(want_data + u.to, got_data + u.to, DATA_SIZE - u.to)))
		return false;
	return sweep_differs(p, want_data, got_data) == p->sweep.sets;
}
