/* Making the virtio-mmio slots. Called by make.c. */
#include "machine/machine_priv.h"

#include <errno.h>

#include "devices/virtio_mmio.h"

int make_virtio(struct machine *m, struct why *why)
{
	for (unsigned i = 0; i < BOARD_VIRTIO_N; i++)
		if (bus_add_device(m->bus, BOARD_VIRTIO_BASE + i * BOARD_VIRTIO_SIZE, &virtio_mmio_empty_ops, NULL, false))
			return why_set(why, EINVAL, "board: virtio slot %u overlaps something", i);
	return 0;
}

void free_virtio(struct machine *m)
{
}
