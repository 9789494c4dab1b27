/*
 * A known number of virtual interrupts, maintenance interrupts by each cause, and physical interrupts, which the statistics are held
 * against. Each run of a probe is one entry into the VM and one exit.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* stats: pe0.vm1.entries 27 */
/* stats: pe0.vm1.virt.lrs_used.0 7 */
/* stats: pe0.vm1.virt.lrs_used.1 14 */
/* stats: pe0.vm1.virt.lrs_used.2 6 */
/* stats: pe0.vm1.virt.injected 10 */
/* stats: pe0.vm1.virt.injected_hw 1 */
/* stats: pe0.vm1.virt.injected_id.40 1 */
/* stats: pe0.vm1.virt.injected_id.50 1 */
/* stats: pe0.vm1.virt.injected_id.51 2 */
/* stats: pe0.vm1.virt.acked 10 */
/* stats: pe0.vm1.virt.acked_id.40 1 */
/* stats: pe0.vm1.virt.acked_id.51 2 */
/* stats: pe0.vm1.virt.hw_ended 1 */
/* stats: pe0.vm1.virt.eoi_missed 2 */
/* stats: pe0.vm1.virt.maintenance 8 */
/* stats: pe0.vm1.virt.maintenance_eoi 1 */
/* stats: pe0.vm1.virt.maintenance_u 1 */
/* stats: pe0.vm1.virt.maintenance_lrenp 1 */
/* stats: pe0.vm1.virt.maintenance_np 1 */
/* stats: pe0.vm1.virt.maintenance_grp0e 1 */
/* stats: pe0.vm1.virt.maintenance_grp0d 1 */
/* stats: pe0.vm1.virt.maintenance_grp1e 1 */
/* stats: pe0.vm1.virt.maintenance_grp1d 1 */
/* One more underflow while EL2 has the list registers. */
/* stats: pe0.virt.maintenance 9 */
/* stats: pe0.virt.maintenance_u 2 */
/* stats: pe0.irq_acked.5 3 */
/* stats: pe0.ppi_raised.25 9 */
/* stats: gic.ack 3 */
/* stats: gic.virt_ack 10 */
/* stats: gic.maintenance 9 */
#include "gic_virt.h"
#include "mmu_vm.h"

enum { EN = 1, UIE = 2, LRENPIE = 4, NPIE = 8, VGRP0EIE = 16, VGRP0DIE = 32, VGRP1EIE = 64, VGRP1DIE = 128 };

static void setup(void)
{
	u64 *root = pt_new();

	gv_setup();
	pt_identity(root, 1, PT_S2_DEVICE, PT_S2_NORMAL);
	WRITE(vtcr_el2, PT_VTCR);
	WRITE(vttbr_el2, 1ul << 48 | (u64)root);
	WRITE(hcr_el2, HCR_RW | HCR_IMO | HCR_FMO | HCR_VM);
	tlbi_all();
}

static void give(u32 id, u64 more)
{
	WRITE(ich_lr0_el2, LR(id, 0x80) | LR_PENDING | more);
}

static void take(u32 id)
{
	EXPECT_EQ("acknowledge", gv_guest(gv_iar1), id);
}

static void end(u32 id)
{
	gv_guest_write(gv_eoir1, id);
}

static void two_waiting(void)
{
	gv_guest(gv_pmr);
	give(50, 0);
	WRITE(ich_lr1_el2, LR(51, 0x90) | LR_PENDING);
	gv_guest(gv_pmr);
	gv_guest(gv_pmr); /* they are still the same */
	take(50);
	end(50);
	take(51);
	WRITE(ich_lr1_el2, LR(51, 0x90) | LR_PENDING | LR_ACTIVE); /* once more */
	end(51);
	take(51);
	end(51);
}

static void linked_and_lost(void)
{
	give(40, LR_HW(27));
	take(40);
	end(40);
	give(60, 0);
	take(60);
	WRITE(ich_lr0_el2, 0);
	end(60);
	WRITE(ich_hcr_el2, EN | UIE); /* at once, at EL2 */
	WRITE(ich_hcr_el2, EN);
}

static void maintenance(void)
{
	give(61, LR_EOI);
	take(61);
	end(61);
	EXPECT_EQ("MISR.EOI", READ(ich_misr_el2), 1);
	give(62, 0);
	WRITE(ich_hcr_el2, EN | NPIE);
	take(62);
	EXPECT_EQ("MISR.NP", READ(ich_misr_el2), 8);
	WRITE(ich_hcr_el2, EN);
	end(62);
	give(63, 0);
	take(63);
	WRITE(ich_lr0_el2, 0);
	WRITE(ich_hcr_el2, EN | LRENPIE);
	end(63);
	EXPECT_EQ("MISR.LRENP", READ(ich_misr_el2), 4);
}

static void groups(void)
{
	WRITE(ich_hcr_el2, EN | VGRP1DIE);
	gv_guest_write(gv_set_igrpen1, 0);
	WRITE(ich_hcr_el2, EN | VGRP1EIE);
	gv_guest_write(gv_set_igrpen1, 1);
	WRITE(ich_hcr_el2, EN | VGRP0DIE);
	gv_guest_write(gv_set_igrpen0, 0);
	WRITE(ich_hcr_el2, EN | VGRP0EIE);
	gv_guest_write(gv_set_igrpen0, 1);
	WRITE(ich_hcr_el2, EN);
}

static void underflow(void)
{
	give(64, 0);
	WRITE(ich_lr1_el2, LR(65, 0x90) | LR_PENDING);
	take(64);
	WRITE(ich_hcr_el2, EN | UIE);
	end(64);
	EXPECT_EQ("MISR.U", READ(ich_misr_el2), 2);
	WRITE(ich_hcr_el2, EN);
	take(65);
	end(65);
}

static void physical(void)
{
	WRITE(hcr_el2, HCR_RW);
	gic_write_bit(ISENABLER, 5);
	for (unsigned i = 0; i < 3; i++) {
		gic_write_bit(ISPENDR, 5);
		EXPECT_EQ("SGI 5", READ(icc_iar1_el1), 5);
		WRITE(icc_eoir1_el1, 5);
	}
}

static void all(void)
{
	setup();
	two_waiting();
	linked_and_lost();
	maintenance();
	groups();
	underflow();
	physical();
}

GUEST_TESTS(TEST(all));
