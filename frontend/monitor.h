/*
 * The monitor: somebody types commands (command.h) and reads what they print, on the terminal beside the console (Ctrl-A c), on
 * standard input and output alone (-monitor stdio), or at a Unix socket (-monitor unix:PATH). Called by session.c.
 *
 * On a terminal lines are edited (line_edit.h). Anywhere else lines are lines: from standard input, a script, the next one is read
 * when the machine has done what the last one asked for (a stop, or the end of the run after `continue`).
 */
#ifndef FRONTEND_MONITOR_H
#define FRONTEND_MONITOR_H

#include "base/why.h"
#include "frontend/control.h"
#include "frontend/terminal.h"

struct monitor;
struct monitor_socket;

/* The terminal's; both are borrowed. NULL without memory. */
struct monitor *monitor_on_terminal(struct control *c, struct terminal *t);
void monitor_free(struct monitor *m);
/* Listens at the path; one client at a time. 0, or negative errno with *why. */
int monitor_listen(struct monitor_socket **out, struct control *c, const char *path, struct why *why);
void monitor_socket_free(struct monitor_socket *s);

#endif
