/*
 * All counters of a machine, visited one by one in a fixed order: what every report is made from. A counter's place is its group
 * or its context; nothing here depends on the host.
 */
#ifndef MACHINE_STATS_H
#define MACHINE_STATS_H

#include "cpu/context.h"

struct machine;

/* Sums over all contexts of all PEs. */
struct stats_total {
	struct cpu_stats cpu;
	struct mmu_stats mmu;
	struct timing_stats timing; /* with --timing */
	struct mmu_details tlb;
};
void stats_sum(struct machine *m, struct stats_total *t);

struct stat_sample {
	const char *group;   /* "total", "gic", "virtio.NAME"...; NULL: counted in a context */
	int pe, el, vm;      /* of a context, else -1 (a PE has neither EL nor VM); vm 0: none, 256: all after the 255th */
	int vmid;            /* the VM's first on this PE, -1: none; all of a VM on a PE has neither EL nor VMID */
	const char *name;    /* "insns", "exceptions.HVC64.to_el2" */
	const char *unit, *help;
	u64 value;
	bool state; /* what is now, or an extreme: the difference of two such values is nothing */
};

/* Drains the running counters and visits every row: totals, the interrupt controller, devices, then contexts by PE and EL. */
void stats_visit(struct machine *m, void (*visit)(void *ctx, const struct stat_sample *s), void *ctx);
/* The sample's full name, its parts between dots: "pe0.el1.vm1.vmid1.insns". */
void stats_full_name(const struct stat_sample *s, char *name, size_t size);

#endif
