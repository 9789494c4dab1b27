/* What code stands at an address, for people: the frontend knows symbols, what prints addresses asks it. */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <stddef.h>

#include "base/types.h"

struct code_names {
	void *ctx;
	/* " <function+0x10>" for an address of that EL, or "" */
	void (*find)(void *ctx, u64 pc, unsigned el, char *text, size_t size);
};

#endif
