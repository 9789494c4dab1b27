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
	STAT(simd,        "instruction", "FP and SIMD instructions but loads and stores") \
	STAT(atomics,     "instruction", "atomic instructions (FEAT_LSE), which are among the loads, too") \
	STAT(load_exclusives,  "instruction", "load-exclusives, which are among the loads, too") \
	STAT(store_exclusives, "instruction", "store-exclusives, which are among the loads, too") \
	STAT(barriers,    "instruction", "barriers and CLREX") \
	STAT(system,      "instruction", "system instructions: registers, caches, TLBs (no hints)") \
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
/*
 * Indices of cpu.kinds, 0: none of these. They stand in few blocks, which begin with a uop of its own that counts them (exec_kinds): the
 * entry of all others costs nothing more.
 */
enum { KIND_NONE, KIND_SIMD, KIND_ATOMIC, KIND_LOAD_EXCL, KIND_STORE_EXCL, KIND_BARRIER, KIND_SYSTEM, KINDS };

/* The number of all VMs together that came after CONTEXT_MAX_VMS, and what stands for their BADDR. */
enum { CONTEXT_MAX_VMS = 255, CONTEXT_VM_REST };
#define CONTEXT_BADDR_REST (~0ull)

/*
 * What happened in a context under one VMID and ASID, of what is counted there. The context's own counters run on; when another ASID
 * becomes current, what they grew by since the last time goes to the one that was (context_asid()).
 */
struct asid_stats {
	u64 i_lookup, d_lookup;
	struct mmu_stats mmu;
};
/* In place of an ASID: stage 1 is off or has none; all after the first CONTEXT_ASIDS of a context, or CONTEXT_PE_ASIDS of a PE. */
enum { ASID_NONE = 0x10000, ASID_REST, CONTEXT_ASIDS = 256, CONTEXT_PE_ASIDS = 4096 };
struct asid_counts {
	struct asid_counts *next; /* in its chain */
	u32 vmid, asid;           /* vmid 0 outside any VM */
	struct asid_stats st;
};

struct context {
	struct context *next;
	u64 vm_baddr; /* VTTBR_EL2.BADDR, 0: none */
	u16 vm;       /* 1.. in order of first sight in the machine, 0: no VM */
	u16 vmid;     /* at this PE's first sight */
	u8 el;
	struct cpu_stats cpu;
	struct mmu_stats mmu;
	struct timing_stats timing;
	struct mmu_details tlb;
	struct asid_counts *asids[64]; /* by hash */
	u32 n_asids;
	struct asid_counts rest;       /* no memory */
	struct asid_counts *asid;      /* current, or was when the context was left */
	struct asid_stats counted;     /* of the counters above: what has gone to some ASID */
	u64 exceptions[4][4][64]; /* taken from this context: [vector kind][target EL][EC] */
	struct durations *trap_cycles[4][EXIT_CLASSES]; /* of them, until the return (traps.h): [target EL][EXIT_CLASS]; NULL: none */
};

/* Makes the context of the current (VM, EL) current, creating it when new; drains the running counters first. */
void context_switch(struct cpu *c);
/* Counts in x from now on, whatever PE and VM it is of: after loading. */
void context_count(struct cpu *c, struct context *x);
/*
 * The number of the VM with this BADDR among contexts, 0 when it is none of theirs; *seen becomes the largest number met, or stays.
 */
u16 context_vm(const struct context *contexts, u64 baddr, u16 *seen);
/* An empty context, or NULL. */
struct context *context_new(void);
/* Folds budget and class counts into the current context. */
void context_drain(struct cpu *c);
/* The ASID or VMID of the current regime may be another. */
void context_asid(struct cpu *c);
/*
 * All of a (drained) context by ASID and VMID, sorted, then what found no memory, as ASID_REST; the caller frees. *n of them; NULL
 * without memory.
 */
struct asid_counts *context_asids(struct context *x, u32 *n);
/* Forgets what the reference mode alone counts. */
void context_no_model(struct context *x);
/* An instruction was fetched (or could not be) that does not complete: its lookup. */
static inline void context_fetched(struct cpu *c)
{
	if (c->context && (c->regime.s1 || c->regime.s2))
		c->context->cpu.i_lookup++;
}
void context_snap_asids(struct cpu *c, struct context *x, struct snap *s);
/* All that was counted by context, exits too. */
void context_free(struct cpu *c);

#endif
