/* devices/: registers as a driver meets them, and each device saved, loaded and saved again. */
#include <string.h>

#include "base/event.h"
#include "base/snap.h"
#include "devices/pl011.h"
#include "devices/pl031.h"
#include "tests/unit/harness.h"
#include "tests/unit/mem_snap.h"

struct bench {
	struct event_queue q;
	u64 now;
	bool irq;
	char out[64];
	size_t out_n;
	unsigned ready;
};

static void bench_irq(void *sink, u32 pin, bool level)
{
	((struct bench *)sink)->irq = level;
}

static void bench_tx(void *ctx, u8 byte)
{
	struct bench *b = ctx;

	if (b->out_n < sizeof b->out - 1)
		b->out[b->out_n++] = (char)byte;
}

static void bench_ready(void *ctx)
{
	((struct bench *)ctx)->ready++;
}

static u64 bench_now(void *ctx)
{
	return ((struct bench *)ctx)->now;
}

static struct pl011 *bench_uart(struct bench *b)
{
	*b = (struct bench){ 0 };
	return pl011_new(&(struct pl011_config){
		.irq = { bench_irq, b, 0 }, .tx = bench_tx, .rx_ready = bench_ready, .ctx = b });
}

static struct pl031 *bench_rtc(struct bench *b)
{
	*b = (struct bench){ 0 };
	event_queue_init(&b->q);
	return pl031_new(&(struct pl031_config){ .irq = { bench_irq, b, 0 },
						 .queue = &b->q,
						 .now = bench_now,
						 .ctx = b,
						 .start = PL031_DEFAULT_START });
}

static u32 rd(const struct device_ops *ops, void *d, u64 off)
{
	return (u32)ops->read(d, off, 4, (struct attrs){ 0 });
}

static void wr(const struct device_ops *ops, void *d, u64 off, u32 v)
{
	ops->write(d, off, v, 4, (struct attrs){ 0 });
}

#define U(off)     rd(&pl011_ops, d, off)
#define UW(off, v) wr(&pl011_ops, d, off, v)
#define R(off)     rd(&pl031_ops, d, off)
#define RW(off, v) wr(&pl031_ops, d, off, v)

enum { DR = 0, RSR = 4, FR = 0x18, LCR_H = 0x2c, CR = 0x30, IFLS = 0x34, IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44 };

TEST(pl011_resets_and_identifies_itself)
{
	static const u8 ids[8] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
	struct bench b;
	struct pl011 *d = bench_uart(&b);

	for (unsigned i = 0; i < 8; i++)
		EXPECT_EQ(U(0xfe0 + 4 * i), ids[i]);
	EXPECT_EQ(U(FR), 0x90);
	EXPECT_EQ(U(CR), 0x300);
	EXPECT_EQ(U(IFLS), 0x12);
	EXPECT_EQ(pl011_ops.read(d, 0x31, 1, (struct attrs){ 0 }), 3);
	pl011_free(d);
}

TEST(pl011_sends_at_once_and_raises_tx)
{
	struct bench b;
	struct pl011 *d = bench_uart(&b);

	UW(DR, 'h');
	UW(DR, 'i');
	EXPECT_STR(b.out, "hi");
	EXPECT_EQ(U(RIS), 0x20);
	EXPECT(!b.irq);
	UW(IMSC, 0x20);
	EXPECT(b.irq);
	EXPECT_EQ(U(MIS), 0x20);
	UW(ICR, 0x20);
	EXPECT(!b.irq);
	pl011_free(d);
}

TEST(pl011_receives_with_back_pressure)
{
	struct bench b;
	struct pl011 *d = bench_uart(&b);

	EXPECT(!pl011_can_rx(d));
	pl011_rx(d, 'x');
	EXPECT_EQ(U(FR), 0x90);
	UW(LCR_H, 0x70);
	UW(CR, 0x301);
	EXPECT_EQ(b.ready, 1);
	UW(IMSC, 0x10);
	for (unsigned i = 0; i < 16; i++) {
		EXPECT(pl011_can_rx(d));
		EXPECT_EQ(b.irq, i >= 8);
		pl011_rx(d, (u8)('a' + i));
	}
	EXPECT(!pl011_can_rx(d));
	EXPECT_EQ(U(FR), 0xc0);
	pl011_rx(d, 'z');
	EXPECT_EQ(U(RIS), 0x450);
	EXPECT_EQ(U(DR), 'a' | 0x800);
	EXPECT_EQ(b.ready, 2);
	for (unsigned i = 1; i < 16; i++)
		EXPECT_EQ(U(DR), 'a' + i);
	EXPECT_EQ(U(FR), 0x90);
	EXPECT(!b.irq);
	EXPECT_EQ(U(RIS), 0x400);
	EXPECT_EQ(U(RSR), 8);
	UW(RSR, 0);
	EXPECT_EQ(U(RSR), 0);
	pl011_free(d);
}

TEST(pl011_time_out_stands_while_a_character_waits)
{
	struct bench b;
	struct pl011 *d = bench_uart(&b);

	UW(LCR_H, 0x70);
	UW(CR, 0x301);
	UW(IMSC, 0x40);
	pl011_rx(d, 'x');
	EXPECT(b.irq);
	UW(ICR, 0x7ff);
	EXPECT(b.irq);
	EXPECT_EQ(U(DR), 'x');
	EXPECT(!b.irq);
	pl011_free(d);
}

TEST(pl011_loops_back_data_break_and_modem_lines)
{
	struct bench b;
	struct pl011 *d = bench_uart(&b);

	UW(LCR_H, 0x70);
	UW(CR, 0x381);
	UW(DR, 'q');
	EXPECT_EQ(b.out_n, 0);
	EXPECT_EQ(U(DR), 'q');
	UW(ICR, 0x7ff);
	UW(CR, 0x381 | 0x0800);
	EXPECT_EQ(U(FR) & 0x107, 1);
	EXPECT_EQ(U(RIS), 2);
	UW(CR, 0x381 | 0x3400);
	EXPECT_EQ(U(FR) & 0x107, 0x106);
	EXPECT_EQ(U(RIS), 0xf);
	UW(LCR_H, 0x71);
	EXPECT_EQ(U(DR), 0x400);
	EXPECT_EQ(U(RSR), 4);
	pl011_free(d);
}

TEST(pl031_counts_virtual_seconds)
{
	struct bench b;
	struct pl031 *d = bench_rtc(&b);

	EXPECT_EQ(R(0), PL031_DEFAULT_START);
	b.now = 1999999999999;
	EXPECT_EQ(R(0), PL031_DEFAULT_START + 1);
	RW(8, 100);
	EXPECT_EQ(R(0), 100);
	EXPECT_EQ(R(8), 100);
	b.now = 5000000000000;
	EXPECT_EQ(R(0), 104);
	EXPECT_EQ(R(0xc), 1);
	EXPECT_EQ(R(0xfe0), 0x31);
	EXPECT_EQ(R(0xffc), 0xb1);
	pl031_free(d);
}

TEST(pl031_alarm_fires_on_the_second)
{
	struct bench b;
	struct pl031 *d = bench_rtc(&b);

	b.now = 500000000000;
	RW(4, PL031_DEFAULT_START + 3);
	EXPECT_EQ(event_next(&b.q), 3000000000000);
	RW(0x10, 1);
	event_run(&b.q, 2999999999999);
	EXPECT(!b.irq);
	b.now = 3000000000000;
	event_run(&b.q, b.now);
	EXPECT(b.irq);
	EXPECT_EQ(R(0x18), 1);
	RW(0x1c, 1);
	EXPECT(!b.irq);
	RW(4, PL031_DEFAULT_START - 1); /* 136 years ahead: past the end of virtual time */
	EXPECT_EQ(event_next(&b.q), EVENT_NEVER);
	pl031_free(d);
}

/* What `from` saves is loaded into `to`, which then saves the same. */
static void round_trip(const struct device_ops *ops, void *from, void *to)
{
	struct mem_snap a = { .s.bytes = mem_bytes }, b = { .s.bytes = mem_bytes };

	ops->snap(from, &a.s);
	mem_rewind(&a);
	ops->snap(to, &a.s);
	EXPECT(!a.s.failed);
	ops->snap(to, &b.s);
	EXPECT_EQ(a.at, b.at);
	EXPECT(memcmp(a.data, b.data, a.at) == 0);
}

TEST(devices_come_back_from_a_snapshot)
{
	struct bench b, b2;
	struct pl011 *d = bench_uart(&b), *d2 = bench_uart(&b2);

	UW(LCR_H, 0x70);
	UW(CR, 0x301);
	UW(IMSC, 0x7ff);
	pl011_rx(d, 'a');
	pl011_rx(d, 'b');
	round_trip(&pl011_ops, d, d2);
	EXPECT(b2.irq);
	EXPECT_EQ(rd(&pl011_ops, d2, DR), 'a');
	pl011_free(d);
	pl011_free(d2);

	struct pl031 *r = bench_rtc(&b), *r2 = bench_rtc(&b2);

	wr(&pl031_ops, r, 4, PL031_DEFAULT_START + 9);
	round_trip(&pl031_ops, r, r2);
	EXPECT_EQ(event_next(&b2.q), 9000000000000);
	pl031_free(r);
	pl031_free(r2);
}
