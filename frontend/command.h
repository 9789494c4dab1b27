/*
 * The commands of the monitor, which gdb's `monitor COMMAND` (qRcmd) runs too: tables, one a file, and the one function that finds
 * and runs what was typed. Commands print to the client's stream and never block.
 */
#ifndef FRONTEND_COMMAND_H
#define FRONTEND_COMMAND_H

#include <stdio.h>

#include "base/types.h"
#include "base/why.h"
#include "frontend/control.h"
#include "machine/memspace.h"

/* One for each client: what it has chosen. */
struct command_user {
	struct control *control;
	struct machine *m;
	unsigned pe;	/* that commands are about; after a stop the one that stopped */
	struct memspace space; /* `mem`: where addresses are looked up */
	u64 next;	/* `x` goes on there, in the same format */
	char letter;
	unsigned size;
	bool step_into; /* `step-irq on` */
	bool stepping;	/* it asked for steps, which are not done */
	u64 steps;	/* so many are left, with the one that runs */
};

/* Where completions go. */
struct reg;
struct command_words {
	void *ctx;
	void (*add)(void *ctx, const char *word);
};

struct command {
	const char *name; /* "info gic"; other names behind it: "continue|c|cont" */
	const char *args; /* for help: "ADDR [SPACE]"; NULL: takes none, and what is typed is refused */
	const char *help; /* one line */
	bool running;	  /* need not see the machine stand (control_standing()) */
	/* args: what follows the name, without blanks around it. 0, or negative errno with *why, which the caller prints. */
	int (*run)(struct command_user *u, const char *args, FILE *out, struct why *why);
	/* Adds what the last word of the arguments, `word`, may become; all that begins with it. May be NULL. */
	void (*complete)(struct command_user *u, const char *word, const struct command_words *to);
};

/* Each ends with a row without name. */
extern const struct command run_commands[];	 /* command_run.c */
extern const struct command point_commands[];	 /* command_point.c */
extern const struct command memory_commands[];	 /* command_memory.c */
extern const struct command space_commands[];	 /* command_space.c: mem, walk, tlb */
extern const struct command register_commands[]; /* command_register.c */
extern const struct command machine_commands[];	 /* command_machine.c: info gic... */
extern const struct command snapshot_commands[]; /* command_snapshot.c */

/* Whether it can be run now, or the machine must stand first (control_pause()). Lines that are errors can always be run. */
bool command_ready(const struct command_user *u, const char *line);
/* Finds (unique abbreviations are allowed, in every word of a name) and runs; an error is one line on out: "error: ...". */
void command_run(struct command_user *u, const char *line, FILE *out);

/* Adds what the last word of `line` may become (a word may come twice); returns where that word begins. */
size_t command_complete(struct command_user *u, const char *line, const struct command_words *to);

/* ---- for the commands ---- */

/* The next word of *text into word (cut to size - 1), *text moves behind it and blanks. False: there is none. */
bool command_word(const char **text, char *word, size_t size);
/* A number as C writes it; the whole text must be one. */
bool command_number(const char *text, u64 *n);
/*
 * An address: a number, a register ($pc, sp, ELR_EL2) or a symbol, with +NUMBER or -NUMBER behind if one likes. 0, or negative errno with
 * *why.
 */
int command_address(struct command_user *u, const char *text, u64 *addr, struct why *why);
/* reg_find() with a $ in front if one likes; PSTATE is cpsr. */
bool command_register(const char *name, struct reg *r);
/* Offers symbols; registers. */
void command_offer_symbols(struct command_user *u, const char *begin, const struct command_words *to);
void command_offer_registers(struct command_user *u, const char *begin, const struct command_words *to);
/* "on" or "off". */
bool command_switch(const char *text, bool *on);
/* Adds `word` if it begins with `begin`. */
void command_offer(const struct command_words *to, const char *begin, const char *word);
/* The machine goes on by one step of the user's PE. */
void command_step(struct command_user *u);
/* The PE that the user has chosen. */
struct cpu *command_pe(struct command_user *u);

#endif
