/*
 * Counting contexts: one per (VM, EL) of a PE. Counters live in the current context, so a switch changes one pointer. A VM is
 * VTTBR_EL2.BADDR seen at an ERET to EL1/EL0 with stage 2 on; VM 0 is everything else (host, bare machine). VMs have the same number
 * on all PEs, in order of first sight. Those after the first CONTEXT_MAX_VMS are counted together: a guest could invent any number.
 */
#ifndef CPU_CONTEXT_H
#define CPU_CONTEXT_H

#include "cpu/cpu.h"
#include "cpu/timing.h"

#define CPU_STATS(STAT) \
	STAT(insns,       "instruction", "instructions completed") \
	STAT(cycles,      "cycle",       "cycles spent") \
	STAT(d_lookup,    "event",       "L1 data TLB lookups") \
	STAT(i_lookup,    "event",       "L1 instruction TLB lookups") \
	STAT(loads,       "instruction", "load instructions") \
	STAT(stores,      "instruction", "store instructions") \
	STAT(branches,    "instruction", "branch instructions") \
	STAT(erets_to_el0,     "event", "exception returns to EL0") \
	STAT(erets_to_el1,     "event", "exception returns to EL1") \
	STAT(erets_to_el2,     "event", "exception returns to EL2") \
	STAT(erets_to_el3,     "event", "exception returns to EL3") \
	STAT(erets_illegal,    "event", "illegal exception returns") \
	STAT(erets_unmatched,  "event", "exception returns that ended no exception which this PE had taken") \
	STAT(traps_unreturned, "event", "exceptions that were forgotten: one taken before them was returned from first, or 16 more were taken")

struct cpu_stats {
	CPU_STATS(STAT_FIELD)
};
extern const struct stat_row cpu_stat_rows[];
extern const size_t cpu_stat_rows_n;

/* Indices of cpu.cnt and of a block's class counts. */
enum { CNT_DLOOKUP, CNT_LOAD, CNT_STORE, CNT_BRANCH };

/* The number of all VMs together that came after CONTEXT_MAX_VMS, and what stands for their BADDR. */
enum { CONTEXT_MAX_VMS = 255, CONTEXT_VM_REST };
#define CONTEXT_BADDR_REST (~0ull)

struct context {
	struct context *next;
	u64 vm_baddr; /* VTTBR_EL2.BADDR, 0: none */
	u16 vm;       /* 1.. in order of first sight in the machine, 0: no VM */
	u16 vmid;     /* at this PE's first sight */
	u8 el;
	struct cpu_stats cpu;
	struct mmu_stats mmu;
	struct timing_stats timing;
	u64 exceptions[4][4][64]; /* taken from this context: [vector kind][target EL][EC] */
	struct durations *trap_cycles[4][EXIT_CLASSES]; /* of them, until the return (traps.h): [target EL][EXIT_CLASS]; NULL: none */
};

/* Makes the context of the current (VM, EL) current, creating it when new; drains the running counters first. */
void context_switch(struct cpu *c);
/*
 * The number of the VM with this BADDR among contexts, 0 when it is none of theirs; *seen becomes the largest number met, or stays.
 */
u16 context_vm(const struct context *contexts, u64 baddr, u16 *seen);
/* An empty context, or NULL. */
struct context *context_new(void);
/* Folds budget and class counts into the current context. */
void context_drain(struct cpu *c);
/* All that was counted by context, exits too. */
void context_free(struct cpu *c);

#endif
