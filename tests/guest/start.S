/*
 * Entry, vectors of all three ELs, and guest_run().
 *
 * An exception taken at ELk is recorded, the CPU's handler (if any) decides, and unless it resumes
 * the run is over: control goes back to the EL whose guest_run() started it, down by ERET or up by
 * HVC or SMC. The instructions used for this stand between `gate` and `gate_end`; an exception from
 * there is plumbing and not recorded.
 */
#include "guest_asm.h"

	.arch armv8.2-a

	/* \cpu = this CPU's struct guest_cpu, at any EL but 0 */
	.macro	this_cpu cpu, tmp
	mrs	\tmp, CurrentEL
	cmp	\tmp, #8
	b.eq	2f
	b.hi	3f
	mrs	\cpu, tpidr_el1
	b	4f
2:	mrs	\cpu, tpidr_el2
	b	4f
3:	mrs	\cpu, tpidr_el3
4:
	.endm

	/* msr \reg\()_ELx, \value of the current EL */
	.macro	msr_this_el reg, value, tmp
	mrs	\tmp, CurrentEL
	cmp	\tmp, #8
	b.eq	2f
	b.hi	3f
	msr	\reg\()_el1, \value
	b	4f
2:	msr	\reg\()_el2, \value
	b	4f
3:	msr	\reg\()_el3, \value
4:
	.endm

	/* mrs \value, \reg\()_ELx of the current EL */
	.macro	mrs_this_el value, reg, tmp
	mrs	\tmp, CurrentEL
	cmp	\tmp, #8
	b.eq	2f
	b.hi	3f
	mrs	\value, \reg\()_el1
	b	4f
2:	mrs	\value, \reg\()_el2
	b	4f
3:	mrs	\value, \reg\()_el3
4:
	.endm

	.section .text.start, "ax"
	.global	_start
_start:
	mrs	x1, mpidr_el1
	and	x0, x1, #0xff
	ubfx	x1, x1, #8, #8
	add	x0, x0, x1, lsl #4      /* CPU number: Aff1 steps every 16 CPUs */
	cbnz	x0, park
	adrp	x1, guest_entry
	add	x1, x1, :lo12:guest_entry
	mrs	x2, CurrentEL
	mrs	x3, daif
	stp	x2, x3, [x1]
	mrs	x2, spsel
	mrs_this_el x3, sctlr, x4
	stp	x2, x3, [x1, #16]
	adrp	x1, guest_bss_start
	adrp	x2, guest_bss_end
1:	stp	xzr, xzr, [x1], #16
	cmp	x1, x2
	b.lo	1b
	bl	setup_cpu
	bl	guest_main
1:	b	1b

	/* Boards without PSCI start every CPU here: wait for guest_release[cpu]. */
park:	adrp	x1, guest_release
	add	x1, x1, :lo12:guest_release
1:	wfe
	ldr	x2, [x1, x0, lsl #3]
	cbz	x2, 1b
	b	2f

	/* CPU_ON comes here, x0 = CPU number */
	.global	guest_secondary
guest_secondary:
2:	bl	setup_cpu
	bl	guest_secondary_main
1:	wfi
	b	1b

	/* x0 = CPU number: stack, TPIDR_ELx and VBAR_ELx of all ELs we may write */
setup_cpu:
	adrp	x1, guest_cpus
	add	x1, x1, :lo12:guest_cpus
	mov	x2, #CPU_SIZE
	madd	x1, x0, x2, x1
	adrp	x2, guest_stacks
	add	x2, x2, :lo12:guest_stacks
	mov	x3, #(8 * GUEST_STACK)
	madd	x2, x0, x3, x2
	add	x4, x1, #CPU_STACK
	mov	x5, #8                  /* stack[4] and exc_stack[4] */
1:	add	x2, x2, #GUEST_STACK
	str	x2, [x4], #8
	subs	x5, x5, #1
	b.ne	1b
	mrs	x2, CurrentEL
	lsr	x2, x2, #2
	cmp	x2, #2
	b.lo	5f
	b.eq	4f
	msr	tpidr_el3, x1
	adrp	x3, vectors_el3
	add	x3, x3, :lo12:vectors_el3
	msr	vbar_el3, x3
	mrs	x4, id_aa64pfr0_el1
	tst	x4, #0xf00
	b.eq	5f                      /* EL3 without EL2 */
4:	msr	tpidr_el2, x1
	adrp	x3, vectors_el2
	add	x3, x3, :lo12:vectors_el2
	msr	vbar_el2, x3
5:	msr	tpidr_el1, x1
	adrp	x3, vectors_el1
	add	x3, x3, :lo12:vectors_el1
	msr	vbar_el1, x3
	isb
	add	x1, x1, #CPU_STACK
	ldr	x1, [x1, x2, lsl #3]
	msr	spsel, #1
	mov	sp, x1
	ret

	.text
	/*
	 * u64 guest_run(u64 spsr, const void *fn, u64 a0, u64 a1, u64 a2, u64 a3)
	 * The frame: 0 outer home, 8 SPSR to come home with, 16 EL, 32.. callee-saved registers.
	 */
	.global	guest_run
guest_run:
	sub	sp, sp, #128
	stp	x19, x20, [sp, #32]
	stp	x21, x22, [sp, #48]
	stp	x23, x24, [sp, #64]
	stp	x25, x26, [sp, #80]
	stp	x27, x28, [sp, #96]
	stp	x29, x30, [sp, #112]
	this_cpu x9, x10
	ldr	x11, [x9, #CPU_HOME]
	mrs	x10, CurrentEL
	mrs	x12, daif
	orr	x12, x12, x10
	orr	x12, x12, #1
	lsr	x10, x10, #2
	stp	x11, x12, [sp]
	str	x10, [sp, #16]
	mov	x11, sp
	str	x11, [x9, #CPU_HOME]
	str	xzr, [x9, #CPU_N_EXC]
	/* the stacks of the ELs below this one */
	ldr	x11, [x9, #CPU_STACK]
	msr	sp_el0, x11
	cmp	x10, #1
	b.eq	1f
	ldr	x11, [x9, #CPU_STACK + 8]
	msr	sp_el1, x11
	cmp	x10, #2
	b.eq	1f
	and	x11, x0, #0xc
	cmp	x11, #8
	b.ne	1f
	ldr	x11, [x9, #CPU_STACK + 16]
	msr	sp_el2, x11
1:	msr_this_el spsr, x0, x11
	msr_this_el elr, x1, x11
	mov	x0, x2
	mov	x1, x3
	mov	x2, x4
	mov	x3, x5
	adr	x30, gate
	dsb	sy
	isb
	eret

	/* Reached by ERET at the home EL with x0 = cpu. */
come_home:
	ldr	x1, [x0, #CPU_HOME]
	mov	sp, x1
	ldr	x2, [sp]
	str	x2, [x0, #CPU_HOME]
	ldr	x0, [x0, #CPU_RET]
	ldp	x19, x20, [sp, #32]
	ldp	x21, x22, [sp, #48]
	ldp	x23, x24, [sp, #64]
	ldp	x25, x26, [sp, #80]
	ldp	x27, x28, [sp, #96]
	ldp	x29, x30, [sp, #112]
	add	sp, sp, #128
	ret

gate:	svc	#0xffff                 /* a function that was run has returned */
	b	gate
raise:	hvc	#0xffff                 /* EL1 or EL2 wants a higher EL: one of these will do, */
	nop                             /* (HVC at EL2 returns here, an undefined one above) */
	smc	#0xffff                 /* whatever the test has disabled, */
	mrs	x1, cpacr_el1           /* if it at least traps CPACR_EL1 */
	b	raise
gate_end:

	/*
	 * Vector: x0 waits in TPIDRRO_EL0, x1-x4 in the CPU's scratch. Memory is not used before
	 * TPIDR_ELx is read, nor SP at all, which may be anything.
	 */
	.macro	vector_entry el, offset
	.balign	0x80
	msr	tpidrro_el0, x0
	mrs	x0, tpidr_el\el
	stp	x1, x2, [x0, #CPU_SCRATCH]
	mov	x1, #\offset
	b	exception_el\el
	.endm

	.macro	vectors el
	.balign	0x800
vectors_el\el:
	.irp	offset, 0x000, 0x080, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380, \
		0x400, 0x480, 0x500, 0x580, 0x600, 0x680, 0x700, 0x780
	vector_entry \el, \offset
	.endr

exception_el\el:
	stp	x3, x4, [x0, #CPU_SCRATCH + 16]
	mrs	x2, elr_el\el
	adr	x3, gate
	sub	x3, x2, x3
	cmp	x3, #(gate_end - gate)
	b.ls	plumbing_el\el
	/* x3 = the record */
	ldr	x3, [x0, #CPU_N_EXC]
	add	x4, x3, #1
	str	x4, [x0, #CPU_N_EXC]
	mov	x4, #(GUEST_EXCS - 1)
	cmp	x3, x4
	csel	x3, x3, x4, lo
	mov	x4, #EXC_SIZE
	madd	x3, x3, x4, x0
	add	x3, x3, #CPU_EXC
	mov	x4, #\el
	stp	x4, x1, [x3, #EXC_EL]
	mrs	x4, esr_el\el
	stp	x4, x2, [x3, #EXC_ESR]
	mrs	x4, spsr_el\el
	mrs	x2, far_el\el
	stp	x4, x2, [x3, #EXC_SPSR]
	.if	\el == 2
	mrs	x4, hpfar_el2
	.else
	mov	x4, #0
	.endif
	mov	x2, sp
	stp	x4, x2, [x3, #EXC_HPFAR]
	mrs	x1, tpidrro_el0
	ldp	x2, x4, [x0, #CPU_SCRATCH]
	stp	x1, x2, [x3, #EXC_X]
	ldr	x2, [x0, #CPU_SCRATCH + 16]
	stp	x4, x2, [x3, #EXC_X + 16]
	ldr	x4, [x0, #CPU_SCRATCH + 24]
	stp	x4, x5, [x3, #EXC_X + 32]
	stp	x6, x7, [x3, #EXC_X + 48]
	stp	x8, x9, [x3, #EXC_X + 64]
	stp	x10, x11, [x3, #EXC_X + 80]
	stp	x12, x13, [x3, #EXC_X + 96]
	stp	x14, x15, [x3, #EXC_X + 112]
	stp	x16, x17, [x3, #EXC_X + 128]
	stp	x18, x19, [x3, #EXC_X + 144]
	stp	x20, x21, [x3, #EXC_X + 160]
	stp	x22, x23, [x3, #EXC_X + 176]
	stp	x24, x25, [x3, #EXC_X + 192]
	stp	x26, x27, [x3, #EXC_X + 208]
	stp	x28, x29, [x3, #EXC_X + 224]
	str	x30, [x3, #EXC_X + 240]
	ldr	x4, [x0, #CPU_HANDLER]
	cbz	x4, home_el\el
	ldr	x1, [x0, #CPU_EXC_STACK + 8 * \el]
	mov	sp, x1
	mov	x19, x0
	mov	x20, x3
	mov	x0, x3
	blr	x4
	mov	x3, x0
	mov	x0, x19
	cbz	x3, home_el\el
	ldp	x1, x2, [x20, #EXC_ESR]
	ldr	x3, [x20, #EXC_SPSR]
	msr	elr_el\el, x2
	msr	spsr_el\el, x3
	b	resume

plumbing_el\el:
	adr	x3, raise
	cmp	x2, x3
	b.hs	1f
	mrs	x3, tpidrro_el0         /* the gate: x0 is what the function returned */
	str	x3, [x0, #CPU_RET]
	b	home_el\el
1:	mrs	x3, spsr_el\el          /* from raise: did it come here from a lower EL? */
	ubfx	x3, x3, #2, #2
	cmp	x3, #\el
	b.ne	home_el\el
	add	x2, x2, #4              /* no, it was undefined: try the next instruction */
	msr	elr_el\el, x2
	eret

home_el\el:
	ldr	x1, [x0, #CPU_HOME]
	ldp	x2, x3, [x1, #8]
	cmp	x3, #\el
	b.hi	raise
	msr	spsr_el\el, x2
	adr	x2, come_home
	msr	elr_el\el, x2
	eret
	.endm

	vectors	1
	vectors	2
	vectors	3

	/* x20 = the record; ELR and SPSR are set */
resume:	ldr	x0, [x20, #EXC_HPFAR + 8]
	mov	sp, x0
	mov	x0, x20
	ldp	x2, x3, [x0, #EXC_X + 16]
	ldp	x4, x5, [x0, #EXC_X + 32]
	ldp	x6, x7, [x0, #EXC_X + 48]
	ldp	x8, x9, [x0, #EXC_X + 64]
	ldp	x10, x11, [x0, #EXC_X + 80]
	ldp	x12, x13, [x0, #EXC_X + 96]
	ldp	x14, x15, [x0, #EXC_X + 112]
	ldp	x16, x17, [x0, #EXC_X + 128]
	ldp	x18, x19, [x0, #EXC_X + 144]
	ldp	x20, x21, [x0, #EXC_X + 160]
	ldp	x22, x23, [x0, #EXC_X + 176]
	ldp	x24, x25, [x0, #EXC_X + 192]
	ldp	x26, x27, [x0, #EXC_X + 208]
	ldp	x28, x29, [x0, #EXC_X + 224]
	ldr	x30, [x0, #EXC_X + 240]
	ldp	x0, x1, [x0, #EXC_X]
	eret
