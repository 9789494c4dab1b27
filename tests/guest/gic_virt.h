/*
 * The virtual CPU interface for the tests: list-register values, the guest's register accesses as
 * functions to run at EL1, and a clean start.
 */
#ifndef GIC_VIRT_H
#define GIC_VIRT_H

#include "gic_common.h"

/* A *_strict.c file includes its namesake with STRICT 1: then also what QEMU has wrong. */
#ifndef STRICT
#define STRICT 0
#endif

#define LR_PENDING (1ul << 62)
#define LR_ACTIVE (2ul << 62)
#define LR_STATE (3ul << 62)
#define LR_GROUP1 (1ul << 60)
#define LR_EOI (1ul << 41)
#define LR_HW(pintid) (1ul << 61 | (u64)(pintid) << 32)
#define LR(vintid, priority) (LR_GROUP1 | (u64)(priority) << 48 | (vintid))

#define GV_READ(name, reg) PROBE(name, "mrs x0, " reg)
#define GV_WRITE(name, reg) PROBE(name, "msr " reg ", x0\n\tisb")
GV_READ(gv_iar0, "icc_iar0_el1");
GV_READ(gv_iar1, "icc_iar1_el1");
GV_READ(gv_hppir0, "icc_hppir0_el1");
GV_READ(gv_hppir1, "icc_hppir1_el1");
GV_READ(gv_rpr, "icc_rpr_el1");
GV_READ(gv_pmr, "icc_pmr_el1");
GV_READ(gv_bpr0, "icc_bpr0_el1");
GV_READ(gv_bpr1, "icc_bpr1_el1");
GV_READ(gv_ctlr, "icc_ctlr_el1");
GV_READ(gv_igrpen0, "icc_igrpen0_el1");
GV_READ(gv_igrpen1, "icc_igrpen1_el1");
GV_READ(gv_ap0r0, "icc_ap0r0_el1");
GV_READ(gv_ap1r0, "icc_ap1r0_el1");
GV_READ(gv_isr, "isr_el1");
GV_WRITE(gv_eoir0, "icc_eoir0_el1");
GV_WRITE(gv_eoir1, "icc_eoir1_el1");
GV_WRITE(gv_dir, "icc_dir_el1");
GV_WRITE(gv_set_pmr, "icc_pmr_el1");
GV_WRITE(gv_set_bpr0, "icc_bpr0_el1");
GV_WRITE(gv_set_bpr1, "icc_bpr1_el1");
GV_WRITE(gv_set_ctlr, "icc_ctlr_el1");
GV_WRITE(gv_set_igrpen0, "icc_igrpen0_el1");
GV_WRITE(gv_set_igrpen1, "icc_igrpen1_el1");
GV_WRITE(gv_set_ap0r0, "icc_ap0r0_el1");
GV_WRITE(gv_set_ap1r0, "icc_ap1r0_el1");
GV_WRITE(gv_sgi1r, "icc_sgi1r_el1");
GV_WRITE(gv_sgi0r, "icc_sgi0r_el1");
GV_WRITE(gv_asgi1r, "icc_asgi1r_el1");

static inline u64 gv_guest(const void *read)
{
	u64 value = RUN(SPSR_EL1, read);

	EXPECT_NO_EXC("read at EL1");
	return value;
}

static inline void gv_guest_write(const void *write, u64 value)
{
	RUN(SPSR_EL1, write, value);
	EXPECT_NO_EXC("write at EL1");
}

/* Empty list registers, VPMR 0xff, both virtual groups on, EOImode 0. */
static inline void gv_setup(void)
{
	gic_init();
	WRITE(ich_hcr_el2, 1);
	WRITE(ich_vmcr_el2, 0xfful << 24 | 3);
	WRITE(ich_lr0_el2, 0);
	WRITE(ich_lr1_el2, 0);
	WRITE(ich_lr2_el2, 0);
	WRITE(ich_lr3_el2, 0);
	WRITE(ich_ap0r0_el2, 0);
	WRITE(ich_ap1r0_el2, 0);
	WRITE(hcr_el2, HCR_RW | HCR_IMO | HCR_FMO);
}

#endif
