/*
 * The frame of the bare-metal tests: what a test file sees of start.S, guest.c and pt.c.
 *
 * A test runs at the highest EL that the board has, on CPU 0, MMU off, everything masked and with
 * no trap enabled. guest_run() goes down (or stays) with a chosen SPSR, calls a function there and
 * comes back when the function returns or when anything is taken to any EL; what was taken stands
 * in guest_cpu()->exc[]. Runs nest: a function run at EL1 may itself run one at EL0.
 *
 * Not meant for more than a few CPUs, nor for code at other than identity-mapped addresses.
 * The vectors use TPIDR_EL1..3 and TPIDRRO_EL0; a test must leave them alone.
 */
#ifndef GUEST_H
#define GUEST_H

#include "guest_asm.h"

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef signed long s64;

asm(".arch armv8.6-a+sve+memtag+ssbs+rng+predres+dotprod+crypto");

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

/* MRS and MSR; the name may be S3_op1_Cn_Cm_op2. A write is followed by ISB. */
#define READ(reg) ({ u64 v_; asm volatile("mrs %0, " #reg : "=r"(v_) : : "memory"); v_; })
#define WRITE(reg, value) asm volatile("msr " #reg ", %x0\n\tisb" : : "rZ"((u64)(value)) : "memory")
#define SET_BITS(reg, bits) WRITE(reg, READ(reg) | (bits))
#define CLEAR_BITS(reg, bits) WRITE(reg, READ(reg) & ~(u64)(bits))
#define INSN(text) asm volatile(text : : : "memory")
#define BARRIER() asm volatile("dsb sy\n\tisb" : : : "memory")

/*
 * PROBE(name, "insn\n insn") defines a leaf function in assembler. With one instruction only, an
 * exception's ELR is (u64)name, or name + 4 for those which prefer the next instruction.
 */
#define PROBE(name, text) \
	extern const u32 name[]; \
	asm(".pushsection .text\n\t.balign 4\n" #name ":\n\t" text "\n\tret\n\t.popsection")

/* One exception as its handler found it. start.S knows the layout. */
struct exc {
	u64 el;         /* taken to this EL */
	u64 vec;        /* offset in the vector table */
	u64 esr, elr, spsr, far;
	u64 hpfar;      /* 0 unless taken to EL2 */
	u64 sp;         /* of the EL it was taken to */
	u64 x[32];      /* x0-x30 before it */
};
_Static_assert(sizeof(struct exc) == EXC_SIZE, "start.S");

enum guest_action {
	GUEST_HOME,     /* give up the run: guest_run() returns */
	GUEST_RESUME,   /* return to exc->elr with exc->spsr and exc->x */
};

/* Per CPU; start.S knows the layout. */
struct guest_cpu {
	u64 scratch[4];
	u64 home;       /* innermost guest_run() */
	u64 ret;        /* x0 of the function that was run */
	/* when set, called for every exception at the EL that took it; else GUEST_HOME */
	enum guest_action (*handler)(struct exc *e);
	u64 n_exc;      /* exceptions taken since guest_run() started */
	u64 stack[4];   /* top of stack of each EL */
	u64 exc_stack[4];
	struct exc exc[GUEST_EXCS];     /* the last one is reused when more come */
};
_Static_assert(__builtin_offsetof(struct guest_cpu, exc) == CPU_EXC, "start.S");
_Static_assert(__builtin_offsetof(struct guest_cpu, stack) == CPU_STACK, "start.S");

struct guest_cpu *guest_cpu(void);      /* of the caller; not from EL0 */
extern struct guest_cpu guest_cpus[GUEST_CPUS];

#define GUEST_EL() ((unsigned)(READ(CurrentEL) >> 2))

extern u64 guest_boot_el;               /* EL of main */
/* as start.S found them on CPU 0: CurrentEL, DAIF, SPSel, SCTLR of that EL */
extern u64 guest_entry[4];
/* PMUSERENR_EL0, when there is a PMU */
void guest_pmuserenr(u64 value);
int guest_has_pmu(void);
int guest_has_el2(void);                /* in hardware, at or below guest_boot_el */

/* SPSR values: all masked, and nothing masked or'd away by the caller */
#define SPSR_DAIF 0x3c0u
#define SPSR_D 0x200u
#define SPSR_A 0x100u
#define SPSR_I 0x080u
#define SPSR_F 0x040u
#define SPSR_EL0 (SPSR_DAIF | 0)
#define SPSR_EL1T (SPSR_DAIF | 4)
#define SPSR_EL1 (SPSR_DAIF | 5)
#define SPSR_EL2T (SPSR_DAIF | 8)
#define SPSR_EL2 (SPSR_DAIF | 9)
#define SPSR_EL3T (SPSR_DAIF | 12)
#define SPSR_EL3 (SPSR_DAIF | 13)
#define SPSR_OF_EL(el) ((el) ? SPSR_DAIF | (u64)(el) << 2 | 1 : SPSR_EL0)

/* Calls fn(a0..a3) with this SPSR; returns its x0 (meaningless after an exception). */
u64 guest_run(u64 spsr, const void *fn, u64 a0, u64 a1, u64 a2, u64 a3);
#define RUN(spsr, fn, ...) RUN_(spsr, fn, ##__VA_ARGS__, 0, 0, 0, 0)
#define RUN_(spsr, fn, a, b, c, d, ...) \
	guest_run(spsr, (const void *)(fn), (u64)(a), (u64)(b), (u64)(c), (u64)(d))

/*
 * Writes one instruction and RET to memory and makes it executable; overwritten by the next call.
 * For tables of encodings; an instruction with its own text is better a PROBE.
 */
const u32 *guest_insn(u32 word);

/* Sets every trap and translation control of the implemented ELs at or below ours to "off". */
void guest_defaults(void);

/* Runs fn(arg) on another CPU at the boot EL, its vectors set up; false when it cannot. */
int guest_start_cpu(unsigned cpu, void (*fn)(u64), u64 arg);
unsigned guest_cpu_number(void);

/* The console, and the checks. Only for CPU 0. */
void guest_puts(const char *s);
void guest_puthex(u64 v);
void guest_check(const char *file, int line, const char *what, u64 got, u64 want);
void guest_expect_exc(const char *file, int line, const char *what, unsigned el, unsigned vec,
		      u64 esr, u64 elr);
void guest_expect_none(const char *file, int line, const char *what);
#define EXPECT_EQ(what, got, want) \
	guest_check(__FILE__, __LINE__, what, (u64)(got), (u64)(want))
#define EXPECT(what, condition) EXPECT_EQ(what, !!(condition), 1)
/* The first exception of the last run: the EL it went to, vector, syndrome and return address. */
#define EXPECT_EXC(what, el, vec, esr, elr) \
	guest_expect_exc(__FILE__, __LINE__, what, el, vec, esr, (u64)(elr))
#define EXPECT_NO_EXC(what) guest_expect_none(__FILE__, __LINE__, what)

/* Or an alignment fault, which DC ZVA may give on Device memory, as all is with the MMU off. */
#define EXPECT_NO_EXC_ZVA(what) \
	EXPECT(what, !guest_cpu()->n_exc || (guest_cpu()->exc[0].esr & 0x3f) == 0x21)

#define VEC_SAME_SP0 0x000u
#define VEC_SAME 0x200u
#define VEC_LOWER 0x400u
#define VEC_IRQ 0x080u
#define VEC_FIQ 0x100u
#define VEC_SERROR 0x180u
#define ESR(ec, iss) ((u64)(ec) << 26 | 1u << 25 | (u64)(iss))

struct guest_test {
	const char *name;
	void (*run)(void);
};
extern const struct guest_test guest_tests[];   /* ends with a null name */
#define TEST(fn) { #fn, fn }
#define GUEST_TESTS(...) const struct guest_test guest_tests[] = { __VA_ARGS__, { 0, 0 } }

/*
 * Translation tables, 4 KiB granule, either stage. pt_map() writes the leaf for va at the level
 * (1 or 2: block, 3: page) with the attribute bits of the caller, making the tables above it;
 * pt_entry() finds the descriptor at a level (0 when the tables above are not there).
 */
u64 *pt_new(void);                      /* one zeroed page from the pool */
void pt_reset(void);                    /* empties the pool: all tables made so far are dead */
void pt_map(u64 *root, unsigned start_level, u64 va, u64 pa, unsigned level, u64 attrs);
u64 *pt_entry(u64 *root, unsigned start_level, u64 va, unsigned level);
/* maps flash and devices as Device, 256 MiB of RAM as Normal, in 2 MiB blocks */
void pt_identity(u64 *root, unsigned start_level, u64 device, u64 normal);

#define PT_AF (1ul << 10)
#define PT_SH (3ul << 8)
#define PT_ATTR(n) ((u64)(n) << 2)      /* stage 1: index in MAIR */
#define PT_EL0 (1ul << 6)
#define PT_RO (1ul << 7)
#define PT_NG (1ul << 11)
#define PT_PXN (1ul << 53)
#define PT_UXN (1ul << 54)
#define PT_S1_DEVICE (PT_AF | PT_ATTR(0) | PT_PXN | PT_UXN)
#define PT_S1_NORMAL (PT_AF | PT_SH | PT_ATTR(1))
#define PT_S2_R (1ul << 6)
#define PT_S2_W (2ul << 6)
#define PT_S2_XN (2ul << 53)
#define PT_S2_DEVICE (PT_AF | 1ul << 2 | PT_S2_R | PT_S2_W)
#define PT_S2_NORMAL (PT_AF | PT_SH | 0xful << 2 | PT_S2_R | PT_S2_W)
#define PT_MAIR 0xff00ul                /* 0: Device-nGnRnE, 1: Normal write-back */
/* 39-bit addresses (tables start at level 1), write-back inner shareable walks, 40-bit PA */
#define PT_TCR_EL1 (25ul | 25ul << 16 | 0x3500ul | 1ul << 23 | 2ul << 32)   /* TTBR0 only */
#define PT_TCR_EL2 (25ul | 0x3500ul | 2ul << 16 | 1ul << 31 | 1ul << 23)    /* also EL3 */
#define PT_VTCR (25ul | 1ul << 6 | 0x3500ul | 2ul << 16 | 1ul << 31)         /* start level 1 */

#endif
