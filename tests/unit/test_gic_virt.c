/*
 * The virtual CPU interface: list registers, ICV_* by redirection, and the maintenance interrupt.
 */
#include "test_gic.h"

#define LR(state, group, prio, vintid)                                                             \
	((u64)(state) << 62 | (u64)(group) << 60 | (u64)(prio) << 48 | (vintid))
#define LR_HW(pintid) (BIT(61) | (u64)(pintid) << 32)
#define LR_EOI	      BIT(41)
enum { INVALID, PENDING, ACTIVE, BOTH };

/*
 * A PE at EL1 under a hypervisor that took IRQ and FIQ, whose guest enabled both groups and
 * unmasked all.
 */
static struct bench guest_bench(void)
{
	struct bench b = bench_new(1, FEAT(EL2));

	bench_start(&b);
	b.c[0]->el2_on = true;
	b.c[0]->hcr_eff = HCR_IMO | HCR_FMO;
	b.c[0]->el = 2;
	wr(&b, 0, "ICH_VMCR_EL2", 0xf0000003);
	wr(&b, 0, "ICH_HCR_EL2", 1);
	b.c[0]->el = 1;
	return b;
}

static u64 hyp_rd(struct bench *b, const char *name)
{
	u64 v;

	b->c[0]->el = 2;
	v = rd(b, 0, name);
	b->c[0]->el = 1;
	return v;
}

static void hyp_wr(struct bench *b, const char *name, u64 v)
{
	b->c[0]->el = 2;
	wr(b, 0, name, v);
	b->c[0]->el = 1;
}

static unsigned state(struct bench *b, const char *name)
{
	return (unsigned)(hyp_rd(b, name) >> 62);
}

static bool virq(const struct bench *b)
{
	return pin(b, 0, CPU_PIN_VIRQ);
}
static bool vfiq(const struct bench *b)
{
	return pin(b, 0, CPU_PIN_VFIQ);
}
static bool maintenance(struct bench *b)
{
	return bit(gicr_rd(b, 0, 0x10200, 4), GIC_MAINTENANCE_INTID);
}

TEST(the_virtual_interface_has_four_list_registers_and_five_priority_bits)
{
	struct bench b = guest_bench();

	EXPECT_EQ(hyp_rd(&b, "ICH_VTR_EL2"), 0x90380003);
	EXPECT_EQ(hyp_rd(&b, "ICH_ELRSR_EL2"), 0xf);
	hyp_wr(&b, "ICH_LR3_EL2", ~0ull);
	EXPECT_EQ(hyp_rd(&b, "ICH_LR3_EL2"), 0xf0f803ff0000ffff);
	hyp_wr(&b, "ICH_LR3_EL2", ~BIT(61));
	EXPECT_EQ(hyp_rd(&b, "ICH_LR3_EL2"), 0xd0f802000000ffff);
	b.c[0]->el = 2;
	EXPECT_EQ(bench_try(&b, 0, "ICH_LR4_EL2", false), SYS_UNDEF);
	EXPECT_EQ(bench_try(&b, 0, "ICH_AP1R1_EL2", false), SYS_UNDEF);
	EXPECT_EQ(bench_try(&b, 0, "ICC_AP1R1_EL1", false), SYS_UNDEF);
	b.c[0]->el = 1;
	EXPECT_EQ(bench_try(&b, 0, "ICH_HCR_EL2", false), SYS_UNDEF);
	bench_free(&b);
}

TEST(a_list_register_goes_pending_active_invalid)
{
	struct bench b = guest_bench();

	hyp_wr(&b, "ICH_LR1_EL2", LR(PENDING, 1, 0x80, 40));
	EXPECT(virq(&b) && !vfiq(&b));
	EXPECT_EQ(rd(&b, 0, "ICC_HPPIR1_EL1"), 40);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 40);
	EXPECT(!virq(&b));
	EXPECT_EQ(state(&b, "ICH_LR1_EL2"), ACTIVE);
	EXPECT_EQ(hyp_rd(&b, "ICH_AP1R0_EL2"), 1u << 16);
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0x80);
	EXPECT_EQ(hyp_rd(&b, "ICH_ELRSR_EL2"), 0xd);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 1023);
	wr(&b, 0, "ICC_EOIR1_EL1", 40);
	EXPECT_EQ(state(&b, "ICH_LR1_EL2"), INVALID);
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0xff);
	EXPECT_EQ(hyp_rd(&b, "ICH_ELRSR_EL2"), 0xf);
	bench_free(&b);
}

TEST(pending_and_active_becomes_pending_when_deactivated)
{
	struct bench b = guest_bench();

	hyp_wr(&b, "ICH_LR0_EL2", LR(PENDING, 1, 0x80, 40));
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 40);
	hyp_wr(&b, "ICH_LR0_EL2", LR(BOTH, 1, 0x80, 40));
	EXPECT(!virq(&b));
	wr(&b, 0, "ICC_EOIR1_EL1", 40);
	EXPECT_EQ(state(&b, "ICH_LR0_EL2"), PENDING);
	EXPECT(virq(&b));
	bench_free(&b);
}

TEST(a_hardware_interrupt_is_deactivated_with_the_virtual_one)
{
	struct bench b = guest_bench();

	b.c[0]->el = 2;
	wr(&b, 0, "ICC_CTLR_EL1", 2);
	ppi(&b, 0, 27, true);
	EXPECT(irq(&b, 0));
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 27);
	wr(&b, 0, "ICC_EOIR1_EL1", 27);
	b.c[0]->el = 1;
	hyp_wr(&b, "ICH_LR0_EL2", LR(PENDING, 1, 0x80, 60) | LR_HW(27));
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 60);
	EXPECT(!irq(&b, 0));
	wr(&b, 0, "ICC_EOIR1_EL1", 60);
	EXPECT_EQ(gicr_rd(&b, 0, 0x10300, 4), 0);
	EXPECT(irq(&b, 0)); /* the timer still asks */
	EXPECT_EQ(hyp_rd(&b, "ICH_ELRSR_EL2"), 0xf);
	bench_free(&b);
}

TEST(split_eoi_needs_icv_dir_to_deactivate)
{
	struct bench b = guest_bench();

	wr(&b, 0, "ICC_CTLR_EL1", 2);
	EXPECT_EQ(rd(&b, 0, "ICC_CTLR_EL1"), 0x8402);
	EXPECT_EQ(hyp_rd(&b, "ICH_VMCR_EL2") >> 9 & 1, 1);
	hyp_wr(&b, "ICH_LR2_EL2", LR(PENDING, 1, 0x80, 40));
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 40);
	wr(&b, 0, "ICC_EOIR1_EL1", 40);
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0xff);
	EXPECT_EQ(state(&b, "ICH_LR2_EL2"), ACTIVE);
	wr(&b, 0, "ICC_DIR_EL1", 40);
	EXPECT_EQ(state(&b, "ICH_LR2_EL2"), INVALID);
	wr(&b, 0, "ICC_DIR_EL1", 41); /* in no list register */
	EXPECT_EQ(hyp_rd(&b, "ICH_HCR_EL2") >> 27, 1);
	bench_free(&b);
}

TEST(virtual_groups_are_virq_and_vfiq_and_have_their_enables)
{
	struct bench b = guest_bench();

	hyp_wr(&b, "ICH_LR0_EL2", LR(PENDING, 0, 0x80, 40));
	hyp_wr(&b, "ICH_LR1_EL2", LR(PENDING, 1, 0x88, 41));
	EXPECT(vfiq(&b) && !virq(&b));
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 1023);
	EXPECT_EQ(rd(&b, 0, "ICC_HPPIR1_EL1"), 1023);
	wr(&b, 0, "ICC_IGRPEN0_EL1", 0);
	EXPECT(!vfiq(&b) && virq(&b));
	wr(&b, 0, "ICC_IGRPEN1_EL1", 0);
	EXPECT(!vfiq(&b) && !virq(&b));
	EXPECT_EQ(hyp_rd(&b, "ICH_VMCR_EL2") & 3, 0);
	wr(&b, 0, "ICC_IGRPEN0_EL1", 1);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR0_EL1"), 40);
	EXPECT_EQ(hyp_rd(&b, "ICH_AP0R0_EL2"), 1u << 16);
	hyp_wr(&b, "ICH_HCR_EL2", 0);
	EXPECT(!virq(&b) && !vfiq(&b));
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 1023);
	bench_free(&b);
}

TEST(virtual_priorities_mask_and_preempt)
{
	struct bench b = guest_bench();

	wr(&b, 0, "ICC_PMR_EL1", 0x87);
	EXPECT_EQ(rd(&b, 0, "ICC_PMR_EL1"), 0x80);
	hyp_wr(&b, "ICH_LR0_EL2", LR(PENDING, 1, 0x80, 40));
	EXPECT(!virq(&b));
	wr(&b, 0, "ICC_PMR_EL1", 0xf0);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 40);
	hyp_wr(&b, "ICH_LR1_EL2", LR(PENDING, 1, 0x80, 41));
	EXPECT(!virq(&b));
	hyp_wr(&b, "ICH_LR2_EL2", LR(PENDING, 1, 0x40, 42));
	EXPECT(virq(&b));
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 42);
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0x40);
	wr(&b, 0, "ICC_EOIR1_EL1", 42);
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0x80);
	wr(&b, 0, "ICC_EOIR1_EL1", 40);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 41);
	bench_free(&b);
}

TEST(virtual_binary_points_live_in_vmcr)
{
	struct bench b = guest_bench();

	EXPECT_EQ(rd(&b, 0, "ICC_BPR0_EL1"), 2);
	EXPECT_EQ(rd(&b, 0, "ICC_BPR1_EL1"), 3);
	wr(&b, 0, "ICC_BPR1_EL1", 6);
	EXPECT_EQ(hyp_rd(&b, "ICH_VMCR_EL2"), 0xf0000000 | 2 << 21 | 6 << 18 | 1 << 3 | 3);
	hyp_wr(&b, "ICH_LR0_EL2", LR(PENDING, 1, 0xa0, 40));
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 40);
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0x80);
	hyp_wr(&b, "ICH_LR1_EL2", LR(PENDING, 1, 0x88, 41));
	EXPECT(!virq(&b));
	wr(&b, 0, "ICC_CTLR_EL1", 1); /* VCBPR: BPR0 for both */
	EXPECT_EQ(rd(&b, 0, "ICC_BPR1_EL1"), 3);
	EXPECT(!virq(&b)); /* 0x88 against the running 0x80 */
	hyp_wr(&b, "ICH_LR1_EL2", LR(PENDING, 1, 0x78, 41));
	EXPECT(virq(&b));
	bench_free(&b);
}

TEST(an_eoi_without_its_list_register_is_counted)
{
	struct bench b = guest_bench();

	wr(&b, 0, "ICC_EOIR1_EL1", 40); /* nothing runs: no effect */
	EXPECT_EQ(hyp_rd(&b, "ICH_HCR_EL2") >> 27, 0);
	hyp_wr(&b, "ICH_LR0_EL2", LR(PENDING, 1, 0x80, 40));
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 40);
	hyp_wr(&b, "ICH_LR0_EL2", 0); /* the hypervisor took it out while active */
	hyp_wr(&b, "ICH_HCR_EL2", 1 | 1 << 2);
	EXPECT(!maintenance(&b));
	wr(&b, 0, "ICC_EOIR1_EL1", 40);
	EXPECT_EQ(hyp_rd(&b, "ICH_HCR_EL2") >> 27, 1);
	EXPECT_EQ(hyp_rd(&b, "ICH_MISR_EL2"), 4);
	EXPECT(maintenance(&b));
	hyp_wr(&b, "ICH_HCR_EL2", 1 | 1 << 2);
	EXPECT(!maintenance(&b));
	bench_free(&b);
}

TEST(an_lpi_in_a_list_register_is_never_active)
{
	struct bench b = guest_bench();

	hyp_wr(&b, "ICH_LR0_EL2", LR(PENDING, 1, 0x80, 8195));
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 8195);
	EXPECT_EQ(state(&b, "ICH_LR0_EL2"), INVALID);
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0x80);
	wr(&b, 0, "ICC_EOIR1_EL1", 8195);
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0xff);
	EXPECT_EQ(hyp_rd(&b, "ICH_HCR_EL2") >> 27, 0);
	bench_free(&b);
}

TEST(maintenance_eoi_when_a_marked_list_register_ends)
{
	struct bench b = guest_bench();

	hyp_wr(&b, "ICH_LR0_EL2", LR(PENDING, 1, 0x80, 40) | LR_EOI);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 40);
	EXPECT(!maintenance(&b));
	wr(&b, 0, "ICC_EOIR1_EL1", 40);
	EXPECT_EQ(hyp_rd(&b, "ICH_EISR_EL2"), 1);
	EXPECT_EQ(hyp_rd(&b, "ICH_ELRSR_EL2"), 0xe);
	EXPECT_EQ(hyp_rd(&b, "ICH_MISR_EL2"), 1);
	EXPECT(maintenance(&b) && irq(&b, 0));
	hyp_wr(&b, "ICH_LR0_EL2", 0);
	EXPECT(!maintenance(&b) && !irq(&b, 0));
	bench_free(&b);
}

TEST(maintenance_underflow_when_at_most_one_list_register_is_valid)
{
	struct bench b = guest_bench();

	hyp_wr(&b, "ICH_HCR_EL2", 1 | 1 << 1);
	EXPECT_EQ(hyp_rd(&b, "ICH_MISR_EL2"), 2);
	EXPECT(maintenance(&b));
	hyp_wr(&b, "ICH_LR0_EL2", LR(ACTIVE, 1, 0x80, 40));
	EXPECT(maintenance(&b));
	hyp_wr(&b, "ICH_LR1_EL2", LR(PENDING, 1, 0x80, 41));
	EXPECT(!maintenance(&b));
	hyp_wr(&b, "ICH_LR1_EL2", 0);
	EXPECT(maintenance(&b));
	hyp_wr(&b, "ICH_HCR_EL2", 1 << 1); /* En off silences it, MISR still tells */
	EXPECT(!maintenance(&b));
	EXPECT_EQ(hyp_rd(&b, "ICH_MISR_EL2"), 2);
	bench_free(&b);
}

TEST(maintenance_no_pending_counts_pure_pending_only)
{
	struct bench b = guest_bench();

	hyp_wr(&b, "ICH_HCR_EL2", 1 | 1 << 3);
	EXPECT_EQ(hyp_rd(&b, "ICH_MISR_EL2"), 8);
	hyp_wr(&b, "ICH_LR0_EL2", LR(PENDING, 1, 0x80, 40));
	EXPECT(!maintenance(&b));
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 40);
	EXPECT(maintenance(&b));
	bench_free(&b);
}

TEST(maintenance_follows_the_group_enables)
{
	static const struct {
		unsigned hcr_bit, veng, misr;
	} cases[] = { { 4, 1, 4 }, { 5, 0, 5 }, { 6, 2, 6 }, { 7, 0, 7 } };
	struct bench b = guest_bench();

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		hyp_wr(&b, "ICH_VMCR_EL2", cases[i].veng);
		hyp_wr(&b, "ICH_HCR_EL2", 1 | 1u << cases[i].hcr_bit);
		EXPECT_EQ(hyp_rd(&b, "ICH_MISR_EL2"), 1u << cases[i].misr);
		EXPECT(maintenance(&b));
		hyp_wr(&b, "ICH_VMCR_EL2", cases[i].veng ? 0 : 3);
		EXPECT(!maintenance(&b));
	}
	bench_free(&b);
}

TEST(hypervisor_traps_come_before_redirection)
{
	static const struct {
		const char *name;
		bool write;
		u32 traps; /* ICH_HCR_EL2 bits that trap it: TC 10, TALL0 11, TALL1 12, TDIR 14 */
	} rows[] = {
		{ "ICC_IAR0_EL1", false, 1 << 11 }, { "ICC_IGRPEN0_EL1", true, 1 << 11 },
		{ "ICC_AP0R0_EL1", true, 1 << 11 }, { "ICC_EOIR1_EL1", true, 1 << 12 },
		{ "ICC_BPR1_EL1", false, 1 << 12 }, { "ICC_AP1R0_EL1", true, 1 << 12 },
		{ "ICC_PMR_EL1", true, 1 << 10 },   { "ICC_RPR_EL1", false, 1 << 10 },
		{ "ICC_CTLR_EL1", true, 1 << 10 },  { "ICC_DIR_EL1", true, 1 << 10 | 1 << 14 },
	};
	struct bench b = guest_bench();

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		for (unsigned n = 10; n <= 14; n++) {
			bool traps = n != 13 && bit(rows[i].traps, n);

			hyp_wr(&b, "ICH_HCR_EL2", 1 | 1u << n);
			EXPECT_EQ(bench_try(&b, 0, rows[i].name, rows[i].write),
				  traps ? SYS_TRAP_EL2 : SYS_OK);
		}
	hyp_wr(&b, "ICH_HCR_EL2", 1);
	EXPECT_EQ(bench_try(&b, 0, "ICC_SGI1R_EL1", true), SYS_TRAP_EL2);
	b.c[0]->hcr_eff = 0;
	EXPECT_EQ(bench_try(&b, 0, "ICC_SGI1R_EL1", true), SYS_OK);
	hyp_wr(&b, "ICC_SRE_EL2", 7);
	EXPECT_EQ(bench_try(&b, 0, "ICC_SRE_EL1", false), SYS_TRAP_EL2);
	bench_free(&b);
}

TEST(each_routing_bit_redirects_its_group_alone)
{
	struct bench b = guest_bench();

	b.c[0]->hcr_eff = HCR_IMO;
	spi(&b, 1, true);
	EXPECT_EQ(rd(&b, 0, "ICC_HPPIR1_EL1"), 1023); /* virtual */
	b.c[0]->hcr_eff = HCR_FMO;
	EXPECT_EQ(rd(&b, 0, "ICC_HPPIR1_EL1"), 33);
	wr(&b, 0, "ICC_PMR_EL1", 0x40); /* common: virtual under either */
	EXPECT_EQ(hyp_rd(&b, "ICH_VMCR_EL2") >> 24, 0x40);
	b.c[0]->hcr_eff = 0;
	EXPECT_EQ(rd(&b, 0, "ICC_PMR_EL1"), 0xf0);
	bench_free(&b);
}

TEST(a_hardware_link_reaches_no_interrupt_that_is_not_there)
{
	struct bench b = guest_bench();

	for (unsigned id = 0; id < 1024; id++) {
		hyp_wr(&b, "ICH_LR0_EL2", LR(PENDING, 1, 0x80, id) | LR_HW(id));
		rd(&b, 0, "ICC_IAR1_EL1");
		wr(&b, 0, "ICC_EOIR1_EL1", id);
		hyp_wr(&b, "ICH_AP1R0_EL2", 0);
	}
	EXPECT(!virq(&b));
	bench_free(&b);
}
