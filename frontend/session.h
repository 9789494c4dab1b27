/*
 * One machine with its console: where UART bytes go, where keys come from, how idle time passes,
 * and what is printed when the run ends. Called by main.c.
 */
#ifndef FRONTEND_SESSION_H
#define FRONTEND_SESSION_H

#include "machine/config.h"

/*
 * Builds the machine, runs it to its end and reports. *status is the exit status for the shell. A
 * negative errno with one line in *why when it could not be built or the reports not be written.
 */
int session_run(const struct config *c, int *status, struct why *why);

#endif
