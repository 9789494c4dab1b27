/*
 * Two VMs that trap to EL2 a known number of times by each cause: the truth that the statistics are
 * held against. VM 2 does everything twice. Nothing else runs at EL1.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* stats: pe0.el1.vm1.vmid1.exceptions.HVC64.to_el2 8 */
/* stats: pe0.el1.vm1.vmid1.exceptions.WFx.to_el2 5 */
/* stats: pe0.el1.vm1.vmid1.exceptions.SYS64.to_el2 3 */
/* stats: pe0.el1.vm1.vmid1.exceptions.SMC64.to_el2 6 */
/* stats: pe0.el1.vm1.vmid1.exceptions.DABT_LOW.to_el2 4 */
/* stats: pe0.el1.vm1.vmid1.exceptions.IABT_LOW.to_el2 2 */
/* stats: pe0.el1.vm2.vmid2.exceptions.HVC64.to_el2 16 */
/* stats: pe0.el1.vm2.vmid2.exceptions.WFx.to_el2 10 */
/* stats: pe0.el1.vm2.vmid2.exceptions.SYS64.to_el2 6 */
/* stats: pe0.el1.vm2.vmid2.exceptions.SMC64.to_el2 12 */
/* stats: pe0.el1.vm2.vmid2.exceptions.DABT_LOW.to_el2 8 */
/* stats: pe0.el1.vm2.vmid2.exceptions.IABT_LOW.to_el2 4 */
/* Completed: HVC, and the two ADR and BR. What is trapped is not. */
/* stats: pe0.el1.vm1.vmid1.insns 12 */
/* stats: pe0.el1.vm2.vmid2.insns 24 */
/* stats: pe0.el1.vm1.vmid1.cycles 32 */
/* stats: pe0.el1.vm1.vmid1.branches 2 */
/* The page of the code (2 reads), and each access to what is not mapped (1 read, a fault at level 1). */
/* stats: pe0.el1.vm1.vmid1.walk_faults 6 */
/* stats: pe0.el1.vm1.vmid1.walk_fault.s2_l1 6 */
/* stats: pe0.el1.vm1.vmid1.walk_reads.1 6 */
/* stats: pe0.el1.vm1.vmid1.walk_reads.2 1 */
/* Each trap is an exit, and there is an entry before each; what did not complete costs a cycle, too. */
/* stats: pe0.vm1.entries 28 */
/* stats: pe0.vm1.exits 28 */
/* stats: pe0.vm1.switched 1 */
/* stats: pe0.vm1.guest_cycles.sum 32 */
/* stats: pe0.vm1.exit_cycles.HVC64.count 7 */
/* stats: pe0.vm1.exit_cycles.DABT_LOW.count 4 */
/* stats: pe0.vm1.exit_causes.WFx.wfi.count 5 */
/* stats: pe0.vm1.exit_causes.SYS64.ACTLR_EL1.read.count 3 */
/* stats: pe0.vm1.exit_causes.DABT_LOW.translation_l1.0x80000000.count 4 */
/* stats: pe0.vm2.entries 56 */
/* stats: pe0.vm2.switched 0 */
/* stats: pe0.vm2.guest_cycles.sum 64 */
/* stats: pe0.vm2.exit_cycles.HVC64.count 15 */
#include "mmu_vm.h"

#define HCR_TWI (1ul << 13)
#define HCR_TSC (1ul << 19)
#define HCR_TACR (1ul << 21)
#define NOWHERE 0x80000000ul            /* an IPA that is not mapped */
#define HOME 0x99                       /* immediate of the last HVC */

PROBE(traps,
      ".rept 7\n\thvc #1\n\t.endr\n\t"
      ".rept 5\n\twfi\n\t.endr\n\t"
      ".rept 3\n\tmrs x2, actlr_el1\n\t.endr\n\t"
      ".rept 6\n\tsmc #0\n\t.endr\n\t"
      ".rept 2\n\tldr x2, [x0]\n\tstr w2, [x0]\n\t.endr\n\t"
      "adr x30, 1f\n\tbr x0\n"
      "1:\tadr x30, 2f\n\tbr x0\n"
      "2:\thvc #0x99");

static u64 seen[64];

static enum guest_action count(struct exc *e)
{
	unsigned ec = e->esr >> 26;

	seen[ec]++;
	if (ec == 0x16)
		return (e->esr & 0xffff) == HOME ? GUEST_HOME : GUEST_RESUME;
	e->elr = ec == EC_IABT_LOW ? e->x[30] : e->elr + 4;
	return GUEST_RESUME;
}

static void one_vm(u64 vmid, unsigned times)
{
	static const struct {
		const char *name;
		u8 ec, count;
	} rows[] = {
		{ "HVC64", 0x16, 8 },	 { "WFx", 0x01, 5 },	  { "SYS64", 0x18, 3 },
		{ "SMC64", 0x17, 6 },	 { "DABT_LOW", 0x24, 4 }, { "IABT_LOW", 0x20, 2 },
	};
	u64 *root = pt_new();

	pt_identity(root, 1, PT_S2_DEVICE, PT_S2_NORMAL);
	WRITE(vtcr_el2, PT_VTCR);
	WRITE(vttbr_el2, vmid << 48 | (u64)root);
	WRITE(hcr_el2, HCR_RW | HCR_VM | HCR_TWI | HCR_TSC | HCR_TACR);
	for (unsigned i = 0; i < ARRAY_SIZE(seen); i++)
		seen[i] = 0;
	for (unsigned i = 0; i < times; i++) {
		guest_cpu()->handler = count;
		RUN(SPSR_EL1, traps, NOWHERE);
	}
	guest_cpu()->handler = 0;
	WRITE(hcr_el2, HCR_RW);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		EXPECT_EQ(rows[i].name, seen[rows[i].ec], rows[i].count * times);
}

static void exits(void)
{
	one_vm(1, 1);
	one_vm(2, 2);
}

GUEST_TESTS(TEST(exits));
