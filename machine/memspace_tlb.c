/*
 * The debugger's `tlb` (machine/memspace.h): what the modelled TLBs hold, and whether the tables in memory still say so.
 *
 * An entry is compared with a pure walk under the registers that its VM and process translate with, now or when they ran last. Stale
 * here means: the next access that misses would get something else. That may be a missing TLBI, or one that is still to come. Access
 * flags and dirty state are not compared; software may clear them without one.
 */
#include "machine/memspace_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

/* Pieces of an entry whose page was split since; more are not looked at. Lines without max=. */
enum { MOST_PIECES = 1024, MOST_LINES = 200 };

/* ---- filters ---- */

enum filter { BY_PE, BY_VMID, BY_ASID, BY_VA, BY_IPA, BY_PA, BY_EL, BY_MAX, FILTERS };
static const char *const filter_names[FILTERS] = { "pe", "vmid", "asid", "va", "ipa", "pa", "el", "max" };
static const char *const structures[] = { "l1i", "l1d", "main", "walk", "ipa" };

struct filters {
	u32 have; /* bit n: enum filter */
	u64 is[FILTERS];
	const char *structure;
	bool stale;
};

static bool has(const struct filters *f, enum filter by)
{
	return f->have >> by & 1;
}

static bool parse_value(struct filters *f, const char *word, size_t name)
{
	char *end;

	for (unsigned by = 0; by < FILTERS; by++) {
		if (strlen(filter_names[by]) != name || strncmp(word, filter_names[by], name) || word[name + 1] < '0' || word[name + 1] > '9')
			continue;
		f->is[by] = strtoull(word + name + 1, &end, 0);
		f->have |= 1u << by;
		return !*end;
	}
	for (size_t i = 0; i < ARRAY_SIZE(structures); i++)
		if (name == 9 && !strncmp(word, "structure", 9) && !strcmp(word + 10, structures[i]))
			f->structure = structures[i];
	return name == 9 && f->structure;
}

static int parse_filters(struct filters *f, const char *text, struct why *why)
{
	char word[80];
	int n;

	*f = (struct filters){ .have = 1u << BY_MAX, .is[BY_MAX] = MOST_LINES };
	for (; sscanf(text, " %79s%n", word, &n) == 1; text += n) {
		size_t name = strcspn(word, "=");

		if (!strcmp(word, "stale"))
			f->stale = true;
		else if (!word[name] || !parse_value(f, word, name))
			return why_set(why, EINVAL,
				       "tlb: '%s': expected pe=N, vmid=N, asid=N, va=ADDR, ipa=ADDR, pa=ADDR, el=N, max=N, structure=l1i|l1d|main|walk|ipa or stale",
				       word);
	}
	return 0;
}

static bool inside(u64 addr, u64 first, unsigned size)
{
	return addr >> size == first >> size;
}

static bool is_ipa(const struct tlb_view *v)
{
	return !strcmp(v->structure, "ipa");
}

static bool address_matches(const struct filters *f, const struct tlb_view *v)
{
	u64 ipa = is_ipa(v) ? v->va : ipa_addr(v->x.ipa);
	u64 va = f->is[BY_VA];

	if (has(f, BY_VA) && (is_ipa(v) || !(inside(va, v->va, v->x.size) || inside((u64)sext(va, 56), v->va, v->x.size))))
		return false;
	if (has(f, BY_IPA) && (!v->s2 || v->table || !inside(f->is[BY_IPA], ipa, v->x.size)))
		return false;
	return !has(f, BY_PA) || (!v->table && inside(f->is[BY_PA], pa_addr(v->x.pa), v->x.size));
}

static bool el_matches(u64 el, const struct tlb_view *v)
{
	static const u8 els[] = { [REGIME_EL10] = 1 << 0 | 1 << 1, [REGIME_EL20] = 1 << 0 | 1 << 2, [REGIME_EL2] = 1 << 2, [REGIME_EL3] = 1 << 3 };

	return el < 4 && (els[v->kind & 3] >> el & 1);
}

static bool has_asid(const struct tlb_view *v)
{
	return v->s1 && !v->global && (v->kind == REGIME_EL10 || v->kind == REGIME_EL20);
}

static bool matches(const struct filters *f, const struct tlb_view *v)
{
	return (!has(f, BY_VMID) || (v->vm_tag && v->vmid == f->is[BY_VMID])) && (!has(f, BY_ASID) || (has_asid(v) && v->asid == f->is[BY_ASID])) &&
	       (!has(f, BY_EL) || el_matches(f->is[BY_EL], v)) && (!f->structure || !strcmp(f->structure, v->structure)) &&
	       address_matches(f, v);
}

/* ---- whose it is ---- */

/* Whether r translates for the VM and process of an entry. */
static bool same_owner(const void *ctx, const struct regime *r)
{
	const struct tlb_view *v = ctx;

	if (r->kind != v->kind || r->space != v->space || r->vm_tag != v->vm_tag || (v->vm_tag && r->vmid != v->vmid) || r->s2 != v->s2)
		return false;
	return !v->s1 || (r->s1 && (!has_asid(v) || r->asid == v->asid));
}

/* EL2 and EL3 have one regime each: the registers of the PE. */
static bool find_owner(struct machine *m, unsigned pe, const struct tlb_view *v, struct regime *r)
{
	const struct cpu *c = m->seat[pe].cpu;
	bool live;

	if (v->kind == REGIME_EL10 || v->kind == REGIME_EL20) {
		if (!memspace_find(m, pe, same_owner, v, r, &live))
			return false;
		r->s1 = r->s1 && v->s1; /* the same VM before its stage 1 was on */
		return true;
	}
	if (v->kind != (v->kind == REGIME_EL3 ? REGIME_EL3 : cpu_regime_kind(c, 2)))
		return false;
	cpu_regime(c, v->kind, v->space == SPACE_S, r);
	return r->s1 == v->s1;
}

/* ---- whether the tables still say so ---- */

enum freshness { FRESH, STALE, UNKNOWN };

static const struct access look = { .priv = true, .atop = true, .look = true };

/* The table pointer that a walk finds for a level. */
struct pointer {
	u8 level;
	struct wc_hit found;
};

static void remember(void *ctx, const struct regime *r, int stage, u64 addr, const struct wc_hit *e)
{
	struct pointer *p = ctx;

	if (e->level == p->level)
		p->found = *e;
}

static enum freshness table_freshness(struct machine *m, const struct regime *r, const struct tlb_view *v, char *text, size_t size)
{
	struct pointer p = { .level = v->table->level };
	const struct walk_caches tell = { .ctx = &p, .wc_fill = remember };
	const struct wc_hit *was = v->table;
	struct walk w;

	walk_va_raw(r, m->bus, v->va, look, &tell, &w);
	if (!p.found.hit)
		snprintf(text, size, "no such table now");
	else if (p.found.table != was->table)
		snprintf(text, size, "table at 0x%" PRIx64 " now", p.found.table);
	else if (p.found.apt != was->apt || p.found.xnt != was->xnt || p.found.pxnt != was->pxnt || p.found.ns != was->ns || p.found.bits != was->bits)
		snprintf(text, size, "other attributes of the table now");
	else
		return FRESH;
	return STALE;
}

static void page_differs(const struct regime *r, const struct tlb_view *v, const struct xlat *now, char *text, size_t size)
{
	char was[64], is[64];

	if (now->s1_perm != v->x.s1_perm || now->s2_perm != v->x.s2_perm) {
		perm_words(r, perm_all(r, now), is, sizeof is);
		perm_words(r, perm_all(r, &v->x), was, sizeof was);
		snprintf(text, size, "%s now%s", is, strcmp(is, was) ? "" : " (the same, other rights of one stage)");
		return;
	}
	attr_words(now->attr, is, sizeof is);
	snprintf(text, size, "%s, %s now", is, sh_words(now->sh));
}

/* One piece of an entry, `off` bytes into it. */
static bool piece_same(const struct regime *r, const struct tlb_view *v, u64 off, const struct xlat *now, char *text, size_t size)
{
	char fault[96];
	bool s2_alone = is_ipa(v);

	if (now->fault.kind != FAULT_NONE) {
		fault_words(&now->fault, fault, sizeof fault);
		snprintf(text, size, "unmapped now: %s", fault);
		return false;
	}
	if (now->pa.a != v->x.pa.a + off) {
		snprintf(text, size, "PA 0x%" PRIx64 " now%s", pa_addr(now->pa), off ? " for a part of it" : "");
		return false;
	}
	if (s2_alone ? now->s2_perm != v->x.s2_perm || now->s2_attr != v->x.s2_attr
		     : now->s1_perm != v->x.s1_perm || now->s2_perm != v->x.s2_perm ||
			       (v->s1 && (now->attr != v->x.attr || now->sh != v->x.sh))) {
		page_differs(r, v, now, text, size);
		return false;
	}
	if (!s2_alone && now->global != v->global) {
		snprintf(text, size, "%s now", now->global ? "global" : "not global");
		return false;
	}
	return true;
}

static enum freshness page_freshness(struct machine *m, const struct regime *r, const struct tlb_view *v, char *text, size_t size)
{
	u64 off = 0, end = 1ull << v->x.size;
	struct walk w;

	for (unsigned n = 0; off < end && n < MOST_PIECES; n++) {
		if (is_ipa(v))
			walk_ipa(r, m->bus, ipa_make((enum space)v->space, v->va + off), look, NULL, &w);
		else
			walk_va_raw(r, m->bus, v->va + off, look, NULL, &w);
		if (!piece_same(r, v, off, &w.x, text, size))
			return STALE;
		off += 1ull << w.x.size;
	}
	return FRESH;
}

static enum freshness freshness(struct machine *m, unsigned pe, const struct tlb_view *v, char *text, size_t size)
{
	struct regime r;

	*text = 0;
	if (!find_owner(m, pe, v, &r))
		return UNKNOWN;
	return v->table ? table_freshness(m, &r, v, text, size) : page_freshness(m, &r, v, text, size);
}

/* ---- lines ---- */

struct listing {
	struct machine *m;
	unsigned pe;
	struct filters f;
	FILE *out;
	u64 entries, found, stale, unknown, lines;
};

static void print_tags(const struct tlb_view *v, FILE *out)
{
	fprintf(out, "%-4s %-5s%s", v->structure, is_ipa(v) ? "S2" : regime_words(v->kind), v->space == SPACE_S ? " S" : "");
	if (v->vm_tag)
		fprintf(out, " vmid=%u", v->vmid);
	if (has_asid(v))
		fprintf(out, " asid=%u", v->asid);
	else if (v->s1 && v->global && !is_ipa(v) && v->kind != REGIME_EL2 && v->kind != REGIME_EL3)
		fprintf(out, " global");
}

static void print_page(const struct tlb_view *v, FILE *out)
{
	struct regime r = { .kind = v->kind, .two_ranges = v->kind == REGIME_EL10 || v->kind == REGIME_EL20, .s1 = v->s1, .s2 = v->s2 };
	char size[16], perm[24], attr[64];

	size_words(v->x.size, size, sizeof size);
	perm_words(&r, is_ipa(v) ? v->x.s2_perm : perm_all(&r, &v->x), perm, sizeof perm);
	attr_words(v->x.attr, attr, sizeof attr);
	if (!is_ipa(v) && v->s2)
		fprintf(out, " -> IPA 0x%" PRIx64, ipa_addr(v->x.ipa));
	fprintf(out, " -> PA 0x%" PRIx64 "%s, %s, %s, %s, %s", pa_addr(v->x.pa), pa_space(v->x.pa) == SPACE_S ? " Secure" : "", size, perm, attr,
		sh_words(v->x.sh));
}

static void print_entry(struct listing *l, const struct tlb_view *v, enum freshness fresh, const char *text)
{
	char size[16];

	fprintf(l->out, "PE %u ", l->pe);
	print_tags(v, l->out);
	fprintf(l->out, " %s 0x%" PRIx64, is_ipa(v) ? "IPA" : "VA", v->va);
	if (v->table) {
		size_words(v->table->bits, size, sizeof size);
		fprintf(l->out, " -> level %u table at %s 0x%" PRIx64 ", %s", v->table->level, v->s2 ? "IPA" : "PA", v->table->table, size);
	} else {
		print_page(v, l->out);
	}
	if (fresh == STALE)
		fprintf(l->out, "  STALE: %s", text);
	else if (fresh == UNKNOWN)
		fprintf(l->out, "  ?");
	fprintf(l->out, "\n");
}

static void entry(void *ctx, const struct tlb_view *v)
{
	struct listing *l = ctx;
	enum freshness fresh;
	char text[160];

	l->entries++;
	if (!matches(&l->f, v))
		return;
	fresh = freshness(l->m, l->pe, v, text, sizeof text);
	if (l->f.stale && fresh != STALE)
		return;
	l->found++;
	l->stale += fresh == STALE;
	l->unknown += fresh == UNKNOWN;
	if (l->lines++ < l->f.is[BY_MAX])
		print_entry(l, v, fresh, text);
}

int memspace_tlb(struct machine *m, const char *filters, FILE *out, struct why *why)
{
	struct listing l = { .m = m, .out = out };
	int err = parse_filters(&l.f, filters, why);

	if (err < 0)
		return err;
	for (l.pe = 0; l.pe < m->pes; l.pe++)
		if (m->seat[l.pe].on && (!has(&l.f, BY_PE) || l.f.is[BY_PE] == l.pe))
			mmu_for_each(m->seat[l.pe].cpu->mmu, entry, &l);
	fprintf(out, "%" PRIu64 " of %" PRIu64 " entries, %" PRIu64 " stale", l.found, l.entries, l.stale);
	if (l.unknown)
		fprintf(out, ", %" PRIu64 " of VMs or processes whose registers are not known (?)", l.unknown);
	if (l.lines > l.f.is[BY_MAX])
		fprintf(out, "; the first %" PRIu64 " are shown (max=N)", l.f.is[BY_MAX]);
	fprintf(out, "\n");
	return 0;
}
