/*
 * Who controls a session: the clients (each monitor, the gdb stub) that may stop the machine, look at it and let it go. The main loop
 * is session.c's:
 *
 *	while ((end = machine_run(m)) == MACHINE_STOPPED && control_stopped(control))
 *		;
 *
 * Clients hang in a list and never block: they are served once a virtual millisecond while the machine runs and after each poll()
 * while it stands. What they do then changes nothing in the run, unless they write registers or memory.
 */
#ifndef FRONTEND_CONTROL_H
#define FRONTEND_CONTROL_H

#include "base/types.h"
#include "machine/machine.h"

struct control;
struct debug_stop;
struct pollfd;
struct symbols;

struct control_ops {
	/* Adds its files to poll for; returns how many. May be NULL. */
	size_t (*files)(void *ctx, struct pollfd *to, size_t room);
	/* Something may have come in. Must not block. */
	void (*serve)(void *ctx);
	/* The machine stopped, or goes on. May be NULL; what the client itself asked for is told, too. */
	void (*stopped)(void *ctx, const struct debug_stop *s);
	void (*resumed)(void *ctx);
	/* The run is over. May be NULL. */
	void (*ended)(void *ctx, enum machine_end end, int status);
};

/* Owned by the client, which takes itself out before it goes. */
struct control_client {
	const struct control_ops *ops;
	void *ctx;
	struct control_client *next;
};

/* What the session lends. */
struct control_host {
	void *ctx;
	/* Sleeps until one of the n files is ready, the user wants something, or ns nanoseconds passed. files[-1] is free for it. */
	void (*wait)(void *ctx, struct pollfd *files, size_t n, u64 ns);
	/* The user ended the session (Ctrl-A x, a signal). */
	bool (*over)(void *ctx);
};

/* NULL without memory. */
struct control *control_new(struct machine *m, const struct control_host *host);
void control_free(struct control *c);

/* ---- for clients ---- */

void control_add(struct control *c, struct control_client *client);
void control_remove(struct control *c, struct control_client *client);
/* The machine shall run (after debug_step() or not); nothing when it does, or cannot any more. */
void control_go(struct control *c);
/* It shall stop: clients hear of it within a virtual millisecond. */
void control_stop(struct control *c);
/*
 * It shall stand still for a moment, so that something can be looked at: serve() is called while it does, and nobody is told.
 * Nothing while it stands, or steps: whoever wants it asks again when it is served next.
 */
void control_pause(struct control *c);
/*
 * Somebody sits at this client now, or left (calls are counted): while anybody does, a machine of which every PE sleeps for good stops
 * instead of ending the run; when the last one left all points go, and it goes on.
 */
void control_attach(struct control *c, bool there);
/* The run ends with exit status 0. */
void control_quit(struct control *c);
/* For its users the machine runs; it may pause. */
bool control_running(const struct control *c);
/* It runs, and shall stop. */
bool control_stopping(const struct control *c);
/* No PE is in the middle of anything: all of the machine can be looked at. */
bool control_standing(const struct control *c);
/* The guest ended (-no-shutdown): it cannot go on. */
bool control_ended(const struct control *c);
/* Why it stands; NULL while it runs. */
const struct debug_stop *control_why(const struct control *c);
struct machine *control_machine(struct control *c);
/* What addresses are called; all clients share it. */
struct symbols *control_symbols(struct control *c);
/* Where the ELs were entered from, since somebody might want to know; NULL: nobody could before. */
struct trail;
struct trail *control_trail(struct control *c);
/* ... from now on: before the run. It begins by itself when the machine stops for the first time. */
void control_watch(struct control *c);

/* ---- for the session ---- */

/* From machine_run()'s poll: serves. True: machine_run() shall return. */
bool control_poll(struct control *c);
/* machine_run() returned MACHINE_STOPPED: serves until somebody lets it go (true) or ends the run (false). */
bool control_stopped(struct control *c);
/* A client called control_quit(). */
bool control_quitted(const struct control *c);
/* Files of the clients, for sleeping while the machine is idle. */
size_t control_files(struct control *c, struct pollfd *to, size_t room);
/* The guest powered off, but the session stays (-no-shutdown): serves until somebody ends it. */
void control_linger(struct control *c);
void control_finish(struct control *c, enum machine_end end, int status);

#endif
