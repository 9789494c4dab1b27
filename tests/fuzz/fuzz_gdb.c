/*
 * Random clients of the GDB stub: packets that are right, wrong, cut off, too long or pure noise, Ctrl-C at any time, clients that
 * vanish and come again, `monitor` commands. The machine is a real one whose guest goes back and forth between EL1 and EL2, until
 * somebody writes to its registers or memory. Nothing may crash or hang, what goes to the client must be packets, and each packet of a
 * client gets one answer, if only when the machine stops.
 *
 *	fuzz_gdb [--seed S] [--runs N] [--seconds N] [--counts 1]
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "cpu/cpu.h"
#include "frontend/gdb_packet.h"
#include "frontend/gdb_stub.h"
#include "machine/debug.h"
#include "machine/machine.h"
#include "tests/fuzz/loop.h"

enum {
	LOAD = 0x40080000,
	IMAGE_WORDS = 0x400,
	STEPS = 150,
	POLLS = 60,	    /* virtual milliseconds that a case may run */
	PERIOD_PS = 100000, /* of a slow clock: a millisecond has few instructions */
	WORDS = 4096,
};

/* Sleeps in most of its rounds until the event stream wakes it, so that time passes quickly. */
static const u32 start[] = {
	0x10004000, /* ADR X0, .+0x800 */
	0xd51cc000, /* MSR VBAR_EL2, X0 */
	0x10000245, /* ADR X5, data */
	0xd28018e0, /* MOV X0, #0xc7 */
	0xd51ce100, /* MSR CNTHCTL_EL2, X0: an event each 2^13 ticks */
	0x100000a0, /* ADR X0, el1 */
	0xd51c4020, /* MSR ELR_EL2, X0 */
	0xd28078a0, /* MOV X0, #0x3c5 */
	0xd51c4000, /* MSR SPSR_EL2, X0 */
	0xd69f03e0, /* ERET */
	0x91000421, /* el1: ADD X1, X1, #1 */
	0xf90000a1, /* STR X1, [X5] */
	0xf94004a2, /* LDR X2, [X5, #8] */
	0xc85ffca4, /* LDAXR X4, [X5] */
	0xc806fca4, /* STLXR W6, X4, [X5] */
	0xd4000022, /* HVC #1 */
	0xd503205f, /* WFE: the return was an event */
	0xd503205f, /* WFE */
	0x17fffff8, /* B el1 */
	0xd503201f, /* NOP */
};
enum { EL1 = LOAD + 0x28, DATA = LOAD + 0x50 };
static const u32 handler[] = {
	/* of traps from EL1: sleeps for good at the 4096th */
	0x91000463, /* ADD X3, X3, #1 */
	0x36600043, /* TBZ W3, #12, .+8 */
	0xd503207f, /* WFI */
	0xd69f03e0, /* ERET */
};
enum { HANDLER = 0xc00 };

struct world {
	struct random *rng;
	u32 image[IMAGE_WORDS];
	struct config cfg;
	struct machine *m;
	struct control *control;
	struct control_client client;
	struct gdb_stub *stub;
	bool connected;
	unsigned polls, steps;
	u64 asked, answered; /* by this client; only counted while `sure` */
	bool sure;	     /* nothing was said that may have no answer, or two */
	u8 left[2 * WORDS];  /* what the stub has not taken yet */
	size_t n_left;
	struct gdb_parser heard;
};

/* ---- what the stub says ---- */

static void hear(void *ctx, const u8 *bytes, size_t n)
{
	struct world *w = ctx;

	for (size_t i = 0; i < n; i++) {
		switch (gdb_parse(&w->heard, bytes[i])) {
		case GDB_PACKET:
			w->answered += w->heard.data[0] != 'O' || !strcmp(w->heard.data, "OK");
			break;
		case GDB_DAMAGED:
		case GDB_TOO_LONG:
		case GDB_STRAY:
		case GDB_INTERRUPT:
			fuzz_bad("the stub sent what is no packet");
			break;
		default:
			break;
		}
	}
}

/* ---- what the client says ---- */

static u64 odd_address(struct world *w)
{
	static const u64 places[] = {
		LOAD,	    EL1,       EL1 + 4,	  DATA, LOAD + HANDLER, 0x40000000, 0x40fffff8,
		0x41000000, 0x9000000, 0x8000000, 0,	~0ull,		~7ull,	    1ull << 48,
	};
	u64 r = random_below(w->rng, 100);

	if (r < 70)
		return places[random_below(w->rng, ARRAY_SIZE(places))] + (r < 20 ? random_below(w->rng, 64) : 0);
	return r < 90 ? LOAD + 4 * random_below(w->rng, ARRAY_SIZE(start)) : random_u64(w->rng);
}

static u64 odd_length(struct world *w)
{
	static const u64 lengths[] = { 0, 1, 4, 8, 16, 0x1000, 0x8000, 0xffffffff, 0xffffffffffff, ~0ull };

	return random_percent(w->rng, 70) ? 1 + random_below(w->rng, 32)
					  : lengths[random_below(w->rng, ARRAY_SIZE(lengths))];
}

static u64 register_number(struct world *w)
{
	return random_percent(w->rng, 60) ? random_below(w->rng, 70) : 0x8000 + random_below(w->rng, 0x8000);
}

static const char *const words[] = {
	"?",
	"g",
	"qSupported:multiprocess+;swbreak+",
	"qSupported:",
	"QStartNoAckMode",
	"qC",
	"qfThreadInfo",
	"qsThreadInfo",
	"qAttached",
	"vCont?",
	"vMustReplyEmpty",
	"qHostInfo",
	"qProcessInfo",
	"qqemu.sstepbits",
	"qqemu.sstep",
	"qqemu.PhyMemMode",
	"Qqemu.PhyMemMode:1",
	"Qqemu.PhyMemMode:0",
	"Qqemu.sstep=1",
	"Qqemu.sstep=7",
	"Hg0",
	"Hgp1.2",
	"Hc-1",
	"T1",
	"Tp1.9",
	"qThreadExtraInfo,1",
	"qXfer:threads:read::0,1000",
	"qXfer:features:read:target.xml:0,ffff",
	"qXfer:features:read:system-registers.xml:0,7fff",
	"qXfer:features:read:system-registers.xml:9000,40",
	"qTStatus",
	"qSymbol::",
	"x0,0",
	"!",
	"",
	"D;9",
	"vCont;t",
};

static const char *const runs[] = {
	"c",
	"s",
	"vCont;c",
	"vCont;s:1",
	"vCont;s:p1.2;c",
	"vCont;s:p1.-1",
	"vCont;C05;S05:1",
	"C05",
	"S05",
	"vCont;r40080028,40080048:1",
	"vCont;r0,ffffffffffffffff:p1.1",
};

static const char *const lines[] = {
	"help",
	"info",
	"info gic",
	"info its",
	"info timers",
	"info devices",
	"info exits",
	"info vms",
	"info status",
	"info regs",
	"info breakpoints",
	"info tlb",
	"x/8i $pc",
	"x/4x 0x40080000",
	"walk 0x40080000",
	"walk 0xffff000000000000 el1",
	"tlb",
	"mem el1",
	"mem phys",
	"mem s1:vmid=1,asid=2",
	"mem ipa:vmid=0",
	"mem current",
	"step-irq on",
	"step-irq off",
	"break 0x4008002c if el=1",
	"watch 0x40080050",
	"catch trap hvc=1",
	"catch eret",
	"catch trap if x3>4",
	"delete",
	"pe 1",
	"pe 9",
	"stop",
	"backtrace",
	"info sysreg HCR_EL2",
	"stats reset",
	"print x0",
	"continue",
	"step",
};

/* A packet's data; returns its length. */
static size_t packet(struct world *w, char *to)
{
	static const char *const formats[] = { "m%" PRIx64 ",%" PRIx64,
					       "x%" PRIx64 ",%" PRIx64,
					       "Z0,%" PRIx64 ",4",
					       "Z1,%" PRIx64 ",4",
					       "Z2,%" PRIx64 ",%" PRIx64,
					       "Z3,%" PRIx64 ",%" PRIx64,
					       "Z4,%" PRIx64 ",%" PRIx64,
					       "z0,%" PRIx64 ",4",
					       "z1,%" PRIx64 ",4",
					       "z2,%" PRIx64 ",%" PRIx64,
					       "X%" PRIx64 ",%" PRIx64 ":",
					       "M%" PRIx64 ",%" PRIx64 ":00",
					       "cX%" PRIx64 };
	u64 r = random_below(w->rng, 100), addr = odd_address(w), n = odd_length(w);
	const char *line;

	if (r < 30)
		return (size_t)sprintf(to, "%s", words[random_below(w->rng, ARRAY_SIZE(words))]);
	if (r < 50)
		return (size_t)sprintf(to, formats[random_below(w->rng, ARRAY_SIZE(formats))], addr, n);
	if (r < 65)
		return (size_t)sprintf(to, "%s", runs[random_below(w->rng, ARRAY_SIZE(runs))]);
	if (r < 75)
		return (size_t)sprintf(to, "p%x", (unsigned)register_number(w));
	if (r < 82)
		return (size_t)sprintf(to, "P%x=%016" PRIx64 "%s", (unsigned)register_number(w),
				       random_percent(w->rng, 50) ? addr : random_u64(w->rng),
				       random_percent(w->rng, 20) ? "0000000000000000" : "");
	if (r < 85)
		return (size_t)sprintf(to, "M%" PRIx64 ",4:%08x", addr, (unsigned)random_u64(w->rng));
	if (r < 87) {
		n = n < 64 ? n : 64;
		r = (size_t)sprintf(to, "X%" PRIx64 ",%" PRIx64 ":", addr, n);
		for (u64 i = 0; i < n; i++)
			to[r++] = (char)random_u64(w->rng);
		return r;
	}
	line = lines[random_below(w->rng, ARRAY_SIZE(lines))];
	r = (size_t)sprintf(to, "qRcmd,");
	for (; *line; line++)
		r += (size_t)sprintf(to + r, "%02x", (u8)*line);
	return r;
}

static void damage(struct world *w, char *data, size_t *n)
{
	for (u64 i = 1 + random_below(w->rng, 4); i && *n; i--)
		data[random_below(w->rng, *n)] =
			(char)(random_percent(w->rng, 50) ? (int)random_u64(w->rng)
							  : "0123456789abcdef,;:p.-"[random_below(w->rng, 22)]);
	if (*n && random_percent(w->rng, 30))
		*n = random_below(w->rng, *n);
}

/* Bytes of the next thing that is said. */
static size_t utterance(struct world *w, u8 *to)
{
	char data[1024];
	size_t n = packet(w, data), size;
	u64 r = random_below(w->rng, 100);

	if (r < 80) {
		w->asked++;
		w->sure &= !strchr("kDR", data[0]) && data[0];
		return gdb_frame(data, n, to);
	}
	w->sure = false;
	if (r < 90) {
		damage(w, data, &n);
		return gdb_frame(data, n, to);
	}
	if (r < 96) { /* the frame itself is damaged */
		size = gdb_frame(data, n, to);
		damage(w, (char *)to, &size);
		return size;
	}
	for (size = random_below(w->rng, 64), n = 0; n < size; n++)
		to[n] = (u8)random_u64(w->rng);
	return size;
}

static void go_away(struct world *w)
{
	gdb_stub_disconnect(w->stub);
	w->connected = false;
	w->n_left = 0;
}

static void come(struct world *w)
{
	fuzz_count("clients", 0);
	gdb_stub_connect(w->stub);
	w->connected = true;
	w->asked = w->answered = 0;
	w->sure = true;
	memset(&w->heard, 0, sizeof w->heard);
}

/* Hands over what is left, in parts of any size. */
static void hand_over(struct world *w)
{
	size_t part = random_percent(w->rng, 80) ? w->n_left : random_below(w->rng, w->n_left + 1);
	size_t taken = gdb_stub_input(w->stub, w->left, part);

	if (taken > part)
		fuzz_bad("more bytes were taken than came");
	w->n_left -= taken;
	memmove(w->left, w->left + taken, w->n_left);
}

static void say(struct world *w)
{
	bool running = control_running(w->control);
	u64 r = random_below(w->rng, 1000);

	w->steps++;
	if (r < 3) {
		go_away(w);
		return;
	}
	if (running && r < 800 && w->n_left < sizeof w->left) {
		w->left[w->n_left++] = 3;
		w->sure = false;
	} else if (w->n_left < WORDS / 2) {
		fuzz_count("utterances", 0);
		w->n_left += utterance(w, w->left + w->n_left);
	}
	hand_over(w);
	if (gdb_stub_done(w->stub))
		go_away(w);
}

/* ---- the session ---- */

static bool is_over(const struct world *w)
{
	return w->steps > STEPS || w->polls > POLLS || random_dry(w->rng);
}

static void serve(void *ctx)
{
	struct world *w = ctx;

	if (is_over(w))
		return;
	if (!w->connected)
		come(w);
	else
		say(w);
}

static void stopped(void *ctx, const struct debug_stop *s)
{
	struct world *w = ctx;

	fuzz_count("stops", 0);
	gdb_stub_stopped(w->stub, s);
}

static bool look(void *ctx)
{
	struct world *w = ctx;

	w->polls++;
	return control_poll(w->control) || is_over(w);
}

static void no_wait(void *ctx, struct pollfd *files, size_t n, u64 ns)
{
}

static bool over(void *ctx)
{
	return is_over(ctx);
}

static void world_make(struct world *w, struct random *rng)
{
	static const struct control_ops ops = { .serve = serve, .stopped = stopped };
	const struct machine_io io = { .ctx = w, .poll = look };
	const struct control_host host = { .ctx = w, .wait = no_wait, .over = over };
	struct why why;

	memset(w, 0, sizeof *w);
	w->rng = rng;
	memcpy(w->image, start, sizeof start);
	memcpy(w->image + HANDLER / 4, handler, sizeof handler);
	config_init(&w->cfg);
	w->cfg.cpu = strdup(random_percent(rng, 50) ? "neoverse-n1" : "cortex-a53");
	w->cfg.virtualization = true;
	w->cfg.secure = random_percent(rng, 20);
	w->cfg.pes = 1 + (unsigned)random_below(rng, 2);
	w->cfg.gic_version = random_percent(rng, 20) ? 2 : 3;
	w->cfg.max_block = random_percent(rng, 20) ? 1 : 0;
	w->cfg.ram_size = 16 << 20;
	w->cfg.boot.builtin = w->image;
	w->cfg.boot.builtin_size = sizeof w->image;
	if (machine_new(&w->m, &w->cfg, &io, NULL, &why)) {
		fuzz_bad("no machine: %s", why.text);
		abort();
	}
	for (unsigned i = 0; i < machine_pes(w->m); i++)
		machine_pe(w->m, i)->period_ps = PERIOD_PS;
	w->control = control_new(w->m, &host);
	w->stub = gdb_stub_new(w->control, NULL, &(struct gdb_wire){ w, hear });
	w->client = (struct control_client){ .ops = &ops, .ctx = w };
	control_add(w->control, &w->client);
}

static void world_free(struct world *w)
{
	gdb_stub_free(w->stub);
	control_free(w->control);
	machine_free(w->m);
	config_free(&w->cfg);
}

void fuzz_case(struct random *rng)
{
	static struct world w;
	enum machine_end end;

	world_make(&w, rng);
	come(&w);
	while ((end = machine_run(w.m)) == MACHINE_STOPPED && control_stopped(w.control))
		;
	if (w.connected)
		gdb_stub_ended(w.stub, end, 0);
	if (w.connected && w.sure && w.answered > w.asked)
		fuzz_bad("%" PRIu64 " answers to %" PRIu64 " packets", w.answered, w.asked);
	world_free(&w);
}
