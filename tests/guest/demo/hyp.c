/*
 * The demo's hypervisor: two VMs on one CPU, each with its own stage-2 tables and VMID. This file
 * holds the machine's set-up and the switch from one VM to the other; exits.c holds the traps.
 *
 * Kept simple on purpose: the guests' GIC distributor does not exist (EL2 injects unasked), there
 * are no priorities among VMs, and a guest that misbehaves ends the demo.
 */
#include "demo.h"

#define HCR_VM		(1ul << 0)	/* stage 2 on */
#define HCR_SWIO	(1ul << 1)
#define HCR_FMO		(1ul << 3)
#define HCR_IMO		(1ul << 4)	/* IRQs to EL2; the guest's ICC_* are virtual */
#define HCR_AMO		(1ul << 5)
#define HCR_TWI		(1ul << 13)	/* WFI traps */
#define HCR_RW		(1ul << 31)	/* EL1 is AArch64 */

/* Stage 2: page, AF, inner shareable, read and write, Normal write-back. */
#define S2_PAGE		(3ul | 1 << 10 | 3 << 8 | 3 << 6 | 0xf << 2)
#define S2_TABLE	3ul

struct vm_tables {
	u64 level1[512], level2[512], level3[512];
};

static struct vm_tables vm_tables[2] __attribute__((aligned(4096)));
static u64 el2_level1[512] __attribute__((aligned(4096)));
static struct vcpu vcpus[2];
extern const u8 __guest_start[], __guest_end[];

void hyp_panic(u64 esr, u64 elr, u64 far)
{
	if (read_sysreg("CurrentEL") != 2 << 2)
		print("demo: needs EL2: run it with -M virt,virtualization=on,gic-version=3\n");
	else
		print("demo: unexpected trap: ESR 0x%x ELR 0x%x FAR 0x%x\n", esr, elr, far);
	psci_system_off();
}

/* The hypervisor's own map is the identity: devices in the first GiB, RAM in the second. */
static void enable_el2_mmu(void)
{
	el2_level1[0] = 0x0040000000000405;	/* XN, AF, attribute 1, block */
	el2_level1[1] = 0x40000701;		/* AF, shareable, attribute 0, block */
	write_sysreg("mair_el2", 0x04ff);
	write_sysreg("tcr_el2", 0x80823519);		/* 39-bit VA, 4 KiB pages, 40-bit PA */
	write_sysreg("ttbr0_el2", el2_level1);
	__asm__ volatile("dsb sy; isb; tlbi alle2; dsb sy; isb");
	write_sysreg("sctlr_el2", 0x30c51835);		/* M, C, I */
	__asm__ volatile("isb");
}

static void enable_gic(void)
{
	volatile u32 *gicd = (volatile u32 *)GICD_BASE;
	volatile u32 *gicr = (volatile u32 *)GICR_BASE;
	volatile u32 *sgi = gicr + 0x10000 / 4;

	gicd[0] = 1 << 4 | 1 << 1;			/* CTLR: affinity routing, group 1 on */
	gicr[0x14 / 4] &= ~2u;				/* WAKER.ProcessorSleep */
	while (gicr[0x14 / 4] & 4)
		;
	sgi[0x80 / 4] |= 1u << PPI_VTIMER;		/* IGROUPR0 */
	((volatile u8 *)(sgi + 0x400 / 4))[PPI_VTIMER] = 0xa0;
	sgi[0x100 / 4] = 1u << PPI_VTIMER;		/* ISENABLER0 */
	write_sysreg("icc_sre_el2", 0xf);
	__asm__ volatile("isb");
	write_sysreg("icc_pmr_el1", 0xff);
	write_sysreg("icc_ctlr_el1", 1 << 1);	/* EOImode 1: the guest deactivates */
	write_sysreg("icc_igrpen1_el1", 1);
	write_sysreg("ich_hcr_el2", 1);			/* the virtual interface */
}

static void enable_virtualization(void)
{
	/* 32-bit IPA, start at level 1, 4 KiB pages, 40-bit PA */
	write_sysreg("vtcr_el2", 1ul << 31 | 2 << 16 | 3 << 12 | 1 << 10 | 1 << 8 | 1 << 6 | 32);
	write_sysreg("hcr_el2", HCR_RW | HCR_TWI | HCR_AMO | HCR_IMO | HCR_FMO | HCR_SWIO | HCR_VM);
	write_sysreg("cntvoff_el2", read_sysreg("cntpct_el0"));
	write_sysreg("cnthctl_el2", 3);
	__asm__ volatile("dsb sy; tlbi alle1; dsb sy; isb");
}

static void load_guest_image(u64 pa)
{
	u64 *to = (u64 *)pa;

	for (const u64 *from = (const u64 *)__guest_start; from < (const u64 *)__guest_end; from++)
		*to++ = *from;
	for (u64 line = pa; line < (u64)to; line += 64)
		__asm__ volatile("dc civac, %0" : : "r"(line) : "memory");
	__asm__ volatile("dsb sy; ic iallu; dsb sy; isb");
}

static void create_vm(u32 id, u64 pa)
{
	struct vcpu *v = &vcpus[id - 1];
	struct vm_tables *t = &vm_tables[id - 1];

	load_guest_image(pa);
	*(u64 *)(pa + PAGE_IPA - GUEST_IPA) = id == 1 ? 0x1111111111111111 : 0x2222222222222222;
	t->level1[GUEST_IPA >> 30] = (u64)t->level2 | S2_TABLE;
	t->level2[0] = (u64)t->level3 | S2_TABLE;
	for (u64 i = 0; i < GUEST_RAM / 4096; i++)
		t->level3[i] = (pa + i * 4096) | S2_PAGE;
	v->id = id;
	v->pa = pa;
	v->s2_pages = t->level3;
	v->vttbr = (u64)id << 48 | (u64)t->level1;
	v->pc = GUEST_IPA;
	v->pstate = 0x3c5;				/* EL1h, everything masked */
	v->sctlr_el1 = 0x30d00800;			/* MMU off */
	print("vm%u: VMID %u, IPA 0x%x is PA 0x%x; the page at VA 0x%x holds 0x%x\n", (u64)id,
	      (u64)id, (u64)GUEST_IPA, pa, (u64)PAGE_VA, *(u64 *)(pa + PAGE_IPA - GUEST_IPA));
}

/*
 * Valid to invalid is the only change that may be made under a running guest; the old translation
 * stays usable as long as some TLB holds it. The new page comes after the TLBI (break before make).
 */
void hyp_unmap_page(struct vcpu *v)
{
	v->s2_pages[(PAGE_IPA - GUEST_IPA) / 4096] = 0;
	__asm__ volatile("dsb sy; isb");
}

/* Two steps: the stage-2 entry by IPA, then the entries of both stages combined, by VMID. */
void hyp_invalidate_page(struct vcpu *v)
{
	__asm__ volatile("dsb ishst; tlbi ipas2e1is, %0; dsb ish; tlbi vmalle1is; dsb ish; isb"
			 : : "r"((u64)PAGE_IPA >> 12) : "memory");
}

void hyp_map_fresh_page(struct vcpu *v)
{
	u64 fresh = v->pa + GUEST_RAM;

	*(u64 *)fresh = 0x1111111199999999;
	v->s2_pages[(PAGE_IPA - GUEST_IPA) / 4096] = fresh | S2_PAGE;
	__asm__ volatile("dsb sy; isb");
}

static void save_vm(struct vcpu *v)
{
#define SAVE(reg) v->reg = read_sysreg(#reg);
	EL1_REGS(SAVE)
	VGIC_REGS(SAVE)
}

static void load_vm(const struct vcpu *v)
{
#define LOAD(reg) write_sysreg(#reg, v->reg);
	write_sysreg("vttbr_el2", v->vttbr);		/* a new VMID: nothing needs invalidating */
	EL1_REGS(LOAD)
	VGIC_REGS(LOAD)
	__asm__ volatile("isb");
}

static struct vcpu *switch_from(struct vcpu *v)
{
	struct vcpu *other = &vcpus[v->id == 1];

	if (other->done)
		return v;
	save_vm(v);
	load_vm(other);
	/* It stopped in WFI: sleep in its place until its timer fires. */
	while (other->waiting && !(read_sysreg("isr_el1") & 1 << 7))
		__asm__ volatile("wfi");
	other->waiting = 0;
	return other;
}

void hyp_main(void)
{
	struct vcpu *v = &vcpus[0];

	print("A hypervisor at EL2 and two guests at EL1, on one CPU\n\n");
	enable_el2_mmu();
	enable_gic();
	enable_virtualization();
	create_vm(1, VM1_PA);
	create_vm(2, VM2_PA);
	print("Both run the same code at the same addresses. Every line below is one trap to "
	      "EL2.\n");
	load_vm(v);
	while (!vcpus[0].done || !vcpus[1].done) {
		int yield = 0;

		if (enter_guest(v) == 0)
			yield = handle_sync(v);
		else
			handle_irq(v);
		if (yield)
			v = switch_from(v);
	}
	print_exit_table(&vcpus[0], &vcpus[1]);
	psci_system_off();
}
