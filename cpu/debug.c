/*
 * Self-hosted debug: software step state machine, hardware breakpoints and watchpoints (DDI0487
 * D2.8 to D2.11). External debug (halting), vector catch and address-mismatch breakpoints (AArch32
 * only) do not exist here. The engine calls in at the points that cpu/debug.h lists; exception.c
 * asks for PSTATE.SS at ERET.
 */
#include "cpu/debug.h"

#include "base/bits.h"
#include "cpu/halt.h"
#include "cpu/sysreg.h"
#include "cpu/syndrome.h"

unsigned debug_target(const struct cpu *c, bool secure)
{
	/* DDI0487 D2.4: EL2 when MDCR_EL2.TDE or HCR_EL2.TGE route there */
	bool el2 = cpu_has(c, FEAT(EL2)) && !secure &&
		   ((c->sys.hcr_el2 & HCR_TGE) || (c->sys.mdcr_el2 & MDCR_TDE));

	return el2 ? 2 : 1;
}

/* FEAT_DoubleLock: OSDLR_EL1.DLK, unless DBGPRCR_EL1.CORENPDRQ keeps the power on (DDI0487 H4) */
static bool double_locked(const struct cpu *c)
{
	return (c->sys.osdlr_el1 & 1) && !(c->sys.dbgprcr_el1 & 1);
}

bool debug_enabled_from(const struct cpu *c, unsigned from, bool secure, bool masked)
{
	unsigned target = debug_target(c, secure);

	if ((c->sys.oslsr_el1 & OSLSR_OSLK) || double_locked(c))
		return false;
	if (secure && cpu_has(c, FEAT(EL3)) && (c->sys.mdcr_el3 & MDCR_SDD))
		return false;
	if (from == target)
		return (c->sys.mdscr_el1 & MDSCR_KDE) && !masked;
	return target > from;
}

bool debug_enabled(const struct cpu *c)
{
	return debug_enabled_from(c, c->el, c->secure, c->daif & 8);
}

bool debug_return_ss(const struct cpu *c, unsigned el, bool secure, u64 spsr)
{
	if (!(c->sys.mdscr_el1 & MDSCR_SS) || !(spsr & BIT(21)))
		return false;
	return !debug_enabled(c) && debug_enabled_from(c, el, secure, bit(spsr, 9));
}

bool debug_step_active(const struct cpu *c)
{
	return (c->sys.mdscr_el1 & MDSCR_SS) && debug_enabled(c);
}

bool debug_step_due(struct cpu *c)
{
	if (c->ss || !debug_step_active(c))
		return false; /* inactive, or active-not-pending: one instruction runs */
	c->exit.kind = EXIT_STEP;
	c->exit.iss = c->step_iss;
	return true;
}

void debug_stepped(struct cpu *c, bool exclusive)
{
	if (!c->ss)
		return;
	c->ss = false;
	c->step_iss = ISS_STEP_ISV | (exclusive ? ISS_STEP_EX : 0);
}

/* Fields that DBGBCR and DBGWCR share (DDI0487 D2.8.3, D2.10.4). */
struct debug_match {
	unsigned hmc, ssc, pac;
	bool linked;
	unsigned lbn;
};

static bool context_match(const struct cpu *c, unsigned n);

/* Whether the EL and security state are those that HMC, SSC and PAC/PMC name. */
static bool state_match(const struct cpu *c, struct debug_match m, unsigned el)
{
	bool priv;

	switch (el) {
	case 3:
		priv = m.hmc && !(m.ssc & 1);
		break;
	case 2:
		priv = (m.hmc && (m.ssc << 2 | m.pac) != 8) || m.ssc == 3;
		break;
	default:
		priv = m.pac >> (el == 1 ? 0 : 1) & 1;
		break;
	}
	if (!priv)
		return false;
	if ((m.ssc == 1 && c->secure) || (m.ssc == 2 && !c->secure) ||
	    (m.ssc == 3 && !m.hmc && !c->secure))
		return false;
	return !m.linked || context_match(c, m.lbn);
}

/* Breakpoints that can match a context: the last CTX_CMPs + 1. */
static bool context_aware(const struct cpu *c, unsigned n)
{
	unsigned cmps = (unsigned)bits(c->core.id.aa64dfr[0], 31, 28) + 1;

	return n < c->core.n_brps && n + cmps >= c->core.n_brps;
}

static bool contextidr_el1_match(const struct cpu *c, u32 id)
{
	bool host = c->hcr_eff & HCR_E2H;

	if (c->el == 2 && host)
		return (u32)c->sys.contextidr[2] == id;
	if (c->el == 0 && host && (c->hcr_eff & HCR_TGE))
		return (u32)c->sys.contextidr[2] == id;
	return c->el < 2 && (u32)c->sys.contextidr[1] == id;
}

static bool vmid_match(const struct cpu *c, u64 bvr)
{
	bool wide = c->core.mmu.vmid_bits == 16 && bit(c->sys.vtcr_el2, 19);
	u64 mask = wide ? 0xffff : 0xff;

	if (c->el > 1 || !c->el2_on || (c->hcr_eff & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE))
		return false;
	return ((bvr >> 32 ^ c->sys.vttbr_el2 >> 48) & mask) == 0;
}

/* What DBGBCR.BT<3:1> compares when it is not an address: one bit each. */
enum { CMP_CTX1 = 1, CMP_VMID = 2, CMP_CTX2 = 4 };
static const u8 context_kinds[8] = {
	[1] = CMP_CTX1, [3] = CMP_CTX1,
	[4] = CMP_VMID, [5] = CMP_VMID | CMP_CTX1,
	[6] = CMP_CTX2, [7] = CMP_CTX1 | CMP_CTX2,
};

static bool context_value_match(const struct cpu *c, u64 bcr, u64 bvr)
{
	unsigned bt = (unsigned)bits(bcr, 23, 20) >> 1, what = context_kinds[bt];

	if ((bt == 3 || bt >= 6) && !cpu_has(c, FEAT(VHE)))
		return false; /* reserved types */
	if (!what)
		return false;
	if (bt == 3) /* CONTEXTIDR_EL1 alone, whatever E2H says */
		return c->el < 2 && (u32)c->sys.contextidr[1] == (u32)bvr;
	if (bt == 7 && (c->el > 1 || (u32)c->sys.contextidr[1] != (u32)bvr))
		return false;
	if (bt != 7 && (what & CMP_CTX1) && !contextidr_el1_match(c, (u32)bvr))
		return false;
	if ((what & CMP_VMID) && !vmid_match(c, bvr))
		return false;
	return !(what & CMP_CTX2) ||
	       (c->el2_on && c->el < 3 && (u32)c->sys.contextidr[2] == bvr >> 32);
}

/* Breakpoint n as the linked context of another one: odd types only. */
static bool context_match(const struct cpu *c, unsigned n)
{
	u64 bcr;

	if (!context_aware(c, n))
		return false;
	bcr = c->sys.dbgbcr[n];
	return (bcr & 1) && bit(bcr, 20) && context_value_match(c, bcr, c->sys.dbgbvr[n]);
}

static bool breakpoint_match(const struct cpu *c, unsigned n, u64 pc)
{
	u64 bcr = c->sys.dbgbcr[n], bvr = c->sys.dbgbvr[n];
	unsigned bt = (unsigned)bits(bcr, 23, 20);
	struct debug_match m = { (unsigned)bit(bcr, 13), (unsigned)bits(bcr, 15, 14),
				 (unsigned)bits(bcr, 2, 1), bt == 1, (unsigned)bits(bcr, 19, 16) };

	if (!(bcr & 1) || !state_match(c, m, c->el))
		return false;
	if (bt <= 1)
		return ((bvr ^ pc) & MASK(48, 2)) == 0;
	if (bt & 1)
		return false; /* context part of a linked pair: alone it matches nothing */
	return context_aware(c, n) && context_value_match(c, bcr, bvr);
}

bool debug_breakpoints_on(const struct cpu *c)
{
	u64 any = 0;

	if (!(c->sys.mdscr_el1 & MDSCR_MDE) || !debug_enabled(c))
		return false;
	for (unsigned n = 0; n < c->core.n_brps; n++)
		any |= c->sys.dbgbcr[n];
	return any & 1;
}

bool debug_breakpoint(struct cpu *c, u64 pc)
{
	if (!debug_breakpoints_on(c))
		return false;
	for (unsigned n = 0; n < c->core.n_brps; n++) {
		if (!breakpoint_match(c, n, pc))
			continue;
		c->exit.kind = EXIT_BREAKPOINT;
		c->exit.iss = 0x22;
		return true;
	}
	return false;
}

/* The bytes that watchpoint n watches: [*first, *first + *len), bytes chosen by BAS in *mask when
 * len is 8. */
static void watch_range(const struct cpu *c, unsigned n, u64 *first, u64 *len, unsigned *bas)
{
	u64 wcr = c->sys.dbgwcr[n], wvr = (u64)sext(c->sys.dbgwvr[n], 49);
	unsigned mask = (unsigned)bits(wcr, 28, 24);

	*bas = (unsigned)bits(wcr, 12, 5);
	if (mask < 3) { /* 1 and 2 are reserved and behave as 0 */
		*first = wvr & ~7ull;
		*len = 8;
		if (wvr &
		    4) /* a word-aligned address: BAS<3:0> names its bytes (DDI0487 D2.10.2) */
			*bas = (*bas & 15) << 4;
		return;
	}
	*len = 1ull << mask;
	*first = align_down(wvr, *len);
	*bas = 0xff;
}

/* First watched byte inside [va, va + size), as an offset from va; negative: none. */
static s64 watch_hit(const struct cpu *c, unsigned n, u64 va, u64 size)
{
	u64 first, len, from, to;
	unsigned bas;

	va = (u64)sext(va, 56); /* tags do not take part */
	watch_range(c, n, &first, &len, &bas);
	from = va > first ? va : first;
	to = va + size < first + len ? va + size : first + len;
	for (u64 a = from; a < to; a++)
		if (bas >> (a & 7) & 1)
			return (s64)(a - va);
	return -1;
}

bool debug_watch_page(const struct cpu *c, u64 va)
{
	if (unlikely(c->halt != NULL) && halt_data_page(c->halt, va))
		return true;
	if (!(c->sys.mdscr_el1 & MDSCR_MDE))
		return false;
	for (unsigned n = 0; n < c->core.n_wrps; n++)
		if ((c->sys.dbgwcr[n] & 1) && watch_hit(c, n, va & ~0xfffull, 0x1000) >= 0)
			return true;
	return false;
}

static bool watchpoint_match(const struct cpu *c, unsigned n, bool write, bool unpriv)
{
	u64 wcr = c->sys.dbgwcr[n];
	struct debug_match m = { (unsigned)bit(wcr, 13), (unsigned)bits(wcr, 15, 14),
				 (unsigned)bits(wcr, 2, 1), bit(wcr, 20),
				 (unsigned)bits(wcr, 19, 16) };

	return (wcr & 1) && bit(wcr, write ? 4 : 3) && state_match(c, m, unpriv ? 0 : c->el);
}

static bool watch_access(struct cpu *c, u64 va, unsigned size, bool write, bool unpriv, bool cm)
{
	for (unsigned n = 0; n < c->core.n_wrps; n++) {
		s64 at;

		if (!watchpoint_match(c, n, write, unpriv))
			continue;
		at = watch_hit(c, n, va, size);
		if (at < 0)
			continue;
		c->exit.kind = EXIT_WATCHPOINT;
		c->exit.far = va + (u64)at;
		c->exit.iss = syndrome_watchpoint(write, cm);
		return true;
	}
	return false;
}

bool debug_watchpoint(struct cpu *c, u64 va, unsigned size, u32 what, bool unpriv, bool cm)
{
	if (!(c->sys.mdscr_el1 & MDSCR_MDE) || !debug_enabled(c))
		return false;
	/* of an atomic WnR is 0 when the read alone would have matched (ESR_ELx, Watchpoint) */
	return ((what & ACC_READ) && watch_access(c, va, size, false, unpriv, cm)) ||
	       ((what & ACC_WRITE) && watch_access(c, va, size, true, unpriv, cm));
}

void debug_registers_changed(struct cpu *c)
{
	if (c->mmu)
		fast_flush(c->mmu);
	c->attn |= ATTN_CONTEXT;
}
