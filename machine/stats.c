/* See stats.h. */
#include "machine/stats.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/context.h"
#include "cpu/exception.h"
#include "cpu/traps.h"
#include "devices/pci/pci.h"
#include "machine/machine_priv.h"
#include "mmu/check.h"

/* The first rows of struct asid_stats. */
#define ASID_LOOKUPS                                                                                                        \
	STAT_ROW(asid_stats, i_lookup, "event", "L1 instruction TLB lookups")                                                 \
	STAT_ROW(asid_stats, d_lookup, "event", "L1 data TLB lookups")
#include "machine/stats_rows.h"

struct visitor {
	void (*visit)(void *ctx, const struct stat_sample *s);
	void *ctx;
	struct stat_sample at; /* the place; name, unit, help and value are those of the last row */
};

static u64 field(const void *base, const struct stat_row *r)
{
	return *(const u64 *)((const char *)base + r->offset);
}

static void one(struct visitor *v, const char *name, const char *unit, const char *help, u64 value)
{
	v->at.name = name;
	v->at.unit = unit;
	v->at.help = help;
	v->at.value = value;
	v->visit(v->ctx, &v->at);
}

/* One that does not count up. */
static void state(struct visitor *v, const char *name, const char *unit, const char *help, u64 value)
{
	v->at.state = true;
	one(v, name, unit, help, value);
	v->at.state = false;
}

/* One that has no struct behind it, under the name that it has here. */
static void own(struct visitor *v, const char *name, enum stats_own row, u64 value)
{
	one(v, name, stats_own[row].unit, stats_own[row].help, value);
}

/* The members of an array that are not 0. */
static void array(struct visitor *v, const char *name, const void *base, const struct stat_row *r)
{
	const u64 *value = (const u64 *)((const char *)base + r->offset);
	char label[32], full[128];

	for (u32 i = 0; i < r->n; i++) {
		if (!value[i])
			continue;
		r->label(i, label, sizeof(label));
		snprintf(full, sizeof(full), "%s.%s", name, label);
		one(v, full, r->unit, r->help, value[i]);
	}
}

/* With `prefix` before each name. */
static void named_rows(struct visitor *v, const char *prefix, const void *base, const struct stat_row *r, size_t n)
{
	char name[96];

	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s%s", prefix, r[i].name);
		if (r[i].n)
			array(v, name, base, &r[i]);
		else
			one(v, name, r[i].unit, r[i].help, field(base, &r[i]));
	}
}

static void rows(struct visitor *v, const void *base, const struct stat_row *r, size_t n)
{
	named_rows(v, "", base, r, n);
}

/* Rows of one struct; name may be the user's, so it keeps to what cannot be mistaken for anything else in a file. */
static void group(struct visitor *v, const char *kind, const char *name, const void *base, const struct stat_row *r, size_t n)
{
	char full[80];

	snprintf(full, sizeof(full), "%s%s%s", kind, name ? "." : "", name ? name : "");
	for (char *c = full; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			*c = '_';
	v->at = (struct stat_sample){ .group = full, .pe = -1, .el = -1, .vm = -1, .vmid = -1 };
	rows(v, base, r, n);
}

static void add_rows(void *sum, const void *part, const struct stat_row *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (u32 k = 0; k < (r[i].n ? r[i].n : 1); k++)
			((u64 *)((char *)sum + r[i].offset))[k] += ((const u64 *)((const char *)part + r[i].offset))[k];
}

void stats_sum(struct machine *m, struct stats_total *t)
{
	*t = (struct stats_total){ 0 };
	for (unsigned i = 0; i < m->pes; i++) {
		context_drain(m->seat[i].cpu);
		for (const struct context *x = m->seat[i].cpu->contexts; x; x = x->next) {
			add_rows(&t->cpu, &x->cpu, cpu_stat_rows, cpu_stat_rows_n);
			add_rows(&t->mmu, &x->mmu, mmu_stat_rows, mmu_stat_rows_n);
			add_rows(&t->timing, &x->timing, timing_stat_rows, timing_stat_rows_n);
			add_rows(&t->tlb, &x->tlb, mmu_detail_rows, mmu_detail_rows_n);
		}
	}
}

static void devices(struct visitor *v, struct machine *m)
{
	const struct virtio_device *d;
	const struct pci_function *p;

	for (size_t i = 0; (d = machine_virtio(m, i)) != NULL; i++)
		group(v, "virtio", d->name, &d->stats, virtio_stat_rows, virtio_stat_count);
	for (size_t i = 0; i < m->cfg->netdevs.n; i++) {
		struct net *n = machine_net(m, config_text(&m->cfg->netdevs.item[i], "id", ""));

		group(v, "net", net_id(n), net_stats(n), net_stat_rows, net_stat_count);
	}
	for (size_t i = 0; i < m->cfg->fsdevs.n; i++) {
		const char *id = config_text(&m->cfg->fsdevs.item[i], "id", "");

		group(v, "9p", id, p9_stats(machine_folder(m, id)), p9_stat_rows, p9_stat_count);
	}
	if (m->outside.sources || m->outside.stats.entries)
		group(v, "outside", NULL, &m->outside.stats, outside_stat_rows, outside_stat_count);
	for (size_t i = 0; (p = pci_host_function(m->pci, i)) != NULL; i++)
		if (i) /* the host bridge's own has nothing to count */
			group(v, "pci", p->name, &p->stats, pci_stat_rows, pci_stat_count);
	for (unsigned i = 0; i < 2; i++)
		group(v, i ? "flash1" : "flash0", NULL, flash_stats(m->flash[i].dev), flash_stat_rows, flash_stat_rows_n);
	if (m->semihost)
		group(v, "semihosting", NULL, semihost_stats(m->semihost), semihost_stat_rows, semihost_stat_rows_n);
	group(v, "fw_cfg", NULL, fw_cfg_stats(m->fw_cfg), fw_cfg_stat_rows, fw_cfg_stat_rows_n);
}

/* Whatever stands on the bus and was accessed. */
static void bus_devices(struct visitor *v, struct machine *m)
{
	const struct bus_region *r;
	size_t n = bus_regions(m->bus, &r);
	char name[64];

	for (; n; n--, r++) {
		if (!r->ops || !(r->stats->reads | r->stats->writes))
			continue;
		snprintf(name, sizeof(name), "%s.0x%" PRIx64, r->ops->name, r->base);
		group(v, "device", name, r->stats, device_stat_rows, device_stat_rows_n);
	}
}

static void exceptions(struct visitor *v, const struct context *x)
{
	for (unsigned k = 0; k < 4; k++)
		for (unsigned ec = 0; ec < 64; ec++)
			for (unsigned to = 1; to < 4; to++) {
				char name[64];

				if (!x->exceptions[k][to][ec])
					continue;
				snprintf(name, sizeof(name), "exceptions.%s.to_el%u", exception_name(k, ec), to);
				own(v, name, STATS_exceptions, x->exceptions[k][to][ec]);
			}
}

static const char *class_name(unsigned k)
{
	return exception_name(k < 64 ? VEC_SYNC : k - 63, k < 64 ? k : 0);
}

/* Durations: `name`.count and so on; of the histogram what is not 0, by the smallest cycles of each bucket. */
static void durations(struct visitor *v, const char *name, enum stats_own own, const struct durations *t)
{
	const struct {
		const char *name, *unit;
		void (*row)(struct visitor *v, const char *name, const char *unit, const char *help, u64 value);
		u64 value;
	} row[] = { { "count", "event", one, t->count }, { "sum", "cycle", one, t->sum }, { "min", "cycle", state, t->min },
		    { "max", "cycle", state, t->max } };
	char full[64];

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		snprintf(full, sizeof(full), "%s.%s", name, row[i].name);
		row[i].row(v, full, row[i].unit, stats_own[own].help, row[i].value);
	}
	for (unsigned k = 0; k < DURATION_BUCKETS; k++) {
		if (!t->hist[k])
			continue;
		snprintf(full, sizeof(full), "%s.hist.%llu", name, k ? 1ull << k : 0);
		one(v, full, "event", stats_own[own].help, t->hist[k]);
	}
}

/* From the exceptions to the returns. */
static void trap_cycles(struct visitor *v, const struct context *x)
{
	for (unsigned k = 0; k < EXIT_CLASSES; k++)
		for (unsigned to = 1; to < 4; to++) {
			char name[64];

			if (!x->trap_cycles[to][k])
				continue;
			snprintf(name, sizeof(name), "trap_cycles.%s.to_el%u", class_name(k), to);
			durations(v, name, STATS_trap_cycles, x->trap_cycles[to][k]);
		}
}

static bool shown_by_asid(const char *row)
{
	return strstr(row, "_miss") || !strncmp(row, "evict_", 6) || !strcmp(row, "tlbi_dropped");
}

static void asid_rows(struct visitor *v, u32 asid, const struct asid_stats *st)
{
	char id[16], name[64];

	if (asid == ASID_NONE || asid == ASID_REST)
		snprintf(id, sizeof(id), "%s", asid == ASID_NONE ? "none" : "rest");
	else
		snprintf(id, sizeof(id), "%u", asid);
	snprintf(name, sizeof(name), "asid.%s.i_lookup", id);
	if (st->i_lookup)
		own(v, name, STATS_i_lookup, st->i_lookup);
	snprintf(name, sizeof(name), "asid.%s.d_lookup", id);
	if (st->d_lookup)
		own(v, name, STATS_d_lookup, st->d_lookup);
	for (size_t i = 0; i < mmu_stat_rows_n; i++) {
		const struct stat_row *r = &mmu_stat_rows[i];
		u64 value = field(&st->mmu, r);

		if (!value || !shown_by_asid(r->name))
			continue;
		snprintf(name, sizeof(name), "asid.%s.%s", id, r->name);
		one(v, name, r->unit, r->help, value);
	}
}

static void add_asid(struct asid_stats *sum, const struct asid_stats *part)
{
	for (size_t i = 0; i < sizeof(*sum) / sizeof(u64); i++)
		((u64 *)sum)[i] += ((const u64 *)part)[i];
}

/* A context by ASID, whatever VMIDs it had; nothing when it never had one. */
static void asids(struct visitor *v, struct context *x)
{
	u32 n;
	struct asid_counts *list = context_asids(x, &n);
	struct asid_stats sum = { 0 };

	for (u32 i = 0; list && list[0].asid < ASID_NONE && i < n; i++) {
		add_asid(&sum, &list[i].st);
		if (i + 1 < n && list[i + 1].asid == list[i].asid)
			continue;
		asid_rows(v, list[i].asid, &sum);
		sum = (struct asid_stats){ 0 };
	}
	free(list);
}

/* By VMID over all contexts of VMs: VMID i at [i]. */
struct vmids {
	struct asid_stats *of[65536];
};

static void gather_vmids(struct vmids *all, struct context *x)
{
	u32 n;
	struct asid_counts *list = x->vm ? context_asids(x, &n) : NULL;

	for (u32 i = 0; list && i < n; i++) {
		struct asid_stats **to = &all->of[list[i].vmid & 0xffff];

		if (!*to)
			*to = calloc(1, sizeof(**to));
		if (*to)
			add_asid(*to, &list[i].st);
	}
	free(list);
}

/* What VMs did under each VMID, on all PEs and levels; VMID 0 with what was not told apart. */
static void vmids(struct visitor *v, struct machine *m)
{
	struct vmids *all = calloc(1, sizeof(*all));
	char name[16];

	for (unsigned i = 0; all && i < m->pes; i++)
		for (struct context *x = m->seat[i].cpu->contexts; x; x = x->next)
			gather_vmids(all, x);
	for (u32 i = 0; all && i < ARRAY_SIZE(all->of); i++) {
		if (!all->of[i])
			continue;
		snprintf(name, sizeof(name), "%u", i);
		group(v, "vmid", name, &all->of[i]->i_lookup, &stats_own[STATS_i_lookup], 1);
		group(v, "vmid", name, &all->of[i]->d_lookup, &stats_own[STATS_d_lookup], 1);
		group(v, "vmid", name, &all->of[i]->mmu, mmu_stat_rows, mmu_stat_rows_n);
		free(all->of[i]);
	}
	free(all);
}

static void contexts_of_pe(struct visitor *v, struct machine *m, unsigned pe)
{
	for (unsigned el = 0; el < 4; el++)
		for (struct context *x = m->seat[pe].cpu->contexts; x; x = x->next) {
			if (x->el != el)
				continue;
			v->at = (struct stat_sample){ .pe = (int)pe, .el = (int)el, .vm = x->vm, .vmid = x->vm ? x->vmid : -1 };
			if (x->vm > CONTEXT_MAX_VMS)
				v->at.vmid = -1;
			rows(v, &x->cpu, cpu_stat_rows, cpu_stat_rows_n);
			rows(v, &x->mmu, mmu_stat_rows, mmu_stat_rows_n);
			if (m->cfg->timing)
				rows(v, &x->timing, timing_stat_rows, timing_stat_rows_n);
			rows(v, &x->tlb, mmu_detail_rows, mmu_detail_rows_n);
			exceptions(v, x);
			trap_cycles(v, x);
			asids(v, x);
		}
}

/* What was done how often, and how long the PE was then outside. */
static void causes(struct visitor *v, const struct cpu *c, const struct vm_exits *x)
{
	u32 n;
	struct tally_row *list = tally_sorted(&x->causes, &n);

	for (u32 i = 0; i < n; i++) {
		char what[64], name[128];

		exits_cause_name(c, list[i].key, what, sizeof(what));
		snprintf(name, sizeof(name), "exit_causes.%s.%s.count", exception_name(VEC_SYNC, list[i].key >> EXIT_CAUSE_SHIFT), what);
		own(v, name, STATS_causes_count, list[i].count);
		snprintf(name, sizeof(name), "exit_causes.%s.%s.sum", exception_name(VEC_SYNC, list[i].key >> EXIT_CAUSE_SHIFT), what);
		own(v, name, STATS_causes_sum, list[i].sum);
	}
	if (x->causes.rest)
		own(v, "exit_causes_rest", STATS_causes_rest, x->causes.rest);
	free(list);
}

/* By INTID. */
static void intids(struct visitor *v, const char *name, enum stats_own row, const struct tally *t)
{
	u32 n;
	struct tally_row *list = tally_sorted(t, &n);
	char full[64];

	for (u32 i = 0; i < n; i++) {
		snprintf(full, sizeof(full), "%s.%u", name, (u32)list[i].key);
		own(v, full, row, list[i].count);
	}
	snprintf(full, sizeof(full), "%s.rest", name);
	if (t->rest)
		own(v, full, row, t->rest);
	free(list);
}

static void virtual_interrupts(struct visitor *v, const struct gic_vm *g)
{
	named_rows(v, "virt.", &g->stats, gic_virt_stat_rows, gic_virt_stat_rows_n);
	intids(v, "virt.injected_id", STATS_injected, &g->injected);
	intids(v, "virt.acked_id", STATS_acked, &g->acked);
}

/* The interrupts of a PE: physical ones, and the sum of the virtual ones over all VMs and outside of them. */
static void interrupts_of_pe(struct visitor *v, const struct cpu *c)
{
	struct gic_vm sum = { 0 };

	for (const struct gic_vm *g = gic_vms(c); g; g = g->next) {
		add_rows(&sum.stats, &g->stats, gic_virt_stat_rows, gic_virt_stat_rows_n);
		tally_merge(&sum.injected, GIC_INTIDS, &g->injected);
		tally_merge(&sum.acked, GIC_INTIDS, &g->acked);
	}
	intids(v, "irq_acked", STATS_irq_acked, gic_acked(c));
	intids(v, "ppi_raised", STATS_ppi_raised, gic_ppis_raised(c));
	virtual_interrupts(v, &sum);
	tally_free(&sum.injected);
	tally_free(&sum.acked);
}

static void vcpus(struct visitor *v, const struct cpu *c, u16 vm)
{
	for (const struct vcpu *x = c->exits.vcpus; x; x = x->next) {
		char name[64], full[96];

		if (x->vm != vm)
			continue;
		if (x->mpidr == VCPU_REST)
			snprintf(name, sizeof(name), "vcpu_rest");
		else
			snprintf(name, sizeof(name), "vcpu.0x%" PRIx64, x->mpidr & MPIDR_AFFINITY);
		snprintf(full, sizeof(full), "%s.entries", name);
		own(v, full, STATS_vcpu_entries, x->entries);
		snprintf(full, sizeof(full), "%s.exits", name);
		own(v, full, STATS_vcpu_exits, x->exits);
		snprintf(full, sizeof(full), "%s.guest_cycles", name);
		durations(v, full, STATS_vcpu_cycles, &x->guest);
	}
}

static void exits_of_pe(struct visitor *v, struct machine *m, unsigned pe)
{
	const struct cpu *c = m->seat[pe].cpu;

	for (const struct vm_exits *x = c->exits.vms; x; x = x->next) {
		v->at = (struct stat_sample){ .pe = (int)pe, .el = -1, .vm = x->vm, .vmid = -1 };
		own(v, "entries", STATS_entries, x->entries);
		own(v, "exits", STATS_exits, x->exits);
		state(v, "in_guest", "event", stats_own[STATS_in_guest].help, c->exits.in == x);
		own(v, "switched", STATS_switched, x->switched);
		durations(v, "guest_cycles", STATS_guest_cycles, &x->guest);
		for (unsigned k = 0; k < EXIT_CLASSES; k++) {
			char name[48];

			if (!x->by[k])
				continue;
			snprintf(name, sizeof(name), "exit_cycles.%s", class_name(k));
			durations(v, name, STATS_exit_cycles, x->by[k]);
		}
		causes(v, c, x);
		for (const struct gic_vm *g = gic_vms(c)->next; g; g = g->next)
			if (g->vm == x->vm)
				virtual_interrupts(v, g);
		vcpus(v, c, x->vm);
	}
}

/* Of the PE whatever it ran. */
static void rows_of_pe(struct visitor *v, struct machine *m, unsigned pe)
{
	v->at = (struct stat_sample){ .pe = (int)pe, .el = -1, .vm = -1, .vmid = -1 };
	state(v, "traps_open", "event", stats_own[STATS_traps_open].help, traps_open(m->seat[pe].cpu));
	interrupts_of_pe(v, m->seat[pe].cpu);
	named_rows(v, "pmu.", &m->seat[pe].cpu->pmu.stats, pmu_stat_rows, pmu_stat_rows_n);
}

void stats_visit(struct machine *m, void (*visit)(void *, const struct stat_sample *), void *ctx)
{
	struct visitor v = { visit, ctx, { 0 } };
	u64 now = machine_now(m);
	struct stats_total t;

	stats_sum(m, &t); /* drains, too */
	group(&v, "", NULL, &now, &stats_own[STATS_sim_ticks], 1);
	group(&v, "total", NULL, &t.cpu, cpu_stat_rows, cpu_stat_rows_n);
	group(&v, "total", NULL, &t.mmu, mmu_stat_rows, mmu_stat_rows_n);
	if (m->cfg->timing)
		group(&v, "total", NULL, &t.timing, timing_stat_rows, timing_stat_rows_n);
	group(&v, "total", NULL, &t.tlb, mmu_detail_rows, mmu_detail_rows_n);
	if (m->checker)
		group(&v, "check.tlb", NULL, checker_stats(m->checker), check_stat_rows, check_stat_rows_n);
	group(&v, "gic", NULL, gic_stats(m->gic), gic_stat_rows, gic_stat_rows_n);
	v.at = (struct stat_sample){ .group = "gic", .pe = -1, .el = -1, .vm = -1, .vmid = -1 };
	intids(&v, "spi_raised", STATS_spi_raised, gic_spis_raised(m->gic));
	devices(&v, m);
	bus_devices(&v, m);
	vmids(&v, m);
	for (unsigned i = 0; i < m->pes; i++) {
		rows_of_pe(&v, m, i);
		exits_of_pe(&v, m, i);
		contexts_of_pe(&v, m, i);
	}
}

void stats_full_name(const struct stat_sample *s, char *name, size_t size)
{
	if (s->group)
		snprintf(name, size, "%s%s%s", s->group, *s->group ? "." : "", s->name);
	else if (s->el < 0 && s->vm < 0)
		snprintf(name, size, "pe%d.%s", s->pe, s->name);
	else if (s->el < 0 && s->vm > CONTEXT_MAX_VMS)
		snprintf(name, size, "pe%d.vm_rest.%s", s->pe, s->name);
	else if (s->el < 0)
		snprintf(name, size, "pe%d.vm%d.%s", s->pe, s->vm, s->name);
	else if (s->vm > CONTEXT_MAX_VMS)
		snprintf(name, size, "pe%d.el%d.vm_rest.%s", s->pe, s->el, s->name);
	else if (s->vm)
		snprintf(name, size, "pe%d.el%d.vm%d.vmid%d.%s", s->pe, s->el, s->vm, s->vmid, s->name);
	else
		snprintf(name, size, "pe%d.el%d.%s", s->pe, s->el, s->name);
}
