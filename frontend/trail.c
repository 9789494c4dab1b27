/* See trail.h. */
#include "frontend/trail.h"

#include <stdlib.h>
#include <string.h>

#include "cpu/sysreg.h"

enum { OPEN = 16 };

/* The exceptions that are open at an EL, the newest last. */
struct trail_el {
	struct trail_entry entry[OPEN];
	unsigned n;
};

struct trail_pe {
	struct observer observer;
	struct cpu *cpu;
	struct trail_el into[4];
};

struct trail {
	unsigned pes;
	struct trail_pe pe[];
};

static void take_out(struct trail_el *e, unsigned i)
{
	e->n--;
	memmove(e->entry + i, e->entry + i + 1, (e->n - i) * sizeof *e->entry);
}

/* EL1 and EL0 belong to a VM now. */
static bool in_vm(const struct cpu *c)
{
	return (c->sys.hcr_el2 & (HCR_VM | HCR_TGE)) == HCR_VM;
}

static void on_trap(void *ctx, struct cpu *c, const struct observed_trap *t)
{
	struct trail_pe *p = ctx;
	struct trail_el *e = &p->into[t->to];

	if (t->from >= t->to)
		return;
	if (e->n == OPEN)
		take_out(e, 0);
	e->entry[e->n++] = (struct trail_entry){
		.trap = *t,
		.x29 = c->x[29],
		.x30 = c->x[30],
		.sp = cpu_sp(c, t->spsr & 1 ? t->from : 0),
		.handler_sp = c->x[31],
		.hcr_el2 = c->sys.hcr_el2,
		.vm = t->from < 2 && in_vm(c),
		.vmid = (u16)(c->sys.vttbr_el2 >> 48),
	};
}

/* It leads back to what that exception interrupted; near: to another place there (a signal, a skipped instruction). */
static bool returns_to(const struct cpu *c, const struct trail_entry *e, bool near)
{
	bool vm = c->el < 2 && in_vm(c);

	return e->trap.from == c->el && e->vm == vm && (!vm || e->vmid == (u16)(c->sys.vttbr_el2 >> 48)) && (near || e->trap.ret == c->pc);
}

static void on_eret(void *ctx, struct cpu *c, unsigned from, u64 pc)
{
	struct trail_pe *p = ctx;
	struct trail_el *e = &p->into[from];

	for (int near = 0; c->el < from && near < 2; near++)
		for (unsigned i = e->n; i-- > 0;)
			if (returns_to(c, &e->entry[i], near)) {
				take_out(e, i);
				return;
			}
}

static void on_reset(void *ctx, struct cpu *c)
{
	struct trail_pe *p = ctx;

	for (unsigned el = 0; el < 4; el++)
		p->into[el].n = 0;
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

const struct trail_entry *trail_into(const struct trail *t, unsigned pe, unsigned el, unsigned i)
{
	const struct trail_el *e = t && pe < t->pes && el < 4 ? &t->pe[pe].into[el] : NULL;

	return e && i < e->n ? &e->entry[e->n - 1 - i] : NULL;
}
