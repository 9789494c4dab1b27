/*
 * See control.h. Three states: it runs, it pauses (standing for a moment, for its users it runs), it stands. Called by session.c on
 * the thread that runs the machine; no client is called from another one.
 */
#include "frontend/control.h"

#include <poll.h>
#include <stdlib.h>

#include "frontend/symbols.h"
#include "frontend/trail.h"
#include "machine/debug.h"

#define LONGEST_WAIT_NS 1000000000ull
enum { FILES_MAX = 64 };

struct control {
	struct machine *m;
	struct symbols *symbols;
	struct trail *trail;
	struct control_host host;
	struct control_client *clients;
	bool running, standing, ended;
	bool stop, pause, quit; /* asked for */
	unsigned attached;
};

struct control *control_new(struct machine *m, const struct control_host *host)
{
	struct control *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->symbols = symbols_new();
	if (!c->symbols) {
		free(c);
		return NULL;
	}
	c->m = m;
	c->host = *host;
	c->running = true;
	return c;
}

void control_free(struct control *c)
{
	if (!c)
		return;
	trail_free(c->trail);
	symbols_free(c->symbols);
	free(c);
}

/* ---- clients ---- */

void control_add(struct control *c, struct control_client *client)
{
	struct control_client **at = &c->clients;

	while (*at)
		at = &(*at)->next;
	client->next = NULL;
	*at = client;
}

void control_remove(struct control *c, struct control_client *client)
{
	for (struct control_client **at = &c->clients; *at; at = &(*at)->next)
		if (*at == client) {
			*at = client->next;
			return;
		}
}

void control_go(struct control *c)
{
	if (c->ended)
		return;
	if (!c->running)
		c->standing = false;
	c->running = true;
	c->stop = false;
}

void control_stop(struct control *c)
{
	if (!c->running || c->stop)
		return;
	c->stop = true;
	debug_interrupt(machine_debugger(c->m));
}

bool control_stopping(const struct control *c)
{
	return c->running && c->stop;
}

void control_pause(struct control *c)
{
	if (c->standing || c->pause || debug_stepping(machine_debugger(c->m))) /* a step would be lost */
		return;
	c->pause = true;
	debug_interrupt(machine_debugger(c->m));
}

void control_attach(struct control *c, bool there)
{
	debug_attach(machine_debugger(c->m), there);
	c->attached += there ? 1 : -1;
	if (c->attached)
		return;
	debug_clear(machine_debugger(c->m)); /* a point that is hit when nobody is there would stop the machine for good */
	control_go(c);
}

void control_quit(struct control *c)
{
	c->quit = true;
}

bool control_running(const struct control *c)
{
	return c->running;
}

bool control_standing(const struct control *c)
{
	return c->standing;
}

bool control_ended(const struct control *c)
{
	return c->ended;
}

bool control_quitted(const struct control *c)
{
	return c->quit;
}

const struct debug_stop *control_why(const struct control *c)
{
	return c->running || c->ended ? NULL : debug_stopped(machine_debugger(c->m));
}

struct machine *control_machine(struct control *c)
{
	return c->m;
}

struct symbols *control_symbols(struct control *c)
{
	return c->symbols;
}

struct trail *control_trail(struct control *c)
{
	return c->trail;
}

void control_watch(struct control *c)
{
	if (!c->trail)
		c->trail = trail_new(c->m); /* without memory backtraces are shorter */
}

size_t control_files(struct control *c, struct pollfd *to, size_t room)
{
	size_t n = 0;

	for (struct control_client *k = c->clients; k; k = k->next)
		if (k->ops->files && n < room)
			n += k->ops->files(k->ctx, to + n, room - n);
	return n;
}

/* A client may take itself out while it is served. */
static void serve(struct control *c)
{
	struct control_client *next;

	for (struct control_client *k = c->clients; k; k = next) {
		next = k->next;
		k->ops->serve(k->ctx);
	}
}

static void tell_stopped(struct control *c)
{
	struct control_client *next;

	for (struct control_client *k = c->clients; k; k = next) {
		next = k->next;
		if (k->ops->stopped)
			k->ops->stopped(k->ctx, control_why(c));
	}
}

static void tell_resumed(struct control *c)
{
	struct control_client *next;

	for (struct control_client *k = c->clients; k; k = next) {
		next = k->next;
		if (k->ops->resumed)
			k->ops->resumed(k->ctx);
	}
}

/* ---- the session ---- */

bool control_poll(struct control *c)
{
	serve(c);
	return c->quit;
}

/* Serves while nothing runs, until somebody wants something else. */
static void stand(struct control *c)
{
	struct pollfd files[1 + FILES_MAX];

	for (;;) {
		serve(c);
		if (c->running || c->quit || c->host.over(c->host.ctx))
			return;
		c->host.wait(c->host.ctx, files + 1, control_files(c, files + 1, FILES_MAX), LONGEST_WAIT_NS);
	}
}

/* Nobody asked for it, or does any more: it was for a pause. */
static bool only_pause(const struct control *c)
{
	return !c->stop && debug_stopped(machine_debugger(c->m))->kind == STOP_ASKED;
}

bool control_stopped(struct control *c)
{
	if (c->quit || c->host.over(c->host.ctx))
		return false;
	c->standing = true;
	c->pause = false;
	if (only_pause(c)) {
		serve(c);
		if (!c->stop) {
			c->standing = false;
			return !c->quit;
		}
	}
	c->running = c->stop = c->pause = false;
	control_watch(c);
	tell_stopped(c);
	stand(c);
	c->standing = false;
	if (c->running)
		tell_resumed(c);
	return c->running && !c->quit;
}

void control_linger(struct control *c)
{
	c->running = false;
	c->standing = c->ended = true;
	stand(c);
}

void control_finish(struct control *c, enum machine_end end, int status)
{
	struct control_client *next;

	for (struct control_client *k = c->clients; k; k = next) {
		next = k->next;
		if (k->ops->ended)
			k->ops->ended(k->ctx, end, status);
	}
}
