/*
 * PSTATE, banked stack pointers, and what is derived from the control registers: the effective
 * HCR_EL2, translation regimes, the block key and the contexts of the fast TLB. Everything derived
 * is computed here and nowhere else; whoever changes an input sets ATTN_CONTEXT or calls
 * cpu_update_context().
 */
#include "cpu/cpu.h"

#include "base/bits.h"
#include "cpu/context.h"
#include "cpu/debug.h"
#include "cpu/key.h"
#include "cpu/seen.h"
#include "cpu/sysreg.h"
#include "mmu/check.h"

u32 cpu_nzcv(const struct cpu *c)
{
	u64 f = c->nzcv;

	return (f & FL_N ? 1u << 31 : 0) | (f & FL_Z ? 1u << 30 : 0) | (f & FL_C ? 1u << 29 : 0) |
	       (f & FL_V ? 1u << 28 : 0);
}

void cpu_set_nzcv(struct cpu *c, u32 nzcv)
{
	c->nzcv = (nzcv >> 31 & 1 ? FL_N : 0) | (nzcv >> 30 & 1 ? FL_Z : 0) |
		  (nzcv >> 29 & 1 ? FL_C : 0) | (nzcv >> 28 & 1 ? FL_V : 0);
}

/* DDI0487 C5.2.19: SPSR_ELx of an exception from AArch64 */
u64 cpu_spsr(const struct cpu *c)
{
	return cpu_nzcv(c) | (u64)c->uao << 23 | (u64)c->pan << 22 | (u64)c->ss << 21 |
	       (u64)c->il << 20 | (u64)c->ssbs << 12 | (u64)c->daif << 6 | (u64)c->el << 2 |
	       c->spsel;
}

static unsigned current_sp(const struct cpu *c)
{
	return c->spsel ? c->el : 0;
}

u64 cpu_sp(const struct cpu *c, unsigned el)
{
	return current_sp(c) == el ? c->x[REG_SP] : c->sys.sp[el];
}

void cpu_set_sp(struct cpu *c, unsigned el, u64 v)
{
	if (current_sp(c) == el)
		c->x[REG_SP] = v;
	else
		c->sys.sp[el] = v;
}

void cpu_select_sp(struct cpu *c, unsigned el, bool spsel)
{
	c->sys.sp[current_sp(c)] = c->x[REG_SP];
	c->el = (u8)el;
	c->spsel = spsel;
	c->x[REG_SP] = c->sys.sp[current_sp(c)];
}

/*
 * HCR_EL2 as it acts (each field's own description in DDI0487 D19.2.48): nothing but RW where EL2
 * is absent or disabled, and the fields that behave as 0 or 1 under TGE.
 */
#define HCR_ZERO_TGE                                                                               \
	(HCR_SWIO | HCR_PTW | HCR_VF | HCR_VI | HCR_VSE | HCR_FB | HCR_TID1 | HCR_TID3 | HCR_TSC | \
	 HCR_TACR | HCR_TSW | HCR_TTLB | HCR_TVM | HCR_TRVM | HCR_TLOR)
#define HCR_ZERO_HOST                                                                              \
	(HCR_VM | HCR_FMO | HCR_IMO | HCR_AMO | HCR_DC | HCR_TWI | HCR_TWE | HCR_TID0 | HCR_TID2 | \
	 HCR_TPCP | HCR_TPU | HCR_TDZ | HCR_CD | HCR_ID | HCR_TEA | HCR_TERR)

static u64 effective_hcr(const struct cpu *c)
{
	u64 hcr = c->sys.hcr_el2;

	if (!c->el2_on)
		return HCR_RW;
	if (hcr & HCR_TGE) {
		hcr &= ~HCR_ZERO_TGE;
		if (hcr & HCR_E2H)
			hcr &= ~HCR_ZERO_HOST;
		else
			hcr |= HCR_FMO | HCR_IMO | HCR_AMO;
	}
	if (hcr & HCR_DC)
		hcr |= HCR_VM;
	return hcr;
}

static bool is_host(const struct cpu *c)
{
	return (c->hcr_eff & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE);
}

u64 cpu_el0_sctlr(const struct cpu *c)
{
	return c->sys.sctlr[is_host(c) ? 2 : 1];
}

enum regime_kind cpu_regime_kind(const struct cpu *c, unsigned el)
{
	if (el == 3)
		return REGIME_EL3;
	if (el == 2)
		return c->hcr_eff & HCR_E2H ? REGIME_EL20 : REGIME_EL2;
	return el == 0 && is_host(c) ? REGIME_EL20 : REGIME_EL10;
}

static u16 regime_asid(const struct cpu *c, const struct regime *r)
{
	u64 asid = r->ttbr[r->tcr >> 22 & 1] >> 48; /* TCR.A1 */

	if (c->core.mmu.asid_bits == 8 || !(r->tcr >> 36 & 1)) /* TCR.AS */
		asid &= 0xff;
	return (u16)asid;
}

static u16 regime_vmid(const struct cpu *c)
{
	u64 vmid = c->sys.vttbr_el2 >> 48;

	if (c->core.mmu.vmid_bits == 8 || !(c->sys.vtcr_el2 >> 19 & 1)) /* VTCR_EL2.VS */
		vmid &= 0xff;
	return (u16)vmid;
}

void cpu_regime(const struct cpu *c, enum regime_kind kind, bool secure, struct regime *r)
{
	static const u8 owner[] = {
		[REGIME_EL10] = 1, [REGIME_EL20] = 2, [REGIME_EL2] = 2, [REGIME_EL3] = 3
	};
	const struct sysregs *s = &c->sys;
	unsigned n = owner[kind];
	bool el10 = kind == REGIME_EL10;
	u64 hcr = c->hcr_eff;

	*r = (struct regime){
		.kind = (u8)kind,
		.space = secure ? SPACE_S : SPACE_NS,
		.s1 = s->sctlr[n] & SCTLR_M,
		.s1_be = s->sctlr[n] & SCTLR_EE,
		.two_ranges = el10 || kind == REGIME_EL20,
		.sctlr = s->sctlr[n],
		.tcr = s->tcr[n],
		.mair = s->mair[n],
		.ttbr = { s->ttbr0[n], s->ttbr1[n] },
		.hcr = hcr,
		.feat = &c->core.mmu,
	};
	if (r->two_ranges)
		r->asid = regime_asid(c, r);
	if (!el10 || !c->el2_on)
		return;
	/* DDI0487 D8.2: stage 1 of EL1&0 is off under DC, and under TGE without E2H */
	if (hcr & (HCR_DC | HCR_TGE))
		r->s1 = false;
	r->s2 = hcr & HCR_VM;
	r->s2_be = s->sctlr[2] & SCTLR_EE;
	r->vm_tag = true;
	r->vmid = regime_vmid(c);
	r->vtcr = s->vtcr_el2;
	r->vttbr = s->vttbr_el2;
}

unsigned cpu_fp_trap(const struct cpu *c)
{
	unsigned el = c->el, fpen = (unsigned)bits(c->sys.cpacr_el1, 21, 20);
	u64 cptr = c->sys.cptr_el2;

	if (el <= 1 && !is_host(c) && (!(fpen & 1) || (fpen == 1 && el == 0)))
		return 1;
	if (el <= 2 && c->el2_on) {
		fpen = (unsigned)bits(cptr, 21, 20);
		if (c->hcr_eff & HCR_E2H) {
			if (!(fpen & 1) || (fpen == 1 && el == 0 && (c->hcr_eff & HCR_TGE)))
				return 2;
		} else if (cptr & BIT(10)) { /* TFP */
			return 2;
		}
	}
	return cpu_has(c, FEAT(EL3)) && (c->sys.cptr_el3 & BIT(10)) ? 3 : 0;
}

unsigned cpu_wfx_trap(const struct cpu *c, bool wfe)
{
	if (c->el == 0 && !(cpu_el0_sctlr(c) & (wfe ? SCTLR_NTWE : SCTLR_NTWI)))
		return c->hcr_eff & HCR_TGE ? 2 : 1;
	if (c->el <= 1 && (c->hcr_eff & (wfe ? HCR_TWE : HCR_TWI)))
		return 2;
	if (c->el <= 2 && cpu_has(c, FEAT(EL3)) && (c->sys.scr_el3 & (wfe ? SCR_TWE : SCR_TWI)))
		return 3;
	return 0;
}

u64 cpu_branch_address(const struct cpu *c, u64 v)
{
	const struct regime *r = &c->regime;
	unsigned tbi = !r->two_ranges ? 20 : bit(v, 55) ? 38 : 37;

	if (!(r->tcr >> tbi & 1))
		return v;
	return r->two_ranges ? (u64)sext(v, 56) : v & MASK(55, 0);
}

/* LDTR and STTR act as EL0 (DDI0487 C6: AArch64.IsUnprivAccessPriv). */
static bool unprivileged_el0(const struct cpu *c)
{
	return !c->uao && (c->el == 1 || (c->el == 2 && is_host(c)));
}

static u64 block_key(const struct cpu *c, const struct regime *r)
{
	u64 sctlr_el = c->el ? c->sys.sctlr[c->el] : cpu_el0_sctlr(c);
	bool sp_check = sctlr_el & (c->el ? SCTLR_SA : SCTLR_SA0);

	return KEY_EL(c->el) | (c->secure ? KEY_SECURE : 0) | (c->hcr_eff & HCR_E2H ? KEY_E2H : 0) |
	       (c->hcr_eff & HCR_TGE ? KEY_TGE : 0) | (c->spsel ? KEY_SPSEL : 0) |
	       (c->be ? KEY_BE : 0) | (r->sctlr & SCTLR_A ? KEY_ALIGN : 0) |
	       (sp_check ? KEY_SP_CHECK : 0) | (sp_check && (c->x[REG_SP] & 15) ? KEY_SP_BAD : 0) |
	       KEY_FP(cpu_fp_trap(c)) | (debug_step_active(c) ? KEY_STEP : 0) |
	       (debug_breakpoints_on(c) ? KEY_BREAK : 0) |
	       (unprivileged_el0(c) ? KEY_UNPRIV_EL0 : 0) | (c->il ? KEY_IL : 0) |
	       (r->s1 || r->s2 ? KEY_XLAT : 0) | (c->observed ? KEY_OBSERVED : 0);
}

/* All of a regime that tells fast slots apart and is not the VA. Disabled parts count as 0. */
static u64 regime_identity(const struct regime *r)
{
	bool dc = r->kind == REGIME_EL10 && (r->hcr & HCR_DC);

	return (u64)r->kind | (u64)r->space << 2 | (u64)r->s1 << 4 | (u64)r->s2 << 5 |
	       (u64)r->vm_tag << 6 | (u64)dc << 7 | (u64)(r->sctlr & SCTLR_A ? 1 : 0) << 8 |
	       (u64)(r->s1 ? r->asid : 0) << 16 | (u64)(r->vm_tag ? r->vmid : 0) << 32;
}

/* Beside regime_identity(); WXN and SIF are for fetches: the model applies them at every lookup. */
enum {
	ID_FETCH = 1 << 9, ID_PRIV = 1 << 10, ID_PAN = 1 << 11, ID_WXN = 1 << 12, ID_SIF = 1 << 13,
	ID_OBSERVED = 1 << 14, /* slots of observed code have FAST_ALIGNED */
};

static u64 fetch_identity(const struct cpu *c)
{
	const struct regime *r = &c->regime;

	return ID_FETCH | (c->el ? ID_PRIV : 0) | (r->s1 && (r->sctlr & SCTLR_WXN) ? ID_WXN : 0) |
	       (c->secure && (c->sys.scr_el3 & SCR_SIF) ? ID_SIF : 0);
}

/*
 * The fields of TCR that are checked before a TLB is looked up: TxSZ, EPDx, TGx, TBIx; without
 * stage 1 TBIx alone says whether an address is too large. Below bit 40.
 */
static u64 tcr_identity(const struct cpu *c)
{
	u64 tbi = c->regime.two_ranges ? MASK(38, 37) : BIT(20);

	return c->regime.tcr & (c->regime.s1 ? MASK(38, 37) | MASK(31, 30) | MASK(23, 23) |
						       MASK(21, 14) | BIT(7) | MASK(5, 0)
					     : tbi);
}

static struct mctx data_context(struct cpu *c, u64 id, u64 tables, bool priv)
{
	struct fast_context f;

	if (c->be || !c->mmu || mmu_config(c->mmu)->reference)
		return (struct mctx){ FAST_NEVER, 0 };
	f = mmu_context(c->mmu, id | (priv ? ID_PRIV | (c->pan ? ID_PAN : 0) : 0), tcr_identity(c) ^ tables,
			&c->ctx_generation);
	return (struct mctx){ f.id, f.hash };
}

static void fast_contexts(struct cpu *c)
{
	u64 id = regime_identity(&c->regime) | (c->observed ? ID_OBSERVED : 0);
	u64 tables = c->mmu ? mmu_check_identity(c->mmu, &c->regime) : 0;
	u32 generation;

	do {
		bool priv = c->el != 0;
		struct fast_context f = { FAST_NEVER, 0 };

		generation = c->ctx_generation;
		c->mctx[MCTX_CUR] = data_context(c, id, tables, priv);
		c->mctx[MCTX_UNPRIV] =
			unprivileged_el0(c) ? data_context(c, id, tables, false) : c->mctx[MCTX_CUR];
		if (c->mmu && !mmu_config(c->mmu)->reference && !(c->attn & ATTN_STEP))
			f = mmu_context(c->mmu, id | fetch_identity(c),
					(c->key << 40 | tcr_identity(c)) ^ tables, &c->ctx_generation);
		c->ictx_tag = f.id;
		c->ictx_hash = f.hash;
	} while (c->ctx_generation !=
		 generation); /* ids ran out on the way: the first ones are void */
}

void cpu_update_context(struct cpu *c)
{
	struct regime r;

	c->attn &= ~(u32)ATTN_CONTEXT;
	c->secure = cpu_el_secure(c, c->el);
	c->el2_on = cpu_has(c, FEAT(EL2)) && !cpu_el_secure(c, 2);
	c->hcr_eff = effective_hcr(c);
	cpu_regime(c, cpu_regime_kind(c, c->el), c->secure, &r);
	if (c->context && (r.s1 || r.s2) != (c->regime.s1 || c->regime.s2))
		context_drain(c); /* lookups count only while a stage is on */
	seen_change(c, &r);
	c->regime = r;
	c->be = c->el ? (c->sys.sctlr[c->el] & SCTLR_EE) != 0 : (cpu_el0_sctlr(c) & SCTLR_E0E) != 0;
	c->unpriv_el0 = unprivileged_el0(c);
	c->key = block_key(c, &c->regime);
	fast_contexts(c);
	context_asid(c);
	if (c->host.world && cpu_has(c, FEAT(EL3))) {
		cpu_enter(c);
		c->host.world(c->host.ctx, c);
		cpu_leave(c);
	}
}
