/*
 * The hypervisor's assembly: entry, the exception vectors of EL2, and the world switch. Everything
 * else is in hyp.c.
 */
#include "demo.h"

	.section .text.start, "ax"
	.global _start
_start:
	mrs	x0, mpidr_el1			/* one CPU is enough: park the others */
	and	x0, x0, #0xff
	cbnz	x0, park
	adr	x0, stack_top
	mov	sp, x0
	adr	x0, __bss_start
	adr	x1, __bss_end
1:	str	xzr, [x0], #8
	cmp	x0, x1
	b.lo	1b
	mrs	x0, CurrentEL
	cmp	x0, #8
	b.ne	hyp_panic			/* prints that this needs EL2 */
	adr	x0, vectors
	msr	vbar_el2, x0
	bl	hyp_main
park:	wfi
	b	park

/* PSCI SYSTEM_OFF. On a board without EL3 firmware the machine itself answers the SMC. */
	.global psci_system_off
psci_system_off:
	ldr	w0, =0x84000008
	smc	#0
	b	park

/*
 * u64 enter_guest(struct vcpu *v): the world switch seen as a function call. It keeps the
 * hypervisor's callee-saved registers on the stack, loads the guest's, and ERETs. The next trap
 * lands in `vectors`, which undoes it and returns from here.
 */
	.global enter_guest
enter_guest:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	msr	tpidr_el2, x0			/* the trap handler finds the vcpu here */
	ldp	x1, x2, [x0, #VCPU_PC]
	msr	elr_el2, x1
	msr	spsr_el2, x2
	ldp	x2, x3, [x0, #VCPU_X + 16]
	ldp	x4, x5, [x0, #VCPU_X + 32]
	ldp	x6, x7, [x0, #VCPU_X + 48]
	ldp	x8, x9, [x0, #VCPU_X + 64]
	ldp	x10, x11, [x0, #VCPU_X + 80]
	ldp	x12, x13, [x0, #VCPU_X + 96]
	ldp	x14, x15, [x0, #VCPU_X + 112]
	ldp	x16, x17, [x0, #VCPU_X + 128]
	ldp	x18, x19, [x0, #VCPU_X + 144]
	ldp	x20, x21, [x0, #VCPU_X + 160]
	ldp	x22, x23, [x0, #VCPU_X + 176]
	ldp	x24, x25, [x0, #VCPU_X + 192]
	ldp	x26, x27, [x0, #VCPU_X + 208]
	ldp	x28, x29, [x0, #VCPU_X + 224]
	ldr	x30, [x0, #VCPU_X + 240]
	ldp	x0, x1, [x0, #VCPU_X]
	eret

	.macro	exit_guest reason
	stp	x0, x1, [sp, #-16]!
	mov	x1, #\reason
	b	guest_exit
	.endm

guest_exit:
	mrs	x0, tpidr_el2
	stp	x2, x3, [x0, #VCPU_X + 16]
	stp	x4, x5, [x0, #VCPU_X + 32]
	stp	x6, x7, [x0, #VCPU_X + 48]
	stp	x8, x9, [x0, #VCPU_X + 64]
	stp	x10, x11, [x0, #VCPU_X + 80]
	stp	x12, x13, [x0, #VCPU_X + 96]
	stp	x14, x15, [x0, #VCPU_X + 112]
	stp	x16, x17, [x0, #VCPU_X + 128]
	stp	x18, x19, [x0, #VCPU_X + 144]
	stp	x20, x21, [x0, #VCPU_X + 160]
	stp	x22, x23, [x0, #VCPU_X + 176]
	stp	x24, x25, [x0, #VCPU_X + 192]
	stp	x26, x27, [x0, #VCPU_X + 208]
	stp	x28, x29, [x0, #VCPU_X + 224]
	str	x30, [x0, #VCPU_X + 240]
	ldp	x2, x3, [sp], #16		/* the guest's x0, x1 */
	stp	x2, x3, [x0, #VCPU_X]
	mrs	x2, elr_el2
	mrs	x3, spsr_el2
	stp	x2, x3, [x0, #VCPU_PC]
	mov	x0, x1
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret

panic:	mrs	x0, esr_el2
	mrs	x1, elr_el2
	mrs	x2, far_el2
	b	hyp_panic

	.macro	vector target
	.balign	128
	b	\target
	.endm

	.balign	2048
vectors:
	.rept	8				/* from EL2 itself: a bug of ours */
	vector	panic
	.endr
	.balign	128
	exit_guest 0				/* from EL1, synchronous */
	.balign	128
	exit_guest 1				/* from EL1, IRQ */
	.rept	6				/* FIQ, SError, and guests in AArch32: none here */
	vector	panic
	.endr

	.bss
	.balign	16
	.skip	8192
stack_top:
