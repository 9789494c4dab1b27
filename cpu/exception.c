/*
 * Exceptions: where each goes, how it is entered, and the return. Nothing else changes EL. DDI0487
 * D1.3 (routing, priority, masking), D1.4 (return), and the AArch64.TakeException and
 * ExceptionReturn pseudocode.
 *
 * Called by the run loop with what fast code left in c->exit, and between blocks for interrupts.
 * AArch32 states do not exist.
 */
#include "cpu/exception.h"

#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "cpu/context.h"
#include "cpu/debug.h"
#include "cpu/exec_observe.h"
#include "cpu/syndrome.h"
#include "cpu/sysreg.h"
#include "cpu/traps.h"

/* A decision: what is entered, and with which register contents. */
struct entry {
	enum vector_kind vec;
	unsigned target;
	u32 ec, iss;
	u64 elr;
	bool far_valid;
	u64 far;
	bool hpfar_valid;
	u64 hpfar;
	u8 log; /* enum log_name */
};

/* Numbers and names of exceptions in `-d int` lines, as people grep for them. */
enum log_name {
	LOGGED_UNDEF = 1,
	LOGGED_SVC = 2,
	LOGGED_IABT = 3,
	LOGGED_DABT = 4,
	LOGGED_IRQ = 5,
	LOGGED_FIQ = 6,
	LOGGED_BKPT = 7,
	LOGGED_HVC = 11,
	LOGGED_SMC = 13,
	LOGGED_VIRQ = 14,
	LOGGED_VFIQ = 15,
	LOGGED_VSERR = 24,
	LOGGED_SERR = 32,
	LOGGED_COUNT,
};
static const char *const log_names[LOGGED_COUNT] = {
	[LOGGED_UNDEF] = "Undefined Instruction",
	[LOGGED_SVC] = "SVC",
	[LOGGED_IABT] = "Prefetch Abort",
	[LOGGED_DABT] = "Data Abort",
	[LOGGED_IRQ] = "IRQ",
	[LOGGED_FIQ] = "FIQ",
	[LOGGED_BKPT] = "Breakpoint",
	[LOGGED_HVC] = "Hypervisor Call",
	[LOGGED_SMC] = "Secure Monitor Call",
	[LOGGED_VIRQ] = "Virtual IRQ",
	[LOGGED_VFIQ] = "Virtual FIQ",
	[LOGGED_VSERR] = "Virtual SERR",
	[LOGGED_SERR] = "SERR",
};

static void log_taking(const struct cpu *c, unsigned name, unsigned target, u32 esr)
{
	log_at(c->log, LOG_INT, "cpu", "Taking exception %u [%s] on CPU %u", name, log_names[name],
	       c->index);
	log_at(c->log, LOG_INT, "cpu", "...from EL%u to EL%u", c->el, target);
	log_at(c->log, LOG_INT, "cpu", "...with ESR 0x%x/0x%x", esr >> 26, esr);
}

/* PSTATE.PAN on entry: set unless SCTLR_ELx.SPAN says to keep it (EL1, or EL2 with E2H and TGE). */
static bool entry_sets_pan(const struct cpu *c, unsigned target)
{
	bool host = (c->hcr_eff & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE);

	if (!cpu_has(c, FEAT(PAN)) || !(target == 1 || (target == 2 && host)))
		return false;
	return !(c->sys.sctlr[target] & SCTLR_SPAN);
}

/* The EL and what PSTATE.SP selects change: everything derived follows. */
static void change_el(struct cpu *c, unsigned el, bool spsel)
{
	cpu_select_sp(c, el, spsel);
	cpu_update_context(c);
	context_switch(c);
	c->attn |= ATTN_PINS;
	c->exit.kind = EXIT_NONE;
}

static void tell(struct cpu *c, const struct entry *e, unsigned from, u64 pc)
{
	bool irq = e->vec == VEC_IRQ || e->vec == VEC_FIQ;
	const struct observed_trap t = {
		.vec = (u8)e->vec,
		.virt = e->log == LOGGED_VIRQ || e->log == LOGGED_VFIQ || e->log == LOGGED_VSERR,
		.from = (u8)from,
		.to = (u8)e->target,
		.ec = (u8)e->ec,
		.iss = e->iss,
		.esr = irq ? 0 : syndrome(e->ec, e->iss),
		.pc = pc,
		.ret = e->elr,
		.spsr = c->sys.spsr[e->target],
		.far_valid = e->far_valid,
		.hpfar_valid = e->hpfar_valid,
		.far = e->far,
		.hpfar = e->hpfar,
	};

	observe_trap(c, &t);
}

static void enter(struct cpu *c, const struct entry *e)
{
	unsigned offset = e->target > c->el ? 0x400 : c->spsel ? 0x200 : 0;
	unsigned target = e->target, from = c->el;
	u64 pc = c->pc;
	bool irq = e->vec == VEC_IRQ || e->vec == VEC_FIQ;
	u32 esr = irq ? (u32)c->sys.esr[target] : syndrome(e->ec, e->iss);

	if (log_on(c->log, LOG_INT))
		log_taking(c, e->log, target, esr);
	if (c->context)
		c->context->exceptions[e->vec][target][irq ? 0 : e->ec]++;
	traps_taken(c, EXIT_CLASS(e->vec, e->ec), target);
	c->pmu.exceptions++;
	if (c->exits.in && target >= 2) {
		c->exits.cls = EXIT_CLASS(e->vec, e->ec);
		c->exits.cause = exits_cause(c, e->vec, e->ec, e->iss, e->hpfar_valid ? e->hpfar : 0);
	}
	if (!irq)
		c->sys.esr[target] = esr;
	if (e->far_valid)
		c->sys.far[target] = e->far;
	if (e->hpfar_valid)
		c->sys.hpfar_el2 = e->hpfar;
	c->sys.spsr[target] = cpu_spsr(c);
	c->sys.elr[target] = e->elr;
	if (entry_sets_pan(c, target))
		c->pan = true;
	c->uao = c->ss = c->il = false;
	c->ssbs = cpu_has(c, FEAT(SSBS)) && (c->sys.sctlr[target] & SCTLR_DSSBS);
	c->daif = 15;
	c->step_iss = 0;
	change_el(c, target, true);
	c->pc = cpu_branch_address(c, c->sys.vbar[target]) + offset + (u64)e->vec * 0x80;
	if (unlikely(c->timing != NULL))
		observe_time_of_exception(c, true);
	if (unlikely(c->observers != NULL))
		tell(c, e, from, pc);
	if (!log_on(c->log, LOG_INT))
		return;
	if (e->far_valid)
		log_at(c->log, LOG_INT, "cpu", "...with FAR 0x%" PRIx64, e->far);
	log_at(c->log, LOG_INT, "cpu", "...with SPSR 0x%x", (u32)c->sys.spsr[target]);
	log_at(c->log, LOG_INT, "cpu", "...with ELR 0x%" PRIx64, e->elr);
	log_at(c->log, LOG_INT, "cpu", "...to EL%u PC 0x%" PRIx64 " PSTATE 0x%x", target, c->pc,
	       (u32)cpu_spsr(c));
}

/* ---- synchronous exceptions: one function decides each kind ---- */

/* Own EL, or from EL0: EL1, or EL2 under TGE. */
static unsigned general_target(unsigned el, u64 hcr)
{
	if (el)
		return el;
	return hcr & HCR_TGE ? 2 : 1;
}

static void take_general(struct cpu *c, struct entry *e, u32 ec, u32 iss)
{
	e->target = general_target(c->el, c->hcr_eff);
	e->ec = ec;
	e->iss = iss;
}

static void route_undef(struct cpu *c, struct entry *e)
{
	take_general(c, e, EC_UNKNOWN, 0);
	e->log = LOGGED_UNDEF;
}

static void route_svc(struct cpu *c, struct entry *e)
{
	take_general(c, e, EC_SVC64, c->exit.iss & 0xffff);
	c->ss = false; /* the step, if one was active, is done */
	e->elr += 4;
	e->log = LOGGED_SVC;
}

static void route_hvc(struct cpu *c, struct entry *e)
{
	bool el3 = cpu_has(c, FEAT(EL3));
	bool enabled = el3 ? (c->sys.scr_el3 & SCR_HCE) != 0 : !(c->sys.hcr_el2 & HCR_HCD);

	if (c->el == 0 || !cpu_has(c, FEAT(EL2)) || (c->el == 1 && c->secure) || !enabled) {
		route_undef(c, e);
		return;
	}
	c->ss = false;
	e->target = c->el == 3 ? 3 : 2;
	e->ec = EC_HVC64;
	e->iss = c->exit.iss & 0xffff;
	e->elr += 4;
	e->log = LOGGED_HVC;
}

static void route_smc(struct cpu *c, struct entry *e)
{
	e->log = LOGGED_SMC;
	e->ec = EC_SMC64;
	e->iss = c->exit.iss & 0xffff;
	if (c->el == 1 && (c->hcr_eff & HCR_TSC)) {
		e->target = 2; /* a trap: the instruction was not executed */
		return;
	}
	if (c->el == 0 || !cpu_has(c, FEAT(EL3)) || (c->sys.scr_el3 & SCR_SMD)) {
		route_undef(c, e);
		return;
	}
	c->ss = false;
	e->target = 3;
	e->elr += 4;
}

/* Debug exceptions of this state that are taken at all (BRK always is). */
static unsigned debug_exception_target(const struct cpu *c)
{
	unsigned target = debug_target(c, c->secure);

	return c->el > target ? c->el : target;
}

static void route_brk(struct cpu *c, struct entry *e)
{
	e->target = debug_exception_target(c);
	e->ec = EC_BRK64;
	e->iss = c->exit.iss & 0xffff;
	e->log = LOGGED_BKPT;
}

/* Step, breakpoint, watchpoint: two classes each, from a lower EL or the same one. */
static void route_debug(struct cpu *c, struct entry *e, u32 ec_lower)
{
	e->target = debug_exception_target(c);
	e->ec = ec_lower + (e->target == c->el);
	e->iss = c->exit.iss;
}

static void route_step(struct cpu *c, struct entry *e)
{
	route_debug(c, e, EC_SOFTSTP_LOWER);
	e->iss |= 0x22;
	e->log = LOGGED_UNDEF;
}

static void route_breakpoint(struct cpu *c, struct entry *e)
{
	route_debug(c, e, EC_BREAKPT_LOWER);
	e->iss = 0x22;
	e->log = LOGGED_IABT;
}

static void route_watchpoint(struct cpu *c, struct entry *e)
{
	route_debug(c, e, EC_WATCHPT_LOWER);
	e->far_valid = true;
	e->far = c->exit.far;
	e->log = LOGGED_DABT;
}

static void route_trap(struct cpu *c, struct entry *e)
{
	e->target = c->exit.target;
	if (e->target == 1 && c->el == 0 && (c->hcr_eff & HCR_TGE))
		e->target = 2;
	e->ec = c->exit.ec;
	e->iss = c->exit.iss;
	e->log = LOGGED_UNDEF;
}

static void route_fp(struct cpu *c, struct entry *e)
{
	c->exit.ec = EC_FP;
	c->exit.iss = syndrome_fp();
	route_trap(c, e);
	/* CPACR_EL1's trap that TGE takes to EL2 has no class there (DDI0487 D1.3.1.5) */
	if (c->exit.target == 1 && e->target == 2) {
		e->ec = EC_UNKNOWN;
		e->iss = 0;
	}
}

static unsigned abort_target(const struct cpu *c, const struct abort_access *a, const struct fault *f)
{
	bool external = f->kind == FAULT_EXTERNAL || f->kind == FAULT_EXTERNAL_WALK;
	bool stage2 = f->stage == 2 && !external;

	if (external && cpu_has(c, FEAT(EL3)) && (c->sys.scr_el3 & SCR_EA))
		return 3;
	if (a->el < 2 && (stage2 || (external && (a->hcr & HCR_TEA))))
		return 2;
	return general_target(a->el, a->hcr);
}

void exception_abort(const struct cpu *c, const struct abort_access *a, const struct fault *f, struct abort *to)
{
	unsigned target = abort_target(c, a, f);
	bool lower = target != a->el, external = f->kind == FAULT_EXTERNAL || f->kind == FAULT_EXTERNAL_WALK;

	*to = (struct abort){ .target = (u8)target };
	to->ec = (u8)((a->fetch ? EC_IABT_LOWER : EC_DABT_LOWER) + !lower);
	to->iss = a->fetch ? syndrome_iabt(f) : syndrome_dabt(f, a->iss, lower && target == 2);
	/* HPFAR_EL2.FIPA; for permission faults the manual leaves it open. NS (63) belongs to Secure EL2, which is not here */
	to->hpfar_valid = target == 2 && f->stage == 2 && !external;
	to->hpfar = to->hpfar_valid ? ipa_addr(f->ipa) >> 12 << 4 : 0;
}

/* The line of `-d mmu`. */
static void log_fault(const struct cpu *c, const struct fault *f)
{
	static const char *const kinds[] = {
		[FAULT_TRANSLATION] = "translation", [FAULT_ACCESS_FLAG] = "access flag",
		[FAULT_PERMISSION] = "permission",   [FAULT_ADDR_SIZE] = "address size",
		[FAULT_EXTERNAL] = "external",	     [FAULT_EXTERNAL_WALK] = "external (walk)",
		[FAULT_ALIGNMENT] = "alignment",     [FAULT_ATOMIC] = "unsupported atomic",
		[FAULT_TLB_CONFLICT] = "TLB conflict",
	};
	static const char *const regimes[] = { [REGIME_EL10] = "EL1&0",
					       [REGIME_EL20] = "EL2&0",
					       [REGIME_EL2] = "EL2",
					       [REGIME_EL3] = "EL3" };
	const char *kind = f->kind < ARRAY_SIZE(kinds) ? kinds[f->kind] : NULL;
	const char *what = c->exit.kind == EXIT_IABT	? "fetch"
			   : c->exit.iss & ISS_WNR ? "write"
						   : "read";

	log_at(c->log, LOG_MMU, "cpu",
	       "%s fault, stage %u level %d%s: %s at EL%u, VA 0x%" PRIx64 " IPA 0x%" PRIx64
	       " in %s, ASID %u VMID %u",
	       kind ? kind : "other", f->stage, f->level, f->s1ptw ? " of a stage-1 walk" : "",
	       what, c->el, c->exit.far, ipa_addr(f->ipa), regimes[c->regime.kind], c->regime.asid,
	       c->regime.vmid);
}

static void route_abort(struct cpu *c, struct entry *e)
{
	const struct fault *f = &c->exit.fault;
	const struct abort_access access = {
		.el = c->el, .hcr = c->hcr_eff, .fetch = c->exit.kind == EXIT_IABT, .iss = c->exit.iss
	};
	struct abort a;

	exception_abort(c, &access, f, &a);
	e->target = a.target;
	e->ec = a.ec;
	e->iss = a.iss;
	e->far_valid = true;
	e->far = c->exit.far;
	e->hpfar_valid = a.hpfar_valid;
	e->hpfar = a.hpfar;
	if (log_on(c->log, LOG_MMU))
		log_fault(c, f);
	e->log = access.fetch ? LOGGED_IABT : LOGGED_DABT;
}

static void route_pc_align(struct cpu *c, struct entry *e)
{
	take_general(c, e, EC_PC_ALIGN, 0);
	e->far_valid = true;
	e->far = c->pc;
	e->log = LOGGED_IABT;
}

static void route_sp_align(struct cpu *c, struct entry *e)
{
	take_general(c, e, EC_SP_ALIGN, 0);
	e->log = LOGGED_UNDEF;
}

static void route_illegal(struct cpu *c, struct entry *e)
{
	take_general(c, e, EC_ILLEGAL, 0);
	e->log = LOGGED_UNDEF;
}

typedef void route_fn(struct cpu *c, struct entry *e);
static route_fn *const routes[] = {
	[EXIT_UNDEF] = route_undef,
	[EXIT_SVC] = route_svc,
	[EXIT_HVC] = route_hvc,
	[EXIT_SMC] = route_smc,
	[EXIT_BRK] = route_brk,
	[EXIT_HLT] = route_undef, /* halting debug is off: HLT is UNDEFINED */
	[EXIT_TRAP] = route_trap,
	[EXIT_FP] = route_fp,
	[EXIT_DABT] = route_abort,
	[EXIT_IABT] = route_abort,
	[EXIT_PC_ALIGN] = route_pc_align,
	[EXIT_SP_ALIGN] = route_sp_align,
	[EXIT_ILLEGAL] = route_illegal,
	[EXIT_STEP] = route_step,
	[EXIT_BREAKPOINT] = route_breakpoint,
	[EXIT_WATCHPOINT] = route_watchpoint,
};

/*
 * HVC and SMC that the board serves as firmware, HLT that it serves as semihosting. A board that has
 * EL3 but nothing loaded there serves too; SCR_EL3.HCE and SMD do not count then.
 */
static bool served_by_host(struct cpu *c)
{
	bool smc = c->exit.kind == EXIT_SMC;
	u64 pc = c->pc;
	bool done;

	if (c->exit.kind == EXIT_HLT) {
		if (c->exit.iss != 0xf000 || !c->host.semihost)
			return false;
		cpu_enter(c);
		done = c->host.semihost(c->host.ctx, c);
		cpu_leave(c);
		if (!done)
			return false;
		c->pc += 4;
		return true;
	}
	if ((!smc && c->exit.kind != EXIT_HVC) || !c->host.conduit || c->el == 0)
		return false;
	if (smc && c->el == 1 && (c->hcr_eff & HCR_TSC))
		return false;
	c->pc = pc + 4; /* before the call: firmware may start the PE elsewhere */
	cpu_enter(c);
	done = c->host.conduit(c->host.ctx, c, smc);
	cpu_leave(c);
	if (!done) {
		c->pc = pc;
		return false;
	}
	if (log_on(c->log, LOG_INT))
		log_taking(c, smc ? LOGGED_SMC : LOGGED_HVC, smc ? 3 : 2,
			   syndrome(smc ? EC_SMC64 : EC_HVC64, c->exit.iss));
	log_at(c->log, LOG_INT, "cpu", "...handled as PSCI call");
	debug_stepped(c, false);
	return true;
}

/*
 * The run loop counts these as instructions that complete. One that was trapped or is UNDEFINED has
 * its own address to return to and did not: its cycle is lost, its fetch is still a lookup.
 */
static void uncount_call(struct cpu *c, const struct entry *e)
{
	bool counted = c->exit.kind == EXIT_HVC || c->exit.kind == EXIT_SMC ||
		       c->exit.kind == EXIT_HLT;

	if (!counted || e->elr != c->pc)
		return;
	c->lost_cycles++;
	context_fetched(c);
}

void exception_sync(struct cpu *c)
{
	struct entry e = { .vec = VEC_SYNC, .elr = c->pc };
	route_fn *route = c->exit.kind < ARRAY_SIZE(routes) ? routes[c->exit.kind] : NULL;

	if (!route)
		return;
	if (served_by_host(c)) {
		c->exit.kind = EXIT_NONE;
		return;
	}
	route(c, &e);
	uncount_call(c, &e);
	enter(c, &e);
}

/* ---- asynchronous exceptions ---- */

/* Rows in order of priority; the order among them is IMPLEMENTATION DEFINED (DDI0487 D1.3.5.4). */
static const struct async {
	u8 vec, mask; /* PSTATE.DAIF bit */
	u8 pin;	      /* 31: none */
	bool virt;
	u8 log;
	u64 hcr_route, hcr_pend, scr_route;
} asyncs[] = {
	{ VEC_SERROR, 4, CPU_PIN_SERROR, false, LOGGED_SERR, HCR_AMO, 0, SCR_EA },
	{ VEC_FIQ, 1, CPU_PIN_FIQ, false, LOGGED_FIQ, HCR_FMO, 0, SCR_FIQ },
	{ VEC_IRQ, 2, CPU_PIN_IRQ, false, LOGGED_IRQ, HCR_IMO, 0, SCR_IRQ },
	{ VEC_SERROR, 4, 31, true, LOGGED_VSERR, HCR_AMO, HCR_VSE, 0 },
	{ VEC_FIQ, 1, CPU_PIN_VFIQ, true, LOGGED_VFIQ, HCR_FMO, HCR_VF, 0 },
	{ VEC_IRQ, 2, CPU_PIN_VIRQ, true, LOGGED_VIRQ, HCR_IMO, HCR_VI, 0 },
};

static bool async_pending(const struct cpu *c, const struct async *a)
{
	if (!a->virt)
		return cpu_pins(c) >> a->pin & 1;
	/* virtual ones exist for EL1 and EL0 while their physical kind is routed to EL2 and TGE is
	 * 0 */
	if (c->el > 1 || !(c->hcr_eff & a->hcr_route) || (c->hcr_eff & HCR_TGE))
		return false;
	return (c->hcr_eff & a->hcr_pend) || (a->pin < 31 && (cpu_pins(c) >> a->pin & 1));
}

/* DDI0487 D1.3.6.3, the tables of target EL and masking: the target, 0 when it stays pending. */
static unsigned async_target(const struct cpu *c, const struct async *a)
{
	bool masked = c->daif & a->mask;
	bool host = (c->hcr_eff & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE);
	unsigned target;

	if (a->virt)
		return masked ? 0 : 1;
	if (cpu_has(c, FEAT(EL3)) && (c->sys.scr_el3 & a->scr_route))
		target = 3;
	else
		target = c->el2_on && (c->hcr_eff & (a->hcr_route | HCR_TGE)) ? 2 : 1;
	if (target < c->el)
		return 0;
	/* a higher EL than EL1 cannot be kept out, but the host's EL0 belongs to the host */
	if (target > c->el && (target == 3 || (target == 2 && !host)))
		return target;
	return masked ? 0 : target;
}

/* The syndrome of an SError: of the virtual one what VSESR_EL2 says (RAS), else unspecific. */
static void serror_syndrome(struct cpu *c, const struct async *a, struct entry *e)
{
	e->ec = EC_SERROR;
	if (a->virt) {
		c->sys.hcr_el2 &= ~HCR_VSE;
		e->iss = cpu_has(c, FEAT(RAS)) ? (u32)c->sys.vsesr_el2 & 0x1ffffff : 0;
	} else {
		atomic_and(&c->pins, ~(1u << CPU_PIN_SERROR));
		e->iss = cpu_has(c, FEAT(RAS)) ? 0x11 : 0; /* uncontainable, asynchronous */
	}
}

bool exception_async(struct cpu *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(asyncs); i++) {
		const struct async *a = &asyncs[i];
		struct entry e = { .vec = a->vec, .elr = c->pc, .log = a->log };

		if (!async_pending(c, a))
			continue;
		e.target = async_target(c, a);
		if (!e.target)
			continue;
		if (a->vec == VEC_SERROR)
			serror_syndrome(c, a, &e);
		enter(c, &e);
		return true;
	}
	return false;
}

bool exception_wakes_wfi(const struct cpu *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(asyncs); i++)
		if (async_pending(c, &asyncs[i]))
			return true;
	return false;
}

/* ESB (DDI0487 D1.3.7): an SError that is pending and masked here is noted in DISR_EL1 and taken
 * off. */
void exception_esb(struct cpu *c)
{
	u64 esr = BIT(31) | 0x11;

	if (async_pending(c, &asyncs[3]) && (c->daif & 4)) {
		c->sys.vdisr_el2 = BIT(31) | (c->sys.vsesr_el2 & 0x1ffffff);
		c->sys.hcr_el2 &= ~HCR_VSE;
		c->attn |= ATTN_CONTEXT;
	}
	if (!async_pending(c, &asyncs[0]))
		return;
	if (!async_target(c, &asyncs[0])) {
		c->sys.disr_el1 = esr;
		atomic_and(&c->pins, ~(1u << CPU_PIN_SERROR));
	}
	c->attn |= ATTN_PINS;
}

/* ---- return ---- */

/* DDI0487 D1.4.1.1: what makes a return illegal */
static bool illegal_return(const struct cpu *c, u64 spsr, unsigned el)
{
	if (spsr & BIT(4)) /* AArch32: no EL has it */
		return true;
	if ((spsr & BIT(1)) || (el == 0 && (spsr & 1)))
		return true;
	if (el > c->el)
		return true;
	if (el == 2)
		return !cpu_has(c, FEAT(EL2)) || cpu_el_secure(c, 2);
	return el == 1 && c->el2_on && (c->sys.hcr_el2 & HCR_TGE);
}

void exception_return(struct cpu *c)
{
	u64 spsr = c->sys.spsr[c->el], target = c->sys.elr[c->el], pc = c->pc;
	unsigned from = c->el, el = (unsigned)bits(spsr, 3, 2);
	bool illegal = illegal_return(c, spsr, el);
	struct context *handler = c->context;
	bool ss = debug_return_ss(c, illegal ? from : el, cpu_el_secure(c, illegal ? from : el),
				  spsr);

	c->pmu.returns++;
	if (unlikely(c->timing != NULL))
		observe_time_of_exception(c, false);
	c->ss = ss;
	c->step_iss = 0;
	c->il = illegal || bit(spsr, 20);
	if (!illegal)
		c->ssbs = cpu_has(c, FEAT(SSBS)) && bit(spsr, 12);
	cpu_set_nzcv(c, (u32)spsr);
	c->daif = (u8)bits(spsr, 9, 6);
	c->pan = cpu_has(c, FEAT(PAN)) && bit(spsr, 22);
	c->uao = cpu_has(c, FEAT(UAO)) && bit(spsr, 23);
	c->excl_host = NULL;
	cpu_event_set(c);
	change_el(c, illegal ? from : el, illegal ? c->spsel : spsr & 1);
	if (illegal)
		traps_illegal(c);
	else
		traps_returned(c, from, handler);
	c->pc = cpu_branch_address(c, target);
	if (unlikely(c->observers != NULL))
		observe_eret(c, from, pc);
	if (illegal)
		log_at(c->log, LOG_GUEST, "cpu",
		       "illegal exception return at EL%u: SPSR 0x%" PRIx64 ", goes on at 0x%" PRIx64,
		       from, spsr, c->pc);
	log_at(c->log, LOG_INT, "cpu",
	       "Exception return from AArch64 EL%u to AArch64 EL%u PC 0x%" PRIx64, from, c->el,
	       c->pc);
}
