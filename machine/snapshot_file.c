/* See snapshot_file.h. All numbers are little-endian, as the host's (base/snap.c refuses others). */
#define _GNU_SOURCE
#include "machine/snapshot_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { CHUNK = 1 << 16, SECTIONS_MAX = 256, NAME = 32, BY = 24 };

static const char magic[8] = "\x89TLSNAP\n";

struct header {
	char magic[8];
	u32 format, header_size;
	u64 length; /* of the file */
	u64 table;  /* where the table of sections stands, which ends the file */
	u32 sections;
	u32 config; /* bytes of the text behind the header */
	char by[BY];
	u8 sha256[SHA256_DIGEST_SIZE]; /* of all behind the header, then the header with zeros here */
	u8 zero[32];
};
_Static_assert(sizeof(struct header) == 128, "no padding");

/* Sections stand one behind the other, each a stream of zlib. */
struct entry {
	char name[NAME];
	u32 version, zero;
	u64 offset, packed, size;
};
_Static_assert(sizeof(struct entry) == 64, "no padding");

/* What ends a digest: the header without it. */
static void header_digest(struct sha256_ctx *sha, const struct header *h, u8 to[SHA256_DIGEST_SIZE])
{
	struct header copy = *h;

	memset(copy.sha256, 0, sizeof copy.sha256);
	sha256_update(sha, sizeof copy, (const u8 *)&copy);
	sha256_digest(sha, SHA256_DIGEST_SIZE, to);
}

/* ---- writing ---- */

struct snapshot_writer {
	struct snap s; /* first: what visitors get */
	char *path, *temporary;
	int fd, error; /* errno of the first write that failed */
	const char *failed; /* the visitor's reason, of the section that it stopped in */
	u64 at;
	struct sha256_ctx sha;
	struct header h;
	struct entry table[SECTIONS_MAX];
	z_stream z;
	bool open; /* a section is */
	size_t n;  /* in raw */
	u8 raw[CHUNK], packed[CHUNK];
};

/* 0, or errno. */
static int put_all(int fd, const void *from, size_t n, u64 at)
{
	const u8 *p = from;

	while (n) {
		ssize_t k = pwrite(fd, p, n, (off_t)at);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return k < 0 ? errno : EIO;
		p += k;
		n -= (size_t)k;
		at += (u64)k;
	}
	return 0;
}

static void put(struct snapshot_writer *w, const void *from, size_t n)
{
	if (w->error)
		return;
	w->error = put_all(w->fd, from, n, w->at);
	w->at += n;
	sha256_update(&w->sha, n, from);
}

static void pack(struct snapshot_writer *w, int flush)
{
	int r;

	w->z.next_in = w->raw;
	w->z.avail_in = (uInt)w->n;
	w->n = 0;
	do {
		w->z.next_out = w->packed;
		w->z.avail_out = sizeof w->packed;
		r = deflate(&w->z, flush);
		put(w, w->packed, sizeof w->packed - w->z.avail_out);
	} while (r == Z_OK && w->z.avail_out == 0);
}

static bool write_bytes(struct snap *s, void *p, size_t n)
{
	struct snapshot_writer *w = container_of(s, struct snapshot_writer, s);
	const u8 *from = p;

	w->table[w->h.sections - 1].size += n;
	while (n && !w->error) {
		size_t k = sizeof w->raw - w->n < n ? sizeof w->raw - w->n : n;

		memcpy(w->raw + w->n, from, k);
		w->n += k;
		from += k;
		n -= k;
		if (w->n == sizeof w->raw)
			pack(w, Z_NO_FLUSH);
	}
	return !w->error;
}

static void end_section(struct snapshot_writer *w)
{
	struct entry *e;

	if (!w->open)
		return;
	e = &w->table[w->h.sections - 1];
	pack(w, Z_FINISH);
	deflateEnd(&w->z);
	w->open = false;
	e->packed = w->at - e->offset;
	if (w->s.failed && !w->failed)
		w->failed = w->s.why;
}

struct snap *snapshot_begin(struct snapshot_writer *w, const char *name, u32 version)
{
	struct entry *e;

	end_section(w);
	w->s = (struct snap){ .bytes = write_bytes };
	if (w->h.sections == SECTIONS_MAX || strlen(name) >= NAME) {
		w->failed = "too many sections";
		w->s.failed = true;
		return &w->s;
	}
	e = &w->table[w->h.sections++];
	snprintf(e->name, NAME, "%s", name);
	e->version = version;
	e->offset = w->at;
	w->z = (z_stream){ 0 };
	w->open = deflateInit(&w->z, Z_BEST_SPEED) == Z_OK;
	if (!w->open) {
		w->failed = "no memory";
		w->s.failed = true;
	}
	return &w->s;
}

static void writer_free(struct snapshot_writer *w)
{
	if (w->open)
		deflateEnd(&w->z);
	if (w->fd >= 0) {
		close(w->fd);
		unlink(w->temporary);
	}
	free(w->path);
	free(w->temporary);
	free(w);
}

/* A name is ours when nobody has it. */
static int open_temporary(struct snapshot_writer *w)
{
	for (unsigned i = 0; i < 100; i++) {
		free(w->temporary);
		if (asprintf(&w->temporary, "%s.%u.tmp", w->path, i) < 0) {
			w->temporary = NULL;
			errno = ENOMEM;
			return -1;
		}
		w->fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (w->fd >= 0 || errno != EEXIST)
			return w->fd;
	}
	return -1;
}

/* A file that is there: an older snapshot, or nothing. */
static int may_replace(const char *path, const struct stat *st, struct why *why)
{
	char seen[sizeof magic] = { 0 };
	int fd;

	if (!S_ISREG(st->st_mode))
		return why_set(why, EINVAL, "snapshot %s: expected the name of a file, this is something else", path);
	if (!st->st_size)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (read(fd, seen, sizeof seen) < 0)
			seen[0] = 0;
		close(fd);
	}
	return memcmp(seen, magic, sizeof magic) ? why_set(why, EEXIST, "snapshot %s: a file that is no snapshot is there, and stays", path) : 0;
}

int snapshot_create(struct snapshot_writer **out, const char *path, const char *by, const char *config, struct why *why)
{
	struct snapshot_writer *w;
	struct stat st;
	size_t n = strlen(config);
	char *real = NULL;
	int r;

	*out = NULL;
	if (n > SNAPSHOT_CONFIG_MAX)
		return why_set(why, E2BIG, "snapshot %s: the configuration is too long", path);
	if (stat(path, &st) == 0) {
		r = may_replace(path, &st, why);
		if (r)
			return r;
		if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
			real = realpath(path, NULL); /* the link stays */
	}
	w = calloc(1, sizeof *w);
	if (!w || !(w->path = real ? real : strdup(path))) {
		free(w);
		free(real);
		return why_set(why, ENOMEM, "snapshot %s: no memory", path);
	}
	w->fd = -1;
	if (open_temporary(w) < 0) {
		int err = errno;

		writer_free(w);
		return why_set(why, err, "snapshot %s: cannot create: %s", path, strerror(err));
	}
	memcpy(w->h.magic, magic, sizeof magic);
	w->h.format = SNAPSHOT_FORMAT;
	w->h.header_size = sizeof w->h;
	w->h.config = (u32)n;
	snprintf(w->h.by, BY, "%s", by);
	w->at = sizeof w->h;
	sha256_init(&w->sha);
	put(w, config, n);
	*out = w;
	return 0;
}

/* The folder's entry is on the disk, too. A file system that cannot say so is no reason to fail. */
static void sync_folder(const char *path)
{
	char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(copy);
}

static int finish(struct snapshot_writer *w)
{
	int err;

	w->h.table = w->at;
	put(w, w->table, w->h.sections * sizeof w->table[0]);
	w->h.length = w->at;
	header_digest(&w->sha, &w->h, w->h.sha256);
	err = w->error ? w->error : put_all(w->fd, &w->h, sizeof w->h, 0);
	if (!err && fsync(w->fd))
		err = errno;
	if (!err && rename(w->temporary, w->path))
		err = errno;
	return err;
}

int snapshot_commit(struct snapshot_writer *w, struct why *why)
{
	int err, r = 0;

	end_section(w);
	if (w->failed && !w->error) {
		r = why_set(why, EIO, "snapshot %s: not written: %s", w->path, w->failed);
	} else if ((err = finish(w)) != 0) {
		r = why_set(why, err, "snapshot %s: cannot write: %s", w->path, strerror(err));
	} else {
		sync_folder(w->path);
		close(w->fd);
		w->fd = -1; /* it has its name */
	}
	writer_free(w);
	return r;
}

/* ---- reading ---- */

struct snapshot_reader {
	struct snap s; /* first */
	char *path;
	int fd;
	struct header h;
	char by[BY + 1], *config;
	struct entry table[SECTIONS_MAX];
	size_t section; /* of s */
	u64 at, left;   /* of its packed bytes */
	u64 taken;	/* of its size */
	z_stream z;
	bool open, damaged;
	u8 packed[CHUNK];
};

/* Bytes read, fewer at the end of the file; negative errno. */
static ssize_t get(int fd, void *to, size_t n, u64 at)
{
	size_t done = 0;

	while (done < n) {
		ssize_t k = pread(fd, (u8 *)to + done, n - done, (off_t)(at + done));

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		if (k == 0)
			break;
		done += (size_t)k;
	}
	return (ssize_t)done;
}

static int refuse(const struct snapshot_reader *r, struct why *why, const char *what)
{
	return why_set(why, EINVAL, "snapshot %s: %s", r->path, what);
}

static int check_header(struct snapshot_reader *r, u64 size, struct why *why)
{
	ssize_t n = get(r->fd, &r->h, sizeof r->h, 0);

	if (n < 0)
		return why_set(why, (int)-n, "snapshot %s: cannot read: %s", r->path, strerror((int)-n));
	if ((size_t)n < sizeof magic || memcmp(r->h.magic, magic, sizeof magic))
		return refuse(r, why, "this is no snapshot of trapline");
	if ((size_t)n < sizeof r->h)
		return why_set(why, EINVAL, "snapshot %s: it is cut off after %zd bytes", r->path, n);
	memcpy(r->by, r->h.by, BY);
	for (char *p = r->by; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	if (r->h.format != SNAPSHOT_FORMAT)
		return why_set(why, EINVAL, "snapshot %s: it has format %" PRIu32 " (by %s), this program reads format %d", r->path,
			       r->h.format, r->by, SNAPSHOT_FORMAT);
	if (r->h.length != size)
		return why_set(why, EINVAL, "snapshot %s: it %s: expected %" PRIu64 " bytes, got %" PRIu64, r->path,
			       size < r->h.length ? "is cut off" : "has something behind its end", r->h.length, size);
	return 0;
}

static int check_digest(struct snapshot_reader *r, struct why *why)
{
	u8 sum[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;
	u64 at = sizeof r->h;

	sha256_init(&sha);
	while (at < r->h.length) {
		ssize_t n = get(r->fd, r->packed, sizeof r->packed, at);

		if (n <= 0)
			return why_set(why, EIO, "snapshot %s: cannot read: %s", r->path, n < 0 ? strerror((int)-n) : "it became shorter");
		sha256_update(&sha, (size_t)n, r->packed);
		at += (u64)n;
	}
	header_digest(&sha, &r->h, sum);
	return memcmp(sum, r->h.sha256, sizeof sum) ? refuse(r, why, "it is damaged: its SHA-256 is not the one that it names") : 0;
}

/* What a file by hand could get wrong although its digest is right. */
static bool table_fits(const struct snapshot_reader *r)
{
	u64 at = sizeof r->h + r->h.config;

	for (u32 i = 0; i < r->h.sections; i++) {
		const struct entry *e = &r->table[i];

		if (e->offset != at || e->packed > r->h.table - at || !memchr(e->name, 0, NAME))
			return false;
		at += e->packed;
	}
	return at == r->h.table;
}

static int read_table(struct snapshot_reader *r, struct why *why)
{
	const struct header *h = &r->h;
	bool fits = h->header_size == sizeof *h && h->config <= SNAPSHOT_CONFIG_MAX && h->sections <= SECTIONS_MAX &&
		    h->length >= sizeof *h + h->config + h->sections * sizeof r->table[0] &&
		    h->table == h->length - h->sections * sizeof r->table[0];

	r->config = fits ? calloc(1, (size_t)h->config + 1) : NULL;
	if (fits && !r->config)
		return why_set(why, ENOMEM, "snapshot %s: no memory", r->path);
	fits = fits && get(r->fd, r->config, h->config, sizeof *h) == (ssize_t)h->config &&
	       get(r->fd, r->table, h->sections * sizeof r->table[0], h->table) == (ssize_t)(h->sections * sizeof r->table[0]) &&
	       strlen(r->config) == h->config && table_fits(r);
	return fits ? 0 : refuse(r, why, "its table of sections makes no sense");
}

int snapshot_open(struct snapshot_reader **out, const char *path, struct why *why)
{
	struct snapshot_reader *r = calloc(1, sizeof *r);
	struct stat st;
	int ret;

	*out = NULL;
	if (!r || !(r->path = strdup(path))) {
		free(r);
		return why_set(why, ENOMEM, "snapshot %s: no memory", path);
	}
	r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (r->fd < 0 || fstat(r->fd, &st))
		ret = why_set(why, errno, "snapshot %s: cannot open: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		ret = refuse(r, why, "expected a file, this is something else");
	else
		ret = check_header(r, (u64)st.st_size, why);
	if (!ret)
		ret = check_digest(r, why);
	if (!ret)
		ret = read_table(r, why);
	if (ret) {
		snapshot_close(r);
		return ret;
	}
	*out = r;
	return 0;
}

static void end_load(struct snapshot_reader *r)
{
	if (r->open)
		inflateEnd(&r->z);
	r->open = false;
}

void snapshot_close(struct snapshot_reader *r)
{
	if (!r)
		return;
	end_load(r);
	if (r->fd >= 0)
		close(r->fd);
	free(r->config);
	free(r->path);
	free(r);
}

const char *snapshot_by(const struct snapshot_reader *r)
{
	return r->by;
}

const char *snapshot_config(const struct snapshot_reader *r)
{
	return r->config;
}

size_t snapshot_sections(const struct snapshot_reader *r)
{
	return r->h.sections;
}

struct snapshot_section snapshot_section(const struct snapshot_reader *r, size_t i, u64 *size)
{
	*size = r->table[i].size;
	return (struct snapshot_section){ r->table[i].name, r->table[i].version };
}

bool snapshot_has(const struct snapshot_reader *r, const struct snapshot_section *want, size_t n, struct why *why)
{
	for (size_t i = 0; i < n || i < r->h.sections; i++) {
		const char *name = i < r->h.sections ? r->table[i].name : "no more";

		if (i >= n || i >= r->h.sections || strcmp(name, want[i].name)) {
			why_set(why, EINVAL, "snapshot %s (by %s): section %zu: expected %s, got %s", r->path, r->by, i + 1,
				i < n ? want[i].name : "no more", name);
			return false;
		}
		if (r->table[i].version != want[i].version) {
			why_set(why, EINVAL, "snapshot %s (by %s): section %s has version %" PRIu32 ", this program reads version %" PRIu32, r->path,
				r->by, name, r->table[i].version, want[i].version);
			return false;
		}
	}
	return true;
}

/* More packed bytes for the decompressor. */
static bool refill(struct snapshot_reader *r)
{
	size_t want = r->left < sizeof r->packed ? (size_t)r->left : sizeof r->packed;

	if (!want || get(r->fd, r->packed, want, r->at) != (ssize_t)want)
		return false;
	r->at += want;
	r->left -= want;
	r->z.next_in = r->packed;
	r->z.avail_in = (uInt)want;
	return true;
}

static bool read_bytes(struct snap *s, void *p, size_t n)
{
	struct snapshot_reader *r = container_of(s, struct snapshot_reader, s);

	if (!r->open || n > r->table[r->section].size - r->taken)
		return false;
	r->taken += n;
	r->z.next_out = p;
	while (n) {
		int z;

		r->z.avail_out = (uInt)(n < CHUNK ? n : CHUNK);
		n -= r->z.avail_out;
		while (r->z.avail_out) {
			if (!r->z.avail_in && !refill(r))
				return false;
			z = inflate(&r->z, Z_NO_FLUSH);
			if (r->z.avail_out && z != Z_OK)
				return false;
		}
	}
	return true;
}

struct snap *snapshot_load(struct snapshot_reader *r, size_t i)
{
	end_load(r);
	r->s = (struct snap){ .loading = true, .bytes = read_bytes };
	r->section = i;
	r->taken = 0;
	r->at = r->table[i].offset;
	r->left = r->table[i].packed;
	r->z = (z_stream){ 0 };
	r->open = inflateInit(&r->z) == Z_OK;
	return &r->s;
}

bool snapshot_loaded(struct snapshot_reader *r, struct why *why)
{
	const struct entry *e = &r->table[r->section];

	if (!r->s.failed && r->taken == e->size)
		return true;
	why_set(why, EINVAL, "snapshot %s: its section %s makes no sense: %s", r->path, e->name,
		!r->s.failed ? "more than expected stands in it" : r->s.why ? r->s.why : "?");
	return false;
}
