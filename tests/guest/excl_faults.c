/*
 * Exclusives that fault: which fault, with what syndrome, and what is left untouched; the exception
 * return alone clears the local monitor (DDI0487 B2.12, D1.4, C6.2 STXR). Not here: a store exclusive
 * whose address, size or attributes differ from the load's, which is CONSTRAINED UNPREDICTABLE
 * (K1.2.16), nor whether one without a mark checks its address first, which is IMPLEMENTATION DEFINED
 * (shared pseudocode AArch64.ExclusiveMonitorsPass()).
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "flat.h"

static u64 memory[8] __attribute__((aligned(64)));

/* x0 = address; the status register has 0x77 before; x6 in x5 for the caller */
#define STORE(load, store) "mov w4, #0x77\n\t" load "\n\t" store
#define FORMS(F) \
	F(b, 1, "ldxrb w3, [x0]", "stxrb w4, w1, [x0]") \
	F(h, 2, "ldxrh w3, [x0]", "stxrh w4, w1, [x0]") \
	F(w, 4, "ldxr w3, [x0]", "stxr w4, w1, [x0]") \
	F(x, 8, "ldxr x3, [x0]", "stxr w4, x1, [x0]") \
	F(ab, 1, "ldaxrb w3, [x0]", "stlxrb w4, w1, [x0]") \
	F(ah, 2, "ldaxrh w3, [x0]", "stlxrh w4, w1, [x0]") \
	F(aw, 4, "ldaxr w3, [x0]", "stlxr w4, w1, [x0]") \
	F(ax, 8, "ldaxr x3, [x0]", "stlxr w4, x1, [x0]") \
	F(wp, 8, "ldxp w3, w5, [x0]", "stxp w4, w1, w2, [x0]") \
	F(xp, 16, "ldxp x3, x5, [x0]", "stxp w4, x1, x2, [x0]") \
	F(awp, 8, "ldaxp w3, w5, [x0]", "stlxp w4, w1, w2, [x0]") \
	F(axp, 16, "ldaxp x3, x5, [x0]", "stlxp w4, x1, x2, [x0]")

#define F_LOAD(name, size, load, store) PROBE(load_##name, load);
FORMS(F_LOAD)
#define F_PAIR(name, size, load, store) PROBE(pair_##name, STORE(load, store));
FORMS(F_PAIR)
#define F_ALONE(name, size, load, store) \
	PROBE(alone_##name, "clrex\n\tmov w4, #0x77\n\t" store "\n\tmov w0, w4");
FORMS(F_ALONE)

static const struct form {
	const char *name;
	const u32 *load, *pair, *alone;
	u64 size;
} forms[] = {
#define F_ROW(name, size, load, store) { store, load_##name, pair_##name, alone_##name, size },
	FORMS(F_ROW)
};

/* A load exclusive is a read; it is aligned to all of what it reads (B2.12.2). */
static void loads(void)
{
	flat_on(0);
	for (const struct form *f = forms; f < forms + ARRAY_SIZE(forms); f++) {
		for (u64 el = 0; el < 2; el++) {
			u64 user = flat_at(memory, FLAT_USER);

			RUN(SPSR_OF_EL(el), flat_code(f->load, el), FLAT_GAP + 16);
			EXPECT_ABORT(f->name, el, 1, f->load, FSC_TRANSLATION(2), FLAT_GAP + 16);
			for (u64 offset = 1; offset < f->size; offset *= 2) {
				RUN(SPSR_OF_EL(el), flat_code(f->load, el), user + offset);
				EXPECT_ABORT(f->name, el, 1, f->load, FSC_ALIGNMENT, user + offset);
			}
			/* nor does a fault of alignment wait for the translation */
			if (f->size == 1)
				continue;
			RUN(SPSR_OF_EL(el), flat_code(f->load, el), FLAT_GAP + 1);
			EXPECT_ABORT(f->name, el, 1, f->load, FSC_ALIGNMENT, FLAT_GAP + 1);
		}
	}
}

/* With the mark set, a store that may not write aborts as a write: status and memory stay. */
static void stores(void)
{
	flat_on(0);
	for (const struct form *f = forms; f < forms + ARRAY_SIZE(forms); f++) {
		for (u64 el = 0; el < 2; el++) {
			u64 va = flat_at(memory, el ? FLAT_RO : FLAT_USER_RO);

			memory[0] = memory[1] = 0x1111111111111111;
			RUN(SPSR_OF_EL(el), flat_code(f->pair, el), va, 0x22, 0x33);
			EXPECT_ABORT(f->name, el, 1, f->pair + 2, FSC_PERMISSION(2) | ISS_WNR, va);
			EXPECT_EQ("status register", guest_cpu()->exc[0].x[4], 0x77);
			EXPECT_EQ("memory", memory[0] & memory[1], 0x1111111111111111);
		}
	}
}

/* Without a mark: status 1, or the abort that the access would have; nothing is ever written. */
static void without_a_mark(void)
{
	flat_on(0);
	for (const struct form *f = forms; f < forms + ARRAY_SIZE(forms); f++) {
		for (unsigned gap = 0; gap < 2; gap++) {
			u64 va = gap ? FLAT_GAP : flat_at(memory, FLAT_RO);
			u64 fsc = gap ? FSC_TRANSLATION(2) : FSC_PERMISSION(2), status;

			memory[0] = memory[1] = 0x1111111111111111;
			status = RUN(SPSR_EL1, f->alone, va, 0x22, 0x33);
			if (guest_cpu()->n_exc)
				EXPECT_ABORT(f->name, 1, 1, f->alone + 2, fsc | ISS_WNR, va);
			else
				EXPECT_EQ(f->name, status, 1);
			EXPECT_EQ("memory", memory[0] & memory[1], 0x1111111111111111);
		}
	}
}

static void stage2(void)
{
	flat_on(0);
	flat_stage2_on();
	for (const struct form *f = forms; f < forms + ARRAY_SIZE(forms); f++) {
		for (u64 el = 0; el < 2; el++) {
			const struct exc *e = guest_cpu()->exc;

			RUN(SPSR_OF_EL(el), flat_code(f->load, el), FLAT_HOLE + 0x120);
			EXPECT_EQ(f->name, e->el, 2);
			/* whether ISV is set is not this test's matter */
			EXPECT_EQ(f->name, e->esr & 0xfc0003ff,
				  (ESR(EC_DABT_LOWER, FSC_TRANSLATION(2))) & 0xfc0003ff);
			EXPECT_EQ("FAR", e->far, FLAT_HOLE + 0x120);
			EXPECT_EQ("HPFAR", e->hpfar, FLAT_HOLE_IPA >> 8);
		}
	}
}

/* A return to the next instruction, with no exception before; and the same as a branch. */
#define AROUND(how) \
	"ldxr x3, [x0]\n\tadr x5, 1f\n\tmov x6, #0x3c5\n\tmsr elr_el1, x5\n\tmsr spsr_el1, x6\n\t" \
	how "\n1:\tstxr w4, x1, [x0]\n\tmov w0, w4"
PROBE(around_eret, AROUND("eret"));
PROBE(around_branch, AROUND("b 1f"));

static void eret_alone(void)
{
	memory[0] = 1;
	EXPECT_EQ("branch", RUN(SPSR_EL1, around_branch, memory, 2), 0);
	EXPECT_EQ("branch", memory[0], 2);
	EXPECT_EQ("eret", RUN(SPSR_EL1, around_eret, memory, 3), 1);
	EXPECT_EQ("eret", memory[0], 2);
}

GUEST_TESTS(TEST(loads), TEST(stores), TEST(without_a_mark), TEST(stage2), TEST(eret_alone));
