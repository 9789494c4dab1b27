/* See trace.h. */
#include "machine/trace.h"

int make_traces(struct machine *m, struct why *why)
{
	int r = m->cfg->trace ? perfetto_open(&m->perfetto, m, why) : 0;

	return r == 0 && m->cfg->tarmac ? tarmac_open(&m->tarmac, m, why) : r;
}

void free_traces(struct machine *m)
{
	perfetto_close(m->perfetto);
	tarmac_close(m->tarmac);
	m->perfetto = NULL;
	m->tarmac = NULL;
}
