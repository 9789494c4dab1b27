/*
 * Cold reset and the snapshot visitor of a PE. Reset leaves input pins, power state, counters and
 * the clock alone: they belong to the board. Registers that the manual leaves UNKNOWN read 0, so
 * that every run begins alike.
 */
#include "cpu/cpu.h"

#include <stdlib.h>
#include <string.h>

#include "base/snap.h"
#include "cpu/context.h"
#include "cpu/debug.h"
#include "cpu/observe.h"
#include "cpu/seen.h"
#include "cpu/sysreg.h"
#include "cpu/traps.h"

/* Reset values that depend on the core. */
static void reset_core_values(struct cpu *c)
{
	struct sysregs *s = &c->sys;

	for (unsigned el = 1; el <= 3; el++)
		s->sctlr[el] = c->core.id.sctlr_reset;
	s->vpidr_el2 = c->core.id.midr;
	s->vmpidr_el2 = c->mpidr;
	s->mdcr_el2 = cpu_has(c, FEAT(PMUv3)) ? pmu_count(c) : 0; /* HPMN */
	s->oslsr_el1 = 8 | OSLSR_OSLK;
}

void cpu_reset(struct cpu *c)
{
	if (c->context)
		context_drain(c);
	traps_reset(c);
	memset(c->x, 0, sizeof(c->x));
	memset(c->v, 0, sizeof(c->v));
	fpu_init(&c->fpu);
	sysreg_reset(c);
	reset_core_values(c);
	c->el = cpu_has(c, FEAT(EL3)) ? 3 : cpu_has(c, FEAT(EL2)) ? 2 : 1;
	c->spsel = true;
	c->daif = 15;
	c->nzcv = 0;
	c->pan = c->uao = c->ssbs = c->il = c->ss = false;
	c->excl_host = NULL;
	c->event_reg = c->waiting = c->wait_wfe = false;
	c->step_iss = 0;
	memset(&c->exit, 0, sizeof(c->exit));
	c->pc = c->rvbar;
	if (c->mmu)
		mmu_reset(c->mmu);
	if (c->timing_model)
		timing_reset(c->timing_model);
	seen_forget(c);
	cpu_update_context(c);
	context_switch(c);
	pmu_reset(c);
	c->attn = (c->attn & ATTN_STEP) | ATTN_PINS;
	if (unlikely(c->observers != NULL))
		observe_reset(c);
}

static void snap_u64s(struct snap *s, u64 *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snap_u64(s, &v[i]);
}

static void snap_pstate(struct cpu *c, struct snap *s)
{
	u64 nzcv = cpu_nzcv(c);

	snap_u64(s, &nzcv);
	snap_u8(s, &c->el);
	snap_bool(s, &c->spsel);
	snap_u8(s, &c->daif);
	snap_bool(s, &c->pan);
	snap_bool(s, &c->uao);
	snap_bool(s, &c->ssbs);
	snap_bool(s, &c->il);
	snap_bool(s, &c->ss);
	snap_u32(s, &c->step_iss);
	snap_check(s, c->el <= 3, "exception level");
	if (s->loading)
		cpu_set_nzcv(c, (u32)nzcv);
}

static void snap_vectors(struct cpu *c, struct snap *s)
{
	u64 fpcr = c->fpu.fpcr, fpsr = c->fpu.fpsr;

	for (unsigned i = 0; i < 32; i++)
		snap_u64s(s, c->v[i].d, 2);
	snap_u64(s, &fpcr);
	snap_u64(s, &fpsr);
	if (s->loading) {
		fpu_set_fpcr(&c->fpu, fpcr);
		fpu_set_fpsr(&c->fpu, fpsr);
	}
}

static void snap_trap_cycles(struct snap *s, struct context *x)
{
	for (unsigned el = 0; el < 4; el++)
		for (unsigned k = 0; k < EXIT_CLASSES; k++) {
			struct durations **d = &x->trap_cycles[el][k];
			bool there = *d != NULL;

			snap_bool(s, &there);
			if (there && s->loading && !s->failed)
				*d = calloc(1, sizeof(**d));
			if (there && *d)
				durations_snap(s, *d);
		}
}

/* One for each VM and level, and the one for all VMs beyond. */
enum { CONTEXTS_MAX = (CONTEXT_VM_REST + 1) * 4 };

static void snap_context(struct cpu *c, struct snap *s, struct context *x)
{
	snap_u64(s, &x->vm_baddr);
	snap_u16(s, &x->vm);
	snap_u16(s, &x->vmid);
	snap_u8(s, &x->el);
	snap_u64s(s, (u64 *)&x->cpu, sizeof(x->cpu) / sizeof(u64));
	snap_u64s(s, (u64 *)&x->mmu, sizeof(x->mmu) / sizeof(u64));
	snap_u64s(s, (u64 *)&x->tlb, sizeof(x->tlb) / sizeof(u64));
	snap_u64s(s, &x->exceptions[0][0][0], sizeof(x->exceptions) / sizeof(u64));
	snap_trap_cycles(s, x);
	context_snap_asids(c, x, s);
}

/* Saved in order of first sight; loading replaces what is there. Returns the current one, which is always there when nothing failed. */
static struct context *snap_contexts(struct cpu *c, struct snap *s)
{
	struct context **end = &c->contexts, *current = c->context;
	u32 n = 0, at = 0;

	for (struct context *x = c->contexts; x; x = x->next) {
		at = x == current ? n : at;
		n++;
	}
	snap_u32(s, &n);
	snap_u32(s, &at);
	snap_check(s, at < n && n <= CONTEXTS_MAX, "number of counting contexts");
	if (s->loading) {
		context_free(c);
		current = NULL;
	}
	for (u32 i = 0; i < n && !s->failed; i++) {
		if (s->loading)
			*end = context_new();
		snap_check(s, *end != NULL, "memory for counting contexts");
		if (!*end)
			return NULL;
		snap_context(c, s, *end);
		if (i == at)
			current = *end;
		end = &(*end)->next;
	}
	return current;
}

/* A model is there or not by the command line; whether it is on is state. */
static void snap_timing(struct cpu *c, struct snap *s)
{
	bool there = c->timing_model, on = c->timing;

	snap_bool(s, &there);
	snap_check(s, there == (c->timing_model != NULL), "timing model");
	if (!there || s->failed)
		return;
	snap_bool(s, &on);
	timing_snap(c->timing_model, s);
	for (struct context *x = c->contexts; x; x = x->next)
		snap_u64s(s, (u64 *)&x->timing, sizeof(x->timing) / sizeof(u64));
	if (s->loading)
		cpu_timing_on(c, on);
}

/* The exclusive monitor: by address instead of by the host's. With several PEs it is clear but in the middle of a turn. */
static void snap_monitor(struct cpu *c, struct snap *s)
{
	bool writable, set = c->excl_host != NULL;
	pa at = { 0 };
	u8 *page;

	if (set)
		set = bus_address(c->bus, c->excl_host, &at);
	snap_bool(s, &set);
	if (set) {
		snap_u64(s, &at.a);
		snap_u64(s, &c->excl_size);
		snap_u64s(s, c->excl_val, 2);
	}
	if (!s->loading)
		return;
	page = set && !s->failed ? bus_page(c->bus, at, &writable) : NULL;
	snap_check(s, !set || (page && c->excl_size <= 16 && pa_addr(at) % 4096 + c->excl_size <= 4096), "exclusive monitor");
	c->excl_host = page && !s->failed ? page + pa_addr(at) % 4096 : NULL;
}

_Static_assert(sizeof(struct sysregs) % sizeof(u64) == 0, "struct sysregs is an array of u64");

void cpu_snap(struct cpu *c, struct snap *s)
{
	struct context *current;
	bool ran_user;

	snap_section(s, "cpu", 4);
	if (!s->loading && c->context)
		context_drain(c);
	snap_u64s(s, c->x, REG_SP + 1);
	snap_u64(s, &c->pc);
	snap_pstate(c, s);
	snap_vectors(c, s);
	snap_u64s(s, (u64 *)&c->sys, sizeof(c->sys) / sizeof(u64));
	snap_u32(s, &c->pins);
	snap_bool(s, &c->waiting);
	snap_bool(s, &c->wait_wfe);
	snap_bool(s, &c->powered);
	snap_bool(s, &c->event_reg);
	snap_monitor(c, s);
	snap_u64(s, &c->slice_ps);
	snap_u64(s, &c->cycles);
	snap_u64(s, &c->lost_cycles);
	snap_u64(s, &c->faulted);
	current = snap_contexts(c, s);
	exits_snap(c, s);
	c->pmu.on = c->pmu.on && !s->loading;
	pmu_snap(c, s);
	snap_timing(c, s);
	seen_snap(c, s);
	if (!s->loading)
		return;
	c->blk = NULL;
	c->link_from = NULL;
	c->run_single = c->observe_again = false;
	c->slice_budget = c->reserve = c->held = c->work = c->lookups = 0;
	memset(c->kinds, 0, sizeof(c->kinds));
	c->drained_insns = c->cycles - c->lost_cycles;
	c->drained_cycles = c->cycles;
	if (current && !s->failed)
		context_count(c, current);
	ran_user = c->ran_user;
	cpu_update_context(c);
	c->ran_user = ran_user;
	if (!c->context)
		context_switch(c);
	pmu_loaded(c);
	c->attn |= ATTN_PINS;
}
