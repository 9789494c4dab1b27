/*
 * A disk in a raw file or on a block device of the host. Locks on the open file keep other emulators away: one may
 * write, or any number only read. Writes go to the file in the guest's order and reach the
 * medium with flush, so a killed emulator leaves what a crash of real hardware would.
 */
#define _GNU_SOURCE
#include "devices/block_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
	int fd;
	u64 size;
};

static int file_read(void *ctx, u64 off, void *dst, size_t n)
{
	struct file *f = ctx;

	for (size_t done = 0; done < n;) {
		ssize_t r = pread(f->fd, (u8 *)dst + done, n - done, (off_t)(off + done));

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0) {
			if (off + done < f->size)
				return -ENODATA; /* the file was cut short behind our back */
			memset((u8 *)dst + done, 0, n - done);
			return 0;
		}
		done += (size_t)r;
	}
	return 0;
}

static int file_write(void *ctx, u64 off, const void *src, size_t n)
{
	struct file *f = ctx;

	for (size_t done = 0; done < n;) {
		ssize_t r = pwrite(f->fd, (const u8 *)src + done, n - done, (off_t)(off + done));

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -EIO;
		done += (size_t)r;
	}
	return 0;
}

static int write_zeros(struct file *f, u64 off, u64 n)
{
	static const u8 zeros[65536];

	while (n) {
		size_t run = n < sizeof zeros ? (size_t)n : sizeof zeros;
		int r = file_write(f, off, zeros, run);

		if (r)
			return r;
		off += run;
		n -= run;
	}
	return 0;
}

static int file_zero(void *ctx, u64 off, u64 n, bool unmap)
{
	struct file *f = ctx;
	int mode = unmap ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : FALLOC_FL_ZERO_RANGE;

	if (!fallocate(f->fd, mode, (off_t)off, (off_t)n))
		return 0;
	return errno == EOPNOTSUPP || errno == ENODEV || errno == EINVAL ? write_zeros(f, off, n) : -errno;
}

static int file_discard(void *ctx, u64 off, u64 n)
{
	struct file *f = ctx;

	if (!fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)off, (off_t)n))
		return 0;
	return errno == EOPNOTSUPP || errno == ENODEV ? 0 : -errno; /* discarding is a hint */
}

static int file_flush(void *ctx)
{
	struct file *f = ctx;

	return fdatasync(f->fd) ? -errno : 0;
}

static void file_close(void *ctx)
{
	struct file *f = ctx;

	close(f->fd);
	free(f);
}

static const struct backend_ops file_ops = {
	.read = file_read,
	.write = file_write,
	.zero = file_zero,
	.discard = file_discard,
	.flush = file_flush,
	.close = file_close,
};

/*
 * Locks on single bytes, the same that QEMU takes: byte 100 + n says that somebody does n, byte 200 + n that somebody bears
 * nobody else who does n (0: read a consistent image, 1: write, 3: change the size). All are shared locks; a conflict is
 * seen by asking whether the opposite byte could be locked exclusively.
 */
enum { DOES = 100, BEARS_NOT = 200 };

/* 0, -EBUSY, or another negative errno. */
static int lock_byte(int fd, off_t mine, off_t opposite)
{
	struct flock l = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = mine, .l_len = 1 };

	if (fcntl(fd, F_OFD_SETLK, &l))
		return -errno;
	l = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = opposite, .l_len = 1 };
	if (fcntl(fd, F_OFD_GETLK, &l))
		return -errno;
	return l.l_type == F_UNLCK ? 0 : -EBUSY;
}

static int lock_file(int fd, bool writes)
{
	static const u8 reads_does[] = { 0 }, writes_does[] = { 0, 1, 3 }, bears_not[] = { 1, 3 };
	const u8 *does = writes ? writes_does : reads_does;
	size_t n = writes ? ARRAY_SIZE(writes_does) : ARRAY_SIZE(reads_does);
	int r = 0;

	for (size_t i = 0; i < n && !r; i++)
		r = lock_byte(fd, DOES + does[i], BEARS_NOT + does[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bears_not) && !r; i++)
		r = lock_byte(fd, BEARS_NOT + bears_not[i], DOES + bears_not[i]);
	return r == -EBUSY || r == -EAGAIN || r == -EACCES ? -EBUSY : 0; /* without locks nothing can be done */
}

static int file_size(int fd, u64 *size)
{
	struct stat st;
	off_t end;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return -EINVAL;
	end = lseek(fd, 0, SEEK_END);
	if (end < 0)
		return -errno;
	*size = (u64)end;
	return 0;
}

int block_file_open(struct backend *out, const struct block_config *c, struct why *why)
{
	bool writes = !c->readonly && !c->snapshot;
	struct file *f = calloc(1, sizeof *f);
	int r;

	if (!f)
		return why_set(why, ENOMEM, "no memory for disk %s", c->file);
	f->fd = open(c->file, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0) {
		r = why_set(why, errno, "-drive file=%s: cannot open%s: %s", c->file, writes ? " for writing" : "",
			    strerror(errno));
		free(f);
		return r;
	}
	r = file_size(f->fd, &f->size);
	if (r) {
		r = why_set(why, -r, "-drive file=%s: expected a regular file or a block device", c->file);
	} else if (lock_file(f->fd, writes)) {
		r = why_set(why, EBUSY, "-drive file=%s: another program uses it (snapshot=on or readonly=on may share)",
			    c->file);
	}
	if (r) {
		file_close(f);
		return r;
	}
	*out = (struct backend){ .ops = &file_ops, .ctx = f, .size = f->size };
	return 0;
}
