/*
 * DC ZVA that faults: it is a store, no cache maintenance (CM is 0), FAR_ELx has the address as the
 * instruction gave it, not the block's (DDI0487 C5.3 DC ZVA, D24.2 FAR_EL1, ESR_EL1.CM), and nothing
 * outside of its block matters.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "flat.h"

PROBE(zva, "dc zva, x0");

static u64 block[8] __attribute__((aligned(64)));

static const u64 offsets[] = { 0, 1, 8, 63 };

static void stage1(void)
{
	flat_on(0);
	for (u64 el = 0; el < 2; el++) {
		u64 ro = flat_at(block, el ? FLAT_RO : FLAT_USER_RO);

		for (unsigned i = 0; i < ARRAY_SIZE(offsets); i++) {
			u64 o = offsets[i];

			RUN(SPSR_OF_EL(el), flat_code(zva, el), FLAT_GAP + 0x40 + o);
			EXPECT_ABORT("translation", el, 1, zva, FSC_TRANSLATION(2) | ISS_WNR,
				     FLAT_GAP + 0x40 + o);
			block[0] = block[7] = 5;
			RUN(SPSR_OF_EL(el), flat_code(zva, el), ro + o);
			EXPECT_ABORT("permission", el, 1, zva, FSC_PERMISSION(2) | ISS_WNR, ro + o);
			EXPECT_EQ("left alone", block[0] + block[7], 10);
		}
	}
	RUN(SPSR_EL0, flat_code(zva, 0), block);
	EXPECT_ABORT("EL1's page", 0, 1, zva, FSC_PERMISSION(2) | ISS_WNR, (u64)block);
}

/* SCTLR_EL1.A has no say: the address is rounded down. Device memory may refuse. */
static void alignment(void)
{
	flat_on(SCTLR_A);
	for (u64 el = 0; el < 2; el++) {
		block[0] = block[7] = 5;
		RUN(SPSR_OF_EL(el), flat_code(zva, el), flat_at(block, FLAT_USER) + 13);
		EXPECT_NO_EXC("Normal");
		EXPECT_EQ("zero", block[0] | block[7], 0);
	}
	block[0] = block[7] = 5;
	RUN(SPSR_EL1, zva, flat_at(block, FLAT_DEVICE) + 13);
	if (guest_cpu()->n_exc) {
		EXPECT_ABORT("Device", 1, 1, zva, FSC_ALIGNMENT | ISS_WNR,
			     flat_at(block, FLAT_DEVICE) + 13);
		EXPECT_EQ("left alone", block[0] + block[7], 10);
	} else {
		EXPECT_EQ("zero", block[0] | block[7], 0);
	}
}

/* The last block before a page that is not there */
static void last_block(void)
{
	u64 last = FLAT_USER + 0x200000 - 64;

	flat_on(0);
	for (u64 o = 0; o < 64; o += 21) {
		*(volatile u64 *)(FLAT_IMAGE + 0x200000 - 8) = 7;
		RUN(SPSR_EL0, flat_code(zva, 0), last + o);
		EXPECT_NO_EXC("last block");
		EXPECT_EQ("zero", *(volatile u64 *)(FLAT_IMAGE + 0x200000 - 8), 0);
	}
}

static void stage2(void)
{
	flat_on(0);
	flat_stage2_on();
	for (u64 el = 0; el < 2; el++) {
		RUN(SPSR_OF_EL(el), flat_code(zva, el), FLAT_HOLE + 0x155);
		EXPECT_ABORT("stage 2", el, 2, zva, FSC_TRANSLATION(2) | ISS_WNR, FLAT_HOLE + 0x155);
		EXPECT_EQ("HPFAR", guest_cpu()->exc[0].hpfar, FLAT_HOLE_IPA >> 8);
	}
}

GUEST_TESTS(TEST(stage1), TEST(alignment), TEST(last_block), TEST(stage2));
