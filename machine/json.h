/* Writes JSON (RFC 8259) to a file, indented, with commas and escapes where they belong. Nothing is checked but the depth. */
#ifndef MACHINE_JSON_H
#define MACHINE_JSON_H

#include <stdio.h>

#include "base/types.h"

enum { JSON_DEPTH = 16 };

struct json {
	FILE *f;
	unsigned depth;
	bool some[JSON_DEPTH]; /* the level has an entry already */
	char close[JSON_DEPTH];
};

/* Begins and ends the outermost object. */
void json_begin(struct json *j, FILE *f);
void json_end(struct json *j);
/* key: of an object's entry, NULL in an array. bracket: '{' or '['. Deeper than JSON_DEPTH is left out. */
void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j);
void json_u64(struct json *j, const char *key, u64 v);
void json_real(struct json *j, const char *key, double v, int digits);
void json_bool(struct json *j, const char *key, bool v);
/* v NULL: null. Bytes that are no UTF-8 of ASCII go out as they came, as file names may have them. */
void json_text(struct json *j, const char *key, const char *v);

#endif
