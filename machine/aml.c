/* See aml.h. Opcodes and descriptors: ACPI 6.3, 20.2 and 6.4. Called by acpi*.c and smbios.c. */
#include "machine/aml.h"

#include <stdlib.h>
#include <string.h>

void table_free(struct table *t)
{
	free(t->data);
	*t = (struct table){ 0 };
}

/* Room for n bytes at `at`; what stands there moves up. NULL: no memory. */
static u8 *insert(struct table *t, size_t at, size_t n)
{
	if (t->n + n > t->room && !t->failed) {
		size_t room = 2 * (t->n + n);
		u8 *data = realloc(t->data, room);

		t->failed = !data;
		if (data) {
			t->data = data;
			t->room = room;
		}
	}
	if (t->failed)
		return NULL;
	memmove(t->data + at + n, t->data + at, t->n - at);
	t->n += n;
	return t->data + at;
}

void table_bytes(struct table *t, const void *p, size_t n)
{
	u8 *to = insert(t, t->n, n);

	if (to)
		memcpy(to, p, n);
}

void table_zeros(struct table *t, size_t n)
{
	u8 *to = insert(t, t->n, n);

	if (to)
		memset(to, 0, n);
}

static void put(struct table *t, u64 v, unsigned n)
{
	u8 b[8];

	for (unsigned i = 0; i < n; i++)
		b[i] = (u8)(v >> 8 * i);
	table_bytes(t, b, n);
}

void table_u8(struct table *t, unsigned v)
{
	put(t, v, 1);
}
void table_u16(struct table *t, unsigned v)
{
	put(t, v, 2);
}
void table_u32(struct table *t, u32 v)
{
	put(t, v, 4);
}
void table_u64(struct table *t, u64 v)
{
	put(t, v, 8);
}

void table_patch(struct table *t, size_t at, u64 v, unsigned n)
{
	for (unsigned i = 0; i < n && !t->failed; i++)
		t->data[at + i] = (u8)(v >> 8 * i);
}

/* ---- data ---- */

void aml_int(struct table *t, u64 v)
{
	static const struct {
		u64 max;
		u8 prefix, bytes;
	} forms[] = {
		{ 0xff, 0x0a, 1 }, { 0xffff, 0x0b, 2 }, { 0xffffffff, 0x0c, 4 }, { ~0ull, 0x0e, 8 }
	};
	unsigned i = 0;

	if (v <= 1) {
		table_u8(t, (unsigned)v); /* Zero, One */
		return;
	}
	while (v > forms[i].max)
		i++;
	table_u8(t, forms[i].prefix);
	put(t, v, forms[i].bytes);
}

void aml_string(struct table *t, const char *s)
{
	table_u8(t, 0x0d);
	table_bytes(t, s, strlen(s) + 1);
}

static size_t buffer(struct table *t)
{
	table_u8(t, 0x11);
	return t->n;
}

void aml_byte_buffer(struct table *t, unsigned v)
{
	size_t at = buffer(t);

	aml_int(t, 1);
	table_u8(t, v);
	aml_close(t, at);
}

/* The first three groups are little-endian numbers. */
void aml_uuid(struct table *t, const char *s)
{
	static const u8 place[16] = { 6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34 };
	size_t at = buffer(t);

	aml_int(t, sizeof place);
	for (size_t i = 0; i < sizeof place; i++) {
		char digits[3] = { s[place[i]], s[place[i] + 1], 0 };

		table_u8(t, (unsigned)strtoul(digits, NULL, 16));
	}
	aml_close(t, at);
}

void aml_path(struct table *t, const char *path)
{
	size_t segments;

	if (*path == '\\') {
		table_u8(t, '\\');
		path++;
	}
	segments = strlen(path) / 4;
	if (segments == 2)
		table_u8(t, 0x2e);
	table_bytes(t, path, segments * 4);
}

void aml_op(struct table *t, unsigned op)
{
	table_u8(t, op);
}

void aml_name(struct table *t, const char *seg)
{
	table_u8(t, 0x08);
	aml_path(t, seg);
}

void aml_name_int(struct table *t, const char *seg, u64 v)
{
	aml_name(t, seg);
	aml_int(t, v);
}

void aml_name_string(struct table *t, const char *seg, const char *s)
{
	aml_name(t, seg);
	aml_string(t, s);
}

/* ---- objects with a length ---- */

/* PkgLength counts itself: one byte up to 63, else a byte with the low 4 bits and one to three
 * more. */
void aml_close(struct table *t, size_t at)
{
	u32 n = (u32)(t->n - at);
	unsigned bytes = n + 1 < 64 ? 1 : n + 2 < 1u << 12 ? 2 : n + 3 < 1u << 20 ? 3 : 4;
	u8 *to = insert(t, at, bytes);

	n += bytes;
	if (!to)
		return;
	to[0] = bytes == 1 ? (u8)n : (u8)((bytes - 1) << 6 | (n & 15));
	for (unsigned i = 1; i < bytes; i++)
		to[i] = (u8)(n >> (8 * i - 4));
}

size_t aml_scope(struct table *t, const char *path)
{
	size_t at;

	table_u8(t, 0x10);
	at = t->n;
	aml_path(t, path);
	return at;
}

size_t aml_device(struct table *t, const char *seg)
{
	size_t at;

	table_u16(t, 0x825b);
	at = t->n;
	aml_path(t, seg);
	return at;
}

size_t aml_method(struct table *t, const char *seg, unsigned args, bool serialized)
{
	size_t at;

	table_u8(t, 0x14);
	at = t->n;
	aml_path(t, seg);
	table_u8(t, args | (unsigned)serialized << 3);
	return at;
}

size_t aml_package(struct table *t, unsigned elements)
{
	size_t at;

	table_u8(t, 0x12);
	at = t->n;
	table_u8(t, elements);
	return at;
}

size_t aml_block(struct table *t, unsigned op)
{
	table_u8(t, op);
	return t->n;
}

/* ---- resources ---- */

size_t aml_resources(struct table *t)
{
	size_t at = buffer(t);

	table_u8(t, 0x0b); /* the buffer's size, in two bytes */
	table_u16(t, 0);
	return at;
}

void aml_resources_end(struct table *t, size_t at)
{
	table_u16(t, 0x0079); /* end tag, no checksum */
	table_patch(t, at + 1, t->n - at - 3, 2);
	aml_close(t, at);
}

void aml_memory32(struct table *t, u32 base, u32 size)
{
	table_u8(t, 0x86);
	table_u16(t, 9);
	table_u8(t, 1); /* it can be written */
	table_u32(t, base);
	table_u32(t, size);
}

void aml_interrupt(struct table *t, u32 intid, bool edge)
{
	table_u8(t, 0x89);
	table_u16(t, 6);
	table_u8(t, 1u | (unsigned)edge << 1); /* consumer, active high, not shared */
	table_u8(t, 1);
	table_u32(t, intid);
}

void aml_window(struct table *t, unsigned bytes, unsigned kind, u64 base, u64 size, u64 translation)
{
	static const u8 specific[] = { 0x01, 0x03, 0x00 }; /* writable; the whole I/O range */

	table_u8(t, bytes == 2 ? 0x88 : bytes == 4 ? 0x87 : 0x8a);
	table_u16(t, 3 + 5 * bytes);
	table_u8(t, kind);
	table_u8(t, 0x0c); /* producer; minimum and maximum are fixed */
	table_u8(t, specific[kind]);
	put(t, 0, bytes); /* granularity */
	put(t, base, bytes);
	put(t, base + size - 1, bytes);
	put(t, translation, bytes);
	put(t, size, bytes);
}

void aml_register(struct table *t, const char *region, u64 base, const char *field)
{
	size_t at;

	table_u16(t, 0x805b);
	aml_path(t, region);
	table_u8(t, 0); /* SystemMemory */
	aml_int(t, base);
	aml_int(t, 4);
	table_u16(t, 0x815b);
	at = t->n;
	aml_path(t, region);
	table_u8(t, 0x43); /* 32-bit accesses, no lock, the rest is written as zeros */
	aml_path(t, field);
	table_u8(t, 32);
	aml_close(t, at);
}
