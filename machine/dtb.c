/*
 * The device tree of the virt board: names, values and order as QEMU's virt writes them, so that
 * guests (and diffs of dumpdtb output) see the same board. Only nodes of devices that exist here.
 * libfdt puts every new node and property first in its parent, as QEMU does, so what is written
 * last stands first. psci, memory and the boot parts of /chosen: loader/tree.c.
 */
#include "machine/config.h"

#include "base/bits.h"
#include "cpu/features.h"
#include "machine/board.h"

#include <errno.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#define TREE_SIZE 65536

enum { IRQ_SPI = 0, IRQ_PPI = 1 };
enum { IRQ_EDGE_RISING = 1, IRQ_LEVEL_HIGH = 4 };

#define PHANDLE_FIRST 0x8000 /* QEMU's numbering */

/* A tree being written. The first failure sticks and makes everything after it a no-op. */
struct tree {
	void *fdt;
	int err;
	u32 next_phandle;
};

static void keep(struct tree *t, int r)
{
	if (t->err == 0 && r < 0)
		t->err = r;
}

static int node(struct tree *t, int parent, const char *name)
{
	int r = t->err ? t->err : fdt_add_subnode(t->fdt, parent, name);

	keep(t, r);
	return r;
}

/* Offsets move with every write, so nodes are named by path. */
static int at(struct tree *t, const char *path)
{
	int r = t->err ? t->err : fdt_path_offset(t->fdt, path);

	keep(t, r);
	return r;
}

static void prop(struct tree *t, const char *path, const char *name, const void *v, size_t n)
{
	int o = at(t, path);

	if (!t->err)
		keep(t, fdt_setprop(t->fdt, o, name, v, (int)n));
}

static void prop_string(struct tree *t, const char *path, const char *name, const char *v)
{
	prop(t, path, name, v, strlen(v) + 1);
}

static void prop_cells(struct tree *t, const char *path, const char *name, const u32 *cells,
		       size_t n)
{
	fdt32_t be[32];

	for (size_t i = 0; i < n; i++)
		be[i] = cpu_to_fdt32(cells[i]);
	prop(t, path, name, be, n * 4);
}
#define CELLS(t, path, name, ...)                                                                  \
	prop_cells(t, path, name, (const u32[]){ __VA_ARGS__ }, sizeof((u32[]){ __VA_ARGS__ }) / 4)

static void prop_u32(struct tree *t, const char *path, const char *name, u32 v)
{
	prop_cells(t, path, name, &v, 1);
}

static void prop_flag(struct tree *t, const char *path, const char *name)
{
	prop(t, path, name, "", 0);
}

/* reg of one window, with the root's two address and two size cells */
static void prop_reg(struct tree *t, const char *path, u64 base, u64 size)
{
	CELLS(t, path, "reg", (u32)(base >> 32), (u32)base, (u32)(size >> 32), (u32)size);
}

static void add(struct tree *t, const char *parent, const char *name)
{
	int o = at(t, parent);

	if (!t->err)
		node(t, o, name);
}

static u32 new_phandle(struct tree *t, const char *path)
{
	u32 v = t->next_phandle++;

	prop_u32(t, path, "phandle", v);
	return v;
}

/*
 * Devices that only the Secure world may use are told to both worlds, and disabled for the
 * Non-secure one.
 */
static void secure_only(struct tree *t, const char *path)
{
	prop_string(t, path, "status", "disabled");
	prop_string(t, path, "secure-status", "okay");
}

/* splitmix64: the seeds must only be reproducible and differ from each other */
static u64 next_random(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void add_seeds(struct tree *t, const struct config *c, const char *path, u64 *random)
{
	u64 seeds[5];

	if (!c->dtb_randomness)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++)
		seeds[i] = next_random(random);
	prop(t, path, "kaslr-seed", &seeds[0], 8);
	prop(t, path, "rng-seed", &seeds[1], 32);
}

static void add_root(struct tree *t, const struct config *c)
{
	u64 random = c->seed;

	prop_string(t, "/", "compatible", "linux,dummy-virt");
	prop_u32(t, "/", "#address-cells", 2);
	prop_u32(t, "/", "#size-cells", 2);
	prop_string(t, "/", "model", "linux,dummy-virt");
	prop_flag(t, "/", "dma-coherent");
	add(t, "/", "chosen");
	add_seeds(t, c, "/chosen", &random);
	if (c->secure) {
		add(t, "/", "secure-chosen");
		add_seeds(t, c, "/secure-chosen", &random);
	}
	add(t, "/", "aliases");
}

static u32 add_clock(struct tree *t)
{
	add(t, "/", "apb-pclk");
	prop_string(t, "/apb-pclk", "compatible", "fixed-clock");
	prop_u32(t, "/apb-pclk", "#clock-cells", 0);
	prop_u32(t, "/apb-pclk", "clock-frequency", BOARD_APB_CLOCK_HZ);
	prop_string(t, "/apb-pclk", "clock-output-names", "clk24mhz");
	return new_phandle(t, "/apb-pclk");
}

static void add_timer(struct tree *t, const struct config *c, const struct cpu_core *core)
{
	static const u8 ppis[] = { BOARD_PPI_S_TIMER, BOARD_PPI_P_TIMER, BOARD_PPI_V_TIMER,
				   BOARD_PPI_HP_TIMER, BOARD_PPI_HV_TIMER };
	static const char compatible[] = "arm,armv8-timer\0arm,armv7-timer";
	u32 cells[3 * ARRAY_SIZE(ppis)];
	size_t n = ARRAY_SIZE(ppis);

	if (!c->virtualization || !(core->features & FEAT(VHE)))
		n--; /* no EL2 virtual timer */
	for (size_t i = 0; i < n; i++) {
		cells[3 * i] = IRQ_PPI;
		cells[3 * i + 1] = ppis[i];
		cells[3 * i + 2] = IRQ_LEVEL_HIGH;
	}
	add(t, "/", "timer");
	prop(t, "/timer", "compatible", compatible, sizeof compatible);
	prop_flag(t, "/timer", "always-on");
	prop_cells(t, "/timer", "interrupts", cells, 3 * n);
}

/* Geometry from CCSIDR_EL1, in the format that ID_AA64MMFR2_EL1.CCIDX says (DDI0487 D19.2.29). */
static void add_cache(struct tree *t, const char *path, const struct cpu_core *core,
		      unsigned csselr, char side)
{
	u64 v = core->id.ccsidr[csselr];
	bool ccidx = bits(core->id.aa64mmfr[2], 23, 20) != 0;
	u32 line = 1u << (bits(v, 2, 0) + 4);
	u32 ways = (u32)(ccidx ? bits(v, 23, 3) : bits(v, 12, 3)) + 1;
	u32 sets = (u32)(ccidx ? bits(v, 55, 32) : bits(v, 27, 13)) + 1;
	char name[32];

	snprintf(name, sizeof name, "%c-cache-block-size", side);
	prop_u32(t, path, name, line);
	snprintf(name, sizeof name, "%c-cache-size", side);
	prop_u32(t, path, name, line * ways * sets);
	snprintf(name, sizeof name, "%c-cache-sets", side);
	prop_u32(t, path, name, sets);
}

static void add_cpu(struct tree *t, const struct config *c, const struct cpu_core *core, unsigned i)
{
	char path[32], compatible[64];

	snprintf(path, sizeof path, "cpu@%x", i);
	add(t, "/cpus", path);
	snprintf(path, sizeof path, "/cpus/cpu@%x", i);
	snprintf(compatible, sizeof compatible, "arm,%s",
		 strcmp(core->name, "max") ? core->name : "cortex-a57");
	prop_string(t, path, "device_type", "cpu");
	prop_string(t, path, "compatible", compatible);
	if (c->pes > 1)
		prop_string(t, path, "enable-method", "psci");
	prop_u32(t, path, "reg", i);
	new_phandle(t, path);
	add_cache(t, path, core, 0, 'd');
	add_cache(t, path, core, 1, 'i');
	prop_u32(t, path, "next-level-cache", 0); /* QEMU 11.1: no node for the unified levels */
}

static void add_cpus(struct tree *t, const struct config *c, const struct cpu_core *core)
{
	add(t, "/", "cpus");
	prop_u32(t, "/cpus", "#address-cells", 1);
	prop_u32(t, "/cpus", "#size-cells", 0);
	for (unsigned i = c->pes; i-- > 0;)
		add_cpu(t, c, core, i);
	add(t, "/cpus", "cpu-map");
	add(t, "/cpus/cpu-map", "socket0");
	add(t, "/cpus/cpu-map/socket0", "cluster0");
	for (unsigned i = c->pes; i-- > 0;) {
		char name[16], path[64];

		snprintf(name, sizeof name, "core%u", i);
		add(t, "/cpus/cpu-map/socket0/cluster0", name);
		snprintf(path, sizeof path, "/cpus/cpu-map/socket0/cluster0/core%u", i);
		prop_u32(t, path, "cpu",
			 PHANDLE_FIRST + c->pes - i); /* add_clock() took the first */
	}
}

static void add_gic(struct tree *t, const struct config *c)
{
	static const char path[] = "/intc@8000000";
	u32 phandle = t->next_phandle++;

	prop_u32(t, "/", "interrupt-parent", phandle);
	add(t, "/", path + 1);
	prop_u32(t, path, "#interrupt-cells", 3);
	prop_flag(t, path, "interrupt-controller");
	prop_u32(t, path, "#address-cells", 2);
	prop_u32(t, path, "#size-cells", 2);
	prop_flag(t, path, "ranges");
	prop_string(t, path, "compatible", "arm,gic-v3");
	prop_u32(t, path, "#redistributor-regions", 1);
	CELLS(t, path, "reg", 0, BOARD_GICD_BASE, 0, BOARD_GICD_SIZE, 0, BOARD_GICR_BASE, 0,
	      BOARD_GICR_SIZE);
	if (c->virtualization)
		CELLS(t, path, "interrupts", IRQ_PPI, BOARD_PPI_MAINT, IRQ_LEVEL_HIGH);
	prop_u32(t, path, "phandle", phandle);
}

static void add_pmu(struct tree *t, const struct cpu_core *core)
{
	if (!(core->features & FEAT(PMUv3)))
		return;
	add(t, "/", "pmu");
	prop_string(t, "/pmu", "compatible", "arm,armv8-pmuv3");
	CELLS(t, "/pmu", "interrupts", IRQ_PPI, BOARD_PPI_PMU, IRQ_LEVEL_HIGH);
}

static void add_uart(struct tree *t, unsigned i, u32 clock)
{
	static const struct {
		u64 base;
		u32 spi;
		const char *alias, *chosen;
	} uarts[] = {
		{ BOARD_UART0_BASE, BOARD_SPI_UART0, "serial0", "/chosen" },
		{ BOARD_UART1_BASE, BOARD_SPI_UART1, "serial1", "/secure-chosen" },
	};
	static const char compatible[] = "arm,pl011\0arm,primecell", clocks[] = "uartclk\0apb_pclk";
	char path[32];

	snprintf(path, sizeof path, "/pl011@%" PRIx64, uarts[i].base);
	add(t, "/", path + 1);
	prop(t, path, "compatible", compatible, sizeof compatible);
	prop_reg(t, path, uarts[i].base, BOARD_UART_SIZE);
	CELLS(t, path, "interrupts", IRQ_SPI, uarts[i].spi, IRQ_LEVEL_HIGH);
	CELLS(t, path, "clocks", clock, clock);
	prop(t, path, "clock-names", clocks, sizeof clocks);
	prop_string(t, "/aliases", uarts[i].alias, path);
	prop_string(t, uarts[i].chosen, "stdout-path", path);
	if (i == 1)
		secure_only(t, path);
}

static void add_secure_ram(struct tree *t)
{
	static const char path[] = "/secram@e000000";

	add(t, "/", path + 1);
	prop_string(t, path, "device_type", "memory");
	prop_reg(t, path, BOARD_SECRAM_BASE, BOARD_SECRAM_SIZE);
	secure_only(t, path);
}

static void add_rtc(struct tree *t, u32 clock)
{
	static const char path[] = "/pl031@9010000", compatible[] = "arm,pl031\0arm,primecell";

	add(t, "/", path + 1);
	prop(t, path, "compatible", compatible, sizeof compatible);
	prop_reg(t, path, BOARD_RTC_BASE, BOARD_RTC_SIZE);
	CELLS(t, path, "interrupts", IRQ_SPI, BOARD_SPI_RTC, IRQ_LEVEL_HIGH);
	prop_u32(t, path, "clocks", clock);
	prop_string(t, path, "clock-names", "apb_pclk");
}

static void add_virtio(struct tree *t)
{
	for (unsigned i = BOARD_VIRTIO_N; i-- > 0;) {
		u64 base = BOARD_VIRTIO_BASE + i * BOARD_VIRTIO_SIZE;
		char path[32];

		snprintf(path, sizeof path, "/virtio_mmio@%" PRIx64, base);
		add(t, "/", path + 1);
		prop_string(t, path, "compatible", "virtio,mmio");
		prop_reg(t, path, base, BOARD_VIRTIO_SIZE);
		CELLS(t, path, "interrupts", IRQ_SPI, BOARD_SPI_VIRTIO + i, IRQ_EDGE_RISING);
		prop_flag(t, path, "dma-coherent");
	}
}

static void add_all(struct tree *t, const struct config *c, const struct cpu_core *core)
{
	u32 clock;

	add_root(t, c);
	clock = add_clock(t);
	add_timer(t, c, core);
	add_cpus(t, c, core);
	add_gic(t, c);
	add_pmu(t, core);
	add_uart(t, 0, clock);
	if (c->secure) {
		add_uart(t, 1, clock);
		add_secure_ram(t);
	}
	add_rtc(t, clock);
	add_virtio(t);
}

int board_tree(void **tree, const struct config *c, const struct cpu_core *core, struct why *why)
{
	struct tree t = { .fdt = malloc(TREE_SIZE), .next_phandle = PHANDLE_FIRST };

	if (!t.fdt)
		return why_set(why, ENOMEM, "no memory on the host for the device tree");
	keep(&t, fdt_create_empty_tree(t.fdt, TREE_SIZE));
	add_all(&t, c, core);
	if (!t.err)
		keep(&t, fdt_pack(t.fdt));
	if (t.err) {
		free(t.fdt);
		return why_set(why, EINVAL, "the board's device tree cannot be written: %s",
			       fdt_strerror(t.err));
	}
	*tree = t.fdt;
	return 0;
}

int board_plan(struct boot_plan **plan, const struct config *c, const struct cpu_core *core,
	       struct why *why)
{
	const struct boot_range ranges[] = {
		{ "RAM", BOARD_RAM_BASE, c->ram_size },
		{ "Secure RAM", BOARD_SECRAM_BASE, BOARD_SECRAM_SIZE },
	};
	struct boot_request req = {
		.files = &c->boot,
		.ranges = ranges,
		.n_ranges = c->secure ? 2 : 1,
		.el2 = c->virtualization,
		.el3 = c->secure,
		.pes = c->pes,
	};
	void *tree;
	int r = board_tree(&tree, c, core, why);

	if (r < 0)
		return r;
	r = boot_plan_new(plan, &req, why);
	if (r == 0) {
		r = boot_plan_tree(*plan, tree, why);
		if (r < 0) {
			boot_plan_free(*plan);
			*plan = NULL;
		}
	}
	free(tree);
	return r;
}
