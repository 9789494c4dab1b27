/*
 * Damaged boot files: Linux Images, gzip'd and EFI zboot Images, ELF executables, device trees, modules
 * and plain data with flipped bits, odd numbers, cuts and repetitions. Each must be refused with one line
 * or planned; what is planned must lie in memory and the tree must be one. Meant for the sanitizer build.
 *
 *	fuzz_loader [--seed S] [--runs N] [--seconds N]
 */
#define _GNU_SOURCE
#include <elf.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "loader/loader.h"
#include "tests/fuzz/loop.h"
#include "tests/fuzz/random.h"

#define RAM 0x40000000ull

enum { ROOM = 1 << 16 };

struct blob {
	size_t n;
	u8 data[2 * ROOM];
};

/* ---- Sound files ---- */

static void put_at(struct blob *b, size_t at, u64 v, unsigned bytes)
{
	memcpy(b->data + at, &v, bytes);
}

static void make_raw(struct random *rng, struct blob *b)
{
	b->n = 64 + random_below(rng, 4096);
	for (size_t i = 0; i < b->n; i++)
		b->data[i] = (u8)random_u64(rng);
}

static void make_image(struct random *rng, struct blob *b)
{
	make_raw(rng, b);
	put_at(b, 0, 0x14000010, 4);
	put_at(b, 8, random_below(rng, 2) * 0x80000, 8);
	put_at(b, 16, b->n + random_below(rng, 0x10000), 8);
	put_at(b, 24, 10, 8);
	put_at(b, 56, 0x644d5241, 4);
}

static void deflate_into(struct blob *to, size_t at, const struct blob *from)
{
	z_stream z = { 0 };

	if (deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	z.next_in = (u8 *)from->data;
	z.avail_in = (uInt)from->n;
	z.next_out = to->data + at;
	z.avail_out = (uInt)(sizeof(to->data) - at);
	deflate(&z, Z_FINISH);
	to->n = at + z.total_out;
	deflateEnd(&z);
}

static void make_gzip(struct random *rng, struct blob *b)
{
	static struct blob image;

	make_image(rng, &image);
	deflate_into(b, 0, &image);
}

static void make_zboot(struct random *rng, struct blob *b)
{
	static struct blob image;

	make_image(rng, &image);
	memset(b->data, 0, 128);
	deflate_into(b, 128, &image);
	memcpy(b->data, "MZ\0\0zimg", 8);
	put_at(b, 8, 128, 4);
	put_at(b, 12, b->n - 128, 4);
	memcpy(b->data + 24, "gzip", 4);
}

static void make_elf(struct random *rng, struct blob *b)
{
	unsigned n = 1 + (unsigned)random_below(rng, 4);
	Elf64_Ehdr eh = { .e_type = ET_EXEC, .e_machine = EM_AARCH64, .e_version = EV_CURRENT, .e_entry = RAM,
			  .e_phoff = sizeof(eh), .e_ehsize = sizeof(eh), .e_phentsize = sizeof(Elf64_Phdr),
			  .e_phnum = (u16)n };

	make_raw(rng, b);
	memcpy(eh.e_ident, ELFMAG, SELFMAG);
	eh.e_ident[EI_CLASS] = ELFCLASS64;
	eh.e_ident[EI_DATA] = ELFDATA2LSB;
	eh.e_ident[EI_VERSION] = EV_CURRENT;
	b->n += sizeof(eh) + n * sizeof(Elf64_Phdr);
	memcpy(b->data, &eh, sizeof(eh));
	for (unsigned i = 0; i < n; i++) {
		Elf64_Phdr ph = { .p_type = PT_LOAD, .p_flags = 7, .p_offset = random_below(rng, 64),
				  .p_vaddr = RAM + i * 0x10000, .p_paddr = RAM + i * 0x10000,
				  .p_filesz = random_below(rng, b->n - 64), .p_memsz = b->n };

		memcpy(b->data + sizeof(eh) + i * sizeof(ph), &ph, sizeof(ph));
	}
}

static void make_tree(struct random *rng, struct blob *b)
{
	static const char *const nodes[] = { "/chosen", "/memory@40000000", "/cpus", "/psci", "/intc@8000000" };
	static const char *const names[] = { "reg", "bootargs", "method", "#address-cells", "#size-cells",
					     "linux,initrd-start", "device_type", "phandle" };

	fdt_create_empty_tree(b->data, ROOM);
	for (u64 i = random_below(rng, 6); i; i--)
		fdt_add_subnode(b->data, 0, nodes[random_below(rng, ARRAY_SIZE(nodes))] + 1);
	for (u64 i = random_below(rng, 12); i; i--) {
		u64 value[2] = { random_u64(rng), random_u64(rng) };
		int node = fdt_path_offset(b->data, nodes[random_below(rng, ARRAY_SIZE(nodes))]);

		fdt_setprop(b->data, node < 0 ? 0 : node, names[random_below(rng, ARRAY_SIZE(names))], value,
			    (int)random_below(rng, sizeof(value) + 1));
	}
	if (random_percent(rng, 80)) {
		fdt_setprop_u32(b->data, 0, "#address-cells", 2);
		fdt_setprop_u32(b->data, 0, "#size-cells", 2);
	}
	if (random_percent(rng, 80))
		fdt_pack(b->data);
	b->n = fdt_totalsize(b->data);
}

static void (*const makers[])(struct random *rng, struct blob *b) = { make_raw,	make_image, make_gzip,
							     make_zboot, make_elf,  make_tree };

/* ---- Damage ---- */

static u64 odd_number(struct random *rng)
{
	static const u64 odd[] = { 0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
				   INT64_MAX, 1ull << 63, UINT64_MAX, RAM, RAM + 0x1000 };
	u64 v = odd[random_below(rng, ARRAY_SIZE(odd))];

	return random_percent(rng, 30) ? v - random_below(rng, 8) : random_percent(rng, 10) ? random_u64(rng) : v;
}

static void damage(struct random *rng, struct blob *b)
{
	static const u8 widths[] = { 1, 2, 4, 8 };
	unsigned width = widths[random_below(rng, 4)];
	size_t reach = random_percent(rng, 80) && b->n > 256 ? 256 : b->n, at;

	if (b->n < 16)
		return;
	at = random_below(rng, reach - width);
	switch (random_below(rng, 6)) {
	case 0:
		b->data[at] ^= (u8)(1 << random_below(rng, 8));
		break;
	case 1:
		b->n = random_below(rng, b->n);
		break;
	case 2:
		b->n += random_below(rng, sizeof(b->data) - b->n);
		break;
	case 3:
		memmove(b->data + at / 2, b->data + random_below(rng, b->n / 2), random_below(rng, b->n / 2));
		break;
	default:
		put_at(b, at, random_percent(rng, 50) ? odd_number(rng) : __builtin_bswap64(odd_number(rng)), width);
	}
}

/* A file of this process's own: its path. NULL: none this time. */
static char *random_file(struct random *rng, int *fd, unsigned usual, unsigned percent)
{
	static struct blob b;
	char path[32];

	*fd = -1;
	if (!random_percent(rng, percent))
		return NULL;
	makers[random_percent(rng, 85) ? usual : random_below(rng, ARRAY_SIZE(makers))](rng, &b);
	for (u64 i = random_percent(rng, 20) ? 0 : 1 + random_below(rng, 4); i; i--)
		damage(rng, &b);
	*fd = memfd_create("fuzz", 0);
	if (*fd < 0 || write(*fd, b.data, b.n) != (ssize_t)b.n)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", *fd);
	return strdup(path);
}

/* ---- One case ---- */

static const struct boot_range ranges[] = { { "RAM", RAM, 4 << 20 }, { "secure RAM", 0x0e000000, 1 << 20 } };

static int put(void *ctx, u64 addr, const void *data, size_t n)
{
	u32 *sum = ctx;

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (addr >= ranges[i].base && addr - ranges[i].base <= ranges[i].size &&
		    n <= ranges[i].size - (addr - ranges[i].base)) {
			*sum = data ? (u32)crc32(*sum, data, (uInt)n) : *sum; /* every byte is read */
			return 0;
		}
	fuzz_bad("a piece outside memory: %#" PRIx64 ", %zu bytes", addr, n);
	return 0;
}

static void random_files(struct random *rng, struct boot_files *f, int *fds)
{
	f->kernel = random_file(rng, fds++, 1 + (unsigned)random_below(rng, 4), 85);
	f->initrd = random_file(rng, fds++, 0, 30);
	f->dtb = random_file(rng, fds++, 5, 40);
	f->append = random_percent(rng, 50) ? strdup("console=ttyAMA0") : NULL;
	for (unsigned i = 0; i < 2; i++) {
		struct boot_loader *l = &f->loaders[f->n_loaders];
		struct boot_module *m = &f->modules[f->n_modules];

		*l = (struct boot_loader){ .addr = random_percent(rng, 70) ? RAM + random_below(rng, 8 << 20) : odd_number(rng),
					   .has_addr = random_percent(rng, 70), .force_raw = random_percent(rng, 30),
					   .pe = (int)random_below(rng, 5) - 1 };
		l->file = random_file(rng, fds++, 4, 20);
		f->n_loaders += l->file != NULL;
		*m = (struct boot_module){ .addr = RAM + random_below(rng, 5 << 20), .is_initrd = random_percent(rng, 50) };
		m->file = random_file(rng, fds++, 0, 20);
		f->n_modules += m->file != NULL;
	}
}

static void plan(const struct boot_request *req)
{
	static u8 board[ROOM];
	struct boot_plan *p = NULL;
	struct why why = { "" };
	u32 sum = 0;
	size_t size;
	int r = boot_plan_new(&p, req, &why);

	fdt_create_empty_tree(board, sizeof(board));
	fdt_setprop_u32(board, 0, "#address-cells", 2);
	fdt_setprop_u32(board, 0, "#size-cells", 2);
	if (r == 0)
		r = boot_plan_tree(p, board, &why);
	if (r == 0)
		r = boot_plan_put(p, put, &sum, &why);
	if (r == 0 && boot_plan_dtb(p, &size) && fdt_check_full(boot_plan_dtb(p, &size), size))
		fuzz_bad("the completed tree is none");
	if (r > 0 || (r < 0 && (!why.text[0] || strchr(why.text, '\n'))))
		fuzz_bad("status %d without one line: '%s'", r, why.text);
	boot_plan_free(p);
}

void fuzz_case(struct random *rng)
{
	u64 seed = rng->seed;
	struct boot_files f = { 0 };
	struct boot_request req = { .files = &f, .ranges = ranges, .n_ranges = 1 + (seed & 1), .el2 = seed & 2,
				    .el3 = seed & 4, .pes = 1 + (seed >> 3 & 3) };
	int fds[7] = { 0 };

	random_files(rng, &f, fds);
	plan(&req);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] > 0)
			close(fds[i]);
	boot_files_free(&f);
}
