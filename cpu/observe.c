/* See observe.h. */
#include "cpu/observe.h"

void cpu_observe_code(struct cpu *c)
{
	c->observed = c->timing != NULL;
	for (const struct observer *o = c->observers; o; o = o->next)
		c->observed |= o->ops->insn || o->ops->access;
	c->observe_again &= c->observed;
	c->attn |= ATTN_CONTEXT; /* the block key says it */
}

void cpu_observe(struct cpu *c, struct observer *o)
{
	struct observer **end = &c->observers;

	if (!*end)
		c->observed_asleep = true; /* nobody was told that it runs */
	while (*end)
		end = &(*end)->next;
	o->next = NULL;
	*end = o;
	cpu_observe_code(c);
}

void cpu_unobserve(struct cpu *c, struct observer *o)
{
	struct observer **at = &c->observers;

	while (*at && *at != o)
		at = &(*at)->next;
	if (*at)
		*at = o->next;
	cpu_observe_code(c);
}

void observe_trap(struct cpu *c, const struct observed_trap *t)
{
	for (struct observer *o = c->observers; o; o = o->next)
		if (o->ops->trap)
			o->ops->trap(o->ctx, c, t);
}

void observe_eret(struct cpu *c, unsigned from, u64 pc)
{
	for (struct observer *o = c->observers; o; o = o->next)
		if (o->ops->eret)
			o->ops->eret(o->ctx, c, from, pc);
}

void observe_context(struct cpu *c)
{
	for (struct observer *o = c->observers; o; o = o->next)
		if (o->ops->context)
			o->ops->context(o->ctx, c);
}

void observe_reset(struct cpu *c)
{
	for (struct observer *o = c->observers; o; o = o->next)
		if (o->ops->reset)
			o->ops->reset(o->ctx, c);
}

void observe_sysreg(struct cpu *c, const struct sysreg *r, u64 v)
{
	for (struct observer *o = c->observers; o; o = o->next)
		if (o->ops->sysreg)
			o->ops->sysreg(o->ctx, c, r, v);
}

void cpu_list_register_written(struct cpu *c, unsigned n, u64 v)
{
	for (struct observer *o = c->observers; o; o = o->next)
		if (o->ops->list_register)
			o->ops->list_register(o->ctx, c, n, v);
}

void cpu_maintenance_rose(struct cpu *c, u64 misr)
{
	for (struct observer *o = c->observers; o; o = o->next)
		if (o->ops->maintenance)
			o->ops->maintenance(o->ctx, c, misr);
}

/* A PE that slept runs again. */
void observe_slice_begin(struct cpu *c)
{
	if (!c->observed_asleep)
		return;
	c->observed_asleep = false;
	for (struct observer *o = c->observers; o; o = o->next)
		if (o->ops->wake)
			o->ops->wake(o->ctx, c);
}

void observe_slice_end(struct cpu *c)
{
	c->observed_asleep = c->waiting;
	for (struct observer *o = c->observers; o; o = o->next) {
		if (c->waiting && o->ops->sleep)
			o->ops->sleep(o->ctx, c);
		if (o->ops->slice)
			o->ops->slice(o->ctx, c);
	}
}
