/* A snapshot stream in memory, for unit tests of things that save and load. */
#ifndef TESTS_UNIT_MEM_SNAP_H
#define TESTS_UNIT_MEM_SNAP_H

#include <string.h>

#include "base/snap.h"

/* Starts as { .s.bytes = mem_bytes }: saving. */
struct mem_snap {
	struct snap s;
	u8 data[65536];
	size_t at, size;
};

static inline bool mem_bytes(struct snap *s, void *p, size_t n)
{
	struct mem_snap *m = container_of(s, struct mem_snap, s);

	if (m->at + n > (s->loading ? m->size : sizeof m->data))
		return false;
	if (s->loading)
		memcpy(p, m->data + m->at, n);
	else
		memcpy(m->data + m->at, p, n);
	m->at += n;
	return true;
}

/* From saving to loading what was saved. */
static inline void mem_rewind(struct mem_snap *m)
{
	if (!m->s.loading)
		m->size = m->at;
	m->at = 0;
	m->s = (struct snap){ .loading = true, .bytes = mem_bytes };
}

#endif
