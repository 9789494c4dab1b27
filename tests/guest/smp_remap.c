/*
 * What one CPU changes under others that use it: a page's mapping, with TLBI ...IS and DSB, after which nobody may reach the old page;
 * and code, with DC CVAU, IC and DSB, after which whoever was told and did ISB runs the new one; two CPUs may do so in one cache
 * line. And a lock whose waiters sleep in WFE until SEV.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 4 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 4 */
#include "smp_normal.h"

#define CPUS 4
#define ROUNDS 60
#define WINDOW 0x60000000ul

static volatile u64 pages[2][512] __attribute__((aligned(4096)));
static volatile u64 stop, wrong, turns[CPUS];

static void invalidate(void)
{
	if (GUEST_EL() == 2)
		asm volatile("dsb ishst\n\ttlbi vae2is, %0\n\tdsb ish\n\tisb" : : "r"(WINDOW >> 12) : "memory");
	else
		asm volatile("dsb ishst\n\ttlbi vaae1is, %0\n\tdsb ish\n\tisb" : : "r"(WINDOW >> 12) : "memory");
}

/* Reads the window over and over: what it holds never goes back. */
static void reader(u64 cpu)
{
	u64 last = 0;

	while (!stop) {
		u64 v = *(volatile u64 *)(WINDOW + cpu * 8);

		wrong += v < last;
		last = v;
		turns[cpu]++;
	}
}

static void write_all(volatile u64 *page, u64 v)
{
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		page[cpu] = v;
}

/*
 * The page that is not mapped gets the next number, then the window moves to it. After the DSB the old page's number is spoilt: who
 * could still see it would see a number that goes back.
 */
static void remap(void)
{
	u64 attrs = PT_S1_NORMAL | (GUEST_EL() == 2 ? PT_EL0 : 0) | PT_RO | PT_UXN;

	smp_tables();
	pt_map(smp_table, 1, WINDOW, (u64)pages[0], 3, attrs);
	smp_start(CPUS);
	smp_all(mmu_on);
	stop = wrong = 0;
	write_all(pages[0], 1);
	for (unsigned cpu = 1; cpu < CPUS; cpu++)
		smp_post(cpu, reader, cpu);
	for (unsigned i = 2; i < ROUNDS; i++) {
		volatile u64 *fresh = pages[i & 1 ? 0 : 1], *old = pages[i & 1 ? 1 : 0];
		volatile u64 *pte = pt_entry(smp_table, 1, WINDOW, 3);

		write_all(fresh, i);
		INSN("dmb ish");
		*pte = (u64)fresh | attrs | 3; /* at once: a read-only page needs no break-before-make */
		invalidate();
		write_all(old, 0);
		EXPECT_EQ("own view", *(volatile u64 *)WINDOW, i);
		for (u64 seen = turns[1]; turns[1] < seen + 2;)
			;
	}
	stop = 1;
	for (unsigned cpu = 1; cpu < CPUS; cpu++)
		smp_wait(cpu);
	EXPECT_EQ("old page seen", wrong, 0);
	smp_all(mmu_off);
}

/* ---- code ---- */

#define MOVZ(imm) (0xd2800000u | (u32)(imm) << 5)
#define RET 0xd65f03c0u
static u32 code[1024] __attribute__((aligned(4096)));
static volatile u64 version, results[CPUS];

static void caller(u64 cpu)
{
	for (u64 done = 0; done < ROUNDS;) {
		u64 v;

		asm volatile("ldar %0, %1" : "=r"(v) : "Q"(version) : "memory");
		if (v == done)
			continue;
		INSN("isb");
		wrong += ((u64 (*)(void))code)() != v;
		done = v;
		asm volatile("stlr %1, %0" : "=Q"(results[cpu]) : "r"(done) : "memory");
	}
}

static void clean_line(void)
{
	asm volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" : : "r"(code) : "memory");
}

static void clean_all(void)
{
	asm volatile("dc cvau, %0\n\tdsb ish\n\tic ialluis\n\tdsb ish\n\tisb" : : "r"(code) : "memory");
}

static void rewrite(void (*clean)(void))
{
	smp_tables();
	smp_start(CPUS);
	smp_all(mmu_on);
	version = wrong = 0;
	code[1] = RET;
	for (unsigned cpu = 1; cpu < CPUS; cpu++) {
		results[cpu] = 0;
		smp_post(cpu, caller, cpu);
	}
	for (u64 i = 1; i <= ROUNDS; i++) {
		*(volatile u32 *)code = MOVZ(i);
		clean();
		asm volatile("stlr %1, %0" : "=Q"(version) : "r"(i) : "memory");
		EXPECT_EQ("own call", ((u64 (*)(void))code)(), i);
		for (unsigned cpu = 1; cpu < CPUS; cpu++)
			while (results[cpu] != i)
				;
	}
	for (unsigned cpu = 1; cpu < CPUS; cpu++)
		smp_wait(cpu);
	EXPECT_EQ("old code ran", wrong, 0);
	smp_all(mmu_off);
}

static void rewrite_line(void)
{
	rewrite(clean_line);
}

static void rewrite_all(void)
{
	rewrite(clean_all);
}

/* CPUs 0 and 1 each rewrite a function of their own in one line, which CPUs 2 and 3 call. */
static volatile u64 versions[2][8] __attribute__((aligned(64)));

static u64 call(u64 which)
{
	return ((u64 (*)(void))(code + 2 * which))();
}

static void neighbour(u64 cpu)
{
	for (u64 i = 1; i <= ROUNDS; i++) {
		*(volatile u32 *)(code + 2 * cpu) = MOVZ(i);
		clean_line();
		asm volatile("stlr %1, %0" : "=Q"(versions[cpu][0]) : "r"(i) : "memory");
		for (unsigned reader = 0; reader < 2; reader++)
			while (versions[cpu][1 + reader] != i)
				;
	}
}

static void neighbours_caller(u64 cpu)
{
	u64 done[2] = { 0, 0 };

	while (done[0] < ROUNDS || done[1] < ROUNDS)
		for (unsigned which = 0; which < 2; which++) {
			u64 v;

			asm volatile("ldar %0, %1" : "=r"(v) : "Q"(versions[which][0]) : "memory");
			if (v == done[which])
				continue;
			INSN("isb");
			wrong += call(which) != v;
			done[which] = v;
			asm volatile("stlr %1, %0" : "=Q"(versions[which][cpu - 1]) : "r"(v) : "memory");
		}
}

static void neighbours_job(u64 cpu)
{
	if (cpu < 2)
		neighbour(cpu);
	else
		neighbours_caller(cpu);
}

static void neighbours(void)
{
	smp_tables();
	smp_start(CPUS);
	smp_all(mmu_on);
	wrong = 0;
	for (unsigned which = 0; which < 2; which++) {
		code[2 * which + 1] = RET;
		versions[which][0] = versions[which][1] = versions[which][2] = 0;
	}
	clean_line();
	smp_all(neighbours_job);
	EXPECT_EQ("old code ran", wrong, 0);
	smp_all(mmu_off);
}

/* ---- WFE and SEV without a monitor ---- */

static volatile u64 turn;

/* The CPUs go round; who is not up sleeps until somebody says so. */
static void relay(u64 cpu)
{
	for (u64 i = 0; i < ROUNDS; i++) {
		while (turn != i * CPUS + cpu)
			INSN("wfe");
		INSN("dmb ish");
		turn = turn + 1;
		INSN("dsb ish\n\tsev");
	}
}

static void events(void)
{
	smp_tables();
	smp_start(CPUS);
	smp_all(mmu_on);
	turn = 0;
	smp_all(relay);
	EXPECT_EQ("all turns", turn, ROUNDS * CPUS);
	smp_all(mmu_off);
}

GUEST_TESTS(TEST(remap), TEST(rewrite_line), TEST(rewrite_all), TEST(neighbours), TEST(events));
