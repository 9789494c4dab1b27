/*
 * GDB's remote serial protocol for a session: one client, apart from how its bytes travel. What gdb sees: one process, a thread for each
 * PE, all of them stopped or all running (all-stop). It answers only while the machine stands; anything but an acknowledgement that
 * comes while it runs stops it first.
 *
 * Left out: non-stop mode, the memory map (gdb would refuse every virtual address outside of it), file transfer, tracepoints, reverse
 * execution, agent expressions.
 */
#ifndef FRONTEND_GDB_STUB_H
#define FRONTEND_GDB_STUB_H

#include "frontend/control.h"

struct gdb_stub;
struct log;

/* Where bytes for the client go. */
struct gdb_wire {
	void *ctx;
	void (*send)(void *ctx, const u8 *bytes, size_t n);
};

/* NULL without memory. log and control are borrowed. */
struct gdb_stub *gdb_stub_new(struct control *c, struct log *log, const struct gdb_wire *wire);
void gdb_stub_free(struct gdb_stub *g);

/* A client came: the machine stops. Or went: its breakpoints go, too. */
void gdb_stub_connect(struct gdb_stub *g);
void gdb_stub_disconnect(struct gdb_stub *g);
/* The client said goodbye (D, k): its connection can be closed once everything is sent. */
bool gdb_stub_done(const struct gdb_stub *g);

/* Bytes from the client; how many were used. The rest must come again when the machine stopped. n may be 0. */
size_t gdb_stub_input(struct gdb_stub *g, const u8 *bytes, size_t n);

/* As in struct control_ops. */
void gdb_stub_stopped(struct gdb_stub *g, const struct debug_stop *s);
void gdb_stub_ended(struct gdb_stub *g, enum machine_end end, int status);

#endif
