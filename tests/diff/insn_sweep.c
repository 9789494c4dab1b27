/* See insn_sweep.h. A table's entry: SP, NZCV, FPSR, FPCR as far as they are used, the general
 * registers, the SIMD registers. */
#include "insn_sweep.h"

#include <string.h>

enum { SP = 31 };
#define NO_SP		   0x7fffffffu
#define LDR_POST8(rt, rn)  (0xf8408400u | (u32)(rn) << 5 | (rt))
#define STR_POST8(rt, rn)  (0xf8008400u | (u32)(rn) << 5 | (rt))
#define LDR_POST16(qt, rn) (0x3cc10400u | (u32)(rn) << 5 | (qt))
#define STR_POST16(qt, rn) (0x3c810400u | (u32)(rn) << 5 | (qt))
#define MOV_TO_SP(rn)	   (0x9100001fu | (u32)(rn) << 5)
#define MOV_FROM_SP(rd)	   (0x910003e0u | (rd))
#define MSR_NZCV	   0xd51b4200u
#define MSR_FPSR	   0xd51b4420u
#define MRS_NZCV	   0xd53b4200u
#define MRS_FPSR	   0xd53b4420u
#define MRS_FPCR	   0xd53b4400u
#define DECREMENT(r)	   (0xd1000400u | (u32)(r) << 5 | (r))
#define CBNZ(r, words)	   (0xb5000000u | ((u32)(words)&0x7ffff) << 5 | (r))

/* ---- the loop ---- */

static void add_regs(struct regs *to, struct regs r)
{
	to->general |= r.general;
	to->vector |= r.vector;
}

static void find_registers(const struct program *p, u64 features, struct sweep *s)
{
	struct use use;

	s->flags = p->use.flags;
	s->fpsr = p->use.fpsr || p->row->cls == CL_SYSTEM;
	s->fpcr = p->row->cls == CL_SYSTEM;
	for (u32 i = 0; i < p->n; i++) {
		gen_use(a64_decode(p->word[i], features), p->word[i], &use);
		add_regs(&s->in, use.read);
		add_regs(&s->in, use.written);
		add_regs(&s->out, use.written);
	}
}

static u32 entry_size(struct regs r, unsigned others)
{
	return 8 * ((u32)__builtin_popcount(r.general) + others) +
	       16 * (u32)__builtin_popcount(r.vector);
}

static bool find_own(struct sweep *s)
{
	u8 *const own[] = { &s->from, &s->to, &s->count, &s->temp };
	unsigned n = 0;

	for (unsigned r = 31; r-- && n < ARRAY_SIZE(own);)
		if (!(s->in.general >> r & 1))
			*own[n++] = (u8)r;
	return n == ARRAY_SIZE(own);
}

static void append(struct program *p, u32 w)
{
	p->word[p->n++] = w;
}

static void append_loads(struct program *p, const struct sweep *s)
{
	if (s->in.general >> SP) {
		append(p, LDR_POST8(s->temp, s->from));
		append(p, MOV_TO_SP(s->temp));
	}
	if (s->flags) {
		append(p, LDR_POST8(s->temp, s->from));
		append(p, MSR_NZCV | s->temp);
	}
	if (s->fpsr) {
		append(p, LDR_POST8(s->temp, s->from));
		append(p, MSR_FPSR | s->temp);
	}
	for (u32 m = s->in.general & NO_SP; m; m &= m - 1)
		append(p, LDR_POST8((u32)__builtin_ctz(m), s->from));
	for (u32 m = s->in.vector; m; m &= m - 1)
		append(p, LDR_POST16((u32)__builtin_ctz(m), s->from));
}

static void append_stores(struct program *p, const struct sweep *s)
{
	const struct {
		bool used;
		u32 word;
	} others[] = { { s->out.general >> SP, MOV_FROM_SP(s->temp) },
		       { s->flags, MRS_NZCV | s->temp },
		       { s->fpsr, MRS_FPSR | s->temp },
		       { s->fpcr, MRS_FPCR | s->temp } };

	for (u32 m = s->out.general & NO_SP; m; m &= m - 1)
		append(p, STR_POST8((u32)__builtin_ctz(m), s->to));
	for (u32 m = s->out.vector; m; m &= m - 1)
		append(p, STR_POST16((u32)__builtin_ctz(m), s->to));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (others[i].used) {
			append(p, others[i].word);
			append(p, STR_POST8(s->temp, s->to));
		}
}

bool sweep_wrap(u64 *rng, u64 features, u32 sets, struct program *p)
{
	struct program loop = *p;
	struct sweep *s = &loop.sweep;
	u32 most;

	find_registers(p, features, s);
	if (!find_own(s))
		return false;
	s->in_size = entry_size(s->in, s->flags + s->fpsr);
	s->out_size = entry_size(s->out, s->flags + s->fpsr + s->fpcr);
	most = SWEEP_TABLE / (s->in_size > s->out_size ? s->in_size
			      : s->out_size	       ? s->out_size
						       : 1);
	s->sets = sets < most ? sets : most;
	loop.n = 0;
	append_loads(&loop, s);
	s->begin = loop.n;
	loop.focus = s->begin + p->focus;
	for (u32 i = 0; i < p->n; i++)
		append(&loop, p->word[i]);
	s->end = loop.n;
	append_stores(&loop, s);
	append(&loop, DECREMENT(s->count));
	append(&loop, CBNZ(s->count, -(s32)loop.n));
	if (p->literal)
		gen_aim_literal(rng, &loop);
	*p = loop;
	return true;
}

void sweep_pointers(const struct program *p, u32 run, struct state *s)
{
	s->x[p->sweep.from] = VA_RUN(run) + SWEEP_IN;
	s->x[p->sweep.to] = VA_RUN(run) + SWEEP_OUT;
	s->x[p->sweep.count] = p->sweep.sets;
}

/* ---- the tables ---- */

static u8 *put(u8 *at, const void *from, size_t size)
{
	memcpy(at, from, size);
	return at + size;
}

void sweep_put(const struct program *p, const struct state *s, u8 *data, u32 i)
{
	const struct sweep *w = &p->sweep;
	u8 *at = data + SWEEP_IN + (size_t)i * w->in_size;

	if (w->in.general >> SP)
		at = put(at, &s->sp, 8);
	if (w->flags)
		at = put(at, &s->nzcv, 8);
	if (w->fpsr)
		at = put(at, &s->fpsr, 8);
	for (u32 m = w->in.general & NO_SP; m; m &= m - 1)
		at = put(at, &s->x[__builtin_ctz(m)], 8);
	for (u32 m = w->in.vector; m; m &= m - 1)
		at = put(at, s->v[__builtin_ctz(m)], 16);
}

static const u8 *get(const u8 *at, void *to, size_t size)
{
	memcpy(to, at, size);
	return at + size;
}

struct program sweep_single(const struct program *p, const u8 *data, u32 i, struct state *s)
{
	const struct sweep *w = &p->sweep;
	const u8 *at = data + SWEEP_IN + (size_t)i * w->in_size;
	struct program one = *p;

	if (w->in.general >> SP)
		at = get(at, &s->sp, 8);
	if (w->flags)
		at = get(at, &s->nzcv, 8);
	if (w->fpsr)
		at = get(at, &s->fpsr, 8);
	for (u32 m = w->in.general & NO_SP; m; m &= m - 1)
		at = get(at, &s->x[__builtin_ctz(m)], 8);
	for (u32 m = w->in.vector; m; m &= m - 1)
		at = get(at, s->v[__builtin_ctz(m)], 16);
	memset(&one.sweep, 0, sizeof one.sweep);
	one.n = w->end - w->begin;
	one.focus = p->focus - w->begin;
	memcpy(one.word, p->word + w->begin, one.n * sizeof one.word[0]);
	if (one.branch >= 0) /* one place less: the loop's loads are gone */
		s->x[one.branch] -= 4 * (u64)w->begin;
	return one;
}

u32 sweep_differs(const struct program *p, const u8 *want, const u8 *got)
{
	const struct sweep *w = &p->sweep;

	if (memcmp(want + SWEEP_OUT, got + SWEEP_OUT, (size_t)w->sets * w->out_size) == 0)
		return w->sets;
	for (u32 i = 0; i < w->sets; i++)
		if (memcmp(want + SWEEP_OUT + (size_t)i * w->out_size,
			   got + SWEEP_OUT + (size_t)i * w->out_size, w->out_size))
			return i;
	return w->sets;
}
