/*
 * The registers of the Performance Monitors (DDI0487 D19.5): rows, who may access them, what reads and writes do. Reads change
 * nothing; every write that counting depends on brings the counters up to date first (struct change below).
 *
 * CONSTRAINED UNPREDICTABLE: a counter that is not there is UNDEFINED by its own name, one that MDCR_EL2.HPMN keeps from EL1 and EL0
 * reads 0 and ignores writes, like what PMSELR_EL0 selects when that is not there.
 */
#include "base/bits.h"
#include "cpu/sysreg_priv.h"

/* arg of a row: the counter n, what besides PMUSERENR_EL0.EN lets EL0 read and write, and PMCR_EL0's own trap. */
#define N_OF(arg)     ((arg) & 31)
#define READ_OF(arg)  ((arg) >> 8 & 15)
#define WRITE_OF(arg) ((arg) >> 12 & 15)
enum { ARG_PMCR = 1 << 16, ARG_USERENR = 1 << 17, ARG_CLEARS = 1 << 18, ARG_COUNTER = 1 << 19 };
#define MAY_READ(bits)	((bits) << 8)
#define MAY_WRITE(bits) ((bits) << 12)

static enum sysreg_access check_pmu(const struct cpu *c, const struct sysreg *r, bool write)
{
	u64 user = PMUSER_EN | (write ? WRITE_OF(r->arg) : READ_OF(r->arg));
	u64 mdcr2 = MDCR_TPM | (r->arg & ARG_PMCR ? MDCR_TPMCR : 0);

	if ((r->arg & ARG_COUNTER) && N_OF(r->arg) >= pmu_count(c))
		return SYS_UNDEF;
	if (c->el == 0 && !(r->arg & ARG_USERENR) && !(c->pmu.userenr & user))
		return SYS_TRAP_EL1;
	if (c->el < 2 && c->el2_on && (c->sys.mdcr_el2 & mdcr2))
		return SYS_TRAP_EL2;
	return c->el < 3 && cpu_has(c, FEAT(EL3)) && (c->sys.mdcr_el3 & MDCR_TPM) ? SYS_TRAP_EL3 : SYS_OK;
}

/* ---- PMCR_EL0 ---- */

static u64 read_pmcr(struct cpu *c, const struct sysreg *r)
{
	unsigned n = ctz64(~(u64)(pmu_accessible(c) & ~(1u << PMU_CYCLES)));

	return deposit(c->pmu.pmcr, 15, 11, n);
}

static void clear_counters(struct cpu *c, u32 mask)
{
	for (mask &= ~(1u << PMU_CYCLES); mask; mask &= mask - 1)
		c->pmu.c.value[ctz64(mask)] = 0;
}

static void write_pmcr(struct cpu *c, const struct sysreg *r, u64 v)
{
	u64 mask = PMCR_E | PMCR_D | PMCR_X | PMCR_DP | PMCR_LC | (cpu_has(c, FEAT(PMUv3p5)) ? PMCR_LP : 0);

	pmu_sync(c);
	if (v & PMCR_P)
		clear_counters(c, pmu_accessible(c));
	if (v & PMCR_C)
		c->pmu.c.value[PMU_CYCLES] = c->pmu.c.rest = 0;
	c->pmu.pmcr = (c->pmu.pmcr & ~mask) | (v & mask);
	pmu_resume(c);
}

/* ---- sets of counters ---- */

static u64 read_enable(struct cpu *c, const struct sysreg *r)
{
	return c->pmu.cnten & pmu_accessible(c);
}

static u64 read_interrupt(struct cpu *c, const struct sysreg *r)
{
	return c->pmu.inten & pmu_accessible(c);
}

static u64 read_overflow(struct cpu *c, const struct sysreg *r)
{
	return pmu_peek(c).overflowed & pmu_accessible(c);
}

static u64 set_or_clear(const struct cpu *c, const struct sysreg *r, u64 old, u64 v)
{
	v &= pmu_accessible(c);
	return r->arg & ARG_CLEARS ? old & ~v : old | v;
}

static void write_enable(struct cpu *c, const struct sysreg *r, u64 v)
{
	pmu_sync(c);
	c->pmu.cnten = set_or_clear(c, r, c->pmu.cnten, v);
	pmu_resume(c);
}

static void write_interrupt(struct cpu *c, const struct sysreg *r, u64 v)
{
	pmu_sync(c);
	c->pmu.inten = set_or_clear(c, r, c->pmu.inten, v);
	pmu_resume(c);
}

static void write_overflow(struct cpu *c, const struct sysreg *r, u64 v)
{
	pmu_sync(c);
	c->pmu.c.overflowed = (u32)set_or_clear(c, r, c->pmu.c.overflowed, v);
	pmu_resume(c);
}

static void write_increment(struct cpu *c, const struct sysreg *r, u64 v)
{
	pmu_sync(c);
	for (v &= pmu_accessible(c) & ~(1u << PMU_CYCLES); v; v &= v - 1)
		pmu_software_increment(c, ctz64(v));
	pmu_resume(c);
}

/* ---- counters and what they count ---- */

/* The counter that a row means: n of its name, or what PMSELR_EL0 selects. PMU_COUNTERS: one that this EL may not reach. */
static unsigned counter(const struct cpu *c, const struct sysreg *r)
{
	unsigned n = r->arg & ARG_COUNTER || N_OF(r->arg) == PMU_CYCLES ? N_OF(r->arg) : (unsigned)c->pmu.selr;

	return pmu_accessible(c) >> n & 1 ? n : PMU_COUNTERS;
}

static u64 read_counter(struct cpu *c, const struct sysreg *r)
{
	unsigned n = counter(c, r);

	return n < PMU_COUNTERS ? pmu_peek(c).value[n] : 0;
}

static void write_counter(struct cpu *c, const struct sysreg *r, u64 v)
{
	unsigned n = counter(c, r);

	if (n == PMU_COUNTERS)
		return;
	pmu_sync(c);
	c->pmu.c.value[n] = n == PMU_CYCLES || cpu_has(c, FEAT(PMUv3p5)) ? v : v & MASK(31, 0);
	pmu_resume(c);
}

/* PMXEVCNTR_EL0 reaches event counters alone. */
static u64 read_selected(struct cpu *c, const struct sysreg *r)
{
	return c->pmu.selr == PMU_CYCLES ? 0 : read_counter(c, r);
}

static void write_selected(struct cpu *c, const struct sysreg *r, u64 v)
{
	if (c->pmu.selr != PMU_CYCLES)
		write_counter(c, r, v);
}

static u64 read_type(struct cpu *c, const struct sysreg *r)
{
	unsigned n = counter(c, r);

	return n < PMU_COUNTERS ? c->pmu.type[n] : 0;
}

static void write_type(struct cpu *c, const struct sysreg *r, u64 v)
{
	unsigned n = counter(c, r);
	u64 mask = PMTYPE_P | PMTYPE_U | (cpu_has(c, FEAT(EL2)) ? PMTYPE_NSH : 0) |
		   (cpu_has(c, FEAT(EL3)) ? PMTYPE_NSK | PMTYPE_NSU | PMTYPE_M : 0);

	if (n == PMU_COUNTERS)
		return;
	pmu_sync(c);
	if (n != PMU_CYCLES) {
		mask |= pmu_event_mask(c);
		c->pmu.event[n] = pmu_event_find(c, (u32)(v & pmu_event_mask(c)));
	}
	c->pmu.type[n] = v & mask;
	pmu_resume(c);
}

static u64 read_events(struct cpu *c, const struct sysreg *r)
{
	return pmu_event_ids(c, r->arg);
}

void write_mdcr(struct cpu *c, const struct sysreg *r, u64 v)
{
	static const struct {
		u64 feature, bits[2]; /* of MDCR_EL2, MDCR_EL3 */
	} fields[] = {
		{ FEAT(BASE), { MASK(11, 8), MASK(10, 9) | BIT(16) } },
		{ FEAT(PMUv3), { MDCR_HPMN | MDCR_TPMCR | MDCR_TPM | MDCR_HPME, MDCR_TPM | MDCR_SPME } },
		{ FEAT(PMUv3p1), { MDCR_HPMD, 0 } },
		{ FEAT(PMUv3p5), { MDCR_HCCD | MDCR_HLP, MDCR_SCCD } },
	};
	u64 mask = 0;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		mask |= cpu_has(c, fields[i].feature) ? fields[i].bits[r->arg - 2] : 0;
	pmu_sync(c);
	*(r->arg == 2 ? &c->sys.mdcr_el2 : &c->sys.mdcr_el3) = v & mask;
	pmu_resume(c);
}

/* ---- rows ---- */

/* clang-format off: tables and what makes their rows */
#define PMU_FIELD(member) (1 + (u32)offsetof(struct cpu, pmu.member))
#define PM(nm, op1, crm, op2, r, ...) \
	{ .name = nm, .enc = SR(3, op1, 9, crm, op2), .rights = r, .feature = FEAT(PMUv3), .flags = SRF_ENDS_BLOCK, \
	  .check = check_pmu, __VA_ARGS__ }
#define SET(nm, op1, crm, op2, r, noun, how) \
	PM(nm, op1, crm, op2, r, .arg = how, .read = read_##noun, .write = write_##noun)
#define COUNTER(n) \
	{ .name = "PMEVCNTR" #n "_EL0", .enc = SR(3, 3, 14, 8 + n / 8, n % 8), .rights = PL0_RW, .feature = FEAT(PMUv3), \
	  .flags = SRF_ENDS_BLOCK, .arg = n | ARG_COUNTER | MAY_READ(PMUSER_ER), \
	  .check = check_pmu, .read = read_counter, .write = write_counter }, \
	{ .name = "PMEVTYPER" #n "_EL0", .enc = SR(3, 3, 14, 12 + n / 8, n % 8), .rights = PL0_RW, .feature = FEAT(PMUv3), \
	  .flags = SRF_ENDS_BLOCK, .arg = n | ARG_COUNTER, .check = check_pmu, .read = read_type, .write = write_type }

const struct sysreg pmu_sysregs[] = {
	PM("PMCR_EL0", 3, 12, 0, PL0_RW, .arg = ARG_PMCR, .read = read_pmcr, .write = write_pmcr),
	SET("PMCNTENSET_EL0", 3, 12, 1, PL0_RW, enable, 0),
	SET("PMCNTENCLR_EL0", 3, 12, 2, PL0_RW, enable, ARG_CLEARS),
	SET("PMOVSCLR_EL0", 3, 12, 3, PL0_RW, overflow, ARG_CLEARS),
	SET("PMOVSSET_EL0", 3, 14, 3, PL0_RW, overflow, 0),
	SET("PMINTENSET_EL1", 0, 14, 1, PL1_RW, interrupt, 0),
	SET("PMINTENCLR_EL1", 0, 14, 2, PL1_RW, interrupt, ARG_CLEARS),
	PM("PMSWINC_EL0", 3, 12, 4, PL0_W, .arg = MAY_WRITE(PMUSER_SW), .write = write_increment),
	PM("PMSELR_EL0", 3, 12, 5, PL0_RW, .arg = MAY_READ(PMUSER_ER) | MAY_WRITE(PMUSER_ER), .field = PMU_FIELD(selr),
	   .res0 = ~31ull),
	PM("PMCEID0_EL0", 3, 12, 6, PL0_R, .arg = 0, .read = read_events),
	PM("PMCEID1_EL0", 3, 12, 7, PL0_R, .arg = 1, .read = read_events),
	PM("PMCCNTR_EL0", 3, 13, 0, PL0_RW, .arg = PMU_CYCLES | MAY_READ(PMUSER_CR), .read = read_counter, .write = write_counter),
	PM("PMXEVTYPER_EL0", 3, 13, 1, PL0_RW, .read = read_type, .write = write_type),
	PM("PMXEVCNTR_EL0", 3, 13, 2, PL0_RW, .arg = MAY_READ(PMUSER_ER), .read = read_selected, .write = write_selected),
	PM("PMUSERENR_EL0", 3, 14, 0, PL0_R_PL1_W, .arg = ARG_USERENR, .field = PMU_FIELD(userenr), .res0 = ~15ull),
	{ .name = "PMMIR_EL1", .enc = SR(3, 0, 9, 14, 6), .rights = PL1_R, .flags = SRF_CONST,
	  .feature = FEAT(PMUv3) | FEAT(PMUv3p4), .check = check_pmu },
	COUNTER(0), COUNTER(1), COUNTER(2), COUNTER(3), COUNTER(4), COUNTER(5), COUNTER(6), COUNTER(7),
	COUNTER(8), COUNTER(9), COUNTER(10), COUNTER(11), COUNTER(12), COUNTER(13), COUNTER(14), COUNTER(15),
	COUNTER(16), COUNTER(17), COUNTER(18), COUNTER(19), COUNTER(20), COUNTER(21), COUNTER(22), COUNTER(23),
	COUNTER(24), COUNTER(25), COUNTER(26), COUNTER(27), COUNTER(28), COUNTER(29), COUNTER(30),
	{ .name = "PMCCFILTR_EL0", .enc = SR(3, 3, 14, 15, 7), .rights = PL0_RW, .feature = FEAT(PMUv3),
	  .flags = SRF_ENDS_BLOCK, .arg = PMU_CYCLES, .check = check_pmu, .read = read_type, .write = write_type },
};
/* clang-format on */
const size_t pmu_sysregs_n = ARRAY_SIZE(pmu_sysregs);
