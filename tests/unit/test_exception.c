/* cpu/: routing, entry and return of exceptions, syndromes, masks, self-hosted debug. */
#include "base/bits.h"
#include "base/log.h"
#include "base/snap.h"
#include "cpu/context.h"
#include "cpu/debug.h"
#include "cpu/exception.h"
#include "cpu/key.h"
#include "cpu/syndrome.h"
#include "cpu/traps.h"
#include "tests/unit/harness.h"
#include "tests/unit/pe.h"

#define E2H_TGE (HCR_E2H | HCR_TGE)

static struct pe at(const char *core, bool el2, bool el3, u64 hcr, u64 scr, unsigned el)
{
	struct pe p = pe_new(core, el2, el3);

	p.c->sys.hcr_el2 = hcr | HCR_RW;
	p.c->sys.scr_el3 = scr | SCR_RW;
	for (unsigned n = 1; n < 4; n++)
		p.c->sys.vbar[n] = 0x10000ull * n;
	p.c->sys.oslsr_el1 = 8;
	p.c->pc = 0x4000;
	p.c->daif = 0;
	pe_at(p, el);
	return p;
}

TEST(syndromes)
{
	static const struct fault s2 = { .kind = FAULT_TRANSLATION, .stage = 2, .level = 3 };
	static const struct fault ptw = {
		.kind = FAULT_PERMISSION, .stage = 2, .level = 1, .s1ptw = true
	};
	static const struct fault align = { .kind = FAULT_ALIGNMENT, .stage = 1 };
	u32 iss = ISS_ISV | 3u << ISS_SAS_SHIFT | 7u << ISS_SRT_SHIFT | ISS_SF | ISS_WNR;

	EXPECT_EQ(syndrome(EC_SVC64, 0x1234), 0x56001234);
	EXPECT_EQ(syndrome(EC_UNKNOWN, 0), 0x02000000);
	EXPECT_EQ(syndrome(EC_WFX, syndrome_wfx(true)), 0x07e00001);
	EXPECT_EQ(syndrome(EC_FP, syndrome_fp()), 0x1fe00000);
	/* MSR TTBR0_EL1, x5: the manual's fields by hand */
	EXPECT_EQ(syndrome_sysreg(SR(3, 0, 2, 0, 0), 5, false), 3u << 20 | 2u << 10 | 5u << 5);
	EXPECT_EQ(syndrome_sysreg(SR(3, 3, 14, 0, 2), 9, true),
		  3u << 20 | 2u << 17 | 3u << 14 | 14u << 10 | 9u << 5 | 1);
	EXPECT_EQ(syndrome_dabt(&s2, iss, true), iss | 0x07);
	EXPECT_EQ(syndrome_dabt(&s2, iss, false), ISS_WNR | 0x07);
	EXPECT_EQ(syndrome_dabt(&ptw, iss, true), ISS_S1PTW | 0x0d);
	EXPECT_EQ(syndrome_dabt(&align, iss, true), ISS_WNR | 0x21);
	EXPECT_EQ(syndrome_dabt(&s2, ISS_CM | ISS_WNR, true), ISS_CM | ISS_WNR | 0x07);
	EXPECT_EQ(syndrome_iabt(&ptw), ISS_S1PTW | 0x0d);
	EXPECT_EQ(syndrome_watchpoint(true, false), 0x62);
}

TEST(fault_status_codes)
{
	static const struct {
		u8 kind;
		s8 level;
		u32 fsc;
	} rows[] = {
		{ FAULT_ADDR_SIZE, 0, 0x00 },	 { FAULT_ADDR_SIZE, 3, 0x03 },
		{ FAULT_TRANSLATION, 0, 0x04 },	 { FAULT_TRANSLATION, 2, 0x06 },
		{ FAULT_ACCESS_FLAG, 1, 0x09 },	 { FAULT_PERMISSION, 3, 0x0f },
		{ FAULT_EXTERNAL, 0, 0x10 },	 { FAULT_EXTERNAL_WALK, 1, 0x15 },
		{ FAULT_ALIGNMENT, 0, 0x21 },	 { FAULT_DEBUG, 0, 0x22 },
		{ FAULT_TLB_CONFLICT, 0, 0x30 }, { FAULT_ATOMIC, 0, 0x35 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fault f = { .kind = rows[i].kind, .level = rows[i].level };

		EXPECT_EQ(syndrome_fsc(&f), rows[i].fsc);
	}
}

TEST(names_are_those_of_perf_kvm_stat)
{
	EXPECT_STR(exception_name(VEC_SYNC, EC_HVC64), "HVC64");
	EXPECT_STR(exception_name(VEC_SYNC, EC_DABT_LOWER), "DABT_LOW");
	EXPECT_STR(exception_name(VEC_SYNC, EC_WFX), "WFx");
	EXPECT_STR(exception_name(VEC_SYNC, EC_SYS64), "SYS64");
	EXPECT_STR(exception_name(VEC_IRQ, 0), "IRQ");
	EXPECT_STR(exception_name(VEC_SYNC, 0x3f), "RESERVED");
}

/* Boards: 1 EL2 alone, 3 EL2 and EL3, 2 EL3 alone, 0 neither. All Non-secure unless scr says
 * otherwise. */
TEST(synchronous_exceptions_go_where_the_manual_says)
{
	static const struct {
		u8 board, el, kind;
		u64 hcr, scr, mdcr;
		u8 target;
		u16 ec;
		u8 elr; /* added to the PC */
	} rows[] = {
		{ 1, 0, EXIT_UNDEF, 0, 0, 0, 1, EC_UNKNOWN, 0 },
		{ 1, 0, EXIT_UNDEF, HCR_TGE, 0, 0, 2, EC_UNKNOWN, 0 },
		{ 1, 1, EXIT_UNDEF, 0, 0, 0, 1, EC_UNKNOWN, 0 },
		{ 1, 2, EXIT_UNDEF, 0, 0, 0, 2, EC_UNKNOWN, 0 },
		{ 3, 0, EXIT_UNDEF, HCR_TGE, 0, 0, 1, EC_UNKNOWN, 0 }, /* Secure: no EL2 */
		{ 0, 0, EXIT_SVC, 0, 0, 0, 1, EC_SVC64, 4 },
		{ 1, 0, EXIT_SVC, E2H_TGE, 0, 0, 2, EC_SVC64, 4 },
		{ 1, 2, EXIT_SVC, 0, 0, 0, 2, EC_SVC64, 4 },
		{ 1, 1, EXIT_HVC, 0, 0, 0, 2, EC_HVC64, 4 },
		{ 1, 2, EXIT_HVC, 0, 0, 0, 2, EC_HVC64, 4 },
		{ 1, 1, EXIT_HVC, HCR_HCD, 0, 0, 1, EC_UNKNOWN, 0 },
		{ 1, 2, EXIT_HVC, HCR_HCD, 0, 0, 2, EC_UNKNOWN, 0 },
		{ 0, 1, EXIT_HVC, 0, 0, 0, 1, EC_UNKNOWN, 0 },
		{ 3, 1, EXIT_HVC, 0, SCR_NS, 0, 1, EC_UNKNOWN, 0 },
		{ 3, 1, EXIT_HVC, 0, SCR_NS | SCR_HCE, 0, 2, EC_HVC64, 4 },
		{ 3, 1, EXIT_HVC, 0, SCR_HCE, 0, 1, EC_UNKNOWN, 0 },
		{ 3, 3, EXIT_HVC, 0, SCR_NS | SCR_HCE, 0, 3, EC_HVC64, 4 },
		{ 3, 1, EXIT_SMC, 0, SCR_NS, 0, 3, EC_SMC64, 4 },
		{ 3, 1, EXIT_SMC, HCR_TSC, SCR_NS, 0, 2, EC_SMC64, 0 },
		{ 3, 1, EXIT_SMC, HCR_TSC, 0, 0, 3, EC_SMC64, 4 },
		{ 3, 2, EXIT_SMC, HCR_TSC, SCR_NS | SCR_SMD, 0, 2, EC_UNKNOWN, 0 },
		{ 1, 1, EXIT_SMC, HCR_TSC, 0, 0, 2, EC_SMC64, 0 },
		{ 1, 1, EXIT_SMC, 0, 0, 0, 1, EC_UNKNOWN, 0 },
		{ 1, 0, EXIT_BRK, 0, 0, 0, 1, EC_BRK64, 0 },
		{ 1, 1, EXIT_BRK, 0, 0, MDCR_TDE, 2, EC_BRK64, 0 },
		{ 1, 0, EXIT_BRK, HCR_TGE, 0, 0, 2, EC_BRK64, 0 },
		{ 3, 3, EXIT_BRK, 0, SCR_NS, MDCR_TDE, 3, EC_BRK64, 0 },
		{ 1, 0, EXIT_PC_ALIGN, 0, 0, 0, 1, EC_PC_ALIGN, 0 },
		{ 1, 0, EXIT_SP_ALIGN, E2H_TGE, 0, 0, 2, EC_SP_ALIGN, 0 },
		{ 1, 1, EXIT_ILLEGAL, 0, 0, 0, 1, EC_ILLEGAL, 0 },
		{ 1, 0, EXIT_STEP, 0, 0, 0, 1, EC_SOFTSTP_LOWER, 0 },
		{ 1, 1, EXIT_STEP, 0, 0, 0, 1, EC_SOFTSTP, 0 },
		{ 1, 1, EXIT_STEP, 0, 0, MDCR_TDE, 2, EC_SOFTSTP_LOWER, 0 },
		{ 1, 0, EXIT_BREAKPOINT, 0, 0, 0, 1, EC_BREAKPT_LOWER, 0 },
		{ 1, 2, EXIT_WATCHPOINT, 0, 0, MDCR_TDE, 2, EC_WATCHPT, 0 },
		{ 1, 1, EXIT_HLT, 0, 0, 0, 1, EC_UNKNOWN, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pe p = at("cortex-a57", rows[i].board & 1, rows[i].board & 2, rows[i].hcr,
				 rows[i].scr, rows[i].el);
		struct cpu *c = p.c;

		c->sys.mdcr_el2 = rows[i].mdcr;
		c->exit.kind = rows[i].kind;
		exception_sync(c);
		if (c->el != rows[i].target || c->sys.esr[c->el] >> 26 != rows[i].ec ||
		    c->sys.elr[c->el] != 0x4000u + rows[i].elr)
			FAIL_TEST("row %zu: EL%u EC %#x ELR %#x", i, c->el,
				  (u32)c->sys.esr[c->el] >> 26, (u32)c->sys.elr[c->el]);
		EXPECT_EQ(c->pc, 0x10000u * c->el + (rows[i].target > rows[i].el ? 0x400 : 0x200));
		EXPECT(c->daif == 15 && c->spsel && c->exit.kind == EXIT_NONE);
		EXPECT_EQ(c->sys.spsr[c->el] & 15, rows[i].el << 2 | (rows[i].el != 0));
		pe_free(p);
	}
}

TEST(same_el_on_sp0_uses_the_first_vectors)
{
	struct pe p = at("cortex-a57", true, false, 0, 0, 1);

	cpu_select_sp(p.c, 1, false);
	p.c->exit.kind = EXIT_UNDEF;
	exception_sync(p.c);
	EXPECT_EQ(p.c->pc, 0x10000);
	EXPECT_EQ(p.c->sys.spsr[1] & 15, 4);
	pe_free(p);
}

TEST(aborts_go_by_stage_and_kind)
{
	static const struct {
		u8 el, kind, stage;
		bool s1ptw;
		u64 hcr, scr;
		u8 target;
		u16 ec;
		bool hpfar;
	} rows[] = {
		{ 0, FAULT_TRANSLATION, 1, false, 0, SCR_NS, 1, EC_DABT_LOWER, false },
		{ 1, FAULT_TRANSLATION, 1, false, 0, SCR_NS, 1, EC_DABT, false },
		{ 1, FAULT_TRANSLATION, 2, false, HCR_VM, SCR_NS, 2, EC_DABT_LOWER, true },
		{ 0, FAULT_PERMISSION, 2, true, HCR_VM, SCR_NS, 2, EC_DABT_LOWER, true },
		{ 0, FAULT_TRANSLATION, 1, false, HCR_TGE, SCR_NS, 2, EC_DABT_LOWER, false },
		{ 2, FAULT_TRANSLATION, 1, false, 0, SCR_NS, 2, EC_DABT, false },
		{ 1, FAULT_EXTERNAL, 1, false, 0, SCR_NS | SCR_EA, 3, EC_DABT_LOWER, false },
		{ 1, FAULT_EXTERNAL, 1, false, HCR_TEA, SCR_NS, 2, EC_DABT_LOWER, false },
		{ 1, FAULT_EXTERNAL_WALK, 2, true, HCR_VM, SCR_NS, 1, EC_DABT, false },
		{ 3, FAULT_PERMISSION, 1, false, 0, SCR_NS, 3, EC_DABT, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pe p = at("neoverse-n1", true, true, rows[i].hcr, rows[i].scr, rows[i].el);
		struct cpu *c = p.c;

		c->exit = (struct cpu_exit){ .kind = EXIT_DABT,
					     .far = 0xffff000012345678,
					     .fault = { .kind = rows[i].kind,
							.stage = rows[i].stage,
							.s1ptw = rows[i].s1ptw,
							.ipa = ipa_make(SPACE_NS, 0x412345000) } };
		exception_sync(c);
		if (c->el != rows[i].target || c->sys.esr[c->el] >> 26 != rows[i].ec)
			FAIL_TEST("row %zu: EL%u EC %#x", i, c->el, (u32)c->sys.esr[c->el] >> 26);
		EXPECT_EQ(c->sys.far[c->el], 0xffff000012345678);
		EXPECT_EQ(c->sys.hpfar_el2, rows[i].hpfar ? 0x4123450 : 0);
		pe_free(p);
	}
}

TEST(fp_traps_of_el1_that_tge_takes_have_no_class)
{
	struct pe p = at("neoverse-n1", true, false, HCR_TGE, 0, 0);

	p.c->exit = (struct cpu_exit){ .kind = EXIT_FP, .target = 1 };
	exception_sync(p.c);
	EXPECT_EQ(p.c->el, 2);
	EXPECT_EQ(p.c->sys.esr[2], 0x02000000);
	pe_free(p);
	p = at("neoverse-n1", true, false, 0, 0, 1);
	p.c->exit = (struct cpu_exit){ .kind = EXIT_FP, .target = 2 };
	exception_sync(p.c);
	EXPECT_EQ(p.c->sys.esr[2], 0x1fe00000);
	pe_free(p);
}

/*
 * DDI0487 D1.3.6.3, physical interrupts in AArch64: for each control the target EL from each EL. P:
 * pending, not taken. The digit says where; a + marks "whatever PSTATE says". EL3 row of the
 * tables: taken at EL3 only when routed there.
 */
TEST(physical_interrupts_by_the_tables_of_the_manual)
{
	static const struct {
		bool ns, scr;		       /* SCR_EL3.NS; SCR_EL3.{EA,IRQ,FIQ} */
		u64 hcr;		       /* TGE, E2H; 1: AMO, IMO, FMO */
		const char *unmasked, *masked; /* by EL0..EL3 */
	} rows[] = {
		{ false, false, 0, "11-P", "PP-P" },
		{ false, true, 0, "33-3", "33-P" },
		{ false, false, 1, "11-P", "PP-P" },
		{ false, true, HCR_TGE, "33-3", "33-P" },
		{ true, false, 0, "11PP", "PPPP" },
		{ true, false, 1, "222P", "22PP" },
		{ true, false, HCR_TGE, "2-2P", "2-PP" },
		{ true, false, HCR_TGE | HCR_E2H, "2-2P", "P-PP" },
		{ true, false, HCR_E2H | 1, "222P", "22PP" },
		{ true, true, 0, "3333", "333P" },
		{ true, true, 1, "3333", "333P" },
		{ true, true, HCR_TGE | HCR_E2H, "3-33", "3-3P" },
	};
	static const struct {
		u8 pin, mask, vec;
		u64 hcr, scr;
	} kinds[] = {
		{ CPU_PIN_IRQ, 2, VEC_IRQ, HCR_IMO, SCR_IRQ },
		{ CPU_PIN_FIQ, 1, VEC_FIQ, HCR_FMO, SCR_FIQ },
		{ CPU_PIN_SERROR, 4, VEC_SERROR, HCR_AMO, SCR_EA },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows) * ARRAY_SIZE(kinds) * 8; i++) {
		size_t row = i / 8 / ARRAY_SIZE(kinds), k = i / 8 % ARRAY_SIZE(kinds);
		unsigned el = i & 3;
		bool masked = i & 4, taken;
		char want = (masked ? rows[row].masked : rows[row].unmasked)[el];
		u64 hcr = (rows[row].hcr & ~1ull) | (rows[row].hcr & 1 ? kinds[k].hcr : 0);
		struct pe p;

		if (want == '-')
			continue;
		p = at("neoverse-n1", true, true, hcr,
		       (rows[row].ns ? SCR_NS : 0) | (rows[row].scr ? kinds[k].scr : 0), el);
		p.c->pins = 1u << kinds[k].pin;
		p.c->daif = masked ? kinds[k].mask : (u8)~kinds[k].mask & 15;
		EXPECT(exception_wakes_wfi(p.c));
		taken = exception_async(p.c);
		if (taken != (want != 'P') || (taken && p.c->el != (unsigned)(want - '0')))
			FAIL_TEST("row %zu kind %zu EL%u masked %d: %d EL%u, wanted %c", row, k, el,
				  masked, taken, p.c->el, want);
		if (taken)
			EXPECT_EQ(p.c->pc & 0x180, kinds[k].vec * 0x80u);
		pe_free(p);
	}
}

TEST(virtual_interrupts_reach_el0_and_el1_only)
{
	static const struct {
		u64 hcr;
		u32 pins;
		u8 el, daif;
		bool taken;
		u16 offset;
	} rows[] = {
		{ HCR_IMO, 1 << CPU_PIN_VIRQ, 1, 0, true, 0x280 },
		{ HCR_IMO | HCR_VI, 0, 0, 0, true, 0x480 },
		{ HCR_IMO | HCR_VI, 0, 1, 2, false, 0 },
		{ HCR_VI, 0, 1, 0, false, 0 },
		{ HCR_IMO | HCR_VI, 0, 2, 0, false, 0 },
		{ HCR_IMO | HCR_VI | HCR_TGE, 0, 0, 0, false, 0 },
		{ HCR_FMO, 1 << CPU_PIN_VFIQ, 1, 0, true, 0x300 },
		{ HCR_FMO | HCR_VF, 0, 1, 1, false, 0 },
		{ HCR_AMO | HCR_VSE, 0, 1, 0, true, 0x380 },
		{ HCR_AMO | HCR_VSE, 0, 1, 4, false, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pe p = at("neoverse-n1", true, false, rows[i].hcr, 0, rows[i].el);

		p.c->sys.vsesr_el2 = 0x1000011;
		p.c->pins = rows[i].pins;
		p.c->daif = rows[i].daif;
		if (exception_async(p.c) != rows[i].taken)
			FAIL_TEST("row %zu", i);
		else if (rows[i].taken)
			EXPECT_EQ(p.c->pc, 0x10000u + rows[i].offset);
		if (rows[i].taken && (rows[i].hcr & HCR_VSE)) {
			EXPECT_EQ(p.c->sys.esr[1], 0xbf000011);
			EXPECT(!(p.c->sys.hcr_el2 & HCR_VSE));
		}
		pe_free(p);
	}
}

TEST(entry_sets_pan_uao_ssbs_as_the_controls_say)
{
	static const struct {
		const char *core;
		u64 hcr, sctlr;
		u8 el, target;
		bool pan, ssbs;
	} rows[] = {
		{ "neoverse-n1", 0, 0, 0, 1, true, false },
		{ "neoverse-n1", 0, SCTLR_SPAN, 0, 1, false, false },
		{ "neoverse-n1", 0, 0, 2, 2, false, false },
		{ "neoverse-n1", E2H_TGE, 0, 0, 2, true, false },
		{ "neoverse-n1", E2H_TGE, SCTLR_SPAN | SCTLR_DSSBS, 0, 2, false, true },
		{ "cortex-a57", 0, 0, 0, 1, false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pe p = at(rows[i].core, true, false, rows[i].hcr, 0, rows[i].el);

		p.c->sys.sctlr[1] = p.c->sys.sctlr[2] = rows[i].sctlr;
		p.c->uao = true;
		p.c->exit.kind = EXIT_UNDEF;
		exception_sync(p.c);
		EXPECT_EQ(p.c->el, rows[i].target);
		EXPECT_EQ(p.c->pan, rows[i].pan);
		EXPECT_EQ(p.c->ssbs, rows[i].ssbs);
		EXPECT(!p.c->uao && !p.c->ss && !p.c->il);
		pe_free(p);
	}
}

TEST(pstate_survives_entry_and_return)
{
	struct pe p = at("neoverse-n1", true, false, 0, 0, 1);
	struct cpu *c = p.c;

	p.c->sys.sctlr[2] = p.c->sys.sctlr[1] = SCTLR_SPAN;
	for (u32 i = 0; i < 4096; i++) {
		u64 before, nzcv = (u64)(i & 15) << 28;

		cpu_select_sp(c, i >> 4 & 1, (i >> 4 & 1) && (i >> 5 & 1));
		cpu_set_nzcv(c, (u32)nzcv);
		c->daif = i >> 6 & 15;
		c->pan = i >> 10 & 1;
		c->uao = i >> 11 & 1;
		c->ssbs = i >> 9 & 1;
		c->pc = 0x4000 + 4 * i;
		cpu_update_context(c);
		before = cpu_spsr(c);
		c->exit = (struct cpu_exit){ .kind = EXIT_TRAP, .target = 2, .ec = EC_SYS64 };
		exception_sync(c);
		EXPECT_EQ(c->sys.spsr[2], before);
		exception_return(c);
		EXPECT_EQ(cpu_spsr(c), before);
		EXPECT_EQ(c->pc, 0x4000 + 4 * i);
	}
	pe_free(p);
}

TEST(illegal_returns_stay_and_set_il)
{
	static const struct {
		u8 board, el; /* board as above */
		u64 hcr, scr, spsr;
		bool illegal;
	} rows[] = {
		{ 1, 2, 0, 0, 0x5, false },	  { 1, 2, 0, 0, 0x9, false },
		{ 1, 2, 0, 0, 0x0, false },	  { 1, 2, 0, 0, 0x10, true }, /* AArch32 */
		{ 1, 2, 0, 0, 0x13, true },	  { 1, 1, 0, 0, 0x9, true },
		{ 1, 2, 0, 0, 0xd, true },	  { 1, 2, 0, 0, 0x6, true }, /* M<1> */
		{ 1, 2, 0, 0, 0x1, true }, /* EL0 with its SP_EL1 */
		{ 1, 2, HCR_TGE, 0, 0x5, true },  { 1, 2, HCR_TGE, 0, 0x0, false },
		{ 3, 3, 0, 0, 0x9, true },	  { 3, 3, 0, SCR_NS, 0x9, false },
		{ 2, 3, 0, SCR_NS, 0x9, true },	  { 3, 3, HCR_TGE, SCR_NS, 0x5, true },
		{ 3, 3, HCR_TGE, 0, 0x5, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pe p = at("neoverse-n1", rows[i].board & 1, rows[i].board & 2, rows[i].hcr,
				 rows[i].scr, rows[i].el);
		struct cpu *c = p.c;

		c->sys.spsr[c->el] = rows[i].spsr | 0xa0000000 | 0x240;
		c->sys.elr[c->el] = 0x8000;
		exception_return(c);
		if (c->il != rows[i].illegal)
			FAIL_TEST("row %zu", i);
		EXPECT_EQ(c->el, rows[i].illegal ? rows[i].el : rows[i].spsr >> 2);
		EXPECT_EQ(c->pc, 0x8000);
		EXPECT_EQ(cpu_nzcv(c), 0xa0000000);
		EXPECT_EQ(c->daif, 9);
		EXPECT_EQ(!!(c->key & KEY_IL), rows[i].illegal);
		pe_free(p);
	}
}

TEST(return_clears_the_monitor_and_sets_the_event)
{
	struct pe p = at("cortex-a57", true, false, 0, 0, 2);

	p.c->excl_host = p.c;
	p.c->sys.spsr[2] = 5;
	exception_return(p.c);
	EXPECT(!p.c->excl_host && p.c->event_reg);
	pe_free(p);
}

TEST(return_drops_the_tag_where_tbi_says_so)
{
	struct pe p = at("cortex-a57", true, false, 0, 0, 2);

	p.c->sys.tcr[1] = BIT(37);
	p.c->sys.spsr[2] = 5;
	p.c->sys.elr[2] = 0xab00000000008000;
	exception_return(p.c);
	EXPECT_EQ(p.c->pc, 0x8000);
	pe_at(p, 2);
	p.c->sys.elr[2] = 0xabff000000008000; /* upper range: TBI1 is 0 */
	exception_return(p.c);
	EXPECT_EQ(p.c->pc, 0xabff000000008000);
	pe_free(p);
}

static bool conduit(void *ctx, struct cpu *c, bool smc)
{
	c->x[0] = smc ? 1 : 2;
	return *(bool *)ctx == smc;
}

TEST(the_board_serves_its_conduit_after_tsc)
{
	bool smc = true;
	struct pe p = at("cortex-a57", true, false, 0, 0, 2);

	p.c->host.ctx = &smc;
	p.c->host.conduit = conduit;
	p.c->exit = (struct cpu_exit){ .kind = EXIT_SMC };
	exception_sync(p.c);
	EXPECT(p.c->el == 2 && p.c->pc == 0x4004 && p.c->x[0] == 1 && p.c->exit.kind == EXIT_NONE);
	p.c->exit.kind = EXIT_HVC;
	exception_sync(p.c);
	EXPECT_EQ(p.c->sys.esr[2] >> 26, EC_HVC64);
	p.c->sys.hcr_el2 |= HCR_TSC;
	pe_at(p, 1);
	p.c->exit.kind = EXIT_SMC;
	exception_sync(p.c);
	EXPECT_EQ(p.c->sys.esr[2] >> 26, EC_SMC64);
	pe_free(p);
}

TEST(the_conduit_is_served_beside_an_el3_without_firmware)
{
	bool smc = true;
	struct pe p = at("cortex-a57", true, true, 0, SCR_NS | SCR_HCE, 2);

	p.c->host.ctx = &smc;
	p.c->host.conduit = conduit;
	p.c->exit = (struct cpu_exit){ .kind = EXIT_SMC };
	exception_sync(p.c);
	EXPECT(p.c->el == 2 && p.c->pc == 0x4004 && p.c->x[0] == 1);
	pe_free(p);
}

/* What the log says of one exception or return. */
static char *logged(struct pe p, u32 mask, void (*act)(struct cpu *c))
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	p.c->log = log_new(f, mask);
	act(p.c);
	fclose(f);
	log_free(p.c->log);
	p.c->log = NULL;
	return text;
}

TEST(exceptions_are_logged_once_and_in_the_known_words)
{
	bool smc = true;
	struct pe p = at("cortex-a57", true, false, 0, 0, 1);
	char *text;

	p.c->host.ctx = &smc;
	p.c->host.conduit = conduit;
	p.c->exit = (struct cpu_exit){ .kind = EXIT_HVC };
	text = logged(p, LOG_INT, exception_sync);
	EXPECT_STR(text, "Taking exception 11 [Hypervisor Call] on CPU 0\n"
			 "...from EL1 to EL2\n"
			 "...with ESR 0x16/0x5a000000\n"
			 "...with SPSR 0x5\n"
			 "...with ELR 0x4004\n"
			 "...to EL2 PC 0x20400 PSTATE 0x3c9\n");
	free(text);
	p.c->exit = (struct cpu_exit){ .kind = EXIT_SMC };
	text = logged(p, LOG_INT, exception_sync);
	EXPECT_STR(text, "Taking exception 13 [Secure Monitor Call] on CPU 0\n"
			 "...from EL2 to EL3\n"
			 "...with ESR 0x17/0x5e000000\n"
			 "...handled as PSCI call\n");
	free(text);
	p.c->sys.spsr[2] = 0x12; /* AArch32 */
	text = logged(p, LOG_GUEST, exception_return);
	EXPECT(text && strstr(text, "illegal exception return at EL2"));
	free(text);
	pe_free(p);
}

TEST(the_mmu_log_names_fault_regime_and_addresses)
{
	struct pe p = at("cortex-a57", true, false, HCR_VM, 0, 1);
	char *text;

	p.c->exit = (struct cpu_exit){ .kind = EXIT_DABT,
				       .far = 0x123456,
				       .iss = ISS_WNR,
				       .fault = { .kind = FAULT_PERMISSION,
						  .stage = 2,
						  .level = 3,
						  .ipa = { 0x456 } } };
	text = logged(p, LOG_MMU, exception_sync);
	EXPECT_STR(text, "permission fault, stage 2 level 3: write at EL1, VA 0x123456 IPA 0x456 "
			 "in EL1&0, ASID 0 VMID 0\n");
	free(text);
	pe_free(p);
}

/* The run loop counts HVC, SMC and HLT as completed; what was not is taken back here. */
TEST(a_call_that_is_trapped_or_undefined_did_not_complete)
{
	static const struct {
		u8 kind, el;
		u64 hcr, scr, lost;
	} rows[] = {
		{ EXIT_HVC, 1, 0, SCR_NS | SCR_HCE, 0 },
		{ EXIT_HVC, 1, 0, SCR_NS, 1 },
		{ EXIT_HVC, 0, 0, SCR_NS | SCR_HCE, 1 },
		{ EXIT_SMC, 1, 0, SCR_NS, 0 },
		{ EXIT_SMC, 1, HCR_TSC, SCR_NS, 1 },
		{ EXIT_SMC, 1, 0, SCR_NS | SCR_SMD, 1 },
		{ EXIT_HLT, 1, 0, SCR_NS, 1 },
		{ EXIT_SVC, 0, 0, SCR_NS, 0 },
		{ EXIT_BRK, 1, 0, SCR_NS, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pe p = at("cortex-a57", true, true, rows[i].hcr, rows[i].scr, rows[i].el);

		p.c->exit = (struct cpu_exit){ .kind = rows[i].kind };
		exception_sync(p.c);
		EXPECT_EQ(p.c->lost_cycles, rows[i].lost);
		pe_free(p);
	}
}

TEST(software_step_runs_one_instruction)
{
	struct pe p = at("cortex-a57", true, false, 0, 0, 1);
	struct cpu *c = p.c;

	c->sys.mdscr_el1 = MDSCR_SS;
	c->sys.spsr[1] = BIT(21);
	exception_return(c); /* to EL0, active and not pending */
	EXPECT(c->ss && (c->key & KEY_STEP) && !debug_step_due(c));
	debug_stepped(c, false);
	EXPECT(debug_step_due(c) && c->exit.kind == EXIT_STEP);
	exception_sync(c);
	EXPECT_EQ(c->sys.esr[1], 0xcb000022);
	EXPECT(!(c->key & KEY_STEP) && !debug_step_active(c)); /* KDE = 0 */
	c->sys.spsr[1] = 0;
	exception_return(c); /* active and pending at once */
	EXPECT(!c->ss && debug_step_due(c));
	exception_sync(c);
	EXPECT_EQ(c->sys.esr[1], 0xca000022);
	pe_free(p);
}

TEST(svc_completes_a_step_and_an_abort_does_not)
{
	struct pe p = at("cortex-a57", true, false, 0, 0, 0);

	p.c->sys.mdscr_el1 = MDSCR_SS;
	p.c->ss = true;
	p.c->exit.kind = EXIT_SVC;
	exception_sync(p.c);
	EXPECT(!(p.c->sys.spsr[1] & BIT(21)));
	pe_at(p, 0);
	p.c->ss = true;
	p.c->exit = (struct cpu_exit){ .kind = EXIT_DABT,
				       .fault = { .kind = FAULT_TRANSLATION, .stage = 1 } };
	exception_sync(p.c);
	EXPECT(p.c->sys.spsr[1] & BIT(21));
	pe_free(p);
}

TEST(debug_exceptions_are_kept_out_by_lock_mask_and_el)
{
	struct pe p = at("cortex-a57", true, true, 0, SCR_NS, 1);
	struct cpu *c = p.c;

	EXPECT(debug_enabled_from(c, 0, false, true));
	EXPECT(!debug_enabled_from(c, 1, false, false));
	c->sys.mdscr_el1 = MDSCR_KDE;
	EXPECT(debug_enabled_from(c, 1, false, false));
	EXPECT(!debug_enabled_from(c, 1, false, true));
	EXPECT(!debug_enabled_from(c, 2, false, false));
	c->sys.mdcr_el2 = MDCR_TDE;
	EXPECT(debug_enabled_from(c, 1, false, true));
	EXPECT(debug_enabled_from(c, 2, false, false));
	c->sys.mdcr_el3 = MDCR_SDD;
	EXPECT(!debug_enabled_from(c, 0, true, false));
	c->sys.oslsr_el1 |= OSLSR_OSLK;
	EXPECT(!debug_enabled_from(c, 0, false, false));
	pe_free(p);
}

#define BCR(bt, lbn, ssc, hmc, pmc)                                                                \
	((u64)(bt) << 20 | (lbn) << 16 | (ssc) << 14 | (hmc) << 13 | 0x1e0 | (pmc) << 1 | 1)

TEST(breakpoints_match_address_state_and_linked_context)
{
	static const struct {
		u64 bcr0, bcr5; /* 5 is context-aware */
		u8 el;
		u32 contextidr;
		u64 pc;
		bool hit;
	} rows[] = {
		{ BCR(0, 0, 0, 0, 2), 0, 0, 0, 0x4000, true },
		{ BCR(0, 0, 0, 0, 2), 0, 0, 0, 0x4004, false },
		{ BCR(0, 0, 0, 0, 1), 0, 0, 0, 0x4000, false },
		{ BCR(0, 0, 0, 0, 1), 0, 1, 0, 0x4000, true },
		{ BCR(0, 0, 2, 0, 3), 0, 0, 0, 0x4000, false },
		{ BCR(0, 0, 1, 0, 3), 0, 0, 0, 0x4000, true },
		{ BCR(1, 5, 0, 0, 3), BCR(3, 0, 0, 0, 3), 0, 7, 0x4000, true },
		{ BCR(1, 5, 0, 0, 3), BCR(3, 0, 0, 0, 3), 0, 8, 0x4000, false },
		{ BCR(1, 5, 0, 0, 3), 0, 0, 7, 0x4000, false },
		{ BCR(1, 1, 0, 0, 3), BCR(3, 0, 0, 0, 3), 0, 7, 0x4000, false },
		{ 0, BCR(2, 0, 0, 0, 3), 0, 7, 0x9000, true },
		{ 0, BCR(3, 0, 0, 0, 3), 0, 7, 0x9000, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pe p = at("cortex-a57", true, false, 0, 0, rows[i].el);

		p.c->sys.mdscr_el1 = MDSCR_MDE | MDSCR_KDE;
		p.c->sys.dbgbvr[0] = 0x4000;
		p.c->sys.dbgbvr[5] = 7;
		p.c->sys.dbgbcr[0] = rows[i].bcr0;
		p.c->sys.dbgbcr[5] = rows[i].bcr5;
		p.c->sys.contextidr[1] = rows[i].contextidr;
		pe_at(p, rows[i].el);
		EXPECT(p.c->key & KEY_BREAK);
		if (debug_breakpoint(p.c, rows[i].pc) != rows[i].hit)
			FAIL_TEST("row %zu", i);
		p.c->sys.mdscr_el1 = MDSCR_KDE;
		EXPECT(!debug_breakpoint(p.c, rows[i].pc));
		pe_free(p);
	}
}

#define WCR(mask, lsc, bas, pac) ((u64)(mask) << 24 | (u64)(bas) << 5 | (lsc) << 3 | (pac) << 1 | 1)

TEST(watchpoints_match_bytes_masks_and_direction)
{
	static const struct {
		u64 wcr, wvr, va;
		u8 size;
		bool write, unpriv, hit;
		u64 far;
	} rows[] = {
		{ WCR(0, 3, 0xff, 3), 0x1000, 0x1000, 8, false, false, true, 0x1000 },
		{ WCR(0, 3, 0xff, 3), 0x1000, 0x0ffc, 8, false, false, true, 0x1000 },
		{ WCR(0, 3, 0xff, 3), 0x1000, 0x0ff8, 8, false, false, false, 0 },
		{ WCR(0, 1, 0xff, 3), 0x1000, 0x1000, 8, true, false, false, 0 },
		{ WCR(0, 2, 0xff, 3), 0x1000, 0x1000, 8, true, false, true, 0x1000 },
		{ WCR(0, 3, 0x10, 3), 0x1000, 0x1000, 4, true, false, false, 0 },
		{ WCR(0, 3, 0x10, 3), 0x1000, 0x1004, 4, true, false, true, 0x1004 },
		{ WCR(0, 3, 0x0f, 3), 0x1004, 0x1004, 1, true, false, true, 0x1004 },
		{ WCR(0, 3, 0x0f, 3), 0x1004, 0x1000, 4, true, false, false, 0 },
		{ WCR(12, 3, 0xff, 3), 0x2000, 0x2ff0, 8, true, false, true, 0x2ff0 },
		{ WCR(12, 3, 0xff, 3), 0x2000, 0x3000, 8, true, false, false, 0 },
		{ WCR(0, 3, 0xff, 2), 0x1000, 0x1000, 8, true, false, false, 0 }, /* EL0 only */
		{ WCR(0, 3, 0xff, 2), 0x1000, 0x1000, 8, true, true, true, 0x1000 },
		{ WCR(0, 3, 0xff, 3), 0xffff000000001000, 0xffff000000001000, 8, true, false, true,
		  0xffff000000001000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pe p = at("cortex-a57", true, false, 0, 0, 1);
		bool hit;

		p.c->sys.mdscr_el1 = MDSCR_MDE | MDSCR_KDE;
		p.c->sys.dbgwvr[2] = rows[i].wvr;
		p.c->sys.dbgwcr[2] = rows[i].wcr;
		hit = debug_watchpoint(p.c, rows[i].va, rows[i].size,
				       rows[i].write ? ACC_WRITE : ACC_READ, rows[i].unpriv, false);
		if (hit != rows[i].hit || (hit && p.c->exit.far != rows[i].far))
			FAIL_TEST("row %zu", i);
		EXPECT(debug_watch_page(p.c, rows[i].wvr));
		EXPECT(!debug_watch_page(p.c, rows[i].wvr + 0x10000));
		pe_free(p);
	}
}

TEST(exceptions_count_in_the_context_they_leave)
{
	struct pe p = at("cortex-a57", true, false, HCR_VM, 0, 2);
	struct cpu *c = p.c;

	c->sys.vttbr_el2 = 0x0007000012345000;
	c->sys.spsr[2] = 5;
	context_switch(c);
	exception_return(c);
	EXPECT(c->context->vm == 1 && c->context->vmid == 7 && c->context->el == 1);
	c->exit.kind = EXIT_HVC;
	exception_sync(c);
	EXPECT(c->context->vm == 0 && c->context->el == 2);
	c->sys.vttbr_el2 = 0x0007000012346000;
	exception_return(c);
	EXPECT_EQ(c->context->vm, 2);
	for (struct context *x = c->contexts; x; x = x->next)
		EXPECT_EQ(x->exceptions[VEC_SYNC][2][EC_HVC64], x->vm == 1);
	pe_free(p);
}

struct stream {
	struct snap s;
	u8 data[1 << 17];
	size_t at;
};

static bool move_bytes(struct snap *s, void *p, size_t n)
{
	struct stream *t = container_of(s, struct stream, s);

	if (t->at + n > sizeof(t->data))
		return false;
	memcpy(s->loading ? p : t->data + t->at, s->loading ? t->data + t->at : p, n);
	t->at += n;
	return true;
}

TEST(a_pe_saves_loads_and_saves_alike)
{
	struct stream *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));
	struct pe p = at("neoverse-n1", true, false, HCR_VM, 0, 2),
		  q = pe_new("neoverse-n1", true, false);

	p.c->x[7] = 0x123456789abcdef0;
	p.c->sys.vttbr_el2 = 0x5000;
	p.c->v[3].d[1] = 77;
	p.c->sys.spsr[2] = 0xa0000005;
	exception_return(p.c);
	p.c->exit.kind = EXIT_HVC; /* one that was returned from, and an open one */
	exception_sync(p.c);
	exception_return(p.c);
	p.c->exit.kind = EXIT_SVC;
	exception_sync(p.c);
	a->s.bytes = b->s.bytes = move_bytes;
	cpu_snap(p.c, &a->s);
	a->s.loading = true;
	a->at = 0;
	cpu_snap(q.c, &a->s);
	EXPECT(!a->s.failed);
	cpu_snap(q.c, &b->s);
	EXPECT(a->at == b->at && !memcmp(a->data, b->data, a->at));
	EXPECT(q.c->el == 1 && q.c->x[7] == p.c->x[7] && q.c->hcr_eff == p.c->hcr_eff);
	EXPECT(q.c->key == p.c->key && q.c->context->vm == 1);
	EXPECT_EQ(q.c->context->trap_cycles[2][EC_HVC64]->count, 1);
	EXPECT_EQ(traps_open(q.c), 1);
	EXPECT(q.c->exits.vcpu && q.c->exits.vcpu->entries == 2);
	pe_free(p);
	pe_free(q);
	free(a);
	free(b);
}
