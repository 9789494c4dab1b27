/* --trace, --tarmac, and what part of the run they are about. */
#include "frontend/options_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int option_trace(struct parse *p, const char *arg)
{
	return set_string(p, &p->c->trace, arg);
}

int option_tarmac(struct parse *p, const char *arg)
{
	return set_string(p, &p->c->tarmac, arg);
}

/* A time of the guest's with its unit, in picoseconds. */
static int value_time(struct parse *p, const char *arg, u64 *ps)
{
	static const struct {
		const char *name;
		u64 ps;
	} units[] = { { "s", 1000000000000 }, { "ms", 1000000000 }, { "us", 1000000 }, { "ns", 1000 } };
	char *end;
	u64 n;

	errno = 0;
	n = strtoull(arg, &end, 10);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (*arg < '0' || *arg > '9' || strcmp(end, units[i].name))
			continue;
		if (errno || n > UINT64_MAX / 2 / units[i].ps)
			return refuse(p, "expected at most %" PRIu64 "s, got '%s'", UINT64_MAX / 2 / units[0].ps, arg);
		*ps = n * units[i].ps;
		return 0;
	}
	return refuse(p, "expected a time of the guest's as 5s, 20ms, 300us or 1000ns, got '%s'", arg);
}

int option_trace_from(struct parse *p, const char *arg)
{
	p->trace_part = true;
	return value_time(p, arg, &p->c->trace_from);
}

int option_trace_to(struct parse *p, const char *arg)
{
	p->trace_part = true;
	return value_time(p, arg, &p->c->trace_to);
}

int option_trace_max(struct parse *p, const char *arg)
{
	int r = value_size(p, "size", arg, 1 << 20, &p->c->trace_max);

	p->trace_part = true;
	if (r == 0 && p->c->trace_max < 1 << 20)
		return refuse(p, "expected at least 1M, got '%s'", arg);
	return r;
}

int check_traces(struct parse *p)
{
	const struct config *c = p->c;

	p->option = "--trace-from, --trace-to, --trace-max";
	if (p->trace_part && !c->trace && !c->tarmac)
		return refuse(p, "expected --trace FILE or --tarmac FILE with them");
	p->option = "--trace-to";
	if (c->trace_from >= c->trace_to)
		return refuse(p, "expected a time after that of --trace-from");
	p->option = "--tarmac";
	if (c->tarmac && c->trace && !strcmp(c->tarmac, c->trace))
		return refuse(p, "expected another file than that of --trace");
	if (c->tarmac && c->parallel && c->pes > 1)
		return refuse(p, "its lines are in the order of the guest's time, which --parallel does not keep; leave one of them out");
	return 0;
}
