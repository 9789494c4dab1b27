/*
 * All of sysreg_rows.c with STRICT: what QEMU is no reference for, the RES0 and RES1 bits that the
 * manual lets an implementation fix or hold, and unallocated encodings of later features.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,secure=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
/* ours-alone: QEMU 11.1 has no DBGPRCR_EL1, DBGAUTHSTATUS_EL1 and ERX registers, fixes
 * ICC_SRE_EL2.Enable and ICC_SRE_EL3.Enable at 1 (allowed), has other IMPLEMENTATION DEFINED
 * registers, lets EL0 do what PMUSERENR_EL0.SW, CR and ER allow whatever MDCR_EL2.TPM and MDCR_EL3.TPM
 * say, does not trap MDCR_EL2 by MDCR_EL3.TDA, does not hold MDCCINT_EL1, runs EL2's TLBI at
 * EL3 while EL2 is off, and at EL3 without EL2 has no ICH registers, TTBR1_EL2 and CNTHV registers
 * but an ICC_SRE_EL2 */
#define STRICT 1
#include "sysreg_rows.c"
