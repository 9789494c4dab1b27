/* Catchpoints (machine/debug.h): events that watchers of a PE hear of (cpu/observe.h), and what is said of them. */
#include "base/bits.h"
#include "cpu/exception.h"
#include "cpu/syndrome.h"
#include "cpu/sysreg.h"
#include "machine/debug_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool is(const struct debug_point *p, enum catch_kind kind)
{
	return p->kind == POINT_CATCH && p->catch.kind == kind && !p->disabled;
}

static bool fits(s32 wanted, u32 v)
{
	return wanted < 0 || (u32)wanted == v;
}

/* p matched: c stops after its instruction. The words are to be said then. */
static bool caught(struct debugger *d, struct cpu *c, struct debug_point *p)
{
	if (!debug_counts(p, c) || !debug_stop(d, c, p, STOP_CATCH))
		return false;
	cpu_attention(c, ATTN_HALT);
	return true;
}

/* ---- exceptions ---- */

/* The register that a trapped access names. */
static u32 register_of(u32 iss)
{
	return SR(bits(iss, 21, 20), bits(iss, 16, 14), bits(iss, 13, 10), bits(iss, 4, 1), bits(iss, 19, 17));
}

static bool is_access(const struct observed_trap *t)
{
	return !t->vec && t->ec == EC_SYS64;
}

static bool trap_fits(const struct debug_catch *k, const struct observed_trap *t)
{
	u32 enc = register_of(t->iss);

	if (k->cls >= 0 && k->cls != EXIT_CLASS(t->vec, t->ec))
		return false;
	if (k->s2fault && (t->vec || !t->hpfar_valid))
		return false;
	if (k->row && !(is_access(t) && (enc == k->row->enc || (k->row->el12 && enc == k->row->el12))))
		return false;
	return fits(k->imm, t->iss & 0xffff) && fits(k->from, t->from) && fits(k->to, t->to);
}

static const char *fault_words(u32 iss)
{
	static const char *const kind[] = { "address size", "translation", "access flag", "permission" };
	unsigned fsc = iss & 63;

	if (fsc < 16)
		return kind[fsc >> 2];
	return fsc == 0x21 ? "alignment" : fsc == 0x10 || (fsc & 0x3c) == 0x14 ? "external" : "other";
}

static void say_abort(const struct observed_trap *t, FILE *out)
{
	bool data = t->ec == EC_DABT || t->ec == EC_DABT_LOWER;
	unsigned fsc = t->iss & 63;

	fprintf(out, ", %s%s fault", t->hpfar_valid ? "stage-2 " : "", fault_words(t->iss));
	if (fsc < 16)
		fprintf(out, " at level %u", fsc & 3);
	if (bit(t->iss, 7))
		fprintf(out, " of a table walk");
	fprintf(out, ", %s of %#" PRIx64, !data ? "fetch" : bit(t->iss, 6) ? "write" : "read", t->far);
	if (t->hpfar_valid)
		fprintf(out, ", IPA page %#" PRIx64, t->hpfar >> 4 << 12);
}

static void say_access(const struct cpu *c, const struct observed_trap *t, FILE *out)
{
	u32 enc = register_of(t->iss);
	const struct sysreg *r = sysreg_find(c->sysregs, enc);

	fprintf(out, ", %s of ", t->iss & 1 ? "read" : "write");
	if (r)
		fprintf(out, "%s", r->name);
	else
		fprintf(out, "S%u_%u_C%u_C%u_%u", enc >> 14, enc >> 11 & 7, enc >> 7 & 15, enc >> 3 & 15, enc & 7);
	fprintf(out, " %s X%u", t->iss & 1 ? "to" : "from", (u32)bits(t->iss, 9, 5));
}

static bool has_immediate(const struct observed_trap *t)
{
	return !t->vec && (t->ec == EC_SVC64 || t->ec == EC_HVC64 || t->ec == EC_SMC64 || t->ec == EC_BRK64);
}

static void say_syndrome(const struct cpu *c, const struct observed_trap *t, FILE *out)
{
	switch (t->ec) {
	case EC_WFX: fprintf(out, ", %s", t->iss & 1 ? "WFE" : "WFI"); break;
	case EC_SYS64: say_access(c, t, out); break;
	case EC_IABT:
	case EC_IABT_LOWER:
	case EC_DABT:
	case EC_DABT_LOWER: say_abort(t, out); break;
	}
}

static void say_trap(struct debugger *d, const struct cpu *c, const struct debug_point *p, const struct observed_trap *t)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	fprintf(out, "catch %u: %s%s", p->number, t->virt ? "virtual " : "", exception_name((enum vector_kind)t->vec, t->ec));
	if (has_immediate(t))
		fprintf(out, " #%#x", t->iss & 0xffff);
	fprintf(out, " from EL%u to EL%u at %#" PRIx64, t->from, t->to, t->pc);
	if (!t->vec)
		say_syndrome(c, t, out);
	if (t->esr)
		fprintf(out, ", ESR 0x%08x", t->esr);
	if (!fclose(out))
		debug_say(d, "%s", text);
	free(text);
}

static bool any(const struct debugger *d, unsigned kinds)
{
	return d->catches & kinds;
}

void catch_trap(struct debugger *d, struct cpu *c, const struct observed_trap *t)
{
	if (!any(d, 1u << CATCH_TRAP))
		return;
	for (struct debug_point *p = d->points; p; p = p->next) {
		if (!is(p, CATCH_TRAP) || !trap_fits(&p->catch, t) || !caught(d, c, p))
			continue;
		d->stop.addr = t->pc;
		say_trap(d, c, p, t);
	}
}

void catch_eret(struct debugger *d, struct cpu *c, unsigned from, u64 pc)
{
	if (!any(d, 1u << CATCH_ERET))
		return;
	for (struct debug_point *p = d->points; p; p = p->next) {
		const struct debug_catch *k = &p->catch;

		if (!is(p, CATCH_ERET) || !fits(k->from, from) || !fits(k->to, c->el))
			continue;
		/* into a VM: not back into a handler of the hypervisor that was interrupted on its way there */
		if (k->vmid >= 0 && !(c->el < 2 && c->regime.s2 && fits(k->vmid, c->regime.vmid)))
			continue;
		if (caught(d, c, p))
			debug_say(d, "catch %u: exception return from EL%u at %#" PRIx64 " to EL%u at %#" PRIx64, p->number, from, pc, c->el, c->pc);
	}
}

/* ---- registers ---- */

static bool is_tlbi(const struct sysreg *r)
{
	return (r->flags & SRF_OP) && !strncmp(r->name, "TLBI", 4);
}

static void caught_sysreg(struct debugger *d, struct cpu *c, const struct sysreg *r, u64 v)
{
	struct regime space;

	for (struct debug_point *p = d->points; p; p = p->next) {
		if (is(p, CATCH_WRITE) && p->catch.row == r && caught(d, c, p))
			debug_say(d, "catch %u: %s = %#" PRIx64 " by %#" PRIx64, p->number, r->name, v, cpu_pc(c));
		if (!is(p, CATCH_TLBI) || !is_tlbi(r))
			continue;
		debug_space(c, &space);
		if (fits(p->catch.vmid, space.vmid) && caught(d, c, p))
			debug_say(d, "catch %u: %s, %#" PRIx64 ", by %#" PRIx64 " with VMID %u", p->number, r->name, v, cpu_pc(c), space.vmid);
	}
}

void catch_sysreg(void *ctx, struct cpu *c, const struct sysreg *r, u64 v)
{
	if (!any(ctx, 1u << CATCH_WRITE | 1u << CATCH_TLBI))
		return;
	cpu_enter(c);
	caught_sysreg(ctx, c, r, v);
	cpu_leave(c);
}

void catch_list_register(void *ctx, struct cpu *c, unsigned n, u64 v)
{
	struct debugger *d = ctx;

	cpu_enter(c);
	for (struct debug_point *p = d->points; p; p = p->next)
		if (is(p, CATCH_LR) && (p->catch.at == UINT64_MAX || p->catch.at == n) && caught(d, c, p))
			debug_say(d, "catch %u: list register %u = %#" PRIx64 " by %#" PRIx64, p->number, n, v, cpu_pc(c));
	cpu_leave(c);
}

void catch_maintenance(void *ctx, struct cpu *c, u64 misr)
{
	struct debugger *d = ctx;

	cpu_enter(c);
	for (struct debug_point *p = d->points; p; p = p->next)
		if (is(p, CATCH_MAINT) && caught(d, c, p))
			debug_say(d, "catch %u: maintenance interrupt, ICH_MISR_EL2 %#" PRIx64 "%s%s%s%s", p->number, misr, bit(misr, 0) ? " EOI" : "",
				  bit(misr, 1) ? " U" : "", bit(misr, 2) ? " LRENP" : "", bit(misr, 3) ? " NP" : "");
	cpu_leave(c);
}

/* ---- as info breakpoints shows them ---- */

static void print_trap(const struct debug_catch *k, FILE *out)
{
	if (k->s2fault)
		fprintf(out, " s2fault");
	else if (k->row)
		fprintf(out, " sysreg=%s", k->row->name);
	else if (k->cls >= 64)
		fprintf(out, " %s", exception_name((enum vector_kind)(k->cls - 63), 0));
	else if (k->cls >= 0)
		fprintf(out, " %s", exception_name(VEC_SYNC, (unsigned)k->cls));
	if (k->imm >= 0)
		fprintf(out, " #%#x", (u32)k->imm);
}

void catch_print(const struct debug_catch *k, FILE *out)
{
	static const char *const kinds[] = { [CATCH_TRAP] = "trap", [CATCH_ERET] = "eret", [CATCH_WRITE] = "write", [CATCH_TLBI] = "tlbi",
					     [CATCH_LR] = "lr",	    [CATCH_MAINT] = "maint", [CATCH_INSNS] = "insns" };

	fprintf(out, "%s", kinds[k->kind]);
	if (k->kind == CATCH_TRAP)
		print_trap(k, out);
	if (k->kind == CATCH_WRITE)
		fprintf(out, " %s", k->row->name);
	if (k->kind == CATCH_INSNS || (k->kind == CATCH_LR && k->at != UINT64_MAX))
		fprintf(out, " %" PRIu64, k->at);
	if (k->from >= 0)
		fprintf(out, " from EL%d", k->from);
	if (k->to >= 0)
		fprintf(out, " to EL%d", k->to);
	if (k->vmid >= 0)
		fprintf(out, " vmid=%d", k->vmid);
}
