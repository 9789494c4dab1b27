/*
 * The timers' system registers as rows: CNTFRQ, the counters, five timers of three registers each,
 * the controls with their traps, and the aliases that VHE brings.
 */
#include "timer/timer_priv.h"

static bool host_el0(const struct cpu *c)
{
	return c->el == 0 && (~c->hcr_eff & (HCR_E2H | HCR_TGE)) == 0;
}

/*
 * What lets EL0 and EL1 in, as bit numbers: `el0` in CNTKCTL_EL1, or in CNTHCTL_EL2 for a host's
 * EL0; `el1` in CNTHCTL_EL2 by E2H, for EL0 and EL1 under EL2 (-1: always).
 */
struct gate {
	u8 el0;
	s8 el1[2];
};
static const struct gate gate_pct = { CNT_EL0PCTEN, { CNTH_EL1PCTEN, CNT_EL1PCTEN } };
static const struct gate gate_vct = { CNT_EL0VCTEN, { -1, -1 } };
static const struct gate gate_p = { CNT_EL0PTEN, { CNTH_EL1PCEN, CNT_EL1PTEN } };
static const struct gate gate_v = { CNT_EL0VTEN, { -1, -1 } };

static enum sysreg_access el0_trap(const struct cpu *c)
{
	return c->hcr_eff & HCR_TGE ? SYS_TRAP_EL2 : SYS_TRAP_EL1;
}

static enum sysreg_access check_gate(const struct cpu *c, const struct gate *g)
{
	const struct timer_pe *p = timer_of(c);
	s8 el1 = g->el1[!!(c->hcr_eff & HCR_E2H)];

	if (host_el0(c))
		return bit(p->cnthctl, g->el0) ? SYS_OK : SYS_TRAP_EL2;
	if (c->el == 0 && !bit(p->cntkctl, g->el0))
		return el0_trap(c);
	if (c->el <= 1 && c->el2_on && el1 >= 0 && !bit(p->cnthctl, (unsigned)el1))
		return SYS_TRAP_EL2;
	return SYS_OK;
}

static enum sysreg_access check_pct(const struct cpu *c, const struct sysreg *r, bool write)
{
	return check_gate(c, &gate_pct);
}

static enum sysreg_access check_vct(const struct cpu *c, const struct sysreg *r, bool write)
{
	return check_gate(c, &gate_vct);
}

static enum sysreg_access check_p(const struct cpu *c, const struct sysreg *r, bool write)
{
	return check_gate(c, &gate_p);
}

static enum sysreg_access check_v(const struct cpu *c, const struct sysreg *r, bool write)
{
	return check_gate(c, &gate_v);
}

/* Secure software alone: EL3, and Secure EL1 when SCR_EL3.ST lets it. */
static enum sysreg_access check_ps(const struct cpu *c, const struct sysreg *r, bool write)
{
	if (c->el == 3)
		return SYS_OK;
	if (c->el == 2 || !cpu_el_secure(c, c->el))
		return SYS_UNDEF;
	return c->sys.scr_el3 & SCR_ST ? SYS_OK : SYS_TRAP_EL3;
}

/* EL0 reads the frequency if it may read either counter; the highest EL alone writes it. */
static enum sysreg_access check_frq(const struct cpu *c, const struct sysreg *r, bool write)
{
	const struct timer_pe *p = timer_of(c);
	unsigned highest = cpu_has(c, FEAT(EL3)) ? 3 : cpu_has(c, FEAT(EL2)) ? 2 : 1;
	u64 either = BIT(CNT_EL0PCTEN) | BIT(CNT_EL0VCTEN);

	if (write)
		return c->el == highest ? SYS_OK : SYS_UNDEF;
	if (host_el0(c))
		return p->cnthctl & either ? SYS_OK : SYS_TRAP_EL2;
	return c->el || (p->cntkctl & either) ? SYS_OK : el0_trap(c);
}

static u64 read_frq(struct cpu *c, const struct sysreg *r)
{
	return timer_of(c)->cntfrq;
}

static void write_frq(struct cpu *c, const struct sysreg *r, u64 v)
{
	timer_of(c)->cntfrq = (u32)v;
}

static u64 read_pct(struct cpu *c, const struct sysreg *r)
{
	return timer_count(c);
}

static u64 peek_pct(struct cpu *c, const struct sysreg *r)
{
	return timer_peek(c);
}

/* A host sees the physical count: CNTVOFF_EL2 is taken as 0 at EL2 with E2H and at its EL0. */
static u64 virtual_offset(const struct cpu *c)
{
	bool host = host_el0(c) || (c->el == 2 && (c->hcr_eff & HCR_E2H));

	return host ? 0 : timer_of(c)->cntvoff;
}

static u64 read_vct(struct cpu *c, const struct sysreg *r)
{
	return timer_count(c) - virtual_offset(c);
}

static u64 peek_vct(struct cpu *c, const struct sysreg *r)
{
	return timer_peek(c) - virtual_offset(c);
}

/*
 * The timer that a row means here: a host's EL0 reaches the EL2 timers by the names of the EL1
 * ones.
 */
static enum timer_id which(const struct cpu *c, const struct sysreg *r)
{
	if (host_el0(c) && r->arg == TIMER_PHYS)
		return TIMER_HYP;
	if (host_el0(c) && r->arg == TIMER_VIRT)
		return TIMER_HYPVIRT;
	return r->arg;
}

static u64 peek_ctl(struct cpu *c, const struct sysreg *r)
{
	return timer_look(c, which(c, r)).ctl;
}

static u64 read_ctl(struct cpu *c, const struct sysreg *r)
{
	timer_count(c); /* ISTATUS tells of the counter: it counts as a look at it */
	return peek_ctl(c, r);
}

static void write_ctl(struct cpu *c, const struct sysreg *r, u64 v)
{
	struct timer_pe *p = timer_of(c);
	enum timer_id id = which(c, r);

	p->timer[id].ctl = v & (CTL_ENABLE | CTL_IMASK);
	timer_changed(p, id);
}

static u64 read_cval(struct cpu *c, const struct sysreg *r)
{
	return timer_of(c)->timer[which(c, r)].cval;
}

static void set_cval(struct cpu *c, enum timer_id id, u64 v)
{
	timer_of(c)->timer[id].cval = v;
	timer_changed(timer_of(c), id);
}

static void write_cval(struct cpu *c, const struct sysreg *r, u64 v)
{
	set_cval(c, which(c, r), v);
}

static u64 tval(const struct cpu *c, enum timer_id id, u64 count)
{
	return (u32)(timer_of(c)->timer[id].cval - (count - timer_offset(timer_of(c), id)));
}

static u64 read_tval(struct cpu *c, const struct sysreg *r)
{
	return tval(c, which(c, r), timer_count(c));
}

static u64 peek_tval(struct cpu *c, const struct sysreg *r)
{
	return tval(c, which(c, r), timer_peek(c));
}

static void write_tval(struct cpu *c, const struct sysreg *r, u64 v)
{
	enum timer_id id = which(c, r);

	set_cval(c, id, timer_count(c) - timer_offset(timer_of(c), id) + (u64)sext(v, 32));
}

static u64 read_kctl(struct cpu *c, const struct sysreg *r)
{
	return timer_of(c)->cntkctl;
}

static void write_kctl(struct cpu *c, const struct sysreg *r, u64 v)
{
	timer_of(c)->cntkctl = v & MASK(9, 0);
	timer_stream_changed(timer_of(c));
}

static u64 read_hctl(struct cpu *c, const struct sysreg *r)
{
	return timer_of(c)->cnthctl;
}

static void write_hctl(struct cpu *c, const struct sysreg *r, u64 v)
{
	timer_of(c)->cnthctl = v & (cpu_has(c, FEAT(VHE)) ? MASK(11, 0) : MASK(7, 0));
	timer_stream_changed(timer_of(c));
}

static u64 read_voff(struct cpu *c, const struct sysreg *r)
{
	return timer_of(c)->cntvoff;
}

static void write_voff(struct cpu *c, const struct sysreg *r, u64 v)
{
	timer_of(c)->cntvoff = v;
	timer_changed(timer_of(c), TIMER_VIRT);
	timer_stream_changed(timer_of(c));
}

/*
 * The three registers of a timer: TVAL, CTL, CVAL at op2 0 to 2; `twin` and `alias` give op1 and
 * CRm of theirs.
 */
#define REG(reg_name, encoding, reg_rights, ...)                                                   \
	{                                                                                          \
		.name = reg_name, .enc = encoding, .rights = reg_rights, __VA_ARGS__               \
	}
#define TIMER(prefix, suffix, op1, crm, reg_rights, id, chk, feat, twin, alias)                    \
	REG(prefix "_TVAL_" suffix, SR(3, op1, 14, crm, 0), reg_rights, .flags = SRF_ENDS_BLOCK,   \
	    .arg = id, .check = chk, .feature = feat, .e2h = twin(0), .el12 = alias(0),            \
	    .read = read_tval, .write = write_tval, .peek = peek_tval),                            \
		REG(prefix "_CTL_" suffix, SR(3, op1, 14, crm, 1), reg_rights,                     \
		    .flags = SRF_ENDS_BLOCK, .arg = id, .check = chk, .feature = feat,             \
		    .e2h = twin(1), .el12 = alias(1), .read = read_ctl, .write = write_ctl,        \
		    .peek = peek_ctl),                                                             \
		REG(prefix "_CVAL_" suffix, SR(3, op1, 14, crm, 2), reg_rights,                    \
		    .flags = SRF_ENDS_BLOCK, .arg = id, .check = chk, .feature = feat,             \
		    .e2h = twin(2), .el12 = alias(2), .read = read_cval, .write = write_cval)
#define NO_TWIN(op2)   0
#define TWIN_HP(op2)   SR(3, 4, 14, 2, op2)
#define TWIN_HV(op2)   SR(3, 4, 14, 3, op2)
#define ALIAS_P02(op2) SR(3, 5, 14, 2, op2)
#define ALIAS_V02(op2) SR(3, 5, 14, 3, op2)

const struct sysreg timer_sysregs[] = {
	REG("CNTFRQ_EL0", SR(3, 3, 14, 0, 0), PL0_R | PL1_W, .check = check_frq, .read = read_frq,
	    .write = write_frq),
	REG("CNTPCT_EL0", SR(3, 3, 14, 0, 1), PL0_R, .check = check_pct, .read = read_pct, .peek = peek_pct),
	REG("CNTVCT_EL0", SR(3, 3, 14, 0, 2), PL0_R, .check = check_vct, .read = read_vct, .peek = peek_vct),
	REG("CNTKCTL_EL1", SR(3, 0, 14, 1, 0), PL1_RW, .e2h = SR(3, 4, 14, 1, 0),
	    .el12 = SR(3, 5, 14, 1, 0), .read = read_kctl, .write = write_kctl),
	REG("CNTHCTL_EL2", SR(3, 4, 14, 1, 0), PL2_RW, .feature = FEAT(EL2), .read = read_hctl,
	    .write = write_hctl),
	REG("CNTVOFF_EL2", SR(3, 4, 14, 0, 3), PL2_RW, .feature = FEAT(EL2),
	    .flags = SRF_ENDS_BLOCK, .read = read_voff, .write = write_voff),
	TIMER("CNTP", "EL0", 3, 2, PL0_RW, TIMER_PHYS, check_p, 0, TWIN_HP, ALIAS_P02),
	TIMER("CNTV", "EL0", 3, 3, PL0_RW, TIMER_VIRT, check_v, 0, TWIN_HV, ALIAS_V02),
	TIMER("CNTHP", "EL2", 4, 2, PL2_RW, TIMER_HYP, NULL, FEAT(EL2), NO_TWIN, NO_TWIN),
	TIMER("CNTHV", "EL2", 4, 3, PL2_RW, TIMER_HYPVIRT, NULL, FEAT(VHE) | FEAT(EL2), NO_TWIN,
	      NO_TWIN),
	TIMER("CNTPS", "EL1", 7, 2, PL1_RW, TIMER_SEC, check_ps, FEAT(EL3), NO_TWIN, NO_TWIN),
};
const size_t timer_sysregs_n = ARRAY_SIZE(timer_sysregs);
