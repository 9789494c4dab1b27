/* Between the files of devices/pci. */
#ifndef DEVICES_PCI_PCI_PRIV_H
#define DEVICES_PCI_PCI_PRIV_H

#include "devices/pci/pci.h"

/* The type 1 header (PCI-to-PCI Bridge Architecture 1.2, 3.2). */
enum {
	PCI_PRIMARY = 0x18,
	PCI_SECONDARY = 0x19,
	PCI_SUBORDINATE = 0x1a,
	PCI_IO_BASE = 0x1c,
	PCI_IO_LIMIT = 0x1d,
	PCI_SEC_STATUS = 0x1e,
	PCI_MEM_BASE = 0x20,
	PCI_MEM_LIMIT = 0x22,
	PCI_PREF_BASE = 0x24,
	PCI_PREF_LIMIT = 0x26,
	PCI_PREF_BASE_HIGH = 0x28,
	PCI_PREF_LIMIT_HIGH = 0x2c,
	PCI_BRIDGE_CONTROL = 0x3e,
};
enum { PCI_BRIDGE_RESET = 0x40 };

/* Device/port types of the Express capability. */
enum { PCI_EXP_ENDPOINT = 0, PCI_EXP_ROOT_PORT = 4, PCI_EXP_TO_PCI = 7 };

/* Which of the root's interrupt lines a function's pin is joined to: 0 to 3. */
unsigned pci_intx_line(const struct pci_function *f);

/* Power-on state of registers, pin and vectors, and the function's own reset. */
void pci_function_reset(struct pci_function *f);
/* The same for everything behind a bridge. */
void pci_bus_reset(struct pci_bus *bus);

#endif
