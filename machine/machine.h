/*
 * The machine: the virt board made of its parts, and time. Made from a struct config, run until the guest ends it or somebody asks.
 * Deterministic: PEs take turns on the calling thread in quanta of at most MACHINE_QUANTUM cycles; events fire
 * between turns; when every PE sleeps time jumps to the next event.
 */
#ifndef MACHINE_MACHINE_H
#define MACHINE_MACHINE_H

#include <stdio.h>
#include "base/log.h"
#include "machine/config.h"

#define MACHINE_QUANTUM 2000 /* cycles a PE runs before the next one's turn, with more than one PE */

#define MACHINE_PORT_STDIO 2 /* "serial port" of the -chardev that is standard input and output */

struct machine;
struct cpu;
struct pollfd;

/* What the outside gives to a machine. Every member may be NULL. */
struct machine_io {
	void *ctx;
	/* a byte from serial port 0 or 1, or MACHINE_PORT_STDIO */
	void (*tx)(void *ctx, unsigned port, u8 byte);
	/*
	 * Called at least every virtual millisecond between turns: look for input (machine_rx) and for a wish to stop: true ends
	 * machine_run() with MACHINE_STOPPED.
	 */
	bool (*poll)(void *ctx);
	/*
	 * Every PE sleeps at virtual time `now` and nothing is due before `next` (UINT64_MAX: never). Returns the time to go on at:
	 * `next` skips the idle time; a smaller value (not below now) after waiting for the outside.
	 */
	u64 (*idle)(void *ctx, u64 now, u64 next);
};

enum machine_end {
	MACHINE_POWEROFF,  /* PSCI SYSTEM_OFF: the good end */
	MACHINE_RESET,     /* PSCI SYSTEM_RESET with -no-reboot */
	MACHINE_EXIT,      /* semihosting exit: status holds the code */
	MACHINE_STOPPED,   /* the outside asked */
	MACHINE_LIMIT,     /* --max-insns */
	MACHINE_STUCK,     /* every PE sleeps and nothing can wake one */
	MACHINE_ERROR,     /* the host failed; the log says how */
	MACHINE_PAUSED,    /* for a moment: machine_run() never returns it */
};

/* Builds the board and loads the images. 0, or negative errno and one line in *why; nothing is left behind then. log is borrowed. */
int machine_new(struct machine **out, const struct config *cfg, const struct machine_io *io, struct log *log, struct why *why);
void machine_free(struct machine *m);
/* Runs until the end. May be called again after MACHINE_STOPPED. */
enum machine_end machine_run(struct machine *m);
/* Exit code of MACHINE_EXIT. */
int machine_status(const struct machine *m);
/* Why, as one line of words: "power-off", "reset (-no-reboot)"... */
const char *machine_end_text(enum machine_end end);

/* A byte for serial port `port`; machine_can_rx() first. */
void machine_rx(struct machine *m, unsigned port, u8 byte);
bool machine_can_rx(struct machine *m, unsigned port);
/*
 * The host's files through which something may come in (sockets of networks and of character backends), for poll(2): at
 * most `room` of them. While there are any, somebody outside may say something, and idle time should pass as outside.
 */
size_t machine_files(struct machine *m, struct pollfd *to, size_t room);
u64 machine_now(const struct machine *m); /* picoseconds */
u64 machine_insns(const struct machine *m); /* over all PEs */
/* The power button: the guest is asked to shut down. */
void machine_power_button(struct machine *m);
/* A reset as by PSCI, when the turn that may be open ends. False: -no-reboot. */
bool machine_system_reset(struct machine *m);
struct log *machine_log(struct machine *m);
unsigned machine_pes(const struct machine *m);
struct cpu *machine_pe(struct machine *m, unsigned i);

/*
 * SHA-256 over RAM, registers, devices, TLB models, event queue and counters, as 64 hex digits.
 */
void machine_digest(struct machine *m, char hex[65]);
/*
 * The end of the run's statistics: DIR/stats.txt, stats.csv, stats.json and config.json. Byte-identical between runs of one command.
 * 0 or negative errno with *why.
 */
int machine_write_stats(struct machine *m, const char *dir, struct why *why);
int machine_write_config(struct machine *m, const char *dir, struct why *why); /* config.json alone; machine_write_stats() does it */

/* DIR/host.json: host facts (date, host seconds, paths). */
int machine_write_host(struct machine *m, const char *dir, double host_seconds, struct why *why);
/* The table of --summary: EL2 exits by VM and class, then what the TLBs did. */
void machine_print_summary(struct machine *m, FILE *out);
void machine_print_exits(struct machine *m, FILE *out); /* its first half */


/*
 * Parts of a run (docs/regions.md), while no PE runs: between calls of machine_run(), or from the callback below. Dumps and marks go to
 * the folder of the configuration's stats_dir; without one there are none. A label keeps 63 characters of printable ASCII, others
 * become '_'.
 */
void machine_stats_reset(struct machine *m);			/* dumps count from now on */
void machine_stats_dump(struct machine *m);			/* what was counted since the last reset */
void machine_stats_mark(struct machine *m, const char *label);	/* a point in time; names what follows outside regions */
void machine_region_begin(struct machine *m, const char *label); /* label, reset, enter; a region that is open ends */
void machine_region_end(struct machine *m);			/* dump, leave; nothing when no region is open */
bool machine_in_region(const struct machine *m);
/*
 * changed() is called when the machine enters or leaves a region, between two instructions of the PE that asked for it, outside
 * cpu_run(): PEs and their keys may be changed. One listener; NULL: none.
 */
void machine_on_region(struct machine *m, void (*changed)(void *ctx, bool inside), void *ctx);

#endif
