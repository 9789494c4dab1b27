/*
 * DC ZVA on memory that nothing has written since the machine began: zeroes count as stored in every
 * order with stores, through another mapping, by another CPU, and by what follows in the same page; and between the other CPU's stores.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 2 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 2 */
#include "mmu_vm.h"
#include "smp_common.h"

#define FRESH 0x44000000ul /* RAM that the loader leaves alone */
#define ALIAS 0x40000000ul /* the second mapping of FRESH stands there behind it */
#define PAGE 4096ul

static u64 *table;

static void mmu_on(u64 cpu)
{
	WRITE(mair_el2, PT_MAIR);
	WRITE(tcr_el2, PT_TCR_EL2);
	WRITE(ttbr0_el2, table);
	INSN("tlbi alle2\n\tdsb sy\n\tisb");
	WRITE(sctlr_el2, SCTLR_EL2_OFF | SCTLR_M | SCTLR_C | SCTLR_I);
}

static void mmu_off(u64 cpu)
{
	WRITE(sctlr_el2, SCTLR_EL2_OFF);
}

static void zero(u64 va)
{
	__asm__ volatile("dc zva, %0" : : "r"(va) : "memory");
}

static void zero_page(u64 va)
{
	for (u64 at = va & ~(PAGE - 1), end = at + PAGE; at < end; at += 64)
		zero(at);
	INSN("dsb sy");
}

static void store(u64 va)
{
	*(volatile u64 *)va = va;
	INSN("dsb sy");
}

static u64 load(u64 va)
{
	return *(volatile u64 *)va;
}

static u64 wrong(u64 page, u64 except)
{
	u64 n = 0;

	for (u64 at = page; at < page + PAGE; at += 8)
		n += at != except && load(at) != 0;
	return n;
}

/* Each way to write a page that was only zeroed so far, and zeroes after it. */
static void written_then_zeroed(void (*write)(u64), u64 page, u64 at)
{
	zero_page(page);
	write(at);
	EXPECT("stored", load(page + at % PAGE) != 0);
	EXPECT_EQ("other words", wrong(page, page + at % PAGE), 0);
	zero(page + at % PAGE);
	EXPECT_EQ("zeroed again", load(page + at % PAGE), 0);
	write(at);
	zero_page(page);
	EXPECT_EQ("all zeroed again", wrong(page, 0), 0);
}

static void elsewhere(u64 va)
{
	smp_call(1, store, va);
}

static void orders(void)
{
	u64 page = FRESH;

	table = pt_new();
	pt_identity(table, 1, PT_S1_DEVICE, PT_S1_NORMAL);
	pt_map(table, 1, FRESH / ALIAS * ALIAS + ALIAS, FRESH / ALIAS * ALIAS, 1, PT_S1_NORMAL);
	smp_start(2);
	mmu_on(0);
	smp_call(1, mmu_on, 0);

	written_then_zeroed(store, page, page + 0x128);
	page += PAGE;
	written_then_zeroed(store, page, page + ALIAS + 0xff8);
	page += PAGE;
	written_then_zeroed(elsewhere, page, page + 0x40);
	page += PAGE;
	written_then_zeroed(elsewhere, page, page + ALIAS + 0x840);

	/* the other CPU zeroes and this one stores */
	page += PAGE;
	smp_call(1, zero_page, page);
	store(page + 8);
	smp_call(1, zero, page);
	EXPECT_EQ("zeroed by the other CPU", load(page + 8), 0);

	/* an untouched page reads as zero between, and code is fetched from what is stored there */
	page += PAGE;
	zero(page);
	EXPECT_EQ("read", load(page), 0);
	((volatile u32 *)page)[0] = 0xd65f03c0; /* ret */
	INSN("dsb sy\n\tic iallu\n\tdsb sy\n\tisb");
	((void (*)(void))page)();
	zero(page + 64);
	((void (*)(void))page)();
	EXPECT_EQ("beside the code", load(page + 64), 0);

	/* two pages by turns */
	page += PAGE;
	for (u64 at = 0; at < PAGE; at += 64) {
		zero(page + at);
		zero(page + PAGE + at);
		store(page + at);
	}
	EXPECT_EQ("first page", load(page + 0x80), page + 0x80);
	EXPECT_EQ("second page", wrong(page + PAGE, 0), 0);

	smp_call(1, mmu_off, 0);
	mmu_off(0);
}

/*
 * Litmus test R with DC ZVA for a store: CPU 0 stores x, then zeroes the block of y; CPU 1 stores y, then loads x. When 0's zeroes were
 * overwritten, its store was there before.
 */
#define RACES 1500
static struct {
	volatile u64 x, got;
} races[RACES];
static volatile u64 ready[2];

static u64 race_page(unsigned i)
{
	return FRESH + 0x1000000 + i * PAGE;
}

static void racer(u64 cpu)
{
	ready[cpu] = 1;
	while (!ready[!cpu])
		;
	for (unsigned i = 0; i < RACES; i++) {
		volatile u64 *y = (volatile u64 *)race_page(i);

		if (cpu) {
			*y = 5;
			INSN("dmb ish");
			races[i].got = races[i].x;
		} else {
			races[i].x = 1;
			INSN("dmb ishst");
			zero((u64)y);
		}
	}
}

static void race(void)
{
	u64 forbidden = 0, neither = 0;

	table = pt_new();
	pt_identity(table, 1, PT_S1_DEVICE, PT_S1_NORMAL);
	smp_start(2);
	mmu_on(0);
	smp_call(1, mmu_on, 0);
	smp_all(racer);
	for (unsigned i = 0; i < RACES; i++) {
		u64 y = load(race_page(i));

		forbidden += y == 5 && !races[i].got;
		neither += y != 5 && y != 0;
	}
	EXPECT_EQ("zeroes overtook the store before them", forbidden, 0);
	EXPECT_EQ("torn", neither, 0);
	smp_call(1, mmu_off, 0);
	mmu_off(0);
}

GUEST_TESTS(TEST(orders), TEST(race));
