/* The symbol table of kernel images: made here in the forms that Linux and Xen have, and damaged. */
#include <stdlib.h>
#include <string.h>

#include "frontend/kallsyms.h"
#include "tests/unit/harness.h"

enum { NAMES = 1500, ROOM = 200000 };

struct image {
	u8 b[ROOM];
	size_t n;
};

enum form { LINUX_61, LINUX_64, XEN };

static void put(struct image *i, u64 v, size_t n)
{
	memcpy(i->b + i->n, &v, n);
	i->n += n;
}

static void pad(struct image *i, size_t to)
{
	i->n = (i->n + to - 1) / to * to;
}

static void put_offsets(struct image *i, u64 base)
{
	for (u32 k = 0; k < NAMES; k++)
		put(i, 0x40 * k, 4);
	pad(i, 8);
	put(i, base, 8);
}

/* Each token is a character, but token 1, which is "function_". Symbol k is called function_k, with 'T' in front. */
static void put_names(struct image *i, u32 marker[16])
{
	size_t begin = i->n;
	char text[16];

	for (u32 k = 0; k < NAMES; k++) {
		int n = snprintf(text, sizeof text, "T\1%u", k);

		if (k % 256 == 0)
			marker[k / 256] = (u32)(i->n - begin);
		put(i, (u64)n, 1);
		memcpy(i->b + i->n, text, (size_t)n);
		i->n += (size_t)n;
	}
}

static void put_tokens(struct image *i)
{
	u16 offset[256];
	size_t begin = i->n;

	for (unsigned t = 0; t < 256; t++) {
		offset[t] = (u16)(i->n - begin);
		if (t == 1)
			i->n += (size_t)sprintf((char *)i->b + i->n, "function_");
		else if (t > ' ' && t < 0x7f)
			put(i, t, 1);
		put(i, 0, 1);
	}
	pad(i, 8);
	memcpy(i->b + i->n, offset, sizeof offset);
	i->n += sizeof offset;
}

static struct image *make(enum form form, u64 base)
{
	struct image *i = calloc(1, sizeof *i);
	u32 marker[16];

	i->n = 4096;
	if (form == LINUX_61)
		put_offsets(i, base);
	for (u32 k = 0; form == XEN && k < NAMES; k++)
		put(i, base + 0x40 * k, 8);
	put(i, NAMES, 4);
	pad(i, 8);
	put_names(i, marker);
	pad(i, 8);
	for (u32 k = 0; k <= (NAMES - 1) / 256; k++)
		put(i, marker[k], 4);
	pad(i, 8);
	put_tokens(i);
	pad(i, 8);
	if (form == LINUX_64)
		put_offsets(i, base);
	i->n += 4096;
	return i;
}

TEST(each_form_of_the_table_is_read)
{
	static const enum form forms[] = { LINUX_61, LINUX_64, XEN };

	for (size_t k = 0; k < 3; k++) {
		struct symbols *s = symbols_new();
		struct image *i = make(forms[k], 0xffff800008010000);
		char text[SYMBOLS_TEXT];
		struct why why = { "" };
		u64 addr = 0;

		EXPECT_EQ(kallsyms_add(s, "image", i->b, i->n, 0, &why), NAMES);
		EXPECT_STR(why.text, "");
		EXPECT(symbols_find(s, "function_1234", &addr));
		EXPECT_EQ(addr, 0xffff800008010000 + 0x40 * 1234);
		EXPECT_STR(symbols_text(s, 0xffff800008010000 + 0x40 * 7 + 12, text), "function_7+0xc");
		symbols_free(s);
		free(i);
	}
}

TEST(an_image_that_does_not_say_where_it_runs_wants_to_be_told)
{
	struct symbols *s = symbols_new();
	struct image *i = make(LINUX_61, 0);
	struct why why = { "" };
	u64 addr = 0;

	EXPECT(kallsyms_add(s, "image", i->b, i->n, 0, &why) < 0);
	EXPECT_STR(why.text, "image: it does not say where it runs; expected the address of its first symbol as offset");
	EXPECT_EQ(kallsyms_add(s, "image", i->b, i->n, 0x1000000, &why), NAMES);
	EXPECT(symbols_find(s, "function_1", &addr));
	EXPECT_EQ(addr, 0x1000040);
	symbols_free(s);
	free(i);
}

TEST(without_a_table_there_is_a_refusal)
{
	struct symbols *s = symbols_new();
	struct why why = { "" };
	u8 *zeros = calloc(1, 1 << 20);

	EXPECT(kallsyms_add(s, "zeros", zeros, 1 << 20, 0, &why) < 0);
	EXPECT_STR(why.text, "zeros: no table of symbols was found");
	EXPECT(kallsyms_add(s, "nothing", zeros, 0, 0, &why) < 0);
	symbols_free(s);
	free(zeros);
}

TEST(damaged_tables_do_no_harm)
{
	struct symbols *s = symbols_new();
	struct image *good = make(LINUX_61, 0xffff800008010000), *bad = malloc(sizeof *bad);
	u32 random = 1;
	struct why why;

	for (unsigned k = 0; k < 300; k++) {
		*bad = *good;
		for (unsigned n = 0; n < 1 + k % 4; n++) {
			random = random * 1664525 + 1013904223;
			bad->b[(random >> 8) % good->n] = (u8)random;
		}
		kallsyms_add(s, "damaged", bad->b, bad->n, 0, &why);
		kallsyms_add(s, "cut", bad->b, (random >> 4) % bad->n, 0, &why);
		symbols_clear(s);
	}
	free(good);
	free(bad);
	symbols_free(s);
}

/* A guest that fills its memory with what looks like a table everywhere. */
TEST(a_hostile_image_costs_little)
{
	static const u8 digits[] = "0\0001\0002\0003\0004\0005\0006";
	struct symbols *s = symbols_new();
	size_t size = 8 << 20;
	u8 *image = calloc(1, size);
	struct why why;

	for (size_t i = 0; i + sizeof digits < size; i += sizeof digits)
		memcpy(image + i, digits, sizeof digits);
	EXPECT(kallsyms_add(s, "hostile", image, size, 0, &why) < 0);
	free(image);
	symbols_free(s);
}
