/*
 * Counting contexts (cpu/context.h): which (VM, EL) of this PE is current, and the folding of the
 * running counters into it. exception.c switches after every entry and return; whoever reads
 * counters drains first.
 */
#include "cpu/context.h"

#include <stdlib.h>

#include "base/bits.h"
#include "cpu/observe.h"
#include "cpu/sysreg.h"

const struct stat_row cpu_stat_rows[] = {
#define ROW(field, unit, help) STAT_ROW(cpu_stats, field, unit, help)
	CPU_STATS(ROW)
#undef ROW
};
const size_t cpu_stat_rows_n = ARRAY_SIZE(cpu_stat_rows);

/* BADDR of the VM that is running, 0: none. */
static u64 current_vm(const struct cpu *c)
{
	bool guest = c->el <= 1 && c->regime.kind == REGIME_EL10 && (c->hcr_eff & HCR_VM);

	return guest ? c->sys.vttbr_el2 & MASK(47, 1) : 0;
}

struct context *context_new(void)
{
	return calloc(1, sizeof(struct context));
}

u16 context_vm(const struct context *contexts, u64 baddr, u16 *seen)
{
	for (const struct context *x = contexts; x; x = x->next) {
		if (x->vm && x->vm_baddr == baddr)
			return x->vm;
		if (x->vm > *seen)
			*seen = x->vm;
	}
	return 0;
}

static u16 vm_number(const struct cpu *c, u64 vm)
{
	u16 seen = 0, number;

	if (!vm)
		return 0;
	if (c->host.vm_number)
		return c->host.vm_number(c->host.ctx, vm);
	number = context_vm(c->contexts, vm, &seen);
	return number ? number : (u16)(seen + 1);
}

static struct context *find_context(const struct cpu *c, u64 vm)
{
	struct context *x = c->contexts;

	while (x && (x->el != c->el || x->vm_baddr != vm))
		x = x->next;
	return x;
}

/* Appends: contexts stay in order of first sight, so that reports depend on nothing else. */
static struct context *add_context(struct cpu *c, u64 vm, u16 number)
{
	struct context **end = &c->contexts, *x = context_new();

	if (!x)
		return NULL;
	x->vm_baddr = vm;
	x->vm = number;
	x->vmid = vm && vm != CONTEXT_BADDR_REST ? c->regime.vmid : 0;
	x->el = c->el;
	while (*end)
		end = &(*end)->next;
	*end = x;
	return x;
}

/* A context that this PE has not entered before. */
static struct context *first_sight(struct cpu *c, u64 vm)
{
	u16 number;
	struct context *x;

	cpu_enter(c); /* other PEs look through these contexts for numbers */
	number = vm_number(c, vm);
	x = number <= CONTEXT_MAX_VMS ? NULL : find_context(c, CONTEXT_BADDR_REST);
	if (!x)
		x = number <= CONTEXT_MAX_VMS ? add_context(c, vm, number)
					      : add_context(c, CONTEXT_BADDR_REST, CONTEXT_VM_REST);
	cpu_leave(c);
	return x;
}

void context_switch(struct cpu *c)
{
	u64 vm = current_vm(c);
	struct context *x = c->context;

	if (x && x->el == c->el && x->vm_baddr == vm)
		return;
	if (unlikely(c->pmu.on))
		pmu_sync(c);
	if (x)
		context_drain(c);
	x = find_context(c, vm);
	if (!x)
		x = first_sight(c, vm);
	if (!x)
		return; /* out of memory: count where we are */
	c->context = x;
	exits_switch(c, x->vm);
	if (c->mmu)
		mmu_set_stats(c->mmu, &x->mmu);
	if (unlikely(c->pmu.on))
		pmu_resume(c);
	if (c->timing_model)
		timing_set_stats(c->timing_model, &x->timing);
	if (unlikely(c->observers != NULL))
		observe_context(c);
}

void context_drain(struct cpu *c)
{
	u64 insns = cpu_insns(c), cycles = cpu_cycles(c), done = insns - c->drained_insns;
	bool looked_up = c->regime.s1 || c->regime.s2;
	struct cpu_stats *st = &c->context->cpu;

	st->insns += done;
	st->cycles += cycles - c->drained_cycles;
	st->i_lookup += looked_up ? done : 0;
	st->d_lookup += c->cnt[CNT_DLOOKUP]; /* counted with KEY_XLAT only */
	st->loads += c->cnt[CNT_LOAD];
	st->stores += c->cnt[CNT_STORE];
	st->branches += c->cnt[CNT_BRANCH];
	for (size_t i = 0; i < ARRAY_SIZE(c->cnt); i++)
		c->cnt[i] = 0;
	c->drained_insns = insns;
	c->drained_cycles = cycles;
}

void context_free(struct cpu *c)
{
	while (c->contexts) {
		struct context *x = c->contexts;

		c->contexts = x->next;
		for (unsigned el = 0; el < 4; el++)
			for (unsigned k = 0; k < EXIT_CLASSES; k++)
				free(x->trap_cycles[el][k]);
		free(x);
	}
	c->context = NULL;
	exits_free(&c->exits);
}
