/*
 * Little-endian tables and AML (ACPI 6.3, chapter 20) being written: bytes that grow, and objects
 * whose length stands in front of them. The first failure (no memory) sticks.
 */
#ifndef MACHINE_AML_H
#define MACHINE_AML_H

#include "base/types.h"

struct table {
	u8 *data;
	size_t n, room;
	bool failed;
};
void table_free(struct table *t);

void table_bytes(struct table *t, const void *p, size_t n);
void table_u8(struct table *t, unsigned v);
void table_u16(struct table *t, unsigned v);
void table_u32(struct table *t, u32 v);
void table_u64(struct table *t, u64 v);
void table_zeros(struct table *t, size_t n);
/* Overwrites n bytes at `at` by v. */
void table_patch(struct table *t, size_t at, u64 v, unsigned n);

/* Data objects. */
void aml_int(struct table *t, u64 v);
void aml_string(struct table *t, const char *s);
/* "33db4d5b-1ff7-401c-9657-7441c03dd766", as the buffer that ToUUID makes of it */
void aml_uuid(struct table *t, const char *s);
/* A buffer of one byte. */
void aml_byte_buffer(struct table *t, unsigned v);
/* A path of four-letter segments: "_SB_", "\\_SB_", "\\_SB_PCI0" */
void aml_path(struct table *t, const char *path);
/* Single opcodes: AML_LOCAL0 ... */
void aml_op(struct table *t, unsigned op);
enum {
	AML_ONES = 0xff,
	AML_LOCAL0 = 0x60,
	AML_ARG0 = 0x68,
	AML_ARG1 = 0x69,
	AML_ARG2 = 0x6a,
	AML_ARG3 = 0x6b,
	AML_STORE = 0x70,
	AML_AND = 0x7b,
	AML_OR = 0x7d,
	AML_NOTIFY = 0x86,
	AML_CREATE_DWORD_FIELD = 0x8a,
	AML_NOT = 0x92, /* logical */
	AML_EQUAL = 0x93,
	AML_ELSE = 0xa1,
	AML_IF = 0xa0,
	AML_RETURN = 0xa4,
};

/* Name (seg, object): the object follows. */
void aml_name(struct table *t, const char *seg);
void aml_name_int(struct table *t, const char *seg, u64 v);
void aml_name_string(struct table *t, const char *seg, const char *s);

/* Objects with a length: what aml_close() gets is returned. */
size_t aml_scope(struct table *t, const char *path);
size_t aml_device(struct table *t, const char *seg);
size_t aml_method(struct table *t, const char *seg, unsigned args, bool serialized);
size_t aml_package(struct table *t, unsigned elements);
size_t aml_block(struct table *t, unsigned op); /* AML_IF: the condition follows; AML_ELSE */
void aml_close(struct table *t, size_t at);

/* ResourceTemplate (), for a Name; resources follow, then aml_resources_end(). */
size_t aml_resources(struct table *t);
void aml_resources_end(struct table *t, size_t at);
void aml_memory32(struct table *t, u32 base, u32 size);
void aml_interrupt(struct table *t, u32 intid, bool edge);
/* A window that a bridge passes on: kind 0 memory, 1 I/O, 2 bus numbers; in 2, 4 or 8 bytes. */
void aml_window(struct table *t, unsigned bytes, unsigned kind, u64 base, u64 size,
		u64 translation);

/* OperationRegion (seg, SystemMemory, base, 4) and a 32-bit field in it. */
void aml_register(struct table *t, const char *region, u64 base, const char *field);

#endif
