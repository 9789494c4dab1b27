/* devices/block*.c and devices/virtio/blk.c: what reaches the file, what does not, and what the guest sees when it fails. */
#define _GNU_SOURCE
#include "tests/unit/virtio_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "devices/virtio/blk.h"
#include "tests/unit/mem_snap.h"

enum { SECTORS = 40 };
enum { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, ZEROES = 13 };
enum { NO_ANSWER = 0xee };

struct disk {
	struct virtio_bench b;
	char path[64];
	struct block *block;
	struct virtio_device *d;
	int interrupts;
	char *said; /* the log */
	size_t said_size;
	FILE *stream;
	struct log *log;
};

static void count_interrupt(void *ctx, int q)
{
	((struct disk *)ctx)->interrupts++;
}

/* A file whose sector n is full of the letter 'a' + n % 26; `bytes` of it. */
static void make_file(char path[64], size_t bytes)
{
	int fd;

	snprintf(path, 64, "/tmp/trapline-unit-XXXXXX");
	fd = mkstemp(path);
	for (size_t i = 0; i < bytes; i++) {
		char c = (char)('a' + i / 512 % 26);

		EXPECT_EQ(write(fd, &c, 1), 1);
	}
	close(fd);
}

static int open_disk(struct disk *k, const struct block_config *more)
{
	struct block_config c = *more;
	struct why why;

	c.file = k->path;
	return block_open(&k->block, &c, k->log, &why);
}

static void disk_live(struct disk *k, u64 refused_features)
{
	struct virtio_blk_config c = { .serial = "SN-1", .queues = 1, .queue_size = QSIZE, .discard = true, .write_zeroes = true };
	struct virtq *vq;

	k->d = virtio_blk_new(&c, k->block, &k->b.env);
	k->d->interrupt = count_interrupt;
	k->d->transport = k;
	virtio_set_features(k->d, k->d->offered & ~refused_features);
	virtio_set_status(k->d, 11);
	vq = &k->d->vq[0];
	vq->desc = DESC;
	vq->avail = AVAIL;
	vq->used = USED;
	virtio_set_ready(k->d, 0, true);
	virtio_set_status(k->d, 15);
	EXPECT(virtio_live(k->d));
}

static void disk_start(struct disk *k, size_t bytes, struct block_config c)
{
	memset(k, 0, sizeof *k);
	k->stream = open_memstream(&k->said, &k->said_size);
	k->log = log_new(k->stream, 0);
	bench_start(&k->b);
	make_file(k->path, bytes);
	EXPECT_EQ(open_disk(k, &c), 0);
	disk_live(k, 0);
}

static void disk_end(struct disk *k)
{
	virtio_free(k->d);
	bus_free(k->b.bus);
	unlink(k->path);
	fclose(k->stream);
	log_free(k->log);
	free(k->said);
}

/* One request with `n` data bytes at DATA; returns the status byte after the latency, NO_ANSWER if none came. */
static u8 request(struct disk *k, u32 type, u64 sector, u32 n, bool to_guest)
{
	struct {
		u32 type, ioprio;
		u64 sector;
	} h = { type, 0, sector };
	u8 none = NO_ANSWER;

	put(&k->b, TABLE, &h, sizeof h);
	put(&k->b, TABLE + 64, &none, 1);
	put_desc(&k->b, DESC, 0, TABLE, sizeof h, NEXT, n ? 1 : 2);
	put_desc(&k->b, DESC, 1, DATA, n, NEXT | (to_guest ? WRITE : 0), 2);
	put_desc(&k->b, DESC, 2, TABLE + 64, 1, WRITE, 0);
	offer(&k->b, 0);
	virtio_notify(k->d, 0);
	EXPECT_EQ(get(&k->b, TABLE + 64, 1), NO_ANSWER); /* it takes its time */
	later(&k->b);
	return (u8)get(&k->b, TABLE + 64, 1);
}

static int file_byte(const struct disk *k, off_t at)
{
	int fd = open(k->path, O_RDONLY);
	u8 c;
	ssize_t n = pread(fd, &c, 1, at);

	close(fd);
	return n == 1 ? c : -1;
}

/* The log names the file and says this. */
static bool told(struct disk *k, const char *what)
{
	fflush(k->stream);
	return strstr(k->said, k->path) && strstr(k->said, what);
}

TEST(sectors_are_read_and_written)
{
	struct disk k;
	u8 data[1024];

	disk_start(&k, SECTORS * 512, (struct block_config){ 0 });
	EXPECT_EQ(virtio_config_read(k.d, 0, 8), SECTORS);
	EXPECT_EQ(request(&k, IN, 3, 1024, true), 0);
	EXPECT_EQ(get(&k.b, DATA, 1), 'd');
	EXPECT_EQ(get(&k.b, DATA + 1023, 1), 'e');
	EXPECT_EQ(get(&k.b, USED + 8, 4), 1025);
	EXPECT_EQ(k.interrupts, 1);
	memset(data, '!', sizeof data);
	put(&k.b, DATA, data, sizeof data);
	EXPECT_EQ(request(&k, OUT, SECTORS - 2, 1024, false), 0);
	EXPECT_EQ(file_byte(&k, SECTORS * 512 - 1025), 'l');
	EXPECT_EQ(file_byte(&k, SECTORS * 512 - 1024), '!');
	EXPECT_EQ(file_byte(&k, SECTORS * 512 - 1), '!');
	EXPECT_EQ(request(&k, FLUSH, 0, 0, false), 0);
	EXPECT_EQ(request(&k, GET_ID, 0, 20, true), 0);
	EXPECT_EQ(get(&k.b, DATA, 8), 0x312d4e53); /* SN-1 */
	EXPECT_EQ(request(&k, 99, 0, 0, false), 2);
	disk_end(&k);
}

TEST(what_lies_outside_the_disk_is_an_error)
{
	struct disk k;

	disk_start(&k, SECTORS * 512, (struct block_config){ 0 });
	EXPECT_EQ(request(&k, IN, SECTORS, 512, true), 1);
	EXPECT_EQ(request(&k, IN, SECTORS - 1, 1024, true), 1);
	EXPECT_EQ(request(&k, IN, ~0ull, 512, true), 1);
	EXPECT_EQ(request(&k, IN, ~0ull / 512, 512, true), 1);
	EXPECT_EQ(request(&k, IN, 0, 511, true), 1);
	EXPECT_EQ(request(&k, OUT, SECTORS, 512, false), 1);
	EXPECT_EQ(file_byte(&k, SECTORS * 512), -1); /* the file did not grow */
	EXPECT_EQ(k.d->stats.errors, 0);
	disk_end(&k);
}

TEST(requests_without_header_or_status_break_the_device)
{
	struct disk k;

	disk_start(&k, SECTORS * 512, (struct block_config){ 0 });
	put_desc(&k.b, DESC, 0, DATA, 15, NEXT, 1);
	put_desc(&k.b, DESC, 1, DATA, 1, WRITE, 0);
	offer(&k.b, 0);
	virtio_notify(k.d, 0);
	later(&k.b);
	EXPECT(k.d->status & VIRTIO_NEEDS_RESET);
	disk_end(&k);
}

TEST(zeroes_and_discards_reach_the_file)
{
	struct disk k;
	struct {
		u64 sector;
		u32 n, flags;
	} r = { 2, 3, 0 };

	disk_start(&k, SECTORS * 512, (struct block_config){ .discard = true });
	put(&k.b, DATA, &r, sizeof r);
	EXPECT_EQ(request(&k, ZEROES, 0, sizeof r, false), 0);
	EXPECT_EQ(file_byte(&k, 2 * 512 - 1), 'b');
	EXPECT_EQ(file_byte(&k, 2 * 512), 0);
	EXPECT_EQ(file_byte(&k, 5 * 512 - 1), 0);
	EXPECT_EQ(file_byte(&k, 5 * 512), 'f');
	r.sector = 8;
	r.n = 8;
	put(&k.b, DATA, &r, sizeof r);
	EXPECT_EQ(request(&k, DISCARD, 0, sizeof r, false), 0);
	EXPECT_EQ(file_byte(&k, SECTORS * 512 - 1), 'n');
	r.flags = 1; /* only write zeroes may say unmap */
	put(&k.b, DATA, &r, sizeof r);
	EXPECT_EQ(request(&k, DISCARD, 0, sizeof r, false), 2);
	EXPECT_EQ(request(&k, ZEROES, 0, sizeof r, false), 0);
	r.n = SECTORS;
	put(&k.b, DATA, &r, sizeof r);
	EXPECT_EQ(request(&k, ZEROES, 0, sizeof r, false), 1);
	EXPECT_EQ(request(&k, ZEROES, 0, sizeof r - 1, false), 1);
	disk_end(&k);
}

TEST(a_snapshot_disk_leaves_its_file_alone)
{
	struct mem_snap a = { .s.bytes = mem_bytes };
	struct disk k, k2;
	char text[512] = "mine";

	disk_start(&k, SECTORS * 512, (struct block_config){ .snapshot = true });
	put(&k.b, DATA, text, 512);
	EXPECT_EQ(request(&k, OUT, 9, 512, false), 0);
	EXPECT_EQ(file_byte(&k, 9 * 512), 'j');
	EXPECT_EQ(request(&k, IN, 8, 1536, true), 0);
	EXPECT_EQ(get(&k.b, DATA, 1), 'i');
	EXPECT_EQ(get(&k.b, DATA + 512, 2), 'm' | 'i' << 8);
	EXPECT_EQ(get(&k.b, DATA + 1024, 1), 'k');

	disk_start(&k2, SECTORS * 512, (struct block_config){ .snapshot = true });
	block_snap(k.block, &a.s);
	mem_rewind(&a);
	block_snap(k2.block, &a.s);
	EXPECT(!a.s.failed);
	EXPECT_EQ(request(&k2, IN, 9, 512, true), 0);
	EXPECT_EQ(get(&k2.b, DATA, 2), 'm' | 'i' << 8);
	disk_end(&k);
	disk_end(&k2);
}

TEST(a_read_only_disk_refuses_writes)
{
	struct disk k;

	disk_start(&k, SECTORS * 512, (struct block_config){ .readonly = true });
	EXPECT(k.d->offered & BIT(5));
	EXPECT_EQ(request(&k, OUT, 0, 512, false), 1);
	EXPECT_EQ(request(&k, IN, 0, 512, true), 0);
	disk_end(&k);
}

TEST(a_file_that_is_cut_short_gives_read_errors)
{
	struct disk k;

	disk_start(&k, SECTORS * 512, (struct block_config){ .readonly = true });
	EXPECT_EQ(truncate(k.path, 20 * 512), 0);
	EXPECT_EQ(request(&k, IN, 19, 512, true), 0);
	EXPECT_EQ(k.said_size, 0);
	EXPECT_EQ(request(&k, IN, 20, 512, true), 1);
	EXPECT(told(&k, "read of 512 bytes at 0x2800: No data available"));
	for (unsigned i = 0; i < 300; i++)
		request(&k, IN, 21, 512, true);
	EXPECT(told(&k, "further errors"));
	EXPECT(k.said_size < 20000); /* not a line for each */
	disk_end(&k);
}

/* Writes of sectors 19 and 20 on a host that takes files of 20 sectors. */
static void full_host(bool snapshot)
{
	struct rlimit old, small;
	struct disk k;
	u8 first, second;
	void (*action)(int);

	disk_start(&k, SECTORS * 512, (struct block_config){ .snapshot = snapshot });
	getrlimit(RLIMIT_FSIZE, &old);
	small = (struct rlimit){ 20 * 512, old.rlim_max };
	action = signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	first = request(&k, OUT, 19, 512, false);
	second = request(&k, OUT, 20, 512, false);
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, action);
	EXPECT_EQ(first, snapshot); /* a cluster of the overlay is 4 KiB */
	EXPECT_EQ(second, 1);
	EXPECT(told(&k, "write of 512 bytes at 0x2800: File too large"));
	EXPECT_EQ(request(&k, IN, 20, 512, true), 0);
	EXPECT_EQ(get(&k.b, DATA, 1), 'u');
	EXPECT_EQ(request(&k, OUT, 20, 512, false), 0); /* there is room again */
	disk_end(&k);
}

TEST(a_full_host_gives_write_errors_and_loses_nothing)
{
	full_host(false);
	full_host(true);
}

TEST(an_odd_tail_is_filled_up_with_zeros)
{
	struct disk k;

	disk_start(&k, 512 + 100, (struct block_config){ 0 });
	EXPECT_EQ(virtio_config_read(k.d, 0, 8), 2);
	EXPECT_EQ(request(&k, IN, 1, 512, true), 0);
	EXPECT_EQ(get(&k.b, DATA + 99, 2), 'b');
	disk_end(&k);
}

TEST(two_writers_cannot_open_one_file)
{
	struct disk k;
	struct block *b;
	struct why why;
	struct block_config c = { .file = k.path };

	disk_start(&k, SECTORS * 512, (struct block_config){ 0 });
	EXPECT_EQ(block_open(&b, &c, NULL, &why), -EBUSY);
	c.snapshot = true;
	EXPECT_EQ(block_open(&b, &c, NULL, &why), -EBUSY);
	disk_end(&k);

	disk_start(&k, SECTORS * 512, (struct block_config){ .snapshot = true });
	c.file = k.path;
	EXPECT_EQ(block_open(&b, &c, NULL, &why), 0); /* readers may be many */
	block_close(b);
	disk_end(&k);
}

TEST(a_reset_forgets_what_was_asked)
{
	struct disk k;

	disk_start(&k, SECTORS * 512, (struct block_config){ 0 });
	virtio_notify(k.d, 0);
	EXPECT(event_next(&k.b.queue) != EVENT_NEVER);
	virtio_set_status(k.d, 0);
	EXPECT_EQ(event_next(&k.b.queue), EVENT_NEVER);
	disk_end(&k);
}
