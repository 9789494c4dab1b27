/*
 * The arguments of the floating-point rows (a64_fp.def), for the instruction table and the translate functions that read them.
 */
#ifndef CPU_FP_OPS_H
#define CPU_FP_OPS_H

#include "cpu/fpu.h"

/* Arguments of conversion rows: an enum fp_round, or FPA_RM, and these bits. */
enum {
	FPA_RM = 7,          /* the rounding mode in FPCR */
	FPA_EXACT = 8,       /* FRINTX: a changed value is inexact */
	FPA_RM_EXACT = FPA_RM | FPA_EXACT,
	FPA_U = 16,          /* unsigned integer */
	FPA_FIX = 32,        /* with fraction bits */
};

/* Arguments of Advanced SIMD rows: which operation. */
enum fpv_op {
	FPV_ADD, FPV_SUB, FPV_MUL, FPV_DIV, FPV_MULX, FPV_MAX, FPV_MIN, FPV_MAXNM, FPV_MINNM, FPV_ABD, FPV_RECPS, FPV_RSQRTS,
	FPV_CMEQ, FPV_CMGE, FPV_CMGT, FPV_ACGE, FPV_ACGT, FPV_BINARY_COUNT,
	FPV_SQRT = 0, FPV_RECPE, FPV_RSQRTE, FPV_RECPX, FPV_CMGT0, FPV_CMGE0, FPV_CMEQ0, FPV_CMLE0, FPV_CMLT0, FPV_UNARY_COUNT,
};

#endif
