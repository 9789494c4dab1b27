/*
 * Code that changes: rewritten in its own page, in the block that runs, through another virtual
 * address, by another CPU, by DC ZVA and by pair and SIMD stores, with the maintenance that the
 * manual asks for (DDI0487 B2.2.5). An emulator that keeps translated code must notice every one of
 * them.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 2 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 2 */
#include "guest.h"
#include "bits.h"

#define MOVZ(rd, imm) (0xd2800000u | (u32)(imm) << 5 | (rd))
#define RET 0xd65f03c0u
#define ALIAS 0x60000000ul      /* the image again, when the MMU is on */
#define IMAGE 0x40000000ul

static u32 code[2048] __attribute__((aligned(4096)));

static u64 call(const volatile u32 *fn)
{
	return ((u64 (*)(void))fn)();
}

static void sync(const volatile u32 *p)
{
	asm volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb"
		     :
		     : "r"(p)
		     : "memory");
}

static void put(volatile u32 *p, u32 word)
{
	*p = word;
	sync(p);
}

static void one_word(void)
{
	put(&code[1], RET);
	for (u32 i = 0; i < 100; i++) {
		put(&code[0], MOVZ(0, i));
		EXPECT_EQ("result", call(code), i);
	}
}

/* Functions all over a page; rewriting one leaves the others right. */
static void one_of_many(void)
{
	for (u32 i = 0; i < 1024; i += 2) {
		put(&code[i], MOVZ(0, i));
		put(&code[i + 1], RET);
	}
	for (u32 i = 0; i < 1024; i += 34) {
		put(&code[i], MOVZ(0, 5000 + i));
		EXPECT_EQ("new", call(&code[i]), 5000 + i);
		EXPECT_EQ("before it", call(&code[i ? i - 2 : 1022]), i ? i - 2 : 1022);
		EXPECT_EQ("after it", call(&code[i + 2]), i + 2);
		put(&code[i], MOVZ(0, i));
	}
}

/*
 * Code that overwrites the instruction a few words on, in what an emulator may hold as one block:
 * x0 = new word; returns what the slot gives.
 */
PROBE(own_block,
      "adr x1, 1f\n\tstr w0, [x1]\n\tdc cvau, x1\n\tdsb ish\n\tic ivau, x1\n\tdsb ish\n\tisb\n"
      "1:\tmov x0, #1\n\tmov x0, x0");

static void in_its_own_block(void)
{
	for (u32 i = 0; i < 20; i++)
		EXPECT_EQ("slot", RUN(SPSR_EL1, own_block, MOVZ(0, 100 + i)), 100 + i);
}

/* A loop that changes its own body half way: x0 is the sum, x2 the word to write. */
PROBE(own_loop, "mov x3, #10\n\tmov x0, #0\n\tadr x1, 2f\n"
		"1:\tcmp x3, #5\n\tb.ne 2f\n\tstr w2, [x1]\n\tdc cvau, x1\n\tdsb ish\n\tic ivau, "
		"x1\n\tdsb ish\n\tisb\n"
		"2:\tadd x0, x0, #1\n\tsubs x3, x3, #1\n\tb.ne 1b");

static void in_its_own_loop(void)
{
	/* five rounds with +1, five with +16 */
	EXPECT_EQ("sum", RUN(SPSR_EL1, own_loop, 0, 0, 0x91004000), 5 + 5 * 16);
	EXPECT_EQ("sum, all changed", RUN(SPSR_EL1, own_loop, 0, 0, 0x91004000), 10 * 16);
}

/* Data in the page of code, written and read between calls, harms neither. */
static void data_beside_code(void)
{
	volatile u64 *data = (u64 *)&code[512];
	u64 sum = 0;

	put(&code[0], MOVZ(0, 3));
	put(&code[1], RET);
	*data = 0;
	for (u32 i = 0; i < 1000; i++) {
		sum += call(code);
		*data += 1;
	}
	EXPECT_EQ("calls", sum, 3000);
	EXPECT_EQ("data", *data, 1000);
}

PROBE(store_pair, "stp w1, w2, [x0]");
PROBE(store_simd, "fmov d0, x1\n\tst1 {v0.2s}, [x0]");
PROBE(store_q, "ldr q0, [x1]\n\tstr q0, [x0]");
PROBE(store_release, "stlr x1, [x0]");
PROBE(store_exclusive, "1: ldxr x2, [x0]\n\tstxr w3, x1, [x0]\n\tcbnz w3, 1b");
PROBE(store_byte, "strb w1, [x0]");

static void every_store(void)
{
	u64 both = (u64)RET << 32 | MOVZ(0, 11);

	static u64 quad[2] __attribute__((aligned(16)));

	put(&code[0], MOVZ(0, 1));
	put(&code[1], RET);
	EXPECT_EQ("before", call(code), 1);
	RUN(SPSR_EL1, store_pair, code, MOVZ(0, 7), RET);
	sync(code);
	EXPECT_EQ("stp", call(code), 7);
	RUN(SPSR_EL1, store_simd, code, both);
	sync(code);
	EXPECT_EQ("st1", call(code), 11);
	quad[0] = both + (2 << 5);
	RUN(SPSR_EL1, store_q, code, quad);
	sync(code);
	EXPECT_EQ("str q", call(code), 13);
	RUN(SPSR_EL1, store_release, code, both + (3 << 5));
	sync(code);
	EXPECT_EQ("stlr", call(code), 14);
	RUN(SPSR_EL1, store_exclusive, code, both + (4 << 5));
	sync(code);
	EXPECT_EQ("stxr", call(code), 15);
	/* the low byte: imm bits 2:0 and the register */
	RUN(SPSR_EL1, store_byte, code, 3 << 5);
	sync(code);
	EXPECT_EQ("strb", call(code), 15 - 7 + 3);
}

/* Straight code that crosses into another page. */
static void across_pages(void)
{
	for (u32 i = 0; i < 10; i++) {
		put(&code[1023], MOVZ(0, i));
		put(&code[1024], 0x91000400);           /* ADD x0, x0, #1 */
		put(&code[1025], RET);
		EXPECT_EQ("both", call(&code[1023]), i + 1);
		put(&code[1024], 0x91000800);           /* #2 */
		EXPECT_EQ("second page changed", call(&code[1023]), i + 2);
	}
}

static void mmu_on(void)
{
	static u64 *root;

	if (!root) {
		root = pt_new();
		pt_identity(root, 1, PT_S1_DEVICE, PT_S1_NORMAL);
		pt_map(root, 1, ALIAS, IMAGE, 2, PT_S1_NORMAL);
	}
	WRITE(mair_el2, PT_MAIR);
	WRITE(tcr_el2, PT_TCR_EL2);
	WRITE(ttbr0_el2, root);
	INSN("tlbi alle2\n\tdsb sy\n\tisb");
	WRITE(sctlr_el2, SCTLR_EL2_RES1 | SCTLR_M | SCTLR_C | SCTLR_I);
}

/* Written at one address, run at another of the same memory. */
static void through_an_alias(void)
{
	volatile u32 *alias = (u32 *)((u64)code - IMAGE + ALIAS);

	mmu_on();
	put(&code[1], RET);
	for (u32 i = 0; i < 50; i++) {
		put(i & 1 ? alias : code, MOVZ(0, i));
		sync(i & 1 ? code : alias);
		EXPECT_EQ("at the image", call(code), i);
		EXPECT_EQ("at the alias", call(alias), i);
	}
	WRITE(sctlr_el2, SCTLR_EL2_RES1);
}

PROBE(zva, "dc zva, x0");

static void by_dc_zva(void)
{
	mmu_on();
	put(&code[0], MOVZ(0, 1));
	put(&code[1], RET);
	EXPECT_EQ("before", call(code), 1);
	RUN(SPSR_EL2, zva, code);
	sync(code);
	RUN(SPSR_EL2, code);
	EXPECT_EXC("zero is undefined", 2, VEC_SAME, ESR(EC_UNKNOWN, 0), code);
	WRITE(sctlr_el2, SCTLR_EL2_RES1);
}

/* the other CPU runs what this one writes */
static volatile u64 go, result, mismatches;

static void runner(u64 rounds)
{
	for (u64 i = 1; i <= rounds; i++) {
		while (go != i)
			;
		INSN("dsb sy\n\tisb");
		mismatches += call(code) != i;
		BARRIER();
		result = i;
	}
}

static void by_another_cpu(void)
{
	put(&code[0], MOVZ(0, 0));
	put(&code[1], RET);
	EXPECT("start", guest_start_cpu(1, runner, 200));
	for (u32 i = 1; i <= 200; i++) {
		put(&code[0], MOVZ(0, i));
		go = i;
		while (result != i)
			;
	}
	EXPECT_EQ("old code run", mismatches, 0);
}

GUEST_TESTS(TEST(one_word), TEST(one_of_many), TEST(in_its_own_block), TEST(in_its_own_loop),
	    TEST(data_beside_code), TEST(every_store), TEST(across_pages), TEST(through_an_alias),
	    TEST(by_dc_zva), TEST(by_another_cpu));
