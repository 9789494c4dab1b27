/*
 * LPIs and the ITS on one CPU: commands and their order, properties, priorities, table kinds,
 * commands with errors, delivery to the vectors.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "its.h"

static void setup(void)
{
	its_setup(1);
	if (GUEST_EL() == 2)
		WRITE(hcr_el2, HCR_RW | HCR_IMO | HCR_FMO);
}

static void identification(void)
{
	u64 typer = GITS64(GITS_TYPER);

	EXPECT_EQ("an ITS of GICv3", GITS(0xffe8) >> 4 & 15, 3);
	EXPECT_EQ("the distributor has LPIs", GICD(GICD_TYPER) >> 17 & 1, 1);
	EXPECT_EQ("the redistributor too", GICR64(0, GICR_TYPER) & 1, 1);
	EXPECT_EQ("physical LPIs", typer & 1, 1);
	EXPECT_EQ("16 EventID bits", typer >> 8 & 31, 15);
	EXPECT_EQ("16 DeviceID bits", typer >> 13 & 31, 15);
	EXPECT_EQ("16 collection bits", typer >> 32 & 15, 15);
	EXPECT_EQ("RDbase is a PE number", typer >> 19 & 1, 0);
	EXPECT_EQ("devices", GITS64(GITS_BASER(0)) >> 56 & 7, 1);
	EXPECT_EQ("collections", GITS64(GITS_BASER(1)) >> 56 & 7, 4);
	EXPECT_EQ("no third table", GITS64(GITS_BASER(2)), 0);
	EXPECT_EQ("32-bit access", GITS(GITS_TYPER + 4), typer >> 32);
	setup();
	EXPECT_EQ("enabled", GITS(GITS_CTLR) & 1, 1);
}

static void map_and_int(void)
{
	setup();
	EXPECT("MAPTI", its_mapti(1, 3, LPI(7), 0));
	EXPECT("SYNC", its_sync(0));
	EXPECT_EQ("nothing yet", READ(icc_iar1_el1), SPURIOUS);
	EXPECT("INT", its_int(1, 3));
	EXPECT_EQ("highest", READ(icc_hppir1_el1), LPI(7));
	EXPECT_EQ("acknowledge", READ(icc_iar1_el1), LPI(7));
	EXPECT_EQ("running priority", READ(icc_rpr_el1), 0xa0);
	EXPECT_EQ("not pending", READ(icc_hppir1_el1), SPURIOUS);
	its_int(1, 3);
	EXPECT_EQ("never active: pending again", READ(icc_hppir1_el1), LPI(7));
	EXPECT_EQ("but no higher priority", READ(icc_iar1_el1), SPURIOUS);
	WRITE(icc_eoir1_el1, LPI(7));
	EXPECT_EQ("idle", READ(icc_rpr_el1), 0xff);
	EXPECT_EQ("the second one", its_take(), LPI(7));
	EXPECT_EQ("over", its_take(), SPURIOUS);
}

static void mapi(void)
{
	setup();
	its_mapd(2, 14);
	its_mapi(2, LPI(5), 0);
	its_int(2, LPI(5));
	EXPECT_EQ("EventID is the INTID", its_take(), LPI(5));
}

static void message(void)
{
	setup();
	EXPECT("device 0", its_mapd(0, 4));
	its_mapti(0, 9, LPI(100), 0);
	GITS(GITS_TRANSLATER) = 9;
	BARRIER();
	EXPECT_EQ("a write of this CPU is device 0's", its_take(), LPI(100));
	GITS(GITS_TRANSLATER) = 8;
	BARRIER();
	EXPECT_EQ("not mapped", its_take(), SPURIOUS);
}

static void clear_and_discard(void)
{
	setup();
	its_mapti(1, 0, LPI(0), 0);
	its_int(1, 0);
	its_clear(1, 0);
	EXPECT_EQ("CLEAR", its_take(), SPURIOUS);
	its_int(1, 0);
	its_discard(1, 0);
	EXPECT_EQ("DISCARD clears", its_take(), SPURIOUS);
	its_int(1, 0);
	EXPECT_EQ("DISCARD unmaps", its_take(), SPURIOUS);
	its_mapti(1, 0, LPI(1), 0);
	its_int(1, 0);
	EXPECT_EQ("mapped to another", its_take(), LPI(1));
	its_do(1ul << 32 | 8, 3, 0, 0);
	its_int(1, 0);
	EXPECT_EQ("MAPD with V=0", its_take(), SPURIOUS);
	its_mapd(1, 4);
	its_do(9, 0, 0, 0);
	its_int(1, 0);
	EXPECT_EQ("MAPC with V=0", its_take(), SPURIOUS);
	its_mapc(0, 0);
	its_int(1, 0);
	EXPECT_EQ("mapped again", its_take(), LPI(1));
}

/* One batch: commands take effect in the order of the queue. */
static void order(void)
{
	setup();
	GITS(GITS_CTLR) = 0;
	its_put(1ul << 32 | 3, 5, 0, 0);		      /* INT before MAPTI: lost */
	its_put(1ul << 32 | 0xa, (u64)LPI(20) << 32 | 5, 0, 0); /* MAPTI */
	its_put(1ul << 32 | 3, 5, 0, 0);		      /* INT */
	its_put(1ul << 32 | 4, 5, 0, 0);		      /* CLEAR */
	its_put(1ul << 32 | 0xa, (u64)LPI(21) << 32 | 6, 0, 0);
	its_put(1ul << 32 | 3, 6, 0, 0);
	its_put(5, 0, 0, 0);
	EXPECT_EQ("nothing while the ITS is off", its_take(), SPURIOUS);
	GITS(GITS_CTLR) = 1;
	its_put(5, 0, 0, 0); /* a new CWRITER starts it for certain */
	EXPECT("done", its_wait());
	EXPECT_EQ("only the last", its_take(), LPI(21));
	EXPECT_EQ("no other", its_take(), SPURIOUS);
}

/* 300 commands through a queue of 128. */
static void wrap(void)
{
	unsigned taken = 0;

	setup();
	its_mapti(1, 1, LPI(1), 0);
	for (unsigned i = 0; i < 300; i++) {
		its_int(1, 1);
		taken += its_take() == LPI(1);
	}
	EXPECT_EQ("each one", taken, 300);
}

static void properties(void)
{
	setup();
	its_mapti(1, 0, LPI(0), 0);
	its_mapti(1, 1, LPI(1), 0);
	lpi_config(LPI(0), 0xa0);
	its_inv(1, 0);
	its_int(1, 0);
	EXPECT_EQ("disabled", its_take(), SPURIOUS);
	lpi_config(LPI(0), 0x60 | LPI_ENABLED);
	its_inv(1, 0);
	EXPECT_EQ("pending all the time", READ(icc_iar1_el1), LPI(0));
	EXPECT_EQ("its new priority", READ(icc_rpr_el1), 0x60);
	WRITE(icc_eoir1_el1, LPI(0));
	its_int(1, 0);
	its_int(1, 1);
	lpi_config(LPI(0), 0xc0 | LPI_ENABLED);
	lpi_config(LPI(1), 0x40 | LPI_ENABLED);
	its_invall(0);
	EXPECT_EQ("INVALL: LPI 1 first", its_take(), LPI(1));
	EXPECT_EQ("then LPI 0", its_take(), LPI(0));
	its_int(1, 0);
	lpi_config(LPI(0), 0xc0);
	its_inv(1, 0);
	EXPECT_EQ("disabled while pending", its_take(), SPURIOUS);
}

static void priorities(void)
{
	setup();
	its_mapti(1, 0, LPI(0), 0);
	gic_enable_spi(40, 0x80, 0);
	gic_write_bit(ISENABLER, 5);
	gic_priority(5, 0xc0);
	its_int(1, 0);
	gic_write_bit(ISPENDR, 40);
	gic_write_bit(ISPENDR, 5);
	EXPECT_EQ("SPI 0x80", its_take(), 40);
	EXPECT_EQ("LPI 0xa0", READ(icc_iar1_el1), LPI(0));
	gic_write_bit(ISPENDR, 40);
	EXPECT_EQ("an SPI preempts it", READ(icc_iar1_el1), 40);
	EXPECT_EQ("two levels", READ(icc_ap1r0_el1), 1u << 16 | 1u << 20);
	WRITE(icc_eoir1_el1, 40);
	WRITE(icc_eoir1_el1, LPI(0));
	EXPECT_EQ("SGI 0xc0", its_take(), 5);
	WRITE(icc_pmr_el1, 0xa0);
	its_int(1, 0);
	EXPECT_EQ("masked", its_take(), SPURIOUS);
	WRITE(icc_pmr_el1, 0xa8);
	EXPECT_EQ("not masked", its_take(), LPI(0));
	its_int(1, 0);
	WRITE(icc_igrpen1_el1, 0);
	EXPECT_EQ("group 1 off", READ(icc_iar1_el1), SPURIOUS);
	WRITE(icc_igrpen1_el1, 1);
	EXPECT_EQ("group 1 on", its_take(), LPI(0));
}

/* Pages of 4, 16 and 64 KiB, three of them: not a power of two; the last ID, the first beyond. */
static void flat_tables(void)
{
	for (u64 size = 0; size < 3; size++) {
		u64 esz, ids;

		its_setup_tables(1, size << 8 | 2, ITS_PAGE_64K);
		esz = (GITS64(GITS_BASER(0)) >> 48 & 31) + 1;
		ids = 3 * (4096ul << 2 * size) / esz;
		if (ids < 0x4000) {
			u32 device = (u32)ids - 1;

			EXPECT("the last device", its_do((u64)device << 32 | 8, 3, ITS_VALID | ITT(3), 0));
			its_mapti(device, 1, LPI(9), 0);
			its_int(device, 1);
			EXPECT_EQ("works", its_take(), LPI(9));
			its_do((u64)ids << 32 | 8, 3, ITS_VALID | ITT(3), 0);
			its_mapti((u32)ids, 1, LPI(10), 0);
			its_int((u32)ids, 1);
			EXPECT_EQ("one beyond does not", its_take(), SPURIOUS);
		}
	}
}

static void two_level_tables(void)
{
	static const u64 pages[] = { 4096, 16384, 65536 };

	for (u64 size = 0; size < 3; size++) {
		u64 esz, per;
		u32 device;

		its_zero(LEVEL2, 0x20000);
		its_setup_tables(1, size << 8 | ITS_INDIRECT, ITS_PAGE_64K);
		its_mapd(1, 4);
		its_mapti(1, 0, LPI(3), 0);
		its_int(1, 0);
		EXPECT_EQ("no level 2", its_take(), SPURIOUS);
		esz = (GITS64(GITS_BASER(0)) >> 48 & 31) + 1;
		per = pages[size] / esz;
		*(volatile u64 *)DEVICES = ITS_VALID | (LEVEL2 + 0x10000);
		*(volatile u64 *)(DEVICES + 8) = ITS_VALID | LEVEL2;
		BARRIER();
		EXPECT("MAPD 1", its_mapd(1, 4));
		its_mapti(1, 0, LPI(3), 0);
		its_int(1, 0);
		EXPECT_EQ("first page", its_take(), LPI(3));
		device = (u32)per + 2;
		its_do((u64)device << 32 | 8, 3, ITS_VALID | ITT(2), 0);
		its_mapti(device, 2, LPI(4), 0);
		its_int(device, 2);
		EXPECT_EQ("second page", its_take(), LPI(4));
		EXPECT("it is there", *(volatile u64 *)(LEVEL2 + 2 * esz) != 0);
	}
}

/* A command with an error does nothing, and the next one is carried out. */
static void errors(void)
{
	setup();
	its_mapti(1, 0, LPI(0), 0);
	EXPECT("unknown command", its_do(0x77, ~0ul, ~0ul, ~0ul));
	EXPECT("EventID too large", its_mapti(1, 16, LPI(1), 0));
	EXPECT("INTID too small", its_mapti(1, 1, 8191, 0));
	EXPECT("INTID too large", its_mapti(1, 1, 1u << 17, 0));
	EXPECT("device not mapped", its_int(5, 0));
	EXPECT("event not mapped", its_int(1, 15));
	EXPECT("collection not mapped", its_movi(1, 0, 77));
	EXPECT("EventID bits", its_do(3ul << 32 | 8, 31, ITS_VALID | ITT(3), 0));
	EXPECT("no such PE", its_do(9, 0, ITS_VALID | its_rdbase(400) | 5, 0));
	EXPECT("MOVALL to none", its_movall(0, 400));
	EXPECT_EQ("nothing came of it", its_take(), SPURIOUS);
	its_int(1, 0);
	EXPECT_EQ("the ITS lives", its_take(), LPI(0));
}

/* The pending table is read when LPIs are enabled. */
static void pending_table(void)
{
	setup();
	lpi_off(0);
	its_zero(PENDING(0), 0x10000);
	*(volatile u8 *)(PENDING(0) + LPI(19) / 8) = 1u << LPI(19) % 8;
	BARRIER();
	lpi_on(0);
	EXPECT_EQ("pending from memory", its_take(), LPI(19));
	EXPECT_EQ("one alone", its_take(), SPURIOUS);
}

static u64 taken_id;

static enum guest_action handler(struct exc *e)
{
	taken_id = its_take();
	return GUEST_RESUME;
}

static u64 with_irqs(u64 unused)
{
	its_int(1, 2);
	INSN("isb");
	return 0;
}

static void delivery(void)
{
	u64 el = GUEST_EL();

	setup();
	its_mapti(1, 2, LPI(2), 0);
	taken_id = 0;
	guest_cpu()->handler = handler;
	RUN((SPSR_OF_EL(el) & ~(u64)SPSR_I), with_irqs, 0);
	guest_cpu()->handler = 0;
	EXPECT_EQ("taken at the vector", taken_id, LPI(2));
}

GUEST_TESTS(TEST(identification), TEST(map_and_int), TEST(mapi), TEST(message),
	    TEST(clear_and_discard), TEST(order), TEST(wrap), TEST(properties), TEST(priorities),
	    TEST(flat_tables), TEST(two_level_tables), TEST(errors), TEST(pending_table),
	    TEST(delivery));
