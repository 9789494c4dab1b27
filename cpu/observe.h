/*
 * Who watches a PE: traces and the debugger. They are told of exceptions taken and returned from, of changes of context (exception
 * level, VM, VMID, security state), of sleep and wake, of writes of system registers, and of the ends of slices. Watching changes nothing that the guest sees or that is counted.
 *
 * A PE has a list of watchers, empty when nothing watches: then each hook is one branch outside fast code, and handlers have none.
 * Under --parallel a PE's watchers are called by its own thread.
 */
#ifndef CPU_OBSERVE_H
#define CPU_OBSERVE_H

#include "cpu/cpu.h"

/* An exception that was taken. The PE is at its first instruction when it is told: cpu.pc is the vector, cpu.el the target. */
struct observed_trap {
	u8 vec;      /* enum vector_kind */
	bool virt;   /* a virtual interrupt or SError */
	u8 from, to; /* exception levels; they may be equal */
	u8 ec;       /* not of IRQ and FIQ */
	u32 iss, esr; /* esr 0 for IRQ and FIQ, which write none */
	u64 pc;      /* the instruction that took it; of interrupts the one that would have been next */
	u64 ret;     /* ELR_ELx */
	u64 spsr;    /* SPSR_ELx */
	bool far_valid, hpfar_valid;
	u64 far, hpfar; /* hpfar as in the register */
};

/* An instruction that is about to run. It may still fault, or be asked for again after that. */
struct observed_insn {
	u64 pc;
	u32 word;
};

/* A data access of it; one for each page and element of a device that it touches. Faulting ones are not told, atomics are stores. */
struct observed_access {
	u64 va, pa; /* pa with the address space in bits 63:62 */
	u16 size;
	bool write, zero; /* zero: DC ZVA */
	bool cacheable, device;
};

/* What a watcher wants to hear; a NULL member is not called. Time is cpu_now(), also for an instruction in the middle of a block. */
struct observer_ops {
	void (*trap)(void *ctx, struct cpu *c, const struct observed_trap *t);
	/* an ERET at pc from that EL is done; where to: cpu.el, cpu.pc */
	void (*eret)(void *ctx, struct cpu *c, unsigned from, u64 pc);
	/* cpu.el, cpu.secure, cpu.context or the VMID may be others now; before the trap or eret that did it is told */
	void (*context)(void *ctx, struct cpu *c);
	/* WFI or WFE (cpu.wait_wfe) sleeps, or, if not cpu.powered, the PE went off. wake: it is about to go on, or to run for the first time */
	void (*sleep)(void *ctx, struct cpu *c);
	void (*wake)(void *ctx, struct cpu *c);
	/* cpu_reset(), or another state of the machine was loaded: nothing goes on; a context was told before */
	void (*reset)(void *ctx, struct cpu *c);
	/* MSR (register) or a system instruction (TLBI, AT, DC, IC) at cpu_pc() wrote v to r, which is what E2H and the like lead to */
	void (*sysreg)(void *ctx, struct cpu *c, const struct sysreg *r, u64 v);
	/* list register n of c's virtual GIC interface was written: ICH_LR<n>_EL2 or GICH_LR; v is what it now holds */
	void (*list_register)(void *ctx, struct cpu *c, unsigned n, u64 v);
	/* its maintenance interrupt has become high; misr: ICH_MISR_EL2 */
	void (*maintenance)(void *ctx, struct cpu *c, u64 misr);
	/* cpu_run() is about to return: at least each virtual millisecond while the PE runs */
	void (*slice)(void *ctx, struct cpu *c);
	/* Each instruction, each access. Where one watcher has these, code runs several times slower. */
	void (*insn)(void *ctx, struct cpu *c, const struct observed_insn *i);
	void (*access)(void *ctx, struct cpu *c, const struct observed_access *a);
};

/* One watcher of one PE; owned by who watches. */
struct observer {
	const struct observer_ops *ops;
	void *ctx;
	struct observer *next;
};

/* Between two calls of cpu_run(), not under --parallel when it has insn or access. Watchers are called in the order in which they were added. */
void cpu_observe(struct cpu *c, struct observer *o);
void cpu_unobserve(struct cpu *c, struct observer *o);

/* cpu.observed anew, after what it depends on changed. */
void cpu_observe_code(struct cpu *c);

/* For exception.c, context.c, run.c and exec_sys.c, when cpu.observers is not NULL. */
void observe_trap(struct cpu *c, const struct observed_trap *t);
void observe_eret(struct cpu *c, unsigned from, u64 pc);
void observe_context(struct cpu *c);
void observe_reset(struct cpu *c);
void observe_sysreg(struct cpu *c, const struct sysreg *r, u64 v);
void observe_slice_begin(struct cpu *c);
void observe_slice_end(struct cpu *c);

#endif
