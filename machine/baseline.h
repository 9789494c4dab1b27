/*
 * What counters were at some moment, by their full names: the difference to now is what was counted since. A counter that did not exist
 * then was 0. Holds as many rows as the statistics have, so it is bounded as they are. Used by region.c.
 */
#ifndef MACHINE_BASELINE_H
#define MACHINE_BASELINE_H

#include "base/types.h"

struct baseline;
struct snap;

struct baseline *baseline_new(void);
void baseline_free(struct baseline *b);
/* The value of that name, 0 at first. NULL without memory. Valid until the next call. */
u64 *baseline_at(struct baseline *b, const char *name);
/* In order of names. Loading replaces what is there. */
void baseline_snap(struct baseline *b, struct snap *s);

#endif
