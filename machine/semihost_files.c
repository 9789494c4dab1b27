/*
 * Semihosting's files: regular files of the host below one folder. Names are walked without following links, so nothing
 * that lies there leads out of it; what is not a regular file is not opened. Called by semihost.c.
 */
#include "machine/semihost.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/beneath.h"

/* The folder of `name` and the name in it, which stands in copy. A descriptor, or negative errno. */
static int parent_of(int top, const char *name, char copy[SEMIHOST_PATH], const char **last)
{
	if (snprintf(copy, SEMIHOST_PATH, "%s", name) >= SEMIHOST_PATH)
		return -ENAMETOOLONG;
	if (!beneath_clean(copy))
		return -EACCES;
	return *copy ? beneath_parent(top, copy, last) : -EISDIR;
}

/* Closes dir; what r means, as a negative errno. */
static int done(int dir, int r)
{
	int err = r < 0 ? -errno : r;

	close(dir);
	return err;
}

int semihost_file_open(int top, const char *name, unsigned mode)
{
	/* by mode / 4: r, w, a */
	static const int flags[3] = { 0, O_CREAT, O_CREAT | O_APPEND };
	bool update = mode & 2;
	int access = update ? O_RDWR : mode < 4 ? O_RDONLY : O_WRONLY;
	char copy[SEMIHOST_PATH];
	const char *last;
	struct stat st;
	int dir, fd;

	dir = parent_of(top, name, copy, &last);
	if (dir < 0)
		return dir;
	fd = done(dir, openat(dir, last, access | flags[mode / 4 % 3] | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666));
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EACCES;
	}
	if (mode / 4 == 1 && ftruncate(fd, 0))
		return done(fd, -1);
	return fd;
}

int semihost_file_remove(int top, const char *name)
{
	char copy[SEMIHOST_PATH];
	const char *last;
	int dir = parent_of(top, name, copy, &last);

	return dir < 0 ? dir : done(dir, unlinkat(dir, last, 0));
}

int semihost_file_rename(int top, const char *from, const char *to)
{
	char copies[2][SEMIHOST_PATH];
	const char *last[2];
	int dir[2], r;

	dir[0] = parent_of(top, from, copies[0], &last[0]);
	if (dir[0] < 0)
		return dir[0];
	dir[1] = parent_of(top, to, copies[1], &last[1]);
	r = dir[1] < 0 ? dir[1] : done(dir[1], renameat(dir[0], last[0], dir[1], last[1]));
	close(dir[0]);
	return r;
}
