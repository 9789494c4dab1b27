/*
 * One fetch and one load at EL1 with both stages on and nothing cached, nothing else: every table
 * and page lies at an IPA of its own, so far from the others that not even a cached table
 * descriptor of stage 2 could serve twice; fetch and load do not share a stage-1 table (TTBR0,
 * TTBR1). So with 4 levels of stage 1 each of the two costs 4 reads of stage 1, and 5 stage-2
 * walks: of the four tables and of the page. The MMU is off at EL2.
 */
#ifndef S2_READS_H
#define S2_READS_H

#include "mmu_vm.h"

#define CODE_VA 0x123456789000ul
#define DATA_VA 0xffffa98765432000ul
#define MAGIC 0x600dcafef00d0003ul
#define TCR_48BIT (16ul | 16ul << 16 | 0x35ul << 8 | 0x35ul << 24 | 2ul << 30 | 4ul << 32)

static u64 *s2_root;
static unsigned s2_start, s2_used;

/* Gives a page of memory the next IPA: 512 GiB (4 levels) or 1 GiB (3 levels) apart. */
static u64 ipa_of(u64 pa)
{
	u64 ipa = (u64)++s2_used << gt_shift(12, s2_start) | 0x5a5a000;

	gt_map(s2_root, 12, s2_start, ipa, pa, 3, PT_S2_NORMAL);
	return ipa;
}

/* Four tables for va, each reached by its own IPA; returns the IPA of the first. */
static u64 stage1_for(u64 va, u64 pa)
{
	u64 descriptor = ipa_of(pa) | PT_S1_NORMAL | 3;

	for (unsigned level = 3;; level--) {
		u64 *table = gt_root(12, 1);

		table[va >> gt_shift(12, level) & 511] = descriptor;
		if (level == 0)
			return ipa_of((u64)table);
		descriptor = ipa_of((u64)table) | 3;
	}
}

/* vtcr: 44-bit IPA from level 0, or 39-bit from level 1 */
static void s2_reads(u64 vtcr, unsigned start)
{
	volatile u32 *code = (volatile u32 *)gt_root(12, 1);
	volatile u64 *data = gt_root(12, 1);
	struct exc *e = guest_cpu()->exc;

	s2_root = gt_root(12, 1);
	s2_start = start;
	code[0] = 0xf9400000;           /* ldr x0, [x0] */
	code[1] = 0xd4000002;           /* hvc #0 */
	data[0] = MAGIC;
	WRITE(ttbr0_el1, stage1_for(CODE_VA, (u64)code));
	WRITE(ttbr1_el1, stage1_for(DATA_VA & ~(~0ul << 48), (u64)data));
	WRITE(mair_el1, PT_MAIR);
	WRITE(tcr_el1, TCR_48BIT);
	WRITE(vtcr_el2, vtcr);
	WRITE(vttbr_el2, 1ul << 48 | (u64)s2_root);
	WRITE(sctlr_el1, SCTLR_EL1_OFF | SCTLR_M | SCTLR_C | SCTLR_I);
	WRITE(hcr_el2, HCR_RW | HCR_VM);
	tlbi_all();
	RUN(SPSR_EL1, CODE_VA, DATA_VA);
	EXPECT_EXC("HVC behind the load", 2, VEC_LOWER, ESR(0x16, 0), CODE_VA + 8);
	EXPECT_EQ("loaded", e->x[0], MAGIC);
	EXPECT_EQ("pages of the VM", s2_used, 10);
	WRITE(hcr_el2, HCR_RW);
}

#endif
