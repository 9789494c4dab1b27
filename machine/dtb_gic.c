/* The interrupt controller's nodes, as QEMU's virt writes them. Called by dtb.c. */
#include "base/bits.h"
#include "machine/board.h"
#include "machine/tree.h"

#include <stdio.h>
#include <string.h>

#define GIC_PATH "/intc@8000000"
#define ITS	 "arm,gic-v3-its"

/* What receives MSIs, a child of the interrupt controller. */
static void msi_controller(struct tree *t, const char *name, const char *compatible, u64 base,
			   u64 size)
{
	char path[48];

	tree_add(t, GIC_PATH, name);
	snprintf(path, sizeof path, GIC_PATH "/%s", name);
	tree_string(t, path, "compatible", compatible);
	tree_flag(t, path, "msi-controller");
	if (!strcmp(compatible, ITS))
		tree_u32(t, path, "#msi-cells", 1);
	tree_reg(t, path, base, size);
	t->msi = tree_phandle(t, path);
}

/* GICv2's binding has the PEs in bits 15:8. */
u32 tree_ppi_flags(const struct config *c)
{
	return config_gic_version(c) == 2 ? IRQ_LEVEL_HIGH | ((1u << c->pes) - 1) << 8
					  : IRQ_LEVEL_HIGH;
}

static void gicv2(struct tree *t, const struct config *c)
{
	const u64 base[] = { BOARD_GICD_BASE, BOARD_GICC_BASE, BOARD_GICH_BASE, BOARD_GICV_BASE };
	size_t n = c->virtualization ? 4 : 2;
	u32 reg[4 * ARRAY_SIZE(base)] = { 0 };

	for (size_t i = 0; i < n; i++) {
		reg[4 * i + 1] = (u32)base[i];
		reg[4 * i + 3] = BOARD_GICV2_SIZE;
	}
	tree_string(t, GIC_PATH, "compatible", "arm,cortex-a15-gic");
	tree_cells(t, GIC_PATH, "reg", reg, 4 * n);
}

static void gicv3(struct tree *t)
{
	tree_string(t, GIC_PATH, "compatible", "arm,gic-v3");
	tree_u32(t, GIC_PATH, "#redistributor-regions", 1);
	TREE_CELLS(t, GIC_PATH, "reg", 0, BOARD_GICD_BASE, 0, BOARD_GICD_SIZE, 0, BOARD_GICR_BASE, 0,
		   BOARD_GICR_SIZE);
}

void tree_gic(struct tree *t, const struct config *c)
{
	static const char path[] = GIC_PATH;
	u32 phandle = t->gic = t->next_phandle++;

	tree_u32(t, "/", "interrupt-parent", phandle);
	tree_add(t, "/", path + 1);
	tree_u32(t, path, "#interrupt-cells", 3);
	tree_flag(t, path, "interrupt-controller");
	tree_u32(t, path, "#address-cells", 2);
	tree_u32(t, path, "#size-cells", 2);
	tree_flag(t, path, "ranges");
	if (config_gic_version(c) == 2)
		gicv2(t, c);
	else
		gicv3(t);
	if (c->virtualization)
		TREE_CELLS(t, path, "interrupts", IRQ_PPI, BOARD_PPI_MAINT, IRQ_LEVEL_HIGH); /* QEMU: no PEs here */
	tree_u32(t, path, "phandle", phandle);
	if (config_msi(c) == MSI_ITS)
		msi_controller(t, "its@8080000", ITS, BOARD_ITS_BASE, BOARD_ITS_SIZE);
	if (config_msi(c) == MSI_V2M)
		msi_controller(t, "v2m@8020000", "arm,gic-v2m-frame", BOARD_V2M_BASE, BOARD_V2M_SIZE);
}
