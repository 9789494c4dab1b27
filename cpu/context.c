/*
 * Counting contexts (cpu/context.h): which (VM, EL) of this PE is current, and the folding of the
 * running counters into it. exception.c switches after every entry and return; whoever reads
 * counters drains first.
 */
#include "cpu/context.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/snap.h"
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

/* ---- by ASID ---- */

/* Adds what the counters grew by since the last time. */
static void fold(struct context *x)
{
	const struct asid_stats now = { x->cpu.i_lookup, x->cpu.d_lookup, x->mmu };
	const u64 *is = (const u64 *)&now;
	u64 *was = (u64 *)&x->counted, *to = (u64 *)&(x->asid ? x->asid : &x->rest)->st;

	for (size_t i = 0; i < sizeof(now) / sizeof(u64); i++) {
		to[i] += is[i] - was[i];
		was[i] = is[i];
	}
}

static struct asid_counts **chain_of(struct context *x, u32 vmid, u32 asid)
{
	return &x->asids[(asid ^ vmid * 5 ^ asid >> 6) % ARRAY_SIZE(x->asids)];
}

/* NULL: there is none. */
static struct asid_counts *find_asid(struct context *x, u32 vmid, u32 asid)
{
	struct asid_counts *a = *chain_of(x, vmid, asid);

	while (a && (a->vmid != vmid || a->asid != asid))
		a = a->next;
	return a;
}

static struct asid_counts *add_asid(struct context *x, u32 vmid, u32 asid)
{
	struct asid_counts **chain = chain_of(x, vmid, asid), *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->vmid = vmid;
	a->asid = asid;
	a->next = *chain;
	*chain = a;
	x->n_asids++;
	return a;
}

/* The counts of an ASID, made when new; of the rest of its VMID when there are too many; of the rest without memory. */
static struct asid_counts *asid_of(struct cpu *c, struct context *x, u32 vmid, u32 asid)
{
	struct asid_counts *a = find_asid(x, vmid, asid);

	if (!a && asid < ASID_NONE) {
		if (x->n_asids < CONTEXT_ASIDS && c->n_asids < CONTEXT_PE_ASIDS) {
			a = add_asid(x, vmid, asid);
			c->n_asids += a != NULL;
		} else {
			asid = ASID_REST;
			a = find_asid(x, vmid, asid);
		}
	}
	if (!a && asid >= ASID_NONE && x->n_asids < 3 * CONTEXT_ASIDS)
		a = add_asid(x, vmid, asid);
	return a ? a : &x->rest;
}

static bool runs_vm(const struct context *x, u64 baddr)
{
	return x->vm == CONTEXT_VM_REST ? baddr != 0 : x->vm_baddr == baddr;
}

void context_asid(struct cpu *c)
{
	struct context *x = c->context;
	const struct regime *r = &c->regime;
	u32 vmid, asid;

	if (!stats_on() || !x || x->el != c->el || !runs_vm(x, current_vm(c)))
		return; /* the context is about to be switched */
	vmid = x->vm ? r->vmid : 0;
	asid = r->s1 && r->two_ranges ? r->asid : ASID_NONE;
	if (x->asid && x->asid->asid == asid && x->asid->vmid == vmid)
		return;
	context_drain(c);
	fold(x);
	x->asid = asid_of(c, x, vmid, asid);
}

static int by_asid(const void *a, const void *b)
{
	const struct asid_counts *x = a, *y = b;

	return x->asid != y->asid ? (x->asid > y->asid) - (x->asid < y->asid) : (x->vmid > y->vmid) - (x->vmid < y->vmid);
}

struct asid_counts *context_asids(struct context *x, u32 *n)
{
	struct asid_counts *list = calloc(x->n_asids + 1, sizeof(*list));

	*n = 0;
	fold(x);
	if (!list)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(x->asids); i++)
		for (const struct asid_counts *a = x->asids[i]; a; a = a->next)
			list[(*n)++] = *a;
	qsort(list, *n, sizeof(*list), by_asid);
	list[*n] = x->rest;
	list[*n].asid = ASID_REST;
	(*n)++;
	return list;
}

/* Which of them is current, or was when the context was left. */
static void snap_current_asid(struct context *x, struct snap *s)
{
	bool there = x->asid != NULL, rest = x->asid == &x->rest;
	u32 vmid = there ? x->asid->vmid : 0, asid = there ? x->asid->asid : 0;

	snap_bool(s, &there);
	snap_bool(s, &rest);
	snap_u32(s, &vmid);
	snap_u32(s, &asid);
	if (s->loading)
		x->asid = !there ? NULL : rest ? &x->rest : find_asid(x, vmid, asid);
}

void context_snap_asids(struct cpu *c, struct context *x, struct snap *s)
{
	u32 n = 0;
	struct asid_counts *list = s->loading ? NULL : context_asids(x, &n);

	snap_u32(s, &n);
	snap_check(s, n <= 3 * CONTEXT_ASIDS + 1, "number of ASIDs");
	for (u32 i = 0; i < n && !s->failed; i++) {
		struct asid_counts a = list ? list[i] : (struct asid_counts){ 0 }, *to;

		snap_u32(s, &a.vmid);
		snap_u32(s, &a.asid);
		for (size_t k = 0; k < sizeof(a.st) / sizeof(u64); k++)
			snap_u64(s, (u64 *)&a.st + k);
		if (!s->loading || s->failed)
			continue;
		to = i + 1 < n ? asid_of(c, x, a.vmid, a.asid) : &x->rest;
		to->st = a.st;
	}
	free(list);
	snap_current_asid(x, s);
	if (s->loading)
		x->counted = (struct asid_stats){ x->cpu.i_lookup, x->cpu.d_lookup, x->mmu };
}

void context_no_model(struct context *x)
{
	fold(x);
	x->mmu.l1i_model = x->mmu.l1d_model = x->counted.mmu.l1i_model = x->counted.mmu.l1d_model = 0;
	memset(x->tlb.l1i_hit_model, 0, sizeof(x->tlb.l1i_hit_model));
	memset(x->tlb.l1d_hit_model, 0, sizeof(x->tlb.l1d_hit_model));
	for (size_t i = 0; i < ARRAY_SIZE(x->asids); i++)
		for (struct asid_counts *a = x->asids[i]; a; a = a->next)
			a->st.mmu.l1i_model = a->st.mmu.l1d_model = 0;
	x->rest.st.mmu.l1i_model = x->rest.st.mmu.l1d_model = 0;
}

void context_count(struct cpu *c, struct context *x)
{
	c->context = x;
	if (c->mmu)
		mmu_set_stats(c->mmu, &x->mmu, &x->tlb);
	if (c->timing_model)
		timing_set_stats(c->timing_model, &x->timing);
}

void context_switch(struct cpu *c)
{
	u64 vm = current_vm(c);
	struct context *x = c->context;

	if (x && !stats_on())
		return; /* one context for all */
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
	context_count(c, x);
	exits_switch(c, x->vm);
	context_asid(c);
	if (unlikely(c->pmu.on))
		pmu_resume(c);
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
	st->d_lookup += cpu_class_count(c, CNT_DLOOKUP) + (u64)c->lookups; /* counted with KEY_XLAT only */
	st->loads += cpu_class_count(c, CNT_LOAD);
	st->stores += cpu_class_count(c, CNT_STORE);
	st->branches += cpu_class_count(c, CNT_BRANCH);
	st->simd += c->kinds[KIND_SIMD];
	st->atomics += c->kinds[KIND_ATOMIC];
	st->load_exclusives += c->kinds[KIND_LOAD_EXCL];
	st->store_exclusives += c->kinds[KIND_STORE_EXCL];
	st->barriers += c->kinds[KIND_BARRIER];
	st->system += c->kinds[KIND_SYSTEM];
	memset(c->kinds, 0, sizeof(c->kinds));
	c->work &= ~(s64)MASK(WORK_CYCLES - 1, 0);
	c->lookups = 0;
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
		for (size_t i = 0; i < ARRAY_SIZE(x->asids); i++)
			while (x->asids[i]) {
				struct asid_counts *a = x->asids[i];

				x->asids[i] = a->next;
				free(a);
			}
		free(x);
	}
	c->n_asids = 0;
	c->context = NULL;
	exits_free(&c->exits);
}
