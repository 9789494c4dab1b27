/*
 * Inside cpu/ only: the functions that the rows of sysreg_rows.c name. check_* decide
 * (sysreg_check.c), read_* and write_* cannot fail (sysreg_fn.c), tlbi_* and at_* are the system
 * instructions (tlbi_ops.c, at_ops.c).
 */
#ifndef CPU_SYSREG_PRIV_H
#define CPU_SYSREG_PRIV_H

#include "cpu/sysreg.h"

typedef enum sysreg_access check_fn(const struct cpu *c, const struct sysreg *r, bool write);
typedef u64 read_fn(struct cpu *c, const struct sysreg *r);
typedef void write_fn(struct cpu *c, const struct sysreg *r, u64 v);

/* HCR_EL2, CPTR, MDCR and SCR traps, named by their control. */
check_fn check_tvm, check_tid1, check_tid2, check_tid2_uct, check_tid3, check_tacr, check_cpacr,
	check_cptr_el2;
check_fn check_tlor, check_terr, check_tda, check_tda_dcc, check_tdosa, check_tdra, check_fp,
	check_uma;
check_fn check_tsw, check_tpcp, check_tpcp_el0, check_tpu, check_tpu_el0, check_tdz, check_ttlb;
check_fn check_el2_enabled, check_highest, check_sp_el0, check_imp_def, check_dbgb, check_dbgw;

/* sysreg_fn.c. arg is the index n of NAME_ELn or NAMEn where there are several. */
read_fn read_midr, read_mpidr, read_ccsidr, read_dczid, read_isr, read_current_el, read_nzcv,
	read_daif, read_spsel, read_pan, read_uao, read_ssbs, read_fpcr, read_fpsr, read_sp,
	read_disr, read_dbgclaim, read_tcr_el2, read_cptr_el2, read_vpidr, read_vmpidr, read_rvbar,
	read_claimset;
write_fn write_sctlr, write_tcr, write_tcr_el2, write_ttbr, write_vttbr, write_vtcr, write_hcr,
	write_scr, write_cptr_el2, write_nzcv, write_daif, write_spsel, write_pan, write_uao,
	write_ssbs, write_fpcr, write_fpsr, write_sp, write_disr, write_debug, write_mdscr,
	write_oslar, write_claimset, write_claimclr, write_rmr, write_vpidr, write_vmpidr,
	write_context_id, op_nothing, op_ic_all;
write_fn write_mdcr; /* pmu_regs.c; arg: EL */

/* tlbi_ops.c; arg: TLBI_ARG(). at_ops.c; arg: AT_*. */
write_fn tlbi_op, at_op;

/* What a TLBI row says: enum tlbi_what, EL of the entries, last level, inner shareable. */
#define TLBI_ARG(what, el, last, is)                                                               \
	((u32)(what) | (u32)(el) << 8 | (u32)(last) << 12 | (u32)(is) << 13)

enum {
	AT_EL = 3, /* EL whose regime translates */
	AT_USER = 4,
	AT_WRITE = 8,
	AT_S12 = 16,
	AT_PAN = 32,
};

/* Which cores have an IMPLEMENTATION DEFINED register, for check_imp_def. */
enum { IMP_V80 = 1 /* Cortex-A53, A57, A72 */, IMP_N1 = 2 };

#endif
