/* LPIs, the ITS and the GICv2m frame: what a guest under QEMU cannot be asked. tests/guest/its*.c has the rest. */
#include "test_gic.h"

enum {
	RAM = 0x40000000,
	QUEUE = RAM,
	DEVICES = RAM + 0x10000,
	COLLECTIONS = RAM + 0x20000,
	ITT = RAM + 0x30000,
	PROPERTIES = RAM + 0x40000,
	PENDING = RAM + 0x60000, /* and 64 KiB further for each PE */
	NOWHERE = 0x20000000,
};

#define VALID BIT(63)

static struct event_queue queue; /* of the bench at work; the tests run one after the other */

static u64 now(void *ctx)
{
	return queue.now;
}

static void put64(struct bench *b, u64 addr, u64 v)
{
	bus_write(b->bus, pa_make(SPACE_NS, addr), 8, bench_attrs(b), v);
}
static u64 get8(struct bench *b, u64 addr)
{
	u64 v;

	bus_read(b->bus, pa_make(SPACE_NS, addr), 1, bench_attrs(b), &v);
	return v;
}
static u64 its_rd(struct bench *b, u64 off, unsigned width)
{
	return gic_its_ops.read(gic_its(b->g), off, width, bench_attrs(b));
}
static void its_wr(struct bench *b, u64 off, u64 v, unsigned width)
{
	gic_its_ops.write(gic_its(b->g), off, v, width, bench_attrs(b));
}
static void message(struct bench *b, u16 stream, u32 event)
{
	struct attrs at = { .requester = 0x8000 | stream };

	gic_its_ops.write(gic_its(b->g), 0x10040, event, 4, at);
}

static u64 creadr(struct bench *b)
{
	return its_rd(b, 0x90, 8);
}

static u64 at; /* where the next command goes */

static void put_command(struct bench *b, u64 dw0, u64 dw1, u64 dw2, u64 dw3)
{
	const u64 dw[4] = { dw0, dw1, dw2, dw3 };

	for (unsigned i = 0; i < 4; i++)
		put64(b, QUEUE + at + 8 * i, dw[i]);
	at = (at + 32) % 0x10000;
}
static void go(struct bench *b)
{
	its_wr(b, 0x88, at, 8);
}
static void command(struct bench *b, u64 dw0, u64 dw1, u64 dw2, u64 dw3)
{
	put_command(b, dw0, dw1, dw2, dw3);
	go(b);
}
static void mapti(struct bench *b, u32 device, u32 event, u32 intid, u32 collection)
{
	command(b, (u64)device << 32 | 0xa, (u64)intid << 32 | event, collection, 0);
}
static void int_(struct bench *b, u32 device, u32 event)
{
	command(b, (u64)device << 32 | 3, event, 0, 0);
}

/* LPIs on at every PE with priority 0xa0, device 1 with 256 events, collection n at PE n. */
static struct bench its_new(unsigned n, u64 features)
{
	struct gic_config config = bench_config(n, features);
	struct bench b;

	event_queue_init(&queue);
	config.its = true;
	config.bus = bus_new(NULL);
	config.queue = &queue;
	config.now = now;
	EXPECT_EQ(bus_add_ram(config.bus, "ram", RAM, 1 << 20, false), 0);
	b = bench_make(&config, features);
	bench_start(&b);
	for (unsigned i = 0; i < 8192; i++)
		bus_write(b.bus, pa_make(SPACE_NS, PROPERTIES + i), 1, bench_attrs(&b), 0xa1);
	for (unsigned i = 0; i < n; i++) {
		gicr_wr(&b, i, 0x70, PROPERTIES | 15, 8);
		gicr_wr(&b, i, 0x78, PENDING + 0x10000 * i, 8);
		gicr_wr(&b, i, 0, 1, 4);
	}
	at = 0;
	its_wr(&b, 0x100, VALID | DEVICES, 8);
	its_wr(&b, 0x108, VALID | COLLECTIONS, 8);
	its_wr(&b, 0x80, VALID | QUEUE | 15, 8);
	its_wr(&b, 0, 1, 4);
	for (unsigned i = 0; i < n; i++)
		command(&b, 9, 0, VALID | (u64)i << 16 | i, 0);
	command(&b, 1ull << 32 | 8, 7, VALID | ITT, 0);
	return b;
}

TEST(a_message_of_a_device_becomes_an_lpi)
{
	struct bench b = its_new(2, FEAT(EL2));

	mapti(&b, 1, 5, 8200, 1);
	message(&b, 1, 5);
	EXPECT(!irq(&b, 0) && irq(&b, 1));
	EXPECT_EQ(rd(&b, 1, "ICC_IAR1_EL1"), 8200);
	EXPECT(!irq(&b, 1));
	wr(&b, 1, "ICC_DIR_EL1", 8200);
	wr(&b, 1, "ICC_EOIR1_EL1", 8200);
	EXPECT_EQ(rd(&b, 1, "ICC_RPR_EL1"), 0xff);
	message(&b, 2, 5);
	message(&b, 1, 6);
	message(&b, 1, 256);
	its_wr(&b, 0, 0, 4);
	message(&b, 1, 5);
	EXPECT(!irq(&b, 0) && !irq(&b, 1));
	EXPECT_EQ(gic_stats(b.g)->msi, 1);
	EXPECT_EQ(gic_stats(b.g)->msi_dropped, 4);
	EXPECT_EQ(gic_stats(b.g)->lpi_ack, 1);
	bench_free(&b);
}

TEST(a_write_does_a_bounded_number_of_commands_and_events_do_the_rest)
{
	struct bench b = its_new(1, FEAT(EL2));
	unsigned events = 0;

	mapti(&b, 1, 0, 8192, 0);
	for (unsigned i = 0; i < 1000; i++)
		put_command(&b, 5, 0, 0, 0);
	put_command(&b, 1ull << 32 | 3, 0, 0, 0);
	go(&b);
	EXPECT(creadr(&b) < at && !irq(&b, 0));
	for (; event_next(&queue) != EVENT_NEVER && events < 100; events++)
		event_run(&queue, event_next(&queue));
	EXPECT_EQ(events, 3);
	EXPECT_EQ(creadr(&b), at);
	EXPECT(irq(&b, 0));
	bench_free(&b);
}

TEST(memory_that_is_not_there_stalls_the_queue_until_retry)
{
	struct bench b = its_new(1, FEAT(EL2));
	u64 stop;

	command(&b, 2ull << 32 | 8, 3, VALID | NOWHERE, 0);
	EXPECT_EQ(creadr(&b), at);
	stop = at;
	mapti(&b, 2, 0, 8192, 0);
	EXPECT_EQ(creadr(&b), stop | 1);
	int_(&b, 1, 0);
	EXPECT_EQ(creadr(&b), stop | 1);
	put64(&b, DEVICES + 16, VALID | (ITT + 0x8000) | 3);
	its_wr(&b, 0x88, at | 1, 8);
	EXPECT_EQ(creadr(&b), at);
	int_(&b, 2, 0);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 8192);
	bench_free(&b);
}

TEST(tables_and_queues_in_devices_or_beyond_memory_do_nothing)
{
	static const u64 places[] = { NOWHERE, RAM + 0x100000, RAM + 0xff000, 0xffffffff0000 };
	struct bench b = its_new(1, FEAT(EL2));

	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		its_wr(&b, 0, 0, 4);
		its_wr(&b, 0x100, VALID | BIT(62) | places[i] | 0xff, 8);
		its_wr(&b, 0x80, VALID | places[i] | 0xff, 8);
		its_wr(&b, 0x88, 0xfffe0, 8);
		its_wr(&b, 0, 1, 4);
		message(&b, 0x7fff, ~0u);
		gicr_wr(&b, 0, 0, 0, 4);
		gicr_wr(&b, 0, 0x70, places[i] | 31, 8);
		gicr_wr(&b, 0, 0x78, places[i], 8);
		gicr_wr(&b, 0, 0, 1, 4);
		for (unsigned n = 0; event_next(&queue) != EVENT_NEVER && n < 1000; n++)
			event_run(&queue, event_next(&queue));
		EXPECT_EQ(event_next(&queue), EVENT_NEVER);
	}
	EXPECT(!irq(&b, 0));
	bench_free(&b);
}

TEST(cwriter_outside_the_queue_starts_nothing)
{
	struct bench b = its_new(1, FEAT(EL2));
	u64 before = creadr(&b);

	its_wr(&b, 0x88, 0x10000, 8);
	EXPECT_EQ(creadr(&b), before);
	EXPECT_EQ(event_next(&queue), EVENT_NEVER);
	bench_free(&b);
}

TEST(disabling_lpis_writes_the_pending_table)
{
	struct bench b = its_new(1, FEAT(EL2));

	mapti(&b, 1, 0, 8192 + 77, 0);
	int_(&b, 1, 0);
	EXPECT(irq(&b, 0));
	EXPECT_EQ(get8(&b, PENDING + 8269 / 8), 0);
	gicr_wr(&b, 0, 0x78, 0, 8); /* ignored while they are on */
	gicr_wr(&b, 0, 0, 0, 4);
	EXPECT(!irq(&b, 0));
	EXPECT_EQ(get8(&b, PENDING + 8269 / 8), 1 << 8269 % 8);
	int_(&b, 1, 0);
	gicr_wr(&b, 0, 0, 1, 4);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 8269);
	gicr_wr(&b, 0, 0, 0, 4);
	gicr_wr(&b, 0, 0x78, BIT(62) | PENDING, 8);
	EXPECT_EQ(gicr_rd(&b, 0, 0x78, 8), PENDING);
	bench_free(&b);
}

TEST(configuration_is_read_when_inv_asks_for_it)
{
	struct bench b = its_new(1, FEAT(EL2));

	mapti(&b, 1, 0, 8192, 0);
	put64(&b, PROPERTIES, 0);
	int_(&b, 1, 0);
	EXPECT(irq(&b, 0)); /* the copy of EnableLPIs is as good as another */
	command(&b, 1ull << 32 | 0xc, 0, 0, 0);
	EXPECT(!irq(&b, 0));
	put64(&b, PROPERTIES, 0x41);
	EXPECT(!irq(&b, 0));
	command(&b, 0xd, 0, 0, 0);
	EXPECT(irq(&b, 0));
	bench_free(&b);
}

TEST(lpis_beyond_propbaser_idbits_do_not_exist)
{
	struct bench b = its_new(1, FEAT(EL2));

	gicr_wr(&b, 0, 0, 0, 4);
	gicr_wr(&b, 0, 0x70, PROPERTIES | 13, 8);
	gicr_wr(&b, 0, 0, 1, 4);
	mapti(&b, 1, 0, 16384, 0);
	mapti(&b, 1, 1, 16383, 0);
	int_(&b, 1, 0);
	EXPECT(!irq(&b, 0));
	int_(&b, 1, 1);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 16383);
	bench_free(&b);
}

TEST(with_two_security_states_lpis_have_non_secure_priorities)
{
	struct bench b = its_new(1, FEAT(EL2) | FEAT(EL3));

	b.ns = false;
	gicd_wr(&b, 0, 0x37, 4);
	gicr_wr(&b, 0, 0x14, 0, 4);
	b.c[0]->sys.scr_el3 = SCR_NS;
	wr(&b, 0, "ICC_PMR_EL1", 0xff);
	wr(&b, 0, "ICC_IGRPEN1_EL1", 1);
	b.ns = true;
	mapti(&b, 1, 0, 8192, 0);
	int_(&b, 1, 0);
	EXPECT(irq(&b, 0));
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 8192);
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0x80 | 0xa0 >> 1);
	bench_free(&b);
}

TEST(snapshots_hold_lpis_and_the_queue)
{
	static struct bench_snap saved, again;
	struct bench b = its_new(2, FEAT(EL2));
	struct device_ops ops = gic_its_ops;

	mapti(&b, 1, 0, 8192, 0);
	mapti(&b, 1, 1, 8193, 1);
	int_(&b, 1, 0);
	EXPECT(bench_snap(&b, &saved, false));
	ops.snap(gic_its(b.g), &saved.s);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 8192);
	int_(&b, 1, 1);
	its_wr(&b, 0, 0, 4);
	EXPECT(bench_snap(&b, &saved, true));
	ops.snap(gic_its(b.g), &saved.s);
	EXPECT(!saved.s.failed);
	EXPECT_EQ(its_rd(&b, 0, 4), 1);
	EXPECT_EQ(rd(&b, 0, "ICC_HPPIR1_EL1"), 8192);
	EXPECT_EQ(rd(&b, 1, "ICC_HPPIR1_EL1"), 1023);
	EXPECT(bench_snap(&b, &again, false));
	ops.snap(gic_its(b.g), &again.s);
	EXPECT_EQ(again.at, saved.at);
	EXPECT(!memcmp(again.data, saved.data, saved.at));
	bench_free(&b);
}

TEST(without_an_its_there_are_no_lpis)
{
	struct bench b = bench_new(1, FEAT(EL2));

	EXPECT(!gic_its(b.g) && !gic_v2m(b.g));
	EXPECT_EQ(gicd_rd(&b, 4, 4) >> 17 & 1, 0);
	EXPECT_EQ(gicr_rd(&b, 0, 8, 8) & 1, 0);
	gicr_wr(&b, 0, 0x70, ~0ull, 8);
	gicr_wr(&b, 0, 0, 1, 4);
	EXPECT_EQ(gicr_rd(&b, 0, 0, 4), 0);
	EXPECT_EQ(gicr_rd(&b, 0, 0x70, 8), 0);
	bench_free(&b);
}

TEST(a_gicv2m_frame_raises_its_spis_as_edges)
{
	struct gic_config config = bench_config(1, FEAT(EL2));
	struct bench b;

	config.v2m_first = 48;
	config.v2m_spis = 64;
	b = bench_make(&config, FEAT(EL2));
	bench_start(&b);
	gicd_wr(&b, 0xc00 + 4 * 5, ~0u, 4); /* INTIDs 80-95: edge */
	EXPECT_EQ(gic_v2m_ops.read(gic_v2m(b.g), 8, 4, bench_attrs(&b)), 80 << 16 | 64);
	gic_v2m_ops.write(gic_v2m(b.g), 0x40, 83, 4, bench_attrs(&b));
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 83);
	gic_v2m_ops.write(gic_v2m(b.g), 0x40, 79, 4, bench_attrs(&b));
	gic_v2m_ops.write(gic_v2m(b.g), 0x40, 144, 4, bench_attrs(&b));
	gic_v2m_ops.write(gic_v2m(b.g), 0x40, ~0u, 4, bench_attrs(&b));
	EXPECT_EQ(rd(&b, 0, "ICC_HPPIR1_EL1"), 1023);
	EXPECT_EQ(gic_stats(b.g)->msi_dropped, 3);
	bench_free(&b);
}

static char *its_screen(struct bench *b)
{
	char *text;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	gic_show_its(b->g, out);
	fclose(out);
	return text;
}

TEST(the_screen_of_the_its_decodes_its_tables)
{
	struct bench b = its_new(2, FEAT(EL2));
	char *text;

	mapti(&b, 1, 5, 8200, 1);
	mapti(&b, 1, 6, 8201, 3);
	put64(&b, PROPERTIES + 8, 0xa0);
	its_wr(&b, 0, 0, 4);
	message(&b, 1, 5);
	its_wr(&b, 0, 1, 4);
	message(&b, 1, 5);
	command(&b, 2ull << 32 | 8, 3, VALID | NOWHERE, 0);
	mapti(&b, 2, 0, 8192, 0);
	put_command(&b, 5, 0, 0, 0);
	go(&b);
	text = its_screen(&b);
	EXPECT_STR(text,
			 "ITS: on, stalled by a command that needs memory which is not there\n"
			 "  command queue   0x40000000, 64 KiB: GITS_CREADR 0xc0, GITS_CWRITER 0x100, 2 commands wait\n"
			 "    0x000c0  MAPTI    000000020000000a 0000200000000000 0000000000000000 0000000000000000\n"
			 "    0x000e0  SYNC     0000000000000005 0000000000000000 0000000000000000 0000000000000000\n"
			 "  collections     0x40020000, 1 page of 4 KiB, flat\n"
			 "    collection 0: PE 0\n"
			 "    collection 1: PE 1\n"
			 "  devices         0x40010000, 1 page of 4 KiB, flat\n"
			 "    device 0x1 (00:00.1): ITT 0x40030000, 256 events\n"
			 "      event 5: LPI 8200, collection 1 (PE 1), enabled, priority 0xa0 (memory says 0xa0: no INV since), pending\n"
			 "      event 6: LPI 8201, collection 3, which is not mapped\n"
			 "    device 0x2 (00:00.2): ITT 0x20000000, 16 events\n"
			 "      event 0: not in RAM\n"
			 "redistributors\n"
			 "  PE 0: LPIs on, GICR_PROPBASER 0x4004000f (INTIDs to 65535, 8192 enabled), GICR_PENDBASER 0x40060000, pending: none\n"
			 "  PE 1: LPIs on, GICR_PROPBASER 0x4004000f (INTIDs to 65535, 8192 enabled), GICR_PENDBASER 0x40070000, pending: 8200\n");
	free(text);
	bench_free(&b);
}

/* Tables that point nowhere, entries that name everything, two million events: looked at within bounds. */
TEST(the_screen_of_the_its_is_bounded_whatever_the_guest_wrote)
{
	struct bench b = its_new(1, FEAT(EL2));
	char *text;

	for (u64 at = 0; at < 0x100000 - 0x10000; at += 8)
		put64(&b, RAM + 0x10000 + at, ~0ull << 56 | (RAM + 0x10000) | 31);
	text = its_screen(&b);
	EXPECT(strlen(text) < 65536);
	EXPECT(strstr(text, "more") != NULL);
	free(text);
	its_wr(&b, 0, 0, 4);
	its_wr(&b, 0x100, VALID | BIT(62) | RAM | 0x2ff, 8);
	its_wr(&b, 0x108, VALID | BIT(62) | NOWHERE | 0x2ff, 8);
	its_wr(&b, 0x80, VALID | NOWHERE | 0xff, 8);
	its_wr(&b, 0x88, 0xfffe0, 8);
	text = its_screen(&b);
	EXPECT(strlen(text) < 65536);
	EXPECT(strstr(text, "not in RAM") != NULL);
	free(text);
	bench_free(&b);
}
