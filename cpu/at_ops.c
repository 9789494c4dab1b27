/*
 * AT instructions: a translation as another access would have it, reported in PAR_EL1 (DDI0487
 * C5.4, D19.2.113). Nothing is counted, cached or updated in memory.
 *
 * One that cannot be reported (an external abort on the walk, or a stage 2 fault on a stage 1 table
 * while EL1 asks) is an exception instead: then c->exit is EXIT_DABT and PAR_EL1 is unchanged. The
 * SYS handler looks at c->exit.kind.
 */
#include "cpu/syndrome.h"
#include "cpu/sysreg_priv.h"

#include "base/bits.h"

#define PAR_F	 BIT(0)
#define PAR_RES1 BIT(11)

static u64 par_fault(const struct fault *f)
{
	return PAR_F | (u64)syndrome_fsc(f) << 1 | (u64)f->s1ptw << 8 | (u64)(f->stage == 2) << 9 |
	       PAR_RES1;
}

/* Device and Normal Non-cacheable locations are reported as Outer Shareable. */
static u64 par_shareability(u8 attr, u8 sh)
{
	return attr_is_device(attr) || attr == 0x44 ? 2 : sh;
}

static u64 par_success(u64 addr, enum space space, u8 attr, u8 sh)
{
	return (u64)attr << 56 | (addr & MASK(47, 12)) | PAR_RES1 | (u64)(space == SPACE_NS) << 9 |
	       par_shareability(attr, sh) << 7;
}

static bool at_raises(const struct cpu *c, const struct fault *f)
{
	if (f->kind == FAULT_EXTERNAL_WALK || f->kind == FAULT_EXTERNAL)
		return true;
	return c->el == 1 && f->kind != FAULT_NONE && f->stage == 2 && f->s1ptw;
}

void at_op(struct cpu *c, const struct sysreg *row, u64 v)
{
	unsigned el = row->arg & AT_EL;
	bool host = (c->hcr_eff & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE);
	enum regime_kind kind = el == 1 && host ? REGIME_EL20 : cpu_regime_kind(c, el);
	bool write = row->arg & AT_WRITE;
	struct access a = {
		.what = write ? ACC_WRITE : ACC_READ,
		.priv = !(row->arg & AT_USER),
		.pan = (row->arg & AT_PAN) && c->pan,
		.cm = true,
		.atop = true,
		.s1_only = !(row->arg & AT_S12),
	};
	struct regime r;
	struct xlat x;

	if (!c->mmu)
		return;
	cpu_regime(c, kind, cpu_el_secure(c, el), &r);
	mmu_probe(c->mmu, &r, v, a, &x);
	if (at_raises(c, &x.fault)) {
		c->exit.kind = EXIT_DABT;
		c->exit.fault = x.fault;
		c->exit.far = v;
		c->exit.iss = ISS_CM | ISS_WNR;
		return;
	}
	if (x.fault.kind == FAULT_NONE)
		c->sys.par_el1 = par_success(pa_addr(x.pa), pa_space(x.pa), x.attr, x.sh);
	else
		c->sys.par_el1 = par_fault(&x.fault);
}
