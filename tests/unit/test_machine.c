/*
 * machine/machine.h: machines do not know of each other, runs that are interrupted are the same runs, what
 * cannot be made leaves nothing behind (the sanitizer build looks for leaks); and what fuzzing found in the
 * engine. Guests are raw images at EL1.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "cpu/cpu.h"
#include "machine/machine_priv.h"
#include "machine/show.h"
#include "machine/stats.h"
#include "tests/unit/harness.h"

enum { VECTORS = 0x800, SYNC = VECTORS + 0x200, IMAGE_WORDS = 0x1000 / 4 };

#define SET_VBAR  0x10004000, 0xd518c000		   /* ADR X0, .+0x800; MSR VBAR_EL1, X0: first in an image */
#define POWER_OFF 0x52b08000, 0x72800100, 0xd4000002 /* MOV W0, #0x84000008; HVC #0 */

/* Stores the counter 0x80000 times, prints a dot and powers off. */
static const u32 counting[] = {
	0xd2a80401, /* MOV X1, #0x40200000 */
	0xd2800002, /* MOV X2, #0 */
	0xd2a00803, /* MOV X3, #0x400000 */
	0xd53be044, /* MRS X4, CNTVCT_EL0 */
	0x927d2045, /* AND X5, X2, #0xff8 */
	0xf8256824, /* STR X4, [X1, X5] */
	0x91000442, /* ADD X2, X2, #1 */
	0xeb03005f, /* CMP X2, X3 */
	0x54ffff61, /* B.NE to the MRS */
	0xd2a12006, /* MOV X6, #0x09000000 */
	0x528005c7, /* MOV W7, #'.' */
	0xb90000c7, /* STR W7, [X6] */
	POWER_OFF,
};

/* Two PEs count to 0x400000 side by side, long enough for a busy host to stop them more than once; the first waits for the second, prints a dot and powers off. */
static const u32 two_counting[] = {
	0xd2800060, /* MOV X0, #3 */
	0xf2b88000, /* MOVK X0, #0xc400, LSL #16: CPU_ON */
	0xd2800021, /* MOV X1, #1 */
	0x100000a2, /* ADR X2 of the second PE's entry */
	0xd2800003, /* MOV X3, #0 */
	0xd4000002, /* HVC #0 */
	0xd2800008, /* MOV X8, #0 */
	0x14000002, /* B over the entry */
	0xd2800108, /* entry: MOV X8, #8 */
	0xd2a80401, /* MOV X1, #0x40200000 */
	0xd2800002, /* MOV X2, #0 */
	0xd2a00803, /* MOV X3, #0x400000 */
	0x91000442, /* ADD X2, X2, #1 */
	0xf8286822, /* STR X2, [X1, X8] */
	0xeb03005f, /* CMP X2, X3 */
	0x54ffffa1, /* B.NE to the ADD */
	0xb5000148, /* CBNZ X8 to the WFI */
	0xf9400424, /* LDR X4, [X1, #8] */
	0xeb03009f, /* CMP X4, X3 */
	0x54ffffc1, /* B.NE to the LDR */
	0xd2a12006, /* MOV X6, #0x09000000 */
	0x528005c7, /* MOV W7, #'.' */
	0xb90000c7, /* STR W7, [X6] */
	POWER_OFF,
	0xd503207f, /* WFI */
	0x17ffffff, /* B to it */
};

/* Loads from address 0x20, where flash is, with big-endian data. */
static const u32 big_endian[] = {
	SET_VBAR,
	0xd5381000, /* MRS X0, SCTLR_EL1 */
	0xb2670000, /* ORR X0, X0, #0x2000000 */
	0xd5181000, /* MSR SCTLR_EL1, X0 */
	0xd5033fdf, /* ISB */
	0xd2800401, /* MOV X1, #0x20 */
	0xf9400022, /* LDR X2, [X1] */
};

/* With the MMU off, loads from a tagged address while TCR_EL1.TBI0 is 1, and again while it is 0. */
static const u32 tagged[] = {
	SET_VBAR,
	0xd2c00400, /* MOV X0, #1 << 37 */
	0xd5182040, /* MSR TCR_EL1, X0 */
	0xd5033fdf, /* ISB */
	0xd503201f, /* NOP */
	0x10000001, /* ADR X1, ., a multiple of 8: memory is Device */
	0xb2440021, /* ORR X1, X1, #1 << 60 */
	0xf9400022, /* LDR X2, [X1] */
	0xd518205f, /* MSR TCR_EL1, XZR */
	0xd5033fdf, /* ISB */
	0xf9400023, /* LDR X3, [X1] */
};

struct guest {
	u32 image[IMAGE_WORDS];
	struct config cfg;
	struct machine *m;
	unsigned polls, dots;
	bool interrupted; /* every poll ends machine_run() */
};

static void tx(void *ctx, unsigned port, u8 byte)
{
	struct guest *g = ctx;

	g->dots += port == 0 && byte == '.';
}

static bool look(void *ctx)
{
	struct guest *g = ctx;

	g->polls++;
	return g->interrupted;
}

/* An exception powers off, so that the registers tell what it was. */
static void guest_open(struct guest *g, const u32 *code, size_t words, const char *core, unsigned pes, bool parallel)
{
	static const u32 off[] = { POWER_OFF };
	const struct machine_io io = { .ctx = g, .tx = tx, .poll = look };
	struct why why = { "" };

	memset(g, 0, sizeof(*g));
	memcpy(g->image + SYNC / 4, off, sizeof(off));
	memcpy(g->image, code, words * 4);
	config_init(&g->cfg);
	g->cfg.cpu = strdup(core);
	g->cfg.pes = pes;
	g->cfg.parallel = parallel;
	g->cfg.ram_size = 16 << 20;
	g->cfg.boot.builtin = g->image;
	g->cfg.boot.builtin_size = sizeof(g->image);
	EXPECT_EQ(machine_new(&g->m, &g->cfg, &io, NULL, &why), 0);
	EXPECT_STR(why.text, "");
}
#define GUEST_OPEN(g, code, core, pes) guest_open(g, code, ARRAY_SIZE(code), core, pes, false)

static void guest_close(struct guest *g)
{
	machine_free(g->m);
	config_free(&g->cfg);
}

static void run_alone(const char *core, unsigned pes, char digest[65])
{
	struct guest g;

	GUEST_OPEN(&g, counting, core, pes);
	EXPECT_EQ(machine_run(g.m), MACHINE_POWEROFF);
	EXPECT_EQ(g.dots, 1);
	machine_digest(g.m, digest);
	guest_close(&g);
}

TEST(two_machines_in_turns_end_as_each_alone)
{
	struct guest a, b;
	char alone[2][65], digest[65];
	enum machine_end end_a = MACHINE_STOPPED, end_b = MACHINE_STOPPED;

	run_alone("cortex-a53", 1, alone[0]);
	run_alone("neoverse-n1", 2, alone[1]);
	EXPECT(strcmp(alone[0], alone[1]) != 0);
	GUEST_OPEN(&a, counting, "cortex-a53", 1);
	GUEST_OPEN(&b, counting, "neoverse-n1", 2);
	a.interrupted = b.interrupted = true;
	while (end_a == MACHINE_STOPPED || end_b == MACHINE_STOPPED) {
		if (end_a == MACHINE_STOPPED)
			end_a = machine_run(a.m);
		if (end_b == MACHINE_STOPPED)
			end_b = machine_run(b.m);
	}
	EXPECT_EQ(end_a, MACHINE_POWEROFF);
	EXPECT_EQ(end_b, MACHINE_POWEROFF);
	EXPECT(a.polls > 2 && b.polls > 2);
	EXPECT(a.dots == 1 && b.dots == 1);
	machine_digest(a.m, digest);
	EXPECT_STR(digest, alone[0]);
	machine_digest(b.m, digest);
	EXPECT_STR(digest, alone[1]);
	guest_close(&a);
	guest_close(&b);
}

/* --parallel: after each stop nobody runs, so that state holds still; then all go on. */
TEST(parallel_stops_the_world_and_goes_on)
{
	struct guest g;
	char first[65], second[65];
	enum machine_end end;
	unsigned stops = 0;

	guest_open(&g, two_counting, ARRAY_SIZE(two_counting), "cortex-a57", 2, true);
	g.interrupted = true;
	while ((end = machine_run(g.m)) == MACHINE_STOPPED && stops < 1000) {
		u64 insns = machine_insns(g.m);

		machine_digest(g.m, first);
		machine_digest(g.m, second);
		EXPECT_STR(first, second);
		EXPECT_EQ(machine_insns(g.m), insns);
		stops++;
	}
	EXPECT_EQ(end, MACHINE_POWEROFF);
	EXPECT(stops > 1);
	EXPECT_EQ(g.dots, 1);
	guest_close(&g);
}

/* ---- Screens ---- */

static void print_screens(struct machine *m, FILE *out)
{
	for (unsigned pe = 0; pe < machine_pes(m); pe++)
		machine_show_gic(m, pe, NULL, out);
	machine_show_its(m, out);
	machine_show_timers(m, out);
	machine_show_devices(m, out);
	machine_show_exits(m, out);
	machine_show_vms(m, out);
	machine_show_status(m, out);
}

static void add_sample(void *ctx, const struct stat_sample *s)
{
	u64 *sum = ctx;
	char name[256];

	stats_full_name(s, name, sizeof(name));
	for (const char *c = name; *c; c++)
		*sum = (*sum ^ (u8)*c) * 0x100000001b3;
	*sum = (*sum ^ s->value) * 0x100000001b3;
}

/* Two PEs, stopped every virtual millisecond; with screens, all of them are printed twice each time. */
static u64 run_with_stops(bool screens, char digest[65])
{
	enum machine_end end;
	struct guest g;
	u64 sum = 0;

	GUEST_OPEN(&g, two_counting, "neoverse-n1", 2);
	g.interrupted = true;
	while ((end = machine_run(g.m)) == MACHINE_STOPPED) {
		char *text[2] = { NULL, NULL };
		size_t n;

		for (unsigned i = 0; i < 2 && screens; i++) {
			FILE *out = open_memstream(&text[i], &n);

			print_screens(g.m, out);
			fclose(out);
			EXPECT(strstr(text[i], "0x000009000000-0x000009000fff  pl011, INTID 33\n") != NULL);
			EXPECT(strstr(text[i], "\nPE 1: ") != NULL);
		}
		if (screens)
			EXPECT_STR(text[0], text[1]);
		free(text[0]);
		free(text[1]);
	}
	EXPECT_EQ(end, MACHINE_POWEROFF);
	stats_visit(g.m, add_sample, &sum);
	machine_digest(g.m, digest);
	guest_close(&g);
	return sum;
}

TEST(screens_change_neither_digest_nor_statistics)
{
	char without[65], with[65];
	u64 sum = run_with_stops(false, without);

	EXPECT_EQ(run_with_stops(true, with), sum);
	EXPECT_STR(with, without);
}

/* ---- What cannot be made ---- */

static void refused(const struct config *c, const char *words)
{
	static const struct machine_io io;
	struct machine *m = (struct machine *)1;
	struct why why = { "" };

	EXPECT(machine_new(&m, c, &io, NULL, &why) < 0);
	EXPECT(m == NULL);
	if (!strstr(why.text, words))
		FAIL_TEST("wanted '%s', got '%s'", words, why.text);
}

TEST(a_machine_that_cannot_be_made_leaves_nothing)
{
	struct config c;

	config_init(&c);
	c.cpu = strdup("cortex-a7");
	c.boot.builtin = counting;
	c.boot.builtin_size = sizeof(counting);
	refused(&c, "-cpu cortex-a7");
	free(c.cpu);
	c.cpu = strdup("cortex-a57");
	c.cpu_features = strdup("nonsense=on");
	refused(&c, "nonsense");
	free(c.cpu_features);
	c.cpu_features = NULL;
	c.tlb = strdup("l1i=0");
	refused(&c, "--tlb");
	free(c.tlb);
	c.tlb = NULL;
	c.boot.initrd = strdup("/dev/null/none");
	refused(&c, "-initrd");
	free(c.boot.initrd);
	c.boot.initrd = NULL;
	c.ram_size = 1 << 16; /* no room for the image */
	refused(&c, "do not lie in memory");
	c.ram_size = 1ull << 60; /* in no host's address space: refused after the plan */
	refused(&c, "-m");
	config_free(&c);
}

/* ---- Found by fuzzing ---- */

TEST(a_slow_load_from_page_0_hits_no_empty_slot)
{
	struct guest g;

	GUEST_OPEN(&g, big_endian, "cortex-a57", 1);
	EXPECT_EQ(machine_run(g.m), MACHINE_POWEROFF);
	EXPECT_EQ(machine_pe(g.m, 0)->x[2], ~0ull); /* erased flash */
	guest_close(&g);
}

TEST(the_tag_counts_once_TBI_is_off_without_stage_1)
{
	struct guest g;

	GUEST_OPEN(&g, tagged, "cortex-a57", 1);
	EXPECT_EQ(machine_run(g.m), MACHINE_POWEROFF);
	EXPECT_EQ(machine_pe(g.m, 0)->x[2], 0xb244002110000001); /* the first load reads its own code */
	EXPECT_EQ(machine_pe(g.m, 0)->x[3], 0);
	EXPECT_EQ(machine_pe(g.m, 0)->sys.esr[1] & 0xfc00003f, 0x94000000); /* address size, level 0 */
	EXPECT_EQ(machine_pe(g.m, 0)->sys.far[1] >> 56, 0x10);
	guest_close(&g);
}

/* ---- The power button ---- */

static u32 read_device(struct machine *m, u64 addr)
{
	struct attrs at = { 0 };
	u64 v = ~0ull;

	EXPECT_EQ(bus_read(m->bus, pa_make(SPACE_NS, addr), 4, at, &v), BUS_OK);
	return (u32)v;
}

/* Any file as firmware: nothing of it runs. */
static void guest_with_firmware(struct guest *g)
{
	static const struct machine_io io;
	char path[] = "/tmp/firmwareXXXXXX";
	struct why why = { "" };
	int fd = mkstemp(path);

	ASSERT(fd >= 0);
	close(fd);
	memset(g, 0, sizeof(*g));
	config_init(&g->cfg);
	g->cfg.cpu = strdup("cortex-a57");
	g->cfg.bios = strdup(path);
	EXPECT_EQ(machine_new(&g->m, &g->cfg, &io, NULL, &why), 0);
	EXPECT_STR(why.text, "");
	unlink(path);
}

TEST(the_power_button_is_a_key_or_an_acpi_event)
{
	struct guest g;

	GUEST_OPEN(&g, counting, "cortex-a57", 1);
	EXPECT_EQ(read_device(g.m, BOARD_GPIO_BASE + 0x3fc), 0);
	machine_power_button(g.m);
	EXPECT_EQ(read_device(g.m, BOARD_GPIO_BASE + 0x3fc), BIT(BOARD_GPIO_POWER_KEY));
	guest_close(&g);
	guest_with_firmware(&g);
	EXPECT_EQ(read_device(g.m, BOARD_GED_BASE), 0);
	machine_power_button(g.m);
	EXPECT_EQ(read_device(g.m, BOARD_GED_BASE), GED_POWER_BUTTON);
	EXPECT_EQ(read_device(g.m, BOARD_GED_BASE), 0);
	guest_close(&g);
}

/* ---- The second UART ---- */

static void tx_to(void *ctx, unsigned port, u8 byte)
{
	((u8 *)ctx)[port] = byte;
}

TEST(the_second_uart_is_there_when_asked_for)
{
	u8 said[MACHINE_PORT_STDIO + 1] = { 0 };
	const struct machine_io io = { .ctx = said, .tx = tx_to };
	struct attrs at = { 0 };
	struct why why = { "" };
	struct machine *m;
	struct config c;
	u64 v;

	config_init(&c);
	c.cpu = strdup("cortex-a57");
	c.boot.builtin = counting;
	c.boot.builtin_size = sizeof(counting);
	c.serial[1].kind = SERIAL_NONE;
	ASSERT(machine_new(&m, &c, &io, NULL, &why) == 0);
	EXPECT(bus_read(m->bus, pa_make(SPACE_NS, BOARD_UART1_BASE), 4, at, &v) != BUS_OK);
	machine_free(m);
	c.serial[1].kind = SERIAL_NULL;
	ASSERT(machine_new(&m, &c, &io, NULL, &why) == 0);
	EXPECT_EQ(read_device(m, BOARD_UART1_BASE + 0xfe0), 0x11); /* UARTPeriphID0 */
	EXPECT_EQ(bus_write(m->bus, pa_make(SPACE_NS, BOARD_UART1_BASE), 4, at, '1'), BUS_OK);
	EXPECT(said[1] == '1' && !said[0]);
	machine_free(m);
	c.secure = true;
	ASSERT(machine_new(&m, &c, &io, NULL, &why) == 0);
	EXPECT(bus_read(m->bus, pa_make(SPACE_NS, BOARD_UART1_BASE), 4, at, &v) != BUS_OK);
	EXPECT_EQ(bus_read(m->bus, pa_make(SPACE_S, BOARD_UART1_BASE + 0xfe0), 4, at, &v), BUS_OK);
	EXPECT_EQ(bus_copy_in(m->bus, pa_make(SPACE_S, BOARD_SECRAM_BASE), &v, 8), BUS_OK);
	EXPECT(bus_copy_in(m->bus, pa_make(SPACE_NS, BOARD_SECRAM_BASE), &v, 8) != BUS_OK);
	machine_free(m);
	config_free(&c);
}
