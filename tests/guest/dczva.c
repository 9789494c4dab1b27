/*
 * DC ZVA: zeroes exactly the block of DCZID_EL0 around the address, at any EL, also on what was
 * code; prohibited when DCZID_EL0.DZP says so (SCTLR_EL1.DZE, HCR_EL2.TDZ).
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

void *memset(void *p, int c, u64 n);

PROBE(zva, "dc zva, x0");
PROBE(read_dczid, "mrs x0, dczid_el0");

static u8 memory[8192] __attribute__((aligned(4096)));

/* With the MMU off all memory is Device, where DC ZVA may fault: a flat, Normal map. */
static void map(void)
{
	static u64 *root, *stage2;

	if (!root) {
		root = pt_new();
		pt_identity(root, 1, PT_S1_DEVICE, PT_S1_NORMAL);
		stage2 = pt_new();
		pt_identity(stage2, 1, PT_S2_DEVICE, PT_S2_NORMAL);
	}
	WRITE(mair_el2, PT_MAIR);
	WRITE(tcr_el2, PT_TCR_EL2);
	WRITE(ttbr0_el2, root);
	WRITE(sctlr_el2, SCTLR_EL2_RES1 | SCTLR_M);
	WRITE(vtcr_el2, PT_VTCR);
	WRITE(vttbr_el2, stage2);
	WRITE(hcr_el2, HCR_RW | HCR_VM | HCR_DC);
}

static void unmap(void)
{
	WRITE(sctlr_el2, SCTLR_EL2_RES1);
	INSN("tlbi alle2\n\tdsb sy\n\tisb");
}

static void zeroes_its_block(void)
{
	u64 size = 4ul << (READ(dczid_el0) & 15);

	EXPECT_EQ("block size", size, 64);
	map();
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_DZE);
	for (u64 el = 0; el <= 2; el++) {
		for (u64 offset = 0; offset < 64; offset += 13) {
			u64 wrong = 0;

			memset(memory, 0xa5, sizeof memory);
			RUN(SPSR_OF_EL(el), zva, memory + 4096 - 64 + offset);
			EXPECT_NO_EXC("dc zva");
			for (u64 i = 0; i < sizeof memory; i++)
				wrong += memory[i] != (i >= 4096 - 64 && i < 4096 ? 0 : 0xa5);
			EXPECT_EQ("wrong bytes", wrong, 0);
		}
	}
	unmap();
}

static void dzp(void)
{
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_DZE);
	EXPECT_EQ("EL0, DZE", RUN(SPSR_EL0, read_dczid), 4);
	WRITE(sctlr_el1, SCTLR_EL1_RES1);
	EXPECT_EQ("EL0, no DZE", RUN(SPSR_EL0, read_dczid), 0x14);
	EXPECT_EQ("EL1, no DZE", RUN(SPSR_EL1, read_dczid), 4);
	WRITE(hcr_el2, HCR_RW | HCR_TDZ);
	EXPECT_EQ("EL1, TDZ", RUN(SPSR_EL1, read_dczid), 0x14);
	EXPECT_EQ("EL2, TDZ", RUN(SPSR_EL2, read_dczid), 4);
}

GUEST_TESTS(TEST(zeroes_its_block), TEST(dzp));
