/*
 * Random guests against what firmware talks to and the simple devices: flash by commands and by
 * noise, fw_cfg with DMA structures good and bad, serial ports, clock, GPIO and the event device, all
 * on one bus; now and then a snapshot that must load and save the same bytes. Nothing may crash, hang
 * or reach beyond the RAM. Meant for the sanitizer build.
 *
 *	fuzz_firmware [--seed S] [--runs N] [--seconds N] [--counts 1]
 */
#include "base/bits.h"
#include "devices/flash.h"
#include "devices/fw_cfg.h"
#include "devices/ged.h"
#include "devices/pl011.h"
#include "devices/pl031.h"
#include "devices/pl061.h"
#include "tests/fuzz/loop.h"
#include "tests/fuzz/snapshot.h"

enum {
	FRAME_FLASH = 0,
	FRAME_UART0 = 0x09000000,
	FRAME_RTC = 0x09010000,
	FRAME_FW_CFG = 0x09020000,
	FRAME_GPIO = 0x09030000,
	FRAME_UART1 = 0x09040000,
	FRAME_GED = 0x09080000,
	RAM = 0x40000000,
	RAM_BYTES = 1 << 16,
	STEPS = 2000,
};

struct world {
	struct random *rng;
	struct bus *bus;
	struct event_queue queue;
	struct flash *flash;
	struct fw_cfg *cfg;
	struct pl061 *gpio;
	struct ged *ged;
	struct pl011 *uart[2];
	struct pl031 *rtc;
};

static void array(void *ctx, bool on)
{
	bus_flash_array(((struct world *)ctx)->bus, FRAME_FLASH, on);
}
static void changed(void *ctx, u64 off, u64 len)
{
	phys_written(((struct world *)ctx)->bus, pa_make(SPACE_NS, FRAME_FLASH + off), len);
}
static u64 now(void *ctx)
{
	return ((struct world *)ctx)->queue.now;
}

static void sent(void *ctx, u8 byte)
{
}

static bool make_simple(struct world *w)
{
	struct pl011_config uc = { .tx = sent, .ctx = w };
	struct pl031_config rc = { .queue = &w->queue, .now = now, .ctx = w,
				   .start = (u32)random_u64(w->rng) };

	w->uart[0] = pl011_new(&uc);
	w->uart[1] = pl011_new(&uc);
	w->rtc = pl031_new(&rc);
	return !bus_add_device(w->bus, FRAME_UART0, &pl011_ops, w->uart[0], false) &&
	       !bus_add_device(w->bus, FRAME_UART1, &pl011_ops, w->uart[1], false) &&
	       !bus_add_device(w->bus, FRAME_RTC, &pl031_ops, w->rtc, false);
}

static bool make(struct world *w)
{
	struct flash_config fc = { .fd = -1,
				   .readonly = random_percent(w->rng, 10),
				   .array = array,
				   .changed = changed,
				   .ctx = w };
	struct pl061_config pc = { .queue = &w->queue, .now = now, .ctx = w };

	event_queue_init(&w->queue);
	w->bus = bus_new(NULL);
	w->cfg = fw_cfg_new(w->bus, NULL);
	w->gpio = pl061_new(&pc);
	w->ged = ged_new((struct wire){ 0 });
	if (flash_new(&w->flash, &fc))
		return false;
	for (unsigned i = 0; i < 5; i++) {
		char name[8] = { 'f', (char)('0' + i) };

		fw_cfg_add_file(w->cfg, name, "some contents of a file", 4 * i);
	}
	return make_simple(w) && !bus_add_ram(w->bus, "ram", RAM, RAM_BYTES, false) &&
	       !bus_add_flash(w->bus, FRAME_FLASH, &flash_ops, w->flash, flash_bytes(w->flash),
			      false) &&
	       !bus_add_device(w->bus, FRAME_FW_CFG, &fw_cfg_ops, w->cfg, false) &&
	       !bus_add_device(w->bus, FRAME_GPIO, &pl061_ops, w->gpio, false) &&
	       !bus_add_device(w->bus, FRAME_GED, &ged_ops, w->ged, false);
}

static void drop(struct world *w)
{
	bus_free(w->bus);
	flash_free(w->flash);
	fw_cfg_free(w->cfg);
	pl061_free(w->gpio);
	ged_free(w->ged);
	pl011_free(w->uart[0]);
	pl011_free(w->uart[1]);
	pl031_free(w->rtc);
}

static void count(struct world *w, u64 addr)
{
	const struct bus_region *r = bus_find(w->bus, addr, SPACE_NS);

	if (r)
		fuzz_count(r->name, r->base);
}

static void put(struct world *w, u64 addr, unsigned size, u64 v)
{
	count(w, addr);
	bus_write(w->bus, pa_make(SPACE_NS, addr), size, (struct attrs){ 0 }, v);
}

static void get(struct world *w, u64 addr, unsigned size)
{
	u64 v;

	count(w, addr);
	bus_read(w->bus, pa_make(SPACE_NS, addr), size, (struct attrs){ 0 }, &v);
}

static unsigned any_size(struct world *w)
{
	return 1u << random_below(w->rng, 4);
}

/* A command, or a number that is none, where commands usually go. */
static void step_flash(struct world *w)
{
	static const u8 commands[] = { 0xff, 0x70, 0x50, 0x90, 0x98, 0x40, 0x10, 0x20,
				       0xd0, 0xd0, 0xe8, 0x60, 0x01, 0x03, 0x00, 0xb0 };
	u64 where = random_below(w->rng, FLASH_SIZE / 4) * 4;
	u64 v = commands[random_below(w->rng, sizeof commands)] * 0x00010001ull;

	if (random_percent(w->rng, 50))
		where = random_below(w->rng, 0x2000); /* so that operations meet */
	if (random_percent(w->rng, 20))
		v = random_u64(w->rng);
	if (random_percent(w->rng, 5))
		where = FLASH_SIZE - 1 - random_below(w->rng, 8);
	if (random_percent(w->rng, 70))
		put(w, FRAME_FLASH + where, random_percent(w->rng, 80) ? 4 : any_size(w), v);
	else
		get(w, FRAME_FLASH + where, any_size(w));
}

static u64 any_address(struct world *w)
{
	switch (random_below(w->rng, 6)) {
	case 0:
		return RAM + RAM_BYTES - random_below(w->rng, 32);
	case 1:
		return random_u64(w->rng);
	case 2:
		return random_below(w->rng, FLASH_SIZE);
	case 3:
		return FRAME_FW_CFG + random_below(w->rng, 24);
	}
	return RAM + random_below(w->rng, RAM_BYTES);
}

static void step_dma(struct world *w)
{
	u64 at = any_address(w), to = any_address(w);
	u32 length = (u32)(random_percent(w->rng, 90) ? random_below(w->rng, 64)
						       : random_u64(w->rng));
	u32 control = (u32)random_below(w->rng, 32) | (u32)random_below(w->rng, 0x28) << 16;
	u32 words[4] = { __builtin_bswap32(control), __builtin_bswap32(length),
			 __builtin_bswap32((u32)(to >> 32)), __builtin_bswap32((u32)to) };

	bus_copy_in(w->bus, pa_make(SPACE_NS, at), words, sizeof words);
	put(w, FRAME_FW_CFG + 16, 8, __builtin_bswap64(at));
}

static void step_registers(struct world *w)
{
	static const struct {
		u32 base, size;
	} frames[] = {
		{ FRAME_FW_CFG, 32 },	{ FRAME_GPIO, 0x1000 },	 { FRAME_GED, 8 },
		{ FRAME_UART0, 0x1000 }, { FRAME_UART1, 0x1000 }, { FRAME_RTC, 0x1000 },
	};
	unsigned i = (unsigned)random_below(w->rng, ARRAY_SIZE(frames));
	u64 off = random_below(w->rng, frames[i].size), where;

	if (random_percent(w->rng, 70))
		off &= 0x7c; /* where registers stand */
	where = frames[i].base + off % frames[i].size;

	if (random_percent(w->rng, 50))
		put(w, where, any_size(w), random_u64(w->rng));
	else
		get(w, where, any_size(w));
}

static void step_outside(struct world *w)
{
	struct pl011 *uart = w->uart[random_below(w->rng, 2)];

	switch (random_below(w->rng, 7)) {
	case 0:
		pl061_input(w->gpio, (unsigned)random_below(w->rng, 8), random_u64(w->rng) & 1);
		return;
	case 1:
		pl061_press(w->gpio, (unsigned)random_below(w->rng, 8));
		return;
	case 2:
		ged_event(w->ged, (u32)random_u64(w->rng));
		return;
	}
	if (random_percent(w->rng, 50)) {
		pl011_rx(uart, (u8)random_u64(w->rng));
		return;
	}
	if (random_percent(w->rng, 10))
		pl011_rx_break(uart);
	w->queue.now += random_below(w->rng, 200000000000);
	event_run(&w->queue, w->queue.now);
}

void fuzz_case(struct random *rng)
{
	struct world w = { .rng = rng };
	u64 snapshots = 0;

	if (!make(&w)) {
		fuzz_bad("the world cannot be made");
		return;
	}
	for (unsigned i = 0; i < STEPS && !random_dry(rng); i++) {
		u64 what = random_below(rng, 1000);

		if (what < 550)
			step_flash(&w);
		else if (what < 750)
			step_dma(&w);
		else if (what < 950)
			step_registers(&w);
		else if (what < 999)
			step_outside(&w);
		else if (snapshots++ < 2 && !fuzz_snapshot(rng, w.bus))
			break;
	}
	drop(&w);
}
