/*
 * Litmus tests of the memory model (DDI0487 B2.3): store buffering, message passing, load buffering, independent reads of independent
 * writes and coherence, each with barriers and with acquire and release: the outcome that they forbid must not come up. Without
 * them any outcome is right; that they run at all shows that nothing waits for anything.
 *
 * Each CPU goes through an array of places at its own pace, so that they meet at all distances.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 4 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 4 */
#include "smp_normal.h"

#define CPUS 4
#define PLACES 2000
#define ROUNDS 3

static struct {
	volatile u64 x __attribute__((aligned(64)));
	volatile u64 y __attribute__((aligned(64)));
	u64 got[CPUS][2] __attribute__((aligned(64)));
} places[PLACES];
static volatile u64 ready;

enum { PLAIN, BARRIER_ISH, BARRIER_LDST, ACQUIRE_RELEASE, KINDS };
static const char *const kind_names[KINDS] = { "plain", "DMB ISH", "DMB ISHLD and ISHST", "LDAR and STLR" };

static inline void add_ready(void)
{
	u64 v;
	u32 failed;

	asm volatile("1:\tldaxr %0, %2\n\tadd %0, %0, #1\n\tstlxr %w1, %0, %2\n\tcbnz %w1, 1b"
		     : "=&r"(v), "=&r"(failed), "+Q"(ready) : : "memory");
}

static inline void store(volatile u64 *p, unsigned kind)
{
	if (kind == ACQUIRE_RELEASE)
		asm volatile("stlr %1, %0" : "=Q"(*p) : "r"(1ul) : "memory");
	else
		*p = 1;
}

static inline u64 load(volatile u64 *p, unsigned kind)
{
	u64 v;

	if (kind != ACQUIRE_RELEASE)
		return *p;
	asm volatile("ldar %0, %1" : "=r"(v) : "Q"(*p) : "memory");
	return v;
}

static inline void between(unsigned kind, int loads)
{
	if (kind == BARRIER_ISH)
		INSN("dmb ish");
	else if (kind == BARRIER_LDST && loads)
		INSN("dmb ishld");
	else if (kind == BARRIER_LDST)
		INSN("dmb ishst");
}

/* What CPU `cpu` does at place p; kinds are constants where these are inlined. */
typedef void body(unsigned p, u64 cpu, unsigned kind);

static inline void store_buffering(unsigned p, u64 cpu, unsigned kind)
{
	if (cpu > 1)
		return;
	store(cpu ? &places[p].y : &places[p].x, kind);
	between(kind, 1);
	places[p].got[cpu][0] = load(cpu ? &places[p].x : &places[p].y, kind);
}

static inline void message_passing(unsigned p, u64 cpu, unsigned kind)
{
	if (cpu == 0) {
		store(&places[p].x, kind);
		between(kind, 0);
		store(&places[p].y, kind);
	} else if (cpu == 1) {
		places[p].got[1][0] = load(&places[p].y, kind);
		between(kind, 1);
		places[p].got[1][1] = load(&places[p].x, kind);
	}
}

static inline void load_buffering(unsigned p, u64 cpu, unsigned kind)
{
	if (cpu > 1)
		return;
	places[p].got[cpu][0] = load(cpu ? &places[p].y : &places[p].x, kind);
	between(kind, 1);
	store(cpu ? &places[p].x : &places[p].y, kind);
}

static inline void independent_reads(unsigned p, u64 cpu, unsigned kind)
{
	volatile u64 *first = cpu == 2 ? &places[p].x : &places[p].y;
	volatile u64 *second = cpu == 2 ? &places[p].y : &places[p].x;

	if (cpu < 2) {
		store(cpu ? &places[p].y : &places[p].x, kind);
		return;
	}
	places[p].got[cpu][0] = load(first, kind);
	between(kind, 1);
	places[p].got[cpu][1] = load(second, kind);
}

static inline void coherence(unsigned p, u64 cpu, unsigned kind)
{
	if (cpu == 0) {
		store(&places[p].x, kind);
		return;
	}
	places[p].got[cpu][0] = load(&places[p].x, kind);
	places[p].got[cpu][1] = load(&places[p].x, kind);
}

static int both_zero(unsigned p)
{
	return !places[p].got[0][0] && !places[p].got[1][0];
}
static int flag_without_data(unsigned p)
{
	return places[p].got[1][0] && !places[p].got[1][1];
}
static int both_one(unsigned p)
{
	return places[p].got[0][0] && places[p].got[1][0];
}
static int readers_disagree(unsigned p)
{
	return places[p].got[2][0] && !places[p].got[2][1] && places[p].got[3][0] && !places[p].got[3][1];
}
static int back_again(unsigned p)
{
	for (unsigned cpu = 1; cpu < CPUS; cpu++)
		if (places[p].got[cpu][0] && !places[p].got[cpu][1])
			return 1;
	return 0;
}

/* forbidden: by which kinds, as bits */
#define ALL_OF(fn) fn##_plain, fn##_ish, fn##_ldst, fn##_ordered
#define RUNNER(fn, kind, suffix)                                                                   \
	static void fn##_##suffix(u64 cpu)                                                         \
	{                                                                                          \
		add_ready();                                                                       \
		while (ready < CPUS)                                                               \
			;                                                                          \
		for (unsigned p = 0; p < PLACES; p++)                                              \
			fn(p, cpu, kind);                                                          \
	}
#define RUNNERS(fn)                                                                                \
	RUNNER(fn, PLAIN, plain)                                                                   \
	RUNNER(fn, BARRIER_ISH, ish)                                                               \
	RUNNER(fn, BARRIER_LDST, ldst)                                                             \
	RUNNER(fn, ACQUIRE_RELEASE, ordered)
RUNNERS(store_buffering)
RUNNERS(message_passing)
RUNNERS(load_buffering)
RUNNERS(independent_reads)
RUNNERS(coherence)

static void litmus(void (*const run[KINDS])(u64), int (*bad)(unsigned), unsigned forbidden)
{
	smp_tables();
	smp_start(CPUS);
	smp_all(mmu_on);
	for (unsigned kind = 0; kind < KINDS; kind++) {
		u64 seen = 0;

		for (unsigned round = 0; round < ROUNDS; round++) {
			for (unsigned p = 0; p < PLACES; p++) {
				places[p].x = places[p].y = 0;
				for (unsigned cpu = 0; cpu < CPUS; cpu++)
					places[p].got[cpu][0] = places[p].got[cpu][1] = 0;
			}
			ready = 0;
			smp_all(run[kind]);
			for (unsigned p = 0; p < PLACES; p++)
				seen += bad(p);
		}
		if (forbidden >> kind & 1)
			EXPECT_EQ(kind_names[kind], seen, 0);
	}
	smp_all(mmu_off);
}

#define LITMUS(name, fn, bad, forbidden)                                                           \
	static void name(void)                                                                     \
	{                                                                                          \
		static void (*const run[KINDS])(u64) = { ALL_OF(fn) };                             \
                                                                                                   \
		litmus(run, bad, forbidden);                                                       \
	}
LITMUS(sb, store_buffering, both_zero, 1 << BARRIER_ISH | 1 << ACQUIRE_RELEASE)
LITMUS(mp, message_passing, flag_without_data, 1 << BARRIER_ISH | 1 << BARRIER_LDST | 1 << ACQUIRE_RELEASE)
LITMUS(lb, load_buffering, both_one, 1 << BARRIER_ISH | 1 << BARRIER_LDST | 1 << ACQUIRE_RELEASE)
LITMUS(iriw, independent_reads, readers_disagree, 1 << BARRIER_ISH | 1 << BARRIER_LDST | 1 << ACQUIRE_RELEASE)
LITMUS(corr, coherence, back_again, 15)

GUEST_TESTS(TEST(sb), TEST(mp), TEST(lb), TEST(iriw), TEST(corr));
