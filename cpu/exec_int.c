/*
 * Data processing of the general registers (DDI0487 C4.1.93 and C4.1.95). Widths, shifts and flag variants are instances of a
 * few macros; which instance runs is decided at translation.
 */
#include "cpu/flags.h"
#include "cpu/fuse.h"
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

/* Writes the result and hands it on. */
#define SET(value)                                                                                                   \
	do {                                                                                                         \
		u64 set_ = (value);                                                                                  \
		RD = set_;                                                                                           \
		NEXT_ACC(c, u, set_);                                                                                \
	} while (0)
/*
 * A handler with its forwarding twins: N and M stand for the operands rn and rm. UNARY: rn alone; UNARY_M: rm alone; BINARY: both.
 */
#define UNARY(name, expr)                                                                                            \
	EXEC(name) { const u64 N = RN; SET(expr); }                                                                  \
	EXEC(name##_fn) { const u64 N = acc; SET(expr); }
#define UNARY_M(name, expr)                                                                                          \
	EXEC(name) { const u64 M = RM; SET(expr); }                                                                  \
	EXEC(name##_fm) { const u64 M = acc; SET(expr); }
#define BINARY(name, expr)                                                                                           \
	EXEC(name) { const u64 N = RN, M = RM; SET(expr); }                                                          \
	EXEC(name##_fn) { const u64 N = acc, M = RM; SET(expr); }                                                    \
	EXEC(name##_fm) { const u64 N = RN, M = acc; SET(expr); }

/* Moves and constants. */
UNARY_M(mov32, (u32)M)
UNARY_M(mov64, M)
EXEC(movi) { SET((u64)(s64)u->imm); }
EXEC(movi_wide) { SET(uop_const(u)); }
EXEC(movk) { SET((RD & ~(0xffffull << u->aux)) | (u64)u->uimm << u->aux); }
EXEC(movk32) { SET((u32)((RD & ~(0xffffull << u->aux)) | (u64)u->uimm << u->aux)); }
EXEC(adr) { SET(c->page_va + (u64)(s64)u->imm); }
EXEC(adr_wide) { SET(c->page_va + uop_const(u)); }

/* Add, subtract, logical with immediate; imm is sign-extended. */
UNARY(add_i64, N + (u64)(s64)u->imm)
UNARY(add_i32, (u32)(N + (u32)u->imm))
UNARY(adds_i64, adds64(c, N, (u64)(s64)u->imm))
UNARY(adds_i32, adds32(c, (u32)N, (u32)u->imm))
UNARY(subs_i64, subs64(c, N, (u64)(s64)u->imm))
UNARY(subs_i32, subs32(c, (u32)N, (u32)u->imm))
UNARY(and_i, N & (u64)(s64)u->imm)
UNARY(orr_i, N | (u64)(s64)u->imm)
UNARY(eor_i, N ^ (u64)(s64)u->imm)
UNARY(ands_i, logic_flags64(c, N & (u64)(s64)u->imm))
UNARY(and_wide, N & uop_const(u))
UNARY(orr_wide, N | uop_const(u))
UNARY(eor_wide, N ^ uop_const(u))
UNARY(ands_wide, logic_flags64(c, N & uop_const(u)))
UNARY(and_i32, (u32)N & u->uimm)
UNARY(orr_i32, (u32)N | u->uimm)
UNARY(eor_i32, (u32)N ^ u->uimm)
UNARY(ands_i32, logic_flags32(c, (u32)N & u->uimm))
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

#define REG_OP(name, op, W, shname, SH) BINARY(name##_##shname##W, op(W, (u##W)N, (u##W)SH(u##W, (u##W)M, u->aux)))
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

BINARY(adc64, N + M + carry_in(c))
BINARY(adc32, (u32)(N + M + carry_in(c)))
BINARY(adcs64, adcs64(c, N, M))
BINARY(adcs32, adcs32(c, (u32)N, (u32)M))
BINARY(sbc64, N + ~M + carry_in(c))
BINARY(sbc32, (u32)(N + ~M + carry_in(c)))
BINARY(sbcs64, adcs64(c, N, ~M))
BINARY(sbcs32, adcs32(c, (u32)N, ~(u32)M))

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

#define CSEL(name, W, expr) BINARY(name##W, cond_mask_holds(c, u->uimm) ? (u##W)N : (u##W)(expr))
CSEL(csel, 32, M)
CSEL(csel, 64, M)
CSEL(csinc, 32, M + 1)
CSEL(csinc, 64, M + 1)
CSEL(csinv, 32, ~M)
CSEL(csinv, 64, ~M)
CSEL(csneg, 32, -M)
CSEL(csneg, 64, -M)

/* Bitfields: shift left by rm, then right by aux; BFM: rotate right by aux, insert under a constant mask. */
UNARY(ubfm64, N << u->rm >> u->aux)
UNARY(sbfm64, (u64)((s64)(N << u->rm) >> u->aux))
UNARY(ubfm32, (u32)N << u->rm >> u->aux)
UNARY(sbfm32, (u32)((s32)((u32)N << u->rm) >> u->aux))
UNARY(lsl64, N << u->aux)
UNARY(lsr64, N >> u->aux)
UNARY(asr64, (u64)((s64)N >> u->aux))
UNARY(lsl32, (u32)N << u->aux)
UNARY(lsr32, (u32)N >> u->aux)
UNARY(uxtb, (u8)N)
UNARY(uxth, (u16)N)
UNARY(sxtw, (u64)(s64)(s32)N)
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
BINARY(extr64, M >> u->aux | N << (64 - u->aux)) /* aux 1..63 */
BINARY(extr32, (u32)((u32)M >> u->aux | (u32)N << (32 - u->aux)))

/* One source. */
static inline u64 reverse_bits(u64 v)
{
	v = (v >> 1 & 0x5555555555555555) | (v & 0x5555555555555555) << 1;
	v = (v >> 2 & 0x3333333333333333) | (v & 0x3333333333333333) << 2;
	v = (v >> 4 & 0x0f0f0f0f0f0f0f0f) | (v & 0x0f0f0f0f0f0f0f0f) << 4;
	return __builtin_bswap64(v);
}
UNARY(rbit64, reverse_bits(N))
UNARY(rbit32, reverse_bits(N) >> 32)
UNARY(rev16_64, (N >> 8 & 0x00ff00ff00ff00ff) | (N & 0x00ff00ff00ff00ff) << 8)
UNARY(rev16_32, (N >> 8 & 0x00ff00ff) | (N & 0x00ff00ff) << 8)
UNARY(rev32_64, ror64(__builtin_bswap64(N), 32))
UNARY(rev32_32, __builtin_bswap32((u32)N))
UNARY(rev64, __builtin_bswap64(N))
UNARY(clz64, clz64(N))
UNARY(clz32, clz32((u32)N))
UNARY(cls64, clz64((N ^ (u64)((s64)N >> 1)) & ~0ull >> 1) - 1)
UNARY(cls32, clz32(((u32)N ^ (u32)((s32)N >> 1)) & ~0u >> 1) - 1)

/* Two sources. Division by zero gives zero; the overflowing signed division gives the dividend. */
BINARY(udiv64, M ? N / M : 0)
BINARY(udiv32, (u32)M ? (u32)N / (u32)M : 0)
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
BINARY(lslv64, N << (M & 63))
BINARY(lsrv64, N >> (M & 63))
BINARY(asrv64, (u64)((s64)N >> (M & 63)))
BINARY(rorv64, ror64(N, M & 63))
BINARY(lslv32, (u32)N << (M & 31))
BINARY(lsrv32, (u32)N >> (M & 31))
BINARY(asrv32, (u32)((s32)N >> (M & 31)))
BINARY(rorv32, ror32((u32)N, M & 31))

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
BINARY(crc, crc_bytes((u32)N, M, u->aux, u->uimm))

/* Three sources; the addend is x[aux]. */
#define RA c->x[u->aux]
EXEC(madd64) { SET(RA + RN * RM); }
EXEC(madd32) { SET((u32)(RA + RN * RM)); }
EXEC(msub64) { SET(RA - RN * RM); }
EXEC(msub32) { SET((u32)(RA - RN * RM)); }
BINARY(mul64, N * M)
BINARY(mul32, (u32)(N * M))
EXEC(smaddl) { SET(RA + (u64)((s64)(s32)RN * (s32)RM)); }
EXEC(smsubl) { SET(RA - (u64)((s64)(s32)RN * (s32)RM)); }
EXEC(umaddl) { SET(RA + (u64)(u32)RN * (u32)RM); }
EXEC(umsubl) { SET(RA - (u64)(u32)RN * (u32)RM); }
BINARY(smulh, (u64)(((s128)(s64)N * (s64)M) >> 64))
BINARY(umulh, (u64)(((u128)N * M) >> 64))

/* ---- twins ---- */

#define FWD_N(name)    { exec_##name, exec_##name##_fn, NULL, NULL, FWD_PRODUCES },
#define FWD_M(name)    { exec_##name, NULL, exec_##name##_fm, NULL, FWD_PRODUCES },
#define FWD_NM(name)   { exec_##name, exec_##name##_fn, exec_##name##_fm, NULL, FWD_PRODUCES },
#define FWD_NONE(name) { exec_##name, NULL, NULL, NULL, FWD_PRODUCES },
#define FWD_OP(name, op, W, shname) FWD_NM(name##_##shname##W)
#define FWD_ARITH(shname) ARITH_OPS(FWD_OP, 32, shname) ARITH_OPS(FWD_OP, 64, shname)
#define FWD_LOGIC(shname) OPS(FWD_OP, 32, shname) OPS(FWD_OP, 64, shname)
const struct fwd_row fwd_int_rows[] = {
	FWD_LOGIC(r) FWD_LOGIC(lsl) FWD_LOGIC(lsr) FWD_LOGIC(asr) FWD_LOGIC(ror)
	FWD_ARITH(r) FWD_ARITH(lsl) FWD_ARITH(lsr) FWD_ARITH(asr)
	FWD_ARITH(uxtb) FWD_ARITH(uxth) FWD_ARITH(uxtw) FWD_ARITH(uxtx) FWD_ARITH(sxtb) FWD_ARITH(sxth) FWD_ARITH(sxtw)
	FWD_NM(csel32) FWD_NM(csel64) FWD_NM(csinc32) FWD_NM(csinc64) FWD_NM(csinv32) FWD_NM(csinv64) FWD_NM(csneg32) FWD_NM(csneg64)
	FWD_N(add_i64) FWD_N(add_i32) FWD_N(adds_i64) FWD_N(adds_i32) FWD_N(subs_i64) FWD_N(subs_i32) FWD_N(and_i)
	FWD_N(orr_i) FWD_N(eor_i) FWD_N(ands_i) FWD_N(and_wide) FWD_N(orr_wide) FWD_N(eor_wide) FWD_N(ands_wide)
	FWD_N(and_i32) FWD_N(orr_i32) FWD_N(eor_i32) FWD_N(ands_i32) FWD_N(ubfm64) FWD_N(sbfm64) FWD_N(ubfm32)
	FWD_N(sbfm32) FWD_N(lsl64) FWD_N(lsr64) FWD_N(asr64) FWD_N(lsl32) FWD_N(lsr32) FWD_N(uxtb) FWD_N(uxth)
	FWD_N(sxtw) FWD_N(rbit64) FWD_N(rbit32) FWD_N(rev16_64) FWD_N(rev16_32) FWD_N(rev32_64) FWD_N(rev32_32)
	FWD_N(rev64) FWD_N(clz64) FWD_N(clz32) FWD_N(cls64) FWD_N(cls32)
	FWD_M(mov32) FWD_M(mov64)
	FWD_NM(adc64) FWD_NM(adc32) FWD_NM(adcs64) FWD_NM(adcs32) FWD_NM(sbc64) FWD_NM(sbc32) FWD_NM(sbcs64)
	FWD_NM(sbcs32) FWD_NM(extr64) FWD_NM(extr32) FWD_NM(udiv64) FWD_NM(udiv32) FWD_NM(lslv64) FWD_NM(lsrv64)
	FWD_NM(asrv64) FWD_NM(rorv64) FWD_NM(lslv32) FWD_NM(lsrv32) FWD_NM(asrv32) FWD_NM(rorv32) FWD_NM(crc)
	FWD_NM(mul64) FWD_NM(mul32) FWD_NM(smulh) FWD_NM(umulh)
	FWD_NONE(movi) FWD_NONE(movi_wide) FWD_NONE(adr) FWD_NONE(adr_wide) FWD_NONE(movk) FWD_NONE(movk32)
	FWD_NONE(madd64) FWD_NONE(madd32) FWD_NONE(msub64) FWD_NONE(msub32) FWD_NONE(smaddl) FWD_NONE(smsubl) FWD_NONE(umaddl) FWD_NONE(umsubl)
};
const size_t fwd_int_rows_n = ARRAY_SIZE(fwd_int_rows);

/*
 * Compare and branch: the flags are written as always, the branch is decided from the operands. u[1] is the branch. A taken
 * branch of the near form stays in the page.
 */
#define HOLDS_eq(W, a, b, r) ((a) == (b))
#define HOLDS_ne(W, a, b, r) ((a) != (b))
#define HOLDS_cs(W, a, b, r) ((a) >= (b))
#define HOLDS_cc(W, a, b, r) ((a) < (b))
#define HOLDS_mi(W, a, b, r) ((s##W)(r) < 0)
#define HOLDS_pl(W, a, b, r) ((s##W)(r) >= 0)
#define HOLDS_hi(W, a, b, r) ((a) > (b))
#define HOLDS_ls(W, a, b, r) ((a) <= (b))
#define HOLDS_ge(W, a, b, r) ((s##W)(a) >= (s##W)(b))
#define HOLDS_lt(W, a, b, r) ((s##W)(a) < (s##W)(b))
#define HOLDS_gt(W, a, b, r) ((s##W)(a) > (s##W)(b))
#define HOLDS_le(W, a, b, r) ((s##W)(a) <= (s##W)(b))
#define CMP_BRANCH_ONE(name, cond, W, a_, b_)                                                                        \
	EXEC(name)                                                                                                   \
	{                                                                                                            \
		const u##W a = (u##W)(a_), b = (u##W)(b_);                                                           \
		u##W r = subs##W(c, a, b);                                                                           \
		RD = r;                                                                                              \
		if (HOLDS_##cond(W, a, b, r)) {                                                                      \
			if (u[1].uimm < 4096)                                                                        \
				return go_link(c, 0, u[1].imm);                                                      \
			return go_va(c, c->page_va + (u64)(s64)u[1].imm);                                            \
		}                                                                                                    \
		return go_link(c, 1, u[1].h1);                                                                       \
	}
#define CMP_BRANCH(cond, W)                                                                                          \
	CMP_BRANCH_ONE(subs_i##W##_b_##cond, cond, W, RN, (s64)u->imm)                                               \
	CMP_BRANCH_ONE(subs_i##W##_b_##cond##_fn, cond, W, acc, (s64)u->imm)                                         \
	CMP_BRANCH_ONE(subs_r##W##_b_##cond, cond, W, RN, RM)                                                        \
	CMP_BRANCH_ONE(subs_r##W##_b_##cond##_fn, cond, W, acc, RM)                                                  \
	CMP_BRANCH_ONE(subs_r##W##_b_##cond##_fm, cond, W, RN, acc)
FUSED_CONDS(CMP_BRANCH, 32)
FUSED_CONDS(CMP_BRANCH, 64)

#define PAIR_I(cond, W, end)                                                                                         \
	{ exec_subs_i##W, exec_b_##cond##_##end, exec_subs_i##W##_b_##cond, exec_subs_i##W##_b_##cond##_fn, NULL, false },
#define PAIR_R(cond, W, end)                                                                                         \
	{ exec_subs_r##W, exec_b_##cond##_##end, exec_subs_r##W##_b_##cond, exec_subs_r##W##_b_##cond##_fn,          \
	  exec_subs_r##W##_b_##cond##_fm, false },
const struct pair_row pair_int_rows[] = {
	FUSED_CONDS(PAIR_I, 32, near) FUSED_CONDS(PAIR_I, 32, far) FUSED_CONDS(PAIR_I, 64, near) FUSED_CONDS(PAIR_I, 64, far)
	FUSED_CONDS(PAIR_R, 32, near) FUSED_CONDS(PAIR_R, 32, far) FUSED_CONDS(PAIR_R, 64, near) FUSED_CONDS(PAIR_R, 64, far)
};
const size_t pair_int_rows_n = ARRAY_SIZE(pair_int_rows);

/*
 * Heads: the handler's work by the handler itself, as an expression of what it writes. H_ repeats the operand forms of the handler
 * of that name above.
 */
#define H_mov64 RM
#define H_mov32 (u32)RM
#define H_movi (u64)(s64)u->imm
#define H_adr c->page_va + (u64)(s64)u->imm
#define H_add_i64 RN + (u64)(s64)u->imm
#define H_add_i64_fn acc + (u64)(s64)u->imm
#define H_add_i32 (u32)(RN + (u32)u->imm)
#define H_add_i32_fn (u32)(acc + (u32)u->imm)
#define H_add_r64 RN + RM
#define H_sub_r64 RN - RM
#define H_add_r32 (u32)((u32)RN + (u32)RM)
#define H_add_r32_fn (u32)((u32)acc + (u32)RM)
#define H_add_r32_fm (u32)((u32)RN + (u32)acc)
#define H_lsr64 RN >> u->aux
#define H_and_i32 (u32)RN & u->uimm
#define H_and_r32 (u32)RN & (u32)RM
#define H_eor_r32 (u32)RN ^ (u32)RM
#define H_eor_r32_fn (u32)acc ^ (u32)RM
#define H_eor_ror32 (u32)RN ^ ror32((u32)RM, u->aux)
#define H_eor_ror32_fn (u32)acc ^ ror32((u32)RM, u->aux)
#define H_eor_lsr32_fn (u32)acc ^ (u32)RM >> u->aux
#define H_extr32 (u32)((u32)RM >> u->aux | (u32)RN << (32 - u->aux))
#define H_csel64 cond_mask_holds(c, u->uimm) ? RN : RM
#define H_csinc64 cond_mask_holds(c, u->uimm) ? RN : RM + 1
#define H_mul64 RN * RM
#define H_madd64 RA + RN * RM
#define H_add_uxtw64 RN + ((u64)(u32)RM << u->aux)
#define H_sxtw (u64)(s64)(s32)RN
#define H_add_lsr64 RN + (RM >> u->aux)
#define H_add_lsl64 RN + (RM << u->aux)
#define H_sub_r64_fn acc - RM
#define H_and_wide RN & uop_const(u)
#define H_subs_r64 subs64(c, RN, RM)
#define HEADS_INT(X)                                                                                                 \
	X(mov64) X(mov32) X(movi) X(adr) X(add_i64) X(add_i64_fn) X(add_i32) X(add_i32_fn) X(add_r64) X(sub_r64) X(add_r32) \
	X(add_r32_fn) X(add_r32_fm) X(lsr64) X(and_i32) X(and_r32) X(eor_r32) X(eor_r32_fn) X(eor_ror32) X(eor_ror32_fn) \
	X(eor_lsr32_fn) X(extr32) X(csel64) X(csinc64) X(mul64) X(madd64) X(add_uxtw64) X(sxtw) X(add_lsr64) X(add_lsl64) X(sub_r64_fn) \
	X(and_wide) X(subs_r64)
#define HEAD_INT_TAIL(tail, head)                                                                                    \
	EXEC(head##__##tail)                                                                                         \
	{                                                                                                            \
		u64 v = H_##head;                                                                                    \
		RD = v;                                                                                              \
		return exec_tail_##tail(c, u + 1, v);                                                                \
	}
#define HEAD_INT(head) TAILS(HEAD_INT_TAIL, head) HEAD_TABLE(head)
HEADS_INT(HEAD_INT)
const struct head_row head_int_rows[] = { HEADS_INT(HEAD_ROW) };
const size_t head_int_rows_n = ARRAY_SIZE(head_int_rows);
TAILS_INT(TAIL_DEFINE, )
const struct tail_row tail_int_rows[] = { TAILS_INT(TAIL_ROW, ) };
const size_t tail_int_rows_n = ARRAY_SIZE(tail_int_rows);

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
