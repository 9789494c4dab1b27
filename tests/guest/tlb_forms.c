/*
 * Each TLBI of Armv8.0 and the entries it drops. A table says for every form which of the cached
 * translations must be gone; with STRICT also which must have stayed, since Trapline's TLB keeps
 * what nobody invalidates.
 *
 * Filling: every context reads its pages while the descriptors say "old". Then all descriptors are
 * changed to "new", without TLBI (a real core may do anything then), the TLBI runs, and every
 * context reads again.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "mmu_vm.h"

#define VA_A 0x4000000000ul             /* not global */
#define VA_B 0x4000001000ul             /* not global, its neighbour */
#define VA_G 0x4000002000ul             /* global */
#define VA_EL2 0x2000000000ul
#define OLD_PA (RAM + 0x8000000)
#define NEW_PA (RAM + 0x9000000)

/* operand of a TLBI by VA (and ASID), by ASID, by IPA */
#define BY_VA(asid, va) ((u64)(asid) << 48 | (va) >> 12)
#define BY_ASID(asid) ((u64)(asid) << 48)

enum entry { V1A1_A, V1A1_B, V1A1_G, V1A2_A, V2A1_A, V2A1_G, EL2_PAGE, ENTRIES };

static const struct {
	const char *name;
	u8 vm, asid;
	u64 va;
} entries[ENTRIES] = {
	[V1A1_A] = { "VMID 1, ASID 1, page A", 0, 1, VA_A },
	[V1A1_B] = { "VMID 1, ASID 1, page B", 0, 1, VA_B },
	[V1A1_G] = { "VMID 1, global page", 0, 1, VA_G },
	[V1A2_A] = { "VMID 1, ASID 2, page A", 0, 2, VA_A },
	[V2A1_A] = { "VMID 2, ASID 1, page A", 1, 1, VA_A },
	[V2A1_G] = { "VMID 2, global page", 1, 1, VA_G },
	[EL2_PAGE] = { "EL2 page", 2, 0, VA_EL2 },
};

#define FORM(name, op) PROBE(name, "dsb sy\n\ttlbi " op "\n\tdsb sy\n\tisb");
#define FORMS(F)                                                                                   \
	F(vmalle1, "vmalle1")                                                                      \
	F(vmalle1is, "vmalle1is") F(aside1, "aside1, x0") F(aside1is, "aside1is, x0")              \
		F(vae1, "vae1, x0") F(vae1is, "vae1is, x0") F(vaae1, "vaae1, x0") F(               \
			vaae1is, "vaae1is, x0") F(vale1, "vale1, x0") F(vale1is, "vale1is, x0")    \
			F(vaale1, "vaale1, x0") F(vaale1is, "vaale1is, x0") F(                     \
				vmalls12e1, "vmalls12e1") F(vmalls12e1is, "vmalls12e1is")          \
				F(ipas2e1, "ipas2e1, x0") F(ipas2e1is, "ipas2e1is, x0") F(         \
					ipas2le1, "ipas2le1, x0") F(ipas2le1is, "ipas2le1is, x0")  \
					F(alle1, "alle1") F(alle1is, "alle1is") F(alle2, "alle2")  \
						F(alle2is, "alle2is") F(vae2, "vae2, x0")          \
							F(vae2is, "vae2is, x0")                    \
								F(vale2, "vale2, x0")              \
									F(vale2is, "vale2is, x0")
FORMS(FORM)


/* What a form drops, as a set of entries. */
#define SET(entry) (1u << (entry))
#define VMID1 (SET(V1A1_A) | SET(V1A1_B) | SET(V1A1_G) | SET(V1A2_A))
#define VMID2 (SET(V2A1_A) | SET(V2A1_G))

static const struct row {
	const char *name;
	const void *probe;
	u64 operand;
	u32 drops;
	u8 el1;                 /* may be executed at EL1, too */
} rows[] = {
	{ "VMALLE1", vmalle1, 0, VMID1, 1 },
	{ "VMALLE1IS", vmalle1is, 0, VMID1, 1 },
	{ "ASIDE1, 1", aside1, BY_ASID(1), SET(V1A1_A) | SET(V1A1_B), 1 },
	{ "ASIDE1IS, 1", aside1is, BY_ASID(1), SET(V1A1_A) | SET(V1A1_B), 1 },
	{ "ASIDE1, 2", aside1, BY_ASID(2), SET(V1A2_A), 1 },
	{ "ASIDE1, 3", aside1, BY_ASID(3), 0, 1 },
	{ "VAE1, 1 A", vae1, BY_VA(1, VA_A), SET(V1A1_A), 1 },
	{ "VAE1IS, 1 A", vae1is, BY_VA(1, VA_A), SET(V1A1_A), 1 },
	{ "VAE1, 2 A", vae1, BY_VA(2, VA_A), SET(V1A2_A), 1 },
	{ "VAE1, 1 B", vae1, BY_VA(1, VA_B), SET(V1A1_B), 1 },
	{ "VAE1, 1 G", vae1, BY_VA(1, VA_G), SET(V1A1_G), 1 },
	{ "VAE1, 3 G", vae1, BY_VA(3, VA_G), SET(V1A1_G), 1 },
	{ "VAAE1, A", vaae1, BY_VA(0, VA_A), SET(V1A1_A) | SET(V1A2_A), 1 },
	{ "VAAE1IS, A", vaae1is, BY_VA(7, VA_A), SET(V1A1_A) | SET(V1A2_A), 1 },
	{ "VAAE1, G", vaae1, BY_VA(0, VA_G), SET(V1A1_G), 1 },
	{ "VALE1, 1 A", vale1, BY_VA(1, VA_A), SET(V1A1_A), 1 },
	{ "VALE1IS, 2 A", vale1is, BY_VA(2, VA_A), SET(V1A2_A), 1 },
	{ "VALE1, 2 G", vale1, BY_VA(2, VA_G), SET(V1A1_G), 1 },
	{ "VAALE1, A", vaale1, BY_VA(0, VA_A), SET(V1A1_A) | SET(V1A2_A), 1 },
	{ "VAALE1IS, A", vaale1is, BY_VA(0, VA_A), SET(V1A1_A) | SET(V1A2_A), 1 },
	{ "VMALLS12E1", vmalls12e1, 0, VMID1, 0 },
	{ "VMALLS12E1IS", vmalls12e1is, 0, VMID1, 0 },
	{ "ALLE1", alle1, 0, VMID1 | VMID2, 0 },
	{ "ALLE1IS", alle1is, 0, VMID1 | VMID2, 0 },
	{ "ALLE2", alle2, 0, SET(EL2_PAGE), 0 },
	{ "ALLE2IS", alle2is, 0, SET(EL2_PAGE), 0 },
	{ "VAE2", vae2, BY_VA(0, VA_EL2), SET(EL2_PAGE), 0 },
	{ "VAE2IS", vae2is, BY_VA(0, VA_EL2), SET(EL2_PAGE), 0 },
	{ "VALE2", vale2, BY_VA(0, VA_EL2), SET(EL2_PAGE), 0 },
	{ "VALE2IS", vale2is, BY_VA(0, VA_EL2), SET(EL2_PAGE), 0 },
	{ "VAE2, another page", vae2, BY_VA(0, VA_EL2 + 0x1000), 0, 0 },
	{ "IPAS2E1", ipas2e1, OLD_PA >> 12, 0, 0 },
	{ "IPAS2E1IS", ipas2e1is, OLD_PA >> 12, 0, 0 },
	{ "IPAS2LE1", ipas2le1, OLD_PA >> 12, 0, 0 },
	{ "IPAS2LE1IS", ipas2le1is, OLD_PA >> 12, 0, 0 },
};

static struct vm vms[2];
static u64 *el2_root;

static u64 *leaf_of(enum entry i)
{
	if (i == EL2_PAGE)
		return pt_entry(el2_root, 1, VA_EL2, 3);
	return pt_entry(vms[entries[i].vm].s1, 1, entries[i].va, 3);
}

/* Every leaf goes to its own page at `base`; those shared by two ASIDs to the same. */
static void set_leaves(u64 base)
{
	for (enum entry i = 0; i < ENTRIES; i++) {
		u64 page = i == V1A2_A ? V1A1_A : i;
		u64 attrs = i == EL2_PAGE ? PT_S1_NORMAL | PT_EL0 :
			    entries[i].va == VA_G ? PT_S1_NORMAL : PT_S1_NORMAL | PT_NG;

		*leaf_of(i) = gt_leaf(12, 3, base + page * 0x1000, attrs);
		*(volatile u64 *)(base + page * 0x1000) = base + page;
	}
	BARRIER();
}

static void setup(void)
{
	pt_reset();
	vm_init(&vms[0], 1, 1);
	vm_init(&vms[1], 2, 1);
	el2_root = pt_new();
	pt_identity(el2_root, 1, PT_S1_DEVICE | PT_EL0, PT_S1_NORMAL | PT_EL0);
	pt_map(el2_root, 1, VA_EL2, 0, 3, 0);
	for (enum entry i = 0; i < EL2_PAGE; i++)
		pt_map(vms[entries[i].vm].s1, 1, entries[i].va, 0, 3, 0);
}

static void el2_mmu(int on)
{
	WRITE(mair_el2, PT_MAIR);
	WRITE(tcr_el2, PT_TCR_EL2);
	WRITE(ttbr0_el2, el2_root);
	WRITE(sctlr_el2, SCTLR_EL2_OFF | (on ? SCTLR_M | SCTLR_C | SCTLR_I : 0));
}

static u64 read_entry(enum entry i)
{
	u64 got;

	if (i == EL2_PAGE) {
		el2_mmu(1);
		got = *(volatile u64 *)VA_EL2;
		el2_mmu(0);
		return got;
	}
	vms[entries[i].vm].asid = entries[i].asid;
	vm_enter(&vms[entries[i].vm]);
	got = vm_read(entries[i].va);
	vm_leave();
	return got;
}

static void one_row(const struct row *row, unsigned el)
{
	tlbi_all();
	set_leaves(OLD_PA);
	for (enum entry i = 0; i < ENTRIES; i++)
		EXPECT_EQ("before", read_entry(i) & ~0xffful, OLD_PA);
	set_leaves(NEW_PA);
	*(volatile u64 *)OLD_PA = OLD_PA;
	vms[0].asid = 1;
	vm_enter(&vms[0]);
	RUN(SPSR_OF_EL(el), row->probe, row->operand);
	EXPECT_NO_EXC(row->name);
	vm_leave();
	for (enum entry i = 0; i < ENTRIES; i++) {
		u64 got = read_entry(i) & ~0xffful;

		if (!STRICT && !(row->drops & SET(i)))
			continue;
		if (got != (row->drops & SET(i) ? NEW_PA : OLD_PA)) {
			guest_puts(row->name);
			guest_puts(el == 1 ? " at EL1: " : " at EL2: ");
		}
		EXPECT_EQ(entries[i].name, got, row->drops & SET(i) ? NEW_PA : OLD_PA);
	}
}

static void every_form(void)
{
	setup();
	for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		one_row(row, 2);
		if (row->el1)
			one_row(row, 1);
	}
}

/*
 * Stage 2 changes below an unchanged stage 1. IPAS2E1 alone need not drop what holds both stages
 * (and Trapline's does not); with a stage-1 TLBI after it, or by VMALLS12E1, the change is seen.
 */
static void stage2_forms(void)
{
	static const struct {
		const char *name;
		const void *first, *second;
		u8 drops;
	} forms[] = {
		{ "IPAS2E1 alone", ipas2e1, 0, 0 },
		{ "IPAS2E1, VMALLE1", ipas2e1, vmalle1, 1 },
		{ "IPAS2E1IS, VMALLE1IS", ipas2e1is, vmalle1is, 1 },
		{ "IPAS2LE1, VMALLE1", ipas2le1, vmalle1, 1 },
		{ "IPAS2LE1IS, VMALLE1IS", ipas2le1is, vmalle1is, 1 },
		{ "VMALLS12E1", vmalls12e1, 0, 1 },
		{ "VMALLS12E1IS", vmalls12e1is, 0, 1 },
		{ "ALLE1", alle1, 0, 1 },
	};
	u64 va = 0x4010000000, ipa = 0x80000000;

	pt_reset();
	vm_init(&vms[0], 1, 1);
	vm_init(&vms[1], 2, 1);
	for (unsigned i = 0; i < ARRAY_SIZE(forms); i++) {
		for (unsigned v = 0; v < 2; v++) {
			pt_map(vms[v].s1, 1, va, ipa, 3, PT_S1_NORMAL);
			pt_map(vms[v].s2, 1, ipa, OLD_PA, 3, PT_S2_NORMAL);
		}
		*(volatile u64 *)OLD_PA = OLD_PA;
		*(volatile u64 *)NEW_PA = NEW_PA;
		tlbi_all();
		for (unsigned v = 0; v < 2; v++) {
			vm_enter(&vms[v]);
			EXPECT_EQ("before", vm_read(va), OLD_PA);
			pt_map(vms[v].s2, 1, ipa, NEW_PA, 3, PT_S2_NORMAL);
		}
		vm_enter(&vms[0]);
		RUN(SPSR_EL2, forms[i].first, ipa >> 12);
		if (forms[i].second)
			RUN(SPSR_EL2, forms[i].second);
		if (forms[i].drops || STRICT)
			EXPECT_EQ(forms[i].name, vm_read(va), forms[i].drops ? NEW_PA : OLD_PA);
		vm_enter(&vms[1]);
		if (STRICT && forms[i].first != alle1)
			EXPECT_EQ("the other VM keeps its entry", vm_read(va), OLD_PA);
		vm_leave();
	}
}

/* A changed table descriptor: VAE1 and wider drop the walk cache, VALE1 (last level) does not. */
static void walk_cache(void)
{
	static const struct {
		const char *name;
		const void *probe;
		u64 operand;
		u8 drops;
	} forms[] = {
		{ "VAE1", vae1, BY_VA(1, VA_A), 1 }, { "VAE1IS", vae1is, BY_VA(1, VA_A), 1 },
		{ "VAAE1", vaae1, BY_VA(0, VA_A), 1 }, { "ASIDE1", aside1, BY_ASID(1), 1 },
		{ "VMALLE1", vmalle1, 0, 1 }, { "VALE1", vale1, BY_VA(1, VA_A), 0 },
		{ "VAALE1", vaale1, BY_VA(0, VA_A), 0 },
	};
	u64 *table[2];

	pt_reset();
	vm_init(&vms[0], 1, 1);
	for (unsigned i = 0; i < 2; i++) {
		*pt_entry(vms[0].s1, 1, VA_A, 1) = 0;
		pt_map(vms[0].s1, 1, VA_A, i ? NEW_PA : OLD_PA, 3, PT_S1_NORMAL | PT_NG);
		table[i] = pt_entry(vms[0].s1, 1, VA_A, 3);
		*(volatile u64 *)(i ? NEW_PA : OLD_PA) = i ? NEW_PA : OLD_PA;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(forms); i++) {
		*pt_entry(vms[0].s1, 1, VA_A, 2) = (u64)table[0] | 3;
		tlbi_all();
		vm_enter(&vms[0]);
		EXPECT_EQ("before", vm_read(VA_A), OLD_PA);
		*pt_entry(vms[0].s1, 1, VA_A, 2) = (u64)table[1] | 3;
		BARRIER();
		RUN(SPSR_EL1, forms[i].probe, forms[i].operand);
		if (forms[i].drops)
			EXPECT_EQ(forms[i].name, vm_read(VA_A), NEW_PA);
		vm_leave();
	}
}

GUEST_TESTS(TEST(every_form), TEST(stage2_forms), TEST(walk_cache));
