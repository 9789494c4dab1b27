/*
 * Permission checks on a finished translation: what both stages allow, PAN and WXN. The walker asks
 * for one stage at a time, the TLB for both on a hit. Which syndrome follows is the CPU's business.
 */
#include "mmu/regime.h"

#include "base/bits.h"

#define SCTLR_WXN BIT(19)

_Static_assert((int)ACC_READ == PERM_PR && (int)ACC_WRITE == PERM_PW && (int)ACC_FETCH == PERM_PX,
	       "an access is the set of permissions it needs");

/* The R, W, X bits that count for this privilege. */
static u8 side(u8 perm, bool priv)
{
	return (priv ? perm : perm >> 3) & 7;
}

/* x->attr: stage 1's alone in a walk, both stages' on a hit. */
bool s1_aligned(const struct xlat *x, struct access a, struct fault *f)
{
	if (!a.unaligned || !attr_is_device(x->attr))
		return true;
	*f = (struct fault){ .kind = FAULT_ALIGNMENT, .stage = 1 };
	return false;
}

bool s1_permits(const struct regime *r, const struct xlat *x, struct access a, struct fault *f)
{
	u8 may = side(x->s1_perm, a.priv);

	if (!r->s1)
		return true;
	if ((r->sctlr & SCTLR_WXN) && (may & PERM_PW))
		may &= ~PERM_PX;
	if (a.pan && a.priv && r->two_ranges && (x->s1_perm & (PERM_UR | PERM_UW)))
		may &= ~(PERM_PR | PERM_PW);
	if (!(a.what & ~may))
		return true;
	*f = (struct fault){ .kind = FAULT_PERMISSION, .stage = 1, .level = (s8)x->s1_level };
	return false;
}

bool s2_permits(const struct regime *r, const struct xlat *x, struct access a, struct fault *f)
{
	if (!r->s2 || !(a.what & ~side(x->s2_perm, a.priv)))
		return true;
	*f = (struct fault){
		.kind = FAULT_PERMISSION, .stage = 2, .level = (s8)x->s2_level, .ipa = x->ipa
	};
	return false;
}

bool xlat_permits(const struct regime *r, const struct xlat *x, struct access a, struct fault *f)
{
	return s1_aligned(x, a, f) && s1_permits(r, x, a, f) && s2_permits(r, x, a, f);
}
