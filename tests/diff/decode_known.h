/* The reviewed list of disagreements: decode_known.txt tells its form. */
#ifndef DECODE_KNOWN_H
#define DECODE_KNOWN_H

#include "base/types.h"

enum { DECODE_HERE, DECODE_REFERENCE }; /* who alone takes the word as defined */

struct decode_condition {
	u8 a_hi, a_lo;
	bool differs;
	bool constant;
	u8 b_hi, b_lo; /* or a constant in b_hi */
};

struct decode_known {
	u32 mask, value;
	int who;
	struct decode_condition condition[4];
	unsigned n_conditions, line;
};

struct decode_list {
	struct decode_known *entry;
	size_t n;
};

/* 0, or -1 after a message on standard error. */
int decode_known_read(struct decode_list *list, const char *path);
/* The entry that covers w, -1: none. */
int decode_known_find(const struct decode_list *list, u32 w, int who);

#endif
