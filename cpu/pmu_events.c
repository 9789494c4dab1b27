/*
 * The events that a PMU counter may count, one row each: number and name of the manual (DDI0487 D12.11), and where the running
 * count is. A row is there because the model knows the count; a core has those of them that its silicon has (PMCEID<n>_EL0). No
 * speculation is modelled, so nothing is counted that is not executed.
 *
 * What counts as what: docs/pmu.md.
 */
#include "cpu/pmu.h"

#include "base/bits.h"
#include "cpu/context.h"
#include "cpu/exec.h"

static u64 count_cycles(const struct cpu *c, size_t at)
{
	return cpu_cycles(c);
}

static u64 count_insns(const struct cpu *c, size_t at)
{
	return cpu_insns(c);
}

/* Written by software, or by another counter. */
static u64 count_nothing(const struct cpu *c, size_t at)
{
	return 0;
}

/* A u64 of the current context, of the PE. */
static u64 count_context(const struct cpu *c, size_t at)
{
	return c->context ? *(const u64 *)((const char *)c->context + at) : 0;
}

static u64 count_pe(const struct cpu *c, size_t at)
{
	return *(const u64 *)((const char *)c + at);
}

/* Class counts of the current block's instructions from that of c->u on: charged, not done. */
static u64 not_done(const struct cpu *c, size_t k)
{
	const struct block *b = c->blk;
	u64 n = 0;

	if (!b)
		return 0;
	for (u32 i = 0; i < block_info(b)->n_uops; i++)
		n += block_info(b)->cold[i].nth >= block_cold(b, c->u)->nth ? block_info(b)->cold[i].cnt[k] : 0;
	return n;
}

static const size_t class_total[] = {
	[CNT_DLOOKUP] = offsetof(struct context, cpu.d_lookup),
	[CNT_LOAD] = offsetof(struct context, cpu.loads),
	[CNT_STORE] = offsetof(struct context, cpu.stores),
	[CNT_BRANCH] = offsetof(struct context, cpu.branches),
};

static u64 count_class(const struct cpu *c, size_t k)
{
	u64 more = k == CNT_DLOOKUP ? (u64)c->lookups : 0;

	return count_context(c, class_total[k]) + cpu_class_count(c, (unsigned)k) + more - not_done(c, k);
}

static u64 count_accesses(const struct cpu *c, size_t at)
{
	return count_class(c, CNT_LOAD) + count_class(c, CNT_STORE);
}

/* As context_drain() does. */
static u64 count_fetches(const struct cpu *c, size_t at)
{
	u64 running = c->regime.s1 || c->regime.s2 ? cpu_insns(c) - c->drained_insns : 0;

	return count_context(c, at) + running;
}

#define MMU(member) count_context, offsetof(struct context, mmu.member), 0
#define TIMED(member) count_context, offsetof(struct context, timing.member), PMU_TIMED
#define OWN(member) count_pe, offsetof(struct cpu, pmu.member), 0

const struct pmu_event pmu_events[] = {
	{ 0x00, "SW_INCR", count_nothing, 0, 0 },
	{ 0x01, "L1I_CACHE_REFILL", TIMED(cache.l1i_cache_refill) },
	{ 0x02, "L1I_TLB_REFILL", MMU(l1i_miss) },
	{ 0x03, "L1D_CACHE_REFILL", TIMED(cache.l1d_cache_refill) },
	{ 0x04, "L1D_CACHE", TIMED(cache.l1d_cache) },
	{ 0x05, "L1D_TLB_REFILL", MMU(l1d_miss) },
	{ 0x06, "LD_RETIRED", count_class, CNT_LOAD, 0 },
	{ 0x07, "ST_RETIRED", count_class, CNT_STORE, 0 },
	{ 0x08, "INST_RETIRED", count_insns, 0, PMU_INSN },
	{ 0x09, "EXC_TAKEN", OWN(exceptions) },
	{ 0x0a, "EXC_RETURN", OWN(returns) },
	{ 0x0b, "CID_WRITE_RETIRED", OWN(context_writes) },
	{ 0x10, "BR_MIS_PRED", TIMED(br_mis_pred) },
	{ 0x11, "CPU_CYCLES", count_cycles, 0, PMU_CYCLE },
	{ 0x12, "BR_PRED", TIMED(br_pred) },
	{ 0x13, "MEM_ACCESS", count_accesses, 0, 0 },
	{ 0x14, "L1I_CACHE", TIMED(cache.l1i_cache) },
	{ 0x15, "L1D_CACHE_WB", TIMED(cache.l1d_cache_wb) },
	{ 0x16, "L2D_CACHE", TIMED(cache.l2_cache) },
	{ 0x17, "L2D_CACHE_REFILL", TIMED(cache.l2_cache_refill) },
	{ 0x18, "L2D_CACHE_WB", TIMED(cache.l2_cache_wb) },
	{ 0x19, "BUS_ACCESS", TIMED(cache.bus_access) },
	{ 0x1c, "TTBR_WRITE_RETIRED", OWN(ttbr_writes) },
	{ 0x1e, "CHAIN", count_nothing, 0, PMU_CHAIN },
	{ 0x21, "BR_RETIRED", count_class, CNT_BRANCH, 0 },
	{ 0x22, "BR_MIS_PRED_RETIRED", TIMED(br_mis_pred) },
	{ 0x23, "STALL_FRONTEND", TIMED(stall_frontend) },
	{ 0x24, "STALL_BACKEND", TIMED(stall_backend) },
	{ 0x25, "L1D_TLB", count_class, CNT_DLOOKUP, 0 },
	{ 0x26, "L1I_TLB", count_fetches, offsetof(struct context, cpu.i_lookup), 0 },
	{ 0x2a, "L3D_CACHE_REFILL", TIMED(cache.l3_cache_refill) },
	{ 0x2b, "L3D_CACHE", TIMED(cache.l3_cache) },
	{ 0x2d, "L2D_TLB_REFILL", MMU(main_miss) },
	{ 0x2f, "L2D_TLB", MMU(main_lookup) },
	{ 0x34, "DTLB_WALK", MMU(d_walks) },
	{ 0x35, "ITLB_WALK", MMU(i_walks) },
};
const size_t pmu_events_n = ARRAY_SIZE(pmu_events);

/* Whether this core's silicon has it: what its PMCEID<n>_EL0 read. */
static bool core_has(const struct cpu *c, u32 number)
{
	return number < 64 && (c->core.id.pmceid[number / 32] >> number % 32 & 1);
}

const struct pmu_event *pmu_event_find(const struct cpu *c, u32 number)
{
	for (size_t i = 0; i < pmu_events_n; i++)
		if (pmu_events[i].number == number)
			return core_has(c, number) && (c->timing_model || !(pmu_events[i].flags & PMU_TIMED)) ? &pmu_events[i] : NULL;
	return NULL;
}

u64 pmu_event_mask(const struct cpu *c)
{
	return cpu_has(c, FEAT(PMUv3p1)) ? MASK(15, 0) : MASK(9, 0);
}

u64 pmu_event_ids(const struct cpu *c, unsigned which)
{
	u64 ids = 0;

	for (unsigned n = 0; n < 32; n++)
		ids |= (u64)(pmu_event_find(c, which * 32 + n) != NULL) << n;
	return ids;
}
