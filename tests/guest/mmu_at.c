/*
 * AT and PAR_EL1: what a success and each fault look like, for every form of Armv8.0 (and S1E1RP/WP
 * with FEAT_PAN2), from EL2 and from EL1.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "mmu_vm.h"

#define VA 0x4000000000ul               /* + 0x1000 * page */
#define IPA 0x80000000ul
#define PA (RAM + 0x8000000)
#define VA_EL2 0x2000000000ul
#define PAR_NS (1ul << 9)               /* of a success: UNKNOWN in Non-secure state */

#define AT(name, op) PROBE(name, "at " op ", x0\n\tisb\n\tmrs x0, par_el1")
AT(at_s1e1r, "s1e1r");
AT(at_s1e1w, "s1e1w");
AT(at_s1e0r, "s1e0r");
AT(at_s1e0w, "s1e0w");
AT(at_s12e1r, "s12e1r");
AT(at_s12e1w, "s12e1w");
AT(at_s12e0r, "s12e0r");
AT(at_s12e0w, "s12e0w");
AT(at_s1e2r, "s1e2r");
AT(at_s1e2w, "s1e2w");
PROBE(at_s1e1rp, "sys #0, c7, c9, #0, x0\n\tisb\n\tmrs x0, par_el1");
PROBE(at_s1e1wp, "sys #0, c7, c9, #1, x0\n\tisb\n\tmrs x0, par_el1");
PROBE(one_at_s1e1r, "at s1e1r, x0");

static struct vm vm;

/* Normal write-back, inner shareable, and Device-nGnRnE, which reads as outer shareable. */
#define PAR_NORMAL(pa) ((pa) | 0xfful << 56 | 1ul << 11 | 3ul << 7)
#define PAR_DEVICE(pa) ((pa) | 1ul << 11 | 2ul << 7)
#define PAR_FAULT(fst) (1ul << 11 | (u64)(fst) << 1 | 1)
#define PAR_S2_FAULT(fst) (PAR_FAULT(fst) | 1ul << 9)
#define PAR_PTW (1ul << 8)

static void expect_par(const char *what, u64 spsr, const void *at, u64 va, u64 want)
{
	u64 got = RUN(spsr, at, va);

	EXPECT_NO_EXC(what);
	if (!(want & 1))
		got &= ~PAR_NS;
	EXPECT_EQ(what, got, want);
}

enum page {
	RW,
	RW_EL0,
	READ_ONLY,
	RO_EL0,
	NO_FLAG,
	BAD_OUTPUT,
	DEVICE,
	S2_NONE,
	S2_RO,
	S2_NO_FLAG,
	S2_DEVICE,
	PAGES
};

static void setup(void)
{
	static const u64 s1[PAGES] = {
		[RW] = PT_S1_NORMAL,
		[RW_EL0] = PT_S1_NORMAL | PT_EL0,
		[READ_ONLY] = PT_S1_NORMAL | PT_RO,
		[RO_EL0] = PT_S1_NORMAL | PT_RO | PT_EL0,
		[NO_FLAG] = PT_S1_NORMAL & ~PT_AF,
		[BAD_OUTPUT] = PT_S1_NORMAL | 1ul << 41,
		[DEVICE] = PT_S1_DEVICE,
		[S2_NONE] = PT_S1_NORMAL,
		[S2_RO] = PT_S1_NORMAL,
		[S2_NO_FLAG] = PT_S1_NORMAL,
		[S2_DEVICE] = PT_S1_NORMAL,
	};

	pt_reset();
	vm_init(&vm, 9, 0);
	for (u64 i = 0; i < PAGES; i++) {
		u64 s2 = i == S2_RO	   ? PT_S2_NORMAL & ~PT_S2_W
			 : i == S2_NO_FLAG ? PT_S2_NORMAL & ~PT_AF
			 : i == S2_DEVICE  ? PT_S2_DEVICE
					   : PT_S2_NORMAL;

		pt_map(vm.s1, 1, VA + i * 0x1000, IPA + i * 0x1000, 3, s1[i]);
		pt_map(vm.s2, 1, IPA + i * 0x1000, PA + i * 0x1000, 3, s2);
	}
	*pt_entry(vm.s2, 1, IPA + S2_NONE * 0x1000, 3) = 0;
	vm_enter(&vm);
	tlbi_all();
}

static u64 va_of(enum page page)
{
	return VA + page * 0x1000ul + 0x678;
}

/* S1E1x and S1E0x stop after stage 1, so they give the IPA. The result is the same at both ELs. */
static void stage1_forms(void)
{
	static const struct {
		enum page page;
		u8 r1, w1, r0, w0;      /* allowed */
	} rows[] = { { RW, 1, 1, 0, 0 },
		     { RW_EL0, 1, 1, 1, 1 },
		     { READ_ONLY, 1, 0, 0, 0 },
		     { RO_EL0, 1, 0, 1, 0 } };

	setup();
	for (unsigned el = 1; el <= 2; el++) {
		u64 spsr = SPSR_OF_EL(el);

		for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
			u64 va = va_of(rows[i].page),
			    ok = PAR_NORMAL(IPA + rows[i].page * 0x1000ul);
			u64 no = PAR_FAULT(FSC_PERM(3));

			expect_par("S1E1R", spsr, at_s1e1r, va, rows[i].r1 ? ok : no);
			expect_par("S1E1W", spsr, at_s1e1w, va, rows[i].w1 ? ok : no);
			expect_par("S1E0R", spsr, at_s1e0r, va, rows[i].r0 ? ok : no);
			expect_par("S1E0W", spsr, at_s1e0w, va, rows[i].w0 ? ok : no);
		}
		expect_par("access flag", spsr, at_s1e1r, va_of(NO_FLAG), PAR_FAULT(FSC_AF(3)));
		expect_par("address size", spsr, at_s1e1r, va_of(BAD_OUTPUT),
			   PAR_FAULT(FSC_SIZE(3)));
		expect_par("level 3", spsr, at_s1e1r, VA + PAGES * 0x1000, PAR_FAULT(FSC_TRANS(3)));
		expect_par("level 2", spsr, at_s1e1r, VA + 0x200000, PAR_FAULT(FSC_TRANS(2)));
		expect_par("level 1", spsr, at_s1e1r, VA + 0x40000000, PAR_FAULT(FSC_TRANS(1)));
		expect_par("no such address", spsr, at_s1e1r, VA << 4, PAR_FAULT(FSC_TRANS(0)));
		expect_par("TTBR1 is off", spsr, at_s1e1r, ~0ul << 39, PAR_FAULT(FSC_TRANS(0)));
		expect_par("Device", spsr, at_s1e1r, va_of(DEVICE),
			   PAR_DEVICE(IPA + DEVICE * 0x1000ul));
		expect_par("block", spsr, at_s1e1r, RAM + 0x123456, PAR_NORMAL(RAM + 0x123000));
		expect_par("stage 2 is not asked", spsr, at_s1e1r, va_of(S2_NONE),
			   PAR_NORMAL(IPA + S2_NONE * 0x1000ul));
	}
	vm_leave();
}

static void both_stages(void)
{
	setup();
	expect_par("S12E1R", SPSR_EL2, at_s12e1r, va_of(RW), PAR_NORMAL(PA + RW * 0x1000ul));
	expect_par("S12E1W", SPSR_EL2, at_s12e1w, va_of(RW), PAR_NORMAL(PA + RW * 0x1000ul));
	expect_par("S12E0R", SPSR_EL2, at_s12e0r, va_of(RW_EL0),
		   PAR_NORMAL(PA + RW_EL0 * 0x1000ul));
	expect_par("S12E0W", SPSR_EL2, at_s12e0w, va_of(RW_EL0),
		   PAR_NORMAL(PA + RW_EL0 * 0x1000ul));
	expect_par("stage 1 forbids", SPSR_EL2, at_s12e0r, va_of(RW), PAR_FAULT(FSC_PERM(3)));
	expect_par("stage 1 forbids", SPSR_EL2, at_s12e1w, va_of(READ_ONLY),
		   PAR_FAULT(FSC_PERM(3)));
	expect_par("stage 2 none", SPSR_EL2, at_s12e1r, va_of(S2_NONE), PAR_S2_FAULT(FSC_TRANS(3)));
	expect_par("stage 2 flag", SPSR_EL2, at_s12e1r, va_of(S2_NO_FLAG), PAR_S2_FAULT(FSC_AF(3)));
	expect_par("stage 2 read", SPSR_EL2, at_s12e1r, va_of(S2_RO),
		   PAR_NORMAL(PA + S2_RO * 0x1000ul));
	expect_par("stage 2 write", SPSR_EL2, at_s12e1w, va_of(S2_RO), PAR_S2_FAULT(FSC_PERM(3)));
	expect_par("stage 2 Device wins", SPSR_EL2, at_s12e1r, va_of(S2_DEVICE),
		   PAR_DEVICE(PA + S2_DEVICE * 0x1000ul) | 4ul << 56);
	vm_leave();
}

/*
 * Stage 2 forbids a read of stage 1's tables: EL2 sees it in PAR_EL1; at EL1 it is an exception to
 * EL2 that says "cache or translation operation", hence a write.
 */
static void walk_fault(void)
{
	u64 *level3, *level2;

	setup();
	level3 = pt_entry(vm.s1, 1, VA, 3);
	level2 = pt_entry(vm.s1, 1, VA, 2);
	pt_map(vm.s2, 1, 0xa0000000, (u64)level3, 3, PT_S2_NORMAL & ~PT_AF);
	*level2 = 0xa0000000 | 3;
	tlbi_all();
	EXPECT_EQ("S12E1R", RUN(SPSR_EL2, at_s12e1r, va_of(RW)),
		  PAR_S2_FAULT(FSC_AF(3)) | PAR_PTW);
	EXPECT_EQ("S1E1R", RUN(SPSR_EL2, at_s1e1r, va_of(RW)),
		  PAR_S2_FAULT(FSC_AF(3)) | PAR_PTW);
	RUN(SPSR_EL1, one_at_s1e1r, va_of(RW));
	EXPECT_S2_FAULT("at EL1", ESR(EC_DABT_LOW, ISS_S1PTW | ISS_CM | ISS_WNR | FSC_AF(3)),
			one_at_s1e1r, va_of(RW), 0xa0000000);
	vm_leave();
}

/* With stage 1 off the address passes; HCR_EL2.DC makes it Normal memory. */
static void stage1_off(void)
{
	setup();
	WRITE(sctlr_el1, SCTLR_EL1_OFF);
	expect_par("S1E1R", SPSR_EL2, at_s1e1r, IPA + 0x1678, PAR_DEVICE(IPA + 0x1000));
	expect_par("S12E1R", SPSR_EL2, at_s12e1r, IPA + 0x1678, PAR_DEVICE(PA + 0x1000));
	expect_par("S12E1R, stage 2 none", SPSR_EL2, at_s12e1r, IPA + S2_NONE * 0x1000ul,
		   PAR_S2_FAULT(FSC_TRANS(3)));
	WRITE(hcr_el2, vm.hcr | HCR_DC);
	tlbi_all();
	expect_par("S12E1R, DC", SPSR_EL2, at_s12e1r, IPA + 0x1678, PAR_NORMAL(PA + 0x1000));
	vm_leave();
	expect_par("all off", SPSR_EL2, at_s12e1r, 0x12345678, PAR_DEVICE(0x12345000));
}

static void el2_forms(void)
{
	u64 *root;

	setup();
	expect_par("MMU off", SPSR_EL2, at_s1e2r, 0x40123456, PAR_DEVICE(0x40123000));
	root = pt_new();
	pt_identity(root, 1, PT_S1_DEVICE | PT_EL0, PT_S1_NORMAL | PT_EL0);
	pt_map(root, 1, VA_EL2, PA, 3, PT_S1_NORMAL | PT_EL0);
	pt_map(root, 1, VA_EL2 + 0x1000, PA + 0x1000, 3, PT_S1_NORMAL | PT_EL0 | PT_RO);
	WRITE(mair_el2, PT_MAIR);
	WRITE(tcr_el2, PT_TCR_EL2);
	WRITE(ttbr0_el2, root);
	WRITE(sctlr_el2, SCTLR_EL2_OFF | SCTLR_M | SCTLR_C | SCTLR_I);
	expect_par("S1E2R", SPSR_EL2, at_s1e2r, VA_EL2 + 0x678, PAR_NORMAL(PA));
	expect_par("S1E2W", SPSR_EL2, at_s1e2w, VA_EL2 + 0x678, PAR_NORMAL(PA));
	expect_par("read-only", SPSR_EL2, at_s1e2r, VA_EL2 + 0x1678, PAR_NORMAL(PA + 0x1000));
	expect_par("read-only", SPSR_EL2, at_s1e2w, VA_EL2 + 0x1678, PAR_FAULT(FSC_PERM(3)));
	expect_par("none", SPSR_EL2, at_s1e2w, VA_EL2 + 0x2678, PAR_FAULT(FSC_TRANS(3)));
	expect_par("EL1's regime is another", SPSR_EL2, at_s1e1r, va_of(RW), PAR_NORMAL(IPA));
	WRITE(sctlr_el2, SCTLR_EL2_OFF);
	vm_leave();
}

/* S1E1RP and WP fail where PSTATE.PAN forbids; the plain forms do not look at it. */
static void privileged_access_never(void)
{
	u64 page = PAR_NORMAL(IPA + RW_EL0 * 0x1000ul);

	if ((READ(id_aa64mmfr1_el1) >> 20 & 15) < 2)
		return;
	setup();
	for (unsigned pan = 0; pan <= 1; pan++) {
		u64 spsr = SPSR_EL1 | (u64)pan << 22;
		u64 want = pan ? PAR_FAULT(FSC_PERM(3)) : page;

		expect_par("S1E1RP", spsr, at_s1e1rp, va_of(RW_EL0), want);
		expect_par("S1E1WP", spsr, at_s1e1wp, va_of(RW_EL0), want);
		expect_par("S1E1R", spsr, at_s1e1r, va_of(RW_EL0), page);
		expect_par("S1E1RP", spsr, at_s1e1rp, va_of(RW), PAR_NORMAL(IPA));
	}
	vm_leave();
}

/* The EL2 forms are undefined below EL2. */
static void undefined(void)
{
	static const void *const forms[] = { at_s12e1r, at_s12e0w, at_s1e2r };

	setup();
	for (unsigned i = 0; i < ARRAY_SIZE(forms); i++) {
		RUN(SPSR_EL1, forms[i], va_of(RW));
		EXPECT_EXC("at EL1", 1, VEC_SAME, ESR(0, 0), forms[i]);
	}
	RUN(SPSR_EL0, one_at_s1e1r, va_of(RW));
	EXPECT_EXC("at EL0", 1, VEC_LOWER, ESR(0, 0), one_at_s1e1r);
	vm_leave();
}

GUEST_TESTS(TEST(stage1_forms), TEST(both_stages), TEST(walk_fault), TEST(stage1_off),
	    TEST(el2_forms), TEST(privileged_access_never), TEST(undefined));
