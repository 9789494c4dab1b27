/*
 * The snapshot visitor: one function per device both saves and loads (and feeds the end digest).
 * Derived state is recomputed by the caller when s->loading. Loaded values that index anything must pass
 * snap_check(). After the first failure every call is a no-op and loads leave zeros.
 */
#ifndef BASE_SNAP_H
#define BASE_SNAP_H

#include "base/types.h"

struct snap {
	bool loading;
	bool failed;
	const char *why;     /* static text: what failed */
	const char *section; /* current section's name */
	/* moves n bytes between p and the stream; digest streams only read p */
	bool (*bytes)(struct snap *s, void *p, size_t n);
};

void snap_section(struct snap *s, const char *name, u32 version);
void snap_bytes(struct snap *s, void *p, size_t n);
void snap_u8(struct snap *s, u8 *v);
void snap_u16(struct snap *s, u16 *v);
void snap_u32(struct snap *s, u32 *v);
void snap_u64(struct snap *s, u64 *v);
void snap_bool(struct snap *s, bool *v);
/* Fails the load when !ok. */
void snap_check(struct snap *s, bool ok, const char *what);

/* A stream that hashes everything it is shown with SHA-256. */
struct snap_digest;
struct snap_digest *snap_digest_new(void);
struct snap *snap_digest_stream(struct snap_digest *d);
/* Writes 64 hex digits and a NUL; frees d. */
void snap_digest_end(struct snap_digest *d, char hex[65]);

#endif
