/*
 * TLBI instructions: from the row and the register value to struct tlbi, then to this PE's TLBs
 * and, for the inner-shareable forms (and local ones under HCR_EL2.FB), to everybody's. DDI0487
 * D8.14, C5.5. What an operation drops is mmu/'s matter.
 */
#include "cpu/sysreg_priv.h"

#include "base/bits.h"
#include "mmu/check.h"

static bool vms_only(unsigned what)
{
	return what == TLBI_ALL || what == TLBI_VMALLS12 || what == TLBI_IPA;
}

/* Entries of which regime and VMID the operation means now. */
static void tlbi_scope(const struct cpu *c, unsigned el, struct tlbi *op)
{
	bool host = c->hcr_eff & HCR_E2H;

	op->space = cpu_el_secure(c, el) ? SPACE_S : SPACE_NS;
	switch (el) {
	case 3:
		op->kind = REGIME_EL3;
		break;
	case 2:
		op->kind = host ? REGIME_EL20 : REGIME_EL2;
		break;
	default:
		/* the forms that EL1 has too act on EL2&0 while the host runs there; EL2's own
		 * always mean the VMs */
		host = host && (c->hcr_eff & HCR_TGE) && !vms_only(op->what);
		op->kind = host ? REGIME_EL20 : REGIME_EL10;
		break;
	}
	if (op->kind == REGIME_EL10 && c->el2_on) {
		struct regime r;

		cpu_regime(c, REGIME_EL10, op->space == SPACE_S, &r);
		op->vm_tag = true;
		op->vmid = r.vmid;
	}
}

static u16 tlbi_asid(const struct cpu *c, const struct tlbi *op, u64 v)
{
	u64 tcr = c->sys.tcr[op->kind == REGIME_EL20 ? 2 : 1];
	bool wide = c->core.mmu.asid_bits == 16 && bit(tcr, 36); /* TCR.AS */

	if (op->kind != REGIME_EL10 && op->kind != REGIME_EL20)
		return 0;
	return (u16)(wide ? v >> 48 : v >> 48 & 0xff);
}

void tlbi_op(struct cpu *c, const struct sysreg *r, u64 v)
{
	unsigned el = r->arg >> 8 & 3;
	bool shared = r->arg >> 13 & 1;
	struct tlbi op = { .what = (u8)r->arg, .last_level = r->arg >> 12 & 1 };

	tlbi_scope(c, el, &op);
	switch (op.what) {
	case TLBI_IPA:
		if (!c->el2_on)
			return; /* no stage 2 in this security state */
		op.addr = bits(v, 35, 0) << 12;
		break;
	case TLBI_VMALLS12:
		if (!op.vm_tag)
			op.what = TLBI_VMALL; /* EL2 off: as VMALLE1 */
		break;
	case TLBI_ALL:
		op.vm_tag = false; /* any VMID */
		break;
	case TLBI_ASID:
		op.asid = tlbi_asid(c, &op, v);
		break;
	case TLBI_VA:
	case TLBI_VAA:
		op.asid = tlbi_asid(c, &op, v);
		op.addr = (u64)sext(bits(v, 43, 0) << 12, 56);
		break;
	default:
		break;
	}
	if (!shared && c->el == 1 && (c->hcr_eff & HCR_FB))
		shared = true;
	op.scope = shared ? TLBI_SENT : TLBI_LOCAL;
	if (c->mmu) {
		mmu_check_tlbi(c->mmu, &op, shared);
		mmu_tlbi(c->mmu, &op);
	}
	op.scope = TLBI_RECEIVED;
	if (shared && c->host.tlbi)
		c->host.tlbi(c->host.ctx, c, &op);
	if (c->mmu)
		mmu_check_tlbi_done(c->mmu, &op, shared);
}
