/*
 * The guest: the same bytes run in both VMs, at EL1. Compiled position-independent (no pointer
 * tables) and copied by hyp.c. It prints only by hypercall.
 */
#include "demo.h"

#define hvc(number, a, b) ({ \
	register u64 x0_ __asm__("x0") = (u64)(a); \
	register u64 x1_ __asm__("x1") = (u64)(b); \
	__asm__ volatile("hvc %1" : "+r"(x0_) : "i"(number), "r"(x1_) : "memory"); \
	x0_; })

static volatile u32 interrupts;

static void enable_interrupts(void)
{
	write_sysreg("icc_sre_el1", 1);
	__asm__ volatile("isb");
	write_sysreg("icc_pmr_el1", 0xff);
	write_sysreg("icc_igrpen1_el1", 1);
	__asm__ volatile("msr daifclr, #2; isb");
}

void guest_irq(void)
{
	u64 intid = read_sysreg("icc_iar1_el1");	/* really ICV_IAR1_EL1: no trap */

	if (intid == PPI_VTIMER) {
		write_sysreg("cntv_ctl_el0", 0);
		hvc(HVC_PRINT, "my virtual timer: INTID 27", 0);
	} else {
		hvc(HVC_PRINT, "an SGI that I sent to myself: INTID 5", 0);
	}
	write_sysreg("icc_eoir1_el1", intid);		/* ends PPI 27 itself too: HW=1 */
	interrupts++;
}

static void report_page(void)
{
	hvc(HVC_REPORT, PAGE_VA, *(volatile u64 *)PAGE_VA);
}

static void use_device(u64 id)
{
	volatile u32 *out = (volatile u32 *)(DEVICE_IPA + DEVICE_OUT);
	volatile u32 *in = (volatile u32 *)(DEVICE_IPA + DEVICE_IN);
	u64 answer;

	/* Written out so that the register numbers in the syndrome can be told beforehand. */
	__asm__ volatile("mov w5, %w1\n\tstr w5, [%2]\n\tldr w7, [%3]\n\tmov %0, x7"
			 : "=r"(answer) : "r"(id * 111), "r"(out), "r"(in) : "x5", "x7", "memory");
	if (answer != id * 111 + 1)
		hvc(HVC_PANIC, 0, answer);
}

static void wait_for(u32 count)
{
	while (interrupts < count)
		__asm__ volatile("wfi");
}

void guest_main(void)
{
	u64 id = hvc(HVC_VM_ID, 0, 0);

	hvc(HVC_PRINT, "hello from EL1: this machine is all mine", 0);
	hvc(HVC_YIELD, 0, 0);

	/* Both VMs have read the page now, and read it again: nothing was invalidated between. */
	report_page();
	hvc(HVC_YIELD, 0, 0);
	report_page();
	hvc(HVC_YIELD, 0, 0);

	use_device(id);
	hvc(HVC_YIELD, 0, 0);

	enable_interrupts();
	write_sysreg("cntv_tval_el0", read_sysreg("cntfrq_el0") / 50);		/* 20 ms */
	write_sysreg("cntv_ctl_el0", 1);
	wait_for(1);
	if (id == 2) {
		write_sysreg("icc_sgi1r_el1", 5ul << 24 | 1);
		wait_for(2);
	}

	report_page();
	if (id == 1) {
		hvc(HVC_UNMAP, 0, 0);
		report_page();
		hvc(HVC_TLBI, 0, 0);
		report_page();
		hvc(HVC_YIELD, 0, 0);
	}
	hvc(HVC_DONE, 0, 0);
}
