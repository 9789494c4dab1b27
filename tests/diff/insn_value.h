/* The execution test's operands: integers and floating-point numbers that are often at an edge. */
#ifndef TESTS_DIFF_INSN_VALUE_H
#define TESTS_DIFF_INSN_VALUE_H

#include "base/bits.h"
#include "base/types.h"

struct values {
	u64 *rng;
	unsigned size; /* log2 of the bytes of a floating-point number in this state */
	u64 near;      /* exponents are often near this one, so that operands and results meet */
};

/* splitmix64 */
u64 value_random(u64 *rng);
/* 64 bits: a number or several side by side; floating: mostly floating-point ones. */
u64 value_make(struct values *g, bool floating);

#endif
