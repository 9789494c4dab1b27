/*
 * Messages in Protocol Buffers' wire format, written into a buffer of the caller's: varints, 64-bit words, strings and nested
 * messages. No reading, no packed fields, no 32-bit words. What does not fit is dropped and the buffer marked full.
 */
#ifndef BASE_PROTOBUF_H
#define BASE_PROTOBUF_H

#include "base/types.h"

struct protobuf {
	u8 *data;
	size_t n, size;
	bool full; /* something did not fit: what is there is not a message */
};

void pb_u64(struct protobuf *p, unsigned field, u64 v);
void pb_fixed64(struct protobuf *p, unsigned field, u64 v);
void pb_string(struct protobuf *p, unsigned field, const char *s);
/* What is written between the two is a message in that field. pb_open() returns what pb_close() wants. */
size_t pb_open(struct protobuf *p, unsigned field);
void pb_close(struct protobuf *p, size_t open);

#endif
