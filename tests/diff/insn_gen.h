/*
 * The execution test's generator: from the instruction table to words, programs and machine states.
 * A program is one instruction of a row (with what it needs around it) or a chain of instructions
 * that read each other's results.
 */
#ifndef TESTS_DIFF_INSN_GEN_H
#define TESTS_DIFF_INSN_GEN_H

#include "cpu/insn.h"
#include "insn_share.h"

enum { PROGRAM_MAX = 42, LITERALS = 44 /* first word of the literals in a slot */ };
#define NOP 0xd503201fu

/* Registers by number; bit 31 of the general ones is SP. */
struct regs {
	u32 general, vector;
};
struct use {
	struct regs read, written;
	bool flags, fpsr; /* reads or writes NZCV; may set FPSR */
};

/* A program as a loop (insn_sweep.c): each round loads its operands and stores its results. */
struct sweep {
	u32 sets;	 /* rounds; 0: no loop */
	u32 begin, end;	 /* the instructions of the program as it was */
	struct regs in;	 /* loaded, after SP, NZCV and FPSR */
	struct regs out; /* stored, before SP, NZCV, FPSR and FPCR */
	bool flags, fpsr, fpcr;
	u32 in_size, out_size; /* bytes of a round */
	u8 from, to, count, temp;
};

struct program {
	u32 n, focus; /* instructions; the one that the program is made for */
	u32 word[PROGRAM_MAX];
	const struct insn *row; /* of the focus */
	bool chain;   /* by gen_chain(): the chain's address registers serve, there is no focus */
	s8 base;      /* register that the focus's address comes from; -1: none */
	s8 branch;    /* register that holds the target of an indirect branch */
	u8 target;    /* its instruction */
	bool aligned; /* the focus's address must be a multiple of its size */
	bool literal; /* the focus loads from the slot */
	struct {
		u64 constant;
		s8 index; /* register; -1: constant alone */
		u8 option, shift;
	} offset;	/* what the focus adds to its base */
	struct use use; /* of the focus */
	u8 fp_size;	/* log2 of the bytes of the focus's floating-point operands; 0: none */
	struct sweep sweep;
};

/* NULL, or why user mode or this core cannot run the row. */
const char *gen_excluded(const struct insn *row, u64 features);
/* Whether the row loads or stores more than 8 bytes (some of its words at least), which need not
 * happen at once. */
bool gen_is_large(const struct insn *row);
/* A program around one instruction of that row; false: no defined word was found in some tries. */
bool gen_one(u64 *rng, const struct insn *row, u64 features, struct program *p);
/* A chain for slot `slot`. */
void gen_chain(u64 *rng, u64 features, u32 slot, struct program *p);
/* Points a literal load's focus somewhere else in the slot. */
void gen_aim_literal(u64 *rng, struct program *p);
/* The words of slot `slot` when p is there: the reference's prologue, the program, the way out,
 * literals. */
void gen_image(const struct program *p, u32 slot, u32 image[SLOT_WORDS]);
/* A state for run `run` with the program in slot `slot`, and the interesting part of that run's
 * data. */
void gen_state(u64 *rng, const struct program *p, u32 run, u32 slot, struct state *s, u8 *data);

/* The same for a loop (insn_sweep.h): every round's operands, each also told to seen(). */
typedef void gen_seen(void *ctx, const struct program *p, const struct state *s);
void gen_sweep_state(u64 *rng, const struct program *p, u32 run, u32 slot, struct state *s,
		     u8 *data, gen_seen *seen, void *ctx);

/* The address of the focus's access in that state (meaningless when p->base is negative). */
u64 gen_address(const struct program *p, const struct state *s);
/* Whether the program reads or writes the run's data. */
bool gen_has_data(const struct program *p);
/* The registers that a word of that row uses. */
void gen_use(const struct insn *row, u32 w, struct use *use);
/* The value of the field that a letter of the row's picture names; bits 0 when it has none. */
u32 gen_field(const struct insn *row, char letter, u32 word, unsigned *bits);

#endif
