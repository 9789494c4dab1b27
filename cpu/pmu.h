/*
 * The Performance Monitors (PMUv3, DDI0487 D11 and D12) of one PE: the cycle counter, PMCR_EL0.N event counters, their filters by
 * exception level and security state, their partition by MDCR_EL2.HPMN, the overflow interrupt.
 *
 * Nothing is counted for the PMU alone that costs: a counter adds up how far the running count of its event (pmu_events.c) has come
 * since it was brought up to date, so every read is exact to the instruction. It is brought up to date when what decides whether
 * it counts changes (context switch, register write), and before it overflows with its interrupt enabled: cycles and instructions at
 * the very instruction, other events at most PMU_LATE cycles later, both wherever slices and blocks end. While no counter is
 * enabled all this is one branch in a context switch and at the ends of a slice.
 *
 * Not here: external and memory-mapped access, multithreading (MT), export (PMCR_EL0.X is kept, nothing is exported), snapshots.
 */
#ifndef CPU_PMU_H
#define CPU_PMU_H

#include "base/stat.h"
#include "base/wire.h"

struct cpu;
struct snap;

enum { PMU_MAX = 31, PMU_CYCLES = 31, PMU_COUNTERS = 32, PMU_LATE = 256 };

#define PMU_STATS(STAT) \
	STAT(overflows,  "event", "overflow bits of PMU counters that were set by counting") \
	STAT(interrupts, "event", "times that the PMU raised its interrupt")

struct pmu_stats {
	PMU_STATS(STAT_FIELD)
};
extern const struct stat_row pmu_stat_rows[];
extern const size_t pmu_stat_rows_n;

/* Counters by number; 31 is the cycle counter. Values are as of `since`, where each counter's event then stood. */
struct pmu_counters {
	u64 value[PMU_COUNTERS], since[PMU_COUNTERS];
	u32 overflowed; /* PMOVSSET_EL0 */
	u32 rest;       /* PMCR_EL0.D: cycles of the tick that is not complete */
};

struct pmu_event;
struct pmu {
	bool on;       /* some counter is enabled, though perhaps not here and now */
	bool line;     /* level of the interrupt */
	u32 active;    /* the counters that count here and now */
	u64 check;     /* cycle at which an interrupt may be due, PMU_NEVER; the same in instructions, where one is not a cycle */
	u64 check_insns;
	u64 pmcr, cnten, inten, selr, userenr;
	u64 type[PMU_COUNTERS]; /* PMEVTYPER<n>_EL0; 31: PMCCFILTR_EL0 */
	const struct pmu_event *event[PMU_MAX]; /* NULL: nothing that this PE counts */
	struct pmu_counters c;
	u64 exceptions, returns, ttbr_writes, context_writes; /* running counts that nobody else keeps */
	struct pmu_stats stats;
	struct wire irq;
};
#define PMU_NEVER (~0ull)

/*
 * An event, by its number, and where its running count is: count(c, at), which only grows. A count may jump back when the context
 * (cpu/context.h) changes, as counters are brought up to date before and after.
 */
struct pmu_event {
	u16 number;
	const char *name;
	u64 (*count)(const struct cpu *c, size_t at);
	size_t at;
	u8 flags;
};
enum {
	PMU_CYCLE = 1, /* one a cycle, one an instruction: overflow is seen at the very one, of others a little later */
	PMU_INSN = 2,
	PMU_CHAIN = 4, /* counts overflows of the counter below */
	PMU_TIMED = 8, /* only a timing model knows */
};
extern const struct pmu_event pmu_events[];
extern const size_t pmu_events_n;
/* The event, if this core has it and this run can count it, else NULL. */
const struct pmu_event *pmu_event_find(const struct cpu *c, u32 number);
/* The bits of PMEVTYPER<n>_EL0 that say which. */
u64 pmu_event_mask(const struct cpu *c);
/* PMCEID0_EL0, PMCEID1_EL0: which = 0, 1. */
u64 pmu_event_ids(const struct cpu *c, unsigned which);

/*
 * Brings the counters up to date: before anything changes that decides whether they count. pmu_resume() after it: what counts now,
 * the interrupt, when to look next.
 */
void pmu_sync(struct cpu *c);
void pmu_resume(struct cpu *c);
/* What the counters hold at this instruction, and the overflow bits; changes nothing. */
struct pmu_counters pmu_peek(const struct cpu *c);
/* Event counters, PMCR_EL0.N; those that the current EL may access (MDCR_EL2.HPMN), as a mask with the cycle counter. */
unsigned pmu_count(const struct cpu *c);
u32 pmu_accessible(const struct cpu *c);
/* PMSWINC_EL0: counter n counts one if it counts SW_INCR, here and now. */
void pmu_software_increment(struct cpu *c, unsigned n);
void pmu_reset(struct cpu *c);
/* Loading: pmu_snap() while pmu.on is false, pmu_loaded() when all else of the PE is there. */
void pmu_snap(struct cpu *c, struct snap *s);
void pmu_loaded(struct cpu *c);

/* Fields of its registers. */
enum {
	PMCR_E = 1, PMCR_P = 2, PMCR_C = 4, PMCR_D = 8, PMCR_X = 16, PMCR_DP = 32, PMCR_LC = 64, PMCR_LP = 128,
	PMUSER_EN = 1, PMUSER_SW = 2, PMUSER_CR = 4, PMUSER_ER = 8,
};
/* MDCR_EL2 and MDCR_EL3 */
enum {
	MDCR_HPMN = 31, MDCR_TPMCR = 1 << 5, MDCR_TPM = 1 << 6, MDCR_HPME = 1 << 7, MDCR_HPMD = 1 << 17, MDCR_HCCD = 1 << 23,
	MDCR_HLP = 1 << 26, MDCR_SPME = 1 << 17, MDCR_SCCD = 1 << 23,
};
#define PMTYPE_P   (1ull << 31)
#define PMTYPE_U   (1ull << 30)
#define PMTYPE_NSK (1ull << 29)
#define PMTYPE_NSU (1ull << 28)
#define PMTYPE_NSH (1ull << 27)
#define PMTYPE_M   (1ull << 26)

#endif
