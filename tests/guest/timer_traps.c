/*
 * Who may touch the timers: CNTKCTL_EL1 for EL0, CNTHCTL_EL2 for EL1 and EL0, in the format without
 * E2H and (VHE) in the one with E2H, with TGE and without. Each access against each bit.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "mmu_vm.h"

#define HCR_IMO (1ul << 4)

PROBE(read_pct, "mrs x0, cntpct_el0");
PROBE(read_vct, "mrs x0, cntvct_el0");
PROBE(read_frq, "mrs x0, cntfrq_el0");
PROBE(read_p_ctl, "mrs x0, cntp_ctl_el0");
PROBE(write_p_cval, "msr cntp_cval_el0, x0");
PROBE(read_p_tval, "mrs x0, cntp_tval_el0");
PROBE(read_v_ctl, "mrs x0, cntv_ctl_el0");
PROBE(write_v_cval, "msr cntv_cval_el0, x0");
PROBE(read_v_tval, "mrs x0, cntv_tval_el0");

enum class { PCT, VCT, FRQ, PT, VT };

/* S3_3_C14_CRm_op2, X0 */
static const struct {
	const char *name;
	const void *probe;
	enum class class;
	u8 crm, op2, read;
} rows[] = {
	{ "CNTPCT", read_pct, PCT, 0, 1, 1 },
	{ "CNTVCT", read_vct, VCT, 0, 2, 1 },
	{ "CNTFRQ", read_frq, FRQ, 0, 0, 1 },
	{ "CNTP_CTL", read_p_ctl, PT, 2, 1, 1 },
	{ "CNTP_CVAL", write_p_cval, PT, 2, 2, 0 },
	{ "CNTP_TVAL", read_p_tval, PT, 2, 0, 1 },
	{ "CNTV_CTL", read_v_ctl, VT, 3, 1, 1 },
	{ "CNTV_CVAL", write_v_cval, VT, 3, 2, 0 },
	{ "CNTV_TVAL", read_v_tval, VT, 3, 0, 1 },
};

/* EL0's rights: EL0PCTEN 0, EL0VCTEN 1, EL0VTEN 8, EL0PTEN 9; in CNTKCTL, or CNTHCTL with E2H+TGE
 */
static int el0_may(u64 bits, enum class class)
{
	switch (class) {
	case PCT:
		return bits & 1;
	case VCT:
		return bits >> 1 & 1;
	case FRQ:
		return (bits & 3) != 0;
	case VT:
		return bits >> 8 & 1;
	default:
		return bits >> 9 & 1;
	}
}

static u64 el0_bits(unsigned i)
{
	return (i & 3) | (u64)(i >> 2 & 1) << 8 | (u64)(i >> 3 & 1) << 9;
}

static u64 esr_of(unsigned i)
{
	return ESR(0x18, 3u << 20 | (u32)rows[i].op2 << 17 | 3u << 14 | 14u << 10 |
		   (u32)rows[i].crm << 1 | rows[i].read);
}

/* to: the EL that traps the access, 0 for none */
static void try(unsigned i, unsigned el, unsigned to)
{
	RUN(SPSR_OF_EL(el), rows[i].probe, ~0ul);
	if (!to)
		EXPECT_NO_EXC(rows[i].name);
	else
		EXPECT_EXC(rows[i].name, to, VEC_LOWER, esr_of(i), rows[i].probe);
}

static void cntkctl(void)
{
	for (unsigned bits = 0; bits < 16; bits++) {
		WRITE(cntkctl_el1, el0_bits(bits));
		for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
			try(i, 0, el0_may(el0_bits(bits), rows[i].class) ? 0 : 1);
			try(i, 1, 0);
		}
	}
	/* TGE makes EL0's traps EL2's */
	WRITE(cntkctl_el1, 0);
	WRITE(hcr_el2, HCR_RW | HCR_TGE);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		try(i, 0, 2);
	WRITE(hcr_el2, HCR_RW);
}

/* CNTHCTL without E2H: EL1PCTEN 0, EL1PCEN 1; for EL1 and EL0 alike. CNTKCTL is asked first. */
static void cnthctl(void)
{
	for (unsigned bits = 0; bits < 4; bits++)
		for (unsigned k = 0; k < 2; k++) {
			WRITE(cnthctl_el2, bits);
			WRITE(cntkctl_el1, k ? 0x303 : 0);
			for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
				enum class class = rows[i].class;
				int traps = (class == PCT && !(bits & 1)) ||
					    (class == PT && !(bits & 2));

				try(i, 1, traps ? 2 : 0);
				try(i, 0, !k ? 1 : traps ? 2 : 0);
			}
		}
	WRITE(cnthctl_el2, 3);
}

/* With E2H: EL1PCTEN is bit 10, EL1PTEN bit 11. With TGE the low bits are EL0's rights. */
static void cnthctl_e2h(void)
{
	if (!mmu_has_vhe())
		return;
	WRITE(hcr_el2, HCR_RW | HCR_E2H);
	for (unsigned bits = 0; bits < 4; bits++)
		for (unsigned k = 0; k < 2; k++) {
			/* CNTHCTL_EL2 by its own name; CNTKCTL_EL1 is reached by CNTKCTL_EL12 */
			WRITE(cnthctl_el2, (u64)bits << 10);
			WRITE(S3_5_C14_C1_0, k ? 0x303 : 0);
			for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
				enum class class = rows[i].class;
				int traps = (class == PCT && !(bits & 1)) ||
					    (class == PT && !(bits & 2));

				try(i, 1, traps ? 2 : 0);
				try(i, 0, !k ? 1 : traps ? 2 : 0);
			}
		}
	WRITE(hcr_el2, HCR_RW | HCR_E2H | HCR_TGE);
	for (unsigned bits = 0; bits < 16; bits++) {
		WRITE(cnthctl_el2, el0_bits(bits));
		EXPECT_EQ("CNTKCTL_EL1 at EL2 is CNTHCTL_EL2", READ(cntkctl_el1) & 0x303,
			  el0_bits(bits));
		for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
			try(i, 0, el0_may(el0_bits(bits), rows[i].class) ? 0 : 2);
	}
	WRITE(hcr_el2, HCR_RW);
	WRITE(cnthctl_el2, 3);
	WRITE(cntkctl_el1, 0);
}

/* E2H redirects EL2's use of the EL1 timers to its own; the _EL02 names reach EL1's. */
static void redirection(void)
{
	u64 now;

	if (!mmu_has_vhe())
		return;
	WRITE(cntp_cval_el0, 0x1111);
	WRITE(cntv_cval_el0, 0x2222);
	WRITE(cnthp_cval_el2, 0x3333);
	WRITE(S3_4_C14_C3_2, 0x4444);           /* CNTHV_CVAL_EL2 */
	WRITE(hcr_el2, HCR_RW | HCR_E2H);
	EXPECT_EQ("CNTP is CNTHP", READ(cntp_cval_el0), 0x3333);
	EXPECT_EQ("CNTV is CNTHV", READ(cntv_cval_el0), 0x4444);
	EXPECT_EQ("CNTP_EL02 is CNTP", READ(S3_5_C14_C2_2), 0x1111);
	EXPECT_EQ("CNTV_EL02 is CNTV", READ(S3_5_C14_C3_2), 0x2222);
	WRITE(cntp_cval_el0, 0x5555);
	WRITE(S3_5_C14_C3_2, 0x6666);
	WRITE(cntvoff_el2, 1ul << 40);
	now = READ(cntpct_el0);
	EXPECT("CNTVCT at EL2 with E2H has no offset", READ(cntvct_el0) - now < 1ul << 32);
	WRITE(hcr_el2, HCR_RW | HCR_E2H | HCR_TGE);
	WRITE(cnthctl_el2, 3);
	now = READ(cntpct_el0);
	EXPECT("nor at EL0 with TGE", RUN(SPSR_EL0, read_vct) - now < 1ul << 32);
	WRITE(hcr_el2, HCR_RW);
	EXPECT_EQ("CNTHP was written", READ(cnthp_cval_el2), 0x5555);
	EXPECT_EQ("CNTP was not", READ(cntp_cval_el0), 0x1111);
	EXPECT_EQ("CNTV was", READ(cntv_cval_el0), 0x6666);
	WRITE(cntvoff_el2, 0);
	WRITE(cnthctl_el2, 3);
}

GUEST_TESTS(TEST(cntkctl), TEST(cnthctl), TEST(cnthctl_e2h), TEST(redirection));
