/*
 * Measures a core: what instructions, memory, translation and branches cost, each by a small kernel whose answer for the modelled cores is known (bench/timing.csv).
 * All runs at EL1 with caches and stage 1 on, the rows of EL2's registers at EL2. With one cycle an instruction each row is the number of its instructions.
 *
 * Kernels in chains tell latencies, independent ones (eight_*) throughput, pair_* what issues together. The working sets are walked in a pseudo-random order that
 * visits each line or page once in a turn.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "timing.h"

#define ROWS_OF_ALL 100
#define BUFFER 0x44000000ul             /* 128 MiB for working sets */
#define BIG (64ul << 20)                /* no cache holds as much */
#define LINE 64ul
#define PAGES 4096ul
#define PAGES_ONE_STAGE 0x80000000ul    /* 4096 pages, all the same one of physical memory */
#define PAGES_TWO_STAGES 0x81000000ul   /* 4096 pages of the IPAs from PAGES_IPA, which stage 2 makes the same one */
#define PAGES_IPA 0x82000000ul
#define PAGE_ZERO 0x42000000ul
#define CODE 0x43000000ul               /* straight-line code, up to 4 MiB */
#define INSN_NOP 0xd503201fu
#define INSN_RET 0xd65f03c0u
/* of a linear congruence that visits all values below any power of two, and whose high bits are random enough to branch by */
#define LCG_A 1664525ul
#define LCG_C 1013904223ul
#define EVENT_BR_MIS_PRED 0x10

#define INTS "mov x4, #3\n\tmov x5, #0x7fffffff\n\tmov x6, #5\n\tmov x7, #7"
#define INTS64 "mov x4, #3\n\tmov x5, #0x7fffffffffffffff\n\tmov x6, #5\n\tmov x7, #7"
#define FLOATS "fmov s4, #3.0\n\tfmov s5, #1.0\n\tfmov s6, #1.0"
#define DOUBLES "fmov d4, #3.0\n\tfmov d5, #1.0\n\tfmov d6, #1.0"
#define EIGHT(op, a, b)                                                                            \
	op " " a "4, " b "\n\t" op " " a "5, " b "\n\t" op " " a "6, " b "\n\t" op " " a "7, " b "\n\t" \
	op " " a "8, " b "\n\t" op " " a "9, " b "\n\t" op " " a "10, " b "\n\t" op " " a "11, " b
#define PAIRS(one, two) one "4\n\t" two "8\n\t" one "5\n\t" two "9\n\t" one "6\n\t" two "10\n\t" one "7\n\t" two "11"

/* chains */
KERNEL(add, INTS, "add x4, x4, x5");
KERNEL(add_shifted, INTS, "add x4, x5, x4, lsr #7");
KERNEL(add_lsl2, INTS, "add x4, x5, x4, lsl #2");
KERNEL(eor_shifted, INTS, "eor x4, x5, x4, ror #7");
KERNEL(lsl_register, INTS, "lsl x4, x4, x6");
KERNEL(adcs, INTS, "adcs x4, x4, x5");
KERNEL(csel, INTS, "csel x4, x4, x5, eq");
KERNEL(clz, INTS, "clz x4, x4");
KERNEL(mul32, INTS, "mul w4, w4, w5");
KERNEL(mul64, INTS, "mul x4, x4, x5");
KERNEL(smulh, INTS, "smulh x4, x4, x5");
KERNEL(madd32_acc, INTS, "madd w4, w5, w6, w4");
KERNEL(madd64_acc, INTS, "madd x4, x5, x6, x4");
KERNEL(udiv32, INTS, "udiv w4, w5, w4");
KERNEL(udiv64, INTS64, "udiv x4, x5, x4");
KERNEL(fadd_s, FLOATS, "fadd s4, s4, s5");
KERNEL(fadd_d, DOUBLES, "fadd d4, d4, d5");
KERNEL(fmul_s, FLOATS, "fmul s4, s4, s5");
KERNEL(fmul_d, DOUBLES, "fmul d4, d4, d5");
KERNEL(fmadd_d_mul, DOUBLES, "fmadd d4, d4, d5, d6");
KERNEL(fmadd_d_acc, DOUBLES, "fmadd d4, d5, d6, d4");
KERNEL(fdiv_s, FLOATS, "fdiv s4, s5, s4");
KERNEL(fdiv_d, DOUBLES, "fdiv d4, d5, d4");
KERNEL(fsqrt_s, FLOATS, "fsqrt s4, s4");
KERNEL(fsqrt_d, DOUBLES, "fsqrt d4, d4");
KERNEL(fmov_both, INTS, "fmov d4, x4\n\tfmov x4, d4");
KERNEL(vadd_4s, DOUBLES, "add v4.4s, v4.4s, v5.4s");
KERNEL(vmul_4s, DOUBLES, "mul v4.4s, v4.4s, v5.4s");
KERNEL(vfmla_2d_acc, DOUBLES, "fmla v4.2d, v5.2d, v6.2d");
KERNEL(load_use, "str x1, [x1]\n\tmov x4, x1", "ldr x4, [x4]");
KERNEL(store_load, "", "str x4, [x1]\n\tldr x4, [x1]");
KERNEL(exclusive, "", "ldxr x4, [x1]\n\tstxr w5, x4, [x1]");
KERNEL(ldar, "str x1, [x1]\n\tmov x4, x1", "ldar x4, [x4]");

/* throughput */
KERNEL(eight_nop, "", ".rept 8\n\tnop\n\t.endr");
KERNEL(eight_add, "", EIGHT("add", "x", "x1, x2"));
KERNEL(eight_add_shifted, "", EIGHT("add", "x", "x1, x2, lsr #7"));
KERNEL(eight_mul32, "", EIGHT("mul", "w", "w1, w2"));
KERNEL(eight_mul64, "", EIGHT("mul", "x", "x1, x2"));
KERNEL(eight_udiv32, "mov w14, #0x7fffffff\n\tmov w15, #3", EIGHT("udiv", "w", "w14, w15"));
KERNEL(eight_ldr, "", EIGHT("ldr", "x", "[x1]"));
KERNEL(eight_ldp, "", EIGHT("ldp", "x", "x15, [x1]"));
KERNEL(eight_str, "", EIGHT("str", "x", "[x1]"));
KERNEL(eight_fadd_d, DOUBLES, EIGHT("fadd", "d", "d16, d17"));
KERNEL(eight_fmul_d, DOUBLES, EIGHT("fmul", "d", "d16, d17"));
KERNEL(eight_fmadd_d, DOUBLES, EIGHT("fmadd", "d", "d16, d17, d18"));
KERNEL(eight_fdiv_d, "fmov d16, #3.0\n\tfmov d17, #7.0", EIGHT("fdiv", "d", "d16, d17"));
KERNEL(four_vadd_4s, "", "add v4.4s, v16.4s, v17.4s\n\tadd v5.4s, v16.4s, v17.4s\n\tadd v6.4s, v16.4s, v17.4s\n\tadd v7.4s, v16.4s, v17.4s");
KERNEL(eight_branch, "", ".rept 8\n\tb 2f\n2:\n\t.endr");
KERNEL(eight_not_taken, "", ".rept 8\n\tcbnz xzr, 2f\n2:\n\t.endr");
KERNEL(pair_add_add, "", PAIRS("add x15, x1, x", "add x14, x1, x"));
KERNEL(pair_add_mul, "", PAIRS("add x15, x1, x", "mul w14, w1, w"));
KERNEL(pair_add_ldr, "mov x8, #0\n\tmov x9, #0\n\tmov x10, #0\n\tmov x11, #0", PAIRS("add x15, x1, x", "ldr x14, [x1]\n\t//"));
KERNEL(pair_add_str, "", PAIRS("add x15, x1, x", "str x14, [x1]\n\t//"));
KERNEL(pair_ldr_str, "", PAIRS("ldr x15, [x1]\n\t//", "str x14, [x1, #64]\n\t//"));
KERNEL(pair_add_fadd, "", PAIRS("add x15, x1, x", "fadd d15, d16, d"));
KERNEL(pair_ldr_fadd, "", PAIRS("ldr x15, [x1]\n\t//", "fadd d15, d16, d"));
KERNEL(pair_fadd_fmul, "", PAIRS("fadd d14, d16, d", "fmul d15, d16, d"));
KERNEL(pair_add_branch, "", PAIRS("add x15, x1, x", "b 2f\n2:\t//"));

/* barriers and registers */
KERNEL(isb, "", "isb");
KERNEL(dmb_ish, "", "dmb ish");
KERNEL(dsb_ish, "", "dsb ish");
KERNEL(str_dmb, "", "str x4, [x1]\n\tdmb ish");
KERNEL(str_dsb, "", "str x4, [x1]\n\tdsb ish");
KERNEL(mrs_tpidr_el0, "", "mrs x4, tpidr_el0");
KERNEL(mrs_nzcv, "", "mrs x4, nzcv");
KERNEL(mrs_midr, "", "mrs x4, midr_el1");
KERNEL(mrs_sctlr_el1, "", "mrs x4, sctlr_el1");
KERNEL(mrs_cntvct, "", "mrs x4, cntvct_el0");
KERNEL(msr_tpidr_el0, "", "msr tpidr_el0, x4");
KERNEL(msr_daifset, "", "msr daifset, #2");
KERNEL(msr_contextidr, "", "msr contextidr_el1, xzr");
KERNEL(msr_contextidr_isb, "", "msr contextidr_el1, xzr\n\tisb");
KERNEL(mrs_esr_el2, "", "mrs x4, esr_el2");
KERNEL(msr_hcr_el2, "mrs x4, hcr_el2", "msr hcr_el2, x4");
KERNEL(msr_hcr_el2_isb, "mrs x4, hcr_el2", "msr hcr_el2, x4\n\tisb");
KERNEL(msr_vttbr_el2_isb, "mrs x4, vttbr_el2", "msr vttbr_el2, x4\n\tisb");
KERNEL(msr_sp_el1, "mrs x4, sp_el1", "msr sp_el1, x4");

/*
 * Branches that a random number decides, both ways with the same instructions; x1, x2 = its factor and increment (1 and 0: always the same way). The last number
 * is kept at x3: a predictor may learn a sequence that it sees again.
 */
KERNEL_WITH_END(branch_random, "ldr w4, [x3]", "madd w4, w4, w1, w2\n\ttbnz w4, #31, 2f\n\tnop\n\tb 3f\n2:\tnop\n\tb 3f\n3:", "str w4, [x3]");
KERNEL_WITH_END(indirect_random, "ldr w4, [x3]",
       "madd w4, w4, w1, w2\n\tadr x5, 2f\n\tadr x6, 3f\n\tcmp w4, #0\n\tcsel x5, x5, x6, lt\n\tbr x5\n2:\tnop\n\tb 4f\n3:\tnop\n\tb 4f\n4:", "str w4, [x3]");
KERNEL(branch_same, "", "b.al 2f\n2:");
KERNEL_WITH_END(call, "mov x14, x30\n\tb 9f\n8:\tret", "bl 8b", "mov x30, x14");
/* x1 calls deep, x1 returns back */
#define KERNEL_CALLS "mov x14, x30\n\tb 9f\n8:\tstr x30, [sp, #-16]!\n\tsub x4, x4, #1\n\tcbz x4, 7f\n\tbl 8b\n7:\tldr x30, [sp], #16\n\tret"
KERNEL_WITH_END(calls_deep, KERNEL_CALLS, "mov x4, x1\n\tbl 8b", "mov x30, x14");

/* memory: the place in the working set is kept from one loop to the next, at x1 */
KERNEL_WITH_END(chase, "ldr x4, [x1]", "ldr x4, [x4]", "str x4, [x1]");
/* one page after the other: x1 = first page, x2 = number of pages - 1, x3 = where the place is kept; each page holds 0 */
KERNEL_WITH_END(pages, "movz x6, #0x4c95\n\tmovk x6, #0x7f2d, lsl #16\n\tmov x7, #0x1fff\n\tldr x5, [x3]",
		"madd x5, x5, x6, x7\n\tand x5, x5, x2\n\tadd x9, x1, x5, lsl #12\n\tldr x10, [x9]\n\tadd x5, x5, x10", "str x5, [x3]");
KERNEL_LOOP(call_code, 1, "mov x14, x30", "blr x1", "mov x30, x14");

static const struct timing_kernel chains[] = {
	TIMING_KERNEL(add, 1), TIMING_KERNEL(add_shifted, 1), TIMING_KERNEL(add_lsl2, 1), TIMING_KERNEL(eor_shifted, 1),
	TIMING_KERNEL(lsl_register, 1), TIMING_KERNEL(adcs, 1), TIMING_KERNEL(csel, 1), TIMING_KERNEL(clz, 1),
	TIMING_KERNEL(mul32, 1), TIMING_KERNEL(mul64, 1), TIMING_KERNEL(smulh, 1),
	TIMING_KERNEL(madd32_acc, 1), TIMING_KERNEL(madd64_acc, 1), TIMING_KERNEL(udiv32, 1), TIMING_KERNEL(udiv64, 1),
	TIMING_KERNEL(fadd_s, 1), TIMING_KERNEL(fadd_d, 1), TIMING_KERNEL(fmul_s, 1), TIMING_KERNEL(fmul_d, 1),
	TIMING_KERNEL(fmadd_d_mul, 1), TIMING_KERNEL(fmadd_d_acc, 1),
	TIMING_KERNEL(fdiv_s, 1), TIMING_KERNEL(fdiv_d, 1), TIMING_KERNEL(fsqrt_s, 1), TIMING_KERNEL(fsqrt_d, 1),
	TIMING_KERNEL(fmov_both, 1), TIMING_KERNEL(vadd_4s, 1), TIMING_KERNEL(vmul_4s, 1), TIMING_KERNEL(vfmla_2d_acc, 1),
	TIMING_KERNEL(load_use, 1), TIMING_KERNEL(store_load, 1), TIMING_KERNEL(exclusive, 1), TIMING_KERNEL(ldar, 1),
};

static const struct timing_kernel throughputs[] = {
	TIMING_KERNEL(eight_nop, 8), TIMING_KERNEL(eight_add, 8), TIMING_KERNEL(eight_add_shifted, 8),
	TIMING_KERNEL(eight_mul32, 8), TIMING_KERNEL(eight_mul64, 8), TIMING_KERNEL(eight_udiv32, 8),
	TIMING_KERNEL(eight_ldr, 8), TIMING_KERNEL(eight_ldp, 8), TIMING_KERNEL(eight_str, 8),
	TIMING_KERNEL(eight_fadd_d, 8), TIMING_KERNEL(eight_fmul_d, 8), TIMING_KERNEL(eight_fmadd_d, 8),
	TIMING_KERNEL(eight_fdiv_d, 8), TIMING_KERNEL(four_vadd_4s, 4), TIMING_KERNEL(eight_branch, 8), TIMING_KERNEL(eight_not_taken, 8),
	TIMING_KERNEL(pair_add_add, 4), TIMING_KERNEL(pair_add_mul, 4), TIMING_KERNEL(pair_add_ldr, 4),
	TIMING_KERNEL(pair_add_str, 4), TIMING_KERNEL(pair_ldr_str, 4), TIMING_KERNEL(pair_add_fadd, 4),
	TIMING_KERNEL(pair_ldr_fadd, 4), TIMING_KERNEL(pair_fadd_fmul, 4), TIMING_KERNEL(pair_add_branch, 4),
};

static const struct timing_kernel barriers[] = {
	TIMING_KERNEL(isb, 1), TIMING_KERNEL(dmb_ish, 1), TIMING_KERNEL(dsb_ish, 1),
	TIMING_KERNEL(str_dmb, 1), TIMING_KERNEL(str_dsb, 1),
	TIMING_KERNEL(mrs_tpidr_el0, 1), TIMING_KERNEL(mrs_nzcv, 1), TIMING_KERNEL(mrs_midr, 1),
	TIMING_KERNEL(mrs_sctlr_el1, 1), TIMING_KERNEL(mrs_cntvct, 1), TIMING_KERNEL(msr_tpidr_el0, 1),
	TIMING_KERNEL(msr_daifset, 1), TIMING_KERNEL(msr_contextidr, 1), TIMING_KERNEL(msr_contextidr_isb, 1),
};

static const struct timing_kernel barriers_el2[] = {
	TIMING_KERNEL(mrs_esr_el2, 1), TIMING_KERNEL(msr_hcr_el2, 1), TIMING_KERNEL(msr_hcr_el2_isb, 1),
	TIMING_KERNEL(msr_vttbr_el2_isb, 1), TIMING_KERNEL(msr_sp_el1, 1),
};

static u64 place;                       /* where a kernel goes on */

/* Stage 1 of EL1: all identical in blocks of 1 GiB, and the pages for the TLB rows, by 4 KiB. */
static void el1_on(void)
{
	static u64 *root;

	if (!root) {
		root = pt_new();
		pt_map(root, 1, 0, 0, 1, PT_S1_DEVICE);
		pt_map(root, 1, 0x40000000, 0x40000000, 1, PT_S1_NORMAL);
		for (u64 i = 0; i < PAGES; i++) {
			pt_map(root, 1, PAGES_ONE_STAGE + (i << 12), PAGE_ZERO, 3, PT_S1_NORMAL);
			pt_map(root, 1, PAGES_TWO_STAGES + (i << 12), PAGES_IPA + (i << 12), 3, PT_S1_NORMAL);
		}
	}
	timing_init();
	WRITE(mair_el1, PT_MAIR);
	WRITE(tcr_el1, PT_TCR_EL1);
	WRITE(ttbr0_el1, root);
	INSN("tlbi alle1\n\tdsb sy\n\tisb");
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I);
}

static void stage2_on(void)
{
	static u64 *root;

	if (!root) {
		root = pt_new();
		pt_map(root, 1, 0, 0, 1, PT_S2_DEVICE);
		pt_map(root, 1, 0x40000000, 0x40000000, 1, PT_S2_NORMAL);
		for (u64 i = 0; i < PAGES; i++)
			pt_map(root, 1, PAGES_IPA + (i << 12), PAGE_ZERO, 3, PT_S2_NORMAL);
	}
	WRITE(vtcr_el2, PT_VTCR);
	WRITE(vttbr_el2, root);
	WRITE(hcr_el2, HCR_RW | HCR_VM);
	INSN("dsb sy\n\ttlbi vmalls12e1\n\tdsb sy\n\tisb");
}

static void instructions(void)
{
	el1_on();
	TIMING_PRINT(chains, SPSR_EL1, 64, BUFFER);
	TIMING_PRINT(throughputs, SPSR_EL1, 64, BUFFER);
	TIMING_PRINT(barriers, SPSR_EL1, 64, BUFFER);
	TIMING_PRINT(barriers_el2, SPSR_EL2, 64, BUFFER);
}

/* Of the PMU, if it counts them: mispredicted branches; else 0. */
static s64 mispredicts(void)
{
	if (!guest_has_pmu() || !(READ(pmceid0_el0) & BIT(EVENT_BR_MIS_PRED)))
		return 0;
	WRITE(pmevtyper0_el0, EVENT_BR_MIS_PRED | BIT(27));     /* NSH: EL2 counts, too */
	WRITE(pmcntenset_el0, 1);
	return (s64)READ(pmevcntr0_el0);
}

/* What one misprediction costs: cycles more than when always going the same way, by mispredictions more, or by half of the branches when nobody counts those. */
static void put_mispredict(const char *name, const struct timing_kernel *k)
{
	struct timing_run random = { SPSR_EL1, 256, LCG_A, LCG_C, (u64)&place }, same = { SPSR_EL1, 256, 1, 0, (u64)&place };
	s64 start, missed_same, missed, cycles;

	place = 0;
	timing_once(k->many, &same, same.turns);
	start = mispredicts();
	cycles = -(s64)timing_once(k->many, &same, same.turns);
	missed_same = mispredicts() - start;
	timing_once(k->many, &random, random.turns);
	start = mispredicts();
	cycles += (s64)timing_once(k->many, &random, random.turns);
	missed = mispredicts() - start - missed_same;
	if (missed <= 0)
		missed = (s64)random.turns * KERNEL_MANY / 2;
	timing_row(name, timing_each(cycles, (u64)missed));
}

static void branches(void)
{
	static const struct timing_kernel random = TIMING_KERNEL(branch_random, 1);
	static const struct timing_kernel indirect = TIMING_KERNEL(indirect_random, 1);
	static const struct timing_kernel calls = TIMING_KERNEL(calls_deep, 1);
	static const struct timing_kernel same[] = { TIMING_KERNEL(branch_same, 1), TIMING_KERNEL(call, 1) };
	static const struct {
		const char *name;
		unsigned deep;
	} rows[] = { { "calls_deep_4", 4 }, { "calls_deep_16", 16 }, { "calls_deep_64", 64 } };

	el1_on();
	put_mispredict("mispredict", &random);
	put_mispredict("mispredict_indirect", &indirect);
	TIMING_PRINT(same, SPSR_EL1, 64, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		timing_row(rows[i].name, timing_slope(&calls, &(struct timing_run){ SPSR_EL1, 8, rows[i].deep, 0, 0 }) / rows[i].deep);
}

/* Each line of the set holds the address of another, so that all are in one ring. */
static void make_ring(u64 size)
{
	u64 lines = size / LINE;

	for (u64 i = 0; i < lines; i++)
		*(u64 *)(BUFFER + i * LINE) = BUFFER + ((i * LCG_A + LCG_C) & (lines - 1)) * LINE;
	place = BUFFER;
}

/* Puts other lines into all caches. */
static void sweep(u64 first, u64 size)
{
	for (u64 a = first; a < first + size; a += LINE)
		*(u64 *)a = 0;
}

static void caches(void)
{
	static const struct timing_kernel steps = TIMING_KERNEL(chase, 1);
	static const struct {
		const char *name;
		u64 size;
	} sets[] = {
		{ "chase_16K", 16 << 10 }, { "chase_128K", 128 << 10 }, { "chase_512K", 512 << 10 },
		{ "chase_2M", 2 << 20 }, { "chase_8M", 8 << 20 }, { "chase_memory", BIG },
	};
	static const struct {
		const char *name;
		u64 size;
	} codes[] = { { "code_16K", 16 << 10 }, { "code_256K", 256 << 10 }, { "code_4M", 4 << 20 } };
	struct timing_run code = { .spsr = SPSR_EL1 };

	el1_on();
	for (unsigned i = 0; i < ARRAY_SIZE(sets); i++) {
		make_ring(sets[i].size);
		if (sets[i].size == BIG)
			sweep(BUFFER + BIG, BIG);
		timing_row(sets[i].name, timing_slope(&steps, &(struct timing_run){ SPSR_EL1, 256, (u64)&place, 0, 0 }));
	}
	for (unsigned i = 0; i < ARRAY_SIZE(codes); i++) {
		u32 *end = (u32 *)(CODE + codes[i].size) - 1;
		s64 span;

		for (u32 *p = (u32 *)CODE; p < end; p++)
			*p = INSN_NOP;
		*end = INSN_RET;
		INSN("dsb sy\n\tic iallu\n\tdsb sy\n\tisb");
		code.x1 = CODE;
		timing_once(call_code, &code, 1);
		span = (s64)timing_once(call_code, &code, 1);
		span = (s64)timing_once(call_code, &code, 2) - span;
		timing_row(codes[i].name, timing_each(span, codes[i].size / 4));
	}
}

/* What a load costs more in a set of many pages than in one of 8. */
static void translation(void)
{
	static const struct timing_kernel steps = TIMING_KERNEL(pages, 1);
	static const struct {
		const char *name;
		u64 first, pages;
		int two_stages;
	} rows[] = {
		{ "pages_16", PAGES_ONE_STAGE, 16, 0 }, { "pages_64", PAGES_ONE_STAGE, 64, 0 },
		{ "pages_256", PAGES_ONE_STAGE, 256, 0 }, { "pages_4096", PAGES_ONE_STAGE, PAGES, 0 },
		{ "pages_256_two_stages", PAGES_TWO_STAGES, 256, 1 }, { "pages_4096_two_stages", PAGES_TWO_STAGES, PAGES, 1 },
	};
	struct timing_run r = { SPSR_EL1, 256, PAGES_ONE_STAGE, 7, (u64)&place };
	s64 base;

	el1_on();
	for (u64 i = 0; i < 512; i++)
		((u64 *)PAGE_ZERO)[i] = 0;
	place = 0;
	base = timing_slope(&steps, &r);
	timing_row("pages_8", base);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].two_stages)
			stage2_on();
		r.x1 = rows[i].first;
		r.x2 = rows[i].pages - 1;
		timing_row(rows[i].name, timing_slope(&steps, &r) - base);
	}
	WRITE(hcr_el2, HCR_RW);
	EXPECT_EQ("rows printed", timing_rows, ROWS_OF_ALL);
}

GUEST_TESTS(TEST(instructions), TEST(branches), TEST(caches), TEST(translation));
