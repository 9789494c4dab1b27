/*
 * LSE atomics that fault: WnR is 1 only when the read alone would have been allowed (DDI0487 D24.2,
 * ESR_EL1, ISS of a Data Abort); all are aligned to their size (B2.8.2, FEAT_LSE2 is not there), and
 * registers and memory stay as they were.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "flat.h"

static u64 memory[8] __attribute__((aligned(64)));

#define FORMS(F) \
	F(ldaddb, 1, "ldaddb w1, w3, [x0]") F(ldaddalh, 2, "ldaddalh w1, w3, [x0]") \
	F(ldclra, 4, "ldclra w1, w3, [x0]") F(ldeorl, 8, "ldeorl x1, x3, [x0]") \
	F(ldset, 8, "ldset x1, x3, [x0]") F(ldsmaxal, 4, "ldsmaxal w1, w3, [x0]") \
	F(ldumin, 8, "ldumin x1, x3, [x0]") F(stadd, 8, "stadd x1, [x0]") \
	F(staddl, 4, "staddl w1, [x0]") F(swp, 8, "swp x1, x3, [x0]") \
	F(swpab, 1, "swpab w1, w3, [x0]") F(cas, 8, "cas x3, x1, [x0]") \
	F(casalh, 2, "casalh w3, w1, [x0]") F(casab, 1, "casab w3, w1, [x0]") \
	F(casp, 16, "casp x4, x5, x6, x7, [x0]") F(caspal, 8, "caspal w4, w5, w6, w7, [x0]")
#define F_PROBE(name, size, text) PROBE(name, text);
FORMS(F_PROBE)

static const struct form {
	const char *name;
	const u32 *probe;
	u64 size;
} forms[] = {
#define F_ROW(name, size, text) { text, name, size },
	FORMS(F_ROW)
};

static void stage1(void)
{
	flat_on(0);
	for (const struct form *f = forms; f < forms + ARRAY_SIZE(forms); f++) {
		for (u64 el = 0; el < 2; el++) {
			u64 ro = flat_at(memory, el ? FLAT_RO : FLAT_USER_RO);
			const struct exc *e = guest_cpu()->exc;

			RUN(SPSR_OF_EL(el), flat_code(f->probe, el), FLAT_GAP + 0x40);
			EXPECT_ABORT(f->name, el, 1, f->probe, FSC_TRANSLATION(2), FLAT_GAP + 0x40);
			memory[0] = memory[1] = 0x55;
			RUN(SPSR_OF_EL(el), flat_code(f->probe, el), ro, 3, 0, 0x55);
			EXPECT_ABORT(f->name, el, 1, f->probe, FSC_PERMISSION(2) | ISS_WNR, ro);
			EXPECT_EQ("memory", memory[0] + memory[1], 0xaa);
			EXPECT_EQ("register", e->x[3], 0x55);
		}
		/* EL0 may not even read */
		RUN(SPSR_EL0, flat_code(f->probe, 0), memory);
		EXPECT_ABORT(f->name, 0, 1, f->probe, FSC_PERMISSION(2), (u64)memory);
	}
}

static void alignment(void)
{
	flat_on(0);
	for (const struct form *f = forms; f < forms + ARRAY_SIZE(forms); f++) {
		for (u64 o = 1; o < f->size; o *= 2) {
			u64 va = flat_at(memory, FLAT_USER) + o;

			RUN(SPSR_EL0, flat_code(f->probe, 0), va);
			EXPECT_ABORT(f->name, 0, 1, f->probe, FSC_ALIGNMENT, va);
		}
	}
}

static void stage2(void)
{
	flat_on(0);
	flat_stage2_on();
	for (const struct form *f = forms; f < forms + ARRAY_SIZE(forms); f++) {
		for (u64 el = 0; el < 2; el++) {
			RUN(SPSR_OF_EL(el), flat_code(f->probe, el), FLAT_HOLE + 0x40);
			EXPECT_ABORT(f->name, el, 2, f->probe, FSC_TRANSLATION(2), FLAT_HOLE + 0x40);
			EXPECT_EQ("HPFAR", guest_cpu()->exc[0].hpfar, FLAT_HOLE_IPA >> 8);
		}
	}
}

GUEST_TESTS(TEST(stage1), TEST(alignment), TEST(stage2));
