/*
 * VM exits of a PE: how often each VM was entered and left, for what, and how long the PE then was outside of it. A VM here is what
 * context.h says; an exit is an exception taken from it to EL2 or EL3, an entry the exception return into it. Time is the PE's
 * cycles, so sleeping (WFI of the hypervisor) does not count. An exit's time ends at the next entry into the same VM; when the PE
 * enters another VM first, it is counted as switched and has no time.
 */
#ifndef CPU_EXITS_H
#define CPU_EXITS_H

#include "base/types.h"

struct cpu;
struct snap;

/* Durations: how many, their sum, smallest and largest, and by size: hist[k] from 2^k on (0 among the first). */
enum { EXIT_BUCKETS = 40 };
struct exit_time {
	u64 count, sum, min, max;
	u64 hist[EXIT_BUCKETS];
};

/* Why a VM was left: an EC, or one of the other vectors (EXIT_CLASS(vector kind, EC)). */
enum { EXIT_CLASSES = 64 + 3 };
#define EXIT_CLASS(vec, ec) ((vec) ? 63 + (vec) : (ec))

struct vm_exits {
	struct vm_exits *next;
	u16 vm;            /* as in struct context */
	u64 entries, exits;
	u64 switched;      /* exits after which the PE entered another VM */
	struct exit_time guest;                /* between entry and exit */
	struct exit_time *by[EXIT_CLASSES];    /* outside, by what ended the stay; NULL: never */
};

struct exit_watch {
	struct vm_exits *vms;   /* in order of first sight */
	struct vm_exits *in;    /* the VM that runs, NULL: none */
	struct vm_exits *left;  /* else the one that was left last, NULL: none */
	u64 since;              /* cycle of that entry or exit */
	u8 cls;                 /* why `left` was left */
};

/* The VM that runs becomes `vm` (0: none); why: the class of the exception when one is being taken. After every change of context. */
void exits_switch(struct cpu *c, u16 vm);
void exits_snap(struct cpu *c, struct snap *s);
void exits_free(struct exit_watch *w);

#endif
