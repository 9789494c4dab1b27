/* --summary: exits to EL2 by VM and class, then what the TLBs did, as tables on the terminal. */
#include <string.h>

#include "cpu/context.h"
#include "cpu/exception.h"
#include "machine/machine_priv.h"
#include "machine/stats.h"

struct exits {
	u16 vm, vmid;
	u64 samples[EXIT_CLASSES], total;
	struct durations time[EXIT_CLASSES]; /* without histograms; outside any VM there is none */
	u64 cycles;
};

static void add_times(struct exits *e, const struct vm_exits *v)
{
	for (; v; v = v->next)
		for (unsigned k = 0; v->vm == e->vm && k < EXIT_CLASSES; k++) {
			const struct durations *t = v->by[k];
			struct durations *sum = &e->time[k];

			if (!t)
				continue;
			sum->min = !sum->count || t->min < sum->min ? t->min : sum->min;
			sum->max = t->max > sum->max ? t->max : sum->max;
			sum->count += t->count;
			sum->sum += t->sum;
			e->cycles += t->sum;
		}
}

/* Gathers the exits to EL2 of VM number v over all PEs; v = 0: traps of what runs below EL2 outside a VM. */
static bool gather(struct machine *m, unsigned v, struct exits *e)
{
	bool found = false;

	memset(e, 0, sizeof(*e));
	e->vm = (u16)v;
	for (unsigned i = 0; i < m->pes; i++) {
		for (const struct context *x = m->seat[i].cpu->contexts; x; x = x->next) {
			if (x->vm != v || x->el >= 2)
				continue;
			if (!found)
				e->vmid = x->vmid;
			found = true;
			for (unsigned k = 0; k < 4; k++)
				for (unsigned ec = 0; ec < 64; ec++) {
					e->samples[EXIT_CLASS(k, ec)] += x->exceptions[k][2][ec];
					e->total += x->exceptions[k][2][ec];
				}
		}
		if (v)
			add_times(e, m->seat[i].cpu->exits.vms);
	}
	return found;
}

static double percent(u64 part, u64 of)
{
	return of ? 100.0 * (double)part / (double)of : 0.0;
}

static void exit_line(FILE *out, const struct exits *e, const char *name, unsigned k)
{
	const struct durations *t = &e->time[k];

	if (!e->samples[k])
		return;
	fprintf(out, "  %-14s %12" PRIu64 " %7.2f%%", name, e->samples[k], percent(e->samples[k], e->total));
	if (t->count)
		fprintf(out, " %7.2f%% %10" PRIu64 " %12" PRIu64 " %12.1f", percent(t->sum, e->cycles), t->min, t->max,
			(double)t->sum / (double)t->count);
	fputc('\n', out);
}

static void print_exits(FILE *out, const struct exits *e)
{
	if (e->vm > CONTEXT_MAX_VMS)
		fprintf(out, "all VMs after the first %d\n", CONTEXT_MAX_VMS);
	else if (e->vm)
		fprintf(out, "VM %u (VMID %u)\n", e->vm, e->vmid);
	else
		fprintf(out, "below EL2, outside any VM\n");
	fprintf(out, "  %-14s %12s %8s%s\n", "VM-EXIT", "Samples", "Samples%",
		e->vm ? "    Time%        Min          Max          Avg  (cycles until the VM runs again)" : "");
	for (unsigned k = VEC_IRQ; k <= VEC_SERROR; k++)
		exit_line(out, e, exception_name(k, 0), EXIT_CLASS(k, 0));
	for (unsigned ec = 0; ec < 64; ec++)
		exit_line(out, e, exception_name(VEC_SYNC, ec), ec);
	fprintf(out, "  %-14s %12" PRIu64 "\n", "total", e->total);
}

static void rate_line(FILE *out, const char *name, u64 lookups, u64 misses)
{
	fprintf(out, "  %-18s %14" PRIu64 " %14" PRIu64 " %9.4f%%\n", name, lookups, misses,
		lookups ? 100.0 * (double)misses / (double)lookups : 0.0);
}

void machine_print_exits(struct machine *m, FILE *out)
{
	struct exits e;

	for (unsigned v = 0; v <= CONTEXT_VM_REST; v++)
		if (gather(m, v, &e) && e.total)
			print_exits(out, &e);
}

void machine_print_summary(struct machine *m, FILE *out)
{
	struct stats_total t;

	stats_sum(m, &t);
	fprintf(out, "\n%" PRIu64 " instructions in %.3f virtual seconds on %u PE (%s)\n\nExceptions taken to EL2\n", t.cpu.insns,
		(double)machine_now(m) / 1e12, m->pes, m->core.name);
	machine_print_exits(m, out);
	fprintf(out, "\nTLBs               %16s %14s %10s\n", "lookups", "misses", "miss rate");
	rate_line(out, "L1 instruction", t.cpu.i_lookup, t.mmu.l1i_miss);
	rate_line(out, "L1 data", t.cpu.d_lookup, t.mmu.l1d_miss);
	rate_line(out, "main", t.mmu.main_lookup, t.mmu.main_miss);
	rate_line(out, "walk cache", t.mmu.walk_lookup, t.mmu.walk_miss);
	rate_line(out, "stage 2 (IPA)", t.mmu.ipa_lookup, t.mmu.ipa_miss);
	fprintf(out, "  walks: %" PRIu64 " stage 1, %" PRIu64 " stage 2; descriptor reads: %" PRIu64 " stage 1, %" PRIu64 " stage 2\n",
		t.mmu.s1_walks, t.mmu.s2_walks, t.mmu.s1_walk_reads, t.mmu.s2_walk_reads);
	fprintf(out, "  TLB maintenance: %" PRIu64 " operations dropped %" PRIu64 " entries\n", t.mmu.tlbi, t.mmu.tlbi_dropped);
	fprintf(out, "  geometry: L1 I %u, L1 D %u, main %u entries\n", m->tlb.l1i.entries, m->tlb.l1d.entries, m->tlb.main.entries);
}
