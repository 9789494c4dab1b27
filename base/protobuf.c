/* See protobuf.h. The format: protobuf.dev/programming-guides/encoding. */
#include "base/protobuf.h"

#include <string.h>

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2 };
enum { VARINT_MAX = 10 };

static u8 *take(struct protobuf *p, size_t n)
{
	u8 *at = p->data + p->n;

	if (p->full || p->size - p->n < n) {
		p->full = true;
		return NULL;
	}
	p->n += n;
	return at;
}

static size_t encode(u8 out[VARINT_MAX], u64 v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		out[n++] = (u8)(v | 0x80);
	out[n++] = (u8)v;
	return n;
}

static void varint(struct protobuf *p, u64 v)
{
	u8 bytes[VARINT_MAX];
	size_t n = encode(bytes, v);
	u8 *at = take(p, n);

	if (at)
		memcpy(at, bytes, n);
}

static void tag(struct protobuf *p, unsigned field, enum wire_type type)
{
	varint(p, (u64)field << 3 | type);
}

void pb_u64(struct protobuf *p, unsigned field, u64 v)
{
	tag(p, field, WIRE_VARINT);
	varint(p, v);
}

void pb_fixed64(struct protobuf *p, unsigned field, u64 v)
{
	u8 *at;

	tag(p, field, WIRE_FIXED64);
	at = take(p, 8);
	for (unsigned i = 0; at && i < 8; i++)
		at[i] = (u8)(v >> 8 * i);
}

void pb_string(struct protobuf *p, unsigned field, const char *s)
{
	size_t n = strlen(s);
	u8 *at;

	tag(p, field, WIRE_BYTES);
	varint(p, n);
	at = take(p, n);
	if (at)
		memcpy(at, s, n);
}

/* One byte for the length: most messages are short. */
size_t pb_open(struct protobuf *p, unsigned field)
{
	tag(p, field, WIRE_BYTES);
	take(p, 1);
	return p->n;
}

void pb_close(struct protobuf *p, size_t open)
{
	u8 length[VARINT_MAX];
	size_t body = p->n - open, n = encode(length, body);

	if (p->full || !take(p, n - 1))
		return;
	memmove(p->data + open + n - 1, p->data + open, body);
	memcpy(p->data + open - 1, length, n);
}
