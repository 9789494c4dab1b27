/*
 * Why something was refused: one line for the user, beside the negative errno that the caller acts
 * on. The line names the option or file, what was expected and what came.
 */
#ifndef BASE_WHY_H
#define BASE_WHY_H

#include <stdarg.h>
#include <stdio.h>

#include "base/types.h"

struct why {
	char text[512];
};

/*
 * Fills *why and returns -err, so that `return why_set(why, EINVAL, ...)` reads as one act. It stays
 * one line and sends nothing to the terminal, whatever a file or an argument holds.
 */
printf_(3, 4) static inline int why_set(struct why *why, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, sizeof why->text, format, args);
	va_end(args);
	for (char *c = why->text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return -err;
}

#endif
