/* Commands of the GDB stub that ask about it and the machine (q, Q), and which thread others mean. */
#include "frontend/gdb_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cpu/cpu.h"

/* ---- threads ---- */

void gdb_thread_text(const struct gdb_stub *g, unsigned pe, char *text, size_t size)
{
	const struct cpu *c = machine_pe(g->m, pe);
	char vmid[16] = "";

	if (c->regime.s2)
		snprintf(vmid, sizeof vmid, "VMID %u, ", c->regime.vmid);
	snprintf(text, size, "CPU#%u [EL%u, %s%s%s]", pe, c->el, vmid, c->secure ? "Secure" : "Non-secure",
		 !c->powered  ? ", off"
		 : c->waiting ? ", asleep"
			      : "");
}

/* g (for registers and memory) or c (for running) and a thread: any (0) and all (-1) leave the one that was. */
void gdb_select(struct gdb_stub *g, const char *args)
{
	s64 pid, tid;

	if ((gdb_char(&args, 'g') || gdb_char(&args, 'c')) && gdb_thread_id(&args, &pid, &tid) && !*args &&
	    gdb_pe(g, pid, tid, &g->user.pe))
		gdb_ok(g);
	else
		gdb_error(g, 0x16);
}

void gdb_alive(struct gdb_stub *g, const char *args)
{
	unsigned pe;
	s64 pid, tid;

	if (gdb_thread_id(&args, &pid, &tid) && !*args && tid > 0 && gdb_pe(g, pid, tid, &pe))
		gdb_ok(g);
	else
		gdb_error(g, 0x16);
}

static void current_thread(struct gdb_stub *g, const char *args)
{
	gdb_print(g, "QC");
	gdb_put_thread(g, g->user.pe);
}

/* As many as fit into a packet at a time. */
static void next_threads(struct gdb_stub *g, const char *args)
{
	unsigned n = 0;

	for (; g->thread_next < machine_pes(g->m) && n < 256; g->thread_next++, n++) {
		gdb_print(g, n ? "," : "m");
		gdb_put_thread(g, g->thread_next);
	}
	if (!n)
		gdb_print(g, "l");
}

static void first_threads(struct gdb_stub *g, const char *args)
{
	g->thread_next = 0;
	next_threads(g, args);
}

static void extra_info(struct gdb_stub *g, const char *args)
{
	char text[80];
	unsigned pe;
	s64 pid, tid;

	if (!gdb_char(&args, ',') || !gdb_thread_id(&args, &pid, &tid) || *args || tid <= 0 || !gdb_pe(g, pid, tid, &pe)) {
		gdb_error(g, 0x16);
		return;
	}
	gdb_thread_text(g, pe, text, sizeof text);
	gdb_put_hex(g, text, strlen(text));
}

/* ---- objects that are read in parts ---- */

/* OFFSET,LENGTH of the whole. */
static void put_part(struct gdb_stub *g, const char *whole, const char *range)
{
	u64 size = strlen(whole), from, n;

	if (!gdb_hex(&range, &from) || !gdb_char(&range, ',') || !gdb_hex(&range, &n) || *range || from > size) {
		gdb_error(g, 0x16);
		return;
	}
	if (n > GDB_PACKET_SIZE / 2)
		n = GDB_PACKET_SIZE / 2;
	if (n > size - from)
		n = size - from;
	gdb_print(g, from + n < size ? "m" : "l");
	gdb_put(g, whole + from, (size_t)n);
}

static void features(struct gdb_stub *g, const char *args)
{
	const char *end = strchr(args, ':'), *whole;
	char name[64];

	if (!end || (size_t)(end - args) >= sizeof name) {
		gdb_error(g, 0);
		return;
	}
	memcpy(name, args, (size_t)(end - args));
	name[end - args] = 0;
	whole = gdb_description(g, name);
	if (whole)
		put_part(g, whole, end + 1);
	else
		gdb_error(g, 0);
}

static void threads(struct gdb_stub *g, const char *args)
{
	char *text = NULL, extra[80];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out || !gdb_char(&args, ':')) {
		gdb_error(g, 0);
	} else {
		fprintf(out, "<?xml version=\"1.0\"?>\n<threads>\n");
		for (unsigned i = 0; i < machine_pes(g->m); i++) {
			gdb_thread_text(g, i, extra, sizeof extra);
			fprintf(out, "<thread id=\"%s%x\" core=\"%u\">%s</thread>\n", g->multiprocess ? "p1." : "", i + 1, i,
				extra);
		}
		fprintf(out, "</threads>\n");
		if (fflush(out) == 0)
			put_part(g, text, args);
		else
			gdb_error(g, 0x0c);
	}
	if (out)
		fclose(out);
	free(text);
}

/* ---- what this stub can ---- */

static void supported(struct gdb_stub *g, const char *args)
{
	g->multiprocess = strstr(args, "multiprocess+") != NULL;
	gdb_print(g,
		  "PacketSize=%x;qXfer:features:read+;qXfer:threads:read+;vContSupported+;multiprocess+;swbreak+;hwbreak+;"
		  "QStartNoAckMode+",
		  GDB_PACKET_SIZE);
}

static void no_ack(struct gdb_stub *g, const char *args)
{
	gdb_ok(g);
	g->no_ack = true; /* this one was acknowledged */
}

static void attached(struct gdb_stub *g, const char *args)
{
	gdb_print(g, "1"); /* quitting detaches */
}

static void put_text_hex(struct gdb_stub *g, const char *key, const char *text)
{
	gdb_print(g, "%s:", key);
	gdb_put_hex(g, text, strlen(text));
	gdb_print(g, ";");
}

/* For lldb, which asks before it looks at the target description. */
static void host_info(struct gdb_stub *g, const char *args)
{
	put_text_hex(g, "triple", "aarch64-unknown-none");
	gdb_print(g, "endian:little;ptrsize:8;");
}

static void process_info(struct gdb_stub *g, const char *args)
{
	gdb_print(g, "pid:%x;", GDB_PID);
	host_info(g, args);
}

/* ---- monitor ---- */

static void run_command(struct gdb_stub *g, const char *line)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		gdb_error(g, 0x0c);
		return;
	}
	command_run(&g->user, line, out);
	if (fclose(out) == 0)
		gdb_console(g, text, size < GDB_CONSOLE ? size : GDB_CONSOLE);
	free(text);
	gdb_ok(g);
}

static void monitor(struct gdb_stub *g, const char *args)
{
	size_t n = strlen(args);
	char line[1024];

	if (!gdb_char(&args, ',') || --n % 2 || n / 2 >= sizeof line || !gdb_hex_bytes(&args, line, n / 2) ||
	    memchr(line, 0, n / 2)) {
		gdb_error(g, 0x16);
		return;
	}
	line[n / 2] = 0;
	run_command(g, line);
}

/* ---- QEMU's ---- */

static void step_bits(struct gdb_stub *g, const char *args)
{
	gdb_print(g, "ENABLE=%x,NOIRQ=%x", SSTEP_ENABLE, SSTEP_NOIRQ);
}

static void step_mode(struct gdb_stub *g, const char *args)
{
	gdb_print(g, "0x%x", SSTEP_ENABLE | (g->user.step_into ? 0 : SSTEP_NOIRQ));
}

static void set_step_mode(struct gdb_stub *g, const char *args)
{
	u64 v;

	if (!gdb_hex(&args, &v) || *args || v > 7) {
		gdb_error(g, 0x16);
		return;
	}
	g->user.step_into = !(v & SSTEP_NOIRQ);
	gdb_ok(g);
}

static void memory_mode(struct gdb_stub *g, const char *args)
{
	gdb_print(g, g->user.space.kind == MEM_PHYS ? "1" : "0");
}

static void set_memory_mode(struct gdb_stub *g, const char *args)
{
	u64 v;

	if (!gdb_hex(&args, &v) || *args || v > 1) {
		gdb_error(g, 0x16);
		return;
	}
	g->user.space = (struct memspace){ .kind = v ? MEM_PHYS : MEM_CURRENT };
	gdb_ok(g);
}

/* ---- tables ---- */

struct query {
	const char *name;
	gdb_command *run;
};

static void run_query(struct gdb_stub *g, const struct query *q, size_t n, const char *args)
{
	for (size_t i = 0; i < n; i++) {
		size_t length = strlen(q[i].name);

		if (strncmp(args, q[i].name, length))
			continue;
		/* the name goes to its end in the table, or to what separates arguments */
		if (strchr(":=", q[i].name[length - 1]) || strchr(":,", args[length])) {
			q[i].run(g, args + length);
			return;
		}
	}
}

void gdb_query(struct gdb_stub *g, const char *args)
{
	static const struct query queries[] = {
		{ "Supported", supported },
		{ "Xfer:features:read:", features },
		{ "Xfer:threads:read:", threads },
		{ "fThreadInfo", first_threads },
		{ "sThreadInfo", next_threads },
		{ "ThreadExtraInfo", extra_info },
		{ "C", current_thread },
		{ "Attached", attached },
		{ "Rcmd", monitor },
		{ "HostInfo", host_info },
		{ "ProcessInfo", process_info },
		{ "qemu.sstepbits", step_bits },
		{ "qemu.sstep", step_mode },
		{ "qemu.PhyMemMode", memory_mode },
	};

	run_query(g, queries, ARRAY_SIZE(queries), args);
}

static void thread_suffix(struct gdb_stub *g, const char *args)
{
	g->thread_suffix = true;
	gdb_ok(g);
}

void gdb_set(struct gdb_stub *g, const char *args)
{
	static const struct query settings[] = {
		{ "StartNoAckMode", no_ack },
		{ "ThreadSuffixSupported", thread_suffix },
		{ "qemu.PhyMemMode:", set_memory_mode },
		{ "qemu.sstep=", set_step_mode },
	};

	run_query(g, settings, ARRAY_SIZE(settings), args);
}
