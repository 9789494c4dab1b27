/*
 * Instruction and data aborts beyond what levels and permissions are about (mmu_levels.c,
 * mmu_perm.c): exception classes by EL, stage 2 under a stage 1 that moves addresses (FAR against
 * HPFAR), S1PTW, external aborts, address size faults, AT.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

PROBE(load, "ldr x1, [x0]");
PROBE(store, "str xzr, [x0, #8]");
PROBE(jump, "br x0");
PROBE(at_s1e1r, "at s1e1r, x0\n\tisb\n\tmrs x0, par_el1");

#define IMAGE 0x40000000ul      /* the 2 MiB with this program */
#define ALIAS 0x60000000ul      /* the same for EL0 */
#define GAP 0x70000000ul        /* nothing in stage 1, nor in RAM */
#define VOID 0x0b000000ul       /* device space without a device */
#define MOVED 0x64000000ul      /* a VA whose IPA is elsewhere ... */
#define NO_IPA 0x0d123000ul     /* ... and not in stage 2 */

static u64 *s1, *s2;

static void stage1_on(void)
{
	if (!s1) {
		s1 = pt_new();
		pt_identity(s1, 1, PT_S1_DEVICE & ~(PT_PXN | PT_UXN), PT_S1_NORMAL);
		pt_map(s1, 1, ALIAS, IMAGE, 2, PT_S1_NORMAL | PT_EL0 | PT_RO | PT_PXN);
		pt_map(s1, 1, MOVED, NO_IPA, 3, PT_S1_NORMAL | PT_EL0);
		pt_map(s1, 1, MOVED + 0x1000, NO_IPA, 3, PT_S1_NORMAL);
	}
	WRITE(mair_el1, PT_MAIR);
	WRITE(tcr_el1, PT_TCR_EL1);
	WRITE(ttbr0_el1, s1);
	WRITE(mair_el2, PT_MAIR);
	WRITE(tcr_el2, PT_TCR_EL2);
	WRITE(ttbr0_el2, s1);
	INSN("tlbi alle1\n\ttlbi alle2\n\tdsb sy\n\tisb");
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_M);
	WRITE(sctlr_el2, SCTLR_EL2_RES1 | SCTLR_M);
}

/* all identical, but NO_IPA is not there */
static void stage2_on(void)
{
	if (!s2) {
		s2 = pt_new();
		pt_identity(s2, 1, PT_S2_DEVICE, PT_S2_NORMAL);
		for (u64 a = 0x0d000000; a < 0x0d200000; a += 4096)
			pt_map(s2, 1, a, a, 3, PT_S2_DEVICE);
		*pt_entry(s2, 1, NO_IPA, 3) = 0;
	}
	WRITE(vtcr_el2, PT_VTCR);
	WRITE(vttbr_el2, s2);
	WRITE(hcr_el2, HCR_RW | HCR_VM);
	INSN("dsb sy\n\ttlbi vmalls12e1\n\tdsb sy\n\tisb");
}

static const void *code(const u32 *probe, u64 el)
{
	return el ? (const void *)probe : (const void *)((u64)probe - IMAGE + ALIAS);
}

static void expect_abort(const char *what, u64 from, u64 to, const u32 *probe, u64 va, u64 iss)
{
	unsigned vec = from == to ? VEC_SAME : VEC_LOWER;
	u64 ec = probe == jump ? EC_IABT_LOWER : EC_DABT_LOWER;
	const struct exc *e = guest_cpu()->exc;

	RUN(SPSR_OF_EL(from), code(probe, from), va);
	EXPECT_EXC(what, to, vec, ESR(ec + (from == to), iss),
		   probe == jump ? (const void *)va : code(probe, from));
	EXPECT_EQ(what, e->far, probe == store ? va + 8 : va);
}

static void stage1(void)
{
	stage1_on();
	for (u64 el = 0; el <= 2; el++) {
		u64 to = el ? el : 1;

		expect_abort("load", el, to, load, GAP, FSC_TRANSLATION(2));
		expect_abort("store", el, to, store, GAP, FSC_TRANSLATION(2) | ISS_WNR);
		expect_abort("fetch", el, to, jump, GAP, FSC_TRANSLATION(2));
		expect_abort("outside the 39 bits", el, to, load, 0x8000000000ul,
			     FSC_TRANSLATION(0));
	}
}

static void far_and_hpfar(void)
{
	static const u32 *const probes[] = { load, store, jump };
	static const u64 iss[] = {
		ISS_ISV | ISS_SAS(3) | ISS_SRT(1) | ISS_SF,
		ISS_ISV | ISS_SAS(3) | ISS_SRT(31) | ISS_SF | ISS_WNR, 0,
	};

	stage1_on();
	stage2_on();
	for (u64 el = 0; el < 2; el++) {
		for (unsigned i = 0; i < 3; i++) {
			expect_abort("stage 2", el, 2, probes[i], MOVED + (el << 12) + 0x568,
				     FSC_TRANSLATION(3) | iss[i]);
			EXPECT_EQ("HPFAR", guest_cpu()->exc[0].hpfar, NO_IPA >> 8);
		}
	}
	/* stage 1's own fault stays at EL1 and says nothing of the instruction */
	expect_abort("stage 1 under stage 2", 1, 1, load, GAP, FSC_TRANSLATION(2));
}

/* EL1 runs on tables of which one is in a page that stage 2 lacks. */
static void s1ptw(void)
{
	u64 *descriptor;

	stage1_on();
	stage2_on();
	pt_map(s1, 1, GAP, GAP, 3, PT_S1_NORMAL);
	descriptor = pt_entry(s1, 1, GAP, 2);
	*descriptor = NO_IPA | 3;
	INSN("dsb sy\n\ttlbi alle1\n\tdsb sy\n\tisb");
	expect_abort("load", 1, 2, load, GAP + 0x128, FSC_TRANSLATION(3) | ISS_S1PTW);
	EXPECT_EQ("HPFAR", guest_cpu()->exc[0].hpfar, NO_IPA >> 8);
	expect_abort("fetch", 1, 2, jump, GAP + 0x128, FSC_TRANSLATION(3) | ISS_S1PTW);
	EXPECT_EQ("HPFAR", guest_cpu()->exc[0].hpfar, NO_IPA >> 8);
	*descriptor = 0;
	INSN("dsb sy\n\ttlbi alle1\n\tdsb sy\n\tisb");
}

/* AT of a stage 1 whose walk fails in stage 2 is an abort to EL2, not a PAR value. */
static void at(void)
{
	stage1_on();
	stage2_on();
	EXPECT_EQ("AT of a missing page", RUN(SPSR_EL1, at_s1e1r, GAP) & 0xff,
		  1 | FSC_TRANSLATION(2) << 1);
	EXPECT_NO_EXC("AT of a missing page");
	/* only stage 1 is asked */
	EXPECT_EQ("AT", RUN(SPSR_EL1, at_s1e1r, MOVED) & 0xfffffffff001, NO_IPA);
	EXPECT_NO_EXC("AT");
}

static void external(void)
{
	stage1_on();
	for (u64 el = 0; el <= 2; el++) {
		u64 to = el ? el : 1;

		if (el)
			expect_abort("load", el, to, load, VOID, FSC_EXTERNAL);
		if (el == 1)
			expect_abort("fetch", el, to, jump, VOID, FSC_EXTERNAL);
	}
	guest_defaults();
	for (u64 el = 0; el <= 2; el++) {
		RUN(SPSR_OF_EL(el), load, VOID);
		EXPECT_EXC("load, MMU off", el ? el : 1, el ? VEC_SAME : VEC_LOWER,
			   ESR(el ? EC_DABT_SAME : EC_DABT_LOWER, FSC_EXTERNAL), load);
	}
}

/* A stage 1 table where nothing is: FSC 0x14 + level. */
static void external_on_walk(void)
{
	u64 *descriptor;

	stage1_on();
	descriptor = pt_entry(s1, 1, 0x1c0000000, 1);
	*descriptor = VOID | 3;
	BARRIER();
	expect_abort("walk", 1, 1, load, 0x1c0000000, 0x16);
	*descriptor = 0;
}

/* An output address beyond TCR_EL1.IPS (32 bits here), in a leaf and in a table descriptor. */
static void address_size(void)
{
	u64 *leaf;

	stage1_on();
	pt_map(s1, 1, 0x74000000, 0x1000000000, 3, PT_S1_NORMAL);
	WRITE(tcr_el1, PT_TCR_EL1 & ~(7ul << 32));
	INSN("tlbi alle1\n\tdsb sy\n\tisb");
	expect_abort("leaf", 1, 1, load, 0x74000000, FSC_SIZE(3));
	leaf = pt_entry(s1, 1, 0x76000000, 2);
	*leaf = 0x1000000000 | 3;
	BARRIER();
	expect_abort("table", 1, 1, load, 0x76000000, FSC_SIZE(2));
	*leaf = 0;
}

/* With the MMU off, an address beyond the PA size is an address size fault of level 0. */
static void address_size_mmu_off(void)
{
	RUN(SPSR_EL1, load, 0x0010000000000000);
	EXPECT_EXC("flat", 1, VEC_SAME, ESR(EC_DABT_SAME, FSC_SIZE(0)), load);
}

GUEST_TESTS(TEST(stage1), TEST(far_and_hpfar), TEST(s1ptw), TEST(at), TEST(external),
	    TEST(external_on_walk), TEST(address_size), TEST(address_size_mmu_off));
