/*
 * Undefined instructions, SVC, HVC, SMC and BRK from every EL: where they go and with what syndrome
 * (DDI0487 D1.3.2, D19.2.37), incl. HCR_EL2.{HCD,TSC,TGE} and SCR_EL3.{HCE,SMD}.
 */
/* run: -M virt,gic-version=3 -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,secure=on -cpu cortex-a57 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
#include "guest.h"
#include "bits.h"

PROBE(udf, "udf #0x1234");
PROBE(svc, "svc #0x1234");
PROBE(hvc, "hvc #0x5678");
PROBE(smc, "smc #0x9abc");
PROBE(brk, "brk #0xdef0");

#define UNDEFINED ESR(EC_UNKNOWN, 0)

/* the vector for an exception from one EL to another */
static unsigned vector(u64 from, u64 to)
{
	return from == to ? VEC_SAME : VEC_LOWER;
}

static u64 at_least_el1(u64 el)
{
	return el ? el : 1;
}

static void from(u64 el, const u32 *probe, u64 to, u64 esr, u64 elr_offset, const char *what)
{
	RUN(SPSR_OF_EL(el), probe);
	EXPECT_EXC(what, to, vector(el, to), esr, (u64)probe + elr_offset);
}

static int skip_el(u64 el)
{
	return el == 2 && !guest_has_el2();
}

static void svc_udf_brk(void)
{
	for (u64 el = 0; el <= guest_boot_el; el++) {
		if (skip_el(el))
			continue;
		from(el, udf, at_least_el1(el), UNDEFINED, 0, "udf");
		from(el, svc, at_least_el1(el), ESR(EC_SVC, 0x1234), 4, "svc");
		from(el, brk, at_least_el1(el), ESR(EC_BRK, 0xdef0), 0, "brk");
	}
}

static void hvc_plain(void)
{
	from(0, hvc, 1, UNDEFINED, 0, "hvc at EL0");
	if (guest_has_el2()) {
		from(1, hvc, 2, ESR(EC_HVC, 0x5678), 4, "hvc at EL1");
		from(2, hvc, 2, ESR(EC_HVC, 0x5678), 4, "hvc at EL2");
	}
	if (guest_boot_el == 3 && guest_has_el2())
		from(3, hvc, 3, ESR(EC_HVC, 0x5678), 4, "hvc at EL3");
	if (guest_boot_el == 3 && !guest_has_el2())
		from(1, hvc, 1, UNDEFINED, 0, "hvc without EL2");
}

static void smc_plain(void)
{
	from(0, smc, 1, UNDEFINED, 0, "smc at EL0");
	if (guest_boot_el < 3)
		return;         /* without EL3 it may be the PSCI conduit */
	from(1, smc, 3, ESR(EC_SMC, 0x9abc), 4, "smc at EL1");
	if (guest_has_el2())
		from(2, smc, 3, ESR(EC_SMC, 0x9abc), 4, "smc at EL2");
	from(3, smc, 3, ESR(EC_SMC, 0x9abc), 4, "smc at EL3");
}

/* HCR_EL2.HCD is RES0 with EL3, where SCR_EL3.HCE has the job. */
static void hcd(void)
{
	if (guest_boot_el != 2)
		return;
	WRITE(cptr_el2, CPTR_EL2_DEFAULT | CPTR_TCPAC);         /* the way home */
	WRITE(hcr_el2, HCR_RW | HCR_HCD | HCR_TSC);
	from(1, hvc, 1, UNDEFINED, 0, "hvc with HCD at EL1");
	from(2, hvc, 2, UNDEFINED, 0, "hvc with HCD at EL2");
}

static void hce(void)
{
	if (guest_boot_el != 3 || !guest_has_el2())
		return;
	WRITE(scr_el3, SCR_DEFAULT & ~SCR_HCE);
	from(1, hvc, 1, UNDEFINED, 0, "hvc without HCE at EL1");
	from(2, hvc, 2, UNDEFINED, 0, "hvc without HCE at EL2");
	from(3, hvc, 3, UNDEFINED, 0, "hvc without HCE at EL3");
}

static void tsc(void)
{
	if (!guest_has_el2())
		return;
	WRITE(hcr_el2, HCR_RW | HCR_TSC);
	from(0, smc, 1, UNDEFINED, 0, "smc with TSC at EL0");
	from(1, smc, 2, ESR(EC_SMC, 0x9abc), 0, "smc with TSC at EL1");
	if (guest_boot_el == 3)
		from(2, smc, 3, ESR(EC_SMC, 0x9abc), 4, "smc with TSC at EL2");
}

static void smd(void)
{
	if (guest_boot_el != 3)
		return;
	WRITE(scr_el3, SCR_DEFAULT | SCR_SMD);
	WRITE(cptr_el3, CPTR_TCPAC);                            /* the way home */
	from(1, smc, 1, UNDEFINED, 0, "smc with SMD at EL1");
	from(3, smc, 3, UNDEFINED, 0, "smc with SMD at EL3");
	if (!guest_has_el2())
		return;
	from(2, smc, 2, UNDEFINED, 0, "smc with SMD at EL2");
	WRITE(hcr_el2, HCR_RW | HCR_TSC);
	from(1, smc, 2, ESR(EC_SMC, 0x9abc), 0, "smc with SMD and TSC at EL1");
}

static void tge(void)
{
	if (!guest_has_el2())
		return;
	WRITE(hcr_el2, HCR_RW | HCR_TGE);
	from(0, udf, 2, UNDEFINED, 0, "udf with TGE");
	from(0, svc, 2, ESR(EC_SVC, 0x1234), 4, "svc with TGE");
	from(0, brk, 2, ESR(EC_BRK, 0xdef0), 0, "brk with TGE");
	from(0, hvc, 2, UNDEFINED, 0, "hvc with TGE");
	from(0, smc, 2, UNDEFINED, 0, "smc with TGE");
}

/* BRK at EL0 and EL1 goes to EL2 with MDCR_EL2.TDE. */
static void tde(void)
{
	if (!guest_has_el2())
		return;
	WRITE(mdcr_el2, MDCR_TDE);
	from(0, brk, 2, ESR(EC_BRK, 0xdef0), 0, "brk with TDE at EL0");
	from(1, brk, 2, ESR(EC_BRK, 0xdef0), 0, "brk with TDE at EL1");
	from(1, svc, 1, ESR(EC_SVC, 0x1234), 4, "svc with TDE at EL1");
}

/* SP_EL0 selected: the first group of vectors, at each EL */
static void from_el_t(void)
{
	static const u64 spsr[] = { 0, SPSR_EL1T, SPSR_EL2T, SPSR_EL3T };

	for (u64 el = 1; el <= guest_boot_el; el++) {
		if (skip_el(el))
			continue;
		RUN(spsr[el], svc);
		EXPECT_EXC("svc at ELxt", el, VEC_SAME_SP0, ESR(EC_SVC, 0x1234), svc + 1);
		EXPECT_EQ("SPSR of ELxt", guest_cpu()->exc[0].spsr & 0x3ff, spsr[el]);
	}
}

GUEST_TESTS(TEST(svc_udf_brk), TEST(hvc_plain), TEST(smc_plain), TEST(hcd), TEST(hce), TEST(tsc),
	    TEST(smd), TEST(tge), TEST(tde), TEST(from_el_t));
