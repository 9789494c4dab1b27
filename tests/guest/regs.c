/*
 * The main system registers: which bits hold what is written; identification by VPIDR_EL2 and
 * VMPIDR_EL2; what the ID registers of one core must agree on; the cache descriptions.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 2 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 2 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

/*
 * Written from the boot EL with a pattern and its complement; the bits of `holds` must come back.
 * RES0 bits may read as written or as zero, so nothing is said of them.
 */
static const struct row {
	const char *name;
	u32 sr;
	u64 holds;
} rows[] = {
	{ "TPIDR_EL0", SR(3, 3, 13, 0, 2), ~0ul },
	{ "FAR_EL1", SR(3, 0, 6, 0, 0), ~0ul },
	{ "ELR_EL1", SR(3, 0, 4, 0, 1), ~0ul },
	{ "SP_EL0", SR(3, 0, 4, 1, 0), ~0ul },
	{ "SP_EL1", SR(3, 4, 4, 1, 0), ~0ul },
	{ "MAIR_EL1", SR(3, 0, 10, 2, 0), ~0ul },
	{ "MAIR_EL2", SR(3, 4, 10, 2, 0), ~0ul },
	{ "CONTEXTIDR_EL1", SR(3, 0, 13, 0, 1), 0xffffffff },
	{ "ESR_EL1", SR(3, 0, 5, 2, 0), 0xffffffff },
	{ "CPACR_EL1", SR(3, 0, 1, 0, 2), 0x300000 },
	{ "TTBR0_EL1", SR(3, 0, 2, 0, 0), 0xffff00000000f000 },
	{ "TTBR1_EL1", SR(3, 0, 2, 0, 1), 0xffff00000000f000 },
	{ "TCR_EL1", SR(3, 0, 2, 0, 2), 0x77ffbfffbf },
	{ "HCR_EL2", SR(3, 4, 1, 1, 0), 0x17ff1fff & ~HCR_TGE },
	{ "VTTBR_EL2", SR(3, 4, 2, 1, 0), 0x00ff00000000f000 },
	{ "VTCR_EL2", SR(3, 4, 2, 1, 2), 0x7ffff },
	{ "VPIDR_EL2", SR(3, 4, 0, 0, 0), 0xffffffff },
	{ "VMPIDR_EL2", SR(3, 4, 0, 0, 5), 0xff00ffffff },
	{ "HPFAR_EL2", SR(3, 4, 6, 0, 4), 0xfffffff0 },
	{ "FAR_EL2", SR(3, 4, 6, 0, 0), ~0ul },
	{ "CNTVOFF_EL2", SR(3, 4, 14, 0, 3), ~0ul },
	{ "MDSCR_EL1", SR(2, 0, 0, 2, 2), 0xb001 },
	{ "DBGBVR0_EL1", SR(2, 0, 0, 0, 4), 0x0000fffffffffffc },
	{ "DBGWVR0_EL1", SR(2, 0, 0, 0, 6), 0x0000fffffffffffc },
	{ "CNTKCTL_EL1", SR(3, 0, 14, 1, 0), 0x3ff },
	{ "PMUSERENR_EL0", SR(3, 3, 9, 14, 0), 0xf },
};

/* A plain call: RUN() would change some of these. */
static u64 access(u32 sr, unsigned read, u64 value)
{
	u64 (*insn)(u64) = (u64 (*)(u64))guest_insn(SR_WORD(sr, read, 0));

	return insn(value);
}

static void bits(void)
{
	const u64 pattern = 0x5a5a5a5a5a5a5a5a;

	for (const struct row *r = rows; r < rows + ARRAY_SIZE(rows); r++) {
		u64 old, one, other;

		if (r->sr == SR(3, 3, 9, 14, 0) && !guest_has_pmu())
			continue;
		old = access(r->sr, 1, 0);

		access(r->sr, 0, pattern & r->holds);
		one = access(r->sr, 1, 0);
		access(r->sr, 0, ~pattern & r->holds);
		other = access(r->sr, 1, 0);
		access(r->sr, 0, old);
		INSN("isb");
		EXPECT_EQ(r->name, one & r->holds, pattern & r->holds);
		EXPECT_EQ(r->name, other & r->holds, ~pattern & r->holds);
	}
}

PROBE(midr, "mrs x0, midr_el1");
PROBE(mpidr, "mrs x0, mpidr_el1");

static void virtual_id(void)
{
	u64 real_midr = READ(midr_el1), real_mpidr = READ(mpidr_el1);

	WRITE(vpidr_el2, 0x410fd999);
	WRITE(vmpidr_el2, 0x1280000345);
	EXPECT_EQ("MIDR_EL1 at EL1", RUN(SPSR_EL1, midr), 0x410fd999);
	EXPECT_EQ("MPIDR_EL1 at EL1", RUN(SPSR_EL1, mpidr), 0x1280000345);
	EXPECT_EQ("MIDR_EL1 at EL2", RUN(SPSR_EL2, midr), real_midr);
	EXPECT_EQ("MPIDR_EL1 at EL2", RUN(SPSR_EL2, mpidr), real_mpidr);
	EXPECT_EQ("MPIDR_EL1", real_mpidr & 0xff00ffffff, 0);
	EXPECT_EQ("MPIDR_EL1[31]", real_mpidr >> 31 & 1, 1);
}

static u64 field(u64 reg, unsigned shift)
{
	return reg >> shift & 15;
}

/* What an implementation of A64 with EL0 to EL2, FP and SIMD must say of itself. */
static void id_registers(void)
{
	u64 pfr0 = READ(id_aa64pfr0_el1), mmfr0 = READ(id_aa64mmfr0_el1),
	    mmfr1 = READ(id_aa64mmfr1_el1);
	u64 dfr0 = READ(id_aa64dfr0_el1), isar0 = READ(id_aa64isar0_el1);

	EXPECT("EL0", field(pfr0, 0) >= 1);
	EXPECT("EL1", field(pfr0, 4) >= 1);
	EXPECT("EL2", field(pfr0, 8) >= 1);
	EXPECT_EQ("EL3", !!field(pfr0, 12), guest_boot_el == 3);
	EXPECT("FP and AdvSIMD agree", field(pfr0, 16) == field(pfr0, 20) && field(pfr0, 16) < 2);
	EXPECT_EQ("GIC", field(pfr0, 24), 1);
	EXPECT("debug", field(dfr0, 0) >= 6);
	EXPECT("breakpoints", field(dfr0, 12) >= 1 && field(dfr0, 20) >= 1);
	EXPECT_EQ("mixed endian", field(mmfr0, 8), 1);
	EXPECT_EQ("4 KiB pages", field(mmfr0, 28), 0);
	EXPECT("PA size", field(mmfr0, 0) >= 2 && field(mmfr0, 0) <= 6);
	EXPECT("CRC32", field(isar0, 16) == 1);
	/* 8.1 comes with all of VHE, PAN, LSE */
	EXPECT_EQ("VHE and LSE", !!field(mmfr1, 8), !!field(isar0, 20));
	EXPECT_EQ("VHE and PAN", !!field(mmfr1, 8), !!field(mmfr1, 20));
	EXPECT_EQ("CTR_EL0[31]", READ(ctr_el0) >> 31, 1);
	EXPECT_EQ("DCZID_EL0", READ(dczid_el0), 4);
}

/* CCSIDR_EL1 follows CSSELR_EL1 for each cache that CLIDR_EL1 has: whole lines, the known size. */
static void caches(void)
{
	u64 clidr = READ(clidr_el1), line = 0;

	for (u64 level = 0; level < 7 && (clidr >> 3 * level & 7); level++) {
		for (u64 i = 0; i < 2; i++) {
			u64 type = clidr >> 3 * level & 7;

			if (i ? !(type & 1) : type == 1)
				continue;
			WRITE(csselr_el1, level << 1 | i);
			EXPECT_EQ("CSSELR_EL1", READ(csselr_el1), level << 1 | i);
			line = 16ul << (READ(ccsidr_el1) & 7);
			EXPECT_EQ("line size", line, 64);
		}
	}
	WRITE(csselr_el1, 0);
	EXPECT("any cache", line);
}

PROBE(current_el, "mrs x0, CurrentEL");
PROBE(nzcv, "mrs x0, nzcv");

static void special(void)
{
	for (u64 el = 1; el <= guest_boot_el; el++)
		EXPECT_EQ("CurrentEL", RUN(SPSR_OF_EL(el), current_el), el << 2);
	EXPECT_EQ("NZCV", RUN(SPSR_EL0 | 0x50000000, nzcv), 0x50000000);
}

GUEST_TESTS(TEST(bits), TEST(virtual_id), TEST(id_registers), TEST(caches), TEST(special));
