/*
 * PSCI as the board offers it without firmware at EL3: the conduit by configuration, version,
 * features, CPU_ON and its errors, the state that a CPU starts in, AFFINITY_INFO, CPU_OFF and on
 * again (DEN0022).
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 3 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 3 */
#include "guest.h"
#include "bits.h"

#define PSCI_VERSION 0x84000000ul
#define PSCI_CPU_OFF 0x84000002ul
#define PSCI_CPU_ON_32 0x84000003ul
#define PSCI_CPU_ON 0xc4000003ul
#define PSCI_AFFINITY_INFO 0xc4000004ul
#define PSCI_MIGRATE_INFO_TYPE 0x84000006ul
#define PSCI_FEATURES 0x8400000aul
#define NOT_SUPPORTED -1l
#define INVALID_PARAMETERS -2l
#define ALREADY_ON -4l

static s64 psci(u64 function, u64 a, u64 b, u64 c)
{
	register u64 x0 asm("x0") = function;
	register u64 x1 asm("x1") = a;
	register u64 x2 asm("x2") = b;
	register u64 x3 asm("x3") = c;

	if (guest_boot_el == 1)
		asm volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
	else
		asm volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
	return (s64)x0;
}

static void queries(void)
{
	s64 version = psci(PSCI_VERSION, 0, 0, 0);

	EXPECT("version 0.2 or later", version >= 2 && version < 0x20000);
	EXPECT_EQ("trusted OS: none", psci(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), 2);
	EXPECT_EQ("unknown function", (s64)(int)psci(0x8400001f, 0, 0, 0), NOT_SUPPORTED);
	EXPECT_EQ("CPU 0 is on", psci(PSCI_AFFINITY_INFO, 0, 0, 0), 0);
	EXPECT_EQ("CPU 1 is off", psci(PSCI_AFFINITY_INFO, 1, 0, 0), 1);
	EXPECT_EQ("no such CPU", (s64)(int)psci(PSCI_AFFINITY_INFO, 77, 0, 0), INVALID_PARAMETERS);
	if (version >= 0x10000) {
		EXPECT_EQ("feature", psci(PSCI_FEATURES, PSCI_CPU_ON, 0, 0), 0);
		EXPECT_EQ("no feature", (s64)(int)psci(PSCI_FEATURES, 0x8400001f, 0, 0),
			  NOT_SUPPORTED);
	}
}

static volatile u64 started, entry_el;

static void off(u64 cpu)
{
	entry_el = GUEST_EL();
	BARRIER();
	started++;
	BARRIER();
	psci(PSCI_CPU_OFF, 0, 0, 0);
	started = 1000;
}

static int wait_until(volatile u64 *p, u64 v)
{
	for (u64 i = 0; i < 20000000; i++)
		if (*p == v)
			return 1;
	return 0;
}

static void on_and_off(void)
{
	EXPECT_EQ("no such CPU", (s64)(int)psci(PSCI_CPU_ON, 77, 0x40080000, 0),
		  INVALID_PARAMETERS);
	EXPECT_EQ("itself", (s64)(int)psci(PSCI_CPU_ON, 0, 0x40080000, 0), ALREADY_ON);
	for (u64 round = 1; round < 4; round++) {
		EXPECT("start", guest_start_cpu(1, off, 0));
		EXPECT("started", wait_until(&started, round));
		EXPECT_EQ("EL", entry_el, guest_boot_el);
		for (u64 i = 0; i < 10000000 && psci(PSCI_AFFINITY_INFO, 1, 0, 0) != 1; i++)
			;
		EXPECT_EQ("off again", psci(PSCI_AFFINITY_INFO, 1, 0, 0), 1);
	}
	EXPECT_EQ("nothing after CPU_OFF", started, 3);
}

static volatile u64 stay;

static void waiting(u64 cpu)
{
	started = 50;
	while (!stay)
		;
	psci(PSCI_CPU_OFF, 0, 0, 0);
}

static void already_on(void)
{
	EXPECT("start", guest_start_cpu(1, waiting, 0));
	EXPECT("started", wait_until(&started, 50));
	EXPECT_EQ("twice", (s64)(int)psci(PSCI_CPU_ON, 1, 0x40080000, 0), ALREADY_ON);
	EXPECT_EQ("on", psci(PSCI_AFFINITY_INFO, 1, 0, 0), 0);
	stay = 1;
}

PROBE(hvc_version, "mov w0, #0x84000000\n\thvc #0");

/* The instruction that is not the conduit is no PSCI call. */
static void other_conduit(void)
{
	if (guest_boot_el == 2) {
		RUN(SPSR_EL1, hvc_version);
		EXPECT_EXC("hvc", 2, VEC_LOWER, ESR(EC_HVC, 0), hvc_version + 2);
	}
}

PROBE(smc_version, "mov w0, #0x84000000\n\tsmc #0");

/* HCR_EL2.TSC comes before the conduit. */
static void tsc(void)
{
	if (guest_boot_el != 2)
		return;
	EXPECT("smc from EL1", (s64)RUN(SPSR_EL1, smc_version) >= 2);
	EXPECT_NO_EXC("smc from EL1");
	WRITE(hcr_el2, HCR_RW | HCR_TSC);
	RUN(SPSR_EL1, smc_version);
	EXPECT_EXC("TSC", 2, VEC_LOWER, ESR(EC_SMC, 0), smc_version + 1);
}

GUEST_TESTS(TEST(queries), TEST(on_and_off), TEST(already_on), TEST(other_conduit), TEST(tsc));
