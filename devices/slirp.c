/*
 * See slirp.h. libslirp is asked and told things at three kinds of times, all of them virtual: when the guest sends,
 * when a timer of libslirp is due (the events below), and at a poll point when a file is ready. Between them nothing
 * moves, so a guest that speaks only to DHCP, TFTP and the gateway always sees the same.
 *
 * Two things of libslirp are kept from the guest: random intervals of router advertisements (they follow the guest's
 * IPv6 traffic at a fixed distance instead), and TFTP paths that leave the folder by a symbolic link. Not modelled:
 * SMB shares, guestfwd. libslirp's cache of the current time is one a process: two machines in one process may see
 * each other's in how long an idle UDP flow is kept.
 */
#include "devices/slirp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <slirp/libslirp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/snap.h"

#define PS_PER_MS 1000000000ull
#define RA_INTERVAL (400000 * PS_PER_MS) /* within RFC 4861's limits for 600 s */
/* libslirp says this, in milliseconds, when no timer of its own runs */
enum { NOTHING_DUE = 1000 };
enum { ETHER_IPV4 = 0x0800, ETHER_IPV6 = 0x86dd, IP_UDP = 17, TFTP_PORT = 69, TFTP_READ = 1 };

struct user_net {
	struct net *net;
	struct net_env env;
	struct outside *outside;
	struct outside_source source;
	struct log *log;
	Slirp *slirp;
	u32 host; /* our own address in the network */
	char *tftp;
	struct event due;     /* a protocol timer of libslirp */
	struct event advert;  /* the next router advertisement */
	bool adverts;	     /* libslirp wants to send them */
	void *advert_opaque;
	/* what files() collected, and where it goes */
	struct pollfd *files;
	size_t n_files, room;
	bool closing;
};

static u64 now(const struct user_net *u)
{
	return u->env.now(u->env.ctx);
}

/* ---- what libslirp asks for ---- */

static ssize_t cb_send(const void *frame, size_t n, void *opaque)
{
	struct user_net *u = opaque;

	outside_enter(u->outside, &u->source, frame, n);
	return (ssize_t)n;
}

static void cb_guest_error(const char *text, void *opaque)
{
	struct user_net *u = opaque;

	log_at(u->log, LOG_GUEST, "net", "%s", text);
}

static int64_t cb_clock(void *opaque)
{
	return (int64_t)(now(opaque) / 1000);
}

/* There is one timer, and advertise() stands for it. */
static void *cb_timer_new(SlirpTimerId id, void *cb_opaque, void *opaque)
{
	struct user_net *u = opaque;

	if (id == SLIRP_TIMER_RA) {
		u->adverts = true;
		u->advert_opaque = cb_opaque;
	}
	return u;
}

static void cb_timer_free(void *timer, void *opaque)
{
}

static void cb_timer_mod(void *timer, int64_t expire_ms, void *opaque)
{
}

static void cb_poll_fd(int fd, void *opaque)
{
}

static void cb_notify(void *opaque)
{
}

static const SlirpCb callbacks = {
	.send_packet = cb_send,
	.guest_error = cb_guest_error,
	.clock_get_ns = cb_clock,
	.timer_new_opaque = cb_timer_new,
	.timer_free = cb_timer_free,
	.timer_mod = cb_timer_mod,
	.register_poll_fd = cb_poll_fd,
	.unregister_poll_fd = cb_poll_fd,
	.notify = cb_notify,
};

/* ---- files and timers ---- */

static int add_file(int fd, int events, void *opaque)
{
	struct user_net *u = opaque;
	struct pollfd *f;

	if (u->n_files == u->room)
		return -1;
	f = &u->files[u->n_files];
	*f = (struct pollfd){ .fd = fd };
	f->events |= events & SLIRP_POLL_IN ? POLLIN : 0;
	f->events |= events & SLIRP_POLL_OUT ? POLLOUT : 0;
	f->events |= events & SLIRP_POLL_PRI ? POLLPRI : 0;
	return (int)u->n_files++;
}

static int file_state(int i, void *opaque)
{
	struct user_net *u = opaque;
	short seen = i >= 0 && (size_t)i < u->n_files ? u->files[i].revents : 0;

	return (seen & POLLIN ? SLIRP_POLL_IN : 0) | (seen & POLLOUT ? SLIRP_POLL_OUT : 0) |
	       (seen & POLLPRI ? SLIRP_POLL_PRI : 0) | (seen & POLLERR ? SLIRP_POLL_ERR : 0) |
	       (seen & POLLHUP ? SLIRP_POLL_HUP : 0);
}

static u32 fill(struct user_net *u, struct pollfd *to, size_t room)
{
	u32 ms = UINT32_MAX;

	u->files = to;
	u->room = room;
	u->n_files = 0;
	slirp_pollfds_fill(u->slirp, &ms, add_file, u);
	return ms;
}

static size_t files(void *ctx, struct pollfd *to, size_t room)
{
	struct user_net *u = ctx;

	fill(u, to, room);
	return u->n_files;
}

/* Lets libslirp's timers and its queue of frames run, without a look at any file; then sleeps until the next is due. */
static void run_timers(struct user_net *u)
{
	u32 ms;

	slirp_pollfds_poll(u->slirp, 1, file_state, u);
	ms = fill(u, NULL, 0);
	if (ms < NOTHING_DUE)
		event_at(u->env.queue, &u->due, now(u) + (ms ? ms : 1) * PS_PER_MS);
	else
		event_cancel(u->env.queue, &u->due);
}

static void due(void *ctx, u64 late)
{
	run_timers(ctx);
}

static void advertise(void *ctx, u64 late)
{
	struct user_net *u = ctx;

	slirp_handle_timer(u->slirp, SLIRP_TIMER_RA, u->advert_opaque);
}

static void ready(void *ctx, const struct pollfd *seen, size_t n)
{
	struct user_net *u = ctx;
	struct pollfd copy[OUTSIDE_FILES];

	memcpy(copy, seen, n * sizeof *seen);
	u->files = copy;
	u->n_files = n;
	slirp_pollfds_poll(u->slirp, 0, file_state, u);
	run_timers(u);
}

static void enter(void *ctx, const u8 *frame, size_t n)
{
	struct user_net *u = ctx;

	if (!u->closing)
		net_to_guest(u->net, frame, n);
}

/* ---- frames of the guest ---- */

static u32 be16(const u8 *p)
{
	return (u32)p[0] << 8 | p[1];
}

static u32 be32(const u8 *p)
{
	return be16(p) << 16 | be16(p + 2);
}

/* The UDP header inside a frame for our TFTP server, with the bytes from there on in *n, or NULL. */
static const u8 *tftp_datagram(const struct user_net *u, const u8 *frame, size_t *n)
{
	const u8 *ip = frame + NET_HEADER, *udp;
	size_t left = *n - NET_HEADER, header;
	bool v4 = be16(frame + 12) == ETHER_IPV4;

	if (left < 20 || (!v4 && be16(frame + 12) != ETHER_IPV6))
		return NULL;
	header = v4 ? (ip[0] & 15u) * 4 : 40;
	if (left < header + 8 || (v4 ? ip[9] : ip[6]) != IP_UDP)
		return NULL;
	if (v4 && ((be16(ip + 6) & 0x1fff) || (be32(ip + 16) != u->host && be32(ip + 16) != UINT32_MAX)))
		return NULL;
	udp = ip + header;
	*n = left - header;
	return be16(udp + 2) == TFTP_PORT ? udp : NULL;
}

/* Not a file, or a file that is not below the folder once all links are followed. What is not there is harmless. */
static bool leaves_folder(const char *folder, const char *name)
{
	char path[PATH_MAX], real[PATH_MAX], top[PATH_MAX];
	struct stat st;
	size_t n;

	if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path || !realpath(folder, top))
		return true;
	if (!realpath(path, real))
		return errno != ENOENT;
	n = strlen(top);
	if (strncmp(real, top, n) || (n > 1 && real[n] != '/'))
		return true;
	return stat(real, &st) || !S_ISREG(st.st_mode);
}

/*
 * libslirp opens DIR/name, and so follows links out of DIR and waits for a writer of a FIFO. Such requests are
 * dropped; so are fragments, which nobody needs for a file name.
 */
static bool bad_tftp(struct user_net *u, const u8 *frame, size_t n)
{
	const u8 *udp = tftp_datagram(u, frame, &n), *name;
	bool fragment = be16(frame + 12) == ETHER_IPV4 && (be16(frame + NET_HEADER + 6) & 0x2000);

	if (!udp || !u->tftp)
		return false;
	if (n < 12 || be16(udp + 8) != TFTP_READ)
		return fragment;
	name = udp + 10;
	if (!fragment && memchr(name, 0, n - 10) && !leaves_folder(u->tftp, (const char *)name))
		return false;
	log_at(u->log, LOG_GUEST, "net", "TFTP: refused a request for what is no file in the folder");
	return true;
}

static void from_guest(void *ctx, const u8 *frame, size_t n)
{
	struct user_net *u = ctx;

	if (bad_tftp(u, frame, n))
		return;
	if (be16(frame + 12) == ETHER_IPV6 && u->adverts && !u->advert.armed)
		event_at(u->env.queue, &u->advert, now(u) + RA_INTERVAL);
	slirp_pollfds_poll(u->slirp, 1, file_state, u); /* its clock */
	slirp_input(u->slirp, frame, (int)n);
	run_timers(u);
}

/* ---- state ---- */

struct buffer {
	u8 *bytes;
	size_t n, at;
};

static ssize_t buffer_write(const void *bytes, size_t n, void *opaque)
{
	struct buffer *b = opaque;
	u8 *more = realloc(b->bytes, b->n + n);

	if (!more)
		return -1;
	b->bytes = more;
	memcpy(more + b->n, bytes, n);
	b->n += n;
	return (ssize_t)n;
}

static ssize_t buffer_read(void *bytes, size_t n, void *opaque)
{
	struct buffer *b = opaque;

	if (n > b->n - b->at)
		return -1;
	memcpy(bytes, b->bytes + b->at, n);
	b->at += n;
	return (ssize_t)n;
}

/* Connections do not survive: their other ends are not in the snapshot. */
static void user_snap(void *ctx, struct snap *s)
{
	struct user_net *u = ctx;
	struct buffer b = { 0 };
	u32 n, version = (u32)slirp_state_version();

	snap_section(s, "net user", 1);
	event_snap(u->env.queue, &u->due, s);
	event_snap(u->env.queue, &u->advert, s);
	if (!s->loading)
		slirp_state_save(u->slirp, buffer_write, &b);
	n = (u32)b.n;
	snap_u32(s, &version);
	snap_u32(s, &n);
	snap_check(s, n < 1 << 20, "size of the network's state");
	if (s->loading && !s->failed) {
		b.n = n;
		b.bytes = malloc(n + 1);
		snap_check(s, b.bytes != NULL, "memory for the network's state");
	}
	if (!s->failed)
		snap_bytes(s, b.bytes, n);
	if (s->loading && !s->failed)
		snap_check(s, slirp_state_load(u->slirp, (int)version, buffer_read, &b) == 0, "the network's state");
	free(b.bytes);
}

static void user_free(void *ctx)
{
	struct user_net *u = ctx;

	u->closing = true;
	event_cancel(u->env.queue, &u->due);
	event_cancel(u->env.queue, &u->advert);
	outside_remove(u->outside, &u->source);
	if (u->slirp)
		slirp_cleanup(u->slirp);
	free(u->tftp);
	free(u);
}

static const struct net_ops user_ops = { .send = from_guest, .snap = user_snap, .free = user_free };

/* ---- making it ---- */

void slirp_config_init(struct slirp_config *c)
{
	*c = (struct slirp_config){ .ipv4 = true, .ipv6 = true, .net = 0x0a000200, .mask = 0xffffff00 };
}

void slirp_config_free(struct slirp_config *c)
{
	free(c->hostname);
	free(c->domainname);
	free(c->tftp);
	free(c->tftp_server_name);
	free(c->bootfile);
	*c = (struct slirp_config){ 0 };
}

static struct in_addr addr4(u32 a)
{
	return (struct in_addr){ .s_addr = htonl(a) };
}

/* An address in the network: what the user said, or number n of it. */
static u32 in_net(const struct slirp_config *c, u32 said, u32 n)
{
	return said ? said : (c->net & c->mask) | (n & ~c->mask);
}

static SlirpConfig library_config(const struct slirp_config *c)
{
	SlirpConfig lib = {
		.version = 4,
		.restricted = c->restricted,
		.in_enabled = c->ipv4,
		.vnetwork = addr4(c->net & c->mask),
		.vnetmask = addr4(c->mask),
		.vhost = addr4(in_net(c, c->host, 2)),
		.vdhcp_start = addr4(in_net(c, c->dhcp_start, 15)),
		.vnameserver = addr4(in_net(c, c->dns, 3)),
		.in6_enabled = c->ipv6,
		.vprefix_len = 64,
		.vhostname = c->hostname,
		.vdomainname = c->domainname,
		.tftp_path = c->tftp,
		.tftp_server_name = c->tftp_server_name,
		.bootfile = c->bootfile,
	};

	inet_pton(AF_INET6, "fec0::", &lib.vprefix_addr6);
	inet_pton(AF_INET6, "fec0::2", &lib.vhost6);
	inet_pton(AF_INET6, "fec0::3", &lib.vnameserver6);
	return lib;
}

static int add_forwards(struct user_net *u, const struct slirp_config *c, struct why *why)
{
	for (size_t i = 0; i < c->forwards; i++) {
		const struct slirp_forward *f = &c->forward[i];
		struct in_addr host = addr4(f->host), guest = addr4(in_net(c, f->guest ? f->guest : c->dhcp_start, 15));

		if (slirp_add_hostfwd(u->slirp, f->udp, host, f->host_port, guest, f->guest_port))
			return why_set(why, errno ? errno : EINVAL, "-netdev user,id=%s: hostfwd: cannot listen on %s port %u of the host: %s",
				       net_id(u->net), f->udp ? "UDP" : "TCP", f->host_port, strerror(errno));
	}
	return 0;
}

static int check_folder(struct net *n, const char *folder, struct why *why)
{
	struct stat st;

	if (!folder)
		return 0;
	if (stat(folder, &st))
		return why_set(why, errno, "-netdev user,id=%s: tftp=%s: %s", net_id(n), folder, strerror(errno));
	return S_ISDIR(st.st_mode) ? 0 : why_set(why, ENOTDIR, "-netdev user,id=%s: tftp=%s: expected a folder", net_id(n), folder);
}

int slirp_attach(struct net *n, const struct slirp_config *c, const struct net_env *env, struct outside *outside,
		 struct log *log, struct why *why)
{
	SlirpConfig lib = library_config(c);
	struct user_net *u;
	int r = check_folder(n, c->tftp, why);

	if (r)
		return r;
	u = calloc(1, sizeof *u);
	if (!u || (c->tftp && !(u->tftp = strdup(c->tftp)))) {
		free(u);
		return why_set(why, ENOMEM, "-netdev user,id=%s: no memory", net_id(n));
	}
	u->net = n;
	u->env = *env;
	u->outside = outside;
	u->log = log;
	u->host = ntohl(lib.vhost.s_addr);
	u->source = (struct outside_source){ .ctx = u, .files = files, .ready = ready, .enter = enter };
	u->due = (struct event){ .name = "timer", .owner = "net user", .fire = due, .ctx = u };
	u->advert = (struct event){ .name = "router advertisement", .owner = "net user", .fire = advertise, .ctx = u };
	outside_add(outside, &u->source);
	net_connect(n, &user_ops, u);
	u->slirp = slirp_new(&lib, &callbacks, u);
	if (!u->slirp)
		return why_set(why, EINVAL, "-netdev user,id=%s: libslirp refuses these addresses", net_id(n));
	r = add_forwards(u, c, why);
	if (r == 0)
		run_timers(u);
	return r;
}
