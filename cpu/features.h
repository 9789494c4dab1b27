/*
 * Architectural features and cores as data. A core advertises only what is built: its ID registers come from the core's
 * real values with the fields of missing features cleared (features.c).
 */
#ifndef CPU_FEATURES_H
#define CPU_FEATURES_H

#include "base/types.h"
#include "mmu/regime.h"

/* One bit each; the names are the manual's without FEAT_. BASE: every Armv8.0 core. */
#define CPU_FEATURES(F) \
	F(BASE) F(FP) F(ASIMD) F(AES) F(PMULL) F(SHA1) F(SHA256) F(CRC32) \
	F(LSE) F(RDM) F(PAN) F(PAN2) F(VHE) F(LOR) F(HPDS) F(HPDS2) F(XNX) F(TTCNP) F(VMID16) F(HAFDBS) \
	F(FP16) F(DOTPROD) F(UAO) F(DPB) F(RAS) F(IESB) F(LRCPC) F(SSBS) F(DEBUGv8p1) F(PMUv3) F(PMUv3p1) F(PMUv3p4) F(PMUv3p5) \
	F(EL2) F(EL3) F(GICV3)

enum cpu_feature_index {
#define F(name) FEATI_##name,
	CPU_FEATURES(F)
#undef F
	FEAT_COUNT
};
#define FEAT(name) (1ull << FEATI_##name)

struct cpu_idregs {
	u64 midr, revidr, ctr, dczid, clidr;
	u64 ccsidr[7]; /* index = CSSELR value: level << 1 | InD */
	u64 aa64pfr[2], aa64zfr0, aa64dfr[2], aa64isar[3], aa64mmfr[3], aa64afr[2];
	u32 pmceid[2]; /* events of the silicon: PMCEID0_EL0, PMCEID1_EL0 */
	u64 pmcr_reset, sctlr_reset; /* SCTLR_EL1/2/3 RES1 pattern at reset */
};

struct cpu_core {
	const char *name; /* as -cpu takes it */
	u64 features;     /* FEAT() bits the silicon has and Trapline models */
	struct cpu_idregs id; /* real values; cpu_core_make() clears what is not there */
	u32 cntfrq;       /* Hz of the system counter on the board for this core */
	u8 n_brps, n_wrps;
	u8 lr_count, pri_bits; /* GIC virtual interface: list registers, priority bits */
	struct mmu_features mmu;
};

/* The const rows, NULL-terminated order of -cpu help. */
extern const struct cpu_core cpu_cores[];
extern const size_t cpu_cores_n;
const struct cpu_core *cpu_core_find(const char *name);
/*
 * The core as the board has it: EL2/EL3 present or not, GICv3 system-register interface, and "feat=on|off" overrides
 * (names as in CPU_FEATURES, lower case; may be NULL). Returns NULL or the reason for refusing.
 */
const char *cpu_core_make(struct cpu_core *out, const struct cpu_core *row, bool el2, bool el3, const char *overrides);

/* The core on a board whose interrupt controller has no system registers. */
void cpu_core_no_gicv3(struct cpu_core *core);

#endif
