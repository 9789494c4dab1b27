/* GICv2: security states, and what a guest cannot ask. tests/guest/gicv2*.c has the rest. */
#include "test_gic.h"

static struct attrs from(unsigned pe, bool ns)
{
	return (struct attrs){ .space = ns ? SPACE_NS : SPACE_S, .requester = (u16)pe };
}
static u64 d_rd(struct bench *b, unsigned pe, u64 off, unsigned width)
{
	return gic_dist2_ops.read(gic_dist(b->g), off, width, from(pe, b->ns));
}
static void d_wr(struct bench *b, unsigned pe, u64 off, u64 v, unsigned width)
{
	gic_dist2_ops.write(gic_dist(b->g), off, v, width, from(pe, b->ns));
}
static u64 c_rd(struct bench *b, unsigned pe, u64 off)
{
	return gic_cpuif_ops.read(gic_dist(b->g), off, 4, from(pe, b->ns));
}
static void c_wr(struct bench *b, unsigned pe, u64 off, u64 v)
{
	gic_cpuif_ops.write(gic_dist(b->g), off, v, 4, from(pe, b->ns));
}

/* Interrupts enabled, at CPU 0, priority 0xa0; of Group 0 but for INTIDs 64-95. */
static struct bench v2(unsigned n, u64 features)
{
	struct gic_config config = bench_config(n, features);
	struct bench b;

	config.version = 2;
	b = bench_make(&config, features);
	b.ns = false;
	d_wr(&b, 0, 0, 3, 4);
	d_wr(&b, 0, 0x80 + 4 * 2, ~0u, 4);
	for (unsigned w = 1; w <= 8; w++)
		d_wr(&b, 0, 0x100 + 4 * w, ~0u, 4);
	for (unsigned id = 32; id < 288; id += 4) {
		d_wr(&b, 0, 0x400 + id, 0xa0a0a0a0, 4);
		d_wr(&b, 0, 0x800 + id, 0x01010101, 4);
	}
	for (unsigned i = 0; i < n; i++) {
		c_wr(&b, i, 0, 3);
		c_wr(&b, i, 4, 0xff);
	}
	return b;
}

TEST(non_secure_software_sees_group_1_and_its_half_of_the_priorities)
{
	struct bench b = v2(1, FEAT(EL2) | FEAT(EL3));

	b.ns = true;
	EXPECT_EQ(d_rd(&b, 0, 4, 4) & 0x400, 0x400);
	EXPECT_EQ(d_rd(&b, 0, 0, 4), 1);
	EXPECT_EQ(c_rd(&b, 0, 0), 1);
	EXPECT_EQ(d_rd(&b, 0, 0x88, 4), 0);	    /* IGROUPR */
	EXPECT_EQ(d_rd(&b, 0, 0x104, 4), 0);	    /* Group 0 */
	EXPECT_EQ(d_rd(&b, 0, 0x108, 4), 0xffffffff); /* Group 1 */
	EXPECT_EQ(d_rd(&b, 0, 0x440, 4), 0x40404040);
	d_wr(&b, 0, 0x440, 0x80, 1);
	b.ns = false;
	EXPECT_EQ(d_rd(&b, 0, 0x440, 1), 0xc0);
	bench_free(&b);
}

TEST(secure_and_non_secure_views_of_the_cpu_interface)
{
	struct bench b = v2(1, FEAT(EL2) | FEAT(EL3));

	spi(&b, 32, true); /* INTID 64: Group 1 */
	EXPECT(irq(&b, 0) && !fiq(&b, 0));
	EXPECT_EQ(c_rd(&b, 0, 0xc), 1022);
	b.ns = true;
	EXPECT_EQ(c_rd(&b, 0, 0x20), 0);
	EXPECT_EQ(c_rd(&b, 0, 0xc), 64);
	EXPECT_EQ(c_rd(&b, 0, 0x14), 0x40);
	EXPECT_EQ(c_rd(&b, 0, 0xd0), 1 << 4);
	b.ns = false;
	EXPECT_EQ(c_rd(&b, 0, 0x14), 0xa0);
	EXPECT_EQ(c_rd(&b, 0, 0xe0), 1 << 20);
	spi(&b, 0, true); /* INTID 32: Group 0 */
	d_wr(&b, 0, 0x420, 0x20, 1);
	c_wr(&b, 0, 0, 3 | 8);
	EXPECT(fiq(&b, 0) && !irq(&b, 0));
	b.ns = true;
	EXPECT_EQ(c_rd(&b, 0, 0xc), 1023);
	EXPECT_EQ(c_rd(&b, 0, 0x18), 1023);
	b.ns = false;
	EXPECT_EQ(c_rd(&b, 0, 0xc), 32);
	b.ns = true;
	c_wr(&b, 0, 0x10, 64); /* not the running one: Group 0 */
	b.ns = false;
	EXPECT_EQ(c_rd(&b, 0, 0x14), 0x20);
	c_wr(&b, 0, 0x10, 32);
	b.ns = true;
	spi(&b, 32, false);
	c_wr(&b, 0, 0x10, 64);
	EXPECT_EQ(c_rd(&b, 0, 0x14), 0xff);
	bench_free(&b);
}

TEST(the_non_secure_priority_mask_needs_the_secure_one_in_the_lower_half)
{
	struct bench b = v2(1, FEAT(EL2) | FEAT(EL3));

	b.ns = true;
	c_wr(&b, 0, 4, 0x40);
	EXPECT_EQ(c_rd(&b, 0, 4), 0x40);
	b.ns = false;
	EXPECT_EQ(c_rd(&b, 0, 4), 0xa0);
	c_wr(&b, 0, 4, 0x70);
	b.ns = true;
	EXPECT_EQ(c_rd(&b, 0, 4), 0);
	c_wr(&b, 0, 4, 0xff);
	EXPECT_EQ(c_rd(&b, 0, 4), 0);
	bench_free(&b);
}

TEST(sgis_of_either_group_by_nsatt)
{
	struct bench b = v2(2, FEAT(EL2) | FEAT(EL3));

	d_wr(&b, 1, 0x80, 1 << 5, 4); /* SGI 5 of CPU 1: Group 1 */
	d_wr(&b, 0, 0xf00, 2 << 16 | 5, 4);
	EXPECT(!irq(&b, 1));
	d_wr(&b, 0, 0xf00, 2 << 16 | 1 << 15 | 5, 4);
	EXPECT(irq(&b, 1) && !irq(&b, 0));
	d_wr(&b, 1, 0xf14, 0xff00, 4);
	EXPECT(!irq(&b, 1));
	b.ns = true;
	d_wr(&b, 0, 0xf00, 2 << 16 | 6, 4); /* Group 0: not for Non-secure */
	EXPECT(!irq(&b, 1));
	d_wr(&b, 0, 0xf00, 2 << 16 | 5, 4);
	EXPECT(irq(&b, 1));
	EXPECT_EQ(c_rd(&b, 1, 0xc), 5);
	bench_free(&b);
}

TEST(gicv2_has_no_system_registers_sleep_or_lpis)
{
	struct bench b = v2(1, FEAT(EL2));

	EXPECT(!gic_its(b.g));
	spi(&b, 0, true);
	EXPECT(irq(&b, 0));
	EXPECT_EQ(d_rd(&b, 0, 0xfe8, 4), 0x2b);
	EXPECT_EQ(d_rd(&b, 0, 0x6000 % 0x1000, 4), 3); /* there is nothing beyond 4 KiB */
	bench_free(&b);
}

TEST(more_pes_than_gicv2_has_are_refused)
{
	struct gic_config config = bench_config(9, FEAT(EL2));

	config.version = 2;
	EXPECT(gic_new(&config) == NULL);
	config.version = 4;
	EXPECT(gic_new(&config) == NULL);
}

TEST(gicv2_snapshots)
{
	static struct bench_snap saved, again;
	struct bench b = v2(2, FEAT(EL2));
	struct snap *s = &saved.s;

	d_wr(&b, 1, 0xf00, 1 << 16 | 3, 4);
	saved.s = (struct snap){ .bytes = bench_bytes };
	gic_dist2_ops.snap(gic_dist(b.g), s);
	gic_cpuif_ops.snap(gic_dist(b.g), s);
	EXPECT_EQ(c_rd(&b, 0, 0xc), 1 << 10 | 3);
	c_wr(&b, 0, 0, 0);
	saved.s = (struct snap){ .bytes = bench_bytes, .loading = true };
	saved.at = 0;
	gic_dist2_ops.snap(gic_dist(b.g), s);
	gic_cpuif_ops.snap(gic_dist(b.g), s);
	EXPECT(!saved.s.failed);
	again.s = (struct snap){ .bytes = bench_bytes };
	gic_dist2_ops.snap(gic_dist(b.g), &again.s);
	gic_cpuif_ops.snap(gic_dist(b.g), &again.s);
	EXPECT_EQ(again.at, saved.at);
	EXPECT(!memcmp(again.data, saved.data, saved.at));
	EXPECT_EQ(c_rd(&b, 0, 0xc), 1 << 10 | 3);
	bench_free(&b);
}
