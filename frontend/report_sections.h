/* Tables for the sections of the report: report_table.c has them, report_tlb.c uses them, too. */
#ifndef FRONTEND_REPORT_SECTIONS_H
#define FRONTEND_REPORT_SECTIONS_H

#include "frontend/report_priv.h"

void cell_text(FILE *f, const char *text);
void table_begin(FILE *f, const char *const *heads, size_t n);
void table_end(FILE *f);
/* Tables that compare runs: heads, then cells of one row, with the ratio to the first run. */
void compare_begin(FILE *f, const char *what, const struct run *run, size_t n);
void compare_count(FILE *f, const struct run *run, size_t n, const char *patterns);
void compare_quotient(FILE *f, const struct run *run, size_t n, const char *over, const char *under, unsigned scale, const char *unit);
/* Around what is of run i alone. */
void side_begin(FILE *f, const struct run *run, size_t n, size_t i);
void side_end(FILE *f, size_t n, size_t i);

#endif
