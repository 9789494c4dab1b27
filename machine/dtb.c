/*
 * The device tree of the virt board: names, values and order as QEMU's virt writes them, so that
 * guests (and diffs of dumpdtb output) see the same board. Only nodes of devices that exist here.
 * libfdt puts every new node and property first in its parent, as QEMU does, so what is written
 * last stands first. psci, memory and the boot parts of /chosen: loader/tree.c.
 */
#include "machine/tree.h"

#include "base/bits.h"
#include "cpu/features.h"
#include "machine/board.h"

#include <errno.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#define TREE_SIZE 65536

#define PHANDLE_FIRST 0x8000 /* QEMU's numbering */

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
	tree_prop(t, path, "kaslr-seed", &seeds[0], 8);
	tree_prop(t, path, "rng-seed", &seeds[1], 32);
}

static void add_root(struct tree *t, const struct config *c)
{
	u64 random = c->seed;

	tree_string(t, "/", "compatible", "linux,dummy-virt");
	tree_u32(t, "/", "#address-cells", 2);
	tree_u32(t, "/", "#size-cells", 2);
	tree_string(t, "/", "model", "linux,dummy-virt");
	tree_flag(t, "/", "dma-coherent");
	tree_add(t, "/", "chosen");
	add_seeds(t, c, "/chosen", &random);
	if (c->secure) {
		tree_add(t, "/", "secure-chosen");
		add_seeds(t, c, "/secure-chosen", &random);
	}
	tree_add(t, "/", "aliases");
}

static u32 add_clock(struct tree *t)
{
	tree_add(t, "/", "apb-pclk");
	tree_string(t, "/apb-pclk", "compatible", "fixed-clock");
	tree_u32(t, "/apb-pclk", "#clock-cells", 0);
	tree_u32(t, "/apb-pclk", "clock-frequency", BOARD_APB_CLOCK_HZ);
	tree_string(t, "/apb-pclk", "clock-output-names", "clk24mhz");
	return tree_phandle(t, "/apb-pclk");
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
		cells[3 * i + 2] = tree_ppi_flags(c);
	}
	tree_add(t, "/", "timer");
	tree_prop(t, "/timer", "compatible", compatible, sizeof compatible);
	tree_flag(t, "/timer", "always-on");
	tree_cells(t, "/timer", "interrupts", cells, 3 * n);
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
	tree_u32(t, path, name, line);
	snprintf(name, sizeof name, "%c-cache-size", side);
	tree_u32(t, path, name, line * ways * sets);
	snprintf(name, sizeof name, "%c-cache-sets", side);
	tree_u32(t, path, name, sets);
}

static void add_cpu(struct tree *t, const struct config *c, const struct cpu_core *core, unsigned i)
{
	char path[32], compatible[64];

	snprintf(path, sizeof path, "cpu@%u", i);
	tree_add(t, "/cpus", path);
	snprintf(path, sizeof path, "/cpus/cpu@%u", i);
	snprintf(compatible, sizeof compatible, "arm,%s",
		 strcmp(core->name, "max") ? core->name : "cortex-a57");
	tree_string(t, path, "device_type", "cpu");
	tree_string(t, path, "compatible", compatible);
	if (c->pes > 1)
		tree_string(t, path, "enable-method", "psci");
	tree_u32(t, path, "reg", BOARD_AFFINITY(i));
	tree_phandle(t, path);
	add_cache(t, path, core, 0, 'd');
	add_cache(t, path, core, 1, 'i');
	tree_u32(t, path, "next-level-cache", 0); /* QEMU 11.1: no node for the unified levels */
}

static void add_cpus(struct tree *t, const struct config *c, const struct cpu_core *core)
{
	tree_add(t, "/", "cpus");
	tree_u32(t, "/cpus", "#address-cells", 1);
	tree_u32(t, "/cpus", "#size-cells", 0);
	for (unsigned i = c->pes; i-- > 0;)
		add_cpu(t, c, core, i);
	tree_add(t, "/cpus", "cpu-map");
	tree_add(t, "/cpus/cpu-map", "socket0");
	tree_add(t, "/cpus/cpu-map/socket0", "cluster0");
	for (unsigned i = c->pes; i-- > 0;) {
		char name[16], path[64];

		snprintf(name, sizeof name, "core%u", i);
		tree_add(t, "/cpus/cpu-map/socket0/cluster0", name);
		snprintf(path, sizeof path, "/cpus/cpu-map/socket0/cluster0/core%u", i);
		tree_u32(t, path, "cpu",
			 PHANDLE_FIRST + c->pes - i); /* add_clock() took the first */
	}
}

static void add_pmu(struct tree *t, const struct config *c, const struct cpu_core *core)
{
	if (!(core->features & FEAT(PMUv3)))
		return;
	tree_add(t, "/", "pmu");
	tree_string(t, "/pmu", "compatible", "arm,armv8-pmuv3");
	TREE_CELLS(t, "/pmu", "interrupts", IRQ_PPI, BOARD_PPI_PMU, tree_ppi_flags(c));
}

static void add_all(struct tree *t, const struct config *c, const struct cpu_core *core)
{
	add_root(t, c);
	t->clock = add_clock(t);
	add_timer(t, c, core);
	add_cpus(t, c, core);
	tree_flash(t, c);
	tree_gic(t, c);
	add_pmu(t, c, core);
	tree_devices(t, c);
	tree_pci(t, c);
	tree_gpio(t, c);
	tree_virtio(t, c);
	tree_fw_cfg(t);
}

int board_tree(void **tree, const struct config *c, const struct cpu_core *core, struct why *why)
{
	struct tree t = { .fdt = malloc(TREE_SIZE), .next_phandle = PHANDLE_FIRST };

	if (!t.fdt)
		return why_set(why, ENOMEM, "no memory on the host for the device tree");
	tree_keep(&t, fdt_create_empty_tree(t.fdt, TREE_SIZE));
	add_all(&t, c, core);
	if (!t.err)
		tree_keep(&t, fdt_pack(t.fdt));
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
		.firmware = config_firmware(c),
		.firmware_entry = BOARD_FLASH_BASE,
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
