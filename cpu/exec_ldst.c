/*
 * Loads and stores (DDI0487 C4.1.94): general and FP/SIMD registers, pairs, structures, exclusives, ordered, atomics. A write-back
 * is a second uop after the access, which can no longer fault.
 */
#include "cpu/context.h"
#include "cpu/fuse.h"
#include "cpu/mem.h"
#include "cpu/sync_fns.h"
#include "cpu/translate.h"
#include "cpu/vreg.h"

#define RD c->x[u->rd]
#define RN c->x[u->rn]
#define RM c->x[u->rm]

EXEC(add_imm)
{
	u64 v = RN + (u64)(s64)u->imm;

	RD = v;
	NEXT_ACC(c, u, v);
}
EXEC(add_reg) { RD = RN + RM; NEXT(c, u); }

/* Address forms of a base value N; the index of the register forms is RM. */
#define A_imm(N)  ((N) + (u64)(s64)u->imm)
#define A_lsl(N)  ((N) + (RM << u->aux))
#define A_uxtw(N) ((N) + ((u64)(u32)RM << u->aux))
#define A_sxtw(N) ((N) + ((u64)(s64)(s32)RM << u->aux))
#define A_lit(N)  (c->page_va + (u64)(s64)u->imm)

/* What follows an access: the next uop; the same with the loaded value; the write-back that u[1] would do, then u + 2. */
#define THEN_NEXT NEXT(c, u)
#define THEN_ACC  NEXT_ACC(c, u, got)
#define WBACK                                                                                                        \
	u64 base = c->x[u[1].rn] + (u64)(s64)u[1].imm;                                                               \
	c->x[u[1].rd] = base
#define THEN_WBACK                                                                                                   \
	do {                                                                                                         \
		WBACK;                                                                                               \
		NEXT_ACC(c, u + 1, base);                                                                            \
	} while (0)

/* The fast half has no stack frame: what misses goes on in a twin of its own. */
#define LOAD_FAST(name, plain, addr, size, es, ctx, assign, then)                                                    \
	EXEC(name)                                                                                                   \
	{                                                                                                            \
		u64 va = addr;                                                                                       \
		const struct fast_slot *s = mem_slot(c, va, MEM(size, es, ctx, 0));                                  \
		const void *p;                                                                                       \
		__attribute__((unused)) u64 got = 0;                                                                 \
		if (unlikely(s->rtag != mem_tag(c, va, MEM(size, es, ctx, 0))))                                      \
			return slow_##plain(c, u);                                                                   \
		p = (const void *)(s->addend + va);                                                                  \
		assign;                                                                                              \
		then;                                                                                                \
	}
#define LOAD_AS(name, addr, slow_addr, size, es, ctx, assign, then)                                                  \
	static noinline_ const struct uop *slow_##name(struct cpu *c, const struct uop *u)                           \
	{                                                                                                            \
		const void *p = mem_load_slow(c, u, slow_addr, MEM(size, es, ctx, 0));                               \
		__attribute__((unused)) u64 got = 0;                                                                 \
		if (unlikely(!p))                                                                                    \
			return fault_exit(c, u);                                                                     \
		assign;                                                                                              \
		then;                                                                                                \
	}                                                                                                            \
	LOAD_FAST(name, name, addr, size, es, ctx, assign, then)
/* V: the value of rd to store. */
#define STORE_AS(name, addr, slow_addr, value, size, es, ctx, put, then)                                             \
	static noinline_ const struct uop *slow_##name(struct cpu *c, const struct uop *u)                           \
	{                                                                                                            \
		void *p = c->bounce;                                                                                 \
		const u64 V = RD;                                                                                    \
		(void)V;                                                                                             \
		put;                                                                                                 \
		if (unlikely(!mem_store_slow(c, u, slow_addr, MEM(size, es, ctx, 0))))                               \
			return fault_exit(c, u);                                                                     \
		then;                                                                                                \
	}                                                                                                            \
	EXEC(name)                                                                                                   \
	{                                                                                                            \
		u64 va = addr;                                                                                       \
		const struct fast_slot *s = mem_slot(c, va, MEM(size, es, ctx, 0));                                  \
		const u64 V = value;                                                                                 \
		void *p;                                                                                             \
		(void)V;                                                                                             \
		if (unlikely(s->wtag != mem_tag(c, va, MEM(size, es, ctx, 0))))                                      \
			return slow_##name(c, u);                                                                    \
		p = (void *)(s->addend + va);                                                                        \
		put;                                                                                                 \
		then;                                                                                                \
	}
#define LOAD(name, mode, addr, size, es, ctx, assign)                                                                \
	LOAD_AS(name##_##mode, addr(RN), addr(RN), size, es, ctx, assign, THEN_NEXT)
#define STORE(name, mode, addr, size, es, ctx, put)                                                                  \
	STORE_AS(name##_##mode, addr(RN), addr(RN), 0, size, es, ctx, put, THEN_NEXT)
/* General registers: the loaded value goes on in acc; the base may come from there, and so may a stored value. */
#define LOAD_FWD(name, mode, addr, size, es, ctx, value)                                                             \
	LOAD_AS(name##_##mode, addr(RN), addr(RN), size, es, ctx, RD = got = (value), THEN_ACC)                      \
	LOAD_AS(name##_##mode##_fn, addr(acc), addr(RN), size, es, ctx, RD = got = (value), THEN_ACC)
#define STORE_FWD(name, mode, addr, size, es, ctx, put)                                                              \
	STORE_AS(name##_##mode, addr(RN), addr(RN), RD, size, es, ctx, put, THEN_NEXT)                               \
	STORE_AS(name##_##mode##_fn, addr(acc), addr(RN), RD, size, es, ctx, put, THEN_NEXT)                         \
	STORE_AS(name##_##mode##_fd, addr(RN), addr(RN), acc, size, es, ctx, put, THEN_NEXT)

/* One general register, one address form, in order of size << 2 | opc. */
#define GENERAL(mode, addr, ctx)                                                                                     \
	STORE_FWD(st8, mode, addr, 1, 0, ctx, put8(p, (u8)V))                                                        \
	LOAD_FWD(ld8, mode, addr, 1, 0, ctx, get8(p))                                                                \
	LOAD_FWD(lds8x, mode, addr, 1, 0, ctx, (u64)(s64)(s8)get8(p))                                                \
	LOAD_FWD(lds8w, mode, addr, 1, 0, ctx, (u32)(s32)(s8)get8(p))                                                \
	STORE_FWD(st16, mode, addr, 2, 1, ctx, put16(p, (u16)V))                                                     \
	LOAD_FWD(ld16, mode, addr, 2, 1, ctx, get16(p))                                                              \
	LOAD_FWD(lds16x, mode, addr, 2, 1, ctx, (u64)(s64)(s16)get16(p))                                             \
	LOAD_FWD(lds16w, mode, addr, 2, 1, ctx, (u32)(s32)(s16)get16(p))                                             \
	STORE_FWD(st32, mode, addr, 4, 2, ctx, put32(p, (u32)V))                                                     \
	LOAD_FWD(ld32, mode, addr, 4, 2, ctx, get32(p))                                                              \
	LOAD_FWD(lds32, mode, addr, 4, 2, ctx, (u64)(s64)(s32)get32(p))                                              \
	STORE_FWD(st64, mode, addr, 8, 3, ctx, put64(p, V))                                                          \
	LOAD_FWD(ld64, mode, addr, 8, 3, ctx, get64(p))
#define GENERAL_TABLE(mode)                                                                                          \
	{ exec_st8_##mode, exec_ld8_##mode, exec_lds8x_##mode, exec_lds8w_##mode, exec_st16_##mode, exec_ld16_##mode, \
	  exec_lds16x_##mode, exec_lds16w_##mode, exec_st32_##mode, exec_ld32_##mode, exec_lds32_##mode, NULL,       \
	  exec_st64_##mode, exec_ld64_##mode }
GENERAL(imm, A_imm, MCTX_CUR)
GENERAL(lsl, A_lsl, MCTX_CUR)
GENERAL(uxtw, A_uxtw, MCTX_CUR)
GENERAL(sxtw, A_sxtw, MCTX_CUR)
GENERAL(unpr, A_imm, MCTX_UNPRIV)
#define LOAD_LIT(name, size, es, value) LOAD_AS(name##_lit, A_lit(0), A_lit(0), size, es, MCTX_CUR, RD = got = (value), THEN_ACC)
LOAD_LIT(ld32, 4, 2, get32(p))
LOAD_LIT(lds32, 4, 2, (u64)(s64)(s32)get32(p))
LOAD_LIT(ld64, 8, 3, get64(p))

/* One vector register, in order of log2 size << 1 | load. */
#define VECTOR(mode, addr)                                                                                           \
	STORE(vst8, mode, addr, 1, 0, MCTX_CUR, put8(p, (u8)c->v[u->rd].d[0]))                                       \
	LOAD(vld8, mode, addr, 1, 0, MCTX_CUR, vset8(c, u->rd, get8(p)))                                             \
	STORE(vst16, mode, addr, 2, 1, MCTX_CUR, put16(p, (u16)c->v[u->rd].d[0]))                                    \
	LOAD(vld16, mode, addr, 2, 1, MCTX_CUR, vset16(c, u->rd, get16(p)))                                          \
	STORE(vst32, mode, addr, 4, 2, MCTX_CUR, put32(p, (u32)c->v[u->rd].d[0]))                                    \
	LOAD(vld32, mode, addr, 4, 2, MCTX_CUR, vset32(c, u->rd, get32(p)))                                          \
	STORE(vst64, mode, addr, 8, 3, MCTX_CUR, put64(p, c->v[u->rd].d[0]))                                         \
	LOAD(vld64, mode, addr, 8, 3, MCTX_CUR, vset64(c, u->rd, get64(p)))                                          \
	STORE(vst128, mode, addr, 16, 4, MCTX_CUR, put128(p, c->v[u->rd].d))                                     \
	LOAD(vld128, mode, addr, 16, 4, MCTX_CUR, vset128(c, u->rd, get64(p), get64((const u8 *)p + 8)))
#define VECTOR_TABLE(mode)                                                                                           \
	{ exec_vst8_##mode, exec_vld8_##mode, exec_vst16_##mode, exec_vld16_##mode, exec_vst32_##mode, exec_vld32_##mode, \
	  exec_vst64_##mode, exec_vld64_##mode, exec_vst128_##mode, exec_vld128_##mode }
VECTOR(imm, A_imm)
VECTOR(lsl, A_lsl)
VECTOR(uxtw, A_uxtw)
VECTOR(sxtw, A_sxtw)
LOAD(vld32, lit, A_lit, 4, 2, MCTX_CUR, vset32(c, u->rd, get32(p)))
LOAD(vld64, lit, A_lit, 8, 3, MCTX_CUR, vset64(c, u->rd, get64(p)))
LOAD(vld128, lit, A_lit, 16, 4, MCTX_CUR, vset128(c, u->rd, get64(p), get64((const u8 *)p + 8)))

/* Pairs: rd and aux. */
#define AT(p, n) ((u8 *)(uintptr_t)(p) + (n))
LOAD(ldp32, imm, A_imm, 8, 2, MCTX_CUR, u64 b = get32(AT(p, 4)); RD = get32(p); c->x[u->aux] = b)
LOAD(ldpsw, imm, A_imm, 8, 2, MCTX_CUR, u64 b = (u64)(s64)(s32)get32(AT(p, 4)); RD = (u64)(s64)(s32)get32(p); c->x[u->aux] = b)
LOAD(ldp64, imm, A_imm, 16, 3, MCTX_CUR, u64 b = get64(AT(p, 8)); RD = get64(p); c->x[u->aux] = b)
STORE(stp32, imm, A_imm, 8, 2, MCTX_CUR, put32(p, (u32)RD); put32(AT(p, 4), (u32)c->x[u->aux]))
STORE(stp64, imm, A_imm, 16, 3, MCTX_CUR, put64(p, RD); put64(AT(p, 8), c->x[u->aux]))
LOAD(vldp32, imm, A_imm, 8, 2, MCTX_CUR, vset32(c, u->rd, get32(p)); vset32(c, u->aux, get32(AT(p, 4))))
LOAD(vldp64, imm, A_imm, 16, 3, MCTX_CUR, vset64(c, u->rd, get64(p)); vset64(c, u->aux, get64(AT(p, 8))))
LOAD(vldp128, imm, A_imm, 32, 4, MCTX_CUR, vset128(c, u->rd, get64(p), get64(AT(p, 8))); vset128(c, u->aux, get64(AT(p, 16)), get64(AT(p, 24))))
STORE(vstp32, imm, A_imm, 8, 2, MCTX_CUR, put32(p, (u32)c->v[u->rd].d[0]); put32(AT(p, 4), (u32)c->v[u->aux].d[0]))
STORE(vstp64, imm, A_imm, 16, 3, MCTX_CUR, put64(p, c->v[u->rd].d[0]); put64(AT(p, 8), c->v[u->aux].d[0]))
STORE(vstp128, imm, A_imm, 32, 4, MCTX_CUR, put128(p, c->v[u->rd].d); put128(AT(p, 16), c->v[u->aux].d))

/* With the write-back that follows them done at once: the common sizes, with the base from memory or acc. */
#define WBACK_LOAD(name, size, es, assign)                                                                           \
	LOAD_AS(name##_wb, A_imm(RN), A_imm(RN), size, es, MCTX_CUR, assign, THEN_WBACK)                             \
	LOAD_AS(name##_wb_fn, A_imm(acc), A_imm(RN), size, es, MCTX_CUR, assign, THEN_WBACK)
#define WBACK_STORE(name, size, es, put)                                                                             \
	STORE_AS(name##_wb, A_imm(RN), A_imm(RN), RD, size, es, MCTX_CUR, put, THEN_WBACK)                           \
	STORE_AS(name##_wb_fn, A_imm(acc), A_imm(RN), RD, size, es, MCTX_CUR, put, THEN_WBACK)
WBACK_LOAD(ld8, 1, 0, RD = get8(p))
WBACK_LOAD(ld16, 2, 1, RD = get16(p))
WBACK_LOAD(ld32, 4, 2, RD = get32(p))
WBACK_LOAD(ld64, 8, 3, RD = get64(p))
WBACK_LOAD(ldp64, 16, 3, u64 b = get64(AT(p, 8)); RD = get64(p); c->x[u->aux] = b)
WBACK_STORE(st8, 1, 0, put8(p, (u8)V))
WBACK_STORE(st16, 2, 1, put16(p, (u16)V))
WBACK_STORE(st32, 4, 2, put32(p, (u32)V))
WBACK_STORE(st64, 8, 3, put64(p, V))
WBACK_STORE(stp64, 16, 3, put64(p, V); put64(AT(p, 8), c->x[u->aux]))
WBACK_LOAD(vld32, 4, 2, vset32(c, u->rd, get32(p)))
WBACK_LOAD(vld64, 8, 3, vset64(c, u->rd, get64(p)))
WBACK_LOAD(vld128, 16, 4, vset128(c, u->rd, get64(p), get64(AT(p, 8))))
WBACK_STORE(vst32, 4, 2, put32(p, (u32)c->v[u->rd].d[0]))
WBACK_STORE(vst64, 8, 3, put64(p, c->v[u->rd].d[0]))
WBACK_STORE(vst128, 16, 4, memcpy(p, c->v[u->rd].d, 16))

#define FWD_LD(name, mode) { exec_##name##_##mode, exec_##name##_##mode##_fn, NULL, NULL, FWD_PRODUCES },
#define FWD_ST(name, mode) { exec_##name##_##mode, exec_##name##_##mode##_fn, NULL, exec_##name##_##mode##_fd, 0 },
#define FWD_GENERAL(mode)                                                                                            \
	FWD_ST(st8, mode) FWD_LD(ld8, mode) FWD_LD(lds8x, mode) FWD_LD(lds8w, mode) FWD_ST(st16, mode) FWD_LD(ld16, mode) \
	FWD_LD(lds16x, mode) FWD_LD(lds16w, mode) FWD_ST(st32, mode) FWD_LD(ld32, mode) FWD_LD(lds32, mode)          \
	FWD_ST(st64, mode) FWD_LD(ld64, mode)
const struct fwd_row fwd_ldst_rows[] = {
	FWD_GENERAL(imm) FWD_GENERAL(lsl) FWD_GENERAL(uxtw) FWD_GENERAL(sxtw) FWD_GENERAL(unpr)
	{ exec_ld32_lit, NULL, NULL, NULL, FWD_PRODUCES }, { exec_lds32_lit, NULL, NULL, NULL, FWD_PRODUCES },
	{ exec_ld64_lit, NULL, NULL, NULL, FWD_PRODUCES }, { exec_add_imm, NULL, NULL, NULL, FWD_PRODUCES },
};
const size_t fwd_ldst_rows_n = ARRAY_SIZE(fwd_ldst_rows);

/* Heads: an access that succeeds goes straight on. */
#define HEAD_LOAD(tail, head, addr, size, es, assign)                                                                \
	LOAD_FAST(head##__##tail, head, addr, size, es, MCTX_CUR, assign, return exec_tail_##tail(c, u + 1, got))
#define HEAD_WBACK(tail, head, size, es, assign)                                                                     \
	LOAD_FAST(head##__##tail, head, A_imm(RN), size, es, MCTX_CUR, assign, WBACK; return exec_tail_##tail(c, u + 2, base))
#define HEAD_STORE(tail, head, addr, value, size, es, put)                                                           \
	EXEC(head##__##tail)                                                                                         \
	{                                                                                                            \
		u64 va = addr;                                                                                       \
		const struct fast_slot *s = mem_slot(c, va, MEM(size, es, MCTX_CUR, 0));                             \
		const u64 V = value;                                                                                 \
		void *p;                                                                                             \
		if (unlikely(s->wtag != mem_tag(c, va, MEM(size, es, MCTX_CUR, 0))))                                 \
			return slow_##head(c, u);                                                                    \
		p = (void *)(s->addend + va);                                                                        \
		put;                                                                                                 \
		return exec_tail_##tail(c, u + 1, 0);                                                                \
	}
#define HEAD_ld64_imm(tail, ...)    HEAD_LOAD(tail, ld64_imm, A_imm(RN), 8, 3, RD = got = get64(p))
#define HEAD_ld64_imm_fn(tail, ...) HEAD_LOAD(tail, ld64_imm_fn, A_imm(acc), 8, 3, RD = got = get64(p))
#define HEAD_ld32_imm(tail, ...)    HEAD_LOAD(tail, ld32_imm, A_imm(RN), 4, 2, RD = got = get32(p))
#define HEAD_ld32_imm_fn(tail, ...) HEAD_LOAD(tail, ld32_imm_fn, A_imm(acc), 4, 2, RD = got = get32(p))
#define HEAD_ld8_imm(tail, ...)     HEAD_LOAD(tail, ld8_imm, A_imm(RN), 1, 0, RD = got = get8(p))
#define HEAD_ld8_imm_fn(tail, ...)  HEAD_LOAD(tail, ld8_imm_fn, A_imm(acc), 1, 0, RD = got = get8(p))
#define HEAD_ldp64_imm(tail, ...)   HEAD_LOAD(tail, ldp64_imm, A_imm(RN), 16, 3, u64 b = get64(AT(p, 8)); RD = get64(p); c->x[u->aux] = b)
#define HEAD_st64_imm(tail, ...)    HEAD_STORE(tail, st64_imm, A_imm(RN), RD, 8, 3, put64(p, V))
#define HEAD_st64_imm_fd(tail, ...) HEAD_STORE(tail, st64_imm_fd, A_imm(RN), acc, 8, 3, put64(p, V))
#define HEAD_st32_imm_fd(tail, ...) HEAD_STORE(tail, st32_imm_fd, A_imm(RN), acc, 4, 2, put32(p, (u32)V))
#define HEAD_stp64_imm(tail, ...)   HEAD_STORE(tail, stp64_imm, A_imm(RN), RD, 16, 3, put64(p, V); put64(AT(p, 8), c->x[u->aux]))
#define HEAD_ld64_lsl(tail, ...)    HEAD_LOAD(tail, ld64_lsl, A_lsl(RN), 8, 3, RD = got = get64(p))
#define HEAD_ld32_lsl(tail, ...)    HEAD_LOAD(tail, ld32_lsl, A_lsl(RN), 4, 2, RD = got = get32(p))
#define HEAD_ld8_lsl(tail, ...)     HEAD_LOAD(tail, ld8_lsl, A_lsl(RN), 1, 0, RD = got = get8(p))
#define HEAD_vld64_imm(tail, ...)   HEAD_LOAD(tail, vld64_imm, A_imm(RN), 8, 3, vset64(c, u->rd, get64(p)))
#define HEAD_vld64_wb(tail, ...)    HEAD_WBACK(tail, vld64_wb, 8, 3, vset64(c, u->rd, get64(p)))
#define HEAD_st64_lsl_fd(tail, ...) HEAD_STORE(tail, st64_lsl_fd, A_lsl(RN), acc, 8, 3, put64(p, V))
#define HEADS_LDST(X)                                                                                                \
	X(ld64_imm) X(ld64_imm_fn) X(ld32_imm) X(ld32_imm_fn) X(ld8_imm) X(ld8_imm_fn) X(ldp64_imm) X(st64_imm) X(st64_imm_fd) \
	X(st32_imm_fd) X(stp64_imm) X(ld64_lsl) X(ld32_lsl) X(ld8_lsl) X(st64_lsl_fd) X(vld64_imm) X(vld64_wb)
#define HEAD_ALL(head) TAILS(HEAD_##head, ) HEAD_TABLE(head)
HEADS_LDST(HEAD_ALL)
const struct head_row head_ldst_rows[] = { HEADS_LDST(HEAD_ROW) };
const size_t head_ldst_rows_n = ARRAY_SIZE(head_ldst_rows);
TAILS_LDST(TAIL_DEFINE, )
const struct tail_row tail_ldst_rows[] = { TAILS_LDST(TAIL_ROW, ) };
const size_t tail_ldst_rows_n = ARRAY_SIZE(tail_ldst_rows);

#define PAIR_WB(name) { exec_##name##_imm, exec_add_imm, exec_##name##_wb, exec_##name##_wb_fn, NULL, true },
const struct pair_row pair_ldst_rows[] = {
	PAIR_WB(ld8) PAIR_WB(ld16) PAIR_WB(ld32) PAIR_WB(ld64) PAIR_WB(ldp64)
	PAIR_WB(st8) PAIR_WB(st16) PAIR_WB(st32) PAIR_WB(st64) PAIR_WB(stp64)
	PAIR_WB(vld32) PAIR_WB(vld64) PAIR_WB(vld128) PAIR_WB(vst32) PAIR_WB(vst64) PAIR_WB(vst128)
};
const size_t pair_ldst_rows_n = ARRAY_SIZE(pair_ldst_rows);

/* ---- exclusives, ordered, atomics ---- */

/* Guest order <-> value; sizes in bytes. */
static inline u64 atom_get(const struct cpu *c, const void *p, unsigned size)
{
	switch (size) {
	case 1: return get8(p);
	case 2: return c->be ? __builtin_bswap16(get16(p)) : get16(p);
	case 4: return c->be ? __builtin_bswap32(get32(p)) : get32(p);
	default: return c->be ? __builtin_bswap64(get64(p)) : get64(p);
	}
}
static inline void atom_put(const struct cpu *c, void *p, unsigned size, u64 v)
{
	switch (size) {
	case 1: put8(p, (u8)v); break;
	case 2: put16(p, c->be ? __builtin_bswap16((u16)v) : (u16)v); break;
	case 4: put32(p, c->be ? __builtin_bswap32((u32)v) : (u32)v); break;
	default: put64(p, c->be ? __builtin_bswap64(v) : v); break;
	}
}

/* The local monitor: the granule is the accessed location; cleared by CLREX, exception return, and the end of a turn. */
static void monitor_set(struct cpu *c, void *p, unsigned size)
{
	c->excl_host = p;
	c->excl_size = size;
}

#define LDXR(size)                                                                                                   \
	EXEC(ldxr##size)                                                                                             \
	{                                                                                                            \
		void *p = mem_atomic(c, u, RN, MEM(size, __builtin_ctz(size), MCTX_CUR, MEM_ALIGNED | MEM_EXCL));    \
		if (unlikely(!p))                                                                                    \
			return fault_exit(c, u);                                                                     \
		monitor_set(c, p, size);                                                                             \
		RD = atom_get(c, p, size);                                                                           \
		NEXT(c, u);                                                                                          \
	}                                                                                                            \
	EXEC(stxr##size)                                                                                             \
	{                                                                                                            \
		void *p;                                                                                             \
		if (unlikely(!c->excl_host)) {                                                                       \
			c->lookups -= u->imm; /* fails without a translation */                             \
			RM = 1;                                                                                      \
			NEXT(c, u);                                                                                  \
		}                                                                                                    \
		p = mem_atomic(c, u, RN, MEM(size, __builtin_ctz(size), MCTX_CUR, MEM_ALIGNED | MEM_EXCL | MEM_WRITES | MEM_NO_READ)); \
		if (unlikely(!p))                                                                                    \
			return fault_exit(c, u);                                                                     \
		if (p == c->excl_host && c->excl_size == size) {                                                     \
			atom_put(c, p, size, RD);                                                                    \
			RM = 0;                                                                                      \
		} else {                                                                                             \
			RM = 1;                                                                                      \
		}                                                                                                    \
		c->excl_host = NULL;                                                                                 \
		NEXT(c, u);                                                                                          \
	}
LDXR(1)
LDXR(2)
LDXR(4)
LDXR(8)
/* Pairs of `size`-byte registers: rd, aux. */
#define LDXP(size)                                                                                                   \
	EXEC(ldxp##size)                                                                                             \
	{                                                                                                            \
		u8 *p = mem_atomic(c, u, RN, MEM(2 * size, __builtin_ctz(size), MCTX_CUR, MEM_ALIGNED | MEM_EXCL));  \
		u64 hi;                                                                                              \
		if (unlikely(!p))                                                                                    \
			return fault_exit(c, u);                                                                     \
		monitor_set(c, p, 2 * size);                                                                         \
		hi = atom_get(c, p + size, size);                                                                    \
		RD = atom_get(c, p, size);                                                                           \
		c->x[u->aux] = hi;                                                                                   \
		NEXT(c, u);                                                                                          \
	}                                                                                                            \
	EXEC(stxp##size)                                                                                             \
	{                                                                                                            \
		u8 *p;                                                                                               \
		if (unlikely(!c->excl_host)) {                                                                       \
			c->lookups -= u->imm;                                                               \
			RM = 1;                                                                                      \
			NEXT(c, u);                                                                                  \
		}                                                                                                    \
		p = mem_atomic(c, u, RN, MEM(2 * size, __builtin_ctz(size), MCTX_CUR, MEM_ALIGNED | MEM_EXCL | MEM_WRITES | MEM_NO_READ)); \
		if (unlikely(!p))                                                                                    \
			return fault_exit(c, u);                                                                     \
		if (p == c->excl_host && c->excl_size == 2 * size) {                                                 \
			atom_put(c, p, size, RD);                                                                    \
			atom_put(c, p + size, size, c->x[u->aux]);                                                   \
			RM = 0;                                                                                      \
		} else {                                                                                             \
			RM = 1;                                                                                      \
		}                                                                                                    \
		c->excl_host = NULL;                                                                                 \
		NEXT(c, u);                                                                                          \
	}
LDXP(4)
LDXP(8)

/* Ordered accesses may go to devices: the plain paths with the alignment rule of MEM_ALIGNED. */
#define ORDERED(size)                                                                                                \
	EXEC(ldar##size)                                                                                             \
	{                                                                                                            \
		u64 va = RN;                                                                                         \
		const void *p;                                                                                       \
		if (unlikely(va & (size - 1)))                                                                       \
			p = mem_load_slow(c, u, va, MEM(size, __builtin_ctz(size), MCTX_CUR, MEM_ALIGNED));          \
		else                                                                                                 \
			p = mem_load(c, u, va, MEM(size, __builtin_ctz(size), MCTX_CUR, MEM_ALIGNED));               \
		if (unlikely(!p))                                                                                    \
			return fault_exit(c, u);                                                                     \
		RD = size == 1 ? get8(p) : size == 2 ? get16(p) : size == 4 ? get32(p) : get64(p);                   \
		NEXT(c, u);                                                                                          \
	}                                                                                                            \
	EXEC(stlr##size)                                                                                             \
	{                                                                                                            \
		u64 va = RN;                                                                                         \
		void *p = va & (size - 1) ? NULL : mem_store_fast(c, va, MEM(size, __builtin_ctz(size), MCTX_CUR, MEM_ALIGNED)); \
		if (likely(p != NULL)) {                                                                             \
			memcpy(p, &RD, size);                                                                        \
			NEXT(c, u);                                                                                  \
		}                                                                                                    \
		memcpy(c->bounce, &RD, size);                                                                        \
		if (unlikely(!mem_store_slow(c, u, va, MEM(size, __builtin_ctz(size), MCTX_CUR, MEM_ALIGNED))))      \
			return fault_exit(c, u);                                                                     \
		NEXT(c, u);                                                                                          \
	}
ORDERED(1)
ORDERED(2)
ORDERED(4)
ORDERED(8)

/* LSE: rd = loaded value, rm = operand. */
#define ATOM(op, size, T, ST)                                                                                        \
	EXEC(ld##op##size)                                                                                           \
	{                                                                                                            \
		T a, b = (T)RM;                                                                                      \
		void *p = mem_atomic(c, u, RN, MEM(size, __builtin_ctz(size), MCTX_CUR, MEM_ALIGNED | MEM_EXCL | MEM_WRITES)); \
		if (unlikely(!p))                                                                                    \
			return fault_exit(c, u);                                                                     \
		a = (T)atom_get(c, p, size);                                                                         \
		atom_put(c, p, size, (T)ATOM_##op(T, ST, a, b));                                                     \
		RD = a;                                                                                              \
		NEXT(c, u);                                                                                          \
	}
#define ATOM_SIZES(op) ATOM(op, 1, u8, s8) ATOM(op, 2, u16, s16) ATOM(op, 4, u32, s32) ATOM(op, 8, u64, s64)
ATOM_OPS(ATOM_SIZES)
/* CAS: rm is compared and receives the old value (aux is its slot for writing), rd is stored. */
#define CAS(size, T)                                                                                                 \
	EXEC(cas##size)                                                                                              \
	{                                                                                                            \
		T old;                                                                                               \
		void *p = mem_atomic(c, u, RN, MEM(size, __builtin_ctz(size), MCTX_CUR, MEM_ALIGNED | MEM_EXCL | MEM_WRITES)); \
		if (unlikely(!p))                                                                                    \
			return fault_exit(c, u);                                                                     \
		old = (T)atom_get(c, p, size);                                                                       \
		if (old == (T)RM)                                                                                    \
			atom_put(c, p, size, (T)RD);                                                                 \
		c->x[u->aux] = old;                                                                                  \
		NEXT(c, u);                                                                                          \
	}
CAS(1, u8)
CAS(2, u16)
CAS(4, u32)
CAS(8, u64)
/* CASP: pairs rm, rm+1 (compared, receive) and rd, rd+1 (stored); pair members are even, so none is 31 except the second of 30. */
#define CASP(size, T)                                                                                                \
	EXEC(casp##size)                                                                                             \
	{                                                                                                            \
		u8 *p = mem_atomic(c, u, RN, MEM(2 * size, __builtin_ctz(size), MCTX_CUR, MEM_ALIGNED | MEM_EXCL | MEM_WRITES)); \
		unsigned m2 = u->rm == 30 ? REG_ZERO : u->rm + 1, d2 = u->rd == 30 ? REG_ZERO : u->rd + 1;           \
		T lo, hi;                                                                                            \
		if (unlikely(!p))                                                                                    \
			return fault_exit(c, u);                                                                     \
		lo = (T)atom_get(c, p, size);                                                                        \
		hi = (T)atom_get(c, p + size, size);                                                                 \
		if (lo == (T)RM && hi == (T)c->x[m2]) {                                                              \
			atom_put(c, p, size, (T)RD);                                                                 \
			atom_put(c, p + size, size, (T)c->x[d2]);                                                    \
		}                                                                                                    \
		RM = lo;                                                                                             \
		c->x[m2 == REG_ZERO ? REG_SINK : m2] = hi;                                                           \
		NEXT(c, u);                                                                                          \
	}
CASP(4, u32)
CASP(8, u64)

#define SYNC_SIZES(name) { exec_##name##1, exec_##name##2, exec_##name##4, exec_##name##8 }
#define SYNC_ATOM(op)	 SYNC_SIZES(ld##op),
const struct sync_fns sync_turns = {
	.excl = { [SYNC_STORE] = SYNC_SIZES(stxr), [SYNC_LOAD] = SYNC_SIZES(ldxr) },
	.excl_pair = { [SYNC_STORE] = { exec_stxp4, exec_stxp8 }, [SYNC_LOAD] = { exec_ldxp4, exec_ldxp8 } },
	.ordered = { [SYNC_STORE] = SYNC_SIZES(stlr), [SYNC_LOAD] = SYNC_SIZES(ldar) },
	.cas = SYNC_SIZES(cas),
	.casp = { exec_casp4, exec_casp8 },
	.atomic = { ATOM_OPS(SYNC_ATOM) },
};

/* ---- structures ----
 * h: rd = first register, aux = registers of the structure (selem), imm: esize log2 | Q << 4 | rpt << 8. */
static noinline_ void structure_load(struct cpu *c, const struct uop *u, const u8 *p)
{
	unsigned es = u->imm & 3, bytes = u->imm & 16 ? 16 : 8, rpt = u->imm >> 8, n = u->aux;

	for (unsigned r = 0; r < rpt; r++) {
		u8 out[4][16] = { { 0 } };

		for (unsigned e = 0; e < bytes >> es; e++)
			for (unsigned s = 0; s < n; s++, p += 1u << es)
				ram_read(&out[s][e << es], p, 1u << es);
		for (unsigned s = 0; s < n; s++)
			vset128(c, (u->rd + r + s) & 31, get64(out[s]), get64(out[s] + 8));
	}
}
static noinline_ void structure_store(struct cpu *c, const struct uop *u, u8 *p)
{
	unsigned es = u->imm & 3, bytes = u->imm & 16 ? 16 : 8, rpt = u->imm >> 8, n = u->aux;

	for (unsigned r = 0; r < rpt; r++)
		for (unsigned e = 0; e < bytes >> es; e++)
			for (unsigned s = 0; s < n; s++, p += 1u << es)
				ram_write(p, (const u8 *)c->v[(u->rd + r + s) & 31].d + (e << es), 1u << es);
}
static u32 structure_desc(const struct uop *u)
{
	unsigned total = (u->imm & 16 ? 16u : 8u) * (unsigned)(u->imm >> 8) * u->aux;

	return MEM(total, u->imm & 3, MCTX_CUR, 0);
}
EXEC(ld_multi)
{
	const void *p = mem_load(c, u, RN, structure_desc(u));

	if (unlikely(!p))
		return fault_exit(c, u);
	structure_load(c, u, p);
	NEXT(c, u);
}
EXEC(st_multi)
{
	u64 va = RN;
	void *p = mem_store_fast(c, va, structure_desc(u));

	if (likely(p != NULL)) {
		structure_store(c, u, p);
		NEXT(c, u);
	}
	structure_store(c, u, c->bounce);
	if (unlikely(!mem_store_slow(c, u, va, structure_desc(u))))
		return fault_exit(c, u);
	NEXT(c, u);
}
/* LD1 of one whole Q register, the common one. */
LOAD(ld1q, imm, A_imm, 16, 0, MCTX_CUR, vset128(c, u->rd, get64(p), get64((const u8 *)p + 8)))

/* Single structures: aux = selem, imm: esize log2 | index << 4 | replicate << 8 | Q << 9. */
static noinline_ void single_load(struct cpu *c, const struct uop *u, const u8 *p)
{
	unsigned es = u->imm & 3, index = u->imm >> 4 & 15, n = u->aux;

	for (unsigned s = 0; s < n; s++, p += 1u << es) {
		unsigned r = (u->rd + s) & 31;
		u64 d[2] = { c->v[r].d[0], c->v[r].d[1] };

		if (u->imm & 256) {
			for (unsigned e = 0; e < 16u >> es; e++)
				ram_read((u8 *)d + (e << es), p, 1u << es);
			if (!(u->imm & 512))
				d[1] = 0;
		} else {
			ram_read((u8 *)d + (index << es), p, 1u << es);
		}
		vset128(c, r, d[0], d[1]);
	}
}
static noinline_ void single_store(struct cpu *c, const struct uop *u, u8 *p)
{
	unsigned es = u->imm & 3, index = u->imm >> 4 & 15;

	for (unsigned s = 0; s < u->aux; s++, p += 1u << es)
		ram_write(p, (const u8 *)c->v[(u->rd + s) & 31].d + (index << es), 1u << es);
}
static u32 single_desc(const struct uop *u)
{
	return MEM((u32)u->aux << (u->imm & 3), u->imm & 3, MCTX_CUR, 0);
}
EXEC(ld_one)
{
	const void *p = mem_load(c, u, RN, single_desc(u));

	if (unlikely(!p))
		return fault_exit(c, u);
	single_load(c, u, p);
	NEXT(c, u);
}
EXEC(st_one)
{
	u64 va = RN;
	void *p = mem_store_fast(c, va, single_desc(u));

	if (likely(p != NULL)) {
		single_store(c, u, p);
		NEXT(c, u);
	}
	single_store(c, u, c->bounce);
	if (unlikely(!mem_store_slow(c, u, va, single_desc(u))))
		return fault_exit(c, u);
	NEXT(c, u);
}

/* ---- translation ---- */

/* ESR ISS bits 24:14 of a single-register access: ISV, SAS, SSE, SRT, SF, AR. */
static u16 isv(unsigned size, bool sign, unsigned rt, bool sf, bool ordered)
{
	return (u16)(1 << 10 | size << 8 | sign << 7 | rt << 2 | sf << 1 | ordered);
}
static u16 isv_of(unsigned arg, unsigned rt)
{
	unsigned size = arg >> 2, opc = arg & 3;

	return isv(size, opc >= 2, rt, opc >= 2 ? opc == 2 : size == 3, false);
}
static u8 data_reg(unsigned arg, unsigned rt)
{
	return arg & 3 ? gpr_dst(rt) : gpr(rt);
}
static void write_back(struct tr *t, unsigned n, s32 imm)
{
	emit(t, exec_add_imm, gpr_sp(n), gpr_sp(n), 0, 0, imm);
	if (n == 31 && imm % 16)
		tr_sp_written(t);
}

static exec_fn *const general_imm[] = GENERAL_TABLE(imm);
static exec_fn *const vector_imm[] = VECTOR_TABLE(imm);

bool tr_ldst_uimm(struct tr *t, const struct insn *row, u32 w)
{
	unsigned rt = w & 31, n = bits(w, 9, 5);

	if (!tr_sp_base(t, n))
		return true;
	t->iss = isv_of(row->arg, rt);
	emit(t, general_imm[row->arg], data_reg(row->arg, rt), gpr_sp(n), 0, 0, (s32)(bits(w, 21, 10) << (row->arg >> 2)));
	return true;
}
bool tr_ldst_simm(struct tr *t, const struct insn *row, u32 w)
{
	unsigned rt = w & 31, n = bits(w, 9, 5);

	if (!tr_sp_base(t, n))
		return true;
	t->iss = isv_of(row->arg, rt);
	emit(t, general_imm[row->arg], data_reg(row->arg, rt), gpr_sp(n), 0, 0, (s32)sext(bits(w, 20, 12), 9));
	return true;
}
bool tr_ldst_unpriv(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[] = GENERAL_TABLE(unpr);
	unsigned rt = w & 31, n = bits(w, 9, 5);

	if (!tr_sp_base(t, n))
		return true;
	t->iss = isv_of(row->arg, rt);
	emit(t, fn[row->arg], data_reg(row->arg, rt), gpr_sp(n), 0, 0, (s32)sext(bits(w, 20, 12), 9));
	return true;
}
/* Post-index (bits 11:10 = 01) and pre-index (11). A base that is also loaded: the write-back wins (CONSTRAINED UNPREDICTABLE). */
bool tr_ldst_wback(struct tr *t, const struct insn *row, u32 w)
{
	unsigned rt = w & 31, n = bits(w, 9, 5);
	s32 imm = (s32)sext(bits(w, 20, 12), 9);

	if (!tr_sp_base(t, n))
		return true;
	emit(t, general_imm[row->arg], row->arg & 3 && rt == n && n != 31 ? REG_SINK : data_reg(row->arg, rt), gpr_sp(n), 0, 0,
	     bit(w, 11) ? imm : 0);
	write_back(t, n, imm);
	return true;
}

/* Register offset: option 010 UXTW, 011 LSL, 110 SXTW, 111 SXTX. */
static int offset_form(u32 w)
{
	static const s8 form[8] = { -1, -1, 1, 0, -1, -1, 2, 0 };

	return form[bits(w, 15, 13)];
}
bool tr_ldst_reg(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[3][14] = { GENERAL_TABLE(lsl), GENERAL_TABLE(uxtw), GENERAL_TABLE(sxtw) };
	unsigned rt = w & 31, n = bits(w, 9, 5);
	int form = offset_form(w);

	if (form < 0)
		return false;
	if (!tr_sp_base(t, n))
		return true;
	t->iss = isv_of(row->arg, rt);
	emit(t, fn[form][row->arg], data_reg(row->arg, rt), gpr_sp(n), gpr(bits(w, 20, 16)), (u8)(bit(w, 12) ? row->arg >> 2 : 0), 0);
	return true;
}
bool tr_prefetch(struct tr *t, const struct insn *row, u32 w)
{
	/* no uop at all: the instruction is only counted */
	return !row->arg || offset_form(w) >= 0;
}
bool tr_ldr_lit(struct tr *t, const struct insn *row, u32 w)
{
	s32 off = (s32)(t->off + sext(bits(w, 23, 5) << 2, 21));

	t->iss = isv_of(row->arg, w & 31);
	emit(t, row->arg == 9 ? exec_ld32_lit : row->arg == 10 ? exec_lds32_lit : exec_ld64_lit, gpr_dst(w & 31), 0, 0, 0, off);
	return true;
}

bool tr_pair(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[2][2][3] = { /* [vector][load][log2 size - 2] */
		{ { exec_stp32_imm, exec_stp64_imm, NULL }, { exec_ldp32_imm, exec_ldp64_imm, NULL } },
		{ { exec_vstp32_imm, exec_vstp64_imm, exec_vstp128_imm }, { exec_vldp32_imm, exec_vldp64_imm, exec_vldp128_imm } },
	};
	unsigned n = bits(w, 9, 5), rt = w & 31, rt2 = bits(w, 14, 10), mode = bits(w, 24, 23), size = row->arg & 15;
	bool load = bit(w, 22), vector = bit(w, 26);
	s32 imm = (s32)(sext(bits(w, 21, 15), 7) * (1 << size));
	exec_fn *f = row->arg & 16 ? exec_ldpsw_imm : fn[vector][load][size - 2];
	u8 d = (u8)rt, d2 = (u8)rt2;

	if (vector && !tr_fp_check(t))
		return true;
	if (!tr_sp_base(t, n))
		return true;
	if (!vector) {
		d = load ? gpr_dst(rt) : gpr(rt);
		d2 = load ? gpr_dst(rt2) : gpr(rt2);
		if (load && (mode & 1) && n != 31) { /* the base is loaded too: the write-back wins */
			d = rt == n ? REG_SINK : d;
			d2 = rt2 == n ? REG_SINK : d2;
		}
	}
	emit(t, f, d, gpr_sp(n), 0, d2, mode == 1 ? 0 : imm);
	if (mode & 1)
		write_back(t, n, imm);
	return true;
}

bool tr_vldst_uimm(struct tr *t, const struct insn *row, u32 w)
{
	unsigned n = bits(w, 9, 5);

	if (!tr_fp_check(t) || !tr_sp_base(t, n))
		return true;
	emit(t, vector_imm[row->arg], w & 31, gpr_sp(n), 0, 0, (s32)(bits(w, 21, 10) << (row->arg >> 1)));
	return true;
}
bool tr_vldst_simm(struct tr *t, const struct insn *row, u32 w)
{
	unsigned n = bits(w, 9, 5), mode = bits(w, 11, 10);
	s32 imm = (s32)sext(bits(w, 20, 12), 9);

	if (!tr_fp_check(t) || !tr_sp_base(t, n))
		return true;
	emit(t, vector_imm[row->arg], w & 31, gpr_sp(n), 0, 0, mode == 1 ? 0 : imm);
	if (mode & 1)
		write_back(t, n, imm);
	return true;
}
bool tr_vldst_reg(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[3][10] = { VECTOR_TABLE(lsl), VECTOR_TABLE(uxtw), VECTOR_TABLE(sxtw) };
	unsigned n = bits(w, 9, 5);
	int form = offset_form(w);

	if (form < 0)
		return false;
	if (!tr_fp_check(t) || !tr_sp_base(t, n))
		return true;
	emit(t, fn[form][row->arg], w & 31, gpr_sp(n), gpr(bits(w, 20, 16)), (u8)(bit(w, 12) ? row->arg >> 1 : 0), 0);
	return true;
}
bool tr_vldr_lit(struct tr *t, const struct insn *row, u32 w)
{
	if (!tr_fp_check(t))
		return true;
	emit(t, row->arg == 5 ? exec_vld32_lit : row->arg == 7 ? exec_vld64_lit : exec_vld128_lit, w & 31, 0, 0, 0,
	     (s32)(t->off + sext(bits(w, 23, 5) << 2, 21)));
	return true;
}

static void structure_write_back(struct tr *t, u32 w, unsigned bytes)
{
	unsigned n = bits(w, 9, 5), m = bits(w, 20, 16);

	if (m == 31) {
		write_back(t, n, (s32)bytes);
		return;
	}
	emit(t, exec_add_reg, gpr_sp(n), gpr_sp(n), (u8)m, 0, 0);
	if (n == 31)
		tr_sp_written(t);
}
bool tr_simd_multi(struct tr *t, const struct insn *row, u32 w)
{
	/* by opcode: rpt << 4 | selem */
	static const u8 shape[16] = { [0] = 0x14, [2] = 0x41, [4] = 0x13, [6] = 0x31, [7] = 0x11, [8] = 0x12, [10] = 0x21 };
	unsigned s = shape[bits(w, 15, 12)], rpt = s >> 4, selem = s & 15, es = bits(w, 11, 10), q = bit(w, 30), n = bits(w, 9, 5);

	if (!s || (es == 3 && !q && selem != 1))
		return false;
	if (!tr_fp_check(t) || !tr_sp_base(t, n))
		return true;
	if (rpt == 1 && selem == 1 && q && bit(w, 22) && !(t->key & (KEY_BE | KEY_ALIGN)))
		emit(t, exec_ld1q_imm, w & 31, gpr_sp(n), 0, 0, 0);
	else
		emit(t, bit(w, 22) ? exec_ld_multi : exec_st_multi, w & 31, gpr_sp(n), 0, (u8)selem, (s32)(es | q << 4 | rpt << 8));
	if (row->arg)
		structure_write_back(t, w, (q ? 16 : 8) * rpt * selem);
	return true;
}
bool tr_simd_one(struct tr *t, const struct insn *row, u32 w)
{
	unsigned opc = bits(w, 15, 14), s = bit(w, 12), size = bits(w, 11, 10), q = bit(w, 30), n = bits(w, 9, 5);
	unsigned selem = (unsigned)(bit(w, 13) << 1 | bit(w, 21)) + 1, es = opc, index, replicate = 0;
	bool load = bit(w, 22);

	switch (opc) {
	case 0:
		index = q << 3 | s << 2 | size;
		break;
	case 1:
		if (size & 1)
			return false;
		index = q << 2 | s << 1 | size >> 1;
		break;
	case 2:
		if (size & 2)
			return false;
		if (size & 1) {
			if (s)
				return false;
			es = 3;
			index = q;
		} else {
			index = q << 1 | s;
		}
		break;
	default:
		if (!load || s)
			return false;
		es = size;
		index = 0;
		replicate = 1;
	}
	if (!tr_fp_check(t) || !tr_sp_base(t, n))
		return true;
	emit(t, load ? exec_ld_one : exec_st_one, w & 31, gpr_sp(n), 0, (u8)selem, (s32)(es | index << 4 | replicate << 8 | q << 9));
	if (row->arg)
		structure_write_back(t, w, selem << es);
	return true;
}

static const struct sync_fns *sync_fns(const struct tr *t)
{
	return t->c->parallel ? &sync_parallel : &sync_turns;
}

bool tr_excl(struct tr *t, const struct insn *row, u32 w)
{
	const struct sync_fns *fns = sync_fns(t);
	unsigned size = bits(w, 31, 30), n = bits(w, 9, 5), rt = w & 31, rt2 = bits(w, 14, 10), rs = bits(w, 20, 16);
	bool load = row->arg & 2, pair = row->arg & 1;
	u8 d = load ? gpr_dst(rt) : gpr(rt), d2 = load ? gpr_dst(rt2) : gpr(rt2);

	if (!tr_sp_base(t, n))
		return true;
	emit(t, pair ? fns->excl_pair[load][size & 1] : fns->excl[load][size], d, gpr_sp(n), load ? 0 : gpr_dst(rs), pair ? d2 : 0,
	     (t->key & KEY_XLAT) != 0);
	return true;
}
bool tr_ordered(struct tr *t, const struct insn *row, u32 w)
{
	unsigned size = bits(w, 31, 30), n = bits(w, 9, 5), rt = w & 31;

	if (!tr_sp_base(t, n))
		return true;
	t->iss = isv(size, false, rt, size == 3, true);
	emit(t, sync_fns(t)->ordered[row->arg][size], row->arg ? gpr_dst(rt) : gpr(rt), gpr_sp(n), 0, 0, 0);
	return true;
}
bool tr_cas(struct tr *t, const struct insn *row, u32 w)
{
	const struct sync_fns *fns = sync_fns(t);
	unsigned n = bits(w, 9, 5), rt = w & 31, rs = bits(w, 20, 16);

	if (row->arg && ((rt | rs) & 1))
		return false;
	if (!tr_sp_base(t, n))
		return true;
	if (row->arg)
		emit(t, fns->casp[bit(w, 30)], (u8)rt, gpr_sp(n), (u8)rs, 0, 0);
	else
		emit(t, fns->cas[bits(w, 31, 30)], gpr(rt), gpr_sp(n), gpr(rs), gpr_dst(rs), 0);
	return true;
}
bool tr_atomic(struct tr *t, const struct insn *row, u32 w)
{
	unsigned n = bits(w, 9, 5);

	if (!tr_sp_base(t, n))
		return true;
	emit(t, sync_fns(t)->atomic[row->arg][bits(w, 31, 30)], gpr_dst(w & 31), gpr_sp(n), gpr(bits(w, 20, 16)), 0, 0);
	return true;
}
