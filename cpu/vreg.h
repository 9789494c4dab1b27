/*
 * The FP/SIMD register file: every write of a vector register goes through here. A write of fewer than 128 bits zeroes the
 * rest (DDI0487 C1.2.5); with SVE it will zero up to the vector length. Reads are plain: c->v[n].d[0] is the low half.
 *
 * Vectors are gcc vector types of 16 bytes, and of 8 bytes for the narrow side of widening and narrowing instructions; lane 0
 * is the lowest, as on every host that builds this (little-endian).
 */
#ifndef CPU_VREG_H
#define CPU_VREG_H

#include "cpu/cpu.h"

#define VECTOR_TYPE(name, T, bytes) typedef T name __attribute__((vector_size(bytes)))
VECTOR_TYPE(vu8, u8, 16);
VECTOR_TYPE(vu16, u16, 16);
VECTOR_TYPE(vu32, u32, 16);
VECTOR_TYPE(vu64, u64, 16);
VECTOR_TYPE(vs8, s8, 16);
VECTOR_TYPE(vs16, s16, 16);
VECTOR_TYPE(vs32, s32, 16);
VECTOR_TYPE(vs64, s64, 16);
VECTOR_TYPE(hu8, u8, 8);
VECTOR_TYPE(hu16, u16, 8);
VECTOR_TYPE(hu32, u32, 8);
VECTOR_TYPE(hs8, s8, 8);
VECTOR_TYPE(hs16, s16, 8);
VECTOR_TYPE(hs32, s32, 8);
#undef VECTOR_TYPE

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "lanes stand in memory as in the register");

/*
 * All 128 bits, as one store of 16 bytes: a vector read soon after two stores of 8 would wait until both have left the host's
 * store buffer.
 */
static inline __attribute__((always_inline)) void vsetv(struct cpu *c, unsigned n, vu64 v)
{
	*(vu64 *)c->v[n].d = v;
}
static inline __attribute__((always_inline)) void vset128(struct cpu *c, unsigned n, u64 lo, u64 hi)
{
	vsetv(c, n, (vu64){ lo, hi });
}
static inline __attribute__((always_inline)) void vset64(struct cpu *c, unsigned n, u64 v)
{
	vset128(c, n, v, 0);
}
static inline __attribute__((always_inline)) void vset32(struct cpu *c, unsigned n, u32 v)
{
	vset128(c, n, v, 0);
}
static inline __attribute__((always_inline)) void vset16(struct cpu *c, unsigned n, u16 v)
{
	vset128(c, n, v, 0);
}
static inline __attribute__((always_inline)) void vset8(struct cpu *c, unsigned n, u8 v)
{
	vset128(c, n, v, 0);
}
static inline __attribute__((always_inline)) vu64 vgetv(const struct cpu *c, unsigned n)
{
	return *(const vu64 *)c->v[n].d;
}

/* Lane i of register n as type T, for reading. */
#define VLANE(c, T, n, i) (((const T *)(c)->v[n].d)[i])

#endif
