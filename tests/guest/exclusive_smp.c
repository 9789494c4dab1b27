/*
 * Exclusives, atomics and events between two CPUs: another CPU's store clears the global monitor,
 * no increment is lost, WFE wakes by SEV and by the loss of the monitor, acquire and release order.
 * On Normal memory: stage 1 of the boot EL is on, identically mapped.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 2 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 2 */
/* run: -M virt,gic-version=3 -cpu neoverse-n1 -smp 2 */
#include "guest.h"
#include "bits.h"

#define ROUNDS 20000

static u64 *root;

/* each on its own cache line */
static struct {
	volatile u64 value __attribute__((aligned(128)));
} word, other, turn, done, flag;

static void mmu_on(void)
{
	if (!root) {
		root = pt_new();
		pt_identity(root, 1, PT_S1_DEVICE, PT_S1_NORMAL);
	}
	if (GUEST_EL() == 2) {
		WRITE(mair_el2, PT_MAIR);
		WRITE(tcr_el2, PT_TCR_EL2);
		WRITE(ttbr0_el2, root);
		INSN("tlbi alle2\n\tdsb sy\n\tisb");
		WRITE(sctlr_el2, SCTLR_EL2_RES1 | SCTLR_M | SCTLR_C | SCTLR_I);
	} else {
		WRITE(mair_el1, PT_MAIR);
		WRITE(tcr_el1, PT_TCR_EL1);
		WRITE(ttbr0_el1, root);
		INSN("tlbi vmalle1\n\tdsb sy\n\tisb");
		WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I);
	}
}

static u64 load_exclusive(volatile u64 *p)
{
	u64 v;

	asm volatile("ldaxr %0, [%1]" : "=r"(v) : "r"(p) : "memory");
	return v;
}

static unsigned store_exclusive(volatile u64 *p, u64 v)
{
	unsigned failed;

	asm volatile("stlxr %w0, %2, [%1]" : "=&r"(failed) : "r"(p), "r"(v) : "memory");
	return failed;
}

static void store_release(volatile u64 *p, u64 v)
{
	asm volatile("stlr %1, [%0]" : : "r"(p), "r"(v) : "memory");
}

static u64 load_acquire(volatile u64 *p)
{
	u64 v;

	asm volatile("ldar %0, [%1]" : "=r"(v) : "r"(p) : "memory");
	return v;
}

static void wait_for(volatile u64 *p, u64 v)
{
	while (load_acquire(p) != v)
		INSN("yield");
}

static void increments(void)
{
	for (unsigned i = 0; i < ROUNDS; i++)
		while (store_exclusive(&word.value, load_exclusive(&word.value) + 1))
			;
}

static void atomics(void)
{
	if (!(READ(id_aa64isar0_el1) >> 20 & 15))
		return;
	for (unsigned i = 0; i < ROUNDS; i++)
		asm volatile("stadd %0, [%1]" : : "r"(1ul), "r"(&other.value) : "memory");
}

/* CPU 1: each part waits for its turn */
static void second(u64 arg)
{
	mmu_on();
	/* 1: a store, an atomic or an exclusive to the word that CPU 0 has marked */
	wait_for(&turn.value, 1);
	word.value = 100;
	store_release(&done.value, 1);
	wait_for(&turn.value, 2);
	store_release(&word.value, 200);
	store_release(&done.value, 2);
	wait_for(&turn.value, 3);
	while (store_exclusive(&word.value, load_exclusive(&word.value) + 100))
		;
	store_release(&done.value, 3);
	/* 4: count together */
	wait_for(&turn.value, 4);
	increments();
	atomics();
	store_release(&done.value, 4);
	/* 5: wake by SEV, then by losing the monitor */
	wait_for(&turn.value, 5);
	for (volatile unsigned i = 0; i < 2000; i++)
		;
	store_release(&flag.value, 1);
	INSN("dsb sy\n\tsev");
	wait_for(&turn.value, 6);
	for (volatile unsigned i = 0; i < 2000; i++)
		;
	store_release(&flag.value, 2);
	/* 7: messages */
	wait_for(&turn.value, 7);
	for (u64 i = 1; i <= ROUNDS; i++) {
		while (load_acquire(&flag.value) != 0)
			;
		other.value = i * 3;
		store_release(&flag.value, i);
	}
	store_release(&done.value, 7);
}

/* Marks the word, lets the other CPU write to it, and fails to store. */
static void another_store_clears(void)
{
	static const u64 after[] = { 100, 200, 300 };

	mmu_on();
	EXPECT("start", guest_start_cpu(1, second, 0));
	for (u64 i = 1; i <= 3; i++) {
		load_exclusive(&word.value);
		turn.value = i;
		wait_for(&done.value, i);
		EXPECT_EQ("store exclusive", store_exclusive(&word.value, 7), 1);
		EXPECT_EQ("value", word.value, after[i - 1]);
	}
}

static void no_increment_is_lost(void)
{
	mmu_on();
	word.value = other.value = 0;
	store_release(&turn.value, 4);
	increments();
	atomics();
	wait_for(&done.value, 4);
	EXPECT_EQ("exclusives", word.value, 2 * ROUNDS);
	if (READ(id_aa64isar0_el1) >> 20 & 15)
		EXPECT_EQ("atomics", other.value, 2 * ROUNDS);
}

static void wait_for_event(void)
{
	mmu_on();
	flag.value = 0;
	store_release(&turn.value, 5);
	while (load_acquire(&flag.value) != 1)
		INSN("wfe");
	EXPECT_EQ("SEV", flag.value, 1);
	store_release(&turn.value, 6);
	/* the way of a lock: the store of the holder is the event */
	INSN("sevl\n\twfe");
	while (load_exclusive(&flag.value) != 2)
		INSN("wfe");
	EXPECT_EQ("monitor lost", flag.value, 2);
}

static void messages(void)
{
	u64 wrong = 0;

	mmu_on();
	flag.value = 0;
	store_release(&turn.value, 7);
	for (u64 i = 1; i <= ROUNDS; i++) {
		while (load_acquire(&flag.value) != i)
			;
		wrong += other.value != i * 3;
		store_release(&flag.value, 0);
	}
	wait_for(&done.value, 7);
	EXPECT_EQ("messages without their data", wrong, 0);
}

GUEST_TESTS(TEST(another_store_clears), TEST(no_increment_is_lost), TEST(wait_for_event),
	    TEST(messages));
