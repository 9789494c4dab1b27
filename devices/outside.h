/*
 * The world outside as a machine meets it: host files (sockets, pipes) that somebody may speak through. Each source
 * is asked for its files at the machine's poll points and told which are ready; what came goes through
 * outside_enter(), the one inlet, so that everything from outside has a known virtual time and stands in one place
 * for a recorder.
 *
 * Sources: devices/slirp.c (network), devices/chardev.c (sockets). Called by machine/. The serial ports' bytes come in
 * by machine_rx(), which is the same thing for them.
 */
#ifndef DEVICES_OUTSIDE_H
#define DEVICES_OUTSIDE_H

#include <poll.h>

#include "base/stat.h"

struct outside_source {
	void *ctx;
	/* Appends at most `room` files with the events that are waited for; returns how many. */
	size_t (*files)(void *ctx, struct pollfd *to, size_t room);
	/* The same files with what became of them; called only when at least one is ready. */
	void (*ready)(void *ctx, const struct pollfd *files, size_t n);
	/* Bytes from outside, on their way to the guest. */
	void (*enter)(void *ctx, const u8 *bytes, size_t n);
	struct outside_source *next;
};

#define OUTSIDE_STATS(STAT)                                                            \
	STAT(entries, "event", "times that something came in from outside the machine") \
	STAT(bytes, "byte", "what came in from outside the machine")
struct outside_stats {
	OUTSIDE_STATS(STAT_FIELD)
};
extern const struct stat_row outside_stat_rows[];
extern const size_t outside_stat_count;

/* One a machine, zeroed at first. */
struct outside {
	struct outside_source *sources; /* in the order in which they were added */
	struct outside_stats stats;
};

enum { OUTSIDE_FILES = 1024 }; /* what outside_poll() looks at in one go */

void outside_add(struct outside *o, struct outside_source *s);
void outside_remove(struct outside *o, struct outside_source *s);
/* The files of all sources, for whoever waits with poll(2). None: nobody outside can say anything. */
size_t outside_files(struct outside *o, struct pollfd *to, size_t room);
/* Somebody outside may say something. */
bool outside_live(struct outside *o);
/* Serves the sources that have something now; does not wait. */
void outside_poll(struct outside *o);
/* Hands bytes to the guest's side of s. */
void outside_enter(struct outside *o, struct outside_source *s, const u8 *bytes, size_t n);

#endif
