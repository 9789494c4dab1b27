/*
 * Counters that four CPUs add to at once lose nothing: by exclusives of each size and in pairs, by LSE atomics of each size and
 * operation, by compare-and-swap; and a list whose head is swapped in pairs, which no other value may get into.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 4 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 4 */
#include "smp_normal.h"

#define CPUS 4
#define ROUNDS 3000

static union {
	volatile u8 b[16];
	volatile u16 h[8];
	volatile u32 w[4];
	volatile u64 x[2];
} word __attribute__((aligned(128)));
static volatile u64 sum[CPUS][8];

#define EXCLUSIVE_ADD(name, member, size, suffix)                                                  \
	static void name(u64 cpu)                                                                  \
	{                                                                                          \
		for (unsigned i = 0; i < ROUNDS; i++) {                                            \
			u64 v;                                                                     \
			u32 failed;                                                                \
                                                                                                   \
			asm volatile("1:\tldxr" suffix " %" size "0, %2\n\t"                       \
				     "add %0, %0, #1\n\t"                                          \
				     "stxr" suffix " %w1, %" size "0, %2\n\t"                      \
				     "cbnz %w1, 1b"                                                \
				     : "=&r"(v), "=&r"(failed), "+Q"(word.member) : : "memory");   \
		}                                                                                  \
	}
EXCLUSIVE_ADD(excl_byte, b[3], "w", "b")
EXCLUSIVE_ADD(excl_half, h[3], "w", "h")
EXCLUSIVE_ADD(excl_word, w[1], "w", "")
EXCLUSIVE_ADD(excl_double, x[1], "x", "")

#define PAIR_ADD(name, size)                                                                       \
	static void name(u64 cpu)                                                                  \
	{                                                                                          \
		for (unsigned i = 0; i < ROUNDS; i++) {                                            \
			u64 a, b;                                                                  \
			u32 failed;                                                                \
                                                                                                   \
			asm volatile("1:\tldaxp %" size "0, %" size "1, %3\n\t"                    \
				     "add %0, %0, #1\n\t"                                          \
				     "sub %1, %1, #1\n\t"                                          \
				     "stlxp %w2, %" size "0, %" size "1, %3\n\t"                   \
				     "cbnz %w2, 1b"                                                \
				     : "=&r"(a), "=&r"(b), "=&r"(failed), "+Q"(word) : : "memory"); \
		}                                                                                  \
	}
PAIR_ADD(excl_pair_word, "w")
PAIR_ADD(excl_pair_double, "x")

#define LSE ".arch_extension lse\n\t"
static void lse_add(u64 cpu)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		u64 old;

		asm volatile(LSE "ldaddb %w1, %w0, %2" : "=r"(old) : "r"(1), "Q"(word.b[0]) : "memory");
		asm volatile(LSE "ldaddah %w1, %w0, %2" : "=r"(old) : "r"(1), "Q"(word.h[1]) : "memory");
		asm volatile(LSE "ldaddl %w1, %w0, %2" : "=r"(old) : "r"(1), "Q"(word.w[1]) : "memory");
		asm volatile(LSE "ldaddal %1, %0, %2" : "=r"(old) : "r"(1ul), "Q"(word.x[1]) : "memory");
	}
}

/* Each CPU sets, flips and clears bits of its own. */
static void lse_bits(u64 cpu)
{
	u64 mine = 0x0101010101010101ul << cpu;

	for (unsigned i = 0; i < ROUNDS; i++) {
		u64 old;

		asm volatile(LSE "ldset %1, %0, %2" : "=r"(old) : "r"(mine), "Q"(word.x[0]) : "memory");
		sum[cpu][0] += (old & mine) != 0;
		asm volatile(LSE "ldeor %1, %0, %2" : "=r"(old) : "r"(mine), "Q"(word.x[0]) : "memory");
		sum[cpu][0] += (old & mine) != mine;
		asm volatile(LSE "ldset %1, %0, %2" : "=r"(old) : "r"(mine), "Q"(word.x[0]) : "memory");
		asm volatile(LSE "ldclr %1, %0, %2" : "=r"(old) : "r"(mine), "Q"(word.x[0]) : "memory");
		sum[cpu][0] += (old & mine) != mine;
	}
}

static void lse_max(u64 cpu)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		u64 old, v = i * CPUS + cpu;

		asm volatile(LSE "ldumax %1, %0, %2" : "=r"(old) : "r"(v), "Q"(word.x[0]) : "memory");
		asm volatile(LSE "ldsmin %1, %0, %2" : "=r"(old) : "r"(-v), "Q"(word.x[1]) : "memory");
	}
}

/* What is swapped in comes out once. */
static void lse_swap(u64 cpu)
{
	for (unsigned i = 1; i <= ROUNDS; i++) {
		u64 old;

		asm volatile(LSE "swpal %1, %0, %2" : "=r"(old) : "r"((u64)i), "Q"(word.x[0]) : "memory");
		sum[cpu][0] += old;
	}
}

static void lse_cas(u64 cpu)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		u64 seen = word.x[0], old;

		for (;; seen = old) {
			old = seen;
			asm volatile(LSE "casal %0, %2, %1" : "+r"(old), "+Q"(word.x[0]) : "r"(seen + 1) : "memory");
			if (old == seen)
				break;
		}
	}
}

static void lse_casp(u64 cpu)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		register u64 lo asm("x0"), hi asm("x1"), new_lo asm("x2"), new_hi asm("x3");
		u64 seen_lo = word.x[0], seen_hi = word.x[1];

		for (;; seen_lo = lo, seen_hi = hi) {
			lo = seen_lo;
			hi = seen_hi;
			new_lo = lo + 1;
			new_hi = hi - 1;
			asm volatile(LSE "caspal %0, %1, %2, %3, %4"
				     : "+r"(lo), "+r"(hi) : "r"(new_lo), "r"(new_hi), "Q"(word) : "memory");
			if (lo == seen_lo && hi == seen_hi)
				break;
		}
	}
}

static void run(void (*use)(u64))
{
	word.x[0] = word.x[1] = 0;
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		sum[cpu][0] = 0;
	INSN("dmb ish");
	smp_all(use);
}

static void exclusives(void)
{
	u64 n = CPUS * ROUNDS;

	smp_tables();
	smp_start(CPUS);
	smp_all(mmu_on);
	run(excl_byte);
	EXPECT_EQ("LDXRB", word.x[0], (n & 0xff) << 24);
	run(excl_half);
	EXPECT_EQ("LDXRH", word.x[0], (n & 0xffff) << 48);
	run(excl_word);
	EXPECT_EQ("LDXR W", word.x[0], n << 32);
	run(excl_double);
	EXPECT_EQ("LDXR X", word.x[1], n);
	run(excl_pair_word);
	EXPECT_EQ("LDXP W", word.x[0], n | (u64)(u32)-n << 32);
	run(excl_pair_double);
	EXPECT_EQ("LDXP X, low", word.x[0], n);
	EXPECT_EQ("LDXP X, high", word.x[1], -n);
	smp_all(mmu_off);
}

static void atomics(void)
{
	u64 n = CPUS * ROUNDS, total = 0;

	if ((READ(id_aa64isar0_el1) >> 20 & 15) < 2)
		return;
	smp_tables();
	smp_start(CPUS);
	smp_all(mmu_on);
	run(lse_add);
	EXPECT_EQ("LDADD B, H, W", word.x[0], (n & 0xff) | (n & 0xffff) << 16 | n << 32);
	EXPECT_EQ("LDADD X", word.x[1], n);
	run(lse_bits);
	EXPECT_EQ("LDSET, LDEOR, LDCLR", word.x[0], 0);
	EXPECT_EQ("their old values", sum[0][0] + sum[1][0] + sum[2][0] + sum[3][0], 0);
	run(lse_max);
	EXPECT_EQ("LDUMAX", word.x[0], n - 1);
	EXPECT_EQ("LDSMIN", word.x[1], -(n - 1));
	run(lse_swap);
	total = word.x[0];
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		total += sum[cpu][0];
	EXPECT_EQ("SWP", total, CPUS * (ROUNDS * (ROUNDS + 1ul) / 2));
	run(lse_cas);
	EXPECT_EQ("CAS", word.x[0], n);
	run(lse_casp);
	EXPECT_EQ("CASP, low", word.x[0], n);
	EXPECT_EQ("CASP, high", word.x[1], -n);
	smp_all(mmu_off);
}

GUEST_TESTS(TEST(exclusives), TEST(atomics));
