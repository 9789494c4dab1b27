/*
 * Standard input and output as the far end of a UART and of the monitor, with QEMU's escape key Ctrl-A. One thread waits
 * for keys, signals (signalfd) and for output that stayed unflushed; it ends through an eventfd.
 */
#define _GNU_SOURCE
#include "frontend/terminal.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "frontend/rescue.h"

enum { ESCAPE = 1 /* Ctrl-A */, FLUSH_MS = 20 };
enum { FD_INPUT, FD_SIGNAL, FD_WAKE, FD_COUNT };

/* What was typed and not read yet. */
struct keys {
	u8 bytes[4096];
	size_t head, count;
};

struct terminal {
	enum terminal_user user;
	bool tty, raw;
	struct termios cooked;
	sigset_t blocked_before;
	int signal_fd, wake_fd;
	pthread_t thread;
	atomic_bool closing;
	atomic_bool input_ended;
	atomic_bool power_button;
	atomic_bool monitor; /* it is shown */
	atomic_bool interrupted;
	_Atomic enum terminal_end end;
	atomic_int error; /* errno of a write that failed */

	int changed_fd;		/* input or an end: an eventfd for terminal_wait() */
	pthread_mutex_t lock;	/* what follows */
	struct keys guest_keys, monitor_keys;
	bool escaped;
	u8 out[4096];
	size_t out_count;
};

/* 0, or errno. */
static int write_all(const u8 *bytes, size_t n)
{
	while (n) {
		ssize_t w = write(STDOUT_FILENO, bytes, n);

		if (w < 0 && errno == EAGAIN) {
			poll(&(struct pollfd){ .fd = STDOUT_FILENO, .events = POLLOUT }, 1, -1);
			continue;
		}
		if (w < 0 && errno != EINTR)
			return errno;
		if (w > 0) {
			bytes += w;
			n -= (size_t)w;
		}
	}
	return 0;
}

static void flush_locked(struct terminal *t)
{
	int r = t->error ? 0 : write_all(t->out, t->out_count);

	t->out_count = 0;
	if (!r)
		return;
	t->error = r;
	if (t->end == TERMINAL_NONE)
		t->end = TERMINAL_LOST;
}

static void say(struct terminal *t, const char *text)
{
	pthread_mutex_lock(&t->lock);
	flush_locked(t);
	write_all((const u8 *)text, strlen(text));
	pthread_mutex_unlock(&t->lock);
}

static void ring(int event_fd)
{
	u64 one = 1;

	if (write(event_fd, &one, sizeof one) < 0)
		return; /* the counter is full: whoever waits is awake anyway */
}

static void wake(struct terminal *t)
{
	ring(t->wake_fd);
}

static void finish(struct terminal *t, enum terminal_end why)
{
	pthread_mutex_lock(&t->lock);
	t->end = why;
	ring(t->changed_fd);
	pthread_mutex_unlock(&t->lock);
}

/* Whose keys are typed now. */
static struct keys *keys_now(struct terminal *t)
{
	return t->monitor ? &t->monitor_keys : &t->guest_keys;
}

static void push(struct terminal *t, u8 byte)
{
	struct keys *k = keys_now(t);

	pthread_mutex_lock(&t->lock);
	if (k->count < sizeof k->bytes)
		k->bytes[(k->head + k->count++) % sizeof k->bytes] = byte;
	ring(t->changed_fd);
	pthread_mutex_unlock(&t->lock);
}

static void show_monitor(struct terminal *t, bool shown)
{
	t->monitor = shown;
	ring(t->changed_fd);
}

static void command(struct terminal *t, u8 key)
{
	switch (key) {
	case 'x':
		finish(t, TERMINAL_QUIT);
		break;
	case 'h':
	case '?':
		say(t, "\r\nCtrl-A h  this list\r\nCtrl-A x  end the run\r\nCtrl-A c  console or monitor\r\nCtrl-A Ctrl-A  send "
		       "Ctrl-A\r\n");
		break;
	case 'c':
		show_monitor(t, !t->monitor);
		break;
	case ESCAPE:
		push(t, ESCAPE);
		break;
	}
}

static void typed(struct terminal *t, const u8 *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool escape = bytes[i] == ESCAPE && t->user == TERMINAL_GUEST;

		if (t->escaped)
			command(t, bytes[i]);
		else if (!escape)
			push(t, bytes[i]);
		t->escaped = !t->escaped && escape;
	}
}

/* False when input ended: then the run goes on without. */
static bool take_input(struct terminal *t)
{
	u8 bytes[256];
	ssize_t n;

	pthread_mutex_lock(&t->lock);
	n = (ssize_t)(sizeof keys_now(t)->bytes - keys_now(t)->count);
	pthread_mutex_unlock(&t->lock);
	if (n == 0) { /* a pasted text larger than its reader takes: let it catch up */
		usleep(FLUSH_MS * 1000);
		return true;
	}
	n = read(STDIN_FILENO, bytes, n < (ssize_t)sizeof bytes ? (size_t)n : sizeof bytes);
	if (n > 0)
		typed(t, bytes, (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		return false;
	return true;
}

static void take_signal(struct terminal *t)
{
	struct signalfd_siginfo info;

	if (read(t->signal_fd, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGUSR1) {
		t->power_button = true;
		ring(t->changed_fd);
	} else if (info.ssi_signo == SIGINT && t->monitor) {
		t->interrupted = true;
		ring(t->changed_fd);
	} else {
		finish(t, info.ssi_signo == SIGINT ? TERMINAL_INTERRUPT : TERMINAL_TERMINATE);
	}
}

static bool unflushed(struct terminal *t)
{
	bool some;

	pthread_mutex_lock(&t->lock);
	some = t->out_count != 0;
	pthread_mutex_unlock(&t->lock);
	return some;
}

static void *terminal_thread(void *arg)
{
	struct terminal *t = arg;
	struct pollfd fds[FD_COUNT] = {
		[FD_INPUT] = { .fd = t->user != TERMINAL_NOBODY ? STDIN_FILENO : -1, .events = POLLIN },
		[FD_SIGNAL] = { .fd = t->signal_fd, .events = POLLIN },
		[FD_WAKE] = { .fd = t->wake_fd, .events = POLLIN },
	};
	u64 count;

	while (!t->closing) {
		int n = poll(fds, FD_COUNT, unflushed(t) ? FLUSH_MS : -1);

		if (n == 0)
			terminal_flush(t);
		if (n <= 0)
			continue;
		if (fds[FD_WAKE].revents && read(t->wake_fd, &count, sizeof count) < 0)
			continue;
		if (fds[FD_SIGNAL].revents)
			take_signal(t);
		if (fds[FD_INPUT].revents && !take_input(t)) {
			fds[FD_INPUT].fd = -1;
			pthread_mutex_lock(&t->lock);
			t->input_ended = true;
			ring(t->changed_fd);
			pthread_mutex_unlock(&t->lock);
		}
	}
	return NULL;
}

/* No echo, no line editing, no translation; output stays as the terminal had it. */
static void make_raw(struct terminal *t, bool guest_gets_ctrl_c)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &t->cooked) < 0)
		return;
	raw = t->cooked;
	raw.c_iflag &=
		~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
	if (guest_gets_ctrl_c)
		raw.c_lflag &= ~(tcflag_t)ISIG;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	raw.c_cc[VSUSP] = raw.c_cc[VQUIT] = _POSIX_VDISABLE;
	rescue_arm(&t->cooked);
	t->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static bool start(struct terminal *t)
{
	sigset_t served;

	sigemptyset(&served);
	sigaddset(&served, SIGINT);
	sigaddset(&served, SIGTERM);
	sigaddset(&served, SIGHUP);
	sigaddset(&served, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &served, &t->blocked_before);
	t->signal_fd = signalfd(-1, &served, SFD_CLOEXEC);
	t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	t->changed_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return t->signal_fd >= 0 && t->wake_fd >= 0 && t->changed_fd >= 0 &&
	       pthread_create(&t->thread, NULL, terminal_thread, t) == 0;
}

struct terminal *terminal_open(enum terminal_user user, bool guest_gets_ctrl_c)
{
	struct terminal *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->user = user;
	t->monitor = user == TERMINAL_MONITOR;
	t->input_ended = user == TERMINAL_NOBODY;
	t->tty = user != TERMINAL_NOBODY && isatty(STDIN_FILENO);
	pthread_mutex_init(&t->lock, NULL);
	if (t->tty)
		make_raw(t, guest_gets_ctrl_c);
	if (start(t))
		return t;
	if (t->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &t->cooked);
	rescue_disarm();
	free(t);
	return NULL;
}

void terminal_close(struct terminal *t)
{
	t->closing = true;
	wake(t);
	pthread_join(t->thread, NULL);
	terminal_flush(t);
	if (t->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &t->cooked);
	rescue_disarm();
	close(t->signal_fd);
	close(t->wake_fd);
	close(t->changed_fd);
	pthread_sigmask(SIG_SETMASK, &t->blocked_before, NULL);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

bool terminal_interactive(const struct terminal *t)
{
	return t->tty && t->user == TERMINAL_GUEST;
}

bool terminal_edits(const struct terminal *t)
{
	return t->tty && isatty(STDOUT_FILENO);
}

int terminal_error(const struct terminal *t)
{
	return t->error;
}

enum terminal_end terminal_ended(const struct terminal *t)
{
	return t->end;
}

bool terminal_power_button(struct terminal *t)
{
	return atomic_exchange(&t->power_button, false);
}

bool terminal_open_ended(const struct terminal *t)
{
	return t->user == TERMINAL_GUEST && !t->input_ended;
}

bool terminal_input_ended(const struct terminal *t)
{
	return t->input_ended;
}

bool terminal_monitor_shown(const struct terminal *t)
{
	return t->monitor;
}

void terminal_show_monitor(struct terminal *t)
{
	t->monitor = true;
}

bool terminal_interrupted(struct terminal *t)
{
	return atomic_exchange(&t->interrupted, false);
}

unsigned terminal_width(const struct terminal *t)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

void terminal_wait(struct terminal *t, struct pollfd *files, size_t n, u64 ns, bool guest)
{
	const struct timespec wait = { .tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000) };
	bool something;
	u64 count;

	pthread_mutex_lock(&t->lock);
	something = t->end != TERMINAL_NONE || (guest && (t->guest_keys.count || t->power_button));
	pthread_mutex_unlock(&t->lock);
	if (something)
		return;
	files[-1] = (struct pollfd){ .fd = t->changed_fd, .events = POLLIN };
	ppoll(files - 1, n + 1, &wait, NULL);
	if (read(t->changed_fd, &count, sizeof count) < 0)
		return; /* it was a file, or the time */
}

static size_t read_keys(struct terminal *t, struct keys *k, u8 *to, size_t room)
{
	size_t n = 0;

	pthread_mutex_lock(&t->lock);
	for (; n < room && k->count; n++, k->count--) {
		to[n] = k->bytes[k->head];
		k->head = (k->head + 1) % sizeof k->bytes;
	}
	pthread_mutex_unlock(&t->lock);
	return n;
}

size_t terminal_read(struct terminal *t, u8 *to, size_t room)
{
	return read_keys(t, &t->guest_keys, to, room);
}

size_t terminal_read_monitor(struct terminal *t, u8 *to, size_t room)
{
	return read_keys(t, &t->monitor_keys, to, room);
}

void terminal_write(struct terminal *t, const u8 *bytes, size_t n)
{
	bool was_empty;

	pthread_mutex_lock(&t->lock);
	was_empty = t->out_count == 0;
	for (size_t i = 0; i < n; i++) {
		t->out[t->out_count++] = bytes[i];
		if (bytes[i] == '\n' || t->out_count == sizeof t->out)
			flush_locked(t);
	}
	was_empty &= t->out_count != 0;
	pthread_mutex_unlock(&t->lock);
	if (was_empty)
		wake(t); /* so that the thread flushes it soon */
}

void terminal_flush(struct terminal *t)
{
	pthread_mutex_lock(&t->lock);
	flush_locked(t);
	pthread_mutex_unlock(&t->lock);
}
