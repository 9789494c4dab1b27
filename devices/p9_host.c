/*
 * Files of the host below one folder. Every path is walked from the folder's descriptor, name by name and without
 * following links, so nothing that the guest or anybody else puts there leads out of it. Things that need a path of the
 * host get /proc/self/fd/N of a descriptor that was found this way.
 *
 * What a guest must not plant on the host is not created: device nodes, set-user-id and set-group-id bits. Owners are
 * set when the emulator may do that, and silently not otherwise (security_model=none).
 */
#define _GNU_SOURCE
#include "devices/p9_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "devices/beneath.h"

enum { MODE_KEPT = 01777 };
/* Flags of Tlopen that mean something to the host; numbers as in Linux's generic ABI, which x86 shares. */
enum { OPEN_KEPT = O_ACCMODE | O_TRUNC | O_APPEND | O_DSYNC | O_SYNC };

/* ---- paths ---- */

int p9_join(const char *dir, const char *name, char *to)
{
	size_t n = strlen(name);

	if (!n || !strcmp(name, ".") || !strcmp(name, "..") || strchr(name, '/'))
		return -EINVAL;
	if (n > NAME_MAX || strlen(dir) + 1 + n >= PATH_MAX)
		return -ENAMETOOLONG;
	sprintf(to, "%s%s%s", dir, *dir ? "/" : "", name);
	return 0;
}

void p9_parent(const char *path, char *to)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	memmove(to, path, n);
	to[n] = 0;
}

/* The folder that holds path, and the last name, "." at the top. The caller closes the descriptor. */
static int open_parent(struct p9 *p, const char *path, const char **name)
{
	return beneath_parent(p->top, path, name);
}

/* A descriptor that only names the thing itself, be it a link or a device. */
static int open_place(struct p9 *p, const char *path)
{
	const char *name;
	int dir = open_parent(p, path, &name), fd;

	if (dir < 0)
		return dir;
	fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	fd = fd < 0 ? -errno : fd;
	close(dir);
	return fd;
}

struct proc_path {
	char text[40];
};

static struct proc_path proc_path(int fd)
{
	struct proc_path to;

	snprintf(to.text, sizeof to.text, "/proc/self/fd/%d", fd);
	return to;
}

/* Closes fd; 0 or the errno of r < 0. */
static int done(int fd, int r)
{
	int err = r < 0 ? -errno : 0;

	close(fd);
	return err;
}

/* ---- looking ---- */

int p9_host_stat(struct p9 *p, const char *path, struct stat *st)
{
	const char *name;
	int dir = open_parent(p, path, &name);

	return dir < 0 ? dir : done(dir, fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW));
}

int p9_host_readlink(struct p9 *p, const char *path, char *to)
{
	const char *name;
	int dir = open_parent(p, path, &name), r;
	ssize_t n;

	if (dir < 0)
		return dir;
	n = readlinkat(dir, name, to, PATH_MAX - 1);
	r = done(dir, n < 0 ? -1 : 0);
	if (r < 0)
		return r;
	to[n] = 0;
	return (int)n;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct p9_entry *)a)->name, ((const struct p9_entry *)b)->name);
}

void p9_list_free(struct p9 *p, struct p9_list *list)
{
	p->listed -= list->n;
	for (size_t i = 0; i < list->n; i++)
		free(list->entry[i].name);
	free(list->entry);
	*list = (struct p9_list){ 0 };
}

static int list_add(struct p9 *p, struct p9_list *list, const struct dirent *d)
{
	struct p9_entry *more = list->entry;

	if (p->listed == P9_LISTED_MAX)
		return -EOVERFLOW;
	if (!(list->n & (list->n - 1))) { /* 0, 1, 2, 4...: full */
		more = realloc(more, (list->n ? 2 * list->n : 1) * sizeof *more);
		if (!more)
			return -ENOMEM;
		list->entry = more;
	}
	more[list->n] = (struct p9_entry){ strdup(d->d_name), d->d_ino, d->d_type };
	if (!more[list->n].name)
		return -ENOMEM;
	list->n++;
	p->listed++;
	return 0;
}

/* In the order of names, so that it does not depend on the host's file system. */
int p9_host_list(struct p9 *p, int fd, struct p9_list *list)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	struct dirent *d;

	p9_list_free(p, list);
	if (!dir) {
		r = -errno;
		if (own >= 0)
			close(own);
		return r;
	}
	while (r == 0 && (d = readdir(dir)) != NULL)
		r = list_add(p, list, d);
	closedir(dir);
	if (list->n)
		qsort(list->entry, list->n, sizeof *list->entry, by_name);
	if (r)
		p9_list_free(p, list);
	return r;
}

/* ---- contents ---- */

/* Opens what fd names. Only files and folders: a device might act on being opened, and a FIFO would wait. */
static int reopen(int fd, int flags)
{
	struct stat st;
	int r;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return -EPERM;
	r = open(proc_path(fd).text, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return r < 0 ? -errno : r;
}

int p9_host_open(struct p9 *p, const char *path, u32 flags)
{
	int place = open_place(p, path), fd;

	if (place < 0)
		return place;
	fd = reopen(place, (int)flags & OPEN_KEPT);
	close(place);
	return fd;
}

int p9_host_truncate(struct p9 *p, const char *path, u64 size)
{
	int fd = size > INT64_MAX ? -EFBIG : p9_host_open(p, path, O_WRONLY);

	return fd < 0 ? fd : done(fd, ftruncate(fd, (off_t)size));
}

/* ---- making ---- */

/* What was just made at dir/name gets owner and exact mode. */
static void dress(int dir, const char *name, u32 mode, u32 gid)
{
	int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return;
	if (fchownat(fd, "", (uid_t)-1, gid, AT_EMPTY_PATH))
		errno = 0; /* the emulator may not: it stays the emulator's */
	if (!fstat(fd, &st) && !S_ISLNK(st.st_mode) && chmod(proc_path(fd).text, mode & MODE_KEPT))
		errno = 0;
	close(fd);
}

int p9_host_create(struct p9 *p, const char *path, u32 flags, u32 mode, u32 gid)
{
	const char *name;
	int dir = open_parent(p, path, &name), fd;
	struct stat st;

	if (dir < 0)
		return dir;
	if (!fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW)) {
		close(dir);
		return flags & O_EXCL ? -EEXIST : p9_host_open(p, path, flags);
	}
	fd = openat(dir, name, ((int)flags & OPEN_KEPT) | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0777);
	fd = fd < 0 ? -errno : fd;
	if (fd >= 0)
		dress(dir, name, mode, gid);
	close(dir);
	return fd;
}

int p9_host_mkdir(struct p9 *p, const char *path, u32 mode, u32 gid)
{
	const char *name;
	int dir = open_parent(p, path, &name), r;

	if (dir < 0)
		return dir;
	r = mkdirat(dir, name, mode & 0777);
	if (r == 0)
		dress(dir, name, mode, gid);
	return done(dir, r);
}

int p9_host_symlink(struct p9 *p, const char *path, const char *target, u32 gid)
{
	const char *name;
	int dir = open_parent(p, path, &name), r;

	if (dir < 0)
		return dir;
	r = symlinkat(target, dir, name);
	if (r == 0)
		dress(dir, name, 0, gid);
	return done(dir, r);
}

int p9_host_mknod(struct p9 *p, const char *path, u32 mode, u32 gid)
{
	const char *name;
	int dir, r;

	if (!S_ISREG(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode))
		return -EPERM;
	dir = open_parent(p, path, &name);
	if (dir < 0)
		return dir;
	r = mknodat(dir, name, (mode & S_IFMT) | (mode & 0777), 0);
	if (r == 0)
		dress(dir, name, mode, gid);
	return done(dir, r);
}

/* ---- names ---- */

typedef int pair_fn(int from_dir, const char *from, int to_dir, const char *to);

static int pair(struct p9 *p, const char *from, const char *to, pair_fn *fn)
{
	const char *from_name, *to_name;
	int from_dir = open_parent(p, from, &from_name), to_dir, r;

	if (from_dir < 0)
		return from_dir;
	to_dir = open_parent(p, to, &to_name);
	if (to_dir < 0) {
		close(from_dir);
		return to_dir;
	}
	r = done(to_dir, fn(from_dir, from_name, to_dir, to_name));
	close(from_dir);
	return r;
}

static int do_link(int from_dir, const char *from, int to_dir, const char *to)
{
	return linkat(from_dir, from, to_dir, to, 0);
}

static int do_rename(int from_dir, const char *from, int to_dir, const char *to)
{
	return renameat(from_dir, from, to_dir, to);
}

int p9_host_link(struct p9 *p, const char *from, const char *to)
{
	return pair(p, from, to, do_link);
}

int p9_host_rename(struct p9 *p, const char *from, const char *to)
{
	return pair(p, from, to, do_rename);
}

int p9_host_unlink(struct p9 *p, const char *path, bool folder)
{
	const char *name;
	int dir = open_parent(p, path, &name);

	return dir < 0 ? dir : done(dir, unlinkat(dir, name, folder ? AT_REMOVEDIR : 0));
}

/* ---- attributes ---- */

int p9_host_chmod(struct p9 *p, const char *path, u32 mode)
{
	int fd = open_place(p, path);
	struct stat st;

	if (fd < 0)
		return fd;
	if (!fstat(fd, &st) && S_ISLNK(st.st_mode)) {
		close(fd);
		return -EOPNOTSUPP;
	}
	return done(fd, chmod(proc_path(fd).text, mode & MODE_KEPT));
}

int p9_host_chown(struct p9 *p, const char *path, u32 uid, u32 gid)
{
	int fd = open_place(p, path), r;

	if (fd < 0)
		return fd;
	r = done(fd, fchownat(fd, "", uid, gid, AT_EMPTY_PATH));
	return r == -EPERM ? 0 : r;
}

int p9_host_times(struct p9 *p, const char *path, const struct timespec times[2])
{
	const char *name;
	int dir = open_parent(p, path, &name);

	return dir < 0 ? dir : done(dir, utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW));
}

static bool user_xattr(const char *name)
{
	return !strncmp(name, "user.", 5) && name[5];
}

/* Leaves the names of the user namespace in a list of n bytes; returns its new length. */
static int keep_user(char *list, int n)
{
	int kept = 0;

	for (int at = 0, len; at < n; at += len) {
		len = (int)strlen(list + at) + 1;
		if (!user_xattr(list + at))
			continue;
		memmove(list + kept, list + at, (size_t)len);
		kept += len;
	}
	return kept;
}

int p9_host_getxattr(struct p9 *p, const char *path, const char *name, u8 **value)
{
	int fd = *name && !user_xattr(name) ? -EOPNOTSUPP : open_place(p, path);
	u8 *to = malloc(P9_XATTR_MAX + 1);
	ssize_t n;

	*value = NULL;
	if (fd < 0 || !to) {
		free(to);
		if (fd >= 0)
			close(fd);
		return fd < 0 ? fd : -ENOMEM;
	}
	if (*name)
		n = getxattr(proc_path(fd).text, name, to, P9_XATTR_MAX);
	else
		n = listxattr(proc_path(fd).text, (char *)to, P9_XATTR_MAX);
	if (n < 0) {
		free(to);
		return done(fd, -1);
	}
	close(fd);
	to[n] = 0;
	n = *name ? n : keep_user((char *)to, (int)n);
	*value = realloc(to, (size_t)n + 1);
	return *value ? (int)n : -ENOMEM;
}

int p9_host_setxattr(struct p9 *p, const char *path, const char *name, const u8 *value, u32 size, u32 flags)
{
	int fd = user_xattr(name) ? open_place(p, path) : -EOPNOTSUPP;

	if (fd < 0)
		return fd;
	if (!size)
		return done(fd, removexattr(proc_path(fd).text, name));
	return done(fd, setxattr(proc_path(fd).text, name, value, size, (int)flags & (XATTR_CREATE | XATTR_REPLACE)));
}
