/*
 * Self-hosted debug beyond debug.c: the state machine of software step around exceptions and returns,
 * linked breakpoints and watchpoints, which states HMC, SSC and PAC name (DDI0487 D2.8 to D2.11,
 * table D2-13), and what of an access a watchpoint looks at.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "flat.h"

#define STEP_ISV BIT(24)
#define STEP_EX BIT(6)
#define ISS_STEP(iss) (FSC_DEBUG | STEP_ISV | (iss))

PROBE(nops, "nop\n\tnop\n\tnop");
PROBE(ldxr, "ldxr x1, [x0]");
PROBE(ldaxp, "ldaxp x1, x2, [x0]");
PROBE(stxr, "stxr w4, x1, [x0]");
PROBE(clrex, "clrex");
PROBE(load, "ldr x1, [x0]");
PROBE(store, "str x1, [x0]");
PROBE(ldtr, "ldtr x1, [x0]");
PROBE(svc, "svc #0");
PROBE(hvc, "hvc #0");
PROBE(brk, "brk #3");
PROBE(smc, "smc #0");
PROBE(mrs, "mrs x0, midr_el1");

static u64 memory[8] __attribute__((aligned(64)));

static void unlock(void)
{
	WRITE(oslar_el1, 0);
	WRITE(S2_0_C1_C3_4, 0);                 /* OSDLR_EL1 */
}

/* ESR_ELx.EX: only after a load exclusive. */
static void step_exclusives(void)
{
	static const struct {
		const u32 *probe;
		u64 ex;
	} rows[] = {
		{ ldxr, STEP_EX }, { ldaxp, STEP_EX }, { stxr, 0 }, { clrex, 0 }, { load, 0 },
	};

	unlock();
	WRITE(mdscr_el1, MDSCR_SS);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		RUN(SPSR_EL0 | SPSR_SS, rows[i].probe, memory);
		EXPECT_EXC("EX", 1, VEC_LOWER, ESR(EC_STEP_LOWER, ISS_STEP(rows[i].ex)),
			   rows[i].probe + 1);
	}
}

/* Calls are complete; what was trapped or faulted is not, and PSTATE.SS is saved as it was. */
static void step_into_exceptions(void)
{
	static const struct {
		const char *name;
		const u32 *probe;
		u64 el, to, hcr, esr, ss;
	} rows[] = {
		{ "hvc", hvc, 1, 2, 0, ESR(EC_HVC, 0), 0 },
		{ "smc, TSC", smc, 1, 2, HCR_TSC, ESR(EC_SMC, 0), SPSR_SS },
		{ "brk", brk, 0, 1, 0, ESR(EC_BRK, 3), SPSR_SS },
		{ "undefined", mrs, 0, 1, 0, ESR(EC_UNKNOWN, 0), SPSR_SS },
	};

	unlock();
	WRITE(mdscr_el1, MDSCR_SS | MDSCR_KDE);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		WRITE(hcr_el2, HCR_RW | rows[i].hcr);
		RUN((SPSR_OF_EL(rows[i].el) & ~SPSR_D) | SPSR_SS, rows[i].probe);
		EXPECT_EXC(rows[i].name, rows[i].to, VEC_LOWER, rows[i].esr,
			   rows[i].probe + (rows[i].probe == hvc));
		EXPECT_EQ(rows[i].name, guest_cpu()->exc[0].spsr & SPSR_SS, rows[i].ss);
	}
}

static unsigned n_steps;

static enum guest_action then_step(struct exc *e)
{
	return e->esr >> 26 == EC_SVC || (e->vec & 0x180) == VEC_IRQ ? (n_steps++, GUEST_RESUME) :
								       GUEST_HOME;
}

/* After a stepped SVC the return has SS clear: the step is due at once, with no valid syndrome. */
static void step_after_call(void)
{
	unlock();
	WRITE(mdscr_el1, MDSCR_SS);
	guest_cpu()->handler = then_step;
	n_steps = 0;
	RUN(SPSR_EL0 | SPSR_SS, svc);
	EXPECT_EQ("svc, then step", n_steps, 1);
	EXPECT_EQ("EC", guest_cpu()->exc[1].esr, ESR(EC_STEP_LOWER, FSC_DEBUG));
	EXPECT_EQ("ELR", guest_cpu()->exc[1].elr, svc + 1);
}

/* An interrupt before the step: SS is saved set, so the instruction is stepped after it. */
static void step_and_interrupt(void)
{
	unlock();
	WRITE(mdscr_el1, MDSCR_SS);
	WRITE(hcr_el2, HCR_RW | HCR_IMO | HCR_VI);
	RUN((SPSR_EL0 & ~SPSR_I) | SPSR_SS, nops);
	EXPECT_EQ("IRQ", guest_cpu()->exc[0].vec, VEC_LOWER + VEC_IRQ);
	EXPECT_EQ("ELR", guest_cpu()->exc[0].elr, nops);
	EXPECT_EQ("SS", guest_cpu()->exc[0].spsr & SPSR_SS, SPSR_SS);
}

/* Enabled at its own EL: due after the context synchronization that makes it so. */
PROBE(enable_here, "msr mdscr_el1, x0\n\tisb\n\tnop");

static void step_enabled_here(void)
{
	unlock();
	RUN(SPSR_EL1 & ~SPSR_D, enable_here, MDSCR_SS | MDSCR_KDE);
	EXPECT_EQ("EC", guest_cpu()->exc[0].esr >> 26, EC_STEP_SAME);
	/* or right after the MSR: a change may be seen early */
	EXPECT("ELR", guest_cpu()->exc[0].elr - (u64)(enable_here + 1) <= 4);
	WRITE(mdscr_el1, 0);
}

#define BCR(bt, lbn, pmc) (1ul | (u64)(pmc) << 1 | 0xful << 5 | (u64)(lbn) << 16 | (u64)(bt) << 20)
#define BT_LINKED_ADDRESS 1
#define BT_LINKED_CONTEXT 3

/* The last breakpoint is aware of contexts on all cores: its value and its control. */
static void write_last(u64 value, u64 control)
{
	u32 last = READ(id_aa64dfr0_el1) >> 12 & 15;
	const u32 *insn = guest_insn(SR_WORD(SR(2, 0, 0, last, 4), 0, 0));

	RUN(SPSR_EL1, insn, value);
	insn = guest_insn(SR_WORD(SR(2, 0, 0, last, 5), 0, 0));
	RUN(SPSR_EL1, insn, control);
}

static void linked(void)
{
	u32 last = READ(id_aa64dfr0_el1) >> 12 & 15;

	unlock();
	WRITE(mdscr_el1, MDSCR_MDE);
	for (unsigned on = 0; on < 2; on++) {
		for (u64 context = 0x11; context < 0x13; context++) {
			write_last(0x11, BCR(BT_LINKED_CONTEXT, 0, 3) - !on);
			WRITE(contextidr_el1, context);
			WRITE(dbgbvr0_el1, nops + 1);
			WRITE(dbgbcr0_el1, BCR(BT_LINKED_ADDRESS, last, 3));
			RUN(SPSR_EL0, nops);
			if (on && context == 0x11)
				EXPECT_EXC("linked", 1, VEC_LOWER, ESR(EC_BREAKPT_LOWER, FSC_DEBUG),
					   nops + 1);
			else
				EXPECT_NO_EXC("linked breakpoint");
			WRITE(dbgbcr0_el1, 0);
			WRITE(dbgwvr0_el1, memory);
			WRITE(dbgwcr0_el1, 0x1fff | BIT(20) | (u64)last << 16);
			RUN(SPSR_EL0, load, memory);
			if (on && context == 0x11)
				EXPECT_EXC("linked", 1, VEC_LOWER, ESR(EC_WATCHPT_LOWER, FSC_DEBUG),
					   load);
			else
				EXPECT_NO_EXC("linked watchpoint");
			WRITE(dbgwcr0_el1, 0);
		}
	}
	write_last(0, 0);
	WRITE(contextidr_el1, 0);
}

/* Table D2-13, the rows that exist without Secure state: the ELs that each names. */
static void states(void)
{
	static const struct {
		u64 hmc, ssc, pac;
		unsigned els;
	} rows[] = {
		{ 0, 0, 1, 2 }, { 0, 0, 2, 1 }, { 0, 0, 3, 3 }, { 1, 0, 1, 6 }, { 1, 0, 3, 7 },
		{ 1, 1, 0, 4 }, { 1, 3, 0, 4 },
	};

	unlock();
	WRITE(mdscr_el1, MDSCR_MDE | MDSCR_KDE);
	WRITE(mdcr_el2, 6 | MDCR_TDE);
	WRITE(dbgbvr0_el1, nops + 1);
	WRITE(dbgwvr0_el1, memory);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 field = rows[i].hmc << 13 | rows[i].ssc << 14 | rows[i].pac << 1;

		for (u64 el = 0; el <= 2; el++) {
			unsigned hit = rows[i].els >> el & 1;

			WRITE(dbgbcr0_el1, 1 | 0xf << 5 | field);
			RUN(SPSR_OF_EL(el) & ~SPSR_D, nops);
			WRITE(dbgbcr0_el1, 0);
			EXPECT_EQ("breakpoint", guest_cpu()->n_exc, hit);
			WRITE(dbgwcr0_el1, 1 | 0x3ff << 3 | field);
			RUN(SPSR_OF_EL(el) & ~SPSR_D, load, memory);
			WRITE(dbgwcr0_el1, 0);
			EXPECT_EQ("watchpoint", guest_cpu()->n_exc, hit);
		}
	}
}

static void watch(const u32 *probe, u64 va, u64 wvr, u64 wcr)
{
	WRITE(dbgwvr0_el1, wvr);
	WRITE(dbgwcr0_el1, 1 | wcr);
	RUN(SPSR_EL1 & ~SPSR_D, probe, va, 1, 2);
	WRITE(dbgwcr0_el1, 0);
}

#define PAC(n) ((u64)(n) << 1)
#define LSC(n) ((u64)(n) << 3)
#define BAS(n) ((u64)(n) << 5)

PROBE(zva, "dc zva, x0");
PROBE(cvac, "dc cvac, x0");
PROBE(prfm, "prfm pstl1keep, [x0]");
PROBE(pair, "ldxr x3, [x0]\n\tstxr w4, x1, [x0]");

static void instructions(void)
{
	u64 ldtr_el;

	unlock();
	flat_on(0);
	WRITE(mdscr_el1, MDSCR_MDE | MDSCR_KDE);
	/* every byte of the block of DC ZVA, which is a store */
	memory[7] = 5;
	watch(zva, (u64)memory + 9, (u64)&memory[7], PAC(3) | LSC(2) | BAS(0x80));
	EXPECT_EXC("DC ZVA", 1, VEC_SAME, ESR(EC_WATCHPT_SAME, FSC_DEBUG | ISS_WNR), zva);
	EXPECT("FAR", guest_cpu()->exc[0].far >> 6 == (u64)memory >> 6);
	EXPECT_EQ("not zero", memory[7], 5);
	watch(zva, (u64)memory + 9, (u64)&memory[7], PAC(3) | LSC(1) | BAS(0x80));
	EXPECT_NO_EXC("DC ZVA is no load");
	watch(cvac, (u64)memory, (u64)memory, PAC(3) | LSC(3) | BAS(0xff));
	EXPECT_NO_EXC("DC CVAC");
	watch(prfm, (u64)memory, (u64)memory, PAC(3) | LSC(3) | BAS(0xff));
	EXPECT_NO_EXC("PRFM");
	watch(pair, (u64)memory, (u64)memory, PAC(3) | LSC(1) | BAS(0xff));
	EXPECT_EXC("LDXR", 1, VEC_SAME, ESR(EC_WATCHPT_SAME, FSC_DEBUG), pair);
	/* LDTR at EL1 is of EL0 */
	for (ldtr_el = 1; ldtr_el < 3; ldtr_el++) {
		watch(ldtr, flat_at(memory, FLAT_USER), flat_at(memory, FLAT_USER),
		      PAC(ldtr_el) | LSC(3) | BAS(0xff));
		EXPECT_EQ("LDTR", guest_cpu()->n_exc, ldtr_el == 2);
	}
	/* an unaligned access with one byte in the doubleword; a word's address: BAS<3:0> of it */
	watch(load, (u64)memory + 1, (u64)&memory[1], PAC(3) | LSC(3) | BAS(1));
	EXPECT_EXC("last byte", 1, VEC_SAME, ESR(EC_WATCHPT_SAME, FSC_DEBUG), load);
	watch(load, (u64)memory + 1, (u64)&memory[1], PAC(3) | LSC(3) | BAS(2));
	EXPECT_NO_EXC("beyond the last byte");
	watch(store, (u64)memory, (u64)memory + 4, PAC(3) | LSC(2) | BAS(8));
	EXPECT_EXC("word", 1, VEC_SAME, ESR(EC_WATCHPT_SAME, FSC_DEBUG | ISS_WNR), store);
}

GUEST_TESTS(TEST(step_exclusives), TEST(step_into_exceptions), TEST(step_after_call),
	    TEST(step_and_interrupt), TEST(step_enabled_here), TEST(linked), TEST(states),
	    TEST(instructions));
