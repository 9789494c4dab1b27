/* SP alignment faults by SCTLR_ELx.{SA,SA0} at EL0, EL1 and EL2 (DDI0487 D1.3.8.2). */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* ours-alone: QEMU does not check SP alignment (gen_check_sp_alignment is empty) */
#include "guest.h"
#include "bits.h"

static u8 data[64] __attribute__((aligned(64)));

PROBE(sp_load, "mov x2, sp\n\tmov sp, x0\n1: ldr x3, [sp]\n\tmov sp, x2");
PROBE(sp_store_pair, "mov x2, sp\n\tmov sp, x0\n1: stp x3, x4, [sp, #-16]!\n\tmov sp, x2");
PROBE(sp_prfm, "mov x2, sp\n\tmov sp, x0\n1: prfm pldl1keep, [sp]\n\tmov sp, x2");
PROBE(sp_add, "mov x2, sp\n\tmov sp, x0\n\tadd x3, sp, #16\n\tmov sp, x2");

static void sp_alignment(void)
{
	for (u64 el = 0; el <= 2; el++) {
		u64 to = el ? el : 1;
		unsigned vec = el ? VEC_SAME : VEC_LOWER;

		WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_SA | SCTLR_SA0);
		WRITE(sctlr_el2, SCTLR_EL2_RES1 | SCTLR_SA);
		RUN(SPSR_OF_EL(el), sp_load, data + 8);
		EXPECT_EXC("load", to, vec, ESR(EC_SP_ALIGN, 0), sp_load + 2);
		RUN(SPSR_OF_EL(el), sp_store_pair, data + 24);
		EXPECT_EXC("store", to, vec, ESR(EC_SP_ALIGN, 0), sp_store_pair + 2);
		RUN(SPSR_OF_EL(el), sp_load, data + 16);
		EXPECT_NO_EXC("aligned");
		RUN(SPSR_OF_EL(el), sp_add, data + 8);
		EXPECT_NO_EXC("no memory access");
		RUN(SPSR_OF_EL(el), sp_prfm, data + 8);
		EXPECT_NO_EXC("prefetch");
		WRITE(sctlr_el1, SCTLR_EL1_RES1);
		WRITE(sctlr_el2, SCTLR_EL2_RES1 & ~SCTLR_SA0);
		RUN(SPSR_OF_EL(el), sp_load, data + 8);
		EXPECT_NO_EXC("check off");
	}
}

/* SA0 and SA are separate, and SA follows the EL, not which SP is selected. */
static void sp_alignment_of_elxt(void)
{
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_SA0);
	RUN(SPSR_EL1, sp_load, data + 8);
	EXPECT_NO_EXC("EL1 with SA0");
	RUN(SPSR_EL1T, sp_load, data + 8);
	EXPECT_NO_EXC("EL1t with SA0");
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_SA);
	RUN(SPSR_EL0, sp_load, data + 8);
	EXPECT_NO_EXC("EL0 with SA");
	RUN(SPSR_EL1T, sp_load, data + 8);
	EXPECT_EXC("EL1t with SA", 1, VEC_SAME_SP0, ESR(EC_SP_ALIGN, 0), sp_load + 2);
}

GUEST_TESTS(TEST(sp_alignment), TEST(sp_alignment_of_elxt));
