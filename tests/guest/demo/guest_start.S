/*
 * The start of a guest, copied to each VM's RAM. Position-independent: it is linked inside the
 * hypervisor's image but runs at IPA 0x80000000. A guest turns on its own stage 1 with ready-made
 * tables: the hypervisor never looks at them.
 */
#include "demo.h"

	.section .guest.start, "awx"
guest_image:
	adr	x0, level1
	msr	ttbr0_el1, x0
	mov	x0, #0x04ff			/* attribute 0 Normal write-back, 1 Device-nGnRE */
	msr	mair_el1, x0
	ldr	x0, =0x200803519		/* 39-bit VA, 4 KiB pages, 40-bit IPA, TTBR1 off */
	msr	tcr_el1, x0
	adr	x0, guest_vectors
	msr	vbar_el1, x0
	isb
	mrs	x0, sctlr_el1
	ldr	x1, =0x1005			/* M, C, I */
	orr	x0, x0, x1
	msr	sctlr_el1, x0
	isb
	ldr	x0, =GUEST_STACK
	mov	sp, x0
	bl	guest_main
1:	b	1b
	.ltorg

/* Only interrupts are expected; anything else is reported and ends the demo. */
	.balign	2048
guest_vectors:
	.rept	5
	.balign	128
	mrs	x0, esr_el1
	mrs	x1, elr_el1
	hvc	#HVC_PANIC
	.endr
	.balign	128
	stp	x29, x30, [sp, #-160]!		/* current EL, SP_EL1: IRQ */
	stp	x0, x1, [sp, #16]
	stp	x2, x3, [sp, #32]
	stp	x4, x5, [sp, #48]
	stp	x6, x7, [sp, #64]
	stp	x8, x9, [sp, #80]
	stp	x10, x11, [sp, #96]
	stp	x12, x13, [sp, #112]
	stp	x14, x15, [sp, #128]
	stp	x16, x17, [sp, #144]
	bl	guest_irq
	ldp	x0, x1, [sp, #16]
	ldp	x2, x3, [sp, #32]
	ldp	x4, x5, [sp, #48]
	ldp	x6, x7, [sp, #64]
	ldp	x8, x9, [sp, #80]
	ldp	x10, x11, [sp, #96]
	ldp	x12, x13, [sp, #112]
	ldp	x14, x15, [sp, #128]
	ldp	x16, x17, [sp, #144]
	ldp	x29, x30, [sp], #160
	eret
	.rept	10
	.balign	128
	mrs	x0, esr_el1
	mrs	x1, elr_el1
	hvc	#HVC_PANIC
	.endr

/* Stage 1. Descriptors hold IPAs, known only relative to the image's start. */
#define NORMAL	0x701				/* AF, inner shareable, attribute 0, block */
#define DEVICE	0x60000000000405		/* UXN, PXN, AF, attribute 1, block */
	.balign	4096
level1:	.quad	DEVICE				/* VA 0..1 GiB: devices */
	.quad	0
	.quad	GUEST_IPA + level2 - guest_image + 3
	.quad	0
	.quad	GUEST_IPA + page_l2 - guest_image + 3	/* VA 0x100000000 */
	.balign	4096
level2:	.quad	GUEST_IPA + NORMAL		/* VA 0x80000000: RAM as one 2 MiB block */
	.balign	4096
page_l2: .quad	GUEST_IPA + page_l3 - guest_image + 3
	.balign	4096
page_l3: .quad	PAGE_IPA + NORMAL + 2		/* VA 0x100000000 -> the page */
	.balign	4096
