/*
 * The system registers and system instructions of an Armv8.0-8.2 PE, less GIC (gic/) and timers
 * (timer/) and PMU (pmu_regs.c): one row each. A new register touches its row and its functions, nothing else. Names are
 * the manual's (DDI0487 D19, C5).
 *
 * Deliberately absent, so UNDEFINED: everything of AArch32 state (DACR32_EL2, SPSR_abt, ...),
 * trace, SPE, SVE, PAuth, MTE: no core here has them, and its ID registers say so.
 */
#include "cpu/sysreg_priv.h"

#include "base/bits.h"

#define ID_FIELD(member) (1 + (u32)offsetof(struct cpu, core.id.member))
#define LOW32 (~0xffffffffull) /* RES0 of a 32-bit register */

/* clang-format off: tables and what makes their rows */
/* An ID register behind HCR_EL2.TID3; ID0: one that reads 0 (AArch32's, or reserved). */
#define ID(nm, crm, op2, member) \
	{ .name = nm, .enc = SR(3, 0, 0, crm, op2), .rights = PL1_R, \
	  .field = ID_FIELD(member), .check = check_tid3 }
#define ID0(nm, crm, op2) \
	{ .name = nm, .enc = SR(3, 0, 0, crm, op2), .rights = PL1_R, \
	  .flags = SRF_CONST, .check = check_tid3 }
/*
 * One of the registers that HCR_EL2.TVM and TRVM trap; its EL2 twin under E2H and its _EL12 name
 * differ in op1 only.
 */
#define VM(nm, crn, crm, op2, ...) \
	{ .name = nm "_EL1", .enc = SR(3, 0, crn, crm, op2), .e2h = SR(3, 4, crn, crm, op2), \
	  .el12 = SR(3, 5, crn, crm, op2), .rights = PL1_RW, .check = check_tvm, __VA_ARGS__ }
/* Registers of EL2 and EL3 alone: op1 says the EL. */
#define EL2(nm, crn, crm, op2, ...) \
	{ .name = nm "_EL2", .enc = SR(3, 4, crn, crm, op2), .rights = PL2_RW, \
	  .feature = FEAT(EL2), __VA_ARGS__ }
#define EL3(nm, crn, crm, op2, ...) \
	{ .name = nm "_EL3", .enc = SR(3, 6, crn, crm, op2), .rights = PL3_RW, \
	  .feature = FEAT(EL3), __VA_ARGS__ }
/* Debug registers number n */
#define DBG(nm, n, op2, fld, r0, chk) \
	{ .name = nm #n "_EL1", .enc = SR(2, 0, 0, n, op2), .rights = PL1_RW, \
	  .flags = SRF_CONTEXT, .field = SR_FIELD(fld[n]), .arg = n, .res0 = r0, \
	  .check = chk, .write = write_debug }
#define DBG_SET(n) \
	DBG("DBGBVR", n, 4, dbgbvr, 0, check_dbgb), \
	DBG("DBGBCR", n, 5, dbgbcr, ~0xffe1e7ull, check_dbgb), \
	DBG("DBGWVR", n, 6, dbgwvr, 3, check_dbgw), \
	DBG("DBGWCR", n, 7, dbgwcr, ~0x1f1fffffull, check_dbgw)
/* IMPLEMENTATION DEFINED registers: read 0, ignore writes */
#define IMP(nm, op1, crn, crm, op2, r, cores) \
	{ .name = nm, .enc = SR(3, op1, crn, crm, op2), .rights = r, \
	  .flags = SRF_CONST | SRF_IGNORED, .arg = cores, .check = check_imp_def }
/* System instructions */
#define OP(nm, op1, crn, crm, op2, r, chk, fl, wr, ...) \
	{ .name = nm, .enc = SR(1, op1, crn, crm, op2), .rights = r, .flags = SRF_OP | (fl), \
	  .check = chk, .write = wr, __VA_ARGS__ }
#define DC_VA(nm, op1, crm, op2, r, chk, ...) \
	OP(nm, op1, 7, crm, op2, r, chk, SRF_VA_OP, NULL, __VA_ARGS__)
#define TLBI1(nm, op2, what, last) \
	OP("TLBI " nm "IS", 0, 8, 3, op2, PL1_W, check_ttlb, SRF_ENDS_BLOCK, tlbi_op, \
	   .arg = TLBI_ARG(what, 1, last, 1)), \
	OP("TLBI " nm, 0, 8, 7, op2, PL1_W, check_ttlb, SRF_ENDS_BLOCK, tlbi_op, \
	   .arg = TLBI_ARG(what, 1, last, 0))
#define TLBI2(nm, crm, op2, what, el, last, is, chk, feat) \
	OP("TLBI " nm, 4, 8, crm, op2, PL2_W, chk, SRF_ENDS_BLOCK, tlbi_op, .feature = feat, \
	   .arg = TLBI_ARG(what, el, last, is))
#define TLBI3(nm, op2, what, last) \
	OP("TLBI " nm "IS", 6, 8, 3, op2, PL3_W, NULL, SRF_ENDS_BLOCK, tlbi_op, \
	   .feature = FEAT(EL3), .arg = TLBI_ARG(what, 3, last, 1)), \
	OP("TLBI " nm, 6, 8, 7, op2, PL3_W, NULL, SRF_ENDS_BLOCK, tlbi_op, \
	   .feature = FEAT(EL3), .arg = TLBI_ARG(what, 3, last, 0))
#define AT(nm, op1, crm, op2, r, chk, feat, how) \
	OP("AT " nm, op1, 7, crm, op2, r, chk, SRF_ENDS_BLOCK, at_op, \
	   .feature = feat, .arg = how)

const struct sysreg cpu_sysregs[] = {
	/* ---- identification ---- */
	{ .name = "MIDR_EL1", .enc = SR(3, 0, 0, 0, 0), .rights = PL1_R, .read = read_midr },
	{ .name = "MPIDR_EL1", .enc = SR(3, 0, 0, 0, 5), .rights = PL1_R, .read = read_mpidr },
	{ .name = "REVIDR_EL1", .enc = SR(3, 0, 0, 0, 6), .rights = PL1_R,
	  .field = ID_FIELD(revidr), .check = check_tid1 },
	ID0("ID_PFR0_EL1", 1, 0), ID0("ID_PFR1_EL1", 1, 1),
	ID0("ID_DFR0_EL1", 1, 2), ID0("ID_AFR0_EL1", 1, 3),
	ID0("ID_MMFR0_EL1", 1, 4), ID0("ID_MMFR1_EL1", 1, 5),
	ID0("ID_MMFR2_EL1", 1, 6), ID0("ID_MMFR3_EL1", 1, 7),
	ID0("ID_ISAR0_EL1", 2, 0), ID0("ID_ISAR1_EL1", 2, 1),
	ID0("ID_ISAR2_EL1", 2, 2), ID0("ID_ISAR3_EL1", 2, 3),
	ID0("ID_ISAR4_EL1", 2, 4), ID0("ID_ISAR5_EL1", 2, 5),
	ID0("ID_MMFR4_EL1", 2, 6), ID0("ID_ISAR6_EL1", 2, 7),
	ID0("MVFR0_EL1", 3, 0), ID0("MVFR1_EL1", 3, 1),
	ID0("MVFR2_EL1", 3, 2), ID0("S3_0_C0_C3_3", 3, 3),
	ID0("ID_PFR2_EL1", 3, 4), ID0("ID_DFR1_EL1", 3, 5),
	ID0("ID_MMFR5_EL1", 3, 6), ID0("S3_0_C0_C3_7", 3, 7),
	ID("ID_AA64PFR0_EL1", 4, 0, aa64pfr[0]), ID("ID_AA64PFR1_EL1", 4, 1, aa64pfr[1]),
	ID0("S3_0_C0_C4_2", 4, 2), ID0("S3_0_C0_C4_3", 4, 3),
	ID("ID_AA64ZFR0_EL1", 4, 4, aa64zfr0), ID0("S3_0_C0_C4_5", 4, 5),
	ID0("S3_0_C0_C4_6", 4, 6), ID0("S3_0_C0_C4_7", 4, 7),
	ID("ID_AA64DFR0_EL1", 5, 0, aa64dfr[0]), ID("ID_AA64DFR1_EL1", 5, 1, aa64dfr[1]),
	ID0("S3_0_C0_C5_2", 5, 2), ID0("S3_0_C0_C5_3", 5, 3),
	ID("ID_AA64AFR0_EL1", 5, 4, aa64afr[0]), ID("ID_AA64AFR1_EL1", 5, 5, aa64afr[1]),
	ID0("S3_0_C0_C5_6", 5, 6), ID0("S3_0_C0_C5_7", 5, 7),
	ID("ID_AA64ISAR0_EL1", 6, 0, aa64isar[0]), ID("ID_AA64ISAR1_EL1", 6, 1, aa64isar[1]),
	ID("ID_AA64ISAR2_EL1", 6, 2, aa64isar[2]), ID0("S3_0_C0_C6_3", 6, 3),
	ID0("S3_0_C0_C6_4", 6, 4), ID0("S3_0_C0_C6_5", 6, 5),
	ID0("S3_0_C0_C6_6", 6, 6), ID0("S3_0_C0_C6_7", 6, 7),
	ID("ID_AA64MMFR0_EL1", 7, 0, aa64mmfr[0]), ID("ID_AA64MMFR1_EL1", 7, 1, aa64mmfr[1]),
	ID("ID_AA64MMFR2_EL1", 7, 2, aa64mmfr[2]), ID0("S3_0_C0_C7_3", 7, 3),
	ID0("S3_0_C0_C7_4", 7, 4), ID0("S3_0_C0_C7_5", 7, 5),
	ID0("S3_0_C0_C7_6", 7, 6), ID0("S3_0_C0_C7_7", 7, 7),
	{ .name = "CCSIDR_EL1", .enc = SR(3, 1, 0, 0, 0), .rights = PL1_R, .check = check_tid2,
	  .read = read_ccsidr },
	{ .name = "CLIDR_EL1", .enc = SR(3, 1, 0, 0, 1), .rights = PL1_R, .field = ID_FIELD(clidr),
	  .check = check_tid2 },
	{ .name = "AIDR_EL1", .enc = SR(3, 1, 0, 0, 7), .rights = PL1_R, .flags = SRF_CONST,
	  .check = check_tid1 },
	{ .name = "CSSELR_EL1", .enc = SR(3, 2, 0, 0, 0), .rights = PL1_RW,
	  .field = SR_FIELD(csselr_el1), .res0 = ~15ull, .check = check_tid2 },
	{ .name = "CTR_EL0", .enc = SR(3, 3, 0, 0, 1), .rights = PL0_R, .field = ID_FIELD(ctr),
	  .res1 = BIT(31), .check = check_tid2_uct },
	{ .name = "DCZID_EL0", .enc = SR(3, 3, 0, 0, 7), .rights = PL0_R, .read = read_dczid },
	{ .name = "VPIDR_EL2", .enc = SR(3, 4, 0, 0, 0), .rights = PL2_RW, .res0 = LOW32,
	  .read = read_vpidr, .write = write_vpidr },
	{ .name = "VMPIDR_EL2", .enc = SR(3, 4, 0, 0, 5), .rights = PL2_RW,
	  .res0 = MASK(63, 40) | MASK(29, 25), .res1 = BIT(31), .read = read_vmpidr,
	  .write = write_vmpidr },

	/* ---- PSTATE and special-purpose registers ---- */
	{ .name = "CurrentEL", .enc = SR(3, 0, 4, 2, 2), .rights = PL1_R, .read = read_current_el },
	{ .name = "SPSel", .enc = SR(3, 0, 4, 2, 0), .rights = PL1_RW, .flags = SRF_CONTEXT,
	  .read = read_spsel, .write = write_spsel },
	{ .name = "PAN", .enc = SR(3, 0, 4, 2, 3), .rights = PL1_RW, .flags = SRF_CONTEXT,
	  .feature = FEAT(PAN), .read = read_pan, .write = write_pan },
	{ .name = "UAO", .enc = SR(3, 0, 4, 2, 4), .rights = PL1_RW, .flags = SRF_CONTEXT,
	  .feature = FEAT(UAO), .read = read_uao, .write = write_uao },
	{ .name = "NZCV", .enc = SR(3, 3, 4, 2, 0), .rights = PL0_RW, .read = read_nzcv,
	  .write = write_nzcv },
	{ .name = "DAIF", .enc = SR(3, 3, 4, 2, 1), .rights = PL0_RW, .flags = SRF_CONTEXT,
	  .check = check_uma, .read = read_daif, .write = write_daif },
	{ .name = "SSBS", .enc = SR(3, 3, 4, 2, 6), .rights = PL0_RW, .feature = FEAT(SSBS),
	  .read = read_ssbs, .write = write_ssbs },
	{ .name = "FPCR", .enc = SR(3, 3, 4, 4, 0), .rights = PL0_RW, .check = check_fp,
	  .read = read_fpcr, .write = write_fpcr },
	{ .name = "FPSR", .enc = SR(3, 3, 4, 4, 1), .rights = PL0_RW, .check = check_fp,
	  .read = read_fpsr, .write = write_fpsr },
	{ .name = "SP_EL0", .enc = SR(3, 0, 4, 1, 0), .rights = PL1_RW, .check = check_sp_el0,
	  .read = read_sp, .write = write_sp },
	{ .name = "SP_EL1", .enc = SR(3, 4, 4, 1, 0), .rights = PL2_RW, .arg = 1, .read = read_sp,
	  .write = write_sp },
	{ .name = "SP_EL2", .enc = SR(3, 6, 4, 1, 0), .rights = PL3_RW, .arg = 2,
	  .feature = FEAT(EL3), .read = read_sp, .write = write_sp },
	{ .name = "SPSR_EL1", .enc = SR(3, 0, 4, 0, 0), .rights = PL1_RW, .e2h = SR(3, 4, 4, 0, 0),
	  .el12 = SR(3, 5, 4, 0, 0), .field = SR_FIELD(spsr[1]), .res0 = LOW32 },
	{ .name = "ELR_EL1", .enc = SR(3, 0, 4, 0, 1), .rights = PL1_RW, .e2h = SR(3, 4, 4, 0, 1),
	  .el12 = SR(3, 5, 4, 0, 1), .field = SR_FIELD(elr[1]) },
	{ .name = "SPSR_EL2", .enc = SR(3, 4, 4, 0, 0), .rights = PL2_RW, .feature = FEAT(EL2),
	  .field = SR_FIELD(spsr[2]), .res0 = LOW32 },
	{ .name = "ELR_EL2", .enc = SR(3, 4, 4, 0, 1), .rights = PL2_RW, .feature = FEAT(EL2),
	  .field = SR_FIELD(elr[2]) },
	{ .name = "SPSR_EL3", .enc = SR(3, 6, 4, 0, 0), .rights = PL3_RW, .feature = FEAT(EL3),
	  .field = SR_FIELD(spsr[3]), .res0 = LOW32 },
	{ .name = "ELR_EL3", .enc = SR(3, 6, 4, 0, 1), .rights = PL3_RW, .feature = FEAT(EL3),
	  .field = SR_FIELD(elr[3]) },

	/* ---- control and translation ---- */
	VM("SCTLR", 1, 0, 0, .flags = SRF_CONTEXT, .field = SR_FIELD(sctlr[1]),
	    .write = write_sctlr),
	EL2("SCTLR", 1, 0, 0, .flags = SRF_CONTEXT, .field = SR_FIELD(sctlr[2]),
	    .write = write_sctlr),
	EL3("SCTLR", 1, 0, 0, .flags = SRF_CONTEXT, .field = SR_FIELD(sctlr[3]),
	    .write = write_sctlr),
	{ .name = "ACTLR_EL1", .enc = SR(3, 0, 1, 0, 1), .rights = PL1_RW,
	  .flags = SRF_CONST | SRF_IGNORED, .check = check_tacr },
	EL2("ACTLR", 1, 0, 1, .flags = SRF_CONST | SRF_IGNORED),
	EL3("ACTLR", 1, 0, 1, .flags = SRF_CONST | SRF_IGNORED),
	{ .name = "CPACR_EL1", .enc = SR(3, 0, 1, 0, 2), .e2h = SR(3, 4, 1, 1, 2),
	  .el12 = SR(3, 5, 1, 0, 2), .rights = PL1_RW, .flags = SRF_CONTEXT,
	  .field = SR_FIELD(cpacr_el1), .res0 = ~MASK(21, 20), .check = check_cpacr },
	EL2("CPTR", 1, 1, 2, .flags = SRF_CONTEXT, .check = check_cptr_el2,
	    .field = SR_FIELD(cptr_el2), .read = read_cptr_el2, .write = write_cptr_el2),
	EL3("CPTR", 1, 1, 2, .flags = SRF_CONTEXT, .field = SR_FIELD(cptr_el3),
	    .res0 = ~(BIT(31) | BIT(10))),
	EL2("HCR", 1, 1, 0, .flags = SRF_CONTEXT, .field = SR_FIELD(hcr_el2), .reset = HCR_RW,
	    .write = write_hcr),
	EL2("MDCR", 1, 1, 1, .flags = SRF_CONTEXT, .check = check_tda, .field = SR_FIELD(mdcr_el2),
	    .arg = 2, .write = write_mdcr),
	EL2("HSTR", 1, 1, 3, .flags = SRF_CONST | SRF_IGNORED),
	EL2("HACR", 1, 1, 7, .flags = SRF_CONST | SRF_IGNORED),
	EL3("SCR", 1, 1, 0, .flags = SRF_CONTEXT, .field = SR_FIELD(scr_el3),
	    .res1 = SCR_RW | MASK(5, 4), .write = write_scr),
	EL3("MDCR", 1, 3, 1, .flags = SRF_CONTEXT, .field = SR_FIELD(mdcr_el3), .arg = 3,
	    .write = write_mdcr),
	VM("TTBR0", 2, 0, 0, .flags = SRF_CONTEXT, .field = SR_FIELD(ttbr0[1]), .arg = 1,
	    .write = write_ttbr),
	VM("TTBR1", 2, 0, 1, .flags = SRF_CONTEXT, .field = SR_FIELD(ttbr1[1]), .arg = 1,
	    .write = write_ttbr),
	EL2("TTBR0", 2, 0, 0, .flags = SRF_CONTEXT, .field = SR_FIELD(ttbr0[2]), .arg = 2,
	    .write = write_ttbr),
	{ .name = "TTBR1_EL2", .enc = SR(3, 4, 2, 0, 1), .rights = PL2_RW, .flags = SRF_CONTEXT,
	  .feature = FEAT(EL2) | FEAT(VHE), .field = SR_FIELD(ttbr1[2]), .arg = 2,
	  .write = write_ttbr },
	EL3("TTBR0", 2, 0, 0, .flags = SRF_CONTEXT, .field = SR_FIELD(ttbr0[3]), .arg = 3,
	    .write = write_ttbr),
	VM("TCR", 2, 0, 2, .flags = SRF_CONTEXT, .field = SR_FIELD(tcr[1]), .arg = 1,
	    .write = write_tcr),
	EL2("TCR", 2, 0, 2, .flags = SRF_CONTEXT, .field = SR_FIELD(tcr[2]), .read = read_tcr_el2,
	    .write = write_tcr_el2),
	EL3("TCR", 2, 0, 2, .flags = SRF_CONTEXT, .field = SR_FIELD(tcr[3]),
	    .res1 = BIT(31) | BIT(23), .arg = 3, .write = write_tcr),
	EL2("VTTBR", 2, 1, 0, .flags = SRF_CONTEXT, .field = SR_FIELD(vttbr_el2),
	    .write = write_vttbr),
	EL2("VTCR", 2, 1, 2, .flags = SRF_CONTEXT, .field = SR_FIELD(vtcr_el2), .res1 = BIT(31),
	    .write = write_vtcr),
	VM("MAIR", 10, 2, 0, .flags = SRF_CONTEXT, .field = SR_FIELD(mair[1])),
	EL2("MAIR", 10, 2, 0, .flags = SRF_CONTEXT, .field = SR_FIELD(mair[2])),
	EL3("MAIR", 10, 2, 0, .flags = SRF_CONTEXT, .field = SR_FIELD(mair[3])),
	VM("AMAIR", 10, 3, 0, .flags = SRF_CONST | SRF_IGNORED),
	EL2("AMAIR", 10, 3, 0, .flags = SRF_CONST | SRF_IGNORED),
	EL3("AMAIR", 10, 3, 0, .flags = SRF_CONST | SRF_IGNORED),
	VM("AFSR0", 5, 1, 0, .flags = SRF_CONST | SRF_IGNORED),
	VM("AFSR1", 5, 1, 1, .flags = SRF_CONST | SRF_IGNORED),
	EL2("AFSR0", 5, 1, 0, .flags = SRF_CONST | SRF_IGNORED),
	EL2("AFSR1", 5, 1, 1, .flags = SRF_CONST | SRF_IGNORED),
	EL3("AFSR0", 5, 1, 0, .flags = SRF_CONST | SRF_IGNORED),
	EL3("AFSR1", 5, 1, 1, .flags = SRF_CONST | SRF_IGNORED),
	VM("ESR", 5, 2, 0, .field = SR_FIELD(esr[1]), .res0 = LOW32),
	VM("FAR", 6, 0, 0, .field = SR_FIELD(far[1])),
	EL2("ESR", 5, 2, 0, .field = SR_FIELD(esr[2]), .res0 = LOW32),
	EL2("FAR", 6, 0, 0, .field = SR_FIELD(far[2])),
	EL3("ESR", 5, 2, 0, .field = SR_FIELD(esr[3]), .res0 = LOW32),
	EL3("FAR", 6, 0, 0, .field = SR_FIELD(far[3])),
	EL2("HPFAR", 6, 0, 4, .field = SR_FIELD(hpfar_el2), .res0 = ~(MASK(43, 4) | BIT(63))),
	{ .name = "PAR_EL1", .enc = SR(3, 0, 7, 4, 0), .rights = PL1_RW,
	  .field = SR_FIELD(par_el1) },
	{ .name = "VBAR_EL1", .enc = SR(3, 0, 12, 0, 0), .e2h = SR(3, 4, 12, 0, 0),
	  .el12 = SR(3, 5, 12, 0, 0), .rights = PL1_RW, .field = SR_FIELD(vbar[1]), .res0 = 0x7ff },
	EL2("VBAR", 12, 0, 0, .field = SR_FIELD(vbar[2]), .res0 = 0x7ff),
	EL3("VBAR", 12, 0, 0, .field = SR_FIELD(vbar[3]), .res0 = 0x7ff),
	{ .name = "RVBAR_EL1", .enc = SR(3, 0, 12, 0, 1), .rights = PL1_R, .arg = 1,
	  .check = check_highest, .read = read_rvbar },
	{ .name = "RMR_EL1", .enc = SR(3, 0, 12, 0, 2), .rights = PL1_RW, .arg = 1, .reset = 1,
	  .check = check_highest, .write = write_rmr },
	{ .name = "RVBAR_EL2", .enc = SR(3, 4, 12, 0, 1), .rights = PL2_R, .arg = 2,
	  .check = check_highest, .read = read_rvbar },
	{ .name = "RMR_EL2", .enc = SR(3, 4, 12, 0, 2), .rights = PL2_RW, .arg = 2, .reset = 1,
	  .check = check_highest, .write = write_rmr },
	{ .name = "RVBAR_EL3", .enc = SR(3, 6, 12, 0, 1), .rights = PL3_R, .arg = 3,
	  .check = check_highest, .read = read_rvbar },
	{ .name = "RMR_EL3", .enc = SR(3, 6, 12, 0, 2), .rights = PL3_RW, .arg = 3, .reset = 1,
	  .check = check_highest, .write = write_rmr },
	{ .name = "ISR_EL1", .enc = SR(3, 0, 12, 1, 0), .rights = PL1_R, .flags = SRF_ENDS_BLOCK,
	  .read = read_isr },
	VM("CONTEXTIDR", 13, 0, 1, .flags = SRF_ENDS_BLOCK, .field = SR_FIELD(contextidr[1]),
	    .res0 = LOW32, .write = write_context_id),
	{ .name = "CONTEXTIDR_EL2", .enc = SR(3, 4, 13, 0, 1), .rights = PL2_RW,
	  .flags = SRF_ENDS_BLOCK, .feature = FEAT(EL2) | FEAT(VHE),
	  .field = SR_FIELD(contextidr[2]), .res0 = LOW32, .write = write_context_id },
	{ .name = "TPIDR_EL0", .enc = SR(3, 3, 13, 0, 2), .rights = PL0_RW,
	  .field = SR_FIELD(tpidr[0]) },
	{ .name = "TPIDRRO_EL0", .enc = SR(3, 3, 13, 0, 3), .rights = PL0_R_PL1_W,
	  .field = SR_FIELD(tpidrro_el0) },
	{ .name = "TPIDR_EL1", .enc = SR(3, 0, 13, 0, 4), .rights = PL1_RW,
	  .field = SR_FIELD(tpidr[1]) },
	EL2("TPIDR", 13, 0, 2, .field = SR_FIELD(tpidr[2])),
	EL3("TPIDR", 13, 0, 2, .field = SR_FIELD(tpidr[3])),

	/* ---- limited ordering regions (arg 1: not in Secure state) ---- */
	{ .name = "LORSA_EL1", .enc = SR(3, 0, 10, 4, 0), .rights = PL1_RW, .feature = FEAT(LOR),
	  .arg = 1, .field = SR_FIELD(lorsa_el1), .res0 = ~(MASK(47, 16) | 1),
	  .check = check_tlor },
	{ .name = "LOREA_EL1", .enc = SR(3, 0, 10, 4, 1), .rights = PL1_RW, .feature = FEAT(LOR),
	  .arg = 1, .field = SR_FIELD(lorea_el1), .res0 = ~MASK(47, 16), .check = check_tlor },
	{ .name = "LORN_EL1", .enc = SR(3, 0, 10, 4, 2), .rights = PL1_RW, .feature = FEAT(LOR),
	  .arg = 1, .field = SR_FIELD(lorn_el1), .res0 = ~MASK(7, 0), .check = check_tlor },
	{ .name = "LORC_EL1", .enc = SR(3, 0, 10, 4, 3), .rights = PL1_RW, .feature = FEAT(LOR),
	  .arg = 1, .field = SR_FIELD(lorc_el1), .res0 = ~(MASK(9, 2) | 1), .check = check_tlor },
	{ .name = "LORID_EL1", .enc = SR(3, 0, 10, 4, 7), .rights = PL1_R, .flags = SRF_CONST,
	  .feature = FEAT(LOR), .reset = 4 << 16 | 4, .check = check_tlor },

	/* ---- RAS: no error records ---- */
	{ .name = "ERRIDR_EL1", .enc = SR(3, 0, 5, 3, 0), .rights = PL1_R, .flags = SRF_CONST,
	  .feature = FEAT(RAS), .check = check_terr },
	{ .name = "ERRSELR_EL1", .enc = SR(3, 0, 5, 3, 1), .rights = PL1_RW,
	  .flags = SRF_CONST | SRF_IGNORED, .feature = FEAT(RAS), .check = check_terr },
	{ .name = "ERXFR_EL1", .enc = SR(3, 0, 5, 4, 0), .rights = PL1_R, .flags = SRF_CONST,
	  .feature = FEAT(RAS), .check = check_terr },
	{ .name = "ERXCTLR_EL1", .enc = SR(3, 0, 5, 4, 1), .rights = PL1_RW,
	  .flags = SRF_CONST | SRF_IGNORED, .feature = FEAT(RAS), .check = check_terr },
	{ .name = "ERXSTATUS_EL1", .enc = SR(3, 0, 5, 4, 2), .rights = PL1_RW,
	  .flags = SRF_CONST | SRF_IGNORED, .feature = FEAT(RAS), .check = check_terr },
	{ .name = "ERXADDR_EL1", .enc = SR(3, 0, 5, 4, 3), .rights = PL1_RW,
	  .flags = SRF_CONST | SRF_IGNORED, .feature = FEAT(RAS), .check = check_terr },
	{ .name = "ERXMISC0_EL1", .enc = SR(3, 0, 5, 5, 0), .rights = PL1_RW,
	  .flags = SRF_CONST | SRF_IGNORED, .feature = FEAT(RAS), .check = check_terr },
	{ .name = "ERXMISC1_EL1", .enc = SR(3, 0, 5, 5, 1), .rights = PL1_RW,
	  .flags = SRF_CONST | SRF_IGNORED, .feature = FEAT(RAS), .check = check_terr },
	{ .name = "DISR_EL1", .enc = SR(3, 0, 12, 1, 1), .rights = PL1_RW, .feature = FEAT(RAS),
	  .field = SR_FIELD(disr_el1), .res0 = ~(BIT(31) | MASK(24, 0)), .read = read_disr,
	  .write = write_disr },
	{ .name = "VDISR_EL2", .enc = SR(3, 4, 12, 1, 1), .rights = PL2_RW,
	  .feature = FEAT(EL2) | FEAT(RAS), .field = SR_FIELD(vdisr_el2),
	  .res0 = ~(BIT(31) | MASK(24, 0)) },
	{ .name = "VSESR_EL2", .enc = SR(3, 4, 5, 2, 3), .rights = PL2_RW,
	  .feature = FEAT(EL2) | FEAT(RAS), .field = SR_FIELD(vsesr_el2), .res0 = ~MASK(24, 0) },

	/* ---- debug ---- */
	DBG_SET(0),
	DBG_SET(1),
	DBG_SET(2),
	DBG_SET(3),
	DBG_SET(4),
	DBG_SET(5),
	DBG_SET(6),
	DBG_SET(7),
	DBG_SET(8),
	DBG_SET(9),
	DBG_SET(10),
	DBG_SET(11),
	DBG_SET(12),
	DBG_SET(13),
	DBG_SET(14),
	DBG_SET(15),
	{ .name = "OSDTRRX_EL1", .enc = SR(2, 0, 0, 0, 2), .rights = PL1_RW,
	  .flags = SRF_CONST | SRF_IGNORED, .check = check_tda },
	{ .name = "MDCCINT_EL1", .enc = SR(2, 0, 0, 2, 0), .rights = PL1_RW,
	  .field = SR_FIELD(mdccint_el1), .res0 = ~MASK(30, 29), .check = check_tda },
	{ .name = "MDSCR_EL1", .enc = SR(2, 0, 0, 2, 2), .rights = PL1_RW, .flags = SRF_CONTEXT,
	  .field = SR_FIELD(mdscr_el1), .check = check_tda, .write = write_mdscr },
	{ .name = "OSDTRTX_EL1", .enc = SR(2, 0, 0, 3, 2), .rights = PL1_RW,
	  .flags = SRF_CONST | SRF_IGNORED, .check = check_tda },
	{ .name = "OSECCR_EL1", .enc = SR(2, 0, 0, 6, 2), .rights = PL1_RW,
	  .flags = SRF_CONST | SRF_IGNORED, .check = check_tda },
	{ .name = "MDCCSR_EL0", .enc = SR(2, 3, 0, 1, 0), .rights = PL0_R, .flags = SRF_CONST,
	  .check = check_tda_dcc },
	{ .name = "DBGDTR_EL0", .enc = SR(2, 3, 0, 4, 0), .rights = PL0_RW,
	  .flags = SRF_CONST | SRF_IGNORED, .check = check_tda_dcc },
	{ .name = "DBGDTRTX_EL0", .enc = SR(2, 3, 0, 5, 0), .rights = PL0_RW,
	  .flags = SRF_CONST | SRF_IGNORED, .check = check_tda_dcc },
	{ .name = "MDRAR_EL1", .enc = SR(2, 0, 1, 0, 0), .rights = PL1_R, .flags = SRF_CONST,
	  .check = check_tdra },
	{ .name = "OSLAR_EL1", .enc = SR(2, 0, 1, 0, 4), .rights = PL1_W, .flags = SRF_CONTEXT,
	  .check = check_tdosa, .write = write_oslar },
	{ .name = "OSLSR_EL1", .enc = SR(2, 0, 1, 1, 4), .rights = PL1_R,
	  .field = SR_FIELD(oslsr_el1), .res1 = 8, .check = check_tdosa },
	{ .name = "OSDLR_EL1", .enc = SR(2, 0, 1, 3, 4), .rights = PL1_RW, .flags = SRF_CONTEXT,
	  .field = SR_FIELD(osdlr_el1), .res0 = ~1ull, .check = check_tdosa,
	  .write = write_debug },
	{ .name = "DBGPRCR_EL1", .enc = SR(2, 0, 1, 4, 4), .rights = PL1_RW, .flags = SRF_CONTEXT,
	  .field = SR_FIELD(dbgprcr_el1), .res0 = ~1ull, .check = check_tdosa,
	  .write = write_debug },
	{ .name = "DBGCLAIMSET_EL1", .enc = SR(2, 0, 7, 8, 6), .rights = PL1_RW, .check = check_tda,
	  .read = read_claimset, .write = write_claimset },
	{ .name = "DBGCLAIMCLR_EL1", .enc = SR(2, 0, 7, 9, 6), .rights = PL1_RW, .check = check_tda,
	  .read = read_dbgclaim, .write = write_claimclr },
	{ .name = "DBGAUTHSTATUS_EL1", .enc = SR(2, 0, 7, 14, 6), .rights = PL1_R,
	  .flags = SRF_CONST, .reset = 0xaa, .check = check_tda },

	/* ---- IMPLEMENTATION DEFINED registers of the cores that software touches ---- */
	IMP("L2CTLR_EL1", 1, 11, 0, 2, PL1_RW, IMP_V80),
	IMP("L2ECTLR_EL1", 1, 11, 0, 3, PL1_RW, IMP_V80),
	IMP("L2ACTLR_EL1", 1, 15, 0, 0, PL1_RW, IMP_V80),
	IMP("CPUACTLR_EL1", 1, 15, 2, 0, PL1_RW, IMP_V80),
	IMP("CPUECTLR_EL1", 1, 15, 2, 1, PL1_RW, IMP_V80),
	IMP("CPUMERRSR_EL1", 1, 15, 2, 2, PL1_RW, IMP_V80),
	IMP("L2MERRSR_EL1", 1, 15, 2, 3, PL1_RW, IMP_V80),
	IMP("CBAR_EL1", 1, 15, 3, 0, PL1_R, IMP_V80),
	IMP("CPUCFR_EL1 (N1)", 0, 15, 0, 0, PL1_R, IMP_N1),
	IMP("CPUACTLR_EL1 (N1)", 0, 15, 1, 0, PL1_RW, IMP_N1),
	IMP("CPUACTLR2_EL1", 0, 15, 1, 1, PL1_RW, IMP_N1),
	IMP("CPUACTLR3_EL1", 0, 15, 1, 2, PL1_RW, IMP_N1),
	IMP("CPUECTLR_EL1 (N1)", 0, 15, 1, 4, PL1_RW, IMP_N1),
	IMP("ERXPFGF_EL1", 0, 15, 2, 0, PL1_R, IMP_N1),
	IMP("ERXPFGCTL_EL1", 0, 15, 2, 1, PL1_RW, IMP_N1),
	IMP("ERXPFGCDN_EL1", 0, 15, 2, 2, PL1_RW, IMP_N1),
	IMP("CPUPWRCTLR_EL1", 0, 15, 2, 7, PL1_RW, IMP_N1),
	IMP("ATCR_EL1", 0, 15, 7, 0, PL1_RW, IMP_N1),
	IMP("ATCR_EL2", 4, 15, 7, 0, PL2_RW, IMP_N1),
	IMP("AVTCR_EL2", 4, 15, 7, 1, PL2_RW, IMP_N1),
	IMP("ATCR_EL12", 5, 15, 7, 0, PL2_RW, IMP_N1),
	IMP("ATCR_EL3", 6, 15, 7, 0, PL3_RW, IMP_N1),
	IMP("CPUPSELR_EL3", 6, 15, 8, 0, PL3_RW, IMP_N1),
	IMP("CPUPCR_EL3", 6, 15, 8, 1, PL3_RW, IMP_N1),
	IMP("CPUPOR_EL3", 6, 15, 8, 2, PL3_RW, IMP_N1),
	IMP("CPUPMR_EL3", 6, 15, 8, 3, PL3_RW, IMP_N1),

	/* ---- cache maintenance ---- */
	OP("IC IALLUIS", 0, 7, 1, 0, PL1_W, check_tpu, SRF_ENDS_BLOCK, op_ic_all, .arg = 1),
	OP("IC IALLU", 0, 7, 5, 0, PL1_W, check_tpu, SRF_ENDS_BLOCK, op_ic_all),
	OP("IC IVAU", 3, 7, 5, 1, PL0_W, check_tpu_el0, SRF_VA_OP | SRF_VA_FETCH | SRF_ENDS_BLOCK, NULL),
	DC_VA("DC ZVA", 3, 4, 1, PL0_W, check_tdz),
	OP("DC IVAC", 0, 7, 6, 1, PL1_W, check_tpcp, SRF_VA_OP | SRF_VA_WRITE, NULL),
	OP("DC ISW", 0, 7, 6, 2, PL1_W, check_tsw, 0, op_nothing),
	OP("DC CSW", 0, 7, 10, 2, PL1_W, check_tsw, 0, op_nothing),
	OP("DC CISW", 0, 7, 14, 2, PL1_W, check_tsw, 0, op_nothing),
	DC_VA("DC CVAC", 3, 10, 1, PL0_W, check_tpcp_el0),
	DC_VA("DC CVAU", 3, 11, 1, PL0_W, check_tpu_el0),
	DC_VA("DC CVAP", 3, 12, 1, PL0_W, check_tpcp_el0, .feature = FEAT(DPB)),
	DC_VA("DC CIVAC", 3, 14, 1, PL0_W, check_tpcp_el0),

	/* ---- address translation ---- */
	AT("S1E1R", 0, 8, 0, PL1_W, NULL, 0, 1),
	AT("S1E1W", 0, 8, 1, PL1_W, NULL, 0, 1 | AT_WRITE),
	AT("S1E0R", 0, 8, 2, PL1_W, NULL, 0, 1 | AT_USER),
	AT("S1E0W", 0, 8, 3, PL1_W, NULL, 0, 1 | AT_USER | AT_WRITE),
	AT("S1E1RP", 0, 9, 0, PL1_W, NULL, FEAT(PAN2), 1 | AT_PAN),
	AT("S1E1WP", 0, 9, 1, PL1_W, NULL, FEAT(PAN2), 1 | AT_PAN | AT_WRITE),
	AT("S1E2R", 4, 8, 0, PL2_W, check_el2_enabled, FEAT(EL2), 2),
	AT("S1E2W", 4, 8, 1, PL2_W, check_el2_enabled, FEAT(EL2), 2 | AT_WRITE),
	AT("S12E1R", 4, 8, 4, PL2_W, NULL, 0, 1 | AT_S12),
	AT("S12E1W", 4, 8, 5, PL2_W, NULL, 0, 1 | AT_S12 | AT_WRITE),
	AT("S12E0R", 4, 8, 6, PL2_W, NULL, 0, 1 | AT_S12 | AT_USER),
	AT("S12E0W", 4, 8, 7, PL2_W, NULL, 0, 1 | AT_S12 | AT_USER | AT_WRITE),
	AT("S1E3R", 6, 8, 0, PL3_W, NULL, FEAT(EL3), 3),
	AT("S1E3W", 6, 8, 1, PL3_W, NULL, FEAT(EL3), 3 | AT_WRITE),

	/* ---- TLB maintenance (each of EL1 and EL3 is two rows: inner shareable and local) ---- */
	TLBI1("VMALLE1", 0, TLBI_VMALL, 0),
	TLBI1("VAE1", 1, TLBI_VA, 0),
	TLBI1("ASIDE1", 2, TLBI_ASID, 0),
	TLBI1("VAAE1", 3, TLBI_VAA, 0),
	TLBI1("VALE1", 5, TLBI_VA, 1),
	TLBI1("VAALE1", 7, TLBI_VAA, 1),
	TLBI2("IPAS2E1IS", 0, 1, TLBI_IPA, 1, 0, 1, NULL, 0),
	TLBI2("IPAS2E1", 4, 1, TLBI_IPA, 1, 0, 0, NULL, 0),
	TLBI2("IPAS2LE1IS", 0, 5, TLBI_IPA, 1, 1, 1, NULL, 0),
	TLBI2("IPAS2LE1", 4, 5, TLBI_IPA, 1, 1, 0, NULL, 0),
	TLBI2("ALLE2IS", 3, 0, TLBI_ALL, 2, 0, 1, check_el2_enabled, FEAT(EL2)),
	TLBI2("ALLE2", 7, 0, TLBI_ALL, 2, 0, 0, check_el2_enabled, FEAT(EL2)),
	TLBI2("VAE2IS", 3, 1, TLBI_VA, 2, 0, 1, check_el2_enabled, FEAT(EL2)),
	TLBI2("VAE2", 7, 1, TLBI_VA, 2, 0, 0, check_el2_enabled, FEAT(EL2)),
	TLBI2("ALLE1IS", 3, 4, TLBI_ALL, 1, 0, 1, NULL, 0),
	TLBI2("ALLE1", 7, 4, TLBI_ALL, 1, 0, 0, NULL, 0),
	TLBI2("VALE2IS", 3, 5, TLBI_VA, 2, 1, 1, check_el2_enabled, FEAT(EL2)),
	TLBI2("VALE2", 7, 5, TLBI_VA, 2, 1, 0, check_el2_enabled, FEAT(EL2)),
	TLBI2("VMALLS12E1IS", 3, 6, TLBI_VMALLS12, 1, 0, 1, NULL, 0),
	TLBI2("VMALLS12E1", 7, 6, TLBI_VMALLS12, 1, 0, 0, NULL, 0),
	TLBI3("ALLE3", 0, TLBI_ALL, 0),
	TLBI3("VAE3", 1, TLBI_VA, 0),
	TLBI3("VALE3", 5, TLBI_VA, 1),
};
/* clang-format on */
const size_t cpu_sysregs_n = ARRAY_SIZE(cpu_sysregs);
