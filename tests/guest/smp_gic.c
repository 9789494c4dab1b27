/*
 * Interrupts between CPUs: SGIs to one, to a list, to all others; SPIs by IROUTER to one CPU or to
 * any; a redistributor reached from another CPU.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 4 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 4 */
#include "gic_common.h"
#include "smp_common.h"

#define CPUS 4
#define SPI 45u

static volatile u64 acknowledged[CPUS];

static void init_cpu(u64 cpu)
{
	gic_cpu_init();
	for (u32 id = 0; id < 16; id++)
		gic_write_bit(ISENABLER, id);
}

/* What this CPU acknowledges now, 1023 for nothing. */
static void acknowledge(u64 cpu)
{
	acknowledged[cpu] = READ(icc_iar1_el1);
	if (acknowledged[cpu] != SPURIOUS)
		WRITE(icc_eoir1_el1, acknowledged[cpu]);
}

static void setup(void)
{
	gic_init();
	smp_start(CPUS);
	smp_all(init_cpu);
}

/* to: a bit for each CPU that must see it */
static void expect(const char *what, u32 intid, unsigned to)
{
	BARRIER();
	smp_all(acknowledge);
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		EXPECT_EQ(what, acknowledged[cpu], to >> cpu & 1 ? intid : SPURIOUS);
}

static u64 sgi;

static void send(u64 unused)
{
	WRITE(icc_sgi1r_el1, sgi);
}

static void sgis(void)
{
	setup();
	for (unsigned list = 1; list < 16; list++) {
		WRITE(icc_sgi1r_el1, 5ul << 24 | list);
		expect("list", 5, list);
	}
	WRITE(icc_sgi1r_el1, 6ul << 24 | 1ul << 40);
	expect("all but CPU 0", 6, 0xe);
	sgi = 7ul << 24 | 1ul << 40;
	smp_call(2, send, 0);
	expect("all but CPU 2", 7, 0xb);
	sgi = 8ul << 24 | 1;
	smp_call(3, send, 0);
	expect("back to CPU 0", 8, 1);
	WRITE(icc_sgi1r_el1, 9ul << 24 | 0xfff0);
	expect("nobody there", 9, 0);
}

static void spis(void)
{
	setup();
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		gic_enable_spi(SPI, 0x80, cpu);
		EXPECT_EQ("IROUTER", GICD64(GICD_IROUTER + SPI * 8), cpu);
		gic_write_bit(ISPENDR, SPI);
		expect("routed", SPI, 1u << cpu);
	}
	/* moved while pending */
	gic_enable_spi(SPI, 0x80, 1);
	gic_write_bit(ISPENDR, SPI);
	GICD64(GICD_IROUTER + SPI * 8) = 3;
	expect("moved", SPI, 8);
	/* any one of them, but only one */
	gic_enable_spi(SPI, 0x80, 1ul << 31);
	gic_write_bit(ISPENDR, SPI);
	BARRIER();
	smp_all(acknowledge);
	{
		unsigned n = 0;

		for (unsigned cpu = 0; cpu < CPUS; cpu++)
			n += acknowledged[cpu] == SPI;
		EXPECT_EQ("1 of N", n, 1);
	}
	gic_write_bit(ICENABLER, SPI);
}

/* A redistributor's registers are memory: any CPU may make another's PPI pending. */
static void redistributors(void)
{
	setup();
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		EXPECT_EQ("TYPER: processor number", GICR(cpu, 8) >> 8 & 0xffff, cpu);
		EXPECT_EQ("TYPER: affinity", GICR(cpu, 0xc), cpu);
		EXPECT_EQ("TYPER: last", GICR(cpu, 8) >> 4 & 1, cpu == CPUS - 1);
		GICR_SGI(cpu, ISENABLER) = 1u << 20;
		GICR_SGI(cpu, ISPENDR) = 1u << 20;
		expect("PPI of another CPU", 20, 1u << cpu);
	}
}

static volatile u64 taken[CPUS];

static enum guest_action on_irq(struct exc *e)
{
	u64 intid = READ(icc_iar1_el1);

	WRITE(icc_eoir1_el1, intid);
	taken[guest_cpu_number()] += intid == 11 ? 1 : 100;
	return GUEST_HOME;
}

PROBE(sleep_forever, "1:\twfi\n\tb 1b");

static void sleep_until_sgi(u64 cpu)
{
	if (GUEST_EL() == 2)
		WRITE(hcr_el2, HCR_RW | HCR_IMO);
	guest_cpu()->handler = on_irq;
	RUN(SPSR_OF_EL(GUEST_EL()) & ~(u64)SPSR_I, sleep_forever);
}

/* WFI with the interrupt taken: nothing is lost, whether it comes before or in the sleep. */
static void wakeup(void)
{
	setup();
	for (unsigned round = 1; round <= 50; round++) {
		for (unsigned cpu = 1; cpu < CPUS; cpu++)
			smp_post(cpu, sleep_until_sgi, cpu);
		WRITE(icc_sgi1r_el1, 11ul << 24 | 1ul << 40);
		for (unsigned cpu = 1; cpu < CPUS; cpu++) {
			smp_wait(cpu);
			EXPECT_EQ("taken once", taken[cpu], round);
		}
	}
}

GUEST_TESTS(TEST(sgis), TEST(spis), TEST(redistributors), TEST(wakeup));
