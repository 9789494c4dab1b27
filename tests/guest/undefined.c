/*
 * Encodings that nothing is allocated to, at every EL: EC 0, ISS 0, IL 1, ELR the instruction's, to
 * the EL that undefined instructions go to (DDI0487 D1.3.2, C4.1); whatever FP traps, SP and the
 * masks are. And those that are UNDEFINED here by state: HLT, DCPS, DRPS, ERET at EL0, FEAT_PAuth's.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

static const struct word {
	const char *name;
	u32 word;
} words[] = {
	{ "UDF #0", 0 },
	{ "UDF #0xffff", 0xffff },
	{ "reserved, above UDF", 0x00010000 },
	{ "reserved, last of its group", 0x01ffffff },
	{ "reserved group 0001", 0x02000000 },
	{ "reserved group 0001", 0x63ffffff },
	{ "reserved group 0011", 0x06000000 },
	{ "reserved group 0011", 0xe6123456 },
	{ "SVE", 0x04200000 },
	{ "SVE load", 0xa5404000 },
	{ "SME", 0x80800000 },
	{ "ADD (extended), shift 5", 0x8b221420 },
	{ "ADD (shifted), ROR", 0x8bc20020 },
	{ "ADD w (shifted), by 32", 0x0b028020 },
	{ "AND (immediate), w with N", 0x12400020 },
	{ "AND (immediate), all ones", 0x9240fc20 },
	{ "MOV wide, opc 1", 0x32800000 },
	{ "MOVZ w, LSL 32", 0x52c00000 },
	{ "SBFM, N not sf", 0x13400000 },
	{ "EXTR w, by 32", 0x13828020 },
	{ "B.cond with o0", 0x54000010 },
	{ "exception class, LL 0", 0xd4000000 },
	{ "exception class, opc 5, LL 0", 0xd4a00000 },
	{ "HLT #1", 0xd4400020 },
	{ "DCPS1", 0xd4a00001 },
	{ "DCPS3", 0xd4a00003 },
	{ "DRPS", 0xd6bf03e0 },
	{ "BR, op2 not ones", 0xd61e0000 },
	{ "BR, Rm not zero", 0xd61f0001 },
	{ "ERETAA", 0xd69f0bff },
	{ "BRAAZ", 0xd61f081f },
	{ "LDRAA", 0xf8200420 },
	{ "PACGA", 0x9ac23020 },
	{ "LDP, opc 3", 0xe9400000 },
	{ "LDR, size 3 opc 3", 0xf9c00000 },
	{ "LDRSW, then opc 3", 0xb9c00000 },
	{ "PRFM, unscaled, opc 3", 0xf8c00000 },
	{ "LD1, reserved opcode", 0x0c403000 },
	{ "LDXP of bytes", 0x08600c00 },
	{ "MADD, op54 3", 0x7b000000 },
	{ "UMULH with w", 0x1bc07c00 },
	{ "CRC32X with w", 0x1ac04c00 },
	{ "DIV, opcode 1", 0x9ac20420 },
	{ "CLZ, opcode 63", 0xdac0fc20 },
	{ "REV32, w as x", 0x5ac00c20 },
	{ "FCSEL, type 2", 0x1ea0fc00 },
	{ "FMOV, type 2", 0x1ea04020 },
	{ "FADD 1D", 0x0e62d420 },
	{ "SYS of op0 0", 0xd5000000 },
	{ "MSR immediate, op2 0", 0xd500401f },
	{ "MRS of op0 0", 0xd5200000 },
};

static u64 spare[2] __attribute__((aligned(16)));
PROBE(on_bad_sp, "mov x2, sp\n\tmov sp, x0\n\tb 1f\n\t.balign 64\n1:\tnop\n\tmov sp, x2");

static unsigned target(u64 el)
{
	return el ? (unsigned)el : 1;
}

static int skip_el(u64 el)
{
	return el == 2 && !guest_has_el2();
}

static void expect(const struct word *w, u64 el, const u32 *at, u64 spsr)
{
	EXPECT_EXC(w->name, target(el), el ? VEC_SAME : VEC_LOWER, ESR(EC_UNKNOWN, 0), at);
	EXPECT_EQ("SPSR", guest_cpu()->exc[0].spsr, spsr);
}

static void everywhere(void)
{
	for (const struct word *w = words; w < words + ARRAY_SIZE(words); w++) {
		const u32 *insn = guest_insn(w->word);

		for (u64 el = 0; el <= guest_boot_el; el++) {
			u64 spsr = SPSR_OF_EL(el) | 0x90000000;

			if (skip_el(el))
				continue;
			RUN(spsr, insn, spare);
			expect(w, el, insn, spsr);
		}
	}
}

/* No trap of FP, and none of HCR_EL2 for EL1, takes what does not exist. (TRVM: the vectors' own.) */
static void with_traps(void)
{
	WRITE(cpacr_el1, 0);
	if (guest_has_el2()) {
		WRITE(cptr_el2, CPTR_EL2_DEFAULT | CPTR_TFP);
		WRITE(hcr_el2, HCR_RW | HCR_TVM | HCR_TSC | HCR_TWI | HCR_TWE | HCR_TSW |
			       HCR_TPCP | HCR_TPU | HCR_TTLB | HCR_TACR | HCR_TID1 | HCR_TID2 | HCR_TDZ);
	}
	for (const struct word *w = words; w < words + ARRAY_SIZE(words); w++) {
		for (u64 el = 0; el < 2; el++) {
			const u32 *insn = guest_insn(w->word);

			RUN(SPSR_OF_EL(el), insn, spare);
			expect(w, el, insn, SPSR_OF_EL(el));
		}
	}
}

static void with_bad_sp(void)
{
	u32 *insn = (u32 *)(((u64)on_bad_sp + 12 + 63) & ~63ul);

	WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_SA | SCTLR_SA0);
	for (const struct word *w = words; w < words + ARRAY_SIZE(words); w++) {
		*(volatile u32 *)insn = w->word;
		asm volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb"
			     : : "r"(insn) : "memory");
		for (u64 el = 0; el < 2; el++) {
			RUN(SPSR_OF_EL(el), on_bad_sp, (u64)spare + 8);
			expect(w, el, insn, SPSR_OF_EL(el));
		}
	}
}

PROBE(eret, "eret");

static void eret_at_el0(void)
{
	RUN(SPSR_EL0, eret);
	EXPECT_EXC("ERET", 1, VEC_LOWER, ESR(EC_UNKNOWN, 0), eret);
}

/* HCR_EL2.TGE takes those of EL0 to EL2. */
static void tge(void)
{
	if (!guest_has_el2())
		return;
	WRITE(hcr_el2, HCR_RW | HCR_TGE);
	for (const struct word *w = words; w < words + ARRAY_SIZE(words); w++) {
		const u32 *insn = guest_insn(w->word);

		RUN(SPSR_EL0, insn, spare);
		EXPECT_EXC(w->name, 2, VEC_LOWER, ESR(EC_UNKNOWN, 0), insn);
	}
}

GUEST_TESTS(TEST(everywhere), TEST(with_traps), TEST(with_bad_sp), TEST(eret_at_el0), TEST(tge));
