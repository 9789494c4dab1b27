/*
 * What translated for whom (cpu/seen.h). cpu_update_context() tells of each change of the current regime; what is left then is noted.
 *
 * A kernel gives a process's ASID and tables to the registers one after the other, and runs its idle task with tables of its own under
 * the ASID of the process before. So each change of a table register counts as leaving, and tables with which EL0 has run are not
 * replaced by ones with which it has not.
 */
#include "cpu/seen.h"

#include <stdlib.h>

#include "base/snap.h"

static bool translates(const struct regime *r)
{
	return r->two_ranges && (r->s1 || r->s2);
}

static bool same_tags(const struct regime *a, const struct regime *b)
{
	return a->kind == b->kind && a->space == b->space && a->s1 == b->s1 && a->s2 == b->s2 && a->vm_tag == b->vm_tag &&
	       a->asid == b->asid && a->vmid == b->vmid;
}

static bool same_tables(const struct regime *a, const struct regime *b)
{
	return a->ttbr[0] == b->ttbr[0] && a->ttbr[1] == b->ttbr[1] && a->vttbr == b->vttbr;
}

/* Sets are chosen by these alone; the other tags are compared. */
static unsigned set_of(const struct regime *r, bool process)
{
	unsigned vmid = r->vm_tag ? r->vmid + 1 : 0;

	return process ? SEEN_VMS + (r->asid + 67 * vmid) % SEEN_PROCESSES : vmid % SEEN_VMS;
}

/* The same VM (and process), else an empty place, else the one that was left first. */
static struct seen *place(struct seen *set, const struct regime *r, bool process)
{
	struct seen *to = set;

	for (unsigned i = 0; i < SEEN_WAYS; i++) {
		const struct regime *of = &set[i].r;

		if (set[i].when && of->kind == r->kind && of->space == r->space && of->vm_tag == r->vm_tag && of->vmid == r->vmid &&
		    (!process || (of->asid == r->asid && of->s1 == r->s1)))
			return &set[i];
		if (set[i].when < to->when)
			to = &set[i];
	}
	return to;
}

static void note(struct seen *set, const struct seen *now, bool process)
{
	struct seen *to = place(set, &now->r, process);
	bool keep = to->when && to->user && !now->user && same_tags(&to->r, &now->r) && to->r.tcr == now->r.tcr;

	if (keep)
		to->when = now->when;
	else
		*to = *now;
}

void seen_change(struct cpu *c, const struct regime *r)
{
	const struct regime *old = &c->regime;
	bool same = same_tags(old, r) && same_tables(old, r);

	if (likely(!same) && translates(old)) {
		const struct seen now = { .when = cpu_now(c) + 1, .user = c->ran_user, .r = *old };

		if (!c->seen)
			c->seen = calloc(1, sizeof(*c->seen));
		if (!c->seen)
			return; /* the debugger will not know it */
		note(c->seen->of[set_of(old, false)], &now, false);
		if (old->s1)
			note(c->seen->of[set_of(old, true)], &now, true);
	}
	c->ran_user = (c->ran_user && same) || c->el == 0;
}

void seen_forget(struct cpu *c)
{
	free(c->seen);
	c->seen = NULL;
	c->ran_user = false;
	c->regime.s1 = c->regime.s2 = false; /* what was current before is nobody's past */
}

const struct seen *seen_next(const struct cpu *c, const struct seen *after)
{
	const struct seen *s, *end;

	if (!c->seen)
		return NULL;
	s = after ? after + 1 : c->seen->of[0];
	end = c->seen->of[0] + SEEN_SETS * SEEN_WAYS;
	while (s < end && !s->when)
		s++;
	return s < end ? s : NULL;
}

/* The word of a regime's small fields: bits below are one each, tags above. */
static u64 pack(const struct regime *r)
{
	return (u64)r->s1 | (u64)r->s2 << 1 | (u64)r->two_ranges << 2 | (u64)r->s1_be << 3 | (u64)r->s2_be << 4 | (u64)r->vm_tag << 5 |
	       (u64)(r->kind & 3) << 8 | (u64)(r->space & 1) << 10 | (u64)r->asid << 16 | (u64)r->vmid << 32;
}

static void unpack(struct regime *r, u64 v)
{
	r->s1 = v & 1;
	r->s2 = v >> 1 & 1;
	r->two_ranges = v >> 2 & 1;
	r->s1_be = v >> 3 & 1;
	r->s2_be = v >> 4 & 1;
	r->vm_tag = v >> 5 & 1;
	r->kind = v >> 8 & 3;
	r->space = v >> 10 & 1;
	r->asid = (u16)(v >> 16);
	r->vmid = (u16)(v >> 32);
}

static void snap_one(struct cpu *c, struct snap *s, struct seen *to)
{
	struct regime *r = &to->r;
	u64 *const fields[] = { &r->sctlr, &r->tcr, &r->mair, &r->ttbr[0], &r->ttbr[1], &r->hcr, &r->vtcr, &r->vttbr };
	u64 tags = pack(r);

	snap_u64(s, &to->when);
	if (!to->when)
		return;
	snap_bool(s, &to->user);
	snap_u64(s, &tags);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		snap_u64(s, fields[i]);
	if (!s->loading)
		return;
	unpack(r, tags);
	r->feat = &c->core.mmu;
}

void seen_snap_left(struct cpu *c, struct snap *s)
{
	struct seen one = { .when = 1, .r = c->regime };

	snap_one(c, s, &one);
	snap_check(s, one.when == 1, "a regime");
	if (s->loading && !s->failed)
		c->regime = one.r;
}

void seen_snap(struct cpu *c, struct snap *s)
{
	bool there = c->seen != NULL, user = c->ran_user;

	snap_bool(s, &there);
	snap_bool(s, &user);
	if (s->loading) {
		seen_forget(c);
		c->ran_user = user;
		if (there && !s->failed)
			c->seen = calloc(1, sizeof(*c->seen));
		snap_check(s, !there || c->seen, "memory");
	}
	for (struct seen *one = c->seen ? c->seen->of[0] : NULL; one && one < c->seen->of[0] + SEEN_SETS * SEEN_WAYS; one++)
		snap_one(c, s, one);
}
