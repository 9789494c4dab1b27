/*
 * Memory attributes: MAIR and MemAttr decoding, and how stage 2 changes what stage 1 said (DDI0487
 * D8.6). Transient and allocation hints of stage 1 are kept, the XS attribute and MTE tagging are
 * not modelled. Called by walker and TLB.
 */
#include "mmu/attr_priv.h"

#include "base/bits.h"

enum {
	SCTLR_C = 1u << 2,
	SCTLR_I = 1u << 12,
};
#define HCR_DC	BIT(12)
#define HCR_CD	BIT(32)
#define HCR_ID	BIT(33)
#define HCR_FWB BIT(46)

/* Cacheability of one MAIR nibble. */
enum cacheability { NON_CACHEABLE, WRITE_THROUGH, WRITE_BACK };

static enum cacheability cacheability(u8 nibble)
{
	if (nibble == 4)
		return NON_CACHEABLE;
	return nibble & 4 ? WRITE_BACK : WRITE_THROUGH;
}

/* Shareability means something for cacheable memory only; everything else is Outer Shareable. */
static void set(struct xlat *x, u8 attr, u8 sh)
{
	x->attr = attr;
	x->sh = attr_is_device(attr) || attr == ATTR_NC ? SH_OUTER : sh == 1 ? SH_NON : sh;
}

void attr_stage1(struct xlat *x, u8 mair, u8 sh)
{
	if (attr_is_device(mair))
		set(x, mair & 0x0c, sh);
	else /* an inner nibble of 0 is UNPREDICTABLE: Non-cacheable here */
		set(x, mair & 0x0f ? mair : (mair & 0xf0) | 4, sh);
}

/*
 * One nibble of stage 1 under a stage-2 cacheability: the weaker wins, the hints are those of
 * stage 1.
 */
static u8 combine_nibble(u8 s1, enum cacheability s2)
{
	enum cacheability c = cacheability(s1);

	if (c == NON_CACHEABLE || s2 == NON_CACHEABLE)
		return 4;
	if (s2 == WRITE_THROUGH && c == WRITE_BACK)
		return s1 & 8 ? s1 & ~4 : s1 & 3;
	return s1;
}

static u8 combine_sh(u8 a, u8 b)
{
	if (a == SH_OUTER || b == SH_OUTER)
		return SH_OUTER;
	return a == SH_INNER || b == SH_INNER ? SH_INNER : SH_NON;
}

/*
 * MemAttr<1:0> and <3:2>: 1 Non-cacheable, 2 Write-Through, 3 Write-Back; the reserved 0 is
 * Non-cacheable here.
 */
static enum cacheability memattr_cacheability(u8 two_bits)
{
	return two_bits ? (enum cacheability)(two_bits - 1) : NON_CACHEABLE;
}

/* FEAT_S2FWB, MemAttr with bit 2 set: stage 2 overrides stage 1. */
static u8 combine_fwb(u8 s1, u8 memattr)
{
	switch (memattr & 3) {
	case 2:
		return ATTR_WB;
	case 3:
		return s1;
	default: /* 0 is reserved */
		return attr_is_device(s1) ? s1 : ATTR_NC;
	}
}

void attr_stage2(const struct regime *r, struct xlat *x, u8 memattr, u8 sh)
{
	bool fwb = (r->hcr & HCR_FWB) && r->feat->s2fwb;
	u8 attr = x->attr;

	if (!(memattr & (fwb ? 4 : 12))) {
		u8 device = (memattr & 3) << 2;

		attr = attr_is_device(attr) && attr < device ? attr : device;
	} else if (fwb) {
		attr = combine_fwb(attr, memattr);
	} else if (!attr_is_device(attr)) {
		attr = (u8)(combine_nibble(attr >> 4, memattr_cacheability(memattr >> 2)) << 4 |
			    combine_nibble(attr & 15, memattr_cacheability(memattr & 3)));
	}
	set(x, attr, combine_sh(x->sh, sh == 1 ? SH_NON : sh));
}

void attr_effective(const struct regime *r, struct access a, struct xlat *x)
{
	bool off;

	if (attr_is_device(x->attr))
		return;
	if (a.what & ACC_FETCH) /* with stage 1 off the I bit says how fetches behave, except under
				   HCR_EL2.DC */
		off = (!(r->sctlr & SCTLR_I) &&
		       (r->s1 || r->kind != REGIME_EL10 || !(r->hcr & HCR_DC))) ||
		      (r->s2 && (r->hcr & HCR_ID));
	else
		off = (!(r->sctlr & SCTLR_C) && r->s1) || (r->s2 && (r->hcr & HCR_CD));
	if (off)
		set(x, ATTR_NC, SH_OUTER);
}
