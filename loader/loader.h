/*
 * What the user asks to have in memory when the PEs start, and where it goes.
 *
 * A boot plan reads and recognises the files (Linux Image, gzip'd Image, EFI zboot Image, AArch64
 * ELF, raw), places them as QEMU's virt board does, refuses what does not fit or overlaps,
 * completes the device tree, and hands every byte to a callback. It knows ranges of RAM, never a
 * bus; it does not decide what the board is made of. Called by machine/.
 *
 * Use: boot_plan_new() -> boot_plan_tree() -> boot_plan_put() -> boot_plan_info() ->
 * boot_plan_free(). All failures are a negative errno and one line in *why.
 */
#ifndef LOADER_LOADER_H
#define LOADER_LOADER_H

#include "base/types.h"
#include "base/why.h"

#define BOOT_MAX_LOADERS 32
#define BOOT_MAX_PES	 64
#define BOOT_MAX_RANGES	 4

/*
 * -device loader: a file (ELF where it is one, else raw), or up to 8 bytes of data, and a PE's
 * start address.
 */
struct boot_loader {
	char *file;
	u64 addr;
	u64 data;
	u8 data_len; /* 0: no data */
	bool data_be;
	bool has_addr;
	bool force_raw;
	int pe; /* whose PC is set to the address or ELF entry; -1: none */
};

/* -device guest-loader: a module for a hypervisor, announced in /chosen. */
struct boot_module {
	char *file;
	u64 addr;
	bool is_initrd; /* else a kernel */
	char *bootargs; /* NULL: none */
};

/* Strings are owned; boot_files_free() frees them. */
struct boot_files {
	char *kernel, *initrd, *append, *dtb;
	struct boot_loader loaders[BOOT_MAX_LOADERS];
	size_t n_loaders;
	struct boot_module modules[BOOT_MAX_LOADERS];
	size_t n_modules;
	/* instead of a kernel file: an image in memory (borrowed) */
	const void *builtin;
	size_t builtin_size;
};
void boot_files_free(struct boot_files *f);

/* Memory that may be loaded into. The first range is the main RAM; BOOT_MAX_RANGES count. */
struct boot_range {
	const char *name;
	u64 base, size;
};

struct boot_request {
	const struct boot_files *files;
	const struct boot_range *ranges;
	size_t n_ranges;
	bool el2, el3; /* exception levels above EL1 that the board has */
	/*
	 * PEs start in firmware at firmware_entry: kernel and initrd are kept for it instead of being
	 * placed, and the tree stands at the start of RAM.
	 */
	bool firmware;
	u64 firmware_entry;
	unsigned pes;
};

/* How PEs start. */
struct boot_info {
	u64 entry;
	u64 x0; /* DTB address, 0 when there is none; x1-x3 are 0 */
	u64 dtb_addr, dtb_size;
	bool is_linux; /* Image or raw: the arm64 boot protocol */
	u8 start_el;   /* 3, 2 or 1; below EL3 the PE is Non-secure when EL3 exists */
	/*
	 * "smc" or "hvc": the board serves PSCI there and secondary PEs wait for CPU_ON. NULL: no
	 * PSCI, because bare-metal code starts at the level that would serve it; then all PEs start
	 * at the entry, as on QEMU's board.
	 */
	const char *psci;
	bool pe_has_pc[BOOT_MAX_PES]; /* -device loader,cpu-num= */
	u64 pe_pc[BOOT_MAX_PES];
};

struct boot_plan;

/* Reads all files and places everything but the device tree. */
int boot_plan_new(struct boot_plan **plan, const struct boot_request *req, struct why *why);
void boot_plan_free(struct boot_plan *p);
const struct boot_info *boot_plan_info(const struct boot_plan *p);
/*
 * Completes the board's tree (or the one of -dtb, which then takes its place) with psci, memory,
 * bootargs, initrd and modules, and places it. board_tree is a valid flattened tree and is copied.
 */
int boot_plan_tree(struct boot_plan *p, const void *board_tree, struct why *why);
/* The completed tree (valid until boot_plan_free). */
const void *boot_plan_dtb(const struct boot_plan *p, size_t *size);
/* With firmware: the kernel's and the initrd's bytes (valid until boot_plan_free), NULL when there are none. */
const void *boot_plan_kernel(const struct boot_plan *p, size_t *size);
const void *boot_plan_initrd(const struct boot_plan *p, size_t *size);
/* Hands out every piece: data == NULL means n zero bytes. put returns 0 or a negative errno. */
int boot_plan_put(const struct boot_plan *p,
		  int (*put)(void *ctx, u64 addr, const void *data, size_t n), void *ctx,
		  struct why *why);

#endif
