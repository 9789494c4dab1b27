/*
 * Several CPUs with their MMUs on, everything mapped identically and RAM Normal Inner Shareable: what exclusives and shared variables
 * need. smp_tables() first, then mmu_on() on each CPU.
 */
#ifndef SMP_NORMAL_H
#define SMP_NORMAL_H

#include "mmu_vm.h"
#include "smp_common.h"

static u64 *smp_table;

/* Each CPU maps everything identically for its own EL. */
static inline void mmu_on(u64 cpu)
{
	if (GUEST_EL() == 2) {
		WRITE(mair_el2, PT_MAIR);
		WRITE(tcr_el2, PT_TCR_EL2);
		WRITE(ttbr0_el2, smp_table);
		INSN("tlbi alle2\n\tdsb sy\n\tisb");
		WRITE(sctlr_el2, SCTLR_EL2_OFF | SCTLR_M | SCTLR_C | SCTLR_I);
	} else {
		WRITE(mair_el1, PT_MAIR);
		WRITE(tcr_el1, PT_TCR_EL1);
		WRITE(ttbr0_el1, smp_table);
		INSN("tlbi vmalle1\n\tdsb sy\n\tisb");
		WRITE(sctlr_el1, SCTLR_EL1_OFF | SCTLR_M | SCTLR_C | SCTLR_I);
	}
}

static inline void mmu_off(u64 cpu)
{
	if (GUEST_EL() == 2)
		WRITE(sctlr_el2, SCTLR_EL2_OFF);
	else
		WRITE(sctlr_el1, SCTLR_EL1_OFF);
}

static inline void smp_tables(void)
{
	u64 el2 = GUEST_EL() == 2 ? PT_EL0 : 0; /* RES1 there */

	smp_table = pt_new();
	pt_identity(smp_table, 1, PT_S1_DEVICE | el2, PT_S1_NORMAL | el2);
}

#endif
