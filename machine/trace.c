/* See trace.h. */
#include "machine/trace.h"

int make_traces(struct machine *m, struct why *why)
{
	return m->cfg->trace ? perfetto_open(&m->perfetto, m, why) : 0;
}

void free_traces(struct machine *m)
{
	perfetto_close(m->perfetto);
	m->perfetto = NULL;
}
