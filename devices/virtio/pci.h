/*
 * A virtio device as a PCI function (Virtio 1.2, 4.1): the modern interface alone, with MSI-X and INTx.
 */
#ifndef DEVICES_VIRTIO_PCI_H
#define DEVICES_VIRTIO_PCI_H

#include "devices/pci/pci.h"
#include "devices/virtio/virtio.h"

/*
 * vectors: MSI-X vectors, 0 for none. express: it stands behind a port and gets an Express capability. Borrows d.
 * NULL: no memory.
 */
struct pci_function *virtio_pci_new(struct virtio_device *d, unsigned vectors, bool express, struct log *log);

#endif
