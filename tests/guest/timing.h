/*
 * How the measuring programs (timing_probe.c, trap_cost.c) measure, and how they print.
 *
 * A kernel is a loop around copies of a few instructions, in two lengths. What one copy costs is the difference of the two loops' times by the difference of copies:
 * loop, call and whatever else is the same in both cancel out. The clock is the PMU's cycle counter; without a PMU it is the virtual counter, in nanoseconds, which are
 * cycles of a PE at 1 GHz.
 *
 * Each row is a line `timing NAME VALUE`, with two decimals. bench/timing.py reads them. How long anything takes is not checked here.
 */
#ifndef TIMING_H
#define TIMING_H

#include "bits.h"
#include "guest.h"

#define KERNEL_FEW 32
#define KERNEL_MANY 96
#define KERNEL_SPAN (KERNEL_MANY - KERNEL_FEW)
#define TEXT(x) #x
#define TEXT_OF(x) TEXT(x)

/*
 * A kernel is called with x0 = turns, x1 to x3 arguments. Its setup and body may use x4 to x15 and all vectors; its end comes after the last turn.
 * Labels 9 and 8 are the frame's.
 */
#define KERNEL_LOOP(name, count, setup, body, end)                                                 \
	extern const u32 name[];                                                                   \
	asm(".pushsection .text\n\t.balign 64\n" #name ":\n\t" setup "\n\t.balign 64\n"             \
	    "9:\t.rept " TEXT_OF(count) "\n\t" body "\n\t.endr\n\t"                                 \
	    "sub x0, x0, #1\n\tcbnz x0, 9b\n\t" end "\n\tret\n\t.popsection")
#define KERNEL_WITH_END(name, setup, body, end)                                                    \
	KERNEL_LOOP(name##_few, KERNEL_FEW, setup, body, end);                                     \
	KERNEL_LOOP(name##_many, KERNEL_MANY, setup, body, end)
#define KERNEL(name, setup, body) KERNEL_WITH_END(name, setup, body, "")

struct timing_kernel {
	const char *name;
	const u32 *few, *many;
	unsigned per;           /* what is measured stands this often in one copy */
};
#define TIMING_KERNEL(name, per) { #name, name##_few, name##_many, per }

/* Where and with what a kernel runs. */
struct timing_run {
	u64 spsr, turns, x1, x2, x3;
};

static unsigned timing_rows __attribute__((unused));

static inline u64 timing_now(void)
{
	INSN("isb");
	if (guest_has_pmu())
		return READ(pmccntr_el0);
	return READ(cntvct_el0) * 1000000 / (READ(cntfrq_el0) / 1000);
}

static inline void timing_put_decimal(u64 v)
{
	char digits[21];
	unsigned at = sizeof(digits) - 1;

	digits[at] = 0;
	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	guest_puts(&digits[at]);
}

/* value: in hundredths; a clock that is not the guest's own (an emulator's) may go below zero */
static inline void timing_row(const char *name, s64 value)
{
	u64 v = value < 0 ? 0 : (u64)value;

	timing_rows++;
	guest_puts("timing ");
	guest_puts(name);
	guest_puts(" ");
	timing_put_decimal(v / 100);
	guest_puts(v % 100 < 10 ? ".0" : ".");
	timing_put_decimal(v % 100);
	guest_puts("\n");
}

static inline u64 timing_once(const u32 *kernel, const struct timing_run *r, u64 turns)
{
	u64 start = timing_now();

	guest_run(r->spsr, kernel, turns, r->x1, r->x2, r->x3);
	return timing_now() - start;
}

/* Cycles of `amount` things in `span` cycles, in hundredths, rounded. */
static inline s64 timing_each(s64 span, u64 amount)
{
	return (span * 100 + (span < 0 ? -1 : 1) * (s64)amount / 2) / (s64)amount;
}

/* What one copy costs, in hundredths of a cycle. */
static inline s64 timing_slope(const struct timing_kernel *k, const struct timing_run *r)
{
	s64 few, many;

	timing_once(k->few, r, r->turns);
	timing_once(k->many, r, r->turns);
	few = (s64)timing_once(k->few, r, r->turns);
	many = (s64)timing_once(k->many, r, r->turns);
	return timing_each(many - few, r->turns * KERNEL_SPAN * k->per);
}

static inline void timing_print(const struct timing_kernel *k, unsigned count, const struct timing_run *r)
{
	for (unsigned i = 0; i < count; i++)
		timing_row(k[i].name, timing_slope(&k[i], r));
}
#define TIMING_PRINT(kernels, spsr, turns, x1) \
	timing_print(kernels, ARRAY_SIZE(kernels), &(struct timing_run){ spsr, turns, x1, 0, 0 })

/* The clock on, and the MMU and caches of EL2, where guest_run() is called: all identical. */
static inline void timing_init(void)
{
	static u64 *root;

	if (!root) {
		root = pt_new();
		pt_map(root, 1, 0, 0, 1, PT_AF | PT_ATTR(0));
		pt_map(root, 1, 0x40000000, 0x40000000, 1, PT_S1_NORMAL);
		guest_puts(guest_has_pmu() ? "timing-clock cycles\n" : "timing-clock ns\n");
	}
	if (guest_has_pmu()) {
		WRITE(pmccfiltr_el0, BIT(27));                  /* NSH: EL2 counts, too */
		WRITE(pmcntenset_el0, BIT(31));
		WRITE(pmcr_el0, READ(pmcr_el0) | BIT(6) | 1);   /* LC, E */
	}
	WRITE(mair_el2, PT_MAIR);
	WRITE(tcr_el2, PT_TCR_EL2);
	WRITE(ttbr0_el2, root);
	WRITE(sctlr_el2, SCTLR_EL2_RES1 | SCTLR_M | SCTLR_C | SCTLR_I);
}

#endif
