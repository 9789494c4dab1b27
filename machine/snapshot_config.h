/*
 * What a snapshot and the machine that it is loaded into must have in common, as lines of text "NAME: VALUE", so that a difference can be
 * named. How a run is watched (statistics, traces, logs), where its console goes and how it is cut into blocks may differ. Called by
 * snapshot.c.
 */
#ifndef MACHINE_SNAPSHOT_CONFIG_H
#define MACHINE_SNAPSHOT_CONFIG_H

#include "base/types.h"

struct machine;
struct why;

/* The caller frees. NULL with *why: a file of the configuration cannot be read any more. */
char *snapshot_config_text(struct machine *m, struct why *why);
/* True with the first difference in *why. path: the snapshot's, for that. */
bool snapshot_config_differs(const char *path, const char *theirs, const char *ours, struct why *why);

#endif
