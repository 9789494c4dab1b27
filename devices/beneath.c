/* See beneath.h. Names are walked one by one, as openat2() with RESOLVE_BENEATH is not on every host. */
#define _GNU_SOURCE
#include "devices/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int beneath_parent(int top, const char *path, const char **name)
{
	int fd = openat(top, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *slash;

	if (fd < 0)
		return -errno;
	while (fd >= 0 && (slash = strchr(path, '/')) != NULL) {
		char part[NAME_MAX + 1];
		int next = -ENAMETOOLONG;

		if (snprintf(part, sizeof part, "%.*s", (int)(slash - path), path) <= NAME_MAX)
			next = openat(fd, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next == -1)
			next = -errno;
		close(fd);
		fd = next;
		path = slash + 1;
	}
	*name = *path ? path : ".";
	return fd;
}

bool beneath_clean(char *path)
{
	char *to = path;
	bool inside = *path != '/';

	for (char *from = path; *from && inside;) {
		size_t n = strcspn(from, "/");
		bool here = n == 0 || (n == 1 && from[0] == '.');

		inside = !(n == 2 && from[0] == '.' && from[1] == '.');
		if (!here) {
			if (to != path)
				*to++ = '/';
			memmove(to, from, n);
			to += n;
		}
		from += n + (from[n] == '/');
	}
	*to = 0;
	return inside;
}
