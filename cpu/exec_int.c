/*
 * Data processing of the general registers (DDI0487 C4.1.93 and C4.1.95). Widths, shifts and flag variants are instances of a
 * few macros; which instance runs is decided at translation.
 */
#include "cpu/flags.h"
#include "cpu/translate.h"

#define RD c->x[u->rd]
#define RN c->x[u->rn]
#define RM c->x[u->rm]

const u16 cond_masks[16] = {
	/* index = N<<3 | Z<<2 | C<<1 | V */
	0xf0f0, 0x0f0f, /* EQ NE */
	0xcccc, 0x3333, /* CS CC */
	0xff00, 0x00ff, /* MI PL */
	0xaaaa, 0x5555, /* VS VC */
	0x0c0c, 0xf3f3, /* HI LS */
	0xaa55, 0x55aa, /* GE LT */
	0x0a05, 0xf5fa, /* GT LE */
	0xffff, 0xffff, /* AL NV */
};

/* Moves and constants. */
EXEC(mov32) { RD = (u32)RM; NEXT(c, u); }
EXEC(mov64) { RD = RM; NEXT(c, u); }
EXEC(movi) { RD = (u64)(s64)u->imm; NEXT(c, u); }
EXEC(movi_wide) { RD = uop_const(u); NEXT(c, u); }
EXEC(movk) { RD = (RD & ~(0xffffull << u->aux)) | (u64)u->uimm << u->aux; NEXT(c, u); }
EXEC(movk32) { RD = (u32)((RD & ~(0xffffull << u->aux)) | (u64)u->uimm << u->aux); NEXT(c, u); }
EXEC(adr) { RD = c->page_va + (u64)(s64)u->imm; NEXT(c, u); }
EXEC(adr_wide) { RD = c->page_va + uop_const(u); NEXT(c, u); }

/* Add, subtract, logical with immediate; imm is sign-extended. */
EXEC(add_i64) { RD = RN + (u64)(s64)u->imm; NEXT(c, u); }
EXEC(add_i32) { RD = (u32)(RN + (u32)u->imm); NEXT(c, u); }
EXEC(adds_i64) { RD = adds64(c, RN, (u64)(s64)u->imm); NEXT(c, u); }
EXEC(adds_i32) { RD = adds32(c, (u32)RN, (u32)u->imm); NEXT(c, u); }
EXEC(subs_i64) { RD = subs64(c, RN, (u64)(s64)u->imm); NEXT(c, u); }
EXEC(subs_i32) { RD = subs32(c, (u32)RN, (u32)u->imm); NEXT(c, u); }
EXEC(and_i) { RD = RN & (u64)(s64)u->imm; NEXT(c, u); }
EXEC(orr_i) { RD = RN | (u64)(s64)u->imm; NEXT(c, u); }
EXEC(eor_i) { RD = RN ^ (u64)(s64)u->imm; NEXT(c, u); }
EXEC(ands_i) { RD = logic_flags64(c, RN & (u64)(s64)u->imm); NEXT(c, u); }
EXEC(and_wide) { RD = RN & uop_const(u); NEXT(c, u); }
EXEC(orr_wide) { RD = RN | uop_const(u); NEXT(c, u); }
EXEC(eor_wide) { RD = RN ^ uop_const(u); NEXT(c, u); }
EXEC(ands_wide) { RD = logic_flags64(c, RN & uop_const(u)); NEXT(c, u); }
EXEC(and_i32) { RD = (u32)RN & u->uimm; NEXT(c, u); }
EXEC(orr_i32) { RD = (u32)RN | u->uimm; NEXT(c, u); }
EXEC(eor_i32) { RD = (u32)RN ^ u->uimm; NEXT(c, u); }
EXEC(ands_i32) { RD = logic_flags32(c, (u32)RN & u->uimm); NEXT(c, u); }
/* Checks that SP's alignment status did not change: the block key depends on it. */
EXEC(sp_check)
{
	bool bad = (c->x[REG_SP] & 15) != 0;

	if (unlikely(bad != !!(c->key & KEY_SP_BAD))) {
		c->attn |= ATTN_CONTEXT;
		return exit_with(c, u, EXIT_DONE, 0);
	}
	NEXT(c, u);
}

/* Register operands: plain, shifted by a constant (aux), extended and shifted left (aux). */
#define SH_none(T, v, n) (v)
#define SH_lsl(T, v, n)  ((T)(v) << (n))
#define SH_lsr(T, v, n)  ((T)(v) >> (n))
#define SH_asr32(T, v, n) ((u32)((s32)(v) >> (n)))
#define SH_asr64(T, v, n) ((u64)((s64)(v) >> (n)))
#define SH_ror32(T, v, n) ror32((u32)(v), (n))
#define SH_ror64(T, v, n) ror64((v), (n))

#define OPS(X, ...)                                                                                                  \
	X(and, OP_AND, __VA_ARGS__) X(bic, OP_BIC, __VA_ARGS__) X(orr, OP_ORR, __VA_ARGS__) X(orn, OP_ORN, __VA_ARGS__) \
	X(eor, OP_EOR, __VA_ARGS__) X(eon, OP_EON, __VA_ARGS__) X(ands, OP_ANDS, __VA_ARGS__) X(bics, OP_BICS, __VA_ARGS__)
#define ARITH_OPS(X, ...)                                                                                            \
	X(add, OP_ADD, __VA_ARGS__) X(adds, OP_ADDS, __VA_ARGS__) X(sub, OP_SUB, __VA_ARGS__) X(subs, OP_SUBS, __VA_ARGS__)
#define OP_AND(W, a, b)  ((a) & (b))
#define OP_BIC(W, a, b)  ((a) & ~(b))
#define OP_ORR(W, a, b)  ((a) | (b))
#define OP_ORN(W, a, b)  ((a) | ~(b))
#define OP_EOR(W, a, b)  ((a) ^ (b))
#define OP_EON(W, a, b)  ((a) ^ ~(b))
#define OP_ANDS(W, a, b) logic_flags##W(c, (a) & (b))
#define OP_BICS(W, a, b) logic_flags##W(c, (a) & ~(b))
#define OP_ADD(W, a, b)  ((a) + (b))
#define OP_ADDS(W, a, b) adds##W(c, (a), (b))
#define OP_SUB(W, a, b)  ((a) - (b))
#define OP_SUBS(W, a, b) subs##W(c, (a), (b))

#define REG_OP(name, op, W, shname, SH)                                                                              \
	EXEC(name##_##shname##W)                                                                                     \
	{                                                                                                            \
		u##W b = (u##W)SH(u##W, (u##W)RM, u->aux);                                                           \
		RD = op(W, (u##W)RN, b);                                                                             \
		NEXT(c, u);                                                                                          \
	}
OPS(REG_OP, 32, r, SH_none)
OPS(REG_OP, 64, r, SH_none)
OPS(REG_OP, 32, lsl, SH_lsl)
OPS(REG_OP, 64, lsl, SH_lsl)
OPS(REG_OP, 32, lsr, SH_lsr)
OPS(REG_OP, 64, lsr, SH_lsr)
OPS(REG_OP, 32, asr, SH_asr32)
OPS(REG_OP, 64, asr, SH_asr64)
OPS(REG_OP, 32, ror, SH_ror32)
OPS(REG_OP, 64, ror, SH_ror64)
ARITH_OPS(REG_OP, 32, r, SH_none)
ARITH_OPS(REG_OP, 64, r, SH_none)
ARITH_OPS(REG_OP, 32, lsl, SH_lsl)
ARITH_OPS(REG_OP, 64, lsl, SH_lsl)
ARITH_OPS(REG_OP, 32, lsr, SH_lsr)
ARITH_OPS(REG_OP, 64, lsr, SH_lsr)
ARITH_OPS(REG_OP, 32, asr, SH_asr32)
ARITH_OPS(REG_OP, 64, asr, SH_asr64)

#define EXT_uxtb(T, v, n) ((T)(u8)(v) << (n))
#define EXT_uxth(T, v, n) ((T)(u16)(v) << (n))
#define EXT_uxtw(T, v, n) ((T)(u32)(v) << (n))
#define EXT_uxtx(T, v, n) ((T)(v) << (n))
#define EXT_sxtb(T, v, n) ((T)(s64)(s8)(v) << (n))
#define EXT_sxth(T, v, n) ((T)(s64)(s16)(v) << (n))
#define EXT_sxtw(T, v, n) ((T)(s64)(s32)(v) << (n))
#define EXT_OPS(name, E)                                                                                             \
	ARITH_OPS(REG_OP, 32, name, E)                                                                               \
	ARITH_OPS(REG_OP, 64, name, E)
EXT_OPS(uxtb, EXT_uxtb)
EXT_OPS(uxth, EXT_uxth)
EXT_OPS(uxtw, EXT_uxtw)
EXT_OPS(uxtx, EXT_uxtx)
EXT_OPS(sxtb, EXT_sxtb)
EXT_OPS(sxth, EXT_sxth)
EXT_OPS(sxtw, EXT_sxtw)

EXEC(adc64) { RD = RN + RM + carry_in(c); NEXT(c, u); }
EXEC(adc32) { RD = (u32)(RN + RM + carry_in(c)); NEXT(c, u); }
EXEC(adcs64) { RD = adcs64(c, RN, RM); NEXT(c, u); }
EXEC(adcs32) { RD = adcs32(c, (u32)RN, (u32)RM); NEXT(c, u); }
EXEC(sbc64) { RD = RN + ~RM + carry_in(c); NEXT(c, u); }
EXEC(sbc32) { RD = (u32)(RN + ~RM + carry_in(c)); NEXT(c, u); }
EXEC(sbcs64) { RD = adcs64(c, RN, ~RM); NEXT(c, u); }
EXEC(sbcs32) { RD = adcs32(c, (u32)RN, ~(u32)RM); NEXT(c, u); }

/* Conditional compare: imm = cond mask | flags when it fails << 16; the second operand is a register or rm itself. */
#define CCMP(name, W, fn, b)                                                                                         \
	EXEC(name##W)                                                                                                \
	{                                                                                                            \
		if (cond_mask_holds(c, u->uimm & 0xffff))                                                            \
			fn##W(c, (u##W)RN, (u##W)(b));                                                               \
		else                                                                                                 \
			set_flags(c, u->uimm >> 16);                                                                 \
		NEXT(c, u);                                                                                          \
	}
CCMP(ccmn_r, 32, adds, RM)
CCMP(ccmn_r, 64, adds, RM)
CCMP(ccmp_r, 32, subs, RM)
CCMP(ccmp_r, 64, subs, RM)
CCMP(ccmn_i, 32, adds, u->rm)
CCMP(ccmn_i, 64, adds, u->rm)
CCMP(ccmp_i, 32, subs, u->rm)
CCMP(ccmp_i, 64, subs, u->rm)

#define CSEL(name, W, expr)                                                                                          \
	EXEC(name##W)                                                                                                \
	{                                                                                                            \
		u##W n = (u##W)RN, m = (u##W)RM;                                                                     \
		RD = cond_mask_holds(c, u->uimm) ? n : (u##W)(expr);                                                 \
		NEXT(c, u);                                                                                          \
	}
CSEL(csel, 32, m)
CSEL(csel, 64, m)
CSEL(csinc, 32, m + 1)
CSEL(csinc, 64, m + 1)
CSEL(csinv, 32, ~m)
CSEL(csinv, 64, ~m)
CSEL(csneg, 32, -m)
CSEL(csneg, 64, -m)

/* Bitfields: shift left by rm, then right by aux; BFM: rotate right by aux, insert under a constant mask. */
EXEC(ubfm64) { RD = RN << u->rm >> u->aux; NEXT(c, u); }
EXEC(sbfm64) { RD = (u64)((s64)(RN << u->rm) >> u->aux); NEXT(c, u); }
EXEC(ubfm32) { RD = (u32)RN << u->rm >> u->aux; NEXT(c, u); }
EXEC(sbfm32) { RD = (u32)((s32)((u32)RN << u->rm) >> u->aux); NEXT(c, u); }
EXEC(lsl64) { RD = RN << u->aux; NEXT(c, u); }
EXEC(lsr64) { RD = RN >> u->aux; NEXT(c, u); }
EXEC(asr64) { RD = (u64)((s64)RN >> u->aux); NEXT(c, u); }
EXEC(lsl32) { RD = (u32)RN << u->aux; NEXT(c, u); }
EXEC(lsr32) { RD = (u32)RN >> u->aux; NEXT(c, u); }
EXEC(uxtb) { RD = (u8)RN; NEXT(c, u); }
EXEC(uxth) { RD = (u16)RN; NEXT(c, u); }
EXEC(sxtw) { RD = (u64)(s64)(s32)RN; NEXT(c, u); }
EXEC(bfm64)
{
	u64 m = uop_const(u);

	RD = (RD & ~m) | (ror64(RN, u->aux) & m);
	NEXT(c, u);
}
EXEC(bfm32)
{
	u32 m = (u32)uop_const(u);

	RD = (u32)((RD & ~m) | (ror32((u32)RN, u->aux) & m));
	NEXT(c, u);
}
EXEC(extr64) { RD = RM >> u->aux | RN << (64 - u->aux); NEXT(c, u); } /* aux 1..63 */
EXEC(extr32) { RD = (u32)((u32)RM >> u->aux | (u32)RN << (32 - u->aux)); NEXT(c, u); }

/* One source. */
static inline u64 reverse_bits(u64 v)
{
	v = (v >> 1 & 0x5555555555555555) | (v & 0x5555555555555555) << 1;
	v = (v >> 2 & 0x3333333333333333) | (v & 0x3333333333333333) << 2;
	v = (v >> 4 & 0x0f0f0f0f0f0f0f0f) | (v & 0x0f0f0f0f0f0f0f0f) << 4;
	return __builtin_bswap64(v);
}
EXEC(rbit64) { RD = reverse_bits(RN); NEXT(c, u); }
EXEC(rbit32) { RD = reverse_bits(RN) >> 32; NEXT(c, u); }
EXEC(rev16_64) { RD = (RN >> 8 & 0x00ff00ff00ff00ff) | (RN & 0x00ff00ff00ff00ff) << 8; NEXT(c, u); }
EXEC(rev16_32) { RD = (RN >> 8 & 0x00ff00ff) | (RN & 0x00ff00ff) << 8; NEXT(c, u); }
EXEC(rev32_64) { RD = ror64(__builtin_bswap64(RN), 32); NEXT(c, u); }
EXEC(rev32_32) { RD = __builtin_bswap32((u32)RN); NEXT(c, u); }
EXEC(rev64) { RD = __builtin_bswap64(RN); NEXT(c, u); }
EXEC(clz64) { RD = clz64(RN); NEXT(c, u); }
EXEC(clz32) { RD = clz32((u32)RN); NEXT(c, u); }
EXEC(cls64) { RD = clz64((RN ^ (u64)((s64)RN >> 1)) & ~0ull >> 1) - 1; NEXT(c, u); }
EXEC(cls32) { RD = clz32(((u32)RN ^ (u32)((s32)RN >> 1)) & ~0u >> 1) - 1; NEXT(c, u); }

/* Two sources. Division by zero gives zero; the overflowing signed division gives the dividend. */
EXEC(udiv64) { RD = RM ? RN / RM : 0; NEXT(c, u); }
EXEC(udiv32) { RD = (u32)RM ? (u32)RN / (u32)RM : 0; NEXT(c, u); }
EXEC(sdiv64)
{
	s64 n = (s64)RN, d = (s64)RM;

	RD = d == 0 ? 0 : d == -1 ? -(u64)n : (u64)(n / d);
	NEXT(c, u);
}
EXEC(sdiv32)
{
	s32 n = (s32)RN, d = (s32)RM;

	RD = d == 0 ? 0 : d == -1 ? -(u32)n : (u32)(n / d);
	NEXT(c, u);
}
EXEC(lslv64) { RD = RN << (RM & 63); NEXT(c, u); }
EXEC(lsrv64) { RD = RN >> (RM & 63); NEXT(c, u); }
EXEC(asrv64) { RD = (u64)((s64)RN >> (RM & 63)); NEXT(c, u); }
EXEC(rorv64) { RD = ror64(RN, RM & 63); NEXT(c, u); }
EXEC(lslv32) { RD = (u32)RN << (RM & 31); NEXT(c, u); }
EXEC(lsrv32) { RD = (u32)RN >> (RM & 31); NEXT(c, u); }
EXEC(asrv32) { RD = (u32)((s32)RN >> (RM & 31)); NEXT(c, u); }
EXEC(rorv32) { RD = ror32((u32)RN, RM & 31); NEXT(c, u); }

/* CRC-32 (polynomial 0x04c11db7) and CRC-32C (0x1edc6f41), reflected, without inversion: aux bytes of the operand, imm = polynomial. */
static u32 crc_bytes(u32 acc, u64 data, unsigned n, u32 reflected_poly)
{
	for (unsigned i = 0; i < n; i++) {
		acc ^= (u8)(data >> 8 * i);
		for (unsigned k = 0; k < 8; k++)
			acc = acc >> 1 ^ (acc & 1 ? reflected_poly : 0);
	}
	return acc;
}
EXEC(crc) { RD = crc_bytes((u32)RN, RM, u->aux, u->uimm); NEXT(c, u); }

/* Three sources; the addend is x[aux]. */
#define RA c->x[u->aux]
EXEC(madd64) { RD = RA + RN * RM; NEXT(c, u); }
EXEC(madd32) { RD = (u32)(RA + RN * RM); NEXT(c, u); }
EXEC(msub64) { RD = RA - RN * RM; NEXT(c, u); }
EXEC(msub32) { RD = (u32)(RA - RN * RM); NEXT(c, u); }
EXEC(mul64) { RD = RN * RM; NEXT(c, u); }
EXEC(mul32) { RD = (u32)(RN * RM); NEXT(c, u); }
EXEC(smaddl) { RD = RA + (u64)((s64)(s32)RN * (s32)RM); NEXT(c, u); }
EXEC(smsubl) { RD = RA - (u64)((s64)(s32)RN * (s32)RM); NEXT(c, u); }
EXEC(umaddl) { RD = RA + (u64)(u32)RN * (u32)RM; NEXT(c, u); }
EXEC(umsubl) { RD = RA - (u64)(u32)RN * (u32)RM; NEXT(c, u); }
EXEC(smulh) { RD = (u64)(((s128)(s64)RN * (s64)RM) >> 64); NEXT(c, u); }
EXEC(umulh) { RD = (u64)(((u128)RN * RM) >> 64); NEXT(c, u); }

/* ---- translation ---- */

static bool fits32(u64 v)
{
	return (u64)(s64)(s32)v == v;
}
static void emit_mov_const(struct tr *t, u8 rd, u64 v)
{
	if (fits32(v))
		emit(t, exec_movi, rd, 0, 0, 0, (s32)v);
	else
		emit_const(t, exec_movi_wide, rd, 0, 0, 0, v);
}

bool tr_adr(struct tr *t, const struct insn *row, u32 w)
{
	s64 imm = sext(bits(w, 23, 5) << 2 | bits(w, 30, 29), 21);
	s64 off = row->arg ? imm * 4096 : t->off + imm;

	if (fits32((u64)off))
		emit(t, exec_adr, gpr_dst(w & 31), 0, 0, 0, (s32)off);
	else
		emit_const(t, exec_adr_wide, gpr_dst(w & 31), 0, 0, 0, (u64)off);
	return true;
}

bool tr_addsub_imm(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[2][3] = { { exec_add_i32, exec_adds_i32, exec_subs_i32 },
					   { exec_add_i64, exec_adds_i64, exec_subs_i64 } };
	u32 imm = (u32)bits(w, 21, 10) << (bit(w, 22) ? 12 : 0);
	unsigned sf = w >> 31, rd = w & 31, rn = bits(w, 9, 5);
	bool set = row->arg & 1, sub = row->arg & 2;
	u8 d = set ? gpr_dst(rd) : gpr_sp(rd);

	if (set)
		emit(t, fn[sf][sub ? 2 : 1], d, gpr_sp(rn), 0, 0, (s32)imm);
	else if (imm == 0 && sf)
		emit(t, exec_mov64, d, 0, gpr_sp(rn), 0, 0);
	else
		emit(t, fn[sf][0], d, gpr_sp(rn), 0, 0, sub ? -(s32)imm : (s32)imm);
	if (!set && rd == 31 && !(sf && rn == 31 && imm % 16 == 0))
		tr_sp_written(t);
	return true;
}

/* DecodeBitMasks (DDI0487 shared pseudocode): wmask only. False: reserved. */
static bool bitmask_imm(u32 w, u64 *out)
{
	unsigned n = bit(w, 22), imms = bits(w, 15, 10), immr = bits(w, 21, 16);
	u32 combined = n << 6 | (~imms & 0x3f);
	unsigned len = combined ? log2_64(combined) : 0;
	unsigned esize, s, r;
	u64 e;

	if (len < 1)
		return false;
	esize = 1u << len;
	s = imms & (esize - 1);
	r = immr & (esize - 1);
	if (s == esize - 1)
		return false;
	e = low_mask(s + 1);
	if (r)
		e = (e >> r | e << (esize - r)) & low_mask(esize);
	for (; esize < 64; esize *= 2)
		e |= e << esize;
	*out = e;
	return true;
}

bool tr_logic_imm(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn32[] = { exec_and_i32, exec_orr_i32, exec_eor_i32, exec_ands_i32 };
	static exec_fn *const fn64[] = { exec_and_i, exec_orr_i, exec_eor_i, exec_ands_i };
	static exec_fn *const wide[] = { exec_and_wide, exec_orr_wide, exec_eor_wide, exec_ands_wide };
	unsigned rd = w & 31, rn = bits(w, 9, 5), op = row->arg;
	bool sf = w >> 31;
	u8 d = op == 3 ? gpr_dst(rd) : gpr_sp(rd);
	u64 imm;

	if ((!sf && bit(w, 22)) || !bitmask_imm(w, &imm))
		return false;
	if (!sf)
		imm = (u32)imm;
	if (op == 1 && rn == 31)
		emit_mov_const(t, d, imm);
	else if (!sf)
		emit(t, fn32[op], d, gpr(rn), 0, 0, (s32)imm);
	else if (fits32(imm))
		emit(t, fn64[op], d, gpr(rn), 0, 0, (s32)imm);
	else
		emit_const(t, wide[op], d, gpr(rn), 0, 0, imm);
	if (op != 3 && rd == 31)
		tr_sp_written(t);
	return true;
}

bool tr_movwide(struct tr *t, const struct insn *row, u32 w)
{
	bool sf = w >> 31;
	unsigned sh = bits(w, 22, 21) * 16;
	u64 imm = bits(w, 20, 5);
	u8 d = gpr_dst(w & 31);

	if (!sf && sh >= 32)
		return false;
	if (row->arg == 3) {
		emit(t, sf ? exec_movk : exec_movk32, d, 0, 0, (u8)sh, (s32)imm);
		return true;
	}
	imm <<= sh;
	if (row->arg == 0)
		imm = sf ? ~imm : (u32)~imm;
	emit_mov_const(t, d, imm);
	return true;
}

bool tr_bitfield(struct tr *t, const struct insn *row, u32 w)
{
	bool sf = w >> 31;
	unsigned size = sf ? 64 : 32, r = bits(w, 21, 16), s = bits(w, 15, 10);
	u8 d = gpr_dst(w & 31), n = gpr(bits(w, 9, 5));
	unsigned left = size - 1 - s, right = s >= r ? size - 1 - s + r : r - s - 1;

	if (bit(w, 22) != sf || r >= size || s >= size)
		return false;
	if (row->arg == 1) {
		u64 m = s >= r ? low_mask(s - r + 1) : low_mask(s + 1) << (size - r);

		emit_const(t, sf ? exec_bfm64 : exec_bfm32, d, n, 0, (u8)r, m);
	} else if (row->arg == 0) {
		if (sf && r == 0 && s == 31)
			emit(t, exec_sxtw, d, n, 0, 0, 0);
		else if (sf && left == 0)
			emit(t, exec_asr64, d, n, 0, (u8)right, 0);
		else
			emit(t, sf ? exec_sbfm64 : exec_sbfm32, d, n, (u8)left, (u8)right, 0);
	} else if (right == 0) {
		emit(t, sf ? exec_lsl64 : exec_lsl32, d, n, 0, (u8)left, 0);
	} else if (left == 0) {
		emit(t, sf ? exec_lsr64 : exec_lsr32, d, n, 0, (u8)right, 0);
	} else if (r == 0 && (s == 7 || s == 15)) {
		emit(t, s == 7 ? exec_uxtb : exec_uxth, d, n, 0, 0, 0);
	} else {
		emit(t, sf ? exec_ubfm64 : exec_ubfm32, d, n, (u8)left, (u8)right, 0);
	}
	return true;
}

bool tr_extr(struct tr *t, const struct insn *row, u32 w)
{
	bool sf = w >> 31;
	unsigned lsb = bits(w, 15, 10);
	u8 d = gpr_dst(w & 31), n = gpr(bits(w, 9, 5)), m = gpr(bits(w, 20, 16));

	if (bit(w, 22) != sf || (!sf && lsb >= 32))
		return false;
	if (lsb == 0)
		emit(t, sf ? exec_mov64 : exec_mov32, d, 0, m, 0, 0);
	else
		emit(t, sf ? exec_extr64 : exec_extr32, d, n, m, (u8)lsb, 0);
	return true;
}

#define ROWS_OF(name, op, sh) exec_##name##_##sh,
bool tr_logic_reg(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[2][5][8] = {
		{ { OPS(ROWS_OF, r32) }, { OPS(ROWS_OF, lsl32) }, { OPS(ROWS_OF, lsr32) }, { OPS(ROWS_OF, asr32) }, { OPS(ROWS_OF, ror32) } },
		{ { OPS(ROWS_OF, r64) }, { OPS(ROWS_OF, lsl64) }, { OPS(ROWS_OF, lsr64) }, { OPS(ROWS_OF, asr64) }, { OPS(ROWS_OF, ror64) } },
	};
	bool sf = w >> 31;
	unsigned sh = bits(w, 23, 22), amount = bits(w, 15, 10);
	u8 d = gpr_dst(w & 31), n = gpr(bits(w, 9, 5)), m = gpr(bits(w, 20, 16));

	if (!sf && amount >= 32)
		return false;
	if (row->arg == 2 && n == REG_ZERO && amount == 0)
		emit(t, sf ? exec_mov64 : exec_mov32, d, 0, m, 0, 0);
	else
		emit(t, fn[sf][amount ? 1 + sh : 0][row->arg], d, n, m, (u8)amount, 0);
	return true;
}

bool tr_addsub_reg(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[2][4][4] = {
		{ { ARITH_OPS(ROWS_OF, r32) }, { ARITH_OPS(ROWS_OF, lsl32) }, { ARITH_OPS(ROWS_OF, lsr32) }, { ARITH_OPS(ROWS_OF, asr32) } },
		{ { ARITH_OPS(ROWS_OF, r64) }, { ARITH_OPS(ROWS_OF, lsl64) }, { ARITH_OPS(ROWS_OF, lsr64) }, { ARITH_OPS(ROWS_OF, asr64) } },
	};
	bool sf = w >> 31;
	unsigned sh = bits(w, 23, 22), amount = bits(w, 15, 10);

	if (sh == 3 || (!sf && amount >= 32))
		return false;
	emit(t, fn[sf][amount ? 1 + sh : 0][row->arg], gpr_dst(w & 31), gpr(bits(w, 9, 5)), gpr(bits(w, 20, 16)), (u8)amount, 0);
	return true;
}

bool tr_addsub_ext(struct tr *t, const struct insn *row, u32 w)
{
#define EXT_ROW(W)                                                                                                   \
	{ { ARITH_OPS(ROWS_OF, uxtb##W) }, { ARITH_OPS(ROWS_OF, uxth##W) }, { ARITH_OPS(ROWS_OF, uxtw##W) },         \
	  { ARITH_OPS(ROWS_OF, uxtx##W) }, { ARITH_OPS(ROWS_OF, sxtb##W) }, { ARITH_OPS(ROWS_OF, sxth##W) },         \
	  { ARITH_OPS(ROWS_OF, sxtw##W) }, { ARITH_OPS(ROWS_OF, uxtx##W) } }
	static exec_fn *const fn[2][8][4] = { EXT_ROW(32), EXT_ROW(64) };
	unsigned amount = bits(w, 12, 10), rd = w & 31;
	bool set = row->arg & 1;

	if (amount > 4)
		return false;
	emit(t, fn[w >> 31][bits(w, 15, 13)][row->arg], set ? gpr_dst(rd) : gpr_sp(rd), gpr_sp(bits(w, 9, 5)),
	     gpr(bits(w, 20, 16)), (u8)amount, 0);
	if (!set && rd == 31)
		tr_sp_written(t);
	return true;
}

bool tr_adc(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[2][4] = { { exec_adc32, exec_adcs32, exec_sbc32, exec_sbcs32 },
					   { exec_adc64, exec_adcs64, exec_sbc64, exec_sbcs64 } };

	emit(t, fn[w >> 31][row->arg], gpr_dst(w & 31), gpr(bits(w, 9, 5)), gpr(bits(w, 20, 16)), 0, 0);
	return true;
}

bool tr_ccmp(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[2][4] = { { exec_ccmn_r32, exec_ccmp_r32, exec_ccmn_i32, exec_ccmp_i32 },
					   { exec_ccmn_r64, exec_ccmp_r64, exec_ccmn_i64, exec_ccmp_i64 } };
	u32 m = bits(w, 20, 16);

	emit(t, fn[w >> 31][row->arg], 0, gpr(bits(w, 9, 5)), row->arg & 2 ? (u8)m : gpr(m), 0,
	     (s32)(cond_masks[bits(w, 15, 12)] | flags_of_index(w & 15) << 16));
	return true;
}

bool tr_csel(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[2][4] = { { exec_csel32, exec_csinc32, exec_csinv32, exec_csneg32 },
					   { exec_csel64, exec_csinc64, exec_csinv64, exec_csneg64 } };

	emit(t, fn[w >> 31][row->arg], gpr_dst(w & 31), gpr(bits(w, 9, 5)), gpr(bits(w, 20, 16)), 0,
	     cond_masks[bits(w, 15, 12)]);
	return true;
}

bool tr_data1(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[2][6] = {
		{ exec_rbit32, exec_rev16_32, exec_rev32_32, NULL, exec_clz32, exec_cls32 },
		{ exec_rbit64, exec_rev16_64, exec_rev32_64, exec_rev64, exec_clz64, exec_cls64 },
	};

	emit(t, fn[w >> 31][row->arg], gpr_dst(w & 31), gpr(bits(w, 9, 5)), 0, 0, 0);
	return true;
}

bool tr_data2(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[2][6] = {
		{ exec_udiv32, exec_sdiv32, exec_lslv32, exec_lsrv32, exec_asrv32, exec_rorv32 },
		{ exec_udiv64, exec_sdiv64, exec_lslv64, exec_lsrv64, exec_asrv64, exec_rorv64 },
	};

	emit(t, fn[w >> 31][row->arg], gpr_dst(w & 31), gpr(bits(w, 9, 5)), gpr(bits(w, 20, 16)), 0, 0);
	return true;
}

bool tr_crc32(struct tr *t, const struct insn *row, u32 w)
{
	unsigned sz = bits(w, 11, 10);

	if ((w >> 31) != (sz == 3))
		return false;
	emit(t, exec_crc, gpr_dst(w & 31), gpr(bits(w, 9, 5)), gpr(bits(w, 20, 16)), (u8)(1u << sz),
	     (s32)(bit(w, 12) ? 0x82f63b78u : 0xedb88320u));
	return true;
}

bool tr_data3(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const fn[8] = { exec_madd64, exec_msub64, exec_smaddl, exec_smsubl, exec_smulh, exec_umaddl, exec_umsubl,
					exec_umulh };
	bool sf = w >> 31;
	u8 a = gpr(bits(w, 14, 10));
	exec_fn *f = fn[row->arg];

	if (row->arg == 0 && a == REG_ZERO)
		f = sf ? exec_mul64 : exec_mul32;
	else if (row->arg < 2 && !sf)
		f = row->arg ? exec_msub32 : exec_madd32;
	emit(t, f, gpr_dst(w & 31), gpr(bits(w, 9, 5)), gpr(bits(w, 20, 16)), a, 0);
	return true;
}

void tr_sp_written(struct tr *t)
{
	if (t->key & KEY_SP_CHECK)
		emit(t, exec_sp_check, 0, 0, 0, 0, 0);
}
