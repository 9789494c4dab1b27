/* Screens of what runs: PEs, VMs, exits. See show.h. */
#include <stdlib.h>

#include "cpu/context.h"
#include "machine/machine_priv.h"
#include "machine/show.h"

void machine_show_exits(struct machine *m, FILE *out)
{
	fprintf(out, "Exceptions taken to EL2\n");
	machine_print_exits(m, out);
}

static void vm_text(u16 vm, char *text, size_t size)
{
	if (!vm)
		snprintf(text, size, "no VM");
	else if (vm > CONTEXT_MAX_VMS)
		snprintf(text, size, "all VMs after the first %d", CONTEXT_MAX_VMS);
	else
		snprintf(text, size, "VM %u", vm);
}

/* ---- status ---- */

static void show_pe(struct machine *m, unsigned i, FILE *out)
{
	const struct seat *s = &m->seat[i];
	struct cpu *c = s->cpu;
	char vm[40];

	fprintf(out, "PE %u: ", i);
	if (!s->on) {
		fprintf(out, "off\n");
		return;
	}
	vm_text(c->context ? c->context->vm : 0, vm, sizeof(vm));
	fprintf(out, "EL%u%s%s, %s", c->el, c->el ? c->spsel ? "h" : "t" : "", c->secure ? " Secure" : "", vm);
	if (c->regime.s1 && c->regime.two_ranges)
		fprintf(out, ", ASID %u", c->regime.asid);
	if (c->regime.kind == REGIME_EL10 && c->regime.s2)
		fprintf(out, ", VMID %u", c->regime.vmid);
	fprintf(out, ", PC 0x%" PRIx64 "%s; %" PRIu64 " instructions, %" PRIu64 " cycles\n", cpu_pc(c),
		!c->waiting ? "" : c->wait_wfe ? ", asleep in WFE" : ", asleep in WFI", cpu_insns(c), cpu_cycles(c));
	for (const struct context *x = c->contexts; x; x = x->next) {
		if (!x->cpu.insns)
			continue;
		vm_text(x->vm, vm, sizeof(vm));
		fprintf(out, "  EL%u, %s: %" PRIu64 " instructions\n", x->el, vm, x->cpu.insns);
	}
}

void machine_show_status(struct machine *m, FILE *out)
{
	u64 now = machine_now(m);

	fprintf(out, "virtual time %" PRIu64 ".%06" PRIu64 " us, %" PRIu64 " instructions\n", now / 1000000, now % 1000000, machine_insns(m));
	for (unsigned i = 0; i < m->pes; i++) {
		context_drain(m->seat[i].cpu);
		show_pe(m, i, out);
	}
}

/* ---- VMs ---- */

/* What all PEs know of a VM. */
struct vm_facts {
	bool any;
	u64 baddr, insns[4];
	u8 vmids[65536 / 8];
};

static void add_vmids(struct vm_facts *v, struct context *x)
{
	u32 n;
	struct asid_counts *a = context_asids(x, &n);

	for (u32 i = 0; a && i < n; i++)
		if (a[i].vmid)
			v->vmids[a[i].vmid / 8 % sizeof(v->vmids)] |= (u8)(1u << a[i].vmid % 8);
	free(a);
}

static void gather(struct machine *m, u16 vm, struct vm_facts *v)
{
	*v = (struct vm_facts){ 0 };
	for (unsigned i = 0; i < m->pes; i++)
		for (struct context *x = m->seat[i].cpu->contexts; x; x = x->next) {
			if (x->vm != vm)
				continue;
			v->any = true;
			v->baddr = x->vm_baddr;
			v->insns[x->el & 3] += x->cpu.insns;
			v->vmids[x->vmid / 8] |= (u8)(1u << x->vmid % 8);
			add_vmids(v, x);
		}
}

static void show_vmids(const struct vm_facts *v, FILE *out)
{
	enum { MOST = 16 };
	unsigned n = 0;

	for (unsigned i = 0; i < 65536; i++)
		if (v->vmids[i / 8] >> i % 8 & 1 && n++ < MOST)
			fprintf(out, "%s%u", n > 1 ? ", " : "", i);
	if (n > MOST)
		fprintf(out, " and %u more", n - MOST);
}

static void show_vcpus(struct machine *m, u16 vm, FILE *out)
{
	for (unsigned i = 0; i < m->pes; i++) {
		const struct exit_watch *w = &m->seat[i].cpu->exits;

		for (const struct vcpu *v = w->vcpus; v; v = v->next) {
			if (v->vm != vm)
				continue;
			if (v->mpidr == VCPU_REST)
				fprintf(out, "  more vCPUs");
			else
				fprintf(out, "  vCPU with VMPIDR_EL2 0x%" PRIx64, v->mpidr);
			fprintf(out, " on PE %u: %" PRIu64 " entries, %" PRIu64 " exits, %" PRIu64 " cycles inside%s\n", i, v->entries, v->exits,
				v->guest.sum, w->vcpu == v ? "; runs" : "");
		}
	}
}

static void show_vm(struct machine *m, u16 vm, const struct vm_facts *v, FILE *out)
{
	char name[40];

	vm_text(vm, name, sizeof(name));
	fprintf(out, "%s: ", name);
	if (v->baddr != CONTEXT_BADDR_REST)
		fprintf(out, "VTTBR_EL2.BADDR 0x%" PRIx64 ", ", v->baddr);
	fprintf(out, "VMID ");
	show_vmids(v, out);
	fprintf(out, "; %" PRIu64 " instructions at EL1, %" PRIu64 " at EL0\n", v->insns[1], v->insns[0]);
	show_vcpus(m, vm, out);
}

void machine_show_vms(struct machine *m, FILE *out)
{
	struct vm_facts *v = malloc(sizeof(*v));
	bool any = false;

	for (unsigned i = 0; i < m->pes; i++)
		context_drain(m->seat[i].cpu);
	for (u16 vm = 1; v && vm <= CONTEXT_VM_REST; vm++) {
		gather(m, vm, v);
		if (v->any)
			show_vm(m, vm, v, out);
		any |= v->any;
	}
	free(v);
	if (!any)
		fprintf(out, "no VM has run so far\n");
}
