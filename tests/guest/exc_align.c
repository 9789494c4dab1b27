/*
 * PC alignment faults, data alignment by SCTLR_ELx.A and by memory type, at EL0, EL1 and EL2.
 * Data is misaligned on Normal memory, so stage 1 is on. (DDI0487 D1.3.8, B2.8.2)
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

PROBE(ret, "nop");
PROBE(branch, "br x0");

static u8 data[64] __attribute__((aligned(64)));

/* Identity map for EL1&0 and EL2, and the image once more for EL0 as Normal and as Device memory.
 */
#define IMAGE 0x40000000ul
#define NORMAL 0x60000000ul
#define DEVICE 0x60200000ul

static void mmu_on(u64 sctlr)
{
	static u64 *root;
	if (!root) {
		root = pt_new();
		pt_identity(root, 1, PT_S1_DEVICE, PT_S1_NORMAL);
		pt_map(root, 1, NORMAL, IMAGE, 2, PT_S1_NORMAL | PT_EL0 | PT_PXN);
		pt_map(root, 1, DEVICE, IMAGE, 2, PT_S1_DEVICE | PT_EL0);
	}
	WRITE(mair_el1, PT_MAIR);
	WRITE(tcr_el1, PT_TCR_EL1);
	WRITE(ttbr0_el1, (u64)root);
	WRITE(mair_el2, PT_MAIR);
	WRITE(tcr_el2, PT_TCR_EL2);
	WRITE(ttbr0_el2, (u64)root);
	INSN("tlbi alle1\n\ttlbi alle2\n\tdsb sy\n\tisb");
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_M | sctlr);
	WRITE(sctlr_el2, SCTLR_EL2_RES1 | SCTLR_M | sctlr);
}

static void pc_alignment(void)
{
	for (u64 el = 0; el <= 2; el++) {
		for (u64 offset = 1; offset < 4; offset++) {
			u64 target = (u64)ret + offset;
			unsigned to = el ? el : 1;

			RUN(SPSR_OF_EL(el), branch, target);
			EXPECT_EXC("branch", to, el ? VEC_SAME : VEC_LOWER,
				   ESR(EC_PC_ALIGN, 0), target);
			EXPECT_EQ("FAR", guest_cpu()->exc[0].far, target);
			/* the same by exception return, with no branch at all */
			RUN(SPSR_OF_EL(el), (const void *)target);
			EXPECT_EXC("eret", to, el ? VEC_SAME : VEC_LOWER, ESR(EC_PC_ALIGN, 0),
				   target);
		}
	}
}

PROBE(ldr, "ldr x1, [x0]");
PROBE(str, "str x1, [x0]");
PROBE(ldrh, "ldrh w1, [x0]");
PROBE(ldp, "ldp x1, x2, [x0]");
PROBE(ldr_q, "ldr q1, [x0]");
PROBE(ldar, "ldar x1, [x0]");
PROBE(stlr, "stlr x1, [x0]");
PROBE(ldxr, "ldxr x1, [x0]");
PROBE(stxr, "stxr w2, x1, [x0]");
PROBE(ldxp, "ldxp x1, x2, [x0]");
PROBE(ldaddal, "ldaddal x1, x2, [x0]");
PROBE(ldrb, "ldrb w1, [x0]");
PROBE(ld1_lane, "ld1 {v0.s}[0], [x0]");

static const struct access {
	const char *name;
	const u32 *probe;
	unsigned offset;        /* that misaligns it */
	unsigned write, ordered;
} accesses[] = {
	{ "ldr", ldr, 4, 0, 0 }, { "str", str, 1, 1, 0 }, { "ldrh", ldrh, 1, 0, 0 },
	{ "ldp", ldp, 4, 0, 0 }, { "ldr q", ldr_q, 8, 0, 0 }, { "ld1 lane", ld1_lane, 2, 0, 0 },
	{ "ldar", ldar, 4, 0, 1 }, { "stlr", stlr, 4, 1, 1 }, { "ldxr", ldxr, 4, 0, 1 },
	{ "ldxp", ldxp, 8, 0, 1 },
};

static void expect_alignment(const struct access *a, u64 el, const void *probe, u64 va)
{
	u64 ec = el ? EC_DABT_SAME : EC_DABT_LOWER;

	RUN(SPSR_OF_EL(el), probe, va);
	EXPECT_EXC(a->name, el ? el : 1, el ? VEC_SAME : VEC_LOWER,
		   ESR(ec, FSC_ALIGNMENT | (a->write ? ISS_WNR : 0)), probe);
	EXPECT_EQ("FAR", guest_cpu()->exc[0].far, va);
}

/* the image's alias that EL0 may use, as Normal or Device memory */
static u64 alias(const void *p, u64 base)
{
	return (u64)p - 0x40000000 + base;
}

static void data_alignment(void)
{
	for (u64 el = 0; el <= 2; el++) {
		for (unsigned i = 0; i < ARRAY_SIZE(accesses); i++) {
			const struct access *a = &accesses[i];
			u64 normal = alias(data, NORMAL), device = alias(data, DEVICE);
			const void *probe = el ? a->probe : (const void *)alias(a->probe, NORMAL);

			mmu_on(0);
			RUN(SPSR_OF_EL(el), probe, normal + 16);
			EXPECT_NO_EXC(a->name);
			if (a->ordered) {
				expect_alignment(a, el, probe, normal + a->offset);
			} else {
				RUN(SPSR_OF_EL(el), probe, normal + a->offset);
				EXPECT_NO_EXC(a->name);
			}
			expect_alignment(a, el, probe, device + a->offset);
			mmu_on(SCTLR_A);
			expect_alignment(a, el, probe, normal + a->offset);
			guest_defaults();
		}
	}
}

/* With the MMU off all data is Device-nGnRnE. */
static void data_alignment_mmu_off(void)
{
	for (u64 el = 0; el <= 2; el++)
		for (unsigned i = 0; i < 6; i++)
			expect_alignment(&accesses[i], el, accesses[i].probe,
					 (u64)data + accesses[i].offset);
}

GUEST_TESTS(TEST(pc_alignment), TEST(data_alignment), TEST(data_alignment_mmu_off));
