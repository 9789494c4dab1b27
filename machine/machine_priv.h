/* The parts of a machine, for the files of machine/. */
#ifndef MACHINE_MACHINE_PRIV_H
#define MACHINE_MACHINE_PRIV_H

#include "base/event.h"
#include "cpu/cpu.h"
#include "cpu/timing.h"
#include "devices/chardev.h"
#include "devices/flash.h"
#include "devices/fw_cfg.h"
#include "devices/ged.h"
#include "devices/marker.h"
#include "devices/net.h"
#include "devices/outside.h"
#include "devices/p9.h"
#include "devices/pl011.h"
#include "devices/pl031.h"
#include "devices/pl061.h"
#include "devices/virtio/virtio.h"
#include "gic/gic.h"
#include "machine/board.h"
#include "machine/machine.h"
#include "machine/region.h"
#include "machine/semihost.h"
#include "timer/timer.h"

struct debugger;
struct machine;
struct perfetto;
struct tarmac;

/* A PE's place in the machine. */
struct seat {
	struct machine *m;
	struct cpu *cpu;
	u64 ps;      /* its own time */
	bool on;     /* PSCI: powered */
};

struct uart_port {
	struct machine *m;
	unsigned port;
	struct pl011 *dev;
	struct chardev *chardev; /* -serial chardev:ID, else NULL: the frontend's */
};

struct flash_bank {
	struct machine *m;
	u64 base;
	struct flash *dev;
};

struct machine {
	const struct config *cfg; /* borrowed */
	struct machine_io io;
	struct log *log;
	struct bus *bus;
	struct sysreg_map *sysregs;
	struct gic *gic;
	struct timer_system *timers;
	struct event_queue queue;
	struct pl031 *rtc;
	s64 rtc_start; /* seconds since 1970 at time 0 */
	struct flash_bank flash[2];
	struct fw_cfg *fw_cfg;
	struct pl061 *gpio;    /* one of these two holds the power button */
	struct ged *ged;
	struct pl061 *secgpio; /* NULL without secure=on */
	struct uart_port uart[2];
	struct semihost *semihost; /* NULL without */
	struct outside outside;
	struct backends *backends; /* make_backends.c */
	struct board_virtio *virtio; /* make_virtio.c */
	struct pci_host *pci;
	struct cpu_core core;
	struct tlb_config tlb;
	struct timing_values timing; /* with cfg->timing */
	struct cache_shared *caches;
	struct boot_plan *plan;
	struct regions *regions;
	struct marker *marker;
	struct perfetto *perfetto; /* --trace, else NULL */
	struct tarmac *tarmac;     /* --tarmac, else NULL */
	struct parallel *par; /* --parallel with more than one PE, else NULL */
	struct seat seat[BOARD_MAX_PES];
	unsigned pes;
	struct checker *checker; /* --check tlb, else NULL */
	struct seat *running; /* whose turn it is, NULL between turns */
	u64 now;              /* start of the current round, or time of the event that fires */
	u64 round_end;
	/*
	 * The PE in whose turn the debugger stopped the machine, else NULL: the next machine_run() goes on with that turn of the round
	 * up to round_end. These two are all that a snapshot of such a machine has beyond one between rounds.
	 */
	struct seat *turn;
	u64 next_poll;
	bool lost;     /* a snapshot was loaded in part: it never runs again */
	u32 restored;  /* how often it became another one by machine_restore() */
	struct debugger *debug;
	bool halted; /* the debugger stops it */
	bool reboot; /* PSCI SYSTEM_RESET: start again after this turn */
	bool ended;
	enum machine_end end;
	int status;
};

/*
 * make.c calls these in this order; each leaves what it made in the machine. 0, or negative errno with
 * *why. free_*() takes a machine that was made in part.
 */
int make_checker(struct machine *m, struct why *why);
int make_gic(struct machine *m, struct why *why);
int make_backends(struct machine *m, struct why *why);
int make_devices(struct machine *m, struct why *why);
int make_firmware(struct machine *m, struct why *why); /* flash, fw_cfg, power button */
int make_virtio(struct machine *m, struct why *why);
int make_pci(struct machine *m, struct why *why);
void free_gic(struct machine *m);
extern const u8 machine_timer_intid[TIMER_COUNT]; /* that the timers' outputs raise */
void free_backends(struct machine *m);
void free_devices(struct machine *m);
void free_firmware(struct machine *m);
void free_virtio(struct machine *m);
void free_pci(struct machine *m);

/* make_virtio.c: what virtio devices are lent, and all of them in the order of the command line (NULL after the last). */
struct virtio_env machine_virtio_env(struct machine *m);
struct virtio_device *machine_virtio(struct machine *m, size_t i);
/* The device of one item, which free_virtio() frees. NULL with *why. */
struct config_item;
struct virtio_device *machine_make_virtio(struct machine *m, const struct config_item *item, struct why *why);

/* machine.c, for parallel.c: a powered PE that does not sleep; what happens between rounds; time that nobody uses. */
bool machine_runnable(const struct seat *s);
/* Restart, events, the outside. Nobody runs. True when somebody can. */
bool machine_between(struct machine *m);
/* Looks for input when it is time to; true then. */
bool machine_poll(struct machine *m);
/* Every PE sleeps: time moves to the next event, or the run ends. */
void machine_idle(struct machine *m);

/* parallel.c: --parallel. 0, or negative errno with *why; m->par is NULL otherwise. */
int make_parallel(struct machine *m, struct why *why);
void free_parallel(struct machine *m);
void parallel_host(struct cpu_host *h);
enum machine_end parallel_run(struct machine *m);
/* To every PE but `from`, before a DSB of `from` is done. */
void parallel_tlbi(struct machine *m, struct cpu *from, const struct tlbi *op);
void parallel_code_written(struct machine *m, pa page);
void parallel_unmapped(struct machine *m);
/* s may have become runnable: it takes part in the window that is open. Under the machine lock. */
void parallel_woken(struct machine *m, struct seat *s);
/* All PEs stop; machine_run() then does what regions wait for, and goes on. Under the machine lock. */
void parallel_pause(struct machine *m);
/* An event will fire earlier than all others. */
void parallel_earlier(struct machine *m, u64 when);
/* A thread runs s, though it may be about to stop. */
bool parallel_running(const struct machine *m, const struct seat *s);

/* make_virtio_io.c: every port has a controller. */
int check_ports(struct machine *m, struct why *why);

/* make_backends.c: by the id that the user gave, NULL when there is none. */
struct net *machine_net(struct machine *m, const char *id);
struct chardev *machine_chardev(struct machine *m, const char *id);
struct p9 *machine_folder(struct machine *m, const char *id);
struct chardev *machine_stdio(struct machine *m); /* the one on standard input and output, or NULL */
void snap_backends(struct machine *m, struct snap *s);

/* machine.c: what PEs, event queue and bus call. */
struct cpu_host machine_host(struct machine *m);
void machine_earlier(void *ctx, u64 when);
void machine_code_written(void *ctx, pa page, u64 lines);
void machine_unmapped(void *ctx);

void machine_end_with(struct machine *m, enum machine_end end);

/* debug.c, for machine.c. What machine_run() does first; and last, with its end: the one to return. */
int make_debugger(struct machine *m, struct why *why);
void free_debugger(struct machine *m);
void debug_resume(struct machine *m);
enum machine_end debug_end(struct machine *m, enum machine_end end);
/* The number of instructions at which the machine stops, UINT64_MAX: none; when they were done it stops: true. */
u64 debug_insns(const struct machine *m);
bool debug_at_insns(struct machine *m);
/* debug_interrupt() was called; once. */
bool debug_asked(struct machine *m);

/* psci.c: the whole machine powers off, or starts again (or ends: -no-reboot). */
void machine_system_end(struct machine *m, bool reset);
/* PSCI 1.1. */
bool machine_conduit(void *ctx, struct cpu *c, bool smc);
/* start.c: reset and registers as firmware leaves them, at the EL where the guest starts. */
void machine_start_pe(struct machine *m, struct seat *s, u64 entry, u64 x0);
void machine_reset_all(struct machine *m);
int machine_load(struct machine *m, struct why *why);
/* Guest memory at a virtual address as the PE sees it now; false when some byte cannot be read or written. */
bool machine_read_va(struct cpu *c, u64 va, void *dst, size_t n);
bool machine_write_va(struct cpu *c, u64 va, const void *src, size_t n);

#endif
