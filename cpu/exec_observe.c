/*
 * The instrumented twin of the code: blocks under KEY_OBSERVED have one more uop before each instruction. It tells the timing model and the
 * watchers (cpu/observe.h) that the instruction is about to run, and ends the slice exactly before it, because the timing model moves
 * time inside of blocks. Data accesses of such code take the slow path (cpu/mem.c), which tells them too.
 */
#include "cpu/exec_observe.h"

#include <string.h>

#include "cpu/observe.h"
#include "cpu/timing.h"
#include "cpu/translate_priv.h"

static void tell(struct cpu *c, const struct block *b, const struct uop_cold *cold)
{
	const struct observed_insn i = { .pc = c->page_va + cold->off, .word = ram_get32(block_info(b)->page->host + cold->off) };

	for (struct observer *o = c->observers; o; o = o->next)
		if (o->ops->insn)
			o->ops->insn(o->ctx, c, &i);
}

/* False: the slice is over, c->exit says so. */
static noinline_ bool observe(struct cpu *c, const struct uop *u)
{
	const struct block *b = c->blk;
	const struct uop_cold *cold = block_cold(b, u);
	u64 op = uop_const(u);
	struct timing_op t;

	if (c->observe_again) { /* it left its block after it was told of (EXIT_SINGLE) */
		c->observe_again = false;
		return true;
	}
	if (c->stop_insns && cpu_insns(c) >= c->stop_insns) {
		c->attn |= ATTN_STOP;
		c->exit.kind = EXIT_BOUNDARY;
		return false;
	}
	if (unlikely(cpu_insns(c) >= c->pmu.check_insns))
		cpu_hold(c, cpu_cycles(c));
	if (cpu_budget(c) + b->n - cold->nth <= 0) {
		c->exit.kind = EXIT_BOUNDARY;
		return false;
	}
	if (c->timing) {
		memcpy(&t, &op, sizeof(t));
		cpu_spend(c, timing_insn(c->timing, t, c->page_va + cold->off, block_info(b)->page->pa | cold->off));
	}
	if (c->observers)
		tell(c, b, cold);
	return true;
}

EXEC(observe)
{
	c->u = u;
	if (unlikely(!observe(c, u)))
		return fault_exit(c, u);
	NEXT(c, u);
}

void tr_observe(struct tr *t, const struct insn *row, u32 w)
{
	struct timing_op op = timing_op(row, w);
	u64 packed;

	memcpy(&packed, &op, sizeof(packed));
	emit_const(t, exec_observe, 0, 0, 0, 0, packed);
}

static void timing_access(struct cpu *c, const struct observed_access *a)
{
	enum timing_access what = a->zero ? TIMING_ZERO : a->write ? TIMING_STORE : TIMING_LOAD;

	timing_data(c->timing, a->pa, a->size, what, a->cacheable, a->device);
}

void observe_access(struct cpu *c, const struct observed_access *a)
{
	if (c->timing)
		timing_access(c, a);
	for (struct observer *o = c->observers; o; o = o->next)
		if (o->ops->access)
			o->ops->access(o->ctx, c, a);
}

void observe_time_of_exception(struct cpu *c, bool entry)
{
	cpu_spend(c, (s64)timing_exception(c->timing, entry));
}
