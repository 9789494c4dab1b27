/*
 * The fast TLB's slots and context ids. A slot is only a copy of what a modelled L1 line allows:
 * each line heads a list of the slots that it backs, and takes exactly those with it when it goes.
 * The CPU reads the slots inline; this file fills them.
 */
#include "mmu/tlb_priv.h"

#include <string.h>

#include "base/atomic.h"

/* Slots are named 1 + index in lists. */
static struct fast_slot *slot_at(struct mmu *m, int side, u16 name)
{
	return &m->fast[side]->slot[name - 1];
}

static void empty(struct fast_slot *s)
{
	*s = (struct fast_slot){ .rtag = FAST_NONE, .wtag = FAST_NONE };
}

static void unlink_slot(struct mmu *m, int side, struct fast_slot *s)
{
	if (!s->entry)
		return;
	if (s->prev)
		slot_at(m, side, s->prev)->next = s->next;
	else
		m->l1[side].line[s->entry].slots = s->next;
	if (s->next)
		slot_at(m, side, s->next)->prev = s->prev;
}

static void link_slot(struct mmu *m, int side, struct fast_slot *s, u16 l1)
{
	u16 name = (u16)(s - m->fast[side]->slot + 1);
	u16 *head = &m->l1[side].line[l1].slots;

	s->entry = l1;
	s->prev = 0;
	s->next = *head;
	if (*head)
		slot_at(m, side, *head)->prev = name;
	*head = name;
}

void fast_drop_line(void *ctx, struct assoc *a, u32 i)
{
	struct mmu *m = ctx;
	int side = a == &m->l1[SIDE_CODE] ? SIDE_CODE : SIDE_DATA;
	u16 name = a->line[i].slots;

	while (name) {
		struct fast_slot *s = slot_at(m, side, name);

		name = s->next;
		empty(s);
	}
	a->line[i].slots = 0;
}

/* Whether L1 line l1 still holds va: a second lookup in between may have replaced it. */
static bool backs(const struct assoc *a, u16 l1, u64 va)
{
	return l1 <= a->n && a->key[l1].tag && (u64)sext(va, 56) >> tag_size(a->key[l1].tag) == a->key[l1].page;
}

/* The emptied, linked slot for va; NULL when none may be filled. */
static struct fast_slot *take_slot(struct mmu *m, int side, u64 va, u64 hash, u16 l1)
{
	struct fast_slot *s = &m->fast[side]->slot[fast_index(va, hash)];

	if (m->cfg.reference || m->overlaps[side] || (l1 && !backs(&m->l1[side], l1, va)))
		return NULL;
	unlink_slot(m, side, s);
	empty(s);
	if (l1)
		link_slot(m, side, s, l1);
	m->fast_counts.fills++;
	return s;
}

void fast_fill_data(struct mmu *m, u64 va, u64 hash, u64 rtag, u64 wtag, u64 addend, u16 l1)
{
	struct fast_slot *s = take_slot(m, SIDE_DATA, va, hash, l1);

	if (!s)
		return;
	s->rtag = rtag;
	s->wtag = wtag;
	s->addend = addend;
}

void fast_fill_zero(struct mmu *m, u64 va, u64 hash, u64 tag, u64 addend, u16 l1, const u8 *used)
{
	struct fast_slot *s = take_slot(m, SIDE_DATA, va, hash, l1);

	if (m->zero)
		m->zero->zero = false;
	m->zero = s;
	m->used = used;
	if (!s)
		return;
	s->rtag = tag;
	s->addend = addend;
	s->zero = true;
}

bool fast_unused(const struct mmu *m)
{
	return !atomic_read(m->used);
}

void fast_fill_code(struct mmu *m, u64 va, u64 hash, u64 tag, void *code, u16 l1)
{
	struct fast_slot *s = take_slot(m, SIDE_CODE, va, hash, l1);

	if (!s)
		return;
	s->rtag = tag;
	s->code = code;
}

void fast_flush_side(struct mmu *m, int side)
{
	m->fast_counts.flushes++;
	for (u32 i = 0; i < FAST_SLOTS; i++) {
		struct fast_slot *s = &m->fast[side]->slot[i];

		if (s->entry)
			m->l1[side].line[s->entry].slots = 0;
		empty(s);
	}
}

void fast_flush(struct mmu *m)
{
	fast_flush_side(m, SIDE_CODE);
	fast_flush_side(m, SIDE_DATA);
}

void fast_flush_code(struct mmu *m)
{
	fast_flush_side(m, SIDE_CODE);
}

void fast_protect_page(struct mmu *m, const u8 *host)
{
	for (u32 i = 0; i < FAST_SLOTS; i++) {
		struct fast_slot *s = &m->fast[SIDE_DATA]->slot[i];

		if (s->wtag != FAST_NONE &&
		    (s->wtag & ~0xfffull) + s->addend == (u64)(uintptr_t)host)
			s->wtag = FAST_NONE;
	}
}

void fast_drop_from(struct mmu *m, bool (*stale)(void *ctx, u32 from), void *ctx)
{
	for (int side = 0; side < SIDES; side++)
		for (u32 i = 0; i < FAST_SLOTS; i++) {
			u16 l1 = m->fast[side]->slot[i].entry;

			if (l1 && m->l1[side].line[l1].from && stale(ctx, m->l1[side].line[l1].from))
				fast_drop_line(m, &m->l1[side], l1);
		}
}

/* Context ids */

static void forget_contexts(struct mmu *m)
{
	memset(m->context, 0, sizeof(m->context));
	m->contexts = 0;
	m->generation++;
}

/* Empties both sides without following their links: they may hold anything before the first use. */
void fast_init(struct mmu *m)
{
	for (int side = 0; side < SIDES; side++) {
		for (u32 i = 0; i < FAST_SLOTS; i++)
			empty(&m->fast[side]->slot[i]);
		for (u32 i = 0; i <= m->l1[side].n; i++)
			m->l1[side].line[i].slots = 0;
	}
	forget_contexts(m);
}

/* Spreads contexts over the slots, so that one VA of several contexts does not fight for one slot.
 */
static struct fast_context context_of(u32 id)
{
	return (struct fast_context){ .id = id, .hash = (id * 0x9e3779b1u >> (32 - FAST_BITS)) << FAST_SLOT_SHIFT };
}

struct fast_context mmu_context(struct mmu *m, u64 key_lo, u64 key_hi, u32 *generation)
{
	u64 h = (key_lo ^ (key_hi << 29 | key_hi >> 35)) * 0x9e3779b97f4a7c15ull;
	struct context_id *c;

	for (h >>= 52;; h++) {
		c = &m->context[h % CONTEXT_TABLE];
		if (!c->id)
			break;
		if (likely(c->lo == key_lo && c->hi == key_hi)) {
			*generation = m->generation;
			return context_of(c->id);
		}
	}
	if (m->contexts == CONTEXT_IDS) {
		fast_flush(m);
		forget_contexts(m);
		return mmu_context(m, key_lo, key_hi, generation);
	}
	*c = (struct context_id){ key_lo, key_hi, ++m->contexts };
	*generation = m->generation;
	return context_of(c->id);
}

struct fast_counts mmu_fast_counts(const struct mmu *m)
{
	return m->fast_counts;
}
