/*
 * NZCV arithmetic (DDI0487 AddWithCarry). On x86-64 hosts the host's own flags are kept (LAHF and SETO, see FL_* in cpu.h): an
 * add or subtract with flags is four instructions and one store. Elsewhere the same layout is computed in C.
 */
#ifndef CPU_FLAGS_H
#define CPU_FLAGS_H

#include "cpu/exec.h"

static always_inline_ u32 flags(const struct cpu *c)
{
	return *(const u16 *)&c->nzcv;
}
static always_inline_ void set_flags(struct cpu *c, u32 f)
{
	*(u16 *)&c->nzcv = (u16)f;
}
static always_inline_ u64 carry_in(const struct cpu *c)
{
	return flags(c) >> 8 & 1;
}

#if defined(__x86_64__) && defined(__LAHF_SAHF__) || defined(__x86_64__)
#define FLAG_OP(name, type, op, fix)                                                                                 \
	static always_inline_ type name(struct cpu *c, type a, type b)                                               \
	{                                                                                                            \
		u16 f;                                                                                               \
		__asm__(op " %2, %1\n\t" fix "lahf\n\tseto %%al" : "=&a"(f), "+r"(a) : "r"(b) : "cc");             \
		set_flags(c, f);                                                                                     \
		return a;                                                                                            \
	}
FLAG_OP(adds64, u64, "addq", "")
FLAG_OP(adds32, u32, "addl", "")
FLAG_OP(subs64, u64, "subq", "cmc\n\t")
FLAG_OP(subs32, u32, "subl", "cmc\n\t")
#undef FLAG_OP
#else
#define FLAG_OP(name, type, stype, bits_, sub)                                                                       \
	static always_inline_ type name(struct cpu *c, type a, type b)                                               \
	{                                                                                                            \
		type r = sub ? a - b : a + b;                                                                        \
		type v = sub ? (a ^ b) & (a ^ r) : ~(a ^ b) & (a ^ r);                                               \
		bool carry = sub ? a >= b : r < a;                                                                   \
		set_flags(c, ((stype)r < 0 ? FL_N : 0) | (r == 0 ? FL_Z : 0) | (carry ? FL_C : 0) | (u32)(v >> (bits_ - 1))); \
		return r;                                                                                            \
	}
FLAG_OP(adds64, u64, s64, 64, 0)
FLAG_OP(adds32, u32, s32, 32, 0)
FLAG_OP(subs64, u64, s64, 64, 1)
FLAG_OP(subs32, u32, s32, 32, 1)
#undef FLAG_OP
#endif

static always_inline_ u64 adcs64(struct cpu *c, u64 a, u64 b)
{
	u128 wide = (u128)a + b + carry_in(c);
	u64 r = (u64)wide;

	set_flags(c, ((s64)r < 0 ? FL_N : 0) | (r == 0 ? FL_Z : 0) | (wide >> 64 ? FL_C : 0) |
			     (u32)((~(a ^ b) & (a ^ r)) >> 63));
	return r;
}
static always_inline_ u32 adcs32(struct cpu *c, u32 a, u32 b)
{
	u64 wide = (u64)a + b + carry_in(c);
	u32 r = (u32)wide;

	set_flags(c, ((s32)r < 0 ? FL_N : 0) | (r == 0 ? FL_Z : 0) | (wide >> 32 ? FL_C : 0) |
			     ((~(a ^ b) & (a ^ r)) >> 31));
	return r;
}
/* Logical results: C and V are cleared. */
static always_inline_ u64 logic_flags64(struct cpu *c, u64 r)
{
	set_flags(c, ((s64)r < 0 ? FL_N : 0) | (r == 0 ? FL_Z : 0));
	return r;
}
static always_inline_ u32 logic_flags32(struct cpu *c, u32 r)
{
	set_flags(c, ((s32)r < 0 ? FL_N : 0) | (r == 0 ? FL_Z : 0));
	return r;
}

/* NZCV as a number 0..15 (N is bit 3), and back. */
static always_inline_ u32 flags_index(u32 f)
{
	return (f >> 12 & 0xc) | (f >> 7 & 2) | (f & 1);
}
static always_inline_ u32 flags_of_index(u32 i)
{
	return (i & 8 ? FL_N : 0) | (i & 4 ? FL_Z : 0) | (i & 2 ? FL_C : 0) | (i & 1);
}
/* For each condition, bit i says whether it holds when flags_index() is i: a condition is then one shift. */
extern const u16 cond_masks[16];
static always_inline_ bool cond_mask_holds(const struct cpu *c, u32 mask)
{
	return mask >> flags_index(flags(c)) & 1;
}

#endif
