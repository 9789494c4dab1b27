/*
 * Planted faults of translation tables and TLB maintenance, and for each its repaired twin, for the TLB checker (--check tlb). Each row
 * of the table below is run in every shape that it names: stage 1 or 2 of EL1&0 or the one of EL2, page or block, 4K or 64K, the entry on this PE
 * or on another.
 *
 * Without the checker nothing is looked at but that all of it runs. With it check_tlb.py compares what it reports with the lines
 * "CASE name: kinds" that are printed here. A row is two scripts of the letters in steps[]: the fault and the repaired one.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 2 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 2 */
#include "mmu_vm.h"
#include "smp_common.h"

#define VA 0x4000000000ul
#define IPA 0x80000000ul
#define BIG 0x60000000ul        /* 512 MiB that hold nothing of this program, where there is so much RAM */
#define FAR_IN_BLOCK 0x100000ul /* another address of a 2 MiB block */
#define ASID 1ul
#define VMID 1ul
#define OTHER 2ul               /* ASID or VMID of the other context */
#define MAIR 0x44ff00ul         /* 2: Normal Non-cacheable */
#define S1_ATTRS (PT_S1_NORMAL | PT_NG)

struct shape {
	const char *name;
	u64 old_pa, new_pa;     /* the same: the new descriptor differs in its memory type */
	u8 granule, level;      /* of the leaf */
	u8 slot_level;          /* of the descriptor that the faults are about */
};
enum { P4 = 1, B4 = 2, P64 = 4, B64 = 8, T4 = 16, LEAVES = P4 | B4 | P64 | B64, PAGES = P4 | P64 };
static const struct shape shapes[] = {
	{ "4K page", RAM + 0x8000000, RAM + 0x9000000, 12, 3, 3 },
	{ "4K block", RAM + 0x8000000, RAM + 0x9000000, 12, 2, 2 },
	{ "64K page", RAM + 0x8000000, RAM + 0x9000000, 16, 3, 3 },
	{ "64K block", BIG, BIG, 16, 2, 2 },
	{ "4K table", RAM + 0x8000000, RAM + 0x9000000, 12, 3, 2 },
};

enum { SAME = 1, ANOTHER = 2, BOTH = 3 };
struct row {
	const char *name, *kinds;       /* kinds: what the checker must say of the fault */
	const char *fault, *repaired;
	u8 stages, shapes, pes;         /* bits: stage 1, 2 and EL2's; P4...; SAME, ANOTHER */
};

static const struct row rows[] = {
	{ "changed without a break", "bbm", "uM", "uBTDMu", 7, LEAVES | T4, BOTH },
	{ "made without a TLBI", "bbm", "uBM", "uBTDMu", 7, LEAVES | T4, BOTH },
	{ "made without a TLBI and used", "bbm stale", "uBMu", "uBTDMu", 3, LEAVES, BOTH },
	{ "changed by an exclusive", "bbm", "uE", "uBTDE", 1, LEAVES, SAME },
	{ "used after its page was written", "stale", "uBWu", "uBuTDWu", 7, LEAVES, BOTH },
	{ "fetched after its page was written", "stale", "jBWj", "jBjTDWj", 3, PAGES, BOTH },
	{ "made while another runs, and used", "stale", "uXBMYu", "uXBYTDXMYu", 3, LEAVES | T4, BOTH },
	{ "ASID or VMID given to another root", "stale", "uAu", "uGDAu", 3, LEAVES, BOTH },
	{ "TTBR given another root", "stale", "uAu", "uGDAu", 4, LEAVES, BOTH },
	{ "made before the DSB", "dsb", "uBTMD", "uBTDM", 7, LEAVES | T4, BOTH },
	{ "made after a DSB NSH", "dsb", "uBTNM", "uBTNDM", 3, PAGES, BOTH },
	{ "made after a DSB of stores", "dsb", "uBTSM", "uBTSDM", 3, PAGES, SAME },
	{ "page written before the DSB", "dsb", "uBTWD", "uBTDW", 7, LEAVES, BOTH },
	{ "pages became a block", "bbm conflict", "qupKk", "qubTDKk", 1, P4, BOTH },
	{ "global beside non-global", "conflict", "gXuYu", "XuYu", 1, LEAVES, BOTH },
	{ "IPAS2E1 alone, then made", "ipa", "uBIDM", "uBIDVDM", 2, LEAVES, BOTH },
	{ "IPAS2E1 alone, then used", "ipa", "uBIDu", "uBIDVDu", 2, LEAVES, SAME },
	{ "local TLBI, then made", "broadcast", "uBLDM", "uBTDM", 7, LEAVES, ANOTHER },
	{ "local TLBI, then page written", "broadcast", "uBLDWu", "uBTDWu", 7, LEAVES, ANOTHER },
	/* what is allowed */
	{ "permissions changed", "", "uPu", "uPTDu", 7, LEAVES, BOTH },
	{ "cleared and set again", "", "uBOu", "uBOTDu", 7, LEAVES, BOTH },
	{ "used between write and TLBI", "", "uBuuTD", "uBuTD", 7, LEAVES | T4, BOTH },
	{ "TLBI of everything", "", "uBZDM", "uBZDMu", 3, LEAVES | T4, BOTH },
};

enum { EL2S1 = 3 };               /* the stage of EL2 */

static struct {
	const struct shape *shape;
	unsigned stage, pe;
	u64 *s1, *s2, *other_s1, *other_s2;     /* roots */
	u64 asid, vmid, *now_s1, *now_s2;       /* what PEs enter with */
	u64 *slot, old, new;
	u64 far;                                /* what is used, from VA on */
} t;

static void enter(void)
{
	u64 tg = t.shape->granule == 16 ? 1ul << 14 : 0;

	if (t.stage == EL2S1) {
		WRITE(mair_el2, MAIR);
		WRITE(tcr_el2, PT_TCR_EL2 | tg);
		WRITE(ttbr0_el2, t.now_s1);
		WRITE(sctlr_el2, SCTLR_EL2_OFF | SCTLR_M | SCTLR_C | SCTLR_I);
		return;
	}
	WRITE(vtcr_el2, PT_VTCR | tg);
	WRITE(vttbr_el2, t.vmid << 48 | (u64)t.now_s2);
	WRITE(mair_el1, MAIR);
	WRITE(tcr_el1, PT_TCR_EL1 | tg);
	WRITE(ttbr0_el1, t.asid << 48 | (u64)t.now_s1);
	WRITE(sctlr_el1, SCTLR_EL1_OFF | SCTLR_M | SCTLR_C | SCTLR_I);
	WRITE(hcr_el2, HCR_RW | (t.stage == 2 ? HCR_VM : 0));
}

PROBE(exclusive, "1:\tldxr x2, [x0]\n\tstxr w3, x1, [x0]\n\tcbnz w3, 1b");

/* On the PE that has the entry. */
static void use(u64 fetch)
{
	u64 spsr = t.stage == EL2S1 ? SPSR_EL2 : SPSR_EL1;

	enter();
	if (fetch)
		RUN(spsr, VA);
	else
		RUN(spsr, mmu_ld64, VA + t.far);
}

static void here(u64 unused)
{
	enter();
}

static void leave(u64 unused)
{
	WRITE(sctlr_el2, SCTLR_EL2_OFF);
	vm_leave();
	WRITE(vttbr_el2, 0);
	tlbi_all();
}

/* The broadcast form, complete but for its last DSB. */
static void tlbi_shared(void)
{
	if (t.stage == 1)
		asm volatile("tlbi vae1is, %0" : : "r"(ASID << 48 | VA >> 12) : "memory");
	else if (t.stage == EL2S1)
		asm volatile("tlbi vae2is, %0" : : "r"(VA >> 12) : "memory");
	else
		asm volatile("tlbi ipas2e1is, %0\n\tdsb ish\n\ttlbi vmalle1is" : : "r"(IPA >> 12) : "memory");
}

static void tlbi_local(void)
{
	if (t.stage == 1)
		asm volatile("tlbi vae1, %0" : : "r"(ASID << 48 | VA >> 12) : "memory");
	else if (t.stage == EL2S1)
		asm volatile("tlbi vae2, %0" : : "r"(VA >> 12) : "memory");
	else
		INSN("tlbi vmalls12e1");
}

static void tlbi_context(void)
{
	if (t.stage == 1)
		asm volatile("tlbi aside1is, %0" : : "r"(ASID << 48) : "memory");
	else if (t.stage == EL2S1)
		INSN("tlbi alle2is");
	else
		INSN("tlbi vmalls12e1is");
}

static void give_away(int everything_else)
{
	if (t.stage != 2) {
		t.now_s1 = t.other_s1;
		t.asid = everything_else ? OTHER : ASID;
	} else {
		t.now_s2 = t.other_s2;
		t.vmid = everything_else ? OTHER : VMID;
	}
	enter();
	if (t.pe)
		smp_call(t.pe, here, 0);
}

static void take_back(void)
{
	t.now_s1 = t.s1;
	t.now_s2 = t.s2;
	t.asid = ASID;
	t.vmid = VMID;
	enter();
	if (t.pe)
		smp_call(t.pe, here, 0);
}

/* Replaces the table over VA by a block with the same output, or back. */
static u64 *table_slot(void)
{
	return gt_slot(t.s1, 12, 1, VA, 2);
}

static void set(u64 v)
{
	*(volatile u64 *)t.slot = v;
	INSN("dsb ishst");
}

static void step(char c)
{
	switch (c) {
	case 'u': case 'j': case 'k':   /* use, fetch, use elsewhere in the block */
		t.far = c == 'k' ? FAR_IN_BLOCK : 0;
		if (t.pe)
			smp_call(t.pe, use, c == 'j');
		else
			use(c == 'j');
		break;
	case 'B': set(0); break;        /* break */
	case 'M': set(t.new); break;    /* make */
	case 'O': set(t.old); break;
	case 'P': set(t.stage != 2 ? t.old | PT_RO : t.old & ~PT_S2_W); break;
	case 'E': RUN(SPSR_EL1, exclusive, t.slot, t.new); break;
	case 'g': set(t.old & ~PT_NG); break;
	case 'W': ((volatile u64 *)t.shape->old_pa)[511]++; break;
	case 'T': tlbi_shared(); break;
	case 'L': tlbi_local(); break;
	case 'I': asm volatile("tlbi ipas2e1is, %0" : : "r"(IPA >> 12) : "memory"); break;
	case 'V': INSN("tlbi vmalle1is"); break;
	case 'G': tlbi_context(); break;
	case 'Z': INSN("tlbi alle1is\n\ttlbi alle2is"); break;
	case 'D': INSN("dsb ish\n\tisb"); break;
	case 'N': INSN("dsb nsh\n\tisb"); break;
	case 'S': INSN("dsb ishst\n\tisb"); break;
	case 'A': give_away(0); break;
	case 'X': give_away(1); break;
	case 'Y': take_back(); break;
	case 'q': t.slot = table_slot(); t.old = *t.slot; break;
	case 'p':                       /* TLBI of the other address alone */
		asm volatile("tlbi vae1is, %0\n\tdsb ish" : : "r"(ASID << 48 | (VA + FAR_IN_BLOCK) >> 12) : "memory");
		break;
	case 'b': set(0); break;
	case 'K': set(gt_leaf(12, 2, t.shape->old_pa, S1_ATTRS)); break;
	default: EXPECT_EQ("a step of that name", 0, c); break;
	}
}

static u64 leaf(const struct shape *s, unsigned stage, u64 pa, int another)
{
	u64 other_type = another && s->old_pa == s->new_pa;
	u64 s1 = stage == EL2S1 ? PT_S1_NORMAL | PT_EL0 : S1_ATTRS;
	u64 attrs = stage != 2 ? (other_type ? (s1 & ~PT_ATTR(1)) | PT_ATTR(2) : s1) :
				 (other_type ? (PT_S2_NORMAL & ~(0xful << 2)) | 5ul << 2 : PT_S2_NORMAL);

	return gt_leaf(s->granule, s->level, pa, attrs);
}

static u64 *identity(const struct shape *s, unsigned stage)
{
	u64 *root = gt_root(s->granule, 1), el2 = stage == EL2S1 ? PT_EL0 : 0;
	u64 device = stage == 2 ? PT_S2_DEVICE : PT_S1_DEVICE | el2, normal = stage == 2 ? PT_S2_NORMAL : PT_S1_NORMAL | el2;

	gt_identity(root, s->granule, s->granule == 12 ? 1 : 2, device, normal);
	if (s->granule == 16)
		gt_map(root, 16, 2, BIG, BIG, 2, normal);
	return root;
}

/* Everything mapped; the entry is on no PE yet. */
static void prepare(void)
{
	const struct shape *s = t.shape;
	unsigned start = s->granule == 12 ? 1 : 2;
	u64 in = t.stage == 2 ? IPA : VA;

	gt_reset();
	t.s1 = identity(s, t.stage == EL2S1 ? EL2S1 : 1);
	t.other_s1 = identity(s, t.stage == EL2S1 ? EL2S1 : 1);
	t.s2 = identity(s, 2);
	t.other_s2 = identity(s, 2);
	if (t.stage == 2) {
		*gt_slot(t.s1, s->granule, start, VA, s->level) = leaf(s, 1, IPA, 0);
		*gt_slot(t.other_s1, s->granule, start, VA, s->level) = leaf(s, 1, IPA, 0);
	}
	t.slot = gt_slot(t.stage == 2 ? t.s2 : t.s1, s->granule, start, in, s->level);
	*t.slot = leaf(s, t.stage, s->old_pa, 0);
	if (s->level == 3 && s->granule == 12) /* a page more, for what has become a block */
		*gt_slot(t.stage == 2 ? t.s2 : t.s1, 12, start, in + FAR_IN_BLOCK, 3) = leaf(s, t.stage, s->old_pa + FAR_IN_BLOCK, 0);
	*gt_slot(t.stage == 2 ? t.other_s2 : t.other_s1, s->granule, start, in, s->level) = leaf(s, t.stage, s->new_pa, 1);
	t.old = *t.slot;
	t.new = leaf(s, t.stage, s->new_pa, 1);
	if (s->slot_level != s->level) { /* the table of the other root */
		t.slot = gt_slot(t.stage == 2 ? t.s2 : t.s1, s->granule, start, in, s->slot_level);
		t.old = *t.slot;
		t.new = *gt_slot(t.stage == 2 ? t.other_s2 : t.other_s1, s->granule, start, in, s->slot_level);
	}
	*(volatile u32 *)s->old_pa = 0xd65f03c0; /* RET */
	*(volatile u32 *)s->new_pa = 0xd65f03c0;
	BARRIER();
	take_back();
}

static void put_case(const struct row *r, const char *twin)
{
	static const char *const pe[] = { "this PE", "another PE" };
	static const char *const stage[] = { "stage 1", "stage 2", "EL2" };

	guest_puts("CASE ");
	guest_puts(r->name);
	guest_puts(", ");
	guest_puts(stage[t.stage - 1]);
	guest_puts(", ");
	guest_puts(t.shape->name);
	guest_puts(", ");
	guest_puts(pe[t.pe]);
	guest_puts(twin ? twin : "");
	guest_puts(": ");
	guest_puts(twin ? "" : r->kinds);
	guest_puts("\n");
}

static void run(const struct row *r, const char *script, const char *twin)
{
	prepare();
	put_case(r, twin);
	for (; *script; script++)
		step(*script);
	smp_call(1, leave, 0);
	leave(0);
	EXPECT("ran", 1);
}

static void all(void)
{
	int big;

	smp_start(2);
	RUN(SPSR_EL2, mmu_ld64, BIG);
	big = !guest_cpu()->n_exc;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		for (unsigned stage = 1; stage <= EL2S1; stage++)
			for (unsigned shape = 0; shape < ARRAY_SIZE(shapes); shape++)
				for (unsigned pe = 0; pe < 2; pe++) {
					const struct row *r = &rows[i];

					if (shapes[shape].old_pa == BIG && !big)
						continue;
					if (!(r->stages & 1u << (stage - 1)) || !(r->shapes & 1u << shape) || !(r->pes & 1u << pe))
						continue;
					t.shape = &shapes[shape];
					t.stage = stage;
					t.pe = pe;
					run(r, r->fault, 0);
					run(r, r->repaired, ", repaired");
				}
}

GUEST_TESTS(TEST(all));
