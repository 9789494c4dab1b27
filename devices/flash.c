/*
 * NOR flash with Intel's command set, as in the data sheets of StrataFlash parts and JEDEC's JESD68
 * (CFI). The bank is two x16 chips that always get the same command: the low byte of what is
 * written is taken, and status, identification and query data are answered in both halves of a
 * word. Programming clears bits, erasing sets them, at once: status is never busy. Every block can
 * be written; locking commands are accepted and change nothing. Not modelled: suspending,
 * protection registers, one chip commanded alone.
 *
 * While the array can be read, the bus reads the bytes itself and only writes come here. Made by
 * machine/.
 */
#define _GNU_SOURCE /* memfd_create */
#include "devices/flash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/log.h"
#include "base/snap.h"

enum {
	CMD_ARRAY_0 = 0x00,
	CMD_PROGRAM_ALT = 0x10,
	CMD_ERASE = 0x20,
	CMD_PROGRAM = 0x40,
	CMD_CLEAR_STATUS = 0x50,
	CMD_LOCK = 0x60,
	CMD_STATUS = 0x70,
	CMD_ID = 0x90,
	CMD_QUERY = 0x98,
	CMD_CONFIRM = 0xd0, /* and resume */
	CMD_BUFFER = 0xe8,
	CMD_ARRAY_AMD = 0xf0, /* the other command set's; probing drivers write it */
	CMD_ARRAY = 0xff,
	/* after CMD_LOCK; CMD_CONFIRM unlocks */
	LOCK = 0x01,
	LOCK_DOWN = 0x2f,
};

enum {
	SR_READY = 0x80,
	SR_ERASE_ERROR = 0x20,
	SR_PROGRAM_ERROR = 0x10,
	SR_LOCKED = 0x02,
	SR_SEQUENCE = SR_ERASE_ERROR | SR_PROGRAM_ERROR,
};

/* What a read answers when the array does not. */
enum answer { READ_ARRAY, READ_STATUS, READ_ID, READ_QUERY, READ_LAST = READ_QUERY };
/* What the next write is. */
enum expect {
	EXPECT_COMMAND,
	EXPECT_ERASE_CONFIRM,
	EXPECT_WORD,
	EXPECT_LOCK,
	EXPECT_COUNT,
	EXPECT_BUFFER,
	EXPECT_BUFFER_CONFIRM,
	EXPECT_LAST = EXPECT_BUFFER_CONFIRM
};

enum { BUFFER = 4096 }; /* of both chips; an aligned window of the array */
enum { ERASED_PIECE = 1 << 20 };

enum { MANUFACTURER = 0x89, DEVICE = 0x18 };

/* CFI query data of one chip, from word address 0x10 on. */
static const u8 query[] = {
	'Q',  'R',  'Y',		   /* 10 */
	0x01, 0x00, 0x31, 0x00,		   /* 13 command set 1, its table at 0x31 */
	0x00, 0x00, 0x00, 0x00,		   /* 17 no other */
	0x45, 0x55, 0x00, 0x00,		   /* 1b Vcc 4.5 to 5.5 V, no Vpp */
	0x07, 0x07, 0x0a, 0x00,		   /* 1f typical: 2^7 us, 2^7 us, 2^10 ms a block */
	0x04, 0x04, 0x04, 0x00,		   /* 23 at most 2^4 times those */
	0x19, 0x02, 0x00, 0x0b, 0x00,	   /* 27 2^25 bytes, x8/x16, write buffer of 2^11 bytes */
	0x01, 0xff, 0x00, 0x00, 0x02,	   /* 2c one region: 256 blocks of 0x200 * 256 bytes */
	'P',  'R',  'I',  '1',	'0',	   /* 31 version 1.0 */
	0x00, 0x00, 0x00, 0x00, 0x00,	   /* 36 no suspend, no locking */
	0x00, 0x00, 0x00, 0x00, 0x01, 0x00 /* 3b ... 3f one protection field, empty */
};
enum { QUERY_BASE = 0x10 };

struct flash {
	struct flash_config cfg;
	struct flash_stats stats;
	u8 *bytes;
	u64 file_size;
	u8 answer, expect, status;
	u32 left;	 /* words of the buffer still to come */
	u64 at;		 /* start of the buffer's window, or block to be erased */
	bool window_set; /* at names the window */
	u8 buffer[BUFFER];
	bool filled[BUFFER]; /* bytes of it that were written */
};

#define ROW(field, unit, help) STAT_ROW(flash_stats, field, unit, help)
const struct stat_row flash_stat_rows[] = { FLASH_STATS(ROW) };
#undef ROW
const size_t flash_stat_rows_n = ARRAY_SIZE(flash_stat_rows);

static void answer_with(struct flash *d, enum answer a)
{
	bool was = d->answer == READ_ARRAY, is = a == READ_ARRAY;

	d->answer = (u8)a;
	if (was != is && d->cfg.array)
		d->cfg.array(d->cfg.ctx, is);
}

/* ---- the array ---- */

static int write_all(int fd, const u8 *from, u64 off, u64 len)
{
	while (len) {
		ssize_t n = pwrite(fd, from, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		from += n;
		off += (u64)n;
		len -= (u64)n;
	}
	return 0;
}

/* The file takes the bytes over; a file shorter than the bank grows up to them. */
static bool keep(struct flash *d, u64 off, u64 len)
{
	u64 from = off > d->file_size ? d->file_size : off;
	int r;

	if (!d->cfg.keep)
		return true;
	r = write_all(d->cfg.fd, d->bytes + from, from, off + len - from);
	if (r < 0) {
		log_once(d->cfg.log, LOG_HOST, "flash", (u64)-r, "%s: cannot write: %s",
			 d->cfg.path, strerror(-r));
		return false;
	}
	if (off + len > d->file_size)
		d->file_size = off + len;
	return true;
}

static void fail(struct flash *d, u8 bits)
{
	d->status |= bits;
	d->stats.failures++;
}

/* After [off, off+len) of the bytes changed. */
static void changed(struct flash *d, u64 off, u64 len, u8 error)
{
	if (!keep(d, off, len))
		fail(d, error);
	if (d->cfg.changed)
		d->cfg.changed(d->cfg.ctx, off, len);
}

static void erase(struct flash *d, u64 block)
{
	if (d->cfg.readonly) {
		fail(d, SR_ERASE_ERROR | SR_LOCKED);
		return;
	}
	d->stats.erases++;
	memset(d->bytes + block, 0xff, FLASH_BLOCK);
	changed(d, block, FLASH_BLOCK, SR_ERASE_ERROR);
}

/* Clears the bits that are 0 in src. [off, off+len) lies in one block. */
static void program(struct flash *d, u64 off, const u8 *src, u64 len)
{
	if (d->cfg.readonly) {
		fail(d, SR_PROGRAM_ERROR | SR_LOCKED);
		return;
	}
	d->stats.programs++;
	d->stats.programmed += len;
	for (u64 i = 0; i < len; i++)
		d->bytes[off + i] &= src[i];
	changed(d, off, len, SR_PROGRAM_ERROR);
}

static void program_word(struct flash *d, u64 off, u64 v, unsigned width)
{
	u8 src[4];

	for (unsigned i = 0; i < width; i++)
		src[i] = (u8)(v >> 8 * i);
	program(d, off, src, width);
}

/* ---- the write buffer ---- */

static void buffer_begin(struct flash *d, u32 words)
{
	d->left = words;
	d->window_set = false;
	memset(d->buffer, 0xff, sizeof d->buffer);
	memset(d->filled, 0, sizeof d->filled);
	d->expect = EXPECT_BUFFER;
}

/* A word for the buffer. One outside the window spoils the sequence. */
static void buffer_word(struct flash *d, u64 off, u64 v, unsigned width)
{
	if (!d->window_set) {
		d->at = align_down(off, BUFFER);
		d->window_set = true;
	}
	if (off - d->at >= BUFFER) {
		log_at(d->cfg.log, LOG_GUEST, "flash",
		       "buffered program at %#" PRIx64 " leaves its window at %#" PRIx64, off,
		       d->at);
		fail(d, SR_SEQUENCE);
		d->expect = EXPECT_COMMAND;
		return;
	}
	for (unsigned i = 0; i < width; i++) {
		d->buffer[off - d->at + i] = (u8)(v >> 8 * i);
		d->filled[off - d->at + i] = true;
	}
	if (--d->left == 0)
		d->expect = EXPECT_BUFFER_CONFIRM;
}

static void buffer_program(struct flash *d)
{
	u32 first = 0, end = BUFFER;

	while (first < end && !d->filled[first])
		first++;
	while (end > first && !d->filled[end - 1])
		end--;
	if (end > first) /* bytes between that were not given are all ones: no change */
		program(d, d->at + first, d->buffer + first, end - first);
}

/* ---- commands ---- */

static void command(struct flash *d, u64 off, u8 cmd)
{
	d->stats.commands++;
	switch (cmd) {
	case CMD_ARRAY_0:
	case CMD_ARRAY_AMD:
	case CMD_ARRAY:
		answer_with(d, READ_ARRAY);
		return;
	case CMD_PROGRAM:
	case CMD_PROGRAM_ALT:
		d->expect = EXPECT_WORD;
		answer_with(d, READ_STATUS);
		return;
	case CMD_ERASE:
		d->expect = EXPECT_ERASE_CONFIRM;
		answer_with(d, READ_STATUS);
		return;
	case CMD_BUFFER:
		d->expect = EXPECT_COUNT;
		answer_with(d, READ_STATUS);
		return;
	case CMD_LOCK:
		d->expect = EXPECT_LOCK;
		answer_with(d, READ_STATUS);
		return;
	case CMD_CLEAR_STATUS:
		d->status = SR_READY;
		return;
	case CMD_STATUS:
	case CMD_CONFIRM: /* nothing is suspended */
		answer_with(d, READ_STATUS);
		return;
	case CMD_ID:
		answer_with(d, READ_ID);
		return;
	case CMD_QUERY:
		answer_with(d, READ_QUERY);
		return;
	}
	log_once(d->cfg.log, LOG_GUEST, "flash", cmd, "unknown command %#x at %#" PRIx64, cmd, off);
	answer_with(d, READ_ARRAY);
}

/* A second cycle that is not the right one ends the sequence (command sequence error). */
static void confirm(struct flash *d, bool right, const char *what)
{
	d->expect = EXPECT_COMMAND;
	if (right)
		return;
	log_at(d->cfg.log, LOG_GUEST, "flash", "%s was not confirmed", what);
	fail(d, SR_SEQUENCE);
}

static void flash_write(void *dev, u64 off, u64 v, unsigned width, struct attrs at)
{
	struct flash *d = dev;
	u8 low = (u8)v;

	switch ((enum expect)d->expect) {
	case EXPECT_COMMAND:
		command(d, off, low);
		return;
	case EXPECT_ERASE_CONFIRM:
		confirm(d, low == CMD_CONFIRM, "an erase");
		if (low == CMD_CONFIRM)
			erase(d, align_down(off, FLASH_BLOCK));
		return;
	case EXPECT_WORD:
		d->expect = EXPECT_COMMAND;
		program_word(d, off, v, width);
		return;
	case EXPECT_LOCK:
		confirm(d, low == LOCK || low == CMD_CONFIRM || low == LOCK_DOWN, "a lock command");
		return;
	case EXPECT_COUNT: /* words of one chip, less one */
		if ((u16)v >= BUFFER / 4)
			confirm(d, false, "a buffered program: it is too long and");
		else
			buffer_begin(d, (u32)(u16)v + 1);
		return;
	case EXPECT_BUFFER:
		buffer_word(d, off, v, width);
		return;
	case EXPECT_BUFFER_CONFIRM:
		confirm(d, low == CMD_CONFIRM, "a buffered program");
		if (low == CMD_CONFIRM)
			buffer_program(d);
		return;
	}
}

/* What one chip says at its word address. */
static u16 chip_read(const struct flash *d, u64 word)
{
	u64 q = (word & 0xff) - QUERY_BASE;

	switch (d->answer) {
	case READ_STATUS:
		return d->status;
	case READ_ID:
		return (word & 0xff) == 0 ? MANUFACTURER : (word & 0xff) == 1 ? DEVICE : 0;
	case READ_QUERY:
		return q < sizeof query ? query[q] : 0;
	}
	return 0;
}

static u64 flash_read(void *dev, u64 off, unsigned width, struct attrs at)
{
	const struct flash *d = dev;
	u64 v = 0;

	if (d->answer == READ_ARRAY) {
		for (unsigned i = 0; i < width; i++)
			v |= (u64)d->bytes[off + i] << 8 * i;
		return v;
	}
	v = chip_read(d, off / 4);
	v |= v << 16;
	return v >> 8 * (off & 3) & low_mask(8 * width);
}

/* ---- life ---- */

static void flash_reset(void *dev)
{
	struct flash *d = dev;

	d->status = SR_READY;
	d->expect = EXPECT_COMMAND;
	answer_with(d, READ_ARRAY);
}

/* How a block stands in a snapshot. */
enum { BLOCK_ERASED, BLOCK_ZEROS, BLOCK_BYTES };

static u8 block_kind(const u8 *block)
{
	if (memcmp(block, block + 1, FLASH_BLOCK - 1))
		return BLOCK_BYTES;
	return *block == 0xff ? BLOCK_ERASED : *block ? BLOCK_BYTES : BLOCK_ZEROS;
}

/* Loading: what a file keeps goes back to what it was then, too. */
static void load_block(struct flash *d, u64 off, u8 kind, struct snap *s)
{
	u8 *loaded = malloc(FLASH_BLOCK);

	snap_check(s, loaded != NULL, "memory for a block of flash");
	if (s->failed)
		return;
	memset(loaded, kind == BLOCK_ERASED ? 0xff : 0, FLASH_BLOCK);
	if (kind == BLOCK_BYTES)
		snap_bytes(s, loaded, FLASH_BLOCK);
	if (!s->failed && memcmp(loaded, d->bytes + off, FLASH_BLOCK)) {
		memcpy(d->bytes + off, loaded, FLASH_BLOCK);
		changed(d, off, FLASH_BLOCK, 0);
	}
	free(loaded);
}

static void snap_contents(struct flash *d, struct snap *s)
{
	for (u64 off = 0; off < FLASH_SIZE && !s->failed; off += FLASH_BLOCK) {
		u8 kind = s->loading ? 0 : block_kind(d->bytes + off);

		snap_u8(s, &kind);
		snap_check(s, kind <= BLOCK_BYTES, "kind of a block of flash");
		if (s->loading && !s->failed)
			load_block(d, off, kind, s);
		else if (kind == BLOCK_BYTES)
			snap_bytes(s, d->bytes + off, FLASH_BLOCK);
	}
}

static void flash_snap(void *dev, struct snap *s)
{
	struct flash *d = dev;
	u8 answer = d->answer;

	snap_section(s, "flash", 2);
	snap_contents(d, s);
	snap_u8(s, &answer);
	snap_u8(s, &d->expect);
	snap_u8(s, &d->status);
	snap_u32(s, &d->left);
	snap_u64(s, &d->at);
	snap_bool(s, &d->window_set);
	snap_bytes(s, d->buffer, sizeof d->buffer);
	for (unsigned i = 0; i < BUFFER; i++)
		snap_bool(s, &d->filled[i]);
	for (size_t i = 0; i < flash_stat_rows_n; i++)
		snap_u64(s, (u64 *)((char *)&d->stats + flash_stat_rows[i].offset));
	snap_check(s, answer <= READ_LAST, "flash read mode");
	snap_check(s, d->expect <= EXPECT_LAST, "flash command state");
	snap_check(s, d->at <= FLASH_SIZE - BUFFER && d->at % BUFFER == 0, "flash buffer window");
	snap_check(s, d->expect != EXPECT_BUFFER || d->left, "flash buffer count");
	if (s->failed) {
		d->expect = EXPECT_COMMAND;
		d->at = 0;
		return;
	}
	if (s->loading)
		answer_with(d, (enum answer)answer);
}

const struct device_ops flash_ops = {
	.name = "flash",
	.size = FLASH_SIZE,
	.widths = W8 | W16 | W32,
	.read = flash_read,
	.write = flash_write,
	.reset = flash_reset,
	.snap = flash_snap,
};

/*
 * Erased bytes from `from` (page-aligned) to the end: one piece of ones, mapped again and again, so
 * that they cost no memory.
 */
static int map_erased(u8 *bytes, u64 from)
{
	static const u8 ones[4096] = { [0 ... 4095] = 0xff };
	int r = 0, fd = memfd_create("erased", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (u64 at = 0; at < ERASED_PIECE && r == 0; at += sizeof ones)
		r = write_all(fd, ones, at, sizeof ones);
	while (from < FLASH_SIZE && r == 0) {
		u64 skip = from % ERASED_PIECE;

		if (mmap(bytes + from, ERASED_PIECE - skip, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_FIXED, fd, (off_t)skip) == MAP_FAILED)
			r = -errno;
		from += ERASED_PIECE - skip;
	}
	close(fd);
	return r;
}

/* Reads the file; pages of zeros stay untouched memory. */
static int read_file(struct flash *d)
{
	static const u8 zeros[4096];
	u8 page[4096];

	for (u64 at = 0; at < d->file_size;) {
		u64 in_page = at % sizeof page, want = sizeof page - in_page;
		ssize_t n;

		if (want > d->file_size - at)
			want = d->file_size - at;
		n = pread(d->cfg.fd, page, want, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		if (memcmp(page, zeros, (size_t)n))
			memcpy(d->bytes + at, page, (size_t)n);
		at += (u64)n;
	}
	return 0;
}

static int fill(struct flash *d)
{
	struct stat st;
	u64 whole;
	int r;

	if (d->cfg.fd >= 0) {
		if (fstat(d->cfg.fd, &st) < 0)
			return -errno;
		if (!S_ISREG(st.st_mode))
			return -EINVAL;
		if ((u64)st.st_size > FLASH_SIZE)
			return -EFBIG;
		d->file_size = (u64)st.st_size;
	}
	whole = align_up(d->file_size, 4096);
	r = read_file(d);
	memset(d->bytes + d->file_size, 0xff, whole - d->file_size);
	return r < 0 ? r : map_erased(d->bytes, whole);
}

int flash_new(struct flash **out, const struct flash_config *cfg)
{
	struct flash *d = calloc(1, sizeof *d);
	void *bytes = mmap(NULL, FLASH_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int r = -ENOMEM;

	*out = NULL;
	if (d && bytes != MAP_FAILED) {
		d->cfg = *cfg;
		d->bytes = bytes;
		d->status = SR_READY;
		r = fill(d);
	}
	if (r == 0) {
		*out = d;
		return 0;
	}
	if (bytes != MAP_FAILED)
		munmap(bytes, FLASH_SIZE);
	if (cfg->fd >= 0)
		close(cfg->fd);
	free(d);
	return r;
}

void flash_free(struct flash *d)
{
	if (!d)
		return;
	munmap(d->bytes, FLASH_SIZE);
	if (d->cfg.fd >= 0)
		close(d->cfg.fd);
	free(d);
}

u8 *flash_bytes(struct flash *d)
{
	return d->bytes;
}

const struct flash_stats *flash_stats(const struct flash *d)
{
	return &d->stats;
}
