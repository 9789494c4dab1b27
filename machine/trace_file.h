/*
 * The file of a trace: whole records through a large buffer, up to a size. When the host cannot take any more (disk full), one line
 * in the log says so, the file is cut behind the last record that is whole, and the run goes on without it.
 */
#ifndef MACHINE_TRACE_FILE_H
#define MACHINE_TRACE_FILE_H

#include "base/log.h"
#include "base/types.h"
#include "base/why.h"

struct trace_file;

/* option: how messages call it ("--trace"). 0, or negative errno with *why. */
int trace_file_open(struct trace_file **f, const char *option, const char *path, u64 max, struct log *log, struct why *why);
/* Bytes until the size that it may have; 0 after a failure. */
u64 trace_file_left(const struct trace_file *f);
/* One record. Dropped when it is longer than what is left. */
void trace_file_put(struct trace_file *f, const void *record, size_t n);
/* Says that nothing more is written, because the size was reached at that time of the guest's (picoseconds). */
void trace_file_full(struct trace_file *f, u64 now);
/* NULL is fine. */
void trace_file_close(struct trace_file *f);

#endif
