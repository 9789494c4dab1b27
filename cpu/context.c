/*
 * Counting contexts (cpu/context.h): which (VM, EL) of this PE is current, and the folding of the
 * running counters into it. exception.c switches after every entry and return; whoever reads
 * counters drains first.
 */
#include "cpu/context.h"

#include <stdlib.h>

#include "base/bits.h"
#include "cpu/sysreg.h"

const struct stat_row cpu_stat_rows[] = {
#define STAT(name, unit, help) { #name, unit, help, offsetof(struct cpu_stats, name) },
	CPU_STATS(STAT)
#undef STAT
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

/* Appends: contexts stay in order of first sight, so that reports depend on nothing else. */
static struct context *add_context(struct cpu *c, u64 vm)
{
	struct context **end = &c->contexts, *x = context_new();
	u16 number = 0, seen = 0;

	for (; *end; end = &(*end)->next) {
		if ((*end)->vm_baddr == vm)
			number = (*end)->vm;
		seen = (*end)->vm > seen ? (*end)->vm : seen;
	}
	if (!x)
		return NULL;
	x->vm_baddr = vm;
	x->vm = (u16)(!vm ? 0 : number ? number : seen + 1);
	x->vmid = vm ? c->regime.vmid : 0;
	x->el = c->el;
	*end = x;
	return x;
}

void context_switch(struct cpu *c)
{
	u64 vm = current_vm(c);
	struct context *x = c->context;

	if (x && x->el == c->el && x->vm_baddr == vm)
		return;
	if (x)
		context_drain(c);
	for (x = c->contexts; x && (x->el != c->el || x->vm_baddr != vm);)
		x = x->next;
	if (!x)
		x = add_context(c, vm);
	if (!x)
		return; /* out of memory: count where we are */
	c->context = x;
	if (c->mmu)
		mmu_set_stats(c->mmu, &x->mmu);
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
		free(x);
	}
	c->context = NULL;
}
