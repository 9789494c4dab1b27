/* See registers.h. Called by the GDB stub, the monitor, debug points. The fields of registers stand in register_fields.c. */
#include "machine/registers.h"

#include <string.h>
#include <strings.h>

#include "base/bits.h"
#include "cpu/context.h"
#include "cpu/cpu.h"
#include "cpu/sysreg.h"
#include "cpu/vreg.h"
#include "gic/gic.h"
#include "timer/timer.h"

#define TEN(letter, tens)                                                                                                   \
	letter tens "0", letter tens "1", letter tens "2", letter tens "3", letter tens "4", letter tens "5",               \
		letter tens "6", letter tens "7", letter tens "8", letter tens "9"

/* By number. */
static const char *const core_name[] = {
	TEN("x", ""), TEN("x", "1"), TEN("x", "2"), "x30", "sp",  "pc",	  "cpsr",
	TEN("v", ""), TEN("v", "1"), TEN("v", "2"), "v30", "v31", "fpsr", "fpcr",
};

_Static_assert(ARRAY_SIZE(core_name) == REG_NUMBER_FPCR + 1, "a name for each number");

static void core_reg(unsigned number, struct reg *r)
{
	bool vector = number >= REG_NUMBER_V0 && number < REG_NUMBER_V0 + 32;

	*r = (struct reg){ .name = core_name[number], .number = (u16)number };
	r->bits = vector ? 128 : number < REG_NUMBER_CPSR ? 64 : 32;
}

static void system_reg(const struct sysreg *row, struct reg *r)
{
	*r = (struct reg){ .name = row->name, .row = row, .number = (u16)row->enc, .bits = 64 };
}

/* ---- the rows of all owners ---- */

struct rows {
	const struct sysreg *row;
	size_t n;
};

static struct rows rows_of(unsigned owner)
{
	switch (owner) {
	case 0:
		return (struct rows){ cpu_sysregs, cpu_sysregs_n };
	case 1:
		return (struct rows){ pmu_sysregs, pmu_sysregs_n };
	case 2:
		return (struct rows){ gic_sysregs, gic_sysregs_n };
	case 3:
		return (struct rows){ timer_sysregs, timer_sysregs_n };
	default:
		return (struct rows){ NULL, 0 };
	}
}

/* FPCR and FPSR are fpcr and fpsr already; S3_... is a reserved encoding. */
static bool is_shown(const struct sysreg *row)
{
	return !(row->flags & SRF_OP) && (row->rights & PL0_R) && strncmp(row->name, "S3_", 3) &&
	       strcmp(row->name, "FPCR") && strcmp(row->name, "FPSR");
}

/* The row with the lowest encoding from `from` on, or NULL. */
static const struct sysreg *row_from(unsigned from)
{
	const struct sysreg *best = NULL;
	struct rows all;

	for (unsigned owner = 0; (all = rows_of(owner)).row; owner++)
		for (size_t i = 0; i < all.n; i++) {
			const struct sysreg *row = &all.row[i];

			if (is_shown(row) && row->enc >= from && (!best || row->enc < best->enc))
				best = row;
		}
	return best;
}

const struct sysreg *reg_row(const char *name)
{
	struct rows all;

	for (unsigned owner = 0; (all = rows_of(owner)).row; owner++)
		for (size_t i = 0; i < all.n; i++)
			if (!(all.row[i].flags & SRF_OP) && !strcasecmp(all.row[i].name, name))
				return &all.row[i];
	return NULL;
}

bool reg_find(const char *name, struct reg *r)
{
	const struct sysreg *row;

	for (unsigned i = 0; i < ARRAY_SIZE(core_name); i++)
		if (!strcasecmp(core_name[i], name)) {
			core_reg(i, r);
			return true;
		}
	row = reg_row(name);
	if (!row || !is_shown(row))
		return false;
	system_reg(row, r);
	return true;
}

bool reg_number(unsigned number, struct reg *r)
{
	const struct sysreg *row;

	if (number < ARRAY_SIZE(core_name)) {
		core_reg(number, r);
		return true;
	}
	row = number < REG_NUMBER_SYSTEM ? NULL : row_from(number);
	if (!row || row->enc != number)
		return false;
	system_reg(row, r);
	return true;
}

bool reg_next(struct reg *r)
{
	unsigned number = r->name ? r->number + 1u : 0;
	const struct sysreg *row;

	if (number < ARRAY_SIZE(core_name)) {
		core_reg(number, r);
		return true;
	}
	row = row_from(number < REG_NUMBER_SYSTEM ? REG_NUMBER_SYSTEM : number);
	if (row)
		system_reg(row, r);
	return row != NULL;
}

/* ---- PSTATE ---- */

/* An EL and stack pointer that PSTATE can name here (DDI0487 D1.11.4, the rules for an ERET). */
static bool legal_pstate(const struct cpu *c, u64 v)
{
	unsigned el = (unsigned)bits(v, 3, 2);

	if (v & (BIT(4) | BIT(1)) || (!el && (v & 1)))
		return false;
	if (el == 1 && (c->sys.hcr_el2 & HCR_TGE) && cpu_has(c, FEAT(EL2)) && !cpu_el_secure(c, 1))
		return false;
	if (el == 2)
		return cpu_has(c, FEAT(EL2)) && !cpu_el_secure(c, 2);
	return el < 3 || cpu_has(c, FEAT(EL3));
}

static bool write_pstate(struct cpu *c, u64 v)
{
	if (!legal_pstate(c, v))
		return false;
	cpu_set_nzcv(c, (u32)v);
	c->daif = (u8)bits(v, 9, 6);
	c->ss = bit(v, 21);
	c->il = bit(v, 20);
	c->pan = cpu_has(c, FEAT(PAN)) && bit(v, 22);
	c->uao = cpu_has(c, FEAT(UAO)) && bit(v, 23);
	c->ssbs = cpu_has(c, FEAT(SSBS)) && bit(v, 12);
	cpu_select_sp(c, (unsigned)bits(v, 3, 2), v & 1);
	cpu_update_context(c);
	context_switch(c);
	c->attn |= ATTN_PINS;
	return true;
}

/* ---- general and vector registers ---- */

static u64 read_core(const struct cpu *c, unsigned number)
{
	switch (number) {
	case REG_NUMBER_PC:
		return cpu_pc(c);
	case REG_NUMBER_CPSR:
		return cpu_spsr(c);
	case REG_NUMBER_FPSR:
		return c->fpu.fpsr;
	case REG_NUMBER_FPCR:
		return c->fpu.fpcr;
	default:
		return number < REG_NUMBER_V0 ? c->x[number] : c->v[number - REG_NUMBER_V0].d[0];
	}
}

static bool write_system(struct cpu *c, const struct sysreg *row, u64 v)
{
	if (!(row->rights & PL0_W))
		return false;
	sysreg_write(c, row, v);
	if (c->attn & ATTN_CONTEXT) /* who looks at memory next sees what was written */
		cpu_update_context(c);
	return true;
}

static bool write_core(struct cpu *c, unsigned number, u64 v, u64 high)
{
	switch (number) {
	case REG_NUMBER_SP:
		c->x[REG_SP] = v;
		cpu_update_context(c); /* SP alignment is part of the block key */
		return true;
	case REG_NUMBER_PC:
		c->pc = v;
		c->observe_again = false; /* what had begun at the old one did not */
		return true;
	case REG_NUMBER_CPSR:
		return write_pstate(c, v);
	case REG_NUMBER_FPSR:
		return write_system(c, sysreg_find_name(c->sysregs, "FPSR"), v);
	case REG_NUMBER_FPCR:
		return write_system(c, sysreg_find_name(c->sysregs, "FPCR"), v);
	}
	if (number < REG_NUMBER_V0)
		c->x[number] = v;
	else
		vset128(c, number - REG_NUMBER_V0, v, high);
	return true;
}

/* ---- system registers ---- */

/*
 * Whether this core has it: rows know by feature, and by a check that refuses access from every EL (one past the number of list
 * registers or breakpoints, say). The check looks at the current EL and SP, which are put back.
 */
static bool is_there(struct cpu *c, const struct sysreg *row)
{
	/* SP_EL2's name can be used by EL3 alone; the register is there without */
	u64 feature = row->enc == SR(3, 6, 4, 1, 0) ? FEAT(EL2) : row->feature;
	u8 el = c->el;
	bool spsel = c->spsel, there = false;

	if (sysreg_find(c->sysregs, row->enc) != row || (c->core.features & feature) != feature)
		return false;
	c->spsel = true;
	for (c->el = 1; c->el <= 3 && !there; c->el++)
		there = !row->check || row->check(c, row, false) != SYS_UNDEF;
	c->el = el;
	c->spsel = spsel;
	return there;
}

bool reg_read64(struct cpu *c, const struct reg *r, u64 *v)
{
	if (!r->row) {
		*v = read_core(c, r->number);
		return true;
	}
	if (!is_there(c, r->row))
		return false;
	*v = sysreg_peek(c, r->row);
	return true;
}

bool reg_read(struct cpu *c, const struct reg *r, u8 v[16])
{
	u64 part[2] = { 0, 0 };

	if (!reg_read64(c, r, &part[0]))
		return false;
	if (r->bits == 128)
		part[1] = c->v[r->number - REG_NUMBER_V0].d[1];
	memcpy(v, part, 16);
	return true;
}

static bool write_parts(struct cpu *c, const struct reg *r, u64 low, u64 high)
{
	if (!r->row)
		return write_core(c, r->number, low, high);
	return is_there(c, r->row) && write_system(c, r->row, low);
}

bool reg_write(struct cpu *c, const struct reg *r, const u8 v[16])
{
	u64 part[2];

	memcpy(part, v, 16);
	return write_parts(c, r, part[0], part[1]);
}

bool reg_write64(struct cpu *c, const struct reg *r, u64 v)
{
	return write_parts(c, r, v, 0);
}
