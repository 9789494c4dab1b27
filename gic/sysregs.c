/*
 * The GIC's system registers as rows: who may access them, and whether EL1 gets the physical or the
 * virtual interface. ICC_SRE_ELx.SRE is fixed at 1. In each ICC row `arg` is the group, times four
 * plus the number for the active priority registers.
 */
#include "gic/gic_priv.h"

/*
 * Group 0 registers are virtual at EL1 under FMO, Group 1 under IMO, the common ones under either.
 */
static bool group_is_virtual(const struct cpu *c, unsigned group)
{
	return c->el == 1 && (c->hcr_eff & (group ? HCR_IMO : HCR_FMO));
}

static bool common_is_virtual(const struct cpu *c)
{
	return c->el == 1 && (c->hcr_eff & (HCR_IMO | HCR_FMO));
}

/*
 * The order of all ICC checks (DDI0487 D19, the accessibility pseudocode of each register): traps
 * to EL2 by ICH_HCR_EL2, then the virtual registers, then SCR_EL3 routing all of `scr` to EL3.
 */
static enum sysreg_access check_icc(const struct cpu *c, u32 ich_traps, u64 hcr_virtual, u64 scr)
{
	if (c->el == 1 && c->el2_on) {
		if (gic_of(c)->ich_hcr & ich_traps)
			return SYS_TRAP_EL2;
		if (c->hcr_eff & hcr_virtual)
			return SYS_OK;
	}
	if (c->el < 3 && cpu_has(c, FEAT(EL3)) && (c->sys.scr_el3 & scr) == scr)
		return SYS_TRAP_EL3;
	return SYS_OK;
}

static enum sysreg_access check_of_group(const struct cpu *c, unsigned group)
{
	return group ? check_icc(c, ICH_HCR_TALL1, HCR_IMO, SCR_IRQ)
		     : check_icc(c, ICH_HCR_TALL0, HCR_FMO, SCR_FIQ);
}

static enum sysreg_access check_group(const struct cpu *c, const struct sysreg *r, bool write)
{
	return check_of_group(c, r->arg);
}

/* Only as many active priority registers exist as the preemption levels need. */
static bool apr_exists(const struct cpu *c, unsigned n)
{
	return n < 1u << (gic_of(c)->pri_bits > 5 ? gic_of(c)->pri_bits - 5 : 0);
}

static enum sysreg_access check_apr(const struct cpu *c, const struct sysreg *r, bool write)
{
	return apr_exists(c, r->arg % 4) ? check_of_group(c, r->arg / 4) : SYS_UNDEF;
}

static enum sysreg_access check_common(const struct cpu *c, const struct sysreg *r, bool write)
{
	return check_icc(c, ICH_HCR_TC, HCR_IMO | HCR_FMO, SCR_IRQ | SCR_FIQ);
}

static enum sysreg_access check_dir(const struct cpu *c, const struct sysreg *r, bool write)
{
	return check_icc(c, ICH_HCR_TC | ICH_HCR_TDIR, HCR_IMO | HCR_FMO, SCR_IRQ | SCR_FIQ);
}

/* There are no virtual SGI registers: where they would be virtual they trap. */
static enum sysreg_access check_sgi(const struct cpu *c, const struct sysreg *r, bool write)
{
	if (common_is_virtual(c))
		return SYS_TRAP_EL2;
	return check_icc(c, ICH_HCR_TC, 0, SCR_IRQ | SCR_FIQ);
}

#define SRE_ENABLE 8u

static enum sysreg_access check_sre(const struct cpu *c, const struct sysreg *r, bool write)
{
	if (c->el == 1 && c->el2_on && !(gic_of(c)->sre_el2 & SRE_ENABLE))
		return SYS_TRAP_EL2;
	if (c->el < 3 && cpu_has(c, FEAT(EL3)) && !(gic_of(c)->sre_el3 & SRE_ENABLE))
		return SYS_TRAP_EL3;
	/* ICC_SRE_EL2 at EL3 needs EL2 in the state that SCR_EL3.NS selects */
	if (r->arg == 2 && c->el == 3 && (!cpu_has(c, FEAT(EL2)) || !(c->sys.scr_el3 & SCR_NS)))
		return SYS_UNDEF;
	return SYS_OK;
}

#define GROUP_READ(reg)                                                                            \
	static u64 read_##reg(struct cpu *c, const struct sysreg *r)                               \
	{                                                                                          \
		return group_is_virtual(c, r->arg) ? icv_##reg##_read(c, r->arg)                   \
						   : icc_##reg##_read(c, r->arg);                  \
	}
#define GROUP_WRITE(reg)                                                                           \
	static void write_##reg(struct cpu *c, const struct sysreg *r, u64 v)                      \
	{                                                                                          \
		(group_is_virtual(c, r->arg) ? icv_##reg##_write : icc_##reg##_write)(c, r->arg,   \
										      v);          \
	}
#define COMMON_READ(reg)                                                                           \
	static u64 read_##reg(struct cpu *c, const struct sysreg *r)                               \
	{                                                                                          \
		return common_is_virtual(c) ? icv_##reg##_read(c) : icc_##reg##_read(c);           \
	}
#define COMMON_WRITE(reg)                                                                          \
	static void write_##reg(struct cpu *c, const struct sysreg *r, u64 v)                      \
	{                                                                                          \
		(common_is_virtual(c) ? icv_##reg##_write : icc_##reg##_write)(c, v);              \
	}

GROUP_READ(iar)

static u64 peek_iar(struct cpu *c, const struct sysreg *r)
{
	return group_is_virtual(c, r->arg) ? icv_iar_peek(c, r->arg) : icc_iar_peek(c, r->arg);
}

GROUP_READ(hppir)
GROUP_READ(bpr)
GROUP_READ(igrpen)
GROUP_WRITE(eoir)
GROUP_WRITE(bpr)
GROUP_WRITE(igrpen)
COMMON_READ(pmr)
COMMON_READ(rpr)
COMMON_READ(ctlr)
COMMON_WRITE(pmr)
COMMON_WRITE(ctlr)
COMMON_WRITE(dir)

static u64 read_apr(struct cpu *c, const struct sysreg *r)
{
	unsigned group = r->arg / 4, n = r->arg % 4;

	return group_is_virtual(c, group) ? icv_apr_read(c, group, n) : icc_apr_read(c, group, n);
}

static void write_apr(struct cpu *c, const struct sysreg *r, u64 v)
{
	unsigned group = r->arg / 4;

	(group_is_virtual(c, group) ? icv_apr_write : icc_apr_write)(c, group, r->arg % 4, v);
}

static void write_sgi(struct cpu *c, const struct sysreg *r, u64 v)
{
	icc_sgi_write(c, r->arg, v);
}

static u64 read_ctlr_el3(struct cpu *c, const struct sysreg *r)
{
	return icc_ctlr_el3_read(c);
}

static void write_ctlr_el3(struct cpu *c, const struct sysreg *r, u64 v)
{
	icc_ctlr_el3_write(c, v);
}

static u64 read_igrpen1_el3(struct cpu *c, const struct sysreg *r)
{
	return icc_igrpen1_el3_read(c);
}

static void write_igrpen1_el3(struct cpu *c, const struct sysreg *r, u64 v)
{
	icc_igrpen1_el3_write(c, v);
}

static u64 read_sre(struct cpu *c, const struct sysreg *r)
{
	const struct gic_pe *p = gic_of(c);

	return r->arg == 2 ? p->sre_el2 : r->arg == 3 ? p->sre_el3 : 7 /* SRE, DFB, DIB */;
}

static void write_sre(struct cpu *c, const struct sysreg *r, u64 v)
{
	struct gic_pe *p = gic_of(c);

	if (r->arg == 2)
		p->sre_el2 = 7 | (v & SRE_ENABLE);
	else if (r->arg == 3)
		p->sre_el3 = 7 | (v & SRE_ENABLE);
}

/* ICH_*: arg is the register, times sixteen plus its number. */
enum ich_reg {
	ICH_HCR,
	ICH_VTR,
	ICH_MISR,
	ICH_EISR,
	ICH_ELRSR,
	ICH_VMCR,
	ICH_AP0R,
	ICH_AP1R,
	ICH_LR
};

static enum sysreg_access check_ich(const struct cpu *c, const struct sysreg *r, bool write)
{
	enum ich_reg reg = r->arg / 16;

	if ((reg == ICH_AP0R || reg == ICH_AP1R) && !apr_exists(c, r->arg % 16))
		return SYS_UNDEF;
	return reg == ICH_LR && r->arg % 16 >= gic_of(c)->n_lrs ? SYS_UNDEF : SYS_OK;
}

static u64 read_ich(struct cpu *c, const struct sysreg *r)
{
	const struct gic_pe *p = gic_of(c);
	unsigned n = r->arg % 16;

	switch ((enum ich_reg)(r->arg / 16)) {
	case ICH_HCR:
		return p->ich_hcr;
	case ICH_VTR:
		return ich_vtr(p);
	case ICH_MISR:
		return ich_misr(p);
	case ICH_EISR:
		return ich_eisr(p);
	case ICH_ELRSR:
		return ich_elrsr(p);
	case ICH_VMCR:
		return p->ich_vmcr;
	case ICH_AP0R:
	case ICH_AP1R:
		return icv_apr_read(c, r->arg / 16 - ICH_AP0R, n);
	case ICH_LR:
		return p->lr[n];
	}
	return 0;
}

static void write_ich(struct cpu *c, const struct sysreg *r, u64 v)
{
	struct gic_pe *p = gic_of(c);
	unsigned n = r->arg % 16;

	switch ((enum ich_reg)(r->arg / 16)) {
	case ICH_HCR:
		ich_hcr_write(p, v);
		break;
	case ICH_VMCR:
		ich_vmcr_write(p, v);
		break;
	case ICH_AP0R:
	case ICH_AP1R:
		icv_apr_write(c, r->arg / 16 - ICH_AP0R, n, v);
		break;
	case ICH_LR:
		ich_lr_write(p, n, v);
		break;
	default: /* read-only */
		break;
	}
}

/* Any access may change what is signalled, so all end their block. */
#define FEATURE_ROW(features, reg_name, encoding, reg_rights, argument, chk, rd, ...)              \
	{                                                                                          \
		.name = reg_name, .enc = encoding, .rights = reg_rights, .flags = SRF_ENDS_BLOCK,  \
		.feature = features, .arg = argument, .check = chk, .read = rd, .write = __VA_ARGS__ \
	}
#define ROW(...) FEATURE_ROW(FEAT(GICV3), __VA_ARGS__)

#define APR_ROW(group, crm, op2, n)                                                                \
	ROW("ICC_AP" #group "R" #n "_EL1", SR(3, 0, 12, crm, op2), PL1_RW, 4 * group + n,          \
	    check_apr, read_apr, write_apr)

#define ICH_ROW(reg_name, crm, op2, reg_rights, reg, n)                                            \
	FEATURE_ROW(FEAT(GICV3) | FEAT(EL2), reg_name, SR(3, 4, 12, crm, op2), reg_rights,         \
		    16 * (reg) + (n), check_ich, read_ich, write_ich)

const struct sysreg gic_sysregs[] = {
	ROW("ICC_PMR_EL1", SR(3, 0, 4, 6, 0), PL1_RW, 0, check_common, read_pmr, write_pmr),
	ROW("ICC_IAR0_EL1", SR(3, 0, 12, 8, 0), PL1_R, 0, check_group, read_iar, NULL, .peek = peek_iar),
	ROW("ICC_EOIR0_EL1", SR(3, 0, 12, 8, 1), PL1_W, 0, check_group, NULL, write_eoir),
	ROW("ICC_HPPIR0_EL1", SR(3, 0, 12, 8, 2), PL1_R, 0, check_group, read_hppir, NULL),
	ROW("ICC_BPR0_EL1", SR(3, 0, 12, 8, 3), PL1_RW, 0, check_group, read_bpr, write_bpr),
	APR_ROW(0, 8, 4, 0),
	APR_ROW(0, 8, 5, 1),
	APR_ROW(0, 8, 6, 2),
	APR_ROW(0, 8, 7, 3),
	APR_ROW(1, 9, 0, 0),
	APR_ROW(1, 9, 1, 1),
	APR_ROW(1, 9, 2, 2),
	APR_ROW(1, 9, 3, 3),
	ROW("ICC_DIR_EL1", SR(3, 0, 12, 11, 1), PL1_W, 0, check_dir, NULL, write_dir),
	ROW("ICC_RPR_EL1", SR(3, 0, 12, 11, 3), PL1_R, 0, check_common, read_rpr, NULL),
	ROW("ICC_SGI1R_EL1", SR(3, 0, 12, 11, 5), PL1_W, SGI1R, check_sgi, NULL, write_sgi),
	ROW("ICC_ASGI1R_EL1", SR(3, 0, 12, 11, 6), PL1_W, ASGI1R, check_sgi, NULL, write_sgi),
	ROW("ICC_SGI0R_EL1", SR(3, 0, 12, 11, 7), PL1_W, SGI0R, check_sgi, NULL, write_sgi),
	ROW("ICC_IAR1_EL1", SR(3, 0, 12, 12, 0), PL1_R, 1, check_group, read_iar, NULL, .peek = peek_iar),
	ROW("ICC_EOIR1_EL1", SR(3, 0, 12, 12, 1), PL1_W, 1, check_group, NULL, write_eoir),
	ROW("ICC_HPPIR1_EL1", SR(3, 0, 12, 12, 2), PL1_R, 1, check_group, read_hppir, NULL),
	ROW("ICC_BPR1_EL1", SR(3, 0, 12, 12, 3), PL1_RW, 1, check_group, read_bpr, write_bpr),
	ROW("ICC_CTLR_EL1", SR(3, 0, 12, 12, 4), PL1_RW, 0, check_common, read_ctlr, write_ctlr),
	ROW("ICC_SRE_EL1", SR(3, 0, 12, 12, 5), PL1_RW, 1, check_sre, read_sre, write_sre),
	ROW("ICC_IGRPEN0_EL1", SR(3, 0, 12, 12, 6), PL1_RW, 0, check_group, read_igrpen,
	    write_igrpen),
	ROW("ICC_IGRPEN1_EL1", SR(3, 0, 12, 12, 7), PL1_RW, 1, check_group, read_igrpen,
	    write_igrpen),
	ROW("ICC_SRE_EL2", SR(3, 4, 12, 9, 5), PL2_RW, 2, check_sre, read_sre, write_sre),
	ROW("ICC_CTLR_EL3", SR(3, 6, 12, 12, 4), PL3_RW, 0, NULL, read_ctlr_el3, write_ctlr_el3),
	ROW("ICC_SRE_EL3", SR(3, 6, 12, 12, 5), PL3_RW, 3, NULL, read_sre, write_sre),
	ROW("ICC_IGRPEN1_EL3", SR(3, 6, 12, 12, 7), PL3_RW, 0, NULL, read_igrpen1_el3,
	    write_igrpen1_el3),

	ICH_ROW("ICH_AP0R0_EL2", 8, 0, PL2_RW, ICH_AP0R, 0),
	ICH_ROW("ICH_AP0R1_EL2", 8, 1, PL2_RW, ICH_AP0R, 1),
	ICH_ROW("ICH_AP0R2_EL2", 8, 2, PL2_RW, ICH_AP0R, 2),
	ICH_ROW("ICH_AP0R3_EL2", 8, 3, PL2_RW, ICH_AP0R, 3),
	ICH_ROW("ICH_AP1R0_EL2", 9, 0, PL2_RW, ICH_AP1R, 0),
	ICH_ROW("ICH_AP1R1_EL2", 9, 1, PL2_RW, ICH_AP1R, 1),
	ICH_ROW("ICH_AP1R2_EL2", 9, 2, PL2_RW, ICH_AP1R, 2),
	ICH_ROW("ICH_AP1R3_EL2", 9, 3, PL2_RW, ICH_AP1R, 3),
	ICH_ROW("ICH_HCR_EL2", 11, 0, PL2_RW, ICH_HCR, 0),
	ICH_ROW("ICH_VTR_EL2", 11, 1, PL2_R, ICH_VTR, 0),
	ICH_ROW("ICH_MISR_EL2", 11, 2, PL2_R, ICH_MISR, 0),
	ICH_ROW("ICH_EISR_EL2", 11, 3, PL2_R, ICH_EISR, 0),
	ICH_ROW("ICH_ELRSR_EL2", 11, 5, PL2_R, ICH_ELRSR, 0),
	ICH_ROW("ICH_VMCR_EL2", 11, 7, PL2_RW, ICH_VMCR, 0),
	ICH_ROW("ICH_LR0_EL2", 12, 0, PL2_RW, ICH_LR, 0),
	ICH_ROW("ICH_LR1_EL2", 12, 1, PL2_RW, ICH_LR, 1),
	ICH_ROW("ICH_LR2_EL2", 12, 2, PL2_RW, ICH_LR, 2),
	ICH_ROW("ICH_LR3_EL2", 12, 3, PL2_RW, ICH_LR, 3),
	ICH_ROW("ICH_LR4_EL2", 12, 4, PL2_RW, ICH_LR, 4),
	ICH_ROW("ICH_LR5_EL2", 12, 5, PL2_RW, ICH_LR, 5),
	ICH_ROW("ICH_LR6_EL2", 12, 6, PL2_RW, ICH_LR, 6),
	ICH_ROW("ICH_LR7_EL2", 12, 7, PL2_RW, ICH_LR, 7),
	ICH_ROW("ICH_LR8_EL2", 13, 0, PL2_RW, ICH_LR, 8),
	ICH_ROW("ICH_LR9_EL2", 13, 1, PL2_RW, ICH_LR, 9),
	ICH_ROW("ICH_LR10_EL2", 13, 2, PL2_RW, ICH_LR, 10),
	ICH_ROW("ICH_LR11_EL2", 13, 3, PL2_RW, ICH_LR, 11),
	ICH_ROW("ICH_LR12_EL2", 13, 4, PL2_RW, ICH_LR, 12),
	ICH_ROW("ICH_LR13_EL2", 13, 5, PL2_RW, ICH_LR, 13),
	ICH_ROW("ICH_LR14_EL2", 13, 6, PL2_RW, ICH_LR, 14),
	ICH_ROW("ICH_LR15_EL2", 13, 7, PL2_RW, ICH_LR, 15),
};
const size_t gic_sysregs_n = ARRAY_SIZE(gic_sysregs);
