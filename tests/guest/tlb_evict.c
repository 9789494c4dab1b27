/*
 * TLBs of a few entries, so that what replaces what can be told by hand: stage 1 alone at EL1, then stage 2 alone, where the L1s and the
 * IPA cache are all there is. Between and behind them TLB maintenance by EL2 of what is left. Replacement is round robin.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 2 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 2 */
/* ours: --tlb l1i=1,l1d=2,main=4,walk=2,ipa=2 */
/* L1 I: the code, the page that is called, the code. L1 D: A and B go for C and D. */
/* stats: pe0.el1.evict_l1i 2 */
/* stats: pe0.el1.l1i_evict.2M 1 */
/* stats: pe0.el1.l1i_evict.4K 1 */
/* stats: pe0.el1.evict_l1d 2 */
/* stats: pe0.el1.l1d_evict.4K 2 */
/* Main: code, A, B, C; D for the code, the page that is called for A, the code for B. */
/* stats: pe0.el1.evict_main 3 */
/* stats: pe0.el1.main_evict.2M 1 */
/* stats: pe0.el1.main_evict.4K 2 */
/* Walk cache: the table of the code's GiB, that of the data; the data's 2 MiB for the first, the code's again for the second. */
/* stats: pe0.el1.evict_walk 2 */
/* stats: pe0.el1.walk_evict.1G 2 */
/* VAAE1 of the code: L1 I, main, walk cache. ALLE1: the rest, 2 of L1 D, 3 of main, 1 of the walk cache; the start-up does two. */
/* stats: total.tlbi_vaa 1 */
/* stats: total.tlbi_vaa_dropped 3 */
/* stats: pe0.el2.tlbi_op_dropped.vaa.local 3 */
/* stats: total.tlbi_all_dropped 6 */
/* stats: pe0.el2.tlbi_op_dropped.all.local 6 */
/* Stage 2: the code, P1; P2 for the code, P3 for P1, P4 for P2; a call into P3 is a hit; the code for P3. */
/* stats: pe0.el1.vm1.vmid1.ipa_lookup 7 */
/* stats: pe0.el1.vm1.vmid1.ipa_miss 6 */
/* stats: pe0.el1.vm1.vmid1.ipa_hit.4K 1 */
/* stats: pe0.el1.vm1.vmid1.ipa_fill.2M 2 */
/* stats: pe0.el1.vm1.vmid1.ipa_fill.4K 4 */
/* stats: pe0.el1.vm1.vmid1.evict_ipa 4 */
/* stats: pe0.el1.vm1.vmid1.ipa_evict.2M 1 */
/* stats: pe0.el1.vm1.vmid1.ipa_evict.4K 3 */
/* stats: pe0.el1.vm1.vmid1.s2_walk_leaf.l2 2 */
/* stats: pe0.el1.vm1.vmid1.s2_walk_leaf.l3 4 */
/* stats: pe0.el1.vm1.vmid1.walk_leaf.s1_off.s2_l2 2 */
/* stats: pe0.el1.vm1.vmid1.walk_leaf.s1_off.s2_l3 5 */
/* stats: pe0.el1.vm1.vmid1.walk_reads.0 1 */
/* stats: pe0.el1.vm1.vmid1.walk_reads.2 2 */
/* stats: pe0.el1.vm1.vmid1.walk_reads.3 4 */
/* IPAS2E1 of P4: IPA cache and L1 D, which stage 1 has no part in. VMALLS12E1: the code in IPA cache and L1 I, P3 in L1 D. */
/* stats: total.tlbi_ipa 1 */
/* stats: total.tlbi_ipa_dropped 2 */
/* stats: pe0.el2.ipa_tlbi.4K 1 */
/* stats: pe0.el2.ipa_tlbi.2M 1 */
/* stats: total.tlbi_vmalls12 1 */
/* stats: total.tlbi_vmalls12_dropped 3 */
/* stats: total.tlbi_from_ipa 2 */
/* stats: total.tlbi_all 5 */
/* Three for everybody: the other PE gets them though it was never started. */
/* stats: total.tlbi_op.vmall.sent 3 */
/* stats: total.tlbi_op.vmall.received 3 */
#include "mmu_vm.h"

#define PAGES_VA 0x4000000000ul /* A to D, and the page that is called */
#define DATA (RAM + 0x8000000)
#define P1 0x80000000ul         /* IPA */
#define RET 0xd65f03c0u

/* x0: A or P1; the calls end in RET. x30 is kept in x9, or the probe could not return. */
PROBE(four_and_call, "mov x9, x30\n\tldr x2, [x0, #8]\n\tadd x0, x0, #0x1000\n\tldr x2, [x0, #8]\n\tadd x0, x0, #0x1000\n\t"
		     "ldr x2, [x0, #8]\n\tmov x3, x0\n\tadd x0, x0, #0x1000\n\tldr x2, [x0, #8]\n\tblr x1\n\thvc #0");

static void stage1(void)
{
	u64 *root = pt_new();

	pt_identity(root, 1, PT_S1_DEVICE, PT_S1_NORMAL);
	for (unsigned i = 0; i < 5; i++)
		pt_map(root, 1, PAGES_VA + i * 0x1000, DATA + i * 0x1000, 3, PT_S1_NORMAL);
	WRITE(hcr_el2, HCR_RW);
	WRITE(vttbr_el2, 1ul << 48);
	WRITE(mair_el1, PT_MAIR);
	WRITE(tcr_el1, PT_TCR_EL1);
	WRITE(ttbr0_el1, 1ul << 48 | (u64)root);
	WRITE(sctlr_el1, SCTLR_EL1_OFF | SCTLR_M | SCTLR_C | SCTLR_I);
	tlbi_all();
	RUN(SPSR_EL1, four_and_call, PAGES_VA, PAGES_VA + 0x4000);
	EXPECT_EQ("the HVC came to EL2", guest_cpu()->exc[0].esr >> 26, 0x16);
	WRITE(sctlr_el1, SCTLR_EL1_OFF);
	asm volatile("dsb sy\n\ttlbi vaae1, %0\n\tdsb sy\n\ttlbi alle1\n\tdsb sy\n\tisb" : : "r"((u64)four_and_call >> 12) : "memory");
}

static void stage2(void)
{
	u64 *root = pt_new();

	pt_identity(root, 1, PT_S2_DEVICE, PT_S2_NORMAL);
	for (unsigned i = 0; i < 4; i++)
		pt_map(root, 1, P1 + i * 0x1000, DATA + i * 0x1000, 3, PT_S2_NORMAL);
	WRITE(vtcr_el2, PT_VTCR);
	WRITE(vttbr_el2, 1ul << 48 | (u64)root);
	WRITE(hcr_el2, HCR_RW | HCR_VM);
	RUN(SPSR_EL1, four_and_call, P1, P1 + 0x2000);
	EXPECT_EQ("the HVC came to EL2", guest_cpu()->exc[0].esr >> 26, 0x16);
	asm volatile("dsb sy\n\ttlbi ipas2e1, %0\n\tdsb sy\n\ttlbi vmalls12e1\n\tdsb sy\n\tisb" : : "r"((P1 + 0x3000) >> 12) : "memory");
	WRITE(hcr_el2, HCR_RW);
}

static void few_entries(void)
{
	for (unsigned i = 0; i < 5; i++)
		*(volatile u32 *)(DATA + i * 0x1000) = RET;
	BARRIER();
	INSN("ic iallu\n\tdsb sy\n\tisb");
	stage1();
	stage2();
	for (unsigned i = 0; i < 3; i++)
		INSN("tlbi vmalle1is\n\tdsb sy\n\tisb");
}

GUEST_TESTS(TEST(few_entries));
