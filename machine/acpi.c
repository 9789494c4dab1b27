/*
 * The ACPI tables of the board (ACPI 6.3 chapter 5, IORT: DEN0049, SPCR and DBG2: Microsoft's),
 * with what QEMU's virt says in them: hardware-reduced, PSCI, GICv2 or GICv3 with its ITS or
 * GICv2m, timers, ECAM, the first serial port, and the topology of one cluster. Pointers are
 * offsets into the file "etc/acpi/tables"; firmware makes addresses of them by the commands of
 * "etc/table-loader" (QEMU's docs/specs/acpi_hw_reduced... and bios-linker-loader).
 */
#include "machine/acpi.h"

#include <string.h>

#include "base/bits.h"
#include "cpu/features.h"
#include "machine/board.h"
#include "machine/config.h"

static const char tables_file[] = "etc/acpi/tables", rsdp_file[] = "etc/acpi/rsdp";

enum { HEADER = 36, CHECKSUM = 9, LENGTH = 4 };

struct acpi {
	const struct config *c;
	const struct cpu_core *core;
	const char *psci;
	struct table *t, *loader;
	size_t start; /* of the table being written */
	struct {
		size_t at;
	} listed[16]; /* for the XSDT */
	size_t n_listed;
};

/* ---- the loader's commands, 128 bytes each ---- */

enum { CMD_ALLOCATE = 1, CMD_ADD_POINTER = 2, CMD_ADD_CHECKSUM = 3, CMD_SIZE = 128, CMD_NAME = 56 };
enum { ZONE_HIGH = 1, ZONE_FSEG = 2 };

static void put_name(struct table *t, const char *name)
{
	table_bytes(t, name, strlen(name));
	table_zeros(t, CMD_NAME - strlen(name));
}

static size_t command(struct table *t, u32 what, const char *file)
{
	size_t at = t->n;

	table_u32(t, what);
	put_name(t, file);
	return at;
}

static void command_end(struct table *t, size_t at)
{
	table_zeros(t, CMD_SIZE - (t->n - at));
}

static void allocate(struct table *t, const char *file, u32 align, unsigned zone)
{
	size_t at = command(t, CMD_ALLOCATE, file);

	table_u32(t, align);
	table_u8(t, zone);
	command_end(t, at);
}

/* The 32- or 64-bit offset at `where` of file becomes an address in the tables. */
static void add_pointer(struct table *t, const char *file, size_t where, unsigned size)
{
	size_t at = command(t, CMD_ADD_POINTER, file);

	put_name(t, tables_file);
	table_u32(t, (u32)where);
	table_u8(t, size);
	command_end(t, at);
}

static void add_checksum(struct table *t, const char *file, size_t where, size_t start, size_t n)
{
	size_t at = command(t, CMD_ADD_CHECKSUM, file);

	table_u32(t, (u32)where);
	table_u32(t, (u32)start);
	table_u32(t, (u32)n);
	command_end(t, at);
}

/* ---- one table ---- */

static void begin(struct acpi *a, const char *signature, unsigned revision)
{
	a->start = a->t->n;
	table_bytes(a->t, signature, 4);
	table_u32(a->t, 0);
	table_u8(a->t, revision);
	table_u8(a->t, 0);
	table_bytes(a->t, "TRAPLN", 6);
	table_bytes(a->t, "VIRT    ", 8);
	table_u32(a->t, 1);
	table_bytes(a->t, "TRAP", 4);
	table_u32(a->t, 1);
}

/* Length and checksum; pointers are added before, as the checksum covers them. */
static void end(struct acpi *a, bool list)
{
	size_t n = a->t->n - a->start;

	table_patch(a->t, a->start + LENGTH, n, 4);
	add_checksum(a->loader, tables_file, a->start + CHECKSUM, a->start, n);
	if (list)
		a->listed[a->n_listed++].at = a->start;
}

static size_t here(const struct acpi *a)
{
	return a->t->n - a->start;
}

/* Generic address: 32-bit accesses to memory. */
static void address(struct table *t, u64 base)
{
	table_u8(t, 0);
	table_u8(t, 32);
	table_u8(t, 0);
	table_u8(t, 3);
	table_u64(t, base);
}

/* ---- the tables ---- */

static void fadt(struct acpi *a, size_t dsdt)
{
	enum { HW_REDUCED = 1 << 20, PSCI = 1, PSCI_HVC = 2 };
	unsigned boot = !a->psci ? 0 : PSCI | (a->psci[0] == 'h' ? PSCI_HVC : 0);

	begin(a, "FACP", 6);
	table_zeros(a->t, 112 - here(a));
	table_u32(a->t, HW_REDUCED);
	table_zeros(a->t, 129 - here(a));
	table_u16(a->t, boot);
	table_u8(a->t, 3); /* minor version */
	table_zeros(a->t, 140 - here(a));
	table_u64(a->t, dsdt);
	add_pointer(a->loader, tables_file, a->start + 140, 8);
	table_zeros(a->t, 268 - here(a));
	table_bytes(a->t, "QEMU\0\0\0\0", 8); /* hypervisor vendor, as guests know the board */
	end(a, true);
}

static void madt_pe(struct acpi *a, unsigned i)
{
	bool v2 = config_gic_version(a->c) == 2, el2 = a->c->virtualization;

	table_u16(a->t, 80 << 8 | 0x0b);
	table_u16(a->t, 0);
	table_u32(a->t, i);
	table_u32(a->t, i);
	table_u32(a->t, 1); /* enabled */
	table_u32(a->t, 0);
	table_u32(a->t, a->core->features & FEAT(PMUv3) ? BOARD_PPI(BOARD_PPI_PMU) : 0);
	table_u64(a->t, 0);
	table_u64(a->t, v2 ? BOARD_GICC_BASE : 0);
	table_u64(a->t, v2 && el2 ? BOARD_GICV_BASE : 0);
	table_u64(a->t, v2 && el2 ? BOARD_GICH_BASE : 0);
	table_u32(a->t, el2 ? BOARD_PPI(BOARD_PPI_MAINT) : 0);
	table_u64(a->t, 0); /* redistributors: one window for all */
	table_u64(a->t, (u64)(i / BOARD_PES_PER_AFF1) << 8 | i % BOARD_PES_PER_AFF1);
	table_u32(a->t, 0);
}

static void madt(struct acpi *a)
{
	bool v2 = config_gic_version(a->c) == 2;

	begin(a, "APIC", 4);
	table_u64(a->t, 0);
	table_u16(a->t, 24 << 8 | 0x0c); /* distributor */
	table_u16(a->t, 0);
	table_u32(a->t, 0);
	table_u64(a->t, BOARD_GICD_BASE);
	table_u32(a->t, 0);
	table_u32(a->t, config_gic_version(a->c));
	for (unsigned i = 0; i < a->c->pes; i++)
		madt_pe(a, i);
	if (!v2) {
		table_u16(a->t, 16 << 8 | 0x0e); /* redistributors */
		table_u16(a->t, 0);
		table_u64(a->t, BOARD_GICR_BASE);
		table_u32(a->t, BOARD_GICR_SIZE);
	}
	if (config_msi(a->c) == MSI_ITS) {
		table_u16(a->t, 20 << 8 | 0x0f);
		table_u16(a->t, 0);
		table_u32(a->t, 0);
		table_u64(a->t, BOARD_ITS_BASE);
		table_u32(a->t, 0);
	} else if (config_msi(a->c) == MSI_V2M) {
		table_u16(a->t, 24 << 8 | 0x0d);
		table_u16(a->t, 0);
		table_u32(a->t, 0);
		table_u64(a->t, BOARD_V2M_BASE);
		table_u32(a->t, 1); /* count and base stand here */
		table_u16(a->t, BOARD_V2M_SPIS);
		table_u16(a->t, BOARD_SPI(BOARD_SPI_V2M));
	}
	end(a, true);
}

/* Processor hierarchy: a package, the cluster in it, the PEs in that. */
static size_t pptt_node(struct acpi *a, u32 flags, size_t parent, u32 id)
{
	size_t at = here(a);

	table_u16(a->t, 20 << 8);
	table_u16(a->t, 0);
	table_u32(a->t, flags);
	table_u32(a->t, (u32)parent);
	table_u32(a->t, id);
	table_u32(a->t, 0);
	return at;
}

static void pptt(struct acpi *a)
{
	enum { PACKAGE = 1, ID_VALID = 2, LEAF = 8, IDENTICAL = 16 };
	size_t socket, cluster;

	begin(a, "PPTT", 2);
	socket = pptt_node(a, PACKAGE | IDENTICAL, 0, 0);
	cluster = pptt_node(a, IDENTICAL, socket, 0);
	for (unsigned i = 0; i < a->c->pes; i++)
		pptt_node(a, ID_VALID | LEAF, cluster, i);
	end(a, true);
}

static void gtdt(struct acpi *a)
{
	enum { ALWAYS_ON = 4 };
	bool hv = a->c->virtualization && a->core->features & FEAT(VHE);

	begin(a, "GTDT", 3);
	table_u64(a->t, ~0ull); /* no memory-mapped counter */
	table_u32(a->t, 0);
	table_u32(a->t, BOARD_PPI(BOARD_PPI_S_TIMER));
	table_u32(a->t, 0);
	table_u32(a->t, BOARD_PPI(BOARD_PPI_P_TIMER));
	table_u32(a->t, ALWAYS_ON);
	table_u32(a->t, BOARD_PPI(BOARD_PPI_V_TIMER));
	table_u32(a->t, 0);
	table_u32(a->t, BOARD_PPI(BOARD_PPI_HP_TIMER));
	table_u32(a->t, 0);
	table_u64(a->t, ~0ull);
	table_u64(a->t, 0); /* no platform timers */
	table_u32(a->t, hv ? BOARD_PPI(BOARD_PPI_HV_TIMER) : 0);
	table_u32(a->t, 0);
	end(a, true);
}

static void mcfg(struct acpi *a)
{
	u64 size = a->c->highmem ? BOARD_PCIE_ECAM_HIGH_SIZE : BOARD_PCIE_ECAM_LOW_SIZE;

	begin(a, "MCFG", 1);
	table_u64(a->t, 0);
	table_u64(a->t, a->c->highmem ? BOARD_PCIE_ECAM_HIGH : BOARD_PCIE_ECAM_LOW);
	table_u16(a->t, 0);
	table_u8(a->t, 0);
	table_u8(a->t, (unsigned)(size >> 20) - 1); /* buses of 1 MiB */
	table_u32(a->t, 0);
	end(a, true);
}

static void spcr(struct acpi *a)
{
	begin(a, "SPCR", 2);
	table_u32(a->t, 3); /* PL011 */
	address(a->t, BOARD_UART0_BASE);
	table_u16(a->t, 8); /* a GIC interrupt */
	table_u32(a->t, BOARD_SPI(BOARD_SPI_UART0));
	table_u8(a->t, 3); /* 9600 baud */
	table_u8(a->t, 0);
	table_u8(a->t, 1); /* stop bit */
	table_u8(a->t, 2); /* RTS, CTS */
	table_u16(a->t, 0);
	table_u32(a->t, 0xffffffff); /* no PCI device */
	table_zeros(a->t, 12);
	end(a, true);
}

static void dbg2(struct acpi *a)
{
	static const char name[] = "COM0";
	enum { INFO = 22 + 12 + 4 }; /* before the name */

	begin(a, "DBG2", 0);
	table_u32(a->t, HEADER + 8);
	table_u32(a->t, 1);
	table_u8(a->t, 0);
	table_u16(a->t, INFO + sizeof name);
	table_u8(a->t, 1);
	table_u16(a->t, sizeof name);
	table_u16(a->t, INFO);
	table_u32(a->t, 0);
	table_u16(a->t, 0x8000); /* serial */
	table_u16(a->t, 3);	 /* PL011 */
	table_u16(a->t, 0);
	table_u16(a->t, 22);
	table_u16(a->t, 22 + 12);
	address(a->t, BOARD_UART0_BASE);
	table_u32(a->t, BOARD_UART_SIZE);
	table_bytes(a->t, name, sizeof name);
	end(a, true);
}

static void iort_head(struct acpi *a, unsigned type, unsigned n, unsigned revision, u32 id,
		      u32 maps)
{
	table_u8(a->t, type);
	table_u16(a->t, n);
	table_u8(a->t, revision);
	table_u32(a->t, id);
	table_u32(a->t, maps);
	table_u32(a->t, maps ? 36 : 0);
}

static void iort(struct acpi *a)
{
	bool its = config_msi(a->c) == MSI_ITS;
	size_t group = 0;

	begin(a, "IORT", 5);
	table_u32(a->t, 1 + its);
	table_u32(a->t, HEADER + 12);
	table_u32(a->t, 0);
	if (its) {
		group = here(a);
		iort_head(a, 0, 24, 1, 0, 0);
		table_u32(a->t, 1);
		table_u32(a->t, 0);
	}
	iort_head(a, 2, its ? 56 : 36, 3, its, its);
	table_u32(a->t, 1); /* coherent */
	table_u32(a->t, 3u << 24);
	table_u32(a->t, 0);  /* no ATS */
	table_u32(a->t, 0);  /* segment */
	table_u32(a->t, 64); /* bits of an address */
	if (its) {
		table_u32(a->t, 0);
		table_u32(a->t, 0xffff);
		table_u32(a->t, 0);
		table_u32(a->t, (u32)group);
		table_u32(a->t, 0);
	}
	end(a, true);
}

static size_t dsdt(struct acpi *a)
{
	begin(a, "DSDT", 2);
	acpi_dsdt(a->c, a->t);
	end(a, false);
	return a->start;
}

static size_t xsdt(struct acpi *a)
{
	begin(a, "XSDT", 1);
	for (size_t i = 0; i < a->n_listed; i++) {
		add_pointer(a->loader, tables_file, a->t->n, 8);
		table_u64(a->t, a->listed[i].at);
	}
	end(a, false);
	return a->start;
}

static void rsdp(struct table *t, struct table *loader, size_t xsdt_at)
{
	enum { OLD = 20, SIZE = 36 };

	table_bytes(t, "RSD PTR \0TRAPLN", 15);
	table_u8(t, 2);
	table_u32(t, 0);
	table_u32(t, SIZE);
	table_u64(t, xsdt_at);
	table_u32(t, 0);
	add_pointer(loader, rsdp_file, 24, 8);
	add_checksum(loader, rsdp_file, 8, 0, OLD);
	add_checksum(loader, rsdp_file, 32, 0, SIZE);
}

bool acpi_make(const struct config *c, const struct cpu_core *core, const char *psci,
	       struct table *tables, struct table *root, struct table *loader)
{
	struct acpi a = { .c = c, .core = core, .psci = psci, .t = tables, .loader = loader };

	allocate(loader, rsdp_file, 16, ZONE_FSEG);
	allocate(loader, tables_file, 64, ZONE_HIGH);
	fadt(&a, dsdt(&a));
	madt(&a);
	pptt(&a);
	gtdt(&a);
	mcfg(&a);
	spcr(&a);
	dbg2(&a);
	iort(&a);
	rsdp(root, loader, xsdt(&a));
	return !tables->failed && !root->failed && !loader->failed;
}
