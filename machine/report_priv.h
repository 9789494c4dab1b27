/* What the writers of the files of --stats share: report.c and report_run.c. */
#ifndef MACHINE_REPORT_PRIV_H
#define MACHINE_REPORT_PRIV_H

#include <stdio.h>

#include "base/log.h"
#include "machine/report.h"

/* SHA-256 of what is in a file, and its size; false: it cannot be read. */
bool report_file_digest(const char *file, char hex[65], u64 *size);
extern const char *const report_tlb_policy[4]; /* by enum tlb_policy */

/* A new file of another name in the folder, which is made; NULL with *why. */
FILE *report_file(const char *dir, const char *name, struct why *why);
/* It gets its own name, or goes away: negative errno with *why. */
int report_file_done(FILE *f, const char *dir, const char *name, struct why *why);
void report_file_drop(FILE *f, const char *dir, const char *name);

#endif
