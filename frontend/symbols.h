/*
 * Names of addresses, for the monitor: from the symbol table of an ELF file, from text in the form of nm (System.map, kallsyms, Xen's
 * map), or from the table that a Linux or Xen image carries (kallsyms.h). Lookup both ways; an address that has no name of its own gets the one before it, with the distance. Files are
 * anybody's: damaged and huge ones are refused or read in part, nothing grows without bound.
 *
 * Not here: namespaces. A kernel and a hypervisor whose addresses overlap would answer for each other; they do not overlap in practice.
 */
#ifndef FRONTEND_SYMBOLS_H
#define FRONTEND_SYMBOLS_H

#include "base/types.h"
#include "base/why.h"

struct symbols;

/* NULL without memory. */
struct symbols *symbols_new(void);
void symbols_free(struct symbols *s);
/*
 * Adds those of a file, at their addresses plus `offset` (where the image runs less where it was linked). Returns how many, or negative
 * errno with *why.
 */
s64 symbols_load(struct symbols *s, const char *path, u64 offset, struct why *why);
/* Of an image that the machine runs: those of an ELF file; nothing, without complaint, if it is no ELF file. */
void symbols_load_image(struct symbols *s, const char *path);
/* The same as symbols_load() from memory; name is for messages. */
s64 symbols_load_bytes(struct symbols *s, const char *name, const void *bytes, size_t size, u64 offset, struct why *why);
/* One more; 0 or -ENOMEM, -E2BIG. size 0: up to the next one. */
int symbols_add(struct symbols *s, const char *name, u64 addr, u64 size);
size_t symbols_count(const struct symbols *s);
void symbols_clear(struct symbols *s);

/* False: there is none. Of several of a name the lowest. */
bool symbols_find(struct symbols *s, const char *name, u64 *addr);
/* The nearest at or below addr; NULL: none, or it is too far away to mean anything. *offset: the distance. */
const char *symbols_at(struct symbols *s, u64 addr, u64 *offset);
/* Calls for every name that begins with `begin`, at most `most` times. */
void symbols_each(struct symbols *s, const char *begin, size_t most, void (*each)(void *ctx, const char *name, u64 addr), void *ctx);
/* "name+0x10", or "" when there is none. Returns text. */
enum { SYMBOLS_TEXT = 160 };
const char *symbols_text(struct symbols *s, u64 addr, char text[SYMBOLS_TEXT]);

#endif
