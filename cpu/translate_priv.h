/* What the translation functions of cpu/ share among themselves. */
#ifndef CPU_TRANSLATE_PRIV_H
#define CPU_TRANSLATE_PRIV_H

#include "cpu/translate.h"

/* The first uop of a block with instructions of any KIND_*: adds the eight counts in its constant. */
EXEC_FN(kinds);
EXEC_FN(kind); /* the same when they are all of kind aux: imm of them */
bool tr_undef(struct tr *t);
void tr_illegal(struct tr *t);
/* The last uop of a block that does not end in a branch; stop: leave to the run loop. */
void emit_next(struct tr *t, u32 off, bool stop);
void tr_sysreg_ends(struct tr *t, u32 enc);
/* The translation buffer of a PE: large, so it is not on the stack. */
void *block_alloc(struct block_cache *bc, size_t bytes);
struct tr *block_scratch(struct block_cache *bc);
const struct fuse *block_fuse(const struct block_cache *bc);

#endif
