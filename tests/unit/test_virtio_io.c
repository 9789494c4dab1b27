/* devices/virtio/{net,rng,console,p9}.c as a driver meets them, queue by queue; hostile ones too. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/snap.h"
#include "devices/virtio/console.h"
#include "devices/virtio/net.h"
#include "devices/virtio/p9.h"
#include "devices/virtio/rng.h"
#include "tests/unit/virtio_bench.h"

enum { RING_SPAN = 0x1000, BUFFER_SPAN = 0x1000 };

/* Any number of queues of QSIZE descriptors; buffer i of queue q stands at buffer(q, i). */
struct bench {
	struct virtio_bench v;
	struct virtio_device *d;
	u16 avail[8], seen[8];
	unsigned interrupts;
};

static u64 ring(unsigned q)
{
	return RAM + q * RING_SPAN;
}

static u64 buffer(unsigned q, unsigned i)
{
	return DATA + (q * QSIZE + i) * BUFFER_SPAN;
}

static void count_interrupt(void *ctx, int q)
{
	((struct bench *)ctx)->interrupts++;
}

static void up(struct bench *b, struct virtio_device *d, u64 features)
{
	b->d = d;
	d->interrupt = count_interrupt;
	d->transport = b;
	virtio_set_status(d, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	virtio_set_features(d, features | VIRTIO_F_VERSION_1);
	virtio_set_status(d, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
	for (unsigned q = 0; q < d->n_queues && q < 8; q++) {
		d->vq[q].size = QSIZE;
		d->vq[q].desc = ring(q);
		d->vq[q].avail = ring(q) + 0x400;
		d->vq[q].used = ring(q) + 0x800;
		virtio_set_ready(d, q, true);
		EXPECT(d->vq[q].ready);
	}
	virtio_set_status(d, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
}

/* Publishes descriptor `head` of queue q without a notification. */
static void publish(struct bench *b, unsigned q, u16 head)
{
	put(&b->v, ring(q) + 0x404 + 2 * (b->avail[q] % QSIZE), &head, 2);
	b->avail[q]++;
	put(&b->v, ring(q) + 0x402, &b->avail[q], 2);
}

/* Offers buffer i of queue q with n bytes; writable for the device. */
static void receive(struct bench *b, unsigned q, unsigned i, u32 n)
{
	put_desc(&b->v, ring(q), i, buffer(q, i), n, WRITE, 0);
	publish(b, q, (u16)i);
}

/* Sends n bytes in buffer 0 of queue q. */
static void say(struct bench *b, unsigned q, const void *bytes, u32 n)
{
	put(&b->v, buffer(q, 0), bytes, n);
	put_desc(&b->v, ring(q), 0, buffer(q, 0), n, 0, 0);
	publish(b, q, 0);
	virtio_notify(b->d, q);
}

/* The next returned chain: its head, its length in *n; -1: none. */
static int returned(struct bench *b, unsigned q, u32 *n)
{
	u64 at = ring(q) + 0x804 + 8 * (b->seen[q] % QSIZE);

	if ((u16)get(&b->v, ring(q) + 0x802, 2) == b->seen[q])
		return -1;
	b->seen[q]++;
	*n = (u32)get(&b->v, at + 4, 4);
	return (int)get(&b->v, at, 4);
}

static void end(struct bench *b)
{
	virtio_free(b->d);
	bus_free(b->v.bus);
}

/* ---- network ---- */

struct far {
	u8 frame[NET_FRAME_MAX];
	size_t len;
	unsigned n;
};

static void far_send(void *ctx, const u8 *frame, size_t n)
{
	struct far *f = ctx;

	memcpy(f->frame, frame, n);
	f->len = n;
	f->n++;
}

static void far_snap(void *ctx, struct snap *s)
{
}

static void far_free(void *ctx)
{
}

static const struct net_ops far_ops = { far_send, far_snap, far_free };

static struct net *card(struct bench *b, struct far *f, u64 features)
{
	const struct net_env env = { &b->v.queue, bench_now, &b->v };
	struct net *net = net_new("n0", &env);
	struct virtio_net_config c = { .mac = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 }, .net = net };

	memset(b, 0, sizeof *b);
	memset(f, 0, sizeof *f);
	bench_start(&b->v);
	net_connect(net, &far_ops, f);
	up(b, virtio_net_new(&b->v.env, NULL, &c), features);
	EXPECT(!virtio_net_new(&b->v.env, NULL, &c)); /* one card a cable */
	return net;
}

TEST(net_sends_frames_without_their_header)
{
	struct bench b;
	struct far f;
	struct net *net = card(&b, &f, 0);
	u8 out[12 + 60] = { 0 };
	u32 n;

	EXPECT_EQ(virtio_config_read(b.d, 0, 4), 0x12005452);
	EXPECT_EQ(virtio_config_read(b.d, 6, 2), 1);
	out[12] = 0xaa;
	say(&b, 1, out, sizeof out);
	EXPECT_EQ(f.len, 60);
	EXPECT_EQ(f.frame[0], 0xaa);
	EXPECT_EQ(returned(&b, 1, &n), 0);
	EXPECT_EQ(b.interrupts, 1);
	say(&b, 1, out, 12 + 5); /* no Ethernet header */
	EXPECT_EQ(f.n, 1);
	say(&b, 1, out, 11);
	EXPECT(b.d->status & VIRTIO_NEEDS_RESET);
	end(&b);
	net_free(net);
}

TEST(net_refuses_segmentation)
{
	struct bench b;
	struct far f;
	struct net *net = card(&b, &f, 0);
	u8 out[100] = { 0, 1 };

	say(&b, 1, out, sizeof out);
	EXPECT(b.d->status & VIRTIO_NEEDS_RESET);
	EXPECT_EQ(f.n, 0);
	end(&b);
	net_free(net);
}

TEST(net_receives_into_the_next_buffer)
{
	struct bench b;
	struct far f;
	struct net *net = card(&b, &f, 0);
	u8 in[100] = { 0xbb };
	u32 n;

	net_to_guest(net, in, sizeof in);
	later(&b.v);
	EXPECT_EQ(returned(&b, 0, &n), -1); /* no buffer: it waits */
	receive(&b, 0, 3, 1526);
	virtio_notify(b.d, 0);
	later(&b.v);
	EXPECT_EQ(returned(&b, 0, &n), 3);
	EXPECT_EQ(n, 112);
	EXPECT_EQ(get(&b.v, buffer(0, 3) + 10, 4), 0xbb0001);
	receive(&b, 0, 4, 50);
	net_to_guest(net, in, sizeof in);
	later(&b.v);
	EXPECT(b.d->status & VIRTIO_NEEDS_RESET); /* MRG_RXBUF was not negotiated */
	net_to_guest(net, in, sizeof in);
	later(&b.v);
	EXPECT_EQ(net_stats(net)->rx_frames, 3); /* lost, as by a card that is off */
	end(&b);
	net_free(net);
}

TEST(net_joins_small_buffers)
{
	struct bench b;
	struct far f;
	struct net *net = card(&b, &f, BIT(15));
	u8 in[100] = { 0 };
	u32 n;

	for (unsigned i = 0; i < 2; i++)
		receive(&b, 0, i, 50);
	net_to_guest(net, in, sizeof in);
	later(&b.v);
	EXPECT_EQ(returned(&b, 0, &n), -1); /* not enough yet; they stay */
	receive(&b, 0, 2, 50);
	virtio_notify(b.d, 0);
	later(&b.v);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(returned(&b, 0, &n), i);
		EXPECT_EQ(n, i < 2 ? 50 : 12);
	}
	EXPECT_EQ(get(&b.v, buffer(0, 0) + 10, 2), 3);
	end(&b);
	net_free(net);
}

/* ---- random numbers ---- */

static u64 first_random(u64 seed)
{
	struct virtio_rng_config c = { .seed = seed };
	struct bench b = { 0 };
	u32 n = 0;
	u64 v;

	bench_start(&b.v);
	up(&b, virtio_rng_new(&b.v.env, NULL, &c), 0);
	receive(&b, 0, 0, 100);
	virtio_notify(b.d, 0);
	EXPECT_EQ(returned(&b, 0, &n), 0);
	EXPECT_EQ(n, 100);
	v = get(&b.v, buffer(0, 0), 8);
	end(&b);
	return v;
}

TEST(rng_follows_from_the_seed)
{
	EXPECT_EQ(first_random(1), first_random(1));
	EXPECT(first_random(1) != first_random(2));
}

TEST(rng_keeps_to_its_rate)
{
	struct virtio_rng_config c = { .seed = 1, .max_bytes = 64, .period_ms = 10 };
	struct bench b = { 0 };
	u32 n = 0;

	bench_start(&b.v);
	up(&b, virtio_rng_new(&b.v.env, NULL, &c), 0);
	receive(&b, 0, 0, 100);
	receive(&b, 0, 1, 100);
	virtio_notify(b.d, 0);
	EXPECT_EQ(returned(&b, 0, &n), 0);
	EXPECT_EQ(n, 64);
	EXPECT_EQ(returned(&b, 0, &n), -1);
	for (unsigned i = 0; i < 10; i++)
		later(&b.v);
	EXPECT_EQ(returned(&b, 0, &n), 1);
	put_desc(&b.v, ring(0), 2, RAM + RAM_SIZE, 8, WRITE, 0);
	publish(&b, 0, 2);
	for (unsigned i = 0; i < 10; i++)
		later(&b.v);
	EXPECT(b.d->status & VIRTIO_NEEDS_RESET);
	virtio_set_status(b.d, 0);
	EXPECT_EQ(event_next(&b.v.queue), EVENT_NEVER);
	end(&b);
}

/* The used ring lies on the available ring: every chain that is returned makes another one wait. */
TEST(a_device_that_makes_its_own_work_rests)
{
	struct virtio_rng_config c = { .seed = 1 };
	struct bench b = { 0 };

	bench_start(&b.v);
	up(&b, virtio_rng_new(&b.v.env, NULL, &c), 0);
	b.d->vq[0].used = b.d->vq[0].avail;
	b.d->vq[0].next_used = 1;
	put_desc(&b.v, ring(0), 4, buffer(0, 4), 4, WRITE, 0);
	receive(&b, 0, 0, 4); /* used elements are read as heads 0 and 4 */
	virtio_notify(b.d, 0);
	EXPECT_EQ(b.d->stats.chains, VIRTIO_POPS_MAX);
	EXPECT_EQ(event_next(&b.v.queue), VIRTIO_REST_PS);
	b.v.now = VIRTIO_REST_PS;
	event_run(&b.v.queue, b.v.now);
	EXPECT_EQ(b.d->stats.chains, 2 * VIRTIO_POPS_MAX);
	virtio_set_status(b.d, 0);
	EXPECT_EQ(event_next(&b.v.queue), EVENT_NEVER);
	end(&b);
}

/* ---- serial ports ---- */

struct typed {
	char text[64];
	size_t n;
};

static void typed_out(void *ctx, const u8 *bytes, size_t n)
{
	struct typed *t = ctx;

	for (size_t i = 0; i < n && t->n < sizeof t->text - 1; i++)
		t->text[t->n++] = (char)bytes[i];
}

static struct chardev *ports(struct bench *b, struct typed *t, struct outside *o, u64 features)
{
	const struct chardev_config c = { .kind = CHARDEV_STDIO, .id = "c" };
	const struct chardev_env env = { .outside = o, .stdio = typed_out, .ctx = t };
	struct chardev *chardev;
	struct virtio_port_config pc = { .nr = -1, .name = "org.test", .console = !features };
	struct virtio_device *d;
	struct why why;

	memset(b, 0, sizeof *b);
	memset(t, 0, sizeof *t);
	memset(o, 0, sizeof *o);
	bench_start(&b->v);
	d = virtio_serial_new(&b->v.env, NULL, 3);
	EXPECT_EQ(d->n_queues, 8);
	EXPECT_EQ(chardev_new(&chardev, &c, &env, &why), 0);
	pc.chardev = chardev;
	EXPECT_EQ(virtio_serial_add(d, &pc), 0);
	EXPECT_EQ(virtio_serial_add(d, &pc), -EBUSY);
	pc = (struct virtio_port_config){ .nr = 0 };
	EXPECT_EQ(virtio_serial_add(d, &pc), -EINVAL);
	pc.nr = 3;
	EXPECT_EQ(virtio_serial_add(d, &pc), -EINVAL);
	pc.nr = 1;
	EXPECT_EQ(virtio_serial_add(d, &pc), features ? -EEXIST : 0);
	up(b, d, features);
	return chardev;
}

/* id, event, value */
static void control(struct bench *b, u32 id, u16 event, u16 value)
{
	u8 m[8] = { (u8)id, (u8)(id >> 8), (u8)(id >> 16), (u8)(id >> 24), (u8)event, 0, (u8)value, 0 };

	say(b, 3, m, sizeof m);
}

TEST(serial_ports_are_told_named_and_opened)
{
	struct bench b;
	struct typed t;
	struct outside o;
	struct chardev *c = ports(&b, &t, &o, BIT(1));
	u32 n;

	control(&b, 0, 0, 1); /* DEVICE_READY: what is to say waits for a buffer */
	EXPECT_EQ(returned(&b, 2, &n), -1);
	for (unsigned i = 0; i < 4; i++)
		receive(&b, 2, i, 64);
	virtio_notify(b.d, 2);
	EXPECT_EQ(returned(&b, 2, &n), 0);
	EXPECT_EQ(get(&b.v, buffer(2, 0), 8), 0x0001000100000001); /* port 1: ADD */
	control(&b, 1, 3, 1); /* PORT_READY */
	EXPECT_EQ(returned(&b, 2, &n), 1);
	EXPECT_EQ(n, 16);
	EXPECT_EQ(get(&b.v, buffer(2, 1), 8), 0x0001000700000001);
	EXPECT_EQ(get(&b.v, buffer(2, 1) + 8, 8), 0x747365742e67726f); /* "org.test" */
	EXPECT_EQ(returned(&b, 2, &n), 2);
	EXPECT_EQ(get(&b.v, buffer(2, 2), 8), 0x0001000600000001); /* OPEN */
	say(&b, 5, "out", 3);
	EXPECT_STR(t.text, "out");
	receive(&b, 4, 0, 5);
	EXPECT_EQ(chardev_room(c), 0); /* the guest has not opened it */
	control(&b, 1, 6, 1);
	EXPECT_EQ(chardev_room(c), 5);
	chardev_input(c, (const u8 *)"in", 2);
	EXPECT_EQ(returned(&b, 4, &n), 0);
	EXPECT_EQ(n, 2);
	EXPECT_EQ(get(&b.v, buffer(4, 0), 2), 0x6e69);
	EXPECT_EQ(chardev_room(c), 0);
	end(&b);
	chardev_free(c);
}

TEST(serial_takes_any_control_message)
{
	struct bench b;
	struct typed t;
	struct outside o;
	struct chardev *c = ports(&b, &t, &o, BIT(1));

	for (unsigned i = 0; i < 2; i++)
		receive(&b, 2, i, 4); /* too small for a message */
	for (u16 event = 0; event < 10; event++)
		for (u32 id = 0; id < 5; id++)
			control(&b, id, event, event & 1);
	control(&b, 0xffffffff, 6, 1);
	say(&b, 3, "xy", 2);
	say(&b, 7, "to a port that is not there", 27);
	say(&b, 1, "nor this one", 12);
	EXPECT(!(b.d->status & VIRTIO_NEEDS_RESET));
	virtio_config_write(b.d, 8, 4, '!');
	end(&b);
	chardev_free(c);
}

TEST(serial_without_multiport_is_one_console)
{
	struct bench b;
	struct typed t;
	struct outside o;
	struct chardev *c = ports(&b, &t, &o, 0);
	u32 n;

	say(&b, 1, "hvc0", 4);
	virtio_config_write(b.d, 8, 4, '!'); /* the emergency write */
	EXPECT_STR(t.text, "hvc0!");
	receive(&b, 0, 0, 8);
	EXPECT_EQ(chardev_room(c), 8);
	chardev_input(c, (const u8 *)"k", 1);
	EXPECT_EQ(returned(&b, 0, &n), 0);
	end(&b);
	chardev_free(c);
}

/* ---- folders ---- */

TEST(p9_answers_in_the_writable_part)
{
	static const u8 version[21] = { 21, 0, 0, 0, 100, 0xff, 0xff, 0, 0x20, 0, 0, 8, 0, '9', 'P', '2', '0', '0', '0', '.', 'L' };
	struct p9_config c = { .id = "f", .path = "/" , .readonly = true };
	struct bench b = { 0 };
	struct p9 *p9;
	struct why why;
	u32 n;

	bench_start(&b.v);
	EXPECT_EQ(p9_new(&p9, &c, NULL, &why), 0);
	up(&b, virtio_p9_new(&b.v.env, NULL, p9, "share"), BIT(0));
	EXPECT_EQ(b.d->config_size, 7);
	EXPECT_EQ(virtio_config_read(b.d, 0, 4), 0x68730005);
	put(&b.v, buffer(0, 0), version, sizeof version);
	put_desc(&b.v, ring(0), 0, buffer(0, 0), sizeof version, NEXT, 1);
	put_desc(&b.v, ring(0), 1, buffer(0, 1), 100, WRITE, 0);
	publish(&b, 0, 0);
	virtio_notify(b.d, 0);
	EXPECT_EQ(returned(&b, 0, &n), 0);
	EXPECT_EQ(n, 21);
	EXPECT_EQ(get(&b.v, buffer(0, 1), 8), 0x00ffff6500000015);
	put_desc(&b.v, ring(0), 0, buffer(0, 0), 3, NEXT, 1); /* not even a header */
	publish(&b, 0, 0);
	virtio_notify(b.d, 0);
	EXPECT_EQ(returned(&b, 0, &n), 0);
	EXPECT_EQ(n, 11);
	put_desc(&b.v, ring(0), 1, buffer(0, 1), 10, WRITE, 0);
	publish(&b, 0, 0);
	virtio_notify(b.d, 0);
	EXPECT(b.d->status & VIRTIO_NEEDS_RESET); /* no room for any answer */
	end(&b);
	p9_free(p9);
}
