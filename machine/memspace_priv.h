/* What memory of any regime, `walk` and `tlb` share. */
#ifndef MACHINE_MEMSPACE_PRIV_H
#define MACHINE_MEMSPACE_PRIV_H

#include "machine/machine_priv.h"
#include "machine/memspace.h"
#include "mmu/walk.h"

/* What stands between an address of a space and the bus. */
enum memspace_path { PATH_VA, PATH_IPA, PATH_PA };

struct memspace_view {
	struct regime r;   /* PATH_VA, PATH_IPA */
	u8 path;	   /* enum memspace_path */
	u8 space;	   /* PATH_PA, PATH_IPA: enum space */
	bool live;	   /* the PE's own registers say it now, else what was seen last */
	u8 el;		   /* PATH_VA: the EL that an access is taken to come from */
};

/* How addresses of that space are translated now. 0 or negative errno with *why. */
int memspace_view(struct machine *m, unsigned pe, const struct memspace *s, struct memspace_view *v, struct why *why);

/*
 * The regime with which a PE translates, or (of what runs on none) did last, of all that wanted() accepts. False: there is none. *live:
 * it translates so now. `pe` is asked first.
 */
bool memspace_find(struct machine *m, unsigned pe, bool (*wanted)(const void *ctx, const struct regime *r), const void *ctx, struct regime *r,
		   bool *live);

/* ---- memspace_words.c ---- */

/* "EL1&0" */
const char *regime_words(unsigned kind);
/* "4 KiB" of log2 12 */
void size_words(unsigned shift, char *text, size_t size);
/* "Normal WB RaWa", "Device-nGnRE" of attributes as in MAIR */
void attr_words(u8 attr, char *text, size_t size);
const char *sh_words(u8 sh);
/* "EL1 rw- EL0 r--" of PERM_*; one EL where the regime has one */
void perm_words(const struct regime *r, u8 perm, char *text, size_t size);
/* A descriptor: what it is and its fields. */
void desc_words(const struct regime *r, const struct walk_step *s, char *text, size_t size);
/* What is allowed in all: both stages, WXN. */
u8 perm_all(const struct regime *r, const struct xlat *x);
/* "translation fault, stage 2 level 3, on the walk of stage 1" */
void fault_words(const struct fault *f, char *text, size_t size);

#endif
