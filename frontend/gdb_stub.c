/* See gdb_stub.h: what comes, what is answered, and when. The commands stand in gdb_run.c, gdb_state.c and gdb_query.c. */
#include "frontend/gdb_priv.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "cpu/cpu.h"

/* ---- replies ---- */

void gdb_put(struct gdb_stub *g, const void *bytes, size_t n)
{
	struct gdb_text *t = &g->reply;

	if (n > sizeof t->data - t->n) {
		t->full = true;
		return;
	}
	memcpy(t->data + t->n, bytes, n);
	t->n += n;
}

void gdb_print(struct gdb_stub *g, const char *format, ...)
{
	char text[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof text)
		g->reply.full = true;
	else
		gdb_put(g, text, (size_t)n);
}

void gdb_put_hex(struct gdb_stub *g, const void *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const u8 *from = bytes;

	for (size_t i = 0; i < n && !g->reply.full; i++) {
		const char two[2] = { digits[from[i] >> 4], digits[from[i] & 15] };

		gdb_put(g, two, 2);
	}
}

void gdb_ok(struct gdb_stub *g)
{
	g->reply.n = 0;
	gdb_print(g, "OK");
}

void gdb_error(struct gdb_stub *g, unsigned number)
{
	g->reply.n = 0;
	gdb_print(g, "E%02x", number & 0xff);
}

void gdb_put_thread(struct gdb_stub *g, unsigned pe)
{
	if (g->multiprocess)
		gdb_print(g, "p%x.", GDB_PID);
	gdb_print(g, "%x", pe + 1);
}

static void send_raw(struct gdb_stub *g, const void *bytes, size_t n)
{
	g->wire.send(g->wire.ctx, bytes, n);
}

void gdb_send(struct gdb_stub *g)
{
	if (g->reply.full) {
		g->reply.full = false;
		gdb_error(g, 0x22);
	}
	g->frame_n = gdb_frame(g->reply.data, g->reply.n, g->frame);
	send_raw(g, g->frame, g->frame_n);
	g->reply.n = 0;
}

void gdb_console(struct gdb_stub *g, const char *text, size_t n)
{
	const size_t most = GDB_PACKET_SIZE / 2 - 1;

	while (n) {
		size_t part = n < most ? n : most;

		g->reply.n = 0;
		gdb_put(g, "O", 1);
		gdb_put_hex(g, text, part);
		gdb_send(g);
		text += part;
		n -= part;
	}
}

void gdb_complain(struct gdb_stub *g, const char *format, ...)
{
	char text[256];
	va_list args;

	if (g->complaints == GDB_COMPLAINTS)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	log_at(g->log, LOG_HOST, "gdb", "%s%s", text,
	       ++g->complaints == GDB_COMPLAINTS ? "; no more is said about this client" : "");
}

/* ---- threads ---- */

bool gdb_pe(const struct gdb_stub *g, s64 pid, s64 tid, unsigned *pe)
{
	if (pid > GDB_PID || tid > (s64)machine_pes(g->m))
		return false;
	if (tid > 0)
		*pe = (unsigned)tid - 1;
	return true;
}

struct cpu *gdb_cpu(const struct gdb_stub *g)
{
	return machine_pe(g->m, g->user.pe);
}

/* ---- packets ---- */

static const struct packet_command {
	const char *name;
	gdb_command *run;
} commands[] = {
	{ "?", gdb_why },	  { "g", gdb_read_regs }, { "G", gdb_write_regs },  { "p", gdb_read_reg },
	{ "P", gdb_write_reg },	  { "m", gdb_read_mem },  { "M", gdb_write_mem },   { "x", gdb_read_raw },
	{ "X", gdb_write_raw },	  { "Z", gdb_insert },	  { "z", gdb_remove },	    { "H", gdb_select },
	{ "T", gdb_alive },	  { "q", gdb_query },	  { "Q", gdb_set },	    { "c", gdb_cont },
	{ "C", gdb_cont_signal }, { "s", gdb_step },	  { "S", gdb_step_signal }, { "vCont?", gdb_vcont_ask },
	{ "vCont", gdb_vcont },	  { "vKill", gdb_vkill }, { "D", gdb_detach },	    { "k", gdb_kill },
};

/*
 * lldb names the thread behind the arguments of packets about registers (";thread:ID;") when we let it (QThreadSuffixSupported). With H
 * packets instead, its memory packets, which name none, would be about whatever thread it asked last.
 */
static void run_for_thread(struct gdb_stub *g, const struct packet_command *c, char *args)
{
	char *suffix = strchr("gGpP", c->name[0]) && g->thread_suffix ? strstr(args, ";thread:") : NULL;
	const char *id = suffix ? suffix + strlen(";thread:") : NULL;
	unsigned pe = g->user.pe;
	s64 pid, tid;

	if (suffix && !(gdb_thread_id(&id, &pid, &tid) && gdb_pe(g, pid, tid, &g->user.pe))) {
		gdb_error(g, 0x16);
		return;
	}
	if (suffix)
		*suffix = 0;
	c->run(g, args);
	if (suffix)
		g->user.pe = pe;
}

/* A command that resumes the machine leaves its answer to the stop. */
static void run_packet(struct gdb_stub *g)
{
	g->reply.n = 0;
	g->reply.full = false;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		size_t n = strlen(commands[i].name);

		if (!strncmp(g->in.data, commands[i].name, n)) {
			run_for_thread(g, &commands[i], g->in.data + n);
			break;
		}
	}
	if (!g->awaiting && !(g->done && !g->reply.n))
		gdb_send(g);
}

static void take_packet(struct gdb_stub *g)
{
	if (!control_running(g->control)) {
		run_packet(g);
		return;
	}
	g->held = true;
	control_stop(g->control);
}

static void take_interrupt(struct gdb_stub *g)
{
	if (!control_running(g->control))
		return; /* it stopped meanwhile, and that was told */
	g->interrupt = true;
	control_stop(g->control);
}

static void act(struct gdb_stub *g, enum gdb_event e)
{
	switch (e) {
	case GDB_PACKET:
		if (!g->no_ack)
			send_raw(g, "+", 1);
		take_packet(g);
		break;
	case GDB_INTERRUPT:
		take_interrupt(g);
		break;
	case GDB_NAK:
		if (!g->no_ack)
			send_raw(g, g->frame, g->frame_n);
		break;
	case GDB_DAMAGED:
		gdb_complain(g, "a packet of %zu bytes with a wrong checksum was dropped", g->in.n);
		if (!g->no_ack)
			send_raw(g, "-", 1);
		break;
	case GDB_TOO_LONG:
		gdb_complain(g, "a packet of more than %d bytes was dropped", GDB_PACKET_SIZE);
		if (!g->no_ack)
			send_raw(g, "+", 1);
		gdb_error(g, 0x16);
		gdb_send(g);
		break;
	case GDB_STRAY:
		gdb_complain(g, "bytes that are no packet were skipped");
		break;
	case GDB_ACK:
	case GDB_NOTHING:
		break;
	}
}

/* While the machine runs no data comes: 3 is Ctrl-C, whatever half a packet stands before it. */
static bool is_interrupt(const struct gdb_stub *g, u8 byte)
{
	return byte == 3 && gdb_in_packet(&g->in) && control_running(g->control) && g->awaiting;
}

size_t gdb_stub_input(struct gdb_stub *g, const u8 *bytes, size_t n)
{
	size_t i = 0;

	if (g->awaiting && control_ended(g->control)) /* -no-shutdown: the machine is still there */
		gdb_stub_ended(g, MACHINE_POWEROFF, 0);
	if (g->held && !control_running(g->control)) {
		g->held = false;
		run_packet(g);
	}
	for (; i < n && !g->held && !g->done; i++) {
		if (is_interrupt(g, bytes[i])) {
			g->in.state = 0;
			gdb_complain(g, "half a packet before Ctrl-C was dropped");
			take_interrupt(g);
		} else {
			act(g, gdb_parse(&g->in, bytes[i]));
		}
	}
	return g->done ? n : i;
}

/* ---- the client and the machine ---- */

struct gdb_stub *gdb_stub_new(struct control *c, struct log *log, const struct gdb_wire *wire)
{
	struct gdb_stub *g = calloc(1, sizeof *g);

	if (!g)
		return NULL;
	g->control = c;
	g->m = control_machine(c);
	g->debugger = machine_debugger(g->m);
	g->log = log;
	g->wire = *wire;
	return g;
}

void gdb_stub_free(struct gdb_stub *g)
{
	if (!g)
		return;
	if (g->connected)
		gdb_stub_disconnect(g);
	free(g->target);
	free(g->registers);
	free(g);
}

void gdb_stub_connect(struct gdb_stub *g)
{
	g->connected = true;
	g->done = g->no_ack = g->multiprocess = g->thread_suffix = g->held = g->awaiting = g->interrupt = g->ranging = false;
	g->complaints = 0;
	g->frame_n = 0;
	g->in.state = 0;
	g->user = (struct command_user){ .control = g->control, .m = g->m };
	if (control_why(g->control))
		g->user.pe = control_why(g->control)->pe;
	control_attach(g->control, true);
	control_stop(g->control);
}

void gdb_stub_disconnect(struct gdb_stub *g)
{
	g->connected = g->held = g->awaiting = g->ranging = false;
	gdb_remove_all(g);
	control_attach(g->control, false);
	free(g->target);
	free(g->registers);
	g->target = g->registers = NULL;
}

bool gdb_stub_done(const struct gdb_stub *g)
{
	return g->done;
}

void gdb_stub_stopped(struct gdb_stub *g, const struct debug_stop *s)
{
	if (!g->connected || gdb_ranging_on(g, s))
		return;
	g->user.pe = s->pe;
	if (g->awaiting) {
		g->awaiting = false;
		gdb_stop_reply(g, s);
		gdb_send(g);
	}
	g->interrupt = false;
}

void gdb_stub_ended(struct gdb_stub *g, enum machine_end end, int status)
{
	bool by_signal = end == MACHINE_STOPPED && status > 128;

	if (!g->connected || !g->awaiting)
		return;
	g->awaiting = false;
	g->reply.n = 0;
	gdb_print(g, "%c%02x", by_signal ? 'X' : 'W', (unsigned)(by_signal ? status - 128 : status) & 0xff);
	if (g->multiprocess)
		gdb_print(g, ";process:%x", GDB_PID);
	gdb_send(g);
}
