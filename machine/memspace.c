/*
 * Memory of any translation regime for the debugger (machine/memspace.h): which regime a space means, and moving bytes through it.
 *
 * Tables are walked in memory as it is now: what a TLB still holds of older ones does not show here (`tlb` tells). An access is
 * neither privileged nor one of EL0: permissions and access flags are not looked at.
 */
#include "machine/memspace_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cpu/seen.h"
#include "cpu/sysreg.h"

enum { PAGE = 4096 };

/* ---- names ---- */

static const struct {
	const char *name;
	struct memspace s;
} spaces[] = {
	{ "current", { .kind = MEM_CURRENT } },
	{ "el1", { .kind = MEM_EL, .el = 1 } },
	{ "el2", { .kind = MEM_EL, .el = 2 } },
	{ "el3", { .kind = MEM_EL, .el = 3 } },
	{ "s1", { .kind = MEM_S1 } },
	{ "ipa", { .kind = MEM_IPA } },
	{ "phys", { .kind = MEM_PHYS } },
	{ "sphys", { .kind = MEM_SPHYS } },
};

static int unknown_space(const char *text, struct why *why)
{
	return why_set(why, EINVAL, "'%s' is no memory space: expected current, el1, el2, el3, s1:vmid=N,asid=M, ipa:vmid=N, phys or sphys", text);
}

/* "vmid=3" at *text, which then stands behind it. */
static bool parse_tag(const char **text, const char *name, bool *has, u16 *v)
{
	size_t n = strlen(name);
	unsigned long long got;
	char *end;

	if (*has || strncmp(*text, name, n) || (*text)[n] != '=' || (*text)[n + 1] < '0' || (*text)[n + 1] > '9')
		return false;
	got = strtoull(*text + n + 1, &end, 0);
	if (got > 0xffff)
		return false;
	*has = true;
	*v = (u16)got;
	*text = end;
	return true;
}

static bool parse_tags(struct memspace *s, const char *text)
{
	for (;;) {
		if (!parse_tag(&text, "vmid", &s->has_vmid, &s->vmid) &&
		    (s->kind != MEM_S1 || !parse_tag(&text, "asid", &s->has_asid, &s->asid)))
			return false;
		if (!*text)
			return true;
		if (*text++ != ',')
			return false;
	}
}

int memspace_parse(struct memspace *s, const char *text, struct why *why)
{
	size_t n = strcspn(text, ":");

	for (size_t i = 0; i < ARRAY_SIZE(spaces); i++) {
		struct memspace found = spaces[i].s;

		if (strlen(spaces[i].name) != n || strncmp(spaces[i].name, text, n))
			continue;
		if (text[n] && ((found.kind != MEM_S1 && found.kind != MEM_IPA) || !parse_tags(&found, text + n + 1)))
			break;
		*s = found;
		return 0;
	}
	return unknown_space(text, why);
}

void memspace_text(const struct memspace *s, char *text, size_t size)
{
	const char *name = "?";
	char tags[32] = "";

	for (size_t i = 0; i < ARRAY_SIZE(spaces); i++)
		if (spaces[i].s.kind == s->kind && spaces[i].s.el == s->el)
			name = spaces[i].name;
	if (s->has_vmid && s->has_asid)
		snprintf(tags, sizeof tags, ":vmid=%u,asid=%u", s->vmid, s->asid);
	else if (s->has_vmid)
		snprintf(tags, sizeof tags, ":vmid=%u", s->vmid);
	else if (s->has_asid)
		snprintf(tags, sizeof tags, ":asid=%u", s->asid);
	snprintf(text, size, "%s%s", name, tags);
}

/* ---- regimes ---- */

/* HCR_EL2.TGE takes EL1 out of use: its registers belong to a VM that is not current, or to nobody. */
static int view_el1(const struct cpu *c, struct memspace_view *v, struct why *why)
{
	if (c->hcr_eff & HCR_TGE)
		return why_set(why, EINVAL, "el1: HCR_EL2.TGE is 1, so nothing runs at EL1; memory of a VM: s1:vmid=N,asid=M, of the host: el2");
	cpu_regime(c, REGIME_EL10, cpu_el_secure(c, 1), &v->r);
	return 0;
}

static int view_el(const struct cpu *c, unsigned el, struct memspace_view *v, struct why *why)
{
	if (el == 1)
		return view_el1(c, v, why);
	if (!cpu_has(c, el == 2 ? FEAT(EL2) : FEAT(EL3)))
		return why_set(why, EINVAL, "el%u: this machine has no EL%u", el, el);
	if (el == 2 && !c->el2_on)
		return why_set(why, EINVAL, "el2: SCR_EL3.NS is 0, and there is no EL2 in Secure state");
	cpu_regime(c, cpu_regime_kind(c, el), cpu_el_secure(c, el), &v->r);
	return 0;
}

/* What a space without vmid= means: the VMID that is current at EL1&0, or none. */
static void default_vmid(const struct cpu *c, struct memspace *s)
{
	struct regime r;

	if (s->has_vmid)
		return;
	cpu_regime(c, REGIME_EL10, cpu_el_secure(c, 1), &r);
	s->has_vmid = r.vm_tag && !(c->hcr_eff & HCR_TGE);
	s->vmid = r.vmid;
}

/* Whether r is of the VM (or of no VM) and process that ctx, a struct memspace, asks for. */
static bool meant(const void *ctx, const struct regime *r)
{
	const struct memspace *s = ctx;

	if (!r->two_ranges || r->vm_tag != s->has_vmid || (s->has_vmid && r->vmid != s->vmid))
		return false;
	if (s->kind == MEM_IPA)
		return r->s2;
	return !s->has_asid || (r->s1 && r->asid == s->asid);
}

/* A PE that runs it at this moment; of all PEs `pe` comes first. */
static bool find_running(struct machine *m, unsigned pe, bool (*wanted)(const void *ctx, const struct regime *r), const void *ctx,
			 struct regime *r)
{
	for (unsigned i = 0; i < m->pes; i++) {
		const struct seat *seat = &m->seat[(pe + i) % m->pes];

		if (!seat->on || !wanted(ctx, &seat->cpu->regime))
			continue;
		*r = seat->cpu->regime;
		return true;
	}
	return false;
}

bool memspace_find(struct machine *m, unsigned pe, bool (*wanted)(const void *ctx, const struct regime *r), const void *ctx, struct regime *r,
		   bool *live)
{
	u64 when = 0;

	*live = find_running(m, pe, wanted, ctx, r);
	for (unsigned i = 0; i < m->pes && !*live; i++)
		for (const struct seen *e = NULL; (e = seen_next(m->seat[i].cpu, e));) {
			if (e->when <= when || !wanted(ctx, &e->r))
				continue;
			when = e->when;
			*r = e->r;
		}
	return *live || when;
}

static int view_tagged(struct machine *m, unsigned pe, const struct memspace *asked, struct memspace_view *v, struct why *why)
{
	struct memspace s = *asked;
	char text[MEMSPACE_TEXT];

	default_vmid(m->seat[pe].cpu, &s);
	if (memspace_find(m, pe, meant, &s, &v->r, &v->live))
		return 0;
	memspace_text(&s, text, sizeof text);
	return why_set(why, ENOENT, "%s: no PE is known to have run it lately%s", text, s.kind == MEM_IPA ? " with stage 2 on" : "");
}

int memspace_view(struct machine *m, unsigned pe, const struct memspace *s, struct memspace_view *v, struct why *why)
{
	const struct cpu *c = m->seat[pe].cpu;
	int err = 0;

	*v = (struct memspace_view){ .live = true, .path = PATH_VA };
	switch (s->kind) {
	case MEM_CURRENT:
		v->r = c->regime;
		v->el = c->el;
		break;
	case MEM_EL:
		v->el = s->el;
		err = view_el(c, s->el, v, why);
		break;
	case MEM_S1:
	case MEM_IPA:
		err = view_tagged(m, pe, s, v, why);
		v->path = s->kind == MEM_IPA ? PATH_IPA : PATH_VA;
		v->space = v->r.space;
		v->el = v->r.kind == REGIME_EL20 ? 2 : 1;
		break;
	default:
		v->path = PATH_PA;
		v->space = s->kind == MEM_SPHYS ? SPACE_S : SPACE_NS;
	}
	return err;
}

/* ---- translation ---- */

/* The descriptor that was read last. */
static void last_step(void *ctx, const struct walk_step *s)
{
	*(struct walk_step *)ctx = *s;
}

static void no_page(const struct memspace_view *v, const struct fault *f, const struct walk_step *last, struct why *why, const char *what)
{
	char words[96], at[96] = "";
	int n = 0;

	fault_words(f, words, sizeof words);
	if (last->stage && f->kind != FAULT_EXTERNAL_WALK)
		n = snprintf(at, sizeof at, ": descriptor 0x%016" PRIx64 " at PA 0x%" PRIx64, last->desc, pa_addr(last->pa));
	else if (!last->stage && v->path == PATH_VA && v->r.s1)
		snprintf(at, sizeof at, ": outside the range of the tables");
	if (f->stage == 2 && n >= 0 && (size_t)n < sizeof at)
		snprintf(at + n, sizeof at - (size_t)n, ", IPA 0x%" PRIx64, ipa_addr(f->ipa));
	why_set(why, EFAULT, "%s: %s%s", what, words, at);
}

/* The physical address of addr. False: it has none, *why says why. */
static bool translate(struct machine *m, const struct memspace_view *v, u64 addr, const char *what, pa *p, struct why *why)
{
	struct walk_step last = { 0 };
	const struct walk_caches tell = { .ctx = &last, .step = last_step };
	const struct access look = { .priv = true, .atop = true, .look = true };
	struct walk w;

	if (v->path == PATH_PA) {
		*p = pa_make((enum space)v->space, addr);
		if (addr == pa_addr(*p))
			return true;
		why_set(why, EFAULT, "%s: larger than a physical address", what);
		return false;
	}
	if (v->path == PATH_VA)
		walk_va(&v->r, m->bus, addr, look, &tell, &w);
	else
		walk_ipa(&v->r, m->bus, ipa_make((enum space)v->space, addr), look, &tell, &w);
	if (w.x.fault.kind != FAULT_NONE || (v->path == PATH_IPA && addr > ADDR_MASK)) {
		no_page(v, &w.x.fault, &last, why, what);
		return false;
	}
	*p = w.x.pa;
	return true;
}

/* ---- bytes ---- */

/* Moves n bytes inside one page; one of to and from is NULL. False with *why when they are no memory, or (writing) read-only. */
static bool move(struct machine *m, pa p, u8 *to, const u8 *from, size_t n, const char *what, struct why *why)
{
	const struct bus_region *r = bus_find(m->bus, pa_addr(p), pa_space(p));
	const char *refused = NULL;

	if (!r)
		refused = "nothing is there";
	else if (!r->host || (r->ops && !r->array))
		refused = to ? "a device, and reading has effects" : "a device, and writing has effects";
	else if (from && (r->ops || r->readonly))
		refused = "read-only memory";
	if (!refused && (to ? bus_copy_out(m->bus, p, to, n) : bus_copy_in(m->bus, p, from, n)) == BUS_OK)
		return true;
	why_set(why, EFAULT, "%s: PA 0x%" PRIx64 "%s%s%s: %s", what, pa_addr(p), r ? " (" : "", r ? r->name : "", r ? ")" : "",
		refused ? refused : "the end of memory");
	return false;
}

/* One of to and from is NULL: the direction. */
static size_t copy(struct machine *m, unsigned pe, const struct memspace *s, u64 addr, u8 *to, const u8 *from, size_t n, struct why *why)
{
	struct memspace_view v;
	char what[80], text[MEMSPACE_TEXT];
	size_t done = 0;

	if (pe >= m->pes || memspace_view(m, pe, s, &v, why) < 0)
		return 0;
	memspace_text(s, text, sizeof text);
	while (done < n) {
		u64 at = addr + done;
		size_t room = PAGE - (at & (PAGE - 1)), part = n - done < room ? n - done : room;
		pa p;

		snprintf(what, sizeof what, "0x%" PRIx64 " (%s)", at, text);
		if (at < addr) {
			why_set(why, EFAULT, "0x%" PRIx64 " (%s): beyond the last address", at, text);
			break;
		}
		if (!translate(m, &v, at, what, &p, why) ||
		    !move(m, p, to ? to + done : NULL, from ? from + done : NULL, part, what, why))
			break;
		done += part;
	}
	return done;
}

size_t memspace_read(struct machine *m, unsigned pe, const struct memspace *s, u64 addr, void *to, size_t n, struct why *why)
{
	return copy(m, pe, s, addr, to, NULL, n, why);
}

size_t memspace_write(struct machine *m, unsigned pe, const struct memspace *s, u64 addr, const void *from, size_t n, struct why *why)
{
	return copy(m, pe, s, addr, NULL, from, n, why);
}
