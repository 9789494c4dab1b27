/* mmu/check*.c: which changes of a live descriptor need a break, who may write an old page, and what is forgotten when. */
#include "mmu/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "tests/unit/harness.h"
#include "tests/unit/tables.h"

#define RAM 0x40000000ull
#define OUT 0x41000000ull
#define VA  0x12340000ull

struct board {
	struct bus *bus;
	struct log *log;
	char *text;
	size_t size;
	FILE *stream;
	struct mmu_features feat;
	struct regime r;
	struct tables t;
	u64 next;
	struct mmu *mmu;
	struct checker *check;
	struct fast_tlb *code, *data;
	int pe;          /* who acts */
	bool powered;
};

static struct check_who who(void *ctx)
{
	const struct board *b = ctx;

	return (struct check_who){ .pe = b->pe, .pc = 0x1000 };
}

static bool regime(void *ctx, unsigned pe, enum regime_kind kind, bool secure, struct regime *r)
{
	const struct board *b = ctx;

	*r = b->r;
	return b->powered && kind == b->r.kind && !secure;
}

static void boot(struct board *b)
{
	const struct check_host host = { .ctx = b, .who = who, .regime = regime };

	memset(b, 0, sizeof(*b));
	b->stream = open_memstream(&b->text, &b->size);
	b->log = log_new(b->stream, LOG_CHECK);
	b->bus = bus_new(NULL);
	bus_add_ram(b->bus, "ram", RAM, 0x8000000, false);
	b->feat = (struct mmu_features){ .pa_bits = 44, .asid_bits = 16, .vmid_bits = 16, .gran4 = true, .haf = true, .hdbs = true };
	b->next = RAM;
	b->t = (struct tables){ .root = new_table(&b->next, 12), .grain = 12, .start = 0, .ia = 48 };
	b->r = (struct regime){
		.kind = REGIME_EL10,
		.s1 = true,
		.two_ranges = true,
		.vm_tag = true,
		.vmid = 1,
		.asid = 1,
		.feat = &b->feat,
		.sctlr = BIT(2) | BIT(12),
		.tcr = 16 | 16ull << 16 | 2ull << 30 | 5ull << 32,
		.mair = 0xff440444ff, /* 0: write-back, 1: non-cacheable, 2: Device, 3: as 1, 4: as 0 */
		.ttbr = { b->t.root, b->t.root },
	};
	b->code = calloc(1, sizeof(*b->code));
	b->data = calloc(1, sizeof(*b->data));
	b->mmu = mmu_new(b->bus, &tlb_config_default, b->code, b->data);
	b->check = checker_new(b->bus, b->log, 1, 0, &host);
	mmu_check_with(b->mmu, b->check, 0);
	b->powered = true;
}

static void power_off(struct board *b)
{
	mmu_free(b->mmu);
	checker_free(b->check);
	bus_free(b->bus);
	log_free(b->log);
	fclose(b->stream);
	free(b->text);
	free(b->code);
	free(b->data);
}

/* Where the descriptor stands. */
static u64 map(struct board *b, u64 va, unsigned level, u64 desc)
{
	return tables_map(b->bus, &b->next, &b->t, va, level, desc);
}

static u64 look(struct board *b, u64 va, unsigned what)
{
	struct xlat x;
	u16 l1;

	mmu_lookup(b->mmu, &b->r, va, (struct access){ .what = (u8)what, .priv = true }, &x, &l1);
	return x.fault.kind == FAULT_NONE ? pa_addr(x.pa) : ~0ull;
}

static const struct check_stats *stats(const struct board *b)
{
	return checker_stats(b->check);
}

#define LEAF (PAGE | AF | ISH | NG)
#define ATTR(n) ((u64)(n) << 2)

TEST(changes_that_need_a_break_are_found_and_others_are_not)
{
	static const struct {
		const char *what;
		u64 old, new;
		bool wrong;
	} row[] = {
		{ "another output address", OUT | LEAF, (OUT + 0x1000) | LEAF, true },
		{ "another output address, to read-only", OUT | LEAF, (OUT + 0x1000) | LEAF | RO, true },
		{ "another read-only page with the same bytes", OUT | LEAF | RO, (OUT + 0x1000) | LEAF | RO, false },
		{ "another read-only page with other bytes", OUT | LEAF | RO, (OUT + 0x2000) | LEAF | RO, true },
		{ "the same bytes, but it may become writable", OUT | LEAF | RO | DBM, (OUT + 0x1000) | LEAF | RO, true },
		{ "read-only", OUT | LEAF, OUT | LEAF | RO, false },
		{ "writable", OUT | LEAF | RO, OUT | LEAF, false },
		{ "for EL0", OUT | LEAF, OUT | LEAF | USER, false },
		{ "not executable", OUT | LEAF, OUT | LEAF | PXN | UXN, false },
		{ "access flag cleared", OUT | LEAF, (OUT | LEAF) & ~AF, false },
		{ "software bits", OUT | LEAF, OUT | LEAF | MASK(58, 55), false },
		{ "shareability", OUT | LEAF, (OUT | LEAF) & ~ISH, false },
		{ "non-cacheable", OUT | LEAF, OUT | LEAF | ATTR(1), true },
		{ "Device", OUT | LEAF, OUT | LEAF | ATTR(2), true },
		{ "another index of the same type", OUT | LEAF, OUT | LEAF | ATTR(4), false },
		{ "global", OUT | LEAF, (OUT | LEAF) & ~NG, true },
		{ "non-global", (OUT | LEAF) & ~NG, OUT | LEAF, false },
		{ "contiguous", OUT | LEAF, OUT | LEAF | CONT, true },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct board b;
		u64 at;

		boot(&b);
		bus_put64(b.bus, OUT + 0x2000, 1);
		at = map(&b, VA, 3, row[i].old);
		EXPECT_EQ(look(&b, VA, ACC_READ), OUT);
		bus_put64(b.bus, at, row[i].new);
		if (stats(&b)->bbm != row[i].wrong)
			FAIL_TEST("%s: %d findings", row[i].what, (int)stats(&b)->bbm);
		power_off(&b);
	}
}

TEST(a_change_of_size_is_allowed_with_bbm_level_2_alone)
{
	for (unsigned level2 = 0; level2 < 2; level2++) {
		struct board b;
		u64 at, table;

		boot(&b);
		b.feat.bbm2 = level2;
		at = map(&b, VA & ~low_mask(21), 2, OUT | BLOCK | AF | NG);
		EXPECT_EQ(look(&b, VA, ACC_READ), OUT + (VA & low_mask(21)));
		table = new_table(&b.next, 12);
		bus_put64(b.bus, at, table | 3);
		EXPECT_EQ(stats(&b)->bbm, !level2);
		power_off(&b);
	}
}

TEST(big_endian_tables_are_read_as_such)
{
	struct board b;
	u64 at;

	boot(&b);
	b.r.s1_be = b.t.be = true;
	at = map(&b, VA, 3, OUT | LEAF);
	EXPECT_EQ(look(&b, VA, ACC_READ), OUT);
	bus_put64(b.bus, at, __builtin_bswap64(OUT | LEAF | RO));
	EXPECT_EQ(stats(&b)->bbm, 0);
	bus_put64(b.bus, at, __builtin_bswap64((OUT + 0x1000) | LEAF));
	EXPECT_EQ(stats(&b)->bbm, 1);
	power_off(&b);
}

TEST(a_descriptor_is_known_by_the_dirty_state_that_the_walker_wrote)
{
	struct board b;
	u64 at;

	boot(&b);
	b.r.tcr |= 3ull << 39; /* HA, HD */
	at = map(&b, VA, 3, (OUT | LEAF | RO | DBM) & ~AF);
	EXPECT_EQ(look(&b, VA, ACC_WRITE), OUT);
	EXPECT_EQ(bus_get64(b.bus, at), OUT | LEAF | DBM);
	EXPECT_EQ(stats(&b)->bbm, 0);
	power_off(&b);
}

TEST(dma_into_the_old_page_makes_the_next_use_a_finding_and_its_own_mapping_does_not)
{
	for (unsigned dma = 0; dma < 2; dma++) {
		struct board b;
		u64 at, bytes[2] = { 1, 2 };

		boot(&b);
		at = map(&b, VA, 3, OUT | LEAF);
		look(&b, VA, ACC_WRITE);
		bus_put64(b.bus, at, 0);
		EXPECT_EQ(look(&b, VA, ACC_WRITE), OUT); /* legal until the TLBI */
		b.pe = dma ? -1 : 0;
		bus_copy_in(b.bus, pa_make(SPACE_NS, OUT + 0x100), bytes, sizeof(bytes));
		b.pe = 0;
		look(&b, VA, ACC_READ);
		look(&b, VA, ACC_READ);
		EXPECT_EQ(stats(&b)->stale, dma);
		fflush(b.stream);
		EXPECT_EQ(dma, b.text && strstr(b.text, "written by no PE (DMA)") != NULL);
		power_off(&b);
	}
}

TEST(tables_that_no_pe_names_may_be_overwritten_until_an_entry_is_used)
{
	struct board b;
	u64 at;

	boot(&b);
	at = map(&b, VA, 3, OUT | LEAF);
	look(&b, VA, ACC_READ);
	b.r.asid = 2;
	bus_put64(b.bus, at, 0x1234567890abcdefull);
	EXPECT_EQ(stats(&b)->bbm, 0);
	b.powered = false;
	b.r.asid = 1;
	bus_put64(b.bus, at, 0xabcdefabcdefull);
	EXPECT_EQ(stats(&b)->bbm, 0);
	look(&b, VA, ACC_READ);
	EXPECT_EQ(stats(&b)->stale, 1);
	power_off(&b);
}

/* The page is not writable through a fast slot while descriptors in it are live, and is again when none is. */
TEST(a_page_is_watched_as_long_as_entries_need_it)
{
	struct board b;
	bool writable;
	u64 at;

	boot(&b);
	at = map(&b, VA, 3, OUT | LEAF);
	bus_page(b.bus, pa_make(SPACE_NS, at), &writable);
	EXPECT(writable);
	look(&b, VA, ACC_READ);
	bus_page(b.bus, pa_make(SPACE_NS, at), &writable);
	EXPECT(!writable);
	bus_put64(b.bus, at, 0);
	bus_page(b.bus, pa_make(SPACE_NS, OUT), &writable);
	EXPECT(!writable);
	mmu_reset(b.mmu);
	bus_page(b.bus, pa_make(SPACE_NS, at), &writable);
	EXPECT(writable);
	bus_page(b.bus, pa_make(SPACE_NS, OUT), &writable);
	EXPECT(writable);
	bus_put64(b.bus, at, (OUT + 0x1000) | LEAF);
	EXPECT_EQ(stats(&b)->bbm, 0);
	power_off(&b);
}

TEST(each_kind_and_place_has_four_lines_and_all_are_counted)
{
	struct board b;
	unsigned lines = 0;

	boot(&b);
	for (unsigned i = 0; i < 10; i++) {
		u64 at = map(&b, VA + i * 0x1000, 3, (OUT + i * 0x1000) | LEAF);

		look(&b, VA + i * 0x1000, ACC_READ);
		bus_put64(b.bus, at, (OUT + 0x100000) | LEAF);
	}
	fflush(b.stream);
	for (const char *p = b.text; p && (p = strstr(p, "check: bbm: ")) != NULL; p++)
		lines++;
	EXPECT_EQ(lines, 4);
	EXPECT_EQ(stats(&b)->bbm, 10);
	power_off(&b);
}
