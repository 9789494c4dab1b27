/* LPIs of two CPUs: collections, MOVI and MOVALL take pending LPIs along. CPU 0 asks for both. */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 2 */
#include "its.h"

static volatile u64 other_ready, other_go, other_id;

/* CPU 1: takes one interrupt each time that it is asked to. */
static void other(u64 unused)
{
	gic_cpu_init();
	other_ready = 1;
	BARRIER();
	for (u64 seen = 0;;) {
		while (other_go == seen)
			BARRIER();
		seen = other_go;
		other_id = its_take();
		BARRIER();
		other_ready = seen;
		BARRIER();
	}
}

static u32 take_at_other(void)
{
	u64 n = other_go + 1;

	other_go = n;
	BARRIER();
	while (other_ready != n)
		BARRIER();
	return (u32)other_id;
}

static int start_other(void)
{
	static int started;

	if (!started) {
		other_go = 1;
		other_ready = 0;
		BARRIER();
		started = guest_start_cpu(1, other, 0);
		while (started && !other_ready)
			BARRIER();
	}
	return started;
}

static void setup(void)
{
	gic_init();
	EXPECT("CPU 1 runs", start_other());
	its_setup(2);
}

static void collections(void)
{
	setup();
	its_mapti(1, 0, LPI(0), 0);
	its_mapti(1, 1, LPI(1), 1);
	its_int(1, 0);
	its_int(1, 1);
	EXPECT_EQ("LPI 0 here", its_take(), LPI(0));
	EXPECT_EQ("no other here", its_take(), SPURIOUS);
	EXPECT_EQ("LPI 1 there", take_at_other(), LPI(1));
	EXPECT_EQ("no other there", take_at_other(), SPURIOUS);
}

static void movi(void)
{
	setup();
	its_mapti(1, 0, LPI(0), 0);
	its_int(1, 0);
	EXPECT("MOVI", its_movi(1, 0, 1));
	its_sync(0);
	EXPECT_EQ("gone", its_take(), SPURIOUS);
	EXPECT_EQ("moved while pending", take_at_other(), LPI(0));
	its_int(1, 0);
	EXPECT_EQ("goes there now", take_at_other(), LPI(0));
	its_movi(1, 0, 0);
	its_int(1, 0);
	EXPECT_EQ("and back", its_take(), LPI(0));
}

static void movall(void)
{
	setup();
	its_mapti(1, 0, LPI(0), 0);
	its_mapti(1, 1, LPI(300), 0);
	its_int(1, 0);
	its_int(1, 1);
	its_mapc(0, 1);
	EXPECT("MOVALL", its_movall(0, 1));
	its_sync(1);
	EXPECT_EQ("none left", its_take(), SPURIOUS);
	EXPECT_EQ("both moved: the first", take_at_other(), LPI(0));
	EXPECT_EQ("the second", take_at_other(), LPI(300));
	its_int(1, 0);
	EXPECT_EQ("the collection moved", take_at_other(), LPI(0));
}

GUEST_TESTS(TEST(collections), TEST(movi), TEST(movall));
