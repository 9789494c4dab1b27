/* ACPI and SMBIOS tables as firmware finds them in fw_cfg. Called by make_firmware.c. */
#ifndef MACHINE_ACPI_H
#define MACHINE_ACPI_H

#include "machine/aml.h"

struct config;
struct cpu_core;

/*
 * The three files: all tables, the root pointer, and the commands by which firmware places them and
 * fills pointers and checksums in. psci: the conduit, or NULL. False: no memory.
 */
bool acpi_make(const struct config *c, const struct cpu_core *core, const char *psci,
	       struct table *tables, struct table *rsdp, struct table *loader);
/* acpi_dsdt.c: the AML of the board. */
void acpi_dsdt(const struct config *c, struct table *t);
/* smbios.c: SMBIOS 3 entry point and structures. */
bool smbios_make(const struct config *c, struct table *anchor, struct table *structures);

#endif
