/*
 * Builders of ESR_ELx: pure functions, one per kind (DDI0487 D19.2.37). Which register receives the
 * value is exception.c's matter. Not here: AArch32 kinds (no AArch32 state) and those of features
 * that no core has.
 */
#include "cpu/syndrome.h"

#include "base/bits.h"

#define CV_COND_AL (0x1eu << 20) /* CV = 1, COND = always: A64 instructions are not conditional */

u32 syndrome(unsigned ec, u32 iss)
{
	return (u32)ec << 26 | ESR_IL | (iss & 0x1ffffff);
}

u32 syndrome_sysreg(u32 enc, unsigned rt, bool read)
{
	u32 op0 = enc >> 14 & 3, op1 = enc >> 11 & 7, crn = enc >> 7 & 15, crm = enc >> 3 & 15,
	    op2 = enc & 7;

	return op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | (u32)rt << 5 | crm << 1 | read;
}

u32 syndrome_wfx(bool wfe)
{
	return CV_COND_AL | wfe;
}

u32 syndrome_fp(void)
{
	return CV_COND_AL;
}

u32 syndrome_fsc(const struct fault *f)
{
	u32 level = (u32)f->level & 3;

	switch (f->kind) {
	case FAULT_ADDR_SIZE:
		return 0x00 | level;
	case FAULT_TRANSLATION:
		return 0x04 | level;
	case FAULT_ACCESS_FLAG:
		return 0x08 | level;
	case FAULT_PERMISSION:
		return 0x0c | level;
	case FAULT_EXTERNAL:
		return 0x10;
	case FAULT_EXTERNAL_WALK:
		return 0x14 | level;
	case FAULT_ALIGNMENT:
		return 0x21;
	case FAULT_DEBUG:
		return 0x22;
	case FAULT_TLB_CONFLICT:
		return 0x30;
	case FAULT_ATOMIC:
		return 0x35;
	default:
		return 0x10; /* no such fault: an external abort is the vaguest */
	}
}

u32 syndrome_dabt(const struct fault *f, u32 iss, bool to_el2_from_lower)
{
	bool s2 = f->stage == 2 && f->kind != FAULT_EXTERNAL && f->kind != FAULT_EXTERNAL_WALK;

	if (!(s2 && to_el2_from_lower) || f->s1ptw || !(iss & ISS_ISV))
		iss &= ~(u32)ISS_VALID_FIELDS;
	iss &= ISS_VALID_FIELDS | ISS_CM | ISS_WNR;
	if (f->s1ptw) {
		iss |= ISS_S1PTW;
		/* the access that failed is the walk's, unless a maintenance instruction (always
		 * reported as a write) made it */
		if (!(iss & ISS_CM))
			iss = (iss & ~(u32)ISS_WNR) | (f->write ? ISS_WNR : 0);
	}
	return iss | syndrome_fsc(f);
}

u32 syndrome_iabt(const struct fault *f)
{
	return (f->s1ptw ? ISS_S1PTW : 0) | syndrome_fsc(f);
}

u32 syndrome_watchpoint(bool write, bool cm)
{
	return (cm ? ISS_CM : 0) | (write ? ISS_WNR : 0) | 0x22;
}

#define EC_NAME(ec, name) [ec] = name
static const char *const ec_names[64] = {
	EC_NAME(EC_UNKNOWN, "UNKNOWN"),
	EC_NAME(EC_WFX, "WFx"),
	EC_NAME(0x03, "CP15_32"),
	EC_NAME(0x04, "CP15_64"),
	EC_NAME(0x05, "CP14_MR"),
	EC_NAME(0x06, "CP14_LS"),
	EC_NAME(EC_FP, "FP_ASIMD"),
	EC_NAME(0x08, "CP10_ID"),
	EC_NAME(0x09, "PAC"),
	EC_NAME(0x0c, "CP14_64"),
	EC_NAME(0x0d, "BTI"),
	EC_NAME(EC_ILLEGAL, "ILL"),
	EC_NAME(0x11, "SVC32"),
	EC_NAME(0x12, "HVC32"),
	EC_NAME(0x13, "SMC32"),
	EC_NAME(EC_SVC64, "SVC64"),
	EC_NAME(EC_HVC64, "HVC64"),
	EC_NAME(EC_SMC64, "SMC64"),
	EC_NAME(EC_SYS64, "SYS64"),
	EC_NAME(0x19, "SVE"),
	EC_NAME(0x1a, "ERET"),
	EC_NAME(0x1c, "FPAC"),
	EC_NAME(0x1f, "IMP_DEF"),
	EC_NAME(EC_IABT_LOWER, "IABT_LOW"),
	EC_NAME(EC_IABT, "IABT_CUR"),
	EC_NAME(EC_PC_ALIGN, "PC_ALIGN"),
	EC_NAME(EC_DABT_LOWER, "DABT_LOW"),
	EC_NAME(EC_DABT, "DABT_CUR"),
	EC_NAME(EC_SP_ALIGN, "SP_ALIGN"),
	EC_NAME(0x28, "FP_EXC32"),
	EC_NAME(EC_FP_EXC64, "FP_EXC64"),
	EC_NAME(EC_SERROR, "SERROR"),
	EC_NAME(EC_BREAKPT_LOWER, "BREAKPT_LOW"),
	EC_NAME(EC_BREAKPT, "BREAKPT_CUR"),
	EC_NAME(EC_SOFTSTP_LOWER, "SOFTSTP_LOW"),
	EC_NAME(EC_SOFTSTP, "SOFTSTP_CUR"),
	EC_NAME(EC_WATCHPT_LOWER, "WATCHPT_LOW"),
	EC_NAME(EC_WATCHPT, "WATCHPT_CUR"),
	EC_NAME(0x38, "BKPT32"),
	EC_NAME(0x3a, "VECTOR32"),
	EC_NAME(EC_BRK64, "BRK64"),
};

const char *exception_name(enum vector_kind k, unsigned ec)
{
	static const char *const kinds[] = {
		[VEC_IRQ] = "IRQ", [VEC_FIQ] = "FIQ", [VEC_SERROR] = "SERROR"
	};

	if (k != VEC_SYNC)
		return kinds[k];
	return ec_names[ec & 63] ? ec_names[ec & 63] : "RESERVED";
}
