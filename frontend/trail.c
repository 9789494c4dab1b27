/* See trail.h. */
#include "frontend/trail.h"

#include <stdlib.h>

struct trail_pe {
	struct observer observer;
	struct cpu *cpu;
	struct trail_entry into[4]; /* by EL */
};

struct trail {
	unsigned pes;
	struct trail_pe pe[];
};

static void on_trap(void *ctx, struct cpu *c, const struct observed_trap *t)
{
	struct trail_pe *p = ctx;

	if (t->from >= t->to)
		return;
	p->into[t->to] = (struct trail_entry){
		.open = true,
		.trap = *t,
		.x29 = c->x[29],
		.x30 = c->x[30],
		.sp = cpu_sp(c, t->spsr & 1 ? t->from : 0),
		.handler_sp = c->x[31],
		.hcr_el2 = c->sys.hcr_el2,
		.vmid = (u16)(c->sys.vttbr_el2 >> 48),
	};
}

static void on_eret(void *ctx, struct cpu *c, unsigned from, u64 pc)
{
	struct trail_pe *p = ctx;

	if (c->el < from)
		p->into[from].open = false;
}

static void on_reset(void *ctx, struct cpu *c)
{
	struct trail_pe *p = ctx;

	for (unsigned el = 0; el < 4; el++)
		p->into[el].open = false;
}

struct trail *trail_new(struct machine *m)
{
	static const struct observer_ops ops = { .trap = on_trap, .eret = on_eret, .reset = on_reset };
	unsigned pes = machine_pes(m);
	struct trail *t = calloc(1, sizeof *t + pes * sizeof t->pe[0]);

	if (!t)
		return NULL;
	t->pes = pes;
	for (unsigned i = 0; i < pes; i++) {
		t->pe[i].cpu = machine_pe(m, i);
		t->pe[i].observer = (struct observer){ .ops = &ops, .ctx = &t->pe[i] };
		cpu_observe(t->pe[i].cpu, &t->pe[i].observer);
	}
	return t;
}

void trail_free(struct trail *t)
{
	for (unsigned i = 0; t && i < t->pes; i++)
		cpu_unobserve(t->pe[i].cpu, &t->pe[i].observer);
	free(t);
}

const struct trail_entry *trail_into(const struct trail *t, unsigned pe, unsigned el)
{
	return t && pe < t->pes && el < 4 && t->pe[pe].into[el].open ? &t->pe[pe].into[el] : NULL;
}
