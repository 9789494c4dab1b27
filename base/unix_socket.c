/* See unix_socket.h. */
#define _GNU_SOURCE
#include "base/unix_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int listen_at(const struct sockaddr_un *at, int flags)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), err;

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)at, sizeof *at) == 0 && listen(fd, 4) == 0)
		return fd;
	err = errno;
	close(fd);
	return -err;
}

/* Nobody listens there. Asked with a socket of another type, which whoever does never hears of. */
static int remove_stale(const struct sockaddr_un *at)
{
	struct stat st;
	int fd, err;

	if (lstat(at->sun_path, &st))
		return -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = connect(fd, (const struct sockaddr *)at, sizeof *at) ? errno : EADDRINUSE;
	close(fd);
	if (err != ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(at->sun_path) ? -errno : 0;
}

int unix_listen(const char *path, int flags)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd, r;

	if (strlen(path) > UNIX_PATH_MAX)
		return -ENAMETOOLONG;
	strcpy(at.sun_path, path);
	fd = listen_at(&at, flags);
	if (fd != -EADDRINUSE)
		return fd;
	r = remove_stale(&at);
	return r ? r : listen_at(&at, flags);
}
