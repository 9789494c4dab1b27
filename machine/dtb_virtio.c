/* The nodes of the virtio-mmio slots, as QEMU's virt writes them. Called by dtb.c. */
#include "machine/board.h"
#include "machine/tree.h"

void tree_virtio(struct tree *t, const struct config *c)
{
	for (unsigned i = BOARD_VIRTIO_N; i-- > 0;) {
		u64 base = BOARD_VIRTIO_BASE + i * BOARD_VIRTIO_SIZE;
		char path[32];

		snprintf(path, sizeof path, "/virtio_mmio@%" PRIx64, base);
		tree_add(t, "/", path + 1);
		tree_string(t, path, "compatible", "virtio,mmio");
		tree_reg(t, path, base, BOARD_VIRTIO_SIZE);
		TREE_CELLS(t, path, "interrupts", IRQ_SPI, BOARD_SPI_VIRTIO + i, IRQ_EDGE_RISING);
		tree_flag(t, path, "dma-coherent");
	}
}
