/* See insn_pe.h. Virtual address VA_CODE + x is physical address RAM + x, in blocks of 2 MiB, the
 * first and the last in pages; one more block holds tables and vectors. */
#include "insn_pe.h"

#include <stdlib.h>
#include <string.h>

#include "cpu/context.h"
#include "cpu/cpu.h"
#include "cpu/exception.h"
#include "cpu/sysreg.h"

enum {
	RAM = 0x40000000,
	RAM_SIZE = 0x2000000,
	TABLES = 0xe00000,
	VECTORS = TABLES + 0x2000,
	CODE_TABLE = TABLES + 0x3000,
	DATA_TABLE = TABLES + 0x4000,
	BLOCK = 0x200000
};
_Static_assert(CODE_SIZE + 4096 <= BLOCK &&
		       VA_DATA - VA_CODE + sizeof(((struct share *)0)->data) <= RAM_SIZE &&
		       GUARDED_RUNS * DATA_SIZE <= BLOCK && BATCH_RUNS * DATA_SIZE % BLOCK == 0,
	       "places");

#define SVC 0xd4000001u
#define HVC 0xd4000002u

struct pe {
	struct cpu *c;
	struct bus *bus;
	struct sysreg_map *map;
	u8 *ram;
	u64 now;
};

static void host_code_page(void *ctx, const u8 *host)
{
	struct pe *p = ctx;

	fast_protect_page(p->c->mmu, host);
}

static void host_nothing(void *ctx, struct cpu *c)
{
}

/* The vectors consist of HVC: a run is over. */
static bool host_conduit(void *ctx, struct cpu *c, bool smc)
{
	cpu_attention(c, ATTN_STOP);
	return true;
}

static void code_written(void *ctx, pa page, u64 lines)
{
	struct pe *p = ctx;

	cpu_code_written(p->c, page);
	bus_clear_code(p->bus, page);
}

enum {
	AF = 1 << 10,
	INNER = 3 << 8,
	EL0_RW = 1 << 6,
	EL1_RO = 2 << 6,
	EL0_RO = 3 << 6,
	IS_BLOCK = 1,
	IS_TABLE = 3,
	IS_PAGE = 3
};

/* A block in pages: programs and stub, and below the last of the data. Returns its entry. */
static u64 make_pages(struct pe *p, u64 table, u64 block, u64 (*access)(u64 page))
{
	u64 *l3 = (u64 *)(p->ram + table);

	for (u64 at = block; at < block + BLOCK; at += 4096) {
		u64 bits = access(at);

		l3[(at - block) / 4096] = bits ? (RAM + at) | bits : 0;
	}
	return (RAM + table) | IS_TABLE;
}

static u64 code_access(u64 page)
{
	return page < CODE_SIZE + 4096 ? AF | INNER | EL0_RO | IS_PAGE : 0;
}

static u64 data_access(u64 page)
{
	static const u64 access[] = { AF | INNER | EL0_RW | IS_PAGE, AF | INNER | EL0_RO | IS_PAGE,
				      0 };
	u64 at = page - (VA_DATA - VA_CODE);

	return access[share_page((u32)(at / DATA_SIZE), at / 4096 & 1)];
}

static void make_tables(struct pe *p)
{
	u64 *l1 = (u64 *)(p->ram + TABLES), *l2 = l1 + 512;
	u64 last = VA_RUN(BATCH_RUNS) - VA_CODE - BLOCK;

	l1[VA_CODE >> 30] = (u64)(RAM + TABLES + 4096) | IS_TABLE;
	l2[0] = make_pages(p, CODE_TABLE, 0, code_access);
	l2[TABLES / BLOCK] = (u64)(RAM + TABLES) | AF | INNER | EL1_RO | IS_BLOCK;
	for (u64 at = VA_DATA - VA_CODE; at < VA_DATA - VA_CODE + sizeof(((struct share *)0)->data);
	     at += BLOCK)
		l2[at / BLOCK] = (RAM + at) | AF | INNER | EL0_RW | IS_BLOCK;
	l2[last / BLOCK] = make_pages(p, DATA_TABLE, last, data_access);
	for (unsigned i = 0; i < 512; i++)
		((u32 *)(p->ram + VECTORS))[i] = HVC;
	*(u32 *)(p->ram + (VA_STUB - VA_CODE)) = SVC;
}

static void set_registers(struct cpu *c)
{
	cpu_reset(c);
	c->sys.mair[1] = 0xff; /* attribute 0: Normal, write-back */
	c->sys.tcr[1] = 25 | 1ull << 23 | 3 << 12 | 1 << 10 | 1 << 8 | 2ull << 32 |
			1ull << 37; /* 39 bits from TTBR0, tags ignored; none from TTBR1 */
	c->sys.ttbr0[1] = RAM + TABLES;
	c->sys.vbar[1] = VA_CODE + VECTORS;
	c->sys.cpacr_el1 = 3 << 20;
	/* as a Linux process sees it, but SP need not be aligned */
	c->sys.sctlr[1] |= SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_NTWI | SCTLR_NTWE | SCTLR_UCI |
			   SCTLR_UCT | SCTLR_DZE;
	c->sys.sctlr[1] &= ~(SCTLR_A | SCTLR_SA0 | SCTLR_UMA);
	cpu_select_sp(c, 0, false);
	cpu_update_context(c);
}

struct pe *pe_new(u32 max_block)
{
	struct pe *p = calloc(1, sizeof *p);
	struct cpu_host host = { .ctx = p,
				 .sev = host_nothing,
				 .conduit = host_conduit,
				 .code_page = host_code_page,
				 .woken = host_nothing };
	struct cpu_core core;
	struct cpu_config cfg = { .mpidr = 1ull << 31,
				  .core = &core,
				  .tlb = &tlb_config_default,
				  .max_block = max_block,
				  .pes = 1 };
	bool writable;

	if (!p || cpu_core_make(&core, cpu_core_find("neoverse-n1"), false, false, NULL))
		return NULL;
	p->bus = bus_new(NULL);
	p->map = sysreg_map_new();
	if (!p->bus || !p->map || sysreg_map_add(p->map, cpu_sysregs, cpu_sysregs_n) ||
	    bus_add_ram(p->bus, "ram", RAM, RAM_SIZE, false))
		return NULL;
	bus_on_code_written(p->bus, code_written, p);
	p->c = cpu_new(&cfg, p->bus, p->map, NULL, &host);
	p->ram = bus_page(p->bus, pa_make(SPACE_NS, RAM), &writable);
	if (!p->c || !p->ram)
		return NULL;
	/* data are written past the bus: every page counts as used */
	for (u64 at = 0; at < RAM_SIZE; at += 4096)
		bus_page(p->bus, pa_make(SPACE_NS, RAM + at), &writable);
	make_tables(p);
	set_registers(p->c);
	return p;
}

void pe_free(struct pe *p)
{
	cpu_free(p->c);
	bus_free(p->bus);
	sysreg_map_free(p->map);
	free(p);
}

u64 pe_features(const struct pe *p)
{
	return p->c->core.features;
}

u64 pe_insns(const struct pe *p)
{
	return cpu_insns(p->c);
}

u8 *pe_data(struct pe *p, u32 run)
{
	return p->ram + (VA_RUN(run) - VA_CODE);
}

void pe_load(struct pe *p, const struct share *s)
{
	size_t bytes = s->programs * sizeof s->code[0];
	u64 first = VA_SLOT(0) - VA_CODE;

	memcpy(p->ram + first, s->code, bytes);
	for (u64 page = 0; page < CODE_SIZE; page += 4096)
		phys_written(p->bus, pa_make(SPACE_NS, RAM + page), 4096);
}

static void set_state(struct cpu *c, const struct state *s)
{
	memcpy(c->x, s->x, sizeof s->x);
	c->x[REG_SP] = s->sp;
	c->x[REG_ZERO] = 0;
	for (unsigned i = 0; i < 32; i++)
		memcpy(c->v[i].d, s->v[i], 16);
	cpu_set_nzcv(c, (u32)s->nzcv);
	fpu_set_fpcr(&c->fpu, s->fpcr);
	fpu_set_fpsr(&c->fpu, s->fpsr);
	c->excl_host = NULL;
}

static enum stop stop_of(u64 esr)
{
	switch (esr >> 26) {
	case 0x15:
		return STOP_END;
	case 0x00: /* Unknown reason */
	case 0x18: /* a trapped MSR, MRS or system instruction */
		return STOP_UNDEFINED;
	case 0x20:
	case 0x24:
		return (esr & 63) == 0x21 ? STOP_ALIGNMENT : STOP_MEMORY;
	case 0x22: /* PC alignment */
		return STOP_ALIGNMENT;
	default:
		return STOP_OTHER;
	}
}

static void get_state(const struct cpu *c, struct state *s)
{
	memset(s, 0, sizeof *s);
	memcpy(s->x, c->x, sizeof s->x);
	s->sp = cpu_sp(c, 0);
	for (unsigned i = 0; i < 32; i++)
		memcpy(s->v[i], c->v[i].d, 16);
	s->nzcv = c->sys.spsr[1] & 0xf0000000;
	s->fpcr = c->fpu.fpcr;
	s->fpsr = c->fpu.fpsr;
	s->stop = stop_of(c->sys.esr[1]);
	if (s->stop != STOP_END)
		s->pc = c->sys.elr[1];
	if (s->stop == STOP_MEMORY || s->stop == STOP_ALIGNMENT)
		s->far = c->sys.far[1];
}

void pe_run(struct pe *p, u32 program, const struct state *before, struct state *after)
{
	struct cpu *c = p->c;

	cpu_select_sp(c, 0, false);
	cpu_update_context(c);
	set_state(c, before);
	c->pc = VA_SLOT(program) + 4;
	cpu_run(c, p->now, p->now + 1000000000);
	p->now = cpu_now(c);
	get_state(c, after);
	if (c->el == 0) /* the time is over: it ran away */
		after->stop = STOP_OTHER;
}
