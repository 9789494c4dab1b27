/* mmu/bus.c: the map, device access widths, written code, snapshots. */
#include "mmu/bus.h"

#include <errno.h>
#include <string.h>

#include "base/bits.h"
#include "base/snap.h"
#include "tests/unit/harness.h"

#define RAM 0x40000000ull

static const struct attrs plain = { .privileged = true };

static pa at(u64 addr)
{
	return pa_make(SPACE_NS, addr);
}

static u64 rd(struct bus *b, u64 addr, unsigned size)
{
	u64 v = 0;

	EXPECT_EQ(bus_read(b, at(addr), size, plain, &v), BUS_OK);
	return v;
}

static void wr(struct bus *b, u64 addr, unsigned size, u64 v)
{
	EXPECT_EQ(bus_write(b, at(addr), size, plain, v), BUS_OK);
}

/* A device that remembers its accesses; byte n of it reads as n + 1. */
struct probe {
	unsigned accesses;
	u64 off[8], value[8];
	unsigned width[8];
};

static u64 probe_read(void *dev, u64 off, unsigned width, struct attrs a)
{
	struct probe *p = dev;
	u64 v = 0;

	p->off[p->accesses % 8] = off;
	p->width[p->accesses++ % 8] = width;
	for (unsigned i = 0; i < width; i++)
		v |= (off + i + 1) << 8 * i;
	return v;
}

static void probe_write(void *dev, u64 off, u64 v, unsigned width, struct attrs a)
{
	struct probe *p = dev;

	p->off[p->accesses % 8] = off;
	p->value[p->accesses % 8] = v;
	p->width[p->accesses++ % 8] = width;
}

static struct device_ops probe_ops(u32 widths)
{
	return (struct device_ops){ .name = "probe",
				    .size = 0x1000,
				    .widths = widths,
				    .read = probe_read,
				    .write = probe_write };
}

TEST(regions_are_sorted_and_must_not_overlap)
{
	struct device_ops ops = probe_ops(W32);
	struct bus *b = bus_new(NULL);
	const struct bus_region *r;
	struct probe p;

	EXPECT_EQ(bus_add_ram(b, "ram", RAM, 0x10000, false), 0);
	EXPECT_EQ(bus_add_device(b, 0x9000000, &ops, &p, false), 0);
	EXPECT_EQ(bus_add_ram(b, "rom", 0, 0x2000, false), 0);
	EXPECT_EQ(bus_add_ram(b, "again", RAM + 0xf000, 0x2000, false), -EEXIST);
	EXPECT_EQ(bus_add_ram(b, "again", RAM - 0x1000, 0x2000, false), -EEXIST);
	EXPECT_EQ(bus_add_device(b, RAM, &ops, &p, false), -EEXIST);
	EXPECT_EQ(bus_add_ram(b, "odd", 0x50000000, 0x123, false), -EINVAL);
	EXPECT_EQ(bus_add_ram(b, "beyond", 1ull << 52, 0x1000, false), -EINVAL);
	ASSERT(EXPECT_EQ(bus_regions(b, &r), 3));
	EXPECT_STR(r[0].name, "rom");
	EXPECT_STR(r[1].name, "probe");
	EXPECT_STR(r[2].name, "ram");
	EXPECT(bus_find(b, 0x1fff, SPACE_NS) == &r[0]);
	EXPECT(bus_find(b, 0x9000fff, SPACE_NS) == &r[1]);
	EXPECT(!bus_find(b, 0x2000, SPACE_NS) && !bus_find(b, 0x9001000, SPACE_NS));
	EXPECT(!bus_find(b, RAM + 0x10000, SPACE_NS) && !bus_find(b, RAM - 1, SPACE_NS));
	bus_free(b);
}

TEST(RAM_is_little_endian_and_takes_every_size_and_alignment)
{
	struct bus *b = bus_new(NULL);

	bus_add_ram(b, "ram", RAM, 0x1000, false);
	wr(b, RAM + 3, 8, 0x1122334455667788);
	EXPECT_EQ(rd(b, RAM + 3, 1), 0x88);
	EXPECT_EQ(rd(b, RAM + 4, 2), 0x6677);
	EXPECT_EQ(rd(b, RAM + 7, 4), 0x11223344);
	EXPECT_EQ(rd(b, RAM + 3, 8), 0x1122334455667788);
	bus_free(b);
}

TEST(an_access_across_two_regions_is_split_and_one_into_nothing_fails)
{
	struct bus *b = bus_new(NULL);
	u64 v;

	bus_add_ram(b, "low", RAM, 0x1000, false);
	bus_add_ram(b, "high", RAM + 0x1000, 0x1000, false);
	wr(b, RAM + 0xffe, 4, 0xaabbccdd);
	EXPECT_EQ(rd(b, RAM + 0x1000, 2), 0xaabb);
	EXPECT_EQ(rd(b, RAM + 0xffe, 4), 0xaabbccdd);
	EXPECT_EQ(bus_read(b, at(RAM + 0x1ffe), 4, plain, &v), BUS_DECERR);
	EXPECT_EQ(bus_read(b, at(0x1000), 4, plain, &v), BUS_DECERR);
	EXPECT_EQ(v, 0);
	EXPECT_EQ(bus_write(b, at(0x1000), 4, plain, 1), BUS_DECERR);
	bus_free(b);
}

TEST(secure_regions_do_not_exist_for_non_secure_accesses)
{
	struct bus *b = bus_new(NULL);
	u64 v;
	bool w;

	bus_add_ram(b, "secure", RAM, 0x1000, true);
	EXPECT_EQ(bus_read(b, at(RAM), 4, plain, &v), BUS_DECERR);
	EXPECT_EQ(bus_write(b, pa_make(SPACE_S, RAM), 4, plain, 5), BUS_OK);
	EXPECT_EQ(bus_read(b, pa_make(SPACE_S, RAM), 4, plain, &v), BUS_OK);
	EXPECT_EQ(v, 5);
	EXPECT(!bus_page(b, at(RAM), &w) && bus_page(b, pa_make(SPACE_S, RAM), &w) && w);
	bus_free(b);
}

TEST(accesses_too_wide_for_a_device_are_split)
{
	struct device_ops ops = probe_ops(W32);
	struct bus *b = bus_new(NULL);
	struct probe p = { 0 };

	bus_add_device(b, 0x1000, &ops, &p, false);
	EXPECT_EQ(rd(b, 0x1008, 8), 0x100f0e0d0c0b0a09);
	EXPECT_EQ(p.accesses, 2);
	EXPECT_EQ(p.off[1], 12);
	EXPECT_EQ(p.width[1], 4);
	wr(b, 0x1000, 8, 0x1122334455667788);
	EXPECT_EQ(p.value[2], 0x55667788);
	EXPECT_EQ(p.value[3], 0x11223344);
	bus_free(b);
}

TEST(accesses_too_narrow_or_unaligned_use_the_register_around_them)
{
	struct device_ops ops = probe_ops(W32);
	struct bus *b = bus_new(NULL);
	struct probe p = { 0 };

	bus_add_device(b, 0x1000, &ops, &p, false);
	EXPECT_EQ(rd(b, 0x1006, 1), 7);
	EXPECT_EQ(p.off[0], 4);
	EXPECT_EQ(rd(b, 0x1002, 4), 0x06050403);
	EXPECT_EQ(p.accesses, 3);
	wr(b, 0x1006, 1, 0xab);
	EXPECT_EQ(p.off[3], 4);
	EXPECT_EQ(p.value[3], 0xab0000);
	EXPECT_EQ(p.width[3], 4);
	bus_free(b);
}

TEST(a_device_that_takes_several_widths_gets_the_widest_that_fits)
{
	struct device_ops ops = probe_ops(W8 | W16 | W64);
	struct bus *b = bus_new(NULL);
	struct probe p = { 0 };

	bus_add_device(b, 0x1000, &ops, &p, false);
	EXPECT_EQ(rd(b, 0x1000, 8), 0x0807060504030201);
	EXPECT_EQ(p.accesses, 1);
	EXPECT_EQ(rd(b, 0x1004, 4), 0x08070605);
	EXPECT_EQ(p.width[1], 2);
	EXPECT_EQ(rd(b, 0x1003, 4), 0x07060504);
	EXPECT_EQ(p.width[3], 1);
	bus_free(b);
}

TEST(a_device_without_widths_refuses)
{
	struct device_ops ops = probe_ops(0);
	struct bus *b = bus_new(NULL);
	struct probe p = { 0 };
	u64 v;

	bus_add_device(b, 0x1000, &ops, &p, false);
	EXPECT_EQ(bus_read(b, at(0x1000), 4, plain, &v), BUS_SLVERR);
	EXPECT_EQ(bus_write(b, at(0x1000), 4, plain, 0), BUS_SLVERR);
	bus_free(b);
}

TEST(block_copies_stop_at_what_is_no_RAM)
{
	struct bus *b = bus_new(NULL);
	char out[16];

	bus_add_ram(b, "low", RAM, 0x1000, false);
	bus_add_ram(b, "high", RAM + 0x1000, 0x1000, false);
	EXPECT_EQ(bus_copy_in(b, at(RAM + 0xffc), "abcdefg", 8), BUS_OK);
	EXPECT_EQ(bus_copy_out(b, at(RAM + 0xffc), out, 8), BUS_OK);
	EXPECT_STR(out, "abcdefg");
	EXPECT_EQ(bus_copy_in(b, at(RAM + 0x1ffc), "abcdefg", 8), BUS_DECERR);
	EXPECT_EQ(rd(b, RAM + 0x1ffc, 4), 0x64636261);
	bus_free(b);
}

TEST(read_only_RAM_keeps_its_contents)
{
	struct bus *b = bus_new(NULL);
	bool writable;

	bus_add_ram(b, "rom", RAM, 0x1000, false);
	wr(b, RAM, 4, 1);
	bus_set_readonly(b, RAM, true);
	wr(b, RAM, 4, 2);
	EXPECT_EQ(bus_copy_in(b, at(RAM), "x", 1), BUS_OK);
	EXPECT_EQ(rd(b, RAM, 4), 1);
	EXPECT(bus_page(b, at(RAM), &writable) && !writable);
	bus_free(b);
}

struct heard {
	unsigned times;
	u64 page, lines;
};

static void hear(void *ctx, pa page, u64 lines)
{
	struct heard *h = ctx;

	h->times++;
	h->page = page.a;
	h->lines |= lines;
}

TEST(a_write_into_marked_lines_is_told_once_and_one_beside_them_is_not)
{
	struct bus *b = bus_new(NULL);
	struct heard h = { 0 }, other = { 0 };
	bool writable;

	bus_add_ram(b, "ram", RAM, 0x4000, false);
	bus_on_code_written(b, hear, &h);
	bus_on_code_written(b, hear, &other);
	EXPECT(bus_page(b, at(RAM + 0x1000), &writable) && writable);
	bus_mark_code(b, at(RAM + 0x1078), 16); /* lines 1 and 2 */
	EXPECT(bus_code_page(b, at(RAM + 0x1fff)) && !bus_code_page(b, at(RAM + 0x2000)));
	EXPECT(bus_page(b, at(RAM + 0x1000), &writable) && !writable);
	wr(b, RAM + 0x10c0, 8, 1);
	wr(b, RAM + 0x1038, 8, 1);
	EXPECT_EQ(h.times, 0);
	wr(b, RAM + 0x10bc, 8, 1); /* reaches into line 2 */
	EXPECT_EQ(h.times, 1);
	EXPECT_EQ(other.times, 1);
	EXPECT_EQ(h.page, RAM + 0x1000);
	EXPECT_EQ(h.lines, 4);
	EXPECT(bus_code_page(b, at(RAM + 0x1000)));
	wr(b, RAM + 0x10bc, 8, 1);
	EXPECT_EQ(h.times, 1);
	wr(b, RAM + 0x1040, 1, 1);
	EXPECT_EQ(h.lines, 6);
	EXPECT(!bus_code_page(b, at(RAM + 0x1000)));
	bus_free(b);
}

TEST(a_long_write_is_told_page_by_page)
{
	static const char zeros[0x3000];
	struct bus *b = bus_new(NULL);
	struct heard h = { 0 };

	bus_add_ram(b, "ram", RAM, 0x4000, false);
	bus_on_code_written(b, hear, &h);
	bus_mark_code(b, at(RAM + 0xffc), 8);
	bus_mark_code(b, at(RAM + 0x3ffc), 8); /* past the end: only what is there */
	bus_copy_in(b, at(RAM + 0x800), zeros, sizeof(zeros));
	EXPECT_EQ(h.times, 2);
	EXPECT_EQ(h.lines, BIT(63) | 1);
	bus_mark_code(b, at(RAM), 4);
	bus_clear_code(b, at(RAM));
	EXPECT(!bus_code_page(b, at(RAM)));
	bus_free(b);
}

/* A stream into memory, for the visitor. */
struct tape {
	struct snap s;
	u8 bytes[0x10000];
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

TEST(a_snapshot_holds_the_touched_pages_only_and_loading_clears_the_others)
{
	static struct tape t;
	struct bus *b = bus_new(NULL);

	t = (struct tape){ .s.bytes = tape_bytes };
	bus_add_ram(b, "ram", RAM, 0x40000000, false); /* 1 GiB: would not fit the tape */
	wr(b, RAM + 0x1000, 8, 0x1234);
	wr(b, RAM + 0x3ffff000, 8, 0x5678);
	wr(b, RAM + 0x5000, 8, 0); /* touched, but zero */
	bus_snap(b, &t.s);
	EXPECT(!t.s.failed);
	EXPECT(t.n > 0x2000 && t.n < 0x2800);
	wr(b, RAM + 0x1000, 8, 1);
	wr(b, RAM + 0x2000, 8, 1);
	t.s.loading = true;
	bus_snap(b, &t.s);
	EXPECT(!t.s.failed);
	EXPECT_EQ(t.at, t.n);
	EXPECT_EQ(rd(b, RAM + 0x1000, 8), 0x1234);
	EXPECT_EQ(rd(b, RAM + 0x2000, 8), 0);
	EXPECT_EQ(rd(b, RAM + 0x3ffff000, 8), 0x5678);
	bus_free(b);
}

TEST(a_snapshot_of_another_size_or_with_wrong_page_numbers_is_refused)
{
	static struct tape t;
	struct bus *b = bus_new(NULL), *other = bus_new(NULL);

	t = (struct tape){ .s.bytes = tape_bytes };
	bus_add_ram(b, "ram", RAM, 0x2000, false);
	bus_add_ram(other, "ram", RAM, 0x1000, false);
	wr(b, RAM + 0x1000, 8, 1);
	bus_snap(b, &t.s);
	t.s.loading = true;
	bus_snap(other, &t.s);
	EXPECT(t.s.failed);
	t.s.failed = false;
	t.at = 0;
	t.bytes[t.n - 0x1000 - 16] = 2; /* the page number before contents and end */
	bus_snap(b, &t.s);
	EXPECT(t.s.failed);
	bus_free(b);
	bus_free(other);
}

TEST(digests_do_not_depend_on_what_was_only_read)
{
	char hex[2][65];

	for (unsigned i = 0; i < 2; i++) {
		struct snap_digest *d = snap_digest_new();
		struct bus *b = bus_new(NULL);

		bus_add_ram(b, "ram", RAM, 0x100000, false);
		wr(b, RAM + 0x8000, 8, 7);
		if (i) {
			rd(b, RAM + 0x9000, 8);
			wr(b, RAM + 0xa000, 8, 0);
		}
		bus_snap(b, snap_digest_stream(d));
		snap_digest_end(d, hex[i]);
		bus_free(b);
	}
	EXPECT_STR(hex[0], hex[1]);
}

TEST(a_page_is_unused_until_somebody_may_write_it)
{
	struct bus *b = bus_new(NULL);
	const u8 *used, *first;
	bool writable;
	u8 byte = 0;

	bus_add_ram(b, "ram", RAM, 0x100000, false);
	EXPECT(bus_unused_page(b, at(RAM + 0x1234), &used) == bus_unused_page(b, at(RAM + 0x1000), &used));
	EXPECT(bus_unused_page(b, at(RAM + 0x2000), &used) != NULL);
	EXPECT(bus_unused_page(b, at(RAM + 0x100000), &used) == NULL);
	EXPECT(bus_unused_page(b, at(RAM), &first) != NULL);
	rd(b, RAM, 8);
	EXPECT(!*first);
	wr(b, RAM + 8, 8, 0);
	EXPECT(*first);
	EXPECT(bus_unused_page(b, at(RAM), &used) == NULL);
	bus_copy_in(b, at(RAM + 0x1fff), &byte, 1);
	EXPECT(bus_unused_page(b, at(RAM + 0x1000), &used) == NULL);
	bus_page(b, at(RAM + 0x2000), &writable);
	EXPECT(bus_unused_page(b, at(RAM + 0x2000), &used) == NULL);
	/* a page of code that is stored to without asking */
	bus_mark_code(b, at(RAM + 0x3000), 4);
	bus_page(b, at(RAM + 0x3000), &writable);
	EXPECT(!writable && bus_unused_page(b, at(RAM + 0x3000), &used) != NULL);
	EXPECT(bus_use_page(b, at(RAM + 0x3008)));
	EXPECT(bus_unused_page(b, at(RAM + 0x3000), &used) == NULL);
	bus_set_readonly(b, RAM, true);
	EXPECT(bus_unused_page(b, at(RAM + 0x4000), &used) == NULL);
	EXPECT(!bus_use_page(b, at(RAM + 0x4000)));
	bus_free(b);
}
