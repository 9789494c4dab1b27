/*
 * Command lines out of the options' own names and values, cut, joined and misspelt. Each must be taken
 * or refused with one line. Meant for the sanitizer build.
 *
 *	fuzz_options [--seed S] [--runs N] [--seconds N]
 */
#include <stdlib.h>
#include <string.h>

#include "frontend/options.h"
#include "tests/fuzz/loop.h"
#include "tests/fuzz/random.h"

enum { MAX_WORDS = 1024, MAX_ARGS = 24 };

/* Words that --help prints, so that a new option is tried without a change here. */
struct words {
	char *text, *word[MAX_WORDS];
	size_t n;
};

static struct words words_of_help(void)
{
	struct words w = { 0 };
	char *save = NULL;
	size_t size;
	FILE *f = open_memstream(&w.text, &size);

	if (!f)
		abort();
	for (int ask = ASK_HELP; ask <= ASK_LOG; ask++)
		options_show((enum options_ask)ask, f);
	fclose(f);
	for (char *t = strtok_r(w.text, " \t\n|[]", &save); t && w.n < MAX_WORDS; t = strtok_r(NULL, " \t\n|[]", &save))
		w.word[w.n++] = t;
	return w;
}

static const char *some_word(struct random *rng, const struct words *w)
{
	static const char *const values[] = {
		"virt", "virtualization=on", "secure=on", "gic-version=3", "gic-version=", "-1", "0", "1", "9", "512M", "1T",
		"18446744073709551616", "0x", "0x40000000", "on", "off", "", ",", "=", ",,", "a,,b", "file=/dev/null",
		"addr=0x40080000", "data=0x1", "data-len=8", "cpu-num=0", "cpu-num=-1", "loader", "guest-loader", "kernel=x",
		"initrd=x", "bootargs=a,,b c", "mon:stdio", "file:", "base=2024-01-01T00:00:00", "base=localtime", "cpus=4",
		"sockets=1", "threads=99999999999", "l1d=10,l1i=10,main=512:4", "main=3:2:plru", "neoverse-n1,lse=off", "max,el2=x",
		"int,guest_errors,mmu", "%s%n", "-", "--", "-M", "-device", "-cpu", "-smp", "-m", "--tlb", "-rtc", "-d"
	};

	if (random_percent(rng, 50))
		return w->word[random_below(rng, w->n)];
	return values[random_below(rng, ARRAY_SIZE(values))];
}

static char *random_argument(struct random *rng, const struct words *w)
{
	char text[512];
	size_t n;

	snprintf(text, sizeof text, "%s", some_word(rng, w));
	for (u64 i = random_percent(rng, 60) ? 0 : 1 + random_below(rng, 4); i; i--) {
		n = strlen(text);
		snprintf(text + n, sizeof text - n, "%s%s", random_percent(rng, 70) ? "," : "=", some_word(rng, w));
	}
	n = strlen(text);
	if (n && random_percent(rng, 15))
		text[random_below(rng, n)] = (char)(1 + random_below(rng, 255));
	if (n && random_percent(rng, 5))
		text[random_below(rng, n)] = 0;
	if (random_percent(rng, 1)) { /* a very long one */
		memset(text, 'x', sizeof text - 1);
		text[sizeof text - 1] = 0;
	}
	return strdup(text);
}

/* Most of a command line is as users write it, so that the parser comes to its end. */
static char *sound_pair(struct random *rng, char *argv[2])
{
	static const char *const pairs[][2] = {
		{ "-M", "virt,virtualization=on,gic-version=3" }, { "-M", "virt,secure=on,highmem=off,acpi=off" },
		{ "-cpu", "neoverse-n1" }, { "-cpu", "max,lse=off,vhe=on" }, { "-smp", "4" }, { "-smp", "cpus=2,sockets=1" },
		{ "-m", "1G" }, { "-m", "size=512M" }, { "-kernel", "Image" }, { "-initrd", "rd" }, { "-append", "a=b c,d" },
		{ "-dtb", "t.dtb" }, { "-serial", "mon:stdio" }, { "-serial", "file:x" },
		{ "-device", "loader,file=x,addr=0x40000000,cpu-num=0" }, { "-device", "loader,data=0x12,data-len=4,addr=0x1000" },
		{ "-device", "guest-loader,addr=0x49000000,kernel=x,bootargs=console=hvc0 a,,b" },
		{ "-rtc", "base=2024-01-01T00:00:00" }, { "-d", "int,mmu" }, { "-D", "log" }, { "--stats", "dir" },
		{ "--tlb", "l1i=10,l1d=10,main=512:4" }, { "--max-block", "7" }, { "--max-insns", "1000" }, { "--seed", "5" },
	};
	size_t i = random_below(rng, ARRAY_SIZE(pairs));

	argv[0] = strdup(pairs[i][0]);
	return argv[1] = strdup(pairs[i][1]);
}

static void damage(struct random *rng, char *text)
{
	size_t n = strlen(text), at = random_below(rng, n);

	switch (random_below(rng, 3)) {
	case 0:
		text[at] = (char)(1 + random_below(rng, 255));
		break;
	case 1:
		text[at] = 0;
		break;
	default:
		text[at] = ",=:0-"[random_below(rng, 5)];
	}
}

static int random_line(struct random *rng, const struct words *w, char **argv)
{
	int argc = 1, n = 1 + (int)random_below(rng, MAX_ARGS - 1);

	while (argc < n) {
		char *value;

		if (random_percent(rng, 10)) {
			argv[argc++] = random_argument(rng, w);
			continue;
		}
		value = sound_pair(rng, argv + argc);
		argc += 2;
		if (random_percent(rng, 8))
			damage(rng, value);
	}
	return argc;
}

void fuzz_case(struct random *rng)
{
	static struct words w;
	char *argv[MAX_ARGS + 2] = { (char *)"trapline" };
	enum options_ask ask = ASK_RUN;
	struct why why = { "" };
	struct config c;
	int argc, r;

	if (!w.n)
		w = words_of_help();
	argc = random_line(rng, &w, argv);
	config_init(&c);
	r = options_parse(&c, argc, argv, &ask, &why);
	if (r > 0 || (r < 0 && !why.text[0]))
		fuzz_bad("status %d with '%s'", r, why.text);
	if (r < 0 && strchr(why.text, '\n'))
		fuzz_bad("more than one line: '%s'", why.text);
	config_free(&c);
	for (int i = 1; i < argc; i++)
		free(argv[i]);
}
