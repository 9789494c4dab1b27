/*
 * Helpers of the snapshot visitor, and the stream that digests. A section is its name (length byte and
 * letters) and a 32-bit version; values follow as little-endian bytes without padding or tags, so a
 * reader that goes out of step fails at the next section.
 */
#include "base/snap.h"

#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are written as the host holds them");

static void snap_fail(struct snap *s, const char *why)
{
	if (!s->failed)
		s->why = why;
	s->failed = true;
}

void snap_bytes(struct snap *s, void *p, size_t n)
{
	if (!s->failed && !s->bytes(s, p, n))
		snap_fail(s, s->loading ? "snapshot ends early" : "snapshot cannot be written");
	if (s->failed && s->loading)
		memset(p, 0, n);
}

void snap_section(struct snap *s, const char *name, u32 version)
{
	char seen[256] = { 0 };
	u8 length = (u8)strlen(name);
	u32 v = version;

	s->section = name;
	memcpy(seen, name, length);
	snap_u8(s, &length);
	snap_bytes(s, seen, length);
	snap_u32(s, &v);
	if (!s->loading)
		return;
	seen[length] = 0;
	snap_check(s, strcmp(seen, name) == 0, "another section stands here");
	snap_check(s, v == version, "section of another version");
}

void snap_u8(struct snap *s, u8 *v)
{
	snap_bytes(s, v, sizeof *v);
}

void snap_u16(struct snap *s, u16 *v)
{
	snap_bytes(s, v, sizeof *v);
}

void snap_u32(struct snap *s, u32 *v)
{
	snap_bytes(s, v, sizeof *v);
}

void snap_u64(struct snap *s, u64 *v)
{
	snap_bytes(s, v, sizeof *v);
}

void snap_bool(struct snap *s, bool *v)
{
	u8 b = *v;

	snap_u8(s, &b);
	snap_check(s, b <= 1, "truth value");
	if (s->loading)
		*v = b == 1;
}

void snap_check(struct snap *s, bool ok, const char *what)
{
	if (s->loading && !ok)
		snap_fail(s, what);
}

struct snap_digest {
	struct snap stream; /* first: the visitor hands back its address */
	struct sha256_ctx sha;
};

static bool digest_bytes(struct snap *s, void *p, size_t n)
{
	struct snap_digest *d = container_of(s, struct snap_digest, stream);

	sha256_update(&d->sha, n, p);
	return true;
}

struct snap_digest *snap_digest_new(void)
{
	struct snap_digest *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->stream.bytes = digest_bytes;
	sha256_init(&d->sha);
	return d;
}

struct snap *snap_digest_stream(struct snap_digest *d)
{
	return &d->stream;
}

void snap_digest_end(struct snap_digest *d, char hex[65])
{
	u8 sum[SHA256_DIGEST_SIZE];

	sha256_digest(&d->sha, sizeof sum, sum);
	for (size_t i = 0; i < sizeof sum; i++) {
		hex[2 * i] = "0123456789abcdef"[sum[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[sum[i] & 15];
	}
	hex[64] = 0;
	free(d);
}
