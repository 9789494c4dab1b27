/*
 * machine/snapshot.h: a run that goes on from a snapshot is the run that was saved; what is saved, loaded and saved again are the same
 * bytes; whatever is done to the file is refused, and the machine that should have been loaded is as before.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/machine_priv.h"
#include "machine/snapshot.h"
#include "tests/unit/harness.h"

/* Stores the counter 0x80000 times, prints a dot, stores again, prints another and powers off. */
static const u32 counting[] = {
	0xd2a80401, /* MOV X1, #0x40200000 */
	0xd2800048, /* MOV X8, #2 */
	0xd2800002, /* MOV X2, #0 */
	0xd2a00103, /* MOV X3, #0x80000 */
	0xd53be044, /* MRS X4, CNTVCT_EL0 */
	0x927d2045, /* AND X5, X2, #0xff8 */
	0xf8256824, /* STR X4, [X1, X5] */
	0x91000442, /* ADD X2, X2, #1 */
	0xeb03005f, /* CMP X2, X3 */
	0x54ffff61, /* B.NE to the MRS */
	0xd2a12006, /* MOV X6, #0x09000000 */
	0x528005c7, /* MOV W7, #'.' */
	0xb90000c7, /* STR W7, [X6] */
	0xf1000508, /* SUBS X8, X8, #1 */
	0x54fffe81, /* B.NE to the MOV of X2 */
	0x52b08000, /* MOV W0, #0x84000000 */
	0x72800100, /* MOVK W0, #8 */
	0xd4000002, /* HVC #0 */
};

struct guest {
	struct config cfg;
	struct machine *m;
	unsigned dots, polls;
	bool interrupted;
};

static void tx(void *ctx, unsigned port, u8 byte)
{
	struct guest *g = ctx;

	g->dots += port == 0 && byte == '.';
}

static bool look(void *ctx)
{
	struct guest *g = ctx;

	g->polls++;
	return g->interrupted;
}

static void guest_open(struct guest *g, unsigned pes)
{
	const struct machine_io io = { .ctx = g, .tx = tx, .poll = look };
	struct why why = { "" };

	memset(g, 0, sizeof(*g));
	config_init(&g->cfg);
	g->cfg.cpu = strdup("neoverse-n1");
	g->cfg.pes = pes;
	g->cfg.ram_size = 16 << 20;
	g->cfg.boot.builtin = counting;
	g->cfg.boot.builtin_size = sizeof(counting);
	EXPECT_EQ(machine_new(&g->m, &g->cfg, &io, NULL, &why), 0);
	EXPECT_STR(why.text, "");
}

static void guest_close(struct guest *g)
{
	machine_free(g->m);
	config_free(&g->cfg);
}

/* Runs for some virtual milliseconds. */
static void run_for(struct guest *g, unsigned ms)
{
	g->interrupted = true;
	while (ms--)
		EXPECT_EQ(machine_run(g->m), MACHINE_STOPPED);
	g->interrupted = false;
}

struct place {
	char dir[64], file[96], again[96];
};

static void place_open(struct place *p)
{
	snprintf(p->dir, sizeof(p->dir), "%s", "/var/tmp/trapline-snapshot.XXXXXX");
	EXPECT(mkdtemp(p->dir) != NULL);
	snprintf(p->file, sizeof(p->file), "%s/one", p->dir);
	snprintf(p->again, sizeof(p->again), "%s/two", p->dir);
}

static void place_close(struct place *p)
{
	unlink(p->file);
	unlink(p->again);
	EXPECT_EQ(rmdir(p->dir), 0);
}

/* The bytes of a file, which the caller frees. */
static u8 *contents(const char *path, size_t *n)
{
	struct stat st = { 0 };
	int fd = open(path, O_RDONLY);
	u8 *bytes;

	EXPECT(fd >= 0 && fstat(fd, &st) == 0);
	*n = (size_t)st.st_size;
	bytes = malloc(*n + 1);
	EXPECT_EQ(read(fd, bytes, *n), *n);
	close(fd);
	return bytes;
}

static void write_file(const char *path, const u8 *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	EXPECT_EQ(write(fd, bytes, n), n);
	close(fd);
}

static void save(struct guest *g, const char *path)
{
	struct why why = { "" };

	unlink(path); /* what the test made of it may be no snapshot, which stays */
	EXPECT_EQ(machine_save(g->m, path, &why), 0);
	EXPECT_STR(why.text, "");
}

static bool load(struct guest *g, const char *path, struct why *why)
{
	*why = (struct why){ "" };
	return machine_restore(g->m, path, why) == 0;
}

static void goes_on(unsigned pes)
{
	struct guest whole, saved, loaded;
	char want[65], digest[65];
	struct place p;
	struct why why;

	place_open(&p);
	guest_open(&whole, pes);
	EXPECT_EQ(machine_run(whole.m), MACHINE_POWEROFF);
	EXPECT_EQ(whole.dots, 2);
	machine_digest(whole.m, want);

	guest_open(&saved, pes);
	run_for(&saved, 5);
	EXPECT_EQ(saved.dots, 1);
	save(&saved, p.file);
	EXPECT_EQ(machine_run(saved.m), MACHINE_POWEROFF);
	machine_digest(saved.m, digest);
	EXPECT_STR(digest, want);

	guest_open(&loaded, pes);
	run_for(&loaded, 3); /* whatever it did before */
	EXPECT(load(&loaded, p.file, &why));
	EXPECT_STR(why.text, "");
	save(&loaded, p.again);
	EXPECT_EQ(machine_run(loaded.m), MACHINE_POWEROFF);
	EXPECT_EQ(loaded.dots, 1);
	machine_digest(loaded.m, digest);
	EXPECT_STR(digest, want);

	/* back again, in a machine that has ended */
	EXPECT(load(&loaded, p.file, &why));
	save(&loaded, p.again);
	EXPECT_EQ(machine_run(loaded.m), MACHINE_POWEROFF);
	EXPECT_EQ(loaded.dots, 2);
	machine_digest(loaded.m, digest);
	EXPECT_STR(digest, want);
	guest_close(&whole);
	guest_close(&saved);
	guest_close(&loaded);
	place_close(&p);
}

TEST(a_restored_run_ends_as_the_one_that_was_saved)
{
	goes_on(1);
}

TEST(with_several_PEs_too)
{
	goes_on(2);
}

TEST(saving_what_was_loaded_gives_the_same_bytes)
{
	struct guest a, b;
	struct place p;
	struct why why;
	u8 *one, *two;
	size_t n, k, i = 0;

	place_open(&p);
	guest_open(&a, 2);
	run_for(&a, 4);
	save(&a, p.file);
	guest_open(&b, 2);
	EXPECT(load(&b, p.file, &why));
	save(&b, p.again);
	one = contents(p.file, &n);
	two = contents(p.again, &k);
	EXPECT_EQ(n, k);
	while (i < n && i < k && one[i] == two[i])
		i++;
	EXPECT_EQ(i, n);
	free(one);
	free(two);
	guest_close(&a);
	guest_close(&b);
	place_close(&p);
}

TEST(every_damaged_byte_and_every_cut_is_refused)
{
	struct guest g;
	struct place p;
	struct why why;
	char before[65], after[65];
	u8 *bytes;
	size_t n;
	int fd;

	place_open(&p);
	guest_open(&g, 1);
	run_for(&g, 1);
	save(&g, p.file);
	run_for(&g, 1);
	machine_digest(g.m, before);
	bytes = contents(p.file, &n);
	fd = open(p.file, O_WRONLY);
	for (size_t i = 0; i < n; i++) {
		u8 bad = (u8)(bytes[i] ^ 1u << i % 8);

		EXPECT_EQ(pwrite(fd, &bad, 1, (off_t)i), 1);
		if (load(&g, p.file, &why))
			FAIL_TEST("byte %zu of %zu may be anything", i, n);
		EXPECT(why.text[0] != 0);
		EXPECT_EQ(pwrite(fd, &bytes[i], 1, (off_t)i), 1);
	}
	for (size_t i = n; i-- > 0;) {
		EXPECT_EQ(ftruncate(fd, (off_t)i), 0);
		if (load(&g, p.file, &why))
			FAIL_TEST("%zu bytes of %zu are enough", i, n);
	}
	close(fd);
	machine_digest(g.m, after);
	EXPECT_STR(after, before);
	write_file(p.file, bytes, n);
	EXPECT(load(&g, p.file, &why));
	free(bytes);
	guest_close(&g);
	place_close(&p);
}

/* After the path. */
static const char *said(const struct why *why, const struct place *p)
{
	const char *at = strstr(why->text, p->file);

	return at ? at + strlen(p->file) + 2 : why->text;
}

TEST(what_is_wrong_is_said)
{
	struct guest g, other;
	struct place p;
	struct why why;
	u8 *bytes;
	size_t n;

	place_open(&p);
	guest_open(&g, 1);
	EXPECT(!load(&g, p.file, &why));
	EXPECT_STR(said(&why, &p), "cannot open: No such file or directory");
	write_file(p.file, (const u8 *)"\x7f" "ELF and more", 13);
	EXPECT(!load(&g, p.file, &why));
	EXPECT_STR(said(&why, &p), "this is no snapshot of trapline");
	EXPECT(!load(&g, "/dev/null", &why));
	EXPECT_STR(why.text, "snapshot /dev/null: expected a file, this is something else");
	save(&g, p.file);
	bytes = contents(p.file, &n);
	bytes[8] = 2;
	write_file(p.file, bytes, n);
	EXPECT(!load(&g, p.file, &why));
	EXPECT_STR(said(&why, &p), "it has format 2 (by trapline-" TRAPLINE_VERSION "), this program reads format 1");
	bytes[8] = 1;
	write_file(p.file, bytes, n);
	guest_open(&other, 2);
	EXPECT(!load(&other, p.file, &why));
	EXPECT_STR(said(&why, &p), "-smp: it is of '1', this machine has '2'");
	guest_close(&other);
	free(bytes);
	guest_close(&g);
	place_close(&p);
}

TEST(a_file_that_cannot_be_written_leaves_the_old_one)
{
	struct guest g;
	struct place p;
	struct why why;
	u8 *bytes;
	size_t n;

	place_open(&p);
	guest_open(&g, 1);
	write_file(p.file, (const u8 *)"old", 3);
	EXPECT(machine_save(g.m, "/proc/nowhere", &why) < 0);
	EXPECT_STR(why.text, "snapshot /proc/nowhere: cannot create: No such file or directory");
	EXPECT(machine_save(g.m, p.dir, &why) < 0);
	chmod(p.dir, 0500);
	if (geteuid())
		EXPECT(machine_save(g.m, p.file, &why) < 0);
	chmod(p.dir, 0700);
	bytes = contents(p.file, &n);
	EXPECT(n == 3 && !memcmp(bytes, "old", 3));
	free(bytes);
	guest_close(&g);
	place_close(&p);
}
