/*
 * Snapshots: the whole state of a machine in a file, from which another run of the same configuration goes on as this one would have.
 * docs/snapshots.md says what is in it. Between calls of machine_run(), or between two instructions of the PE whose turn it is.
 *
 * Called by the frontend (--restore, savevm, loadvm) and by region.c (--save-at).
 */
#ifndef MACHINE_SNAPSHOT_H
#define MACHINE_SNAPSHOT_H

#include "base/types.h"
#include "base/why.h"

struct machine;

/* The file is whole or not there (an older one stays). Nothing in the machine changes. 0, or negative errno with *why. */
int machine_save(struct machine *m, const char *path, struct why *why);
/*
 * 0, or negative errno with *why. A file that is damaged, foreign, of another version or of another configuration is refused before
 * anything is changed. -EBADMSG: its contents contradict each other behind a right checksum, which no snapshot that this program wrote does.
 * Then the machine is lost: all that is left is machine_free().
 */
int machine_restore(struct machine *m, const char *path, struct why *why);
/* So often machine_restore() has changed it: time and counters may have jumped. */
unsigned machine_restored(const struct machine *m);
/* After -EBADMSG: machine_run() only says MACHINE_ERROR, and there is nothing to report of it. */
bool machine_lost(const struct machine *m);

#endif
