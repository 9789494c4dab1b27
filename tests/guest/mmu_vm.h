/*
 * What the translation, TLB and virtual machine tests share: tables of any granule, the EL1&0
 * regime as a "VM" that EL2 can enter and leave, one-instruction accesses, and fault checks.
 *
 * The tests run at EL2 with the MMU off. Code of EL1 and EL0 is mapped identically (TTBR0 and
 * stage 2); AP = 0b00 lets EL0 execute it too.
 */
#ifndef MMU_VM_H
#define MMU_VM_H

#include "guest.h"

/* A *_strict.c file includes its namesake with STRICT 1: then also what QEMU has wrong is checked.
 */
#ifndef STRICT
#define STRICT 0
#endif

#define HCR_VM (1ul << 0)
#define HCR_SWIO (1ul << 1)
#define HCR_PTW (1ul << 2)
#define HCR_FB (1ul << 9)
#define HCR_DC (1ul << 12)
#define HCR_RW (1ul << 31)
#define HCR_CD (1ul << 32)
#define HCR_ID (1ul << 33)
#define HCR_E2H (1ul << 34)
#define HCR_TGE (1ul << 27)
#define SCTLR_M (1ul << 0)
#define SCTLR_C (1ul << 2)
#define SCTLR_I (1ul << 12)
#define SCTLR_WXN (1ul << 19)
#define SCTLR_SPAN (1ul << 23)
#define SCTLR_EE (1ul << 25)
#define SCTLR_EL1_OFF 0x30d00980ul
#define SCTLR_EL2_OFF 0x30c50830ul

#define RAM 0x40000000ul
#define RAM_SIZE 0x10000000ul

/* DFSC and IFSC */
#define FSC_SIZE(level) (0x00u + (level))
#define FSC_TRANS(level) (0x04u + (level))
#define FSC_AF(level) (0x08u + (level))
#define FSC_PERM(level) (0x0cu + (level))
#define FSC_EXT_WALK(level) (0x14u + (level))
#define FSC_EXT 0x10u
#define FSC_ALIGN 0x21u
#define FSC_CONFLICT 0x30u
#define ISS_WNR (1u << 6)
#define ISS_S1PTW (1u << 7)
#define ISS_CM (1u << 8)
#define EC_IABT_LOW 0x20u
#define EC_IABT 0x21u
#define EC_DABT_LOW 0x24u
#define EC_DABT 0x25u

PROBE(mmu_ld64, "ldr x0, [x0]");
PROBE(mmu_st64, "str x1, [x0]");
PROBE(mmu_ld8, "ldrb w0, [x0]");
PROBE(mmu_ret, "nop");
/* The syndrome of those two when stage 2 faults and EL2 may emulate: ISV, SAS 8, SRT, SF */
#define ISS_LD64 0x1c08000u
#define ISS_ST64 (0x1c18000u | ISS_WNR)

static inline void tlbi_all(void)
{
	INSN("dsb sy\n\ttlbi alle1\n\ttlbi alle2\n\tdsb sy\n\tisb");
}

/*
 * Tables of any granule (12, 14 or 16 bits) from a pool that gt_reset() empties. A start level may
 * be wider than a page (concatenated tables): gt_root(g, n) gives n consecutive ones.
 */
static u8 gt_pool[40][0x10000] __attribute__((aligned(0x100000), unused));
static u64 gt_used __attribute__((unused));

static inline void gt_reset(void)
{
	gt_used = 0;
}

static inline u64 *gt_root(unsigned granule, unsigned count)
{
	u64 size = (u64)count << granule;
	u64 *table;

	gt_used = (gt_used + size - 1) / size * size;   /* aligned to the whole */
	table = (u64 *)((u8 *)gt_pool + gt_used);
	gt_used += size;
	if (gt_used > sizeof(gt_pool)) {
		EXPECT_EQ("room for tables", 0, 1);
		gt_used = size;
		table = (u64 *)gt_pool;
	}
	for (u64 i = 0; i < size / 8; i++)
		table[i] = 0;
	return table;
}

static inline unsigned gt_shift(unsigned granule, unsigned level)
{
	return granule + (3 - level) * (granule - 3);
}

/* The slot for va at `level`, making tables on the way; va is below the size of the input. */
static inline u64 *gt_slot(u64 *root, unsigned granule, unsigned start, u64 va, unsigned level)
{
	u64 mask = ~0ul;        /* the start level may be concatenated */
	u64 *table = root;

	for (unsigned l = start;; l++) {
		u64 *slot = &table[va >> gt_shift(granule, l) & mask];

		if (l == level)
			return slot;
		if (!(*slot & 1))
			*slot = (u64)gt_root(granule, 1) | 3;
		table = (u64 *)(*slot & 0xfffffffff000ul & ~((1ul << granule) - 1));
		mask = (1ul << (granule - 3)) - 1;
	}
}

static inline u64 gt_leaf(unsigned granule, unsigned level, u64 pa, u64 attrs)
{
	return (pa & ~((1ul << gt_shift(granule, level)) - 1)) | attrs | (level == 3 ? 3 : 1);
}

static inline void gt_map(u64 *root, unsigned granule, unsigned start, u64 va, u64 pa,
			  unsigned level, u64 attrs)
{
	*gt_slot(root, granule, start, va, level) = gt_leaf(granule, level, pa, attrs);
}

/* RAM and devices, identically, by blocks of level 2 (2, 32 or 512 MiB). */
static inline void gt_identity(u64 *root, unsigned granule, unsigned start, u64 device, u64 normal)
{
	u64 block = 1ul << gt_shift(granule, 2);

	for (u64 a = 0; a < 0x10000000; a += block)
		gt_map(root, granule, start, a, a, 2, device);
	for (u64 a = RAM; a < RAM + RAM_SIZE; a += block)
		gt_map(root, granule, start, a, a, 2, normal);
}

/* A guest: 4 KiB granule, both stages from level 1 (39-bit VA, 39-bit IPA), identity to begin with.
 */
struct vm {
	u64 *s1, *s2;
	u64 vmid, asid;
	u64 tcr, hcr;
};

static inline void vm_init(struct vm *vm, u64 vmid, u64 asid)
{
	vm->s1 = pt_new();
	vm->s2 = pt_new();
	pt_identity(vm->s1, 1, PT_S1_DEVICE, PT_S1_NORMAL);
	pt_identity(vm->s2, 1, PT_S2_DEVICE, PT_S2_NORMAL);
	vm->vmid = vmid;
	vm->asid = asid;
	vm->tcr = PT_TCR_EL1;
	vm->hcr = HCR_RW | HCR_VM;
}

static inline void vm_enter(const struct vm *vm)
{
	WRITE(vtcr_el2, PT_VTCR);
	WRITE(vttbr_el2, vm->vmid << 48 | (u64)vm->s2);
	WRITE(mair_el1, PT_MAIR);
	WRITE(tcr_el1, vm->tcr);
	WRITE(ttbr0_el1, vm->asid << 48 | (u64)vm->s1);
	WRITE(sctlr_el1, SCTLR_EL1_OFF | SCTLR_M | SCTLR_C | SCTLR_I);
	WRITE(hcr_el2, vm->hcr);
}

static inline void vm_leave(void)
{
	WRITE(hcr_el2, HCR_RW);
	WRITE(sctlr_el1, SCTLR_EL1_OFF);
}

/* Reads va at EL1 of the VM that was entered. */
static inline u64 vm_read(u64 va)
{
	return RUN(SPSR_EL1, mmu_ld64, va);
}

static inline void mmu_check_fault(const char *file, int line, const char *what, unsigned el,
				   unsigned vec, u64 esr, u64 elr, u64 far)
{
	const struct exc *e = guest_cpu()->exc;

	guest_expect_exc(file, line, what, el, vec, esr, elr);
	if (guest_cpu()->n_exc && e->el == el && e->esr == esr)
		guest_check(file, line, "  its FAR", e->far, far);
}

/* A fault taken to EL1 or EL2 with FAR; to EL2 by stage 2 with HPFAR, given as the page's IPA. */
#define EXPECT_FAULT(what, el, vec, esr, elr, far) \
	mmu_check_fault(__FILE__, __LINE__, what, el, vec, esr, (u64)(elr), far)
#define EXPECT_S2_FAULT(what, esr, elr, far, ipa)                                                  \
	do {                                                                                       \
		mmu_check_fault(__FILE__, __LINE__, what, 2, VEC_LOWER, esr, (u64)(elr), far);     \
		if (guest_cpu()->n_exc)                                                            \
			guest_check(__FILE__, __LINE__, what, guest_cpu()->exc->hpfar,             \
				    (u64)(ipa) >> 12 << 4);                                        \
	} while (0)

static inline int mmu_has_16k(void)
{
	return (READ(id_aa64mmfr0_el1) >> 20 & 15) == 1;
}

static inline unsigned mmu_pa_bits(void)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48, 52 };

	return bits[READ(id_aa64mmfr0_el1) & 7];
}

static inline int mmu_has_vhe(void)
{
	return (READ(id_aa64mmfr1_el1) >> 8 & 15) != 0;
}

#endif
