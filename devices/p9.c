/*
 * The messages of 9P2000.L. One row per request: its reader takes the fields, acts through p9_fid.c and p9_host.c, and
 * writes the reply's fields; a negative result becomes Rlerror. A message that ends inside a field is EPROTO, whatever
 * it asked for, and has no effect: readers look at r->bad before they act.
 */
#define _GNU_SOURCE
#include "devices/p9.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "devices/p9_priv.h"

enum {
	RLERROR = 7, TSTATFS = 8, TLOPEN = 12, TLCREATE = 14, TSYMLINK = 16, TMKNOD = 18, TRENAME = 20, TREADLINK = 22,
	TGETATTR = 24, TSETATTR = 26, TXATTRWALK = 30, TXATTRCREATE = 32, TREADDIR = 40, TFSYNC = 50, TLOCK = 52,
	TGETLOCK = 54, TLINK = 70, TMKDIR = 72, TRENAMEAT = 74, TUNLINKAT = 76, TVERSION = 100, TAUTH = 102,
	TATTACH = 104, TFLUSH = 108, TWALK = 110, TREAD = 116, TWRITE = 118, TCLUNK = 120, TREMOVE = 122, TYPES = 128,
};
enum { WALK_MAX = 16, MSIZE_MIN = 256, NOTAG = 0xffff, LOCK_UNLCK = 2, QID_SIZE = 13 };
enum { QID_DIR = 0x80, QID_SYMLINK = 0x02, QID_FILE = 0x00 };
enum { V9FS_MAGIC = 0x01021997, UNLINK_DIR = 0x200, GETATTR_BASIC = 0x7ff };
enum {
	SET_MODE = 1, SET_UID = 2, SET_GID = 4, SET_SIZE = 8, SET_ATIME = 16, SET_MTIME = 32, SET_CTIME = 64,
	SET_ATIME_SET = 128, SET_MTIME_SET = 256,
};

const struct stat_row p9_stat_rows[] = {
#define ROW(field, unit, help) STAT_ROW(p9_stats, field, unit, help)
	P9_STATS(ROW)
#undef ROW
};
const size_t p9_stat_count = ARRAY_SIZE(p9_stat_rows);

/* ---- fields ---- */

struct reader {
	const u8 *at, *end;
	int bad; /* EPROTO: the message ended too early or a string holds a NUL; ENAMETOOLONG */
};

static u64 get(struct reader *r, unsigned width)
{
	u64 v = 0;

	if ((size_t)(r->end - r->at) < width) {
		r->bad = EPROTO;
		r->at = r->end;
		return 0;
	}
	for (unsigned i = 0; i < width; i++)
		v |= (u64)*r->at++ << 8 * i;
	return v;
}

static u32 get32(struct reader *r)
{
	return (u32)get(r, 4);
}

/* Fills `to` (of `room` bytes), which is always ended. */
static void get_text(struct reader *r, char *to, size_t room)
{
	size_t n = get(r, 2);

	*to = 0;
	if (r->bad || (size_t)(r->end - r->at) < n || memchr(r->at, 0, n)) {
		r->bad = EPROTO;
		return;
	}
	if (n < room) {
		memcpy(to, r->at, n);
		to[n] = 0;
	} else {
		r->bad = ENAMETOOLONG;
	}
	r->at += n;
}

struct writer {
	u8 *start, *at, *end;
	bool full;
};

static void put(struct writer *w, unsigned width, u64 v)
{
	if ((size_t)(w->end - w->at) < width) {
		w->full = true;
		return;
	}
	for (unsigned i = 0; i < width; i++)
		*w->at++ = (u8)(v >> 8 * i);
}

static void put_text(struct writer *w, const char *text)
{
	size_t n = strlen(text);

	put(w, 2, n);
	if (w->full || (size_t)(w->end - w->at) < n) {
		w->full = true;
		return;
	}
	memcpy(w->at, text, n);
	w->at += n;
}

static u64 qid_path(const struct p9 *p, u64 dev, u64 ino)
{
	return ino ^ (dev ^ p->dev) << 40;
}

static void put_qid_of(struct writer *w, u8 type, u32 version, u64 path)
{
	put(w, 1, type);
	put(w, 4, version);
	put(w, 8, path);
}

static void put_qid(struct p9 *p, struct writer *w, const struct stat *st)
{
	u8 type = S_ISDIR(st->st_mode) ? QID_DIR : S_ISLNK(st->st_mode) ? QID_SYMLINK : QID_FILE;

	put_qid_of(w, type, (u32)st->st_mtime ^ (u32)st->st_size << 8, qid_path(p, st->st_dev, st->st_ino));
}

/* ---- fids ---- */

static int need(struct p9 *p, u32 id, struct p9_fid **f)
{
	*f = p9_fid_find(p, id);
	if (!*f)
		return -EBADF;
	return (*f)->path ? 0 : -ESTALE;
}

static int fid_stat(struct p9 *p, const struct p9_fid *f, struct stat *st)
{
	if (f->fd >= 0)
		return fstat(f->fd, st) ? -errno : 0;
	return p9_host_stat(p, f->path, st);
}

static int path_qid(struct p9 *p, struct writer *w, const char *path)
{
	struct stat st;
	int r = p9_host_stat(p, path, &st);

	if (r == 0)
		put_qid(p, w, &st);
	return r;
}

/* The path of `name` in the folder `fid`, which to (PATH_MAX bytes) takes. */
static int name_in(struct p9 *p, u32 fid, const char *name, char *to)
{
	struct p9_fid *f;
	int r = need(p, fid, &f);

	return r ? r : p9_join(f->path, name, to);
}

/* ---- session ---- */

static int t_version(struct p9 *p, struct reader *r, struct writer *w)
{
	u32 msize = get32(r);
	bool known;
	char text[32];

	get_text(r, text, sizeof text);
	if (r->bad || msize < MSIZE_MIN)
		return -EPROTO;
	p9_reset(p);
	known = !strcmp(text, "9P2000.L");
	if (known)
		p->msize = msize < P9_MSIZE_MAX ? msize : P9_MSIZE_MAX;
	put(w, 4, known ? p->msize : msize);
	put_text(w, known ? text : "unknown");
	return 0;
}

static int t_auth(struct p9 *p, struct reader *r, struct writer *w)
{
	return -EOPNOTSUPP;
}

static int t_attach(struct p9 *p, struct reader *r, struct writer *w)
{
	u32 id = get32(r);
	char text[PATH_MAX];
	struct p9_fid *f;
	int e;

	get32(r); /* afid */
	get_text(r, text, sizeof text);
	get_text(r, text, sizeof text);
	get32(r);
	if (r->bad)
		return -r->bad;
	e = p9_fid_new(p, id, "", &f);
	return e ? e : path_qid(p, w, "");
}

static int t_flush(struct p9 *p, struct reader *r, struct writer *w)
{
	get(r, 2); /* whatever it was, it was answered already */
	return r->bad ? -r->bad : 0;
}

/* One step of a walk, in place. ".." of the top is the top. */
static int step(struct p9 *p, char *path, const char *name, struct writer *qids)
{
	char to[PATH_MAX];
	struct stat st;
	int r;

	if (!strcmp(name, "..")) {
		p9_parent(path, path);
		return path_qid(p, qids, path);
	}
	r = p9_host_stat(p, path, &st);
	if (r == 0)
		r = S_ISDIR(st.st_mode) ? p9_join(path, name, to) : -ENOTDIR;
	if (r == 0)
		r = path_qid(p, qids, to);
	if (r == 0)
		strcpy(path, to);
	return r;
}

static int t_walk(struct p9 *p, struct reader *r, struct writer *w)
{
	u32 id = get32(r), new_id = get32(r), n = (u32)get(r, 2), i;
	struct writer qids = *w;
	char path[PATH_MAX], name[NAME_MAX + 1];
	struct p9_fid *f, *new_fid;
	int e = r->bad ? -r->bad : need(p, id, &f);

	if (e || n > WALK_MAX)
		return e ? e : -EINVAL;
	if (f->kind != FID_PATH && new_id == id)
		return -EBUSY;
	strcpy(path, f->path);
	qids.at += 2;
	for (i = 0; i < n && e == 0; i += e == 0) {
		get_text(r, name, sizeof name);
		e = r->bad ? -r->bad : step(p, path, name, &qids);
	}
	if (i < n && (i == 0 || e == -EPROTO))
		return e;
	e = 0;
	if (i == n && new_id == id)
		e = p9_fid_set_path(p, f, path);
	else if (i == n)
		e = p9_fid_new(p, new_id, path, &new_fid);
	if (e)
		return e;
	put(w, 2, i);
	qids.full |= w->full;
	*w = qids;
	return 0;
}

static int t_clunk(struct p9 *p, struct reader *r, struct writer *w)
{
	struct p9_fid *f = p9_fid_find(p, get32(r));

	if (r->bad)
		return -EPROTO;
	return f ? p9_fid_clunk(p, f) : -EBADF;
}

static int t_remove(struct p9 *p, struct reader *r, struct writer *w)
{
	struct p9_fid *f = p9_fid_find(p, get32(r));
	struct stat st;
	int e;

	if (r->bad || !f)
		return r->bad ? -r->bad : -EBADF;
	e = !f->path ? -ESTALE : p->readonly ? -EROFS : p9_host_stat(p, f->path, &st);
	if (e == 0)
		e = *f->path ? p9_host_unlink(p, f->path, S_ISDIR(st.st_mode)) : -EBUSY;
	f->kind = f->kind == FID_XATTR_WRITE ? FID_PATH : f->kind;
	p9_fid_clunk(p, f);
	return e;
}

/* ---- contents ---- */

static int t_lopen(struct p9 *p, struct reader *r, struct writer *w)
{
	u32 id = get32(r), flags = get32(r);
	struct p9_fid *f;
	int e = r->bad ? -r->bad : need(p, id, &f), fd;

	if (e || f->kind != FID_PATH)
		return e ? e : -EBUSY;
	if (p->readonly && (flags & (O_ACCMODE | O_TRUNC)))
		return -EROFS;
	if (!p9_fid_may_open(p))
		return -ENFILE;
	fd = p9_host_open(p, f->path, flags);
	if (fd < 0)
		return fd;
	p9_fid_opened(p, f, fd, flags);
	e = path_qid(p, w, f->path);
	put(w, 4, 0); /* iounit: as much as a message holds */
	return e;
}

static int t_lcreate(struct p9 *p, struct reader *r, struct writer *w)
{
	u32 id = get32(r), flags, mode, gid;
	char name[NAME_MAX + 1], path[PATH_MAX];
	struct p9_fid *f;
	int e, fd;

	get_text(r, name, sizeof name);
	flags = get32(r);
	mode = get32(r);
	gid = get32(r);
	e = r->bad ? -r->bad : need(p, id, &f);
	if (e == 0)
		e = f->kind == FID_PATH ? p9_join(f->path, name, path) : -EBUSY;
	if (e == 0 && !p9_fid_may_open(p))
		e = -ENFILE;
	if (e)
		return e;
	fd = p9_host_create(p, path, flags, mode, gid);
	if (fd < 0)
		return fd;
	p9_fid_opened(p, f, fd, flags);
	e = p9_fid_set_path(p, f, path);
	if (e == 0)
		e = path_qid(p, w, path);
	put(w, 4, 0);
	return e;
}

/* What a reply of this message can carry beside its count. */
static u32 room_for(const struct writer *w, u32 count)
{
	size_t room = (size_t)(w->end - w->at);

	return room < 4 ? 0 : count < room - 4 ? count : (u32)(room - 4);
}

static int t_read(struct p9 *p, struct reader *r, struct writer *w)
{
	struct p9_fid *f = p9_fid_find(p, get32(r));
	u64 off = get(r, 8);
	u32 count = room_for(w, get32(r));
	ssize_t n;

	if (r->bad || !f)
		return r->bad ? -r->bad : -EBADF;
	if (f->kind == FID_XATTR_READ) {
		count = off >= f->value_size ? 0 : count < f->value_size - off ? count : f->value_size - (u32)off;
		put(w, 4, count);
		memcpy(w->at, f->value + (count ? off : 0), count);
		w->at += count;
		return 0;
	}
	if (f->kind != FID_FILE)
		return f->kind == FID_FOLDER ? -EISDIR : -EBADF;
	if (off > INT64_MAX)
		return -EINVAL;
	n = pread(f->fd, w->at + 4, count, (off_t)off);
	if (n < 0)
		return -errno;
	p->stats.bytes_read += (u64)n;
	put(w, 4, (u64)n);
	w->at += n;
	return 0;
}

static int t_write(struct p9 *p, struct reader *r, struct writer *w)
{
	struct p9_fid *f = p9_fid_find(p, get32(r));
	u64 off = get(r, 8);
	u32 count = get32(r);
	ssize_t n;

	if (r->bad || count > (size_t)(r->end - r->at))
		return -EPROTO;
	if (f && f->kind == FID_XATTR_WRITE) {
		if (off > f->value_size || count > f->value_size - off)
			return -ENOSPC;
		memcpy(f->value + off, r->at, count);
		put(w, 4, count);
		return 0;
	}
	if (!f || f->kind != FID_FILE)
		return -EBADF;
	if (off > INT64_MAX)
		return -EFBIG;
	n = pwrite(f->fd, r->at, count, (off_t)off);
	if (n < 0)
		return -errno;
	p->stats.bytes_written += (u64)n;
	put(w, 4, (u64)n);
	return 0;
}

static int t_fsync(struct p9 *p, struct reader *r, struct writer *w)
{
	struct p9_fid *f = p9_fid_find(p, get32(r));
	u32 data = get32(r);

	if (r->bad || !f || f->fd < 0)
		return r->bad ? -r->bad : -EBADF;
	return (data ? fdatasync(f->fd) : fsync(f->fd)) ? -errno : 0;
}

static u8 qid_type(u8 dirent_type)
{
	return dirent_type == DT_DIR ? QID_DIR : dirent_type == DT_LNK ? QID_SYMLINK : QID_FILE;
}

static int t_readdir(struct p9 *p, struct reader *r, struct writer *w)
{
	struct p9_fid *f = p9_fid_find(p, get32(r));
	u64 off = get(r, 8);
	u32 count = room_for(w, get32(r));
	struct writer names = { w->at + 4, w->at + 4, w->at + 4 + count, false };
	int e = 0;

	if (r->bad || !f || f->kind != FID_FOLDER)
		return r->bad ? -r->bad : f && f->kind == FID_FILE ? -ENOTDIR : -EBADF;
	if (off == 0 || !f->list.n)
		e = p9_host_list(p, f->fd, &f->list);
	if (e)
		return e;
	for (u64 i = off; i < f->list.n; i++) {
		const struct p9_entry *entry = &f->list.entry[i];

		if ((size_t)(names.end - names.at) < QID_SIZE + 8 + 1 + 2 + strlen(entry->name))
			break;
		put_qid_of(&names, qid_type(entry->type), 0, qid_path(p, p->dev, entry->ino));
		put(&names, 8, i + 1);
		put(&names, 1, entry->type);
		put_text(&names, entry->name);
	}
	if (off >= f->list.n)
		p9_list_free(p, &f->list); /* that was all */
	put(w, 4, (u64)(names.at - names.start));
	w->at = names.at;
	return 0;
}

/* ---- names ---- */

static int t_symlink(struct p9 *p, struct reader *r, struct writer *w)
{
	u32 id = get32(r), gid;
	char name[NAME_MAX + 1], target[PATH_MAX], path[PATH_MAX];
	int e;

	get_text(r, name, sizeof name);
	get_text(r, target, sizeof target);
	gid = get32(r);
	e = r->bad ? -r->bad : name_in(p, id, name, path);
	if (e == 0)
		e = p9_host_symlink(p, path, target, gid);
	return e ? e : path_qid(p, w, path);
}

static int t_mknod(struct p9 *p, struct reader *r, struct writer *w)
{
	u32 id = get32(r), mode, gid;
	char name[NAME_MAX + 1], path[PATH_MAX];
	int e;

	get_text(r, name, sizeof name);
	mode = get32(r);
	get(r, 8); /* major, minor: device nodes are refused */
	gid = get32(r);
	e = r->bad ? -r->bad : name_in(p, id, name, path);
	if (e == 0)
		e = p9_host_mknod(p, path, mode, gid);
	return e ? e : path_qid(p, w, path);
}

static int t_mkdir(struct p9 *p, struct reader *r, struct writer *w)
{
	u32 id = get32(r), mode, gid;
	char name[NAME_MAX + 1], path[PATH_MAX];
	int e;

	get_text(r, name, sizeof name);
	mode = get32(r);
	gid = get32(r);
	e = r->bad ? -r->bad : name_in(p, id, name, path);
	if (e == 0)
		e = p9_host_mkdir(p, path, mode, gid);
	return e ? e : path_qid(p, w, path);
}

static int t_link(struct p9 *p, struct reader *r, struct writer *w)
{
	u32 dir = get32(r), id = get32(r);
	char name[NAME_MAX + 1], path[PATH_MAX];
	struct p9_fid *f;
	int e;

	get_text(r, name, sizeof name);
	e = r->bad ? -r->bad : need(p, id, &f);
	if (e == 0)
		e = name_in(p, dir, name, path);
	return e ? e : p9_host_link(p, f->path, path);
}

/* `from` may point into a fid, which changes on the way. */
static int rename_to(struct p9 *p, const char *from, const char *to)
{
	char old[PATH_MAX];
	int e;

	strcpy(old, from);
	if (!*old)
		return -EBUSY;
	e = p9_host_rename(p, old, to);
	if (e == 0 && strcmp(old, to))
		p9_fid_renamed(p, old, to);
	return e;
}

static int t_rename(struct p9 *p, struct reader *r, struct writer *w)
{
	u32 id = get32(r), dir = get32(r);
	char name[NAME_MAX + 1], to[PATH_MAX];
	struct p9_fid *f;
	int e;

	get_text(r, name, sizeof name);
	e = r->bad ? -r->bad : need(p, id, &f);
	if (e == 0)
		e = name_in(p, dir, name, to);
	return e ? e : rename_to(p, f->path, to);
}

static int t_renameat(struct p9 *p, struct reader *r, struct writer *w)
{
	char old_name[NAME_MAX + 1], new_name[NAME_MAX + 1], from[PATH_MAX], to[PATH_MAX];
	u32 old_dir = get32(r), new_dir;
	int e;

	get_text(r, old_name, sizeof old_name);
	new_dir = get32(r);
	get_text(r, new_name, sizeof new_name);
	e = r->bad ? -r->bad : name_in(p, old_dir, old_name, from);
	if (e == 0)
		e = name_in(p, new_dir, new_name, to);
	return e ? e : rename_to(p, from, to);
}

static int t_unlinkat(struct p9 *p, struct reader *r, struct writer *w)
{
	u32 dir = get32(r), flags;
	char name[NAME_MAX + 1], path[PATH_MAX];
	int e;

	get_text(r, name, sizeof name);
	flags = get32(r);
	e = r->bad ? -r->bad : name_in(p, dir, name, path);
	return e ? e : p9_host_unlink(p, path, flags & UNLINK_DIR);
}

static int t_readlink(struct p9 *p, struct reader *r, struct writer *w)
{
	u32 id = get32(r);
	char target[PATH_MAX];
	struct p9_fid *f;
	int e = r->bad ? -r->bad : need(p, id, &f);

	if (e == 0)
		e = p9_host_readlink(p, f->path, target);
	if (e >= 0)
		put_text(w, target);
	return e < 0 ? e : 0;
}

/* ---- attributes ---- */

static void put_time(struct writer *w, const struct timespec *t)
{
	put(w, 8, (u64)t->tv_sec);
	put(w, 8, (u64)t->tv_nsec);
}

static int t_getattr(struct p9 *p, struct reader *r, struct writer *w)
{
	u32 id = get32(r);
	u64 mask = get(r, 8);
	struct p9_fid *f = p9_fid_find(p, id);
	struct stat st;
	int e;

	if (r->bad || !f)
		return r->bad ? -r->bad : -EBADF;
	e = f->path || f->fd >= 0 ? fid_stat(p, f, &st) : -ESTALE;
	if (e)
		return e;
	put(w, 8, mask & GETATTR_BASIC);
	put_qid(p, w, &st);
	put(w, 4, st.st_mode);
	put(w, 4, st.st_uid);
	put(w, 4, st.st_gid);
	put(w, 8, st.st_nlink);
	put(w, 8, st.st_rdev);
	put(w, 8, (u64)st.st_size);
	put(w, 8, (u64)st.st_blksize);
	put(w, 8, (u64)st.st_blocks);
	put_time(w, &st.st_atim);
	put_time(w, &st.st_mtim);
	put_time(w, &st.st_ctim);
	for (unsigned i = 0; i < 4; i++)
		put(w, 8, 0); /* birth time, generation, data version: not known */
	return 0;
}

static struct timespec time_to_set(u32 valid, u32 change, u32 set, u64 sec, u64 nsec)
{
	struct timespec t = { .tv_sec = (time_t)sec, .tv_nsec = (long)nsec };

	if (!(valid & change))
		t.tv_nsec = UTIME_OMIT;
	else if (!(valid & set))
		t.tv_nsec = UTIME_NOW;
	else if (nsec >= 1000000000)
		t.tv_nsec = 0;
	return t;
}

static int set_size(struct p9 *p, struct p9_fid *f, u64 size)
{
	if (f->kind != FID_FILE || !(f->flags & O_ACCMODE))
		return p9_host_truncate(p, f->path, size);
	if (size > INT64_MAX)
		return -EFBIG;
	return ftruncate(f->fd, (off_t)size) ? -errno : 0;
}

static int t_setattr(struct p9 *p, struct reader *r, struct writer *w)
{
	u32 id = get32(r), valid = get32(r), mode = get32(r), uid = get32(r), gid = get32(r);
	u64 size = get(r, 8), asec = get(r, 8), ansec = get(r, 8), msec = get(r, 8), mnsec = get(r, 8);
	struct timespec times[2] = { time_to_set(valid, SET_ATIME, SET_ATIME_SET, asec, ansec),
				     time_to_set(valid, SET_MTIME, SET_MTIME_SET, msec, mnsec) };
	struct p9_fid *f;
	int e = r->bad ? -r->bad : need(p, id, &f);

	if (e == 0 && (valid & SET_MODE))
		e = p9_host_chmod(p, f->path, mode);
	if (e == 0 && (valid & (SET_UID | SET_GID)))
		e = p9_host_chown(p, f->path, valid & SET_UID ? uid : UINT32_MAX, valid & SET_GID ? gid : UINT32_MAX);
	if (e == 0 && (valid & SET_SIZE))
		e = set_size(p, f, size);
	if (e == 0 && (valid & (SET_ATIME | SET_MTIME)))
		e = p9_host_times(p, f->path, times);
	return e;
}

static int t_statfs(struct p9 *p, struct reader *r, struct writer *w)
{
	u32 id = get32(r);
	struct p9_fid *f;
	struct statvfs st;
	int e = r->bad ? -r->bad : need(p, id, &f);

	if (e)
		return e;
	if (fstatvfs(p->top, &st))
		return -errno;
	put(w, 4, V9FS_MAGIC);
	put(w, 4, st.f_bsize);
	put(w, 8, st.f_blocks);
	put(w, 8, st.f_bfree);
	put(w, 8, st.f_bavail);
	put(w, 8, st.f_files);
	put(w, 8, st.f_ffree);
	put(w, 8, 0);
	put(w, 4, NAME_MAX);
	return 0;
}

static int t_xattrwalk(struct p9 *p, struct reader *r, struct writer *w)
{
	u32 id = get32(r), new_id = get32(r);
	char name[NAME_MAX + 1];
	struct p9_fid *f, *x;
	u8 *value;
	int e, n;

	get_text(r, name, sizeof name);
	e = r->bad ? -r->bad : need(p, id, &f);
	if (e)
		return e;
	n = p9_host_getxattr(p, f->path, name, &value);
	if (n < 0)
		return n;
	e = p9_fid_new(p, new_id, f->path, &x);
	if (e) {
		free(value);
		return e;
	}
	e = p9_fid_value(p, x, FID_XATTR_READ, value, (u32)n);
	if (e)
		p9_fid_clunk(p, x);
	put(w, 8, (u64)n);
	return e;
}

static int t_xattrcreate(struct p9 *p, struct reader *r, struct writer *w)
{
	u32 id = get32(r), flags;
	char name[NAME_MAX + 1];
	struct p9_fid *f;
	u64 size;
	int e;

	get_text(r, name, sizeof name);
	size = get(r, 8);
	flags = get32(r);
	e = r->bad ? -r->bad : need(p, id, &f);
	if (e || f->kind != FID_PATH || size > P9_XATTR_MAX)
		return e ? e : f->kind != FID_PATH ? -EBUSY : -ENOSPC;
	e = p9_fid_value(p, f, FID_XATTR_WRITE, calloc(1, (size_t)size + 1), (u32)size);
	if (e)
		return e;
	f->xattr_flags = flags;
	f->xattr = strdup(name);
	return f->xattr ? 0 : -ENOMEM;
}

/* ---- locks: there is one client, which keeps its own ---- */

static int t_lock(struct p9 *p, struct reader *r, struct writer *w)
{
	struct p9_fid *f = p9_fid_find(p, get32(r));

	put(w, 1, 0); /* success */
	return r->bad ? -r->bad : f ? 0 : -EBADF;
}

static int t_getlock(struct p9 *p, struct reader *r, struct writer *w)
{
	struct p9_fid *f = p9_fid_find(p, get32(r));
	u64 start, length;
	char client[NAME_MAX + 1];
	u32 proc;

	get(r, 1);
	start = get(r, 8);
	length = get(r, 8);
	proc = get32(r);
	get_text(r, client, sizeof client);
	if (r->bad || !f)
		return r->bad ? -r->bad : -EBADF;
	put(w, 1, LOCK_UNLCK);
	put(w, 8, start);
	put(w, 8, length);
	put(w, 4, proc);
	put_text(w, client);
	return 0;
}

/* ---- all of them ---- */

static const struct {
	int (*serve)(struct p9 *p, struct reader *r, struct writer *w);
	bool changes; /* refused on a read-only folder; Tlopen and Tremove look for themselves */
} requests[TYPES] = {
	[TSTATFS] = { t_statfs, false },	 [TLOPEN] = { t_lopen, false },
	[TLCREATE] = { t_lcreate, true },	 [TSYMLINK] = { t_symlink, true },
	[TMKNOD] = { t_mknod, true },		 [TRENAME] = { t_rename, true },
	[TREADLINK] = { t_readlink, false },	 [TGETATTR] = { t_getattr, false },
	[TSETATTR] = { t_setattr, true },	 [TXATTRWALK] = { t_xattrwalk, false },
	[TXATTRCREATE] = { t_xattrcreate, true }, [TREADDIR] = { t_readdir, false },
	[TFSYNC] = { t_fsync, false },		 [TLOCK] = { t_lock, false },
	[TGETLOCK] = { t_getlock, false },	 [TLINK] = { t_link, true },
	[TMKDIR] = { t_mkdir, true },		 [TRENAMEAT] = { t_renameat, true },
	[TUNLINKAT] = { t_unlinkat, true },	 [TVERSION] = { t_version, false },
	[TAUTH] = { t_auth, false },		 [TATTACH] = { t_attach, false },
	[TFLUSH] = { t_flush, false },		 [TWALK] = { t_walk, false },
	[TREAD] = { t_read, false },		 [TWRITE] = { t_write, true },
	[TCLUNK] = { t_clunk, false },		 [TREMOVE] = { t_remove, false },
};

static int serve(struct p9 *p, unsigned type, struct reader *r, struct writer *w)
{
	if (type >= TYPES || !requests[type].serve)
		return -EOPNOTSUPP;
	if (type != TVERSION && !p->msize)
		return -EPROTO; /* no session */
	if (requests[type].changes && p->readonly)
		return -EROFS;
	return requests[type].serve(p, r, w);
}

static size_t finish(struct writer *w, unsigned type, u16 tag)
{
	struct writer head = { w->start, w->start, w->end, false };

	put(&head, 4, (u64)(w->at - w->start));
	put(&head, 1, type);
	put(&head, 2, tag);
	return (size_t)(w->at - w->start);
}

size_t p9_serve(struct p9 *p, const u8 *request, size_t n, u8 *reply, size_t room)
{
	struct reader r = { request, request + n, 0 };
	u32 size = get32(&r), limit = p->msize ? p->msize : P9_MSIZE_MAX;
	unsigned type = (unsigned)get(&r, 1);
	u16 tag = (u16)get(&r, 2);
	struct writer w = { reply, reply + P9_HEADER, reply + (room < limit ? room : limit), false };
	int e;

	p->stats.requests++;
	if (r.bad || size < P9_HEADER || size > n || size > limit)
		e = -EPROTO;
	else {
		r.end = request + size;
		e = serve(p, type, &r, &w);
	}
	if (e == 0 && w.full)
		e = -EMSGSIZE; /* the client's own limit does not hold the answer */
	if (e == 0)
		return finish(&w, type + 1, tag);
	p->stats.errors++;
	w.at = reply + P9_HEADER;
	put(&w, 4, (u64)-e);
	return finish(&w, RLERROR, tag);
}

/* ---- life ---- */

void p9_reset(struct p9 *p)
{
	for (unsigned i = 0; i < P9_BUCKETS; i++)
		while (p->bucket[i]) {
			if (p->bucket[i]->kind == FID_XATTR_WRITE)
				p->bucket[i]->kind = FID_PATH; /* it was not finished */
			p9_fid_clunk(p, p->bucket[i]);
		}
	p->msize = 0;
}

int p9_new(struct p9 **out, const struct p9_config *cfg, struct log *log, struct why *why)
{
	struct p9 *p = calloc(1, sizeof *p);
	long files = sysconf(_SC_OPEN_MAX);
	struct stat st;
	int err;

	*out = NULL;
	if (!p)
		return why_set(why, ENOMEM, "-fsdev id=%s: no memory", cfg->id);
	p->log = log;
	p->readonly = cfg->readonly;
	p->open_max = files > 0 && files < 1 << 20 ? (u32)files / 2 : 1 << 19; /* the emulator needs some itself */
	strncpy(p->id, cfg->id, sizeof p->id - 1);
	p->top = open(cfg->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (p->top < 0 || fstat(p->top, &st)) {
		err = errno;
		p9_free(p);
		return why_set(why, err, "-fsdev id=%s: path=%s: %s", cfg->id, cfg->path, strerror(err));
	}
	p->dev = st.st_dev;
	*out = p;
	return 0;
}

void p9_free(struct p9 *p)
{
	if (!p)
		return;
	p9_reset(p);
	if (p->top >= 0)
		close(p->top);
	free(p);
}

struct p9_stats *p9_stats(struct p9 *p)
{
	return &p->stats;
}
