/* --timing: which core's timing, with which parameters. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/timing_config.h"
#include "frontend/options_priv.h"

int option_timing(struct parse *p, const char *arg)
{
	size_t n = arg ? strcspn(arg, ",") : 0;
	bool named = n && !memchr(arg, '=', n);
	const char *rest = arg ? arg + (named ? n : 0) : "";

	if (named && n == 4 && !memcmp(arg, "help", 4)) {
		p->ask = ASK_TIMING;
		return 0;
	}
	if (*rest == ',')
		rest++;
	free(p->timing_core);
	p->timing_core = named ? strndup(arg, n) : NULL;
	if (named && !p->timing_core)
		return why_set(p->why, ENOMEM, "no memory on the host");
	return set_string(p, &p->c->timing, rest);
}

int option_timing_regions(struct parse *p, const char *arg)
{
	p->c->timing_regions = true;
	return 0;
}

static const char *core_name(const void *list, size_t i)
{
	return i < timing_cores_n ? ((const struct timing_core *)list)[i].name : NULL;
}

static int no_such_core(struct parse *p, const char *name)
{
	const char *near = closest(name, core_name, timing_cores);

	return refuse(p, "there is no timing model of '%s'%s%s%s (--timing help lists cores and parameters)", name,
		      near ? "; the closest core with one is '" : "", near ? near : "", near ? "'" : "");
}

int timing_finish(struct parse *p)
{
	struct config *c = p->c;
	const char *core = p->timing_core;
	struct timing_values scratch;
	struct why why;
	int r = 0;

	p->option = "--timing-regions";
	if (!c->timing)
		return c->timing_regions ? refuse(p, "expected --timing beside it, which says what the timing is") : 0;
	p->option = "--timing";
	if (core && !timing_core_find(core))
		return no_such_core(p, core);
	if (core && c->cpu && strcmp(core, c->cpu))
		return refuse(p, "expected the core that -cpu names, '%s', got '%s'; leave one of them out", c->cpu, core);
	if (!c->cpu)
		r = set_string(p, &c->cpu, core ? core : "cortex-a57");
	if (r)
		return r;
	if (!timing_core_find(c->cpu))
		return no_such_core(p, c->cpu);
	if (c->parallel && c->pes > 1)
		return refuse(p, "timing is exact, and with --parallel no run is like another; leave one of them out");
	scratch = *timing_core_find(c->cpu)->values;
	return timing_parse(&scratch, c->timing, &why) ? refuse(p, "%s", why.text) : 0;
}

void help_timing(FILE *out)
{
	fputs("--timing [CORE][,PARAMETER=N...]; values of each core, and where they are from (docs/timing.md):\n", out);
	for (size_t i = 0; i < timing_rows_n; i++) {
		const struct timing_row *r = &timing_rows[i];

		fprintf(out, "\n%s: %s%s%s%s\n", r->key, r->help, *r->unit ? " (" : "", r->unit, *r->unit ? ")" : "");
		for (size_t k = 0; k < timing_cores_n; k++)
			fprintf(out, "  %-12s %-10u %s\n", timing_cores[k].name, timing_value(timing_cores[k].values, i),
				timing_source(&timing_cores[k], i));
	}
}
