/*
 * devices/virtio/: queues that are right and wrong in every way that the code names, and the registers of virtio-mmio in
 * both versions.
 */
#include "tests/unit/virtio_bench.h"

#include "devices/virtio/mmio.h"
#include "tests/unit/mem_snap.h"

struct echo {
	struct virtio_device v;
	unsigned notified, status_calls, resets;
	int interrupts;
};

static void echo_notify(struct virtio_device *d, unsigned q)
{
	((struct echo *)d)->notified |= 1u << q;
}
static void echo_status(struct virtio_device *d)
{
	((struct echo *)d)->status_calls++;
}
static void echo_reset(struct virtio_device *d)
{
	((struct echo *)d)->resets++;
}
static void echo_interrupt(void *ctx, int q)
{
	((struct echo *)ctx)->interrupts++;
}

static const struct virtio_ops echo_ops = {
	.name = "echo", .id = 42, .notify = echo_notify, .status = echo_status, .reset = echo_reset,
};

#define F_OWN BIT(3)

enum { ROM = RAM + 0x1000000 };

static void echo_start(struct echo *e, struct virtio_bench *b)
{
	static const u16 max[] = { QSIZE, 4 };

	bench_start(b);
	memset(e, 0, sizeof *e);
	virtio_init(&e->v, &echo_ops, &b->env, NULL, F_OWN, max, 2);
	e->v.interrupt = echo_interrupt;
	e->v.transport = e;
}

/* As a modern driver brings it up, with these features. */
static void echo_live(struct echo *e, struct virtio_bench *b, u64 features)
{
	echo_start(e, b);
	virtio_set_status(&e->v, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	virtio_set_features(&e->v, features | VIRTIO_F_VERSION_1);
	virtio_set_status(&e->v, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
	e->v.vq[0].desc = DESC;
	e->v.vq[0].avail = AVAIL;
	e->v.vq[0].used = USED;
	e->v.vq[0].size = QSIZE;
	virtio_set_ready(&e->v, 0, true);
	virtio_set_status(&e->v, e->v.status | VIRTIO_DRIVER_OK);
	EXPECT(virtio_live(&e->v) && e->v.vq[0].ready);
}

TEST(a_chain_is_taken_copied_and_returned)
{
	struct virtio_bench b;
	struct echo e;
	struct virtio_chain c;
	char text[16] = "";

	echo_live(&e, &b, 0);
	put(&b, DATA, "hello ", 6);
	put(&b, DATA + 100, "world", 6);
	put_desc(&b, DESC, 2, DATA, 6, NEXT, 5);
	put_desc(&b, DESC, 5, DATA + 100, 6, NEXT, 1);
	put_desc(&b, DESC, 1, DATA + 200, 3, NEXT | WRITE, 0);
	put_desc(&b, DESC, 0, DATA + 300, 9, WRITE, 0);
	EXPECT(!virtio_pop(&e.v, 0, &c));
	offer(&b, 2);
	virtio_notify(&e.v, 0);
	EXPECT_EQ(e.notified, 1);
	EXPECT(virtio_pending(&e.v, 0));
	ASSERT(virtio_pop(&e.v, 0, &c));
	EXPECT_EQ(c.n_out, 2);
	EXPECT_EQ(c.n_in, 2);
	EXPECT_EQ(c.out_len, 12);
	EXPECT_EQ(c.in_len, 12);
	EXPECT_EQ(virtio_chain_read(&e.v, &c, 3, text, 16), 9);
	EXPECT_STR(text, "lo world");
	EXPECT_EQ(virtio_chain_write(&e.v, &c, 1, "abcdefghijklmnop", 16), 11);
	EXPECT_EQ(get(&b, DATA + 200, 3), 'a' << 8 | 'b' << 16);
	EXPECT_EQ(get(&b, DATA + 300, 1), 'c');
	EXPECT_EQ(get(&b, DATA + 309, 1), 0);
	virtio_push(&e.v, 0, &c, 12);
	EXPECT_EQ(used_count(&b), 1);
	EXPECT_EQ(get(&b, USED + 4, 8), 2 | 12ull << 32);
	EXPECT_EQ(e.interrupts, 0);
	virtio_signal(&e.v, 0);
	EXPECT_EQ(e.interrupts, 1);
	EXPECT(!virtio_pending(&e.v, 0));
	bus_free(b.bus);
}

TEST(an_indirect_table_is_one_chain)
{
	struct virtio_bench b;
	struct echo e;
	struct virtio_chain c;

	echo_live(&e, &b, VIRTIO_F_INDIRECT_DESC);
	for (unsigned i = 0; i < 20; i++) /* longer than the queue */
		put_desc(&b, TABLE, i, DATA + 16 * i, 16, (i < 19 ? NEXT : 0) | (i < 5 ? 0 : WRITE), (u16)(i + 1));
	put_desc(&b, DESC, 3, TABLE, 20 * 16, INDIRECT, 0);
	offer(&b, 3);
	ASSERT(virtio_pop(&e.v, 0, &c));
	EXPECT_EQ(c.n_out, 5);
	EXPECT_EQ(c.n_in, 15);
	EXPECT_EQ(c.head, 3);
	bus_free(b.bus);
}

/* One wrong descriptor 0 (and what it points to): the device breaks once, tells the driver, and takes nothing more. */
static void broken_by(u64 addr, u32 len, u16 flags, u16 next, u64 features)
{
	struct virtio_bench b;
	struct echo e;
	struct virtio_chain c;

	echo_live(&e, &b, features);
	EXPECT_EQ(bus_add_ram(b.bus, "rom", ROM, 0x1000, false), 0);
	bus_set_readonly(b.bus, ROM, true);
	put_desc(&b, TABLE, 0, DATA, 8, NEXT, 1);
	put_desc(&b, TABLE, 1, DATA, 8, NEXT, 0);
	put_desc(&b, TABLE, 2, DATA, 8, INDIRECT, 0);
	put_desc(&b, DESC, 0, addr, len, flags, next);
	put_desc(&b, DESC, 1, DATA, 8, NEXT, 0);
	put_desc(&b, DESC, 2, DATA, 8, 0, 0);
	offer(&b, 0);
	if (!EXPECT(!virtio_pop(&e.v, 0, &c)) || !EXPECT(e.v.status & VIRTIO_NEEDS_RESET))
		FAIL_TEST("descriptor %#lx %#x flags %u next %u", addr, len, flags, next);
	EXPECT_EQ(e.interrupts, 1);
	EXPECT_EQ(e.v.stats.errors, 1);
	offer(&b, 2);
	EXPECT(!virtio_pop(&e.v, 0, &c));
	virtio_notify(&e.v, 0);
	EXPECT_EQ(e.notified, 0);
	virtio_set_status(&e.v, e.v.status | VIRTIO_DRIVER_OK);
	EXPECT(e.v.status & VIRTIO_NEEDS_RESET);
	virtio_set_status(&e.v, 0);
	EXPECT_EQ(e.v.status, 0);
	bus_free(b.bus);
}

TEST(a_device_that_has_moved_a_gibibyte_rests)
{
	static u8 bytes[1 << 20];
	struct virtio_bench b;
	struct echo e;
	struct virtio_chain c;

	echo_live(&e, &b, VIRTIO_F_INDIRECT_DESC);
	for (unsigned i = 0; i < VIRTIO_SEGS_MAX; i++)
		put_desc(&b, TABLE, i, RAM, RAM_SIZE, i + 1 < VIRTIO_SEGS_MAX ? NEXT : 0, (u16)(i + 1));
	put_desc(&b, DESC, 0, TABLE, 16 * VIRTIO_SEGS_MAX, INDIRECT, 0);
	for (unsigned i = 0; i < 3; i++)
		offer(&b, 0);
	ASSERT(virtio_pop(&e.v, 0, &c));
	EXPECT_EQ(c.out_len, VIRTIO_BYTES_MAX);
	for (u64 at = 0; at < c.out_len; at += sizeof bytes)
		EXPECT_EQ(virtio_chain_read(&e.v, &c, at, bytes, sizeof bytes), sizeof bytes);
	EXPECT(!virtio_pop(&e.v, 0, &c));
	EXPECT(virtio_pending(&e.v, 0));
	EXPECT_EQ(event_next(&b.queue), VIRTIO_REST_PS);
	b.now = VIRTIO_REST_PS;
	event_run(&b.queue, b.now);
	EXPECT_EQ(e.notified, 1);
	EXPECT(virtio_pop(&e.v, 0, &c));
	bus_free(b.bus);
}

TEST(memory_that_cannot_be_written_is_read_only_for_devices)
{
	struct virtio_bench b;
	struct echo e;
	struct virtio_chain c;
	u64 rom;

	echo_live(&e, &b, 0);
	EXPECT_EQ(bus_add_ram(b.bus, "rom", ROM, 0x1000, false), 0);
	put(&b, ROM, "constant", 8);
	bus_set_readonly(b.bus, ROM, true);
	put_desc(&b, DESC, 0, ROM, 8, 0, 0);
	offer(&b, 0);
	ASSERT(virtio_pop(&e.v, 0, &c));
	EXPECT_EQ(virtio_chain_read(&e.v, &c, 0, &rom, 8), 8);
	EXPECT(!memcmp(&rom, "constant", 8));
	virtio_set_ready(&e.v, 0, false);
	e.v.vq[0].used = ROM;
	virtio_set_ready(&e.v, 0, true);
	EXPECT(!e.v.vq[0].ready);
	bus_free(b.bus);
}

TEST(wrong_descriptors_break_the_device)
{
	u64 ind = VIRTIO_F_INDIRECT_DESC;

	broken_by(DATA, 0, 0, 0, 0);
	broken_by(DATA, 8, NEXT, 1, 0);		     /* 0 -> 1 -> 0 */
	broken_by(DATA, 8, NEXT, 0, 0);		     /* 0 -> 0 */
	broken_by(DATA, 8, NEXT, QSIZE, 0);	     /* no such descriptor */
	broken_by(DATA, 8, NEXT, 0xffff, 0);
	broken_by(RAM - 8, 16, 0, 0, 0);	     /* begins before RAM */
	broken_by(RAM + RAM_SIZE - 8, 9, WRITE, 0, 0); /* ends after it */
	broken_by(0, 8, 0, 0, 0);
	broken_by(~0ull - 3, 8, 0, 0, 0);	     /* wraps around */
	broken_by(1ull << 52 | DATA, 8, 0, 0, 0);
	broken_by(DATA, 0xffffffff, WRITE, 0, 0);
	broken_by(ROM, 8, WRITE, 0, 0);
	broken_by(DATA, 8, NEXT | WRITE, 2, 0);	     /* readable after writable */
	broken_by(TABLE, 32, INDIRECT, 0, 0);	     /* not negotiated */
	broken_by(TABLE, 32, INDIRECT | NEXT, 2, ind);
	broken_by(TABLE, 32, INDIRECT, 0, ind);	     /* a circle in the table */
	broken_by(TABLE, 16, INDIRECT, 0, ind);	     /* its second entry is outside */
	broken_by(TABLE, 33, INDIRECT, 0, ind);
	broken_by(TABLE, 0, INDIRECT, 0, ind);
	broken_by(TABLE + 32, 16, INDIRECT, 0, ind); /* indirect in indirect */
	broken_by(RAM + RAM_SIZE - 16, 32, INDIRECT, 0, ind);
}

TEST(heads_and_indexes_outside_the_ring_break_the_device)
{
	struct virtio_bench b;
	struct echo e;
	struct virtio_chain c;

	echo_live(&e, &b, 0);
	offer(&b, QSIZE);
	EXPECT(!virtio_pop(&e.v, 0, &c));
	EXPECT(e.v.status & VIRTIO_NEEDS_RESET);
	bus_free(b.bus);

	echo_live(&e, &b, 0);
	put_desc(&b, DESC, 0, DATA, 8, 0, 0);
	b.avail = QSIZE;
	offer(&b, 0);
	EXPECT(!virtio_pop(&e.v, 0, &c));
	EXPECT(e.v.status & VIRTIO_NEEDS_RESET);
	bus_free(b.bus);
}

TEST(chains_of_too_many_descriptors_or_bytes_break_the_device)
{
	struct virtio_bench b;
	struct echo e;
	struct virtio_chain c;
	u64 table = RAM + 0x20000;

	echo_live(&e, &b, VIRTIO_F_INDIRECT_DESC);
	for (unsigned i = 0; i <= VIRTIO_SEGS_MAX; i++)
		put_desc(&b, table, i, DATA, 1, i < VIRTIO_SEGS_MAX ? NEXT : 0, (u16)(i + 1));
	put_desc(&b, DESC, 0, table, 16 * (VIRTIO_SEGS_MAX + 1), INDIRECT, 0);
	offer(&b, 0);
	EXPECT(!virtio_pop(&e.v, 0, &c));
	EXPECT(e.v.status & VIRTIO_NEEDS_RESET);
	bus_free(b.bus);
}

TEST(queues_that_do_not_fit_stay_disabled)
{
	static const struct {
		u64 desc, avail, used;
		u16 size;
	} bad[] = {
		{ DESC + 8, AVAIL, USED, QSIZE },	    { DESC, AVAIL + 1, USED, QSIZE },
		{ DESC, AVAIL, USED + 2, QSIZE },	    { RAM + RAM_SIZE - 16, AVAIL, USED, QSIZE },
		{ DESC, RAM + RAM_SIZE - 4, USED, QSIZE },  { DESC, AVAIL, RAM - 4, QSIZE },
		{ 0, 0, 0, QSIZE },			    { DESC, AVAIL, USED, 0 },
		{ DESC, AVAIL, USED, 2 * QSIZE },	    { DESC, AVAIL, USED, 3 },
		{ ~15ull, AVAIL, USED, QSIZE },
	};
	struct virtio_bench b;
	struct echo e;

	echo_start(&e, &b);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct virtq *vq = &e.v.vq[0];

		vq->desc = bad[i].desc;
		vq->avail = bad[i].avail;
		vq->used = bad[i].used;
		vq->size = bad[i].size;
		virtio_set_ready(&e.v, 0, true);
		EXPECT(!vq->ready);
	}
	virtio_set_ready(&e.v, 2, true); /* there are two */
	virtio_notify(&e.v, 77);
	EXPECT_EQ(e.notified, 0);
	bus_free(b.bus);
}

TEST(features_are_negotiated_once)
{
	struct virtio_bench b;
	struct echo e;

	echo_start(&e, &b);
	virtio_set_status(&e.v, 3);
	virtio_set_features(&e.v, F_OWN | BIT(50));
	EXPECT_EQ(e.v.features, F_OWN);
	virtio_set_status(&e.v, 3 | VIRTIO_FEATURES_OK);
	EXPECT(!(e.v.status & VIRTIO_FEATURES_OK)); /* without VERSION_1 */
	virtio_set_features(&e.v, F_OWN | VIRTIO_F_VERSION_1);
	virtio_set_status(&e.v, 3 | VIRTIO_FEATURES_OK);
	EXPECT(e.v.status & VIRTIO_FEATURES_OK);
	virtio_set_features(&e.v, 0);
	EXPECT_EQ(e.v.features, F_OWN | VIRTIO_F_VERSION_1);
	EXPECT_EQ(e.status_calls, 3);
	bus_free(b.bus);
}

/* Offers and returns n one-descriptor chains, then signals. */
static void burst(struct virtio_bench *b, struct echo *e, unsigned n)
{
	struct virtio_chain c;

	put_desc(b, DESC, 0, DATA, 8, 0, 0);
	for (unsigned i = 0; i < n; i++) {
		offer(b, 0);
		if (EXPECT(virtio_pop(&e->v, 0, &c)))
			virtio_push(&e->v, 0, &c, 0);
	}
	virtio_signal(&e->v, 0);
}

TEST(drivers_get_the_interrupts_that_they_want)
{
	struct virtio_bench b;
	struct echo e;
	struct virtio_chain c;
	u16 v = 1;

	echo_live(&e, &b, 0);
	put(&b, AVAIL, &v, 2); /* VIRTQ_AVAIL_F_NO_INTERRUPT */
	burst(&b, &e, 3);
	EXPECT_EQ(e.interrupts, 0);
	EXPECT_EQ(e.v.stats.suppressed, 1);
	bus_free(b.bus);

	echo_live(&e, &b, VIRTIO_F_EVENT_IDX);
	v = 5;
	put(&b, AVAIL + 4 + 2 * QSIZE, &v, 2); /* used_event */
	burst(&b, &e, 1);
	EXPECT_EQ(e.interrupts, 1); /* the first one always */
	burst(&b, &e, 4);
	EXPECT_EQ(e.interrupts, 1);
	burst(&b, &e, 1); /* the sixth: index 5 */
	EXPECT_EQ(e.interrupts, 2);
	EXPECT(!virtio_pop(&e.v, 0, &c));
	EXPECT_EQ(get(&b, USED + 4 + 8 * QSIZE, 2), 6); /* avail_event: tell me of the seventh */
	bus_free(b.bus);
}

TEST(devices_come_back_with_their_queues)
{
	struct mem_snap a = { .s.bytes = mem_bytes };
	struct virtio_bench b, b2;
	struct echo e, e2;

	echo_live(&e, &b, VIRTIO_F_EVENT_IDX);
	burst(&b, &e, 3);
	echo_start(&e2, &b2);
	virtio_snap(&e.v, &a.s);
	mem_rewind(&a);
	virtio_snap(&e2.v, &a.s);
	EXPECT(!a.s.failed);
	EXPECT(virtio_live(&e2.v));
	EXPECT_EQ(e2.v.vq[0].next_avail, 3);
	EXPECT_EQ(e2.v.features, e.v.features);

	memset(&a, 0, sizeof a); /* a queue outside RAM is refused */
	a.s.bytes = mem_bytes;
	e.v.vq[0].desc = 0x1000;
	virtio_snap(&e.v, &a.s);
	mem_rewind(&a);
	virtio_snap(&e2.v, &a.s);
	EXPECT(a.s.failed);
	bus_free(b.bus);
	bus_free(b2.bus);
}

/* ---- virtio-mmio ---- */

static void level(void *sink, u32 pin, bool on)
{
	*(bool *)sink = on;
}

struct slot {
	struct virtio_bench b;
	struct echo e;
	struct virtio_mmio *t;
	bool irq;
};

static void slot_start(struct slot *s, bool legacy)
{
	struct wire w = { level, &s->irq, 0 };

	echo_start(&s->e, &s->b);
	s->irq = false;
	s->t = virtio_mmio_new(&s->e.v, legacy, w, NULL);
	virtio_mmio_ops.reset(s->t);
}

static void slot_end(struct slot *s)
{
	virtio_mmio_free(s->t);
	bus_free(s->b.bus);
}

static u32 rd(struct slot *s, u32 off)
{
	return (u32)virtio_mmio_ops.read(s->t, off, 4, (struct attrs){ 0 });
}
static void wr(struct slot *s, u32 off, u32 v)
{
	virtio_mmio_ops.write(s->t, off, v, 4, (struct attrs){ 0 });
}

TEST(an_empty_slot_says_that_it_is_empty)
{
	struct slot s = { .t = virtio_mmio_new(NULL, true, (struct wire){ 0 }, NULL) };

	EXPECT_EQ(rd(&s, 0), 0x74726976);
	EXPECT_EQ(rd(&s, 4), 1);
	EXPECT_EQ(rd(&s, 8), 0);
	EXPECT_EQ(rd(&s, 0x100), 0);
	wr(&s, 0x70, 1);
	EXPECT_EQ(rd(&s, 0x70), 0);
	virtio_mmio_ops.reset(s.t);
	virtio_mmio_free(s.t);
}

TEST(a_modern_driver_brings_a_slot_up)
{
	struct slot s;

	slot_start(&s, false);
	EXPECT_EQ(rd(&s, 4), 2);
	EXPECT_EQ(rd(&s, 8), 42);
	wr(&s, 0x70, 1);
	wr(&s, 0x70, 3);
	wr(&s, 0x14, 1);
	EXPECT_EQ(rd(&s, 0x10), 1); /* VERSION_1 */
	wr(&s, 0x14, 2);
	EXPECT_EQ(rd(&s, 0x10), 0);
	wr(&s, 0x14, 0);
	EXPECT(rd(&s, 0x10) & F_OWN);
	wr(&s, 0x24, 1);
	wr(&s, 0x20, 1);
	wr(&s, 0x24, 0);
	wr(&s, 0x20, F_OWN);
	wr(&s, 0x70, 11);
	EXPECT_EQ(rd(&s, 0x70), 11);
	EXPECT_EQ(s.e.v.features, F_OWN | VIRTIO_F_VERSION_1);
	wr(&s, 0x30, 0);
	EXPECT_EQ(rd(&s, 0x34), QSIZE);
	wr(&s, 0x38, QSIZE);
	wr(&s, 0x80, DESC);
	wr(&s, 0x90, AVAIL);
	wr(&s, 0xa0, USED);
	wr(&s, 0x44, 1);
	EXPECT_EQ(rd(&s, 0x44), 1);
	wr(&s, 0x80, 0); /* an enabled queue does not move */
	EXPECT_EQ(s.e.v.vq[0].desc, DESC);
	wr(&s, 0x30, 9);
	EXPECT_EQ(rd(&s, 0x34), 0);
	wr(&s, 0x44, 1);
	wr(&s, 0x70, 15);
	wr(&s, 0x50, 0);
	EXPECT_EQ(s.e.notified, 1);
	burst(&s.b, &s.e, 1);
	EXPECT(s.irq);
	EXPECT_EQ(rd(&s, 0x60), 1);
	virtio_config_changed(&s.e.v);
	EXPECT_EQ(rd(&s, 0x60), 3);
	EXPECT_EQ(rd(&s, 0xfc), 1);
	wr(&s, 0x64, 1);
	EXPECT(s.irq);
	wr(&s, 0x64, 2);
	EXPECT(!s.irq);
	wr(&s, 0x70, 0);
	EXPECT_EQ(rd(&s, 0x70), 0);
	EXPECT(!s.e.v.vq[0].ready);
	slot_end(&s);
}

TEST(a_legacy_driver_gives_one_page_number)
{
	struct slot s;

	slot_start(&s, true);
	EXPECT_EQ(rd(&s, 4), 1);
	wr(&s, 0x28, 4096); /* before the reset, as Linux does */
	wr(&s, 0x70, 0);
	wr(&s, 0x70, 3);
	wr(&s, 0x14, 1);
	EXPECT_EQ(rd(&s, 0x10), 0); /* no high features */
	wr(&s, 0x20, F_OWN);
	wr(&s, 0x38, QSIZE);
	wr(&s, 0x3c, 4096);
	wr(&s, 0x40, RAM / 4096 + 4);
	EXPECT_EQ(rd(&s, 0x40), RAM / 4096 + 4);
	EXPECT_EQ(s.e.v.vq[0].avail, RAM + 0x4000 + 16 * QSIZE);
	EXPECT_EQ(s.e.v.vq[0].used, RAM + 0x5000);
	wr(&s, 0x50, 0); /* before DRIVER_OK */
	EXPECT_EQ(s.e.notified, 1);
	wr(&s, 0x40, 0);
	EXPECT_EQ(rd(&s, 0x40), 0);
	wr(&s, 0x40, 0xffffffff);
	EXPECT_EQ(rd(&s, 0x40), 0);
	slot_end(&s);
}

TEST(slots_take_any_access)
{
	struct slot s;
	u64 x = 1;

	for (int legacy = 0; legacy < 2; legacy++) {
		slot_start(&s, legacy);
		s.e.v.config_size = 10;
		for (unsigned i = 0; i < 200000; i++) {
			unsigned width;
			u64 off;

			x = x * 6364136223846793005u + 1442695040888963407u;
			width = 1u << (x >> 60) % 3;
			off = (x >> 40) % 0x200 & ~(u64)(width - 1);
			virtio_mmio_ops.write(s.t, off, x >> 33 & 1 ? x >> 20 & 15 : x >> 8, width, (struct attrs){ 0 });
			virtio_mmio_ops.read(s.t, off, width, (struct attrs){ 0 });
		}
		slot_end(&s);
	}
}
