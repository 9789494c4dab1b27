/*
 * Who may not: one function per trap control of the Armv8.0-8.2 registers (DDI0487 D1.3.6 and each
 * register's pseudocode). Rights by EL were looked at before. A check only answers; EL0 traps to
 * EL1 become EL2's under TGE in sysreg_resolve().
 */
#include "cpu/debug.h"
#include "cpu/sysreg_priv.h"

#include "base/bits.h"

/* A trap from EL1 (and, with `el0` too, EL0) to EL2 by a bit of the effective HCR_EL2. */
static bool hcr_traps(const struct cpu *c, u64 bit, bool el0)
{
	return (c->el == 1 || (el0 && c->el == 0)) && (c->hcr_eff & bit);
}

static enum sysreg_access hcr_check(const struct cpu *c, u64 bit)
{
	return hcr_traps(c, bit, false) ? SYS_TRAP_EL2 : SYS_OK;
}

/* A control of SCTLR_ELx that keeps EL0 out while it is 0. */
static bool el0_locked(const struct cpu *c, u64 bit)
{
	return c->el == 0 && !(cpu_el0_sctlr(c) & bit);
}

static bool el3_traps(const struct cpu *c, u64 reg, u64 bit)
{
	return c->el < 3 && cpu_has(c, FEAT(EL3)) && (reg & bit);
}

enum sysreg_access check_tvm(const struct cpu *c, const struct sysreg *r, bool write)
{
	return hcr_check(c, write ? HCR_TVM : HCR_TRVM);
}

enum sysreg_access check_tid1(const struct cpu *c, const struct sysreg *r, bool write)
{
	return hcr_check(c, HCR_TID1);
}

enum sysreg_access check_tid2(const struct cpu *c, const struct sysreg *r, bool write)
{
	return hcr_check(c, HCR_TID2);
}

enum sysreg_access check_tid2_uct(const struct cpu *c, const struct sysreg *r, bool write)
{
	if (el0_locked(c, SCTLR_UCT))
		return SYS_TRAP_EL1;
	return hcr_traps(c, HCR_TID2, true) ? SYS_TRAP_EL2 : SYS_OK;
}

enum sysreg_access check_tid3(const struct cpu *c, const struct sysreg *r, bool write)
{
	return hcr_check(c, HCR_TID3);
}

enum sysreg_access check_tacr(const struct cpu *c, const struct sysreg *r, bool write)
{
	return hcr_check(c, HCR_TACR);
}

#define CPTR_TCPAC BIT(31)

enum sysreg_access check_cpacr(const struct cpu *c, const struct sysreg *r, bool write)
{
	if (c->el == 1 && c->el2_on && (c->sys.cptr_el2 & CPTR_TCPAC))
		return SYS_TRAP_EL2;
	return el3_traps(c, c->sys.cptr_el3, CPTR_TCPAC) ? SYS_TRAP_EL3 : SYS_OK;
}

enum sysreg_access check_cptr_el2(const struct cpu *c, const struct sysreg *r, bool write)
{
	return el3_traps(c, c->sys.cptr_el3, CPTR_TCPAC) ? SYS_TRAP_EL3 : SYS_OK;
}

enum sysreg_access check_tlor(const struct cpu *c, const struct sysreg *r, bool write)
{
	if (cpu_el_secure(c, 1) && r->arg)
		return SYS_UNDEF; /* SCR_EL3.NS = 0: LORID_EL1 alone is there, for EL3 too */
	if (hcr_traps(c, HCR_TLOR, false))
		return SYS_TRAP_EL2;
	return el3_traps(c, c->sys.scr_el3, SCR_TLOR) ? SYS_TRAP_EL3 : SYS_OK;
}

enum sysreg_access check_terr(const struct cpu *c, const struct sysreg *r, bool write)
{
	if (hcr_traps(c, HCR_TERR, false))
		return SYS_TRAP_EL2;
	return el3_traps(c, c->sys.scr_el3, SCR_TERR) ? SYS_TRAP_EL3 : SYS_OK;
}

/* MDCR_EL2 traps from EL0 and EL1; TDE and TGE make TDA, TDOSA and TDRA act as 1. */
static enum sysreg_access mdcr_check(const struct cpu *c, u64 mdcr_el2, u64 mdcr_el3)
{
	if (c->el < 2 && c->el2_on &&
	    ((c->sys.mdcr_el2 & (mdcr_el2 | MDCR_TDE)) || (c->sys.hcr_el2 & HCR_TGE)))
		return SYS_TRAP_EL2;
	return el3_traps(c, c->sys.mdcr_el3, mdcr_el3) ? SYS_TRAP_EL3 : SYS_OK;
}

enum sysreg_access check_tda(const struct cpu *c, const struct sysreg *r, bool write)
{
	return mdcr_check(c, MDCR_TDA, MDCR_TDA);
}

enum sysreg_access check_dbgb(const struct cpu *c, const struct sysreg *r, bool write)
{
	return r->arg < c->core.n_brps ? check_tda(c, r, write) : SYS_UNDEF;
}

enum sysreg_access check_dbgw(const struct cpu *c, const struct sysreg *r, bool write)
{
	return r->arg < c->core.n_wrps ? check_tda(c, r, write) : SYS_UNDEF;
}

enum sysreg_access check_tda_dcc(const struct cpu *c, const struct sysreg *r, bool write)
{
	if (c->el == 0 && (c->sys.mdscr_el1 & MDSCR_TDCC))
		return SYS_TRAP_EL1;
	return check_tda(c, r, write);
}

enum sysreg_access check_tdosa(const struct cpu *c, const struct sysreg *r, bool write)
{
	return mdcr_check(c, MDCR_TDOSA, MDCR_TDOSA);
}

enum sysreg_access check_tdra(const struct cpu *c, const struct sysreg *r, bool write)
{
	return mdcr_check(c, MDCR_TDRA, MDCR_TDA);
}

enum sysreg_access check_fp(const struct cpu *c, const struct sysreg *r, bool write)
{
	static const enum sysreg_access by_el[] = { SYS_OK, SYS_TRAP_FP_EL1, SYS_TRAP_FP_EL2,
						    SYS_TRAP_FP_EL3 };

	return by_el[cpu_fp_trap(c)];
}

enum sysreg_access check_uma(const struct cpu *c, const struct sysreg *r, bool write)
{
	return el0_locked(c, SCTLR_UMA) ? SYS_TRAP_EL1 : SYS_OK;
}

enum sysreg_access check_tsw(const struct cpu *c, const struct sysreg *r, bool write)
{
	return hcr_check(c, HCR_TSW);
}

enum sysreg_access check_tpcp(const struct cpu *c, const struct sysreg *r, bool write)
{
	return hcr_check(c, HCR_TPCP);
}

enum sysreg_access check_tpcp_el0(const struct cpu *c, const struct sysreg *r, bool write)
{
	if (el0_locked(c, SCTLR_UCI))
		return SYS_TRAP_EL1;
	return hcr_traps(c, HCR_TPCP, true) ? SYS_TRAP_EL2 : SYS_OK;
}

enum sysreg_access check_tpu(const struct cpu *c, const struct sysreg *r, bool write)
{
	return hcr_check(c, HCR_TPU);
}

enum sysreg_access check_tpu_el0(const struct cpu *c, const struct sysreg *r, bool write)
{
	if (el0_locked(c, SCTLR_UCI))
		return SYS_TRAP_EL1;
	return hcr_traps(c, HCR_TPU, true) ? SYS_TRAP_EL2 : SYS_OK;
}

enum sysreg_access check_tdz(const struct cpu *c, const struct sysreg *r, bool write)
{
	if (el0_locked(c, SCTLR_DZE))
		return SYS_TRAP_EL1;
	return hcr_traps(c, HCR_TDZ, true) ? SYS_TRAP_EL2 : SYS_OK;
}

enum sysreg_access check_ttlb(const struct cpu *c, const struct sysreg *r, bool write)
{
	return hcr_check(c, HCR_TTLB);
}

/* EL2's regime named from EL3: UNDEFINED while EL2 is not enabled. */
enum sysreg_access check_el2_enabled(const struct cpu *c, const struct sysreg *r, bool write)
{
	return c->el == 3 && !c->el2_on ? SYS_UNDEF : SYS_OK;
}

/* RVBAR_ELn, RMR_ELn exist for the highest implemented EL only. */
enum sysreg_access check_highest(const struct cpu *c, const struct sysreg *r, bool write)
{
	unsigned highest = cpu_has(c, FEAT(EL3)) ? 3 : cpu_has(c, FEAT(EL2)) ? 2 : 1;

	return r->arg == highest ? SYS_OK : SYS_UNDEF;
}

enum sysreg_access check_sp_el0(const struct cpu *c, const struct sysreg *r, bool write)
{
	return c->spsel ? SYS_OK : SYS_UNDEF;
}

enum sysreg_access check_imp_def(const struct cpu *c, const struct sysreg *r, bool write)
{
	u32 part = c->core.id.midr >> 4 & 0xfff, has = 0;

	if (c->core.id.midr >> 24 != 0x41)
		return SYS_UNDEF;
	if (part == 0xd03 || part == 0xd07 || part == 0xd08)
		has = IMP_V80;
	else if (part == 0xd0c)
		has = IMP_N1;
	return r->arg & has ? SYS_OK : SYS_UNDEF;
}
