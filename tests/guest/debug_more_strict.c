/*
 * Watchpoints on atomics (a load and a store; WnR 0 when the load alone matches), on DC IVAC (a store,
 * CM 1), on LDTR with PSTATE.UAO; the OS double lock; breakpoints that match a context or a VMID alone
 * (DDI0487 D2.8.3, D2.9.6, H4, ESR_EL1).
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* ours-alone: QEMU 11.1 watches no DC IVAC, has no breakpoints on a context alone, and does not trap a
 * stepped WFI */
#include "flat.h"

PROBE(nops, "nop\n\tnop");
PROBE(ldadd, "ldadd x1, x2, [x0]");
PROBE(cas, "cas x1, x2, [x0]");
PROBE(swp, "swp x1, x2, [x0]");
PROBE(wfi, "wfi");
PROBE(ivac, "dc ivac, x0");
PROBE(ldtr_uao, ".inst 0xd500417f\n\tldtr x1, [x0]");

static u64 memory[8] __attribute__((aligned(64)));

static void begin(u64 mdscr)
{
	WRITE(oslar_el1, 0);
	WRITE(S2_0_C1_C3_4, 0);
	flat_on(0);
	WRITE(mdscr_el1, mdscr);
}

static void watch(const u32 *probe, u64 va, u64 pac, u64 lsc)
{
	WRITE(dbgwvr0_el1, va & ~7ul);
	WRITE(dbgwcr0_el1, 1 | pac << 1 | lsc << 3 | 0xff << 5);
	RUN(SPSR_EL1 & ~SPSR_D, probe, va, 1, 2);
	WRITE(dbgwcr0_el1, 0);
}

static void atomics(void)
{
	static const u32 *const probes[] = { ldadd, cas, swp };

	if (!(READ(id_aa64isar0_el1) >> 20 & 15))
		return;
	begin(MDSCR_MDE | MDSCR_KDE);
	for (unsigned i = 0; i < ARRAY_SIZE(probes); i++) {
		for (u64 lsc = 1; lsc < 4; lsc++) {
			memory[0] = 1;
			watch(probes[i], (u64)memory, 3, lsc);
			EXPECT_EXC("atomic", 1, VEC_SAME,
				   ESR(EC_WATCHPT_SAME, FSC_DEBUG | (lsc == 2 ? ISS_WNR : 0)),
				   probes[i]);
			EXPECT_EQ("not done", memory[0], 1);
		}
	}
}

/* At least the line of CTR_EL0.DminLine around the address. */
static void invalidate(void)
{
	begin(MDSCR_MDE | MDSCR_KDE);
	for (u64 o = 0; o < 64; o += 24) {
		WRITE(dbgwvr0_el1, memory + 7);
		WRITE(dbgwcr0_el1, 1 | 3 << 1 | 2 << 3 | 0xff << 5);
		RUN(SPSR_EL1 & ~SPSR_D, ivac, (u64)memory + o);
		EXPECT_EXC("DC IVAC", 1, VEC_SAME,
			   ESR(EC_WATCHPT_SAME, FSC_DEBUG | ISS_CM | ISS_WNR), ivac);
	}
	WRITE(dbgwcr0_el1, 0);
	watch(ivac, (u64)memory, 3, 1);
	EXPECT_NO_EXC("DC IVAC is no load");
}

static void user_override(void)
{
	if (!(READ(id_aa64mmfr2_el1) >> 4 & 15))
		return;
	begin(MDSCR_MDE | MDSCR_KDE);
	for (u64 pac = 1; pac < 3; pac++) {
		watch(ldtr_uao, (u64)memory, pac, 3);
		EXPECT_EQ("LDTR with UAO", guest_cpu()->n_exc, pac == 1);
	}
}

static void double_lock(void)
{
	for (u64 on = 0; on < 2; on++) {
		begin(MDSCR_MDE);
		WRITE(dbgbvr0_el1, nops + 1);
		WRITE(dbgbcr0_el1, 1 | 3 << 1 | 0xf << 5);
		WRITE(S2_0_C1_C3_4, on);
		RUN(SPSR_EL0, flat_code(nops, 0));
		WRITE(dbgbvr0_el1, flat_code(nops, 0) + 1);
		RUN(SPSR_EL0, flat_code(nops, 0));
		EXPECT_EQ("breakpoint", guest_cpu()->n_exc, !on);
		WRITE(dbgbcr0_el1, 0);
		WRITE(S2_0_C1_C3_4, 0);
	}
}

/* BT 2: CONTEXTIDR_EL1; 8: the VMID; 10: both; at the first instruction of EL0. */
static void contexts(void)
{
	u32 last = READ(id_aa64dfr0_el1) >> 12 & 15;
	const u64 vmid = 5ul << 32, id = 0x77;

	for (u64 bt = 2; bt <= 10; bt++) {
		if (bt != 2 && bt != 8 && bt != 10)
			continue;
		for (unsigned wrong = 0; wrong < 3; wrong++) {
			unsigned hit = !((wrong == 1 && bt != 8) || (wrong == 2 && bt != 2));

			begin(MDSCR_MDE);
			RUN(SPSR_EL1, guest_insn(SR_WORD(SR(2, 0, 0, last, 4), 0, 0)), vmid | id);
			RUN(SPSR_EL1, guest_insn(SR_WORD(SR(2, 0, 0, last, 5), 0, 0)),
			    1 | 2 << 1 | 0xf << 5 | bt << 20);
			WRITE(contextidr_el1, id + (wrong == 1));
			WRITE(vttbr_el2, (5ul + (wrong == 2)) << 48);
			RUN(SPSR_EL0, flat_code(nops, 0));
			EXPECT_EQ("context", guest_cpu()->n_exc, hit);
			if (hit)
				EXPECT_EXC("context", 1, VEC_LOWER, ESR(EC_BREAKPT_LOWER, FSC_DEBUG),
					   flat_code(nops, 0));
			RUN(SPSR_EL1, guest_insn(SR_WORD(SR(2, 0, 0, last, 5), 0, 0)), 0);
		}
	}
	WRITE(contextidr_el1, 0);
}

/* A stepped WFI that is trapped was not executed. */
static void step_trapped_wfi(void)
{
	begin(MDSCR_SS | MDSCR_KDE);
	WRITE(hcr_el2, HCR_RW | HCR_TWI);
	RUN((SPSR_EL1 & ~SPSR_D) | SPSR_SS, wfi);
	EXPECT_EXC("TWI", 2, VEC_LOWER, ESR(EC_WFX, 0x1e00000), wfi);
	EXPECT_EQ("SS", guest_cpu()->exc[0].spsr & SPSR_SS, SPSR_SS);
}

GUEST_TESTS(TEST(step_trapped_wfi), TEST(atomics), TEST(invalidate), TEST(user_override), TEST(double_lock), TEST(contexts));
