/* The interrupt controller's nodes, as QEMU's virt writes them. Called by dtb.c. */
#include "machine/board.h"
#include "machine/tree.h"

void tree_gic(struct tree *t, const struct config *c)
{
	static const char path[] = "/intc@8000000";
	u32 phandle = t->next_phandle++;

	tree_u32(t, "/", "interrupt-parent", phandle);
	tree_add(t, "/", path + 1);
	tree_u32(t, path, "#interrupt-cells", 3);
	tree_flag(t, path, "interrupt-controller");
	tree_u32(t, path, "#address-cells", 2);
	tree_u32(t, path, "#size-cells", 2);
	tree_flag(t, path, "ranges");
	tree_string(t, path, "compatible", "arm,gic-v3");
	tree_u32(t, path, "#redistributor-regions", 1);
	TREE_CELLS(t, path, "reg", 0, BOARD_GICD_BASE, 0, BOARD_GICD_SIZE, 0, BOARD_GICR_BASE, 0,
	      BOARD_GICR_SIZE);
	if (c->virtualization)
		TREE_CELLS(t, path, "interrupts", IRQ_PPI, BOARD_PPI_MAINT, IRQ_LEVEL_HIGH);
	tree_u32(t, path, "phandle", phandle);
}
