/*
 * mmu/walk.c: every feature of the table walker on hand-made tables, and random tables that must
 * not hurt it.
 */
#include "mmu/walk.h"

#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/tables.h"

#define RAM	 0x40000000ull
#define RAM_SIZE 0x8000000ull
#define HOLE	 0x30000000ull /* nothing there */
#define OUT	 0x47000000ull /* a page that tests map to */

struct world {
	struct bus *bus;
	struct mmu_features feat;
	struct regime r;
	struct tables s1, s2, high;
	u64 next; /* free RAM for tables */
	struct walk w;
};

static const struct mmu_features everything = {
	.pa_bits = 48,
	.asid_bits = 16,
	.vmid_bits = 16,
	.gran4 = true,
	.gran16 = true,
	.gran64 = true,
	.haf = true,
	.hdbs = true,
	.hpd = true,
	.xnx = true,
	.pan = true,
	.vhe = true,
	.st = true,
	.s2fwb = true,
	.e0pd = true,
};

static u64 get64(struct world *w, u64 at)
{
	return bus_get64(w->bus, at);
}

static void put64(struct world *w, u64 at, u64 v)
{
	bus_put64(w->bus, at, v);
}

static u64 map(struct world *w, struct tables *t, u64 addr, unsigned level, u64 desc)
{
	return tables_map(w->bus, &w->next, t, addr, level, desc);
}

/*
 * EL1&0, stage 1 only, 4 KiB granule, 48-bit VAs in both ranges. MAIR: 0 WB, 1 NC, 2 nGnRnE, 3
 * nGnRE.
 */
static void set_up(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->bus = bus_new(NULL);
	bus_add_ram(w->bus, "ram", RAM, RAM_SIZE, false);
	w->feat = everything;
	w->next = RAM;
	w->r = (struct regime){
		.kind = REGIME_EL10,
		.space = SPACE_NS,
		.s1 = true,
		.two_ranges = true,
		.feat = &w->feat,
		.sctlr = BIT(2) | BIT(12),
		.tcr = 16 | 16ull << 16 | 2ull << 30 | 5ull << 32,
		.mair = 0x040044ff,
	};
	w->s1 = (struct tables){
		.root = new_table(&w->next, 12), .grain = 12, .start = 0, .ia = 48
	};
	w->high = (struct tables){
		.root = new_table(&w->next, 12), .grain = 12, .start = 0, .ia = 48
	};
	w->r.ttbr[0] = w->s1.root;
	w->r.ttbr[1] = w->high.root;
}

/*
 * Adds stage 2: 4 KiB granule, 40-bit IPAs from a 2-table level 1; [RAM, RAM+16M) identity in 4 KiB
 * pages.
 */
static void add_stage2(struct world *w)
{
	w->r.s2 = true;
	w->r.vm_tag = true;
	w->next = align_up(w->next, 0x4000);
	w->s2 = (struct tables){ .root = w->next, .grain = 12, .start = 1, .ia = 40 };
	w->next += 0x4000;
	w->r.vttbr = w->s2.root;
	w->r.vtcr = 24 | 1 << 6 | 5ull << 16;
}

static void map_ipa_pages(struct world *w, u64 first, u64 last, u64 attr)
{
	for (u64 at = first; at < last; at += 0x1000)
		map(w, &w->s2, at, 3, at | PAGE | attr);
}

static void tear_down(struct world *w)
{
	bus_free(w->bus);
}

static struct xlat *go_as(struct world *w, u64 v, struct access a)
{
	walk_va(&w->r, w->bus, v, a, NULL, &w->w);
	return &w->w.x;
}

static struct xlat *go(struct world *w, u64 v)
{
	return go_as(w, v, (struct access){ .what = ACC_READ, .priv = true });
}

static const struct access write_priv = { .what = ACC_WRITE, .priv = true };
static const struct access fetch_priv = { .what = ACC_FETCH, .priv = true };
static const struct access read_user = { .what = ACC_READ };
static const struct access write_user = { .what = ACC_WRITE };
static const struct access fetch_user = { .what = ACC_FETCH };

static void expect_fault(const char *where, int line, const struct xlat *x, unsigned kind,
			 unsigned stage, int level)
{
	unit_check_eq(where, line, "fault kind", "wanted", x->fault.kind, kind);
	unit_check_eq(where, line, "fault stage", "wanted", x->fault.stage, stage);
	unit_check_eq(where, line, "fault level", "wanted", (u64)x->fault.level, (u64)(s64)level);
}
#define EXPECT_FAULT(x, kind, stage, level) expect_fault(__FILE__, __LINE__, x, kind, stage, level)
#define EXPECT_PA(x, address)                                                                      \
	do {                                                                                       \
		const struct xlat *x_ = (x);                                                       \
		EXPECT_EQ(x_->fault.kind, FAULT_NONE);                                             \
		EXPECT_EQ(pa_addr(x_->pa), (u64)(address));                                        \
	} while (0)

TEST(page_block_and_their_sizes_in_every_granule)
{
	static const struct {
		unsigned grain, tg0, level, size;
	} rows[] = {
		{ 12, 0, 3, 12 }, { 12, 0, 2, 21 }, { 12, 0, 1, 30 }, { 14, 2, 3, 14 },
		{ 14, 2, 2, 25 }, { 16, 1, 3, 16 }, { 16, 1, 2, 29 },
	};
	static const u64 oa = 0x1240000000ull; /* aligned to 1 GiB */
	static const u64 va = 0x5680000000ull;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w;
		u64 in = low_mask(rows[i].size) & 0x3456789;

		set_up(&w);
		w.s1 = (struct tables){ .root = new_table(&w.next, rows[i].grain),
					.grain = rows[i].grain,
					.ia = 48 };
		w.s1.start = rows[i].grain == 16 ? 1 : 0;
		w.r.ttbr[0] = w.s1.root;
		w.r.tcr |= rows[i].tg0 << 14;
		map(&w, &w.s1, va, rows[i].level,
		    oa | (rows[i].level == 3 ? PAGE : BLOCK) | AF | ISH);
		EXPECT_PA(go(&w, va + in), oa + in);
		EXPECT_EQ(w.w.x.size, rows[i].size);
		EXPECT_EQ(w.w.x.s1_size, rows[i].size);
		EXPECT_EQ(w.w.x.s1_level, rows[i].level);
		EXPECT_EQ(w.w.s1_reads, rows[i].level - w.s1.start + 1);
		EXPECT_EQ(w.w.x.attr, 0xff);
		EXPECT_EQ(w.w.x.sh, 3);
		tear_down(&w);
	}
}

TEST(the_start_level_follows_from_TxSZ)
{
	static const struct {
		unsigned txsz, start;
	} rows[] = { { 16, 0 }, { 24, 0 }, { 25, 1 }, { 33, 1 },
		     { 34, 2 }, { 42, 2 }, { 43, 3 }, { 48, 3 } };

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w;

		set_up(&w);
		w.r.tcr = deposit(w.r.tcr, 5, 0, rows[i].txsz);
		w.s1.start = rows[i].start;
		w.s1.ia = 64 - rows[i].txsz;
		map(&w, &w.s1, 0x3000, 3, OUT | PAGE | AF);
		EXPECT_PA(go(&w, 0x3123), OUT + 0x123);
		EXPECT_EQ(w.w.s1_reads, 4 - rows[i].start);
		EXPECT_FAULT(go(&w, 1ull << w.s1.ia), FAULT_TRANSLATION, 1, 0);
		tear_down(&w);
	}
}

TEST(TxSZ_outside_its_limits_is_the_nearest_limit)
{
	struct world w;

	set_up(&w);
	w.feat.st = false;
	w.r.tcr = deposit(w.r.tcr, 5, 0, 60); /* as 39: 25-bit addresses, level 2 */
	w.s1.start = 2;
	w.s1.ia = 25;
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF);
	EXPECT_PA(go(&w, 0x1000), OUT);
	EXPECT_FAULT(go(&w, 1 << 25), FAULT_TRANSLATION, 1, 0);
	w.r.tcr = deposit(w.r.tcr, 5, 0, 3); /* as 16 */
	EXPECT_FAULT(go(&w, 1ull << 48), FAULT_TRANSLATION, 1, 0);
	tear_down(&w);
}

TEST(bit_55_selects_the_table_and_the_bits_above_must_agree)
{
	struct world w;

	set_up(&w);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF);
	map(&w, &w.high, 0x1000, 3, (OUT + 0x1000) | PAGE | AF);
	EXPECT_PA(go(&w, 0x1000), OUT);
	EXPECT_PA(go(&w, 0xffff000000001000), OUT + 0x1000);
	EXPECT_FAULT(go(&w, 0xfffe000000001000), FAULT_TRANSLATION, 1, 0);
	EXPECT_FAULT(go(&w, 0x0100000000001000), FAULT_TRANSLATION, 1, 0);
	EXPECT_FAULT(go(&w, 0xff7f000000001000), FAULT_TRANSLATION, 1, 0);
	tear_down(&w);
}

TEST(the_top_byte_is_ignored_per_range)
{
	struct world w;

	set_up(&w);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF);
	map(&w, &w.high, 0x1000, 3, OUT | PAGE | AF);
	w.r.tcr |= BIT(37);
	EXPECT_PA(go(&w, 0xab00000000001000), OUT);
	EXPECT_FAULT(go(&w, 0xab01000000001000), FAULT_TRANSLATION, 1, 0);
	EXPECT_FAULT(go(&w, 0xabff000000001000), FAULT_TRANSLATION, 1, 0); /* range 1 has no TBI */
	w.r.tcr |= BIT(38);
	EXPECT_PA(go(&w, 0xabff000000001000), OUT);
	EXPECT(walk_tbi(&w.r, 0) && walk_tbi(&w.r, ~0ull));
	tear_down(&w);
}

TEST(EPD_and_E0PD_switch_a_range_off)
{
	struct world w;

	set_up(&w);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF | USER);
	w.r.tcr |= BIT(55);
	EXPECT_PA(go(&w, 0x1000), OUT);
	EXPECT_FAULT(go_as(&w, 0x1000, read_user), FAULT_TRANSLATION, 1, 0);
	w.r.tcr |= BIT(7);
	EXPECT_FAULT(go(&w, 0x1000), FAULT_TRANSLATION, 1, 0);
	EXPECT_EQ(w.w.s1_reads, 0);
	tear_down(&w);
}

TEST(addresses_beyond_the_output_size_fault_at_their_level)
{
	struct world w;

	set_up(&w);
	w.r.tcr = deposit(w.r.tcr, 34, 32, 1); /* IPS: 36 bits */
	map(&w, &w.s1, 0x1000, 3, 1ull << 36 | PAGE | AF);
	EXPECT_FAULT(go(&w, 0x1000), FAULT_ADDR_SIZE, 1, 3);
	map(&w, &w.s1, 0x400000, 2, 1ull << 36 | BLOCK | AF);
	EXPECT_FAULT(go(&w, 0x400000), FAULT_ADDR_SIZE, 1, 2);
	map(&w, &w.s1, 0x40000000, 1, 1ull << 40 | 3);
	EXPECT_FAULT(go(&w, 0x40000000), FAULT_ADDR_SIZE, 1, 1);
	w.r.ttbr[0] |= 1ull << 37;
	EXPECT_FAULT(go(&w, 0x1000), FAULT_ADDR_SIZE, 1, 0);
	EXPECT_EQ(w.w.s1_reads, 0);
	w.r.ttbr[0] = w.s1.root;
	w.r.tcr = deposit(w.r.tcr, 34, 32, 7); /* as much as is implemented */
	w.feat.pa_bits = 40;
	map(&w, &w.s1, 0x1000, 3, 1ull << 40 | PAGE | AF);
	EXPECT_FAULT(go(&w, 0x1000), FAULT_ADDR_SIZE, 1, 3);
	map(&w, &w.s1, 0x1000, 3, 1ull << 39 | PAGE | AF);
	EXPECT_PA(go(&w, 0x1000), 1ull << 39);
	tear_down(&w);
}

TEST(invalid_and_reserved_descriptors_are_translation_faults_at_their_level)
{
	struct world w;

	set_up(&w);
	for (unsigned level = 0; level < 4; level++) {
		map(&w, &w.s1, 0x8000000000 * level, level, 0x10);
		EXPECT_FAULT(go(&w, 0x8000000000 * level), FAULT_TRANSLATION, 1, (int)level);
	}
	map(&w, &w.s1, 0x1000ull << 36, 0, OUT | BLOCK | AF); /* no block at level 0 */
	EXPECT_FAULT(go(&w, 0x1000ull << 36), FAULT_TRANSLATION, 1, 0);
	map(&w, &w.s1, 0x9000000000, 3, OUT | BLOCK | AF); /* 0b01 at level 3 */
	EXPECT_FAULT(go(&w, 0x9000000000), FAULT_TRANSLATION, 1, 3);
	tear_down(&w);
}

TEST(blocks_exist_at_level_2_only_with_16K_and_64K)
{
	static const unsigned tg0[] = { 2, 1 };

	for (unsigned i = 0; i < 2; i++) {
		struct world w;

		set_up(&w);
		w.s1 = (struct tables){ .root = new_table(&w.next, 14 + 2 * i),
					.grain = 14 + 2 * i,
					.start = i,
					.ia = 48 };
		w.r.ttbr[0] = w.s1.root;
		w.r.tcr |= tg0[i] << 14;
		map(&w, &w.s1, 0, 1, OUT | BLOCK | AF);
		EXPECT_FAULT(go(&w, 0), FAULT_TRANSLATION, 1, 1);
		tear_down(&w);
	}
}

TEST(a_missing_granule_is_the_smallest_one_that_exists)
{
	struct world w;

	set_up(&w);
	w.feat.gran64 = false;
	w.r.tcr |= 1 << 14;
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF);
	EXPECT_PA(go(&w, 0x1000), OUT);
	tear_down(&w);
}

TEST(the_contiguous_hint_widens_the_page_when_addresses_line_up)
{
	struct world w;

	set_up(&w);
	map(&w, &w.s1, 0x21000, 3, (OUT + 0x1000) | PAGE | AF | CONT);
	EXPECT_PA(go(&w, 0x21000), OUT + 0x1000);
	EXPECT_EQ(w.w.x.size, 16);
	EXPECT_EQ(w.w.x.s1_size, 12);
	map(&w, &w.s1, 0x22000, 3, (OUT + 0x5000) | PAGE | AF | CONT);
	EXPECT_PA(go(&w, 0x22000), OUT + 0x5000);
	EXPECT_EQ(w.w.x.size, 12);
	map(&w, &w.s1, 0x4000000, 2, 0x84000000ull | BLOCK | AF | CONT);
	EXPECT_PA(go(&w, 0x4000000), 0x84000000);
	EXPECT_EQ(w.w.x.size, 25);
	tear_down(&w);
}

TEST(a_clear_access_flag_faults_without_HA_and_is_set_with_it)
{
	struct world w;
	u64 at;

	set_up(&w);
	at = map(&w, &w.s1, 0x1000, 3, OUT | PAGE);
	EXPECT_FAULT(go(&w, 0x1000), FAULT_ACCESS_FLAG, 1, 3);
	w.r.tcr |= BIT(39);
	EXPECT_PA(go(&w, 0x1000), OUT);
	ASSERT(EXPECT_EQ(w.w.n_updates, 1));
	EXPECT_EQ(get64(&w, at), OUT | PAGE); /* the walk itself is pure */
	EXPECT(walk_apply(w.bus, &w.w));
	EXPECT_EQ(get64(&w, at), OUT | PAGE | AF);
	EXPECT(!walk_apply(w.bus, &w.w)); /* memory is no longer as the walk saw it */
	w.feat.haf = false;
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE);
	EXPECT_FAULT(go(&w, 0x1000), FAULT_ACCESS_FLAG, 1, 3);
	tear_down(&w);
}

TEST(a_write_to_a_DBM_page_clears_its_read_only_bit)
{
	struct world w;
	u64 at;

	set_up(&w);
	at = map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF | RO | DBM);
	EXPECT_FAULT(go_as(&w, 0x1000, write_priv), FAULT_PERMISSION, 1, 3); /* HD is off */
	w.r.tcr |= BIT(39) | BIT(40);
	EXPECT_PA(go(&w, 0x1000), OUT);
	EXPECT_EQ(w.w.n_updates, 0);
	EXPECT(w.w.x.s1_dbm_clean);
	EXPECT_PA(go_as(&w, 0x1000, write_priv), OUT);
	EXPECT(!w.w.x.s1_dbm_clean);
	EXPECT(walk_apply(w.bus, &w.w));
	EXPECT_EQ(get64(&w, at), OUT | PAGE | AF | DBM);
	tear_down(&w);
}

TEST(cache_maintenance_does_not_dirty_a_page)
{
	struct world w;

	set_up(&w);
	w.r.tcr |= BIT(39) | BIT(40);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF | RO | DBM);
	EXPECT_PA(go_as(&w, 0x1000, (struct access){ .what = ACC_WRITE, .priv = true, .cm = true }),
		  OUT);
	EXPECT_EQ(w.w.n_updates, 0);
	EXPECT(w.w.x.s1_dbm_clean);
	tear_down(&w);
}

TEST(a_walk_that_faults_plans_no_update)
{
	struct world w;

	set_up(&w);
	w.r.tcr |= BIT(39);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | RO);
	EXPECT_FAULT(go_as(&w, 0x1000, write_priv), FAULT_PERMISSION, 1, 3);
	EXPECT_EQ(w.w.n_updates, 0);
	tear_down(&w);
}

/* Which of read, write, fetch as EL1 and as EL0 are allowed, as PERM_* bits. */
static u8 allowed(struct world *w, u64 v)
{
	u8 may = 0;

	for (unsigned user = 0; user < 2; user++) {
		for (unsigned what = 1; what <= 4; what *= 2) {
			if (go_as(w, v, (struct access){ .what = (u8)what, .priv = !user })
				    ->fault.kind == FAULT_NONE)
				may |= (u8)(what << 3 * user);
		}
	}
	return may;
}

enum { PR = PERM_PR, PW = PERM_PW, PX = PERM_PX, UR = PERM_UR, UW = PERM_UW, UX = PERM_UX };

TEST(stage_1_permissions_are_those_of_the_table_in_the_manual)
{
	static const struct {
		u64 attr;
		u8 may;
	} rows[] = {
		{ 0, PR | PW | PX | UX },
		{ USER, PR | PW | UR | UW | UX }, /* writable at EL0: never executable at EL1 */
		{ RO, PR | PX | UX },
		{ RO | USER, PR | PX | UR | UX },
		{ UXN, PR | PW | PX },
		{ PXN, PR | PW | UX },
		{ RO | USER | UXN | PXN, PR | UR },
		{ RO | USER | UXN, PR | PX | UR },
	};
	struct world w;

	set_up(&w);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF | rows[i].attr);
		EXPECT_EQ(allowed(&w, 0x1000), rows[i].may);
	}
	tear_down(&w);
}

TEST(WXN_takes_execution_from_what_is_writable)
{
	struct world w;

	set_up(&w);
	w.r.sctlr |= BIT(19);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF);
	EXPECT_EQ(allowed(&w, 0x1000), PR | PW | UX);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF | USER);
	EXPECT_EQ(allowed(&w, 0x1000), PR | PW | UR | UW);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF | USER | RO);
	EXPECT_EQ(allowed(&w, 0x1000), PR | PX | UR | UX);
	tear_down(&w);
}

TEST(PAN_forbids_privileged_data_access_to_user_pages_only)
{
	struct access pan = { .what = ACC_READ, .priv = true, .pan = true };
	struct world w;

	set_up(&w);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF | USER | RO);
	map(&w, &w.s1, 0x2000, 3, OUT | PAGE | AF | RO);
	EXPECT_FAULT(go_as(&w, 0x1000, pan), FAULT_PERMISSION, 1, 3);
	EXPECT_PA(go_as(&w, 0x2000, pan), OUT);
	pan.what = ACC_FETCH;
	EXPECT_PA(go_as(&w, 0x1000, pan), OUT);
	tear_down(&w);
}

TEST(table_descriptors_restrict_what_lies_below_unless_HPD)
{
	static const struct {
		u64 table;
		u8 may;
	} rows[] = {
		{ 1ull << 61, PR | PW | PX | UX }, /* APTable[0]: no EL0 access */
		{ 2ull << 61, PR | PX | UR | UX }, /* APTable[1]: read-only */
		{ BIT(60), PR | PW | UR | UW },
		{ 2ull << 61 | BIT(59), PR | UR | UX },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w;

		set_up(&w);
		w.s1.table_attr = rows[i].table;
		map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF | USER);
		EXPECT_EQ(allowed(&w, 0x1000), rows[i].may);
		w.r.tcr |= BIT(41);
		EXPECT_EQ(allowed(&w, 0x1000), PR | PW | UR | UW | UX);
		w.feat.hpd = false;
		EXPECT_EQ(allowed(&w, 0x1000), rows[i].may);
		tear_down(&w);
	}
}

static void make_el2(struct world *w)
{
	w->r.kind = REGIME_EL2;
	w->r.two_ranges = false;
	w->r.tcr = 16 | 5 << 16;
}

TEST(EL2_has_one_range_one_privilege_and_no_ASID)
{
	struct world w;

	set_up(&w);
	make_el2(&w);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF | USER | NG | PXN);
	EXPECT_PA(go_as(&w, 0x1000, fetch_priv), OUT); /* AP[1] and PXN mean nothing */
	EXPECT_PA(go_as(&w, 0x1000, write_priv), OUT);
	EXPECT(w.w.x.global);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF | UXN);
	EXPECT_FAULT(go_as(&w, 0x1000, fetch_priv), FAULT_PERMISSION, 1, 3);
	EXPECT_FAULT(go(&w, 0xffff000000001000), FAULT_TRANSLATION, 1, 0);
	EXPECT_FAULT(go(&w, 0x0100000000001000), FAULT_TRANSLATION, 1, 0);
	w.r.tcr |= BIT(20);
	EXPECT_PA(go(&w, 0x0100000000001000), OUT);
	tear_down(&w);
}

TEST(EL2_has_its_own_HPD_HA_and_HD_bits)
{
	struct world w;

	set_up(&w);
	make_el2(&w);
	w.s1.table_attr = BIT(60) | 2ull << 61;
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF);
	EXPECT_FAULT(go_as(&w, 0x1000, fetch_priv), FAULT_PERMISSION, 1, 3);
	EXPECT_FAULT(go_as(&w, 0x1000, write_priv), FAULT_PERMISSION, 1, 3);
	w.r.tcr |= BIT(24) | BIT(21) | BIT(22);
	EXPECT_PA(go_as(&w, 0x1000, fetch_priv), OUT);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | RO | DBM);
	EXPECT_PA(go_as(&w, 0x1000, write_priv), OUT);
	ASSERT(EXPECT_EQ(w.w.n_updates, 1));
	EXPECT_EQ(w.w.update[0].new, OUT | PAGE | AF | DBM);
	tear_down(&w);
}

TEST(nG_and_attributes_come_from_the_leaf)
{
	static const struct {
		u64 attr;
		u8 mair, sh;
	} rows[] = {
		{ ISH, 0xff, 3 },	{ 2ull << 8, 0xff, 2 },	   { 0, 0xff, 0 },
		{ 1ull << 8, 0xff, 0 }, { 1 << 2 | ISH, 0x44, 2 }, { 2 << 2 | ISH, 0x00, 2 },
		{ 3 << 2, 0x04, 2 },
	};
	struct world w;

	set_up(&w);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF | rows[i].attr | (i & 1 ? NG : 0));
		EXPECT_PA(go(&w, 0x1000), OUT);
		EXPECT_EQ(w.w.x.attr, rows[i].mair);
		EXPECT_EQ(w.w.x.sh, rows[i].sh);
		EXPECT_EQ(w.w.x.global, !(i & 1));
	}
	tear_down(&w);
}

TEST(SCTLR_C_and_I_make_data_and_fetches_non_cacheable)
{
	struct world w;

	set_up(&w);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF | ISH);
	w.r.sctlr = BIT(12);
	EXPECT_EQ(go(&w, 0x1000)->attr, 0x44);
	EXPECT_EQ(w.w.x.sh, 2);
	EXPECT_EQ(go_as(&w, 0x1000, fetch_priv)->attr, 0xff);
	w.r.sctlr = BIT(2);
	EXPECT_EQ(go(&w, 0x1000)->attr, 0xff);
	EXPECT_EQ(go_as(&w, 0x1000, fetch_priv)->attr, 0x44);
	tear_down(&w);
}

TEST(with_the_MMU_off_addresses_are_checked_and_data_is_Device)
{
	struct world w;

	set_up(&w);
	w.r.s1 = false;
	w.feat.pa_bits = 40;
	EXPECT_PA(go(&w, 0x47001234), 0x47001234);
	EXPECT_EQ(w.w.x.attr, 0x00);
	EXPECT_EQ(go_as(&w, 0x47001234, fetch_user)->attr, 0xaa);
	EXPECT_EQ(w.w.x.sh, 2);
	w.r.sctlr = 0;
	EXPECT_EQ(go_as(&w, 0x47001234, fetch_user)->attr, 0x44);
	EXPECT_FAULT(go(&w, 1ull << 40), FAULT_ADDR_SIZE, 1, 0);
	EXPECT_FAULT(go(&w, 0x0100000000000000), FAULT_ADDR_SIZE, 1, 0);
	w.r.tcr |= BIT(37);
	EXPECT_PA(go(&w, 0x0100000047000000), 0x47000000);
	EXPECT_EQ(w.w.x.s1_size, 0);
	tear_down(&w);
}

TEST(big_endian_tables_are_read_and_updated_in_their_order)
{
	struct world w;
	u64 at;

	set_up(&w);
	w.r.s1_be = w.s1.be = true;
	w.r.tcr |= BIT(39);
	at = map(&w, &w.s1, 0x1000, 3, OUT | PAGE);
	EXPECT_PA(go(&w, 0x1000), OUT);
	EXPECT(walk_apply(w.bus, &w.w));
	EXPECT_EQ(get64(&w, at), __builtin_bswap64(OUT | PAGE | AF));
	tear_down(&w);
}

TEST(a_table_where_nothing_is_gives_an_external_abort_with_its_level)
{
	struct world w;

	set_up(&w);
	map(&w, &w.s1, 0x1000, 1, HOLE | 3);
	EXPECT_FAULT(go(&w, 0x1000), FAULT_EXTERNAL_WALK, 1, 2);
	EXPECT(!w.w.x.fault.s1ptw);
	w.r.ttbr[0] = HOLE;
	EXPECT_FAULT(go(&w, 0x1000), FAULT_EXTERNAL_WALK, 1, 0);
	tear_down(&w);
}

TEST(Secure_tables_choose_the_space_by_NS_and_NSTable)
{
	struct world w;
	u64 leaf;

	set_up(&w);
	w.r.space = SPACE_S;
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF);
	map(&w, &w.s1, 0x2000, 3, OUT | PAGE | AF | BIT(5));
	EXPECT_EQ(go(&w, 0x1000)->pa.a, pa_make(SPACE_S, OUT).a);
	EXPECT_EQ(go(&w, 0x2000)->pa.a, pa_make(SPACE_NS, OUT).a);
	w.s1.table_attr = BIT(63);
	leaf = map(&w, &w.s1, 0x8000000000, 3, OUT | PAGE | AF);
	EXPECT_EQ(go(&w, 0x8000000000)->pa.a, pa_make(SPACE_NS, OUT).a);
	EXPECT(!w.w.x.global); /* found through a Non-secure table */
	w.r.tcr |= BIT(39);
	put64(&w, leaf, OUT | PAGE);
	EXPECT_PA(go(&w, 0x8000000000), OUT);
	EXPECT_EQ(w.w.update[0].pa.a, pa_make(SPACE_NS, leaf).a);
	tear_down(&w);
}

TEST(Secure_RAM_does_not_exist_for_Non_secure_tables)
{
	struct world w;

	set_up(&w);
	bus_add_ram(w.bus, "secure", 0x0e000000, 0x10000, true);
	w.r.ttbr[0] = 0x0e000000;
	EXPECT_FAULT(go(&w, 0x1000), FAULT_EXTERNAL_WALK, 1, 0);
	w.r.space = SPACE_S;
	EXPECT_FAULT(go(&w, 0x1000), FAULT_TRANSLATION, 1, 0);
	tear_down(&w);
}

/* Stage 2 */

/* Only stage 2: the world's IPAs with stage 1 off. */
static void set_up_s2(struct world *w)
{
	set_up(w);
	add_stage2(w);
	w->r.s1 = false;
}

TEST(stage_2_alone_translates_and_faults_with_the_IPA)
{
	struct world w;

	set_up_s2(&w);
	map(&w, &w.s2, 0x1000, 3, OUT | PAGE | S2ALL);
	map(&w, &w.s2, 0x200000, 2, 0x1240000000 | BLOCK | S2ALL);
	EXPECT_PA(go(&w, 0x1234), OUT + 0x234);
	EXPECT_EQ(w.w.x.ipa.a, 0x1234);
	EXPECT_EQ(w.w.s2_reads, 3);
	EXPECT_EQ(w.w.s2_walks, 1);
	EXPECT_EQ(w.w.x.s2_level, 3);
	EXPECT_PA(go(&w, 0x234567), 0x1240034567);
	EXPECT_EQ(w.w.x.size, 21);
	EXPECT_FAULT(go(&w, 0x5123), FAULT_TRANSLATION, 2, 3);
	EXPECT_EQ(w.w.x.fault.ipa.a, 0x5123);
	EXPECT(!w.w.x.fault.s1ptw);
	EXPECT_FAULT(go(&w, 1ull << 40), FAULT_TRANSLATION, 2, 0);
	EXPECT_EQ(w.w.x.fault.ipa.a, 1ull << 40);
	tear_down(&w);
}

TEST(walk_ipa_is_stage_2_without_a_stage_1)
{
	struct world w;

	set_up(&w);
	add_stage2(&w);
	map(&w, &w.s2, 0x1000, 3, OUT | PAGE | AF | S2R | 5 << 2);
	walk_ipa(&w.r, w.bus, ipa_make(SPACE_NS, 0x1008), read_user, NULL, &w.w);
	EXPECT_PA(&w.w.x, OUT + 8);
	EXPECT_EQ(w.w.x.attr, 0x44);
	walk_ipa(&w.r, w.bus, ipa_make(SPACE_NS, 0x1008), write_user, NULL, &w.w);
	EXPECT_FAULT(&w.w.x, FAULT_PERMISSION, 2, 3);
	tear_down(&w);
}

TEST(SL0_and_T0SZ_that_do_not_fit_are_a_level_0_fault)
{
	static const struct {
		unsigned tg0, sl0, t0sz, pa_bits;
		bool st, fine;
	} rows[] = {
		{ 0, 1, 24, 48, true, true },	{ 0, 2, 16, 48, true, true },
		{ 0, 2, 20, 42, true, false },	{ 0, 2, 20, 44, true, true },
		{ 0, 0, 30, 48, true, true },	{ 0, 0, 29, 48, true, false },
		{ 0, 0, 44, 48, true, false },	{ 0, 1, 21, 48, true, true },
		{ 0, 1, 20, 48, true, false },	{ 0, 3, 40, 48, true, true },
		{ 0, 3, 40, 48, false, false }, { 2, 2, 24, 48, true, true },
		{ 2, 2, 24, 40, true, false },	{ 2, 1, 24, 40, true, true },
		{ 2, 3, 24, 48, true, false },	{ 1, 1, 24, 48, true, true },
		{ 1, 2, 18, 44, true, true },	{ 1, 2, 22, 42, true, false },
		{ 1, 0, 40, 48, true, true },	{ 1, 3, 40, 48, true, false },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w;

		set_up_s2(&w);
		w.feat.pa_bits = (u8)rows[i].pa_bits;
		w.feat.st = rows[i].st;
		w.r.vttbr = align_up(w.next, 0x100000);
		w.r.vtcr = rows[i].t0sz | rows[i].sl0 << 6 | rows[i].tg0 << 14 | 5ull << 16;
		go(&w, 0);
		if (w.w.s2_reads != rows[i].fine)
			FAIL_TEST("row %u: %u reads", i, w.w.s2_reads);
		EXPECT_EQ(w.w.x.fault.stage, 2);
		EXPECT_EQ(w.w.x.fault.kind, FAULT_TRANSLATION);
		tear_down(&w);
	}
}

TEST(up_to_16_start_tables_are_concatenated)
{
	struct world w;

	set_up_s2(&w); /* 40 bits from level 1: two tables */
	map(&w, &w.s2, 0xff00001000, 3, OUT | PAGE | S2ALL);
	EXPECT_PA(go(&w, 0xff00001000), OUT);
	EXPECT(get64(&w, w.s2.root + 0x1000 + (0x7f00001000ull >> 30) * 8) & 1);
	tear_down(&w);
}

TEST(stage_2_roots_and_descriptors_are_checked_for_size)
{
	struct world w;

	set_up_s2(&w);
	w.r.vtcr = deposit(w.r.vtcr, 18, 16, 1);
	map(&w, &w.s2, 0x1000, 3, 1ull << 36 | PAGE | S2ALL);
	EXPECT_FAULT(go(&w, 0x1000), FAULT_ADDR_SIZE, 2, 3);
	EXPECT_EQ(w.w.x.fault.ipa.a, 0x1000);
	w.r.vttbr |= 1ull << 38;
	EXPECT_FAULT(go(&w, 0x1000), FAULT_ADDR_SIZE, 2, 0);
	tear_down(&w);
}

TEST(stage_2_permissions_are_those_of_the_table_in_the_manual)
{
	static const struct {
		u64 attr;
		u8 may, without_xnx;
	} rows[] = {
		{ S2R | S2W, PR | PW | PX | UR | UW | UX, PR | PW | PX | UR | UW | UX },
		{ S2R, PR | PX | UR | UX, PR | PX | UR | UX },
		{ S2W, PW | PX | UW | UX, PW | PX | UW | UX },
		{ S2R | 1ull << 53, PR | UR | UX, PR | PX | UR | UX },
		{ S2R | 2ull << 53, PR | UR, PR | UR },
		{ S2R | 3ull << 53, PR | PX | UR, PR | UR },
	};
	struct world w;

	set_up_s2(&w);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		map(&w, &w.s2, 0x1000, 3, OUT | PAGE | AF | S2WB | rows[i].attr);
		w.feat.xnx = true;
		EXPECT_EQ(allowed(&w, 0x1000), rows[i].may);
		w.feat.xnx = false;
		EXPECT_EQ(allowed(&w, 0x1000), rows[i].without_xnx);
	}
	tear_down(&w);
}

TEST(stage_2_sets_its_access_flag_and_dirty_state)
{
	struct world w;
	u64 at;

	set_up_s2(&w);
	at = map(&w, &w.s2, 0x1000, 3, OUT | PAGE | S2R | DBM | S2WB);
	EXPECT_FAULT(go(&w, 0x1000), FAULT_ACCESS_FLAG, 2, 3);
	w.r.vtcr |= BIT(21);
	EXPECT_FAULT(go_as(&w, 0x1000, write_priv), FAULT_PERMISSION, 2, 3);
	w.r.vtcr |= BIT(22);
	EXPECT_PA(go(&w, 0x1000), OUT);
	EXPECT(w.w.x.s2_dbm_clean);
	EXPECT_EQ(w.w.update[0].new, OUT | PAGE | S2R | DBM | S2WB | AF);
	EXPECT_PA(go_as(&w, 0x1000, write_priv), OUT);
	EXPECT(!w.w.x.s2_dbm_clean && walk_apply(w.bus, &w.w));
	EXPECT_EQ(get64(&w, at), OUT | PAGE | S2R | S2W | DBM | S2WB | AF);
	tear_down(&w);
}

TEST(stage_2_tables_have_their_own_byte_order)
{
	struct world w;

	set_up_s2(&w);
	w.r.s2_be = w.s2.be = true;
	map(&w, &w.s2, 0x1000, 3, OUT | PAGE | S2ALL);
	EXPECT_PA(go(&w, 0x1000), OUT);
	tear_down(&w);
}

/* Both stages: stage-1 tables at IPAs, which the whole of RAM maps to itself. */
static void set_up_both(struct world *w)
{
	set_up(w);
	add_stage2(w);
	map_ipa_pages(w, RAM, RAM + 0x100000, S2ALL);
}

TEST(the_smaller_size_of_both_stages_counts_and_the_stage_1_leaf_is_remembered)
{
	struct world w;

	set_up_both(&w);
	map(&w, &w.s1, 0x200000, 2, 0x80000000 | BLOCK | AF);
	map(&w, &w.s2, 0x80003000, 3, OUT | PAGE | S2ALL);
	EXPECT_PA(go(&w, 0x203010), OUT + 0x10);
	EXPECT_EQ(w.w.x.size, 12);
	EXPECT_EQ(w.w.x.s1_size, 21);
	EXPECT_EQ(w.w.x.s1_level, 2);
	EXPECT_EQ(w.w.x.s2_size, 12);
	EXPECT_EQ(w.w.x.ipa.a, 0x80003010);
	map(&w, &w.s1, 0x1000, 3, 0xc0005000 | PAGE | AF);
	map(&w, &w.s2, 0xc0000000, 1, 0x1000000000 | BLOCK | S2ALL);
	EXPECT_PA(go(&w, 0x1000), 0x1000005000);
	EXPECT_EQ(w.w.x.size, 12);
	EXPECT_EQ(w.w.x.s2_size, 30);
	tear_down(&w);
}

TEST(four_levels_over_four_levels_take_24_reads_and_over_three_levels_19)
{
	struct world w;

	set_up(&w);
	add_stage2(&w);
	w.s2.start = 0;
	w.s2.ia = 48;
	w.r.vtcr = 16 | 2 << 6 | 5ull << 16;
	map_ipa_pages(&w, RAM, RAM + 0x10000, S2ALL);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF);
	map(&w, &w.s2, OUT, 3, OUT | PAGE | S2ALL);
	EXPECT_PA(go(&w, 0x1000), OUT);
	EXPECT_EQ(w.w.s1_reads + w.w.s2_reads, 24);
	EXPECT_EQ(w.w.s1_reads, 4);
	EXPECT_EQ(w.w.s2_walks, 5);
	tear_down(&w);
	set_up_both(&w);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF);
	map(&w, &w.s2, OUT, 3, OUT | PAGE | S2ALL);
	EXPECT_PA(go(&w, 0x1000), OUT);
	EXPECT_EQ(w.w.s1_reads + w.w.s2_reads, 19);
	tear_down(&w);
}

TEST(a_stage_2_fault_on_a_table_gives_the_IPA_of_the_descriptor)
{
	struct world w;
	u64 at;

	set_up_both(&w);
	at = map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF);
	map(&w, &w.s2, at, 3, 0);
	EXPECT_FAULT(go_as(&w, 0x1000, write_user), FAULT_TRANSLATION, 2, 3);
	EXPECT(w.w.x.fault.s1ptw && !w.w.x.fault.write);
	EXPECT_EQ(w.w.x.fault.ipa.a, at);
	map(&w, &w.s2, at, 3, at | PAGE | AF | S2W | S2WB); /* tables need read permission */
	EXPECT_FAULT(go(&w, 0x1000), FAULT_PERMISSION, 2, 3);
	EXPECT(w.w.x.fault.s1ptw);
	map(&w, &w.s2, at, 3, HOLE | PAGE | S2ALL);
	EXPECT_FAULT(go(&w, 0x1000), FAULT_EXTERNAL_WALK, 1, 3);
	EXPECT(!w.w.x.fault.s1ptw);
	map(&w, &w.s2, at, 2, HOLE | 3);
	EXPECT_FAULT(go(&w, 0x1000), FAULT_EXTERNAL_WALK, 2, 3);
	EXPECT(w.w.x.fault.s1ptw);
	tear_down(&w);
}

TEST(hardware_updates_of_stage_1_need_write_permission_at_stage_2)
{
	struct world w;
	u64 at;

	set_up_both(&w);
	w.r.tcr |= BIT(39);
	at = map(&w, &w.s1, 0x1000, 3, OUT | PAGE);
	map(&w, &w.s2, OUT, 3, OUT | PAGE | S2ALL);
	EXPECT_PA(go(&w, 0x1000), OUT);
	EXPECT_EQ(w.w.n_updates, 1);
	map(&w, &w.s2, at, 3, at | PAGE | AF | S2R | S2WB);
	EXPECT_FAULT(go(&w, 0x1000), FAULT_PERMISSION, 2, 3);
	EXPECT(w.w.x.fault.s1ptw && w.w.x.fault.write);
	EXPECT_EQ(w.w.x.fault.ipa.a, at);
	tear_down(&w);
}

TEST(an_update_may_dirty_the_table_page_first_and_both_apply_in_order)
{
	struct world w;
	u64 at, table;

	set_up_both(&w);
	w.r.tcr |= BIT(39);
	w.r.vtcr |= BIT(21) | BIT(22);
	at = map(&w, &w.s1, 0x1000, 3, OUT | PAGE);
	table = map(&w, &w.s2, at, 3, align_down(at, 0x1000) | PAGE | S2R | DBM | S2WB);
	map(&w, &w.s2, OUT, 3, OUT | PAGE | S2R | DBM | S2WB);
	EXPECT_PA(go_as(&w, 0x1000, write_priv), OUT);
	EXPECT_EQ(w.w.n_updates, 3);
	EXPECT_EQ(w.w.update[0].pa.a, table); /* access flag, then dirty: one update */
	EXPECT(walk_apply(w.bus, &w.w));
	EXPECT_EQ(get64(&w, table), align_down(at, 0x1000) | PAGE | S2R | S2W | AF | DBM | S2WB);
	EXPECT_EQ(get64(&w, at), OUT | PAGE | AF);
	EXPECT_PA(go_as(&w, 0x1000, write_priv), OUT);
	EXPECT_EQ(w.w.n_updates, 0);
	tear_down(&w);
}

TEST(a_stage_1_permission_fault_comes_before_any_stage_2_fault)
{
	struct world w;

	set_up_both(&w);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF | RO);
	EXPECT_FAULT(go_as(&w, 0x1000, write_priv), FAULT_PERMISSION, 1, 3);
	EXPECT_FAULT(go(&w, 0x1000), FAULT_TRANSLATION, 2, 2);
	EXPECT_EQ(w.w.x.fault.ipa.a, OUT);
	EXPECT(!w.w.x.fault.s1ptw);
	tear_down(&w);
}

TEST(PTW_forbids_tables_in_Device_memory)
{
	struct world w;
	u64 at;

	set_up_both(&w);
	at = map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF);
	map(&w, &w.s2, OUT, 3, OUT | PAGE | S2ALL);
	map(&w, &w.s2, at, 3, align_down(at, 0x1000) | PAGE | AF | S2R | S2W);
	EXPECT_PA(go(&w, 0x1000), OUT);
	w.r.hcr |= BIT(2);
	EXPECT_FAULT(go(&w, 0x1000), FAULT_PERMISSION, 2, 3);
	EXPECT(w.w.x.fault.s1ptw);
	EXPECT_EQ(w.w.x.fault.ipa.a, at);
	tear_down(&w);
}

TEST(attributes_of_both_stages_combine_to_the_weaker)
{
	static const struct {
		u8 mair, memattr, want;
	} rows[] = {
		{ 0xff, 15, 0xff }, { 0xff, 5, 0x44 },	{ 0x44, 15, 0x44 }, { 0xff, 10, 0xbb },
		{ 0xbb, 15, 0xbb }, { 0xff, 1, 0x04 },	{ 0x00, 15, 0x00 }, { 0x04, 2, 0x04 },
		{ 0x0c, 1, 0x04 },  { 0xf4, 15, 0xf4 }, { 0xff, 13, 0xf4 }, { 0x77, 10, 0x33 },
	};
	struct world w;

	set_up_both(&w);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF | ISH);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		w.r.mair = rows[i].mair;
		map(&w, &w.s2, OUT, 3, OUT | PAGE | AF | S2R | (u64)rows[i].memattr << 2);
		EXPECT_EQ(go(&w, 0x1000)->attr, rows[i].want);
		EXPECT_EQ(w.w.x.sh, attr_is_device(rows[i].want) || rows[i].want == 0x44 ? 2 : 3);
	}
	tear_down(&w);
}

TEST(S2FWB_lets_stage_2_overrule_stage_1)
{
	static const struct {
		u8 mair, memattr, want;
	} rows[] = {
		{ 0x44, 6, 0xff }, { 0x00, 6, 0xff }, { 0x44, 7, 0x44 }, { 0xff, 7, 0xff },
		{ 0xff, 5, 0x44 }, { 0x04, 5, 0x04 }, { 0xff, 1, 0x04 },
	};
	struct world w;

	set_up_both(&w);
	w.r.hcr |= BIT(46);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF | ISH);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		w.r.mair = rows[i].mair;
		map(&w, &w.s2, OUT, 3, OUT | PAGE | AF | S2R | (u64)rows[i].memattr << 2);
		EXPECT_EQ(go(&w, 0x1000)->attr, rows[i].want);
	}
	tear_down(&w);
}

TEST(HCR_CD_ID_and_DC_change_attributes)
{
	struct world w;

	set_up_both(&w);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF | ISH);
	map(&w, &w.s2, OUT, 3, OUT | PAGE | S2ALL);
	w.r.hcr = BIT(32);
	EXPECT_EQ(go(&w, 0x1000)->attr, 0x44);
	EXPECT_EQ(go_as(&w, 0x1000, fetch_priv)->attr, 0xff);
	w.r.hcr = BIT(33);
	EXPECT_EQ(go(&w, 0x1000)->attr, 0xff);
	EXPECT_EQ(go_as(&w, 0x1000, fetch_priv)->attr, 0x44);
	w.r.s1 = false;
	w.r.hcr = 0;
	EXPECT_EQ(go(&w, OUT)->attr, 0x00); /* stage 1 off: Device whatever stage 2 says */
	w.r.hcr = BIT(12);
	w.r.sctlr = 0;
	EXPECT_EQ(go(&w, OUT)->attr, 0xff);
	EXPECT_EQ(go_as(&w, OUT, fetch_priv)->attr, 0xff);
	EXPECT_EQ(w.w.x.sh, 3); /* Non-shareable combined with Inner */
	tear_down(&w);
}

TEST(AT_of_stage_1_alone_stops_at_the_IPA_but_reads_tables_through_stage_2)
{
	struct access at_s1 = { .what = ACC_READ, .priv = true, .atop = true, .s1_only = true };
	struct world w;
	u64 at;

	set_up_both(&w);
	at = map(&w, &w.s1, 0x1000, 3, 0x123456000 | PAGE | AF | ISH);
	EXPECT_PA(go_as(&w, 0x1000, at_s1), 0x123456000); /* not mapped at stage 2 */
	EXPECT_EQ(w.w.x.attr, 0xff);
	EXPECT_EQ(w.w.s2_walks, 4);
	map(&w, &w.s2, at, 3, 0);
	EXPECT_FAULT(go_as(&w, 0x1000, at_s1), FAULT_TRANSLATION, 2, 3);
	EXPECT(w.w.x.fault.s1ptw);
	tear_down(&w);
}

TEST(NV1_moves_PXN_and_takes_EL0_away)
{
	struct world w;

	set_up(&w);
	w.r.hcr = BIT(42) | BIT(43);
	map(&w, &w.s1, 0x1000, 3, OUT | PAGE | AF | USER | UXN);
	EXPECT_EQ(allowed(&w, 0x1000) & (PR | PW | PX | UR | UW), PR | PW);
	tear_down(&w);
}

/* Random tables and registers */

/* Mostly tables and leaves that point back into RAM, so that walks go deep; sometimes anything. */
static u64 random_desc(u64 *rng)
{
	u64 d = random64(rng);

	if (random64(rng) % 8)
		d = (d & ~MASK(47, 27)) | RAM | 1;
	if (random64(rng) % 2)
		d |= AF | 2;
	return d;
}

TEST(random_tables_and_registers_always_end_in_a_translation_or_fault)
{
	unsigned seen[FAULT_DEBUG + 1] = { 0 };
	u64 rng = 1;
	struct world w;

	set_up(&w);
	for (unsigned i = 0; i < 0x40000; i += 8)
		put64(&w, RAM + i, random_desc(&rng));
	for (unsigned n = 0; n < 200000; n++) {
		struct access a = { .what = (u8)(1 + random64(&rng) % 7),
				    .priv = random64(&rng) & 1,
				    .pan = random64(&rng) & 1,
				    .atop = random64(&rng) & 1 };
		u64 v = random64(&rng);

		w.r = (struct regime){
			.kind = random64(&rng) % 4,
			.space = random64(&rng) & 1,
			.s1 = random64(&rng) % 8 != 0,
			.s2 = random64(&rng) & 1,
			.s1_be = !(random64(&rng) % 8),
			.s2_be = !(random64(&rng) % 8),
			.sctlr = random64(&rng),
			.tcr = random64(&rng),
			.mair = random64(&rng),
			.hcr = random64(&rng),
			.vtcr = random64(&rng),
			.vttbr = RAM | (random64(&rng) & 0x3fff8),
			.feat = &w.feat,
			.ttbr = { RAM | (random64(&rng) & 0x3fff8),
				  RAM | (random64(&rng) & 0x3fff8) },
		};
		w.r.two_ranges = w.r.kind < 2;
		w.r.tcr &= ~(BIT(7) | BIT(23));
		w.feat.pa_bits = (u8)(32 + random64(&rng) % 17);
		w.feat.gran4 = random64(&rng) % 4;
		w.feat.gran16 = random64(&rng) % 4;
		w.feat.st = random64(&rng) & 1;
		w.feat.lva = random64(&rng) & 1;
		if (n & 1)
			v = (u64)sext(v, 40);
		go_as(&w, v, a);
		if (w.w.s1_reads > 4 || w.w.s2_reads > 24 || w.w.x.fault.level > 3 ||
		    (w.w.x.fault.kind == FAULT_NONE && (w.w.x.size < 12 || w.w.x.size > 48)) ||
		    (w.w.x.fault.kind != FAULT_NONE && w.w.n_updates)) {
			FAIL_TEST("case %u: %u and %u reads, kind %u", n, w.w.s1_reads,
				  w.w.s2_reads, w.w.x.fault.kind);
			break;
		}
		seen[w.w.x.fault.kind]++;
		walk_apply(w.bus, &w.w);
	}
	for (unsigned kind = FAULT_NONE; kind <= FAULT_EXTERNAL_WALK;
	     kind++) { /* all that a walk can end in */
		if (seen[kind] < 10 && kind != FAULT_ALIGNMENT && kind != FAULT_EXTERNAL)
			FAIL_TEST("fault kind %u was seen %u times", kind, seen[kind]);
	}
	tear_down(&w);
}
