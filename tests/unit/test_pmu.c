/*
 * The PMU's own bookkeeping (cpu/pmu.c): the table of events, when the slice is held, the interrupt's line, snapshots. Time is moved by
 * hand. What registers and counters do: tests/guest/pmu*.c.
 */
#include <stdlib.h>

#include "base/bits.h"
#include "tests/unit/harness.h"
#include "tests/unit/mem_snap.h"
#include "tests/unit/pe.h"

enum { INST_RETIRED = 8, EXC_TAKEN = 9, CPU_CYCLES = 0x11, CHAIN = 0x1e };

static struct pe counting(const char *core, unsigned event, u32 value)
{
	struct pe p = pe_new(core, false, false);

	pe_write(p, "PMEVTYPER0_EL0", event);
	pe_write(p, "PMEVCNTR0_EL0", value);
	pe_write(p, "PMINTENSET_EL1", 1);
	pe_write(p, "PMCNTENSET_EL0", 1);
	pe_write(p, "PMCR_EL0", PMCR_E | PMCR_LC);
	return p;
}

TEST(events_are_in_order_and_listed)
{
	struct pe p = pe_new("max", true, true);
	u64 ids[2] = { 0 };

	for (size_t i = 0; i < pmu_events_n; i++) {
		const struct pmu_event *e = &pmu_events[i];

		if (i)
			EXPECT(e->number > e[-1].number);
		ASSERT(e->number < 64);
		EXPECT(e->name && *e->name && e->count);
		if (!(e->flags & PMU_TIMED))
			ids[e->number / 32] |= BIT(e->number % 32);
		EXPECT((pmu_event_find(p.c, e->number) == e) == !(e->flags & PMU_TIMED));
	}
	EXPECT_EQ(pe_read(p, "PMCEID0_EL0"), ids[0]);
	EXPECT_EQ(pe_read(p, "PMCEID1_EL0"), ids[1]);
	pe_free(p);
}

TEST(an_event_that_the_core_has_not_counts_nothing)
{
	struct pe p = counting("cortex-a57", 0x21, 0); /* BR_RETIRED */

	EXPECT_EQ(p.c->pmu.active, 0);
	pe_write(p, "PMEVTYPER0_EL0", CPU_CYCLES);
	EXPECT_EQ(p.c->pmu.active, 1);
	p.c->cycles += 10;
	EXPECT_EQ(pe_read(p, "PMEVCNTR0_EL0"), 10);
	pe_write(p, "PMCNTENCLR_EL0", 1);
	EXPECT(!p.c->pmu.on);
	pe_free(p);
}

/* The slice is held where the counter overflows, of slow events where one should look again. */
TEST(when_to_look)
{
	static const struct {
		unsigned event;
		u32 value;
		u64 wait;
	} rows[] = {
		{ CPU_CYCLES, -1000u, 1000 }, { CPU_CYCLES, 0, BIT(32) }, { INST_RETIRED, -7u, 7 },
		{ EXC_TAKEN, -10u, PMU_LATE }, { EXC_TAKEN, -8000u, 2000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pe p = counting("max", rows[i].event, rows[i].value);

		EXPECT_EQ(p.c->pmu.check - cpu_cycles(p.c), rows[i].wait);
		EXPECT_EQ(p.c->pmu.check_insns, PMU_NEVER);
		pe_write(p, "PMINTENCLR_EL1", 1);
		EXPECT_EQ(p.c->pmu.check, PMU_NEVER);
		pe_free(p);
	}
}

TEST(a_pair_is_looked_at_when_it_overflows)
{
	struct pe p = counting("max", CPU_CYCLES, -50u);

	pe_write(p, "PMEVTYPER1_EL0", CHAIN);
	pe_write(p, "PMEVCNTR1_EL0", 0xfffffffe);
	pe_write(p, "PMCNTENSET_EL0", 3);
	pe_write(p, "PMINTENCLR_EL1", 1);
	pe_write(p, "PMINTENSET_EL1", 2);
	EXPECT_EQ(p.c->pmu.check - cpu_cycles(p.c), 50 + BIT(32));
	p.c->cycles += 49 + BIT(32);
	EXPECT_EQ(pe_read(p, "PMOVSSET_EL0"), 1);
	p.c->cycles++;
	EXPECT_EQ(pe_read(p, "PMOVSSET_EL0"), 3);
	EXPECT_EQ(pe_read(p, "PMEVCNTR1_EL0") & MASK(31, 0), 0);
	pe_free(p);
}

static void note(void *sink, u32 pin, bool level)
{
	*(int *)sink = *(int *)sink * 2 + level;
}

TEST(the_line_follows_the_overflow_bits)
{
	struct pe p = counting("max", CPU_CYCLES, -5u);
	int seen = 0;

	p.c->pmu.irq = (struct wire){ note, &seen, 0 };
	p.c->cycles += 4;
	pmu_sync(p.c);
	pmu_resume(p.c);
	EXPECT_EQ(seen, 0);
	p.c->cycles++;
	pmu_sync(p.c);
	pmu_resume(p.c);
	EXPECT_EQ(seen, 1);
	EXPECT_EQ(p.c->pmu.stats.overflows, 1);
	EXPECT_EQ(p.c->pmu.stats.interrupts, 1);
	pe_write(p, "PMOVSCLR_EL0", 1);
	EXPECT_EQ(seen, 2);
	p.c->cycles += BIT(32);
	cpu_reset(p.c);
	EXPECT_EQ(seen, 2);
	pe_free(p);
}

TEST(reset_takes_the_line_away)
{
	struct pe p = counting("max", CPU_CYCLES, -5u);
	int seen = 0;

	p.c->pmu.irq = (struct wire){ note, &seen, 0 };
	pe_write(p, "PMOVSSET_EL0", 1);
	EXPECT_EQ(seen, 1);
	cpu_reset(p.c);
	EXPECT_EQ(seen, 2);
	EXPECT(!p.c->pmu.on);
	pe_free(p);
}

TEST(a_snapshot_in_the_middle_of_counting)
{
	struct mem_snap *m = calloc(1, sizeof(*m));
	struct pe p = counting("max", CPU_CYCLES, -500u), q = pe_new("max", false, false);

	m->s.bytes = mem_bytes;
	p.c->cycles += 123;
	cpu_snap(p.c, &m->s);
	EXPECT(!m->s.failed);
	EXPECT_EQ(pe_read(p, "PMEVCNTR0_EL0") & MASK(31, 0), -377u);
	mem_rewind(m);
	cpu_snap(q.c, &m->s);
	EXPECT(!m->s.failed);
	EXPECT_EQ(q.c->pmu.active, 1);
	EXPECT_EQ(q.c->pmu.check, p.c->pmu.check);
	EXPECT_EQ(pe_read(q, "PMEVCNTR0_EL0") & MASK(31, 0), -377u);
	q.c->cycles += 377;
	EXPECT_EQ(pe_read(q, "PMOVSSET_EL0"), 1);
	pe_free(p);
	pe_free(q);
	free(m);
}

/* Counters that the core has not must not be reached by what a file says. */
TEST(a_snapshot_with_too_many_counters)
{
	struct mem_snap *m = calloc(1, sizeof(*m));
	struct pe p = counting("max", CPU_CYCLES, 0), q = pe_new("max", false, false);

	m->s.bytes = mem_bytes;
	p.c->pmu.cnten = ~0ull;
	p.c->pmu.type[30] = 0xffff;
	cpu_snap(p.c, &m->s);
	mem_rewind(m);
	cpu_snap(q.c, &m->s);
	EXPECT_EQ(q.c->pmu.cnten, 0x8000003f);
	EXPECT_EQ(q.c->pmu.active & ~0x8000003fu, 0);
	pmu_sync(q.c);
	pe_free(p);
	pe_free(q);
	free(m);
}
