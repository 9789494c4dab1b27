/*
 * MSR, MRS and system instructions at EL1 trapped to EL2 by HCR_EL2, CPTR_EL2.TCPAC and MDCR_EL2
 * (DDI0487 D1.3.6.2): each with its control set, with its control alone clear, and its syndrome.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

enum { R = 1, W = 2, RW = 3 };

struct row {
	const char *name;
	u32 sr;
	unsigned access;        /* which of MRS (R) and MSR or SYS (W) to try */
};

#define TVM_ROWS \
	{ "SCTLR_EL1", SR(3, 0, 1, 0, 0), RW }, { "TTBR0_EL1", SR(3, 0, 2, 0, 0), RW }, \
	{ "TTBR1_EL1", SR(3, 0, 2, 0, 1), RW }, { "TCR_EL1", SR(3, 0, 2, 0, 2), RW }, \
	{ "AFSR0_EL1", SR(3, 0, 5, 1, 0), RW }, { "AFSR1_EL1", SR(3, 0, 5, 1, 1), RW }, \
	{ "ESR_EL1", SR(3, 0, 5, 2, 0), RW }, { "FAR_EL1", SR(3, 0, 6, 0, 0), RW }, \
	{ "MAIR_EL1", SR(3, 0, 10, 2, 0), RW }, { "AMAIR_EL1", SR(3, 0, 10, 3, 0), RW }, \
	{ "CONTEXTIDR_EL1", SR(3, 0, 13, 0, 1), RW }

static const struct row vm[] = { TVM_ROWS };
static const struct row tid1[] = {
	{ "REVIDR_EL1", SR(3, 0, 0, 0, 6), R }, { "AIDR_EL1", SR(3, 1, 0, 0, 7), R },
};
static const struct row tid2[] = {
	{ "CTR_EL0", SR(3, 3, 0, 0, 1), R }, { "CCSIDR_EL1", SR(3, 1, 0, 0, 0), R },
	{ "CLIDR_EL1", SR(3, 1, 0, 0, 1), R }, { "CSSELR_EL1", SR(3, 2, 0, 0, 0), RW },
};
static const struct row tid3[] = {
	{ "ID_PFR0_EL1", SR(3, 0, 0, 1, 0), R }, { "ID_PFR1_EL1", SR(3, 0, 0, 1, 1), R },
	{ "ID_DFR0_EL1", SR(3, 0, 0, 1, 2), R }, { "ID_AFR0_EL1", SR(3, 0, 0, 1, 3), R },
	{ "ID_MMFR0_EL1", SR(3, 0, 0, 1, 4), R }, { "ID_ISAR0_EL1", SR(3, 0, 0, 2, 0), R },
	{ "ID_ISAR5_EL1", SR(3, 0, 0, 2, 5), R }, { "MVFR0_EL1", SR(3, 0, 0, 3, 0), R },
	{ "MVFR2_EL1", SR(3, 0, 0, 3, 2), R }, { "ID_AA64PFR0_EL1", SR(3, 0, 0, 4, 0), R },
	{ "ID_AA64PFR1_EL1", SR(3, 0, 0, 4, 1), R }, { "ID_AA64DFR0_EL1", SR(3, 0, 0, 5, 0), R },
	{ "ID_AA64AFR0_EL1", SR(3, 0, 0, 5, 4), R }, { "ID_AA64ISAR0_EL1", SR(3, 0, 0, 6, 0), R },
	{ "ID_AA64ISAR1_EL1", SR(3, 0, 0, 6, 1), R }, { "ID_AA64MMFR0_EL1", SR(3, 0, 0, 7, 0), R },
	{ "ID_AA64MMFR1_EL1", SR(3, 0, 0, 7, 1), R }, { "ID_AA64MMFR2_EL1", SR(3, 0, 0, 7, 2), R },
};
static const struct row tacr[] = { { "ACTLR_EL1", SR(3, 0, 1, 0, 1), RW } };
static const struct row tsw[] = {
	{ "DC ISW", SR(1, 0, 7, 6, 2), W }, { "DC CSW", SR(1, 0, 7, 10, 2), W },
	{ "DC CISW", SR(1, 0, 7, 14, 2), W },
};
static const struct row tpcp[] = {
	{ "DC IVAC", SR(1, 0, 7, 6, 1), W }, { "DC CVAC", SR(1, 3, 7, 10, 1), W },
	{ "DC CIVAC", SR(1, 3, 7, 14, 1), W },
};
static const struct row tpu[] = {
	{ "IC IALLUIS", SR(1, 0, 7, 1, 0), W }, { "IC IALLU", SR(1, 0, 7, 5, 0), W },
	{ "IC IVAU", SR(1, 3, 7, 5, 1), W }, { "DC CVAU", SR(1, 3, 7, 11, 1), W },
};
static const struct row ttlb[] = {
	{ "TLBI VMALLE1", SR(1, 0, 8, 7, 0), W }, { "TLBI VAE1", SR(1, 0, 8, 7, 1), W },
	{ "TLBI ASIDE1", SR(1, 0, 8, 7, 2), W }, { "TLBI VAAE1", SR(1, 0, 8, 7, 3), W },
	{ "TLBI VALE1", SR(1, 0, 8, 7, 5), W }, { "TLBI VAALE1", SR(1, 0, 8, 7, 7), W },
	{ "TLBI VMALLE1IS", SR(1, 0, 8, 3, 0), W }, { "TLBI VAE1IS", SR(1, 0, 8, 3, 1), W },
	{ "TLBI ASIDE1IS", SR(1, 0, 8, 3, 2), W }, { "TLBI VAAE1IS", SR(1, 0, 8, 3, 3), W },
	{ "TLBI VALE1IS", SR(1, 0, 8, 3, 5), W }, { "TLBI VAALE1IS", SR(1, 0, 8, 3, 7), W },
};
static const struct row tdz[] = { { "DC ZVA", SR(1, 3, 7, 4, 1), W } };
static const struct row tcpac[] = { { "CPACR_EL1", SR(3, 0, 1, 0, 2), RW } };
static const struct row tdra[] = { { "MDRAR_EL1", SR(2, 0, 1, 0, 0), R } };
static const struct row tdosa[] = {
	{ "OSLSR_EL1", SR(2, 0, 1, 1, 4), R }, { "OSDLR_EL1", SR(2, 0, 1, 3, 4), RW },
};
static const struct row tda[] = {
	{ "MDSCR_EL1", SR(2, 0, 0, 2, 2), RW }, { "DBGBVR0_EL1", SR(2, 0, 0, 0, 4), RW },
	{ "DBGBCR0_EL1", SR(2, 0, 0, 0, 5), RW }, { "DBGWVR0_EL1", SR(2, 0, 0, 0, 6), RW },
	{ "DBGWCR0_EL1", SR(2, 0, 0, 0, 7), RW }, { "DBGBVR3_EL1", SR(2, 0, 0, 3, 4), RW },
	{ "MDCCINT_EL1", SR(2, 0, 0, 2, 0), RW }, { "MDCCSR_EL0", SR(2, 3, 0, 1, 0), R },
	{ "OSECCR_EL1", SR(2, 0, 0, 6, 2), R }, { "DBGCLAIMSET_EL1", SR(2, 0, 7, 8, 6), R },
};
static const struct row tpm[] = {
	{ "PMCNTENSET_EL0", SR(3, 3, 9, 12, 1), RW }, { "PMCNTENCLR_EL0", SR(3, 3, 9, 12, 2), R },
	{ "PMOVSCLR_EL0", SR(3, 3, 9, 12, 3), RW }, { "PMSELR_EL0", SR(3, 3, 9, 12, 5), RW },
	{ "PMCEID0_EL0", SR(3, 3, 9, 12, 6), R }, { "PMCCNTR_EL0", SR(3, 3, 9, 13, 0), RW },
	{ "PMXEVTYPER_EL0", SR(3, 3, 9, 13, 1), RW }, { "PMUSERENR_EL0", SR(3, 3, 9, 14, 0), RW },
	{ "PMINTENSET_EL1", SR(3, 0, 9, 14, 1), RW }, { "PMOVSSET_EL0", SR(3, 3, 9, 14, 3), R },
	{ "PMCCFILTR_EL0", SR(3, 3, 14, 15, 7), RW }, { "PMEVCNTR0_EL0", SR(3, 3, 14, 8, 0), RW },
};
static const struct row tpmcr[] = { { "PMCR_EL0", SR(3, 3, 9, 12, 0), RW } };

struct control {
	const char *name;
	u64 hcr, cptr, mdcr;
	const struct row *rows;
	unsigned n_rows, access;
};
#define ROWS(r) r, ARRAY_SIZE(r)

static const struct control controls[] = {
	{ "TVM", HCR_TVM, 0, 0, ROWS(vm), W },
	{ "TRVM", HCR_TRVM, 0, 0, ROWS(vm), R },
	{ "TID1", HCR_TID1, 0, 0, ROWS(tid1), RW },
	{ "TID2", HCR_TID2, 0, 0, ROWS(tid2), RW },
	{ "TID3", HCR_TID3, 0, 0, ROWS(tid3), RW },
	{ "TACR", HCR_TACR, 0, 0, ROWS(tacr), RW },
	{ "TSW", HCR_TSW, 0, 0, ROWS(tsw), RW },
	{ "TPCP", HCR_TPCP, 0, 0, ROWS(tpcp), RW },
	{ "TPU", HCR_TPU, 0, 0, ROWS(tpu), RW },
	{ "TTLB", HCR_TTLB, 0, 0, ROWS(ttlb), RW },
	{ "TDZ", HCR_TDZ, 0, 0, ROWS(tdz), RW },
	{ "TCPAC", 0, CPTR_TCPAC, 0, ROWS(tcpac), RW },
	{ "TDRA", 0, 0, MDCR_TDRA, ROWS(tdra), RW },
	{ "TDOSA", 0, 0, MDCR_TDOSA, ROWS(tdosa), RW },
	{ "TDA", 0, 0, MDCR_TDA, ROWS(tda), RW },
	{ "TDE, TDRA", 0, 0, MDCR_TDE, ROWS(tdra), RW },
	{ "TDE, TDOSA", 0, 0, MDCR_TDE, ROWS(tdosa), RW },
	{ "TDE, TDA", 0, 0, MDCR_TDE, ROWS(tda), RW },
	{ "TPM", 0, 0, MDCR_TPM, ROWS(tpm), RW },
	{ "TPM, PMCR", 0, 0, MDCR_TPM, ROWS(tpmcr), RW },
	{ "TPMCR", 0, 0, MDCR_TPMCR, ROWS(tpmcr), RW },
};

static u64 line[16] __attribute__((aligned(64)));

static void set(u64 hcr, u64 cptr, u64 mdcr)
{
	WRITE(hcr_el2, HCR_RW | hcr);
	WRITE(cptr_el2, CPTR_EL2_DEFAULT | cptr);
	WRITE(mdcr_el2, 6 | mdcr);
}

static void trapped(const struct row *r, unsigned read, u64 spsr)
{
	const u32 *insn = guest_insn(SR_WORD(r->sr, read, 3));

	RUN(spsr, insn, 0, 0, 0, (u64)line);
	EXPECT_EXC(r->name, 2, VEC_LOWER, ESR(EC_SYSREG, SR_ISS(r->sr, read, 3)), insn);
	insn = guest_insn(SR_WORD(r->sr, read, 31));
	RUN(spsr, insn);
	EXPECT_EXC(r->name, 2, VEC_LOWER, ESR(EC_SYSREG, SR_ISS(r->sr, read, 31)), insn);
}

static int is_set_way(u32 sr)
{
	return (sr & ~(15u << 8)) == SR(1, 0, 7, 0, 2);
}

/* Not trapped: a register gets back what was read, an instruction by address a harmless one. */
static void allowed(const struct row *r, unsigned read)
{
	u64 value = (u64)line;

	if (r->access & R) {
		value = RUN(SPSR_EL1, guest_insn(SR_WORD(r->sr, 1, 0)));
		EXPECT_NO_EXC(r->name);
	} else if (is_set_way(r->sr)) {
		value = 0;
	}
	if (!read) {
		RUN(SPSR_EL1, guest_insn(SR_WORD(r->sr, 0, 0)), value);
		if (r == tdz)
			EXPECT_NO_EXC_ZVA(r->name);
		else
			EXPECT_NO_EXC(r->name);
	}
}

static void matrix(void)
{
	for (const struct control *c = controls; c < controls + ARRAY_SIZE(controls); c++) {
		if (c->mdcr & (MDCR_TPM | MDCR_TPMCR) && !guest_has_pmu())
			continue;
		for (const struct row *r = c->rows; r < c->rows + c->n_rows; r++) {
			for (unsigned read = 0; read < 2; read++) {
				if (!(c->access & r->access & (read ? R : W)))
					continue;
				set(c->hcr, c->cptr, c->mdcr);
				trapped(r, read, SPSR_EL1);
				set(0, 0, 0);
				allowed(r, read);
				guest_defaults();
			}
		}
	}
}

/* Each control leaves the others' registers alone. */
static void controls_are_separate(void)
{
	const struct row *ttbr0 = &vm[1];

	set(HCR_TRVM | HCR_TID1 | HCR_TID2 | HCR_TID3 | HCR_TACR | HCR_TTLB, CPTR_TCPAC, MDCR_TDA);
	RUN(SPSR_EL1, guest_insn(SR_WORD(ttbr0->sr, 0, 0)), 0);
	EXPECT_NO_EXC("TTBR0_EL1 write without TVM");
	set(HCR_TVM, 0, 0);
	RUN(SPSR_EL1, guest_insn(SR_WORD(ttbr0->sr, 1, 0)));
	EXPECT_NO_EXC("TTBR0_EL1 read without TRVM");
	set(HCR_TVM | HCR_TRVM, 0, 0);
	RUN(SPSR_EL2, guest_insn(SR_WORD(ttbr0->sr, 1, 0)));
	EXPECT_NO_EXC("TTBR0_EL1 read at EL2");
}

/* EL0: what the registers below EL2 let through is trapped by it too. */
static void from_el0(void)
{
	const u32 ctr = SR(3, 3, 0, 0, 1), cvac = SR(1, 3, 7, 10, 1), ivau = SR(1, 3, 7, 5, 1);
	const u32 zva = SR(1, 3, 7, 4, 1), pmccntr = SR(3, 3, 9, 13, 0);
	const struct {
		struct row r;
		unsigned read;
		u64 hcr, mdcr;
	} rows[] = {
		{ { "CTR_EL0", ctr, R }, 1, HCR_TID2, 0 },
		{ { "DC CVAC", cvac, W }, 0, HCR_TPCP, 0 },
		{ { "IC IVAU", ivau, W }, 0, HCR_TPU, 0 },
		{ { "DC ZVA", zva, W }, 0, HCR_TDZ, 0 },
		{ { "PMCCNTR_EL0", pmccntr, R }, 1, 0, MDCR_TPM },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].mdcr && !guest_has_pmu())
			continue;
		set(rows[i].hcr, 0, rows[i].mdcr);
		WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_UCT | SCTLR_UCI | SCTLR_DZE);
		guest_pmuserenr(1);
		trapped(&rows[i].r, rows[i].read, SPSR_EL0);
		/* and the lower EL's own trap comes first */
		WRITE(sctlr_el1, SCTLR_EL1_RES1);
		guest_pmuserenr(0);
		RUN(SPSR_EL0, guest_insn(SR_WORD(rows[i].r.sr, rows[i].read, 3)), 0, 0, 0,
		    (u64)line);
		EXPECT_EQ("the trap to EL1 comes first", guest_cpu()->exc[0].el, 1);
	}
}

GUEST_TESTS(TEST(matrix), TEST(controls_are_separate), TEST(from_el0));
