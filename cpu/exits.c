/* See exits.h. Out of memory, a VM or class is not counted. */
#include "cpu/exits.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/snap.h"
#include "cpu/exception.h"
#include "cpu/sysreg.h"

static void add(struct exit_time *t, u64 cycles)
{
	unsigned k = cycles ? 63 - (unsigned)__builtin_clzll(cycles) : 0;

	if (!t->count || cycles < t->min)
		t->min = cycles;
	if (cycles > t->max)
		t->max = cycles;
	t->count++;
	t->sum += cycles;
	t->hist[k < EXIT_BUCKETS ? k : EXIT_BUCKETS - 1]++;
}

static struct vm_exits *find(struct exit_watch *w, u16 vm)
{
	struct vm_exits **at = &w->vms;

	while (*at && (*at)->vm != vm)
		at = &(*at)->next;
	if (!*at && (*at = calloc(1, sizeof(**at))) != NULL)
		(*at)->vm = vm;
	return *at;
}

/* ---- causes ---- */

enum { XEN_HVC = 0xea1 };

/* ISS of a trapped register access -> SR() << 1 | direction */
static u64 register_cause(u32 iss)
{
	u32 enc = SR((iss >> 20) & 3, (iss >> 14) & 7, (iss >> 10) & 15, (iss >> 1) & 15, (iss >> 17) & 7);

	return (u64)enc << 1 | (iss & 1);
}

u64 exits_cause(const struct cpu *c, unsigned vec, u32 ec, u32 iss, u64 hpfar)
{
	u64 detail;

	if (vec)
		return 0;
	switch (ec) {
	case EC_WFX: detail = iss & 3; break;
	case EC_SYS64: detail = register_cause(iss); break;
	case EC_HVC64:
	case EC_SMC64: detail = (u64)(iss & 0xffff) << 32 | (u32)c->x[(iss & 0xffff) == XEN_HVC ? 16 : 0]; break;
	case EC_IABT_LOWER:
	case EC_DABT_LOWER: detail = (u64)(iss & 63) << 40 | (hpfar >> 4 & MASK(39, 0)); break;
	default: return 0;
	}
	return (u64)ec << EXIT_CAUSE_SHIFT | detail;
}

static void abort_name(u64 detail, char *name, size_t size)
{
	static const char *const kind[] = { "size", "translation", "access_flag", "permission" };
	unsigned fsc = (unsigned)(detail >> 40) & 63;
	u64 page = (detail & MASK(39, 0)) << 12;

	if (fsc < 16)
		snprintf(name, size, "%s_l%u.0x%llx", kind[fsc >> 2], fsc & 3, (unsigned long long)page);
	else
		snprintf(name, size, "status_0x%02x.0x%llx", fsc, (unsigned long long)page);
}

void exits_cause_name(const struct cpu *c, u64 key, char *name, size_t size)
{
	static const char *const wait[4] = { "wfi", "wfe", "wfit", "wfet" };
	u64 detail = key & MASK(EXIT_CAUSE_SHIFT - 1, 0);
	u32 imm = (u32)(detail >> 32), enc = (u32)(detail >> 1);
	const struct sysreg *r;

	switch (key >> EXIT_CAUSE_SHIFT) {
	case EC_WFX: snprintf(name, size, "%s", wait[detail & 3]); break;
	case EC_SYS64:
		r = sysreg_find(c->sysregs, enc);
		if (r)
			snprintf(name, size, "%s.%s", r->name, detail & 1 ? "read" : "write");
		else
			snprintf(name, size, "s%u_%u_c%u_c%u_%u.%s", enc >> 14, enc >> 11 & 7, enc >> 7 & 15, enc >> 3 & 15, enc & 7,
				 detail & 1 ? "read" : "write");
		break;
	case EC_HVC64:
	case EC_SMC64:
		if (imm)
			snprintf(name, size, "imm_0x%x.0x%x", imm, (u32)detail);
		else
			snprintf(name, size, "0x%x", (u32)detail);
		break;
	default: abort_name(detail, name, size);
	}
}

static int by_key(const void *a, const void *b)
{
	u64 x = ((const struct exit_cause *)a)->key, y = ((const struct exit_cause *)b)->key;

	return (x > y) - (x < y);
}

struct exit_cause *exits_causes(const struct vm_exits *v, u32 *n)
{
	struct exit_cause *list = v->causes ? calloc(v->causes, sizeof(*list)) : NULL;

	*n = 0;
	for (u32 i = 0; list && i < v->room; i++)
		if (v->cause[i].count)
			list[(*n)++] = v->cause[i];
	if (list)
		qsort(list, *n, sizeof(*list), by_key);
	return list;
}

/* The slot of a key, or the empty one where it belongs. */
static struct exit_cause *slot(struct exit_cause *table, u32 room, u64 key)
{
	u32 i = (u32)((key * 0x9e3779b97f4a7c15ull) >> 32) & (room - 1);

	while (table[i].count && table[i].key != key)
		i = (i + 1) & (room - 1);
	return &table[i];
}

/* Room for one more: at most half of the slots are in use. */
static bool make_room(struct vm_exits *v)
{
	u32 room = v->room ? 2 * v->room : 32;
	struct exit_cause *table;

	if (2 * v->causes < v->room)
		return true;
	table = calloc(room, sizeof(*table));
	if (!table)
		return false;
	for (u32 i = 0; i < v->room; i++)
		if (v->cause[i].count)
			*slot(table, room, v->cause[i].key) = v->cause[i];
	free(v->cause);
	v->cause = table;
	v->room = room;
	return true;
}

static void count_cause(struct vm_exits *v, u64 key)
{
	struct exit_cause *e = v->room ? slot(v->cause, v->room, key) : NULL;

	if (!key)
		return;
	if (!e || !e->count) {
		if (v->causes == EXIT_CAUSES || !make_room(v)) {
			v->causes_rest++;
			return;
		}
		e = slot(v->cause, v->room, key);
		e->key = key;
		v->causes++;
	}
	e->count++;
}

static void leave(struct exit_watch *w, u64 now)
{
	count_cause(w->in, w->cause);
	w->in->exits++;
	add(&w->in->guest, now - w->since);
	w->left = w->in;
	w->in = NULL;
	w->since = now;
}

static void outside(struct vm_exits *v, unsigned cls, u64 cause, u64 cycles)
{
	struct exit_cause *e = v->room ? slot(v->cause, v->room, cause) : NULL;

	if (e && e->count)
		e->cycles += cycles;
	if (!v->by[cls])
		v->by[cls] = calloc(1, sizeof(*v->by[cls]));
	if (v->by[cls])
		add(v->by[cls], cycles);
}

void exits_switch(struct cpu *c, u16 vm)
{
	struct exit_watch *w = &c->exits;
	u64 now = cpu_cycles(c);

	if (w->in && w->in->vm != vm)
		leave(w, now);
	if (!vm || w->in)
		return;
	w->in = find(w, vm);
	if (!w->in)
		return;
	w->in->entries++;
	if (w->left == w->in)
		outside(w->left, w->cls, w->cause, now - w->since);
	else if (w->left)
		w->left->switched++;
	w->left = NULL;
	w->since = now;
}

static void snap_time(struct snap *s, struct exit_time *t)
{
	u64 *v = (u64 *)t;

	for (size_t i = 0; i < sizeof(*t) / sizeof(*v); i++)
		snap_u64(s, &v[i]);
}

/* By key: the order in the table depends on its history. */
static void snap_causes(struct snap *s, struct vm_exits *v)
{
	u32 n = v->causes, there;
	struct exit_cause *list = s->loading ? NULL : exits_causes(v, &there);

	snap_u32(s, &n);
	snap_u64(s, &v->causes_rest);
	snap_check(s, n <= EXIT_CAUSES, "number of causes of VM exits");
	for (u32 i = 0; i < n && !s->failed; i++) {
		struct exit_cause e = list ? list[i] : (struct exit_cause){ 0 };

		snap_u64(s, &e.key);
		snap_u64(s, &e.count);
		snap_u64(s, &e.cycles);
		snap_check(s, e.count != 0, "count of a cause of VM exits");
		if (!s->loading || s->failed || !make_room(v))
			continue;
		v->causes += !slot(v->cause, v->room, e.key)->count;
		*slot(v->cause, v->room, e.key) = e;
	}
	free(list);
}

static void snap_vm(struct snap *s, struct vm_exits *v)
{
	snap_u16(s, &v->vm);
	snap_u64(s, &v->entries);
	snap_u64(s, &v->exits);
	snap_u64(s, &v->switched);
	snap_time(s, &v->guest);
	for (unsigned k = 0; k < EXIT_CLASSES; k++) {
		bool there = v->by[k] != NULL;

		snap_bool(s, &there);
		if (!there || s->failed)
			continue;
		if (s->loading && !(v->by[k] = calloc(1, sizeof(*v->by[k]))))
			return;
		snap_time(s, v->by[k]);
	}
	snap_causes(s, v);
}

void exits_snap(struct cpu *c, struct snap *s)
{
	struct exit_watch *w = &c->exits;
	struct vm_exits **end = &w->vms;
	u16 in = w->in ? w->in->vm : 0, left = w->left ? w->left->vm : 0;
	u32 n = 0;

	for (struct vm_exits *v = w->vms; v; v = v->next)
		n++;
	snap_u32(s, &n);
	snap_check(s, n <= 65536, "number of VMs that were entered");
	if (s->loading)
		exits_free(w);
	for (u32 i = 0; i < n && !s->failed; i++) {
		if (s->loading && !(*end = calloc(1, sizeof(**end))))
			return;
		snap_vm(s, *end);
		end = &(*end)->next;
	}
	snap_u16(s, &in);
	snap_u16(s, &left);
	snap_u64(s, &w->since);
	snap_u8(s, &w->cls);
	snap_u64(s, &w->cause);
	snap_check(s, w->cls < EXIT_CLASSES, "class of the last VM exit");
	if (!s->loading || s->failed)
		return;
	w->in = in ? find(w, in) : NULL;
	w->left = left ? find(w, left) : NULL;
}

void exits_free(struct exit_watch *w)
{
	while (w->vms) {
		struct vm_exits *v = w->vms;

		w->vms = v->next;
		for (unsigned k = 0; k < EXIT_CLASSES; k++)
			free(v->by[k]);
		free(v->cause);
		free(v);
	}
	*w = (struct exit_watch){ 0 };
}
