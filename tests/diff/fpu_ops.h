/*
 * The operations that the differential test of cpu/fpu.h compares: OP(name, size of the operands
 * as enum fp_size or 0 for a 64-bit integer, instruction, the same by cpu/fpu.h). The instruction
 * has its operands in registers 0, 1, 2 and its result in 3; integers travel through d registers.
 * The expression has struct fpu *f and u64 a, b, c. Read by fpu_guest.c (instruction) and
 * fpu_host.c.
 */
#ifndef TESTS_DIFF_FPU_OPS_H
#define TESTS_DIFF_FPU_OPS_H

#define FPU_RM ((enum fp_round)f->rm)

#define FPU_OPS_BINARY(OP, w, S, L)                                                                \
	OP(add##w, S, "fadd " L "3, " L "0, " L "1", fp##w##_add(f, a, b))                         \
	OP(sub##w, S, "fsub " L "3, " L "0, " L "1", fp##w##_sub(f, a, b))                         \
	OP(mul##w, S, "fmul " L "3, " L "0, " L "1", fp##w##_mul(f, a, b))                         \
	OP(div##w, S, "fdiv " L "3, " L "0, " L "1", fp##w##_div(f, a, b))                         \
	OP(mulx##w, S, "fmulx " L "3, " L "0, " L "1", fp##w##_mulx(f, a, b))                      \
	OP(min##w, S, "fmin " L "3, " L "0, " L "1", fp##w##_min(f, a, b))                         \
	OP(max##w, S, "fmax " L "3, " L "0, " L "1", fp##w##_max(f, a, b))                         \
	OP(minnm##w, S, "fminnm " L "3, " L "0, " L "1", fp##w##_minnm(f, a, b))                   \
	OP(maxnm##w, S, "fmaxnm " L "3, " L "0, " L "1", fp##w##_maxnm(f, a, b))                   \
	OP(recps##w, S, "frecps " L "3, " L "0, " L "1", fp##w##_recps(f, a, b))                   \
	OP(rsqrts##w, S, "frsqrts " L "3, " L "0, " L "1", fp##w##_rsqrts(f, a, b))                \
	OP(cmeq##w, S, "fcmeq " L "3, " L "0, " L "1", fp##w##_cmeq(f, a, b))                      \
	OP(cmge##w, S, "fcmge " L "3, " L "0, " L "1", fp##w##_cmge(f, a, b))                      \
	OP(cmgt##w, S, "fcmgt " L "3, " L "0, " L "1", fp##w##_cmgt(f, a, b))                      \
	OP(acge##w, S, "facge " L "3, " L "0, " L "1", fp##w##_acge(f, a, b))                      \
	OP(acgt##w, S, "facgt " L "3, " L "0, " L "1", fp##w##_acgt(f, a, b))

#define FPU_NZCV "\n\tmrs x3, nzcv\n\tlsr x3, x3, #28\n\tfmov d3, x3"

#define FPU_OPS_OTHER(OP, w, S, L)                                                                 \
	OP(fma##w, S, "fmadd " L "3, " L "0, " L "1, " L "2", fp##w##_fma(f, c, a, b))             \
	OP(fnmsub##w, S, "fnmsub " L "3, " L "0, " L "1, " L "2",                                  \
	   fp##w##_fma(f, fp_neg(S, c), a, b))                                                     \
	OP(sqrt##w, S, "fsqrt " L "3, " L "0", fp##w##_sqrt(f, a))                                 \
	OP(recpe##w, S, "frecpe " L "3, " L "0", fp##w##_recpe(f, a))                              \
	OP(rsqrte##w, S, "frsqrte " L "3, " L "0", fp##w##_rsqrte(f, a))                           \
	OP(recpx##w, S, "frecpx " L "3, " L "0", fp##w##_recpx(f, a))                              \
	OP(cmp##w, S, "fcmp " L "0, " L "1" FPU_NZCV, fp##w##_compare(f, a, b, false))             \
	OP(cmpe##w, S, "fcmpe " L "0, " L "1" FPU_NZCV, fp##w##_compare(f, a, b, true))            \
	OP(rintn##w, S, "frintn " L "3, " L "0", fp_round_int(f, S, a, FP_RN, false))              \
	OP(rintp##w, S, "frintp " L "3, " L "0", fp_round_int(f, S, a, FP_RP, false))              \
	OP(rintm##w, S, "frintm " L "3, " L "0", fp_round_int(f, S, a, FP_RM, false))              \
	OP(rintz##w, S, "frintz " L "3, " L "0", fp_round_int(f, S, a, FP_RZ, false))              \
	OP(rinta##w, S, "frinta " L "3, " L "0", fp_round_int(f, S, a, FP_RA, false))              \
	OP(rintx##w, S, "frintx " L "3, " L "0", fp_round_int(f, S, a, FPU_RM, true))              \
	OP(rinti##w, S, "frinti " L "3, " L "0", fp_round_int(f, S, a, FPU_RM, false))

/* `I` is the register letter of isize bits; results are moved to d3. */
#define FPU_OPS_TO_INT(OP, w, S, L, isize, I)                                                      \
	OP(cvtns##w##_##isize, S, "fcvtns " I "3, " L "0\n\tfmov d3, x3",                          \
	   fp_to_int(f, S, a, isize, false, 0, FP_RN))                                             \
	OP(cvtnu##w##_##isize, S, "fcvtnu " I "3, " L "0\n\tfmov d3, x3",                          \
	   fp_to_int(f, S, a, isize, true, 0, FP_RN))                                              \
	OP(cvtps##w##_##isize, S, "fcvtps " I "3, " L "0\n\tfmov d3, x3",                          \
	   fp_to_int(f, S, a, isize, false, 0, FP_RP))                                             \
	OP(cvtmu##w##_##isize, S, "fcvtmu " I "3, " L "0\n\tfmov d3, x3",                          \
	   fp_to_int(f, S, a, isize, true, 0, FP_RM))                                              \
	OP(cvtas##w##_##isize, S, "fcvtas " I "3, " L "0\n\tfmov d3, x3",                          \
	   fp_to_int(f, S, a, isize, false, 0, FP_RA))                                             \
	OP(cvtau##w##_##isize, S, "fcvtau " I "3, " L "0\n\tfmov d3, x3",                          \
	   fp_to_int(f, S, a, isize, true, 0, FP_RA))                                              \
	OP(cvtzs##w##_##isize, S, "fcvtzs " I "3, " L "0\n\tfmov d3, x3",                          \
	   fp_to_int(f, S, a, isize, false, 0, FP_RZ))                                             \
	OP(cvtzu##w##_##isize, S, "fcvtzu " I "3, " L "0\n\tfmov d3, x3",                          \
	   fp_to_int(f, S, a, isize, true, 0, FP_RZ))                                              \
	OP(cvtzs##w##_##isize##f, S, "fcvtzs " I "3, " L "0, #9\n\tfmov d3, x3",                   \
	   fp_to_int(f, S, a, isize, false, 9, FP_RZ))                                             \
	OP(cvtzu##w##_##isize##f, S, "fcvtzu " I "3, " L "0, #" #isize "\n\tfmov d3, x3",          \
	   fp_to_int(f, S, a, isize, true, isize, FP_RZ))                                          \
	OP(scvtf##w##_##isize, 0, "fmov x0, d0\n\tscvtf " L "3, " I "0",                           \
	   fp_from_sint(f, S, (s##isize)a, 0, FPU_RM))                                             \
	OP(ucvtf##w##_##isize, 0, "fmov x0, d0\n\tucvtf " L "3, " I "0",                           \
	   fp_from_uint(f, S, (u##isize)a, 0, FPU_RM))                                             \
	OP(scvtf##w##_##isize##f, 0, "fmov x0, d0\n\tscvtf " L "3, " I "0, #" #isize,              \
	   fp_from_sint(f, S, (s##isize)a, isize, FPU_RM))                                         \
	OP(ucvtf##w##_##isize##f, 0, "fmov x0, d0\n\tucvtf " L "3, " I "0, #13",                   \
	   fp_from_uint(f, S, (u##isize)a, 13, FPU_RM))

/* Where fpu.h has an inline form of a conversion. */
#define FPU_OPS_INLINE(OP, w, S, L)                                                                \
	OP(inline_s64##w, S, "fcvtzs x3, " L "0\n\tfmov d3, x3", (u64)fp##w##_to_s64_rz(f, a))     \
	OP(inline_s32##w, S, "fcvtzs w3, " L "0\n\tfmov d3, x3", (u32)fp##w##_to_s32_rz(f, a))     \
	OP(inline_scvtf##w, 0, "fmov x0, d0\n\tscvtf " L "3, x0", fp##w##_from_s64(f, (s64)a))

/* AdvSIMD's 16-bit integers. The fmov is for QEMU 7.2, which leaves the sign above the lowest 16
 * bits. */
#define FPU_OPS_INT16(OP)                                                                          \
	OP(cvtas16_16, FP_H, "fcvtas h3, h0", fp_to_int(f, FP_H, a, 16, false, 0, FP_RA))          \
	OP(cvtnu16_16, FP_H, "fcvtnu h3, h0", fp_to_int(f, FP_H, a, 16, true, 0, FP_RN))           \
	OP(cvtzs16_16f, FP_H, "fcvtzs h3, h0, #5\n\tfmov h3, h3",                                  \
	   fp_to_int(f, FP_H, a, 16, false, 5, FP_RZ))                                             \
	OP(cvtzu16_16f, FP_H, "fcvtzu h3, h0, #16", fp_to_int(f, FP_H, a, 16, true, 16, FP_RZ))    \
	OP(scvtf16_16, FP_H, "scvtf h3, h0", fp_from_sint(f, FP_H, (s16)a, 0, FPU_RM))             \
	OP(ucvtf16_16f, FP_H, "ucvtf h3, h0, #16", fp_from_uint(f, FP_H, (u16)a, 16, FPU_RM))

#define FPU_OPS_CONVERT(OP)                                                                        \
	OP(cvt_hs, FP_H, "fcvt s3, h0", fp_convert(f, FP_S, FP_H, a, FPU_RM))                      \
	OP(cvt_hd, FP_H, "fcvt d3, h0", fp_convert(f, FP_D, FP_H, a, FPU_RM))                      \
	OP(cvt_sh, FP_S, "fcvt h3, s0", fp_convert(f, FP_H, FP_S, a, FPU_RM))                      \
	OP(cvt_sd, FP_S, "fcvt d3, s0", fp64_from_fp32(f, a))                                      \
	OP(cvt_dh, FP_D, "fcvt h3, d0", fp_convert(f, FP_H, FP_D, a, FPU_RM))                      \
	OP(cvt_ds, FP_D, "fcvt s3, d0", fp32_from_fp64(f, a))                                      \
	OP(cvtxn, FP_D, "fcvtxn s3, d0", fp_convert(f, FP_S, FP_D, a, FP_RO))                      \
	OP(urecpe, FP_S, "urecpe v3.2s, v0.2s\n\tfmov s3, s3", fp_urecpe(a))                       \
	OP(ursqrte, FP_S, "ursqrte v3.2s, v0.2s\n\tfmov s3, s3", fp_ursqrte(a))                    \
	OP(from_s32, 0, "fmov x0, d0\n\tscvtf d3, w0", fp64_from_s32((s32)a))                      \
	OP(from_u32, 0, "fmov x0, d0\n\tucvtf d3, w0", fp64_from_u32((u32)a))

#define FPU_OPS_SIZE(OP, w, S, L)                                                                  \
	FPU_OPS_BINARY(OP, w, S, L)                                                                \
	FPU_OPS_OTHER(OP, w, S, L)                                                                 \
	FPU_OPS_TO_INT(OP, w, S, L, 32, "w")                                                       \
	FPU_OPS_TO_INT(OP, w, S, L, 64, "x")

#define FPU_OPS(OP)                                                                                \
	FPU_OPS_SIZE(OP, 16, FP_H, "h")                                                            \
	FPU_OPS_SIZE(OP, 32, FP_S, "s")                                                            \
	FPU_OPS_SIZE(OP, 64, FP_D, "d")                                                            \
	FPU_OPS_INLINE(OP, 32, FP_S, "s")                                                          \
	FPU_OPS_INLINE(OP, 64, FP_D, "d")                                                          \
	FPU_OPS_INT16(OP)                                                                          \
	FPU_OPS_CONVERT(OP)

#define FPU_OP_ENUM(name, size, insn, expr) FPU_OP_##name,
enum fpu_op { FPU_OPS(FPU_OP_ENUM) FPU_OP_COUNT };

/* What fpu_host writes and fpu_guest reads, and the guest's answer. */
struct fpu_case {
	uint32_t op, fpcr;
	uint64_t a, b, c;
};
struct fpu_answer {
	uint64_t result, fpsr;
};

#endif
