/*
 * Build-time generator: turns the bit pictures of a64.def into masks and values (printed as #defines) and the decode index: rows by
 * bits 31:21 of the word, in table order. Reads nothing, writes the header to standard output.
 */
#include <stdio.h>
#include <stdlib.h>
#include "base/types.h"

struct row {
	const char *name, *picture;
	u32 mask, value;
};

static struct row rows[] = {
#define INSN(name, pic, ...) { #name, pic, 0, 0 },
#include "cpu/a64.def"
#undef INSN
};
enum { N = ARRAY_SIZE(rows) };

static void parse(struct row *r)
{
	unsigned n = 0;

	for (const char *p = r->picture; *p; p++) {
		if (*p == ' ')
			continue;
		r->mask = r->mask << 1 | (*p == '0' || *p == '1');
		r->value = r->value << 1 | (*p == '1');
		n++;
	}
	if (n != 32) {
		fprintf(stderr, "a64.def: %s: the picture has %u bits, expected 32\n", r->name, n);
		exit(1);
	}
}

int main(void)
{
	unsigned total = 0;
	static unsigned start[2049];

	for (unsigned i = 0; i < N; i++) {
		parse(&rows[i]);
		printf("#define A64_MASK_%s 0x%08xu\n#define A64_VALUE_%s 0x%08xu\n", rows[i].name, rows[i].mask, rows[i].name,
		       rows[i].value);
	}
	printf("#ifdef A64_INDEX\nstatic const u16 a64_index[] = {");
	for (unsigned b = 0; b < 2048; b++) {
		start[b] = total;
		for (unsigned i = 0; i < N; i++)
			if (((b << 21) & rows[i].mask & 0xffe00000u) == (rows[i].value & 0xffe00000u))
				printf("%s%u,", total++ % 16 ? " " : "\n\t", i);
	}
	start[2048] = total;
	printf("\n};\nstatic const u16 a64_start[2049] = {");
	for (unsigned b = 0; b <= 2048; b++)
		printf("%s%u,", b % 16 ? " " : "\n\t", start[b]);
	printf("\n};\n#endif\n");
	return 0;
}
