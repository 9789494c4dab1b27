/* What the timing model knows of an instruction, from its row's operands and its word. */
#include <string.h>

#include "base/bits.h"
#include "cpu/insn.h"
#include "cpu/sysreg.h"
#include "cpu/timing.h"

/* The value of the field that `letter` names, its first five bits from the right; -1: the picture has none. */
static int field(const struct insn *row, char letter, u32 w)
{
	int bit = 31, low = -1, n = 0;

	for (const char *p = row->picture; *p; p++) {
		if (*p == ' ')
			continue;
		if (*p == letter) {
			low = bit;
			n++;
		}
		bit--;
	}
	return low < 0 ? -1 : (int)(w >> low & MASK(n - 1, 0));
}

/* Slot of register `n`; as a source or destination the zero register is none. */
static u8 general(int n, bool sp)
{
	return (u8)(n == 31 && !sp ? TIMING_NONE : n);
}

struct build {
	struct timing_op op;
	unsigned srcs, dsts;
};

static void source(struct build *b, u8 slot)
{
	/* src[3] is the base when it is written back */
	if (b->srcs < ((b->op.flags & OP_WRITES_BASE) ? 3u : 4u))
		b->op.src[b->srcs++] = slot;
}

static void result(struct build *b, u8 slot)
{
	if (b->dsts < 2)
		b->op.dst[b->dsts++] = slot;
}

/* One item: role, file, "sp", field letter. */
static void operand(struct build *b, const struct insn *row, u32 w, const char *item, size_t n)
{
	bool sp = n == 5 && !memcmp(item + 2, "sp", 2), vector = strchr("BHSDQV", item[1]);
	int reg = field(row, item[n - 1], w);
	u8 slot;

	if (reg < 0)
		return;
	slot = vector ? (u8)(32 + (reg & 31)) : general(reg & 31, sp);
	if (item[0] == 'b' && sp) { /* write-back */
		b->op.flags |= OP_WRITES_BASE;
		b->op.src[3] = slot;
		return;
	}
	if (item[0] != 'd')
		source(b, slot);
	if (item[0] != 's')
		result(b, slot);
}

static void operands(struct build *b, const struct insn *row, u32 w)
{
	for (const char *p = row->operands; *p;) {
		size_t n = strcspn(p, ",");

		if (n == 5 && !memcmp(p + 1, "nzcv", 4))
			b->op.flags |= p[0] == 's' ? OP_READS_NZCV : p[0] == 'd' ? OP_WRITES_NZCV : OP_READS_NZCV | OP_WRITES_NZCV;
		else if (n == 3 && !memcmp(p, "mem", 3) && field(row, 'n', w) >= 0)
			source(b, general(field(row, 'n', w) & 31, true));
		else if (n >= 3 && strchr("dsb", p[0]) && strchr("XWRBHSDQV", p[1]))
			operand(b, row, w, p, n);
		p += n;
		p += strspn(p, ", ");
	}
}

static bool starts(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

static u8 system_class(const struct insn *row, u32 w)
{
	unsigned op0 = bits(w, 20, 19), op1 = bits(w, 18, 16), crn = bits(w, 15, 12), crm = bits(w, 11, 8), op2 = bits(w, 7, 5);
	bool read = bit(w, 21);

	if (op0 == 1)
		return crn == 8 || (crn == 7 && (crm == 8 || crm == 9)) ? TC_tlbi : TC_cache_op;
	if (op0 == 0)
		return TC_sys_write;
	if (crn == 14)
		return TC_timer;
	/* ICC_* and ICV_*: S3_x_C12_C8-C12 and ICC_PMR_EL1; ICH_*: S3_4_C12_C8-C15 */
	if ((crn == 12 && crm >= 8) || (crn == 4 && crm == 6))
		return read ? TC_gic_read : TC_gic_write;
	if ((crn == 13 && crm == 0) || (crn == 4 && op1 == 3 && (crm == 4 || (crm == 2 && (read || op2 == 0)))) || (crn == 4 && crm == 1))
		return TC_sys_fast;
	return read ? TC_sys_read : TC_sys_write;
}

static u8 multiply_class(const struct insn *row, u32 w)
{
	if (!strcmp(row->name, "smulh") || !strcmp(row->name, "umulh"))
		return TC_mulh;
	return bit(w, 31) && (!strcmp(row->name, "madd") || !strcmp(row->name, "msub")) ? TC_mul64 : TC_mul32;
}

/* Division and square root: by the size, bits 23:22 of a scalar and bit 22 of a vector. */
static u8 divide_class(const struct insn *row, u32 w)
{
	return (u8)((strstr(row->name, "sqrt") ? TC_fp_sqrt32 : TC_fp_div32) + (bits(w, 23, 22) == 1));
}

/* Bits 28:24 of the word: 0b01010 logic, 0b01011 additions, with a shifted register (DDI0487 C4.1.95); LSL by 0 is no shift. */
static u8 alu_class(u32 w)
{
	bool add = bits(w, 28, 24) == 11, logic = bits(w, 28, 24) == 10, extended = add && bit(w, 21);

	if (extended)
		return TC_alu_shift;
	if (!(add || logic) || !bits(w, 15, 10))
		return TC_alu;
	if (logic)
		return TC_logic_shift;
	return !bits(w, 23, 22) && bits(w, 15, 10) <= 4 ? TC_alu_lsl : TC_alu_shift;
}

/* Moves between the register files, by the operands. */
static u8 move_class(const struct insn *row)
{
	bool to_general = row->operands[0] == 'd' && strchr("XWR", row->operands[1]);
	bool from_general = strstr(row->operands, "sX") || strstr(row->operands, "sW") || strstr(row->operands, "sR");

	return to_general ? TC_fp_out : from_general ? TC_fp_in : row->cls == CL_SIMD_PERM ? TC_simd_perm : TC_fp_move;
}

/* A sum that goes into the next multiplication's: FMLA and its kin read what they write. */
static u8 vector_fp_class(const struct insn *row)
{
	return row->operands[0] == 'b' ? TC_simd_fma : TC_simd_fp;
}

static u8 barrier_class(const struct insn *row)
{
	return row->name[0] == 'i' ? TC_isb : !strcmp(row->name, "dsb") ? TC_dsb : TC_dmb;
}

static u8 class_of(const struct insn *row, u32 w)
{
	static const u8 plain[CL_COUNT] = {
		[CL_CRC] = TC_crc, [CL_BRANCH] = TC_branch, [CL_BRANCH_IND] = TC_branch_ind,
		[CL_LOAD] = TC_load, [CL_STORE] = TC_store, [CL_ATOMIC] = TC_atomic, [CL_EXCL] = TC_exclusive,
		[CL_PREFETCH] = TC_prefetch, [CL_EXCEPTION] = TC_exception, [CL_HINT] = TC_hint,
		[CL_FP_ADD] = TC_fp_add, [CL_FP_MUL] = TC_fp_mul, [CL_FP_FMA] = TC_fp_fma, [CL_FP_CVT] = TC_fp_cvt,
		[CL_FP_CMP] = TC_fp_cmp, [CL_SIMD_ALU] = TC_simd_alu, [CL_SIMD_MUL] = TC_simd_mul,
		[CL_SIMD_SHIFT] = TC_simd_shift, [CL_CRYPTO] = TC_crypto,
		[CL_VLOAD] = TC_vload, [CL_VSTORE] = TC_vstore,
	};

	switch (row->cls) {
	case CL_ALU: return alu_class(w);
	case CL_FP_MOVE:
	case CL_SIMD_PERM: return move_class(row);
	case CL_SIMD_FP: return vector_fp_class(row);
	case CL_MUL: return multiply_class(row, w);
	case CL_DIV: return bit(w, 31) ? TC_div64 : TC_div32;
	case CL_FP_DIV: return divide_class(row, w);
	case CL_BARRIER: return barrier_class(row);
	case CL_SYSTEM: return system_class(row, w);
	case CL_SHIFT: return !strcmp(row->name, "bfm") || !strcmp(row->name, "extr") ? TC_alu_shift : TC_alu; /* two sources */
	default: return plain[row->cls];
	}
}

/* Where a multiply-add's addend stands: third of MADD and FMADD, first of FMLA. It goes to src[2]. */
static void addend(struct build *b, const struct insn *row)
{
	struct timing_op *op = &b->op;
	u8 first = op->src[0];

	if (op->cls == TC_simd_fma) {
		op->src[0] = op->src[2];
		op->src[2] = first;
	}
	if (op->src[2] != TIMING_NONE && (op->cls == TC_simd_fma || row->cls == CL_MUL || row->cls == CL_FP_FMA))
		op->flags |= OP_ADDEND;
}

/* LD1-LD4 and ST1-ST4: how many registers (DDI0487 C4.1.94, opcode of the structures). */
static unsigned structure_registers(const struct insn *row, u32 w)
{
	static const u8 multiple[16] = { 4, 0, 4, 0, 3, 0, 3, 1, 2, 0, 2 };

	if (starts(row->name, "ldst_multi"))
		return multiple[bits(w, 15, 12)];
	return 1 + (bit(w, 13) << 1 | bit(w, 21));
}

static void structure(struct build *b, const struct insn *row, u32 w)
{
	unsigned n = structure_registers(row, w), t = w & 31;

	b->dsts = 0;
	b->op.cls = bit(w, 22) ? TC_vload : TC_vstore;
	b->op.dst[0] = bit(w, 22) ? (u8)(32 + t) : TIMING_NONE;
	b->op.dst[1] = bit(w, 22) ? (u8)n : 0;
	b->op.flags |= OP_VECTORS;
}

/* BL and BLR write x30; B.cond, CBZ and TBZ are predicted by direction. */
static void branch(struct build *b, const struct insn *row)
{
	if (!strcmp(row->name, "bl") || !strcmp(row->name, "blr")) {
		b->op.flags |= OP_CALL;
		result(b, 30);
	} else if (!strcmp(row->name, "ret")) {
		b->op.flags |= OP_RETURN;
	} else if (row->cls == CL_BRANCH && strcmp(row->name, "b")) {
		b->op.flags |= OP_CONDITIONAL;
	}
}

struct timing_op timing_op(const struct insn *row, u32 w)
{
	struct build b = { .op = { .cls = TC_undefined, .src = { TIMING_NONE, TIMING_NONE, TIMING_NONE, TIMING_NONE },
				   .dst = { TIMING_NONE, TIMING_NONE } } };

	if (!row)
		return b.op;
	/* the base first: whether it is written back decides where sources may stand */
	if (strstr(row->operands, "bXsp"))
		b.op.flags |= OP_WRITES_BASE;
	operands(&b, row, w);
	b.op.cls = class_of(row, w);
	if (starts(row->name, "ldst_"))
		structure(&b, row, w);
	addend(&b, row);
	if (row->cls == CL_BRANCH || row->cls == CL_BRANCH_IND)
		branch(&b, row);
	return b.op;
}
