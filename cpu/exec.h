/*
 * What handlers are made of: the uop, the way from one to the next, and the way between blocks.
 *
 * A handler is EXEC(name) { ... }: (struct cpu *c, const struct uop *u, u64 acc), and ends in NEXT(c, u), a jump, or an
 * exit. In the release build NEXT is a tail call, so NO ADDRESS OF A LOCAL MAY ESCAPE from a handler (the compiler would make
 * a real call and the stack would grow): tests/lint checks the machine code. Debug and sanitizer builds return the
 * next uop to a trampoline in run.c instead.
 */
#ifndef CPU_EXEC_H
#define CPU_EXEC_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include "cpu/block.h"
#include "cpu/cpu.h"

#define always_inline_ inline __attribute__((always_inline))

#define EXEC_FN(name) const struct uop *exec_##name(struct cpu *c, const struct uop *u, __attribute__((unused)) u64 acc)
#define EXEC(name)    static EXEC_FN(name)

#ifdef TRAPLINE_TRAMPOLINE
#define DISPATCH(c, u, acc_)                                                                                         \
	do {                                                                                                         \
		(c)->acc = (acc_);                                                                                   \
		return (u);                                                                                          \
	} while (0)
#else
/* The next uop's address is made before the pointer in it is read: an addition and a jump through memory, not four instructions. */
#define DISPATCH(c, u, acc_)                                                                                         \
	do {                                                                                                         \
		const struct uop *next_ = (u);                                                                       \
		__asm__("" : "+r"(next_));                                                                           \
		return next_->exec((c), next_, (acc_));                                                              \
	} while (0)
#endif
/* A value that costs nothing: whatever the argument register holds. */
#ifdef __x86_64__
#define ANY_VALUE ({ u64 any_; __asm__("" : "=d"(any_)); any_; })
#else
#define ANY_VALUE 0
#endif
#define NEXT(c, u)        DISPATCH(c, (u) + 1, ANY_VALUE)
/*
 * The next uop's handler gets v, which this one wrote to x[rd], in a host register: the translator then chooses the twin that reads its
 * operand from there (cpu/fuse.h), and a chain of dependent instructions does not go through memory.
 */
#define NEXT_ACC(c, u, v) DISPATCH(c, (u) + 1, v)

/* A 64-bit constant from the block's pool: u->imm is its distance from the uop. */
static always_inline_ u64 uop_const(const struct uop *u)
{
	return *(const u64 *)((const char *)u + u->imm);
}

/*
 * Exits. Each leaves c->exit for run.c, which finds the PC from c->u, refunds what the block was charged for
 * and not done, and acts. fault_exit: c->exit was filled by the callee.
 */
static always_inline_ const struct uop *fault_exit(struct cpu *c, const struct uop *u)
{
	c->u = u;
	return NULL;
}
static always_inline_ const struct uop *exit_with(struct cpu *c, const struct uop *u, enum exit_kind kind, u32 iss)
{
	c->u = u;
	c->exit.kind = kind;
	c->exit.iss = iss;
	return NULL;
}
/* The block is done (u is its last uop); execution goes on at c->pc after run.c looked at attention. */
static always_inline_ const struct uop *leave(struct cpu *c, u64 pc)
{
	c->pc = pc;
	c->blk = NULL;
	return NULL;
}

/* Enters b, which lies in the page c->page_va. */
static always_inline_ const struct uop *enter(struct cpu *c, const struct block *b)
{
	s64 work = c->work + b->work;

	if (unlikely(work < 0))
		return leave(c, c->page_va + b->off);
	c->work = work;
	c->blk = b;
	DISPATCH(c, b->uop, ANY_VALUE);
}
/* Goes to page offset `off` of the same page through link `slot` of the current block. */
static always_inline_ const struct uop *go_link(struct cpu *c, unsigned slot, s32 off)
{
	const struct block *b = c->blk, *n = b->link[slot];

	if (likely(n != NULL))
		return enter(c, n);
	c->link_from = (struct block *)b;
	c->link_slot = slot;
	return leave(c, c->page_va + (s64)off);
}
/* Goes to any address. */
static always_inline_ const struct uop *go_va(struct cpu *c, u64 target)
{
	const struct fast_slot *s = fast_lookup(&c->ifast, target, c->ictx_hash);

	if (likely(s->rtag == ((target & ~0xfffull) | c->ictx_tag) && !(target & 3))) {
		const struct codepage *p = s->code;
		const struct block *b = p->block[(target & 0xfff) >> 2];

		if (likely(b != NULL)) {
			c->page_va = target & ~0xfffull;
			return enter(c, b);
		}
	}
	return leave(c, target);
}
/* VA of the instruction of uop u in the current block. */
u64 uop_pc(const struct cpu *c, const struct uop *u);

#endif
