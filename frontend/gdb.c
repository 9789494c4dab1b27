/* See gdb.h. */
#define _GNU_SOURCE /* accept4() */
#include "frontend/gdb.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/unix_socket.h"
#include "frontend/gdb_stub.h"

enum {
	IN_BYTES = 4096,
	IN_A_TIME = 16,	      /* buffers that are read before the machine goes on */
	OUT_ENOUGH = 1 << 20, /* more than that waits: nothing more is read */
	OUT_MOST = 8 << 20,   /* the client does not read at all */
	LAST_WORDS_MS = 1000, /* for the client to take them when the run is over */
};

struct gdb {
	struct control *control;
	struct control_client client;
	struct gdb_stub *stub;
	struct log *log;
	char *path;	/* of a Unix socket, which goes with the run */
	int listen, fd; /* -1: none */
	u8 in[IN_BYTES];
	size_t in_at, in_n;
	u8 *out;
	size_t out_at, out_n, out_room;
	bool met;  /* it has said something: whoever only looks whether somebody listens is no client */
	bool lost; /* there is no room for what the client must get */
};

/* ---- where ---- */

struct address {
	char text[256];		 /* the parts below are its pieces */
	const char *host, *port; /* host "": this computer alone */
	const char *path;
};

static int bad_address(const char *where, struct why *why)
{
	return why_set(why, EINVAL, "-gdb %s: expected tcp::PORT, tcp:HOST:PORT, unix:PATH or none", where);
}

static bool is_default(const char *word)
{
	static const char *const known[] = { "server", "server=on", "nowait", "wait=off" };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(word, known[i]))
			return true;
	return false;
}

/* What stands behind commas. */
static int check_words(const char *where, char *words, struct why *why)
{
	for (char *next; words; words = next) {
		next = strchr(words, ',');
		if (next)
			*next++ = 0;
		if (!is_default(words))
			return why_set(
				why, EINVAL,
				"-gdb %s: '%s': expected server or nowait behind the address; to wait at the start use -S",
				where, words);
	}
	return 0;
}

static int parse_tcp(struct address *a, const char *where, struct why *why)
{
	char *host = a->text + 4, *port = strrchr(host, ':'), *end;
	unsigned long n;

	if (!port)
		return bad_address(where, why);
	*port++ = 0;
	n = strtoul(port, &end, 10);
	if (*port < '0' || *port > '9' || *end || n > 65535)
		return bad_address(where, why);
	if (*host == '[' && host[strlen(host) - 1] == ']') { /* IPv6 */
		host[strlen(host) - 1] = 0;
		host++;
	}
	a->host = host;
	a->port = port;
	return 0;
}

static int parse_address(struct address *a, const char *where, struct why *why)
{
	char *comma;

	*a = (struct address){ .path = NULL };
	if (strlen(where) >= sizeof a->text)
		return bad_address(where, why);
	strcpy(a->text, where);
	comma = strchr(a->text, ',');
	if (comma) {
		*comma++ = 0;
		if (check_words(where, comma, why))
			return -EINVAL;
	}
	if (!strncmp(a->text, "tcp:", 4))
		return parse_tcp(a, where, why);
	if (strncmp(a->text, "unix:", 5) || !a->text[5])
		return bad_address(where, why);
	a->path = a->text + 5;
	return strlen(a->path) <= UNIX_PATH_MAX
		       ? 0
		       : why_set(why, ENAMETOOLONG, "-gdb %s: expected a path of at most %d characters", where, UNIX_PATH_MAX);
}

int gdb_check_address(const char *where, struct why *why)
{
	struct address a;

	return strcmp(where, "none") ? parse_address(&a, where, why) : 0;
}

static int listen_at(int family, const struct sockaddr *at, socklen_t size)
{
	int one = 1, fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, at, size) == 0 && listen(fd, 2) == 0)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

static int open_unix(struct gdb *g, const struct address *a)
{
	int fd = unix_listen(a->path, SOCK_NONBLOCK);

	if (fd < 0)
		return fd;
	g->listen = fd;
	g->path = strdup(a->path);
	return g->path ? 0 : -ENOMEM;
}

/* Port 0 is any that is free: the user wants to know which. */
static void tell_port(const struct gdb *g)
{
	struct sockaddr_storage at;
	socklen_t size = sizeof at;
	char port[16];

	if (getsockname(g->listen, (struct sockaddr *)&at, &size) == 0 &&
	    getnameinfo((struct sockaddr *)&at, size, NULL, 0, port, sizeof port, NI_NUMERICSERV) == 0)
		fprintf(stderr, "trapline: gdb: port %s\n", port);
}

static int open_tcp(struct gdb *g, const struct address *a, struct why *why)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM }, *list;
	int r = getaddrinfo(*a->host ? a->host : "127.0.0.1", a->port, &want, &list);

	if (r)
		return why_set(why, EINVAL, "-gdb: %s: %s", a->host, gai_strerror(r));
	for (struct addrinfo *i = list; i && g->listen < 0; i = i->ai_next)
		g->listen = listen_at(i->ai_family, i->ai_addr, i->ai_addrlen);
	r = g->listen < 0 ? -errno : 0;
	freeaddrinfo(list);
	if (r == 0 && !strcmp(a->port, "0"))
		tell_port(g);
	return r;
}

/* ---- the client ---- */

static void drop(struct gdb *g)
{
	close(g->fd);
	g->fd = -1;
	g->in_at = g->in_n = g->out_at = g->out_n = 0;
	g->lost = false;
	if (g->met)
		gdb_stub_disconnect(g->stub); /* nobody else holds the machine: it goes on */
	g->met = false;
}

static void vanish(struct gdb *g, const char *how)
{
	drop(g);
	log_at(g->log, LOG_HOST, "gdb", "%s; the machine %s, and another client may come", how,
	       control_running(g->control) ? "goes on" : "stands");
}

static void stub_send(void *ctx, const u8 *bytes, size_t n)
{
	struct gdb *g = ctx;
	size_t room = g->out_room ? g->out_room : IN_BYTES;
	u8 *grown;

	while (room < g->out_n + n)
		room *= 2;
	if (room > OUT_MOST) {
		g->lost = true;
		return;
	}
	if (room > g->out_room) {
		grown = realloc(g->out, room);
		if (!grown) {
			g->lost = true;
			return;
		}
		g->out = grown;
		g->out_room = room;
	}
	memcpy(g->out + g->out_n, bytes, n);
	g->out_n += n;
}

/* False: the client is gone. */
static bool flush(struct gdb *g)
{
	while (g->out_at < g->out_n) {
		ssize_t n = send(g->fd, g->out + g->out_at, g->out_n - g->out_at, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0)
			return false;
		g->out_at += (size_t)n;
	}
	if (g->out_at == g->out_n)
		g->out_at = g->out_n = 0;
	return true;
}

static void greet(struct gdb *g, int fd)
{
	int one = 1;

	if (g->fd >= 0 && !g->met)
		drop(g); /* one that says nothing keeps nobody out */
	if (g->fd >= 0) {
		log_at(g->log, LOG_HOST, "gdb", "a second client was sent away: one is connected");
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* fails on a Unix socket */
	g->fd = fd;
}

static bool is_full(const struct gdb *g)
{
	return g->out_n - g->out_at > OUT_ENOUGH;
}

/* The stub takes what is there, as far as it can now. */
static void hand_over(struct gdb *g)
{
	g->in_at += gdb_stub_input(g->stub, g->in + g->in_at, g->in_n - g->in_at);
}

/* Lets the stub take what comes. False: the client is gone. */
static bool take(struct gdb *g)
{
	if (g->met)
		hand_over(g);
	for (unsigned i = 0; i < IN_A_TIME && g->in_at == g->in_n && !is_full(g); i++) {
		ssize_t n = recv(g->fd, g->in, sizeof g->in, 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n <= 0)
			return false;
		if (!g->met)
			gdb_stub_connect(g->stub);
		g->met = true;
		g->in_at = 0;
		g->in_n = (size_t)n;
		hand_over(g);
	}
	return true;
}

static void serve_client(struct gdb *g)
{
	if (!take(g) || !flush(g)) {
		if (!g->met || gdb_stub_done(g->stub))
			drop(g);
		else
			vanish(g, "the client closed the connection without a goodbye");
	} else if (g->lost) {
		vanish(g, "the client does not read what it asked for");
	} else if (g->met && gdb_stub_done(g->stub) && !g->out_n) {
		drop(g);
	}
}

/* ---- for control.c ---- */

static size_t gdb_files(void *ctx, struct pollfd *to, size_t room)
{
	struct gdb *g = ctx;
	size_t n = 0;

	if (n < room)
		to[n++] = (struct pollfd){ .fd = g->listen, .events = POLLIN };
	if (n < room && g->fd >= 0) {
		bool reads = g->in_at == g->in_n && !is_full(g);

		to[n++] = (struct pollfd){ .fd = g->fd, .events = (short)((reads ? POLLIN : 0) | (g->out_n ? POLLOUT : 0)) };
	}
	return n;
}

static void gdb_serve(void *ctx)
{
	struct gdb *g = ctx;
	int fd;

	if (g->fd >= 0)
		serve_client(g);
	while ((fd = accept4(g->listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		greet(g, fd);
}

static void gdb_stopped(void *ctx, const struct debug_stop *s)
{
	struct gdb *g = ctx;

	gdb_stub_stopped(g->stub, s);
	if (g->fd >= 0 && !flush(g))
		vanish(g, "the client closed the connection without a goodbye");
}

static void gdb_ended(void *ctx, enum machine_end end, int status)
{
	struct gdb *g = ctx;
	struct pollfd file = { .fd = g->fd, .events = POLLOUT };

	if (g->fd < 0)
		return;
	gdb_stub_ended(g->stub, end, status);
	if (flush(g) && g->out_n && poll(&file, 1, LAST_WORDS_MS) > 0)
		flush(g);
}

static const struct control_ops gdb_ops = {
	.files = gdb_files, .serve = gdb_serve, .stopped = gdb_stopped, .ended = gdb_ended
};

int gdb_open(struct gdb **out, const char *where, struct control *control, struct log *log, struct why *why)
{
	struct address a;
	struct gdb *g;
	int r;

	*out = NULL;
	if (!strcmp(where, "none"))
		return 0;
	r = parse_address(&a, where, why);
	if (r)
		return r;
	g = calloc(1, sizeof *g);
	if (!g)
		return why_set(why, ENOMEM, "no memory on the host");
	*g = (struct gdb){ .control = control, .log = log, .listen = -1, .fd = -1, .client = { .ops = &gdb_ops, .ctx = g } };
	g->stub = gdb_stub_new(control, log, &(struct gdb_wire){ g, stub_send });
	why->text[0] = 0;
	r = !g->stub ? -ENOMEM : a.path ? open_unix(g, &a) : open_tcp(g, &a, why);
	if (r) {
		if (!why->text[0])
			why_set(why, -r, "-gdb %s: cannot listen there: %s", where, strerror(-r));
		gdb_close(g);
		return r;
	}
	control_add(control, &g->client);
	*out = g;
	return 0;
}

void gdb_close(struct gdb *g)
{
	if (!g)
		return;
	control_remove(g->control, &g->client);
	if (g->fd >= 0)
		close(g->fd);
	if (g->listen >= 0)
		close(g->listen);
	if (g->path)
		unlink(g->path);
	free(g->path);
	gdb_stub_free(g->stub);
	free(g->out);
	free(g);
}
