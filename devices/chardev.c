/*
 * See chardev.h. Sockets and the pseudo-terminal are sources of the machine's outside: their bytes come in at poll
 * points. Not modelled: telnet, TLS, calling again after the other side hung up, several ports on one backend.
 */
#define _GNU_SOURCE
#include "devices/chardev.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "base/log.h"
#include "base/unix_socket.h"

enum { OUT_MAX = 1 << 20, IN_CHUNK = 4096 };

struct chardev {
	enum chardev_kind kind;
	char id[32];
	struct chardev_env env;
	struct chardev_user user;
	bool used;
	int fd;	    /* the file, the connection, the pty's master; -1: nobody is there */
	int listen; /* -1: not a server */
	int slave;  /* CHARDEV_PTY: kept open, so that the master never sees a hang-up */
	struct outside_source source;
	u8 *out; /* what the other side has not taken yet */
	size_t out_n;
};

/* ---- the connection ---- */

static void set_open(struct chardev *c, int fd)
{
	c->fd = fd;
	c->out_n = 0;
	if (c->used && c->user.state)
		c->user.state(c->user.ctx, fd >= 0);
}

static void hang_up(struct chardev *c)
{
	close(c->fd);
	set_open(c, -1);
}

static void answer(struct chardev *c)
{
	int fd = accept4(c->listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		set_open(c, fd);
}

/* Gives the other side what it takes; the rest stays. */
static void flush(struct chardev *c)
{
	while (c->fd >= 0 && c->out_n) {
		ssize_t n = write(c->fd, c->out, c->out_n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0) {
			hang_up(c);
			return;
		}
		memmove(c->out, c->out + n, c->out_n - (size_t)n);
		c->out_n -= (size_t)n;
	}
}

/* While the port has no room a connection is not looked at, not even for its end: what it said last is still to come. */
static size_t files(void *ctx, struct pollfd *to, size_t room)
{
	struct chardev *c = ctx;
	short wanted = POLLIN;

	if (c->fd >= 0)
		wanted = (short)((chardev_room(c) ? POLLIN : 0) | (c->out_n ? POLLOUT : 0));
	if (!room || !wanted || (c->fd < 0 && c->listen < 0))
		return 0;
	*to = (struct pollfd){ .fd = c->fd < 0 ? c->listen : c->fd, .events = wanted };
	return 1;
}

static void ready(void *ctx, const struct pollfd *f, size_t n)
{
	struct chardev *c = ctx;
	u8 bytes[IN_CHUNK];
	size_t room = chardev_room(c);
	ssize_t got;

	if (c->fd < 0) {
		answer(c);
		return;
	}
	flush(c);
	if (c->fd < 0 || !room || !(f->revents & (POLLIN | POLLHUP | POLLERR)))
		return;
	got = read(c->fd, bytes, room < sizeof bytes ? room : sizeof bytes);
	if (got > 0)
		outside_enter(c->env.outside, &c->source, bytes, (size_t)got);
	else if (got == 0 || (errno != EAGAIN && errno != EINTR))
		hang_up(c);
}

static void enter(void *ctx, const u8 *bytes, size_t n)
{
	struct chardev *c = ctx;

	if (c->used && c->user.take)
		c->user.take(c->user.ctx, bytes, n);
}

/* ---- for ports ---- */

const char *chardev_id(const struct chardev *c)
{
	return c->id;
}

bool chardev_is_stdio(const struct chardev *c)
{
	return c->kind == CHARDEV_STDIO;
}

bool chardev_is_open(const struct chardev *c)
{
	return c->fd >= 0 || c->kind == CHARDEV_NULL || c->kind == CHARDEV_STDIO;
}

bool chardev_attach(struct chardev *c, const struct chardev_user *user)
{
	if (c->used)
		return false;
	c->user = *user;
	c->used = true;
	return true;
}

void chardev_detach(struct chardev *c)
{
	c->used = false;
}

size_t chardev_room(const struct chardev *c)
{
	return c->used && c->user.room ? c->user.room(c->user.ctx) : 0;
}

void chardev_input(struct chardev *c, const u8 *bytes, size_t n)
{
	outside_enter(c->env.outside, &c->source, bytes, n);
}

static void write_file(struct chardev *c, const u8 *bytes, size_t n)
{
	while (n) {
		ssize_t w = write(c->fd, bytes, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0) {
			log_once(c->env.log, LOG_HOST, "chardev", (u64)errno, "%s: cannot write: %s", c->id, strerror(errno));
			return;
		}
		bytes += w;
		n -= (size_t)w;
	}
}

static void queue_out(struct chardev *c, const u8 *bytes, size_t n)
{
	if (c->fd < 0)
		return;
	if (n > OUT_MAX - c->out_n) {
		log_once(c->env.log, LOG_HOST, "chardev", 0, "%s: the other side does not read; output is lost", c->id);
		n = OUT_MAX - c->out_n;
	}
	memcpy(c->out + c->out_n, bytes, n);
	c->out_n += n;
	flush(c);
}

void chardev_write(struct chardev *c, const u8 *bytes, size_t n)
{
	switch (c->kind) {
	case CHARDEV_NULL:
		return;
	case CHARDEV_STDIO:
		if (c->env.stdio)
			c->env.stdio(c->env.ctx, bytes, n);
		return;
	case CHARDEV_FILE:
		write_file(c, bytes, n);
		return;
	case CHARDEV_SOCKET:
	case CHARDEV_PTY:
		queue_out(c, bytes, n);
		return;
	}
}

/* ---- making it ---- */

static int refuse(const struct chardev_config *cfg, struct why *why, const char *what)
{
	int err = errno;

	return why_set(why, err, "-chardev id=%s: %s: %s", cfg->id, what, strerror(err));
}

static int open_file(struct chardev *c, const struct chardev_config *cfg, struct why *why)
{
	c->fd = open(cfg->path, O_WRONLY | O_CREAT | O_CLOEXEC | (cfg->append ? O_APPEND : O_TRUNC), 0666);
	return c->fd >= 0 ? 0 : refuse(cfg, why, cfg->path);
}

/* A socket that listens or has called; -1 with errno. */
static int join(int family, const struct sockaddr *to, socklen_t size, bool server)
{
	int one = 1, fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -1;
	if (server)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (server ? bind(fd, to, size) == 0 && listen(fd, 1) == 0 : connect(fd, to, size) == 0)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

static int join_unix(const struct chardev_config *cfg, struct why *why, int *fd)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (strlen(cfg->path) > UNIX_PATH_MAX)
		return why_set(why, ENAMETOOLONG, "-chardev id=%s: path=%s: expected at most %d characters", cfg->id, cfg->path, UNIX_PATH_MAX);
	strcpy(to.sun_path, cfg->path);
	if (cfg->server) {
		*fd = unix_listen(cfg->path, 0);
		errno = *fd < 0 ? -*fd : 0;
	} else {
		*fd = join(AF_UNIX, (struct sockaddr *)&to, sizeof to, false);
	}
	return *fd >= 0 ? 0 : refuse(cfg, why, cfg->path);
}

static int join_tcp(const struct chardev_config *cfg, struct why *why, int *fd)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM, .ai_flags = cfg->server ? AI_PASSIVE : 0 }, *list;
	const char *host = cfg->host && *cfg->host ? cfg->host : NULL;
	int r = getaddrinfo(host, cfg->port, &want, &list);

	if (r)
		return why_set(why, EINVAL, "-chardev id=%s: %s:%s: %s", cfg->id, host ? host : "", cfg->port, gai_strerror(r));
	*fd = -1;
	for (struct addrinfo *a = list; a && *fd < 0; a = a->ai_next)
		*fd = join(a->ai_family, a->ai_addr, a->ai_addrlen, cfg->server);
	r = *fd >= 0 ? 0 : refuse(cfg, why, cfg->port);
	freeaddrinfo(list);
	return r;
}

static int open_socket(struct chardev *c, const struct chardev_config *cfg, struct why *why)
{
	int fd = -1, r = cfg->path ? join_unix(cfg, why, &fd) : join_tcp(cfg, why, &fd);

	if (r)
		return r;
	if (!cfg->server) {
		c->fd = fd;
	} else {
		c->listen = fd;
		if (!cfg->nowait) {
			fprintf(stderr, "trapline: -chardev id=%s: waiting for a connection\n", cfg->id);
			c->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
			if (c->fd < 0)
				return refuse(cfg, why, "accept");
		}
		fcntl(fd, F_SETFL, O_NONBLOCK);
	}
	if (c->fd >= 0)
		fcntl(c->fd, F_SETFL, O_NONBLOCK);
	return 0;
}

static int open_pty(struct chardev *c, const struct chardev_config *cfg, struct why *why)
{
	struct termios raw;
	char name[64];

	c->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (c->fd < 0 || grantpt(c->fd) || unlockpt(c->fd) || ptsname_r(c->fd, name, sizeof name))
		return refuse(cfg, why, "pty");
	c->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (c->slave < 0 || tcgetattr(c->slave, &raw))
		return refuse(cfg, why, name);
	cfmakeraw(&raw);
	tcsetattr(c->slave, TCSANOW, &raw);
	fprintf(stderr, "trapline: -chardev id=%s is %s\n", cfg->id, name);
	return 0;
}

static int open_none(struct chardev *c, const struct chardev_config *cfg, struct why *why)
{
	return 0;
}

int chardev_new(struct chardev **out, const struct chardev_config *cfg, const struct chardev_env *env, struct why *why)
{
	static int (*const open_kind[])(struct chardev *, const struct chardev_config *, struct why *) = {
		[CHARDEV_NULL] = open_none, [CHARDEV_STDIO] = open_none, [CHARDEV_FILE] = open_file,
		[CHARDEV_SOCKET] = open_socket, [CHARDEV_PTY] = open_pty,
	};
	bool lively = cfg->kind == CHARDEV_SOCKET || cfg->kind == CHARDEV_PTY;
	struct chardev *c = calloc(1, sizeof *c);
	int r;

	*out = NULL;
	if (!c || (lively && !(c->out = malloc(OUT_MAX)))) {
		free(c);
		return why_set(why, ENOMEM, "-chardev id=%s: no memory", cfg->id);
	}
	c->kind = cfg->kind;
	c->env = *env;
	c->fd = c->listen = c->slave = -1;
	strncpy(c->id, cfg->id, sizeof c->id - 1);
	/* a backend without files still comes in through outside_enter() */
	c->source = (struct outside_source){ .ctx = c, .files = files, .ready = ready, .enter = enter };
	r = open_kind[cfg->kind](c, cfg, why);
	if (lively)
		outside_add(env->outside, &c->source);
	if (r) {
		chardev_free(c);
		return r;
	}
	*out = c;
	return 0;
}

void chardev_free(struct chardev *c)
{
	if (!c)
		return;
	flush(c);
	outside_remove(c->env.outside, &c->source);
	if (c->fd >= 0)
		close(c->fd);
	if (c->listen >= 0)
		close(c->listen);
	if (c->slave >= 0)
		close(c->slave);
	free(c->out);
	free(c);
}

void chardev_config_free(struct chardev_config *c)
{
	free(c->id);
	free(c->path);
	free(c->host);
	free(c->port);
	*c = (struct chardev_config){ 0 };
}
