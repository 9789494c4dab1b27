/* The table of fuzz_count(): it shows that every device of a fuzzer's world is really reached. */
#include "tests/fuzz/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 256 };

static struct row {
	const char *what;
	u64 base, n;
} rows[ROWS];
static size_t used;

void fuzz_count(const char *what, u64 base)
{
	size_t i = 0;

	while (i < used && (rows[i].base != base || strcmp(rows[i].what, what)))
		i++;
	if (i == ROWS)
		return;
	used += i == used;
	rows[i].what = what;
	rows[i].base = base;
	rows[i].n++;
}

static int in_order(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int r = strcmp(x->what, y->what);

	return r ? r : (x->base > y->base) - (x->base < y->base);
}

void fuzz_print_counts(void)
{
	qsort(rows, used, sizeof *rows, in_order);
	for (size_t i = 0; i < used; i++) {
		printf("%12" PRIu64 "  %s", rows[i].n, rows[i].what);
		if (rows[i].base)
			printf(" at %#" PRIx64, rows[i].base);
		printf("\n");
	}
}
