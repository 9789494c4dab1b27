/*
 * Recognises a kernel file by its bytes: arm64 Image (Documentation/arch/arm64/booting.rst of
 * Linux; Xen uses the same header), Image in gzip, EFI zboot Image (gzip payload), ELF; anything
 * else is raw. Used by plan.c.
 */
#include "loader/loader_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Offsets in the 64-byte arm64 Image header; all fields little-endian. */
enum { IMG_TEXT_OFFSET = 8, IMG_SIZE = 16, IMG_MAGIC = 56, IMG_PE_OFFSET = 60, IMG_HEADER = 64 };
/* Offsets in the zboot header. */
enum { ZB_MAGIC = 4, ZB_OFFSET = 8, ZB_SIZE = 12, ZB_COMPRESSION = 24, ZB_HEADER = 56 };

#define RAW_TEXT_OFFSET 0x80000u /* what Image files without a size field always meant */

static u64 le(const u8 *p, unsigned n)
{
	u64 v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

static bool is_gzip(const struct bytes *b)
{
	return b->size >= 2 && b->data[0] == 0x1f && b->data[1] == 0x8b &&
	       (b->size == 2 || b->data[2] == 8);
}

static bool is_zboot(const struct bytes *b)
{
	return b->size >= ZB_HEADER && !memcmp(b->data, "MZ", 2) &&
	       !memcmp(b->data + ZB_MAGIC, "zimg", 4);
}

static bool is_linux(const struct bytes *b)
{
	return b->size >= IMG_HEADER && !memcmp(b->data + IMG_MAGIC, "ARM\x64", 4);
}

/*
 * The Image header does not tell the file's length, but the PE header that EFI-bootable kernels
 * carry does, section by section. Returns the least length that the file must have; 0 when there is
 * no PE header.
 */
static u64 pe_length(const struct bytes *b)
{
	u64 pe, table, need = 0;
	unsigned n, i;

	if (memcmp(b->data, "MZ", 2))
		return 0;
	pe = le(b->data + IMG_PE_OFFSET, 4);
	if (pe + 24 > b->size || memcmp(b->data + pe, "PE\0\0", 4))
		return 0;
	n = (unsigned)le(b->data + pe + 6, 2);
	table = pe + 24 + le(b->data + pe + 20, 2);
	if (table + 40ull * n > b->size)
		return table + 40ull * n;
	for (i = 0; i < n; i++) {
		const u8 *s = b->data + table + 40ull * i;
		u64 end = le(s + 16, 4) + le(s + 20, 4); /* SizeOfRawData + PointerToRawData */

		if (end > need)
			need = end;
	}
	return need;
}

static int unwrap_zboot(struct bytes *b, const char *what, const char *path, u64 limit,
			struct why *why)
{
	u64 offset = le(b->data + ZB_OFFSET, 4), size = le(b->data + ZB_SIZE, 4);
	char compression[33] = { 0 };
	struct bytes out;
	int r;

	memcpy(compression, b->data + ZB_COMPRESSION, 32);
	if (strcmp(compression, "gzip"))
		return why_set(
			why, ENOTSUP,
			"%s %s: an EFI zboot Image with %.32s payload; only gzip is supported",
			what, path, compression[0] ? compression : "unnamed");
	if (offset + size > b->size)
		return why_set(why, EINVAL,
			       "%s %s: the EFI zboot payload ends at byte %" PRIu64
			       ", the file at %zu (truncated file?)",
			       what, path, offset + size, b->size);
	r = gunzip(&out, b->data + offset, size, limit, what, path, why);
	if (r < 0)
		return r;
	bytes_free(b);
	*b = out;
	return 0;
}

static int unwrap(struct bytes *b, const char *what, const char *path, u64 limit, struct why *why)
{
	struct bytes out;
	int r;

	if (is_zboot(b))
		return unwrap_zboot(b, what, path, limit, why);
	if (!is_gzip(b))
		return 0;
	r = gunzip(&out, b->data, b->size, limit, what, path, why);
	if (r < 0)
		return r;
	bytes_free(b);
	*b = out;
	if (!is_linux(b))
		return why_set(why, EINVAL,
			       "%s %s: expected an arm64 Image inside the gzip file, found none",
			       what, path);
	return 0;
}

static int take_linux(struct image *out, const char *what, const char *path, struct why *why)
{
	const struct bytes *b = &out->bytes;
	u64 size = le(b->data + IMG_SIZE, 8), need = pe_length(b);

	if (need > b->size)
		return why_set(why, EINVAL,
			       "%s %s: the kernel's headers ask for %" PRIu64
			       " bytes, the file has %zu (truncated file?)",
			       what, path, need, b->size);
	out->format = IMAGE_LINUX;
	if (size) { /* text_offset is valid only with a size */
		out->text_offset = le(b->data + IMG_TEXT_OFFSET, 8);
		out->mem_size = size > b->size ? size : b->size;
	}
	return 0;
}

int image_recognise(struct image *out, struct bytes *in, const char *what, const char *path,
		    u64 limit, struct why *why)
{
	int r = unwrap(in, what, path, limit, why);

	if (r == 0 && in->size < IMG_HEADER && in->size >= 2 && !memcmp(in->data, "MZ", 2))
		r = why_set(why, EINVAL,
			    "%s %s: expected a kernel's header of %d bytes, the file has %zu "
			    "(truncated file?)",
			    what, path, IMG_HEADER, in->size);
	if (r < 0) {
		bytes_free(in);
		return r;
	}
	*out = (struct image){
		.format = elf_is(in) ? IMAGE_ELF : IMAGE_RAW,
		.bytes = *in,
		.text_offset = RAW_TEXT_OFFSET,
		.mem_size = in->size,
	};
	*in = (struct bytes){ 0 };
	if (is_linux(&out->bytes))
		r = take_linux(out, what, path, why);
	if (r < 0)
		bytes_free(&out->bytes);
	return r;
}
