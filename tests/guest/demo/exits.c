/*
 * What comes back from a guest: each kind of exit, its syndrome in words, and what the hypervisor
 * does about it. Called by hyp.c after each enter_guest(). Exit names are those of `perf kvm stat`.
 */
#include "demo.h"

/* ESR_EL2.EC, bits 31:26 */
#define EC_WFX		0x01
#define EC_HVC64	0x16
#define EC_SYS64	0x18
#define EC_DABT_LOW	0x24

/* ISS of MSR/MRS: op0, op1, CRn, CRm, op2 without the direction and the register */
#define ISS_SYSREG	0x3ffc1e
#define ISS_ICC_SGI1R	(3u << 20 | 5u << 17 | 0u << 14 | 12u << 10 | 11u << 1)

#define ICH_LR_PENDING	(1ul << 62)
#define ICH_LR_HW	(1ul << 61)
#define ICH_LR_GROUP1	(1ul << 60)

static const struct {
	const char *name, *note;
} kinds[EXIT_KINDS] = {
	[EXIT_HVC] = { "HVC64", "the guest asks; the immediate of HVC says for what (EC 0x16)" },
	[EXIT_WFX] = { "WFx", "the guest would sleep; HCR_EL2.TWI traps that (EC 0x01)" },
	[EXIT_DABT] = { "DABT_LOW",
			"no stage-2 mapping (EC 0x24): ESR has the access, HPFAR the IPA" },
	[EXIT_SYS] = { "SYS64", "a system register that EL2 keeps for itself (EC 0x18)" },
	[EXIT_IRQ] = { "IRQ", "HCR_EL2.IMO brings interrupts to EL2, which passes them on" },
};

/* What deserves a word before it is seen for the first time, beside the kinds of exit. */
enum { NOTE_VMID = EXIT_KINDS, NOTE_STALE };

static void note_once(u32 which, const char *what, const char *text)
{
	static u32 told;

	if (!(told & 1u << which))
		print("\n%s: %s\n", what, text);
	told |= 1u << which;
}

/* Starts the line of an exit; the first of each kind is explained. */
static void begin(struct vcpu *v, enum exit_kind kind, u64 esr)
{
	if (kind == EXIT_HVC && (esr & 0xffff) == HVC_REPORT)
		note_once(NOTE_VMID, "VMID",
			  "one VA, two contents, no TLBI: each TLB entry has its VM's number");
	if (kind == EXIT_HVC && (esr & 0xffff) == HVC_UNMAP)
		note_once(NOTE_STALE, "TLBI",
			  "a changed table counts when the TLB forgets the old entry");
	note_once(kind, kinds[kind].name, kinds[kind].note);
	v->exits[kind]++;
	print("vm%u: %-9s", (u64)v->id, kinds[kind].name);
	if (kind != EXIT_IRQ)
		print("ESR 0x%w  ", esr);
}

/* The guest names memory by its own VA; AT walks both of its stages for us. */
static u64 guest_va_to_pa(u64 va)
{
	u64 par;

	__asm__ volatile("at s12e1r, %1; isb; mrs %0, par_el1" : "=r"(par) : "r"(va) : "memory");
	return par & 1 ? 0 : (par & 0xfffffffff000) | (va & 0xfff);
}

static int handle_hvc(struct vcpu *v, u64 esr)
{
	u64 pa;

	begin(v, EXIT_HVC, esr);
	switch (esr & 0xffff) {
	case HVC_PRINT:
		pa = guest_va_to_pa(v->x[0]);
		print("#0 print: \"%s\"\n", pa ? (const char *)pa : "(not mapped)");
		return 0;
	case HVC_VM_ID:
		v->x[0] = v->id;
		print("#1 who am I? -> x0 = %u\n", (u64)v->id);
		return 0;
	case HVC_YIELD:
		print("#2 yield\n");
		return 1;
	case HVC_REPORT:
		print("#3 VA 0x%x reads 0x%x\n", v->x[0], v->x[1]);
		return 0;
	case HVC_UNMAP:
		hyp_unmap_page(v);
		print("#4 my page's stage-2 descriptor := 0, no TLBI yet\n");
		return 0;
	case HVC_TLBI:
		hyp_invalidate_page(v);
		print("#5 now TLBI IPAS2E1IS and VMALLE1IS\n");
		return 0;
	case HVC_DONE:
		v->done = 1;
		print("#6 done\n");
		return 1;
	default:
		print("unexpected in the guest\n");
		hyp_panic(v->x[0], v->x[1], 0);
	}
}

static int handle_wfx(struct vcpu *v, u64 esr)
{
	begin(v, EXIT_WFX, esr);
	print("%s -> run vm%u\n", esr & 1 ? "WFE" : "WFI", (u64)(3 - v->id));
	v->pc += 4;
	v->waiting = !(esr & 1);
	return 1;
}

static const char *fault_name(u64 esr)
{
	static const char *const names[] = {
		"address size", "translation", "access flag", "permission"
	};

	return names[esr >> 2 & 3];
}

/* The device answers with one more than what was last written. */
static void emulate_device(struct vcpu *v, u64 ipa, u32 rt, int write)
{
	if (write && ipa == DEVICE_IPA + DEVICE_OUT)
		v->device_word = (u32)v->x[rt];
	else if (!write && rt != 31)
		v->x[rt] = ipa == DEVICE_IPA + DEVICE_IN ? v->device_word + 1 : 0;
	v->pc += 4;
}

static int handle_dabt(struct vcpu *v, u64 esr)
{
	u64 hpfar = read_sysreg("hpfar_el2");
	u64 ipa = (hpfar & 0xffffffffff0) << 8 | (read_sysreg("far_el2") & 0xfff);
	u32 rt = esr >> 16 & 31;
	int write = esr >> 6 & 1;

	begin(v, EXIT_DABT, esr);
	print("%s %u bytes, IPA 0x%w, %s fault level %u", write ? "write" : "read",
	      1ul << (esr >> 22 & 3), ipa, fault_name(esr), esr & 3);
	if (!(esr & 1 << 24)) {
		print(": no valid syndrome\n");
		hyp_panic(esr, v->pc, read_sysreg("far_el2"));
	}
	if (ipa >> 12 == PAGE_IPA >> 12) {
		hyp_map_fresh_page(v);
		print(" -> a fresh page\n");
		return 0;
	}
	emulate_device(v, ipa, rt, write);
	print(write ? ": w%u is 0x%x\n" : ": w%u := 0x%x\n", (u64)rt, v->x[rt] & 0xffffffff);
	return 0;
}

/* A write of ICC_SGI1R_EL1 would interrupt a real CPU; the guest gets a virtual SGI instead. */
static int handle_sys(struct vcpu *v, u64 esr)
{
	u32 rt = esr >> 5 & 31;
	u64 value = rt == 31 ? 0 : v->x[rt];
	u64 intid = value >> 24 & 15;

	begin(v, EXIT_SYS, esr);
	if ((esr & ISS_SYSREG) != ISS_ICC_SGI1R || esr & 1) {
		print("unexpected register\n");
		hyp_panic(esr, v->pc, 0);
	}
	print("ICC_SGI1R_EL1 := 0x%x (x%u) -> SGI %u in list register 1\n", value, (u64)rt, intid);
	write_sysreg("ich_lr1_el2", ICH_LR_PENDING | ICH_LR_GROUP1 | 0x90ul << 48 | intid);
	v->pc += 4;
	return 0;
}

int handle_sync(struct vcpu *v)
{
	u64 esr = read_sysreg("esr_el2");

	switch (esr >> 26 & 0x3f) {
	case EC_HVC64:
		return handle_hvc(v, esr);
	case EC_WFX:
		return handle_wfx(v, esr);
	case EC_DABT_LOW:
		return handle_dabt(v, esr);
	case EC_SYS64:
		return handle_sys(v, esr);
	default:
		hyp_panic(esr, v->pc, read_sysreg("far_el2"));
	}
}

/*
 * Acknowledge and drop the priority (EOImode 1), but leave PPI 27 active: the list register has
 * HW=1, so that the guest's own EOI deactivates it without a trap.
 */
void handle_irq(struct vcpu *v)
{
	u64 intid = read_sysreg("icc_iar1_el1");

	begin(v, EXIT_IRQ, 0);
	print("INTID %u -> list register 0: pending, HW, virtual INTID %u\n", intid, intid);
	write_sysreg("icc_eoir1_el1", intid);
	write_sysreg("ich_lr0_el2", ICH_LR_PENDING | ICH_LR_HW | ICH_LR_GROUP1 | 0xa0ul << 48 |
				    intid << 32 | intid);
}

void print_exit_table(const struct vcpu *vm1, const struct vcpu *vm2)
{
	u64 sum1 = 0, sum2 = 0;

	print("\nVM-EXIT     vm1  vm2  both\n");
	for (u32 i = 0; i < EXIT_KINDS; i++) {
		u64 a = vm1->exits[i], b = vm2->exits[i];

		print("%-9s %5u%5u%6u\n", kinds[i].name, a, b, a + b);
		sum1 += a;
		sum2 += b;
	}
	print("%-9s %5u%5u%6u\n", "all", sum1, sum2, sum1 + sum2);
}
