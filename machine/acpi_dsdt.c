/*
 * The board in AML, as QEMU's virt describes it: PEs, serial port, fw_cfg, virtio-mmio slots, PCI
 * host with its interrupt links, and the power button behind the event device. Called by acpi.c.
 */
#include "machine/acpi.h"

#include <stdio.h>

#include "machine/board.h"
#include "machine/config.h"

enum { PINS = 4, SLOTS = 32 };

static void pes(const struct config *c, struct table *t)
{
	for (unsigned i = 0; i < c->pes; i++) {
		char name[8];
		size_t at;

		snprintf(name, sizeof name, "C%03X", i & 0xfff);
		at = aml_device(t, name);
		aml_name_string(t, "_HID", "ACPI0007");
		aml_name_int(t, "_UID", i);
		aml_close(t, at);
	}
}

static void uart(struct table *t, const char *name, unsigned i, u64 base, unsigned spi)
{
	size_t at = aml_device(t, name), r;

	aml_name_string(t, "_HID", "ARMH0011");
	aml_name_int(t, "_UID", i);
	aml_name(t, "_CRS");
	r = aml_resources(t);
	aml_memory32(t, (u32)base, BOARD_UART_SIZE);
	aml_interrupt(t, BOARD_SPI(spi), false);
	aml_resources_end(t, r);
	aml_close(t, at);
}

static void fw_cfg(struct table *t)
{
	size_t at = aml_device(t, "FWCF"), r;

	aml_name_string(t, "_HID", "QEMU0002");
	aml_name_int(t, "_STA", 0x0b); /* present, decoding, working, not shown to the user */
	aml_name_int(t, "_CCA", 1);
	aml_name(t, "_CRS");
	r = aml_resources(t);
	aml_memory32(t, BOARD_FW_CFG_BASE, BOARD_FW_CFG_SIZE);
	aml_resources_end(t, r);
	aml_close(t, at);
}

static void virtio(struct table *t)
{
	for (unsigned i = 0; i < BOARD_VIRTIO_N; i++) {
		char name[8];
		size_t at, r;

		snprintf(name, sizeof name, "VR%02u", i % 100);
		at = aml_device(t, name);
		aml_name_string(t, "_HID", "LNRO0005");
		aml_name_int(t, "_UID", i);
		aml_name_int(t, "_CCA", 1);
		aml_name(t, "_CRS");
		r = aml_resources(t);
		aml_memory32(t, (u32)(BOARD_VIRTIO_BASE + i * BOARD_VIRTIO_SIZE),
			     BOARD_VIRTIO_SIZE);
		aml_interrupt(t, BOARD_SPI(BOARD_SPI_VIRTIO) + i, false);
		aml_resources_end(t, r);
		aml_close(t, at);
	}
}

/* ---- PCI ---- */

static void link_name(char name[8], unsigned i)
{
	snprintf(name, 8, "L%03X", i & 0xfff);
}

static void link_resources(struct table *t, const char *name, unsigned i)
{
	size_t r;

	aml_name(t, name);
	r = aml_resources(t);
	aml_interrupt(t, BOARD_SPI(BOARD_SPI_PCIE) + i, false);
	aml_resources_end(t, r);
}

static void links(struct table *t)
{
	for (unsigned i = 0; i < PINS; i++) {
		char name[8];
		size_t at;

		link_name(name, i);
		at = aml_device(t, name);
		aml_name_string(t, "_HID", "PNP0C0F");
		aml_name_int(t, "_UID", i);
		link_resources(t, "_PRS", i);
		link_resources(t, "_CRS", i);
		aml_close(t, aml_method(t, "_SRS", 1, false)); /* nothing to choose */
		aml_close(t, at);
	}
}

static void routes(struct table *t)
{
	size_t all, one;

	aml_name(t, "_PRT");
	all = aml_package(t, SLOTS * PINS);
	for (unsigned i = 0; i < SLOTS * PINS; i++) {
		unsigned slot = i / PINS, pin = i % PINS;
		char name[8];

		link_name(name, (slot + pin) % PINS);
		one = aml_package(t, 4);
		aml_int(t, slot << 16 | 0xffff);
		aml_int(t, pin);
		aml_path(t, name);
		aml_int(t, 0);
		aml_close(t, one);
	}
	aml_close(t, all);
}

static void windows(const struct config *c, struct table *t)
{
	u64 ecam = c->highmem ? BOARD_PCIE_ECAM_HIGH_SIZE : BOARD_PCIE_ECAM_LOW_SIZE;
	size_t r;

	aml_name(t, "_CRS");
	r = aml_resources(t);
	aml_window(t, 2, 2, 0, ecam >> 20, 0);
	aml_window(t, 4, 0, BOARD_PCIE_MMIO_BASE, BOARD_PCIE_MMIO_SIZE, 0);
	aml_window(t, 4, 1, 0, BOARD_PCIE_PIO_SIZE, BOARD_PCIE_PIO_BASE);
	if (c->highmem)
		aml_window(t, 8, 0, BOARD_PCIE_MMIO_HIGH, BOARD_PCIE_MMIO_HIGH_SIZE, 0);
	aml_resources_end(t, r);
}

static void or_status(struct table *t, unsigned bits)
{
	aml_op(t, AML_OR);
	aml_path(t, "CDW1");
	aml_int(t, bits);
	aml_path(t, "CDW1");
}

static void dword_of_arg3(struct table *t, unsigned at, const char *name)
{
	aml_op(t, AML_CREATE_DWORD_FIELD);
	aml_op(t, AML_ARG3);
	aml_int(t, at);
	aml_path(t, name);
}

/* The OS may control what it asks for among hot-plug, PME, AER and the capability structure (PCI
 * FW 3.2, 4.5). */
static void osc(struct table *t)
{
	enum { CONTROL = 0x1f, BAD_UUID = 4, BAD_REVISION = 8, MASKED = 16 };
	size_t method = aml_method(t, "_OSC", 4, false), yes, test;

	dword_of_arg3(t, 0, "CDW1");
	yes = aml_block(t, AML_IF);
	aml_op(t, AML_EQUAL);
	aml_op(t, AML_ARG0);
	aml_uuid(t, "33db4d5b-1ff7-401c-9657-7441c03dd766");
	dword_of_arg3(t, 8, "CDW3");
	aml_op(t, AML_AND);
	aml_path(t, "CDW3");
	aml_int(t, CONTROL);
	aml_op(t, AML_LOCAL0);
	test = aml_block(t, AML_IF);
	aml_op(t, AML_NOT);
	aml_op(t, AML_EQUAL);
	aml_op(t, AML_ARG1);
	aml_int(t, 1);
	or_status(t, BAD_REVISION);
	aml_close(t, test);
	test = aml_block(t, AML_IF);
	aml_op(t, AML_NOT);
	aml_op(t, AML_EQUAL);
	aml_path(t, "CDW3");
	aml_op(t, AML_LOCAL0);
	or_status(t, MASKED);
	aml_close(t, test);
	aml_op(t, AML_STORE);
	aml_op(t, AML_LOCAL0);
	aml_path(t, "CDW3");
	aml_close(t, yes);
	yes = aml_block(t, AML_ELSE);
	or_status(t, BAD_UUID);
	aml_close(t, yes);
	aml_op(t, AML_RETURN);
	aml_op(t, AML_ARG3);
	aml_close(t, method);
}

/* No function is offered. */
static void dsm(struct table *t)
{
	size_t method = aml_method(t, "_DSM", 4, false);

	aml_op(t, AML_RETURN);
	aml_byte_buffer(t, 0);
	aml_close(t, method);
}

/* What the OS must keep away from: the configuration space. */
static void reserved(const struct config *c, struct table *t)
{
	size_t at = aml_device(t, "RES0"), r;

	aml_name_string(t, "_HID", "PNP0C02");
	aml_name(t, "_CRS");
	r = aml_resources(t);
	if (c->highmem)
		aml_window(t, 8, 0, BOARD_PCIE_ECAM_HIGH, BOARD_PCIE_ECAM_HIGH_SIZE, 0);
	else
		aml_window(t, 8, 0, BOARD_PCIE_ECAM_LOW, BOARD_PCIE_ECAM_LOW_SIZE, 0);
	aml_resources_end(t, r);
	aml_close(t, at);
}

static void pci(const struct config *c, struct table *t)
{
	size_t at, method;

	links(t);
	at = aml_device(t, "PCI0");
	aml_name_string(t, "_HID", "PNP0A08");
	aml_name_string(t, "_CID", "PNP0A03");
	aml_name_int(t, "_SEG", 0);
	aml_name_int(t, "_BBN", 0);
	aml_name_int(t, "_UID", 0);
	aml_name_int(t, "_CCA", 1);
	routes(t);
	method = aml_method(t, "_CBA", 0, false);
	aml_op(t, AML_RETURN);
	aml_int(t, c->highmem ? BOARD_PCIE_ECAM_HIGH : BOARD_PCIE_ECAM_LOW);
	aml_close(t, method);
	windows(c, t);
	osc(t);
	dsm(t);
	reserved(c, t);
	aml_close(t, at);
}

/* ---- the power button ---- */

static void event_method(struct table *t)
{
	enum { POWER = 2, PRESSED = 0x80 };
	size_t method = aml_method(t, "_EVT", 1, true), test;

	aml_op(t, AML_STORE);
	aml_path(t, "ESEL");
	aml_op(t, AML_LOCAL0);
	test = aml_block(t, AML_IF);
	aml_op(t, AML_AND);
	aml_op(t, AML_LOCAL0);
	aml_int(t, POWER);
	aml_int(t, 0); /* result to nowhere */
	aml_op(t, AML_NOTIFY);
	aml_path(t, "PWRB");
	aml_int(t, PRESSED);
	aml_close(t, test);
	aml_close(t, method);
}

static void power_button(struct table *t)
{
	size_t at = aml_device(t, "GED_"), r;

	aml_name_string(t, "_HID", "ACPI0013");
	aml_name_string(t, "_UID", "GED");
	aml_name(t, "_CRS");
	r = aml_resources(t);
	aml_interrupt(t, BOARD_SPI(BOARD_SPI_GED), true);
	aml_resources_end(t, r);
	aml_register(t, "EREG", BOARD_GED_BASE, "ESEL");
	event_method(t);
	aml_close(t, at);
	at = aml_device(t, "PWRB");
	aml_name_string(t, "_HID", "PNP0C0C");
	aml_name_int(t, "_UID", 0);
	aml_close(t, at);
}

void acpi_dsdt(const struct config *c, struct table *t)
{
	size_t scope = aml_scope(t, "\\_SB_");

	pes(c, t);
	uart(t, "COM0", 0, BOARD_UART0_BASE, BOARD_SPI_UART0);
	if (!c->secure && c->serial[1].kind != SERIAL_NONE)
		uart(t, "COM1", 1, BOARD_UART1_BASE, BOARD_SPI_UART1);
	fw_cfg(t);
	virtio(t);
	pci(c, t);
	power_button(t);
	aml_close(t, scope);
}
