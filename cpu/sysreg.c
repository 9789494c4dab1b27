/*
 * The map of system registers, how an access is resolved, and the plain read and write of a row.
 * What each register is stands in sysreg_rows.c; what decides on traps in sysreg_check.c. The MRS,
 * MSR and SYS handlers call sysreg_resolve(); the debugger reads and writes rows directly.
 */
#include "cpu/sysreg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cpu/key.h"

#define ENCODINGS (1u << 16)
#define ALIAS	  0x8000u /* reached through _EL12 or _EL02 */

struct sysreg_map {
	u16 index[ENCODINGS];	      /* 1 + position in rows, with ALIAS; 0: nothing */
	const struct sysreg **rows;   /* in order of adding */
	const struct sysreg **sorted; /* in order of encoding */
	size_t n;
};

struct sysreg_map *sysreg_map_new(void)
{
	return calloc(1, sizeof(struct sysreg_map));
}

void sysreg_map_free(struct sysreg_map *m)
{
	if (!m)
		return;
	free(m->rows);
	free(m->sorted);
	free(m);
}

static int map_one(struct sysreg_map *m, const struct sysreg *r)
{
	if (r->enc >= ENCODINGS || r->el12 >= ENCODINGS || m->n + 1 >= ALIAS)
		return -EINVAL;
	if (m->index[r->enc] || (r->el12 && m->index[r->el12]))
		return -EEXIST;
	m->rows[m->n++] = r;
	m->index[r->enc] = (u16)m->n;
	if (r->el12)
		m->index[r->el12] = (u16)(m->n | ALIAS);
	return 0;
}

int sysreg_map_add(struct sysreg_map *m, const struct sysreg *rows, size_t n)
{
	const struct sysreg **grown = realloc(m->rows, (m->n + n) * sizeof(*grown));
	const struct sysreg **sorted = realloc(m->sorted, (m->n + n) * sizeof(*sorted));
	size_t k = 0;
	int err = 0;

	m->rows = grown ? grown : m->rows;
	m->sorted = sorted ? sorted : m->sorted;
	if (!grown || !sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n && !err; i++)
		err = map_one(m, &rows[i]);
	for (u32 enc = 0; enc < ENCODINGS; enc++)
		if (m->index[enc] && !(m->index[enc] & ALIAS))
			m->sorted[k++] = m->rows[m->index[enc] - 1];
	return err;
}

const struct sysreg *sysreg_find(const struct sysreg_map *m, u32 enc)
{
	u32 i = m->index[enc & (ENCODINGS - 1)];

	return i && !(i & ALIAS) ? m->rows[i - 1] : NULL;
}

const struct sysreg *sysreg_find_name(const struct sysreg_map *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (!strcmp(m->rows[i]->name, name))
			return m->rows[i];
	return NULL;
}

size_t sysreg_map_rows(const struct sysreg_map *m, const struct sysreg *const **out)
{
	*out = (const struct sysreg *const *)m->sorted;
	return m->n;
}

/* What EL3 finds at an _EL2 register when there is no EL2 (DDI0487 D1.2: RES0 from EL3). */
static const struct sysreg absent_el2 = {
	.name = "RES0",
	.flags = SRF_CONST | SRF_IGNORED,
};

static u32 enc_op0(u32 enc)
{
	return enc >> 14;
}
static u32 enc_op1(u32 enc)
{
	return enc >> 11 & 7;
}
static u32 enc_crn(u32 enc)
{
	return enc >> 7 & 15;
}

/* The spaces that HCR_EL2.TIDCP traps at EL1, whether something is there or not (D19.2.48). */
static bool traps_tidcp(const struct cpu *c, u32 enc)
{
	u32 op0 = enc_op0(enc), crn = enc_crn(enc);

	return c->el == 1 && (c->hcr_eff & HCR_TIDCP) && (op0 == 1 || op0 == 3) &&
	       (crn == 11 || crn == 15);
}

static const struct sysreg *find_for(const struct cpu *c, u32 enc)
{
	const struct sysreg_map *m = c->sysregs;
	u32 i = m->index[enc & (ENCODINGS - 1)];
	bool e2h = c->el >= 2 && (c->hcr_eff & HCR_E2H);
	const struct sysreg *r;

	if (!i || ((i & ALIAS) && !e2h))
		return NULL;
	r = m->rows[(i & ~ALIAS) - 1];
	if (!(i & ALIAS) && r->e2h && e2h && c->el == 2)
		r = sysreg_find(m, r->e2h);
	return r;
}

enum sysreg_access sysreg_resolve(const struct cpu *c, u32 enc, bool write,
				  const struct sysreg **row)
{
	enum sysreg_access a;
	const struct sysreg *r = find_for(c, enc);

	*row = NULL;
	if (traps_tidcp(c, enc))
		return SYS_TRAP_EL2;
	if (!r || !(r->rights >> (c->el + (write ? 4 : 0)) & 1))
		return SYS_UNDEF;
	if ((c->core.features & r->feature) != r->feature) {
		bool el2_reg =
			(r->feature & FEAT(EL2)) && enc_op1(enc) == 4 && !(r->flags & SRF_OP);

		if (!el2_reg || c->el != 3 || ((r->feature & ~FEAT(EL2)) & ~c->core.features))
			return SYS_UNDEF;
		r = &absent_el2;
	}
	a = r->check ? r->check(c, r, write) : SYS_OK;
	/* what EL1 would get from EL0 goes to EL2 under TGE (DDI0487 D1.3.1.5) */
	if (a == SYS_TRAP_EL1 && c->el == 0 && (c->hcr_eff & HCR_TGE))
		a = SYS_TRAP_EL2;
	*row = r;
	return a;
}

static u64 *row_field(struct cpu *c, const struct sysreg *r)
{
	return (u64 *)((char *)c + r->field - 1);
}

u64 sysreg_read(struct cpu *c, const struct sysreg *r)
{
	u64 v = r->reset;

	if (r->read)
		v = r->read(c, r);
	else if (r->field && !(r->flags & SRF_CONST))
		v = *row_field(c, r);
	return (v & ~r->res0) | r->res1;
}

u64 sysreg_peek(struct cpu *c, const struct sysreg *r)
{
	return r->peek ? (r->peek(c, r) & ~r->res0) | r->res1 : sysreg_read(c, r);
}

void sysreg_write(struct cpu *c, const struct sysreg *r, u64 v)
{
	if (r->flags & (SRF_CONST | SRF_IGNORED))
		return;
	if (!(r->flags & SRF_OP))
		v = (v & ~r->res0) | r->res1;
	if (r->write)
		r->write(c, r, v);
	else if (r->field)
		*row_field(c, r) = v;
	if (r->flags & SRF_CONTEXT)
		c->attn |= ATTN_CONTEXT;
}

/* Several rows may share a field (a bank's alias): the first in order of adding is the register
 * itself. */
void sysreg_reset(struct cpu *c)
{
	const struct sysreg_map *m = c->sysregs;

	memset(&c->sys, 0, sizeof(c->sys));
	for (size_t i = 0; i < m->n; i++) {
		const struct sysreg *r = m->rows[i];

		/* read-only rows with a field show what lives elsewhere (ID registers) */
		if (r->field && (r->rights & PL0_W) && !(r->flags & (SRF_CONST | SRF_OP)))
			*row_field(c, r) = (r->reset & ~r->res0) | r->res1;
	}
}
