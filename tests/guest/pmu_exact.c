/*
 * What the Performance Monitors count, by hand: instructions and cycles up to the reading instruction, classes of instructions by
 * exception level, exceptions and returns, writes of TTBR and CONTEXTIDR, TLB events; CHAIN, PMCR_EL0.D and DP; overflow
 * interrupts at the very instruction. The instruction that writes PMCNTENSET_EL0 or PMCR_EL0.E is the first that is counted.
 *
 * Events that a core's PMCEID<n>_EL0 does not have are left out there. With a timing model cycles are its own, and there are events of
 * caches and branches.
 */
/* run: -M virt,gic-version=3 -cpu max -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu max -smp 1 */
/* run: -M virt,gic-version=3 -cpu cortex-a53 -smp 1 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3 -cpu neoverse-n1 -smp 1 */
/* ours-alone: QEMU counts instructions only with -icount, cycles by the host's clock, and no other events */
#include "gic_common.h"
#undef HCR_FMO
#undef HCR_IMO
#undef HCR_RW
#include "pmu.h"

enum {
	L1I_TLB_REFILL = 2, L1D_TLB_REFILL = 5, LD_RETIRED = 6, ST_RETIRED = 7, INST_RETIRED = 8, EXC_TAKEN = 9, EXC_RETURN = 10,
	CID_WRITE_RETIRED = 11, BR_MIS_PRED = 0x10, CPU_CYCLES = 0x11, BR_PRED = 0x12, L1D_CACHE_REFILL = 3, L1D_CACHE = 4, MEM_ACCESS = 0x13, TTBR_WRITE_RETIRED = 0x1c, CHAIN = 0x1e, BR_RETIRED = 0x21,
	L1D_TLB = 0x25, L1I_TLB = 0x26, L2D_TLB_REFILL = 0x2d, L2D_TLB = 0x2f, DTLB_WALK = 0x34, ITLB_WALK = 0x35,
};

static int has(unsigned event)
{
	return (event < 32 ? READ(pmceid0_el0) >> event : READ(pmceid1_el0) >> (event - 32)) & 1;
}

/* A timing model is there. */
static int timed(void)
{
	return has(BR_PRED);
}

static int set(unsigned n, unsigned event, u64 filter)
{
	if (!has(event))
		return 0;
	pmu_write_type(n, filter | event);
	pmu_write(n, 0);
	return 1;
}

#define GO() WRITE(pmcr_el0, PMCR_E | PMCR_LC)
#define STOP() WRITE(pmcr_el0, PMCR_LC)

static void reading(void)
{
	u64 a, b, c;

	pmu_quiet();
	set(0, INST_RETIRED, PMTYPE_NSH);
	set(1, CPU_CYCLES, PMTYPE_NSH);
	WRITE(pmccfiltr_el0, PMTYPE_NSH);
	WRITE(pmcntenset_el0, BIT(31) | 3);
	GO();
	asm volatile("mrs %0, pmevcntr0_el0\n\tnop\n\tnop\n\tadd x9, x9, #1\n\tnop\n\tmrs %1, pmevcntr0_el0\n\tmrs %2, pmevcntr0_el0"
		     : "=&r"(a), "=&r"(b), "=&r"(c) : : "x9");
	EXPECT_EQ("five instructions from one read to the next", b - a, 5);
	EXPECT_EQ("one", c - b, 1);
	asm volatile("mrs %0, pmccntr_el0\n\tnop\n\tnop\n\tadd x9, x9, #1\n\tnop\n\tmrs %1, pmevcntr1_el0\n\tmrs %2, pmccntr_el0"
		     : "=&r"(a), "=&r"(b), "=&r"(c) : : "x9");
	if (!timed())
		EXPECT_EQ("six cycles", c - a, 6);
	EXPECT("in order", a < b && b <= c);
	asm volatile("mrs %0, pmevcntr1_el0\n\tmov x9, #100\n1:\tsubs x9, x9, #1\n\tb.ne 1b\n\tmrs %1, pmevcntr1_el0"
		     : "=&r"(a), "=&r"(b) : : "x9", "cc");
	if (!timed())
		EXPECT_EQ("a loop", b - a, 202);
	STOP();
	asm volatile("mrs %0, pmevcntr0_el0\n\tnop\n\tmrs %1, pmevcntr0_el0" : "=&r"(a), "=&r"(b));
	EXPECT_EQ("stopped", b, a);
	pmu_quiet();
}

static u64 words[8] __attribute__((aligned(64)));

/* The counters n and up count the events; 0xff ends them. */
static void classes(void)
{
	static const struct {
		u8 event;
		u64 wants;
	} rows[] = {
		{ LD_RETIRED, 5 }, { ST_RETIRED, 3 }, { MEM_ACCESS, 8 }, { BR_RETIRED, 4 }, { INST_RETIRED, 18 }, { CPU_CYCLES, 18 },
	};

	pmu_quiet();
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 a, b, c;

		if (!set(0, rows[i].event, PMTYPE_NSH) || (rows[i].event == CPU_CYCLES && timed()))
			continue;
		WRITE(pmcntenset_el0, 1);
		GO();
		/* from the first MRS to the one before the second: 5 loads, 3 stores, 4 branches, 6 others */
		asm volatile("mrs %0, pmevcntr0_el0\n\t"
			     "ldr x9, [%3]\n\tldp x9, x10, [%3]\n\tldrb w9, [%3, #3]\n\tstr x9, [%3, #32]\n\t"
			     "b 1f\n1:\tcbz xzr, 2f\n2:\tcbnz xzr, 3f\n3:\tstp x9, x10, [%3, #16]\n\tnop\n\tadd x9, x9, #1\n\t"
			     "ldr x10, [%3]\n\tldur w10, [%3, #4]\n\tstrh w10, [%3, #40]\n\tcmp x9, x10\n\tb.vs 4f\n"
			     "4:\tnop\n\tdsb sy\n\tmrs %1, pmevcntr0_el0\n\tldr x9, [%3]\n\tb 5f\n5:\tstr x9, [%3]\n\t"
			     "mrs %2, pmevcntr0_el0"
			     : "=&r"(a), "=&r"(b), "=&r"(c) : "r"(words) : "x9", "x10", "cc", "memory");
		STOP();
		EXPECT_EQ("class", b - a, rows[i].wants);
		if (b - a != rows[i].wants) {
			guest_puthex(rows[i].event);
			guest_puts(" is the event\n");
		}
	}
	pmu_quiet();
}

PROBE(seven, "nop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop");
PROBE(loads, "ldr x9, [x0]\n\tldr x9, [x0]\n\tldr x9, [x0]\n\tstr x9, [x0]");
PROBE(short_one, "nop");

/* A function at EL1, by counter 2, with the frame's instructions there. */
static __attribute__((noinline)) u64 count_el1(const u32 *fn)
{
	STOP();
	pmu_write(2, 0);
	GO();
	RUN(SPSR_EL1, fn);
	STOP();
	return pmu_read(2);
}

/* EL0 runs the function and the frame's SVC. */
static void by_level(void)
{
	pmu_quiet();
	set(0, INST_RETIRED, PMTYPE_P);
	set(1, CPU_CYCLES, PMTYPE_P);
	set(2, INST_RETIRED, PMTYPE_U);
	set(4, MEM_ACCESS, PMTYPE_P);
	WRITE(pmcntenset_el0, 0x1f);
	GO();
	RUN(SPSR_EL0, seven);
	EXPECT_EQ("EL0", pmu_read(0), 8);
	if (!timed())
		EXPECT_EQ("EL0's cycles", pmu_read(1), 8);
	RUN(SPSR_EL0, loads, words);
	EXPECT_EQ("again", pmu_read(0), 8 + 6);
	EXPECT_EQ("three loads, one store", pmu_read(4), 4);
	/* whatever the frame adds to it, the second function is five longer */
	EXPECT_EQ("EL1", count_el1(seven) - count_el1(short_one), 5);
	if (guest_has_el2()) {
		u64 first, second;

		set(3, INST_RETIRED, PMTYPE_P | PMTYPE_U | PMTYPE_NSH);
		WRITE(pmcntenset_el0, 8);
		GO();
		asm volatile("mrs %0, pmevcntr3_el0\n\tnop\n\tnop\n\tmrs %1, pmevcntr3_el0" : "=&r"(first), "=&r"(second));
		EXPECT_EQ("EL2", second - first, 3);
	}
	pmu_quiet();
}

static enum guest_action resume(struct exc *e)
{
	return GUEST_RESUME;
}

static void exceptions(void)
{
	pmu_quiet();
	set(0, EXC_TAKEN, PMTYPE_NSH);
	set(1, EXC_RETURN, PMTYPE_NSH);
	set(2, CID_WRITE_RETIRED, PMTYPE_NSH);
	WRITE(pmcntenset_el0, 15);
	guest_cpu()->handler = resume;
	GO();
	for (unsigned i = 0; i < 5; i++)
		INSN("svc #1");
	STOP();
	guest_cpu()->handler = 0;
	EXPECT_EQ("taken", pmu_read(0), 5);
	EXPECT_EQ("returned", pmu_read(1), 5);
	GO();
	for (unsigned i = 0; i < 3; i++)
		WRITE(contextidr_el1, i);
	STOP();
	EXPECT_EQ("CONTEXTIDR_EL1", pmu_read(2), 3);
	if (set(3, TTBR_WRITE_RETIRED, PMTYPE_NSH)) {
		GO();
		WRITE(ttbr0_el1, 0);
		WRITE(ttbr1_el1, 0);
		STOP();
		EXPECT_EQ("TTBR0_EL1, TTBR1_EL1", pmu_read(3), 2);
	}
	pmu_quiet();
}

static void chain(void)
{
	u64 n;

	pmu_quiet();
	set(0, INST_RETIRED, PMTYPE_NSH);
	set(1, CHAIN, PMTYPE_NSH);
	WRITE(pmcntenset_el0, 3);
	pmu_write(0, 0xffffffff - 20);
	GO();
	asm volatile(".rept 100\n\tnop\n\t.endr");
	STOP();
	EXPECT_EQ("carried once", pmu_read(1), 1);
	EXPECT("and counts on", (n = pmu_read(0) & 0xffffffff) > 70 && n < 100);
	EXPECT_EQ("overflow of the lower", READ(pmovsclr_el0), 1);
	WRITE(pmovsclr_el0, 1);
	WRITE(pmcntenclr_el0, 2);
	pmu_write(0, 0xffffffff);
	GO();
	INSN("nop");
	STOP();
	EXPECT_EQ("a pair that is not enabled", pmu_read(1), 1);
	pmu_quiet();
}

static void divided(void)
{
	u64 a, b;

	if (timed())
		return;
	pmu_quiet();
	WRITE(pmccfiltr_el0, PMTYPE_NSH);
	WRITE(pmcntenset_el0, BIT(31));
	WRITE(pmcr_el0, PMCR_E | PMCR_D);
	asm volatile("msr pmcr_el0, %2\n\tisb\n\t.rept 61\n\tnop\n\t.endr\n\tmrs %0, pmccntr_el0\n\tmrs %1, pmccntr_el0"
		     : "=&r"(a), "=&r"(b) : "r"(PMCR_E | PMCR_D | PMCR_C));
	/* MSR, ISB, 61 NOPs, then the read itself is the 64th */
	EXPECT_EQ("63 cycles", a, 0);
	EXPECT_EQ("64 cycles", b, 1);
	asm volatile("msr pmcr_el0, %2\n\tisb\n\t.rept 62\n\tnop\n\t.endr\n\tmrs %0, pmccntr_el0\n\tmrs %1, pmccntr_el0"
		     : "=&r"(a), "=&r"(b) : "r"(PMCR_E | PMCR_D | PMCR_C | PMCR_LC));
	EXPECT_EQ("LC: not divided", b - a, 1);
	pmu_quiet();
}

/* DP, HPMD, HCCD and the cycle counter at EL2. */
static u64 cycles_of_ten(void)
{
	u64 a, b;

	asm volatile("mrs %0, pmccntr_el0\n\t.rept 9\n\tnop\n\t.endr\n\tmrs %1, pmccntr_el0" : "=&r"(a), "=&r"(b));
	return b - a;
}

static void cycle_counter_at_el2(void)
{
	if (!guest_has_el2() || pmu_version() < 4 || timed())
		return;
	pmu_quiet();
	WRITE(pmcntenset_el0, BIT(31));
	GO();
	EXPECT_EQ("NSH is 0", cycles_of_ten(), 0);
	WRITE(pmccfiltr_el0, PMTYPE_NSH);
	EXPECT_EQ("NSH", cycles_of_ten(), 10);
	WRITE(mdcr_el2, MDCR_HPMD | 6);
	EXPECT_EQ("HPMD: it counts", cycles_of_ten(), 10);
	WRITE(pmcr_el0, PMCR_E | PMCR_LC | PMCR_DP);
	EXPECT_EQ("HPMD and DP", cycles_of_ten(), 0);
	WRITE(mdcr_el2, 6);
	EXPECT_EQ("DP alone", cycles_of_ten(), 10);
	if (pmu_version() >= 6) {
		WRITE(mdcr_el2, MDCR_HCCD | 6);
		EXPECT_EQ("HCCD", cycles_of_ten(), 0);
	}
	pmu_quiet();
}

/*
 * A loop of three that never ends by itself: x1 counts its turns. The MSR is counted as the first instruction.
 */
extern const u32 spin_label[];
PROBE(spin, "mov x1, #0\n\tmsr daifclr, #2\n\tisb\n\tmsr pmcntenset_el0, x0\n"
	    ".globl spin_label\nspin_label:\tadd x1, x1, #1\n\tldr x3, [x2]\n\tb spin_label");

static void interrupts_on(void)
{
	pmu_quiet();
	gic_init();
	gic_write_bit(ISENABLER, 23);
	GO();
}

static void interrupts_off(void)
{
	WRITE(pmcntenclr_el0, ~0ul);
	WRITE(pmovsclr_el0, ~0ul);
	WRITE(pmintenclr_el1, ~0ul);
	gic_write_bit(ICENABLER, 23);
	pmu_quiet();
}

/* Runs until the interrupt; checks that exactly `insns` after (and with) the MSR were done. */
static void expect_after(const char *what, u64 mask, u64 insns)
{
	const struct exc *e = guest_cpu()->exc;
	u64 after = insns - 1;

	RUN(SPSR_OF_EL(GUEST_EL()), spin, mask, 0, words);
	EXPECT_EQ(what, guest_cpu()->n_exc, 1);
	EXPECT_EQ(what, e->vec & 0x180, VEC_IRQ);
	EXPECT_EQ(what, e->elr, (u64)spin_label + after % 3 * 4);
	EXPECT_EQ(what, e->x[1], after / 3 + (after % 3 > 0));
	WRITE(pmcntenclr_el0, ~0ul);
}

static void sampling(void)
{
	if (guest_boot_el == 2)
		WRITE(hcr_el2, READ(hcr_el2) | BIT(4) | BIT(27)); /* IMO, TGE: IRQs to EL2 */
	interrupts_on();
	set(0, INST_RETIRED, PMTYPE_NSH);
	set(1, CPU_CYCLES, PMTYPE_NSH);
	WRITE(pmccfiltr_el0, PMTYPE_NSH);
	for (u64 n = 1; n < 3000; n = n < 8 ? n + 1 : n * 3 + 1) {
		WRITE(pmintenset_el1, 1);
		pmu_write(0, (u32)-n);
		expect_after("instructions", 1, n);
		EXPECT_EQ("its bit", READ(pmovsset_el0), 1);
		WRITE(pmovsclr_el0, 1);
		WRITE(pmintenclr_el1, 1);
		if (timed())
			continue;
		WRITE(pmintenset_el1, 2);
		pmu_write(1, (u32)-n);
		expect_after("cycles", 2, n);
		WRITE(pmovsclr_el0, 2);
		WRITE(pmintenclr_el1, 2);
		WRITE(pmintenset_el1, BIT(31));
		WRITE(pmccntr_el0, -n);
		expect_after("cycle counter", BIT(31), n);
		WRITE(pmovsclr_el0, BIT(31));
		WRITE(pmintenclr_el1, BIT(31));
	}
	/* a pair */
	set(1, CHAIN, PMTYPE_NSH);
	WRITE(pmintenset_el1, 2);
	pmu_write(0, (u32)-1000);
	pmu_write(1, 0xffffffff);
	expect_after("pair", 3, 1000);
	EXPECT_EQ("both wrapped", READ(pmovsclr_el0), 3);
	interrupts_off();
	guest_defaults();
}

/* Other events: at most 256 cycles late, always as late; a turn takes at least a cycle with a timing model. */
static void late_sampling(void)
{
	u64 turns[2];

	if (!has(LD_RETIRED) && !has(MEM_ACCESS))
		return;
	if (guest_boot_el == 2)
		WRITE(hcr_el2, READ(hcr_el2) | BIT(4) | BIT(27));
	interrupts_on();
	set(0, MEM_ACCESS, PMTYPE_NSH);
	WRITE(pmintenset_el1, 1);
	for (unsigned i = 0; i < 2; i++) {
		pmu_write(0, (u32)-5000);
		RUN(SPSR_OF_EL(GUEST_EL()), spin, 1, 0, words);
		EXPECT_EQ("interrupt", guest_cpu()->n_exc, 1);
		turns[i] = guest_cpu()->exc->x[1];
		EXPECT("not before", turns[i] >= 5000);
		EXPECT("at most 256 cycles later", turns[i] <= 5000 + 256 / (timed() ? 1u : 3u) + 1);
		WRITE(pmcntenclr_el0, ~0ul);
		WRITE(pmovsclr_el0, 1);
	}
	EXPECT_EQ("the same", turns[0], turns[1]);
	interrupts_off();
	guest_defaults();
}

/* Eight blocks of 2 MiB: none is in a TLB, then all are. Their lines are in different sets. */
enum { BLOCKS = 8, ANY = 255 };
static u64 touch(unsigned n)
{
	u64 a, b;

	a = pmu_read(n);
	for (unsigned i = 0; i < BLOCKS; i++)
		asm volatile("ldr x9, [%0]" : : "r"(0x44000000ul + i * 0x200040ul) : "x9", "memory");
	b = pmu_read(n);
	return b - a;
}

static void translation_at_el1(void)
{
	static const struct {
		u8 event, cold, warm;
		const char *name;
	} rows[] = {
		{ L1D_TLB_REFILL, BLOCKS, 0, "L1D_TLB_REFILL" }, { L2D_TLB, BLOCKS, 0, "L2D_TLB" },
		{ L2D_TLB_REFILL, BLOCKS, 0, "L2D_TLB_REFILL" }, { DTLB_WALK, BLOCKS, 0, "DTLB_WALK" },
		{ L1I_TLB_REFILL, 0, 0, "L1I_TLB_REFILL" },	 { ITLB_WALK, 0, 0, "ITLB_WALK" },
		{ L1D_TLB, BLOCKS, BLOCKS, "L1D_TLB" },
		{ L1D_CACHE, ANY, BLOCKS, "L1D_CACHE" },	 { L1D_CACHE_REFILL, ANY, 0, "L1D_CACHE_REFILL" },
	};
	u64 cold;

	GO();
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!set(0, rows[i].event, 0))
			continue;
		touch(0); /* code and stack are known */
		INSN("dsb sy\n\tisb");
		for (unsigned k = 0; k < BLOCKS; k++)
			asm volatile("tlbi vae1, %0\n\tdsb sy\n\tisb" : : "r"((0x44000000ul + k * 0x200000ul) >> 12) : "memory");
		cold = touch(0);
		if (rows[i].cold != ANY)
			EXPECT_EQ(rows[i].name, cold, rows[i].cold);
		EXPECT_EQ(rows[i].name, touch(0), rows[i].warm);
	}
	if (set(0, L1I_TLB, 0) && set(1, INST_RETIRED, 0)) {
		u64 a = READ(pmevcntr0_el0), b = READ(pmevcntr1_el0), c, d;

		touch(2);
		asm volatile("mrs %0, pmevcntr0_el0\n\tmrs %1, pmevcntr1_el0" : "=&r"(c), "=&r"(d));
		EXPECT("one for each instruction", c - a >= d - b - 3 && c - a <= d - b + 3);
	}
	STOP();
}

/* A loop of 100 turns: its branch is predicted each time, and soon rightly. */
static void branches(void)
{
	u64 a, b, c, d;

	if (!timed())
		return;
	pmu_quiet();
	set(0, BR_PRED, PMTYPE_NSH);
	set(1, BR_MIS_PRED, PMTYPE_NSH);
	WRITE(pmcntenset_el0, 3);
	GO();
	asm volatile("mrs %0, pmevcntr0_el0\n\tmrs %1, pmevcntr1_el0\n\tmov x9, #100\n1:\tsubs x9, x9, #1\n\tb.ne 1b\n\t"
		     "mrs %2, pmevcntr0_el0\n\tmrs %3, pmevcntr1_el0"
		     : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d) : : "x9", "cc");
	STOP();
	EXPECT_EQ("predicted", c - a, 100);
	EXPECT("mostly right", d - b >= 1 && d - b < 20);
	pmu_quiet();
}

static void translation(void)
{
	static u64 *root;

	pmu_quiet();
	if (guest_boot_el != 1)
		return; /* the frame's way back up would count */
	pt_reset();
	root = pt_new();
	pt_identity(root, 1, PT_S1_DEVICE, PT_S1_NORMAL);
	WRITE(mair_el1, PT_MAIR);
	WRITE(tcr_el1, PT_TCR_EL1);
	WRITE(ttbr0_el1, (u64)root);
	WRITE(pmcntenset_el0, 3);
	SET_BITS(sctlr_el1, SCTLR_M | SCTLR_C);
	translation_at_el1();
	CLEAR_BITS(sctlr_el1, SCTLR_M | SCTLR_C);
	INSN("tlbi vmalle1\n\tdsb sy\n\tisb");
	pmu_quiet();
}

GUEST_TESTS(TEST(reading), TEST(classes), TEST(by_level), TEST(exceptions), TEST(chain), TEST(divided), TEST(cycle_counter_at_el2),
	    TEST(sampling), TEST(late_sampling), TEST(branches), TEST(translation));
