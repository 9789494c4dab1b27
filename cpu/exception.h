/*
 * Exceptions: one pure builder per syndrome, one function that routes and enters, one that returns. Nothing else changes EL.
 */
#ifndef CPU_EXCEPTION_H
#define CPU_EXCEPTION_H

#include "cpu/cpu.h"

enum exception_class {
	EC_UNKNOWN = 0x00, EC_WFX = 0x01, EC_FP = 0x07, EC_ILLEGAL = 0x0e, EC_SVC64 = 0x15, EC_HVC64 = 0x16, EC_SMC64 = 0x17,
	EC_SYS64 = 0x18, EC_IABT_LOWER = 0x20, EC_IABT = 0x21, EC_PC_ALIGN = 0x22, EC_DABT_LOWER = 0x24, EC_DABT = 0x25,
	EC_SP_ALIGN = 0x26, EC_FP_EXC64 = 0x2c, EC_SERROR = 0x2f, EC_BREAKPT_LOWER = 0x30, EC_BREAKPT = 0x31,
	EC_SOFTSTP_LOWER = 0x32, EC_SOFTSTP = 0x33, EC_WATCHPT_LOWER = 0x34, EC_WATCHPT = 0x35, EC_BRK64 = 0x3c,
};

enum vector_kind { VEC_SYNC, VEC_IRQ, VEC_FIQ, VEC_SERROR };

/* Name of an EC as `perf kvm stat` prints it for arm64 (HVC64, DABT_LOW, ...); IRQ/FIQ/SERROR via vector kind. */
const char *exception_name(enum vector_kind k, unsigned ec);

/* What a data or instruction abort depends on besides the fault. */
struct abort_access {
	u8 el;	    /* that makes the access */
	u64 hcr;    /* effective HCR_EL2 */
	bool fetch;
	u32 iss;    /* data: what the instruction says of itself (ISV..AR, CM, WnR) */
};
struct abort {
	u8 target, ec;
	u32 iss;
	bool hpfar_valid;
	u64 hpfar; /* as in the register */
};
/* The abort that a fault becomes; nothing is taken. */
void exception_abort(const struct cpu *c, const struct abort_access *a, const struct fault *f, struct abort *to);

/* Acts on c->exit (a synchronous exception of the instruction at c->pc; for SVC/HVC/SMC pc is already that of the instruction itself). */
void exception_sync(struct cpu *c);
/* Takes the highest-priority asynchronous exception that is pending and unmasked. False: none. */
bool exception_async(struct cpu *c);
/* Whether WFI would fall through: any interrupt pending that is routed here, masked or not (D1.16.2). */
bool exception_wakes_wfi(const struct cpu *c);
/* ESB (FEAT_RAS): defers or takes a pending SError as the manual says; takes it through c->attn, never enters itself. */
void exception_esb(struct cpu *c);
/* ERET from the current EL: PSTATE from SPSR_ELx, illegal-return rules (D1.11.4). */
void exception_return(struct cpu *c);

#endif
