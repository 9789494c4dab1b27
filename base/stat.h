/*
 * A statistic is a row: name, unit, sentence. A struct of u64 counters is declared from an X-macro list
 * (STAT(field, "unit", "sentence")); the same list makes the rows that the reports print.
 */
#ifndef BASE_STAT_H
#define BASE_STAT_H

#include "base/types.h"

struct stat_row {
	const char *name, *unit, *help;
	size_t offset; /* of the u64 in its struct */
};

#define STAT_FIELD(name, unit, help) u64 name;

#endif
