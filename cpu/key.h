/*
 * The block key: everything outside the instruction bytes that decode may rely on. Composed by cpu_update_context(); the
 * engine alone adds KEY_SINGLE. Two PEs' keys mean the same.
 */
#ifndef CPU_KEY_H
#define CPU_KEY_H

#include "base/bits.h"

#define KEY_EL(el)     ((u64)(el) << 0)  /* 2 bits */
#define KEY_EL_OF(k)   ((unsigned)((k) & 3))
#define KEY_SECURE     BIT(2)
#define KEY_E2H        BIT(3)  /* effective HCR_EL2.E2H */
#define KEY_TGE        BIT(4)
#define KEY_SPSEL      BIT(5)
#define KEY_BE         BIT(6)  /* data accesses of the current EL are big-endian */
#define KEY_ALIGN      BIT(7)  /* SCTLR.A of the current regime */
#define KEY_SP_BAD     BIT(8)  /* SP alignment checked here (SCTLR.SA/SA0) and x[31] is not 16-byte aligned now */
#define KEY_SP_CHECK   BIT(9)  /* SP alignment is checked here */
#define KEY_FP(el)     ((u64)(el) << 10) /* 2 bits: EL that FP/SIMD accesses trap to, 0: none */
#define KEY_FP_OF(k)   ((unsigned)((k) >> 10 & 3))
#define KEY_STEP       BIT(12) /* software step is active: one instruction at a time, checked before each */
#define KEY_BREAK      BIT(13) /* hardware breakpoints may match here: checked before each instruction */
#define KEY_UNPRIV_EL0 BIT(14) /* LDTR/STTR act as EL0 (informative: the fast contexts hold it) */
#define KEY_IL         BIT(15) /* PSTATE.IL: every instruction is an Illegal Execution state exception */
#define KEY_OBSERVED   BIT(16) /* instrumented twin of the handlers */
#define KEY_SINGLE     BIT(17) /* one instruction per block: exact stops, device accesses */

#define KEY_XLAT       BIT(18) /* some stage of translation is on: lookups are counted */

#endif
