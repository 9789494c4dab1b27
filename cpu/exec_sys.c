/*
 * System instructions (DDI0487 C4.1.66, C5): exceptions, hints, barriers, PSTATE, MRS/MSR/SYS. Rights and traps are decided by the register
 * rows at execution; what changes context, routing or attention ends its block.
 */
#include "cpu/context.h"
#include "cpu/exception.h"
#include "cpu/mem.h"
#include "cpu/observe.h"
#include "cpu/sysreg.h"
#include "cpu/translate_priv.h"
#include "mmu/check.h"

#define RD c->x[u->rd]

EXEC(undef) { return exit_with(c, u, EXIT_UNDEF, 0); }
EXEC(exception) { return exit_with(c, u, u->aux, u->uimm); }
EXEC(fp_trap)
{
	c->exit.target = u->aux;
	return exit_with(c, u, EXIT_FP, 0);
}
EXEC(sp_align) { return exit_with(c, u, EXIT_SP_ALIGN, 0); }
EXEC(eret) { return exit_with(c, u, EXIT_ERET, 0); }
EXEC(marker) { return exit_with(c, u, EXIT_MARKER, 0); }
EXEC_FN(kind)
{
	c->kinds[u->aux] += u->uimm;
	NEXT(c, u);
}
EXEC_FN(kinds)
{
	u64 n = uop_const(u);

#ifdef __SSE2__
	__m128i zero = _mm_setzero_si128(), v = _mm_unpacklo_epi8(_mm_cvtsi64_si128((s64)n), zero);
	block_counts *sum = (block_counts *)c->kinds;

	sum[0] += (block_counts)_mm_unpacklo_epi16(v, zero);
	sum[1] += (block_counts)_mm_unpackhi_epi16(v, zero);
#else
	for (unsigned k = 0; k < 8; k++)
		c->kinds[k] += (u8)(n >> 8 * k);
#endif
	NEXT(c, u);
}
EXEC(clrex)
{
	c->excl_host = NULL;
	NEXT(c, u);
}

/* aux: wfe */
EXEC(wait)
{
	unsigned target;

	if (u->aux && cpu_event_take(c))
		return exit_with(c, u, EXIT_DONE, 0);
	if (!u->aux && exception_wakes_wfi(c))
		return exit_with(c, u, EXIT_DONE, 0);
	target = cpu_wfx_trap(c, u->aux);
	if (target) {
		c->exit.target = (u8)target;
		c->exit.ec = EC_WFX;
		return exit_with(c, u, EXIT_TRAP, 0xeu << 20 | 1u << 24 | u->aux);
	}
	c->exit.wfe = u->aux;
	return exit_with(c, u, EXIT_WAIT, 0);
}
EXEC(sev)
{
	cpu_event_set(c);
	c->u = u; /* the host asks for the time */
	if (!u->aux && c->host.sev) {
		cpu_enter(c);
		c->host.sev(c->host.ctx, c);
		cpu_leave(c);
	}
	return exit_with(c, u, EXIT_DONE, 0);
}
/* FEAT_RAS: a pending virtual or physical SError is taken or deferred by exception.c when attention is looked at. */
EXEC(esb)
{
	exception_esb(c);
	return exit_with(c, u, EXIT_DONE, 0);
}

/* The ISS of a trapped MRS/MSR/SYS: imm holds the encoding, rd slot the register. */
static u32 sys_iss(u32 enc, unsigned rt, bool read)
{
	return (enc >> 14 & 3) << 20 | (enc & 7) << 17 | (enc >> 11 & 7) << 14 | (enc >> 7 & 15) << 10 | rt << 5 |
	       (enc >> 3 & 15) << 1 | read;
}
static const struct uop *sys_refused(struct cpu *c, const struct uop *u, enum sysreg_access a, bool read)
{
	switch (a) {
	case SYS_TRAP_EL1:
	case SYS_TRAP_EL2:
	case SYS_TRAP_EL3:
		c->exit.target = (u8)(a - SYS_TRAP_EL1 + 1);
		c->exit.ec = EC_SYS64;
		return exit_with(c, u, EXIT_TRAP, sys_iss(u->uimm, u->aux, read));
	case SYS_TRAP_FP_EL1:
	case SYS_TRAP_FP_EL2:
	case SYS_TRAP_FP_EL3:
		c->exit.target = (u8)(a - SYS_TRAP_FP_EL1 + 1);
		return exit_with(c, u, EXIT_FP, 0);
	default:
		return exit_with(c, u, EXIT_UNDEF, 0);
	}
}

/* --parallel: barriers order host memory. A DSB also ends the slice until other PEs have served what this one broadcast. */
EXEC(fence_light)
{
	fence_light();
	NEXT(c, u);
}
EXEC(fence_full)
{
	fence_full();
	NEXT(c, u);
}
EXEC(dsb)
{
	fence_full();
	if (likely(!c->unsynced))
		NEXT(c, u);
	c->attn |= ATTN_STOP;
	return exit_with(c, u, EXIT_DONE, 0);
}

/* --check tlb: the checker hears of it; imm: CRm. */
EXEC(dsb_checked)
{
	c->u = u;
	mmu_check_dsb(c->mmu, u->uimm);
	NEXT(c, u);
}

/* Reads and writes of rows that gic/ and timer/ own: under --parallel they reach what is not this PE's own. */
static noinline_ u64 read_elsewhere(struct cpu *c, const struct sysreg *r)
{
	u64 v;

	cpu_enter(c);
	v = sysreg_read(c, r);
	cpu_leave(c);
	return v;
}
static noinline_ void write_elsewhere(struct cpu *c, const struct sysreg *r, u64 v)
{
	cpu_enter(c);
	sysreg_write(c, r, v);
	cpu_leave(c);
}
static bool elsewhere(const struct cpu *c, const struct sysreg *r)
{
	return unlikely(c->parallel) && !(r >= cpu_sysregs && r < cpu_sysregs + cpu_sysregs_n);
}

/* The checks of one access; NULL when refused (c->exit is set). */
static const struct sysreg *sys_row(struct cpu *c, const struct uop *u, bool write)
{
	const struct sysreg *r = NULL;
	enum sysreg_access a;

	c->u = u;
	a = sysreg_resolve(c, u->uimm, write, &r);
	if (likely(a == SYS_OK))
		return r;
	sys_refused(c, u, a, !write);
	return NULL;
}

/* imm: encoding; aux: Rt as in the instruction; rd: its slot. */
EXEC(mrs)
{
	const struct sysreg *r = sys_row(c, u, false);

	if (unlikely(!r))
		return fault_exit(c, u);
	RD = elsewhere(c, r) ? read_elsewhere(c, r) : sysreg_read(c, r);
	if (r->flags & (SRF_ENDS_BLOCK | SRF_CONTEXT))
		return exit_with(c, u, EXIT_DONE, 0);
	NEXT(c, u);
}
EXEC(msr)
{
	const struct sysreg *r = sys_row(c, u, true);

	if (unlikely(!r))
		return fault_exit(c, u);
	if (r->flags & SRF_VA_OP) {
		if (!mem_cache_op(c, u, RD, r->flags & SRF_VA_WRITE, r->flags & SRF_VA_FETCH))
			return fault_exit(c, u);
	}
	if (elsewhere(c, r))
		write_elsewhere(c, r, RD);
	else
		sysreg_write(c, r, RD);
	if (unlikely(c->exit.kind != EXIT_NONE)) /* AT that faults instead of reporting: at_ops.c */
		return fault_exit(c, u);
	if (unlikely(c->observers != NULL))
		observe_sysreg(c, r, RD);
	if ((r->flags & (SRF_ENDS_BLOCK | SRF_CONTEXT)) || unlikely(c->attn & ATTN_HALT))
		return exit_with(c, u, EXIT_DONE, 0);
	NEXT(c, u);
}
EXEC(dc_zva)
{
	const struct sysreg *r = sys_row(c, u, true);

	if (unlikely(!r || !mem_zero_block(c, u, RD)))
		return fault_exit(c, u);
	NEXT(c, u);
}
/* SCTLR_ELx.UMA, by the register's own row. */
static noinline_ enum sysreg_access daif_access(const struct cpu *c)
{
	const struct sysreg *r;

	return sysreg_resolve(c, SR(3, 3, 4, 2, 1), true, &r);
}
/* MSR (immediate): aux = op (enum below), imm = CRm. Rights were checked at decode, DAIF's here (SCTLR_EL1.UMA). */
enum { PST_DAIFSET, PST_DAIFCLR, PST_SPSEL, PST_PAN, PST_UAO, PST_SSBS };
EXEC(msr_daif)
{
	if (c->el == 0) {
		enum sysreg_access a = daif_access(c);

		if (a != SYS_OK) {
			c->exit.target = (u8)(a - SYS_TRAP_EL1 + 1);
			c->exit.ec = EC_SYS64;
			return exit_with(c, u, EXIT_TRAP, sys_iss(SR(0u, 3u, 4u, u->uimm, u->aux == PST_DAIFSET ? 6u : 7u), 31, false));
		}
	}
	if (u->aux == PST_DAIFSET)
		c->daif |= (u8)u->uimm;
	else
		c->daif &= (u8)~u->uimm;
	c->attn |= ATTN_PINS;
	return exit_with(c, u, EXIT_DONE, 0);
}
EXEC(msr_pstate)
{
	bool v = u->uimm & 1;

	switch (u->aux) {
	case PST_SPSEL:
		cpu_select_sp(c, c->el, v);
		break;
	case PST_PAN:
		c->pan = v;
		break;
	case PST_UAO:
		c->uao = v;
		break;
	default:
		c->ssbs = v;
		break;
	}
	c->attn |= ATTN_CONTEXT;
	return exit_with(c, u, EXIT_DONE, 0);
}

/* ---- translation ---- */

bool tr_undef(struct tr *t)
{
	emit(t, exec_undef, 0, 0, 0, 0, 0);
	t->end = true;
	return true;
}
void tr_illegal(struct tr *t)
{
	emit(t, exec_exception, 0, 0, 0, EXIT_ILLEGAL, 0);
	t->end = true;
}

bool tr_fp_check(struct tr *t)
{
	unsigned target = KEY_FP_OF(t->key);

	if (!target)
		return true;
	emit(t, exec_fp_trap, 0, 0, 0, (u8)target, 0);
	t->end = true;
	return false;
}

bool tr_sp_base(struct tr *t, unsigned n)
{
	if (n != 31 || !(t->key & KEY_SP_BAD))
		return true;
	emit(t, exec_sp_align, 0, 0, 0, 0, 0);
	t->end = true;
	return false;
}

bool tr_eret(struct tr *t, const struct insn *row, u32 w)
{
	if (KEY_EL_OF(t->key) == 0)
		return false;
	emit(t, exec_eret, 0, 0, 0, 0, 0);
	t->end = true;
	return true;
}

bool tr_exception(struct tr *t, const struct insn *row, u32 w)
{
	static const u8 kind[] = { EXIT_SVC, EXIT_HVC, EXIT_SMC, EXIT_BRK, EXIT_HLT };
	unsigned el = KEY_EL_OF(t->key);

	if ((row->arg == 1 || row->arg == 2) && el == 0)
		return false;
	emit(t, exec_exception, 0, 0, 0, kind[row->arg], (s32)bits(w, 20, 5));
	t->end = true;
	return true;
}

bool tr_hint(struct tr *t, const struct insn *row, u32 w)
{
	switch (bits(w, 11, 5)) {
	case 2: /* WFE */
	case 3: /* WFI */
		emit(t, exec_wait, 0, 0, 0, bits(w, 11, 5) == 2, 0);
		t->end = true;
		break;
	case 4: /* SEV */
	case 5: /* SEVL */
		emit(t, exec_sev, 0, 0, 0, bits(w, 11, 5) == 5, 0);
		t->end = true;
		break;
	case CPU_HINT_MARKER:
		if (t->c->host.marker) {
			emit(t, exec_marker, 0, 0, 0, 0, 0);
			t->end = true;
		}
		break;
	case 16: /* ESB */
		if (cpu_has(t->c, FEAT(RAS))) {
			emit(t, exec_esb, 0, 0, 0, 0, 0);
			t->end = true;
			break;
		}
		/* fall through */
	default: /* NOP, YIELD and the unallocated hints: no uop, only counted */
		break;
	}
	return true;
}

bool tr_clrex(struct tr *t, const struct insn *row, u32 w)
{
	emit(t, exec_clrex, 0, 0, 0, 0, 0);
	return true;
}

/*
 * Turns are sequential, so barriers order nothing then; ISB ends the block because attention and context are synchronised there.
 * DMB of loads (CRm<1:0> 1) or stores (2) needs no full fence.
 */
bool tr_barrier(struct tr *t, const struct insn *row, u32 w)
{
	static exec_fn *const dmb[4] = { exec_fence_full, exec_fence_light, exec_fence_light, exec_fence_full };

	if (row->arg == 0 && t->c->mmu && mmu_checked(t->c->mmu))
		emit(t, exec_dsb_checked, 0, 0, 0, 0, (s32)bits(w, 11, 8));
	else if (t->c->parallel && row->arg != 2)
		emit(t, row->arg == 0 ? exec_dsb : dmb[bits(w, 9, 8)], 0, 0, 0, 0, 0);
	t->stop = row->arg == 2;
	return true;
}

bool tr_msr_imm(struct tr *t, const struct insn *row, u32 w)
{
	unsigned op1 = bits(w, 18, 16), op2 = bits(w, 7, 5), crm = bits(w, 11, 8), el = KEY_EL_OF(t->key);
	int op = op1 == 3 && op2 == 6 ? PST_DAIFSET :
		 op1 == 3 && op2 == 7 ? PST_DAIFCLR :
		 op1 == 0 && op2 == 5 ? PST_SPSEL :
		 op1 == 0 && op2 == 4 && cpu_has(t->c, FEAT(PAN)) ? PST_PAN :
		 op1 == 0 && op2 == 3 && cpu_has(t->c, FEAT(UAO)) ? PST_UAO :
		 op1 == 3 && op2 == 1 && cpu_has(t->c, FEAT(SSBS)) ? PST_SSBS : -1;

	if ((w & 31) != 31 || op < 0 || (el == 0 && op != PST_DAIFSET && op != PST_DAIFCLR && op != PST_SSBS))
		return false;
	emit(t, op <= PST_DAIFCLR ? exec_msr_daif : exec_msr_pstate, 0, 0, 0, (u8)op, (s32)crm);
	t->end = true;
	return true;
}

static s32 encoding(u32 w)
{
	return (s32)bits(w, 20, 5);
}
/* SYS and SYSL: the instruction space; the only one with a handler of its own is DC ZVA. */
bool tr_sys(struct tr *t, const struct insn *row, u32 w)
{
	unsigned rt = w & 31;
	s32 enc = encoding(w);

	if (row->arg) { /* SYSL: nothing is allocated there, but HCR_EL2.TIDCP may trap it */
		emit(t, exec_mrs, gpr_dst(rt), 0, 0, (u8)rt, enc);
		return true;
	}
	if (enc == SR(1, 3, 7, 4, 1)) {
		emit(t, exec_dc_zva, gpr(rt), 0, 0, (u8)rt, enc);
		t->cnt[CNT_DLOOKUP]++;
		t->cnt[CNT_STORE]++;
		return true;
	}
	emit(t, exec_msr, gpr(rt), 0, 0, (u8)rt, enc);
	tr_sysreg_ends(t, (u32)enc);
	return true;
}
bool tr_msr(struct tr *t, const struct insn *row, u32 w)
{
	unsigned rt = w & 31;
	s32 enc = encoding(w);

	if (row->arg)
		emit(t, exec_mrs, gpr_dst(rt), 0, 0, (u8)rt, enc);
	else
		emit(t, exec_msr, gpr(rt), 0, 0, (u8)rt, enc);
	tr_sysreg_ends(t, (u32)enc);
	return true;
}
