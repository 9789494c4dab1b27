/*
 * The eight identification bytes at the end of every PrimeCell's 4 KiB page: part number, designer
 * (Arm), revision and the fixed component identifier B105F00D, one byte a word.
 */
#ifndef DEVICES_PRIMECELL_H
#define DEVICES_PRIMECELL_H

#include "base/types.h"

#define PRIMECELL_ID_BASE 0xfe0

/* The word at off (PRIMECELL_ID_BASE or above) of a part such as 0x011 in the given revision. */
static inline u32 primecell_id(u32 part, u32 revision, u64 off)
{
	u64 periph = part | 0x41u << 12 | revision << 20;
	u64 ids = 0xb105f00dull << 32 | periph;

	return (u8)(ids >> ((off - PRIMECELL_ID_BASE) / 4 * 8));
}

#endif
