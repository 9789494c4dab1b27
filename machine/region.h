/*
 * Parts of a run that are measured: who asks for them, and when. A region is open or not, blocks are named by its label or else by the
 * last mark, and counting for dumps begins at the last reset. Asked by the guest (HINT, marker device), by the command line (instruction
 * counts, times, texts on the console) and by the functions of machine.h. What is asked is done between two instructions of the PE that
 * runs, so that counters are exact; with --parallel when all PEs have stopped for it. docs/regions.md is the guest's and user's side.
 *
 * machine.c calls it around each slice of a PE and between rounds.
 */
#ifndef MACHINE_REGION_H
#define MACHINE_REGION_H

#include "base/types.h"

struct cpu;
struct machine;
struct seat;
struct snap;
struct why;

enum { REGION_LABEL = 64 }; /* bytes, with the NUL */

int make_regions(struct machine *m, struct why *why);
void free_regions(struct machine *m);

/* HINT #CPU_HINT_MARKER: operation in x0 (devices/marker.h), label in x1. */
void regions_hint(void *ctx, struct cpu *c);
/* A device asks; label may be NULL. */
void regions_ask(void *ctx, u32 op, const char *label);
/* The console said this. */
void regions_console(struct machine *m, u8 byte);

/* Where s must stop at the latest in its turn, so that nothing is done late. */
u64 regions_until(const struct machine *m, const struct seat *s);
/* s came to `until` or stopped. Does what is due; whether s goes on with its turn. */
bool regions_turn(struct machine *m, const struct seat *s, u64 until);
/* Does what is due while no PE runs. */
void regions_between(struct machine *m);
/* --parallel: something is due by time. */
bool regions_due(const struct machine *m, u64 now);

/* What is open, marked, waited for and done; what counters were at the last reset. Loading: of triggers, those that are on this command line, too. */
void regions_snap(struct machine *m, struct snap *s);

/* What debug_insns() says is another now. */
void regions_plan(struct machine *m);

/* The end of the run: the files of counters. 0, or negative errno with *why. */
int regions_finish(struct machine *m, const char *dir, struct why *why);

#endif
