/*
 * Stage 1 of EL1&0 for the tests of faults: all identical, and the 2 MiB with this program again
 * under other attributes. Stage 2, identical too, is there to take pages out of it.
 */
#ifndef FLAT_H
#define FLAT_H

#include "bits.h"
#include "guest.h"

#define FLAT_IMAGE 0x40000000ul
#define FLAT_RO 0x60000000ul            /* the image, Normal, read-only at EL1 */
#define FLAT_DEVICE 0x60200000ul        /* Device */
#define FLAT_USER 0x60400000ul          /* Normal, EL0 may do all */
#define FLAT_USER_RO 0x60600000ul       /* Normal, EL0 and EL1 may read */
#define FLAT_DEVICE_RO 0x60800000ul     /* Device, read-only */
#define FLAT_DEVICE_HOLE 0x60a00000ul   /* Device, at an IPA that stage 2 lacks */
#define FLAT_HOLE 0x60c00000ul          /* Normal, likewise */
#define FLAT_GAP 0x70000000ul           /* nothing */
#define FLAT_HOLE_IPA 0x4c000000ul

static inline u64 flat_at(const void *p, u64 alias)
{
	return (u64)p - FLAT_IMAGE + alias;
}

/* code that this EL may execute: EL0 has its own alias */
static inline const u32 *flat_code(const u32 *probe, u64 el)
{
	return el ? probe : (const u32 *)flat_at(probe, FLAT_USER);
}

static inline void flat_on(u64 sctlr)
{
	static u64 *root;
	const u64 xn = PT_PXN | PT_UXN;

	if (!root) {
		root = pt_new();
		pt_identity(root, 1, PT_S1_DEVICE, PT_S1_NORMAL);
		pt_map(root, 1, FLAT_RO, FLAT_IMAGE, 2, PT_S1_NORMAL | PT_RO | xn);
		pt_map(root, 1, FLAT_DEVICE, FLAT_IMAGE, 2, PT_S1_DEVICE);
		pt_map(root, 1, FLAT_USER, FLAT_IMAGE, 2, PT_S1_NORMAL | PT_EL0 | PT_PXN);
		pt_map(root, 1, FLAT_USER_RO, FLAT_IMAGE, 2, PT_S1_NORMAL | PT_EL0 | PT_RO | xn);
		pt_map(root, 1, FLAT_DEVICE_RO, FLAT_IMAGE, 2, PT_S1_DEVICE | PT_RO);
		pt_map(root, 1, FLAT_DEVICE_HOLE, FLAT_HOLE_IPA, 2, PT_S1_DEVICE);
		pt_map(root, 1, FLAT_HOLE, FLAT_HOLE_IPA, 2, PT_S1_NORMAL | PT_EL0 | xn);
	}
	WRITE(mair_el1, PT_MAIR);
	WRITE(tcr_el1, PT_TCR_EL1);
	WRITE(ttbr0_el1, root);
	INSN("tlbi alle1\n\tdsb sy\n\tisb");
	WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_DZE | SCTLR_UCI | sctlr);
}

static inline void flat_stage2_on(void)
{
	static u64 *root;

	if (!root) {
		root = pt_new();
		pt_identity(root, 1, PT_S2_DEVICE, PT_S2_NORMAL);
		*pt_entry(root, 1, FLAT_HOLE_IPA, 2) = 0;
	}
	WRITE(vtcr_el2, PT_VTCR);
	WRITE(vttbr_el2, root);
	WRITE(hcr_el2, HCR_RW | HCR_VM);
	INSN("dsb sy\n\ttlbi vmalls12e1\n\tdsb sy\n\tisb");
}

/* A data abort of probe[n] at `el`, reported to EL1, or EL2 when the syndrome is stage 2's. */
static inline void flat_expect(const char *file, int line, const char *what, u64 el, u64 to,
			       const u32 *probe, u64 iss, u64 far)
{
	unsigned same = el == to;

	guest_expect_exc(file, line, what, (unsigned)to, same ? VEC_SAME : VEC_LOWER,
			 ESR(same ? EC_DABT_SAME : EC_DABT_LOWER, iss), (u64)flat_code(probe, el));
	guest_check(file, line, what, guest_cpu()->exc[0].far, far);
}
#define EXPECT_ABORT(what, el, to, probe, iss, far) \
	flat_expect(__FILE__, __LINE__, what, el, to, probe, iss, far)

#endif
