/*
 * What the virtual interface did, by VM, and which physical interrupts a PE took: counters alone, nothing here acts on the guest.
 *
 * An injection is what the hypervisor's list registers say at an entry and did not say at the vCPU's last exit, whatever they held
 * meanwhile: KVM writes all of them before each entry, Xen only what changes. So an interrupt that stays pending over many exits is one
 * injection. What is not seen: one that was taken back and injected again between two entries; and an interrupt that is still pending
 * when its vCPU goes to another PE counts there again. Virtual interrupts by HCR_EL2.VI and VF are none of this.
 */
#include "gic/gic_priv.h"

#include <stdlib.h>

#include "base/snap.h"

/* What was pending when a vCPU was left; beyond VCPUS no more are remembered. */
enum { VCPUS = 1024 };
struct gic_vcpu {
	struct gic_vcpu *next;
	u16 vm;
	u64 vmpidr;
	u32 n;
	u32 pending[16]; /* lr_intid() */
};

#define ROW(field, unit, help) STAT_ROW(gic_virt_stats, field, unit, help)
#define ARRAY_ROW(...) STAT_ARRAY_ROW(gic_virt_stats, __VA_ARGS__)
const struct stat_row gic_virt_stat_rows[] = { GIC_VIRT_STATS(ROW, ARRAY_ROW) };
const size_t gic_virt_stat_rows_n = ARRAY_SIZE(gic_virt_stat_rows);

/* The record of a VM, made when new; that of VM 0 without memory. */
static struct gic_vm *find_vm(struct gic_pe *p, u16 vm)
{
	struct gic_vm **at = &p->outside.next;

	if (!vm)
		return &p->outside;
	while (*at && (*at)->vm != vm)
		at = &(*at)->next;
	if (!*at && (*at = calloc(1, sizeof(**at))) != NULL)
		(*at)->vm = vm;
	return *at ? *at : &p->outside;
}

static struct gic_vcpu *find_vcpu(struct gic_pe *p, u16 vm, u64 vmpidr)
{
	struct gic_vcpu **at = &p->vcpus;

	while (*at && ((*at)->vm != vm || (*at)->vmpidr != vmpidr))
		at = &(*at)->next;
	if (!*at && p->n_vcpus < VCPUS && (*at = calloc(1, sizeof(**at))) != NULL) {
		(*at)->vm = vm;
		(*at)->vmpidr = vmpidr;
		p->n_vcpus++;
	}
	return *at;
}

static bool was_pending(const struct gic_vcpu *v, u32 id)
{
	for (u32 i = 0; v && i < v->n; i++)
		if (v->pending[i] == id)
			return true;
	return false;
}

static void count_injection(struct gic_pe *p, u64 lr)
{
	p->vm->stats.injected++;
	p->vm->stats.injected_hw += !!(lr & LR_HW);
	tally_count(&p->vm->injected, GIC_INTIDS, vms_key(p, lr_intid(p, lr)));
}

void gic_vm_entered(struct cpu *c, u16 vm, u64 vmpidr)
{
	struct gic_pe *p = gic_of(c);
	unsigned used = 0;

	if (!p)
		return;
	p->vm = find_vm(p, vm);
	p->vcpu = find_vcpu(p, vm, vmpidr);
	for (unsigned i = 0; i < p->n_lrs; i++) {
		u64 lr = p->lr[i];

		used += (lr & (LR_PENDING | LR_ACTIVE)) != 0;
		if ((p->ich_hcr & ICH_HCR_EN) && (lr & LR_PENDING) && !was_pending(p->vcpu, lr_intid(p, lr)))
			count_injection(p, lr);
	}
	p->vm->stats.lrs_used[used]++;
}

void gic_vm_left(struct cpu *c)
{
	struct gic_pe *p = gic_of(c);
	struct gic_vcpu *v = p ? p->vcpu : NULL;

	if (!p)
		return;
	p->vm = &p->outside;
	p->vcpu = NULL;
	if (!v)
		return;
	v->n = 0;
	for (unsigned i = 0; i < p->n_lrs && (p->ich_hcr & ICH_HCR_EN); i++)
		if (p->lr[i] & LR_PENDING)
			v->pending[v->n++] = lr_intid(p, p->lr[i]);
}

void vms_maintenance(struct gic_pe *p, u64 misr)
{
	u64 *cause = &p->vm->stats.maintenance_eoi;

	p->g->stats.maintenance++;
	p->vm->stats.maintenance++;
	for (unsigned i = 0; i < 8; i++)
		cause[i] += bit(misr, i);
}

const struct gic_vm *gic_vms(const struct cpu *c)
{
	return &gic_of(c)->outside;
}

const struct tally *gic_acked(const struct cpu *c)
{
	return &gic_of(c)->acked;
}

const struct tally *gic_ppis_raised(const struct cpu *c)
{
	return &gic_of(c)->raised;
}

const struct tally *gic_spis_raised(const struct gic *g)
{
	return &g->raised;
}

void vms_init(struct gic_pe *p)
{
	p->vm = &p->outside;
}

static void free_vm(struct gic_vm *v)
{
	tally_free(&v->injected);
	tally_free(&v->acked);
}

void vms_free(struct gic_pe *p)
{
	while (p->outside.next) {
		struct gic_vm *v = p->outside.next;

		p->outside.next = v->next;
		free_vm(v);
		free(v);
	}
	while (p->vcpus) {
		struct gic_vcpu *v = p->vcpus;

		p->vcpus = v->next;
		free(v);
	}
	free_vm(&p->outside);
	tally_free(&p->acked);
	tally_free(&p->raised);
	p->n_vcpus = 0;
	p->vcpu = NULL;
	p->vm = &p->outside;
}

static void snap_vm(struct gic_vm *v, struct snap *s)
{
	u64 *value = (u64 *)&v->stats;

	for (size_t i = 0; i < sizeof(v->stats) / sizeof(u64); i++)
		snap_u64(s, &value[i]);
	tally_snap(s, &v->injected, GIC_INTIDS);
	tally_snap(s, &v->acked, GIC_INTIDS);
}

static void snap_vms(struct gic_pe *p, struct snap *s)
{
	const struct gic_vm *v = p->outside.next;
	u16 vm;

	snap_vm(&p->outside, s);
	do {
		vm = v ? v->vm : 0;
		snap_u16(s, &vm);
		if (vm && !s->failed)
			snap_vm(find_vm(p, vm), s);
		v = v ? v->next : NULL;
	} while (vm && !s->failed);
}

static void snap_vcpus(struct gic_pe *p, struct snap *s)
{
	const struct gic_vcpu *v = p->vcpus;
	u32 n = p->n_vcpus;

	snap_u32(s, &n);
	snap_check(s, n <= VCPUS, "number of vCPUs");
	for (u32 i = 0; i < n && !s->failed; i++) {
		struct gic_vcpu one = v ? *v : (struct gic_vcpu){ 0 }, *to;

		snap_u16(s, &one.vm);
		snap_u64(s, &one.vmpidr);
		snap_u32(s, &one.n);
		snap_check(s, one.n <= ARRAY_SIZE(one.pending), "pending interrupts of a vCPU");
		for (u32 k = 0; k < one.n && !s->failed; k++)
			snap_u32(s, &one.pending[k]);
		to = s->loading && !s->failed ? find_vcpu(p, one.vm, one.vmpidr) : NULL;
		if (to) {
			one.next = to->next;
			*to = one;
		}
		v = v ? v->next : NULL;
	}
}

void vms_snap(struct gic_pe *p, struct snap *s)
{
	u16 vm = p->vm->vm;
	bool in = p->vcpu != NULL;
	u64 vmpidr = in ? p->vcpu->vmpidr : 0;

	if (s->loading)
		vms_free(p);
	snap_vms(p, s);
	snap_vcpus(p, s);
	tally_snap(s, &p->acked, GIC_INTIDS);
	tally_snap(s, &p->raised, GIC_INTIDS);
	snap_u16(s, &vm);
	snap_bool(s, &in);
	snap_u64(s, &vmpidr);
	if (!s->loading || s->failed)
		return;
	p->vm = find_vm(p, vm);
	p->vcpu = in ? find_vcpu(p, vm, vmpidr) : NULL;
}
