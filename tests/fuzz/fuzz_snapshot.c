/*
 * Damaged snapshots. Boards with all kinds of devices run random guests and are saved; then the files get other bytes: as they are, which
 * must be refused and leave the machine as it was; or with checksums that are right again, so that the visitors see them. What they
 * take must run, be saved and be loaded again. Nothing may crash, hang, leak or need much memory. Meant for the sanitizer build.
 *
 *	fuzz_snapshot [--seed S] [--runs N] [--seconds N] [--counts 1]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frontend/options.h"
#include "machine/machine_priv.h"
#include "machine/snapshot.h"
#include "machine/snapshot_file.h"
#include "tests/fuzz/guest_world.h"
#include "tests/fuzz/loop.h"

enum { PARTS = 16, WORDS = 64, FIRST_US = 20, SECOND_US = 5, BOARDS = 6, GUESTS = 3 };

/* Words parted by blanks; DISK and DIR are put in. */
static const char *const boards[BOARDS] = {
	"-M virt,virtualization=on,gic-version=3 -cpu neoverse-n1 -smp 2 -device virtio-rng-pci -netdev user,id=n "
	"-device virtio-net-pci,netdev=n -device virtio-serial-device -chardev null,id=c -device virtconsole,chardev=c",
	"-M virt,virtualization=on,gic-version=2 -cpu cortex-a57 -drive if=none,id=d,file=DISK,snapshot=on "
	"-device virtio-blk-device,drive=d -device pcie-root-port,id=p -device virtio-rng-pci,bus=p",
	"-M virt,secure=on,virtualization=on,gic-version=3 -cpu max -smp 3 -seed 7 --tlb l1i=4,l1d=4,main=16:2,walk=4,ipa=4",
	"-M virt,virtualization=on,gic-version=3 -cpu neoverse-n1 --timing --stats-mark 1us --stats DIR",
	"-M virt,virtualization=on,gic-version=3 -cpu cortex-a53 -smp 2 --check tlb -semihosting-config enable=on,dir=DIR "
	"-fsdev local,id=f,path=DIR -device virtio-9p-device,fsdev=f,mount_tag=t",
	"-M virt,secure=on,gic-version=2 -cpu cortex-a72 -smp 4 --tlb-reference --tlb-conflict abort",
};

/* A good snapshot, taken apart. */
struct base {
	struct config cfg;
	char *text;
	struct {
		char name[64];
		u32 version;
		u8 *bytes;
		size_t n;
	} part[PARTS];
	size_t parts;
	u8 *file;
	size_t size;
};

static struct {
	char dir[64], disk[96], file[96], again[96];
	struct log *log;
	struct base *base[BOARDS][GUESTS];
} all;

static const struct machine_io io;

static void die(const char *what)
{
	fprintf(stderr, "fuzz_snapshot: %s\n", what);
	exit(2);
}

/* ---- the world outside ---- */

static void clean_up(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", all.dir);
	if (system(command))
		fprintf(stderr, "%s stays\n", all.dir);
}

static void make_place(void)
{
	int fd;

	snprintf(all.dir, sizeof(all.dir), "%s", "/dev/shm/fuzz_snapshot.XXXXXX");
	if (!mkdtemp(all.dir))
		die("no /dev/shm");
	snprintf(all.disk, sizeof(all.disk), "%s/disk", all.dir);
	snprintf(all.file, sizeof(all.file), "%s/snapshot", all.dir);
	snprintf(all.again, sizeof(all.again), "%s/again", all.dir);
	fd = open(all.disk, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, 1 << 20))
		die("no disk");
	close(fd);
	all.log = log_new(fopen("/dev/null", "w"), 0);
	atexit(clean_up);
}

static void put_file(const char *path, const u8 *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n)
		die("cannot write");
	close(fd);
}

/* ---- good snapshots ---- */

static void make_config(struct config *c, const char *board)
{
	static const char always[] = "fuzz -m 8 -nodefaults -serial null -realtime off "
				     "-device loader,addr=0x40700000,data=0x14000000,data-len=4,cpu-num=0 ";
	char text[1024] = "", *argv[WORDS], *word, *rest = text;
	enum options_ask ask;
	struct why why;
	int argc = 0;

	strcat(text, always);
	for (const char *p = board; *p; p++)
		if (!strncmp(p, "DISK", 4) || !strncmp(p, "DIR", 3)) {
			bool disk = p[2] == 'S';

			strcat(text, disk ? all.disk : all.dir);
			p += disk ? 3 : 2;
		} else {
			strncat(text, p, 1);
		}
	while ((word = strtok_r(rest, " ", &rest)) && argc < WORDS)
		argv[argc++] = word;
	config_init(c);
	if (options_parse(c, argc, argv, &ask, &why))
		die(why.text);
}

static void stop(void *ctx, u64 late)
{
	machine_end_with(ctx, MACHINE_STOPPED);
}

static void run_for(struct machine *m, u64 us)
{
	struct event end = { .name = "fuzz", .fire = stop, .ctx = m };

	event_at(&m->queue, &end, m->now + us * 1000000);
	machine_run(m);
	event_cancel(&m->queue, &end);
}

static struct machine *make_machine(const struct config *c)
{
	struct machine *m;
	struct why why;

	if (machine_new(&m, c, &io, all.log, &why))
		die(why.text);
	return m;
}

static void take_apart(struct base *b)
{
	struct snapshot_reader *r;
	struct why why;
	struct stat st;
	int fd;

	if (snapshot_open(&r, all.file, &why))
		die(why.text);
	b->text = strdup(snapshot_config(r));
	b->parts = snapshot_sections(r);
	for (size_t i = 0; i < b->parts && i < PARTS; i++) {
		u64 n;
		struct snapshot_section s = snapshot_section(r, i, &n);

		snprintf(b->part[i].name, sizeof(b->part[i].name), "%s", s.name);
		b->part[i].version = s.version;
		b->part[i].n = (size_t)n;
		b->part[i].bytes = malloc((size_t)n + 1);
		snap_bytes(snapshot_load(r, i), b->part[i].bytes, (size_t)n);
	}
	snapshot_close(r);
	fd = open(all.file, O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		die("no file");
	b->size = (size_t)st.st_size;
	b->file = malloc(b->size);
	if (read(fd, b->file, b->size) != st.st_size)
		die("cannot read");
	close(fd);
}

static struct base *get_base(size_t board, size_t guest)
{
	struct base *b = all.base[board][guest];
	struct machine *m;
	struct why why;

	if (b)
		return b;
	if (!all.dir[0])
		make_place();
	b = all.base[board][guest] = calloc(1, sizeof(*b));
	make_config(&b->cfg, boards[board]);
	m = make_machine(&b->cfg);
	world_fill(m, 1 + guest);
	run_for(m, FIRST_US);
	unlink(all.file);
	if (machine_save(m, all.file, &why))
		die(why.text);
	machine_free(m);
	take_apart(b);
	return b;
}

/* ---- damage ---- */

static u64 edge(struct random *rng)
{
	static const u64 edges[] = { 0, 1, 2, 0xff, 0x7f, 0x80, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 1ull << 62, 1ull << 63, ~0ull };

	return random_percent(rng, 60) ? edges[random_below(rng, ARRAY_SIZE(edges))] : random_u64(rng);
}

/* Some bytes of [0, n) are others. */
static void damage(struct random *rng, u8 *bytes, size_t n)
{
	static const u8 sizes[] = { 1, 1, 2, 4, 4, 8 };
	unsigned times = 1 + (unsigned)random_below(rng, random_percent(rng, 20) ? 40 : 3);

	while (times-- && n) {
		size_t at = (size_t)random_below(rng, n), k = sizes[random_below(rng, sizeof(sizes))];
		u64 v = edge(rng);

		if (random_percent(rng, 30))
			bytes[at] ^= (u8)(1u << random_below(rng, 8));
		else
			memcpy(bytes + at, &v, k < n - at ? k : n - at);
	}
}

/* Bytes go, or come twice: what stands behind moves. */
static size_t shift(struct random *rng, u8 *bytes, size_t n)
{
	size_t at = n ? (size_t)random_below(rng, n) : 0, k = 1 + (size_t)random_below(rng, 16);

	if (k > n - at)
		return at;
	memmove(bytes + at, bytes + at + k, n - at - k);
	return n - k;
}

/* The parts with one that is damaged, as a file whose checksums are right. */
static void write_damaged(struct random *rng, const struct base *b)
{
	size_t bad = (size_t)random_below(rng, b->parts);
	struct snapshot_writer *w;
	struct why why;

	if (random_percent(rng, 70))
		bad = random_percent(rng, 50); /* devices, PEs */
	unlink(all.file);
	if (snapshot_create(&w, all.file, "fuzz", b->text, &why))
		die(why.text);
	for (size_t i = 0; i < b->parts; i++) {
		size_t n = b->part[i].n;
		u8 *bytes = malloc(n + 1);

		memcpy(bytes, b->part[i].bytes, n);
		if (i == bad) {
			damage(rng, bytes, n);
			if (random_percent(rng, 10))
				n = shift(rng, bytes, n);
		}
		snap_bytes(snapshot_begin(w, b->part[i].name, b->part[i].version), bytes, n);
		free(bytes);
	}
	fuzz_count(b->part[bad].name, 0);
	if (snapshot_commit(w, &why))
		die(why.text);
}

/* ---- cases ---- */

/* Behind a wrong checksum nothing is looked at. */
static void try_raw(struct random *rng, const struct base *b)
{
	u8 *bytes = malloc(b->size);
	size_t n = random_percent(rng, 20) ? (size_t)random_below(rng, b->size) : b->size;
	struct machine *m = make_machine(&b->cfg);
	char before[65], after[65];
	bool same, check = random_percent(rng, 10);
	struct why why;

	memcpy(bytes, b->file, b->size);
	damage(rng, bytes, random_percent(rng, 50) && n > 128 ? 128 : n);
	same = n == b->size && !memcmp(bytes, b->file, n);
	put_file(all.file, bytes, n);
	if (check)
		machine_digest(m, before);
	if (!same && !machine_restore(m, all.file, &why))
		fuzz_bad("a damaged file is taken");
	if (check && !same) {
		machine_digest(m, after);
		if (strcmp(before, after))
			fuzz_bad("a refused file changes the machine");
	}
	machine_free(m);
	free(bytes);
}

static void try_repaired(struct random *rng, const struct base *b)
{
	struct machine *m = make_machine(&b->cfg), *other;
	char one[65], two[65];
	struct why why;
	int r;

	write_damaged(rng, b);
	r = machine_restore(m, all.file, &why);
	fuzz_count(r ? "refused" : "taken", 0);
	if (r && r != -EBADMSG)
		fuzz_bad("%s", why.text);
	if (!r) {
		run_for(m, SECOND_US);
		unlink(all.again);
		if (machine_save(m, all.again, &why))
			fuzz_bad("what was taken cannot be saved: %s", why.text);
		machine_digest(m, one);
		other = make_machine(&b->cfg);
		if (machine_restore(other, all.again, &why)) {
			fuzz_bad("what was taken and saved cannot be loaded: %s", why.text);
		} else {
			machine_digest(other, two);
			if (strcmp(one, two))
				fuzz_bad("what was taken and saved is another machine when it is loaded");
		}
		machine_free(other);
	}
	machine_free(m);
}

void fuzz_case(struct random *rng)
{
	const struct base *b = get_base((size_t)random_below(rng, BOARDS), (size_t)random_below(rng, GUESTS));

	if (random_percent(rng, 15))
		try_raw(rng, b);
	else
		try_repaired(rng, b);
}
