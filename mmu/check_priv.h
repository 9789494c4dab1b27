/*
 * Inside of the TLB checker: what it keeps, and what the TLB model tells it.
 *
 * A *node* is a descriptor as some walk found it: where it stands, its value, and the node of the table descriptor above it. A *source*
 * is what an entry was made from: the last node of each stage. Entries name their source (line.from); sources hold nodes, nodes hold
 * their parents, so there are never more of them than the TLBs have room for, times the levels of both stages.
 */
#ifndef MMU_CHECK_PRIV_H
#define MMU_CHECK_PRIV_H

#include "mmu/check.h"
#include "mmu/tlb_priv.h"

enum node_state {
	NODE_LIVE,    /* memory still says what the entries say, but for permissions, access flag and software bits */
	NODE_GONE,    /* invalid now, or changed in a way that needs no break */
	NODE_CHANGED, /* valid, and another mapping */
};

enum finding { FIND_BBM, FIND_STALE, FIND_DSB, FIND_CONFLICT, FIND_IPA, FIND_BROADCAST, FINDINGS };

enum { NOBODY = -1 };

struct node {
	u64 pa;          /* of the descriptor, space included */
	u64 value, now;  /* as walked, as last seen in memory; in the order of the manual's bits */
	u64 in;          /* first VA or IPA that it translates */
	u64 root;        /* BADDR of the TTBR or VTTBR */
	u64 out;         /* PA of what it leads to: the page, or the next table; under stage 2 what the last walk saw of it */
	u64 mair;
	u32 next, parent, refs; /* next: same place in the hash; or the free list */
	u32 off_next, off_prev; /* list of those not live */
	u32 page_next;          /* list by old output page */
	u32 pend_next;          /* list of a PE's uncompleted TLBIs */
	u16 asid, vmid;
	u8 stage, level, shift, grain; /* shift: log2 of what the descriptor covers */
	u8 out_size;            /* log2 of what is known of out, 0: nothing */
	u8 kind, space;
	bool be, vm_tag, global, bbm2;
	bool writable;          /* some walk found it writable */
	u8 state;               /* enum node_state */
	bool watched;           /* its old output pages are watched */
	bool written;           /* one was written through another mapping since it went */
	u8 reported;            /* one bit for each enum finding */
	bool pend_shared;
	s16 pending;            /* PE whose TLBI dropped an entry and waits for a DSB */
	s16 local;              /* PE that gave a local TLBI for it since it went */
	s16 by_ipa;             /* PE that gave IPAS2E1 for it since it went */
	struct check_who writer;
};

struct source {
	u32 refs;
	u32 node[2]; /* by stage; 0: that stage is off. Free: [0] is the next free one */
};

/* A descriptor that an atomic is about to write: looked at again before anything else happens. */
struct recheck {
	pa pa;
	struct check_who who;
};

enum { CHECK_HASH = 1 << 12, CHECK_PAGES = 1 << 10, CHECK_RECHECKS = 4, CHECK_PENDING = 4096 };
enum { CHECK_PLACES = 512, CHECK_LINES = 4 };

struct check_pe {
	struct mmu *mmu;
	u32 cur[2];  /* the walk in progress: last node of each stage */
	u64 va;
	const struct regime *r;
	u32 made;    /* source for the entries that are filled now */
	u32 via;     /* source of the stale entry that the last lookup used, 0: none */
	u32 pending; /* nodes whose TLBI has no DSB yet */
	u32 n_pending;
};

struct checker {
	struct bus *bus;
	struct log *log;
	struct check_host host;
	struct check_stats stats;
	unsigned pes;
	u32 lines; /* of each kind and place */
	struct check_pe *pe;
	struct node *node; /* [1..] */
	struct source *source;
	u32 nodes, sources, free_node, free_source; /* sizes of the pools */
	u32 head[CHECK_HASH];   /* by descriptor address */
	u32 page[CHECK_PAGES];  /* watched nodes by old output page, last list: blocks */
	u32 blocks;
	u32 off, n_off;         /* nodes that are not live */
	struct recheck recheck[CHECK_RECHECKS];
	unsigned n_recheck;
	int tlbi_by;            /* PE whose TLBI is being done, or NOBODY */
	bool tlbi_shared;
	struct {
		u64 pc;
		u32 lines;
		u8 kind;
	} place[CHECK_PLACES];  /* lines that each kind and PC has had; by hash */
};

/* check.c: nodes and sources */
/* First of those whose descriptors may stand at `at`; next by .next. */
u32 check_nodes_at(struct checker *k, u64 at);
static inline struct node *node_at(struct checker *k, u32 n)
{
	return &k->node[n];
}
static inline struct source *source_at(struct checker *k, u32 s)
{
	return &k->source[s];
}
void node_put(struct checker *k, u32 n);
void check_source_put(struct checker *k, u32 s);
/* The chain of nodes whose descriptors stand at `at`, with others. */
u32 *check_chain(struct checker *k, u64 at);
/* Pools of at least so many; and after records were put into them by number: what is free. */
bool check_grow(struct checker *k, u32 nodes, u32 sources);
void check_free_lists(struct checker *k);
/* Whether entries with that source were made from node n. */
bool source_has(struct checker *k, u32 s, u32 n);

/* check.c: told by the TLB model, which asks m->check first */
void check_lookup_begins(struct mmu *m);
void check_walk_begins(struct mmu *m, const struct regime *r, u64 va);
void check_walk_ends(struct mmu *m, const struct xlat *x);
void check_table_hit(struct mmu *m, u32 from);
void check_ipa_begins(struct mmu *m);
void check_ipa_hit(struct mmu *m, u32 from);
void check_step(struct mmu *m, const struct walk_step *s);
/* Line i of a was just filled, by the walk so far or by check_made(). */
void check_filled_table(struct mmu *m, u32 i);
void check_filled_ipa(struct mmu *m, u32 i);
void check_filled(struct mmu *m, struct assoc *a, u32 i);
/* The next fills are copies of an entry with that source. */
void check_made(struct mmu *m, u32 from);
/* An entry answered; x: what it said. True: it is stale, and no fast slot may hold it. */
bool check_used(struct mmu *m, const struct regime *r, u64 va, u32 from, const struct xlat *x);
/* Line i of a goes. */
void check_forget(void *ctx, struct assoc *a, u32 i);
/* All entries of a PE go. */
void check_forget_all(struct mmu *m);
/* Two entries of `a` match addr; tag: of the lookup, or of the new line when `filling`. */
void check_conflict(struct mmu *m, const struct assoc *a, u64 addr, u64 tag, bool filling);
u64 check_root(const struct regime *r, unsigned stage, u64 va);

/* check_rules.c */
static inline bool desc_valid(unsigned level, u64 v)
{
	return (v & 1) && (level < 3 || (v & 2));
}
static inline bool desc_leaf(unsigned level, u64 v)
{
	return level == 3 || !(v & 2);
}
bool desc_writable(unsigned stage, u64 v);
/* Whether a descriptor that was `old` may become v while entries made from it live, contents of pages aside. */
bool check_same_mapping(const struct node *n, u64 old, u64 v);
/* The list in which a node waits for writes to what it led to. */
u32 *check_page_list(struct checker *k, const struct node *n);
/* Every page that [at, at + 2^size) touches. */
void check_watch(struct checker *k, u64 at, unsigned size, int by);
void check_written(void *ctx, pa p, u64 len);
void check_sync(struct checker *k);
void check_node_dies(struct checker *k, u32 n);
void check_entry_dropped(struct checker *k, u32 s);
/* An entry of source s with node n, which is not live, was used by m's PE. */
void check_stale_use(struct mmu *m, u32 s, u32 n);
/* n: from a walk that used tables which are not the current root's, and memory says something else. */
void check_other_root(struct mmu *m, u32 n, u64 now);

/* check_report.c: one line, and a count */
void check_report(struct checker *k, enum finding f, struct check_who who, u32 n, u64 now, const char *what);
void check_report_conflict(struct checker *k, struct check_who who, const char *structure, u64 va, u32 old, u32 new);

#endif
