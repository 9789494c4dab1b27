/*
 * The virtual interface: EL2 writes list registers, EL1 reads ICC_* and gets ICV_*. The life of a
 * list register, priorities, both EOI modes, HW interrupts, EOIcount, VMCR, vIRQ and vFIQ.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "gic_virt.h"

static void identification(void)
{
	u64 vtr = READ(ich_vtr_el2);

	EXPECT_EQ("4 list registers", vtr & 31, 3);
	EXPECT_EQ("5 preemption bits", vtr >> 26 & 7, 4);
	EXPECT_EQ("5 priority bits", vtr >> 29 & 7, 4);
	EXPECT_EQ("EL1 sees", gv_guest(gv_ctlr) >> 8 & 7, 4);
}

/* pending -> active -> gone, with what EL2 and EL1 see at each step */
static void life(void)
{
	gv_setup();
	EXPECT_EQ("all empty", READ(ich_elrsr_el2), 0xf);
	EXPECT_EQ("nothing", gv_guest(gv_iar1), SPURIOUS);
	WRITE(ich_lr1_el2, LR(50, 0x80) | LR_PENDING);
	EXPECT_EQ("LR1 in use", READ(ich_elrsr_el2), 0xd);
	EXPECT_EQ("highest pending", gv_guest(gv_hppir1), 50);
	EXPECT_EQ("idle", gv_guest(gv_rpr), 0xff);
	EXPECT_EQ("acknowledge", gv_guest(gv_iar1), 50);
	EXPECT_EQ("active", READ(ich_lr1_el2), LR(50, 0x80) | LR_ACTIVE);
	EXPECT_EQ("priority runs", gv_guest(gv_rpr), 0x80);
	EXPECT_EQ("AP1R0", READ(ich_ap1r0_el2), 1u << 16);
	EXPECT_EQ("EL1 sees it", gv_guest(gv_ap1r0), 1u << 16);
	EXPECT_EQ("nothing more", gv_guest(gv_iar1), SPURIOUS);
	gv_guest_write(gv_eoir1, 50);
	EXPECT_EQ("invalid", READ(ich_lr1_el2) & LR_STATE, 0);
	EXPECT_EQ("empty again", READ(ich_elrsr_el2), 0xf);
	EXPECT_EQ("AP1R0", READ(ich_ap1r0_el2), 0);
	EXPECT_EQ("no maintenance", READ(ich_misr_el2), 0);
}

static void pending_and_active(void)
{
	gv_setup();
	WRITE(ich_lr0_el2, LR(50, 0x80) | LR_PENDING);
	EXPECT_EQ("acknowledge", gv_guest(gv_iar1), 50);
	WRITE(ich_lr0_el2, LR(50, 0x80) | LR_PENDING | LR_ACTIVE);
	EXPECT_EQ("not while active", gv_guest(gv_hppir1), SPURIOUS);
	gv_guest_write(gv_eoir1, 50);
	EXPECT_EQ("pending is left", READ(ich_lr0_el2), LR(50, 0x80) | LR_PENDING);
	EXPECT_EQ("acknowledge again", gv_guest(gv_iar1), 50);
	gv_guest_write(gv_eoir1, 50);
	EXPECT_EQ("gone", READ(ich_lr0_el2) & LR_STATE, 0);
}

static void eoi_mode_1(void)
{
	gv_setup();
	gv_guest_write(gv_set_ctlr, 2);
	EXPECT_EQ("VMCR.VEOIM", READ(ich_vmcr_el2) >> 9 & 1, 1);
	WRITE(ich_lr0_el2, LR(50, 0x80) | LR_PENDING);
	WRITE(ich_lr1_el2, LR(51, 0x80) | LR_PENDING);
	EXPECT_EQ("first", gv_guest(gv_iar1), 50);
	gv_guest_write(gv_eoir1, 50);
	EXPECT_EQ("priority dropped", READ(ich_ap1r0_el2), 0);
	EXPECT_EQ("still active", READ(ich_lr0_el2) & LR_STATE, LR_ACTIVE);
	EXPECT_EQ("second", gv_guest(gv_iar1), 51);
	gv_guest_write(gv_eoir1, 51);
	gv_guest_write(gv_dir, 50);
	EXPECT_EQ("first is gone", READ(ich_lr0_el2) & LR_STATE, 0);
	EXPECT_EQ("second is not", READ(ich_lr1_el2) & LR_STATE, LR_ACTIVE);
	gv_guest_write(gv_dir, 51);
	EXPECT_EQ("second is gone", READ(ich_lr1_el2) & LR_STATE, 0);
}

/* HW = 1: the guest's end of interrupt ends the physical one. */
static void hardware(void)
{
	for (unsigned mode = 0; mode <= 1; mode++) {
		gv_setup();
		gv_guest_write(gv_set_ctlr, mode * 2);
		gic_write_bit(ISACTIVER, 27);
		WRITE(ich_lr0_el2, LR(80, 0x80) | LR_PENDING | LR_HW(27));
		EXPECT_EQ("acknowledge", gv_guest(gv_iar1), 80);
		EXPECT_EQ("physical stays active", gic_bit(ISACTIVER, 27), 1);
		gv_guest_write(gv_eoir1, 80);
		EXPECT_EQ("after EOI", gic_bit(ISACTIVER, 27), mode);
		if (mode) {
			gv_guest_write(gv_dir, 80);
			EXPECT_EQ("after DIR", gic_bit(ISACTIVER, 27), 0);
		}
		EXPECT_EQ("gone", READ(ich_lr0_el2) & LR_STATE, 0);
		EXPECT_EQ("no EISR for HW", READ(ich_eisr_el2), 0);
	}
}

static void priorities(void)
{
	gv_setup();
	WRITE(ich_lr0_el2, LR(50, 0x80) | LR_PENDING);
	WRITE(ich_lr1_el2, LR(51, 0x40) | LR_PENDING);
	WRITE(ich_lr2_el2, LR(52, 0xc0) | LR_PENDING);
	EXPECT_EQ("most urgent", gv_guest(gv_iar1), 51);
	EXPECT_EQ("others wait", gv_guest(gv_iar1), SPURIOUS);
	gv_guest_write(gv_eoir1, 51);
	EXPECT_EQ("second", gv_guest(gv_iar1), 50);
	WRITE(ich_lr1_el2, LR(53, 0x38) | LR_PENDING);
	EXPECT_EQ("preempts", gv_guest(gv_iar1), 53);
	EXPECT_EQ("both run", READ(ich_ap1r0_el2), 1u << 16 | 1u << 7);
	EXPECT_EQ("the more urgent one", gv_guest(gv_rpr), 0x38);
	gv_guest_write(gv_eoir1, 53);
	gv_guest_write(gv_eoir1, 50);
	gv_guest_write(gv_set_pmr, 0xc0);
	EXPECT_EQ("PMR masks", gv_guest(gv_iar1), SPURIOUS);
	EXPECT_EQ("VMCR.VPMR", READ(ich_vmcr_el2) >> 24, 0xc0);
	gv_guest_write(gv_set_pmr, 0xc8);
	EXPECT_EQ("third", gv_guest(gv_iar1), 52);
	gv_guest_write(gv_eoir1, 52);
	gv_guest_write(gv_set_bpr1, 7);
	WRITE(ich_lr0_el2, LR(50, 0x90) | LR_PENDING);
	EXPECT_EQ("BPR 7", gv_guest(gv_iar1), 50);
	WRITE(ich_lr1_el2, LR(51, 0x80) | LR_PENDING);
	EXPECT_EQ("same group priority", gv_guest(gv_iar1), SPURIOUS);
	WRITE(ich_lr2_el2, LR(52, 0x70) | LR_PENDING);
	EXPECT_EQ("another", gv_guest(gv_iar1), 52);
}

static void groups(void)
{
	gv_setup();
	WRITE(ich_lr0_el2, (LR(50, 0x80) & ~LR_GROUP1) | LR_PENDING);
	WRITE(ich_lr1_el2, LR(51, 0xa0) | LR_PENDING);
	EXPECT_EQ("IAR1 while group 0 is first", gv_guest(gv_iar1), SPURIOUS);
	EXPECT_EQ("HPPIR0", gv_guest(gv_hppir0), 50);
	EXPECT_EQ("IAR0", gv_guest(gv_iar0), 50);
	EXPECT_EQ("AP0R0", READ(ich_ap0r0_el2), 1u << 16);
	gv_guest_write(gv_eoir0, 50);
	EXPECT_EQ("AP0R0", READ(ich_ap0r0_el2), 0);
	EXPECT_EQ("IAR1", gv_guest(gv_iar1), 51);
	gv_guest_write(gv_eoir1, 51);
	gv_guest_write(gv_set_igrpen1, 0);
	WRITE(ich_lr1_el2, LR(51, 0xa0) | LR_PENDING);
	EXPECT_EQ("group 1 is off", gv_guest(gv_iar1), SPURIOUS);
	EXPECT_EQ("VMCR.VENG1", READ(ich_vmcr_el2) & 3, 1);
	gv_guest_write(gv_set_igrpen1, 1);
	EXPECT_EQ("on", gv_guest(gv_iar1), 51);
}

/* What the guest writes, EL2 finds in ICH_VMCR_EL2, and the other way round. */
static void vmcr(void)
{
	gv_setup();
	gv_guest_write(gv_set_pmr, 0xa8);
	gv_guest_write(gv_set_bpr0, 4);
	gv_guest_write(gv_set_bpr1, 5);
	gv_guest_write(gv_set_ctlr, 0);
	gv_guest_write(gv_set_igrpen0, 0);
	EXPECT_EQ("VMCR, VFIQEn aside", READ(ich_vmcr_el2) & ~8ul,
		  0xa8ul << 24 | 4ul << 21 | 5ul << 18 | 2);
	WRITE(ich_vmcr_el2, 0x58ul << 24 | 3ul << 21 | 6ul << 18 | 1ul << 9 | 1);
	EXPECT_EQ("PMR", gv_guest(gv_pmr), 0x58);
	EXPECT_EQ("BPR0", gv_guest(gv_bpr0), 3);
	EXPECT_EQ("BPR1", gv_guest(gv_bpr1), 6);
	EXPECT_EQ("CTLR", gv_guest(gv_ctlr) & 3, 2);
	EXPECT_EQ("IGRPEN0", gv_guest(gv_igrpen0), 1);
	EXPECT_EQ("IGRPEN1", gv_guest(gv_igrpen1), 0);
	gv_guest_write(gv_set_bpr0, 0);
	EXPECT_EQ("smallest BPR0", gv_guest(gv_bpr0), 2);
	gv_guest_write(gv_set_bpr1, 0);
	EXPECT_EQ("smallest BPR1", gv_guest(gv_bpr1), 3);
	gv_guest_write(gv_set_ctlr, 1);
	gv_guest_write(gv_set_bpr0, 4);
	EXPECT_EQ("CBPR: BPR1 is BPR0 + 1", gv_guest(gv_bpr1), 5);
	/* the physical interface is another one */
	WRITE(icc_pmr_el1, 0xf8);
	EXPECT_EQ("physical PMR at EL2", READ(icc_pmr_el1), 0xf8);
	EXPECT_EQ("the virtual one stays", gv_guest(gv_pmr), 0x58);
}

PROBE(some_time, "mov x0, #0x1000\n1:\tsubs x0, x0, #1\n\tb.ne 1b");

static void delivery(void)
{
	u64 open = SPSR_EL1 & ~(u64)(SPSR_I | SPSR_F);

	gv_setup();
	WRITE(ich_lr0_el2, LR(50, 0x80) | LR_PENDING);
	EXPECT_EQ("ISR_EL1 at EL2 shows the physical side", READ(isr_el1), 0);
	EXPECT_EQ("at EL1 the virtual", gv_guest(gv_isr), 1u << 7);
	RUN(SPSR_EL1, some_time);
	EXPECT_NO_EXC("masked");
	RUN(SPSR_EL2 & ~(u64)SPSR_I, some_time);
	EXPECT_NO_EXC("not taken at EL2");
	RUN(open, some_time);
	EXPECT_EQ("vIRQ", guest_cpu()->exc[0].vec, VEC_SAME + VEC_IRQ);
	EXPECT_EQ("at EL1", guest_cpu()->exc[0].el, 1);
	RUN(SPSR_EL0 & ~(u64)SPSR_I, some_time);
	EXPECT_EQ("vIRQ from EL0", guest_cpu()->exc[0].vec, VEC_LOWER + VEC_IRQ);
	WRITE(ich_hcr_el2, 0);
	RUN(open, some_time);
	EXPECT_NO_EXC("ICH_HCR_EL2.En");
	WRITE(ich_hcr_el2, 1);
	WRITE(hcr_el2, HCR_RW);
	RUN(open, some_time);
	EXPECT_NO_EXC("without IMO");
	WRITE(hcr_el2, HCR_RW | HCR_IMO | HCR_FMO);
	WRITE(ich_lr0_el2, (LR(50, 0x80) & ~LR_GROUP1) | LR_PENDING);
	RUN(open, some_time);
	EXPECT_EQ("vFIQ", guest_cpu()->exc[0].vec, VEC_SAME + VEC_FIQ);
	WRITE(ich_lr0_el2, LR(50, 0x80) | LR_ACTIVE);
	RUN(open, some_time);
	EXPECT_NO_EXC("active only");
	/* HCR_EL2.VI and VF need no list register */
	WRITE(ich_lr0_el2, 0);
	WRITE(hcr_el2, HCR_RW | HCR_IMO | HCR_FMO | 1ul << 7);
	RUN(open, some_time);
	EXPECT_EQ("HCR_EL2.VI", guest_cpu()->exc[0].vec, VEC_SAME + VEC_IRQ);
	WRITE(hcr_el2, HCR_RW | HCR_IMO | HCR_FMO | 1ul << 6);
	RUN(open, some_time);
	EXPECT_EQ("HCR_EL2.VF", guest_cpu()->exc[0].vec, VEC_SAME + VEC_FIQ);
	WRITE(hcr_el2, HCR_RW);
}

/* An end of interrupt that no list register has. */
static void eoi_count(void)
{
	gv_setup();
	WRITE(ich_ap1r0_el2, 1u << 16);
	gv_guest_write(gv_eoir1, 60);
	EXPECT_EQ("EOIcount", READ(ich_hcr_el2) >> 27, 1);
	EXPECT_EQ("priority dropped", READ(ich_ap1r0_el2), 0);
	gv_guest_write(gv_eoir1, 60);
	EXPECT_EQ("nothing was active: not counted", READ(ich_hcr_el2) >> 27, 1);
	WRITE(ich_hcr_el2, READ(ich_hcr_el2) & ~(31ul << 27));
	gv_guest_write(gv_set_ctlr, 2);
	WRITE(ich_ap1r0_el2, 1u << 16);
	if (STRICT) {
		gv_guest_write(gv_eoir1, 60);
		EXPECT_EQ("EOImode 1: EOIR does not count", READ(ich_hcr_el2) >> 27, 0);
	}
	gv_guest_write(gv_dir, 60);
	EXPECT_EQ("DIR does", READ(ich_hcr_el2) >> 27, 1);
}

/* LPIs are never active: they are gone when acknowledged. */
static void lpi(void)
{
	gv_setup();
	WRITE(ich_lr0_el2, LR(8200, 0x80) | LR_PENDING);
	EXPECT_EQ("acknowledge", gv_guest(gv_iar1), 8200);
	if (STRICT)
		EXPECT_EQ("gone", READ(ich_lr0_el2) & LR_STATE, 0);
	EXPECT_EQ("priority runs", READ(ich_ap1r0_el2), 1u << 16);
	gv_guest_write(gv_eoir1, 8200);
	EXPECT_EQ("priority dropped", READ(ich_ap1r0_el2), 0);
	EXPECT_EQ("not counted", READ(ich_hcr_el2) >> 27, 0);
}

GUEST_TESTS(TEST(identification), TEST(life), TEST(pending_and_active), TEST(eoi_mode_1),
	    TEST(hardware), TEST(priorities), TEST(groups), TEST(vmcr), TEST(delivery),
	    TEST(eoi_count), TEST(lpi));
