/* See insn_known.h. */
#include "insn_known.h"

#include <stdio.h>
#include <string.h>

#include "insn_cover.h"

struct known {
	const char *row; /* "": any */
	bool spreads;	 /* in a chain, others may read what the reference has wrong: anything is
			    tolerated there */
	const char *why;
	bool (*is)(u32 w, const struct state *before, const struct state *want,
		   const struct state *got);
};

/*
 * FPSR.NZCV and FPCR.Len and Stride serve AArch32: RES0 without AArch32 (FPSR), RAZ/WI where short
 * vectors are not implemented (FPCR). The reference keeps what is written.
 */
static bool aarch32_bits(u32 w, const struct state *before, const struct state *want,
			 const struct state *got)
{
	struct state masked = *want;

	masked.fpsr &= ~0xf0000000ull;
	masked.fpcr &= ~0x00370000ull;
	return memcmp(&masked, got, sizeof masked) == 0;
}

/* The whole register holds the sign, where all above the lowest 16 bits is zero. */
static bool sign_above_half(u32 w, const struct state *before, const struct state *want,
			    const struct state *got)
{
	struct state masked = *want;

	masked.v[w & 31][0] &= 0xffff;
	return memcmp(&masked, got, sizeof masked) == 0;
}

/* The pair x30, xzr is written to x30 and SP. */
static bool pair_with_zero(u32 w, const struct state *before, const struct state *want,
			   const struct state *got)
{
	struct state masked = *want;

	masked.sp = before->sp;
	return (w >> 16 & 31) == 30 && memcmp(&masked, got, sizeof masked) == 0;
}

static bool unaligned(u32 w, const struct state *before, const struct state *want,
		      const struct state *got)
{
	return got->stop == STOP_ALIGNMENT && want->stop == STOP_END;
}

static bool no_cvap(u32 w, const struct state *before, const struct state *want,
		    const struct state *got)
{
	return (w & ~31u) == 0xd50b7c20 && want->stop == STOP_UNDEFINED &&
	       (got->stop == STOP_END || got->stop == STOP_MEMORY);
}

/* DC CVAC, CVAU, CVAP, CIVAC; IC IVAU */
static bool no_translation(u32 w, const struct state *before, const struct state *want,
			   const struct state *got)
{
	return ((w & ~0x71fu) == 0xd50b7820 || (w & ~31u) == 0xd50b7520) &&
	       want->stop == STOP_END && got->stop == STOP_MEMORY;
}

/* DC ZVA and CVAP */
static bool block_address(u32 w, const struct state *before, const struct state *want,
			  const struct state *got)
{
	struct state masked = *want;

	masked.far = before->x[w & 31];
	return ((w & ~31u) == 0xd50b7420 || (w & ~31u) == 0xd50b7c20) &&
	       want->far == (masked.far & ~63ull) && memcmp(&masked, got, sizeof masked) == 0;
}

static bool zva_pc(u32 w, const struct state *before, const struct state *want,
		   const struct state *got)
{
	return (w & ~31u) == 0xd50b7420 && want->stop == STOP_MEMORY && got->stop == STOP_MEMORY;
}

/* An address that a chain made up. */
static bool host_memory(u32 w, const struct state *before, const struct state *want,
			const struct state *got)
{
	return want->stop != STOP_MEMORY && got->stop == STOP_MEMORY &&
	       (got->far >> 32 & 0xffffff) >= 0x5500;
}

static const struct known list[] = {
	{ "msr_reg", false, "bits of FPCR and FPSR that only AArch32 uses (DDI0487 C5.2.7, C5.2.9)",
	  aarch32_bits },
	{ "fcvtzs_fix_sh", true, "QEMU before 8: FCVTZS Hd, Hn, #n leaves its sign above the half",
	  sign_above_half },
	{ "casp", false, "QEMU before 8: CASP of x30 and xzr writes SP", pair_with_zero },
	{ "ldapr", false, "QEMU before 8: LDAPR takes unaligned addresses", unaligned },
	{ "sys", false, "QEMU before 8: no DC CVAP in user mode", no_cvap },
	{ "sys", false, "QEMU's user mode does not translate for cache maintenance by address",
	  no_translation },
	{ "sys", false,
	  "FAR of DC is the register's value (DDI0487, FAR_EL1), QEMU has the block's",
	  block_address },
	{ "sys", false, "QEMU before 8: DC ZVA aborts at another instruction", zva_pc },
	{ "", false, "QEMU's own memory is accessible to its guest", host_memory },
	{ NULL, false, NULL, NULL },
};

_Static_assert(ARRAY_SIZE(list) <= COVER_KNOWN, "counted by entry");

static bool contains(const struct program *p, const char *name)
{
	for (u32 i = 0; i < p->n; i++) {
		const struct insn *row = a64_decode(p->word[i], ~0ull);

		if (row && strcmp(row->name, name) == 0)
			return true;
	}
	return false;
}

int insn_known(const struct program *p, const struct state *before, const struct state *want,
	       const struct state *got)
{
	for (const struct known *k = list; k->row; k++)
		if ((!*k->row || contains(p, k->row)) &&
		    (p->chain && *k->row ? k->spreads
					 : k->is(p->word[p->focus], before, want, got)))
			return (int)(k - list);
	return -1;
}

void insn_known_print(const u64 *counts)
{
	for (const struct known *k = list; k->row; k++)
		if (counts[k - list])
			printf("  %s: %llu: %s\n", k->row, (unsigned long long)counts[k - list],
			       k->why);
}
