/* See timing.h. All times are cycles of the model's own clock, which stands still while nothing is observed. */
#include "cpu/timing.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/snap.h"

const struct stat_row timing_stat_rows[] = {
#define ROW(field, unit, help) STAT_ROW(timing_stats, field, unit, help)
	TIMING_STATS(ROW)
#undef ROW
#define ROW(field, row_unit, row_help) { .name = #field, .unit = row_unit, .help = row_help, .offset = offsetof(struct timing_stats, cache.field) },
	CACHE_STATS(ROW)
#undef ROW
};
const size_t timing_stat_rows_n = ARRAY_SIZE(timing_stat_rows);

enum { FORWARDS = 64 /* stores that loads may get their data from */, MAX_PIPES = 4, MAX_ROB = 1024, MAX_MISSES = 64, MAX_STORES = 64, MAX_RETURNS = 64 };
#define NO_LINE (~0ull)

enum { SERIAL = 1 };
static const struct {
	u8 pipe, flags;
} classes[TIMING_CLASS_COUNT] = {
#define CLASS(name, pipe_, flags_, help) [TC_##name] = { PIPE_##pipe_, flags_ },
	TIMING_CLASSES(CLASS)
#undef CLASS
};

/* Times at which the entries of a buffer become free again, oldest first. */
struct ring {
	u32 at, n;
	u64 *free;
};

/* The branch that was dispatched last, until the next instruction shows where it went. */
struct pending_branch {
	bool there, predicted; /* there is one; the predictor had to say something */
	bool conditional, indirect, guess_taken;
	u64 pc, target; /* target: of an indirect branch or return, as predicted */
	u64 done;
};

struct timing {
	struct timing_values v;
	struct timing_stats *stats, own_stats; /* own_stats: until timing_set_stats() */
	struct caches *caches;
	u8 kind[TIMING_CLASS_COUNT]; /* of pipe, by class */
	u32 pipes[PIPES];
	u32 line_hit;      /* an L1 hit's cycles: part of the load classes' latency */

	u64 now;           /* the last instruction was dispatched then */
	u32 slot;          /* how many were in that cycle */
	u64 fetch_ready;   /* no dispatch before */
	u64 line;          /* physical line that instructions come from */
	u64 ready[TIMING_SLOTS], nzcv;
	u8 made_by[TIMING_SLOTS]; /* class of the instruction whose result it is */
	u64 memory;        /* loads and stores start no earlier: DMB */
	u64 pipe[PIPES][MAX_PIPES];
	u64 retire, stored; /* all so far are complete; all stores have their line */
	struct ring rob, misses, stores;
	u64 rob_free[MAX_ROB], miss_free[MAX_MISSES], store_free[MAX_STORES];

	struct {
		u64 at, done; /* physical address / 8; when its data was there */
	} forward[FORWARDS]; /* by the low bits of that */

	/* the current instruction */
	struct timing_op op;
	u64 start, done;
	u32 walk;          /* cycles of translating for it, or for the next fetch */

	/* branch prediction */
	struct pending_branch branch;
	u64 history;
	u8 *direction;     /* 2-bit counters */
	u64 *indirect;     /* targets */
	u64 returns[MAX_RETURNS];
	u32 return_top;
};

static u64 later(u64 a, u64 b)
{
	return a > b ? a : b;
}

/* When the oldest entry can be had, not before `from`; what takes it says until when. */
static u64 ring_take(struct ring *r, u64 from)
{
	return later(from, r->free[r->at]);
}
static void ring_put(struct ring *r, u64 until)
{
	r->free[r->at] = until;
	r->at = r->at + 1 == r->n ? 0 : r->at + 1;
}

/* ---- branches ---- */

static u32 direction_index(const struct timing *t, u64 pc)
{
	u64 history = t->history & MASK(t->v.bp_history ? t->v.bp_history - 1 : 0, 0);

	return (u32)((pc >> 2) ^ (t->v.bp_history ? history : 0)) & ((1u << t->v.bp_bits) - 1);
}

static u32 indirect_index(const struct timing *t, u64 pc)
{
	return (u32)((pc >> 2) ^ (t->history & 0xff) << 2) & ((1u << t->v.btb_bits) - 1);
}

static void predict(struct timing *t, struct timing_op op, u64 pc)
{
	struct pending_branch *b = &t->branch;

	*b = (struct pending_branch){ .there = true, .pc = pc, .done = t->done, .conditional = op.flags & OP_CONDITIONAL };
	if (b->conditional) {
		b->guess_taken = t->direction[direction_index(t, pc)] >= 2;
		b->predicted = true;
	} else if (op.flags & OP_RETURN) {
		t->return_top = (t->return_top + t->v.return_stack - 1) % t->v.return_stack;
		b->target = t->returns[t->return_top];
		b->predicted = true;
	} else if (op.cls == TC_branch_ind) {
		b->indirect = b->predicted = true;
		b->target = t->indirect[indirect_index(t, pc)];
	}
	if (op.flags & OP_CALL) {
		t->returns[t->return_top] = pc + 4;
		t->return_top = (t->return_top + 1) % t->v.return_stack;
	}
}

static void learn(struct timing *t, const struct pending_branch *b, u64 next, bool taken)
{
	u8 *counter;

	if (b->conditional) {
		counter = &t->direction[direction_index(t, b->pc)];
		if (taken && *counter < 3)
			(*counter)++;
		else if (!taken && *counter)
			(*counter)--;
		t->history = t->history << 1 | taken;
	} else if (b->indirect) {
		t->indirect[indirect_index(t, b->pc)] = next;
		t->history = t->history << 1 | (next >> 2 & 1);
	}
}

/* The branch before went to `next`. */
static void resolve(struct timing *t, u64 next)
{
	struct pending_branch *b = &t->branch;
	bool taken = next != b->pc + 4;
	bool right = b->conditional ? b->guess_taken == taken : !b->predicted || b->target == next;

	b->there = false;
	t->stats->br_pred += b->predicted;
	learn(t, b, next, taken);
	if (!right) {
		t->stats->br_mis_pred++;
		t->fetch_ready = later(t->fetch_ready, b->done + t->v.mispredict);
	} else if (taken && t->v.taken) {
		t->fetch_ready = later(t->fetch_ready, t->now + 1 + t->v.taken);
	}
}

/* ---- dispatch ---- */

/* Time for translating: the main TLB and walks happened since the last instruction started. */
static void fetch_translated(struct timing *t)
{
	t->fetch_ready = later(t->fetch_ready, t->now) + t->walk;
	t->walk = 0;
}

static void fetch_line(struct timing *t, u64 pa)
{
	u32 cycles = caches_access(t->caches, pa, CACHE_FETCH);

	t->line = pa >> CACHE_LINE_LOG2;
	if (cycles > 1)
		t->fetch_ready = later(t->fetch_ready, t->now) + cycles;
}

static u64 operands_ready(const struct timing *t, struct timing_op op)
{
	u64 r = later(later(t->ready[op.src[0]], t->ready[op.src[1]]), t->ready[op.src[3]]), addend = t->ready[op.src[2]];

	if ((op.flags & OP_ADDEND) && t->made_by[op.src[2]] == op.cls)
		addend -= addend < t->v.cls[op.cls].early ? addend : t->v.cls[op.cls].early;
	r = later(r, addend);

	return op.flags & OP_READS_NZCV ? later(r, t->nzcv) : r;
}

static u32 pipe_count(const struct timing *t, u8 pipe)
{
	const u32 n[PIPES] = {
		[PIPE_INT] = t->v.pipes_int, [PIPE_MUL] = t->v.pipes_mul, [PIPE_BRANCH] = t->v.pipes_branch, [PIPE_LOAD] = t->v.pipes_load,
		[PIPE_STORE] = t->v.pipes_store, [PIPE_FP] = t->v.pipes_fp, [PIPE_FP_MUL] = t->v.pipes_fp_mul, [PIPE_FP_DIV] = 1,
	};

	return n[pipe];
}

/* The kind of pipe that a class uses on this core. */
static u8 pipe_kind(const struct timing *t, u8 cls)
{
	u8 kind = classes[cls].pipe;

	if (kind == PIPE_STORE && t->v.loads_share_store)
		return PIPE_LOAD;
	if (kind == PIPE_SHIFT)
		return t->v.shift_on_mul && t->v.cls[cls].latency > 1 ? PIPE_MUL : PIPE_INT;
	return kind == PIPE_FP_MUL && !t->v.pipes_fp_mul ? PIPE_FP : kind;
}

/* The pipe of that kind that is free first; NULL: the class needs none. */
static u64 *find_pipe(struct timing *t, u8 cls)
{
	u8 kind = t->kind[cls];
	u64 *p;
	u32 best = 0;

	if (kind == PIPE_NONE)
		return NULL;
	p = t->pipe[kind];
	for (u32 i = 1; i < t->pipes[kind]; i++)
		if (p[i] < p[best])
			best = i;
	return &p[best];
}

/* The first cycle with room: width, fetch, reorder buffer; everything before complete when the class is serial. */
static u64 room(struct timing *t, bool serial)
{
	u64 at = t->now + (t->slot >= t->v.width), fetched = later(at, t->fetch_ready);

	t->stats->stall_frontend += fetched - at;
	at = fetched;
	if (!t->v.in_order)
		at = ring_take(&t->rob, at);
	return serial ? later(at, t->retire) : at;
}

static void results(struct timing *t, struct timing_op op, u64 at)
{
	if (op.flags & OP_VECTORS) {
		for (u32 i = 0; i < op.dst[1]; i++)
			t->ready[32 + ((op.dst[0] + i) & 31)] = at;
		return;
	}
	t->ready[op.dst[0]] = at;
	t->ready[op.dst[1]] = at;
	t->made_by[op.dst[0]] = op.cls;
	t->ready[TIMING_NONE] = 0;
}

s64 timing_insn(struct timing *t, struct timing_op op, u64 pc, u64 pa)
{
	bool serial = classes[op.cls].flags & SERIAL;
	u64 *pipe = find_pipe(t, op.cls), before = t->now, at, operands, base;

	if (t->branch.there)
		resolve(t, pc);
	if (unlikely(t->walk))
		fetch_translated(t);
	if (pa >> CACHE_LINE_LOG2 != t->line)
		fetch_line(t, pa);
	at = room(t, serial);
	base = at;
	operands = operands_ready(t, op);
	if (op.cls == TC_dsb)
		operands = later(operands, t->stored);
	if (t->kind[op.cls] == PIPE_LOAD || t->kind[op.cls] == PIPE_STORE)
		operands = later(operands, t->memory);
	t->start = later(later(at, operands), pipe ? *pipe : 0);
	if (t->v.in_order || serial)
		at = t->start;
	t->stats->stall_backend += at - base;
	if (pipe)
		*pipe = (t->v.in_order ? t->start : later(*pipe, at)) + t->v.cls[op.cls].busy;
	t->done = t->start + t->v.cls[op.cls].latency;
	t->op = op;
	results(t, op, t->done);
	if (op.flags & OP_WRITES_NZCV)
		t->nzcv = t->done;
	if (op.flags & OP_WRITES_BASE)
		t->ready[op.src[3]] = t->start + 1;
	if (op.cls == TC_dmb)
		t->memory = later(t->retire, t->start) + t->v.cls[TC_dmb].latency;
	if (serial) /* and nothing after it starts before it is done */
		t->fetch_ready = later(t->fetch_ready, t->done);
	if (op.cls == TC_branch || op.cls == TC_branch_ind)
		predict(t, op, pc);
	t->retire = later(t->retire, t->done);
	if (!t->v.in_order)
		ring_put(&t->rob, t->retire);
	t->slot = at == t->now ? t->slot + 1 : 1;
	t->now = at;
	return (s64)(at - before) - 1;
}

/* ---- memory ---- */

/* A store's line comes later than the store retires; when the buffer is full, dispatch waits. */
static void store(struct timing *t, u32 cycles)
{
	u64 from = ring_take(&t->stores, t->start), until = from + cycles;

	if (from > t->start)
		t->fetch_ready = later(t->fetch_ready, from);
	ring_put(&t->stores, until);
	t->stored = later(t->stored, until);
}

/* A load of what a store wrote a moment ago gets it from the store, as late as that had it. */
static void forward_from(struct timing *t, u64 pa)
{
	t->forward[pa >> 3 & (FORWARDS - 1)].at = pa >> 3;
	t->forward[pa >> 3 & (FORWARDS - 1)].done = t->start + t->v.cls[TC_load].latency;
}

static u64 forwarded(const struct timing *t, u64 pa)
{
	u32 i = pa >> 3 & (FORWARDS - 1);

	return t->forward[i].at == pa >> 3 ? t->forward[i].done : 0;
}

/* The current instruction's result comes later. */
static void delay(struct timing *t, u64 until)
{
	t->done = until;
	results(t, t->op, until);
	if (t->op.flags & OP_WRITES_NZCV)
		t->nzcv = until;
	t->retire = later(t->retire, until);
	/* the entry that timing_insn() put in */
	if (!t->v.in_order)
		t->rob.free[t->rob.at ? t->rob.at - 1 : t->rob.n - 1] = t->retire;
}

/* More cycles than an L1 hit: a line in flight. Those that wait for it start later. */
static void load(struct timing *t, u32 more)
{
	u64 from = ring_take(&t->misses, t->start), until = from + more;

	ring_put(&t->misses, until);
	until += t->v.cls[t->op.cls].latency;
	if (until > t->done)
		delay(t, until);
}

static u32 access_line(struct timing *t, u64 pa, enum timing_access what)
{
	static const u8 op[] = { [TIMING_LOAD] = CACHE_LOAD, [TIMING_STORE] = CACHE_STORE, [TIMING_ZERO] = CACHE_ZERO };

	return caches_access(t->caches, pa, op[what]);
}

void timing_data(struct timing *t, u64 pa, unsigned size, enum timing_access what, bool plain, bool device)
{
	u32 cycles = 0, walk = t->walk;

	t->walk = 0;
	if (device) {
		cycles = (u32)((u64)t->v.device * 1000 / t->v.clock);
	} else if (!plain) {
		cycles = caches_bypass(t->caches);
	} else {
		cycles = access_line(t, pa, what);
		if ((pa ^ (pa + size - 1)) >> CACHE_LINE_LOG2)
			cycles += access_line(t, pa + size - 1, what);
	}
	if (what != TIMING_LOAD) {
		store(t, cycles + walk);
		forward_from(t, pa);
	} else if (forwarded(t, pa) > t->done) {
		delay(t, forwarded(t, pa));
	} else if (cycles > t->line_hit || walk)
		load(t, walk + (cycles > t->line_hit ? cycles - t->line_hit : 0));
}

void timing_tlb_miss(struct timing *t)
{
	t->walk += t->v.tlb_main_latency;
	t->stats->walk_cycles += t->v.tlb_main_latency;
}

void timing_walk_read(struct timing *t, u64 pa)
{
	u32 cycles = caches_access(t->caches, pa, CACHE_WALK);

	t->walk += cycles;
	t->stats->walk_cycles += cycles;
}

u64 timing_exception(struct timing *t, bool entry)
{
	u64 before = t->now, cost = entry ? t->v.exception_entry : t->v.exception_return;

	if (t->walk)
		fetch_translated(t);
	t->branch.there = false;
	t->now = later(later(t->now, t->retire), t->fetch_ready) + cost;
	t->fetch_ready = t->now;
	t->slot = t->v.width;
	t->line = NO_LINE;
	t->stats->exception_time += t->now - before;
	return t->now - before;
}

/* ---- life ---- */

void timing_pause(struct timing *t)
{
	t->branch.there = false;
	t->walk = 0;
	t->line = NO_LINE;
	t->slot = 0;
}

void timing_reset(struct timing *t)
{
	timing_pause(t);
	caches_reset(t->caches);
	memset(t->direction, 1, 1u << t->v.bp_bits); /* weakly not taken */
	memset(t->indirect, 0, sizeof(*t->indirect) << t->v.btb_bits);
	memset(t->returns, 0, sizeof(t->returns));
	t->history = t->return_top = 0;
}

static struct ring ring(u64 *free, u32 n)
{
	return (struct ring){ .n = n, .free = free };
}

struct timing *timing_new(const struct timing_values *v, struct cache_shared *shared, unsigned pe)
{
	struct timing *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->v = *v;
	t->line_hit = v->cls[TC_load].latency;
	for (u8 i = 0; i < TIMING_CLASS_COUNT; i++)
		t->kind[i] = pipe_kind(t, i);
	for (u8 i = 0; i < PIPES; i++)
		t->pipes[i] = pipe_count(t, i);
	t->stats = &t->own_stats;
	t->rob = ring(t->rob_free, v->rob);
	t->misses = ring(t->miss_free, v->misses);
	t->stores = ring(t->store_free, v->store_buffer);
	t->caches = caches_new(shared, pe);
	t->direction = calloc(1u << v->bp_bits, 1);
	t->indirect = calloc(1u << v->btb_bits, sizeof(*t->indirect));
	if (!t->caches || !t->direction || !t->indirect) {
		timing_free(t);
		return NULL;
	}
	timing_reset(t);
	return t;
}

void timing_free(struct timing *t)
{
	if (!t)
		return;
	caches_free(t->caches);
	free(t->direction);
	free(t->indirect);
	free(t);
}

void timing_set_stats(struct timing *t, struct timing_stats *st)
{
	t->stats = st;
	caches_set_stats(t->caches, &st->cache);
}

static void snap_ring(struct snap *s, struct ring *r)
{
	snap_u32(s, &r->at);
	snap_check(s, r->at < r->n, "position in a buffer of the timing model");
	for (u32 i = 0; i < r->n; i++)
		snap_u64(s, &r->free[i]);
}

static void snap_branches(struct snap *s, struct timing *t)
{
	struct pending_branch *b = &t->branch;

	snap_bool(s, &b->there);
	snap_bool(s, &b->predicted);
	snap_bool(s, &b->conditional);
	snap_bool(s, &b->indirect);
	snap_bool(s, &b->guess_taken);
	snap_u64(s, &b->pc);
	snap_u64(s, &b->target);
	snap_u64(s, &b->done);
	snap_u64(s, &t->history);
	for (u32 i = 0; i < 1u << t->v.bp_bits; i++)
		snap_u8(s, &t->direction[i]);
	for (u32 i = 0; i < 1u << t->v.btb_bits; i++)
		snap_u64(s, &t->indirect[i]);
	for (u32 i = 0; i < MAX_RETURNS; i++)
		snap_u64(s, &t->returns[i]);
	snap_u32(s, &t->return_top);
	snap_check(s, t->return_top < t->v.return_stack, "position in the return stack of the timing model");
}

static bool op_holds(struct timing_op op)
{
	bool vectors = op.flags & OP_VECTORS;

	return op.cls < TIMING_CLASS_COUNT && op.src[0] < TIMING_SLOTS && op.src[1] < TIMING_SLOTS && op.src[2] < TIMING_SLOTS &&
	       op.src[3] < TIMING_SLOTS && op.dst[0] < TIMING_SLOTS && (vectors || op.dst[1] < TIMING_SLOTS);
}

void timing_snap(struct timing *t, struct snap *s)
{
	u64 op;

	snap_u64(s, &t->now);
	snap_u32(s, &t->slot);
	snap_u64(s, &t->fetch_ready);
	snap_u64(s, &t->line);
	for (u32 i = 0; i < TIMING_SLOTS; i++)
		snap_u64(s, &t->ready[i]);
	for (u32 i = 0; i < TIMING_SLOTS; i++)
		snap_u8(s, &t->made_by[i]);
	snap_u64(s, &t->nzcv);
	snap_u64(s, &t->memory);
	for (u32 i = 0; i < FORWARDS; i++) {
		snap_u64(s, &t->forward[i].at);
		snap_u64(s, &t->forward[i].done);
	}
	for (u32 i = 0; i < PIPES * MAX_PIPES; i++)
		snap_u64(s, &t->pipe[i / MAX_PIPES][i % MAX_PIPES]);
	snap_u64(s, &t->retire);
	snap_u64(s, &t->stored);
	snap_ring(s, &t->rob);
	snap_ring(s, &t->misses);
	snap_ring(s, &t->stores);
	memcpy(&op, &t->op, sizeof(op));
	snap_u64(s, &op);
	memcpy(&t->op, &op, sizeof(op));
	snap_check(s, op_holds(t->op), "instruction of the timing model");
	snap_u64(s, &t->start);
	snap_u64(s, &t->done);
	snap_u32(s, &t->walk);
	snap_branches(s, t);
	caches_snap(t->caches, s);
}
