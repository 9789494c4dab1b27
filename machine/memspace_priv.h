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

/* "translation fault, stage 2 level 3, on the walk of stage 1" */
void fault_words(const struct fault *f, char *text, size_t size);

#endif
