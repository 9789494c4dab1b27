/*
 * The command line: QEMU's options, as far as what they ask for exists here, and ours. One table
 * (options.c) is read by the parser, --help and the man page. Called by main.c; nothing here prints
 * or exits except options_show().
 */
#ifndef FRONTEND_OPTIONS_H
#define FRONTEND_OPTIONS_H

#include <stdio.h>

#include "machine/config.h"

/* What the command line asks for instead of a run. */
enum options_ask {
	ASK_RUN,
	ASK_HELP,
	ASK_MAN,
	ASK_VERSION,
	ASK_MACHINES,
	ASK_CPUS,
	ASK_DEVICES,
	ASK_LOG,
	ASK_TIMING,
	ASK_STATS,
};

/*
 * Fills *c (which config_init() prepared) from argv[1..]. 0, or a negative errno and one line in
 * *why that names the option, what was expected and what came.
 */
int options_parse(struct config *c, int argc, char **argv, enum options_ask *ask, struct why *why);
/* Prints the answer to anything but ASK_RUN. */
void options_show(enum options_ask ask, FILE *out);

#endif
