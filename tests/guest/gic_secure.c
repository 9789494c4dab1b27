/*
 * GICv3 with two security states, from EL3: what the Non-secure side sees of the Secure one's
 * interrupts, its view of priorities, which group comes as IRQ and which as FIQ where, and the
 * secure physical timer.
 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,secure=on -cpu neoverse-n1 -smp 1 */
#include "bits.h"
#include "gic_common.h"

#define SCR_ST (1ul << 11)
#define IGRPMODR 0x0d00
#define G0 40u                  /* group 0 */
#define G1S 41u                 /* group 1 Secure */
#define G1NS 42u                /* group 1 Non-secure */
#define CTLR_GRP1_NS 2u
#define CTLR_GRP1_S 4u
#define CTLR_ARE_S 0x10u
#define CTLR_ARE_NS 0x20u

/* A 32-bit register from Non-secure EL1. */
PROBE(ns_read, "ldr w0, [x0]");
PROBE(ns_write, "str w1, [x0]\n\tdsb sy");
PROBE(ns_read_byte, "ldrb w0, [x0]");
PROBE(ns_write_byte, "strb w1, [x0]\n\tdsb sy");
PROBE(read_iar0, "mrs x0, icc_iar0_el1");
PROBE(read_iar1, "mrs x0, icc_iar1_el1");
PROBE(read_hppir1, "mrs x0, icc_hppir1_el1");
PROBE(read_rpr, "mrs x0, icc_rpr_el1");
PROBE(read_pmr, "mrs x0, icc_pmr_el1");
PROBE(write_pmr, "msr icc_pmr_el1, x0\n\tisb");
PROBE(write_eoir1, "msr icc_eoir1_el1, x0\n\tisb");
PROBE(read_isr, "mrs x0, isr_el1");
PROBE(some_time, "mov x0, #0x1000\n1:\tsubs x0, x0, #1\n\tb.ne 1b");

/* Without HVC, which QEMU would take to the EL2 that Secure state has not. */
static u64 scr;
#define SCR_SECURE (scr & ~(SCR_NS | SCR_HCE))

static void group_of(u32 intid, unsigned group, unsigned modifier)
{
	volatile u32 *r = &GICD(IGRPMODR + intid / 32 * 4);

	gic_group(intid, group);
	*r = (*r & ~(1u << (intid & 31))) | modifier << (intid & 31);
}

static void setup(void)
{
	scr = READ(scr_el3) & ~(SCR_IRQ | SCR_FIQ);
	GICD(GICD_CTLR) = CTLR_ARE_S | CTLR_ARE_NS;
	GICD(GICD_CTLR) = CTLR_ARE_S | CTLR_ARE_NS | 7;
	WRITE(icc_sre_el3, 0xf);
	if (guest_has_el2())
		WRITE(icc_sre_el2, 0xf);
	WRITE(scr_el3, SCR_SECURE);
	gic_cpu_init();                 /* Secure: PMR, groups 0 and 1S */
	WRITE(icc_pmr_el1, 0xff);
	WRITE(scr_el3, scr | SCR_NS);
	WRITE(icc_sre_el1, 7);
	WRITE(icc_igrpen1_el1, 1);      /* group 1NS */
	gic_enable_spi(G0, 0x40, 0);
	gic_enable_spi(G1S, 0x50, 0);
	gic_enable_spi(G1NS, 0xa0, 0);
	group_of(G0, 0, 0);
	group_of(G1S, 0, 1);
	group_of(G1NS, 1, 0);
	for (u32 i = G0; i <= G1NS; i++)
		gic_write_bit(ICPENDR, i);
}

static u64 ns(const void *probe, u64 a, u64 b)
{
	u64 r = RUN(SPSR_EL1, probe, a, b);

	EXPECT_NO_EXC("Non-secure access");
	return r;
}

static u64 gicd(u64 offset)
{
	return 0x08000000 + offset;
}

/* The distributor from the Non-secure side: only group 1NS is there. */
static void distributor_view(void)
{
	u64 enabled, all = 1u << (G0 & 31) | 1u << (G1S & 31) | 1u << (G1NS & 31);
	u64 nonsecure = 1u << (G1NS & 31);

	setup();
	EXPECT_EQ("CTLR, Secure", GICD(GICD_CTLR) & 0x77, 0x37);
	EXPECT_EQ("CTLR, Non-secure: ARE and EnableGrp1A", ns(ns_read, gicd(GICD_CTLR), 0) & 0x13,
		  0x12);
	enabled = GICD(ISENABLER + 4);
	EXPECT_EQ("enabled, Secure", enabled & all, all);
	EXPECT_EQ("enabled, Non-secure", ns(ns_read, gicd(ISENABLER + 4), 0) & all, nonsecure);
	ns(ns_write, gicd(ICENABLER + 4), all);
	EXPECT_EQ("only its own was cleared", GICD(ISENABLER + 4) & all, all & ~nonsecure);
	GICD(ISENABLER + 4) = nonsecure;
	ns(ns_write, gicd(ISPENDR + 4), all);
	EXPECT_EQ("only its own was set pending", GICD(ISPENDR + 4) & all, nonsecure);
	GICD(ICPENDR + 4) = all;
	EXPECT_EQ("IGROUPR is not its own", ns(ns_read, gicd(IGROUPR + 4), 0), 0);
	/* priorities: the Non-secure side has the upper half, seen as a whole */
	EXPECT_EQ("priority, Non-secure", ns(ns_read_byte, gicd(IPRIORITYR) + G1NS, 0), 0x40);
	EXPECT_EQ("of another group", ns(ns_read_byte, gicd(IPRIORITYR) + G0, 0), 0);
	ns(ns_write_byte, gicd(IPRIORITYR) + G1NS, 0x60);
	EXPECT_EQ("written Non-secure, Secure view", *(volatile u8 *)(gicd(IPRIORITYR) + G1NS),
		  0xb0);
	ns(ns_write_byte, gicd(IPRIORITYR) + G0, 0x60);
	EXPECT_EQ("not written", *(volatile u8 *)(gicd(IPRIORITYR) + G0), 0x40);
}

static void interface_view(void)
{
	setup();
	WRITE(scr_el3, scr | SCR_NS | SCR_FIQ);
	WRITE(icc_pmr_el1, 0xff);
	ns(write_pmr, 0x80, 0);
	EXPECT_EQ("PMR, Non-secure", ns(read_pmr, 0, 0), 0x80);
	EXPECT_EQ("PMR, Secure", READ(icc_pmr_el1), 0xc0);
	WRITE(icc_pmr_el1, 0x70);
	EXPECT_EQ("a Secure value reads as 0", ns(read_pmr, 0, 0), 0);
	ns(write_pmr, 0xf0, 0);
	EXPECT_EQ("and cannot be written", READ(icc_pmr_el1), 0x70);
	WRITE(icc_pmr_el1, 0xff);
	gic_write_bit(ISPENDR, G1NS);
	EXPECT_EQ("HPPIR1", ns(read_hppir1, 0, 0), G1NS);
	EXPECT_EQ("IAR1", ns(read_iar1, 0, 0), G1NS);
	EXPECT_EQ("RPR, Non-secure", ns(read_rpr, 0, 0), 0x40);
	EXPECT_EQ("RPR at EL3", READ(icc_rpr_el1), 0xa0);
	ns(write_eoir1, G1NS, 0);
	EXPECT_EQ("ended", gic_bit(ISACTIVER, G1NS), 0);
	WRITE(scr_el3, scr | SCR_NS);
	gic_write_bit(ISPENDR, G1S);
	EXPECT_EQ("Secure group 1 is not for IAR1", ns(read_iar1, 0, 0), SPURIOUS);
	gic_write_bit(ICPENDR, G1S);
	WRITE(scr_el3, scr | SCR_NS | SCR_FIQ);
	/* IAR0 from Non-secure EL1 with SCR_EL3.FIQ traps to EL3 */
	RUN(SPSR_EL1, read_iar0);
	EXPECT_EXC("IAR0", 3, VEC_LOWER, ESR(0x18, 3u << 20 | 12u << 10 | 8u << 1 | 1), read_iar0);
}

/* IRQ or FIQ: ISR_EL1 at EL1 of each security state, and at EL3. */
static void signals(void)
{
	static const struct {
		u32 intid;
		u8 ns, s, el3;          /* bits 7:6 of ISR_EL1 in Non-secure, Secure EL1, EL3 */
	} rows[] = { { G0, 0x40, 0x40, 0x40 },
		     { G1S, 0x40, 0x80, 0x40 },
		     { G1NS, 0x80, 0x40, 0x40 } };

	setup();
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		gic_write_bit(ISPENDR, rows[i].intid);
		WRITE(scr_el3, scr | SCR_NS);
		EXPECT_EQ("Non-secure EL1", ns(read_isr, 0, 0), rows[i].ns);
		EXPECT_EQ("EL3", READ(isr_el1), rows[i].el3);
		WRITE(scr_el3, SCR_SECURE);
		EXPECT_EQ("Secure EL1", RUN(SPSR_EL1, read_isr), rows[i].s);
		EXPECT_EQ("EL3, NS = 0", READ(isr_el1), rows[i].el3);
		gic_write_bit(ICPENDR, rows[i].intid);
	}
	WRITE(scr_el3, scr | SCR_NS);
}

/* Taken from Non-secure EL1: the FIQ at EL3 by SCR_EL3.FIQ, whatever PSTATE.F is. */
static void routing(void)
{
	struct exc *e = guest_cpu()->exc;

	setup();
	WRITE(scr_el3, scr | SCR_NS | SCR_FIQ);
	gic_write_bit(ISPENDR, G0);
	RUN(SPSR_EL1, some_time);
	EXPECT_EQ("exceptions", guest_cpu()->n_exc, 1);
	EXPECT_EQ("FIQ", e->vec, VEC_LOWER + VEC_FIQ);
	EXPECT_EQ("at EL3", e->el, 3);
	EXPECT_EQ("IAR0 at EL3", READ(icc_iar0_el1), G0);
	WRITE(icc_eoir0_el1, G0);
	gic_write_bit(ISPENDR, G1NS);
	RUN(SPSR_EL1, some_time);
	EXPECT_NO_EXC("an IRQ stays at EL1, masked");
	RUN(SPSR_EL1 & ~(u64)SPSR_I, some_time);
	EXPECT_EQ("IRQ", e->vec, VEC_SAME + VEC_IRQ);
	EXPECT_EQ("at EL1", e->el, 1);
	gic_write_bit(ICPENDR, G1NS);
	WRITE(scr_el3, scr | SCR_NS);
}

/* CNTPS: EL3's, and Secure EL1's when SCR_EL3.ST says so. */
PROBE(read_cntps, "mrs x0, cntps_ctl_el1");

static void secure_timer(void)
{
	setup();
	WRITE(cntps_cval_el1, 0);
	WRITE(cntps_ctl_el1, 1);
	EXPECT_EQ("reached", READ(cntps_ctl_el1), 5);
	EXPECT_EQ("PPI 29", gic_bit(ISPENDR, 29), 1);
	WRITE(cntps_ctl_el1, 3);
	EXPECT_EQ("masked", READ(cntps_ctl_el1), 7);
	EXPECT_EQ("PPI 29", gic_bit(ISPENDR, 29), 0);
	WRITE(cntps_cval_el1, ~0ul);
	EXPECT_EQ("never", READ(cntps_ctl_el1), 3);
	WRITE(cntps_tval_el1, 0xffffffff);
	EXPECT_EQ("TVAL -1", READ(cntps_ctl_el1), 7);
	RUN(SPSR_EL1, read_cntps);
	EXPECT_EXC("Non-secure EL1", 1, VEC_SAME, ESR(0, 0), read_cntps);
	WRITE(scr_el3, SCR_SECURE & ~SCR_ST);
	RUN(SPSR_EL1, read_cntps);
	EXPECT_EXC("Secure EL1 without ST", 3, VEC_LOWER,
		   ESR(0x18, 3u << 20 | 1u << 17 | 7u << 14 | 14u << 10 | 2u << 1 | 1), read_cntps);
	WRITE(scr_el3, SCR_SECURE | SCR_ST);
	EXPECT_EQ("with ST", RUN(SPSR_EL1, read_cntps), 7);
	EXPECT_NO_EXC("with ST");
	WRITE(scr_el3, scr | SCR_NS);
	WRITE(cntps_ctl_el1, 0);
}

GUEST_TESTS(TEST(distributor_view), TEST(interface_view), TEST(signals), TEST(routing),
	    TEST(secure_timer));
