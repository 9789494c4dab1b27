/*
 * What an access to a system register must do, by sysreg_expect.def: the expectation of the unit
 * test (which asks the rows) and of the guest test (which runs the instructions). The includer has
 * u32, u64, BIT() and memory enough; nothing of the emulator is used here.
 *
 * Deliberately not here: values, except which bits a register holds; AArch32; Secure EL2; nested
 * virtualization and fine-grained traps, which no core has.
 */
#ifndef SYSREG_MODEL_H
#define SYSREG_MODEL_H

/* What a register needs. The first group is features, seen in the ID registers. */
enum {
	NEED_EL2 = 1 << 0,
	NEED_EL3 = 1 << 1,
	NEED_GIC = 1 << 2,
	NEED_VHE = 1 << 3,
	NEED_PAN = 1 << 4,
	NEED_PAN2 = 1 << 5,
	NEED_UAO = 1 << 6,
	NEED_SSBS = 1 << 7,
	NEED_LOR = 1 << 8,
	NEED_RAS = 1 << 9,
	NEED_DPB = 1 << 10,
	NEED_FP16 = 1 << 11,
	NEED_IESB = 1 << 12,
	NEED_HAFDBS = 1 << 13,
	NEED_HPDS = 1 << 14,
	NEED_HPDS2 = 1 << 15,
	NEED_TTCNP = 1 << 16,
	NEED_ASID16 = 1 << 17,
	NEED_VMID16 = 1 << 18,
	NEED_V80 = 1 << 19, /* Cortex-A53, A57, A72 */
	NEED_N1 = 1 << 20,
	NEED_PMU = 1 << 21,
	NEED_PMUv3p1 = 1 << 22,
	NEED_PMUv3p4 = 1 << 23,
	NEED_PMUv3p5 = 1 << 24,
	NEED_FEATURES = (1 << 25) - 1,

	NEED_EL2_ON = 1 << 25,	       /* EL3 must see EL2 enabled */
	NEED_NS = 1 << 26,	       /* SCR_EL3.NS */
	NEED_SP = 1 << 27,	       /* PSTATE.SP */
	NEED_SECURE_EL1 = 1 << 28,     /* EL3 and Secure EL1 alone */
	NEED_HIGHEST = 1 << 29,	       /* EL n is the highest */
	NEED_WRITE_HIGHEST = 1 << 30,  /* the highest EL alone writes it */
	NEED_BRP = 1ul << 31,	       /* breakpoint n */
	NEED_WRP = 1ul << 32,
	NEED_APR = 1ul << 33,	       /* active priority register n */
	NEED_LR = 1ul << 34,	       /* list register n */
	NEED_PMC = 1ul << 35,	       /* event counter n */
};

/* The control registers, in the order of sr_controls[]. */
enum sr_control {
	RG_SCR, RG_HCR, RG_CPTR3, RG_MDCR3, RG_SRE3, RG_CPTR2, RG_MDCR2, RG_CNTHCTL, RG_ICH,
	RG_SRE2, RG_SCTLR2, RG_SCTLR1, RG_CPACR, RG_CNTKCTL, RG_MDSCR, RG_PMUSERENR, RG_COUNT
};

#define SR_HCR_TGE BIT(27)
#define SR_HCR_E2H BIT(34)
#define SR_SCR_NS BIT(0)

enum sr_when { SET, CLR, ALL, NALL };
enum sr_dir { RD = 1, WR = 2, RW = 3 };
enum sr_in { ANY, GUEST, HOST, E2H0, E2H1, E2H1_TGE0 };
enum sr_how { SRV_W, SRV_w, SRV_Z, SRV_X };

enum sr_class {
	CL_NONE, CL_VM, CL_TID1, CL_TID2, CL_TID3, CL_TIDCP, CL_TACR, CL_TSW, CL_TPCP, CL_TPU,
	CL_TTLB, CL_CTR, CL_UCI_TPCP, CL_UCI_TPU, CL_ZVA, CL_UMA, CL_CPACR, CL_CPTR, CL_LOR,
	CL_ERR, CL_TDA, CL_TDOSA, CL_TDRA, CL_MDCR, CL_DCC, CL_FP, CL_FRQ, CL_PCT, CL_VCT, CL_CNTP,
	CL_CNTV, CL_CNTPS, CL_ICC0, CL_ICC1, CL_ICC, CL_DIR, CL_SGI, CL_SRE,
	CL_PM, CL_PMCR, CL_PMSWINC, CL_PMSELR, CL_PMCCNTR, CL_PMEVCNTR, CL_PMUSERENR, CL_COUNT
};

struct sr_row {
	const char *name;
	u8 op0, op1, crn, crm, op2, rd, wr, n;
	u64 needs;
	u8 class, how;
	u64 holds, res1;
};
struct sr_bits {
	const char *name;
	u64 needs; /* 0: the bits may be anything */
	u64 bits;
};
struct sr_vhe {
	const char *el1, *el2, *alias;
	u8 op1, crn, crm, op2;
};
struct sr_reset {
	const char *name;
	u64 mask, value;
};
struct sr_core {
	const char *name;
	u64 value[4]; /* cortex-a53, a57, a72, neoverse-n1 */
};
struct sr_trap {
	u8 class, reg, when, dir, from, in, target, ec;
	u64 bits;
};

#define REG(...)
#define HOLDS(...)
#define KEEPS(...)
#define VHE(...)
#define RESETS(...)
#define CORES(...)
#define TRAP(...)
#define N 4

#undef REG
#define REG(name, op0, op1, crn, crm, op2, rd, wr, needs, n, class, how, holds, res1) \
	{ name, op0, op1, crn, crm, op2, rd, wr, n, needs, CL_##class, SRV_##how, holds, res1 },
static const struct sr_row sr_rows[] = {
#include "sysreg_expect.def"
};
#undef REG
#define REG(...)

#undef HOLDS
#undef KEEPS
#define HOLDS(name, needs, bits) { name, needs, bits },
#define KEEPS(name, bits) { name, 0, bits },
static const struct sr_bits sr_bits[] = {
#include "sysreg_expect.def"
};
#undef HOLDS
#undef KEEPS
#define HOLDS(...)
#define KEEPS(...)

#undef VHE
#define VHE(el1, el2, alias, op1, crn, crm, op2) { el1, el2, alias, op1, crn, crm, op2 },
static const struct sr_vhe sr_vhe[] = {
#include "sysreg_expect.def"
};
#undef VHE
#define VHE(...)

#undef RESETS
#define RESETS(name, mask, value) { name, mask, value },
static const struct sr_reset sr_resets[] = {
#include "sysreg_expect.def"
};
#undef RESETS
#define RESETS(...)

#undef CORES
#define CORES(name, a53, a57, a72, n1) { name, { a53, a57, a72, n1 } },
__attribute__((unused)) static const struct sr_core sr_cores[] = {
#include "sysreg_expect.def"
};
#undef CORES
#define CORES(...)

#undef TRAP
#define TRAP(class, reg, bits, when, dir, from, in, target, ec) \
	{ CL_##class, RG_##reg, when, dir, from, in, target, ec, bits },
static const struct sr_trap sr_traps[] = {
#include "sysreg_expect.def"
};
#undef TRAP
#undef REG
#undef HOLDS
#undef KEEPS
#undef VHE
#undef RESETS
#undef N

#define SR_ROWS (sizeof(sr_rows) / sizeof(*sr_rows))
#define SR_TRAPS (sizeof(sr_traps) / sizeof(*sr_traps))
#define SR_VHES (sizeof(sr_vhe) / sizeof(*sr_vhe))

/* A PE and the state in which an access is made. */
struct sr_state {
	u64 has; /* NEED_* features */
	unsigned highest, n_brps, n_wrps, n_aprs, n_lrs, n_pmcs;
	unsigned el, sp;
	u64 reg[RG_COUNT];
};

struct sr_outcome {
	enum { SR_OK, SR_UNDEF, SR_TRAP } what;
	unsigned el; /* taken to */
	unsigned ec;
};

static inline int sr_same(const char *a, const char *b)
{
	for (; *a && *a == *b; a++)
		b++;
	return *a == *b;
}

static inline const struct sr_row *sr_named(const char *name)
{
	for (unsigned i = 0; i < SR_ROWS; i++)
		if (sr_same(sr_rows[i].name, name))
			return &sr_rows[i];
	return 0;
}

/* What E2H puts in the place of r at EL2. */
static inline const struct sr_row *sr_twin(const struct sr_row *r)
{
	static const struct sr_row *twins[SR_ROWS];
	const struct sr_row **t = &twins[r - sr_rows];

	for (unsigned i = 0; !*t && i < SR_VHES; i++)
		if (sr_same(sr_vhe[i].el1, r->name))
			*t = sr_named(sr_vhe[i].el2);
	if (!*t)
		*t = r;
	return *t;
}

/* The first of the traps of a class; they stand together. */
static inline unsigned sr_first_trap(enum sr_class class)
{
	static u8 first[CL_COUNT];

	if (!first[class]) {
		unsigned i = 0;

		while (i < SR_TRAPS && sr_traps[i].class != class)
			i++;
		first[class] = (u8)(i + 1);
	}
	return first[class] - 1u;
}

static inline int sr_el2_on(const struct sr_state *s)
{
	return (s->has & NEED_EL2) && (!(s->has & NEED_EL3) || (s->reg[RG_SCR] & SR_SCR_NS));
}

static inline int sr_e2h(const struct sr_state *s)
{
	return sr_el2_on(s) && (s->reg[RG_HCR] & SR_HCR_E2H);
}

static inline int sr_tge(const struct sr_state *s)
{
	return sr_el2_on(s) && (s->reg[RG_HCR] & SR_HCR_TGE);
}

/* Can this EL be entered in this state? */
static inline int sr_el_exists(const struct sr_state *s, unsigned el)
{
	switch (el) {
	case 0:
		return 1;
	case 1:
		return !sr_tge(s);
	case 2:
		return sr_el2_on(s);
	default:
		return s->highest == 3;
	}
}

static inline struct sr_outcome sr_undef(const struct sr_state *s)
{
	unsigned el = s->el ? s->el : sr_tge(s) ? 2 : 1;

	return (struct sr_outcome){ SR_UNDEF, el, 0 };
}

/* What is missing makes the access UNDEFINED. */
static inline int sr_missing(const struct sr_state *s, const struct sr_row *r, int write)
{
	u64 n = r->needs;
	int ns = !(s->has & NEED_EL3) || (s->reg[RG_SCR] & SR_SCR_NS);

	return ((n & NEED_EL2_ON) && !sr_el2_on(s)) || ((n & NEED_NS) && !ns) ||
	       ((n & NEED_SP) && !s->sp) ||
	       ((n & NEED_SECURE_EL1) && s->el != 3 && (s->el != 1 || ns)) ||
	       ((n & NEED_HIGHEST) && r->n != s->highest) ||
	       ((n & NEED_WRITE_HIGHEST) && write && s->el != s->highest) ||
	       ((n & NEED_BRP) && r->n >= s->n_brps) || ((n & NEED_WRP) && r->n >= s->n_wrps) ||
	       ((n & NEED_APR) && r->n >= s->n_aprs) || ((n & NEED_LR) && r->n >= s->n_lrs) ||
	       ((n & NEED_PMC) && r->n >= s->n_pmcs);
}

static inline int sr_in_state(const struct sr_state *s, enum sr_in in)
{
	int e2h = sr_e2h(s), tge = sr_tge(s);

	switch (in) {
	case GUEST:
		return !(e2h && tge);
	case HOST:
		return e2h && tge;
	case E2H0:
		return !e2h;
	case E2H1:
		return e2h;
	case E2H1_TGE0:
		return e2h && !tge;
	default:
		return 1;
	}
}

static inline int sr_triggers(u64 value, u64 bits, enum sr_when when)
{
	switch (when) {
	case SET:
		return (value & bits) != 0;
	case CLR:
		return (value & bits) == 0;
	case ALL:
		return (value & bits) == bits;
	default:
		return (value & bits) != bits;
	}
}

static inline int sr_trap_applies(const struct sr_state *s, const struct sr_trap *t, int write)
{
	if (!(t->dir & (write ? WR : RD)) || !(t->from >> s->el & 1) || !sr_in_state(s, t->in))
		return 0;
	if ((t->target == 2 || t->target == 0) && !sr_el2_on(s))
		return 0;
	if (t->target == 3 && !(s->has & NEED_EL3))
		return 0;
	return sr_triggers(s->reg[t->reg], t->bits, t->when);
}

static inline struct sr_outcome sr_trapped(const struct sr_state *s, const struct sr_trap *t)
{
	/* what EL1 would get goes to EL2 under TGE, FP as an unknown reason */
	if (t->target == 1 && s->el == 0 && sr_tge(s))
		return (struct sr_outcome){ SR_TRAP, 2, t->ec == 0x07 ? 0 : t->ec };
	return (struct sr_outcome){ SR_TRAP, t->target, t->ec };
}

static inline struct sr_outcome sr_traps_of(const struct sr_state *s, enum sr_class class,
					    int write)
{
	for (unsigned i = sr_first_trap(class); i < SR_TRAPS; i++) {
		const struct sr_trap *t = &sr_traps[i];

		if (t->class != class)
			break;
		if (!sr_trap_applies(s, t, write))
			continue;
		if (!t->target)
			break;
		return sr_trapped(s, t);
	}
	return (struct sr_outcome){ SR_OK, 0, 0 };
}

/* The register itself, whatever E2H makes of its name. */
static inline struct sr_outcome sr_expect_row(const struct sr_state *s, const struct sr_row *r,
					      int write)
{
	u64 lacks = r->needs & NEED_FEATURES & ~s->has;

	/* TIDCP comes before anything else: the space is IMPLEMENTATION DEFINED */
	if (r->class == CL_TIDCP) {
		struct sr_outcome o = sr_traps_of(s, CL_TIDCP, write);

		if (o.what != SR_OK)
			return o;
	}
	if (s->el < (write ? r->wr : r->rd))
		return sr_undef(s);
	/* EL2's registers are RES0 to EL3 where there is no EL2 */
	if (lacks == NEED_EL2 && s->el == 3 && r->op0 != 1)
		return (struct sr_outcome){ SR_OK, 0, 0 };
	if (lacks || sr_missing(s, r, write))
		return sr_undef(s);
	return sr_traps_of(s, (enum sr_class)r->class, write);
}

/* An access by the row's own encoding; by the alias of pair v (sr_vhe[]). */
static inline struct sr_outcome sr_expect(const struct sr_state *s, const struct sr_row *r,
					  int write)
{
	return sr_expect_row(s, s->el == 2 && sr_e2h(s) ? sr_twin(r) : r, write);
}

static inline struct sr_outcome sr_expect_alias(const struct sr_state *s, const struct sr_vhe *v,
						int write)
{
	if (s->el < 2 || !sr_e2h(s))
		return sr_undef(s);
	return sr_expect_row(s, sr_named(v->el1), write);
}

/* An encoding that nobody has. */
static inline struct sr_outcome sr_expect_nothing(const struct sr_state *s, unsigned op0,
						  unsigned crn, int write)
{
	struct sr_outcome o = { SR_OK, 0, 0 };

	if ((op0 == 1 || op0 == 3) && (crn == 11 || crn == 15))
		o = sr_traps_of(s, CL_TIDCP, write);
	return o.what == SR_TRAP ? o : sr_undef(s);
}

/* ---- states to look at ---- */

/* Nothing traps. */
static inline void sr_quiet(struct sr_state *s)
{
	for (unsigned i = 0; i < RG_COUNT; i++)
		s->reg[i] = 0;
	s->reg[RG_SCR] = SR_SCR_NS;
	for (unsigned i = 0; i < SR_TRAPS; i++)
		if (sr_traps[i].when == CLR || sr_traps[i].when == NALL)
			s->reg[sr_traps[i].reg] |= sr_traps[i].bits;
}

static inline u64 sr_random(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Every bit of every control at random: what comes first when several apply? */
static inline void sr_mix(struct sr_state *s, u64 seed)
{
	sr_quiet(s);
	for (unsigned i = 0; i < SR_TRAPS; i++)
		s->reg[sr_traps[i].reg] ^= sr_random(&seed) & sr_random(&seed) & sr_traps[i].bits;
}

/* Bit `bit` of trap i, and no trap before it has the same bit of the same register. */
static inline int sr_new_bit(unsigned i, unsigned bit)
{
	if (!(sr_traps[i].bits >> bit & 1))
		return 0;
	for (unsigned k = 0; k < i; k++)
		if (sr_traps[k].reg == sr_traps[i].reg && (sr_traps[k].bits >> bit & 1))
			return 0;
	return 1;
}

/* How many states have one bit of one control. */
static inline unsigned sr_singles(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SR_TRAPS; i++)
		for (unsigned bit = 0; bit < 64; bit++)
			n += (unsigned)sr_new_bit(i, bit);
	return n;
}

/* Is a register of that class trapped by anything in which the states differ? */
static inline int sr_concerns(const struct sr_state *a, const struct sr_state *b,
			      enum sr_class class)
{
	for (unsigned i = sr_first_trap(class); i < SR_TRAPS && sr_traps[i].class == class; i++)
		if (a->reg[sr_traps[i].reg] != b->reg[sr_traps[i].reg])
			return 1;
	return 0;
}

/*
 * State k: 0 quiet; then each bit of each control alone; then SR_MIXES mixtures. `world` is E2H,
 * TGE, Secure as bits 0 to 2. False: no such state.
 */
#ifndef SR_MIXES
#define SR_MIXES 24
#endif
static inline int sr_state_number(struct sr_state *s, unsigned k, unsigned world)
{
	sr_quiet(s);
	if (k) {
		unsigned i = 0, bit = 0;

		for (k--; i < SR_TRAPS; bit == 63 ? (i++, bit = 0) : bit++)
			if (sr_new_bit(i, bit) && !k--)
				break;
		if (i < SR_TRAPS)
			s->reg[sr_traps[i].reg] ^= 1ul << bit;
		else if (k < SR_MIXES)
			sr_mix(s, 0x9e3779b97f4a7c15ul * (k + 1));
		else
			return 0;
	}
	s->reg[RG_HCR] &= ~(SR_HCR_E2H | SR_HCR_TGE);
	if (world & 1)
		s->reg[RG_HCR] |= SR_HCR_E2H;
	if (world & 2)
		s->reg[RG_HCR] |= SR_HCR_TGE;
	s->reg[RG_SCR] = (s->reg[RG_SCR] & ~SR_SCR_NS) | (world & 4 ? 0 : SR_SCR_NS);
	return 1;
}

static inline int sr_world_exists(const struct sr_state *s, unsigned world)
{
	if ((world & 1) && !(s->has & NEED_VHE))
		return 0;
	if ((world & 3) && !(s->has & NEED_EL2))
		return 0;
	return !(world & 4) || (world == 4 && (s->has & NEED_EL3));
}

/* What the ID registers say: ID_AA64PFR0, PFR1, ISAR1, MMFR0, MMFR1, MMFR2, DFR0, MIDR. The caller adds what others say. */
struct sr_ids {
	u64 pfr0, pfr1, isar1, mmfr0, mmfr1, mmfr2, dfr0, midr;
};

static inline void sr_identify(struct sr_state *s, const struct sr_ids *id)
{
	const struct {
		u64 reg;
		u8 shift, min;
		u32 need;
	} f[] = {
		{ id->pfr0, 8, 1, NEED_EL2 },	    { id->pfr0, 12, 1, NEED_EL3 },
		{ id->pfr0, 24, 1, NEED_GIC },	    { id->pfr0, 28, 1, NEED_RAS },
		{ id->pfr1, 4, 2, NEED_SSBS },	    { id->isar1, 0, 1, NEED_DPB },
		{ id->mmfr0, 4, 2, NEED_ASID16 },   { id->mmfr1, 0, 2, NEED_HAFDBS },
		{ id->mmfr1, 4, 2, NEED_VMID16 },   { id->mmfr1, 8, 1, NEED_VHE },
		{ id->mmfr1, 12, 1, NEED_HPDS },    { id->mmfr1, 12, 2, NEED_HPDS2 },
		{ id->mmfr1, 16, 1, NEED_LOR },	    { id->mmfr1, 20, 1, NEED_PAN },
		{ id->mmfr1, 20, 2, NEED_PAN2 },    { id->mmfr2, 0, 1, NEED_TTCNP },
		{ id->mmfr2, 4, 1, NEED_UAO },	    { id->mmfr2, 12, 1, NEED_IESB },
		{ id->dfr0, 8, 1, NEED_PMU },	    { id->dfr0, 8, 4, NEED_PMUv3p1 },
		{ id->dfr0, 8, 5, NEED_PMUv3p4 },   { id->dfr0, 8, 6, NEED_PMUv3p5 },
	};
	u32 part = id->midr >> 4 & 0xfff;

	s->has = 0;
	for (unsigned i = 0; i < sizeof(f) / sizeof(*f); i++)
		if ((f[i].reg >> f[i].shift & 15) >= f[i].min)
			s->has |= f[i].need;
	if ((id->pfr0 >> 16 & 15) == 1)
		s->has |= NEED_FP16;
	if (id->midr >> 24 == 0x41)
		s->has |= part == 0xd03 || part == 0xd07 || part == 0xd08 ? NEED_V80 :
			  part == 0xd0c					  ? NEED_N1 :
									    0;
	s->highest = s->has & NEED_EL3 ? 3 : s->has & NEED_EL2 ? 2 : 1;
	s->n_brps = (id->dfr0 >> 12 & 15) + 1;
	s->n_wrps = (id->dfr0 >> 20 & 15) + 1;
}

/* Bits that hold what is written, and those that may do so. */
static inline u64 sr_bits_of(const struct sr_state *s, const struct sr_row *r, int keeps)
{
	u64 bits = keeps ? 0 : r->holds;

	for (unsigned i = 0; i < sizeof(sr_bits) / sizeof(*sr_bits); i++)
		if (sr_same(sr_bits[i].name, r->name) && (sr_bits[i].needs == 0) == keeps &&
		    !(sr_bits[i].needs & ~s->has))
			bits |= sr_bits[i].bits;
	return bits;
}

#endif
