/*
 * Time on several CPUs: counter reads handed on through memory never go back; each CPU has its own
 * timers; the virtual offset is one CPU's own.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 4 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 4 */
#include "gic_common.h"
#include "smp_common.h"

#define CPUS 4
#define ROUNDS 150

static volatile u64 turn, last, backwards;

/* The CPUs pass a token; whoever has it reads the counter after reading what the last one read. */
static void pass_token(u64 cpu)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		u64 before, now;

		while (turn != i * CPUS + cpu)
			INSN("wfe");
		INSN("dmb sy\n\tisb");
		before = last;
		now = i & 1 ? READ(cntpct_el0) : READ(cntvct_el0);
		backwards += now < before;
		last = now;
		INSN("dmb sy");
		turn = turn + 1;
		INSN("dsb sy\n\tsev");
	}
}

static void monotone(void)
{
	u64 start = READ(cntpct_el0);

	smp_start(CPUS);
	turn = last = backwards = 0;
	smp_all(pass_token);
	EXPECT_EQ("reads that went back", backwards, 0);
	EXPECT_EQ("reads", turn, ROUNDS * CPUS);
	EXPECT("time passed", READ(cntpct_el0) > start);
}

static volatile u64 flag[CPUS];

/* Two CPUs, message by message: whoever sees the flag reads a time not before the flag's. */
static void responder(u64 cpu)
{
	for (u64 i = 1; i <= ROUNDS; i++) {
		while (flag[0] < i * 2)
			INSN("wfe");
		INSN("dmb sy\n\tisb");
		backwards += READ(cntvct_el0) < last;
		last = READ(cntvct_el0);
		INSN("dmb sy");
		flag[1] = i;
		INSN("dsb sy\n\tsev");
	}
}

static void ping_pong(void)
{
	smp_start(CPUS);
	backwards = 0;
	flag[0] = flag[1] = 0;
	smp_post(1, responder, 1);
	for (u64 i = 1; i <= ROUNDS; i++) {
		last = READ(cntvct_el0);
		INSN("dmb sy");
		flag[0] = i * 2;
		INSN("dsb sy\n\tsev");
		while (flag[1] < i)
			INSN("wfe");
		INSN("dmb sy\n\tisb");
		backwards += READ(cntvct_el0) < last;
	}
	smp_wait(1);
	EXPECT_EQ("reads that went back", backwards, 0);
}

static volatile u64 woken_at[CPUS], woken_by[CPUS], wanted[CPUS];

static void own_timer(u64 cpu)
{
	gic_cpu_init();
	if (GUEST_EL() == 2)
		WRITE(hcr_el2, HCR_RW | HCR_IMO);
	gic_edge(27, 0);
	gic_write_bit(ISENABLER, 27);
	wanted[cpu] = READ(cntvct_el0) + READ(cntfrq_el0) / 1000 * (CPUS - cpu);
	WRITE(cntv_cval_el0, wanted[cpu]);
	WRITE(cntv_ctl_el0, 1);
	while ((woken_by[cpu] = READ(icc_iar1_el1)) == SPURIOUS)
		INSN("wfi");
	woken_at[cpu] = READ(cntvct_el0);
	WRITE(cntv_ctl_el0, 0);
	WRITE(icc_eoir1_el1, woken_by[cpu]);
	gic_write_bit(ICENABLER, 27);
}

static void timers(void)
{
	gic_init();
	smp_start(CPUS);
	smp_all(own_timer);
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		EXPECT_EQ("its timer", woken_by[cpu], 27);
		EXPECT("not too early", woken_at[cpu] >= wanted[cpu]);
	}
}

static volatile u64 offset_of[CPUS];

static void set_offset(u64 cpu)
{
	WRITE(cntvoff_el2, cpu << 40);
	offset_of[cpu] = READ(cntpct_el0) - READ(cntvct_el0) + (1ul << 30);
	WRITE(cntvoff_el2, 0);
}

static void offsets(void)
{
	if (GUEST_EL() < 2)
		return;
	smp_start(CPUS);
	smp_all(set_offset);
	for (u64 cpu = 0; cpu < CPUS; cpu++)
		EXPECT_EQ("CNTVOFF of one CPU", offset_of[cpu] >> 40, cpu);
}

GUEST_TESTS(TEST(monotone), TEST(ping_pong), TEST(timers), TEST(offsets));
