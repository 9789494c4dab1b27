/*
 * TLBI in the other regimes: EL2&0 (E2H), where the EL1 forms act on the host or on the guest as
 * TGE says, and EL3. With STRICT also what must stay.
 */
/* run: -M virt,gic-version=3,virtualization=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu neoverse-n1 -smp 1 */
/* run: -M virt,gic-version=3,virtualization=on,secure=on -cpu cortex-a57 -smp 1 */
#include "mmu_vm.h"

#define VA 0x4000000000ul
#define OLD_PA (RAM + 0x8000000)
#define NEW_PA (RAM + 0x9000000)
#define BY_VA(asid, va) ((u64)(asid) << 48 | (va) >> 12)

#define FORM(name, op) PROBE(name, "dsb sy\n\ttlbi " op "\n\tdsb sy\n\tisb")
FORM(vmalle1, "vmalle1");
FORM(vmalle1is, "vmalle1is");
FORM(aside1, "aside1, x0");
FORM(vae1, "vae1, x0");
FORM(vaae1, "vaae1, x0");
FORM(vale1is, "vale1is, x0");
FORM(vaale1, "vaale1, x0");
FORM(alle1, "alle1");
FORM(alle2, "alle2");
FORM(alle2is, "alle2is");
FORM(vae2, "vae2, x0");
FORM(vae2is, "vae2is, x0");
FORM(vale2, "vale2, x0");
FORM(alle3, "alle3");
FORM(alle3is, "alle3is");
FORM(vae3, "vae3, x0");
FORM(vae3is, "vae3is, x0");
FORM(vale3, "vale3, x0");
FORM(vale3is, "vale3is, x0");

static struct vm vm;
static u64 *host;

static void map(u64 *root, u64 pa, u64 attrs)
{
	pt_map(root, 1, VA, pa, 3, attrs);
	*(volatile u64 *)pa = pa;
}

/* The host's page, read at EL2 with EL2&0 on; ASID 1. */
static u64 read_host(u64 asid)
{
	u64 got;

	WRITE(hcr_el2, HCR_RW | HCR_E2H | HCR_TGE);
	WRITE(mair_el1, PT_MAIR);
	WRITE(tcr_el1, PT_TCR_EL1);
	WRITE(ttbr0_el1, asid << 48 | (u64)host);
	WRITE(sctlr_el1, SCTLR_EL1_OFF | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SPAN);
	got = *(volatile u64 *)VA;
	WRITE(sctlr_el1, SCTLR_EL2_OFF);
	WRITE(hcr_el2, HCR_RW);
	return got;
}

static u64 read_guest(void)
{
	u64 got;

	vm_enter(&vm);
	got = vm_read(VA);
	vm_leave();
	return got;
}

static void host_and_guest(void)
{
	static const struct {
		const char *name;
		const void *probe;
		u64 operand;
		u8 tge;
		u8 host, host_global, guest;    /* drops it */
	} rows[] = {
		{ "VMALLE1, TGE", vmalle1, 0, 1, 1, 1, 0 },
		{ "VMALLE1IS, TGE", vmalle1is, 0, 1, 1, 1, 0 },
		{ "ASIDE1 1, TGE", aside1, 1ul << 48, 1, 1, 0, 0 },
		{ "ASIDE1 2, TGE", aside1, 2ul << 48, 1, 0, 0, 0 },
		{ "VAE1 1, TGE", vae1, BY_VA(1, VA), 1, 1, 1, 0 },
		{ "VAE1 2, TGE", vae1, BY_VA(2, VA), 1, 0, 1, 0 },
		{ "VAAE1, TGE", vaae1, BY_VA(0, VA), 1, 1, 1, 0 },
		{ "VALE1IS, TGE", vale1is, BY_VA(1, VA), 1, 1, 1, 0 },
		{ "VAALE1, TGE", vaale1, BY_VA(0, VA), 1, 1, 1, 0 },
		{ "VMALLE1", vmalle1, 0, 0, 0, 0, 1 },
		{ "ASIDE1 1", aside1, 1ul << 48, 0, 0, 0, 1 },
		{ "VAE1 1", vae1, BY_VA(1, VA), 0, 0, 0, 1 },
		{ "VAALE1", vaale1, BY_VA(0, VA), 0, 0, 0, 1 },
		{ "ALLE1, TGE", alle1, 0, 1, 0, 0, 1 },
		{ "ALLE2, TGE", alle2, 0, 1, 1, 1, 0 },
		{ "ALLE2", alle2, 0, 0, 1, 1, 0 },
		{ "ALLE2IS", alle2is, 0, 0, 1, 1, 0 },
		{ "VAE2 1", vae2, BY_VA(1, VA), 0, 1, 1, 0 },
		{ "VAE2IS 1", vae2is, BY_VA(1, VA), 1, 1, 1, 0 },
		{ "VAE2 2", vae2, BY_VA(2, VA), 0, 0, 1, 0 },
		{ "VALE2 1", vale2, BY_VA(1, VA), 0, 1, 1, 0 },
	};

	if (guest_boot_el != 2 || !mmu_has_vhe())
		return;
	pt_reset();
	vm_init(&vm, 1, 1);
	host = pt_new();
	pt_identity(host, 1, PT_S1_DEVICE, PT_S1_NORMAL);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		for (unsigned global = 0; global <= 1; global++) {
			u64 attrs = PT_S1_NORMAL | (global ? 0 : PT_NG);
			int drops_host = global ? rows[i].host_global : rows[i].host;

			map(host, OLD_PA, attrs);
			map(vm.s1, OLD_PA, PT_S1_NORMAL | PT_NG);
			tlbi_all();
			WRITE(hcr_el2, HCR_RW | HCR_E2H | HCR_TGE);
			INSN("tlbi vmalle1\n\tdsb sy\n\tisb");
			EXPECT_EQ("before", read_host(1), OLD_PA);
			EXPECT_EQ("before", read_guest(), OLD_PA);
			map(host, NEW_PA, attrs);
			map(vm.s1, NEW_PA, PT_S1_NORMAL | PT_NG);
			WRITE(vttbr_el2, 1ul << 48 | (u64)vm.s2);
			WRITE(hcr_el2, HCR_RW | HCR_E2H | (rows[i].tge ? HCR_TGE : 0));
			RUN(SPSR_EL2, rows[i].probe, rows[i].operand);
			WRITE(hcr_el2, HCR_RW);
			if (drops_host || STRICT)
				EXPECT_EQ(rows[i].name, read_host(1), drops_host ? NEW_PA : OLD_PA);
			if (rows[i].guest || STRICT)
				EXPECT_EQ(rows[i].name, read_guest(),
					  rows[i].guest ? NEW_PA : OLD_PA);
		}
}

static u64 read_el3(void)
{
	u64 got;

	WRITE(mair_el3, PT_MAIR);
	WRITE(tcr_el3, PT_TCR_EL2);
	WRITE(ttbr0_el3, host);
	WRITE(sctlr_el3, SCTLR_EL2_OFF | SCTLR_M | SCTLR_C | SCTLR_I);
	got = *(volatile u64 *)VA;
	WRITE(sctlr_el3, SCTLR_EL2_OFF);
	return got;
}

static void el3(void)
{
	static const struct {
		const char *name;
		const void *probe;
		u64 operand;
		u8 drops;
	} rows[] = {
		{ "ALLE3", alle3, 0, 1 }, { "ALLE3IS", alle3is, 0, 1 },
		{ "VAE3", vae3, VA >> 12, 1 }, { "VAE3IS", vae3is, VA >> 12, 1 },
		{ "VALE3", vale3, VA >> 12, 1 }, { "VALE3IS", vale3is, VA >> 12, 1 },
		{ "VAE3 of another page", vae3, (VA >> 12) + 1, 0 },
		{ "ALLE1", alle1, 0, 0 }, { "ALLE2", alle2, 0, 0 }, { "VMALLE1", vmalle1, 0, 0 },
		{ "VAE1", vae1, VA >> 12, 0 }, { "VAE2", vae2, VA >> 12, 0 },
	};

	if (guest_boot_el != 3)
		return;
	pt_reset();
	host = pt_new();
	pt_identity(host, 1, PT_S1_DEVICE | PT_EL0, PT_S1_NORMAL | PT_EL0);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		map(host, OLD_PA, PT_S1_NORMAL | PT_EL0);
		INSN("dsb sy\n\ttlbi alle3\n\tdsb sy\n\tisb");
		EXPECT_EQ("before", read_el3(), OLD_PA);
		map(host, NEW_PA, PT_S1_NORMAL | PT_EL0);
		RUN(SPSR_EL3, rows[i].probe, rows[i].operand);
		if (rows[i].drops || STRICT)
			EXPECT_EQ(rows[i].name, read_el3(), rows[i].drops ? NEW_PA : OLD_PA);
	}
}

GUEST_TESTS(TEST(host_and_guest), TEST(el3));
