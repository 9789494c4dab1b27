/*
 * Stage 2: every granule and start level, concatenated tables, each kind of fault at each level
 * with ESR, FAR and HPFAR, rights, HCR_EL2.PTW, and the faults of stage-1 walks (S1PTW).
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "mmu_vm.h"

#define MAGIC 0x600dcafef00d0002ul
#define TARGET (RAM + 0x0a5a5008ul)
#define VTCR_BASE (0x35ul << 8 | 1ul << 31)

/* The output has 40 bits; all that there are for large inputs, since QEMU 7.2 compares the two. */
static unsigned ps_of(unsigned ipa_bits, unsigned sl0)
{
	return ipa_bits > 40 || sl0 == 2 ? READ(id_aa64mmfr0_el1) & 7 : 2;
}

/* An output address bit that VTCR.PS forbids, if any. */
static u64 beyond_ps(unsigned ipa_bits, unsigned sl0)
{
	unsigned bits = ps_of(ipa_bits, sl0) == 2 ? 40 : mmu_pa_bits();

	return bits < 48 ? 1ul << bits : 0;
}

static u64 vtcr_of(unsigned granule, unsigned ipa_bits, unsigned sl0)
{
	u64 tg0 = granule == 12 ? 0ul : granule == 14 ? 2ul : 1ul;

	return VTCR_BASE | (u64)ps_of(ipa_bits, sl0) << 16 | tg0 << 14 | (u64)sl0 << 6 |
	       (64 - ipa_bits);
}

/* Stage 1 off: the VA is the IPA, and every access is Device. */
static void enter(u64 *root, u64 vtcr)
{
	WRITE(vtcr_el2, vtcr);
	WRITE(vttbr_el2, 5ul << 48 | (u64)root);
	WRITE(sctlr_el1, SCTLR_EL1_OFF);
	WRITE(hcr_el2, HCR_RW | HCR_VM);
	tlbi_all();
}

static void expect_fault(const char *what, u64 ipa, unsigned fsc)
{
	RUN(SPSR_EL1, mmu_ld64, ipa);
	EXPECT_S2_FAULT(what, ESR(EC_DABT_LOW, ISS_LD64 | fsc), mmu_ld64, ipa, ipa);
}

static void expect_read(const char *what, u64 ipa)
{
	EXPECT_EQ(what, vm_read(ipa), MAGIC);
	EXPECT_NO_EXC(what);
}

static void store(u64 *slot, u64 descriptor)
{
	*slot = descriptor;
	tlbi_all();
}

static void one_level(u64 *root, unsigned granule, unsigned start, u64 ipa, unsigned level,
		      u64 beyond)
{
	u64 *slot = gt_slot(root, granule, start, ipa, level);
	u64 leaf = gt_leaf(granule, level, TARGET, PT_S2_NORMAL);

	store(slot, 0);
	expect_fault("invalid", ipa, FSC_TRANS(level));
	store(slot, leaf);
	if (level < 2 && (granule != 12 || level == 0)) {
		expect_fault("no block at this level", ipa, FSC_TRANS(level));
		return;
	}
	expect_read("leaf", ipa);
	store(slot, leaf & ~PT_AF);
	expect_fault("access flag", ipa, FSC_AF(level));
	store(slot, leaf & ~PT_S2_R);
	expect_fault("read of write-only", ipa, FSC_PERM(level));
	store(slot, leaf & ~PT_S2_W);
	RUN(SPSR_EL1, mmu_st64, ipa, 0);
	EXPECT_S2_FAULT("write of read-only", ESR(EC_DABT_LOW, ISS_ST64 | FSC_PERM(level)),
			mmu_st64, ipa, ipa);
	store(slot, leaf | PT_S2_XN);
	RUN(SPSR_EL1, ipa & ~7ul);
	EXPECT_S2_FAULT("XN", ESR(EC_IABT_LOW, FSC_PERM(level)), ipa & ~7ul, ipa & ~7ul, ipa);
	if (!beyond)
		return;
	store(slot, leaf | beyond);
	expect_fault("output beyond VTCR.PS", ipa, FSC_SIZE(level));
	if (level < 3) {
		store(slot, (u64)gt_root(granule, 1) | beyond | 3);
		expect_fault("table beyond VTCR.PS", ipa, FSC_SIZE(level));
	}
}

static void one_shape(unsigned granule, unsigned ipa_bits, unsigned sl0, unsigned start)
{
	unsigned entries_bits = ipa_bits - gt_shift(granule, start);
	unsigned tables = entries_bits > granule - 3 ? 1u << (entries_bits - (granule - 3)) : 1;
	u64 mask = (1ul << ipa_bits) - 1;
	u64 ipa = 1ul << (ipa_bits - 1) | (0x5a5a00000000ul & mask) | (TARGET & (RAM_SIZE - 1));

	for (unsigned level = start; level <= 3; level++) {
		u64 *root;

		gt_reset();
		root = gt_root(granule, tables);
		gt_identity(root, granule, start, PT_S2_DEVICE, PT_S2_NORMAL);
		enter(root, vtcr_of(granule, ipa_bits, sl0));
		one_level(root, granule, start, ipa, level, beyond_ps(ipa_bits, sl0));
	}
	if (ipa_bits < mmu_pa_bits())
		expect_fault("IPA beyond VTCR.T0SZ", 1ul << ipa_bits, FSC_TRANS(0));
	vm_leave();
}

static void shapes(void)
{
	static const struct {
		u8 granule, ipa_bits, sl0, start;
	} rows[] = {
		{ 12, 40, 2, 0 }, { 12, 44, 2, 0 }, { 12, 48, 2, 0 }, { 12, 32, 1, 1 },
		{ 12, 39, 1, 1 }, { 12, 40, 1, 1 }, { 12, 43, 1, 1 }, { 12, 33, 0, 2 },
		{ 12, 34, 0, 2 }, { 14, 47, 2, 1 }, { 14, 48, 2, 1 }, { 14, 36, 1, 2 },
		{ 14, 37, 1, 2 }, { 14, 40, 1, 2 }, { 16, 44, 2, 1 }, { 16, 48, 2, 1 },
		{ 16, 32, 1, 2 }, { 16, 42, 1, 2 }, { 16, 44, 1, 2 },
	};

	*(volatile u64 *)TARGET = MAGIC;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if ((rows[i].granule != 14 || mmu_has_16k()) && rows[i].ipa_bits <= mmu_pa_bits())
			one_shape(rows[i].granule, rows[i].ipa_bits, rows[i].sl0, rows[i].start);
}

/* A start level and an input size that do not fit: nothing can be translated. */
static void impossible_shapes(void)
{
	static const struct {
		u8 ipa_bits, sl0;
	} rows[] = { { 44, 1 }, { 36, 2 }, { 39, 0 }, { 40, 3 } };
	u64 *root;

	gt_reset();
	root = gt_root(12, 16);
	gt_identity(root, 12, 1, PT_S2_DEVICE, PT_S2_NORMAL);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		enter(root, vtcr_of(12, rows[i].ipa_bits, rows[i].sl0));
		RUN(SPSR_EL1, mmu_ret);
		EXPECT_S2_FAULT("shape", ESR(EC_IABT_LOW, FSC_TRANS(0)), mmu_ret, (u64)mmu_ret,
				(u64)mmu_ret);
	}
	vm_leave();
}

/* S2AP and XN[1:0] against every access of EL1 and EL0. XN[0] counts with FEAT_XNX only. */
static void rights(void)
{
	int xnx = (READ(id_aa64mmfr1_el1) >> 28 & 15) != 0;
	u64 ipa = 0x90000000, *root, *slot;

	gt_reset();
	root = gt_root(12, 1);
	gt_identity(root, 12, 1, PT_S2_DEVICE, PT_S2_NORMAL);
	slot = gt_slot(root, 12, 1, ipa, 3);
	enter(root, vtcr_of(12, 39, 1));
	for (unsigned i = 0; i < 32; i++) {
		unsigned s2ap = i & 3, xn = i >> 2 & 3, el = i >> 4;
		int exec =
			!xnx ? !(xn & 2) : xn == 0 || (xn == 1 && el == 0) || (xn == 3 && el == 1);

		*(volatile u32 *)(RAM + 0x8000000) = 0xd65f03c0;
		store(slot, gt_leaf(12, 3, RAM + 0x8000000, (PT_S2_NORMAL & ~(3ul << 6)) |
				    (u64)s2ap << 6 | (u64)xn << 53));
		RUN(SPSR_OF_EL(el), mmu_ld64, ipa);
		if (s2ap & 1)
			EXPECT_NO_EXC("read");
		else
			EXPECT_S2_FAULT("read", ESR(EC_DABT_LOW, ISS_LD64 | FSC_PERM(3)), mmu_ld64,
					ipa, ipa);
		RUN(SPSR_OF_EL(el), mmu_st64, ipa, 0xd65f03c0);
		if (s2ap & 2)
			EXPECT_NO_EXC("write");
		else
			EXPECT_S2_FAULT("write", ESR(EC_DABT_LOW, ISS_ST64 | FSC_PERM(3)), mmu_st64,
					ipa, ipa);
		RUN(SPSR_OF_EL(el), ipa);
		if (exec)
			EXPECT_NO_EXC("fetch");
		else
			EXPECT_S2_FAULT("fetch", ESR(EC_IABT_LOW, FSC_PERM(3)), ipa, ipa, ipa);
	}
	vm_leave();
}

/*
 * Stage-1 descriptors are read through stage 2: the fault names the table's IPA in HPFAR, the
 * access in FAR, and has no syndrome for emulation.
 */
static void stage1_walk(void)
{
	struct vm vm;
	u64 va = 0x4000000678, *level2, *level3;
	u64 table_ipa[4] = { 0, 0, 0x100400000, 0x100600000 };

	vm_init(&vm, 3, 0);
	pt_map(vm.s1, 1, va, TARGET, 3, PT_S1_NORMAL);
	level3 = pt_entry(vm.s1, 1, va & ~0x1ffffful, 3);
	level2 = pt_entry(vm.s1, 1, va & ~0x3ffffffful, 2);
	pt_map(vm.s2, 1, table_ipa[3], (u64)level3, 3, PT_S2_NORMAL);
	pt_map(vm.s2, 1, table_ipa[2], (u64)level2, 3, PT_S2_NORMAL);
	*level2 = table_ipa[3] | 3;
	*pt_entry(vm.s1, 1, va, 1) = table_ipa[2] | 3;
	*(volatile u64 *)((TARGET & ~0xffful) + 0x678) = MAGIC;
	vm_enter(&vm);
	tlbi_all();
	expect_read("tables at other IPAs", va);
	for (unsigned level = 2; level <= 3; level++) {
		u64 *slot = pt_entry(vm.s2, 1, table_ipa[level], 3);
		u64 good = *slot;
		static const char *const names[] = { "invalid", "access flag", "unreadable" };
		const u64 bad[] = { 0, good & ~PT_AF, good & ~PT_S2_R };
		const unsigned fsc[] = { FSC_TRANS(3), FSC_AF(3), FSC_PERM(3) };

		for (unsigned i = 0; i < 3; i++) {
			store(slot, bad[i]);
			RUN(SPSR_EL1, mmu_ld64, va);
			EXPECT_S2_FAULT(names[i], ESR(EC_DABT_LOW, ISS_S1PTW | fsc[i]), mmu_ld64,
					va, table_ipa[level]);
			RUN(SPSR_EL1, va & ~7ul);
			EXPECT_S2_FAULT(names[i], ESR(EC_IABT_LOW, ISS_S1PTW | fsc[i]), va & ~7ul,
					va & ~7ul, table_ipa[level]);
		}
		store(slot, good & ~PT_S2_W);
		expect_read("a walk only reads", va);
		store(slot, (good & ~0xffcul) | (PT_S2_DEVICE & 0xffc));
		expect_read("tables in Device memory", va);
		WRITE(hcr_el2, vm.hcr | HCR_PTW);
		tlbi_all();
		RUN(SPSR_EL1, mmu_ld64, va);
		if (!STRICT)
			guest_cpu()->exc[0].esr |= 3;   /* QEMU has level 0 */
		EXPECT_S2_FAULT("HCR_EL2.PTW", ESR(EC_DABT_LOW, ISS_S1PTW | FSC_PERM(3)), mmu_ld64,
				va, table_ipa[level]);
		WRITE(hcr_el2, vm.hcr);
		store(slot, good);
	}
	vm_leave();
}

/* Both stages forbid: stage 1 is asked first. And the IPA, not the VA, is in HPFAR. */
static void which_stage(void)
{
	struct vm vm;
	u64 va = 0x4000000abc, ipa = 0x123456000;

	vm_init(&vm, 3, 0);
	pt_map(vm.s1, 1, va, ipa, 3, PT_S1_NORMAL | PT_RO);
	pt_map(vm.s2, 1, ipa, TARGET, 3, PT_S2_NORMAL & ~PT_S2_W);
	vm_enter(&vm);
	tlbi_all();
	RUN(SPSR_EL1, mmu_st64, va & ~7ul, 0);
	EXPECT_FAULT("both read-only", 1, VEC_SAME, ESR(EC_DABT, ISS_WNR | FSC_PERM(3)), mmu_st64,
		     va & ~7ul);
	store(pt_entry(vm.s1, 1, va, 3), ipa | PT_S1_NORMAL | 3);
	RUN(SPSR_EL1, mmu_st64, va & ~7ul, 0);
	EXPECT_S2_FAULT("stage 2 read-only", ESR(EC_DABT_LOW, ISS_ST64 | FSC_PERM(3)), mmu_st64,
			va & ~7ul, ipa);
	store(pt_entry(vm.s2, 1, ipa, 3), 0);
	RUN(SPSR_EL0, mmu_ld64, va & ~7ul);
	EXPECT_FAULT("EL0 has no right: stage 1", 1, VEC_LOWER, ESR(EC_DABT_LOW, FSC_PERM(3)),
		     mmu_ld64, va & ~7ul);
	store(pt_entry(vm.s1, 1, va, 3), 0);
	RUN(SPSR_EL1, mmu_ld64, va & ~7ul);
	EXPECT_FAULT("not mapped at all: stage 1", 1, VEC_SAME, ESR(EC_DABT, FSC_TRANS(3)),
		     mmu_ld64, va & ~7ul);
	vm_leave();
}

/* A large stage-1 block: the IPA of a fault is not the block's but the access's. */
static void block_over_pages(void)
{
	struct vm vm;
	u64 va = 0x4000000000, ipa = 0x80000000;

	vm_init(&vm, 3, 0);
	pt_map(vm.s1, 1, va, ipa, 1, PT_S1_NORMAL);
	for (u64 i = 0; i < 4; i++)
		pt_map(vm.s2, 1, ipa + 0x7000000 + i * 0x1000, RAM + 0x8000000 + (3 - i) * 0x1000,
		       3, PT_S2_NORMAL);
	for (u64 i = 0; i < 4; i++)
		*(volatile u64 *)(RAM + 0x8000000 + i * 0x1000 + 16) = 0x100 + i;
	vm_enter(&vm);
	tlbi_all();
	for (u64 i = 0; i < 4; i++)
		EXPECT_EQ("page", vm_read(va + 0x7000000 + i * 0x1000 + 16), 0x103 - i);
	RUN(SPSR_EL1, mmu_ld64, va + 0x7004010);
	EXPECT_S2_FAULT("page behind", ESR(EC_DABT_LOW, ISS_LD64 | FSC_TRANS(3)), mmu_ld64,
			va + 0x7004010, ipa + 0x7004010);
	RUN(SPSR_EL1, mmu_ld64, va + 0x8000010);
	EXPECT_S2_FAULT("2 MiB behind", ESR(EC_DABT_LOW, ISS_LD64 | FSC_TRANS(2)), mmu_ld64,
			va + 0x8000010, ipa + 0x8000010);
	vm_leave();
}

GUEST_TESTS(TEST(shapes), TEST(impossible_shapes), TEST(rights), TEST(stage1_walk),
	    TEST(which_stage), TEST(block_over_pages));
