/* Syndromes: one pure builder of ESR_ELx (or its ISS) per kind of exception. DDI0487 D19.2.37. */
#ifndef CPU_SYNDROME_H
#define CPU_SYNDROME_H

#include "cpu/exception.h"

#define ESR_IL (1u << 25)

/* ISS bits of data aborts that instructions describe at decode (u->iss, c->exit.iss). */
enum {
	ISS_ISV = 1 << 24,
	ISS_SSE = 1 << 21,
	ISS_SF = 1 << 15,
	ISS_AR = 1 << 14,
	ISS_EA = 1 << 9,
	ISS_CM = 1 << 8,
	ISS_S1PTW = 1 << 7,
	ISS_WNR = 1 << 6,
	ISS_SAS_SHIFT = 22,
	ISS_SRT_SHIFT = 16,
	ISS_VALID_FIELDS = 0x7ff << 14, /* what ISV covers, itself included: bits 24:14 */
};
/* ISS of Software Step. */
enum { ISS_STEP_ISV = 1 << 24, ISS_STEP_EX = 1 << 6 };

/* EC, IL = 1 (every A64 instruction has 32 bits, and the other cases read 1 too), ISS. */
u32 syndrome(unsigned ec, u32 iss);
/* ISS of a trapped MRS, MSR or SYS. enc: SR(); rt: 31 when there is none. */
u32 syndrome_sysreg(u32 enc, unsigned rt, bool read);
/* ISS of a trapped WFI or WFE. */
u32 syndrome_wfx(bool wfe);
/* ISS of a trapped FP or AdvSIMD instruction. */
u32 syndrome_fp(void);
/* DFSC or IFSC of a fault (bits 5:0). */
u32 syndrome_fsc(const struct fault *f);
/*
 * ISS of a data abort; iss: what the instruction says of itself (ISV..AR, CM, WnR). ISV survives
 * only for stage 2 aborts of the access itself that are taken to EL2 from a lower EL.
 */
u32 syndrome_dabt(const struct fault *f, u32 iss, bool to_el2_from_lower);
u32 syndrome_iabt(const struct fault *f);
u32 syndrome_watchpoint(bool write, bool cm);

#endif
