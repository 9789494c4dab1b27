/*
 * The symbol table that a Linux kernel or Xen carries for its own backtraces (kallsyms), read out of its image: a file, or the memory where
 * it runs. Names are compressed: 256 tokens, each name a row of token numbers; addresses are offsets from a base, or whole.
 *
 * The table has no header: it is found by the tokens of the ten digits, and each part is checked against the others. Images are
 * anybody's, and a guest may make its memory look like a table: all loops are bounded.
 */
#ifndef FRONTEND_KALLSYMS_H
#define FRONTEND_KALLSYMS_H

#include "frontend/symbols.h"

/*
 * Adds the table's symbols. start: where the first one runs, for an image that does not say so (a Linux Image file; 0 refuses it); of
 * whole addresses how far it was moved.
 * Returns how many, or negative errno with *why; name is for messages.
 */
s64 kallsyms_add(struct symbols *to, const char *name, const u8 *image, size_t size, u64 start, struct why *why);

#endif
