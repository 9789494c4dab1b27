/*
 * The TLB checker's rules: what a write to a live descriptor, the use of an entry, a TLBI and a DSB mean for the nodes (check_priv.h).
 * docs/tlb-checker.md gives each rule with its section of the manual. Called by the TLB model and by cpu/ through check.h.
 */
#include "mmu/check_priv.h"

#include <string.h>

#define DESC_NS	   BIT(5)
#define DESC_RO	   BIT(7) /* stage 1: AP[2] */
#define DESC_S2W   BIT(7)
#define DESC_NG	   BIT(11)
#define DESC_DBM   BIT(51)
#define DESC_CONT  BIT(52)
#define DESC_NST   BIT(63)

enum { PAGE_BITS = 12, BUCKET_BITS = 16 };

/* Descriptors */

bool desc_writable(unsigned stage, u64 v)
{
	return (v & DESC_DBM) || (stage == 1 ? !(v & DESC_RO) : !!(v & DESC_S2W));
}

static u64 leaf_out(const struct node *n, u64 v)
{
	return v & MASK(47, n->shift);
}

static u8 memory_type(const struct node *n, u64 v)
{
	return (u8)(n->stage == 2 ? bits(v, 5, 2) : n->mair >> 8 * bits(v, 4, 2));
}

/*
 * DDI0487 D8.14: what needs break-before-make. Permissions, access flag, shareability and software bits do not. FEAT_BBM level 2
 * lets the size change.
 */
bool check_same_mapping(const struct node *n, u64 old, u64 v)
{
	bool leaf = desc_leaf(n->level, old);

	if (!desc_valid(n->level, v) || leaf != desc_leaf(n->level, v))
		return false;
	if (!leaf)
		return !((old ^ v) & MASK(47, n->grain)) && !(n->space == SPACE_S && ((old ^ v) & DESC_NST));
	if (leaf_out(n, old) != leaf_out(n, v) || memory_type(n, old) != memory_type(n, v) || ((old ^ v) & DESC_CONT))
		return false;
	if (n->stage == 2)
		return true;
	return !(n->space == SPACE_S && ((old ^ v) & DESC_NS)) && !((n->kind == REGIME_EL10 || n->kind == REGIME_EL20) && (old & ~v & DESC_NG));
}

/* 4 KiB at a time, so that no more is read than can be compared without a look at the map. */
static bool same_contents(struct checker *k, u64 a, u64 b, unsigned size)
{
	for (u64 at = 0; at < 1ull << size; at += 1 << PAGE_BITS) {
		bool writable;
		const u8 *p = bus_page(k->bus, (pa){ a + at }, &writable);
		const u8 *q = bus_page(k->bus, (pa){ b + at }, &writable);

		if (!p || !q || memcmp(p, q, 1 << PAGE_BITS))
			return false;
	}
	return true;
}

/* Another mapping that the manual lets replace the old one without a break all the same. */
static bool harmless(struct checker *k, const struct node *n, u64 v)
{
	bool leaf = desc_leaf(n->level, n->value), to_leaf = desc_leaf(n->level, v);

	if (n->bbm2 && (leaf != to_leaf || (leaf && ((n->value ^ v) & DESC_CONT) && leaf_out(n, n->value) == leaf_out(n, v))))
		return true;
	if (!leaf || !to_leaf || n->writable || desc_writable(n->stage, v) || !n->out_size)
		return false;
	return check_same_mapping(n, (n->value & ~MASK(47, n->shift)) | leaf_out(n, v), v) &&
	       same_contents(k, n->out, (n->out & ~MASK(47, 0)) | leaf_out(n, v), n->out_size < n->shift ? n->out_size : n->shift);
}

/* Watched memory */

void check_watch(struct checker *k, u64 at, unsigned size, int by)
{
	u64 last = at + low_mask(size);

	if (size > PAGE_BITS && by > 0)
		for (unsigned i = 0; i < k->pes; i++)
			fast_flush_side(k->pe[i].mmu, SIDE_DATA);
	for (at &= ~low_mask(PAGE_BITS); at <= last; at += 1 << PAGE_BITS) {
		const u8 *host = bus_watch(k->bus, (pa){ at }, by);

		for (unsigned i = 0; host && size <= PAGE_BITS && i < k->pes; i++)
			fast_protect_page(k->pe[i].mmu, host);
	}
}

u32 *check_page_list(struct checker *k, const struct node *n)
{
	return n->out_size > BUCKET_BITS ? &k->blocks : &k->page[(n->out >> BUCKET_BITS) % CHECK_PAGES];
}

static void watch_old(struct checker *k, u32 n)
{
	struct node *x = node_at(k, n);
	u32 *list = check_page_list(k, x);

	if (x->watched || !x->out_size)
		return;
	x->watched = true;
	x->page_next = *list;
	*list = n;
	check_watch(k, x->out, x->out_size, 1);
}

static void unwatch_old(struct checker *k, u32 n)
{
	struct node *x = node_at(k, n);
	u32 *at = check_page_list(k, x);

	if (!x->watched)
		return;
	while (*at != n)
		at = &node_at(k, *at)->page_next;
	*at = x->page_next;
	x->watched = false;
	check_watch(k, x->out, x->out_size, -1);
}

/* States */

static void list_off(struct checker *k, u32 n)
{
	struct node *x = node_at(k, n);

	x->off_prev = 0;
	x->off_next = k->off;
	if (k->off)
		node_at(k, k->off)->off_prev = n;
	k->off = n;
	k->n_off++;
}

static void unlist_off(struct checker *k, u32 n)
{
	struct node *x = node_at(k, n);

	if (x->off_prev)
		node_at(k, x->off_prev)->off_next = x->off_next;
	else
		k->off = x->off_next;
	if (x->off_next)
		node_at(k, x->off_next)->off_prev = x->off_prev;
	k->n_off--;
}

struct dependent {
	struct checker *k;
	u32 n;
};

static bool depends(void *ctx, u32 from)
{
	struct dependent *d = ctx;

	return source_has(d->k, from, d->n);
}

static void drop_slots(struct checker *k, u32 n)
{
	struct dependent d = { k, n };

	for (unsigned i = 0; i < k->pes; i++)
		fast_drop_from(k->pe[i].mmu, depends, &d);
}

static void set_state(struct checker *k, u32 n, enum node_state state)
{
	struct node *x = node_at(k, n);

	if (x->state == NODE_LIVE && state != NODE_LIVE) {
		list_off(k, n);
		watch_old(k, n);
		drop_slots(k, n);
	} else if (x->state != NODE_LIVE && state == NODE_LIVE) {
		unlist_off(k, n);
		unwatch_old(k, n);
		x->written = false;
		x->local = x->by_ipa = NOBODY;
		x->reported = 0;
	}
	x->state = (u8)state;
}

void check_node_dies(struct checker *k, u32 n)
{
	set_state(k, n, NODE_LIVE);
}

/* Whether some PE's registers name the tables that n is in: then it may walk them at any time. */
static bool in_use(struct checker *k, const struct node *n)
{
	for (unsigned i = 0; i < k->pes; i++) {
		struct regime r;

		if (!k->host.regime(k->host.ctx, i, n->kind, n->space == SPACE_S, &r) || !(n->stage == 1 ? r.s1 : r.s2) ||
		    check_root(&r, n->stage, n->in) != n->root || r.vm_tag != n->vm_tag || (r.vm_tag && r.vmid != n->vmid))
			continue;
		if (n->stage == 2 || n->global || !r.two_ranges || r.asid == n->asid)
			return true;
	}
	return false;
}

static bool first_time(struct node *n, enum finding f)
{
	bool first = !(n->reported & BIT(f));

	n->reported |= (u8)BIT(f);
	return first;
}

/* The descriptor of n became valid again as another mapping, while entries of the old one may be in use. */
static void made_too_early(struct checker *k, u32 n, bool was_valid, struct check_who who)
{
	struct node *x = node_at(k, n);
	enum finding f = FIND_BBM;
	const char *what = was_valid ? "became another mapping without a break" : "is valid again as another mapping, and no TLBI came between";

	if (x->pending != NOBODY) {
		f = FIND_DSB;
		what = "is valid again as another mapping before the DSB of its TLBI";
	} else if (x->by_ipa != NOBODY) {
		f = FIND_IPA;
		what = "is valid again as another mapping after IPAS2E1 without a stage-1 invalidation";
	} else if (x->local != NOBODY) {
		f = FIND_BROADCAST;
		what = "is valid again as another mapping after a TLBI that was not broadcast";
	}
	if (in_use(k, x) && first_time(x, f))
		check_report(k, f, who, n, x->now, what);
}

static void judge(struct checker *k, u32 n, u64 v, struct check_who who)
{
	struct node *x = node_at(k, n);
	bool was_valid = desc_valid(x->level, x->now);

	x->now = v;
	if (!desc_valid(x->level, v)) {
		if (x->state == NODE_LIVE)
			set_state(k, n, NODE_GONE);
	} else if (check_same_mapping(x, x->value, v)) {
		set_state(k, n, NODE_LIVE);
		x->writable |= desc_writable(x->stage, v);
	} else if (harmless(k, x, v)) {
		set_state(k, n, NODE_GONE);
	} else {
		set_state(k, n, NODE_CHANGED);
		made_too_early(k, n, was_valid, who);
	}
}

/* The descriptor at p may have changed. */
static void look_at(struct checker *k, pa p, struct check_who who)
{
	u64 raw = 0;

	if (!check_nodes_at(k, p.a) || bus_read(k->bus, p, 8, (struct attrs){ .space = (u8)pa_space(p), .debug = true }, &raw) != BUS_OK)
		return;
	for (u32 n = check_nodes_at(k, p.a); n; n = node_at(k, n)->next) {
		struct node *x = node_at(k, n);
		u64 v = x->be ? __builtin_bswap64(raw) : raw;

		if (x->pa == p.a && v != x->now)
			judge(k, n, v, who);
	}
}

/* A page that n led to was written: not through the entry made from n, so its contents are somebody else's now. */
static void page_written(struct checker *k, u32 n, struct check_who who)
{
	struct node *x = node_at(k, n);

	if (who.pe >= 0 && k->pe[who.pe].via && source_has(k, k->pe[who.pe].via, n))
		return;
	x->written = true;
	x->writer = who;
	if (x->pending != NOBODY && x->pending == who.pe && first_time(x, FIND_DSB))
		check_report(k, FIND_DSB, who, n, x->now, "led to a page that is written before the DSB of its TLBI");
	unwatch_old(k, n);
}

static void list_written(struct checker *k, u32 n, u64 at, u64 len, struct check_who who)
{
	for (u32 next; n; n = next) {
		const struct node *x = node_at(k, n);

		next = x->page_next;
		if (at <= (x->out | low_mask(x->out_size)) && at + len > x->out)
			page_written(k, n, who);
	}
}

void check_written(void *ctx, pa p, u64 len)
{
	struct checker *k = ctx;
	struct check_who who = k->host.who(k->host.ctx);

	check_sync(k);
	k->stats.writes++;
	for (u64 at = p.a & ~7ull; at < p.a + len; at += 8) {
		look_at(k, (pa){ at }, who);
		/* an atomic says so before it writes */
		if (len <= 16 && check_nodes_at(k, at) && k->n_recheck < CHECK_RECHECKS)
			k->recheck[k->n_recheck++] = (struct recheck){ { at }, who };
	}
	list_written(k, k->page[(p.a >> BUCKET_BITS) % CHECK_PAGES], p.a, len, who);
	list_written(k, k->blocks, p.a, len, who);
}

void check_sync(struct checker *k)
{
	for (unsigned i = 0; i < k->n_recheck; i++)
		look_at(k, k->recheck[i].pa, k->recheck[i].who);
	k->n_recheck = 0;
}

/* Uses */

void check_stale_use(struct mmu *m, u32 s, u32 n)
{
	struct checker *k = m->check;
	struct node *x = node_at(k, n);
	bool combined = x->stage == 2 && source_at(k, s)->node[0];
	bool wrong = x->state == NODE_CHANGED || x->written;
	enum finding f = FIND_STALE;
	const char *what = x->state == NODE_CHANGED ? "was used, and is valid again as another mapping" :
						      "was used after its page was written through another mapping";

	if (combined && x->by_ipa != NOBODY && (wrong || x->by_ipa == (int)m->pe)) {
		f = FIND_IPA;
		what = "was used after IPAS2E1 without a stage-1 invalidation";
	} else if (!wrong) {
		return; /* legal between the write and the TLBI */
	} else if (x->local != NOBODY && x->local != (int)m->pe) {
		f = FIND_BROADCAST;
		what = "was used after a TLBI that was not broadcast";
	}
	if (first_time(x, f))
		check_report(k, f, k->host.who(k->host.ctx), n, x->now, what);
}

void check_other_root(struct mmu *m, u32 n, u64 now)
{
	struct checker *k = m->check;
	struct node *x = node_at(k, n);

	if (first_time(x, FIND_STALE))
		check_report(k, FIND_STALE, k->host.who(k->host.ctx), n, now,
			     x->stage == 2 ? "was used after its VMID was given to another root" :
			     x->global	   ? "was used under another root" :
					     "was used after its ASID was given to another root");
}

/* TLB maintenance */

static bool by_address(const struct node *n, const struct tlbi *op)
{
	u64 last = op->addr + (op->len ? op->len - 1 : 0);

	return n->in <= last && op->addr <= (n->in | low_mask(n->shift));
}

/* Whether the operation means entries made from n. */
static bool names(const struct tlbi *op, const struct node *n)
{
	bool table = !desc_leaf(n->level, n->value);

	if (op->kind != n->kind || op->space != n->space || (op->last_level && table))
		return false;
	if (op->what == TLBI_ALL)
		return true;
	if (op->vm_tag != n->vm_tag || (op->vm_tag && op->vmid != n->vmid))
		return false;
	switch (op->what) {
	case TLBI_VMALL:
		return n->stage == 1;
	case TLBI_ASID:
		return n->stage == 1 && !n->global && op->asid == n->asid;
	case TLBI_VA:
		return n->stage == 1 && (n->global || op->asid == n->asid) && by_address(n, op);
	case TLBI_VAA:
		return n->stage == 1 && by_address(n, op);
	case TLBI_IPA:
		return n->stage == 2 && by_address(n, op);
	default:
		return true;
	}
}

void mmu_check_tlbi(struct mmu *m, const struct tlbi *op, bool shared)
{
	struct checker *k = m->check;

	if (!k)
		return;
	check_sync(k);
	k->tlbi_by = (int)m->pe;
	k->tlbi_shared = shared;
}

void mmu_check_tlbi_done(struct mmu *m, const struct tlbi *op, bool shared)
{
	struct checker *k = m->check;

	if (!k)
		return;
	k->tlbi_by = NOBODY;
	if (op->what != TLBI_IPA && (shared || k->pes == 1))
		return; /* nothing of it is left */
	for (u32 n = k->off; n; n = node_at(k, n)->off_next) {
		struct node *x = node_at(k, n);

		if (!names(op, x))
			continue;
		if (op->what == TLBI_IPA)
			x->by_ipa = (s16)m->pe;
		if (!shared)
			x->local = (s16)m->pe;
	}
}

/* The TLBI that is being done dropped an entry of source s. */
void check_entry_dropped(struct checker *k, u32 s)
{
	struct check_pe *p = &k->pe[k->tlbi_by];

	for (unsigned stage = 0; k->n_off && stage < 2; stage++)
		for (u32 n = source_at(k, s)->node[stage]; n; n = node_at(k, n)->parent) {
			struct node *x = node_at(k, n);

			if (x->state == NODE_LIVE || x->pending != NOBODY || p->n_pending == CHECK_PENDING)
				continue;
			x->pending = (s16)k->tlbi_by;
			x->pend_shared = k->tlbi_shared;
			x->pend_next = p->pending;
			x->refs++;
			p->pending = n;
			p->n_pending++;
		}
}

/* DDI0487 D8.13: complete by a DSB of the PE that gave it, for loads and stores, in the domain that it was broadcast to. */
void mmu_check_dsb(struct mmu *m, unsigned crm)
{
	enum { NSH = 1, LOADS_AND_STORES = 3 };
	struct checker *k = m->check;
	struct check_pe *p;
	u32 n;

	if (!k)
		return;
	check_sync(k);
	p = &k->pe[m->pe];
	if ((crm & 3) != LOADS_AND_STORES)
		return;
	for (u32 *at = &p->pending; (n = *at) != 0;) {
		struct node *x = node_at(k, n);

		if (x->pend_shared && crm >> 2 == NSH) {
			at = &x->pend_next;
			continue;
		}
		*at = x->pend_next;
		x->pending = NOBODY;
		p->n_pending--;
		node_put(k, n);
	}
}
