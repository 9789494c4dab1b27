/* A VM at EL1 of a board with GICv2, which sees GICV where the board has GICC: for gicv2_vm.c and virt_counts_v2.c. */
#ifndef GICV2_VM_H
#define GICV2_VM_H

#include "gicv2.h"
#include "mmu_vm.h"

#define GICC_AT 0x08010000ul
#define GICV_AT 0x08040000ul

#define HCR_FMO (1ul << 3)
#define HCR_IMO (1ul << 4)

enum { HCR_EN = 1, CTLR_ENABLE0 = 1, CTLR_FIQEN = 8 };

static struct vm vm;

PROBE(ld32, "ldr w0, [x0]");
PROBE(st32, "str w1, [x0]");

static void virtual_reset(void)
{
	GICH(HCR) = 0;
	for (unsigned i = 0; i < 4; i++)
		GICH(LR(i)) = 0;
	GICH(APR) = 0;
	GICH(VMCR) = 0x1fu << 27 | CTLR_ENABLE0;
	GICH(HCR) = HCR_EN;
	BARRIER();
}

/* The VM sees two pages of this part of the board. */
static void setup(void)
{
	gicv2_init();
	virtual_reset();
	pt_reset();
	vm_init(&vm, 3, 1);
	pt_map(vm.s2, 1, GICC_AT, GICV_AT, 3, PT_S2_DEVICE);
	pt_map(vm.s2, 1, GICC_AT + 0x1000, GICV_AT + 0x1000, 3, PT_S2_DEVICE);
	tlbi_all();
	vm.hcr |= HCR_IMO | HCR_FMO;
	vm_enter(&vm);
}

static u32 lr(u32 id, u32 prio, u32 state)
{
	return state | LR_PRIO(prio) | id;
}

static u32 vm_get(u32 offset)
{
	u32 v = (u32)RUN(SPSR_EL1, ld32, GICC_AT + offset);

	EXPECT_NO_EXC("the VM's read");
	return v;
}

static void vm_set(u32 offset, u32 value)
{
	RUN(SPSR_EL1, st32, GICC_AT + offset, value);
	EXPECT_NO_EXC("the VM's write");
}

#endif
