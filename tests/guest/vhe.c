/*
 * FEAT_VHE: EL1 register names that mean EL2 registers at EL2 with HCR_EL2.E2H, the _EL12 and _EL02
 * names, the other formats of CPTR_EL2 and CNTHCTL_EL2, exceptions of EL0 under TGE, SCTLR_EL2's
 * EL0 controls, and the EL2&0 translation regime.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu max -smp 1 */
#include "guest.h"
#include "bits.h"

#define HOST (HCR_RW | HCR_E2H | HCR_TGE)
#define HOST_OF_GUEST (HCR_RW | HCR_E2H)

static const struct alias {
	const char *name;
	u32 el1, el2, el12;
	u64 mask;               /* bits to compare */
} aliases[] = {
	{ "TTBR0", SR(3, 0, 2, 0, 0), SR(3, 4, 2, 0, 0), SR(3, 5, 2, 0, 0), 0xffff00000000f000 },
	{ "TTBR1", SR(3, 0, 2, 0, 1), SR(3, 4, 2, 0, 1), SR(3, 5, 2, 0, 1), 0xffff00000000f000 },
	{ "TCR", SR(3, 0, 2, 0, 2), SR(3, 4, 2, 0, 2), SR(3, 5, 2, 0, 2), 0xffbf },
	{ "MAIR", SR(3, 0, 10, 2, 0), SR(3, 4, 10, 2, 0), SR(3, 5, 10, 2, 0), ~0ul },
	{ "ESR", SR(3, 0, 5, 2, 0), SR(3, 4, 5, 2, 0), SR(3, 5, 5, 2, 0), 0xffffffff },
	{ "FAR", SR(3, 0, 6, 0, 0), SR(3, 4, 6, 0, 0), SR(3, 5, 6, 0, 0), ~0ul },
	{ "ELR", SR(3, 0, 4, 0, 1), SR(3, 4, 4, 0, 1), SR(3, 5, 4, 0, 1), ~0ul },
	{ "SPSR", SR(3, 0, 4, 0, 0), SR(3, 4, 4, 0, 0), SR(3, 5, 4, 0, 0), 0xf00003c0 },
	{ "CONTEXTIDR", SR(3, 0, 13, 0, 1), SR(3, 4, 13, 0, 1), SR(3, 5, 13, 0, 1), 0xffffffff },
	{ "CPACR, CPTR", SR(3, 0, 1, 0, 2), SR(3, 4, 1, 1, 2), SR(3, 5, 1, 0, 2), 0x00300000 },
	{ "CNTKCTL, CNTHCTL", SR(3, 0, 14, 1, 0), SR(3, 4, 14, 1, 0), SR(3, 5, 14, 1, 0), 0x3ff },
	{ "CNTP_CVAL, CNTHP_CVAL", SR(3, 3, 14, 2, 2), SR(3, 4, 14, 2, 2), SR(3, 5, 14, 2, 2),
	  ~0ul },
	{ "CNTV_CVAL, CNTHV_CVAL", SR(3, 3, 14, 3, 2), SR(3, 4, 14, 3, 2), SR(3, 5, 14, 3, 2),
	  ~0ul },
	{ "CNTP_CTL, CNTHP_CTL", SR(3, 3, 14, 2, 1), SR(3, 4, 14, 2, 1), SR(3, 5, 14, 2, 1), 2 },
	{ "CNTV_CTL, CNTHV_CTL", SR(3, 3, 14, 3, 1), SR(3, 4, 14, 3, 1), SR(3, 5, 14, 3, 1), 2 },
};

/* A plain call at EL2: neither the values nor HCR_EL2 survive RUN(). */
static u64 access(u32 sr, unsigned read, u64 value)
{
	u64 (*insn)(u64) = (u64 (*)(u64))guest_insn(SR_WORD(sr, read, 0));

	INSN("isb");
	return insn(value);
}

static void one_alias(const struct alias *a)
{
	const u64 v1 = 0x123456789abcd6f3, v2 = 0xfedcba9876549a0e, v3 = 0x0f1e2d3c4b5a71c5;
	u64 el2, el1, by_el2, by_el1, by_el12;

	WRITE(hcr_el2, HOST_OF_GUEST);
	access(a->el2, 0, v1 & a->mask);
	access(a->el12, 0, v2 & a->mask);
	by_el2 = access(a->el1, 1, 0);
	by_el12 = access(a->el12, 1, 0);
	WRITE(hcr_el2, HCR_RW);
	el1 = access(a->el1, 1, 0);
	WRITE(hcr_el2, HOST_OF_GUEST);
	access(a->el1, 0, v3 & a->mask);
	el2 = access(a->el2, 1, 0);
	by_el1 = access(a->el12, 1, 0);
	access(a->el2, 0, a->el2 == SR(3, 4, 1, 1, 2) ? FPEN(3) : 0);
	WRITE(hcr_el2, HCR_RW);
	guest_defaults();
	EXPECT_EQ(a->name, by_el2 & a->mask, v1 & a->mask);
	EXPECT_EQ(a->name, by_el12 & a->mask, v2 & a->mask);
	EXPECT_EQ(a->name, el1 & a->mask, v2 & a->mask);
	EXPECT_EQ(a->name, el2 & a->mask, v3 & a->mask);
	EXPECT_EQ(a->name, by_el1 & a->mask, v2 & a->mask);
}

/* At EL2 only, so on the board without EL3, where this function is there. */
static void aliases_at_el2(void)
{
	if (guest_boot_el != 2)
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(aliases); i++)
		one_alias(&aliases[i]);
}

PROBE(vbar_el1, "mrs x0, vbar_el1");
PROBE(vbar_el12, "mrs x0, s3_5_c12_c0_0");
PROBE(sctlr_el1, "mrs x0, sctlr_el1");
PROBE(sctlr_el12, "mrs x0, s3_5_c1_c0_0");

static void vbar_and_sctlr(void)
{
	u64 v1 = READ(vbar_el1), v2 = READ(vbar_el2), s1 = READ(sctlr_el1), s2 = READ(sctlr_el2);

	WRITE(hcr_el2, HOST_OF_GUEST);
	EXPECT_EQ("VBAR_EL1 at EL2", RUN(SPSR_EL2, vbar_el1), v2);
	EXPECT_EQ("VBAR_EL12 at EL2", RUN(SPSR_EL2, vbar_el12), v1);
	EXPECT_EQ("VBAR_EL1 at EL1", RUN(SPSR_EL1, vbar_el1), v1);
	EXPECT_EQ("SCTLR_EL1 at EL2", RUN(SPSR_EL2, sctlr_el1), s2);
	EXPECT_EQ("SCTLR_EL12 at EL2", RUN(SPSR_EL2, sctlr_el12), s1);
	if (guest_boot_el == 3) {
		EXPECT_EQ("VBAR_EL1 at EL3", RUN(SPSR_EL3, vbar_el1), v1);
		EXPECT_EQ("VBAR_EL12 at EL3", RUN(SPSR_EL3, vbar_el12), v1);
	}
}

static void el12_undefined(void)
{
	RUN(SPSR_EL2, vbar_el12);
	EXPECT_EXC("EL2 without E2H", 2, VEC_SAME, ESR(EC_UNKNOWN, 0), vbar_el12);
	for (unsigned e2h = 0; e2h < 2; e2h++) {
		WRITE(hcr_el2, HCR_RW | (e2h ? HCR_E2H : 0));
		RUN(SPSR_EL1, vbar_el12);
		EXPECT_EXC("EL1", 1, VEC_SAME, ESR(EC_UNKNOWN, 0), vbar_el12);
		RUN(SPSR_EL0, vbar_el12);
		EXPECT_EXC("EL0", 1, VEC_LOWER, ESR(EC_UNKNOWN, 0), vbar_el12);
	}
}

PROBE(fmov, "fmov d0, xzr");
PROBE(cpacr, "mrs x0, cpacr_el1");

/* CPTR_EL2 with E2H has the format of CPACR_EL1 and, for EL0 under TGE, its job. */
static void cptr_format(void)
{
	static const struct {
		u64 fpen, spsr;
		unsigned tge, traps;
	} rows[] = {
		{ 0, SPSR_EL0, 0, 1 }, { 0, SPSR_EL1, 0, 1 }, { 0, SPSR_EL2, 0, 1 },
		{ 1, SPSR_EL0, 0, 0 }, { 1, SPSR_EL1, 0, 0 }, { 1, SPSR_EL2, 0, 0 },
		{ 2, SPSR_EL0, 0, 1 }, { 2, SPSR_EL1, 0, 1 }, { 2, SPSR_EL2, 0, 1 },
		{ 3, SPSR_EL0, 0, 0 }, { 3, SPSR_EL1, 0, 0 }, { 3, SPSR_EL2, 0, 0 },
		{ 0, SPSR_EL0, 1, 1 }, { 0, SPSR_EL2, 1, 1 }, { 1, SPSR_EL0, 1, 1 },
		{ 1, SPSR_EL2, 1, 0 }, { 2, SPSR_EL0, 1, 1 }, { 3, SPSR_EL0, 1, 0 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		/* CPACR_EL1 must not matter under TGE */
		WRITE(cpacr_el1, rows[i].tge ? FPEN(0) : FPEN(3));
		WRITE(hcr_el2, rows[i].tge ? HOST : HOST_OF_GUEST);
		WRITE(cptr_el2, FPEN(rows[i].fpen));
		RUN(rows[i].spsr, fmov);
		if (rows[i].traps)
			EXPECT_EXC("FPEN", 2, rows[i].spsr == SPSR_EL2 ? VEC_SAME : VEC_LOWER,
				   ESR(EC_FP, BIT(24) | 0xe << 20), fmov);
		else
			EXPECT_NO_EXC("FPEN");
		WRITE(cptr_el2, FPEN(3));
		WRITE(hcr_el2, HCR_RW);
		guest_defaults();
	}
	WRITE(hcr_el2, HOST_OF_GUEST);
	WRITE(cptr_el2, FPEN(3) | CPTR_TCPAC);
	RUN(SPSR_EL1, cpacr);
	EXPECT_EXC("TCPAC", 2, VEC_LOWER, ESR(EC_SYSREG, SR_ISS(SR(3, 0, 1, 0, 2), 1, 0)), cpacr);
	WRITE(cptr_el2, FPEN(3));
	WRITE(hcr_el2, HCR_RW);
}

PROBE(cntpct, "mrs x0, cntpct_el0");
PROBE(cntvct, "mrs x0, cntvct_el0");
PROBE(cntp_ctl, "mrs x0, cntp_ctl_el0");
PROBE(cntv_ctl, "mrs x0, cntv_ctl_el0");

static void cnthctl_format(void)
{
	static const struct {
		const char *name;
		const u32 *probe;
		u32 sr;
		u64 el0_bit, el1_bit;
	} rows[] = {
		{ "CNTPCT_EL0", cntpct, SR(3, 3, 14, 0, 1), BIT(0), BIT(10) },
		{ "CNTVCT_EL0", cntvct, SR(3, 3, 14, 0, 2), BIT(1), 0 },
		{ "CNTV_CTL_EL0", cntv_ctl, SR(3, 3, 14, 3, 1), BIT(8), 0 },
		{ "CNTP_CTL_EL0", cntp_ctl, SR(3, 3, 14, 2, 1), BIT(9), BIT(11) },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 esr = ESR(EC_SYSREG, SR_ISS(rows[i].sr, 1, 0));

		WRITE(hcr_el2, HOST);
		WRITE(cnthctl_el2, ~rows[i].el0_bit & 0xf03);
		RUN(SPSR_EL0, rows[i].probe);
		EXPECT_EXC(rows[i].name, 2, VEC_LOWER, esr, rows[i].probe);
		WRITE(cnthctl_el2, rows[i].el0_bit);
		RUN(SPSR_EL0, rows[i].probe);
		EXPECT_NO_EXC(rows[i].name);
		WRITE(hcr_el2, HOST_OF_GUEST);
		WRITE(cnthctl_el2, ~rows[i].el1_bit & 0xf03);
		RUN(SPSR_EL1, rows[i].probe);
		if (rows[i].el1_bit)
			EXPECT_EXC(rows[i].name, 2, VEC_LOWER, esr, rows[i].probe);
		else
			EXPECT_NO_EXC(rows[i].name);
		WRITE(cnthctl_el2, rows[i].el1_bit);
		RUN(SPSR_EL1, rows[i].probe);
		EXPECT_NO_EXC(rows[i].name);
		WRITE(hcr_el2, HCR_RW);
		guest_defaults();
	}
}

PROBE(svc, "svc #7");
PROBE(udf, "udf #0");
PROBE(wfi, "wfi");
PROBE(ctr, "mrs x0, ctr_el0");
PROBE(daif, "mrs x0, daif");
PROBE(civac, "dc civac, x0");

/* EL0 of a host: everything goes to EL2, and SCTLR_EL2 has the controls of SCTLR_EL1. */
static void el0_of_host(void)
{
	static const struct {
		const char *name;
		const u32 *probe;
		u64 allow, esr;
	} rows[] = {
		{ "CTR_EL0", ctr, SCTLR_UCT, ESR(EC_SYSREG, SR_ISS(SR(3, 3, 0, 0, 1), 1, 0)) },
		{ "DAIF", daif, SCTLR_UMA, ESR(EC_SYSREG, SR_ISS(SR(3, 3, 4, 2, 1), 1, 0)) },
		{ "DC CIVAC", civac, SCTLR_UCI, ESR(EC_SYSREG, SR_ISS(SR(1, 3, 7, 14, 1), 0, 0)) },
		{ "WFI", wfi, 0, ESR(EC_WFX, BIT(24) | 0xe << 20) },
		{ "SVC", svc, 0, ESR(EC_SVC, 7) }, { "UDF", udf, 0, ESR(EC_UNKNOWN, 0) },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		WRITE(sctlr_el1, SCTLR_EL1_RES1 | SCTLR_UCT | SCTLR_UMA | SCTLR_UCI | SCTLR_NTWI);
		WRITE(hcr_el2, HOST);
		WRITE(sctlr_el2, SCTLR_EL2_RES1 & ~(SCTLR_NTWI | SCTLR_NTWE));
		RUN(SPSR_EL0, rows[i].probe, 0x40000000);
		EXPECT_EXC(rows[i].name, 2, VEC_LOWER, rows[i].esr,
			   rows[i].probe + (rows[i].probe == svc));
		if (rows[i].allow) {
			WRITE(sctlr_el1, SCTLR_EL1_RES1);
			WRITE(sctlr_el2, SCTLR_EL2_RES1 | rows[i].allow);
			RUN(SPSR_EL0, rows[i].probe, 0x40000000);
			EXPECT_NO_EXC(rows[i].name);
		}
		WRITE(hcr_el2, HCR_RW);
		guest_defaults();
	}
}

static u64 seen_pan;

static enum guest_action look(struct exc *e)
{
	seen_pan = READ(s3_0_c4_c2_3);
	return GUEST_HOME;
}

PROBE(hvc, "hvc #0");

static void span(void)
{
	guest_cpu()->handler = look;
	WRITE(hcr_el2, HOST);
	WRITE(sctlr_el2, SCTLR_EL2_RES1 & ~SCTLR_SPAN);
	RUN(SPSR_EL0, svc);
	EXPECT_EQ("host, no SPAN", seen_pan, SPSR_PAN);
	WRITE(sctlr_el2, SCTLR_EL2_RES1 | SCTLR_SPAN);
	RUN(SPSR_EL0, svc);
	EXPECT_EQ("host, SPAN", seen_pan, 0);
	WRITE(hcr_el2, HOST_OF_GUEST);
	WRITE(sctlr_el2, SCTLR_EL2_RES1 & ~SCTLR_SPAN);
	RUN(SPSR_EL1, hvc);
	EXPECT_EQ("not TGE", seen_pan, 0);
	WRITE(sctlr_el2, SCTLR_EL2_RES1);
	WRITE(hcr_el2, HCR_RW);
}

PROBE(load, "ldr x0, [x0]");
PROBE(at_s1e1r, "at s1e1r, x0\n\tisb\n\tmrs x0, par_el1");
PROBE(at_s1e0r, "at s1e0r, x0\n\tisb\n\tmrs x0, par_el1");
PROBE(aside1, "dsb sy\n\ttlbi aside1, x0\n\tdsb sy\n\tisb");
PROBE(vae1, "dsb sy\n\ttlbi vae1, x0\n\tdsb sy\n\tisb");
PROBE(vmalle1, "dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb");
PROBE(vae2, "dsb sy\n\ttlbi vae2, x0\n\tdsb sy\n\tisb");

#define USER 0x70000000ul               /* EL0 page, by TTBR0_EL2 */
#define KERNEL 0xffffff8000000000ul     /* EL2 page, by TTBR1_EL2: the first of 39 bits */

static u64 pages[3][512] __attribute__((aligned(4096)));
static u64 *low, *high;

static void host_mmu_on(u64 asid)
{
	if (!low) {
		low = pt_new();
		high = pt_new();
		pt_identity(low, 1, PT_S1_DEVICE, PT_S1_NORMAL);
		/* the image for EL0 */
		pt_map(low, 1, 0x60000000, 0x40000000, 2, PT_S1_NORMAL | PT_EL0 | PT_RO | PT_PXN);
	}
	for (u64 i = 0; i < 3; i++)
		pages[i][0] = 0x1000 + i;
	pt_map(low, 1, USER, (u64)pages[0], 3, PT_S1_NORMAL | PT_EL0 | PT_NG | PT_PXN);
	pt_map(high, 1, KERNEL & 0x7fffffffff, (u64)pages[1], 3, PT_S1_NORMAL);
	WRITE(mair_el2, PT_MAIR);
	WRITE(tcr_el2, 0);
	WRITE(hcr_el2, HOST);
	/* TTBR1: 4 KiB granule is TG1 = 2 */
	WRITE(tcr_el2, 25ul | 0x3500 | 25ul << 16 | 0x35000000ul | 2ul << 30 | 2ul << 32 | BIT(36));
	WRITE(ttbr0_el2, (u64)low | asid << 48);
	WRITE(s3_4_c2_c0_1, (u64)high);
	INSN("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb");
	WRITE(sctlr_el2, SCTLR_EL2_RES1 | SCTLR_M | SCTLR_SPAN);
}

static void host_mmu_off(void)
{
	WRITE(sctlr_el2, SCTLR_EL2_RES1);
	INSN("tlbi vmalle1\n\tdsb sy\n\tisb");
	WRITE(tcr_el2, 0);
	WRITE(hcr_el2, HCR_RW);
	guest_defaults();
}

static const void *user(const u32 *probe)
{
	return (const void *)((u64)probe + 0x20000000);
}

static void el20_regime(void)
{
	host_mmu_on(5);
	EXPECT_EQ("TTBR1", RUN(SPSR_EL2, load, KERNEL), 0x1001);
	EXPECT_EQ("EL2 reads what is EL0's", RUN(SPSR_EL2, load, USER), 0x1000);
	EXPECT_EQ("EL0", RUN(SPSR_EL0, user(load), USER), 0x1000);
	RUN(SPSR_EL0, user(load), KERNEL);
	EXPECT_EXC("EL0 on EL2's page", 2, VEC_LOWER, ESR(EC_DABT_LOWER, FSC_PERMISSION(3)),
		   user(load));
	RUN(SPSR_EL2 | SPSR_PAN, load, USER);
	EXPECT_EXC("PAN", 2, VEC_SAME, ESR(EC_DABT_SAME, FSC_PERMISSION(3)), load);
	RUN(SPSR_EL2, (const void *)USER);
	EXPECT_EXC("PXN", 2, VEC_SAME, ESR(EC_IABT_SAME, FSC_PERMISSION(3)), USER);
	RUN(SPSR_EL2, user(load), USER);
	EXPECT_EXC("PXN of EL0's code", 2, VEC_SAME, ESR(EC_IABT_SAME, FSC_PERMISSION(2)),
		   user(load));
	EXPECT_EQ("AT S1E1R", RUN(SPSR_EL2, at_s1e1r, KERNEL) & 0xfffffffff001, pages[1]);
	EXPECT_EQ("AT S1E0R", RUN(SPSR_EL2, at_s1e0r, USER) & 0xfffffffff001, pages[0]);
	EXPECT_EQ("AT S1E0R, EL2's page", RUN(SPSR_EL2, at_s1e0r, KERNEL) & 0x7f,
		  FSC_PERMISSION(3) << 1 | 1);
	host_mmu_off();
}

static void expect_user(const char *what, u64 page)
{
	EXPECT_EQ(what, RUN(SPSR_EL0, user(load), USER), page);
}

/* EL1's TLB instructions act on EL2&0; ASIDs keep the spaces apart. */
static void el20_tlbi(void)
{
	static const struct {
		const char *name;
		const u32 *probe;
		u64 operand;
	} ops[] = {
		{ "ASIDE1", aside1, 5ul << 48 }, { "VAE1", vae1, 5ul << 48 | USER >> 12 },
		{ "VMALLE1", vmalle1, 0 }, { "VAE2", vae2, 5ul << 48 | USER >> 12 },
	};

	host_mmu_on(5);
	for (unsigned i = 0; i < ARRAY_SIZE(ops); i++) {
		u64 *leaf = pt_entry(low, 1, USER, 3);

		expect_user("before", 0x1000);
		*leaf = (u64)pages[2] | PT_S1_NORMAL | PT_EL0 | PT_NG | PT_PXN | 3;
		RUN(SPSR_EL2, ops[i].probe, ops[i].operand);
		expect_user(ops[i].name, 0x1002);
		*leaf = (u64)pages[0] | PT_S1_NORMAL | PT_EL0 | PT_NG | PT_PXN | 3;
		INSN("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb");
	}
	expect_user("ASID 5", 0x1000);
	*pt_entry(low, 1, USER, 3) = (u64)pages[2] | PT_S1_NORMAL | PT_EL0 | PT_NG | PT_PXN | 3;
	BARRIER();
	WRITE(ttbr0_el2, (u64)low | 6ul << 48);
	expect_user("ASID 6", 0x1002);
	host_mmu_off();
}

/* Without TGE, EL0 is the guest's again: its regime is EL1&0. */
static void el0_of_guest(void)
{
	host_mmu_on(5);
	WRITE(hcr_el2, HOST_OF_GUEST);
	EXPECT_EQ("EL1&0 is off", RUN(SPSR_EL0, load, pages[1]), 0x1001);
	EXPECT_NO_EXC("EL1&0 is off");
	RUN(SPSR_EL0, svc);
	EXPECT_EXC("SVC", 1, VEC_LOWER, ESR(EC_SVC, 7), svc + 1);
	EXPECT_EQ("EL2&0 is on", RUN(SPSR_EL2, load, KERNEL), 0x1001);
	WRITE(hcr_el2, HOST);
	host_mmu_off();
}

static void on_el2_board(void)
{
	if (guest_boot_el != 2)
		return;
	el20_regime();
	el20_tlbi();
	el0_of_guest();
}

GUEST_TESTS(TEST(aliases_at_el2), TEST(vbar_and_sctlr), TEST(el12_undefined), TEST(cptr_format),
	    TEST(cnthctl_format), TEST(el0_of_host), TEST(span), TEST(on_el2_board));
