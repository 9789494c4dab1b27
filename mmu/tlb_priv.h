/* What the files of the TLB model share: struct mmu and the tags of its lines. */
#ifndef MMU_TLB_PRIV_H
#define MMU_TLB_PRIV_H

#include "mmu/assoc_priv.h"

enum { SIDE_CODE, SIDE_DATA, SIDES };

struct context_id {
	u64 lo, hi;
	u32 id; /* 0: free */
};
enum { CONTEXT_TABLE = 4096, CONTEXT_IDS = FAST_CTX - 1 };

struct checker;

struct mmu {
	struct bus *bus;
	struct checker *check; /* NULL: no checker */
	unsigned pe;           /* its number of this PE */
	struct tlb_config cfg;
	struct fast_counts fast_counts; /* no part of the model: not in snapshots */
	struct mmu_stats *stats, own_stats; /* own_*: until mmu_set_stats() */
	struct mmu_details *details, own_details;
	struct assoc l1[SIDES], main, walk, ipa;
	struct fast_tlb *fast[SIDES];
	bool overlaps[SIDES]; /* conflict=abort and L1 lines overlap: no slot is filled */
	struct fast_slot *zero; /* the slot that fast_fill_zero() filled last; may hold something else since */
	const u8 *used;         /* of its page: bus_unused_page() */
	struct walk_caches caches; /* of a counted walk */
	struct walk_caches peek;   /* of a probe: looks, but neither counts nor fills */
	struct mmu_timing timing;
	u32 generation, contexts;  /* ids handed out: 1..contexts */
	struct context_id context[CONTEXT_TABLE];
};

/* Context part of a tag, ASID included. */
static inline u64 tlb_tag(unsigned kind, unsigned space, bool vm_tag, u16 vmid, u16 asid)
{
	return TAG_VALID | (u64)kind << TAG_KIND_LO | (u64)space << TAG_SPACE_LO |
	       (vm_tag ? TAG_VM | (u64)vmid << TAG_VMID_LO : 0) | asid;
}

/* After timing or checker came: the counted walks tell them of each descriptor. */
void tlb_hear_steps(struct mmu *m);
/* Empties all slots of a side. */
void fast_flush_side(struct mmu *m, int side);
/* Unlinks every fast slot that L1 line i backs. */
void fast_drop_line(void *ctx, struct assoc *a, u32 i);
/* Drops the slots of every L1 line for whose `from` stale() is true. */
void fast_drop_from(struct mmu *m, bool (*stale)(void *ctx, u32 from), void *ctx);
/* The L1 line of a page that no slot may hold. */
#define FAST_NO_LINE UINT16_MAX
void fast_init(struct mmu *m);

#endif
