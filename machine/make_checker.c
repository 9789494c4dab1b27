/* The TLB checker (--check tlb) and what it asks of the board: who acts, and what a PE's registers say of a translation regime. */
#include "machine/machine_priv.h"

#include <errno.h>

#include "mmu/check.h"

static struct check_who who(void *ctx)
{
	const struct machine *m = ctx;

	if (!m->running)
		return (struct check_who){ .pe = -1 };
	return (struct check_who){ .pe = (int)m->running->cpu->index, .pc = cpu_pc(m->running->cpu) };
}

static bool regime(void *ctx, unsigned pe, enum regime_kind kind, bool secure, struct regime *r)
{
	const struct machine *m = ctx;

	if (!m->seat[pe].on)
		return false;
	cpu_regime(m->seat[pe].cpu, kind, secure, r);
	return true;
}

int make_checker(struct machine *m, struct why *why)
{
	const struct check_host host = { .ctx = m, .who = who, .regime = regime };

	if (!m->cfg->check_tlb)
		return 0;
	m->checker = checker_new(m->bus, m->log, m->pes, m->cfg->check_lines, &host);
	if (!m->checker)
		return why_set(why, ENOMEM, "--check tlb: no memory");
	for (unsigned i = 0; i < m->pes; i++)
		mmu_check_with(m->seat[i].cpu->mmu, m->checker, i);
	return 0;
}
