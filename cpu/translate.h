/*
 * Translation of instruction words to uops. A row's translate function gets the word, emits one or more uops and returns true,
 * or emits nothing and returns false: the word is UNDEFINED (unallocated field combination).
 *
 * Register numbers: gpr() gives the slot where 31 is the zero register for reads, gpr_dst() where it is the sink for
 * writes, gpr_sp() where 31 is SP (reads and writes).
 */
#ifndef CPU_TRANSLATE_H
#define CPU_TRANSLATE_H

#include "base/bits.h"
#include "cpu/exec.h"
#include "cpu/insn.h"
#include "cpu/key.h"

#define TR_MAX_UOPS (BLOCK_MAX * 5 + 16)

struct tr {
	struct cpu *c;
	u64 key;
	u32 off;        /* of this instruction in its page */
	bool end;       /* this instruction ends the block; its last uop leaves the block by itself */
	bool stop;      /* end the block after this instruction with a plain exit to the run loop */
	u16 iss;        /* ISS bits 24:14 for data aborts of this instruction; 0: ISV = 0 */
	u32 cnt[4];
	union {
		u8 kinds[8]; /* how many of each; that of KIND_NONE stays 0 */
		u64 all_kinds;
	};
	u8 kind[BLOCK_MAX]; /* of each instruction */
	u32 n_uops, n_pool, n_insns;
	u32 word[BLOCK_MAX];
	u32 row;
	struct uop uop[TR_MAX_UOPS];
	struct uop_cold cold[TR_MAX_UOPS];
	bool uses_pool[TR_MAX_UOPS];
	u64 pool[TR_MAX_UOPS];
};

static inline u8 gpr(unsigned r)
{
	return (u8)(r == 31 ? REG_ZERO : r);
}
static inline u8 gpr_dst(unsigned r)
{
	return (u8)(r == 31 ? REG_SINK : r);
}
static inline u8 gpr_sp(unsigned r)
{
	return (u8)r;
}

/* Appends a uop. */
struct uop *emit(struct tr *t, exec_fn *fn, u8 rd, u8 rn, u8 rm, u8 aux, s32 imm);
/* The same with a 64-bit constant that the handler reads with uop_const(). */
struct uop *emit_const(struct tr *t, exec_fn *fn, u8 rd, u8 rn, u8 rm, u8 aux, u64 value);
/*
 * For every FP/AdvSIMD instruction, first thing after field checks: true when FP is usable here; else the trap uop was emitted and
 * the translate function returns true at once: `if (!tr_fp_check(t)) return true;`
 */
bool tr_fp_check(struct tr *t);
/* After a uop that wrote SP by something that may change its alignment by 16. */
void tr_sp_written(struct tr *t);
/* Before an access based on register n: emits the SP alignment fault when it applies; false then (return true). */
bool tr_sp_base(struct tr *t, unsigned n);

#endif
