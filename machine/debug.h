/*
 * The debugger of a machine: what stops it, exactly and without a trace in the guest or in the counters. Clients (the gdb stub, the
 * monitor) add points, ask for steps, call machine_run() and read why it returned.
 *
 * machine_run() returns MACHINE_STOPPED at an exact instruction, also in the middle of a PE's turn; the next machine_run() goes on with
 * the same turn and round (they are part of the machine's state). A run with any number of stops has the digest of one without. While
 * there are no points and no step, nothing is checked in fast code. Under --parallel all PEs stop when one does: which one did is
 * exact, the others are where they happen to be.
 */
#ifndef MACHINE_DEBUG_H
#define MACHINE_DEBUG_H

#include <stdio.h>

#include "base/types.h"
#include "machine/registers.h"

struct cpu;
struct debugger;
struct machine;
struct why;

struct debugger *machine_debugger(struct machine *m); /* always there */

enum stop_kind {
	STOP_NONE,  /* it runs, or ended */
	STOP_ASKED, /* debug_interrupt(), the session's poll, or nothing ran yet */
	STOP_STEP,
	STOP_BREAK, STOP_WATCH, STOP_CATCH,
	STOP_STUCK, /* every PE sleeps and nothing can wake one */
};
struct debug_stop {
	enum stop_kind kind; /* of several at one instruction the first of BREAK, WATCH, CATCH, STEP */
	unsigned pe;	/* whose instruction; of ASKED and STUCK one that can run, if any */
	u32 point;	/* number of the point, 0: none */
	u64 addr;	/* WATCH: first byte accessed of the watched range; CATCH of a trap: the instruction that took it */
	bool write;	/* WATCH */
	bool stepped;	/* a step ended here, too */
	char text[512]; /* one line of words without newline, of all that came together */
};
const struct debug_stop *debug_stopped(const struct debugger *d);

/*
 * A condition: all terms must hold. A term is NAME OP VALUE; NAME: el, vmid, asid, pe, secure, or a register (x0, w0, sp, pc,
 * v0's low half, HCR_EL2...); OP: = == != < <= > >= & (some of these bits). As text: "el=2 vmid=3 x0>=0x10", with && between terms if one likes.
 */
enum { DEBUG_TERMS = 8 };
struct debug_term {
	u8 what, op;
	struct reg reg;
	u64 value;
};
struct debug_cond {
	unsigned n;
	struct debug_term term[DEBUG_TERMS];
};
/* The whole text; 0, or negative errno with *why. */
int debug_cond_parse(struct debug_cond *cond, const char *text, struct why *why);
bool debug_cond_holds(const struct debug_cond *cond, struct cpu *c);
void debug_cond_print(const struct debug_cond *cond, FILE *out);

/*
 * What a catchpoint waits for; after "catch":
 *	trap [NAME | ec=N | hvc[=IMM] | smc[=IMM] | svc[=IMM] | sysreg=NAME | wfx | s2fault | irq | fiq | serror] [from=EL] [to=EL]
 *		an exception is taken; NAME as the statistics have it (HVC64, DABT_LOW...); stops at the first instruction of the handler
 *	eret [from=EL] [el=EL] [vmid=N]		an exception return is done
 *	write NAME				MSR wrote that register (E2H redirects as the guest's own)
 *	tlbi [vmid=N]				a TLB maintenance instruction was executed; vmid: VTTBR_EL2's then
 *	lr [N]					a list register was written, by ICH_LR<n>_EL2 or GICH_LR
 *	maint					a maintenance interrupt has become high
 *	insns N					all PEs together have executed N instructions; once
 * each with [if COND]; the condition is looked at where the machine stops.
 */
enum catch_kind { CATCH_TRAP, CATCH_ERET, CATCH_WRITE, CATCH_TLBI, CATCH_LR, CATCH_MAINT, CATCH_INSNS };
struct debug_catch {
	u8 kind;		  /* enum catch_kind */
	s16 cls;		  /* TRAP: EXIT_CLASS; -1: any */
	bool s2fault;		  /* TRAP */
	s8 from, to;		  /* EL; -1: any */
	s32 imm, vmid;		  /* -1: any */
	const struct sysreg *row; /* WRITE; TRAP of an access to it; NULL: any */
	u64 at;			  /* LR: its number, UINT64_MAX: any; INSNS */
};

enum point_kind { POINT_BREAK, POINT_WATCH, POINT_CATCH };
struct debug_point {
	u32 number;	/* 1, 2, ...; debug_add() gives it */
	u8 kind;	/* enum point_kind */
	bool disabled;
	bool temporary; /* gone after its first stop */
	bool hidden;	/* a client's own: debug_next() leaves it out */
	bool read, write; /* WATCH */
	u64 addr, len;	/* BREAK, WATCH: virtual */
	struct debug_catch catch;
	struct debug_cond cond;
	u64 hits;	/* that met the condition */
	u64 ignore;	/* so many more hits do not stop */
	/* the instruction at which it was counted last */
	unsigned seen_pe;
	u64 seen_pc, seen_begun;
	struct debug_point *next;
};
/* The debugger keeps a copy. 0 and the number in p->number, or negative errno with *why (too many, an address that cannot be). */
int debug_add(struct debugger *d, struct debug_point *p, struct why *why);
bool debug_remove(struct debugger *d, u32 number); /* false: there is none */
/* To change disabled, ignore, hits and cond of; debug_changed() after that. NULL: there is none. */
struct debug_point *debug_point(struct debugger *d, u32 number);
void debug_changed(struct debugger *d);
/* Those that are not hidden in order of numbers; NULL starts and ends. */
const struct debug_point *debug_next(const struct debugger *d, const struct debug_point *after);
/* As `info breakpoints` lists it, with newline; debug_print_head() is the line above. */
void debug_print_head(FILE *out);
void debug_print_point(const struct debug_point *p, FILE *out);
/*
 * What follows "break": ADDR [if COND]; "watch": [-r|-w|-a] ADDR [BYTES] [if COND], 8 bytes when it does not say; "catch". An address is
 * what address() takes for one, without it a number. Both: 0, or negative errno with *why.
 */
typedef int debug_address_fn(void *ctx, const char *text, u64 *addr, struct why *why);
int debug_parse(struct debug_point *p, enum point_kind kind, const char *text, debug_address_fn *address, void *ctx, struct why *why);

enum debug_step {
	DEBUG_STEP,	 /* one instruction; exceptions that it or an interrupt takes are run through */
	DEBUG_STEP_INTO, /* one instruction, or to the first of a handler */
};
/*
 * What the next machine_run() does besides going on. Only one PE steps, the others run as they would have. DEBUG_STEP ends where the
 * same exception level, VM, process and stack pointer run next; an ERET that is stepped itself ends where it leads.
 */
void debug_step(struct debugger *d, unsigned pe, enum debug_step how);
/* A step was asked for and is not over. */
bool debug_stepping(const struct debugger *d);
/* machine_run() returns soon: in a virtual millisecond at most while something runs. From any thread. */
void debug_interrupt(struct debugger *d);
/* A client is there (they are counted): a machine of which every PE sleeps for good stops instead of ending the run. */
void debug_attach(struct debugger *d, bool there);
/* All points, steps and stops are gone (the last client left). */
void debug_clear(struct debugger *d);

#endif
