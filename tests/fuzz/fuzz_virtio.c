/*
 * A hostile driver in front of every virtio device, over MMIO (legacy and modern) and PCI, behind bridges too, and in
 * front of whatever else stands on the board: random register, configuration and BAR accesses, MSI-X messages to
 * anywhere, rings with random descriptors, and requests that are nearly right; now and then a snapshot. Nothing may crash
 * or hang, and files outside the shared folder must stay as they are. Meant for the sanitizer build.
 *
 *	fuzz_virtio [--seed S] [--runs N] [--seconds N] [--counts 1]
 */
#define _GNU_SOURCE /* nftw */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "devices/pci/pci.h"
#include "frontend/options.h"
#include "machine/machine_priv.h"
#include "tests/fuzz/loop.h"
#include "tests/fuzz/snapshot.h"

enum { RAM = 0x40000000, RAM_SIZE = 16 << 20, RINGS = RAM + 0x100000, BUFFERS = RAM + 0x200000, BUFFER_SPAN = 0x2000 };
enum { QUEUES = 8, QSIZE = 8, STEPS = 300, TARGETS = 24, DEVICES = 12 };
enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };

/* A device as its driver sees it; addresses of registers. */
struct target {
	bool pci;
	u64 base;			      /* MMIO: its slot */
	u64 common, notify, device, isr, ecam; /* PCI */
	u64 msix, table;		      /* the capability, the entries */
	unsigned kind;
	u16 avail[QUEUES];
	unsigned said; /* requests since it was brought up */
};

struct world {
	struct random *rng;
	struct machine *m;
	struct target target[TARGETS];
	unsigned targets;
	unsigned buses;	/* numbers given to buses */
	u64 ecam, bars; /* where the next BAR goes */
};

/* ---- the board ---- */

static char work[64];

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", work, name);
	f = fopen(path, "w");
	if (!f)
		abort();
	fputs(text, f);
	fclose(f);
}

static bool is(const char *name, const char *text)
{
	char path[128], seen[64] = "";
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", work, name);
	f = fopen(path, "r");
	if (!f)
		return false;
	if (!fgets(seen, sizeof seen, f))
		seen[0] = 0;
	fclose(f);
	return !strcmp(seen, text);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	if (ftw->level)
		remove(path);
	return 0;
}

static void clear_share(void)
{
	char path[128];

	snprintf(path, sizeof path, "%s/share", work);
	chmod(path, 0755);
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	write_file("share/file", "shared");
	snprintf(path, sizeof path, "%s/share/link", work);
	if (symlink("../secret", path) && errno != EEXIST)
		abort();
}

static void remove_work(void)
{
	nftw(work, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	rmdir(work);
}

static void make_work(void)
{
	char path[128];

	if (work[0])
		return;
	strcpy(work, "/tmp/fuzz_virtioXXXXXX");
	if (!mkdtemp(work))
		abort();
	atexit(remove_work);
	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", work, i ? "tftp" : "share");
		mkdir(path, 0755);
	}
	write_file("secret", "outside");
	write_file("tftp/file", "by tftp");
	write_file("firmware", "\x14");
	write_file("disk", "");
	snprintf(path, sizeof path, "%s/disk", work);
	if (truncate(path, 64 << 10))
		abort();
	clear_share();
}

/* Boards that together have every device. */
static const char *const boards[] = {
	"virt,gic-version=3,acpi=off",
	"virt,gic-version=2,virtualization=on,secure=on,highmem=off",
	"virt,gic-version=3,virtualization=on,secure=on",
};

/* Every kind on both transports; the folder is shared by one, the disk written by none. First what -M is. */
static const char *const items[] = {
	"-M", "", "-m", "16", "-smp", "2", "-nodefaults", "-serial", "null", "-serial", "null", "-bios", "%s/firmware",
	"-drive", "if=none,id=d0,format=raw,snapshot=on,file=%s/disk", "-device", "virtio-blk-device,drive=d0,num-queues=2",
	"-drive", "if=none,id=d1,format=raw,snapshot=on,file=%s/disk", "-device", "virtio-blk-pci,drive=d1",
	"-netdev", "user,id=n0,restrict=on,tftp=%s/tftp", "-device", "virtio-net-device,netdev=n0",
	"-netdev", "user,id=n1,restrict=on,tftp=%s/tftp", "-device", "virtio-net-pci,netdev=n1",
	"-device", "virtio-rng-device", "-device", "virtio-rng-pci,max-bytes=100,period=1",
	"-chardev", "null,id=c0", "-chardev", "null,id=c1", "-chardev", "null,id=c2",
	"-device", "virtio-serial-device,id=s0,max_ports=3", "-device", "virtio-serial-pci,id=s1,max_ports=3",
	"-device", "virtconsole,chardev=c0,bus=s0.0", "-device", "virtserialport,chardev=c1,name=a.b,bus=s0.0",
	"-device", "virtserialport,chardev=c2,bus=s1.0",
	"-fsdev", "local,id=f0,path=%s/share", "-device", "virtio-9p-device,fsdev=f0,mount_tag=t",
	"-fsdev", "local,id=f1,path=%s/share", "-device", "virtio-9p-pci,fsdev=f1,mount_tag=t",
	"-device", "pcie-root-port,id=rp", "-device", "pcie-pci-bridge,id=pb", "-device", "pci-bridge,id=cb,bus=pb",
	"-drive", "if=none,id=d2,format=raw,snapshot=on,file=%s/disk", "-device", "virtio-blk-pci,drive=d2,bus=rp",
	"-device", "virtio-rng-pci,bus=cb",
};

static void make_config(struct config *c, const char *machine)
{
	char *argv[ARRAY_SIZE(items) + 1] = { strdup("fuzz_virtio") };
	enum options_ask ask;
	struct why why;

	config_init(c);
	for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
		const char *text = i == 1 ? machine : items[i], *hole = strstr(text, "%s");
		size_t n = strlen(text) + sizeof work;

		argv[i + 1] = malloc(n);
		if (hole)
			snprintf(argv[i + 1], n, "%.*s%s%s", (int)(hole - text), text, work, hole + 2);
		else
			snprintf(argv[i + 1], n, "%s", text);
	}
	if (options_parse(c, ARRAY_SIZE(argv), argv, &ask, &why)) {
		fprintf(stderr, "%s\n", why.text);
		abort();
	}
	for (size_t i = 0; i < ARRAY_SIZE(argv); i++)
		free(argv[i]);
}

/* ---- accesses ---- */

static void count(struct world *w, u64 at)
{
	const struct bus_region *r = bus_find(w->m->bus, at, SPACE_S);

	if (r)
		fuzz_count(r->name, r->base);
}

static u64 rd(struct world *w, u64 at, unsigned width)
{
	u64 v = 0;

	count(w, at);
	if (bus_read(w->m->bus, pa_make(SPACE_NS, at), width, (struct attrs){ 0 }, &v) != BUS_OK)
		return 0;
	return v;
}

static void wr(struct world *w, u64 at, unsigned width, u64 v)
{
	count(w, at);
	if (bus_write(w->m->bus, pa_make(SPACE_NS, at), width, (struct attrs){ 0 }, v) != BUS_OK)
		return; /* nobody there: as good as any */
}

static void fill(struct world *w, u64 at, const void *p, size_t n)
{
	if (bus_copy_in(w->m->bus, pa_make(SPACE_NS, at), p, n) != BUS_OK)
		return;
}

/* ---- finding devices ---- */

static void find_mmio(struct world *w)
{
	for (unsigned i = 0; i < BOARD_VIRTIO_N && w->targets < TARGETS; i++) {
		u64 base = BOARD_VIRTIO_BASE + i * BOARD_VIRTIO_SIZE;
		unsigned kind = (unsigned)rd(w, base + 8, 4);

		if (kind)
			w->target[w->targets++] = (struct target){ .base = base, .kind = kind };
	}
}

/* The capabilities of the function at ecam, whose BARs stand at bar[]. */
static void read_caps(struct world *w, struct target *t, const u64 bar[6])
{
	for (u64 at = rd(w, t->ecam + 0x34, 1); at >= 0x40; at = rd(w, t->ecam + at + 1, 1)) {
		u64 cap = t->ecam + at, place = bar[rd(w, cap + 4, 1) % 6] + rd(w, cap + 8, 4);
		u64 *const areas[] = { [1] = &t->common, [2] = &t->notify, [3] = &t->isr, [4] = &t->device };
		u64 type = rd(w, cap + 3, 1), id = rd(w, cap, 1);

		if (id == PCI_CAP_VENDOR && type >= 1 && type <= 4)
			*areas[type] = place;
		if (id != PCI_CAP_MSIX)
			continue;
		t->msix = cap;
		t->table = bar[(rd(w, cap + 4, 4) & 7) % 6] + (rd(w, cap + 4, 4) & ~7ull);
	}
}

static void find_function(struct world *w, u64 ecam)
{
	struct target t = { .pci = true, .ecam = ecam, .kind = (unsigned)rd(w, ecam + 2, 2) - 0x1040 };
	u64 bar[6] = { 0 };

	if (rd(w, ecam, 2) != PCI_VENDOR_VIRTIO || w->targets == TARGETS)
		return;
	for (unsigned i = 0; i < 6; i++) {
		u64 reg = ecam + PCI_BAR + 4 * i;

		wr(w, reg, 4, 0xffffffff);
		if (!rd(w, reg, 4))
			continue;
		bar[i] = w->bars;
		w->bars += 0x10000;
		wr(w, reg, 4, bar[i]);
		if (rd(w, reg, 4) & 4)
			wr(w, ecam + PCI_BAR + 4 * ++i, 4, 0);
	}
	wr(w, ecam + PCI_COMMAND, 2, PCI_CMD_MEMORY | PCI_CMD_MASTER);
	read_caps(w, &t, bar);
	w->target[w->targets++] = t;
}

/* All functions in slots of a bus, and of the buses behind its bridges, numbered as firmware does it. */
static void find_pci(struct world *w, unsigned bus)
{
	for (unsigned slot = 0; slot < 16; slot++) {
		u64 ecam = w->ecam + ((u64)bus << 20) + slot * 0x8000, start = align_up(w->bars, 0x100000);
		unsigned below = w->buses + 1;

		if ((rd(w, ecam + PCI_HEADER, 1) & 0x7f) != 1 || below > 4) {
			find_function(w, ecam);
			continue;
		}
		w->bars = start;
		w->buses = below;
		wr(w, ecam + 0x18, 4, 0xff0000 | below << 8 | bus);
		wr(w, ecam + 0x20, 4, start >> 16 | (start + 0x100000 * (5 - below) - 0x100000));
		wr(w, ecam + PCI_COMMAND, 2, PCI_CMD_MEMORY | PCI_CMD_MASTER);
		find_pci(w, below);
		wr(w, ecam + 0x1a, 1, w->buses);
		w->bars = align_up(w->bars + 1, 0x100000);
		wr(w, ecam + 0x20, 4, start >> 16 | (w->bars - 0x100000));
	}
}

/* ---- a driver that is nearly right ---- */

static void status(struct world *w, struct target *t, u8 v)
{
	wr(w, t->pci ? t->common + 0x14 : t->base + 0x70, t->pci ? 1 : 4, v);
}

static void features(struct world *w, struct target *t, u64 v)
{
	for (unsigned half = 0; half < 2; half++) {
		wr(w, t->pci ? t->common + 8 : t->base + 0x24, 4, half);
		wr(w, t->pci ? t->common + 12 : t->base + 0x20, 4, v >> 32 * half);
	}
}

static u64 ring(unsigned q)
{
	return RINGS + q * 0x10000;
}

static void queue(struct world *w, struct target *t, unsigned q)
{
	u64 desc = ring(q), avail = desc + 16 * QSIZE, used = random_percent(w->rng, 2) ? random_u64(w->rng) : desc + 0x1000;
	static const u16 pci_regs[] = { 0x20, 0x28, 0x30 }, mmio_regs[] = { 0x80, 0x90, 0xa0 };
	const u64 places[] = { desc, avail, used };

	wr(w, t->pci ? t->common + 0x16 : t->base + 0x30, t->pci ? 2 : 4, q);
	wr(w, t->pci ? t->common + 0x18 : t->base + 0x38, t->pci ? 2 : 4, random_percent(w->rng, 98) ? QSIZE : random_u64(w->rng));
	for (unsigned i = 0; i < 3; i++)
		for (unsigned half = 0; half < 2; half++)
			wr(w, (t->pci ? t->common + pci_regs[i] : t->base + mmio_regs[i]) + 4 * half, 4, places[i] >> 32 * half);
	if (!t->pci) { /* legacy */
		wr(w, t->base + 0x28, 4, 4096);
		wr(w, t->base + 0x3c, 4, 4096);
		wr(w, t->base + 0x40, 4, desc >> 12);
	}
	wr(w, t->pci ? t->common + 0x1c : t->base + 0x44, t->pci ? 2 : 4, 1);
	fill(w, avail, &(u64){ 0 }, 4);
	fill(w, desc + 0x1000, &(u64){ 0 }, 4);
	if (q < QUEUES)
		t->avail[q] = 0;
}

static void bring_up(struct world *w, struct target *t)
{
	status(w, t, 0);
	status(w, t, 3);
	features(w, t, random_percent(w->rng, 80) ? UINT64_MAX & ~(1ull << 33) : random_u64(w->rng));
	status(w, t, 11);
	for (unsigned q = 0; q < QUEUES; q++)
		queue(w, t, q);
	status(w, t, random_percent(w->rng, 95) ? 15 : (u8)random_u64(w->rng));
	t->said = 0;
}

static bool broken(struct world *w, struct target *t)
{
	return rd(w, t->pci ? t->common + 0x14 : t->base + 0x70, t->pci ? 1 : 4) & VIRTIO_NEEDS_RESET;
}

/* ---- requests ---- */

static size_t put_le(u8 *to, u64 v, unsigned width)
{
	memcpy(to, &v, width);
	return width;
}

static size_t put_name(struct world *w, u8 *to)
{
	static const char *const names[] = { "file", "link", "..", ".", "", "new", "d", "../secret", "/etc/passwd", "a/b", "secret",
					     "9P2000.L", "user.x", "security.y" };
	const char *name = names[random_below(w->rng, ARRAY_SIZE(names))];
	size_t n = strlen(name);

	put_le(to, random_percent(w->rng, 95) ? n : random_u64(w->rng), 2);
	memcpy(to + 2, name, n);
	return 2 + n;
}

/* A 9p message: a type that exists, small fids, numbers and names in the order in which they come. */
static size_t p9_request(struct world *w, unsigned said, u8 *to)
{
	static const u8 types[] = { 8, 12, 14, 16, 18, 20, 22, 24, 26, 30, 32, 40, 50, 52, 54, 70, 72, 74, 76, 100, 102, 104, 108,
				    110, 116, 118, 120, 122 };
	/* the fields of each: f fid, 4 and 8 numbers, s name, w a walk */
	static const char *const fields[] = { "f", "f4", "fs444", "fss4", "fs4444", "ffs", "f", "f8", "f4444888888", "ffs", "fs84", "f84",
					      "f4", "f", "f1884s", "ffs", "fs44", "fsfs", "fs4", "4s", "f", "ffss4", "2", "ffw", "f84",
					      "f848888", "f", "f" };
	unsigned i = (unsigned)random_below(w->rng, ARRAY_SIZE(types));
	size_t n = 7;

	if (said < 2 || random_percent(w->rng, 30))
		i = said == 0 ? 19 : said == 1 ? 21 : 23; /* version, attach, walk */
	for (const char *f = fields[i]; *f; f++)
		switch (*f) {
		case 'f':
			n += put_le(to + n, said == 1 ? 0 : random_below(w->rng, 6), 4);
			break;
		case 's':
			n += put_name(w, to + n);
			break;
		case 'w': {
			u64 names = random_below(w->rng, 4);

			n += put_le(to + n, names, 2);
			while (names--)
				n += put_name(w, to + n);
			break;
		}
		default:
			n += put_le(to + n, random_percent(w->rng, 70) ? random_below(w->rng, 100) : random_u64(w->rng), (unsigned)(*f - '0'));
		}
	put_le(to, random_percent(w->rng, 95) ? n : random_u64(w->rng), 4);
	to[4] = types[i];
	put_le(to + 5, 1, 2);
	if (types[i] == 100) {
		memcpy(to + 7, "\0\0\1\0\10\0009P2000.L", 14);
		put_le(to, 21, 4);
		n = 21;
	}
	return n;
}

static size_t blk_request(struct world *w, u8 *to)
{
	static const u8 types[] = { 0, 1, 4, 8, 11, 13, 14, 99 };

	put_le(to, types[random_below(w->rng, ARRAY_SIZE(types))], 8);
	put_le(to + 8, random_percent(w->rng, 80) ? random_below(w->rng, 130) : random_u64(w->rng), 8);
	for (unsigned i = 16; i < 528; i += 8)
		put_le(to + i, i % 16 ? random_below(w->rng, 200) : random_below(w->rng, 130), 8);
	return 16 + (random_percent(w->rng, 70) ? 512 : random_below(w->rng, 512));
}

static size_t net_request(struct world *w, u8 *to)
{
	static const u8 arp[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 10, 0, 2, 15, 0, 0, 0, 0, 0, 0, 10, 0, 2, 2 };
	static const u8 udp[] = { 8, 0, 0x45, 0, 0, 60, 0, 0, 0, 0, 64, 17, 0x62, 0xab, 10, 0, 2, 15, 10, 0, 2, 2, 0, 68, 0, 69, 0, 40, 0, 0,
				  0, 1, 'f', 'i', 'l', 'e', 0, 'o', 'c', 't', 'e', 't', 0 };
	size_t n = 12 + 14 + random_below(w->rng, 600);

	memset(to, 0, n);
	memset(to + 12, 0xff, 6);
	if (random_percent(w->rng, 50))
		memcpy(to + 24, udp, sizeof udp);
	else
		memcpy(to + 24, arp, sizeof arp);
	for (u64 flips = random_below(w->rng, 6); flips; flips--)
		to[random_below(w->rng, n)] = (u8)random_u64(w->rng);
	return n;
}

static size_t console_request(struct world *w, u8 *to)
{
	put_le(to, random_percent(w->rng, 90) ? random_below(w->rng, 4) : random_u64(w->rng), 4);
	put_le(to + 4, random_below(w->rng, 9), 2);
	put_le(to + 6, random_below(w->rng, 3), 2);
	return random_below(w->rng, 20);
}

static size_t request(struct world *w, struct target *t, u8 *to)
{
	unsigned said = t->said++;

	switch (random_percent(w->rng, 95) ? t->kind : random_below(w->rng, 10)) {
	case VIRTIO_ID_NET:
		return net_request(w, to);
	case VIRTIO_ID_BLK:
		return blk_request(w, to);
	case VIRTIO_ID_CONSOLE:
		return console_request(w, to);
	case VIRTIO_ID_9P:
		return p9_request(w, said, to);
	}
	return random_below(w->rng, 100);
}

/* ---- rings ---- */

struct desc {
	u64 addr;
	u32 len;
	u16 flags, next;
};

static void spoil(struct world *w, struct desc *d)
{
	static const u64 addrs[] = { 0, RAM + RAM_SIZE - 1, RAM + RAM_SIZE, BOARD_GICD_BASE, BOARD_VIRTIO_BASE, UINT64_MAX, RINGS };
	static const u32 lens[] = { 0, 1, 0x1000, 0x7fffffff, 0xffffffff };

	switch (random_below(w->rng, 4)) {
	case 0:
		d->addr = addrs[random_below(w->rng, ARRAY_SIZE(addrs))];
		break;
	case 1:
		d->len = lens[random_below(w->rng, ARRAY_SIZE(lens))];
		break;
	case 2:
		d->flags = (u16)random_u64(w->rng);
		break;
	case 3:
		d->next = (u16)random_u64(w->rng);
		break;
	}
}

/* One chain: the request cut into pieces, then room for the answer. In an indirect table now and then. */
static void chain(struct world *w, struct target *t, unsigned q)
{
	u16 start = (u16)(random_below(w->rng, 2) * 4), head = start;
	u64 at = BUFFERS + (q * 2 + start / 4) * BUFFER_SPAN, table = ring(q);
	unsigned pieces = random_percent(w->rng, 90) ? 2 + (unsigned)random_below(w->rng, 3) : 1;
	bool indirect = random_percent(w->rng, 20);
	u8 bytes[2048];
	static const char *const names[] = { [VIRTIO_ID_NET] = "virtio-net", [VIRTIO_ID_BLK] = "virtio-blk",
					     [VIRTIO_ID_CONSOLE] = "virtio-serial", [VIRTIO_ID_RNG] = "virtio-rng",
					     [VIRTIO_ID_9P] = "virtio-9p" };
	size_t n = request(w, t, bytes), out = random_percent(w->rng, 70) ? pieces - 1 : random_below(w->rng, pieces + 1);

	if (t->kind < ARRAY_SIZE(names) && names[t->kind])
		fuzz_count(names[t->kind], 0);
	fill(w, at, bytes, n);
	if (indirect) {
		table = at + BUFFER_SPAN / 2;
		fill(w, ring(q) + 16 * head, &(struct desc){ table, 16 * pieces, INDIRECT, 0 }, 16);
		start = 0;
	}
	for (unsigned i = 0; i < pieces; i++) {
		bool last = i + 1 == pieces, in = i >= out;
		u32 part = in ? 1 + (u32)random_below(w->rng, 2000) : !n ? 1 : i + 1 == out ? (u32)n : 1 + (u32)random_below(w->rng, n);
		struct desc d = { at, part, (u16)((last ? 0 : NEXT) | (in ? WRITE : 0)), (u16)(start + i + 1) };

		if (!in) {
			at += part;
			n -= n ? part : 0;
		}
		if (random_percent(w->rng, 1))
			spoil(w, &d);
		fill(w, table + 16 * (start + i), &d, sizeof d);
	}
	fill(w, ring(q) + 16 * QSIZE + 4 + 2 * (t->avail[q] % QSIZE), &head, 2);
	t->avail[q] += random_percent(w->rng, 99) ? 1 : (u16)random_u64(w->rng);
	fill(w, ring(q) + 16 * QSIZE + 2, &t->avail[q], 2);
}

static void notify(struct world *w, struct target *t, unsigned q)
{
	if (t->pci)
		wr(w, t->notify + 4 * q, 2, q);
	else
		wr(w, t->base + 0x50, 4, q);
}

/* ---- anything else ---- */

static void poke_target(struct world *w, struct target *t)
{
	u64 places[] = { t->common + random_below(w->rng, 0x40), t->device + random_below(w->rng, 0x100), t->notify + random_below(w->rng, 0x100),
			 t->isr, t->ecam + random_below(w->rng, 0x100) };
	u64 at = t->pci ? places[random_below(w->rng, ARRAY_SIZE(places))] : t->base + random_below(w->rng, 0x200);
	unsigned width = 1u << random_below(w->rng, 4);

	if (random_percent(w->rng, 50))
		rd(w, at, width);
	else
		wr(w, at, width, random_percent(w->rng, 50) ? random_below(w->rng, 20) : random_u64(w->rng));
}

/* Where a message may go: where it should, or where nobody expects one. */
static u64 message_address(struct world *w)
{
	const struct target *t = &w->target[random_below(w->rng, w->targets)];
	const u64 places[] = { BOARD_ITS_BASE + 0x10040, BOARD_V2M_BASE + 0x40, RAM + RAM_SIZE - 2, BOARD_FLASH_BASE,
			       BOARD_FW_CFG_BASE + 20, t->notify, t->table, t->common + 0x14, t->ecam + PCI_COMMAND,
			       t->base + 0x50, t->base + 0x70, random_u64(w->rng),
			       w->ecam + (random_below(w->rng, 3) << 20) + random_below(w->rng, 16) * 0x8000 + 0x3c };

	return places[random_percent(w->rng, 40) ? 0 : random_below(w->rng, ARRAY_SIZE(places))];
}

static void messages(struct world *w, struct target *t)
{
	if (!t->msix)
		return;
	fuzz_count("MSI-X set up", 0);
	for (unsigned i = 0; i < 4; i++) {
		u64 entry = t->table + 16 * i, to = message_address(w);

		wr(w, entry, 4, to);
		wr(w, entry + 4, 4, to >> 32);
		wr(w, entry + 8, 4, random_percent(w->rng, 70) ? random_below(w->rng, 200) : random_u64(w->rng));
		wr(w, entry + 12, 4, random_percent(w->rng, 20));
	}
	for (unsigned q = 0; q < 4; q++) {
		wr(w, t->common + 0x16, 2, q);
		wr(w, t->common + 0x1a, 2, random_percent(w->rng, 90) ? random_below(w->rng, 5) : random_u64(w->rng));
	}
	wr(w, t->common + 0x10, 2, random_below(w->rng, 5));
	wr(w, t->msix + 2, 2, random_percent(w->rng, 80) ? 0x8000 : random_u64(w->rng));
}

/* An offset in a device, more often where registers stand. */
static u64 offset_in(struct world *w, const struct bus_region *r)
{
	u64 span = r->size;
	bool aligned = random_percent(w->rng, 60);

	if (r->base == w->ecam) /* bus, slot and register */
		return random_below(w->rng, 5) << 20 | random_below(w->rng, 10) << 15 |
		       (random_below(w->rng, 0x100) & (aligned ? ~3ull : ~0ull));
	if (r->base == BOARD_PCIE_MMIO_BASE)
		return random_below(w->rng, w->bars - r->base);
	if (random_percent(w->rng, 40))
		span = 0x100;
	else if (random_percent(w->rng, 90))
		span = 0x10000;
	return random_below(w->rng, span < r->size ? span : r->size) & (aligned ? ~3ull : ~0ull);
}

/* The virtio-mmio slots are many and mostly empty. */
static const struct bus_region *some_region(struct world *w)
{
	const struct bus_region *regions, *r;
	size_t n = bus_regions(w->m->bus, &regions);

	r = &regions[random_below(w->rng, n)];
	return r->size == BOARD_VIRTIO_SIZE ? &regions[random_below(w->rng, n)] : r;
}

/* The board's other devices; RAM is left to the rings. */
static void poke_board(struct world *w)
{
	const struct bus_region *r = some_region(w);
	struct attrs at = { .space = r->secure || random_percent(w->rng, 30) ? SPACE_S : SPACE_NS,
			    .requester = (u16)random_below(w->rng, w->m->pes) };
	u64 v = random_percent(w->rng, 50) ? random_below(w->rng, 0x100) : random_u64(w->rng);
	unsigned width = 1u << random_below(w->rng, 4);
	pa p;

	if (!r->ops)
		return;
	p = pa_make(at.space, r->base + offset_in(w, r));
	fuzz_count(r->name, r->base);
	if (random_percent(w->rng, 50))
		bus_read(w->m->bus, p, width, at, &v);
	else
		bus_write(w->m->bus, p, width, at, v);
}

/* What the world outside does. */
static void outside(struct world *w)
{
	if (random_percent(w->rng, 10))
		machine_power_button(w->m);
	else
		machine_rx(w->m, (unsigned)random_below(w->rng, 2), (u8)random_u64(w->rng));
}

static void pass_time(struct world *w)
{
	w->m->now += 1 + random_below(w->rng, 20000000000);
	event_run(&w->m->queue, w->m->now);
	outside_poll(&w->m->outside);
}

/* False: the case ends. */
static bool step(struct world *w)
{
	struct target *t = &w->target[random_below(w->rng, w->targets)];
	unsigned q = (unsigned)random_below(w->rng, random_percent(w->rng, 80) ? 4 : QUEUES);

	switch (random_below(w->rng, 16)) {
	case 0:
		bring_up(w, t);
		break;
	case 1:
		poke_target(w, t);
		break;
	case 2:
		for (unsigned i = 0; i < 4; i++)
			poke_board(w);
		break;
	case 3:
		pass_time(w);
		break;
	case 4:
		messages(w, t);
		break;
	case 5:
		outside(w);
		break;
	case 6:
		if (random_percent(w->rng, 5))
			return fuzz_snapshot(w->rng, w->m->bus);
		poke_board(w);
		break;
	default:
		if (broken(w, t) && random_percent(w->rng, 70))
			bring_up(w, t);
		for (u64 chains = 1 + random_below(w->rng, 3); chains; chains--)
			if ((u16)(t->avail[q] - rd(w, ring(q) + 0x1002, 2)) < QSIZE || random_percent(w->rng, 1))
				chain(w, t, q);
		notify(w, t, q);
	}
	return true;
}

void fuzz_case(struct random *rng)
{
	static const struct machine_io io;
	struct world w = { .rng = rng };
	char hex[65];
	struct config c;
	struct why why;

	make_work();
	make_config(&c, boards[random_below(rng, ARRAY_SIZE(boards))]);
	c.virtio_modern = random_percent(rng, 50);
	if (machine_new(&w.m, &c, &io, NULL, &why)) {
		fprintf(stderr, "%s\n", why.text);
		abort();
	}
	find_mmio(&w);
	w.ecam = c.highmem ? BOARD_PCIE_ECAM_HIGH : BOARD_PCIE_ECAM_LOW;
	w.bars = BOARD_PCIE_MMIO_BASE;
	find_pci(&w, 0);
	if (w.targets != DEVICES)
		fuzz_bad("found %u devices, not %u", w.targets, DEVICES);
	for (unsigned i = 0; i < w.targets; i++)
		bring_up(&w, &w.target[i]);
	for (unsigned i = 0; i < STEPS && !random_dry(rng) && step(&w); i++)
		;
	if (random_percent(rng, 5))
		machine_digest(w.m, hex);
	machine_free(w.m);
	config_free(&c);
	if (!is("secret", "outside") || !is("tftp/file", "by tftp"))
		fuzz_bad("a file outside of the shared folder has changed");
	clear_share();
}
