/* The distributor, the redistributors and the physical CPU interface. */
#include "test_gic.h"

enum {
	CTLR = 0x000,
	TYPER = 0x004,
	IGROUPR = 0x080,
	ISENABLER = 0x100,
	ICENABLER = 0x180,
	ISPENDR = 0x200,
	ICPENDR = 0x280,
	ISACTIVER = 0x300,
	ICACTIVER = 0x380,
	IPRIORITYR = 0x400,
	ICFGR = 0xc00,
	IGRPMODR = 0xd00,
	NSACR = 0xe00,
	IROUTER = 0x6000,
	PIDR2 = 0xffe8,
	SGI = 0x10000
};

TEST(identification_says_gicv3_with_288_interrupts)
{
	struct bench b = bench_new(2, FEAT(EL2));

	EXPECT_EQ(gicd_rd(&b, PIDR2, 4), 0x3b);
	EXPECT_EQ(gicr_rd(&b, 1, PIDR2, 4), 0x3b);
	EXPECT_EQ(gicd_rd(&b, TYPER, 4) & 0x1f, 8);
	EXPECT_EQ(gicd_rd(&b, 8, 4), 0x43b);
	EXPECT_EQ(gicr_rd(&b, 0, 8, 8), 0);
	EXPECT_EQ(gicr_rd(&b, 1, 8, 8), 1ull << 32 | 1 << 8 | 1 << 4);
	EXPECT_EQ(gicr_rd(&b, 1, 0xc, 4), 1);
	bench_free(&b);
}

TEST(a_level_interrupt_is_signalled_acknowledged_and_pending_again_while_the_input_is_high)
{
	struct bench b = bench_new(1, FEAT(EL2));

	bench_start(&b);
	spi(&b, 1, true);
	EXPECT(irq(&b, 0) && !fiq(&b, 0));
	EXPECT_EQ(rd(&b, 0, "ICC_HPPIR1_EL1"), 33);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 33);
	EXPECT(!irq(&b, 0));
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0xa0);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 1023);
	EXPECT_EQ(gicd_rd(&b, ISACTIVER + 4, 4), 2);
	EXPECT_EQ(gicd_rd(&b, ISPENDR + 4, 4), 2);
	wr(&b, 0, "ICC_EOIR1_EL1", 33);
	EXPECT(irq(&b, 0));
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0xff);
	spi(&b, 1, false);
	EXPECT(!irq(&b, 0));
	bench_free(&b);
}

TEST(an_edge_interrupt_stays_pending_after_the_input_falls)
{
	struct bench b = bench_new(1, FEAT(EL2));

	bench_start(&b);
	gicd_wr(&b, ICFGR + 8, 2 << 2, 4); /* INTID 33 */
	EXPECT_EQ(gicd_rd(&b, ICFGR + 8, 4), 8);
	spi(&b, 1, true);
	spi(&b, 1, false);
	EXPECT(irq(&b, 0));
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 33);
	wr(&b, 0, "ICC_EOIR1_EL1", 33);
	EXPECT(!irq(&b, 0));
	spi(&b, 1, true);
	gicd_wr(&b, ICPENDR + 4, 2, 4);
	EXPECT(!irq(&b, 0));
	bench_free(&b);
}

TEST(software_sets_and_clears_pending_and_active)
{
	struct bench b = bench_new(1, FEAT(EL2));

	bench_start(&b);
	gicd_wr(&b, ISPENDR + 8, 1 << 6, 4); /* 70 */
	EXPECT_EQ(rd(&b, 0, "ICC_HPPIR1_EL1"), 70);
	gicd_wr(&b, ISACTIVER + 8, 1 << 6, 4);
	EXPECT(!irq(&b, 0));
	gicd_wr(&b, ICACTIVER + 8, 1 << 6, 4);
	EXPECT(irq(&b, 0));
	gicd_wr(&b, ICENABLER + 8, 1 << 6, 4);
	EXPECT(!irq(&b, 0));
	EXPECT_EQ(gicd_rd(&b, ISENABLER + 8, 4), ~(1u << 6));
	gicd_wr(&b, ICPENDR + 8, 1 << 6, 4);
	gicd_wr(&b, ISENABLER + 8, 1 << 6, 4);
	EXPECT(!irq(&b, 0));
	bench_free(&b);
}

TEST(the_highest_priority_wins_and_then_the_lowest_intid)
{
	struct bench b = bench_new(1, FEAT(EL2));

	bench_start(&b);
	gicd_wr(&b, IPRIORITYR + 40, 0x40, 1);
	EXPECT_EQ(gicd_rd(&b, IPRIORITYR + 40, 4), 0xa0a0a040);
	spi(&b, 1, true);
	spi(&b, 0, true);
	EXPECT_EQ(rd(&b, 0, "ICC_HPPIR1_EL1"), 32);
	spi(&b, 8, true);
	EXPECT_EQ(rd(&b, 0, "ICC_HPPIR1_EL1"), 40);
	ppi(&b, 0, 27, true);
	gicr_wr(&b, 0, SGI + IPRIORITYR + 27, 0x3f, 1);
	EXPECT_EQ(gicr_rd(&b, 0, SGI + IPRIORITYR + 27, 1), 0x38); /* five bits */
	EXPECT_EQ(rd(&b, 0, "ICC_HPPIR1_EL1"), 27);
	bench_free(&b);
}

TEST(the_priority_mask_holds_back_what_is_not_higher)
{
	struct bench b = bench_new(1, FEAT(EL2));

	bench_start(&b);
	spi(&b, 1, true);
	wr(&b, 0, "ICC_PMR_EL1", 0xa7);
	EXPECT_EQ(rd(&b, 0, "ICC_PMR_EL1"), 0xa0);
	EXPECT(!irq(&b, 0));
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 1023);
	EXPECT_EQ(rd(&b, 0, "ICC_HPPIR1_EL1"), 33);
	wr(&b, 0, "ICC_PMR_EL1", 0xa8);
	EXPECT(irq(&b, 0));
	bench_free(&b);
}

TEST(a_higher_group_priority_preempts_and_ends_in_reverse_order)
{
	struct bench b = bench_new(1, FEAT(EL2));

	bench_start(&b);
	gicd_wr(&b, IPRIORITYR + 34, 0x80, 1);
	spi(&b, 1, true);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 33);
	spi(&b, 3, true);
	EXPECT(!irq(&b, 0)); /* same priority */
	spi(&b, 2, true);
	EXPECT(irq(&b, 0));
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 34);
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0x80);
	EXPECT_EQ(rd(&b, 0, "ICC_AP1R0_EL1"), 1u << 16 | 1u << 20);
	wr(&b, 0, "ICC_EOIR1_EL1", 34);
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0xa0);
	bench_free(&b);
}

TEST(the_binary_point_makes_subpriorities_that_do_not_preempt)
{
	struct bench b = bench_new(1, FEAT(EL2));

	bench_start(&b);
	EXPECT_EQ(rd(&b, 0, "ICC_BPR1_EL1"), 3);
	wr(&b, 0, "ICC_BPR1_EL1", 0);
	EXPECT_EQ(rd(&b, 0, "ICC_BPR1_EL1"), 3);
	wr(&b, 0, "ICC_BPR0_EL1", 0);
	EXPECT_EQ(rd(&b, 0, "ICC_BPR0_EL1"), 2);
	wr(&b, 0, "ICC_BPR1_EL1", 6); /* group bits 7:6 */
	gicd_wr(&b, IPRIORITYR + 34, 0x80, 1);
	spi(&b, 1, true);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 33);
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0x80);
	spi(&b, 2, true);
	EXPECT(!irq(&b, 0));
	gicd_wr(&b, IPRIORITYR + 34, 0x78, 1);
	EXPECT(irq(&b, 0));
	wr(&b, 0, "ICC_BPR0_EL1", 7); /* no preemption at all, for both groups by CBPR */
	wr(&b, 0, "ICC_CTLR_EL1", 1);
	EXPECT(!irq(&b, 0));
	EXPECT_EQ(rd(&b, 0, "ICC_BPR1_EL1"), 7);
	wr(&b, 0, "ICC_BPR0_EL1", 3);
	EXPECT_EQ(rd(&b, 0, "ICC_BPR1_EL1"), 4);
	wr(&b, 0, "ICC_BPR1_EL1", 7); /* ignored */
	EXPECT_EQ(rd(&b, 0, "ICC_BPR1_EL1"), 4);
	bench_free(&b);
}

TEST(split_eoi_drops_priority_and_deactivates_apart)
{
	struct bench b = bench_new(1, FEAT(EL2));

	bench_start(&b);
	wr(&b, 0, "ICC_CTLR_EL1", 2);
	EXPECT_EQ(rd(&b, 0, "ICC_CTLR_EL1"), 0x8402);
	ppi(&b, 0, 30, true);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 30);
	wr(&b, 0, "ICC_EOIR1_EL1", 30);
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0xff);
	EXPECT_EQ(gicr_rd(&b, 0, SGI + ISACTIVER, 4), 1u << 30);
	EXPECT(!irq(&b, 0));
	wr(&b, 0, "ICC_DIR_EL1", 30);
	EXPECT_EQ(gicr_rd(&b, 0, SGI + ISACTIVER, 4), 0);
	EXPECT(irq(&b, 0));
	wr(&b, 0, "ICC_CTLR_EL1", 0);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 30);
	wr(&b, 0, "ICC_DIR_EL1", 30); /* not in this mode */
	EXPECT_EQ(gicr_rd(&b, 0, SGI + ISACTIVER, 4), 1u << 30);
	bench_free(&b);
}

TEST(misuse_of_eoir_and_dir_changes_nothing)
{
	struct bench b = bench_new(1, FEAT(EL2));

	bench_start(&b);
	wr(&b, 0, "ICC_EOIR1_EL1", 33);
	wr(&b, 0, "ICC_EOIR1_EL1", 0xffffff);
	wr(&b, 0, "ICC_DIR_EL1", 5000);
	spi(&b, 1, true);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 33);
	wr(&b, 0, "ICC_EOIR0_EL1", 33);
	wr(&b, 0, "ICC_EOIR1_EL1", 1023);
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0xa0);
	bench_free(&b);
}

TEST(group_0_is_an_fiq_and_read_from_iar0)
{
	struct bench b = bench_new(1, FEAT(EL2));

	bench_start(&b);
	gicd_wr(&b, CTLR, 0x13, 4);
	gicd_wr(&b, IGROUPR + 4, ~2u, 4);
	spi(&b, 1, true);
	EXPECT(!fiq(&b, 0)); /* the group is off in the CPU interface */
	spi(&b, 2, true);
	EXPECT(irq(&b, 0)); /* and does not hide others */
	wr(&b, 0, "ICC_IGRPEN0_EL1", 1);
	EXPECT(fiq(&b, 0) && !irq(&b, 0));
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 1023);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR0_EL1"), 33);
	EXPECT_EQ(rd(&b, 0, "ICC_AP0R0_EL1"), 1u << 20);
	wr(&b, 0, "ICC_EOIR0_EL1", 33);
	EXPECT(fiq(&b, 0));
	bench_free(&b);
}

TEST(spis_go_where_irouter_says)
{
	struct bench b = bench_new(3, FEAT(EL2));

	bench_start(&b);
	gicd_wr(&b, IROUTER + 8 * 33, 2, 8);
	EXPECT_EQ(gicd_rd(&b, IROUTER + 8 * 33, 8), 2);
	spi(&b, 1, true);
	EXPECT(!irq(&b, 0) && !irq(&b, 1) && irq(&b, 2));
	gicd_wr(&b, IROUTER + 8 * 33, 1, 4);
	EXPECT(!irq(&b, 0) && irq(&b, 1) && !irq(&b, 2));
	gicd_wr(&b, IROUTER + 8 * 33, 0x100, 8); /* nobody */
	EXPECT(!irq(&b, 0) && !irq(&b, 1) && !irq(&b, 2));
	gicd_wr(&b, IROUTER + 8 * 33, 1u << 31, 8);
	EXPECT(irq(&b, 0) && !irq(&b, 1) && !irq(&b, 2));
	wr(&b, 0, "ICC_IGRPEN1_EL1", 0); /* PE 0 takes no part any more */
	EXPECT(!irq(&b, 0) && irq(&b, 1) && !irq(&b, 2));
	gicr_wr(&b, 1, 0x14, 2, 4); /* PE 1 sleeps */
	EXPECT_EQ(gicr_rd(&b, 1, 0x14, 4), 6);
	EXPECT(!irq(&b, 1) && irq(&b, 2));
	bench_free(&b);
}

TEST(sgis_reach_the_listed_pes_or_all_others)
{
	struct bench b = bench_new(3, FEAT(EL2));

	bench_start(&b);
	wr(&b, 0, "ICC_SGI1R_EL1", 5ull << 24 | 6); /* PEs 1 and 2 */
	EXPECT(!irq(&b, 0) && irq(&b, 1) && irq(&b, 2));
	EXPECT_EQ(rd(&b, 1, "ICC_IAR1_EL1"), 5);
	EXPECT(!irq(&b, 1) && irq(&b, 2));
	wr(&b, 2, "ICC_SGI1R_EL1", 1ull << 40 | 7ull << 24);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 7);
	EXPECT_EQ(gicr_rd(&b, 2, SGI + ISPENDR, 4), 1 << 5);
	wr(&b, 0, "ICC_SGI1R_EL1", 1ull << 16 | 9ull << 24 | 7); /* another Aff1 */
	wr(&b, 0, "ICC_SGI1R_EL1", 1ull << 44 | 9ull << 24 | 7); /* Aff0 16..31 */
	wr(&b, 0, "ICC_SGI0R_EL1", 9ull << 24 | 7);		 /* they are in Group 1 */
	EXPECT_EQ(gicr_rd(&b, 2, SGI + ISPENDR, 4), 1 << 5);
	bench_free(&b);
}

TEST(a_message_makes_an_spi_pending)
{
	struct bench b = bench_new(1, FEAT(EL2));

	bench_start(&b);
	gicd_wr(&b, ICFGR + 8, 2 << 2, 4);
	gicd_wr(&b, 0x40, 33, 4);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 33);
	gicd_wr(&b, 0x40, 5, 4); /* no SPI */
	gicd_wr(&b, 0x40, 34, 2);
	EXPECT_EQ(gicd_rd(&b, ISPENDR + 4, 4), 4);
	gicd_wr(&b, 0x48, 34, 4);
	EXPECT_EQ(gicd_rd(&b, ISPENDR + 4, 4), 0);
	bench_free(&b);
}

TEST(with_one_security_state_ds_is_fixed)
{
	struct bench b = bench_new(1, FEAT(EL2));

	gicd_wr(&b, CTLR, ~0u, 4);
	EXPECT_EQ(gicd_rd(&b, CTLR, 4), 0x53);
	gicd_wr(&b, CTLR, 0, 4);
	EXPECT_EQ(gicd_rd(&b, CTLR, 4), 0x50);
	EXPECT_EQ(bit(gicd_rd(&b, TYPER, 4), 10), 0);
	bench_free(&b);
}

TEST(the_distributor_shows_nothing_of_private_interrupts_or_beyond_the_last)
{
	struct bench b = bench_new(1, FEAT(EL2));

	gicd_wr(&b, IGROUPR, ~0u, 4);
	gicd_wr(&b, IPRIORITYR, 0xa0, 1);
	gicd_wr(&b, IROUTER + 8 * 3, 1, 8);
	gicd_wr(&b, IGROUPR + 4 * 9, ~0u, 4);
	EXPECT_EQ(gicd_rd(&b, IGROUPR, 4) | gicd_rd(&b, IPRIORITYR, 4) |
			  gicd_rd(&b, IROUTER + 8 * 3, 8) | gicd_rd(&b, IGROUPR + 4 * 9, 4) |
			  gicd_rd(&b, IPRIORITYR + 288, 4),
		  0);
	EXPECT_EQ(gicd_rd(&b, IGROUPR + 4, 8), 0); /* no 64-bit access */
	EXPECT_EQ(gicd_rd(&b, 0x4000, 4), 0);	   /* reserved */
	EXPECT_EQ(gicr_rd(&b, 0, 0x18000, 4), 0);
	bench_free(&b);
}

/* Two security states */

static struct bench secure_bench(void)
{
	struct bench b = bench_new(1, FEAT(EL2) | FEAT(EL3));

	b.ns = false;
	b.c[0]->el = 3;
	b.c[0]->secure = true;
	gicd_wr(&b, CTLR, 7, 4);
	gicr_wr(&b, 0, 0x14, 0, 4);
	gicd_wr(&b, IGROUPR + 4, 4, 4);	 /* 34: Non-secure Group 1 */
	gicd_wr(&b, IGRPMODR + 4, 2, 4); /* 33: Secure Group 1; 32: Group 0 */
	gicd_wr(&b, ISENABLER + 4, 0xff, 4);
	for (unsigned n = 32; n < 40; n++)
		gicd_wr(&b, IPRIORITYR + n, n == 34 ? 0xc0 : 0x40, 1);
	wr(&b, 0, "ICC_PMR_EL1", 0xf8);
	wr(&b, 0, "ICC_IGRPEN0_EL1", 1);
	wr(&b, 0, "ICC_IGRPEN1_EL3", 3);
	return b;
}

/* Moves PE 0 to an EL in a security state. */
static void at(struct bench *b, unsigned el, bool secure)
{
	b->c[0]->el = (u8)el;
	b->c[0]->secure = secure;
	b->c[0]->sys.scr_el3 =
		secure ? b->c[0]->sys.scr_el3 & ~SCR_NS : b->c[0]->sys.scr_el3 | SCR_NS;
	gic_world_changed(b->c[0]);
}

TEST(non_secure_accesses_see_only_their_group)
{
	struct bench b = secure_bench();

	EXPECT_EQ(gicd_rd(&b, CTLR, 4), 0x37);
	b.ns = true;
	EXPECT_EQ(gicd_rd(&b, CTLR, 4), 0x12);
	gicd_wr(&b, CTLR, 0, 4);
	EXPECT_EQ(gicd_rd(&b, CTLR, 4), 0x10);
	EXPECT_EQ(gicd_rd(&b, IGROUPR + 4, 4), 0);
	EXPECT_EQ(gicd_rd(&b, ISENABLER + 4, 4), 4);
	gicd_wr(&b, ICENABLER + 4, 0xff, 4);
	gicd_wr(&b, ISPENDR + 4, 0xff, 4);
	EXPECT_EQ(gicd_rd(&b, IPRIORITYR + 32, 4), 0x00800000);
	gicd_wr(&b, IPRIORITYR + 32, 0x10101010, 4);
	EXPECT_EQ(gicd_rd(&b, IPRIORITYR + 32, 4), 0x00100000);
	gicd_wr(&b, IROUTER + 8 * 33, 1u << 31, 8);
	EXPECT_EQ(gicd_rd(&b, IROUTER + 8 * 33, 8), 0);
	EXPECT_EQ(gicr_rd(&b, 0, 0x14, 4), 0);
	gicr_wr(&b, 0, 0x14, 2, 4);
	b.ns = false;
	EXPECT_EQ(gicr_rd(&b, 0, 0x14, 4), 0);
	EXPECT_EQ(gicd_rd(&b, CTLR, 4), 0x35);
	EXPECT_EQ(gicd_rd(&b, ISENABLER + 4, 4), 0xfb);
	EXPECT_EQ(gicd_rd(&b, ISPENDR + 4, 4), 4);
	EXPECT_EQ(gicd_rd(&b, IPRIORITYR + 32, 4), 0x40884040);
	bench_free(&b);
}

TEST(nsacr_opens_secure_interrupts_step_by_step)
{
	struct bench b = secure_bench();

	gicd_wr(&b, NSACR + 8, 1 | 2 << 2, 4); /* 32: set pending; 33: also clear */
	EXPECT_EQ(gicd_rd(&b, NSACR + 8, 4), 9);
	b.ns = true;
	EXPECT_EQ(gicd_rd(&b, NSACR + 8, 4), 0);
	gicd_wr(&b, ISPENDR + 4, 0xff, 4);
	EXPECT_EQ(gicd_rd(&b, ISPENDR + 4, 4), 7);
	gicd_wr(&b, ICPENDR + 4, 0xff, 4);
	EXPECT_EQ(gicd_rd(&b, ISPENDR + 4, 4), 1);
	b.ns = false;
	gicd_wr(&b, NSACR + 8, 3, 4);
	b.ns = true;
	gicd_wr(&b, IROUTER + 8 * 32, 5, 8);
	EXPECT_EQ(gicd_rd(&b, IROUTER + 8 * 32, 8), 5);
	bench_free(&b);
}

TEST(irq_or_fiq_depends_on_group_and_world)
{
	static const struct {
		u8 spi, el;
		bool secure, fiq;
	} cases[] = {
		{ 0, 3, true, true },	{ 0, 1, true, true },
		{ 0, 1, false, true }, /* Group 0 */
		{ 1, 3, true, true },	{ 1, 1, true, false },
		{ 1, 2, false, true }, /* Secure Group 1 */
		{ 2, 3, true, true },	{ 2, 1, true, true },
		{ 2, 2, false, false }, /* Non-secure Group 1 */
	};
	struct bench b = secure_bench();

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		spi(&b, cases[i].spi, true);
		at(&b, cases[i].el, cases[i].secure);
		EXPECT_EQ(fiq(&b, 0), cases[i].fiq);
		EXPECT_EQ(irq(&b, 0), !cases[i].fiq);
		spi(&b, cases[i].spi, false);
	}
	bench_free(&b);
}

TEST(el3_learns_of_group_1_by_special_intids)
{
	struct bench b = secure_bench();

	at(&b, 3, true);
	spi(&b, 1, true);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR0_EL1"), 1020);
	EXPECT_EQ(rd(&b, 0, "ICC_HPPIR1_EL1"), 33);
	spi(&b, 1, false);
	spi(&b, 2, true);
	EXPECT_EQ(rd(&b, 0, "ICC_HPPIR0_EL1"), 1021);
	at(&b, 1, true);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR0_EL1"), 1023);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 1023); /* not Secure EL1's */
	spi(&b, 0, true);
	at(&b, 2, false);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR0_EL1"), 1023);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 1023); /* a secure one is in front */
	at(&b, 1, true);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR0_EL1"), 32);
	bench_free(&b);
}

TEST(non_secure_software_sees_the_lower_half_of_the_priorities)
{
	struct bench b = secure_bench();

	b.c[0]->sys.scr_el3 = SCR_FIQ;
	at(&b, 2, false);
	EXPECT_EQ(rd(&b, 0, "ICC_PMR_EL1"), 0xf0);
	wr(&b, 0, "ICC_PMR_EL1", 0x90);
	EXPECT_EQ(rd(&b, 0, "ICC_PMR_EL1"), 0x90);
	spi(&b, 2, true);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 34);
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0x80);
	at(&b, 3, true);
	EXPECT_EQ(rd(&b, 0, "ICC_PMR_EL1"), 0xc8);
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0xc0);
	wr(&b, 0, "ICC_PMR_EL1", 0x40);
	at(&b, 2, false);
	EXPECT_EQ(rd(&b, 0, "ICC_PMR_EL1"), 0);
	wr(&b, 0, "ICC_PMR_EL1", 0xff); /* out of its reach */
	at(&b, 3, true);
	EXPECT_EQ(rd(&b, 0, "ICC_PMR_EL1"), 0x40);
	bench_free(&b);
}

TEST(group_1_registers_are_banked_by_security)
{
	struct bench b = secure_bench();

	at(&b, 1, true);
	EXPECT_EQ(rd(&b, 0, "ICC_BPR1_EL1"), 2);
	wr(&b, 0, "ICC_IGRPEN1_EL1", 0);
	wr(&b, 0, "ICC_CTLR_EL1", 3); /* CBPR is EL3's */
	at(&b, 2, false);
	EXPECT_EQ(rd(&b, 0, "ICC_BPR1_EL1"), 3);
	EXPECT_EQ(rd(&b, 0, "ICC_IGRPEN1_EL1"), 1);
	EXPECT_EQ(rd(&b, 0, "ICC_CTLR_EL1") & 3, 0);
	at(&b, 3, true);
	EXPECT_EQ(rd(&b, 0, "ICC_IGRPEN1_EL3"), 1);
	EXPECT_EQ(rd(&b, 0, "ICC_CTLR_EL3"), 0x8408);
	wr(&b, 0, "ICC_CTLR_EL3", 0x12);
	at(&b, 2, false);
	EXPECT_EQ(rd(&b, 0, "ICC_CTLR_EL1") & 3, 3);
	bench_free(&b);
}

TEST(non_secure_eoi_and_dir_do_not_touch_secure_interrupts)
{
	struct bench b = secure_bench();

	at(&b, 1, true);
	spi(&b, 0, true);
	EXPECT_EQ(rd(&b, 0, "ICC_IAR0_EL1"), 32);
	at(&b, 2, false);
	wr(&b, 0, "ICC_EOIR0_EL1", 32);
	wr(&b, 0, "ICC_CTLR_EL1", 2);
	wr(&b, 0, "ICC_DIR_EL1", 32);
	EXPECT_EQ(gicd_rd(&b, ISACTIVER + 4, 4), 1);
	at(&b, 3, true);
	wr(&b, 0, "ICC_EOIR0_EL1", 32);
	EXPECT_EQ(gicd_rd(&b, ISACTIVER + 4, 4), 0);
	bench_free(&b);
}

TEST(sgis_respect_groups_and_nsacr)
{
	struct bench b = secure_bench();

	gicr_wr(&b, 0, SGI + IGROUPR, 4, 4);  /* 2: Non-secure */
	gicr_wr(&b, 0, SGI + IGRPMODR, 2, 4); /* 1: Secure Group 1; 0: Group 0 */
	at(&b, 2, false);
	for (unsigned id = 0; id < 3; id++) {
		wr(&b, 0, "ICC_SGI0R_EL1", (u64)id << 24 | 1);
		wr(&b, 0, "ICC_SGI1R_EL1", (u64)id << 24 | 1);
		wr(&b, 0, "ICC_ASGI1R_EL1", (u64)id << 24 | 1);
	}
	EXPECT_EQ(gicr_rd(&b, 0, SGI + ISPENDR, 4), 4);
	gicr_wr(&b, 0, SGI + NSACR, 1 | 2 << 2, 4);
	wr(&b, 0, "ICC_SGI0R_EL1", 1);
	wr(&b, 0, "ICC_ASGI1R_EL1", 1 << 24 | 1);
	EXPECT_EQ(gicr_rd(&b, 0, SGI + ISPENDR, 4), 7);
	gicr_wr(&b, 0, SGI + ICPENDR, 7, 4);
	at(&b, 1, true);
	wr(&b, 0, "ICC_SGI1R_EL1", 1); /* a Group 0 SGI answers to Secure Group 1 too */
	wr(&b, 0, "ICC_SGI1R_EL1", 1 << 24 | 1);
	wr(&b, 0, "ICC_SGI1R_EL1", 2 << 24 | 1);
	EXPECT_EQ(gicr_rd(&b, 0, SGI + ISPENDR, 4), 3);
	wr(&b, 0, "ICC_ASGI1R_EL1", 2 << 24 | 1);
	EXPECT_EQ(gicr_rd(&b, 0, SGI + ISPENDR, 4), 7);
	bench_free(&b);
}

TEST(ds_once_set_stays_and_merges_the_states)
{
	struct bench b = secure_bench();

	EXPECT_EQ(bit(gicd_rd(&b, TYPER, 4), 10), 1);
	gicd_wr(&b, CTLR, 0x43, 4);
	gicd_wr(&b, CTLR, 0x03, 4);
	b.ns = true;
	EXPECT_EQ(gicd_rd(&b, CTLR, 4), 0x53);
	EXPECT_EQ(gicd_rd(&b, IGROUPR + 4, 4), 4);
	EXPECT_EQ(gicd_rd(&b, IGRPMODR + 4, 4), 0);
	at(&b, 2, false);
	spi(&b, 1, true); /* was Secure Group 1 */
	EXPECT_EQ(rd(&b, 0, "ICC_IAR0_EL1"), 33);
	bench_free(&b);
}

TEST(scr_el3_keeps_lower_els_from_the_registers_of_what_it_takes)
{
	struct bench b = secure_bench();

	b.c[0]->sys.scr_el3 = SCR_FIQ;
	at(&b, 2, false);
	EXPECT_EQ(bench_try(&b, 0, "ICC_IAR0_EL1", false), SYS_TRAP_EL3);
	EXPECT_EQ(bench_try(&b, 0, "ICC_IAR1_EL1", false), SYS_OK);
	EXPECT_EQ(bench_try(&b, 0, "ICC_PMR_EL1", true), SYS_OK);
	b.c[0]->sys.scr_el3 |= SCR_IRQ;
	EXPECT_EQ(bench_try(&b, 0, "ICC_IAR1_EL1", false), SYS_TRAP_EL3);
	EXPECT_EQ(bench_try(&b, 0, "ICC_PMR_EL1", true), SYS_TRAP_EL3);
	EXPECT_EQ(bench_try(&b, 0, "ICC_SGI1R_EL1", true), SYS_TRAP_EL3);
	EXPECT_EQ(bench_try(&b, 0, "ICC_CTLR_EL3", false), SYS_UNDEF);
	EXPECT_EQ(bench_try(&b, 0, "ICC_SRE_EL2", false), SYS_OK);
	at(&b, 3, true);
	EXPECT_EQ(bench_try(&b, 0, "ICC_IAR0_EL1", false), SYS_OK);
	EXPECT_EQ(bench_try(&b, 0, "ICC_SRE_EL2", false), SYS_UNDEF); /* no EL2 in Secure state */
	wr(&b, 0, "ICC_SRE_EL3", 7);
	at(&b, 1, false);
	EXPECT_EQ(bench_try(&b, 0, "ICC_SRE_EL1", false), SYS_TRAP_EL3);
	bench_free(&b);
}

TEST(firmware_leaves_everything_to_non_secure_software)
{
	struct bench b = bench_new(1, FEAT(EL2) | FEAT(EL3));

	gic_firmware_setup(b.g);
	at(&b, 2, false);
	b.c[0]->sys.scr_el3 |= SCR_FIQ;
	bench_start(&b);
	spi(&b, 1, true);
	EXPECT(irq(&b, 0));
	EXPECT_EQ(rd(&b, 0, "ICC_IAR1_EL1"), 33);
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0xa0);
	bench_free(&b);
}

TEST(what_is_saved_comes_back_without_an_edge)
{
	static struct bench_snap first, second;
	struct bench a = bench_new(2, FEAT(EL2)), b = bench_new(2, FEAT(EL2));

	bench_start(&a);
	gicd_wr(&a, ICFGR + 8, 2 << 4, 4); /* 34: edge */
	gicd_wr(&a, IROUTER + 8 * 33, 1, 8);
	spi(&a, 1, true);
	spi(&a, 2, true);
	EXPECT_EQ(rd(&a, 0, "ICC_IAR1_EL1"), 34);
	ppi(&a, 0, 27, true);
	EXPECT(bench_snap(&a, &first, false));
	EXPECT(bench_snap(&b, &first, true));
	EXPECT(!b.c[1]->pins); /* a sink keeps its own levels: the CPU's come with the CPU */
	EXPECT(bench_snap(&b, &second, false));
	EXPECT_EQ(first.at, second.at);
	EXPECT(!memcmp(first.data, second.data, first.at));
	EXPECT_EQ(rd(&b, 1, "ICC_HPPIR1_EL1"), 33);
	EXPECT_EQ(rd(&b, 0, "ICC_HPPIR1_EL1"), 27);
	EXPECT_EQ(rd(&b, 0, "ICC_RPR_EL1"), 0xa0);
	spi(&b, 2, true); /* already high: no edge */
	EXPECT_EQ(gicd_rd(&b, ISPENDR + 4, 4), 2);
	memset(first.data, 0xff, sizeof first.data);
	EXPECT(!bench_snap(&b, &first, true)); /* refused, and nothing breaks */
	bench_free(&a);
	bench_free(&b);
}

/*
 * Any mix of accesses from any EL, and inputs that move: the sanitizers watch, and the pins follow
 * the state.
 */
TEST(random_accesses_do_no_harm)
{
	struct bench b = bench_new(4, FEAT(EL2) | FEAT(EL3));
	u64 x = 88172645463325252ull, taken = 0;

	b.ns = false;
	gicd_wr(&b, CTLR, 7, 4);
	for (unsigned n = 1; n <= 8; n++)
		gicd_wr(&b, ISENABLER + 4 * n, ~0u, 4);
	for (unsigned i = 0; i < b.n; i++) {
		b.c[i]->el = 3;
		gicr_wr(&b, i, 0x14, 0, 4);
		gicr_wr(&b, i, SGI + ISENABLER, ~0u, 4);
		wr(&b, i, "ICC_PMR_EL1", 0xff);
		wr(&b, i, "ICC_IGRPEN0_EL1", 1);
		wr(&b, i, "ICC_IGRPEN1_EL3", 3);
	}
	for (unsigned i = 0; i < 200000; i++) {
		unsigned pe, width = 1u << (x >> 8 & 3);
		const struct sysreg *r = &gic_sysregs[(x >> 40) % gic_sysregs_n], *reached;
		u64 v = x * 0x9e3779b97f4a7c15ull;
		bool write = x >> 20 & 1;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		pe = x >> 50 & 3;
		b.ns = x >> 3 & 1;
		if (i % 8 == 0) { /* whatever ran has ended */
			b.c[pe]->el = 3;
			b.c[pe]->sys.scr_el3 = i / 8 & SCR_NS;
			wr(&b, pe, "ICC_AP0R0_EL1", 0);
			wr(&b, pe, "ICC_AP1R0_EL1", 0);
			wr(&b, pe, "ICC_IGRPEN1_EL3", 3);
			wr(&b, pe, "ICC_PMR_EL1", 0xff);
		}
		b.c[pe]->el = 1 + (x >> 11) % 3;
		b.c[pe]->sys.scr_el3 = x >> 14 & 7;
		b.c[pe]->el2_on = b.c[pe]->sys.scr_el3 & SCR_NS;
		b.c[pe]->hcr_eff = b.c[pe]->el2_on ? x >> 17 & (HCR_IMO | HCR_FMO) : 0;
		gic_world_changed(b.c[pe]);
		switch (x >> 60 & 3) {
		case 0:
			write ? gicd_wr(&b, (x >> 24 & (x >> 42 & 7 ? 0xfff : 0xffff)) & -width, v,
					width)
			      : gicd_rd(&b, (x >> 24 & (x >> 42 & 7 ? 0xfff : 0xffff)) & -width,
					width);
			break;
		case 1:
			write ? gicr_wr(&b, pe,
					(x >> 24 & (x >> 42 & 7 ? 0x10fff : 0x1ffff)) & -width, v,
					width)
			      : gicr_rd(&b, pe,
					(x >> 24 & (x >> 42 & 7 ? 0x10fff : 0x1ffff)) & -width,
					width);
			break;
		case 2:
			if (sysreg_resolve(b.c[pe], r->enc, write, &reached) != SYS_OK)
				break;
			if (write)
				sysreg_write(b.c[pe], reached, v);
			else
				taken += sysreg_read(b.c[pe], reached) < 1020 &&
					 strstr(reached->name, "IAR");
			break;
		default:
			spi(&b, v % 256, v >> 20 & 1);
			ppi(&b, pe, 16 + (v >> 32) % 16, v >> 40 & 1);
		}
		EXPECT(!(irq(&b, pe) && fiq(&b, pe)));
		EXPECT(!(pin(&b, pe, CPU_PIN_VIRQ) && pin(&b, pe, CPU_PIN_VFIQ)));
	}
	EXPECT(taken > 50);
	bench_free(&b);
}
