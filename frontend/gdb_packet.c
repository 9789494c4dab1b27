/* See gdb_packet.h. Called by gdb_stub.c, by unit tests and the fuzzer. */
#include "frontend/gdb_packet.h"

#include <string.h>

enum { BETWEEN, BODY, FIRST_DIGIT, SECOND_DIGIT };

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void begin(struct gdb_parser *p)
{
	p->state = BODY;
	p->sum = 0;
	p->n = 0;
	p->escaped = p->too_long = false;
}

static enum gdb_event between(struct gdb_parser *p, u8 byte)
{
	switch (byte) {
	case '$':
		begin(p);
		return GDB_NOTHING;
	case '+':
		return GDB_ACK;
	case '-':
		return GDB_NAK;
	case 3:
		return GDB_INTERRUPT;
	default:
		return GDB_STRAY;
	}
}

/* '$' is escaped in data: one that is not begins a packet whose predecessor was cut off. */
static void body(struct gdb_parser *p, u8 byte)
{
	if (byte == '$') {
		begin(p);
		return;
	}
	if (byte == '#') {
		p->state = FIRST_DIGIT;
		return;
	}
	p->sum = (u8)(p->sum + byte);
	if (byte == '}' && !p->escaped) {
		p->escaped = true;
		return;
	}
	if (p->n == GDB_PACKET_SIZE)
		p->too_long = true;
	else
		p->data[p->n++] = (char)(p->escaped ? byte ^ 0x20 : byte);
	p->escaped = false;
}

static enum gdb_event end(struct gdb_parser *p, u8 byte)
{
	int low = digit((char)byte), high = digit((char)p->wanted);

	p->state = BETWEEN;
	p->data[p->n] = 0;
	if (low < 0 || high < 0 || (high << 4 | low) != p->sum)
		return GDB_DAMAGED;
	return p->too_long ? GDB_TOO_LONG : GDB_PACKET;
}

enum gdb_event gdb_parse(struct gdb_parser *p, u8 byte)
{
	switch (p->state) {
	case BETWEEN:
		return between(p, byte);
	case BODY:
		body(p, byte);
		return GDB_NOTHING;
	case FIRST_DIGIT:
		p->wanted = byte;
		p->state = SECOND_DIGIT;
		return GDB_NOTHING;
	default:
		return end(p, byte);
	}
}

bool gdb_in_packet(const struct gdb_parser *p)
{
	return p->state != BETWEEN;
}

size_t gdb_frame(const void *data, size_t n, u8 *to)
{
	static const char digits[] = "0123456789abcdef";
	const u8 *from = data;
	size_t at = 0;
	u8 sum = 0;

	to[at++] = '$';
	for (size_t i = 0; i < n; i++) {
		bool escape = from[i] == '$' || from[i] == '#' || from[i] == '}' || from[i] == '*';

		if (escape)
			to[at++] = '}';
		to[at++] = escape ? from[i] ^ 0x20 : from[i];
	}
	for (size_t i = 1; i < at; i++)
		sum = (u8)(sum + to[i]);
	to[at++] = '#';
	to[at++] = (u8)digits[sum >> 4];
	to[at++] = (u8)digits[sum & 15];
	return at;
}

/* ---- inside packets ---- */

bool gdb_hex(const char **s, u64 *v)
{
	const char *at = *s;
	u64 n = 0;

	for (; digit(*at) >= 0; at++) {
		if (n >> 60)
			return false;
		n = n << 4 | (u64)digit(*at);
	}
	if (at == *s)
		return false;
	*s = at;
	*v = n;
	return true;
}

bool gdb_char(const char **s, char c)
{
	if (**s != c)
		return false;
	++*s;
	return true;
}

bool gdb_hex_bytes(const char **s, void *to, size_t n)
{
	u8 *byte = to;

	for (size_t i = 0; i < n; i++) {
		int high = digit((*s)[2 * i]), low = high < 0 ? -1 : digit((*s)[2 * i + 1]);

		if (low < 0)
			return false;
		byte[i] = (u8)(high << 4 | low);
	}
	*s += 2 * n;
	return true;
}

static bool id(const char **s, s64 *n)
{
	u64 v;

	if (!strncmp(*s, "-1", 2)) {
		*s += 2;
		*n = -1;
		return true;
	}
	if (!gdb_hex(s, &v) || v > INT32_MAX)
		return false;
	*n = (s64)v;
	return true;
}

bool gdb_thread_id(const char **s, s64 *pid, s64 *tid)
{
	const char *at = *s;

	*pid = 0;
	*tid = -1;
	if (gdb_char(&at, 'p')) {
		if (!id(&at, pid) || (gdb_char(&at, '.') && !id(&at, tid)))
			return false;
	} else if (!id(&at, tid)) {
		return false;
	}
	*s = at;
	return true;
}
