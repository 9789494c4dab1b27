/*
 * From instruction words to a block: decodes from the start offset until a branch, an instruction that may change what follows, the
 * page's end or the limit. Reads guest bytes from host memory; marks the lines it read so that writes to them kill the block.
 */
#include <stdlib.h>
#include <string.h>
#include "cpu/context.h"
#include "cpu/exec_observe.h"
#include "cpu/fuse.h"
#include "cpu/sysreg.h"
#include "cpu/translate_priv.h"

struct uop *emit(struct tr *t, exec_fn *fn, u8 rd, u8 rn, u8 rm, u8 aux, s32 imm)
{
	struct uop *u = &t->uop[t->n_uops];

	*u = (struct uop){ .exec = fn, .rd = rd, .rn = rn, .rm = rm, .aux = aux, .imm = imm };
	t->cold[t->n_uops] = (struct uop_cold){ .row = (u16)t->row, .off = (u16)t->off, .nth = (u16)t->n_insns, .iss = t->iss };
	t->uses_pool[t->n_uops++] = false;
	return u;
}

struct uop *emit_const(struct tr *t, exec_fn *fn, u8 rd, u8 rn, u8 rm, u8 aux, u64 value)
{
	struct uop *u = emit(t, fn, rd, rn, rm, aux, (s32)t->n_pool);

	t->uses_pool[t->n_uops - 1] = true;
	t->pool[t->n_pool++] = value;
	return u;
}

/* A register or instruction whose row says so ends the block; its handler leaves by itself then. Unknown encodings are refused at run time. */
void tr_sysreg_ends(struct tr *t, u32 enc)
{
	const struct sysreg *r = sysreg_find(t->c->sysregs, enc);

	/* redirection (E2H, _EL12) may reach another row: registers of one noun have the same flags, but be safe */
	if (!r || (r->flags & (SRF_ENDS_BLOCK | SRF_CONTEXT)) || r->e2h)
		t->stop = true;
	if (r && (r->flags & SRF_VA_OP) && (t->key & KEY_XLAT))
		t->cnt[CNT_DLOOKUP]++;
}

static void count_class(u32 cnt[4], enum insn_class cls, bool store_bit, bool xlat)
{
	switch (cls) {
	case CL_LOAD:
	case CL_VLOAD:
	case CL_STORE:
	case CL_VSTORE:
	case CL_ATOMIC:
	case CL_EXCL:
		cnt[store_bit ? CNT_STORE : CNT_LOAD]++;
		if (xlat)
			cnt[CNT_DLOOKUP]++;
		break;
	case CL_BRANCH:
	case CL_BRANCH_IND:
		cnt[CNT_BRANCH]++;
		break;
	default:
		break;
	}
}

static u8 kind_of(const struct insn *row)
{
	switch (row->cls) {
	case CL_ATOMIC: return KIND_ATOMIC;
	case CL_EXCL: return row->arg & 2 ? KIND_LOAD_EXCL : KIND_STORE_EXCL;
	case CL_BARRIER: return KIND_BARRIER;
	case CL_SYSTEM: return KIND_SYSTEM;
	default: return row->cls >= CL_FP_ADD && row->cls <= CL_CRYPTO ? KIND_SIMD : KIND_NONE;
	}
}

/* Puts the uop that counts a block's kinds before all others. */
static void count_kinds(struct tr *t)
{
	u32 n = t->n_uops;

	memmove(&t->uop[1], &t->uop[0], n * sizeof(t->uop[0]));
	memmove(&t->cold[1], &t->cold[0], n * sizeof(t->cold[0]));
	memmove(&t->uses_pool[1], &t->uses_pool[0], n * sizeof(t->uses_pool[0]));
	t->cold[0] = (struct uop_cold){ .row = t->cold[1].row, .off = t->cold[1].off };
	t->n_uops++;
	for (u8 k = 1; k < KINDS; k++)
		if (t->all_kinds == (u64)t->kinds[k] << 8 * k) {
			t->uop[0] = (struct uop){ .exec = exec_kind, .aux = k, .imm = t->kinds[k] };
			t->uses_pool[0] = false;
			return;
		}
	t->uop[0] = (struct uop){ .exec = exec_kinds, .imm = (s32)t->n_pool };
	t->uses_pool[0] = true;
	t->pool[t->n_pool++] = t->all_kinds;
}

static void translate_one(struct tr *t, u32 w)
{
	const struct insn *row = a64_decode(w, t->c->core.features);
	u32 first = t->n_uops, before, cnt[4];

	memcpy(cnt, t->cnt, sizeof(cnt));
	t->kind[t->n_insns] = KIND_NONE;
	t->iss = 0;
	t->row = row ? (u32)(row - a64_insns) : 0;
	if (t->key & KEY_OBSERVED)
		tr_observe(t, row, w);
	before = t->n_uops;
	if (t->key & KEY_IL) {
		tr_illegal(t);
	} else if (!row || !row->tr(t, row, w)) {
		t->n_uops = before;
		t->end = false;
		t->stop = false;
		memcpy(t->cnt, cnt, sizeof(cnt));
		tr_undef(t);
		return;
	}
	if (row)
		count_class(t->cnt, row->cls, row->cls == CL_STORE || row->cls == CL_VSTORE, (t->key & KEY_XLAT) != 0);
	for (unsigned k = 0; k < 4; k++)
		t->cold[first].cnt[k] = (u8)(t->cnt[k] - cnt[k]);
	t->kind[t->n_insns] = row ? kind_of(row) : KIND_NONE;
	t->kinds[t->kind[t->n_insns]] += t->kind[t->n_insns] != KIND_NONE;
}

static struct block *finish(struct tr *t, struct codepage *p, u32 off)
{
	size_t uops = t->n_uops * sizeof(struct uop), pool_bytes = t->n_pool * sizeof(u64);
	size_t cold = sizeof(struct block_info) + t->n_uops * sizeof(struct uop_cold), kinds = t->all_kinds ? t->n_insns : 0;
	struct block *b = block_alloc(t->c->blocks, sizeof(struct block) + uops + pool_bytes + cold + kinds);
	struct block_info *info;
	u64 *pool;

	if (!b)
		return NULL;
	b->n = (u8)t->n_insns;
	b->off = (u16)off;
	b->work = -((s64)b->n << WORK_CYCLES);
	for (unsigned k = 0; k < 4 && stats_on(); k++)
		b->work += (s64)t->cnt[k] << k * WORK_LANE;
	memcpy(b->uop, t->uop, uops);
	fuse_uops(block_fuse(t->c->blocks), b->uop, t->n_uops);
	pool = (u64 *)&b->uop[t->n_uops];
	memcpy(pool, t->pool, pool_bytes);
	info = (struct block_info *)(pool + t->n_pool);
	b->info = (u32)((char *)info - (char *)b);
	info->page = p;
	info->n_uops = t->n_uops;
	memcpy(info->cold, t->cold, t->n_uops * sizeof(struct uop_cold));
	if (kinds)
		info->kind = memcpy(&info->cold[t->n_uops], t->kind, kinds);
	for (u32 i = 0; i < t->n_uops; i++)
		if (t->uses_pool[i])
			b->uop[i].imm = (s32)((char *)&pool[t->uop[i].imm] - (char *)&b->uop[i]);
	return b;
}

static void translate_words(struct cpu *c, struct tr *t, const struct codepage *p, u32 off)
{
	u32 limit = c->max_block && c->max_block < BLOCK_MAX ? c->max_block : BLOCK_MAX;

	if (p->key & KEY_SINGLE)
		limit = 1;
	t->c = c;
	t->key = p->key;
	t->off = off;
	t->end = t->stop = false;
	t->n_uops = t->n_pool = t->n_insns = 0;
	memset(t->cnt, 0, sizeof(t->cnt));
	t->all_kinds = 0;
	do {
		u32 w = ram_get32(p->host + t->off);

		t->word[t->n_insns] = w;
		translate_one(t, w);
		t->n_insns++;
		t->off += 4;
	} while (!t->end && !t->stop && t->n_insns < limit && t->off < 4096);
	if (!t->end) {
		t->row = 0;
		emit_next(t, t->off, t->stop);
	}
	if (t->all_kinds && stats_on())
		count_kinds(t);
}

static bool words_changed(const struct tr *t, const u8 *host)
{
	for (u32 i = 0; i < t->n_insns; i++)
		if (ram_get32(host + 4 * i) != t->word[i])
			return true;
	return false;
}

/*
 * Another thread may be writing the words: who writes and then cleans up looks for marks, so what is not seen after the marks are
 * set will be dropped by that one.
 */
struct block *block_translate(struct cpu *c, struct codepage *p, u32 off)
{
	struct tr *t = block_scratch(c->blocks);
	unsigned tries = 8; /* each sees what was written before the one before it; a guest that goes on and on gets some of it */

	do {
		translate_words(c, t, p, off);
		bus_mark_code(c->bus, (pa){ p->pa + off }, t->off - off);
	} while (c->parallel && words_changed(t, p->host + off) && --tries);
	if (p->was)
		block_decoded(p, off, t->word, t->n_insns);
	return finish(t, p, off);
}
