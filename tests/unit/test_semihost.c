/*
 * machine/semihost.h: calls of a guest that is hostile. Its files stay below the folder, its pointers and lengths cost nothing,
 * waiting for the console is sleep, what is open is saved. tests/guest/semihost.c has the friendly side.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/machine_priv.h"
#include "tests/unit/harness.h"
#include "tests/unit/mem_snap.h"

enum { OPEN = 0x01, CLOSE = 0x02, WRITE0 = 0x04, WRITE = 0x05, READ = 0x06, READC = 0x07, ISTTY = 0x09, SEEK = 0x0a, FLEN = 0x0c,
       TMPNAM = 0x0d, REMOVE = 0x0e, RENAME = 0x0f, CLOCK = 0x10, TIME = 0x11, SYSTEM = 0x12, ERRNO = 0x13, GET_CMDLINE = 0x15 };
enum { R = 0, R_UPDATE = 2, W = 4, A = 8 };

#define RAM	BOARD_RAM_BASE
#define ARGS	(RAM + 0x10000) /* the guest's addresses; the MMU is off */
#define NAMES	(RAM + 0x11000)
#define BUFFER	(RAM + 0x20000)
#define NOWHERE (1ull << 40)

/* READC; store the byte; power off. */
static const u32 reads_a_key[] = {
	0xd28000e0, /* MOV X0, #7 */
	0xd2800001, /* MOV X1, #0 */
	0xd45e0000, /* HLT #0xF000 */
	0xaa0003f5, /* MOV X21, X0 */
	0x52b08000, /* PSCI SYSTEM_OFF */
	0x72800100,
	0xd4000002,
};

struct host {
	char folder[32], outside[64];
	struct config cfg;
	struct machine *m;
	char out[128];
	size_t n_out;
	unsigned idle;
};

static void tx(void *ctx, unsigned port, u8 byte)
{
	struct host *h = ctx;

	if (port == 0 && h->n_out + 1 < sizeof h->out)
		h->out[h->n_out++] = (char)byte;
}

/* Somebody types when nothing else goes on. */
static u64 idle(void *ctx, u64 now, u64 next)
{
	struct host *h = ctx;

	if (!h->idle++)
		EXPECT(machine_can_rx(h->m, 0));
	machine_rx(h->m, 0, 'k');
	return now;
}

static void host_open(struct host *h, bool folder, const u32 *code, size_t size)
{
	const struct machine_io io = { .ctx = h, .tx = tx, .idle = idle };
	struct why why = { "" };

	memset(h, 0, sizeof *h);
	strcpy(h->folder, "/tmp/semihostXXXXXX");
	ASSERT(mkdtemp(h->folder) != NULL);
	snprintf(h->outside, sizeof h->outside, "%s.outside", h->folder);
	config_init(&h->cfg);
	h->cfg.cpu = strdup("cortex-a57");
	h->cfg.ram_size = 16 << 20;
	h->cfg.boot.builtin = code;
	h->cfg.boot.builtin_size = size;
	h->cfg.semihosting = true;
	h->cfg.semihosting_dir = folder ? strdup(h->folder) : NULL;
	h->cfg.semihosting_args = strdup("one two");
	EXPECT_EQ(machine_new(&h->m, &h->cfg, &io, NULL, &why), 0);
	EXPECT_STR(why.text, "");
}

static void host_close(struct host *h)
{
	char command[160];

	machine_free(h->m);
	config_free(&h->cfg);
	snprintf(command, sizeof command, "rm -rf %s %s", h->folder, h->outside);
	EXPECT_EQ(system(command), 0);
}

static void poke(struct host *h, u64 addr, const void *data, size_t n)
{
	EXPECT_EQ(bus_copy_in(h->m->bus, pa_make(SPACE_NS, addr), data, n), BUS_OK);
}
static void peek(struct host *h, u64 addr, void *data, size_t n)
{
	EXPECT_EQ(bus_copy_out(h->m->bus, pa_make(SPACE_NS, addr), data, n), BUS_OK);
}

static u64 call(struct host *h, u32 op, u64 a, u64 b, u64 c, u64 d)
{
	struct cpu *pe = machine_pe(h->m, 0);
	u64 args[4] = { a, b, c, d };

	poke(h, ARGS, args, sizeof args);
	pe->x[0] = op;
	pe->x[1] = ARGS;
	EXPECT(machine_semihost(h->m, pe));
	return pe->x[0];
}

static u64 open_as(struct host *h, const char *name, u64 mode)
{
	poke(h, NAMES, name, strlen(name) + 1);
	return call(h, OPEN, NAMES, mode, strlen(name), 0);
}

static u64 error_of(struct host *h, u64 result)
{
	EXPECT_EQ(result, ~0ull);
	return call(h, ERRNO, 0, 0, 0, 0);
}

static void make_file(const char *folder, const char *name, const char *text)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	ASSERT(f != NULL);
	fputs(text, f);
	fclose(f);
}

TEST(no_name_leads_out_of_the_folder)
{
	char link[160], long_name[2000];
	struct host h;

	host_open(&h, true, reads_a_key, sizeof reads_a_key);
	ASSERT(mkdir(h.outside, 0700) == 0);
	make_file(h.outside, "secret", "s");
	snprintf(link, sizeof link, "%s/link", h.folder);
	EXPECT_EQ(symlink(h.outside, link), 0);
	snprintf(link, sizeof link, "%s/last", h.folder);
	EXPECT_EQ(symlink("../x", link), 0);
	snprintf(link, sizeof link, "%s/pipe", h.folder);
	EXPECT_EQ(mkfifo(link, 0600), 0);
	EXPECT_EQ(error_of(&h, open_as(&h, "/etc/passwd", R)), EACCES);
	EXPECT_EQ(error_of(&h, open_as(&h, "../x", W)), EACCES);
	EXPECT_EQ(error_of(&h, open_as(&h, "a/../../x", W)), EACCES);
	EXPECT_EQ(error_of(&h, open_as(&h, "link/secret", R)), ENOTDIR);
	EXPECT_EQ(error_of(&h, open_as(&h, "last", W)), ELOOP);
	EXPECT_EQ(error_of(&h, open_as(&h, "pipe", R)), EACCES);
	EXPECT_EQ(error_of(&h, open_as(&h, ".", R)), EISDIR);
	EXPECT_EQ(error_of(&h, open_as(&h, "", R)), EISDIR);
	memset(long_name, 'x', sizeof long_name);
	long_name[sizeof long_name - 1] = 0;
	EXPECT_EQ(error_of(&h, open_as(&h, long_name, W)), ENAMETOOLONG);
	poke(&h, NAMES, "a\0b", 4);
	EXPECT_EQ(error_of(&h, call(&h, OPEN, NAMES, W, 3, 0)), EINVAL);
	poke(&h, NAMES, "../y", 5);
	EXPECT_EQ(error_of(&h, call(&h, REMOVE, NAMES, 4, 0, 0)), EACCES);
	EXPECT_EQ(error_of(&h, call(&h, RENAME, NAMES, 4, NAMES, 4)), EACCES);
	EXPECT_EQ(error_of(&h, call(&h, SYSTEM, NAMES, 4, 0, 0)), ENOSYS);
	EXPECT_EQ(error_of(&h, call(&h, 0x7f, 0, 0, 0, 0)), ENOSYS);
	EXPECT_EQ(open_as(&h, ".//new", W), 1);
	EXPECT_EQ(error_of(&h, open_as(&h, "new", 12)), EINVAL);
	host_close(&h);
}

TEST(without_a_folder_there_are_no_files)
{
	struct host h;

	host_open(&h, false, reads_a_key, sizeof reads_a_key);
	EXPECT_EQ(error_of(&h, open_as(&h, "x", W)), EACCES);
	EXPECT_EQ(open_as(&h, ":semihosting-features", R), 1);
	EXPECT_EQ(open_as(&h, ":tt", W), 2);
	EXPECT_EQ(call(&h, ISTTY, 2, 0, 0, 0), 1);
	EXPECT_EQ(error_of(&h, call(&h, REMOVE, NAMES, 1, 0, 0)), EACCES);
	host_close(&h);
}

TEST(lengths_and_pointers_cost_nothing)
{
	struct cpu *pe;
	struct stat st;
	char path[160];
	struct host h;
	u64 file;

	host_open(&h, true, reads_a_key, sizeof reads_a_key);
	pe = machine_pe(h.m, 0);
	file = open_as(&h, "file", W);
	EXPECT_EQ(call(&h, WRITE, file, NOWHERE, ~0ull, 0), ~0ull);
	EXPECT_EQ(call(&h, WRITE, file, BUFFER, 1ull << 40, 0), (1ull << 40) - ((16 << 20) - 0x20000)); /* to the end of RAM */
	snprintf(path, sizeof path, "%s/file", h.folder);
	EXPECT_EQ(stat(path, &st), 0);
	EXPECT_EQ(st.st_size, (16 << 20) - 0x20000);
	EXPECT(pe->lost_cycles >= 2000000); /* which took its time */
	EXPECT_EQ(call(&h, WRITE, file, ~0ull - 3, 16, 0), 16);
	EXPECT_EQ(call(&h, READ, file, BUFFER, 16, 0), 16); /* not open for that */
	EXPECT_EQ(call(&h, WRITE, 77, BUFFER, 16, 0), 16);
	EXPECT_EQ(error_of(&h, call(&h, SEEK, file, ~0ull, 0, 0)), EINVAL);
	EXPECT_EQ(error_of(&h, call(&h, CLOSE, 0, 0, 0, 0)), EBADF);
	EXPECT_EQ(error_of(&h, call(&h, GET_CMDLINE, NOWHERE, 100, 0, 0)), EFAULT);
	EXPECT_EQ(error_of(&h, call(&h, TMPNAM, BUFFER, 256, 100, 0)), EINVAL);
	EXPECT_EQ(error_of(&h, call(&h, TMPNAM, BUFFER, 1, 4, 0)), EINVAL);
	for (int i = 0; i < 40; i++)
		open_as(&h, ":tt", W);
	EXPECT_EQ(error_of(&h, open_as(&h, "file", R)), EMFILE);
	pe->x[0] = ISTTY;
	pe->x[1] = NOWHERE;
	EXPECT(machine_semihost(h.m, pe));
	EXPECT_EQ(pe->x[0], ~0ull);
	pe->x[0] = WRITE0;
	pe->x[1] = RAM + (16 << 20) - 8; /* no end */
	EXPECT(machine_semihost(h.m, pe));
	host_close(&h);
}

TEST(files_append_and_are_named)
{
	struct host h;
	char text[64];
	u64 file;

	host_open(&h, true, reads_a_key, sizeof reads_a_key);
	make_file(h.folder, "log", "old");
	file = open_as(&h, "log", A);
	poke(&h, BUFFER, "new", 3);
	EXPECT_EQ(call(&h, WRITE, file, BUFFER, 3, 0), 0);
	EXPECT_EQ(call(&h, FLEN, file, 0, 0, 0), 6);
	EXPECT_EQ(call(&h, TMPNAM, BUFFER, 7, 64, 0), 0);
	peek(&h, BUFFER, text, sizeof text);
	EXPECT_STR(text, "semihosting-07.tmp");
	EXPECT_EQ(call(&h, GET_CMDLINE, BUFFER, 64, 0, 0), 0);
	peek(&h, BUFFER, text, sizeof text);
	EXPECT_STR(text, "one two");
	EXPECT_EQ(call(&h, TIME, 0, 0, 0, 0), CONFIG_RTC_BASE);
	EXPECT_EQ(call(&h, CLOCK, 0, 0, 0, 0), 0);
	host_close(&h);
}

/* As if the PE had been in its HLT. */
TEST(a_read_of_the_console_sleeps_until_a_key)
{
	struct host h;

	host_open(&h, false, reads_a_key, sizeof reads_a_key);
	EXPECT_EQ(machine_run(h.m), MACHINE_POWEROFF);
	EXPECT_EQ(h.idle, 1);
	EXPECT_EQ(machine_pe(h.m, 0)->x[21], 'k');
	EXPECT_EQ(h.m->semihost ? semihost_stats(h.m->semihost)->calls : 0, 1);
	host_close(&h);
}

TEST(what_is_open_is_saved)
{
	static struct mem_snap big;
	struct host h;
	char text[4];
	u64 file;

	host_open(&h, true, reads_a_key, sizeof reads_a_key);
	make_file(h.folder, "file", "0123456789");
	open_as(&h, ":tt", W);
	file = open_as(&h, "file", R_UPDATE);
	EXPECT_EQ(call(&h, SEEK, file, 4, 0, 0), 0);
	big = (struct mem_snap){ .s.bytes = mem_bytes };
	semihost_snap(h.m->semihost, &big.s);
	EXPECT(!big.s.failed);
	semihost_reset(h.m->semihost);
	EXPECT_EQ(error_of(&h, call(&h, READ, file, BUFFER, 3, 0) == 3 ? ~0ull : 0), EBADF);
	mem_rewind(&big);
	semihost_snap(h.m->semihost, &big.s);
	EXPECT(!big.s.failed);
	EXPECT_EQ(call(&h, READ, file, BUFFER, 3, 0), 0);
	peek(&h, BUFFER, text, 3);
	EXPECT(!memcmp(text, "456", 3));
	EXPECT_EQ(call(&h, ISTTY, 1, 0, 0, 0), 1);
	host_close(&h);
}
