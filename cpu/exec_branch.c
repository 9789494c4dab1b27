/*
 * Branches (DDI0487 C4.1.66). Direct branches inside the page go through the block's links, all others through the instruction side of the
 * fast TLB. A conditional branch that ends a block has link 0 for taken and link 1 for not taken.
 */
#include "cpu/flags.h"
#include "cpu/fuse.h"
#include "cpu/translate_priv.h"

#define RD c->x[u->rd]
#define RN c->x[u->rn]

/* imm: offset of the target from the page. Near: 0 <= imm < 4096. */
EXEC(b_near) { return go_link(c, 0, u->imm); }
EXEC(b_far) { return go_va(c, c->page_va + (u64)(s64)u->imm); }
EXEC(bl_near) { c->x[30] = c->page_va + u->h0; return go_link(c, 0, u->imm); }
EXEC(bl_far) { c->x[30] = c->page_va + u->h0; return go_va(c, c->page_va + (u64)(s64)u->imm); }
EXEC(br) { return go_va(c, RN); }
EXEC(blr)
{
	u64 target = RN;

	c->x[30] = c->page_va + u->uimm;
	return go_va(c, target);
}

/* Conditional: imm = target offset, h1 = offset of the next instruction (4096: next page). FN: EXEC or EXEC_FN. */
#define COND_BRANCH(FN, name, test)                                                                                  \
	FN(name##_near)                                                                                              \
	{                                                                                                            \
		if (test)                                                                                            \
			return go_link(c, 0, u->imm);                                                                \
		return go_link(c, 1, u->h1);                                                                         \
	}                                                                                                            \
	FN(name##_far)                                                                                               \
	{                                                                                                            \
		if (test)                                                                                            \
			return go_va(c, c->page_va + (u64)(s64)u->imm);                                              \
		return go_link(c, 1, u->h1);                                                                         \
	}
/* On a register, with the twins that find it in acc. */
#define REG_BRANCH(name, test_of)                                                                                    \
	COND_BRANCH(EXEC, name, test_of(RD))                                                                         \
	COND_BRANCH(EXEC, name##_fd, test_of(acc))
#define IS_ZERO32(v)  ((u32)(v) == 0)
#define IS_ZERO64(v)  ((v) == 0)
#define NOT_ZERO32(v) ((u32)(v) != 0)
#define NOT_ZERO64(v) ((v) != 0)
#define BIT_CLEAR(v)  (!((v) >> u->rn & 1))
#define BIT_SET(v)    ((v) >> u->rn & 1)
REG_BRANCH(cbz32, IS_ZERO32)
REG_BRANCH(cbz64, IS_ZERO64)
REG_BRANCH(cbnz32, NOT_ZERO32)
REG_BRANCH(cbnz64, NOT_ZERO64)
REG_BRANCH(tbz, BIT_CLEAR)
REG_BRANCH(tbnz, BIT_SET)
#define F flags(c)
COND_BRANCH(EXEC_FN, b_eq, F & FL_Z)
COND_BRANCH(EXEC_FN, b_ne, !(F & FL_Z))
COND_BRANCH(EXEC_FN, b_cs, F & FL_C)
COND_BRANCH(EXEC_FN, b_cc, !(F & FL_C))
COND_BRANCH(EXEC_FN, b_mi, F & FL_N)
COND_BRANCH(EXEC_FN, b_pl, !(F & FL_N))
COND_BRANCH(EXEC, b_vs, F & FL_V)
COND_BRANCH(EXEC, b_vc, !(F & FL_V))
COND_BRANCH(EXEC_FN, b_hi, (F & (FL_C | FL_Z)) == FL_C)
COND_BRANCH(EXEC_FN, b_ls, (F & (FL_C | FL_Z)) != FL_C)
COND_BRANCH(EXEC_FN, b_ge, !((F >> 15 ^ F) & 1))
COND_BRANCH(EXEC_FN, b_lt, (F >> 15 ^ F) & 1)
COND_BRANCH(EXEC_FN, b_gt, !(F & FL_Z) && !((F >> 15 ^ F) & 1))
COND_BRANCH(EXEC_FN, b_le, (F & FL_Z) || ((F >> 15 ^ F) & 1))

#define FWD_BRANCH(name) { exec_##name##_near, NULL, NULL, exec_##name##_fd_near, 0 }, { exec_##name##_far, NULL, NULL, exec_##name##_fd_far, 0 }
const struct fwd_row fwd_branch_rows[] = { FWD_BRANCH(cbz32), FWD_BRANCH(cbz64), FWD_BRANCH(cbnz32), FWD_BRANCH(cbnz64),
					   FWD_BRANCH(tbz), FWD_BRANCH(tbnz) };
const size_t fwd_branch_rows_n = ARRAY_SIZE(fwd_branch_rows);

TAILS_BRANCH(TAIL_DEFINE, )
const struct tail_row tail_branch_rows[] = { TAILS_BRANCH(TAIL_ROW, ) };
const size_t tail_branch_rows_n = ARRAY_SIZE(tail_branch_rows);

/* The end of a block that simply ran into its limit: imm = offset of the next instruction. */
EXEC(next_near) { return go_link(c, 0, u->imm); }
EXEC(next_page) { return go_va(c, c->page_va + 0x1000); }
EXEC(stop) { return leave(c, c->page_va + u->uimm); }

/* ---- translation ---- */

static bool near_offset(s64 off)
{
	return off >= 0 && off < 4096;
}

void emit_next(struct tr *t, u32 off, bool stop)
{
	if (stop)
		emit(t, exec_stop, 0, 0, 0, 0, (s32)off);
	else if (off < 4096)
		emit(t, exec_next_near, 0, 0, 0, 0, (s32)off);
	else
		emit(t, exec_next_page, 0, 0, 0, 0, 0);
}

bool tr_b(struct tr *t, const struct insn *row, u32 w)
{
	s64 off = t->off + sext((u64)(w & 0x3ffffff) << 2, 28);
	struct uop *u;

	t->end = true;
	if (row->arg) {
		u = emit(t, near_offset(off) ? exec_bl_near : exec_bl_far, 0, 0, 0, 0, (s32)off);
		u->h0 = (u16)(t->off + 4);
	} else {
		emit(t, near_offset(off) ? exec_b_near : exec_b_far, 0, 0, 0, 0, (s32)off);
	}
	return true;
}

static void emit_cond(struct tr *t, exec_fn *near, exec_fn *far, u8 rd, u8 rn, s64 off)
{
	struct uop *u = emit(t, near_offset(off) ? near : far, rd, rn, 0, 0, (s32)off);

	u->h1 = (u16)(t->off + 4);
	t->end = true;
}

bool tr_b_cond(struct tr *t, const struct insn *row, u32 w)
{
#define PAIR_OF(cond) { exec_b_##cond##_near, exec_b_##cond##_far }
	static exec_fn *const fn[14][2] = { PAIR_OF(eq), PAIR_OF(ne), PAIR_OF(cs), PAIR_OF(cc), PAIR_OF(mi), PAIR_OF(pl), PAIR_OF(vs),
					    PAIR_OF(vc), PAIR_OF(hi), PAIR_OF(ls), PAIR_OF(ge), PAIR_OF(lt), PAIR_OF(gt), PAIR_OF(le) };
	s64 off = t->off + sext(bits(w, 23, 5) << 2, 21);
	unsigned cond = w & 15;

	if (cond >= 14) {
		emit(t, near_offset(off) ? exec_b_near : exec_b_far, 0, 0, 0, 0, (s32)off);
		t->end = true;
	} else {
		emit_cond(t, fn[cond][0], fn[cond][1], 0, 0, off);
	}
	return true;
}

bool tr_cbz(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[2][2][2] = { { { exec_cbz32_near, exec_cbz32_far }, { exec_cbnz32_near, exec_cbnz32_far } },
					      { { exec_cbz64_near, exec_cbz64_far }, { exec_cbnz64_near, exec_cbnz64_far } } };
	exec_fn *const *f = fn[w >> 31][row->arg];

	emit_cond(t, f[0], f[1], gpr(w & 31), 0, t->off + sext(bits(w, 23, 5) << 2, 21));
	return true;
}

bool tr_tbz(struct tr *t, const struct insn *row, u32 w)
{
	unsigned b = (unsigned)(bit(w, 31) << 5 | bits(w, 23, 19));
	s64 off = t->off + sext(bits(w, 18, 5) << 2, 16);

	if (row->arg)
		emit_cond(t, exec_tbnz_near, exec_tbnz_far, gpr(w & 31), (u8)b, off);
	else
		emit_cond(t, exec_tbz_near, exec_tbz_far, gpr(w & 31), (u8)b, off);
	return true;
}

bool tr_br(struct tr *t, const struct insn *row, u32 w)
{
	emit(t, row->arg == 1 ? exec_blr : exec_br, 0, gpr(bits(w, 9, 5)), 0, 0, (s32)(t->off + 4));
	t->end = true;
	return true;
}
