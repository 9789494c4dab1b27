/*
 * Reads and writes of registers that are more than a field with fixed bits: views of PSTATE,
 * registers whose layout depends on features or on HCR_EL2.E2H, selected ID registers, debug. None
 * of these can fail. Called through rows only.
 */
#include "cpu/debug.h"
#include "cpu/sysreg_priv.h"

#include "base/bits.h"
#include "base/log.h"

/* Bits of a register that a feature brings. */
struct feature_bits {
	u64 feature, bits;
};

static u64 bits_with(const struct cpu *c, u64 base, const struct feature_bits *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cpu_has(c, f[i].feature))
			base |= f[i].bits;
	return base;
}

static u64 *bank(struct cpu *c, const struct sysreg *r)
{
	return (u64 *)((char *)c + r->field - 1);
}

/* ---- identification ---- */

u64 read_midr(struct cpu *c, const struct sysreg *r)
{
	return c->el == 1 && c->el2_on ? c->sys.vpidr_el2 : c->core.id.midr;
}

u64 read_mpidr(struct cpu *c, const struct sysreg *r)
{
	return c->el == 1 && c->el2_on ? c->sys.vmpidr_el2 : c->mpidr;
}

/* Without EL2, EL3 reads what EL1 would see (DDI0487 D19.2.161). */
u64 read_vpidr(struct cpu *c, const struct sysreg *r)
{
	return cpu_has(c, FEAT(EL2)) ? c->sys.vpidr_el2 : c->core.id.midr;
}

u64 read_vmpidr(struct cpu *c, const struct sysreg *r)
{
	return cpu_has(c, FEAT(EL2)) ? c->sys.vmpidr_el2 : c->mpidr;
}

void write_vpidr(struct cpu *c, const struct sysreg *r, u64 v)
{
	c->sys.vpidr_el2 = v;
}

void write_vmpidr(struct cpu *c, const struct sysreg *r, u64 v)
{
	c->sys.vmpidr_el2 = v;
}

u64 read_ccsidr(struct cpu *c, const struct sysreg *r)
{
	u64 select = c->sys.csselr_el1;

	return select < ARRAY_SIZE(c->core.id.ccsidr) ? c->core.id.ccsidr[select] : 0;
}

u64 read_dczid(struct cpu *c, const struct sysreg *r)
{
	bool prohibited = (c->el == 0 && !(cpu_el0_sctlr(c) & SCTLR_DZE)) ||
			  (c->el <= 1 && (c->hcr_eff & HCR_TDZ));

	return c->core.id.dczid | (u64)prohibited << 4;
}

u64 read_rvbar(struct cpu *c, const struct sysreg *r)
{
	return c->rvbar;
}

/* ---- PSTATE ---- */

u64 read_current_el(struct cpu *c, const struct sysreg *r)
{
	return (u64)c->el << 2;
}

u64 read_nzcv(struct cpu *c, const struct sysreg *r)
{
	return cpu_nzcv(c);
}

void write_nzcv(struct cpu *c, const struct sysreg *r, u64 v)
{
	cpu_set_nzcv(c, (u32)v);
}

u64 read_daif(struct cpu *c, const struct sysreg *r)
{
	return (u64)c->daif << 6;
}

void write_daif(struct cpu *c, const struct sysreg *r, u64 v)
{
	c->daif = (u8)bits(v, 9, 6);
	c->attn |= ATTN_PINS;
}

u64 read_spsel(struct cpu *c, const struct sysreg *r)
{
	return c->spsel;
}

void write_spsel(struct cpu *c, const struct sysreg *r, u64 v)
{
	cpu_select_sp(c, c->el, v & 1);
}

u64 read_pan(struct cpu *c, const struct sysreg *r)
{
	return (u64)c->pan << 22;
}

void write_pan(struct cpu *c, const struct sysreg *r, u64 v)
{
	c->pan = bit(v, 22);
}

u64 read_uao(struct cpu *c, const struct sysreg *r)
{
	return (u64)c->uao << 23;
}

void write_uao(struct cpu *c, const struct sysreg *r, u64 v)
{
	c->uao = bit(v, 23);
}

u64 read_ssbs(struct cpu *c, const struct sysreg *r)
{
	return (u64)c->ssbs << 12;
}

void write_ssbs(struct cpu *c, const struct sysreg *r, u64 v)
{
	c->ssbs = bit(v, 12);
}

u64 read_sp(struct cpu *c, const struct sysreg *r)
{
	return cpu_sp(c, r->arg);
}

void write_sp(struct cpu *c, const struct sysreg *r, u64 v)
{
	cpu_set_sp(c, r->arg, v);
}

u64 read_fpcr(struct cpu *c, const struct sysreg *r)
{
	return c->fpu.fpcr;
}

void write_fpcr(struct cpu *c, const struct sysreg *r, u64 v)
{
	fpu_set_fpcr(&c->fpu, cpu_has(c, FEAT(FP16)) ? v : v & ~FPCR_FZ16);
}

u64 read_fpsr(struct cpu *c, const struct sysreg *r)
{
	return c->fpu.fpsr;
}

void write_fpsr(struct cpu *c, const struct sysreg *r, u64 v)
{
	fpu_set_fpsr(&c->fpu, v);
}

/* ---- control ---- */

/* Bits of AArch32 and RES1 fields keep what is written; only those of absent features are fixed at
 * 0. */
void write_sctlr(struct cpu *c, const struct sysreg *r, u64 v)
{
	static const struct feature_bits extra[] = { { FEAT(IESB), SCTLR_IESB },
						     { FEAT(SSBS), SCTLR_DSSBS } };
	u64 mask = bits_with(c, 0x37dddbbf, extra, ARRAY_SIZE(extra));

	*bank(c, r) = v & mask;
}

/* TCR_EL1's layout: two ranges */
static u64 tcr_two_ranges(const struct cpu *c, u64 v)
{
	static const struct feature_bits extra[] = {
		{ FEAT(HAFDBS), MASK(40, 39) },
		{ FEAT(HPDS), MASK(42, 41) },
		{ FEAT(HPDS2), MASK(50, 43) },
	};
	u64 as = c->core.mmu.asid_bits == 16 ? BIT(36) : 0;

	return v &
	       bits_with(c, MASK(5, 0) | MASK(34, 7) | MASK(38, 37) | as, extra, ARRAY_SIZE(extra));
}

/* TCR_EL2's (E2H = 0) and TCR_EL3's layout: one range */
#define TCR_ONE_RANGE_RES1 (BIT(31) | BIT(23))
static u64 tcr_one_range(const struct cpu *c, u64 v)
{
	static const struct feature_bits extra[] = {
		{ FEAT(HAFDBS), MASK(22, 21) },
		{ FEAT(HPDS), BIT(24) },
		{ FEAT(HPDS2), MASK(28, 25) },
	};
	u64 mask = bits_with(c, MASK(5, 0) | MASK(18, 8) | BIT(20), extra, ARRAY_SIZE(extra));

	return (v & mask) | TCR_ONE_RANGE_RES1;
}

void write_tcr(struct cpu *c, const struct sysreg *r, u64 v)
{
	*bank(c, r) = r->arg == 1 ? tcr_two_ranges(c, v) : tcr_one_range(c, v);
}

/* The layout is that of E2H at the time of the access; the bits stay when E2H changes. */
u64 read_tcr_el2(struct cpu *c, const struct sysreg *r)
{
	u64 v = c->sys.tcr[2];

	return c->sys.hcr_el2 & HCR_E2H ? tcr_two_ranges(c, v) : tcr_one_range(c, v);
}

void write_tcr_el2(struct cpu *c, const struct sysreg *r, u64 v)
{
	c->sys.tcr[2] = c->sys.hcr_el2 & HCR_E2H ? tcr_two_ranges(c, v) : tcr_one_range(c, v);
}

static u64 cnp(const struct cpu *c)
{
	return cpu_has(c, FEAT(TTCNP)) ? 1 : 0;
}

void write_ttbr(struct cpu *c, const struct sysreg *r, u64 v)
{
	bool asid = r->arg == 1 || (r->arg == 2 && cpu_has(c, FEAT(VHE)));
	u64 mask = MASK(47, 1) | cnp(c);

	if (asid)
		mask |= c->core.mmu.asid_bits == 16 ? MASK(63, 48) : MASK(55, 48);
	*bank(c, r) = v & mask;
	c->pmu.ttbr_writes += r->arg == 1 || (r->arg == 2 && (c->hcr_eff & HCR_E2H));
}

void write_vttbr(struct cpu *c, const struct sysreg *r, u64 v)
{
	u64 vmid = c->core.mmu.vmid_bits == 16 ? MASK(63, 48) : MASK(55, 48);

	*bank(c, r) = v & (MASK(47, 1) | vmid | cnp(c));
}

void write_vtcr(struct cpu *c, const struct sysreg *r, u64 v)
{
	static const struct feature_bits extra[] = {
		{ FEAT(VMID16), BIT(19) },
		{ FEAT(HAFDBS), MASK(22, 21) },
		{ FEAT(HPDS2), MASK(28, 25) },
	};

	*bank(c, r) = (v & bits_with(c, MASK(18, 0), extra, ARRAY_SIZE(extra))) | BIT(31);
}

void write_hcr(struct cpu *c, const struct sysreg *r, u64 v)
{
	static const struct feature_bits extra[] = {
		{ FEAT(VHE), HCR_E2H },
		{ FEAT(LOR), HCR_TLOR },
		{ FEAT(RAS), HCR_TERR | HCR_TEA },
	};
	u64 mask = bits_with(c, MASK(33, 0), extra, ARRAY_SIZE(extra));

	if (cpu_has(c, FEAT(EL3)))
		mask &= ~HCR_HCD;	      /* SCR_EL3.HCE has its place */
	c->sys.hcr_el2 = (v & mask) | HCR_RW; /* EL1 is AArch64 only: RAO/WI */
	c->attn |= ATTN_PINS;
}

void write_scr(struct cpu *c, const struct sysreg *r, u64 v)
{
	static const struct feature_bits extra[] = {
		{ FEAT(EL2), SCR_HCE },
		{ FEAT(LOR), SCR_TLOR },
		{ FEAT(RAS), SCR_TERR },
	};
	u64 base = SCR_NS | SCR_IRQ | SCR_FIQ | SCR_EA | SCR_SMD | SCR_SIF | SCR_ST | SCR_TWI |
		   SCR_TWE;

	c->sys.scr_el3 = (v & bits_with(c, base, extra, ARRAY_SIZE(extra))) | SCR_RW | MASK(5, 4);
	c->attn |= ATTN_PINS;
}

/* CPTR_EL2: TCPAC (31) in both layouts; TFP (10) with RES1 bits, or FPEN (21:20) under E2H. No
 * trace unit: TTA is RES0. */
#define CPTR_EL2_RES1 0x33ffull
static u64 cptr_el2_layout(const struct cpu *c, u64 v)
{
	if (c->sys.hcr_el2 & HCR_E2H)
		return v & (BIT(31) | MASK(21, 20));
	return (v & (BIT(31) | BIT(10))) | CPTR_EL2_RES1;
}

u64 read_cptr_el2(struct cpu *c, const struct sysreg *r)
{
	return cptr_el2_layout(c, c->sys.cptr_el2);
}

void write_cptr_el2(struct cpu *c, const struct sysreg *r, u64 v)
{
	c->sys.cptr_el2 = cptr_el2_layout(c, v);
}

void write_rmr(struct cpu *c, const struct sysreg *r, u64 v)
{
	if (v & 2)
		log_once(c->log, LOG_UNIMPL, "cpu", r->enc,
			 "warm reset requested through %s is not modelled", r->name);
}

void write_context_id(struct cpu *c, const struct sysreg *r, u64 v)
{
	*bank(c, r) = v;
	c->pmu.context_writes++;
	if (debug_breakpoints_on(c))
		c->attn |= ATTN_CONTEXT;
}

/* ---- interrupts and errors ---- */

/* DDI0487 D19.2.61: pending, physical or virtual by the routing bits, whatever PSTATE masks */
u64 read_isr(struct cpu *c, const struct sysreg *r)
{
	static const struct {
		u64 route, virt;
		u8 pin, vpin, bit;
	} kind[] = {
		{ HCR_FMO, HCR_VF, CPU_PIN_FIQ, CPU_PIN_VFIQ, 6 },
		{ HCR_IMO, HCR_VI, CPU_PIN_IRQ, CPU_PIN_VIRQ, 7 },
		{ HCR_AMO, HCR_VSE, CPU_PIN_SERROR, 31, 8 },
	};
	u64 v = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kind); i++) {
		bool virt = c->el == 1 && (c->hcr_eff & kind[i].route);
		bool pending = virt ? (c->hcr_eff & kind[i].virt) || (cpu_pins(c) >> kind[i].vpin & 1)
				    : cpu_pins(c) >> kind[i].pin & 1;

		v |= (u64)pending << kind[i].bit;
	}
	return v;
}

/* The register that DISR_EL1 names here, NULL: reads 0, ignores writes. */
static u64 *disr(struct cpu *c)
{
	if (c->el == 1 && (c->hcr_eff & HCR_AMO))
		return &c->sys.vdisr_el2;
	if (c->el < 3 && cpu_has(c, FEAT(EL3)) && (c->sys.scr_el3 & SCR_EA))
		return NULL;
	return &c->sys.disr_el1;
}

u64 read_disr(struct cpu *c, const struct sysreg *r)
{
	const u64 *d = disr(c);

	return d ? *d : 0;
}

void write_disr(struct cpu *c, const struct sysreg *r, u64 v)
{
	u64 *d = disr(c);

	if (d)
		*d = v;
}

/* ---- debug ---- */

void write_debug(struct cpu *c, const struct sysreg *r, u64 v)
{
	*bank(c, r) = v;
	debug_registers_changed(c);
}

/* HDE, like the DCC's flags, is software's to write only while the OS lock is set (DDI0487
 * D19.3.20). */
void write_mdscr(struct cpu *c, const struct sysreg *r, u64 v)
{
	u64 mask = MDSCR_SS | MDSCR_TDCC | MDSCR_KDE | MDSCR_MDE;

	if (c->sys.oslsr_el1 & OSLSR_OSLK)
		mask |= MDSCR_HDE;
	c->sys.mdscr_el1 = (v & mask) | (c->sys.mdscr_el1 & MDSCR_HDE & ~mask);
	debug_registers_changed(c);
}

void write_oslar(struct cpu *c, const struct sysreg *r, u64 v)
{
	c->sys.oslsr_el1 = (c->sys.oslsr_el1 & ~OSLSR_OSLK) | (v & 1 ? OSLSR_OSLK : 0);
	debug_registers_changed(c);
}

u64 read_claimset(struct cpu *c, const struct sysreg *r)
{
	return 0xff;
}

u64 read_dbgclaim(struct cpu *c, const struct sysreg *r)
{
	return c->sys.dbgclaim;
}

void write_claimset(struct cpu *c, const struct sysreg *r, u64 v)
{
	c->sys.dbgclaim |= v & 0xff;
}

void write_claimclr(struct cpu *c, const struct sysreg *r, u64 v)
{
	c->sys.dbgclaim &= ~v;
}

/* Cache maintenance by set and way, and of the instruction cache: memory and blocks are always
 * coherent here. */
/* IC IALLU, IALLUIS (arg 1): while PEs take turns stores themselves drop what was decoded. */
void op_ic_all(struct cpu *c, const struct sysreg *r, u64 v)
{
	bool shared = r->arg || (c->el == 1 && (c->hcr_eff & HCR_FB));

	if (c->host.code_all)
		c->host.code_all(c->host.ctx, c, shared);
}

void op_nothing(struct cpu *c, const struct sysreg *r, u64 v)
{
}
