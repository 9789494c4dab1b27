/*
 * See session.h. The machine calls in from its own loop: session_tx() for every byte,
 * session_poll() once a virtual millisecond, session_idle() when every PE sleeps. Nothing here is
 * seen by the guest but bytes and the pace of idle time.
 */
#include "frontend/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "frontend/control.h"
#include "frontend/gdb.h"
#include "frontend/monitor.h"
#include "frontend/symbols.h"
#include "frontend/terminal.h"
#include "machine/kinds.h"
#include "machine/machine.h"
#include "machine/snapshot.h"

#define PORTS	  2
#define PS_PER_NS 1000ull
/* While idle at wall-clock speed, and while running ahead of it under --realtime on. */
#define LONGEST_WAIT_NS 1000000000ull
enum { FILES_MAX = 1024 };

struct session {
	const struct config *c;
	struct machine *m;
	struct control *control;
	struct gdb *gdb; /* -gdb, else NULL */
	struct terminal *terminal;
	struct monitor *monitor; /* the terminal's; NULL: none */
	struct monitor_socket *monitor_socket;
	FILE *files[PORTS];	   /* SERIAL_FILE */
	FILE *log_file;
	bool log_is_new; /* -D made it */
	struct log *log;
	int stdio_port; /* may be MACHINE_PORT_STDIO; -1: none */
	u64 host_start; /* nanoseconds */
	/* --realtime on keeps pace from there: the start, or where a snapshot was loaded */
	u64 pace_guest, pace_host;
	unsigned pace_restored;
	u8 pending[256];
	size_t pending_at, pending_count;
};

static u64 host_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
}

static void session_tx(void *ctx, unsigned port, u8 byte)
{
	struct session *s = ctx;

	if ((int)port == s->stdio_port)
		terminal_write(s->terminal, &byte, 1);
	else if (port < PORTS && s->files[port])
		putc(byte, s->files[port]);
}

/* Gives the guest what was typed, as far as its FIFO takes it. */
static void feed(struct session *s)
{
	while (machine_can_rx(s->m, (unsigned)s->stdio_port)) {
		if (s->pending_at == s->pending_count) {
			s->pending_at = 0;
			s->pending_count =
				terminal_read(s->terminal, s->pending, sizeof s->pending);
			if (!s->pending_count)
				return;
		}
		machine_rx(s->m, (unsigned)s->stdio_port, s->pending[s->pending_at++]);
	}
}

/* Sleeps until the user, a client or anybody else outside wants something, or for ns nanoseconds; sometimes for less. */
static void wait_outside(struct session *s, u64 ns)
{
	struct pollfd files[1 + FILES_MAX];
	size_t n = control_files(s->control, files + 1, FILES_MAX);

	n += machine_files(s->m, files + 1 + n, FILES_MAX - n);
	terminal_wait(s->terminal, files + 1, n, ns, true);
}

/* For control.c while the machine stands: nobody takes what comes from the guest's sockets then. */
static void wait_clients(void *ctx, struct pollfd *files, size_t n, u64 ns)
{
	struct session *s = ctx;

	terminal_wait(s->terminal, files, n, ns, false);
}

static bool session_over(void *ctx)
{
	struct session *s = ctx;

	return terminal_ended(s->terminal) != TERMINAL_NONE;
}

static void keep_pace(struct session *s)
{
	unsigned restored = machine_restored(s->m);

	if (s->pace_host && s->pace_restored == restored)
		return;
	s->pace_restored = restored;
	s->pace_guest = machine_now(s->m) / PS_PER_NS;
	s->pace_host = host_ns();
}

static bool session_poll(void *ctx)
{
	struct session *s = ctx;
	u64 guest, host;

	if (s->stdio_port >= 0)
		feed(s);
	if (terminal_power_button(s->terminal))
		machine_power_button(s->m);
	if (s->c->realtime == REALTIME_ON) {
		keep_pace(s);
		guest = machine_now(s->m) / PS_PER_NS - s->pace_guest;
		host = host_ns() - s->pace_host;
		if (guest > host)
			wait_outside(s, guest - host);
	}
	return control_poll(s->control) || session_over(s);
}

/* Somebody at a socket may say something. */
static bool outside_is_open(const struct session *s)
{
	struct pollfd one;

	return machine_files(s->m, &one, 1) != 0;
}

static bool idle_is_real(const struct session *s)
{
	return s->c->realtime == REALTIME_ON ||
	       (s->c->realtime == REALTIME_IDLE && (terminal_interactive(s->terminal) || outside_is_open(s)));
}

static u64 session_idle(void *ctx, u64 now, u64 next)
{
	struct session *s = ctx;
	u64 start = host_ns(), waited, ns = (next - now) / PS_PER_NS;

	if (!idle_is_real(s)) {
		/* nothing to skip to: only a key can wake the guest, and until then no time passes */
		if (next != UINT64_MAX || !(terminal_open_ended(s->terminal) || outside_is_open(s)))
			return next;
		wait_outside(s, LONGEST_WAIT_NS);
		return now;
	}
	wait_outside(s, ns < LONGEST_WAIT_NS ? ns : LONGEST_WAIT_NS);
	waited = (host_ns() - start) * PS_PER_NS;
	return waited < next - now ? now + waited : next;
}

static int open_ports(struct session *s, struct why *why)
{
	const struct config_serial *serial = s->c->serial;
	bool guest_gets_ctrl_c = false;

	s->stdio_port = -1;
	for (int i = 0; i < PORTS; i++) {
		if (serial[i].kind == SERIAL_FILE) {
			s->files[i] = fopen(serial[i].path, "wb");
			if (!s->files[i])
				return why_set(why, errno, "-serial file:%s: cannot open: %s",
					       serial[i].path, strerror(errno));
		}
		if (serial[i].kind == SERIAL_STDIO || serial[i].kind == SERIAL_MON) {
			s->stdio_port = i;
			guest_gets_ctrl_c = serial[i].kind == SERIAL_MON;
		}
	}
	for (size_t i = 0; i < s->c->chardevs.n; i++) {
		const struct config_item *chardev = &s->c->chardevs.item[i];

		if (strcmp(chardev->kind->name, "stdio"))
			continue;
		s->stdio_port = MACHINE_PORT_STDIO;
		guest_gets_ctrl_c = !config_bool(chardev, "signal", true);
	}
	s->terminal = terminal_open(s->stdio_port >= 0	? TERMINAL_GUEST :
				    s->c->monitor_stdio ? TERMINAL_MONITOR :
							  TERMINAL_NOBODY,
				    guest_gets_ctrl_c);
	if (!s->terminal)
		return why_set(why, ENOMEM, "the terminal cannot be watched: no thread");
	return 0;
}

/* What the file held stays until nothing can be refused any more: keep_log(). */
static int open_log(struct session *s, struct why *why)
{
	const char *path = s->c->log_file;
	int fd;

	if (path) {
		s->log_is_new = access(path, F_OK) != 0;
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		s->log_file = fd >= 0 ? fdopen(fd, "w") : NULL;
		if (!s->log_file)
			return why_set(why, errno, "-D %s: cannot open: %s", path, strerror(errno));
	}
	s->log = log_new(s->log_file ? s->log_file : stderr, s->c->log_mask);
	return s->log ? 0 : why_set(why, ENOMEM, "no memory on the host");
}

/* The log is what was written so far and will be; what is no file has no length. */
static void keep_log(struct session *s)
{
	if (s->log_file && (fflush(s->log_file) || ftruncate(fileno(s->log_file), ftello(s->log_file))))
		clearerr(s->log_file);
}

/* Refuses what could not be written at the end before anything runs. */
static int check_stats_dir(const struct config *c, struct why *why)
{
	if (!c->stats_dir || mkdir(c->stats_dir, 0777) == 0)
		return 0;
	if (errno == EEXIST) {
		struct stat st;

		if (stat(c->stats_dir, &st) == 0 && !S_ISDIR(st.st_mode))
			return why_set(why, ENOTDIR, "--stats %s: expected a folder, this is none",
				       c->stats_dir);
		if (access(c->stats_dir, W_OK | X_OK) == 0)
			return 0;
	}
	return why_set(why, errno, "--stats %s: cannot create: %s", c->stats_dir, strerror(errno));
}

/* What the command line says about names. */
static int load_symbols(struct session *s, struct why *why)
{
	struct symbols *to = control_symbols(s->control);
	s64 r = 0;

	if (s->c->boot.kernel)
		symbols_load_image(to, s->c->boot.kernel);
	if (s->c->boot.builtin)
		symbols_load_bytes(to, "--demo", s->c->boot.builtin, s->c->boot.builtin_size, 0, why);
	for (size_t i = 0; r >= 0 && i < s->c->n_symbols; i++)
		r = symbols_load(to, s->c->symbols[i].file, s->c->symbols[i].offset, why);
	return r < 0 ? (int)r : 0;
}

/* Clients: whoever may stop the machine hangs in the list before it runs. */
static int open_control(struct session *s, struct why *why)
{
	const struct control_host host = { .ctx = s, .wait = wait_clients, .over = session_over };
	bool terminal = s->stdio_port >= 0 || s->c->monitor_stdio;

	s->control = control_new(s->m, &host);
	if (s->control && terminal)
		s->monitor = monitor_on_terminal(s->control, s->terminal);
	if (!s->control || (terminal && !s->monitor))
		return why_set(why, ENOMEM, "no memory on the host");
	if (s->c->start_stopped)
		control_stop(s->control);
	if (s->c->start_stopped || s->c->monitor_stdio || s->c->monitor_path || s->c->gdb)
		control_watch(s->control);
	if (load_symbols(s, why))
		return -EINVAL;
	if (s->c->gdb && gdb_open(&s->gdb, s->c->gdb, s->control, s->log, why))
		return -EINVAL;
	return s->c->monitor_path ? monitor_listen(&s->monitor_socket, s->control, s->c->monitor_path, why) : 0;
}

static void close_control(struct session *s)
{
	gdb_close(s->gdb);
	monitor_socket_free(s->monitor_socket);
	monitor_free(s->monitor);
	control_free(s->control);
	s->gdb = NULL;
	s->monitor_socket = NULL;
	s->monitor = NULL;
	s->control = NULL;
}

static void session_close(struct session *s)
{
	close_control(s);
	if (s->terminal)
		terminal_close(s->terminal);
	machine_free(s->m);
	for (int i = 0; i < PORTS; i++)
		if (s->files[i])
			fclose(s->files[i]);
	log_free(s->log);
	if (s->log_file)
		fclose(s->log_file);
}

static int session_open(struct session *s, struct why *why)
{
	const struct machine_io io = {
		.ctx = s, .tx = session_tx, .poll = session_poll, .idle = session_idle
	};
	int r = open_log(s, why);

	if (r == 0)
		r = machine_new(&s->m, s->c, &io, s->log, why);
	if (r == 0 && s->c->restore)
		r = machine_restore(s->m, s->c->restore, why);
	if (r == 0)
		r = check_stats_dir(s->c, why);
	if (r == 0)
		r = open_ports(s, why);
	if (r == 0)
		r = open_control(s, why);
	if (r == 0)
		keep_log(s);
	else if (s->log_is_new && s->log_file && ftello(s->log_file) == 0)
		unlink(s->c->log_file);
	return r;
}

static int write_reports(struct session *s, double seconds, struct why *why)
{
	char hex[65];
	int r = 0;

	if (machine_lost(s->m))
		return why_set(why, EBADMSG, "loadvm: the machine is lost; there is nothing to report");
	if (s->c->digest) {
		machine_digest(s->m, hex);
		printf("digest %s\n", hex);
	}
	if (s->c->summary)
		machine_print_summary(s->m, stdout);
	if (fflush(stdout) || ferror(stdout))
		r = why_set(why, EIO, "standard output: cannot write: %s", strerror(errno));
	for (int i = 0; i < PORTS; i++)
		if (s->files[i] && (fflush(s->files[i]) || ferror(s->files[i])))
			r = why_set(why, EIO, "-serial file:%s: cannot write: %s",
				    s->c->serial[i].path, strerror(errno));
	if (s->log_file && (fflush(s->log_file) || ferror(s->log_file)))
		r = why_set(why, EIO, "-D %s: cannot write: %s", s->c->log_file, strerror(errno));
	if (r < 0)
		return r;
	if (s->c->stats_dir) {
		r = machine_write_stats(s->m, s->c->stats_dir, why);
		if (r == 0)
			r = machine_write_host(s->m, s->c->stats_dir, seconds, why);
	}
	return r;
}

/* To the end, with all stops on the way. */
static enum machine_end run_to_end(struct session *s)
{
	enum machine_end end;

	while ((end = machine_run(s->m)) == MACHINE_STOPPED && control_stopped(s->control))
		;
	if (end == MACHINE_POWEROFF && s->c->no_shutdown)
		control_linger(s->control);
	return end;
}

/* The exit status, and a line on standard error unless the guest powered off or a client ended the run. */
static int end_status(const struct session *s, enum machine_end end, enum terminal_end asked,
		      int lost)
{
	static const struct {
		int status;
		const char *text;
	} stops[] = {
		[TERMINAL_NONE] = { 1, "stopped" },
		[TERMINAL_QUIT] = { 1, "ended by Ctrl-A x" },
		[TERMINAL_INTERRUPT] = { 130, "interrupted" },
		[TERMINAL_TERMINATE] = { 143, "terminated by a signal" },
	};

	if (lost) {
		fprintf(stderr, "trapline: standard output: cannot write: %s\n", strerror(lost));
		return 1;
	}
	if (end == MACHINE_POWEROFF)
		return 0;
	if (end == MACHINE_EXIT && machine_status(s->m) == 0)
		return 0;
	if (end == MACHINE_STOPPED && control_quitted(s->control))
		return 0;
	fprintf(stderr, "trapline: %s\n",
		end == MACHINE_STOPPED ? stops[asked].text : machine_end_text(end));
	if (end == MACHINE_STOPPED)
		return stops[asked].status;
	return end == MACHINE_EXIT ? machine_status(s->m) : 1;
}

int session_run(const struct config *c, int *status, struct why *why)
{
	struct session s = { .c = c };
	enum terminal_end asked;
	enum machine_end end;
	double seconds;
	int lost, r = session_open(&s, why);

	if (r == 0) {
		s.host_start = host_ns();
		end = run_to_end(&s);
		seconds = (double)(host_ns() - s.host_start) / 1e9;
		terminal_flush(s.terminal);
		asked = terminal_ended(s.terminal);
		lost = terminal_error(s.terminal);
		terminal_close(s.terminal);
		s.terminal = NULL;
		r = write_reports(&s, seconds, why);
		*status = end_status(&s, end, asked, lost);
		control_finish(s.control, end, *status);
	}
	session_close(&s);
	return r;
}
