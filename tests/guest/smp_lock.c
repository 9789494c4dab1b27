/*
 * Locks over four CPUs on Normal memory: a spin lock of LDAXR and STLR whose waiters sleep in WFE
 * (woken by the loss of their monitor, without SEV), a ticket lock of LDADDA (LSE), a compare-and-
 * swap lock, and message passing with plain flags and barriers.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 4 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 4 */
#include "mmu_vm.h"
#include "smp_normal.h"

#define CPUS 4
#define ROUNDS 200

static struct {
	volatile u32 word __attribute__((aligned(128)));
	volatile u32 serving __attribute__((aligned(128)));
	volatile u64 counter __attribute__((aligned(128)));
	volatile u64 inside;
	volatile u64 broken;
} shared;

/* Something that two CPUs at once would spoil. */
static void critical_section(u64 cpu)
{
	shared.broken += shared.inside != 0;
	shared.inside = cpu + 1;
	for (unsigned i = 0; i < 20; i++)
		shared.counter = shared.counter + 1;
	shared.broken += shared.inside != cpu + 1;
	shared.inside = 0;
}

static void lock_exclusive(volatile u32 *lock)
{
	u32 old, failed;

	asm volatile("sevl\n"
		     "1:\twfe\n"
		     "2:\tldaxr %w0, %2\n\t"
		     "cbnz %w0, 1b\n\t"
		     "stxr %w1, %w3, %2\n\t"
		     "cbnz %w1, 2b"
		     : "=&r"(old), "=&r"(failed), "+Q"(*lock) : "r"(1) : "memory");
}

static void unlock_release(volatile u32 *lock)
{
	asm volatile("stlr wzr, %0" : "=Q"(*lock) : : "memory");
}

static void use_exclusive(u64 cpu)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		lock_exclusive(&shared.word);
		critical_section(cpu);
		unlock_release(&shared.word);
	}
}

/* Tickets by LDADDA; who waits for its number sleeps with the monitor on `serving`. */
static void use_ticket(u64 cpu)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		u32 mine, now;

		asm volatile(".arch_extension lse\n\tldadda %w2, %w0, %1"
			     : "=&r"(mine), "+Q"(shared.word) : "r"(1) : "memory");
		asm volatile("sevl\n"
			     "1:\twfe\n\t"
			     "ldaxr %w0, %1\n\t"
			     "cmp %w0, %w2\n\t"
			     "b.ne 1b"
			     : "=&r"(now) : "Q"(shared.serving), "r"(mine) : "memory", "cc");
		critical_section(cpu);
		asm volatile("stlr %w1, %0" : "=Q"(shared.serving) : "r"(mine + 1) : "memory");
	}
}

static void use_cas(u64 cpu)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		u32 old;

		for (;;) {
			old = 0;
			asm volatile(".arch_extension lse\n\tcasa %w0, %w2, %1"
				     : "+r"(old), "+Q"(shared.word) : "r"((u32)cpu + 1) : "memory");
			if (!old)
				break;
			INSN("yield");
		}
		critical_section(cpu);
		unlock_release(&shared.word);
	}
}

static void run(const char *name, void (*use)(u64))
{
	shared.word = shared.serving = 0;
	shared.counter = shared.inside = shared.broken = 0;
	smp_all(mmu_on);
	smp_all(use);
	smp_all(mmu_off);
	EXPECT_EQ(name, shared.counter, ROUNDS * CPUS * 20ul);
	EXPECT_EQ("never two inside", shared.broken, 0);
}

static void locks(void)
{
	smp_tables();
	smp_start(CPUS);
	run("LDAXR, STLR, WFE", use_exclusive);
	if ((READ(id_aa64isar0_el1) >> 20 & 15) < 2)
		return;
	run("LDADDA tickets", use_ticket);
	run("CASA", use_cas);
}

/* Message passing: who sees the flag sees the data that was written before it. */
static struct {
	volatile u64 data[16] __attribute__((aligned(128)));
	volatile u64 flag __attribute__((aligned(128)));
	volatile u64 taken __attribute__((aligned(128)));
	volatile u64 wrong;
} box;

static void receiver(u64 cpu)
{
	mmu_on(cpu);
	for (u64 n = 1; n <= ROUNDS; n++) {
		u64 flag;

		do {
			if (n & 1)
				asm volatile("ldar %0, %1" : "=r"(flag) : "Q"(box.flag) : "memory");
			else
				flag = box.flag;
		} while (flag != n);
		if (!(n & 1))
			INSN("dmb ishld");
		for (unsigned i = 0; i < ARRAY_SIZE(box.data); i++)
			box.wrong += box.data[i] != n * 1000 + i;
		asm volatile("stlr %1, %0" : "=Q"(box.taken) : "r"(n) : "memory");
	}
	mmu_off(cpu);
}

static void messages(void)
{
	smp_start(CPUS);
	smp_post(1, receiver, 1);
	mmu_on(0);
	for (u64 n = 1; n <= ROUNDS; n++) {
		for (unsigned i = 0; i < ARRAY_SIZE(box.data); i++)
			box.data[i] = n * 1000 + i;
		if (n & 2) {
			asm volatile("stlr %1, %0" : "=Q"(box.flag) : "r"(n) : "memory");
		} else {
			INSN("dmb ishst");
			box.flag = n;
		}
		while (box.taken != n)
			;
		INSN("dmb ishld");
	}
	mmu_off(0);
	smp_wait(1);
	EXPECT_EQ("stale data", box.wrong, 0);
}

GUEST_TESTS(TEST(locks), TEST(messages));
