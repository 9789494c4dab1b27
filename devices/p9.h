/*
 * A folder of the host, served by 9P2000.L (the dialect of Linux's v9fs) one message at a time: devices/virtio/p9.c
 * brings the messages.
 *
 * The guest is confined to the folder: names are walked one by one from its descriptor, no symbolic link is ever
 * followed (the client does that itself, inside its own tree), ".." ends at the top, and only regular files and folders
 * are opened. Not modelled: authentication, locks (they always succeed: there is one client), ids of files from
 * several mounted file systems are unlikely but not guaranteed to differ.
 */
#ifndef DEVICES_P9_H
#define DEVICES_P9_H

#include "base/stat.h"
#include "base/why.h"

struct p9;
struct snap;
struct log;

enum { P9_MSIZE_MAX = 512 * 1024, P9_HEADER = 7 };

struct p9_config {
	const char *id; /* for messages */
	const char *path;
	bool readonly;
};

#define P9_STATS(STAT)                                                         \
	STAT(requests, "message", "requests of the guest")                     \
	STAT(errors, "message", "requests that were answered with an error")  \
	STAT(bytes_read, "byte", "file contents that the guest read")          \
	STAT(bytes_written, "byte", "file contents that the guest wrote")
struct p9_stats {
	P9_STATS(STAT_FIELD)
};
extern const struct stat_row p9_stat_rows[];
extern const size_t p9_stat_count;

/* 0, or a negative errno with *why. */
int p9_new(struct p9 **out, const struct p9_config *cfg, struct log *log, struct why *why);
void p9_free(struct p9 *p);
/* Everything that the client has open is closed. */
void p9_reset(struct p9 *p);
/* Answers one message of n bytes; returns the length of the reply. room is at least P9_HEADER + 4. */
size_t p9_serve(struct p9 *p, const u8 *request, size_t n, u8 *reply, size_t room);
void p9_snap(struct p9 *p, struct snap *s);
struct p9_stats *p9_stats(struct p9 *p);

#endif
