/*
 * Uops, blocks and the block cache of one PE. Blocks are found by physical page and block key (cpu/key.h); none holds a
 * virtual address, so one serves every mapping of its page, and it survives context switches and TLB maintenance. A block
 * ends at a branch, at an instruction that may change what follows, at the end of its 4 KiB page, or at max_block.
 */
#ifndef CPU_BLOCK_H
#define CPU_BLOCK_H

#include "base/types.h"

struct cpu;
struct uop;
struct insn;

/* acc: what the uop before wrote to x[its rd], when that is what its handler says (NEXT_ACC); else anything. */
typedef const struct uop *exec_fn(struct cpu *c, const struct uop *u, u64 acc);

struct uop {
	exec_fn *exec;
	union {
		struct {
			u8 rd, rn, rm, aux; /* slots of cpu.x or cpu.v; meaning belongs to the handler */
		};
		struct {
			u16 h0, h1;
		};
	};
	union {
		s32 imm;
		u32 uimm;
	};
};
_Static_assert(sizeof(struct uop) == 16, "a uop is 16 bytes");

/* Beside each uop, for slow paths only. */
struct uop_cold {
	u16 row;  /* index into a64_insns */
	u16 off;  /* of the instruction in its page, in bytes */
	u16 nth;  /* instructions of the block before this one */
	u16 iss;  /* data aborts: ESR ISS bits 24:14 (ISV, SAS, SSE, SRT, SF, AR) */
	u8 cnt[4]; /* class counts of the instruction, on its first uop */
};

typedef u32 block_counts __attribute__((vector_size(16)));

/* Entering a block touches its first cache line: header and two uops. */
enum { BLOCK_MAX = 128 };
struct block {
	s64 work;               /* what entering it adds to cpu.work */
	struct block *link[2];  /* successors in the same page: taken, not taken */
	u32 info;               /* where its block_info is, in bytes from here */
	u16 off;                /* of the first instruction in the page */
	u8 n;                   /* instructions */
	struct uop uop[];       /* then the constant pool, then info with the cold records */
};
_Static_assert(sizeof(struct block) == 32, "two uops share the header's cache line");

struct block_info {
	struct codepage *page;
	const u8 *kind; /* KIND_* of each instruction; NULL: all are KIND_NONE */
	u32 n_uops;
	struct uop_cold cold[];
};

static inline const struct block_info *block_info(const struct block *b)
{
	return (const struct block_info *)((const char *)b + b->info);
}

static inline const struct uop_cold *block_cold(const struct block *b, const struct uop *u)
{
	return &block_info(b)->cold[u - b->uop];
}

struct codepage {
	struct block *block[1024]; /* by instruction word in the page */
	u64 pa;                    /* page address with its space */
	u64 key;
	const u8 *host;            /* the page's bytes */
	u32 *was;                  /* --parallel: the lines that something was decoded from, as they were; else NULL */
	u64 lines;                 /* which lines (of 64 bytes) those are */
	u64 checked;               /* the last recheck that it passed */
	bool mixed;                /* blocks differ in what they found in one place */
	struct codepage *hash_next;
};

/* The n words at off were decoded. */
void block_decoded(struct codepage *p, u32 off, const u32 *word, u32 n);

struct block_cache;
/* bytes: memory for code pages and blocks (address space is reserved, pages are touched as used); when it is full all is dropped. */
struct block_cache *block_cache_new(size_t bytes);
void block_cache_free(struct block_cache *bc);
/* The page with that key, made when new; host: its 4096 bytes. */
struct codepage *block_page(struct cpu *c, u64 pa, u64 key, const u8 *host);
/* Kills every block of that physical page (both address spaces). Nothing is reused before block_safe_point(). */
void block_kill_page(struct cpu *c, u64 addr);
/* --parallel: a page is compared with memory when it is entered next. */
void block_recheck(struct cpu *c);
/* What the host did to run code: no part of statistics and digests, as it depends on how code is cut. */
struct block_host_counts {
	u64 decoded, chained, invalidated, restarts; /* blocks; links made; blocks dropped as written; times that the cache was full */
};
struct block_host_counts *block_host_counts(struct block_cache *bc);
/* Called outside fast code: starts afresh when the cache is full. */
void block_safe_point(struct cpu *c);
/* Decodes the block at off of page p (translate.c). Never NULL: undecodable words become UNDEFINED uops. */
struct block *block_translate(struct cpu *c, struct codepage *p, u32 off);
/* The block at off of p, decoded when it is not there. NULL: no memory. */
struct block *block_get(struct cpu *c, struct codepage *p, u32 off);

#endif
