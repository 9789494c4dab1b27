/*
 * What the two halves of the demo share: the machine's addresses, the layout of a guest, the
 * hypercalls, and the record of a virtual CPU (start.S knows its first offsets).
 */
#ifndef DEMO_H
#define DEMO_H

/* The board (QEMU's and Trapline's `virt`). */
#define UART_BASE	0x09000000
#define GICD_BASE	0x08000000
#define GICR_BASE	0x080a0000
#define PPI_VTIMER	27

/* A guest sees 64 KiB of RAM at this IPA; its code runs at the same VA. */
#define GUEST_IPA	0x80000000
#define GUEST_RAM	0x10000
#define GUEST_STACK	(GUEST_IPA + 0x8000)
/* One page is mapped twice by the hypervisor's choice: here lives each guest's own word. */
#define PAGE_IPA	(GUEST_IPA + 0x8000)
#define PAGE_VA		0x100000000
/* Where the real memory of a guest is: nobody but the hypervisor knows. */
#define VM1_PA		0x40400000
#define VM2_PA		0x40600000

/* A device that does not exist: stage 2 maps nothing here, so each access comes to EL2. */
#define DEVICE_IPA	0x0a000000
#define DEVICE_OUT	0
#define DEVICE_IN	4

/* Hypercalls: the number is the immediate of the HVC instruction. */
#define HVC_PRINT	0	/* x0 = VA of a string */
#define HVC_VM_ID	1	/* returns x0 */
#define HVC_YIELD	2	/* run the other VM */
#define HVC_REPORT	3	/* x0 = VA, x1 = what the guest read there */
#define HVC_UNMAP	4	/* take the page away, without TLBI */
#define HVC_TLBI	5	/* now the TLBI */
#define HVC_DONE	6
#define HVC_PANIC	7	/* x0 = ESR_EL1, x1 = ELR_EL1 */

/* Offsets in struct vcpu, for start.S. */
#define VCPU_X		0
#define VCPU_PC		248
#define VCPU_PSTATE	256

#ifndef __ASSEMBLER__
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

#define EL1_REGS(R) \
	R(sp_el0) R(sp_el1) R(elr_el1) R(spsr_el1) R(esr_el1) R(far_el1) R(vbar_el1) R(sctlr_el1) \
	R(ttbr0_el1) R(ttbr1_el1) R(tcr_el1) R(mair_el1) R(cpacr_el1) \
	R(cntv_cval_el0) R(cntv_ctl_el0)
/* The virtual GIC CPU interface. Its pending interrupts are in the list registers. */
#define VGIC_REGS(R) \
	R(ich_vmcr_el2) R(ich_ap1r0_el2) R(ich_lr0_el2) R(ich_lr1_el2)

enum exit_kind { EXIT_HVC, EXIT_WFX, EXIT_DABT, EXIT_SYS, EXIT_IRQ, EXIT_KINDS };

struct vcpu {
	u64 x[31];
	u64 pc;
	u64 pstate;
	/* While the VM is not running, its EL1 registers stand here. */
#define FIELD(reg) u64 reg;
	EL1_REGS(FIELD)
	VGIC_REGS(FIELD)
#undef FIELD
	u64 vttbr;			/* VMID in 63:48, the stage-2 table's address below */
	u64 *s2_pages;			/* the level-3 table of IPA 0x80000000.. */
	u64 pa;				/* of the guest's RAM */
	u32 id;
	u32 waiting;			/* in WFI: has nothing to do before an interrupt */
	u32 done;
	u32 device_word;
	u64 exits[EXIT_KINDS];
};

#define read_sysreg(reg) ({ u64 v_; __asm__ volatile("mrs %0, " reg : "=r"(v_) : : "memory"); v_; })
#define write_sysreg(reg, val) \
	__asm__ volatile("msr " reg ", %0" : : "r"((u64)(val)) : "memory")

/* start.S: runs the guest until something traps; 0 is a synchronous exception, 1 an interrupt. */
u64 enter_guest(struct vcpu *v);
void psci_system_off(void) __attribute__((noreturn));
/* hyp.c; the first two are called by start.S */
void hyp_main(void) __attribute__((noreturn));
void hyp_panic(u64 esr, u64 elr, u64 far) __attribute__((noreturn));
void hyp_unmap_page(struct vcpu *v);
void hyp_invalidate_page(struct vcpu *v);
void hyp_map_fresh_page(struct vcpu *v);
/* exits.c: handles one trap; true when it is the other VM's turn */
int handle_sync(struct vcpu *v);
void handle_irq(struct vcpu *v);
void print_exit_table(const struct vcpu *vm1, const struct vcpu *vm2);
/* print.c: %s, %u, %x (no prefix), %w (8 hex digits), %5u, %-9s */
void print(const char *fmt, ...);
/* guest.c, called by guest_start.S */
void guest_main(void);
void guest_irq(void);
#endif
#endif
