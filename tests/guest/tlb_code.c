/*
 * Code whose mapping changes: pages of code swapped under their own feet, code of the same address
 * in two VMs and two ASIDs, execute permission taken away between two instructions, runs across
 * a page boundary into a page that is swapped.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "mmu_vm.h"

#define VA 0x4000000000ul
#define PA(n) (RAM + 0x8000000 + (u64)(n) * 0x1000)

/* x0 = descriptor's address, x1 = new descriptor, x2 = operand of TLBI; then 1, or what is patched
 */
PROBE(swap_template,
      "str x1, [x0]\n\tdsb ishst\n\ttlbi vale1, x2\n\tdsb ish\n\tisb\n\tmov x0, #1");
#define SWAP_MOV 5                      /* index of its MOV */

#define MOV_X0(n) (0xd2800000u | (u32)(n) << 5)
#define RET 0xd65f03c0u
#define NOP 0xd503201fu

static struct vm vms[2];

static void sync_code(u64 pa)
{
	for (u64 a = pa; a < pa + 0x1000; a += 64)
		asm volatile("dc cvau, %0" : : "r"(a) : "memory");
	INSN("dsb sy\n\tic iallu\n\tdsb sy\n\tisb");
}

/* A page of code that returns `value`; its entry is at its start. */
static void write_value(unsigned page, unsigned value)
{
	volatile u32 *code = (volatile u32 *)PA(page);

	code[0] = MOV_X0(value);
	code[1] = RET;
	sync_code(PA(page));
}

static void setup(void)
{
	pt_reset();
	vm_init(&vms[0], 1, 1);
	vm_init(&vms[1], 2, 1);
	tlbi_all();
}

static u64 call(u64 va)
{
	return RUN(SPSR_EL1, va);
}

static void swapped_from_outside(void)
{
	u64 *slot;

	setup();
	write_value(0, 10);
	write_value(1, 11);
	pt_map(vms[0].s1, 1, VA, PA(0), 3, PT_S1_NORMAL);
	slot = pt_entry(vms[0].s1, 1, VA, 3);
	vm_enter(&vms[0]);
	for (unsigned i = 0; i < 6; i++) {
		unsigned now = i & 1;

		EXPECT_EQ("code", call(VA), 10 + now);
		*slot = gt_leaf(12, 3, PA(!now), PT_S1_NORMAL);
		BARRIER();
		EXPECT_EQ("still the old code", call(VA), 10 + now);
		asm volatile("tlbi vae1, %0\n\tdsb sy\n\tisb" : : "r"(1ul << 48 | VA >> 12));
	}
	vm_leave();
}

/* The page replaces itself; the instruction behind the ISB is the new page's. */
static void swapped_from_inside(void)
{
	u64 *slot;

	setup();
	for (unsigned n = 0; n < 2; n++) {
		volatile u32 *code = (volatile u32 *)PA(n);

		for (unsigned i = 0; i <= SWAP_MOV + 1; i++)
			code[i] = swap_template[i];
		code[SWAP_MOV] = MOV_X0(20 + n);
		sync_code(PA(n));
	}
	pt_map(vms[0].s1, 1, VA, PA(0), 3, PT_S1_NORMAL);
	slot = pt_entry(vms[0].s1, 1, VA, 3);
	vm_enter(&vms[0]);
	for (unsigned i = 0; i < 6; i++) {
		unsigned to = !(i & 1);

		EXPECT_EQ("behind the ISB",
			  RUN(SPSR_EL1, VA, slot, gt_leaf(12, 3, PA(to), PT_S1_NORMAL),
			      1ul << 48 | VA >> 12),
			  20 + to);
	}
	vm_leave();
}

/* The same, but the new mapping must not be executed, or is none. */
static void forbidden_from_inside(void)
{
	static const struct {
		const char *name;
		u64 remove, add;
		unsigned fsc;
	} rows[] = { { "PXN", 0, PT_PXN, FSC_PERM(3) },
		     { "access flag", PT_AF, 0, FSC_AF(3) },
		     { "invalid", 3, 0, FSC_TRANS(3) } };
	volatile u32 *code = (volatile u32 *)PA(0);
	u64 *slot, good;

	setup();
	for (unsigned i = 0; i <= SWAP_MOV + 1; i++)
		code[i] = swap_template[i];
	sync_code(PA(0));
	pt_map(vms[0].s1, 1, VA, PA(0), 3, PT_S1_NORMAL);
	slot = pt_entry(vms[0].s1, 1, VA, 3);
	good = *slot;
	vm_enter(&vms[0]);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		*slot = good;
		tlbi_all();
		RUN(SPSR_EL1, VA, slot, (good & ~rows[i].remove) | rows[i].add,
		    1ul << 48 | VA >> 12);
		/* the DSB or the ISB may already be fetched anew */
		EXPECT_EQ("to EL1", guest_cpu()->exc[0].el, 1);
		EXPECT_EQ(rows[i].name, guest_cpu()->exc[0].esr, ESR(EC_IABT, rows[i].fsc));
		EXPECT("behind the TLBI", guest_cpu()->exc[0].elr > VA + 8 &&
						  guest_cpu()->exc[0].elr <= VA + 4 * SWAP_MOV);
		EXPECT_EQ("FAR", guest_cpu()->exc[0].far, guest_cpu()->exc[0].elr);
	}
	vm_leave();
}

static void two_vms_two_asids(void)
{
	setup();
	for (unsigned n = 0; n < 4; n++)
		write_value(n, 30 + n);
	for (unsigned v = 0; v < 2; v++)
		pt_map(vms[v].s1, 1, VA, PA(v), 3, PT_S1_NORMAL);
	for (unsigned i = 0; i < 6; i++) {
		vm_enter(&vms[i & 1]);
		EXPECT_EQ("each VM its code", call(VA), 30 + (i & 1));
	}
	/* two processes of VM 1: tables of their own */
	vms[1].s2 = vms[0].s2;
	vms[1].vmid = 1;
	for (unsigned v = 0; v < 2; v++) {
		vms[v].asid = 5 + v;
		pt_map(vms[v].s1, 1, VA, PA(2 + v), 3, PT_S1_NORMAL | PT_NG);
	}
	tlbi_all();
	for (unsigned i = 0; i < 6; i++) {
		vm_enter(&vms[i & 1]);
		EXPECT_EQ("each ASID its code", call(VA), 32 + (i & 1));
	}
	vm_leave();
}

/* One run over the end of a page: the second page is swapped, the first stays as it is. */
static void across_pages(void)
{
	volatile u32 *first = (volatile u32 *)PA(0);
	u64 *slot;

	setup();
	for (unsigned i = 0; i < 1024; i++)
		first[i] = NOP;
	sync_code(PA(0));
	write_value(1, 41);
	write_value(2, 42);
	pt_map(vms[0].s1, 1, VA, PA(0), 3, PT_S1_NORMAL);
	pt_map(vms[0].s1, 1, VA + 0x1000, PA(1), 3, PT_S1_NORMAL);
	slot = pt_entry(vms[0].s1, 1, VA + 0x1000, 3);
	vm_enter(&vms[0]);
	for (unsigned i = 0; i < 6; i++) {
		EXPECT_EQ("through", call(VA + 0xf80), 41 + (i & 1));
		*slot = gt_leaf(12, 3, PA(i & 1 ? 1 : 2), PT_S1_NORMAL);
		BARRIER();
		asm volatile("tlbi vale1, %0\n\tdsb sy\n\tisb"
			     : : "r"(1ul << 48 | (VA + 0x1000) >> 12));
	}
	*slot = 0;
	BARRIER();
	asm volatile("tlbi vale1, %0\n\tdsb sy\n\tisb" : : "r"(1ul << 48 | (VA + 0x1000) >> 12));
	call(VA + 0xf80);
	EXPECT_FAULT("nothing there", 1, VEC_SAME, ESR(EC_IABT, FSC_TRANS(3)), VA + 0x1000,
		     VA + 0x1000);
	vm_leave();
}

/* Stage 2 moves the page below an unchanged stage 1. */
static void moved_by_stage2(void)
{
	u64 ipa = 0x80000000;

	setup();
	write_value(0, 50);
	write_value(1, 51);
	pt_map(vms[0].s1, 1, VA, ipa, 3, PT_S1_NORMAL);
	vm_enter(&vms[0]);
	for (unsigned i = 0; i < 4; i++) {
		pt_map(vms[0].s2, 1, ipa, PA(i & 1), 3, PT_S2_NORMAL);
		asm volatile("tlbi ipas2e1, %0\n\tdsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb"
			     :
			     : "r"(ipa >> 12));
		EXPECT_EQ("code", call(VA), 50 + (i & 1));
	}
	pt_map(vms[0].s2, 1, ipa, PA(0), 3, PT_S2_NORMAL | PT_S2_XN);
	asm volatile("tlbi ipas2e1, %0\n\tdsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb"
		     :
		     : "r"(ipa >> 12));
	call(VA);
	EXPECT_S2_FAULT("XN", ESR(EC_IABT_LOW, FSC_PERM(3)), VA, VA, ipa);
	vm_leave();
}

/* One physical page of code, run at two addresses: relative addresses are those of the run. */
static void two_addresses(void)
{
	volatile u32 *code = (volatile u32 *)PA(0);

	setup();
	code[0] = 0x10000000;           /* adr x0, . */
	code[1] = RET;
	sync_code(PA(0));
	pt_map(vms[0].s1, 1, VA, PA(0), 3, PT_S1_NORMAL);
	pt_map(vms[0].s1, 1, VA + 0x12345000, PA(0), 3, PT_S1_NORMAL);
	vm_enter(&vms[0]);
	for (unsigned i = 0; i < 4; i++) {
		u64 va = i & 1 ? VA + 0x12345000 : VA;

		EXPECT_EQ("ADR", call(va), va);
	}
	vm_leave();
	EXPECT_EQ("at EL2, by its physical address", RUN(SPSR_EL2, PA(0)), PA(0));
}

GUEST_TESTS(TEST(swapped_from_outside), TEST(swapped_from_inside), TEST(forbidden_from_inside),
	    TEST(two_vms_two_asids), TEST(across_pages), TEST(moved_by_stage2),
	    TEST(two_addresses));
