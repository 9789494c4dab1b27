/*
 * The program: options, then one machine with its console. The only file that decides the process's
 * exit status. Every refusal is one line on standard error and status 1.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cpu/features.h"
#include "frontend/options.h"
#include "frontend/report.h"
#include "frontend/session.h"

/* tests/guest/demo, embedded by its build; size 0 without a cross compiler */
extern const unsigned char demo_elf[];
extern const unsigned long demo_elf_size;

static int use_demo(struct config *c, struct why *why)
{
	if (!demo_elf_size)
		return why_set(why, ENOENT,
			       "--demo: this program was built without it (no aarch64 cross "
			       "compiler was there)");
	c->boot.builtin = demo_elf;
	c->boot.builtin_size = demo_elf_size;
	return 0;
}

static int write_tree(const char *path, const void *tree, size_t size, struct why *why)
{
	FILE *f = fopen(path, "wb");
	struct stat st;
	bool whole;

	if (!f)
		return why_set(why, errno, "-machine dumpdtb=%s: cannot open: %s", path,
			       strerror(errno));
	whole = fwrite(tree, 1, size, f) == size;
	whole &= fclose(f) == 0;
	if (whole)
		return 0;
	if (!stat(path, &st) && S_ISREG(st.st_mode)) /* a device stays */
		remove(path);
	return why_set(why, EIO, "-machine dumpdtb=%s: cannot write", path);
}

static int dump_tree(const struct config *c, struct why *why)
{
	struct boot_plan *plan;
	struct cpu_core core;
	const void *tree;
	size_t size;
	int r;

	/* options_parse() saw that the core can be made */
	cpu_core_make(&core, cpu_core_find(c->cpu), c->virtualization, c->secure, c->cpu_features);
	r = board_plan(&plan, c, &core, why);
	if (r < 0)
		return r;
	tree = boot_plan_dtb(plan, &size);
	r = write_tree(c->dumpdtb, tree, size, why);
	boot_plan_free(plan);
	return r;
}

static int run(struct config *c, int *status, struct why *why)
{
	int r = c->demo ? use_demo(c, why) : 0;

	if (r < 0)
		return r;
	return c->dumpdtb ? dump_tree(c, why) : session_run(c, status, why);
}

static int show(enum options_ask ask, struct why *why)
{
	options_show(ask, stdout);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	return why_set(why, EIO, "standard output: cannot write: %s", strerror(errno));
}

static int refused(const struct why *why)
{
	fprintf(stderr, "trapline: %s\n", why->text);
	return 1;
}

int main(int argc, char **argv)
{
	enum options_ask ask;
	struct config config;
	struct why why;
	int r, status = 0;

	signal(SIGPIPE, SIG_IGN); /* write() says it */
	signal(SIGXFSZ, SIG_IGN);
	if (argc > 1 && !strcmp(argv[1], "report"))
		return report_command(argc - 1, argv + 1, &why) < 0 ? refused(&why) : 0;
	config_init(&config);
	r = options_parse(&config, argc, argv, &ask, &why);
	if (r == 0 && ask != ASK_RUN)
		r = show(ask, &why);
	else if (r == 0)
		r = run(&config, &status, &why);
	config_free(&config);
	return r < 0 ? refused(&why) : status;
}
