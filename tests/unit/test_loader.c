/*
 * loader/loader.h: what is recognised, where it goes, what the tree says, and how wrong files are
 * refused.
 */
#include <elf.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "loader/loader.h"
#include "tests/unit/harness.h"

#define RAM 0x40000000ull

/* A boot request with its files in a private folder. */
struct bench {
	char dir[32];
	struct boot_files files;
	struct boot_range ram;
	struct boot_request req;
	struct boot_plan *plan;
	struct why why;
	u8 *memory; /* what boot_plan_put() wrote */
};

static void bench_open(struct bench *b, u64 mib)
{
	*b = (struct bench){ .dir = "/tmp/loader-XXXXXX", .ram = { "RAM", RAM, mib << 20 } };
	EXPECT(mkdtemp(b->dir) != NULL);
	b->req = (struct boot_request){
		.files = &b->files, .ranges = &b->ram, .n_ranges = 1, .el2 = true, .pes = 2
	};
}

static char *bench_file(struct bench *b, const char *name, const void *data, size_t n)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", b->dir, name);
	f = fopen(path, "wb");
	EXPECT(f && fwrite(data, 1, n, f) == n);
	if (f)
		fclose(f);
	return strdup(path);
}

static int put(void *ctx, u64 addr, const void *data, size_t n)
{
	struct bench *b = ctx;

	if (addr < RAM || addr - RAM + n > b->ram.size)
		return -1;
	if (data)
		memcpy(b->memory + (addr - RAM), data, n);
	else
		memset(b->memory + (addr - RAM), 0, n);
	return 0;
}

static void *empty_tree(void)
{
	void *fdt = malloc(4096);

	fdt_create_empty_tree(fdt, 4096);
	fdt_setprop_u32(fdt, 0, "#address-cells", 2);
	fdt_setprop_u32(fdt, 0, "#size-cells", 2);
	fdt_pack(fdt);
	return fdt;
}

static int bench_plan(struct bench *b)
{
	void *tree = empty_tree();
	int r = boot_plan_new(&b->plan, &b->req, &b->why);

	if (r == 0)
		r = boot_plan_tree(b->plan, tree, &b->why);
	free(tree);
	if (r < 0)
		return r;
	b->memory = calloc(1, b->ram.size);
	memset(b->memory, 0xa5, 16 << 20);
	return boot_plan_put(b->plan, put, b, &b->why);
}

static void bench_close(struct bench *b)
{
	const char *paths[] = { b->files.kernel, b->files.initrd, b->files.dtb };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (paths[i])
			unlink(paths[i]);
	rmdir(b->dir);
	boot_plan_free(b->plan);
	boot_files_free(&b->files);
	free(b->memory);
}

/* The line must name the option and hold these words; the folder's name is not known beforehand. */
static void refused(struct bench *b, const char *option, const char *words)
{
	int r = bench_plan(b);

	if (r >= 0)
		FAIL_TEST("accepted; wanted a refusal with '%s'", words);
	else if (!strstr(b->why.text, option) || !strstr(b->why.text, words) ||
		 strchr(b->why.text, '\n'))
		FAIL_TEST("wanted '%s' and '%s' in: %s", option, words, b->why.text);
	bench_close(b);
}

struct linux_image {
	u8 bytes[128];
};

static struct linux_image linux_image(u64 text_offset, u64 size)
{
	struct linux_image im = { { 0x1f, 0x20, 0x03, 0xd5 } };

	memcpy(im.bytes + 8, &text_offset, 8);
	memcpy(im.bytes + 16, &size, 8);
	memcpy(im.bytes + 56, "ARM\x64", 4);
	return im;
}

struct elf_image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	u8 code[64];
};

static struct elf_image elf_image(u64 vaddr, u64 paddr)
{
	struct elf_image e = {
		.eh = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_AARCH64,
			.e_version = EV_CURRENT,
			.e_entry = vaddr + 4,
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1 },
		.ph = { .p_type = PT_LOAD,
			.p_flags = PF_R | PF_X,
			.p_offset = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
			.p_vaddr = vaddr,
			.p_paddr = paddr,
			.p_filesz = 64,
			.p_memsz = 4096 },
	};

	memset(e.code, 0x77, sizeof e.code);
	return e;
}

static size_t gzip(const void *in, size_t n, u8 *out, size_t room)
{
	z_stream z = { .next_in = (u8 *)(uintptr_t)in,
		       .avail_in = (uInt)n,
		       .next_out = out,
		       .avail_out = (uInt)room };

	deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return room - z.avail_out;
}

TEST(an_image_stands_at_its_offset_with_initrd_and_tree_above)
{
	struct linux_image im = linux_image(0, 0x10000);
	const struct boot_info *info;
	struct bench b;

	bench_open(&b, 512);
	b.files.kernel = bench_file(&b, "Image", &im, sizeof im);
	b.files.initrd = bench_file(&b, "initrd", "ramdisk", 7);
	ASSERT(bench_plan(&b) == 0);
	info = boot_plan_info(b.plan);
	EXPECT_EQ(info->entry, RAM + 0x200000);
	EXPECT_EQ(info->x0, RAM + (130ull << 20));
	EXPECT_EQ(info->start_el, 2);
	EXPECT_STR(info->psci, "smc");
	EXPECT(info->is_linux);
	EXPECT(!memcmp(b.memory + 0x200000, &im, sizeof im));
	EXPECT(!memcmp(b.memory + (128 << 20), "ramdisk", 7));
	EXPECT_EQ(fdt_check_full(b.memory + (130 << 20), info->dtb_size), 0);
	bench_close(&b);
}

TEST(small_ram_puts_the_initrd_at_half_or_behind_the_kernel)
{
	struct linux_image im = linux_image(0x80000, 0x100000);
	struct bench b;

	bench_open(&b, 32);
	b.files.kernel = bench_file(&b, "Image", &im, sizeof im);
	b.files.initrd = bench_file(&b, "initrd", "ramdisk", 7);
	ASSERT(bench_plan(&b) == 0);
	EXPECT_EQ(boot_plan_info(b.plan)->entry, RAM + 0x80000);
	EXPECT(!memcmp(b.memory + (16 << 20), "ramdisk", 7));
	bench_close(&b);
	im = linux_image(0, 20 << 20);
	bench_open(&b, 32);
	b.files.kernel = bench_file(&b, "Image", &im, sizeof im);
	b.files.initrd = bench_file(&b, "initrd", "ramdisk", 7);
	ASSERT(bench_plan(&b) == 0);
	EXPECT(!memcmp(b.memory + (22 << 20), "ramdisk", 7));
	bench_close(&b);
}

TEST(gzip_and_zboot_are_unwrapped)
{
	struct linux_image im = linux_image(0, 0x10000);
	u8 packed[512] = { 0 };
	u32 offset = 64, size;
	struct bench b;
	size_t n = gzip(&im, sizeof im, packed + 64, sizeof packed - 64);

	bench_open(&b, 256);
	b.files.kernel = bench_file(&b, "Image.gz", packed + 64, n);
	ASSERT(bench_plan(&b) == 0);
	EXPECT(!memcmp(b.memory + 0x200000, &im, sizeof im));
	bench_close(&b);

	size = (u32)n;
	memcpy(packed, "MZ\0\0zimg", 8);
	memcpy(packed + 8, &offset, 4);
	memcpy(packed + 12, &size, 4);
	strcpy((char *)packed + 24, "gzip");
	bench_open(&b, 256);
	b.files.kernel = bench_file(&b, "vmlinuz", packed, 64 + n);
	ASSERT(bench_plan(&b) == 0);
	EXPECT(!memcmp(b.memory + 0x200000, &im, sizeof im));
	bench_close(&b);

	bench_open(&b, 256);
	b.files.kernel = bench_file(&b, "vmlinuz", packed, 64 + n - 9);
	refused(&b, "-kernel", "truncated file?");
	strcpy((char *)packed + 24, "zstd");
	bench_open(&b, 256);
	b.files.kernel = bench_file(&b, "vmlinuz", packed, 64 + n);
	refused(&b, "-kernel", "zstd payload; only gzip is supported");
	bench_open(&b, 256);
	b.files.kernel = bench_file(&b, "Image.gz", packed + 64, n - 9);
	refused(&b, "-kernel", "end too early");
}

TEST(an_elf_goes_to_its_physical_addresses_with_the_tree_below)
{
	struct elf_image e = elf_image(0xffff000000000000, RAM + 0x80000);
	const struct boot_info *info;
	struct bench b;

	bench_open(&b, 16);
	b.files.kernel = bench_file(&b, "a.elf", &e, sizeof e);
	b.req.el3 = true;
	ASSERT(bench_plan(&b) == 0);
	info = boot_plan_info(b.plan);
	EXPECT_EQ(info->entry, RAM + 0x80004);
	EXPECT_EQ(info->start_el, 3);
	EXPECT(!info->psci && !info->is_linux);
	EXPECT_EQ(info->dtb_addr, RAM);
	EXPECT_EQ(b.memory[0x80000], 0x77);
	EXPECT_EQ(b.memory[0x80040], 0);
	EXPECT_EQ(b.memory[0x80fff], 0);
	EXPECT_EQ(b.memory[0x81000], 0xa5);
	bench_close(&b);
}

TEST(an_elf_at_the_start_of_ram_gets_no_tree)
{
	struct elf_image e = elf_image(RAM, RAM);
	struct bench b;

	bench_open(&b, 16);
	b.files.kernel = bench_file(&b, "a.elf", &e, sizeof e);
	ASSERT(bench_plan(&b) == 0);
	EXPECT_EQ(boot_plan_info(b.plan)->x0, 0);
	bench_close(&b);
}

static void refused_elf(struct elf_image e, size_t size, const char *words)
{
	struct bench b;

	bench_open(&b, 16);
	b.files.kernel = bench_file(&b, "a.elf", &e, size);
	refused(&b, "-kernel", words);
}

TEST(wrong_elf_files_are_refused)
{
	struct elf_image e = elf_image(RAM, RAM);

	e.eh.e_machine = EM_X86_64;
	refused_elf(e, sizeof e, "this one is for x86-64");
	e = elf_image(RAM, RAM);
	e.eh.e_ident[EI_DATA] = ELFDATA2MSB;
	refused_elf(e, sizeof e, "");
	refused_elf(elf_image(RAM, RAM), 100, "");
	refused_elf(elf_image(RAM, RAM), sizeof e - 8, "truncated file?");
	refused_elf(elf_image(RAM, 0), sizeof e, "do not lie in memory");
	e = elf_image(RAM, RAM);
	e.ph.p_memsz = ~0ull;
	refused_elf(e, sizeof e, "do not lie in memory");
	e = elf_image(RAM, RAM);
	e.ph.p_type = PT_NOTE;
	refused_elf(e, sizeof e, "nothing to load");
}

TEST(missing_empty_and_misplaced_files_are_refused)
{
	struct linux_image im = linux_image(0, 0x10000);
	struct bench b;

	bench_open(&b, 16);
	b.files.kernel = strdup("/nowhere/Image");
	refused(&b, "-kernel /nowhere/Image", "No such file");
	bench_open(&b, 16);
	b.files.kernel = bench_file(&b, "Image", "", 0);
	refused(&b, "-kernel", "the file is empty");
	bench_open(&b, 16);
	b.files.kernel = strdup("/tmp");
	refused(&b, "-kernel /tmp", "expected a regular file");
	bench_open(&b, 16);
	im = linux_image(0, 1 << 30);
	b.files.kernel = bench_file(&b, "Image", &im, sizeof im);
	refused(&b, "-kernel", "do not lie in memory");
	bench_open(&b, 16);
	im = linux_image(0, 0x1000);
	b.files.kernel = bench_file(&b, "Image", &im, sizeof im);
	b.files.dtb = bench_file(&b, "dtb", &im, sizeof im);
	refused(&b, "-dtb", "expected a flattened device tree");
}

TEST(overlapping_images_are_both_named)
{
	struct linux_image im = linux_image(0, 0x10000);
	struct bench b;

	bench_open(&b, 16);
	b.files.kernel = bench_file(&b, "Image", &im, sizeof im);
	b.files.n_modules = 1;
	b.files.modules[0].file = strdup(b.files.kernel);
	b.files.modules[0].addr = RAM + 0x20ff80;
	refused(&b, "-device guest-loader,kernel", "overlaps -kernel");
}

TEST(the_tree_gets_psci_memory_chosen_and_modules)
{
	struct linux_image im = linux_image(0, 0x10000);
	const char *text;
	const void *fdt;
	struct bench b;
	size_t size;
	int node, len;

	bench_open(&b, 256);
	b.files.kernel = bench_file(&b, "xen", &im, sizeof im);
	b.files.append = strdup("console=dtuart");
	b.files.n_modules = 1;
	b.files.modules[0].file = strdup(b.files.kernel);
	b.files.modules[0].addr = RAM + 0x1000000;
	b.files.modules[0].bootargs = strdup("console=hvc0");
	ASSERT(bench_plan(&b) == 0);
	fdt = boot_plan_dtb(b.plan, &size);
	node = fdt_path_offset(fdt, "/psci");
	text = fdt_getprop(fdt, node, "method", &len);
	EXPECT_STR(text, "smc");
	EXPECT(fdt_path_offset(fdt, "/memory@40000000") > 0);
	node = fdt_path_offset(fdt, "/chosen");
	text = fdt_getprop(fdt, node, "bootargs", &len);
	EXPECT_STR(text, "console=dtuart");
	node = fdt_path_offset(fdt, "/chosen/module@0x41000000");
	text = fdt_getprop(fdt, node, "bootargs", &len);
	EXPECT_STR(text, "console=hvc0");
	EXPECT(fdt_node_check_compatible(fdt, node, "multiboot,kernel") == 0);
	bench_close(&b);
}

TEST(a_user_tree_keeps_its_own_nodes)
{
	struct linux_image im = linux_image(0, 0x10000);
	void *tree = malloc(8192);
	const void *fdt;
	struct bench b;
	size_t size;
	int node;

	fdt_create_empty_tree(tree, 8192);
	fdt_setprop_u32(tree, 0, "#address-cells", 1);
	fdt_setprop_u32(tree, 0, "#size-cells", 1);
	fdt_add_subnode(tree, 0, "mine");
	fdt_add_subnode(tree, 0, "memory@0");
	fdt_pack(tree);
	bench_open(&b, 256);
	b.files.kernel = bench_file(&b, "Image", &im, sizeof im);
	b.files.dtb = bench_file(&b, "dtb", tree, fdt_totalsize(tree));
	free(tree);
	ASSERT(bench_plan(&b) == 0);
	fdt = boot_plan_dtb(b.plan, &size);
	EXPECT(fdt_path_offset(fdt, "/mine") > 0);
	EXPECT(fdt_path_offset(fdt, "/memory@0") < 0);
	node = fdt_path_offset(fdt, "/memory@40000000");
	fdt_getprop(fdt, node, "reg", &node);
	EXPECT_EQ(node, 8); /* bytes: one cell each */
	bench_close(&b);
}
