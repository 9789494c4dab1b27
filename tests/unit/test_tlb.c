/* mmu/tlb.c, tlbi.c, fast.c, tlb_config.c: what the TLB model keeps, drops and counts. */
#include "mmu/tlb.h"

#include <stdlib.h>
#include <string.h>

#include "base/snap.h"
#include "tests/unit/harness.h"
#include "tests/unit/tables.h"

#define RAM 0x40000000ull
#define OUT 0x41000000ull /* pages that tests map to */
#define VA  0x12340000ull

struct machine {
	struct bus *bus;
	struct mmu_features feat;
	struct regime r;
	struct tables s1, s2;
	u64 next;
	struct mmu *mmu;
	struct mmu_stats stats;
	struct mmu_details details;
	struct fast_tlb *code, *data;
	struct xlat x;
	u16 l1;
};

static const struct mmu_features everything = {
	.pa_bits = 44,
	.asid_bits = 16,
	.vmid_bits = 16,
	.gran4 = true,
	.haf = true,
	.hdbs = true,
	.hpd = true,
	.xnx = true,
	.pan = true,
	.vhe = true,
};

static const struct access rd = { .what = ACC_READ, .priv = true };
static const struct access wr = { .what = ACC_WRITE, .priv = true };
static const struct access ex = { .what = ACC_FETCH, .priv = true };

static void boot(struct machine *m, const char *geometry)
{
	struct tlb_config cfg = tlb_config_default;
	const char *error = geometry ? tlb_config_parse(&cfg, geometry) : NULL;

	if (error)
		FAIL_TEST("%s", error);
	memset(m, 0, sizeof(*m));
	m->bus = bus_new(NULL);
	bus_add_ram(m->bus, "ram", RAM, 0x8000000, false);
	m->feat = everything;
	m->next = RAM;
	m->s1 = (struct tables){
		.root = new_table(&m->next, 12), .grain = 12, .start = 0, .ia = 48
	};
	m->next = align_up(m->next, 0x4000);
	m->s2 = (struct tables){ .root = m->next, .grain = 12, .start = 1, .ia = 40 };
	m->next += 0x4000;
	m->r = (struct regime){
		.kind = REGIME_EL10,
		.s1 = true,
		.two_ranges = true,
		.vm_tag = true,
		.vmid = 1,
		.asid = 1,
		.feat = &m->feat,
		.sctlr = BIT(2) | BIT(12),
		.tcr = 16 | 16ull << 16 | 2ull << 30 | 5ull << 32,
		.mair = 0x040044ff,
		.ttbr = { m->s1.root, m->s1.root },
		.vtcr = 24 | 1 << 6 | 5ull << 16,
		.vttbr = m->s2.root,
	};
	m->code = calloc(1, sizeof(*m->code));
	m->data = calloc(1, sizeof(*m->data));
	m->mmu = mmu_new(m->bus, &cfg, m->code, m->data);
	mmu_set_stats(m->mmu, &m->stats, &m->details);
}

static void power_off(struct machine *m)
{
	mmu_free(m->mmu);
	bus_free(m->bus);
	free(m->code);
	free(m->data);
}

static void map1(struct machine *m, u64 va, u64 oa, u64 attr)
{
	tables_map(m->bus, &m->next, &m->s1, va, 3, oa | PAGE | AF | ISH | attr);
}

static void map2(struct machine *m, u64 in, u64 oa)
{
	tables_map(m->bus, &m->next, &m->s2, in, 3, oa | PAGE | S2ALL);
}

/* Stage 2 on; the first 4 MiB of RAM (tables) map to themselves. */
static void stage2_on(struct machine *m)
{
	m->r.s2 = true;
	for (u64 at = RAM; at < RAM + 0x400000; at += 0x200000)
		tables_map(m->bus, &m->next, &m->s2, at, 2, at | BLOCK | S2ALL);
}

/* The PA seen, or all ones on a fault. */
static u64 go(struct machine *m, u64 va, struct access a)
{
	mmu_lookup(m->mmu, &m->r, va, a, &m->x, &m->l1);
	return m->x.fault.kind == FAULT_NONE ? pa_addr(m->x.pa) : ~0ull;
}

static u64 misses(const struct machine *m)
{
	return m->stats.l1d_miss;
}

/* Whether a data lookup of va is answered without a miss in the L1. */
static bool in_l1(struct machine *m, u64 va)
{
	u64 before = misses(m);

	go(m, va, rd);
	return misses(m) == before;
}

static u32 tlbi(struct machine *m, unsigned what, u64 addr)
{
	return mmu_tlbi(m->mmu, &(struct tlbi){ .what = (u8)what,
						.kind = m->r.kind,
						.space = m->r.space,
						.vm_tag = m->r.vm_tag,
						.vmid = m->r.vmid,
						.asid = m->r.asid,
						.addr = addr });
}

/* How many lines of a structure exist, or of all with NULL. */
struct census {
	const char *structure;
	u32 n;
};

static void count_line(void *ctx, const struct tlb_view *v)
{
	struct census *c = ctx;

	c->n += !c->structure || !strcmp(c->structure, v->structure);
}

static u32 lines(struct machine *m, const char *structure)
{
	struct census c = { structure, 0 };

	mmu_for_each(m->mmu, count_line, &c);
	return c.n;
}

TEST(with_both_stages_off_nothing_is_looked_up_or_counted)
{
	static const struct mmu_stats nothing;
	struct machine m;

	boot(&m, NULL);
	m.r.s1 = false;
	EXPECT_EQ(go(&m, OUT + 0x123, rd), OUT + 0x123);
	EXPECT_EQ(m.l1, 0);
	EXPECT_EQ(lines(&m, NULL), 0);
	EXPECT(!memcmp(&m.stats, &nothing, sizeof(nothing)));
	power_off(&m);
}

TEST(a_miss_walks_once_and_fills_L1_and_main_TLB)
{
	struct machine m;

	boot(&m, NULL);
	map1(&m, VA, OUT, 0);
	EXPECT_EQ(go(&m, VA + 0x123, rd), OUT + 0x123);
	EXPECT(m.l1 > 0);
	EXPECT_EQ(m.stats.l1d_miss, 1);
	EXPECT_EQ(m.stats.main_miss, 1);
	EXPECT_EQ(m.stats.s1_walks, 1);
	EXPECT_EQ(m.stats.s1_walk_reads, 4);
	EXPECT_EQ(go(&m, VA + 0x456, wr), OUT + 0x456);
	EXPECT_EQ(m.stats.l1d_miss, 1);
	EXPECT_EQ(go(&m, VA, ex), OUT); /* the other L1, from the main TLB */
	EXPECT_EQ(m.stats.l1i_miss, 1);
	EXPECT_EQ(m.stats.main_lookup, 2);
	EXPECT_EQ(m.stats.s1_walks, 1);
	EXPECT_EQ(lines(&m, "l1i") + lines(&m, "l1d") + lines(&m, "main"), 3);
	power_off(&m);
}

TEST(the_walk_cache_leaves_only_the_last_read)
{
	struct machine m;

	boot(&m, NULL);
	map1(&m, VA, OUT, 0);
	map1(&m, VA + 0x1000, OUT, 0);
	map1(&m, VA + 0x200000, OUT, 0);
	go(&m, VA, rd);
	EXPECT_EQ(lines(&m, "walk"), 3);
	go(&m, VA + 0x1000, rd);
	EXPECT_EQ(m.stats.s1_walk_reads, 5);
	go(&m, VA + 0x200000, rd); /* its level 3 table is new */
	EXPECT_EQ(m.stats.s1_walk_reads, 7);
	EXPECT_EQ(m.stats.walk_lookup, 3);
	EXPECT_EQ(m.stats.walk_miss, 1);
	power_off(&m);
}

TEST(two_stages_with_cold_and_warm_caches_read_what_they_must)
{
	struct machine m;

	boot(&m, NULL);
	m.s2.start = 0; /* four levels over four levels: 24 reads */
	m.s2.ia = 44;
	m.r.vtcr = 20 | 2 << 6 | 5ull << 16;
	m.r.s2 = true;
	for (u64 at = RAM; at < RAM + 0x100000; at += 0x1000)
		map2(&m, at, at);
	map1(&m, VA, OUT, 0);
	map2(&m, OUT, OUT + 0x5000);
	EXPECT_EQ(go(&m, VA, rd), OUT + 0x5000);
	EXPECT_EQ(m.stats.s1_walk_reads + m.stats.s2_walk_reads, 24);
	EXPECT_EQ(m.stats.s2_walks, 5);
	EXPECT_EQ(m.stats.ipa_lookup, 5);
	EXPECT_EQ(m.stats.ipa_miss, 5);
	EXPECT_EQ(lines(&m, "ipa"), 5);
	map1(&m, VA + 0x1000, OUT, 0);
	EXPECT_EQ(go(&m, VA + 0x1000, rd), OUT + 0x5000);
	EXPECT_EQ(m.stats.s1_walk_reads + m.stats.s2_walk_reads, 25);
	EXPECT_EQ(m.stats.ipa_lookup, 7);
	power_off(&m);
}

TEST(entries_stay_stale_until_they_are_invalidated)
{
	struct machine m;

	boot(&m, NULL);
	map1(&m, VA, OUT, 0);
	EXPECT_EQ(go(&m, VA, rd), OUT);
	map1(&m, VA, OUT + 0x1000, RO);
	EXPECT_EQ(go(&m, VA, wr), OUT);
	EXPECT_EQ(tlbi(&m, TLBI_VA, VA), 2 + 3); /* L1, main, three tables */
	EXPECT_EQ(go(&m, VA, wr), ~0ull);
	EXPECT_EQ(go(&m, VA, rd), OUT + 0x1000);
	power_off(&m);
}

TEST(faults_are_never_cached)
{
	struct machine m;

	boot(&m, NULL);
	EXPECT_EQ(go(&m, VA, rd), ~0ull);
	EXPECT_EQ(m.x.fault.kind, FAULT_TRANSLATION);
	tables_map(m.bus, &m.next, &m.s1, VA, 3, OUT | PAGE); /* no access flag */
	EXPECT_EQ(go(&m, VA, rd), ~0ull);
	EXPECT_EQ(m.x.fault.kind, FAULT_ACCESS_FLAG);
	EXPECT_EQ(m.l1, 0);
	EXPECT_EQ(m.stats.walk_faults, 2);
	EXPECT_EQ(lines(&m, "l1d") + lines(&m, "main"), 0);
	map1(&m, VA, OUT, 0);
	EXPECT_EQ(go(&m, VA, rd), OUT);
	power_off(&m);
}

TEST(a_hit_checks_permissions_without_walking)
{
	struct machine m;

	boot(&m, NULL);
	map1(&m, VA, OUT, RO | PXN);
	go(&m, VA, rd);
	EXPECT_EQ(go(&m, VA, wr), ~0ull);
	EXPECT_EQ(m.x.fault.kind, FAULT_PERMISSION);
	EXPECT_EQ(m.x.fault.level, 3);
	EXPECT_EQ(m.l1, 0);
	EXPECT_EQ(go(&m, VA, ex), ~0ull); /* through the main TLB */
	EXPECT_EQ(m.stats.s1_walks, 1);
	power_off(&m);
}

TEST(ASIDs_separate_entries_unless_they_are_global)
{
	struct machine m;

	boot(&m, NULL);
	map1(&m, VA, OUT, NG);
	map1(&m, VA + 0x1000, OUT + 0x1000, 0);
	go(&m, VA, rd);
	go(&m, VA + 0x1000, rd);
	m.r.asid = 2;
	EXPECT(!in_l1(&m, VA));
	EXPECT(in_l1(&m, VA + 0x1000));
	m.r.asid = 1;
	EXPECT(in_l1(&m, VA)); /* both live side by side */
	power_off(&m);
}

TEST(VMID_regime_security_and_stages_separate_all_entries)
{
	struct machine m;

	boot(&m, NULL);
	map1(&m, VA, OUT, 0);
	go(&m, VA, rd);
	m.r.vmid = 2;
	EXPECT(!in_l1(&m, VA));
	m.r.vmid = 1;
	m.r.kind = REGIME_EL20;
	m.r.vm_tag = false;
	EXPECT(!in_l1(&m, VA));
	m.r.kind = REGIME_EL10;
	EXPECT(!in_l1(&m, VA));
	m.r.vm_tag = true;
	stage2_on(&m);
	map2(&m, OUT, OUT);
	EXPECT(!in_l1(&m, VA));
	m.r.s2 = false;
	m.r.s1 = true;
	EXPECT(in_l1(&m, VA));
	EXPECT_EQ(lines(&m, "l1d"), 5);
	power_off(&m);
}

TEST(the_top_byte_does_not_make_another_entry_and_a_bad_one_never_hits)
{
	struct machine m;

	boot(&m, NULL);
	map1(&m, VA, OUT, 0);
	go(&m, VA, rd);
	EXPECT_EQ(go(&m, VA | 0xab00000000000000, rd), ~0ull);
	EXPECT_EQ(m.x.fault.level, 0);
	m.r.tcr |= BIT(37);
	EXPECT_EQ(go(&m, VA | 0xab00000000000000, rd), OUT);
	EXPECT_EQ(lines(&m, "l1d"), 1);
	power_off(&m);
}

TEST(pages_of_several_sizes_are_found_by_any_address_in_them)
{
	struct machine m;

	boot(&m, NULL);
	tables_map(m.bus, &m.next, &m.s1, 0x200000, 2, 0x80000000 | BLOCK | AF);
	tables_map(m.bus, &m.next, &m.s1, 0x40000000, 1, 0xc0000000 | BLOCK | AF);
	for (u64 p = 0; p < 16; p++)
		map1(&m, 0x10000 + p * 0x1000, OUT + p * 0x1000, CONT);
	EXPECT_EQ(go(&m, 0x234567, rd), 0x80034567);
	EXPECT_EQ(go(&m, 0x7fffffff, rd), 0xffffffff);
	EXPECT_EQ(go(&m, 0x13456, rd), OUT + 0x3456);
	EXPECT_EQ(m.x.size, 16);
	EXPECT(in_l1(&m, 0x3ff000) && in_l1(&m, 0x40000000) && in_l1(&m, 0x1f008));
	EXPECT_EQ(pa_addr(m.x.pa), OUT + 0xf008);
	EXPECT(!in_l1(&m, 0x400000) && !in_l1(&m, 0x20000));
	power_off(&m);
}

/* TLBI */

/* Two ASIDs, a global page, an EL2 entry, and a second VM: what a form may wrongly drop. */
static void crowd(struct machine *m)
{
	boot(m, NULL);
	map1(m, VA, OUT, NG);
	map1(m, VA + 0x1000, OUT, 0);
	for (u16 vmid = 1; vmid <= 2; vmid++) {
		m->r.vmid = vmid;
		for (u16 asid = 1; asid <= 2; asid++) {
			m->r.asid = asid;
			go(m, VA, rd);
		}
		go(m, VA + 0x1000, rd);
	}
	m->r.kind = REGIME_EL20;
	m->r.vm_tag = false;
	m->r.asid = m->r.vmid = 1;
	go(m, VA, rd);
	m->r.kind = REGIME_EL10;
	m->r.vm_tag = true;
}

TEST(TLBI_VA_drops_the_ASID_and_global_pages_of_that_address_only)
{
	struct machine m;

	crowd(&m);
	EXPECT_EQ(lines(&m, "l1d"), 7);
	EXPECT_EQ(lines(&m, "walk"), 5 * 3);
	tlbi(&m, TLBI_VA, VA);
	EXPECT_EQ(lines(&m, "l1d"), 6);
	EXPECT_EQ(lines(&m, "main"), 6);
	EXPECT_EQ(lines(&m, "walk"), 4 * 3);
	m.r.asid = 7;
	tlbi(&m, TLBI_VA, VA + 0x1000); /* global: any ASID names it */
	EXPECT_EQ(lines(&m, "l1d"), 5);
	EXPECT_EQ(lines(&m, "walk"), 4 * 3);
	tlbi(&m, TLBI_VA, VA);
	EXPECT_EQ(lines(&m, "l1d"), 5);
	power_off(&m);
}

TEST(last_level_forms_spare_the_walk_cache)
{
	struct machine m;

	crowd(&m);
	mmu_tlbi(m.mmu, &(struct tlbi){ .what = TLBI_VA,
					.kind = REGIME_EL10,
					.vm_tag = true,
					.vmid = 1,
					.asid = 1,
					.addr = VA,
					.last_level = true });
	EXPECT_EQ(lines(&m, "l1d"), 6);
	EXPECT_EQ(lines(&m, "walk"), 5 * 3);
	power_off(&m);
}

TEST(TLBI_VAA_drops_every_ASID_of_that_address)
{
	struct machine m;

	crowd(&m);
	tlbi(&m, TLBI_VAA, VA);
	EXPECT_EQ(lines(&m, "l1d"), 5);
	EXPECT_EQ(lines(&m, "walk"), 3 * 3);
	power_off(&m);
}

TEST(TLBI_ASID_spares_global_pages_but_drops_the_tables)
{
	struct machine m;

	crowd(&m);
	tlbi(&m, TLBI_ASID, 0);
	EXPECT_EQ(lines(&m, "l1d"), 6);
	EXPECT_EQ(lines(&m, "walk"), 4 * 3);
	EXPECT(in_l1(&m, VA + 0x1000));
	EXPECT(!in_l1(&m, VA));
	power_off(&m);
}

TEST(TLBI_VMALL_drops_one_VMID_and_ALL_every_VMID_of_the_regime)
{
	struct machine m;

	crowd(&m);
	tlbi(&m, TLBI_VMALL, 0);
	EXPECT_EQ(lines(&m, "l1d"), 4);
	EXPECT_EQ(lines(&m, "walk"), 3 * 3);
	tlbi(&m, TLBI_ALL, 0);
	EXPECT_EQ(lines(&m, "l1d"), 1); /* EL2&0 */
	EXPECT_EQ(lines(&m, "main"), 1);
	mmu_tlbi(m.mmu, &(struct tlbi){ .what = TLBI_ALL, .kind = REGIME_EL20 });
	EXPECT_EQ(lines(&m, NULL), 0);
	EXPECT_EQ(m.stats.tlbi, 3);
	power_off(&m);
}

TEST(EL2_and_secure_entries_answer_to_their_own_forms_only)
{
	struct machine m;

	boot(&m, NULL);
	map1(&m, VA, OUT, 0);
	m.r.kind = REGIME_EL2;
	m.r.two_ranges = m.r.vm_tag = false;
	m.r.tcr = 16 | 5 << 16;
	m.r.asid = 55; /* EL2 has none */
	go(&m, VA, rd);
	m.r.asid = 0;
	EXPECT(in_l1(&m, VA));
	EXPECT_EQ(tlbi(&m, TLBI_ASID, 0),
		  3); /* its walk cache lines only; there is no such instruction for EL2 */
	mmu_tlbi(m.mmu, &(struct tlbi){ .what = TLBI_ALL, .kind = REGIME_EL10 });
	mmu_tlbi(m.mmu, &(struct tlbi){ .what = TLBI_ALL, .kind = REGIME_EL2, .space = SPACE_S });
	mmu_tlbi(m.mmu, &(struct tlbi){ .what = TLBI_VA, .kind = REGIME_EL10, .addr = VA });
	EXPECT(in_l1(&m, VA));
	EXPECT_EQ(
		mmu_tlbi(m.mmu, &(struct tlbi){ .what = TLBI_VA, .kind = REGIME_EL2, .addr = VA }),
		2);
	power_off(&m);
}

TEST(IPAS2E1_drops_stage_2_only_entries_and_leaves_combined_ones)
{
	struct machine m;

	boot(&m, NULL);
	stage2_on(&m);
	map1(&m, VA, OUT, 0);
	map2(&m, OUT, OUT + 0x1000);
	go(&m, VA, rd);
	map2(&m, OUT, OUT + 0x2000);
	EXPECT_EQ(tlbi(&m, TLBI_IPA, OUT), 1);
	EXPECT_EQ(go(&m, VA, rd), OUT + 0x1000); /* the hypervisor forgot VMALLE1 */
	tlbi(&m, TLBI_VMALL, 0);
	EXPECT(lines(&m, "ipa") > 0);
	EXPECT_EQ(go(&m, VA, rd), OUT + 0x2000);
	m.r.vmid = 2;
	tlbi(&m, TLBI_VMALLS12, 0);
	EXPECT(lines(&m, "ipa") > 0);
	m.r.vmid = 1;
	tlbi(&m, TLBI_VMALLS12, 0);
	EXPECT_EQ(lines(&m, NULL), 0);
	power_off(&m);
}

TEST(VMALLE1_alone_leaves_a_stale_stage_2_translation)
{
	struct machine m;

	boot(&m, NULL);
	stage2_on(&m);
	map1(&m, VA, OUT, 0);
	map2(&m, OUT, OUT + 0x1000);
	go(&m, VA, rd);
	map2(&m, OUT, OUT + 0x2000);
	tlbi(&m, TLBI_VMALL, 0);
	EXPECT_EQ(go(&m, VA, rd), OUT + 0x1000);
	power_off(&m);
}

TEST(with_stage_1_off_only_the_IPA_cache_fills_behind_the_L1)
{
	struct machine m;

	boot(&m, NULL);
	stage2_on(&m);
	m.r.s1 = false;
	map2(&m, 0x1000, OUT);
	EXPECT_EQ(go(&m, 0x1234, rd), OUT + 0x234);
	EXPECT(m.l1 > 0);
	EXPECT_EQ(m.stats.main_lookup, 0);
	EXPECT_EQ(m.stats.s1_walks, 0);
	EXPECT_EQ(m.stats.s2_walks, 1);
	EXPECT_EQ(lines(&m, "ipa"), 1);
	EXPECT_EQ(lines(&m, "main"), 0);
	EXPECT(in_l1(&m, 0x1000));
	tlbi(&m, TLBI_VA, 0x1000); /* names stage-1 entries */
	tlbi(&m, TLBI_ASID, 0x1000);
	EXPECT(in_l1(&m, 0x1000));
	EXPECT_EQ(tlbi(&m, TLBI_IPA, 0x1000), 2);
	go(&m, 0x1000, rd);
	EXPECT_EQ(tlbi(&m, TLBI_VMALL, 0), 1);
	power_off(&m);
}

TEST(one_VA_invalidation_of_a_block_drops_every_fragment_of_it)
{
	struct machine m;

	boot(&m, NULL);
	stage2_on(&m);
	tables_map(m.bus, &m.next, &m.s1, 0x200000, 2, 0x80000000 | BLOCK | AF);
	map1(&m, 0x400000, 0x80003000, 0);
	for (u64 p = 0; p < 8; p++) {
		map2(&m, 0x80000000 + p * 0x1000, OUT + p * 0x1000);
		EXPECT_EQ(go(&m, 0x200000 + p * 0x1000, rd), OUT + p * 0x1000);
	}
	go(&m, 0x400000, rd);
	EXPECT_EQ(lines(&m, "l1d"), 9);
	EXPECT_EQ(lines(&m, "main"), 9);
	tlbi(&m, TLBI_VA, 0x2ff000); /* any address of the block */
	EXPECT_EQ(lines(&m, "l1d"), 1);
	EXPECT_EQ(lines(&m, "main"), 1);
	EXPECT(in_l1(&m, 0x400000));
	power_off(&m);
}

TEST(range_forms_drop_their_range_only_short_or_long)
{
	static const u64 lengths[] = { 8, 100 }; /* by address, by scan */

	for (unsigned i = 0; i < 2; i++) {
		struct machine m;

		boot(&m, NULL);
		for (u64 p = 0; p < 128; p++) {
			map1(&m, VA + p * 0x1000, OUT, NG);
			go(&m, VA + p * 0x1000, rd);
		}
		mmu_tlbi(m.mmu, &(struct tlbi){ .what = TLBI_VA,
						.kind = REGIME_EL10,
						.vm_tag = true,
						.vmid = 1,
						.asid = 1,
						.addr = VA + 0x4000,
						.len = lengths[i] * 0x1000 });
		EXPECT_EQ(lines(&m, "l1d"), 128 - lengths[i]);
		EXPECT_EQ(lines(&m, "main"), 128 - lengths[i]);
		EXPECT(in_l1(&m, VA + 0x3000) && !in_l1(&m, VA + 0x4000));
		EXPECT(!in_l1(&m, VA + (3 + lengths[i]) * 0x1000) &&
		       in_l1(&m, VA + (4 + lengths[i]) * 0x1000));
		power_off(&m);
	}
}

/* Descriptor updates */

TEST(the_access_flag_is_set_in_memory_when_the_entry_is_made)
{
	struct machine m;
	u64 at;

	boot(&m, NULL);
	m.r.tcr |= BIT(39);
	at = tables_map(m.bus, &m.next, &m.s1, VA, 3, OUT | PAGE);
	EXPECT_EQ(go(&m, VA, rd), OUT);
	EXPECT_EQ(bus_get64(m.bus, at), OUT | PAGE | AF);
	power_off(&m);
}

TEST(a_write_to_a_clean_entry_walks_again_and_replaces_it)
{
	struct machine m;
	u64 at;

	boot(&m, NULL);
	m.r.tcr |= BIT(39) | BIT(40);
	at = tables_map(m.bus, &m.next, &m.s1, VA, 3, OUT | PAGE | AF | RO | DBM);
	go(&m, VA, rd);
	EXPECT(m.x.s1_dbm_clean);
	EXPECT_EQ(bus_get64(m.bus, at), OUT | PAGE | AF | RO | DBM);
	EXPECT_EQ(go(&m, VA, wr), OUT);
	EXPECT(!m.x.s1_dbm_clean);
	EXPECT_EQ(bus_get64(m.bus, at), OUT | PAGE | AF | DBM);
	EXPECT_EQ(m.stats.s1_walks, 2);
	EXPECT_EQ(lines(&m, "l1d") + lines(&m, "main"), 2);
	EXPECT_EQ(m.stats.evict_l1d + m.stats.evict_main + m.stats.tlb_conflict, 0);
	go(&m, VA, wr);
	EXPECT_EQ(m.stats.s1_walks, 2);
	power_off(&m);
}

TEST(a_write_to_a_clean_stage_2_page_marks_it_through_the_IPA_cache)
{
	struct machine m;
	u64 at;

	boot(&m, NULL);
	stage2_on(&m);
	m.r.vtcr |= BIT(21) | BIT(22);
	map1(&m, VA, OUT, 0);
	at = tables_map(m.bus, &m.next, &m.s2, OUT, 3, OUT | PAGE | AF | S2R | DBM | S2WB);
	EXPECT_EQ(go(&m, VA, rd), OUT);
	EXPECT(m.x.s2_dbm_clean);
	EXPECT_EQ(go(&m, VA, wr), OUT);
	EXPECT_EQ(bus_get64(m.bus, at), OUT | PAGE | AF | S2R | S2W | DBM | S2WB);
	EXPECT(!m.x.s2_dbm_clean);
	tlbi(&m, TLBI_VMALL, 0);
	go(&m, VA, rd); /* the IPA cache knows that it is dirty */
	EXPECT(!m.x.s2_dbm_clean);
	power_off(&m);
}

TEST(a_probe_sees_stale_entries_and_changes_nothing)
{
	struct mmu_stats before;
	struct machine m;
	u64 at;

	boot(&m, NULL);
	m.r.tcr |= BIT(39);
	map1(&m, VA, OUT, 0);
	go(&m, VA, rd);
	map1(&m, VA, OUT + 0x1000, 0);
	at = tables_map(m.bus, &m.next, &m.s1, VA + 0x1000, 3, OUT | PAGE);
	before = m.stats;
	mmu_probe(m.mmu, &m.r, VA + 8, rd, &m.x);
	EXPECT_EQ(pa_addr(m.x.pa), OUT + 8);
	mmu_probe(m.mmu, &m.r, VA + 0x1000, rd, &m.x);
	EXPECT_EQ(pa_addr(m.x.pa), OUT);
	mmu_probe(m.mmu, &m.r, VA + 0x2000, rd, &m.x);
	EXPECT_EQ(m.x.fault.kind, FAULT_TRANSLATION);
	EXPECT_EQ(bus_get64(m.bus, at), OUT | PAGE);
	EXPECT(!memcmp(&before, &m.stats, sizeof(before)));
	EXPECT_EQ(lines(&m, "l1d"), 1);
	power_off(&m);
}

/* Replacement and conflicts */

TEST(round_robin_replaces_in_order_and_the_main_TLB_still_knows)
{
	struct machine m;

	boot(&m, "l1d=4");
	for (u64 p = 0; p < 5; p++) {
		map1(&m, VA + p * 0x1000, OUT + p * 0x1000, 0);
		go(&m, VA + p * 0x1000, rd);
	}
	EXPECT_EQ(m.stats.evict_l1d, 1);
	EXPECT(in_l1(&m, VA + 0x1000) && in_l1(&m, VA + 0x4000));
	EXPECT(!in_l1(&m, VA)); /* evicts page 1 now */
	EXPECT_EQ(m.stats.s1_walks, 5);
	EXPECT(!in_l1(&m, VA + 0x1000));
	power_off(&m);
}

TEST(a_set_holds_as_many_entries_as_it_has_ways)
{
	struct machine m;

	boot(&m, "l1d=1,main=16:2");
	for (u64 p = 0; p < 3; p++) {
		map1(&m, VA + p * 0x8000, OUT, 0);
		go(&m, VA + p * 0x8000, rd);
	}
	EXPECT_EQ(m.stats.evict_main, 1);
	EXPECT_EQ(lines(&m, "main"), 2);
	power_off(&m);
}

TEST(LRU_and_PLRU_keep_what_was_used_last)
{
	static const char *const geometry[] = { "l1d=4,policy=lru,reference=on",
						"l1d=4,l1i=4,policy=plru,reference=on" };

	for (unsigned i = 0; i < 2; i++) {
		struct machine m;

		boot(&m, geometry[i]);
		for (u64 p = 0; p < 5; p++)
			map1(&m, VA + p * 0x1000, OUT, 0);
		for (u64 p = 0; p < 4; p++)
			go(&m, VA + p * 0x1000, rd);
		go(&m, VA, rd);
		go(&m, VA + 0x4000, rd);
		EXPECT(in_l1(&m, VA));
		EXPECT(in_l1(&m, VA + 0x3000));
		EXPECT_EQ(m.stats.evict_l1d, 1);
		power_off(&m);
	}
}

TEST(random_replacement_is_the_same_for_the_same_seed)
{
	u64 seen[3] = { 0, 0, 0 };

	for (unsigned i = 0; i < 3; i++) {
		struct machine m;
		u64 rng = 5;

		boot(&m, i == 2 ? "l1d=4,policy=random,seed=9" : "l1d=4,policy=random");
		for (u64 p = 0; p < 8; p++)
			map1(&m, VA + p * 0x1000, OUT, 0);
		for (unsigned n = 0; n < 1000; n++)
			seen[i] = seen[i] * 31 + in_l1(&m, VA + random64(&rng) % 8 * 0x1000);
		EXPECT(m.stats.l1d_miss > 300 && m.stats.l1d_miss < 700);
		power_off(&m);
	}
	EXPECT_EQ(seen[0], seen[1]);
	EXPECT(seen[0] != seen[2]);
}

/* A 4 KiB entry, then a 2 MiB block over it without break-before-make. */
static void overlap(struct machine *m, const char *geometry)
{
	boot(m, geometry);
	map1(m, 0x200000, OUT, 0);
	go(m, 0x200000, rd);
	tables_map(m->bus, &m->next, &m->s1, 0x200000, 2, 0x80000000 | BLOCK | AF);
	mmu_tlbi(m->mmu,
		 &(struct tlbi){
			 .what = TLBI_VA,
			 .kind = REGIME_EL10,
			 .vm_tag = true,
			 .vmid = 1,
			 .asid = 1,
			 .addr = 0x300000 }); /* drops the level 3 table from the walk cache */
}

TEST(of_two_matching_entries_the_older_wins_and_the_conflict_is_counted)
{
	struct machine m;

	overlap(&m, NULL);
	EXPECT_EQ(go(&m, 0x300000, rd), 0x80100000);
	EXPECT_EQ(m.stats.tlb_conflict, 1);
	EXPECT_EQ(go(&m, 0x200000, rd), OUT);
	EXPECT_EQ(go(&m, 0x200000, ex), OUT); /* the main TLB matches twice */
	EXPECT_EQ(m.stats.tlb_conflict, 2);
	tlbi(&m, TLBI_VA, 0x200000); /* drops both */
	EXPECT_EQ(go(&m, 0x200000, rd), 0x80000000);
	EXPECT_EQ(m.stats.tlb_conflict, 2);
	power_off(&m);
}

TEST(a_conflict_aborts_when_asked_to)
{
	struct machine m;

	overlap(&m, "conflict=abort");
	EXPECT_EQ(go(&m, 0x200000, rd), OUT);
	EXPECT_EQ(go(&m, 0x300000, rd), 0x80100000); /* this address has one entry */
	EXPECT_EQ(m.stats.tlb_conflict, 0);
	EXPECT_EQ(go(&m, 0x200000, rd), ~0ull);
	EXPECT_EQ(m.x.fault.kind, FAULT_TLB_CONFLICT);
	EXPECT_EQ(m.l1, 0);
	EXPECT_EQ(go(&m, 0x200000, ex), ~0ull); /* in the main TLB */
	EXPECT_EQ(m.stats.tlb_conflict, 2);
	EXPECT_EQ(go(&m, 0x300000, rd), 0x80100000);
	tlbi(&m, TLBI_VMALL, 0);
	EXPECT_EQ(go(&m, 0x200000, rd), 0x80000000);
	power_off(&m);
}

/* A page or block of ASID 1, then a global page in it that another ASID saw. */
static void global_beside(struct machine *m, const char *geometry, unsigned level)
{
	boot(m, geometry);
	tables_map(m->bus, &m->next, &m->s1, 0x200000, level,
		   0x80000000 | (level == 2 ? BLOCK : PAGE) | AF | NG);
	go(m, 0x200000, rd);
	tables_map(m->bus, &m->next, &m->s1, 0x200000, 2, 0);
	map1(m, 0x200000, OUT, 0);
	m->r.asid = 2;
	EXPECT_EQ(go(m, 0x200000, rd), OUT);
	m->r.asid = 1;
}

TEST(a_global_entry_beside_one_of_an_ASID_is_a_conflict)
{
	struct machine m;

	for (unsigned level = 2; level <= 3; level++) {
		global_beside(&m, NULL, level);
		EXPECT_EQ(m.stats.tlb_conflict, 1);
		EXPECT_EQ(go(&m, 0x200000, rd), 0x80000000);
		power_off(&m);
		global_beside(&m, "conflict=abort", level);
		EXPECT_EQ(m.stats.tlb_conflict, 0);
		EXPECT_EQ(go(&m, 0x200000, rd), ~0ull);
		EXPECT_EQ(m.x.fault.kind, FAULT_TLB_CONFLICT);
		m.r.asid = 3;
		EXPECT_EQ(go(&m, 0x200000, rd), OUT);
		power_off(&m);
	}
}


/* Fast slots */

enum { CTX = 5 };

static bool fast_has(struct machine *m, u64 va)
{
	return m->data->slot[fast_index(va, 0)].rtag == ((va & ~0xfffull) | CTX);
}

static void fast_fill(struct machine *m, u64 va)
{
	fast_fill_data(m->mmu, va, 0, (va & ~0xfffull) | CTX, (va & ~0xfffull) | CTX,
		       0x1000 - (va & ~0xfffull), m->l1);
}

TEST(eviction_drops_exactly_the_slots_that_the_entry_backs)
{
	struct machine m;

	boot(&m, "l1d=2");
	tables_map(m.bus, &m.next, &m.s1, 0x200000, 2, 0x80000000 | BLOCK | AF);
	map1(&m, VA, OUT, 0);
	map1(&m, VA + 0x1000, OUT, 0);
	for (u64 p = 0; p < 5; p++) { /* one entry, five slots */
		go(&m, 0x200000 + p * 0x1000, rd);
		fast_fill(&m, 0x200000 + p * 0x1000);
	}
	go(&m, VA, rd);
	fast_fill(&m, VA);
	EXPECT_EQ(mmu_fast_counts(m.mmu).fills, 6);
	EXPECT(fast_has(&m, 0x200000) && fast_has(&m, 0x204000) && fast_has(&m, VA));
	go(&m, VA + 0x1000, rd); /* evicts the block */
	for (u64 p = 0; p < 5; p++)
		EXPECT(!fast_has(&m, 0x200000 + p * 0x1000));
	EXPECT(fast_has(&m, VA));
	power_off(&m);
}

TEST(nothing_is_fast_while_entries_overlap_and_conflicts_abort)
{
	struct machine m;

	overlap(&m, "conflict=abort");
	go(&m, 0x200000, rd);
	fast_fill(&m, 0x200000);
	EXPECT(fast_has(&m, 0x200000));
	go(&m, 0x300000, rd);
	fast_fill(&m, 0x300000);
	EXPECT(!fast_has(&m, 0x200000) && !fast_has(&m, 0x300000));
	tlbi(&m, TLBI_VMALL, 0);
	go(&m, 0x300000, rd);
	fast_fill(&m, 0x300000);
	EXPECT(fast_has(&m, 0x300000));
	power_off(&m);
}

TEST(TLBI_drops_slots_with_their_entries)
{
	struct machine m;

	boot(&m, NULL);
	for (u64 p = 0; p < 2; p++) {
		map1(&m, VA + p * 0x1000, OUT, 0);
		go(&m, VA + p * 0x1000, rd);
		fast_fill(&m, VA + p * 0x1000);
	}
	tlbi(&m, TLBI_VA, VA);
	EXPECT(!fast_has(&m, VA) && fast_has(&m, VA + 0x1000));
	power_off(&m);
}

TEST(a_slot_that_is_taken_over_leaves_the_list_of_its_old_entry)
{
	u64 twin = VA + FAST_SLOTS * 0x1000ull;
	struct machine m;

	boot(&m, NULL);
	map1(&m, VA, OUT, 0);
	map1(&m, twin, OUT, 0);
	go(&m, VA, rd);
	fast_fill(&m, VA);
	go(&m, twin, rd);
	fast_fill(&m, twin);
	EXPECT(fast_has(&m, twin));
	tlbi(&m, TLBI_VA, VA);
	EXPECT(fast_has(&m, twin));
	tlbi(&m, TLBI_VA, twin);
	EXPECT(!fast_has(&m, twin));
	power_off(&m);
}

TEST(a_slot_is_not_filled_for_an_entry_that_went_meanwhile)
{
	struct machine m;

	boot(&m, "l1d=1");
	map1(&m, VA, OUT, 0);
	map1(&m, VA + 0x1000, OUT, 0);
	go(&m, VA, rd);
	go(&m, VA + 0x1000, rd);
	fast_fill(&m, VA); /* entry 1 is the other page now */
	EXPECT(!fast_has(&m, VA));
	power_off(&m);
}

TEST(code_slots_have_their_own_side)
{
	struct machine m;
	int page;

	boot(&m, NULL);
	map1(&m, VA, OUT, 0);
	go(&m, VA, ex);
	fast_fill_code(m.mmu, VA, 0, VA | CTX, &page, m.l1);
	EXPECT(m.code->slot[fast_index(VA, 0)].code == &page);
	EXPECT_EQ(m.code->slot[fast_index(VA, 0)].wtag, FAST_NONE);
	tlbi(&m, TLBI_VMALL, 0);
	EXPECT_EQ(m.code->slot[fast_index(VA, 0)].rtag, FAST_NONE);
	EXPECT(!m.code->slot[fast_index(VA, 0)].code);
	power_off(&m);
}

TEST(a_protected_page_loses_its_store_tags_only)
{
	struct machine m;

	boot(&m, NULL);
	map1(&m, VA, OUT, 0);
	go(&m, VA, rd);
	fast_fill(&m, VA); /* its host page is 0x1000 */
	fast_protect_page(m.mmu, (const u8 *)0x2000);
	EXPECT_EQ(m.data->slot[fast_index(VA, 0)].wtag, VA | CTX);
	fast_protect_page(m.mmu, (const u8 *)0x1000);
	EXPECT_EQ(m.data->slot[fast_index(VA, 0)].wtag, FAST_NONE);
	EXPECT(fast_has(&m, VA));
	fast_flush(m.mmu);
	EXPECT(!fast_has(&m, VA));
	fast_fill(&m, VA);
	EXPECT(fast_has(&m, VA));
	power_off(&m);
}

TEST(a_slot_without_an_entry_stays_until_a_flush)
{
	struct machine m;

	boot(&m, NULL);
	m.r.s1 = false;
	go(&m, VA, rd);
	fast_fill(&m, VA);
	EXPECT(fast_has(&m, VA));
	tlbi(&m, TLBI_ALL, 0);
	EXPECT(fast_has(&m, VA));
	fast_flush(m.mmu);
	EXPECT(!fast_has(&m, VA));
	power_off(&m);
}

TEST(the_reference_mode_fills_no_slot_and_counts_every_lookup)
{
	struct machine m;

	boot(&m, "reference=on");
	map1(&m, VA, OUT, 0);
	for (unsigned i = 0; i < 3; i++) {
		go(&m, VA, rd);
		fast_fill(&m, VA);
	}
	go(&m, VA, ex);
	EXPECT(!fast_has(&m, VA));
	EXPECT_EQ(m.stats.l1d_model, 3);
	EXPECT_EQ(m.stats.l1i_model, 1);
	EXPECT_EQ(mmu_fast_counts(m.mmu).fills, 0);
	power_off(&m);
}

TEST(context_ids_are_stable_and_their_exhaustion_drops_all_slots)
{
	struct fast_context a, b;
	u32 first, generation;
	struct machine m;

	boot(&m, NULL);
	a = mmu_context(m.mmu, 1, 2, &first);
	b = mmu_context(m.mmu, 2, 1, &generation);
	EXPECT(a.id != b.id && a.id >= 1 && b.id >= 1);
	EXPECT_EQ(mmu_context(m.mmu, 1, 2, &generation).id, a.id);
	EXPECT_EQ(mmu_context(m.mmu, 1, 2, &generation).hash, a.hash);
	map1(&m, VA, OUT, 0);
	go(&m, VA, rd);
	fast_fill(&m, VA);
	for (u64 i = 3; i <= 0x7fe; i++)
		b = mmu_context(m.mmu, i, i * 77, &generation);
	EXPECT_EQ(b.id, 0x7fe);
	EXPECT_EQ(generation, first);
	EXPECT(fast_has(&m, VA));
	b = mmu_context(m.mmu, 99999, 1, &generation);
	EXPECT_EQ(b.id, 1);
	EXPECT(generation != first);
	EXPECT(!fast_has(&m, VA));
	EXPECT(in_l1(&m, VA)); /* the model does not notice */
	EXPECT_EQ(mmu_context(m.mmu, 1, 2, &generation).id, 2);
	power_off(&m);
}

/* Configuration and snapshot */

TEST(geometry_is_parsed_and_refused_with_a_reason)
{
	static const char *const bad[] = {
		"l1d=0",	"l1i=0",      "l1d",	     "l1d=x",
		"l1d=70000",	"main=10:4",  "main=12:2",   "policy=lru",
		"l1d=4:0:plru", "colour=red", "policy=fifo", "reference=maybe",
		"conflict=yes", "seed=z",     "walk=64:3",   "main=512:128:plru",
		"l1d=4:x",
	};
	struct tlb_config c = tlb_config_default;

	EXPECT(!tlb_config_parse(&c,
				 "l1d=10,l1i=12,main=512:4,walk=64:4,ipa=0,policy=random,seed=7"));
	EXPECT(c.l1d.entries == 10 && c.l1i.entries == 12 && c.main.ways == 4 &&
	       c.ipa.entries == 0);
	EXPECT(c.l1d.policy == TLB_RANDOM && c.seed == 7 && !c.reference);
	EXPECT(!tlb_config_parse(
		&c, "main=1280:5:lru,policy=round-robin,main=1280:5:lru,reference=on"));
	EXPECT(c.main.policy == TLB_LRU && c.walk.policy == TLB_ROUND_ROBIN && c.reference);
	EXPECT(!tlb_config_parse(&c, ""));
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		c = tlb_config_default;
		if (!tlb_config_parse(&c, bad[i]))
			FAIL_TEST("%s is taken", bad[i]);
	}
}

TEST(structures_that_do_not_exist_are_neither_counted_nor_filled)
{
	struct machine m;

	boot(&m, "main=0,walk=0,ipa=0");
	stage2_on(&m);
	map1(&m, VA, OUT, 0);
	map2(&m, OUT, OUT);
	EXPECT_EQ(go(&m, VA, rd), OUT);
	EXPECT(in_l1(&m, VA));
	EXPECT_EQ(m.stats.main_lookup + m.stats.walk_lookup + m.stats.ipa_lookup, 0);
	EXPECT_EQ(lines(&m, NULL), 1);
	tlbi(&m, TLBI_ALL, 0);
	EXPECT_EQ(lines(&m, NULL), 0);
	power_off(&m);
}

struct tape {
	struct snap s;
	u8 bytes[0x80000];
	size_t n, at;
};

static bool tape_bytes(struct snap *s, void *p, size_t n)
{
	struct tape *t = container_of(s, struct tape, s);

	if (s->loading) {
		if (t->at + n > t->n)
			return false;
		memcpy(p, t->bytes + t->at, n);
		t->at += n;
		return true;
	}
	if (t->n + n > sizeof(t->bytes))
		return false;
	memcpy(t->bytes + t->n, p, n);
	t->n += n;
	return true;
}

TEST(a_snapshot_brings_every_entry_and_the_replacement_state_back)
{
	static struct tape t;
	struct mmu_stats a, b;
	struct machine m;

	t = (struct tape){ .s.bytes = tape_bytes };
	boot(&m, "l1d=4,l1i=4,main=16:2,walk=8:2,ipa=8:2,policy=random");
	stage2_on(&m);
	for (u64 p = 0; p < 32; p++) {
		map1(&m, VA + p * 0x1000, OUT + p * 0x1000, p & 1 ? NG : 0);
		map2(&m, OUT + p * 0x1000, OUT + p * 0x2000);
		go(&m, VA + p * 0x1000, p & 3 ? rd : ex);
	}
	mmu_snap(m.mmu, &t.s);
	for (unsigned i = 0; i < 2; i++) {
		u64 rng = 3;

		memset(&m.stats, 0, sizeof(m.stats));
		for (unsigned n = 0; n < 500; n++) {
			u64 p = random64(&rng) % 32;

			EXPECT_EQ(go(&m, VA + p * 0x1000, rd), OUT + p * 0x2000);
		}
		*(i ? &b : &a) = m.stats;
		t.at = 0;
		t.s.loading = true;
		mmu_snap(m.mmu, &t.s);
		EXPECT(!t.s.failed);
		EXPECT_EQ(t.at, t.n);
	}
	EXPECT(!memcmp(&a, &b, sizeof(a)));
	mmu_reset(m.mmu);
	EXPECT_EQ(lines(&m, NULL), 0);
	power_off(&m);
}

TEST(a_damaged_snapshot_is_refused_and_leaves_a_working_TLB)
{
	static struct tape t;
	u64 rng = 11;

	for (unsigned i = 0; i < 200; i++) {
		struct machine m;

		t = (struct tape){ .s.bytes = tape_bytes };
		boot(&m, "l1d=4,l1i=4,main=16:2,walk=8:2,ipa=8:2");
		for (u64 p = 0; p < 8; p++) {
			map1(&m, VA + p * 0x1000, OUT, 0);
			go(&m, VA + p * 0x1000, rd);
		}
		mmu_snap(m.mmu, &t.s);
		t.bytes[random64(&rng) % t.n] ^= (u8)(1 << random64(&rng) % 8);
		t.s.loading = true;
		mmu_snap(m.mmu, &t.s);
		for (u64 p = 0; p < 16; p++)
			go(&m, VA + p * 0x1000, rd);
		tlbi(&m, TLBI_ALL, 0);
		power_off(&m);
	}
}

/* The reference mode against a user of the fast TLB */

/*
 * What the CPU does: its slot if it has one, else the model and then the slot. Returns the PA of
 * the access.
 */
static u64 fast_user(struct machine *m, u64 va, struct access a, u64 *lookups)
{
	u64 key = m->r.asid | (u64)m->r.vmid << 16 | (u64)m->r.s2 << 32 | (u64)m->r.s1 << 33 |
		  (u64)a.priv << 34;
	bool fetch = a.what & ACC_FETCH;
	struct fast_context c;
	struct fast_slot *s;
	u64 tag, pa;
	u32 generation;

	++*lookups;
	c = mmu_context(m->mmu, key, 0, &generation);
	tag = (va & ~0xfffull) | c.id;
	s = &(fetch ? m->code : m->data)->slot[fast_index(va, c.hash)];
	if ((a.what & ACC_WRITE ? s->wtag : s->rtag) == tag)
		return fetch ? (u64)(uintptr_t)s->code + (va & 0xfff) : va + s->addend;
	pa = go(m, va, a);
	if (pa == ~0ull)
		return pa;
	if (fetch) {
		fast_fill_code(m->mmu, va, c.hash, tag, (void *)(uintptr_t)(pa & ~0xfffull), m->l1);
	} else {
		struct access w = a;
		struct fault f;
		bool may = true;

		w.what = ACC_WRITE;
		may = xlat_permits(&m->r, &m->x, w, &f) && !m->x.s1_dbm_clean && !m->x.s2_dbm_clean;
		w.what = ACC_READ;
		fast_fill_data(m->mmu, va, c.hash,
			       xlat_permits(&m->r, &m->x, w, &f) ? tag : FAST_NONE,
			       may ? tag : FAST_NONE, (pa & ~0xfffull) - (va & ~0xfffull), m->l1);
	}
	return pa;
}

/* Pages of several sizes, some read-only, some clean, some not there, for stage 1 and 2. */
static void landscape(struct machine *m)
{
	static const u64 attr[] = {
		0, NG, RO, USER | NG, DBM | RO, DBM | RO | NG, NG | USER | RO, UXN | PXN
	};

	stage2_on(m);
	m->r.tcr |= BIT(39) | BIT(40);
	m->r.vtcr |= BIT(21) | BIT(22);
	for (u64 p = 0; p < 48; p++) {
		map1(m, VA + p * 0x1000, OUT + p * 0x1000, attr[p % 8]);
		tables_map(m->bus, &m->next, &m->s2, OUT + p * 0x1000, 3,
			   (OUT + p * 0x1000) | PAGE | S2R | S2WB | (p % 5 ? S2W : DBM));
	}
	tables_map(m->bus, &m->next, &m->s1, 0x40000000, 2, 0x46000000 | BLOCK | AF | NG);
	tables_map(m->bus, &m->next, &m->s2, 0x46000000, 2, 0x46000000 | BLOCK | S2ALL);
	tables_map(m->bus, &m->next, &m->s1, 0x40200000, 2, (OUT & ~0x1fffffull) | BLOCK | AF);
	for (u64 p = 0; p < 16; p++)
		map1(m, 0x10000 + p * 0x1000, 0x46000000 + p * 0x1000, CONT);
}

static u64 random_address(u64 *rng)
{
	u64 n = random64(rng);

	switch (n % 8) {
	case 0:
		return 0x40000000 + (n >> 8) % 0x200000;
	case 1:
		return 0x40200000 + (n >> 8) % 0x30000;
	case 2:
		return 0x10000 + (n >> 8) % 0x10000;
	default:
		return VA + (n >> 8) % 0x34000;
	}
}

static void random_tlbi(struct machine *m, u64 *rng)
{
	struct tlbi op = { .what = (u8)(random64(rng) % 7),
			   .kind = REGIME_EL10,
			   .vm_tag = true,
			   .vmid = m->r.vmid,
			   .asid = m->r.asid,
			   .last_level = random64(rng) & 1,
			   .addr = random_address(rng) & ~0xfffull };

	if (op.what == TLBI_IPA)
		op.addr = OUT + random64(rng) % 48 * 0x1000;
	if (random64(rng) % 4 == 0)
		op.len = random64(rng) % 0x80000;
	mmu_tlbi(m->mmu, &op);
}

/* A life of 40,000 accesses with switches and TLBI; the digest of all physical addresses seen. */
static u64 live(struct machine *m, bool reference, u64 lookups[2])
{
	u64 rng = 77, digest = 0;

	landscape(m);
	for (unsigned n = 0; n < 40000; n++) {
		static const u8 what[] = { ACC_READ, ACC_WRITE, ACC_FETCH, ACC_READ };
		struct access a = { .what = what[random64(&rng) % 4],
				    .priv = random64(&rng) % 3 != 0 };
		u64 va = random_address(&rng), pa;

		if (random64(&rng) % 64 == 0)
			m->r.asid = (u16)(random64(&rng) % 3);
		if (random64(&rng) % 128 == 0)
			m->r.vmid = (u16)(random64(&rng) % 2);
		if (random64(&rng) % 256 == 0)
			m->r.s2 = !m->r.s2;
		if (random64(&rng) % 100 == 0)
			random_tlbi(m, &rng);
		if (reference)
			pa = go(m, va, a);
		else
			pa = fast_user(m, va, a, &lookups[a.what == ACC_FETCH]);
		digest = (digest ^ pa) * 0x100000001b3;
	}
	return digest;
}

static u64 sum_of(const u64 by_size[TLB_SIZES])
{
	u64 sum = 0;

	for (unsigned i = 0; i < TLB_SIZES; i++)
		sum += by_size[i];
	return sum;
}

TEST(the_reference_mode_counts_what_the_fast_TLB_counts)
{
	static const char *const geometry[] = {
		"l1i=10,l1d=10,main=512:4,walk=64:4,ipa=64:4",
		"l1i=10,l1d=10,main=64:4,walk=16:4,ipa=16:4,policy=random",
		"l1i=512,l1d=1024",
		"l1i=1,l1d=1,main=0,walk=0,ipa=0",
	};

	for (unsigned g = 0; g < ARRAY_SIZE(geometry); g++) {
		char text[128];
		u64 lookups[2] = { 0, 0 }, digest;
		struct machine fast, ref;

		boot(&fast, geometry[g]);
		digest = live(&fast, false, lookups);
		strcpy(text, geometry[g]);
		strcat(text, ",reference=on");
		boot(&ref, text);
		EXPECT_EQ(live(&ref, true, NULL), digest);
		EXPECT_EQ(ref.stats.l1d_model, lookups[0]);
		EXPECT_EQ(ref.stats.l1i_model, lookups[1]);
		EXPECT(mmu_fast_counts(fast.mmu).fills > 0 && fast.stats.l1d_miss > 0);
		EXPECT_EQ(sum_of(ref.details.l1d_hit_model), lookups[0] - ref.stats.l1d_miss);
		EXPECT_EQ(sum_of(ref.details.l1i_hit_model), lookups[1] - ref.stats.l1i_miss);
		EXPECT_EQ(sum_of(ref.details.main_hit), ref.stats.main_lookup - ref.stats.main_miss);
		EXPECT_EQ(sum_of(ref.details.ipa_evict), ref.stats.evict_ipa);
		ref.stats.l1d_model = ref.stats.l1i_model = 0;
		memset(ref.details.l1d_hit_model, 0, sizeof(ref.details.l1d_hit_model));
		memset(ref.details.l1i_hit_model, 0, sizeof(ref.details.l1i_hit_model));
		EXPECT(!memcmp(&ref.details, &fast.details, sizeof(ref.details)));
		for (size_t i = 0; i < mmu_stat_rows_n; i++) {
			u64 a = *(u64 *)((char *)&fast.stats + mmu_stat_rows[i].offset);
			u64 b = *(u64 *)((char *)&ref.stats + mmu_stat_rows[i].offset);

			if (a != b)
				FAIL_TEST("%s: %s is %" PRIu64 " fast, %" PRIu64 " by reference",
					  geometry[g], mmu_stat_rows[i].name, a, b);
		}
		power_off(&fast);
		power_off(&ref);
	}
}

TEST(random_regimes_addresses_and_TLBI_do_no_harm)
{
	struct machine m;
	u64 rng = 1234;

	boot(&m, "l1i=10,l1d=10,main=64:4,walk=16:4,ipa=16:4");
	landscape(&m);
	for (unsigned i = 0; i < 0x10000;
	     i += 8) /* tables in the middle of memory that point anywhere in it */
		bus_put64(m.bus, 0x43000000 + i,
			  (random64(&rng) & ~MASK(47, 26)) | 0x43000000 | (random64(&rng) & 0x403) |
				  1);
	for (unsigned n = 0; n < 100000; n++) {
		struct access a = { .what = (u8)(1 + random64(&rng) % 7),
				    .priv = random64(&rng) & 1 };
		u64 va = random64(&rng) & 1 ? random_address(&rng) : random64(&rng);
		u32 generation;

		m.r.kind = random64(&rng) % 4;
		m.r.two_ranges = m.r.kind < 2;
		m.r.s2 = m.r.kind == REGIME_EL10 && random64(&rng) & 1;
		m.r.s1 = random64(&rng) % 4;
		m.r.space = random64(&rng) % 8 == 0;
		m.r.vm_tag = m.r.kind == REGIME_EL10;
		m.r.ttbr[0] =
			random64(&rng) & 1 ? m.s1.root : 0x43000000 + (random64(&rng) & 0xf000);
		go(&m, va, a);
		mmu_context(m.mmu, random64(&rng) % 4096, 0, &generation);
		if (a.what & ACC_FETCH)
			fast_fill_code(m.mmu, va, n, va | 1, NULL, m.l1);
		else
			fast_fill_data(m.mmu, va, n, va | 1, FAST_NONE, 0, m.l1);
		if (n % 16 == 0)
			mmu_tlbi(m.mmu,
				 &(struct tlbi){ .what = (u8)(random64(&rng) % 7),
						 .kind = random64(&rng) % 4,
						 .vm_tag = random64(&rng) & 1,
						 .asid = (u16)random64(&rng),
						 .addr = va,
						 .len = random64(&rng) % 4 ? 0 : random64(&rng) });
	}
	tlbi(&m, TLBI_ALL, 0);
	power_off(&m);
}
