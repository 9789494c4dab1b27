/*
 * The OS Lock disables breakpoints, watchpoints and software step, not BRK (DDI0487 D2.1.7); a
 * pending step comes before PC alignment, and the abort of a fetch before a breakpoint there
 * (D1.3.5.5).
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* ours-alone: QEMU 11.1 stores the OS Lock without effect on debug exceptions, prefers PC alignment
 * to a pending step and a breakpoint to the abort of the fetch */
#include "guest.h"
#include "bits.h"

PROBE(nops, "nop\n\tnop\n\tnop");
PROBE(ldr_x, "ldr x1, [x0]");
PROBE(brk, "brk #1");

static u64 memory[8] __attribute__((aligned(64)));

static void lock(u64 on)
{
	WRITE(oslar_el1, on);
	EXPECT_EQ("OSLSR_EL1.OSLK", READ(oslsr_el1) & 2, on ? 2 : 0);
}

static void breakpoint(void)
{
	lock(1);
	WRITE(mdscr_el1, MDSCR_MDE);
	WRITE(dbgbvr0_el1, nops + 1);
	WRITE(dbgbcr0_el1, 1 | 3 << 1 | 0xf << 5);
	RUN(SPSR_EL0, nops);
	EXPECT_NO_EXC("locked");
	lock(0);
	RUN(SPSR_EL0, nops);
	EXPECT_EXC("unlocked", 1, VEC_LOWER, ESR(EC_BREAKPT_LOWER, FSC_DEBUG), nops + 1);
	WRITE(dbgbcr0_el1, 0);
}

static void watchpoint(void)
{
	lock(1);
	WRITE(mdscr_el1, MDSCR_MDE);
	WRITE(dbgwvr0_el1, memory);
	WRITE(dbgwcr0_el1, 1 | 3 << 1 | 3 << 3 | 0xff << 5);
	RUN(SPSR_EL0, ldr_x, memory);
	EXPECT_NO_EXC("locked");
	lock(0);
	RUN(SPSR_EL0, ldr_x, memory);
	EXPECT_EXC("unlocked", 1, VEC_LOWER, ESR(EC_WATCHPT_LOWER, FSC_DEBUG), ldr_x);
	WRITE(dbgwcr0_el1, 0);
}

static void step_and_brk(void)
{
	lock(1);
	WRITE(mdscr_el1, MDSCR_SS);
	RUN(SPSR_EL0 | SPSR_SS, nops);
	EXPECT_NO_EXC("step, locked");
	RUN(SPSR_EL0, brk);
	EXPECT_EXC("brk, locked", 1, VEC_LOWER, ESR(EC_BRK, 1), brk);
	lock(0);
	RUN(SPSR_EL0 | SPSR_SS, nops);
	EXPECT_EXC("step, unlocked", 1, VEC_LOWER, ESR(EC_STEP_LOWER, BIT(24) | FSC_DEBUG),
		   nops + 1);
}

static void step_before_pc_alignment(void)
{
	u64 target = (u64)nops + 2;

	lock(0);
	WRITE(mdscr_el1, MDSCR_SS);
	RUN(SPSR_EL0, target);
	EXPECT_EXC("step", 1, VEC_LOWER, ESR(EC_STEP_LOWER, FSC_DEBUG), target);
}

static void abort_before_breakpoint(void)
{
	u64 *root = pt_new(), gap = 0x70000000;

	lock(0);
	pt_identity(root, 1, PT_S1_DEVICE, PT_S1_NORMAL);
	WRITE(mair_el1, PT_MAIR);
	WRITE(tcr_el1, PT_TCR_EL1);
	WRITE(ttbr0_el1, root);
	INSN("tlbi alle1\n\tdsb sy\n\tisb");
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_M);
	WRITE(mdscr_el1, MDSCR_MDE | MDSCR_KDE);
	WRITE(dbgbvr0_el1, gap);
	WRITE(dbgbcr0_el1, 1 | 3 << 1 | 0xf << 5);
	RUN(SPSR_EL1 & ~SPSR_D, gap);
	EXPECT_EXC("abort", 1, VEC_SAME, ESR(EC_IABT_SAME, FSC_TRANSLATION(2)), gap);
	WRITE(dbgbcr0_el1, 0);
}

GUEST_TESTS(TEST(breakpoint), TEST(watchpoint), TEST(step_and_brk),
	    TEST(step_before_pc_alignment), TEST(abort_before_breakpoint));
