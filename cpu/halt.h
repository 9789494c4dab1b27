/*
 * Exact stops of a PE for who debugs the machine from outside: breakpoints and watchpoints by virtual address, single steps. They are
 * not the guest's own debug registers (cpu/debug.h), and nothing of them is in the guest: no code is patched, no model or counter sees
 * them. A page is 4 KiB of VA here.
 *
 * - A page with breakpoints gets no fast instruction slot and runs in blocks of one instruction; so each fetch there comes by the slow
 * path of cpu/run.c, which asks. Other pages run as ever.
 * - A page with watched bytes gets no fast data slot, so cpu/mem.c asks before it translates: a stop comes before anything of the
 * instruction is done, and it runs again from its start. An instruction makes one access, so asking once is enough.
 * - A step is ATTN_STEP: every instruction alone, asked before each. The PE then has no fast instruction slots at all (cpu/state.c), by
 * which a branch would go on.
 *
 * What would fault is not asked about. Who owns the struct decides (conditions, counts) and remembers where it stopped; cpu/ stops
 * before the instruction, and before an interrupt that is pending.
 */
#ifndef CPU_HALT_H
#define CPU_HALT_H

#include "cpu/cpu.h"

/* Watched bytes, the last one included. */
struct halt_range {
	u64 first, last;
	u32 what; /* ACC_READ, ACC_WRITE */
};

struct halt {
	void *ctx;
	const u64 *code; /* addresses of breakpoints in ascending order */
	size_t n_code;
	/* c is about to run the instruction at c->pc, one of code, whose fetch will succeed: true stops it before that */
	bool (*fetch)(void *ctx, struct cpu *c);
	const struct halt_range *data;
	size_t n_data;
	/* c's instruction (cpu_pc()) is about to access size bytes at va, some of them watched: true stops it before that */
	bool (*access)(void *ctx, struct cpu *c, u64 va, unsigned size, u32 what);
	/* c, which has ATTN_STEP, is between two instructions or before its first: true stops it here */
	bool (*step)(void *ctx, struct cpu *c);
};

/* NULL: nothing stops c. Between two calls of cpu_run(), as the next. */
void halt_set(struct cpu *c, const struct halt *h);
/* The addresses in c->halt are others now. */
void halt_changed(struct cpu *c);
/* Between two calls of cpu_run(), or by a watcher (cpu/observe.h) of c. */
void halt_step(struct cpu *c, bool on);

/* Some breakpoint is in the 4 KiB page of va; at va. */
bool halt_code_page(const struct halt *h, u64 va);
bool halt_code_at(const struct halt *h, u64 va);
/* Some watched byte is in the page of va; in an access of size bytes at va (a tag is no part of it), which reads or writes as what says. */
bool halt_data_page(const struct halt *h, u64 va);
bool halt_data_at(const struct halt *h, u64 va, unsigned size, u32 what);
/* The last byte of an access, at most that of all addresses. */
static inline u64 halt_last(u64 va, unsigned size)
{
	return va + (size - 1) < va ? UINT64_MAX : va + (size - 1);
}

#endif
