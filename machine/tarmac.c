/*
 * --tarmac: what each PE executes, as text in the Tarmac format that Arm's Fast Models and gem5 write and Arm's Tarmac Trace Utilities read.
 * With several PEs each has a file of its own, as its readers know one stream. docs/tracing.md shows the lines.
 *
 * An instruction is written when it is over: at the next one, at an exception, an ERET or the end of the PE's turn. So its register lines are
 * differences of the register file, and its accesses show what memory then has. One that took a synchronous exception before it was
 * done has no line. Of system registers, MSR writes the value that it was given, and exceptions what they set; what else changes in
 * them (timers, interrupt state) has no line.
 *
 * Called through cpu/observe.h; instructions are asked for in the range alone, so the run before it is as fast as ever.
 */
#include <capstone/capstone.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cpu/exception.h"
#include "cpu/observe.h"
#include "cpu/vreg.h"
#include "machine/trace.h"
#include "machine/trace_file.h"

enum { ACCESSES = 64, DISASSEMBLY = 200, LINE = DISASSEMBLY + 120, ROOM = 64 * LINE, FETCH_LEAD_PS = 2000000000 };

/* The register file as the lines so far have it. */
struct shown {
	u64 x[31], sp[4];
	u64 v[32][2];
	u32 cpsr;
};

struct pe_tarmac {
	struct tarmac *t;
	struct cpu *cpu;
	struct observer watch;
	struct trace_file *file;
	csh capstone;
	bool begun, over;
	u64 n; /* instructions written */
	u64 last; /* time of the last line */
	/* the instruction that runs */
	bool running;
	struct observed_insn insn;
	u64 at;
	char mode[16];
	unsigned accesses;
	struct observed_access access[ACCESSES];
	struct shown shown;
};

struct tarmac {
	struct machine *m;
	unsigned pes;
	struct pe_tarmac pe[];
};

/* ---- lines ---- */

/* "TIME ns cpuN " and the rest; time never goes back, whatever a timing model charges. */
printf_(3, 4) static void line(struct pe_tarmac *p, u64 ps, const char *format, ...)
{
	char text[LINE];
	va_list args;
	int n, k;

	if (ps > p->last)
		p->last = ps;
	n = snprintf(text, sizeof(text), "%" PRIu64 " ns cpu%u ", p->last / 1000, p->cpu->index);
	va_start(args, format);
	k = vsnprintf(text + n, sizeof(text) - (size_t)n - 1, format, args);
	va_end(args);
	n += k < (int)sizeof(text) - n - 1 ? k : (int)sizeof(text) - n - 2;
	text[n++] = '\n';
	trace_file_put(p->file, text, (size_t)n);
}

static void disassemble(struct pe_tarmac *p, char *text, size_t size)
{
	u8 bytes[4] = { (u8)p->insn.word, (u8)(p->insn.word >> 8), (u8)(p->insn.word >> 16), (u8)(p->insn.word >> 24) };
	cs_insn *insn;

	if (!cs_disasm(p->capstone, bytes, 4, p->insn.pc, 1, &insn)) {
		snprintf(text, size, ".inst 0x%08x", p->insn.word);
		return;
	}
	snprintf(text, size, "%s%s%s", insn->mnemonic, insn->op_str[0] ? " " : "", insn->op_str);
	cs_free(insn, 1);
}

/* A branch that may not be taken: B.cond, CBZ, CBNZ, TBZ, TBNZ. */
static bool conditional(u32 word)
{
	return (word & 0xff000010) == 0x54000000 || (word & 0x7e000000) == 0x34000000 || (word & 0x7e000000) == 0x36000000;
}

/* Bytes of an access in the order of memory. A device is not asked again: what moved is where the access left it. */
static void access_bytes(struct pe_tarmac *p, const struct observed_access *a, u8 *bytes, size_t n, size_t at)
{
	size_t from = a->va - p->access[0].va + at;

	if (!a->device && bus_copy_out(p->cpu->bus, (pa){ a->pa + at }, bytes, n) == BUS_OK)
		return;
	for (size_t i = 0; i < n; i++)
		bytes[i] = from + i < sizeof(p->cpu->bounce) ? p->cpu->bounce[from + i] : 0;
}

/* In parts of at most 8 bytes, which is what readers take. */
static void access_lines(struct pe_tarmac *p, const struct observed_access *a)
{
	for (unsigned at = 0; at < a->size; at += 8) {
		unsigned n = a->size - at < 8 ? a->size - at : 8;
		u64 value = 0;
		u8 bytes[8];

		access_bytes(p, a, bytes, n, at);
		for (unsigned i = n; i-- > 0;)
			value = value << 8 | bytes[i];
		line(p, p->at, "M%c%u %08" PRIx64 ":%012" PRIx64 "_%s %0*" PRIx64, a->write ? 'W' : 'R', n, a->va + at, pa_addr((pa){ a->pa }) + at,
		     pa_space((pa){ a->pa }) == SPACE_S ? "S" : "NS", (int)(2 * n), value);
	}
}

/* ---- registers ---- */

static void general_lines(struct pe_tarmac *p, u64 ps, bool all)
{
	const struct cpu *c = p->cpu;
	struct shown *s = &p->shown;

	for (unsigned i = 0; i < 31; i++)
		if (all || s->x[i] != c->x[i])
			line(p, ps, "R X%u %016" PRIx64, i, s->x[i] = c->x[i]);
	for (unsigned el = 0; el < 4; el++)
		if (all || s->sp[el] != cpu_sp(c, el))
			line(p, ps, "R SP_EL%u %016" PRIx64, el, s->sp[el] = cpu_sp(c, el));
}

static void vector_lines(struct pe_tarmac *p, u64 ps, bool all)
{
	for (unsigned i = 0; i < 32; i++) {
		const u64 *d = p->cpu->v[i].d;
		u64 *v = p->shown.v[i];

		if (!all && v[0] == d[0] && v[1] == d[1])
			continue;
		v[0] = d[0];
		v[1] = d[1];
		line(p, ps, "R Q%u %016" PRIx64 "%016" PRIx64, i, v[1], v[0]);
	}
}

static void cpsr_line(struct pe_tarmac *p, u64 ps, u32 cpsr, bool all)
{
	if (all || p->shown.cpsr != cpsr)
		line(p, ps, "R cpsr %08x", p->shown.cpsr = cpsr);
}

/* MSR (register): the value that it was given. */
static void msr_line(struct pe_tarmac *p)
{
	u32 w = p->insn.word, rt = w & 31;
	const struct sysreg *r;
	u64 value;

	if ((w & 0xfff00000) != 0xd5100000)
		return;
	r = sysreg_find(p->cpu->sysregs, SR((w >> 19) & 3, (w >> 16) & 7, (w >> 12) & 15, (w >> 8) & 15, (w >> 5) & 7));
	value = rt == 31 ? 0 : p->cpu->x[rt];
	if (!r || !strcmp(r->name, "NZCV") || !strcmp(r->name, "DAIF"))
		return; /* those are in cpsr */
	if (!strncmp(r->name, "FP", 2))
		line(p, p->at, "R %s %08x", r->name, (u32)value);
	else
		line(p, p->at, "R %s %016" PRIx64, r->name, value);
}

/* ---- an instruction ---- */

static void mode_name(const struct cpu *c, char mode[16])
{
	snprintf(mode, 16, "EL%u%c_%s", c->el & 3, c->spsel ? 'h' : 't', c->secure ? "s" : "ns");
}

/* The one that runs is done; the next one is at `next`, and PSTATE was left as cpsr. */
static void done(struct pe_tarmac *p, u64 next, u32 cpsr)
{
	char text[DISASSEMBLY];

	if (!p->running)
		return;
	p->running = false;
	disassemble(p, text, sizeof(text));
	line(p, p->at, "%s (%" PRIu64 ") %08" PRIx64 " %08x O %s : %s", conditional(p->insn.word) && next == p->insn.pc + 4 ? "IS" : "IT", ++p->n,
	     p->insn.pc, p->insn.word, p->mode, text);
	for (unsigned i = 0; i < p->accesses; i++)
		access_lines(p, &p->access[i]);
	general_lines(p, p->at, false);
	vector_lines(p, p->at, false);
	cpsr_line(p, p->at, cpsr, false);
	msr_line(p);
}

/* ---- the range ---- */

static void watch_code(struct pe_tarmac *p, bool on);

/* Something of that time is to be written. */
static bool wanted(struct pe_tarmac *p, u64 ps)
{
	const struct config *cfg = p->t->m->cfg;

	if (p->over || ps < cfg->trace_from)
		return false;
	if (ps > cfg->trace_to || trace_file_left(p->file) < ROOM) {
		p->over = true;
		p->running = false;
		if (ps <= cfg->trace_to)
			trace_file_full(p->file, p->last);
		return false;
	}
	if (!p->begun) {
		p->begun = true;
		general_lines(p, ps, true);
		vector_lines(p, ps, true);
		cpsr_line(p, ps, (u32)cpu_spsr(p->cpu), true);
	}
	return true;
}

/* ---- what the PE tells ---- */

static void on_insn(void *ctx, struct cpu *c, const struct observed_insn *i)
{
	struct pe_tarmac *p = ctx;
	u64 now = cpu_now(c);

	done(p, i->pc, (u32)cpu_spsr(c));
	if (!wanted(p, now))
		return;
	p->running = true;
	p->insn = *i;
	p->at = now;
	p->accesses = 0;
	mode_name(c, p->mode);
}

static void on_access(void *ctx, struct cpu *c, const struct observed_access *a)
{
	struct pe_tarmac *p = ctx;

	if (p->running && p->accesses < ACCESSES)
		p->access[p->accesses++] = *a;
}

/* Whether the instruction that runs is one that ended by this exception without being done. */
static bool undone(const struct pe_tarmac *p, const struct observed_trap *t)
{
	switch (t->vec ? (u32)EC_SVC64 : t->ec) {
	case EC_SVC64:
	case EC_BRK64:
	case EC_IABT_LOWER: /* of the next one, which has not begun; so are these */
	case EC_IABT:
	case EC_PC_ALIGN:
	case EC_BREAKPT_LOWER:
	case EC_BREAKPT:
	case EC_SOFTSTP_LOWER:
	case EC_SOFTSTP: return false;
	default: return t->ret == p->insn.pc;
	}
}

static void exception_lines(struct pe_tarmac *p, const struct observed_trap *t, u64 now)
{
	struct cpu *c = p->cpu;

	line(p, now, "E %08" PRIx64 " %08x CoreEvent_%s_EL%u_to_EL%u", c->pc, t->esr, exception_name((enum vector_kind)t->vec, t->ec), t->from, t->to);
	line(p, now, "R ELR_EL%u %016" PRIx64, t->to, t->ret);
	line(p, now, "R SPSR_EL%u %016" PRIx64, t->to, t->spsr);
	if (t->esr)
		line(p, now, "R ESR_EL%u %016" PRIx64, t->to, (u64)t->esr);
	if (t->far_valid)
		line(p, now, "R FAR_EL%u %016" PRIx64, t->to, t->far);
	if (t->hpfar_valid)
		line(p, now, "R HPFAR_EL2 %016" PRIx64, t->hpfar);
	cpsr_line(p, now, (u32)cpu_spsr(c), false);
}

static void on_trap(void *ctx, struct cpu *c, const struct observed_trap *t)
{
	struct pe_tarmac *p = ctx;
	u64 now = cpu_now(c);

	if (undone(p, t))
		p->running = false;
	done(p, t->pc, (u32)t->spsr);
	if (wanted(p, now))
		exception_lines(p, t, now);
}

static void on_eret(void *ctx, struct cpu *c, unsigned from, u64 pc)
{
	done(ctx, c->pc, (u32)cpu_spsr(c));
}

static void on_reset(void *ctx, struct cpu *c)
{
	struct pe_tarmac *p = ctx;

	p->running = false;
	if (!p->begun || !wanted(p, cpu_now(c)))
		return;
	line(p, cpu_now(c), "E %08" PRIx64 " 00000000 CoreEvent_Reset", c->pc);
	general_lines(p, p->last, false);
	vector_lines(p, p->last, false);
	cpsr_line(p, p->last, (u32)cpu_spsr(c), false);
}

/* Instructions are asked for from a little before the range on, as this is called each millisecond at least. */
static void on_slice(void *ctx, struct cpu *c)
{
	struct pe_tarmac *p = ctx;
	u64 now = cpu_now(c);

	done(p, c->pc, (u32)cpu_spsr(c));
	watch_code(p, !p->over && now + FETCH_LEAD_PS >= p->t->m->cfg->trace_from && now <= p->t->m->cfg->trace_to);
}

/* It slept, maybe for long. */
static void on_wake(void *ctx, struct cpu *c)
{
	on_slice(ctx, c);
}

#define EVENTS .trap = on_trap, .eret = on_eret, .reset = on_reset, .slice = on_slice, .wake = on_wake
static const struct observer_ops every_insn = { EVENTS, .insn = on_insn, .access = on_access };
static const struct observer_ops slices_alone = { .slice = on_slice, .wake = on_wake };

static void watch_code(struct pe_tarmac *p, bool on)
{
	const struct observer_ops *ops = on ? &every_insn : &slices_alone;

	if (p->watch.ops == ops)
		return;
	p->watch.ops = ops;
	cpu_observe_code(p->cpu);
}

/* ---- life ---- */

static int open_pe(struct tarmac *t, unsigned i, struct why *why)
{
	const struct config *cfg = t->m->cfg;
	struct pe_tarmac *p = &t->pe[i];
	size_t size = strlen(cfg->tarmac) + 16;
	char *path = malloc(size);
	int r;

	if (!path || cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &p->capstone) != CS_ERR_OK) {
		free(path);
		return why_set(why, ENOMEM, "--tarmac: no memory on the host");
	}
	snprintf(path, size, cfg->pes > 1 ? "%s.cpu%u" : "%s", cfg->tarmac, i);
	r = trace_file_open(&p->file, "--tarmac", path, cfg->trace_max, t->m->log, why);
	free(path);
	if (r)
		return r;
	p->t = t;
	p->cpu = t->m->seat[i].cpu;
	p->watch = (struct observer){ .ops = &slices_alone, .ctx = p };
	cpu_observe(p->cpu, &p->watch);
	return 0;
}

int tarmac_open(struct tarmac **out, struct machine *m, struct why *why)
{
	struct tarmac *t = calloc(1, sizeof(*t) + m->pes * sizeof(t->pe[0]));
	int r = t ? 0 : why_set(why, ENOMEM, "--tarmac: no memory on the host");

	*out = t;
	if (!t)
		return r;
	t->m = m;
	for (t->pes = 0; !r && t->pes < m->pes; t->pes++)
		r = open_pe(t, t->pes, why);
	return r;
}

void tarmac_close(struct tarmac *t)
{
	for (unsigned i = 0; t && i < t->pes; i++) {
		struct pe_tarmac *p = &t->pe[i];

		if (p->cpu)
			cpu_unobserve(p->cpu, &p->watch);
		if (p->capstone)
			cs_close(&p->capstone);
		trace_file_close(p->file);
	}
	free(t);
}
