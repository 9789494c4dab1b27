/*
 * Maintenance interrupts of the virtual interface by each cause, and the traps of ICH_HCR_EL2 and
 * HCR_EL2 on the guest's ICC_* registers, with their syndromes.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "gic_virt.h"

#define MAINTENANCE 25
#define HCR_EN (1u << 0)
#define HCR_UIE (1u << 1)
#define HCR_LRENPIE (1u << 2)
#define HCR_NPIE (1u << 3)
#define HCR_VGRP0EIE (1u << 4)
#define HCR_VGRP0DIE (1u << 5)
#define HCR_VGRP1EIE (1u << 6)
#define HCR_VGRP1DIE (1u << 7)
#define HCR_TC (1u << 10)
#define HCR_TALL0 (1u << 11)
#define HCR_TALL1 (1u << 12)
#define HCR_TDIR (1u << 14)
#define MISR_EOI 1u
#define MISR_U 2u
#define MISR_LRENP 4u
#define MISR_NP 8u
#define MISR_VGRP0E 0x10u
#define MISR_VGRP0D 0x20u
#define MISR_VGRP1E 0x40u
#define MISR_VGRP1D 0x80u

/* MISR, and the level of PPI 25 follows it. */
static void expect_misr(const char *what, u32 misr)
{
	EXPECT_EQ(what, READ(ich_misr_el2), misr);
	EXPECT_EQ("  maintenance interrupt", gic_bit(ISPENDR, MAINTENANCE), misr != 0);
}

static void setup(u32 hcr)
{
	gv_setup();
	gic_edge(MAINTENANCE, 0);
	WRITE(ich_hcr_el2, HCR_EN | hcr);
}

static void end_of_interrupt(void)
{
	setup(0);
	WRITE(ich_lr2_el2, LR(50, 0x80) | LR_PENDING | LR_EOI);
	expect_misr("pending", 0);
	EXPECT_EQ("acknowledge", gv_guest(gv_iar1), 50);
	expect_misr("active", 0);
	gv_guest_write(gv_eoir1, 50);
	expect_misr("ended", MISR_EOI);
	EXPECT_EQ("EISR", READ(ich_eisr_el2), 4);
	EXPECT_EQ("such a register is not free", READ(ich_elrsr_el2), 0xb);
	WRITE(ich_lr2_el2, 0);
	expect_misr("served", 0);
	EXPECT_EQ("EISR", READ(ich_eisr_el2), 0);
	EXPECT_EQ("free", READ(ich_elrsr_el2), 0xf);
	/* not at all while En is 0 */
	WRITE(ich_lr0_el2, LR_EOI);
	expect_misr("EOI by hand", MISR_EOI);
	WRITE(ich_hcr_el2, 0);
	EXPECT_EQ("no interrupt without En", gic_bit(ISPENDR, MAINTENANCE), 0);
}

static void underflow(void)
{
	setup(HCR_UIE);
	expect_misr("none valid", MISR_U);
	WRITE(ich_lr0_el2, LR(50, 0x80) | LR_PENDING);
	expect_misr("one valid", MISR_U);
	WRITE(ich_lr1_el2, LR(51, 0x80) | LR_ACTIVE);
	expect_misr("two valid", 0);
	EXPECT_EQ("acknowledge", gv_guest(gv_iar1), 50);
	gv_guest_write(gv_eoir1, 50);
	expect_misr("one again", MISR_U);
}

static void no_entry(void)
{
	setup(HCR_LRENPIE);
	expect_misr("EOIcount 0", 0);
	WRITE(ich_ap1r0_el2, 1u << 16);
	gv_guest_write(gv_eoir1, 60);
	expect_misr("EOIcount 1", MISR_LRENP);
	WRITE(ich_hcr_el2, HCR_EN | HCR_LRENPIE);
	expect_misr("cleared", 0);
}

static void none_pending(void)
{
	setup(HCR_NPIE);
	expect_misr("none", MISR_NP);
	WRITE(ich_lr0_el2, LR(50, 0x80) | LR_PENDING);
	expect_misr("one", 0);
	EXPECT_EQ("acknowledge", gv_guest(gv_iar1), 50);
	expect_misr("active only", MISR_NP);
	WRITE(ich_lr0_el2, LR(50, 0x80) | LR_PENDING | LR_ACTIVE);
	gv_guest_write(gv_eoir1, 50);
	expect_misr("pending again", 0);
}

static void group_enables(void)
{
	static const struct {
		u32 hcr, when_on, when_off;
		const void *enable;
	} rows[] = {
		{ HCR_VGRP0EIE, MISR_VGRP0E, 0, gv_set_igrpen0 },
		{ HCR_VGRP0DIE, 0, MISR_VGRP0D, gv_set_igrpen0 },
		{ HCR_VGRP1EIE, MISR_VGRP1E, 0, gv_set_igrpen1 },
		{ HCR_VGRP1DIE, 0, MISR_VGRP1D, gv_set_igrpen1 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		setup(rows[i].hcr);
		expect_misr("on", rows[i].when_on);
		gv_guest_write(rows[i].enable, 0);
		if (rows[i].hcr != HCR_VGRP0DIE || STRICT)      /* QEMU looks at VENG1 there */
			expect_misr("off", rows[i].when_off);
		gv_guest_write(rows[i].enable, 1);
		expect_misr("on again", rows[i].when_on);
	}
	setup(HCR_VGRP0EIE | HCR_VGRP1EIE | HCR_UIE | HCR_NPIE);
	expect_misr("several at once", MISR_VGRP0E | MISR_VGRP1E | MISR_U | MISR_NP);
}

PROBE(some_time, "mov x0, #0x1000\n1:\tsubs x0, x0, #1\n\tb.ne 1b");

/* The maintenance interrupt, taken at EL2 out of the guest. */
static void taken(void)
{
	setup(HCR_NPIE);
	gic_write_bit(ISENABLER, MAINTENANCE);
	RUN(SPSR_EL1, some_time);
	EXPECT_EQ("one", guest_cpu()->n_exc, 1);
	EXPECT_EQ("IRQ", guest_cpu()->exc[0].vec, VEC_LOWER + VEC_IRQ);
	EXPECT_EQ("EL2", guest_cpu()->exc[0].el, 2);
	EXPECT_EQ("acknowledge", READ(icc_iar1_el1), MAINTENANCE);
	WRITE(ich_hcr_el2, HCR_EN);
	WRITE(icc_eoir1_el1, MAINTENANCE);
	EXPECT_EQ("over", READ(icc_iar1_el1), SPURIOUS);
	gic_write_bit(ICENABLER, MAINTENANCE);
}

/* The syndrome of MRS (read) or MSR of S3_0_C12_Cm_op2, X0; ICC_PMR_EL1 is S3_0_C4_C6_0. */
static u64 sys_esr(unsigned crm, unsigned op2, int read)
{
	unsigned crn = crm == 6 ? 4 : 12;

	return ESR(0x18, 3u << 20 | op2 << 17 | crn << 10 | crm << 1 | (unsigned)read);
}

static void trap_matrix(void)
{
	static const struct {
		const char *name;
		const void *probe;
		u8 crm, op2, read;
		u32 traps;              /* bits of ICH_HCR_EL2 */
	} rows[] = {
		{ "PMR read", gv_pmr, 6, 0, 1, HCR_TC },
		{ "PMR write", gv_set_pmr, 6, 0, 0, HCR_TC },
		{ "RPR", gv_rpr, 11, 3, 1, HCR_TC },
		{ "CTLR read", gv_ctlr, 12, 4, 1, HCR_TC },
		{ "CTLR write", gv_set_ctlr, 12, 4, 0, HCR_TC },
		{ "DIR", gv_dir, 11, 1, 0, HCR_TC | HCR_TDIR },
		{ "IAR0", gv_iar0, 8, 0, 1, HCR_TALL0 },
		{ "EOIR0", gv_eoir0, 8, 1, 0, HCR_TALL0 },
		{ "HPPIR0", gv_hppir0, 8, 2, 1, HCR_TALL0 },
		{ "BPR0", gv_bpr0, 8, 3, 1, HCR_TALL0 },
		{ "BPR0 write", gv_set_bpr0, 8, 3, 0, HCR_TALL0 },
		{ "AP0R0", gv_ap0r0, 8, 4, 1, HCR_TALL0 },
		{ "IGRPEN0", gv_igrpen0, 12, 6, 1, HCR_TALL0 },
		{ "IGRPEN0 write", gv_set_igrpen0, 12, 6, 0, HCR_TALL0 },
		{ "IAR1", gv_iar1, 12, 0, 1, HCR_TALL1 },
		{ "EOIR1", gv_eoir1, 12, 1, 0, HCR_TALL1 },
		{ "HPPIR1", gv_hppir1, 12, 2, 1, HCR_TALL1 },
		{ "BPR1", gv_bpr1, 12, 3, 1, HCR_TALL1 },
		{ "BPR1 write", gv_set_bpr1, 12, 3, 0, HCR_TALL1 },
		{ "AP1R0", gv_ap1r0, 9, 0, 1, HCR_TALL1 },
		{ "IGRPEN1", gv_igrpen1, 12, 7, 1, HCR_TALL1 },
		{ "IGRPEN1 write", gv_set_igrpen1, 12, 7, 0, HCR_TALL1 },
	};
	static const u32 bits[] = { HCR_TC, HCR_TALL0, HCR_TALL1, HCR_TDIR };
	int has_tdir = READ(ich_vtr_el2) >> 19 & 1;

	for (unsigned b = 0; b < ARRAY_SIZE(bits); b++) {
		if (bits[b] == HCR_TDIR && !has_tdir)
			continue;
		setup(bits[b]);
		for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
			RUN(SPSR_EL1, rows[i].probe, 1);
			if (rows[i].traps & bits[b])
				EXPECT_EXC(rows[i].name, 2, VEC_LOWER,
					   sys_esr(rows[i].crm, rows[i].op2, rows[i].read),
					   rows[i].probe);
			else
				EXPECT_NO_EXC(rows[i].name);
		}
	}
}

/* With IMO or FMO a guest's SGIs come to EL2; the physical registers are not reachable. */
static void sgi_traps(void)
{
	setup(0);
	for (unsigned i = 0; i < 3; i++) {
		static const u64 routing[] = { HCR_IMO | HCR_FMO, HCR_IMO, HCR_FMO };

		WRITE(hcr_el2, HCR_RW | routing[i]);
		RUN(SPSR_EL1, gv_sgi1r, 1);
		EXPECT_EXC("SGI1R", 2, VEC_LOWER, sys_esr(11, 5, 0), gv_sgi1r);
		RUN(SPSR_EL1, gv_asgi1r, 1);
		EXPECT_EXC("ASGI1R", 2, VEC_LOWER, sys_esr(11, 6, 0), gv_asgi1r);
		RUN(SPSR_EL1, gv_sgi0r, 1);
		EXPECT_EXC("SGI0R", 2, VEC_LOWER, sys_esr(11, 7, 0), gv_sgi0r);
	}
	/* without them the guest has the physical interface */
	WRITE(hcr_el2, HCR_RW);
	gic_write_bit(ISENABLER, 4);
	RUN(SPSR_EL1, gv_sgi1r, 4ul << 24 | 1);
	EXPECT_NO_EXC("SGI1R");
	EXPECT_EQ("physical SGI", READ(icc_iar1_el1), 4);
	WRITE(icc_eoir1_el1, 4);
	/* group 1 alone is redirected by IMO */
	WRITE(ich_lr0_el2, LR(70, 0x80) | LR_PENDING);
	WRITE(hcr_el2, HCR_RW | HCR_FMO);
	EXPECT_EQ("FMO: physical", gv_guest(gv_hppir1), SPURIOUS);
	WRITE(hcr_el2, HCR_RW | HCR_IMO);
	EXPECT_EQ("IMO: virtual", gv_guest(gv_hppir1), 70);
}

PROBE(read_sre, "mrs x0, icc_sre_el1");

/* EL1 may use ICC_SRE_EL1 and the interface, EL0 none of it. */
static void below_el1(void)
{
	setup(0);
	RUN(SPSR_EL1, read_sre);
	EXPECT_NO_EXC("Enable");
	RUN(SPSR_EL0, read_sre);
	EXPECT_EXC("EL0", 1, VEC_LOWER, ESR(0, 0), read_sre);
	RUN(SPSR_EL0, gv_iar1);
	EXPECT_EXC("EL0", 1, VEC_LOWER, ESR(0, 0), gv_iar1);
}

GUEST_TESTS(TEST(end_of_interrupt), TEST(underflow), TEST(no_entry), TEST(none_pending),
	    TEST(group_enables), TEST(taken), TEST(trap_matrix), TEST(sgi_traps), TEST(below_el1));
