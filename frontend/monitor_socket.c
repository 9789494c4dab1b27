/*
 * The monitor at a Unix socket: one conversation at a time; whoever else connects is told so and sent away. Nothing here ever blocks:
 * a client that does not read loses what does not fit into the socket, and one that vanishes makes room for the next.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unix_socket.h"
#include "frontend/monitor_priv.h"

enum { OUT_MAX = 1 << 20 }; /* bytes that wait for a slow reader */

struct monitor_socket {
	struct monitor m;
	struct control *control;
	struct control_client client;
	char *path;
	int listener, peer; /* peer -1: nobody is connected */
	bool gone; /* the peer said all that it will */
	char *out;
	size_t out_at, out_count;
};

/* ---- the peer ---- */

static void drop_peer(struct monitor_socket *s)
{
	if (s->peer < 0)
		return;
	close(s->peer);
	s->peer = -1;
	s->out_count = s->out_at = 0;
	control_attach(s->control, false);
}

static void flush(struct monitor_socket *s)
{
	while (s->peer >= 0 && s->out_count) {
		ssize_t n = send(s->peer, s->out + s->out_at, s->out_count, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			s->gone |= errno != EAGAIN;
			break;
		}
		s->out_at += (size_t)n;
		s->out_count -= (size_t)n;
	}
	if (!s->out_count)
		s->out_at = 0;
}

static void socket_write(void *ctx, const char *text, size_t n)
{
	struct monitor_socket *s = ctx;

	if (s->out_at && s->out_at + s->out_count + n > OUT_MAX) {
		memmove(s->out, s->out + s->out_at, s->out_count);
		s->out_at = 0;
	}
	if (n > OUT_MAX - s->out_at - s->out_count)
		n = OUT_MAX - s->out_at - s->out_count;
	memcpy(s->out + s->out_at + s->out_count, text, n);
	s->out_count += n;
	flush(s);
}

static size_t socket_read(void *ctx, u8 *to, size_t room)
{
	struct monitor_socket *s = ctx;
	ssize_t n;

	if (s->peer < 0 || s->gone)
		return 0;
	do
		n = recv(s->peer, to, room, 0);
	while (n < 0 && errno == EINTR);
	s->gone = n == 0 || (n < 0 && errno != EAGAIN);
	return n > 0 ? (size_t)n : 0;
}

/* ---- the listener ---- */

static void welcome(struct monitor_socket *s, int fd)
{
	const struct monitor_place place = { .ctx = s, .read = socket_read, .write = socket_write };

	monitor_init(&s->m, s->control, &place);
	s->peer = fd;
	s->gone = false;
	s->out_at = s->out_count = 0;
	control_attach(s->control, true);
	monitor_say(&s->m, "Trapline " TRAPLINE_VERSION " monitor; help lists all commands\n");
	monitor_prompt(&s->m);
}

static void accept_peer(struct monitor_socket *s)
{
	static const char busy[] = "error: another client is connected\n";
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (s->peer < 0) {
		welcome(s, fd);
		return;
	}
	send(fd, busy, sizeof busy - 1, MSG_NOSIGNAL); /* or it left already */
	close(fd);
}

/* It closed the socket in both directions: nobody reads any more. */
static bool left(const struct monitor_socket *s)
{
	struct pollfd peer = { .fd = s->peer };

	return poll(&peer, 1, 0) == 1 && (peer.revents & (POLLHUP | POLLERR));
}

static void serve_peer(struct monitor_socket *s)
{
	if (s->peer < 0)
		return;
	monitor_serve(&s->m);
	flush(s);
	if (s->gone && (monitor_idle(&s->m) || left(s)))
		drop_peer(s);
}

static void socket_serve(void *ctx)
{
	struct monitor_socket *s = ctx;

	serve_peer(s);
	accept_peer(s);
	serve_peer(s);
}

static void socket_stopped(void *ctx, const struct debug_stop *why)
{
	struct monitor_socket *s = ctx;

	if (s->peer >= 0)
		monitor_stopped(&s->m, why);
}

static size_t socket_files(void *ctx, struct pollfd *to, size_t room)
{
	struct monitor_socket *s = ctx;
	size_t n = 0;

	if (n < room)
		to[n++] = (struct pollfd){ .fd = s->listener, .events = POLLIN };
	if (n < room && s->peer >= 0)
		to[n++] = (struct pollfd){ .fd = s->peer, .events = (short)(POLLIN | (s->out_count ? POLLOUT : 0)) };
	return n;
}

static const struct control_ops socket_ops = { .files = socket_files, .serve = socket_serve, .stopped = socket_stopped };

int monitor_listen(struct monitor_socket **out, struct control *c, const char *path, struct why *why)
{
	struct monitor_socket *s;
	int fd = unix_listen(path, SOCK_NONBLOCK);

	if (fd == -ENAMETOOLONG)
		return why_set(why, -fd, "-monitor unix:%s: expected a path of at most %d characters", path, UNIX_PATH_MAX);
	if (fd < 0)
		return why_set(why, -fd, "-monitor unix:%s: cannot listen there: %s", path, strerror(-fd));
	s = calloc(1, sizeof *s);
	if (s)
		s->out = malloc(OUT_MAX);
	if (s)
		s->path = strdup(path);
	if (!s || !s->out || !s->path) {
		close(fd);
		unlink(path);
		if (s) {
			free(s->out);
			free(s->path);
		}
		free(s);
		return why_set(why, ENOMEM, "no memory on the host");
	}
	s->listener = fd;
	s->peer = -1;
	s->control = c;
	s->client = (struct control_client){ .ops = &socket_ops, .ctx = s };
	control_add(c, &s->client);
	*out = s;
	return 0;
}

void monitor_socket_free(struct monitor_socket *s)
{
	if (!s)
		return;
	control_remove(s->control, &s->client);
	flush(s);
	drop_peer(s);
	close(s->listener);
	unlink(s->path);
	free(s->path);
	free(s->out);
	free(s);
}
