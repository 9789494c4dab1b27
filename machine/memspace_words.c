/*
 * Descriptors, attributes, permissions and faults in the manual's words, for the debugger's `walk` and `tlb` (DDI0487 D8.3, D8.6).
 * Fields that the walker does not act on (PBHA, nT, software's) are not shown.
 */
#include "machine/memspace_priv.h"

#include <string.h>

#include "base/bits.h"
#include "cpu/sysreg.h"

#define HCR_FWB	  BIT(46)

const char *regime_words(unsigned kind)
{
	static const char *const names[] = {
		[REGIME_EL10] = "EL1&0", [REGIME_EL20] = "EL2&0", [REGIME_EL2] = "EL2", [REGIME_EL3] = "EL3"
	};

	return names[kind & 3];
}

void size_words(unsigned shift, char *text, size_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };

	snprintf(text, size, "%u %s", 1u << shift % 10, units[shift / 10 < 6 ? shift / 10 : 5]);
}

/* One cacheability of MAIR: the inner or outer half. */
static void half_words(u8 half, char *text, size_t size)
{
	if (half == 4)
		snprintf(text, size, "NC");
	else
		snprintf(text, size, "%s%s%s%s", half & 4 ? "WB" : "WT", half & 8 ? "" : " transient", half & 2 ? " Ra" : "", half & 1 ? "Wa" : "");
}

void attr_words(u8 attr, char *text, size_t size)
{
	static const char *const devices[] = { "nGnRnE", "nGnRE", "nGRE", "GRE" };
	char outer[24], inner[24];

	if (attr_is_device(attr)) {
		snprintf(text, size, "Device-%s", devices[attr >> 2 & 3]);
		return;
	}
	half_words(attr >> 4, outer, sizeof outer);
	half_words(attr & 15, inner, sizeof inner);
	if (!strcmp(outer, inner))
		snprintf(text, size, "Normal %s", outer);
	else
		snprintf(text, size, "Normal outer %s, inner %s", outer, inner);
}

const char *sh_words(u8 sh)
{
	static const char *const names[] = { "non-shareable", "SH=1 (reserved)", "outer shareable", "inner shareable" };

	return names[sh & 3];
}

static void rwx(u8 perm, char text[4])
{
	text[0] = perm & PERM_PR ? 'r' : '-';
	text[1] = perm & PERM_PW ? 'w' : '-';
	text[2] = perm & PERM_PX ? 'x' : '-';
	text[3] = 0;
}

void perm_words(const struct regime *r, u8 perm, char *text, size_t size)
{
	char high[4], low[4];

	rwx(perm, high);
	rwx(perm >> 3, low);
	if (r->two_ranges)
		snprintf(text, size, "EL%u %s EL0 %s", r->kind == REGIME_EL20 ? 2 : 1, high, low);
	else
		snprintf(text, size, "EL%u %s", r->kind == REGIME_EL3 ? 3 : 2, high);
}

u8 perm_all(const struct regime *r, const struct xlat *x)
{
	u8 p = r->s1 ? x->s1_perm : 63;

	if (r->s1 && (r->sctlr & SCTLR_WXN)) {
		if (p & PERM_PW)
			p &= (u8)~PERM_PX;
		if (p & PERM_UW)
			p &= (u8)~PERM_UX;
	}
	return r->s2 ? p & x->s2_perm : p;
}

/* ---- descriptors ---- */

static const char *if_set(u64 v, unsigned n, const char *words)
{
	return bit(v, n) ? words : "";
}

static void s1_table_words(const struct regime *r, u64 v, char *text, size_t size)
{
	static const char *const apt[] = { "", " APTable=no-EL0", " APTable=read-only", " APTable=read-only,no-EL0" };
	static const char *const apt_single[] = { "", "", " APTable=read-only", " APTable=read-only" };

	snprintf(text, size, "%s%s%s%s", (r->two_ranges ? apt : apt_single)[bits(v, 62, 61)],
		 if_set(v, 60, r->two_ranges ? " UXNTable" : " XNTable"), r->two_ranges ? if_set(v, 59, " PXNTable") : "",
		 r->space == SPACE_S ? if_set(v, 63, " NSTable") : "");
}

static void s1_leaf_words(const struct regime *r, u64 v, char *text, size_t size)
{
	static const char *const ap[] = { "EL1-rw", "rw", "EL1-ro", "ro" };
	unsigned index = (unsigned)bits(v, 4, 2);
	char attr[64];

	attr_words((u8)(r->mair >> 8 * index), attr, sizeof attr);
	snprintf(text, size, " AP=%u(%s)%s%s AF=%u%s%s%s%s %s AttrIndx=%u(%s)", (unsigned)bits(v, 7, 6),
		 !r->two_ranges ? ap[bit(v, 7) ? 3 : 1] : r->kind == REGIME_EL20 && !bit(v, 6) ? bit(v, 7) ? "EL2-ro" : "EL2-rw" : ap[bits(v, 7, 6)],
		 if_set(v, 54, r->two_ranges ? " UXN" : " XN"), r->two_ranges ? if_set(v, 53, " PXN") : "", (unsigned)bit(v, 10),
		 r->two_ranges ? if_set(v, 11, " nG") : "", if_set(v, 52, " Contiguous"), if_set(v, 51, " DBM"),
		 r->space == SPACE_S ? if_set(v, 5, " NS") : "", sh_words((u8)bits(v, 9, 8)), index, attr);
}

/* MemAttr: as HCR_EL2.FWB says, a replacement for or a limit of stage 1's. */
static void memattr_words(const struct regime *r, unsigned memattr, char *text, size_t size)
{
	static const char *const devices[] = { "Device-nGnRnE", "Device-nGnRE", "Device-nGRE", "Device-GRE" };
	static const char *const forced[] = { "reserved", "at most NC", "WB whatever stage 1 says", "as stage 1" };
	static const char *const halves[] = { "reserved", "NC", "WT", "WB" };
	bool fwb = (r->hcr & HCR_FWB) && r->feat->s2fwb;

	if (!(memattr & (fwb ? 4 : 12)))
		snprintf(text, size, "%s", devices[memattr & 3]);
	else if (fwb)
		snprintf(text, size, "FWB: %s", forced[memattr & 3]);
	else if (memattr >> 2 == (memattr & 3))
		snprintf(text, size, "Normal %s", halves[memattr & 3]);
	else
		snprintf(text, size, "Normal outer %s, inner %s", halves[memattr >> 2], halves[memattr & 3]);
}

static void s2_leaf_words(const struct regime *r, u64 v, char *text, size_t size)
{
	static const char *const s2ap[] = { "none", "ro", "wo", "rw" };
	static const char *const xn[] = { "", " XN=1(EL0-x)", " XN=2(no-x)", " XN=3(EL1-x)" };
	static const char *const xn_simple[] = { "", "", " XN", " XN" };
	char attr[64];

	memattr_words(r, (unsigned)bits(v, 5, 2), attr, sizeof attr);
	snprintf(text, size, " S2AP=%u(%s)%s AF=%u%s%s %s MemAttr=%u(%s)", (unsigned)bits(v, 7, 6), s2ap[bits(v, 7, 6)],
		 (r->feat->xnx ? xn : xn_simple)[bits(v, 54, 53)], (unsigned)bit(v, 10), if_set(v, 52, " Contiguous"), if_set(v, 51, " DBM"),
		 sh_words((u8)bits(v, 9, 8)), (unsigned)bits(v, 5, 2), attr);
}

enum desc_is { IS_INVALID, IS_RESERVED, IS_TABLE, IS_BLOCK, IS_PAGE };

static enum desc_is desc_is(const struct walk_step *s)
{
	if (!(s->desc & 1))
		return IS_INVALID;
	if (s->level == 3)
		return s->desc & 2 ? IS_PAGE : IS_RESERVED;
	if (s->desc & 2)
		return IS_TABLE;
	return s->level == 2 || (s->level == 1 && s->grain == 12) ? IS_BLOCK : IS_RESERVED;
}

void desc_words(const struct regime *r, const struct walk_step *s, char *text, size_t size)
{
	enum desc_is is = desc_is(s);
	const char *to = s->stage == 1 && r->s2 ? "IPA" : "PA";
	char fields[200] = "", covers[16];

	size_words(s->shift, covers, sizeof covers);
	switch (is) {
	case IS_INVALID:
		snprintf(text, size, "invalid");
		return;
	case IS_RESERVED:
		snprintf(text, size, "%s", s->level == 3 ? "invalid (reserved: bit 1 is 0 at level 3)" : "invalid (no block of this size)");
		return;
	case IS_TABLE:
		if (s->stage == 1)
			s1_table_words(r, s->desc, fields, sizeof fields);
		snprintf(text, size, "table -> %s 0x%" PRIx64 "%s", to, (u64)(s->desc & MASK(47, s->grain)), fields);
		return;
	default:
		if (s->stage == 1)
			s1_leaf_words(r, s->desc, fields, sizeof fields);
		else
			s2_leaf_words(r, s->desc, fields, sizeof fields);
		snprintf(text, size, "%s %s -> %s 0x%" PRIx64 "%s", is == IS_PAGE ? "page" : "block", covers, to, (u64)(s->desc & MASK(47, s->shift)), fields);
	}
}

/* ---- faults ---- */

static const char *const fault_kinds[] = {
	[FAULT_ADDR_SIZE] = "address size fault",
	[FAULT_TRANSLATION] = "translation fault",
	[FAULT_ACCESS_FLAG] = "access flag fault",
	[FAULT_PERMISSION] = "permission fault",
	[FAULT_ALIGNMENT] = "alignment fault",
	[FAULT_EXTERNAL] = "synchronous external abort",
	[FAULT_EXTERNAL_WALK] = "synchronous external abort on the walk",
	[FAULT_TLB_CONFLICT] = "TLB conflict abort",
	[FAULT_ATOMIC] = "unsupported exclusive or atomic access",
};

void fault_words(const struct fault *f, char *text, size_t size)
{
	const char *kind = f->kind < ARRAY_SIZE(fault_kinds) && fault_kinds[f->kind] ? fault_kinds[f->kind] : "fault";

	if (f->kind == FAULT_ALIGNMENT || f->kind == FAULT_EXTERNAL || f->kind == FAULT_ATOMIC)
		snprintf(text, size, "%s", kind);
	else
		snprintf(text, size, "%s, stage %u level %d%s", kind, f->stage, f->level, f->s1ptw ? ", on the walk of stage 1" : "");
}
