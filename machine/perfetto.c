/*
 * --trace: the run as a Perfetto trace (protos/perfetto/trace of Perfetto; what stands in it: docs/tracing.md). Each PE is a thread with
 * slices for the VM, the exception level and sleep; below it are tracks with a slice for each trap, from the exception to the return
 * from the level it was taken to, and counters. Time is virtual, in nanoseconds.
 *
 * A trap's slice stands on the track of what it was taken from: a vCPU, or all that runs outside VMs. Which return ends which trap is by
 * the rules of cpu/traps.h, so that the times of the slices are those of the statistics, but for sleep, which is no cycles. Slices that
 * are left behind (unreturned) end with the one below them.
 *
 * Names are interned. Memory is bounded: CAUSES causes have an entry, others are written out; vCPUs are as many as traps.h has.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/protobuf.h"
#include "cpu/context.h"
#include "cpu/exception.h"
#include "cpu/observe.h"
#include "machine/trace.h"
#include "machine/trace_file.h"

/* Field numbers of Perfetto's messages, as in its .proto files. */
enum { TRACE_PACKET = 1 };
enum { PACKET_TIMESTAMP = 8, PACKET_SEQUENCE = 10, PACKET_EVENT = 11, PACKET_INTERNED = 12, PACKET_FLAGS = 13, PACKET_TRACK = 60, PACKET_FIRST = 87 };
enum { FLAG_CLEARED = 1, FLAG_NEEDS_STATE = 2 };
enum { INTERNED_NAMES = 2, INTERNED_ARGS = 3, INTERNED_STRINGS = 29, ENTRY_IID = 1, ENTRY_TEXT = 2 };
enum { TRACK_UUID = 1, TRACK_NAME = 2, TRACK_PROCESS = 3, TRACK_THREAD = 4, TRACK_PARENT = 5, TRACK_COUNTER = 8 };
enum { PROCESS_PID = 1, PROCESS_NAME = 6, THREAD_PID = 1, THREAD_TID = 2, THREAD_NAME = 5, COUNTER_UNIT = 3, UNIT_COUNT = 2 };
enum { EVENT_ARG = 4, EVENT_TYPE = 9, EVENT_NAME = 10, EVENT_TRACK = 11, EVENT_COUNTER = 30, EVENT_FLOW = 47, EVENT_FLOW_END = 48 };
enum { TYPE_BEGIN = 1, TYPE_END, TYPE_INSTANT, TYPE_COUNTER };
enum { ARG_NAME = 1, ARG_UINT = 3, ARG_TEXT = 6, ARG_POINTER = 7, ARG_INTERNED = 17 };

/* Interned names of events: one for each class of exceptions, then these; a VM's number is added to NAME_VM. */
enum { NAME_CLASS = 1, NAME_EL = NAME_CLASS + EXIT_CLASSES, NAME_SECURE_EL = NAME_EL + 4, NAME_WFI = NAME_SECURE_EL + 4, NAME_WFE, NAME_ERET, NAME_VM,
       NAMES = NAME_VM + CONTEXT_VM_REST + 1 };

/* Names of arguments. */
#define ARGS(A) A(ESR) A(FAR) A(ELR) A(IPA) A(PC) A(cause) A(INTID) A(VMID) A(VTTBR) A(vCPU) A(from) A(to)
enum {
	ARGS_ZERO,
#define A(name) IID_##name,
	ARGS(A)
#undef A
};
static const char *const arg_names[] = {
	"",
#define A(name) #name,
	ARGS(A)
#undef A
};

/* Tracks of a PE: the thread, counters, traps in the order in which their vCPUs were seen. */
enum { LANE_THREAD = 0, LANE_COUNTER = 1, LANE_TRAPS = 16 };

enum { DEPTH = 64, CAUSES = 4096, PACKET_MAX = 1024, EVENT_ROOM = 4096, END_ROOM = 48, INTID_NONE = 1023 };
enum { PERIOD_PS = 1000000000 }; /* of counters: a virtual millisecond */

/* A track of traps: those of a vCPU, or outside VMs. */
struct lane {
	struct lane *next;
	u16 vm;
	u64 mpidr;
	u64 uuid;
	unsigned depth; /* open slices */
	unsigned dead;  /* the first of them, which traps.h has forgotten */
	struct {
		u64 flow;
		u8 from, to;
	} open[DEPTH];
};

/* What a PE is doing: what its thread's open slices say. */
struct doing {
	bool runs; /* not off */
	bool sleeps, wfe, secure;
	u8 el;
	u16 vm, vmid;
	u64 vttbr;
	u64 mpidr; /* of the vCPU */
};

enum { COUNTERS = 7 };
struct pe_trace {
	struct perfetto *t;
	struct cpu *cpu;
	struct observer watch;
	bool begun, done; /* the range that is traced */
	u64 last;         /* time of the last event */
	u64 flows;
	u64 sample;       /* time of the next counters */
	u64 counter[COUNTERS];
	struct doing doing;
	struct lane *lanes;
};

struct cause {
	u64 key; /* 0: empty */
	u32 iid;
};

struct perfetto {
	struct machine *m;
	struct trace_file *file;
	pthread_mutex_t lock; /* --parallel */
	u64 from, to;
	bool over;            /* nothing more is written */
	u32 open;             /* slices */
	struct protobuf pb;
	u8 packet[PACKET_MAX];
	bool named[NAMES];
	struct cause cause[2 * CAUSES];
	u32 causes;
	unsigned pes;
	struct pe_trace pe[];
};

/* ---- packets ---- */

static size_t packet_begin(struct perfetto *t)
{
	size_t at;

	t->pb = (struct protobuf){ .data = t->packet, .size = sizeof(t->packet) };
	at = pb_open(&t->pb, TRACE_PACKET);
	pb_u64(&t->pb, PACKET_SEQUENCE, 1);
	return at;
}

static void packet_end(struct perfetto *t, size_t at)
{
	pb_close(&t->pb, at);
	if (!t->pb.full)
		trace_file_put(t->file, t->pb.data, t->pb.n);
}

/* One more entry of the table in that field of InternedData. */
static void intern(struct perfetto *t, unsigned table, u64 iid, const char *text)
{
	size_t at = packet_begin(t), interned, entry;

	pb_u64(&t->pb, PACKET_FLAGS, FLAG_NEEDS_STATE);
	interned = pb_open(&t->pb, PACKET_INTERNED);
	entry = pb_open(&t->pb, table);
	pb_u64(&t->pb, ENTRY_IID, iid);
	pb_string(&t->pb, ENTRY_TEXT, text);
	pb_close(&t->pb, entry);
	pb_close(&t->pb, interned);
	packet_end(t, at);
}

static const char *name_text(u32 name, char *text, size_t size)
{
	static const char *const other[] = { "WFI", "WFE", "ERET" };

	if (name < NAME_CLASS + 64)
		return exception_name(VEC_SYNC, name - NAME_CLASS);
	if (name < NAME_EL)
		return exception_name((enum vector_kind)(name - NAME_CLASS - 63), 0);
	if (name < NAME_WFI)
		snprintf(text, size, "EL%u%s", (name - NAME_EL) & 3, name >= NAME_SECURE_EL ? " secure" : "");
	else if (name < NAME_VM)
		return other[name - NAME_WFI];
	else if (name == NAME_VM + CONTEXT_VM_REST)
		snprintf(text, size, "other VMs");
	else
		snprintf(text, size, "VM %u", name - NAME_VM);
	return text;
}

struct open_event {
	size_t packet, event;
};

static struct open_event event_begin(struct perfetto *t, u64 ps, unsigned type, u64 track, u32 name)
{
	struct open_event e;
	char text[32];

	if (name && !t->named[name]) {
		t->named[name] = true;
		intern(t, INTERNED_NAMES, name, name_text(name, text, sizeof(text)));
	}
	e.packet = packet_begin(t);
	pb_u64(&t->pb, PACKET_TIMESTAMP, ps / 1000);
	pb_u64(&t->pb, PACKET_FLAGS, FLAG_NEEDS_STATE);
	e.event = pb_open(&t->pb, PACKET_EVENT);
	pb_u64(&t->pb, EVENT_TYPE, type);
	pb_u64(&t->pb, EVENT_TRACK, track);
	if (name)
		pb_u64(&t->pb, EVENT_NAME, name);
	t->open += type == TYPE_BEGIN;
	t->open -= type == TYPE_END;
	return e;
}

static void event_end(struct perfetto *t, struct open_event e)
{
	pb_close(&t->pb, e.event);
	packet_end(t, e.packet);
}

static void simple_event(struct perfetto *t, u64 ps, unsigned type, u64 track, u32 name)
{
	event_end(t, event_begin(t, ps, type, track, name));
}

static void arg(struct perfetto *t, u64 name, unsigned kind, u64 value)
{
	size_t at = pb_open(&t->pb, EVENT_ARG);

	pb_u64(&t->pb, ARG_NAME, name);
	pb_u64(&t->pb, kind, value);
	pb_close(&t->pb, at);
}

/* ---- tracks ---- */

static u64 uuid(unsigned pe, unsigned lane)
{
	return (u64)(pe + 1) << 16 | lane;
}

/* A track with a name under that of its PE. unit: of a counter, 0: it has slices. */
static void describe(struct perfetto *t, unsigned pe, u64 id, const char *name, unsigned unit)
{
	size_t at = packet_begin(t), track = pb_open(&t->pb, PACKET_TRACK);

	pb_u64(&t->pb, TRACK_UUID, id);
	pb_u64(&t->pb, TRACK_PARENT, uuid(pe, LANE_THREAD));
	pb_string(&t->pb, TRACK_NAME, name);
	if (unit) {
		size_t counter = pb_open(&t->pb, TRACK_COUNTER);

		pb_u64(&t->pb, COUNTER_UNIT, unit);
		pb_close(&t->pb, counter);
	}
	pb_close(&t->pb, track);
	packet_end(t, at);
}

static void describe_thread(struct perfetto *t, unsigned pe)
{
	size_t at = packet_begin(t), track = pb_open(&t->pb, PACKET_TRACK), thread;
	char name[32];

	snprintf(name, sizeof(name), "PE %u", pe);
	pb_u64(&t->pb, TRACK_UUID, uuid(pe, LANE_THREAD));
	thread = pb_open(&t->pb, TRACK_THREAD);
	pb_u64(&t->pb, THREAD_PID, 1);
	pb_u64(&t->pb, THREAD_TID, pe + 2);
	pb_string(&t->pb, THREAD_NAME, name);
	pb_close(&t->pb, thread);
	pb_close(&t->pb, track);
	packet_end(t, at);
}

/* The first packet: the sequence begins, with the names of arguments. */
static void write_header(struct perfetto *t)
{
	size_t at = packet_begin(t), interned;

	pb_u64(&t->pb, PACKET_FLAGS, FLAG_CLEARED);
	pb_u64(&t->pb, PACKET_FIRST, 1);
	interned = pb_open(&t->pb, PACKET_INTERNED);
	for (u32 i = 1; i < ARRAY_SIZE(arg_names); i++) {
		size_t entry = pb_open(&t->pb, INTERNED_ARGS);

		pb_u64(&t->pb, ENTRY_IID, i);
		pb_string(&t->pb, ENTRY_TEXT, arg_names[i]);
		pb_close(&t->pb, entry);
	}
	pb_close(&t->pb, interned);
	packet_end(t, at);
}

static void describe_process(struct perfetto *t)
{
	size_t at = packet_begin(t), track = pb_open(&t->pb, PACKET_TRACK), process;

	pb_u64(&t->pb, TRACK_UUID, 1);
	process = pb_open(&t->pb, TRACK_PROCESS);
	pb_u64(&t->pb, PROCESS_PID, 1);
	pb_string(&t->pb, PROCESS_NAME, "Trapline");
	pb_close(&t->pb, process);
	pb_close(&t->pb, track);
	packet_end(t, at);
}

/* The track of traps from what the PE is doing; NULL without memory. */
static struct lane *lane_of(struct pe_trace *p, u16 vm, u64 mpidr)
{
	struct lane **l = &p->lanes;
	char of[32] = "", vcpu[32] = "no VM", name[96];
	unsigned n = LANE_TRAPS;

	for (; *l; l = &(*l)->next, n++)
		if ((*l)->vm == vm && (*l)->mpidr == mpidr)
			return *l;
	*l = calloc(1, sizeof(**l));
	if (!*l)
		return NULL;
	(*l)->vm = vm;
	(*l)->mpidr = mpidr;
	(*l)->uuid = uuid(p->cpu->index, n);
	if (vm && mpidr == VCPU_REST)
		snprintf(vcpu, sizeof(vcpu), " other vCPUs");
	else if (vm)
		snprintf(vcpu, sizeof(vcpu), " vCPU 0x%" PRIx64, mpidr & MPIDR_AFFINITY);
	snprintf(name, sizeof(name), "PE %u traps from %s%s", p->cpu->index, vm ? name_text(NAME_VM + vm, of, sizeof(of)) : "", vcpu);
	describe(p->t, p->cpu->index, (*l)->uuid, name, 0);
	return *l;
}

/* ---- what a PE is doing ---- */

static struct doing doing_now(const struct cpu *c)
{
	struct doing d = { .runs = true, .secure = c->secure && c->el < 3, .el = c->el, .vm = c->context ? c->context->vm : 0 };

	if (d.vm) {
		d.vmid = c->regime.vmid;
		d.vttbr = c->sys.vttbr_el2;
		d.mpidr = c->exits.vcpu ? c->exits.vcpu->mpidr : VCPU_REST;
	}
	return d;
}

static void begin_vm(struct pe_trace *p, const struct doing *d, u64 ps)
{
	struct open_event e;

	if (!d->vm)
		return;
	e = event_begin(p->t, ps, TYPE_BEGIN, uuid(p->cpu->index, LANE_THREAD), NAME_VM + d->vm);
	arg(p->t, IID_VMID, ARG_UINT, d->vmid);
	arg(p->t, IID_VTTBR, ARG_POINTER, d->vttbr);
	if (d->mpidr != VCPU_REST)
		arg(p->t, IID_vCPU, ARG_POINTER, d->mpidr & MPIDR_AFFINITY);
	event_end(p->t, e);
}

static void begin_el(struct pe_trace *p, const struct doing *d, u64 ps)
{
	simple_event(p->t, ps, TYPE_BEGIN, uuid(p->cpu->index, LANE_THREAD), (d->secure ? NAME_SECURE_EL : NAME_EL) + d->el);
}

static void begin_sleep(struct pe_trace *p, const struct doing *d, u64 ps)
{
	if (d->sleeps)
		simple_event(p->t, ps, TYPE_BEGIN, uuid(p->cpu->index, LANE_THREAD), d->wfe ? NAME_WFE : NAME_WFI);
}

static void end_slices(struct pe_trace *p, unsigned n, u64 ps)
{
	while (n--)
		simple_event(p->t, ps, TYPE_END, uuid(p->cpu->index, LANE_THREAD), 0);
}

/* Ends and begins what differs between what the PE was doing and what it does now. */
static void change(struct pe_trace *p, struct doing now, u64 ps)
{
	struct doing was = p->doing;
	bool vm = was.runs != now.runs || was.vm != now.vm || was.vttbr != now.vttbr || was.mpidr != now.mpidr;
	bool el = vm || was.el != now.el || was.secure != now.secure;

	if (was.runs)
		end_slices(p, was.sleeps + el + (vm && was.vm), ps);
	if (now.runs && vm)
		begin_vm(p, &now, ps);
	if (now.runs && el)
		begin_el(p, &now, ps);
	if (now.runs)
		begin_sleep(p, &now, ps);
	p->doing = now;
}

static void close_lane(struct pe_trace *p, struct lane *l, unsigned keep, u64 ps)
{
	while (l->depth > keep) {
		simple_event(p->t, ps, TYPE_END, l->uuid, 0);
		l->depth--;
	}
	if (l->dead > keep)
		l->dead = keep;
}

static void stop_pe(struct pe_trace *p, u64 ps)
{
	for (struct lane *l = p->lanes; l; l = l->next)
		close_lane(p, l, 0, ps);
	change(p, (struct doing){ 0 }, ps);
}

/* ---- the range ---- */

static void stop_all(struct perfetto *t, bool full)
{
	u64 last = 0;

	for (unsigned i = 0; i < t->pes && !t->over; i++) {
		struct pe_trace *p = &t->pe[i];

		if (p->begun && !p->done)
			stop_pe(p, p->last);
		last = p->last > last ? p->last : last;
	}
	t->over = true;
	if (full)
		trace_file_full(t->file, last);
}

/* An event of the PE at that time is to be written. */
static bool wanted(struct pe_trace *p, u64 ps)
{
	struct perfetto *t = p->t;

	if (t->over || p->done || ps < t->from)
		return false;
	if (trace_file_left(t->file) < EVENT_ROOM + (u64)t->open * END_ROOM) {
		stop_all(t, true);
		return false;
	}
	if (!p->begun) {
		struct doing since = p->doing;

		p->begun = true;
		p->doing = (struct doing){ 0 };
		change(p, since, t->from);
	}
	if (ps > t->to) {
		stop_pe(p, t->to);
		p->done = true;
		return false;
	}
	p->last = ps;
	return true;
}

/* ---- causes ---- */

static struct cause *cause_slot(struct perfetto *t, u64 key)
{
	u32 i = (u32)((key * 0x9e3779b97f4a7c15ull) >> 40);

	while (t->cause[i %= ARRAY_SIZE(t->cause)].key && t->cause[i].key != key)
		i++;
	return &t->cause[i];
}

/* What exits.h says of it; an abort that has no IPA has no page. */
static void cause_text(const struct cpu *c, u64 key, bool page, char *text, size_t size)
{
	char *dot;

	exits_cause_name(c, key, text, size);
	dot = page ? NULL : strstr(text, ".0x");
	if (dot)
		*dot = '\0';
}

/* Number of the interned text of that cause, or 0: it is not in the table and *text is to be written. */
static u32 intern_cause(struct perfetto *t, const struct cpu *c, u64 key, bool page, char *text, size_t size)
{
	u64 id = key << 1 | page;
	struct cause *slot = cause_slot(t, id);

	if (slot->key == id)
		return slot->iid;
	cause_text(c, key, page, text, size);
	if (t->causes == CAUSES)
		return 0;
	*slot = (struct cause){ id, ++t->causes };
	intern(t, INTERNED_STRINGS, slot->iid, text);
	return slot->iid;
}

/* ---- traps ---- */

/* The cause as the statistics have it; aborts that are not from a lower level have one, too. */
static u64 trap_cause(const struct cpu *c, const struct observed_trap *t)
{
	u8 ec = t->ec == EC_IABT || t->ec == EC_DABT ? t->ec - 1 : t->ec;

	return exits_cause(c, t->vec, ec, t->iss, t->hpfar_valid ? t->hpfar : 0);
}

static void trap_args(struct perfetto *t, const struct observed_trap *trap, u32 intid)
{
	bool irq = trap->vec == VEC_IRQ || trap->vec == VEC_FIQ;

	if (!irq)
		arg(t, IID_ESR, ARG_POINTER, trap->esr);
	arg(t, IID_ELR, ARG_POINTER, trap->ret);
	if (trap->far_valid)
		arg(t, IID_FAR, ARG_POINTER, trap->far);
	if (trap->hpfar_valid)
		arg(t, IID_IPA, ARG_POINTER, trap->hpfar >> 4 << 12);
	if (irq && intid != INTID_NONE)
		arg(t, IID_INTID, ARG_UINT, intid);
	arg(t, IID_from, ARG_UINT, trap->from);
	arg(t, IID_to, ARG_UINT, trap->to);
}

/* text: when it is not interned. */
static void cause_arg(struct perfetto *t, u32 iid, const char *text)
{
	size_t at;

	if (!iid && !text[0])
		return;
	at = pb_open(&t->pb, EVENT_ARG);
	pb_u64(&t->pb, ARG_NAME, IID_cause);
	if (iid)
		pb_u64(&t->pb, ARG_INTERNED, iid);
	else
		pb_string(&t->pb, ARG_TEXT, text);
	pb_close(&t->pb, at);
}

static void write_trap(struct pe_trace *p, const struct observed_trap *trap, u32 intid, u64 ps)
{
	struct perfetto *t = p->t;
	u32 name = NAME_CLASS + EXIT_CLASS(trap->vec, trap->ec), cause = 0;
	u64 key = trap_cause(p->cpu, trap), flow = ++p->flows * BOARD_MAX_PES + p->cpu->index;
	struct lane *l = lane_of(p, p->doing.vm, p->doing.mpidr);
	char text[96] = "";
	struct open_event e;

	e = event_begin(t, ps, TYPE_INSTANT, uuid(p->cpu->index, LANE_THREAD), name);
	arg(t, IID_PC, ARG_POINTER, trap->pc);
	pb_fixed64(&t->pb, EVENT_FLOW, flow);
	event_end(t, e);
	change(p, doing_now(p->cpu), ps);
	if (key)
		cause = intern_cause(t, p->cpu, key, trap->hpfar_valid, text, sizeof(text));
	if (!l)
		return;
	if (l->depth == DEPTH)
		close_lane(p, l, 0, ps);
	e = event_begin(t, ps, TYPE_BEGIN, l->uuid, name);
	trap_args(t, trap, intid);
	cause_arg(t, cause, text);
	pb_fixed64(&t->pb, EVENT_FLOW, flow);
	event_end(t, e);
	l->open[l->depth].flow = flow;
	l->open[l->depth].from = trap->from;
	l->open[l->depth++].to = trap->to;
	if (l->depth - l->dead > OPEN_TRAPS)
		l->dead++;
}

/* How many slices stay open after a return between these levels: the one above them is that of the trap it is from. */
static unsigned keep_after(const struct lane *l, unsigned from, unsigned to)
{
	unsigned i = l->depth;

	while (i > l->dead && (l->open[i - 1].to != from || l->open[i - 1].from != to))
		i--;
	return i > l->dead ? i - 1 : l->depth;
}

static void write_eret(struct pe_trace *p, unsigned from, u64 pc, u64 ps)
{
	struct perfetto *t = p->t;
	const struct cpu *c = p->cpu;
	struct doing now = doing_now(c);
	bool illegal = c->il && !(c->sys.spsr[from] & BIT(20));
	struct lane *l = illegal ? NULL : lane_of(p, now.vm, now.mpidr);
	unsigned keep = l ? keep_after(l, from, c->el) : 0;
	struct open_event e = event_begin(t, ps, TYPE_INSTANT, uuid(p->cpu->index, LANE_THREAD), NAME_ERET);

	arg(t, IID_PC, ARG_POINTER, pc);
	if (l && keep < l->depth)
		pb_fixed64(&t->pb, EVENT_FLOW_END, l->open[keep].flow);
	event_end(t, e);
	change(p, now, ps);
	if (l)
		close_lane(p, l, keep, ps);
}

/* ---- counters ---- */

#define MMU_COUNTER(name, field) { name, offsetof(struct mmu_stats, field) }
static const struct {
	const char *name;
	size_t offset;
} mmu_counters[] = {
	MMU_COUNTER("L1I TLB misses", l1i_miss),   MMU_COUNTER("L1D TLB misses", l1d_miss),   MMU_COUNTER("main TLB misses", main_miss),
	MMU_COUNTER("walk cache misses", walk_miss), MMU_COUNTER("IPA cache misses", ipa_miss),
};
_Static_assert(ARRAY_SIZE(mmu_counters) + 2 == COUNTERS, "instructions and exits stand before those of the TLBs");

static const char *counter_name(unsigned i)
{
	return i == 0 ? "instructions" : i == 1 ? "exits" : mmu_counters[i - 2].name;
}

static void read_counters(const struct cpu *c, u64 value[COUNTERS])
{
	memset(value, 0, COUNTERS * sizeof(*value));
	value[0] = cpu_insns(c);
	for (const struct vm_exits *v = c->exits.vms; v; v = v->next)
		value[1] += v->exits;
	for (const struct context *x = c->contexts; x; x = x->next)
		for (unsigned i = 0; i < ARRAY_SIZE(mmu_counters); i++)
			value[2 + i] += *(const u64 *)((const char *)&x->mmu + mmu_counters[i].offset);
}

/* Those that changed. */
static void write_counters(struct pe_trace *p, u64 ps)
{
	u64 value[COUNTERS];

	read_counters(p->cpu, value);
	for (unsigned i = 0; i < COUNTERS; i++) {
		struct open_event e;

		if (value[i] == p->counter[i])
			continue;
		p->counter[i] = value[i];
		e = event_begin(p->t, ps, TYPE_COUNTER, uuid(p->cpu->index, LANE_COUNTER + i), 0);
		pb_u64(&p->t->pb, EVENT_COUNTER, value[i]);
		event_end(p->t, e);
	}
}

/* ---- what the PE tells ---- */

/* An event after which the PE does what `now` says; true when more is to be written about it, with the lock held. */
static bool enter(struct pe_trace *p, struct cpu *c, u64 *ps)
{
	*ps = cpu_now(c);
	pthread_mutex_lock(&p->t->lock);
	return wanted(p, *ps);
}

static void leave(struct pe_trace *p, struct doing now)
{
	p->doing = now;
	pthread_mutex_unlock(&p->t->lock);
}

static void on_trap(void *ctx, struct cpu *c, const struct observed_trap *t)
{
	struct pe_trace *p = ctx;
	u32 intid = INTID_NONE;
	u64 ps;

	if (t->vec == VEC_IRQ || t->vec == VEC_FIQ) {
		cpu_enter(c); /* the machine's lock before that of the trace */
		intid = gic_pending_intid(c, t->virt);
		cpu_leave(c);
	}
	if (enter(p, c, &ps))
		write_trap(p, t, intid, ps);
	leave(p, doing_now(c));
}

static void on_eret(void *ctx, struct cpu *c, unsigned from, u64 pc)
{
	struct pe_trace *p = ctx;
	u64 ps;

	if (enter(p, c, &ps))
		write_eret(p, from, pc, ps);
	leave(p, doing_now(c));
}

/* The PE does this from now on. */
static void does(struct pe_trace *p, struct cpu *c, struct doing now)
{
	u64 ps;

	if (enter(p, c, &ps)) {
		if (now.runs)
			change(p, now, ps);
		else
			stop_pe(p, ps);
	}
	leave(p, now);
}

static void on_sleep(void *ctx, struct cpu *c)
{
	struct doing now = doing_now(c);

	now.runs = c->powered;
	now.sleeps = true;
	now.wfe = c->wait_wfe;
	does(ctx, c, now.runs ? now : (struct doing){ 0 });
}

static void on_wake(void *ctx, struct cpu *c)
{
	does(ctx, c, doing_now(c));
}

static void on_reset(void *ctx, struct cpu *c)
{
	does(ctx, c, (struct doing){ 0 });
}

static void on_slice(void *ctx, struct cpu *c)
{
	struct pe_trace *p = ctx;
	u64 ps = cpu_now(c);

	if (ps < p->sample)
		return;
	p->sample = (ps / PERIOD_PS + 1) * PERIOD_PS;
	if (enter(p, c, &ps))
		write_counters(p, ps);
	leave(p, p->doing);
}

static const struct observer_ops watch = {
	.trap = on_trap,
	.eret = on_eret,
	.sleep = on_sleep,
	.wake = on_wake,
	.reset = on_reset,
	.slice = on_slice,
};

/* ---- life ---- */

static void watch_pe(struct perfetto *t, unsigned i)
{
	struct pe_trace *p = &t->pe[i];
	char name[64];

	p->t = t;
	p->cpu = t->m->seat[i].cpu;
	p->watch = (struct observer){ .ops = &watch, .ctx = p };
	describe_thread(t, i);
	for (unsigned k = 0; k < COUNTERS; k++) {
		snprintf(name, sizeof(name), "PE %u %s", i, counter_name(k));
		describe(t, i, uuid(i, LANE_COUNTER + k), name, UNIT_COUNT);
	}
	cpu_observe(p->cpu, &p->watch);
}

int perfetto_open(struct perfetto **out, struct machine *m, struct why *why)
{
	struct perfetto *t = calloc(1, sizeof(*t) + m->pes * sizeof(t->pe[0]));
	int r;

	*out = NULL;
	if (!t)
		return why_set(why, ENOMEM, "--trace: no memory on the host");
	r = trace_file_open(&t->file, "--trace", m->cfg->trace, m->cfg->trace_max, m->log, why);
	if (r) {
		free(t);
		return r;
	}
	pthread_mutex_init(&t->lock, NULL);
	t->m = m;
	t->from = m->cfg->trace_from;
	t->to = m->cfg->trace_to;
	t->pes = m->pes;
	write_header(t);
	describe_process(t);
	for (unsigned i = 0; i < m->pes; i++)
		watch_pe(t, i);
	*out = t;
	return 0;
}

/* Each PE's slices end at its own time, in the range. */
static void end_pe(struct pe_trace *p)
{
	u64 now = cpu_now(p->cpu), all = machine_now(p->t->m);

	if (now < all) /* it sleeps */
		now = all;
	if (now > p->t->to)
		now = p->t->to;
	if (!wanted(p, now))
		return;
	write_counters(p, now);
	stop_pe(p, now);
	p->done = true;
}

void perfetto_close(struct perfetto *t)
{
	if (!t)
		return;
	for (unsigned i = 0; i < t->pes; i++) {
		struct pe_trace *p = &t->pe[i];

		end_pe(p);
		cpu_unobserve(p->cpu, &p->watch);
		while (p->lanes) {
			struct lane *l = p->lanes;

			p->lanes = l->next;
			free(l);
		}
	}
	trace_file_close(t->file);
	pthread_mutex_destroy(&t->lock);
	free(t);
}
