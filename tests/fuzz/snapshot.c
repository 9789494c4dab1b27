/* See snapshot.h. */
#include "tests/fuzz/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/snap.h"
#include "mmu/bus.h"
#include "tests/fuzz/loop.h"

struct stream {
	struct snap s;
	u8 *data;
	size_t at, size, room;
};

static bool stream_bytes(struct snap *s, void *p, size_t n)
{
	struct stream *m = container_of(s, struct stream, s);

	if (s->loading) {
		if (n > m->size - m->at)
			return false;
		memcpy(p, m->data + m->at, n);
	} else {
		if (m->at + n > m->room) {
			m->room = 2 * (m->at + n);
			m->data = realloc(m->data, m->room);
			if (!m->data)
				abort();
		}
		memcpy(m->data + m->at, p, n);
		m->size = m->at + n;
	}
	m->at += n;
	return true;
}

bool fuzz_snapshot(struct random *rng, struct bus *bus)
{
	struct stream a = { .s.bytes = stream_bytes }, b = { .s.bytes = stream_bytes };
	bool damaged = random_percent(rng, 30);

	bus_snap(bus, &a.s);
	a.at = 0;
	a.s = (struct snap){ .loading = true, .bytes = stream_bytes };
	if (damaged)
		a.data[random_below(rng, a.size)] ^= (u8)(1u << random_below(rng, 8));
	bus_snap(bus, &a.s);
	fuzz_count(damaged ? "damaged snapshots" : "snapshots", 0);
	if (!damaged) {
		bus_snap(bus, &b.s);
		if (a.s.failed)
			fuzz_bad("a snapshot does not load: %s", a.s.why ? a.s.why : "?");
		else if (a.size != b.size || memcmp(a.data, b.data, a.size))
			fuzz_bad("a snapshot does not save what it loaded");
	}
	free(a.data);
	free(b.data);
	return !a.s.failed;
}
