/*
 * The rows of a whole machine against what the manual says (tests/guest/sysreg_expect.def): none is
 * without an expectation and none is missing; who may access, what traps where, which bits hold,
 * what reset leaves. The instructions themselves are run by tests/guest/sysreg_rows.c.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/why.h"
#include "cpu/cpu.h"
#include "cpu/debug.h"
#include "cpu/sysreg.h"
#include "machine/machine.h"
#include "tests/unit/harness.h"

#include "tests/guest/sysreg_model.h"

struct board {
	const char *core;
	bool el2, el3;
};
static const struct board boards[] = {
	{ "cortex-a57", false, false }, { "cortex-a57", true, false }, { "cortex-a57", false, true },
	{ "cortex-a57", true, true },	{ "neoverse-n1", false, true }, { "neoverse-n1", true, false },
	{ "neoverse-n1", true, true },	{ "max", true, true },
	{ "cortex-a53", true, true },	{ "cortex-a72", true, true },
};

struct bench {
	struct config cfg;
	struct log *log;
	struct machine *m;
	struct cpu *c;
	struct sr_state s;
};

static u32 row_enc(const struct sr_row *r)
{
	return SR((u32)r->op0, r->op1, r->crn, r->crm, r->op2);
}

static u32 alias_enc(const struct sr_vhe *v)
{
	return SR(3u, v->op1, v->crn, v->crm, v->op2);
}

static u64 value_of(struct bench *b, const char *name)
{
	return sysreg_read(b->c, sysreg_find(b->c->sysregs, row_enc(sr_named(name))));
}

static void identify(struct bench *b)
{
	struct sr_ids id = {
		value_of(b, "ID_AA64PFR0_EL1"),	 value_of(b, "ID_AA64PFR1_EL1"),
		value_of(b, "ID_AA64ISAR1_EL1"), value_of(b, "ID_AA64MMFR0_EL1"),
		value_of(b, "ID_AA64MMFR1_EL1"), value_of(b, "ID_AA64MMFR2_EL1"),
		value_of(b, "ID_AA64DFR0_EL1"),	 value_of(b, "MIDR_EL1"),
	};

	sr_identify(&b->s, &id);
	b->s.n_pmcs = (unsigned)(value_of(b, "PMCR_EL0") >> 11 & 31);
	b->s.n_aprs = 1; /* 32 levels of preemption */
	b->s.n_lrs = 4;
}

static bool bench_new(struct bench *b, const struct board *board)
{
	static const struct machine_io io;
	struct why why;

	memset(b, 0, sizeof(*b));
	config_init(&b->cfg);
	b->cfg.gic_version = 3;
	free(b->cfg.cpu);
	b->cfg.cpu = strdup(board->core);
	b->cfg.virtualization = board->el2;
	b->cfg.secure = board->el3;
	b->cfg.ram_size = 64u << 20;
	b->log = log_new(stderr, 0);
	if (!EXPECT_EQ(machine_new(&b->m, &b->cfg, &io, b->log, &why), 0))
		return false;
	b->c = machine_pe(b->m, 0);
	cpu_reset(b->c);
	identify(b);
	return EXPECT_EQ(b->s.highest, board->el3 ? 3 : board->el2 ? 2 : 1);
}

static void bench_free(struct bench *b)
{
	machine_free(b->m);
	log_free(b->log);
	config_free(&b->cfg);
}

static const char *const controls[RG_COUNT] = {
	[RG_SCR] = "SCR_EL3",	      [RG_HCR] = "HCR_EL2",	[RG_CPTR3] = "CPTR_EL3",
	[RG_MDCR3] = "MDCR_EL3",      [RG_SRE3] = "ICC_SRE_EL3", [RG_CPTR2] = "CPTR_EL2",
	[RG_MDCR2] = "MDCR_EL2",      [RG_CNTHCTL] = "CNTHCTL_EL2", [RG_ICH] = "ICH_HCR_EL2",
	[RG_SRE2] = "ICC_SRE_EL2",    [RG_SCTLR2] = "SCTLR_EL2", [RG_SCTLR1] = "SCTLR_EL1",
	[RG_CPACR] = "CPACR_EL1",     [RG_CNTKCTL] = "CNTKCTL_EL1", [RG_MDSCR] = "MDSCR_EL1",
	[RG_PMUSERENR] = "PMUSERENR_EL0",
};

static void set_el(struct bench *b, unsigned el, bool sp)
{
	b->s.el = el;
	b->s.sp = sp;
	cpu_select_sp(b->c, el, sp);
	cpu_update_context(b->c);
}

static void apply(struct bench *b)
{
	for (unsigned i = 0; i < RG_COUNT; i++)
		sysreg_write(b->c, sysreg_find(b->c->sysregs, row_enc(sr_named(controls[i]))),
			     b->s.reg[i]);
}

/* The answer of the rows as an outcome; FP's turn from EL1 to EL2 is exception.c's. */
static struct sr_outcome ask(const struct bench *b, u32 enc, bool write)
{
	const struct sysreg *row;
	enum sysreg_access a = sysreg_resolve(b->c, enc, write, &row);

	switch (a) {
	case SYS_OK:
		return (struct sr_outcome){ SR_OK, 0, 0 };
	case SYS_TRAP_EL1:
	case SYS_TRAP_EL2:
	case SYS_TRAP_EL3:
		return (struct sr_outcome){ SR_TRAP, a - SYS_TRAP_EL1 + 1, 0x18 };
	case SYS_TRAP_FP_EL1:
		if (b->s.el == 0 && sr_tge(&b->s))
			return (struct sr_outcome){ SR_TRAP, 2, 0 };
		return (struct sr_outcome){ SR_TRAP, 1, 7 };
	case SYS_TRAP_FP_EL2:
	case SYS_TRAP_FP_EL3:
		return (struct sr_outcome){ SR_TRAP, a - SYS_TRAP_FP_EL1 + 1, 7 };
	default:
		return sr_undef(&b->s);
	}
}

static bool compare(const struct bench *b, const char *name, u32 enc, bool write,
		    struct sr_outcome want)
{
	struct sr_outcome got = ask(b, enc, write);

	if (got.what == want.what && got.el == want.el && got.ec == want.ec)
		return true;
	FAIL_TEST("%s (S%u_%u_C%u_C%u_%u) %s at EL%u of %s: %u to EL%u EC %#x, must be %u to EL%u "
		  "EC %#x; HCR %#llx SCR %#llx",
		  name, enc >> 14, enc >> 11 & 7, enc >> 7 & 15, enc >> 3 & 15, enc & 7,
		  write ? "write" : "read", b->s.el, b->cfg.cpu, got.what, got.el, got.ec,
		  want.what, want.el, want.ec, (unsigned long long)b->s.reg[RG_HCR],
		  (unsigned long long)b->s.reg[RG_SCR]);
	return false;
}

/* Counts the failures of one state: a wrong row fails in many of them. */
static unsigned all_rows(const struct bench *b)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < 2 * SR_ROWS; i++) {
		const struct sr_row *r = &sr_rows[i / 2];

		wrong += !compare(b, r->name, row_enc(r), i & 1, sr_expect(&b->s, r, i & 1));
	}
	for (unsigned i = 0; i < 2 * SR_VHES; i++) {
		const struct sr_vhe *v = &sr_vhe[i / 2];

		wrong += !compare(b, v->alias, alias_enc(v), i & 1,
				  sr_expect_alias(&b->s, v, i & 1));
	}
	return wrong;
}

static unsigned all_els(struct bench *b, unsigned (*look)(const struct bench *b))
{
	unsigned wrong = 0;

	for (unsigned el = 0; el <= b->s.highest; el++)
		for (unsigned sp = 0; sp < 2; sp++) {
			if (!sr_el_exists(&b->s, el) || (!el && sp))
				continue;
			set_el(b, el, sp);
			wrong += look(b);
		}
	return wrong;
}

TEST(every_row_has_its_expectation)
{
	static u8 expected[1 << 16];
	const struct sysreg *const *rows;
	struct bench b;
	size_t n;

	if (!bench_new(&b, &boards[3]))
		return;
	memset(expected, 0, sizeof(expected));
	for (unsigned i = 0; i < SR_ROWS; i++) {
		if (expected[row_enc(&sr_rows[i])]++)
			FAIL_TEST("%s is expected twice", sr_rows[i].name);
		if (!sysreg_find(b.c->sysregs, row_enc(&sr_rows[i])))
			FAIL_TEST("%s has no row", sr_rows[i].name);
	}
	for (unsigned i = 0; i < SR_VHES; i++)
		expected[alias_enc(&sr_vhe[i])]++;
	n = sysreg_map_rows(b.c->sysregs, &rows);
	for (size_t i = 0; i < n; i++) {
		if (!expected[rows[i]->enc])
			FAIL_TEST("the row %s is not expected", rows[i]->name);
		if (rows[i]->el12 && !expected[rows[i]->el12])
			FAIL_TEST("the alias of %s is not expected", rows[i]->name);
		if (!rows[i]->e2h != !rows[i]->el12)
			FAIL_TEST("%s has a twin or an alias only", rows[i]->name);
	}
	EXPECT_EQ(n, SR_ROWS);
	bench_free(&b);
}

/* Every control is tried by some row, and every name that the tables refer to is there. */
TEST(the_expectations_are_sound)
{
	for (unsigned i = 0; i < SR_TRAPS; i++) {
		unsigned users = 0;

		for (unsigned k = 0; k < SR_ROWS; k++)
			users += sr_rows[k].class == sr_traps[i].class;
		if (!users)
			FAIL_TEST("trap %u: no register", i);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(sr_bits); i++)
		EXPECT(sr_named(sr_bits[i].name) != NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(sr_resets); i++)
		EXPECT(sr_named(sr_resets[i].name) != NULL);
	for (unsigned i = 0; i < SR_VHES; i++)
		EXPECT(sr_named(sr_vhe[i].el1) && sr_named(sr_vhe[i].el2));
}

TEST(rights_and_traps)
{
	for (unsigned i = 0; i < ARRAY_SIZE(boards); i++) {
		struct bench b;
		unsigned wrong = 0;

		if (!bench_new(&b, &boards[i]))
			return;
		for (unsigned world = 0; world < 8; world++)
			for (unsigned k = 0; wrong < 20 && sr_world_exists(&b.s, world) &&
					     sr_state_number(&b.s, k, world);
			     k++) {
				apply(&b);
				wrong += all_els(&b, all_rows);
			}
		bench_free(&b);
	}
}

/* All that is not expected is UNDEFINED, or TIDCP's. */
static unsigned all_others(const struct bench *b)
{
	static u8 known[1 << 16];
	unsigned wrong = 0;

	for (unsigned i = 0; i < SR_ROWS; i++)
		known[row_enc(&sr_rows[i])] = 1;
	for (unsigned i = 0; i < SR_VHES; i++)
		known[alias_enc(&sr_vhe[i])] = 1;
	for (u32 enc = 0; enc < 1 << 16; enc++)
		for (unsigned write = 0; write < 2; write++)
			if (!known[enc])
				wrong += !compare(b, "unallocated", enc, write,
						  sr_expect_nothing(&b->s, enc >> 14, enc >> 7 & 15,
								    write));
	return wrong;
}

TEST(unallocated_encodings)
{
	for (unsigned i = 0; i < ARRAY_SIZE(boards); i++) {
		struct bench b;
		unsigned wrong = 0;

		if (!bench_new(&b, &boards[i]))
			return;
		for (unsigned world = 0; world < 8; world++)
			for (unsigned k = 0; k < 3; k++) {
				if (wrong > 20 || !sr_world_exists(&b.s, world))
					break;
				sr_state_number(&b.s, k, world);
				b.s.reg[RG_HCR] |= k == 2 ? BIT(20) : 0;
				apply(&b);
				wrong += all_els(&b, all_others);
			}
		bench_free(&b);
	}
}

static void check_bits(struct bench *b, const struct sr_row *r, const struct sysreg *row)
{
	u64 holds = sr_bits_of(&b->s, r, 0), keeps = sr_bits_of(&b->s, r, 1) & ~holds;
	static const u64 patterns[] = { ~0ull, 0, 0x5555555555555555ull, 0xaaaaaaaaaaaaaaaaull };
	u64 old = sysreg_read(b->c, row);

	if (r->how == SRV_Z)
		holds = keeps = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(patterns); i++) {
		u64 got, want = (patterns[i] & holds) | r->res1;

		sysreg_write(b->c, row, patterns[i]);
		got = sysreg_read(b->c, row);
		if ((got ^ want) & ~keeps)
			FAIL_TEST("%s of %s: %#llx reads %#llx, must be %#llx", r->name,
				  b->cfg.cpu, (unsigned long long)patterns[i],
				  (unsigned long long)got, (unsigned long long)want);
	}
	sysreg_write(b->c, row, old);
	cpu_update_context(b->c);
}

/* At the highest EL, while nothing traps. */
TEST(bits_hold_or_are_fixed)
{
	for (unsigned i = 0; i < ARRAY_SIZE(boards); i++) {
		struct bench b;

		if (!bench_new(&b, &boards[i]))
			return;
		sr_quiet(&b.s);
		apply(&b);
		for (unsigned k = 0; k < SR_ROWS; k++) {
			const struct sr_row *r = &sr_rows[k];
			const struct sysreg *row;
			bool there = !(r->needs & NEED_FEATURES & ~b.s.has);

			set_el(&b, b.s.highest, true);
			if (r->how == SRV_X || !there || r->op0 == 1 || sr_missing(&b.s, r, true) ||
			    r->rd > b.s.highest)
				continue;
			if (!EXPECT_EQ(sysreg_resolve(b.c, row_enc(r), false, &row), SYS_OK))
				continue;
			if (r->wr <= b.s.highest)
				check_bits(&b, r, row);
			else if (r->how == SRV_Z)
				EXPECT_EQ(sysreg_read(b.c, row), 0);
		}
		bench_free(&b);
	}
}

/* Without EL2 its registers are RES0 at EL3, less the two that show EL1's identity. */
TEST(el2_registers_without_el2)
{
	struct bench b;

	if (!bench_new(&b, &boards[4]))
		return;
	for (unsigned k = 0; k < SR_ROWS; k++) {
		const struct sr_row *r = &sr_rows[k];
		const struct sysreg *row;

		if ((r->needs & NEED_FEATURES & ~b.s.has) != NEED_EL2 || r->op0 == 1 || r->wr > 3 ||
		    r->rd > 3)
			continue;
		ASSERT(sysreg_resolve(b.c, row_enc(r), true, &row) == SYS_OK);
		sysreg_write(b.c, row, ~0ull);
		ASSERT(sysreg_resolve(b.c, row_enc(r), false, &row) == SYS_OK);
		if (sr_same(r->name, "VPIDR_EL2"))
			EXPECT_EQ(sysreg_read(b.c, row), b.c->core.id.midr);
		else if (sr_same(r->name, "VMPIDR_EL2"))
			EXPECT_EQ(sysreg_read(b.c, row), b.c->mpidr);
		else if (sysreg_read(b.c, row))
			FAIL_TEST("%s is not RES0", r->name);
	}
	bench_free(&b);
}

TEST(reset_values_of_the_manual)
{
	for (unsigned i = 0; i < ARRAY_SIZE(boards); i++) {
		struct bench b;

		if (!bench_new(&b, &boards[i]))
			return;
		set_el(&b, b.s.highest, true);
		for (unsigned k = 0; k < ARRAY_SIZE(sr_resets); k++) {
			const struct sr_reset *e = &sr_resets[k];
			const struct sr_row *r = sr_named(e->name);
			const struct sysreg *row;
			u64 got;

			if (sr_expect(&b.s, r, 0).what != SR_OK || (r->needs & NEED_FEATURES & ~b.s.has))
				continue;
			ASSERT(sysreg_resolve(b.c, row_enc(r), false, &row) == SYS_OK);
			got = sysreg_read(b.c, row);
			if ((got & e->mask) != e->value)
				FAIL_TEST("%s of %s is %#llx after reset", r->name, b.cfg.cpu,
					  (unsigned long long)got);
		}
		bench_free(&b);
	}
}

static const u64 *core_value(const char *core, const char *name)
{
	static const char *const cores[] = { "cortex-a53", "cortex-a57", "cortex-a72",
					     "neoverse-n1" };

	for (unsigned k = 0; k < ARRAY_SIZE(sr_cores); k++)
		for (unsigned i = 0; i < ARRAY_SIZE(cores); i++)
			if (sr_same(sr_cores[k].name, name) && !strcmp(cores[i], core))
				return &sr_cores[k].value[i];
	return NULL;
}

static bool has_reset(const char *name)
{
	for (unsigned k = 0; k < ARRAY_SIZE(sr_resets); k++)
		if (sr_same(sr_resets[k].name, name))
			return true;
	for (unsigned k = 0; k < ARRAY_SIZE(sr_cores); k++)
		if (sr_same(sr_cores[k].name, name))
			return true;
	return false;
}

/* What a row may read after reset: of a plain one, the bits that it has; RES0 and RES1 are fixed. */
static void check_reset(struct bench *b, const struct sr_row *r, u64 got)
{
	const u64 *exact = core_value(b->cfg.cpu, r->name);
	u64 may = sr_bits_of(&b->s, r, 0) | sr_bits_of(&b->s, r, 1);

	if (exact && b->s.highest == 3 && (b->s.has & NEED_EL2) && got != *exact)
		FAIL_TEST("%s of %s is %#llx, must be %#llx", r->name, b->cfg.cpu,
			  (unsigned long long)got, (unsigned long long)*exact);
	if (r->how == SRV_X)
		return;
	if (r->how == SRV_Z)
		may = 0;
	if ((got & ~(may | r->res1)) || (r->res1 & ~may & ~got))
		FAIL_TEST("%s of %s has %#llx: RES0 or RES1 bits", r->name, b->cfg.cpu,
			  (unsigned long long)got);
}

/* Every row that can be read, on every core; one of no plain kind must have its reset value listed. */
TEST(every_row_after_reset)
{
	for (unsigned i = 0; i < ARRAY_SIZE(boards); i++) {
		struct bench b;

		if (!bench_new(&b, &boards[i]))
			return;
		set_el(&b, b.s.highest, true);
		for (unsigned k = 0; k < SR_ROWS; k++) {
			const struct sr_row *r = &sr_rows[k];
			const struct sysreg *row;

			if (r->rd > 3 || r->op0 == 1 || (r->needs & NEED_FEATURES & ~b.s.has) ||
			    sr_expect(&b.s, r, 0).what != SR_OK)
				continue;
			if (r->how == SRV_X && !has_reset(r->name))
				FAIL_TEST("%s has no reset value to be tested", r->name);
			if (EXPECT_EQ(sysreg_resolve(b.c, row_enc(r), false, &row), SYS_OK))
				check_reset(&b, r, sysreg_read(b.c, row));
		}
		bench_free(&b);
	}
}

/* FEAT_DoubleLock, which ID_AA64DFR0_EL1.DoubleLock = 0 promises. */
TEST(the_double_lock_stops_debug_exceptions)
{
	struct bench b;

	if (!bench_new(&b, &boards[1]))
		return;
	b.c->sys.oslsr_el1 = 0;
	set_el(&b, 0, false);
	EXPECT(debug_enabled(b.c));
	sysreg_write(b.c, sysreg_find_name(b.c->sysregs, "OSDLR_EL1"), 1);
	EXPECT(!debug_enabled(b.c));
	sysreg_write(b.c, sysreg_find_name(b.c->sysregs, "DBGPRCR_EL1"), 1);
	EXPECT(debug_enabled(b.c));
	bench_free(&b);
}
