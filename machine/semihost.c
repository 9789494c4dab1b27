/*
 * The calls of Arm semihosting 2.0 (the specification's "Semihosting for AArch32 and AArch64"): HLT #0xF000, operation in
 * w0, argument or address of 64-bit arguments in x1, result in x0. Time is virtual time.
 *
 * Files are those below -semihosting-config dir=; without it there are none. The console is serial port 0's far end, or
 * that of -semihosting-config chardev=. A call that waits for the console puts the PE to sleep in front of its HLT.
 * SYS_SYSTEM is refused. The guest's memory is accessed through its own translation, at most SEMIHOST_MOST bytes a call,
 * which take time: the guest cannot keep the program from looking at its user.
 */
#include "machine/semihost.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "cpu/exception.h"
#include "machine/machine_priv.h"

enum {
	HANDLES = 32,
	SEMIHOST_MOST = 16 << 20, /* bytes that one call moves */
	BYTES_A_CYCLE = 8,
	CHUNK = 4096,
	CONSOLE_IN = 64,
	EXIT_APPLICATION = 0x20026, /* ADP_Stopped_ApplicationExit */
};

#define CONSOLE_NAME  ":tt"
#define FEATURES_NAME ":semihosting-features"
/* Magic, then SH_EXT_EXIT_EXTENDED and SH_EXT_STDOUT_STDERR. */
static const u8 features[] = { 'S', 'H', 'F', 'B', 3 };

enum handle_kind { HANDLE_FREE, HANDLE_CONSOLE, HANDLE_FEATURES, HANDLE_FILE, HANDLE_KINDS };

struct handle {
	u8 kind, mode; /* mode: as SYS_OPEN has it */
	int fd;
	u64 at;
	char name[SEMIHOST_PATH]; /* HANDLE_FILE: what a snapshot opens again */
};

struct semihost {
	struct machine *m;
	int top;			/* the folder, -1: none */
	struct chardev *chardev;	/* NULL: serial port 0's far end */
	struct handle handle[HANDLES]; /* the guest's handles start at 1 */
	u64 err;			/* SYS_ERRNO */
	u64 sleeping;			/* PEs that wait for the console, by bit */
	u8 in[CONSOLE_IN];
	u32 in_count;
	struct semihost_stats stats;
};

#define ROW(field, unit, help) STAT_ROW(semihost_stats, field, unit, help)
const struct stat_row semihost_stat_rows[] = { SEMIHOST_STATS(ROW) };
#undef ROW
const size_t semihost_stat_rows_n = ARRAY_SIZE(semihost_stat_rows);

/* One call while it is served. */
struct call {
	struct machine *m;
	struct semihost *s;
	struct cpu *c;
	u64 arg[4];
	bool sleeps; /* the console has nothing yet: the call is made again */
};

/* ---- the guest's memory ---- */

static u64 swapped(const struct call *k, u64 v)
{
	return k->c->be ? __builtin_bswap64(v) : v;
}

static bool get_words(struct call *k, u64 va, u64 *to, size_t n)
{
	if (!machine_read_va(k->c, va, to, n * sizeof *to))
		return false;
	for (size_t i = 0; i < n; i++)
		to[i] = swapped(k, to[i]);
	return true;
}

static bool put_word(struct call *k, u64 va, u64 v)
{
	v = swapped(k, v);
	return machine_write_va(k->c, va, &v, sizeof v);
}

/* A name of n bytes; the end that the guest's own may have is not counted. 0 or a negative errno. */
static int get_name(struct call *k, u64 va, u64 n, char to[SEMIHOST_PATH])
{
	if (n >= SEMIHOST_PATH)
		return -ENAMETOOLONG;
	if (!machine_read_va(k->c, va, to, (size_t)n))
		return -EFAULT;
	to[n] = 0;
	return strlen(to) == n ? 0 : -EINVAL;
}

/* Moving bytes takes the guest time. */
static void spend(struct call *k, u64 bytes)
{
	cpu_spend(k->c, bytes / BYTES_A_CYCLE);
}

/* ---- the console ---- */

static void console_write(struct semihost *s, const u8 *bytes, size_t n)
{
	struct machine *m = s->m;
	struct chardev *to = s->chardev ? s->chardev : m->uart[0].chardev;

	s->stats.bytes_out += n;
	for (size_t i = 0; i < n; i++)
		regions_console(m, bytes[i]);
	if (to)
		chardev_write(to, bytes, n);
	for (size_t i = 0; !to && m->io.tx && i < n; i++)
		m->io.tx(m->io.ctx, 0, bytes[i]);
}

/* What was typed, at most n bytes of it; 0: nothing, the PE sleeps. */
static size_t console_read(struct call *k, u8 *to, size_t n)
{
	struct semihost *s = k->s;
	u64 bit = BIT(k->c->index);
	size_t got = n < s->in_count ? n : s->in_count;

	memcpy(to, s->in, got);
	memmove(s->in, s->in + got, s->in_count - got);
	s->in_count -= (u32)got;
	s->stats.bytes_in += got;
	k->sleeps = !got;
	s->sleeping = got ? s->sleeping & ~bit : s->sleeping | bit;
	return got;
}

static size_t room(const struct semihost *s)
{
	return s->sleeping ? CONSOLE_IN - s->in_count : 0;
}

bool semihost_can_rx(const struct semihost *s)
{
	return !s->chardev && room(s);
}

void semihost_rx(struct semihost *s, u8 byte)
{
	if (s->in_count < CONSOLE_IN)
		s->in[s->in_count++] = byte;
	for (unsigned i = 0; i < s->m->pes; i++)
		if (s->sleeping >> i & 1)
			cpu_event(s->m->seat[i].cpu);
}

static size_t chardev_room_for(void *ctx)
{
	return room(ctx);
}

static void chardev_took(void *ctx, const u8 *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		semihost_rx(ctx, bytes[i]);
}

/* ---- handles ---- */

static struct handle *handle_of(struct call *k, u64 number)
{
	struct handle *h = number - 1 < HANDLES ? &k->s->handle[number - 1] : NULL;

	return h && h->kind != HANDLE_FREE ? h : NULL;
}

static void close_handle(struct handle *h)
{
	if (h->kind == HANDLE_FILE)
		close(h->fd);
	*h = (struct handle){ .fd = -1 };
}

static bool handle_reads(const struct handle *h)
{
	return h->mode < 4 || h->mode & 2;
}
static bool handle_writes(const struct handle *h)
{
	return h->mode >= 4 || h->mode & 2;
}

/* 0, or a negative errno. */
static int open_file(struct call *k, struct handle *h)
{
	if (k->s->top < 0) {
		log_once(k->m->log, LOG_HOST, "semihosting", 0,
			 "the guest asks for a file; there are none without -semihosting-config dir=FOLDER");
		return -EACCES;
	}
	h->fd = semihost_file_open(k->s->top, h->name, h->mode);
	return h->fd < 0 ? h->fd : 0;
}

static s64 call_open(struct call *k)
{
	struct handle h = { .fd = -1, .mode = (u8)k->arg[1] };
	u64 free = 0;
	int r;

	while (free < HANDLES && k->s->handle[free].kind != HANDLE_FREE)
		free++;
	if (k->arg[1] > 11)
		return -EINVAL;
	if (free == HANDLES)
		return -EMFILE;
	r = get_name(k, k->arg[0], k->arg[2], h.name);
	if (r < 0)
		return r;
	if (!strcmp(h.name, CONSOLE_NAME)) {
		h.kind = HANDLE_CONSOLE;
	} else if (!strcmp(h.name, FEATURES_NAME)) {
		h.kind = HANDLE_FEATURES;
		r = h.mode > 1 ? -EACCES : 0;
	} else {
		h.kind = HANDLE_FILE;
		r = open_file(k, &h);
	}
	if (r < 0)
		return r;
	k->s->handle[free] = h;
	return (s64)free + 1;
}

static s64 call_close(struct call *k)
{
	struct handle *h = handle_of(k, k->arg[0]);

	if (!h)
		return -EBADF;
	close_handle(h);
	return 0;
}

/* ---- reading and writing ---- */

/* At the handle's place, which moves. Bytes; 0: the end, or the console sleeps; negative errno. */
static ssize_t read_some(struct call *k, struct handle *h, u8 *to, size_t n)
{
	ssize_t got;

	if (h->kind == HANDLE_CONSOLE)
		return (ssize_t)console_read(k, to, n);
	if (h->kind == HANDLE_FEATURES) {
		got = h->at < sizeof features ? (ssize_t)(sizeof features - h->at) : 0;
		got = (size_t)got < n ? got : (ssize_t)n;
		memcpy(to, features + (got ? h->at : 0), (size_t)got);
	} else {
		got = pread(h->fd, to, n, (off_t)h->at);
	}
	if (got < 0)
		return -errno;
	h->at += (u64)got;
	k->s->stats.bytes_in += (u64)got;
	return got;
}

static ssize_t write_some(struct call *k, struct handle *h, const u8 *from, size_t n)
{
	struct stat st;
	ssize_t put;

	if (h->kind == HANDLE_CONSOLE) {
		console_write(k->s, from, n);
		return (ssize_t)n;
	}
	put = pwrite(h->fd, from, n, (off_t)h->at);
	if (put < 0)
		return -errno;
	h->at += (u64)put;
	if (h->mode >= 8 && !fstat(h->fd, &st)) /* appended */
		h->at = (u64)st.st_size;
	k->s->stats.bytes_out += (u64)put;
	return put;
}

/*
 * SYS_READ and SYS_WRITE move chunk by chunk until all is done, something fails, the console has no more or the call's
 * limit is reached. Both return how many bytes were not moved.
 */
static s64 transfer(struct call *k, bool in)
{
	struct handle *h = handle_of(k, k->arg[0]);
	u64 len = k->arg[2], most = len < SEMIHOST_MOST ? len : SEMIHOST_MOST, done = 0;
	ssize_t r = !h || !(in ? handle_reads(h) : handle_writes(h)) ? -EBADF : 0;
	u8 chunk[CHUNK];

	while (r >= 0 && done < most) {
		size_t n = most - done < CHUNK ? (size_t)(most - done) : CHUNK;
		u64 va = k->arg[1] + done;

		if (in)
			r = read_some(k, h, chunk, n);
		else
			r = machine_read_va(k->c, va, chunk, n) ? write_some(k, h, chunk, n) : -EFAULT;
		if (in && r > 0 && !machine_write_va(k->c, va, chunk, (size_t)r))
			r = -EFAULT;
		if (r > 0)
			done += (u64)r;
		if (r < (ssize_t)n)
			break;
	}
	spend(k, done);
	if (r < 0) {
		k->s->err = (u64)-r;
		k->s->stats.failures++;
	}
	return (s64)(len - done);
}

static s64 call_read(struct call *k)
{
	return transfer(k, true);
}
static s64 call_write(struct call *k)
{
	return transfer(k, false);
}

static s64 call_writec(struct call *k)
{
	u8 b;

	if (machine_read_va(k->c, k->c->x[1], &b, 1))
		console_write(k->s, &b, 1);
	return 0;
}

static s64 call_write0(struct call *k)
{
	u64 done = 0;
	u8 chunk[64];

	for (size_t n; done < SEMIHOST_MOST; done += n) {
		u64 va = k->c->x[1] + done;

		n = sizeof chunk - va % sizeof chunk; /* in one page */
		if (!machine_read_va(k->c, va, chunk, n))
			break;
		if (memchr(chunk, 0, n)) {
			console_write(k->s, chunk, strlen((char *)chunk));
			break;
		}
		console_write(k->s, chunk, n);
	}
	spend(k, done);
	return 0;
}

static s64 call_readc(struct call *k)
{
	u8 b = 0;

	console_read(k, &b, 1);
	return b;
}

/* ---- files ---- */

static s64 call_istty(struct call *k)
{
	struct handle *h = handle_of(k, k->arg[0]);

	return h ? h->kind == HANDLE_CONSOLE : -EBADF;
}

static s64 call_flen(struct call *k)
{
	struct handle *h = handle_of(k, k->arg[0]);
	struct stat st;

	if (!h)
		return -EBADF;
	if (h->kind == HANDLE_CONSOLE)
		return -ESPIPE;
	if (h->kind == HANDLE_FEATURES)
		return sizeof features;
	return fstat(h->fd, &st) ? -errno : (s64)st.st_size;
}

static s64 call_seek(struct call *k)
{
	struct handle *h = handle_of(k, k->arg[0]);

	if (!h)
		return -EBADF;
	if (h->kind == HANDLE_CONSOLE)
		return -ESPIPE;
	if (k->arg[1] > INT64_MAX - SEMIHOST_MOST)
		return -EINVAL;
	h->at = k->arg[1];
	return 0;
}

/* A name that the same id gets again. */
static s64 call_tmpnam(struct call *k)
{
	char name[24];
	int n = snprintf(name, sizeof name, "semihosting-%02x.tmp", (unsigned)k->arg[1] & 0xff);

	if (k->arg[1] > 0xff || k->arg[2] <= (u64)n)
		return -EINVAL;
	return machine_write_va(k->c, k->arg[0], name, (size_t)n + 1) ? 0 : -EFAULT;
}

static s64 call_remove(struct call *k)
{
	char name[SEMIHOST_PATH];
	int r = get_name(k, k->arg[0], k->arg[1], name);

	if (r == 0)
		r = k->s->top < 0 ? -EACCES : semihost_file_remove(k->s->top, name);
	return r;
}

static s64 call_rename(struct call *k)
{
	char from[SEMIHOST_PATH], to[SEMIHOST_PATH];
	int r = get_name(k, k->arg[0], k->arg[1], from);

	if (r == 0)
		r = get_name(k, k->arg[2], k->arg[3], to);
	if (r == 0)
		r = k->s->top < 0 ? -EACCES : semihost_file_rename(k->s->top, from, to);
	return r;
}

/* ---- time ---- */

static s64 call_clock(struct call *k)
{
	return (s64)(machine_now(k->m) / 10000000000ull);
}

static s64 call_time(struct call *k)
{
	return k->m->rtc_start + (s64)(machine_now(k->m) / 1000000000000ull);
}

static s64 call_elapsed(struct call *k)
{
	return put_word(k, k->c->x[1], machine_now(k->m) / 1000) ? 0 : -EFAULT;
}

static s64 call_tickfreq(struct call *k)
{
	return 1000000000;
}

/* ---- the program and its surroundings ---- */

static s64 call_iserror(struct call *k)
{
	return (s64)k->arg[0] < 0;
}

static s64 call_errno(struct call *k)
{
	return (s64)k->s->err;
}

static s64 call_system(struct call *k)
{
	log_once(k->m->log, LOG_UNIMPL, "semihosting", 1, "SYS_SYSTEM: the guest has no say on the host");
	return -ENOSYS;
}

/* The words of arg=, or what a kernel would have been told. */
static s64 call_get_cmdline(struct call *k)
{
	const struct config *c = k->m->cfg;
	const char *kernel = c->boot.kernel ? c->boot.kernel : "", *append = c->boot.append ? c->boot.append : "";
	char line[CHUNK];
	int n;

	if (c->semihosting_args)
		n = snprintf(line, sizeof line, "%s", c->semihosting_args);
	else
		n = snprintf(line, sizeof line, "%s%s%s", kernel, *append ? " " : "", append);
	if (n >= (int)sizeof line || k->arg[1] <= (u64)n)
		return -E2BIG;
	if (!machine_write_va(k->c, k->arg[0], line, (size_t)n + 1) || !put_word(k, k->c->x[1] + 8, (u64)n))
		return -EFAULT;
	return 0;
}

/* The largest piece of RAM that nothing was loaded into. */
struct gap {
	const struct boot_plan *plan;
	u64 ram_end;
	u64 start, end; /* the piece at hand */
	u64 best, best_end;
};

static int cut_gap(void *ctx, u64 addr, const void *data, size_t n)
{
	struct gap *g = ctx;

	if (addr + n > g->start && addr < g->end)
		g->end = addr > g->start ? addr : g->start;
	return 0;
}

static void try_gap(struct gap *g, u64 start)
{
	struct why why;

	g->start = (start + CHUNK - 1) & ~(u64)(CHUNK - 1);
	g->end = g->ram_end;
	boot_plan_put(g->plan, cut_gap, g, &why);
	if (g->end > g->start && g->end - g->start > g->best_end - g->best) {
		g->best = g->start;
		g->best_end = g->end;
	}
}

static int try_after(void *ctx, u64 addr, const void *data, size_t n)
{
	if (addr >= BOARD_RAM_BASE)
		try_gap(ctx, addr + n);
	return 0;
}

/* Heap base and limit, stack base and limit: heap and stack grow towards each other. */
static s64 call_heapinfo(struct call *k)
{
	struct gap g = { .plan = k->m->plan, .ram_end = BOARD_RAM_BASE + k->m->cfg->ram_size };
	struct why why;

	try_gap(&g, BOARD_RAM_BASE);
	boot_plan_put(g.plan, try_after, &g, &why);
	for (unsigned i = 0; i < 4; i++)
		if (!put_word(k, k->arg[0] + 8 * i, i % 3 ? g.best_end : g.best))
			return -EFAULT;
	return 0;
}

static s64 call_exit(struct call *k)
{
	k->m->status = k->arg[0] == EXIT_APPLICATION ? (int)(k->arg[1] & 0xff) : 1;
	machine_end_with(k->m, MACHINE_EXIT);
	return 0;
}

/* ---- dispatch ---- */

enum { RESULT_CODE /* negative: errno */, RESULT_RAW, RESULT_NONE /* x0 stays */ };

static const struct row {
	u8 operation, args, result;
	s64 (*serve)(struct call *k);
} rows[] = {
	{ 0x01, 3, RESULT_CODE, call_open },
	{ 0x02, 1, RESULT_CODE, call_close },
	{ 0x03, 0, RESULT_NONE, call_writec },
	{ 0x04, 0, RESULT_NONE, call_write0 },
	{ 0x05, 3, RESULT_RAW, call_write },
	{ 0x06, 3, RESULT_RAW, call_read },
	{ 0x07, 0, RESULT_CODE, call_readc },
	{ 0x08, 1, RESULT_CODE, call_iserror },
	{ 0x09, 1, RESULT_CODE, call_istty },
	{ 0x0a, 2, RESULT_CODE, call_seek },
	{ 0x0c, 1, RESULT_CODE, call_flen },
	{ 0x0d, 3, RESULT_CODE, call_tmpnam },
	{ 0x0e, 2, RESULT_CODE, call_remove },
	{ 0x0f, 4, RESULT_CODE, call_rename },
	{ 0x10, 0, RESULT_CODE, call_clock },
	{ 0x11, 0, RESULT_RAW, call_time },
	{ 0x12, 2, RESULT_CODE, call_system },
	{ 0x13, 0, RESULT_RAW, call_errno },
	{ 0x15, 2, RESULT_CODE, call_get_cmdline },
	{ 0x16, 1, RESULT_CODE, call_heapinfo },
	{ 0x18, 2, RESULT_NONE, call_exit },
	{ 0x20, 2, RESULT_NONE, call_exit },
	{ 0x30, 0, RESULT_CODE, call_elapsed },
	{ 0x31, 0, RESULT_CODE, call_tickfreq },
};

static const struct row *row_of(u32 operation)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].operation == operation)
			return &rows[i];
	return NULL;
}

/* Asleep as in WFE, in front of the HLT; who wakes the PE makes it ask again. */
static void sleep_before(struct cpu *c)
{
	c->pc -= 4;
	if (exception_wakes_wfi(c))
		return;
	c->waiting = true;
	c->wait_wfe = true;
}

bool machine_semihost(void *ctx, struct cpu *c)
{
	struct machine *m = ctx;
	struct call k = { .m = m, .s = m->semihost, .c = c };
	const struct row *row = row_of((u32)c->x[0]);
	s64 r = -ENOSYS;

	if (c->el == 0 && !m->cfg->semihosting_user)
		return false;
	if (!row)
		log_once(m->log, LOG_GUEST, "semihosting", c->x[0], "there is no operation %#x", (u32)c->x[0]);
	else if (get_words(&k, c->x[1], k.arg, row->args) || row->serve == call_exit)
		r = row->serve(&k);
	else
		r = -EFAULT;
	if (k.sleeps) {
		sleep_before(c);
		return true;
	}
	k.s->stats.calls++;
	if (r < 0 && (!row || row->result == RESULT_CODE)) {
		k.s->stats.failures++;
		k.s->err = (u64)-r;
		r = -1;
	}
	if (!row || row->result != RESULT_NONE)
		c->x[0] = (u64)r;
	return true;
}

/* ---- life ---- */

static int join_chardev(struct machine *m, struct why *why)
{
	struct semihost *s = m->semihost;
	const struct chardev_user user = { .ctx = s, .room = chardev_room_for, .take = chardev_took };
	const char *id = m->cfg->semihosting_chardev;

	if (!id)
		return 0;
	s->chardev = machine_chardev(m, id);
	if (!s->chardev)
		return why_set(why, EINVAL, "-semihosting-config chardev=%s: expected the id of a -chardev", id);
	return chardev_attach(s->chardev, &user) ? 0 : why_set(why, EBUSY, "-semihosting-config chardev=%s: a port has it", id);
}

int make_semihost(struct machine *m, struct why *why)
{
	const char *dir = m->cfg->semihosting_dir;
	struct semihost *s;

	if (!m->cfg->semihosting)
		return 0;
	s = m->semihost = calloc(1, sizeof *s);
	if (!s)
		return why_set(why, ENOMEM, "no memory for semihosting");
	s->m = m;
	s->top = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (dir && s->top < 0)
		return why_set(why, errno, "-semihosting-config dir=%s: cannot open the folder: %s", dir, strerror(errno));
	return join_chardev(m, why);
}

void free_semihost(struct machine *m)
{
	struct semihost *s = m->semihost;

	if (!s)
		return;
	semihost_reset(s);
	if (s->top >= 0)
		close(s->top);
	free(s);
}

void semihost_reset(struct semihost *s)
{
	for (size_t i = 0; i < HANDLES; i++)
		close_handle(&s->handle[i]);
	s->err = 0;
	s->sleeping = 0;
	s->in_count = 0;
}

/* The file as it is now: nothing is emptied or made. */
static void reopen(struct semihost *s, struct handle *h)
{
	unsigned mode = h->mode / 4 == 1 ? (h->mode & 1) + 2 : h->mode;

	h->name[SEMIHOST_PATH - 1] = 0;
	h->fd = semihost_file_open(s->top, h->name, mode);
	if (h->fd >= 0)
		return;
	log_at(s->m->log, LOG_HOST, "semihosting", "%s: cannot open it again after the snapshot: %s; the guest sees errors", h->name,
	       strerror(-h->fd));
	h->fd = -1;
}

static void snap_handle(struct semihost *s, struct handle *h, struct snap *snap)
{
	if (snap->loading)
		close_handle(h);
	snap_u8(snap, &h->kind);
	snap_u8(snap, &h->mode);
	snap_u64(snap, &h->at);
	snap_check(snap, h->kind < HANDLE_KINDS && h->mode < 12, "a handle of semihosting");
	if (h->kind == HANDLE_FILE)
		snap_bytes(snap, h->name, sizeof h->name);
	if (snap->loading && !snap->failed && h->kind == HANDLE_FILE)
		reopen(s, h);
}

void semihost_snap(struct semihost *s, struct snap *snap)
{
	snap_section(snap, "semihost", 2);
	for (size_t i = 0; i < semihost_stat_rows_n; i++)
		snap_u64(snap, (u64 *)((char *)&s->stats + semihost_stat_rows[i].offset));
	snap_u64(snap, &s->err);
	snap_u64(snap, &s->sleeping);
	snap_bytes(snap, s->in, sizeof s->in);
	snap_u32(snap, &s->in_count);
	snap_check(snap, s->in_count <= CONSOLE_IN, "semihosting's console");
	for (size_t i = 0; i < HANDLES; i++)
		snap_handle(s, &s->handle[i], snap);
}

const struct semihost_stats *semihost_stats(const struct semihost *s)
{
	return &s->stats;
}
