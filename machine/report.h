/*
 * The files of --stats that hold counters: stats.txt, stats.csv and stats.json. Blocks are written as they come, so none is kept in
 * memory; the files get their names when they are complete, until then they are called .stats.txt.tmp and so on. Called by region.c.
 */
#ifndef MACHINE_REPORT_H
#define MACHINE_REPORT_H

#include "machine/stats.h"

/* schema_version of all files; changes when a reader of the old form would be wrong. */
#define REPORT_SCHEMA 3

struct baseline;
struct report;
struct why;

struct report_block {
	const char *kind;  /* "interval", "region", "dump" or "total" */
	const char *label; /* what names the block, "": nothing; see region_label() for what may stand in it */
	struct baseline *since; /* the block is the difference to this; NULL: all that was counted */
	bool advance;		/* `since` is now, afterwards */
};

/* Creates the folder and the files in it. 0, or negative errno with *why. */
int report_open(struct report **out, struct machine *m, const char *dir, struct why *why);
/* How many blocks there were so far, in this run and in the one that it goes on from: the next one has the number behind. */
u64 report_blocks(const struct report *r);
void report_went_on(struct report *r, u64 blocks);
/* Of a difference only what counts up and is not 0; all rows of a block of all that was counted. */
void report_block(struct report *r, const struct report_block *b);
/* A point in time. */
void report_mark(struct report *r, const char *label);
/* The last block, "total". The files appear, and r is freed. 0, or negative errno with *why; then the one that failed does not appear. */
int report_close(struct report *r, struct why *why);
/* Nothing appears. */
void report_drop(struct report *r);

#endif
