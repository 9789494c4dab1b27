/*
 * SMBIOS 3 (DSP0134): the entry point and the structures that guests look at: system, chassis,
 * processor, and memory as one array of DIMMs of up to 16 GiB. Firmware adds its own (type 0) and
 * sets the address. Called by make_firmware.c.
 */
#include "machine/acpi.h"

#include <stdio.h>
#include <string.h>

#include "machine/board.h"
#include "machine/config.h"

#define DIMM_MAX (16ull << 30)

enum {
	SYSTEM = 1,
	CHASSIS = 3,
	PROCESSOR = 4,
	MEMORY_ARRAY = 16,
	MEMORY_DEVICE = 17,
	MAPPED_ADDRESS = 19,
	BOOT_INFORMATION = 32,
	END_OF_TABLE = 127
};

struct smbios {
	struct table *t;
	unsigned strings;
	char text[128]; /* the current structure's strings, each with its NUL */
	size_t text_n;
};

static void begin(struct smbios *s, unsigned type, unsigned length, unsigned handle)
{
	s->strings = 0;
	s->text_n = 0;
	table_u8(s->t, type);
	table_u8(s->t, length);
	table_u16(s->t, handle);
}

/* A field that names a string. */
static void string(struct smbios *s, const char *text)
{
	size_t n = strlen(text) + 1;

	if (s->text_n + n > sizeof s->text)
		return;
	memcpy(s->text + s->text_n, text, n);
	s->text_n += n;
	table_u8(s->t, ++s->strings);
}

static void end(struct smbios *s)
{
	if (s->text_n)
		table_bytes(s->t, s->text, s->text_n);
	else
		table_u8(s->t, 0);
	table_u8(s->t, 0);
}

static void system_and_chassis(struct smbios *s)
{
	begin(s, SYSTEM, 27, 0x100);
	string(s, "QEMU"); /* as guests know the board */
	string(s, "QEMU Virtual Machine");
	string(s, "virt");
	table_u8(s->t, 0);
	table_zeros(s->t, 16); /* no UUID */
	table_u8(s->t, 6);     /* woken by the power switch */
	table_u16(s->t, 0);
	end(s);
	begin(s, CHASSIS, 22, 0x300);
	string(s, "QEMU");
	table_u8(s->t, 1); /* other */
	string(s, "virt");
	table_u16(s->t, 0);
	for (unsigned i = 0; i < 3; i++)
		table_u8(s->t, 3); /* safe: boot, power, heat */
	table_u8(s->t, 2);	   /* security: unknown */
	table_zeros(s->t, 9);
	end(s);
}

static void processor(struct smbios *s, const struct config *c)
{
	enum { ARMV8 = 0x101, CAPABLE_64 = 4 };
	unsigned n = c->pes < 255 ? c->pes : 255;

	begin(s, PROCESSOR, 48, 0x400);
	string(s, "CPU 0");
	table_u8(s->t, 3);    /* central processor */
	table_u8(s->t, 0xfe); /* family: see below */
	string(s, "QEMU");
	table_zeros(s->t, 8);
	string(s, "virt");
	table_u8(s->t, 0);
	table_u16(s->t, 0);
	table_u16(s->t, 1000); /* MHz: the functional model's clock */
	table_u16(s->t, 1000);
	table_u8(s->t, 0x41);	     /* populated, enabled */
	table_u8(s->t, 1);	     /* socket: other */
	table_u32(s->t, 0xffffffff); /* no cache handles */
	table_u16(s->t, 0xffff);
	table_zeros(s->t, 3);
	table_u8(s->t, n);
	table_u8(s->t, n);
	table_u8(s->t, n);
	table_u16(s->t, CAPABLE_64);
	table_u16(s->t, ARMV8);
	for (unsigned i = 0; i < 3; i++)
		table_u16(s->t, c->pes);
	end(s);
}

static void dimm(struct smbios *s, unsigned i, u64 size)
{
	u64 mib = size >> 20;
	char name[16];

	snprintf(name, sizeof name, "DIMM %u", i);
	begin(s, MEMORY_DEVICE, 40, 0x1100 + i);
	table_u16(s->t, 0x1000);
	table_u16(s->t, 0xfffe); /* no error information */
	table_u32(s->t, 0xffffffff);
	table_u16(s->t, mib < 0x7fff ? (unsigned)mib : 0x7fff);
	table_u8(s->t, 9); /* a DIMM */
	table_u8(s->t, 0);
	string(s, name);
	table_u8(s->t, 0);
	table_u8(s->t, 7); /* RAM */
	table_u16(s->t, 2);
	table_u16(s->t, 0);
	string(s, "QEMU");
	table_zeros(s->t, 4);
	table_u32(s->t, mib < 0x7fff ? 0 : (u32)mib);
	table_zeros(s->t, 8);
	end(s);
}

static void memory(struct smbios *s, u64 size)
{
	unsigned dimms = (unsigned)((size + DIMM_MAX - 1) / DIMM_MAX);

	begin(s, MEMORY_ARRAY, 23, 0x1000);
	table_u8(s->t, 1);	     /* other */
	table_u8(s->t, 3);	     /* system memory */
	table_u8(s->t, 6);	     /* multi-bit ECC */
	table_u32(s->t, 0x80000000); /* the size stands at the end */
	table_u16(s->t, 0xfffe);
	table_u16(s->t, dimms);
	table_u64(s->t, size);
	end(s);
	for (unsigned i = 0; i < dimms; i++)
		dimm(s, i, i + 1 < dimms ? DIMM_MAX : size - i * DIMM_MAX);
	begin(s, MAPPED_ADDRESS, 31, 0x1300);
	table_u32(s->t, 0xffffffff); /* in bytes, below */
	table_u32(s->t, 0xffffffff);
	table_u16(s->t, 0x1000);
	table_u8(s->t, 1);
	table_u64(s->t, BOARD_RAM_BASE);
	table_u64(s->t, BOARD_RAM_BASE + size - 1);
	end(s);
}

static void anchor_of(struct table *t, const struct table *structures)
{
	u8 sum = 0;

	table_bytes(t, "_SM3_", 5);
	table_u8(t, 0);
	table_u8(t, 24);
	table_u8(t, 3); /* version 3.0, revision of the document 1 */
	table_u8(t, 0);
	table_u8(t, 1);
	table_u8(t, 1); /* of the entry point */
	table_u8(t, 0);
	table_u32(t, (u32)structures->n);
	table_u64(t, 0);
	for (size_t i = 0; i < t->n && !t->failed; i++)
		sum += t->data[i];
	table_patch(t, 5, (u8)-sum, 1);
}

bool smbios_make(const struct config *c, struct table *anchor, struct table *structures)
{
	struct smbios s = { .t = structures };

	system_and_chassis(&s);
	processor(&s, c);
	memory(&s, c->ram_size);
	begin(&s, BOOT_INFORMATION, 11, 0x2000);
	table_zeros(s.t, 7);
	end(&s);
	begin(&s, END_OF_TABLE, 4, 0x7f00);
	end(&s);
	anchor_of(anchor, structures);
	return !anchor->failed && !structures->failed;
}
