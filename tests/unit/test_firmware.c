/*
 * What firmware meets: flash by the commands of its data sheet, with contents that go to a file,
 * fw_cfg with DMA that stays inside RAM, GPIO; each saved, loaded and saved again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/snap.h"
#include "devices/flash.h"
#include "devices/fw_cfg.h"
#include "devices/ged.h"
#include "devices/pl061.h"
#include "tests/unit/harness.h"

static u32 rd(const struct device_ops *ops, void *d, u64 off)
{
	return (u32)ops->read(d, off, 4, (struct attrs){ 0 });
}
static void wr(const struct device_ops *ops, void *d, u64 off, u32 v)
{
	ops->write(d, off, v, 4, (struct attrs){ 0 });
}

/* A snapshot stream that grows. */
struct stream {
	struct snap s;
	u8 *data;
	size_t at, size;
};

static bool stream_bytes(struct snap *s, void *p, size_t n)
{
	struct stream *m = container_of(s, struct stream, s);

	if (s->loading) {
		if (m->at + n > m->size)
			return false;
		memcpy(p, m->data + m->at, n);
	} else {
		m->data = realloc(m->data, m->at + n);
		memcpy(m->data + m->at, p, n);
		m->size = m->at + n;
	}
	m->at += n;
	return true;
}

static void stream_rewind(struct stream *m)
{
	m->at = 0;
	m->s = (struct snap){ .loading = true, .bytes = stream_bytes };
}

/* What `from` saves is loaded into `to`, which then saves the same. Returns the size. */
static size_t same_after_loading(const struct device_ops *ops, void *from, void *to)
{
	struct stream a = { .s.bytes = stream_bytes }, b = { .s.bytes = stream_bytes };

	ops->snap(from, &a.s);
	stream_rewind(&a);
	ops->snap(to, &a.s);
	EXPECT(!a.s.failed);
	EXPECT_EQ(a.at, a.size);
	ops->snap(to, &b.s);
	EXPECT_EQ(a.size, b.size);
	EXPECT(a.size == b.size && !memcmp(a.data, b.data, a.size));
	free(a.data);
	free(b.data);
	return a.size;
}

/* Every damaged byte of the first n is refused or loads into a state that works. */
static void damage(const struct device_ops *ops, void *d, size_t n)
{
	struct stream a = { .s.bytes = stream_bytes };

	ops->snap(d, &a.s);
	for (size_t i = 0; i < n && i < a.size; i++) {
		a.data[i] ^= 0xff;
		stream_rewind(&a);
		ops->snap(d, &a.s);
		ops->read(d, 0, 4, (struct attrs){ 0 });
		ops->write(d, 0, 0x00400040, 4, (struct attrs){ 0 });
		ops->write(d, 0, 0x00ff00ff, 4, (struct attrs){ 0 });
		a.data[i] ^= 0xff;
	}
	free(a.data);
}

/* ---- flash ---- */

struct seen {
	bool array;
	u64 changed;
};

static void seen_array(void *ctx, bool on)
{
	((struct seen *)ctx)->array = on;
}
static void seen_changed(void *ctx, u64 off, u64 len)
{
	((struct seen *)ctx)->changed += len;
}

/* A file with the text in it; its descriptor. */
static int file_with(char path[32], const char *text)
{
	int fd;

	strcpy(path, "/tmp/trapline-unit-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		FAIL_TEST("cannot write %s", path);
	return fd;
}

static struct flash *bank(struct seen *s, int fd, bool keep, bool readonly)
{
	struct flash *d = NULL;

	*s = (struct seen){ .array = true };
	EXPECT_EQ(flash_new(&d, &(struct flash_config){ .fd = fd,
							.path = "a file",
							.keep = keep,
							.readonly = readonly,
							.array = seen_array,
							.changed = seen_changed,
							.ctx = s }),
		  0);
	return d;
}

#define F(off)	   rd(&flash_ops, d, off)
#define FW(off, v) wr(&flash_ops, d, off, v)
#define BOTH(c)	   ((c) | (u32)(c) << 16)

static void program(struct flash *d, u64 off, u32 v)
{
	FW(off, BOTH(0x40));
	FW(off, v);
	EXPECT_EQ(F(off), BOTH(0x80));
	FW(off, BOTH(0xff));
}

TEST(flash_without_a_file_is_erased_and_answers_cfi_and_id)
{
	static const u8 qry[] = { 'Q', 'R', 'Y', 1, 0 };
	struct seen s;
	struct flash *d = bank(&s, -1, false, false);

	ASSERT(d);
	EXPECT_EQ(F(0), ~0u);
	EXPECT_EQ(F(FLASH_SIZE - 4), ~0u);
	FW(0x55 * 4, BOTH(0x98));
	EXPECT(!s.array);
	for (unsigned i = 0; i < sizeof qry; i++)
		EXPECT_EQ(F(4 * (0x10 + i)), BOTH(qry[i]));
	EXPECT_EQ(F(4 * 0x27), BOTH(25)); /* 32 MiB a chip */
	EXPECT_EQ(F(4 * 0x2d), BOTH(255));
	EXPECT_EQ(flash_ops.read(d, 4 * 0x10 + 2, 1, (struct attrs){ 0 }), 'Q');
	FW(0, BOTH(0x90));
	EXPECT_EQ(F(0), BOTH(0x89));
	EXPECT_EQ(F(4), BOTH(0x18));
	FW(0, BOTH(0xff));
	EXPECT(s.array);
	flash_free(d);
}

TEST(flash_programs_bits_to_zero_and_erases_blocks)
{
	struct seen s;
	struct flash *d = bank(&s, -1, false, false);

	ASSERT(d);
	program(d, 0x100, 0x12345678);
	EXPECT_EQ(F(0x100), 0x12345678);
	program(d, 0x100, 0xffff0000);
	EXPECT_EQ(F(0x100), 0x12340000);
	FW(FLASH_BLOCK, BOTH(0x20));
	FW(FLASH_BLOCK, BOTH(0xd0));
	FW(0, BOTH(0xff));
	EXPECT_EQ(F(0x100), 0x12340000); /* another block */
	FW(0x200, BOTH(0x20));
	FW(0x200, BOTH(0xd0));
	EXPECT_EQ(F(0), BOTH(0x80));
	FW(0, BOTH(0xff));
	EXPECT_EQ(F(0x100), ~0u);
	EXPECT_EQ(s.changed, 8 + 2 * FLASH_BLOCK);
	EXPECT_EQ(flash_stats(d)->erases, 2);
	flash_free(d);
}

TEST(flash_buffer_takes_its_words_and_a_confirmation)
{
	struct seen s;
	struct flash *d = bank(&s, -1, false, false);

	ASSERT(d);
	FW(0x2000, BOTH(0xe8));
	EXPECT_EQ(F(0x2000), BOTH(0x80));
	FW(0x2000, BOTH(2)); /* three words */
	FW(0x2004, 1);
	FW(0x2008, 2);
	FW(0x2010, 3);
	FW(0x2000, BOTH(0xd0));
	EXPECT_EQ(F(0x2000), BOTH(0x80));
	FW(0, BOTH(0xff));
	EXPECT_EQ(F(0x2000), ~0u);
	EXPECT_EQ(F(0x2004), 1);
	EXPECT_EQ(F(0x2008), 2);
	EXPECT_EQ(F(0x200c), ~0u);
	EXPECT_EQ(F(0x2010), 3);
	flash_free(d);
}

TEST(flash_reports_wrong_sequences_and_writes_nothing)
{
	struct seen s;
	struct flash *d = bank(&s, -1, false, false);

	ASSERT(d);
	FW(0, BOTH(0x20)); /* not confirmed */
	FW(0, BOTH(0xff));
	EXPECT_EQ(F(0), BOTH(0xb0));
	FW(0, BOTH(0x50));
	EXPECT_EQ(F(0), BOTH(0x80));
	FW(0, BOTH(0xe8)); /* too long */
	FW(0, BOTH(0x400));
	EXPECT_EQ(F(0), BOTH(0xb0));
	FW(0, BOTH(0x50));
	FW(0, BOTH(0xe8)); /* leaves its window */
	FW(0, BOTH(1));
	FW(0x0ffc, 0);
	FW(0x1000, 0);
	EXPECT_EQ(F(0), BOTH(0xb0));
	FW(0, BOTH(0x50));
	FW(0, BOTH(0xe8)); /* not confirmed */
	FW(0, BOTH(0));
	FW(0x0ffc, 0);
	FW(0, BOTH(0xff));
	EXPECT_EQ(F(0), BOTH(0xb0));
	FW(0, BOTH(0xff));
	EXPECT_EQ(F(0x0ffc), ~0u);
	EXPECT_EQ(s.changed, 0);
	flash_free(d);
}

TEST(flash_keeps_its_contents_in_the_file_which_grows_as_erased)
{
	char path[32];
	u8 b[12] = { 0 };
	struct stat st;
	struct seen s;
	int fd = file_with(path, "abcdefgh"), again = dup(fd);
	struct flash *d = bank(&s, fd, true, false);

	ASSERT(d);
	EXPECT_EQ(F(0), 0x64636261);
	EXPECT_EQ(F(8), ~0u);
	program(d, 0x1000, 0x01020304);
	flash_free(d);
	EXPECT_EQ(fstat(again, &st), 0);
	EXPECT_EQ(st.st_size, 0x1004);
	EXPECT_EQ(pread(again, b, 12, 0), 12);
	EXPECT(!memcmp(b, "abcdefgh\xff\xff\xff\xff", 12));
	EXPECT_EQ(pread(again, b, 4, 0x1000), 4);
	EXPECT(!memcmp(b, "\4\3\2\1", 4));
	close(again);
	unlink(path);
}

TEST(flash_that_is_read_only_or_cannot_write_tells_the_guest)
{
	char path[32];
	struct seen s;
	struct flash *d = bank(&s, file_with(path, "x"), false, true);

	ASSERT(d);
	FW(0, BOTH(0x40));
	FW(0, 0);
	EXPECT_EQ(F(0), BOTH(0x92));
	FW(0, BOTH(0x50));
	FW(0, BOTH(0x20));
	FW(0, BOTH(0xd0));
	EXPECT_EQ(F(0), BOTH(0xa2));
	FW(0, BOTH(0xff));
	EXPECT_EQ(F(0), 0xffffff78);
	flash_free(d);
	/* a descriptor that only reads: as a full disk, the write fails */
	d = bank(&s, open(path, 0), true, false);
	ASSERT(d);
	FW(0, BOTH(0x40));
	FW(0, 0);
	EXPECT_EQ(F(0), BOTH(0x90));
	flash_free(d);
	unlink(path);
}

TEST(flash_refuses_a_file_larger_than_the_bank)
{
	char path[32];
	struct flash *d;
	int fd = file_with(path, "");

	EXPECT_EQ(ftruncate(fd, (off_t)FLASH_SIZE + 1), 0);
	EXPECT_EQ(flash_new(&d, &(struct flash_config){ .fd = fd }), -EFBIG);
	EXPECT(!d);
	unlink(path);
}

TEST(flash_is_saved_with_the_blocks_that_changed)
{
	struct seen s, s2;
	struct flash *d = bank(&s, -1, false, false), *e = bank(&s2, -1, false, false);
	u32 v;

	ASSERT(d && e);
	program(d, 0x40000, 0xdeadbeef);
	FW(0, BOTH(0xe8));
	FW(0, BOTH(3));
	FW(0x3000, 7);
	EXPECT(same_after_loading(&flash_ops, d, e) < 2 * FLASH_BLOCK);
	EXPECT(!s2.array);
	memcpy(&v, flash_bytes(e) + 0x40000, 4);
	EXPECT_EQ(v, 0xdeadbeef);
	damage(&flash_ops, e, 64);
	flash_free(d);
	flash_free(e);
}

/* ---- fw_cfg ---- */

enum { RAM = 0x40000000, RAM_SIZE = 0x10000 };

struct cfg {
	struct bus *bus;
	struct fw_cfg *d;
};

static struct cfg cfg_new(void)
{
	struct cfg c = { .bus = bus_new(NULL) };

	EXPECT_EQ(bus_add_ram(c.bus, "ram", RAM, RAM_SIZE, false), 0);
	EXPECT_EQ(bus_add_ram(c.bus, "secure", 0x20000000, 0x1000, true), 0);
	c.d = fw_cfg_new(c.bus, NULL);
	return c;
}

static void cfg_free(struct cfg *c)
{
	fw_cfg_free(c->d);
	bus_free(c->bus);
}

static u32 be32(u32 v)
{
	return __builtin_bswap32(v);
}

static void select_item(struct fw_cfg *d, u16 key)
{
	fw_cfg_ops.write(d, 8, __builtin_bswap16(key), 2, (struct attrs){ 0 });
}

/* Runs a DMA operation whose structure stands at `where`; what it is answered with. */
static u32 dma(struct cfg *c, u64 where, u32 control, u32 length, u64 address)
{
	u32 words[4] = { be32(control), be32(length), be32((u32)(address >> 32)),
			 be32((u32)address) };

	bus_copy_in(c->bus, pa_make(SPACE_NS, where), words, sizeof words);
	fw_cfg_ops.write(c->d, 16, be32((u32)(where >> 32)), 4, (struct attrs){ 0 });
	fw_cfg_ops.write(c->d, 20, be32((u32)where), 4, (struct attrs){ 0 });
	bus_copy_out(c->bus, pa_make(SPACE_NS, where), words, 4);
	return be32(words[0]);
}

TEST(fw_cfg_reads_items_in_any_width_and_zeros_past_the_end)
{
	struct cfg c = cfg_new();

	select_item(c.d, FW_CFG_SIGNATURE);
	EXPECT_EQ(fw_cfg_ops.read(c.d, 0, 1, (struct attrs){ 0 }), 'Q');
	EXPECT_EQ(fw_cfg_ops.read(c.d, 0, 2, (struct attrs){ 0 }), 'E' | 'M' << 8);
	EXPECT_EQ(fw_cfg_ops.read(c.d, 0, 8, (struct attrs){ 0 }), 'U');
	EXPECT_EQ(fw_cfg_ops.read(c.d, 0, 8, (struct attrs){ 0 }), 0);
	select_item(c.d, FW_CFG_ID);
	EXPECT_EQ(rd(&fw_cfg_ops, c.d, 0), 3);
	EXPECT_EQ(fw_cfg_ops.read(c.d, 16, 8, (struct attrs){ 0 }),
		  __builtin_bswap64(0x51454d5520434647));
	EXPECT_EQ(rd(&fw_cfg_ops, c.d, 20), be32(0x20434647));
	select_item(c.d, 0x3fff);
	EXPECT_EQ(rd(&fw_cfg_ops, c.d, 0), 0);
	cfg_free(&c);
}

TEST(fw_cfg_lists_files_by_name)
{
	struct cfg c = cfg_new();
	static const char name[] = "more characters than the directory has room for in a name";
	u8 dir[4 + 2 * 64];

	EXPECT_EQ(fw_cfg_add_file(c.d, "opt/b", "two", 3), 0);
	EXPECT_EQ(fw_cfg_add_file(c.d, "etc/a", "one", 3), 0);
	EXPECT_EQ(fw_cfg_add_file(c.d, "etc/a", "", 0), -EEXIST);
	EXPECT_EQ(fw_cfg_add_file(c.d, name, "", 0), -ENAMETOOLONG);
	select_item(c.d, FW_CFG_FILE_DIR);
	for (unsigned i = 0; i < sizeof dir; i++)
		dir[i] = (u8)fw_cfg_ops.read(c.d, 0, 1, (struct attrs){ 0 });
	EXPECT(!memcmp(dir, "\0\0\0\2\0\0\0\3\0\x20\0\0etc/a", 18));
	EXPECT(!memcmp(dir + 68, "\0\0\0\3\0\x21\0\0opt/b", 14));
	select_item(c.d, 0x21);
	EXPECT_EQ(rd(&fw_cfg_ops, c.d, 0), 't' | 'w' << 8 | 'o' << 16);
	cfg_free(&c);
}

TEST(fw_cfg_dma_reads_skips_and_selects)
{
	struct cfg c = cfg_new();
	u8 out[8];

	fw_cfg_add_file(c.d, "f", "0123456789", 10);
	EXPECT_EQ(dma(&c, RAM, 0x0020000a, 2, RAM + 0x100), 0); /* select and read */
	EXPECT_EQ(dma(&c, RAM, 4, 3, 0), 0);
	EXPECT_EQ(dma(&c, RAM, 2, 6, RAM + 0x102), 0);
	bus_copy_out(c.bus, pa_make(SPACE_NS, RAM + 0x100), out, 8);
	EXPECT(!memcmp(out, "0156789\0", 8));
	EXPECT_EQ(dma(&c, RAM, 4, ~0u, 0), 0);
	EXPECT_EQ(dma(&c, RAM, 2, 4, RAM + 0x100), 0);
	EXPECT_EQ(fw_cfg_stats(c.d)->dma, 5);
	cfg_free(&c);
}

TEST(fw_cfg_dma_stays_inside_non_secure_ram)
{
	struct cfg c = cfg_new();
	u32 secret = 0x5ec4e700;

	fw_cfg_add_file(c.d, "f", "0123456789", 10);
	bus_copy_in(c.bus, pa_make(SPACE_S, 0x20000000), &secret, 4);
	EXPECT_EQ(dma(&c, RAM, 0x0020000a, 4, RAM + RAM_SIZE - 2), 1); /* over the end */
	EXPECT_EQ(dma(&c, RAM, 0x0020000a, 4, 0), 1);		       /* nothing there */
	EXPECT_EQ(dma(&c, RAM, 0x0020000a, 4, ~0ull - 1), 1);	       /* wraps */
	EXPECT_EQ(dma(&c, RAM, 0x0020000a, ~0u, RAM), 1);	       /* longer than RAM */
	EXPECT_EQ(dma(&c, RAM, 0x0020000a, 4, 0x20000000), 1);	       /* Secure */
	EXPECT_EQ(dma(&c, RAM, 0x00200018, 4, RAM), 1);		       /* writing */
	EXPECT_EQ(fw_cfg_stats(c.d)->dma_errors, 6);
	bus_copy_out(c.bus, pa_make(SPACE_S, 0x20000000), &secret, 4);
	EXPECT_EQ(secret, 0x5ec4e700);
	/* structures that are not in RAM, or only half of it */
	dma(&c, 0x1000, 2, 4, RAM);
	dma(&c, RAM + RAM_SIZE - 8, 2, 4, RAM);
	dma(&c, ~0ull - 3, 2, 4, RAM);
	EXPECT_EQ(fw_cfg_stats(c.d)->dma_errors, 9);
	cfg_free(&c);
}

TEST(fw_cfg_is_saved)
{
	struct cfg c = cfg_new(), e = cfg_new();

	select_item(c.d, FW_CFG_SIGNATURE);
	fw_cfg_ops.read(c.d, 0, 1, (struct attrs){ 0 });
	fw_cfg_ops.write(c.d, 16, 5, 4, (struct attrs){ 0 });
	same_after_loading(&fw_cfg_ops, c.d, e.d);
	EXPECT_EQ(fw_cfg_ops.read(e.d, 0, 1, (struct attrs){ 0 }), 'E');
	damage(&fw_cfg_ops, e.d, 200);
	cfg_free(&c);
	cfg_free(&e);
}

/* ---- GPIO, the event device ---- */

struct gpio {
	struct event_queue q;
	u64 now;
	bool irq;
	unsigned edges;
	u8 out;
	struct pl061 *d;
};

static void gpio_irq(void *sink, u32 pin, bool level)
{
	struct gpio *g = sink;

	g->edges += level && !g->irq;
	g->irq = level;
}
static void gpio_out(void *sink, u32 pin, bool level)
{
	struct gpio *g = sink;

	g->out = (u8)((g->out & ~(1u << pin)) | (unsigned)level << pin);
}
static u64 gpio_now(void *ctx)
{
	return ((struct gpio *)ctx)->now;
}

static void gpio_make(struct gpio *g)
{
	struct pl061_config pc = {
		.irq = { gpio_irq, g, 0 }, .queue = &g->q, .now = gpio_now, .ctx = g
	};

	*g = (struct gpio){ 0 };
	for (unsigned i = 0; i < 8; i++)
		pc.out[i] = (struct wire){ gpio_out, g, i };
	event_queue_init(&g->q);
	g->d = pl061_new(&pc);
}

#define G(off)	   rd(&pl061_ops, g.d, off)
#define GW(off, v) wr(&pl061_ops, g.d, off, v)

TEST(pl061_masks_data_by_the_address_and_drives_outputs)
{
	struct gpio g;

	gpio_make(&g);
	GW(0x400, 0x0f);
	GW(0x3fc, 0xff);
	EXPECT_EQ(g.out, 0x0f);
	GW(0x004 << 1, 0); /* line 1 alone */
	EXPECT_EQ(g.out, 0x0d);
	EXPECT_EQ(G(0x3fc), 0x0d);
	pl061_input(g.d, 7, true);
	EXPECT_EQ(G(0x3fc), 0x8d);
	EXPECT_EQ(G(0x80 << 2), 0x80);
	EXPECT_EQ(G(0xfe0), 0x61);
	EXPECT_EQ(pl061_ops.read(g.d, 0xfe4, 1, (struct attrs){ 0 }), 0x10);
	pl061_ops.reset(g.d);
	EXPECT_EQ(g.out, 0);
	EXPECT_EQ(G(0x3fc), 0x80); /* the outside still drives it */
	pl061_free(g.d);
}

TEST(pl061_interrupts_by_level_and_by_edges)
{
	struct gpio g;

	gpio_make(&g);
	GW(0x404, 0x01); /* line 0 by level, line 1 by edge, line 2 by both */
	GW(0x408, 0x04);
	GW(0x40c, 0x03);
	GW(0x410, 0x07);
	pl061_input(g.d, 0, true);
	EXPECT(g.irq);
	GW(0x41c, 1);
	EXPECT(g.irq); /* a level cannot be cleared */
	pl061_input(g.d, 0, false);
	EXPECT(!g.irq);
	pl061_input(g.d, 1, true);
	pl061_input(g.d, 1, false);
	EXPECT_EQ(G(0x418), 2);
	GW(0x41c, 2);
	EXPECT(!g.irq);
	pl061_input(g.d, 2, true);
	GW(0x41c, 4);
	pl061_input(g.d, 2, false);
	EXPECT_EQ(G(0x414), 4);
	GW(0x410, 0);
	EXPECT(!g.irq);
	EXPECT_EQ(G(0x418), 0);
	pl061_free(g.d);
}

TEST(pl061_key_is_released_after_a_while_and_saved_while_held)
{
	struct gpio g, h;

	gpio_make(&g);
	gpio_make(&h);
	GW(0x408, 8);
	GW(0x410, 8);
	pl061_press(g.d, 3);
	EXPECT_EQ(g.edges, 1);
	same_after_loading(&pl061_ops, g.d, h.d);
	EXPECT(h.irq);
	EXPECT_EQ(h.edges, 1);
	GW(0x41c, 8);
	event_run(&g.q, 100000000000);
	EXPECT_EQ(g.edges, 2);
	EXPECT_EQ(G(0x3fc), 0);
	event_run(&h.q, 100000000000);
	EXPECT_EQ(rd(&pl061_ops, h.d, 0x3fc), 0);
	damage(&pl061_ops, h.d, 64);
	pl061_free(g.d);
	pl061_free(h.d);
}

TEST(ged_tells_its_events_once)
{
	struct gpio g = { 0 };
	struct ged *d = ged_new((struct wire){ gpio_irq, &g, 0 }), *e = ged_new((struct wire){ 0 });

	ged_event(d, GED_POWER_BUTTON);
	EXPECT_EQ(g.edges, 1);
	EXPECT(!g.irq);
	same_after_loading(&ged_ops, d, e);
	EXPECT_EQ(rd(&ged_ops, d, 0), GED_POWER_BUTTON);
	EXPECT_EQ(rd(&ged_ops, d, 0), 0);
	EXPECT_EQ(rd(&ged_ops, e, 0), GED_POWER_BUTTON);
	ged_free(d);
	ged_free(e);
}

/* ---- flash on the bus ---- */

static void unmapped(void *ctx)
{
	++*(unsigned *)ctx;
}

TEST(bus_reads_flash_directly_only_while_it_is_an_array)
{
	struct seen s;
	struct flash *d = bank(&s, -1, false, false);
	struct bus *b = bus_new(NULL);
	pa at = pa_make(SPACE_NS, 0x1000);
	struct attrs none = { 0 };
	unsigned told = 0;
	bool writable = true;
	u64 v = 0;

	ASSERT(d && b);
	bus_on_unmapped(b, unmapped, &told);
	EXPECT_EQ(bus_add_flash(b, 0, &flash_ops, d, flash_bytes(d), false), 0);
	EXPECT_EQ(bus_page(b, at, &writable), flash_bytes(d) + 0x1000);
	EXPECT(!writable && !bus_writable(b, at));
	EXPECT(bus_copy_in(b, at, &v, 8) != BUS_OK);
	EXPECT_EQ(bus_write(b, at, 4, none, BOTH(0x70)), BUS_OK);
	bus_flash_array(b, 0, false);
	EXPECT_EQ(told, 1);
	EXPECT(!bus_page(b, at, &writable));
	EXPECT_EQ(bus_read(b, at, 8, none, &v), BUS_OK);
	EXPECT_EQ(v, 0x0080008000800080);
	EXPECT(bus_copy_out(b, at, &v, 8) != BUS_OK);
	EXPECT_EQ(bus_write(b, at, 4, none, BOTH(0xff)), BUS_OK);
	bus_flash_array(b, 0, true);
	EXPECT_EQ(told, 1);
	EXPECT_EQ(bus_read(b, at, 8, none, &v), BUS_OK);
	EXPECT_EQ(v, ~0ull);
	bus_free(b);
	flash_free(d);
}
