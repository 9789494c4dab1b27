/*
 * The memory that both halves of the execution test (insn.sh) share: a batch of programs and of
 * runs, each a program on a state. The host fills code, states and data; the reference executes and
 * leaves the states after. Includes nothing of the emulator: the guest half is built for AArch64.
 * Both sides have code and data at the same virtual addresses. A loop (insn_sweep.h) has the data
 * of several runs.
 */
#ifndef TESTS_DIFF_INSN_SHARE_H
#define TESTS_DIFF_INSN_SHARE_H

#include <stdint.h>

enum {
	/* A program: SHARE_PROLOGUE, instructions, a branch to the stub, literals. No power of 2,
	 * so that programs cross pages at all places. */
	SLOT_WORDS = 65,
	BATCH_PROGRAMS = 256,
	BATCH_RUNS = 1024,
	/* of one run: two pages; what is interesting lies around their boundary */
	DATA_SIZE = 8192,
	CODE_SIZE = (BATCH_PROGRAMS * SLOT_WORDS * 4 + 4095) & ~4095,
};
#define VA_CODE		 0x4000000000ull
#define VA_STUB		 (VA_CODE + CODE_SIZE) /* where programs branch to at their end */
#define VA_CONTROL	 0x6f5a3c1000 /* the guest half's own, where no program comes */
#define VA_DATA		 (VA_CODE + 0x1000000)
#define VA_SLOT(program) (VA_CODE + (uint64_t)(program)*SLOT_WORDS * 4)
#define VA_RUN(run)	 (VA_DATA + (uint64_t)(run)*DATA_SIZE)

/* ldp x0, x1, [x0]: how the reference's entry gets the last two registers; ours starts behind it.
 */
#define SHARE_PROLOGUE 0xa9400400u

/* How a run ended. STOP_UNDEFINED to STOP_OTHER: a synchronous exception (signal) of the
 * instruction at pc. */
enum stop { STOP_END, STOP_UNDEFINED, STOP_MEMORY, STOP_ALIGNMENT, STOP_OTHER };

/* The assembly of the guest half knows these offsets. */
struct state {
	uint64_t x[31];
	uint64_t sp;		   /* 248 */
	uint64_t v[32][2];	   /* 256 */
	uint64_t nzcv, fpcr, fpsr; /* 768; nzcv: bits 31:28 */
	uint64_t pc;		   /* 792; of what stopped, 0 at the end */
	uint64_t stop;		   /* 800: enum stop */
	uint64_t far;		   /* 808: STOP_MEMORY and STOP_ALIGNMENT */
	uint64_t spare[2];
};
_Static_assert(sizeof(struct state) == 832, "a multiple of the cache line");

/* The pages of the last runs' data: what their access meets. */
enum { GUARDED_RUNS = 128, FIRST_GUARDED = BATCH_RUNS - GUARDED_RUNS };
enum page { PAGE_WRITABLE, PAGE_READ_ONLY, PAGE_NONE };
static inline enum page share_page(uint32_t run, unsigned half)
{
	if (run < FIRST_GUARDED || half == (run & 1))
		return PAGE_WRITABLE;
	return run & 2 ? PAGE_READ_ONLY : PAGE_NONE;
}

struct share {
	uint32_t programs, runs;
	uint32_t run[BATCH_RUNS];     /* which are executed, in this order */
	uint32_t program[BATCH_RUNS]; /* what a run executes */
	struct state before[BATCH_RUNS], after[BATCH_RUNS];
	uint32_t code[BATCH_PROGRAMS][SLOT_WORDS];
	uint8_t data[BATCH_RUNS][DATA_SIZE] __attribute__((aligned(4096)));
};

enum { SHARE_FD = 3 }; /* the file that holds it */

#endif
