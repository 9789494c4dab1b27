/* The instruction rows with their masks, and the decoder's index (both from a64.def by gen_a64.c). */
#include "cpu/insn.h"

#define A64_INDEX
#include "a64_gen.h"

const struct insn a64_insns[] = {
#define INSN(n, pic, ops, feat, c, t, a)                                                           \
	{ .name = #n, .picture = pic, .operands = ops, .mask = A64_MASK_##n,                       \
	  .value = A64_VALUE_##n, .feature = feat, .cls = c, .tr = t, .arg = a },
#include "cpu/a64.def"
#undef INSN
};
const size_t a64_insns_n = ARRAY_SIZE(a64_insns);

const struct insn *a64_decode(u32 w, u64 features)
{
	unsigned b = w >> 21;

	for (unsigned i = a64_start[b]; i < a64_start[b + 1]; i++) {
		const struct insn *row = &a64_insns[a64_index[i]];

		if ((w & row->mask) == row->value && (row->feature & ~features) == 0)
			return row;
	}
	return NULL;
}
