/*
 * The execution test's generator: from the instruction table to words, programs and machine states.
 * A program is one instruction of a row (with what it needs around it) or a chain of instructions
 * that read each other's results.
 */
#ifndef TESTS_DIFF_INSN_GEN_H
#define TESTS_DIFF_INSN_GEN_H

#include "cpu/insn.h"
#include "insn_share.h"

enum { PROGRAM_MAX = 32, LITERALS = 44 /* first word of the literals in a slot */ };
#define NOP 0xd503201fu

struct program {
	u32 n, focus; /* instructions; the one that the program is made for */
	u32 word[PROGRAM_MAX];
	bool chain;   /* by gen_chain(): the chain's address registers serve, there is no focus */
	s8 base;      /* register that the focus's address comes from; -1: none */
	s8 branch;    /* register that holds the target of an indirect branch */
	u8 target;    /* its instruction */
	bool aligned; /* the focus's address must be a multiple of its size */
};

/* splitmix64 */
u64 gen_random(u64 *rng);
/* NULL, or why user mode or this core cannot run the row. */
const char *gen_excluded(const struct insn *row, u64 features);
/* A program around one instruction of that row; false: no defined word was found in some tries. */
bool gen_one(u64 *rng, const struct insn *row, u64 features, struct program *p);
void gen_chain(u64 *rng, u64 features, struct program *p);
/* The words of slot `slot` when p is there: the reference's prologue, the program, the way out,
 * literals. */
void gen_image(const struct program *p, u32 slot, u32 image[SLOT_WORDS]);
/* A state for run `run` with the program in slot `slot`, and the interesting part of that run's
 * data. */
void gen_state(u64 *rng, const struct program *p, u32 run, u32 slot, struct state *s, u8 *data);

/* The address of the focus's access in that state (meaningless when p->base is negative). */
u64 gen_address(const struct program *p, const struct state *s);
/* Calls fn(ctx, letter's register, whether it is a general one) for every register that w reads. */
void gen_sources(const struct insn *row, u32 w, void (*fn)(void *ctx, u32 reg, bool general),
		 void *ctx);
/* The value of the field that a letter of the row's picture names; bits 0 when it has none. */
u32 gen_field(const struct insn *row, char letter, u32 word, unsigned *bits);

#endif
