/*
 * Illegal exception returns: the PE stays at its EL with PSTATE.IL set, and the first instruction
 * there, whatever it is, gives EC 0x0e (DDI0487 D1.4.5). PSTATE.IL of SPSR does the same by itself.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,secure=on -cpu cortex-a57 -smp 1 */
#include "guest.h"
#include "bits.h"

PROBE(nop, "nop");
PROBE(svc, "svc #0");
PROBE(udf, "udf #0");
PROBE(eret_to, "msr spsr_el1, x0\n\tmsr elr_el1, x1\n\tisb\n\teret");
PROBE(eret_to_el2, "msr spsr_el2, x0\n\tmsr elr_el2, x1\n\tisb\n\teret");

/* SPSR.M values that no EL here may return to */
static const struct {
	const char *name;
	u64 m;
} bad[] = {
	{ "EL0 with SP 1", 1 }, { "M[1] set", 6 }, { "M[1] set, EL2", 10 },
	{ "M[1] set, EL3", 14 }, { "AArch32 reserved mode", 0x14 },
};

static void check(const char *what, u64 spsr, const u32 *probe)
{
	u64 el = GUEST_EL();

	RUN(SPSR_DAIF | spsr, probe);
	EXPECT_EXC(what, el, VEC_SAME, ESR(EC_ILLEGAL, 0), probe);
	/* mode and SP are those of the one who tried; the masks are from SPSR; IL is visible */
	EXPECT_EQ(what, guest_cpu()->exc[0].spsr & 0x001003ff, SPSR_IL | SPSR_OF_EL(el));
}

static void reserved_modes(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		check(bad[i].name, bad[i].m, nop);
}

static void higher_el(void)
{
	for (u64 el = guest_boot_el + 1; el <= 3; el++)
		check("higher EL", el << 2 | 1, nop);
	if (guest_boot_el == 3 && !guest_has_el2())
		check("EL2 that does not exist", 9, nop);
}

static void wins_over_the_instruction(void)
{
	check("svc", 1, svc);
	check("udf", 1, udf);
}

static void il_in_spsr(void)
{
	for (u64 el = 0; el <= guest_boot_el; el++) {
		if (el == 2 && !guest_has_el2())
			continue;
		RUN(SPSR_OF_EL(el) | SPSR_IL, nop);
		EXPECT_EXC("IL", el ? el : 1, el ? VEC_SAME : VEC_LOWER, ESR(EC_ILLEGAL, 0), nop);
		EXPECT_EQ("SPSR", guest_cpu()->exc[0].spsr & 0x001003ff, SPSR_IL | SPSR_OF_EL(el));
	}
}

/* The same from EL1 under an EL2, and with what only configuration forbids. */
static void from_el1(void)
{
	if (!guest_has_el2())
		return;
	RUN(SPSR_EL1, eret_to, SPSR_EL2, nop);
	EXPECT_EXC("EL2 from EL1", 1, VEC_SAME, ESR(EC_ILLEGAL, 0), nop);
	RUN(SPSR_EL1, eret_to, SPSR_EL1, nop);
	EXPECT_NO_EXC("EL1 from EL1");
	/* HCR_EL2.RW = 1: EL1 is not AArch32 */
	RUN(SPSR_EL2, eret_to_el2, 0x1d3, nop);
	EXPECT_EXC("AArch32 EL1", 2, VEC_SAME, ESR(EC_ILLEGAL, 0), nop);
	/* TGE: no EL1 at all */
	WRITE(hcr_el2, HCR_RW | HCR_TGE);
	RUN(SPSR_EL2, eret_to_el2, SPSR_EL1, nop);
	EXPECT_EXC("EL1 with TGE", 2, VEC_SAME, ESR(EC_ILLEGAL, 0), nop);
	RUN(SPSR_EL2, eret_to_el2, SPSR_EL0, nop);
	EXPECT_NO_EXC("EL0 with TGE");
}

/* An illegal return does take DAIF and the flags from SPSR, but not SP, nor SS. */
static void flags_are_taken(void)
{
	RUN(0xf0000000 | 1 | SPSR_DAIF, nop);
	EXPECT_EQ("NZCV", guest_cpu()->exc[0].spsr >> 28, 0xf);
	RUN(SPSR_A | 1, nop);
	EXPECT_EQ("DAIF", guest_cpu()->exc[0].spsr & SPSR_DAIF, SPSR_A);
	EXPECT_EQ("EL and SP", guest_cpu()->exc[0].spsr & 0x1f, SPSR_OF_EL(GUEST_EL()) & 0x1f);
}

static int may_return_to(u64 m, u64 from)
{
	u64 el = m >> 2 & 3;

	if ((m & 0x10) || (m & 2) || (!el && (m & 1)) || el > from)
		return 0;
	return el != 2 || guest_has_el2();
}

/*
 * Each value of SPSR.M<4:0> but the modes of AArch32, which a reference may have, from the boot EL and
 * from EL1: the bad ones change neither EL nor SP.
 */
static void every_mode(void)
{
	const u64 aarch32 = 0x8ccf0000;

	for (u64 m = 0; m < 32; m++) {
		u64 home = GUEST_EL();

		if (aarch32 >> m & 1)
			continue;
		RUN(SPSR_DAIF | m, svc);
		if (may_return_to(m, home))
			EXPECT_EQ("legal", guest_cpu()->exc[0].esr >> 26, EC_SVC);
		else
			EXPECT_EXC("illegal", home, VEC_SAME, ESR(EC_ILLEGAL, 0), svc);
		if (home == 1 || may_return_to(m, 1))
			continue;
		RUN(SPSR_EL1, eret_to, SPSR_DAIF | m, svc);
		EXPECT_EXC("illegal from EL1", 1, VEC_SAME, ESR(EC_ILLEGAL, 0), svc);
		EXPECT_EQ("SPSR", guest_cpu()->exc[0].spsr & 0x001003ff, SPSR_IL | SPSR_EL1);
	}
}

static u64 il_in_handler;

static enum guest_action read_spsr(struct exc *e)
{
	/* PSTATE.IL is clear here, or this code would not run; the SPSR has it */
	il_in_handler = e->spsr & SPSR_IL;
	e->spsr &= ~(u64)SPSR_IL;
	e->elr += 4;
	return GUEST_RESUME;
}

/* Returning with SPSR.IL clear ends the state; with it set, as it was saved, begins it again. */
static void leaving(void)
{
	guest_cpu()->handler = read_spsr;
	RUN(SPSR_EL1 | SPSR_IL, nop);
	EXPECT_EQ("IL", il_in_handler, SPSR_IL);
	EXPECT_EQ("exceptions", guest_cpu()->n_exc, 1);
}

GUEST_TESTS(TEST(every_mode), TEST(leaving), TEST(reserved_modes), TEST(higher_el), TEST(wins_over_the_instruction),
	    TEST(il_in_spsr), TEST(from_el1), TEST(flags_are_taken));
