/*
 * Disks: checks, the overlay of snapshot=on, and log lines in front of a backend (block_file.c, block_nbd.c).
 *
 * The overlay has a bit for each cluster of 4 KiB and a sparse temporary file with no name, which the host drops when
 * the program ends in any way. A cluster that is written in part is first filled from the file below.
 */
#define _GNU_SOURCE
#include "devices/block_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/snap.h"

enum { CLUSTER = 4096, ERRORS_TOLD = 100 };

struct overlay {
	int fd; /* -1: none */
	u64 *present;
	u64 clusters;
};

struct block {
	struct backend below;
	struct overlay over;
	struct block_config cfg;
	char *name; /* "d (disk.img)" */
	u64 size;
	struct log *log;
	unsigned errors; /* up to ERRORS_TOLD: a guest that tries for ever does not fill the log */
};

u64 block_size(const struct block *b)
{
	return b->size;
}

bool block_readonly(const struct block *b)
{
	return b->cfg.readonly;
}

bool block_writethrough(const struct block *b)
{
	return b->cfg.writethrough;
}

/* ---- the overlay ---- */

static int overlay_file(void)
{
	const char *dir = getenv("TMPDIR");
	int fd = open(dir && *dir ? dir : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? memfd_create("overlay", MFD_CLOEXEC) : fd;
}

static int overlay_make(struct block *b)
{
	struct overlay *o = &b->over;

	o->clusters = (b->size + CLUSTER - 1) / CLUSTER;
	o->present = calloc(o->clusters / 64 + 1, sizeof(u64));
	o->fd = overlay_file();
	return !o->present ? -ENOMEM : o->fd < 0 ? -errno : 0;
}

static bool present(const struct overlay *o, u64 cluster)
{
	return o->present[cluster / 64] >> cluster % 64 & 1;
}

static int over_io(struct overlay *o, u64 off, void *p, size_t n, bool write)
{
	for (size_t done = 0; done < n;) {
		ssize_t r = write ? pwrite(o->fd, (u8 *)p + done, n - done, (off_t)(off + done)) :
				    pread(o->fd, (u8 *)p + done, n - done, (off_t)(off + done));

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -EIO;
		done += (size_t)r;
	}
	return 0;
}

/* Bytes from off on, at most n, that all are in the overlay or all are not. */
static size_t alike(const struct block *b, u64 off, size_t n, bool *in)
{
	u64 last = (off + n - 1) / CLUSTER, c = off / CLUSTER;
	u64 end;

	*in = present(&b->over, c);
	while (c < last && present(&b->over, c + 1) == *in)
		c++;
	end = (c + 1) * CLUSTER;
	return end - off < n ? (size_t)(end - off) : n;
}

static int over_read(struct block *b, u64 off, u8 *dst, size_t n)
{
	while (n) {
		bool in;
		size_t run = alike(b, off, n, &in);
		int r = in ? over_io(&b->over, off, dst, run, false) : b->below.ops->read(b->below.ctx, off, dst, run);

		if (r)
			return r;
		off += run;
		dst += run;
		n -= run;
	}
	return 0;
}

/* Brings the cluster of off into the overlay, unless [off, off+n) replaces all of it. */
static int over_fill(struct block *b, u64 off, u64 n)
{
	u64 start = align_down(off, CLUSTER);
	u64 len = b->size - start < CLUSTER ? b->size - start : CLUSTER;
	u8 cluster[CLUSTER];
	int r;

	if (present(&b->over, start / CLUSTER) || (off == start && n >= len))
		return 0;
	r = b->below.ops->read(b->below.ctx, start, cluster, (size_t)len);
	return r ? r : over_io(&b->over, start, cluster, (size_t)len, true);
}

static int over_write(struct block *b, u64 off, const u8 *src, size_t n)
{
	while (n) {
		u64 left = CLUSTER - off % CLUSTER;
		size_t run = n < left ? n : (size_t)left;
		int r = over_fill(b, off, run);

		if (!r)
			r = over_io(&b->over, off, (u8 *)(uintptr_t)src, run, true);
		if (r)
			return r;
		b->over.present[off / CLUSTER / 64] |= BIT(off / CLUSTER % 64);
		off += run;
		src += run;
		n -= run;
	}
	return 0;
}

static int over_zero(struct block *b, u64 off, u64 n)
{
	static const u8 zeros[CLUSTER];

	while (n) {
		u64 left = CLUSTER - off % CLUSTER;
		size_t run = n < left ? (size_t)n : (size_t)left;
		int r = over_write(b, off, zeros, run);

		if (r)
			return r;
		off += run;
		n -= run;
	}
	return 0;
}

/* ---- what the device calls ---- */

static int result(struct block *b, int r, const char *what, u64 off, u64 n)
{
	if (r && b->errors < ERRORS_TOLD) {
		b->errors++;
		log_at(b->log, LOG_HOST, "block", "%s: %s of %" PRIu64 " bytes at %#" PRIx64 ": %s%s", b->name, what, n, off,
		       strerror(-r), b->errors == ERRORS_TOLD ? "; further errors of this disk are not told" : "");
	}
	return r;
}

int block_read(struct block *b, u64 off, void *dst, size_t n)
{
	int r = b->over.fd >= 0 ? over_read(b, off, dst, n) : b->below.ops->read(b->below.ctx, off, dst, n);

	return result(b, r, "read", off, n);
}

int block_write(struct block *b, u64 off, const void *src, size_t n)
{
	int r = b->over.fd >= 0 ? over_write(b, off, src, n) : b->below.ops->write(b->below.ctx, off, src, n);

	return result(b, r, "write", off, n);
}

int block_zero(struct block *b, u64 off, u64 n, bool unmap)
{
	int r = b->over.fd >= 0 ? over_zero(b, off, n) : b->below.ops->zero(b->below.ctx, off, n, unmap && b->cfg.discard);

	return result(b, r, "write of zeros", off, n);
}

int block_discard(struct block *b, u64 off, u64 n)
{
	if (b->over.fd >= 0 || !b->cfg.discard)
		return 0; /* discarding is a hint */
	return result(b, b->below.ops->discard(b->below.ctx, off, n), "discard", off, n);
}

int block_flush(struct block *b)
{
	if (b->over.fd >= 0 || b->cfg.no_flush || b->cfg.readonly)
		return 0;
	return result(b, b->below.ops->flush(b->below.ctx), "flush", 0, b->size);
}

/* ---- life time ---- */

void block_close(struct block *b)
{
	if (!b)
		return;
	if (b->over.fd >= 0)
		close(b->over.fd);
	free(b->over.present);
	if (b->below.ops)
		b->below.ops->close(b->below.ctx);
	free(b->name);
	free(b);
}

static int open_backend(struct block *b, struct why *why)
{
	int r = (block_nbd_named(b->cfg.file) ? block_nbd_open : block_file_open)(&b->below, &b->cfg, why);

	if (r)
		return r;
	b->size = align_up(b->below.size, BLOCK_SECTOR);
	if (!b->size)
		return why_set(why, EINVAL, "disk %s: the image is empty", b->name);
	if (b->cfg.snapshot) {
		r = overlay_make(b);
		if (r)
			return why_set(why, -r, "disk %s: no temporary file for snapshot=on: %s", b->name, strerror(-r));
	}
	return 0;
}

int block_open(struct block **out, const struct block_config *c, struct log *log, struct why *why)
{
	struct block *b = calloc(1, sizeof *b);
	int r;

	*out = NULL;
	if (!b || asprintf(&b->name, "%s (%s)", c->id ? c->id : "disk", c->file) < 0) {
		free(b);
		return why_set(why, ENOMEM, "no memory for disk %s", c->file);
	}
	b->cfg = *c;
	b->cfg.id = NULL; /* borrowed for the call only */
	b->log = log;
	b->over.fd = -1;
	r = open_backend(b, why);
	b->cfg.file = NULL;
	if (r) {
		block_close(b);
		return r;
	}
	*out = b;
	return 0;
}

/* ---- what is in an image ---- */

enum { PIECE = 1 << 16 };

static void digest_piece(struct snap *s, u64 off, u8 *piece, size_t n)
{
	static const u8 zeros[CLUSTER];

	for (size_t at = 0; at < n; at += CLUSTER) {
		size_t k = n - at < CLUSTER ? n - at : CLUSTER;
		u64 where = off + at;

		if (!memcmp(piece + at, zeros, k))
			continue;
		snap_u64(s, &where);
		snap_bytes(s, piece + at, k);
	}
}

static int digest_file(int fd, u64 size, struct snap *s)
{
	u8 piece[PIECE];

	for (u64 off = 0; off < size;) {
		off_t data = lseek(fd, (off_t)off, SEEK_DATA);
		ssize_t n;

		if (data < 0 && errno == ENXIO)
			return 0; /* nothing but a hole is left */
		if (data > (off_t)off)
			off = align_down((u64)data, CLUSTER);
		n = pread(fd, piece, PIECE, (off_t)off);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
		if (n < 0)
			continue;
		if ((size_t)n < PIECE && off + (u64)n < size)
			n -= n % CLUSTER; /* a short read: whole clusters, so that they are cut alike */
		if (!n)
			return -EIO;
		digest_piece(s, off, piece, (size_t)n);
		off += (u64)n;
	}
	return 0;
}

int block_image_digest(const char *file, char hex[65], u64 *size)
{
	int r, fd = block_nbd_named(file) ? -1 : open(file, O_RDONLY | O_CLOEXEC);
	struct snap_digest *d;
	struct stat st;

	*size = 0;
	if (block_nbd_named(file))
		return 1;
	if (fd < 0 || fstat(fd, &st)) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	*size = (u64)st.st_size;
	d = snap_digest_new();
	r = !d ? -ENOMEM : S_ISREG(st.st_mode) ? digest_file(fd, *size, snap_digest_stream(d)) : 1;
	if (d)
		snap_digest_end(d, hex);
	close(fd);
	return r;
}

/* ---- snapshot ---- */

static void snap_clusters(struct block *b, struct snap *s)
{
	u8 cluster[CLUSTER];

	for (u64 i = 0; i < b->over.clusters && !s->failed; i++) {
		u64 off = i * CLUSTER;
		size_t n = b->size - off < CLUSTER ? (size_t)(b->size - off) : CLUSTER;

		if (!present(&b->over, i))
			continue;
		if (!s->loading)
			snap_check(s, !over_io(&b->over, off, cluster, n, false), "reading a disk's overlay");
		snap_bytes(s, cluster, n);
		if (s->loading)
			snap_check(s, !over_io(&b->over, off, cluster, n, true), "writing a disk's overlay");
	}
}

void block_snap(struct block *b, struct snap *s)
{
	u64 size = b->size;
	bool over = b->over.fd >= 0;

	snap_u64(s, &size);
	snap_bool(s, &over);
	snap_check(s, size == b->size && over == (b->over.fd >= 0), "size of a disk and whether it is a snapshot");
	if (s->failed || !over)
		return;
	snap_bytes(s, b->over.present, (size_t)(b->over.clusters / 64 + 1) * sizeof(u64));
	snap_clusters(b, s);
}
