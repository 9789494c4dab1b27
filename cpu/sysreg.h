/*
 * System registers and system instructions as rows. `check` alone decides whether an access is allowed; read and write
 * cannot fail. cpu/ owns most rows; gic/ brings ICC_* and ICH_*, timer/ brings CNT*.
 *
 * An access goes: find the row by encoding, E2H redirection, rights of the EL, check, read/write.
 */
#ifndef CPU_SYSREG_H
#define CPU_SYSREG_H

#include "cpu/cpu.h"

/* op0 2:op1 3:CRn 4:CRm 4:op2 3, as in bits 20:5 of MRS/MSR. */
#define SR(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

enum sysreg_access {
	SYS_OK,
	SYS_UNDEF,
	SYS_TRAP_EL1, SYS_TRAP_EL2, SYS_TRAP_EL3, /* EC 0x18 with the access's ISS */
	SYS_TRAP_FP_EL1, SYS_TRAP_FP_EL2, SYS_TRAP_FP_EL3, /* EC 0x07: FPCR, FPSR */
	SYS_MEM, /* NV2: a load or store at VNCR_EL2 + vncr */
};

/* Which ELs may read and write: bit n = ELn reads, bit 4+n = ELn writes. */
enum {
	PL0_R = 0x0f, PL1_R = 0x0e, PL2_R = 0x0c, PL3_R = 0x08,
	PL0_W = 0xf0, PL1_W = 0xe0, PL2_W = 0xc0, PL3_W = 0x80,
	PL0_RW = PL0_R | PL0_W, PL1_RW = PL1_R | PL1_W, PL2_RW = PL2_R | PL2_W, PL3_RW = PL3_R | PL3_W,
	PL0_R_PL1_W = PL0_R | PL1_W,
	PL1_R_PL3_W = PL1_R | PL3_W,
};

enum {
	SRF_ENDS_BLOCK = 1,  /* read or write ends the block: attention or context may follow */
	SRF_CONTEXT = 2,     /* a write changes regime, routing or block key: cpu_update_context() follows (implies ENDS_BLOCK) */
	SRF_CONST = 4,       /* reads as `reset`, writes ignored if rights allow them */
	SRF_VA_OP = 8,       /* write's value is a VA that is translated first (DC/IC by VA): may fault, done by the handler */
	SRF_IGNORED = 16,    /* write ignored / read as zero by design (no log) */
	SRF_VA_WRITE = 64, /* with SRF_VA_OP: needs write permission (DC IVAC) */
	SRF_OP = 32,         /* a SYS instruction (TLBI, AT, DC, IC), not a register */
	SRF_VA_FETCH = 128,  /* with SRF_VA_OP: what was decoded there is stale (IC IVAU) */
};

struct sysreg {
	const char *name;
	u32 enc;
	u32 e2h;     /* the encoding reached instead at EL2 with E2H=1 (0: none) */
	u32 el12;    /* alias encoding (_EL12, _EL02) that reaches this row at EL2 with E2H=1 (and EL3) (0: none) */
	u8 rights;   /* PLn_* */
	u8 flags;    /* SRF_* */
	u16 vncr;    /* offset in the VNCR page, +1; 0: none */
	u32 field;   /* 1 + offset of its u64 in struct cpu, 0: none */
	u64 feature; /* FEAT() bits that must all be there, else UNDEFINED; 0: always */
	u64 reset;
	u64 res0;    /* bits that read as 0 and ignore writes */
	u64 res1;    /* bits that read as 1 */
	u32 arg;     /* for the functions (index n of DBGBVRn and so on) */
	enum sysreg_access (*check)(const struct cpu *c, const struct sysreg *r, bool write);
	u64 (*read)(struct cpu *c, const struct sysreg *r);
	void (*write)(struct cpu *c, const struct sysreg *r, u64 v);
	/* what read would return, for rows whose read changes something (interrupt acknowledge, counters seen); NULL: read changes nothing */
	u64 (*peek)(struct cpu *c, const struct sysreg *r);
};

#define SR_FIELD(member) (1 + (u32)offsetof(struct cpu, sys.member))

/* All rows of a machine by encoding; rows are borrowed and must be const. Owners add theirs before PEs are made. */
struct sysreg_map *sysreg_map_new(void);
void sysreg_map_free(struct sysreg_map *m);
/* 0, or -EEXIST when an encoding is there twice (a programming error that a unit test looks for). */
int sysreg_map_add(struct sysreg_map *m, const struct sysreg *rows, size_t n);
const struct sysreg *sysreg_find(const struct sysreg_map *m, u32 enc);
const struct sysreg *sysreg_find_name(const struct sysreg_map *m, const char *name);
size_t sysreg_map_rows(const struct sysreg_map *m, const struct sysreg *const **out); /* in order of encoding */

/* cpu/'s own rows; those of the PMU, which may raise an interrupt and so reach what is not the PE's own. */
extern const struct sysreg cpu_sysregs[], pmu_sysregs[];
extern const size_t cpu_sysregs_n, pmu_sysregs_n;

/*
 * Resolves an access made by c now: redirection by E2H, alias rules, feature, rights, check. *row is what is reached.
 */
enum sysreg_access sysreg_resolve(const struct cpu *c, u32 enc, bool write, const struct sysreg **row);
/* Architectural read and write of a resolved row: mask, field, hooks. No checks. The debugger writes by it too. */
u64 sysreg_read(struct cpu *c, const struct sysreg *r);
u64 sysreg_peek(struct cpu *c, const struct sysreg *r); /* the same value; nothing changes */
void sysreg_write(struct cpu *c, const struct sysreg *r, u64 v);
/* Resets every register with a field to its reset value. */
void sysreg_reset(struct cpu *c);

/* Fields used in several places. */
#define HCR_VM    (1ull << 0)
#define HCR_SWIO  (1ull << 1)
#define HCR_PTW   (1ull << 2)
#define HCR_FMO   (1ull << 3)
#define HCR_IMO   (1ull << 4)
#define HCR_AMO   (1ull << 5)
#define HCR_VF    (1ull << 6)
#define HCR_VI    (1ull << 7)
#define HCR_VSE   (1ull << 8)
#define HCR_FB    (1ull << 9)
#define HCR_DC    (1ull << 12)
#define HCR_TWI   (1ull << 13)
#define HCR_TWE   (1ull << 14)
#define HCR_TID0  (1ull << 15)
#define HCR_TID1  (1ull << 16)
#define HCR_TID2  (1ull << 17)
#define HCR_TID3  (1ull << 18)
#define HCR_TSC   (1ull << 19)
#define HCR_TIDCP (1ull << 20)
#define HCR_TACR  (1ull << 21)
#define HCR_TSW   (1ull << 22)
#define HCR_TPCP  (1ull << 23)
#define HCR_TPU   (1ull << 24)
#define HCR_TTLB  (1ull << 25)
#define HCR_TVM   (1ull << 26)
#define HCR_TGE   (1ull << 27)
#define HCR_TDZ   (1ull << 28)
#define HCR_HCD   (1ull << 29)
#define HCR_TRVM  (1ull << 30)
#define HCR_RW    (1ull << 31)
#define HCR_CD    (1ull << 32)
#define HCR_ID    (1ull << 33)
#define HCR_E2H   (1ull << 34)
#define HCR_TLOR  (1ull << 35)
#define HCR_TERR  (1ull << 36)
#define HCR_TEA   (1ull << 37)

#define SCR_NS   (1ull << 0)
#define SCR_IRQ  (1ull << 1)
#define SCR_FIQ  (1ull << 2)
#define SCR_EA   (1ull << 3)
#define SCR_SMD  (1ull << 7)
#define SCR_HCE  (1ull << 8)
#define SCR_SIF  (1ull << 9)
#define SCR_RW   (1ull << 10)
#define SCR_ST   (1ull << 11)
#define SCR_TWI  (1ull << 12)
#define SCR_TWE  (1ull << 13)
#define SCR_TLOR (1ull << 14)
#define SCR_TERR (1ull << 15)

#define SCTLR_M    (1ull << 0)
#define SCTLR_A    (1ull << 1)
#define SCTLR_C    (1ull << 2)
#define SCTLR_SA   (1ull << 3)
#define SCTLR_SA0  (1ull << 4)
#define SCTLR_UMA  (1ull << 9)
#define SCTLR_I    (1ull << 12)
#define SCTLR_DZE  (1ull << 14)
#define SCTLR_UCT  (1ull << 15)
#define SCTLR_NTWI (1ull << 16)
#define SCTLR_NTWE (1ull << 18)
#define SCTLR_WXN  (1ull << 19)
#define SCTLR_IESB (1ull << 21)
#define SCTLR_SPAN (1ull << 23)
#define SCTLR_E0E  (1ull << 24)
#define SCTLR_EE   (1ull << 25)
#define SCTLR_UCI  (1ull << 26)
#define SCTLR_DSSBS (1ull << 44)

#endif
