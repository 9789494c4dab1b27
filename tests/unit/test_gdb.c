/*
 * The GDB stub: framing byte by byte, then whole conversations with a small machine, whose client is the test. Real gdb sessions are
 * tests/debug's.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "frontend/gdb_packet.h"
#include "frontend/gdb_stub.h"
#include "machine/machine_priv.h"
#include "tests/unit/harness.h"

/* ---- framing ---- */

/* What the last byte of n completes; all others must complete nothing. */
static enum gdb_event parse(struct gdb_parser *p, const char *bytes, size_t n)
{
	enum gdb_event e = GDB_NOTHING;

	for (size_t i = 0; i < n; i++) {
		EXPECT_EQ(e, GDB_NOTHING);
		e = gdb_parse(p, (u8)bytes[i]);
	}
	return e;
}
#define PARSE(p, text) parse(p, text, sizeof(text) - 1)

TEST(a_packet_is_what_stands_between_dollar_and_checksum)
{
	static struct gdb_parser p;

	EXPECT_EQ(PARSE(&p, "$m0,4#fd"), GDB_PACKET);
	EXPECT_STR(p.data, "m0,4");
	EXPECT_EQ(PARSE(&p, "$m0,4#FD"), GDB_PACKET);
	EXPECT_EQ(PARSE(&p, "$#00"), GDB_PACKET);
	EXPECT_EQ(p.n, 0);
	EXPECT_EQ(PARSE(&p, "+"), GDB_ACK);
	EXPECT_EQ(PARSE(&p, "-"), GDB_NAK);
	EXPECT_EQ(PARSE(&p, "\003"), GDB_INTERRUPT);
	EXPECT_EQ(PARSE(&p, "x"), GDB_STRAY);
	EXPECT_EQ(PARSE(&p, "$m0,4#fc"), GDB_DAMAGED);
	EXPECT_EQ(PARSE(&p, "$m0,4#g0"), GDB_DAMAGED);
	EXPECT_EQ(PARSE(&p, "$half$?#3f"), GDB_PACKET); /* the first was cut off */
	EXPECT_STR(p.data, "?");
}

TEST(escapes_bring_any_byte)
{
	static struct gdb_parser p;

	EXPECT_EQ(PARSE(&p, "$X}\003}\004}]\003#36"), GDB_PACKET);
	EXPECT_EQ(p.n, 5);
	EXPECT(!memcmp(p.data, "X#$}\003", 5));
}

TEST(every_byte_survives_a_frame)
{
	static struct gdb_parser p;
	u8 all[256], frame[2 * 256 + 4];
	size_t n;

	for (unsigned i = 0; i < 256; i++)
		all[i] = (u8)i;
	n = gdb_frame(all, sizeof all, frame);
	EXPECT(n <= gdb_frame_size(sizeof all));
	EXPECT_EQ(parse(&p, (char *)frame, n), GDB_PACKET);
	EXPECT_EQ(p.n, 256);
	EXPECT(!memcmp(p.data, all, 256));
}

TEST(a_packet_that_is_too_long_is_skipped_as_a_whole)
{
	static struct gdb_parser p;
	enum gdb_event e = gdb_parse(&p, '$');
	u8 sum = 0;

	for (size_t i = 0; i < 3 * GDB_PACKET_SIZE && e == GDB_NOTHING; i++) {
		e = gdb_parse(&p, 'm');
		sum = (u8)(sum + 'm');
	}
	EXPECT_EQ(e, GDB_NOTHING);
	gdb_parse(&p, '#');
	gdb_parse(&p, (u8) "0123456789abcdef"[sum >> 4]);
	EXPECT_EQ(gdb_parse(&p, (u8) "0123456789abcdef"[sum & 15]), GDB_TOO_LONG);
	EXPECT_EQ(PARSE(&p, "$?#3f"), GDB_PACKET);
}

TEST(numbers_have_at_most_64_bits)
{
	const char *s = "ffffffffffffffff,", *start;
	u64 v;

	EXPECT(gdb_hex(&s, &v) && v == ~0ull && *s == ',');
	EXPECT(!gdb_hex(&s, &v) && *s == ',');
	s = start = "10000000000000000";
	EXPECT(!gdb_hex(&s, &v) && s == start);
	s = start = "";
	EXPECT(!gdb_hex(&s, &v));
}

static bool thread_is(const char *text, s64 pid, s64 tid)
{
	s64 p, t;

	return gdb_thread_id(&text, &p, &t) && p == pid && t == tid && !*text;
}

TEST(threads_have_names_of_two_kinds)
{
	s64 p, t;
	const char *bad[] = { "", "p", "px", "p1.", "x", "ffffffffff", "p1.ffffffff" };

	EXPECT(thread_is("1", 0, 1) && thread_is("-1", 0, -1) && thread_is("p1.2", 1, 2) && thread_is("p1.-1", 1, -1));
	EXPECT(thread_is("p-1", -1, -1) && thread_is("p0.0", 0, 0) && thread_is("1f", 0, 31));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT(!gdb_thread_id(&bad[i], &p, &t));
}

/* ---- conversations ---- */

/* Counts to 0x100000 in X0, twice as far in X1, and powers off. */
static const u32 counting[] = {
	0xd2800000,		/* MOV X0, #0 */
	0x91000400,		/* ADD X0, X0, #1 */
	0x91000821,		/* ADD X1, X1, #2 */
	0xf144041f,		/* CMP X0, #0x101000 */
	0x54ffffa1,		/* B.NE to the first ADD */
	0x52b08000,		/* MOV W0, #0x84000008 */
	0x72800100, 0xd4000003, /* SMC #0 */
};
#define LOAD "40080000" /* where a raw image goes */

struct talk {
	u32 image[0x400];
	struct config cfg;
	struct machine *m;
	struct control *control;
	struct control_client client;
	struct gdb_stub *stub;
	const char *const *say; /* what the client sends next: data of a packet, or "\003"; NULL ends the run */
	struct gdb_parser in;	/* of what it gets */
	char said[1 << 14];	/* packets, one a line */
	size_t n;
	unsigned polls;
};

static bool look(void *ctx)
{
	struct talk *t = ctx;

	t->polls++;
	return control_poll(t->control);
}

static void hear(void *ctx, const u8 *bytes, size_t n)
{
	struct talk *t = ctx;

	for (size_t i = 0; i < n; i++)
		if (gdb_parse(&t->in, bytes[i]) == GDB_PACKET)
			t->n += (size_t)snprintf(t->said + t->n, sizeof t->said - t->n, "%s\n", t->in.data);
	if (t->n > sizeof t->said)
		t->n = sizeof t->said;
}

static void say(struct talk *t, const char *data)
{
	static u8 frame[2 * 1024 + 4];
	size_t n = 1;

	if (*data == 3)
		frame[0] = 3;
	else
		n = gdb_frame(data, strlen(data), frame);
	EXPECT_EQ(gdb_stub_input(t->stub, frame, n), n);
}

/* The next packet when the machine stands, or Ctrl-C while it runs. */
static void serve(void *ctx)
{
	struct talk *t = ctx;

	gdb_stub_input(t->stub, NULL, 0);
	if (!*t->say) {
		if (!control_running(t->control))
			control_quit(t->control);
	} else if (control_running(t->control) == (**t->say == 3)) {
		say(t, *t->say++);
	}
}

static void stopped(void *ctx, const struct debug_stop *s)
{
	gdb_stub_stopped(((struct talk *)ctx)->stub, s);
}

static void no_wait(void *ctx, struct pollfd *files, size_t n, u64 ns)
{
}

static bool over(void *ctx)
{
	return ((struct talk *)ctx)->polls > 100000;
}

static void talk_open(struct talk *t, unsigned pes)
{
	static const struct control_ops ops = { .serve = serve, .stopped = stopped };
	const struct machine_io io = { .ctx = t, .poll = look };
	const struct control_host host = { .ctx = t, .wait = no_wait, .over = over };
	struct why why = { "" };

	memset(t, 0, sizeof *t);
	memcpy(t->image, counting, sizeof counting);
	config_init(&t->cfg);
	t->cfg.cpu = strdup("neoverse-n1");
	t->cfg.virtualization = true;
	t->cfg.pes = pes;
	t->cfg.ram_size = 16 << 20;
	t->cfg.boot.builtin = t->image;
	t->cfg.boot.builtin_size = sizeof t->image;
	EXPECT_EQ(machine_new(&t->m, &t->cfg, &io, NULL, &why), 0);
	EXPECT_STR(why.text, "");
	t->control = control_new(t->m, &host);
	t->stub = gdb_stub_new(t->control, NULL, &(struct gdb_wire){ t, hear });
	t->client = (struct control_client){ .ops = &ops, .ctx = t };
	control_add(t->control, &t->client);
}

static void talk_close(struct talk *t)
{
	gdb_stub_free(t->stub);
	control_free(t->control);
	machine_free(t->m);
	config_free(&t->cfg);
}

/* The whole run with a client that says this and then nothing. */
static enum machine_end talk(struct talk *t, const char *const *script, unsigned pes)
{
	enum machine_end end;

	talk_open(t, pes);
	t->say = script;
	if (*script)
		gdb_stub_connect(t->stub);
	while ((end = machine_run(t->m)) == MACHINE_STOPPED && control_stopped(t->control))
		;
	gdb_stub_ended(t->stub, end, 0);
	return end;
}
#define TALK(t, pes, ...) talk(t, (const char *const[]){ __VA_ARGS__, NULL }, pes)

/* The answers; the run went on to no end. */
static void answers(unsigned pes, const char *const *script, const char *wanted)
{
	static struct talk t;

	EXPECT_EQ(talk(&t, script, pes), MACHINE_STOPPED);
	EXPECT_STR(t.said, wanted);
	talk_close(&t);
}
#define ANSWERS(pes, wanted, ...) answers(pes, (const char *const[]){ __VA_ARGS__, NULL }, wanted)

TEST(a_client_learns_what_there_is)
{
	ANSWERS(2,
		"PacketSize=8000;qXfer:features:read+;qXfer:threads:read+;vContSupported+;multiprocess+;swbreak+;hwbreak+;"
		"QStartNoAckMode+\n"
		"OK\nT05thread:p1.1;\nQCp1.1\n1\nmp1.1,p1.2\nl\nvCont;c;C;s;S;t;r\n\nENABLE=1,NOIRQ=2\n0x3\nOK\n0x1\n",
		"qSupported:multiprocess+;swbreak+", "QStartNoAckMode", "?", "qC", "qAttached", "qfThreadInfo",
		"qsThreadInfo", "vCont?", "vMustReplyEmpty", "qqemu.sstepbits", "qqemu.sstep", "Qqemu.sstep=1",
		"qqemu.sstep");
}

TEST(threads_say_where_they_are)
{
	ANSWERS(2, "4350552330205b454c322c204e6f6e2d7365637572655d\nE16\nOK\nE16\nOK\nOK\n", /* CPU#0 [EL2, Non-secure] */
		"qThreadExtraInfo,1", "qThreadExtraInfo,3", "T2", "T3", "Hg2", "Hgp1.-1");
}

TEST(registers_are_read_and_written)
{
	ANSWERS(1, "OK\nf0debc9a78563412\nOK\n01000000\nE16\nE16\nE16\nOK\nefcdab89674523010000000000000000\n",
		"P7=f0debc9a78563412", "p7", "P42=01000000", "p42", "pffffffff", "P7=12", "P7=f0debc9a7856341z",
		"P22=efcdab89674523010000000000000000", "p22");
}

TEST(registers_of_a_thread_are_named_in_the_packet_when_the_client_asked_for_that)
{
	ANSWERS(2, "OK\nE16\nOK\nOK\n0100000000000000\n0000000000000000\nE16\nE16\n0000000000000000\n", "Hg2",
		"p7;thread:1;", "QThreadSuffixSupported", "P7=0100000000000000;thread:1;", "p7;thread:1;", "p7;thread:p1.2;",
		"p7;thread:3;", "p7;thread:", "p7");
}

TEST(memory_is_read_and_written)
{
	ANSWERS(1, "000080d2\nOK\naabbccdd\nOK\n41233c43\nE0e\nE0e\nE16\nE16\nE16\nOK\n1\n41233c43\nOK\n0\n", "m" LOAD ",4",
		"M40100000,4:aabbccdd", "m40100000,4", "X40100000,4:A#<C", "m40100000,4", "mffffffff00000000,4",
		"m9000000,4", "m40100000", "M40100000,4:aabb", "X40100000,5:abc", "Qqemu.PhyMemMode:1", "qqemu.PhyMemMode",
		"m40100000,4", "Qqemu.PhyMemMode:0", "qqemu.PhyMemMode");
}

TEST(a_read_beyond_memory_ends_where_memory_ends)
{
	static struct talk t;

	EXPECT_EQ(TALK(&t, 1, "m40fffffc,ffffffffffff"), MACHINE_STOPPED);
	EXPECT_STR(t.said, "00000000\n");
	talk_close(&t);
	EXPECT_EQ(TALK(&t, 1, "m" LOAD ",ffffffffffff"), MACHINE_STOPPED);
	EXPECT_EQ(t.n > 16000, true);
	talk_close(&t);
}

TEST(points_and_steps_stop_with_their_reason)
{
	ANSWERS(1,
		"OK\nT05thread:1;swbreak:;\n0100000000000000\nOK\nOK\nT05thread:1;\n0c00084000000000\nT05thread:1;"
		"\nOK\nT05thread:1;hwbreak:;\n"
		"0200000000000000\nOK\nOK\n",
		"Z0,40080008,4", "vCont;c", "p0", "z0,40080008,4", "z0,40080008,4", "vCont;s:1", "p20", "s", "Z1,40080008,4",
		"c", "p0", "z1,40080008,4", "Z0,40080008,4");
}

TEST(ctrl_c_stops_and_detaching_lets_go)
{
	static struct talk t;

	EXPECT_EQ(TALK(&t, 1, "c", "\003", "D;1"), MACHINE_POWEROFF);
	EXPECT_STR(t.said, "T02thread:1;\nOK\n");
	talk_close(&t);
	EXPECT_EQ(TALK(&t, 1, "c"), MACHINE_POWEROFF);
	EXPECT_STR(t.said, "W00\n");
	talk_close(&t);
	EXPECT_EQ(TALK(&t, 1, "k"), MACHINE_STOPPED);
	EXPECT_STR(t.said, "");
	EXPECT(control_quitted(t.control));
	talk_close(&t);
}

TEST(nonsense_gets_an_error_or_nothing_and_the_next_packet_its_answer)
{
	static const char *const bad[] = {
		"",
		"!",
		"G",
		"Gzz",
		"P",
		"P=",
		"p",
		"m",
		"m,",
		"m0",
		"M0,4",
		"M0,4:",
		"X0,4:",
		"X,:",
		"Z",
		"Z9,0,4",
		"Z0,0",
		"Z2,ffffffffffffffff,8",
		"z",
		"z0",
		"H",
		"Hx",
		"Hgp9.1",
		"T",
		"vCont;",
		"vCont;x",
		"vCont;r",
		"vCont;r0",
		"vCont;C",
		"vCont;s:9",
		"vCont;s:",
		"C",
		"Sxx;1",
		"cxyz",
		"qXfer:features:read:x",
		"qXfer:features:read:nothing.xml:0,10",
		"qXfer:features:read:target.xml:fffffff,1",
		"qXfer:threads:read:",
		"qXfer:threads:read::0",
		"qThreadExtraInfo",
		"qThreadExtraInfo,",
		"qRcmd,",
		"qRcmd,1",
		"qRcmd,xx",
		"qRcmd,00",
		"Qqemu.sstep=x",
		"Qqemu.PhyMemMode:2",
		"QNonStop:1",
		"vRun;",
		"vFile:open:x",
		"R00",
		"t",
		"i",
		"b",
		"B0,S",
	};
	static struct talk t;
	const char *script[3] = { NULL, "qC" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		script[0] = bad[i];
		EXPECT_EQ(talk(&t, script, 1), MACHINE_STOPPED);
		if (strcmp(t.said, "\nQC1\n") && (t.said[0] != 'E' || strcmp(t.said + 3, "\nQC1\n")) &&
		    strcmp(t.said, "OK\nQC1\n"))
			FAIL_TEST("'%s' is answered by '%s'", bad[i], t.said);
		talk_close(&t);
	}
}

TEST(a_client_leaves_no_trace)
{
	static struct talk t;
	static const char *const steps[] = {
		"Z0,40080008,4",
		"c",
		"m40080000,100",
		"s",
		"s",
		"vCont;s:1",
		"g",
		"z0,40080008,4",
		"vCont;r40080004,40080010:1",
		"c",
		"\003",
		"qRcmd,68656c70",
		"Z1,40080004,4",
		"c",
		"c",
		"c",
		"D",
		NULL,
	};
	char alone[65], watched[65];

	EXPECT_EQ(talk(&t, (const char *const[]){ NULL }, 2), MACHINE_POWEROFF);
	machine_digest(t.m, alone);
	talk_close(&t);
	EXPECT_EQ(talk(&t, steps, 2), MACHINE_POWEROFF);
	machine_digest(t.m, watched);
	EXPECT_STR(alone, watched);
	EXPECT(strstr(t.said, "swbreak") && strstr(t.said, "hwbreak") && strstr(t.said, "T02"));
	talk_close(&t);
}
