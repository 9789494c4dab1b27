/*
 * Cache maintenance by address meets the MMU: faults with CM and WnR set, at stage 1 and at stage 2
 * (ISV clear), read permission being enough for a clean; DC IVAC needs write permission;
 * instructions by set and way never fault. (DDI0487 D7.5.9, D8.15)
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* ours-alone: QEMU has no caches, and DC and IC by address are no-operations without translation */
#include "guest.h"
#include "bits.h"

PROBE(cvac, "dc cvac, x0");
PROBE(cvau, "dc cvau, x0");
PROBE(civac, "dc civac, x0");
PROBE(ivac, "dc ivac, x0");
PROBE(ivau, "ic ivau, x0");

static const struct op {
	const char *name;
	const u32 *probe;
} ops[] = {
	{ "DC CVAC", cvac }, { "DC CVAU", cvau }, { "DC CIVAC", civac }, { "DC IVAC", ivac },
	{ "IC IVAU", ivau },
};

#define GAP 0x70000000ul
#define HOLE 0x48000000ul       /* RAM that stage 2 lacks */
#define RAM_AT 0x44000000ul

static void stage1_on(void)
{
	u64 *root = pt_new();

	pt_identity(root, 1, PT_S1_DEVICE, PT_S1_NORMAL);
	pt_map(root, 1, GAP + 0x200000, RAM_AT, 2, PT_S1_NORMAL | PT_RO);
	pt_map(root, 1, 0x60000000, 0x40000000, 2, PT_S1_NORMAL | PT_EL0 | PT_RO | PT_PXN);
	WRITE(mair_el1, PT_MAIR);
	WRITE(tcr_el1, PT_TCR_EL1);
	WRITE(ttbr0_el1, root);
	INSN("tlbi alle1\n\tdsb sy\n\tisb");
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_M | SCTLR_UCI);
}

static void stage1(void)
{
	stage1_on();
	for (const struct op *o = ops; o < ops + ARRAY_SIZE(ops); o++) {
		RUN(SPSR_EL1, o->probe, GAP + 0x40);
		EXPECT_EXC(o->name, 1, VEC_SAME,
			   ESR(EC_DABT_SAME, FSC_TRANSLATION(2) | ISS_CM | ISS_WNR), o->probe);
		EXPECT_EQ(o->name, guest_cpu()->exc[0].far, GAP + 0x40);
		RUN(SPSR_EL1, o->probe, GAP + 0x200000);
		if (o->probe == ivac)
			EXPECT_EXC("DC IVAC, read-only", 1, VEC_SAME,
				   ESR(EC_DABT_SAME, FSC_PERMISSION(2) | ISS_CM | ISS_WNR), ivac);
		else
			EXPECT_NO_EXC(o->name);
	}
}

/* EL0 needs read permission, which here it has not. */
static void el0(void)
{
	const u32 *user = cvac + 0x20000000 / 4;

	stage1_on();
	RUN(SPSR_EL0, user, 0x60000000);
	EXPECT_NO_EXC("EL0's page");
	RUN(SPSR_EL0, user, RAM_AT);
	EXPECT_EXC("EL1's page", 1, VEC_LOWER,
		   ESR(EC_DABT_LOWER, FSC_PERMISSION(2) | ISS_CM | ISS_WNR), user);
}

static void stage2(void)
{
	u64 *root = pt_new();

	pt_identity(root, 1, PT_S2_DEVICE, PT_S2_NORMAL);
	*pt_entry(root, 1, HOLE, 2) = 0;
	WRITE(vtcr_el2, PT_VTCR);
	WRITE(vttbr_el2, root);
	WRITE(hcr_el2, HCR_RW | HCR_VM);
	INSN("tlbi alle1\n\tdsb sy\n\tisb");
	for (const struct op *o = ops; o < ops + ARRAY_SIZE(ops); o++) {
		RUN(SPSR_EL1, o->probe, HOLE + 0x80);
		EXPECT_EXC(o->name, 2, VEC_LOWER,
			   ESR(EC_DABT_LOWER, FSC_TRANSLATION(2) | ISS_CM | ISS_WNR), o->probe);
		EXPECT_EQ(o->name, guest_cpu()->exc[0].hpfar, HOLE >> 8);
		EXPECT_EQ(o->name, guest_cpu()->exc[0].far, HOLE + 0x80);
	}
}

PROBE(set_way, "dc isw, xzr\n\tdc csw, xzr\n\tdc cisw, xzr\n\tic iallu\n\tic ialluis");

static void without_address(void)
{
	stage1_on();
	RUN(SPSR_EL1, set_way);
	EXPECT_NO_EXC("by set and way");
}

GUEST_TESTS(TEST(stage1), TEST(el0), TEST(stage2), TEST(without_address));
