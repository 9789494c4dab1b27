/*
 * Exclusives, ordered accesses and atomics of PEs that run on threads of their own (--parallel), by host atomics.
 *
 * The exclusive monitor holds address and value: a store-exclusive succeeds by compare-and-swap. So it does not see that another PE
 * wrote the same value meanwhile (docs/quirks.md). Values are in guest order until they reach a register.
 */
#include "cpu/context.h"
#include "cpu/mem.h"
#include "cpu/sync_fns.h"

#define RD c->x[u->rd]
#define RN c->x[u->rn]
#define RM c->x[u->rm]

static always_inline_ u8 order8(const struct cpu *c, u8 v) { return v; }
static always_inline_ u16 order16(const struct cpu *c, u16 v) { return c->be ? __builtin_bswap16(v) : v; }
static always_inline_ u32 order32(const struct cpu *c, u32 v) { return c->be ? __builtin_bswap32(v) : v; }
static always_inline_ u64 order64(const struct cpu *c, u64 v) { return c->be ? __builtin_bswap64(v) : v; }

#define ATOMIC(size, more) MEM(size, __builtin_ctz(size), MCTX_CUR, MEM_ALIGNED | MEM_EXCL | (more))

/* Without a monitor a store-exclusive fails before any translation. imm: its lookup was counted at decode. */
static always_inline_ bool no_monitor(struct cpu *c, const struct uop *u)
{
	if (likely(c->excl_host != NULL))
		return false;
	c->lookups -= u->imm;
	return true;
}

#define EXCLUSIVE(log, size, bits)                                                                                   \
	EXEC(ldxr##log)                                                                                              \
	{                                                                                                            \
		u##bits *p = mem_atomic(c, u, RN, ATOMIC(size, 0));                                                  \
		u##bits v;                                                                                           \
		if (unlikely(!p))                                                                                    \
			return fault_exit(c, u);                                                                     \
		v = atomic_read(p);                                                                                  \
		c->excl_host = p;                                                                                    \
		c->excl_size = size;                                                                                 \
		c->excl_val[0] = v;                                                                                  \
		RD = order##bits(c, v);                                                                              \
		NEXT(c, u);                                                                                          \
	}                                                                                                            \
	EXEC(stxr##log)                                                                                              \
	{                                                                                                            \
		u##bits *p, old = (u##bits)c->excl_val[0], want = order##bits(c, (u##bits)RD);                       \
		bool done;                                                                                           \
		if (unlikely(no_monitor(c, u))) {                                                                    \
			RM = 1;                                                                                      \
			NEXT(c, u);                                                                                  \
		}                                                                                                    \
		p = mem_atomic(c, u, RN, ATOMIC(size, MEM_WRITES | MEM_NO_READ));                                    \
		if (unlikely(!p))                                                                                    \
			return fault_exit(c, u);                                                                     \
		done = p == c->excl_host && c->excl_size == size && atomic_cas(p, old, want) == old;                 \
		c->excl_host = NULL;                                                                                 \
		RM = !done;                                                                                          \
		NEXT(c, u);                                                                                          \
	}
EXCLUSIVE(0, 1, 8)
EXCLUSIVE(1, 2, 16)
EXCLUSIVE(2, 4, 32)
EXCLUSIVE(3, 8, 64)

/* Pairs: registers rd and aux; the first is at the lower address. */
EXEC(ldxp4)
{
	u64 *p = mem_atomic(c, u, RN, MEM(8, 2, MCTX_CUR, MEM_ALIGNED | MEM_EXCL));
	u64 v;

	if (unlikely(!p))
		return fault_exit(c, u);
	v = atomic_read(p);
	c->excl_host = p;
	c->excl_size = 8;
	c->excl_val[0] = v;
	RD = order32(c, (u32)v);
	c->x[u->aux] = order32(c, (u32)(v >> 32));
	NEXT(c, u);
}
EXEC(stxp4)
{
	u64 *p, old = c->excl_val[0], want;
	bool done;

	if (unlikely(no_monitor(c, u))) {
		RM = 1;
		NEXT(c, u);
	}
	p = mem_atomic(c, u, RN, MEM(8, 2, MCTX_CUR, MEM_ALIGNED | MEM_EXCL | MEM_WRITES | MEM_NO_READ));
	if (unlikely(!p))
		return fault_exit(c, u);
	want = order32(c, (u32)RD) | (u64)order32(c, (u32)c->x[u->aux]) << 32;
	done = p == c->excl_host && c->excl_size == 8 && atomic_cas(p, old, want) == old;
	c->excl_host = NULL;
	RM = !done;
	NEXT(c, u);
}
/* The two halves may be torn, which the store-exclusive then finds. */
EXEC(ldxp8)
{
	u64 *p = mem_atomic(c, u, RN, MEM(16, 3, MCTX_CUR, MEM_ALIGNED | MEM_EXCL));

	if (unlikely(!p))
		return fault_exit(c, u);
	c->excl_host = p;
	c->excl_size = 16;
	c->excl_val[0] = atomic_read(p);
	c->excl_val[1] = atomic_read(p + 1);
	RD = order64(c, c->excl_val[0]);
	c->x[u->aux] = order64(c, c->excl_val[1]);
	NEXT(c, u);
}
static noinline_ bool cas_pair(struct cpu *c, void *p, u64 lo, u64 hi)
{
	u64 want[2] = { order64(c, lo), order64(c, hi) };

	return atomic_cas16(p, c->excl_val, want);
}
EXEC(stxp8)
{
	void *p;
	bool done;

	if (unlikely(no_monitor(c, u))) {
		RM = 1;
		NEXT(c, u);
	}
	p = mem_atomic(c, u, RN, MEM(16, 3, MCTX_CUR, MEM_ALIGNED | MEM_EXCL | MEM_WRITES | MEM_NO_READ));
	if (unlikely(!p))
		return fault_exit(c, u);
	done = p == c->excl_host && c->excl_size == 16 && cas_pair(c, p, RD, c->x[u->aux]);
	c->excl_host = NULL;
	RM = !done;
	NEXT(c, u);
}

/* Acquire and release are sequentially consistent with each other (RCsc): a store-release is not passed by a later load-acquire. */
#define ORDERED(log, size, bits)                                                                                     \
	EXEC(ldar##log)                                                                                              \
	{                                                                                                            \
		u64 va = RN;                                                                                         \
		const u##bits *p;                                                                                    \
		if (unlikely(va & (size - 1)))                                                                       \
			p = mem_load_slow(c, u, va, MEM(size, log, MCTX_CUR, MEM_ALIGNED));                          \
		else                                                                                                 \
			p = mem_load(c, u, va, MEM(size, log, MCTX_CUR, MEM_ALIGNED));                               \
		if (unlikely(!p))                                                                                    \
			return fault_exit(c, u);                                                                     \
		RD = __atomic_load_n(p, __ATOMIC_SEQ_CST);                                                           \
		NEXT(c, u);                                                                                          \
	}                                                                                                            \
	EXEC(stlr##log)                                                                                              \
	{                                                                                                            \
		u64 va = RN;                                                                                         \
		u##bits v = (u##bits)RD;                                                                             \
		u##bits *p = va & (size - 1) ? NULL : mem_store_fast(c, va, MEM(size, log, MCTX_CUR, MEM_ALIGNED));  \
		if (likely(p != NULL)) {                                                                             \
			__atomic_store_n(p, v, __ATOMIC_SEQ_CST);                                                    \
			NEXT(c, u);                                                                                  \
		}                                                                                                    \
		put##bits(c->bounce, v);                                                                             \
		fence_full();                                                                                        \
		if (unlikely(!mem_store_slow(c, u, va, MEM(size, log, MCTX_CUR, MEM_ALIGNED))))                      \
			return fault_exit(c, u);                                                                     \
		fence_full();                                                                                        \
		NEXT(c, u);                                                                                          \
	}
ORDERED(0, 1, 8)
ORDERED(1, 2, 16)
ORDERED(2, 4, 32)
ORDERED(3, 8, 64)

/* LSE: rd = loaded value, rm = operand. */
#define ATOM(op, log, size, bits)                                                                                    \
	EXEC(ld##op##log)                                                                                            \
	{                                                                                                            \
		u##bits a, b = (u##bits)RM, raw, seen;                                                               \
		u##bits *p = mem_atomic(c, u, RN, ATOMIC(size, MEM_WRITES));                                         \
		if (unlikely(!p))                                                                                    \
			return fault_exit(c, u);                                                                     \
		seen = atomic_peek(p);                                                                               \
		do {                                                                                                 \
			raw = seen;                                                                                  \
			a = order##bits(c, raw);                                                                     \
			seen = atomic_cas(p, raw, order##bits(c, (u##bits)ATOM_##op(u##bits, s##bits, a, b)));       \
		} while (unlikely(seen != raw));                                                                     \
		RD = a;                                                                                              \
		NEXT(c, u);                                                                                          \
	}
#define ATOM_SIZES(op) ATOM(op, 0, 1, 8) ATOM(op, 1, 2, 16) ATOM(op, 2, 4, 32) ATOM(op, 3, 8, 64)
ATOM_OPS(ATOM_SIZES)

/* CAS: rm is compared and receives the old value (aux is its slot for writing), rd is stored. */
#define CAS(log, size, bits)                                                                                         \
	EXEC(cas##log)                                                                                               \
	{                                                                                                            \
		u##bits want = order##bits(c, (u##bits)RD), old = order##bits(c, (u##bits)RM);                       \
		u##bits *p = mem_atomic(c, u, RN, ATOMIC(size, MEM_WRITES));                                         \
		if (unlikely(!p))                                                                                    \
			return fault_exit(c, u);                                                                     \
		c->x[u->aux] = order##bits(c, atomic_cas(p, old, want));                                             \
		NEXT(c, u);                                                                                          \
	}
CAS(0, 1, 8)
CAS(1, 2, 16)
CAS(2, 4, 32)
CAS(3, 8, 64)

/* CASP: pairs rm, rm+1 (compared, receive) and rd, rd+1 (stored); pair members are even, so none is 31 except the second of 30. */
static always_inline_ unsigned second_read(unsigned first)
{
	return first == 30 ? REG_ZERO : first + 1;
}
static always_inline_ unsigned second_written(unsigned first)
{
	return first == 30 ? REG_SINK : first + 1;
}
EXEC(casp4)
{
	u64 *p = mem_atomic(c, u, RN, MEM(8, 2, MCTX_CUR, MEM_ALIGNED | MEM_EXCL | MEM_WRITES));
	u64 old, want, got;

	if (unlikely(!p))
		return fault_exit(c, u);
	old = order32(c, (u32)RM) | (u64)order32(c, (u32)c->x[second_read(u->rm)]) << 32;
	want = order32(c, (u32)RD) | (u64)order32(c, (u32)c->x[second_read(u->rd)]) << 32;
	got = atomic_cas(p, old, want);
	RM = order32(c, (u32)got);
	c->x[second_written(u->rm)] = order32(c, (u32)(got >> 32));
	NEXT(c, u);
}
/* A failed swap finds the old value by swapping it for itself, so that its halves belong together. */
static noinline_ void swap_pair(struct cpu *c, u64 *p, const struct uop *u)
{
	u64 old[2] = { order64(c, RM), order64(c, c->x[second_read(u->rm)]) };
	u64 want[2] = { order64(c, RD), order64(c, c->x[second_read(u->rd)]) };

	while (!atomic_cas16(p, old, want)) {
		u64 seen[2] = { atomic_peek(p), atomic_peek(p + 1) };

		if ((seen[0] != old[0] || seen[1] != old[1]) && atomic_cas16(p, seen, seen)) {
			RM = order64(c, seen[0]);
			c->x[second_written(u->rm)] = order64(c, seen[1]);
			return;
		}
	}
}
EXEC(casp8)
{
	u64 *p = mem_atomic(c, u, RN, MEM(16, 3, MCTX_CUR, MEM_ALIGNED | MEM_EXCL | MEM_WRITES));

	if (unlikely(!p))
		return fault_exit(c, u);
	swap_pair(c, p, u);
	NEXT(c, u);
}

#define SIZES(name) { exec_##name##0, exec_##name##1, exec_##name##2, exec_##name##3 }
#define ATOM_ROW(op) SIZES(ld##op),
const struct sync_fns sync_parallel = {
	.excl = { [SYNC_STORE] = SIZES(stxr), [SYNC_LOAD] = SIZES(ldxr) },
	.excl_pair = { [SYNC_STORE] = { exec_stxp4, exec_stxp8 }, [SYNC_LOAD] = { exec_ldxp4, exec_ldxp8 } },
	.ordered = { [SYNC_STORE] = SIZES(stlr), [SYNC_LOAD] = SIZES(ldar) },
	.cas = SIZES(cas),
	.casp = { exec_casp4, exec_casp8 },
	.atomic = { ATOM_OPS(ATOM_ROW) },
};
