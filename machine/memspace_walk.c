/*
 * The debugger's `walk` (machine/memspace.h): the walker's own steps and result in words, and the exception that a fault would be. It
 * asks the walker and exception.c what the PE would ask them, so that it cannot disagree with what an access does; only the TLBs are
 * left out.
 */
#include "machine/memspace_priv.h"

#include "base/bits.h"
#include "cpu/exception.h"
#include "cpu/sysreg.h"
#include "cpu/syndrome.h"


struct report {
	struct machine *m;
	const struct cpu *c;
	const struct memspace_view *v;
	struct access a;
	u64 addr;
	FILE *out;
	unsigned reads;
	struct walk_step last;
};

/* ---- what the walk begins with ---- */

static unsigned regime_el(const struct regime *r)
{
	return r->kind == REGIME_EL3 ? 3 : r->kind == REGIME_EL10 ? 1 : 2;
}

static unsigned range_of(const struct report *p)
{
	return p->v->r.two_ranges ? (unsigned)bit(p->addr, 55) : 0;
}

static void print_stage(const struct report *p, const struct walk_stage *s, const char *table)
{
	unsigned shift = s->grain + (3 - s->start) * (s->grain - 3u), width = s->ia - shift, stride = s->grain - 3u;
	char grain[16];

	size_words(s->grain, grain, sizeof grain);
	fprintf(p->out, "  stage %u: %s = 0x%" PRIx64 ", granule %s, %u bits of input, %u of output, from level %u", s->n, table, s->root, grain,
		s->ia, s->oa, s->start);
	if (width > stride)
		fprintf(p->out, ", %u concatenated tables", 1u << (width - stride));
	fprintf(p->out, "%s%s\n", s->ha ? s->hd ? ", hardware AF and dirty state" : ", hardware AF" : "", s->be ? ", big-endian" : "");
}

static void print_begin(struct report *p)
{
	const struct regime *r = &p->v->r;
	struct walk_stage s;
	char table[16];

	fprintf(p->out, ", regime %s%s", regime_words(r->kind), r->space == SPACE_S ? " Secure" : "");
	if (r->vm_tag)
		fprintf(p->out, ", VMID %u", r->vmid);
	if (r->two_ranges && r->s1 && p->v->path == PATH_VA)
		fprintf(p->out, ", ASID %u", r->asid);
	fprintf(p->out, "%s\n", p->v->live ? "" : " (as seen when it ran last)");
	if (p->v->path == PATH_VA && !r->s1)
		fprintf(p->out, "  stage 1: off\n");
	if (p->v->path == PATH_VA && r->s1) {
		walk_stage1(r, p->addr, &s);
		snprintf(table, sizeof table, "TTBR%u_EL%u", range_of(p), regime_el(r));
		print_stage(p, &s, table);
	}
	if (r->s2 && walk_stage2(r, &s))
		print_stage(p, &s, "VTTBR_EL2");
	else if (r->kind == REGIME_EL10 && r->vm_tag)
		fprintf(p->out, "  stage 2: %s\n", r->s2 ? "VTCR_EL2.SL0 and T0SZ do not fit together" : "off");
}

/* Each descriptor read; stage 2's on behalf of stage 1 are set in. */
static void print_step(void *ctx, const struct walk_step *s)
{
	struct report *p = ctx;
	char words[320];

	desc_words(&p->v->r, s, words, sizeof words);
	fprintf(p->out, "  %s", s->s1ptw ? "  " : "");
	fprintf(p->out, "S%u level %u ", s->stage, s->level);
	if (s->s1ptw)
		fprintf(p->out, "(S1PTW, IPA 0x%" PRIx64 ") ", ipa_addr(s->ipa));
	else if (s->stage == 1 && p->v->r.s2)
		fprintf(p->out, "at IPA 0x%" PRIx64 " = ", ipa_addr(s->ipa));
	fprintf(p->out, "%sPA 0x%" PRIx64 ": 0x%016" PRIx64 " %s\n", s->stage == 1 && p->v->r.s2 ? "" : "at ", pa_addr(s->pa), s->desc, words);
	p->last = *s;
	p->reads++;
}

/* ---- the result ---- */

static const char *memory_at(const struct report *p, pa at)
{
	const struct bus_region *r = bus_find(p->m->bus, pa_addr(at), pa_space(at));

	return r ? r->name : "nothing there";
}

static void print_stage_result(const struct report *p, const struct xlat *x, unsigned stage)
{
	const struct regime *r = &p->v->r;
	char pages[16], perms[24];

	size_words(stage == 1 ? x->s1_size : x->s2_size, pages, sizeof pages);
	perm_words(r, stage == 1 ? x->s1_perm : x->s2_perm, perms, sizeof perms);
	fprintf(p->out, "  stage %u: %s (level %u), %s%s\n", stage, pages, stage == 1 ? x->s1_level : x->s2_level, perms,
		stage == 1 && r->two_ranges ? x->global ? ", global" : ", not global" : "");
}

static void print_result(const struct report *p, const struct xlat *x)
{
	const struct regime *r = &p->v->r;
	char pages[16], perms[24], attr[64];
	bool s1 = p->v->path == PATH_VA && r->s1;

	if (p->v->path == PATH_VA)
		fprintf(p->out, "  VA 0x%" PRIx64, p->addr);
	if (r->s2)
		fprintf(p->out, "%s 0x%" PRIx64, p->v->path == PATH_VA ? " -> IPA" : "  IPA", ipa_addr(x->ipa));
	fprintf(p->out, " -> PA 0x%" PRIx64 "%s (%s)\n", pa_addr(x->pa), pa_space(x->pa) == SPACE_S ? " Secure" : "", memory_at(p, x->pa));
	if (s1)
		print_stage_result(p, x, 1);
	if (r->s2)
		print_stage_result(p, x, 2);
	size_words(x->size, pages, sizeof pages);
	perm_words(r, p->v->path == PATH_VA ? perm_all(r, x) : x->s2_perm, perms, sizeof perms);
	attr_words(x->attr, attr, sizeof attr);
	fprintf(p->out, "  together: %s%s, %s, %s, %s\n", pages, s1 || r->s2 ? " in a TLB" : "", perms, attr, sh_words(x->sh));
}

static void print_updates(const struct report *p, const struct walk *w)
{
	for (unsigned i = 0; i < w->n_updates; i++)
		fprintf(p->out, "  an access would write descriptor 0x%016" PRIx64 " to PA 0x%" PRIx64 " (access flag, dirty state)\n",
			w->update[i].new, pa_addr(w->update[i].pa));
}

/* ---- faults ---- */

static const char *no_read_reason(const struct report *p, const struct fault *f)
{
	const struct regime *r = &p->v->r;
	struct walk_stage s;

	if (f->stage == 2)
		return !walk_stage2(r, &s) ? "VTCR_EL2.SL0 and T0SZ do not fit together"
		       : f->kind == FAULT_ADDR_SIZE ? "VTTBR_EL2 is beyond the output size" : "the IPA is larger than VTCR_EL2.T0SZ says";
	if (!r->s1)
		return "stage 1 is off, and the address is larger than a physical one";
	if (f->kind == FAULT_ADDR_SIZE)
		return "the table's address is beyond the output size (TCR.IPS, PS)";
	walk_stage1(r, p->addr, &s);
	if (!walk_in_range(r, p->addr, s.ia))
		return "the address is in no range of the tables (TCR.TxSZ, TBI)";
	return walk_range_off(r, p->addr, (struct access){ .priv = true }) ? "this range is off (TCR.EPDx)" : "EL0 may not use this range (TCR.E0PDx)";
}

static bool pan_stops(const struct report *p, const struct xlat *x)
{
	return p->a.pan && p->a.priv && p->v->r.two_ranges && (p->a.what & (ACC_READ | ACC_WRITE)) && (x->s1_perm & (PERM_UR | PERM_UW));
}

static u8 perm_side(const struct report *p, const struct xlat *x)
{
	u8 all = perm_all(&p->v->r, x);

	return (p->a.priv ? all : all >> 3) & 7;
}

/* mapped: the same address looked at without rights, when that works. */
static const char *permission_reason(const struct report *p, const struct fault *f, const struct xlat *mapped)
{
	u8 may = p->a.priv ? mapped->s1_perm : mapped->s1_perm >> 3;

	if (f->s1ptw)
		return attr_is_device(mapped->attr) ? "stage 2 does not let the walk access the table (rights, or HCR_EL2.PTW and Device memory)"
						    : "stage 2 does not let the walk access the table";
	if (f->stage == 2)
		return "stage 2 does not permit the access (S2AP, XN)";
	if ((p->a.what & ACC_FETCH) && !(p->a.what & ~perm_side(p, mapped)))
		return "SCR_EL3.SIF: the Secure world fetches nothing from Non-secure memory";
	if (!(p->a.what & ~may))
		return pan_stops(p, mapped) ? "PSTATE.PAN: EL0 may access the page" : "SCTLR.WXN: the page is writable";
	return "stage 1 does not permit the access (AP, XN, table attributes)";
}

static const char *reason(const struct report *p, const struct fault *f, const struct xlat *mapped)
{
	bool read = p->reads && p->last.stage == f->stage && (unsigned)f->level == p->last.level;

	switch (f->kind) {
	case FAULT_TRANSLATION:
		return read ? "the last descriptor is invalid" : no_read_reason(p, f);
	case FAULT_ADDR_SIZE:
		return read ? "the last descriptor's address is beyond the output size" : no_read_reason(p, f);
	case FAULT_ACCESS_FLAG:
		return "AF of the last descriptor is 0, and hardware does not set it (HA is 0)";
	case FAULT_PERMISSION:
		return permission_reason(p, f, mapped);
	case FAULT_EXTERNAL_WALK:
		return "no memory answers at the descriptor's address";
	case FAULT_EXTERNAL:
		return p->a.what & ACC_FETCH ? "instructions are fetched from memory alone" : "nothing is at the address";
	default:
		return "";
	}
}

static const struct {
	u32 bit;
	const char *name;
} iss_bits[] = { { ISS_CM, "CM " }, { ISS_S1PTW, "S1PTW " }, { ISS_WNR, "WnR " } };

static void print_exception(const struct report *p, const struct fault *f)
{
	const struct abort_access by = {
		.el = p->a.priv ? p->v->el : 0,
		.hcr = p->v->r.hcr,
		.fetch = p->a.what & ACC_FETCH,
		.iss = p->a.what & ACC_WRITE && !(p->a.what & ACC_READ) ? ISS_WNR : 0,
	};
	struct abort to;

	exception_abort(p->c, &by, f, &to);
	fprintf(p->out, "  taken to EL%u: ESR_EL%u 0x%08x (%s, ", to.target, to.target, syndrome(to.ec, to.iss),
		exception_name(VEC_SYNC, to.ec));
	for (size_t i = 0; i < ARRAY_SIZE(iss_bits); i++)
		fprintf(p->out, "%s", !by.fetch || iss_bits[i].bit == ISS_S1PTW ? to.iss & iss_bits[i].bit ? iss_bits[i].name : "" : "");
	fprintf(p->out, "%s 0x%02x), FAR_EL%u 0x%" PRIx64, by.fetch ? "IFSC" : "DFSC", to.iss & 0x3f, to.target, p->addr);
	if (to.hpfar_valid)
		fprintf(p->out, ", HPFAR_EL2 0x%" PRIx64, to.hpfar);
	fprintf(p->out, "\n");
	if (!by.fetch && f->stage == 2 && !f->s1ptw && to.target == 2 && f->kind != FAULT_EXTERNAL)
		fprintf(p->out, "  (ISS without ISV, SAS, SSE, SRT, SF and AR, which are the instruction's)\n");
}

static void translate(const struct report *p, struct access a, const struct walk_caches *tell, struct walk *w)
{
	if (p->v->path == PATH_VA)
		walk_va(&p->v->r, p->m->bus, p->addr, a, tell, w);
	else
		walk_ipa(&p->v->r, p->m->bus, ipa_make((enum space)p->v->space, p->addr), a, tell, w);
}

/* What the tables allow and the PE or the bus does not. */
static void beyond_tables(const struct report *p, struct xlat *x)
{
	bool secure = p->v->r.space == SPACE_S && (p->c->sys.scr_el3 & SCR_SIF), fetch = p->a.what & ACC_FETCH, writable;
	const struct bus_region *at = bus_find(p->m->bus, pa_addr(x->pa), pa_space(x->pa));

	if (p->v->path != PATH_VA)
		return;
	if (fetch && secure && pa_space(x->pa) == SPACE_NS)
		x->fault = (struct fault){ .kind = FAULT_PERMISSION, .stage = 1, .level = (s8)x->s1_level };
	else if (!at || (fetch && !bus_page(p->m->bus, x->pa, &writable)))
		x->fault = (struct fault){ .kind = FAULT_EXTERNAL, .stage = 1 };
}

static void print_fault(const struct report *p, const struct fault *f)
{
	struct walk mapped;
	char words[96];
	const char *why;

	translate(p, (struct access){ .priv = true, .atop = true, .look = true }, NULL, &mapped);
	fault_words(f, words, sizeof words);
	why = reason(p, f, &mapped.x);
	fprintf(p->out, "  %s%s%s", words, *why ? ": " : "", why);
	if (f->stage == 2)
		fprintf(p->out, "; IPA 0x%" PRIx64, ipa_addr(f->ipa));
	fprintf(p->out, "\n");
	if (p->v->path == PATH_VA)
		print_exception(p, f);
	if (mapped.x.fault.kind != FAULT_NONE)
		return;
	fprintf(p->out, "  mapped all the same%s:\n", f->kind == FAULT_EXTERNAL ? "" : ", and so readable here");
	print_result(p, &mapped.x);
}

/* ---- all of it ---- */

static void print_physical(const struct report *p)
{
	pa at = pa_make((enum space)p->v->space, p->addr);
	const struct bus_region *r = bus_find(p->m->bus, pa_addr(at), pa_space(at));

	if (r)
		fprintf(p->out, ": %s, 0x%" PRIx64 " bytes from 0x%" PRIx64 "%s\n", r->name, r->size, r->base, r->secure ? ", Secure" : "");
	else
		fprintf(p->out, ": nothing is there\n");
}

static void print_head(const struct report *p, const struct memspace *s)
{
	static const char *const what[] = { "", "read", "write", "read and write", "fetch" };
	char text[MEMSPACE_TEXT];

	memspace_text(s, text, sizeof text);
	fprintf(p->out, "0x%" PRIx64 " (%s)", p->addr, text);
	if (p->v->path == PATH_PA)
		return;
	fprintf(p->out, ", %s", what[p->a.what]);
	if (p->v->path == PATH_VA)
		fprintf(p->out, " by EL%u%s", p->a.priv ? p->v->el : 0, p->a.pan && p->a.priv ? " with PAN" : "");
}

int memspace_walk(struct machine *m, unsigned pe, const struct memspace *s, u64 addr, struct access a, FILE *out, struct why *why)
{
	struct memspace_view v;
	struct report p = { .m = m, .v = &v, .addr = addr, .out = out };
	const struct walk_caches tell = { .ctx = &p, .step = print_step };
	struct walk w;
	int err = memspace_view(m, pe, s, &v, why);

	if (err < 0)
		return err;
	p.c = m->seat[pe].cpu;
	p.a = (struct access){ .what = a.what & 4 ? 4 : a.what & 3 ? a.what & 3 : 1, .priv = a.priv || !v.r.two_ranges, .pan = a.pan, .atop = true };
	print_head(&p, s);
	if (v.path == PATH_PA) {
		print_physical(&p);
		return 0;
	}
	print_begin(&p);
	translate(&p, p.a, &tell, &w);
	if (w.x.fault.kind == FAULT_NONE)
		beyond_tables(&p, &w.x);
	if (w.x.fault.kind == FAULT_NONE)
		print_result(&p, &w.x);
	else
		print_fault(&p, &w.x.fault);
	print_updates(&p, &w);
	return 0;
}
