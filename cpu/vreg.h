/* Writes of vector registers: each clears what lies above the element it writes. */
#ifndef CPU_VREG_H
#define CPU_VREG_H

#include "cpu/cpu.h"

static inline void vset128(struct cpu *c, unsigned n, u64 lo, u64 hi)
{
	c->v[n].d[0] = lo;
	c->v[n].d[1] = hi;
}
static inline void vset64(struct cpu *c, unsigned n, u64 v)
{
	vset128(c, n, v, 0);
}
static inline void vset32(struct cpu *c, unsigned n, u32 v)
{
	vset128(c, n, v, 0);
}
static inline void vset16(struct cpu *c, unsigned n, u16 v)
{
	vset128(c, n, v, 0);
}
static inline void vset8(struct cpu *c, unsigned n, u8 v)
{
	vset128(c, n, v, 0);
}

#endif
