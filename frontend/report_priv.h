/*
 * `trapline report`: what its files share. report.c is the command and the page, report_load.c reads a run's files, report_table.c and
 * report_chart.c write the parts of the page.
 *
 * Counters are found by patterns of their full names: '*' stands for the rest of a part between dots, several patterns with blanks
 * between them for the sum. Cells of tables carry their patterns (data-c and so on), so that a reader can find what was added, and a
 * test can add again.
 */
#ifndef FRONTEND_REPORT_PRIV_H
#define FRONTEND_REPORT_PRIV_H

#include <jansson.h>
#include <stdio.h>

#include "base/why.h"

struct row {
	char *name;
	u64 value;
};
struct rows {
	struct row *row;
	size_t n, room;
};

/* A part of a run: an element of "dumps" in stats.json. */
struct part {
	const char *kind, *label;
	u64 time;    /* at its end, picoseconds */
	u64 ticks;   /* its length */
	u64 insns;   /* of a mark: so far */
	struct rows rows;
};

struct run {
	const char *dir;
	char *name;   /* the folder's, for headings */
	json_t *stats, *config, *host; /* the last two may be NULL */
	struct rows total;
	struct part *part;
	size_t parts;
};

/* Fills *r; 0, or negative errno with *why. run_free() in both cases. */
int run_load(struct run *r, const char *dir, struct why *why);
void run_free(struct run *r);
/* A text or number of config.json or host.json as text, "" when there is none. Valid while the run is. */
const char *run_text(const json_t *object, const char *key);

/* Sum over all rows that match one of the patterns; the largest; the smallest of those that are not 0 (0: none). */
u64 rows_sum(const struct rows *r, const char *patterns);
u64 rows_max(const struct rows *r, const char *patterns);
u64 rows_min(const struct rows *r, const char *patterns);

/* Words, each once, in the order in which they were found. */
struct words {
	char **word;
	size_t n;
};
/* What '@' (a part between dots) or '#' (any number of parts) in the pattern stands for, in all rows that match. */
void words_collect(struct words *w, const struct rows *r, const char *pattern);
/* By the sum of the format, with the word for each %s in it; largest first. */
void words_sort(struct words *w, const struct rows *r, const char *format);
void words_sort_numbers(struct words *w); /* by value, smallest first */
void words_free(struct words *w);

/* ---- the page ---- */

void page_text(FILE *f, const char *s); /* escaped */
void page_number(FILE *f, u64 v);       /* 1,234,567 */
/* Cells of a row of a table: a count, a quotient times scale, an extreme. run: number of the run in the page. */
struct cells {
	FILE *f;
	const struct run *run;
	size_t number;
};
void cell_count(struct cells c, const char *patterns);
void cell_quotient(struct cells c, const char *over, const char *under, unsigned scale, const char *unit);
void cell_extreme(struct cells c, const char *patterns, bool max);
void cell_ratio(FILE *f, double base, double v); /* "x 1.25" */
void cell_bar(FILE *f, double share, unsigned color);

/* The colour of an exit's class, the same everywhere. */
unsigned class_color(const char *name);

/* One of several things in a chart. */
struct series {
	char name[48];
	char patterns[256];
	char under[256]; /* of lines: the denominator */
	unsigned color;
};
/* Stacked columns of what each interval of the run counted, per virtual millisecond. */
void chart_columns(FILE *f, const struct run *r, const char *caption, const struct series *s, size_t n);
/* Lines of quotients, in percent, over the intervals. */
void chart_lines(FILE *f, const struct run *r, const char *caption, const struct series *s, size_t n);
/* Bars of totals, one a bar of `bars`, whose word stands for %s in the patterns of the series. */
void chart_bars(FILE *f, const struct rows *r, const char *caption, const struct words *bars, const struct series *s, size_t n);
/* "vm1" as "VM 1", other words as they are. */
const char *vm_name(char to[32], const char *word);

/* The sections; several runs stand side by side. */
void section_runs(FILE *f, const struct run *run, size_t n);
void section_glance(FILE *f, const struct run *run, size_t n);
void section_exits(FILE *f, const struct run *run, size_t n);
void section_outside(FILE *f, const struct run *run, size_t n);
void section_causes(FILE *f, const struct run *run, size_t n);
void section_tlb(FILE *f, const struct run *run, size_t n);
void section_walks(FILE *f, const struct run *run, size_t n);
void section_cycles(FILE *f, const struct run *run, size_t n);
void section_timing(FILE *f, const struct run *run, size_t n);
void section_interrupts(FILE *f, const struct run *run, size_t n);
void section_regions(FILE *f, const struct run *run, size_t n);

#endif
