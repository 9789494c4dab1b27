/* What the files of the debugger (machine/debug*.c) share. */
#ifndef MACHINE_DEBUG_PRIV_H
#define MACHINE_DEBUG_PRIV_H

#include "cpu/halt.h"
#include "cpu/observe.h"
#include "machine/debug.h"
#include "machine/machine_priv.h"

enum { POINTS = 1000 };

/* An instruction in the life of a PE: no two times that it begins are alike. */
struct moment {
	unsigned pe;
	u64 pc, begun;
};

/* Where DEBUG_STEP ends. */
struct home {
	u8 el;
	bool secure;
	u64 vm;	   /* VTTBR_EL2.BADDR */
	u64 space; /* at EL0 TTBR0.BADDR: kernels move between processes and back */
	u64 sp;
};

struct step {
	bool on, away; /* away: at full speed, in a handler */
	u8 how;
	u8 to; /* away: the exception level that took it */
	struct moment from;
	struct home home;
};

struct debugger {
	struct machine *m;
	struct debug_point *points; /* in order of numbers */
	u32 numbers;
	unsigned count;
	struct halt halt;
	u64 code[POINTS];
	struct halt_range data[POINTS];
	struct observer observer[BOARD_MAX_PES];
	u32 catches;  /* BIT(enum catch_kind) of the enabled ones */
	bool watches; /* PEs know of it: halt and observers are in */
	struct debug_stop stop;
	struct moment last; /* where it stopped: not again */
	bool last_watched;  /* nor for its access */
	struct step step;
	unsigned clients;
	bool asked;
};

/* The translation of what c runs, or while it is an EL without ASIDs that of the EL1&0 below it: asid and vmid of conditions. */
void debug_space(const struct cpu *c, struct regime *r);

/*
 * For who found a reason to stop, on c's thread and inside the machine's lock. p matched what c does at its instruction: whether it
 * stops there, counted once.
 */
bool debug_counts(struct debug_point *p, struct cpu *c);
/* c stops because of p (NULL: another reason); say why after that, each with one call. False: another PE stops the machine already. */
bool debug_stop(struct debugger *d, struct cpu *c, const struct debug_point *p, enum stop_kind kind);
printf_(2, 3) void debug_say(struct debugger *d, const char *format, ...);

/* debug_catch.c: cpu/observe.h's calls. */
void catch_trap(struct debugger *d, struct cpu *c, const struct observed_trap *t);
void catch_eret(struct debugger *d, struct cpu *c, unsigned from, u64 pc);
void catch_sysreg(void *ctx, struct cpu *c, const struct sysreg *r, u64 v);
void catch_list_register(void *ctx, struct cpu *c, unsigned n, u64 v);
void catch_maintenance(void *ctx, struct cpu *c, u64 misr);
void catch_print(const struct debug_catch *k, FILE *out);
#endif
