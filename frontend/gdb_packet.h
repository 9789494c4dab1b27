/*
 * The framing of GDB's remote serial protocol (GDB manual, appendix E.1): bytes in, packets out, apart from what they mean and how they
 * travel. `$data#cc`, `+`, `-` and the byte 3 for Ctrl-C come in; `}` escapes are undone. Run-length encoding is neither sent nor
 * understood (only stubs send it). Nothing here allocates; a packet that is too long is skipped as a whole.
 */
#ifndef FRONTEND_GDB_PACKET_H
#define FRONTEND_GDB_PACKET_H

#include "base/types.h"

enum { GDB_PACKET_SIZE = 0x8000 }; /* of a packet's data, both ways; qSupported tells it */

enum gdb_event {
	GDB_NOTHING, /* more bytes are needed */
	GDB_PACKET, /* data, n: valid until the next byte */
	GDB_ACK,
	GDB_NAK,
	GDB_INTERRUPT,
	GDB_DAMAGED, /* wrong checksum */
	GDB_TOO_LONG,
	GDB_STRAY, /* a byte that belongs to nothing */
};

/* Zeroed: at a boundary between packets. */
struct gdb_parser {
	u8 state, sum, wanted;
	bool escaped, too_long;
	size_t n;
	char data[GDB_PACKET_SIZE + 1]; /* with a 0 behind it; may hold others */
};

enum gdb_event gdb_parse(struct gdb_parser *p, u8 byte);
/* Bytes of a packet are in: 3 is data then. */
bool gdb_in_packet(const struct gdb_parser *p);

/* The most bytes that n bytes of data take with everything. */
static inline size_t gdb_frame_size(size_t n)
{
	return 2 * n + 4;
}
/* Returns how many went to `to`, which has room for gdb_frame_size(n). */
size_t gdb_frame(const void *data, size_t n, u8 *to);

/* ---- inside packets; each moves *s behind what it read, or leaves it and returns false ---- */

/* A hexadecimal number of at most 64 bits. */
bool gdb_hex(const char **s, u64 *v);
bool gdb_char(const char **s, char c);
/* n bytes as 2n hexadecimal digits. */
bool gdb_hex_bytes(const char **s, void *to, size_t n);
/* "pPID.TID" or "TID". -1 in both: all; pid is 0 when it was not said, tid is -1 when a process alone was. */
bool gdb_thread_id(const char **s, s64 *pid, s64 *tid);

#endif
