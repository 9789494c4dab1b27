/* The Performance Monitors for the tests: fields, counters by number, and a state in which nothing counts. */
#ifndef PMU_H
#define PMU_H

#include "guest.h"
#include "bits.h"

#define PMCR_E BIT(0)
#define PMCR_P BIT(1)
#define PMCR_C BIT(2)
#define PMCR_D BIT(3)
#define PMCR_DP BIT(5)
#define PMCR_LC BIT(6)
#define PMCR_LP BIT(7)
#define PMTYPE_P BIT(31)
#define PMTYPE_U BIT(30)
#define PMTYPE_NSK BIT(29)
#define PMTYPE_NSU BIT(28)
#define PMTYPE_NSH BIT(27)
#define PMTYPE_M BIT(26)
#define MDCR_HPME BIT(7)
#define MDCR_HPMD BIT(17)
#define MDCR_HCCD BIT(23)
#define MDCR_HLP BIT(26)
#define MDCR_SPME BIT(17)
#define MDCR_SCCD BIT(23)

/* ID_AA64DFR0_EL1.PMUVer: 1 PMUv3, 4 PMUv3p1, 5 PMUv3p4, 6 PMUv3p5 */
static inline unsigned pmu_version(void)
{
	return READ(id_aa64dfr0_el1) >> 8 & 15;
}

static inline u64 pmu_read(unsigned n)
{
	WRITE(pmselr_el0, n);
	return READ(pmxevcntr_el0);
}

static inline void pmu_write(unsigned n, u64 v)
{
	WRITE(pmselr_el0, n);
	WRITE(pmxevcntr_el0, v);
}

static inline void pmu_write_type(unsigned n, u64 v)
{
	WRITE(pmselr_el0, n);
	WRITE(pmxevtyper_el0, v);
}

/* Counters of the mask count SW_INCR, from 0. */
static inline void pmu_software(unsigned mask, u64 filter)
{
	for (unsigned n = 0; n < 6; n++)
		if (mask >> n & 1) {
			pmu_write_type(n, filter);
			pmu_write(n, 0);
		}
}

/* Nothing counts, nothing is pending; EL0 may do all, and EL1 has all counters. */
static inline void pmu_quiet(void)
{
	if (GUEST_EL() == 3)
		WRITE(mdcr_el3, 0);
	if (guest_has_el2())
		WRITE(mdcr_el2, 6);
	WRITE(pmcr_el0, PMCR_P | PMCR_C);
	WRITE(pmcntenclr_el0, ~0ul);
	WRITE(pmintenclr_el1, ~0ul);
	WRITE(pmovsclr_el0, ~0ul);
	WRITE(pmccfiltr_el0, 0);
	for (unsigned n = 0; n < 6; n++)
		pmu_write_type(n, 0);
	guest_pmuserenr(15);
}

#endif
