/* loop.h by seeds. --seed S, --runs N, --seconds N (default 60), --watchdog SECONDS, --counts 1: status 1 when something was wrong. */
#include "tests/fuzz/loop.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WATCHDOG_SECONDS = 60 };

static struct {
	int argc;
	char **argv;
	volatile u64 seed;
	u64 bad;
} loop;

/* Only the seed is wanted: the same case can be made under a debugger. */
static void say_seed(void)
{
	char text[64];
	int n = snprintf(text, sizeof text, "\nseed %" PRIu64 "\n", loop.seed);

	if (write(STDERR_FILENO, text, (size_t)n) != n)
		_exit(3);
}

static void on_alarm(int sig)
{
	static const char text[] = "does not end\n";

	(void)sig;
	say_seed();
	if (write(STDERR_FILENO, text, sizeof text - 1) > 0)
		abort();
	_exit(3);
}

void fuzz_bad(const char *format, ...)
{
	va_list args;

	printf("seed %" PRIu64 ": ", loop.seed);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	loop.bad++;
}

u64 fuzz_option(const char *option, u64 otherwise)
{
	for (int i = 1; i + 1 < loop.argc; i++)
		if (!strcmp(loop.argv[i], option))
			return strtoull(loop.argv[i + 1], NULL, 0);
	return otherwise;
}

void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

int main(int argc, char **argv)
{
	u64 seed, runs, seconds, done = 0;
	time_t start = time(NULL);

	loop.argc = argc;
	loop.argv = argv;
	seed = fuzz_option("--seed", 1);
	runs = fuzz_option("--runs", UINT64_MAX);
	seconds = fuzz_option("--seconds", runs == UINT64_MAX ? 60 : UINT64_MAX / 2);
	signal(SIGALRM, on_alarm);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(say_seed);
	for (; done < runs && (u64)(time(NULL) - start) < seconds; done++) {
		loop.seed = seed + done;
		alarm((unsigned)fuzz_option("--watchdog", WATCHDOG_SECONDS));
		fuzz_case(&(struct random){ .seed = loop.seed });
	}
	if (fuzz_option("--counts", 0))
		fuzz_print_counts();
	printf("%" PRIu64 " cases from seed %" PRIu64 ", %" PRIu64 " with something wrong\n", done, seed, loop.bad);
	return loop.bad != 0;
}
