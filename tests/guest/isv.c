/*
 * Stage 2 data aborts: which loads and stores give a valid instruction syndrome, and what it says
 * (DDI0487 ESR_ELx, ISS for a Data Abort). Each form runs at EL1 on a page that stage 2 lacks, and,
 * if it writes, on one that is read-only. HCR_EL2.DC makes stage 1 flat and Normal.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu max -smp 1 */
#include "guest.h"
#include "bits.h"

#define V(size, rt, more) (ISS_ISV | ISS_SAS(size) | ISS_SRT(rt) | (more))
#define SX ISS_SF
#define SS ISS_SSE
#define AR ISS_AR

/* F(name, instruction, syndrome, kind): x0 is the address, kind: l load, s store, a both */
#define FORMS(F) \
	F(ldr_x, "ldr x3, [x0]", V(3, 3, SX), l) F(ldr_w, "ldr w3, [x0]", V(2, 3, 0), l) \
	F(ldrh, "ldrh w4, [x0]", V(1, 4, 0), l) F(ldrb, "ldrb w5, [x0]", V(0, 5, 0), l) \
	F(ldrsw, "ldrsw x3, [x0]", V(2, 3, SX | SS), l) \
	F(ldrsh_x, "ldrsh x3, [x0]", V(1, 3, SX | SS), l) \
	F(ldrsh_w, "ldrsh w3, [x0]", V(1, 3, SS), l) \
	F(ldrsb_x, "ldrsb x3, [x0]", V(0, 3, SX | SS), l) \
	F(ldrsb_w, "ldrsb w3, [x0]", V(0, 3, SS), l) \
	F(ldr_x29, "ldr x29, [x0]", V(3, 29, SX), l) \
	F(ldr_xzr, "ldr xzr, [x0]", V(3, 31, SX), l) F(ldr_base, "ldr x0, [x0]", V(3, 0, SX), l) \
	F(str_x, "str x3, [x0]", V(3, 3, SX), s) F(str_w, "str w3, [x0]", V(2, 3, 0), s) \
	F(strh, "strh w3, [x0]", V(1, 3, 0), s) F(strb, "strb w3, [x0]", V(0, 3, 0), s) \
	F(str_xzr, "str xzr, [x0]", V(3, 31, SX), s) \
	F(strb_wzr, "strb wzr, [x0]", V(0, 31, 0), s) \
	F(ldr_imm, "ldr x3, [x0, #8]", V(3, 3, SX), l) \
	F(str_imm, "str w3, [x0, #8]", V(2, 3, 0), s) \
	F(ldur, "ldur x3, [x0, #9]", V(3, 3, SX), l) F(stur, "stur w3, [x0, #9]", V(2, 3, 0), s) \
	F(ldursw, "ldursw x3, [x0, #9]", V(2, 3, SX | SS), l) \
	F(ldurb, "ldurb w3, [x0, #1]", V(0, 3, 0), l) \
	F(ldr_reg, "ldr x3, [x0, x1]", V(3, 3, SX), l) \
	F(ldr_lsl, "ldr x3, [x0, x1, lsl #3]", V(3, 3, SX), l) \
	F(str_sxtw, "str w3, [x0, w1, sxtw #2]", V(2, 3, 0), s) \
	F(ldrsh_uxtw, "ldrsh w3, [x0, w1, uxtw]", V(1, 3, SS), l) \
	F(ldtr, "ldtr x3, [x0]", V(3, 3, SX), l) F(sttr, "sttr w3, [x0]", V(2, 3, 0), s) \
	F(ldtrsb, "ldtrsb w3, [x0]", V(0, 3, SS), l) F(sttrh, "sttrh w3, [x0]", V(1, 3, 0), s) \
	F(ldr_literal, "ldr x3, hole", V(3, 3, SX), l) \
	F(ldr_literal_w, "ldr w3, hole", V(2, 3, 0), l) \
	F(ldrsw_literal, "ldrsw x3, hole", V(2, 3, SX | SS), l) \
	F(ldar_x, "ldar x3, [x0]", V(3, 3, SX | AR), l) \
	F(ldar_w, "ldar w3, [x0]", V(2, 3, AR), l) F(ldarb, "ldarb w3, [x0]", V(0, 3, AR), l) \
	F(stlr_x, "stlr x3, [x0]", V(3, 3, SX | AR), s) \
	F(stlrh, "stlrh w3, [x0]", V(1, 3, AR), s) \
	F(ldapr, "ldapr x3, [x0]", V(3, 3, SX | AR), l) \
	F(ldaprb, "ldaprb w3, [x0]", V(0, 3, AR), l) F(ldr_pre, "ldr x3, [x0, #8]!", 0, l) \
	F(ldr_post, "ldr x3, [x0], #8", 0, l) F(str_pre, "str w3, [x0, #8]!", 0, s) \
	F(str_post, "str w3, [x0], #8", 0, s) F(ldrsw_post, "ldrsw x3, [x0], #4", 0, l) \
	F(strb_pre, "strb w3, [x0, #1]!", 0, s) F(ldp, "ldp x3, x4, [x0]", 0, l) \
	F(stp, "stp x3, x4, [x0]", 0, s) F(ldpsw, "ldpsw x3, x4, [x0]", 0, l) \
	F(ldnp, "ldnp x3, x4, [x0]", 0, l) F(stnp, "stnp w3, w4, [x0]", 0, s) \
	F(ldp_post, "ldp x3, x4, [x0], #16", 0, l) F(stp_pre, "stp x3, x4, [x0, #16]!", 0, s) \
	F(ldxr, "ldxr x3, [x0]", 0, l) F(ldaxr, "ldaxr w3, [x0]", 0, l) \
	F(ldxp, "ldxp x3, x4, [x0]", 0, l) F(ldr_q, "ldr q3, [x0]", 0, l) \
	F(ldr_d, "ldr d3, [x0]", 0, l) F(ldr_s, "ldr s3, [x0]", 0, l) \
	F(ldr_h, "ldr h3, [x0]", 0, l) F(ldr_b, "ldr b3, [x0]", 0, l) \
	F(str_q, "str q3, [x0]", 0, s) F(str_d, "str d3, [x0]", 0, s) \
	F(ldp_q, "ldp q3, q4, [x0]", 0, l) F(stp_d, "stp d3, d4, [x0]", 0, s) \
	F(ldur_q, "ldur q3, [x0, #1]", 0, l) F(ld1, "ld1 {v0.16b}, [x0]", 0, l) \
	F(st4, "st4 {v0.8h, v1.8h, v2.8h, v3.8h}, [x0]", 0, s) \
	F(ld1r, "ld1r {v0.4s}, [x0]", 0, l) F(st1_lane, "st1 {v0.b}[3], [x0]", 0, s) \
	F(ldr_q_literal, "ldr q3, hole", 0, l) F(ldadd, "ldadd x1, x3, [x0]", 0, a) \
	F(ldclralb, "ldclralb w1, w3, [x0]", 0, a) F(stset, "stset x1, [x0]", 0, a) \
	F(swp, "swp w1, w3, [x0]", 0, a) F(swpal, "swpal x1, x3, [x0]", 0, a) \
	F(cas, "cas x1, x3, [x0]", 0, a) F(casp, "casp x4, x5, x6, x7, [x0]", 0, a) \
	F(ldsmax, "ldsmax x1, x3, [x0]", 0, a) F(dc_zva, "dc zva, x0", 0, s)

#define F_PROBE(name, text, iss, kind) PROBE(name, text);
FORMS(F_PROBE)

static const struct form {
	const char *name;
	const u32 *probe;
	u64 iss;
	char kind;
} forms[] = {
#define F_ROW(name, text, iss, kind) { text, name, iss, (#kind)[0] },
	FORMS(F_ROW)
};

PROBE(prfm, "prfm pldl1keep, [x0]\n\tprfm pstl2strm, [x0, #8]\n\tprfum pldl1keep, [x0, #1]");
PROBE(ldxr_stxr, "ldxr x3, [x0]\n\tstxr w4, x3, [x0]");
PROBE(ldaxp_stlxp, "ldaxp x3, x5, [x0]\n\tstlxp w4, x3, x5, [x0]");

/* the page that stage 2 lacks or protects; global for the literal loads */
extern u8 hole[4096];
u8 hole[4096] __attribute__((aligned(4096)));

static u64 *hole_entry;

static void stage2_on(void)
{
	static u64 *root;
	const u64 block = (u64)hole & ~(u64)0x1fffff;

	if (!root) {
		root = pt_new();
		pt_identity(root, 1, PT_S2_DEVICE, PT_S2_NORMAL);
		for (u64 a = block; a < block + 0x200000; a += 4096)
			pt_map(root, 1, a, a, 3, PT_S2_NORMAL);
		hole_entry = pt_entry(root, 1, (u64)hole, 3);
	}
	WRITE(vtcr_el2, PT_VTCR);
	WRITE(vttbr_el2, (u64)root);
	WRITE(hcr_el2, HCR_RW | HCR_VM | HCR_DC);
}

static void set_hole(u64 attrs)
{
	*hole_entry = attrs ? (u64)hole | attrs | 3 : 0;
	INSN("dsb sy\n\ttlbi vmalls12e1is\n\tdsb sy\n\tisb");
}

static void check(const struct form *f, u64 spsr, u64 fsc, u64 wnr)
{
	const struct exc *e = guest_cpu()->exc;

	RUN(spsr, f->probe, hole, 0, 0, 0x1234);
	EXPECT_EXC(f->name, 2, VEC_LOWER, ESR(EC_DABT_LOWER, f->iss | fsc | wnr), f->probe);
	EXPECT_EQ(f->name, e->hpfar, (u64)hole >> 8);
	EXPECT(f->name, e->far - (u64)hole < 32);
	/* nothing has been written */
	EXPECT_EQ(f->name, e->x[0], (u64)hole);
	EXPECT_EQ(f->name, e->x[3], 0x1234);
}

static void translation_fault(void)
{
	stage2_on();
	set_hole(0);
	for (const struct form *f = forms; f < forms + ARRAY_SIZE(forms); f++)
		check(f, SPSR_EL1, FSC_TRANSLATION(3), f->kind == 's' ? ISS_WNR : 0);
}

static void permission_fault(void)
{
	stage2_on();
	set_hole(PT_AF | PT_SH | 0xf << 2 | PT_S2_R);
	for (const struct form *f = forms; f < forms + ARRAY_SIZE(forms); f++) {
		if (f->kind == 'l') {
			RUN(SPSR_EL1, f->probe, hole);
			EXPECT_NO_EXC(f->name);
		} else {
			check(f, SPSR_EL1, FSC_PERMISSION(3), ISS_WNR);
		}
	}
}

static void write_only(void)
{
	static const char *const readers = "la";

	stage2_on();
	set_hole(PT_AF | PT_SH | 0xf << 2 | PT_S2_W);
	for (const struct form *f = forms; f < forms + ARRAY_SIZE(forms); f++)
		if (f->kind == readers[0] || f->kind == readers[1])
			check(f, SPSR_EL1, FSC_PERMISSION(3), 0);
}

static void access_flag_fault(void)
{
	stage2_on();
	set_hole(PT_S2_NORMAL & ~PT_AF);
	check(&forms[0], SPSR_EL1, FSC_ACCESS(3), 0);
	check(&forms[12], SPSR_EL1, FSC_ACCESS(3), ISS_WNR);
}

static void store_exclusive(void)
{
	stage2_on();
	set_hole(PT_AF | PT_SH | 0xf << 2 | PT_S2_R);
	RUN(SPSR_EL1, ldxr_stxr, hole);
	EXPECT_EXC("stxr", 2, VEC_LOWER, ESR(EC_DABT_LOWER, FSC_PERMISSION(3) | ISS_WNR),
		   ldxr_stxr + 1);
	RUN(SPSR_EL1, ldaxp_stlxp, hole);
	EXPECT_EXC("stlxp", 2, VEC_LOWER, ESR(EC_DABT_LOWER, FSC_PERMISSION(3) | ISS_WNR),
		   ldaxp_stlxp + 1);
}

static void prefetch_never_faults(void)
{
	stage2_on();
	set_hole(0);
	RUN(SPSR_EL1, prfm, hole);
	EXPECT_NO_EXC("prfm");
}

/* EL0 is no different, save that LDTR there is LDR. */
static void from_el0(void)
{
	stage2_on();
	set_hole(0);
	for (const struct form *f = forms; f < forms + ARRAY_SIZE(forms); f++) {
		if (f->probe == dc_zva)
			WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_DZE);
		check(f, SPSR_EL0, FSC_TRANSLATION(3), f->kind == 's' ? ISS_WNR : 0);
	}
}

GUEST_TESTS(TEST(translation_fault), TEST(permission_fault), TEST(write_only),
	    TEST(access_flag_fault), TEST(store_exclusive), TEST(prefetch_never_faults),
	    TEST(from_el0));
