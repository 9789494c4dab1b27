/* See outside.h. */
#include "devices/outside.h"

const struct stat_row outside_stat_rows[] = {
#define ROW(field, unit, help) STAT_ROW(outside_stats, field, unit, help)
	OUTSIDE_STATS(ROW)
#undef ROW
};
const size_t outside_stat_count = ARRAY_SIZE(outside_stat_rows);

void outside_add(struct outside *o, struct outside_source *s)
{
	struct outside_source **at = &o->sources;

	while (*at)
		at = &(*at)->next;
	s->next = NULL;
	*at = s;
}

void outside_remove(struct outside *o, struct outside_source *s)
{
	for (struct outside_source **at = &o->sources; *at; at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			return;
		}
}

size_t outside_files(struct outside *o, struct pollfd *to, size_t room)
{
	size_t n = 0;

	for (struct outside_source *s = o->sources; s; s = s->next)
		n += s->files(s->ctx, to + n, room - n);
	return n;
}

bool outside_live(struct outside *o)
{
	struct pollfd some[OUTSIDE_FILES];

	return outside_files(o, some, OUTSIDE_FILES) != 0;
}

void outside_poll(struct outside *o)
{
	struct pollfd files[OUTSIDE_FILES];
	struct outside_source *next;

	for (struct outside_source *s = o->sources; s; s = next) {
		size_t n = s->files(s->ctx, files, OUTSIDE_FILES);

		next = s->next;
		if (n && poll(files, n, 0) > 0)
			s->ready(s->ctx, files, n);
	}
}

void outside_enter(struct outside *o, struct outside_source *s, const u8 *bytes, size_t n)
{
	o->stats.entries++;
	o->stats.bytes += n;
	s->enter(s->ctx, bytes, n);
}
