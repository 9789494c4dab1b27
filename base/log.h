/*
 * The log: one per machine, with blame. GUEST: the guest broke the manual; UNIMPL: we did not build it;
 * HOST: the world outside failed; CHECK: findings of --check. INT and MMU are the traces behind -d int and -d mmu, in QEMU's words.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdio.h>
#include "base/types.h"

enum log_class { LOG_GUEST = 1, LOG_UNIMPL = 2, LOG_HOST = 4, LOG_INT = 8, LOG_MMU = 16, LOG_CHECK = 32 };

struct log;
struct snap;

/* file: where lines go (borrowed); mask: enum log_class bits that are printed (LOG_HOST always is). */
struct log *log_new(FILE *file, u32 mask);
void log_free(struct log *l);
u32 log_mask(const struct log *l);
/* While nobody logs. */
void log_set_mask(struct log *l, u32 mask);

/* One line "unit: text\n" (LOG_INT and LOG_MMU: the text alone). A NULL log swallows everything. */
void log_at(struct log *l, enum log_class cls, const char *unit, const char *fmt, ...) printf_(4, 5);
/* The same, but each (unit, key) pair speaks once per machine. */
void log_once(struct log *l, enum log_class cls, const char *unit, u64 key, const char *fmt, ...)
	printf_(5, 6);

/* Who has spoken once. Loading replaces it. l may be NULL. */
void log_snap(struct log *l, struct snap *s);

static inline bool log_on(const struct log *l, enum log_class cls)
{
	return l && (log_mask(l) & cls);
}

#endif
