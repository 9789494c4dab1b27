/*
 * The table walker (DDI0487 D8): a pure function of regime, memory, address and access. What it would change in memory
 * (access flag, dirty state) it returns as a list of descriptor updates; the caller applies them by compare-and-swap with
 * walk_apply() and walks again when one fails. AT and the debugger discard them.
 */
#ifndef MMU_WALK_H
#define MMU_WALK_H

#include "mmu/bus.h"
#include "mmu/regime.h"

struct walk_update {
	pa pa;
	u64 old, new; /* as stored in memory order of the regime: already byte-swapped where the regime is big-endian */
};

/* One descriptor read, for the debugger's `walk` and the statistics. */
struct walk_step {
	u8 stage, level;
	u8 shift;   /* log2 of what the descriptor covers */
	u8 grain;   /* log2 of the granule */
	bool be;    /* the byte order of memory is not that of desc */
	bool s1ptw; /* stage-2 read on behalf of a stage-1 descriptor */
	pa pa;
	ipa ipa;
	u64 desc;
};

struct walk {
	struct xlat x;
	u8 n_updates;
	struct walk_update update[2 + 5]; /* leaf of each stage, plus stage-2 leaves of the table pages */
	u16 s1_reads, s2_reads;
	u16 s2_walks; /* stage-2 walks made (not answered by a cache) */
	u8 s1_start;  /* level of the first stage-1 read; 4: none was made */
	u8 s2_leaf[4]; /* stage-2 walks that found a leaf, by its level */
};

/*
 * Caches that a walk may consult and fill; every member may be NULL (a pure walk). wc_*: walk cache of stage-1 (or
 * stage-2 when stage == 2) table pointers; ipa_*: results of stage-2 translation. They belong to the TLB model.
 */
struct wc_hit {
	bool hit;
	u8 level;      /* the level whose table this is */
	u8 bits;       /* log2 of the address range that the table translates */
	u64 table;     /* address of the next table (stage-1: IPA when stage 2 is on) */
	u8 ns;         /* NSTable accumulated */
	u8 apt, xnt, pxnt; /* hierarchical permissions accumulated */
};
struct walk_caches {
	void *ctx;
	struct wc_hit (*wc_lookup)(void *ctx, const struct regime *r, int stage, u64 addr);
	void (*wc_fill)(void *ctx, const struct regime *r, int stage, u64 addr, const struct wc_hit *e);
	/* true: *x holds pa, attr, s2_* of the page; the walker still checks permissions */
	bool (*ipa_lookup)(void *ctx, const struct regime *r, ipa a, struct xlat *x);
	void (*ipa_fill)(void *ctx, const struct regime *r, ipa a, const struct xlat *x);
	void (*step)(void *ctx, const struct walk_step *s); /* every descriptor read */
};

/* Parameters of one stage, from its control register. */
struct walk_stage {
	u8 n;	   /* 1 or 2 */
	u8 grain;  /* log2 of the granule */
	u8 ia, oa; /* bits of input and output addresses */
	u8 start;  /* level of the table at root */
	bool be, ha, hd, hpd;
	u64 root; /* TTBR without the bits that are no address */
};
/* Stage 1 of the range that v is in. */
void walk_stage1(const struct regime *r, u64 v, struct walk_stage *s);
/* False: SL0 and T0SZ do not fit together (a level 0 translation fault). */
bool walk_stage2(const struct regime *r, struct walk_stage *s);
/* Bits top:ia of an address must all equal the bit that selects the range. */
bool walk_in_range(const struct regime *r, u64 v, unsigned ia);
/* EPDn and E0PDn switch a range off. */
bool walk_range_off(const struct regime *r, u64 v, struct access a);

/* Translates v. Both stages as the regime says; with both off: identity with the address-size check and MMU-off attributes. */
void walk_va(const struct regime *r, struct bus *bus, u64 v, struct access a, const struct walk_caches *c, struct walk *out);
/*
 * The same, but x.attr and x.sh as the descriptors say, before SCTLR.{C,I} and HCR_EL2.{CD,ID} make them Non-cacheable: what a TLB
 * entry holds, because those depend on the kind of access. attr_effective() applies them.
 */
void walk_va_raw(const struct regime *r, struct bus *bus, u64 v, struct access a, const struct walk_caches *c,
		 struct walk *out);
/* Whether the top byte of v is ignored (TCR_ELx.TBIn). */
bool walk_tbi(const struct regime *r, u64 v);
/* Stage 2 alone, for an IPA (debugger, AT S12, table accesses). out->x.ipa = a. */
void walk_ipa(const struct regime *r, struct bus *bus, ipa a, struct access acc, const struct walk_caches *c, struct walk *out);
/*
 * Compare-and-swap of every update, in order. False: memory changed meanwhile, walk again. Calls phys_written(). A walk that ended
 * in a fault has no updates.
 */
bool walk_apply(struct bus *bus, const struct walk *w);

#endif
