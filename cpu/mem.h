/*
 * Data accesses of instruction handlers. The inline part is one compare against the fast TLB; everything else is in mem.c.
 *
 *	const void *p = mem_load(c, u, va, desc);     NULL: fault, c->exit is set: return fault_exit(c, u)
 *	if (!mem_store...)
 *
 * desc says size, element size (alignment and byte order are per element), context and kind: MEM(...).
 * Byte order: loads that are not fast return the bytes in little-endian order in c->bounce; fast slots exist for
 * little-endian data only.
 */
#ifndef CPU_MEM_H
#define CPU_MEM_H

#include <string.h>
#include "cpu/exec.h"

/* size in bytes (1..64), log2 of an element's size, MCTX_*, MEM_* */
#define MEM(size, esize, ctx, fl) ((u32)(size) | (esize) << 8 | (ctx) << 12 | (fl))
#define MEM_SIZE(d)  ((d) & 0xff)
#define MEM_ESIZE(d) ((d) >> 8 & 15)
#define MEM_CTX(d)   ((d) >> 12 & 1)
#define MEM_ALIGNED  BIT(16) /* must be aligned to the whole size whatever SCTLR.A says (exclusive, ordered, atomic) */
#define MEM_EXCL     BIT(17) /* exclusive or atomic: RAM only */
#define MEM_WRITES   BIT(18) /* mem_atomic(): needs write permission too */
#define MEM_NO_READ  BIT(19) /* with MEM_WRITES: a store-exclusive, which reads nothing */
#define MEM_ZERO     BIT(20) /* DC ZVA: any address in Device memory is an alignment fault */

/* The slow halves. The result points at `size` bytes: guest RAM, or c->bounce. NULL: c->exit is set. */
const void *mem_load_slow(struct cpu *c, const struct uop *u, u64 va, u32 desc);
/* Stores MEM_SIZE bytes from c->bounce. */
bool mem_store_slow(struct cpu *c, const struct uop *u, u64 va, u32 desc);
/* Host address of a naturally aligned location in RAM that may be read and (MEM_WRITES) written; bytes in guest order. */
void *mem_atomic_slow(struct cpu *c, const struct uop *u, u64 va, u32 desc);
/*
 * DC ZVA: zeroes the 64-byte block. DC/IC by VA: checks the translation (write: DC IVAC needs write permission); fetch: IC IVAU, which
 * under --parallel drops what was decoded there.
 */
bool mem_zero_block(struct cpu *c, const struct uop *u, u64 va);
bool mem_cache_op(struct cpu *c, const struct uop *u, u64 va, bool write, bool fetch);

/* The slot that would answer for va, and the tag it then has. */
static always_inline_ const struct fast_slot *mem_slot(const struct cpu *c, u64 va, u32 desc)
{
	return fast_lookup(&c->dfast, va, c->mctx[MEM_CTX(desc)].hash);
}
static always_inline_ u64 mem_tag(const struct cpu *c, u64 va, u32 desc)
{
	return ((va + MEM_SIZE(desc) - 1) & ~0xfffull) | c->mctx[MEM_CTX(desc)].tag;
}
static always_inline_ const void *mem_load(struct cpu *c, const struct uop *u, u64 va, u32 desc)
{
	const struct fast_slot *s = mem_slot(c, va, desc);

	if (likely(s->rtag == mem_tag(c, va, desc)))
		return (const void *)(s->addend + va);
	return mem_load_slow(c, u, va, desc);
}
/* Where a store may go straight, NULL: put the bytes into c->bounce and call mem_store_slow(). */
static always_inline_ void *mem_store_fast(struct cpu *c, u64 va, u32 desc)
{
	const struct fast_slot *s = mem_slot(c, va, desc);

	if (likely(s->wtag == mem_tag(c, va, desc)))
		return (void *)(s->addend + va);
	return NULL;
}
static always_inline_ void *mem_atomic(struct cpu *c, const struct uop *u, u64 va, u32 desc)
{
	const struct mctx *m = &c->mctx[MEM_CTX(desc)];
	const struct fast_slot *s = fast_lookup(&c->dfast, va, m->hash);

	if (likely(s->rtag == ((va & ~0xfffull) | m->tag) && (!(desc & MEM_WRITES) || s->wtag == s->rtag) &&
		   !(va & (MEM_SIZE(desc) - 1))))
		return (void *)(s->addend + va);
	return mem_atomic_slow(c, u, va, desc);
}

static always_inline_ u8 get8(const void *p) { return ram_get8(p); }
static always_inline_ u16 get16(const void *p) { return ram_get16(p); }
static always_inline_ u32 get32(const void *p) { return ram_get32(p); }
static always_inline_ u64 get64(const void *p) { return ram_get64(p); }
static always_inline_ void put8(void *p, u8 v) { ram_put8(p, v); }
static always_inline_ void put16(void *p, u16 v) { ram_put16(p, v); }
static always_inline_ void put32(void *p, u32 v) { ram_put32(p, v); }
static always_inline_ void put64(void *p, u64 v) { ram_put64(p, v); }
static always_inline_ void put128(void *p, const u64 v[2])
{
#ifdef __SANITIZE_THREAD__
	put64(p, v[0]);
	put64((u8 *)p + 8, v[1]);
#else
	memcpy(p, v, 16);
#endif
}

#endif
