/*
 * MRS and MSR (and SYS) of every register and instruction of sysreg_expect.def, at every EL, with
 * each control bit alone and in mixtures, under E2H and TGE, and in Secure state: done, UNDEFINED
 * or trapped as sysreg_model.h expects, with the syndrome. Then which bits hold, unallocated
 * encodings, and MSR (immediate). What QEMU does differently is left out here and run by
 * sysreg_rows_strict.c.
 *
 * EL1 gets vectors of its own that go straight up: those of the frame read ESR_EL1 and FAR_EL1,
 * which HCR_EL2.TRVM traps.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,secure=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"
#define SR_MIXES 12
#include "sysreg_model.h"

#ifndef STRICT
#define STRICT 0
#endif

/* Each EL1 vector is one instruction: up to the boot EL, with the vector in its immediate. */
#define UP_VECTORS(name, up) \
	extern const u32 name[]; \
	asm(".pushsection .text\n\t.balign 0x800\n" #name ":\n\t" \
	    ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n\t" \
	    ".balign 0x80\n\t" up " #(0x7700 + \\n)\n\t.endr\n\t.popsection")
UP_VECTORS(up_by_hvc, "hvc");
UP_VECTORS(up_by_smc, "smc");
#define UP_IMM 0x7700u

/* mrs x3; mov x0, x3; ret and msr x3; ret, for each row and each alias */
#define STUB 5
static u32 stubs[(SR_ROWS + SR_VHES) * STUB] __attribute__((aligned(64)));
static u64 values[SR_ROWS]; /* as the boot EL reads them while nothing traps */
static u64 line[32] __attribute__((aligned(64)));
static struct sr_state state;

static u32 row_sr(const struct sr_row *r)
{
	return SR(r->op0, r->op1, r->crn, r->crm, r->op2);
}

static u32 sr_of(unsigned i)
{
	const struct sr_vhe *v = &sr_vhe[i - SR_ROWS];

	return i < SR_ROWS ? row_sr(&sr_rows[i]) : SR(3, v->op1, v->crn, v->crm, v->op2);
}

static const char *name_of(unsigned i)
{
	return i < SR_ROWS ? sr_rows[i].name : sr_vhe[i - SR_ROWS].alias;
}

static void make_stubs(void)
{
	for (unsigned i = 0; i < SR_ROWS + SR_VHES; i++) {
		u32 *at = &stubs[i * STUB];

		at[0] = SR_WORD(sr_of(i), 1, 3);
		at[1] = 0xaa0303e0;             /* MOV X0, X3 */
		at[2] = at[4] = 0xd65f03c0;     /* RET */
		at[3] = SR_WORD(sr_of(i), 0, 3);
	}
	for (u64 p = (u64)stubs; p < (u64)stubs + sizeof(stubs); p += 64)
		asm volatile("dc cvau, %0" : : "r"(p) : "memory");
	INSN("dsb ish\n\tic iallu\n\tdsb ish\n\tisb");
}

static const u32 *stub(unsigned i, unsigned write)
{
	return &stubs[i * STUB + (write ? 3 : 0)];
}

/* A row by its instruction, here and now: only what cannot trap. */
static u64 access(const struct sr_row *r, unsigned write, u64 value)
{
	u64 (*fn)(u64, u64, u64, u64) = (void *)stub((unsigned)(r - sr_rows), write);
	u64 v = fn(0, 0, 0, value);

	INSN("isb");
	return v;
}

static void identify(void)
{
	const struct sr_ids id = {
		READ(id_aa64pfr0_el1),  READ(id_aa64pfr1_el1),  READ(id_aa64isar1_el1),
		READ(id_aa64mmfr0_el1), READ(id_aa64mmfr1_el1), READ(id_aa64mmfr2_el1),
		READ(id_aa64dfr0_el1),  READ(midr_el1),
	};
	u64 levels;

	sr_identify(&state, &id);
	/* ICC_CTLR_EL1.PRIbits, at most 5 of them for preemption in one register */
	levels = (READ(S3_0_C12_C12_4) >> 8 & 7) + 1;
	state.n_aprs = levels > 5 ? 1u << (levels - 5) : 1;
	state.n_pmcs = state.has & NEED_PMU ? READ(pmcr_el0) >> 11 & 31 : 0;
	state.n_lrs = state.has & NEED_EL2 ? (READ(S3_4_C12_C11_1) & 31) + 1 : 0;
}

static int at_el2_with_e2h(void)
{
	return guest_boot_el == 2 && sr_e2h(&state);
}

/* Writes the controls, those of EL1 by their own names: E2H off first. */
static void apply(void)
{
	const u64 *v = state.reg;

	if (state.has & NEED_EL3) {
		WRITE(scr_el3, SCR_DEFAULT | v[RG_SCR] | SCR_NS);
		WRITE(cptr_el3, v[RG_CPTR3]);
		WRITE(mdcr_el3, v[RG_MDCR3]);
		WRITE(S3_6_C12_C12_5, 7 | v[RG_SRE3]);
	}
	if (state.has & NEED_EL2) {
		WRITE(hcr_el2, HCR_RW);
		WRITE(S3_4_C12_C9_5, 7 | v[RG_SRE2]);
		WRITE(S3_4_C12_C11_0, v[RG_ICH]);
		WRITE(mdcr_el2, (READ(mdcr_el2) & 31) | v[RG_MDCR2]);
		WRITE(sctlr_el2, SCTLR_EL2_RES1 | v[RG_SCTLR2]);
	}
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | v[RG_SCTLR1]);
	WRITE(cpacr_el1, v[RG_CPACR]);
	WRITE(cntkctl_el1, v[RG_CNTKCTL]);
	WRITE(mdscr_el1, v[RG_MDSCR]);
	guest_pmuserenr(v[RG_PMUSERENR]);
	if (state.highest > 1)
		WRITE(vbar_el1, state.highest == 3 ? up_by_smc : up_by_hvc);
	if (state.has & NEED_EL2) {
		u64 cptr = v[RG_CPTR2] & ~(sr_e2h(&state) ? BIT(10) : FPEN(3));

		WRITE(hcr_el2, HCR_RW | v[RG_HCR]);
		WRITE(cptr_el2, cptr | (v[RG_HCR] & HCR_E2H ? 0 : CPTR_EL2_DEFAULT & ~BIT(10)));
		WRITE(cnthctl_el2, v[RG_CNTHCTL]);
	}
	if (state.has & NEED_EL3)
		WRITE(scr_el3, (SCR_DEFAULT & ~SCR_NS) | v[RG_SCR]);
}

static struct {
	struct sr_outcome what;
	u64 esr, elr, value;
} seen;

static void taken(unsigned el, u64 esr, u64 elr)
{
	unsigned ec = esr >> 26;

	seen.esr = esr;
	seen.elr = elr;
	/* an alignment fault is what DC ZVA may give to Device memory, after all checks */
	if (ec == EC_SVC || ((ec & ~1u) == EC_DABT_LOWER && (esr & 63) == FSC_ALIGNMENT))
		seen.what = (struct sr_outcome){ SR_OK, 0, 0 };
	else if (ec == EC_UNKNOWN)
		seen.what = (struct sr_outcome){ SR_UNDEF, el, 0 };
	else
		seen.what = (struct sr_outcome){ SR_TRAP, el, ec };
}

/* Runs it at state.el and finds out what happened. */
static void run(const u32 *insn, u64 value)
{
	const struct exc *e = guest_cpu()->exc;
	u64 spsr = state.el ? SPSR_DAIF | (u64)state.el << 2 | state.sp : SPSR_EL0;
	unsigned ec;

	seen.value = RUN(spsr, insn, 0, 0, 0, value);
	seen.what = (struct sr_outcome){ SR_OK, 0, 0 };
	if (!guest_cpu()->n_exc)
		return;
	ec = e->esr >> 26;
	if ((ec != EC_HVC && ec != EC_SMC) || (e->esr & 0xfff0) != UP_IMM) {
		taken((unsigned)e->el, e->esr, e->elr);
		return;
	}
	/* by way of EL1's vector; X0 is what the stub read */
	seen.value = e->x[0];
	if (at_el2_with_e2h())
		taken(1, READ(S3_5_C5_C2_0), READ(S3_5_C4_C0_1));
	else
		taken(1, READ(esr_el1), READ(elr_el1));
}

/* Where QEMU 11.1 is no reference (sysreg_rows_strict.c says why); STRICT leaves nothing out. */
static int quirk(const struct sr_row *r)
{
	int error_record = r->class == CL_ERR && r->op2 + r->crm != 3;
	int debug_status = r->op0 == 2 && (r->crn == 7 ? r->crm == 14 : r->crn == 1 && r->crm == 4);
	int el2_off = r->op0 == 1 && (r->needs & NEED_EL2_ON) && !sr_el2_on(&state);
	int absent = (r->needs & (NEED_EL2 | NEED_EL2_ON)) && !(state.has & NEED_EL2);
	int pm_user = r->class >= CL_PMSWINC && r->class <= CL_PMEVCNTR && !state.el &&
		      ((state.reg[RG_MDCR2] | state.reg[RG_MDCR3]) & MDCR_TPM);

	if (STRICT)
		return 0;
	return pm_user || error_record || debug_status || absent || el2_off || r->class == CL_TIDCP ||
	       r->class == CL_SRE || r->class == CL_MDCR;
}

static void put_state(void)
{
	guest_puts("     EL");
	guest_puthex(state.el);
	for (unsigned i = 0; i < RG_COUNT; i++) {
		guest_puts(i ? "," : " controls ");
		guest_puthex(state.reg[i]);
	}
	guest_puts("\n");
}

static u64 outcome_word(struct sr_outcome o)
{
	/* an unknown reason at EL2 is an unknown reason, whether UNDEFINED or FP under TGE */
	return (o.what == SR_TRAP && o.ec ? 2ul : o.what != SR_OK) << 16 | o.el << 8 | o.ec;
}

static void expect(const char *name, const u32 *insn, struct sr_outcome want, u32 sr,
		   unsigned write)
{
	u64 esr = ESR(want.ec, want.ec == 0x18 ? SR_ISS(sr, !write, 3) : want.ec == 7 ? 0x1e00000 : 0);

	EXPECT_EQ(name, outcome_word(seen.what), outcome_word(want));
	if (outcome_word(seen.what) != outcome_word(want)) {
		guest_puts(write ? "     write at" : "     read at");
		put_state();
		return;
	}
	if (want.what == SR_OK)
		return;
	EXPECT_EQ(name, seen.esr, esr);
	EXPECT_EQ(name, seen.elr, (u64)insn);
}

/* A value that does no harm. */
static u64 harmless(const struct sr_row *r, unsigned read_ok)
{
	if (read_ok)
		return seen.value;
	if (r->op0 == 1) /* by set and way, or by address */
		return r->crn == 7 && r->crm < 15 && r->class != CL_TSW ? (u64)line : 0;
	if (r->crn == 12 && r->op1 == 0 && r->rd > 3)
		return (r->crm == 11 && r->op2 >= 5) ? 0 : 1023; /* SGIs to nobody; end of nothing */
	return values[r - sr_rows];
}

static void one(unsigned i)
{
	const struct sr_vhe *v = &sr_vhe[i - SR_ROWS];
	const struct sr_row *r = i < SR_ROWS ? &sr_rows[i] : sr_named(v->el1);
	unsigned read_ok = 0;

	for (unsigned write = 0; write < 2; write++) {
		const u32 *insn = stub(i, write);
		struct sr_outcome want = i < SR_ROWS ? sr_expect(&state, r, (int)write)
						     : sr_expect_alias(&state, v, (int)write);

		if (quirk(r))
			continue;
		/* a readable register that could not be read now would get a wrong value */
		if (write && want.what == SR_OK && !read_ok && r->rd <= state.el)
			continue;
		run(insn, write ? harmless(r, read_ok) : 0);
		read_ok = !write && seen.what.what == SR_OK;
		expect(name_of(i), insn, want, sr_of(i), write);
	}
}

static void remember(void)
{
	for (unsigned i = 0; i < SR_ROWS; i++) {
		state.el = state.highest;
		state.sp = 1;
		if (sr_expect(&state, &sr_rows[i], 0).what != SR_OK)
			continue;
		run(stub(i, 0), 0);
		values[i] = seen.value;
	}
}

static void prepare(void)
{
	identify();
	make_stubs();
	sr_quiet(&state);
	apply();
	remember();
}

static void done(void)
{
	sr_quiet(&state);
	apply();
	if (state.has & NEED_EL2) {
		WRITE(S3_4_C12_C11_0, 0);
		WRITE(hcr_el2, HCR_RW);
	}
	guest_defaults();
}

/* All rows at all ELs; in a state that differs from the quiet one in one bit, those concerned. */
static void all_rows(const struct sr_state *quiet, unsigned k)
{
	for (unsigned i = 0; i < SR_ROWS + SR_VHES; i++) {
		const struct sr_row *r =
			i < SR_ROWS ? &sr_rows[i] : sr_named(sr_vhe[i - SR_ROWS].el1);

		/* and a sample of all others, another one each time */
		if (!quiet || sr_concerns(&state, quiet, (enum sr_class)r->class) || i % 8 == k % 8)
			one(i);
	}
}

/* PSTATE.SP = 0 matters to SP_EL0 alone: one state is enough. */
static void all_els(const struct sr_state *quiet, unsigned k)
{
	for (unsigned el = 0; el <= state.highest; el++)
		for (unsigned sp = k || !el; sp < 2; sp++) {
			if (!sr_el_exists(&state, el))
				continue;
			state.el = el;
			state.sp = el ? sp : 0;
			all_rows(quiet, k);
		}
}

static void rights_and_traps(void)
{
	unsigned singles = sr_singles();
	struct sr_state quiet;

	prepare();
	for (unsigned world = 0; world < 8; world++) {
		if (!sr_world_exists(&state, world))
			continue;
		/* each bit alone in the first world only, the mixtures in all */
		for (unsigned k = 0; sr_state_number(&state, k, world); k++) {
			if (!k)
				quiet = state;
			if (world && k && k <= singles)
				continue;
			apply();
			all_els(k && k <= singles ? &quiet : 0, k);
		}
	}
	done();
}

/* At the boot EL; those marked `w` would pull the carpet from under the test. */
static void bits_hold(void)
{
	static const u64 patterns[] = { ~0ul, 0, 0x5555555555555555, 0xaaaaaaaaaaaaaaaa };

	prepare();
	state.el = state.highest;
	state.sp = 1;
	for (unsigned i = 0; i < SR_ROWS; i++) {
		const struct sr_row *r = &sr_rows[i];
		u64 holds = sr_bits_of(&state, r, 0);
		/* whether RES0 and RES1 bits are fixed is the implementation's choice */
		u64 care = STRICT ? ~(sr_bits_of(&state, r, 1) & ~holds) : holds;

		/* QEMU has no interrupts for the DCC */
		if (!STRICT && sr_same(r->name, "MDCCINT_EL1"))
			continue;
		if ((r->how != SRV_W && r->how != SRV_Z) || (r->needs & NEED_FEATURES & ~state.has) ||
		    sr_expect(&state, r, 1).what != SR_OK || quirk(r))
			continue;
		for (unsigned k = 0; k < ARRAY_SIZE(patterns); k++) {
			u64 got;

			access(r, 1, patterns[k]);
			got = access(r, 0, 0);
			access(r, 1, values[i]);
			EXPECT_EQ(r->name, got & care, ((patterns[k] & holds) | r->res1) & care);
		}
	}
	done();
}

/* Without EL2 its registers are RES0 at EL3. */
static void el2_without_el2(void)
{
	prepare();
	state.el = state.highest;
	for (unsigned i = 0; i < SR_ROWS; i++) {
		const struct sr_row *r = &sr_rows[i];

		if ((r->needs & NEED_FEATURES & ~state.has) != NEED_EL2 || r->op0 == 1 || r->rd > 3 ||
		    state.highest != 3 || quirk(r))
			continue;
		if (r->wr <= 3)
			access(r, 1, ~0ul);
		EXPECT_EQ(r->name, access(r, 0, 0),
			  sr_same(r->name, "VPIDR_EL2") ? READ(midr_el1) :
			  sr_same(r->name, "VMPIDR_EL2") ? READ(mpidr_el1) : 0);
	}
	done();
}

static int is_known(u32 sr)
{
	for (unsigned i = 0; i < SR_ROWS + SR_VHES; i++)
		if (sr_of(i) == sr)
			return 1;
	return 0;
}

static int may_exist_elsewhere(unsigned op0, unsigned op1, unsigned crn, unsigned crm);

/* Encodings that nobody has: a sample of all, EL by EL. */
static void unallocated(void)
{
	u64 seed = 0x123456789abcdef;

	prepare();
	for (unsigned n = 0; n < 1500; n++) {
		u32 x = (u32)(sr_random(&seed) >> 20);
		unsigned op0 = 1 + x % 3, op1 = x >> 4 & 7, crn = x >> 7 & 15, crm = x >> 11 & 15;
		u32 sr = SR(op0, op1, crn, crm, x >> 15 & 7);
		unsigned write = x >> 18 & 1;
		struct sr_outcome want;
		const u32 *insn;

		if (is_known(sr) || (!STRICT && may_exist_elsewhere(op0, op1, crn, crm)))
			continue;
		state.el = (x >> 19) % (state.highest + 1);
		if (!sr_el_exists(&state, state.el))
			continue;
		insn = guest_insn(SR_WORD(sr, !write, 3));
		run(insn, 0);
		want = sr_expect_nothing(&state, op0, crn, (int)write);
		EXPECT_EQ("unallocated", outcome_word(seen.what), outcome_word(want));
		if (outcome_word(seen.what) != outcome_word(want)) {
			guest_puthex(sr);
			put_state();
		}
	}
	done();
}

/* Features that a reference may have and these cores here have not. */
static int may_exist_elsewhere(unsigned op0, unsigned op1, unsigned crn, unsigned crm)
{
	if (op0 == 2)
		return crn < 2 || op1 == 1;
	if (op0 == 1)
		return crn != 2 && crn != 3;
	return crn != 3 && crn != 8;
}

/* MSR (immediate): op1, op2 and lowest EL of those that are there; all others are UNDEFINED. */
static void pstate_fields(void)
{
	static const struct {
		u8 op1, op2, el;
		u64 needs;
	} there[] = {
		{ 0, 5, 1, 0 },		/* SPSel */
		{ 3, 6, 0, 0 },		/* DAIFSet; EL0 by SCTLR_EL1.UMA, set here */
		{ 3, 7, 0, 0 },		/* DAIFClr */
		{ 0, 4, 1, NEED_PAN },
		{ 0, 3, 1, NEED_UAO },
		{ 3, 1, 0, NEED_SSBS },
	};

	prepare();
	for (unsigned n = 0; n < 64 * (state.highest + 1); n++) {
		unsigned op1 = n & 7, op2 = n >> 3 & 7, lowest = 4;
		/* SPSel keeps 1, DAIFClr clears nothing, the others get 0 */
		unsigned crm = op1 == 0 && op2 == 5 ? 1 : 0;
		struct sr_outcome want = { SR_OK, 0, 0 };

		state.el = n >> 6;
		for (unsigned k = 0; k < ARRAY_SIZE(there); k++)
			if (there[k].op1 == op1 && there[k].op2 == op2 &&
			    !(there[k].needs & ~state.has))
				lowest = there[k].el;
		if (!sr_el_exists(&state, state.el))
			continue;
		if (state.el < lowest)
			want = sr_undef(&state);
		run(guest_insn(SR_WORD(SR(0, op1, 4, crm, op2), 0, 31)), 0);
		EXPECT_EQ("MSR immediate", outcome_word(seen.what), outcome_word(want));
		if (outcome_word(seen.what) != outcome_word(want)) {
			guest_puthex(SR(0, op1, 4, crm, op2));
			put_state();
		}
	}
	done();
}

GUEST_TESTS(TEST(rights_and_traps), TEST(bits_hold), TEST(el2_without_el2), TEST(unallocated),
	    TEST(pstate_fields));
