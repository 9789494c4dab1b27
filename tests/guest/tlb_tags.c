/*
 * What a TLB entry is tagged with: two VMs with the same VA and IPA, ASIDs and global pages, 8 and
 * 16 bits of each, TCR.A1; large entries that one TLBI must find; and break-before-make. With
 * STRICT also that an entry is still there.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "mmu_vm.h"

#define VA 0x4000000000ul
#define IPA 0x80000000ul
#define PA(n) (RAM + 0x8000000 + (u64)(n) * 0x200000)
#define TCR_A1 (1ul << 22)
#define TCR_AS (1ul << 36)
#define VTCR_VS (1ul << 19)

static struct vm vms[2];

static void mark(unsigned n)
{
	for (u64 i = 0; i < 0x200000; i += 0x1000)
		*(volatile u64 *)(PA(n) + i) = n << 16 | i >> 12;
}

/* A page whose content is (n, page): see mark(). */
static u64 page_of(unsigned n, unsigned page)
{
	return (u64)n << 16 | page;
}

static void setup(void)
{
	pt_reset();
	vm_init(&vms[0], 1, 1);
	vm_init(&vms[1], 2, 1);
	for (unsigned n = 0; n < 4; n++)
		mark(n);
	tlbi_all();
}

/* The same VA, IPA and ASID in two VMs, by turns, without any TLBI. */
static void two_vms(void)
{
	setup();
	for (unsigned v = 0; v < 2; v++) {
		pt_map(vms[v].s1, 1, VA, IPA, 3, PT_S1_NORMAL | (v ? PT_NG : 0));
		pt_map(vms[v].s2, 1, IPA, PA(v), 3, PT_S2_NORMAL);
	}
	for (unsigned i = 0; i < 6; i++) {
		vm_enter(&vms[i & 1]);
		EXPECT_EQ("each its own page", vm_read(VA), page_of(i & 1, 0));
	}
	for (unsigned v = 0; v < 2; v++)
		pt_map(vms[v].s2, 1, IPA, PA(v + 2), 3, PT_S2_NORMAL);
	vm_enter(&vms[0]);
	INSN("tlbi vmalls12e1\n\tdsb sy\n\tisb");
	EXPECT_EQ("VM 1 was invalidated", vm_read(VA), page_of(2, 0));
	vm_enter(&vms[1]);
	if (STRICT)
		EXPECT_EQ("VM 2 was not", vm_read(VA), page_of(1, 0));
	vm_leave();
}

/* The VMID alone decides, not the tables: a recycled VMID finds the entries of the VM before. */
static void vmid_not_table(void)
{
	setup();
	for (unsigned v = 0; v < 2; v++) {
		pt_map(vms[v].s1, 1, VA, IPA, 3, PT_S1_NORMAL);
		pt_map(vms[v].s2, 1, IPA, PA(v), 3, PT_S2_NORMAL);
	}
	vms[1].vmid = 1;
	vm_enter(&vms[0]);
	EXPECT_EQ("first", vm_read(VA), page_of(0, 0));
	vm_enter(&vms[1]);
	if (STRICT)
		EXPECT_EQ("stale", vm_read(VA), page_of(0, 0));
	INSN("tlbi vmalls12e1\n\tdsb sy\n\tisb");
	EXPECT_EQ("after TLBI", vm_read(VA), page_of(1, 0));
	vm_leave();
}

/* With VTCR_EL2.VS 16 bits of VMID count, else 8. */
static void vmid_width(void)
{
	int wide = (READ(id_aa64mmfr1_el1) >> 4 & 15) == 2;

	for (unsigned vs = 0; vs <= (wide ? 1u : 0); vs++) {
		setup();
		vms[0].vmid = 0x0101;
		vms[1].vmid = 0x0201;
		for (unsigned v = 0; v < 2; v++) {
			pt_map(vms[v].s1, 1, VA, IPA, 3, PT_S1_NORMAL);
			pt_map(vms[v].s2, 1, IPA, PA(v), 3, PT_S2_NORMAL);
		}
		for (unsigned i = 0; i < 4; i++) {
			vm_enter(&vms[i & 1]);
			WRITE(vtcr_el2, PT_VTCR | (vs ? VTCR_VS : 0));
			if (vs || (STRICT && i > 0))
				EXPECT_EQ(vs ? "16 bits" : "8 bits: the same VMID", vm_read(VA),
					  page_of(vs ? i & 1 : 0, 0));
			else if (i == 0)
				vm_read(VA);
		}
		vm_leave();
	}
}

static u64 *s1_leaf(void)
{
	return pt_entry(vms[0].s1, 1, VA, 3);
}

static void enter_asid(u64 asid)
{
	vms[0].asid = asid;
	vm_enter(&vms[0]);
}

static void asid_and_global(void)
{
	setup();
	pt_map(vms[0].s1, 1, VA, PA(0), 3, PT_S1_NORMAL | PT_NG);
	enter_asid(1);
	EXPECT_EQ("ASID 1", vm_read(VA), page_of(0, 0));
	*s1_leaf() = gt_leaf(12, 3, PA(1), PT_S1_NORMAL | PT_NG);
	BARRIER();
	enter_asid(2);
	EXPECT_EQ("not global: ASID 2 walks", vm_read(VA), page_of(1, 0));
	enter_asid(1);
	if (STRICT)
		EXPECT_EQ("not global: ASID 1 has its entry", vm_read(VA), page_of(0, 0));
	tlbi_all();
	*s1_leaf() = gt_leaf(12, 3, PA(2), PT_S1_NORMAL);
	BARRIER();
	EXPECT_EQ("global", vm_read(VA), page_of(2, 0));
	*s1_leaf() = gt_leaf(12, 3, PA(3), PT_S1_NORMAL);
	BARRIER();
	enter_asid(2);
	if (STRICT)
		EXPECT_EQ("global: ASID 2 has it too", vm_read(VA), page_of(2, 0));
	vm_leave();
}

/* TCR_EL1.AS, and A1 which takes the ASID from TTBR1. */
static void asid_width(void)
{
	setup();
	for (unsigned as = 0; as <= 1; as++)
		for (unsigned a1 = 0; a1 <= 1; a1++) {
			tlbi_all();
			vms[0].tcr = PT_TCR_EL1 | (as ? TCR_AS : 0) | (a1 ? TCR_A1 : 0);
			pt_map(vms[0].s1, 1, VA, PA(0), 3, PT_S1_NORMAL | PT_NG);
			enter_asid(a1 ? 7 : 0x0101);
			WRITE(ttbr1_el1, (a1 ? 0x0101ul : 7ul) << 48);
			EXPECT_EQ("first", vm_read(VA), page_of(0, 0));
			*s1_leaf() = gt_leaf(12, 3, PA(1), PT_S1_NORMAL | PT_NG);
			BARRIER();
			enter_asid(a1 ? 8 : 0x0201);
			WRITE(ttbr1_el1, (a1 ? 0x0201ul : 8ul) << 48);
			if (as)
				EXPECT_EQ("16 bits: another ASID", vm_read(VA), page_of(1, 0));
			else if (STRICT)
				EXPECT_EQ("8 bits: the same ASID", vm_read(VA), page_of(0, 0));
			enter_asid(a1 ? 9 : 0x0302);
			WRITE(ttbr1_el1, (a1 ? 0x0302ul : 9ul) << 48);
			EXPECT_EQ("another ASID", vm_read(VA), page_of(1, 0));
			vm_leave();
		}
	vms[0].tcr = PT_TCR_EL1;
}

PROBE(tlbi_vae1, "dsb sy\n\ttlbi vae1, x0\n\tdsb sy\n\tisb");
PROBE(tlbi_vaae1, "dsb sy\n\ttlbi vaae1, x0\n\tdsb sy\n\tisb");
PROBE(tlbi_vale1, "dsb sy\n\ttlbi vale1, x0\n\tdsb sy\n\tisb");
PROBE(tlbi_vaale1, "dsb sy\n\ttlbi vaale1, x0\n\tdsb sy\n\tisb");
PROBE(tlbi_aside1, "dsb sy\n\ttlbi aside1, x0\n\tdsb sy\n\tisb");

/*
 * A 2 MiB block of stage 1 over 4 KiB pages of stage 2 lies in the TLB in 4 KiB pieces; a TLBI by
 * any VA of the block drops them all.
 */
static void block_over_pages(void)
{
	static const struct {
		const char *name;
		const void *probe;
		u64 operand;
	} forms[] = {
		{ "VAE1", tlbi_vae1, 1ul << 48 | (VA + 0x77000) >> 12 },
		{ "VAAE1", tlbi_vaae1, (VA + 0x1ff000) >> 12 },
		{ "VALE1", tlbi_vale1, 1ul << 48 | (VA + 0x100000) >> 12 },
		{ "VAALE1", tlbi_vaale1, VA >> 12 },
		{ "ASIDE1", tlbi_aside1, 1ul << 48 },
	};
	static const u16 pages[] = { 0, 1, 0x80, 0x1ff };

	setup();
	for (unsigned n = 0; n < 2; n++)
		for (u64 i = 0; i < 512; i++)
			pt_map(vms[0].s2, 1, IPA + n * 0x200000 + i * 0x1000, PA(n) + i * 0x1000, 3,
			       PT_S2_NORMAL);
	for (unsigned f = 0; f < ARRAY_SIZE(forms); f++) {
		u64 *slot = pt_entry(vms[0].s1, 1, VA, 2);

		pt_map(vms[0].s1, 1, VA, IPA, 2, PT_S1_NORMAL | PT_NG);
		slot = pt_entry(vms[0].s1, 1, VA, 2);
		tlbi_all();
		enter_asid(1);
		for (unsigned i = 0; i < ARRAY_SIZE(pages); i++)
			EXPECT_EQ("before", vm_read(VA + pages[i] * 0x1000ul),
				  page_of(0, pages[i]));
		*slot = gt_leaf(12, 2, IPA + 0x200000, PT_S1_NORMAL | PT_NG);
		BARRIER();
		RUN(SPSR_EL1, forms[f].probe, forms[f].operand);
		for (unsigned i = 0; i < ARRAY_SIZE(pages); i++)
			EXPECT_EQ(forms[f].name, vm_read(VA + pages[i] * 0x1000ul),
				  page_of(1, pages[i]));
		vm_leave();
	}
}

/* The other way round: pages of stage 1 over a block of stage 2 are dropped one by one. */
static void pages_over_block(void)
{
	setup();
	for (u64 i = 0; i < 2; i++)
		pt_map(vms[0].s1, 1, VA + i * 0x1000, PA(0) + i * 0x1000, 3, PT_S1_NORMAL);
	enter_asid(1);
	EXPECT_EQ("page 0", vm_read(VA), page_of(0, 0));
	EXPECT_EQ("page 1", vm_read(VA + 0x1000), page_of(0, 1));
	for (u64 i = 0; i < 2; i++)
		pt_map(vms[0].s1, 1, VA + i * 0x1000, PA(1) + i * 0x1000, 3, PT_S1_NORMAL);
	RUN(SPSR_EL1, tlbi_vale1, 1ul << 48 | (VA + 0x1000) >> 12);
	EXPECT_EQ("page 1 was invalidated", vm_read(VA + 0x1000), page_of(1, 1));
	if (STRICT)
		EXPECT_EQ("page 0 was not", vm_read(VA), page_of(0, 0));
	vm_leave();
}

/* Invalid, TLBI, new: at every step what the architecture promises. Invalid entries are not held.
 */
static void break_before_make(void)
{
	u64 *slot;

	setup();
	pt_map(vms[0].s1, 1, VA, PA(0), 3, PT_S1_NORMAL | PT_NG);
	slot = s1_leaf();
	enter_asid(1);
	EXPECT_EQ("page", vm_read(VA), page_of(0, 0));
	*slot = 0;
	BARRIER();
	if (STRICT)
		EXPECT_EQ("no TLBI yet", vm_read(VA), page_of(0, 0));
	RUN(SPSR_EL1, tlbi_vale1, 1ul << 48 | VA >> 12);
	vm_read(VA);
	EXPECT_FAULT("broken", 1, VEC_SAME, ESR(EC_DABT, FSC_TRANS(3)), mmu_ld64, VA);
	*slot = gt_leaf(12, 3, PA(1), PT_S1_NORMAL | PT_NG);
	BARRIER();
	EXPECT_EQ("made, no TLBI needed", vm_read(VA), page_of(1, 0));
	/* a table becomes a block */
	slot = pt_entry(vms[0].s1, 1, VA, 2);
	*slot = 0;
	BARRIER();
	RUN(SPSR_EL1, tlbi_vae1, 1ul << 48 | VA >> 12);
	vm_read(VA + 0x3000);
	EXPECT_FAULT("table broken", 1, VEC_SAME, ESR(EC_DABT, FSC_TRANS(2)), mmu_ld64,
		     VA + 0x3000);
	*slot = gt_leaf(12, 2, PA(2), PT_S1_NORMAL | PT_NG);
	BARRIER();
	EXPECT_EQ("block", vm_read(VA + 0x3000), page_of(2, 3));
	EXPECT_EQ("block", vm_read(VA), page_of(2, 0));
	/* and the block a table again */
	*slot = 0;
	BARRIER();
	RUN(SPSR_EL1, tlbi_vae1, 1ul << 48 | (VA + 0x100000) >> 12);
	pt_map(vms[0].s1, 1, VA + 0x3000, PA(3), 3, PT_S1_NORMAL | PT_NG);
	EXPECT_EQ("page", vm_read(VA + 0x3000), page_of(3, 0));
	vm_read(VA);
	EXPECT_FAULT("the rest is gone", 1, VEC_SAME, ESR(EC_DABT, FSC_TRANS(3)), mmu_ld64, VA);
	/* more rights without TLBI: a permission fault may come of an old entry, until the TLBI */
	slot = pt_entry(vms[0].s1, 1, VA + 0x3000, 3);
	*slot |= PT_RO;
	RUN(SPSR_EL1, tlbi_vae1, 1ul << 48 | (VA + 0x3000) >> 12);
	vm_read(VA + 0x3000);
	*slot &= ~PT_RO;
	BARRIER();
	if (STRICT) {
		RUN(SPSR_EL1, mmu_st64, VA + 0x3000, 0);
		EXPECT_FAULT("old rights", 1, VEC_SAME, ESR(EC_DABT, ISS_WNR | FSC_PERM(3)),
			     mmu_st64, VA + 0x3000);
	}
	RUN(SPSR_EL1, tlbi_vae1, 1ul << 48 | (VA + 0x3000) >> 12);
	RUN(SPSR_EL1, mmu_st64, VA + 0x3000, 0);
	EXPECT_NO_EXC("new rights");
	vm_leave();
}

/* TLBI by VA of a contiguous group: at least the page that is named must go. */
static void contiguous(void)
{
	setup();
	pt_map(vms[0].s1, 1, VA, 0, 3, 0);
	for (u64 i = 0; i < 16; i++)
		s1_leaf()[i] = gt_leaf(12, 3, PA(0) + i * 0x1000, PT_S1_NORMAL | 1ul << 52);
	enter_asid(1);
	EXPECT_EQ("page 5", vm_read(VA + 0x5000), page_of(0, 5));
	for (u64 i = 0; i < 16; i++)
		s1_leaf()[i] = 0;
	BARRIER();
	if (STRICT)
		EXPECT_EQ("page 5 no TLBI", vm_read(VA + 0x5000), page_of(0, 5));
	for (u64 i = 0; i < 16; i++)
		RUN(SPSR_EL1, tlbi_vaale1, (VA >> 12) + i);
	for (u64 i = 0; i < 16; i++)
		s1_leaf()[i] = gt_leaf(12, 3, PA(1) + i * 0x1000, PT_S1_NORMAL | 1ul << 52);
	BARRIER();
	for (u64 i = 0; i < 16; i++)
		EXPECT_EQ("new group", vm_read(VA + i * 0x1000), page_of(1, i));
	vm_leave();
}

/* Stage 1 off: the entries of that time are not found when it is on, and the other way round. */
static void stage1_off_and_on(void)
{
	u64 address = PA(0);

	setup();
	pt_map(vms[0].s1, 1, address, PA(1), 3, PT_S1_NORMAL);
	pt_identity(vms[0].s1, 1, PT_S1_DEVICE, PT_S1_NORMAL);
	*pt_entry(vms[0].s1, 1, address, 2) = gt_leaf(12, 2, PA(1), PT_S1_NORMAL);
	for (unsigned i = 0; i < 4; i++) {
		enter_asid(1);
		if (i & 1)
			WRITE(sctlr_el1, SCTLR_EL1_OFF);
		EXPECT_EQ(i & 1 ? "stage 1 off" : "stage 1 on", vm_read(address),
			  page_of(i & 1 ? 0 : 1, 0));
	}
	vm_leave();
	EXPECT_EQ("both off", vm_read(address), page_of(0, 0));
}

GUEST_TESTS(TEST(two_vms), TEST(vmid_not_table), TEST(vmid_width), TEST(asid_and_global),
	    TEST(asid_width), TEST(block_over_pages), TEST(pages_over_block),
	    TEST(break_before_make), TEST(contiguous), TEST(stage1_off_and_on));
