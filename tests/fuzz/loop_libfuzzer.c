/* loop.h for libFuzzer, which has main(), options, watchdog and reports of its own. */
#include "tests/fuzz/loop.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t n);

void fuzz_bad(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	abort();
}

u64 fuzz_option(const char *option, u64 otherwise)
{
	return otherwise;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return atexit(fuzz_print_counts);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t n)
{
	struct random r = { .at = data, .end = data + n };

	fuzz_case(&r);
	return 0;
}
