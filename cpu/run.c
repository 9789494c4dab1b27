/*
 * The run loop of a PE: attention, fetch, blocks, and what fast code left behind. Exact time: a slice ends at an exact instruction,
 * because a block that does not fit into what is left is run one instruction at a time (KEY_SINGLE blocks); under --parallel at the
 * end of the block, as nothing is exact then.
 */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "cpu/context.h"
#include "cpu/debug.h"
#include "cpu/exception.h"
#include "cpu/halt.h"
#include "cpu/observe.h"
#include "cpu/seen.h"
#include "cpu/timing.h"
#include "cpu/sysreg.h"
#include "cpu/translate_priv.h"

#ifdef __x86_64__
#include <xmmintrin.h>
/* Round to nearest, no flush to zero, all host exceptions masked: cpu/fpu.h relies on it. */
static u32 host_fp_enter(void)
{
	u32 saved = _mm_getcsr();

	_mm_setcsr(0x1f80);
	return saved;
}
static void host_fp_leave(u32 saved)
{
	_mm_setcsr(saved);
}
#else
static u32 host_fp_enter(void)
{
	return 0;
}
static void host_fp_leave(u32 saved)
{
}
#endif

/* ---- time ---- */

/* Instructions of the current block that were charged but not completed, the one of c->u included. */
static u32 charged(const struct cpu *c)
{
	return c->blk ? c->blk->n - block_cold(c->blk, c->u)->nth : 0;
}

/* Of this slice. */
static u64 cycles_gone(const struct cpu *c)
{
	return (u64)(c->slice_budget - cpu_budget(c) - c->reserve - c->held - charged(c));
}
u64 cpu_now(const struct cpu *c)
{
	return c->slice_ps + cycles_gone(c) * c->period_ps;
}
u64 cpu_cycles(const struct cpu *c)
{
	return c->cycles + cycles_gone(c);
}
u64 cpu_insns(const struct cpu *c)
{
	return cpu_cycles(c) - c->lost_cycles;
}

u64 uop_pc(const struct cpu *c, const struct uop *u)
{
	return c->page_va + block_cold(c->blk, u)->off;
}

u64 cpu_pc(const struct cpu *c)
{
	return c->blk ? uop_pc(c, c->u) : c->pc;
}

/* `left` cycles until the slice is over or held: at most `most` of them are the chunk that runs, the others wait. */
static void share(struct cpu *c, s64 left, s64 most)
{
	s64 chunk = left < WORK_LEAST ? WORK_LEAST : left > most ? most : left;

	c->work += (chunk - cpu_budget(c)) * ((s64)1 << WORK_CYCLES);
	c->reserve = left - chunk;
}

void cpu_spend(struct cpu *c, s64 cycles)
{
	s64 chunk = cpu_budget(c);

	c->lost_cycles += (u64)cycles;
	if (likely(chunk - cycles >= WORK_LEAST))
		c->work -= cycles * ((s64)1 << WORK_CYCLES);
	else
		share(c, chunk + c->reserve - cycles, chunk);
}

/* More of the reserve into the chunk that runs, between blocks; when class counts would get too large, they are drained. */
static void next_chunk(struct cpu *c)
{
	s64 most = c->timing ? CPU_CHUNK_TIMED : CPU_CHUNK, left = cpu_budget(c) + c->reserve;

	if (left + (s64)(cpu_cycles(c) - c->drained_cycles) > most)
		context_drain(c);
	share(c, left, most);
}

/* Takes what is left of the slice beyond `keep` cycles away: the next block entry leaves fast code. */
static void cut_slice(struct cpu *c, s64 keep)
{
	s64 chunk = cpu_budget(c), left = chunk + c->reserve, more = left + c->held - keep;

	if (more <= 0)
		return;
	c->slice_budget -= more;
	c->held = left < keep ? keep - left : 0;
	share(c, left < keep ? left : keep, chunk);
}

void cpu_hold(struct cpu *c, u64 cycle)
{
	u64 now = cpu_cycles(c), wait = cycle > now ? cycle - now : 0;
	s64 chunk = cpu_budget(c), all = chunk + c->reserve + c->held + charged(c), keep = all;

	if (all > 0 && wait < (u64)all)
		keep = (s64)wait;
	c->held = all - keep;
	share(c, keep - charged(c), chunk);
}

/* The slice goes on after cpu_hold(). */
static void let_go(struct cpu *c)
{
	c->reserve += c->held;
	c->held = 0;
	next_chunk(c);
	pmu_sync(c);
	pmu_resume(c);
}

void cpu_attention(struct cpu *c, u32 attn)
{
	c->attn |= attn;
}

void cpu_limit(struct cpu *c, u64 until)
{
	u64 now = cpu_now(c);
	s64 left = until <= now ? 0 : (s64)((until - now + c->period_ps - 1) / c->period_ps);

	/* what the current block was charged beyond this instruction is given back at its end by its own size */
	cut_slice(c, left - (s64)charged(c));
}

static void wake(struct cpu *c)
{
	c->waiting = false;
	if (c->host.woken)
		c->host.woken(c->host.ctx, c);
}

static void pin_set(void *sink, u32 pin, bool level)
{
	struct cpu *c = sink;
	u32 m = 1u << pin, old = level ? atomic_or(&c->pins, m) : atomic_and(&c->pins, ~m);

	if (c->host.tell && c->host.tell(c->host.ctx, c))
		return;
	if (!(old & m) == level)
		c->attn |= ATTN_PINS;
	if (level && c->waiting && exception_wakes_wfi(c))
		wake(c);
}

struct wire cpu_wire(struct cpu *c, enum cpu_pin pin)
{
	return (struct wire){ pin_set, c, pin };
}

void cpu_event(struct cpu *c)
{
	if (c->host.tell && c->host.tell(c->host.ctx, c)) {
		cpu_event_set(c);
		return;
	}
	if (c->waiting && c->wait_wfe)
		wake(c);
	else
		cpu_event_set(c);
}

bool cpu_wakes(struct cpu *c)
{
	if (!exception_wakes_wfi(c) && !(c->wait_wfe && cpu_event_take(c)))
		return false;
	c->waiting = false;
	return true;
}

void cpu_code_written(struct cpu *c, pa page)
{
	block_kill_page(c, pa_addr(page));
}

void cpu_code_recheck(struct cpu *c)
{
	block_recheck(c);
}

/* ---- fetch ---- */

/*
 * Takes the synchronous exception in c->exit for an instruction that did not complete. It costs a cycle, so that a vector whose first
 * instruction faults does not stop time.
 */
static void take_sync(struct cpu *c)
{
	cpu_spend(c, 1);
	c->faulted++;
	c->observe_again = false;
	exception_sync(c);
	c->exit.kind = EXIT_NONE;
}

static void abort_fetch(struct cpu *c, struct fault f)
{
	c->exit.kind = EXIT_IABT;
	c->exit.far = c->pc;
	c->exit.iss = 0;
	c->exit.fault = f;
	take_sync(c);
}

/* Who debugs the machine stops it before the instruction at c->pc. One that cannot be fetched is none. */
static bool halts_here(struct cpu *c, struct access a)
{
	struct xlat x;

	if (c->observe_again || !halt_code_at(c->halt, c->pc))
		return false;
	mmu_probe(c->mmu, &c->regime, c->pc, a, &x);
	if (x.fault.kind != FAULT_NONE || !c->halt->fetch(c->halt->ctx, c))
		return false;
	c->attn |= ATTN_HALT;
	return true;
}

/* The code page at c->pc, through the fast or the modelled TLB. NULL: an exception was taken, or the PE stops here. */
static struct codepage *fetch_page(struct cpu *c, u64 key)
{
	struct fast_slot *s = &c->ifast.slot[fast_index(c->pc, c->ictx_hash)];
	struct access a = { .what = ACC_FETCH, .priv = c->el != 0 };
	struct codepage *p;
	struct xlat x;
	bool writable;
	u8 *host;
	u16 l1;

	if (s->rtag == ((c->pc & ~0xfffull) | c->ictx_tag)) {
		p = s->code;
		return key == p->key ? p : block_page(c, p->pa, key, p->host);
	}
	if (unlikely(c->halt != NULL) && halt_code_page(c->halt, c->pc)) {
		if (halts_here(c, a))
			return NULL;
		key |= KEY_SINGLE;
	}
	if (unlikely(c->fetched)) {
		c->fetched = false;
		l1 = 0;
		mmu_probe(c->mmu, &c->regime, c->pc, a, &x);
	} else {
		mmu_lookup(c->mmu, &c->regime, c->pc, a, &x, &l1);
	}
	/* SCR_EL3.SIF: the Secure world fetches nothing from Non-secure memory */
	if (x.fault.kind == FAULT_NONE && (c->sys.scr_el3 & SCR_SIF) && c->secure && pa_space(x.pa) == SPACE_NS)
		x.fault = (struct fault){ .kind = FAULT_PERMISSION, .stage = 1, .level = (s8)x.s1_level };
	if (x.fault.kind == FAULT_NONE) {
		host = bus_page(c->bus, x.pa, &writable);
		if (host) {
			p = block_page(c, x.pa.a & ~0xfffull, key, host);
			if (p && !(key & KEY_SINGLE))
				fast_fill_code(c->mmu, c->pc, c->ictx_hash, (c->pc & ~0xfffull) | c->ictx_tag, p, l1);
			return p;
		}
		x.fault = (struct fault){ .kind = FAULT_EXTERNAL, .stage = 1 };
	}
	context_fetched(c); /* the faulting lookup; completed instructions are counted at the drain */
	abort_fetch(c, x.fault);
	return NULL;
}

/* ---- what fast code left behind ---- */

/* Gives back time and class counts of the block's instructions from number `from` on. */
static void refund(struct cpu *c, const struct block *b, u32 from)
{
	if (from >= b->n)
		return;
	c->work += (s64)(b->n - from) << WORK_CYCLES;
	for (u32 i = 0; i < block_info(b)->n_uops && stats_on(); i++)
		if (block_info(b)->cold[i].nth >= from)
			for (unsigned k = 0; k < 4; k++)
				c->work -= (s64)block_info(b)->cold[i].cnt[k] << k * WORK_LANE;
	for (u32 i = from; block_info(b)->kind && i < b->n; i++)
		c->kinds[block_info(b)->kind[i]]--;
}

static void sleep_pe(struct cpu *c)
{
	c->waiting = true;
	c->wait_wfe = c->exit.wfe;
	if (unlikely(c->pmu.on)) { /* no cycle passes from here on, and an interrupt may be due */
		pmu_sync(c);
		pmu_resume(c);
	}
}

/* Acts on c->exit. The instruction is the one of c->u. True: it completed without exception or return. */
static bool handle_exit(struct cpu *c)
{
	const struct block *b = c->blk;
	const struct uop_cold *cold = block_cold(b, c->u);
	enum exit_kind kind = c->exit.kind;
	bool complete = kind == EXIT_DONE || kind == EXIT_MARKER || kind == EXIT_WAIT || kind == EXIT_ERET || kind == EXIT_SVC || kind == EXIT_HVC ||
			kind == EXIT_SMC || kind == EXIT_BRK || kind == EXIT_HLT;

	c->pc = c->page_va + cold->off;
	refund(c, b, complete ? cold->nth + 1u : cold->nth);
	c->blk = NULL;
	c->exit.kind = EXIT_NONE;
	switch (kind) {
	case EXIT_DONE:
		c->pc += 4;
		return true;
	case EXIT_WAIT:
		c->pc += 4;
		sleep_pe(c);
		return true;
	case EXIT_MARKER:
		c->pc += 4;
		cpu_enter(c);
		c->host.marker(c->host.ctx, c);
		cpu_leave(c);
		return true;
	case EXIT_SINGLE:
		c->run_single = true;
		c->observe_again = c->observed;
		return false;
	case EXIT_HALT:
		c->run_single = true;
		c->observe_again = c->observed;
		c->fetched = mmu_config(c->mmu)->reference;
		c->attn |= ATTN_HALT;
		return false;
	case EXIT_BOUNDARY:
		return false;
	case EXIT_ERET:
		exception_return(c);
		return false;
	default:
		c->exit.kind = (u8)kind;
		if (complete) {
			exception_sync(c);
			c->exit.kind = EXIT_NONE;
			return false;
		}
		context_fetched(c); /* fetched, not completed */
		take_sync(c);
		return false;
	}
}

static bool run_block(struct cpu *c, const struct block *b)
{
	const struct uop *u;

	c->work += b->work;
	c->blk = b;
	u = b->uop;
#ifdef TRAPLINE_TRAMPOLINE
	while (u)
		u = u->exec(c, u, c->acc);
#else
	u->exec(c, u, 0);
#endif
	return c->blk ? handle_exit(c) : true;
}

/* Pending interrupts, context changes, stops. False: the slice is over. */
static bool serve_attention(struct cpu *c)
{
	if (c->attn & ATTN_CONTEXT) {
		c->attn &= ~(u32)ATTN_CONTEXT;
		cpu_update_context(c);
	}
	if ((c->attn & ATTN_STEP) && c->halt->step(c->halt->ctx, c))
		c->attn |= ATTN_HALT;
	if ((c->attn & ATTN_PINS) && !(c->attn & ATTN_HALT)) {
		c->attn &= ~(u32)ATTN_PINS;
		exception_async(c);
	}
	if (c->attn & (ATTN_STOP | ATTN_HALT)) {
		c->attn &= ~(u32)(ATTN_STOP | ATTN_HALT);
		return false;
	}
	c->run_single |= (c->attn & ATTN_STEP) != 0;
	return true;
}

/* Makes the link that a direct branch missed, when its target turned out to be in the same code page. */
static void make_link(struct cpu *c, struct block *b)
{
	struct block *from = c->link_from;

	c->link_from = NULL;
	if (block_info(from)->page == block_info(b)->page && !(block_info(b)->page->key & KEY_SINGLE) && !mmu_config(c->mmu)->reference) {
		from->link[c->link_slot] = b;
		block_host_counts(c->blocks)->chained++;
	}
}

/* ESR_ELx.EX of a software step; the argument of these rows is tr_excl()'s. */
static bool is_load_exclusive(const struct insn *row)
{
	return row->cls == CL_EXCL && (row->arg & 2);
}

/* One turn of the loop: everything between two stays in fast code. */
static void step(struct cpu *c)
{
	bool exclusive;
	u64 key = c->key;
	struct codepage *p;
	struct block *b;

	if (unlikely(c->run_single || cpu_budget(c) < 1)) {
		key |= KEY_SINGLE;
		c->run_single = false;
	}
	if (unlikely(key & (KEY_STEP | KEY_BREAK))) {
		key |= KEY_SINGLE;
		if ((key & KEY_STEP) && debug_step_due(c)) {
			take_sync(c);
			return;
		}
	}
	if (unlikely(c->pc & 3)) {
		c->exit.kind = EXIT_PC_ALIGN;
		c->exit.far = c->pc;
		take_sync(c);
		return;
	}
	p = fetch_page(c, key);
	if (!p)
		return;
	b = block_get(c, p, c->pc & 0xfff);
	if (unlikely(b && b->n > cpu_budget(c) && (!c->parallel || c->held))) { /* a PMU interrupt is exact under --parallel, too */
		p = block_page(c, p->pa, key | KEY_SINGLE, p->host);
		b = p ? block_get(c, p, c->pc & 0xfff) : NULL;
	}
	if (unlikely(!b)) {
		log_at(c->log, LOG_HOST, "cpu", "no memory left for translated code");
		c->attn |= ATTN_STOP;
		return;
	}
	if (unlikely(key & KEY_BREAK) && debug_breakpoint(c, c->pc)) {
		context_fetched(c);
		take_sync(c);
		return;
	}
	if (c->link_from)
		make_link(c, b);
	c->page_va = c->pc & ~0xfffull;
	exclusive = is_load_exclusive(&a64_insns[block_info(b)->cold[0].row]);
	if (run_block(c, b) && unlikely(key & KEY_STEP))
		debug_stepped(c, exclusive);
}

void cpu_run(struct cpu *c, u64 now, u64 until)
{
	u32 saved = host_fp_enter();

	c->slice_ps = now;
	c->slice_budget = c->reserve = until <= now ? 0 : (s64)((until - now + c->period_ps - 1) / c->period_ps);
	next_chunk(c);
	if (unlikely(c->pmu.on))
		cpu_hold(c, c->pmu.check);
	if (unlikely(c->observers != NULL))
		observe_slice_begin(c);
	while (!c->waiting) {
		if (likely(!c->observe_again)) { /* else the instruction has begun */
			if (unlikely(c->attn) && !serve_attention(c))
				break;
			if (cpu_budget(c) < BLOCK_MAX && c->reserve)
				next_chunk(c);
			if (cpu_budget(c) <= 0) {
				if (!c->held)
					break;
				let_go(c);
				continue;
			}
		} else if (unlikely(c->attn & ATTN_HALT)) { /* in the middle of an instruction: a watchpoint */
			c->attn &= ~(u32)ATTN_HALT;
			break;
		}
		block_safe_point(c);
		c->pc = cpu_branch_address(c, c->pc);
		step(c);
	}
	c->slice_ps = cpu_now(c);
	c->cycles += cycles_gone(c);
	c->slice_budget = c->held = 0;
	share(c, 0, 0);
	if (unlikely(c->observers != NULL))
		observe_slice_end(c);
	host_fp_leave(saved);
}

/* ---- timing ---- */

static void tlb_missed(void *ctx)
{
	timing_tlb_miss(ctx);
}

static void descriptor_read(void *ctx, pa p)
{
	timing_walk_read(ctx, p.a);
}

void cpu_timing_on(struct cpu *c, bool on)
{
	struct mmu_timing watch = { .ctx = c->timing_model, .miss = tlb_missed, .read = descriptor_read };

	if (!c->timing_model)
		return;
	if (!on) {
		timing_pause(c->timing_model);
		watch = (struct mmu_timing){ 0 };
	}
	if (c->pmu.on)
		pmu_sync(c);
	c->timing = on ? c->timing_model : NULL;
	if (c->pmu.on)
		pmu_resume(c);
	mmu_set_timing(c->mmu, &watch);
	cpu_observe_code(c);
}

/* ---- life ---- */

/* Address space for blocks: of all PEs together while each has enough to work with. It is touched as used. */
#define BLOCK_ARENA	((size_t)64 << 20)
#define BLOCK_ARENA_MIN ((size_t)8 << 20)

struct cpu *cpu_new(const struct cpu_config *cfg, struct bus *bus, const struct sysreg_map *map, struct log *log,
		    const struct cpu_host *host)
{
	struct cpu *c = aligned_alloc(64, (sizeof(*c) + 63) & ~63ul);
	size_t arena;

	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->core = *cfg->core;
	c->index = cfg->index;
	c->mpidr = cfg->mpidr;
	c->rvbar = cfg->rvbar;
	c->bus = bus;
	c->log = log;
	c->sysregs = map;
	c->host = *host;
	c->parallel = host->enter != NULL;
	c->max_block = cfg->tlb->reference ? 1 : cfg->max_block;
	c->period_ps = cfg->timing ? cfg->timing->clock : 1000; /* functional: 1 GHz, one cycle an instruction */
	c->mmu = mmu_new(bus, cfg->tlb, &c->ifast, &c->dfast);
	if (cfg->timing)
		c->timing_model = timing_new(cfg->timing, cfg->caches, cfg->index);
	arena = BLOCK_ARENA / cfg->pes;
	c->blocks = block_cache_new(arena < BLOCK_ARENA_MIN ? BLOCK_ARENA_MIN : arena);
	if (!c->mmu || !c->blocks || !c->timing_model != !cfg->timing) {
		cpu_free(c);
		return NULL;
	}
	cpu_timing_on(c, true);
	return c;
}

void cpu_free(struct cpu *c)
{
	if (!c)
		return;
	context_free(c);
	seen_forget(c);
	timing_free(c->timing_model);
	block_cache_free(c->blocks);
	mmu_free(c->mmu);
	free(c);
}
