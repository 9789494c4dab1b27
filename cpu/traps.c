/* See traps.h. Out of memory, a time is not counted. */
#include "cpu/traps.h"

#include <stdlib.h>
#include <string.h>

#include "cpu/context.h"

void traps_taken(struct cpu *c, unsigned cls, unsigned target)
{
	struct open_traps *o = exits_open(&c->exits);

	if (!stats_on() || !c->context)
		return;
	if (o->n == OPEN_TRAPS) {
		memmove(o->trap, o->trap + 1, (OPEN_TRAPS - 1) * sizeof(o->trap[0]));
		o->n--;
		c->context->cpu.traps_unreturned++;
	}
	o->trap[o->n++] = (struct open_trap){ .since = cpu_cycles(c), .cls = (u8)cls, .from = c->el, .target = (u8)target };
}

static void count_time(struct context *x, const struct open_trap *t, u64 now)
{
	struct durations **d = &x->trap_cycles[t->target][t->cls];

	if (!*d)
		*d = calloc(1, sizeof(**d));
	if (*d)
		durations_add(*d, now - t->since);
}

void traps_returned(struct cpu *c, unsigned from, struct context *handler)
{
	struct open_traps *o = exits_open(&c->exits);
	u32 i = o->n;

	if (!stats_on() || !handler || !c->context)
		return;
	(&handler->cpu.erets_to_el0)[c->el]++;
	while (i && (o->trap[i - 1].target != from || o->trap[i - 1].from != c->el))
		i--;
	if (!i) {
		handler->cpu.erets_unmatched++;
		return;
	}
	handler->cpu.traps_unreturned += o->n - i;
	o->n = i - 1;
	count_time(c->context, &o->trap[i - 1], cpu_cycles(c));
}

void traps_illegal(struct cpu *c)
{
	if (c->context)
		c->context->cpu.erets_illegal++;
}

u64 traps_open(const struct cpu *c)
{
	u64 n = c->exits.host.n;

	for (const struct vcpu *v = c->exits.vcpus; v; v = v->next)
		n += v->open.n;
	return n;
}

void traps_reset(struct cpu *c)
{
	if (c->context)
		c->context->cpu.traps_unreturned += traps_open(c);
	c->exits.host.n = 0;
	for (struct vcpu *v = c->exits.vcpus; v; v = v->next)
		v->open.n = 0;
}
