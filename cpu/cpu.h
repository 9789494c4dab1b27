/*
 * One processing element (PE). The struct is open to cpu/, gic/ and timer/ (system-register functions read it) and to machine/;
 * devices never see it.
 *
 * General registers: x[0..30]; x[31] is the current SP, x[REG_ZERO] reads as zero, x[REG_SINK] takes results that go nowhere
 * (register 31 is resolved at decode). The banked SP_ELx are valid for the ELs that are not current: cpu_sp() knows.
 *
 * Flags: `nzcv` is kept as the x86 LAHF/SETO pair gives it (see FL_*), because an add or subtract then costs one store;
 * cpu_nzcv()/cpu_set_nzcv() convert to PSTATE's layout (bits 31:28).
 */
#ifndef CPU_CPU_H
#define CPU_CPU_H

#include "base/atomic.h"
#include "base/bits.h"
#include "base/wire.h"
#include "cpu/exits.h"
#include "cpu/features.h"
#include "cpu/fpu.h"
#include "cpu/pmu.h"
#include "mmu/tlb.h"

struct log;
struct snap;
struct cpu;
struct uop;
struct block;
struct sysreg;
struct sysreg_map;
struct context;
struct timing;
struct timing_values;
struct cache_shared;
struct observer;
struct seen_regimes;
struct halt;

enum { REG_SP = 31, REG_ZERO = 32, REG_SINK = 33, REG_COUNT = 34 };

/*
 * The hint by which a guest marks a point of its run (docs/regions.md): the last of the NOP space (DDI0487 C6.2.126), so a NOP
 * wherever else the program runs.
 */
enum { CPU_HINT_MARKER = 127 };

/*
 * What entering a block adds to cpu.work: cycles left in bits 63:48, signed, and the class counts of instructions (CNT_*) in four lanes
 * of 12 bits. So one addition charges the block, counts it and tells whether the budget lasts. No lane overflows between two drains: an
 * instruction counts once in one of them, and a chunk of a slice is short; with a timing model up to 16 instructions go in a cycle.
 */
enum { WORK_LANE = 12, WORK_CYCLES = 48, CPU_CHUNK = 3900, CPU_CHUNK_TIMED = CPU_CHUNK / 16, WORK_LEAST = -30000 };

/* Layout of cpu.nzcv: x86's AH<<8 | OF after the host operation; C is Arm's carry (not borrow). */
enum { FL_N = 1 << 15, FL_Z = 1 << 14, FL_C = 1 << 8, FL_V = 1 << 0 };

/* Input pins, levels in cpu.pins. VIRQ and VFIQ come from the GIC's virtual interface. */
enum cpu_pin { CPU_PIN_IRQ, CPU_PIN_FIQ, CPU_PIN_VIRQ, CPU_PIN_VFIQ, CPU_PIN_SERROR };

/* Why fast code was left. The fields of struct cpu_exit are filled by the slow path; run.c acts. */
enum exit_kind {
	EXIT_NONE,          /* look the next block up at cpu.pc */
	EXIT_SINGLE,        /* run this instruction again in a block of its own (device access, store into code) */
	EXIT_UNDEF,         /* Unknown reason */
	EXIT_SVC, EXIT_HVC, EXIT_SMC, EXIT_BRK, EXIT_HLT, /* imm in .iss */
	EXIT_TRAP,          /* .ec/.iss to .target: system register, WFx, FP... */
	EXIT_FP,            /* FP/SIMD access trapped at decode: .target */
	EXIT_DABT, EXIT_IABT, /* .fault, .far, .iss (ISV..AR, CM, WnR; DFSC is added from .fault) */
	EXIT_PC_ALIGN, EXIT_SP_ALIGN,
	EXIT_ILLEGAL,       /* PSTATE.IL */
	EXIT_STEP, EXIT_BREAKPOINT, EXIT_WATCHPOINT,
	EXIT_WAIT,          /* WFI or WFE: sleep; the instruction is complete */
	EXIT_ERET,          /* ERET: exception.c does the return */
	EXIT_MARKER,        /* HINT #CPU_HINT_MARKER: the instruction is complete; the host is told */
	EXIT_DONE,          /* the instruction is complete; look at attention before the next */
	EXIT_HALT,          /* a watchpoint of halt.h: the slice is over, this instruction runs again */
	EXIT_BOUNDARY,      /* observed code: the slice is over before this instruction */
};

struct cpu_exit {
	u8 kind;     /* enum exit_kind */
	u8 target;   /* EXIT_TRAP, EXIT_FP: target EL */
	u8 ec;       /* EXIT_TRAP: exception class */
	bool wfe;    /* EXIT_WAIT */
	u32 iss;
	u64 far;
	struct fault fault;
};

/* Pending asynchronous work, looked at between blocks. */
enum {
	ATTN_PINS = 1,     /* interrupt inputs or masks changed */
	ATTN_CONTEXT = 2,  /* cpu_update_context() must run: a control register changed */
	ATTN_STOP = 4,     /* leave cpu_run() */
	ATTN_HALT = 8,     /* the same before a pending interrupt is taken: who debugs the machine (halt.h) stops here */
	ATTN_STEP = 16,    /* until taken away: instructions run alone, halt.step is asked before each */
};

/* The access contexts of the fast data TLB. */
enum { MCTX_CUR, MCTX_UNPRIV, MCTX_COUNT };
struct mctx {
	u64 tag, hash; /* of the fast TLB; tag is FAST_NEVER when nothing may be fast (big-endian data, reference mode) */
};

/* System registers owned by cpu/; index [n] is ELn. Names as in the manual. */
struct sysregs {
	u64 sctlr[4], actlr[4], tcr[4], ttbr0[4], ttbr1[4], mair[4], amair[4];
	u64 vbar[4], elr[4], spsr[4], sp[4], esr[4], far[4], afsr0[4], afsr1[4];
	u64 tpidr[4], tpidrro_el0, contextidr[4], rmr[4];
	u64 spsr_abt, spsr_und, spsr_irq, spsr_fiq, dacr32_el2, ifsr32_el2, fpexc32_el2, sder32_el3;
	u64 cpacr_el1, cptr_el2, cptr_el3;
	u64 hcr_el2, hstr_el2, hacr_el2, hpfar_el2, vttbr_el2, vtcr_el2, vpidr_el2, vmpidr_el2;
	u64 scr_el3, mdcr_el2, mdcr_el3;
	u64 par_el1, csselr_el1;
	u64 disr_el1, vdisr_el2, vsesr_el2, errselr_el1;
	u64 lorsa_el1, lorea_el1, lorn_el1, lorc_el1;
	u64 mdscr_el1, mdccint_el1, osdlr_el1, oslsr_el1, dbgprcr_el1, osdtrrx_el1, osdtrtx_el1, oseccr_el1, dbgclaim, dbgvcr32_el2;
	u64 dbgbvr[16], dbgbcr[16], dbgwvr[16], dbgwcr[16];
};

/* What the machine does for a PE. */
struct cpu_host {
	void *ctx;
	/* to every other PE in the Inner Shareable domain (all), after the local one was done */
	void (*tlbi)(void *ctx, struct cpu *from, const struct tlbi *op);
	void (*sev)(void *ctx, struct cpu *from);
	/* HVC or SMC that the board serves as firmware: true when it was the conduit (x0.. hold the result) */
	bool (*conduit)(void *ctx, struct cpu *c, bool smc);
	/* HLT #0xF000 with semihosting on: true when served */
	bool (*semihost)(void *ctx, struct cpu *c);
	/* HINT #CPU_HINT_MARKER was done, by c between two instructions; NULL: it is a NOP */
	void (*marker)(void *ctx, struct cpu *c);
	/* the page at p (host bytes) holds code from now on: every PE's fast_protect_page() */
	void (*code_page)(void *ctx, const u8 *host);
	/*
	 * --parallel alone, else NULL: the other PEs run on other threads. What is not this PE's own (GIC, timers, devices, other PEs) is
	 * touched between enter and leave only; they nest.
	 */
	void (*enter)(void *ctx, struct cpu *c);
	void (*leave)(void *ctx, struct cpu *c);
	/* c's pins or event register changed: true when another thread runs c, which was told to look; else c is the caller's to change */
	bool (*tell)(void *ctx, struct cpu *c);
	/* IC IALLU, IALLUIS (shared): cpu_code_recheck(), for others before the next DSB of c is done */
	void (*code_all)(void *ctx, struct cpu *c, bool shared);
	/* IC IVAU: nobody runs what was decoded from that line once the next DSB of c is done */
	void (*code_line)(void *ctx, struct cpu *c, pa line);
	/* with EL3 only: c entered or left EL3 or changed security state (the GIC chooses IRQ or FIQ by that); may be NULL */
	void (*world)(void *ctx, struct cpu *c);
	/* c left its sleep because of somebody else's action just now */
	void (*woken)(void *ctx, struct cpu *c);
	/* c has entered the vCPU of this VM (its number) with this VMPIDR_EL2; or left it. Both may be NULL */
	void (*vm_entered)(void *ctx, struct cpu *c, u16 vm, u64 vmpidr);
	void (*vm_left)(void *ctx, struct cpu *c);
	/* the machine's number of the VM with this VTTBR_EL2.BADDR: context_vm() over all PEs; NULL: each PE counts its own */
	u16 (*vm_number)(void *ctx, u64 baddr);
};

struct cpu {
	/* hot */
	u64 x[REG_COUNT];
	u64 nzcv;
	s64 work;               /* cpu_budget(), cpu_class_count(); what a block takes was already charged and counted */
	u64 page_va;            /* VA of the 4 KiB page that fast code runs in */
	const struct block *blk; /* current block, NULL outside fast code */
	const struct uop *u;    /* current uop: valid on slow paths only */
	struct mctx mctx[MCTX_COUNT];
	u64 ictx_tag, ictx_hash;
	s64 lookups;            /* data TLB lookups since the last drain beyond those of CNT_DLOOKUP (below 0: fewer) */
	u32 kinds[8] __attribute__((aligned(16))); /* the same by KIND_* */
	struct fpu fpu;
	u64 acc;                /* trampoline builds: the third argument of the next handler */
	void *excl_host;        /* exclusive monitor: host address, NULL when clear */
	u64 excl_size, excl_val[2];
	u64 pc;                 /* valid outside fast code */
	struct block *link_from; /* direct branch that was left because its link is not made yet */
	u32 link_slot;

	u8 bounce[64] __attribute__((aligned(16))); /* slow loads leave their bytes here */

	/* PSTATE besides nzcv */
	u8 el;
	bool spsel;
	u8 daif;                /* D=8 A=4 I=2 F=1 */
	bool pan, uao, ssbs, il, ss;

	/* derived by cpu_update_context() */
	u64 hcr_eff;            /* effective HCR_EL2 */
	u64 key;                /* block key */
	bool secure;            /* security state of the current EL */
	bool el2_on;            /* EL2 implemented and enabled in the current security state */
	bool be;                /* data accesses are big-endian */
	bool unpriv_el0;        /* LDTR and STTR act as EL0 (PSTATE.UAO, EL) */
	struct regime regime;   /* of the current EL */

	struct cpu_exit exit;
	u32 attn;
	bool run_single;        /* the next instruction runs in a block of its own */
	bool fetched;           /* it was looked up already, and the reference mode would count that again: EXIT_HALT */
	bool waiting, wait_wfe; /* asleep in WFI/WFE */
	bool powered;           /* off: PSCI has not started it */
	bool event_reg;         /* the event register of WFE/SEV: cpu_event_*() */
	bool parallel;          /* other PEs run on other threads: host atomics, barriers, code is dropped by IC instead of by stores */
	bool unsynced;          /* a DSB must stop the slice: another PE has not yet served maintenance that this one broadcast */
	u32 pins;               /* cpu_pins() */
	struct sysregs sys;

	/* time: see cpu_now() */
	u64 slice_ps;
	s64 slice_budget;       /* cycles of the slice; what is left of them: */
	s64 reserve;            /* beyond cpu_budget(), which is a chunk of CPU_CHUNK: then class counts are drained */
	s64 held;               /* and beyond them: cpu_hold() */
	u32 period_ps;
	u64 cycles;             /* up to the start of the slice */
	u64 stop_insns;         /* with a timing model: the slice ends when cpu_insns() is this, as time does not tell; 0: not */
	u64 lost_cycles;        /* of all: those that completed no instruction (synchronous exceptions, --timing: waiting; less those side by side) */
	u64 faulted;            /* instructions that took a synchronous exception instead of completing */

	struct context *context;       /* where counters go */
	struct context *contexts;      /* all of this PE */
	u32 n_asids;                   /* that have counts of their own in them */
	struct seen_regimes *seen;     /* seen.h; NULL: none yet */
	bool ran_user;                 /* EL0 has run since ASID or tables changed */
	struct exit_watch exits;       /* entries into VMs and exits from them */
	struct pmu pmu;

	struct cpu_core core;
	u32 index;
	u64 mpidr;
	struct bus *bus;
	struct mmu *mmu;
	struct log *log;
	const struct sysreg_map *sysregs;
	struct cpu_host host;
	void *gic, *timer;      /* the CPU interface and timer of this PE, for the owners' register functions */
	struct block_cache *blocks;
	u32 max_block;          /* longest block in instructions; 0: no limit beyond the page */
	u32 ctx_generation;
	u64 rvbar;              /* where reset starts */
	u32 step_iss;           /* ISS of the next Software Step exception: what was stepped */
	u64 drained_insns, drained_cycles; /* what context_drain() has counted already */
	struct observer *observers;        /* observe.h; NULL: nobody watches */
	const struct halt *halt;           /* halt.h; NULL: nobody stops it */
	struct timing *timing;             /* timing.h; NULL: an instruction takes a cycle */
	struct timing *timing_model;       /* the one that `timing` is while it is on; NULL: there is none */
	bool observed;                     /* KEY_OBSERVED: each instruction is told of */
	bool observe_again;                /* but the next was already */
	bool observed_asleep;              /* they were told that it sleeps */

	/* v0-v31: 256 bytes apart (SVE), the first 16 in use. Written only through vset*() of cpu/vreg.h */
	struct {
		u64 d[32];
	} v[32] __attribute__((aligned(64)));
	struct fast_tlb ifast, dfast;
};

struct cpu_config {
	u32 index;
	u64 mpidr;
	const struct cpu_core *core; /* as cpu_core_make() returned it */
	const struct tlb_config *tlb;
	u32 max_block;
	u32 pes;                /* of the machine: they share the memory set aside for blocks */
	const struct timing_values *timing; /* NULL: an instruction takes a cycle of 1 GHz */
	struct cache_shared *caches;        /* with timing: of all PEs; outlives them */
	u64 rvbar;
};

struct cpu *cpu_new(const struct cpu_config *cfg, struct bus *bus, const struct sysreg_map *map, struct log *log,
		    const struct cpu_host *host);
void cpu_free(struct cpu *c);
/* Cold reset into the highest implemented EL. powered stays as it is. */
void cpu_reset(struct cpu *c);
void cpu_snap(struct cpu *c, struct snap *s);

/*
 * Runs from `now` until `until` (picoseconds) or until attention ends the slice. Returns at an exact instruction; cpu_now() says when.
 */
void cpu_run(struct cpu *c, u64 now, u64 until);
/* Exact time of this PE, in picoseconds, also in the middle of an instruction's slow path. */
u64 cpu_now(const struct cpu *c);
u64 cpu_cycles(const struct cpu *c);
/* Of the virtual GIC interface, for c's watchers (cpu/observe.h), when there are any. */
void cpu_list_register_written(struct cpu *c, unsigned n, u64 v);
void cpu_maintenance_rose(struct cpu *c, u64 misr);
/* Address of the instruction on whose slow path c is, or of the one that it is about to fetch. */
u64 cpu_pc(const struct cpu *c);
u64 cpu_insns(const struct cpu *c);
/* Switches the timing model that the PE was made with on (as it is at the start) or off: an instruction then takes a cycle of its clock. */
void cpu_timing_on(struct cpu *c, bool on);
/* Ends the slice of a running PE after the current instruction; sets attn bits. */
void cpu_attention(struct cpu *c, u32 attn);
/* Cycles left in the chunk of the slice that runs. */
static inline s64 cpu_budget(const struct cpu *c)
{
	return c->work >> WORK_CYCLES;
}
/* Instructions of class k (CNT_*) since the last drain. */
static inline u32 cpu_class_count(const struct cpu *c, unsigned k)
{
	return (u32)(c->work >> k * WORK_LANE) & MASK(WORK_LANE - 1, 0);
}
/*
 * Time passes by these cycles (back by -1: instructions side by side) without an instruction that completes: what the machine did for c
 * (semihosting), what the timing model says. cpu_insns() is not affected.
 */
void cpu_spend(struct cpu *c, s64 cycles);
/* Shortens the slice of the running PE to `until` (an earlier event was scheduled). */
void cpu_limit(struct cpu *c, u64 until);
/* Lets the running PE stop at that cycle (cpu_cycles()), for pmu_sync() and pmu_resume(); then it goes on. The last call counts. */
void cpu_hold(struct cpu *c, u64 cycle);
struct wire cpu_wire(struct cpu *c, enum cpu_pin pin);
/* Bytes of that physical page were written where code was decoded: drop its blocks (from bus_on_code_written). */
void cpu_code_written(struct cpu *c, pa page);
/* --parallel: what was decoded is compared with memory before it runs again. */
void cpu_code_recheck(struct cpu *c);
/* An event for WFE arrived: a PE that sleeps in it wakes. */
void cpu_event(struct cpu *c);
/* A PE in WFI or WFE looks whether what woke up others meanwhile is there for it: true when it goes on. --parallel, by its own thread. */
bool cpu_wakes(struct cpu *c);

/* Recomputes hcr_eff, regime, key and contexts. Called after anything they depend on changed. */
void cpu_update_context(struct cpu *c);

/* The regime of that kind in a security state, whatever EL is current (AT, debugger, cpu_update_context()). */
void cpu_regime(const struct cpu *c, enum regime_kind kind, bool secure, struct regime *r);
/* The regime of an EL: REGIME_EL20 for EL0 under E2H and TGE, and so on. */
enum regime_kind cpu_regime_kind(const struct cpu *c, unsigned el);
/* SCTLR_ELx whose EL0 controls (UCT, DZE, SA0, ...) apply: SCTLR_EL2 under E2H and TGE. */
u64 cpu_el0_sctlr(const struct cpu *c);
/* EL that an FP or SIMD instruction traps to here, 0: none (CPACR_EL1, CPTR_EL2, CPTR_EL3). 1 becomes 2 under TGE on entry. */
unsigned cpu_fp_trap(const struct cpu *c);
/* EL that a WFI or WFE which would sleep traps to here, 0: none. */
unsigned cpu_wfx_trap(const struct cpu *c, bool wfe);
/* An address that is branched to, without its tag where TBI says so (DDI0487 D1.2 AArch64.BranchAddr). */
u64 cpu_branch_address(const struct cpu *c, u64 v);

/* Around everything that is not c's own; costs nothing but a branch while PEs take turns. */
static inline void cpu_enter(struct cpu *c)
{
	if (unlikely(c->host.enter != NULL))
		c->host.enter(c->host.ctx, c);
}
static inline void cpu_leave(struct cpu *c)
{
	if (unlikely(c->host.leave != NULL))
		c->host.leave(c->host.ctx, c);
}

/* Other threads set pins and the event register of a running PE. */
static inline u32 cpu_pins(const struct cpu *c)
{
	return atomic_peek(&c->pins);
}
static inline void cpu_event_set(struct cpu *c)
{
	atomic_poke(&c->event_reg, true);
}
/* Whether it was set; it is clear then. */
static inline bool cpu_event_take(struct cpu *c)
{
	/* a swap: loads after WFE see what was stored before the SEV that it consumes */
	return atomic_peek(&c->event_reg) && atomic_swap(&c->event_reg, false);
}

u32 cpu_nzcv(const struct cpu *c);          /* bits 31:28 */
void cpu_set_nzcv(struct cpu *c, u32 nzcv); /* bits 31:28 */
u64 cpu_spsr(const struct cpu *c);          /* PSTATE in SPSR layout */
/* SP_ELx as the manual sees it, wherever it lives now. */
u64 cpu_sp(const struct cpu *c, unsigned el);
void cpu_set_sp(struct cpu *c, unsigned el, u64 v);
void cpu_select_sp(struct cpu *c, unsigned el, bool spsel); /* writes EL and SPSel, swaps x[31] */

/* Security state of an EL under SCR_EL3.NS; EL2 enabled in it (no Secure EL2 here). */
static inline bool cpu_el_secure(const struct cpu *c, unsigned el)
{
	if (el == 3)
		return true;
	return (c->core.features & FEAT(EL3)) && !(c->sys.scr_el3 & 1);
}
static inline bool cpu_has(const struct cpu *c, u64 feature)
{
	return (c->core.features & feature) != 0;
}

#endif
