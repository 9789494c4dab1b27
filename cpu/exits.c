/* See exits.h. Out of memory, a VM or class is not counted. */
#include "cpu/exits.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/snap.h"
#include "cpu/exception.h"
#include "cpu/sysreg.h"

static struct vm_exits *find(struct exit_watch *w, u16 vm)
{
	struct vm_exits **at = &w->vms;

	while (*at && (*at)->vm != vm)
		at = &(*at)->next;
	if (!*at && (*at = calloc(1, sizeof(**at))) != NULL)
		(*at)->vm = vm;
	return *at;
}

/* ---- causes ---- */

enum { XEN_HVC = 0xea1 };

/* ISS of a trapped register access -> SR() << 1 | direction */
static u64 register_cause(u32 iss)
{
	u32 enc = SR((iss >> 20) & 3, (iss >> 14) & 7, (iss >> 10) & 15, (iss >> 1) & 15, (iss >> 17) & 7);

	return (u64)enc << 1 | (iss & 1);
}

u64 exits_cause(const struct cpu *c, unsigned vec, u32 ec, u32 iss, u64 hpfar)
{
	u64 detail;

	if (vec)
		return 0;
	switch (ec) {
	case EC_WFX: detail = iss & 3; break;
	case EC_SYS64: detail = register_cause(iss); break;
	case EC_HVC64:
	case EC_SMC64: detail = (u64)(iss & 0xffff) << 32 | (u32)c->x[(iss & 0xffff) == XEN_HVC ? 16 : 0]; break;
	case EC_IABT_LOWER:
	case EC_DABT_LOWER: detail = (u64)(iss & 63) << 40 | (hpfar >> 4 & MASK(39, 0)); break;
	default: return 0;
	}
	return (u64)ec << EXIT_CAUSE_SHIFT | detail;
}

static void abort_name(u64 detail, char *name, size_t size)
{
	static const char *const kind[] = { "size", "translation", "access_flag", "permission" };
	unsigned fsc = (unsigned)(detail >> 40) & 63;
	u64 page = (detail & MASK(39, 0)) << 12;

	if (fsc < 16)
		snprintf(name, size, "%s_l%u.0x%llx", kind[fsc >> 2], fsc & 3, (unsigned long long)page);
	else
		snprintf(name, size, "status_0x%02x.0x%llx", fsc, (unsigned long long)page);
}

void exits_cause_name(const struct cpu *c, u64 key, char *name, size_t size)
{
	static const char *const wait[4] = { "wfi", "wfe", "wfit", "wfet" };
	u64 detail = key & MASK(EXIT_CAUSE_SHIFT - 1, 0);
	u32 imm = (u32)(detail >> 32), enc = (u32)(detail >> 1);
	const struct sysreg *r;

	switch (key >> EXIT_CAUSE_SHIFT) {
	case EC_WFX: snprintf(name, size, "%s", wait[detail & 3]); break;
	case EC_SYS64:
		r = sysreg_find(c->sysregs, enc);
		if (r)
			snprintf(name, size, "%s.%s", r->name, detail & 1 ? "read" : "write");
		else
			snprintf(name, size, "s%u_%u_c%u_c%u_%u.%s", enc >> 14, enc >> 11 & 7, enc >> 7 & 15, enc >> 3 & 15, enc & 7,
				 detail & 1 ? "read" : "write");
		break;
	case EC_HVC64:
	case EC_SMC64:
		if (imm)
			snprintf(name, size, "imm_0x%x.0x%x", imm, (u32)detail);
		else
			snprintf(name, size, "0x%x", (u32)detail);
		break;
	default: abort_name(detail, name, size);
	}
}

/* ---- entries and exits ---- */

/* The record of a vCPU of the VM that is entered: the one before is likely. NULL: no memory. */
static struct vcpu *find_vcpu(struct exit_watch *w, u16 vm, u64 mpidr)
{
	struct vcpu **at = &w->vcpus;

	while (*at && ((*at)->vm != vm || (*at)->mpidr != mpidr))
		at = &(*at)->next;
	if (*at)
		return *at;
	if (w->n_vcpus >= EXIT_VCPUS && mpidr != VCPU_REST)
		return find_vcpu(w, vm, VCPU_REST);
	*at = calloc(1, sizeof(**at));
	if (*at) {
		(*at)->vm = vm;
		(*at)->mpidr = mpidr;
		w->n_vcpus++;
	}
	return *at;
}

struct open_traps *exits_open(struct exit_watch *w)
{
	return w->vcpu ? &w->vcpu->open : &w->host;
}

static void leave(struct cpu *c, u64 now)
{
	struct exit_watch *w = &c->exits;

	if (c->host.vm_left)
		c->host.vm_left(c->host.ctx, c);
	if (w->cause)
		tally_count(&w->in->causes, EXIT_CAUSES, w->cause);
	w->in->exits++;
	durations_add(&w->in->guest, now - w->since);
	if (w->vcpu) {
		w->vcpu->exits++;
		durations_add(&w->vcpu->guest, now - w->since);
	}
	w->vcpu = NULL;
	w->left = w->in;
	w->in = NULL;
	w->since = now;
}

static void outside(struct vm_exits *v, unsigned cls, u64 cause, u64 cycles)
{
	struct tally_row *e = cause ? tally_find(&v->causes, cause) : NULL;

	if (e)
		e->sum += cycles;
	if (!v->by[cls])
		v->by[cls] = calloc(1, sizeof(*v->by[cls]));
	if (v->by[cls])
		durations_add(v->by[cls], cycles);
}

void exits_switch(struct cpu *c, u16 vm)
{
	struct exit_watch *w = &c->exits;
	u64 now = cpu_cycles(c);

	if (w->in && w->in->vm != vm)
		leave(c, now);
	if (!vm || w->in)
		return;
	w->in = find(w, vm);
	if (!w->in)
		return;
	w->in->entries++;
	w->vcpu = find_vcpu(w, vm, c->sys.vmpidr_el2);
	if (w->vcpu)
		w->vcpu->entries++;
	if (w->left == w->in)
		outside(w->left, w->cls, w->cause, now - w->since);
	else if (w->left)
		w->left->switched++;
	w->left = NULL;
	w->since = now;
	if (c->host.vm_entered)
		c->host.vm_entered(c->host.ctx, c, vm, c->sys.vmpidr_el2);
}

static void snap_open(struct snap *s, struct open_traps *o)
{
	snap_u32(s, &o->n);
	snap_check(s, o->n <= OPEN_TRAPS, "number of open exceptions");
	for (u32 i = 0; i < o->n && !s->failed; i++) {
		snap_u64(s, &o->trap[i].since);
		snap_u8(s, &o->trap[i].cls);
		snap_u8(s, &o->trap[i].from);
		snap_u8(s, &o->trap[i].target);
		snap_check(s, o->trap[i].cls < EXIT_CLASSES && o->trap[i].from <= 3 && o->trap[i].target <= 3, "open exception");
	}
}

static void snap_vcpu(struct snap *s, struct vcpu *v)
{
	snap_u16(s, &v->vm);
	snap_u64(s, &v->mpidr);
	snap_u64(s, &v->entries);
	snap_u64(s, &v->exits);
	durations_snap(s, &v->guest);
	snap_open(s, &v->open);
}

static void snap_vm(struct snap *s, struct vm_exits *v)
{
	snap_u16(s, &v->vm);
	snap_u64(s, &v->entries);
	snap_u64(s, &v->exits);
	snap_u64(s, &v->switched);
	durations_snap(s, &v->guest);
	for (unsigned k = 0; k < EXIT_CLASSES; k++) {
		bool there = v->by[k] != NULL;

		snap_bool(s, &there);
		if (!there || s->failed)
			continue;
		if (s->loading && !(v->by[k] = calloc(1, sizeof(*v->by[k]))))
			return;
		durations_snap(s, v->by[k]);
	}
	tally_snap(s, &v->causes, EXIT_CAUSES);
}

static void snap_vcpus(struct exit_watch *w, struct snap *s)
{
	struct vcpu **end = &w->vcpus;
	u32 n = w->n_vcpus, running = 0;

	for (const struct vcpu *v = w->vcpus; v && w->vcpu; v = v->next) {
		running++;
		if (v == w->vcpu)
			break;
	}
	snap_u32(s, &n);
	snap_u32(s, &running);
	snap_check(s, n <= 65536 + EXIT_VCPUS && running <= n, "number of vCPUs that were entered");
	for (u32 i = 0; i < n && !s->failed; i++) {
		if (s->loading && !(*end = calloc(1, sizeof(**end))))
			return;
		w->n_vcpus += s->loading;
		snap_vcpu(s, *end);
		if (s->loading && i + 1 == running)
			w->vcpu = *end;
		end = &(*end)->next;
	}
	snap_open(s, &w->host);
}

void exits_snap(struct cpu *c, struct snap *s)
{
	struct exit_watch *w = &c->exits;
	struct vm_exits **end = &w->vms;
	u16 in = w->in ? w->in->vm : 0, left = w->left ? w->left->vm : 0;
	u32 n = 0;

	for (struct vm_exits *v = w->vms; v; v = v->next)
		n++;
	snap_u32(s, &n);
	snap_check(s, n <= 65536, "number of VMs that were entered");
	if (s->loading)
		exits_free(w);
	for (u32 i = 0; i < n && !s->failed; i++) {
		if (s->loading && !(*end = calloc(1, sizeof(**end))))
			return;
		snap_vm(s, *end);
		end = &(*end)->next;
	}
	snap_vcpus(w, s);
	snap_u16(s, &in);
	snap_u16(s, &left);
	snap_u64(s, &w->since);
	snap_u8(s, &w->cls);
	snap_u64(s, &w->cause);
	snap_check(s, w->cls < EXIT_CLASSES, "class of the last VM exit");
	if (!s->loading || s->failed)
		return;
	w->in = in ? find(w, in) : NULL;
	w->left = left ? find(w, left) : NULL;
}

void exits_free(struct exit_watch *w)
{
	while (w->vms) {
		struct vm_exits *v = w->vms;

		w->vms = v->next;
		for (unsigned k = 0; k < EXIT_CLASSES; k++)
			free(v->by[k]);
		tally_free(&v->causes);
		free(v);
	}
	while (w->vcpus) {
		struct vcpu *v = w->vcpus;

		w->vcpus = v->next;
		free(v);
	}
	*w = (struct exit_watch){ 0 };
}
