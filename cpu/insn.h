/*
 * The A64 instruction table. One row per instruction (cpu/a64.def):
 *
 *	INSN(name, "bit picture", "operands", feature, class, translate, arg)
 *
 * picture: the manual's 32 bits, most significant first, blanks ignored: 0/1 fixed, letters name fields, x is ignored. Build-time
 * generator gen_a64.c turns it into mask and value; a unit test proves that no two rows overlap.
 * operands: a comma-separated list, one item per operand, "<role><file>[:field]":
 *	role   d written, s read, b both (read and written)
 *	file   X, W: general register of that width; R: width by the sf/size field; Xsp, Wsp, Rsp: 31 is SP;
 *	       B H S D Q: FP/SIMD scalar; V: vector (arrangement by Q/size fields); imm, cond, sysreg, label, nzcv, mem
 *	field  the letter of the picture that holds it
 * feature: FEAT() bits that the core must have. class: enum insn_class.
 * translate: the function that emits the uops; arg: its parameter, so that one function serves a family.
 */
#ifndef CPU_INSN_H
#define CPU_INSN_H

#include "cpu/features.h"
#include "cpu/fp_ops.h"
#include "cpu/simd_ops.h"

struct tr;
struct insn;
typedef bool tr_fn(struct tr *t, const struct insn *row, u32 w);

enum insn_class {
	CL_ALU, CL_SHIFT, CL_MUL, CL_DIV, CL_CRC, CL_BRANCH, CL_BRANCH_IND, CL_LOAD, CL_STORE, CL_ATOMIC, CL_EXCL, CL_PREFETCH,
	CL_BARRIER, CL_SYSTEM, CL_EXCEPTION, CL_HINT,
	CL_FP_ADD, CL_FP_MUL, CL_FP_FMA, CL_FP_DIV, CL_FP_CVT, CL_FP_CMP, CL_FP_MOVE,
	CL_SIMD_ALU, CL_SIMD_MUL, CL_SIMD_SHIFT, CL_SIMD_PERM, CL_SIMD_FP, CL_CRYPTO, CL_VLOAD, CL_VSTORE,
	CL_COUNT
};

struct insn {
	const char *name, *picture, *operands;
	u32 mask, value;
	u64 feature;
	u8 cls;
	tr_fn *tr;
	u32 arg;
};

extern const struct insn a64_insns[];
extern const size_t a64_insns_n;
/* The row of word w for a core with `features`, NULL when unallocated there. */
const struct insn *a64_decode(u32 w, u64 features);

#define INSN(name, pic, ops, feat, cls, tr, arg) tr_fn tr;
#include "cpu/a64.def"
#undef INSN

#endif
