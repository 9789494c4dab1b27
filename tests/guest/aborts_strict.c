/* Aborts as the manual has them where QEMU differs; aborts.c has the rest. */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
/* ours-alone: QEMU 11.1 ignores HCR_EL2.TEA and SCR_EL3.EA for external aborts, reports level 0
 * for a stage 2 permission fault by HCR_EL2.PTW, and keeps EL1&0 stage 1 on under TGE */
#include "guest.h"
#include "bits.h"

PROBE(load, "ldr x1, [x0]");

#define VOID 0x0b000000ul       /* device space without a device */
#define GAP 0x70000000ul
#define TABLE_IPA 0x0d123000ul

static u64 *tables(u64 device, u64 normal)
{
	u64 *root = pt_new();

	pt_identity(root, 1, device, normal);
	return root;
}

static void stage1_on(u64 *root)
{
	WRITE(mair_el1, PT_MAIR);
	WRITE(tcr_el1, PT_TCR_EL1);
	WRITE(ttbr0_el1, root);
	INSN("tlbi alle1\n\tdsb sy\n\tisb");
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_M);
}

/* HCR_EL2.TGE, E2H clear: SCTLR_EL1.M is treated as 0. */
static void tge_turns_stage1_off(void)
{
	static u64 datum = 0x1122334455667788;

	stage1_on(tables(PT_S1_DEVICE, PT_S1_NORMAL));
	WRITE(hcr_el2, HCR_RW | HCR_TGE);
	RUN(SPSR_EL0, load, &datum);
	EXPECT_NO_EXC("flat");
	RUN(SPSR_EL0, load, VOID);
	EXPECT_EXC("external abort", 2, VEC_LOWER, ESR(EC_DABT_LOWER, FSC_EXTERNAL), load);
}

/* HCR_EL2.PTW: a stage 1 table in memory that stage 2 calls Device; the level is stage 2's. */
static void ptw(void)
{
	u64 *s1 = tables(PT_S1_DEVICE, PT_S1_NORMAL), *s2 = tables(PT_S2_DEVICE, PT_S2_NORMAL);

	pt_map(s1, 1, GAP, GAP, 3, PT_S1_NORMAL);
	*pt_entry(s1, 1, GAP, 2) = TABLE_IPA | 3;
	stage1_on(s1);
	WRITE(vtcr_el2, PT_VTCR);
	WRITE(vttbr_el2, s2);
	WRITE(hcr_el2, HCR_RW | HCR_VM | HCR_PTW);
	INSN("tlbi alle1\n\tdsb sy\n\tisb");
	RUN(SPSR_EL1, load, GAP + 0x128);
	EXPECT_EXC("PTW", 2, VEC_LOWER, ESR(EC_DABT_LOWER, FSC_PERMISSION(2) | ISS_S1PTW), load);
	EXPECT_EQ("HPFAR", guest_cpu()->exc[0].hpfar, TABLE_IPA >> 8);
	EXPECT_EQ("FAR", guest_cpu()->exc[0].far, GAP + 0x128);
}

static void tea(void)
{
	WRITE(hcr_el2, HCR_RW | HCR_TEA);
	for (u64 el = 0; el < 2; el++) {
		RUN(SPSR_OF_EL(el), load, VOID);
		EXPECT_EXC("TEA", 2, VEC_LOWER, ESR(EC_DABT_LOWER, FSC_EXTERNAL), load);
	}
}

static void scr_ea(void)
{
	if (guest_boot_el < 3)
		return;
	WRITE(scr_el3, SCR_DEFAULT | SCR_EA);
	WRITE(hcr_el2, HCR_RW | HCR_TEA);
	for (u64 el = 0; el <= 2; el++) {
		RUN(SPSR_OF_EL(el), load, VOID);
		EXPECT_EXC("SCR.EA", 3, VEC_LOWER, ESR(EC_DABT_LOWER, FSC_EXTERNAL), load);
		EXPECT_EQ("FAR", guest_cpu()->exc[0].far, VOID);
	}
}

GUEST_TESTS(TEST(tge_turns_stage1_off), TEST(ptw), TEST(tea), TEST(scr_ea));
