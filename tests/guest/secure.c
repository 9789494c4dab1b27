/*
 * Secure EL0 and EL1 (SCR_EL3.NS = 0) without Secure EL2: EL2 does not exist there, so none of its
 * controls apply, HVC is undefined, and a return to EL2 is illegal. Secure memory is not for the
 * Non-secure state.
 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

#define SECURE_RAM 0x0e000000ul

PROBE(nop, "nop");
PROBE(svc, "svc #1");
PROBE(hvc, "hvc #1");
PROBE(smc, "smc #1");
PROBE(wfi_trap, "wfi");
PROBE(ttbr, "mrs x0, ttbr0_el1");
PROBE(fmov, "fmov d0, xzr");
PROBE(load, "ldr x0, [x0]");
PROBE(store, "str x1, [x0]");
PROBE(midr, "mrs x0, midr_el1");
PROBE(current_el, "mrs x0, CurrentEL");

static void secure(u64 more)
{
	WRITE(scr_el3, (SCR_DEFAULT & ~(SCR_NS | SCR_HCE)) | more);
}

static void calls(void)
{
	secure(0);
	RUN(SPSR_EL0, svc);
	EXPECT_EXC("svc", 1, VEC_LOWER, ESR(EC_SVC, 1), svc + 1);
	RUN(SPSR_EL1, hvc);
	EXPECT_EXC("hvc", 1, VEC_SAME, ESR(EC_UNKNOWN, 0), hvc);
	RUN(SPSR_EL1, smc);
	EXPECT_EXC("smc", 3, VEC_LOWER, ESR(EC_SMC, 1), smc + 1);
	EXPECT_EQ("EL", RUN(SPSR_EL1, current_el), 4);
}

static void no_el2(void)
{
	secure(0);
	RUN(SPSR_EL2, nop);
	EXPECT_EXC("return to EL2", 3, VEC_SAME, ESR(EC_ILLEGAL, 0), nop);
}

/* Everything of EL2 set; nothing of it happens. */
static void el2_controls_are_off(void)
{
	u64 real = READ(midr_el1);

	WRITE(hcr_el2, HCR_RW | HCR_TVM | HCR_TRVM | HCR_TSC | HCR_TWI | HCR_TWE | HCR_VM |
			       HCR_IMO | HCR_VI | HCR_TGE);
	WRITE(cptr_el2, CPTR_EL2_DEFAULT | CPTR_TFP | CPTR_TCPAC);
	WRITE(mdcr_el2, MDCR_TDA | MDCR_TDE);
	WRITE(vpidr_el2, 0x12345678);
	secure(0);
	RUN(SPSR_EL1, ttbr);
	EXPECT_NO_EXC("TRVM");
	RUN(SPSR_EL1, fmov);
	EXPECT_NO_EXC("TFP");
	RUN(SPSR_EL0, svc);
	EXPECT_EXC("TGE", 1, VEC_LOWER, ESR(EC_SVC, 1), svc + 1);
	RUN(SPSR_EL1, smc);
	EXPECT_EXC("TSC", 3, VEC_LOWER, ESR(EC_SMC, 1), smc + 1);
	RUN(SPSR_EL1 & ~SPSR_I, nop);
	EXPECT_NO_EXC("VI");
	EXPECT_EQ("VPIDR", RUN(SPSR_EL1, midr), real);
	/* its own controls do work */
	secure(SCR_TWI);
	RUN(SPSR_EL1, wfi_trap);
	EXPECT_EXC("SCR.TWI", 3, VEC_LOWER, ESR(EC_WFX, BIT(24) | 0xe << 20), wfi_trap);
}

static void secure_memory(void)
{
	volatile u64 *p = (u64 *)SECURE_RAM;

	*p = 0x5ec0de;
	EXPECT_EQ("EL3", *p, 0x5ec0de);
	secure(0);
	EXPECT_EQ("Secure EL1", RUN(SPSR_EL1, load, p), 0x5ec0de);
	EXPECT_NO_EXC("Secure EL1");
	RUN(SPSR_EL0, store, p, 0x77);
	EXPECT_EQ("Secure EL0", *p, 0x77);
	WRITE(scr_el3, SCR_DEFAULT);
	RUN(SPSR_EL1, load, p);
	EXPECT_EXC("Non-secure EL1", 1, VEC_SAME, ESR(EC_DABT_SAME, FSC_EXTERNAL), load);
	RUN(SPSR_EL2, store, p);
	EXPECT_EXC("Non-secure EL2", 2, VEC_SAME, ESR(EC_DABT_SAME, FSC_EXTERNAL | ISS_WNR), store);
	EXPECT_EQ("untouched", *p, 0x77);
}

/* The NS bit of a Secure stage 1 descriptor makes the access Non-secure. */
static void ns_bit(void)
{
	static u64 *root;
	volatile u64 *p = (u64 *)SECURE_RAM;

	*p = 0x11;
	root = pt_new();
	pt_identity(root, 1, PT_S1_DEVICE, PT_S1_NORMAL);
	pt_map(root, 1, 0x70000000, SECURE_RAM, 2, PT_S1_NORMAL);
	pt_map(root, 1, 0x70200000, SECURE_RAM, 2, PT_S1_NORMAL | BIT(5));
	WRITE(mair_el1, PT_MAIR);
	WRITE(tcr_el1, PT_TCR_EL1);
	WRITE(ttbr0_el1, root);
	secure(0);
	INSN("tlbi vmalle1\n\tdsb sy\n\tisb");
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_M);
	EXPECT_EQ("NS = 0", RUN(SPSR_EL1, load, 0x70000000), 0x11);
	RUN(SPSR_EL1, load, 0x70200000);
	EXPECT_EXC("NS = 1", 1, VEC_SAME, ESR(EC_DABT_SAME, FSC_EXTERNAL), load);
	/* the same tables in the Non-secure state: everything is Non-secure */
	WRITE(scr_el3, SCR_DEFAULT);
	RUN(SPSR_EL1, load, 0x70000000);
	EXPECT_EXC("Non-secure state", 1, VEC_SAME, ESR(EC_DABT_SAME, FSC_EXTERNAL), load);
	INSN("tlbi alle1\n\tdsb sy");
	secure(0);
	INSN("tlbi alle1\n\tdsb sy");
}

/* SCR_EL3.SIF: Secure state fetches no instruction from Non-secure memory. */
static void sif(void)
{
	u64 *root = pt_new();

	pt_identity(root, 1, PT_S1_DEVICE, PT_S1_NORMAL);
	pt_map(root, 1, 0x70000000, 0x40000000, 2, PT_S1_NORMAL | BIT(5));
	WRITE(mair_el1, PT_MAIR);
	WRITE(tcr_el1, PT_TCR_EL1);
	WRITE(ttbr0_el1, root);
	secure(BIT(9));
	INSN("tlbi vmalle1\n\tdsb sy\n\tisb");
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_M);
	RUN(SPSR_EL1, nop);
	EXPECT_NO_EXC("Secure fetch");
	RUN(SPSR_EL1, (u64)nop + 0x30000000);
	EXPECT_EXC("Non-secure fetch", 1, VEC_SAME, ESR(EC_IABT_SAME, FSC_PERMISSION(2)),
		   (u64)nop + 0x30000000);
}

GUEST_TESTS(TEST(calls), TEST(no_el2), TEST(el2_controls_are_off), TEST(secure_memory),
	    TEST(ns_bit), TEST(sif));
