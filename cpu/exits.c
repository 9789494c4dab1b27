/* See exits.h. Out of memory, a VM or class is not counted. */
#include "cpu/exits.h"

#include <stdlib.h>

#include "base/bits.h"
#include "base/snap.h"
#include "cpu/cpu.h"

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

static void leave(struct exit_watch *w, u64 now)
{
	w->in->exits++;
	add(&w->in->guest, now - w->since);
	w->left = w->in;
	w->in = NULL;
	w->since = now;
}

static void outside(struct vm_exits *v, unsigned cls, u64 cycles)
{
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
		outside(w->left, w->cls, now - w->since);
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
		free(v);
	}
	*w = (struct exit_watch){ 0 };
}
