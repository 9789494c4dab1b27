/* The state of the GDB stub and its commands, for the files gdb_*.c. */
#ifndef FRONTEND_GDB_PRIV_H
#define FRONTEND_GDB_PRIV_H

#include "frontend/command.h"
#include "frontend/gdb_packet.h"
#include "frontend/gdb_stub.h"
#include "machine/debug.h"
#include "machine/memspace.h"
#include "machine/registers.h"

enum {
	GDB_PID = 1,
	GDB_POINTS = 256,	   /* breakpoints and watchpoints of a client */
	GDB_COMPLAINTS = 10,	   /* lines in the log about one client */
	GDB_CONSOLE = 1024 * 1024, /* bytes that one `monitor` command may print */
};

/* qqemu.sstepbits. QEMU's third bit, timers that stand still, is not offered: time is part of the run. */
enum { SSTEP_ENABLE = 1, SSTEP_NOIRQ = 2 };

/* A Z packet's. */
struct gdb_point {
	u32 number; /* of the debugger; 0: the place is free */
	u8 type;    /* 0 to 4 */
	u64 addr, len;
};

struct gdb_text {
	size_t n;
	bool full;
	char data[GDB_PACKET_SIZE];
};

struct gdb_stub {
	struct control *control;
	struct machine *m;
	struct debugger *debugger;
	struct log *log;
	struct gdb_wire wire;
	struct command_user user; /* of `monitor` commands; also which PE and memory packets are about */

	bool connected, done;
	bool no_ack, multiprocess, thread_suffix;
	bool held;	/* the parser's packet waits for the machine to stop */
	bool awaiting;	/* the client let the machine run and waits for a stop reply */
	bool interrupt; /* and asked for the stop by Ctrl-C */
	unsigned complaints;
	struct gdb_point point[GDB_POINTS];
	/* vCont;r: steps of range_pe go on while its PC is in [range_from, range_to) */
	bool ranging;
	unsigned range_pe;
	u64 range_from, range_to;

	char *target, *registers; /* descriptions, made when asked for */
	unsigned thread_next;	  /* qsThreadInfo */

	struct gdb_parser in;
	struct gdb_text reply;
	u8 frame[2 * GDB_PACKET_SIZE + 4];
	size_t frame_n; /* the last one sent, for a NAK */
};

/* ---- gdb_stub.c ---- */

/* Into the reply; what does not fit makes it an error. */
void gdb_put(struct gdb_stub *g, const void *bytes, size_t n);
void gdb_print(struct gdb_stub *g, const char *format, ...) printf_(2, 3);
void gdb_put_hex(struct gdb_stub *g, const void *bytes, size_t n);
void gdb_ok(struct gdb_stub *g);
void gdb_error(struct gdb_stub *g, unsigned number);
/* "p1.2", or "2" for a client that knows one process only. */
void gdb_put_thread(struct gdb_stub *g, unsigned pe);
/* Sends what stands in the reply, and empties it. */
void gdb_send(struct gdb_stub *g);
/* O packets: text for the user. Only while the client waits for something. */
void gdb_console(struct gdb_stub *g, const char *text, size_t n);
/* A line in the log about this client, unless there were many. */
void gdb_complain(struct gdb_stub *g, const char *format, ...) printf_(2, 3);
/* The PE of a thread id, which the client chose; false: there is none. 0 and -1 give any. */
bool gdb_pe(const struct gdb_stub *g, s64 pid, s64 tid, unsigned *pe);
struct cpu *gdb_cpu(const struct gdb_stub *g);

/* ---- commands: args is what follows the packet's name. They fill the reply; an empty one says "not known". ---- */

typedef void gdb_command(struct gdb_stub *g, const char *args);

/* gdb_run.c */
gdb_command gdb_why, gdb_cont, gdb_step, gdb_cont_signal, gdb_step_signal, gdb_vcont, gdb_vcont_ask, gdb_detach, gdb_kill,
	gdb_vkill;
/* Whether the stop is told, or stepping goes on. */
bool gdb_ranging_on(struct gdb_stub *g, const struct debug_stop *s);
void gdb_stop_reply(struct gdb_stub *g, const struct debug_stop *s);

/* gdb_state.c */
gdb_command gdb_read_regs, gdb_write_regs, gdb_read_reg, gdb_write_reg, gdb_read_mem, gdb_write_mem, gdb_read_raw,
	gdb_write_raw, gdb_insert, gdb_remove;
void gdb_remove_all(struct gdb_stub *g);
const struct gdb_point *gdb_own_point(const struct gdb_stub *g, u32 number);

/* gdb_query.c: q and Q packets, args with their names */
gdb_command gdb_query, gdb_set;
gdb_command gdb_select, gdb_alive;
/* "CPU#1 [EL1, VMID 3, Non-secure]" */
void gdb_thread_text(const struct gdb_stub *g, unsigned pe, char *text, size_t size);

/* gdb_target.c: the file `name` of the target description; NULL: there is none. */
const char *gdb_description(struct gdb_stub *g, const char *name);

#endif
