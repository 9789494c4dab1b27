/*
 * Stage 1 at EL1: every granule and start level, each kind of fault at each level of the walk, and
 * the limits of the input. The test's tables hang on TTBR1; TTBR0 maps the code identically.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "mmu_vm.h"

#define MAGIC 0x600dcafef00d0001ul
#define TARGET (RAM + 0x0a5a5008ul)             /* what every mapping of a test leads to */
#define TCR_TTBR1 (0x35ul << 24)                /* walks write-back, inner shareable */
#define TCR_A1 (1ul << 22)
#define TCR_EPD1 (1ul << 23)
#define TCR_TBI0 (1ul << 37)
#define TCR_TBI1 (1ul << 38)

static u64 *identity;

static u64 tg1(unsigned granule)
{
	return (granule == 12 ? 2ul : granule == 14 ? 1ul : 3ul) << 30;
}

static u64 tcr_of(unsigned granule, unsigned t1sz)
{
	return (PT_TCR_EL1 & ~TCR_EPD1 & ~(63ul << 16)) | TCR_TTBR1 | tg1(granule) |
	       (u64)t1sz << 16;
}

static void regime(u64 *ttbr1, u64 tcr)
{
	if (!identity) {
		identity = pt_new();
		pt_identity(identity, 1, PT_S1_DEVICE, PT_S1_NORMAL);
	}
	WRITE(mair_el1, PT_MAIR);
	WRITE(ttbr0_el1, identity);
	WRITE(ttbr1_el1, ttbr1);
	WRITE(tcr_el1, tcr);
	WRITE(sctlr_el1, SCTLR_EL1_OFF | SCTLR_M | SCTLR_C | SCTLR_I);
	tlbi_all();
}

static void expect_read(const char *what, u64 va)
{
	EXPECT_EQ(what, vm_read(va), MAGIC);
	EXPECT_NO_EXC(what);
}

static void expect_fault(const char *what, u64 va, unsigned fsc)
{
	RUN(SPSR_EL1, mmu_ld64, va);
	EXPECT_FAULT(what, 1, VEC_SAME, ESR(EC_DABT, fsc), mmu_ld64, va);
}

static int block_allowed(unsigned granule, unsigned level)
{
	return level == 3 || level == 2 || (level == 1 && granule == 12);
}

static void store(u64 *slot, u64 descriptor)
{
	*slot = descriptor;
	tlbi_all();
}

/* All that can happen at one level; the tables above it are there. */
static void one_level(u64 *root, unsigned granule, unsigned start, u64 input, u64 va,
		      unsigned level)
{
	u64 *slot = gt_slot(root, granule, start, input, level);
	u64 leaf = gt_leaf(granule, level, TARGET, PT_S1_NORMAL);

	store(slot, 0);
	expect_fault("invalid", va, FSC_TRANS(level));
	store(slot, 2);
	expect_fault("bit 0 alone decides", va, FSC_TRANS(level));
	if (!block_allowed(granule, level)) {
		store(slot, leaf);
		expect_fault("no block at this level", va, FSC_TRANS(level));
		return;
	}
	if (level == 3) {
		store(slot, leaf & ~2ul);
		expect_fault("no block at level 3", va, FSC_TRANS(3));
	}
	store(slot, leaf);
	expect_read("leaf", va);
	store(slot, leaf & ~PT_AF);
	expect_fault("access flag", va, FSC_AF(level));
	store(slot, leaf | PT_RO);
	expect_read("read-only", va);
	RUN(SPSR_EL1, mmu_st64, va, 0);
	EXPECT_FAULT("write to read-only", 1, VEC_SAME, ESR(EC_DABT, FSC_PERM(level) | ISS_WNR),
		     mmu_st64, va);
	store(slot, leaf | 1ul << 40);
	expect_fault("output beyond TCR.IPS", va, FSC_SIZE(level));
	if (level < 3) {
		store(slot, (u64)gt_root(granule, 1) | 1ul << 40 | 3);
		expect_fault("table beyond TCR.IPS", va, FSC_SIZE(level));
	}
}

static void one_shape(unsigned granule, unsigned t1sz, unsigned start)
{
	u64 top = ~0ul << (64 - t1sz);
	u64 va = top | (~top & (0x5a5a40000000ul | (TARGET & (RAM_SIZE - 1))));

	for (unsigned level = start; level <= 3; level++) {
		u64 *root;

		gt_reset();
		root = gt_root(granule, 1);
		regime(root, tcr_of(granule, t1sz));
		one_level(root, granule, start, va & ~top, va, level);
	}
	if (t1sz > 16)
		expect_fault("below the input range", va & ~(1ul << (64 - t1sz)), FSC_TRANS(0));
	expect_fault("top byte is part of the address", va ^ 1ul << 60, FSC_TRANS(0));
	WRITE(tcr_el1, tcr_of(granule, t1sz) | TCR_EPD1);
	tlbi_all();
	expect_fault("EPD1", va, FSC_TRANS(0));
	WRITE(tcr_el1, tcr_of(granule, t1sz));
	WRITE(ttbr1_el1, READ(ttbr1_el1) | 1ul << 41);
	tlbi_all();
	expect_fault("TTBR1 beyond TCR.IPS", va, FSC_SIZE(0));
}

static void shapes(void)
{
	static const struct {
		u8 granule, t1sz, start;
	} rows[] = {
		{ 12, 16, 0 }, { 12, 24, 0 }, { 12, 25, 1 }, { 12, 33, 1 }, { 12, 34, 2 },
		{ 12, 39, 2 }, { 14, 16, 0 }, { 14, 17, 1 }, { 14, 27, 1 }, { 14, 28, 2 },
		{ 14, 38, 2 }, { 14, 39, 3 }, { 16, 16, 1 }, { 16, 21, 1 }, { 16, 22, 2 },
		{ 16, 34, 2 }, { 16, 35, 3 }, { 16, 39, 3 },
	};

	*(volatile u64 *)TARGET = MAGIC;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].granule != 14 || mmu_has_16k())
			one_shape(rows[i].granule, rows[i].t1sz, rows[i].start);
}

static void top_byte_ignored(void)
{
	u64 low = 0x123450000ul, high = 0xffffff8123450000ul, tagged;
	u64 *root;

	gt_reset();
	root = gt_root(12, 1);
	gt_map(root, 12, 1, high & 0x7fffffffff, TARGET, 3, PT_S1_NORMAL);
	regime(root, tcr_of(12, 25) | TCR_TBI1);
	gt_map(identity, 12, 1, low, TARGET, 3, PT_S1_NORMAL);
	tlbi_all();
	high += TARGET & 0xfff;
	low += TARGET & 0xfff;
	expect_read("TTBR1", high);
	expect_read("TTBR1 tagged", high ^ 0x5aul << 56);
	expect_read("TTBR0", low);
	expect_fault("TBI0 is off", low ^ 0x5aul << 56, FSC_TRANS(0));
	expect_fault("bit 55 chooses, the bits below are checked", high ^ 1ul << 50, FSC_TRANS(0));
	tagged = (high ^ 0x5aul << 56) + 0x1000;
	expect_fault("FAR keeps the tag", tagged, FSC_TRANS(3));
	WRITE(tcr_el1, tcr_of(12, 25) | TCR_TBI0);
	tlbi_all();
	expect_read("TTBR0 tagged", low ^ 0x5aul << 56);
	expect_fault("TBI1 is off", high ^ 0x5aul << 56, FSC_TRANS(0));
	/* the branch clears the tag (or sign-extends), so the fetch sees none */
	RUN(SPSR_EL1, (0x5aul << 56) + (u64)mmu_ret);
	EXPECT_NO_EXC("ERET to a tagged address");
}

/* At EL2: the fault that the last run met. */
static void expect_el2_fault(const char *what, unsigned ec, unsigned fsc, const void *elr, u64 far)
{
	EXPECT_FAULT(what, 2, VEC_SAME, ESR(ec, fsc), elr, far);
}

static void el2_level(u64 *slot, u64 va, unsigned level)
{
	u64 leaf = gt_leaf(12, level, TARGET, PT_S1_NORMAL | PT_EL0);

	RUN(SPSR_EL2, mmu_ld64, va);
	expect_el2_fault("translation", EC_DABT, FSC_TRANS(level), mmu_ld64, va);
	if (!block_allowed(12, level))
		return;
	store(slot, leaf & ~PT_AF);
	RUN(SPSR_EL2, mmu_ld64, va);
	expect_el2_fault("access flag", EC_DABT, FSC_AF(level), mmu_ld64, va);
	store(slot, leaf | PT_RO);
	RUN(SPSR_EL2, mmu_st64, va, 0);
	expect_el2_fault("permission", EC_DABT, FSC_PERM(level) | ISS_WNR, mmu_st64, va);
	EXPECT_EQ("read", RUN(SPSR_EL2, mmu_ld64, va), MAGIC);
	EXPECT_NO_EXC("read");
	store(slot, leaf | PT_UXN);
	RUN(SPSR_EL2, va);
	expect_el2_fault("XN", EC_IABT, FSC_PERM(level), (void *)va, va);
}

/* EL2 has one table base: the code must be in it. */
static void el2_levels(void)
{
	for (unsigned start = 0; start <= 1; start++) {
		u64 va = (start ? 0x2000000000 : 0x802000000000) | (TARGET & (RAM_SIZE - 1));

		for (unsigned level = start; level <= 3; level++) {
			u64 *root, *slot;

			gt_reset();
			root = gt_root(12, 1);
			gt_identity(root, 12, start, PT_S1_DEVICE | PT_EL0, PT_S1_NORMAL | PT_EL0);
			slot = gt_slot(root, 12, start, va, level);
			WRITE(mair_el2, PT_MAIR);
			WRITE(tcr_el2, (PT_TCR_EL2 & ~63ul) | (start ? 25 : 16));
			WRITE(ttbr0_el2, root);
			tlbi_all();
			WRITE(sctlr_el2, SCTLR_EL2_OFF | SCTLR_M | SCTLR_C | SCTLR_I);
			el2_level(slot, va, level);
			WRITE(sctlr_el2, SCTLR_EL2_OFF);
			tlbi_all();
		}
	}
}

/* Sixteen pages that may share one TLB entry still map one page each. */
static void contiguous_bit(void)
{
	u64 va = 0xffffff8000000000ul;
	u64 *root, *slot;

	gt_reset();
	root = gt_root(12, 1);
	slot = gt_slot(root, 12, 1, 0, 3);
	for (u64 i = 0; i < 16; i++)
		slot[i] = gt_leaf(12, 3, (TARGET & ~0xfffful) + i * 4096, PT_S1_NORMAL | 1ul << 52);
	regime(root, tcr_of(12, 25));
	*(volatile u64 *)((TARGET & ~0xfffful) + 0x3008) = 0x33;
	*(volatile u64 *)((TARGET & ~0xfffful) + 0xf008) = 0xff;
	EXPECT_EQ("fourth page", vm_read(va + 0x3008), 0x33);
	EXPECT_EQ("last page", vm_read(va + 0xf008), 0xff);
	expect_read("page of the target", va + (TARGET & 0xffff));
	expect_fault("behind the group", va + 0x10000, FSC_TRANS(3));
}

GUEST_TESTS(TEST(shapes), TEST(top_byte_ignored), TEST(el2_levels), TEST(contiguous_bit));
