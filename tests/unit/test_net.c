/* devices/net, devices/slirp: frames by hand, in virtual time, and one connection to a real socket of this host. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/snap.h"
#include "devices/net.h"
#include "devices/slirp.h"
#include "tests/unit/harness.h"

enum { TAKEN = 16 };
#define PS_PER_MS 1000000000ull

struct bench {
	struct event_queue q;
	u64 now;
	struct outside outside;
	struct net *net;
	bool full; /* the card takes nothing */
	u8 frame[TAKEN][NET_FRAME_MAX];
	size_t len[TAKEN], n;
	u8 out[NET_FRAME_MAX];
	size_t out_n;
};

static u64 bench_now(void *ctx)
{
	return ((struct bench *)ctx)->now;
}

static bool bench_take(void *ctx, const u8 *frame, size_t len)
{
	struct bench *b = ctx;

	if (b->full || b->n == TAKEN)
		return false;
	memcpy(b->frame[b->n], frame, len);
	b->len[b->n++] = len;
	return true;
}

static bool bench(struct bench *b, struct slirp_config *c)
{
	struct net_env env = { .queue = &b->q, .now = bench_now, .ctx = b };
	struct slirp_config plain;
	struct why why = { "" };

	memset(b, 0, sizeof *b);
	event_queue_init(&b->q);
	slirp_config_init(&plain);
	b->net = net_new("n0", &env);
	EXPECT(net_plug(b->net, bench_take, b));
	EXPECT(!net_plug(b->net, bench_take, b));
	if (EXPECT(slirp_attach(b->net, c ? c : &plain, &env, &b->outside, NULL, &why) == 0))
		return true;
	printf("%s\n", why.text);
	return false;
}

static void run(struct bench *b, u64 ms)
{
	u64 end = b->now + ms * PS_PER_MS;

	while (event_next(&b->q) <= end) {
		b->now = event_next(&b->q);
		event_run(&b->q, b->now);
	}
	b->now = end;
}

/* ---- frames ---- */

static void put(struct bench *b, unsigned width, u64 v)
{
	while (width--)
		b->out[b->out_n++] = (u8)(v >> 8 * width);
}

static void put_bytes(struct bench *b, const void *bytes, size_t n)
{
	memcpy(b->out + b->out_n, bytes, n);
	b->out_n += n;
}

static void begin(struct bench *b, unsigned type)
{
	b->out_n = 0;
	put(b, 6, 0xffffffffffff);
	put(b, 6, 0x525400123456);
	put(b, 2, type);
}

static u16 sum(const u8 *p, size_t n)
{
	u32 s = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		s += (u32)(p[i] << 8 | p[i + 1]);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (u16)~s;
}

/* Ethernet, IPv4 and UDP headers for a datagram of n bytes, which follow. */
static void begin_udp(struct bench *b, u32 from, u32 to, u16 from_port, u16 to_port, size_t n)
{
	u16 check;

	begin(b, 0x0800);
	put(b, 2, 0x4500);
	put(b, 2, 28 + n);
	put(b, 4, 0);
	put(b, 2, 64 << 8 | 17);
	put(b, 2, 0);
	put(b, 4, from);
	put(b, 4, to);
	check = sum(b->out + 14, 20);
	b->out[24] = (u8)(check >> 8);
	b->out[25] = (u8)check;
	put(b, 2, from_port);
	put(b, 2, to_port);
	put(b, 2, 8 + n);
	put(b, 2, 0);
}

static void transmit(struct bench *b)
{
	net_from_guest(b->net, b->out, b->out_n);
	run(b, 5);
}

static void say_arp(struct bench *b)
{
	begin(b, 0x0806);
	put(b, 8, 0x0001080006040001);
	put(b, 6, 0x525400123456);
	put(b, 4, 0x0a00020f);
	put(b, 6, 0);
	put(b, 4, 0x0a000202);
	transmit(b);
}

static void ask_tftp(struct bench *b, const char *name)
{
	size_t n = 2 + strlen(name) + 1 + 6;

	b->n = 0;
	begin_udp(b, 0x0a00020f, 0x0a000202, 4000, 69, n);
	put(b, 2, 1);
	put_bytes(b, name, strlen(name) + 1);
	put_bytes(b, "octet", 6);
	transmit(b);
}

TEST(a_cable_delivers_later_and_in_order)
{
	struct bench b;

	ASSERT(bench(&b, NULL));
	for (u8 i = 0; i < 3; i++)
		net_to_guest(b.net, (u8[64]){ i }, 64);
	EXPECT_EQ(b.n, 0);
	EXPECT_EQ(event_next(&b.q), NET_LATENCY);
	b.full = true;
	run(&b, 1);
	EXPECT_EQ(b.n, 0);
	EXPECT_EQ(event_next(&b.q), EVENT_NEVER); /* until the card says that it has room */
	b.full = false;
	net_room(b.net);
	run(&b, 1);
	EXPECT_EQ(b.n, 3);
	EXPECT_EQ(b.frame[2][0], 2);
	for (unsigned i = 0; i < 300; i++)
		net_to_guest(b.net, (u8[64]){ 0 }, 64);
	EXPECT_EQ(net_stats(b.net)->rx_dropped, 300 - 256);
	net_from_guest(b.net, b.out, 5);
	net_from_guest(b.net, b.out, NET_FRAME_MAX + 1);
	EXPECT_EQ(net_stats(b.net)->tx_dropped, 2);
	net_free(b.net);
}

TEST(the_gateway_answers_arp_and_dhcp)
{
	static const u8 offer_want[4] = { 10, 0, 2, 15 };
	struct bench b;

	ASSERT(bench(&b, NULL));
	say_arp(&b);
	ASSERT(EXPECT_EQ(b.n, 1));
	EXPECT(!memcmp(b.frame[0] + 28, (u8[4]){ 10, 0, 2, 2 }, 4));
	EXPECT_EQ(b.frame[0][21], 2);
	b.n = 0;
	begin_udp(&b, 0, 0xffffffff, 68, 67, 300);
	put(&b, 8, 0x0101060012345678);
	for (unsigned i = 0; i < 20; i++)
		put(&b, 1, 0);
	put(&b, 6, 0x525400123456);
	while (b.out_n < 42 + 236)
		put(&b, 1, 0);
	put(&b, 4, 0x63825363);
	put(&b, 4, 0x350101ff); /* DISCOVER */
	while (b.out_n < 42 + 300)
		put(&b, 1, 0);
	transmit(&b);
	ASSERT(EXPECT_EQ(b.n, 1));
	EXPECT(!memcmp(b.frame[0] + 42 + 16, offer_want, 4));
	EXPECT(!outside_live(&b.outside));
	EXPECT_EQ(event_next(&b.q), EVENT_NEVER); /* nothing runs on when nobody speaks */
	net_free(b.net);
}

TEST(tftp_serves_its_folder_and_nothing_else)
{
	char top[] = "/tmp/nettestXXXXXX", path[100], dir[64];
	struct slirp_config c;
	struct bench b;
	FILE *f;

	ASSERT(mkdtemp(top));
	snprintf(dir, sizeof dir, "%s/tftp", top);
	mkdir(dir, 0755);
	snprintf(path, sizeof path, "%s/secret", top);
	f = fopen(path, "w");
	fputs("secret", f);
	fclose(f);
	snprintf(path, sizeof path, "%s/o", dir); /* the shortest name there is */
	EXPECT_EQ(symlink("../secret", path), 0);
	snprintf(path, sizeof path, "%s/fifo", dir);
	EXPECT_EQ(mkfifo(path, 0644), 0);
	snprintf(path, sizeof path, "%s/boot.img", dir);
	f = fopen(path, "w");
	fputs("kernel", f);
	fclose(f);
	snprintf(path, sizeof path, "%s/in", dir);
	EXPECT_EQ(symlink("boot.img", path), 0);
	slirp_config_init(&c);
	c.tftp = dir;
	ASSERT(bench(&b, &c));
	say_arp(&b);

	ask_tftp(&b, "boot.img");
	ASSERT(EXPECT_EQ(b.n, 1));
	EXPECT_EQ(b.frame[0][43], 3); /* DATA */
	EXPECT(!memcmp(b.frame[0] + 46, "kernel", 6));
	ask_tftp(&b, "/in");
	ASSERT(EXPECT_EQ(b.n, 1));
	EXPECT(!memcmp(b.frame[0] + 46, "kernel", 6));
	ask_tftp(&b, "none");
	ASSERT(EXPECT_EQ(b.n, 1));
	EXPECT_EQ(b.frame[0][43], 5); /* ERROR */
	ask_tftp(&b, "o");
	EXPECT_EQ(b.n, 0);
	ask_tftp(&b, "fifo");
	EXPECT_EQ(b.n, 0);
	ask_tftp(&b, "");
	EXPECT_EQ(b.n, 0);
	ask_tftp(&b, "../secret");
	EXPECT(b.n == 0 || b.frame[0][43] == 5);
	net_free(b.net);
	snprintf(path, sizeof path, "rm -rf %s", top);
	EXPECT_EQ(system(path), 0);
}

TEST(datagrams_reach_the_host_and_come_back)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct bench b;
	char text[16] = "";

	ASSERT(bench(&b, NULL));
	ASSERT(bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
	getsockname(fd, (struct sockaddr *)&at, &size);
	say_arp(&b);
	b.n = 0;
	begin_udp(&b, 0x0a00020f, 0x0a000202, 5000, ntohs(at.sin_port), 5);
	put_bytes(&b, "ping!", 5);
	transmit(&b);
	EXPECT(outside_live(&b.outside));
	EXPECT_EQ(recvfrom(fd, text, sizeof text, 0, (struct sockaddr *)&at, &size), 5);
	EXPECT_STR(text, "ping!");
	sendto(fd, "pong", 4, 0, (struct sockaddr *)&at, size);
	outside_poll(&b.outside);
	EXPECT_EQ(b.n, 0); /* on its way */
	run(&b, 1);
	ASSERT(EXPECT_EQ(b.n, 1));
	EXPECT(!memcmp(b.frame[0] + 42, "pong", 4));
	EXPECT(b.outside.stats.entries > 0);
	run(&b, 300000); /* the flow is forgotten in virtual time */
	EXPECT(!outside_live(&b.outside));
	EXPECT_EQ(event_next(&b.q), EVENT_NEVER);
	close(fd);
	net_free(b.net);
}

TEST(two_runs_with_nothing_from_outside_are_alike)
{
	char hex[2][65];
	u64 times[2];

	for (unsigned i = 0; i < 2; i++) {
		struct snap_digest *d = snap_digest_new();
		struct bench b;

		ASSERT(bench(&b, NULL));
		say_arp(&b);
		begin(&b, 0x86dd); /* starts the router's advertisements */
		put(&b, 4, 0x60000000);
		put(&b, 4, 0x00003bff);
		while (b.out_n < 60)
			put(&b, 1, 0);
		transmit(&b);
		times[i] = event_next(&b.q);
		run(&b, 500000);
		EXPECT(b.n >= 2);
		net_snap(b.net, snap_digest_stream(d));
		snap_digest_end(d, hex[i]);
		net_free(b.net);
	}
	EXPECT_STR(hex[0], hex[1]);
	EXPECT_EQ(times[0], times[1]);
}
