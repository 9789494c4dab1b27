/*
 * A translation regime as data: all that walker and TLB need to know of system registers, computed by
 * the CPU whenever one of them changes. mmu/ never looks at a CPU.
 */
#ifndef MMU_REGIME_H
#define MMU_REGIME_H

#include "base/types.h"

enum regime_kind { REGIME_EL10, REGIME_EL20, REGIME_EL2, REGIME_EL3 };

/* What the core's MMU implements, from its feature row. */
struct mmu_features {
	u8 pa_bits;              /* 32..48 */
	u8 asid_bits, vmid_bits; /* 8 or 16, as ID_AA64MMFR0/1 say */
	bool gran4, gran16, gran64;
	bool haf, hdbs;          /* FEAT_HAFDBS: access flag, dirty state */
	bool hpd, hpds2;         /* hierarchical permission disable; PBHA bits are read but ignored */
	bool xnx;                /* FEAT_XNX */
	bool ttcnp;              /* FEAT_TTCNP */
	bool pan, uao;
	bool vhe;
	bool st;                 /* FEAT_TTST small tables */
	bool ttl, tlbirange, tlbios;
	bool s2fwb;
	bool bbm2;               /* FEAT_BBM level 2 */
	bool e0pd;
	bool lva;
};

struct regime {
	u8 kind;         /* enum regime_kind */
	u8 space;        /* enum space: security state of the regime */
	bool s1, s2;     /* stages enabled: effective SCTLR.M (0 when HCR.DC or TGE rule so); effective HCR.VM or DC, EL1&0 only */
	bool two_ranges; /* EL10, EL20: TTBR0 and TTBR1 */
	bool s1_be, s2_be; /* byte order of table descriptors: SCTLR_ELx.EE, SCTLR_EL2.EE */
	bool vm_tag;     /* VMID is part of the match (EL1&0 and EL2 enabled in this security state) */
	u16 asid, vmid;  /* asid: from the TTBR that TCR.A1 names; already cut to 8 bits where the core or TCR.AS says so */
	u64 sctlr;       /* of the regime: WXN, C, I, EE are read */
	u64 tcr, mair, ttbr[2];
	u64 hcr;         /* effective HCR_EL2: DC, PTW, CD, ID, VM, FWB, NV1 */
	u64 vtcr, vttbr;
	const struct mmu_features *feat;
};

/* What is asked of a translation. */
enum { ACC_READ = 1, ACC_WRITE = 2, ACC_FETCH = 4 };
struct access {
	u8 what;     /* ACC_* bits; an atomic is READ | WRITE */
	bool priv;   /* made as EL1+ (false: EL0 or unprivileged forms) */
	bool pan;    /* PSTATE.PAN applies to this access */
	bool unaligned; /* for Device memory: an alignment fault, which comes before permissions (DDI0487 D8.15.5) */
	bool cm;     /* cache maintenance or address translation: a write-permission check with CM=1 rules is the caller's */
	bool atop;   /* AT instruction or debugger: pure, no descriptor updates, no counting */
	bool look; /* the debugger, with what == 0: mapped is enough, also for tables; no rights, no access flags */
	bool s1_only; /* AT S1xx of a two-stage regime: stop at the IPA (pa == ipa); table reads still go through stage 2 */
};

/* Page permissions, one stage. */
enum { PERM_PR = 1, PERM_PW = 2, PERM_PX = 4, PERM_UR = 8, PERM_UW = 16, PERM_UX = 32 };

enum fault_kind {
	FAULT_NONE,
	FAULT_ADDR_SIZE,
	FAULT_TRANSLATION,
	FAULT_ACCESS_FLAG,
	FAULT_PERMISSION,
	FAULT_ALIGNMENT,
	FAULT_EXTERNAL,      /* synchronous external abort on the access itself */
	FAULT_EXTERNAL_WALK, /* synchronous external abort on a table walk (level, s1ptw tell where) */
	FAULT_TLB_CONFLICT,
	FAULT_ATOMIC,        /* unsupported exclusive or atomic access */
	FAULT_DEBUG,         /* watchpoint */
};

struct fault {
	u8 kind;     /* enum fault_kind */
	u8 stage;    /* 1 or 2 */
	s8 level;    /* -1..3 */
	bool s1ptw;  /* a stage-2 fault on a stage-1 descriptor access */
	bool write;  /* WnR of a stage-2 fault on a table walk is about the walk's own access (hardware update) */
	ipa ipa;     /* stage 2: the faulting intermediate address */
};

/*
 * A finished translation of the page around a VA. pa is that of the VA itself (offset included) as walk and TLB return it.
 * Attributes: attr is MAIR-encoded (0x00 nGnRnE, 0x04 nGnRE, 0x08 nGRE, 0x0c GRE, else Normal inner/outer nibbles), after both
 * stages were combined; sh: 0 non, 2 outer, 3 inner.
 */
struct xlat {
	struct fault fault;   /* kind FAULT_NONE: the rest is valid */
	pa pa;
	ipa ipa;
	u8 attr, sh;
	u8 size;              /* log2 of the effective page (smaller of both stages, contiguous included) */
	u8 s1_size, s1_level; /* stage-1 leaf (size without the contiguous hint); 0 when stage 1 is off */
	u8 s2_size, s2_level;
	u8 s1_perm, s2_perm;  /* PERM_* */
	u8 s2_attr;           /* MemAttr of the stage-2 leaf, as in the descriptor */
	bool global;          /* not tagged with the ASID */
	bool s1_dbm_clean;    /* writable by DBM but not yet dirty: a write must walk again and mark it */
	bool s2_dbm_clean;
};

#define ATTR_NON_CACHEABLE 0x44
static inline bool attr_is_device(u8 attr)
{
	return (attr & 0xf0) == 0;
}

/* Whether the two stages' permissions, PAN and WXN allow the access; fault kind/stage/level are set in *f when not. */
bool s1_aligned(const struct xlat *x, struct access a, struct fault *f);
bool s1_permits(const struct regime *r, const struct xlat *x, struct access a, struct fault *f);
bool s2_permits(const struct regime *r, const struct xlat *x, struct access a, struct fault *f);
bool xlat_permits(const struct regime *r, const struct xlat *x, struct access a, struct fault *f);

#endif
