/*
 * Stage-1 permissions: AP, UXN, PXN, WXN, PAN and the hierarchical bits against every access, as
 * the tables of the manual's VMSAv8-64 chapter give them; in EL1&0, EL2&0 (VHE) and EL2.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "mmu_vm.h"

#define TEST_VA 0xffffff8000200000ul
#define TEST_VA_EL2 0x2000200000ul
#define TEST_PA (RAM + 0x8000000)
#define RET 0xd65f03c0u
#define TCR_2VA (25ul | 25ul << 16 | 0x35ul << 8 | 0x35ul << 24 | 2ul << 30 | 2ul << 32)
#define TCR_HPD1 (1ul << 42)
#define TCR_EL2_HPD (1ul << 24)
#define TABLE_BITS 59                   /* PXNTable, UXNTable, APTable[0], APTable[1] */
#define SPSR_PAN (1ul << 22)

extern u8 guest_bss_start[];

enum access { READ_, WRITE_, FETCH };

/* What the descriptors come to. */
struct rights {
	unsigned ap;            /* AP[2:1] */
	int uxn, pxn, wxn, pan;
};

static u64 *identity, *upper, *leaf, *table;
static unsigned top;                    /* EL of the regime's privileged code: 1 or 2 */

/* The code is read-only, so that it may run under WXN; everything else is never executed. */
static u64 *make_identity(u64 attrs)
{
	u64 *root = pt_new();

	pt_identity(root, 1, PT_S1_DEVICE | attrs, PT_S1_NORMAL | attrs | PT_PXN | PT_UXN);
	*pt_entry(root, 1, RAM, 2) = 0;
	for (u64 a = RAM; a < RAM + 0x200000; a += 4096) {
		int code = a >= 0x40080000 && a < (u64)guest_bss_start;

		pt_map(root, 1, a, a, 3, PT_S1_NORMAL | attrs | (code ? PT_RO : PT_PXN | PT_UXN));
	}
	return root;
}

static int allowed(const struct rights *r, unsigned el, enum access access)
{
	int el0 = r->ap & 1, writable = !(r->ap & 2);

	if (el == 0)
		return access == READ_ ? el0 : access == WRITE_ ? el0 && writable :
		       !r->uxn && !(r->wxn && el0 && writable);
	if (access == FETCH)
		return !r->pxn && !(el0 && writable) && !(r->wxn && writable);
	return !(r->pan && el0) && (access == READ_ || writable);
}

static void try(const char *what, const struct rights *r, unsigned el, enum access access, u64 va,
		u64 spsr_bits)
{
	const void *probe = access == FETCH   ? (const void *)va
			    : access == READ_ ? mmu_ld64
					      : mmu_st64;
	unsigned ec = (access == FETCH ? EC_IABT_LOW : EC_DABT_LOW) + (el != 0);

	RUN(SPSR_OF_EL(el ? top : 0) | spsr_bits, probe, va, RET | (u64)RET << 32);
	if (allowed(r, el, access)) {
		EXPECT_NO_EXC(what);
		return;
	}
	EXPECT_FAULT(what, top, el ? VEC_SAME : VEC_LOWER,
		     ESR(ec, FSC_PERM(3) | (access == WRITE_ ? ISS_WNR : 0)), probe, va);
}

static void try_all(const char *what, const struct rights *r, u64 va, u64 spsr_bits)
{
	for (unsigned el = 0; el <= 1; el++)
		for (enum access access = READ_; access <= FETCH; access++)
			try(what, r, el, access, va, el ? spsr_bits : 0);
}

static void set(u64 *slot, u64 descriptor)
{
	*slot = descriptor;
	tlbi_all();
}

static u64 leaf_of(const struct rights *r)
{
	return gt_leaf(12, 3, TEST_PA, PT_S1_NORMAL | (u64)r->ap << 6 | (r->uxn ? PT_UXN : 0) |
		       (r->pxn ? PT_PXN : 0));
}

static void build(void)
{
	if (!identity)
		identity = make_identity(0);
	gt_reset();
	upper = gt_root(12, 1);
	leaf = gt_slot(upper, 12, 1, TEST_VA & 0x7fffffffff, 3);
	table = gt_slot(upper, 12, 1, TEST_VA & 0x7fffffffff, 2);
	*(volatile u32 *)TEST_PA = RET;
}

/* sctlr holds WXN */
static void el10(u64 tcr, u64 sctlr)
{
	top = 1;
	WRITE(mair_el1, PT_MAIR);
	WRITE(ttbr0_el1, identity);
	WRITE(ttbr1_el1, upper);
	WRITE(tcr_el1, tcr);
	WRITE(sctlr_el1, SCTLR_EL1_OFF | SCTLR_M | SCTLR_C | SCTLR_I | sctlr);
	tlbi_all();
}

/* In E2H, the EL1 names reach the registers of EL2. */
static void el20(u64 tcr, u64 sctlr, int tge)
{
	top = 2;
	WRITE(hcr_el2, HCR_RW | HCR_E2H | (tge ? HCR_TGE : 0));
	WRITE(mair_el1, PT_MAIR);
	WRITE(ttbr0_el1, identity);
	WRITE(ttbr1_el1, upper);
	WRITE(tcr_el1, tcr);
	tlbi_all();
	WRITE(sctlr_el1, SCTLR_EL1_OFF | SCTLR_M | SCTLR_C | SCTLR_I | sctlr);
}

static void leave_el20(void)
{
	WRITE(sctlr_el2, SCTLR_EL2_OFF);
	WRITE(hcr_el2, HCR_RW);
	tlbi_all();
}

static int has_pan(void)
{
	return (READ(id_aa64mmfr1_el1) >> 20 & 15) != 0;
}

static void leaf_matrix(u64 sctlr)
{
	for (unsigned i = 0; i < 16; i++)
		for (int pan = 0; pan <= has_pan(); pan++) {
			struct rights r = { i & 3, i >> 2 & 1, i >> 3, !!(sctlr & SCTLR_WXN), pan };

			set(leaf, leaf_of(&r));
			try_all(sctlr & SCTLR_WXN ? "leaf, WXN" : "leaf", &r, TEST_VA,
				pan ? SPSR_PAN : 0);
		}
}

static void leaves_el10(void)
{
	build();
	el10(TCR_2VA, SCTLR_SPAN);
	leaf_matrix(0);
	el10(TCR_2VA, SCTLR_SPAN | SCTLR_WXN);
	leaf_matrix(SCTLR_WXN);
}

static void leaves_el20(void)
{
	if (!mmu_has_vhe())
		return;
	build();
	for (unsigned wxn = 0; wxn <= 1; wxn++) {
		el20(TCR_2VA, SCTLR_SPAN | (wxn ? SCTLR_WXN : 0), 1);
		leaf_matrix(wxn ? SCTLR_WXN : 0);
		leave_el20();
	}
}

static void hierarchical(void)
{
	static const unsigned levels[] = { 1, 2 };

	build();
	for (unsigned hpd = 0; hpd <= (mmu_has_vhe() ? 1 : 0); hpd++) {
		el10(TCR_2VA | (hpd ? TCR_HPD1 : 0), SCTLR_SPAN);
		for (unsigned l = 0; l < 2; l++) {
			u64 *slot = gt_slot(upper, 12, 1, TEST_VA & 0x7fffffffff, levels[l]);
			u64 old = *slot;

			for (unsigned i = 0; i < 64; i++) {
				unsigned bits = hpd ? 0 : i & 15;
				struct rights r = { i >> 4, 0, 0, 0, 0 };

				*slot = old | (u64)(i & 15) << TABLE_BITS;
				set(leaf, leaf_of(&r));
				r.pxn = bits & 1;
				r.uxn = bits >> 1 & 1;
				if (bits & 4)
					r.ap &= ~1u;
				if (bits & 8)
					r.ap |= 2;
				try_all(hpd ? "table bits, HPD1" : "table bits", &r, TEST_VA, 0);
			}
			*slot = old;
		}
	}
}

/* EL2 alone: AP[2] and XN only. */
static void el2_regime(void)
{
	u64 *root = make_identity(PT_EL0);
	u64 *slot, *up;

	gt_reset();
	pt_map(root, 1, TEST_VA_EL2, TEST_PA, 3, 0);
	slot = pt_entry(root, 1, TEST_VA_EL2, 3);
	up = pt_entry(root, 1, TEST_VA_EL2, 2);
	top = 2;
	for (unsigned i = 0; i < (mmu_has_vhe() ? 64u : 32u); i++) {
		int hpd = i >> 5;
		u64 bits = (i & 1 ? PT_RO : 0) | (i & 2 ? PT_UXN : 0);
		struct rights r = { i & 1 ? 2 : 0, 0, i >> 1 & 1, i >> 4 & 1, 0 };
		u64 old = *up;

		if (!hpd) {
			r.ap |= i & 4 ? 2 : 0;
			r.pxn |= i >> 3 & 1;
		}
		*(volatile u32 *)TEST_PA = RET;
		*up = old | (i & 4 ? 1ul << 62 : 0) | (i & 8 ? 1ul << 60 : 0);
		*slot = gt_leaf(12, 3, TEST_PA, PT_S1_NORMAL | PT_EL0 | bits);
		WRITE(mair_el2, PT_MAIR);
		WRITE(tcr_el2, PT_TCR_EL2 | (hpd ? TCR_EL2_HPD : 0));
		WRITE(ttbr0_el2, root);
		tlbi_all();
		WRITE(sctlr_el2, SCTLR_EL2_OFF | SCTLR_M | SCTLR_C | SCTLR_I |
		      (r.wxn ? SCTLR_WXN : 0));
		for (enum access access = READ_; access <= FETCH; access++)
			try("EL2 regime", &r, 2, access, TEST_VA_EL2, 0);
		WRITE(sctlr_el2, SCTLR_EL2_OFF);
		*up = old;
		tlbi_all();
	}
}

PROBE(ldtr, "ldtr x0, [x0]");
PROBE(sttr, "sttr xzr, [x0]");

/* LDTR and STTR at EL1 have EL0's rights, and PAN does not count for them. */
static void unprivileged(void)
{
	build();
	el10(TCR_2VA, SCTLR_SPAN);
	for (unsigned ap = 0; ap < 4; ap++) {
		struct rights r = { ap, 0, 0, 0, 0 };

		set(leaf, leaf_of(&r));
		RUN(SPSR_EL1 | (has_pan() ? SPSR_PAN : 0), ldtr, TEST_VA);
		if (ap & 1)
			EXPECT_NO_EXC("LDTR");
		else
			EXPECT_FAULT("LDTR", 1, VEC_SAME, ESR(EC_DABT, FSC_PERM(3)), ldtr, TEST_VA);
		RUN(SPSR_EL1, sttr, TEST_VA);
		if (ap == 1)
			EXPECT_NO_EXC("STTR");
		else
			EXPECT_FAULT("STTR", 1, VEC_SAME, ESR(EC_DABT, FSC_PERM(3) | ISS_WNR), sttr,
				     TEST_VA);
	}
}

static u64 pan_seen;

static enum guest_action read_pan(struct exc *e)
{
	pan_seen = READ(S3_0_C4_C2_3) >> 22 & 1;        /* PAN */
	return GUEST_HOME;
}

PROBE(supervisor_call, "svc #0");

/* An exception to EL1 sets PSTATE.PAN unless SCTLR_EL1.SPAN says to keep it. */
static void span(void)
{
	if (!has_pan())
		return;
	for (unsigned i = 0; i < 4; i++) {
		u64 keep = i & 1 ? SCTLR_SPAN : 0, pan = i & 2 ? SPSR_PAN : 0;

		WRITE(sctlr_el1, (SCTLR_EL1_OFF & ~SCTLR_SPAN) | keep);
		guest_cpu()->handler = read_pan;
		RUN(SPSR_EL1 | pan, supervisor_call);
		EXPECT_EQ("PAN in the handler", pan_seen, !keep || pan);
		EXPECT_EQ("PAN in SPSR", guest_cpu()->exc[0].spsr & SPSR_PAN, pan);
	}
}

GUEST_TESTS(TEST(leaves_el10), TEST(leaves_el20), TEST(hierarchical), TEST(el2_regime),
	    TEST(unprivileged), TEST(span));
