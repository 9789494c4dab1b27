/*
 * What the TLB checker says: a line in the log for the first findings of each kind and place, and a counter for all of them.
 */
#include "mmu/check_priv.h"

#include <stdio.h>

#include "base/log.h"

static const struct {
	const char *name;
	size_t counter;
} kinds[FINDINGS] = {
#define KIND(f) { #f, offsetof(struct check_stats, f) }
	[FIND_BBM] = KIND(bbm),		  [FIND_STALE] = KIND(stale), [FIND_DSB] = KIND(dsb),
	[FIND_CONFLICT] = KIND(conflict), [FIND_IPA] = KIND(ipa),     [FIND_BROADCAST] = KIND(broadcast),
#undef KIND
};

/* Counts; true while this kind has lines left at this place. */
static bool count(struct checker *k, enum finding f, u64 pc)
{
	u32 h = (u32)((pc ^ (u64)f << 56) * 0x9e3779b97f4a7c15ull >> 32);

	++*(u64 *)((char *)&k->stats + kinds[f].counter);
	for (u32 i = 0; i < CHECK_PLACES; i++) {
		u32 at = (h + i) % CHECK_PLACES;

		if (!k->place[at].lines) {
			k->place[at].pc = pc;
			k->place[at].kind = (u8)f;
		}
		if (k->place[at].pc == pc && k->place[at].kind == f)
			return k->place[at].lines < k->lines ? ++k->place[at].lines : 0;
	}
	return false;
}

static void put_who(char *to, size_t size, struct check_who who)
{
	if (who.pe < 0)
		snprintf(to, size, "no PE (DMA)");
	else
		snprintf(to, size, "PE %d at PC %#" PRIx64, who.pe, who.pc);
}

/* "EL1&0 VMID 1 ASID 2" */
static void put_regime(char *to, size_t size, const struct node *n)
{
	static const char *const name[] = { [REGIME_EL10] = "EL1&0", [REGIME_EL20] = "EL2&0", [REGIME_EL2] = "EL2", [REGIME_EL3] = "EL3" };
	int at = snprintf(to, size, "%s", name[n->kind]);

	if (n->vm_tag)
		at += snprintf(to + at, size - (size_t)at, " VMID %u", n->vmid);
	if (n->stage == 1 && n->global && (n->kind == REGIME_EL10 || n->kind == REGIME_EL20))
		snprintf(to + at, size - (size_t)at, " global");
	else if (n->stage == 1 && (n->kind == REGIME_EL10 || n->kind == REGIME_EL20))
		snprintf(to + at, size - (size_t)at, " ASID %u", n->asid);
}

/* The PEs that still have entries made from n, for the reader: " (held by PE 0, PE 1)". */
static void put_holders(char *to, size_t size, struct checker *k, u32 n)
{
	size_t at = 0;

	*to = '\0';
	for (unsigned i = 0; i < k->pes && at + 24 < size; i++) {
		struct mmu *m = k->pe[i].mmu;
		const struct assoc *const all[] = { &m->l1[SIDE_CODE], &m->l1[SIDE_DATA], &m->main, &m->walk, &m->ipa };
		bool held = false;

		for (unsigned a = 0; a < ARRAY_SIZE(all); a++)
			for (u32 l = 1; !held && l <= all[a]->n; l++)
				held = all[a]->line[l].from && source_has(k, all[a]->line[l].from, n);
		if (held)
			at += (size_t)snprintf(to + at, size - at, at ? ", PE %u" : "; held by PE %u", i);
	}
}

void check_report(struct checker *k, enum finding f, struct check_who who, u32 n, u64 now, const char *what)
{
	const struct node *x = node_at(k, n);
	char by[64], regime[48], holders[128], writer[96] = "";

	if (!count(k, f, who.pe < 0 ? 0 : who.pc))
		return;
	put_who(by, sizeof(by), who);
	put_regime(regime, sizeof(regime), x);
	put_holders(holders, sizeof(holders), k, n);
	if (x->written && f != FIND_DSB) {
		snprintf(writer, sizeof(writer), "; written by ");
		put_who(writer + 13, sizeof(writer) - 13, x->writer);
	}
	log_at(k->log, LOG_CHECK, "check",
	       "%s: %s: stage %u level %u descriptor at %#" PRIx64 " for %s %#" PRIx64 ", %s, %s; was %#" PRIx64 ", is %#" PRIx64 "%s%s",
	       kinds[f].name, by, x->stage, x->level, pa_addr((pa){ x->pa }), x->stage == 1 ? "VA" : "IPA", x->in, regime, what, x->value, now,
	       writer, holders);
}

void check_report_conflict(struct checker *k, struct check_who who, const char *structure, u64 va, u32 old, u32 new)
{
	u64 value[2] = { 0, 0 };
	char by[64], regime[48] = "";

	if (!count(k, FIND_CONFLICT, who.pe < 0 ? 0 : who.pc))
		return;
	put_who(by, sizeof(by), who);
	for (unsigned i = 0; i < 2; i++) {
		const struct source *s = source_at(k, i ? new : old);
		u32 n = s->refs ? s->node[0] ? s->node[0] : s->node[1] : 0;

		if (!n)
			continue;
		value[i] = node_at(k, n)->value;
		put_regime(regime, sizeof(regime), node_at(k, n));
	}
	log_at(k->log, LOG_CHECK, "check", "%s: %s: two entries of %s match %#" PRIx64 ", %s; of descriptors %#" PRIx64 " and %#" PRIx64,
	       kinds[FIND_CONFLICT].name, by, structure, va, regime, value[0], value[1]);
}
