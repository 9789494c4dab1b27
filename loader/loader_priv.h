/* What the files of loader/ share: bytes of a file, recognised images, and the pieces of a plan. */
#ifndef LOADER_LOADER_PRIV_H
#define LOADER_LOADER_PRIV_H

#include "loader/loader.h"

struct bytes {
	u8 *data; /* malloc'd */
	size_t size;
};
void bytes_free(struct bytes *b);

/* Reads a whole regular file of 1..limit bytes. `what` is the option for messages ("-kernel"). */
int file_read(struct bytes *out, const char *what, const char *path, u64 limit, struct why *why);
/* Expands a gzip stream to at most limit bytes; trailing bytes are ignored. */
int gunzip(struct bytes *out, const u8 *in, size_t n, u64 limit, const char *what, const char *path,
	   struct why *why);

enum image_format { IMAGE_RAW, IMAGE_LINUX, IMAGE_ELF };

/* A recognised kernel. Formats that wrap another (gzip, EFI zboot) were unwrapped in place. */
struct image {
	enum image_format format;
	struct bytes bytes;
	u64 text_offset; /* IMAGE_LINUX and IMAGE_RAW: offset from a 2 MiB boundary */
	u64 mem_size;	 /* >= bytes.size: with what the kernel clears itself */
};
/* Takes over *in (freed or moved into *out, also on failure). limit: largest size in memory. */
int image_recognise(struct image *out, struct bytes *in, const char *what, const char *path,
		    u64 limit, struct why *why);

/* A piece of memory contents. `bytes` points into storage that the plan owns. */
struct piece {
	char *name; /* for messages: option and file */
	u64 addr;
	const u8 *bytes;
	u64 size;     /* of bytes */
	u64 mem_size; /* the rest up to mem_size is zeroed (zero_tail) or reserved */
	bool zero_tail;
};

#define PLAN_MAX_PIECES 256

struct boot_plan {
	struct boot_request req; /* .ranges points to ranges[] */
	struct boot_range ranges[BOOT_MAX_RANGES];
	struct boot_info info;
	struct piece pieces[PLAN_MAX_PIECES];
	size_t n_pieces;
	struct bytes storage[2 * BOOT_MAX_LOADERS + 4];
	size_t n_storage;
	u64 image_low, image_high; /* of the kernel */
	u64 initrd_addr, initrd_size;
	u64 module_size[BOOT_MAX_LOADERS];
	struct bytes tree;
	struct bytes fw_kernel, fw_initrd; /* for firmware */
};

/* Adds a piece after checking that it lies in one range and touches no other. */
int plan_add(struct boot_plan *p, const struct piece *piece, struct why *why);
/* The plan owns b from here on; returns the bytes. At most one for each file of the request. */
const u8 *plan_keep(struct boot_plan *p, struct bytes b);

/* Adds the PT_LOAD segments of a little-endian AArch64 ELF file; *entry is physical. */
int elf_add(struct boot_plan *p, const struct bytes *file, const char *what, const char *path,
	    u64 *entry, u64 *low, u64 *high, struct why *why);
bool elf_is(const struct bytes *file);

#endif
