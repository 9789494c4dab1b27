/* The PCI Express host bridge's node, as QEMU's virt writes it. Called by dtb.c. */
#include "machine/board.h"
#include "machine/tree.h"

#include <libfdt.h>

enum { SLOTS = 4, PINS = 4, ENTRY = 10 };
enum { SPACE_IO = 0x01000000, SPACE_MEM32 = 0x02000000, SPACE_MEM64 = 0x03000000 };

/* Slot and pin to SPI: the pins turn by the slot number. The GIC has two address cells. */
static void interrupt_map(struct tree *t, const char *path)
{
	fdt32_t cells[SLOTS * PINS * ENTRY];
	fdt32_t *c = cells;

	for (u32 slot = 0; slot < SLOTS; slot++)
		for (u32 pin = 0; pin < PINS; pin++) {
			const u32 entry[ENTRY] = { slot << 11,	0, 0, pin + 1, t->gic, 0, 0, IRQ_SPI,
						   BOARD_SPI_PCIE + (slot + pin) % PINS, IRQ_LEVEL_HIGH };

			for (unsigned i = 0; i < ENTRY; i++)
				*c++ = cpu_to_fdt32(entry[i]);
		}
	tree_prop(t, path, "interrupt-map", cells, sizeof cells);
	TREE_CELLS(t, path, "interrupt-map-mask", (SLOTS - 1) << 11, 0, 0, 7);
}

static void windows(struct tree *t, const char *path, bool high)
{
	const u32 cells[] = {
		SPACE_IO, 0, 0, 0, BOARD_PCIE_PIO_BASE, 0, BOARD_PCIE_PIO_SIZE,
		SPACE_MEM32, 0, BOARD_PCIE_MMIO_BASE, 0, BOARD_PCIE_MMIO_BASE, 0, BOARD_PCIE_MMIO_SIZE,
		SPACE_MEM64, (u32)(BOARD_PCIE_MMIO_HIGH >> 32), (u32)BOARD_PCIE_MMIO_HIGH,
		(u32)(BOARD_PCIE_MMIO_HIGH >> 32), (u32)BOARD_PCIE_MMIO_HIGH,
		(u32)(BOARD_PCIE_MMIO_HIGH_SIZE >> 32), (u32)BOARD_PCIE_MMIO_HIGH_SIZE,
	};

	tree_cells(t, path, "ranges", cells, high ? 21 : 14);
}

void tree_pci(struct tree *t, const struct config *c)
{
	static const char path[] = "/pcie@10000000";
	u64 ecam_size = c->highmem ? BOARD_PCIE_ECAM_HIGH_SIZE : BOARD_PCIE_ECAM_LOW_SIZE;

	tree_add(t, "/", path + 1);
	tree_string(t, path, "compatible", "pci-host-ecam-generic");
	tree_string(t, path, "device_type", "pci");
	tree_u32(t, path, "#address-cells", 3);
	tree_u32(t, path, "#size-cells", 2);
	tree_u32(t, path, "linux,pci-domain", 0);
	TREE_CELLS(t, path, "bus-range", 0, (u32)(ecam_size >> 20) - 1);
	tree_flag(t, path, "dma-coherent");
	if (t->msi)
		TREE_CELLS(t, path, "msi-map", 0, t->msi, 0, 0x10000);
	tree_reg(t, path, c->highmem ? BOARD_PCIE_ECAM_HIGH : BOARD_PCIE_ECAM_LOW, ecam_size);
	windows(t, path, c->highmem);
	tree_u32(t, path, "#interrupt-cells", 1);
	interrupt_map(t, path);
}
