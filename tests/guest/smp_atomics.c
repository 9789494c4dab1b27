/*
 * LSE atomics of several CPUs on one location: in each size and ordering no update is lost or seen
 * twice; and what another CPU does that is not a plain store (exclusive_smp.c) clears the mark of a
 * load exclusive too (DDI0487 B2.12.3).
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 4 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 2 */
#include "guest.h"
#include "bits.h"
#include "smp_common.h"

#define ROUNDS 501

static struct {
	volatile u64 v[2] __attribute__((aligned(128)));
} counters[4][4], cas[4][4], pair[4], lock, toggled, highest, lowest, token, word;
static volatile u64 wrong, sum;

#define COUNT(size, reg, suffix) do { \
	u64 old_; \
	asm volatile("ldadd" suffix " %" reg "1, %" reg "0, [%2]" : "=&r"(old_) \
		     : "r"(1ul), "r"(counters[size][0].v) : "memory"); \
	asm volatile("ldadda" suffix " %" reg "1, %" reg "0, [%2]" : "=&r"(old_) \
		     : "r"(1ul), "r"(counters[size][1].v) : "memory"); \
	asm volatile("ldaddl" suffix " %" reg "1, %" reg "0, [%2]" : "=&r"(old_) \
		     : "r"(1ul), "r"(counters[size][2].v) : "memory"); \
	asm volatile("ldaddal" suffix " %" reg "1, %" reg "0, [%2]" : "=&r"(old_) \
		     : "r"(1ul), "r"(counters[size][3].v) : "memory"); \
} while (0)

#define CAS_ADD(size, reg, insn, order) do { \
	u64 old_, seen_ = 0; \
	do { \
		old_ = seen_; \
		asm volatile(insn " %" reg "0, %" reg "1, [%2]" : "+&r"(seen_) \
			     : "r"(old_ + 1), "r"(cas[size][order].v) : "memory"); \
	} while (seen_ != old_); \
} while (0)
#define CAS_ALL(size, reg, suffix) do { \
	CAS_ADD(size, reg, "cas" suffix, 0); \
	CAS_ADD(size, reg, "casa" suffix, 1); \
	CAS_ADD(size, reg, "casl" suffix, 2); \
	CAS_ADD(size, reg, "casal" suffix, 3); \
} while (0)

/* Both halves count, the second one by three. */
#define CASP_ADD(order, insn) do { \
	register u64 a asm("x4") = 0, b asm("x5") = 0; \
	register u64 na asm("x6"), nb asm("x7"); \
	u64 oa, ob; \
	do { \
		oa = a; \
		ob = b; \
		na = oa + 1; \
		nb = ob + 3; \
		asm volatile(insn " x4, x5, x6, x7, [%4]" : "+r"(a), "+r"(b) \
			     : "r"(na), "r"(nb), "r"(pair[order].v) : "memory"); \
	} while (a != oa || b != ob); \
} while (0)

static void bits_of_one(u64 cpu)
{
	u64 mine = 1ul << cpu, old;

	asm volatile("ldsetal %1, %0, [%2]" : "=&r"(old) : "r"(mine), "r"(lock.v) : "memory");
	wrong += (old & mine) != 0;
	asm volatile("ldclrl %1, %0, [%2]" : "=&r"(old) : "r"(mine), "r"(lock.v) : "memory");
	wrong += (old & mine) == 0;
	asm volatile("ldeora %1, %0, [%2]" : "=&r"(old) : "r"(mine << 8), "r"(toggled.v) : "memory");
}

static void part(u64 cpu)
{
	u64 mine = cpu + 1;

	for (u64 i = 0; i < ROUNDS; i++) {
		COUNT(0, "w", "b");
		COUNT(1, "w", "h");
		COUNT(2, "w", "");
		COUNT(3, "x", "");
		CAS_ALL(0, "w", "b");
		CAS_ALL(1, "w", "h");
		CAS_ALL(2, "w", "");
		CAS_ALL(3, "x", "");
		CASP_ADD(0, "casp");
		CASP_ADD(1, "caspa");
		CASP_ADD(2, "caspl");
		CASP_ADD(3, "caspal");
		bits_of_one(cpu);
		asm volatile("stumax %0, [%1]" : : "r"(cpu << 32 | i), "r"(highest.v) : "memory");
		asm volatile("stsmin %0, [%1]" : : "r"(-(cpu << 32 | i)), "r"(lowest.v) : "memory");
		asm volatile("swpal %0, %0, [%1]" : "+r"(mine) : "r"(token.v) : "memory");
	}
	/* what was put in and is not there any more */
	asm volatile("staddl %0, [%1]" : : "r"(mine), "r"(&sum) : "memory");
}

static void mmu_on(u64 cpu)
{
	static u64 *root;

	if (!root) {
		root = pt_new();
		pt_identity(root, 1, PT_S1_DEVICE, PT_S1_NORMAL);
	}
	WRITE(mair_el2, PT_MAIR);
	WRITE(tcr_el2, PT_TCR_EL2);
	WRITE(ttbr0_el2, root);
	INSN("tlbi alle2\n\tdsb sy\n\tisb");
	WRITE(sctlr_el2, SCTLR_EL2_RES1 | SCTLR_M | SCTLR_C | SCTLR_I);
}

/* All CPUs that the board has, at most 4, with stage 1 on. */
static u64 start(void)
{
	mmu_on(0);
	for (smp_cpus = smp_cpus ? smp_cpus : 1; smp_cpus < 4; smp_cpus++) {
		if (!guest_start_cpu(smp_cpus, smp_worker, smp_cpus))
			break;
		smp_call(smp_cpus, mmu_on, 0);
	}
	EXPECT("more than one CPU", smp_cpus > 1);
	return smp_cpus;
}

static void nothing_is_lost(void)
{
	u64 n = start(), all = n * ROUNDS;

	for (unsigned cpu = 1; cpu < n; cpu++)
		smp_post(cpu, part, cpu);
	part(0);
	for (unsigned cpu = 1; cpu < n; cpu++)
		smp_wait(cpu);
	for (unsigned size = 0; size < 4; size++) {
		u64 mask = size == 3 ? ~0ul : BIT(8u << size) - 1;

		for (unsigned order = 0; order < 4; order++) {
			EXPECT_EQ("ldadd", counters[size][order].v[0], all & mask);
			EXPECT_EQ("cas", cas[size][order].v[0], all & mask);
		}
	}
	for (unsigned order = 0; order < 4; order++) {
		EXPECT_EQ("casp, first", pair[order].v[0], all);
		EXPECT_EQ("casp, second", pair[order].v[1], 3 * all);
	}
	EXPECT_EQ("bits of others or lost", wrong, 0);
	EXPECT_EQ("all bits clear", lock.v[0], 0);
	EXPECT_EQ("toggled", toggled.v[0], (BIT(n) - 1) << 8);
	EXPECT_EQ("umax", highest.v[0], (n - 1) << 32 | (ROUNDS - 1));
	EXPECT_EQ("smin", lowest.v[0], -((n - 1) << 32 | (ROUNDS - 1)));
	EXPECT_EQ("tokens", sum + token.v[0], n * (n + 1) / 2);
}

static void clear(u64 how)
{
	volatile u64 *at = word.v;
	u64 old = 7;

	switch (how) {
	case 0:
		asm volatile("dc zva, %0" : : "r"(at) : "memory");
		break;
	case 1:
		asm volatile("stadd %0, [%1]" : : "r"(1ul), "r"(at) : "memory");
		break;
	case 2:
		asm volatile("cas %0, %1, [%2]" : "+r"(old) : "r"(8ul), "r"(at) : "memory");
		break;
	case 3:
		asm volatile("swp %1, %0, [%2]" : "=&r"(old) : "r"(9ul), "r"(at) : "memory");
		break;
	case 4:
		asm volatile("stp %0, %0, [%1]" : : "r"(3ul), "r"(at) : "memory");
		break;
	default:
		asm volatile("strb %w0, [%1]" : : "r"(4ul), "r"(at) : "memory");
		break;
	}
	INSN("dsb sy");
}

static void others_clear_the_mark(void)
{
	start();
	for (u64 how = 0; how < 6; how++) {
		u64 old, failed;

		word.v[0] = 7;
		smp_call(1, clear, 6);
		word.v[0] = 7;
		asm volatile("ldaxr %0, [%1]" : "=r"(old) : "r"(word.v) : "memory");
		smp_call(1, clear, how);
		asm volatile("stlxr %w0, %1, [%2]" : "=&r"(failed)
			     : "r"(99ul), "r"(word.v) : "memory");
		EXPECT_EQ("value", old, 7);
		EXPECT_EQ("store exclusive", failed & 1, 1);
		EXPECT("nothing stored", word.v[0] != 99);
	}
}

GUEST_TESTS(TEST(nothing_is_lost), TEST(others_clear_the_mark));
