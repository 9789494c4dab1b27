/* Names of addresses: text files, ELF files (also damaged ones), lookup both ways. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/symbols.h"
#include "tests/unit/harness.h"

static const char map[] = "ffff800008000000 T _text\n"
			  "ffff800008000000 t _head\n"
			  "ffff800008010000 T start_kernel\n"
			  "ffff800008010100 t helper\t[module]\n"
			  "ffff800008020000 D jiffies\r\n"
			  "                 U outside\n"
			  "ffff800008020008 a absolute\n"
			  "ffff800008010080 t $x\n"
			  "no symbol at all\n"
			  "ffff800008020010 d twice\n"
			  "ffff800008000010 t twice"; /* no newline at the end */

static struct symbols *of_map(u64 offset)
{
	struct symbols *s = symbols_new();
	struct why why = { "" };

	EXPECT_EQ(symbols_load_bytes(s, "map", map, sizeof map - 1, offset, &why), 7);
	return s;
}

static const char *at(struct symbols *s, u64 addr)
{
	static char text[SYMBOLS_TEXT];

	return symbols_text(s, addr, text);
}

TEST(nm_text_gives_names_both_ways)
{
	struct symbols *s = of_map(0);
	u64 addr = 0;

	EXPECT(symbols_find(s, "start_kernel", &addr));
	EXPECT_EQ(addr, 0xffff800008010000);
	EXPECT(symbols_find(s, "jiffies", &addr));
	EXPECT(!symbols_find(s, "start_kerne", &addr) && !symbols_find(s, "outside", &addr) && !symbols_find(s, "$x", &addr));
	EXPECT_STR(at(s, 0xffff800008010000), "start_kernel");
	EXPECT_STR(at(s, 0xffff8000080100fc), "start_kernel+0xfc");
	EXPECT_STR(at(s, 0xffff800008010104), "helper+0x4");
	EXPECT_STR(at(s, 0xffff800007ffffff), "");
	EXPECT_STR(at(s, 0xffff800018020010), ""); /* too far from the last one */
	EXPECT_STR(at(s, 0), "");
	symbols_free(s);
}

TEST(of_several_the_first_name_and_the_lowest_address)
{
	struct symbols *s = of_map(0);
	u64 addr = 0;

	EXPECT_STR(at(s, 0xffff800008000000), "_head");
	EXPECT(symbols_find(s, "twice", &addr));
	EXPECT_EQ(addr, 0xffff800008000010);
	symbols_free(s);
}

TEST(an_offset_moves_all)
{
	struct symbols *s = of_map(0x200000);
	u64 addr = 0;

	EXPECT(symbols_find(s, "start_kernel", &addr));
	EXPECT_EQ(addr, 0xffff800008210000);
	symbols_clear(s);
	EXPECT_EQ(symbols_count(s), 0);
	EXPECT(!symbols_find(s, "start_kernel", &addr));
	EXPECT_STR(at(s, 0xffff800008210000), "");
	symbols_free(s);
}

static void count_name(void *ctx, const char *name, u64 addr)
{
	++*(unsigned *)ctx;
}

TEST(names_are_found_by_their_begin)
{
	struct symbols *s = of_map(0);
	unsigned n = 0;

	symbols_each(s, "", 100, count_name, &n);
	EXPECT_EQ(n, 7);
	n = 0;
	symbols_each(s, "", 3, count_name, &n);
	EXPECT_EQ(n, 3);
	n = 0;
	symbols_each(s, "twice", 100, count_name, &n);
	EXPECT_EQ(n, 2);
	symbols_free(s);
}

TEST(what_is_no_symbol_file_is_refused)
{
	struct symbols *s = symbols_new();
	struct why why = { "" };
	char *big = calloc(1, 1 << 20);

	EXPECT(symbols_load_bytes(s, "zeros", big, 1 << 20, 0, &why) < 0);
	EXPECT_STR(why.text, "zeros: no table of symbols was found");
	EXPECT(symbols_load_bytes(s, "empty", "", 0, 0, &why) < 0);
	EXPECT_STR(why.text, "empty: expected an ELF file with symbols, or lines such as 'ffff800008000000 T name' (System.map, kallsyms)");
	EXPECT(symbols_load_bytes(s, "elf", "\177ELF", 4, 0, &why) < 0);
	EXPECT(symbols_load(s, "/nonexistent/file", 0, &why) < 0);
	EXPECT_STR(why.text, "/nonexistent/file: cannot open: No such file or directory");
	EXPECT(symbols_load(s, "/dev/null", 0, &why) < 0);
	EXPECT(symbols_load(s, "/", 0, &why) < 0);
	memset(big, 'a', 1 << 20);
	memcpy(big, "ffff800008000000 T ", 19);
	EXPECT(symbols_load_bytes(s, "long name", big, 1 << 20, 0, &why) < 0);
	EXPECT_EQ(symbols_count(s), 0);
	free(big);
	symbols_free(s);
}

/* A file with two symbols: a function of 16 bytes, and a section that names nothing. */
struct tiny {
	Elf64_Ehdr e;
	Elf64_Shdr section[4];
	Elf64_Sym sym[3];
	char strings[32];
};

static void make_tiny(struct tiny *t)
{
	*t = (struct tiny){
		.e = { .e_type = ET_EXEC, .e_machine = EM_AARCH64, .e_version = EV_CURRENT, .e_shoff = offsetof(struct tiny, section), .e_ehsize = sizeof t->e,
		       .e_shentsize = sizeof t->section[0], .e_shnum = 4, .e_shstrndx = 3 },
		.section = { [1] = { .sh_type = SHT_SYMTAB, .sh_offset = offsetof(struct tiny, sym), .sh_size = sizeof t->sym, .sh_link = 2,
				     .sh_entsize = sizeof t->sym[0] },
			     [2] = { .sh_type = SHT_STRTAB, .sh_offset = offsetof(struct tiny, strings), .sh_size = sizeof t->strings },
			     [3] = { .sh_type = SHT_STRTAB, .sh_offset = offsetof(struct tiny, strings), .sh_size = sizeof t->strings } },
		.sym = { [1] = { .st_name = 1, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = 1, .st_value = 0x40080000, .st_size = 16 },
			 [2] = { .st_name = 6, .st_info = ELF64_ST_INFO(STB_LOCAL, STT_SECTION), .st_shndx = 1, .st_value = 0x40090000 } },
		.strings = "\0main\0section",
	};
	memcpy(t->e.e_ident, ELFMAG, SELFMAG);
	t->e.e_ident[EI_CLASS] = ELFCLASS64;
	t->e.e_ident[EI_DATA] = ELFDATA2LSB;
	t->e.e_ident[EI_VERSION] = EV_CURRENT;
}

TEST(an_elf_file_gives_functions_with_their_size)
{
	struct symbols *s = symbols_new();
	struct why why = { "" };
	struct tiny t;

	make_tiny(&t);
	EXPECT_EQ(symbols_load_bytes(s, "tiny", &t, sizeof t, 0, &why), 1);
	EXPECT_STR(at(s, 0x4008000c), "main+0xc");
	EXPECT_STR(at(s, 0x40080010), "");
	t.e.e_machine = EM_X86_64;
	EXPECT(symbols_load_bytes(s, "tiny", &t, sizeof t, 0, &why) < 0);
	EXPECT_STR(why.text, "tiny: expected an AArch64 ELF file");
	symbols_free(s);
}

TEST(damaged_elf_files_do_no_harm)
{
	struct symbols *s = symbols_new();
	struct why why;
	struct tiny t;

	for (size_t i = 0; i < sizeof t; i++)
		for (unsigned v = 0; v < 256; v += 51) {
			make_tiny(&t);
			((u8 *)&t)[i] = (u8)v;
			symbols_load_bytes(s, "damaged", &t, sizeof t, 0, &why);
			symbols_load_bytes(s, "cut", &t, i, 0, &why);
			at(s, 0x40080008);
			symbols_clear(s);
		}
	symbols_free(s);
}
