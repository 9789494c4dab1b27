/* See pmu.h: which counters count, how far they have come, overflow and its interrupt, reset and snapshot. */
#include "cpu/pmu.h"

#include <string.h>

#include "base/bits.h"
#include "base/snap.h"
#include "cpu/cpu.h"

const struct stat_row pmu_stat_rows[] = {
#define STAT(name, unit, help) STAT_ROW(pmu_stats, name, unit, help)
	PMU_STATS(STAT)
#undef STAT
};
const size_t pmu_stat_rows_n = ARRAY_SIZE(pmu_stat_rows);

/* ---- who counts ---- */

unsigned pmu_count(const struct cpu *c)
{
	return (unsigned)bits(c->core.id.pmcr_reset, 15, 11);
}

/* MDCR_EL2.HPMN: the first event counter that belongs to EL2. */
static unsigned hyp_first(const struct cpu *c)
{
	unsigned n = pmu_count(c), hpmn = (unsigned)(c->sys.mdcr_el2 & MDCR_HPMN);

	return cpu_has(c, FEAT(EL2)) && hpmn < n ? hpmn : n;
}

u32 pmu_accessible(const struct cpu *c)
{
	unsigned n = c->el < 2 && c->el2_on ? hyp_first(c) : pmu_count(c);

	return (u32)(BIT(PMU_CYCLES) | (BIT(n) - 1));
}

static bool enabled(const struct cpu *c, unsigned n)
{
	bool hyp = n != PMU_CYCLES && n >= hyp_first(c);

	return (hyp ? (c->sys.mdcr_el2 & MDCR_HPME) != 0 : (c->pmu.pmcr & PMCR_E) != 0) && (c->pmu.cnten >> n & 1);
}

/* PMEVTYPER<n>_EL0, PMCCFILTR_EL0: bits 31:26 (DDI0487 D19.5). The fields of absent levels are 0. */
static bool filtered(const struct cpu *c, u64 type)
{
	bool p = type & PMTYPE_P, u = type & PMTYPE_U;

	switch (c->el) {
	case 0:
		return c->secure ? u : u != !!(type & PMTYPE_NSU);
	case 1:
		return c->secure ? p : p != !!(type & PMTYPE_NSK);
	case 2:
		return !(type & PMTYPE_NSH);
	default:
		return p != !!(type & PMTYPE_M);
	}
}

/* DDI0487 D11.5, AArch64.CountPMUEvents. No external debugger authorises anything. */
static bool prohibited(const struct cpu *c, unsigned n)
{
	u64 mdcr2 = c->sys.mdcr_el2, mdcr3 = c->sys.mdcr_el3;
	bool no = c->secure && !(mdcr3 & MDCR_SPME);

	if (c->el == 2 && (mdcr2 & MDCR_HPMD) && (n == PMU_CYCLES || n < hyp_first(c)))
		no = true;
	if (n != PMU_CYCLES)
		return no;
	return (no && (c->pmu.pmcr & PMCR_DP)) || (c->secure && (mdcr3 & MDCR_SCCD)) || (c->el == 2 && (mdcr2 & MDCR_HCCD));
}

static u32 counting_here(const struct cpu *c)
{
	u32 mask = 0;

	for (u32 left = (u32)c->pmu.cnten; left; left &= left - 1) {
		unsigned n = ctz64(left);

		if (enabled(c, n) && !filtered(c, c->pmu.type[n]) && !prohibited(c, n) && (n == PMU_CYCLES || c->pmu.event[n]))
			mask |= 1u << n;
	}
	return mask;
}

/* ---- counting ---- */

static u64 running(const struct cpu *c, unsigned n)
{
	const struct pmu_event *e = c->pmu.event[n < PMU_MAX ? n : 0];

	return n == PMU_CYCLES ? cpu_cycles(c) : e->count(c, e->at);
}

static bool chains(const struct cpu *c, unsigned n)
{
	return n < PMU_MAX && c->pmu.event[n] && (c->pmu.event[n]->flags & PMU_CHAIN);
}

/* Where its overflow bit is set: bit 31 or 63 carries (PMCR_EL0.LC, LP, MDCR_EL2.HLP). */
static bool is_long(const struct cpu *c, unsigned n)
{
	if (n == PMU_CYCLES)
		return c->pmu.pmcr & PMCR_LC;
	return n < hyp_first(c) ? (c->pmu.pmcr & PMCR_LP) != 0 : (c->sys.mdcr_el2 & MDCR_HLP) != 0;
}

static void add(const struct cpu *c, struct pmu_counters *k, unsigned n, u64 delta)
{
	u64 old = k->value[n], carries;

	k->value[n] = old + delta;
	carries = is_long(c, n) ? k->value[n] < old : ((old & MASK(31, 0)) + delta) >> 32;
	if (n != PMU_CYCLES && !cpu_has(c, FEAT(PMUv3p5)))
		k->value[n] &= MASK(31, 0);
	if (!carries)
		return;
	k->overflowed |= 1u << n;
	if (!(n & 1) && (c->pmu.active >> (n + 1) & 1) && chains(c, n + 1))
		add(c, k, n + 1, carries);
}

/* PMCR_EL0.D: the cycle counter ticks every 64 cycles, unless it is 64 bits long. */
static bool divided(const struct cpu *c)
{
	return (c->pmu.pmcr & (PMCR_D | PMCR_LC)) == PMCR_D;
}

static void advance(const struct cpu *c, struct pmu_counters *k)
{
	for (u32 left = c->pmu.active; left; left &= left - 1) {
		unsigned n = ctz64(left);
		u64 now = running(c, n), delta = now - k->since[n];

		k->since[n] = now;
		if (n == PMU_CYCLES && divided(c)) {
			delta += k->rest;
			k->rest = (u32)(delta % 64);
			delta /= 64;
		}
		if (delta)
			add(c, k, n, delta);
	}
}

struct pmu_counters pmu_peek(const struct cpu *c)
{
	struct pmu_counters k = c->pmu.c;

	advance(c, &k);
	return k;
}

void pmu_software_increment(struct cpu *c, unsigned n)
{
	u32 before = c->pmu.c.overflowed;

	if (!(c->pmu.active >> n & 1) || c->pmu.event[n]->number != 0)
		return;
	add(c, &c->pmu.c, n, 1);
	c->pmu.stats.overflows += (u64)__builtin_popcount(c->pmu.c.overflowed & ~before);
}

/* ---- overflow ---- */

static void update_line(struct cpu *c)
{
	struct pmu *p = &c->pmu;
	u32 want = p->c.overflowed & (u32)p->inten;
	bool level = false;

	for (; want && !level; want &= want - 1) {
		unsigned n = ctz64(want);

		level = n == PMU_CYCLES || n < hyp_first(c) ? (p->pmcr & PMCR_E) != 0 : (c->sys.mdcr_el2 & MDCR_HPME) != 0;
	}
	if (level == p->line)
		return;
	p->line = level;
	p->stats.interrupts += level;
	cpu_enter(c);
	wire_set(&p->irq, level);
	cpu_leave(c);
}

/* Events until counter n overflows; 0: too many to say. */
static u64 until_overflow(const struct cpu *c, unsigned n)
{
	u64 v = c->pmu.c.value[n];

	return is_long(c, n) ? -v : BIT(32) - (v & MASK(31, 0));
}

/* The same of a pair of counters, as events of the lower one. */
static u64 until_chain_overflows(const struct cpu *c, unsigned n)
{
	if (!(n & 1) || !(c->pmu.active >> (n - 1) & 1) || is_long(c, n) || is_long(c, n - 1))
		return 0;
	return (until_overflow(c, n) - 1) * BIT(32) + until_overflow(c, n - 1);
}

/*
 * Cycles that may pass before counter n is looked at again, and instructions where the timing model lets several go in one cycle; 0:
 * any number.
 */
struct patience {
	u64 cycles, insns;
};
static struct patience patience(const struct cpu *c, unsigned n)
{
	bool chain = chains(c, n);
	u64 left = chain ? until_chain_overflows(c, n) : until_overflow(c, n);
	u8 flags;

	if (n == PMU_CYCLES)
		return (struct patience){ divided(c) ? left * 64 - c->pmu.c.rest : left, 0 };
	if (!left)
		return (struct patience){ 0, 0 };
	flags = c->pmu.event[chain ? n - 1 : n]->flags;
	if (c->timing && (flags & PMU_INSN))
		return (struct patience){ 0, left };
	if (flags & (PMU_CYCLE | PMU_INSN))
		return (struct patience){ left, 0 };
	return (struct patience){ left / 4 > PMU_LATE ? left / 4 : PMU_LATE, 0 };
}

static void sooner(u64 *next, u64 now, u64 wait)
{
	if (wait && wait < *next - now)
		*next = now + wait;
}

/* Only an interrupt needs to be in time: whoever reads a register gets what it holds then. */
static void plan_check(struct cpu *c)
{
	struct pmu *p = &c->pmu;

	p->check = p->check_insns = PMU_NEVER;
	for (u32 left = p->active & (u32)p->inten & ~p->c.overflowed; left; left &= left - 1) {
		struct patience wait = patience(c, ctz64(left));

		sooner(&p->check, cpu_cycles(c), wait.cycles);
		sooner(&p->check_insns, cpu_insns(c), wait.insns);
	}
	cpu_hold(c, p->check);
}

void pmu_sync(struct cpu *c)
{
	u32 before = c->pmu.c.overflowed;

	advance(c, &c->pmu.c);
	c->pmu.stats.overflows += (u64)__builtin_popcount(c->pmu.c.overflowed & ~before);
}

/* Whether anything counts at all, and which counters count here. */
static void decide(struct cpu *c)
{
	struct pmu *p = &c->pmu;

	p->on = false;
	for (u32 left = (u32)p->cnten; left && !p->on; left &= left - 1)
		p->on = enabled(c, ctz64(left));
	p->active = p->on ? counting_here(c) : 0;
}

void pmu_resume(struct cpu *c)
{
	struct pmu *p = &c->pmu;

	decide(c);
	for (u32 left = p->active; left; left &= left - 1)
		p->c.since[ctz64(left)] = running(c, ctz64(left));
	update_line(c);
	plan_check(c);
}

/* ---- life ---- */

void pmu_reset(struct cpu *c)
{
	struct pmu *p = &c->pmu;

	p->pmcr = c->core.id.pmcr_reset;
	p->cnten = p->inten = p->selr = p->userenr = 0;
	memset(p->type, 0, sizeof(p->type));
	memset(&p->c, 0, sizeof(p->c));
	for (unsigned n = 0; n < PMU_MAX; n++)
		p->event[n] = pmu_event_find(c, 0);
	pmu_resume(c);
}

/* Counters are saved as they are, not brought up to date: the running counts are in the snapshot too. */
void pmu_snap(struct cpu *c, struct snap *s)
{
	struct pmu *p = &c->pmu;
	u64 *const word[] = { &p->pmcr, &p->cnten, &p->inten, &p->selr, &p->userenr, &p->check, &p->check_insns, &p->exceptions,
			      &p->returns, &p->ttbr_writes, &p->context_writes, &p->stats.overflows, &p->stats.interrupts };

	snap_section(s, "pmu", 1);
	for (size_t i = 0; i < ARRAY_SIZE(word); i++)
		snap_u64(s, word[i]);
	for (unsigned n = 0; n < PMU_COUNTERS; n++) {
		snap_u64(s, &p->type[n]);
		snap_u64(s, &p->c.value[n]);
		snap_u64(s, &p->c.since[n]);
	}
	snap_u32(s, &p->c.overflowed);
	snap_u32(s, &p->c.rest);
	snap_bool(s, &p->line);
}

void pmu_loaded(struct cpu *c)
{
	struct pmu *p = &c->pmu;

	p->cnten &= BIT(PMU_CYCLES) | (BIT(pmu_count(c)) - 1);
	for (unsigned n = 0; n < PMU_MAX; n++)
		p->event[n] = pmu_event_find(c, (u32)(p->type[n] & pmu_event_mask(c)));
	decide(c);
}
