/*
 * Where a debugger that speaks GDB's remote protocol connects: a TCP port or a Unix socket, one client at a time. The protocol is
 * gdb_stub.c's; here bytes travel. Nothing blocks: a client that does not read is dropped when what waits for it gets too much, one that
 * vanishes lets go of the machine, and whoever comes next is welcome. Made by session.c, served by control.c.
 */
#ifndef FRONTEND_GDB_H
#define FRONTEND_GDB_H

#include "base/why.h"
#include "frontend/control.h"

struct gdb;
struct log;

/* "tcp::PORT", "tcp:HOST:PORT", "unix:PATH" or "none"; QEMU's ",server,nowait" behind it says what is so anyway. */
int gdb_check_address(const char *where, struct why *why);
/* Listens there, not for "none" (*out is NULL then), and hangs itself into the control. 0, or negative errno with *why. */
int gdb_open(struct gdb **out, const char *where, struct control *control, struct log *log, struct why *why);
void gdb_close(struct gdb *g);

#endif
