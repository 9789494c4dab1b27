/*
 * The modelled TLBs of one PE: L1 instruction and data TLB, unified main TLB, walk cache and stage-2 (IPA) cache; and the
 * fast TLB in front of them, which holds host pointers only for pages that are resident in the modelled L1.
 *
 * Entries stay until they are replaced or a TLBI names them; nothing else drops them. L1 replacement is round-robin or
 * seeded pseudo-random, so a hit changes no state and the fast TLB may answer it.
 */
#ifndef MMU_TLB_H
#define MMU_TLB_H

#include "base/stat.h"
#include "mmu/walk.h"

enum tlb_policy { TLB_ROUND_ROBIN, TLB_RANDOM, TLB_PLRU, TLB_LRU };

struct tlb_shape {
	u32 entries; /* 0: the structure does not exist */
	u32 ways;    /* 0 or == entries: fully associative */
	u8 policy;   /* enum tlb_policy; L1: ROUND_ROBIN or RANDOM unless reference mode */
};

struct tlb_config {
	struct tlb_shape l1i, l1d, main, walk, ipa;
	bool reference;      /* look the model up on every access: the fast TLB is never filled */
	bool conflict_abort; /* two matching entries raise a TLB conflict abort (else the older wins) */
	u64 seed;
};

/* The functional geometry: large L1s, so that the model does not limit the speed. */
extern const struct tlb_config tlb_config_default;

/* Parses "l1d=10,l1i=10,main=512:4,walk=64:4,ipa=64:4,policy=random" over *cfg. NULL or a static-text error. */
const char *tlb_config_parse(struct tlb_config *cfg, const char *text);

/* Counted where they happen; lookups of the L1s are counted by the CPU per block (hits = lookups - misses). */
#define MMU_STATS(STAT) \
	STAT(l1i_miss,       "event", "L1 instruction TLB misses") \
	STAT(l1d_miss,       "event", "L1 data TLB misses") \
	STAT(l1i_model,      "event", "L1 instruction TLB lookups made by the reference mode") \
	STAT(l1d_model,      "event", "L1 data TLB lookups made by the reference mode") \
	STAT(main_lookup,    "event", "main TLB lookups") \
	STAT(main_miss,      "event", "main TLB misses") \
	STAT(walk_lookup,    "event", "walk cache lookups") \
	STAT(walk_miss,      "event", "walk cache misses") \
	STAT(ipa_lookup,     "event", "stage-2 (IPA) cache lookups") \
	STAT(ipa_miss,       "event", "stage-2 (IPA) cache misses") \
	STAT(evict_l1i,      "entry", "L1 instruction TLB entries replaced") \
	STAT(evict_l1d,      "entry", "L1 data TLB entries replaced") \
	STAT(evict_main,     "entry", "main TLB entries replaced") \
	STAT(evict_walk,     "entry", "walk cache entries replaced") \
	STAT(evict_ipa,      "entry", "stage-2 (IPA) cache entries replaced") \
	STAT(s1_walks,       "walk",  "translation walks with stage 1 on") \
	STAT(i_walks,        "walk",  "translation walks for instruction fetches") \
	STAT(d_walks,        "walk",  "translation walks for data accesses") \
	STAT(s2_walks,       "walk",  "stage-2 walks (for stage-1 descriptors and for the final IPA)") \
	STAT(s1_walk_reads,  "read",  "stage-1 descriptor reads") \
	STAT(s2_walk_reads,  "read",  "stage-2 descriptor reads") \
	STAT(walk_faults,    "event", "walks that ended in a fault") \
	STAT(tlbi,           "event", "TLB maintenance operations that reached this PE") \
	STAT(tlbi_dropped,   "entry", "TLB entries dropped by TLB maintenance") \
	STAT(tlbi_all,       "event", "of these ALLE1, ALLE2, ALLE3, ranges and broadcasts among them") \
	STAT(tlbi_all_dropped,     "entry", "entries that they dropped") \
	STAT(tlbi_vmall,     "event", "of these VMALLE1, ranges and broadcasts among them") \
	STAT(tlbi_vmall_dropped,   "entry", "entries that they dropped") \
	STAT(tlbi_vmalls12,  "event", "of these VMALLS12E1, ranges and broadcasts among them") \
	STAT(tlbi_vmalls12_dropped,"entry", "entries that they dropped") \
	STAT(tlbi_asid,      "event", "of these ASIDE1, ranges and broadcasts among them") \
	STAT(tlbi_asid_dropped,    "entry", "entries that they dropped") \
	STAT(tlbi_va,        "event", "of these VAE1, VAE2, VAE3, VALE1..., ranges and broadcasts among them") \
	STAT(tlbi_va_dropped,      "entry", "entries that they dropped") \
	STAT(tlbi_vaa,       "event", "of these VAAE1, VAALE1, ranges and broadcasts among them") \
	STAT(tlbi_vaa_dropped,     "entry", "entries that they dropped") \
	STAT(tlbi_ipa,       "event", "of these IPAS2E1, IPAS2LE1, ranges and broadcasts among them") \
	STAT(tlbi_ipa_dropped,     "entry", "entries that they dropped") \
	STAT(tlbi_from_l1i,        "entry", "entries of the L1 instruction TLB dropped by TLB maintenance") \
	STAT(tlbi_from_l1d,        "entry", "entries of the L1 data TLB dropped by TLB maintenance") \
	STAT(tlbi_from_main,       "entry", "entries of the main TLB dropped by TLB maintenance") \
	STAT(tlbi_from_walk,       "entry", "entries of the walk cache dropped by TLB maintenance") \
	STAT(tlbi_from_ipa,        "entry", "entries of the stage-2 (IPA) cache dropped by TLB maintenance") \
	STAT(tlb_conflict,   "event", "lookups that matched more than one entry")

struct mmu_stats {
	MMU_STATS(STAT_FIELD)
};
extern const struct stat_row mmu_stat_rows[];
extern const size_t mmu_stat_rows_n;

/*
 * The same by page size, level, or form and scope. The size of a line is what it serves: the smaller of both stages, a contiguous range
 * as a whole; that of a line of the walk cache is what its table translates. Hits of the L1s are known to the reference mode alone: at
 * full speed the host pointers of the fast TLB answer, and no access looks at what size of page it stands for.
 */
enum { TLB_SIZES = 41, TLB_LEVELS = 5, WALK_READS = 33, TLBI_FORMS = 7, TLBI_SCOPES = 3 };
#define MMU_SIZES(ARRAY, name, unit, help) ARRAY(name, TLB_SIZES, stat_label_size, "SIZE", unit, help)
#define MMU_DETAILS(ARRAY) \
	MMU_SIZES(ARRAY, l1i_fill,  "entry", "L1 instruction TLB entries made, by page size") \
	MMU_SIZES(ARRAY, l1d_fill,  "entry", "L1 data TLB entries made, by page size") \
	MMU_SIZES(ARRAY, main_fill, "entry", "main TLB entries made, by page size") \
	MMU_SIZES(ARRAY, walk_fill, "entry", "walk cache entries made, by what the table translates") \
	MMU_SIZES(ARRAY, ipa_fill,  "entry", "stage-2 (IPA) cache entries made, by page size") \
	MMU_SIZES(ARRAY, l1i_hit_model, "event", "L1 instruction TLB hits made by the reference mode, by page size") \
	MMU_SIZES(ARRAY, l1d_hit_model, "event", "L1 data TLB hits made by the reference mode, by page size") \
	MMU_SIZES(ARRAY, main_hit,  "event", "main TLB hits, by page size") \
	MMU_SIZES(ARRAY, walk_hit,  "event", "walk cache hits, by what the table translates") \
	MMU_SIZES(ARRAY, ipa_hit,   "event", "stage-2 (IPA) cache hits, by page size") \
	MMU_SIZES(ARRAY, l1i_evict,  "entry", "L1 instruction TLB entries replaced, by page size") \
	MMU_SIZES(ARRAY, l1d_evict,  "entry", "L1 data TLB entries replaced, by page size") \
	MMU_SIZES(ARRAY, main_evict, "entry", "main TLB entries replaced, by page size") \
	MMU_SIZES(ARRAY, walk_evict, "entry", "walk cache entries replaced, by what the table translates") \
	MMU_SIZES(ARRAY, ipa_evict,  "entry", "stage-2 (IPA) cache entries replaced, by page size") \
	MMU_SIZES(ARRAY, l1i_tlbi,  "entry", "L1 instruction TLB entries dropped by TLB maintenance, by page size") \
	MMU_SIZES(ARRAY, l1d_tlbi,  "entry", "L1 data TLB entries dropped by TLB maintenance, by page size") \
	MMU_SIZES(ARRAY, main_tlbi, "entry", "main TLB entries dropped by TLB maintenance, by page size") \
	MMU_SIZES(ARRAY, walk_tlbi, "entry", "walk cache entries dropped by TLB maintenance, by what the table translates") \
	MMU_SIZES(ARRAY, ipa_tlbi,  "entry", "stage-2 (IPA) cache entries dropped by TLB maintenance, by page size") \
	ARRAY(walk_reads, WALK_READS, stat_label_number, "N", "walk", "walks that read N descriptors of both stages (32: or more)") \
	ARRAY(walk_start, TLB_LEVELS, tlb_label_level, "LEVEL", "walk", "stage-1 walks by the level of their first read (below the root: a walk cache hit)") \
	ARRAY(walk_leaf, TLB_LEVELS * TLB_LEVELS, tlb_label_levels, "s1_LEVEL.s2_LEVEL", "walk", \
	      "walks without fault by the levels of both stages' leaves, that of stage 2 perhaps from the IPA cache") \
	ARRAY(s2_walk_leaf, TLB_LEVELS, tlb_label_level, "LEVEL", "walk", "stage-2 walks without fault by the level of their leaf") \
	ARRAY(walk_fault, 2 * TLB_LEVELS, tlb_label_fault, "STAGE_LEVEL", "walk", "walks with a fault by its stage and level") \
	ARRAY(tlbi_op, TLBI_FORMS * TLBI_SCOPES, tlb_label_tlbi, "FORM.SCOPE", "event", \
	      "TLB maintenance operations: for this PE alone, sent to others too, received from another PE") \
	ARRAY(tlbi_op_dropped, TLBI_FORMS * TLBI_SCOPES, tlb_label_tlbi, "FORM.SCOPE", "entry", "entries that they dropped here")

struct mmu_details {
	MMU_DETAILS(STAT_ARRAY_FIELD)
};
extern const struct stat_row mmu_detail_rows[];
extern const size_t mmu_detail_rows_n;
void tlb_label_level(u32 i, char *text, size_t size);
void tlb_label_levels(u32 i, char *text, size_t size);
void tlb_label_fault(u32 i, char *text, size_t size);
void tlb_label_tlbi(u32 i, char *text, size_t size);

/*
 * Fast TLB slots. A tag is the full VA page (bits 63:12) with a context id in bits 11:0; FAST_ALIGNED in an otherwise matching
 * tag says that only naturally aligned accesses may use it (Device memory, SCTLR.A): the inline compare then fails and the
 * medium path checks. An empty slot's tag is FAST_NONE.
 */
#define FAST_BITS    10
#define FAST_SLOTS   (1u << FAST_BITS)
#define FAST_SLOT_SHIFT 5 /* log2 of its bytes */
#define FAST_CTX     0x7ffull /* context ids 1..0x7fe */
#define FAST_ALIGNED 0x800ull
#define FAST_NEVER   0 /* the id of an access context that may use no slot: none is ever tagged with it */
#define FAST_NONE    0xfffull /* the tag of an empty slot: no id is FAST_CTX, so that no tag of page 0 equals it */

struct fast_slot {
	u64 rtag, wtag; /* data: load and store tags; instruction side: rtag only */
	union {
		u64 addend;   /* data: host address = va + addend */
		void *code;   /* instruction side: the CPU's code page */
	};
	u16 entry;      /* 1 + index of the L1 entry that backs it, 0: none (both stages off) */
	u16 prev, next; /* list of the entry's slots, 1 + index, 0: end */
	u16 zero;       /* data: fast_fill_zero() filled it */
};
_Static_assert(sizeof(struct fast_slot) == 1 << FAST_SLOT_SHIFT, "a fast slot is half a cache line");

struct fast_tlb {
	struct fast_slot slot[FAST_SLOTS];
};

/*
 * Where a page's slot stands, in bytes: a context's hash is kept in multiples of a slot's size, so that a lookup needs one shift.
 */
static inline u32 fast_offset(u64 va, u64 ctx_hash)
{
	return (u32)(va >> (12 - FAST_SLOT_SHIFT) ^ ctx_hash) & (FAST_SLOTS - 1) << FAST_SLOT_SHIFT;
}
static inline u32 fast_index(u64 va, u64 ctx_hash)
{
	return fast_offset(va, ctx_hash) >> FAST_SLOT_SHIFT;
}
static inline const struct fast_slot *fast_lookup(const struct fast_tlb *t, u64 va, u64 ctx_hash)
{
	return (const struct fast_slot *)((const char *)t->slot + fast_offset(va, ctx_hash));
}

struct mmu;

/*
 * code and data are the CPU's slot arrays (borrowed; cleared here). stats: where to count, switched with mmu_set_stats() when
 * the CPU changes context.
 */
struct mmu *mmu_new(struct bus *bus, const struct tlb_config *cfg, struct fast_tlb *code, struct fast_tlb *data);
void mmu_free(struct mmu *m);
void mmu_reset(struct mmu *m);
void mmu_set_stats(struct mmu *m, struct mmu_stats *st, struct mmu_details *details);
const struct tlb_config *mmu_config(const struct mmu *m);
void mmu_snap(struct mmu *m, struct snap *s); /* all structures with replacement state; not the fast TLB */

/*
 * One modelled lookup (L1, main TLB, then a walk with the caches), with permission check and hardware descriptor updates. The side is
 * a.what & ACC_FETCH. With both stages off nothing is looked up, counted or filled. On success x.fault.kind is FAULT_NONE
 * and *l1 is 1 + the index of the L1 entry that now backs the page (0: none). x->size never exceeds what is cached.
 */
void mmu_lookup(struct mmu *m, const struct regime *r, u64 va, struct access a, struct xlat *x, u16 *l1);
/*
 * Who wants to know how long translating takes: each L1 miss, each descriptor read of a counted walk. timing->read NULL: nobody.
 */
struct mmu_timing {
	void *ctx;
	void (*miss)(void *ctx);
	void (*read)(void *ctx, pa p);
};
void mmu_set_timing(struct mmu *m, const struct mmu_timing *timing);
/* The same without touching model, counters or memory (AT, debugger). */
void mmu_probe(struct mmu *m, const struct regime *r, u64 va, struct access a, struct xlat *x);

/* Fills slot fast_index(va, hash) of one side; unlinks what was there and links it to L1 entry l1. No-op in reference mode. */
void fast_fill_data(struct mmu *m, u64 va, u64 hash, u64 rtag, u64 wtag, u64 addend, u16 l1);
/*
 * The same for an unused page that may be written (bus_unused_page()): `tag` is its load tag, and DC ZVA there does nothing while
 * fast_unused(). One such slot at a time.
 */
void fast_fill_zero(struct mmu *m, u64 va, u64 hash, u64 tag, u64 addend, u16 l1, const u8 *used);
/* The page of the slot that says `zero` still is unused. */
bool fast_unused(const struct mmu *m);
void fast_fill_code(struct mmu *m, u64 va, u64 hash, u64 tag, void *code, u16 l1);
/* The physical address behind va, which data slot s answers for; returns its attributes. */
u8 mmu_slot_memory(const struct mmu *m, const struct regime *r, const struct fast_slot *s, u64 va, pa *p);
/* Drops every slot (both sides): code pages freed, watchpoints changed. */
void fast_flush(struct mmu *m);
/* Drops the instruction side alone. */
void fast_flush_code(struct mmu *m);
/* Removes the write tags of all data slots whose host page is `host` (4 KiB aligned): the page now holds code. */
void fast_protect_page(struct mmu *m, const u8 *host);

/* How the fast TLB fared: fills of a slot, flushes of a whole side. No architectural meaning, so no part of statistics and digests. */
struct fast_counts {
	u64 fills, flushes;
};
struct fast_counts mmu_fast_counts(const struct mmu *m);

/*
 * Context ids: a small number for everything outside the VA that decides whether a slot may be used. key: any 128 bits
 * that the CPU composes (regime, VMID, ASID, permission-relevant state; block key on the instruction side). When ids run
 * out all slots are dropped, *generation changes, and the CPU must ask again for the ids it holds.
 */
struct fast_context {
	u64 id, hash;
};
struct fast_context mmu_context(struct mmu *m, u64 key_lo, u64 key_hi, u32 *generation);

/* TLB maintenance. One struct says every form; the table of encodings is the CPU's. */
enum tlbi_what {
	TLBI_ALL,       /* all entries of the regime: ALLE1 (stage 1 and 2, any VMID), ALLE2, ALLE3 */
	TLBI_VMALL,     /* VMALLE1: stage-1 (and combined) entries of the current VMID */
	TLBI_VMALLS12,  /* VMALLS12E1: stage 1 and 2 of the current VMID */
	TLBI_ASID,      /* ASIDE1: non-global entries of that ASID */
	TLBI_VA,        /* VAE1, VALE1 (last_level), VAE2 ...: that VA and ASID, or global */
	TLBI_VAA,       /* VAAE1, VAALE1: that VA, any ASID */
	TLBI_IPA,       /* IPAS2E1, IPAS2LE1: stage-2-only entries of that IPA */
};
enum tlbi_scope { TLBI_LOCAL, TLBI_SENT, TLBI_RECEIVED };
struct tlbi {
	u8 what;         /* enum tlbi_what */
	u8 scope;        /* enum tlbi_scope, for this PE: only counted */
	u8 kind;         /* enum regime_kind whose entries are meant */
	u8 space;        /* security state of those entries */
	bool vm_tag;     /* match VMID */
	bool last_level; /* ..L forms: the walk cache is spared */
	u16 asid, vmid;
	u64 addr;        /* VA (sign-extended from bit 55) or IPA of the first page */
	u64 len;         /* bytes covered: one granule, or the range of a range form; 0: the single-address forms */
};
/* Returns how many entries were dropped in all structures of this PE. */
u32 mmu_tlbi(struct mmu *m, const struct tlbi *op);

/* Iterates over L1, main, walk and IPA entries for the debugger: name of structure, tags and contents. */
struct tlb_view {
	const char *structure;
	u64 va;
	u8 kind, space;
	bool s1, s2, vm_tag, global;
	u16 asid, vmid;
	struct xlat x;
	const struct wc_hit *table; /* of the walk cache, else NULL */
};
void mmu_for_each(struct mmu *m, void (*fn)(void *ctx, const struct tlb_view *v), void *ctx);

#endif
