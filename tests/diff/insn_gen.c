/* See insn_gen.h. Registers of chains: 20-23 and SP hold addresses, 24-26 offsets, 27 a branch
 * target, 28 counts a loop. */
#include "insn_gen.h"

#include <string.h>

#include "cpu/fuse.h"
#include "cpu/translate.h"
#include "insn_sweep.h"
#include "insn_value.h"

enum {
	R_ALIGNED = 20 /* and 21 */,
	R_ADDRESS = 22 /* and 23 */,
	R_INDEX = 24,
	R_INDEX_W = 25,
	R_INDEX_NEG = 26,
	R_TARGET = 27,
	R_LOOP = 28
};

static u32 below(u64 *rng, u32 n)
{
	return (u32)((value_random(rng) >> 32) * n >> 32);
}

/* ---- fields of a row's picture ---- */

static u32 letter_mask(const struct insn *row, char letter)
{
	u32 m = 0;

	for (const char *p = row->picture; *p; p++)
		if (*p != ' ')
			m = m << 1 | (*p == letter);
	return m;
}

u32 gen_field(const struct insn *row, char letter, u32 word, unsigned *bits)
{
	u32 m = letter_mask(row, letter), v = 0, n = 0;

	for (unsigned b = 32; b--;)
		if (m >> b & 1) {
			v = v << 1 | (word >> b & 1);
			n++;
		}
	if (bits)
		*bits = n;
	return v;
}

static u32 set_field(const struct insn *row, char letter, u32 word, u32 v)
{
	u32 m = letter_mask(row, letter);

	for (unsigned b = 0; b < 32; b++)
		if (m >> b & 1) {
			word = (word & ~(1u << b)) | (v & 1) << b;
			v >>= 1;
		}
	return word;
}

/* The manual names an immediate bit of MOVI like its register: the lowest five bits are the
 * register. */
static u32 reg_of(const struct insn *row, char letter, u32 word)
{
	return gen_field(row, letter, word, NULL) & 31;
}

static bool has(const struct insn *row, const char *operand)
{
	return strstr(row->operands, operand) != NULL;
}

static bool named(const struct insn *row, const char *name)
{
	return strcmp(row->name, name) == 0;
}

/* One operand of the list: role, file, letter (0: not a register). */
struct operand {
	char role, file, letter;
	bool sp;
};

static const char *next_operand(const char *at, struct operand *o)
{
	size_t len = strcspn(at, ",");

	memset(o, 0, sizeof *o);
	if (len >= 3 && strchr("dsb", at[0]) && strchr("RXWBHSDQV", at[1])) {
		o->role = at[0];
		o->file = at[1];
		o->letter = at[len - 1];
		o->sp = len == 5;
	}
	at += len;
	return *at ? at + strspn(at, ", ") : NULL;
}

static bool is_general(const struct operand *o)
{
	return o->letter && strchr("RXW", o->file);
}

/* ---- what a row is ---- */

static bool is_memory(const struct insn *row)
{
	return has(row, "mem");
}
static bool has_base(const struct insn *row)
{
	return is_memory(row) && letter_mask(row, 'n');
}
static bool is_literal(const struct insn *row)
{
	return row->tr == tr_ldr_lit || row->tr == tr_vldr_lit || named(row, "prfm_lit");
}
static bool writes_back(const struct insn *row)
{
	return has(row, "bXspn");
}
static bool is_store_exclusive(const struct insn *row)
{
	return row->tr == tr_excl && row->arg < 2;
}
static bool is_structure(const struct insn *row)
{
	return row->tr == tr_simd_multi || row->tr == tr_simd_one;
}
bool gen_is_large(const struct insn *row)
{
	return row->tr == tr_pair || is_structure(row) || has(row, "Qt");
}
static bool wants_alignment(const struct insn *row)
{
	return row->tr == tr_excl || row->tr == tr_ordered || row->tr == tr_cas ||
	       row->tr == tr_atomic;
}

/* How many registers follow each other from the one that the operand names. */
static unsigned consecutive(const struct insn *row, const struct operand *o)
{
	if (is_structure(row))
		return is_general(o) ? 1 : 4;
	if (row->tr == tr_simd_table)
		return o->letter == 'n' ? 4 : 1;
	return row->tr == tr_cas && row->arg ? 2 : 1;
}

static void use_operand(const struct insn *row, u32 w, const struct operand *o, struct use *use)
{
	for (unsigned i = 0, n = consecutive(row, o); i < n; i++) {
		u32 reg = (reg_of(row, o->letter, w) + i) & 31, bit = 1u << reg;

		if (is_general(o) && reg == 31 && !o->sp)
			continue;
		if (o->role != 'd')
			*(is_general(o) ? &use->read.general : &use->read.vector) |= bit;
		if (o->role != 's')
			*(is_general(o) ? &use->written.general : &use->written.vector) |= bit;
	}
}

void gen_use(const struct insn *row, u32 w, struct use *use)
{
	struct operand o;

	memset(use, 0, sizeof *use);
	for (const char *at = row->operands; at && *at;) {
		at = next_operand(at, &o);
		if (o.letter)
			use_operand(row, w, &o, use);
	}
	if (has_base(row))
		use->read.general |= 1u << reg_of(row, 'n', w);
	if (row->tr == tr_sys && (w & 31) != 31)
		use->read.general |= 1u << (w & 31);
	if (row->tr == tr_b && row->arg)
		use->written.general |= 1u << 30;
	if (row->tr == tr_br && row->arg == 1)
		use->written.general |= 1u << 30;
	use->flags = has(row, "nzcv") || row->cls == CL_SYSTEM;
	use->fpsr = row->cls >= CL_FP_ADD && row->cls <= CL_SIMD_FP;
}

const char *gen_excluded(const struct insn *row, u64 features)
{
	static const struct {
		const char *name, *why;
	} list[] = {
		{ "eret", "not at EL0" },
		{ "svc", "a system call; ends our programs" },
		{ "hvc", "not at EL0" },
		{ "smc", "not at EL0" },
		{ "brk", "an exception: directed guest tests" },
		{ "hlt", "an exception: directed guest tests" },
		{ "msr_imm", "PSTATE fields that EL0 may not write: directed guest tests" },
		{ "sysl", "no such instruction is allocated" },
	};

	if (row->feature & ~features)
		return "a feature that this core has not";
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		if (named(row, list[i].name))
			return list[i].why;
	return NULL;
}

/* System instructions and registers that EL0 may use and that say nothing about the machine. */
static u32 system_word(u64 *rng, const struct insn *row)
{
	static const u32 sys[] = { 0xd50b7420 /* DC ZVA */,
				   0xd50b7420,
				   0xd50b7a20 /* CVAC */,
				   0xd50b7b20 /* CVAU */,
				   0xd50b7e20 /* CIVAC */,
				   0xd50b7520 /* IC IVAU */,
				   0xd50b7c20 /* DC CVAP */ };
	static const u32 registers[] = { 0x1b4200 /* NZCV */, 0x1b4400 /* FPCR */,
					 0x1b4420 /* FPSR */ };

	if (row->tr == tr_sys)
		return sys[below(rng, ARRAY_SIZE(sys))] | below(rng, 31);
	return row->value | registers[below(rng, ARRAY_SIZE(registers))] | below(rng, 32);
}

/* CONSTRAINED UNPREDICTABLE (DDI0487 K1.2), or waits. */
static bool unpredictable(const struct insn *row, u32 w)
{
	u32 n = reg_of(row, 'n', w), t = reg_of(row, 't', w), a = reg_of(row, 'a', w),
	    s = reg_of(row, 's', w);
	bool general = row->cls == CL_LOAD || row->cls == CL_STORE;

	if (writes_back(row) && general && n != 31 && (n == t || (letter_mask(row, 'a') && n == a)))
		return true;
	if (row->tr == tr_pair && (row->cls == CL_LOAD || row->cls == CL_VLOAD) && t == a)
		return true;
	if (row->tr == tr_excl && row->arg == 3 && t == a)
		return true;
	if (is_store_exclusive(row) && (s == t || (row->arg == 1 && s == a) || (s == n && n != 31)))
		return true;
	return row->cls == CL_HINT && ((w & 0xfe0) == 0x40 || (w & 0xfe0) == 0x60); /* WFE, WFI */
}

/* Ignored bits: all of these rows' are "should be one", and a reference may insist on it. */
static u32 should_be_one(const struct insn *row)
{
	return letter_mask(row, 'x');
}

/* The word's uops, NULL when it is not defined. */
static const struct tr *translate(const struct insn *row, u32 w, u64 features)
{
	static _Thread_local struct tr t;
	static _Thread_local struct cpu c;

	c.core.features = features;
	t.c = &c;
	t.n_uops = t.n_pool = 0;
	t.off = 2048;
	return row->tr(&t, row, w) ? &t : NULL;
}

static bool defined(const struct insn *row, u32 w, u64 features)
{
	if (a64_decode(w, features) != row || unpredictable(row, w))
		return false;
	return row->cls == CL_SYSTEM || translate(row, w, features);
}

/* Immediates at their edges; shift amounts of 0 often. */
static u32 edge_fields(u64 *rng, const struct insn *row, u32 w)
{
	u64 r = value_random(rng);
	u32 m = letter_mask(row, 'i');

	if (has_base(row) || is_literal(row) || has(row, "label"))
		return w;
	switch (r & 7) {
	case 0:
		w &= ~m;
		break;
	case 1:
		w |= m;
		break;
	case 2:
		w = set_field(row, 'i', w, 1);
		break;
	case 3:
		w &= ~(m | letter_mask(row, 'h'));
		break;
	}
	return w;
}

static bool random_word(u64 *rng, const struct insn *row, u64 features, u32 *out)
{
	for (unsigned tries = 0; tries < 64; tries++) {
		u32 w = ((u32)value_random(rng) & ~row->mask) | row->value | should_be_one(row);

		if (row->cls == CL_SYSTEM)
			w = system_word(rng, row);
		else
			w = edge_fields(rng, row, w);
		if (has_base(row) && letter_mask(row, 'm') &&
		    reg_of(row, 'n', w) == reg_of(row, 'm', w))
			continue; /* the address could not be chosen */
		if (!defined(row, w, features))
			continue;
		*out = w;
		return true;
	}
	return false;
}

/* ---- addresses ---- */

/* log2 of the unit of a scaled offset */
static unsigned scale_of(const struct insn *row)
{
	if (row->tr == tr_pair)
		return row->arg & 15;
	if (row->tr == tr_ldst_uimm || row->tr == tr_ldst_reg)
		return row->arg >> 2;
	if (row->tr == tr_vldst_uimm || row->tr == tr_vldst_reg)
		return row->arg >> 1;
	return 3; /* PRFM */
}

/* What an access adds to its base register, and where the base is. */
static void set_address(const struct insn *row, u32 w, struct program *p)
{
	unsigned bits;
	u32 i = gen_field(row, 'i', w, &bits);

	p->offset.index = -1;
	if (row->tr == tr_sys)
		p->base = (s8)(w & 31);
	if (!has_base(row))
		return;
	p->base = (s8)reg_of(row, 'n', w);
	if (bits == 12)
		p->offset.constant = (u64)i << scale_of(row);
	if (bits == 9)
		p->offset.constant = (w >> 10 & 3) == 1 ? 0 : (u64)sext(i, 9);
	if (bits == 7)
		p->offset.constant = (w >> 23 & 3) == 1 ? 0 : (u64)sext(i, 7) << scale_of(row);
	if (!has(row, "sXm") || writes_back(row) || reg_of(row, 'm', w) == 31)
		return;
	p->offset.index = (s8)reg_of(row, 'm', w);
	p->offset.option = (u8)reg_of(row, 'o', w);
	p->offset.shift = reg_of(row, 'S', w) ? (u8)scale_of(row) : 0;
}

static u64 offset_of(const struct program *p, const struct state *s)
{
	u64 v;

	if (p->offset.index < 0)
		return p->offset.constant;
	v = s->x[p->offset.index];
	if (!(p->offset.option & 1))
		v = p->offset.option & 4 ? (u64)sext(v, 32) : (u32)v;
	return v << p->offset.shift;
}

/* ---- programs ---- */

static void append(struct program *p, u32 w)
{
	p->word[p->n++] = w;
}

static u32 add_one(unsigned reg)
{
	return 0x91000400 | reg << 5 | reg;
}
static u32 branch_by(s32 words)
{
	return 0x14000000 | ((u32)words & 0x3ffffff);
}

static bool is_direct_branch(const struct insn *row)
{
	return row->cls == CL_BRANCH;
}

static u32 aim(const struct insn *row, u32 w, s32 words)
{
	return set_field(row, 'i', w, (u32)words);
}

/* The load-exclusive that a store-exclusive belongs to, into registers that it does not use. */
static u32 load_exclusive(const struct insn *row, u32 w)
{
	u32 t = 0, a;

	while (t == reg_of(row, 'n', w) || t == reg_of(row, 't', w))
		t++;
	a = t + 1;
	while (a == reg_of(row, 'n', w) || a == reg_of(row, 't', w) ||
	       (row->arg && a == reg_of(row, 'a', w)))
		a++;
	w = (w & 0xc00083e0) | 0x085f7c00 | t | (w & 0x8000);
	return row->arg ? (w & ~0x7c00u) | 0x200000 | a << 10 : w;
}

/* Forward or backward, taken or not: 0 b focus; 1 mark; 2 b end; 3 focus; 4, 5 mark */
static void one_branch(u64 *rng, const struct insn *row, u32 w, struct program *p)
{
	static const u8 targets[] = { 1, 4, 5, 6 };
	unsigned target = targets[below(rng, 4)];

	p->focus = 3;
	append(p, branch_by(3));
	append(p, add_one(9));
	append(p, branch_by(4));
	if (is_direct_branch(row)) {
		w = aim(row, w, (s32)target - 3);
	} else {
		p->branch = (s8)reg_of(row, 'n', w);
		p->target = (u8)target;
	}
	append(p, w);
	append(p, add_one(10));
	append(p, add_one(11));
}

/* The size of the numbers in a floating-point row's sources; not those of conversions between two.
 */
static u8 fp_size_of(const struct insn *row, u32 w)
{
	if (row->cls < CL_FP_ADD || row->cls > CL_SIMD_FP || row->cls == CL_SIMD_ALU ||
	    row->cls == CL_SIMD_MUL || row->cls == CL_SIMD_SHIFT || row->cls == CL_SIMD_PERM)
		return 0;
	if (row->cls != CL_SIMD_FP)
		return (w >> 22 & 3) == 3 ? 1 : 2 + (w >> 22 & 1);
	if (row->feature & FEAT(FP16))
		return 1;
	return row->tr == tr_fcvt_long ? 1 + (w >> 22 & 1) : 2 + (w >> 22 & 1);
}

bool gen_one(u64 *rng, const struct insn *row, u64 features, struct program *p)
{
	u32 w;

	memset(p, 0, sizeof *p);
	p->row = row;
	p->base = p->branch = -1;
	do {
		if (!random_word(rng, row, features, &w))
			return false;
	} while (row->cls == CL_BRANCH_IND && reg_of(row, 'n', w) == 31);
	if (row->cls == CL_BRANCH || row->cls == CL_BRANCH_IND) {
		one_branch(rng, row, w, p);
	} else {
		if (is_store_exclusive(row) && below(rng, 8))
			append(p, load_exclusive(row, w));
		p->focus = p->n;
		append(p, w);
		set_address(row, w, p);
		p->aligned = wants_alignment(row);
	}
	gen_use(row, w, &p->use);
	p->fp_size = fp_size_of(row, w);
	p->literal = is_literal(row);
	if (p->literal)
		gen_aim_literal(rng, p);
	return true;
}

void gen_aim_literal(u64 *rng, struct program *p)
{
	u32 at = p->sweep.sets || below(rng, 2) ? LITERALS + below(rng, SLOT_WORDS - 4 - LITERALS)
						: below(rng, SLOT_WORDS - 4);

	p->word[p->focus] = aim(p->row, p->word[p->focus], (s32)at - 1 - (s32)p->focus);
}

/* ---- chains ---- */

struct chain {
	u64 *rng, features;
	struct program *p;
	u8 last, vlast; /* registers written last: often read next, which is what the engine
			   forwards */
};

static u32 chain_source(struct chain *c)
{
	u64 r = value_random(c->rng);

	return r & 1 ? c->last : (r & 30) == 30 ? 31 : r >> 8 & 7;
}

/* Gives a word of a chain its registers, but for those of its address. */
static void chain_registers(struct chain *c, const struct insn *row, u32 *word)
{
	u32 w = *word, written = c->last, vwritten = c->vlast;
	struct operand o;

	for (const char *at = row->operands; at && *at;) {
		u64 r = value_random(c->rng);
		u32 v;

		at = next_operand(at, &o);
		if (!o.letter)
			continue;
		if (is_memory(row) && (o.letter == 'n' || o.letter == 'm'))
			continue;
		if (!is_general(&o))
			v = o.role == 's' && (r & 1) ? c->vlast : r >> 8 & 7;
		else
			v = o.role == 's'	      ? chain_source(c)
			    : (r & 15) == 15 && !o.sp ? 31
						      : r >> 8 & 7;
		w = set_field(row, o.letter, w, (gen_field(row, o.letter, w, NULL) & ~31u) | v);
		if (o.role != 's' && is_general(&o) && v != 31)
			written = v;
		else if (o.role != 's' && !is_general(&o))
			vwritten = v;
	}
	c->last = (u8)written;
	c->vlast = (u8)vwritten;
	*word = w;
}

static u32 chain_address(struct chain *c, const struct insn *row, u32 w)
{
	static const u8 bases[] = { R_ALIGNED, R_ALIGNED + 1, R_ADDRESS, R_ADDRESS + 1, 31 };
	unsigned bits, at = wants_alignment(row) ? below(c->rng, 2)
			    : writes_back(row)	 ? 2 + below(c->rng, 3)
						 : below(c->rng, 5);
	u32 option;

	w = set_field(row, 'n', w, bases[at]);
	gen_field(row, 'i', w, &bits);
	if (bits == 12)
		w = set_field(row, 'i', w, below(c->rng, (64u >> scale_of(row)) + 1));
	else if (bits == 9)
		w = set_field(row, 'i', w, below(c->rng, 65) - 32);
	else if (bits == 7)
		w = set_field(row, 'i', w, below(c->rng, 9) - 4);
	if (!letter_mask(row, 'm'))
		return w;
	option = reg_of(row, 'o', w);
	if (writes_back(row)) /* structures: by their size or by a register */
		return set_field(row, 'm', w, below(c->rng, 2) ? 31 : R_INDEX);
	return set_field(row, 'm', w,
			 !(option & 1)	    ? R_INDEX_W
			 : below(c->rng, 2) ? R_INDEX
					    : R_INDEX_NEG);
}

static const struct insn *find_row(const char *name)
{
	for (size_t i = 0; i < a64_insns_n; i++)
		if (named(&a64_insns[i], name))
			return &a64_insns[i];
	return NULL;
}

/* What the engine joins (cpu/fuse.h) is made of these. */
static const struct insn *joined_row(u64 *rng)
{
	static const char *const names[] = {
		"movz",	      "add_imm",    "add_imm",	  "add_reg",	"add_reg",    "sub_imm",
		"sub_reg",    "and_imm",    "and_reg",	  "orr_reg",	"eor_reg",    "eor_reg",
		"ubfm",	      "sbfm",	    "extr",	  "adr",	"subs_imm",   "subs_reg",
		"ldr_x_uimm", "ldr_x_uimm", "ldr_w_uimm", "ldrb_uimm",	"ldr_x_roff", "ldr_w_roff",
		"ldrb_roff",  "str_x_uimm", "str_x_uimm", "str_w_uimm", "strb_uimm",  "ldp_x_off",
		"stp_x_off",  "ldp_x_post", "stp_x_pre",  "ldp_x_pre",	"ldrb_post",  "hint",
		"b",	      "bl",	    "br",	  "blr",	"cbz",	      "cbnz",
		"tbz",	      "tbnz",	    "b_cond",	  "b_cond",
	};
	static const struct insn *rows[ARRAY_SIZE(names)];
	u32 i = below(rng, ARRAY_SIZE(names));

	if (!rows[i])
		rows[i] = find_row(names[i]);
	return rows[i];
}

/* Any row, but mostly those of which compiled code consists. */
static const struct insn *chain_row(struct chain *c)
{
	if (below(c->rng, 2))
		return joined_row(c->rng);
	if (below(c->rng, 32) == 0)
		return find_row(below(c->rng, 2) ? "msr_reg" : "mrs");
	for (;;) {
		const struct insn *row = &a64_insns[below(c->rng, (u32)a64_insns_n)];
		bool common = row->cls == CL_ALU || row->cls == CL_SHIFT || row->cls == CL_LOAD ||
			      row->cls == CL_STORE;

		if (gen_excluded(row, c->features) || row->tr == tr_sys)
			continue;
		if (common || below(c->rng, 6) == 0)
			return row;
	}
}

static void chain_add(struct chain *c, const struct insn *row)
{
	u32 w;

	for (unsigned tries = 0; tries < 16; tries++) {
		struct chain saved = *c;

		if (!random_word(c->rng, row, c->features, &w))
			return;
		if (has_base(row))
			w = chain_address(c, row, w);
		if (is_literal(row))
			w = aim(row, w,
				(s32)(LITERALS + below(c->rng, SLOT_WORDS - 4 - LITERALS)) - 1 -
					(s32)c->p->n);
		if (row->cls == CL_BRANCH_IND)
			w = set_field(row, 'n', w, R_TARGET);
		else if (row->cls == CL_SYSTEM && named(row, "msr_reg") && (w & 0xffe0) != 0x4200)
			w |= 31; /* FPCR or FPSR becomes 0: AArch32's bits would make differences */
		else
			chain_registers(c, row, &w);
		if (defined(row, w, c->features)) {
			if (is_store_exclusive(row))
				append(c->p, load_exclusive(row, w));
			append(c->p, w);
			return;
		}
		c->last = saved.last;
		c->vlast = saved.vlast;
	}
}

/* Special cases of rows that have handlers of their own. */
static const struct special {
	u32 word;
	bool m; /* has a second source */
} specials[] = {
	{ 0x2a0003e0, true },  { 0xaa0003e0, true },  /* MOV (n is 31 already) */
	{ 0x53001c00, false }, { 0x53003c00, false }, /* UXTB, UXTH */
	{ 0x93407c00, false }, { 0x93401c00, false }, /* SXTW, SXTB */
	{ 0x53107c00, false }, { 0xd360fc00, false }, /* LSR */
	{ 0xd37df000, false }, { 0x531d7000, false }, /* LSL #3 */
	{ 0x9b007c00, true },  { 0x1b007c00, true },  /* MUL */
	{ 0x8b204000, true },  { 0x8b204c00, true },  /* ADD, UXTW #0 and #3 */
	{ 0x8b000c00, true },  { 0x8b001000, true },  /* ADD, LSL #3 and #4 */
	{ 0x4ac00000, true },  { 0x4ac02800, true },  /* EOR, ROR */
	{ 0x4a401000, true },  { 0x13801000, true },  /* EOR, LSR; EXTR */
	{ 0x9a9f07e0, false }, { 0x1a9f17e0, false }, /* CSET */
};

static void chain_special(struct chain *c)
{
	u32 k = below(c->rng, ARRAY_SIZE(specials)), d = below(c->rng, 8), w = specials[k].word | d;

	w |= specials[k].m ? chain_source(c) << 16 : 0;
	if (!(w & 0x3e0))
		w |= chain_source(c) << 5;
	append(c->p, w);
	c->last = (u8)d;
}

/* Compare and branch; an address that moves; special cases. */
static void chain_idiom(struct chain *c)
{
	static const char *const compares[] = { "subs_imm", "subs_reg", "adds_imm",
						"ands_imm", "ands_reg", "adds_reg" };
	u32 r = below(c->rng, 8), base = R_ADDRESS + below(c->rng, 2), sf = below(c->rng, 2) << 31;

	switch (r) {
	case 0:
	case 1:
	case 2:
		chain_add(c, find_row(compares[below(c->rng, ARRAY_SIZE(compares))]));
		append(c->p, 0x54000020 | below(c->rng, 16)); /* aimed later */
		break;
	case 3:
		append(c->p, (below(c->rng, 2) ? 0x91000000 : 0xd1000000) |
				     below(c->rng, 33) << 10 | base << 5 | base);
		break;
	case 4:
	case 5:
		chain_special(c);
		break;
	case 6: /* SUBS with zero register and B.cond: CMP */
		append(c->p, (below(c->rng, 2) ? 0x7100001f : 0x6b00001f) | sf |
				     (u32)below(c->rng, 8) << 16 | chain_source(c) << 5);
		append(c->p, 0x54000020 | below(c->rng, 16));
		break;
	default:
		chain_add(c, find_row(below(c->rng, 2) ? "cbz" : "tbnz"));
		break;
	}
}

/* ---- chains of what the engine joins ---- */

enum { VOCABULARY = 256, WORDS_EACH = 16 };
/* Some words for each plain handler that cpu/fuse.h names, so that all come equally often. */
struct vocabulary {
	struct {
		exec_fn *handler;
		bool succeeds; /* is part of a direct succession, of which there are most */
		u32 n, word[WORDS_EACH];
	} entry[VOCABULARY];
	u32 n;
};

static bool in_forwarding(const struct fwd_row *rows, size_t n, exec_fn *fn)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].plain == fn)
			return true;
	return false;
}
static bool in_heads(const struct head_row *rows, size_t n, exec_fn *fn)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].plain == fn)
			return true;
	return false;
}
static bool in_tails(const struct tail_row *rows, size_t n, exec_fn *fn)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].plain == fn)
			return true;
	return false;
}

static bool succeeds(exec_fn *fn)
{
	return in_heads(head_int_rows, head_int_rows_n, fn) ||
	       in_heads(head_ldst_rows, head_ldst_rows_n, fn) ||
	       in_heads(head_fp_rows, head_fp_rows_n, fn) ||
	       in_tails(tail_int_rows, tail_int_rows_n, fn) ||
	       in_tails(tail_ldst_rows, tail_ldst_rows_n, fn) ||
	       in_tails(tail_fp_rows, tail_fp_rows_n, fn) ||
	       in_tails(tail_branch_rows, tail_branch_rows_n, fn);
}

static bool is_joined(exec_fn *fn)
{
	return succeeds(fn) || in_forwarding(fwd_int_rows, fwd_int_rows_n, fn) ||
	       in_forwarding(fwd_ldst_rows, fwd_ldst_rows_n, fn) ||
	       in_forwarding(fwd_branch_rows, fwd_branch_rows_n, fn);
}

static void learn(struct vocabulary *v, exec_fn *handler, u32 w)
{
	u32 i = 0;

	while (i < v->n && v->entry[i].handler != handler)
		i++;
	if (i == v->n) {
		if (v->n == VOCABULARY || !is_joined(handler))
			return;
		v->entry[v->n].succeeds = succeeds(handler);
		v->entry[v->n++].handler = handler;
	}
	if (v->entry[i].n < WORDS_EACH)
		v->entry[i].word[v->entry[i].n++] = w;
}

static const struct vocabulary *vocabulary(u64 features)
{
	static struct vocabulary v;
	u64 rng = 1;
	u32 w;

	if (v.n)
		return &v;
	for (size_t k = 0; k < 40; k++)
		for (size_t i = 0; i < ARRAY_SIZE(specials); i++) {
			w = specials[i].word | below(&rng, 8) | below(&rng, 8) << 16;
			w |= w & 0x3e0 ? 0 : below(&rng, 8) << 5;
			learn(&v, translate(a64_decode(w, features), w, features)->uop[0].exec, w);
		}
	for (size_t k = 0; k < 200; k++)
		for (size_t i = 0; i < a64_insns_n; i++) {
			const struct insn *row = &a64_insns[i];

			if (row->cls == CL_SYSTEM || gen_excluded(row, features) ||
			    !random_word(&rng, row, features, &w))
				continue;
			w |= row->tr == tr_adr ? 1u << 23 : 0; /* not to the stub: sides differ */
			w = is_direct_branch(row) ? aim(row, w, 2) : w;
			learn(&v, translate(row, w, features)->uop[0].exec, w);
		}
	return &v;
}

static u32 known_word(struct chain *c)
{
	const struct vocabulary *v = vocabulary(c->features);
	u32 i = below(c->rng, v->n);

	for (unsigned tries = 0; tries < 3 && !v->entry[i].succeeds; tries++)
		i = below(c->rng, v->n);
	return v->entry[i].word[below(c->rng, v->entry[i].n)];
}

/* Any of the joined handlers, mostly on what was written last: its address too, so that some end in
 * an abort. */
static void chain_joined(struct chain *c, bool *indirect)
{
	static const u8 conditions[] = { 0 /* EQ */, 1 /* NE */, 8 /* HI */, 9 /* LS */ };
	u32 w = known_word(c);
	const struct insn *row = a64_decode(w, c->features);
	struct chain others = *c;

	if (row->cls == CL_BRANCH_IND) {
		if (!*indirect)
			append(c->p, set_field(row, 'n', w, R_TARGET));
		*indirect = true;
		return;
	}
	if (is_literal(row))
		return;
	if (has_base(row))
		w = chain_address(c, row, w);
	if (has_base(row) && below(c->rng, 8) == 0)
		w = set_field(row, 'n', w, c->last);
	if (below(c->rng, 3) == 0)
		c->last = (u8)below(c->rng, 8); /* not what was written last */
	chain_registers(c, row, &w);
	if (!defined(row, w, c->features)) {
		*c = others;
		return;
	}
	append(c->p, w);
	if (strncmp(row->name, "subs_", 5) == 0 && below(c->rng, 4))
		append(c->p, 0x54000020 | conditions[below(c->rng, 4)]); /* aimed later */
}

/* Branches go forward, or to the end in another page: only the loop's own goes back. */
static void aim_branches(struct chain *c, u32 slot)
{
	struct program *p = c->p;

	for (u32 i = 0; i < p->n; i++) {
		const struct insn *row = a64_decode(p->word[i], c->features);
		s32 end = (s32)((VA_STUB - VA_SLOT(slot)) / 4) - 1 - (s32)i;

		if (row && row->cls == CL_BRANCH_IND)
			p->target = (u8)(i + 1 + below(c->rng, p->n - i));
		if (!row || !is_direct_branch(row))
			continue;
		if (below(c->rng, 6) || (row->tr == tr_tbz && end > 0x1fff))
			end = 1 + (s32)below(c->rng, p->n - i < 6 ? p->n - i : 6);
		p->word[i] = aim(row, p->word[i], end);
	}
}

void gen_chain(u64 *rng, u64 features, u32 slot, struct program *p)
{
	struct chain c = { .rng = rng, .features = features, .p = p };
	u32 length = 2 + below(rng, 20);
	bool indirect = false, loop = below(rng, 4) == 0, joined = below(rng, 2);

	memset(p, 0, sizeof *p);
	p->chain = true;
	p->base = -1;
	p->branch = R_TARGET;
	while (joined && p->n < length)
		chain_joined(&c, &indirect);
	while (p->n < length) {
		const struct insn *row = chain_row(&c);

		if (row->cls == CL_BRANCH_IND &&
		    indirect) /* their one target must lie behind each */
			continue;
		indirect |= row->cls == CL_BRANCH_IND;
		if (below(rng, 3) == 0)
			chain_idiom(&c);
		else
			chain_add(&c, row);
	}
	aim_branches(&c, slot);
	if (loop) {
		append(p, 0xd1000400 | R_LOOP << 5 | R_LOOP);		   /* sub x28, x28, #1 */
		append(p, 0xb5000000 | (-(p->n) & 0x7ffff) << 5 | R_LOOP); /* cbnz x28, start */
	}
}

void gen_image(const struct program *p, u32 slot, u32 image[SLOT_WORDS])
{
	u64 rng = slot, from = VA_SLOT(slot) + 4 * (1 + (u64)p->n);

	for (unsigned i = 0; i < SLOT_WORDS; i++)
		image[i] = i < LITERALS ? (u32)NOP : (u32)value_random(&rng);
	image[0] = SHARE_PROLOGUE;
	memcpy(image + 1, p->word, p->n * 4);
	image[1 + p->n] = branch_by((s32)((VA_STUB - from) / 4));
}

/* ---- states ---- */

static void random_flags(u64 *rng, struct state *s)
{
	u64 r = value_random(rng);

	s->nzcv = r >> 4 & 0xf0000000;
	/* IXC lets the host's arithmetic in */
	s->fpsr = r >> 62 & 1 ? 0x10 : r >> 63 ? r & 0x0800009f : 0;
}

static u64 random_fpcr(u64 *rng)
{
	u64 r = value_random(rng);

	return r & 1 ? r & 0x07c80000 : 0; /* AHP, DN, FZ, RMode, FZ16 */
}

static void random_registers(struct values *g, struct state *s)
{
	u64 r = value_random(g->rng);

	for (unsigned i = 0; i < 31; i++)
		s->x[i] = value_make(g, false);
	for (unsigned i = 0; i < 32; i++)
		for (unsigned k = 0; k < 2; k++)
			s->v[i][k] = value_make(g, true);
	if ((r & 7) == 0) /* equal operands */
		for (unsigned i = 0; i < 32; i++)
			memcpy(s->v[i], s->v[r >> 8 & 3], 16);
	if ((r & 0x38) == 0)
		for (unsigned i = 0; i < 16; i++)
			s->x[i] = s->x[r >> 16 & 3];
	random_flags(g->rng, s);
	s->fpcr = random_fpcr(g->rng);
	s->sp = value_make(g, false);
}

static void chain_state(u64 *rng, u64 middle, struct state *s)
{
	u64 r = value_random(rng);

	s->x[R_ALIGNED] = middle + 16 * (r & 15) - 128;
	s->x[R_ALIGNED + 1] = middle + 16 * (r >> 4 & 15) - 128;
	s->x[R_ADDRESS] = middle + (r >> 8 & 127) - 64;
	s->x[R_ADDRESS + 1] = middle + (r >> 15 & 31) - 16;
	s->x[R_INDEX] = r >> 20 & 15;
	s->x[R_INDEX_W] = r << 32 | (r >> 24 & 15);
	s->x[R_INDEX_NEG] = -(r >> 28 & 15);
	s->x[R_LOOP] = 1 + (r >> 56 & 3);
	s->sp = middle + ((r >> 32 & 31) - 16) * (r >> 40 & 1 ? 16 : 1);
}

u64 gen_address(const struct program *p, const struct state *s)
{
	return (p->base == 31 ? s->sp : s->x[p->base]) + offset_of(p, s);
}

static void focus_address(u64 *rng, const struct program *p, u64 middle, u32 spread,
			  struct state *s)
{
	u64 r = value_random(rng), at = middle + (r >> 16 & (2 * spread - 1)) - spread;

	if (p->aligned ? p->sweep.sets || (r >> 8 & 31) : (r >> 8 & 3) == 0)
		at &= ~15ull;
	else if ((r >> 8 & 3) == 1)
		at = middle - (r >> 10 & 15); /* crosses the page */
	at -= offset_of(p, s);
	if (p->base == 31)
		s->sp = p->row->tr == tr_sys ? s->sp : at;
	else
		s->x[p->base] = at;
}

/* A compare-and-swap finds what it compares with. */
static void let_compare_succeed(const struct program *p, u64 data_va, const struct state *s,
				u8 *data)
{
	u32 w = p->word[p->focus], from;
	u64 at;

	if (p->chain || p->row->tr != tr_cas)
		return;
	from = reg_of(p->row, 's', w);
	at = gen_address(p, s) - data_va;
	for (unsigned i = 0; i <= p->row->arg; i++) { /* a pair lies as its registers do */
		unsigned size = p->row->arg ? 4u << (w >> 30 & 1) : 1u << (w >> 30);

		if (from + i < 31)
			memcpy(data + at + i * size, &s->x[from + i], size);
	}
}

static struct values values_for(u64 *rng, const struct program *p)
{
	u64 r = value_random(rng);

	return (struct values){ rng, p->fp_size && r & 0x300 ? p->fp_size : 1 + r % 3, r >> 40 };
}

static void random_data(struct values *g, u8 *data, u32 from, u32 to, bool floating)
{
	for (u32 at = from; at < to; at += 8) {
		u64 v = value_make(g, floating);

		memcpy(data + at, &v, 8);
	}
}

bool gen_has_data(const struct program *p)
{
	return p->chain || p->base >= 0;
}

void gen_state(u64 *rng, const struct program *p, u32 run, u32 slot, struct state *s, u8 *data)
{
	u64 r = value_random(rng), middle = VA_RUN(run) + DATA_SIZE / 2;
	struct values g = values_for(rng, p);

	memset(s, 0, sizeof *s);
	random_registers(&g, s);
	if (p->chain)
		chain_state(rng, middle, s);
	if (p->branch >= 0)
		s->x[p->branch] = VA_SLOT(slot) + 4 + 4 * (u64)p->target;
	if (p->base >= 0)
		focus_address(rng, p, middle, 128, s);
	if (!gen_has_data(p))
		return;
	random_data(&g, data, DATA_SIZE / 2 - 256, DATA_SIZE / 2 + 256, r >> 60 & 1);
	if (r >> 63)
		let_compare_succeed(p, VA_RUN(run), s, data);
}

/* ---- loops ---- */

/* What MSR writes: only bits that are there without AArch32 (FPCR, FPSR). */
static void keep_defined_bits(const struct program *p, struct state *s)
{
	static const u64 defined_bits[4] = { ~0ull, 0, 0x07c80000, 0x0800009f };
	u32 w = p->word[p->focus];

	if (p->row->tr != tr_msr || p->row->arg || (w & 31) == 31)
		return;
	s->x[w & 31] &= defined_bits[(w >> 8 & 15) == 2 ? 0 : 2 + (w >> 5 & 1)];
}

/* The operands of one round. */
static void round_operands(struct values *g, const struct program *p, u32 slot, u64 middle,
			   struct state *s)
{
	const struct sweep *w = &p->sweep;
	u64 r = value_random(g->rng);
	int first = -1;

	for (u32 m = w->in.general; m; m &= m - 1) {
		int i = __builtin_ctz(m);

		*(i == 31 ? &s->sp : &s->x[i]) =
			first >= 0 && !(r & 7) ? s->x[first] : value_make(g, false);
		first = first < 0 && i < 31 ? i : first;
	}
	first = -1;
	for (u32 m = w->in.vector; m; m &= m - 1) {
		int i = __builtin_ctz(m);

		if (first >= 0 && !(r & 0x70)) {
			memcpy(s->v[i], s->v[first], 16);
			continue;
		}
		s->v[i][0] = value_make(g, true);
		s->v[i][1] = value_make(g, true);
		first = first < 0 ? i : first;
	}
	random_flags(g->rng, s);
	keep_defined_bits(p, s);
	if (p->branch >= 0)
		s->x[p->branch] =
			VA_SLOT(slot) + 4 + 4 * (w->begin + (u64[]){ 1, 4, 5, 6 }[r >> 8 & 3]);
	if (p->base >= 0)
		focus_address(g->rng, p, middle, 2048, s);
}

void gen_sweep_state(u64 *rng, const struct program *p, u32 run, u32 slot, struct state *s,
		     u8 *data, gen_seen *seen, void *ctx)
{
	struct values g = values_for(rng, p);
	u64 near = g.near;

	memset(s, 0, sizeof *s);
	random_registers(&g, s);
	if (gen_has_data(p))
		random_data(&g, data, 0, DATA_SIZE, value_random(rng) & 1);
	for (u32 i = 0; i < p->sweep.sets; i++) {
		g.near = near + (value_random(rng) >> 58);
		round_operands(&g, p, slot, VA_RUN(run) + DATA_SIZE / 2, s);
		if (gen_has_data(p) && value_random(rng) >> 63)
			let_compare_succeed(p, VA_RUN(run), s, data);
		sweep_put(p, s, data, i);
		if (seen)
			seen(ctx, p, s);
	}
	sweep_pointers(p, run, s);
}
