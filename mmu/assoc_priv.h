/*
 * A tagged set-associative array: what every structure of the TLB model is made of. Lines are found
 * by hash, per page size that is present; sets only decide which line is replaced. Lines are
 * numbered from 1; 0 is "none".
 */
#ifndef MMU_ASSOC_PRIV_H
#define MMU_ASSOC_PRIV_H

#include "base/bits.h"
#include "mmu/tlb.h"

/* A tag says everything that must match besides the page number. */
#define TAG_ASID     MASK(15, 0)
#define TAG_VMID     MASK(31, 16)
#define TAG_SIZE     MASK(37, 32) /* log2 of the page */
#define TAG_KIND     MASK(39, 38)
#define TAG_SPACE    MASK(41, 40)
#define TAG_S1	     BIT(42)
#define TAG_S2	     BIT(43)
#define TAG_VM	     BIT(44) /* VMID counts */
#define TAG_GLOBAL   BIT(45) /* ASID does not count */
#define TAG_VALID    BIT(46)
#define TAG_CONTEXT  (TAG_VMID | TAG_KIND | TAG_SPACE | TAG_S1 | TAG_S2 | TAG_VM | TAG_VALID)
#define TAG_VMID_LO  16
#define TAG_SIZE_LO  32
#define TAG_KIND_LO  38
#define TAG_SPACE_LO 40

static inline unsigned tag_size(u64 tag)
{
	return (unsigned)bits(tag, 37, 32);
}

struct line_key {
	u64 page;		  /* address >> size */
	u64 tag;		  /* 0: the line is empty */
	u32 next;		  /* with the same hash */
	u32 frag_next, frag_prev; /* fragments of the same larger stage-1 leaf */
	u8 frag;		  /* log2 of that leaf, 0: not a fragment */
};
_Static_assert(sizeof(struct line_key) == 32, "keys are scanned by TLBI");

struct line {
	u64 seq;   /* older lines have smaller numbers */
	u64 used;  /* LRU */
	u16 slots; /* L1: first fast slot that this line backs */
	u32 from;  /* the TLB checker's: what the line was made from, 0: unknown */
	union {
		struct xlat x; /* pa and ipa are those of the page's start */
		struct wc_hit wc;
	};
};

struct assoc {
	const char *name;
	u32 n, ways, sets;
	u8 policy;
	u32 count;
	u64 sizes, frags; /* which page sizes, which sizes of fragmented leaves are present */
	u32 size_n[64], frag_n[64];
	u16 small[256]; /* lines below 2 MiB, by address bits 28:21: lets an insert skip its overlap
			   scan */
	unsigned hash_shift;
	u32 *head, *frag_head;
	struct line_key *key; /* [1..n] */
	struct line *line;
	u64 *empty; /* bitmap of lines, bit 0 of word 0 is line 1 */
	u32 *turn;  /* round robin, per set */
	u64 *tree;  /* PLRU, per set */
	u64 rng, seed, seq, clock;
	void (*dropped)(void *ctx, struct assoc *a, u32 i); /* a line that backs fast slots goes */
	void (*forget)(void *ctx, struct assoc *a, u32 i);  /* a line with `from` goes */
	void *ctx;
};

bool assoc_init(struct assoc *a, const char *name, const struct tlb_shape *shape, u64 seed);
void assoc_free(struct assoc *a);
void assoc_clear(struct assoc *a);

/*
 * The oldest line that matches `want` (TAG_CONTEXT and ASID) at addr; *several when there is more
 * than one.
 */
u32 assoc_find(const struct assoc *a, u64 addr, u64 want, bool *several);
/*
 * The matching line with the smallest page: walk caches hold several levels for one address on
 * purpose.
 */
u32 assoc_find_smallest(const struct assoc *a, u64 addr, u64 want);
/* A hit or fill, for the replacement policy. */
void assoc_touch(struct assoc *a, u32 i);
/*
 * Makes room for addr in its set and returns the line, whose payload the caller fills. tag includes
 * the size. frag: log2 of the stage-1 leaf when that is larger than the page, else 0. A line with
 * the same page and tag is replaced in place. *evicted: log2 of the page of another one that was replaced, 0: none.
 */
u32 assoc_insert(struct assoc *a, u64 addr, u64 tag, u8 frag, unsigned *evicted);
void assoc_drop(struct assoc *a, u32 i);
/* Whether an address of the line that is about to be inserted will have two, in some context. */
bool assoc_overlaps(const struct assoc *a, u64 addr, u64 tag);

/* Which lines a TLBI means. */
struct tag_match {
	u64 mask, value;
	bool spare_global; /* else the ASID of a global line does not count */
	u64 *by_size;	   /* what is dropped is counted here by log2 of its page, minus 12 */
};
u32 assoc_drop_all(struct assoc *a, const struct tag_match *m);
/* Those that (or whose stage-1 leaf) translate a byte of addr .. addr+len-1. */
u32 assoc_drop_range(struct assoc *a, u64 addr, u64 len, const struct tag_match *m);

/* Lines and replacement state; payload is moved by `payload`. */
void assoc_snap(struct assoc *a, struct snap *s, void (*payload)(struct snap *s, struct line *l));

#endif
