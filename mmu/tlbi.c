/*
 * TLB maintenance on the modelled structures (DDI0487 D8): each form drops what it names and
 * nothing else. Barriers, broadcast and the encodings are the CPU's; TTL hints are ignored, as the
 * manual allows.
 *
 * A VA names a line when the line's stage-1 leaf translates it, so every fragment of a block goes
 * with it. Stage-2-only lines stand in the IPA cache, and in the L1s while stage 1 is off.
 */
#include "mmu/tlb_priv.h"

/* Which structures a form reaches. */
enum { IN_TLB = 1, IN_WALK = 2, IN_IPA = 4 };

#define COUNTED(form) offsetof(struct mmu_stats, tlbi_##form), offsetof(struct mmu_stats, tlbi_##form##_dropped)
static const struct {
	u8 where;
	u16 done, dropped; /* its counters in struct mmu_stats */
	bool any_vm, by_asid, by_address, spare_global;
} forms[] = {
	[TLBI_ALL] = { IN_TLB | IN_WALK | IN_IPA, COUNTED(all), .any_vm = true },
	[TLBI_VMALL] = { IN_TLB | IN_WALK, COUNTED(vmall) },
	[TLBI_VMALLS12] = { IN_TLB | IN_WALK | IN_IPA, COUNTED(vmalls12) },
	[TLBI_ASID] = { IN_TLB | IN_WALK, COUNTED(asid), .by_asid = true, .spare_global = true },
	[TLBI_VA] = { IN_TLB | IN_WALK, COUNTED(va), .by_asid = true, .by_address = true },
	[TLBI_VAA] = { IN_TLB | IN_WALK, COUNTED(vaa), .by_address = true },
	[TLBI_IPA] = { IN_TLB | IN_IPA, COUNTED(ipa), .by_address = true },
};

/* Drops what matches in one structure and adds to its counters. */
static u32 drop(struct assoc *a, u64 *counter, u64 *by_size, const struct tlbi *op, struct tag_match match)
{
	u32 n;

	match.by_size = by_size;
	n = forms[op->what].by_address ? assoc_drop_range(a, op->addr, op->len, &match) : assoc_drop_all(a, &match);

	*counter += n;
	return n;
}

/*
 * Lines of the L1s and of the main TLB; by IPA only those without a stage 1, by VA or ASID only
 * those with one.
 */
static u32 drop_tlb(struct mmu *m, const struct tlbi *op, struct tag_match match)
{
	if (op->what == TLBI_IPA) {
		match.mask |= TAG_S1;
	} else if (forms[op->what].by_address || forms[op->what].by_asid) {
		match.mask |= TAG_S1;
		match.value |= TAG_S1;
	}
	return drop(&m->l1[SIDE_CODE], &m->stats->tlbi_from_l1i, m->details->l1i_tlbi, op, match) +
	       drop(&m->l1[SIDE_DATA], &m->stats->tlbi_from_l1d, m->details->l1d_tlbi, op, match) +
	       drop(&m->main, &m->stats->tlbi_from_main, m->details->main_tlbi, op, match);
}

u32 mmu_tlbi(struct mmu *m, const struct tlbi *op)
{
	struct tag_match match = {
		.mask = TAG_VALID | TAG_KIND | TAG_SPACE,
		.value = tlb_tag(op->kind, op->space, op->vm_tag, op->vmid, op->asid),
		.spare_global = forms[op->what].spare_global,
	};
	u8 where = forms[op->what].where;
	u32 dropped = 0;

	if (!forms[op->what].any_vm)
		match.mask |= TAG_VM | TAG_VMID;
	if (where & IN_IPA && op->kind == REGIME_EL10)
		dropped += drop(&m->ipa, &m->stats->tlbi_from_ipa, m->details->ipa_tlbi, op, match);
	if (forms[op->what].by_asid)
		match.mask |= TAG_ASID;
	if (where & IN_WALK && !op->last_level)
		dropped += drop(&m->walk, &m->stats->tlbi_from_walk, m->details->walk_tlbi, op, match);
	if (where & IN_TLB)
		dropped += drop_tlb(m, op, match);
	for (int side = 0; side < SIDES; side++)
		m->overlaps[side] &= m->l1[side].count != 0;
	m->stats->tlbi++;
	m->stats->tlbi_dropped += dropped;
	*(u64 *)((char *)m->stats + forms[op->what].done) += 1;
	*(u64 *)((char *)m->stats + forms[op->what].dropped) += dropped;
	m->details->tlbi_op[op->what * TLBI_SCOPES + op->scope]++;
	m->details->tlbi_op_dropped[op->what * TLBI_SCOPES + op->scope] += dropped;
	return dropped;
}
